"""lessons/no-learnable-parameters.py: its words, outputs and figures, against torch and algebra."""

import inspect
import re

import torch
from lesson_run import lessons_after
from states import opens
from torch import nn

from slidingwindows import slide

X = torch.tensor([[[3.0, 1, 4, 1], [2, 6, 5, 3], [9, 7, 9, 3], [8, 4, 6, 2]]])
POOLS = (nn.MaxPool2d, nn.AvgPool2d)
LENET = "https://doi.org/10.1109/5.726791"
RASCHKA = "https://lightning.ai/courses/deep-learning-fundamentals/"


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def weights(inputs, outputs, kernel_size):
    """A convolution's parameters by the formula: one kernel for each pair of maps, and biases."""
    return outputs * (kernel_size * kernel_size * inputs + 1)


def convolution(weight):
    layer = nn.Conv2d(1, 1, 2, stride=2, bias=False)
    layer.weight.data = torch.tensor([[weight]])
    return layer


def blocks(x):
    """The four windows of a 4×4 map, as rows of four numbers."""
    return x[0].unfold(0, 2, 2).unfold(1, 2, 2).reshape(4, 4)


def torchs_pools():
    """One of each kind of pool that torch has."""
    kinds = [kind for name, kind in vars(nn).items() if re.search(r"Pool\dd$", name)]
    needs_a_size = (nn.FractionalMaxPool2d, nn.FractionalMaxPool3d)
    return [
        kind(2, output_size=3)
        if kind in needs_a_size
        else kind(2, 2)
        if kind.__name__.startswith("LP")  # the power comes first
        else kind(2)
        for kind in kinds
    ]


def maximum_by_weights(bias):
    """How far the best four weights stay from a maximum, in all windows of zeros and ones."""
    windows = torch.cartesian_prod(*[torch.tensor([0.0, 1])] * 4)
    given = torch.cat([windows, torch.ones(16, 1)], 1) if bias else windows
    wanted = windows.amax(1, keepdim=True)
    return float((given @ torch.linalg.lstsq(given, wanted).solution - wanted).abs().max())


def additive(layer):
    """Whether a layer treats the sum of two random maps as the sum of its parts."""
    one, other = torch.rand(2, 1, 4, 4)
    return torch.allclose(layer(one + other), layer(one) + layer(other), atol=1e-5)


def test_every_claim(page):
    beginning(page)
    counting(page)
    what_a_weight_changes(page)
    gradients(page)
    the_pool_that_had_weights(page)
    choices(page)
    exercises(page)
    ending(page)
    page.complete()


DRAWN = "convolution-2x2-stride-2"


def beginning(page):
    page.says("A pool has nothing to train", sum(map(count, torchs_pools())) == 0)
    given = [inspect.signature(kind).parameters for kind in POOLS]
    page.says(
        "You gave the pools a window and a stride. You never gave them a weight",
        all({"kernel_size", "stride"} <= names.keys() for names in given)
        and not any("weight" in name for names in given for name in names)
        and "weight" in dir(nn.Conv2d(1, 1, 2)),
    )
    page.labels("Is there really nothing in them to learn?", "No learnable parameters")
    page.labels(
        "Count the learnable parameters of any layer in one line",
        "Say what a strided convolution costs where a pool costs nothing",
        'Explain why "nothing to learn" does not mean "nothing to choose"',
    )
    page.says("See the difference in one picture", len(page.figure(DRAWN).steps) == 4)


