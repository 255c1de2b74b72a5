"""lessons/stride-instead-of-pooling.py: held against plain Python and torch's own counter."""

import numpy as np
import pytest
import torch
from lesson_run import lessons_after, source
from PIL import Image
from portrait import portrait
from states import opens
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from slidingwindows import slide

X = torch.tensor(
    [
        [
            [1.0, 2, 0, 4, 3, 1],
            [0, 3, 1, 5, 2, 2],
            [4, 1, 2, 0, 6, 3],
            [2, 5, 3, 1, 0, 4],
            [1, 0, 4, 2, 3, 0],
            [3, 2, 1, 6, 1, 5],
        ]
    ]
)
CORNERS = [torch.tensor([[[5.0, 0], [0, 0]]]), torch.tensor([[[0.0, 5], [0, 0]]])]
SPRINGENBERG = "https://arxiv.org/abs/1412.6806"
ZHANG = "https://proceedings.mlr.press/v97/zhang19a.html"
RASCHKA = "https://lightning.ai/courses/deep-learning-fundamentals/"


def naive(x, stride):
    """Right column minus left column of each 3×3 window, in plain Python."""
    plane, stops = x[0].tolist(), range(0, x.shape[1] - 2, stride)
    rows = [
        [sum(plane[r + n][c + 2] - plane[r + n][c] for n in range(3)) for c in stops] for r in stops
    ]
    return torch.tensor([rows])


def convolution(stride):
    layer = nn.Conv2d(1, 1, 3, stride=stride, bias=False)
    layer.weight.data = torch.tensor([[[[-1.0, 0, 1]] * 3]])
    return layer


def skipping():
    layer = nn.Conv2d(1, 1, 1, stride=2, bias=False)
    layer.weight.data.fill_(2)
    return layer


