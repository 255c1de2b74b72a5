"""What dtypes hold, and each window's calculation in words: cases worked by hand or by torch."""

from __future__ import annotations

import math

import pytest
import torch

from slidingwindows import SlidingWindowsError, Step, Tap
from slidingwindows.core import arithmetic
from slidingwindows.core.arithmetic import DIGITS, held, raised, same, wrapped
from slidingwindows.core.reduction import Average, Convolution, Lp, Max

INF, NAN = math.inf, math.nan
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
WRAPS = "the sum is past 64 bits and wraps round"


def test_a_dtype_holds_the_numbers_that_torch_keeps_as_they_are():
    assert set(DIGITS) == {torch.finfo(dtype).eps for dtype in DTYPES}
    for dtype in DTYPES:
        eps = torch.finfo(dtype).eps
        for value in (0.0, 1.0, -3.0, 1 + eps, 1 + eps / 2, -1 - eps, -1 - eps / 2, 2 - eps, 1 / 3):
            kept = float(torch.tensor(value, dtype=torch.float64).to(dtype)) == value
            assert held(value, eps) == kept, (dtype, value)
        assert held(INF, eps) and held(-INF, eps) and held(NAN, eps)
    wholes = {0.0: True, -3.0: True, 2.5: False, 2.0**62: True, -INF: True, INF: False, NAN: False}
    for value, kept in wholes.items():
        assert held(value, 0) == kept, value


def test_nan_is_the_same_as_nan_and_as_nothing_else():
    for a, b, expected in [
        (1, 1.0, True),
        (NAN, float("nan"), True),
        (NAN, 1.0, False),
        (1.0, NAN, False),
        (None, None, True),
        (None, 0, False),
        (INF, -INF, False),
    ]:
        assert same(a, b) == expected, (a, b)


def test_whole_numbers_go_round_at_64_bits_as_torchs_do():
    most = 2**63 - 1
    for a, b in [(most, 0), (most, 1), (-most - 1, 0), (-most - 1, -1), (most, most), (3, -5)]:
        assert wrapped(a + b) == int(torch.tensor(a) + torch.tensor(b)), (a, b)


def test_exponents_are_raised_or_written_behind_a_sign():
    for norm, text in [
        (2, "²"),
        (2.0, "²"),
        (456789, "⁴⁵⁶⁷⁸⁹"),
        (-1230, "⁻¹²³⁰"),
        (0.5, "^0.5"),
        (-0.5, "^−0.5"),
    ]:
        assert raised(norm) == text


