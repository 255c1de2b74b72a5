"""This course's lessons, and one run of each for all of its tests."""

import json
import re
from functools import cache
from pathlib import Path

from slidingwindows.course.lessons import paths_of
from slidingwindows.course.prepare import cache_of, prepare
from slidingwindows.testing import run as of

ROOT = Path(__file__).parents[2]
LESSONS = ROOT / "lessons"
NAMES = [path.stem for path in paths_of(LESSONS)]


def executed(name: str) -> list[list[dict]]:
    """The outputs of each code cell that the lesson's page has, executed if they are stale."""
    prepare(ROOT, only=name, report=lambda line: None)
    return json.loads((cache_of(ROOT) / "executed" / f"{name}.json").read_text("utf-8"))


def run(name: str) -> of.Run:
    """The lesson's run; the first caller pays for it."""
    return of.run(LESSONS, name)


@cache
def source(name: str) -> str:
    """The text of a lesson's file."""
    return (LESSONS / f"{name}.py").read_text("utf-8")


def told_in(name: str, *words: str) -> bool:
    """Whether another lesson holds these words, which its own test has to prove."""
    return all(one in source(name) for one in words)


def lessons_after(name: str) -> list[str]:
    """The lessons behind this one in the menu, in order."""
    menu = re.findall(r"lessons/([\w-]+)\.ipynb", (ROOT / "mkdocs.yml").read_text("utf-8"))
    return menu[menu.index(name) + 1 :]
