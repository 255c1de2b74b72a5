"""A Trace in words: one paragraph for alt text, and a transcript complete enough to redraw it."""

from __future__ import annotations

from .geometry import Axis
from .notation import number, size
from .trace import Step, Trace

LONGEST_ALT = 25  # numbers of the output that alt text spells out


def alt_text(trace: Trace) -> str:
    """What a reader who cannot see the animation needs first: the call, the sizes, the result."""
    rows, cols = trace.geometry.output_shape
    text = (
        f"Animation: {trace.call} slides over a {size(trace.geometry.input_shape)} input "
        f"and gives a {size((rows, cols))} output"
    )
    if rows * cols <= LONGEST_ALT:
        text += ": " + "; ".join(" ".join(number(v) for v in row) for row in trace.output)
    return text + "."


def transcript(trace: Trace) -> list[str]:
    """The whole animation, one sentence or two a line: the numbers, then every window in order."""
    many = len(trace.planes) > 1
    lines = []
    for channel, plane in zip(trace.channels, range(len(trace.planes)), strict=True):
        name = f"Input, channel {channel}" if many else "Input"
        lines.append(f"{name}, by rows: {_rows(_real(trace, plane))}.")
    for channel, kernel in zip(trace.channels, trace.weights, strict=False):
        name = f"Kernel for channel {channel}" if many else "Kernel"
        lines.append(f"{name}, by rows: {_rows(kernel)}.")
    lines += _notes(trace)
    lines += [_step(trace, step) for step in trace.steps]
    lines.append(f"Output, by rows: {_rows(trace.output)}.")
    return lines


def _real(trace: Trace, plane: int):
    height, width = trace.geometry.input_shape
    return [[trace.at(plane, r, c) for c in range(width)] for r in range(height)]


def _rows(plane) -> str:
    return "; ".join(" ".join(number(v) for v in row) for row in plane)


def _notes(trace: Trace) -> list[str]:
    rows, cols = trace.geometry.rows, trace.geometry.cols
    notes = []
    if any((*rows.padding, *cols.padding)):
        holds = {"max": "minus infinity", "average": "zero"}.get(trace.kind, "zero")
        if trace.padding_mode != "zeros":
            holds = f"what padding_mode {trace.padding_mode!r} copies there"
        if not trace.counts_padding:
            holds += " and is not counted"
        (top, bottom), (left, right) = rows.padding, cols.padding
        notes.append(
            f"Padding: {top} above, {bottom} below, {left} left, {right} right; it holds {holds}."
        )
    untouched = sorted(trace.geometry.untouched())
    if untouched:
        spots = ", ".join(f"({r}, {c})" for r, c in untouched)
        notes.append(f"Never read by any window, as (row, column): {spots}.")
    return notes


def _span(axis: Axis, index: int, name: str) -> str:
    window = axis.windows[index]
    if len(window) == 1:
        return f"{name} {number(window[0])}"
    if axis.dilation > 1:
        return f"{name}s " + ", ".join(number(p) for p in window)
    return f"{name}s {number(window[0])} to {number(window[-1])}"


def _step(trace: Trace, step: Step) -> str:
    row, col = step.output
    place = (
        f"{_span(trace.geometry.rows, row, 'row')} and {_span(trace.geometry.cols, col, 'column')}"
    )
    text = f"Output ({row}, {col}) reads {place}: {step.arithmetic}"
    if step.winner is not None:
        tap = step.taps[step.winner]
        text += f", found at ({number(tap.row)}, {number(tap.col)})"
        if step.ties:
            text += ", the first of equals"
    return text + "."