WORDS = {  # whose numbers are in the words, or in the test's of each function
    "max(1) = 1": lambda: arithmetic.maximum([1], 1),
    "max(0.1, 0.123) ≈ 0.123": lambda: arithmetic.maximum([0.1, 0.1234], 0.1234),
    "max(−∞, 0) = 0 (the window sees no input, padding alone)": lambda: arithmetic.maximum(
        [-INF, 0], 0, "padding"
    ),
    "(−7) / 2 = −3 (integers: the fraction is cut off)": lambda: arithmetic.average(
        [-7], 2, -3, True
    ),
    "(7 + (−2)) / (−2) = −2 (integers: the fraction is cut off)": lambda: arithmetic.average(
        [7, -2], -2, -2, True
    ),
    "(7) / 2 ≈ 4 (integers: the fraction is cut off)": lambda: arithmetic.average([7], 2, 4, True),
    "(7) / 2 ≈ 3": lambda: arithmetic.average([7], 2, 3, False),
    "(7) / 0 ≈ 3 (integers: the fraction is cut off)": lambda: arithmetic.average([7], 0, 3, True),
    "(∞ + 1) / 2 = 3": lambda: arithmetic.average([INF, 1], 2, 3, False),  # of ∞ nothing follows
    "(9.22e18 + 1) / 1 ≈ −9.22e18 (integers: " + WRAPS + ", and the fraction is cut off)": (
        lambda: arithmetic.average([2**63 - 1, 1], 1, -(2.0**63), True)
    ),
    "(4 + 4) / 2 = ∞ (torch's sum overflows)": lambda: arithmetic.average([4, 4], 2, INF, False),
    "(4 + 4) / 0 = ∞": lambda: arithmetic.average([4, 4], 0, INF, False),
    "(4 + 4) / 1 = nan (torch's sum overflows)": lambda: arithmetic.average([4, 4], 1, NAN, False),
    "sum of 2 numbers / 2: 7 / 2 = 3.5": lambda: arithmetic.short_average([3, 4], 2, 3.5),
    "sum of 2 numbers / 2: 7 / 2 ≈ 3": lambda: arithmetic.short_average([3, 4], 2, 3, True),
    "sum of 1 numbers / −2: 4 / −2 = −∞ (torch's sum overflows)": lambda: arithmetic.short_average(
        [4], -2, -INF
    ),
    f"sum of 2 numbers / 1: 9.22e18 / 1 ≈ 0 (integers: {WRAPS})": lambda: arithmetic.short_average(
        [2**63 - 1, 1], 1, 0, True
    ),
    "sum of 2 numbers / 1: 9.22e18 / 1 ≈ 0": lambda: arithmetic.short_average([2.0**63, 1], 1, 0),
    "1·2 + (−3)·(−4) = 14": lambda: arithmetic.convolution([1, -3], [2, -4], None, 14),
    "1·2 + bias 0 = 2": lambda: arithmetic.convolution([1], [2], 0.0, 2),
    "1·2 + bias (−2) = 0": lambda: arithmetic.convolution([1], [2], -2, 0),
    "1·2 + bias 1 ≈ 2": lambda: arithmetic.convolution([1], [2], 1, 2),
    "1·2 ≈ 3": lambda: arithmetic.convolution([1], [2], None, 3),
    "0·∞ + 1·2 = 2": lambda: arithmetic.convolution(
        [0, 1], [INF, 2], None, 2
    ),  # torch skips padding
    "∞·0 + 1·2 = 2": lambda: arithmetic.convolution([INF, 1], [0, 2], None, 2),
    "1·2 + bias ∞ = ∞": lambda: arithmetic.convolution([1], [2], INF, INF),
    "1·∞ = ∞": lambda: arithmetic.convolution([1], [INF], None, INF),
    "∞·1 = ∞": lambda: arithmetic.convolution([INF], [1], None, INF),
    "5·5 = ∞ (torch's sum of products overflows)": lambda: arithmetic.convolution(
        [5], [5], None, INF
    ),
    "0·2 = 0 (the window sees no input, added zeros alone)": lambda: arithmetic.convolution(
        [0], [2], None, 0, "added zeros"
    ),
    "5·5 = ∞ (the window sees no input, padding alone) (torch's sum of products overflows)": (
        lambda: arithmetic.convolution([5], [5], None, INF, "padding")
    ),
    "(1¹ + 2¹) = 3": lambda: arithmetic.lp([1, 2], 1, 2, 2, 3),
    "(1.00e10¹ + 0.001¹) ≈ 1.00e10": lambda: arithmetic.lp([1e10, 0.001], 1, 2, 2, 1e10 + 0.001),
    "√(1.00e10² + 1²) ≈ 1.00e10": lambda: arithmetic.lp([1e10, 1], 2, 2, 2, math.sqrt(1e20 + 1)),
    "√((3² + 4²) · 8/2) = 10": lambda: arithmetic.lp([3, 4], 2, 2, 8, 10),
    "√((3² + 4²) · 8/2) ≈ 5": lambda: arithmetic.lp([3, 4], 2, 2, 8, 5),
    "∛(1³ + 2³ + (−2)³) = 1": lambda: arithmetic.lp([1, 2, -2], 3, 3, 3, 1),
    "(2⁴)^(1/4) = 2": lambda: arithmetic.lp([2], 4, 1, 1, 2),
    "(4^0.5 + 9^0.5)^(1/0.5) = 25": lambda: arithmetic.lp([4, 9], 0.5, 2, 2, 25),
    "(4^0.5 + 9^0.5)^(1/0.5) ≈ 5": lambda: arithmetic.lp([4, 9], 0.5, 2, 2, 5),
    "(∞⁻¹ + 2⁻¹)^(1/−1) = 2": lambda: arithmetic.lp([INF, 2], -1, 2, 2, 2),
    # A printed root that is off by less than its print shows, yet more than by rounding.
    "(1⁻¹ + 1.00e10⁻¹)^(1/−1) ≈ 1": lambda: arithmetic.lp([1, 1e10], -1, 2, 2, 1 / (1 + 1e-10)),
    "(∞^0.5)^(1/0.5) = ∞": lambda: arithmetic.lp([INF], 0.5, 1, 1, INF),
    "((−∞)^0.5)^(1/0.5) = ∞ (torch's power 0.5 of −∞ is that of ∞ here)": lambda: arithmetic.lp(
        [-INF], 0.5, 1, 1, INF
    ),
    "((−∞)^−0.5 + 4^−0.5)^(1/−0.5) = 4 (torch's power −0.5 of −∞ is that of ∞ here)": (
        lambda: arithmetic.lp([-INF, 4], -0.5, 2, 2, 4)
    ),
    "√((−∞)²) = ∞": lambda: arithmetic.lp([-INF], 2, 1, 1, INF),
    "((−∞)^0.5)^(1/0.5) = nan (torch has no power 0.5 of a negative number)": lambda: arithmetic.lp(
        [-INF], 0.5, 1, 1, NAN
    ),
    "root of the sum of 2 powers = 5": lambda: arithmetic.short_lp([3, 4], 2, 5),
    "root of the sum of 2 powers ≈ 0 (torch's powers underflow)": lambda: arithmetic.short_lp(
        [1, 1], 2, 0
    ),
    "root of the sum of 1 powers = ∞ (torch's powers overflow)": lambda: arithmetic.short_lp(
        [3], 2, INF
    ),
}


