"""The classic scripts of the site: bundled when they are stale, whole or not at all."""

import subprocess
import sys

import pytest

from slidingwindows import SlidingWindowsError
from slidingwindows.site import bundles

NAMES = ["assets/one.js", "assets/two.js"]


@pytest.fixture
def sources(tmp_path):
    """A project of two scripts that share a module."""
    room = tmp_path / "assets" / "room"
    room.mkdir(parents=True)
    (room / "shared.js").write_text("export const word = 'first';\n")
    for name in ("one", "two"):
        text = f"import {{ word }} from './room/shared.js';\nglobalThis.{name} = word;\n"
        (tmp_path / "assets" / f"{name}.js").write_text(text)
    return tmp_path


@pytest.fixture
def calls(monkeypatch):
    """What esbuild was started with."""
    found, run = [], subprocess.run
    monkeypatch.setattr(bundles.subprocess, "run", lambda *a, **k: found.append(a) or run(*a, **k))
    return found


def test_each_script_is_one_classic_script(sources, calls):
    folder = sources / "made"
    assert bundles.write_bundles(sources, folder) == NAMES and len(calls) == 1
    one, two = ((folder / name).read_text() for name in NAMES)
    assert one.startswith('"use strict";\n(()=>{') and one.endswith("})();\n")
    assert "first" in one and "globalThis.one=" in one and "import" not in one
    assert "globalThis.two=" in two and one != two


def test_only_stale_scripts_are_bundled(sources, calls):
    folder = sources / "made"
    bundles.write_bundles(sources, folder)
    before = {path.name: path.stat().st_mtime_ns for path in (folder / "assets").iterdir()}
    assert bundles.write_bundles(sources, folder) == NAMES and len(calls) == 1
    assert before == {p.name: p.stat().st_mtime_ns for p in (folder / "assets").iterdir()}
    (sources / "assets" / "room" / "shared.js").write_text("export const word = 'second';\n")
    bundles.write_bundles(sources, folder)
    assert len(calls) == 2 and "second" in (folder / NAMES[1]).read_text()
    (folder / NAMES[0]).write_text("damaged")
    bundles.write_bundles(sources, folder)
    assert len(calls) == 3 and "second" in (folder / NAMES[0]).read_text()


def test_a_fault_is_told_with_its_place_and_changes_nothing(sources):
    folder = sources / "made"
    bundles.write_bundles(sources, folder)
    before = {path.name: path.read_bytes() for path in (folder / "assets").iterdir()}
    (sources / "assets" / "room" / "shared.js").write_text("export const word = ;\n")
    with pytest.raises(SlidingWindowsError, match=r"(?s)not bundled:.*assets/room/shared.js:1:20"):
        bundles.write_bundles(sources, folder)
    assert before == {path.name: path.read_bytes() for path in (folder / "assets").iterdir()}


def test_without_esbuild_it_says_what_installs_it(sources, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(sources))
    with pytest.raises(SlidingWindowsError, match="holds no esbuild; scripts/node.sh installs it"):
        bundles.write_bundles(sources, sources / "made")


def test_a_project_without_scripts_needs_no_esbuild(tmp_path, monkeypatch):
    (tmp_path / "assets").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert bundles.write_bundles(tmp_path, tmp_path / "made") == []


def test_a_build_stops_at_a_fault_and_leaves_the_last_good_site(project):
    before = project.kept("site")
    project.edit("assets/network.js", 'whenReady("#network",', 'whenReady("#network" "",')
    done = project.build()
    assert done.returncode == 2 and "assets/network.js:" in done.stdout, done.stdout
    assert project.kept("site") == before


def test_an_edit_of_a_module_reaches_the_site(project):
    project.edit("assets/ui/player.js", "Step forward", "One step on")
    assert "One step on" not in project.read("site/assets/site.js")
    done = project.build()
    assert done.returncode == 0, done.stdout
    assert "One step on" in project.read("site/assets/site.js")
