"""The package's types: mypy finds nothing, and whoever imports the package gets them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from mypy import api

import slidingwindows

PACKAGE = Path(slidingwindows.__file__).parent
ROOT = PACKAGE.parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]
LAZY = ("funnel", "receptive_field", "route", "save", "slide")
READER = "\n".join(
    [
        "import slidingwindows",
        *(f"reveal_type(slidingwindows.{name})" for name in LAZY),
        "reveal_type(slidingwindows.Trace.at)",
        "slidingwindows.slides",
    ]
)


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What mypy says of all that `make lint` gives it, and of a reader's own module."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "reader.py").write_text(READER, "utf-8")
    names = [word for name in SETTINGS["packages"] for word in ("-p", name)]
    names += [word for name in [*SETTINGS["modules"], "reader"] for word in ("-m", name)]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("MYPYPATH", str(folder))
        out, wrong, _ = api.run(["--no-pretty", "--hide-error-context", *names])
    assert not wrong
    return out.splitlines()


def test_mypy_finds_no_error_but_the_readers_own(said):
    errors = [line for line in said if ": error: " in line]
    assert len(errors) == 1, "\n".join(said)
    assert 'Module has no attribute "slides"' in errors[0] and "reader.py" in errors[0]


def test_what_is_imported_on_demand_has_its_type(said):
    types = re.findall(r'note: Revealed type is "(.*)"', "\n".join(said))
    assert len(types) == len(LAZY) + 1
    for name, type_ in zip([*LAZY, "Trace.at"], types, strict=True):
        assert type_.startswith("def (") and "Any" not in type_, f"{name}: {type_}"
    of_slide = types[LAZY.index("slide")]
    for parameter in ("module: torch.nn", "input: torch", "channel: int =", "**kwargs:"):
        assert parameter in of_slide, of_slide


def test_strictness_is_for_what_draws_and_what_users_import():
    assert SETTINGS["strict"] is True
    rooms = {f"slidingwindows.{room}" for room in ("core", "words", "drawing", "export")}
    assert set(SETTINGS["packages"]) == rooms
    at_the_top = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    public = {"slidingwindows", *(f"slidingwindows.{name}" for name in at_the_top)}
    assert set(SETTINGS["modules"]) == public


def test_what_is_checked_imports_nothing_that_mypy_does_not_read():
    """What comes from such a module would pass for anything."""
    (skipped,) = (
        [f"{name}." for name in one["module"]]
        for one in SETTINGS["overrides"]
        if one["follow_imports"] == "skip"
    )
    rooms = [PACKAGE / name.rpartition(".")[2] for name in SETTINGS["packages"]]
    paths = [*PACKAGE.glob("*.py"), *(path for room in rooms for path in room.rglob("*.py"))]
    imported = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {f"{alias.name}." for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported |= {f"{node.module}.", *(f"{node.module}.{a.name}." for a in node.names)}
    assert {"matplotlib", "numpy"} <= {name.partition(".")[0] for name in imported}
    assert not [name for name in imported if name.startswith(tuple(n[:-2] for n in skipped))]


def test_make_lint_runs_mypy():
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\nlint:")[2].partition("\n\n")[0]
    assert "\t$(BIN)/mypy\n" in recipe + "\n"


def test_users_type_checkers_may_read_the_types():
    assert (PACKAGE / "py.typed").read_bytes() == b""


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_no_signature_takes_or_gives_anything_at_all(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = node.args
            arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs]
            arguments += [one for one in (given.vararg, given.kwarg) if one]
            types = [one.annotation for one in arguments if one.annotation]
            for hint in [*types, *([node.returns] if node.returns else [])]:
                assert not re.search(r"\bAny\b", ast.unparse(hint)), f"{path}: {node.name}"


def test_dir_lists_every_public_name_before_it_is_imported():
    code = "import slidingwindows, sys; print(*dir(slidingwindows)); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names, loaded = (line.split() for line in run.stdout.splitlines())
    assert set(slidingwindows.__all__) <= set(names) and names == sorted(names)
    assert "torch" not in loaded
