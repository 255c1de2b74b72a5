"""Every number in lessons/signals-and-volumes.py, from torch."""

import ast

import pytest
import torch
from claims import LESSONS, Claims
from torch import nn
from torch.nn import functional as F

from slidingwindows import receptive_field
from slidingwindows.lessons import read

NAME = "signals-and-volumes"
X = torch.tensor([[2.0, 4, 3, 8, 7, 9, 2, 1]])
SEEDS = range(5)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def conv1d(weights, **options):
    weight = torch.tensor([weights] if isinstance(weights[0], float) else weights)
    return lambda x: F.conv1d(x, weight[None], **options)


def influence(network, length, place):
    """Which inputs change output number `place`: each input moved in turn, no gradient."""
    x = torch.rand(1, length, dtype=torch.float64, generator=seeded(0))
    before = network(x)[..., place]
    found = []
    for index in range(length):
        other = x.clone()
        other[0, index] += 1
        if not torch.equal(network(other)[..., place], before):
            found.append(index)
    return found


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


def test_every_number_in_the_prose():
    lesson = Claims(NAME)
    lesson.labels("1-D and 3-D", "1-D", "2-D", "3-D", "**1.**", "**2.**", "**3.**", "**4.**")
    lesson.labels("**5.**")
    check_one_axis(lesson)
    check_noise(lesson)
    check_aliasing(lesson)
    check_causal(lesson)
    check_text(lesson)
    check_boxes(lesson)
    check_cost(lesson)
    check_separable(lesson)
    check_exercises(lesson)
    lesson.complete()


def check_one_axis(lesson):
    pooled, average = nn.MaxPool1d(2)(X), nn.AvgPool1d(3, stride=1)(X)
    lesson.says(
        "A signal of 8 numbers passes `nn.MaxPool1d(2)`. How many numbers come out? "
        "And from `nn.AvgPool1d(3, stride=1)`?",
        X.shape == (1, 8),
    )
    lesson.says("Four and six.", (pooled.numel(), average.numel()) == (4, 6))
    rise = conv1d([-1.0, 1])(X)
    lesson.says(
        "With the weights −1 and 1 it says how much the signal rises",
        torch.equal(rise[0], X[0, 1:] - X[0, :-1]),
    )
    layers = [nn.MaxPool1d(2), nn.AvgPool1d(2), nn.Conv1d(1, 1, 2), nn.LPPool1d(2, 2)]
    lesson.says(
        "The layers end in `1d`",
        all(type(layer).__name__.endswith("1d") for layer in layers)
        and all(layer(X).shape[0] == 1 for layer in layers),
    )
    lesson.says("A pool treats each channel alone. A convolution sums", pools_keep_channels_apart())
    by_weights = []
    for k in (2, 3, 5, 9):
        x = torch.rand(1, 30, generator=seeded(k))
        weighted = conv1d([1 / k] * k)(x)
        by_weights.append(torch.allclose(nn.AvgPool1d(k, stride=1)(x), weighted, atol=1e-6))
    lesson.says("It is also a convolution whose weights are all $1/k$", all(by_weights))
    lesson.says(
        "An average pool with stride 1 has an old name: the **moving average**",
        torch.allclose(average[0], torch.stack([X[0, n : n + 3].mean() for n in range(6)])),
    )


def pools_keep_channels_apart():
    x = torch.rand(3, 12, generator=seeded(0))
    other = x.clone()
    other[0] += 1
    pools = nn.MaxPool1d(2), nn.AvgPool1d(3)
    apart = all(torch.equal(pool(x)[1:], pool(other)[1:]) for pool in pools)
    weight = torch.ones(2, 3, 2)
    return apart and bool((F.conv1d(x, weight) != F.conv1d(other, weight)).all())


