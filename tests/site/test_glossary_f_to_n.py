"""The glossary, F to N: what each entry says is shown on an example that it could be false of."""

import re

import numpy as np
import torch
from defined import (
    ROOT,
    close,
    entry,
    matrix,
    none_has_weights,
    over_windows,
    plain,
    plane,
    reads,
    refuses,
    spectrum,
    wave,
    windows,
)
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import conv_flop_count


@entry("feature map")
def test_feature_map(entry):
    cross = torch.tensor([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]])
    conv = nn.Conv2d(1, 2, 3, bias=False)
    with torch.no_grad():
        conv.weight[0] = cross - cross.mean()
    places, strengths = [(0, 0), (2, 4), (5, 1)], []
    for strength, (r, c) in enumerate(places, 1):
        x = torch.zeros(1, 8, 8)
        x[0, r : r + 3, c : c + 3] = strength * cross
        made = conv(x)[0]
        assert divmod(made.argmax().item(), 6) == (r, c)
        strengths.append(made.max().item())
    entry.says(
        "One channel of a layer's output. A number in it says how strongly one pattern showed up "
        "at one place",
        conv(x).shape[0] == 2 and np.allclose(np.divide(strengths, strengths[0]), [1, 2, 3]),
    )


@entry("filter")
def test_filter(entry):
    shapes = [nn.Conv2d(6, 4, 3, groups=groups).weight.shape for groups in (1, 2)]
    conv, x = nn.Conv2d(6, 4, 3, bias=False), torch.rand(6, 5, 5)
    before = conv(x)
    with torch.no_grad():
        conv.weight[1] = 0
    changed = [not torch.equal(a, b) for a, b in zip(before, conv(x), strict=True)]
    entry.says(
        "All the kernels that make one output map: a block of weights, as deep as the input has "
        "channels, or as its group of them",
        changed == [False, True, False, False]
        and not conv(x)[1].any()
        and [shape[1] for shape in shapes] == [6, 6 / 2],
    )


@entry("flattening")
def test_flattening(entry):
    x = plane(2, 3, 4).reshape(1, 2, 3, 4).repeat(5, 1, 1, 1)
    flat = nn.Flatten()(x)
    entry.says(
        "Writing all channels, rows and columns of a map one after another, so that a linear layer "
        "can read them",
        flat[0].tolist() == [*range(24)]
        and nn.Linear(24, 10)(flat).shape == (5, 10)
        and refuses(nn.Linear(24, 10), x),
    )
    entry.says("`nn.Flatten` leaves the batch axis alone", flat.shape == (5, 24))


@entry("floor")
def test_floor(entry):
    cases = [(n, k, s) for n in range(5, 14) for k in (1, 2, 3) for s in (1, 2, 3)]
    left = {}
    for n, k, s in cases:
        seen = reads(plain(k, stride=s), n)
        assert len(seen) == np.floor((n - k) / s) + 1
        left[n, k, s] = n - 1 - seen[-1][-1]
    entry.says(
        "Cutting the fraction off, down to the next whole number. It is part of the formula for "
        "the output size, and what it cuts off is made of pixels",
        all(round(((n - k) / s % 1) * s) == left[n, k, s] for n, k, s in cases)
        and {*left.values()} == {0, 1, 2},
    )


@entry("FLOP", "FLOPs")
def test_flop(entry):
    counted = conv_flop_count((1, 2, 6, 6), (3, 2, 3, 3), (1, 3, 4, 4))
    products = 3 * 4 * 4 * (2 * 3 * 3)
    entry.says(
        "One floating-point operation. A multiply-accumulate is two of them",
        counted == 2 * products,
    )
    # VGG-19 by its published plan: 3×3 convolutions and their maps at each side, three linear ones.
    plan = {224: [3, 64, 64], 112: [64, 128, 128], 56: [128, *[256] * 4], 28: [256, *[512] * 4]}
    plan[14] = [512, *[512] * 4]
    pairs = [
        side**2 * 9 * a * b
        for side, maps in plan.items()
        for a, b in zip(maps, maps[1:], strict=False)
    ]
    vgg19 = sum(pairs) + 512 * 7 * 7 * 4096 + 4096 * 4096 + 4096 * 1000
    lesson = (ROOT / "lessons" / "what-it-costs.py").read_text("utf-8")
    [published] = re.findall(r"VGG-19 takes ([\d.]+) billion FLOPs \(\[He and others", lesson)
    entry.says(
        "but some count it as one, so ask before you compare",
        round(vgg19 / 1e9, 1) == float(published),
    )


