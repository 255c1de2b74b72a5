"""A network's layers, run one by one on a batch of one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch
from torch import nn

from ..core.errors import SlidingWindowsError
from .calls import title_of
from .layers import is_a


def layers_of(network: nn.Sequential) -> list[nn.Module]:
    """The layers in order; an nn.Sequential inside gives its own, other containers are one."""
    found = []
    for layer in network:
        found += layers_of(layer) if is_a(layer, (nn.Sequential,)) else [layer]
    return found


def name_of(module: nn.Module) -> str:
    """The torch call that makes a layer; where it is too long, or none can be said, its class."""
    call = title_of(module)
    return call if len(call) <= 120 else f"{type(module).__name__}(…)"


def as_batch(network: nn.Module, image: torch.Tensor) -> torch.Tensor:
    """A batch of one. The first layer that says 1d, 2d or 3d tells whether image is one already.

    Without such a layer a first size of one is taken for the batch if it
    leaves a vector or an image: (1, F) or (1, C, H, W).
    """
    rank = None
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Flatten):
            break
        told = re.search(r"(?<!BatchNorm)([123])d$", type(module).__name__)
        if told:
            rank = int(told.group(1)) + 1
            break
    shape = tuple(image.shape)
    batched = len(shape) == rank + 1 if rank else len(shape) in (2, 4) and shape[0] == 1
    if batched and shape[0] != 1:
        raise SlidingWindowsError(
            f"one input at a time: the first size of {shape} is a batch of {shape[0]}"
        )
    if rank and len(shape) not in (rank, rank + 1):
        raise SlidingWindowsError(
            f"the first layer with windows takes {rank} dimensions (channels first), or one more "
            f"for a batch of one; the input {shape} has {len(shape)}"
        )
    return image if batched else image[None]


def run(network: nn.Sequential, batch: torch.Tensor, context: str) -> Iterator[tuple]:
    """(layer, what went in, what came out) for each layer; torch's refusal names the layer."""
    for layer in layers_of(network):
        shape = tuple(batch.shape[1:])
        before = batch
        try:
            batch = layer(batch)
        except Exception as error:  # a layer of one's own may raise anything
            words = (str(error).strip().splitlines() or ["no reason given"])[0]
            problem = f"{name_of(layer)} refuses {shape}: {words}"
            raise SlidingWindowsError(problem, context) from error
        if not isinstance(batch, torch.Tensor):
            what = type(batch).__name__
            problem = f"{name_of(layer)} returns a {what}, not one tensor to hand on"
            raise SlidingWindowsError(problem, context)
        if batch.dim() < 2 or batch.shape[0] != 1 or 0 in batch.shape:
            problem = f"{name_of(layer)} makes {tuple(batch.shape)} of a batch of one {shape}"
            raise SlidingWindowsError(problem, context)
        yield layer, before, batch
