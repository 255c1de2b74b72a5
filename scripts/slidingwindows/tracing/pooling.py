"""Max, average and LP pooling in 1, 2 and 3 dimensions, adaptive and fractional too, to a Trace."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from ..core.arguments import several, whole
from ..core.errors import SlidingWindowsError
from ..core.reduction import Average, Lp, Max
from ..core.step import Step
from ..core.trace import Trace
from ..core.uneven import UnevenAxis
from .asking import ask_torch, plane_of
from .request import NAMES, Axes, Request, reads_input, spots

WITH_INDICES = {
    1: F.max_pool1d_with_indices,
    2: F.max_pool2d_with_indices,
    3: F.max_pool3d_with_indices,
}


def trace_max(request: Request) -> Trace:
    """MaxPool1d, 2d, 3d. Padding holds minus infinity; the first of equal elements wins."""
    module = request.module
    axes = _axes(request, module.dilation)
    output = request.answer()
    output = output[0] if module.return_indices else output
    again, indices = ask_torch(
        WITH_INDICES[request.dims],
        request.input,
        module.kernel_size,
        module.stride,
        module.padding,
        module.dilation,
        module.ceil_mode,
    )
    return winners(request, axes, output, again, indices)


def winners(request: Request, axes: Axes, output, again, indices) -> Trace:
    """The Trace of a max pool from torch's output and indices."""
    if not torch.allclose(again, output, rtol=0, atol=0, equal_nan=True):
        raise SlidingWindowsError("the module does not return what max pooling returns")
    planes = request.planes(axes, _least(request, axes))
    result, where = plane_of(request.result(output)), request.result(indices).tolist()
    slices = axes[0].windows[request.depth]
    steps = []
    for row, col in spots(axes):
        taps = request.taps(axes, planes, row, col)
        value, winner = result[row][col], None
        if reads_input(axes, (request.depth, row, col)):
            positions = [(slices[tap.plane], tap.row, tap.col) for tap in taps]
            winner = positions.index(_place(where[row][col], axes))
        ties = tuple(i for i, tap in enumerate(taps) if tap.value == value and i != winner)
        steps.append(Step((row, col), taps, value, winner=winner, ties=ties))
    return request.trace(Max.kind, axes, planes, steps, output)


def trace_average(request: Request) -> Trace:
    """AvgPool1d, 2d, 3d. Padding holds zero; what ceil_mode adds beyond it is never counted."""
    module = request.module
    axes = _axes(request, 1)
    output = request.answer()
    divisor = getattr(module, "divisor_override", None)
    return averages(request, axes, output, divisor, module.count_include_pad)


def averages(request: Request, axes: Axes, output, divisor=None, counts_padding=True) -> Trace:
    """The Trace of an average pool from torch's output. divisor None: the elements counted."""
    planes, result = request.planes(axes, Average.padding), plane_of(request.result(output))
    depth, slices = axes[0], axes[0].windows[request.depth]
    steps = []
    for row, col in spots(axes):
        taps = request.taps(axes, planes, row, col)
        if not counts_padding:
            taps = tuple(
                t
                for t in taps
                if 0 <= t.row < axes[1].size
                and 0 <= t.col < axes[2].size
                and 0 <= slices[t.plane] < depth.size
            )
        count = float(len(taps) if divisor is None else divisor)
        steps.append(Step((row, col), taps, result[row][col], divisor=count))
    return request.trace(Average.kind, axes, planes, steps, output, counts_padding=counts_padding)


def trace_lp(request: Request) -> Trace:
    """LPPool1d, 2d, 3d: torch averages powers, then multiplies by the whole kernel's size.

    So a window that ceil_mode cuts short counts as if it were whole.
    """
    module, norm = request.module, float(request.module.norm_type)
    if not request.input.is_floating_point():
        raise SlidingWindowsError("an LP pool needs floats: integer powers and roots lose digits")
    if norm == 0 or not math.isfinite(norm):
        raise SlidingWindowsError(f"norm_type must be finite and not zero, got {norm}")
    axes = request.axes(module.kernel_size, module.stride, ceil_mode=bool(module.ceil_mode))
    output = request.answer()
    planes, result = request.planes(axes, Lp.padding), plane_of(request.result(output))
    steps = []
    for row, col in spots(axes):
        taps = request.taps(axes, planes, row, col)
        steps.append(Step((row, col), taps, result[row][col], divisor=float(len(taps))))
    return request.trace(Lp.kind, axes, planes, steps, output, norm=norm)


