"""How far torch's target may be from the sum of a transfer's moves, and where it must lie."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from altering import problem_of
from torch import nn

from slidingwindows import Write, route, slide

INF, NAN = math.inf, math.nan
IMAGE = slide(
    nn.MaxUnpool2d((1, 2)),
    torch.tensor([[[5.0], [6.0], [7.0]]]),
    indices=torch.tensor([[[1], [2], [5]]]),
    output_size=(3, 2),
)
UNFOLD = slide(nn.Unfold((2, 3), padding=(1, 0), stride=(2, 1)), torch.arange(36.0).view(3, 3, 4))
FOLD = slide(nn.Fold((4, 4), (3, 2), padding=(0, 1), stride=(1, 2)), torch.ones(6, 6))
TIED = torch.tensor([[[3.0, 1.0, 1.0], [2.0, 4.0, 4.0]]])
GRADIENT = route(nn.MaxPool2d((1, 2), 1), TIED)


def with_target(transfer, row, col, value, **more) -> str:
    target = [list(line) for line in transfer.target]
    target[row][col] = value
    return problem_of(transfer, target=tuple(map(tuple, target)), **more)


def test_targets_that_torch_did_not_give():
    gave = "the moves give {} at ({}, {}), torch gave {}".format
    assert with_target(IMAGE, 2, 0, 9.0) == gave(0.0, 2, 0, 9.0)
    value = UNFOLD.target[5][2]
    assert with_target(UNFOLD, 5, 2, NAN) == gave(value, 5, 2, NAN)
    # Numbers that are moved are equal, and not only near.
    near = value * (1 + 2.0**-23)
    assert with_target(UNFOLD, 5, 2, near) == gave(value, 5, 2, near)
    assert with_target(GRADIENT, 1, 1, 2.0 + 2.0**-10) == gave(2.0, 1, 1, 2.0 + 2.0**-10)
    assert with_target(GRADIENT, 1, 1, 2.0 + 2.0**-21) == ""
    assert with_target(GRADIENT, 0, 2, 1e-30) == gave(0.0, 0, 2, 1e-30)
    high = problem_of(UNFOLD, target=UNFOLD.target[:-1])
    assert high == "(17, 0) is not in the 17×4 target"
    narrow = problem_of(FOLD, target=tuple(row[:3] for row in FOLD.target))
    assert narrow == "(0, 3) is not in the 4×3 target"


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_a_copy_of_an_element_that_is_not_there():
    """A reflection may reach past the other end, where torch refuses to pad."""
    for kernel, row, col in (((1, 2), 0, -1), ((2, 1), -1, 0)):
        layer = nn.Conv2d(1, 1, kernel, padding="same", padding_mode="replicate", bias=False)
        layer.weight.data = torch.tensor([3.0, 5.0]).reshape(1, 1, *kernel)
        made = route(layer, torch.ones(1, 1, 1))
        assert made.target == ((8.0,),)
        writes = Write(0, 0, 3.0), Write(row, col, 5.0)
        move = replace(made.moves[0], writes=writes)
        forward = replace(made.forward, padding_mode="reflect")
        found = problem_of(made, forward=forward, moves=(move,))
        assert found == f"({row}, {col}) is not in the 1×1 target"


def test_a_sum_past_the_dtypes_largest_number_may_be_infinite():
    """65,504 is the largest number of float16, whose rounding unit is 2⁻¹⁰."""

    def folded(a, b, says, epsilon=2.0**-10, module=None):
        made = slide(module or nn.Fold((1, 3), (1, 2)), torch.tensor([[1.0, a], [b, 1.0]]))
        return with_target(made, 0, 1, says, epsilon=epsilon)

    gave = "the moves give {} at (0, 1), torch gave {}".format
    assert folded(40_000, 30_000, INF) == folded(40_000, 30_000, -INF) == ""
    assert folded(40_000, 30_000, NAN) == "" == folded(40_000, 30_000, 70_000.0)
    assert folded(40_000, 25_504, INF) == gave(65504.0, INF)
    assert folded(40_000, 25_536, INF) == ""
    assert folded(40_000, 30_000, 60_000.0) == gave(70000.0, 60000.0)
    assert folded(-40_000, 30_000, INF) == "" and folded(-30_000, 30_000, NAN) == gave(0.0, NAN)
    assert folded(40_000, 30_000, INF, 2.0**-23) == gave(70000.0, INF)
    # An infinite number is not rounded: what is added to it leaves no room.
    assert folded(INF, 1, INF) == "" and folded(INF, 1, 5.0) == gave(INF, 5.0)
    assert folded(INF, 65_504, NAN) == gave(INF, NAN) and folded(INF, 65_505, NAN) == ""
    assert folded(INF, 1, NAN) == gave(INF, NAN) and folded(INF, -INF, NAN) == ""
    unfolded = slide(nn.Unfold((1, 1)), torch.tensor([[[7e4, 1.0]]]))
    assert with_target(unfolded, 0, 0, INF, epsilon=2.0**-10) == (
        "the moves give 70000.0 at (0, 0), torch gave inf"
    )


def test_whole_numbers_are_not_rounded():
    assert problem_of(FOLD, epsilon=0.0) == ""
    assert with_target(FOLD, 1, 1, FOLD.target[1][1] + 2.0**-20, epsilon=0.0).startswith("the mov")


def test_shares_of_a_root_are_off_by_more_where_powers_cancel():
    """8 − 6.859 of 8 + 6.859: relative errors grow by their quotient, and through the root."""
    made = route(nn.LPPool1d(3, 2), torch.tensor([[2.0, -1.9]]))
    share = made.target[0][0]
    factor = (8 + 1.9**3) / (8 - 1.9**3) * (1 + 2 / 3)
    most = (1 + 8) * 2 * factor * abs(made.moves[0].writes[0].amount) * made.epsilon
    assert with_target(made, 0, 0, share + 0.9 * most) == ""
    assert with_target(made, 0, 0, share - 0.9 * most) == ""
    assert with_target(made, 0, 0, share + 1.1 * most).startswith("the moves give ")
    # Where rounding may be all that is left, any share may be torch's.
    for first in (2.0, -2.0):
        near = route(nn.LPPool1d(3, 2), torch.tensor([[first, -first * 0.9999999, 3.0, 1.0]]))
        assert with_target(near, 0, 0, 12345.0) == ""
        assert with_target(near, 0, 3, 12345.0).startswith("the moves give "), "another window"
    whole = route(nn.LPPool1d(2, 2), torch.tensor([[3.0, 4.0, 5.0]]))
    why = ", though no window reads it: the slope of such a power is nan there, and nan times 0"
    assert with_target(whole, 0, 2, NAN) == (
        f"the moves give 0.0 at (0, 2), torch gave nan{why} is nan"
    )
    assert with_target(whole, 0, 1, NAN).endswith(" at (0, 1), torch gave nan")
    unread = route(nn.AvgPool1d(2), torch.ones(1, 3))
    assert with_target(unread, 0, 2, NAN) == "the moves give 0.0 at (0, 2), torch gave nan"
    usual = route(nn.AvgPool1d(2, 1), torch.ones(1, 3))
    for column, shares in ((0, 1), (1, 2)):
        most = (shares + 8) * 2 * (shares / 2) * usual.epsilon
        gave = usual.target[0][column]
        assert with_target(usual, 0, column, gave + most) == ""
        assert with_target(usual, 0, column, gave + most + 2.0**-30).startswith("the moves give ")


def test_a_fold_of_several_numbers_may_be_off_by_one_rounding_less_than_these():
    made = slide(nn.Fold((1, 3), (1, 2)), torch.tensor([[1.0, 3.0], [2.0, 1.0]]))
    assert made.target == ((1.0, 5.0, 1.0),)
    most = 2 * 5 * made.epsilon
    assert with_target(made, 0, 1, 5.0 + most) == "" == with_target(made, 0, 1, 5.0 - most)
    assert with_target(made, 0, 1, 5.0 + most * 1.01).startswith("the moves give ")
    assert with_target(made, 0, 0, 1.0 + 2.0**-50).startswith("the moves give ")
