"""The moves of a Transfer: what each must read and write, and why, in numbers and in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .geometry import origin
from .origin import homes_of
from .step import Rows
from .text import number
from .trace import Trace

if TYPE_CHECKING:
    from .transfer import Transfer

# (window, reads, writes), each of them the plain numbers of a Read or a Write.
Expected = tuple[
    tuple[int, int], tuple[tuple[int, int, int, float], ...], tuple[tuple[int, int, float], ...]
]


def expected_moves(transfer: Transfer) -> Iterator[Expected]:
    """(window, reads, writes) of each move, as plain tuples."""
    if transfer.kind == "unpool":
        return _unpool(transfer)
    if transfer.forward:
        return _gradient(transfer, transfer.forward)
    return _columns(transfer)


def _unpool(transfer: Transfer) -> Iterator[Expected]:
    """Each number goes to its index, a flat one; of a volume, one slice is the target."""
    height, width = len(transfer.target), len(transfer.target[0])
    for plane, source in enumerate(transfer.sources):
        for row, line in enumerate(source):
            for col, value in enumerate(line):
                depth, flat = divmod(transfer.indices[plane][row][col], height * width)
                writes = ((*divmod(flat, width), value),)
                followed = depth == transfer.depth_index
                yield (row, col), ((plane, row, col, value),), writes if followed else ()


def _gradient(transfer: Transfer, trace: Trace) -> Iterator[Expected]:
    upstream = transfer.sources[0]
    passed = passed_back(trace, transfer.plane, upstream)
    for step, writes in zip(trace.steps, passed, strict=True):
        row, col = step.output
        yield (row, col), ((0, row, col, upstream[row][col]),), writes


def _columns(transfer: Transfer) -> Iterator[Expected]:
    """Unfold reads a window and writes a column; Fold the other way round."""
    rows, cols = transfer.geometry.rows, transfer.geometry.cols
    windows = [(r, c) for r in range(rows.output_size) for c in range(cols.output_size)]
    for column, (row, col) in enumerate(windows):
        places = [(r, c) for r in rows.windows[row] for c in cols.windows[col]]
        if transfer.kind == "unfold":
            planes = range(len(transfer.sources))
            reads = tuple((p, r, c, transfer.at(p, r, c)) for p in planes for r, c in places)
            writes = tuple((i, column, read[3]) for i, read in enumerate(reads))
        else:
            reads = tuple((0, i, column, transfer.at(0, i, column)) for i in range(len(places)))
            pairs = zip(places, reads, strict=True)
            writes = tuple(
                (r, c, read[3])
                for (r, c), read in pairs
                if 0 <= r < rows.size and 0 <= c < cols.size
            )
        yield (row, col), reads, writes


def passed_back(
    trace: Trace, plane: int, upstream: Rows
) -> list[tuple[tuple[int, int, float], ...]]:
    """For each step of a trace the (row, col, amount) that one of its planes receives.

    plane: which of the trace's planes. upstream: the gradient of each output, rows of columns.
    """
    homes, reduction = homes_of(trace), trace.reduction
    result = []
    for step in trace.steps:
        arriving = upstream[step.output[0]][step.output[1]]
        shares = reduction.shares(step, arriving)
        writes = []
        for tap, share in zip(step.taps, shares, strict=True):
            row, col = _origins(trace, tap.row, tap.col)
            if trace.is_stretch(tap.row, tap.col, tap.plane):
                continue
            if row is None or col is None or share is None:
                continue
            if homes[tap.plane] == homes[plane]:
                writes.append((row, col, share))
        result.append(tuple(writes))
    return result


def _origins(trace: Trace, row: int, col: int) -> tuple[int | None, int | None]:
    rows, cols = trace.geometry.input_shape
    return origin(row, rows, trace.padding_mode), origin(col, cols, trace.padding_mode)


def cancelling(trace: Trace) -> list[float]:
    """How many times larger the rounding of each step's shares may be than theirs alone.

    Infinite where rounding may be all of them.
    """
    reduction = trace.reduction
    return [reduction.cancelling(step, trace.epsilon) for step in trace.steps]


def said(transfer: Transfer, index: int) -> str:
    """Why one of a Transfer's moves goes where it goes, in words."""
    move = transfer.moves[index]
    row, col = move.window
    if transfer.forward:
        trace, [read] = transfer.forward, move.reads
        places = [(write.row, write.col) for write in move.writes]
        words = trace.reduction.passed(trace.steps[index], read.value, places)
        return f"gradient {number(read.value)} {words}"
    if transfer.kind == "unfold":
        numbers = ", ".join(number(read.value) for read in move.reads)
        return f"window ({row}, {col}) becomes column {index}: {numbers}"
    if transfer.kind == "fold":
        return f"column {index} is added to window ({row}, {col})"
    [read] = move.reads
    place = transfer.indices[read.plane][row][col]
    words = f"{number(read.value)} goes to its index {place}: {_place(transfer, place)}"
    return words if move.writes else f"{words}, in another slice"


def _place(transfer: Transfer, place: int) -> str:
    """Where an element of the whole output is, counted row by row and slice by slice."""
    rest, col = divmod(place, len(transfer.target[0]))
    depth, row = divmod(rest, len(transfer.target))
    if transfer.dims == 1:
        return f"element {col}"
    return (f"depth {depth}, " if transfer.dims == 3 else "") + f"row {row}, column {col}"