def check_noise(lesson):
    average = nn.AvgPool1d(9, stride=1, padding=4, count_include_pad=False)
    largest = nn.MaxPool1d(9, stride=1, padding=4)
    wave = torch.sin(2 * torch.pi * torch.arange(160) / 40)
    off, high = [], []
    for seed in SEEDS:
        noisy = wave + 0.5 * torch.randn(160, generator=seeded(seed))
        off.append((average(noisy[None])[0] - wave).mean().abs())
        high.append((largest(noisy[None])[0] - wave).mean())
    lesson.says(
        "Two pools slide over it at stride 1, with a kernel of 9: an average and a maximum",
        average(wave[None]).shape == largest(wave[None]).shape == (1, 160),
    )
    lesson.says(
        "The average follows the wave. The maximum is far too high",
        max(off) < 0.15 and min(high) > 0.7,
    )
    for seed in SEEDS:
        noise = torch.randn(1, 100_000, generator=seeded(seed))
        left = {k: nn.AvgPool1d(k, 1)(noise).std() / noise.std() for k in (4, 9, 25)}
        lesson.says(
            r"spreads less by $\sqrt{k}$: a half for 4, a third for 9, a fifth for 25",
            all(left[k].item() == pytest.approx(k**-0.5, rel=0.03) for k in left),
        )
    peaks = [nn.AvgPool1d(k, 1)(wave[None]).max().item() for k in (1, 5, 9, 21)]
    lesson.says(
        "a wide window flattens its peaks", peaks == sorted(peaks, reverse=True) and peaks[-1] < 0.7
    )


def check_aliasing(lesson):
    lesson.says(
        "You have 20 numbers a second and want 10. May you just take every second one?",
        len(torch.arange(20)[::2]) == 10,
    )
    flips = torch.tensor([[0.0, 6] * 5])
    lesson.says(
        "The signal alternates: 0, 6, 0, 6.",
        (flips[0, ::2].tolist(), flips[0, 1::2].tolist()) == ([0] * 5, [6] * 5),
    )
    lesson.says("what does `nn.AvgPool1d(2)` leave?", nn.AvgPool1d(2)(flips)[0].tolist() == [3] * 5)
    lesson.says(
        "The average leaves a constant too, but the right one: the mean",
        nn.AvgPool1d(2)(flips)[0].tolist() == [flips.mean().item()] * 5,
    )
    n = torch.arange(60, dtype=torch.float64)
    fast = torch.cos(2 * torch.pi * 9 * n / 20)[None]
    rising = (fast[0, :20] > 0) & (fast[0, :20].roll(1) <= 0)
    lesson.says("Here are nine waves in 20 numbers", int(rising.sum()) == 9)
    kept, pooled = fast[:, ::2], nn.AvgPool1d(2)(fast)
    spectrum = [torch.fft.rfft(line[0]).abs() for line in (fast, kept, pooled)]
    lesson.says(
        "Every second number of the fast wave *is* a slow wave",
        [int(s.argmax()) for s in spectrum] == [27, 3, 3],  # waves in the 60 numbers
    )
    heights = [s.max() / len(line[0]) for s, line in zip(spectrum[1:], (kept, pooled), strict=True)]
    lesson.says(
        "leaves only 0.16 of its height", round((heights[1] / heights[0]).item(), 2) == 0.16
    )


def check_causal(lesson):
    padded = nn.Conv1d(1, 1, 3, padding=1, dtype=torch.float64)
    lesson.says(
        "With `padding=1` a kernel of 3 looks one step ahead",
        influence(padded, 9, 4) == [3, 4, 5],
    )
    both = nn.Conv1d(1, 1, 2, dilation=2, padding=2)(X)
    lesson.says("A layer's own `padding=2` would go to both ends", both.shape[-1] == 8 + 2 + 2 - 2)
    past = lambda x: conv1d([1.0, 2], dilation=2)(F.pad(x, (2, 0)))  # noqa: E731
    other = X.clone()
    other[0, -1] = 5
    centred = conv1d([1.0, 2, 3], padding=1)
    lesson.says("a convolution of 3 with `padding=1`?", centred(X).shape == X.shape)
    lesson.says(
        "The causal one changes at place 7 alone, the present. The centred one changes at place 6 "
        "too: there it has read the future",
        (changed(past(X), past(other)), changed(centred(X), centred(other))) == ([7], [6, 7]),
    )
    seen = {}
    for n in (1, 2, 3, 4, 5, 10):
        length = 2**n + 10
        for kind, dilations in (("doubling", [2**i for i in range(n)]), ("plain", [1] * n)):
            reached = influence(stack(2, dilations), length, length - 1)
            assert reached == list(range(length - len(reached), length)), "a sample is left out"
            seen[n, kind] = len(reached)
    lesson.says(
        "with a kernel of 2 and doubles the dilation from layer to layer", seen[2, "doubling"] == 4
    )
    lesson.says(
        "$n$ layers see $2^n$ samples, the present among them.",
        all(seen[n, "doubling"] == 2**n for n in (1, 2, 3, 4, 5, 10)),
    )
    lesson.says(
        "Ten layers see 1024, where ten plain ones see 11",
        (seen[10, "doubling"], seen[10, "plain"]) == (1024, 11),
    )
    lesson.says("Doubled dilations see $2^n$ samples", seen[5, "doubling"] == 32)