def test_each_calculation_in_words():
    for expected, said in WORDS.items():
        assert said() == expected


def test_an_overflow_is_said_only_where_every_term_is_finite():
    for terms, result, words in [
        ([1.0], 2.0, ""),
        ([1.0], NAN, " (torch's sum overflows)"),
        ([1.0, INF], INF, ""),
        ([1.0], -INF, " (torch's sum overflows)"),
    ]:
        assert arithmetic.past(terms, result) == words, (terms, result)
    assert arithmetic.past([1.0], INF, "sum of squares") == " (torch's sum of squares overflows)"


OVER, UNDER = "torch's powers overflow", "torch's powers underflow"
PAST = [  # values, norm, result, words; of either sign they may cancel
    ([1, 2], 2, INF, OVER),
    ([1, 2], 2, NAN, OVER),
    ([1, -2], 3, INF, OVER),
    ([1, -2], 3, NAN, OVER),
    ([1, 2], -2, INF, UNDER),
    ([1, -2], -2, INF, UNDER),
    ([1, -2], -3, INF, ""),
    ([1, 2], -3, INF, UNDER),
    ([0, 2], -3, INF, UNDER),
    ([-1, -2], -3, -INF, UNDER),
    ([0, -2], -3, -INF, UNDER),
    ([1, 2], 0.5, INF, OVER),
    ([1, 2], -0.5, INF, UNDER),
    ([1, -2], 1, INF, OVER),
    ([1, -2], -0.5, INF, ""),
    ([1, 0], 0.5, 0, UNDER),
    ([1, 0], -0.5, 0, ""),
    ([1, 2], -0.5, 0, OVER),
    ([1, INF], 2, INF, ""),
    ([NAN], 2, NAN, ""),
    ([1, 2], 2, 0, UNDER),
    ([0, 2], 2, 0, UNDER),
    ([0, 0], 2, 0, ""),
    ([1, -1], 2, 0, UNDER),
    ([1, -1], 3, 0, ""),
    ([-1, 0], 3, 0, UNDER),
    ([1, 2], -2, 0, OVER),
    ([1, 0], -2, 0, ""),
    ([1, -2], -3, 0, ""),
    ([1, 2], 2, 3, ""),
    ([1, 2], -2, 1, ""),
]
NEGATIVE = "the sum is negative, of which torch takes no root"
NO_ROOT = [
    ([-1, NAN], 0.5, ""),
    ([-3, NAN], 3, ""),
    ([-1, 4], 0.5, "torch has no power 0.5 of a negative number"),
    ([-1, 4], -1.5, "torch has no power −1.5 of a negative number"),
    ([0, 4], 0.5, ""),
    ([-0.5], 0.5, "torch has no power 0.5 of a negative number"),
    ([-2, 1], 3, NEGATIVE),
    ([-1, 1], 3, ""),
    ([-1, 1.1], 3, ""),
    ([-0.5], 3, NEGATIVE),
    ([-2, 4], -3, NEGATIVE),
    ([-2, 1], 1, ""),
    ([-2, 4], -1, ""),
    ([-2, 1], 2, ""),
]


