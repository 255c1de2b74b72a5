"""lessons/what-it-costs.py: costs by formulas, memory by numpy, torch's list line by line."""

import re

import numpy as np
import pytest
import torch
from lesson_run import ROOT, source
from phone import too_wide
from states import opens
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from slidingwindows import slide

HE, NOTES = "https://arxiv.org/abs/1512.03385", "1.3.1/_sources/notes/randomness.rst.txt"
SIMONYAN = "https://arxiv.org/abs/1409.1556"
MAPS, SIDE = (3, 32, 64, 128, 256), 128
SIDES = [SIDE >> block for block in range(4)]
VGG = [(3, 64, 224), (64, 64, 224), (64, 128, 112), (128, 128, 112), (128, 256, 56)]
VGG += [(256, 256, 56)] * 3 + [(256, 512, 28)] + [(512, 512, 28)] * 3 + [(512, 512, 14)] * 4
LAST = {"memory_format": torch.channels_last}
LINEAR = [(512 * 7 * 7, 4096), (4096, 4096), (4096, 1000)]


def work(inside, maps, side):
    """The multiply-accumulates of a padded 3×3 convolution."""
    return side * side * maps * inside * 9


BLOCKS = list(zip(MAPS[:-1], MAPS[1:], SIDES, strict=True))
WORK = [work(*block) for block in BLOCKS]
PARAMETERS = [maps * (inside * 9 + 1) for inside, maps, _ in BLOCKS]
OUT = [maps * side * side for _, maps, side in BLOCKS]
FORWARD = 2 * (sum(WORK) + 256 * 10)  # with the linear layer at the end


def test_every_claim(page):
    places(page)
    counts(page)
    not_counted(page)
    keeping(page)
    layout(page)
    repeating(page)
    rounding(page)
    exercises(page)
    ending(page)
    docstrings(page)
    page.complete()
    assert not too_wide(page)


def docstrings(page):
    names = page.names
    net, x = names["blocks"](nn.AvgPool2d), torch.rand(1, 256, 4, 3)
    kinds = ["Conv2d", "ReLU", "AvgPool2d"] * 4 + ["AdaptiveAvgPool2d", "Flatten", "Linear"]
    page.says(
        "Four blocks of convolution, ReLU and pool, then a mean and ten classes",
        [type(layer).__name__ for layer in net] == kinds
        and torch.allclose(net[12:14](x), x.mean((2, 3)), atol=1e-6)
        and net(torch.rand(1, 3, 16, 16)).shape == (1, 10),
    )
    small = nn.Sequential(nn.Conv2d(2, 5, 3, padding=1), nn.ReLU(), nn.Conv2d(5, 4, 3, padding=1))
    page.says(
        "For each convolution: multiply-accumulates, parameters, numbers put out",
        names["costs"](small, torch.rand(1, 2, 6, 6))
        == [(work(a, b, 6), b * (9 * a + 1), b * 36) for a, b in ((2, 5), (5, 4))],
    )
    x = torch.rand(1, 2, 6, 6, requires_grad=True)
    page.says(
        "What torch's own counter counts in one forward pass",
        names["flops"](small, x) == torch_counts(small, x) == 2 * (work(2, 5, 6) + work(5, 4, 6)),
    )
    layers = nn.Sequential(nn.Conv2d(2, 3, 1), nn.ReLU(), nn.MaxPool2d(2), nn.AvgPool2d(1))
    clipped = layers[:2](x)
    pooled, where = nn.functional.max_pool2d(clipped, 2, return_indices=True)
    lines = names["kept"](layers, x)
    new = [[x], [clipped], [where], [pooled]]  # the max pool's input is there already
    page.says(
        "For each layer: its name, the bytes it puts out, the new tensors it keeps",
        [line[:2] for line in lines]
        == [("Conv2d", 432), ("ReLU", 432), ("MaxPool2d", 108), ("AvgPool2d", 108)]
        and all(
            len(found) == len(mine) and all(map(torch.equal, found, mine))
            for (*_, found), mine in zip(lines, new, strict=True)
        ),
    )
    wide = torch.linspace(-40, 40, 9999)
    steps, inside = names["rounded"](wide), (wide > -32) & (wide < 31.75)
    page.says(
        "Each number at its nearest step of 0.25, in 8 bits",
        np.array_equal(steps, quarter_steps(wide.numpy()))
        and len(steps.unique()) == 2**8
        and (steps - wide)[inside].abs().max() <= 0.25 / 2,
    )


