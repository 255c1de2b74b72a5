"""lessons/signals-and-volumes.py: its words, outputs and figures, from torch and by hand."""

import itertools

import numpy as np
import pytest
import torch
from lesson_run import source
from torch import nn
from torch.nn import functional as F

from slidingwindows import receptive_field, slide

X = torch.tensor([[2.0, 4, 3, 8, 7, 9, 2, 1]])
SEEDS = range(5)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def conv1d(weights, **options):
    weight = torch.tensor([weights] if isinstance(weights[0], float) else weights)
    return lambda x: F.conv1d(x, weight[None], **options)


def influence(network, length, place):
    """Which inputs change output number `place`: each input moved in turn, no gradient."""
    x = torch.rand(1, 1, length, dtype=torch.float64, generator=seeded(0))
    moved = torch.cat([x, x + torch.eye(length)[:, None]])  # a batch: none moved, then each
    out = network(moved)[:, 0, place]
    return ((out[1:] - out[0]).abs() > 1e-9).nonzero().flatten().tolist()


def stack(kernel, dilations):
    """Causal layers with random weights."""
    weights = [torch.rand(1, 1, kernel, dtype=torch.float64) + 0.5 for _ in dilations]

    def run(x):
        for weight, d in zip(weights, dilations, strict=True):
            x = F.conv1d(F.pad(x, (d * (kernel - 1), 0)), weight, dilation=d)
        return x

    return run


def changed(before, after):
    return (before != after)[0].nonzero().flatten().tolist()


def windows(x, k, stride=1):
    """The windows of a signal, as a row each, cut by plain indexing."""
    stops = range(0, x.shape[-1] - k + 1, stride)
    return torch.stack([x[..., at : at + k] for at in stops], dim=-2)


def blocks(volume, *sides):
    """The boxes of a volume, side by side, each as one row."""
    for axis, side in enumerate(sides, 1):
        volume = volume.unfold(axis, side, side)
    return volume.flatten(-len(sides))


def test_every_claim(page):
    page.labels("1-D and 3-D")
    one_axis(page)
    the_moving_average(page)
    noise_left(page)
    false_waves(page)
    causal(page)
    wavenet(page)
    text(page)
    boxes(page)
    cost(page)
    separable(page)
    work(page)
    order(page)
    exercises(page)
    summary(page)
    page.complete()


def as_in_an_image(k, s, p, d):
    """Whether pools and a convolution along a signal agree with 2-D ones over one row."""
    x = torch.rand(2, 20, generator=seeded(1))
    row = x[:, None]
    weight = torch.rand(3, 2, k, generator=seeded(2))
    pairs = (
        nn.MaxPool1d(k, s, p, d)(x),
        nn.MaxPool2d((1, k), (1, s), (0, p), (1, d))(row)[:, 0],
        nn.AvgPool1d(k, s, p)(x),
        nn.AvgPool2d((1, k), (1, s), (0, p))(row)[:, 0],
        F.conv1d(x, weight, None, s, p, d),
        F.conv2d(row, weight[:, :, None], None, (1, s), (0, p), (1, d))[:, 0],
    )
    return all(map(torch.allclose, pairs[::2], pairs[1::2]))


def one_axis(page):
    volume = torch.rand(1, 4, 6, 8, generator=seeded(3))
    page.says(
        "The same window in 1-D and 3-D",
        torch.equal(nn.MaxPool3d((1, 1, 2))(volume)[0, 1, 2], nn.MaxPool1d(2)(volume[0, 1])[2])
        and torch.equal(nn.MaxPool3d((1, 1, 2))(volume)[0], nn.MaxPool2d((1, 2))(volume[0])),
    )
    page.labels("Moving averages, false waves,", "text, video, and pools taken apart axis by axis")
    page.labels("Smooth a signal, and say why skipping numbers can invent a wave")
    batch = torch.rand(4, 2, 20, generator=seeded(4))
    page.says(
        "A signal has the shape `(channels, length)`, a batch of signals `(batch, channels, "
        "length)`",
        torch.allclose(nn.AvgPool1d(3)(batch)[1, 1], windows(batch[1], 3, 3).mean(-1)[1], atol=1e-6)
        and torch.equal(nn.AvgPool1d(3)(batch)[1], nn.AvgPool1d(3)(batch[1])),
    )
    settings = itertools.product((2, 3, 5), (1, 2, 3), (0, 1), (1, 2))
    page.says(
        "All you know of kernel size, stride, padding and dilation still holds",
        all(as_in_an_image(*each) for each in settings),
    )
    page.says("one channel, length 8", page.names["x"].shape == (1, 8))
    assert torch.equal(page.names["x"], X)
    page.says(
        "A sound has one axis. A film has three",
        (page.names["x"].dim() - 1, page.names["video"].dim() - 1) == (1, 3),
    )
    page.labels("along one axis, or through a box?", "count what 3-D costs")
    page.says("One axis less", page.names["x"].dim() == page.names["image"].dim() - 1)
    layers = [nn.MaxPool1d(2), nn.AvgPool1d(2), nn.Conv1d(1, 1, 2), nn.LPPool1d(2, 2)]
    page.says(
        "The layers end in `1d`",
        all(type(layer).__name__.endswith("1d") for layer in layers)
        and all(layer(X).shape[0] == 1 for layer in layers),
    )
    page.says(
        "A signal of 8 numbers passes `nn.MaxPool1d(2)`. How many numbers come out? "
        "And from `nn.AvgPool1d(3, stride=1)`?",
        X.shape == (1, 8),
    )
    largest, means = windows(X, 2, 2).amax(-1), windows(X, 3).mean(-1)
    page.prints("print(nn.MaxPool1d(2)(x))", largest, means)
    page.draws("signals-max", slide(nn.MaxPool1d(2), X))
    page.says(
        "A max pool along one axis: the stride is 2, the kernel size",
        page.figure("signals-max").dims == 1
        and nn.MaxPool1d(2).stride == page.figure("signals-max").geometry.cols.stride == 2,
    )
    page.says("Four and six.", (largest.numel(), means.numel()) == (4, 6))
    page.says(
        "A convolution works in the same way",
        torch.allclose(conv1d([1.0, 2, 4])(X), windows(X, 3) @ torch.tensor([1.0, 2, 4])),
    )
    steps = X[:, 1:] - X[:, :-1]
    page.says(
        "With the weights −1 and 1 it says how much the signal rises from each number to the next",
        torch.equal(conv1d([-1.0, 1])(X), steps),
    )
    page.prints("rise(x)", steps)
    rise = nn.Conv1d(1, 1, 2, bias=False)
    rise.weight.data = torch.tensor([[[-1.0, 1]]])
    page.draws("signals-rise", slide(rise, X))
    page.says(
        "Weights −1 and 1: each step up or down. The largest step up is 5",
        page.names["rise"].weight.flatten().tolist() == [-1, 1] and steps.max() == 5,
    )
    page.says(
        "With more channels, pools and convolutions differ as they do in images. A pool treats "
        "each channel alone. A convolution sums over all of them",
        pools_keep_channels_apart(),
    )