def blocks(x):
    """The numbers of each 2×2 block, blocks and numbers in reading order."""
    return x[0].unfold(0, 2, 2).unfold(1, 2, 2).flatten(2)


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def multiply_accumulates(module, *size):
    """By torch's own counter, which counts a multiply-accumulate as two operations."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        module(torch.rand(1, *size))
    return counter.get_total_flops() // 2


def read_pixels(module, *size):
    """How many input pixels change the output."""
    x = torch.rand(*size, requires_grad=True)
    module(x).sum().backward()
    return int((x.grad != 0).sum())


def shape(module, *size):
    return tuple(module(torch.rand(*size)).shape)


def linear(module):
    left, right = CORNERS
    return torch.equal(module(left) + module(right), module(left + right))


def test_every_claim(page):
    assert torch.equal(page.names["x"], X)
    full, small = naive(X, 1), naive(X, 2)
    the_photo(page)
    the_comments(page)
    two_strides(page, full, small)
    skips(page)
    best_or_first(page, full, small)
    imitation(page)
    costs(page)
    who_does_it(page)
    traps(page)
    exercises(page, full, small)
    ending(page)
    page.complete()


def the_photo(page):
    photo = portrait(160) / 255
    apart = photo[:, 2:] - photo[:, :-2]
    edges = np.maximum(apart[:-2] + apart[1:-1] + apart[2:], 0)
    pooled = edges[:156, :156].reshape(39, 4, 39, 4).max((1, 3))
    maps = {"edges: 158×158": edges, "pool of 4: 39×39": pooled}
    maps["stride 4: 40×40"] = edges[::4, ::4]
    drawn = page.drawing("stride-photo")
    same = [panel["title"] for panel in drawn] == list(maps)
    for panel, expected in zip(drawn, maps.values(), strict=True):
        same &= np.allclose(panel["images"], [expected], atol=1e-5)
    page.plots("stride-photo", same and [len(m) for m in maps.values()] == [158, 39, 40])
    bright = {len(m): (m[:39] > 0.6).mean() for m in maps.values()}
    page.says(
        "Upright edges of a portrait, as bright lines on black, in 158 by 158 pixels. Beside it "
        "the same in 39 by 39, with thick and whole lines, and in 40 by 40, with thin and broken "
        "ones",
        bright[39] > 2 * bright[40] and np.median(edges) < 0.1 and edges.max() > 1,
    )
    page.says(
        "Here are the edges of a photo, made smaller in both ways",
        same
        and [np.shape(panel["images"][0])[0] < len(edges) for panel in drawn[1:]] == [True] * 2,
    )
    ramp = torch.arange(7.0).repeat(7, 1)
    rising, falling = (
        nn.functional.conv2d(way[None], page.names["kernel"]).relu() for way in (ramp, -ramp)
    )
    page.says(
        "The edges from dark to bright of a photo; the same after a max pool of 4; and the same "
        "kernel with a stride of 4",
        rising.all()
        and not falling.any()
        and np.allclose(page.names["by_pool"], pooled, atol=1e-5)
        and np.allclose(page.names["by_stride"], edges[::4, ::4], atol=1e-5),
    )
    strong = pooled > 0.6
    found = int((edges[:156:4, :156:4][strong] > 0.6).sum())
    page.prints(
        "strong = by_pool > 0.6",
        f"{strong.sum()} blocks hold a strong edge; the stride finds it in {found}",
    )
    page.says(
        "The pool keeps the strong edge of every block, because the largest number wins. The "
        "stride breaks the lines. But it never computed 15 of every 16 answers, where the pool had "
        "all of them computed and then dropped 15",
        found < strong.sum() / 2
        and edges[:156, :156].size - edges[:156:4, :156:4].size == 15 * 39 * 39
        and (pooled >= edges[:156:4, :156:4]).all(),
    )
    page.aside("Which of the two is worth more is what this lesson weighs", why="on this lesson")


def the_comments(page):
    """What stands beside the lesson's code."""
    names = page.names
    layers = [names[name] for name in ("every", "strided", "conv1", "skipping")]
    page.says(
        "nothing is trained here",
        all(layer.weight.grad is None for layer in layers)
        and "grad_fn" in repr(names["strided"](X))  # here, but not on the page
        and "grad_fn" not in page.output("strided.weight.data = kernel"),
    )
    page.says(
        "The photo that comes with matplotlib, in grey: 0 is black, 1 is white",
        np.allclose(names["photo"][0] * 255, portrait(160))
        and [Image.new("RGB", (1, 1), c).convert("L").getpixel((0, 0)) for c in ("black", "white")]
        == [0, 255],
    )
    upright = torch.tensor([[[0.0, 0, 0, 1, 1, 1]] * 6])
    page.says(
        "finds upright edges",
        nn.functional.conv2d(upright, names["kernel"]).any()
        and not nn.functional.conv2d(upright.mT, names["kernel"]).any(),
    )
    page.says("stride=1 is the default", nn.Conv2d(1, 1, 3).stride == (1, 1))
    page.says("the same weights", torch.equal(names["conv_s"].weight, names["conv1"].weight))
    layers = [nn.Conv2d(4, 6, 3, stride=2), nn.ReLU(), nn.Conv2d(6, 2, 3)]
    page.says(
        "numbers put out, times weights that each one takes",
        names["multiply_accumulates"](layers, torch.rand(4, 11, 11))
        == multiply_accumulates(nn.Sequential(*layers), 4, 11, 11),
    )


