"""lessons/max-pooling.py: its words, outputs and figures, held against torch and plain Python."""

import numpy as np
import torch
from naive import blocks as side_by_side
from portrait import portrait
from torch import nn

from slidingwindows import slide

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


def naive(x, kernel_size, stride, padding=0):
    """A max pool in plain Python: the border is not there at all."""
    plane = x[0].tolist()
    rows, cols = ((n + 2 * padding - kernel_size) // stride + 1 for n in x.shape[1:])
    windows = [
        [
            [
                plane[r][c]
                for r in range(i * stride - padding, i * stride - padding + kernel_size)
                for c in range(j * stride - padding, j * stride - padding + kernel_size)
                if 0 <= r < len(plane) and 0 <= c < len(plane[0])
            ]
            for j in range(cols)
        ]
        for i in range(rows)
    ]
    return torch.tensor([[[max(window) for window in row] for row in windows]])


def changed(row, col, value):
    other = X.clone()
    other[0, row, col] = value
    return int((naive(other, 2, 2) != naive(X, 2, 2)).sum())


def shape(module, *size):
    return tuple(module(torch.rand(*size)).shape)


def reads(kernel_size, stride, padding, at):
    """The columns, padding included, that the window at an output column reads."""
    start = at * stride - padding
    return set(range(start, start + kernel_size))


def edges_of_the_photo():
    """The larger of both steps in brightness, down and across, by sums of shifted images."""
    grey = portrait(162) / 255

    def step(image):
        right, left = image[:, 2:], image[:, :-2]
        return abs(sum((right - left)[r : r + 160] for r in range(3)))

    return grey, np.maximum(step(grey), step(grey.T).T)


def why(page):
    grey, edges = edges_of_the_photo()
    blocks = side_by_side(edges, 4)
    smaller = {
        "the largest number": blocks.max(2),
        "the average": blocks.mean(2),
        "the upper left one": blocks[..., 0],
    }
    drawn = {axes["title"]: axes["images"] for axes in page.drawing("max-pool-why")}
    expected = {"photo": grey, "its edges": edges, **smaller}
    page.plots(
        "max-pool-why",
        drawn.keys() == expected.keys()
        and all(np.allclose(drawn[name], [expected[name]], atol=1e-5) for name in drawn),
    )
    page.says("as bright lines on black, 160 by 160", edges.shape == (160, 160))
    page.says("Below, the edges in 40 by 40", smaller["the average"].shape == (40, 40))
    holds = (blocks > 0.5).any(2)
    shown = {name: int(((values > 0.5) & holds).sum()) for name, values in smaller.items()}
    largest, average, one = shown.values()
    page.prints(
        "strong = 0.5",
        f"blocks with a strong edge: {holds.sum()}",
        *(f"{name:<18} shows {count} of them" for name, count in shown.items()),
    )
    page.says("call an edge strong if it is above 0.5", page.names["strong"] == 0.5)
    page.says("and it is as large as the photo", grey.shape == tuple(n + 2 for n in edges.shape))
    page.says(
        "The next layers would have less to do if it were smaller",
        smaller["the average"].size < edges.size,
    )
    page.labels("how many of these still show one?", "small enough to follow every number")
    page.says("So which number of each 4×4 block do you keep?", blocks.shape[2] == 4 * 4)
    page.says(
        "The same edges in a sixteenth of the numbers", edges.size == 16 * blocks[..., 0].size
    )
    page.says(
        "The largest number of each 4×4 block keeps the lines, the average dims them, and taking "
        "one pixel in four each way breaks them",
        one < average < largest == holds.sum() and (blocks.mean(2) <= blocks.max(2)).all(),
    )
    page.says(
        "whole and bright lines by the largest number of each block, dim ones by the average",
        one < average < largest,
    )
    page.says("The largest number shows them all", largest == holds.sum())
    bright = [(values > 0.5).mean() for values in (edges, blocks.max(2))]
    page.says(
        "It also thickens the lines: more of the smaller map is strong than of the larger one",
        bright[1] > 1.5 * bright[0],
    )
    page.says("keeps the largest number it sees at each stop", largest == holds.sum())
    page.says(
        "so what was found stays found in a smaller map",
        largest == holds.sum() and smaller["the largest number"].size < edges.size,
    )


def hiding(page):
    def pooled(column):
        line = torch.zeros(1, 6, 6)
        line[:, :, column] = 9
        return naive(line, 2, 2)[0]

    rows = {column: pooled(column)[0].tolist() for column in (2, 3, 4)}
    page.labels("A cat that moves by a pixel is still a cat")
    page.labels("Take a line that lies in column 2, counted from 0")
    page.labels("The line moves from column 2 to column 3, and then to column 4")
    page.prints(
        "for column in (2, 3, 4):",
        *(f"line in column {c}: each row of the output is {row}" for c, row in rows.items()),
    )
    same, moved = torch.equal(pooled(2), pooled(3)), torch.equal(pooled(3)[:, :2], pooled(4)[:, 1:])
    page.says("The step from 2 to 3 is hidden, because both columns lie in the same windows", same)
    page.says(
        "The step from 3 to 4 is not: it crosses from one window into the next, and the output "
        "moves by a whole cell",
        moved and not torch.equal(pooled(3), pooled(4)),
    )
    page.says("It hides shifts inside a window, and it throws away three numbers of four", same)
    torch.manual_seed(0)
    further, small = nn.Conv2d(1, 1, 3, bias=False), torch.rand(1, 12, 12)
    raised = small + 9 * torch.eye(144).reshape(144, 1, 12, 12)  # one pixel in each
    halved = nn.MaxPool2d(2)
    seen = (further(halved(raised))[:, 0, 1, 2] - further(halved(small))[0, 1, 2]).abs() > 1e-3
    page.says(
        "Behind the pool each number stands for 2×2 pixels, so a window of 3×3 reaches over 6×6 "
        "of them, with the same nine weights",
        seen.reshape(12, 12)[2:8, 4:10].all()
        and seen.sum() == 6 * 6
        and further.weight.numel() == 9,
    )
    page.says("It also lets the next layers see further", seen.sum() > further.weight.numel())
    page.labels("because a cat is larger than 3×3 pixels")
    page.says(
        "A 2×2 window reads four numbers and passes one on, so three of four are gone. "
        "Here 36 numbers became 9",
        (X.numel(), naive(X, 2, 2).numel()) == (36, 9),
    )


def test_every_claim(page):
    x, pool = page.names["x"], page.names["pool"]
    out = naive(X, 2, 2)
    why(page)
    one_window_at_a_time(page, x, pool, out)
    tied(page)
    hiding(page)
    the_stride(page)
    overlap(page)
    broken(page)
    channels(page)
    exercises(page)
    page.labels("Unit 7", "One window at a time", "Watch every window")
    page.labels("swap one layer for the other")
    page.labels("Predict what happens at the padded border")
    page.complete()


def one_window_at_a_time(page, x, pool, out):
    assert torch.equal(x, X)
    page.says("keeps the largest number it sees", torch.equal(pool(x), out))
    page.says(f"{x.shape[1]} rows and {x.shape[2]} columns")
    page.says("one channel with 6 rows", x.shape[0] == 1)
    page.says("The pool has a 2×2 window", pool.kernel_size == 2)
    page.says(
        "The first window covers the upper left corner: 3, 1, 2 and 6",
        x[0, :2, :2].flatten().tolist() == [3, 1, 2, 6],
    )
    page.prints("pool(x)", out)
    page.says("The first window keeps 6", out[0, 0, 0] == x[0, :2, :2].max() == 6)
    page.says("There are nine windows, so the output has nine numbers: 3×3", out.shape == (1, 3, 3))
    page.draws("max-pool-2x2", slide(nn.MaxPool2d(2, 2), X))
    drawn = page.figure("max-pool-2x2")
    page.says("Every number came from torch", torch.equal(torch.tensor([drawn.output]), out))


def tied(page):
    """Who wins changes no output: the same numbers, read in the opposite order."""
    window = torch.tensor([[[7.0, 7], [1, 7]]])
    backwards = window.flip(1, 2)
    winners = [nn.MaxPool2d(2, return_indices=True)(x)[1].item() for x in (window, backwards)]
    page.says(
        "What if the largest number is there twice? At such a tie the output is the same either "
        "way",
        torch.equal(naive(window, 2, 2), naive(backwards, 2, 2)) and winners == [0, 0],
    )
    page.labels("It makes a difference only when a network is trained")


def the_stride(page):
    page.says(
        "It moved by 2 all the same", page.figure("max-pool-2x2").geometry.cols.starts == (0, 2, 4)
    )
    page.says("stride` defaults to its `kernel_size`", nn.MaxPool2d(5).stride == 5)
    page.says("never overlap", not reads(2, 2, 0, 0) & reads(2, 2, 0, 1))
    page.says("A convolution's stride defaults to 1", nn.Conv2d(1, 1, 3).stride == (1, 1))
    page.labels("A map has 9 rows and 9 columns", "How large is it after `nn.MaxPool2d(3)`")
    page.labels("after a convolution with a 3×3 kernel?")
    layers = (nn.MaxPool2d(3), nn.Conv2d(1, 1, 3), nn.MaxPool2d(3, stride=1))
    sizes = [shape(layer, *page.names["nine"].shape) for layer in layers]
    page.prints(
        "nine = torch.rand(1, 9, 9)",
        f"{sizes[0]}  stride 3  MaxPool2d",
        f"{sizes[1]}  stride (1, 1)  Conv2d",
        f"{sizes[2]}  stride 1  MaxPool2d",
    )
    page.says(
        "Both kernels are 3, yet the outputs are 3×3 and 7×7", sizes[:2] == [(1, 3, 3), (1, 7, 7)]
    )
    page.says("The last line is a pool told to move like the convolution", sizes[1] == sizes[2])


def overlap(page):
    pool, corner = page.names["overlapping"], X[:, :5, :5]
    shared = reads(3, 2, 1, 0) & reads(3, 2, 1, 1)
    page.says(
        "A 3×3 window with stride 2 shares a row or a column with each neighbour",
        (pool.kernel_size, pool.stride) == (3, 2) and len(shared) == 1,
    )
    page.says(
        "With `padding=1` the window may also hang over the border by one cell",
        pool.padding == 1 and min(reads(3, 2, 1, 0)) == -1,
    )
    page.says("so that it never wins?", torch.equal(pool(corner), naive(corner, 3, 2, 1)))
    page.prints("overlapping(corner)", naive(corner, 3, 2, 1))
    page.draws("max-pool-3x3-stride-2", slide(nn.MaxPool2d(3, 2, 1), corner))
    border = {page.figure("max-pool-3x3-stride-2").at(0, row, -1) for row in range(corner.shape[1])}
    page.says(
        "The padding holds minus infinity, so it can never win",
        border == {-torch.inf} and torch.equal(pool(corner), naive(corner, 3, 2, 1)),
    )
    page.cites(
        "In one comparison, overlapping windows brought no significant improvement",
        "https://doi.org/10.1007/978-3-642-15825-4_10",
    )
    negative = torch.full((1, 3, 3), -1.0)
    kept = nn.MaxPool2d(3, stride=1, padding=1)(negative)
    zeros = torch.zeros(1, 5, 5)
    zeros[:, 1:4, 1:4] = negative
    by_hand = naive(zeros, 3, 1)
    page.prints(
        "negative = torch.full((1, 3, 3), -1.0)",
        f"torch: {naive(negative, 3, 1, 1).unique()}",
        f"padded with zeros by hand: {by_hand}",
    )
    page.says("Max pooling pads with **minus infinity**", (kept == -1).all())
    page.says("Zero would be wrong", not torch.equal(by_hand, kept))
    page.says(
        "On an input of negative numbers, a border of zeros wins in every window that touches it",
        int((by_hand == 0).sum()) == 8 and by_hand[0, 1, 1] == -1,
    )
    page.says("Padding holds minus infinity and never wins over a real pixel", (kept == -1).all())


def holds(kernel_size, stride, padding):
    """How many windows of a 6×6 map hold its cell in row 2, column 3."""
    starts = range(-padding, 6 + padding - kernel_size + 1, stride)
    rows, cols = ([start for start in starts if start <= n < start + kernel_size] for n in (2, 3))
    return len(rows) * len(cols)


def broken(page):
    page.labels("When a number is broken")
    page.says(
        "It is what is left of a calculation such as 0/0. Compare it with 3, and it is neither "
        "larger nor smaller",
        (X[0] - X[0]).div(0).isnan().all()
        and not (page.names["broken"] > 3)[0, 1, 1]
        and not (page.names["broken"] < 3)[0, 1, 1],
    )
    window = page.names["broken"][0, :, :2].flatten().tolist()
    page.says("So which is the largest of 1, 2, 3 and `nan`?", window[:3] == [1, 2, 3])
    page.prints("print(torch.nan > 3, torch.nan < 3)", "False False", "tensor([[[nan, 5.]]])")
    places = [(row, col) for row in (0, 1) for col in (0, 1)]
    won = []
    for row, col in places:
        window = torch.tensor([[[1.0, 2], [3, 4]]])
        window[0, row, col] = torch.nan
        won.append(nn.MaxPool2d(2)(window).isnan().all())
    page.says("A `nan` wins wherever it is", all(won))
    page.says("it comes out of every window that holds it", all(won))


def channels(page):
    pool, maps = page.names["pool"], torch.rand(8, 6, 6)
    alone = torch.stack([naive(one[None], 2, 2)[0] for one in maps])
    page.says("Eight maps go in, eight smaller maps come out", shape(pool, 8, 6, 6) == (8, 3, 3))
    page.prints("maps = torch.rand(8, 6, 6)", "(8, 3, 3) the same as one by one: True")
    x = page.names["x"].clone()
    x[0, 0, 1] -= 0.5
    page.says("listens to one number in each window", torch.equal(pool(x), pool(X)))
    page.says("Every channel is pooled alone", torch.equal(pool(maps), alone))
    assert page.names["channels_last"].shape == (2, 8, 8, 3)
    page.prints("print(tuple(pool(channels_last).shape))", str(shape(nn.MaxPool2d(2), 2, 8, 8, 3)))
    page.says(f"The shape `{shape(pool, 2, 8, 8, 3)}` gives it away")
    page.says("the three channels became one", shape(pool, 2, 8, 8, 3)[-1] == 1)
    page.says("Move the channels to the front first", shape(pool, 2, 3, 8, 8) == (2, 3, 4, 4))
    page.prints(
        "print(tuple(pool(channels_last.permute(0, 3, 1, 2)).shape))", str(shape(pool, 2, 3, 8, 8))
    )


def exercises(page):
    page.labels("What does `nn.MaxPool2d(2)` make of `[[1, 8], [6, 3]]`?")
    page.says("One number: 8.", naive(torch.tensor([[[1.0, 8], [6, 3]]]), 2, 2).tolist() == [[[8]]])
    page.answers(1, ("One number: 8", [[[8]]]))
    page.labels("What is the output shape of `nn.MaxPool2d(3)` on `(1, 9,")
    page.labels("on `(1, 9, 9)`? And of `nn.MaxPool2d(3, stride=1)`?")
    page.says("`(1, 3, 3)`, because the stride defaults to 3", nn.MaxPool2d(3).stride == 3)
    page.says(f"With stride 1 it is `{shape(nn.MaxPool2d(3, stride=1), 1, 9, 9)}`")
    page.answers(2, "(1, 3, 3)", "(1, 7, 7)")
    page.says("You change the 9 in the upper right corner of `x` to 100", X[0, 0, 5] == 9)
    page.says("if you change the 1 in the first row, second column, to 2", X[0, 0, 1] == 1)
    page.says("One number changes for the 100", changed(0, 5, 100) == 1)
    page.says("None changes for the 2", changed(0, 1, 2) == 0)
    page.says("the window still holds a 6", X[0, :2, :2].max() == 6)
    page.answers(3, "One", "None")
    page.says("One number in the middle of a 6×6 map is `nan`", X.shape[1:] == (6, 6))
    page.labels("How many numbers of the output are `nan` after `nn.MaxPool2d(2)`")
    page.labels("And after `nn.MaxPool2d(3, stride=1, padding=1)`?")
    holding = [holds(2, 2, 0), holds(3, 1, 1)]
    page.says(
        "One, and nine. Windows side by side hold it once. With stride 1, nine windows of 3×3 hold "
        "it, and it comes out of each",
        holding == [1, 9],
    )
    page.answers(4, "One", "nine")
    page.prints(
        "print(pool(torch.tensor([[[1.0, 8], [6, 3]]])))",
        torch.tensor([[[8.0]]]),
        str(shape(nn.MaxPool2d(3), 1, 9, 9)),
        str(shape(nn.MaxPool2d(3, stride=1), 1, 9, 9)),
        f"changed outputs: {changed(0, 5, 100)} and {changed(0, 1, 2)}",
        f"broken outputs: {holding[0]} and {holding[1]}",
    )
    page.says(
        "Without a `stride` it steps by its `kernel_size`; a convolution steps by 1",
        nn.MaxPool2d(4).stride == 4 and nn.Conv2d(1, 1, 4).stride == (1, 1),
    )
    page.says(
        "keeps the largest number of each window",
        torch.equal(page.names["pool"](X), naive(X, 2, 2)),
    )


def test_the_main_input_has_no_ties():
    blocks = X[0].unfold(0, 2, 2).unfold(1, 2, 2).reshape(9, 4)
    assert ((blocks == blocks.amax(1, keepdim=True)).sum(1) == 1).all()
    padded = nn.functional.pad(X[0, :5, :5], (1, 1, 1, 1), value=-torch.inf)
    blocks = padded.unfold(0, 3, 2).unfold(1, 3, 2).reshape(9, 9)
    assert ((blocks == blocks.amax(1, keepdim=True)).sum(1) == 1).all()
