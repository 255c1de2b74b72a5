"""`make check` finds each kind of fault in a built site, all at once, and none in a good one."""

import gzip
import re

import pytest
from PIL import Image

from slidingwindows import SlidingWindowsError
from slidingwindows.site import checks as site_checks
from slidingwindows.site.checks import check_site

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
        ('<p id="top"></p>', "the id 'top' appears 2 times"),
        ('<label for="nobody">x</label>', "for names 'nobody', which does not exist"),
        ('<b aria-labelledby="top nobody">x</b>', "aria-labelledby names 'nobody', which does not"),
        ('<b aria-describedby="nobody">x</b>', "aria-describedby names 'nobody', which does not"),
        ('<button aria-controls="nobody">x</button>', "aria-controls names 'nobody', which does"),
        ('<source srcset="gone.png">', "gone.png leads nowhere"),
        ('<iframe src="gone/"></iframe>', "gone/ leads nowhere"),
        ('<link rel="stylesheet" href="gone.css">', "gone.css leads nowhere"),
        ('<sliding-window src="gone.js"></sliding-window>', "gone.js leads nowhere"),
        ('<moving-pictures light="gone.png"></moving-pictures>', "gone.png leads nowhere"),
        ('<moving-pictures dark="gone.png"></moving-pictures>', "gone.png leads nowhere"),
        ('<a href="..#gone">x</a>', "..#gone leads to no place on its page"),
        ('<a href="/#pl%61cd">x</a>', "/#pl%61cd leads to no place on its page"),
        ('<img src="../figures/a.png">', "the picture ../figures/a.png has no alt text"),
        ('<img src="../figures/a.png" alt=" ">', "the picture ../figures/a.png has no alt text"),
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


# What the checks of a finished site let each kind of file weigh, in bytes as a host sends them.
HEAVIEST = {
    "assets/javascripts/bundle.js": (160_000, True),
    "lessons/a/index.html": (18_420, True),
    "gallery/index.html": (6_720, True),  # and more for each card
    "about/index.html": (20_720, True),
    "figures/a.light.gif": (300_000, False),
    "figures/a.light.png": (160_000, False),
    "figures/a.frames.zip": (1_100_000, False),
    "figures/a.trace.js": (12_000, True),
    "social/a.png": (120_000, False),
    "assets/site.js": (8_000, True),
    "assets/explorer.js": (32_000, True),
    "assets/network.js": (19_000, True),
    "assets/photo.js": (5_000, True),
    "assets/site.css": (12_000, True),
    "search/search_index.json": (180_000, True),
}


@pytest.mark.parametrize("name", HEAVIEST)
def test_real_budgets(folder, monkeypatch, name):
    """A file as heavy as allowed passes, and one byte more does not: the real limits, by hand."""
    most, zipped = HEAVIEST[name]
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * most)
    monkeypatch.setattr(site_checks.gzip, "compress", lambda content, level: content)
    assert list(site_checks._weights(folder, {})) == []
    path.write_bytes(b"x" * (most + 1))
    (found,) = site_checks._weights(folder, {})
    assert found == f"{name}: {most / 1000:.1f} kB{' gzipped' * zipped}, at most {most / 1000:g}"


def test_what_a_host_zips_weighs_what_it_sends(folder):
    """Text that shrinks is allowed to be long; pictures are sent as they are."""
    for name in ("about/index.html", "figures/b.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x" * 300_000)
    assert list(site_checks._weights(folder, {})) == ["figures/b.png: 300.0 kB, at most 160"]


def test_good_links_of_every_kind(folder):
    (folder / "lesson" / "a b.txt").write_text("x")
    write(
        folder,
        """<a href="a%20b.txt">x</a><a href="">x</a><a href="../lesson/#t%6Fp">x</a>
<source srcset="../figures/a.png"><a href="../">x</a><a href="/index.html#place">x</a>
<a href="../figures/a.png#x">x</a><b aria-controls="top" aria-describedby="top">x</b>
<img src="data:image/png;base64,x" alt="y"><a href="//example.org/">x</a><img alt="z">""",
    )
    check_site(folder, "http://host/x/")