def two_strides(page, full, small):
    every, strided = page.names["every"], page.names["strided"]
    page.says(
        "A convolution that takes larger steps shrinks its output just as well",
        strided.stride[0] > every.stride[0] and shape(strided, 1, 6, 6) == (1, 2, 2),
    )
    narrow = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 8, 3, 2, 1))
    poolless = shape(narrow, 3, 32, 32) == (8, 8, 8)
    page.says("Some networks have no pooling layer at all", poolless and "Pool" not in str(narrow))
    page.says(
        "A pooling layer shrinks a map, but some networks do without it: they let a convolution "
        "take larger steps, and the size of a step is its **stride**",
        poolless
        and "Pool" not in str(narrow)
        and shape(nn.MaxPool2d(2), 1, 6, 6) == (1, 3, 3)
        and strided.stride[0] > every.stride[0]
        and np.diff(page.figure("stride-2-convolution").geometry.cols.starts) == strided.stride[0],
    )
    page.says(
        "Shrink a map with a strided convolution instead of a pool",
        shape(nn.Conv2d(8, 8, 2, stride=2), 8, 6, 6) == shape(nn.MaxPool2d(2), 8, 6, 6),
    )
    page.labels("Say exactly which numbers a stride throws away")
    page.labels("Tell which kind of pooling a strided convolution can imitate")
    page.labels("and which it cannot")
    page.says(
        "Here is a small input for the same kernel, the one that found edges in [what a "
        "convolution looks for]",
        torch.equal(every.weight, page.names["kernel"])
        and "kernel = torch.tensor([[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]])"
        in source("what-a-convolution-looks-for")
        and X.numel() < page.names["photo"].numel() / 100,
    )
    page.says("A convolution at stride 1", every.stride == (1, 1))
    one = [X[0, :3, n].sum() for n in (0, 2)]
    page.says(
        "It subtracts the left column of its window and adds the right one",
        every(X)[0, 0, 0] == one[1] - one[0],
    )
    page.prints("every.weight.data = kernel", full)
    page.draws("stride-1-convolution", slide(convolution(1), X))
    page.says(
        "The window stops at every place it fits: four rows of four",
        full.shape == (1, 4, 4)
        and page.figure("stride-1-convolution").geometry.cols.starts == tuple(range(6 - 2)),
    )
    page.says(
        "Four places down, four across: a 6×6 input gives a 4×4 output",
        X.shape == (1, 6, 6) and full.shape == (1, 4, 4),
    )
    page.says("The same convolution at stride 2", strided.stride == (2, 2))
    page.says("Which of the sixteen numbers above", every(X).numel() == 16)
    page.says(
        "Now let the same kernel step two pixels at a time",
        torch.equal(strided.weight, every.weight)
        and page.figure("stride-2-convolution").geometry.cols.starts == (0, 2),
    )
    page.prints("strided.weight.data = kernel", small)
    page.draws("stride-2-convolution", slide(convolution(2), X))
    opens(page, "stride-2-convolution")
    page.labels("[Open this window in the explorer] and set the stride to 3")
    page.labels("which stops are left?")
    geometry = page.figure("stride-2-convolution").geometry
    page.says(
        "The same kernel, but only every second stop, down and across. Hatched: no window reaches "
        "the last row and column",
        geometry.rows.starts == geometry.cols.starts == tuple(range(0, 4, 2))
        and geometry.untouched() == {(r, c) for r in range(6) for c in range(6) if 5 in (r, c)},
    )
    page.says("No new number appeared", torch.isin(small, full).all())
    page.says(
        "A strided convolution is the plain convolution, looked at in every second row and every "
        "second column",
        torch.equal(small, full[:, ::2, ::2]),
    )
    page.prints("print(every(x)[:, ::2, ::2])", full[:, ::2, ::2], torch.equal(small, strided(X)))


def skipped(layer, stride, **settings):
    """Whether a layer at a stride is itself at stride 1, followed by [::s, ::s]."""
    x = torch.rand(3, 20, 23)
    plain, strided = layer(stride=1, **settings), layer(stride=stride, **settings)
    strided.load_state_dict(plain.state_dict())
    return torch.allclose(strided(x), plain(x)[:, ::stride, ::stride], atol=1e-6)


def conv_of_three(stride):
    return nn.Conv2d(3, 8, 3, stride=stride)


def max_of_three(stride):
    return nn.MaxPool2d(3, stride=stride)


def skips(page):
    strides = range(1, 6)
    found = {s: [skipped(layer, s) for layer in (conv_of_three, max_of_three)] for s in strides}
    page.says(
        "Nothing here is special to the number two, nor to convolutions. Stride $s$ equals stride "
        "1 followed by `[::s, ::s]`",
        len(found) == 5 and all(map(all, found.values())),
    )
    page.says(
        "Check it for five strides, for a convolution and for a pool",
        [len(found), *{len(each) for each in found.values()}] == [5, 2],
    )
    page.prints(
        "torch.manual_seed(1)", *(f"{s} {conv} {pool}" for s, (conv, pool) in found.items())
    )
    assert page.names["big"].shape == (3, 20, 23)
    assert page.names["conv1"].kernel_size == (3, 3) and page.names["pool1"].kernel_size == 3
    work = [multiply_accumulates(conv_of_three(s), 3, 21, 21) for s in (1, 2)]
    stops = [shape(conv_of_three(s), 3, 21, 21)[1] ** 2 for s in (1, 2)]
    never = work[0] / work[1] == stops[0] / stops[1] > 3
    page.says(
        "So a stride skips. The windows between the stops are never computed",
        never and all(map(all, found.values())),
    )
    page.says("The others are never computed", never)
    sizes = [(i, k) for i in range(5, 12) for k in range(1, 5)]
    page.says(
        "That is another way to see the formula of [output size]. Stride 1 gives $i - k + 1$ "
        "places",
        all(shape(nn.Conv2d(1, 1, k), 1, i, i)[1] == i - k + 1 for i, k in sizes)
        and r"\left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1" in source("output-size"),
    )
    page.says(
        "You keep the first one and then every $s$-th",
        all(
            shape(nn.Conv2d(1, 1, k, s), 1, i, i)[1] == len(range(0, i - k + 1, s))
            for i, k in sizes
            for s in strides
        ),
    )
    page.says(
        r"o = \left\lfloor \frac{i - k}{s} \right\rfloor + 1",
        all(
            shape(nn.Conv2d(1, 1, k, s), 1, i, i)[1] == (i - k) // s + 1
            for i, k in sizes
            for s in strides
        ),
    )
    page.says(
        "A stride keeps every $s$-th result of the same layer at stride 1",
        all(map(all, found.values())),
    )


