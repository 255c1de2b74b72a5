"""lessons/a-typical-setup.py: its words, outputs and figures, against the package's own geometry,
torch's own counter of operations, and networks that the test builds itself."""

import contextlib
import inspect
import io
import math
import re
from functools import cache

import matplotlib.cbook
import numpy as np
import pytest
import torch
from lesson_run import ROOT, lessons_after, source
from PIL import Image
from states import opens
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from slidingwindows import Geometry, funnel, slide

TINY = torch.tensor(
    [
        [
            [2.0, 0, 1, 3, 1, 0],
            [1, 4, 0, 2, 5, 1],
            [0, 2, 3, 1, 0, 2],
            [3, 1, 0, 6, 2, 1],
            [1, 0, 2, 1, 4, 0],
            [0, 5, 1, 0, 2, 3],
        ]
    ]
)
PLUS = torch.tensor([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]])
NAMES = ("pools", "neither", "strides")
LESSON_NETWORKS = ("with_pools", "without_pools", "strided")
# What each network does to a size: kernel and stride of its layers.
LAYERS = {
    "pools": [(3, 1), (2, 2), (3, 1), (2, 2)],
    "neither": [(3, 1), (3, 1)],
    "strides": [(3, 2), (3, 2)],
}
UNIT_7 = "https://lightning.ai/courses/deep-learning-fundamentals/"
VGG = "https://arxiv.org/abs/1409.1556"


@cache
def photo(side=110):
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
    picture = picture.crop((90, 20, 420, 350)).resize((side, side))
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1) / 255


@cache
def networks(padding=0):
    """The lesson's three networks by name, with the same weights in all."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        first, second = nn.Conv2d(3, 8, 3, padding=padding), nn.Conv2d(8, 16, 3, padding=padding)
    with_pools = nn.Sequential(first, nn.MaxPool2d(2, 2), second, nn.MaxPool2d(2, 2))
    strided = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.Conv2d(8, 16, 3, stride=2))
    strided[0].load_state_dict(first.state_dict())
    strided[1].load_state_dict(second.state_dict())
    return dict(zip(NAMES, (with_pools, nn.Sequential(first, second), strided), strict=True))


@cache
def typical(blocks=2):
    """Blocks of convolution, ReLU and pool, with the lesson's weights in the first two."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        layers, channels = [], 3
        for filters in (8, 16, 32)[:blocks]:
            conv = nn.Conv2d(channels, filters, kernel_size=3, stride=1, padding=1)
            layers += [conv, nn.ReLU(), nn.MaxPool2d(kernel_size=2, stride=2)]
            channels = filters
    return nn.Sequential(*layers)


def halvings(i, blocks=2):
    """The side of the input and of each block's output, by the package's own geometry."""
    found = [i]
    for _ in range(blocks):
        kept = Geometry.of(found[-1], 3, 1, 1).output_shape[-1]
        assert kept == found[-1]
        found.append(Geometry.of(kept, 2, 2).output_shape[-1])
    return found


def sizes(name, i, padding=0):
    """The side of the input and of every layer's output, by the package's own geometry."""
    found = [i]
    for k, s in LAYERS[name]:
        padded = padding if k == 3 else 0
        found.append(Geometry.of(found[-1], k, s, padded).output_shape[-1])
    return found


def shapes(network, x):
    """The shape of the input and of every layer's output, by torch."""
    found = [tuple(x.shape)]
    for layer in network:
        x = layer(x)
        found.append(tuple(x.shape))
    return found


def parameters(module):
    return sum(p.numel() for p in module.parameters())


@cache
def multiply_accumulates(name):
    """By torch's own counter, which counts a multiply-accumulate as two operations."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        networks()[name](photo()[None])
    return counter.get_total_flops() // 2


def size_is(i, k, s, p):
    layer = nn.Conv2d(1, 1, k, stride=s, padding=p)
    pool = nn.MaxPool2d(k, s, padding=p) if p <= k // 2 else layer
    x = torch.rand(1, i, i)
    return layer(x).shape[-1] == pool(x).shape[-1] == (i + 2 * p - k) // s + 1


def printed(call, *arguments):
    """The lines that a call prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        call(*arguments)
    return out.getvalue().splitlines()


def walked(name):
    """What the lesson prints of a network, from the geometry alone."""
    sides, channels = sizes(name, 110), 3
    lines = [f"{'input':30}{(3, 110, 110)}"]
    widths = iter((8, 16))
    for (k, s), i, o in zip(LAYERS[name], sides, sides[1:], strict=False):
        pool = k == 2
        channels = channels if pool else next(widths)
        layer = f"{'MaxPool2d' if pool else 'Conv2d'}, kernel {k}, stride {s}"
        lines.append(f"{layer:30}{str((channels, o, o)):17}({i} - {k}) // {s} + 1 = {o}")
    return lines


