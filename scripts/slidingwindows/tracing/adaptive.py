"""Adaptive and fractional pooling: windows that differ in size, overlap or are drawn by chance."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..core.errors import SlidingWindowsError
from ..core.geometry import UnevenAxis, several, whole
from ..core.trace import Trace
from .pooling import averages, winners
from .requests import Axes, Request
from .tensors import ask_torch

ADAPTIVE_MAX = {
    1: F.adaptive_max_pool1d_with_indices,
    2: F.adaptive_max_pool2d_with_indices,
    3: F.adaptive_max_pool3d_with_indices,
}
FRACTIONAL = {
    2: F.fractional_max_pool2d_with_indices,
    3: F.fractional_max_pool3d_with_indices,
}


def trace_adaptive_max(ask: Request) -> Trace:
    """AdaptiveMaxPool1d, 2d, 3d."""
    module, axes = ask.module, _axes(ask)
    output = ask.answer()
    output = output[0] if module.return_indices else output
    again, indices = ask_torch(ADAPTIVE_MAX[ask.dims], ask.input, module.output_size)
    return winners(ask, axes, output, again, indices)


def trace_adaptive_average(ask: Request) -> Trace:
    """AdaptiveAvgPool1d, 2d, 3d: each window is divided by its own number of elements."""
    return averages(ask, _axes(ask), ask.answer())


def _axes(ask: Request) -> Axes:
    wanted = ask.module.output_size
    if wanted is None:
        raise SlidingWindowsError("output_size must be given, got None")
    if whole(wanted) is not None:
        wanted = (whole(wanted),) * ask.dims
    sizes = [s if w is None else w for w, s in zip(wanted, ask.sizes, strict=False)]
    if len(tuple(wanted)) != ask.dims:
        raise SlidingWindowsError(f"output_size must have {ask.dims} numbers, got {wanted!r}")
    sizes = several(sizes, ask.dims, "output_size")
    axes = [ask.named(i, UnevenAxis.adaptive, size, sizes[i]) for i, size in enumerate(ask.sizes)]
    return ask.checked(axes)


def trace_fractional(ask: Request) -> Trace:
    """FractionalMaxPool2d, 3d (Graham 2014, arXiv 1412.6071): equal windows at uneven distances.

    Torch places the windows by one random number for each channel and axis. They are taken from the
    module's ``_random_samples``, or drawn here once, so that the windows shown are the ones used.
    """
    module = ask.module
    samples = module._random_samples
    if samples is None:
        samples = random_samples(ask.input, ask.dims)
    output, indices = ask_torch(
        FRACTIONAL[ask.dims],
        ask.input,
        module.kernel_size,
        module.output_size,
        module.output_ratio,
        return_indices=True,
        _random_samples=samples,
    )
    kernel = several(module.kernel_size, ask.dims, "kernel_size")
    chances = samples[ask.sample, ask.channel].tolist()
    if ask.dims == 2:
        chances.reverse()  # torch's first number is for the width, of a volume for the depth
    axes = []
    for i, chance in enumerate(chances):
        starts = _starts(ask, i, kernel[i], output.shape[i - ask.dims], chance)
        spans = tuple((start, start + kernel[i]) for start in starts)
        axes.append(ask.named(i, UnevenAxis, ask.sizes[i], spans, "fractional"))
    return winners(ask, ask.checked(axes), output, output, indices)


def random_samples(input: torch.Tensor, dims: int) -> torch.Tensor:
    """The numbers that a fractional pool draws: (batch, channels, dims), from 0 to 1."""
    batch = input.shape[0] if input.dim() == dims + 2 else 1
    return torch.rand(batch, input.shape[-dims - 1], dims, dtype=input.dtype)


def _starts(ask: Request, i: int, kernel: int, count: int, chance: float) -> list[int]:
    """Torch's generate_intervals, in the input's own dtype."""
    size, last = ask.sizes[i], ask.sizes[i] - kernel
    if count < 2:
        return [last][:count]
    dtype = ask.input.dtype
    alpha = torch.tensor(size - kernel, dtype=dtype) / torch.tensor(count - 1, dtype=dtype)
    sample = torch.tensor(chance, dtype=dtype)
    offset = int(sample * alpha)
    return [int((j + sample) * alpha) - offset for j in range(count - 1)] + [last]