def counting(page):
    big = weights(64, 64, 3)
    size = (32 + 2 * 1 - 3) // 2 + 1
    page.labels("A max pool, an average pool and a convolution")
    page.labels("each with a 3×3 window and stride 2, on 64 channels", "Which has the most")
    page.prints(
        "maps = torch.rand(64, 32, 32)",
        f"MaxPool2d        0 parameters, output (64, {size}, {size})",
        f"AvgPool2d        0 parameters, output (64, {size}, {size})",
        f"Conv2d      {big:,} parameters, output (64, {size}, {size})",
    )
    three = [tuple(layer(torch.rand(64, 32, 32)).shape) for layer in page.names["layers"]]
    page.says("All three shrink 64 maps of 32×32", three == [(64, size, size)] * 3)
    page.says(f"to 64 maps of {size}×{size}")
    page.says("The pools do it with 0 parameters", not any(map(count, page.names["layers"][:2])))
    page.says(f"The convolution needs {big:,}", big == count(page.names["layers"][2]))
    layer = page.names["layers"][2]
    page.labels("Where do the 36,928 come from?")
    page.says(
        "Each of the 64 filters has a 3×3 kernel for each of 64 channels, and one bias",
        layer.weight.shape == (64, 64, 3, 3) and layer.bias.shape == (64,),
    )
    filters, channels, *kernel = layer.weight.shape
    page.says(rf"${filters} \cdot ({kernel[0]} \cdot {kernel[1]} \cdot {channels} + 1)$")
    page.prints("64 * (3 * 3 * 64 + 1)", big)
    page.says(
        "Max and average pools have 0 learnable parameters, whatever their size",
        not any(count(kind(k)) for kind in POOLS for k in range(1, 9)),
    )


def what_a_weight_changes(page):
    first, mean = convolution([[1.0, 0], [0, 2]]), convolution([[0.25, 0.25], [0.25, 0.25]])
    weighted = (blocks(X) * torch.tensor([1.0, 0, 0, 2])).sum(1).view(1, 2, 2)
    page.says("This convolution has a 2×2 kernel and stride 2", first.kernel_size == (2, 2))
    page.says(
        "It moves exactly as a 2×2 pool does",
        page.figure(DRAWN).geometry == slide(nn.MaxPool2d(2), X).geometry,
    )
    page.says(
        "But it multiplies each number by a weight before it adds",
        torch.equal(first(X), weighted) and not torch.equal(first(X), mean(X) * 4),
    )
    page.prints("convolution(x).detach()", weighted)
    page.draws(DRAWN, slide(first, X))
    page.says(
        "The kernel's four weights are what training would change. A pool has no kernel to train",
        count(first) == 4 and first.weight.requires_grad and not any(map(count, torchs_pools())),
    )
    page.says("Which four weights turn this convolution", torch.equal(mean(X), nn.AvgPool2d(2)(X)))
    means = blocks(X).mean(1).tolist()
    page.prints(
        "convolution.weight.data.fill_(1 / 4)", f"convolution: {means}", f"average:     {means}"
    )
    page.draws("convolution-that-averages", slide(mean, X))
    page.says(
        "Every weight is a quarter: this convolution computes the mean of its window",
        set(page.names["convolution"].weight.flatten().tolist()) == {0.25},
    )
    on_channels(page)
    one, other = torch.tensor([[[1.0, 0], [0, 0]]]), torch.tensor([[[0.0, 1], [0, 0]]])
    largest = nn.MaxPool2d(2)
    parts = [layer(one).item() + layer(other).item() for layer in (mean, largest)]
    page.prints(
        "a, b = torch.tensor([[[1., 0], [0, 0]]]), torch.tensor([[[0., 1], [0, 0]]])",
        f"Conv2d     of the sum {(one + other).mean().item()}, sum of the parts {parts[0]}",
        f"MaxPool2d  of the sum {(one + other).max().item()}, sum of the parts {parts[1]}",
    )
    assert mean(one + other).item() == parts[0] and largest(one + other).item() != parts[1]
    torch.manual_seed(0)
    free = [nn.Conv2d(1, 1, 2, stride=2, bias=False) for _ in range(9)]
    page.says(
        "A convolution without bias is **linear**: it treats a sum as the sum of its parts. A "
        "maximum does not",
        all(map(additive, free))
        and not additive(largest)
        and not any(map(additive, (nn.Conv2d(1, 1, 2) for _ in range(9)))),
    )
    page.says(
        "Max pooling is no convolution: no choice of weights gives a maximum",
        maximum_by_weights(bias=False) > 0.1,
    )
    biased = nn.Conv2d(1, 1, 2)
    page.says(
        "A bias cannot rescue it. The max pool of an empty map is 0, so the bias would have to be "
        "0 as well",
        maximum_by_weights(bias=True) > 0.1
        and largest(torch.zeros(1, 2, 2)) == 0
        and biased(torch.zeros(1, 2, 2)) == biased.bias,
    )
    page.says("A max pool is no convolution at all", maximum_by_weights(bias=True) > 0.1)


