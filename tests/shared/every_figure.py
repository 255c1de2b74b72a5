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

from slidingwindows import funnel, receptive_field, route, slide
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
    "long names": lambda: (
        (nn.Conv2d(1, 2, 1), *(nn.ReLU() for _ in range(30)), nn.MaxPool2d(2)),
        (1, 6, 6),
    ),
    "rows": lambda: ([nn.Conv1d(1, 1, 2) for _ in range(12)], (1, 60)),
    "dear": lambda: ((nn.Linear(3000, 3000), nn.Linear(3000, 2)), (3000,)),
}


FIELDS = field_cases.CASES | {
    "narrow": lambda: ([nn.Conv2d(1, 1, (9, 1)) for _ in range(3)], (1, 150, 170)),
    "many sizes": lambda: ([nn.Conv1d(1, 1, 12) for _ in range(40)], (1, 480)),
}
MORE = {  # parts of figures that no other case has
    "all channels' gradient": lambda: route(
        figure_cases.convolution(2, 1, 2), _numbers(2, 4, 4), plane=1
    ),
    "long gradient": lambda: route(nn.AvgPool2d(2, 1), _numbers(1, 18, 18)),
    "long sentence": lambda: route(nn.AdaptiveAvgPool2d(1), _numbers(1, 9, 9)),
    "wide": lambda: slide(nn.MaxPool2d((2, 8), (2, 8)), _numbers(1, 2, 64)),
    "tall": lambda: slide(nn.MaxPool2d((8, 2), (8, 2)), _numbers(1, 64, 2)),
    "three wide channels": lambda: slide(
        figure_cases.convolution(3, 1, (1, 16), stride=(1, 16)), _numbers(3, 2, 48)
    ),
    "unread signal": lambda: slide(nn.MaxPool1d(2, 3), _numbers(1, 10)),
    "cropped signal": lambda: slide(
        figure_cases.transposed(2, 1, stride=2, padding=2), _numbers(1, 5)
    ),
}


def _funnel(name: str):
    layers, shape = NETWORKS[name]()
    return funnel(whole(*layers), _numbers(*shape))


def _field(name: str):
    layers, shape = FIELDS[name]()
    return receptive_field(whole(*layers), shape)


NAMES = (
    *(name for name in figure_cases.CASES if name not in LARGE),
    *(f"moving {name}" for name in moving_cases.CASES),
    *(f"funnel {name}" for name in NETWORKS),
    *(f"field {name}" for name in FIELDS if name not in LARGE),
    *(f"more {name}" for name in MORE),
)


@cache
def figure(name: str) -> Drawable:
    """The figure of a name."""
    if name in figure_cases.CASES:
        return figure_cases.case(name)
    kind, name = name.split(" ", 1)
    kinds = {"moving": moving_cases.case, "funnel": _funnel, "field": _field}
    return MORE[name]() if kind == "more" else kinds[kind](name)


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