def best_or_first(page, full, small):
    pool, pooled = page.names["pool"], blocks(full).amax(2)[None]
    first = torch.equal(blocks(full)[..., 0][None], small)
    page.says("Keep the best or keep the first", first and torch.equal(pool(full), pooled))
    page.says(
        "Both of these turn 6×6 into 2×2", X.shape[1:] == (6, 6) and pooled.shape[1:] == (2, 2)
    )
    page.says(
        "the convolution at stride 1, then `nn.MaxPool2d(2)`; - the convolution at stride 2",
        pool.kernel_size == 2 and small.shape == pooled.shape,
    )
    page.labels("larger than its partner from the pool?")
    page.prints("print(pool(every(x)))", pooled, small)
    page.draws("stride-compared-with-pool", slide(nn.MaxPool2d(2), full))
    page.says(
        "The input here is the output of the first convolution. The pool keeps the best of each "
        "block. The stride keeps the upper left one",
        torch.equal(torch.tensor(page.figure("stride-compared-with-pool").planes), full) and first,
    )
    page.says(
        "It cannot. In each block of four, the pool keeps the **best**. The stride keeps the "
        "**first**, the upper left one, whatever it is",
        blocks(full).shape == (2, 2, 4)
        and first
        and (pooled >= small).all()
        and (blocks(full)[..., 0] < blocks(full).amax(2)).any(),
    )
    page.says("The best of four is never less than one of the four", bool((pooled >= small).all()))
    page.says(
        "Same shape, different numbers",
        pooled.shape == small.shape and not torch.equal(pooled, small),
    )
    page.labels("So if you swap one for the other, train the network again", "And write the stride")
    page.says(
        "without it a convolution steps by 1, as you saw in [max pooling], and the map hardly "
        "shrinks",
        nn.Conv2d(8, 8, 2).stride == (1, 1) and shape(nn.Conv2d(8, 8, 2), 8, 6, 6) == (8, 5, 5),
    )
    page.says("A max pool keeps the best of each block, a stride the first", first)


