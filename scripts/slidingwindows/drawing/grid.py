"""The grids of a figure: their cells, labels and numbers, and what is drawn around them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..core.errors import SlidingWindowsError, given
from ..core.figures import MAX_SIDE
from ..core.geometry import AnyAxis
from ..core.step import Rows, plane_shape
from ..core.text import MINUS, number, size
from ..core.trace import Trace
from ..core.transfer import Transfer
from ..core.uneven import UnevenAxis
from ..words.figure import trace_labels, transfer_labels
from .canvas import Box, text_width
from .painter import Painter
from .style import MARGIN, WIDTH

# Pixels of a figure 640 wide.
LARGEST_CELL = 60
SMALLEST_FONT, FAIR_FONT, GOOD_FONT, LARGEST_FONT = 13, 17, 20, 26
TITLE_SIZE, LABEL_SIZE, LINE_SIZE, LEGEND_SIZE = 22, 20, 23, 18
OPERATOR_GAP = 52  # room for the arrow or the asterisk between two panels
RULER = 20  # room for the rulers of uneven windows
MAX_PLANES = 4


@dataclass(frozen=True)
class Grid:
    """What a panel is to hold, before it has a place.

    first_row, first_col: positions of the upper left cell. values: the numbers its cells
    may show, for the size of the type.
    """

    role: str  # 'input', 'kernel' or 'output'
    label: str
    rows: int
    cols: int
    values: frozenset[float]
    first_row: int = 0
    first_col: int = 0


@dataclass(frozen=True)
class Panel:
    """A grid of cells. first_row and first_col are the positions of its upper left cell."""

    role: str  # 'input', 'kernel' or 'output'
    label: str
    x: int
    y: int
    rows: int
    cols: int
    cell: int
    first_row: int = 0
    first_col: int = 0

    def box(self, row: int, col: int, height: int = 1, width: int = 1) -> Box:
        """Pixels of the cells from (row, col), grid lines on all sides included."""
        left = self.x + (col - self.first_col) * self.cell
        top = self.y + (row - self.first_row) * self.cell
        return left, top, left + width * self.cell + 1, top + height * self.cell + 1


def values_of(planes: Iterable[Rows]) -> frozenset[float]:
    """The different numbers of some planes."""
    return frozenset(value for plane in planes for row in plane for value in row)


def cell_text(value: float, digits: int) -> str:
    """A number for a cell: number() with fewer digits after the point where room is short."""
    text = number(value)
    if "." in text and "e" not in text and len(text.split(".")[1]) > digits:
        text = f"{value:.{digits}f}".replace("-", MINUS)
        text = text.rstrip("0").rstrip(".") if digits else text
        text = "≈0" if text in ("0", f"{MINUS}0") else text  # never a plain 0 that is not one
    return text


def wrap(
    text: str, size_: int, mono: bool = False, room: int = WIDTH - 2 * MARGIN, bold: bool = False
) -> list[str]:
    """Break a text into lines after spaces, so that each fits the figure's width."""
    lines, current = [], ""
    for word in text.split(" "):
        longer = f"{current} {word}" if current else word
        if current and text_width(longer, size_, bold, mono) > room:
            lines.append(current)
            current = word
        else:
            current = longer
    return [*lines, current]


def grids_of_trace(trace: Trace) -> tuple[tuple[Grid, ...], tuple[Grid, ...], Grid]:
    """(inputs, kernels, output) of a Trace."""
    _check(trace.geometry.input_shape, trace.call)
    rows, cols = (_reach(axis) for axis in (trace.geometry.rows, trace.geometry.cols))
    first = -trace.geometry.rows.padding[0], -trace.geometry.cols.padding[0]
    labels, beside, label = trace_labels(trace)
    inputs = tuple(
        Grid("input", label, rows, cols, values_of([plane]), *first)
        for label, plane in zip(labels, trace.planes, strict=True)
    )
    kernels = tuple(
        Grid("kernel", beside, len(w), len(w[0]), values_of([w])) for w in trace.weights
    )
    output = Grid("output", label, *trace.geometry.output_shape, values_of([trace.output]))
    return inputs, kernels, output


