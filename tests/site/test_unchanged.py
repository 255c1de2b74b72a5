"""`make site` does nothing if nothing changed, and builds whatever changed that a page is from."""

import contextlib
import importlib
import json
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from slidingwindows.core.errors import SlidingWindowsError
from slidingwindows.course import execution, prepare, settings
from slidingwindows.site import build as site
from slidingwindows.site import checks, unchanged

COMMIT = "git -c user.name=A -c user.email=a@b.c commit -q --allow-empty -m two"


def write(path, text=None):
    """Make a file, or add to one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text("utf-8") if path.exists() else "") + (text or "#\n"), "utf-8")


@pytest.fixture
def alone(project, tmp_path, monkeypatch):
    """A project whose build finds its packages, and this one, in folders that a test may edit."""
    packages, home = tmp_path / "packages", tmp_path / "home"
    for name in ("RECORD", "METADATA"):
        write(packages / "other-1.0.dist-info" / name)
    for name in ("scripts/slidingwindows/drawing/style.py", "assets/site.css", "LICENSE"):
        write(home / name)
    monkeypatch.setattr(unchanged, "HERE", home / "scripts" / "slidingwindows")
    monkeypatch.setattr(unchanged, "home", lambda: home)
    importlib.import_module("yaml")  # while it can still be found
    own = [path for path in sys.path if Path(path).is_relative_to(sys.base_prefix)]
    monkeypatch.setattr(sys, "path", [*own, str(packages)])
    project.packages, project.home = packages, home
    return project


def key(project):
    return unchanged.inputs_key(project.root)


def test_second_build_does_nothing_and_imports_nothing(project):
    def times():
        paths = [path for path in project.root.rglob("*") if path.is_file()]
        return {path: path.stat().st_mtime_ns for path in paths if "pycache" not in str(path)}

    imports = {"PYTHONPROFILEIMPORTTIME": "1"}
    first = project.build(**imports)
    assert first.returncode == 0 and "| mkdocs" in first.stdout
    before, content = times(), project.kept("site")
    done = project.build(**imports)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^site/ is up to date: \d+ files, \d+\.\d MB, \d+\.\d s$", done.stdout, re.M)
    assert times() == before
    imported = re.findall(r"\| +([\w.]+)$", done.stdout, re.M)
    heavy = {"mkdocs", "torch", "matplotlib", "nbclient", "jupytext", "markdown"}
    assert "slidingwindows.site.unchanged" in imported and not heavy & set(imported)
    # A page that is edited by hand is made again.
    page = project.site / "lessons" / "beta" / "index.html"
    page.write_text("by hand", "utf-8")
    mended = project.build(**imports)
    assert mended.returncode == 0 and "is up to date" not in mended.stdout
    after = project.kept("site")
    assert after.keys() == content.keys()
    assert {name for name in after if after[name] != content[name]} <= {"sitemap.xml.gz"}


CONVERTER = """
import sys
from slidingwindows.course.later import on_demand
for module in ("jupytext", "mkdocs_jupyter.convert", "no_such_module"):
    on_demand(module)
import mkdocs_jupyter.plugin as plugin
def told():
    return [name in sys.modules for name in ("nbformat", "tornado", "nbconvert", "no_such_module")]
