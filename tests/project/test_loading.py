"""What the contracts of imports in pyproject.toml cannot say: what is loaded, and by whom."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

import slidingwindows

HERE = Path(slidingwindows.__file__).parent
MODULES = {
    ".".join(path.relative_to(HERE).with_suffix("").parts): path for path in HERE.rglob("*.py")
}
# All that imports find at the top: what everybody may import, and the command line.
AT_THE_TOP = {"__init__", "__main__", "lesson", "conv_arithmetic"}
PICTURES = sorted(name for name in MODULES if name.startswith(("words.", "drawing.", "export.")))


@functools.cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text("utf-8"))


def test_every_other_module_is_in_a_room():
    assert {name for name in MODULES if "." not in name} == AT_THE_TOP
    rooms = {name.partition(".")[0] for name in MODULES if "." in name}
    assert rooms == {
        "core", "tracing", "words", "drawing", "export", "course", "site", "testing", "cli"
    }  # fmt: skip
    assert all(f"{room}.__init__" in MODULES for room in rooms)


def libraries(module: str) -> set[str]:
    """Top-level packages other than this one that a module imports, inside functions too."""
    names = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.partition(".")[0])
    return names - {"slidingwindows"}


@pytest.mark.parametrize("module", sorted(name for name in MODULES if name.startswith("core.")))
def test_numbers_need_the_standard_library_alone(module):
    assert libraries(module) <= sys.stdlib_module_names


def test_torch_is_where_it_is_looked_for():
    asks = {name for name in MODULES if "torch" in libraries(name)}
    assert {"tracing.slide", "tracing.pooling", "tracing.route", "tracing.network"} <= asks
    assert {name.partition(".")[0] for name in asks} <= {"tracing", "course", "testing", "cli"}


def loaded_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has after running code."""
    code += "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_the_package_leaves_torch_alone():
    loaded = loaded_after("import slidingwindows; assert 'slide' in slidingwindows.__all__")
    assert "slidingwindows" in loaded
    assert not loaded & {"torch", "matplotlib", "numpy", "PIL"}


def test_importing_all_pictures_and_what_lessons_import_leaves_torch_alone():
    modules = [*PICTURES, "lesson"]
    code = "\n".join(f"import slidingwindows.{module}" for module in modules)
    assert len(modules) > 20 and "torch" not in loaded_after(code)


def test_slide_brings_torch():
    code = "from slidingwindows import slide, funnel; assert slide.__name__ == 'slide'"
    assert "torch" in loaded_after(code)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'slides'"):
        _ = slidingwindows.slides
    assert all(hasattr(slidingwindows, name) for name in slidingwindows.__all__)


def public(module: str):
    """(name, node) of a module and of its public classes and functions."""
    yield module, tree(module)
    for node in tree(module).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield f"{module}.{node.name}", node


@pytest.mark.parametrize("module", sorted(MODULES))
def test_everything_public_has_a_docstring(module):
    missing = [name for name, node in public(module) if not ast.get_docstring(node)]
    assert missing == []