def grids_of_transfer(transfer: Transfer) -> tuple[tuple[Grid, ...], tuple[Grid, ...], Grid]:
    """(inputs, beside them, output) of a Transfer."""
    shape = (len(transfer.target), len(transfer.target[0]))
    sources = transfer.sources
    between = values_of(transfer.after(n) for n in range(len(transfer.moves) + 1))
    _check(max(shape, (len(sources[0]), len(sources[0][0]))), transfer.call)
    labels, beside, label = transfer_labels(transfer)
    output = Grid("output", label, *shape, between)
    if transfer.kind == "gradient":
        inputs, _, _ = grids_of_trace(given(transfer.forward, "forward pass"))
        upstream = Grid("kernel", beside, *plane_shape(sources[0]), values_of(sources))
        return (inputs[transfer.plane],), (upstream,), output
    first = (0, 0)
    if transfer.kind == "unfold":
        first = -transfer.geometry.rows.padding[0], -transfer.geometry.cols.padding[0]
    inputs = tuple(
        Grid("input", words, *plane_shape(plane), values_of([plane]), *first)
        for words, plane in zip(labels, sources, strict=True)
    )
    return inputs, (), output


def _reach(axis: AnyAxis) -> int:
    """Cells along an axis: the padding, and what ceil_mode's windows reach beyond it."""
    ends = [stop for _, stop in axis.spans] + [start + axis.extent for start in axis.dropped]
    return max(axis.padded_size, max(ends) + axis.padding[0])


def _check(shape: tuple[int, int], call: str) -> None:
    if max(shape) > MAX_SIDE:
        raise SlidingWindowsError(
            f"a figure draws inputs of up to {MAX_SIDE}×{MAX_SIDE} (with numbers about 16×16), "
            f"not {size(shape)}",
            call,
        )


Axes = tuple[AnyAxis, AnyAxis]  # of the rows and of the columns


def beyond(painter: Painter, panel: Panel, axes: Axes) -> None:
    """Dashed frames: what ceil_mode's windows reach past the padding, and the windows it drops."""
    rows, cols = axes
    if overhangs(axes):
        painter.dashed(panel.box(-rows.padding[0], -cols.padding[0], *_reached(axes)), "hatch", 2)
    for start in rows.dropped:
        width = cols.starts[-1] + cols.extent - cols.starts[0]
        painter.dashed(panel.box(start, cols.starts[0], rows.extent, width), "muted", 2)
    for start in cols.dropped:
        height = rows.starts[-1] + rows.extent - rows.starts[0]
        painter.dashed(panel.box(rows.starts[0], start, height, cols.extent), "muted", 2)


def overhangs(axes: Axes) -> bool:
    """True if a window reaches past the padding."""
    return _reached(axes) != tuple(axis.padded_size for axis in axes)


def _reached(axes: Axes) -> tuple[int, int]:
    rows, cols = (max(a.padded_size, a.spans[-1][1] + a.padding[0]) for a in axes)
    return rows, cols


def ruled(
    painter: Painter,
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
        for index in range(len(axis.spans)):
            painter.fill(_bar(panel, axis, which, index, px), "hatch")
        if output:  # last, for windows may be the same
            painter.fill(_bar(panel, axis, which, output[which], px), "edge")


def _bar(panel: Panel, axis: UnevenAxis, which: int, index: int, px: Callable[[int], int]) -> Box:
    start, stop = axis.spans[index]
    thick, lane = px(4), px(6) + index % 2 * px(7)
    short = 3 if panel.cell > 12 else 1
    if which == 0:
        _, top, _, bottom = panel.box(start, panel.first_col, stop - start)
        return panel.x - lane - thick, top + short, panel.x - lane, bottom - short
    left, _, right, _ = panel.box(panel.first_row, start, 1, stop - start)
    return left + short, panel.y - lane - thick, right - short, panel.y - lane