print(told())
from jupytext.jupytext import reads
print(told(), len(reads("1 + 1", "py:percent").cells))
print(told()[1:], plugin.jupytext.__version__.count("."), told()[1:])
print(callable(plugin.convert.nb2html), told())
"""
CONVERTED = """\
[False, False, False, False]
[True, False, False, False] 1
[False, False, False] 2 [True, False, False]
True [True, True, True, False]
"""


def test_what_reads_and_converts_notebooks_is_imported_when_it_is_asked_for():
    done = subprocess.run([sys.executable, "-c", CONVERTER], capture_output=True, text=True)
    assert done.stdout == CONVERTED, done.stderr


INPUTS = {
    "a lesson": "lessons/alpha.py",
    "a new lesson": "lessons/gamma.py",
    "a lesson's picture": "lessons/images/new.svg",
    "a lesson's data": "lessons/data/new.csv",
    "a page": "docs/index.md",
    "a new page": "docs/new.md",
    "a hidden page": "docs/.well-known/security.txt",
    "settings": "mkdocs.yml",
    "the style": "assets/site.css",
    "a module of the script": "assets/ui/player.js",
    "a template": "assets/theme/main.html",
    "whatever else a plugin may read": "snippets/new.md",
    "the package": "../home/scripts/slidingwindows/drawing/style.py",
    "a template of the package": "../home/scripts/slidingwindows/site/templates/new.txt",
    "the package's style": "../home/assets/site.css",
    "the package's licence": "../home/LICENSE",
    "the files of a package": "../packages/other-1.0.dist-info/RECORD",
    "another package": "../packages/more-2.0.dist-info/RECORD",
}


@pytest.mark.parametrize("what", INPUTS)
def test_an_edit_of_what_a_page_may_be_made_from_counts(alone, what):
    before = key(alone)
    assert before and key(alone) == before
    write(alone.root / INPUTS[what], "\n")
    assert key(alone) not in ("", before)


def test_what_is_deleted_renamed_or_linked_counts(alone, tmp_path):
    keys = [key(alone)]
    (alone.root / "docs" / "square.png").rename(alone.root / "docs" / "other.png")
    keys.append(key(alone))
    (alone.root / "docs" / "other.png").unlink()
    keys.append(key(alone))
    (alone.packages / "other-1.0.dist-info").rename(alone.packages / "other-1.1.dist-info")
    keys.append(key(alone))
    write(tmp_path / "far" / "page.md")
    (alone.root / "docs" / "far").symlink_to(tmp_path / "far")
    (alone.root / "docs" / "round").symlink_to(alone.root / "docs")  # which has no end
    keys.append(key(alone))
    write(tmp_path / "far" / "page.md")
    keys.append(key(alone))
    assert len(set(keys)) == len(keys) and all(keys)


def test_variables_count_but_for_those_that_differ_from_call_to_call(alone, monkeypatch):
    keys = [key(alone)]
    for name in ("SITE_URL", "SOURCE_DATE_EPOCH", "SLIDINGWINDOWS_TIMEOUT", "ANY_OTHER", "LC_ALL"):
        monkeypatch.setenv(name, "1")
        keys.append(key(alone))
    assert len(set(keys)) == len(keys) and all(keys)
    for name in ("_", "SHLVL", "OLDPWD", "MAKELEVEL", "MAKEFLAGS", "MAKE_TERMOUT", "COLUMNS"):
        monkeypatch.setenv(name, "987")
    assert key(alone) == keys[-1]


def test_commit_counts_and_outside_a_repository_the_day(alone, monkeypatch):
    before = key(alone)
    subprocess.run(COMMIT.split(), cwd=alone.root, check=True)
    assert key(alone) not in ("", before)
    shutil.rmtree(alone.root / ".git")
    outside = key(alone)
    monkeypatch.setattr(unchanged, "datetime", Tomorrow)
    assert outside and key(alone) not in ("", outside)


class Tomorrow(unchanged.datetime):
    @classmethod
    def now(cls, zone=None):
        return cls(2100, 1, 1, tzinfo=zone)


def test_what_tools_and_builds_write_does_not_count(alone):
    before = key(alone)
    for name in (".cache/x", "site/x", "dist/x", ".git/x", "docs/__pycache__/x.pyc"):
        write(alone.root / name)
    for folder, mark in (("env", "pyvenv.cfg"), (".some_cache", "CACHEDIR.TAG")):
        write(alone.root / folder / mark)
        write(alone.root / folder / "x")
    assert key(alone) == before


@pytest.mark.parametrize(
    "line",
    [
        "hooks: [{}/hook.py]",
        "docs_dir: ../elsewhere",
        "theme: {{custom_dir: ../../elsewhere}}",  # from docs/
        "INHERIT: !ENV [ELSEWHERE, none]",
        "plugins:\n  - one:\n      places: |\n        none\n        {}",
    ],
)
def test_settings_that_lead_out_of_the_project_give_no_key(alone, tmp_path, monkeypatch, line):
    write(tmp_path / "elsewhere" / "hook.py")
    monkeypatch.setenv("ELSEWHERE", str(tmp_path / "elsewhere"))
    alone.write("mkdocs.yml", "site_name: x\nnot_in_nav: |\n  /drafts\nempty: ~\nsite_url: /\n")
    assert key(alone)
    write(alone.root / "mkdocs.yml", line.format(tmp_path / "elsewhere"))
    assert key(alone) == ""


def test_packages_that_are_edited_or_found_elsewhere_count(alone, tmp_path, monkeypatch):
    def installed_from(folder, editable):
        return json.dumps({"url": folder.as_uri(), "dir_info": {"editable": editable}})

    edited, modules = tmp_path / "far away" / "plugin.py", tmp_path / "modules" / "module.py"
    write(edited)
    write(modules)
    origin = alone.packages / "other-1.0.dist-info" / "direct_url.json"
    monkeypatch.setattr(sys, "path", [*sys.path, str(modules.parent)])
    keys = []
    for place, editable in ((edited.parent, False), (alone.root, True), (edited.parent, True)):
        origin.write_text(installed_from(place, editable))
        keys.append(key(alone))
    assert keys[0] == keys[1] != keys[2]  # of a copy, the package's own list of files counts
    for file in (edited, modules):
        write(file)
        keys.append(key(alone))
    assert len(set(keys)) == len(keys) - 1 and all(keys)
    monkeypatch.setattr(unchanged, "MANY", 2)
    assert key(alone) == keys[-1]
    write(modules.parent / "more.py")
    assert key(alone) == ""


def test_mkdocs_waits_for_its_arguments_and_ends_without(alone):
    """What it imports ahead may be at fault; the build that it is told to make says so, once."""
    settings = alone.root / "mkdocs.yml"
    settings.write_text(settings.read_text("utf-8") + "\nno_such_setting: 1\n", "utf-8")
    with site._mkdocs(alone.root) as waiting:
        assert waiting.communicate("") == ("", None) and waiting.returncode == 1
    with site._mkdocs(alone.root) as told:
        said, _ = told.communicate(json.dumps(["build", "--strict", "--site-dir", "away"]) + "\n")
        assert told.returncode and said.count("Unrecognised configuration name") == 1
    with site._mkdocs(alone.root) as left:
        assert left.poll() is None
    assert left.returncode


@pytest.fixture
def building(alone, monkeypatch):
    """Builds in this process, with ``alone.act`` in place of MkDocs's work."""
    alone.act, alone.calls = lambda folder: None, []

    class MkDocs:
        def communicate(self, line):
            *how, folder = map(Path, json.loads(line))
            assert how == [Path("build"), Path("--strict"), Path("--site-dir")]
            alone.calls.append(folder)
            folder.joinpath("index.html").write_text("page", "utf-8")
            self.returncode = alone.act(folder) or 0
            return "", None

    monkeypatch.setattr(site, "_mkdocs", lambda root: contextlib.nullcontext(MkDocs()))
    monkeypatch.setattr(prepare, "prepare", lambda root: None)
    monkeypatch.setattr(settings, "settings_of", lambda root: {})  # MkDocs cannot be found here
    alone.stamp = alone.cache / unchanged.STAMP
    alone.stamp.unlink()  # of another environment
    return alone


