"""How far torch's number may be from a window's, at the ends of what a dtype holds."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError, Step, Tap, slide
from slidingwindows.folding import LARGEST, LEAST, Rule, agrees

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
INF, NAN = math.inf, math.nan


def step_of(values, weights=None, divisor=None) -> Step:
    weights = weights or [None] * len(values)
    pairs = enumerate(zip(values, weights, strict=True))
    return Step((0, 0), tuple(Tap(0, 0, i, v, w) for i, (v, w) in pairs), 0.0, "", divisor=divisor)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_ends_are_torchs(dtype):
    limits = torch.finfo(dtype)
    assert LARGEST[limits.eps] == limits.max
    # Half precision is added up in single precision, where its smallest numbers are ordinary.
    half = dtype is torch.float16
    assert LEAST[limits.eps] == (limits.smallest_normal * (limits.eps if half else 1))


@pytest.mark.parametrize("dtype", DTYPES)
def test_rounding_and_no_more(dtype):
    eps, step = torch.finfo(dtype).eps, step_of([1.0, 2.0, 3.0], divisor=3.0)
    assert agrees(2.0 + eps, step, Rule("average"), epsilon=eps)
    assert not agrees(2.0 + 30 * eps, step, Rule("average"), epsilon=eps)
    for wrong in (INF, -INF, NAN):
        assert not agrees(wrong, step, Rule("average"), epsilon=eps)
        assert not agrees(wrong, step_of([1.0], [2.0]), Rule("convolution"), epsilon=eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_only_a_sum_past_the_largest_number_may_be_infinite(dtype):
    limits = torch.finfo(dtype)
    past, within = step_of([limits.max, limits.max], divisor=4.0), step_of([limits.max], divisor=4)
    assert agrees(INF, past, Rule("average"), epsilon=limits.eps)
    assert not agrees(INF, within, Rule("average"), epsilon=limits.eps)
    assert not agrees(1.0, within, Rule("average"), epsilon=limits.eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_only_a_number_below_the_least_may_count_as_zero(dtype):
    eps = torch.finfo(dtype).eps
    for value, may in ((LEAST[eps] / 2, True), (LEAST[eps] * 2, False)):
        step = step_of([value, 1.0], [1e6, 0.0])
        assert agrees(0.0, step, Rule("convolution"), epsilon=eps) == may


def test_infinities_keep_their_sign():
    step = step_of([INF, 1.0], divisor=2.0)
    assert agrees(INF, step, Rule("average"), epsilon=2.0**-23)
    assert not agrees(-INF, step, Rule("average"), epsilon=2.0**-23)
    assert not agrees(3.0, step, Rule("average"), epsilon=2.0**-23)


def test_integers_and_a_max_are_exact():
    assert agrees(3, step_of([3.0, 4.0], divisor=2.0), Rule("average", integral=True))
    assert not agrees(4, step_of([3.0, 4.0], divisor=2.0), Rule("average", integral=True))
    assert agrees(-3, step_of([-3.0, -4.0], divisor=2.0), Rule("average", integral=True))
    assert not agrees(4.000001, step_of([3.0, 4.0]), Rule("max"), epsilon=0.1)


@pytest.mark.parametrize("mode", ["zeros", "replicate"])
def test_torch_may_skip_zeros_of_the_padding_only(mode):
    """Times an infinite weight they are nan, or nothing if torch leaves them out."""
    module = nn.Conv2d(1, 1, (1, 2), padding=(0, 1), bias=False, padding_mode=mode)
    module.weight.data = torch.tensor([[[[INF, 2.0]]]])
    with torch.no_grad():
        first = float(module(torch.tensor([[[3.0]]]))[0, 0, 0])
    trace = slide(module, torch.tensor([[[3.0]]]))
    assert trace.output[0][0] == first or math.isnan(first)
    for answer in (6.0, NAN, INF):
        # One element of padding, then 3: what may the sum be?
        may = answer == INF if mode == "replicate" else answer != INF
        data = trace.to_dict()
        data["output"][0][0] = data["steps"][0]["value"] = answer
        if may:
            assert type(trace).from_dict(data).steps[0].output == (0, 0)
        else:
            with pytest.raises(SlidingWindowsError, match="the steps give"):
                type(trace).from_dict(data)
