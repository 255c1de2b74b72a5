"""lessons/a-typical-setup.py: its words, outputs and figures, against the package's own geometry,
torch's own counter of operations, and networks that the test builds itself."""

from functools import cache

import matplotlib.cbook
import numpy as np
import pytest
import torch
from PIL import Image
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
# What each network does to a size: kernel and stride of its layers.
LAYERS = {
    "pools": [(3, 1), (2, 2), (3, 1), (2, 2)],
    "neither": [(3, 1), (3, 1)],
    "strides": [(3, 2), (3, 2)],
}
UNIT_7 = "https://lightning.ai/courses/deep-learning-fundamentals/"


@cache
def photo():
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
    picture = picture.crop((90, 20, 420, 350)).resize((110, 110))
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
def multiply_adds(name):
    """By torch's own counter, which counts a multiply-add as two operations."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        networks()[name](photo()[None])
    return counter.get_total_flops() // 2


def size_is(i, k, s, p):
    layer = nn.Conv2d(1, 1, k, stride=s, padding=p)
    pool = nn.MaxPool2d(k, s, padding=p) if p <= k // 2 else layer
    x = torch.rand(1, i, i)
    return layer(x).shape[-1] == pool(x).shape[-1] == (i + 2 * p - k) // s + 1


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
    page.labels("Predict first", "Check all four", "Next you move an input by one pixel")
    page.complete()


def the_formula(page):
    right = all(
        size_is(i, k, s, p)
        for i in range(6, 12)
        for k in (1, 2, 3, 5)
        for s in (1, 2, 3)
        for p in (0, 1, 2)
    )
    page.says("The same small network built three ways", len(networks()) == 3)
    page.labels("Follow every shape by hand")
    lasts = [sizes(name, 110)[-1] for name in NAMES]
    page.says("watch 26 come out twice", lasts.count(26) == 2)
    page.says("Work out the shape after every layer with one formula", right)
    page.says(f"Explain why pools and strides arrive at the same {lasts[0]}", lasts[0] == lasts[2])
    page.says("Compare parameters and multiply-adds of three designs", len(NAMES) == 3)
    page.says("One formula for every layer", right)
    page.says(r"o = \left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1", right)
    page.prints("out(110, k=3)", Geometry.of(110, 3, 1).output_shape[-1])
    page.says("three channels, {1} rows, {2} columns".format(*photo().shape), photo().shape[0] == 3)


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
        "Each convolution trims two rows and two columns. Each pool halves",
        (sides[0] - sides[1], sides[2] - sides[3]) == (2, 2)
        and (sides[1] / sides[2], sides[3] / sides[4]) == (2, 2),
    )
    channels = [shape[0] for shape in found]
    page.says(
        f"The channels follow the convolutions alone: {channels[0]}, {channels[1]}, {channels[3]}. "
        "The pools leave them as they are",
        (channels[1], channels[3]) == (channels[2], channels[4]),
    )


def without_pools(page):
    sides = sizes("neither", 110)
    network = networks()["neither"]
    page.labels("Second way: without the pools", "Now delete both pools")
    page.says("Each convolution still trims two", [a - b for a, b in pairs(sides)] == [2, 2])
    page.labels("What is left of 110?")
    page.prints("walk(without_pools, x)", *walked("neither"))
    page.draws("setup-without-pools", funnel(network, photo()))
    page.says(
        "Two convolutions at stride 1 and no pool: the maps hardly shrink",
        [(type(layer), layer.stride) for layer in network] == [(nn.Conv2d, (1, 1))] * 2
        and sides[-1] > 0.95 * sides[0],
    )
    page.says(f"It is {sides[-1]}.")
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
        "give both convolutions a stride of 2",
        [layer.stride for layer in page.names["strided"]] == [(2, 2)] * 2,
    )
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
        "the same shape does not mean the same numbers",
        a.shape == b.shape and not torch.equal(a, b),
    )
    page.prints("print(a.shape == b.shape", f"{a.shape == b.shape} {torch.equal(a, b)}")
    first = networks()["neither"][0](photo())[:, :108, :108].reshape(8, 54, 2, 54, 2)
    quads = first.permute(0, 1, 3, 2, 4).reshape(8, 54, 54, 4)
    page.says(
        "Already in the first layer the pool keeps the best of four and the stride the first of "
        "four",
        torch.equal(quads.amax(3), networks()["pools"][:2](photo()))
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
    work = {name: multiply_adds(name) for name in NAMES}
    parts = [parameters(layer) for layer in networks()["neither"]]
    same = {name: parameters(network) for name, network in networks().items()}
    page.says(
        "All three networks have the same two convolutions, and a pool adds no parameters",
        same_weights(page) and parameters(nn.MaxPool2d(2)) == 0 and len(parts) == 2,
    )
    page.labels("Which of the three takes the most multiply-adds?")
    page.labels("by what factor does the strided network beat the pooled one?")
    page.prints(
        "work = sum(multiply_adds(network, x))",
        *(
            f"{name:14} {same[name]:,} parameters  {work[name]:>11,} multiply-adds"
            for name in NAMES
        ),
    )
    page.says(
        f"Every network has {sum(parts):,} parameters: {parts[0]} in the first convolution, "
        f"{parts[1]:,} in the second",
        set(same.values()) == {sum(parts)},
    )
    page.says(
        f"Pools take {work['pools']:,}. Strides take {work['strides']:,}, exactly a quarter: each "
        "convolution stops at one place where the other stops at four",
        work["strides"] * 4 == work["pools"]
        and [o * 2 for o in sizes("strides", 110)[1:]] == sizes("pools", 110)[1::2],
    )
    page.says(f"With neither it is {work['neither']:,}")


def the_linear_layer(page):
    numbers = {name: 16 * sizes(name, 110)[-1] ** 2 for name in NAMES}
    heads = {name: parameters(nn.Linear(n, 10)) for name, n in numbers.items()}
    page.says(
        "a linear layer that takes every number of the last maps",
        numbers["pools"] == networks()["pools"](photo()).numel(),
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
    relu, x = nn.ReLU(), torch.rand(8, 20, 20)
    page.says("It changes no shape", relu(x).shape == x.shape)
    page.says(
        "It also matters more in the strided network: without it, two convolutions in a row do no "
        "more than a single larger one could. A max pool between them breaks that",
        strides_are_one_convolution() and not pools_are_linear(),
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
    page.labels("The photo has 111 rows and columns", "and what out of the one with strides?")
    odd = {name: sizes(name, 111) for name in ("pools", "strides")}
    found = {name: networks()[name](torch.rand(3, 111, 111)).shape for name in odd}
    page.says(
        f"`{tuple(found['pools'])}` and `{tuple(found['strides'])}`. With pools: "
        f"{listed(odd['pools'])}. With strides: {listed(odd['strides'])}.",
        all(found[name][-1] == odd[name][-1] for name in odd),
    )
    page.answers(1, "(16, 26, 26)", "(16, 27, 27)")
    page.labels("You put `padding=1` into both convolutions of the network")
    page.labels("What comes out of a photo of size 110?")
    padded, sides = networks(padding=1)["pools"], sizes("pools", 110, padding=1)
    shape = tuple(padded(photo()).shape)
    page.says(
        f"`{shape}`. The convolutions no longer trim: {listed(sides)}. "
        "The last pool drops a row and a column",
        shape[-1] == sides[-1] and sides[-2] % 2 == 1,
    )
    page.answers(2, "(16, 27, 27)")
    page.labels("You add a third pair to the network with pools")
    page.labels("`nn.Conv2d(16, 32, 3)` and `nn.MaxPool2d(2, 2)`")
    pair = nn.Sequential(nn.Conv2d(16, 32, 3), nn.MaxPool2d(2, 2))
    third = shapes(pair, networks()["pools"](photo()))
    added = 32 * (16 * 3 * 3 + 1)
    page.says(
        f"`{third[-1]}`: {listed(side for _, _, side in third)}. The pair adds {added:,} "
        "parameters, all of them in the convolution",
        parameters(pair[0]) == parameters(pair) == added,
    )
    page.answers(3, "(32, 12, 12)", ("4,640", 4640))
    page.labels("A photo of 224×224 goes through the network with pools")
    page.labels("then into a linear layer for ten classes")
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


def what_you_know(page):
    agree = {i: sizes("pools", i)[-1] == sizes("strides", i)[-1] for i in range(20, 200)}
    even = {i: all(n % 2 == 0 for n in sizes("strides", i)[:-1]) for i in agree}
    page.says(
        "One formula, applied layer by layer, gives every shape",
        all(
            [shape[-1] for shape in shapes(networks()[name], torch.rand(3, i, i))] == sizes(name, i)
            for name in NAMES
            for i in (20, 33, 54)
        ),
    )
    page.says(
        "Pools and strides of 2 reach the same size as long as every map they meet has an even "
        "size",
        all(agree[i] for i in agree if even[i]) and not all(agree.values()),
    )
    page.says(
        "The three designs have equally many parameters up to here",
        len({parameters(network) for network in networks().values()}) == 1,
    )
    lasts = [sizes(name, 110)[-1] for name in NAMES]
    page.says("All three narrow the map", max(lasts) < 110)
    page.cites("The three networks come from Unit 7 of", UNIT_7)


@pytest.mark.parametrize("padding", (0, 1))
def test_activations_change_no_shape(padding):
    for layer in networks(padding)["pools"]:
        x = torch.rand(8 if getattr(layer, "in_channels", 8) == 8 else 3, 20, 20)
        assert nn.ReLU()(layer(x)).shape == layer(x).shape
