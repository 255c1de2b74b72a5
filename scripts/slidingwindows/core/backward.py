"""What each window passes back of the gradient that arrives at it, in plain numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .errors import given
from .reduction import power
from .trace import Rows, Step, Trace


def passed_back(
    trace: Trace, plane: int, upstream: Rows
) -> list[tuple[tuple[int, int, float], ...]]:
    """For each step of a trace the (row, col, amount) that one of its planes receives.

    plane: which of the trace's planes. upstream: the gradient of each output, rows of columns.
    """
    homes = _homes(trace)
    found = []
    for step in trace.steps:
        arriving = upstream[step.output[0]][step.output[1]]
        shares = _shares(trace, step, arriving)
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


def _shares(trace: Trace, step: Step, arriving: float) -> list[float | None]:
    """What each tap receives; None for nothing at all."""
    if trace.kind == "max":
        return [arriving if i == step.winner else None for i in range(len(step.taps))]
    if trace.kind == "average":
        return [arriving / step.divisor if step.divisor else None] * len(step.taps)
    if trace.kind == "convolution":
        return [arriving * given(tap.weight, "weight") for tap in step.taps]
    # d/dx of (scale · Σ x^p)^(1/p); where the sum is zero torch says zero.
    norm = given(trace.norm, "norm")
    scale = trace.rule.size / given(step.divisor, "divisor")
    total = sum(power(tap.value, norm) for tap in step.taps) * scale
    common = arriving * scale * power(total, 1 / norm - 1) if total else 0.0
    return [common * power(tap.value, norm - 1) for tap in step.taps]


def cancelling(trace: Trace) -> list[float]:
    """How many times larger the rounding of each step's shares may be than theirs alone.

    Odd powers of either sign cancel in an LP pool's sum, whose own rounding then counts for more.
    Infinite where it may be all of the sum.
    """
    if trace.kind != "lp":
        return [1.0] * len(trace.steps)
    found, norm = [], given(trace.norm, "norm")
    for step in trace.steps:
        powers = [power(tap.value, norm) for tap in step.taps]
        total, reach = sum(powers), sum(map(abs, powers))
        worse = reach / abs(total) if total and math.isfinite(reach) else 1.0
        certain = worse * (len(powers) + 2) * 2 * trace.epsilon < 0.5
        found.append(worse * (1 + abs(1 / norm - 1)) if certain else math.inf)
    return found
