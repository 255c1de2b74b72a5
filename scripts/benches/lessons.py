"""Mutation score of the lessons: faults in their code and words that their tests notice."""

from __future__ import annotations

import sys
from collections.abc import Callable

from . import ROOT


def parts() -> tuple[list[str], Callable]:
    """The names of the lessons, and what breaks them and counts; both are the tests' own."""
    for folder in ("lessons", "shared"):
        sys.path.insert(0, str(ROOT / "tests" / folder))
    from lesson_run import NAMES
    from mutations import score

    return NAMES, score


def score(sample: int, seed: int, report) -> tuple[int, int]:
    """(killed, decided) of about ``sample`` mutants, spread evenly over the lessons."""
    names, score_of = parts()
    each = max(1, sample // (2 * len(names)))  # half of them in code, half in words
    totals = score_of(names, each, seed, report)
    for kind, (killed, decided) in totals.items():
        report(f"lessons' {kind}: {killed} of {decided}")
    return tuple(map(sum, zip(*totals.values(), strict=True)))
