"""Check a figure that is read from a file: does its torch call make these windows and choices?

The call is parsed as plain text: nothing is imported and nothing is run.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .arguments import several
from .arithmetic import same
from .errors import SlidingWindowsError
from .geometry import PADDING_MODES, AnyAxis, Axis, origin, same_padding
from .uneven import UnevenAxis

if TYPE_CHECKING:
    from .trace import Trace
    from .transfer import Transfer

Arguments = Mapping[str, object]  # what ast.literal_eval gives, which may be anything
Value = int | str | None  # an argument of one axis; a word is a padding's
ONE = Axis(1, 1, 1)
LEAST_INTEGERS = {-(2.0**bits) for bits in (7, 15, 31, 63)} | {0.0}
REGULAR = {"kernel_size", "stride", "padding", "dilation"}
POOLS = REGULAR | {"ceil_mode"}
# Of each family: the kind of its trace, and the arguments that its call may have.
FAMILIES = {
    "MaxPool": ("max", POOLS | {"return_indices"}),
    "AvgPool": ("average", POOLS - {"dilation"} | {"count_include_pad", "divisor_override"}),
    "LPPool": ("lp", POOLS - {"dilation", "padding"} | {"norm_type"}),
    "AdaptiveMaxPool": ("max", {"output_size", "return_indices"}),
    "AdaptiveAvgPool": ("average", {"output_size"}),
    "FractionalMaxPool": (
        "max",
        {"kernel_size", "output_size", "output_ratio", "return_indices"},
    ),
    "Conv": ("convolution", REGULAR | {"groups", "bias", "padding_mode"}),
    "ConvTranspose": (
        "convolution",
        REGULAR | {"output_padding", "groups", "bias", "padding_mode"},
    ),
    "MaxUnpool": ("unpool", REGULAR - {"dilation"}),
    "Unfold": ("unfold", REGULAR),
    "Fold": ("fold", REGULAR | {"output_size"}),
}
CONVOLUTIONS = ("Conv", "ConvTranspose")
# What brought a layer to its dtype and its device, which its windows do not depend on.
CASTS = r"(\.(double|float|half|bfloat16)\(\)|\.to\((torch\.\w+|'[a-z]+(:\d+)?')\)){0,2}$"


def family(operation: str) -> str:
    """'MaxPool2d' to 'MaxPool'."""
    return re.sub(r"[123]d$", "", operation)


def arguments_of(call: str, operation: str) -> Arguments | None:
    """The arguments by name that 'nn.MaxPool2d(kernel_size=2)' gives; None if there is no call.

    Raises SlidingWindowsError if that is not how a call of the operation is written.
    """
    if call == f"{operation}(…)":
        return None
    problem = SlidingWindowsError(f"that is not a call of {operation}", call)
    call = re.sub(CASTS, "", call)
    kind = family(operation)
    names = FAMILIES.get(kind, ("", set()))[1]
    try:
        tree = ast.parse(call, mode="eval").body
        if not isinstance(tree, ast.Call) or ast.unparse(tree.func) != f"nn.{operation}":
            raise problem
        placed = [ast.literal_eval(value) for value in tree.args]
        named = {str(pair.arg): ast.literal_eval(pair.value) for pair in tree.keywords}
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise problem from None
    words = [*map(repr, placed), *(f"{name}={value!r}" for name, value in named.items())]
    first = ("in_channels", "out_channels") if kind in CONVOLUTIONS else ()
    written = f"nn.{operation}({', '.join(words)})" == call
    if not written or len(placed) != len(first) or not set(named) <= names:
        raise problem
    return dict(zip(first, placed, strict=True)) | named


def check_trace(trace: Trace) -> None:
    """Raise if what a trace says besides its windows does not belong to its kind, or its call."""
    fault = _fault_of_kind(trace)
    arguments = arguments_of(trace.call, trace.operation)
    if not fault and arguments is not None:
        fault = _fault_of_call(trace, arguments)
    if fault:
        raise SlidingWindowsError(f"{fault}, which is impossible", trace.call)


def _fault_of_kind(trace: Trace) -> str | None:
    if trace.kind not in {kind for kind, _ in FAMILIES.values()}:
        return None  # a kind that a user has added
    folds = trace.kind == "convolution"
    copies = trace.padding_mode in PADDING_MODES[1:]
    counts = trace.kind in ("average", "lp")
    if not folds and (trace.weights or trace.bias is not None or copies or trace.stretched):
        return "a pool has weights, a bias, copies as padding or zeros in between"
    if trace.stretched and family(trace.operation) in set(FAMILIES) - {"ConvTranspose"}:
        return f"{trace.operation} puts zeros in between"
    if [trace.depth_stretch, *trace.stretch][: 3 - trace.dims] != [1] * (3 - trace.dims):
        return "there are zeros in between along an axis that the input does not have"
    if not folds and trace.input_shape[-trace.dims - 1] != trace.output_shape[-trace.dims - 1]:
        return "a pool changes the number of channels"
    if not folds and set(trace.channels) != {trace.channel}:
        return "a pool reads another channel than the one that it is followed in"
    if trace.padding_mode != "zeros" and not copies:
        return f"padding_mode is {trace.padding_mode!r}"
    if not trace.counts_padding and trace.kind != "average":
        return "something other than an average leaves its padding out"
    if trace.integral != (trace.epsilon == 0):
        return "integers are rounded, or floats are not"
    if (trace.norm is not None) != (trace.kind == "lp"):
        return "a power belongs to something other than an LP pool"
    fault = _fault_of_padding(trace)
    if fault:
        return fault
    for step in trace.steps:
        if (step.divisor is None) == counts:
            return f"step {step.output} is divided, or an average is not"
        equals = [i for i, tap in enumerate(step.taps) if tap.value == step.value]
        nans = [i for i, tap in enumerate(step.taps) if tap.value != tap.value]
        winners = (nans or equals) if trace.kind == "max" else []
        real = [i for i in winners if trace.is_real(step.taps[i])]
        if trace.kind != "max" and (step.winner is not None or step.ties):
            return f"step {step.output} has a winner"
        if step.winner is not None and step.winner not in real:
            return f"step {step.output} is won by no number of the input"
        # Of equals the first wins; which nan wins depends on torch's order.
        if step.winner is not None and not nans and step.winner != real[0]:
            return f"the winner of step {step.output} is the first of equals"
        if step.winner is None and real:
            return f"step {step.output} has no winner"
        if step.ties != tuple(i for i in (equals if winners else ()) if i != step.winner):
            return f"the ties of step {step.output} are all that equal its winner"
    return None


def _fault_of_padding(trace: Trace) -> str | None:
    """Whether what is no element of the input holds what torch puts there."""
    (height, width), mode = trace.geometry.input_shape, trace.padding_mode
    top, left = trace.geometry.rows.padding[0], trace.geometry.cols.padding[0]
    originals: dict[tuple[int, int | None], int] = {}  # the plane that others are copies of
    homes = homes_of(trace)
    for one in sorted(range(len(homes)), key=lambda p: not trace.is_real_plane(p)):
        originals.setdefault(homes[one], one)
    for index, plane in enumerate(trace.planes):
        for r, line in enumerate(plane, -top):
            for c, value in enumerate(line, -left):
                row, col = origin(r, height, mode), origin(c, width, mode)
                expected = trace.reduction.padding
                if trace.is_stretch(r, c, index):
                    expected = 0.0
                elif row is not None and col is not None and homes[index][1] is not None:
                    expected = trace.at(originals[homes[index]], row, col)
                # Where a window holds padding alone, torch's maximum of integers is their least.
                least = trace.integral and expected == -math.inf and value in LEAST_INTEGERS
                if not (least or same(value, expected)):
                    return f"({r}, {c}) of plane {index} holds {value}, torch puts {expected} there"
    return None


def homes_of(trace: Trace) -> list[tuple[int, int | None]]:
    """Which (channel, slice) of the input each plane is: padding may be a copy of another one."""
    slices: Sequence[int | None] = [0] * len(trace.channels)
    if trace.slices and trace.depth:
        slices = [origin(s, trace.depth.size, trace.padding_mode) for s in trace.slices]
    return list(zip(trace.channels, slices, strict=True))


def _fault_of_call(trace: Trace, given: Arguments) -> str | None:
    name, dims = family(trace.operation), trace.dims
    if FAMILIES[name][0] != trace.kind or f"{name}{dims}d" != trace.operation:
        return f"{trace.operation} makes {trace.kind} windows of {dims} dims"
    mine: list[AnyAxis] = [trace.geometry.rows, trace.geometry.cols]
    mine = [trace.depth or ONE, *mine]
    if mine[: 3 - dims] != [ONE] * (3 - dims):
        return "there are windows along an axis that the input does not have"
    axes, stretch = mine[3 - dims :], [trace.depth_stretch, *trace.stretch][3 - dims :]
    for axis, expected in zip(axes, _axes(name, axes, given, dims, stretch), strict=True):
        if axis != expected:
            return f"the windows are {axis}, the call makes {expected}"
    if trace.counts_padding != given.get("count_include_pad", True):
        return "count_include_pad differs from the call"
    if trace.norm is not None and trace.norm != given.get("norm_type"):
        return "norm_type differs from the call"
    if trace.kind == "average":
        divisor = given.get("divisor_override")
        for step in trace.steps:
            if step.divisor != (len(step.taps) if divisor is None else divisor):
                return f"step {step.output} is divided by {step.divisor}"
    if name in CONVOLUTIONS:
        return _fault_of_channels(trace, given)
    return None


def _fault_of_channels(trace: Trace, given: Arguments) -> str | None:
    """Of a convolution: which channels it reads and makes, its bias and its padding."""
    names = ("in_channels", "out_channels", "groups")
    [(into,), (out,), (groups,)] = [several(given.get(one, 1), 1, one) for one in names]
    shapes = trace.input_shape, trace.output_shape
    if [shape[-trace.dims - 1] for shape in shapes] != [into, out]:
        return f"{into} channels become {out}"
    first = trace.channel // (out // groups) * (into // groups)
    slices = max(1, len(trace.planes) // (into // groups))
    read = [channel for channel in range(first, first + into // groups) for _ in range(slices)]
    if list(trace.channels) != read:
        return f"channel {trace.channel} is made of the channels {trace.channels}"
    if (trace.bias is None) == given.get("bias", True):
        return "a bias is left out, or added"
    if trace.padding_mode != given.get("padding_mode", "zeros"):
        return f"the padding is {trace.padding_mode}"
    return None


def _axes(
    name: str,
    axes: list[AnyAxis],
    given: Arguments,
    dims: int,
    stretch: list[int] | None = None,
) -> list[object]:
    """The windows that a call makes on axes of the same sizes."""
    many = {one: _several(given, one, dims) for one in (*REGULAR, "output_size")}
    result: list[object] = []
    for i, axis in enumerate(axes):
        factor = stretch[i] if stretch else None
        if "output_size" in given and name.startswith("Adaptive"):
            wanted = many["output_size"][i]
            if isinstance(wanted, str):
                result.append(None)
            else:
                wanted = axis.size if wanted is None else wanted
                result.append(UnevenAxis.adaptive(axis.size, wanted))
        elif name == "FractionalMaxPool":
            kernels = {stop - start for start, stop in axis.spans}
            fractional = isinstance(axis, UnevenAxis) and axis.rule == "fractional"
            result.append(axis if fractional and kernels == {many["kernel_size"][i]} else None)
        else:
            result.append(_regular(name, axis, {n: many[n][i] for n in REGULAR}, given, factor))
    return result


def _regular(
    name: str, axis: AnyAxis, own: Mapping[str, Value], given: Arguments, stretch: int | None
) -> Axis | None:
    """own: the arguments for this axis. stretch: from one number of its input to the next."""
    kernel, pads, dilation = own["kernel_size"], own["padding"], own["dilation"]
    pooled = name in ("MaxPool", "AvgPool", "LPPool", "MaxUnpool")
    stride = (kernel if pooled else 1) if own["stride"] is None else own["stride"]
    pads, dilation = 0 if pads is None else pads, 1 if dilation is None else dilation
    if not isinstance(axis, Axis) or isinstance(kernel, str) or kernel is None:
        return None
    if isinstance(stride, str) or stride is None or isinstance(dilation, str):
        return None
    words = {"same": same_padding(kernel, dilation), "valid": (0, 0)} if name == "Conv" else {}
    both = words.get(pads) if isinstance(pads, str) else (pads, pads)
    if both is None:
        return None
    pad, _ = both
    if name == "ConvTranspose":
        if stretch != stride or (axis.size - 1) % stride:
            return None
        before = dilation * (kernel - 1) - pad
        for extra in range(max(stride, dilation)):  # an output_size may ask for any of these
            padding = (max(before, 0), max(before + extra, 0))
            crop = (max(-before, 0), max(-before - extra, 0))
            windows = (kernel, 1, padding, dilation, crop)
            if windows == (axis.kernel_size, axis.stride, axis.padding, axis.dilation, axis.crop):
                return Axis(axis.size, kernel, 1, padding, dilation, False, crop)
        return None
    if name == "MaxUnpool":  # what torch guesses, or was asked for, may end within a window
        both = (pad, max(pad, axis.padding[1]))
    ceil_mode = bool(given.get("ceil_mode"))
    return Axis(axis.size, kernel, stride, both, dilation, ceil_mode)


def _several(given: Arguments, name: str, dims: int) -> tuple[Value, ...]:
    value = given.get(name)
    if value is None or isinstance(value, str):
        return (value,) * dims
    if isinstance(value, tuple | list) and None in value:
        return tuple(value)
    return several(value, dims, name)


def check_transfer(transfer: Transfer) -> None:
    """Raise if a transfer's windows are not its grids' own, or not those of its call."""
    fault = _fault_of_transfer(transfer)
    if fault:
        raise SlidingWindowsError(f"{fault}, which is impossible", transfer.call)


def _fault_of_transfer(transfer: Transfer) -> str | None:
    rows, cols = transfer.geometry.rows, transfer.geometry.cols
    target = [len(transfer.target), *{len(row) for row in transfer.target}]
    if len(target) != 2:
        return "the target's rows are not equally long"
    if transfer.forward:
        if transfer.geometry != transfer.forward.geometry:
            return "the windows are others than those of the forward pass"
        sent = [(len(p), *{len(row) for row in p}) for p in transfer.sources]
        if sent != [transfer.geometry.output_shape]:
            return f"the gradient that arrives is of {sent}"
        return None if target == [rows.size, cols.size] else "the gradient has another size"
    if transfer.kind == "unpool":
        fault = _fault_of_unpooling(transfer)
    else:
        fault = _fault_of_columns(transfer)
    if fault:
        return fault
    windows, kernel = rows.output_size * cols.output_size, rows.kernel_size * cols.kernel_size
    sizes = {(len(plane), *{len(row) for row in plane}) for plane in transfer.sources}
    if transfer.kind == "unfold":
        padded = {(rows.padded_size, cols.padded_size)}
        if sizes != padded or list(transfer.input_shape[-2:]) != [rows.size, cols.size]:
            return f"the windows lie on {rows.size} by {cols.size}"
        if target != [len(transfer.sources) * kernel, windows]:
            return f"{windows} windows make {target[1]} columns"
    elif target != [rows.size, cols.size]:
        return f"the windows lie on {rows.size} by {cols.size}"
    elif transfer.kind == "fold" and sizes != {(kernel, windows)}:
        return f"{windows} windows of {kernel} are columns of {sizes}"
    given = arguments_of(transfer.call, transfer.operation)
    if given is None:
        return None
    name, dims = family(transfer.operation), transfer.dims
    if FAMILIES[name][0] != transfer.kind:
        return f"{transfer.operation} makes a {transfer.kind}"
    flat: list[AnyAxis] = [rows, cols][2 - min(dims, 2) :]
    if dims == 3:  # the depth's own windows are not kept
        given = {one: _several(given, one, 3)[1:] for one in given}
    expected = _axes(name, flat, given, len(flat))
    if dims == 1 and rows != ONE:
        return "there are windows along an axis that the input does not have"
    for axis, other in zip(flat, expected, strict=True):
        if axis != other:
            return f"the windows are {axis}, the call makes {other}"
    if name == "Fold" and list(_several(given, "output_size", 2)) != target:
        return f"the target is {target}"
    return None


def _fault_of_unpooling(transfer: Transfer) -> str | None:
    """Whether the numbers of one channel are all of it; its batch and channels stay."""
    sizes = [len(transfer.sources), len(transfer.sources[0]), len(transfer.sources[0][0])]
    level = {(len(plane), *{len(row) for row in plane}) for plane in transfer.sources}
    even = level == {tuple(sizes[1:])}
    outer, sizes = sizes[: 3 - transfer.dims], sizes[3 - transfer.dims :]
    before, after = transfer.input_shape, transfer.output_shape
    fits = even and list(before[-transfer.dims :]) == sizes and set(outer) <= {1}
    if not fits or before[: -transfer.dims] != after[: -transfer.dims]:
        return f"numbers of {sizes} go from {before} to {after}"
    return None


def _fault_of_columns(transfer: Transfer) -> str | None:
    """Whether the matrix of columns and the maps hold the same numbers of channels."""
    rows, cols = transfer.geometry.rows, transfer.geometry.cols
    windows, kernel = rows.output_size * cols.output_size, rows.kernel_size * cols.kernel_size
    maps, matrix = transfer.input_shape, transfer.output_shape
    if transfer.kind == "fold":
        maps, matrix = matrix, maps
    if (*maps[:-3], maps[-3] * kernel, windows) != matrix:
        return f"{windows} windows of {kernel} numbers of {maps} are columns of {matrix}"
    if len(transfer.sources) != (maps[-3] if transfer.kind == "unfold" else 1):
        return f"{len(transfer.sources)} planes are read"
    if transfer.kind == "fold":
        return None
    top, left = rows.padding[0], cols.padding[0]
    for index, plane in enumerate(transfer.sources):
        for r, line in enumerate(plane, -top):
            for c, value in enumerate(line, -left):
                if transfer.is_padding(r, c) and value != 0:
                    return f"({r}, {c}) of plane {index} holds {value}, torch puts 0 there"
    return None