def on_channels(page):
    """Two and more channels: a quarter everywhere adds up the channels; in its own it averages."""
    page.prints("three = torch.rand(3, 4, 4)", "a quarter everywhere     False",
                "only in its own channel  True")  # fmt: skip
    x, mean = torch.rand(1, 6, 6), convolution([[0.25, 0.25], [0.25, 0.25]])
    page.says(
        "So on one channel, average pooling is a convolution whose weights are fixed",
        torch.allclose(mean(x), nn.AvgPool2d(2)(x)) and not count(nn.AvgPool2d(2)),
    )
    for channels in (1, 2, 3):
        x = torch.rand(channels, 4, 4)
        means = torch.stack([blocks(plane[None]).mean(1).view(2, 2) for plane in x])
        everywhere, own = (nn.Conv2d(channels, channels, 2, stride=2, bias=False) for _ in "ab")
        everywhere.weight.data.fill_(0.25)
        own.weight.data.zero_()
        for n in range(channels):
            own.weight.data[n, n] = 0.25
        assert torch.allclose(everywhere(x)[0], means.sum(0))
        page.says(
            "With more channels each filter needs a quarter in the kernel of its own channel "
            "and zeros in all others, because a convolution adds up its channels and "
            "a pool does not",
            torch.allclose(own(x), means)
            and torch.allclose(everywhere(x), means) == (channels == 1),
        )
        page.says(
            "On each channel by itself, an average pool is a convolution with fixed weights",
            torch.allclose(own(x), means),
        )


def gradients(page):
    waiting = [X.clone().requires_grad_() for _ in POOLS]
    for pool, inputs in zip(POOLS, waiting, strict=True):
        pool(2)(inputs).sum().backward()
    winners = (blocks(X) == blocks(X).max(1, keepdim=True)[0]).float()
    takes, shares = (blocks(inputs.grad) for inputs in waiting)
    page.says(
        "Max pooling hands it to the winner. Average pooling shares it out",
        torch.equal(takes, winners) and shares.unique().tolist() == [0.25],
    )
    counted = [counts_in_the_sum(pool(2)) for pool in POOLS]
    page.says(
        "how much each pixel counts in the sum of the output",
        all(
            torch.allclose(inputs.grad[0], by_nudging, atol=1e-3)
            for inputs, by_nudging in zip(waiting, counted, strict=True)
        ),
    )
    page.says(
        "In training, a network learns from its **gradient**: for each number, how much the "
        "result would change with it",
        learns_by_its_gradient(),
    )
    before = nn.Conv2d(1, 1, 3)
    handed, withheld = (through(before, pool) for pool in (nn.MaxPool2d(2), Withholding()))
    page.says(
        "No parameters does not mean no gradient, because a pool must hand the gradient on to the "
        "layers before it",
        not count(nn.MaxPool2d(2)) and handed.abs().sum() > 0 and not withheld.any(),
    )
    page.says(
        "Gradients pass through a pool, though nothing in it learns",
        all(through(before, pool(2)).any() and not count(pool(2)) for pool in POOLS),
    )
    by_hand = winners.view(2, 2, 2, 2).permute(0, 2, 1, 3).reshape(4, 4)
    page.prints(
        "    inputs = x.clone().requires_grad_()",
        "MaxPool2d", by_hand, "AvgPool2d", torch.full((4, 4), 0.25),
    )  # fmt: skip


