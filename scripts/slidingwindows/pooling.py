"""Max and average pooling to a Trace."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from . import arithmetic
from .calls import call_of
from .errors import SlidingWindowsError
from .geometry import Geometry, pair
from .tensors import (
    ask_torch,
    check_work,
    padded_plane,
    plane_of,
    rounding_unit,
    spots,
    window_taps,
)
from .trace import Step, Trace


def trace_max(module: nn.MaxPool2d, input: torch.Tensor, channel: int, sample: int) -> Trace:
    """MaxPool2d. Padding holds minus infinity; the first of equal elements wins."""
    geometry = _geometry(module, input, module.dilation)
    output = ask_torch(module, input)
    output = output[0] if module.return_indices else output
    again, indices = ask_torch(
        F.max_pool2d_with_indices,
        input,
        module.kernel_size,
        module.stride,
        module.padding,
        module.dilation,
        module.ceil_mode,
    )
    if not torch.allclose(again, output, rtol=0, atol=0, equal_nan=True):
        raise SlidingWindowsError("the module does not return what max pooling returns")
    plane = padded_plane(_chosen(input, channel, sample), geometry, _least(geometry, input.dtype))
    result, where = plane_of(_chosen(output, channel, sample)), _chosen(indices, channel, sample)
    width = geometry.cols.size
    steps = []
    for row, col in spots(geometry):
        taps = window_taps(geometry, (plane,), row, col)
        value, winner = result[row][col], None
        if _reads_input(geometry, row, col):
            places = [(tap.row, tap.col) for tap in taps]
            winner = places.index(divmod(int(where[row, col]), width))
        ties = tuple(i for i, tap in enumerate(taps) if tap.value == value and i != winner)
        words = arithmetic.maximum([tap.value for tap in taps], value)
        steps.append(Step((row, col), taps, value, words, winner, ties))
    return _trace("max", module, geometry, plane, steps, input, output, channel, sample)


def trace_average(module: nn.AvgPool2d, input: torch.Tensor, channel: int, sample: int) -> Trace:
    """AvgPool2d. Padding holds zero; what ceil_mode adds beyond it is never counted."""
    geometry = _geometry(module, input, 1)
    output = ask_torch(module, input)
    integral = not output.dtype.is_floating_point
    plane = padded_plane(_chosen(input, channel, sample), geometry, 0.0)
    result = plane_of(_chosen(output, channel, sample))
    height, width = geometry.input_shape
    steps = []
    for row, col in spots(geometry):
        taps = window_taps(geometry, (plane,), row, col)
        if not module.count_include_pad:
            taps = tuple(t for t in taps if 0 <= t.row < height and 0 <= t.col < width)
        divisor = float(len(taps) if module.divisor_override is None else module.divisor_override)
        value = result[row][col]
        words = arithmetic.average([tap.value for tap in taps], divisor, value, integral)
        steps.append(Step((row, col), taps, value, words, divisor=divisor))
    return _trace("average", module, geometry, plane, steps, input, output, channel, sample)


def _geometry(module, input: torch.Tensor, dilation) -> Geometry:
    kernel, padding = pair(module.kernel_size, "kernel_size"), pair(module.padding, "padding")
    geometry = Geometry.of(
        tuple(input.shape[-2:]), kernel, module.stride, padding, dilation, bool(module.ceil_mode)
    )
    for name, k, p in zip(("height", "width"), kernel, padding, strict=True):
        # Torch compares with the plain kernel, although its documentation allows the dilated one.
        if p > k // 2:
            raise SlidingWindowsError(
                f"{name}: padding {p} is more than half of kernel_size {k}; "
                f"torch allows at most {k // 2}"
            )
    check_work(geometry)
    return geometry


def _reads_input(geometry: Geometry, row: int, col: int) -> bool:
    """False for a window of padding alone, which dilation can make: torch's index is no element."""
    pairs = (geometry.rows, row), (geometry.cols, col)
    return all(any(0 <= p < axis.size for p in axis.windows[i]) for axis, i in pairs)


def _least(geometry: Geometry, dtype: torch.dtype) -> float:
    """What max pooling pads with. Integers have no infinity, but it shows in no other window."""
    if dtype.is_floating_point or all(_reads_input(geometry, *spot) for spot in spots(geometry)):
        return -math.inf
    return float(torch.iinfo(dtype).min)


def _chosen(tensor: torch.Tensor, channel: int, sample: int) -> torch.Tensor:
    return tensor[sample, channel] if tensor.dim() == 4 else tensor[channel]


def _trace(kind, module, geometry, plane, steps, input, output, channel, sample) -> Trace:
    return Trace(
        kind=kind,
        operation=type(module).__name__,
        call=call_of(module),
        geometry=geometry,
        planes=(plane,),
        channels=(channel,),
        output=plane_of(_chosen(output, channel, sample)),
        steps=tuple(steps),
        input_shape=tuple(input.shape),
        output_shape=tuple(output.shape),
        sample=sample,
        channel=channel,
        counts_padding=getattr(module, "count_include_pad", True),
        integral=not output.dtype.is_floating_point,
        epsilon=rounding_unit(output.dtype),
    )
