"""A Trace in words: alt text, a transcript complete enough to redraw it, and what figures share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ..core.geometry import AnyAxis
from ..core.step import Step
from ..core.text import number, size
from ..core.trace import Trace
from ..core.uneven import UnevenAxis


def size_words(trace: Trace) -> list[str]:
    """How the output's size comes about: one line, or one for each axis that differs."""
    axes: dict[str, tuple[AnyAxis, int | None]] = {
        "height": (trace.geometry.rows, 0),
        "width": (trace.geometry.cols, 1),
    }
    if trace.dims == 1:
        del axes["height"]
    if trace.depth:
        axes = {"depth": (trace.depth, None), **axes}
    names: dict[str, list[str]] = {}
    for name, axis in axes.items():
        names.setdefault(_formula(trace, *axis), []).append(name)
    if len(names) == 1:
        return [f"size: {formula}" for formula in names]
    return [f"{' and '.join(equal)}: {formula}" for formula, equal in names.items()]


def _formula(trace: Trace, axis: AnyAxis, which: int | None) -> str:
    if isinstance(axis, UnevenAxis):
        return _uneven(axis)
    if not trace.operation.startswith("ConvTranspose"):
        return axis.formula()
    # (i − 1)·s − 2p + d(k − 1) + output_padding + 1
    stride = trace.depth_stretch if which is None else trace.stretch[which]
    size = (axis.size - 1) // stride + 1
    before, after = (pad - crop for pad, crop in zip(axis.padding, axis.crop, strict=True))
    padding, extra = axis.extent - 1 - before, after - before
    text = f"({size} − 1)·{stride}" + (f" − 2·{padding}" if padding else "")
    kernel = axis.kernel_size
    text += f" + {axis.dilation}·({kernel} − 1)" if axis.dilation > 1 else f" + {kernel} − 1"
    text += f" + {extra}" if extra else ""
    return f"{text} + 1 = {axis.output_size}"


def _uneven(axis: UnevenAxis) -> str:
    # Shorter than axis.formula(), for the figure shows the windows by rulers.
    if axis.rule == "fractional":
        return f"{axis.output_size} windows of {axis.extent} at random places"
    size, out = axis.size, axis.output_size
    return f"window j is ⌊j·{size}/{out}⌋ ≤ i < ⌈(j + 1)·{size}/{out}⌉"


def padding_words(trace: Trace) -> str:
    """What the cells that are not the input's own hold, for the legend."""
    if trace.operation.startswith("ConvTranspose"):
        strides = sorted({*trace.stretch, trace.depth_stretch} - {1})
        if not strides:
            return "zeros put around"
        around = "around and " if padded(trace) else ""
        amount = f"stride {strides[0]}" if len(strides) == 1 else "the strides"
        return f"zeros put {around}between, by {amount}"
    if trace.padding_mode != "zeros":
        return f"padding ({trace.padding_mode})"
    if not trace.counts_padding:
        return "padding is not counted"
    return f"padding holds {number(trace.reduction.padding)}"


def padded(trace: Trace) -> bool:
    """True if any of the planes has padding."""
    axes = (trace.geometry.rows, trace.geometry.cols)
    deep = any(trace.is_padding(0, 0, p) for p in range(len(trace.planes)))
    return deep or any(any(axis.padding) for axis in axes)


HELD = {-math.inf: "minus infinity", 0.0: "zero"}  # by padding
LONGEST_ALT = 25  # numbers of the output that alt text spells out


def alt_text(trace: Trace) -> str:
    """What a reader who cannot see the animation needs first: the call, the sizes, the result."""
    text = f"Animation: {trace.call} slides over {_input(trace)} and gives {_output(trace)}"
    if sum(map(len, trace.output)) <= LONGEST_ALT:
        text += ": " + rows_words(trace.output)
    return text + "."


def a_size(shape: Sequence[int]) -> str:
    """A size after its article, as it is read aloud.

    >>> a_size((8, 8)), a_size((11, 5)), a_size((18, 3, 3)), a_size((110, 1))
    ('an 8×8', 'an 11×5', 'an 18×3×3', 'a 110×1')
    """
    text = f"{shape[0]:,}"
    vowel = text.startswith("8") or text.split(",")[0] in ("11", "18")
    return f"{'an' if vowel else 'a'} {size(shape)}"


def _input(trace: Trace) -> str:
    if trace.dims == 1:
        return f"an input of {trace.input_shape[-1]} elements"
    if trace.dims == 3:
        return a_size(trace.input_shape[-3:]) + " input"
    return a_size(trace.input_shape[-2:]) + " input"


def _output(trace: Trace) -> str:
    rows, cols = trace.geometry.output_shape
    if trace.dims == 1:
        return f"an output of {cols}"
    depth = f" at depth {trace.depth_index}" if trace.dims == 3 else ""
    return f"{a_size((rows, cols))} output{depth}"