def test_a_source_shows_a_figure(folder):
    (folder / "figures" / "b.png").write_bytes(b"x")
    write(folder, '<source srcset="../figures/b.png">')
    check_site(folder, "http://host/x/")


def test_without_an_address_absolute_links_are_others(folder):
    (folder / "index.html").write_text(HOME.replace("http://host", "https://host"))
    check_site(folder)


def test_a_file_over_its_budget_is_named_with_both_weights(folder, monkeypatch):
    budgets = (("lesson/index.html", 0.1, True), ("figures/*.png", 0.05, False))
    monkeypatch.setattr(site_checks, "BUDGETS", budgets)
    found = faults(folder)
    assert found[0].startswith("figures/a.png: 0.1 kB, at most 0.05")
    assert re.fullmatch(r"lesson/index.html: 0.\d kB gzipped, at most 0.1", found[1])


def test_ids_that_are_there_twice_are_told_in_order(folder):
    names = [f"id-{number}" for number in range(10, 30)]
    write(folder, "".join(f'<i id="{name}"></i>' for name in names[::-1] * 2))
    told = [re.search(r"id-\d+", fault)[0] for fault in faults(folder)]
    assert told == names


def may_weigh_more(folder, monkeypatch, kilobytes: float) -> None:
    """The lesson's page fits if its budget is so much below its weight, and not a byte less."""
    page = (folder / "lesson" / "index.html").read_bytes()
    size = len(gzip.compress(page, 9)) / 1000
    for spare, fits in ((0.001, True), (-0.001, False)):
        most = size - kilobytes + spare
        monkeypatch.setattr(site_checks, "BUDGETS", (("lesson/index.html", most, True),))
        if fits:
            check_site(folder, "http://host/x/")
        else:
            [fault] = faults(folder)
            assert fault.endswith(f" kB gzipped, at most {size + spare:g}")


@pytest.mark.parametrize(
    "figure",
    [
        '<p class="a sw-card">x</p>',
        "<sliding-window>x</sliding-window>",
        "<moving-pictures></moving-pictures>",
    ],
)
def test_a_page_may_weigh_more_with_each_figure(folder, monkeypatch, figure):
    """So a new lesson's figure fits into the gallery, however many there are."""
    write(folder, figure * 3)
    may_weigh_more(folder, monkeypatch, 3 * site_checks.PER_FIGURE)


def test_a_page_may_weigh_more_with_each_lesson(folder, monkeypatch):
    """So there is room for a new lesson's line in the navigation, on pages that are full."""
    for name in ("one", "two"):
        lesson = folder / "lessons" / name / "index.html"
        lesson.parent.mkdir(parents=True)
        lesson.write_text(PAGE.format(body="").replace("../", "../../"))
    may_weigh_more(folder, monkeypatch, 2 * site_checks.PER_LESSON)


def test_all_faults_come_at_once(folder):
    write(folder, '<a href="#gone">x</a><img src="gone.png"></span>')
    assert len(faults(folder)) == 4


def test_every_kind_of_file_that_grows_has_a_budget():
    names = ["lessons/a/index.html", "figures/a.light.gif", "figures/a.trace.js", "social/a.png"]
    names += ["assets/site.js", "assets/site.css", "search/search_index.json", "404.html"]
    for name in names:
        patterns = [pattern for pattern, _, _ in site_checks.BUDGETS]
        assert any(site_checks.fnmatch(name, pattern) for pattern in patterns), name


def test_site_check_fails_on_a_fault_and_keeps_the_last_good_site(project):
    """From the shell: the tiny site passes; a fault is told, and the last good site stays."""
    assert project.run("slidingwindows", "site", "--check").returncode == 0
    before = project.kept("site")
    project.edit("docs/index.md", "# Tiny home", '# Tiny home\n\n<p id="tiny-pool">twice</p>')
    done = project.run("slidingwindows", "site", "--check")
    assert done.returncode == 2
    assert "error: the site has 1 fault:\nindex.html: the id 'tiny-pool' appears 2" in done.stdout
    assert project.kept("site") == before
