"""lessons/max-pooling.py: its words, outputs and figures, held against torch and plain Python."""

from unittest.mock import MagicMock

import numpy as np
import torch
from lesson_run import lessons_after, source
from naive import blocks as side_by_side
from PIL import Image
from portrait import portrait
from torch import nn

from slidingwindows import slide
from slidingwindows.drawing.forward import Drawing
from slidingwindows.drawing.style import DARK, LIGHT

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
    holds = (blocks > 0.5).any(2)
    shown = {name: int(((values > 0.5) & holds).sum()) for name, values in smaller.items()}
    largest, average, one = shown.values()
    page.prints(
        "strong = 0.5",
        f"blocks with a strong edge: {holds.sum()}",
        *(f"{name:<18} shows {count} of them" for name, count in shown.items()),
    )
    page.says("call an edge strong if it is above 0.5", page.names["strong"] == 0.5)
    page.says(
        "You have a map of edges, from [what a convolution looks for], and it is nearly as large "
        "as the photo. The next layers would have less to do if it were smaller",
        edges.shape == tuple(n - 2 for n in grey.shape)
        and smaller["the average"].size < edges.size
        and "[[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]]" in source("what-a-convolution-looks-for")
        and torch.equal(page.names["kernel"], torch.tensor([[-1.0, 0, 1]] * 3)),
    )
    ends = [Image.new("RGB", (1, 1), colour).convert("L") for colour in ("black", "white")]
    page.says(
        "The photo that comes with matplotlib, in grey: 0 is black, 1 is white. Steps in "
        "brightness, from left to right or from top to bottom, whichever is the larger",
        np.allclose(page.names["photo"][0], grey)
        and [end.getpixel((0, 0)) / 255 for end in ends] == [0, 1]
        and np.allclose(page.names["edges"][0], edges, atol=1e-5),
    )
    page.labels("how many of these still show one?")
    page.says("Which number of each 4×4 block do you keep, so that", blocks.shape[2] == 4 * 4)
    page.says(
        "The same edges in a sixteenth of the numbers", edges.size == 16 * blocks[..., 0].size
    )
    page.says(
        "The largest number of each 4×4 block keeps the lines, the average dims them, and taking "
        "one pixel in four each way breaks them",
        one < average < largest == holds.sum() and (blocks.mean(2) <= blocks.max(2)).all(),
    )
    where = [values[holds] for values in smaller.values()]  # on the lines
    dark = [(values < 0.25).mean() for values in where]
    page.says(
        "A portrait, and its edges as bright lines on black, 160 by 160. Below, the edges in 40 by "
        "40: whole and bright lines by the largest number of each block, dim ones by the average, "
        "and broken ones by the upper left number",
        edges.shape == (160, 160)
        and {values.shape for values in smaller.values()} == {(40, 40)}
        and np.median(edges) < 0.15 < 1.5 < edges.max()
        and where[1].mean() < where[0].mean() / 2
        and dark[0] == 0
        and dark[2] > max(0.3, 3 * dark[1])
        and where[2].max() > 1.5,
    )
    same = [((blocks > s).any(2) == (blocks.max(2) > s)).all() for s in (0.1, 0.5, 1, 2)]
    page.says(
        "The largest number shows them all, because it *is* the strongest edge of its block, so "
        "nothing else was possible",
        largest == holds.sum() and all(same),
    )
    bright = [(values > 0.5).mean() for values in (edges, blocks.max(2))]
    page.says(
        "It also thickens the lines: more of the smaller map is strong than of the larger one, "
        "and lines that were close run together",
        bright[1] > 1.5 * bright[0] and run_together(),
    )
    page.says(
        "so what was found stays found in a smaller map",
        largest == holds.sum() and smaller["the largest number"].size < edges.size,
    )


def run_together():
    """Two lines in blocks side by side: two dark columns between them, then none."""
    lines = np.zeros((8, 16))
    lines[:, [6, 9]] = 1
    columns = side_by_side(lines, 4).max(2).any(0)
    return not lines[:, 7:9].any() and columns.tolist() == [False, True, True, False]