def torch_counts(layer, x):
    """What torch's counter counts in one forward pass."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        layer(x)
    return counter.get_total_flops()


def shares(column):
    return [100 * value / sum(column) for value in column]


def places(page):
    drawn = page.drawing("costs-three-places")
    columns = {"multiply-accumulates": WORK, "parameters": PARAMETERS, "outputs": OUT}
    same = [axes["title"] for axes in drawn] == list(columns)
    for axes, column in zip(drawn, columns.values(), strict=True):
        same &= np.allclose([height for *_, height in axes["bars"]], shares(column))
        same &= axes["texts"] == [f"{share:.1f}" for share in shares(column)]
        same &= axes["xticks"] == ["1", "2", "3", "4"] and axes["xlabel"] == "block"
    same &= drawn[0]["ylabel"] == "% of all four"
    page.plots("costs-three-places", same)
    net = page.names["blocks"]()
    page.says(
        "four blocks of a 3×3 convolution, a ReLU and a 2×2 max pool",
        [type(layer).__name__ for layer in net[:12]] == ["Conv2d", "ReLU", "MaxPool2d"] * 4,
    )
    page.says(
        "each block with twice as many channels as the one before",
        [b / a for a, b in zip(MAPS[1:], MAPS[2:], strict=False)] == [2, 2, 2],
    )
    page.says(
        "Three bar charts over the four blocks. Multiply-accumulates: a small bar, then three "
        "equal ones",
        len({*WORK[1:]}) == 1 and 5 * WORK[0] < WORK[1] + WORK[0],
    )
    page.says(
        "Parameters: bars that grow, and the last holds most",
        sorted(PARAMETERS) == PARAMETERS and shares(PARAMETERS)[-1] > 50,
    )
    page.says(
        "Outputs: bars that halve from block to block",
        [a / b for a, b in zip(OUT, OUT[1:], strict=False)] == [2, 2, 2],
    )
    worst = [column.index(max(column)) for column in (PARAMETERS, OUT)]
    even = len({*WORK[1:]}) == 1
    apart = PARAMETERS[1] < PARAMETERS[2] < PARAMETERS[3] and OUT[1] > OUT[2] > OUT[3] and even
    page.says(
        "The same four convolutions, asked for three kinds of cost. Each is spread in its own way",
        len(drawn) == 3 and apart,
    )
    page.says("There is no single answer", apart)
    page.says(
        "Weights, work and maps are each spread in their own way, and the maps are what training "
        "keeps",
        apart
        and all(tensor.ndim == 4 for *_, new in page.names["with_max"][:12] for tensor in new),
    )
    page.says(
        "The weights are at the end, the big maps are at the beginning, and the work is spread "
        "evenly over all blocks but the first",
        worst == [len(OUT) - 1, 0] and even and WORK[0] < WORK[1] / 5,
    )
    page.labels("What it costs", "sounds like a question with one answer", "how many weights")
    page.labels(
        "Then ask three times", "Take a typical one", "turn one tool's number into another's"
    )
    page.labels("Know which layers torch itself does not promise to repeat on a GPU")
    page.says(
        "A pool quarters the places of a map and the next convolution doubles its channels on both "
        "sides, which is 4 times the weights at a quarter of the places. So the work stays the "
        "same",
        (SIDES[1] / SIDES[2]) ** 2 == (MAPS[3] * MAPS[2]) / (MAPS[2] * MAPS[1]) == 4 and even,
    )


def counts(page):
    kernel = nn.Conv2d(1, 1, 3, bias=False).requires_grad_(False)
    kernel.weight.data = torch.ones(1, 1, 3, 3)
    page.draws("costs-window", slide(kernel, torch.arange(16.0).reshape(1, 4, 4)))
    steps = page.figure("costs-window").steps
    pairs = [len(step.taps) for step in steps]
    asked = "stops, weights = 4, 9"
    printed = [int(line.split(": ")[1]) for line in page.output(asked).splitlines()]
    page.says(
        "One window, three counts",
        {(step.taps[-1].row - step.taps[0].row, len(step.taps)) for step in steps} == {(2, 9)}
        and len({*printed}) == 3
        and printed == [counted_by_hand(False)[0], *(sum(counted_by_hand(b)) for b in (0, 1))],
    )
    page.says("Four stops of a 3×3 kernel", len(steps) == 4)
    sums = torch.arange(16.0).reshape(4, 4).unfold(0, 3, 1).unfold(1, 3, 1).sum((2, 3))
    page.says(
        "Each stop multiplies 9 pairs and adds up the products",
        {*pairs} == {9} and torch.equal(torch.tensor(page.figure("costs-window").output), sums),
    )
    opens(page, "costs-window")
    page.labels("[Open this kernel in the explorer] and count for yourself")
    page.says(
        "each stop writes out its products",
        all(step.arithmetic.count("·") == 9 for step in steps),
    )
    page.labels("Start with a single 3×3 kernel on a 4×4 map")
    products, sums = sum(pairs), sum(n - 1 for n in pairs)
    page.prints(
        asked,
        f"multiply-accumulates: {products}",
        f"products and sums: {products + sums}",
        f"products, sums and a bias: {products + sums + len(steps)}",
    )
    page.says(
        "A **multiply-accumulate** (MAC) is one product added to a running sum",
        pairs[0] == sums / len(steps) + 1,
    )
    page.aside("some texts call it a multiply-add", why="a name in other texts")
    one, other = torch.rand(1, 9), torch.rand(9, 1)
    page.says(
        "A **FLOP** is one floating-point operation, and then a product and a sum are two",
        torch_counts(lambda x: x @ other, one) == 2 * 9,
    )
    page.says(
        "Adding up 9 products takes only 8 additions, and a bias brings the ninth",
        (pairs[0], sums // len(steps)) == (9, 8),
    )
    page.prints("def flops(layer, x):", f"bias=False {2 * products}", f"bias=True  {2 * products}")
    page.says("Torch has a counter of its own", FlopCounterMode.__module__.startswith("torch."))
    page.labels("Ask it for the layer with and without a bias")
    grey = torch.rand(1, 1, 4, 4)
    biased = [torch_counts(nn.Conv2d(1, 1, 3, bias=bias), grey) for bias in (False, True)]
    page.says(
        "72 both times: torch counts two FLOPs for each multiply-accumulate, and does not look at "
        "the bias",
        biased == [2 * products] * 2 and biased[0] == 72,
    )
    total = sum(work(*layer) for layer in VGG) + sum(a * b for a, b in LINEAR)
    page.prints(
        "counted = flops(vgg19, image)",
        f"torch counts  {2 * total / 1e9:.1f} billion FLOPs",
        f"multiply-accumulates {total / 1e9:.1f} billion",
    )
    page.cites("The ResNet paper says that VGG-19 takes 19.6 billion FLOPs", HE)
    weights = sum(9 * a * b + b for a, b, _ in VGG) + sum(a * b + b for a, b in LINEAR)
    planned = page.names["vgg19"]
    with pytest.raises((RuntimeError, NotImplementedError)):  # there is nothing to copy
        planned[0].weight.cpu()
    page.says(
        "It has 144 million parameters, so build it on torch's `meta` device, where tensors have "
        "shapes and no memory",
        round(weights / 1e6) == 144
        and sum(p.numel() for p in planned.parameters()) == weights
        and all(p.is_meta and p.data_ptr() == 0 for p in planned.parameters()),
    )
    counted = torch_counts(planned, page.names["image"])
    halved = counted == 2 * total and f"{counted / 2e9:.1f}" == "19.6"  # what the paper says
    page.says("The factor of two, in print", halved)
    page.says(
        "The paper's FLOPs are multiply-accumulates. Both numbers are right, and they differ by a "
        "factor of 2. So never compare two FLOP counts before you know whether a product and a sum "
        "count as one or as two",
        halved,
    )
    page.says(
        "One multiply-accumulate is one MAC or two FLOPs. Torch's counter says two, and some "
        "papers say one",
        halved and torch_counts(lambda x: x @ x, torch.ones(1, 1)) == 2,
    )

    page.says("All three are honest", len({products, products + sums, 2 * products}) == 3)
    page.labels("Now read other people's numbers", "Build VGG-19 and count")
    page.says(
        "Why two tools disagree about the FLOPs of one network by a factor of two",
        halved,
    )
    page.labels("where the memory goes in training, and what rounding does to a pool")


def not_counted(page):
    names = ("MaxPool2d", "AvgPool2d", "ReLU", "BatchNorm2d")
    counted = {re.sub(r"\W|^aten", "", str(operation)) for operation in flop_registry}
    others = (nn.Softmax(1), nn.Upsample(scale_factor=2), nn.PixelShuffle(2), nn.Sigmoid())
    page.labels("What nobody counts")
    page.says(
        "Nothing at all. The counter knows convolutions, matrix products and attention, and leaves "
        "everything else out",
        all(re.search("conv|mm|attention", name) for name in counted)
        and not any(torch_counts(layer, torch.rand(1, 8, 8, 8)) for layer in others),
    )
    page.prints("some = torch.rand(1, 8, 16, 16)", *(f"{name:<12} 0" for name in names))
    page.aside(
        "Other tools count a comparison here and an addition there", why="a custom of other tools"
    )
    compared = sum(OUT) + sum(3 * out // 4 for out in OUT)
    page.says(
        "Count one comparison for each number of a ReLU, and three for each window of a 2×2 max",
        comparisons(lambda x: [max(0, n) for n in x], nn.ReLU(), (1, 64)) == 64
        and comparisons(lambda x: [max(w) for w in cut(x)], nn.MaxPool2d(2), (1, 8, 8)) == 3 * 16,
    )
    page.prints(
        "x, compared = photo, 0",
        f"counted:  {FORWARD:>11,}",
        f"left out: {compared:>11,}, or {compared / FORWARD:.2%}",
    )
    page.says("It is well below one percent", compared / FORWARD < 0.005)
    page.says(
        "so the factor of two is what makes tools differ, not the pools", compared / FORWARD < 0.005
    )
    read = [nudged(pool(2)) for pool in (nn.MaxPool2d, nn.AvgPool2d)]
    page.says(
        "But a small count does not make a pool free. It still reads and writes every number, and "
        "the time for that shows up in no FLOP count",
        all(len(changed) == 64 and changed.all() for changed in read)
        and not torch_counts(nn.MaxPool2d(2), torch.rand(1, 1, 8, 8)),
    )
    back = 3 * FORWARD - 2 * WORK[0]
    page.prints(
        "with FlopCounterMode(display=False) as counter:\n    blocks()",
        f"forward and backward: {back / FORWARD:.2f} × forward",
        "3 × forward − first product: True",
    )
    page.says(
        "A training step goes back as well. For each layer that means two more products of the "
        "same size, one for the gradient of the weights and one for the gradient of the input",
        counted_times(1, weights=True) == counted_times(1, weights=False) == 2,
    )
    page.says(
        "It is not quite 3 times, because nobody asks for the gradient of the photo",
        2.9 < back / FORWARD < 3 and steps_in_all(False) < 3 == steps_in_all(True),
    )
    page.says(
        "A grouped convolution would seem to cost more, because for the gradient of its weights "
        "this counter forgets the groups",
        [counted_times(g, weights=True) for g in (1, 2, 4)] == [2, 3, 5]
        and [counted_times(g, weights=False) for g in (1, 2, 4)] == [2, 2, 2],
    )
    saves = [whole - bare for whole, bare in zip(by_layer(True), by_layer(False), strict=True)]
    page.says(
        "The first layer saves one of its three products",
        saves == [2 * WORK[0], 0, 0, 0] and by_layer(True) == [3 * 2 * work for work in WORK],
    )


def counted_by_hand(bias):
    """Products and sums of a 3×3 kernel on a 4×4 map, done one at a time and counted."""
    products = additions = 0
    image, kernel, out = np.arange(16.0).reshape(4, 4), np.ones((3, 3)), []
    for r in range(2):
        for c in range(2):
            total = 0.0 if bias else None  # nothing to add the first product to
            for place in np.ndindex(3, 3):
                product, products = image[r + place[0], c + place[1]] * kernel[place], products + 1
                additions += total is not None
                total = product if total is None else total + product
            out.append(total)
    assert out == [45, 54, 81, 90]  # as the figure says
    return products, additions


class Compared(float):
    """A number that counts how often it is compared."""

    count = 0

    def __gt__(self, other):
        Compared.count += 1
        return float(self) > float(other)


def cut(numbers):
    """The 2×2 windows of 8×8 numbers."""
    return [
        [numbers[8 * (r + a) + c + b] for a in (0, 1) for b in (0, 1)]
        for r in range(0, 8, 2)
        for c in range(0, 8, 2)
    ]


def comparisons(by_hand, layer, shape):
    """How many comparisons Python makes for the numbers that the layer puts out."""
    x, Compared.count = torch.randn(shape), 0
    assert by_hand([Compared(n) for n in x.flatten().tolist()]) == layer(x).flatten().tolist()
    return Compared.count


def by_layer(of_the_photo):
    """Torch's count of a training step for each convolution, with the photo's gradient or not."""
    with torch.device("meta"):
        layers = [nn.Conv2d(inside, maps, 3, padding=1) for inside, maps, _ in BLOCKS]
        found = []
        for n, (inside, _, side) in enumerate(BLOCKS):
            x = torch.empty(1, inside, side, side, requires_grad=n > 0 or of_the_photo)
            with FlopCounterMode(display=False) as counter:
                layers[n](x).sum().backward()
            found.append(counter.get_total_flops())
    return found


def nudged(layer):
    """Which pixels of an 8×8 map change a layer's output when they grow beyond all others."""
    x, nudges = torch.rand(1, 1, 8, 8), 2 * torch.eye(64).reshape(64, 1, 8, 8)
    return (layer(x + nudges) != layer(x)).flatten(1).any(1)


