"""A convolution's weights and bias, from a seed, a word or a file."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import nn

from ..core.errors import SlidingWindowsError
from .reading import read_numbers

SOBEL = {1: [-1, 0, 1], 2: [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]}


def weigh(module: nn.Module, weights: str, bias: str | None, chance: torch.Generator) -> None:
    """Give a convolution its numbers; a module without any is left as it is.

    weights: 'random' (whole numbers from -2 to 2), 'ones', 'sobel' (an edge
    detector, for kernels of 3 or 3x3) or a file with all numbers, or one kernel's.
    bias: numbers parted by commas, or a file; None is random as above.
    chance: where random numbers come from.
    Raises SlidingWindowsError for numbers that do not fit, and for weights or a
    bias that the module has no place for.
    """
    named = dict(module.named_parameters())
    for name, given in (("weight", weights != "random"), ("bias", bias is not None)):
        if given and name not in named:
            raise SlidingWindowsError(f"{type(module).__name__} has no {name} to be given here")
    for parameter in named.values():
        parameter.data = torch.randint(-2, 3, parameter.shape, generator=chance).float()
    if weights != "random":
        named["weight"].data = _weights(weights, tuple(named["weight"].shape))
    if bias is not None:
        named["bias"].data = _fitted(_bias(bias), tuple(named["bias"].shape), "the bias")


def _weights(source: str, shape: tuple[int, ...]) -> torch.Tensor:
    if source == "ones":
        return torch.ones(shape)
    if source == "sobel":
        kernel = torch.tensor(SOBEL.get(len(shape) - 2, 0)).float()
        if tuple(kernel.shape) != shape[2:]:
            raise SlidingWindowsError(
                f"sobel is a kernel of 3 or 3×3, this one is {'×'.join(map(str, shape[2:]))}"
            )
        return kernel.expand(shape).clone()
    return _fitted(torch.from_numpy(read_numbers(Path(source))), shape, "the weights")


def _bias(source: str) -> torch.Tensor:
    try:
        return torch.tensor([float(word) for word in source.split(",")])
    except ValueError:
        return torch.from_numpy(read_numbers(Path(source)))


def _fitted(numbers: torch.Tensor, shape: tuple[int, ...], what: str) -> torch.Tensor:
    """All of them, or one kernel's (or one bias) for all channels."""
    for part in (shape, shape[2:]):
        if numbers.numel() == math.prod(part):
            return numbers.reshape(part).expand(shape).clone()
    raise SlidingWindowsError(
        f"{numbers.numel()} numbers are given; {what} of shape {shape} "
        f"need{'s' * (what == 'the bias')} {math.prod(shape)}"
    )
