"""Plain Markdown for other generators: where pages lie and links lead, all of it or nothing."""

import pytest
import yaml

from slidingwindows.core.errors import SlidingWindowsError
from slidingwindows.site import plain
from slidingwindows.site.folders import write_folder
from slidingwindows.site.plain import moved, place_of, plain_files
from slidingwindows.site.prepared import Page

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


CONFIG = {
    "site_name": "S",
    "docs_dir": "words",
    "theme": {"name": "material", "custom_dir": "none"},
    "hooks": ["a.py"],
    "nav": [{"Home": "index.md"}, {"Lessons": ["lessons/a.ipynb"]}],
    "not_in_nav": "/about.md\n",
}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two pages and a lesson; course.asked is what their Markdown was made from."""
    for name in ("index.md", "about.md", "sub/one.png", "sub/two"):
        path = tmp_path / "words" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("---\nkey: 1\n---\nText.\n" if name == "index.md" else "Text.\n")

    class Made:
        root, asked, told = tmp_path, [], None

        def files(self, **settings):
            (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump({**CONFIG, **settings}))
            return plain_files(tmp_path)

    made = Made()

    def prepared(course, uri, url, text="", meta=None):
        made.asked.append((uri, url, text, meta))
        made.course = course
        if made.told:
            course.warn(f"{made.told} {uri}")
        return Page(uri, url, meta or {}, "", f"# {uri}\n{plain.FACTS}\n{plain.FACTS}\n")

    monkeypatch.setattr(plain, "prepared", prepared)
    beside = [(tmp_path, "lessons/a.ipynb"), (tmp_path, "lessons/a.py"), (tmp_path, "x/y.gif")]
    monkeypatch.setattr(plain, "files_beside", lambda root: beside)
    return made


def test_what_each_page_is_made_from(course):
    course.files()
    assert course.asked == [
        ("about.md", "about/", "Text.\n", {}),
        ("index.md", "", "Text.\n", {"key": 1}),
        ("lessons/a.ipynb", "lessons/a/", "", None),
    ]
    made = course.course
    assert (made.root, made.docs) == (course.root, course.root / "words")
    assert (made.nav, made.address, made.words) == (CONFIG["nav"], "", {})
    course.files(site_url="https://a.org/", extra={"search_words": {"b": "c"}, "d": 1})
    assert (course.course.address, course.course.words) == ("https://a.org/", {"b": "c"})


def test_each_file_at_its_place(course):
    files = course.files(repo_url="https://github.com/a/b")
    words = course.root / "words"
    texts = {name: files.pop(name).decode() for name in list(files) if name.endswith(".md")}
    assert texts["docs/index.md"].startswith("---\nkey: 1\n---\n\n# index.md\n")
    assert texts["docs/about/index.md"] == f"# about.md\n{plain.FACTS}\n{plain.FACTS}\n"
    lesson = texts["docs/lessons/a/index.md"]
    first, _, rest = lesson.partition(f"{plain.FACTS}\n\n")
    links, _, after = rest.partition("\n")
    assert first == "# lessons/a.ipynb\n" and after == f"{plain.FACTS}\n{plain.FACTS}\n"
    shown = [link.partition("](") for link in links.split(" · ")]
    assert [(what, where) for what, _, where in shown[:2]] == [
        ("[Notebook", "a.ipynb)"), ("[Python script", "../a.py)"),
    ]  # fmt: skip
    assert [what for what, _, _ in shown[2:]] == ["[Colab", "[Binder"]
    assert all("/a/b/" in where and where.endswith("/a.ipynb)") for _, _, where in shown[2:])
    assert texts.keys() == {"docs/index.md", "docs/about/index.md", "docs/lessons/a/index.md"}
    settings = yaml.safe_load(files.pop("mkdocs.yml"))
    assert files == {
        "docs/sub/one.png": words / "sub" / "one.png",
        "docs/sub/two": words / "sub" / "two",
        "docs/lessons/a/a.ipynb": course.root / "lessons" / "a.ipynb",
        "docs/lessons/a.py": course.root / "lessons" / "a.py",
        "docs/x/y.gif": course.root / "x" / "y.gif",
    }
    assert settings["nav"] == [{"Home": "index.md"}, {"Lessons": ["lessons/a/index.md"]}]
    assert settings["not_in_nav"] == "/about/index.md\n" and settings["theme"]["name"] == "material"
    assert "hooks" not in settings and settings["extra"] == {}


def test_all_that_is_wrong_is_told_at_once(course):
    course.told = "no figure in"
    words = "^no figure in about.md\nno figure in index.md\nno figure in lessons/a.ipynb$"
    with pytest.raises(SlidingWindowsError, match=words):
        course.files()


def test_settings_to_the_letter(course):
    """What is in the pages already, or read by MkDocs alone, is left out; texts stay readable."""
    theme = dict.fromkeys(sorted(plain.LEFT_OUT), "x") | {"name": "é"}
    words = "w " * 48 + "wwwww"  # with its name and quotes, the longest that stays on one line
    more = {
        "theme": theme, "extra": {"search_words": {"b": "c"}, "d": [1]}, "hooks": ["a.py"],
        "nav": [{"Home": "index.md"}, "https://a.org/", {"In": ["about.md"]}],
        "not_in_nav": "/about.md\n/other.md\n", "y": words[1:],
    }  # fmt: skip
    files = course.files(**more)
    text = files["mkdocs.yml"].decode()
    kept = {"site_name": "S", "docs_dir": "words", "theme": {"name": "é"}, "y": words[1:]}
    kept |= {"extra": {"d": [1]}, "plugins": plain.PLUGINS}
    kept |= {"not_in_nav": "/about/index.md\n/other.md\n"}
    kept["nav"] = [{"Home": "index.md"}, "https://a.org/", {"In": ["about/index.md"]}]
    kept = {name: part for name, part in kept.items() if name not in plain.LEFT_OUT}
    assert yaml.safe_load(text) == kept
    assert "name: é" in text
    with_one = yaml.safe_load(course.files(not_in_nav="")["mkdocs.yml"])
    assert with_one["not_in_nav"] == "" and list(with_one)[0] == "docs_dir"


def test_a_course_of_few_settings(tmp_path, monkeypatch):
    monkeypatch.setattr(plain, "prepared", lambda course, uri, *rest: Page(uri, "", {}, "", "x"))
    monkeypatch.setattr(plain, "files_beside", lambda root: [])
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").touch()
    (tmp_path / "mkdocs.yml").write_text("theme: {name: a}\nnav: [index.md]\n")
    files = plain_files(tmp_path)
    assert files.keys() == {"docs/index.md", "mkdocs.yml"} and files["docs/index.md"] == b"x"
    settings = {"theme": {"name": "a"}, "nav": ["index.md"], "extra": {}, "plugins": plain.PLUGINS}
    assert yaml.safe_load(files["mkdocs.yml"]) == settings
    assert plain.write_plain(tmp_path, tmp_path / "out") == 2
    assert (tmp_path / "out" / "docs" / "index.md").read_bytes() == b"x"
