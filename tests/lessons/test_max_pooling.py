"""Every number in lessons/max-pooling.py, from torch."""

import torch
from claims import Claims
from torch import nn

X = torch.tensor(
    [
        [
            [3.0, 1, 4, 1, 5, 9],
            [2, 6, 5, 3, 5, 8],
            [9, 7, 9, 3, 2, 3],
            [8, 4, 6, 2, 6, 4],
            [3, 3, 8, 3, 2, 7],
            [9, 5, 0, 2, 8, 8],
        ]
    ]
)
POOL = nn.MaxPool2d(2)


def changed(row, col, value):
    other = X.clone()
    other[0, row, col] = value
    return int((POOL(other) != POOL(X)).sum())


def shape(module, *size):
    return tuple(module(torch.rand(*size)).shape)


def test_every_number_in_the_prose():
    lesson, out = Claims("max-pooling"), POOL(X)
    lesson.says("6 rows and 6 columns. The pool has a 2×2 window", X.shape == (1, 6, 6))
    lesson.says("3, 1, 2 and 6", X[0, :2, :2].flatten().tolist() == [3, 1, 2, 6])
    lesson.says("The first window keeps 6", out[0, 0, 0] == 6)
    lesson.says("the output has nine numbers: 3×3", out.shape == (1, 3, 3))
    lesson.says("It moved by 2 all the same", POOL.stride == 2)
    lesson.says("A convolution's stride defaults to 1", nn.Conv2d(1, 1, 3).stride == (1, 1))
    overlapping = nn.MaxPool2d(3, stride=2, padding=1)
    lesson.says("A 3×3 window with stride 2 shares", overlapping.stride < overlapping.kernel_size)
    lesson.says("With `padding=1` the window", overlapping.padding == 1)
    ties = torch.tensor([[[7.0, 7, 1, 2], [7, 7, 2, 2], [0, 4, 5, 5], [4, 1, 3, 5]]])
    winners = nn.MaxPool2d(2, return_indices=True)(ties)[1]
    lesson.says("starting from 0", winners.flatten().tolist() == [0, 3, 9, 10])
    lesson.says("`(2, 8, 4, 1)` gives it away", shape(POOL, 2, 8, 8, 3) == (2, 8, 4, 1))
    small = POOL(torch.tensor([[[1.0, 8], [6, 3]]]))
    lesson.says("`nn.MaxPool2d(2)` make of `[[1, 8], [6, 3]]`?", small.numel() == 1)
    lesson.says("One number: 8.", small.item() == 8)
    lesson.says("`nn.MaxPool2d(3)` on `(1, 9, 9)`? And of `nn.MaxPool2d(3, stride=1)`?", True)
    lesson.says(
        "`(1, 3, 3)`, because the stride defaults to 3",
        shape(nn.MaxPool2d(3), 1, 9, 9) == (1, 3, 3) and nn.MaxPool2d(3).stride == 3,
    )
    lesson.says(
        "With stride 1 it is `(1, 7, 7)`",
        shape(nn.MaxPool2d(3, stride=1), 1, 9, 9) == (1, 7, 7),
    )
    lesson.says("the 9 in the upper right corner of `x` to 100", X[0, 0, 5] == 9)
    lesson.says("the 1 in the first row, second column, to 2", X[0, 0, 1] == 1)
    lesson.says("One number changes for the 100", changed(0, 5, 100) == 1)
    lesson.says("None changes for the 2", changed(0, 1, 2) == 0)
    lesson.says("the window still holds a 6", X[0, :2, :2].max() == 6)
    lesson.labels("**1.**", "**2.**", "**3.**")
    lesson.complete()


def test_padding_never_wins():
    negative = torch.full((1, 3, 3), -1.0)
    assert nn.MaxPool2d(3, stride=1, padding=1)(negative).unique().tolist() == [-1]
    by_hand = nn.MaxPool2d(3, stride=1)(nn.functional.pad(negative, (1, 1, 1, 1)))
    assert by_hand[0, 0].tolist() == [0, 0, 0] and by_hand[0, 1, 1] == -1


def test_channels_are_pooled_apart():
    maps = torch.rand(8, 6, 6)
    assert torch.equal(POOL(maps), torch.stack([POOL(one[None])[0] for one in maps]))
