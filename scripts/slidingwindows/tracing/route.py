"""The way back of one window after another, asked of autograd; shares are core/reduction.py's."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from ..core.arguments import whole
from ..core.errors import SlidingWindowsError, one_error
from ..core.moves import passed_back
from ..core.trace import Trace
from ..core.transfer import Move, Read, Transfer, Write
from .asking import ask_torch, plane_of, rounding_unit, tensor_of
from .convolution import with_output_size
from .layers import TRANSPOSED
from .request import Request, title_of
from .slide import followed, slide
from .undisturbed import filled_in, in_turn, undisturbed


@one_error("route failed")
@in_turn()
def route(
    module: nn.Module,
    input: torch.Tensor,
    gradient: torch.Tensor | None = None,
    channel: int = 0,
    sample: int = 0,
    depth: int = 0,
    plane: int | None = None,
    output_size: int | Sequence[int] | None = None,
) -> Transfer:
    """Send a gradient back through a pool or a convolution, window by window.

    Max pooling hands each gradient to the winner, the first of equals; average pooling spreads it;
    a convolution weighs it; where windows overlap, shares add up. The target of a transposed
    convolution has the zeros between its elements, which receive nothing.

    Args:
        module: As ``slide`` takes it, a pool or a convolution.
        input: Float, (C, L), (C, H, W) or (C, D, H, W), with or without a batch.
        gradient: Of the loss by the followed output, (H, W), or (L,) for signals; ones by default,
            which is what ``output.sum().backward()`` sends.
        channel: Which output channel to follow, counted from 0.
        sample: Which one of the batch to follow, counted from 0.
        depth: Which slice of the output to follow, counted from 0, for 3-D modules.
        plane: Which of the planes that the windows read receives it, counted from 0, see ``Trace``;
            None means the first that is not padding.
        output_size: Of a transposed convolution, in elements, as torch takes it.

    Returns:
        A ``Transfer`` of kind 'gradient'.

    Raises:
        SlidingWindowsError: If the sum of all shares is not what autograd computes, and for all
            that ``slide`` refuses.

    Examples:
        >>> import torch
        >>> from torch import nn
        >>> route(nn.MaxPool2d(2), torch.tensor([[[1.0, 2], [4, 3]]])).target
        ((0.0, 0.0), (1.0, 0.0))

    Source:
        ``torch.autograd.grad`` of the module's own output.
    """
    if not isinstance(module, nn.Module):
        raise SlidingWindowsError(f"route needs a torch module, got {type(module).__name__}")
    try:
        if output_size is not None and not isinstance(module, TRANSPOSED):
            raise SlidingWindowsError("only a transposed convolution takes an output_size here")
        input = tensor_of(input, "route")
        module = filled_in(module, input)
        where = followed(channel, sample, depth)
        # Within a caller's inference_mode nothing could be differentiated.
        with torch.inference_mode(False), undisturbed(module):
            if output_size is not None:
                slide(module, input, *where, output_size=output_size)  # checks it
                with_output_size(module, input, output_size)
            return _route(module, input, gradient, where, plane)
    except SlidingWindowsError as error:
        context = error.context or title_of(module)
        raise SlidingWindowsError(error.problem, context) from error.__cause__


def _route(
    module: nn.Module,
    input: torch.Tensor,
    gradient: object,
    where: tuple[int, int, int],
    plane: int | None,
) -> Transfer:
    """where: the channel, the sample and the depth to follow.

    A fractional pool draws the same windows twice, for ``undisturbed`` gives slide's random state
    back.
    """
    channel, sample, depth = where
    trace = slide(module, input, channel, sample, depth)
    if not isinstance(trace, Trace):
        raise SlidingWindowsError(
            f"{trace.operation} only moves numbers: a gradient takes the same paths back"
        )
    if not input.is_floating_point():
        raise SlidingWindowsError(f"gradients need a float input, got {input.dtype}")
    if trace.reduction.picks and _reads_padding_alone(trace):
        raise SlidingWindowsError(
            "a window reads padding alone: it has no winner, and torch's backward pass writes "
            "past the input"
        )
    plane = _plane(trace, plane)
    problem = trace.reduction.no_gradient(sum(trace.planes[plane], ()))
    if problem:
        raise SlidingWindowsError(problem)
    for step in trace.steps:
        if trace.reduction.lost(step):
            raise SlidingWindowsError(f"at output {step.output} {trace.reduction.lost(step)}")
    sent = _sent(trace, gradient, input)
    request = Request(module, input.detach(), trace.dims, channel, sample, depth)
    target = _autograd(request, trace, sent, plane)
    upstream = plane_of(sent)
    moves = []
    passed = passed_back(trace, plane, upstream)
    for step, shares in zip(trace.steps, passed, strict=True):
        row, col = step.output
        arriving = upstream[row][col]
        writes = tuple(Write(*share) for share in shares)
        moves.append(Move(step.output, (Read(0, row, col, arriving),), writes))
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
        # Autocast counts in a coarser dtype than the input's, back as well as forth.
        epsilon=max(rounding_unit(input.dtype), trace.epsilon),
        forward=trace,
        plane=plane,
    )


def _plane(trace: Trace, plane: int | None) -> int:
    count = len(trace.planes)
    real = [p for p in range(count) if trace.is_real_plane(p)]
    if not real:
        alone = "zeros put in and padding alone" if trace.stretched else "padding alone"
        raise SlidingWindowsError(f"the windows read {alone}, which has no gradient", trace.call)
    if plane is None:
        return real[0]
    if whole(plane) not in range(count):
        raise SlidingWindowsError(
            f"plane {plane} is not among the {count} that the windows read", trace.call
        )
    if plane not in real:
        raise SlidingWindowsError(
            f"plane {plane} is padding, or zeros put in, and has no gradient", trace.call
        )
    return whole(plane)


def _reads_padding_alone(trace: Trace) -> bool:
    axes = [trace.geometry.rows, trace.geometry.cols, *([trace.depth] if trace.depth else [])]
    return any(
        not any(0 <= position < axis.size for position in window)
        for axis in axes
        for window in axis.windows
    )


def _sent(trace: Trace, gradient: object, input: torch.Tensor) -> torch.Tensor:
    shape = trace.geometry.output_shape
    if gradient is None:
        return input.new_ones(shape)
    if hasattr(gradient, "__array__"):
        gradient = tensor_of(gradient, "route", "the gradient")
    if ask_torch(torch.as_tensor, gradient).is_complex():
        raise SlidingWindowsError("the gradient must be real numbers, got complex ones", trace.call)
    given = ask_torch(torch.as_tensor, gradient, dtype=input.dtype).detach()
    if trace.dims == 1 and given.dim() == 1:
        given = given[None]
    if tuple(given.shape) != shape:
        raise SlidingWindowsError(
            f"the gradient must have the output's shape {shape}, got {tuple(given.shape)}",
            trace.call,
        )
    return given


def _autograd(request: Request, trace: Trace, sent: torch.Tensor, plane: int) -> torch.Tensor:
    """What torch says: the gradient of the followed output by the plane, (H, W)."""
    with torch.enable_grad():
        leaf = request.input.clone().requires_grad_()
        output = ask_torch(request.module, leaf)
        output = output[0] if isinstance(output, tuple) else output
        (gradient,) = ask_torch(torch.autograd.grad, (request.result(output) * sent).sum(), leaf)
    volume = request.volume(gradient, trace.channels[plane])
    received = volume[trace.slices[plane] // trace.depth_stretch if trace.slices else 0]
    down, across = trace.stretch
    target = received.new_zeros(trace.geometry.input_shape)
    target[::down, ::across] = received
    return target
