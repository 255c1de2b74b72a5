"""This course's lessons, and one run of each for all of its tests."""

from pathlib import Path

from slidingwindows.course.lessons import paths_of
from slidingwindows.testing import run as of

ROOT = Path(__file__).parents[2]
LESSONS = ROOT / "lessons"
NAMES = [path.stem for path in paths_of(LESSONS)]


def run(name: str) -> of.Run:
    """The lesson's run; the first caller pays for it."""
    return of.run(LESSONS, name)
