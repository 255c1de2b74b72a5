"""What of a file's trace does not belong to its kind or its padding, word for word."""

from __future__ import annotations

from math import inf, nan

import torch
from altering import fault, plane_with, step_with
from torch import nn

from slidingwindows import slide
from slidingwindows.core.origin import homes_of

X = torch.arange(15.0).view(1, 3, 5)  # no two sizes alike
SIGNAL = torch.arange(7.0).view(1, 7)
VOLUME = torch.arange(24.0).view(1, 2, 3, 4)


def test_what_belongs_to_another_kind_of_window():
    pool, lp = slide(nn.MaxPool2d(2), X), slide(nn.LPPool2d(2, 2), X)
    average, folding = slide(nn.AvgPool2d(2), X), slide(nn.Conv2d(1, 1, 2), X)
    volume, signal = slide(nn.Conv3d(1, 1, 2), VOLUME), slide(nn.Conv1d(1, 1, 2), SIGNAL)
    up = slide(nn.ConvTranspose2d(1, 1, 2, 2), X)
    for trace in (pool, lp, average, folding, volume, signal, up):
        assert fault(trace) == ""
    pooled = "a pool has weights, a bias, copies as padding or zeros in between"
    no_axis = "there are zeros in between along an axis that the input does not have"
    channels = "a pool changes the number of channels"
    for trace, parts, words in [
        (pool, {"weights": (((1.0,),),)}, pooled),
        (lp, {"bias": 0.0}, pooled),
        (average, {"padding_mode": "circular"}, pooled),
        (pool, {"stretch": (1, 2)}, pooled),
        (pool, {"depth_stretch": 2}, pooled),
        (folding, {"stretch": (2, 1)}, "Conv2d puts zeros in between"),
        (volume, {"depth_stretch": 2}, "Conv3d puts zeros in between"),
        (up, {"depth_stretch": 2}, no_axis),
        (slide(nn.ConvTranspose1d(1, 1, 2, 2), SIGNAL), {"stretch": (2, 2)}, no_axis),
        (pool, {"input_shape": (2, 3, 5)}, channels),
        (pool, {"output_shape": (2, 1, 2)}, channels),
        (pool, {"channels": (1,)}, "a pool reads another channel than the one that it is "
         "followed in"),
        (pool, {"channels": (0, 1)}, "a pool reads another channel than the one that it is "
         "followed in"),
        (folding, {"padding_mode": "mine"}, "padding_mode is 'mine'"),
        (pool, {"padding_mode": "mine"}, "padding_mode is 'mine'"),
        (lp, {"counts_padding": False}, "something other than an average leaves its padding out"),
        (pool, {"integral": True}, "integers are rounded, or floats are not"),
        (pool, {"epsilon": 0.0}, "integers are rounded, or floats are not"),
        (pool, {"norm": 2.0}, "a power belongs to something other than an LP pool"),
        (lp, {"norm": None}, "a power belongs to something other than an LP pool"),
        (pool, step_with(pool, 1, divisor=4.0), "step (0, 1) is divided, or an average is not"),
        (lp, step_with(lp, 1, divisor=None), "step (0, 1) is divided, or an average is not"),
        (average, step_with(average, 0, divisor=None),
         "step (0, 0) is divided, or an average is not"),
        (average, step_with(average, 1, winner=0), "step (0, 1) has a winner"),
        (folding, step_with(folding, 1, ties=(0,)), "step (0, 1) has a winner"),
    ]:  # fmt: skip
        assert fault(trace, **parts) == words, (trace.call, parts)
    # What is allowed one by one: whole numbers, another user's kind, which says it by itself.
    mine = {"kind": "mine", "call": "MaxPool2d(…)", "padding_mode": "reflect", "norm": 3.0}
    assert fault(pool, **mine) == ""
    assert fault(slide(nn.MaxPool2d(2), X.long())) == ""
    equal = slide(nn.AvgPool2d(2), torch.ones(1, 2, 2))
    assert fault(equal) == "" and not equal.steps[0].ties  # of an average nothing wins


def test_who_may_win_a_window():
    x = torch.tensor([[[1.0, 7, 7, 0], [7, 3, -1, -1]]])
    trace = slide(nn.MaxPool2d(2), x)
    assert fault(trace) == "" and trace.steps[0].winner == 1
    padded = slide(nn.MaxPool2d(2, 2, padding=1), torch.full((1, 2, 2), -inf))
    assert fault(padded) == "" and [step.winner for step in padded.steps] == [3, 2, 1, 0]
    odd = slide(nn.MaxPool2d(1, 2, padding=0), torch.ones(1, 1, 1))
    assert fault(odd) == "" and not odd.steps[0].ties
    blind = slide(nn.MaxPool2d(2, 1, padding=1, dilation=2), torch.ones(1, 1, 1))
    assert fault(blind) == "" and blind.steps[0].winner is None
    nans = slide(nn.MaxPool2d((1, 3)), torch.tensor([[[nan, 1.0, nan]]]))
    for winner in (0, 2):  # of several nan torch may take any
        assert fault(nans, **step_with(nans, 0, winner=winner)) == ""
    for one, number, parts, words in [
        (trace, 0, {"winner": 3}, "step (0, 0) is won by no number of the input"),
        (trace, 0, {"winner": 2}, "the winner of step (0, 0) is the first of equals"),
        (trace, 0, {"winner": None}, "step (0, 0) has no winner"),
        (trace, 0, {"ties": ()}, "the ties of step (0, 0) are all that equal its winner"),
        (trace, 0, {"ties": (1, 2)}, "the ties of step (0, 0) are all that equal its winner"),
        (trace, 1, {"ties": (1,)}, "the ties of step (0, 1) are all that equal its winner"),
        (padded, 0, {"winner": 0}, "step (0, 0) is won by no number of the input"),
        (padded, 3, {"winner": 1}, "step (1, 1) is won by no number of the input"),
        (blind, 0, {"winner": 0}, "step (0, 0) is won by no number of the input"),
        (nans, 0, {"winner": 1}, "step (0, 0) is won by no number of the input"),
        (nans, 0, {"winner": None}, "step (0, 0) has no winner"),
        (nans, 0, {"ties": (2,)}, "the ties of step (0, 0) are all that equal its winner"),
    ]:
        assert fault(one, **step_with(one, number, **parts)) == words, (one.call, parts)


