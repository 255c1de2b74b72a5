"""Scripts of the site: bundled when stale, whole or not at all. Its style: the figures' colours."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from slidingwindows import SlidingWindowsError
from slidingwindows.course import execution, home, warm
from slidingwindows.drawing.style import DARK, LIGHT, ROLES, THEMES
from slidingwindows.site import assets

ROOT = Path(__file__).parents[2]
NAMES = ["assets/one.js", "assets/two.js"]


@pytest.fixture
def at_home(monkeypatch):
    """at_home(folder): the package finds its own assets there."""

    def there(folder):
        for module in (home, assets):
            monkeypatch.setattr(module, "home", lambda: folder)

    return there


@pytest.fixture
def sources(tmp_path, at_home):
    """A project of two scripts that share a module."""
    at_home(tmp_path)
    room = tmp_path / "assets" / "room"
    room.mkdir(parents=True)
    (room / "shared.js").write_text("export const word = 'first';\n")
    for name in ("one", "two"):
        text = f"import {{ word }} from './room/shared.js';\nglobalThis.{name} = word;\n"
        (tmp_path / "assets" / f"{name}.js").write_text(text)
    (tmp_path / "tsconfig.json").write_text('{"compilerOptions": {"strict": true}}')
    return tmp_path


@pytest.fixture
def calls(monkeypatch):
    """What esbuild was started with."""
    found, run = [], subprocess.run
    monkeypatch.setattr(assets.subprocess, "run", lambda *a, **k: found.append(a) or run(*a, **k))
    return found


def test_each_script_is_one_classic_script(sources, calls):
    folder = sources / "made"
    assert assets.write_bundles(sources, folder) == NAMES and len(calls) == 1
    one, two = ((folder / name).read_text() for name in NAMES)
    assert one.startswith('"use strict";\n(()=>{') and one.endswith("})();\n")
    assert one.count("use strict") == 1  # tsconfig.json, which a copy may lack, changes no byte
    assert "first" in one and "globalThis.one=" in one and "import" not in one
    assert "globalThis.two=" in two and one != two


def test_only_stale_scripts_are_bundled(sources, calls):
    folder = sources / "made"
    assets.write_bundles(sources, folder)
    before = {path.name: path.stat().st_mtime_ns for path in (folder / "assets").iterdir()}
    assert assets.write_bundles(sources, folder) == NAMES and len(calls) == 1
    assert before == {p.name: p.stat().st_mtime_ns for p in (folder / "assets").iterdir()}
    (sources / "assets" / "room" / "shared.js").write_text("export const word = 'second';\n")
    assets.write_bundles(sources, folder)
    assert len(calls) == 2 and "second" in (folder / NAMES[1]).read_text()
    (folder / NAMES[0]).write_text("damaged")
    assets.write_bundles(sources, folder)
    assert len(calls) == 3 and "second" in (folder / NAMES[0]).read_text()


def test_a_fault_is_told_with_its_place_and_changes_nothing(sources):
    folder = sources / "made"
    assets.write_bundles(sources, folder)
    before = {path.name: path.read_bytes() for path in (folder / "assets").iterdir()}
    (sources / "assets" / "room" / "shared.js").write_text("export const word = ;\n")
    with pytest.raises(SlidingWindowsError, match=r"(?s)not bundled:.*assets/room/shared.js:1:20"):
        assets.write_bundles(sources, folder)
    assert before == {path.name: path.read_bytes() for path in (folder / "assets").iterdir()}


def test_without_esbuild_it_says_what_installs_it(sources, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(sources))
    with pytest.raises(SlidingWindowsError, match="holds no esbuild; scripts/node.sh installs it"):
        assets.write_bundles(sources, sources / "made")


def test_a_file_of_a_course_takes_the_place_of_the_package_s(sources, tmp_path_factory):
    """Of the same name directly in assets/; and it may add others. What is not there is ours."""
    course, made = tmp_path_factory.mktemp("course"), sources / "made"
    (sources / "assets" / "site.css").write_text("a { color: light(text); }")
    (sources / "assets" / "other.css").write_text("b {}")
    assert assets.write_bundles(course, made) == NAMES
    assert assets.write_coloured(course, made) == ["assets/other.css", "assets/site.css"]
    assert (made / "assets" / "site.css").read_text() == assets.with_colours(
        "a { color: light(text); }", ""
    )
    (course / "assets").mkdir()
    (course / "assets" / "two.js").write_text("globalThis.mine = 2;\n")
    (course / "assets" / "three.js").write_text("globalThis.three = 3;\n")
    (course / "assets" / "site.css").write_text("c {}")
    assert sorted(assets.write_bundles(course, made)) == sorted([*NAMES, "assets/three.js"])
    assert "globalThis.mine=2" in (made / NAMES[1]).read_text()
    assert "globalThis.one=" in (made / NAMES[0]).read_text()
    assets.write_coloured(course, made)
    assert (made / "assets" / "site.css").read_text() == "c {}"
    assert (made / "assets" / "other.css").read_text() == "b {}"


def test_a_project_without_scripts_needs_no_esbuild(tmp_path, monkeypatch, at_home):
    at_home(tmp_path)
    (tmp_path / "assets").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert assets.write_bundles(tmp_path, tmp_path / "made") == []


def test_a_build_stops_at_a_fault_and_leaves_the_last_good_site(project):
    before = project.kept("site")
    project.edit("assets/network.js", 'whenReady("#network",', 'whenReady("#network" "",')
    done = project.build()
    assert done.returncode == 2 and "assets/network.js:" in done.stdout, done.stdout
    assert project.kept("site") == before


def test_colours_are_those_of_the_figures():
    text = "a { color: light(text); border: 1px solid dark(edge) } b { palette(dark) }"
    found = assets.with_colours(text, "x.css")
    ink, edge = LIGHT.colours[ROLES.index("text")], DARK.colours[ROLES.index("edge")]
    roles = " ".join(f"--fig-{r}: {c};" for r, c in zip(ROLES, DARK.colours, strict=True))
    assert found == f"a {{ color: {ink}; border: 1px solid {edge} }} b {{ {roles} }}"
    assert assets.with_colours("rgb(1 2 3) var(--fig-text)", "x") == "rgb(1 2 3) var(--fig-text)"


@pytest.mark.parametrize("text", ["light(ink)", "dark(PAGE)", "palette(sepia)"])
def test_a_colour_that_no_figure_has_is_refused(text):
    with pytest.raises(SlidingWindowsError, match=r"^assets/x.css: no figure has the colour "):
        assets.with_colours(f"a {{ color: {text} }}", "assets/x.css")


def test_no_colour_of_the_figures_is_written_a_second_time():
    own = {colour for theme in THEMES.values() for colour in theme.colours} - {"#ffffff"}
    paths = [path for path in (ROOT / "assets").rglob("*") if path.is_file()]
    assert len(paths) > 30
    for path in paths:
        text = path.read_text("utf-8").lower()
        assert not [colour for colour in own if colour in text], path


def test_edits_of_a_module_and_of_the_style_reach_the_site(project):
    project.edit("assets/ui/player.js", "Step forward", "One step on")
    project.edit("assets/favicon.svg", "light(window)", "light(hatch)")
    assert "One step on" not in project.read("site/assets/site.js")
    done = project.build()
    assert done.returncode == 0, done.stdout
    assert "One step on" in project.read("site/assets/site.js")
    hatch, window = (LIGHT.colours[ROLES.index(name)] for name in ("hatch", "window"))
    icon = project.read("site/assets/favicon.svg")
    assert hatch in icon and window not in icon and "light(" not in icon
    css = project.read("site/assets/site.css")
    assert f"--fig-hatch: {hatch};" in css and "palette(" not in css.partition("*/")[2]


def test_a_process_that_has_imported_torch_is_asked_first(tmp_path, monkeypatch):
    run = assets.subprocess.run
    monkeypatch.setattr(assets.subprocess, "run", None)
    warm.close()
    warm.server(["slidingwindows.tracing.script"], execution._common())
    first = assets.write_torch(tmp_path)
    warm.close()
    shutil.rmtree(tmp_path / ".cache")
    with pytest.raises(TypeError):
        assets.write_torch(tmp_path)
    monkeypatch.setattr(assets.subprocess, "run", run)
    assert assets.write_torch(tmp_path) == first and "MaxPool2d" in first


def test_a_torch_that_answers_otherwise_stops_the_build(project):
    assert (project.cache / "script" / "torch.js").is_file()
    project.edit(
        "assets/torch/layers.js", "  Linear: linear,", "  Linear: linear,\n  Gone: linear,"
    )
    before = project.kept("site")
    done = project.build()
    assert done.returncode == 2 and "what scripts need from torch was not written" in done.stdout
    assert "'Gone'" in done.stdout and project.kept("site") == before


def rules_of(css: str):
    """(selectors, declarations) of each rule that always holds."""
    depth, begun, head = 0, 0, ""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    for brace in re.finditer(r"[{}]", css):
        if brace[0] == "{" and not depth:
            head, begun = css[begun : brace.start()].strip(), brace.end()
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            if not head.startswith("@"):
                yield head, css[begun : brace.start()]
            begun = brace.end()


def test_no_class_means_two_things():
    """Two parts of the page once had one name, and one lost its width and its windows' edges."""
    found = Counter()
    for head, body in rules_of((ROOT / "assets" / "site.css").read_text("utf-8")):
        if name := re.fullmatch(r"(?:\.md-typeset )?(\.sw-[\w-]+)", head):
            properties = {one.partition(":")[0].strip() for one in body.split(";")} - {""}
            found.update((name[1], one) for one in properties)
    assert len(found) > 200 and max(found.values()) == 1, found.most_common(3)
