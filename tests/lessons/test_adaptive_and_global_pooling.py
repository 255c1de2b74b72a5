"""Every number in lessons/adaptive-and-global-pooling.py, from torch."""

import pytest
import torch
from claims import Claims
from torch import nn

from slidingwindows import slide

NAME = "adaptive-and-global-pooling"
X = torch.tensor([[1.0, 7, 4, 2, 8, 6, 3, 9, 5, 0]])


def read_by(n, m):
    """Which inputs each output of torch's layer depends on: the gradient, not the formula."""
    x = torch.zeros(1, n, requires_grad=True)
    out = nn.AdaptiveAvgPool1d(m)(x)[0]
    return [torch.autograd.grad(o, x, retain_graph=True)[0][0].nonzero().flatten() for o in out]


def spans(n, m):
    read = [line.tolist() for line in read_by(n, m)]
    assert all(line == list(range(line[0], line[-1] + 1)) for line in read)
    return [(line[0], line[-1] + 1) for line in read]


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


def test_every_number_in_the_prose():
    lesson = Claims(NAME)
    lesson.labels("**1.**", "**2.**", "**3.**", "**4.**")
    check_windows(lesson)
    check_plain(lesson)
    check_upsampling(lesson)
    check_global(lesson)
    check_weights(lesson)
    check_average_or_maximum(lesson)
    check_class_map(lesson)
    check_exercises(lesson)
    lesson.complete()