def hiding(page):
    def pooled(column):
        line = torch.zeros(1, 6, 6)
        line[:, :, column] = 9
        return naive(line, 2, 2)[0]

    rows = {column: pooled(column)[0].tolist() for column in (2, 3, 4)}
    page.aside(
        "A cat that moves by a pixel is still a cat. So it helps if the next layer sees no "
        "difference",
        why="what a network is for",
    )
    page.labels("Take a line that lies in column 2, counted from 0, and let it move to the right")
    page.labels("The line moves from column 2 to column 3, and then to column 4")
    page.prints(
        "for column in (2, 3, 4):",
        *(f"line in column {c}: each row of the output is {row}" for c, row in rows.items()),
    )
    same, moved = torch.equal(pooled(2), pooled(3)), torch.equal(pooled(3)[:, :2], pooled(4)[:, 1:])
    page.says("The step from 2 to 3 is hidden, because both columns lie in the same windows", same)
    page.says(
        "The step from 3 to 4 is not: it crosses from one window into the next, and the output "
        "moves by a whole cell. So a max pool hides *some* small shifts",
        same and moved and not torch.equal(pooled(3), pooled(4)),
    )
    page.says(
        "and [a later lesson] measures how many",
        "{maps:.1%} of the maps" in source("local-invariance")
        and "local-invariance" in lessons_after("max-pooling"),
    )
    page.says(
        "It hides shifts inside a window, and it throws away three numbers of four",
        same and X.numel() - naive(X, 2, 2).numel() == 3 / 4 * X.numel(),
    )
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
    page.aside(
        "*Is there a cat?* needs that, because a cat is larger than 3×3 pixels",
        why="how large things are on photos",
    )
    page.says(
        "It has its price. A 2×2 window reads four numbers and passes one on, so three of four are "
        "gone. Here 36 numbers became 9",
        (X.numel(), naive(X, 2, 2).numel()) == (36, 9),
    )
    less = torch.where(X == winners_of(X), X, X - 1)
    page.says(
        "[What pooling throws away] shows what cannot be brought back",
        not torch.equal(less, X) and torch.equal(naive(less, 2, 2), naive(X, 2, 2)),
    )


def winners_of(x):
    """At each place the largest number of its 2×2 window."""
    return naive(x, 2, 2).repeat_interleave(2, 1).repeat_interleave(2, 2)


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
    page.labels("One window at a time", "Watch every window")
    page.labels("swap one layer for the other")
    page.labels("Predict what happens at the padded border")
    page.labels("To try windows of your own, [open the one with padding in the explorer]")
    page.labels("take the padding away, and see which outputs go")
    page.cites("This lesson's path follows Unit 7 of", "https://lightning.ai/courses/")
    page.cites("The comparison of overlapping windows is by", "https://doi.org/10.1007/978-3-642")
    page.aside("The words and the measurements are our own", why="who wrote this lesson")
    page.complete()


def one_window_at_a_time(page, x, pool, out):
    assert torch.equal(x, X)
    page.labels("Now run it", "Predict it, run it, watch it")
    page.says(
        "A window slides over the input and keeps the largest number it sees",
        torch.equal(pool(x), out),
    )
    forgets = torch.where(x == winners_of(x), x, -100.0)
    page.says(
        "That is **max pooling**: a window slides over a grid of numbers, keeps the largest number "
        "it sees at each stop, and forgets the rest",
        torch.equal(pool(x), out)
        and (forgets == -100).sum() == 27
        and torch.equal(pool(forgets), out),
    )
    page.says("Here is an input of one channel with 6 rows and 6 columns", x.shape == (1, 6, 6))
    page.says("The pool has a 2×2 window", pool.kernel_size == 2)
    page.labels("What number does it keep?")
    page.says(
        "The first window covers the upper left corner: 3, 1, 2 and 6",
        x[0, :2, :2].flatten().tolist() == [3, 1, 2, 6],
    )
    page.prints("pool(x)", out)
    page.says("The first window keeps 6", out[0, 0, 0] == x[0, :2, :2].max() == 6)
    page.says("There are nine windows, so the output has nine numbers: 3×3", out.shape == (1, 3, 3))
    page.draws("max-pool-2x2", slide(nn.MaxPool2d(2, 2), X))
    drawn = page.figure("max-pool-2x2")
    page.says(
        "Max pooling with a 2×2 window and stride 2. Every number came from torch",
        torch.equal(torch.tensor([drawn.output]), out),
    )
    page.says(
        "The cell that stands out from its window is the one that wins",
        all(stands_out(drawn, step) == step.value for step in drawn.steps)
        and all(theme.rgb("edge") != theme.rgb("window") for theme in (LIGHT, DARK)),
    )