def the_moving_average(page):
    by_weights = []
    for k in (2, 3, 5, 9):
        x = torch.rand(1, 30, generator=seeded(k))
        by_weights.append(
            torch.allclose(windows(x, k).mean(-1), conv1d([1 / k] * k)(x), atol=1e-6)
            and torch.allclose(nn.AvgPool1d(k, stride=1)(x), windows(x, k).mean(-1), atol=1e-6)
        )
    page.says(
        "An average pool with stride 1 has an old name: the **moving average**. It is also a "
        "convolution whose weights are all $1/k$",
        all(by_weights),
    )
    same = torch.full((3,), 1 / 3)
    assert page.names["same"].weight.flatten().tolist() == same.tolist()
    page.prints(
        "print(torch.allclose(moving(x), same(x)))",
        torch.allclose(windows(X, 3) @ same, page.names["moving"](X)),
    )
    page.draws("signals-moving-average", slide(nn.AvgPool1d(3, stride=1), X))
    page.says(
        "A moving average: `nn.AvgPool1d(3, stride=1)`",
        np.allclose(page.figure("signals-moving-average").output, windows(X, 3).mean(-1)),
    )


def sine():
    return torch.sin(2 * torch.pi * torch.arange(160) / 40)


def smoothed(noisy):
    """The mean and the maximum of nine neighbours, fewer at the ends, in plain Python."""
    around = [noisy[max(0, at - 4) : at + 5] for at in range(len(noisy))]
    return torch.stack([near.mean() for near in around]), torch.stack(
        [near.max() for near in around]
    )


def noise_left(page):
    random, wave = seeded(0), sine()
    noisy = wave + 0.5 * torch.randn(160, generator=random)
    assert torch.equal(page.names["noisy"], noisy) and torch.equal(page.names["wave"], wave)
    page.labels("A sine wave is buried in noise", "What will each of them draw?")
    rises = (wave[1:] > 0.05) & (wave[:-1] <= 0.05)
    page.says(
        "one wave in 40 steps",
        rises.sum() == 160 / 40
        and torch.allclose(wave[40:], wave[:-40], atol=1e-5)
        and len(page.names["time"]) == 160,
    )
    alone = torch.randn(9, 1000, generator=seeded(9))
    page.says(
        "Noise goes up and down at random, so in a mean much of it cancels",
        0.45 < (alone > 0).float().mean() < 0.55
        and alone.mean(0).abs().mean() < alone.abs().mean() / 2,
    )
    page.says(
        "Two pools slide over it at stride 1, with a kernel of 9: an average and a maximum",
        [page.names[name].kernel_size for name in ("average", "largest")] == [(9,), 9],
    )
    smooth, top = smoothed(noisy)
    page.prints(
        "smooth, top = average(noisy[None])[0], largest(noisy[None])[0]",
        f"the average is off by {(smooth - wave).mean():+.2f} in the mean",
        f"the maximum is off by {(top - wave).mean():+.2f} in the mean",
    )
    (axes,) = page.drawing("signals-smoothing")
    expected = [("noisy", noisy), ("maximum of 9", top), ("average of 9", smooth)]
    page.plots(
        "signals-smoothing",
        axes["xlabel"] == "time"
        and [label for label, *_ in axes["lines"]] == [label for label, _ in expected]
        and all(
            x == list(range(160)) and np.allclose(y, values, atol=1e-6)
            for (_, x, y), (_, values) in zip(axes["lines"], expected, strict=True)
        ),
    )
    page.says(
        "A noisy sine wave in grey. The moving average follows the wave closely",
        'axes.plot(time, noisy, label="noisy", **grey)'
        in page.run.lesson.code[page.cell('label="maximum of 9"')].source
        and (smooth - wave).abs().mean() < (noisy - wave).abs().mean() / 2,
    )
    page.says(
        "The moving maximum rides along the top of the noise, in flat steps",
        (top >= noisy).all() and (top[1:] == top[:-1]).float().mean() > 0.5,
    )
    page.says(
        "The average finds the wave. The maximum rides on top of the noise",
        np.corrcoef(smooth, wave)[0, 1] > 0.95
        and (top >= noisy).all()
        and (top == noisy).sum() > 10,
    )
    page.labels("Pick it when you want peaks, not when you want a level", "How much noise is left?")
    off, high = [], []
    for seed in SEEDS:
        smooth, top = smoothed(wave + 0.5 * torch.randn(160, generator=seeded(seed)))
        off.append((smooth - wave).mean().abs())
        high.append((top - wave).mean())
    page.says(
        "The average follows the wave. The maximum is far too high: it keeps the *largest* noise",
        max(off) < 0.15 and min(high) > 0.7,
    )
    noise, lines = torch.randn(1, 100_000, generator=random), []
    for k in (1, 4, 9, 25):
        totals = F.pad(noise.double().cumsum(1), (1, 0))
        left = (totals[:, k:] - totals[:, :-k]).div(k).std() / noise.std()
        lines.append(f"kernel {k:>2}: {left:.2f} of the noise is left")
    page.prints("noise = torch.randn(1, 100_000)", *lines)
    for seed in SEEDS:
        noise = torch.randn(1, 100_000, generator=seeded(seed))
        left = {k: nn.AvgPool1d(k, 1)(noise).std() / noise.std() for k in (4, 9, 25)}
        page.says(
            r"The mean of $k$ independent numbers spreads less by $\sqrt{k}$: a half for 4, a "
            "third for 9, a fifth for 25",
            all(left[k].item() == pytest.approx(k**-0.5, rel=0.03) for k in left),
        )
        page.says(
            r"A moving average calms noise by $\sqrt{k}$",
            all(left[k].item() == pytest.approx(k**-0.5, rel=0.03) for k in left),
        )
    peaks = [nn.AvgPool1d(k, 1)(wave[None]).max().item() for k in (1, 5, 9, 21)]
    page.says(
        "The wave pays too, for a wide window flattens its peaks",
        peaks == sorted(peaks, reverse=True) and peaks[-1] < 0.7,
    )