@torch.no_grad()
def test_every_claim(page):
    assert torch.equal(page.names["x"], photo())
    for name, mine in (("with_pools", "pools"), ("strided", "strides")):
        state = page.names[name].state_dict()
        assert all(torch.equal(state[k], v) for k, v in networks()[mine].state_dict().items())
    the_block(page)
    the_end(page)
    the_formula(page)
    with_pools(page)
    without_pools(page)
    with_strides(page)
    luck(page)
    costs(page)
    the_linear_layer(page)
    left_out(page)
    exercises(page)
    what_you_know(page)
    page.complete()


def the_block(page):
    found = page.names["typical"]
    assert [str(layer) for layer in found] == [str(layer) for layer in typical()]
    page.draws("setup-typical", funnel(typical(), photo(112)))
    stages = [shape[1:] for shape in shapes(typical(), photo(112))]
    page.says(
        "A square of the portrait that comes with matplotlib, in colour, with `side` rows",
        all(torch.equal(page.names["photo"](side), cut_out(side)) for side in (9, 40)),
    )
    keeps = all(stages[n] == stages[n + 1] == stages[n + 2] for n in (0, 3))
    halves = all(stages[n + 1] == tuple(side // 2 for side in stages[n]) for n in (2, 5))
    page.labels("You have the parts", "Convolution, ReLU, pool, and again")
    page.labels("Work out its shapes in your head, then see what changes without padding")
    page.labels("without pools, and with strides")
    block = [nn.Conv2d, nn.ReLU, nn.MaxPool2d]
    page.says(
        "A typical network for images repeats one short block: a convolution, a ReLU, a pool. Here "
        "are two such blocks, and what they make of a photo",
        [type(layer) for layer in found] == block * 2
        and [type(layer) for layer in page.names["longer"]] == block * 3
        and page.figure("setup-typical").stages[0].shape == photo(112).shape,
    )
    trained = [p for name in ("typical", *LESSON_NETWORKS) for p in page.names[name].parameters()]
    page.says(
        "nothing is trained here",
        all(p.grad is None for p in trained) and not page.names["maps"].requires_grad,
    )
    page.says(
        "Two blocks with random weights. The convolution and its ReLU keep the size, and the pool "
        "halves it",
        keeps and halves,
    )
    in_the_head = all(halvings(side) == [side, side // 2, side // 4] for side in range(4, 300, 4))
    page.says(
        "It goes from {} to {} to {}, and you can work that out in your head. That is the point of "
        "the block: nothing in it needs a formula".format(*halvings(112)),
        keeps and halves and in_the_head,
    )
    opens(page, "setup-typical")
    page.says(
        "[Open both blocks in the network calculator], give the photo an odd side, and see where a "
        "row is dropped",
        nn.MaxPool2d(2)(torch.rand(8, 113, 113)).shape[1] * 2 == 113 - 1,
    )
    page.labels("Work out the shapes of a typical network in your head")
    page.labels("and when they do not", "before you train any of them")
    conv, relu = typical()[0], typical()[1]
    page.says(
        "Each layer of the block has its own task",
        # Only the first changes the channels, only the last the size; the middle one the numbers.
        [sorted(changes(layer, photo(112) - 0.5)) for layer in found[:2]]
        == [["channels", "numbers"], ["numbers"]]
        and changes(found[2], photo(112)) == {"size", "numbers"},
    )
    page.labels("One block, three layers", "Here is what each does to the shape")
    bare = nn.Conv2d(3, 8, 3)(photo(112)).shape[1:]
    page.says(
        "`nn.Conv2d(3, 8, 3, padding=1)` sets the channels. A kernel of 3 trims two rows and two "
        "columns, and the padding adds two, so the size stays",
        conv.out_channels == 8 and bare == (110, 110) and conv(photo(112)).shape == (8, 112, 112),
    )
    noise = torch.randn(8, 20, 20)
    page.says(
        "`nn.ReLU()` looks at each number alone, so the whole shape stays",
        torch.equal(relu(noise), torch.where(noise > 0, noise, torch.zeros(()))),
    )
    page.says(
        "`nn.MaxPool2d(2)` halves the size, and leaves the channels as they are",
        nn.MaxPool2d(2)(noise).shape == (8, 10, 10),
    )
    reads = all(
        tuple(typical(n)(photo(side)).shape) == ((8, 16, 32)[n - 1], side // 2**n, side // 2**n)
        for n in (1, 2, 3)
        for side in (64, 112)
    )
    page.says(
        "So you read the shape off the network: as many channels as the last convolution has "
        "filters, and one halving for each pool",
        reads,
    )
    page.labels("The photo now has 224 rows and columns", "What shape comes out of the two blocks?")
    page.labels("what if a third block of the same kind, with 32 filters, follows them?")
    page.prints(
        "for side in (112, 224):",
        *(
            f"{side} {(16, *halvings(side)[-1:] * 2)} {(32, *halvings(side, 3)[-1:] * 2)}"
            for side in (112, 224)
        ),
    )
    page.says(
        "{} becomes {} and then {}, and the third block makes it {}".format(*halvings(224, 3)),
        shapes(typical(3), photo(224))[-1] == (32, 28, 28),
    )
    after = {n: typical(n)(photo(112)) for n in (1, 2)}
    page.says(
        "A pool leaves a quarter of the places, so there is room for more channels, and still the "
        "maps get smaller altogether: 8 maps of {1}×{2} are {count:,} numbers".format(
            *after[1].shape, count=after[1].numel()
        ),
        len(after[1]) == 8 and noise.numel() == 4 * nn.MaxPool2d(2)(noise).numel(),
    )
    page.says(
        "and {} maps of {}×{} are {count:,}".format(*after[2].shape, count=after[2].numel()),
        after[2].numel() < after[1].numel(),
    )
    page.says("Why twice the filters in each block?", found[3].out_channels == 16 == 2 * 8)
    page.cites(
        "VGG, a famous network, is built so: kernels of 3 with a padding of 1, pools of 2, and "
        "twice the channels after each pool, from 64 up to 512",
        VGG,
    )


def cut_out(side):
    """330 rows and columns of the picture's array, scaled; their three colours differ."""
    picture = np.array(Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")))
    square = Image.fromarray(picture[20:350, 90:420]).resize((side, side))
    colours = torch.stack([torch.from_numpy(np.array(band)) / 255 for band in square.split()])
    assert colours.shape == (3, side, side) and len(colours.flatten(1).unique(dim=0)) == 3
    return colours


def changes(layer, x):
    """What of a map a layer changes."""
    y = layer(x)
    found = {"channels": len(y) != len(x), "size": y.shape[1:] != x.shape[1:]}
    return {what for what, so in found.items() if so} | (
        set() if torch.equal(x, y) else {"numbers"}
    )


def the_end(page):
    maps, classes = typical()(photo(112)), 10
    averaged = maps.mean((1, 2))
    end = page.names["averages"]
    own = typical()(photo(112))
    assert torch.allclose(end[:-1](own[None])[0], averaged, atol=1e-6)
    weight, bias = end[-1].weight, end[-1].bias
    page.labels("The end: an answer")
    page.says(
        "The maps are not an answer yet. A classifier ends with a **linear layer** that gives one "
        "number for each class: a sum of everything that it gets, each times a weight, plus a bias",
        torch.allclose(end(own[None])[0], (weight * averaged).sum(1) + bias, atol=1e-5)
        and end[-1].out_features == classes != maps.numel(),
    )
    needs = {"every number": maps.numel(), "averages": averaged.numel()}
    needs = {name: parameters(nn.Linear(n, classes)) for name, n in needs.items()}
    ends = [page.names[name][-1].in_features for name in ("every_number", "averages")]
    page.says(
        "It could read every number of the last maps, or only the average of each map",
        ends == [maps.numel(), len(maps)],
    )
    page.says("a batch of one", page.names["maps"].shape == (1, *maps.shape))
    page.prints(
        "every_number = nn.Sequential(nn.Flatten(), nn.Linear(16 * 28 * 28, 10))",
        *(f"{name:<13} {(1, classes)}  {n:>7,} parameters" for name, n in needs.items()),
    )
    page.says(
        f"`nn.AdaptiveAvgPool2d(1)` averages each map as a whole, so {averaged.numel()} numbers "
        "are left, however large the photo is",
        {end[:-1](torch.rand(1, 16, n, n + 3)).numel() for n in (1, 9, 40)} == {averaged.numel()},
    )
    page.says(
        f"The linear layer behind it needs {needs['averages']} parameters instead of "
        f"{needs['every number']:,}",
        parameters(end[-1]) == needs["averages"],
    )
    page.says(
        "[A later lesson] says what you give up for that",
        "adaptive-and-global-pooling" in lessons_after("a-typical-setup")
        and "Neither cares where the thing is" in source("adaptive-and-global-pooling"),
    )
    examples = (ROOT / "assets" / "ui" / "calculator.js").read_text("utf-8")
    example = examples.split('name: "Typical setup"')[1].split("name:")[0]
    page.says(
        "The [network calculator] has the whole network among its examples, as *Typical setup*",
        re.findall(r"nn\.(\w+)\(", example)
        == ["Conv2d", "ReLU", "MaxPool2d"] * 2 + ["AdaptiveAvgPool2d", "Flatten", "Linear"]
        and "16" in example,
    )
    page.labels("Change a layer, and watch the shapes behind it follow")
    page.says(
        "repeat `nn.Conv2d(..., 3, padding=1)`, `nn.ReLU()` and `nn.MaxPool2d(2)`, with twice the "
        "filters each time",
        [len(layer.weight) for layer in typical(3) if isinstance(layer, nn.Conv2d)] == [8, 16, 32],
    )
    page.aside(
        "You can check its shapes without a pencil, so you make fewer mistakes",
        why="in the box that says it is an opinion",
    )
    page.says(
        "the convolution then makes a quarter of its stops",
        Geometry.of(112, 3, 2, 1).output_shape[-1] * 2 == halvings(112)[0],
    )
    page.says(
        "takes photos of any size that its pools can still halve, and its last layer stays small",
        end(typical()(photo(64))[None]).shape == (1, classes)
        and needs["averages"] < needs["every number"] / 100,
    )
    assert end(typical()(torch.rand(3, 5, 6))[None]).shape == (1, classes)
    with pytest.raises(RuntimeError, match="too small"):
        typical()(torch.rand(3, 3, 3))  # a pool has only one row left


def the_formula(page):
    right = all(
        size_is(i, k, s, p)
        for i in range(6, 12)
        for k in (1, 2, 3, 5)
        for s in (1, 2, 3)
        for p in (0, 1, 2)
    )
    lasts = [sizes(name, 110)[-1] for name in NAMES]
    page.says(
        "Work out the shape after every layer of other stacks of convolutions and pools with one "
        "formula",
        right,
    )
    page.says(f"Explain why pools and strides arrive at the same {lasts[0]}", lasts[0] == lasts[2])
    told = page.output("work = sum(multiply_accumulates(network, x))").replace(",", "")
    compared = re.findall(r"(\w+) +(\d+) parameters +(\d+) multiply-accumulates", told)
    page.says(
        "Compare parameters and multiply-accumulates of three designs",
        len(told.splitlines()) == 3
        and compared
        == [
            (name, str(parameters(network)), str(multiply_accumulates(name)))
            for name, network in networks().items()
        ]
        and len({work for *_, work in compared}) == 3,
    )
    page.says("Without padding: one formula for every layer", right)
    page.says(
        "Now leave the padding out, and the head is not enough",
        110 // 2 // 2 != lasts[0],  # what two halvings in the head would give
    )
    dilated = nn.Conv2d(1, 1, 3, dilation=2)(torch.rand(1, 9, 9)).shape[-1]
    page.says(
        "Convolutions and pools share the rule of [output size]. For an input of size $i$, a "
        "kernel of size $k$, a stride $s$ and a padding $p$, and without dilation, the output has "
        r"size $$o = \left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1",
        right
        and dilated != 9 - 3 + 1
        and r"\left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1" in source("output-size"),
    )
    page.says(
        "In Python the floor is the operator `//`",
        all(math.floor(a / b) == a // b for a in range(-20, 20) for b in (1, 2, 3, 7)),
    )
    page.prints("out(110, k=3)", Geometry.of(110, 3, 1).output_shape[-1])
    page.says(
        "You will send a photo of {1} rows and {2} columns through three networks without "
        "padding".format(*photo().shape),
        len(networks()) == len(page.names["networks"]) == 3
        and {layer.padding for n in LESSON_NETWORKS for layer in page.names[n]} <= {0, (0, 0)},
    )
    page.aside(
        "They come from the slides that this course began from", why="where this course comes from"
    )
    kernels = [nn.Conv2d(1, 1, 3).kernel_size, nn.MaxPool2d(2).kernel_size]
    page.says("(3, 3) where a pool has 2", kernels == [(3, 3), 2])
    page.says("the formula and torch agree", right)
    page.says(
        "Print the input's shape, then each layer with its output's shape and formula",
        all(
            printed(page.names["walk"], networks()[name], photo()) == walked(name)
            for name in ("neither", "strides")
        ),
    )


def with_pools(page):
    page.labels("First way: with pools", "Work it out on paper. Start at 110")
    page.says(
        "A convolution with a kernel of 3, a pool of 2, another convolution of 3, another pool of "
        "2.",
        [
            layer.kernel_size if isinstance(layer, nn.MaxPool2d) else layer.kernel_size[0]
            for layer in page.names["with_pools"]
        ]
        == [k for k, _ in LAYERS["pools"]],
    )
    page.prints("walk(with_pools, x)", *walked("pools"))
    sides, found = sizes("pools", 110), shapes(networks()["pools"], photo())
    assert [shape[-1] for shape in found] == sides
    page.says(f"It is {sides[-1]}.")
    page.says(
        "Each convolution trims two rows and two columns, and each pool halves",
        (sides[0] - sides[1], sides[2] - sides[3]) == (2, 2)
        and (sides[1] / sides[2], sides[3] / sides[4]) == (2, 2),
    )


def without_pools(page):
    sides = sizes("neither", 110)
    network = networks()["neither"]
    page.labels("Second way: without the pools", "Now delete both pools")
    page.says("Each convolution still trims two", [a - b for a, b in pairs(sides)] == [2, 2])
    page.labels("What is left of 110?")
    page.says(
        "the same two convolutions",
        all(
            mine is theirs
            for mine, theirs in zip(
                page.names["without_pools"], page.names["with_pools"][::2], strict=True
            )
        ),
    )
    page.prints("walk(without_pools, x)", *walked("neither"))
    page.says(
        f"It is {sides[-1]}: the maps hardly shrink, so this is no funnel",
        sides[0] > sides[-1] > 0.95 * sides[0],
    )
    numbers = network(photo()).numel()
    page.says(
        f"Sixteen maps of {sides[-1]}×{sides[-1]} are {numbers:,} numbers",
        numbers == 16 * sides[-1] ** 2,
    )
    page.says(f"With the pools there were {networks()['pools'](photo()).numel():,}")


def pairs(values):
    return list(zip(values, values[1:], strict=False))


def with_strides(page):
    page.labels("Third way: strides")
    page.says(
        "Leave the pools out, and give both convolutions a stride of 2",
        [(type(layer), layer.stride) for layer in page.names["strided"]]
        == [(nn.Conv2d, (2, 2))] * 2,
    )
    page.says("the same weights", same_weights(page))
    page.labels("Will you get back to 26 exactly, or only to about 26?")
    page.prints("walk(strided, x)", *walked("strides"))
    page.draws("setup-with-strides", funnel(networks()["strides"], photo()))
    last = sizes("pools", 110)[-1]
    layers = len(LAYERS["strides"]), len(LAYERS["pools"])
    arrives = sizes("strides", 110)[-1] == last and layers == (2, 4)
    page.says("The same two convolutions at stride 2", same_weights(page))
    page.says("Two layers reach the size that took four before", arrives)
    page.says(f"Exactly {last}, by two layers instead of four", arrives)


def same_weights(page):
    strided, pooled = page.names["strided"], page.names["with_pools"]
    return all(
        torch.equal(a.weight, b.weight) and torch.equal(a.bias, b.bias)
        for a, b in zip(strided, (pooled[0], pooled[2]), strict=True)
    )


def luck(page):
    assert torch.equal(page.names["tiny"], TINY)
    step = nn.Conv2d(1, 1, 3, stride=2, bias=False)
    step.weight.data = PLUS[None, None]
    windows = [[TINY[0, r : r + 3, c : c + 3] for c in (0, 2)] for r in (0, 2)]
    sums = torch.tensor([[[(window * PLUS).sum() for window in row] for row in windows]])
    page.prints("step(tiny)", sums)
    page.draws("setup-tiny-stride", slide(step, TINY))
    axis = page.figure("setup-tiny-stride").geometry.cols
    page.says("6×6 to 2×2 in one go", len(axis.starts) == 2)
    page.says(
        "The hatched row and column are left over: a third stop would need a seventh column",
        axis.starts[-1] + 3 == 5 and axis.starts[-1] + 2 + 3 == 7,
    )
    page.says("The strided window leaves a row and a column unread", unread_by_stride(6) == 1)
    fits = {i: (i - 3) % 2 == 0 for i in range(6, 40)}
    loses = {i: (i - 2) % 2 == 1 for i in range(6, 40)}
    page.says(
        "It fits with nothing to spare when the size is odd. A pool behind a convolution is the "
        "other way round: it loses a row and a column when the size is odd",
        all(fits[i] == loses[i] == (unread_by_stride(i) == 0) == (i % 2 == 1) for i in fits),
    )
    both = {i: (pooled(i), strided(i)) for i in range(6, 120)}
    page.labels("Is it luck?")
    page.says("A little", {a == b for a, b in both.values()} == {True, False})
    page.says(
        "So on an even size the two agree, and on an odd size they do not",
        all((a == b) == (i % 2 == 0) for i, (a, b) in both.items()),
    )
    page.prints(
        "for i in range(107, 113):",
        "input   conv, then pool   strided conv",
        *(f"{i:5} {both[i][0]:17} {both[i][1]:14}" for i in range(107, 113)),
    )
    meets = sizes("strides", 110)[:-1]
    page.says(
        "In the photo's case every size that meets this choice is even: "
        f"first {meets[0]}, then {meets[1]}. That is why {sizes('pools', 110)[-1]} came out twice",
        not [i for i in meets if i % 2],
    )
    a, b = networks()["pools"](photo()), networks()["strides"](photo())
    page.says(
        "And the same shape does not mean the same numbers",
        a.shape == b.shape and not torch.equal(a, b),
    )
    page.prints("print(a.shape == b.shape", f"{a.shape == b.shape} {torch.equal(a, b)}")
    first = networks()["neither"][0](photo())[:, :108, :108].reshape(8, 54, 2, 54, 2)
    quads = first.permute(0, 1, 3, 2, 4).reshape(8, 54, 54, 4)
    page.says(
        "Already in the first layer the pool keeps the best of four and the stride the first of "
        "four, as you saw in [stride instead of pooling]",
        "## Keep the best or keep the first" in source("stride-instead-of-pooling")
        and torch.equal(quads.amax(3), networks()["pools"][:2](photo()))
        and torch.allclose(quads[..., 0], networks()["strides"][:1](photo()), atol=1e-5),
    )


def unread_by_stride(i):
    """How many rows no window of the strided convolution reads."""
    axis = Geometry.of(i, 3, 2).rows
    return i - len({row for window in axis.windows for row in window})


def pooled(i):
    return Geometry.of(Geometry.of(i, 3, 1).output_shape[-1], 2, 2).output_shape[-1]


def strided(i):
    return Geometry.of(i, 3, 2).output_shape[-1]


def costs(page):
    work = {name: multiply_accumulates(name) for name in NAMES}
    parts = [parameters(layer) for layer in networks()["neither"]]
    same = {name: parameters(network) for name, network in networks().items()}
    page.says(
        "All three networks have the same two convolutions, and a pool adds no parameters. So "
        "there is no difference in parameters",
        same_weights(page)
        and parameters(nn.MaxPool2d(2)) == 0
        and len(parts) == 2
        and {parameters(page.names[name]) for name in LESSON_NETWORKS} == {sum(parts)},
    )
    page.labels("Which of the three takes the most multiply-accumulates?")
    page.labels("by what factor does the strided network beat the pooled one?")
    page.prints(
        "work = sum(multiply_accumulates(network, x))",
        *(
            f"{name:14} {same[name]:,} parameters  {work[name]:>11,} multiply-accumulates"
            for name in NAMES
        ),
    )
    page.says(
        f"Every network has {sum(parts):,} parameters: {parts[0]} in the first convolution, "
        f"{parts[1]:,} in the second",
        set(same.values()) == {sum(parts)},
    )
    ranked = sorted(work.values())
    page.says(
        f"The multiply-accumulates differ by far. Pools take {work['pools']:,}. Strides take "
        f"{work['strides']:,}, exactly a quarter: each convolution stops at one place where the "
        "other stops at four",
        work["strides"] * 4 == work["pools"]
        and all(more > 2 * less for less, more in pairs(ranked))
        and [o * 2 for o in sizes("strides", 110)[1:]] == sizes("pools", 110)[1::2],
    )
    page.says(f"With neither it is {work['neither']:,}")


def the_linear_layer(page):
    numbers = {name: 16 * sizes(name, 110)[-1] ** 2 for name in NAMES}
    heads = {name: parameters(nn.Linear(n, 10)) for name, n in numbers.items()}
    page.labels("And the linear layer behind them?")
    page.says(
        "If it reads every number of the last maps, their size decides how large it gets",
        all(numbers[name] == networks()[name](photo()).numel() for name in NAMES)
        and heads["pools"] == heads["strides"] < heads["neither"]
        and numbers["pools"] < numbers["neither"],
    )
    page.prints(
        "linear = nn.Linear(numbers, 10)",
        *(f"{k:14} {numbers[k]:>7,} numbers  {heads[k]:>9,} parameters" for k in NAMES),
    )
    page.says(
        f"For ten classes the linear layer has {heads['pools']:,} parameters behind the funnel, "
        f"and {heads['neither']:,} without it",
        nn.Linear(1, 10).out_features == 10,
    )
    half = sizes("pools", 110)[0] / 2
    arguments = inspect.signature(nn.Linear).parameters
    page.says(
        "A linear layer must be told how many numbers arrive",
        arguments["in_features"].default is inspect.Parameter.empty,
    )
    page.labels("Someone reasons")
    page.says(
        f"110 halved is {half:.0f}, halved again is {half / 2}, so call it {int(half / 2)}. "
        "Torch disagrees",
        sizes("pools", 110)[-1] != int(half / 2),
    )
    flat = networks()["pools"](photo()).flatten()[None]
    with pytest.raises(RuntimeError) as caught:
        nn.Linear(16 * int(half / 2) ** 2, 10)(flat)
    page.prints("head(with_pools(x).flatten().unsqueeze(0))", str(caught.value))
    waits = 16 * int(half / 2) ** 2
    page.says(
        f"Read the two pairs of numbers. The network delivers {flat.numel():,} numbers, "
        f"and the layer waits for {waits:,}",
        f"(1x{flat.numel()} and {waits}x10)" in str(caught.value),
    )
    lazy = nn.LazyLinear(10)
    lazy(flat)
    page.says(
        "let `nn.LazyLinear(10)` find the number from its first input",
        lazy.in_features == flat.numel(),
    )


def left_out(page):
    relu, x = nn.ReLU(), torch.rand(8, 20, 20) - 0.5
    page.says("they leave out the ReLU, which changes no shape", relu(x).shape == x.shape)
    page.says(
        'Why the ReLU is not for show" In the strided network nothing stands between the two '
        "convolutions, and then both together do no more than a single larger one could. A ReLU "
        "between them breaks that, and so does a max pool",
        strides_are_one_convolution()
        and not pools_are_linear()
        and not torch.allclose(relu(x) + relu(-x), relu(torch.zeros_like(x))),
    )


def strides_are_one_convolution():
    network, one = networks()["strides"], nn.Conv2d(3, 16, 7, stride=4)
    for channel in range(16):
        with torch.enable_grad():
            probe = torch.zeros(3, 110, 110, requires_grad=True)
            (gradient,) = torch.autograd.grad(network(probe)[channel, 0, 0], probe)
        assert torch.count_nonzero(gradient) == torch.count_nonzero(gradient[:, :7, :7])
        one.weight.data[channel] = gradient[:, :7, :7]
        one.bias.data[channel] = network(torch.zeros(3, 110, 110))[channel, 0, 0]
    return torch.allclose(one(photo()), network(photo()), atol=1e-5)


def pools_are_linear():
    network, x = networks()["pools"], photo()
    return torch.allclose(network(x) + network(-x), 2 * network(torch.zeros_like(x)), atol=1e-3)


def exercises(page):
    page.labels("Predict first", "Then open the answer", "Check all four")
    page.labels("The photo has 111 rows and columns", "and what out of the one with strides?")
    odd = {name: sizes(name, 111) for name in ("pools", "strides")}
    found = {name: networks()[name](torch.rand(3, 111, 111)).shape for name in odd}
    page.says(
        f"`{tuple(found['pools'])}` and `{tuple(found['strides'])}`. With pools: "
        f"{listed(odd['pools'])}. With strides: {listed(odd['strides'])}.",
        all(found[name][-1] == odd[name][-1] for name in odd),
    )
    page.answers(1, "(16, 26, 26)", "(16, 27, 27)")
    page.labels("You put `padding=1` into both convolutions of the network with pools")
    page.labels("What comes out of a photo of size 110?")
    padded, sides = networks(padding=1)["pools"], sizes("pools", 110, padding=1)
    shape = tuple(padded(photo()).shape)
    page.says(
        f"`{shape}`. The convolutions no longer trim: {listed(sides)}. "
        "The last pool drops a row and a column",
        shape[-1] == sides[-1] and sides[-2] % 2 == 1,
    )
    page.answers(2, "(16, 27, 27)")
    page.labels("A photo of 96×96 goes through `longer`, the typical network with three blocks")
    page.labels("how many parameters did the third block add?")
    third, added = shapes(typical(3), photo(96)), 32 * (16 * 3 * 3 + 1)
    page.says(
        f"`{third[-1]}`: {listed(halvings(96, 3))}. The block added {added:,} parameters, all of "
        "them in the convolution",
        parameters(typical(3)[6]) == parameters(typical(3)) - parameters(typical(2)) == added,
    )
    page.answers(3, "(32, 12, 12)", ("4,640", 4640))
    page.labels("A photo of 224×224 goes through the network with pools")
    page.labels("then into a linear layer for ten classes", "How many parameters has that layer?")
    page.labels("And behind the network with strides?")
    large = {name: sizes(name, 224) for name in ("pools", "strides")}
    numbers = {name: 16 * sides[-1] ** 2 for name, sides in large.items()}
    heads = {name: parameters(nn.Linear(n, 10)) for name, n in numbers.items()}
    page.says(
        f"{heads['pools']:,} with pools: {listed(large['pools'])}, so {numbers['pools']:,} numbers "
        "with ten weights each, and ten biases",
        numbers["pools"] * 10 + 10 == heads["pools"],
    )
    page.says(f"{heads['strides']:,} with strides: {listed(large['strides'])}")
    page.says(
        "The odd 111 parts the two",
        pooled(111) != strided(111) and 111 in large["strides"] and 222 in large["pools"],
    )
    page.answers(4, ("466,570 with pools", 466_570), ("484,010 with strides", 484_010))
    page.prints(
        "larger = torch.rand(3, 111, 111)",
        f"{tuple(found['pools'])} {tuple(found['strides'])}",
        str(shape),
        f"{third[-1]} {added}",
        str(list(heads.values())),
    )


def listed(values):
    return ", ".join(map(str, values))


def same_size(k, i):
    """Whether a convolution and a pool behind it end where the convolution's stride does."""
    padding, x = (k - 1) // 2, torch.rand(1, i, i)
    pooled = nn.MaxPool2d(2)(nn.Conv2d(1, 1, k, padding=padding)(x))
    return pooled.shape == nn.Conv2d(1, 1, k, stride=2, padding=padding)(x).shape


def what_you_know(page):
    agree = {i: sizes("pools", i)[-1] == sizes("strides", i)[-1] for i in range(20, 200)}
    even = {i: all(n % 2 == 0 for n in sizes("strides", i)[:-1]) for i in agree}
    page.says(
        "A typical block is `nn.Conv2d(..., 3, padding=1)`, `nn.ReLU()`, `nn.MaxPool2d(2)`: the "
        "convolution sets the channels, and the pool halves the size",
        shapes(typical(), photo(112))[3] == (8, 56, 56),
    )
    page.says(
        "For other stacks of convolutions and pools one formula, applied layer by layer, gives "
        "every shape",
        all(
            [shape[-1] for shape in shapes(networks()[name], torch.rand(3, i, i))] == sizes(name, i)
            for name in NAMES
            for i in (20, 33, 54)
        ),
    )
    page.says(
        "With kernels of 3, pools and strides of 2 reach the same size as long as every map they "
        "meet has an even size",
        all(agree[i] for i in agree if even[i])
        and not all(agree.values())
        and all(same_size(k, 10) is (k == 3) for k in (2, 3, 4)),
    )
    heads = {16 * sizes(name, 110)[-1] ** 2 * 10 + 10 for name in NAMES}
    page.says(
        "The three networks without padding have equally many parameters in their convolutions. "
        "They differ in work, and in what the linear layer costs",
        len({parameters(network) for network in networks().values()}) == 1
        and len({multiply_accumulates(name) for name in NAMES}) == 3
        and len(heads) == 2,  # pools and strides arrive at the same 26
    )
    lasts = [sizes(name, 110)[-1] for name in NAMES]
    peak = torch.tensor([1.0, 2, 1])
    padded = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    padded.weight.data = torch.outer(peak, peak)[None, None]
    narrowing = nn.Conv2d(1, 1, 3, stride=2, padding=1, bias=False)
    narrowing.weight.data = padded.weight.data
    told = [brightest_places(layer) for layer in (padded, nn.MaxPool2d(2), narrowing)]
    page.says(
        "They all narrow the map, and a narrower map says less about where things were",
        max(*lasts, halvings(110)[-1]) < 110 and told[0] == 36 > 9 >= max(told[1:]),
    )
    page.labels("Is that a gift or a loss?")
    page.labels("Next you move an input by one pixel and measure: [invariance and equivariance]")
    assert lessons_after("a-typical-setup")[0] == "local-invariance"
    page.cites("The three networks come from Unit 7 of", UNIT_7)
    page.aside("The words and the measurements are our own", why="where this course comes from")


def brightest_places(layer):
    """How many places of a layer's output are the brightest for one of the 36 dots of 6×6."""
    dots = torch.eye(36).reshape(36, 1, 6, 6)
    return layer(dots).flatten(1).argmax(1).unique().numel()


@pytest.mark.parametrize("padding", (0, 1))
def test_activations_change_no_shape(padding):
    for layer in networks(padding)["pools"]:
        x = torch.rand(8 if getattr(layer, "in_channels", 8) == 8 else 3, 20, 20)
        assert nn.ReLU()(layer(x)).shape == layer(x).shape
