"""Records of the engine: what may be left out of one is what the simplest input has."""

from __future__ import annotations

from dataclasses import MISSING, fields

import pytest
import torch
from torch import nn

from slidingwindows import slide
from slidingwindows.core.geometry import Axis

ONES = torch.ones(1, 1, 2, 2)  # one sample of one channel
PLAIN = [
    slide(nn.AvgPool2d(2), ONES),
    slide(nn.Fold((3, 3), 2), torch.ones(1, 4, 4)),
    slide(nn.Unfold(2), ONES),
    Axis(size=5, kernel_size=3, stride=2, padding=(0, 0), dilation=1, ceil_mode=False, crop=(0, 0)),
]


@pytest.mark.parametrize("record", PLAIN, ids=lambda one: type(one).__name__)
def test_what_may_be_left_out_is_what_the_simplest_input_has(record):
    asked = [one.name for one in fields(record) if one.default is MISSING]
    assert 0 < len(asked) < len(fields(record))
    assert type(record)(**{name: getattr(record, name) for name in asked}) == record
