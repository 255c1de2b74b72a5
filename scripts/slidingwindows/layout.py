"""Where everything in a figure goes: panels, cells, lines of text. Sizes only, no drawing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .canvas import text_width
from .errors import SlidingWindowsError
from .notation import size
from .panels import (
    GOOD_FONT,
    LABEL_SIZE,
    LARGEST_CELL,
    LARGEST_FONT,
    LINE_SIZE,
    MAX_PLANES,
    OPERATOR_GAP,
    SMALLEST_FONT,
    TITLE_SIZE,
    Panel,
    cell_text,
    wrap,
)
from .style import MARGIN, WIDTH
from .trace import Trace

PAIR = re.compile(r"(\(\d+), (\d+\))")  # a line of the title is not broken inside one


@dataclass(frozen=True)
class Layout:
    """The finished plan of one figure, in pixels."""

    title: tuple[str, ...]
    inputs: tuple[Panel, ...]
    kernels: tuple[Panel, ...]
    output: Panel
    operators: tuple[tuple[int, int, str], ...]  # x, y of the middle, and the sign
    font_size: int
    digits: int
    legend_y: int
    text_x: int
    text_y: int
    height: int


def plan(trace: Trace, lines: int, longest: int, legend: bool) -> Layout:
    """Lay a trace out: side by side if its numbers stay large enough, else one above the other.

    lines, longest: how many lines of arithmetic to leave room for, and the widest in pixels.
    Raises SlidingWindowsError if no number would be legible at phone width.
    """
    if len(trace.planes) > MAX_PLANES:
        raise SlidingWindowsError(
            f"a figure draws at most {MAX_PLANES} input channels, this output reads "
            f"{len(trace.planes)}; use fewer channels or groups",
            trace.call,
        )
    choices = []
    for across in (True, False):
        for digits in (3, 2, 1):
            cell = _cell_size(trace, across)
            font = _font_size(trace, cell, digits)
            # Two digits after the point are worth stacking the panels; larger type is not.
            good = font >= GOOD_FONT
            rank = (good, min(digits, 2), across, font) if good else (good, font, digits, across)
            choices.append((rank, across, digits, cell, font))
    _, across, digits, cell, font = max(choices)
    if font < SMALLEST_FONT:
        rows, cols = trace.geometry.input_shape
        raise SlidingWindowsError(
            f"the numbers would be {font} pixels high, less than the {SMALLEST_FONT} that a phone "
            f"can show; make the {rows}×{cols} input smaller or its numbers shorter",
            trace.call,
        )
    return _place(trace, (lines, longest), legend, across, digits, cell, font)


def _extents(trace: Trace) -> tuple[int, int]:
    """Rows and columns of the input panel: padding, and what ceil_mode reaches beyond it."""
    sizes = []
    for axis in (trace.geometry.rows, trace.geometry.cols):
        reach = axis.starts[-1] + axis.extent + axis.padding[0]
        sizes.append(max(axis.padded_size, reach))
    return tuple(sizes)


def _cell_size(trace: Trace, across: bool) -> int:
    """The largest cell that leaves room for the panels and for the labels above them."""
    for cell in range(LARGEST_CELL, 0, -1):
        left, output = _widths(trace, cell)
        wide = left + OPERATOR_GAP + output if across else max(left, output)
        if wide < WIDTH - 2 * MARGIN:
            return cell
    return 0


def _widths(trace: Trace, cell: int) -> tuple[int, int]:
    """Pixels across: input and kernel with the gap between them, and the output."""
    inputs, kernel, output = _labels(trace)
    left = max(_wide(_extents(trace)[1] * cell, label) for label in inputs)
    if trace.weights:
        left += OPERATOR_GAP + _wide(trace.geometry.cols.kernel_size * cell, kernel)
    return left, _wide(trace.geometry.cols.output_size * cell, output)


def _font_size(trace: Trace, cell: int, digits: int) -> int:
    planes = (*trace.planes, trace.output, *trace.weights)
    values = {value for plane in planes for row in plane for value in row}
    texts = {cell_text(value, digits) for value in values}
    font = min(LARGEST_FONT, cell * 11 // 20)
    while font > 4 and any(text_width(t, font) > cell - 6 for t in texts):
        font -= 1
    return font


def _place(trace, text, legend, across, digits, cell, font) -> Layout:
    call = PAIR.sub("\\1,\N{NO-BREAK SPACE}\\2", trace.call)
    title = tuple(wrap(call, TITLE_SIZE, mono=True))
    y = MARGIN + 4 + len(title) * (TITLE_SIZE + 8) + 14
    rows, cols = _extents(trace)
    first = (-trace.geometry.rows.padding[0], -trace.geometry.cols.padding[0])
    label_height, gap = LABEL_SIZE + 12, 12
    input_labels, kernel_label, output_label = _labels(trace)
    block = max(rows, trace.geometry.rows.kernel_size if trace.weights else 0) * cell
    kernel_shape, (out_rows, out_cols) = _kernel_shape(trace), trace.geometry.output_shape
    left_width, output_width = _widths(trace, cell)
    kernel_offset = left_width - _wide(kernel_shape[1] * cell, kernel_label)
    total = left_width + OPERATOR_GAP + output_width if across else left_width
    x = max(MARGIN, (WIDTH - total) // 2)
    inputs, kernels, operators, top = [], [], [], y + label_height
    for label in input_labels:
        inputs.append(Panel("input", label, x, top, rows, cols, cell, *first))
        if trace.weights:
            kernel_x = x + kernel_offset
            kernel_y = top + (block - kernel_shape[0] * cell) // 2
            kernels.append(Panel("kernel", kernel_label, kernel_x, kernel_y, *kernel_shape, cell))
            operators.append((kernel_x - OPERATOR_GAP // 2, top + block // 2, "∗"))
        top += block + label_height + gap
    top -= label_height + gap
    middle = (y + label_height + top) // 2
    if across:
        output_x, output_y = x + left_width + OPERATOR_GAP, middle - out_rows * cell // 2
        operators.append((output_x - OPERATOR_GAP // 2, middle, "→"))
        bottom = max(top, output_y + out_rows * cell)
        shift = max(0, y + label_height - output_y)
    else:
        output_x, output_y = max(MARGIN, (WIDTH - output_width) // 2), top + 34 + label_height
        operators.append((WIDTH // 2, top + 18, "↓"))
        bottom, shift = output_y + out_rows * cell, 0
    output = Panel("output", output_label, output_x, output_y + shift, out_rows, out_cols, cell)
    legend_y = bottom + shift + 34
    lines, longest = text
    text_x = max(MARGIN, min(x, output_x, WIDTH - MARGIN - longest))
    text_y = legend_y + (34 if legend else 6)
    height = text_y + (lines - 1) * (LINE_SIZE + 8) + 40
    return Layout(
        title,
        tuple(inputs),
        tuple(kernels),
        output,
        tuple(operators),
        font,
        digits,
        legend_y,
        text_x,
        text_y,
        height,
    )


def _kernel_shape(trace: Trace) -> tuple[int, int]:
    return trace.geometry.rows.kernel_size, trace.geometry.cols.kernel_size


def _labels(trace: Trace) -> tuple[tuple[str, ...], str, str]:
    """Above each input, above each kernel, above the output."""

    def label(name, shape, channel, many):
        if many and trace.weights:  # no room for both beside a kernel
            return f"{name} channel {channel}"
        return f"{name} {size(shape)}" + (f", channel {channel}" if many else "")

    shape, many = trace.geometry.input_shape, trace.input_shape[-3] > 1
    inputs = tuple(label("input", shape, channel, many) for channel in trace.channels)
    kernel = f"kernel {size(_kernel_shape(trace))}"
    many = trace.output_shape[-3] > 1
    return inputs, kernel, label("output", trace.geometry.output_shape, trace.channel, many)


def _wide(pixels: int, label: str) -> int:
    return max(pixels, text_width(label, LABEL_SIZE))
