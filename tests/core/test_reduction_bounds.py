"""How far from a window's number torch's may be, to the last bit, and what goes back through it.

With a rounding unit of no dtype nothing is too large or too small, so that what is left is the
formula of the bound: of a sum of n terms 2·(n + 2) units of the terms' sizes, over the divisor.
"""

from __future__ import annotations

import math
from math import inf, nan, nextafter, sqrt

import pytest
import torch

from slidingwindows import Step, Tap
from slidingwindows.core.arithmetic import LEAST
from slidingwindows.core.reduction import REDUCTIONS, Average, Convolution, Lp, Max

HALF, SINGLE = 2.0**-10, 2.0**-23
UNIT = 1 / 64  # of no dtype


def step_of(values, weights=None, divisor=None, value=0.0, **more) -> Step:
    weights = weights or [None] * len(values)
    pairs = enumerate(zip(values, weights, strict=True))
    taps = tuple(Tap(0, 0, i, v, w) for i, (v, w) in pairs)
    return Step((0, 0), taps, value, "", divisor=divisor, **more)


def lp_of(values, norm, size=None):
    """The pool and a step of it."""
    step = step_of(values, divisor=float(len(values)))
    return Lp(norm=norm, size=size or len(values)), step


def agree_up_to(pool, step, epsilon, low, high) -> None:
    """Both ends are taken, and numbers just past them are not."""
    for end, past in ((low, -1e-9), (high, 1e-9)):
        assert pool.agrees(end, step, epsilon), (pool, step.taps, end)
        assert not pool.agrees(end + past, step, epsilon), (pool, step.taps, end)


def test_what_each_kind_is_without_more():
    assert list(REDUCTIONS) == ["max", "average", "lp", "convolution"]
    for kind, reduction in REDUCTIONS.items():
        pool = reduction()
        assert (pool.bias, pool.integral, pool.norm, pool.size) == (None, False, None, 1)
        assert pool.kind == kind and pool.padding == (-inf if kind == "max" else 0.0)
        assert (pool.picks, pool.skips_zeros) == (kind == "max", kind == "convolution")


def test_a_sum_may_be_off_by_its_rounding_to_the_last_bit():
    thirds = step_of([1.0, 2.0, 3.0], divisor=3.0)
    agree_up_to(Average(), thirds, 1 / 8, 2 - 2.5, 2 + 2.5)
    agree_up_to(Average(), step_of([-1.0, 2.0, 3.0], divisor=-2.0), 1 / 8, -2 - 3.75, -2 + 3.75)
    products = step_of([1.0, -2.0], [3.0, 4.0])
    agree_up_to(Convolution(bias=0.5), products, 1 / 8, -4.5 - 14.375, -4.5 + 14.375)
    agree_up_to(Convolution(), products, 1 / 8, -5 - 13.75, -5 + 13.75)
    assert not Average().agrees(2 + 1e-9, thirds) and Average().agrees(2.0, thirds)
    for wrong in (5.0, -inf, nan):  # of a division by zero
        assert not Average().agrees(wrong, step_of([1.0], divisor=0.0), SINGLE)


def test_past_the_largest_number_a_sum_is_any_infinity_or_nan():
    most = 65504.0
    past, mixed = step_of([most, 64.0], divisor=2.0), step_of([most, -64.0], divisor=2.0)
    full = step_of([most / 2, -most / 2], divisor=1.0)
    for value in (inf, -inf, nan):
        assert Average().agrees(value, past, HALF) and Average().agrees(value, mixed, HALF)
        assert not Average().agrees(value, full, HALF), "it is held just so"
        # In float64 a product may be infinite itself; the reach counts what is finite.
        assert Convolution().agrees(value, step_of([1e200, 1.0], [1e200, 1.0]), 2.0**-52)
        assert Convolution().agrees(value, step_of([1e200, 1e200], [-1e200, 1e200]), 2.0**-52)
    assert not Average().agrees(3.0, past, HALF)
    assert Convolution().agrees(3.0, step_of([1e200], [1e200]), 2.0**-52)
    for value, weight in ((inf, 1.0), (1.0, inf), (-inf, 1.0), (1.0, -inf)):
        right = value * weight
        for wrong in (-right, nan, 3.0):
            assert not Convolution().agrees(wrong, step_of([value], [weight]), SINGLE)
        assert Convolution().agrees(right, step_of([value], [weight]), SINGLE)
    assert not Convolution().agrees(inf, step_of([0.0], [inf]), SINGLE)


