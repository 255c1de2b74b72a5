"""Sliding windows once more, by counting alone: nothing here comes from the package."""

from __future__ import annotations

import math
import struct

import torch
from torch import nn


def two(value) -> tuple[int, int]:
    return tuple(value) if isinstance(value, tuple | list) else (value, value)


def pads_of(module) -> list[tuple[int, int]]:
    """(before, after) for rows and columns."""
    if module.padding == "valid":
        return [(0, 0), (0, 0)]
    if module.padding == "same":
        totals = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    return [(p, p) for p in two(module.padding)]


def source(position: int, size: int, mode: str) -> int | None:
    """Which real element stands at a position; None for a constant."""
    if 0 <= position < size:
        return position
    if mode == "reflect":
        return -position if position < 0 else 2 * (size - 1) - position
    if mode == "replicate":
        return 0 if position < 0 else size - 1
    return position % size if mode == "circular" else None


def reads(module, sample: torch.Tensor, channel: int, row: int, col: int, outside=0.0):
    """(plane, row, col, value, weight) for each element that one output looks at."""
    kernel, stride = two(module.kernel_size), two(module.stride)
    dilation = two(getattr(module, "dilation", 1))
    mode = getattr(module, "padding_mode", "zeros")
    channels = [channel]
    if isinstance(module, nn.Conv2d):
        per_group = module.in_channels // module.groups
        group = channel // (module.out_channels // module.groups)
        channels = list(range(group * per_group, (group + 1) * per_group))
    pads, sizes, numbers = pads_of(module), sample.shape[-2:], sample.tolist()
    found = []
    for plane, source_channel in enumerate(channels):
        for i in range(kernel[0]):
            for j in range(kernel[1]):
                r = row * stride[0] - pads[0][0] + i * dilation[0]
                c = col * stride[1] - pads[1][0] + j * dilation[1]
                if r >= sizes[0] + pads[0][1] or c >= sizes[1] + pads[1][1]:
                    continue  # ceil_mode reaches beyond the padding
                at = source(r, sizes[0], mode), source(c, sizes[1], mode)
                real = 0 <= r < sizes[0] and 0 <= c < sizes[1]
                if isinstance(module, nn.AvgPool2d) and not module.count_include_pad and not real:
                    continue
                value = outside if None in at else numbers[source_channel][at[0]][at[1]]
                weight = None
                if isinstance(module, nn.Conv2d):
                    weight = module.weight[channel, plane, i, j].item()
                found.append((plane, r, c, value, weight))
    return tuple(found)


def bits(value: float) -> bytes:
    """Equal for equal floats, zeros with different signs told apart, every nan the same."""
    return b"nan" if math.isnan(value) else struct.pack("<d", value)


def same(a, b) -> bool:
    """Nested sequences of numbers: floats bit for bit, integers exactly."""
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
