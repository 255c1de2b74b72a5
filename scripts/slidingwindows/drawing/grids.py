"""What stands in a figure of a Trace or a Transfer: its grids and their labels."""

from __future__ import annotations

from ..core.errors import SlidingWindowsError, given
from ..core.geometry import AnyAxis
from ..core.text import size
from ..core.trace import Plane, Trace
from ..core.transfer import Transfer
from .layout import MAX_SIDE
from .panels import Grid, values_of


def of_trace(trace: Trace) -> tuple[tuple[Grid, ...], tuple[Grid, ...], Grid]:
    """(inputs, kernels, output) of a Trace."""
    _check(trace.geometry.input_shape, trace.call)
    rows, cols = (_reach(axis) for axis in (trace.geometry.rows, trace.geometry.cols))
    first = -trace.geometry.rows.padding[0], -trace.geometry.cols.padding[0]
    labels = [_plane_label(trace, plane) for plane in range(len(trace.planes))]
    inputs = tuple(
        Grid("input", label, rows, cols, values_of([plane]), *first)
        for label, plane in zip(labels, trace.planes, strict=True)
    )
    kernel = (
        shape_words("kernel", (len(w := trace.weights[0]), len(w[0])), trace.dims)
        if (trace.weights)
        else ""
    )
    flipped = " flipped" if trace.operation.startswith("ConvTranspose") else ""
    kernels = tuple(
        Grid("kernel", kernel + flipped, len(w), len(w[0]), values_of([w])) for w in trace.weights
    )
    label = shape_words("output", trace.geometry.output_shape, trace.dims)
    if trace.dims == 3:
        label = f"output, depth {trace.depth_index}"
    if trace.output_shape[-trace.dims - 1] > 1:
        label += f", channel {trace.channel}"
    output = Grid("output", label, *trace.geometry.output_shape, values_of([trace.output]))
    return inputs, kernels, output


def of_transfer(transfer: Transfer) -> tuple[tuple[Grid, ...], tuple[Grid, ...], Grid]:
    """(inputs, beside them, output) of a Transfer."""
    shape = (len(transfer.target), len(transfer.target[0]))
    sources = transfer.sources
    between = values_of(transfer.after(n) for n in range(len(transfer.moves) + 1))
    _check(max(shape, (len(sources[0]), len(sources[0][0]))), transfer.call)
    if transfer.kind == "gradient":
        forward = given(transfer.forward, "forward pass")
        inputs, _, _ = of_trace(forward)
        upstream = Grid("kernel", "gradient of output", *_shape(sources[0]), values_of(sources))
        label = "gradient of input" + (" stretched" if forward.stretched else "")
        output = Grid("output", label, *shape, between)
        return (inputs[transfer.plane],), (upstream,), output
    names = {
        "unpool": ("pooled", "output"),
        "unfold": ("input", "columns"),
        "fold": ("columns", "output"),
    }[transfer.kind]
    first = (0, 0)
    if transfer.kind == "unfold":
        first = -transfer.geometry.rows.padding[0], -transfer.geometry.cols.padding[0]
    many, deep = len(sources) > 1, transfer.kind == "unpool" and transfer.dims == 3
    part = "depth" if deep else "channel"
    dims = transfer.dims if transfer.kind == "unpool" else 2
    inputs = tuple(
        Grid(
            "input",
            f"{names[0]} {part} {n}"
            if many
            else shape_words(names[0], _real(transfer, plane), dims),
            *_shape(plane),
            values_of([plane]),
            *first,
        )
        for n, plane in enumerate(sources)
    )
    label = shape_words(names[1], shape, dims)
    label += f", depth {transfer.depth_index}" if deep else ""
    return inputs, (), Grid("output", label, *shape, between)


def shape_words(name: str, shape: tuple[int, int], dims: int = 2) -> str:
    """'input 6×6', or of a signal 'input of 10'."""
    return f"{name} of {shape[1]}" if dims == 1 else f"{name} {size(shape)}"


def _plane_label(trace: Trace, plane: int) -> str:
    words = ["input"]
    many = trace.input_shape[-trace.dims - 1] > 1
    if many:
        words.append(f"channel {trace.channels[plane]}")
    if trace.slices:
        words.append(f"depth {trace.slices[plane]}".replace("-", "−"))
    if trace.weights and len(words) > 1:  # no room for the shape beside a kernel
        return " ".join(words) if len(words) == 2 else f"{words[0]} {words[1]}, {words[2]}"
    if trace.stretched and not trace.slices:
        words[0] += " " + size(_unstretched(trace)) + " stretched"
    elif not trace.slices:
        words[0] = shape_words("input", trace.geometry.input_shape, trace.dims)
    return ", ".join(words)


def _unstretched(trace: Trace) -> tuple[int, ...]:
    return tuple(trace.input_shape[-min(trace.dims, 2) :])


def _reach(axis: AnyAxis) -> int:
    """Cells along an axis: the padding, and what ceil_mode's windows reach beyond it."""
    ends = [stop for _, stop in axis.spans] + [start + axis.extent for start in axis.dropped]
    return max(axis.padded_size, max(ends) + axis.padding[0])


def _shape(plane: Plane) -> tuple[int, int]:
    return len(plane), len(plane[0])


def _real(transfer: Transfer, plane: Plane) -> tuple[int, int]:
    return transfer.geometry.input_shape if transfer.kind == "unfold" else _shape(plane)


def _check(shape: tuple[int, int], call: str) -> None:
    if max(shape) > MAX_SIDE:
        raise SlidingWindowsError(
            f"a figure draws inputs of up to {MAX_SIDE}×{MAX_SIDE} (with numbers about 16×16), "
            f"not {size(shape)}",
            call,
        )
