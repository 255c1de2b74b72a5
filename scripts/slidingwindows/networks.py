"""A network and an image in, a Funnel out."""

from __future__ import annotations

import torch
from torch import nn

from .calls import call_of
from .errors import SlidingWindowsError
from .feature_maps import Funnel, Stage

MOST_MAPS = 16  # channels of a layer that are kept for drawing
MOST_STAGES, LARGEST_SIDE = 9, 256


def funnel(network: nn.Sequential, image: torch.Tensor) -> Funnel:
    """Send one image through a network and keep the feature maps of every layer.

    network: nn.Sequential of layers that each return (C, H, W).
    image: (C, H, W), float, sides at most 256.
    Raises SlidingWindowsError if a layer refuses its input or returns another
    rank, and if the layers one by one do not give what the network gives.
    """
    if not isinstance(network, nn.Sequential) or not isinstance(image, torch.Tensor):
        raise SlidingWindowsError(
            "funnel needs an nn.Sequential and a tensor, got "
            f"{type(network).__name__} and {type(image).__name__}"
        )
    context = f"a network of {len(network)} layers on an image of shape {tuple(image.shape)}"
    if image.dim() != 3 or not image.is_floating_point() or 0 in image.shape:
        raise SlidingWindowsError("the image must be a float tensor of shape (C, H, W)", context)
    if not len(network):
        raise SlidingWindowsError("the network has no layers", context)
    if max(image.shape[1:]) > LARGEST_SIDE or len(network) >= MOST_STAGES:
        raise SlidingWindowsError(
            f"a funnel draws images up to {LARGEST_SIDE} pixels and networks of up to "
            f"{MOST_STAGES - 1} layers",
            context,
        )
    stages, current = [_stage("input", image, 0)], image.detach()
    with torch.no_grad():
        for layer in network:
            try:
                current = layer(current)
            except (RuntimeError, ValueError) as error:
                raise SlidingWindowsError(
                    f"{call_of(layer)} refuses {tuple(current.shape)}: {error}", context
                ) from error
            if current.dim() != 3:
                raise SlidingWindowsError(
                    f"{call_of(layer)} returns {tuple(current.shape)}, not (C, H, W)", context
                )
            if not current.isfinite().all():
                raise SlidingWindowsError(
                    f"{call_of(layer)} returns nan or infinity, which no map can show", context
                )
            parameters = sum(p.numel() for p in layer.parameters())
            stages.append(_stage(call_of(layer), current, parameters))
        if not torch.equal(network(image), current):
            raise SlidingWindowsError(
                "the layers one by one do not give the network; if one of them is random, as "
                "dropout is, call network.eval() first",
                context,
            )
    return Funnel(tuple(stages))


def _stage(call: str, maps: torch.Tensor, parameters: int) -> Stage:
    kept = tuple(_shades(plane) for plane in maps[:MOST_MAPS])
    return Stage(call, tuple(maps.shape), parameters, kept)


def _shades(plane: torch.Tensor):
    low, high = plane.min(), plane.max()
    span = (high - low).clamp_min(1e-12)
    grey = ((plane - low) / span * 255).round().to(torch.uint8)
    return tuple(tuple(row) for row in grey.tolist())
