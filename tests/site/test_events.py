"""What events.py makes of each of MkDocs's events, with what it calls replaced by records."""

import io
import logging
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from slidingwindows import SlidingWindowsError, __version__
from slidingwindows.course.home import home
from slidingwindows.site import events
from slidingwindows.site.prepared import Page


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.INFO, "mkdocs.hooks.slidingwindows")
    return lambda: [(record.levelname, record.getMessage()) for record in caplog.records]


@pytest.fixture
def config(tmp_path):
    """A configuration of a project that holds a folder of lessons and nothing else."""
    (tmp_path / "lessons").mkdir()
    theme = SimpleNamespace(dirs=["custom", "material"], custom_dir="custom")
    return SimpleNamespace(
        config_file_path=str(tmp_path / "mkdocs.yml"),
        docs_dir=str(tmp_path / "docs"), site_dir=str(tmp_path / "site"),
        watch=[], theme=theme, site_name="Windows & <more>", site_url="https://a.org/b/",
        extra={"serving": False}, nav=None, plugins="plugins", repo_url="",
        use_directory_urls=True,
    )  # fmt: skip


@pytest.fixture
def calls(monkeypatch):
    """calls(name, result) has a function of events.py note what it is given; an error is raised."""
    made = {}

    def replaced(name, result=None):
        def function(*args, **named):
            made.setdefault(name, []).append((*args, *sorted(named.items())))
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(events, name, function)
        return made

    return replaced


# Before anything is built


def test_a_configuration_is_completed_once(config, calls, monkeypatch):
    root, ours = Path(config.config_file_path).parent, home() / "assets"
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    made = calls("quicker")
    calls("commit_day", "2001-02-03")
    calls("commit_time", "981158400")
    assert events.on_config(config, False) is config
    assert config.watch == [str(root / "lessons"), str(ours), str(events.HERE)]
    assert config.theme.dirs == ["custom", str(ours / "theme"), "material"]
    assert made["quicker"] == [(config.theme, root / ".cache" / "pycache" / "templates")]
    assert config.site_name == "Windows &amp; &lt;more&gt;"
    assert config.extra == {"release": __version__, "day": "2001-02-03", "serving": False}
    assert os.environ["SOURCE_DATE_EPOCH"] == "981158400"
    before = [*config.watch], [*config.theme.dirs]
    events.on_config(config, False)
    assert (config.watch, config.theme.dirs) == before


@pytest.mark.parametrize(("serving", "time"), [(True, "1"), (False, ""), (True, "")])
def test_only_a_build_of_a_commit_has_its_time(config, calls, monkeypatch, serving, time):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "as before")
    calls("quicker")
    calls("commit_day", "")
    calls("commit_time", time)
    config.theme.custom_dir = ""
    events.on_config(config, serving)
    assert os.environ["SOURCE_DATE_EPOCH"] == "as before"
    assert config.extra["serving"] is serving
    assert config.theme.dirs[0] == str(home() / "assets" / "theme")


def test_fresh_lessons_are_not_prepared(config, calls, told):
    made = calls("is_fresh", True)
    calls("prepare", AssertionError("not asked for"))
    events.on_pre_build(config, "")
    assert made["is_fresh"] == [(Path(config.config_file_path).parent,)]
    assert told() == [("INFO", "lessons and figures are fresh")]


@pytest.mark.parametrize("serving", [True, False])
def test_lessons_are_prepared_and_problems_told(config, calls, told, monkeypatch, serving):
    calls("is_fresh", False)
    made = calls("wanted_by", {"a figure"})
    asked = []

    def prepare(root, report, **named):
        asked.append((root, named))
        report("lesson a fresh")
        report("lesson b drawn")
        return ["one problem"]

    class Output(io.StringIO):
        """What has been seen by somebody who reads a pipe."""

        seen = ""

        def flush(self):
            self.seen = self.getvalue()

    monkeypatch.setattr(events, "prepare", prepare)
    monkeypatch.setattr("sys.stdout", output := Output())
    config.extra["serving"] = serving
    events.on_pre_build(config, "/b/lessons/a/")
    root = Path(config.config_file_path).parent
    wanted = {"a figure"} if serving else None
    assert asked == [(root, {"serving": serving, "wanted": wanted})]
    page = root, Path(config.docs_dir), "/lessons/a/"
    assert made.get("wanted_by") == ([page] if serving else None)
    assert output.seen == "lesson b drawn\n"
    assert told() == [("ERROR", "one problem")]