def false_waves(page):
    page.labels("A wave that is not there")
    page.says(
        "You have 20 numbers a second and want 10. May you just take every second one?",
        len(torch.arange(20)[::2]) == 10,
    )
    flips = page.names["flips"]
    page.says("The signal alternates: 0, 6, 0, 6.", flips.tolist() == [[0, 6] * 5])
    page.labels("You keep every second number. What is left?", "does `nn.AvgPool1d(2)` leave?")
    page.prints(
        "flips = torch.tensor([[0.0, 6] * 5])",
        "stride:         0 0 0 0 0",
        "stride, later:  6 6 6 6 6",
        "average pool:   " + " ".join([str((0 + 6) // 2)] * 5),
    )
    page.says(
        "The stride alone turns it into a constant, and *which* constant depends on where you "
        "begin",
        [flips[0, start::2].unique().tolist() for start in (0, 1)] == [[0], [6]],
    )
    page.says(
        "The average leaves a constant too, but the right one: the mean",
        windows(flips, 2, 2).mean(-1)[0].tolist() == [flips.mean().item()] * 5,
    )
    other = source("local-invariance")
    page.says(
        "This is **aliasing**, as in [invariance]",
        "**aliasing**" in other and flips[0, ::2].std() == 0 < flips.std(),
    )
    n = torch.arange(60, dtype=torch.float64)
    fast = torch.cos(2 * torch.pi * 9 * n / 20)[None]
    assert torch.allclose(page.names["fast"].double(), fast, atol=1e-4)
    rising = (fast[0, :20] > 0) & (fast[0, :20].roll(1) <= 0)
    page.says("Here are nine waves in 20 numbers", int(rising.sum()) == 9)
    kept, pooled = fast[:, ::2], windows(fast, 2, 2).mean(-1)
    slow = torch.cos(2 * torch.pi * n / 20)[None, ::2]
    spectrum = [torch.fft.rfft(line[0]).abs() for line in (fast, kept, pooled)]
    page.says(
        "Every second number of the fast wave *is* a slow wave, number for number",
        torch.allclose(kept, slow)
        and [int(s.argmax()) for s in spectrum] == [27, 3, 3],  # waves in the 60 numbers
    )
    page.says(
        "one wave in 20 numbers",
        int(((slow[0] > 0) & (slow[0].roll(1) <= 0)).sum()) == 60 / 20 and slow.shape[1] * 2 == 60,
    )
    page.says(
        "Slightly slower waves do worse things",
        int(rising.sum()) < int((flips[0].repeat(2) > 0).sum()) == 10  # waves in 20 numbers
        and kept.std() > 0.5 > 0 == flips[0, ::2].std(),
    )
    page.says(
        "The slow wave above is not in the signal. The stride made it",
        spectrum[0][3] < 1e-9 < 10 < spectrum[1][3],
    )
    page.says("A stride alone can invent waves", spectrum[0].argmax() != spectrum[1].argmax() == 3)
    page.says("No later layer can tell it from a real one", torch.allclose(kept, slow))
    heights = [s.max() / len(line[0]) for s, line in zip(spectrum[1:], (kept, pooled), strict=True)]
    page.prints(
        "slow = torch.cos(2 * torch.pi * n / 20)[None, ::2]  # one wave in 20 numbers",
        f"the same numbers as a slow wave: {torch.allclose(kept, slow)}",
        f"the average leaves {heights[1] / heights[0]:.2f} of its height",
    )
    page.says(
        "The average does not remove it quite, but leaves only "
        f"{heights[1] / heights[0]:.2f} of its height",
        0 < heights[1] / heights[0] < 0.2,
    )
    the_false_wave(page, kept, pooled)


def the_false_wave(page, kept, pooled):
    above, below = page.drawing("signals-false-wave")
    fine = np.arange(0, 59, 0.02)
    curve, stops = np.cos(2 * np.pi * 9 * fine / 20), np.arange(0, 60, 2)
    panels = [(above, stops, kept), (below, stops + 0.5, pooled)]
    page.plots(
        "signals-false-wave",
        all(
            np.allclose(panel["lines"][0][1], fine, atol=1e-4)
            and np.allclose(panel["lines"][0][2], curve, atol=1e-3)
            and np.allclose(panel["lines"][1][1], places)
            and np.allclose(panel["lines"][1][2], line[0], atol=1e-4)
            for panel, places, line in panels
        )
        and [panel["title"] for panel, *_ in panels]
        == ["every second number", "average of two, then stride 2"]
        and below["xlabel"] == "time",
    )
    page.says(
        "Two panels with the same fast wave in grey",
        above["lines"][0] == below["lines"][0] and len(above["lines"]) == 2,
    )
    page.says(
        "Above, every second number of it is joined by a line: a slow wave of full height",
        np.allclose(np.array(above["lines"][1][2]), curve[::100], atol=1e-3)
        and max(above["lines"][1][2]) > 0.99,
    )
    page.says(
        "Below, the averages of two: a slow wave that hardly leaves zero",
        max(np.abs(below["lines"][1][2])) < 0.2,
    )


def past_of_two():
    layer = nn.Conv1d(1, 1, 2, dilation=2, bias=False)
    layer.weight.data = torch.tensor([[[1.0, 2]]])
    return layer


def causal(page):
    page.labels("Windows that do not see the future", "You change the last number of `x`")
    cheat = conv1d([0.0, 0, 1], padding=1)(X)  # nothing learned, yet the next sample is right
    page.says(
        "If a network is to predict the next sample of a sound, it must not look at it",
        torch.equal(cheat[:, :-1], X[:, 1:]),
    )
    on_the_left = conv1d([0.0, 0, 1])(F.pad(X, (2, 0)))  # the last tap alone
    page.says(
        "So put all padding on the **left**. Then the window's last tap stands on the present. "
        "Such a convolution is called **causal**",
        torch.equal(on_the_left, X) and influence(stack(3, [1]), 9, 4) == [2, 3, 4],
    )
    page.says("left, right", F.pad(torch.ones(1, 2), (2, 1)).tolist() == [[0, 0, 1, 1, 0]])
    looks = [influence(stack(2, [d]), 8, 7) for d in (1, 2, 3)]
    page.says(
        "[Open this convolution in the explorer] and change its dilation",
        looks == [[6, 7], [5, 7], [4, 7]]
        and sum(
            "dilation=2,bias=False%29&input=0,0,2,4,3,8,7,9,2,1&weights=1,2)" in cell.source
            for cell in page.run.lesson.cells
        )
        == 1,
    )
    page.labels("how far back does the last output look?")
    padded = nn.Conv1d(1, 1, 3, padding=1, dtype=torch.float64)
    page.says(
        "With `padding=1` a kernel of 3 looks one step ahead",
        influence(padded, 9, 4) == [3, 4, 5],
    )
    both = slide(nn.Conv1d(1, 1, 2, dilation=2, padding=2), X)
    page.says(
        "A layer's own `padding=2` would go to both ends", both.geometry.cols.padding == (2, 2)
    )
    page.says(
        "windows that only see the past",
        influence(stack(2, [2]), 9, 4) == [2, 4] and page.names["past"].dilation == (2,),
    )
    page.says(
        "Padding on the left makes a convolution causal",
        max(influence(stack(2, [2]), 9, 4)) == 4 < max(influence(padded, 9, 4)),
    )
    page.says(
        "Build a convolution that never sees the future",
        all(max(influence(stack(3, [d]), 9, at)) == at for d in (1, 2) for at in range(9)),
    )
    before = [0, 0, *X[0].tolist()]
    by_hand = [before[at] + 2 * before[at + 2] for at in range(8)]
    page.prints("causal(past, x)", torch.tensor([by_hand]))
    page.draws("signals-causal", slide(past_of_two(), F.pad(X, (2, 0))))
    drawn = page.figure("signals-causal")
    page.says(
        "Two zeros on the left, none on the right",
        drawn.input_shape == (1, 10) and torch.equal(torch.tensor([before]), F.pad(X, (2, 0))),
    )
    page.says(
        "The last tap stands on the present, the first two steps before it",
        [list(window) for window in drawn.geometry.cols.windows] == [[n, n + 2] for n in range(8)],
    )
    other = X.clone()
    other[0, -1] = 5
    assert torch.equal(page.names["other"], other)
    page.labels("a convolution of 3 with `padding=1`?")
    past = lambda x: conv1d([1.0, 2], dilation=2)(F.pad(x, (2, 0)))  # noqa: E731
    centred = conv1d([1.0, 2, 3], padding=1)
    alone, too = changed(past(X), past(other)), changed(centred(X), centred(other))
    page.prints(
        "centred = nn.Conv1d(1, 1, 3, padding=1)",
        f"causal   outputs that change: {alone}",
        f"centred  outputs that change: {too}",
    )
    page.says(
        "The causal one changes at place 7 alone, the present. The centred one changes at place 6 "
        "too: there it has read the future",
        (alone, too) == ([7], [6, 7]),
    )


def wavenet(page):
    page.cites(
        "WaveNet, a network for raw sound, stacks causal convolutions with a kernel of 2 and "
        "doubles the dilation from layer to layer",
        "https://arxiv.org/abs/1609.03499",
    )
    seen = {}
    for n in (1, 2, 3, 4, 5, 10):
        length = 2**n + 10
        for kind, dilations in (("doubling", [2**i for i in range(n)]), ("plain", [1] * n)):
            reached = influence(stack(2, dilations), length, length - 1)
            assert reached == list(range(length - len(reached), length)), "a sample is left out"
            seen[n, kind] = len(reached)
    page.prints(
        "def past_seen(dilations):",
        *(
            f"{n:>2} layers: {seen[n, 'doubling']:>4} doubling, {seen[n, 'plain']:>2} plain"
            for n in (1, 2, 3, 4, 10)
        ),
    )
    page.says(
        "$n$ layers see $2^n$ samples, the present among them.",
        all(seen[n, "doubling"] == 2**n for n in (1, 2, 3, 4, 5, 10)),
    )
    page.says(
        "And no sample is left out, for each dilation is as long as what was seen before",
        all(seen[n, "doubling"] == 2**n for n in (1, 2, 3, 4, 5))  # the next one's dilation
        and influence(stack(2, [1, 3]), 9, 8) == [4, 5, 7, 8],  # a longer one leaves one out
    )
    page.says(
        "Ten layers see 1024, where ten plain ones see 11",
        (seen[10, "doubling"], seen[10, "plain"]) == (1024, 11),
    )
    page.says(
        "With a kernel of 2, doubled dilations see $2^n$ samples",
        seen[5, "doubling"] == 2**5 != 1 + sum(2 * 2**n for n in range(5)),
    )
    four = nn.Sequential(*(nn.Conv1d(1, 1, 2, dilation=2**i, bias=False) for i in range(4)))
    four.load_state_dict(page.names["four"].state_dict())  # random ones
    page.draws("signals-wavenet", receptive_field(four, (1, 16)))
    page.says(
        "Dilations 1, 2, 4 and 8: one output hears 16 samples",
        [layer.dilation for layer in page.names["four"]] == [(1,), (2,), (4,), (8,)]
        and seen[4, "doubling"] == 16,
    )


def text(page):
    words = page.names["text"]
    conv, pool = nn.Conv1d(6, 1, 2), nn.MaxPool1d(2)
    embedding = nn.Embedding(20, 6)
    page.says(
        "For a network a word is a vector, so a sentence is `(length, channels)`: one row for each "
        "word. That order is natural",
        embedding(torch.arange(9)).shape == words[0].shape == (9, 6)
        and torch.equal(embedding(torch.arange(9))[2], embedding.weight[2]),
    )
    with pytest.raises(RuntimeError, match="9 channels"):
        conv(embedding(torch.arange(9)))
    page.says(
        "It is not the one that `Conv1d` wants", conv(embedding(torch.arange(9)).T).shape == (1, 8)
    )
    page.says(
        "A text comes as `(batch, length, channels)`",
        embedding(torch.zeros(4, 9, dtype=torch.long)).shape == words.shape,
    )
    page.says("sentences of 6 words", page.names["six"].shape == (4, 6, 6))
    x = torch.rand(4, 6, 9)
    page.says(
        "`Conv1d` and the 1-D pools want `(batch, channels, length)`",
        torch.equal(pool(x), x[..., :8].unfold(2, 2, 2).amax(-1)) and conv(x).shape == (4, 1, 8),
    )
    page.says("Here are 4 sentences of 9 words, with 6 channels each", words.shape == (4, 9, 6))
    page.says(
        "The pool does not complain: it halves the *channels*",
        torch.equal(pool(words), words.unfold(2, 2, 2).amax(-1)) and pool(words).shape == (4, 9, 3),
    )
    with pytest.raises(RuntimeError, match="but got 9 channels instead") as error:
        conv(words)
    complains = {}
    for length in range(4, 10):
        try:
            conv(torch.rand(4, length, 6))
            complains[length] = False
        except RuntimeError:
            complains[length] = True
    page.says(
        "The convolution does complain, unless a sentence has as many words as channels",
        complains == {length: length != 6 for length in range(4, 10)},
    )
    across = torch.rand(1, 6, 6)
    first_channel = across.clone()
    first_channel[..., 0] += 1
    page.says(
        "Then it, too, slides along the wrong axis without a word",
        changed(conv(across)[0], conv(first_channel)[0]) == [0]  # channel by channel, not words
        and len(changed(conv(across.mT)[0], conv(first_channel.mT)[0])) == 5,
    )
    wrong, right = conv(words[:, :6]), conv(words[:, :6].transpose(1, 2))
    assert wrong.shape == right.shape and not torch.allclose(wrong, right)
    page.prints(
        'print("pool:   ", tuple(nn.MaxPool1d(2)(text).shape))',
        f"pool:    {(4, 9, 6 // 2)}",
        f"conv:    {str(error.value).split(', ')[-1]}",
        f"conv, 6: {(4, 1, 6 - 1)}",
    )
    page.labels("Move the axes first:")
    page.prints(
        "right = text.transpose(1, 2)  # (batch, channels, length)",
        f"pool: {(4, 6, 9 // 2)}",
        f"conv: {(4, 1, 9 - 1)}",
    )
    page.says(
        "(batch, channels, length)",
        torch.equal(page.names["right"], words.permute(0, 2, 1))
        and page.names["right"].shape == (4, 6, 9),
    )
    max_over_time(page)


def max_over_time(page):
    over_time = nn.AdaptiveMaxPool1d(1)
    any_length = [torch.rand(2, 3, length) for length in (1, 4, 9)]
    page.says(
        "Pool a text of any length to one vector",
        all(over_time(x).flatten(1).shape == (2, 3) for x in any_length),
    )
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        nn.Linear(9, 2)(torch.rand(1, 8))
    page.says(
        "A classifier wants vectors of one length", nn.Linear(9, 2)(torch.rand(1, 9)).numel() == 2
    )
    page.cites(
        "slides convolutions over the words and keeps only the largest response of each, wherever "
        "it was",
        "https://arxiv.org/abs/1408.5882",
    )
    page.says(
        "That is `nn.AdaptiveMaxPool1d(1)`",
        all(torch.equal(over_time(x)[..., 0], x.amax(-1)) for x in any_length),
    )
    page.says(
        "Try it with words of two channels: one for *not*, one for *good*",
        page.names["words"] == {"not": [1, 0], "good": [0, 1]},
    )
    page.says(
        "The kernel looks for *not* and, right after it, *good*",
        page.names["find"].weight.tolist() == [[[1, 0], [0, 1]]],
    )
    said = torch.tensor([page.names["words"][word] for word in ("not", "good")]).T
    page.says(
        "not, then good",
        (page.names["find"](said).item(), page.names["find"](said.flip(1)).item()) == (2, 0),
    )
    page.says("(channels, length)", said.shape == (2, 2) and conv1d([[1.0], [2]])(said)[0, 1] == 2)
    page.labels("Which of them will get the highest number?")
    sentences, lines, found = (
        ("not good at all", "I fear it is not good", "a good film is it not"),
        [],
        [],
    )
    asked = "over_time = nn.AdaptiveMaxPool1d(1)"
    told = [line.strip() for line in page.output(asked).splitlines() if "->" not in line]
    page.says("The cell below holds three sentences", len(told) == 3 and tuple(told) == sentences)
    page.says("Sentences differ in length", len({len(text.split()) for text in sentences}) > 1)
    for sentence in sentences:
        split = sentence.split()
        pairs = zip(split, split[1:], strict=False)
        found.append([(one == "not") + (other == "good") for one, other in pairs])
        lines += [f"{sentence} ", f"    {' '.join(map(str, found[-1]))} -> {max(found[-1]):.1f}"]
    page.prints(asked, *lines)
    first, second, third = found
    page.says(
        "Both sentences with *not good* get 2, at the beginning or at the end",
        (first.index(2), second.index(2)) == (0, len(second) - 1) and max(first + second) == 2,
    )
    page.says(
        "What is forgotten is the place",
        max(first) == max(second) == 2 and first.index(2) != second.index(2),
    )
    page.says(
        "The third holds the same two words, but not in this order, side by side. It gets 1.",
        max(third) == 1 and {"not", "good"} <= set(sentences[2].split()),
    )


def boxes(page):
    random = seeded(7)
    volume = torch.randint(0, 10, (1, 4, 4, 4), generator=random).float()
    assert torch.equal(page.names["volume"], volume)
    page.aside("A scan of a body is a volume", why="about the world")
    page.says(
        "`(channels, depth, height, width)`",
        nn.Conv3d(1, 2, (2, 3, 4))(volume).shape == (2, 3, 2, 1) and volume.dim() == 4,
    )
    blink = torch.zeros(1, 4, 4, 4)
    blink[0, 1, 2, 3] = 1  # in the second frame
    page.says(
        "A video is one too, with time in the place of depth. Now the window is a box",
        page.names["video"].dim() == volume.dim()
        and nn.MaxPool3d(2)(blink).nonzero().tolist() == [[0, 0, 1, 1]]
        and nn.AvgPool3d(2)(blink).max() == 1 / 2**3,
    )
    page.says("colours, time, height, width", page.names["video"].shape == (3, 16, 32, 32))
    page.labels("Keep the frames of a video")
    page.labels("A volume of 4×4×4 numbers passes `nn.MaxPool3d(2)`")
    cut = blocks(volume, 2, 2, 2)
    page.prints("print(nn.MaxPool3d(2)(volume))", cut.amax(-1))
    page.draws("signals-box", slide(nn.MaxPool3d(2), volume))
    box = page.figure("signals-box")
    page.says(
        "The first slice of the output. Each window is a box of 2×2×2, drawn as the two slices it "
        "reads",
        box.depth_index == 0
        and {len(step.arithmetic.split(", ")) for step in box.steps} == {2 * 2 * 2}
        and box.slices == (0, 1),
    )
    page.says(
        "8 of 64: an eighth, where a 2-D pool keeps a quarter. Each is the largest of 8",
        (cut[..., 0].numel(), volume.numel(), cut.shape[-1]) == (8, 64, 8)
        and volume.numel() == 8 * 8
        and nn.MaxPool2d(2)(volume).numel() * 4 == volume.numel(),
    )
    frames = nn.MaxPool3d((1, 2, 2))
    page.says(
        "A window may be smaller along one axis. With a kernel of `(1, 2, 2)` the pool leaves time "
        "alone",
        frames(volume).shape == (1, 4, 2, 2),
    )
    page.draws("signals-frames", slide(frames, volume))
    page.says(
        "A box of 1×2×2 reads one frame at a time",
        {len(step.arithmetic.split(", ")) for step in page.figure("signals-frames").steps} == {4}
        and len(page.figure("signals-frames").slices) == 1,
    )
    video = page.names["video"]
    one_by_one = blocks(video.transpose(0, 1).flatten(0, 1), 2, 2).amax(-1)
    same = torch.equal(frames(video).transpose(0, 1).flatten(0, 1), one_by_one)
    page.says("So it must be the same as a 2-D pool on each frame", same)
    halved = [16, 32, 32]
    for _ in range(4):
        halved = [side // 2 for side in halved]
    page.prints("halved = video", same, f"{(3, 16, 32 // 2, 32 // 2)} {(3, *halved)}")
    page.says(
        "The second line is why you want this. After four pools of 2 along all axes, one frame of "
        "16 is left",
        halved[0] == 1 and video.shape[1] == 16,
    )
    means = nn.AvgPool3d((1, 2, 2))(video)
    page.says(
        "`(1, 2, 2)` pools a video frame by frame",
        torch.allclose(means[:, 5], nn.AvgPool2d(2)(video[:, 5])) and same,
    )


def cost(page):
    def costs(kind, k):
        """Weights, biases, and multiply-accumulates for one number of the output."""
        conv = kind(8, 16, k, padding=k // 2)
        return conv.weight.numel(), conv.bias.numel(), conv.weight[0].numel()

    flat, deep = costs(nn.Conv2d, 3), costs(nn.Conv3d, 3)
    pools = [layer(2) for layer in (nn.MaxPool3d, nn.AvgPool3d)]
    page.labels("### What 3-D costs")
    page.says(
        "A pool has no parameters in 3-D either. A convolution has more",
        not [p for pool in pools for p in pool.parameters()] and deep[0] > flat[0],
    )
    page.labels(
        "How many times more weights does `nn.Conv3d(8, 16, 3)` have", "`nn.Conv2d(8, 16, 3)`?"
    )
    page.labels("How many times more multiply-accumulates does it need for the same video?")
    page.says("channels, time, height, width", page.names["clip"].shape == (8, 16, 32, 32))
    outputs = 16 * 16 * 32 * 32  # channels, time, height, width
    page.prints(
        "flat, deep = nn.Conv2d(8, 16, 3, padding=1), nn.Conv3d(8, 16, 3, padding=1)",
        f"{8 * 16 * 3**2 + 16:>5,} parameters, {outputs * 8 * 3**2:>10,} multiply-accumulates, "
        f"{(16, 16, 32, 32)}",
        f"{8 * 16 * 3**3 + 16:>5,} parameters, {outputs * 8 * 3**3:>10,} multiply-accumulates, "
        f"{(16, 16, 32, 32)}",
    )
    page.says(
        "Three times both, apart from the 16 numbers of the bias",
        deep[0] == 3 * flat[0] and deep[2] == 3 * flat[2] and flat[1] == deep[1] == 16,
    )
    lines = [[costs(kind, k)[0] for kind in (nn.Conv1d, nn.Conv2d, nn.Conv3d)] for k in (3, 5, 7)]
    times_k = all(a * k == b and b * k == c for k, (a, b, c) in zip((3, 5, 7), lines, strict=True))
    page.says("A kernel of $k$ costs $k$ times as much for each further axis", times_k)
    page.says("Each further axis multiplies a convolution's cost by $k$", times_k)


def pools_keep_channels_apart():
    x = torch.rand(3, 12, generator=seeded(0))
    other = x.clone()
    other[0] += 1
    pools = nn.MaxPool1d(2), nn.AvgPool1d(3)
    apart = all(torch.equal(pool(x)[1:], pool(other)[1:]) for pool in pools)
    weight = torch.ones(2, 3, 2)
    return apart and bool((F.conv1d(x, weight) != F.conv1d(other, weight)).all())


def counted(k, s, side, dims=2):
    """Comparisons for each output number, axis by axis, by walking every window of every pass."""
    size, total = [side] * dims, 0
    for axis in range(dims):
        size[axis] = len(range(0, size[axis] - k + 1, s))
        outputs = 1
        for length in size:
            outputs *= length
        total += outputs * (k - 1)
    return total / outputs


def agreeing(kind, k, s, x, p=0):
    """Whether both orders of the axes agree with the whole window."""
    rows, columns = kind((1, k), (1, s), (0, p)), kind((k, 1), (s, 1), (p, 0))
    both = columns(rows(x)), rows(columns(x))
    return [torch.allclose(one, kind(k, s, p)(x)) for one in both]


def separable(page):
    random = seeded(7)
    torch.randint(0, 10, (1, 4, 4, 4), generator=random)
    image = torch.randint(0, 10, (1, 12, 12), generator=random).float()
    assert torch.equal(page.names["image"], image)
    page.says("One axis at a time", nn.MaxPool2d((1, 2))(image).shape == (1, 12, 6))
    page.labels("Can you build a 2-D pool from 1-D pools?")
    lines, stacks = (
        page.names[name](nn.MaxPool2d, 3, 2) for name in ("along_rows", "along_columns")
    )
    by_rows = torch.stack([nn.MaxPool1d(3, 2)(row) for row in image[0].split(1)], 1)
    by_columns = [nn.MaxPool1d(3, 2)(column.T) for column in by_rows[0].split(1, 1)]
    page.says(
        "First along the rows, then along the columns",
        torch.equal(lines(image), by_rows)
        and torch.equal(stacks(by_rows)[0], torch.cat(by_columns).T)
        and torch.equal(stacks(by_rows), nn.MaxPool2d(3, 2)(image)),
    )
    page.prints(
        "def along_rows(pool, k, s):",
        *(
            f"{kind.__name__}({k}, {s}): {' '.join(map(str, agreeing(kind, k, s, image)))}"
            for kind in (nn.MaxPool2d, nn.AvgPool2d)
            for k, s in ((2, 2), (3, 2), (5, 1))
        ),
    )
    small = image[:, :4, :4]
    rows = small.unfold(2, 2, 2).amax(-1)
    page.draws("signals-rows", slide(nn.MaxPool2d((1, 2)), small))
    page.draws("signals-columns", slide(nn.MaxPool2d((2, 1)), rows))
    page.says(
        "First along the rows: 4×4 becomes 4×2",
        (small.shape, page.figure("signals-rows").output_shape) == ((1, 4, 4), (1, 4, 2)),
    )
    page.says(
        "Then along the columns: 4×2 becomes 2×2, the same as from `nn.MaxPool2d(2)`",
        page.figure("signals-columns").output_shape == (1, 2, 2)
        and np.array_equal(page.figure("signals-columns").output, nn.MaxPool2d(2)(small)[0]),
    )
    found = [
        agreeing(kind, k, s, torch.rand(2, 14, 14, dtype=torch.float64, generator=seeded(seed)), p)
        for seed in SEEDS
        for kind in (nn.MaxPool2d, nn.AvgPool2d)
        for k, s, p in ((2, 2, 0), (3, 1, 1), (3, 2, 1), (5, 1, 2), (4, 3, 0))
    ]
    page.says(
        "Maximum and average are **separable**: axis by axis gives the same, in either order",
        all(map(all, found)),
    )
    page.says("Maximum and average can be taken axis by axis", all(one for one, _ in found))
    page.says("A pool has no such condition", all(map(all, found)))  # whatever the numbers
    page.says(
        "The largest of a box is the largest of its rows' largest",
        small.amax() == small.amax(2).amax(),
    )


def work(page):
    page.says(
        "To find the largest of $k \\cdot k$ numbers takes $k^2 - 1$ comparisons. "
        "Axis by axis it looks like $2(k - 1)$.",
        counted(4, 4, 4) == 4**2 - 1,
    )
    page.says(
        "The pass along the rows must be done in *every* row, also in those that the second pass "
        "merges",
        counted(2, 2, 4) == (4 * 2 * 1 + 2 * 2 * 1) / 4,
    )
    page.says(
        "Comparisons for each output number: at once, and axis by axis",
        all(
            np.allclose(page.names["comparisons"](k, s, 13), (k * k - 1, counted(k, s, 13)))
            for k in (2, 3, 5)
            for s in (1, 2, 3)
        ),
    )
    page.prints(
        "def comparisons(k, s, side=1000):",
        *(
            f"kernel {k}, stride {s}: {k**2 - 1:>2} at once, "
            f"{counted(k, s, 1000):>4.1f} axis by axis"
            for k, s in ((3, 1), (5, 1), (9, 1), (5, 2), (3, 3), (5, 5))
        ),
    )
    far = 100_000
    page.says(
        "At stride 1 it is indeed $2(k-1)$: for a kernel of 9, 16 in place of 80",
        all(counted(k, 1, far) == pytest.approx(2 * (k - 1), rel=1e-3) for k in range(2, 12))
        and round(counted(9, 1, far), 2) == 16
        and torch.rand(9, 9).numel() - 1 == 80,
    )
    line = torch.rand(1, 40)
    page.says(
        "Each row's largest is found once and used by $k$ windows",
        [
            sum(20 in window for window in slide(nn.MaxPool1d(k, 1), line).geometry.cols.windows)
            for k in (3, 9)
        ]
        == [3, 9]
        and all(nn.MaxPool2d((1, k), 1)(torch.rand(1, 20, 20)).shape[1] == 20 for k in (3, 9)),
    )
    page.says(
        "In 3-D you save more: a 3×3×3 window needs 6 comparisons in place of 26",
        round(counted(3, 1, far, dims=3), 2) == 6
        and torch.rand(3, 3, 3).numel() - 1 == 26
        and counted(3, 1, far, dims=3) / 26 < counted(3, 1, far) / 8,
    )
    page.says(
        "In general it is about $(s + 1)(k - 1)$",
        all(
            counted(k, s, far) == pytest.approx((s + 1) * (k - 1), rel=1e-3)
            for k in range(2, 8)
            for s in range(1, k + 1)
        ),
    )
    page.says(
        "With windows side by side, $s = k$, that is $k^2 - 1$ again",
        all(counted(k, k, k * 50) == k**2 - 1 for k in range(2, 12)),
    )
    page.says(
        "Nothing is shared, so nothing is saved",
        all(
            {sum(at in window for window in spans) for at in range(0, 36)} == {1}
            and counted(k, k, 36) == k**2 - 1
            for k in (2, 3, 4)
            for spans in [slide(nn.MaxPool1d(k), line[:, :36]).geometry.cols.windows]
        ),
    )
    x = torch.rand(1, 9, 9)
    rows, out = nn.MaxPool2d((1, 3), stride=1)(x).numel(), nn.MaxPool2d(3, stride=1)(x).numel()
    touched = x.numel() + rows + rows + out  # read, written, read, written
    page.says(
        "And counting is not timing: two passes also read and write more memory",
        touched > x.numel() + out and counted(3, 1, 9) < 3**2 - 1,
    )
    page.says(
        "It saves work only where windows overlap",
        all(
            (counted(k, s, k * 50) < k**2 - 1 - 1e-6) == (s < k)
            for k in (3, 5)
            for s in range(1, k + 1)
        ),
    )


def order(page):
    tie = torch.tensor([[[0.0, 5], [5, 0]]], requires_grad=True)
    assert torch.equal(page.names["tie"], tie)
    rows, columns = nn.MaxPool2d((1, 2)), nn.MaxPool2d((2, 1))
    layers = nn.MaxPool2d(2), nn.Sequential(rows, columns), nn.Sequential(columns, rows)
    once, first, second = (torch.autograd.grad(f(tie).sum(), tie)[0] for f in layers)
    page.says("One thing depends on the order", not torch.equal(first, second))
    page.says(
        "The numbers agree. The *winners* need not, when two numbers tie",
        len({f(tie).item() for f in layers}) == 1 and not torch.equal(first, second),
    )
    page.prints(
        "tie = torch.tensor([[[0.0, 5], [5, 0]]], requires_grad=True)",
        "at once:       [[0, 1], [0, 0]]",
        "rows first:    [[0, 1], [0, 0]]",
        "columns first: [[0, 0], [1, 0]]",
    )
    page.says(
        "Rows first agrees with torch's reading order. Columns first sends the gradient to the "
        "other 5.",
        torch.equal(once, first) and second[0].tolist() == [[0, 0], [1, 0]],
    )
    for seed in range(50):
        x = torch.randint(0, 3, (1, 8, 8), generator=seeded(seed)).float().requires_grad_()
        grads = [torch.autograd.grad(f(x).sum(), x)[0] for f in layers[:2]]
        assert torch.equal(*grads), "rows first agrees with reading order"


def exercises(page):
    page.labels("Predict first.", "Then open the answer", "Check all five:")
    page.labels("How many zeros go on the left?", "What share of the numbers is kept?")
    page.labels("What shape does `nn.MaxPool1d(3)` make of `(4, 6, 20)`?")
    pooled = nn.MaxPool1d(3)(torch.rand(4, 6, 20))
    page.says(
        "`(4, 6, 6)`. Batch and channels stay. The stride is 3, so six windows fit into 20 and "
        "two numbers are left over",
        pooled.shape == (4, 6, 6) and nn.MaxPool1d(3).stride == 3 and 20 - pooled.shape[2] * 3 == 2,
    )
    page.answers(1, "(4, 6, 6)")
    wave = torch.sin(2 * torch.pi * torch.arange(160, dtype=torch.float64) / 40)
    page.says(
        "A sine has one wave in 40 numbers. What does `nn.AvgPool1d(40, stride=1)` make of it?",
        torch.allclose(wave[:120], wave[40:], atol=1e-9)
        and torch.allclose(page.names["wave"].double(), wave, atol=1e-5),
    )
    full = windows(wave[None], 40)
    page.says(
        "0, everywhere. Each window holds one full wave, as much above zero as below",
        full.mean(-1).abs().max() < 1e-12
        and torch.allclose(full.clamp(min=0).sum(-1), -full.clamp(max=0).sum(-1)),
    )
    page.answers(2, ("0, everywhere", 0))
    page.labels("A causal convolution has a kernel of 3 and dilation 4", "How many zeros go on")
    page.labels(
        "how far do three such layers see, with dilations 1, 2", "see, with dilations 1, 2 and 4"
    )
    zeros = [
        p for p in range(99) if nn.Conv1d(1, 1, 3, dilation=4)(torch.rand(1, 20 + p)).shape[1] == 20
    ]
    seen = influence(stack(3, (1, 2, 4)), 40, 39)
    page.says(
        "8 zeros, 4 · 2. The three layers see 15 numbers: 1 + 2 + 4 + 8.",
        zeros == [8] == [4 * 2] and len(seen) == 15 == 1 + 2 + 4 + 8,
    )
    page.says(
        "what the layer trims",
        page.names["zeros"]
        == 20 - F.conv1d(torch.rand(1, 20), torch.ones(1, 1, 3), dilation=4).shape[1],
    )
    page.answers(3, ("8 zeros", 8), ("15 numbers", 15))
    film = torch.zeros(3, 16, 112, 112)
    frames = nn.MaxPool3d((1, 2, 2))(film)
    out = nn.MaxPool3d(2)(frames)
    page.says(
        "A video of shape `(3, 16, 112, 112)` passes `nn.MaxPool3d((1, 2, 2))` and then "
        "`nn.MaxPool3d(2)`",
        page.names["film"].shape == film.shape and frames.shape == (3, 16, 56, 56),
    )
    page.says(
        "`(3, 8, 28, 28)`. One number in 32: a quarter of them, then an eighth",
        out.shape == (3, 8, 28, 28)
        and out.numel() * 32 == film.numel()
        and frames.numel() * 4 == film.numel()
        and out.numel() * 8 == frames.numel(),
    )
    page.answers(4, "(3, 8, 28, 28)")
    ranks = rank_one(page)
    page.prints(
        "print(tuple(nn.MaxPool1d(3)(torch.rand(4, 6, 20)).shape))",
        str((4, 6, 20 // 3)),
        bool(full.mean(-1).abs().max() < 1e-5),
        f"{zeros[0]} {len(seen)}",
        f"{(3, 16 // 2, 112 // 4, 112 // 4)} {film.numel() // out.numel()}",
        ranks,
    )


def summary(page):
    weight = torch.rand(2, 1, 2, 3, 4)
    volumes = torch.rand(5, 1, 6, 9, 12)
    out = F.conv3d(volumes, weight, stride=(1, 2, 3), padding=(1, 0, 2))
    page.says(
        "Signals are `(batch, channels, length)`, volumes `(batch, channels, depth, height, "
        "width)`",
        nn.Conv1d(6, 1, 2)(torch.rand(4, 6, 9)).shape == (4, 1, 8) and out.shape[:2] == (5, 2),
    )
    page.says(
        "The formulas hold along each axis",
        list(out.shape[2:])
        == [
            (i + 2 * p - k) // s + 1
            for i, p, k, s in zip((6, 9, 12), (1, 0, 2), (2, 3, 4), (1, 2, 3), strict=True)
        ],
    )
    page.labels("Next, build the layers yourself: [from scratch in NumPy]")
    page.cites(
        "Sources: for WaveNet, for max over time, which that paper takes from earlier work",
        "https://arxiv.org/abs/1408.5882",
    )
    page.aside("The measurements here are our own", why="where the lesson comes from")


def rank_one(page):
    kernels = torch.tensor([[[1.0, 2, 1], [2, 4, 2], [1, 2, 1]], [[0, 1, 0], [1, 1, 1], [0, 1, 0]]])
    ranks = [int((torch.linalg.svdvals(kernel) > 1e-5).sum()) for kernel in kernels]
    page.says(
        "A convolution is separable only if its kernel is a column times a row, a matrix of rank 1",
        all(
            int((torch.linalg.svdvals(torch.outer(*torch.rand(2, 3))) > 1e-5).sum()) == 1
            for _ in range(5)
        ),
    )
    page.says(
        "Which of these two is: `[[1, 2, 1], [2, 4, 2], [1, 2, 1]]`, or "
        "`[[0, 1, 0], [1, 1, 1], [0, 1, 0]]`?",
        page.names["kernels"] == kernels.tolist(),
    )
    line = torch.tensor([1.0, 2, 1])
    x = torch.rand(1, 1, 9, 9)
    split = F.conv2d(F.conv2d(x, line.reshape(1, 1, 1, 3)), line.reshape(1, 1, 3, 1))
    page.says(
        "The first: it is 1, 2, 1 down times 1, 2, 1 across. The second has rank 2",
        torch.equal(torch.outer(line, line), kernels[0])
        and torch.allclose(split, F.conv2d(x, kernels[0][None, None]), atol=1e-5)
        and ranks == [1, 2],
    )
    page.answers(5, ("The first", 1), ("rank 2", 2))
    return ranks


def test_the_library_agrees_on_the_field_of_wavenet():
    for n in (1, 4, 10):
        layers = [nn.Conv1d(1, 1, 2, dilation=2**i, bias=False) for i in range(n)]
        assert receptive_field(nn.Sequential(*layers), (1, 2**n)).size == (2**n,)
