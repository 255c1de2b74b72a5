"""lessons/from-scratch-in-numpy.py: its words and outputs from torch, its code on other cases."""

import random
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
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


def torch_sizes(x, k, s, p, d):
    """Heights of a max pool's output by torch: rounded up, and rounded down."""
    return [F.max_pool2d(x, k, s, p, d, mode).shape[1] for mode in (True, False)]


def test_every_claim(page):
    how_many(page)
    loops(page)
    views(page)
    averages(page)
    one_product(page)
    the_way_back(page)
    random_cases(page)
    exercises(page)
    page.labels("You are about to write one", "Look at [every window that torch knows]")
    plus_equals(page)
    page.complete()


def how_many(page):
    five = torch.rand(1, 5, 5)
    pool = nn.MaxPool2d(3, 3, padding=1, ceil_mode=True)
    size = pool(five).shape[1]
    sizes = [
        (torch_sizes(x, k, s, p, d)[0], x, k, s, p, d) for x, *_, k, s, p, d, _, _ in drawn_cases()
    ]
    rounded = [-(-(x.shape[1] + 2 * p - d * (k - 1) - 1) // s) + 1 for _, x, k, s, p, d in sizes]
    page.says(
        "rounding up needs one more rule: `ceil_mode` drops the last window if it would start in "
        "the padding on the right",
        all(
            o == up - ((up - 1) * s >= x.shape[1] + p)
            for up, (o, x, _, s, p, _) in zip(rounded, sizes, strict=True)
        )
        and rounded != [o for o, *_ in sizes],
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
        "There the padding on the right begins",
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
    page.says(
        "fold the window into one number for each channel",
        names["slide_loops"](three, lambda w: w.max((1, 2)), 3, 2).shape == (3, 2, 2),
    )
    page.says(
        "The layers differ only in `fold` and in `fill`",
        np.array_equal(names["largest"], largest)
        and np.allclose(names["mean"], mean)
        and np.array_equal(names["convolved"], convolved),
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
    page.says(
        "The border holds minus infinity",
        {page.figure("scratch-max-pool").at(0, row, -1) for row in range(5)} == {-torch.inf},
    )


def views(page):
    windows = X.unfold(1, 3, 1).unfold(2, 3, 1)
    view = page.names["view"]
    page.says("NumPy can hand you every window in one go", np.array_equal(view, windows))
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
        "any other stride is every $s$-th place of that",
        all(
            np.array_equal(ours[:, ::s, ::s], line.unfold(1, 3, s).unfold(2, 3, s))
            for s in (1, 2, 3)
        ),
    )
    wide = np.lib.stride_tricks.sliding_window_view(line.numpy(), (5, 5), axis=(1, 2))
    dilated = F.unfold(line, 3, dilation=2).reshape(3, 3, 3, 3).permute(2, 3, 0, 1)[None]
    page.says(
        "dilation is every $d$-th cell *inside* a wider window, so `[::d, ::d]` on the last two "
        "axes",
        np.array_equal(wide[..., ::2, ::2], dilated),
    )
    page.labels("One thing is left: with `ceil_mode`")
    largest = F.max_pool2d(X, 3, 2, 1)
    page.prints(
        "def max_pool(x, k, s, p=0, d=1, ceil_mode=False):",
        f"the same as the loops: {np.array_equal(page.names['pooled'], largest)}",
    )
    assert np.array_equal(page.names["max_pool"](X.numpy(), 3, 2, 1), largest)


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
    page.says(
        "It divides by 4: one real pixel and three cells of padding. The five cells beyond are "
        "not counted, so the result is 0.25 and not one ninth",
        means[0, 2, 2] == real / 4 == 0.25
        and last.steps[-1].divisor == 4
        and last.geometry.rows.spans[-1] == last.geometry.cols.spans[-1]
        and nn.AvgPool2d(3).kernel_size ** 2 - last.steps[-1].divisor == 5,
    )


def one_product(page):
    names = page.names
    weight, x = torch.rand(2, 3, 2, 2), torch.rand(3, 5, 5)
    product = weight.reshape(2, -1) @ F.unfold(x[None], 2)[0]
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
    page.says(
        'Where `argmax` says "cell 3 of this window"',
        X[0, 1:3, :2].flatten().argmax() == 0 and torch.tensor([0, 1, 1, 2]).argmax() == 3,
    )
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


def random_cases(page):
    agree, all_of_them = page.names["agree"], len(drawn_cases())
    names = ("max pooling", "its gradient", "average pooling", "convolution")
    page.says(
        "compared with torch on 500 random cases",
        all_of_them == 500 and agree == dict.fromkeys(names, all_of_them),
    )
    page.says(f"you let {all_of_them} random cases decide")
    page.says(f"So draw {all_of_them} settings at random")
    assert np.array_equal(page.names["t"].detach(), drawn_cases()[-1][0])  # the same cases
    heights = [torch_sizes(x, k, s, p, d) for x, *_, k, s, p, d, _, _ in drawn_cases()]
    dropped = [
        -(-(x.shape[1] + 2 * p - d * (k - 1) - 1) // s) + 1 > torch_sizes(x, k, s, p, d)[0]
        for x, *_, k, s, p, d, _, _ in drawn_cases()
    ]
    added = sum(up > down for up, down in heights)
    page.says("Each setting is tried on all four functions", list(agree) == list(names))
    page.prints(
        "rng = np.random.default_rng(0)",
        *(f"{name:<16} {all_of_them} of {all_of_them} agree" for name in names),
        f"heights where rounding up adds a window: {added}",
        f"heights where the last window is dropped: {sum(dropped)}",
    )
    page.says(
        "The last two lines say that the difficult settings were among them too",
        min(added, sum(dropped)) > 50,
    )
    page.says(f"torch agreed {all_of_them} times")


def exercises(page):
    page.labels("Predict first.", "Check all four:")
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
    page.says("On `[[1, -8], [6, 3]]` it gives −8", smallest == small.min() == -8)
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
    x = torch.randint(0, 9, (1, 8, 8), generator=torch.Generator().manual_seed(3)).float()
    for k, s, same in ((2, 2, True), (3, 1, False)):
        back = np.zeros(64, np.float32)
        back[page.names["winners"](x.numpy(), k, s)] += 1
        theirs = gradient_of(nn.MaxPool2d(k, stride=s), x).flatten()
        assert np.array_equal(back, theirs) is same
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