def test_what_is_below_the_least_number_may_be_left_out_of_a_sum_of_products():
    for epsilon in (HALF, SINGLE):
        least = LEAST[epsilon]
        below = nextafter(least, 0)
        for small, may in ((least, False), (-least, False), (below, True), (-below, True)):
            for step in (step_of([small, 1.0], [1e6, 0.0]), step_of([1e6, 0.0], [small, 1.0])):
                assert Convolution().agrees(0.0, step, epsilon) == may, (epsilon, small)
                assert Convolution().agrees(small * 2e6, step, epsilon) == may
        # Beside it each of n + 2 roundings may lose the least number, twice.
        step, sum_ = step_of([100 * least, 100 * least], divisor=1.0), 200 * least
        units = 8 * (1 + 200 * epsilon)
        assert Average().agrees(sum_ + (units - 0.01) * least, step, epsilon)
        assert not Average().agrees(sum_ + (units + 0.01) * least, step, epsilon)


def test_what_windows_fold_to():
    for values in ([3.0, 7.0, -1.0], [-inf, -2.0], [1.0, nan, 2.0], [nan]):
        expected = float(torch.tensor(values, dtype=torch.float64).max())
        assert str(Max().fold(step_of(values))) == str(expected)
    zero = [([0.0, 0.0], nan), ([nan, 1.0], nan), ([1.0], inf), ([-1.0], -inf), ([2.0, -inf], -inf)]
    for integral in (False, True):
        for values, expected in zero:
            pool = Average(integral=integral)
            assert str(pool.fold(step_of(values, divisor=0.0))) == str(expected), values
    for total in range(-7, 8):
        for divisor in (-3, -2, -1, 1, 2, 3):
            found = Average(integral=True).fold(step_of([total], divisor=divisor))
            right = torch.div(torch.tensor(total), divisor, rounding_mode="trunc")
            assert found == int(right) and type(found) is int, (total, divisor)
    for values, norm, size, expected in [
        ([3.0, 4.0], 2.0, 2, 5.0),
        ([3.0, 4.0], 2.0, 4, sqrt(50)),
        ([2.0, 4.0], -1.0, 2, 4 / 3),
        ([4.0, 9.0], 0.5, 2, 25.0),
        ([1.0, 2.0], 3.0, 2, 9 ** (1 / 3)),
    ]:
        pool, step = lp_of(values, norm, size)
        assert math.isclose(pool.fold(step), expected, rel_tol=1e-15), (values, norm)
    large = 2**60 + 1  # which no float64 is
    assert Convolution(3.0, integral=True).fold(step_of([large, 2], [1, 5])) == large + 13
    assert Convolution(None, integral=True).fold(step_of([large], [-1])) == -large
    assert Convolution(3.0).fold(step_of([1.5, 2.0], [2.0, -1.0])) == 4.0
    for pool, step in [
        (Convolution(inf, integral=True), step_of([1.0], [1.0])),
        (Convolution(integral=True), step_of([inf], [1.0])),
        (Convolution(integral=True), step_of([1.0], [inf])),
    ]:
        assert pool.fold(step) == inf


def test_a_root_may_be_off_by_its_sums_rounding_to_the_last_bit():
    """The sum by 2·(n + 4) units of its size, and the root by four units more of its own."""
    agree_up_to(*lp_of([1.0, 2.0], 1.0), UNIT, 2.4375 - 3.5625 / 16, 3.5625 * (1 + 1 / 16))
    agree_up_to(*lp_of([1.0, 2.0], 1.0, size=4), UNIT, 4.875 - 7.125 / 16, 7.125 * (1 + 1 / 16))
    slack = 12 * 25 / 64
    low, high = sqrt(25 - slack), sqrt(25 + slack)
    agree_up_to(*lp_of([3.0, 4.0], 2.0), UNIT, low - high / 16, high + high / 16)
    slack = 12 * 0.75 / 64
    low, high = 1 / (0.75 + slack), 1 / (0.75 - slack)
    agree_up_to(*lp_of([2.0, 4.0], -1.0), UNIT, low - high / 16, high + high / 16)
    agree_up_to(*lp_of([-2.0, -4.0], -1.0), UNIT, -high - high / 16, high / 16 - low)
    # Where the sum may be negative it may have no root, or that of zero.
    pool, step = lp_of([3.0, 4.0], 2.0)
    high = sqrt(25 * 2.5)
    agree_up_to(pool, step, 1 / 8, -high / 2, high * 1.5)
    assert pool.agrees(nan, step, 1 / 8) and not pool.agrees(nan, step, UNIT)
    assert not pool.agrees(inf, step, 1 / 8)
    pool, step = lp_of([1.0, -1.0], 3.0)
    assert pool.agrees(nan, step, SINGLE) and pool.agrees(0.0, step, SINGLE)


