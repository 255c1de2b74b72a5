"""What events.py makes of pages and of the whole site; what it calls is replaced by records."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

from slidingwindows import SlidingWindowsError
from slidingwindows.site import events
from slidingwindows.site.prepared import Page

# Pages


@pytest.mark.parametrize(
    ("serving", "count", "kept", "ahead"),
    [(False, 4, 0, True), (False, 4, 2, True), (False, 5, 3, False), (True, 4, 0, False)],
)
def test_most_pages_new_means_two_processes(
    config, calls, monkeypatch, serving, count, kept, ahead
):
    pages = [f"page {number}" for number in range(count)]
    documentation = [SimpleNamespace(page=page) for page in (*pages, None)]
    files = SimpleNamespace(documentation_pages=lambda: documentation)
    asked = []

    def has_body(page, cache):
        asked.append(cache)
        return page in pages[:kept]

    monkeypatch.setattr(events, "has_body", has_body)
    made = calls("Ahead", "a process")
    calls("_populate_page", "populated")
    calls("page_card", "card")
    config.extra["serving"] = serving
    assert events.on_nav(config, files) == ("a process" if ahead else None)
    root = Path(config.config_file_path).parent
    assert set(asked) <= {root / ".cache"}
    if ahead:
        given, populate, card = made["Ahead"][0]
        assert given == pages and populate("a") == "populated" and card("b") == "card"
        assert made["_populate_page"] == [("a", config, files)]
        assert made["page_card"] == [("b", config, root)]


def page_of(uri, config, **more):
    file = File(uri, config.docs_dir, config.site_dir, True)
    page = SimpleNamespace(file=file, url=file.url, meta={"title": "T"}, edit_url=None)
    page.render = lambda config, files: None
    page.__dict__.update(more)
    return page


@pytest.fixture
def bodies(calls):
    calls("checked", "checked")
    return calls("keep_body")


@pytest.mark.parametrize("serving", [True, False])
def test_a_page_s_markdown_is_what_was_prepared(config, calls, bodies, serving, tmp_path):
    made = Page("about.md", "about/", {"description": "D"}, "shown text", "new text")
    calls("prepared", made)
    calls("_go_on")
    config.extra.update(serving=serving, makers="makers", search_words={"a": "b"})
    config.nav = ["about.md"]
    page = page_of("about.md", config)
    assert events.on_page_markdown("old text", page, config, None) == "new text"
    assert page.meta == {"description": "D"} and page.shown == "shown text"
    (course, *given) = bodies["prepared"][0]
    assert given == ["about.md", "about/", "old text", {"title": "T"}]
    assert (course.root, course.docs, course.nav) == (tmp_path, tmp_path / "docs", ["about.md"])
    assert course.address == "https://a.org/b/" and course.patient is serving
    assert course.warn == events.log.warning and course.words == {"a": "b"}
    (body, cache, makers, finish) = bodies["keep_body"][0]
    assert (body, cache, makers) == (page, tmp_path / ".cache", "makers")
    assert finish("html") == "checked" and bodies["checked"] == [("html", page, tmp_path)]
    assert bodies.get("_go_on") == ([(page, tmp_path)] if serving else None)
    assert "render" in vars(page)


@pytest.mark.parametrize(
    ("repository", "edit", "expected"),
    [
        ("https://g.org/r", "https://g.org/r/edit/docs/lessons/a.ipynb", "r/edit/lessons/a.md"),
        ("", "https://g.org/r/edit/docs/lessons/a.ipynb", "r/edit/docs/lessons/a.ipynb"),
        ("https://g.org/r", None, None),
    ],
)
def test_a_lesson_is_rendered_by_mkdocs_and_edited_where_it_is(
    config, calls, bodies, tmp_path, repository, edit, expected
):
    (tmp_path / "lessons" / "a.md").touch()
    calls("prepared", Page("lessons/a.ipynb", "lessons/a/", {}, "", "text"))
    config.extra.update(makers="makers")
    config.repo_url, config.site_url = repository, None
    page = page_of("lessons/a.ipynb", config, edit_url=edit)
    events.on_page_markdown("", page, config, None)
    assert "render" not in vars(page)
    assert page.edit_url == (expected and f"https://g.org/{expected}")
    course = bodies["prepared"][0][0]
    assert (course.address, course.words) == ("", {})
    events.on_page_markdown("", page, config, None)  # once more, without one of mkdocs-jupyter's


def test_what_a_build_refuses_the_server_shows_in_its_place(config, calls, bodies, told, tmp_path):
    fault = "no such figure, line 2\nsecond problem"
    calls("prepared", SlidingWindowsError(fault))
    calls("_go_on")
    config.extra.update(makers="makers")
    for name in ("docs/about.md", "lessons/b.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"one\ntwo of {name}\nthree\n", "utf-8")
    page = page_of("about.md", config)
    with pytest.raises(PluginError, match=f"^{fault}$"):
        events.on_page_markdown("text", page, config, None)
    assert told() == []
    config.extra["serving"] = True
    for uri, source in (("about.md", "docs/about.md"), ("lessons/b.ipynb", "lessons/b.md")):
        page = page_of(uri, config)
        markdown = events.on_page_markdown("text", page, config, None)
        words = (
            "no such figure, line 2",
            "second problem",
            events.NOT_YET,
            f">    2  two of {source}",
        )
        assert [one for one in words if one not in markdown] == []
        assert page.meta["description"] == events.NOT_YET and page.shown == ""
    assert told() == [("ERROR", fault)] * 2


def test_a_page_that_cannot_be_rendered_says_so_and_the_next_render_is_the_plain_one(config, told):
    class Rendered:
        """A page of MkDocs, as far as rendering goes."""

        def __init__(self):
            self.file = File("about.md", config.docs_dir, config.site_dir, True)
            self.markdown, self.meta, self.rendered = "text", {}, []

        def render(self, config, files):
            self.rendered.append((self.markdown, config, files))
            if self.markdown == "text":
                raise PluginError("a fault")

    page = Rendered()
    events._go_on(page, Path(config.config_file_path).parent)
    page.render("config", "files")
    (first, second) = page.rendered
    assert first == ("text", "config", "files") and second[1:] == ("config", "files")
    assert "a fault" in second[0] and told() == [("ERROR", "a fault")]
    page.markdown = "mended"
    page.render("config", "files")
    assert len(page.rendered) == 3 and len(told()) == 1


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("uri", ["lessons/a.ipynb", "about.md"])
def test_what_others_are_told(config, calls, ours, uri):
    made = calls("page_facts", {"social": 1})
    calls("is_home", ours)
    calls("cloud_links", "links")
    config.repo_url = "https://g.org/r"
    page = page_of(uri, config, meta={"description": "a < b"})
    context = events.on_page_context({"page": 2}, page, config, None)
    cloud = {"cloud": "links"} if ours and uri != "about.md" else {}
    assert context == {"page": 2, "social": 1, **cloud}
    root = Path(config.config_file_path).parent
    assert page.meta["description"] == "a &lt; b" and made["page_facts"] == [(page, config, root)]
    if cloud:
        assert made["cloud_links"] == [("https://g.org/r", "a")]
        assert made["is_home"] == [(root,)]
    page.meta = {}
    events.on_page_context({}, page, config, None)
    assert page.meta == {}


def test_the_search_dialog_has_a_name():
    html = '<div data-md-component="search" role="dialog">\n\n x</div>'
    named = '<div data-md-component="search" role="dialog" aria-label="Search">\nx</div>'
    assert events.on_post_page(html, None, None) == named


# The finished site


def test_before_pages_are_written(config, calls):
    made = calls("template_scripts", {"a script"})
    calls("forget_bodies")
    calls("search_kept")
    assert events.on_env("env", config, "files") == "env"
    assert config.extra["scripts"] == {"a script"}
    assert made["template_scripts"] == [("env", config, "files")]
    cache = Path(config.config_file_path).parent / ".cache"
    assert made["forget_bodies"] == [(cache, "files")] and made["search_kept"] == [("plugins",)]


@pytest.fixture
def finished(config, calls, tmp_path):
    """A site with a folder of stemmers."""
    (tmp_path / "site" / "assets" / "javascripts" / "lunr").mkdir(parents=True)
    (tmp_path / "site" / "assets" / "javascripts" / "bundle.js").touch()
    config.extra["scripts"] = {"a script"}
    calls("forget_others")
    return calls("secure")


def test_a_finished_site_has_its_policy_and_no_stemmers(config, finished, tmp_path):
    assert events.on_post_build(config, False) is None
    assert finished["secure"] == [(tmp_path / "site", {"a script"})]
    assert finished["forget_others"] == [(tmp_path / ".cache" / "social", tmp_path / "site")]
    assert os.listdir(tmp_path / "site" / "assets" / "javascripts") == ["bundle.js"]
    assert events.on_post_build(config, False) is None, "stemmers may be missing"


def test_a_site_that_cannot_be_secured_stops_the_build(config, finished, calls):
    calls("secure", SlidingWindowsError("a script"))
    with pytest.raises(PluginError, match="^a script$"):
        events.on_post_build(config, False)


@pytest.mark.parametrize("waits", [True, False])
def test_a_served_site_goes_on_drawing_or_waits_for_the_next_edit(
    config, finished, calls, monkeypatch, tmp_path, waits
):
    calls("figures_wait", waits)
    calls("Rest", "the rest")
    threads = []

    class Thread:
        def __init__(self, **given):
            threads.append(given)

        def start(self):
            threads.append("started")

    monkeypatch.setattr(events.threading, "Thread", Thread)
    assert events.on_post_build(config, True) == ("the rest" if waits else None)
    assert "secure" not in finished and finished["figures_wait"] == [(tmp_path,)]
    if waits:
        assert finished["Rest"] == [(tmp_path,)] and not threads
    else:
        wanted = {"target": events.wait_warm, "args": (tmp_path,), "daemon": True}
        assert threads == [wanted, "started"]
