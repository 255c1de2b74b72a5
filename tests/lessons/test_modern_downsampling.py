"""lessons/modern-downsampling.py: places counted, patches cut by slices, trained networks asked
again by plain sums, run by run, and never trained a second time."""

from functools import cache
from unittest.mock import patch

import numpy as np
import torch
from lesson_run import source
from scipy import stats
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from slidingwindows import slide

CODE = "https://github.com/facebookresearch/ConvNeXt/blob/main/models/convnext.py"
HE, VIT = "https://arxiv.org/abs/1812.01187", "https://arxiv.org/abs/2010.11929"
CONVNEXT, GEM = "https://arxiv.org/abs/2201.03545", "https://arxiv.org/abs/1711.02512"
NADEAU = "https://doi.org/10.1023/A:1024068626366"
UPWARDS = "going-up-without-checkerboards"
NAMES = ["plain", "average shortcut", "maximum", "GeM", "class token"]
FOUR = np.array([1.0, 2, 3, 10])
DIGITS = load_digits()


def test_every_claim(page):
    shortcuts(page)
    patches(page)
    between_stages(page)
    means(page)
    token(page)
    training(page)
    verdict(page)
    exercises(page)
    page.labels("## Which of them is better?", "Which pixels can three of them read?")
    page.labels("of the map, patches, a mean with a learned power and a class token")
    page.labels("Find out by the gradient how much of a map a way down reads")
    page.labels("Say what a patch stem is in the words that you know", "kernel and stride")
    page.labels("Say what a class token does that a global average does not")
    page.labels("Compare such ways fairly, and claim only what is left")
    page.cites("ResNet-D is by", HE)
    page.cites("ConvNeXt by", CONVNEXT)
    page.aside("The words and the measurements are our own", why="credits of this course")
    page.complete()


# ---- shortcuts


def kept(side, count):
    """What is left of the places if every second row and column is kept, again and again."""
    places = np.zeros((side, side), int)
    places[:: 2**count, :: 2**count] = 1
    return places