def imitation(page):
    pool, mean = nn.MaxPool2d(2), nn.Conv2d(1, 1, 2, stride=2, bias=False)
    mean.weight.data.fill_(1 / 4)
    deep = nn.Conv2d(3, 3, 2, stride=2, bias=False)
    deep.weight.data = torch.zeros(3, 3, 2, 2)
    for channel in range(3):
        deep.weight.data[channel, channel] = 1 / 4
    maps = torch.stack([X[0], X[0].T, X[0].flip(0)])
    means = torch.stack([blocks(plane[None]).mean(2) for plane in maps])
    average = torch.equal(mean(X), blocks(X).mean(2)[None]) and torch.allclose(deep(maps), means)
    kernels = torch.randn(200, 1, 2, 2)
    corner = torch.tensor([[[1.0, 0], [0, 0]], [[0.0, 1], [0, 0]], [[1.0, 1], [0, 0]]])[:, None]
    outputs = nn.functional.conv2d(corner, kernels)[:, :, 0, 0]
    imitated = (outputs - 1).abs().amax(0) < 1 / 3  # a maximum would be 1 for all three
    page.says(
        "You know from [no learnable parameters] that a convolution of 2×2 at stride 2 *is* an "
        "average pool if each filter has a quarter everywhere in the kernel of its own channel and "
        "zeros in the others, and that no weights make it a max pool, because the maximum is not "
        "linear",
        average
        and not imitated.any()
        and linear(mean)
        and not linear(pool)
        and "no choice of weights gives a maximum" in source("no-learnable-parameters"),
    )
    windows = torch.randn(50, 4)
    learnt = torch.linalg.lstsq(windows, windows.mean(1, keepdim=True)).solution
    page.says(
        "So a network without pools can learn to average wherever that helps",
        torch.allclose(learnt, torch.full((4, 1), 1 / 4), atol=1e-5),
    )
    page.says(
        "In the place of a max pool, one convolution always computes something else",
        not imitated.any(),
    )
    differences = nn.Conv2d(1, 3, (1, 2), stride=(1, 2), bias=False)  # a − b, b and −b
    differences.weight.data = torch.tensor([[1.0, -1], [0, 1], [0, -1]])[:, None, None]
    together = nn.Conv2d(3, 1, 1, bias=False)
    together.weight.data = torch.tensor([1.0, 1, -1])[None, :, None, None]
    two = nn.Sequential(differences, nn.ReLU(), together)
    page.says(
        "Two of them with a ReLU between can be a maximum, because max(*a*, *b*) is "
        "ReLU(*a* − *b*) + *b*",
        torch.equal(two(X - 4), nn.MaxPool2d((1, 2))(X - 4)),
    )
    begun = nn.Sequential(nn.Conv2d(1, 3, (1, 2), (1, 2)), nn.ReLU(), nn.Conv2d(3, 1, 1))
    page.says(
        "But the network would have to find those weights",
        not torch.allclose(begun(X), nn.MaxPool2d((1, 2))(X), atol=0.1),
    )
    page.says(
        "A strided convolution can be an average pool, and never a max pool",
        average and not imitated.any(),
    )


def costs(page):
    plain = nn.Conv2d(64, 64, 3, padding=1)
    strided = nn.Conv2d(64, 64, 3, stride=2, padding=1)
    size = (64, 32, 32)
    ways = [
        nn.Sequential(plain, nn.MaxPool2d(2)),
        strided,
        nn.Sequential(plain, strided),
    ]
    work, counts = [multiply_accumulates(n, *size) for n in ways], [parameters(n) for n in ways]
    stops = [shape(layer, *size)[1] ** 2 for layer in (plain, strided)]
    page.says(
        "A **multiply-accumulate** is one product, added to a running sum. A convolution does one "
        "for every weight, at every stop",
        all(
            multiply_accumulates(layer, *size) == layer.weight.numel() * stop
            for layer, stop in zip((plain, strided), stops, strict=True)
        ),
    )
    page.says(
        "Count them for 64 maps of 32×32, in three ways",
        len(page.names["ways"]) == len(ways) == 3 and plain(torch.rand(size)).shape == size,
    )
    names = "convolution, then pool", "one strided convolution", "convolution, then a strided one"
    printed = [
        f"{name}: {shape(way, *size)}\n    {count:,} parameters, {macs:,} multiply-accumulates"
        for name, way, count, macs in zip(names, ways, counts, work, strict=True)
    ]
    page.prints("def multiply_accumulates(layers, x):", *printed)
    page.says(
        "**Move the stride into the convolution** and you pay a quarter: it makes a quarter of the "
        "stops",
        work[1] * 4 == work[0] and stops[1] * 4 == stops[0],
    )
    page.says(
        "The parameters stay the same. But three of every four windows are never looked at",
        counts[1] == counts[0] and stops[1] == stops[0] * (1 - 3 / 4),
    )
    page.says(
        "**Put a strided convolution where the pool was** and every window of the first "
        "convolution is still looked at",
        shape(plain, *size) == size and read_pixels(strided, *size) == 64 * 32 * 32,
    )
    page.says("But the pool was free of parameters", parameters(nn.MaxPool2d(2)) == 0)
    page.says(
        f"The new layer brings {counts[2] - counts[0]:,} of them, and a quarter more "
        "multiply-accumulates",
        work[2] * 4 == work[0] * 5,
    )
    page.says(
        "It costs parameters where a pool costs none, or saves work where it replaces a "
        "convolution and a pool",
        parameters(nn.MaxPool2d(2)) == 0 < parameters(strided) and work[1] < work[0],
    )
    page.says(
        "A strided convolution in the pool's place adds parameters, as you just counted",
        counts[2] > counts[0] and f"{counts[2]:,} parameters" in page.output("def multiply_acc"),
    )


