"""Where everything in a figure goes, once its way and its sizes are chosen."""

from __future__ import annotations

from .canvas import text_width
from .panels import (
    LABEL_SIZE,
    LEGEND_SIZE,
    LINE_SIZE,
    OPERATOR_GAP,
    RULER,
    TITLE_SIZE,
    Grid,
    Panel,
)
from .sheets import Choice, Layout, Sheet
from .sizes import Sizes

PLANE_GAP = 12  # pixels between two input planes


def total_width(sheet: Sheet, sizes: Sizes, way: str, cell: int, kernel_cell: int) -> int:
    """Pixels from the left edge of the first panel to the right edge of the last."""
    left, output = _widths(sheet, sizes, way, cell, kernel_cell)
    return left + sizes.px(OPERATOR_GAP) + output if way == "across" else max(left, output)


def total_rows(sheet: Sheet, way: str) -> int:
    """Cells from the upper edge of the first panel to the lower edge of the last."""
    rows = [grid.rows for grid in sheet.inputs]
    left = max(rows) if way == "row" else sum(rows)
    return max(left, sheet.output.rows) if way == "across" else left + sheet.output.rows


def place(sheet: Sheet, sizes: Sizes, choice: Choice) -> Layout:
    """All panels, signs and texts at their places."""
    px, cell = sizes.px, choice.cell
    label_height = px(LABEL_SIZE) + px(12) + (px(RULER) if sheet.rulers[1] else 0)
    y = sizes.margin + px(4) + len(sheet.title) * (px(TITLE_SIZE) + px(8)) + px(14)
    left_width, output_width = _widths(sheet, sizes, choice.way, cell, choice.kernel_cell)
    total = left_width + px(OPERATOR_GAP) + output_width if choice.way == "across" else left_width
    x = max(sizes.margin, (sizes.width - total) // 2)
    start = x + _ruler(sheet, sizes), y + label_height
    right = x + left_width
    inputs, kernels, operators, end = _inputs(sheet, sizes, choice, start, right, label_height)
    out = sheet.output
    if choice.way == "across":
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
        inputs.append(_panel(grid, x, y, choice.cell))
        block = grid.rows * choice.cell
        if sheet.besides:
            beside, cell = sheet.besides[number], choice.kernel_cell
            block = max(block, beside.rows * cell)
            kernel_x = right - _wide(beside, sizes, cell)
            # A kernel stands at the middle; a gradient's label lines up with the others.
            kernel_y = y + ((block - beside.rows * cell) // 2 if sheet.sign else 0)
            kernels.append(_panel(beside, kernel_x, kernel_y, cell))
            sign_x = kernel_x - sizes.px(OPERATOR_GAP) // 2
            operators.append((sign_x, y + block // 2, sheet.sign))
        lowest = max(lowest, y + block)
        if choice.way == "row":
            x += _wide(grid, sizes, choice.cell) + 2 * gap
        else:
            y += block + label_height + gap
    return inputs, kernels, operators, lowest


def _widths(sheet: Sheet, sizes: Sizes, way: str, cell: int, kernel_cell: int) -> tuple[int, int]:
    """Pixels across: inputs with what is beside them and the gap between, and the output."""
    widths = [_wide(grid, sizes, cell) for grid in sheet.inputs]
    left = max(widths) + _ruler(sheet, sizes)
    if way == "row":
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
