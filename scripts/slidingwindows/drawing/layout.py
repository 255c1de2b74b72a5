"""The layout of a figure in pixels: orientation, cell sizes, and where each grid and text goes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..core.errors import SlidingWindowsError
from .canvas import text_width
from .grid import (
    FAIR_FONT,
    GOOD_FONT,
    LABEL_SIZE,
    LARGEST_CELL,
    LARGEST_FONT,
    LEGEND_SIZE,
    LINE_SIZE,
    MAX_PLANES,
    OPERATOR_GAP,
    RULER,
    SMALLEST_FONT,
    TITLE_SIZE,
    Grid,
    Panel,
    cell_text,
)
from .style import Sizes


@dataclass(frozen=True)
class Sheet:
    """What a figure is to show: grids from left to right, and the texts around them.

    besides: one grid beside each input (a kernel, a gradient), or none.
    title: lines. lines, longest: how many lines of arithmetic to leave room for, and the widest
    in pixels. legend: how many lines. rulers: windows of uneven size along (rows, columns).
    """

    title: tuple[str, ...]
    inputs: tuple[Grid, ...]
    besides: tuple[Grid, ...]
    output: Grid
    sign: str  # between an input and what is beside it
    lines: int
    longest: int
    legend: int
    rulers: tuple[bool, bool]
    call: str


@dataclass(frozen=True)
class Choice:
    """How a sheet is laid out, before anything has a place.

    way: 'across' (inputs above each other, output beside them), 'stacked' (output below them)
    or 'row' (inputs beside each other, output below them).
    cell, font: of inputs and output, in pixels; kernel_cell, kernel_font: of what is beside them.
    font 0: shades instead of numbers. digits: after the point.
    """

    orientation: str
    cell: int
    font: int
    digits: int
    kernel_cell: int
    kernel_font: int


@dataclass(frozen=True)
class Layout:
    """The finished plan of one figure, in pixels.

    font_size 0: shades instead of numbers; kernel_font: of what is beside the inputs.
    """

    title: tuple[str, ...]
    inputs: tuple[Panel, ...]
    kernels: tuple[Panel, ...]
    output: Panel
    operators: tuple[tuple[int, int, str], ...]  # x, y of the middle, and the sign
    font_size: int
    kernel_font: int
    digits: int
    legend_y: int
    text_x: int
    text_y: int
    height: int


PLANE_GAP = 12  # pixels between two input planes


def total_width(sheet: Sheet, sizes: Sizes, orientation: str, cell: int, kernel_cell: int) -> int:
    """Pixels from the left edge of the first panel to the right edge of the last."""
    left, output = _widths(sheet, sizes, orientation, cell, kernel_cell)
    return left + sizes.px(OPERATOR_GAP) + output if orientation == "across" else max(left, output)


def total_rows(sheet: Sheet, orientation: str) -> int:
    """Cells from the upper edge of the first panel to the lower edge of the last."""
    rows = [grid.rows for grid in sheet.inputs]
    left = max(rows) if orientation == "row" else sum(rows)
    return max(left, sheet.output.rows) if orientation == "across" else left + sheet.output.rows


def place(sheet: Sheet, sizes: Sizes, choice: Choice) -> Layout:
    """All panels, signs and texts at their places."""
    px, cell = sizes.px, choice.cell
    label_height = px(LABEL_SIZE) + px(12) + (px(RULER) if sheet.rulers[1] else 0)
    y = sizes.margin + px(4) + len(sheet.title) * (px(TITLE_SIZE) + px(8)) + px(14)
    left_width, output_width = _widths(sheet, sizes, choice.orientation, cell, choice.kernel_cell)
    across = choice.orientation == "across"
    total = left_width + px(OPERATOR_GAP) + output_width if across else left_width
    x = max(sizes.margin, (sizes.width - total) // 2)
    start = x + _ruler(sheet, sizes), y + label_height
    right = x + left_width
    inputs, kernels, operators, end = _inputs(sheet, sizes, choice, start, right, label_height)
    out = sheet.output
    if across:
        middle = (y + label_height + end) // 2
        output_x = right + px(OPERATOR_GAP)
        output_y = max(middle - out.rows * cell // 2, y + label_height)
        operators.append((output_x - px(OPERATOR_GAP) // 2, middle, "→"))
        bottom = max(end, output_y + out.rows * cell)
    else:
        output_x = max(sizes.margin, (sizes.width - output_width) // 2)
        output_y = end + px(34) + px(LABEL_SIZE) + px(12)
        operators.append((sizes.width // 2, end + px(18), "↓"))
        bottom = output_y + out.rows * cell
    legend_y = bottom + px(34)
    text_x = min(x, output_x, sizes.width - sizes.margin - sheet.longest)
    text_y = legend_y + (sheet.legend * px(LEGEND_SIZE + 10) if sheet.legend else 0) + px(6)
    return Layout(
        title=sheet.title,
        inputs=tuple(inputs),
        kernels=tuple(kernels),
        output=_panel(out, output_x, output_y, cell),
        operators=tuple(o for o in operators if o[2]),
        font_size=choice.font,
        kernel_font=choice.kernel_font,
        digits=choice.digits,
        legend_y=legend_y,
        text_x=max(sizes.margin, text_x),
        text_y=text_y,
        height=text_y + (sheet.lines - 1) * (px(LINE_SIZE) + px(8)) + px(40),
    )


def _inputs(
    sheet: Sheet,
    sizes: Sizes,
    choice: Choice,
    start: tuple[int, int],
    right: int,
    label_height: int,
) -> tuple[list[Panel], list[Panel], list[tuple[int, int, str]], int]:
    """(inputs, what is beside them, signs, lower edge of them all)."""
    inputs: list[Panel] = []
    kernels: list[Panel] = []
    operators: list[tuple[int, int, str]] = []
    (x, y), gap, lowest = start, sizes.px(PLANE_GAP), start[1]
    for number, grid in enumerate(sheet.inputs):
        block = high = grid.rows * choice.cell
        if sheet.besides:
            beside, cell = sheet.besides[number], choice.kernel_cell
            block = max(high, beside.rows * cell)
            kernel_x = right - _wide(beside, sizes, cell)
            # A kernel is centred vertically; a gradient's label lines up with the others.
            kernel_y = y + ((block - beside.rows * cell) // 2 if sheet.sign else 0)
            kernels.append(_panel(beside, kernel_x, kernel_y, cell))
            sign_x = kernel_x - sizes.px(OPERATOR_GAP) // 2
            operators.append((sign_x, y + block // 2, sheet.sign))
        # So is an input whose cells show shades only and are smaller than those of its kernel.
        inputs.append(_panel(grid, x, y + ((block - high) // 2 if sheet.sign else 0), choice.cell))
        lowest = max(lowest, y + block)
        if choice.orientation == "row":
            x += _wide(grid, sizes, choice.cell) + 2 * gap
        else:
            y += block + label_height + gap
    return inputs, kernels, operators, lowest


def _widths(
    sheet: Sheet, sizes: Sizes, orientation: str, cell: int, kernel_cell: int
) -> tuple[int, int]:
    """Pixels across: inputs with what is beside them and the gap between, and the output."""
    widths = [_wide(grid, sizes, cell) for grid in sheet.inputs]
    left = max(widths) + _ruler(sheet, sizes)
    if orientation == "row":
        left += sum(widths) - max(widths) + 2 * sizes.px(PLANE_GAP) * (len(widths) - 1)
    if sheet.besides:
        left += sizes.px(OPERATOR_GAP) + max(_wide(g, sizes, kernel_cell) for g in sheet.besides)
    return left, _wide(sheet.output, sizes, cell)


def _ruler(sheet: Sheet, sizes: Sizes) -> int:
    return sizes.px(RULER) if sheet.rulers[0] else 0


def _wide(grid: Grid, sizes: Sizes, cell: int) -> int:
    return max(grid.cols * cell, text_width(grid.label, sizes.px(LABEL_SIZE)))


def _panel(grid: Grid, x: int, y: int, cell: int) -> Panel:
    return Panel(
        grid.role, grid.label, x, y, grid.rows, grid.cols, cell, grid.first_row, grid.first_col
    )


MAX_NUMBERS = 18  # cells a side with numbers, padding included
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
        for orientation in _orientations(sheet):
            cell = _cell_size(sheet, sizes, orientation, largest)
            font = _font_size(grids, sizes, cell, digits)
            while cell * total_rows(sheet, orientation) > sizes.px(TALL):
                smaller = _font_size(grids, sizes, cell - 1, digits)
                if smaller < sizes.px(GOOD_FONT):
                    break
                cell, font = cell - 1, smaller
            choices.append(Choice(orientation, cell, font, digits, cell, font))
    best = max(choices, key=lambda choice: _rank(choice, sizes))
    # One row of numbers may be as long as its type allows.
    crowded = any(max(g.rows, g.cols) > MAX_NUMBERS and min(g.rows, g.cols) > 1 for g in grids)
    if best.font < sizes.px(SMALLEST_FONT) or crowded:
        best = _shades(sheet, sizes)
    return place(sheet, sizes, best)


def _orientations(sheet: Sheet) -> tuple[str, ...]:
    """The best first. Several planes without kernels go in a row: a column of them is too tall."""
    several = len(sheet.inputs) > 1 and not sheet.besides
    return ("row", "across", "stacked") if several else ("across", "stacked")


def _rank(choice: Choice, sizes: Sizes) -> tuple[int, ...]:
    order = ("stacked", "across", "row").index(choice.orientation)
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
    orientation, *others = _orientations(sheet)
    cell = _cell_size(sheet, sizes, orientation, limit, kernel_cell)
    if cell < sizes.px(5):
        rows = max(max(grid.rows for grid in sheet.inputs) * len(sheet.inputs), sheet.output.rows)
        highest = max(1, sizes.px(TALLEST) // rows)
        for other in others:
            larger = min(highest, _cell_size(sheet, sizes, other, limit, kernel_cell))
            orientation, cell = max((cell, orientation), (larger, other))[::-1]
    if cell < 2:
        wide = max((*sheet.inputs, *sheet.besides, sheet.output), key=lambda grid: grid.cols)
        raise SlidingWindowsError(
            f"a grid of {wide.rows}×{wide.cols} is too large for a figure {sizes.width} pixels "
            f"wide: its cells would be {cell} pixels; make it smaller, or the figure wider",
            sheet.call,
        )
    return Choice(orientation, cell, 0, digits, kernel_cell or cell, kernel_font)


def _largest_kernel(sheet: Sheet, sizes: Sizes, digits: int) -> tuple[int, int]:
    """(cell, font) of a kernel with numbers beside an input of shades; (0, 0) if it has none."""
    longest = max((max(grid.rows, grid.cols) for grid in sheet.besides), default=0)
    if not 0 < longest <= 5:
        return 0, 0
    cell = sizes.px(LARGEST_CELL * 2 // 3)
    font = _font_size(sheet.besides, sizes, cell, digits)
    return (cell, font) if font >= sizes.px(SMALLEST_FONT) else (0, 0)


def _cell_size(
    sheet: Sheet, sizes: Sizes, orientation: str, largest: int, kernel_cell: int = 0
) -> int:
    """The largest cell that leaves room for the panels and for the labels above them."""
    for cell in range(largest, 0, -1):
        if total_width(sheet, sizes, orientation, cell, kernel_cell or cell) < sizes.room:
            return cell
    return 0


def _font_size(grids: Iterable[Grid], sizes: Sizes, cell: int, digits: int) -> int:
    texts = {cell_text(value, digits) for grid in grids for value in grid.values}
    font = min(sizes.px(LARGEST_FONT), cell * 11 // 20)
    while font > 4 and any(text_width(t, font) > cell - sizes.px(6) for t in texts):
        font -= 1
    return font
