"""Records of the engine: what may be left out of one is what the simplest input has."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace

import pytest
import torch
from torch import nn

from slidingwindows import funnel, route, slide
from slidingwindows.core.geometry import Axis

ONES = torch.ones(1, 1, 2, 2)  # one sample of one channel
PLAIN = [
    slide(nn.AvgPool2d(2), ONES),
    slide(nn.Fold((3, 3), 2), torch.ones(1, 4, 4)),
    slide(nn.Unfold(2), ONES),
    Axis(size=5, kernel_size=3, stride=2, padding=(0, 0), dilation=1, ceil_mode=False, crop=(0, 0)),
    # A layer that multiplies nothing, and of whose sight nothing is known.
    funnel(nn.Sequential(nn.Unfold(2), nn.ReLU()), ONES).stages[1],
]


@pytest.mark.parametrize("record", PLAIN, ids=lambda one: type(one).__name__)
def test_what_may_be_left_out_is_what_the_simplest_input_has(record):
    asked = [one.name for one in fields(record) if one.default is MISSING]
    assert 0 < len(asked) < len(fields(record))
    assert type(record)(**{name: getattr(record, name) for name in asked}) == record


WHOLE = torch.arange(16.0).reshape(1, 1, 4, 4)
INDICES = torch.tensor([[[[0, 3], [9, 15]]]])
SAID = {  # made by the test that asks, for torch takes a second to unpool for the first time
    "MaxPool": lambda: slide(nn.MaxPool2d(2), WHOLE),
    "ConvTranspose": lambda: slide(nn.ConvTranspose2d(1, 1, 1, stride=3), WHOLE),
    "LPPool": lambda: slide(nn.LPPool2d(3, 2), -WHOLE),
    "MaxUnpool": lambda: slide(nn.MaxUnpool2d(2), WHOLE[..., :2, :2], indices=INDICES),
    "MaxUnpool of volumes": lambda: slide(
        nn.MaxUnpool3d(2), torch.ones(1, 1, 1, 2, 2), indices=INDICES[:, None] + 16
    ),
    "Unfold": lambda: slide(nn.Unfold(2), WHOLE),
    "Fold": lambda: slide(nn.Fold((3, 3), 2), torch.ones(1, 4, 4)),
    "AvgPool's gradient": lambda: route(nn.AvgPool2d(2), WHOLE),
}


@pytest.mark.parametrize("made", SAID)
def test_a_figure_says_its_own_words(made):
    """Whoever makes its steps leaves them out; words that are given stay for from_dict to check."""
    figure = SAID[made]()
    name = "steps" if hasattr(figure, "steps") else "moves"
    silent = tuple(replace(step, arithmetic="") for step in getattr(figure, name))
    assert replace(figure, **{name: silent}) == figure
    assert all(step.arithmetic for step in getattr(figure, name))
    mine = tuple(replace(step, arithmetic="mine") for step in silent)
    assert {step.arithmetic for step in getattr(replace(figure, **{name: mine}), name)} == {"mine"}
