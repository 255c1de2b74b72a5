"""lessons/from-scratch-in-numpy.py: its words and outputs from torch, its code on other cases."""

import ast
import inspect
import itertools
import math
import random
import re
import sys
from collections import Counter
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from lesson_run import ROOT
from torch import nn

from slidingwindows import route, slide

X = torch.tensor(
    [
        [
            [3.0, 1, 4, 1, 5],
            [9, 2, 6, 5, 3],
            [5, 8, 9, 7, 9],
            [3, 2, 3, 8, 4],
            [6, 2, 6, 4, 3],
        ]
    ]
)
WEIGHT = torch.tensor([[[[1.0, 0, -1], [2, 0, -2], [1, 0, -1]]]])
PEAK = torch.tensor([[[1.0, 2, 1], [2, 9, 2], [1, 2, 1]]])
WHITE = torch.ones(1, 4, 4)


def gradient_of(pool, x):
    x = x.clone().requires_grad_()
    pool(x).sum().backward()
    return x.grad


def whole(seed, low, high, *shape):
    """Whole numbers as float32 from NumPy."""
    return np.random.default_rng(seed).integers(low, high, shape).astype(np.float32)


@cache
def functions(page):
    """The functions of the lesson, as they are written there."""
    nodes = [node for cell in page.run.lesson.code for node in ast.parse(cell.source).body]
    return {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}


OWN = ("windows", "max_pool", "avg_pool", "im2col", "conv", "winners", "max_pool_backward")


