"""This course's lessons, and one run of each for all of its tests."""

import json
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
