"""lessons/adaptive-and-global-pooling.py: its words, outputs and figures, from torch."""

import io
import warnings
from functools import cache
from unittest import mock

import numpy as np
import pytest
import torch
from torch import nn

from slidingwindows import slide

X = torch.tensor([[1.0, 7, 4, 2, 8, 6, 3, 9, 5, 0]])


def read_by(n, m):
    """Which inputs each output of torch's layer depends on: the gradient, not the formula."""
    x = torch.zeros(1, n, requires_grad=True)
    out = nn.AdaptiveAvgPool1d(m)(x)[0]
    return [torch.autograd.grad(o, x, retain_graph=True)[0][0].nonzero().flatten() for o in out]


@cache
def spans(n, m):
    read = [line.tolist() for line in read_by(n, m)]
    assert all(line == list(range(line[0], line[-1] + 1)) for line in read)
    return [(line[0], line[-1] + 1) for line in read]


@cache
def plain(n, m):
    """Kernel sizes and strides of average pools that give torch's adaptive numbers."""
    x = torch.rand(1, n, dtype=torch.float64, generator=torch.Generator().manual_seed(n))
    wanted = nn.AdaptiveAvgPool1d(m)(x)
    for k in range(1, n + 1):
        for s in range(1, n + 1):
            out = nn.AvgPool1d(k, s)(x)
            if out.shape == wanted.shape and torch.allclose(out, wanted):
                return k, s
    return None


def by_spans(x, m, fold=torch.mean):
    """What an adaptive pool makes of a signal, folded over the inputs that torch's layer reads."""
    return torch.stack([fold(x[0, a:b]) for a, b in spans(x.shape[-1], m)])[None]


def drawn(*shape):
    """The lesson's random numbers: first an image, then two maps."""
    generator = torch.Generator().manual_seed(3)
    return [torch.randint(0, 10, size, generator=generator).float() for size in shape]


IMAGE, MAPS = drawn((1, 7, 7), (2, 4, 4))


def test_every_claim(page):
    windows(page)
    different_sizes(page)
    plain_pools(page)
    counted_twice(page)
    upsampling(page)
    global_pools(page)
    any_size(page)
    weights(page)
    average_or_maximum(page)
    class_map(page)
    one_axis(page)
    exercises(page)
    page.complete()