def test_a_site_without_an_address_and_lessons_of_which_nothing_is_new(config, calls, told):
    calls("is_fresh", False)
    made = calls("wanted_by")
    calls("prepare", [])
    config.extra["serving"], config.site_url = True, None
    events.on_pre_build(config, "/b/c/")
    assert made["wanted_by"][0][2] == "/b/c/"
    assert told() == [("INFO", "no code changed: pages written, nothing executed")]


def test_what_cannot_be_prepared_stops_the_build(config, calls):
    calls("is_fresh", False)
    calls("prepare", SlidingWindowsError("two figures of one name"))
    with pytest.raises(PluginError, match="^two figures of one name$"):
        events.on_pre_build(config, "")


def test_the_server_watches_what_is_drawn(config):
    root = Path(config.config_file_path).parent
    assert events.mark(config) == root / ".cache" / "drawn" and events.mark(config).is_file()


# Files


class Syntax:
    def __init__(self):
        self.did = []

    def recall(self, cache):
        self.did.append(("recall", cache))

    def keep(self, cache):
        self.did.append(("keep", cache))


@pytest.fixture
def beside(config, calls, monkeypatch, tmp_path):
    """Files that the course adds to docs/; events.py's table of languages is not touched."""
    syntax = Syntax()
    monkeypatch.setattr(events, "SYNTAX", syntax)
    for name in ("lessons/listed.ipynb", "lessons/new.ipynb", "assets/new.js"):
        (tmp_path / "made" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "made" / name).touch()
    names = [("made", "lessons/listed.ipynb"), ("made", "lessons/new.ipynb")]
    names += [("made", "assets/new.js")]
    calls("files_beside", [(tmp_path / folder, name) for folder, name in names])
    calls("makers", "who makes bodies")
    calls("advice", "list it")
    Path(config.config_file_path).write_text("nav: of mkdocs.yml\n", "utf-8")
    config.nav = [{"Lessons": ["lessons/listed.ipynb"]}]
    return syntax


@pytest.mark.parametrize("serving", [True, False])
def test_the_course_s_files_are_added(config, calls, told, beside, tmp_path, serving):
    made = calls("link_folder")
    config.extra["serving"] = serving
    files = Files([])
    assert events.on_files(files, config) is files
    assert [file.src_uri for file in files] == [
        "lessons/listed.ipynb", "lessons/new.ipynb", "assets/new.js",
    ]  # fmt: skip
    first = files.get_file_from_path("lessons/listed.ipynb")
    assert first.abs_src_path == str(tmp_path / "made" / "lessons" / "listed.ipynb")
    assert first.dest_dir == str(tmp_path / "site") and first.use_directory_urls is True
    assert config.extra == {"serving": serving, "makers": "who makes bodies", "notices": ""}
    assert beside.did == [("recall", tmp_path / ".cache"), ("keep", tmp_path / ".cache")]
    link = (files, "figures", tmp_path / ".cache" / "figures", tmp_path / "site")
    assert made.get("link_folder") == ([link] if serving else None)
    assert made["advice"] == [("nav: of mkdocs.yml\n", "new")]
    assert told() == [("WARNING", "list it")]


def test_without_a_navigation_every_lesson_is_listed(config, told, beside):
    config.nav, config.use_directory_urls = None, False
    files = events.on_files(Files([]), config)
    assert told() == [] and not next(iter(files)).use_directory_urls


def test_notices_are_linked_where_they_are(config, beside):
    notices = File("reference/notices.md", config.docs_dir, config.site_dir, True)
    events.on_files(Files([notices]), config)
    assert config.extra["notices"] == "reference/notices/"


def test_files_of_one_name_stop_the_build(config, calls, beside):
    calls("files_beside", SlidingWindowsError("two of one name"))
    with pytest.raises(PluginError, match="^two of one name$"):
        events.on_files(Files([]), config)


# Pages


@pytest.mark.parametrize(
    ("serving", "kept", "ahead"),
    [(False, 0, True), (False, 2, True), (False, 3, False), (True, 0, False)],
)
def test_most_pages_new_means_two_processes(config, calls, monkeypatch, serving, kept, ahead):
    pages = [f"page {number}" for number in range(5)]
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
    events.on_page_markdown("", page, config, None)  # once more, without one of mkdocs-jupyter's
    assert page.edit_url == (expected and f"https://g.org/{expected}")
    course = bodies["prepared"][0][0]
    assert (course.address, course.words) == ("", {})


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
