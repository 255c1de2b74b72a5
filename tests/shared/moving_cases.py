"""Transfers and gradients that between them use every part of such a figure."""

from functools import cache

import torch
from figure_cases import convolution, transposed
from torch import nn

from slidingwindows import route, slide
from slidingwindows.core.transfer import Transfer
from slidingwindows.export.render import render
from slidingwindows.export.rendered import Rendered


def whole(seed: int, *shape: int, below: int = 10) -> torch.Tensor:
    return torch.randint(0, below, shape, generator=torch.Generator().manual_seed(seed)).float()


def unpooled(pool: nn.Module, x: torch.Tensor, module: nn.Module, **more) -> Transfer:
    pooled, indices = pool(x)
    return slide(module, pooled, indices=indices, **more)


def indexed(*arguments):
    return nn.MaxPool2d(*arguments, return_indices=True)


CASES = {
    "unpool": lambda: unpooled(indexed(2), whole(1, 1, 4, 4), nn.MaxUnpool2d(2)),
    "unpool odd": lambda: unpooled(
        indexed(2), whole(2, 1, 5, 5), nn.MaxUnpool2d(2), output_size=(5, 5)
    ),
    "unpool signal": lambda: unpooled(
        nn.MaxPool1d(2, return_indices=True), whole(19, 1, 8), nn.MaxUnpool1d(2)
    ),
    "unpool volume": lambda: unpooled(
        nn.MaxPool3d(2, return_indices=True), whole(20, 1, 4, 4, 4), nn.MaxUnpool3d(2), depth=1
    ),
    "unfold": lambda: slide(nn.Unfold(2), whole(3, 1, 4, 4)),
    "unfold padded": lambda: slide(nn.Unfold(3, padding=1, stride=2), whole(4, 1, 3, 3)),
    "unfold channels": lambda: slide(nn.Unfold(2, stride=2), whole(5, 2, 4, 4)),
    "fold": lambda: slide(nn.Fold((4, 4), 2), whole(6, 4, 9)),
    "fold padded": lambda: slide(nn.Fold((3, 3), 2, padding=1), whole(7, 4, 16)),
    "back max": lambda: route(nn.MaxPool2d(2), whole(8, 1, 4, 4)),
    "back ties and overlap": lambda: route(nn.MaxPool2d(2, 1), whole(9, 1, 4, 4, below=3)),
    "back max padded": lambda: route(nn.MaxPool2d(3, 2, 1), whole(10, 1, 5, 5)),
    "back average": lambda: route(nn.AvgPool2d(2), whole(11, 1, 4, 4)),
    "back average padded": lambda: route(nn.AvgPool2d(3, 2, 1), whole(12, 1, 5, 5)),
    "back average of the real": lambda: route(
        nn.AvgPool2d(3, 2, 1, count_include_pad=False), whole(13, 1, 5, 5)
    ),
    "back convolution": lambda: route(convolution(1, 1, 3), whole(14, 1, 4, 4)),
    "back stretched": lambda: route(transposed(3, stride=2, padding=1), whole(21, 1, 3, 3)),
    "back past the edge": lambda: route(nn.MaxPool2d(2, ceil_mode=True), whole(15, 1, 5, 5)),
    "back signal": lambda: route(nn.MaxPool1d(3, 2), whole(16, 1, 9)),
    "back shades": lambda: route(nn.MaxPool2d(4), whole(17, 1, 20, 20)),
    "unfold shades": lambda: slide(nn.Unfold(5, stride=5), whole(18, 1, 20, 20)),
}


@cache
def case(name: str) -> Transfer:
    return CASES[name]()


@cache
def rendered(name: str) -> Rendered:
    """What render() makes of a case."""
    data = {"kind": "transfer", "name": "figure", "caption": "", "transfer": case(name).to_dict()}
    return render(data)
