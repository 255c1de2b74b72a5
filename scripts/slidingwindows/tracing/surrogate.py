"""A copy of a network through which every gradient comes, and comes positive."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import nn

from .layers import ADAPTIVE, CONVOLUTIONS, LP_POOLS, MAX_POOLS, is_a


def surrogate(modules, outputs) -> nn.Sequential:
    """The layers with one channel, in float64, all weights equal and positive.

    In a network itself weights can cancel, ReLU can be shut and a max pool
    hands its gradient to one winner, so a gradient of 0 would not mean 'not
    read'. Every channel of a layer has the same windows, so one is enough.
    Max and LP pools become means over the same windows, activations nothing.

    modules: layers that ``windows_of`` knows. outputs: each one's output sizes.
    """
    return nn.Sequential(*[_copied(m, out) for m, out in zip(modules, outputs, strict=True)])


def _copied(module: nn.Module, output: tuple[int, ...]) -> nn.Module:
    if is_a(module, CONVOLUTIONS):
        facts = module.kernel_size, module.stride, module.padding, module.dilation
        kind = next(k for k in CONVOLUTIONS if isinstance(module, k))
        # Weights that torch draws would be taken from the caller's random numbers.
        options = {"bias": False, "padding_mode": module.padding_mode, "dtype": torch.float64}
        twin = nn.utils.skip_init(kind, 1, 1, *facts, **options)
        # Its square root keeps both the middle of a deep network and its corners in range.
        nn.init.constant_(twin.weight, twin.weight.numel() ** -0.5)
        return twin
    if is_a(module, MAX_POOLS + LP_POOLS):
        return Means(module, output)
    if is_a(module, ADAPTIVE):
        rank = len(output)
        return getattr(nn, f"AdaptiveAvgPool{rank}d")(module.output_size)
    named = type(module).__name__
    if "Pool" in named or named[:-2].endswith("Pad"):
        return copy.deepcopy(module)
    return nn.Identity()


class Means(nn.Module):
    """Means over the windows of a max or LP pool, with its dilation, padding and ceil_mode."""

    def __init__(self, pool: nn.Module, output: tuple[int, ...]):
        super().__init__()
        self.output, rank = output, len(output)

        def many(value):
            return tuple(value) if isinstance(value, tuple | list) else (value,) * rank

        self.kernel = many(pool.kernel_size)
        self.stride = many(pool.kernel_size if pool.stride is None else pool.stride)
        self.padding = many(getattr(pool, "padding", 0))
        self.dilation = many(getattr(pool, "dilation", 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 1, sizes) to (1, 1, output); the kernel of ones divides by its elements."""
        pads = []
        for axis in reversed(range(len(self.output))):
            span = self.dilation[axis] * (self.kernel[axis] - 1) + 1
            last = (self.output[axis] - 1) * self.stride[axis] + span
            # Behind, just enough for the last window that torch makes; less than none crops.
            pads += [self.padding[axis], last - self.padding[axis] - x.shape[2 + axis]]
        ones = x.new_ones(1, 1, *self.kernel)
        convolve = (F.conv1d, F.conv2d, F.conv3d)[len(self.output) - 1]
        x = F.pad(x, pads)
        return convolve(x, ones / ones.numel(), stride=self.stride, dilation=self.dilation)
