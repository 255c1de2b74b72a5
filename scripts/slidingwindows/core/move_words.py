"""Why a number moves where it moves, in words, from a Transfer's own numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .errors import given
from .step import Step
from .text import number
from .trace import Trace

if TYPE_CHECKING:
    from .transfer import Transfer


def passed(
    trace: Trace, step: Step, arriving: float, writes: Sequence[tuple[int, int, float]]
) -> str:
    """How a gradient goes back through one window of a forward pass.

    arriving: the gradient of the window's output. writes: what the window passes on, (row, col,
    amount) each.
    """
    places = [(row, col) for row, col, _ in writes]
    return f"gradient {number(arriving)} {trace.reduction.passed(step, arriving, places)}"


def unfolded(window: tuple[int, int], column: int, values: Iterable[float]) -> str:
    """'window (0, 1) becomes column 1: 2, 3'"""
    numbers = ", ".join(number(value) for value in values)
    return f"window ({window[0]}, {window[1]}) becomes column {column}: {numbers}"


def folded(window: tuple[int, int], column: int) -> str:
    """'column 1 is added to window (0, 1)'"""
    return f"column {column} is added to window ({window[0]}, {window[1]})"


def of_move(transfer: Transfer, index: int) -> str:
    """The words of one of a Transfer's moves; of an unpooling those of its index itself."""
    move = transfer.moves[index]
    if transfer.kind == "gradient":
        forward = given(transfer.forward, "forward pass")
        return passed(forward, forward.steps[index], move.reads[0].value, move.writes)
    if transfer.kind == "unfold":
        return unfolded(move.window, index, [read.value for read in move.reads])
    if transfer.kind == "fold":
        return folded(move.window, index)
    # Of a volume the index counts slices, too, which the words themselves name.
    start = f"{number(move.reads[0].value)} goes to its index "
    if transfer.dims == 3 or not move.writes:
        return move.arithmetic if move.arithmetic.startswith(start) else start
    row, col, _ = move.writes[0]
    place = f"element {col}" if transfer.dims == 1 else f"row {row}, column {col}"
    return f"{start}{row * len(transfer.target[0]) + col}: {place}"
