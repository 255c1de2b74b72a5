"""MaxUnpool2d, Unfold and Fold to a Transfer: numbers that only change their place."""

from __future__ import annotations

from contextlib import contextmanager

import torch
import torch.nn.functional as F

from .calls import title_of
from .errors import SlidingWindowsError
from .geometry import Axis, Geometry, pair
from .move_words import folded, unfolded
from .notation import number
from .requests import NAMES, Request, named_axis
from .tensors import MAX_TAPS, ask_torch, plane_of, rounding_unit
from .transfer import Move, Read, Transfer, Write


@contextmanager
def _one_thread():
    """Torch works in one thread, so that numbers are written in order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def unpool(ask: Request, indices=None, output_size=None) -> Transfer:
    """MaxUnpool2d, number by number: each goes to the place its index names, the rest is zero.

    indices: what ``nn.MaxPool2d(..., return_indices=True)`` returned beside the input.
    output_size: as torch takes it; without it torch guesses, and a guess that is
    wrong moves numbers to other places. Where two numbers have one index, several threads of
    torch would race; here one thread writes in reading order, and the last stays.
    """
    module, input = ask.module, ask.input
    if not isinstance(indices, torch.Tensor):
        raise SlidingWindowsError(
            "MaxUnpool2d needs the indices that MaxPool2d(..., return_indices=True) returned: "
            "slide(module, input, indices=indices)"
        )
    if tuple(indices.shape) != tuple(input.shape):
        raise SlidingWindowsError(
            f"the indices have shape {tuple(indices.shape)}, the input {tuple(input.shape)}"
        )
    with _one_thread():
        output = ask_torch(module, input, indices, output_size)
    values, where, target = (_followed(ask, t) for t in (input, indices, output))
    height, width = target.shape
    kernel, stride, pads = (
        pair(getattr(module, name), name) for name in ("kernel_size", "stride", "padding")
    )
    axes = []
    for i, size in enumerate((height, width)):
        pad = (
            pads[i],
            max(pads[i], (values.shape[i] - 1) * stride[i] + kernel[i] - size - pads[i]),
        )
        axes.append(ask.named(i, Axis, size, kernel[i], stride[i], pad))
    grid, moves = plane_of(values), []
    for row, line in enumerate(where.tolist()):
        for col, index in enumerate(line):
            place, value = divmod(index, width), grid[row][col]
            words = f"{number(value)} goes to its index {index}: row {place[0]}, column {place[1]}"
            move = Move((row, col), (Read(0, row, col, value),), (Write(*place, value),), words)
            moves.append(move)
    return _transfer("unpool", ask, axes, (grid,), target, moves, output)


def unfold(ask: Request) -> Transfer:
    """Unfold (im2col): each window of all channels becomes one column of a matrix.

    Source: torch's Unfold documentation.
    """
    axes, input = _axes(ask, ask.sizes), ask.input
    output = ask.answer()
    maps = input[ask.sample] if input.dim() == 4 else input
    target = output[ask.sample] if output.dim() == 3 else output
    pads = [*axes[1].padding, *axes[0].padding]
    planes = tuple(plane_of(plane) for plane in F.pad(maps, pads))
    top, left = axes[0].padding[0], axes[1].padding[0]
    moves = []
    for column, (row, col) in enumerate(_windows(axes)):
        reads = tuple(
            Read(p, r, c, planes[p][r + top][c + left])
            for p in range(len(planes))
            for r in axes[0].windows[row]
            for c in axes[1].windows[col]
        )
        writes = tuple(Write(i, column, read.value) for i, read in enumerate(reads))
        words = unfolded((row, col), column, [read.value for read in reads])
        moves.append(Move((row, col), reads, writes, words))
    return _transfer("unfold", ask, axes, planes, target, moves, output)


def fold(ask: Request) -> Transfer:
    """Fold (col2im): each column goes back to its window; where windows overlap, numbers add up."""
    axes, input = _axes(ask, pair(ask.module.output_size, "output_size")), ask.input
    output = ask.answer()
    size = axes[0].kernel_size * axes[1].kernel_size
    columns = input[ask.sample] if input.dim() == 3 else input
    columns = columns[ask.channel * size : (ask.channel + 1) * size]
    grid, moves = plane_of(columns), []
    height, width = axes[0].size, axes[1].size
    for column, (row, col) in enumerate(_windows(axes)):
        places = [(r, c) for r in axes[0].windows[row] for c in axes[1].windows[col]]
        reads = tuple(Read(0, i, column, grid[i][column]) for i in range(size))
        writes = tuple(
            Write(r, c, read.value)
            for (r, c), read in zip(places, reads, strict=True)
            if 0 <= r < height and 0 <= c < width
        )
        words = folded((row, col), column)
        moves.append(Move((row, col), reads, writes, words))
    return _transfer("fold", ask, axes, (grid,), _followed(ask, output), moves, output)


def _axes(ask: Request, sizes: tuple[int, ...]) -> list[Axis]:
    names = ("kernel_size", "stride", "padding", "dilation")
    kernel, stride, pads, dilation = (pair(getattr(ask.module, name), name) for name in names)
    made = []
    for i, size in enumerate(sizes):
        pad = (pads[i], pads[i])
        made.append(named_axis(NAMES[2][i], Axis, size, kernel[i], stride[i], pad, dilation[i]))
    taps = made[0].output_size * made[0].kernel_size * made[1].output_size * made[1].kernel_size
    if taps > MAX_TAPS:
        raise SlidingWindowsError(
            f"the windows read {taps:,} elements, more than the {MAX_TAPS:,} a transfer may hold"
        )
    return made


def _windows(axes) -> list[tuple[int, int]]:
    return [(r, c) for r in range(axes[0].output_size) for c in range(axes[1].output_size)]


def _followed(ask: Request, tensor: torch.Tensor) -> torch.Tensor:
    return (tensor[ask.sample] if tensor.dim() == 4 else tensor)[ask.channel]


def _transfer(kind, ask: Request, axes, sources, target, moves, output) -> Transfer:
    return Transfer(
        kind=kind,
        operation=type(ask.module).__name__,
        call=title_of(ask.module),
        geometry=Geometry(*axes),
        sources=sources,
        target=plane_of(target),
        moves=tuple(moves),
        input_shape=tuple(ask.input.shape),
        output_shape=tuple(output.shape),
        sample=ask.sample,
        channel=ask.channel,
        epsilon=rounding_unit(output.dtype),
    )
