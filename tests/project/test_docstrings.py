"""The docstring of each public name tells all that one needs: the page of the API shows it."""

import ast
import importlib
import inspect
import re
import textwrap
from pathlib import Path

import pytest

import slidingwindows
from slidingwindows.site.api_page import MARK, REST, without_words
from slidingwindows.site.api_source import Package

FOLDER = Path(slidingwindows.__file__).parent
PAGE = (FOLDER.parents[1] / "docs" / "reference" / "api.md").read_text("utf-8")
NAMED = [word for mark in MARK.findall(PAGE) for word in mark.split() if word not in REST]
NAMES = sorted({*slidingwindows.__all__, *NAMED, "conv_arithmetic.animation"} - {"__version__"})
PACKAGE = Package(FOLDER)
SHAPE = re.compile(r"\((?:[A-Z], )*[A-Z],?\)")
UNIT = re.compile(
    r"\b(elements?|pixels|milliseconds|positions?|index|indices|counted from 0|how many|"
    r"dimensions|levels|number|power|relative|what torch returned)\b",
    re.IGNORECASE,
)


def living(name):
    """The function or class itself."""
    module, _, own = name.rpartition(".")
    return getattr(importlib.import_module(f"slidingwindows.{module}".rstrip(".")), own)


def of_kind(entry, kind):
    return {part.name: part.text for part in entry.parts if part.kind == kind}


def refuses(thing):
    """Whether its own source makes the one error; of a class, whether making one does."""
    [node] = ast.parse(textwrap.dedent(inspect.getsource(thing))).body
    if isinstance(node, ast.ClassDef):
        node.body = [one for one in node.body if getattr(one, "name", "").startswith("__")]
    calls = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    return any(getattr(one, "id", "") in ("SlidingWindowsError", "one_error") for one in calls)


@pytest.mark.parametrize("name", NAMES)
def test_sections_of_a_public_name(name):
    entry, thing = PACKAGE.entry(name), living(name)
    assert entry.parts[0].kind == "text" and entry.parts[0].text.endswith(".")
    assert without_words(entry) == []
    kinds = {part.kind for part in entry.parts}
    assert {"example", "source"} <= kinds
    if not inspect.isclass(thing):
        assert ("returns" in kinds) == (inspect.signature(thing).return_annotation != "None")
    if refuses(thing):
        assert "SlidingWindowsError" in of_kind(entry, "raises")


@pytest.mark.parametrize("name", NAMES)
def test_shapes_and_units_of_what_one_gives(name):
    entry = PACKAGE.entry(name)
    told = of_kind(entry, "parameter") | of_kind(entry, "field")
    for parameter, found in inspect.signature(living(name)).parameters.items():
        annotation = str(getattr(found.annotation, "__forward_arg__", found.annotation))
        if re.search(r"Tensor|Plane|Shades", annotation):
            assert SHAPE.search(told[parameter]), f"{parameter} has a shape: {told[parameter]}"
        elif re.search(r"\b(int|float|Positions)\b", annotation):
            words = told[parameter]
            assert UNIT.search(words) or SHAPE.search(words), f"{parameter} has a unit: {words}"


@pytest.mark.parametrize("name", NAMES)
def test_methods_tell_what_they_return_and_refuse(name):
    owner = living(name)
    for member in PACKAGE.entry(name).members:
        assert member.parts[0].text.endswith("."), member.name
        if member.kind == "method":
            assert of_kind(member, "returns"), member.name
            if refuses(getattr(owner, member.name)):
                assert "SlidingWindowsError" in of_kind(member, "raises"), member.name
        elif re.search(r"\b(int|float)\b", member.signature):
            assert UNIT.search(member.parts[0].text), member.parts[0].text


def test_all_names_are_looked_at():
    assert len(NAMES) > 24
    classes = [name for name in NAMES if inspect.isclass(living(name))]
    assert [name for name in classes if refuses(living(name))]
    assert sum(len(PACKAGE.entry(name).members) for name in classes) > 60