def stands_out(drawn, step):
    """The number in the one cell of a window that its figure draws in another colour."""
    drawing, found = Drawing(drawn), []

    def cell(painter, panel, row, col, value, ground, *_, **__):
        if panel in drawing.layout.inputs and ground != "window":
            found.append(value)

    drawing.cell = cell
    drawing.answer(MagicMock(), drawn.steps.index(step))
    (value,) = found
    return value


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
    came = [gradient_of(x) for x in (window, backwards)]
    page.says(
        "It makes a difference only when a network is trained, and [gradients through pooling] "
        "shows which",
        not torch.equal(came[0].flip(1, 2), came[1])
        and "gradients-ties" in source("gradients-through-pooling"),
    )


def gradient_of(x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(nn.MaxPool2d(2)(x).sum(), x)[0]


def the_stride(page):
    page.says(
        "You gave the pool no stride. It moved by 2 all the same",
        "pool = nn.MaxPool2d(kernel_size=2)\n" in source("max-pooling")
        and page.figure("max-pool-2x2").geometry.cols.starts == (0, 2, 4),
    )
    page.says(
        "In PyTorch a pool's `stride` defaults to its `kernel_size`",
        all(pool(k).stride == k for pool in (nn.MaxPool2d, nn.AvgPool2d) for k in (2, 3, 5)),
    )
    both = [(reads(k, k, 0, at), reads(k, k, 0, at + 1)) for k in (2, 3, 5) for at in range(4)]
    page.says(
        "So the windows sit side by side and never overlap",
        all(max(one) + 1 == min(other) and not one & other for one, other in both),
    )
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
    agree = [
        shape(nn.MaxPool2d(3, stride=s), 1, 9, 9) == shape(nn.Conv2d(1, 1, 3, stride=s), 1, 9, 9)
        for s in (1, 2, 3)
    ]
    page.says(
        "The different defaults are a trap when you swap one layer for the other. Write the stride "
        "each time, and the sizes agree",
        sizes[0] != sizes[1] and all(agree),
    )


def overlap(page):
    pool, corner = page.names["overlapping"], X[:, :5, :5]
    shared = reads(3, 2, 1, 0) & reads(3, 2, 1, 1)
    accepted = [shape(nn.MaxPool2d(k, s), 1, 9, 9) for k in range(2, 7) for s in range(1, k)]
    page.says(
        "Nothing forbids overlap. A 3×3 window with stride 2 shares a row or a column with each "
        "neighbour",
        len(accepted) == 15 and (pool.kernel_size, pool.stride, len(shared)) == (3, 2, 1),
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
        "A 3×3 window with stride 2 and padding 1. The padding holds minus infinity, so it can "
        "never win",
        border == {-torch.inf} and torch.equal(pool(corner), naive(corner, 3, 2, 1)),
    )
    page.cites(
        "In one comparison, overlapping windows brought no significant improvement over windows "
        "side by side",
        "https://doi.org/10.1007/978-3-642-15825-4_10",
    )
    page.labels("Is overlap better?", "See for yourself")
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
    lowest = [torch.full((1, 3, 3), n) for n in (-torch.inf, torch.finfo(torch.float32).min)]
    nothing_larger = all(
        torch.equal(nn.MaxPool2d(3, stride=1, padding=1)(low), low) for low in lowest
    )
    page.says("Max pooling pads with **minus infinity**", nothing_larger)
    page.says("Zero would be wrong", not torch.equal(by_hand, kept))
    page.says(
        "On an input of negative numbers, a border of zeros wins in every window that touches it",
        int((by_hand == 0).sum()) == 8 and by_hand[0, 1, 1] == -1,
    )
    page.says(
        "Padding holds minus infinity and never wins over a real pixel",
        nothing_larger and (kept == -1).all(),
    )


def holds(kernel_size, stride, padding):
    """How many windows of a 6×6 map hold its cell in row 2, column 3."""
    starts = range(-padding, 6 + padding - kernel_size + 1, stride)
    rows, cols = ([start for start in starts if start <= n < start + kernel_size] for n in (2, 3))
    return len(rows) * len(cols)


def broken(page):
    page.labels("When a number is broken")
    page.says(
        "`nan` means *not a number*. It is what is left of a calculation such as 0/0. Compare it "
        "with 3, and it is neither larger nor smaller",
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
    page.says(
        "In torch the `nan` wins. So a broken number does not get lost among its neighbours: it "
        "comes out of every window that holds it",
        all(won) and holds(3, 1, 1) == broken_outputs(nn.MaxPool2d(3, 1, 1)) == 9,
    )


def broken_outputs(pool):
    hurt = X.clone()
    hurt[0, 2, 3] = torch.nan
    return int(pool(hurt).isnan().sum())


def channels(page):
    pool, maps = page.names["pool"], torch.rand(8, 6, 6)
    alone = torch.stack([naive(one[None], 2, 2)[0] for one in maps])
    page.says(
        "A pool handles each channel on its own. Eight maps go in, eight smaller maps come out",
        shape(pool, 8, 6, 6) == (8, 3, 3) and torch.equal(pool(maps), alone),
    )
    page.prints("maps = torch.rand(8, 6, 6)", "(8, 3, 3) the same as one by one: True")
    x = page.names["x"].clone()
    x[0, 0, 1] -= 0.5
    mean, first = nn.AvgPool2d(2), torch.eye(36).reshape(36, 6, 6)[[0, 1, 6, 7], None]
    listens = [(p(X + first) != p(X))[:, 0, 0, 0].sum() for p in (pool, mean)]
    page.says(
        "Max pooling listens to one number in each window. [Average pooling] listens to all of "
        "them",
        torch.equal(pool(x), pool(X)) and listens == [1, 4],
    )
    rows = source("max-pooling").split("x = torch.tensor(")[1].split("]])")[0]
    page.says(
        "You will see both on the same input",
        all(
            code in source("average-pooling")
            for code in (rows, "slide(average, x)", "slide(nn.MaxPool2d(2), x)")
        ),
    )
    page.says("Every channel is pooled alone", torch.equal(pool(maps), alone))
    assert page.names["channels_last"].shape == (2, 8, 8, 3)
    page.prints("print(tuple(pool(channels_last).shape))", str(shape(nn.MaxPool2d(2), 2, 8, 8, 3)))
    images = page.names["channels_last"]
    page.says("two images of 8×8 with three channels", images.shape == (2, 8, 8, 3))
    page.says(
        '"A common mistake: channels last" '
        "`MaxPool2d` wants `(C, H, W)` or `(N, C, H, W)`, where N is the number of images that go "
        "through together, a batch. Give it `(N, H, W, C)` and it does not complain. It pools "
        "width and *channels*",
        [takes(*[6] * dims) for dims in (2, 3, 4, 5)] == [False, True, True, False]
        and torch.equal(pool(maps[None].repeat(2, 1, 1, 1)), pool(maps)[None].repeat(2, 1, 1, 1))
        and torch.equal(pool(images)[..., 0], images[..., :2].reshape(2, 8, 4, 4).amax(3)),
    )
    page.says(
        f"The shape `{shape(pool, 2, 8, 8, 3)}` gives it away: the height is whole, and the three "
        "channels became one",
        shape(pool, 2, 8, 8, 3) == (2, 8, 8 // 2, 1),
    )
    page.says("Move the channels to the front first", shape(pool, 2, 3, 8, 8) == (2, 3, 4, 4))
    page.prints(
        "print(tuple(pool(channels_last.permute(0, 3, 1, 2)).shape))", str(shape(pool, 2, 3, 8, 8))
    )


def takes(*size):
    try:
        return bool(shape(nn.MaxPool2d(2), *size))
    except RuntimeError:
        return False


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
    page.says("the window still holds a 6", X[0, :2, :2].max() == 6 > X[0, 0, 1] + 1)
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
        "A max pool keeps the largest number of each window",
        torch.equal(page.names["pool"](X), naive(X, 2, 2)),
    )


def test_the_main_input_has_no_ties():
    blocks = X[0].unfold(0, 2, 2).unfold(1, 2, 2).reshape(9, 4)
    assert ((blocks == blocks.amax(1, keepdim=True)).sum(1) == 1).all()
    padded = nn.functional.pad(X[0, :5, :5], (1, 1, 1, 1), value=-torch.inf)
    blocks = padded.unfold(0, 3, 2).unfold(1, 3, 2).reshape(9, 9)
    assert ((blocks == blocks.amax(1, keepdim=True)).sum(1) == 1).all()
