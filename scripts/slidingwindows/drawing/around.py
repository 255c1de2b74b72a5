"""What stands around a grid: rulers of uneven windows, and what ceil_mode reaches or drops."""

from __future__ import annotations

from collections.abc import Callable

from ..core.geometry import AnyAxis, UnevenAxis
from .canvas import Box, Canvas
from .panels import Panel

Axes = tuple[AnyAxis, AnyAxis]  # of the rows and of the columns


def beyond(canvas: Canvas, panel: Panel, axes: Axes) -> None:
    """Dashed frames: what ceil_mode's windows reach past the padding, and the windows it drops."""
    rows, cols = axes
    if overhangs(axes):
        canvas.dashed(panel.box(-rows.padding[0], -cols.padding[0], *_reached(axes)), "hatch", 2)
    for start in rows.dropped:
        width = cols.starts[-1] + cols.extent - cols.starts[0]
        canvas.dashed(panel.box(start, cols.starts[0], rows.extent, width), "muted", 2)
    for start in cols.dropped:
        height = rows.starts[-1] + rows.extent - rows.starts[0]
        canvas.dashed(panel.box(rows.starts[0], start, height, cols.extent), "muted", 2)


def overhangs(axes: Axes) -> bool:
    """True if a window reaches past the padding."""
    return _reached(axes) != tuple(axis.padded_size for axis in axes)


def _reached(axes: Axes) -> tuple[int, int]:
    rows, cols = (max(a.padded_size, a.spans[-1][1] + a.padding[0]) for a in axes)
    return rows, cols


def ruled(
    canvas: Canvas,
    panel: Panel,
    axes: Axes,
    px: Callable[[int], int],
    output: tuple[int, int] | None = None,
) -> None:
    """A bar for each uneven window, neighbours on two lanes; those of one output stand out.

    px: lengths of the design to pixels.
    """
    for which, axis in enumerate(axes):
        if not isinstance(axis, UnevenAxis):
            continue
        for number in range(len(axis.spans)):
            canvas.fill(_bar(panel, axis, which, number, px), "hatch")
        if output:  # last, for windows may be the same
            canvas.fill(_bar(panel, axis, which, output[which], px), "edge")


def _bar(panel: Panel, axis: UnevenAxis, which: int, number: int, px: Callable[[int], int]) -> Box:
    start, stop = axis.spans[number]
    thick, lane = px(4), px(6) + number % 2 * px(7)
    short = 3 if panel.cell > 12 else 1
    if which == 0:
        _, top, _, bottom = panel.box(start, panel.first_col, stop - start)
        return panel.x - lane - thick, top + short, panel.x - lane, bottom - short
    left, _, right, _ = panel.box(panel.first_row, start, 1, stop - start)
    return left + short, panel.y - lane - thick, right - short, panel.y - lane