def test_what_the_padding_holds():
    average = slide(nn.AvgPool2d((2, 3), 1, padding=(0, 1)), X)
    pool = slide(nn.MaxPool2d((3, 2), 1, padding=(1, 0)), X)
    copies = slide(nn.Conv2d(1, 1, (3, 4), padding=(1, 2), padding_mode="reflect"), X)
    up = slide(nn.ConvTranspose2d(1, 1, 2, (2, 3)), X)
    for trace in (average, pool, copies, up):
        assert fault(trace) == ""
    for trace, where, words in [
        (average, (2, 0), "(2, -1) of plane 0 holds 9.5, torch puts 0.0 there"),
        (average, (1, 6), "(1, 5) of plane 0 holds 9.5, torch puts 0.0 there"),
        (pool, (0, 3), "(-1, 3) of plane 0 holds 9.5, torch puts -inf there"),
        (pool, (4, 0), "(3, 0) of plane 0 holds 9.5, torch puts -inf there"),
        (copies, (0, 0), "(-1, -2) of plane 0 holds 9.5, torch puts 7.0 there"),
        (copies, (4, 8), "(3, 6) of plane 0 holds 9.5, torch puts 7.0 there"),
        (up, (1, 2), "(0, 1) of plane 0 holds 9.5, torch puts 0.0 there"),
        (up, (2, 1), "(1, 0) of plane 0 holds 9.5, torch puts 0.0 there"),
    ]:
        assert fault(trace, **plane_with(trace, 0, *where, 9.5)) == words, trace.call
    # Only of integers the least may stand for minus infinity, be it 8 bits wide or unsigned.
    whole = slide(nn.MaxPool2d(2, 1, padding=1), torch.ones(1, 2, 2).long())
    for least in (-(2.0**7), -(2.0**15), -(2.0**31), -(2.0**63), 0.0):
        assert fault(whole, **plane_with(whole, 0, 0, 0, least)) == ""
        for trace, wrong in ((whole, 2 * least + 1), (whole, least / 2 - 1), (pool, least)):
            words = f"of plane 0 holds {wrong}, torch puts -inf there"
            assert fault(trace, **plane_with(trace, 0, 0, 0, wrong)).endswith(words)
    assert "torch puts 0.0" in fault(
        slide(nn.AvgPool2d(2, padding=1), X.long()),
        **plane_with(slide(nn.AvgPool2d(2, padding=1), X.long()), 0, 0, 0, -(2.0**7)),
    )


def test_a_slice_of_padding_is_a_copy_or_a_constant():
    kind = lambda mode: slide(  # noqa: E731
        nn.Conv3d(2, 1, (3, 1, 2), padding=(1, 0, 1), padding_mode=mode),
        torch.arange(48.0).view(2, 2, 3, 4),
    )
    copies, zeros = kind("reflect"), kind("zeros")
    assert homes_of(copies) == [(0, 1), (0, 0), (0, 1), (1, 1), (1, 0), (1, 1)]
    assert homes_of(zeros) == [(0, None), (0, 0), (0, 1), (1, None), (1, 0), (1, 1)]
    assert homes_of(slide(nn.Conv2d(2, 1, 1), torch.ones(2, 3, 5))) == [(0, 0), (1, 0)]
    assert fault(copies) == fault(zeros) == ""
    # The slice that is real says what its copy should hold, wherever the copy stands.
    words = "(1, 2) of plane 0 holds 99.5, torch puts 18.0 there"
    assert fault(copies, **plane_with(copies, 0, 1, 3, 99.5)) == words
    words = "(1, 3) of plane 3 holds 99.5, torch puts 0.0 there"
    assert fault(zeros, **plane_with(zeros, 3, 1, 4, 99.5)) == words
    words = "(1, 2) of plane 3 holds 42.0, torch puts 99.5 there"
    assert fault(copies, **plane_with(copies, 5, 1, 3, 99.5)) == words
    up = slide(nn.ConvTranspose3d(1, 1, (3, 2, 1), (2, 1, 1)), VOLUME, depth=1)
    assert fault(up) == "" and up.depth_stretch == 2
    between = [plane for plane in range(len(up.planes)) if up.is_stretch(0, 0, plane)]
    words = f"(1, 2) of plane {between[0]} holds 99.5, torch puts 0.0 there"
    top, left = up.geometry.rows.padding[0], up.geometry.cols.padding[0]
    assert fault(up, **plane_with(up, between[0], 1 + top, 2 + left, 99.5)) == words
