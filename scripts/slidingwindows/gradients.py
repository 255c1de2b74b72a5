"""The backward pass of one window after another, checked against autograd."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .errors import SlidingWindowsError
from .folding import power
from .notation import number
from .operations import slide
from .requests import Request
from .tensors import ask_torch, plane_of, rounding_unit
from .trace import Step, Tap, Trace
from .transfer import Move, Read, Transfer, Write


def route(
    module: nn.Module,
    input: torch.Tensor,
    gradient: torch.Tensor | None = None,
    channel: int = 0,
    sample: int = 0,
    depth: int = 0,
    plane: int | None = None,
) -> Transfer:
    """Send a gradient back through a pool or a convolution, window by window.

    module, input, channel, sample, depth: as ``slide`` takes them; the input must be float.
    gradient: of the loss by the followed output, (H, W), or (L,) for signals; ones by default,
    which is what ``output.sum().backward()`` sends.
    plane: which of the planes that the windows read receives it, see ``Trace``; None means
    the first that is no padding.
    Returns a ``Transfer`` of kind 'gradient'.
    Raises SlidingWindowsError if the sum of all shares is not what autograd computes.

    Max pooling hands each gradient to the winner, the first of equals; average pooling
    spreads it; a convolution weighs it; where windows overlap, shares add up.

    >>> import torch
    >>> from torch import nn
    >>> route(nn.MaxPool2d(2), torch.tensor([[[1.0, 2], [4, 3]]])).target
    ((0.0, 0.0), (1.0, 0.0))
    """
    trace = slide(module, input, channel, sample, depth)
    if not input.is_floating_point():
        raise SlidingWindowsError(f"gradients need a float input, got {input.dtype}", trace.call)
    if trace.stretch != (1, 1) or isinstance(module, nn.ConvTranspose1d | nn.ConvTranspose2d):
        raise SlidingWindowsError(
            "the gradient of a transposed convolution is a plain convolution: slide that",
            trace.call,
        )
    plane = _plane(trace, plane)
    sent = _sent(trace, gradient, input)
    ask = Request(module, input.detach(), trace.dims, channel, sample, depth)
    target = _autograd(ask, trace, sent, plane)
    places, home = _places(trace), _home(trace)
    upstream = plane_of(sent)
    moves = []
    for step in trace.steps:
        row, col = step.output
        arriving = upstream[row][col]
        writes = []
        for number_, tap in enumerate(step.taps):
            share = _share(trace, step, number_, tap, arriving)
            place = places.get((tap.row, tap.col))
            if home[tap.plane] == home[plane] and place is not None and share is not None:
                writes.append(Write(*place, share))
        words = _words(trace, step, arriving, writes)
        moves.append(Move(step.output, (Read(0, row, col, arriving),), tuple(writes), words))
    return Transfer(
        kind="gradient",
        operation=trace.operation,
        call=trace.call,
        geometry=trace.geometry,
        sources=(upstream,),
        target=plane_of(target),
        moves=tuple(moves),
        input_shape=trace.output_shape,
        output_shape=trace.input_shape,
        sample=sample,
        channel=channel,
        dims=trace.dims,
        epsilon=rounding_unit(input.dtype),
        forward=trace,
        plane=plane,
    )


def _plane(trace: Trace, plane: int | None) -> int:
    count = len(trace.planes)
    real = [p for p in range(count) if not trace.is_padding(0, 0, p)]
    if not real:
        raise SlidingWindowsError(
            "the windows read padding alone, which has no gradient", trace.call
        )
    if plane is None:
        return real[0]
    if plane not in range(count):
        raise SlidingWindowsError(
            f"plane {plane} is not among the {count} that the windows read", trace.call
        )
    if plane not in real:
        raise SlidingWindowsError(f"plane {plane} is padding and has no gradient", trace.call)
    return plane


def _sent(trace: Trace, gradient, input: torch.Tensor) -> torch.Tensor:
    shape = trace.geometry.output_shape
    if gradient is None:
        return torch.ones(shape, dtype=input.dtype)
    given = torch.as_tensor(gradient, dtype=input.dtype)
    if trace.dims == 1 and given.dim() == 1:
        given = given[None]
    if tuple(given.shape) != shape:
        raise SlidingWindowsError(
            f"the gradient must have the output's shape {shape}, got {tuple(given.shape)}",
            trace.call,
        )
    return given


def _autograd(ask: Request, trace: Trace, sent: torch.Tensor, plane: int) -> torch.Tensor:
    """What torch says: the gradient of the followed output by the plane, (H, W)."""
    with torch.enable_grad():
        leaf = ask.input.clone().requires_grad_()
        output = ask_torch(ask.module, leaf)
        output = output[0] if isinstance(output, tuple) else output
        ask_torch((ask.result(output) * sent).sum().backward)
    volume = ask.volume(leaf.grad, trace.channels[plane])
    return volume[trace.slices[plane] if trace.slices else 0]


def _places(trace: Trace) -> dict[tuple[int, int], tuple[int, int]]:
    """Where in the input each position of the windows comes from; constants come from nowhere."""
    rows, cols = trace.geometry.rows, trace.geometry.cols
    height, width = trace.geometry.input_shape
    if trace.padding_mode == "zeros":
        return {(r, c): (r, c) for r in range(height) for c in range(width)}
    numbers = torch.arange(height * width, dtype=torch.float64).reshape(1, 1, height, width)
    padded = F.pad(numbers, [*cols.padding, *rows.padding], mode=trace.padding_mode)[0, 0]
    top, left = rows.padding[0], cols.padding[0]
    return {
        (r - top, c - left): divmod(int(n), width)
        for r, line in enumerate(padded.tolist())
        for c, n in enumerate(line)
    }


def _home(trace: Trace) -> list[tuple[int, int]]:
    """Which (channel, slice) of the input each plane is: padding may be a copy of another one."""
    if not trace.slices:
        return [(channel, 0) for channel in trace.channels]
    depth = trace.depth
    positions = list(range(-depth.padding[0], depth.size + depth.padding[1]))
    sources = positions
    if trace.padding_mode != "zeros":
        numbers = torch.arange(depth.size, dtype=torch.float64).reshape(1, 1, -1)
        sources = F.pad(numbers, depth.padding, mode=trace.padding_mode)[0, 0].int().tolist()
    home = dict(zip(positions, sources, strict=True))
    return [(c, home[s]) for c, s in zip(trace.channels, trace.slices, strict=True)]


def _share(trace: Trace, step: Step, index: int, tap: Tap, arriving: float) -> float | None:
    """What a tap receives of the gradient that arrives at its window; None for nothing at all."""
    if trace.kind == "max":
        return arriving if index == step.winner else None
    if trace.kind == "average":
        return arriving / step.divisor if step.divisor else None
    if trace.kind == "convolution":
        return arriving * tap.weight
    if step.value == 0:
        return 0.0  # torch's choice, by a relu, where the root has no slope
    # d/dx of (scale · Σ x^p)^(1/p)
    norm, scale = trace.norm, trace.rule.size / step.divisor
    total = sum(power(other.value, norm) for other in step.taps) * scale
    return arriving * scale * power(total, 1 / norm - 1) * power(tap.value, norm - 1)


def _words(trace: Trace, step: Step, arriving: float, writes) -> str:
    text = number(arriving)
    if trace.kind == "max":
        if not writes:
            return f"gradient {text} goes to no element of this plane"
        (row, col, _), first = writes[0], " (the first of equals)" if step.ties else ""
        return f"gradient {text} goes whole to the winner at ({row}, {col}){first}"
    if trace.kind == "average":
        if not step.divisor:
            return f"gradient {text} is divided by 0"
        share = number(arriving / step.divisor)
        return f"gradient {text} / {number(step.divisor)}: each of {len(writes)} gets {share}"
    if trace.kind == "lp":
        return f"gradient {text} goes to {len(writes)} elements, the larger the more"
    return f"gradient {text} times the kernel goes to {len(writes)} elements"