def steps_in_all(of_the_photo):
    """Forward and backward of two convolutions in forward passes, with the photo's gradient."""
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 8, 3))
    x = torch.rand(1, 3, 8, 8, requires_grad=of_the_photo)
    with FlopCounterMode(display=False) as counter:
        network(x).sum().backward()
    return counter.get_total_flops() / torch_counts(network, x)


def counted_times(groups, weights):
    """Forward and backward as torch counts them, in forward passes, for one of the gradients."""
    layer = nn.Conv2d(8, 8, 3, groups=groups).requires_grad_(weights)
    x = torch.rand(1, 8, 8, 8, requires_grad=not weights)
    with FlopCounterMode(display=False) as counter:
        layer(x).sum().backward()
    return counter.get_total_flops() / (2 * 8 * 36 * 9 * 8 / groups)


def saved_by(layer):
    """The shapes of what a layer puts aside for the way back."""
    shapes = []

    def put_aside(tensor):
        shapes.append(tuple(tensor.shape))
        return tensor

    with saved_tensors_hooks(put_aside, lambda tensor: tensor):
        layer(torch.rand(1, 1, 8, 8, requires_grad=True))
    return shapes


def kept(index, value=4, indices=True):
    """Bytes that block `index` keeps: its input, the ReLU's output, and the pool's indices."""
    before = 3 * SIDE * SIDE if not index else OUT[index - 1] // 4
    return before * value, OUT[index] * value, OUT[index] // 4 * 8 * indices