def random_settings(draw: random.Random):
    k, s, d = draw.randint(1, 5), draw.randint(1, 5), draw.randint(1, 3)
    p = draw.randint(0, k // 2)
    h, w = (draw.randint(d * (k - 1) + 1, 17) for _ in range(2))
    return h, w, k, s, p, d, draw.random() < 0.5


@cache
def drawn_cases():
    """The 500 settings and numbers of the lesson, drawn from NumPy in its order."""
    rng, cases = np.random.default_rng(0), []
    for _ in range(500):
        k, s, d = (int(rng.integers(1, n)) for n in (5, 5, 3))
        p = int(rng.integers(0, k // 2 + 1))
        ceil_mode, include = (bool(rng.integers(2)) for _ in range(2))
        h, w = rng.integers(d * (k - 1) + 1, 13, size=2)
        c, c_out = rng.integers(1, 4, size=2)
        x = torch.from_numpy(rng.integers(-5, 5, (c, h, w)).astype(np.float32))
        weight, bias = (
            torch.from_numpy(rng.integers(-3, 4, size).astype(np.float32))
            for size in ((c_out, c, k, k), c_out)
        )
        pooled = F.max_pool2d(x, k, s, p, d, ceil_mode)
        sent = torch.from_numpy(rng.integers(-3, 4, pooled.shape).astype(np.float32))
        cases.append((x, weight, bias, sent, k, s, p, d, ceil_mode, include))
    return cases


@cache
def heights():
    """Of each case: a max pool's output by torch, rounded up and down, and by the formula."""
    found = []
    for x, *_, k, s, p, d, _, _ in drawn_cases():
        theirs = [F.max_pool2d(x, k, s, p, d, mode).shape[1] for mode in (True, False)]
        room = x.shape[1] + 2 * p - d * (k - 1) - 1
        found.append((*theirs, math.ceil(room / s) + 1, math.floor(room / s) + 1))
    return found


def test_every_claim(page):
    how_many(page)
    loops(page)
    views(page)
    averages(page)
    one_product(page)
    the_way_back(page)
    random_cases(page)
    exercises(page)
    page.labels("Look at [every window that torch knows]")
    plus_equals(page)
    first_words(page)
    last_words(page)
    page.complete()


def first_words(page):
    lines = {
        name: functions(page)[name].end_lineno - functions(page)[name].lineno
        for name in (*OWN, "output_size")
    }
    used = {
        node.id
        for name in lines
        for node in ast.walk(functions(page)[name])
        if isinstance(node, ast.Name)
    }
    page.says(
        "Pooling, convolution and the gradient of max pooling in a few lines of NumPy each",
        max(lines.values()) <= 10 and "np" in used,
    )
    page.says(
        "Write max pooling, average pooling and convolution without torch",
        not used & {"torch", "nn", "F"} and {"windows", "im2col"} <= used,
    )
    order = ["def slide_loops(", "def conv(", "def max_pool_backward(", "for _ in range(500):"]
    cells = [page.cell(code) for code in order]
    page.says(
        "You are about to write one, then a convolution, then the way back. At the end you let 500 "
        "random cases decide whether you have understood torch",
        cells == sorted(set(cells)) and page.names["agree"]["convolution"] == len(drawn_cases()),
    )
    page.labels("Send a gradient back through max pooling by hand")
    names = page.names
    shown = [names[name].shape for name in ("view", "white", "peak", "photo", "dot")]
    page.says(
        "Arrays here have the shape (channels, height, width), and all windows are square",
        [len(shape) for shape in shown] == [5, 3, 3, 3, 3]
        and all(
            names["windows"](whole(k, 0, 9, 2, 8, 7), k, 1).shape == (2, 9 - k, 8 - k, k, k)
            for k in (1, 2, 3)
        ),
    )
    page.aside("That keeps the code short", why="a choice of this course")


def last_words(page):
    names, x = page.names, whole(3, -4, 5, 1, 9, 9)
    kernel = whole(4, -2, 3, 1, 1, 3, 3)
    for p, fill, fold, theirs in (
        (1, -np.inf, lambda w: w.max((1, 2)), lambda x: F.max_pool2d(x, 3, 2, 1)),
        (1, 0.0, lambda w: w.mean((1, 2)), lambda x: F.avg_pool2d(x, 3, 2, 1)),
        # a window as a column, times the kernel as a row
        (1, 0.0, lambda w: kernel.reshape(1, -1) @ w.reshape(-1), lambda x: at_two(x, kernel)),
    ):
        slid = names["slide_loops"](x, fold, 3, 2, p, fill)
        page.says(
            "A pool is: count the windows, pad with the right number, fold. A convolution is the "
            "same with a matrix product for the fold",
            np.allclose(slid, theirs(torch.from_numpy(x)))
            and slid.shape[1:] == (names["output_size"](9, 3, 2, p),) * 2,
        )
    addresses = names["winners"](x, 3, 1).flatten().tolist()
    back = gradient_of(nn.MaxPool2d(3, 1), torch.from_numpy(x)).flatten().tolist()
    page.says(
        "The way back is a list of addresses", back == [addresses.count(at) for at in range(81)]
    )
    menu = (ROOT / "mkdocs.yml").read_text("utf-8")
    path = re.findall(r"lessons/([\w-]+)\.ipynb", menu.split("- Lessons:")[1].split("- Play:")[0])
    page.says(
        "You have come to the end of the path",
        path[-1] == page.run.lesson.name and path[-2] == "signals-and-volumes",
    )
    page.cites(
        "`sliding_window_view` is described in",
        "https://numpy.org/doc/stable/reference/generated/"
        "numpy.lib.stride_tricks.sliding_window_view.html",
    )
    page.cites(
        "The matrix view of a convolution is worked out in", "https://arxiv.org/abs/1603.07285"
    )


def at_two(x, kernel):
    return F.conv2d(x, torch.from_numpy(kernel), stride=2, padding=1)


def how_many(page):
    five = torch.rand(1, 5, 5)
    pool = nn.MaxPool2d(3, 3, padding=1, ceil_mode=True)
    size = pool(five).shape[1]
    page.says(
        "-(-a // b) rounds up",
        all(-(-a // b) == math.ceil(a / b) for a in range(-9, 30) for b in range(1, 6)),
    )
    page.says("You know the formula", all(down == formula for _, down, _, formula in heights()))
    page.says(
        "In code, rounding up needs one more rule: `ceil_mode` drops the last window if it would "
        "start in the padding on the right",
        all(
            o == up - ((up - 1) * s >= x.shape[1] + p)
            for (o, _, up, _), (x, *_, s, p, _, _, _) in zip(heights(), drawn_cases(), strict=True)
        )
        and any(o != up for o, _, up, _ in heights()),
    )
    page.says(
        "A pool has a kernel of 3, a stride of 3, a padding of 1 and `ceil_mode`. The input has 5 "
        "rows. Rounding up gives three windows",
        -(-(five.shape[1] + 2 * pool.padding - 3) // pool.stride) + 1 == 3
        and five.shape[1] == 5
        and size < 3,
    )
    page.prints(
        "pool = nn.MaxPool2d(3, stride=3, padding=1, ceil_mode=True)",
        f"ours:  {page.names['output_size'](5, 3, 3, 1, 1, True)}",
        f"torch: {size}",
    )
    page.says(
        "Two. Counted from 0, the third window would start at row 6 of the padded input. "
        "There the padding on the right begins, so torch drops that window",
        size == 2 and (3 - 1) * 3 == 6 == five.shape[1] + 1,
    )


def loops(page):
    names = page.names
    page.labels("Loops first")
    assert torch.equal(page.names["image"], X)
    largest, mean = F.max_pool2d(X, 3, 2, 1), F.avg_pool2d(X, 3, 2, 1)
    convolved = F.conv2d(X, WEIGHT, stride=2, padding=1)
    page.prints(
        'print(largest, mean.round(2), convolved, sep="\\n")',
        *(str(part) for part in (largest.numpy(), mean.numpy().round(2), convolved.numpy())),
    )
    three = torch.rand(3, 5, 5).numpy()
    seen = []
    slid = names["slide_loops"](three, lambda w: seen.append(w) or w.max((1, 2)), 3, 2, 1, 7.0)
    padded = F.pad(torch.from_numpy(three), [1] * 4, value=7.0)
    corners = list(itertools.product((0, 2, 4), repeat=2))
    page.says(
        "pad, then stop at each place and fold the window into one number for each channel",
        len(seen) == len(corners) == slid[0].size
        and all(
            np.array_equal(w, padded[:, r : r + 3, c : c + 3])
            for w, (r, c) in zip(seen, corners, strict=True)
        ),
    )
    page.says("channels first", np.array_equal(slid, F.max_pool2d(padded, 3, 2)) and len(slid) == 3)
    page.says(
        "The layers differ only in `fold` and in `fill`, the number that stands in the border",
        np.array_equal(names["largest"], largest)
        and np.allclose(names["mean"], mean)
        and np.array_equal(names["convolved"], convolved)
        and (seen[0][:, 0] == 7).all(),
    )
    zeros = names["slide_loops"](-X.numpy(), lambda w: w.max((1, 2)), 3, 2, 1, fill=0.0)
    page.says(
        "The maximum needs minus infinity in the border. The other two take zeros",
        not np.array_equal(zeros, F.max_pool2d(-X, 3, 2, 1))
        and np.allclose(mean, F.avg_pool2d(F.pad(X, [1] * 4), 3, 2))
        and torch.equal(convolved, F.conv2d(F.pad(X, [1] * 4), WEIGHT, stride=2)),
    )
    page.labels("Compare the first with torch's own windows")
    page.draws("scratch-max-pool", slide(nn.MaxPool2d(3, stride=2, padding=1), X))
    drawn = page.figure("scratch-max-pool")
    in_order = []
    names["slide_loops"](
        X.numpy(), lambda w: in_order.append(w.max()) or w.max((1, 2)), 3, 2, 1, -np.inf
    )
    page.says(
        "[Open these numbers in the explorer], and step through the windows in the order of your "
        "loops",
        in_order == [step.value for step in drawn.steps]
        and len(set(in_order)) > 1
        and sum(
            f"&input={link(X)})" in cell.source and "[Open these" in cell.source
            for cell in page.run.lesson.cells
        )
        == 1,
    )
    page.says(
        "What the loops do, as torch does it. The border holds minus infinity",
        np.array_equal(drawn.output, names["largest"][0])
        and {page.figure("scratch-max-pool").at(0, row, -1) for row in range(5)} == {-torch.inf},
    )


def link(image):
    """An image as a link to the explorer has it."""
    return ";".join(",".join(f"{n:.0f}" for n in row) for row in image[0])


def calls(work, *arguments):
    """How many functions Python calls meanwhile: a loop's cost, whatever the machine's speed."""
    counted = Counter()
    sys.setprofile(lambda frame, event, argument: counted.update([event]))
    try:
        work(*arguments)
    finally:
        sys.setprofile(None)
    return counted["call"] + counted["c_call"]


def views(page):
    names, images = page.names, [whole(0, 0, 9, 1, side, side) for side in (12, 22)]
    loops = [calls(names["slide_loops"], x, lambda w: w.max((1, 2)), 3, 1) for x in images]
    at_once = [calls(names["max_pool"], x, 3, 1) for x in images]
    page.says(
        "Loops in Python are slow",  # 100 windows are 400 in the larger image
        loops[1] - loops[0] >= 300 and at_once[0] == at_once[1] < loops[0],
    )
    windows = X.unfold(1, 3, 1).unfold(2, 3, 1)
    view = page.names["view"]
    page.labels("All windows at once")
    page.says(
        "NumPy can hand you every window in one go: `sliding_window_view`",
        np.array_equal(view, windows)
        and np.array_equal(np.lib.stride_tricks.sliding_window_view(X, (3, 3), (1, 2)), view),
    )
    mine = X.numpy().copy()
    moving = np.lib.stride_tricks.sliding_window_view(mine, (3, 3), axis=(1, 2), writeable=False)
    mine[0, 2, 2] = 50
    page.says(
        "It is a *view*. It copies nothing; it reads the same memory in another order",
        (moving == 50).sum() == 9
        and not moving.flags.owndata
        and moving.flatten().tolist()[:9] == [3, 1, 4, 9, 2, 6, 5, 8, 50],
    )
    page.says(
        "Get all windows of an array at once, without copying a number",
        np.shares_memory(view, names["image"].numpy())  # made of x, as the view was
        and view.shape == (1, 3, 3, 3, 3),
    )
    page.prints(
        "view = sliding_window_view(x, (3, 3), axis=(1, 2))",
        str(tuple(windows.shape)),
        f"shares its memory with x: {windows.untyped_storage().data_ptr() == X.data_ptr()}",
    )
    page.says(
        "One channel, 3×3 places, and at each place a 3×3 window. The view looks like 81 numbers, "
        "but there are still only 25 in memory",
        windows.shape == (1, 3, 3, 3, 3)
        and view.size == 81 == windows.numel()
        and windows.untyped_storage().nbytes() == 25 * 4,
    )
    line = torch.arange(49.0).reshape(1, 7, 7)
    ours = np.lib.stride_tricks.sliding_window_view(line.numpy(), (3, 3), axis=(1, 2))
    page.says("It moves at stride 1.", np.array_equal(ours, line.unfold(1, 3, 1).unfold(2, 3, 1)))
    page.says(
        "You know from the lesson on [stride] that any other stride is every $s$-th place of that, "
        "so `[::s, ::s]` on the places makes the stride",
        all(
            np.array_equal(ours[:, ::s, ::s], line.unfold(1, 3, s).unfold(2, 3, s))
            for s in (1, 2, 3)
        ),
    )
    wide = np.lib.stride_tricks.sliding_window_view(line.numpy(), (5, 5), axis=(1, 2))
    dilated = F.unfold(line, 3, dilation=2).reshape(3, 3, 3, 3).permute(2, 3, 0, 1)[None]
    page.says(
        "And dilation is every $d$-th cell *inside* a wider window, so `[::d, ::d]` on the last "
        "two axes makes the dilation",
        np.array_equal(wide[..., ::2, ::2], dilated),
    )
    page.says(
        "All windows of x: (channels, rows, columns, k, k)",
        all(
            np.array_equal(names["windows"](whole(k, 0, 9, 2, 9, 8), *sizes), unfolded(k, *sizes))
            for k in (1, 2, 3)
            for sizes in ((k, 1), (k, 2, 1), (k, 3, 0, 2), (k, 2, 2, 3))
        ),
    )
    hanging = names["windows"](WHITE.numpy(), 3, 2, 1, 1, True, fill=5.0, beyond=7.0)
    inside = names["windows"](WHITE.numpy(), 3, 2, 1, 1, False, fill=5.0, beyond=7.0)
    page.says(
        "One thing is left: with `ceil_mode` the last window may hang over the edge of the padding",
        hanging.shape[1] == inside.shape[1] + 1 and not (inside == 7).any(),
    )
    page.says(
        "These cells beyond the edge get a value of their own, `beyond`",
        hanging[0, 2, 2].tolist() == [[1, 5, 7], [5, 5, 7], [7, 7, 7]],
    )
    first_to_last = []
    for k, d in itertools.product((1, 2, 3), repeat=2):
        numbers = F.unfold(torch.arange(81.0).reshape(1, 1, 9, 9), k, d)[0, :, 0]
        first_to_last.append(numbers[-1] % 9 + 1 == d * (k - 1) + 1)
    page.says(
        "from a window's first to its last cell",
        all(first_to_last)
        and "span = d * (k - 1) + 1  # from a window's first"
        in page.run.lesson.code[page.cell("def windows(x, k")].source,
    )
    bodies = [len(functions(page)[name].body) for name in ("max_pool", "slide_loops")]
    page.says("Max pooling is now short", bodies[0] == 2 < bodies[1])
    largest = F.max_pool2d(X, 3, 2, 1)
    page.prints(
        "def max_pool(x, k, s, p=0, d=1, ceil_mode=False):",
        f"the same as the loops: {np.array_equal(page.names['pooled'], largest)}",
    )
    assert np.array_equal(page.names["max_pool"](X.numpy(), 3, 2, 1), largest)


def unfolded(seed, k, s, p=0, d=1):
    """What `F.unfold` finds in an image of two channels: its columns, laid out as windows."""
    x = torch.from_numpy(whole(seed, 0, 9, 2, 9, 8))
    columns = F.unfold(x, k, d, p, s).reshape(2, k, k, -1)
    rows = (9 + 2 * p - d * (k - 1) - 1) // s + 1
    return columns.permute(0, 3, 1, 2).reshape(2, rows, -1, k, k)


def averages(page):
    white = WHITE
    means = F.avg_pool2d(white, 3, 2, 1, ceil_mode=True)
    names = page.names
    ours = names["avg_pool"](white.numpy(), 3, 2, 1, True)
    page.says(
        "The sum is easy: zeros in the border and beyond",
        np.allclose(
            names["windows"](X.numpy(), 3, 2, 1, 1, True).sum((-2, -1)),
            F.avg_pool2d(X, 3, 2, 1, ceil_mode=True, divisor_override=1),
        ),
    )
    what_counts(page)
    page.aside("The divisor is where people slip", why="about those who write it")
    divisors = {
        counted: 1 / F.avg_pool2d(white, 3, 2, 1, True, counted)[0, 2, 2].item()
        for counted in (True, False)
    }
    page.says("There are three kinds of cells", divisors == {True: 1 + 3, False: 1})
    real = F.pad(white, [1, 2, 1, 2])[:, 4:7, 4:7].sum()
    page.says(
        "A 4×4 image of ones, `nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True)`. "
        "The last window holds one real pixel",
        means.shape == (1, 3, 3) and real == 1 and np.array_equal(names["white"], white),
    )
    page.prints(
        "white = np.ones((1, 4, 4), dtype=np.float32)",
        str(means[0].numpy().round(3)),
        f"the same as torch's: {np.allclose(ours, means)}",
    )
    page.draws(
        "scratch-average-ceil", slide(nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True), white)
    )
    last = page.figure("scratch-average-ceil")
    _, end = last.geometry.rows.spans[-1]
    page.says(
        "The last window hangs over the padding. What lies beyond is not counted",
        end > 4 + 1 and last.steps[-1].divisor == (4 + 1 - (end - 3)) ** 2,
    )
    page.says(
        "It divides by 4: one real pixel and three cells of padding. The five cells beyond are "
        "not counted, so the result is 0.25 and not one ninth",
        means[0, 2, 2] == real / 4 == 0.25
        and last.steps[-1].divisor == 4
        and last.geometry.rows.spans[-1] == last.geometry.cols.spans[-1]
        and nn.AvgPool2d(3).kernel_size ** 2 - last.steps[-1].divisor == 5,
    )


def what_counts(page):
    """Each window's divisor by torch, as the sum of its cells' counts, solved for the counts."""
    kinds = np.full((8, 8), 2)  # beyond the padding
    kinds[:6, :6] = 1  # padding
    kinds[1:5, 1:5] = 0  # real pixels
    windows = np.lib.stride_tricks.sliding_window_view(kinds, (3, 3))[::2, ::2].reshape(-1, 9)
    cells = np.stack([(windows == kind).sum(1) for kind in range(3)], 1)
    counts = {}
    for include in (True, False):
        divisors = cells[:, 0] / F.avg_pool2d(WHITE, 3, 2, 1, True, include).numpy().ravel()
        solved, _, rank, _ = np.linalg.lstsq(cells.astype(float), divisors, rcond=None)
        assert rank == 3
        counts[include] = solved.round(3).tolist()
        ours = page.names["windows"](WHITE.numpy(), 3, 2, 1, 1, True, fill=float(include))
        page.says(
            "So slide the same windows over an image that says of each cell whether it counts, and "
            "add up",
            np.allclose(ours.sum((-2, -1)).ravel(), divisors),
        )
    page.labels("cell | counts with `count_include_pad=True` | with `False`")
    rows = list(zip(counts[True], counts[False], strict=True))
    page.says("| a real pixel | yes | yes |", rows[0] == (1, 1))
    page.says("| padding | yes | no |", rows[1] == (1, 0))
    page.says("| beyond the padding, by `ceil_mode` | no | no |", rows[2] == (0, 0))
    as_padding = page.names["windows"](WHITE.numpy(), 3, 2, 1, 1, True, fill=1.0, beyond=1.0)
    page.says(
        "You will soon see why",
        as_padding.sum((-2, -1))[0, 2, 2] == 9  # were it padding, the divisor would be another
        and page.cell("def windows(x, k") < page.cell("def avg_pool(x"),
    )


def one_product(page):
    names = page.names
    weight, x = torch.rand(2, 3, 2, 2), torch.rand(3, 5, 5)
    product = weight.reshape(2, -1) @ F.unfold(x[None], 2)[0]
    by_hand = torch.stack(
        [
            (weight[n] * x[:, r : r + 2, c : c + 2]).sum()
            for n, r, c in itertools.product(range(2), range(4), range(4))
        ]
    )
    page.says(
        "A convolution multiplies each window by the same weights and adds up. That is what a "
        "matrix product does. So write each window as a column, and each kernel as a row",
        torch.allclose(by_hand.reshape(2, 4, 4), F.conv2d(x, weight), atol=1e-6)
        and torch.allclose(by_hand.reshape(2, 16), product, atol=1e-6)
        and torch.equal(F.unfold(x[None], 2)[0, :, 5], x[:, 1:3, 1:3].flatten()),
    )
    page.says(
        "A convolution is one product of matrices",
        torch.allclose(product.reshape(2, 4, 4), F.conv2d(x, weight), atol=1e-6),
    )
    page.says(
        "Turn a convolution into one product of two matrices",
        np.allclose(
            names["conv"](x.numpy(), weight.numpy(), np.zeros(2)), F.conv2d(x, weight), atol=1e-6
        ),
    )
    page.draws("scratch-im2col", slide(nn.Unfold(2), X[:, :3, :4]))
    drawn = page.figure("scratch-im2col")
    page.says(
        "Each window of 2×2 becomes one column of four numbers",
        np.array_equal(drawn.target, F.unfold(X[None, :, :3, :4], 2)[0])
        and {len(move.writes) for move in drawn.moves} == {4}
        and len(drawn.moves) == len(drawn.target[0]),
    )
    columns = F.unfold(X[None], 3, padding=1, stride=2)[0]
    convolved = (WEIGHT.reshape(1, -1) @ columns).reshape(1, 3, 3)
    page.prints(
        "columns, size = im2col(x, 3, s=2, p=1)",
        str(tuple(columns.shape)),
        f"the same as torch's Unfold: {np.array_equal(names['unfolded'], columns)}",
        f"product and loops agree: {np.array_equal(names['product'], convolved)}",
    )
    assert np.array_equal(names["im2col"](X.numpy(), 3, 2, 1)[0], columns)
    photo = torch.zeros(1, 64, 56, 56)
    times = F.unfold(photo, 3, padding=1).numel() // photo.numel()
    page.says(
        "The columns are called *im2col*, from image to columns. Torch has them too, as "
        "`nn.Unfold`",
        "im2col(" in inspect.getsource(F.unfold)
        and np.array_equal(nn.Unfold(3, padding=1, stride=2)(X[None])[0], columns),
    )
    second = whole(1, 1, 4, 2, 3, 2, 2)
    second[1] = 0  # the second kernel alone
    out = names["conv"](x.numpy(), second, np.zeros(2))
    page.says("a row for each channel", out[0].all() and not out[1].any() and len(out) == 2)
    side_by_side = names["im2col"](X.numpy(), 3)[0]
    page.says(
        "The view was free. These columns are not: putting overlapping windows next to each other "
        "in memory means copying",
        np.shares_memory(names["view"], names["image"].numpy())
        and not np.shares_memory(side_by_side, X.numpy())
        and side_by_side.nbytes == 81 * 4 > X.numpy().nbytes,
    )
    page.aside("which is what processors do best", why="about machines")
    page.labels("Ask what the columns of a larger image cost")
    page.prints(
        "photo = np.zeros((64, 56, 56), dtype=np.float32)",
        f"{times} times the numbers",
        f"shares its memory: {np.shares_memory(names['photo'], names['columns'])}",
    )
    page.says(
        "A 3×3 kernel at stride 1 makes the image 9 times as large. That is the price of one large "
        "matrix product",
        times == 9 and names["photo"].shape == (64, 56, 56),
    )


def the_way_back(page):
    names = page.names
    arrived = gradient_of(nn.MaxPool2d(2, stride=1), PEAK)
    numbered = torch.rand(2, 6, 6)
    pooled, places = F.max_pool2d(numbered, 2, 2, return_indices=True)
    each = torch.eye(pooled.numel()).reshape(-1, *pooled.shape)  # one output at a time sends a 1
    back = [sent_back(numbered, sent) for sent in each]
    page.says(
        "Max pooling has no weights, but a gradient must pass through it. Each window hands its "
        "gradient to the cell that won. So you need the winner's *address*",
        not list(nn.MaxPool2d(2).parameters())
        and all(
            grad.sum() == 1 == grad.max() and numbered[grad == 1] == pooled[sent == 1]
            for grad, sent in zip(back, each, strict=True)
        )
        and len(each) == 18,
    )
    cells = np.arange(25).reshape(1, 5, 5)
    values, addresses = (names["windows"](a, 2, 1) for a in (X.numpy(), cells))
    won = values.reshape(16, 4).argmax(1)
    found = addresses.reshape(16, 4)[range(16), won]
    page.says(
        "Here is a trick: slide the same windows over an array of addresses. Where `argmax` says "
        '"cell 3 of this window", the other windows say where that is',
        3 in won
        and found.tolist() == F.max_pool2d(X, 2, 1, return_indices=True)[1].flatten().tolist(),
    )
    ties = whole(2, 0, 2, 1, 8, 8)
    in_windows = names["windows"](ties, 2, 2).reshape(16, 4)
    first = [window.tolist().index(window.max()) for window in in_windows]
    page.says(
        "argmax takes the first of equal numbers, and so does torch",
        in_windows.argmax(1).tolist() == first
        and (in_windows == in_windows.max(1, keepdims=True)).sum(1).max() > 1
        and np.array_equal(
            names["winners"](ties, 2, 2),
            F.max_pool2d(torch.from_numpy(ties), 2, 2, return_indices=True)[1],
        ),
    )
    page.labels("Why `np.add.at` and not `back[index] += gradient`?", "How much arrives in")
    page.says(
        "Windows of 2×2 at stride 1 move over a 3×3 image with its largest number in the middle. "
        "Each output sends back a gradient of 1.",
        np.array_equal(PEAK, names["peak"]) and PEAK[0, 1, 1] == PEAK.max(),
    )
    page.prints("def winners(x, k, s, p=0, d=1, ceil_mode=False):", arrived.numpy())
    page.draws("scratch-gradient", route(nn.MaxPool2d(2, stride=1), PEAK))
    page.says(
        "All four windows hold the 9, so it receives four gradients",
        [m.writes[0][:2] for m in page.figure("scratch-gradient").moves] == [(1, 1)] * 4,
    )
    page.says(
        "Four windows hold the middle, and it wins in all of them: 4.",
        arrived[0, 1, 1] == 4 == arrived.sum(),
    )
    index = F.max_pool2d(PEAK, 2, 1, return_indices=True)[1].flatten()
    lost, kept = torch.zeros(9), torch.zeros(9)
    lost[index] += 1
    kept.index_put_((index,), torch.ones(4), accumulate=True)
    page.prints("index = winners(peak, 2, 1)", f"+=         {lost[4]}", f"np.add.at  {kept[4]}")
    page.says(
        "Because `+=` reads first, adds, and writes last. If an address is there four times, three "
        "of the additions are lost",
        index.tolist() == [4] * 4 and (kept - lost).tolist() == [0] * 4 + [3] + [0] * 4,
    )


def sent_back(x, sent):
    x = x.clone().requires_grad_()
    (found,) = torch.autograd.grad(F.max_pool2d(x, 2, 2), x, sent)
    return found


def few_examples(page):
    """A pool with zeros in its border passes on the page's own examples."""
    names = page.names

    def faulty(x, k, s, p=0, d=1, ceil_mode=False):
        return names["windows"](x, k, s, p, d, ceil_mode).max((-2, -1))

    few = [(X, 3, 2, 1), (X, 3, 1), (PEAK, 2, 1), (WHITE, 3, 2, 1)]
    passes = [np.array_equal(faulty(x.numpy(), *s), F.max_pool2d(x, *s)) for x, *s in few]
    found = [
        np.array_equal(faulty(x.numpy(), *s), F.max_pool2d(x, *s[:4], s[4]))
        for x, _, _, _, *s, _ in drawn_cases()[:100]
    ]
    page.says("A few examples prove little", all(passes) and not all(found))
    for place, name in enumerate(("kernel", "stride", "padding", "dilation", "ceil", "include"), 4):
        assert len({case[place] for case in drawn_cases()}) > 1, name
    page.says(
        "channels, sizes, kernel, stride, padding, dilation, `ceil_mode`, `count_include_pad`",
        len({x.shape for x, *_ in drawn_cases()}) > 100
        and {x.shape[0] for x, *_ in drawn_cases()} == {1, 2, 3},
    )
    tied = []
    for x, *_ in drawn_cases()[:100]:
        if min(x.shape[1:]) >= 2:
            blocks = x.unfold(1, 2, 2).unfold(2, 2, 2).flatten(3)
            tied += ((blocks == blocks.amax(3, keepdim=True)).sum(3) > 1).flatten().tolist()
    page.says(
        "The inputs are small whole numbers, so there are many ties",
        all(torch.equal(x, x.round()) and x.abs().max() <= 5 for x, *_ in drawn_cases())
        and np.mean(tied) > 0.1,
    )


def to_the_last_bit(page):
    names, exact, near, reordered = page.names, [], [], []
    for seed in range(5):
        x = np.random.default_rng(seed).normal(size=(3, 12, 12)).astype(np.float32)
        weight = np.random.default_rng(seed + 9).normal(size=(2, 3, 3, 3)).astype(np.float32)
        t, zeros = torch.from_numpy(x), np.zeros(2, np.float32)
        largest, means = F.max_pool2d(t, 3, 2, 1), F.avg_pool2d(t, 3, 2, 1)
        sent = np.ones(largest.shape, np.float32)
        exact += [
            np.array_equal(names["max_pool"](x, 3, 2, 1), largest),
            np.array_equal(
                names["max_pool_backward"](x, sent, 3, 2, 1), gradient_of(nn.MaxPool2d(3, 2, 1), t)
            ),
        ]
        small, kernels = whole(seed, -5, 5, 3, 9, 9), whole(seed, -3, 4, 2, 3, 3, 3)
        near += [
            np.allclose(names["avg_pool"](x, 3, 2, 1), means, atol=1e-6),
            np.allclose(
                names["conv"](small, kernels, zeros),
                F.conv2d(torch.from_numpy(small), torch.from_numpy(kernels)),
            ),
        ]
        columns, _ = names["im2col"](x, 3)
        rows, order = weight.reshape(2, -1), np.random.default_rng(seed).permutation(27)
        sums = [np.cumsum(rows[0, o] * columns[:, 0][o])[-1] for o in (np.arange(27), order)]
        reordered.append(sums[0] != sums[1])
        assert np.isclose(*sums, atol=1e-4)
    page.says(
        "Maxima and their gradients agree to the last bit, since nothing in them is rounded",
        all(exact),
    )
    page.says(
        "Averages and convolutions of whole numbers come very close; with real weights, too, the "
        "last digits depend on the order in which you add",
        all(near) and any(reordered),
    )
    with pytest.raises(ValueError):
        names["max_pool"](np.zeros((2, 3, 8, 8)), 2, 2)
    with pytest.raises(TypeError):
        names["max_pool"](np.zeros((3, 8, 8)), (2, 3), 2)
    page.says(
        "What is left out: batches, groups, windows that are not square, NaN and infinities",
        "groups" not in inspect.signature(names["conv"]).parameters
        and all(x.isfinite().all() for x, *_ in drawn_cases()),
    )


def random_cases(page):
    few_examples(page)
    to_the_last_bit(page)
    agree, all_of_them = page.names["agree"], len(drawn_cases())
    names = ("max pooling", "its gradient", "average pooling", "convolution")
    page.says(
        "compared with torch on 500 random cases",
        all_of_them == 500 and agree == dict.fromkeys(names, all_of_them),
    )
    page.says(f"you let {all_of_them} random cases decide")
    page.says(f"So draw {all_of_them} settings at random")
    assert np.array_equal(page.names["t"].detach(), drawn_cases()[-1][0])  # the same cases
    dropped = [rounded > up for up, _, rounded, _ in heights()]
    added = sum(up > down for up, down, *_ in heights())
    page.says("Each setting is tried on all four functions", list(agree) == list(names))
    page.prints(
        "rng = np.random.default_rng(0)",
        *(f"{name:<16} {all_of_them} of {all_of_them} agree" for name in names),
        f"heights where rounding up adds a window: {added}",
        f"heights where the last window is dropped: {sum(dropped)}",
    )
    page.says(
        "All of them. The last two lines say that the difficult settings were among them too",
        min(added, sum(dropped)) > 50 and min(agree.values()) == all_of_them,
    )
    page.says(
        f"You wrote each of them, and torch agreed {all_of_them} times",
        all(callable(page.names[name]) for name in OWN),
    )


def exercises(page):
    page.labels("Predict first.", "Then open the answer", "Check all four:")
    page.labels("You want *minimum* pooling", "What must `fill` and `beyond` be?")
    sizes = [
        F.max_pool2d(torch.rand(1, 10, 10), 3, 2, ceil_mode=mode).shape[-1]
        for mode in (False, True)
    ]
    page.says(
        "What does `output_size(10, 3, 2)` return", page.names["output_size"](10, 3, 2) == sizes[0]
    )
    page.says(
        "4, and 5 when rounding up: 7 / 2 is 3.5",
        sizes == [4, 5] and (10 - nn.MaxPool2d(3, 2).kernel_size) / 2 == 3.5,
    )
    page.answers(1, ("4, and", 4), ("and 5", 5))
    matrix = F.unfold(torch.rand(1, 3, 32, 32), 3, padding=1)[0]
    page.labels("a (3, 32, 32) image for a kernel of 3 at stride 1 with padding 1")
    page.says(
        "27 rows, one for each number in a window of three channels",
        len(matrix) == 27 == 3 * 3 * 3,
    )
    page.says("1,024 columns, one for each window", matrix.shape[1] == 1024 == 32 * 32)
    page.answers(2, ("27 rows", 27), ("1,024 columns", 1024))
    small = torch.tensor([[[1.0, -8], [6, 3]]])
    smallest = -F.max_pool2d(-small, 2)
    edge = page.names["windows"](small.numpy(), 2, 2, 1, fill=np.inf, beyond=np.inf).min((-2, -1))
    page.says(
        "Plus infinity, so that the border never wins",
        np.array_equal(edge, small.numpy()) and np.isfinite(edge).all(),
    )
    page.says(
        "How can you get it from torch, which has no such layer?",
        not [name for name in dir(nn) if name.lower().startswith("min")]
        and [name for name in dir(nn) if name.lower().startswith("maxpool")],
    )
    page.says(
        "In torch: turn the signs, take the maximum, turn them back. On `[[1, -8], [6, 3]]` it "
        "gives −8",
        smallest == small.min() == -8,
    )
    page.answers(3, ("it gives −8", -8))
    dot = torch.zeros(1, 5, 5)
    dot[0, 2, 2] = 9
    arrived = gradient_of(nn.MaxPool2d(3, stride=1), dot)[0, 2, 2].item()
    page.says(
        "A 5×5 image, all zeros but a 9 in the middle, goes through `nn.MaxPool2d(3, stride=1)`. "
        "Each output sends back a gradient of 1. How much arrives at the 9",
        np.array_equal(page.names["dot"], dot) and dot.sum() == 9 == dot.max(),
    )
    page.says(
        "9. There are nine windows, and every one of them holds the middle",
        arrived == 9 == nn.MaxPool2d(3, 1)(dot).numel(),
    )
    page.answers(4, ("9. There", 9))
    page.prints(
        "print(im2col(np.zeros((3, 32, 32)), 3, p=1)[0].shape)",
        sizes,
        str(tuple(matrix.shape)),
        f"{smallest.numpy()} {smallest}",
        arrived,
    )


def test_the_lesson_s_functions_on_other_cases_than_its_own(page):
    for seed in range(1, 7):
        other_cases(page.names, seed)


def other_cases(names, seed):
    draw = random.Random(seed)
    rng = np.random.default_rng(seed)
    for _ in range(60):
        h, w, k, s, p, d, ceil_mode = random_settings(draw)
        # whole numbers tie often; others have digits to lose
        x = rng.integers(-3, 3, (2, h, w)) if draw.random() < 0.5 else rng.normal(size=(2, h, w))
        x = x.astype(np.float64)
        t = torch.from_numpy(x).requires_grad_()
        case = f"{h}x{w} k{k} s{s} p{p} d{d} ceil {ceil_mode}"

        theirs, indices = F.max_pool2d(t, k, s, p, d, ceil_mode, return_indices=True)
        settings = (k, s, p, d, ceil_mode)
        assert np.array_equal(names["max_pool"](x, *settings), theirs.detach()), case
        assert np.array_equal(names["winners"](x, *settings) % (h * w), indices), case
        gradient = rng.normal(size=theirs.shape)
        theirs.backward(torch.from_numpy(gradient))
        back = names["max_pool_backward"](x, gradient, *settings)
        np.testing.assert_allclose(back, t.grad, atol=1e-12, err_msg=case)

        for include in (True, False):
            theirs = F.avg_pool2d(t, k, s, p, ceil_mode, include).detach()
            ours = names["avg_pool"](x, k, s, p, ceil_mode, include)
            np.testing.assert_allclose(ours, theirs, atol=1e-12, err_msg=case)

        weight, bias = rng.normal(size=(3, 2, k, k)), rng.normal(size=3)
        theirs = F.conv2d(t, torch.from_numpy(weight), torch.from_numpy(bias), s, p, d).detach()
        np.testing.assert_allclose(
            names["conv"](x, weight, bias, s, p, d), theirs, atol=1e-11, err_msg=case
        )
        columns, _ = names["im2col"](x, k, s, p, d)
        unfolded = F.unfold(t.detach()[None], k, d, p, s)[0]
        assert np.array_equal(columns, unfolded), case


def test_the_loops_are_the_windows(page):
    draw, rng = random.Random(8), np.random.default_rng(8)
    for _ in range(40):
        h, w, k, s, p, _, _ = random_settings(draw)
        x = rng.normal(size=(2, max(h, k), max(w, k)))
        loops = page.names["slide_loops"](x, lambda v: v.max((1, 2)), k, s, p, -np.inf)
        assert np.array_equal(loops, F.max_pool2d(torch.from_numpy(x), k, s, p))
        loops = page.names["slide_loops"](x, lambda v: v.mean((1, 2)), k, s, p)
        np.testing.assert_allclose(loops, F.avg_pool2d(torch.from_numpy(x), k, s, p), atol=1e-12)


def test_the_table_of_what_counts():
    """What counts in an average: padding only if asked, the overhang never."""
    white = torch.ones(1, 4, 4)
    for include, divisor in ((True, 4), (False, 1)):
        pool = nn.AvgPool2d(3, 2, padding=1, ceil_mode=True, count_include_pad=include)
        assert pool(white)[0, 2, 2] == 1 / divisor


def plus_equals(page):
    """It agrees with torch while windows lie side by side, and falls short where they overlap."""
    for seed, (k, s, same) in itertools.product(
        range(5), ((2, 2, True), (4, 4, True), (3, 1, False))
    ):
        x = whole(seed, 0, 9, 1, 8, 8)
        back = np.zeros(64, np.float32)
        back[page.names["winners"](x, k, s)] += 1
        theirs = gradient_of(nn.MaxPool2d(k, stride=s), torch.from_numpy(x)).flatten()
        page.says(
            "As long as windows lie side by side, `+=` works", np.array_equal(back, theirs) is same
        )
    corners = torch.zeros(1, 5, 5)  # windows overlap here, but each has a winner of its own
    corners[0, 1::2, 1::2] = torch.arange(1.0, 5).view(2, 2)
    corners[0, ::4, ::4] = 9
    shared = page.names["winners"](corners.numpy(), 3, 2)
    back = np.zeros(25, np.float32)
    back[shared] += 1
    theirs = gradient_of(nn.MaxPool2d(3, stride=2), corners).flatten()
    page.says(
        "It fails without a word as soon as two windows share a winner, and that takes "
        "overlapping windows",
        len(np.unique(shared)) == 4 and np.array_equal(back, theirs),
    )


def test_plus_infinity_makes_a_minimum_pool(page):
    x = torch.randn(2, 9, 7, generator=torch.Generator().manual_seed(4))
    ours = page.names["windows"](x.numpy(), 3, 2, 1, fill=np.inf, beyond=np.inf).min((-2, -1))
    assert np.array_equal(ours, -F.max_pool2d(-x, 3, 2, 1))