@entry("folding of frequencies")
def test_folding_of_frequencies(entry):
    came = {n: spectrum(wave(n, 32, 0.4)[::2]) for n in range(1, 16)}
    entry.says(
        "What aliasing does to waves: at stride two, a wave faster than one in four pixels comes "
        "out as a slower one, as if the range of frequencies were folded over at the Nyquist "
        "frequency",
        all(came[n] == [n if 32 / n >= 4 else 16 - n] for n in came) and came[9] == came[7],
    )


@entry("full padding")
def test_full_padding(entry):
    x, sizes = torch.rand(7), (2, 3, 5)
    weights = {k: torch.rand(k) for k in sizes}
    made = {k: F.conv1d(x[None], weights[k][None, None], padding=k - 1)[0].numpy() for k in sizes}
    every = {k: [range(s, s + k) for s in range(-9, 17)] for k in sizes}
    entry.says(
        "Padding of one less than the kernel on every side, so that every overlap of kernel and "
        "input counts",
        all(
            np.allclose(made[k], np.correlate(x.numpy(), weights[k].numpy(), "full")) for k in sizes
        )
        and all(
            len(made[k]) == sum(bool({*places} & {*range(7)}) for places in every[k]) for k in sizes
        ),
    )


@entry("funnel of a CNN", "a funnel, the funnel")
def test_funnel_of_a_cnn(entry):
    from slidingwindows import funnel

    maps = [3, 64, 128, 256, 512]  # those of VGG-16, whose five blocks end in a pool each
    layers = [
        layer
        for a, b in zip(maps, maps[1:], strict=False)
        for layer in (nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    ]
    shapes = [
        stage.shape for stage in funnel(nn.Sequential(*layers), torch.zeros(1, 3, 32, 32)).stages
    ]
    sides, channels = [s[-1] for s in shapes], [s[-3] for s in shapes]
    entry.says(
        "The shape of a typical network: height and width shrink on the way through, while "
        "channels grow",
        sides == sorted(sides, reverse=True)
        and channels == sorted(channels)
        and sides[0] > 10 * sides[-1]
        and channels[-1] > 100 * channels[0],
    )


@entry("generalised mean", "GeM, generalised-mean pooling")
def test_generalised_mean(entry):
    x = torch.rand(2, 2, 2, dtype=torch.float64) * 9

    def mean(power):
        """torch's pool adds the powers up; the root of 1/4 makes a mean of it."""
        return F.lp_pool2d(x, power, 2).flatten() * 0.25 ** (1 / power)

    rising = torch.stack([mean(power) for power in (1, 2, 4, 8, 32, 200)])
    entry.says(
        "The root of the mean of a power of each number",
        torch.allclose(mean(3), (x**3).mean((1, 2)) ** (1 / 3)),
    )
    entry.says(
        "At a power of one it is the mean, and it goes towards the maximum as the power grows",
        torch.allclose(rising[0], x.mean((1, 2)))
        and (rising.diff(dim=0) > 0).all()
        and (rising[-1] / x.amax((1, 2)) > 0.99).all(),
    )


@entry("global average pooling", "global average")
def test_global_average_pooling(entry):
    maps = [torch.rand(5, n, m) for n, m in ((1, 1), (4, 7), (32, 9))]
    entry.says(
        "The mean over a whole map: one number for each channel, whatever the size of the map. In "
        "PyTorch it is `nn.AdaptiveAvgPool2d(1)`",
        all(close(nn.AdaptiveAvgPool2d(1)(x), x.mean((1, 2))[:, None, None]) for x in maps),
    )


@entry("gradient")
def test_gradient(entry):
    x, weight = torch.rand(6, dtype=torch.float64), torch.rand(3, dtype=torch.float64)

    def result(x, weight):
        return (torch.tanh(F.conv1d(x[None], weight[None, None]))).sum()

    slopes = torch.autograd.functional.jacobian(result, (x, weight))
    nudge = 1e-6
    by_nudging = [
        [(result(*moved(n, nudge)) - result(*moved(n, -nudge))) / (2 * nudge) for n in range(size)]
        for moved, size in (
            (lambda n, by: (x + by * torch.eye(6, dtype=torch.float64)[n], weight), 6),
            (lambda n, by: (x, weight + by * torch.eye(3, dtype=torch.float64)[n]), 3),
        )
    ]
    entry.says(
        "How fast the result changes when you nudge one input or weight",
        all(np.allclose(a, b, 1e-6) for a, b in zip(slopes, by_nudging, strict=True)),
    )


@entry("grouped convolution", "depthwise")
def test_grouped_convolution(entry):
    x, weight = torch.rand(4, 6, 6), torch.rand(4, 2, 3, 3)
    halves = [F.conv2d(a, w) for a, w in zip(x.chunk(2), weight.chunk(2), strict=True)]
    depthwise = nn.Conv2d(4, 4, 3, groups=4, bias=False)
    alone = [F.conv2d(x[n : n + 1], depthwise.weight[n : n + 1]) for n in range(4)]
    entry.says(
        "A convolution that splits the channels into groups, each with kernels of its own; with a "
        "group for every channel it is called depthwise. The argument is `groups`",
        close(F.conv2d(x, weight, groups=2), torch.cat(halves))
        and close(depthwise(x), torch.cat(alone)),
    )


@entry("im2col")
def test_im2col(entry):
    x, weight = torch.rand(1, 2, 5, 5), torch.rand(3, 2, 3, 3)
    columns = nn.Unfold(3)(x)[0]
    by_hand = [window.flatten() for row in windows(x[0], 3) for window in row]
    entry.says(
        "Writing each window as a column, which makes a convolution a matrix product. PyTorch has "
        "it as `nn.Unfold`",
        torch.equal(columns, torch.stack(by_hand, 1))
        and close((weight.flatten(1) @ columns).reshape(3, 3, 3), F.conv2d(x, weight)[0]),
    )


@entry("invariance", "invariant")
def test_invariance(entry):
    def hidden(k, by):
        """For each place of a single one, whether a pool gives the same after a shift."""
        out = matrix(nn.MaxPool1d(k), 12).T
        return [torch.equal(out[n], out[n + by]) for n in range(12 - by)]

    entry.says(
        "When the input moves, the output stays the same. A pool gives you some of it for small "
        "shifts, never all",
        all({*hidden(k, by)} == {True, False} for k in (2, 3, 4, 6) for by in range(1, k))
        and all({*hidden(k, k)} == {False} for k in (2, 3, 4)),
    )


@entry("jump between views", "the jump, one jump")
def test_jump_between_views(entry):
    strides, layers, jumps = (2, 1, 3), [], []
    for stride in strides:
        layers.append(nn.AvgPool1d(3, stride))
        seen = reads(nn.Sequential(*layers), 40)
        jumps.append({b[0] - a[0] for a, b in zip(seen, seen[1:], strict=False)})
    entry.says(
        "How far apart in the input two neighbouring outputs look. It is the product of all "
        "strides up to that layer",
        jumps == [{n} for n in np.cumprod(strides).tolist()],
    )


@entry("kernel")
def test_kernel(entry):
    conv = nn.Conv1d(1, 1, 3, bias=False)
    rows = matrix(conv, 6)
    entry.says(
        "The grid of weights that a convolution lays on each window",
        all(close(rows[n, n : n + 3], conv.weight[0, 0]) for n in range(4))
        and nn.Conv2d(1, 1, (2, 3)).weight[0, 0].shape == (2, 3),
    )
    entry.says(
        "A pool has no weights; there the word means only how large the window is",
        none_has_weights() and [len(reads(nn.MaxPool1d(k), 8)[0]) for k in (2, 3)] == [2, 3],
    )


@entry("`kernel_size`", "kernel size")
def test_kernel_size(entry):
    def window(kernel_size):
        x = torch.zeros(1, 7, 7, requires_grad=True)
        nn.AvgPool2d(kernel_size)(x)[0, 0, 0].backward()
        rows, cols = x.grad[0].nonzero().T
        return rows.unique().numel(), cols.unique().numel()

    entry.says(
        "The argument for the height and width of the window, as one number for both or as a pair",
        (window(3), window((2, 3)), window((4, 1))) == ((3, 3), (2, 3), (4, 1)),
    )


@entry("learnable parameter")
def test_learnable_parameter(entry):
    conv = nn.Conv2d(1, 1, 2)
    before = [p.detach().clone() for p in conv.parameters()]
    conv(torch.ones(1, 3, 3)).sum().backward()
    with torch.no_grad():  # a step down the slope, as training takes many of
        for p in conv.parameters():
            p -= 0.1 * p.grad
    after = dict(conv.named_parameters())
    entry.says(
        "A number that training changes, such as a weight or a bias",
        {*after} == {"weight", "bias"}
        and all((a != b).all() for a, b in zip(before, after.values(), strict=True)),
    )
    entry.says("Max and average pools have none", none_has_weights())


@entry("linear layer")
def test_linear_layer(entry):
    layer, x = nn.Linear(5, 10), torch.rand(5)
    sums = [sum(w * v for w, v in zip(row, x, strict=True)) for row in layer.weight]
    entry.says(
        "A layer whose every output is a weighted sum of all inputs, plus a bias",
        close(layer(x), torch.stack(sums) + layer.bias) and (layer.weight != 0).all(),
    )
    entry.says(
        "At the end of a network it gives one number for each class",
        nn.Sequential(nn.Flatten(), nn.Linear(32, 10))(torch.rand(1, 2, 4, 4)).shape == (1, 10),
    )


@entry("LP pooling")
def test_lp_pooling(entry):
    x = torch.tensor([[3.0, 4.0], [1.0, 8.0], [-8.0, 2.0]], dtype=torch.float64)

    def pooled(power):
        return F.lp_pool1d(x, power, 2)[:, 0]

    entry.says(
        "A pool that adds up a power of each number and takes the root of the sum",
        torch.allclose(pooled(2), torch.tensor([25.0, 65, 68], dtype=torch.float64) ** 0.5)
        and torch.allclose(pooled(3)[:2], (x[:2] ** 3).sum(1) ** (1 / 3)),
    )
    off = [(pooled(power) - x.amax(1)).abs() for power in (2, 4, 16, 100)]
    entry.says(
        "With a growing power it comes close to the maximum, if no number is negative",
        all((a > b)[:2].all() for a, b in zip(off, off[1:], strict=False) if b[1] > 1e-9)
        and off[-1][:2].max() < 0.03
        and off[-1][2] > 5,
    )


@entry("max pooling", "max pool")
def test_max_pooling(entry):
    x = torch.rand(3, 6, 6)
    entry.says(
        "A window slides over each channel and keeps the largest number it sees",
        torch.equal(nn.MaxPool2d(3, 1)(x), over_windows(x, 3, 1, lambda w: w.amax(1))),
    )


@entry("multiply-accumulate", "MAC, multiply-add")
def test_multiply_accumulate(entry):
    x, weight, count = torch.rand(2, 5, 5), torch.rand(3, 2, 3, 3), 0
    for kernel, made in zip(weight, F.conv2d(x, weight), strict=True):
        for window, number in zip(sum(windows(x, 3), []), made.flatten(), strict=True):
            total = 0.0
            for a, b in zip(window.flatten().tolist(), kernel.flatten().tolist(), strict=True):
                total += a * b
                count += 1
            assert abs(total - number) < 1e-4
    sources = (ROOT / "docs" / "reference" / "sources.md").read_text("utf-8")
    entry.says("One product, added to a running sum", count == 3 * 9 * weight[0].numel())
    entry.says(
        "Some texts call a multiply-accumulate a multiply-add",
        "multiply-accumulates there (the paper writes multiply-adds)" in sources,
    )
    shapes = (1, *x.shape), weight.shape, (1, 3, 3, 3)
    entry.says(
        "Counting them tells how much work a layer does", conv_flop_count(*shapes) == 2 * count
    )


@entry("never read", "read by no window, no window reads")
def test_never_read(entry):
    def unread(n, k, s):
        return sorted({*range(n)} - {*sum(reads(nn.MaxPool1d(k, s), n), [])})

    entry.says(
        "Said of pixels that are in none of the windows: those left over at the end, and those "
        "between windows when the stride is larger than the window",
        (unread(9, 2, 2), unread(8, 2, 3), unread(9, 3, 3), unread(9, 3, 2))
        == ([8], [2, 5], [], []),
    )


@entry("Nyquist frequency")
def test_nyquist_frequency(entry):
    # The cosine of each finer wave is that of a coarser one, number by number.
    same = {n: [m for m in range(9) if torch.allclose(wave(m, 16), wave(n, 16))] for n in range(16)}
    entry.says(
        "The finest wave that a row of numbers can hold: half as many turns as there are numbers. "
        "Finer ones come back as coarser ones",
        all(same[n] == [n] for n in range(9)) and all(same[n] == [16 - n] for n in range(9, 16)),
    )