def keeping(page):
    lines = [f"{'bytes':<9} {'put out':>9} {'kept':>9}"]
    for block in (0, 1):
        own, relu, places = kept(block)
        out = OUT[block] * 4
        lines += [
            f"{'Conv2d':<9} {out:>9,} {own:>9,} float32",
            f"{'ReLU':<9} {out:>9,} {relu:>9,} float32",
            f"{'MaxPool2d':<9} {out // 4:>9,} {places:>9,} int64",
        ]
    page.prints("def kept(network, x):", *lines)
    small, at = nn.MaxPool2d(2, return_indices=True)(torch.rand(1, 1, 8, 8))
    page.says(
        "A max pool of 2×2 puts out a quarter of the numbers that it reads", small.numel() == 16
    )
    page.says("beside the 4 bytes of each number that it puts out", small.element_size() == 4)
    page.says(
        "which tensors training keeps, and why a max pool keeps more than its output",
        at.nbytes > small.nbytes,
    )
    x = torch.rand(3, requires_grad=True)
    squares = x.square().sum()
    waits = squares.grad_fn.next_functions[0][0]
    until = torch.equal(waits._saved_self, x)
    squares.backward()
    with pytest.raises(RuntimeError, match="freed"):
        waits._saved_self  # noqa: B018
    page.says(
        "The backward pass needs numbers from the forward pass, so torch keeps them until then",
        until and torch.equal(x.grad, 2 * x),
    )
    page.says(
        "You can watch it: `saved_tensors_hooks` calls you for each tensor that is put aside",
        len(saved_by(nn.MaxPool2d(2))) == 2 and len(saved_by(nn.AvgPool2d(2))) == 1,
    )
    page.labels("Count every tensor once, and leave out the weights, which are there anyway")
    page.labels("Three things are worth a look", "What training keeps")
    page.labels("How many bytes does it add to what is kept, beside the 4 bytes")
    aside = [new for *_, new in page.names["with_max"][:4]]
    with torch.no_grad():
        photo, begin = page.names["photo"], page.names["blocks"]()[:3]
        clipped = begin[:2](photo)
        pooled, where = nn.functional.max_pool2d(clipped, 2, return_indices=True)
    page.says(
        "A convolution keeps its **input**. The first keeps the photo, and the second keeps what "
        "the pool put out",
        len(aside[0]) == len(aside[3]) == 1
        and torch.equal(aside[0][0], photo)
        and torch.equal(aside[3][0], pooled),
    )
    page.says(
        "A ReLU keeps its **output**. The pool behind it needs the same tensor as its input, so "
        "that one is kept only once",
        len(aside[1]) == 1
        and torch.equal(aside[1][0], clipped)
        and (1, 1, 8, 8) in saved_by(nn.MaxPool2d(2))
        and not any(new.shape == clipped.shape for new in aside[2]),
    )
    page.says(
        "A max pool keeps **where each maximum was**, as whole numbers of 64 bits. That is 8 bytes "
        "for each place beside the 4 bytes of the value: the indices take twice as much as the "
        "output",
        len(aside[2]) == 1
        and torch.equal(aside[2][0], where)
        and (at.element_size() * 8, at.nbytes / small.nbytes) == (64, 2),
    )
    page.says(
        "A max pool in training keeps 8 bytes for each number it puts out, in any precision, and "
        "the map it reads, unless the layer in front keeps that already",
        saved_by(nn.MaxPool2d(2)) == [(1, 1, 8, 8), (1, 1, 4, 4)]
        and nn.MaxPool2d(2, return_indices=True)(torch.rand(1, 1, 8, 8).bfloat16())[1].nbytes
        == 8 * 16,
    )
    # Behind the blocks: what is flattened for the linear layer is kept, too.
    last = 256
    ways = {"max": (4, True), "average": (4, False), "max, bfloat16": (2, True)}
    sums = {
        name: sum(sum(kept(block, *way)) for block in range(4)) + last * way[0]
        for name, way in ways.items()
    }
    # The average pool's own output is read by the mean behind it, which keeps no numbers.
    page.prints(
        "halved = kept(blocks().bfloat16(), photo.bfloat16())",
        "MaxPool2d, bfloat16, bytes:",
        f"put out {OUT[0] // 4 * 2:,}, indices {kept(0)[2]:,}",
        *(f"{name:<14} {number / 1e6:.2f} MB kept for one photo" for name, number in sums.items()),
        f"{'without grad':<14} 0 bytes",
    )
    page.says(
        "In bfloat16 the indices are four times the output", kept(0)[2] == 4 * OUT[0] // 4 * 2
    )
    page.says(
        "In half precision the values shrink, and the indices do not",
        kept(0, 2)[1] < kept(0)[1] and page.names["halved"][2][2][0].nbytes == where.nbytes,
    )
    page.says(
        "An average pool needs no indices, because it shares every gradient equally, wherever the "
        "large numbers were",
        sums["average"] < sums["max"]
        and all(gradients(nn.AvgPool2d(2)) == {0.25} for _ in range(9))
        and gradients(nn.MaxPool2d(2)) == {0, 1},
    )
    page.says(
        "Both pools keep the map they read as well. That costs nothing here, because the ReLU in "
        "front keeps the same one",
        saved_by(nn.AvgPool2d(2)) == [(1, 1, 8, 8)]
        and all((1, 1, 8, 8) in saved_by(layer) for layer in (nn.ReLU(), nn.MaxPool2d(2))),
    )
    with torch.no_grad():
        nothing = [saved_by(layer) for layer in (nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(1, 1, 3))]
    page.says(
        "And without gradients nothing is kept at all, which is why `torch.no_grad()` makes room "
        "when you only use a network",
        nothing == [[], [], []] and all(map(saved_by, (nn.ReLU(), nn.Conv2d(1, 1, 3)))),
    )


