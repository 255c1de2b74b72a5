"""What a figure of a Trace or a Transfer says around its grids: labels, legend, lines below."""

from __future__ import annotations

from ..core.errors import given
from ..core.step import plane_shape
from ..core.text import number, size
from ..core.trace import Trace
from ..core.transfer import Transfer

# What swatches mean, by what they show.
MEANS = {
    "unread": "never read by any window",
    "tie": "a later tie",
    "dropped": "window dropped: it would start past the input",
    "beyond": "past the edge: nothing to read",
    "winner": "the winner",
    "arrived": "what has just arrived",
    "padding": "padding holds 0",
    "nan": "nan",
}
OPENING = {
    "gradient": "gradients go back to what made the output",
    "unpool": "each number goes to its index; the rest is 0",
    "unfold": "each window becomes one column",
    "fold": "columns go back to their windows and add up",
}
COUNTED = {"unpool": "number", "fold": "column"}  # and windows of all others
NAMES = {
    "unpool": ("pooled", "output"),
    "unfold": ("input", "columns"),
    "fold": ("columns", "output"),
}


def shape_words(name: str, shape: tuple[int, int], dims: int = 2) -> str:
    """'input 6×6', or of a signal 'input of 10'."""
    return f"{name} of {shape[1]}" if dims == 1 else f"{name} {size(shape)}"


def trace_labels(trace: Trace) -> tuple[list[str], str, str]:
    """Of each input, of the kernels and of the output."""
    kernel = ""
    if trace.weights:
        shape = (len(trace.weights[0]), len(trace.weights[0][0]))
        flipped = " flipped" if trace.operation.startswith("ConvTranspose") else ""
        kernel = shape_words("kernel", shape, trace.dims) + flipped
    output = shape_words("output", trace.geometry.output_shape, trace.dims)
    if trace.dims == 3:
        output = f"output, depth {trace.depth_index}"
    if trace.output_shape[-trace.dims - 1] > 1:
        output += f", channel {trace.channel}"
    return [_input(trace, plane) for plane in range(len(trace.planes))], kernel, output


def _input(trace: Trace, plane: int) -> str:
    words = ["input"]
    many = trace.input_shape[-trace.dims - 1] > 1
    if many:
        words.append(f"channel {trace.channels[plane]}")
    if trace.slices:
        words.append(f"depth {number(trace.slices[plane])}")
    if trace.weights and len(words) > 1:  # no room for the shape beside a kernel
        return " ".join(words) if len(words) == 2 else f"{words[0]} {words[1]}, {words[2]}"
    if trace.stretched and not trace.slices:
        words[0] += f" {size(trace.input_shape[-min(trace.dims, 2) :])} stretched"
    elif not trace.slices:
        words[0] = shape_words("input", trace.geometry.input_shape, trace.dims)
    return ", ".join(words)


def transfer_labels(transfer: Transfer) -> tuple[list[str], str, str]:
    """Of each source, of the gradient beside it, and of the target."""
    if transfer.kind == "gradient":
        forward = given(transfer.forward, "forward pass")
        inputs, _, _ = trace_labels(forward)
        output = "gradient of input" + (" stretched" if forward.stretched else "")
        return [inputs[transfer.plane]], "gradient of output", output
    before, after = NAMES[transfer.kind]
    deep = transfer.kind == "unpool" and transfer.dims == 3
    dims = transfer.dims if transfer.kind == "unpool" else 2
    part = "depth" if deep else "channel"
    inputs = [f"{before} {part} {n}" for n in range(len(transfer.sources))]
    if len(inputs) == 1:
        [source] = transfer.sources
        real = transfer.geometry.input_shape if transfer.kind == "unfold" else plane_shape(source)
        inputs = [shape_words(before, real, dims)]
    output = shape_words(after, plane_shape(transfer.target), dims)
    return inputs, "", output + (f", depth {transfer.depth_index}" if deep else "")


def trace_closing(trace: Trace) -> str:
    """The animation's last line."""
    count = len(trace.steps)
    windows = "one window" if count == 1 else f"{count:,} windows"
    before: tuple[int, ...] = trace.geometry.input_shape
    after = trace.geometry.output_shape
    if trace.stretched:
        before = trace.input_shape[-2:] if trace.dims > 1 else before
    if trace.dims == 1:
        return f"{windows}: {number(trace.input_shape[-1])} in, {number(after[1])} out"
    return f"{windows}: {size(before)} in, {size(after)} out"


def transfer_closing(transfer: Transfer) -> str:
    """The same of a Transfer."""
    count, name = len(transfer.moves), COUNTED.get(transfer.kind, "window")
    before = plane_shape(transfer.sources[0])
    if transfer.kind == "unfold":
        before = transfer.geometry.input_shape
    after = plane_shape(transfer.target)
    return f"{count:,} {name}{'s' if count != 1 else ''}: {size(before)} in, {size(after)} out"


def transfer_title(transfer: Transfer) -> str:
    """What happens, as code."""
    return f"{'backward through ' * (transfer.kind == 'gradient')}{transfer.call}"


def counted(index: int, count: int, name: str = "") -> str:
    """'window 3 of 1,024: ', before the words of a step that is one of very many."""
    return f"{name}{' ' * bool(name)}{index + 1:,} of {count:,}: "


def span(ends: list[str], names: list[str]) -> str:
    """What is black and what white: 'input and output from 0 to 1', or 'input all 0'."""
    shown = f"from {ends[0]} to {ends[1]}" if len(ends) == 2 else f"all {ends[0]}"
    return f"{' and '.join(names)} {shown}"