def who_does_it(page):
    page.cites(
        "built image networks this way. Their abstract says that max pooling can be replaced by a "
        'convolution with increased stride "without loss in accuracy on several image recognition '
        'benchmarks"',
        SPRINGENBERG,
    )
    page.cites(
        "So a part of what it gains may come from its size, not from its stride. The paper itself "
        "has controls for this: *ConvPool-CNN* keeps the pools and adds convolutions as well, and "
        "*Strided-CNN* adds no parameters, because it moves the stride into a convolution that is "
        "there already",
        SPRINGENBERG,
    )
    # Detail that changes with every number: what is left of it depends on where one begins.
    fine = torch.tensor([0.0, 0, 1, 1] * 4)[None]
    ways = (
        lambda x: nn.functional.max_pool1d(x, 2),
        lambda x: nn.functional.avg_pool1d(x, 2),
        lambda x: nn.functional.conv1d(x[None], torch.tensor([[[1.0]]]), stride=2)[0],
    )
    unclean = [not torch.equal(*(w(fine.roll(n, 1)).sort()[0] for n in (0, 1))) for w in ways[:2]]
    even = torch.tensor([0.0, 1] * 8)[None]
    unclean += [not torch.equal(*(ways[2](even.roll(n, 1)).sort()[0] for n in (0, 1)))]
    page.says("Nor does either way sample cleanly", unclean == [True] * 3)
    page.cites(
        "points out that max pooling, average pooling and strided convolutions all ignore a rule "
        "of signal processing: before you keep every second number, blur away the detail that the "
        "kept ones cannot hold",
        ZHANG,
    )
    page.says(
        "You see what that does to small shifts in [local invariance]",
        all(word in source("local-invariance") for word in ("which shifts", "**blur, stride**")),
    )
    page.aside(
        "Opinion: start with pooling when you want few parameters and an easy explanation. Start "
        "with strides when speed counts, or when the network should learn how to shrink",
        why="it is marked as an opinion",
    )


def traps(page):
    one = page.names["skipping"]
    page.says("A stride larger than the kernel", one.stride[0] > one.kernel_size[0])
    page.prints("skipping = nn.Conv2d(1, 1, 1, stride=2, bias=False)", 2 * X[:, ::2, ::2])
    page.draws("stride-larger-than-kernel", slide(skipping(), X))
    untouched, read = (
        page.figure("stride-larger-than-kernel").geometry.untouched(),
        read_pixels(one, 1, 6, 6),
    )
    page.says(
        "One more trap. If the step is longer than the window, the pixels between two stops are "
        "never read at all",
        len(untouched) == X.numel() - read > 0
        and read_pixels(nn.Conv2d(1, 1, 2, stride=2), 1, 6, 6) == X.numel(),
    )
    page.says(
        "A 1×1 kernel at stride 2. Hatched pixels are read by no window",
        torch.equal(changing(one, X), torch.tensor([(r, c) not in untouched for r, c in PLACES])),
    )
    page.says(f"Of {X.numel()} pixels, only {read} are read. The other {len(untouched)} could hold")
    x = X.clone()
    for row, col in untouched:
        x[0, row, col] = 99
    page.says("could hold anything", torch.equal(one(x), one(X)))
    page.says(
        "A stride moves the window further. The kernel can also be pulled apart, and that is the "
        "other way to see more of a map: [dilation]",
        read_pixels(nn.Conv2d(1, 1, 3), 1, 3, 3)
        == read_pixels(nn.Conv2d(1, 1, 3, dilation=2), 1, 5, 5)
        and shape(nn.Conv2d(1, 1, 3, dilation=2), 1, 5, 5) == (1, 1, 1)
        and page.figure("stride-2-convolution").geometry.cols.starts[1] == 2
        and lessons_after("stride-instead-of-pooling")[0] == "dilation",
    )


PLACES = [(row, col) for row in range(6) for col in range(6)]


def changing(layer, x):
    """Which pixels of a 6×6 map change a layer's output, one nudge after another."""
    nudges = torch.eye(36).reshape(36, 1, 6, 6)
    return (layer(x + nudges) != layer(x[None])).flatten(1).any(1)


