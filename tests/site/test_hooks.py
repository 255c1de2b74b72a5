"""What MkDocs is told and asked by hooks.py and events.py, one event at a time."""

import importlib
import logging
import os
import sys
import types
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import TemplateSyntaxError
from mkdocs.exceptions import ConfigurationError, PluginError
from watchdog.observers.polling import PollingObserverVFS

from slidingwindows.site import hooks

SAID = "The site is served as it was before, until this is mended."


@pytest.fixture(autouse=True)
def running(monkeypatch):
    """What hooks.py remembers from event to event, as at the beginning."""
    at_first = {"serving": False, "source": None, "page": "", "rest": None, "ahead": None}
    monkeypatch.setattr(hooks, "_running", at_first)
    return at_first


class Recorder:
    """In place of events.py: what each event got, and something of its own for each."""

    def __init__(self, monkeypatch):
        self.got = []
        monkeypatch.setattr(hooks, "_events", lambda: self)

    def __getattr__(self, name):
        def event(*given):
            self.got.append((name, *given))
            return f"what {name} returns"

        return event


class Task:
    """Something that runs between two events and is ended."""

    def __init__(self):
        self.ended = 0

    def end(self):
        self.ended += 1


# What MkDocs calls, with which arguments, what events.py gets of them, and what MkDocs gets back.
PASSED = [
    ("on_pre_build", ("config",), ("config", "/asked/"), None),
    ("on_files", ("files", "config"), ("files", "config"), "what on_files returns"),
    ("on_nav", ("nav", "config", "files"), ("config", "files"), "nav"),
    ("on_env", ("env", "config", "files"), ("env", "config", "files"), "what on_env returns"),
    ("on_page_markdown", ("text", "page", "config", "files"), None, None),
    ("on_page_context", ("context", "page", "config", "nav"), None, None),
    ("on_post_page", ("output", "page", "config"), None, None),
    ("on_post_build", ("config",), ("config", "served?"), "nothing"),
]


@pytest.mark.parametrize(("name", "given", "passed", "returned"), PASSED, ids=lambda one: str(one))
def test_each_event_is_passed_on(running, monkeypatch, name, given, passed, returned):
    recorder = Recorder(monkeypatch)
    running.update(page="/asked/", serving="served?")
    result = getattr(hooks, name)(*given)
    assert recorder.got == [(name, *(passed or given))]
    wanted = {None: f"what {name} returns", "nothing": None}.get(returned, returned)
    assert result == wanted
    assert running["ahead"] == ("what on_nav returns" if name == "on_nav" else None)
    assert running["rest"] == ("what on_post_build returns" if name == "on_post_build" else None)


def test_what_comes_before_and_after_other_plugins():
    priorities = {
        name: getattr(function, "mkdocs_priority", 0)
        for name, function in vars(hooks).items()
        if name.startswith("on_")
    }
    assert {name: number for name, number in priorities.items() if number} == {
        "on_config": 100,
        "on_files": 100,
        "on_nav": -100,
    }


@pytest.mark.parametrize("event", ["on_build_error", "on_post_build"])
def test_pages_rendered_ahead_are_waited_for_once(running, monkeypatch, event):
    Recorder(monkeypatch)
    ahead = running["ahead"] = Task()
    getattr(hooks, event)("error or config")
    assert ahead.ended == 1 and running["ahead"] is None
    getattr(hooks, event)("error or config")
    assert ahead.ended == 1


@pytest.mark.parametrize("command", ["serve", "build", "gh-deploy"])
def test_only_the_server_serves(running, command):
    running["serving"] = None
    hooks.on_startup(command, dirty=False)
    assert running["serving"] is (command == "serve")


def test_the_next_build_ends_what_draws_the_rest(running, monkeypatch):
    recorder = Recorder(monkeypatch)
    rest = running["rest"] = Task()
    running["serving"] = True
    assert hooks.on_config("config") == "what on_config returns"
    assert recorder.got == [("on_config", "config", True)]
    assert rest.ended == 1 and running["rest"] is None
    hooks.on_config("config")
    assert rest.ended == 1


def test_an_edited_package_is_imported_again_and_an_equal_one_is_not(running, monkeypatch):
    Recorder(monkeypatch)
    sources = iter([{"a.py": 1}, {"a.py": 1}, {"a.py": 2}, {"a.py": 2, "b.py": 1}])
    monkeypatch.setattr(hooks, "_source", lambda: next(sources))
    retired = []
    warm = SimpleNamespace(retire=lambda: retired.append(1))
    names = {
        "slidingwindows": types.ModuleType("a"),
        "slidingwindows.course.warm": warm,
        "slidingwindows_of_others": types.ModuleType("b"),
    }
    forgotten = []

    def config():
        """Its modules as they were before; which of these three the event leaves."""
        monkeypatch.setattr(hooks.sys, "modules", dict(names))
        hooks.on_config("config")
        forgotten.append(sorted(names.keys() - hooks.sys.modules.keys()))

    modules = sys.modules
    try:
        for _ in range(3):
            config()
        del names["slidingwindows.course.warm"]  # nothing waits
        config()
    finally:
        sys.modules = modules
    ours = ["slidingwindows", "slidingwindows.course.warm"]
    assert forgotten == [[], [], ours, ours[:1]]
    assert len(retired) == 1 and running["source"] == {"a.py": 2, "b.py": 1}


