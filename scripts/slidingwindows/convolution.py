"""Conv2d to a Trace: every input channel that the chosen output channel reads."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from . import arithmetic
from .calls import call_of
from .errors import SlidingWindowsError
from .geometry import Axis, Geometry
from .tensors import ask_torch, check_work, plane_of, rounding_unit, spots, window_taps
from .trace import Step, Trace


def trace_convolution(module: nn.Conv2d, input: torch.Tensor, channel: int, sample: int) -> Trace:
    """Conv2d: the sum of input times weight, kernel not flipped, plus the bias."""
    if input.shape[-3] != module.in_channels:
        raise SlidingWindowsError(
            f"the module takes {module.in_channels} input channels, the input has {input.shape[-3]}"
        )
    geometry = _geometry(module, input)
    size = module.in_channels // module.groups
    first = channel // (module.out_channels // module.groups) * size
    channels = tuple(range(first, first + size))
    check_work(geometry, size)
    output = ask_torch(module, input)
    maps, results = (t if t.dim() == 4 else t[None] for t in (input, output))
    padded = _padded(maps[sample, list(channels)], geometry, module.padding_mode)
    planes = tuple(plane_of(p) for p in padded)
    weights = tuple(plane_of(w) for w in module.weight[channel])
    bias = None if module.bias is None else float(module.bias[channel])
    result = plane_of(results[sample, channel])
    steps = []
    for row, col in spots(geometry):
        taps = window_taps(geometry, planes, row, col, weights)
        value = result[row][col]
        words = arithmetic.convolution(
            [tap.value for tap in taps], [tap.weight for tap in taps], bias, value
        )
        steps.append(Step((row, col), taps, value, words))
    return Trace(
        kind="convolution",
        operation=type(module).__name__,
        call=call_of(module),
        geometry=geometry,
        planes=planes,
        channels=channels,
        output=result,
        steps=tuple(steps),
        input_shape=tuple(input.shape),
        output_shape=tuple(output.shape),
        sample=sample,
        channel=channel,
        weights=weights,
        bias=bias,
        padding_mode=module.padding_mode,
        epsilon=rounding_unit(output.dtype),
    )


def _geometry(module: nn.Conv2d, input: torch.Tensor) -> Geometry:
    axes = []
    for i, name in enumerate(("height", "width")):
        kernel, dilation = module.kernel_size[i], module.dilation[i]
        if module.padding == "same":
            total = dilation * (kernel - 1)
            pads = (total // 2, total - total // 2)
        elif module.padding == "valid":
            pads = (0, 0)
        else:
            pads = (module.padding[i],) * 2
        try:
            axes.append(Axis(input.shape[i - 2], kernel, module.stride[i], pads, dilation))
        except SlidingWindowsError as error:
            raise SlidingWindowsError(f"{name}: {error.problem}") from None
    return Geometry(*axes)


def _padded(planes: torch.Tensor, geometry: Geometry, mode: str) -> torch.Tensor:
    pads = [*geometry.cols.padding, *geometry.rows.padding]
    if not any(pads):
        return planes
    if mode == "zeros":
        return F.pad(planes, pads)
    return ask_torch(F.pad, planes[None], pads, mode=mode)[0]
