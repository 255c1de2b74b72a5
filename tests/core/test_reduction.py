"""How far torch's number may be from a window's, at the ends of what a dtype holds."""

from __future__ import annotations

import math

import pytest
import torch
from naive import bits
from torch import nn

from slidingwindows import SlidingWindowsError, Step, Tap, slide
from slidingwindows.core.arithmetic import LARGEST, LEAST, power
from slidingwindows.core.reduction import Average, Convolution, Lp, Max
from slidingwindows.core.text import number

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
INF, NAN = math.inf, math.nan


def step_of(values, weights=None, divisor=None) -> Step:
    weights = weights or [None] * len(values)
    pairs = enumerate(zip(values, weights, strict=True))
    return Step((0, 0), tuple(Tap(0, 0, i, v, w) for i, (v, w) in pairs), 0.0, "", divisor=divisor)


def agrees(torch_says, step, pool, epsilon=0.0) -> bool:
    return pool.agrees(torch_says, step, epsilon)


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
    assert agrees(2.0 + eps, step, Average(), epsilon=eps)
    assert not agrees(2.0 + 30 * eps, step, Average(), epsilon=eps)
    for wrong in (INF, -INF, NAN):
        assert not agrees(wrong, step, Average(), epsilon=eps)
        assert not agrees(wrong, step_of([1.0], [2.0]), Convolution(), epsilon=eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_only_a_sum_past_the_largest_number_may_be_infinite(dtype):
    limits = torch.finfo(dtype)
    past, within = step_of([limits.max, limits.max], divisor=4.0), step_of([limits.max], divisor=4)
    assert agrees(INF, past, Average(), epsilon=limits.eps)
    assert not agrees(INF, within, Average(), epsilon=limits.eps)
    assert not agrees(1.0, within, Average(), epsilon=limits.eps)


@pytest.mark.parametrize("dtype", DTYPES)
def test_only_a_number_below_the_least_may_count_as_zero(dtype):
    eps = torch.finfo(dtype).eps
    for value, may in ((LEAST[eps] / 2, True), (LEAST[eps] * 2, False)):
        step = step_of([value, 1.0], [1e6, 0.0])
        assert agrees(0.0, step, Convolution(), epsilon=eps) == may


def test_infinities_keep_their_sign():
    step = step_of([INF, 1.0], divisor=2.0)
    assert agrees(INF, step, Average(), epsilon=2.0**-23)
    assert not agrees(-INF, step, Average(), epsilon=2.0**-23)
    assert not agrees(3.0, step, Average(), epsilon=2.0**-23)


def test_integers_and_a_max_are_exact():
    assert agrees(3, step_of([3.0, 4.0], divisor=2.0), Average(integral=True))
    assert not agrees(4, step_of([3.0, 4.0], divisor=2.0), Average(integral=True))
    assert agrees(-3, step_of([-3.0, -4.0], divisor=2.0), Average(integral=True))
    assert not agrees(4.000001, step_of([3.0, 4.0]), Max(), epsilon=0.1)


@pytest.mark.parametrize("mode", ["zeros", "replicate"])
def test_torch_may_skip_zeros_of_the_padding_only(mode):
    """Times an infinite weight they are nan, or nothing if torch leaves them out."""
    module = nn.Conv2d(1, 1, (1, 2), padding=(0, 1), bias=False, padding_mode=mode)
    module.weight.data = torch.tensor([[[[INF, 2.0]]]])
    with torch.no_grad():
        first = float(module(torch.tensor([[[3.0]]]))[0, 0, 0])
    trace = slide(module, torch.tensor([[[3.0]]]))
    assert trace.output[0][0] == first or math.isnan(first)
    first_tap = number(trace.steps[0].taps[0].value)
    for answer in (6.0, NAN, INF):
        # One element of padding, then 3: what may the sum be?
        may = answer == INF if mode == "replicate" else answer != INF
        data = trace.to_dict()
        data["output"][0][0] = data["steps"][0]["value"] = answer
        data["steps"][0]["arithmetic"] = f"{first_tap}·∞ + 3·2 = {number(answer)}"
        if may:
            assert type(trace).from_dict(data).steps[0].output == (0, 0)
        else:
            with pytest.raises(SlidingWindowsError, match="the steps give"):
                type(trace).from_dict(data)


def test_integers_are_exact_whatever_may_be_rounded():
    step, pool = step_of([1e4, 1e4 + 1], divisor=2.0), Average(integral=True)
    for epsilon in LARGEST:
        assert agrees(10000, step, pool, epsilon)
        assert not agrees(10001, step, pool, epsilon) and not agrees(9999, step, pool, epsilon)


@pytest.mark.parametrize(("divisor", "quotient"), [(2, 1), (-2, -1), (4, 0), (1, 3), (-1, -3)])
@pytest.mark.parametrize("sign", [1, -1])
def test_integers_are_divided_towards_zero(divisor, quotient, sign):
    step = step_of([1.0 * sign, 2.0 * sign], divisor=float(divisor))
    assert Average(integral=True).fold(step) == sign * quotient


def test_integers_wrap_around_at_64_bits():
    step = step_of([2**63 - 1, 1], divisor=1)
    assert Average(integral=True).fold(step) == -(2**63)
    assert Average(integral=True).fold(step_of([-(2**63), -1], divisor=1)) == 2**63 - 1


def lp_of(values, norm, size=None):
    pool = Lp(norm=norm, size=size or len(values))
    return step_of(values, divisor=float(len(values))), pool


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("values", "norm", "root"),
    [
        ([3.0, 4.0], 2.0, 5.0),
        ([3.0, 4.0, 0.0], 1.0, 7.0),
        ([2.0, 2.0, 2.0, 2.0], 0.5, 32.0),
        ([2.0, 2.0], -1.0, 1.0),
        ([-3.0, -4.0], 2.0, 5.0),
        ([-1.0, -2.0], 3.0, -(9 ** (1 / 3))),
    ],
)
def test_a_root_may_be_off_by_its_rounding_and_no_more(values, norm, root, dtype):
    eps = torch.finfo(dtype).eps
    step, pool = lp_of(values, norm)
    if root < 0:  # torch's root of a negative sum of cubes is nan
        assert agrees(NAN, step, pool, eps) and not agrees(root, step, pool, eps)
        return
    assert math.isclose(pool.fold(step), root)
    assert agrees(root * (1 + eps), step, pool, eps) and agrees(root * (1 - eps), step, pool, eps)
    # The sum's error is at most 2 · (n + 4) units, and a root of power p divides it by p.
    most = 1 + eps * (4 + 2 * (len(values) + 4) * max(1, 1 / abs(norm))) * 2
    assert not agrees(root * most, step, pool, eps) and not agrees(root / most, step, pool, eps)
    for wrong in (NAN, INF, -INF, -root, 0.0):
        assert not agrees(wrong, step, pool, eps)


