"""Which way a figure is laid out, and how large its cells and its type are."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.errors import SlidingWindowsError
from .canvas import text_width
from .panels import (
    FAIR_FONT,
    GOOD_FONT,
    LARGEST_CELL,
    LARGEST_FONT,
    MAX_PLANES,
    SMALLEST_FONT,
    Grid,
    cell_text,
)
from .placing import place, total_rows, total_width
from .sheets import Choice, Layout, Sheet
from .sizes import Sizes

MAX_NUMBERS, MAX_SIDE = 18, 64  # cells a side with numbers, padding included; input without
LARGEST_SHADE = 24  # pixels of a cell without a number
# Pixels of a column of inputs with numbers, of a column of shades, and of all grids above
# each other, beyond which cells shrink as long as their numbers stay large.
HIGHEST, TALLEST, TALL = 960, 560, 720


def plan(sheet: Sheet, sizes: Sizes) -> Layout:
    """Lay a sheet out: side by side if its numbers stay large enough, else one above the other.

    Numbers too small to read become shades. Raises SlidingWindowsError for more planes than
    fit, and for cells too small to see.
    """
    if len(sheet.inputs) > MAX_PLANES:
        raise SlidingWindowsError(
            f"a figure draws at most {MAX_PLANES} input planes, this output reads "
            f"{len(sheet.inputs)}; use fewer channels, groups or slices",
            sheet.call,
        )
    grids = (*sheet.inputs, *sheet.besides, sheet.output)
    rows = max(grid.rows for grid in sheet.inputs) * len(sheet.inputs)
    largest = min(sizes.px(LARGEST_CELL), sizes.px(HIGHEST) // rows)
    choices = []
    for digits in (3, 2, 1):
        for way in _ways(sheet):
            cell = _cell_size(sheet, sizes, way, largest)
            font = _font_size(grids, sizes, cell, digits)
            while cell * total_rows(sheet, way) > sizes.px(TALL):
                smaller = _font_size(grids, sizes, cell - 1, digits)
                if smaller < sizes.px(GOOD_FONT):
                    break
                cell, font = cell - 1, smaller
            choices.append(Choice(way, cell, font, digits, cell, font))
    best = max(choices, key=lambda choice: _rank(choice, sizes))
    # One row of numbers may be as long as its type allows.
    crowded = any(max(g.rows, g.cols) > MAX_NUMBERS and min(g.rows, g.cols) > 1 for g in grids)
    if best.font < sizes.px(SMALLEST_FONT) or crowded:
        best = _shades(sheet, sizes)
    return place(sheet, sizes, best)


def _ways(sheet: Sheet) -> tuple[str, ...]:
    """The best first. Several planes without kernels go in a row: a column of them is too tall."""
    several = len(sheet.inputs) > 1 and not sheet.besides
    return ("row", "across", "stacked") if several else ("across", "stacked")


def _rank(choice: Choice, sizes: Sizes) -> tuple[int, ...]:
    order = ("stacked", "across", "row").index(choice.way)
    # Two digits after the point are worth stacking the panels; larger type is not.
    digits = min(choice.digits, 2) if choice.font >= sizes.px(FAIR_FONT) else 0
    if choice.font >= sizes.px(GOOD_FONT):
        return digits, True, order, choice.font, choice.digits
    return digits, False, choice.font, choice.digits, order


def _shades(sheet: Sheet, sizes: Sizes) -> Choice:
    """Side by side if the cells stay large enough to see, else as large as the height allows.

    A kernel is small enough to keep its numbers.
    """
    limit, digits = sizes.px(LARGEST_SHADE), 2
    kernel_cell, kernel_font = _largest_kernel(sheet, sizes, digits)
    way, *others = _ways(sheet)
    cell = _cell_size(sheet, sizes, way, limit, kernel_cell)
    if cell < sizes.px(5):
        rows = max(max(grid.rows for grid in sheet.inputs) * len(sheet.inputs), sheet.output.rows)
        highest = max(1, sizes.px(TALLEST) // rows)
        for other in others:
            larger = min(highest, _cell_size(sheet, sizes, other, limit, kernel_cell))
            way, cell = max((cell, way), (larger, other))[::-1]
    if cell < 2:
        wide = max((*sheet.inputs, *sheet.besides, sheet.output), key=lambda grid: grid.cols)
        raise SlidingWindowsError(
            f"a grid of {wide.rows}×{wide.cols} is too large for a figure {sizes.width} pixels "
            f"wide: its cells would be {cell} pixels; make it smaller, or the figure wider",
            sheet.call,
        )
    return Choice(way, cell, 0, digits, kernel_cell or cell, kernel_font)


def _largest_kernel(sheet: Sheet, sizes: Sizes, digits: int) -> tuple[int, int]:
    """(cell, font) of a kernel with numbers beside an input of shades; (0, 0) if it has none."""
    longest = max((max(grid.rows, grid.cols) for grid in sheet.besides), default=0)
    if not 0 < longest <= 5:
        return 0, 0
    cell = sizes.px(LARGEST_CELL * 2 // 3)
    font = _font_size(sheet.besides, sizes, cell, digits)
    return (cell, font) if font >= sizes.px(SMALLEST_FONT) else (0, 0)


def _cell_size(sheet: Sheet, sizes: Sizes, way: str, largest: int, kernel_cell: int = 0) -> int:
    """The largest cell that leaves room for the panels and for the labels above them."""
    for cell in range(largest, 0, -1):
        if total_width(sheet, sizes, way, cell, kernel_cell or cell) < sizes.room:
            return cell
    return 0


def _font_size(grids: Iterable[Grid], sizes: Sizes, cell: int, digits: int) -> int:
    texts = {cell_text(value, digits) for grid in grids for value in grid.values}
    font = min(sizes.px(LARGEST_FONT), cell * 11 // 20)
    while font > 4 and any(text_width(t, font) > cell - sizes.px(6) for t in texts):
        font -= 1
    return font