def test_the_source_is_all_of_the_package(monkeypatch, tmp_path):
    found = hooks._source()
    package = Path(hooks.__file__).parents[1]
    assert found.keys() == {str(path) for path in package.rglob("*.py")}
    path = str(package / "core" / "trace.py")
    assert found[path] == os.stat(path).st_mtime_ns
    assert hooks._events() is importlib.import_module("slidingwindows.site.events")


def test_what_python_compiles_is_not_watched(tmp_path):
    for name in ("__pycache__", "a", "a/__pycache__"):
        (tmp_path / name).mkdir()
    (tmp_path / "b.py").touch()
    assert sorted(one.name for one in hooks.sources_in(str(tmp_path))) == ["a", "b.py"]
    assert list(hooks.sources_in(str(tmp_path / "a"))) == []


# A build that fails while the site is served


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "page").write_text("last")
    return folder


def test_a_build_that_succeeds_replaces_the_site(site):
    def builder():
        assert not site.exists()
        site.mkdir()
        (site / "new").touch()

    hooks.keeping(builder, site)()
    assert os.listdir(site) == ["new"] and os.listdir(site.parent) == ["site"]


@pytest.mark.parametrize("begun", [True, False], ids=["in the middle", "at the beginning"])
def test_a_build_that_fails_leaves_the_site_as_it_was(site, told, begun):
    said = SimpleNamespace(msgs={"a warning"})
    of_mkdocs = logging.getLogger("mkdocs.commands.build")
    filters = of_mkdocs.filters

    def builder():
        if begun:
            site.mkdir()
            (site / "half").touch()
        raise PluginError("of which MkDocs has told")

    of_mkdocs.filters = [said, object()]
    try:
        hooks.keeping(builder, site)()
    finally:
        of_mkdocs.filters = filters
    assert os.listdir(site) == ["page"] and (site / "page").read_text() == "last"
    assert os.listdir(site.parent) == ["site"]
    assert told() == [("ERROR", SAID)] and said.msgs == set()


def test_a_build_that_is_stopped_is_no_failure(site):
    def builder():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hooks.keeping(builder, site)()
    assert os.listdir(site.parent) == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SyntaxError("bad word", ("a.py", 3, 1, "x")), ["a.py, line 3: bad word"]),
        (TemplateSyntaxError("bad tag", 4, "x", "b.html"), ["b.html, line 4: bad tag"]),
        (PluginError("known"), []),
        (ConfigurationError("bad key"), ["bad key"]),
        (ValueError("a fault of ours"), []),
    ],
    ids=lambda one: type(one).__name__,
)
def test_each_kind_of_error_is_told_once(error, words, told, capsys, monkeypatch):
    settings = importlib.import_module("slidingwindows.course.settings")
    monkeypatch.setattr(settings, "fault", str)
    hooks._tell(error)
    assert told() == [("ERROR", said) for said in (*words, SAID)]
    traced = capsys.readouterr().err
    if isinstance(error, ValueError):
        assert traced.strip().endswith("ValueError: a fault of ours")
    else:
        assert traced == ""


class Server:
    """MkDocs's server, as far as hooks.py knows it."""

    def __init__(self, root):
        self.root, self.did = root, []

    def watch(self, path):
        self.did.append(("watch", path))

    def unwatch(self, path):
        self.did.append(("unwatch", path))

    def get_app(self):
        return lambda environ, start: (environ["PATH_INFO"], start)

    def set_app(self, app):
        self.app = app


def test_the_server_looks_often_and_notes_what_is_read(running, monkeypatch, site):
    recorder = Recorder(monkeypatch)
    server = Server(str(site))
    config = SimpleNamespace(docs_dir="docs", config_file_path="mkdocs.yml")
    assert hooks.on_serve(server, config, lambda: site.mkdir()) is server
    assert recorder.got == [("mark", config)]
    watched = ["docs", "mkdocs.yml", "what mark returns"]
    assert server.did == [("unwatch", path) for path in watched[:2]] + [
        ("watch", path) for path in watched
    ]
    observer = server.observer
    assert isinstance(observer, PollingObserverVFS)
    assert observer.timeout == hooks.LOOK <= 0.25 and server.build_delay == hooks.LOOK / 2
    assert server.app({"PATH_INFO": "/a/"}, "start") == ("/a/", "start")
    assert server.app({"PATH_INFO": "/a/b.js"}, "start") == ("/a/b.js", "start")
    assert running["page"] == "/a/"
    server.builder()
    assert os.listdir(site) == [], "the builder is kept, so the old page is gone with its folder"