def test_the_root_of_an_inverse_power_has_no_end_where_the_sum_may_be_zero():
    pool, step = lp_of([1.0, -1.0], -1.0)  # of 2 the sum may be off by 12 units
    nearest = (1 / (2 * 12 / 64)) * (1 - 4 / 64)
    for value in (nearest, -nearest, 1e9, inf, -inf, nan):
        assert pool.agrees(value, step, UNIT), value
    for value in (nextafter(nearest, 0), -nextafter(nearest, 0), 0.0):
        assert not pool.agrees(value, step, UNIT), value
    pool, step = lp_of([1.0, -1.0], -3.0)  # which has a root of one end only
    nearest = (2 * 12 / 64) ** (-1 / 3) * (1 - 4 / 64)
    assert pool.agrees(nearest, step, UNIT) and not pool.agrees(nearest * (1 - 1e-9), step, UNIT)
    for sign in (1, -1):  # of four, 16 units are all of the sum: it is just zero at one end
        pool, step = lp_of([sign * 4.0] * 4, -1.0)
        for value in (0.375, -0.375, nan, inf):
            assert pool.agrees(value, step, 1 / 16)
            assert math.isinf(value) or not pool.agrees(0.374, step, 1 / 16)
        assert not pool.agrees(nan, step, 1 / 17)


def test_a_root_past_the_largest_number_is_infinite_and_an_inverse_one_zero():
    most = 65504.0
    for values, norm, size, yes, no in [
        ([most], 1.0, 1, [inf], [nan, -inf, 0.0]),  # which rounding may bring past it
        ([-most], 1.0, 1, [-inf], [nan, inf, 0.0]),
        ([most / 2], 1.0, 1, [], [inf, nan, 0.0]),
        ([most, 64.0], 1.0, 2, [inf, -inf, nan], [0.0]),
        ([most / 2, 64.0], 1.0, 4, [inf, -inf, nan], [0.0]),
        ([-most / 2, 64.0], 1.0, 4, [inf, -inf, nan], [0.0]),
        ([most / 4], 1.0, 4, [inf], [nan, -inf, 0.0]),
        ([300.0], 2.0, 1, [inf, nan], [0.0]),
        ([200.0], 2.0, 1, [], [inf, nan, 0.0]),
        ([4e-6], -0.9, 1, [0.0], []),
        ([2e-3], -2.0, 1, [0.0, nan, inf], []),
        ([5e-3], -2.0, 1, [], [0.0, nan, inf]),
    ]:
        pool, step = lp_of(values, norm, size)
        assert [value for value in yes if not pool.agrees(value, step, HALF)] == [], values
        assert [value for value in no if pool.agrees(value, step, HALF)] == [], values
    # In float64 a power may be infinite itself.
    for pool, step in (lp_of([1e200, 1.0], 2.0), lp_of([-1e200, 1e200], 3.0)):
        assert pool.agrees(nan, step, 2.0**-52) and pool.agrees(inf, step, 2.0**-52)
    pool, step = lp_of([inf], 2.0)
    assert not pool.agrees(nan, step, 2.0**-52)
    for values, norm, wrong in [([1.6e308], 0.5, inf), ([1.7e308], 1, inf), ([-1.7e308], 1, -inf)]:
        pool, step = lp_of(values, norm)
        assert not pool.agrees(wrong, step, UNIT), "no number is past the largest of no dtype"


def test_only_of_halves_torch_may_take_the_power_of_minus_infinity_for_that_of_infinity():
    for values, norm, says, may in [
        ([-inf, 9.0], 0.5, inf, True),
        ([-inf, -9.0], 0.5, inf, False),
        ([-inf, 4.0], -0.5, 4.0, True),
        ([-inf, 0.0], -0.5, 0.0, True),
        ([-inf, -4.0], -0.5, 4.0, False),
        ([-inf], 1.0, inf, False),
    ]:
        pool, step = lp_of(values, norm)
        assert pool.agrees(says, step, SINGLE) == may, (values, norm)