def check_windows(lesson):
    lesson.says("Here is a signal of 10 numbers. You want 5.", X.shape == (1, 10))
    lesson.says(
        "That is easy: 5 windows of 2.",
        torch.equal(nn.AdaptiveMaxPool1d(5)(X), nn.MaxPool1d(2)(X))
        and [b - a for a, b in spans(10, 5)] == [2] * 5,
    )
    lesson.says("Now you want 4 numbers out of 10.", nn.AdaptiveAvgPool1d(4)(X).shape == (1, 4))
    cuts = [i * 10 / 4 for i in range(5)]
    lesson.says("The cuts fall at 0, 2.5, 5, 7.5 and 10.", cuts == [0, 2.5, 5, 7.5, 10])
    for m in range(1, 15):
        for n in range(1, 15):
            formula = [(i * n // m, ((i + 1) * n + m - 1) // m) for i in range(m)]
            assert spans(n, m) == formula
    lesson.says(r"\left\lceil \frac{(i + 1) \cdot n}{m} \right\rceil", True)
    counts = torch.cat(read_by(10, 4)).bincount().tolist()
    lesson.says(
        "The numbers at places 2 and 7 stand on a cut, so two windows read them",
        [place for place, count in enumerate(counts) if count == 2] == [2, 7],
    )
    lesson.says("There is no padding, and no number is left out", min(counts) == 1)
    lesson.says("7 numbers shall become 5.", len(spans(7, 5)) == 5)
    lesson.says("2, 2, 3, 2, 2. The", [b - a for a, b in spans(7, 5)] == [2, 2, 3, 2, 2])


def check_plain(lesson):
    pairs = [(n, m) for n in range(1, 13) for m in range(1, n + 1)]
    found = {pair: plain(*pair) for pair in pairs}
    lesson.says(
        "Then the layer *is* a plain pool with that kernel size",
        all(found[n, m] is not None for n, m in pairs if n % m == 0)
        and all(
            torch.equal(nn.AdaptiveMaxPool1d(m)(x), nn.MaxPool1d(n // m)(x))
            for n, m in pairs
            if n % m == 0
            for x in [torch.rand(1, n)]
        ),
    )
    lesson.says("for all sizes up to 12", max(pairs) == (12, 12))
    lesson.says("5 to 2 is `nn.AvgPool1d(3, stride=2)`", found[5, 2] == (3, 2))
    others = [found[n, m] for n, m in pairs if n % m]
    lesson.says("But most have none", others.count(None) > len(others) / 2)
    lesson.says(
        "10 to 4 among them: its windows begin at 0, 2, 5 and 7",
        found[10, 4] is None and [a for a, _ in spans(10, 4)] == [0, 2, 5, 7],
    )
    replaced = nn.AvgPool1d(10 // 4)(X)
    lesson.says("gives five numbers, not four, and not the same ones", replaced.shape == (1, 5))
    assert not torch.allclose(replaced[:, :4], nn.AdaptiveAvgPool1d(4)(X))
    lesson.says(
        "the mean of the output is not the mean of the input",
        abs(nn.AdaptiveAvgPool1d(4)(X).mean() - X.mean()) > 0.1,
    )
    lesson.says(
        "With 5 outputs nothing is read twice, and the mean stays",
        torch.allclose(nn.AdaptiveAvgPool1d(5)(X).mean(), X.mean()),
    )


def check_upsampling(lesson):
    three = torch.tensor([[2.0, 4, 8]])
    five = nn.AdaptiveAvgPool1d(5)(three)[0].tolist()
    lesson.says("make of 3 numbers if you want 5?", len(five) == 5)
    lesson.says("Numbers are repeated, and between them stand means", five == [2, 3, 4, 6, 8])
    assert spans(3, 5) == [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]


def check_global(lesson):
    x = torch.rand(3, 6, 5, dtype=torch.float64)
    mean, largest = nn.AdaptiveAvgPool2d(1)(x), nn.AdaptiveMaxPool2d(1)(x)
    assert torch.allclose(mean[:, 0, 0], x.mean((1, 2)))
    assert torch.equal(largest[:, 0, 0], x.amax((1, 2)))
    lesson.says("Ask for an output of size 1.", mean.shape == (3, 1, 1))
    lesson.says("Put `nn.Flatten()` between them", True)
    lesson.says(
        "keeps the axes of the map, with length 1. A linear layer looks at the *last* axis, "
        "finds 1 in the place of the channels",
        mean.shape[-2:] == (1, 1),
    )
    batch = nn.AdaptiveAvgPool2d(1)(torch.rand(1, 8, 16, 16))
    with pytest.raises(RuntimeError, match=r"8x1 and 8x10"):
        nn.Linear(8, 10)(batch)
    assert nn.Sequential(nn.Flatten(), nn.Linear(8, 10))(batch).shape == (1, 10)
    lesson.says(
        "So `nn.AdaptiveAvgPool2d((None, 1))` takes the mean of each row",
        torch.allclose(nn.AdaptiveAvgPool2d((None, 1))(x)[..., 0], x.mean(2)),
    )


def check_weights(lesson):
    many = nn.Linear(512 * 7 * 7, 1000, bias=False, device="meta").weight.numel()
    few = nn.Linear(512, 1000, bias=False, device="meta").weight.numel()
    lesson.says(
        "has 512 channels of 7×7. You want scores for 1,000 classes",
        (many, few) == (25_088_000, 512_000),
    )
    lesson.says("A factor of 49, the size of the map", many == 49 * few and 7 * 7 == 49)
    lesson.says("it has no parameters", not list(nn.AdaptiveAvgPool2d(1).parameters()))


def check_average_or_maximum(lesson):
    average, largest = nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1)
    means, tops = [], []
    for side in (4, 8, 16, 32):
        found = torch.zeros(1, side, side)
        found[0, :2, :2] = 8
        means.append(average(found).item())
        tops.append(largest(found).item())
    lesson.says("The map grows from 4×4 to 32×32.", means[0] == 2)
    lesson.says(
        "Twice the side, a quarter of the answer",
        all(b == a / 4 for a, b in zip(means, means[1:], strict=False)),
    )
    lesson.says("and stays at 8", tops == [8] * 4)
    x = torch.rand(3, 8, 8, requires_grad=True)
    (gradient,) = torch.autograd.grad(largest(x).sum(), x)
    lesson.says("reaches one pixel per channel", (gradient != 0).sum((1, 2)).tolist() == [1] * 3)
    rolled = [x.roll((a, b), (1, 2)) for a in range(8) for b in range(8)]
    lesson.says(
        "Roll the map around, and both stay the same",
        all(torch.allclose(pool(r), pool(x)) for r in rolled for pool in (average, largest)),
    )


def check_class_map(lesson):
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        maps = torch.rand(4, 5, 5, dtype=torch.float64, generator=generator)
        weights = torch.randn(4, dtype=torch.float64, generator=generator)
        places = (weights[:, None, None] * maps).sum(0)
        scores = nn.Conv2d(4, 1, 1, bias=False, dtype=torch.float64)
        scores.weight.data[:] = weights[None, :, None, None]
        lesson.says(
            "it is a convolution with a 1×1 kernel", torch.allclose(scores(maps)[0], places)
        )
        lesson.says("The same number.", torch.allclose(weights @ maps.mean((1, 2)), places.mean()))
        lesson.says(
            "The maximum is not linear",
            not torch.allclose(weights @ maps.amax((1, 2)), places.max()),
        )


def check_exercises(lesson):
    lesson.says("8 numbers shall become 3.", len(spans(8, 3)) == 3)
    lesson.says("From 0 to 3, from 2 to 6, from 5 to 8.", spans(8, 3) == [(0, 3), (2, 6), (5, 8)])
    lesson.says(
        "The middle window has four numbers", 6 - 2 == spans(8, 3)[1][1] - spans(8, 3)[1][0]
    )
    x = torch.rand(1, 32, 32)
    same = torch.allclose(nn.AdaptiveAvgPool2d(4)(x), nn.AvgPool2d(8, 8)(x))
    lesson.says("Which plain pool equals `nn.AdaptiveAvgPool2d(4)` on an input of 32×32?", same)
    lesson.says("Kernel size 8 and stride 8. 4 divides 32.", same and 32 % 4 == 0)
    flat, pooled = nn.Linear(256 * 6 * 6, 10).weight, nn.Linear(256, 10).weight
    lesson.says("A map of 256 channels of 6×6 goes to 10 classes", flat.shape[0] == 10)
    lesson.says(
        "36 times: 2,560 in place of 92,160",
        (flat.numel(), pooled.numel()) == (92_160, 2_560) and 92_160 == 36 * 2_560,
    )
    nine = torch.arange(1.0, 10).reshape(1, 3, 3)
    border = nn.functional.pad(nine, (1, 1, 1, 1))
    average, largest = nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1)
    lesson.says("A 3×3 map holds the numbers from 1 to 9 in reading order", nine.sum() == 45)
    lesson.says(
        "5 and 9. With the border the average is 1.8, for the same sum of 45 is shared by 25 "
        "numbers. The maximum is still 9.",
        (average(nine).item(), largest(nine).item()) == (5, 9)
        and average(border).item() == pytest.approx(1.8)
        and border.sum() == 45
        and border.numel() == 25
        and largest(border).item() == 9,
    )


def test_captions_say_what_the_figures_show():
    lengths = [b - a for a, b in spans(10, 4)]
    assert lengths == [3] * 4, "every window reads three numbers"
    sizes = {(a, b) for a in (2, 2, 3, 2, 2) for b in (2, 2, 3, 2, 2)}
    assert sizes == {(2, 2), (2, 3), (3, 2), (3, 3)}
    trace = slide(nn.AdaptiveAvgPool2d(5), torch.rand(1, 7, 7))
    rows, cols = trace.geometry.rows.windows, trace.geometry.cols.windows
    assert {(len(r), len(c)) for r in rows for c in cols} == sizes
    assert len(rows[2]) == len(cols[2]) == 3
