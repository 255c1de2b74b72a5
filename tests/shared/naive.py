"""An independent, naive implementation of sliding windows; nothing comes from the package."""

from __future__ import annotations

import math
import struct
from functools import cache, partial
from itertools import product

import numpy as np
import torch
from torch import nn

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
ADAPTIVE = (
    *(nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d),
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d),
)


def parameter(module, name: str, axis: int, default=0):
    """One axis's number: modules keep an int, one number in a tuple, or one for each axis."""
    value = getattr(module, name, default)
    if not isinstance(value, tuple | list):
        return value
    return value[axis] if len(value) > 1 else value[0]


def pads(module, axis: int) -> tuple[int, int]:
    """(before, after) along one axis."""
    padding = getattr(module, "padding", 0)
    if padding == "valid":
        return 0, 0
    if padding == "same":
        kernel, dilation = module.kernel_size[axis], module.dilation[axis]
        return dilation * (kernel - 1) // 2, dilation * (kernel - 1) - dilation * (kernel - 1) // 2
    return (parameter(module, "padding", axis),) * 2


def window(module, axis: int, size: int, place: int) -> list[tuple[int, int]]:
    """(position, index into the kernel) of what the output at a place reads along one axis."""
    if isinstance(module, ADAPTIVE):
        count = parameter(module, "output_size", axis)
        count = size if count is None else count
        start, stop = math.floor(place * size / count), math.ceil((place + 1) * size / count)
        return [(position, 0) for position in range(start, stop)]
    kernel = parameter(module, "kernel_size", axis)
    stride = parameter(module, "stride", axis)
    stride = kernel if stride is None else stride
    dilation = parameter(module, "dilation", axis, 1)
    before, after = pads(module, axis)
    if isinstance(module, TRANSPOSED):
        # Element i of the input adds to place i·stride − padding + k·dilation.
        return [(place + before - k * dilation, k) for k in reversed(range(kernel))]
    found = [(place * stride - before + k * dilation, k) for k in range(kernel)]
    # What ceil_mode adds beyond the padding is never read.
    return [(position, k) for position, k in found if position < size + after]


def source(position: int, size: int, mode: str) -> int | None:
    """Which real element is at a position; None for a constant."""
    if 0 <= position < size:
        return position
    if mode == "reflect":
        return -position if position < 0 else 2 * (size - 1) - position
    if mode == "replicate":
        return 0 if position < 0 else size - 1
    return position % size if mode == "circular" else None


def channels_of(module, channel: int) -> list[int]:
    """The input channels that an output channel is made from."""
    if not isinstance(module, CONVOLUTIONS + TRANSPOSED):
        return [channel]
    per_group = module.in_channels // module.groups
    group = channel // (module.out_channels // module.groups)
    return list(range(group * per_group, (group + 1) * per_group))


def kernels_of(module, channel: int) -> list:
    """For each input channel its kernel, as nested lists over (D, H, W)."""
    if not isinstance(module, CONVOLUTIONS + TRANSPOSED):
        return []
    weight = module.weight
    if isinstance(module, TRANSPOSED):  # kept as (input channels, outputs of a group, ...)
        weight = weight[channels_of(module, channel), channel % weight.shape[1]]
    else:
        weight = weight[channel]
    shape = (1,) * (3 - (weight.dim() - 1)) + tuple(weight.shape[1:])
    return weight.reshape(weight.shape[0], *shape).tolist()


def planes_of(module, sizes, channel: int, depth: int) -> list[tuple[int, int]]:
    """(channel, slice) of each plane that the windows of an output slice read, in order."""
    slices = [(0, 0)] if len(sizes) < 3 else window(module, 0, sizes[0], depth)
    return [(c, position) for c in channels_of(module, channel) for position, _ in slices]


def reader(module, sample: torch.Tensor, channel: int, outside=0.0):
    """A function of (place, windows) that says what one output looks at: for each tap (plane, row,
    col, value, weight), and beside it the (channel, depth, row, col) of the real element it holds,
    or None.

    place: (depth, row, col) in the output. windows: the positions along each axis, if known.
    """
    dims, sizes = sample.dim() - 1, list(sample.shape[1:])
    missing = 3 - dims
    stretch = [1] * 3
    if isinstance(module, TRANSPOSED):
        stretch[missing:] = [parameter(module, "stride", i) for i in range(dims)]
    whole = [1] * missing + sizes
    numbers = sample.reshape(sample.shape[0], *whole).tolist()
    kernels = kernels_of(module, channel)
    channels = channels_of(module, channel)
    mode = getattr(module, "padding_mode", "zeros")
    skips = not getattr(module, "count_include_pad", True)
    window_of = cache(partial(window, module))

    @cache
    def real(axis: int, position: int) -> int | None:
        if position % stretch[axis]:
            return None
        return source(position // stretch[axis], whole[axis], mode)

    def reads(place, windows=None) -> list:
        if windows is None:
            windows = [window_of(i, sizes[i], place[i + missing]) for i in range(dims)]
        windows = [[(0, 0)]] * missing + windows
        found = []
        for plane, ((number, c), (z, kz)) in enumerate(product(enumerate(channels), windows[0])):
            for (r, kr), (col, kc) in product(windows[1], windows[2]):
                spot = (z, r, col)
                if skips and not all(0 <= p < n for p, n in zip(spot, whole, strict=True)):
                    continue
                at = real(0, z), real(1, r), real(2, col)
                value, home = outside, None
                if None not in at:
                    value, home = numbers[c][at[0]][at[1]][at[2]], (c, *at)
                weight = kernels[number][kz][kr][kc] if kernels else None
                found.append(((plane, r, col, value, weight), home))
        return found

    return reads


def bits(value: float) -> bytes:
    """Equal for equal floats, zeros with different signs told apart, every nan the same."""
    return b"nan" if math.isnan(value) else struct.pack("<d", value)


def same(a, b) -> bool:
    """Nested sequences of numbers: floats bit for bit, integers exactly."""
    if isinstance(a, list | tuple) and repr(a) == repr(b):  # digits enough for every bit
        return True
    if isinstance(a, int | float) and isinstance(b, int | float):
        return bits(a) == bits(b) and (a == b or math.isnan(a))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return (
            type(a) is type(b)
            and len(a) == len(b)
            and all(same(x, y) for x, y in zip(a, b, strict=True))
        )
    return a == b


def blocks(x, kernel_size):
    """The windows that lie side by side, by numpy: (rows, columns, cells of the window)."""
    rows, cols = (n // kernel_size for n in x.shape[-2:])
    cut = np.asarray(x, dtype=np.float64).reshape(rows, kernel_size, cols, kernel_size)
    return cut.transpose(0, 2, 1, 3).reshape(rows, cols, -1)