def check_text(lesson):
    text = torch.rand(4, 9, 6)
    lesson.says("Here are 4 sentences of 9 words, with 6 channels each", text.shape == (4, 9, 6))
    lesson.says(
        "The pool does not complain: it halves the *channels*",
        torch.equal(nn.MaxPool1d(2)(text), nn.MaxPool2d((1, 2))(text))
        and nn.MaxPool1d(2)(text).shape == (4, 9, 3),
    )
    conv = nn.Conv1d(6, 1, 2)
    with pytest.raises(RuntimeError, match="but got 9 channels instead"):
        conv(text)
    wrong, right = conv(text[:, :6]), conv(text[:, :6].transpose(1, 2))
    lesson.says(
        "unless a sentence has as many words as channels",
        wrong.shape == right.shape == (4, 1, 5) and not torch.allclose(wrong, right),
    )
    lesson.says(
        "`nn.AdaptiveMaxPool1d(1)`",
        all(
            torch.equal(nn.AdaptiveMaxPool1d(1)(x)[..., 0], x.amax(-1))
            for x in (torch.rand(2, 3, length) for length in (1, 4, 9))
        ),
    )
    weights = [[1.0, 0], [0, 1]]
    found = {}
    for sentence in ("not good at all", "I fear it is not good", "a good film is it not"):
        split = sentence.split()
        signal = torch.tensor([[float(w == kind) for w in split] for kind in ("not", "good")])
        found[sentence] = conv1d(weights)(signal)[0]
    first, second, third = found.values()
    lesson.says(
        "Both sentences with *not good* get 2, at the beginning or at the end",
        first.max() == second.max() == 2 and (first.argmax(), second.argmax()) == (0, 4),
    )
    lesson.says("not in this order, side by side. It gets 1.", third.max() == 1)


def check_boxes(lesson):
    volume = torch.rand(1, 4, 4, 4, generator=seeded(1))
    pooled, indices = nn.MaxPool3d(2, return_indices=True)(volume)
    cut = volume.unfold(1, 2, 2).unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)
    lesson.says(
        "A volume of 4×4×4 numbers passes `nn.MaxPool3d(2)`",
        torch.equal(pooled, cut.amax(-1)),
    )
    lesson.says(
        "8 of 64: an eighth, where a 2-D pool keeps a quarter. Each is the largest of 8",
        (pooled.numel(), volume.numel(), cut.shape[-1]) == (8, 64, 8)
        and len(indices.unique()) == 8
        and nn.MaxPool2d(2)(volume).numel() * 4 == volume.numel(),
    )
    video = torch.rand(3, 16, 32, 32, generator=seeded(2))
    by_frame = torch.stack([nn.MaxPool2d(2)(video[:, t]) for t in range(16)], dim=1)
    means = torch.stack([nn.AvgPool2d(2)(video[:, t]) for t in range(16)], dim=1)
    lesson.says(
        "With a kernel of `(1, 2, 2)` the pool leaves time alone",
        torch.equal(nn.MaxPool3d((1, 2, 2))(video), by_frame),
    )
    lesson.says("it must be the same as a 2-D pool on each frame", by_frame.shape[1] == 16)
    lesson.says(
        "`(1, 2, 2)` pools a video frame by frame",
        torch.allclose(nn.AvgPool3d((1, 2, 2))(video), means),
    )
    halved = video
    for _ in range(4):
        halved = nn.MaxPool3d(2)(halved)
    lesson.says(
        "After four pools of 2 along all axes, one frame of 16 is left",
        halved.shape == (3, 1, 2, 2),
    )


