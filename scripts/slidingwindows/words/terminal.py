"""A Trace or a Transfer as aligned lines for a terminal: sizes, grids, one line a window."""

from __future__ import annotations

from ..core.geometry import AnyAxis
from ..core.step import Rows
from ..core.text import number
from ..core.trace import Trace
from ..core.transfer import Transfer
from . import trace as trace_words


def listing(item: Trace | Transfer) -> list[str]:
    """The call, the shapes, the numbers that go in, every window's arithmetic, what comes out."""
    return _of_transfer(item) if isinstance(item, Transfer) else _of_trace(item)


def in_columns(rows: list[list[str]], gap: str = "  ") -> list[str]:
    """Columns of equal width, their texts at the left, the last one as long as it likes.

    >>> in_columns([["a", "1"], ["bbb", "2"]])
    ['a    1', 'bbb  2']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ([text.ljust(width) for text, width in zip(row, widths, strict=True)] for row in rows)
    return [gap.join(row).rstrip() for row in padded]


def grid(rows: list[list[str]]) -> list[str]:
    """Rows of numbers, the digits of each column below each other."""
    width = max(len(text) for row in rows for text in row)
    return ["  " + " ".join(text.rjust(width) for text in row).rstrip() for row in rows]


def _head(item: Trace | Transfer) -> list[str]:
    before, after = ("×".join(map(str, s)) for s in (item.input_shape, item.output_shape))
    gradient = isinstance(item, Transfer) and item.kind == "gradient"
    ends = ("gradient", "gradient") if gradient else ("input", "output")
    followed = [f"sample {item.sample}", f"channel {item.channel}"]
    if isinstance(item, Trace) and item.depth:
        followed.append(f"depth {item.depth_index}")
    return [item.call, f"{ends[0]} {before} → {ends[1]} {after}; {', '.join(followed)}"]


def _of_trace(trace: Trace) -> list[str]:
    lines = [*_head(trace), *trace_words.size_words(trace), ""]
    for plane in range(len(trace.planes)):
        lines += [_plane_name("input", trace, plane), *_input(trace, plane), ""]
    for plane, kernel in enumerate(trace.weights):
        lines += [_plane_name("kernel", trace, plane), *_numbers(kernel), ""]
    if trace.bias is not None:
        lines += [f"bias {number(trace.bias)}", ""]
    lines += _notes(trace) + ["windows", *_windows(trace), "", "output"]
    return lines + _numbers(trace.output)


def _plane_name(name: str, trace: Trace, plane: int) -> str:
    words = [f"{name}, channel {trace.channels[plane]}"]
    if trace.slices:
        words.append(f"depth {number(trace.slices[plane])}")
    return ", ".join(words)


def _input(trace: Trace, plane: int) -> list[str]:
    untouched = trace.geometry.untouched()
    (height, width), axes = trace.geometry.input_shape, (trace.geometry.rows, trace.geometry.cols)
    (top, bottom), (left, right) = (axis.padding for axis in axes)
    rows: list[list[str]] = []
    for row in range(-top, height + bottom):
        rows.append([])
        for col in range(-left, width + right):
            text = number(trace.at(plane, row, col))
            if trace.is_padding(row, col, plane) or trace.is_stretch(row, col, plane):
                rows[-1].append(f"({text})")
            else:
                rows[-1].append(f"{text}{'*' if (row, col) in untouched else ' '}")
    return grid(rows)


def _numbers(plane: Rows) -> list[str]:
    return grid([[f"{number(value)} " for value in row] for row in plane])


def _notes(trace: Trace) -> list[str]:
    signs = []
    if trace_words.padded(trace):
        signs.append(f"(…) {trace_words.padding_words(trace)}")
    if trace.stretched:
        signs.append("(0) zeros between the input's own numbers")
    if trace.operation.startswith("ConvTranspose"):
        signs.append("the kernel is turned around, as it slides")
    if trace.geometry.untouched():
        signs.append("* read by no window")
    return ["; ".join(signs), ""] if signs else []


def _windows(trace: Trace) -> list[str]:
    rows, cols = trace.geometry.rows, trace.geometry.cols
    table = []
    for step in trace.steps:
        row, col = step.output
        places = [f"({row}, {col})", f"rows {_span(rows, row)}", f"columns {_span(cols, col)}"]
        if trace.dims == 1:
            places = [number(col), f"elements {_span(cols, col)}"]
        words = step.arithmetic
        if step.winner is not None:
            tap = step.taps[step.winner]
            place = f"({number(tap.row)}, {number(tap.col)})"
            depth = f", depth {number(trace.slices[tap.plane])}" if trace.slices else ""
            words += f", at {number(tap.col) if trace.dims == 1 else place}{depth}"
            words += ", the first of equals" if step.ties else ""
        table.append([*places, words])
    return ["  " + line for line in in_columns(table)]


def _span(axis: AnyAxis, index: int) -> str:
    window = axis.windows[index]
    if len(window) == 1:
        return number(window[0])
    if window[1] - window[0] > 1:
        return ",".join(map(number, window))
    return f"{number(window[0])}..{number(window[-1])}"


def _of_transfer(transfer: Transfer) -> list[str]:
    lines = [*_head(transfer), ""]
    height, width = transfer.geometry.input_shape
    if transfer.forward:
        forward = [
            [transfer.forward.at(transfer.plane, r, c) for c in range(width)] for r in range(height)
        ]
        lines += ["input of the forward pass", *_numbers(forward), ""]
        lines += ["gradient of the output", *_numbers(transfer.sources[0]), ""]
    else:
        sources: tuple[Rows, ...] = transfer.sources
        for plane, source in enumerate(sources):
            if transfer.kind == "unfold":
                source = [[transfer.at(plane, r, c) for c in range(width)] for r in range(height)]
            name = f"input, channel {plane}" if transfer.kind == "unfold" else "input"
            lines += [name, *_numbers(source), ""]
    table = []
    for move in transfer.moves:
        gets = ", ".join(f"{number(w.amount)} at ({w.row}, {w.col})" for w in move.writes)
        table.append([f"({move.window[0]}, {move.window[1]})", move.arithmetic])
        if transfer.adds:
            table[-1].insert(1, f"adds {gets or 'nothing'}")
    lines += ["windows", *("  " + line for line in in_columns(table)), ""]
    lines += ["gradient of the input" if transfer.forward else "output"]
    return lines + _numbers(transfer.target)
