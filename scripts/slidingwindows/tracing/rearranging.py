"""MaxUnpool, Unfold and Fold to a Transfer: numbers that only change their place."""

from __future__ import annotations

from contextlib import contextmanager

import torch
import torch.nn.functional as F

from ..core.arguments import pair, several, whole_or_same
from ..core.errors import SlidingWindowsError
from ..core.geometry import Axis, Geometry
from ..core.transfer import Move, Read, Transfer, Write
from .asking import MAX_TAPS, ask_torch, plane_of, rounding_unit, tensor_of
from .request import NAMES, ONE, Request, named_axis, title_of


@contextmanager
def _one_thread():
    """Torch works in one thread, so that numbers are written in order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def unpool(request: Request, indices=None, output_size=None) -> Transfer:
    """MaxUnpool1d, 2d, 3d, number by number: each goes to the place its index names.

    The rest is zero. Of a volume all slices are read, and what goes to the followed one is written.
    indices: what the max pool with ``return_indices=True`` returned beside the input.
    output_size: as torch takes it; without it torch guesses, and a guess that is
    wrong moves numbers to other places. Where two numbers have one index, several threads of
    torch would race; here one thread writes in reading order, and the last stays.
    """
    module, input, dims = request.module, request.input, request.dims
    if not hasattr(indices, "__array__"):
        raise SlidingWindowsError(
            f"MaxUnpool{dims}d needs the indices that MaxPool{dims}d(..., return_indices=True) "
            "returned: slide(module, input, indices=indices)"
        )
    indices = tensor_of(indices, "indices", "the tensor of indices")
    output_size = whole_or_same(output_size)
    if tuple(indices.shape) != tuple(input.shape):
        raise SlidingWindowsError(
            f"the indices have shape {tuple(indices.shape)}, the input {tuple(input.shape)}"
        )
    with _one_thread():
        output = ask_torch(module, input, indices, output_size)
    values, where, target = (request.volume(t, request.channel) for t in (input, indices, output))
    axes = _unpooled_axes(request, values, target)
    grids = tuple(plane_of(plane) for plane in values)
    depth, height, width = target.shape
    moves = []
    for plane, lines in enumerate(where.tolist()):
        for row, line in enumerate(lines):
            for col, index in enumerate(line):
                rest, right = divmod(index, width)
                position = (*divmod(rest, height), right)
                value = grids[plane][row][col]
                goes = Write(*position[1:], value)
                writes = (goes,) if position[0] == request.depth else ()
                moves.append(Move((row, col), (Read(plane, row, col, value),), writes))
    indices = tuple(tuple(map(tuple, lines)) for lines in where.tolist())
    kwargs = {"dims": dims, "depth_index": request.depth, "indices": indices}
    return _transfer("unpool", request, axes, grids, target[request.depth], moves, output, **kwargs)


def _unpooled_axes(request: Request, values, target) -> list[Axis]:
    """The windows over the target's rows and columns; refuses a depth that is not there."""
    names = ("kernel_size", "stride", "padding")
    kernel, stride, pads = (several(getattr(request.module, n), request.dims, n) for n in names)
    if values.numel() > MAX_TAPS:
        raise SlidingWindowsError(
            f"{values.numel():,} numbers are more than the {MAX_TAPS:,} a transfer may hold"
        )
    axes = []
    sizes = zip(values.shape[-request.dims :], target.shape[-request.dims :], strict=True)
    for i, (count, size) in enumerate(sizes):
        behind = (count - 1) * stride[i] + kernel[i] - size - pads[i]
        pad = (pads[i], max(pads[i], behind))
        axes.append(request.named(i, Axis, size, kernel[i], stride[i], pad))
    if not 0 <= request.depth < len(target):
        raise SlidingWindowsError(
            f"depth {request.depth} is not among the {len(target)} of the output"
        )
    return [ONE, *axes][-2:]


def unfold(request: Request) -> Transfer:
    """Unfold (im2col): each window of all channels becomes one column of a matrix.

    Source: torch's Unfold documentation.
    """
    axes, input = _axes(request, request.sizes), request.input
    output = request.answer()
    maps = input[request.sample] if input.dim() == 4 else input
    target = output[request.sample] if output.dim() == 3 else output
    pads = [*axes[1].padding, *axes[0].padding]
    planes = tuple(plane_of(plane) for plane in F.pad(maps, pads))
    (top, _), (left, _) = axes[0].padding, axes[1].padding
    moves = []
    for column, (row, col) in enumerate(_windows(axes)):
        reads = tuple(
            Read(p, r, c, planes[p][r + top][c + left])
            for p in range(len(planes))
            for r in axes[0].windows[row]
            for c in axes[1].windows[col]
        )
        writes = tuple(Write(i, column, read.value) for i, read in enumerate(reads))
        moves.append(Move((row, col), reads, writes))
    return _transfer("unfold", request, axes, planes, target, moves, output)


def fold(request: Request) -> Transfer:
    """Fold (col2im): each column goes back to its window; where windows overlap, numbers add up."""
    axes, input = _axes(request, pair(request.module.output_size, "output_size")), request.input
    output = request.answer()
    size = axes[0].kernel_size * axes[1].kernel_size
    columns = input[request.sample] if input.dim() == 3 else input
    columns = columns[request.channel * size : (request.channel + 1) * size]
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
        moves.append(Move((row, col), reads, writes))
    return _transfer("fold", request, axes, (grid,), _followed(request, output), moves, output)


def _axes(request: Request, sizes: tuple[int, ...]) -> list[Axis]:
    names = ("kernel_size", "stride", "padding", "dilation")
    kernel, stride, pads, dilation = (pair(getattr(request.module, name), name) for name in names)
    axes = []
    for i, size in enumerate(sizes):
        pad = (pads[i], pads[i])
        axes.append(named_axis(NAMES[2][i], Axis, size, kernel[i], stride[i], pad, dilation[i]))
    taps = axes[0].output_size * axes[0].kernel_size * axes[1].output_size * axes[1].kernel_size
    if taps > MAX_TAPS:
        raise SlidingWindowsError(
            f"the windows read {taps:,} elements, more than the {MAX_TAPS:,} a transfer may hold"
        )
    return axes


def _windows(axes) -> list[tuple[int, int]]:
    return [(r, c) for r in range(axes[0].output_size) for c in range(axes[1].output_size)]


def _followed(request: Request, tensor: torch.Tensor) -> torch.Tensor:
    return (tensor[request.sample] if tensor.dim() == 4 else tensor)[request.channel]


def _transfer(kind, request: Request, axes, sources, target, moves, output, **kwargs) -> Transfer:
    return Transfer(
        kind=kind,
        operation=type(request.module).__name__,
        call=title_of(request.module),
        geometry=Geometry(*axes),
        sources=sources,
        target=plane_of(target),
        moves=tuple(moves),
        input_shape=tuple(request.input.shape),
        output_shape=tuple(output.shape),
        sample=request.sample,
        channel=request.channel,
        epsilon=rounding_unit(output.dtype),
        **kwargs,
    )