def counts_in_the_sum(layer, step=0.01):
    """How much the sum of a layer's output grows with each pixel, by nudging one after another."""
    nudges = step * torch.eye(16).reshape(16, 1, 4, 4)
    sums = [layer(X + nudge).double().sum() - layer(X).double().sum() for nudge in nudges]
    return torch.tensor(sums).reshape(4, 4).float() / step


def learns_by_its_gradient():
    """A step of training subtracts the gradient, which is how a loss changes with each weight."""
    layer, x, step = nn.Conv2d(1, 1, 2, bias=False).double(), torch.rand(1, 3, 3).double(), 1e-6
    layer(x).square().sum().backward()
    begun, gradient = layer.weight.detach().clone(), layer.weight.grad.clone()
    torch.optim.SGD(layer.parameters(), lr=0.1).step()
    learnt = torch.allclose(layer.weight, begun - 0.1 * gradient)
    nudged = [
        nn.functional.conv2d(x, begun + step * way.reshape(1, 1, 2, 2)).square().sum()
        - nn.functional.conv2d(x, begun).square().sum()
        for way in torch.eye(4).double()
    ]
    return learnt and torch.allclose(torch.stack(nudged) / step, gradient.flatten(), atol=1e-4)


class Withholding(nn.Module):
    """A max pool that does not hand the gradient on."""

    def forward(self, x):
        return nn.functional.max_pool2d(x, 2) * 0 + nn.functional.max_pool2d(x.detach(), 2)


def through(before, pool):
    """The gradient that reaches a layer before this pool."""
    before.weight.grad = None
    pool(before(torch.rand(1, 6, 6))).sum().backward()
    return before.weight.grad


def the_pool_that_had_weights(page):
    page.cites(
        "It was not always so. In LeNet-5 the subsampling layer S2 added up the four numbers of "
        "each 2×2 window. It multiplied the sum by a *learnable* coefficient and added a "
        "*learnable* bias. (The paper then applies a sigmoid",
        LENET,
    )
    page.cites("Each of its 6 maps had one such pair: 12 parameters", LENET)
    page.says(
        "left out here",  # a sigmoid stays below 1
        page.names["lenet"](torch.full((6, 2, 2), 5.0)).unique() == 5,
    )
    begins = page.names["Subsampling"](9)
    page.says(
        "A layer of this kind begins with all coefficients at a quarter and all biases at zero",
        begins.coefficient.unique() == 0.25 and begins.bias.unique() == 0,
    )
    page.labels("Which pool is it, before any training?")
    page.says(
        "Torch has no such layer, but you can build it",
        not any(map(count, torchs_pools())) and count(begins) == 2 * 9,
    )
    maps = torch.rand(6, 28, 28)
    total = nn.AvgPool2d(2, divisor_override=1)(maps)
    by_hand = maps.unfold(1, 2, 2).unfold(2, 2, 2).sum((3, 4))
    page.says(
        "With `divisor_override=1` an average pool divides by 1, so it adds up",
        torch.allclose(total, by_hand),
    )
    page.says("The rest is two numbers for each map", count(page.names["lenet"]) == 2 * len(maps))
    page.prints(
        "lenet = Subsampling(6)",
        f"{2 * len(maps)} parameters, output {tuple(by_hand.shape)}",
        "an average pool: True",
    )
    begun = page.names["Subsampling"](6)(maps)
    page.says(
        "A quarter of the sum is the mean: it begins as an average pool",
        torch.allclose(begun, by_hand / 4) and torch.allclose(begun, nn.AvgPool2d(2)(maps)),
    )
    begins(torch.rand(9, 4, 4)).square().sum().backward()
    torch.optim.SGD(begins.parameters(), lr=0.1).step()
    page.says(
        "Training may then move each map's pair of numbers away from it",
        (begins.coefficient != 0.25).all() and (begins.bias != 0).all(),
    )
    page.says("LeNet-5 had a pool with weights: two for each map", count(page.names["lenet"]) == 12)
    ours, theirs = (nn.Sequential(nn.Conv2d(1, 2, 3), pool(2)) for pool in POOLS)
    loaded = theirs.load_state_dict(ours.state_dict(), strict=True)
    page.says(
        "Neither a max pool nor an average pool has an entry in `state_dict()`, the dictionary in "
        "which a network saves its weights. Swap one for the other, and the saved weights still "
        "load",
        not any(pool(2).state_dict() for pool in POOLS)
        and torch.equal(ours[0].weight, theirs[0].weight),
    )
    x = torch.rand(1, 6, 6)
    page.says(
        "No error tells you that the network now computes something else",
        not loaded.missing_keys
        and not loaded.unexpected_keys
        and not torch.equal(ours(x), theirs(x)),
    )
    page.prints("with_max = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2))", loaded,
                "same result: False")  # fmt: skip


