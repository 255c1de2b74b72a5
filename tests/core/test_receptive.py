"""The receptive field's recurrence against what gradients reach."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from slidingwindows import SlidingWindowsError
from slidingwindows.receptive import Reach, reach_of

VGG16 = [layer for n in (2, 2, 3, 3, 3) for layer in [(3, 1, 1)] * n + [(2, 2)]]


def measured(layers, size=400):
    """(first, last) input element that the middle output's gradient reaches, and its index."""
    convolutions = []
    for kernel_size, stride, padding, dilation in layers:
        layer = nn.Conv1d(1, 1, kernel_size, stride, padding, dilation, bias=False).double()
        layer.weight.data.fill_(1.0)
        convolutions.append(layer)
    x = torch.zeros(1, 1, size, dtype=torch.double, requires_grad=True)
    output = nn.Sequential(*convolutions)(x)
    index = output.shape[-1] // 2
    output[0, 0, index].backward()
    reached = x.grad[0, 0].nonzero().flatten()
    return int(reached[0]), int(reached[-1]), index


layer = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 2), st.integers(1, 3))


@given(st.lists(layer, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_the_gradient_reaches_just_the_receptive_field(layers):
    reach = reach_of(layers)[-1]
    first, last, index = measured(layers, size=reach.size * 3 + 200)
    centre = reach.start + index * reach.jump
    half = (reach.size - 1) / 2
    assert first >= centre - half and last <= centre + half
    if first > 0:  # not cut off by the border, and without holes at the ends
        assert (first, last) == (centre - half, centre + half)


def test_vgg16_after_its_last_pool():
    assert reach_of(VGG16)[-1] == Reach(size=212, jump=32, start=15.5)


@pytest.mark.parametrize("bad", [(0, 1), (3, 0), (3, 1, -1), (3, 1, 0, 0)])
def test_impossible_layers_are_refused(bad):
    with pytest.raises(SlidingWindowsError, match="at least"):
        reach_of([bad])
