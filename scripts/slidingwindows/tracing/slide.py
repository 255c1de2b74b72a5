"""A torch module and a tensor in, a Trace out. One entry point: ``slide``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import nn

from ..core.arguments import pair, whole
from ..core.errors import SlidingWindowsError, one_error, words_of
from ..core.trace import Trace
from ..core.transfer import Transfer
from .asking import tensor_of
from .convolution import trace_convolution, trace_transposed
from .pooling import (
    trace_adaptive_average,
    trace_adaptive_max,
    trace_average,
    trace_fractional,
    trace_lp,
    trace_max,
)
from .rearranging import fold, unfold, unpool
from .request import Request, title_of
from .undisturbed import filled_in, in_turn, undisturbed

# Each class of module with its number of dimensions and the function that traces it.
TRACERS = {
    nn.MaxPool1d: (1, trace_max),
    nn.MaxPool2d: (2, trace_max),
    nn.MaxPool3d: (3, trace_max),
    nn.AvgPool1d: (1, trace_average),
    nn.AvgPool2d: (2, trace_average),
    nn.AvgPool3d: (3, trace_average),
    nn.LPPool1d: (1, trace_lp),
    nn.LPPool2d: (2, trace_lp),
    nn.LPPool3d: (3, trace_lp),
    nn.AdaptiveMaxPool1d: (1, trace_adaptive_max),
    nn.AdaptiveMaxPool2d: (2, trace_adaptive_max),
    nn.AdaptiveMaxPool3d: (3, trace_adaptive_max),
    nn.AdaptiveAvgPool1d: (1, trace_adaptive_average),
    nn.AdaptiveAvgPool2d: (2, trace_adaptive_average),
    nn.AdaptiveAvgPool3d: (3, trace_adaptive_average),
    nn.FractionalMaxPool2d: (2, trace_fractional),
    nn.FractionalMaxPool3d: (3, trace_fractional),
    nn.Conv1d: (1, trace_convolution),
    nn.Conv2d: (2, trace_convolution),
    nn.Conv3d: (3, trace_convolution),
    nn.ConvTranspose1d: (1, trace_transposed),
    nn.ConvTranspose2d: (2, trace_transposed),
    nn.ConvTranspose3d: (3, trace_transposed),
    nn.MaxUnpool1d: (1, unpool),
    nn.MaxUnpool2d: (2, unpool),
    nn.MaxUnpool3d: (3, unpool),
    nn.Unfold: (2, unfold),
    nn.Fold: (1, fold),
}
# What a tracer takes besides the input, as torch's module does.
TAKES = {unpool: {"indices", "output_size"}, trace_transposed: {"output_size"}}
LAYOUTS = {
    1: ("(C, L)", "(N, C, L)"),
    2: ("(C, H, W)", "(N, C, H, W)"),
    3: ("(C, D, H, W)", "(N, C, D, H, W)"),
}


@one_error("slide failed")
@in_turn()
def slide(
    module: nn.Module,
    input: torch.Tensor,
    channel: int = 0,
    sample: int = 0,
    depth: int = 0,
    **kwargs: torch.Tensor | int | Sequence[int],
) -> Trace | Transfer:
    """Slide a module's window over an input and record every step.

    Args:
        module: Any pool, unpooling, convolution or transposed convolution of torch.nn, nn.Unfold or
            nn.Fold, with any parameters; complex numbers are not followed.
        input: (C, L), (C, H, W) or (C, D, H, W), with or without a batch, as the module takes it; a
            numpy array is taken as the tensor of its dtype.
        channel: Which output channel to follow, counted from 0.
        sample: Which one of the batch to follow, counted from 0.
        depth: Which slice of the output to follow, counted from 0, for 3-D modules.
        kwargs: ``output_size`` of a transposed convolution, ``indices`` and ``output_size`` of an
            unpooling, in the shapes that torch takes: (H, W), and that of the input.

    Returns:
        A ``Trace`` whose output is what ``module(input)`` returned; for modules that only move
        numbers, unpoolings, nn.Unfold and nn.Fold, a ``Transfer``.

    Raises:
        SlidingWindowsError: For whatever torch would refuse, and for an input with nothing to
            trace; the message names the operation, the shapes and the parameters.

    Examples:
        >>> import torch
        >>> from torch import nn
        >>> x = torch.tensor([[[1.0, 2, 3, 0], [4, 0, 1, 5]]])
        >>> trace = slide(nn.MaxPool2d(2), x)
        >>> trace.output
        ((4.0, 5.0),)
        >>> trace.steps[0].arithmetic
        'max(1, 2, 4, 0) = 4'

    Source:
        The module itself: it is called, and each window is then calculated apart from it.
    """
    if not isinstance(module, nn.Module):
        raise SlidingWindowsError(f"slide needs a torch module, got {type(module).__name__}")
    try:
        input = tensor_of(input, "slide")
    except SlidingWindowsError as error:
        raise SlidingWindowsError(error.problem, _context(module, input)) from error.__cause__
    # An error's context takes as long to make as a trace, so it is made only for errors.
    try:
        dims, tracer = tracer_of(module)
        wrong = set(kwargs) - TAKES.get(tracer, set())
        if wrong:
            raise SlidingWindowsError(f"slide does not take {', '.join(sorted(wrong))} here")
        where = followed(channel, sample, depth)
        check(Request(module, input, dims, *where))
        filled = filled_in(module, input)
        with undisturbed(filled), torch.no_grad():
            request = Request(filled, input.detach().clone(), dims, *where)
            return tracer(request, **kwargs)
    except SlidingWindowsError as error:
        raise SlidingWindowsError(error.problem, _context(module, input)) from error.__cause__
    except Exception as error:  # weights without numbers, hooks and subclasses that do otherwise
        words = words_of(error)
        problem = f"{type(module).__name__} could not be traced: {type(error).__name__}: {words}"
        raise SlidingWindowsError(problem, _context(module, input)) from error


def _context(module: nn.Module, input: torch.Tensor) -> str:
    shaped = isinstance(input, torch.Tensor) and not input.is_nested
    shape = f" on an input of shape {tuple(input.shape)} and {input.dtype}" if shaped else ""
    return title_of(module) + shape


def tracer_of(module: nn.Module) -> tuple[int, Callable[..., Trace | Transfer]]:
    """(dimensions, tracing function) of a module; raises if it slides no window we know."""
    for kind, tracer in TRACERS.items():
        if isinstance(module, kind):
            return tracer
    raise SlidingWindowsError(f"{type(module).__name__} is not one of {known_modules()}")


def known_modules() -> str:
    """'MaxPool1d/2d/3d, AvgPool1d/2d/3d, ...'"""
    families: dict[str, list[str]] = {}
    for kind in TRACERS:
        # Of 'Unfold' and 'Fold', which have no dimension, the last letters are put back below.
        name = kind.__name__
        families.setdefault(name[:-2], []).append(name[-2:])
    return ", ".join(stem + "/".join(dims) for stem, dims in families.items())


def followed(channel: object, sample: object, depth: object) -> tuple[int, int, int]:
    """The three choices as ints; raises for anything else."""
    named = {"channel": channel, "sample": sample, "depth": depth}
    for name, value in named.items():
        if whole(value) is None:
            raise SlidingWindowsError(f"{name} must be an int, got {value!r}")
    return tuple(whole(value) for value in named.values())


def check(request: Request) -> None:
    """Refuse an input or a choice that no module of this kind could take."""
    module, input, dims = request.module, request.input, request.dims
    shape = tuple(input.shape)
    if len(shape) not in (dims + 1, dims + 2):
        raise SlidingWindowsError(
            f"{type(module).__name__} takes {' or '.join(LAYOUTS[dims])}, got {len(shape)} "
            f"dimension{'s' if len(shape) != 1 else ''}"
        )
    if input.is_complex() or any(p.is_complex() for p in module.parameters()):
        raise SlidingWindowsError(_of_complex(module))
    if input.dtype is torch.bool:
        raise SlidingWindowsError(f"a window over {input.dtype} has no meaning in torch")
    if len(shape) == dims + 2 and shape[0] == 0:
        raise SlidingWindowsError("the batch is empty, so there is nothing to trace")
    if 0 in shape:
        raise SlidingWindowsError("the input is empty, so there is nothing to trace")
    batch = shape[0] if len(shape) == dims + 2 else 1
    if not 0 <= request.sample < batch:
        raise SlidingWindowsError(f"sample {request.sample} is not among the {batch} of the batch")
    channels = getattr(module, "out_channels", shape[-dims - 1])
    if isinstance(module, nn.Unfold):
        channels = 1  # it follows all of them at once
    if isinstance(module, nn.Fold):
        channels //= math.prod(pair(module.kernel_size, "kernel_size")) or 1
    if not 0 <= request.channel < channels:
        raise SlidingWindowsError(
            f"channel {request.channel} is not among the {channels} of the output"
        )


def _of_complex(module: nn.Module) -> str:
    if hasattr(module, "weight"):
        return (
            "complex numbers are not followed; a complex convolution is four real ones, of the "
            "real and imaginary parts of input and weight: slide those"
        )
    if tracer_of(module)[1] in (unpool, unfold, fold):
        return (
            "complex numbers are not followed; their real and imaginary parts take the same paths: "
            "slide each"
        )
    return f"torch slides no {type(module).__name__} over complex numbers"