def check_cost(lesson):
    def costs(kind, k):
        """Weights, biases, and multiply-adds for one number of the output."""
        conv = kind(8, 16, k, padding=k // 2)
        return conv.weight.numel(), conv.bias.numel(), conv.weight[0].numel()

    flat, deep = costs(nn.Conv2d, 3), costs(nn.Conv3d, 3)
    clip = torch.rand(8, 16, 32, 32)
    same_outputs = nn.Conv3d(8, 16, 3, padding=1)(clip)[:, 0].shape == (16, 32, 32)
    lesson.says(
        "weights has `nn.Conv3d(8, 16, 3)` than `nn.Conv2d(8, 16, 3)`?",
        (flat[0], deep[0]) == (1152, 3456),
    )
    lesson.says(
        "Three times both, apart from the 16 numbers of the bias",
        deep[0] == 3 * flat[0]
        and deep[2] == 3 * flat[2]
        and flat[1] == deep[1] == 16
        and same_outputs,
    )
    lines = [[costs(kind, k)[0] for kind in (nn.Conv1d, nn.Conv2d, nn.Conv3d)] for k in (3, 5, 7)]
    lesson.says(
        "A kernel of $k$ costs $k$ times as much for each further axis",
        all(a * k == b and b * k == c for k, (a, b, c) in zip((3, 5, 7), lines, strict=True)),
    )
    pools = [layer(2) for layer in (nn.MaxPool3d, nn.AvgPool3d)]
    lesson.says("no parameters in 3-D either", not [p for pool in pools for p in pool.parameters()])


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


def check_separable(lesson):
    for seed in SEEDS:
        x = torch.rand(2, 14, 14, dtype=torch.float64, generator=seeded(seed))
        for kind in (nn.MaxPool2d, nn.AvgPool2d):
            for k, s, p in ((2, 2, 0), (3, 1, 1), (3, 2, 1), (5, 1, 2), (4, 3, 0)):
                rows = kind((1, k), (1, s), (0, p))
                columns = kind((k, 1), (s, 1), (p, 0))
                whole = kind(k, s, p)(x)
                assert torch.allclose(columns(rows(x)), whole)
                assert torch.allclose(rows(columns(x)), whole)
    lesson.says("gives the same, in either order", True)
    lesson.says(
        "To find the largest of $k \\cdot k$ numbers takes $k^2 - 1$ comparisons. "
        "Axis by axis it looks like $2(k - 1)$.",
        counted(4, 4, 4) == 4**2 - 1,
    )
    far = 100_000
    lesson.says(
        "At stride 1 it is indeed $2(k-1)$: for a kernel of 9, 16 in place of 80",
        all(counted(k, 1, far) == pytest.approx(2 * (k - 1), rel=1e-3) for k in range(2, 12))
        and round(counted(9, 1, far), 2) == 16
        and 9**2 - 1 == 80,
    )
    lesson.says(
        "a 3×3×3 window needs 6 comparisons in place of 26",
        round(counted(3, 1, far, dims=3), 2) == 6 and 3**3 - 1 == 26,
    )
    lesson.says(
        "In general it is about $(s + 1)(k - 1)$",
        all(
            counted(k, s, far) == pytest.approx((s + 1) * (k - 1), rel=1e-3)
            for k in range(2, 8)
            for s in range(1, k + 1)
        ),
    )
    lesson.says(
        "With windows side by side, $s = k$, that is $k^2 - 1$ again",
        all(counted(k, k, k * 50) == k**2 - 1 for k in range(2, 12)),
    )
    tie = torch.tensor([[[0.0, 5], [5, 0]]], requires_grad=True)
    rows, columns = nn.MaxPool2d((1, 2)), nn.MaxPool2d((2, 1))
    layers = nn.MaxPool2d(2), nn.Sequential(rows, columns), nn.Sequential(columns, rows)
    once, first, second = (torch.autograd.grad(f(tie).sum(), tie)[0] for f in layers)
    lesson.says(
        "Rows first agrees with torch's reading order. Columns first sends the gradient to the "
        "other 5.",
        torch.equal(once, first) and second[0].tolist() == [[0, 0], [1, 0]],
    )
    for seed in range(50):
        x = torch.randint(0, 3, (1, 8, 8), generator=seeded(seed)).float().requires_grad_()
        grads = [torch.autograd.grad(f(x).sum(), x)[0] for f in layers[:2]]
        assert torch.equal(*grads), "rows first agrees with reading order"


def check_exercises(lesson):
    lesson.says("What shape does `nn.MaxPool1d(3)` make of `(4, 6, 20)`?", True)
    pooled = nn.MaxPool1d(3)(torch.rand(4, 6, 20))
    lesson.says(
        "`(4, 6, 6)`. Batch and channels stay. The stride is 3, so six windows fit into 20 and "
        "two numbers are left over",
        pooled.shape == (4, 6, 6) and nn.MaxPool1d(3).stride == 3 and 20 - 6 * 3 == 2,
    )
    wave = torch.sin(2 * torch.pi * torch.arange(160, dtype=torch.float64) / 40)
    level = nn.AvgPool1d(40, stride=1)(wave[None])
    lesson.says(
        "A sine has one wave in 40 numbers. What does `nn.AvgPool1d(40, stride=1)` make of it?",
        torch.allclose(wave[:120], wave[40:]),
    )
    lesson.says("0, everywhere. Each window holds one full wave", level.abs().max() < 1e-12)
    zeros = [
        p for p in range(99) if nn.Conv1d(1, 1, 3, dilation=4)(torch.rand(1, 20 + p)).shape[1] == 20
    ]
    lesson.says("A causal convolution has a kernel of 3 and dilation 4.", len(zeros) == 1)
    lesson.says("three such layers see, with dilations 1, 2 and 4?", True)
    seen = influence(stack(3, (1, 2, 4)), 40, 39)
    lesson.says(
        "8 zeros, 4 · 2. The three layers see 15 numbers: 1 + 2 + 4 + 8.",
        zeros == [8] and 4 * 2 == 8 and len(seen) == 15 == 1 + 2 + 4 + 8,
    )
    film = torch.zeros(3, 16, 112, 112)
    frames = nn.MaxPool3d((1, 2, 2))(film)
    out = nn.MaxPool3d(2)(frames)
    lesson.says(
        "A video of shape `(3, 16, 112, 112)` passes `nn.MaxPool3d((1, 2, 2))` and then "
        "`nn.MaxPool3d(2)`",
        frames.shape == (3, 16, 56, 56),
    )
    lesson.says(
        "`(3, 8, 28, 28)`. One number in 32: a quarter of them, then an eighth",
        out.shape == (3, 8, 28, 28)
        and out.numel() * 32 == film.numel()
        and frames.numel() * 4 == film.numel()
        and out.numel() * 8 == frames.numel(),
    )
    kernels = [[[1.0, 2, 1], [2, 4, 2], [1, 2, 1]], [[0.0, 1, 0], [1, 1, 1], [0, 1, 0]]]
    ranks = [int(torch.linalg.matrix_rank(torch.tensor(kernel))) for kernel in kernels]
    lesson.says(
        "a matrix of rank 1. Which of these two is: `[[1, 2, 1], [2, 4, 2], [1, 2, 1]]`, or "
        "`[[0, 1, 0], [1, 1, 1], [0, 1, 0]]`?",
        ranks == [1, 2],
    )
    line = torch.tensor([1.0, 2, 1])
    x = torch.rand(1, 1, 9, 9)
    split = F.conv2d(F.conv2d(x, line.reshape(1, 1, 1, 3)), line.reshape(1, 1, 3, 1))
    lesson.says(
        "The first: it is 1, 2, 1 down times 1, 2, 1 across. The second has rank 2",
        torch.equal(torch.outer(line, line), torch.tensor(kernels[0]))
        and torch.allclose(split, F.conv2d(x, torch.tensor(kernels[0])[None, None]), atol=1e-5)
        and ranks[1] == 2,
    )


def figures():
    """Each figure of the lesson by name: its trace and its caption, by running the cells here."""
    found, names = {}, {}
    for cell in read(LESSONS / f"{NAME}.py").code:
        tree = ast.parse(cell.source)
        last = tree.body[-1]
        call = last.value if isinstance(last, ast.Expr) else None
        name = getattr(getattr(call, "func", None), "id", "")
        if name == "show":
            exec(compile(ast.Module(tree.body[:-1], []), NAME, "exec"), names)
            value = eval(compile(ast.Expression(call.args[0]), NAME, "eval"), names)
            found[call.args[1].value] = value, call.args[2].value
        elif "exercise" not in cell.tags:
            with torch.random.fork_rng():
                exec(compile(cell.source, NAME, "exec"), names)
    return found


def test_captions_say_what_the_figures_show():
    found = figures()

    def caption(name, phrase, truth):
        assert phrase in found[name][1], name
        assert truth, f"{name}: {phrase}"

    trace = {name: value for name, (value, _) in found.items()}
    caption(
        "signals-max", "stride is 2, the kernel size", trace["signals-max"].output_shape == (1, 4)
    )
    steps = [X[0, n + 1] - X[0, n] for n in range(7)]
    caption(
        "signals-rise", "Weights −1 and 1", torch.equal(conv1d([-1.0, 1])(X)[0], torch.stack(steps))
    )
    caption("signals-rise", "The largest step up is 5", max(steps) == 5)
    caption(
        "signals-moving-average",
        "`nn.AvgPool1d(3, stride=1)`",
        trace["signals-moving-average"].output_shape == (1, 6),
    )
    padded = trace["signals-causal"].input_shape[-1]
    caption("signals-causal", "Two zeros on the left, none on the right", padded == 8 + 2)
    spans = trace["signals-causal"].geometry.cols
    caption("signals-causal", "the first two steps before it", list(spans.windows[0]) == [0, 2])
    caption(
        "signals-wavenet",
        "Dilations 1, 2, 4 and 8: one output hears 16 samples",
        trace["signals-wavenet"].size == (16,),
    )
    caption("signals-box", "first slice", trace["signals-box"].depth_index == 0)
    volume = found["signals-box"][0]
    caption(
        "signals-box",
        "2×2×2, drawn as the two slices",
        len(volume.steps[0].arithmetic.split(", ")) == 8,
    )
    caption(
        "signals-frames", "1×2×2", len(trace["signals-frames"].steps[0].arithmetic.split(", ")) == 4
    )
    caption(
        "signals-rows",
        "4×4 becomes 4×2",
        (trace["signals-rows"].input_shape[1:], trace["signals-rows"].output_shape[1:])
        == ((4, 4), (4, 2)),
    )
    both = trace["signals-columns"]
    caption(
        "signals-columns",
        "4×2 becomes 2×2",
        (both.input_shape[1:], both.output_shape[1:]) == ((4, 2), (2, 2)),
    )
    assert len(found) == 9


def test_the_plots_show_what_their_alt_texts_say():
    """The slow wave has full height above; below it hardly leaves zero."""
    n = torch.arange(60, dtype=torch.float64)
    fast = torch.cos(2 * torch.pi * 9 * n / 20)[None]
    assert fast[:, ::2].max() > 0.99
    assert nn.AvgPool1d(2)(fast).abs().max() < 0.2


def test_the_library_agrees_on_the_field_of_wavenet():
    for n in (1, 4, 10):
        layers = [nn.Conv1d(1, 1, 2, dilation=2**i, bias=False) for i in range(n)]
        assert receptive_field(nn.Sequential(*layers), (1, 2**n)).size == (2**n,)