def choices(page):
    page.labels("Nothing to learn, something to choose")
    x = torch.rand(1, 1, 12, 12)
    chosen = [{}, {"kernel_size": 5}, {"stride": 1}, {"padding": 1}]
    pools = [nn.MaxPool2d(**{"kernel_size": 3, "stride": 2} | choice) for choice in chosen]
    page.says(
        "Kernel size, stride and padding are not learned. *You* choose them. Such choices are "
        "called **hyperparameters**",
        len({tuple(pool(x).shape) for pool in pools}) == len(chosen)
        and not any(pool.state_dict() for pool in pools),
    )


def exercises(page):
    page.labels("How many parameters does `nn.MaxPool2d(7)` have? And `nn.AvgPool2d(7)`?")
    page.says(
        "Both 0. The window's size changes nothing",
        not any(count(pool(size)) for pool in POOLS for size in range(1, 20)),
    )
    page.answers(1, ("Both 0", (0, 0)))
    page.labels("How many does `nn.Conv2d(3, 8, 5)` have?")
    filters, channels, rows, cols = nn.Conv2d(3, 8, 5).weight.shape
    page.says(
        f"{weights(3, 8, 5)}: eight filters with {rows}·{cols}·{channels} weights and one bias "
        "each",
        filters == len(nn.Conv2d(3, 8, 5).bias) == 8,
    )
    page.answers(2, "608")
    page.labels("A network pools with `nn.MaxPool2d(2)` in five places")
    page.labels("You replace each by a 3×3 convolution of stride 2 from 64 to 64 channels")
    five, each = 5, weights(64, 64, 3)
    page.says(f"{five} · {each:,} = {five * each:,}")
    page.answers(3, ("184,640", 184_640))
    page.labels("LeNet's kind of subsampling need on 16 maps?")
    pairs = sum(p.numel() for p in page.names["Subsampling"](16).parameters())
    page.says("32: a coefficient and a bias for each map", pairs == 32)
    page.answers(4, "32")
    page.prints(
        "print(count(nn.MaxPool2d(7)), count(nn.AvgPool2d(7)))",
        "0 0", weights(3, 8, 5), five * each, 2 * 16,
    )  # fmt: skip


def ending(page):
    opens(page, DRAWN)
    page.labels("To see what a weight does, [open this convolution in the explorer]")
    page.labels("change its weights, and find those that make it an average")
    page.labels("To count the parameters of layers of your own", "paste them into")
    x = torch.rand(1, 1, 12, 12)
    page.says(
        "A pool learns nothing. You decide its geometry, and what comes out of that is next: "
        "[output size]",
        not any(map(count, torchs_pools()))
        and nn.MaxPool2d(2)(x).shape != nn.MaxPool2d(3)(x).shape
        and lessons_after("no-learnable-parameters")[0] == "output-size",
    )
    page.cites("This lesson's path follows Unit 7 of", RASCHKA)
    page.cites("LeNet-5 is described by", LENET)
    page.aside("The words and the measurements are our own", why="where this course comes from")
