"""The Python that makes a figure again: its own numbers, its own call, nothing else."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Sequence
from typing import TypeAlias

from ..core.step import Rows
from ..core.trace import Trace
from ..core.transfer import Transfer

MOST_NUMBERS = 600  # more than these are data, not a recipe
Nested: TypeAlias = "float | Sequence[Nested]"  # a tensor's numbers
Part = tuple[list[str], Nested]  # an index into a tensor, and what is there
DTYPES = {2.0**-23: "float32", 2.0**-52: "float64", 2.0**-10: "float16", 2.0**-7: "bfloat16"}


def recipe(item: Trace | Transfer, name: str) -> str:
    """A script that draws the figure to NAME.gif; empty if its numbers are too many to list.

    item: what the figure shows. The script's ``slide`` or ``route`` gives an equal one.
    Empty, too, for what a trace does not hold: the random numbers of fractional pooling, the
    slices of a volume that copied padding comes from, and the call of a module that no call makes.
    """
    forward = item.forward if isinstance(item, Transfer) and item.forward else item
    copied = isinstance(forward, Trace) and forward.slices and forward.padding_mode != "zeros"
    unknown = not item.call.startswith("nn.") or item.operation.startswith("FractionalMaxPool")
    unknown = unknown or not _dtype(item)
    if copied or unknown or _count(item) > MOST_NUMBERS:
        return ""
    lines = ["import torch", "from torch import nn"]
    if isinstance(item, Trace):
        lines += ["from slidingwindows import save, slide", "", *_input(item), *_module(item)]
        lines.append(f"figure = slide(module, x{_choice(item)})")
    elif item.forward:
        trace = item.forward
        lines += ["from slidingwindows import route, save", "", *_input(trace), *_module(trace)]
        rows = item.sources[0] if item.dims > 1 else item.sources[0][0]
        lines.append(f"gradient = {_tensor(rows, _dtype(trace))}")
        real = [p for p in range(len(trace.planes)) if trace.is_real_plane(p)]
        plane = f", plane={item.plane}" if item.plane != real[0] else ""
        lines.append(f"figure = route(module, x, gradient{_choice(trace)}{plane})")
    else:
        lines += ["from slidingwindows import save, slide", "", *_moved(item)]
    return "\n".join([*lines, f'save(figure, "{name}.gif")', ""])


def _count(item: Trace | Transfer) -> int:
    planes = item.planes if isinstance(item, Trace) else item.sources
    if isinstance(item, Transfer) and item.forward:
        planes = (*planes, *item.forward.planes)
    return sum(len(row) for plane in planes for row in plane)


def _dtype(item: Trace | Transfer) -> str:
    """Empty for one that only a dictionary from elsewhere can name."""
    integral = isinstance(item, Trace) and item.integral
    return "int64" if integral else DTYPES.get(item.epsilon, "")


def _input(trace: Trace) -> list[str]:
    """x, as far as the figure depends on it; what it does not depend on is zero."""
    (height, width), (down, across) = trace.geometry.input_shape, trace.stretch
    parts: list[Part] = []
    for plane in range(len(trace.planes)):
        if not trace.is_real_plane(plane):
            continue
        rows = [
            [trace.at(plane, r, c) for c in range(0, width, across)] for r in range(0, height, down)
        ]
        index = [str(trace.channels[plane])]
        if len(trace.input_shape) == trace.dims + 2:
            index.insert(0, str(trace.sample))
        if trace.slices:
            index.append(str(trace.slices[plane] // trace.depth_stretch))
        parts.append((index, rows if trace.dims > 1 else rows[0]))
    return _filled("x", trace.input_shape, parts, _dtype(trace))


def _filled(name: str, shape: tuple[int, ...], parts: list[Part], dtype: str) -> list[str]:
    """A tensor from its parts: at once if one part is all of it."""
    if len(parts) == 1 and all(n == 1 for n in shape[: len(parts[0][0])]):
        return [f"{name} = {_tensor(parts[0][1], dtype)}.reshape{tuple(shape)}"]
    lines = [f"{name} = torch.zeros({', '.join(map(str, shape))}, dtype=torch.{dtype})"]
    for index, rows in parts:
        lines.append(f"{name}[{', '.join(index)}] = {_tensor(rows, dtype)}")
    return lines


def _module(trace: Trace) -> list[str]:
    lines = [f"module = {_plain(trace.call)}{_suffix(trace)}"]
    if not trace.weights:
        return lines
    transposed = trace.operation.startswith("ConvTranspose")
    count = len(set(trace.channels))
    each = len(trace.weights) // count
    for number in range(count):
        kernels: Sequence[Rows] = trace.weights[number * each : (number + 1) * each]
        if transposed:
            kernels = [[row[::-1] for row in kernel[::-1]] for kernel in kernels[::-1]]
        rows: Nested = (
            kernels if trace.dims == 3 else kernels[0] if trace.dims == 2 else kernels[0][0]
        )
        here, there = trace.channel, number
        if transposed:
            groups = trace.input_shape[-trace.dims - 1] // count
            here = list(dict.fromkeys(trace.channels))[number]
            # Of a trace from elsewhere the channels need not fit its call.
            there = trace.channel % max(1, trace.output_shape[-trace.dims - 1] // groups)
        lines.append(f"module.weight.data[{here}, {there}] = {_tensor(rows, _dtype(trace))}")
    if trace.bias is not None:
        lines.append(f"module.bias.data[{trace.channel}] = {_number(trace.bias, _dtype(trace))}")
    return lines


def _plain(call: str) -> str:
    """The call alone: dtype and device are said by what is made here."""
    return re.sub(r"(?<=\))(\.\w+\([^()]*\))+$", "", call)


def _suffix(trace: Trace) -> str:
    dtype = _dtype(trace)
    return f".to(torch.{dtype})" if trace.weights and dtype != "float32" else ""


def _choice(trace: Trace) -> str:
    names = {"channel": trace.channel, "sample": trace.sample, "depth": trace.depth_index}
    return "".join(f", {name}={value}" for name, value in names.items() if value)


def _moved(item: Transfer) -> list[str]:
    dtype, dims = _dtype(item), 1 if item.kind == "fold" else item.dims
    batched = len(item.input_shape) == dims + 2
    lead = [str(item.sample)] if batched else []
    if item.kind == "unfold":
        top, left = item.geometry.rows.padding[0], item.geometry.cols.padding[0]
        height, width = item.geometry.input_shape
        parts: list[Part] = [
            ([*lead, str(n)], [row[left : left + width] for row in plane[top : top + height]])
            for n, plane in enumerate(item.sources)
        ]
        lines = _filled("x", item.input_shape, parts, dtype)
    elif item.kind == "fold":
        size = len(item.sources[0])
        index = ", ".join([*lead, f"{item.channel * size}:{(item.channel + 1) * size}"])
        lines = [f"x = torch.zeros({', '.join(map(str, item.input_shape))}, dtype=torch.{dtype})"]
        lines.append(f"x[{index}] = {_tensor(item.sources[0], dtype)}")
    else:
        lines = []
        tensors: tuple[tuple[str, Sequence[Rows], str], ...] = (
            ("x", item.sources, dtype),
            ("indices", item.indices, "int64"),
        )
        for name, planes, kind in tensors:
            parts = []
            for depth, rows in enumerate(planes):
                place = [*lead, str(item.channel), *([str(depth)] if item.dims == 3 else [])]
                parts.append((place, rows if item.dims > 1 else rows[0]))
            lines += _filled(name, item.input_shape, parts, kind)
    lines.append(f"module = {_plain(item.call)}")
    if item.kind == "unpool":
        whole = tuple(item.output_shape[-item.dims :])
        names = {"channel": item.channel, "sample": item.sample, "depth": item.depth_index}
        choice = "".join(f", {name}={value}" for name, value in names.items() if value)
        return [*lines, f"figure = slide(module, x, indices=indices, output_size={whole}{choice})"]
    choice = f", channel={item.channel}" if item.channel else ""
    choice += f", sample={item.sample}" if item.sample else ""
    return [*lines, f"figure = slide(module, x{choice})"]


def _tensor(rows: Nested, dtype: str) -> str:
    """torch.tensor(...) with a line for each row."""

    def text(value: Nested, indent: str) -> str:
        if not isinstance(value, Sequence):
            return _number(value, dtype)
        numbers = [_number(v, dtype) for v in value if not isinstance(v, Sequence)]
        if numbers:
            return f"[{', '.join(numbers)}]"
        deeper = indent + "    "
        inside = "".join(f"{deeper}{text(v, deeper)},\n" for v in value)
        return f"[\n{inside}{indent}]"

    return f"torch.tensor({text(rows, '')}, dtype=torch.{dtype})"


def _number(value: float, dtype: str) -> str:
    """The shortest text that gives the same number in its dtype."""
    if math.isnan(value) or math.isinf(value):
        return f'float("{value}")'
    if value == 0 and math.copysign(1, value) < 0:
        return "-0.0"
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    if dtype == "float32":
        for digits in range(1, 10):
            short = f"{value:.{digits}g}"
            if struct.pack("f", float(short)) == struct.pack("f", value):
                return short
    return repr(value)