@pytest.mark.parametrize("norm", [0.5, -0.5])
def test_only_an_infinity_may_lose_its_sign_in_a_power_of_a_half(norm):
    """Of a finite negative number the power is nan in every dtype."""
    step, pool = lp_of([-4.0, 9.0], norm)
    found = lp_of([4.0, 9.0], norm)[1].fold(step_of([4.0, 9.0], divisor=2.0))
    assert agrees(NAN, step, pool, 2.0**-23) and not agrees(found, step, pool, 2.0**-23)
    step, pool = lp_of([-INF, 9.0], norm)
    assert agrees(lp_of([INF, 9.0], norm)[1].fold(step_of([INF, 9.0], divisor=2.0)), step, pool)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_root_is_infinite_only_past_the_largest_number(dtype):
    limits = torch.finfo(dtype)
    within = math.sqrt(limits.max) / 4
    past, inside = lp_of([within * 8, 0.0], 2.0), lp_of([within, 0.0], 2.0)
    assert agrees(INF, *past, limits.eps) and not agrees(1.0, *past, limits.eps)
    assert not agrees(INF, *inside, limits.eps) and not agrees(NAN, *inside, limits.eps)


def test_a_short_window_counts_as_if_it_were_whole():
    """Torch averages the powers that are there, then multiplies by the whole kernel's size."""
    step, pool = lp_of([3.0, 4.0], 2.0, size=8)
    assert pool.fold(step) == 10.0
    assert agrees(10.0, step, pool, 2.0**-23) and not agrees(5.0, step, pool, 2.0**-23)


@pytest.mark.parametrize(
    "base", [0.0, -0.0, 0.25, 1.0, -1.0, 3.0, -3.0, 1e200, -1e200, 1e-200, -1e-200, INF, -INF, NAN]
)
@pytest.mark.parametrize("exponent", [0.25, 1 / 3, 0.5, 1.0, 1.5, 2.0, 3.0, 7.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_powers_and_roots_are_torchs(base, exponent, sign):
    """Signs of zeros and of infinities too: one more of the other sign makes a sum nan."""
    exponent *= sign
    expected = float(torch.tensor(base, dtype=torch.float64) ** exponent)
    found = power(base, exponent)
    assert type(found) is float
    assert bits(found) == bits(expected) or math.isclose(found, expected, rel_tol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_root_may_lose_what_counts_as_zero_going_in_and_coming_out(dtype, sign):
    """Four times the least number each: of a window of one, so eight of them and no more."""
    eps = torch.finfo(dtype).eps
    least = LEAST[eps]
    step, rule = lp_of([100 * least], 1.0)
    assert agrees((100 + 7 * sign) * least, step, rule, eps)
    assert not agrees((100 + 9 * sign) * least, step, rule, eps)
