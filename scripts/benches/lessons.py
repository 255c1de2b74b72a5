"""Mutation score of the lessons: faults in their code and words that their tests notice."""

from __future__ import annotations

import sys

from . import ROOT


def score(sample: int, seed: int, report) -> tuple[int, int]:
    """(killed, decided) of about ``sample`` mutants, spread evenly over the lessons."""
    sys.path.insert(0, str(ROOT / "tests" / "lessons"))
    from lesson_run import NAMES
    from mutations import score as score_of

    each = max(1, sample // (2 * len(NAMES)))  # half of them in code, half in words
    totals = score_of(NAMES, each, seed, report)
    for kind, (killed, decided) in totals.items():
        report(f"lessons' {kind}: {killed} of {decided}")
    return tuple(map(sum, zip(*totals.values(), strict=True)))
