"""Every number in lessons/max-pooling.py, from torch."""

import torch
from claims import Claims
from torch import nn

X = torch.tensor(
    [
        [
            [3.0, 1, 4, 1, 5, 9],
            [2, 6, 5, 3, 7, 8],
            [9, 7, 9, 3, 2, 3],
            [8, 4, 6, 2, 6, 4],
            [3, 3, 8, 3, 2, 7],
            [9, 5, 0, 2, 8, 6],
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


CORNERS = [(0, 0), (0, 2), (2, 0), (2, 2)]


def first_of_the_largest(plane, row, col):
    """The index in the whole map of the first largest number of a 2×2 window."""
    cells = [(row + r, col + c) for r in (0, 1) for c in (0, 1)]
    largest = max(float(plane[cell]) for cell in cells)
    row, col = next(cell for cell in cells if float(plane[cell]) == largest)
    return row * plane.shape[1] + col


def cells_shared(pool):
    """How many cells two neighbouring windows in a row have in common."""
    seen = []
    for col in (1, 2):
        x = torch.rand(1, 9, 9, requires_grad=True)
        averaging = nn.AvgPool2d(pool.kernel_size, pool.stride, pool.padding)
        averaging(x)[0, 1, col].backward()
        seen.append(x.grad != 0)
    return int((seen[0] & seen[1]).sum())


def test_every_number_in_the_prose():
    lesson, out = Claims("max-pooling"), POOL(X)
    lesson.says("6 rows and 6 columns. The pool has a 2×2 window", X.shape == (1, 6, 6))
    lesson.says("3, 1, 2 and 6", X[0, :2, :2].flatten().tolist() == [3, 1, 2, 6])
    lesson.says("The first window keeps 6", out[0, 0, 0] == 6)
    lesson.says("the output has nine numbers: 3×3", out.shape == (1, 3, 3))
    lesson.says("It moved by 2 all the same", POOL.stride == 2)
    lesson.says("A convolution's stride defaults to 1", nn.Conv2d(1, 1, 3).stride == (1, 1))
    overlapping = nn.MaxPool2d(3, stride=2, padding=1)
    lesson.says(
        "A map has 9 rows and 9 columns. How large is it after `nn.MaxPool2d(3)`? "
        "And after a convolution with a 3×3 kernel?",
        nn.Conv2d(1, 1, 3).kernel_size == (3, 3),
    )
    lesson.says(
        "The same 3, and yet 3×3 against 7×7",
        (shape(nn.MaxPool2d(3), 1, 9, 9), shape(nn.Conv2d(1, 1, 3), 1, 9, 9))
        == ((1, 3, 3), (1, 7, 7)),
    )
    lesson.says(
        "The last line is the pool that moves like the convolution",
        shape(nn.MaxPool2d(3, stride=1), 1, 9, 9) == shape(nn.Conv2d(1, 1, 3), 1, 9, 9),
    )
    lesson.says(
        "A 3×3 window with stride 2 shares a row or a column with each neighbour",
        cells_shared(overlapping) == 3,
    )
    lesson.says(
        "With `padding=1` the window may also hang over the border by one cell",
        shape(overlapping, 1, 5, 5) == (1, 3, 3) and 5 + 2 * 1 == 2 * (3 - 1) + 3,
    )
    ties = torch.tensor([[[7.0, 7, 1, 2], [7, 7, 2, 2], [0, 4, 5, 5], [4, 1, 3, 5]]])
    winners = nn.MaxPool2d(2, return_indices=True)(ties)[1]
    lesson.says("A window holds 7, 7, 7 and 7", ties[0, :2, :2].unique().tolist() == [7])
    lesson.says(
        "The indices count the cells of the whole map row by row, starting from 0. "
        "In each window the **first** of the equal numbers wins",
        winners.flatten().tolist() == [first_of_the_largest(ties[0], r, c) for r, c in CORNERS],
    )
    waiting = ties.clone().requires_grad_()
    POOL(waiting).sum().backward()
    alone = torch.zeros(16)
    alone[winners.flatten()] = 1
    lesson.says(
        "It takes the whole gradient, too: a 1 for the winner, nothing for the others",
        torch.equal(waiting.grad.flatten(), alone),
    )
    lesson.says("`(2, 8, 4, 1)` gives it away", shape(POOL, 2, 8, 8, 3) == (2, 8, 4, 1))
    small = POOL(torch.tensor([[[1.0, 8], [6, 3]]]))
    lesson.says("`nn.MaxPool2d(2)` make of `[[1, 8], [6, 3]]`?", small.numel() == 1)
    lesson.says("One number: 8.", small.item() == 8)
    lesson.says(
        "`nn.MaxPool2d(3)` on `(1, 9, 9)`? And of `nn.MaxPool2d(3, stride=1)`?",
        nn.MaxPool2d(3).stride != nn.MaxPool2d(3, stride=1).stride,
    )
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
    broken = [torch.tensor([1.0, 2, 3, 3]) for _ in range(4)]
    for place, window in enumerate(broken):
        window[place] = torch.nan
    kept = [POOL(window.reshape(1, 2, 2)) for window in broken]
    lesson.says("A window holds 1, 2, 3 and `nan`", all(w.isnan().sum() == 1 for w in broken))
    lesson.says("`nan`. In torch, nothing beats it", all(k.isnan().all() for k in kept))
    lesson.says("a calculation such as 0/0", (torch.zeros(1) / 0).isnan())
    lesson.says(
        "Without a `stride` it steps by its `kernel_size`; a convolution steps by 1",
        POOL.stride == POOL.kernel_size and nn.Conv2d(1, 1, 2).stride == (1, 1),
    )
    lesson.labels("**1.**", "**2.**", "**3.**", "**4.**", "Unit 7")
    lesson.complete()


def test_the_main_input_has_no_ties():
    blocks = X[0].unfold(0, 2, 2).unfold(1, 2, 2).reshape(9, 4)
    assert ((blocks == blocks.amax(1, keepdim=True)).sum(1) == 1).all()
    padded = nn.functional.pad(X[0, :5, :5], (1, 1, 1, 1), value=-torch.inf)
    blocks = padded.unfold(0, 3, 2).unfold(1, 3, 2).reshape(9, 9)
    assert ((blocks == blocks.amax(1, keepdim=True)).sum(1) == 1).all()


def test_padding_never_wins():
    negative = torch.full((1, 3, 3), -1.0)
    assert nn.MaxPool2d(3, stride=1, padding=1)(negative).unique().tolist() == [-1]
    by_hand = nn.MaxPool2d(3, stride=1)(nn.functional.pad(negative, (1, 1, 1, 1)))
    assert by_hand.unique(return_counts=True)[1].tolist() == [1, 8] and by_hand[0, 1, 1] == -1


def test_channels_last_is_pooled_without_a_word():
    images = torch.rand(2, 8, 8, 3)
    assert POOL(images).shape == (2, 8, 4, 1)
    assert POOL(images.permute(0, 3, 1, 2)).shape == (2, 3, 4, 4)


def test_channels_are_pooled_apart():
    maps = torch.rand(8, 6, 6)
    assert torch.equal(POOL(maps), torch.stack([POOL(one[None])[0] for one in maps]))
