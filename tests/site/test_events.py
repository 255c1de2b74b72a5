"""What events.py makes of a configuration and its files; what it calls is replaced by records."""

import io
import os
from pathlib import Path

import pytest
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from slidingwindows import SlidingWindowsError, __version__
from slidingwindows.course.home import home
from slidingwindows.site import events

# Before anything is built


def test_a_configuration_is_completed_once(config, calls, monkeypatch):
    root, ours = Path(config.config_file_path).parent, home() / "assets"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")  # so that it is taken back in the end
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
