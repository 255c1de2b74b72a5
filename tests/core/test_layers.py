"""Who imports whom, read from the source: torch stays in a few modules, pictures in others."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import slidingwindows

HERE = Path(slidingwindows.__file__).parent
TREES = {
    ".".join(path.relative_to(HERE).with_suffix("").parts): ast.parse(path.read_text("utf-8"))
    for path in HERE.rglob("*.py")
}
# The only modules that may ask torch.
ASKS_TORCH = {"tensors", "pooling", "convolution", "operations", "networks", "parsing"}
ASKS_TORCH |= {"requests", "adaptive", "gradients", "rearranging", "conv_arithmetic", "calls"}
ASKS_TORCH |= {"undisturbed", "modules", "running", "counting", "probing", "measuring", "surrogate"}
ASKS_TORCH |= {"sight"}
NUMBERS_ALONE = {"errors", "notation", "folding", "geometry", "trace", "arithmetic"}
NUMBERS_ALONE |= {"backward", "moves", "uneven", "plain", "transfer", "wording", "recipes"}
NUMBERS_ALONE |= {"receptive", "feature_maps", "fields", "field_words", "tables"}
PICTURES = {"style", "canvas", "layout", "panels", "drawing", "frames", "funnel_frames", "gif"}
PICTURES |= {"sizes", "sheets", "placing", "legend", "scene", "moving", "grids", "transfer_words"}
PICTURES |= {"funnel_plan", "field_plan", "field_drawing", "field_frames"}
PICTURES |= {"regions", "description", "renderers", "artefacts", "plotting", "lesson", "mathml"}
SITE = {"lessons", "execution", "pages", "prepare", "site", "hooks", "embed", "contents", "sources"}
PICTURES |= {"around", "returning", "stepping"}
PICTURES |= {"filmstrip", "saving", "encoding", "reading", "reel"}
PICTURES |= {"colouring", "packing", "handouts", "credits"}
NUMBERS_ALONE |= {"listing", "jsonlines", "move_words"}
SITE |= {"glossary", "photo", "cited", "stamps", "social", "sharing", "course_data", "policy"}
SITE |= {"offline", "takeaway", "book", "pdf", "new_lesson", "site_checks", "lighter"}
SITE |= {"searching", "cloud", "inert", "figure_data", "notices"}
SITE |= {"blocks", "exercises", "fragments", "machine", "notebooks", "outputs", "tags", "terminal"}
SITE |= {"events", "chromium", "guard", "failing", "printed"}
SITE |= {"gallery", "docstrings", "api_signature", "api_source", "api_html", "api_page"}


def imports_of(module: str, root: ast.AST) -> set[str]:
    """Full names of what a syntax tree imports, nested imports too."""
    names = set()
    for node in ast.walk(root):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            place = ["slidingwindows", *module.split(".")]
            assert node.level < len(place), f"{module}: imports from above the package"
            room = place[: -node.level] if node.level else []
            base = ".".join([*room, *filter(None, [node.module])])
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def steps_from(module: str) -> tuple[set[str], set[str]]:
    """(modules of this package, top-level names of other packages) that a module imports."""
    inside, outside = set(), set()
    for name in imports_of(module, TREES[module]):
        first, _, rest = name.partition(".")
        if first != "slidingwindows":
            outside.add(first)
            continue
        parts = rest.split(".")
        starts = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
        # The package itself offers names, two of them only once they are asked for.
        lazy = {"slide": "operations", "funnel": "networks", "route": "gradients"}
        lazy["receptive_field"] = "probing"
        named = next((start for start in starts if start in TREES), None)
        inside.add(named or lazy.get(parts[0], "trace"))
    return inside, outside


@cache
def reached(module: str) -> tuple[set[str], set[str]]:
    """The same, followed to the end."""
    todo, seen, outside = [module], set(), set()
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            inside, others = steps_from(current)
            todo, outside = todo + list(inside), outside | others
    return seen - {module}, outside


WITHOUT_TORCH = sorted((set(TREES) - ASKS_TORCH - {"__init__"}) & (NUMBERS_ALONE | PICTURES | SITE))


def test_the_sweep_covers_what_it_should():
    assert NUMBERS_ALONE | ASKS_TORCH <= set(TREES)
    assert {"style", "canvas", "layout", "frames", "gif", "description"} <= set(WITHOUT_TORCH)
    known = (
        NUMBERS_ALONE
        | PICTURES
        | SITE
        | ASKS_TORCH
        | {"__init__", "__main__", "shell", "commands", "values", "weights"}
    )
    assert set(TREES) == known, "put each new module in one of the sets above"


@pytest.mark.parametrize("module", WITHOUT_TORCH)
def test_torch_is_never_reached(module):
    inside, outside = reached(module)
    assert "torch" not in outside, f"{module} reaches torch through {sorted(inside)}"


@pytest.mark.parametrize("module", sorted(ASKS_TORCH))
def test_modules_that_ask_torch_do(module):
    """The search above finds torch where it is."""
    assert "torch" in reached(module)[1]


@pytest.mark.parametrize("module", sorted(NUMBERS_ALONE | ASKS_TORCH))
def test_numbers_know_no_pictures(module):
    inside, outside = reached(module)
    assert not inside & (PICTURES | SITE)
    assert not outside & {"matplotlib", "PIL", "mkdocs", "nbformat"}


@pytest.mark.parametrize("module", sorted(NUMBERS_ALONE))
def test_numbers_need_the_standard_library_alone(module):
    assert reached(module)[1] <= sys.stdlib_module_names


@pytest.mark.parametrize("module", sorted(TREES))
def test_no_module_reaches_itself(module):
    assert all(module not in reached(other)[0] for other in steps_from(module)[0])


def loaded_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has after running code."""
    code += "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_the_package_leaves_torch_alone():
    loaded = loaded_after("import slidingwindows; assert 'slide' in slidingwindows.__all__")
    assert "slidingwindows" in loaded
    assert not loaded & {"torch", "matplotlib", "numpy", "PIL"}


def test_importing_all_pictures_leaves_torch_alone():
    modules = sorted(PICTURES & set(TREES))
    code = "\n".join(f"import slidingwindows.{module}" for module in modules)
    assert "torch" not in loaded_after(code)


def test_slide_brings_torch():
    code = "from slidingwindows import slide, funnel; assert slide.__name__ == 'slide'"
    assert "torch" in loaded_after(code)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'slides'"):
        _ = slidingwindows.slides
    assert all(hasattr(slidingwindows, name) for name in slidingwindows.__all__)


def public(module: str):
    """(name, node) of a module and of its public classes and functions."""
    yield module, TREES[module]
    for node in TREES[module].body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield f"{module}.{node.name}", node


@pytest.mark.parametrize("module", sorted(TREES))
def test_everything_public_has_a_docstring(module):
    missing = [name for name, node in public(module) if not ast.get_docstring(node)]
    assert missing == []
