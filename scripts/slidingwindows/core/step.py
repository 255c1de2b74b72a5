"""One window of a trace: what it read, and the number that torch returned for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Tap(NamedTuple):
    """One element that a window reads.

    plane: which of the trace's planes.
    row and col: the position in the input, negative in the padding above and on the left.
    value: the number there. weight: the kernel's number for it (convolution only).
    """

    plane: int
    row: int
    col: int
    value: float
    weight: float | None = None


@dataclass(frozen=True)
class Step:
    """One window: what it read, and the number that torch returned for it.

    output: (row, col) in the output. taps: the elements read, plane by plane, row by row.
    value: what torch returned. arithmetic: the calculation in words.
    winner: index of the tap that is the value (max only); None for padding alone.
    ties: indices of the other taps that equal the winner.
    divisor: what the sum is divided by (average and lp only).
    """

    output: tuple[int, int]
    taps: tuple[Tap, ...]
    value: float
    arithmetic: str
    winner: int | None = None
    ties: tuple[int, ...] = ()
    divisor: float | None = None
