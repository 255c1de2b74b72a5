"""The public functions that are given a module, by name, each as (module, input) -> result."""

from __future__ import annotations

from torch import nn

from slidingwindows import funnel, receptive_field, route, slide

PUBLIC = {
    "slide": lambda module, x: slide(module, x),
    "route": lambda module, x: route(module, x),
    "funnel": lambda module, x: funnel(nn.Sequential(module), x),
    "receptive_field": lambda module, x: receptive_field(nn.Sequential(module), x),
    "receptive_field of a shape": lambda module, x: receptive_field(
        nn.Sequential(module), tuple(x.shape), samples=2
    ),
}
