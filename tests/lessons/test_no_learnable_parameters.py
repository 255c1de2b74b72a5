"""lessons/no-learnable-parameters.py: its words, outputs and figures, against torch and algebra."""

import torch
from torch import nn

from slidingwindows import slide

X = torch.tensor([[[3.0, 1, 4, 1], [2, 6, 5, 3], [9, 7, 9, 3], [8, 4, 6, 2]]])
POOLS = (nn.MaxPool2d, nn.AvgPool2d)


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


def test_every_claim(page):
    counting(page)
    what_a_weight_changes(page)
    gradients(page)
    the_pool_that_had_weights(page)
    exercises(page)
    page.labels("Unit 7", "LeNet-5", "You never gave them a weight", "in one line")
    page.says("See the difference in one picture", len(page.figure(DRAWN).steps) == 4)
    page.complete()


DRAWN = "convolution-2x2-stride-2"


def counting(page):
    big = weights(64, 64, 3)
    size = (32 + 2 * 1 - 3) // 2 + 1
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
    page.prints("convolution(x).detach()", weighted)
    page.draws(DRAWN, slide(first, X))
    page.says("The kernel's four weights are what training would change", count(first) == 4)
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
    page.says(
        "The max pool of an empty map is 0, so the bias would have to be 0 as well",
        largest(torch.zeros(1, 2, 2)) == 0,
    )


def on_channels(page):
    """Two and more channels: a quarter everywhere adds up the channels; in its own it averages."""
    page.prints("three = torch.rand(3, 4, 4)", "a quarter everywhere     False",
                "only in its own channel  True")  # fmt: skip
    page.labels("So on one channel, average pooling is a convolution")
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
    assert torch.equal(blocks(waiting[0].grad), winners), "the winner takes it"
    assert blocks(waiting[1].grad).unique().tolist() == [0.25], "the average shares it out"
    by_hand = winners.view(2, 2, 2, 2).permute(0, 2, 1, 3).reshape(4, 4)
    page.prints(
        "    inputs = x.clone().requires_grad_()",
        "MaxPool2d", by_hand, "AvgPool2d", torch.full((4, 4), 0.25),
    )  # fmt: skip


def the_pool_that_had_weights(page):
    source = "https://doi.org/10.1109/5.726791"
    page.cites("added up the four numbers of each 2×2 window", source)
    page.cites("Each of its 6 maps had one such pair: 12 parameters", source)
    page.labels("layer S2", "It was not always so")
    page.says("a quarter and all biases at zero", page.names["lenet"].coefficient.unique() == 0.25)
    assert page.names["lenet"].bias.abs().max() == 0
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
    page.says("LeNet-5 had a pool with weights: two for each map", count(page.names["lenet"]) == 12)
    ours, theirs = (nn.Sequential(nn.Conv2d(1, 2, 3), pool(2)) for pool in POOLS)
    loaded = theirs.load_state_dict(ours.state_dict(), strict=True)
    page.says(
        "Neither a max pool nor an average pool has an entry in `state_dict()`, the dictionary in "
        "which a network saves its weights. Swap one for the other, and the saved weights still "
        "load",
        not any(pool(2).state_dict() for pool in POOLS),
    )
    x = torch.rand(1, 6, 6)
    assert not torch.equal(ours(x), theirs(x))
    page.prints("with_max = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2))", loaded,
                "same result: False")  # fmt: skip


def exercises(page):
    page.labels("How many parameters does `nn.MaxPool2d(7)` have? And `nn.AvgPool2d(7)`?")
    page.says("Both 0. The window's size", not any(count(pool(7)) for pool in POOLS))
    page.answers(1, ("Both 0", (0, 0)))
    page.labels("How many does `nn.Conv2d(3, 8, 5)` have?")
    filters, channels, rows, cols = nn.Conv2d(3, 8, 5).weight.shape
    page.says(
        f"{weights(3, 8, 5)}: eight filters with {rows}·{cols}·{channels} weights and one bias",
        filters == 8,
    )
    page.answers(2, "608")
    page.labels("with `nn.MaxPool2d(2)` in five places", "a 3×3 convolution of stride 2")
    page.labels("from 64 to 64 channels")
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
