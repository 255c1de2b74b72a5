"""Mutants that no test can notice because nothing anyone can see changes: each with its reason.

A mutant is known by its module, its line's text and its change, so that an entry lapses as soon as
the line is edited. Such mutants are left out of the scores.
"""

from __future__ import annotations

_SAME_PADS = "Unfold pads as much before as behind"

EQUIVALENT: dict[tuple[str, str, str], str] = {
    (
        "transfer",
        "top, left = self.geometry.rows.padding[0], self.geometry.cols.padding[0]",
        "0 → 1 (place 1)",
    ): _SAME_PADS,
    (
        "transfer",
        "top, left = self.geometry.rows.padding[0], self.geometry.cols.padding[0]",
        "0 → 1 (place 2)",
    ): _SAME_PADS,
}