def test_a_root_may_lose_the_least_number_of_each_power():
    least = LEAST[SINGLE]
    pool, step = lp_of([50 * least] * 2, 1.0)  # eight going in, and four coming out
    assert pool.agrees(111.9 * least, step, SINGLE) and not pool.agrees(112.1 * least, step, SINGLE)
    # In half precision, beside 12 of rounding, and four more of the root's own.
    pool, step = lp_of([2.0**-15] * 2, 1.0)
    assert pool.agrees(2.0**-14 + 28 * 2.0**-24, step, HALF)
    assert not pool.agrees(2.0**-14 + 28.2 * 2.0**-24, step, HALF)
    pool, step = lp_of([50 * least] * 2, 1.0, size=6)
    assert pool.agrees(327.9 * least, step, SINGLE) and not pool.agrees(328.1 * least, step, SINGLE)


def near(found, expected) -> bool:
    return found == expected or all(
        a == b or math.isclose(a, b, rel_tol=1e-12) for a, b in zip(found, expected, strict=True)
    )


def test_what_each_tap_receives():
    """Of a gradient of 6; the roots' slopes are those that torch's autograd gives."""
    assert Max().shares(step_of([1.0, 3.0], winner=1), 6.0) == [None, 6.0]
    assert Max().shares(step_of([-inf]), 6.0) == [None]
    assert Average().shares(step_of([1.0, 2.0], divisor=4.0), 6.0) == [1.5, 1.5]
    assert Average().shares(step_of([1.0, 2.0], divisor=0.0), 6.0) == [None, None]
    assert Convolution(5.0).shares(step_of([9.0, 9.0], [0.5, -2.0]), 6.0) == [3.0, -12.0]
    for values, norm, size in [
        ([3.0, 4.0], 2.0, 2),
        ([3.0, 4.0], 2.0, 6),
        ([3.0, -4.0, 2.0], 3.0, 3),
        ([3.0, -4.0], 1.0, 2),
        ([3.0, 4.0], 0.5, 4),
        ([3.0, 4.0], -1.0, 2),
    ]:
        x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
        root = ((x**norm).sum() * size / len(values)) ** (1 / norm)
        if not root.isnan():
            expected = torch.autograd.grad(root, x)[0].mul(6).tolist()
            pool, step = lp_of(values, norm, size)
            assert near(pool.shares(step, 6.0), expected), (values, norm)
    for values, norm in (([0.0, 0.0], 2.0), ([1.0, -1.0], 1.0)):
        pool, step = lp_of(values, norm)
        assert pool.shares(step, 6.0) == [0.0, 0.0], values
    pool, step = lp_of([nan, 1.0], 1.0)
    assert pool.shares(step, 6.0) == [0.0, 0.0] and str(pool.shares(step, inf)) == "[nan, nan]"
    pool, step = lp_of([nan, 1.0], 2.0)
    assert str(pool.shares(step, 6.0)) == "[nan, nan]"


ONE, TWO = [(0, 3)], [(0, 3), (1, 4)]