def exercises(page, full, small):
    page.labels("Predict first", "Then open the answer", "Check all four")
    x = torch.rand(1, 5, 5)
    page.says(
        "A convolution at stride 1 turns a 5×5 input into a 3×3 map. The same kernel at stride 2 "
        "keeps some of these nine numbers",
        naive(x, 1).shape == (1, 3, 3) and naive(x, 2).numel() < naive(x, 1).numel() == 9,
    )
    nine = torch.arange(9.0).reshape(3, 3)
    corners = nine[[0, 0, 2, 2], [0, 2, 0, 2]].reshape(2, 2)
    page.says(
        "The four corners: rows 0 and 2, columns 0 and 2",
        torch.equal(convolution(2)(x)[0], convolution(1)(x)[0][[0, 2]][:, [0, 2]]),
    )
    page.answers(1, ("The four corners: rows 0 and 2, columns 0 and 2", corners))
    replacement = nn.Conv2d(16, 16, 2, stride=2)
    page.says(
        "You replace `nn.MaxPool2d(2)` on 16 maps by `nn.Conv2d(16, 16, 2, stride=2)`",
        shape(replacement, 16, 6, 6) == shape(nn.MaxPool2d(2), 16, 6, 6),
    )
    weights, biases = replacement.weight.numel(), replacement.bias.numel()
    page.says(
        f"{weights + biases:,}. Each of the {len(replacement.weight)} filters has 16 × 2 × 2 "
        f"weights, which makes {weights:,}. Add {biases} biases. The pool had none",
        replacement.weight[0].shape == (16, 2, 2) and parameters(nn.MaxPool2d(2)) == 0,
    )
    page.answers(2, ("1,040", 1040))
    page.says("One 3×3 kernel", nn.Conv2d(1, 1, 3).weight.shape == (1, 1, 3, 3))
    page.labels("slides over a 9×9 map. How many multiply-accumulates does it take")
    page.labels("does it take at stride 1, and how many at stride 3?")
    layers = [nn.Conv2d(1, 1, 3, stride=s) for s in (1, 3)]
    work = [multiply_accumulates(layer, 1, 9, 9) for layer in layers]
    stops = [layer(torch.rand(1, 9, 9)).numel() for layer in layers]
    page.says(
        f"{work[0]} and {work[1]}. There are {stops[0]} stops at stride 1 and {stops[1]} at stride "
        f"3, and each stop takes {layers[0].weight.numel()} multiply-accumulates"
    )
    page.answers(3, "441", "81")
    page.labels("You cut off the first row and the first column of `x` and apply the strided")
    page.labels("convolution again", "Did any of these places come out before?")
    page.says("which of the sixteen places of stride 1 do the numbers come", full.numel() == 16)
    places, cut = torch.arange(16).reshape(4, 4), X[:, 1:, 1:]
    now, before = places[[1, 3]][:, [1, 3]], places[[0, 2]][:, [0, 2]]
    page.says(
        "Rows 1 and 3, columns 1 and 3. No, none of these places came out before",
        torch.equal(naive(cut, 2).flatten(), full.flatten()[now.flatten()])
        and torch.equal(small.flatten(), full.flatten()[before.flatten()])
        and not torch.isin(now, before).any(),
    )
    page.says("One pixel decides which quarter of the map you get to see", now.numel() * 4 == 16)
    page.answers(4, ("Rows 1 and 3, columns 1 and 3", now))
    page.prints(
        "print(numbers[::2, ::2])",
        corners,
        parameters(replacement),
        work,
        f"{torch.equal(convolution(2)(cut), convolution(1)(X)[:, 1::2, 1::2])} {now}",
    )


def ending(page):
    page.cites("This lesson's path follows Unit 7 of", RASCHKA)
    page.cites("Networks without pools are the subject of", SPRINGENBERG)
    page.cites("sampling without care that of", ZHANG)
    page.aside("The words and the measurements are our own", why="where this course comes from")


@pytest.mark.parametrize("stride", range(1, 6))
def test_a_stride_skips(stride):
    x = torch.rand(3, 20, 23)
    assert skipped(conv_of_three, stride)
    for pool in (nn.MaxPool2d, nn.AvgPool2d):
        kept = pool(3, stride=1)(x)[:, ::stride, ::stride]
        assert torch.equal(pool(3, stride=stride)(x), kept)


def test_the_pool_is_never_below_the_stride():
    for seed in range(20):
        torch.manual_seed(seed)
        plain, strided = nn.Conv2d(3, 8, 3), nn.Conv2d(3, 8, 3, stride=2)
        strided.load_state_dict(plain.state_dict())
        x = torch.rand(3, 64, 64)
        assert (nn.MaxPool2d(2)(plain(x)) >= strided(x) - 1e-6).all()
