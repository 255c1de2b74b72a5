"""Modules that do otherwise than torch's own: one clear error, never a raw one."""

import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError, slide

X = torch.arange(16.0).reshape(1, 4, 4)


def returning(kind, value):
    """A module of a known kind whose forward returns something else, or raises it."""

    def forward(self, input):
        if isinstance(value, Exception):
            raise value
        return value

    return type(kind.__name__, (kind,), {"forward": forward})


@pytest.mark.parametrize("value", ["text", None, (1, 2), KeyError("k"), torch.zeros(1, 2, 1)])
@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (nn.MaxPool2d, (2,)),
        (nn.AvgPool2d, (2,)),
        (nn.Conv2d, (1, 1, 2)),
        (nn.LPPool2d, (2, 2)),
        (nn.AdaptiveMaxPool2d, (2,)),
        (nn.AdaptiveAvgPool2d, (2,)),
        (nn.ConvTranspose2d, (1, 1, 2)),
        (nn.Unfold, (2,)),
    ],
)
def test_a_module_that_does_otherwise(kind, arguments, value):
    with pytest.raises(SlidingWindowsError) as caught:
        slide(returning(kind, value)(*arguments), X)
    assert kind.__name__ in str(caught.value) and "(1, 4, 4)" in str(caught.value)


@pytest.mark.parametrize(
    ("module", "input"),
    [
        (nn.Conv2d(1, 1, 2, device="meta"), X),
        (nn.Conv2d(1, 1, 3, padding=10**5, stride=10**5), X),
        (nn.MaxPool2d(2), torch.nested.nested_tensor([X, X])),
    ],
    ids=["meta weights", "huge padding", "nested"],
)
def test_inputs_torch_cannot_hold(module, input):
    with pytest.raises(SlidingWindowsError, match=type(module).__name__):
        slide(module, input)