def test_what_is_said_of_what_goes_back():
    root = "the sum is negative, of which torch takes no root"
    nan_as_0 = "torch multiplies by the sign of nan, which it takes for 0"
    cases = [
        (Max(), step_of([1.0]), 6.0, [], "goes to no element of this plane"),
        (Max(), step_of([1.0]), 6.0, ONE, "goes whole to the winner at (0, 3)"),
        (Max(), step_of([1.0, 1.0], ties=(1,)), 6.0, ONE,
         "goes whole to the winner at (0, 3) (the first of equals)"),
        (Average(), step_of([1.0], divisor=0.0), 6.0, ONE, "is divided by 0"),
        (Average(), step_of([1.0], divisor=4.0), 6.0, TWO, "/ 4: each of 2 gets 1.5"),
        (Convolution(), step_of([1.0]), 6.0, ONE, "times the kernel goes to 1 element"),
        (Convolution(), step_of([1.0]), 6.0, TWO, "times the kernel goes to 2 elements"),
        (Lp(norm=3.0), step_of([-2.0, 1.0], value=nan), 6.0, TWO, f"becomes nan: {root}"),
        (Lp(norm=3.0), step_of([nan, 1.0], value=nan), 6.0, TWO, "becomes nan"),
        (Lp(norm=1.0), step_of([nan], value=nan), 6.0, ONE, f"goes to 1 element as 0: {nan_as_0}"),
        (Lp(norm=1.0), step_of([nan], value=nan), inf, ONE, "becomes nan"),
        (Lp(norm=2.0), step_of([inf, 1.0], value=inf), 6.0, TWO, "goes to 2 elements"),
        (Lp(norm=2.0), step_of([0.0, 0.0]), 6.0, TWO,
         "goes to 2 elements as 0: the powers add up to 0"),
        (Lp(norm=1.0), step_of([1.0, -1.0]), 6.0, TWO,
         "goes to 2 elements as 0: the powers add up to 0"),
        (Lp(norm=0.5), step_of([0.0, 0.0]), 6.0, TWO,
         "goes to 2 elements as 0: the powers add up to 0"),
        # What is 0 here, torch's rounding may have left above it.
        (Lp(norm=-1.0), step_of([1.0, -1.0], value=5.0), 6.0, TWO,
         "goes to 2 elements, in proportion to x⁻²"),
        (Lp(norm=-0.5), step_of([inf, inf], value=5.0), 6.0, TWO,
         "goes to 2 elements, in proportion to x^−1.5"),
        (Lp(norm=-0.5), step_of([-inf, 4.0], value=4.0), 6.0, TWO,
         "goes to 2 elements, in proportion to x^−1.5"),
        (Lp(norm=2.0), step_of([3.0], value=3.0), 6.0, ONE, "goes to 1 element"),
        (Lp(norm=2.0), step_of([3.0, 4.0], value=5.0), 0.0, TWO, "goes to 2 elements"),
        (Lp(norm=1.0), step_of([3.0, 4.0], value=7.0), 6.0, TWO,
         "goes to 2 elements, in equal shares"),
        (Lp(norm=2.0), step_of([3.0, 4.0], value=5.0), 6.0, TWO,
         "goes to 2 elements, in proportion to x"),
        (Lp(norm=3.0), step_of([3.0, 4.0], value=4.5), 6.0, TWO,
         "goes to 2 elements, in proportion to x²"),
        (Lp(norm=1.5), step_of([3.0, 4.0], value=5.6), -6.0, TWO,
         "goes to 2 elements, in proportion to x^0.5"),
    ]  # fmt: skip
    for pool, step, arriving, places, words in cases:
        assert pool.passed(step, arriving, places) == words, (pool, step.taps)


def test_how_much_more_the_rounding_counts_where_powers_cancel():
    """The terms' sizes over their sum, once more for the root's power; any, if nothing is left."""
    for values, norm, epsilon, expected in [
        ([1.0, -0.5], 1.0, UNIT, 3.0),
        ([3.0, 4.0], 2.0, UNIT, 1.5),
        ([3.0, 4.0], 0.5, UNIT, 2.0),
        ([1.0, 1.0], -1.0, UNIT, 3.0),
        ([1.0, -1.0], 1.0, UNIT, 1.0),  # just nothing: torch's rounding is its own
        ([inf, 1.0], 1.0, UNIT, 1.0),
        ([1.0, 1.0], 1.0, 1 / 16, inf),
        ([1.0, 1.0], 1.0, nextafter(1 / 16, 0), 1.0),
        ([1.0, -0.875], 1.0, UNIT, inf),
    ]:
        pool, step = lp_of(values, norm)
        assert pool.cancelling(step, epsilon) == expected, (values, norm)
    for pool in (Max(), Average(), Convolution()):
        assert pool.cancelling(step_of([1.0]), UNIT) == 1.0


def test_why_nothing_comes_back():
    lost = "so what comes back is 0 or nan, whatever the numbers are"
    steep = "is infinitely steep at 0, so there is no gradient"
    for norm, values, value, words in [
        (2.0, [1.0, 2.0], inf, f"torch's powers overflow, {lost}"),
        (2.0, [1.0, 2.0], 0.0, f"torch's powers underflow, {lost}"),
        (2.0, [1.0, 2.0], 3.0, ""),
        (3.0, [-2.0, 1.0], nan, ""),  # it has no root anyway, which is said elsewhere
        (3.0, [2.0, 1.0], nan, f"torch's powers overflow, {lost}"),
    ]:
        assert Lp(norm=norm).lost(step_of(values, value=value)) == words, (norm, values)
    for norm, values, words in [
        (0.5, [1.0, 0.0], f"a power of 0.5 {steep}"),
        (-2.0, [0.0], f"a power of −2 {steep}"),
        (0.5, [1.0, 2.0], ""),
        (1.0, [0.0], ""),
        (1.5, [0.0], ""),
    ]:
        assert Lp(norm=norm).no_gradient(values) == words, (norm, values)
    for pool in (Max(), Average(), Convolution()):
        assert pool.lost(step_of([1.0])) == pool.no_gradient([0.0]) == ""
    with pytest.raises(TypeError):
        REDUCTIONS["max"].__mro__[1]()  # which kind it is must be said
