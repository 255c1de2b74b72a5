"""A lesson in five minutes: what new-lesson writes, and what it refuses."""

import subprocess
import sys
from pathlib import Path

import pytest

from slidingwindows import SlidingWindowsError, execution, lessons
from slidingwindows.new_lesson import name_of, new_lesson, with_entry

ROOT = Path(__file__).parents[2]
NAV = """nav:
  - Home: index.md
  - Lessons:
      - lessons/alpha.ipynb  # not the last
      - lessons/beta.ipynb
  - Gallery:
      - lessons/gamma.ipynb
theme: {name: material}  # kept
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "mkdocs.yml").write_text(NAV.replace("  # not the last", ""))
    return tmp_path


def run(root, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "slidingwindows", "new-lesson", "--root", str(root), *arguments],
        capture_output=True,
        text=True,
    )


def test_what_is_written_runs(root):
    """That its tests pass too, tests/site/test_scaffold.py shows."""
    done = run(root, "Größer: pooling & time?")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "wrote lessons/grosser-pooling-time.py",
        "wrote tests/lessons/test_grosser_pooling_time.py",
        "wrote mkdocs.yml",
    ]
    path = root / "lessons" / "grosser-pooling-time.py"
    lesson = lessons.read(path)
    assert lesson.meta["title"] == "Größer: pooling & time?"
    outputs = execution.execute(lesson)
    assert "tensor([[[4., 5.]" in str(outputs) and "(3, 3)" in str(outputs)
    assert (root / "mkdocs.yml").read_text().count("grosser") == 1


def test_its_test_fails_when_a_number_is_wrong(root):
    lesson, test, _ = new_lesson(root, "Wrong")
    lesson.write_text(lesson.read_text("utf-8").replace("2 rows and 2 columns", "2 rows and 3"))
    claims = (ROOT / "tests" / "lessons" / "claims.py").read_text("utf-8")
    (test.parent / "claims.py").write_text(claims, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", str(test)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 1 and "does not say" in done.stdout


def test_the_place_in_the_navigation(root):
    new_lesson(root, "Delta")
    text = (root / "mkdocs.yml").read_text()
    assert "      - lessons/beta.ipynb\n      - lessons/delta.ipynb\n  - Gallery:\n" in text
    assert text.replace("      - lessons/delta.ipynb\n", "") == NAV.replace("  # not the last", "")
    with pytest.raises(SlidingWindowsError, match="lists no lesson"):
        with_entry("nav:\n  - index.md\n", "delta")


def test_our_own_navigation_can_take_one():
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    text = with_entry(settings, "delta")
    place = "      - lessons/from-scratch-in-numpy.ipynb\n      - lessons/delta.ipynb\n  - Play:\n"
    assert place in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Alpha"], "lessons/alpha.py is there already"),
        ([""], "1 to 60 characters, not 0"),
        (["x" * 61], "1 to 60 characters, not 61"),
        (["日本"], "give one by --name"),
        (["Fine", "--name", "../evil"], "small letters, digits and hyphens"),
        (["Fine", "--name", "Bad Name"], "small letters, digits and hyphens"),
    ],
)
def test_what_cannot_be_is_one_line_and_writes_nothing(root, arguments, words):
    (root / "lessons").mkdir()
    (root / "lessons" / "alpha.py").write_text("")
    before = sorted(root.rglob("*"))
    done = run(root, *arguments)
    assert done.returncode == 2 and words in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sorted(root.rglob("*")) == before


def test_names():
    assert name_of("Max pooling") == "max-pooling"
    assert name_of("  1-D, 2-D & 3-D!  ") == "1-d-2-d-3-d"
    assert name_of("Crème brûlée") == "creme-brulee"


def test_a_folder_without_a_project(tmp_path):
    done = run(tmp_path, "Fine")
    assert done.returncode == 2 and "holds no mkdocs.yml" in done.stderr