def test_finished_build_is_noted_and_not_done_again(building, capsys):
    for calls in (1, 1):
        site.build(building.root)
        assert len(building.calls) == calls and building.stamp.is_file()
    assert "site/ is up to date: 1 files" in capsys.readouterr().out
    noted = building.stamp.read_text("utf-8")
    site.build(building.root, keep=True)
    assert building.stamp.read_text("utf-8") == noted and not building.leftovers()


def test_only_where_no_lesson_has_run_their_process_starts_before_they_are_read(
    building, monkeypatch
):
    begun, reads = [], threading.Event()
    monkeypatch.setattr(execution, "warm_up_unread", lambda path: (begun.append(path), reads.set()))
    monkeypatch.setattr(prepare, "prepare", lambda root: reads.wait(60))  # not over before it
    executed = building.cache / "executed"
    executed.rename(executed.with_name("away"))
    site.build(building.root)
    assert begun == [building.root / "lessons"]
    executed.mkdir()
    building.stamp.unlink()
    site.build(building.root)
    assert len(building.calls) == 2 and len(begun) == 1


def failing(folder):
    return 1


def interrupted(folder):
    raise KeyboardInterrupt


def edited_meanwhile(folder):
    write(folder.parents[1] / "lessons" / "alpha.py")


@pytest.mark.parametrize("act", [failing, interrupted, edited_meanwhile])
def test_build_that_failed_was_stopped_or_read_an_edit_is_not_noted(building, act):
    building.act = act
    if act is edited_meanwhile:
        site.build(building.root)
    else:
        with pytest.raises((SlidingWindowsError, KeyboardInterrupt)):
            site.build(building.root)
    assert len(building.calls) == 1 and not building.stamp.exists()
    building.act = lambda folder: None
    site.build(building.root)
    assert len(building.calls) == 2 and building.stamp.exists()


def change(path, text="other"):
    path.write_text(text, "utf-8")


DAMAGES = {
    "a page edited": lambda p: change(p.site / "index.html"),
    "a page deleted": lambda p: (p.site / "index.html").unlink(),
    "a file added": lambda p: change(p.site / "more.html"),
    "no site": lambda p: shutil.rmtree(p.site),
    "a figure of the cache gone": lambda p: (p.cache / "figures" / "tiny-plot.dark.png").unlink(),
    "a page of the cache damaged": lambda p: change(p.cache / "pages" / "beta.md"),
    "a notebook of the cache gone": lambda p: shutil.rmtree(p.cache / "notebooks"),
    "prepared for other lessons": lambda p: change(p.cache / "prepared.json", '{"entries": []}'),
    "no preparation": lambda p: (p.cache / "prepared.json").unlink(),
    "a stamp of something else": lambda p: change(p.cache / unchanged.STAMP, "[]"),
    "what a killed build left": lambda p: (p.cache / "site-killed").mkdir(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_to_what_was_written_is_found(building, damage):
    site.build(building.root)
    DAMAGES[damage](building)
    site.build(building.root)
    assert len(building.calls) == 2


def test_check_always_builds_and_leaves_the_note_alone(building, monkeypatch):
    site.build(building.root)
    noted = building.stamp.read_text("utf-8")
    monkeypatch.setattr(checks, "check_site", lambda *arguments: None)
    monkeypatch.setattr(site, "_address", lambda root: "")  # MkDocs cannot be found here
    site.build(building.root, keep=False)
    assert len(building.calls) == 2 and building.stamp.read_text("utf-8") == noted
    site.build(building.root)
    assert len(building.calls) == 2
