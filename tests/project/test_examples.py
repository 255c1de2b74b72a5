"""The examples in docstrings, run."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

import slidingwindows

PACKAGE = Path(slidingwindows.__file__).parent
WITH_EXAMPLES = [
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    for path in sorted(PACKAGE.rglob("*.py"))
    if re.search(r"^ +>>> ", path.read_text("utf-8"), re.M)
]


def test_there_are_examples():
    some = {"core.geometry", "tracing.route", "course.authoring", "tracing.slide"}
    assert some <= set(WITH_EXAMPLES)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_do_as_they_say(name):
    module = importlib.import_module(f"slidingwindows.{name}")
    done = doctest.testmod(module)
    lines = Path(module.__file__).read_text("utf-8").splitlines()
    written = sum(line.lstrip().startswith(">>> ") for line in lines)
    assert done.failed == 0
    assert done.attempted == written, "doctest overlooks some"