def shortcuts(page):
    drawn = page.drawing("modern-read")
    expected = [kept(16, 1), kept(16, 3), kept(16, 0)]
    titles = ["stride", "stride, three times", "average, three times"]
    same = [axes["title"] for axes in drawn] == titles and all(
        np.array_equal(axes["images"][0], places)
        for axes, places in zip(drawn, expected, strict=True)
    )
    page.plots("modern-read", same)
    page.says(
        "Three squares of 16 by 16 places, light where a place is read. Left: every second place "
        "of every second row. Middle: four light places in all. Right: all light",
        same and [int(places.sum()) for places in expected] == [64, 4, 256],
    )
    page.says("Shortcuts that read a quarter", kept(16, 1).mean() == 1 / 4)
    quarters = [side for side in range(2, 20) if kept(side, 1).mean() == 1 / 4]
    page.says(
        "You met the 1×1 shortcut of a residual block in [skips and shapes]: with a stride of 2 it "
        "reads a quarter of its input, if the sides are even",
        quarters == list(range(2, 20, 2))
        and "In a ResNet it is a convolution of 1×1 with stride 2 (" in source("skips-and-shapes"),
    )
    newer = page.names["whole"], page.names["stem"], page.names["convnext"], page.names["between"]
    newer += tuple(page.names["network"](name) for name in NAMES)
    page.says(
        "Newer networks shrink their maps in other ways than by a max pool in the middle. Each "
        "looks like a detail, but some throw away most of what the network has worked out",
        not any(isinstance(part, nn.MaxPool2d) for net in newer for part in net.modules())
        and kept(16, 3).mean() < kept(16, 1).mean() < 1 / 2,
    )
    page.says(
        "What a 1×1 shortcut reads that strides or averages, asked of the gradient. Light places "
        "count, dark ones could hold anything",
        all(
            counts_only(layer, torch.from_numpy(places))
            for layer, places in zip(page.names["WAYS"].values(), expected, strict=True)
        ),
    )
    page.says(
        "The places of the input that reach the output, as a map of ones and zeros",
        all(
            page.names["read_by"](layer).tolist() == places.tolist()  # `kept` makes ones and zeros
            for layer, places in zip(page.names["WAYS"].values(), expected, strict=True)
        ),
    )
    page.says(
        "Some shortcuts in a row: each halves the map, by stride or by an average",
        all(in_a_row(page, average, n) for average in (False, True) for n in (1, 2, 3)),
    )
    resnet = page.names["resnet"]
    halved = [tuple(resnet[:n](torch.zeros(1, 3, 32, 32)).shape[2:]) for n in (1, 2, 3)]
    page.says("A network halves its maps more than once", halved == [(16, 16), (16, 16), (8, 8)])
    page.labels(
        "Three such shortcuts follow each other", "Which part of the first map gets through?"
    )
    page.prints(
        "for count in (1, 2, 3):",
        *(
            f"{n} in a row: {kept(16, n).sum()} of 256 by stride, {kept(16, 0).sum()} of 256 by "
            "average"
            for n in (1, 2, 3)
        ),
    )
    page.cites(
        "ResNet-D puts an average pool of 2×2 with stride 2 before the 1×1, which then needs no "
        "stride",
        HE,
    )
    one, maps = page.names["one"], torch.rand(1, 8, 6, 6)
    mean = sum(maps[..., r::2, c::2] for r in (0, 1) for c in (0, 1)) / 4
    by_hand = torch.einsum("oi,nirc->norc", one.weight[:, :, 0, 0], mean) + one.bias[:, None, None]
    page.says(
        "It costs no weight. In fact both together are one convolution that you know, of 2×2 with "
        "stride 2, whose four taps are equal",
        torch.allclose(page.names["whole"](maps), by_hand, atol=1e-6)
        and not [*nn.AvgPool2d(2).parameters()]
        and (page.names["whole"].weight == page.names["whole"].weight[:, :, :1, :1]).all()
        and page.names["whole"].stride == (2, 2),
    )
    page.prints("one = nn.Conv2d(8, 16, 1)", "True", f"{8 * 16} weights in place of {8 * 16 * 4}")
    lost, path_size = np.ones((15, 15), int), len(range(0, 15, 2))
    lost[14], lost[:, 14] = 0, 0
    page.prints(
        "path = nn.Conv2d(1, 1, 3, stride=2, padding=1)",
        f"the path makes {path_size} of 15",
        f"ceil_mode=False makes {15 // 2}, reads {lost.sum()} of 225",
        f"ceil_mode=True  makes {path_size}, reads 225 of 225",
    )
    page.says(
        "On an odd side there is a trap. The plain pool leaves the last row and column out, so its "
        "map is one smaller than that of the path, and the two cannot be added",
        torch.equal(page.names["read_by"](nn.AvgPool2d(2), 15), torch.from_numpy(lost).int())
        and (15 // 2, path_size) == (7, 8),
    )
    page.labels("Let the pool round up, as in [rounding up, and going back up]")
    up, odd = nn.AvgPool2d(2, ceil_mode=True), torch.ones(1, 15, 15)
    page.says(
        "An average before it reads all of an even side, for no weight, and with `ceil_mode=True` "
        "all of an odd one",
        bool(page.names["read_by"](up, 15).all() and page.names["read_by"](nn.AvgPool2d(2)).all())
        and not [*up.parameters()]
        and bool((up(odd) == 1).all()),
    )
    block = page.names["Block"](False, 1)
    x = torch.rand(1, 8, 8, 8, requires_grad=True)
    block.path(x).sum().backward()
    alone = nn.Conv2d(8, 8, 1, stride=2, bias=False).requires_grad_(False)
    alone.weight.data = torch.eye(8)[..., None, None]
    handed_on = alone(alone(alone(x)))
    page.says(
        "A quarter of a quarter of a quarter: one of 64. The main path of the block reads the "
        "rest, so nothing is lost for the network as a whole. But the shortcut is there to hand "
        "the map on as it is, and it hands on one pixel of 64",
        kept(64, 3).mean() == 1 / 64
        and bool(x.grad.ne(0).all())
        and torch.equal(handed_on, x[..., :1, :1])  # of 8×8, as it is
        and torch.equal(alone(x), x[..., ::2, ::2]),
    )
    page.says(
        "A strided 1×1 hands on a quarter of its pixels, and a row of them next to nothing",
        kept(64, 1).mean() == 1 / 4 and kept(64, 3).mean() < 0.02,
    )


def in_a_row(page, average, count) -> bool:
    """The lesson's shortcuts by slices: halved, then one weight and one bias, again and again."""
    made, x = page.names["shortcut"](average, count), torch.rand(1, 1, 16, 16)
    out, sides = x, []
    weights = [p.item() for p in made.parameters()]
    for weight, bias in zip(weights[::2], weights[1::2], strict=True):
        parts = [out[..., r::2, c::2] for r in (0, 1) for c in (0, 1)]
        out = (sum(parts) / 4 if average else parts[0]) * weight + bias
        sides.append(out.shape[-1])
    return sides == [8, 4, 2][:count] and torch.allclose(made(x), out, atol=1e-6)


def counts_only(layer, light) -> bool:
    """Whether the output hangs on each light place and on no dark one."""
    torch.manual_seed(3)
    x = torch.rand(1, 1, *light.shape, requires_grad=True)
    with torch.no_grad():
        same = torch.equal(layer(x), layer(torch.where(light > 0, x, torch.rand_like(x))))
    layer(x).sum().backward()
    return same and bool(x.grad[0, 0][light > 0].ne(0).all())


# ---- patches


def patches(page):
    layer = nn.Conv2d(1, 1, 3, stride=3, bias=False).requires_grad_(False)
    layer.weight.data = torch.tensor([[[[0.0, 1, 0], [1, 2, 1], [0, 1, 0]]]])
    page.draws("modern-patches", slide(layer, page.names["small"]))
    trace = page.figure("modern-patches")
    read = [(tap.row, tap.col) for step in trace.steps for tap in step.taps]
    page.says(
        "Four windows read every number once",
        len(trace.steps) == 4 and sorted(read) == [(r, c) for r in range(6) for c in range(6)],
    )
    axis = trace.geometry.cols
    page.says(
        "Patches of 3×3: kernel size 3, stride 3",
        (axis.kernel_size, axis.starts) == (3, (0, 3)),
    )
    page.aside(
        "It is often said that a vision transformer does not slide at all", why="what people say"
    )
    page.labels("[these patches in the explorer], set the stride below the kernel size")
    page.labels("and watch the windows overlap")
    page.cites("it cuts the image into patches of 16×16 and makes a vector of each", VIT)
    page.labels("The image has 224×224 pixels and three channels, a patch 16×16")
    page.labels("and its vector 768 numbers")
    page.labels("How many vectors come out? How many weights does it take?")
    stem, photo = page.names["stem"], page.names["photo"]
    squares = photo.reshape(3, 14, 16, 14, 16).permute(1, 3, 0, 2, 4).reshape(196, -1)
    with torch.no_grad():
        made = (squares @ stem.weight.reshape(768, -1).T + stem.bias).T.reshape(1, 768, 14, 14)
    assert torch.allclose(page.names["vectors"], made, atol=1e-4)
    side = 224 // stem.stride[0]
    page.says(
        "In our words that is a convolution whose stride is its kernel size. Windows touch, and "
        "none overlaps another",
        stem.stride == stem.kernel_size == (16, 16) and len(read) == len(set(read)) == 36,
    )
    page.says("each patch as a column", torch.equal(page.names["cut"][0].T, squares))
    page.says(
        "A patch stem is a convolution whose stride is its kernel size",
        all(conv.stride == conv.kernel_size for conv in (stem, page.names["convnext"])),
    )
    page.prints(
        "stem = nn.Conv2d(3, 768, 16, stride=16)",
        f"(1, 768, {side}, {side}) {side * side} vectors",
        f"{768 * squares.shape[1]:,} weights, {squares.shape[1]} numbers go into each vector",
        "True",
    )
    with torch.no_grad():
        cut_first = stem.weight.flatten(1) @ page.names["cut"] + stem.bias[:, None]
    page.says(
        f"{side} × {side} makes {side**2} vectors, and cutting patches first gives the same "
        "numbers",
        torch.allclose(cut_first, page.names["vectors"].flatten(2), atol=1e-4),
    )
    page.cites("ConvNeXt begins in the same way, with a kernel of 4 and a stride of 4", CONVNEXT)
    wide = ((224 + 6 - 7) // 2 + 1 + 2 - 3) // 2 + 1
    first, _, pool = page.names["resnet"]
    page.says(
        "A ResNet's stem comes to the same size by windows that overlap",
        wide == 224 // 4
        and first.stride[0] < first.kernel_size[0]
        and pool.stride < pool.kernel_size,
    )
    page.prints(
        "convnext = nn.Conv2d(3, 8, 4, stride=4)",
        f"ConvNeXt (1, 8, {224 // 4}, {224 // 4})",
        f"ResNet   (1, 8, {wide}, {wide})",
    )
    follow = {step: any(step == 16 * back for back in range(14)) for step in (16, 8, 1)}
    page.prints(
        "for step in (16, 8, 1):",
        *(f"moved by {step:>2}: the vectors follow: {does}" for step, does in follow.items()),
    )
    page.says(
        "The price of patches is their grid. If the image moves by a whole patch, the vectors move "
        "along. If it moves by anything less, each patch is cut from other pixels",
        follow == {16: True, 8: False, 1: False}
        and patches_of(photo.roll(16, 3)) == patches_of(photo)
        and not any(patches_of(photo.roll(n, 3)) & patches_of(photo) for n in (1, 8, 15)),
    )


def patches_of(photo) -> set[bytes]:
    """The patches of 16×16 of this image."""
    squares = photo.reshape(3, 14, 16, 14, 16).permute(1, 3, 0, 2, 4).reshape(196, -1)
    return {square.numpy().tobytes() for square in squares}


# ---- between the stages


def shared_by(kernel, pad, side):
    """In how many windows of stride 2 each place of a square lies."""
    starts = range(-pad, side + pad - kernel + 1, 2)
    row = np.array(
        [sum(start <= place < start + kernel for start in starts) for place in range(side)]
    )
    return np.outer(row, row)


def between_stages(page):
    page.labels("Patches again, between the stages")
    page.cites(
        "ConvNeXt cuts patches later on as well. Its blocks keep the size of a map, and between "
        "two stages of blocks a layer of its own halves it: a layer norm, then a convolution of "
        "2×2 with stride 2",
        CODE,
    )
    norm, conv = page.names["between"]
    page.says(
        "The stride is the kernel size again, so these are patches of 2×2",
        conv.stride == conv.kernel_size == (2, 2),
    )
    x = page.names["stage"]
    spread = x.var(1, keepdim=True, unbiased=False).sqrt()
    normed = norm(x).detach()
    page.says(
        "A **layer norm** takes one place at a time. From the numbers that its channels hold "
        "there, it subtracts their mean and divides by their standard deviation",
        torch.allclose(normed, (x - x.mean(1, keepdim=True)) / spread, atol=1e-4)
        and torch.allclose(norm(x[..., :1, :1]), normed[..., :1, :1], atol=1e-6),
    )
    page.says(
        "Then it gives each channel a factor and an addend of its own, and these are learned",
        [p.numel() for p in norm.parameters() if p.requires_grad] == [96, 96],
    )
    square = torch.rand(1, 8, 8, 8)  # where the last axis fits by its size alone
    plain, own = nn.LayerNorm(8), page.names["ChannelNorm"](8)
    columns = (square - square.mean(-1, keepdim=True)) / square.var(
        -1, keepdim=True, unbiased=False
    ).add(1e-5).sqrt()
    page.says(
        "A layer norm over the channels of each place; nn.LayerNorm wants them last",
        torch.allclose(own(square), plain(square.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))
        and torch.allclose(plain(square), columns, atol=1e-5)
        and not torch.allclose(plain(square), own(square), atol=0.1),
    )
    page.prints(
        "class ChannelNorm(nn.LayerNorm):",
        f"(1, 192, {56 // 2}, {56 // 2})",
        "ten times as bright, the same: True",
    )
    scaled = x * torch.rand(1, 1, 56, 56).add(0.5)
    page.says(
        "How strong a place is as a whole does not get through the norm, only how its channels "
        "compare (unless it is so weak that `eps` counts)",
        torch.allclose(norm(scaled), normed, atol=1e-3)
        and not torch.allclose(conv(10 * x), conv(x), atol=1e-3)
        and not torch.allclose(norm(x / 1000), normed, atol=0.1),
    )
    page.says(
        "Two other ways go from 96 channels on 56×56 places to 192 channels on 28×28",
        {tuple(layer(x).shape[1:]) for layer in page.names["DOWN"].values()} == {(192, 28, 28)},
    )
    page.labels("a 2×2 max pool with a 1×1 convolution behind it")
    page.labels("and one 3×3 convolution with stride 2")
    page.labels("Which of the three has the most weights?")
    taps, extra = {"max pool, 1×1": 1, "norm, 2×2": 4, "3×3, stride 2": 9}, {"norm, 2×2": 2 * 96}
    costs = {
        name: (n * 96 * 192 + 192 + extra.get(name, 0), n * 96 * 192 * 28 * 28)
        for name, n in taps.items()
    }
    page.prints(
        "DOWN = {",
        f"{'':<14} {'parameters':>10} {'work':>14}",
        *(f"{name:<14} {own:>10,} {work:>14,}" for name, (own, work) in costs.items()),
    )
    page.says(
        "A window has 1, 4 or 9 weights for each pair of channels. "
        "The work, in multiply-accumulates, grows just as much, "
        "because all three stop equally often",
        [*taps.values()] == [1, 4, 9]
        and len({work // n for n, (_, work) in zip(taps.values(), costs.values(), strict=True)})
        == 1,
    )
    page.says(
        "The norm adds only two numbers for each channel",
        sum(p.numel() for p in norm.parameters()) == 2 * 96,
    )
    with FlopCounterMode(display=False) as counter:
        norm(x)
    page.says("torch does not count its own work", counter.get_total_flops() == 0)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        conv(x)
    page.says("torch counts two for each", counter.get_total_flops() == 2 * costs["norm, 2×2"][1])
    page.labels("on a map of 8×8")
    sharing(page)


def sharing(page):
    torch.manual_seed(0)
    numbers = torch.rand(1, 1, 8, 8)[0, 0].numpy()
    blocks = numbers.reshape(4, 2, 4, 2).max((1, 3))
    winners = (numbers == np.kron(blocks, np.ones((2, 2)))).astype(int)
    expected = [winners, shared_by(2, 0, 8), shared_by(3, 1, 8)]
    drawn = page.drawing("modern-between")
    titles = ["max pool 2×2", "2×2, stride 2", "3×3, stride 2"]
    same = [axes["title"] for axes in drawn] == titles and all(
        np.array_equal(axes["images"][0], counts)
        and axes["texts"] == [str(count) for count in counts.ravel()]
        for axes, counts in zip(drawn, expected, strict=True)
    )
    page.plots("modern-between", same)
    page.says(
        "Three squares of 8 by 8 counts. Max pool: a single 1 in each block of 2 by 2, zeros "
        "elsewhere",
        same and (winners.reshape(4, 2, 4, 2).sum((1, 3)) == 1).all(),
    )
    page.says("2×2 with stride 2: every count is 1", {*expected[1].flat} == {1})
    page.says("3×3 with stride 2: a lattice of 1, 2 and 4", {*expected[2].flat} == {1, 2, 4})
    layers = page.names["HALVES"].values()
    page.says(
        "In how many outputs each place of the input has a share, with weights of 1",
        all(
            np.array_equal(page.names["shares"](layer), counts)
            for layer, counts in zip(layers, expected, strict=True)
        )
        and all((p == 1).all() for layer in layers for p in layer.parameters()),
    )
    page.says("in how many outputs each place has a share", same and blocks.size == 16)
    page.says(
        "In how many outputs each place has a share. A max pool compares all places, but passes on "
        "only one of four",
        same
        and winners.mean() == 1 / 4
        and all(  # any place would be the maximum if it were larger
            nn.MaxPool2d(2)(torch.from_numpy(raised(numbers, place))[None]).max() > 2
            for place in np.ndindex(8, 8)
        ),
    )
    reads = [int((shared_by(k, p, 15) > 0).sum()) for k, p in ((2, 0), (3, 1))]
    page.says(
        "On an even side the 2×2 layer takes every place once and treats all of them alike. The "
        "3×3 takes some of them four times, in the lattice of [going up without checkerboards]",
        all((shared_by(2, 0, side) == 1).all() for side in (4, 6, 8, 56))
        and shared_by(3, 1, 8).max() == 4
        and "It is the pattern of kernel 3 again: 1, 2 and 4" in source(UPWARDS)
        and np.array_equal(shared_by(3, 0, 9)[1:, 1:], shared_by(3, 1, 8)),  # theirs, from place 1
    )
    page.says(
        "On an odd side the 2×2 misses the last row and column, as the plain pool above does, and "
        "the 3×3 with its padding does not",
        reads == [14 * 14, 15 * 15] and not shared_by(2, 0, 15)[14].any(),
    )
    trained = [part for name in NAMES for part in page.names["trained"][name][0].modules()]
    ways = nn.MaxPool2d, page.names["ChannelNorm"]
    page.says(
        "Which of them is better, this page does not measure",
        not any(isinstance(part, ways) for part in trained)
        and not any(getattr(part, "kernel_size", 1) == (2, 2) for part in trained)
        and len(trained) > 5 * 6,
    )


def raised(numbers, place):
    """With this one number larger than all."""
    higher = numbers.copy()
    higher[place] += 2
    return higher


# ---- means


def power_mean(numbers, p):
    """By logarithms, so that nothing overflows."""
    logs = p * np.log(numbers)
    return float(np.exp((np.logaddexp.reduce(logs) - np.log(len(numbers))) / p))


def means(page):
    page.labels("the mean that lies between average and maximum, and avoid its three traps")
    page.labels("Average or maximum?", "This is the **generalised mean**, or GeM")
    page.labels("Raise each number to a power $p$, take the mean, and take the root")
    page.says(
        r"$$\left(\frac{1}{n}\sum_i x_i^{\,p}\right)^{1/p}$$",
        abs(power_mean(FOUR, 2) - ((FOUR**2).sum() / 4) ** (1 / 2)) < 1e-9
        and abs(page.names["gem"](torch.from_numpy(FOUR), 3) - power_mean(FOUR, 3)) < 1e-9,
    )
    reached = [power_mean(FOUR, p) for p in np.geomspace(1, 500, 4000)]
    page.says(
        "At the end of a network stands a global pool",
        {shapes(page, name)[2] for name in NAMES} == {(24, 1, 1)},
    )
    page.says(
        "You can have anything between",
        all(np.abs(np.subtract(reached, aim)).min() < 0.01 for aim in np.linspace(4, 9.95, 100)),
    )
    page.cites("let the network learn $p$", GEM)
    page.labels("The numbers are 1, 2, 3 and 10. What does it give for $p = 1$")
    page.labels("and where does it go as $p$ grows?")
    found = {p: power_mean(FOUR, p) for p in (1, 2, 3, 5, 10, 30)}
    page.prints("for p in POWERS:", *(f"p = {p:<3} {value:.2f}" for p, value in found.items()))
    (axes,) = page.drawing("modern-gem")
    lines = {label: (x, y) for label, x, y in axes["lines"]}
    powers, values = lines["generalised mean"]
    right = np.allclose(values, [power_mean(FOUR, p) for p in powers], atol=1e-3)
    right &= (powers[0], powers[-1]) == (1, 30) and (axes["xlabel"], axes["ylabel"]) == (
        "power p",
        "generalised mean",
    )
    flat = [y for label, (x, y) in lines.items() if label != "generalised mean"]
    right &= {y[0] for y in flat} <= {FOUR.max(), FOUR.mean()} and len(axes["lines"]) == 3
    page.plots("modern-gem", right)
    rising = np.all(np.diff(values) > 0)
    page.says(
        "A line over the power, from 1 to 30. It begins at the mean, 4, and rises towards the "
        "maximum, 10, which it never reaches",
        rising and values[0] == FOUR.mean() == 4 and max(values) < FOUR.max() == 10,
    )
    page.says("The generalised mean of 1, 2, 3 and 10", FOUR.tolist() == [1, 2, 3, 10])
    end = page.names["ENDS"]["GeM"](1)
    slope = torch.autograd.grad(end(torch.from_numpy(FOUR).reshape(1, 1, 2, 2)).sum(), end.p)[0]
    page.says(
        "It begins at the mean, 4, and comes close to the maximum. So a learned $p$ lets the "
        "network choose how much of a maximum it wants",
        round(found[1], 9) == FOUR.mean() == 4 and 9.5 < found[30] < 10 and slope.item() > 0,
    )
    page.says(
        "The generalised mean goes from the mean to the maximum as its power grows",
        rising and round(found[1], 9) == 4 and abs(power_mean(FOUR, 5000) - 10) < 0.01,
    )
    page.labels("Clamp, and mind that `nn.LPPool2d` is a sum", "A common mistake: three traps")
    ones = torch.ones(1, 2, 2)
    page.says(
        "`nn.LPPool2d` is not this mean. It takes the root of the *sum*, so a plain map of ones "
        "does not stay at 1",
        nn.LPPool2d(2, 2)(ones).item() == (4 * 1**2) ** 0.5 != power_mean(np.ones(4), 2),
    )
    learned = page.names["trained"]["GeM"][0][3].p.tolist()
    page.says(
        "A learned power is hardly ever whole, and torch gives `nan` for a negative number to such "
        "a power",
        all(p != round(p) for p in learned)
        and torch.tensor([-1.0]).pow(torch.tensor(learned)).isnan().all()
        and torch.tensor(-1.0).pow(3) == -1,
    )
    page.says(
        "So clamp before the power, to a small positive number",
        torch.tensor([-1.0, 0, 2]).clamp(min=1e-6).pow(torch.tensor(learned)[:, None]).gt(0).all(),
    )
    gem, large = page.names["gem"], torch.tensor([1e3, 2e3])
    page.says(
        "Powers overflow and underflow. Divide by the maximum first, and multiply by it at the end",
        gem(large, 64.0).isinf()
        and gem(large / 1e6, 64.0) == 0
        and all(
            abs((some.max() * gem(some / some.max(), 64.0)) / power_mean(some.numpy(), 64) - 1)
            < 1e-5
            for some in (large, large / 1e6)
        ),
    )
    mixed = torch.tensor([-1.0, 2, 3, 1]).reshape(1, 2, 2)
    page.says(
        "An odd power is no way out: the sum can be negative, and then the root is `nan`",
        nn.LPPool2d(3, 2)(-ones).isnan().all()
        and abs(nn.LPPool2d(3, 2)(mixed).item() - (-1 + 8 + 27 + 1) ** (1 / 3)) < 1e-5,
    )
    page.says(
        "The clamp comes before that, because a window of zeros has the maximum 0, and 0 divided "
        "by 0 is `nan`",
        (torch.zeros(4) / torch.zeros(4).max()).isnan().all()
        and page.names["gem"](torch.zeros(4).clamp(min=1e-6) / 1e-6, 3.0) == 1,
    )
    assert float(np.float32(0.1) ** np.float32(64)) == 0, "it underflows"
    page.prints(
        "ones, minus = torch.ones(1, 2, 2), -torch.ones(1, 2, 2)",
        "LPPool2d of ones:      2.0 and not 1.0",
        "LPPool2d of negatives: nan",
        "power 64, as it is:    0.0",
        f"divided by the maximum: {power_mean(FOUR / 100, 64):.3f}",
    )


# ---- the class token


def token(page):
    page.says("Here it is, cut down to one step with one head", page.names["Token"](8).runs == 1)
    page.cites("the vision transformer by", VIT)
    layer, x = page.names["Token"](8), torch.rand(2, 8, 4, 4)
    with torch.no_grad():
        layer.question.weight.zero_()
        made, values = layer(x), layer.value(x)
        mean = values.flatten(2).mean(2)
        average = torch.allclose(made[..., 0, 0], mean, atol=1e-6)
        page.says(
            "a question that every place fits equally",
            (layer.question(x) == layer.question(x)[:, :, :1, :1]).all(),
        )
        page.says(
            "With a question that tells no place from another, all weights are equal, and what "
            "comes out is the global average. So the average is a class token that does not look",
            average,
        )
        layer.question.weight.normal_()
        looking, fits = layer(x)[..., 0, 0], layer.question(x).flatten(2).double().exp()
        shares = fits / fits.sum(2, keepdim=True)
        weighted = (values.flatten(2) * shares).sum(2).float()
        page.says(
            "A global average is a class token that does not look",
            average and not torch.allclose(looking, mean, atol=1e-3),
        )
    page.says(
        "One question to every place: softmax weights, and a mean of the values with them",
        torch.allclose(looking, weighted, atol=1e-5)
        and layer.question.weight.shape == (1, 8, 1, 1)
        and fits.shape == (2, 1, 4 * 4),
    )
    page.says("they sum to 1", np.allclose(shares.sum(2), 1))
    page.says(
        "The token asks every place a question, and takes a weighted mean of the answers. Which "
        "weights? A softmax of how well each place fits the question. The question is learned, so "
        "the network decides where to look",
        torch.allclose(looking, weighted, atol=1e-5)
        and layer.question.weight.requires_grad
        and shares.std() > 0.01,
    )
    page.cites(
        "It carries an extra vector along, the **class token**, which belongs to no patch", VIT
    )
    page.cites("A vision transformer ends in another way", VIT)
    again = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(8, 1, 8, batch_first=True), 2, enable_nested_tensor=False
    )
    line = torch.rand(1, 5, 8)  # the token and four places
    looks = [part.self_attn(line, line, line)[1][0, 0] for part in again.layers]
    page.says(
        "In a transformer the token asks again in each layer, and it also looks at itself",
        len(looks) == 2 and all(len(look) == 5 and look[0] > 0.01 for look in looks),
    )
    page.prints("class Token(nn.Module):", "True")
    sizes = {n: sum(p.numel() for p in page.names["network"](n).parameters()) for n in NAMES}
    page.says(
        "The token can do more, and it needs weights for it", sizes["class token"] > sizes["plain"]
    )


# ---- training


def by_hand(weights, average, end, x):
    """One run's ten numbers for each image, by sums and slices."""
    first, bias = weights["0.weight"], weights["0.bias"]
    x = conv3(x, first, bias).clip(0)
    path = conv3(x, weights["2.path.weight"], weights["2.path.bias"], step=2)
    rows = [x[:, :, r::2, c::2] for r in (0, 1) for c in (0, 1)]
    small = sum(rows) / 4 if average else rows[0]
    one = weights["2.shortcut.weight"][:, :, 0, 0]
    short = one @ small.reshape(len(x), 8, -1) + weights["2.shortcut.bias"][:, None]
    places = (path.reshape(short.shape) + short).clip(0)
    if end == "mean":
        features = places.mean(2)
    elif end == "maximum":
        features = places.max(2)
    elif end == "GeM":
        p = float(weights["3.p"][0])
        features = (places.clip(1e-6).astype(float) ** p).mean(2) ** (1 / p)
    else:
        asked = weights["3.question.weight"][:, :, 0, 0] @ places
        fits = np.exp(asked - asked.max())
        fits /= fits.sum(2, keepdims=True)
        value = weights["3.value.weight"][:, :, 0, 0]
        values = value @ places + weights["3.value.bias"][:, None]
        features = (values * fits).sum(2)
    return features @ weights["4.weight"][:, :, 0, 0].T + weights["4.bias"]


def conv3(x, kernel, bias, step=1):
    """A 3×3 convolution with a border of zeros: its taps side by side, times the kernel."""
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    rows, cols = x.shape[2:]
    taps = [
        wide[:, :, r : r + rows : step, c : c + cols : step] for r in range(3) for c in range(3)
    ]
    columns = np.stack(taps, 2)
    found = kernel.reshape(len(kernel), -1) @ columns.reshape(len(x), kernel[0].size, -1)
    return (found + bias[:, None]).reshape(len(x), len(kernel), *columns.shape[3:])


ENDS = {"plain": (False, "mean"), "average shortcut": (True, "mean"), "maximum": (False, "maximum")}
ENDS |= {"GeM": (False, "GeM"), "class token": (False, "class token")}


def asked_again(page, name) -> np.ndarray:
    """Percent right of each seed's own part of the trained network: training, test."""
    net, x = page.names["trained"][name][0], (DIGITS.images / 4)[:, None].astype(np.float32)
    found = []
    for seed in range(8):
        own = {
            key: np.split(value.detach().numpy(), 8)[seed]
            for key, value in net.state_dict().items()
        }
        order = torch.randperm(1797, generator=torch.Generator().manual_seed(seed)).numpy()
        right = by_hand(own, *ENDS[name], x).argmax(1) == DIGITS.target
        found.append([100 * right[order[:1500]].mean(), 100 * right[order[1500:]].mean()])
    return np.array(found)


def training(page):
    results = {name: result.numpy() for name, result in page.names["results"].items()}
    assert list(results) == NAMES
    for name in NAMES:  # an image on the verge may fall to either side
        assert np.abs(asked_again(page, name) - results[name][:, 1:]).max() < 0.4, name
    sizes = {"plain": 8 * 10 + 24 * (8 * 9 + 1) + 24 * (8 + 1) + 10 * 25}
    sizes |= {"average shortcut": sizes["plain"], "maximum": sizes["plain"]}
    sizes |= {"GeM": sizes["plain"] + 1, "class token": sizes["plain"] + 25 + 24 * 25}
    numbers = torch.rand(1, 6, 3, 3) + 0.1
    end = page.names["GeM"](2)
    end.p.data.copy_(torch.tensor([2.0, 5.0]))
    page.says(
        "The generalised mean over the map, with one learned power for each run",
        end.p.requires_grad
        and np.allclose(
            end(numbers).detach().flatten(),
            [power_mean(numbers[0, n].numpy().ravel(), p) for n, p in enumerate([2] * 3 + [5] * 3)],
            atol=1e-5,
        ),
    )
    together = all(side_by_side_as_alone(page, name) for name in NAMES)
    page.says("The network; with more runs, so many of them side by side", together)
    page.says(
        "One network of as many groups as there are seeds. Each seed gives its group's weights",
        together,
    )
    counts = Counts()
    with patch.dict(page.names["train"].__globals__, side_by_side=lambda name, seeds: counts):
        net, right = page.names["train"]("plain", [6], epochs=5)
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(6)).numpy()
    tried, tested = DIGITS.target[order[:1500]], DIGITS.target[order[1500:]]
    page.says(
        "The network, and percent right by seed: two rounds before the end, at the end, and in the "
        "test",
        net is counts
        and np.allclose(
            right, [[100 * np.mean(some) for some in (tried == 5 - 2, tried == 5, tested == 5)]]
        ),
    )
    page.prints("FIRST, LAST = 8, 24", *(f"{n:<17} {sizes[n]:>5,} parameters" for n in NAMES))
    powers = page.names["trained"]["GeM"][0][3].p.tolist()
    rows = [
        f"{name:<17} {before:>16.1f} {at_end:>9.1f} {test:>6.1f}"
        for name, (before, at_end, test) in (
            (n, torch.from_numpy(r).mean(0)) for n, r in results.items()
        )
    ]
    page.prints(
        "def train(name, seeds, epochs=12, batch=50):",
        "percent right, means over the seeds",
        f"{'':<17} {'2 rounds before':>16} {'training':>9} {'test':>6}",
        *rows,
        f"learned powers: {[round(p, 1) for p in powers]}",
    )
    page.says(
        "Over the last two rounds no mean moves by a whole point on the training images. So the "
        "training is long enough to compare",
        all(abs(r[:, 1].mean() - r[:, 0].mean()) < 1 for r in results.values()),
    )
    page.labels("Now train them, with the rules of [trained on digits]")
    page.says(
        "the same splits, first weights and order for all, eight seeds, differences within each "
        "seed, and an interval that pays for every look",
        same_start(page)
        and {len(r) for r in results.values()} == {8}
        and quantile(1) < quantile(2) < quantile(4),
    )
    page.says(
        "All five have a 3×3 convolution, then one residual block that halves the map, then one "
        "number for each channel, then a linear layer",
        all(shapes(page, name) == [(8, 8, 8), (24, 4, 4), (24, 1, 1), (10,)] for name in NAMES),
    )
    nets = [page.names["network"](name) for name in NAMES]
    alike = {repr([*net[:2], net[2].path, *net[4:]]) for net in nets}
    apart = {repr([net[2].pool, net[2].shortcut, net[3]]) for net in nets}
    page.says(
        "Only two things differ: the shortcut of the block, and what makes the one number",
        len(alike) == 1 and len(apart) == 5,
    )
    page.says(
        "channels before and behind the block",
        [tuple(net[2].path.weight.shape[1::-1]) for net in nets] == [(8, 24)] * 5
        and (page.names["FIRST"], page.names["LAST"]) == (8, 24),
    )
    page.says(
        "whether the shortcut averages, and the end",
        page.names["NETWORKS"] == ENDS
        and all(
            isinstance(net[2].pool, nn.AvgPool2d) == ENDS[name][0]
            for name, net in zip(NAMES, nets, strict=True)
        ),
    )
    page.says(
        "As in that lesson, the eight runs of a network are trained side by side, as eight groups "
        "of one network",
        all(page.names["trained"][name][0][0].groups == 8 for name in NAMES)
        and "eight runs of a network side by side, as eight groups" in source("trained-on-digits"),
    )
    page.labels("Do not rank the last column yet")
    page.labels("Subtract within each seed, and draw the interval of each difference")
    page.says(
        "One thing happened: the mean of the learned powers rose above the 3 that each began "
        "with. So the network moved towards the maximum",
        3.2 < np.mean(powers) < 6
        and page.names["GeM"](1).p.tolist() == [3]
        and power_mean(FOUR, 5) > power_mean(FOUR, 3),
    )


class Counts(nn.Module):
    """In the place of a network: its answer is the number of rounds that are over."""

    def __init__(self):
        super().__init__()
        self.nothing, self.steps = nn.Parameter(torch.zeros(10)), 0

    def forward(self, x):
        self.steps += torch.is_grad_enabled()
        return self.nothing * 0 + (torch.arange(10) == self.steps // 30).float().expand(len(x), 10)


def side_by_side_as_alone(page, name) -> bool:
    """Each group answers as the network of its seed does, and reads its own channel."""
    seeds, x, alone = (4, 7, 5), torch.rand(3, 3, 8, 8), []
    net = page.names["side_by_side"](name, seeds)
    for place, seed in enumerate(seeds):
        torch.manual_seed(seed)
        alone.append(page.names["network"](name)(x[:, place : place + 1]))
    return {m.groups for m in net.modules() if isinstance(m, nn.Conv2d)} == {3} and torch.allclose(
        net(x), torch.cat(alone, 1), atol=1e-5
    )


def shapes(page, name):
    x, found = torch.zeros(1, 1, 8, 8), []
    for part in page.names["network"](name):
        x = part(x)
        found.append(tuple(x.shape[1:]))
    return [found[1], found[2], found[3], found[5]]


def same_start(page):
    """The first weights of a seed, which all networks have."""
    starts = [page.names["side_by_side"](name, [4, 7]).state_dict() for name in NAMES]
    return all(
        torch.equal(start[key], starts[0][key])
        for start in starts
        for key in ("0.weight", "2.path.weight", "2.shortcut.bias")
    )


@cache
def quantile(looks):
    return stats.t(7).isf(0.05 / 2 / looks)


def verdict(page):
    results = {name: result.numpy() for name, result in page.names["results"].items()}
    found = {}
    for name in NAMES[1:]:
        differences = results[name][:, 2] - results["plain"][:, 2]
        wide = np.sqrt(differences.var(ddof=1) * (1 / 8 + 297 / 1500)) * quantile(4)
        found[name] = differences.mean(), wide
    lines = [
        f"{name:<17} {middle:+5.1f} ± {half:3.1f}   "
        + ("within noise" if middle - half <= 0 <= middle + half else "clear")
        for name, (middle, half) in found.items()
    ]
    page.prints(
        "def interval(differences, testing=297, training=1500, looks=4):",
        "test: points more or less than the plain network",
        *lines,
    )
    verdicts = list(zip(lines, found.values(), strict=True))
    (axes,) = page.drawing("modern-differences")
    drawn = [x for _, x, y in axes["lines"] if y == [4, 3, 2, 1]]
    middles, halves = np.array(list(found.values())).T
    expected = (middles, middles - halves, middles + halves)
    right = axes["yticks"] == NAMES[1:] and all(
        any(np.allclose(x, line, atol=2e-3) for line in drawn) for x in expected
    )
    right &= "points against the plain network, test images" == axes["xlabel"]
    page.plots("modern-differences", right)
    better = [name for name, (middle, half) in found.items() if middle - half > 0]
    average, average_half = found["average shortcut"]
    page.says(
        "One interval for each of four networks, against the plain network at zero. None of "
        "the four lies wholly above zero",
        not better and len(found) == 4,
    )
    page.says(
        "Differences within each seed, with intervals that hold together in 95% of cases. An "
        "interval that touches the dashed line is within noise",
        abs(4 * 2 * stats.t(7).sf(quantile(4)) - 0.05) < 1e-9
        and right
        and [0, 0] in [list(x) for _, x, _ in axes["lines"]]
        and all(("noise" in line) == (abs(m) <= h) for line, (m, h) in verdicts),
    )
    few = np.array([1, -0.5, 2, 0.5])
    half = stats.t(3).isf(0.05 / 2 / 4) * np.sqrt(few.var(ddof=1) * (1 / 4 + 297 / 1500))
    page.says(
        "The mean, and half the width of its interval: 95% for all looks together, corrected",
        len(found) == 4
        and np.allclose(page.names["interval"](torch.from_numpy(few)), (few.mean(), half)),
    )
    interval, some = page.names["interval"], torch.tensor([1.0, -0.5, 2.0, 0.0])
    halves_of = [
        interval(some, testing, looks=looks)[1] for testing, looks in ((0, 1), (297, 1), (297, 4))
    ]
    page.says(
        "widen it, because the splits share their images, and Bonferroni's share of 5% for each of "
        "four looks widens it once more",
        halves_of == sorted(set(halves_of))
        and abs(halves_of[1] / halves_of[0] - (1 + 4 * 297 / 1500) ** 0.5) < 1e-5
        and abs(halves_of[2] / halves_of[1] - stats.t(3).isf(0.025 / 4) / stats.t(3).isf(0.025))
        < 1e-5,
    )
    page.cites("widen it, because the splits share their images", NADEAU)
    page.says("**Nothing is gained.** No interval lies wholly above zero", not better)
    page.says(
        "The shortcut that reads a quarter did not cost anything that eight seeds could show, and "
        "no end is clearly better than the mean",
        not better and abs(average) < average_half,
    )
    page.says(
        "That does not prove them equal: an interval reaches one to three points to each side",
        round(halves.min()) >= 1 and round(halves.max()) <= 3,
    )
    sizes = {n: sum(p.numel() for p in page.names["network"](n).parameters()) for n in NAMES}
    page.says(
        "The class token has the lowest mean, although it has the most parameters",
        min(found, key=found.get) == "class token" == max(sizes, key=sizes.get)
        and found["class token"][0] < 0,
    )
    page.says(
        "And these are digits of 8×8 pixels in networks with one block",
        DIGITS.images.shape[1:] == (8, 8)
        and all(
            [type(part).__name__ for part in page.names["network"](name)].count("Block") == 1
            for name in NAMES
        ),
    )
    page.says(
        "What each of them computes, and what is left of the differences after fair training",
        not better and len(found) == 4 and same_start(page),
    )
    page.aside(
        "The shortcut can only matter where much depends on it, in a deep network. What large "
        "images tell is in the authors' papers",
        why="what this experiment leaves open",
    )
    up = nn.AvgPool2d(2, ceil_mode=True)
    page.says(
        "average before the shortcut anyway, with `ceil_mode=True`, for it costs no weight and "
        "reads everything",
        not [*up.parameters()]
        and all(page.names["read_by"](up, side).all() for side in range(2, 20)),
    )
    page.says(
        "On small digits none of these choices is clearly better than the plain network", not better
    )
    page.labels("try GeM where you look for one small thing in a large image")


def exercises(page):
    page.labels(
        "Predict first", "Then open the answer", "Check your answers", "One of how many pixels gets"
    )
    page.labels("Five strided 1×1 shortcuts follow each other.")
    one_of = 64 * 64 // kept(64, 5).sum()
    page.says(f"{one_of:,}: five times a quarter", one_of == 4**5)
    page.answers(1, ("1,024", 1024))
    page.labels("An image of 384×384 is cut into patches of 16×16.")
    made = nn.Conv2d(1, 1, 16, stride=16)(torch.zeros(1, 384, 384))
    page.says("576: 24 × 24", (made.numel(), *made.shape[1:]) == (576, 24, 24))
    page.answers(2, "576")
    page.labels(
        "A window holds four ones. What do `nn.LPPool2d(1, 2)` and", "mean with $p = 1$ give?"
    )
    window = torch.ones(1, 2, 2)
    both = (window.sum().item(), window.mean().item())
    page.says(
        "4 and 1. With a power of 1, the one is the sum, the other the mean",
        both == (4, 1) and nn.LPPool2d(1, 2)(window).item() == both[0],
    )
    page.answers(3, ("4", 4), ("1", 1))
    page.labels("A class token looks at four places, and all four fit its question equally well")
    page.says(
        "0.25: a softmax of equal numbers shares 1 equally",
        all(
            np.allclose(torch.softmax(torch.full((many,), fit), 0), 1 / many)
            for many in (4, 3, 7)
            for fit in (-5.0, 0.0, 2.5)
        )
        and torch.softmax(torch.full((4,), 2.5), 0).tolist() == [0.25] * 4,
    )
    page.answers(4, "0.25")
    page.prints("many = read_by(", str(one_of), "576", "(4.0, 1.0)", "0.25")
