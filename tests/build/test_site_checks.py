"""`make check` finds each kind of fault in a built site, all at once, and none in a good one."""

import re

import pytest
from PIL import Image

from slidingwindows import SlidingWindowsError, site_checks
from slidingwindows.site_checks import check_site

PAGE = """<!doctype html>
<html lang="en"><head><title>T</title></head><body>
<h1 id="top">T</h1><a href="../#place">home</a> <a href="#top">up</a>
<a href="https://example.org/x#y">far</a> <a href="mailto:a@b.c">post</a>
<a href="#call=nn.MaxPool2d(2)&amp;input=1">a state</a>
<img src="../figures/a.png" alt="A square">
{body}
</body></html>
"""
HOME = """<!doctype html>
<html lang="en"><head><title>H</title><link rel="canonical" href="http://host/x/"></head><body>
<h1 id="place">H</h1><a href="lesson/">one</a> <a href="http://host/x/lesson/#top">two</a>
</body></html>
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "lesson").mkdir()
    Image.new("L", (2, 2)).save(tmp_path / "figures" / "a.png")
    (tmp_path / "index.html").write_text(HOME)
    write(tmp_path)
    return tmp_path


def write(folder, body=""):
    (folder / "lesson" / "index.html").write_text(PAGE.format(body=body))


def faults(folder) -> list[str]:
    with pytest.raises(SlidingWindowsError) as caught:
        check_site(folder, "http://host/x/")
    first, *rest = str(caught.value).splitlines()
    plural = "" if len(rest) == 1 else "s"
    assert first == f"the site has {len(rest)} fault{plural}:"
    return rest


def test_a_good_site_passes(folder):
    check_site(folder, "http://host/x/")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<p>x</span></p>", "line 7: unexpected end tag (span)"),
        ('<a href="#top" id="q" id="r">x</a>', "line 7: duplicate attribute"),
        ("<p>&zebra;</p>", "line 7: expected named entity"),
        ('<p id="top"></p>', "the id 'top' is there 2 times"),
        ('<label for="nobody">x</label>', "for names 'nobody', which is not there"),
        ('<b aria-labelledby="top nobody">x</b>', "aria-labelledby names 'nobody', which is not"),
        ('<img src="../figures/a.png">', "the picture ../figures/a.png has no words (alt)"),
        ('<img src="../figures/a.png" alt=" ">', "the picture ../figures/a.png has no words (alt)"),
        ('<a href="../gone/">x</a>', "../gone/ leads nowhere"),
        ('<a href="../index.html#gone">x</a>', "../index.html#gone leads to no place on its page"),
        ('<a href="#gone">x</a>', "#gone leads to no place on its page"),
        ('<script src="/gone.js"></script>', "/gone.js leads nowhere"),
        ('<a href="http://host/x/gone/">x</a>', "/gone/ leads nowhere"),
        ('<a href="http://example.org/">x</a>', "http://example.org/ is not encrypted"),
    ],
)
def test_each_fault_is_named_with_its_page(folder, body, fault):
    write(folder, body)
    found = faults(folder)
    assert len(found) == 1 and found[0].startswith("lesson/index.html: "), found
    assert fault in found[0]


def test_a_figure_that_no_page_shows(folder):
    (folder / "figures" / "lost.gif").write_bytes(b"GIF89a")
    assert faults(folder) == ["figures/lost.gif: no page shows it"]
    for name in ("lost.dark.strip.png", "lost.frames.zip"):  # for slides, linked by a gallery alone
        (folder / "figures" / name).write_bytes(b"x")
    assert faults(folder) == ["figures/lost.gif: no page shows it"]


def test_weights(folder, monkeypatch):
    budgets = (("lesson/index.html", 0.1, True), ("figures/*.png", 0.05, False))
    monkeypatch.setattr(site_checks, "BUDGETS", budgets)
    found = faults(folder)
    assert found[0].startswith("figures/a.png: 0.1 kB, at most 0.05")
    assert re.fullmatch(r"lesson/index.html: 0.\d kB gzipped, at most 0.1", found[1])


def test_all_faults_come_at_once(folder):
    write(folder, '<a href="#gone">x</a><img src="gone.png"></span>')
    assert len(faults(folder)) == 4


def test_every_kind_of_file_that_grows_has_a_budget():
    names = ["lessons/a/index.html", "figures/a.light.gif", "figures/a.trace.js", "social/a.png"]
    names += ["assets/windows.js", "assets/site.css", "search/search_index.json", "404.html"]
    for name in names:
        patterns = [pattern for pattern, _, _ in site_checks.BUDGETS]
        assert any(site_checks.fnmatch(name, pattern) for pattern in patterns), name


def test_the_command(project):
    """From the shell: the tiny site passes; a fault is told, and the last good site stays."""
    assert project.run("slidingwindows", "site", "--check").returncode == 0
    before = project.kept("site")
    project.edit("docs/index.md", "# Tiny home", '# Tiny home\n\n<p id="tiny-pool">twice</p>')
    done = project.run("slidingwindows", "site", "--check")
    assert done.returncode == 2
    assert "error: the site has 1 fault:\nindex.html: the id 'tiny-pool' is there 2" in done.stdout
    assert project.kept("site") == before
