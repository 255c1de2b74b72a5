"""Max, average and LP pooling with regular windows, in 1, 2 and 3 dimensions, to a Trace."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from ..core.errors import SlidingWindowsError
from ..core.reduction import Average, Lp, Max
from ..core.trace import Step, Trace
from .requests import NAMES, Axes, Request, reads_input, spots
from .tensors import ask_torch, plane_of

WITH_INDICES = {
    1: F.max_pool1d_with_indices,
    2: F.max_pool2d_with_indices,
    3: F.max_pool3d_with_indices,
}


def trace_max(ask: Request) -> Trace:
    """MaxPool1d, 2d, 3d. Padding holds minus infinity; the first of equal elements wins."""
    module = ask.module
    axes = _axes(ask, module.dilation)
    output = ask.answer()
    output = output[0] if module.return_indices else output
    again, indices = ask_torch(
        WITH_INDICES[ask.dims],
        ask.input,
        module.kernel_size,
        module.stride,
        module.padding,
        module.dilation,
        module.ceil_mode,
    )
    return winners(ask, axes, output, again, indices)


def winners(ask: Request, axes: Axes, output, again, indices) -> Trace:
    """The Trace of a max pool from torch's output and indices."""
    if not torch.allclose(again, output, rtol=0, atol=0, equal_nan=True):
        raise SlidingWindowsError("the module does not return what max pooling returns")
    planes = ask.planes(axes, _least(ask, axes))
    result, where = plane_of(ask.result(output)), ask.result(indices).tolist()
    slices = axes[0].windows[ask.depth]
    steps = []
    for row, col in spots(axes):
        taps = ask.taps(axes, planes, row, col)
        value, winner = result[row][col], None
        if reads_input(axes, (ask.depth, row, col)):
            places = [(slices[tap.plane], tap.row, tap.col) for tap in taps]
            winner = places.index(_place(where[row][col], axes))
        ties = tuple(i for i, tap in enumerate(taps) if tap.value == value and i != winner)
        steps.append(Step((row, col), taps, value, winner=winner, ties=ties))
    return ask.trace(Max.kind, axes, planes, steps, output)


def trace_average(ask: Request) -> Trace:
    """AvgPool1d, 2d, 3d. Padding holds zero; what ceil_mode adds beyond it is never counted."""
    module = ask.module
    axes = _axes(ask, 1)
    output = ask.answer()
    divisor = getattr(module, "divisor_override", None)
    return averages(ask, axes, output, divisor, module.count_include_pad)


def averages(ask: Request, axes: Axes, output, divisor=None, counts_padding=True) -> Trace:
    """The Trace of an average pool from torch's output. divisor None: the elements counted."""
    planes, result = ask.planes(axes, Average.padding), plane_of(ask.result(output))
    depth, slices = axes[0], axes[0].windows[ask.depth]
    steps = []
    for row, col in spots(axes):
        taps = ask.taps(axes, planes, row, col)
        if not counts_padding:
            taps = tuple(
                t
                for t in taps
                if 0 <= t.row < axes[1].size
                and 0 <= t.col < axes[2].size
                and 0 <= slices[t.plane] < depth.size
            )
        by = float(len(taps) if divisor is None else divisor)
        steps.append(Step((row, col), taps, result[row][col], divisor=by))
    return ask.trace(Average.kind, axes, planes, steps, output, counts_padding=counts_padding)


def trace_lp(ask: Request) -> Trace:
    """LPPool1d, 2d, 3d: torch averages powers, then multiplies by the whole kernel's size.

    So a window that ceil_mode cuts short counts as if it were whole.
    """
    module, norm = ask.module, float(ask.module.norm_type)
    if not ask.input.is_floating_point():
        raise SlidingWindowsError("an LP pool needs floats: integer powers and roots lose digits")
    if norm == 0 or not math.isfinite(norm):
        raise SlidingWindowsError(f"norm_type must be finite and not zero, got {norm}")
    axes = ask.axes(module.kernel_size, module.stride, ceil_mode=bool(module.ceil_mode))
    output = ask.answer()
    planes, result = ask.planes(axes, Lp.padding), plane_of(ask.result(output))
    steps = []
    for row, col in spots(axes):
        taps = ask.taps(axes, planes, row, col)
        steps.append(Step((row, col), taps, result[row][col], divisor=float(len(taps))))
    return ask.trace(Lp.kind, axes, planes, steps, output, norm=norm)


def _axes(ask: Request, dilation) -> Axes:
    module = ask.module
    axes = ask.axes(
        module.kernel_size, module.stride, module.padding, dilation, bool(module.ceil_mode)
    )
    for name, axis in zip(NAMES[ask.dims], axes[-ask.dims :], strict=True):
        # Torch compares with the plain kernel, although its documentation allows the dilated one.
        if axis.padding[0] > axis.kernel_size // 2:
            raise SlidingWindowsError(
                f"{name}: padding {axis.padding[0]} is more than half of kernel_size "
                f"{axis.kernel_size}; torch allows at most {axis.kernel_size // 2}"
            )
    return axes


def _place(index: int, axes: Axes) -> tuple[int, int, int]:
    """(depth, row, col) of a flat index into the input."""
    rest, col = divmod(int(index), axes[2].size)
    return (*divmod(rest, axes[1].size), col)


def _least(ask: Request, axes: Axes) -> float:
    """What max pooling pads with. Integers have no infinity, but it shows in no other window."""
    read = all(reads_input(axes, (ask.depth, *spot)) for spot in spots(axes))
    if ask.input.is_floating_point() or read:
        return Max.padding
    return float(torch.iinfo(ask.input.dtype).min)
