"""A lesson that is broken on purpose turns its own test red, in its code and in its words."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import pytest
from lesson_run import NAMES, run
from mutations import Mutant, code_mutants, sample, verdict, word_mutants
from sweeps import SWEEPS

from slidingwindows.course.lessons import read
from slidingwindows.testing.page import words_of
from slidingwindows.testing.run import execute

# Each run of these takes seconds; the bench of mutants breaks them more often.
SLOW = {"trained-on-digits", "modern-downsampling", "moving-between-libraries"}
SLOW |= {"receptive-fields", "output-size-cheat-sheet", "error-messages"}


guarded = partial(word_mutants, guarded=True)


def survivors(name: str, of: Callable, most: int) -> list[str]:
    original = run(name)  # which passes, as the lesson's own test shows
    mutants = sample(name, most, seed=0, of=of)
    assert len(mutants) == most
    return [m.what for m in mutants if verdict(m, original) == "SURVIVED"]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SLOW])
def test_broken_code_is_noticed(name):
    assert not survivors(name, code_mutants, most=SWEEPS)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SLOW])
def test_broken_words_are_noticed(name):
    assert not survivors(name, guarded, most=SWEEPS)


def lesson_from(tmp_path, *cells: str):
    path = tmp_path / "tiny.py"
    header = "# ---\n# title: Tiny\n# description: A tiny lesson.\n# ---\n\n"
    path.write_text(header + "\n\n".join(cells) + "\n", "utf-8")
    return read(path)


def changes(mutants: Iterable[Callable[[], Mutant]]) -> list[str]:
    return [make().what.partition(" ")[2] for make in mutants]


def test_code_is_broken_in_each_way(tmp_path):
    lesson = lesson_from(tmp_path, "# %%\nx = f(3, 4, stride=2) - [5, 6][0]\nflag = True")
    assert {
        "emptied",
        "3 + 1",
        "2 + 1",
        "not True",
        "f(3, 4, stride=2): without stride",
        "f(3, 4, stride=2): arguments swapped",
        "[5, 6]: reversed",
        "f(3, 4, stride=2) - [5, 6][0]: another operator",
    } <= set(changes(code_mutants(lesson)))


def test_captions_are_broken_too(tmp_path):
    lesson = lesson_from(tmp_path, '# %%\nshow(slide(pool, x), "a-2", "A 3×3 window, twice.")')
    assert "caption or alt text: '3×3' is now '4×3'" in changes(code_mutants(lesson))
    assert "caption or alt text: '2' is now '3'" not in changes(code_mutants(lesson))


def test_words_are_broken_where_they_state_something(tmp_path):
    words = (
        "# %% [markdown]\n# It doubles 7 of [them, 1999](https://x.y/8), never [less](p9.ipynb)."
        "\n# The kernel has none.\n\n# %%\nx = 'first'  # the last one\ny = 3  # fmt: skip"
        "\n\n# %% tags=['exercise']\n# Never"
    )
    lesson = lesson_from(tmp_path, words)
    sure = ["'doubles' is now 'halves'", "'7' is now '8'", "'never' is now 'always'"]
    sure += ["'less' is now 'more'", "'last' is now 'first'", "'one' is now 'zero'"]
    assert changes(word_mutants(lesson, guarded=True)) == sure
    assert changes(word_mutants(lesson)) == [*sure[:4], "'has' is now 'lacks'", *sure[4:]]


def test_comments_stay_where_code_is_broken(tmp_path):
    """Else a test would go red for the comment that is missing, whatever became of the code."""
    lesson = lesson_from(tmp_path, "# %%\nx = 3  # a comment\n# another")
    made = [make().lesson.code[0].source for make in code_mutants(lesson)]
    assert made == ["pass\n# a comment\n# another", "x = 4\n# a comment\n# another"]


def test_a_changed_comment_needs_no_other_run(tmp_path, capsys, monkeypatch):
    code = 'def f():\n    """Not \'one\'."""\n    return "no"\n\nprint(1)  # the last one'
    lesson = lesson_from(tmp_path, f"# %%\n{code}")
    original = execute(lesson)
    mutants = [make() for make in word_mutants(lesson)]
    assert [words_of(replace(original, lesson=m.lesson))[2:] for m in mutants] == [
        ["the last one", "also 'one'."], ["the last one", "Not 'zero'."],
        ["the first one", "Not 'one'."], ["the last zero", "Not 'one'."],
    ]  # fmt: skip
    monkeypatch.setattr("mutations.execute", None)
    monkeypatch.setattr("mutations.noticed", lambda name, run: False)
    assert {verdict(mutant, original) for mutant in mutants} == {"SURVIVED"}
