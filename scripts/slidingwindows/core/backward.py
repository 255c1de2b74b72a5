"""What each window passes back of the gradient that arrives at it, in plain numbers."""

from __future__ import annotations

from collections.abc import Sequence

from .trace import Rows, Trace


def passed_back(
    trace: Trace, plane: int, upstream: Rows
) -> list[tuple[tuple[int, int, float], ...]]:
    """For each step of a trace the (row, col, amount) that one of its planes receives.

    plane: which of the trace's planes. upstream: the gradient of each output, rows of columns.
    """
    homes, reduction = _homes(trace), trace.reduction
    found = []
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
        found.append(tuple(writes))
    return found


def _origins(trace: Trace, row: int, col: int) -> tuple[int | None, int | None]:
    rows, cols = trace.geometry.input_shape
    return origin(row, rows, trace.padding_mode), origin(col, cols, trace.padding_mode)


def origin(position: int, size: int, mode: str) -> int | None:
    """The element of which a position holds a copy: its own, or another one's in the padding.

    mode: of the padding, as torch names it; None where it holds a constant.

    >>> [origin(p, 4, "reflect") for p in (-1, 0, 3, 4)]
    [1, 0, 3, 2]
    """
    if 0 <= position < size:
        return position
    if mode == "reflect":
        return -position if position < 0 else 2 * (size - 1) - position
    if mode == "replicate":
        return min(max(position, 0), size - 1)
    return position % size if mode == "circular" else None


def _homes(trace: Trace) -> list[tuple[int, int | None]]:
    """Which (channel, slice) of the input each plane is: padding may be a copy of another one."""
    slices: Sequence[int | None] = [0] * len(trace.channels)
    if trace.slices and trace.depth:
        slices = [origin(s, trace.depth.size, trace.padding_mode) for s in trace.slices]
    return list(zip(trace.channels, slices, strict=True))


def cancelling(trace: Trace) -> list[float]:
    """How many times larger the rounding of each step's shares may be than theirs alone.

    Infinite where rounding may be all of them.
    """
    reduction = trace.reduction
    return [reduction.cancelling(step, trace.epsilon) for step in trace.steps]
