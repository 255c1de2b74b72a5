"""A torch module and a tensor in, a Trace out. One entry point: ``slide``."""

from __future__ import annotations

import torch
from torch import nn

from .calls import call_of
from .convolution import trace_convolution
from .errors import SlidingWindowsError
from .pooling import trace_average, trace_max
from .trace import Trace

TRACERS = {
    nn.MaxPool2d: trace_max,
    nn.AvgPool2d: trace_average,
    nn.Conv2d: trace_convolution,
}


def slide(module: nn.Module, input: torch.Tensor, channel: int = 0, sample: int = 0) -> Trace:
    """Slide a module's window over an input and record every step.

    module: nn.MaxPool2d, nn.AvgPool2d or nn.Conv2d, with any parameters.
    input: (C, H, W) or (N, C, H, W), as the module itself takes it.
    channel: which output channel to follow; sample: which one of the batch.
    Returns a Trace whose output is what ``module(input)`` returned.
    Raises SlidingWindowsError for whatever torch would refuse, and for an
    input with nothing to trace; the message names the operation, the shapes
    and the parameters.
    """
    if not isinstance(module, nn.Module):
        raise SlidingWindowsError(f"slide needs a torch module, got {type(module).__name__}")
    if not isinstance(input, torch.Tensor):
        raise SlidingWindowsError(
            f"slide needs a torch tensor, got {type(input).__name__}", call_of(module)
        )
    if input.is_nested:
        raise SlidingWindowsError("a nested tensor has no one shape to slide over", call_of(module))
    context = f"{call_of(module)} on an input of shape {tuple(input.shape)} and {input.dtype}"
    tracer = next((f for kind, f in TRACERS.items() if isinstance(module, kind)), None)
    if tracer is None:
        known = ", ".join(kind.__name__ for kind in TRACERS)
        raise SlidingWindowsError(f"{type(module).__name__} is not one of {known}", context)
    try:
        _check_input(module, input, channel, sample)
        with torch.no_grad():
            return tracer(module, input.detach(), channel, sample)
    except SlidingWindowsError as error:
        raise SlidingWindowsError(error.problem, error.context or context) from error.__cause__
    except Exception as error:  # weights without numbers, hooks and subclasses that do otherwise
        words = (str(error).strip().splitlines() or ["no reason given"])[0]
        problem = f"{type(module).__name__} could not be traced: {type(error).__name__}: {words}"
        raise SlidingWindowsError(problem, context) from error


def _check_input(module, input, channel, sample) -> None:
    shape = tuple(input.shape)
    if len(shape) not in (3, 4):
        raise SlidingWindowsError(
            f"{type(module).__name__} takes (C, H, W) or (N, C, H, W), got {len(shape)} "
            f"dimension{'s' if len(shape) != 1 else ''}"
        )
    if input.is_complex() or input.dtype is torch.bool:
        raise SlidingWindowsError(f"a window over {input.dtype} has no meaning in torch")
    if len(shape) == 4 and shape[0] == 0:
        raise SlidingWindowsError("the batch is empty, so there is nothing to trace")
    if 0 in shape:
        raise SlidingWindowsError("the input is empty, so there is nothing to trace")
    if input.is_meta:
        raise SlidingWindowsError("the input is on the meta device, which keeps no numbers")
    for name, index in (("channel", channel), ("sample", sample)):
        if not isinstance(index, int) or isinstance(index, bool):
            raise SlidingWindowsError(f"{name} must be an int, got {index!r}")
    batch = shape[0] if len(shape) == 4 else 1
    if not 0 <= sample < batch:
        raise SlidingWindowsError(f"sample {sample} is not among the {batch} of the batch")
    channels = module.out_channels if isinstance(module, nn.Conv2d) else shape[-3]
    if not 0 <= channel < channels:
        raise SlidingWindowsError(f"channel {channel} is not among the {channels} of the output")