def test_why_powers_have_no_root_and_which_leave_the_dtype():
    for values, norm, result, words in PAST:
        assert arithmetic.past_powers(values, norm, result) == words, (values, norm, result)
    for values, norm, words in NO_ROOT:
        assert arithmetic.no_root(values, norm) == words, (values, norm)


def step_of(values, value=0.0, weights=None, **more) -> Step:
    """A step of the plane's first row; its result is the value."""
    taps = [Tap(0, 0, i, float(v), w) for i, (v, w) in enumerate(
        zip(values, weights or [None] * len(values), strict=True)
    )]  # fmt: skip
    return Step((1, 2), tuple(taps), value, "", **more)


SAID = {  # by a reduction, of a step, as a trace and its figure ask for it
    "max(−1, 3) ≈ 2.5 (the window sees no input, padding alone)": (
        lambda: Max().words(step_of([-1, 3]).taps, 2.5001, None, "padding")
    ),
    "max of 2 numbers ≈ 2.5": lambda: Max().brief(step_of([1, 3], 2.5001)),
    "(1 + 3) / 2 = 2": lambda: Average().words(step_of([1, 3]).taps, 2.0),
    "(1 + 3) / 4 = 1": lambda: Average().words(step_of([1, 3]).taps, 1.0, 4.0),
    "(1 + 4) / 2 = 2 (integers: the fraction is cut off)": (
        lambda: Average(integral=True).words(step_of([1, 4]).taps, 2.0, 2.0)
    ),
    "sum of 2 numbers / 3: 4 / 3 ≈ 1.333": lambda: Average().brief(
        step_of([1, 3], 4 / 3, divisor=3.0)
    ),
    f"sum of 2 numbers / 1: 9.22e18 / 1 ≈ 0 (integers: {WRAPS})": lambda: Average(
        integral=True
    ).brief(step_of([2**63, 1], 0.0, divisor=1.0)),
    "sum of 1 numbers / 0: 4 / 0 = ∞": lambda: Average().brief(step_of([4], INF, divisor=0.0)),
    "√((3² + 4²) · 8/2) = 10": lambda: Lp(norm=2.0, size=8).words(step_of([3, 4]).taps, 10.0),
    "root of the sum of 2 powers = 5": lambda: Lp(norm=2.0).brief(step_of([3, 4], 5.0)),
    "1·3 + 2·4 + bias 0.5 = 11.5": (
        lambda: Convolution(bias=0.5).words(step_of([1, 2], weights=[3.0, 4.0]).taps, 11.5)
    ),
    "1·3 = 3 (the window sees no input, padding alone)": (
        lambda: Convolution().words(step_of([1], weights=[3.0]).taps, 3.0, None, "padding")
    ),
    "sum of 2 products input · weight + bias 0 = ∞ (torch's sum of products overflows)": (
        lambda: Convolution(bias=0.0).brief(step_of([1, 2], INF, [3.0, 4.0]))
    ),
    "sum of 1 products input · weight + bias (−∞) = −∞": (
        lambda: Convolution(bias=-INF).brief(step_of([1], -INF, [3.0]))
    ),
    "sum of 1 products input · weight = ∞": lambda: Convolution().brief(step_of([1], INF, [INF])),
    "sum of 1 products input · weight = nan": lambda: Convolution().brief(
        step_of([NAN], NAN, [1.0])
    ),
}


def test_each_reduction_says_its_calculation():
    for expected, said in SAID.items():
        assert said() == expected


def test_what_a_reduction_lacks_is_an_error_that_says_where():
    tap, step = Tap(0, 3, 4, 1.0), Step((1, 2), (Tap(0, 3, 4, 1.0),), 1.0)
    for ask, words in [
        (lambda: Average().fold(step), "step (1, 2) has no divisor"),
        (lambda: Average().brief(step), "step (1, 2) has no divisor"),
        (lambda: Lp(norm=2.0).fold(step), "step (1, 2) has no divisor"),
        (lambda: Convolution().fold(step), "the tap at (0, 3, 4) has no weight"),
        (lambda: Convolution().words([tap], 1.0), "the tap at (0, 3, 4) has no weight"),
        (lambda: Lp().words([tap], 1.0), "a power must be a number other than 0, not None"),
        (lambda: Lp(norm=0.0).brief(step), "a power must be a number other than 0, not 0.0"),
    ]:
        with pytest.raises(SlidingWindowsError) as caught:
            ask()
        assert str(caught.value) == words
