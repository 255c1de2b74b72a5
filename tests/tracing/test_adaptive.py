"""Adaptive pools against torch: windows that differ in size, to fewer or to more elements."""

from __future__ import annotations

import pytest
import torch
from checking import averages_are, checked, is_empty, seen, torch_says, winners_are
from hypothesis import given
from strategies import adaptive_pools, of_dims
from sweeps import draws

from slidingwindows import SlidingWindowsError, slide

EMPTY = "output size must be at least 1"
sweep = draws(125)
STEMS = ("AdaptiveMaxPool", "AdaptiveAvgPool")


def maximum(case):
    if not is_empty(case, EMPTY):
        winners_are(checked(case), case)


def average(case):
    if not is_empty(case, EMPTY):
        averages_are(checked(case), case)


@given(adaptive_pools("AdaptiveMaxPool", 1))
@sweep
def test_max_1d(case):
    maximum(case)


@given(adaptive_pools("AdaptiveMaxPool", 2))
@sweep
def test_max_2d(case):
    maximum(case)


@given(adaptive_pools("AdaptiveMaxPool", 3))
@sweep
def test_max_3d(case):
    maximum(case)


@given(adaptive_pools("AdaptiveAvgPool", 1))
@sweep
def test_average_1d(case):
    average(case)


@given(adaptive_pools("AdaptiveAvgPool", 2))
@sweep
def test_average_2d(case):
    average(case)


@given(adaptive_pools("AdaptiveAvgPool", 3))
@sweep
def test_average_3d(case):
    average(case)


def test_the_sweeps_saw_both_answers():
    """Runs after the sweeps: enough that torch takes, enough that it refuses."""
    for kind in (of_dims(stem, dims) for stem in STEMS for dims in (1, 2, 3)):
        if seen[kind, True] + seen[kind, False]:
            assert seen[kind, False] > 20 and seen[kind, True] > 12, (kind, seen)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("size", [None, "2", 1.5, -1, (1, 1, 1, 1), (2.0,), ()], ids=repr)
def test_output_sizes_that_torch_refuses(stem, dims, size):
    module, tensor = of_dims(stem, dims)(size), torch.ones(1, *[4] * dims)
    if torch_says(module, tensor) is None:
        with pytest.raises(SlidingWindowsError, match=type(module).__name__):
            slide(module, tensor)
    else:
        assert slide(module, tensor).output_shape == tuple(module(tensor).shape)


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_only_slide_refuses_an_empty_batch(stem, dims):
    module, tensor = of_dims(stem, dims)(2), torch.zeros(0, 1, *[4] * dims)
    assert module(tensor).numel() == 0
    with pytest.raises(SlidingWindowsError, match="the batch is empty"):
        slide(module, tensor)
