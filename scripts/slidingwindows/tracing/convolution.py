"""Convolution and transposed convolution to a Trace: every plane that the output reads."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from ..core.arguments import whole_or_same
from ..core.errors import SlidingWindowsError
from ..core.geometry import Axis, same_padding
from ..core.reduction import Convolution
from ..core.step import Step, Tap
from ..core.trace import Trace
from .asking import ask_torch, plane_of
from .request import Axes, Request, spots


def trace_convolution(request: Request) -> Trace:
    """Conv1d, 2d, 3d: the sum of input times weight, kernel not flipped, plus the bias."""
    module = request.module
    channels = _channels(request)
    axes = _axes(request, len(channels))
    output = request.answer()
    maps = torch.stack([request.volume(request.input, c) for c in channels])
    padded = _padded(maps, axes, module.padding_mode)
    weights = module.weight[request.channel].reshape(len(channels), *(a.kernel_size for a in axes))
    return _products(request, axes, channels, padded, weights, output)


def trace_transposed(request: Request, output_size=None) -> Trace:
    """ConvTranspose1d, 2d, 3d: the input, zeros between its elements, under a flipped kernel.

    output_size: as torch takes it; it chooses the output_padding. A padding beyond
    dilation · (kernel_size − 1) crops the stretched input.
    Source: Dumoulin and Visin 2016, arXiv 1603.07285, section 4; torch sums the same products.
    """
    module = with_output_size(request.module, request.input, output_size)
    channels = _channels(request)
    axes = []
    for i, size in enumerate(request.sizes):
        dilation, extra = module.dilation[i], module.output_padding[i]
        before = dilation * (module.kernel_size[i] - 1) - module.padding[i]
        stretched = module.stride[i] * (size - 1) + 1
        pads, crop = (
            (max(before, 0), max(before + extra, 0)),
            (max(-before, 0), max(-before - extra, 0)),
        )
        kernel = module.kernel_size[i]
        axes.append(request.named(i, Axis, stretched, kernel, 1, pads, dilation, False, crop))
    axes = request.checked(axes, len(channels))
    output = request.answer()
    deep, *stretch = (1,) * (3 - request.dims) + tuple(module.stride)
    maps = torch.stack([request.volume(request.input, c) for c in channels])
    spread = maps.new_zeros(len(channels), *(axis.size for axis in axes))
    spread[:, ::deep, :: stretch[0], :: stretch[1]] = maps
    kernel = module.weight[list(channels), request.channel % (module.out_channels // module.groups)]
    kernel = kernel.reshape(len(channels), *(axis.kernel_size for axis in axes)).flip(1, 2, 3)
    padded = _padded(spread, axes, "zeros")
    kwargs = {"stretch": tuple(stretch), "depth_stretch": deep}
    return _products(request, axes, channels, padded, kernel, output, **kwargs)


def with_output_size(module: torch.nn.Module, input: torch.Tensor, output_size):
    """The module, its output_padding set to what an output_size asks for."""
    if output_size is None:
        return module
    dims = len(module.kernel_size)
    sizes = whole_or_same(output_size)
    sizes = list(sizes) if isinstance(sizes, tuple) else sizes
    parameters = module.stride, module.padding, module.kernel_size, dims, module.dilation
    module.output_padding = tuple(ask_torch(module._output_padding, input, sizes, *parameters))
    return module


def _products(request: Request, axes: Axes, channels, padded, kernels, output, **kwargs) -> Trace:
    """padded: (channels, D, H, W) with its padding. kernels: (channels, kd, kh, kw)."""
    module = request.module
    first = axes[0].padding[0]
    slices = [position + first for position in axes[0].windows[request.depth]]
    planes = tuple(plane_of(volume[s]) for volume in padded for s in slices)
    weights = tuple(plane_of(kernel) for volume in kernels for kernel in volume)
    bias = None if module.bias is None else float(module.bias[request.channel])
    result, steps = plane_of(request.result(output)), []
    for row, col in spots(axes):
        taps = request.taps(axes, planes, row, col, weights)
        _check_held(taps, bias, output.dtype)
        steps.append(Step((row, col), taps, result[row][col]))
    kwargs |= {"weights": weights, "bias": bias, "padding_mode": module.padding_mode}
    return request.trace(Convolution.kind, axes, planes, steps, output, channels=channels, **kwargs)


def _check_held(taps: Sequence[Tap], bias: float | None, dtype: torch.dtype) -> None:
    """Refuse a sum of whole products that the dtype cannot hold, for there torch's is another."""
    if dtype.is_floating_point:
        return
    total = sum(int(tap.value) * int(tap.weight or 0) for tap in taps) + int(bias or 0)
    kind = torch.iinfo(dtype)
    if not kind.min <= total <= kind.max:
        raise SlidingWindowsError(
            f"a window's sum of products is {total}, which {dtype} cannot hold, so that torch's "
            "wraps round; give the layer and the input floats"
        )


def _channels(request: Request) -> tuple[int, ...]:
    """The input channels of the followed output channel's group."""
    module, channels = request.module, request.input.shape[-request.dims - 1]
    if channels != module.in_channels:
        raise SlidingWindowsError(
            f"the module takes {module.in_channels} input channels, the input has {channels}"
        )
    size = module.in_channels // module.groups
    first = request.channel // (module.out_channels // module.groups) * size
    return tuple(range(first, first + size))


def _axes(request: Request, planes: int) -> Axes:
    module, axes = request.module, []
    for i, size in enumerate(request.sizes):
        kernel, dilation = module.kernel_size[i], module.dilation[i]
        if module.padding == "same":
            pads = same_padding(kernel, dilation)
        else:
            pads = (0, 0) if module.padding == "valid" else (module.padding[i],) * 2
        axes.append(request.named(i, Axis, size, kernel, module.stride[i], pads, dilation))
    return request.checked(axes, planes)


def _padded(maps: torch.Tensor, axes: Axes, mode: str) -> torch.Tensor:
    pads = [p for axis in reversed(axes) for p in axis.padding]
    if not any(pads):
        return maps
    if mode == "zeros":
        return F.pad(maps, pads)
    depth, height, width = maps.shape[1:]
    if depth == 1 and not any(axes[0].padding):  # torch's reflect does not take an extra depth
        return ask_torch(F.pad, maps[:, 0][None], pads[:4], mode=mode)[0][:, None]
    return ask_torch(F.pad, maps[None], pads, mode=mode)[0]