def transcript(trace: Trace) -> list[str]:
    """The whole animation, one sentence or two a line: the numbers, then every window in order."""
    lines = []
    for plane in range(len(trace.planes)):
        if not trace.is_padding(0, 0, plane):
            lines.append(f"{_plane('Input', trace, plane)}, by rows: {_real(trace, plane)}.")
    for plane, kernel in enumerate(trace.weights):
        lines.append(f"{_plane('Kernel', trace, plane)}, by rows: {rows_words(kernel)}.")
    lines += _notes(trace)
    lines += [_step(trace, step) for step in trace.steps]
    lines.append(f"Output, by rows: {rows_words(trace.output)}.")
    return lines


def _plane(name: str, trace: Trace, plane: int) -> str:
    if len(trace.planes) == 1:
        return name
    words = []
    if len(set(trace.channels)) > 1 or not trace.slices:
        words.append(f"channel {trace.channels[plane]}")
    if trace.slices:
        words.append(f"depth {number(trace.slices[plane])}")
    joint = " for " if name == "Kernel" else ", "
    return name + joint + ", ".join(words)


def _real(trace: Trace, plane: int) -> str:
    """The input itself, without padding and without the zeros of a transposed convolution."""
    (height, width), (down, across) = trace.geometry.input_shape, trace.stretch
    return rows_words(
        [trace.at(plane, r, c) for c in range(0, width, across)] for r in range(0, height, down)
    )


def rows_words(plane: Iterable[Iterable[float]]) -> str:
    """Rows of numbers: '1 2; 3 4'."""
    return "; ".join(" ".join(number(v) for v in row) for row in plane)


def _notes(trace: Trace) -> list[str]:
    rows, cols = trace.geometry.rows, trace.geometry.cols
    notes = []
    if trace.stretched:
        down, across = (n - 1 for n in trace.stretch)
        deep = f"two slices {trace.depth_stretch - 1} of zeros, between " if trace.slices else ""
        notes.append(
            f"Stretched: between {deep}two rows {down} of zeros, between two columns {across} of "
            "zeros; positions count them, and the kernel is flipped."
        )
    if any(map(any, (rows.crop, cols.crop))):
        (top, bottom), (left, right) = rows.crop, cols.crop
        sides = f"{top} above, {bottom} below, {left} left, {right} right"
        if trace.dims == 1:
            sides = f"{left} before, {right} after"
        notes.append(f"Cropped by the large padding, so read by no window: {sides}.")
    if padded(trace):
        holds = HELD[trace.reduction.padding]
        if trace.padding_mode != "zeros":
            holds = f"what padding_mode {trace.padding_mode!r} copies there"
        if not trace.counts_padding:
            holds += " and is not counted"
        (top, bottom), (left, right) = rows.padding, cols.padding
        sides = f"{top} above, {bottom} below, {left} left, {right} right"
        if trace.dims == 1:
            sides = f"{left} before, {right} after"
        outside = [number(s) for p, s in enumerate(trace.slices) if trace.is_padding(0, 0, p)]
        if outside:
            sides += f", and all of depth {', '.join(dict.fromkeys(outside))}"
        notes.append(f"Padding: {sides}; it holds {holds}.")
    dropped = [("row", rows.dropped), ("element" if trace.dims == 1 else "column", cols.dropped)]
    for name, starts in dropped:
        if starts:
            places = ", ".join(number(start) for start in starts)
            notes.append(
                f"The window that would start at {name} {places}, past the input, is dropped."
            )
    untouched = sorted(trace.geometry.untouched())
    if untouched:
        if trace.dims == 1:
            spots = ", ".join(str(c) for _, c in untouched)
            notes.append(f"Never read by any window: {spots}.")
        else:
            spots = ", ".join(f"({r}, {c})" for r, c in untouched)
            notes.append(f"Never read by any window, as (row, column): {spots}.")
    return notes


def _span(axis: AnyAxis, index: int, name: str) -> str:
    window = axis.windows[index]
    if len(window) == 1:
        return f"{name} {number(window[0])}"
    if axis.dilation > 1:
        return f"{name}s " + ", ".join(number(p) for p in window)
    return f"{name}s {number(window[0])} to {number(window[-1])}"


def _step(trace: Trace, step: Step) -> str:
    row, col = step.output
    rows, cols = trace.geometry.rows, trace.geometry.cols
    if trace.dims == 1:
        text = f"Output {col} reads {_span(cols, col, 'element')}: {step.arithmetic}"
    else:
        place = f"{_span(rows, row, 'row')} and {_span(cols, col, 'column')}"
        text = f"Output ({row}, {col}) reads {place}: {step.arithmetic}"
    if step.winner is not None:
        tap = step.taps[step.winner]
        depth = f"depth {number(trace.slices[tap.plane])}, " if trace.slices else ""
        position = f"({number(tap.row)}, {number(tap.col)})"
        text += f", found at {depth}{number(tap.col) if trace.dims == 1 else position}"
        if step.ties:
            text += ", the first of equals"
    return text + "."