def _axes(request: Request, dilation) -> Axes:
    module = request.module
    axes = request.axes(
        module.kernel_size, module.stride, module.padding, dilation, bool(module.ceil_mode)
    )
    for name, axis in zip(NAMES[request.dims], axes[-request.dims :], strict=True):
        # Torch compares with the plain kernel, although its documentation allows the dilated one.
        padding, half = max(axis.padding), axis.kernel_size // 2
        if padding > half:
            raise SlidingWindowsError(
                f"{name}: padding {padding} is more than half of kernel_size {axis.kernel_size}; "
                f"torch allows at most {half}"
            )
    return axes


def _place(index: int, axes: Axes) -> tuple[int, int, int]:
    """(depth, row, col) of a flat index into the input."""
    rest, col = divmod(int(index), axes[2].size)
    return (*divmod(rest, axes[1].size), col)


def _least(request: Request, axes: Axes) -> float:
    """What max pooling pads with. Integers have no infinity, but it shows in no other window."""
    read = all(reads_input(axes, (request.depth, *spot)) for spot in spots(axes))
    if request.input.is_floating_point() or read:
        return Max.padding
    return float(torch.iinfo(request.input.dtype).min)


ADAPTIVE_MAX = {
    1: F.adaptive_max_pool1d_with_indices,
    2: F.adaptive_max_pool2d_with_indices,
    3: F.adaptive_max_pool3d_with_indices,
}
FRACTIONAL = {
    2: F.fractional_max_pool2d_with_indices,
    3: F.fractional_max_pool3d_with_indices,
}


def trace_adaptive_max(request: Request) -> Trace:
    """AdaptiveMaxPool1d, 2d, 3d."""
    module, axes = request.module, _adaptive_axes(request)
    output = request.answer()
    output = output[0] if module.return_indices else output
    again, indices = ask_torch(ADAPTIVE_MAX[request.dims], request.input, module.output_size)
    return winners(request, axes, output, again, indices)


def trace_adaptive_average(request: Request) -> Trace:
    """AdaptiveAvgPool1d, 2d, 3d: each window is divided by its own number of elements."""
    return averages(request, _adaptive_axes(request), request.answer())


def _adaptive_axes(request: Request) -> Axes:
    wanted = request.module.output_size
    if wanted is None:
        raise SlidingWindowsError("output_size must be given, got None")
    if whole(wanted) is not None:
        wanted = (whole(wanted),) * request.dims
    sizes = [s if w is None else w for w, s in zip(wanted, request.sizes, strict=False)]
    if len(tuple(wanted)) != request.dims:
        raise SlidingWindowsError(f"output_size must have {request.dims} numbers, got {wanted!r}")
    sizes = several(sizes, request.dims, "output_size")
    axes = [
        request.named(i, UnevenAxis.adaptive, size, sizes[i])
        for i, size in enumerate(request.sizes)
    ]
    return request.checked(axes)


def trace_fractional(request: Request) -> Trace:
    """FractionalMaxPool2d, 3d (Graham 2014, arXiv 1412.6071): equal windows at uneven distances.

    Torch places the windows by one random number for each channel and axis. They are taken from the
    module's ``_random_samples``, or drawn here once, so that the windows shown are the ones used.
    """
    module = request.module
    samples = module._random_samples
    if samples is None:
        samples = random_samples(request.input, request.dims)
    output, indices = ask_torch(
        FRACTIONAL[request.dims],
        request.input,
        module.kernel_size,
        module.output_size,
        module.output_ratio,
        _random_samples=samples,
    )
    kernel = several(module.kernel_size, request.dims, "kernel_size")
    draws = samples[request.sample, request.channel].tolist()
    if request.dims == 2:
        draws.reverse()  # torch's first number is for the width, of a volume for the depth
    axes = []
    for i, draw in enumerate(draws):
        starts = _starts(request, i, kernel[i], output.shape[i - request.dims], draw)
        spans = tuple((start, start + kernel[i]) for start in starts)
        axes.append(request.named(i, UnevenAxis, request.sizes[i], spans, "fractional"))
    return winners(request, request.checked(axes), output, output, indices)


def random_samples(input: torch.Tensor, dims: int) -> torch.Tensor:
    """The numbers that a fractional pool draws: (batch, channels, dims), from 0 to 1."""
    batch = input.shape[0] if input.dim() == dims + 2 else 1
    return torch.rand(batch, input.shape[-dims - 1], dims, dtype=input.dtype, device=input.device)


def _starts(request: Request, i: int, kernel: int, count: int, draw: float) -> list[int]:
    """Torch's generate_intervals, in the input's own dtype."""
    last = request.sizes[i] - kernel
    if count < 2:
        return [last][:count]
    room, gaps, sample = torch.tensor(
        [last, count - 1, draw], dtype=request.input.dtype, device="cpu"
    )
    alpha = room / gaps
    offset = int(sample * alpha)
    return [int((j + sample) * alpha) - offset for j in range(count - 1)] + [last]
