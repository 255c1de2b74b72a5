"""A lesson in five minutes: what new-lesson writes, and what it refuses."""

from pathlib import Path

import pytest

from slidingwindows import SlidingWindowsError
from slidingwindows.course import execution, lessons
from slidingwindows.course.scaffold import advice, name_of, new_lesson, quoted, with_entry

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
    assert "below line 2:" in advice("\n  - lessons/a.ipynb\n  - b.md\n", "delta")
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
        (["日本"], "no name can be made from the title '日本'; give one with --name\n"),
        (
            ["Fine", "--name", "../evil"],
            "error: use lowercase letters, digits and hyphens for a name, not '../evil'\n",
        ),
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
    assert name_of("Crème brûlée") == "creme-brulee" and name_of("Größe") == "grosse"


def test_what_a_new_lesson_is_called(root):
    title = "  Größe und   Maß:" + " x" * 22
    made = new_lesson(root, title)
    name = "grosse-und-mass" + "-x" * 22
    own = root / "tests" / "lessons" / f"test_{name.replace('-', '_')}.py"
    assert made == [root / "lessons" / f"{name}.py", own, root / "mkdocs.yml"]
    assert all(path.is_file() for path in made)
    lesson = lessons.read(made[0])
    assert lesson.meta["title"] == "Größe und Maß:" + " x" * 22
    with pytest.raises(SlidingWindowsError, match="^a title has 1 to 60 characters, not 61$"):
        new_lesson(root, "y" * 61)
    assert len(new_lesson(root, "y" * 60)) == 3
    (root / "lessons" / "delta.md").write_text("")
    with pytest.raises(SlidingWindowsError, match=r"^lessons/delta\.md already exists$"):
        new_lesson(root, "Delta")


def test_a_title_is_in_quotes_where_yaml_would_read_something_else():
    plain = "Max pooling", "Größe", "it's fine", "a:b"
    needy = "Yes", "1.0", "a: Größe", "[", "# a", "~"
    assert [quoted(one) for one in plain] == list(plain)
    assert [quoted(one) for one in needy] == [f'"{one}"' for one in needy]
    assert quoted('"a" \\') == r'"\"a\" \\"'


def test_a_folder_without_a_project(tmp_path, run):
    done = run("new-lesson", "--root", str(tmp_path), "Fine")
    assert done.code == 2 and "holds no mkdocs.yml" in done.err
