"""Mutation score of the lessons: faults in their code and words that their tests notice."""

from __future__ import annotations

import sys
from collections.abc import Callable

from . import ROOT


def parts() -> tuple[list[str], dict[str, Callable], Callable]:
    """The names of the lessons, what breaks them, and what counts; all of it the tests' own."""
    for folder in ("lessons", "shared"):
        sys.path.insert(0, str(ROOT / "tests" / folder))
    from lesson_run import NAMES
    from mutations import code_mutants, score, word_mutants

    return NAMES, {"code": code_mutants, "prose": word_mutants}, score


def score(area: str, sample: int, seed: int, report) -> tuple[int, int]:
    """(killed, decided) of about ``sample`` mutants, spread evenly over the lessons.

    area: 'code' for their cells, 'prose' for the words of the page.
    """
    names, makers, score_of = parts()
    return score_of(names, max(1, sample // len(names)), seed, makers[area], report)
