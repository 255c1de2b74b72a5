"""ARCHITECTURE.md against the code: its rooms, its arrows and its places."""

import ast
import re
from pathlib import Path

import slidingwindows

PACKAGE = Path(slidingwindows.__file__).parent
ROOT = PACKAGE.parents[1]
TEXT = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def rooms_imported_by(path):
    """First names below the package of all that a module in a room imports."""
    room = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            above = room[: len(room) - node.level + 1] if node.level else ()
            name = [*above, *(node.module or "").split(".")]
            if not node.level:
                if name[0] != "slidingwindows":
                    continue
                name = name[1:]
            name = [part for part in name if part]
            yield from name[:1] or [alias.name for alias in node.names]


def test_the_drawing_has_the_imports_that_there_are():
    drawn = set()
    for source, targets in re.findall(r"^    (\w+) --> (.+)$", TEXT, re.MULTILINE):
        drawn |= {(source, target) for target in targets.split(" & ")}
    real = {
        (room, target)
        for room in ROOMS
        for path in (PACKAGE / room).rglob("*.py")
        for target in rooms_imported_by(path)
        if target in ROOMS and target != room
    }
    assert drawn == real and len(drawn) > 15


def test_each_room_is_told_as_it_tells_itself():
    told = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", TEXT, re.MULTILINE))
    assert sorted(told) == ROOMS
    for room, sentence in told.items():
        tree = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))
        assert ast.get_docstring(tree) == sentence


def test_every_file_that_it_names_exists():
    named = set(re.findall(r"`([\w/.-]+\.(?:py|js|css|yml|toml))`", TEXT))
    assert len(named) > 40
    for name in named:
        beside = [ROOT / name, PACKAGE / name, PACKAGE / "course" / name, ROOT / "assets" / name]
        assert any(path.is_file() for path in beside), name
    rows = TEXT.partition("## Where to change what")[2].count("\n| ")
    assert rows - 1 >= 20


def test_a_rule_in_python_and_in_script_is_named_with_both():
    twins = {}
    for path in (ROOT / "assets" / "engine").glob("*.js"):
        for room in ("core", "tracing"):
            if (PACKAGE / room / f"{path.stem}.py").is_file():
                twins[f"`{room}/{path.stem}.py`"] = f"`assets/engine/{path.name}`"
    assert len(twins) >= 3
    rows = TEXT.partition("## Where to change what")[2].splitlines()
    for python, script in twins.items():
        naming = [row for row in rows if script in row]
        assert naming and all(python in row for row in naming), script


def test_readme_and_contributing_link_to_it():
    for page in ("README.md", "CONTRIBUTING.md"):
        assert "(ARCHITECTURE.md)" in (ROOT / page).read_text("utf-8")


def test_rooms_of_the_script_import_as_they_are_told():
    rooms = {"engine": {"engine"}, "torch": {"engine", "torch"}, "ui": {"engine", "torch", "ui"}}
    folders = {path.name for path in (ROOT / "assets").iterdir() if any(path.glob("*.js"))}
    assert set(re.findall(r"^\| `assets/(\w+)/` \|", TEXT, re.M)) == folders == set(rooms)
    for room, known in rooms.items():
        for path in (ROOT / "assets" / room).rglob("*.js"):
            found = re.findall(r'\bimport\b[^;]*?"(\.[^"]+)"', path.read_text("utf-8"))
            taken = {
                (path.parent / one).resolve().relative_to(ROOT / "assets").parts[0] for one in found
            }
            assert taken <= known, path
