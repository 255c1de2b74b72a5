"""Figures of every kind by name, those of the other cases among them, each rendered once.

All are made of whole numbers, so that what they show is the same on every machine.
"""

from __future__ import annotations

from functools import cache

import field_cases
import figure_cases
import moving_cases
import torch
from torch import nn

from slidingwindows import funnel, receptive_field
from slidingwindows.core.figures import Drawable, kind_name
from slidingwindows.export.render import render
from slidingwindows.export.rendered import Rendered

LARGE = ("thinned", "smallest cells", "many layers")  # others show the same


def whole(*layers: nn.Module) -> nn.Sequential:
    """Layers with weights of 0 and 1."""
    network = nn.Sequential(*layers).eval()
    generator = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        parameter.data = torch.randint(0, 2, parameter.shape, generator=generator).float()
    return network


def _numbers(*shape: int) -> torch.Tensor:
    return torch.randint(0, 9, shape, generator=torch.Generator().manual_seed(2)).float()


NETWORKS = {
    "photo": lambda: (
        (nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, affine=False, eps=0), nn.ReLU(), nn.MaxPool2d(2)),
        (3, 30, 24),
    ),
    "cut": lambda: (
        (nn.Conv2d(1, 32, 3), nn.Flatten(), nn.Linear(32 * 36, 10)),
        (1, 8, 8),
    ),
    "wide": lambda: ((nn.Conv2d(1, 40, 1), nn.MaxPool2d(2), nn.Conv2d(40, 1, 3)), (1, 20, 90)),
    "tall": lambda: ((nn.Conv2d(1, 2, 3), nn.MaxPool2d(2)), (1, 200, 20)),
    "signals": lambda: ((nn.Conv1d(2, 6, 5), nn.ReLU(), nn.MaxPool1d(2)), (2, 40)),
    "volume": lambda: ((nn.Conv3d(1, 4, 3), nn.MaxPool3d(2)), (1, 10, 12, 14)),
    "vectors": lambda: ((nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 1)), (30,)),
    "blocks": lambda: (
        (nn.Sequential(nn.Conv2d(1, 4, (3, 1), padding=1), nn.AdaptiveMaxPool2d(3)), nn.Flatten()),
        (1, 9, 9),
    ),
}


def _funnel(name: str):
    layers, shape = NETWORKS[name]()
    return funnel(whole(*layers), _numbers(*shape))


def _field(name: str):
    layers, shape = field_cases.CASES[name]()
    return receptive_field(whole(*layers), shape)


NAMES = (
    *(name for name in figure_cases.CASES if name not in LARGE),
    *(f"moving {name}" for name in moving_cases.CASES),
    *(f"funnel {name}" for name in NETWORKS),
    *(f"field {name}" for name in field_cases.CASES if name not in LARGE),
)


@cache
def figure(name: str) -> Drawable:
    """The figure of a name."""
    if name in figure_cases.CASES:
        return figure_cases.case(name)
    kind, name = name.split(" ", 1)
    return {"moving": moving_cases.case, "funnel": _funnel, "field": _field}[kind](name)


@cache
def rendered(name: str) -> Rendered:
    """What render() makes of it."""
    if name in figure_cases.CASES:
        return figure_cases.rendered(name)
    if name.startswith("moving "):
        return moving_cases.rendered(name.removeprefix("moving "))
    item = figure(name)
    kind = kind_name(item)
    return render({"kind": kind, "name": "figure", "caption": "", kind: item.to_dict()})
