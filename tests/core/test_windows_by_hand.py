"""Windows worked out by hand, what is left out, and each refusal word for word."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from slidingwindows import Axis, Geometry, SlidingWindowsError, UnevenAxis
from slidingwindows.core import uneven
from slidingwindows.core.arguments import pair, several, whole, whole_or_same
from slidingwindows.core.geometry import origin, same_padding

NO_NUMBERS = "an axis has whole numbers, and two for its padding: TypeError: "
UNEVEN = "an uneven axis has whole numbers, two for each window: "


def problem_of(make, *arguments, **named) -> str:
    """The words of a refusal; '' if there is none."""
    try:
        make(*arguments, **named)
    except SlidingWindowsError as error:
        assert str(error) == error.problem
        return error.problem
    return ""


def test_an_axis_of_three_numbers_has_neither_padding_nor_gaps():
    axis = Axis(7, 3, 2)
    assert axis == Axis(7, 3, 2, (0, 0), 1, False, (0, 0))
    assert (axis.padding, axis.dilation, axis.ceil_mode, axis.crop) == ((0, 0), 1, False, (0, 0))
    assert axis.windows == ((0, 1, 2), (2, 3, 4), (4, 5, 6))
    assert (axis.dropped, axis.extent, axis.padded_size) == ((), 3, 7)


def test_every_refusal_of_an_axis():
    spans = "the kernel spans {} elements but the padded input has only {} ({})".format
    for arguments, problem in {
        (5, 0, 0): "kernel_size must be at least 1, got 0",
        (5, -1, 1): "kernel_size must be at least 1, got -1",
        (5, 1, 0): "stride must be at least 1, got 0",
        (5, 1, 1, (0, 0), 0): "dilation must be at least 1, got 0",
        (5, 1, 1, (0, -2)): "padding must not be negative, got -2",
        (5, 1, 1, (-3, 0)): "padding must not be negative, got -3",
        (5, 1, 1, (0, 0), 1, False, (0, -1)): "crop must not be negative, got -1",
        (5, 1, 1, (0, 0), 1, False, (-4, 7)): "crop must not be negative, got -4",
        (0, 1, 1): "the input has no elements along an axis (size 0)",
        (-1, 1, 1, (3, 3)): "the input has no elements along an axis (size -1)",
        (2, 6, 1, (1, 2)): spans(6, 5, "2 + 1 + 2 of padding"),
        (4, 3, 1, (0, 0), 2): spans(5, 4, "4 + 0 + 0 of padding"),
        (6, 3, 1, (1, 0), 1, False, (2, 3)): spans(
            3, 2, "6 + 1 + 0 of padding − 2 − 3 that are cropped"
        ),
        (5, 3, 1, (0, 0), 1, False, (0, 3)): spans(
            3, 2, "5 + 0 + 0 of padding − 0 − 3 that are cropped"
        ),
        ("5", 1, 1): f"{NO_NUMBERS}'<' not supported between instances of 'str' and 'int'",
        (5, 1, 1, 1): f"{NO_NUMBERS}cannot unpack non-iterable int object",
        # One element more, or a number that is just large enough, and there is a window.
        (1, 1, 1): "",
        (2, 5, 1, (1, 2)): "",
        (5, 3, 2, (0, 0), 2): "",
        (6, 2, 1, (1, 0), 1, False, (2, 3)): "",
    }.items():
        assert problem_of(Axis, *arguments) == problem, arguments


def test_cropped_windows():
    axis = Axis(8, 2, 2, (0, 1), 1, False, (3, 1))
    assert axis.starts == (3, 5) and axis.spans == ((3, 5), (5, 7))
    assert axis.windows == ((3, 4), (5, 6)) and axis.uses == (0, 0, 0, 1, 1, 1, 1, 0)
    assert axis.formula() == "⌊(8 + 0 + 1 − 3 − 1 − 2) / 2⌋ + 1 = 2"
    ceiled = Axis(7, 3, 2, (1, 1), 2, True, (0, 2))
    assert ceiled.starts == (-1, 1) and ceiled.windows == ((-1, 1, 3), (1, 3, 5))
    assert ceiled.formula() == "⌈(7 + 2·1 − 0 − 2 − (2·(3 − 1) + 1)) / 2⌉ + 1 = 2"
    # A last window is cut off where the cropped part begins.
    cut = Axis(8, 3, 2, (0, 1), 1, True, (0, 3))
    assert cut.windows == ((0, 1, 2), (2, 3, 4), (4, 5)) and cut.spans[-1] == (4, 7)


def test_formulas_word_for_word():
    for arguments, formula in {
        (5, 3, 2, (1, 1)): "⌊(5 + 2·1 − 3) / 2⌋ + 1 = 3",
        (5, 2, 1, (0, 1)): "⌊(5 + 0 + 1 − 2) / 1⌋ + 1 = 5",
        (5, 2, 1, (1, 0)): "⌊(5 + 1 + 0 − 2) / 1⌋ + 1 = 5",
        (9, 3, 4, (0, 0), 2): "⌊(9 − (2·(3 − 1) + 1)) / 4⌋ + 1 = 2",
        (6, 3, 2, (0, 0), 1, True): "⌈(6 − 3) / 2⌉ + 1 = 3",
        # Floor and ceiling part only where the stride does not come out even.
        (7, 3, 2, (0, 0), 1, True): "⌈(7 − 3) / 2⌉ + 1 = 3",
        (4, 3, 3, (1, 1), 1, True): (
            "⌈(4 + 2·1 − 3) / 3⌉ + 1 = 2"  # the second starts at 2, the last real element but one
        ),
        (5, 3, 3, (1, 1), 1, True): (
            "⌈(5 + 2·1 − 3) / 3⌉ + 1 = 3, less 1 that would start in the padding: 2"
        ),
        (5, 2, 5, (0, 0), 1, True): (
            "⌈(5 − 2) / 5⌉ + 1 = 2, less 1 that would start past the end: 1"
        ),
        (2, 1, 3, (0, 1), 1, True): (
            "⌈(2 + 0 + 1 − 1) / 3⌉ + 1 = 2, less 1 that would start past the end: 1"
        ),
        (2, 1, 2, (0, 1), 1, True): (
            "⌈(2 + 0 + 1 − 1) / 2⌉ + 1 = 2, less 1 that would start in the padding: 1"
        ),
    }.items():
        axis = Axis(*arguments)
        assert axis.formula() == formula, arguments
        assert len(axis.dropped) == (" less " in formula)


def test_windows_that_ceil_mode_adds_and_torch_drops():
    axis = Axis(5, 3, 3, (1, 1), 1, True)
    assert axis.dropped == (5,) and axis.starts == (-1, 2)
    assert Axis(5, 3, 3, (1, 1)).dropped == ()
    cut = Axis(6, 3, 2, (0, 0), 1, True)
    assert cut.dropped == () and cut.windows == ((0, 1, 2), (2, 3, 4), (4, 5))
    assert cut.spans == ((0, 3), (2, 5), (4, 7)) and cut.uses == (1, 1, 2, 1, 2, 1)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_padding_is_a_copy_of_what_torch_copies(mode):
    for size in (2, 3, 5):
        width = size - (mode == "reflect")
        line = torch.arange(float(size)).view(1, 1, size)
        copied = F.pad(line, (width, width), mode=mode).flatten().tolist()
        found = [origin(place, size, mode) for place in range(-width, size + width)]
        assert found == copied, size
    found = [origin(place, 3, "zeros") for place in range(-1, 4)]
    assert found == [None, 0, 1, 2, None]


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_same_padding_is_torchs():
    for kernel in range(1, 6):
        for dilation in (1, 2, 3):
            layer = nn.Conv1d(1, 1, kernel, padding="same", dilation=dilation)
            before, behind = same_padding(kernel, dilation)
            assert [before, behind] == layer._reversed_padding_repeated_twice, (kernel, dilation)
            assert (
                layer(torch.ones(1, 9)).shape[-1]
                == 9
                == 9 + before + behind - (kernel - 1) * dilation
            )


def test_each_side_of_a_geometry_gets_its_own_numbers():
    made = Geometry.of((11, 12), (2, 3), (3, 4), (1, 0), (2, 1), True)
    assert made.rows == Axis(11, 2, 3, (1, 1), 2, True)
    assert made.cols == Axis(12, 3, 4, (0, 0), 1, True)
    assert made.input_shape == (11, 12) and made.output_shape == (4, 3)
    plain = Geometry.of((5, 6), (2, 3))
    assert plain.rows == Axis(5, 2, 2) and plain.cols == Axis(6, 3, 3)
    assert plain.uses() == ((1,) * 6,) * 4 + ((0,) * 6,)
    assert plain.untouched() == {(4, c) for c in range(6)}
    assert Geometry.of(4, 2).input_shape == (4, 4)
    for named, problem in {
        "input_shape": "input shape must be one int or two ints, got 1.5",
        "kernel_size": "kernel_size must be one int or two ints, got 1.5",
        "stride": "stride must be one int or two ints, got 1.5",
        "padding": "padding must be one int or two ints, got 1.5",
        "dilation": "dilation must be one int or two ints, got 1.5",
    }.items():
        assert problem_of(Geometry.of, **{"input_shape": 5, "kernel_size": 1, named: 1.5}) == (
            problem
        )
    assert problem_of(Geometry.of, (3, 0), 1) == (
        "width: the input has no elements along an axis (size 0)"
    )
    assert problem_of(Geometry.of, (3, 4), 4) == (
        "height: the kernel spans 4 elements but the padded input has only 3 (3 + 0 + 0 of padding)"
    )


def test_uneven_windows_have_no_padding_and_no_gaps():
    axis = UnevenAxis(7, ((1, 3), (2, 6)))
    assert axis.rule == "adaptive"
    assert (axis.padding, axis.crop, axis.dropped) == ((0, 0), (0, 0), ())
    assert (axis.dilation, axis.ceil_mode) == (1, False)
    assert (axis.size, axis.padded_size, axis.output_size) == (7, 7, 2)
    assert (axis.extent, axis.kernel_size, axis.starts) == (4, 4, (1, 2))
    assert axis.windows == ((1, 2), (2, 3, 4, 5)) and axis.uses == (0, 1, 2, 1, 1, 1, 0)


def test_every_refusal_of_uneven_windows():
    outside = "the window from {} to {} does not lie in an input of 6".format
    for spans, problem in {
        ((0, 7),): outside(0, 7),
        ((-1, 2),): outside(-1, 2),
        ((0, 1), (3, 3)): outside(3, 3),
        ((4, 2),): outside(4, 2),
        (): "the output size must be at least 1, got 0",
        (1,): f"{UNEVEN}TypeError: cannot unpack non-iterable int object",
        (("0", 1),): f"{UNEVEN}TypeError: '<=' not supported between instances of 'int' and 'str'",
        ((0, 6),): "",
        ((5, 6),): "",
    }.items():
        assert problem_of(UnevenAxis, 6, spans) == problem, spans
    for rule in ("even", "", None, ["adaptive"], 1):
        assert problem_of(UnevenAxis, 6, ((0, 6),), rule) == f"unknown rule of windows {rule!r}"


def test_every_refusal_of_an_adaptive_axis(monkeypatch):
    least = "the input and the output size must be at least 1, got {} and {}".format
    for sizes, problem in {
        (0, 3): least(0, 3),
        (3, 0): least(3, 0),
        (-1, -2): least(-1, -2),
        (2.0, 3): "2.0 and 3 are not two whole numbers",
        (2, "3"): "2 and '3' are not two whole numbers",
        (True, None): "True and None are not two whole numbers",
        (1, 1_000_001): "at most 1,000,000 windows are accepted, not 1,000,001",
    }.items():
        assert problem_of(UnevenAxis.adaptive, *sizes) == problem, sizes
    assert UnevenAxis.adaptive(1, 1).spans == ((0, 1),)
    assert UnevenAxis.adaptive(2, 5).spans == ((0, 1), (0, 1), (0, 2), (1, 2), (1, 2))
    assert UnevenAxis.adaptive(np.int64(7), torch.tensor(3)) == UnevenAxis(
        7, ((0, 3), (2, 5), (4, 7)), "adaptive"
    )
    monkeypatch.setattr(uneven, "MOST_WINDOWS", 5)
    assert UnevenAxis.adaptive(5, 5).starts == (0, 1, 2, 3, 4)
    assert problem_of(UnevenAxis.adaptive, 5, 6) == "at most 5 windows are accepted, not 6"


class Rude:
    """As a tensor subclass may: its refusal is no TypeError."""

    def __index__(self):
        raise RuntimeError("not I")

    def __iter__(self):
        raise RuntimeError("nor I")


def test_what_a_whole_number_is():
    for value in (3, np.int8(3), np.uint64(3), torch.tensor(3), torch.tensor([[3]])):
        found = whole(value)
        assert found == 3 and type(found) is int, value
    assert whole(-4) == -4 and whole(0) == 0
    for value in (True, False, 3.0, "3", None, (3,), np.float32(3), torch.tensor(3.0), Rude()):
        assert whole(value) is None, value


def test_one_or_several_whole_numbers():
    assert several(4, 3, "size") == (4, 4, 4) == several([4], 3, "size")
    assert several(torch.tensor([1, 2, 3]), 3, "size") == (1, 2, 3) == several((1, 2, 3), 3, "size")
    assert several(np.array([5, 6]), 2, "size") == (5, 6) == pair(iter((5, 6)), "size")
    assert several(7, 1, "size") == (7,) and pair(0, "size") == (0, 0)
    ints = {1: "one int", 2: "one int or two ints", 3: "one int or three ints"}
    rude = Rude()
    for value in ((), (1, 2, 3, 4), 1.5, "12", None, True, (True,), rude):
        for count, words in ints.items():
            found = problem_of(several, value, count, "the size")
            assert found == f"the size must be {words}, got {value!r}", (value, count)
    assert problem_of(several, (1, 2.0, 3), 2, "n") == (
        "n must be one int or two ints, got (1, 2.0, 3)"
    )
    assert problem_of(pair, (1, 2, 3), "n") == "n must be one int or two ints, got (1, 2, 3)"


def test_whole_numbers_or_the_value_as_it_is():
    made = whole_or_same([np.int64(2), (torch.tensor(3), "x"), 1.5, None, True])
    assert made == (2, (3, "x"), 1.5, None, True) and type(made[0]) is int
    assert type(made[1]) is tuple and made[4] is True
    assert whole_or_same(np.array([4, 5])) == (4, 5) == whole_or_same(torch.tensor([4, 5]))
    assert type(whole_or_same(np.array([4, 5]))[0]) is int
    assert type(whole_or_same(np.int32(6))) is int and whole_or_same("7") == "7"
    assert whole_or_same(torch.tensor(8)) == 8 and type(whole_or_same(torch.tensor(8))) is int
    square = np.ones((2, 2))
    assert whole_or_same(square) is square
