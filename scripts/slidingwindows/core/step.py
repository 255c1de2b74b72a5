"""One step of a trace: the elements that a window reads, and the number that came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Tap(NamedTuple):
    """One element that a window reads.

    Attributes:
        plane: Which of the trace's planes, counted from 0.
        row: Its position in input elements, negative in the padding above.
        col: Its position in input elements, negative in the padding on the left.
        value: The number there.
        weight: The kernel's number for it; None for a pool, which has no kernel.

    Examples:
        >>> import torch
        >>> from slidingwindows import slide
        >>> trace = slide(torch.nn.MaxPool1d(2, padding=1), torch.tensor([[5.0, 6.0]]))
        >>> trace.steps[0].taps[1]
        Tap(plane=0, row=0, col=0, value=5.0, weight=None)

    Source:
        The value is the input's own number, the weight the module's; ``Trace`` compares both.
    """

    plane: int
    row: int
    col: int
    value: float
    weight: float | None = None


@dataclass(frozen=True)
class Step:
    """One window: what it read, and the number that torch returned for it.

    Attributes:
        output: Position (row, col) in the output, counted from 0.
        taps: The elements read, plane by plane, row by row.
        value: What torch returned.
        arithmetic: The calculation in words; a Trace says it where it is left out.
        winner: Index of the tap that is the value, for a max; None for padding alone.
        ties: Indices of the other taps that equal the winner.
        divisor: The number that the sum is divided by, for an average and an lp pool.

    Examples:
        >>> import torch
        >>> from slidingwindows import slide
        >>> step = slide(torch.nn.MaxPool1d(3), torch.tensor([[4.0, 9.0, 9.0]])).steps[0]
        >>> step.value, step.winner, step.ties
        (9.0, 1, (2,))

    Source:
        torch's output for this window; ``Trace`` recalculates it from the taps.
    """

    output: tuple[int, int]
    taps: tuple[Tap, ...]
    value: float
    arithmetic: str = ""
    winner: int | None = None
    ties: tuple[int, ...] = ()
    divisor: float | None = None


Plane = tuple[tuple[float, ...], ...]
Rows = Sequence[Sequence[float]]  # a Plane, or lists in its place


def plane_shape(plane: Rows) -> tuple[int, int]:
    """Its rows and columns."""
    return len(plane), len(plane[0])
