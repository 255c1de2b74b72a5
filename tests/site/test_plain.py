"""Plain Markdown for other generators: where pages lie and links lead, all of it or nothing."""

import pytest
import yaml

from slidingwindows.core.errors import SlidingWindowsError
from slidingwindows.site.folders import write_folder
from slidingwindows.site.plain import moved, place_of, plain_files

URIS = ("index.md", "gallery.md", "lessons/a.ipynb", "lessons/b.ipynb", "reference/glossary.md")
PLACES = {uri: place_of(uri) for uri in URIS}


def test_each_page_has_a_folder_but_the_first():
    assert list(PLACES.values()) == [
        "index.md",
        "gallery/index.md",
        "lessons/a/index.md",
        "lessons/b/index.md",
        "reference/glossary/index.md",
    ]


@pytest.mark.parametrize(
    ("uri", "link", "expected"),
    [
        ("lessons/a.ipynb", "[x](b.ipynb#part)", "[x](../b/index.md#part)"),
        ("lessons/a.ipynb", '[x](../reference/glossary.md#y "Z.")', None),
        ("lessons/a.ipynb", "[x](../index.md){ .b }", "[x](../../index.md){ .b }"),
        ("lessons/a.ipynb", "![x](../square.png)", "![x](../../square.png)"),
        ("lessons/a.ipynb", "[x](../gallery.md#s=A%281%29)", "[x](../../gallery/#s=A%281%29)"),
        ("index.md", "[x](lessons/a.ipynb)", "[x](lessons/a/index.md)"),
        ("gallery.md", "[x](index.md) [y](lessons/a.ipynb)", None),
        ("gallery.md", "[x](#part) [y](https://a.org/b.md) [z](/c.md) [m](mailto:a@b.c)", "same"),
        ("gallery.md", "`[x](index.md)`\n\n```\n[x](index.md)\n```\n<p>[x](index.md)</p>", "same"),
    ],
)
def test_links_lead_where_they_led(uri, link, expected):
    others = {
        '[x](../reference/glossary.md#y "Z.")': '[x](../../reference/glossary/index.md#y "Z.")',
        "[x](index.md) [y](lessons/a.ipynb)": "[x](../index.md) [y](../lessons/a/index.md)",
    }
    assert moved(link, uri, PLACES) == (link if expected == "same" else expected or others[link])


def test_a_mark_of_no_figure_is_an_error(project):
    project.edit("docs/index.md", "<!-- figure tiny-pool -->", "<!-- figure none -->")
    with pytest.raises(SlidingWindowsError, match="index.md: no lesson makes a figure 'none'"):
        plain_files(project.root)


def test_the_files_of_a_small_course(built):
    files = plain_files(built.root)
    names = {"mkdocs.yml", "docs/index.md", "docs/square.png", "docs/lessons/alpha.py"}
    names |= {"docs/lessons/alpha/index.md", "docs/lessons/alpha/alpha.ipynb"}
    assert names | {"docs/figures/tiny-pool.light.gif", "docs/assets/site.css"} <= set(files)
    alpha = files["docs/lessons/alpha/index.md"].decode()
    assert "[way to beta](../beta/index.md)" in alpha and "](../../index.md)" in alpha
    assert "[Notebook](alpha.ipynb) · [Python script](../alpha.py)" in alpha
    assert 'src="../../figures/tiny-pool.light.gif"' in alpha and "$x^2" not in alpha
    settings = yaml.safe_load(files["mkdocs.yml"])
    assert settings["plugins"] == ["search"] and "hooks" not in settings and all(settings)
    assert "# no heading\n<!-- figure tiny-pool -->\n<!-- lessons -->" in alpha  # an output


def test_a_folder_is_whole_or_as_it_was(tmp_path):
    folder = tmp_path / "out"
    write_folder(folder, {"a/b.txt": b"one"})
    with pytest.raises(SlidingWindowsError, match="out cannot be written: No such file"):
        write_folder(folder, {"a/b.txt": b"two", "c": tmp_path / "missing"})
    assert (folder / "a" / "b.txt").read_bytes() == b"one"
    write_folder(folder, {"c": folder / "a" / "b.txt"})
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "c"]
    write_folder(folder, {})
    assert not list(tmp_path.iterdir())
