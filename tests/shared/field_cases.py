"""Networks whose receptive fields between them use every part of such a figure."""

from functools import cache

import torch
from torch import nn

from slidingwindows import receptive_field


def conv(rank, *facts, **options):
    return getattr(nn, f"Conv{rank}d")(*facts, **options)


CASES = {
    "cells": lambda: (
        (conv(2, 1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), conv(2, 2, 1, 3)),
        (1, 20, 20),
    ),
    "uneven": lambda: (
        (conv(2, 1, 2, (3, 5), dilation=(2, 1)), conv(2, 2, 2, (3, 1), stride=(2, 1))),
        (1, 24, 30),
    ),
    "signal": lambda: ([conv(1, 1, 1, 2, dilation=2**i) for i in range(4)], (1, 24)),
    "volume": lambda: ((conv(3, 1, 1, 3), nn.AvgPool3d(2)), (1, 10, 12, 14)),
    "photo": lambda: (
        [*(conv(2, 1, 1, 5, stride=2) for _ in range(4)), nn.AdaptiveAvgPool2d(1)],
        (1, 200, 150),
    ),
    "larger than the input": lambda: (
        [conv(2, 1, 1, 3, padding=1, stride=2) for _ in range(4)],
        (1, 16, 16),
    ),
    "dilation": lambda: ([conv(2, 1, 1, 3, dilation=2) for _ in range(2)], (1, 13, 13)),
    "many layers": lambda: ([conv(2, 1, 1, 3) for _ in range(24)], (1, 70, 70)),
}


@cache
def case(name):
    torch.manual_seed(1)
    layers, shape = CASES[name]()
    return receptive_field(nn.Sequential(*layers), shape)
