"""A lesson in five minutes: what new-lesson writes, and what it refuses."""

from pathlib import Path

import pytest

from slidingwindows import SlidingWindowsError
from slidingwindows.course import execution, lessons
from slidingwindows.course.scaffold import advice, name_of, new_lesson, with_entry

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


@pytest.fixture
def write(run, root):
    """write('Title', ...): the command new-lesson in that project."""
    return lambda *arguments: run("new-lesson", "--root", str(root), *arguments)


def test_what_is_written_runs(root, write):
    """That its tests pass too, tests/browser/test_scaffold.py shows."""
    done = write("Größer: pooling & time?")
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
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


def test_the_place_in_the_navigation(root):
    new_lesson(root, "Delta")
    text = (root / "mkdocs.yml").read_text()
    assert "      - lessons/beta.ipynb\n      - lessons/delta.ipynb\n  - Gallery:\n" in text
    assert text.replace("      - lessons/delta.ipynb\n", "") == NAV.replace("  # not the last", "")
    with pytest.raises(SlidingWindowsError, match="lists no lesson"):
        with_entry("nav:\n  - index.md\n", "delta")


def test_a_lesson_that_is_not_listed_is_told_with_its_line():
    told = advice(NAV.replace("  # not the last", ""), "delta")
    assert told == (
        "no reader finds lessons/delta: add this line to mkdocs.yml, below line 5:\n"
        "      - lessons/delta.ipynb"
    )
    assert advice("nav:\n", "delta").endswith("under nav:\n  - lessons/delta.ipynb")


def test_our_own_navigation_can_take_one():
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    text = with_entry(settings, "delta")
    place = "      - lessons/from-scratch-in-numpy.ipynb\n      - lessons/delta.ipynb\n  - Play:\n"
    assert place in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Alpha"], "lessons/alpha.py already exists"),
        ([""], "1 to 60 characters, not 0"),
        (["x" * 61], "1 to 60 characters, not 61"),
        (["日本"], "give one with --name"),
        (["Fine", "--name", "../evil"], "lowercase letters, digits and hyphens"),
        (["Fine", "--name", "Bad Name"], "lowercase letters, digits and hyphens"),
    ],
)
def test_what_cannot_be_is_one_line_and_writes_nothing(root, write, arguments, words):
    (root / "lessons").mkdir()
    (root / "lessons" / "alpha.py").write_text("")
    before = sorted(root.rglob("*"))
    done = write(*arguments)
    assert done.code == 2 and words in done.err, done.err
    assert len(done.err.splitlines()) == 1
    assert sorted(root.rglob("*")) == before


def test_a_title_becomes_an_address_of_small_letters():
    assert name_of("Max pooling") == "max-pooling"
    assert name_of("  1-D, 2-D & 3-D!  ") == "1-d-2-d-3-d"
    assert name_of("Crème brûlée") == "creme-brulee"


def test_a_folder_without_a_project(tmp_path, run):
    done = run("new-lesson", "--root", str(tmp_path), "Fine")
    assert done.code == 2 and "holds no mkdocs.yml" in done.err