def gradients(pool):
    x = torch.rand(1, 1, 8, 8, requires_grad=True)
    pool(x).sum().backward()
    return {*x.grad.flatten().tolist()}


def layout(page):
    memory = np.arange(12).reshape(2, 2, 3)
    other = np.moveaxis(np.arange(12).reshape(2, 3, 2), -1, 0)
    drawn = page.drawing("costs-layout")
    same = [axes["title"] for axes in drawn] == [
        f"{name}, channel {channel}" for name in ("plain", "channels_last") for channel in (0, 1)
    ]
    for axes, expected in zip(drawn, [*memory, *other], strict=True):
        same &= np.array_equal(axes["images"], [expected])
        same &= axes["texts"] == [str(n) for n in expected.ravel()]
    page.plots("costs-layout", same)
    page.says(
        "With `channels_last` all channels of one pixel lie together", np.ptp(other[:, 1, 1]) == 1
    )
    page.says("Four grids of 2 by 3 places in memory", np.shape(drawn[0]["images"]) == (1, 2, 3))
    page.says(
        "Plain: channel 0 holds 0 to 5 and channel 1 holds 6 to 11",
        [(c.min(), c.max(), np.ptp(c)) for c in memory] == [(0, 5, 5), (6, 11, 5)],
    )
    page.says(
        "Channels last: channel 0 holds the even places 0 to 10, channel 1 the odd places 1 to 11",
        (sorted(other[0].flat), sorted(other[1].flat))
        == (list(range(0, 11, 2)), list(range(1, 12, 2))),
    )
    strides = [(12, *(s // memory.itemsize for s in array.strides)) for array in (memory, other)]
    page.prints(
        "plain = torch.arange(12.0).reshape(1, 2, 2, 3)",
        f"(1, 2, 2, 3) {strides[0]}",
        f"(1, 2, 2, 3) {strides[1]}",
        "the same numbers: True",
    )
    plain, last = page.names["plain"], page.names["last"]
    rows = [tensor.as_strided((12,), (1,)).tolist() for tensor in (plain, last)]  # as they lie
    every = [tuple(place) for place in torch.ones(plain.shape).nonzero().tolist()]
    found = all(
        row[sum(n * step for n, step in zip(place, tensor.stride(), strict=True))] == tensor[place]
        for row, tensor in zip(rows, (plain, last), strict=True)
        for place in every
    )
    page.says(
        "Where each number of a tensor of shape (1, 2, 2, 3) lies in memory. The numbers and the "
        "shape are the same; only their order in memory is another",
        torch.equal(plain, last) and plain.shape == (1, 2, 2, 3) and rows[0] != rows[1] and same,
    )
    page.says(
        "The shape is still (1, 2, 2, 3), and your indices mean what they meant",
        last.shape == plain.shape and all(last[place] == plain[place] for place in every),
    )
    page.says(
        "Memory is a single row, so four axes have to be laid out one after another. A tensor's "
        "`stride()` says how: how many numbers further on you find the next sample, channel, row "
        "and column",
        plain.ndim == 4 and found and len(rows[0]) == plain.numel(),
    )
    page.says(
        "Torch starts with whole maps one after another",
        torch.rand(2, 3, 4, 5).stride() == (60, 20, 5, 1)
        and rows[0] == [*plain[0, 0].flatten(), *plain[0, 1].flatten()],
    )
    page.says(
        "The layout in memory changes `stride()`, not the numbers",
        torch.equal(plain, last) and plain.stride() != last.stride(),
    )
    page.labels("room for titles", "The same numbers in another order")
    small, mapped = (8 * 4 * 4, 1, 8 * 4, 8), (4 * 6 * 6, 1, 4 * 6, 4)
    page.prints(
        "turned = maps.to(memory_format=torch.channels_last)",
        f"{'MaxPool2d':<9} {small}, equal: True",
        f"{'AvgPool2d':<9} {small}, equal: True",
        f"{'Conv2d':<9} {mapped}, equal: True",
        "view size is not compatible with input\ntensor's size and stride",
        "reshape copies: True",
    )
    three = (nn.MaxPool2d(2), nn.AvgPool2d(2), nn.Conv2d(8, 4, 3))
    layouts = [torch.rand(1, 8, 8, 8), torch.rand(1, 8, 8, 8).contiguous(**LAST)]
    page.says(
        "These three layers keep the layout they are given",
        [[layer(x).stride()[1] == 1 for x in layouts] for layer in three] == [[False, True]] * 3,
    )
    converted = nn.Sequential(nn.Conv2d(8, 4, 3), nn.MaxPool2d(2))
    converted.to(memory_format=torch.channels_last)
    given = torch.rand(1, 8, 8, 8)
    page.says(
        "A convolution whose weights are `channels_last` answers in that layout whatever it gets, "
        "unless its kernels hold one number each, for then both layouts are the same",
        all(converted[0](x).stride() == mapped for x in (given, given.contiguous(**LAST)))
        and nn.Conv2d(8, 8, 1, groups=8).to(**LAST)(given).stride() == given.stride(),
    )
    page.says(
        "So you need not turn every batch: it is enough to convert the model, "
        "`model.to(memory_format=torch.channels_last)`",
        converted(given).stride() == (4 * 3 * 3, 1, 4 * 3, 4),
    )
    page.says(
        "One thing breaks: `view` cannot flatten such a tensor with several channels and places, "
        "because the numbers do not lie in that order",
        not can_view(other)
        and rows[1] != last.flatten().tolist()
        and all(
            can_view(torch.rand(size).contiguous(**LAST).numpy())
            for size in ((2, 8, 1, 1), (1, 1, 4, 4))
        ),
    )
    flattening = (lambda x: x.reshape(1, -1), nn.Flatten())
    page.says(
        "`reshape` and `nn.Flatten` copy them when they must",
        [[way(x).data_ptr() != x.data_ptr() for x in (plain, last)] for way in flattening]
        == [[False, True]] * 2,
    )
    page.aside(
        "How much faster the other layout is depends on your hardware, so measure it there; this "
        "page makes no claim",
        why="on hardware, and on what this page leaves out",
    )


def can_view(array):
    """Whether an array flattens without a copy."""
    return np.shares_memory(array, array.reshape(-1))


def listed():
    """The layers of torch's two lists, with their conditions, read line by line."""
    lists, now = ([], []), None
    for line in torch.use_deterministic_algorithms.__doc__.split("\n"):
        if "act" in line and "normally-nondeterministic" in line:
            now = lists[0]
        elif "throw a" in line and "normally-nondeterministic" in line:
            now = lists[1]
        item = re.match(r" {8}\* :class:`torch\.nn\.(\w+)`(.*)", line)
        if item and re.search("Conv|Pool|Pad|Unpool", item[1]):
            now.append((item[1], item[2].strip()))
    return lists


LISTS = "says = torch.use_deterministic_algorithms.__doc__"


def read_list(text):
    """The layers and conditions of '- always: A, B - when ...: C'."""
    found = []
    for part in text.removeprefix("- ").split(" - "):
        when, names = part.split(": ")
        found += [(name, "" if when == "always" else when) for name in names.split(", ")]
    return sorted(found)


def repeating(page):
    exact = np.float32(1e8) + np.float32(-1e8) + np.float32(1)
    late = np.float32(1e8) + np.float32(1) + np.float32(-1e8)
    page.prints(
        "numbers = torch.tensor([1e8, -1e8, 1.0])", f"tensor({exact:.0f}.) tensor({late:.0f}.)"
    )
    page.says("Adding floats depends on the order", exact != late)
    page.cites(
        "On a GPU many threads may add to the same number, and then the order of the additions is "
        "undetermined",
        NOTES,
    )
    other, refused = listed()
    printed = " ".join(page.output(LISTS).split())
    first, second = printed.split("With the switch on, another algorithm: ")[1].split(
        " With the switch on, an error: "
    )
    page.tells(LISTS, (read_list(first), read_list(second)) == (sorted(other), sorted(refused)))
    names = {name for name, _ in other + refused}
    page.says(
        "Torch keeps a list, in the documentation of `torch.use_deterministic_algorithms`. This is "
        "what the torch that built this page says about layers with windows or borders",
        other
        and refused
        and all(re.search("Conv|Pool|Pad|Unpool", name) and hasattr(nn, name) for name in names),
    )
    page.labels("Which layers are concerned?", "by the condition", "Twice the same, on a GPU?")
    page.says(
        "`MaxPool2d` and `AvgPool2d` are on neither list, so torch does not count them among the "
        "layers that vary",
        not names & {"MaxPool2d", "AvgPool2d"},
    )
    ends = [type(layer).__name__ for layer in page.names["blocks"]()[-3:]]
    page.says(
        "But `AdaptiveAvgPool2d` is on the second one, and the network at the top of this page "
        "ends in it",
        dict(refused)["AdaptiveAvgPool2d"] and ends == ["AdaptiveAvgPool2d", "Flatten", "Linear"],
    )
    page.labels("Look closer before you replace it")
    x = torch.rand(1, 3, 4, 4, requires_grad=True)
    functions = [type(nn.AdaptiveAvgPool2d(size)(x).grad_fn).__name__ for size in (1, 2)]
    page.prints(
        "maps = torch.rand(1, 8, 8, 8, requires_grad=True)",
        *(f"size {size}: {name}" for size, name in enumerate(functions, 1)),
    )
    page.says(
        "To the usual size of 1, torch takes a plain mean, and a mean is on neither list",
        functions[0] == type(x.mean((2, 3)).grad_fn).__name__
        and "mean"
        not in torch.use_deterministic_algorithms.__doc__.replace("``reduce='mean'``", ""),
    )
    page.says(
        "Only a larger size goes back through the layer that is listed",
        [name.startswith("AdaptiveAvgPool2D") for name in functions] == [False, True],
    )
    page.prints(
        "small, places = nn.MaxPool2d(2, return_indices=True)(maps.detach())",
        "max_unpooling2d_forward_out does not have\na deterministic implementation",
    )
    page.says(
        "Unpooling refuses even here, without any GPU",
        dict(refused)["MaxUnpool2d"] == "" and page.names["small"].device.type == "cpu",
    )
    _, at = nn.MaxPool2d(2, 1, return_indices=True)(torch.eye(3)[None])
    twice = [unpooled_into_one_place(5, 7), unpooled_into_one_place(7, 5)]
    page.says(
        "There is a reason. Two windows that overlap can name the same place, and if layers in "
        "between have changed their numbers, nothing says which of the two is written last",
        at.unique().numel() < at.numel()
        and sorted(twice) == [5, 7],  # the order decides, not the numbers
    )
    page.says(
        "Overlapping windows invite that, since each of them sends a gradient to the same input",
        len(gradients(nn.AvgPool2d(2, 1))) > 1 == len(gradients(nn.AvgPool2d(2, 2))),
    )


def unpooled_into_one_place(*numbers):
    """What unpooling leaves of two numbers for one place, by one thread in this order."""
    numbers, places = torch.tensor([[[numbers]]]).float(), torch.zeros(1, 1, 1, 2, dtype=int)
    return float(nn.functional.max_unpool2d(numbers, places, (1, 2), (1, 2))[0, 0, 0, 0])


def quarter_steps(numbers):
    return np.clip(np.rint(numbers / np.float32(0.25)), -128, 127) * np.float32(0.25)


def windows(numbers):
    return np.stack([numbers[..., r::2, c::2] for r in (0, 1) for c in (0, 1)])


def rounding(page):
    torch.manual_seed(5)
    maps = torch.randn(1, 16, 64, 64).numpy()
    said = []
    for pool in (np.max, np.mean):
        early = quarter_steps(pool(windows(quarter_steps(maps)), axis=0))
        late = quarter_steps(pool(windows(maps), axis=0))
        said.append(((early != late).mean(), np.abs(early - late).max()))
    (no, _), (some, step) = said
    page.prints(
        "def rounded(x):",
        "MaxPool2d: 0.0% differ, by at most 0.0",
        f"AvgPool2d: {some:.1%} differ, by at most {step}",
    )
    wide = page.names["rounded"](torch.linspace(-99, 99, 9999))
    page.says(
        "To make a network smaller you **quantise** it: store every number as one of a few steps, "
        "here whole multiples of 0.25 in 8 bits",
        wide.unique().numel() == 2**8
        and (wide * 4 == (wide * 4).round()).all()
        and (wide * 4).to(torch.int8).nbytes < wide.nbytes,
    )
    page.labels("Should you pool first and then round", "or round first?")
    page.labels("For which pool does the order not matter: max, average, both or neither?")
    rows, firsts = maps.reshape(-1, 8), maps.reshape(-1, 8).argmax(1)[:, None]
    steps = quarter_steps(rows)
    page.says("Rounding may make two numbers equal", np.unique(steps).size < np.unique(rows).size)
    page.says(
        "so the largest before is still a largest after",
        np.array_equal(np.take_along_axis(steps, firsts, 1)[:, 0], steps.max(1)),
    )
    page.says("Max and rounding can trade places, exactly", no == 0)
    page.says(
        "but it never turns their order around",
        (np.diff(quarter_steps(np.sort(maps.ravel()))) >= 0).all(),
    )
    keep = [np.cbrt, np.tanh, np.floor, lambda x: 2 * x + 1]
    largest = windows(maps)
    page.says(
        "Any rule that keeps the order has this property",
        all(np.array_equal(f(largest).max(0), f(largest.max(0))) for f in keep),
    )
    again = windows(quarter_steps(maps)).mean(0)
    errors = (windows(quarter_steps(maps)) - windows(maps)).mean(0)
    page.says(
        "An average mixes the rounding errors of its numbers, and then has to be rounded once "
        "more. It can end up a whole step away",
        step == 0.25
        and (again != quarter_steps(again)).any()
        and np.allclose(again - windows(maps).mean(0), errors, atol=1e-6)
        and np.abs(errors).max() > 0,
    )
    page.says("Maximum and rounding can trade places; average and rounding cannot", no == 0 < some)
    page.says(
        "So you can take the maximum of the 8-bit integers as they are, while an average needs "
        "more bits inside: four times 127 is 508",
        4 * np.iinfo(np.int8).max == 508 > np.iinfo(np.int8).max and some > 0,
    )


def exercises(page):
    page.labels("Predict first", "Then open the answer")
    page.labels("`nn.Conv2d(16, 32, 3, padding=1)` on maps of 20×20, one image")
    macs = work(16, 32, 20)
    page.says("1,843,200 and 3,686,400", (macs, 2 * macs) == (1843200, 3686400))
    page.says(
        "There are 400 places, 32 maps and 144 weights for each number, and torch counts each "
        "multiply-accumulate as two",
        400 * 32 * 144 == macs,
    )
    page.answers(1, ("1,843,200", 1843200), ("3,686,400", 3686400))
    page.labels("`nn.MaxPool2d(2)` reads 64 maps of 56×56 in `float16`, and you train")
    stops = 64 * (56 // 2) ** 2
    page.says(
        "401,408 and 100,352. There are 50,176 windows, with 8 bytes for an index and 2 for a "
        "value",
        (stops, 8 * stops, 2 * stops) == (50176, 401408, 100352),
    )
    page.answers(2, ("401,408", 401408), ("100,352", 100352))
    page.labels("tensor of shape `(1, 3, 5, 7)`?")
    turned = np.zeros((1, 5, 7, 3), np.int8).transpose(0, 3, 1, 2)
    page.says(
        "`(105, 1, 21, 3)`: the next channel is 1 further on, the next column 3, the next row 3·7, "
        "the next sample 3·5·7",
        (3 * 5 * 7, *turned.strides[1:]) == (105, 1, 21, 3),
    )
    page.answers(3, "`(105, 1, 21, 3)`")
    page.labels("A ReLU before a pool or after it: is the result the same for a max pool?")
    page.labels("And for an average pool?")
    maps = windows(torch.randn(1, 2, 8, 8).numpy())
    swap = [
        np.allclose(pool(maps, axis=0).clip(0), pool(maps.clip(0), axis=0))
        for pool in (np.max, np.mean)
    ]
    page.says("Yes for max, no for average", swap == [True, False])
    rising = torch.linspace(-2, 2, 99)
    page.says(
        "A ReLU keeps the order of numbers, just as rounding does",
        all((f(rising).diff() >= 0).all() for f in (torch.relu, page.names["rounded"])),
    )
    page.says("After the pool it has a quarter of the work", maps[0].size * 4 == maps.size)
    page.answers(4, ("Yes for max", True), ("no for average", False))
    page.prints(
        "asked = nn.Conv2d(16, 32, 3, padding=1)",
        f"{macs} {2 * macs}",
        f"{8 * stops} {2 * stops}",
        "(105, 1, 21, 3)",
        "[True, False]",
    )


def ending(page):
    calculator = (ROOT / "docs" / "network.md").read_text("utf-8")
    page.says(
        "For a network of your own, the [network calculator] lists shapes, parameters and "
        "multiply-accumulates layer by layer",
        "see each layer's shape, parameters, multiply-accumulates" in calculator,
    )
    page.says(
        "What a stride saves is in [stride instead of pooling]",
        "and you pay a quarter" in source("stride-instead-of-pooling"),
    )
    page.cites("The count of VGG-19 that we compared with is from", HE)
    page.cites("and the network itself from", SIMONYAN)
    page.aside("The words and the measurements are our own", why="where this course comes from")