def windows(page):
    assert torch.equal(page.names["x"], X)
    page.says("You name the output, and torch picks the windows", named())
    page.says(
        "So far you chose the window, and the output got the size that it got. An adaptive pool "
        "turns this around. You name the output, and the layer picks the windows",
        [nn.MaxPool1d(2)(torch.rand(1, n)).shape[1] for n in (6, 10, 14)] == [3, 5, 7] and named(),
    )
    page.labels("You name the output")
    page.says(
        "They overlap, differ in size and can even repeat numbers. One window for all is global "
        "pooling",
        spans(10, 4)[0][1] > spans(10, 4)[1][0]
        and len({b - a for a, b in spans(7, 5)}) > 1
        and spans(9, 1) == [(0, 9)],
    )
    page.labels("Say when an adaptive pool equals a plain one", "and when no plain one can")
    page.says("Here is a signal of 10 numbers. You want 5.", X.shape == (1, 10))
    page.says("one channel, length 10", X.shape == (1, 10))
    five = by_spans(X, 5, torch.amax)
    page.prints("print(nn.AdaptiveMaxPool1d(5)(x))", five, X.reshape(1, 5, 2).amax(2))
    page.says(
        "That is easy: 5 windows of 2. The adaptive pool is the plain pool that you know",
        [b - a for a, b in spans(10, 5)] == [2] * 5 and torch.equal(five, nn.MaxPool1d(2)(X)),
    )
    page.labels("Now you want 4 numbers out of 10.")
    page.says("Each window would need two and a half numbers", X.shape[1] / 4 == 2.5)
    page.labels("Which numbers will the first window read? And the second?")
    page.prints("print(nn.AdaptiveAvgPool1d(4)(x))", by_spans(X, 4))
    page.draws("adaptive-ten-to-four", slide(nn.AdaptiveAvgPool1d(4), X))
    counts = torch.cat(read_by(10, 4)).bincount().tolist()
    page.says(
        "10 to 4: every window reads three numbers, and two numbers are read twice",
        [b - a for a, b in spans(10, 4)] == [3] * 4 and sorted(counts) == [1] * 8 + [2] * 2,
    )
    cuts = [i * 10 / 4 for i in range(5)]
    page.says(
        "Torch cuts the line into four equal pieces. The cuts fall at 0, 2.5, 5, 7.5 and 10.",
        cuts == [0, 2.5, 5, 7.5, 10],
    )
    page.says(
        "A window takes every number that its piece touches",
        all(
            spans(10, 4)[i] == (min(t), max(t) + 1)
            for i in range(4)
            for t in [[n for n in range(10) if n < cuts[i + 1] and n + 1 > cuts[i]]]
        ),
    )
    pairs = [(n, m) for n in range(1, 15) for m in range(1, 15)]
    rounded = all(
        spans(n, m) == [(i * n // m, ((i + 1) * n + m - 1) // m) for i in range(m)]
        for n, m in pairs
    )
    page.says(
        "So it begins at the cut before, rounded down, and ends at the cut behind, rounded up: "
        r"$$\text{start}_i = \left\lfloor \frac{i \cdot n}{m} \right\rfloor \qquad \text{end}_i = "
        r"\left\lceil \frac{(i + 1) \cdot n}{m} \right\rceil$$",
        rounded
        and spans(10, 4)
        == [(int(a), -int(-b // 1)) for a, b in zip(cuts[:-1], cuts[1:], strict=True)],
    )
    page.says(
        "Windows begin at the cut rounded down and end at the cut rounded up",
        rounded
        and spans(10, 4)
        == [(int(a), -int(-b // 1)) for a, b in zip(cuts[:-1], cuts[1:], strict=True)],
    )
    page.says(
        r"Here $n$ is the length of the input and $m$ that of the output. The window reads from "
        r"$\text{start}_i$ up to, not including, $\text{end}_i$",
        all(
            [line.tolist() for line in read_by(n, m)]
            == [list(range(i * n // m, -(-(i + 1) * n // m))) for i in range(m)]
            for n, m in ((10, 4), (7, 5), (3, 5))
        ),
    )
    assert all(page.names["windows"](n, m) == spans(n, m) for n, m in pairs)
    page.prints(
        "def windows(n, m):",
        spans(10, 4),
        torch.allclose(by_spans(X, 4), nn.AdaptiveAvgPool1d(4)(X)),
    )
    page.says(
        "The numbers at places 2 and 7 stand on a cut, so two windows read them",
        [place for place, count in enumerate(counts) if count == 2] == [2, 7]
        and [int(cut) for cut in cuts if cut % 1] == [2, 7],
    )
    page.says(
        "There is no padding, and no number is left out",
        min(counts) == 1
        and len(counts) == 10
        and nn.AdaptiveAvgPool1d(4)(torch.ones(1, 10)).tolist() == [[1] * 4],
    )


def named():
    """The output has the size that was named, longer inputs have longer windows."""
    sizes = [
        (m, nn.AdaptiveMaxPool1d(m)(torch.rand(1, n)).shape[1])
        for n in range(1, 15)
        for m in range(1, 15)
    ]
    longest = [max(b - a for a, b in spans(n, 4)) for n in (4, 8, 10, 14)]
    return all(a == b for a, b in sizes) and longest == [1, 2, 3, 4]


def different_sizes(page):
    page.labels("Windows of different sizes")
    page.labels("You want 5 outputs from 7 inputs. Which sizes")
    sizes = [b - a for a, b in spans(7, 5)]
    page.prints("print([b - a for a, b in windows(7, 5)])", sizes)
    page.says(
        "2, 2, 3, 2, 2. The middle piece touches three numbers, the others two",
        sizes == [2, 2, 3, 2, 2],
    )
    x = torch.zeros(1, 7, 7, requires_grad=True)
    reads = [torch.autograd.grad(out, x, retain_graph=True)[0][0] for out in image_pool(x)]
    down, across = ([int(g.sum(n).count_nonzero()) for g in reads] for n in (1, 0))
    page.says(
        "In an image this happens along both axes",
        down == [size for size in sizes for _ in range(5)] and across == sizes * 5,
    )
    assert torch.equal(page.names["image"], IMAGE)
    page.draws("adaptive-seven-to-five", slide(nn.AdaptiveAvgPool2d(5), IMAGE))
    drawing = page.figure("adaptive-seven-to-five").geometry
    boxes = [(len(r), len(c)) for r in drawing.rows.windows for c in drawing.cols.windows]
    page.says(
        "windows of 2×2, 2×3, 3×2, and one of 3×3 in the middle",
        set(boxes) == {(2, 2), (2, 3), (3, 2), (3, 3)}
        and [place for place, box in enumerate(boxes) if box == (3, 3)] == [len(boxes) // 2],
    )


def image_pool(x):
    return nn.AdaptiveAvgPool2d(5)(x).flatten()


def plain_pools(page):
    page.labels("Open this layer in the explorer] and change its `output_size`")
    page.labels("for which sizes do all windows have the same shape?", "When is it a plain pool?")
    page.labels(
        "If not, can some other kernel size and stride do it?", "Try them all, for all sizes"
    )
    pairs = [(n, m) for n in range(1, 13) for m in range(1, n + 1)]
    found = {pair: plain(*pair) for pair in pairs}
    divisible = [found[n, m] for n, m in pairs if n % m == 0]
    others = {pair: found[pair] for pair in pairs if pair[0] % pair[1]}
    with_one = {pair: layer for pair, layer in others.items() if layer}
    page.says(
        "If $m$ divides $n$, all windows have $n/m$ numbers and touch without overlap. Then the "
        "layer *is* a plain pool with that kernel size",
        None not in divisible
        and all(
            spans(n, m) == [(a, a + n // m) for a in range(0, n, n // m)]
            for n, m in pairs
            if n % m == 0
        )
        and all(
            torch.equal(nn.AdaptiveMaxPool1d(m)(x), nn.MaxPool1d(n // m)(x))
            for n, m in pairs
            if n % m == 0
            for x in [torch.rand(1, n)]
        ),
    )
    page.says("for all sizes up to 12", max(page.names["pairs"]) == (12, 12) == max(pairs))
    page.prints(
        "def plain(n, m):",
        f"{len(divisible)} divisible, {divisible.count(None)} without a plain pool",
        f"{len(others)} others, {len(with_one)} with a plain pool",
        str({pair: layer for pair, layer in with_one.items() if pair[1] <= 3}),
    )
    page.says(
        "A kernel size and a stride that give the same windows, or None if none do",
        {pair: page.names["plain"](*pair) for pair in pairs} == found
        and {layer is None for layer in found.values()} == {True, False},
    )
    page.says(
        "Some of the others have a plain pool too, if their windows happen to have one size and "
        "one distance",
        all(
            (layer is not None)
            == (
                len({b - a for a, b in spans(*pair)}) == 1
                and len(
                    {b - a for (a, _), (b, _) in zip(spans(*pair), spans(*pair)[1:], strict=False)}
                )
                <= 1
            )
            for pair, layer in others.items()
        ),
    )
    page.says("5 to 2 is `nn.AvgPool1d(3, stride=2)`", found[5, 2] == (3, 2))
    page.says(
        "But most have none, 10 to 4 among them: its windows begin at 0, 2, 5 and 7",
        list(others.values()).count(None) > len(others) / 2
        and found[10, 4] is None
        and [a for a, _ in spans(10, 4)] == [0, 2, 5, 7],
    )
    page.labels("a plain pool in the place of an adaptive one")
    page.says(
        "Some tools cannot export such adaptive pools: torch's older ONNX exporter is one",
        not_exported(10, 4),
    )
    page.aside(
        "Advice you may meet: take kernel size and stride `n // m`", why="what is said elsewhere"
    )
    by_advice = {(n, m): by_the_advice(n, m) for n, m in pairs}
    page.says(
        "That is right only if $m$ divides $n$",
        all(same == (n % m == 0) for (n, m), same in by_advice.items()),
    )
    replaced = X.reshape(1, 5, 2).mean(2)
    adaptive = by_spans(X, 4)
    page.prints(
        "replaced = nn.AvgPool1d(kernel)(x)",
        f"adaptive: {adaptive[0].tolist()}",
        f"replaced: {replaced[0].tolist()}",
    )
    page.says(
        "The replacement gives five numbers, not four, and not the same ones",
        (replaced.shape[1], adaptive.shape[1]) == (5, 4)
        and not torch.allclose(replaced[:, :4], adaptive),
    )


def not_exported(n, m):
    """Torch's exporter by TorchScript refuses an adaptive pool whose sizes do not divide."""
    pool = nn.AdaptiveAvgPool1d(m)
    with (
        warnings.catch_warnings(action="ignore"),
        mock.patch("torch._C._jit_onnx_log"),  # it would print the graph that is refused
        pytest.raises(RuntimeError, match="not factor"),
    ):
        torch.onnx.export(pool, (torch.rand(1, 1, n),), io.BytesIO(), dynamo=False)
    return True


def by_the_advice(n, m):
    """Whether kernel size and stride n // m make what the adaptive pool makes."""
    x = torch.rand(1, n, dtype=torch.float64, generator=torch.Generator().manual_seed(n))
    out, wanted = nn.AvgPool1d(n // m)(x), nn.AdaptiveAvgPool1d(m)(x)
    return out.shape == wanted.shape and torch.allclose(out, wanted)


def counted_twice(page):
    means = X.mean(), by_spans(X, 4).mean(), by_spans(X, 5).mean()
    page.says(
        "Some numbers count twice",
        torch.allclose((torch.tensor([1.0, 1, 2, 1, 1, 1, 1, 2, 1, 1]) * X).sum() / 12, means[1]),
    )
    page.says(
        "A number that two windows read counts twice. So the mean of the output is not the mean of "
        "the input",
        abs(means[1] - means[0]) > 0.1,
    )
    page.prints(
        'print(f"mean of the input:  {x.mean():.3f}")',
        f"mean of the input:  {means[0]:.3f}",
        f"mean of the output: {means[1]:.3f}",
        f"after 10 to 5:      {means[2]:.3f}",
    )
    page.says(
        "With 5 outputs nothing is read twice, and the mean stays",
        torch.cat(read_by(10, 5)).bincount().tolist() == [1] * 10 and means[2] == means[0],
    )


def upsampling(page):
    three = torch.tensor([[2.0, 4, 8]])
    assert torch.equal(page.names["three"], three)
    page.says("More out than in", len(spans(3, 5)) > 3)
    page.says("Nothing forbids $m > n$", named())
    page.labels("What does an adaptive pool make of 3 numbers if you want 5?")
    page.prints("three = torch.tensor([[2.0, 4, 8]])", spans(3, 5), by_spans(three, 5))
    page.draws("adaptive-three-to-five", slide(nn.AdaptiveAvgPool1d(5), three))
    page.says(
        "3 to 5: where a cut falls inside a number, one window reads it and the next reads it "
        "again",
        all(
            (spans(3, 5)[i][1] > spans(3, 5)[i + 1][0]) == ((i + 1) * 3 % 5 != 0) for i in range(4)
        ),
    )
    page.says(
        "Numbers are repeated, and between them stand means of two",
        by_spans(three, 5)[0].tolist() == [2, (2 + 4) / 2, 4, (4 + 8) / 2, 8],
    )
    with warnings.catch_warnings(action="error"):
        small = nn.AdaptiveAvgPool2d(7)(torch.rand(1, 3, 3))
        nn.AdaptiveMaxPool1d(5)(three)
    page.says(
        "Torch gives no warning. If an image is smaller than you thought, you get an enlarged map "
        "and no error",
        small.shape == (1, 7, 7),
    )
    page.says(
        "An output larger than the input repeats numbers, without a warning",
        nn.AdaptiveAvgPool1d(6)(three)[0].tolist() == [2, 2, 4, 4, 8, 8],
    )


def global_pools(page):
    assert torch.equal(page.names["maps"], MAPS)
    page.says("One window for all: global pooling", spans(16, 1) == [(0, 16)])
    page.says(
        "Ask for an output of size 1. There is one window, and it reads everything",
        [len(read_by(n, 1)[0]) for n in (1, 5, 9)] == [1, 5, 9],
    )
    means, tops = MAPS.flatten(1).sum(1) / 16, MAPS.flatten(1).sort(1).values[:, -1]
    page.prints(
        "print(average(maps).flatten(), maps.mean(dim=(1, 2)))",
        f"{means} {means}",
        f"{tops} {tops}",
    )
    page.says("two channels", MAPS.shape == (2, 4, 4))
    page.draws("adaptive-global-max", slide(nn.AdaptiveMaxPool2d(1), MAPS))
    page.says(
        "A global maximum: one number for the whole channel",
        page.figure("adaptive-global-max").output == ((tops[0].item(),),),
    )
    sizes = [torch.rand(3, height, width) for height, width in ((1, 1), (6, 5), (9, 2))]
    page.says(
        "This is **global average pooling** and **global max pooling**: one number for each "
        "channel, whatever the size of the map",
        all(
            torch.allclose(nn.AdaptiveAvgPool2d(1)(x)[:, 0, 0], x.mean((1, 2)))
            and torch.equal(nn.AdaptiveMaxPool2d(1)(x)[:, 0, 0], x.amax((1, 2)))
            for x in sizes
        ),
    )
    few, many = nn.Linear(3, 10), nn.Linear(sizes[1].numel(), 10)
    page.says(
        "A global pool leaves one number for each channel. It takes images of any size and saves "
        "weights",
        {pool(x).shape for x in sizes for pool in (average, largest)} == {(3, 1, 1)}
        and few.weight.numel() * 30 == many.weight.numel(),
    )


def average(x):
    return nn.AdaptiveAvgPool2d(1)(x)


def largest(x):
    return nn.AdaptiveMaxPool2d(1)(x)


def any_size(page):
    body = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    flat = nn.Sequential(body, nn.Flatten(), nn.Linear(8 * 16 * 16, 10))
    lines = []
    for size in (32, 48, 100):
        try:
            answer = tuple(flat(torch.rand(1, 3, size, size)).shape)
        except RuntimeError as error:
            answer = error
        lines.append(f"{size}: pooled (1, 10), flat {answer}")
    page.says(
        "So a network that flattens its last map is tied to one size of image",
        ["cannot be multiplied" in line for line in lines] == [False, True, True],
    )
    page.prints("flat = nn.Sequential(body, nn.Flatten(), nn.Linear(8 * 16 * 16, 10))", *lines)
    page.says("A linear layer wants a fixed number of features", accepted(nn.Linear(8, 10)) == [8])
    pooled = page.names["pooled"]
    photos = [torch.rand(1, 3, size, size) for size in (1, 2, 3, 9, 30)]
    page.says(
        "The global pool forgets the size, so any image will do that is large enough for the "
        "layers before it",
        [fits(pooled, photo) for photo in photos] == [False, True, True, True, True]
        and [fits(pooled[1:], pooled[0](photo)) for photo in photos[1:]] == [True] * 4,
    )
    x = torch.rand(3, 8, 8)
    moved = [pool(x.roll((3, 2), (1, 2))) - pool(x) for pool in (average, largest)]
    page.says("It forgets the place as well", all(step.abs().max() < 1e-6 for step in moved))
    page.aside("That is often what a classifier wants", why="what networks are used for")
    page.labels("A common mistake: the two ones that stay")
    kept = average(torch.rand(1, 8, 16, 16))
    page.says(
        "A global pool keeps the axes of the map, with length 1. A linear layer looks at the "
        "*last* axis, finds 1 in the place of the channels, and refuses",
        kept.shape == (1, 8, 1, 1),
    )
    with pytest.raises(RuntimeError, match=r"8x1 and 8x10") as error:
        nn.Linear(8, 10)(kept)
    page.prints(
        "forgotten = nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Linear(8, 10))",
        str(tuple(kept.shape)),
        str(error.value),
    )
    assert nn.Sequential(nn.Flatten(), nn.Linear(8, 10))(kept).shape == (1, 10)


def fits(network, x):
    try:
        network(x)
    except RuntimeError:
        return False
    return True


def accepted(layer):
    """The numbers of features that a layer takes."""
    return [n for n in range(1, 20) if fits(layer, torch.rand(1, n))]


def weights(page):
    many = nn.Linear(512 * 7 * 7, 1000, bias=False, device="meta").weight.numel()
    few = nn.Linear(512, 1000, bias=False, device="meta").weight.numel()
    page.says("Far fewer parameters", few < many / 10)
    page.labels("The last map of a large network has 512 channels of 7×7")
    page.labels("You want scores for 1,000 classes", "And after a global pool?")
    page.prints(
        'print(f"{flattened.weight.numel():>10,} after flattening")',
        f"{many:>10,} after flattening",
        f"{few:>10,} after a global pool",
    )
    page.says("A factor of 49, the size of the map", many == 49 * few == 7**2 * few)
    assert not list(nn.AdaptiveAvgPool2d(1).parameters())
    page.cites(
        "proposed the global average in the place of large linear layers for this reason: it has "
        "no parameters that could overfit",
        "https://arxiv.org/abs/1312.4400",
    )


def average_or_maximum(page):
    sides, means, tops = (4, 8, 16, 32), [], []
    for side in sides:
        found = torch.zeros(1, side, side)
        found[0, :2, :2] = 8
        means.append(4 * 8 / side**2)
        tops.append(8.0)
        assert (average(found).item(), largest(found).item()) == (means[-1], tops[-1])
    page.says(
        "A detector has found something: a few large numbers in a map of zeros. The image grows "
        "around it, the thing itself does not",
        page.names["sides"] == sides
        and [mean * n * n for mean, n in zip(page.names["averages"], sides, strict=True)]
        == [4 * 8] * 4
        and page.names["found_here"].unique().tolist() == [0, 8]
        and page.names["found_here"].count_nonzero() == 4,
    )
    page.labels("The map grows from 4×4 to 32×32.")
    page.prints(
        "sides, averages, maxima = (4, 8, 16, 32), [], []",
        *(
            f"{side:>2}×{side:<2}  average {mean:.3f}, maximum {top:.0f}"
            for side, mean, top in zip(sides, means, tops, strict=True)
        ),
    )
    (axes,) = page.drawing("adaptive-average-or-maximum")
    page.plots(
        "adaptive-average-or-maximum",
        axes["lines"]
        == [("global maximum", list(sides), tops), ("global average", list(sides), means)]
        and axes["xlabel"] == "side of the map"
        and axes["xticks"] == [str(side) for side in sides],
    )
    page.says(
        "Two lines over the side of the map, 4 to 32. The global maximum stays at 8. The global "
        "average begins at 2 and falls towards 0",
        len(axes["lines"]) == 2
        and (axes["lines"][0][1][0], axes["lines"][0][1][-1]) == (4, 32)
        and set(axes["lines"][0][2]) == {8}
        and axes["lines"][1][2][0] == 2
        and axes["lines"][1][2] == sorted(means, reverse=True)
        and means[-1] < 0.05,
    )
    page.says(
        "The same find in a larger map: the average thins out, the maximum stays",
        means == sorted(means, reverse=True) and len(set(tops)) == 1,
    )
    page.says(
        "The average asks *how much of it is there?* Twice the side, a quarter of the answer. The "
        "maximum asks *is it there at all?* and stays at 8",
        tops == [8] * 4
        and [b / a for a, b in zip(means, means[1:], strict=False)] == [1 / 4] * 3
        and asked(average) == [0, 1, 2, 3]
        and asked(largest) == [0, 1, 1, 1],
    )
    page.says(
        "The average asks how much, the maximum asks whether",
        asked(average) == [0, 1, 2, 3] and asked(largest) == [0, 1, 1, 1],
    )
    noisy = torch.zeros(1, 32, 32)
    noisy[0, 9, 9] = 8
    x = torch.rand(3, 8, 8, requires_grad=True)
    (gradient,) = torch.autograd.grad(largest(x).sum(), x)
    page.says(
        "But one noisy pixel is enough to fool the maximum, and its gradient reaches one pixel per "
        "channel",
        largest(noisy) == tops[0]
        and average(noisy) < means[-1] / 2
        and (gradient != 0).sum((1, 2)).tolist() == [1] * 3,
    )
    rolled = [x.roll((a, b), (1, 2)) for a in range(8) for b in range(8)]
    same = [torch.allclose(pool(r), pool(x)) for r in rolled for pool in (average, largest)]
    page.says(
        "Neither cares where the thing is. Roll the map around, and both stay the same",
        all(same) and len(rolled) == 64,
    )
    equal = [[torch.equal(pool(r), pool(x)) for r in rolled] for pool in (average, largest)]
    page.says(
        "the average up to rounding, on other numbers than these",
        not all(equal[0]) and all(equal[1]),
    )
    page.prints("for down in range(8)", f"{all(same)} {len(same)}")


def asked(pool):
    """What a pool says of a map with the same find nowhere, once, twice and three times."""
    found = [torch.zeros(1, 8, 8) for _ in range(4)]
    for times, one in enumerate(found):
        for place in range(times):
            one[0, 3 * place, 3 * place : 3 * place + 2] = 8
    once = pool(found[1]).item()
    return [pool(one).item() / once for one in found]


def class_map(page):
    maps, others, w = torch.rand(2, 6, 6), torch.rand(2, 6, 6), nn.Linear(2, 1, bias=False)
    halves = [w(average(one).flatten()) for one in (maps, others, maps + others)]
    page.says(
        "The global average forgets the place. But a linear layer behind it can give it back, for "
        "both are linear. You may take the score *first*, at every place, and the mean afterwards: "
        r"$$w \cdot \operatorname{mean}(x) = \operatorname{mean}(w \cdot x)$$",
        all(map(linear, range(5)))
        and torch.allclose(average(maps), average(maps.roll(3, 2)))
        and torch.allclose(halves[0] + halves[1], halves[2])
        and given_back(),
    )
    page.says("Behind an average you can still say where", given_back())
    page.labels("Where was it?")
    page.says("of one class, for two channels", page.names["weights"].shape == MAPS.shape[:1])
    page.says("a score for each place", page.names["places"].shape == MAPS.shape[1:])
    page.says("The same number.", all(map(linear, range(5))))
    score = 2 * MAPS[0].mean() - MAPS[1].mean()
    places = 2 * MAPS[0] - MAPS[1]
    page.prints("print(score.item(), places.mean().item())", f"{score} {places.mean()}")
    page.cites(
        "The map of scores before the mean is called a **class activation map**",
        "https://arxiv.org/abs/1512.04150",
    )
    page.says("It says how much each place adds to the class", all(map(adds, range(5))))
    page.says("And it is a convolution with a 1×1 kernel", all(map(by_convolution, range(5))))
    layer = nn.Conv2d(2, 1, 1, bias=False)
    layer.weight.data = torch.tensor([2.0, -1]).reshape(1, 2, 1, 1)
    page.prints("print(torch.equal(scores(maps)[0], places))", torch.equal(layer(MAPS)[0], places))
    page.draws("adaptive-class-map", slide(layer, MAPS))
    page.says(
        "A class activation map: 2 times the first channel minus the second, at each place",
        np.array_equal(page.figure("adaptive-class-map").output, places),
    )
    random = [scored(seed) for seed in range(5)]
    page.says(
        "With the maximum this does not work. The maximum is not linear, so score and pool cannot "
        "change places",
        not any(torch.allclose(w @ maps.amax((1, 2)), places.max()) for maps, w, places in random),
    )


def scored(seed):
    """Random maps, the weights of a class, and its score at each place."""
    generator = torch.Generator().manual_seed(seed)
    maps = torch.rand(4, 5, 5, dtype=torch.float64, generator=generator)
    weights = torch.randn(4, dtype=torch.float64, generator=generator)
    return maps, weights, (weights[:, None, None] * maps).sum(0)


def given_back():
    """A find's place, which the average does not tell, is that of the class's highest score."""
    places = []
    for row, column in ((0, 0), (2, 5), (4, 1)):
        maps = torch.zeros(2, 6, 6)
        maps[0, row, column] = 8
        scores = (torch.tensor([2.0, -1])[:, None, None] * maps).sum(0)
        places.append(divmod(int(scores.argmax()), 6) == (row, column))
    return all(places)


def adds(seed):
    """Without one place in all channels, the score is less by what the map says there."""
    maps, weights, places = scored(seed)
    without = maps.clone()
    without[:, 2, 3] = 0
    less = weights @ (maps.mean((1, 2)) - without.mean((1, 2)))
    return torch.allclose(less, places[2, 3] / places.numel())


def linear(seed):
    maps, weights, places = scored(seed)
    return torch.allclose(weights @ maps.mean((1, 2)), places.mean())


def by_convolution(seed):
    maps, weights, places = scored(seed)
    layer = nn.Conv2d(4, 1, 1, bias=False, dtype=torch.float64)
    layer.weight.data[:] = weights[None, :, None, None]
    return torch.allclose(layer(maps)[0], places)


def one_axis(page):
    x = torch.rand(3, 6, 5, dtype=torch.float64)
    rows = nn.AdaptiveAvgPool2d((None, 1))
    page.says("Keep one axis", rows(x).shape == (3, 6, 1))
    page.says("`None` means: leave this axis as it is", rows(x).shape[1] == x.shape[1])
    page.says(
        "So `nn.AdaptiveAvgPool2d((None, 1))` takes the mean of each row",
        torch.allclose(rows(x)[..., 0], x.mean(2)),
    )
    means = MAPS[0].sum(1) / 4
    page.prints("print(maps[0].mean(dim=1))", means, means)


def exercises(page):
    page.labels("Predict first.", "Then open the answer", "Check all four:")
    page.labels("Next: what the choice of a pool is worth, [trained on digits]")
    pairs = [(n, m) for n in range(1, 15) for m in range(1, n + 1)]
    kinds = {(n, m): (len(sizes_of(n, m)), overlap(n, m)) for n, m in pairs}
    page.says(
        "If the output's size divides the input's, it is a plain pool. If not, windows overlap or "
        "differ in size",
        all((n % m == 0) == (kind == (1, False)) for (n, m), kind in kinds.items())
        and all(plain(n, m) for n, m in pairs if n % m == 0),
    )
    page.labels("You want 3 outputs from 8 inputs. Where do the windows begin and end?")
    page.says("From 0 to 3, from 2 to 6, from 5 to 8.", spans(8, 3) == [(0, 3), (2, 6), (5, 8)])
    page.says(
        "The cuts fall at two and two thirds and at five and a third",
        [8 * i / 3 for i in (1, 2)] == pytest.approx([2 + 2 / 3, 5 + 1 / 3]),
    )
    page.says("The middle window has four numbers", spans(8, 3)[1][1] - spans(8, 3)[1][0] == 4)
    page.answers(1, ("From 0 to 3", (0, 3)), ("from 2 to 6", (2, 6)), ("from 5 to 8", (5, 8)))
    x = torch.rand(1, 32, 32)
    same = torch.allclose(nn.AdaptiveAvgPool2d(4)(x), nn.AvgPool2d(8, 8)(x))
    page.labels("Which plain pool equals `nn.AdaptiveAvgPool2d(4)` on an input of 32×32?")
    page.says("Kernel size 8 and stride 8. 4 divides 32.", same and x.shape[1] % 4 == 0)
    page.answers(2, ("Kernel size 8", 8), ("stride 8", 8))
    flat, pooled = nn.Linear(256 * 6 * 6, 10).weight.numel(), nn.Linear(256, 10).weight.numel()
    page.labels("A map of 256 channels of 6×6 goes to 10 classes")
    page.labels("How many times fewer weights do you need after a global pool than after")
    page.says(
        "36 times: 2,560 in place of 92,160",
        (flat, pooled) == (92_160, 2_560) and flat == 36 * pooled,
    )
    page.answers(3, ("36 times", 36))
    nine = torch.arange(1.0, 10).reshape(1, 3, 3)
    border = nn.functional.pad(nine, (1, 1, 1, 1))
    page.says("A 3×3 map holds the numbers from 1 to 9 in reading order", nine.sum() == 45)
    page.labels("And if you add a border of zeros first?")
    page.says(
        "5 and 9. With the border the average is 1.8, for the same sum of 45 is shared by 25 "
        "numbers. The maximum is still 9.",
        (average(nine).item(), largest(nine).item()) == (5, 9)
        and average(border).item() == pytest.approx(45 / 25)
        and border.sum() == 45
        and border.numel() == 25
        and largest(border).item() == 9,
    )
    page.answers(4, ("5 and", 5), ("and 9", 9), "1.8", ("still 9", 9))
    page.prints(
        "print(windows(8, 3))",
        spans(8, 3),
        f"{(32 // 4, 32 // 4)} {same}",
        str(flat // pooled),
        [nine.sum().item() / 9, nine.max().item(), 45 / 25, border.max().item()],
    )


def sizes_of(n, m):
    return {b - a for a, b in spans(n, m)}


def overlap(n, m):
    return any(b > a for (_, b), (a, _) in zip(spans(n, m), spans(n, m)[1:], strict=False))
