"""slide against torch for signals and volumes, and for LP pools of all dimensions."""

from __future__ import annotations

import pytest
import torch
from checking import averages_are, checked, kernels, products_are, roots_are, seen, winners_are
from hypothesis import given
from strategies import INTEGERS, average_pools, convolutions, lp_pools, max_pools, of_dims
from sweeps import draws
from torch import nn

from slidingwindows import SlidingWindowsError, slide

pytestmark = [
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel"),
    pytest.mark.filterwarnings("ignore:TF32 acceleration"),
    pytest.mark.filterwarnings("ignore:Initializing zero-element tensors"),
]
sweep = draws(80)
REFUSES_INTEGERS = "an LP pool needs floats"


@given(max_pools(1))
@sweep
def test_max_1d(case):
    winners_are(checked(case), case)


@given(max_pools(3))
@sweep
def test_max_3d(case):
    winners_are(checked(case), case)


@given(average_pools(1))
@sweep
def test_average_1d(case):
    averages_are(checked(case), case)


# Torch has no half precision here.
@given(average_pools(3, dtypes=(torch.float32, torch.float64, *INTEGERS, torch.float16)))
@sweep
def test_average_3d(case):
    averages_are(checked(case), case)


@given(convolutions(dims=1))
@sweep
def test_convolution_1d(case):
    with kernels(case):
        products_are(checked(case), case)


@given(convolutions(dims=3))
@sweep
def test_convolution_3d(case):
    with kernels(case):
        products_are(checked(case), case)


def roots(case):
    if case.input.is_floating_point():
        return roots_are(checked(case), case)
    # Torch takes integers here, and loses the fractions of negative powers.
    with pytest.raises(SlidingWindowsError, match=REFUSES_INTEGERS):
        slide(case.module, case.input, case.channel, case.sample)


@given(lp_pools(1))
@sweep
def test_lp_1d(case):
    roots(case)


@given(lp_pools(2))
@sweep
def test_lp_2d(case):
    roots(case)


@given(lp_pools(3))
@sweep
def test_lp_3d(case):
    roots(case)


def test_the_sweeps_saw_both_answers():
    """Runs after the sweeps: enough that torch takes, enough that it refuses."""
    for stem in ("MaxPool", "AvgPool", "LPPool", "Conv"):
        for dims in (1, 2, 3):
            kind = of_dims(stem, dims)
            if seen[kind, True] + seen[kind, False]:
                assert seen[kind, False] > 8 and seen[kind, True] > 5, (kind, seen)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("norm", [0, float("inf"), float("-inf")])
def test_only_slide_refuses_a_norm_without_a_root(norm, dims):
    """Torch's answer for an infinite one is a maximum, for zero the number 1/0."""
    module, tensor = of_dims("LPPool", dims)(norm, 2), torch.ones(1, *[4] * dims)
    if norm:
        assert module(tensor).shape == (1, *[2] * dims)
    with pytest.raises(SlidingWindowsError, match="norm_type must be finite and not zero"):
        slide(module, tensor)


@pytest.mark.parametrize("dims", [1, 3])
@pytest.mark.parametrize("stem", ["MaxPool", "AvgPool", "Conv", "LPPool"])
def test_only_slide_refuses_an_empty_batch(stem, dims):
    options = {"MaxPool": (2,), "AvgPool": (2,), "Conv": (1, 1, 2), "LPPool": (2, 2)}[stem]
    module, tensor = of_dims(stem, dims)(*options), torch.zeros(0, 1, *[4] * dims)
    assert module(tensor).numel() == 0
    with pytest.raises(SlidingWindowsError, match="the batch is empty"):
        slide(module, tensor)


def test_slices_of_the_padding_are_planes_too():
    module = nn.Conv3d(1, 1, 3, padding=1, bias=False)
    volume = torch.arange(27.0).reshape(1, 3, 3, 3)
    trace = slide(module, volume, depth=0)
    assert trace.slices == (-1, 0, 1)
    assert [trace.is_padding(1, 1, p) for p in range(3)] == [True, False, False]
    assert all(value == 0 for row in trace.planes[0] for value in row)
    assert slide(module, volume, depth=2).slices == (1, 2, 3)


@pytest.mark.parametrize("depth", [-1, 2, 9])
def test_a_depth_that_is_not_there(depth):
    with pytest.raises(SlidingWindowsError, match=f"depth {depth} is not among the 2"):
        slide(nn.MaxPool3d(2), torch.zeros(1, 4, 4, 4), depth=depth)
    with pytest.raises(SlidingWindowsError, match=f"depth {depth} is not among the 1"):
        slide(nn.MaxPool2d(2), torch.zeros(1, 4, 4), depth=depth)
