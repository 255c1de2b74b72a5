"""Every number in lessons/padding.py, from torch."""

import math

import pytest
import torch
import torch.nn.functional as F
from claims import Claims
from torch import nn

from slidingwindows import Geometry


def size(i, k, s=1, p=0):
    return nn.Conv2d(1, 1, k, stride=s, padding=p)(torch.rand(1, i, i)).shape[-1]


def readers(padding, side=5, kernel=3):
    """How many windows read each pixel, by putting a one at each place in turn."""
    conv = nn.Conv2d(1, 1, kernel, padding=padding, bias=False)
    conv.weight.data.fill_(1)
    counts = torch.zeros(side, side)
    for row in range(side):
        for col in range(side):
            x = torch.zeros(1, side, side)
            x[0, row, col] = 1
            counts[row, col] = torch.count_nonzero(conv(x))
    return counts


def real_pixels(i, k, s, p):
    """How many real pixels each window sees."""
    return F.conv2d(torch.ones(1, 1, i, i), torch.ones(1, 1, k, k), stride=s, padding=p)[0, 0]


def mean(x, **options):
    return nn.AvgPool2d(3, stride=1, padding=1, **options)(x)


def refuses(call, kind=RuntimeError):
    try:
        call()
    except kind as error:
        return str(error)
    return ""


def test_every_number_in_the_prose():
    lesson = Claims("padding")
    lesson.says(
        "So a size $i$ becomes $i + 2p$ before the window starts. That is the $2p$ in the formula",
        F.pad(torch.rand(1, 4, 4), [2] * 4).shape[1] == 8,
    )
    lesson.says(
        r"o = \left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1",
        all(
            size(i, k, s, p) == (i + 2 * p - k) // s + 1
            for i in range(5, 12)
            for k in range(1, 6)
            for s in range(1, 4)
            for p in range(4)
        ),
    )
    lesson.says("The input is 4×4, the kernel 3×3, the stride 1", nn.Conv2d(1, 1, 3).stride[0] == 1)
    lesson.says("Two, four, six.", [size(4, 3, p=p) for p in (0, 1, 2)] == [2, 4, 6])
    check_names(lesson)
    check_counts(lesson)
    check_border(lesson)
    check_averages(lesson)
    check_limits(lesson)
    check_divisors(lesson)
    check_exercises(lesson)
    lesson.labels("**1.**", "**2.**", "**3.**", "**4.**", "Unit 7")
    lesson.complete()


def check_names(lesson):
    same = {k: p for k in range(1, 9) for p in range(9) if size(10, k, p=p) == 10}
    lesson.says(
        "At stride 1 you need $p = (k - 1)/2$", all(p == (k - 1) / 2 for k, p in same.items())
    )
    lesson.says("only when the kernel is odd", sorted(same) == [1, 3, 5, 7])
    lesson.says("1 for a kernel of 3, 2 for 5, 3 for 7", (same[3], same[5], same[7]) == (1, 2, 3))
    word = nn.Conv2d(1, 1, 3, padding="same")
    lesson.says('takes the word: `padding="same"`', word(torch.rand(1, 4, 4)).shape == (1, 4, 4))
    corners = {k: real_pixels(9, k, 1, k - 1)[0, 0].item() for k in range(1, 6)}
    lesson.says("one corner touches the input: $p = k - 1$", set(corners.values()) == {1})
    seen = real_pixels(4, 3, 1, 2)
    lesson.says(
        "Each corner window sees eight zeros and one real pixel",
        seen[[0, 0, -1, -1], [0, -1, 0, -1]].tolist() == [1] * 4 and 3 * 3 - 1 == 8,
    )


def check_counts(lesson):
    valid, same, full = (readers(p) for p in (0, 1, 2))
    lesson.says(
        "A 3×3 window slides over a 5×5 input. With `padding=1`",
        size(5, 3, p=1) == 5,
    )
    lesson.says(
        "the corner counts once, the centre nine times", (valid[0, 0], valid[2, 2]) == (1, 9)
    )
    edges = {same[0, n].item() for n in (1, 2, 3)}
    lesson.says(
        "the corner counts 4 times, a pixel of the edge 6 times, the centre 9 times",
        (same[0, 0], edges, same[2, 2]) == (4, {6}, 9),
    )
    lesson.says("Full: every pixel counts 9 times", bool((full == 9).all()))
    lesson.says(
        "Of the three, only full padding makes all pixels equal",
        [len(c.unique()) for c in (valid, same, full)] == [6, 3, 1],
    )


def check_border(lesson):
    pool = nn.MaxPool2d(3, stride=1, padding=1)
    x = -1 - torch.rand(1, 4, 4)
    infinite = nn.MaxPool2d(3, stride=1)(F.pad(x, [1] * 4, value=-math.inf))
    lesson.says(
        "You pool with `nn.MaxPool2d(3, stride=1, padding=1)`", torch.equal(pool(x), infinite)
    )
    lesson.says("No zero anywhere", bool((pool(x) < 0).all()))
    ones = torch.full((1, 3, 3), -1.0)
    by_hand = nn.MaxPool2d(3, stride=1)(F.pad(ones, [1] * 4))
    expected = torch.tensor([[[0.0, 0, 0], [0, -1, 0], [0, 0, 0]]])
    lesson.says(
        "A 3×3 image of −1 should stay −1. With zeros around it, only the pixel in the middle does",
        torch.equal(pool(ones), ones) and torch.equal(by_hand, expected),
    )
    lesson.says(
        "With minus infinity by hand, you get what the pool gives", torch.equal(pool(x), infinite)
    )


def check_averages(lesson):
    dark, even = mean(torch.ones(1, 4, 4))[0], mean(torch.ones(1, 4, 4), count_include_pad=False)[0]
    real = real_pixels(4, 3, 1, 1)
    lesson.says(
        "A window in the corner sees four ones and five zeros: 4/9, about 0.444",
        real[0, 0] == 4 and dark[0, 0].item() == pytest.approx(4 / 9) and round(4 / 9, 3) == 0.444,
    )
    lesson.says(
        "On an edge it sees six ones: 6/9, about 0.667",
        real[0, 1] == 6 and dark[0, 1].item() == pytest.approx(6 / 9) and round(6 / 9, 3) == 0.667,
    )
    lesson.says(
        "Only inside is the average 1.",
        torch.equal((dark - 1).abs() < 1e-6, real == 9) and int((real == 9).sum()) == 4,
    )
    lesson.says("A white image should average to white. One argument", bool((even == 1).all()))
    # Ones hide a divisor; random numbers show it.
    x = torch.rand(1, 1, 4, 4)
    sums = F.conv2d(x, torch.ones(1, 1, 3, 3), padding=1)
    lesson.says(
        "*real* pixels it sees: 4 in a corner, 6 on an edge, 9 inside",
        torch.allclose(mean(x, count_include_pad=False), sums / real)
        and real[0].tolist() == [4, 6, 6, 4]
        and real[1].tolist() == [6, 9, 9, 6],
    )


def check_divisors(lesson):
    white = torch.ones(1, 4, 4)
    real, sums = real_pixels(4, 3, 1, 1), mean(white, divisor_override=1)[0]
    lesson.says("You average the white image with `divisor_override=1`", torch.equal(sums, real))
    lesson.says("The sums: 4, 6 and 9.", (sums[0, 0], sums[0, 1], sums[1, 1]) == (4, 6, 9))
    x = torch.rand(1, 4, 4)
    both = [mean(x, divisor_override=5, count_include_pad=c) for c in (True, False)]
    lesson.says("The override wins over `count_include_pad`", torch.equal(*both))
    up = nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True)
    row = Geometry.of(4, 3, 2, 1, 1, True).rows
    window = row.windows[-1]
    lesson.says(
        "Its window starts on the last real pixel. It covers that pixel and three of padding; "
        "the other five places are beyond. So torch divides 1 by 4, not by 9",
        row.starts[-1] == 3
        and len(window) ** 2 == 4
        and 3**2 - len(window) ** 2 == 5
        and up(white)[0, -1, -1] == 1 / 4,
    )
    for k, s, p, i in ((2, 2, 0, 3), (3, 2, 1, 4), (3, 3, 1, 6), (5, 3, 2, 6)):
        axis = Geometry.of(i, k, s, p, 1, True).rows
        pooled = nn.AvgPool2d(k, s, p, ceil_mode=True)(torch.ones(1, i, i))[0, -1, -1]
        inside = sum(0 <= n < i for n in axis.windows[-1])
        assert pooled.item() == pytest.approx((inside / len(axis.windows[-1])) ** 2)


def check_limits(lesson):
    x = torch.rand(1, 4, 4)
    message = refuses(lambda: nn.MaxPool2d(3, stride=1, padding=2)(x))
    lesson.says(
        "You just gave a convolution a padding of 2 with a kernel of 3. Try that with a pool",
        size(4, 3, p=2) == 6 and "at most half" in message,
    )
    limits = {}
    for k in range(1, 8):
        allowed = [p for p in range(8) if not refuses(lambda k=k, p=p: pool_of(k, p))]
        limits[k] = max(allowed)
    lesson.says(
        "at most half of its kernel, rounded down", all(limits[k] == k // 2 for k in limits)
    )
    empty = [real_pixels(9, k, 1, k)[0, 0].item() for k in range(1, 6)]
    lesson.says("a window could stand on padding alone", empty == [0] * 5)
    halves = [
        real_pixels(9, k, s, k // 2).min().item() >= (k / 2) ** 2
        for k in range(1, 8)
        for s in range(1, 4)
    ]
    lesson.says("keeps at least half of its height, and half of its width", all(halves))
    lesson.says("a pool with a 3×3 window has no full padding", limits[3] < 3 - 1)
    lesson.says(
        '"Same" is clear at stride 1. At stride 2 the output shrinks in any case',
        "not supported for strided convolutions"
        in refuses(lambda: nn.Conv2d(1, 1, 3, stride=2, padding="same"), ValueError),
    )
    count = torch.arange(16.0).reshape(1, 4, 4)
    both = nn.MaxPool2d(3, stride=2, padding=1)(count)[0].tolist()
    end = nn.MaxPool2d(3, stride=2)(F.pad(count, (0, 1, 0, 1), value=-math.inf))[0].tolist()
    lesson.says(
        "Both outputs are 2×2. Only the last number agrees.",
        (both, end) == ([[5, 7], [13, 15]], [[10, 11], [14, 15]]),
    )


def blur(count):
    return nn.AvgPool2d(5, 1, padding=2, count_include_pad=count)(torch.ones(1, 8, 8))[0, 0, 0]


def pool_of(k, p):
    return nn.MaxPool2d(k, stride=1, padding=p)(torch.rand(1, 9, 9))


def check_exercises(lesson):
    lesson.says(
        "for a kernel of 5 at stride 1? And for a kernel of 4?",
        not [p for p in range(9) if size(10, 4, p=p) == 10],
    )
    lesson.says(
        "2 for a kernel of 5. For a kernel of 4 there is none: $2p$ would have to be 3",
        size(10, 5, p=2) == 10 and size(10 + 3, 4) == 10,
    )
    lesson.says(
        "With $p = 1$ a size of 10 becomes 9, with $p = 2$ it becomes 11",
        (size(10, 4, p=1), size(10, 4, p=2)) == (9, 11),
    )
    nines = mean(torch.full((1, 4, 4), 9.0))[0]
    lesson.says(
        "All pixels of an image are 9. You apply `nn.AvgPool2d(3, stride=1, padding=1)`",
        nines.shape == (4, 4),
    )
    lesson.says("The corner is 4 and the edge is 6", nines[0, :2].tolist() == [4, 6])
    sums = nn.AvgPool2d(3, stride=1, padding=1, divisor_override=1)(torch.full((1, 4, 4), 9.0))[0]
    lesson.says(
        "The sums are 36 and 54, and both are divided by 9",
        sums[0, :2].tolist() == [36, 54] and torch.allclose(sums / 9, nines),
    )
    pool, x = nn.MaxPool2d(2, 2, padding=1), torch.rand(1, 5, 5)
    lesson.says(
        "What shape does `nn.MaxPool2d(2, 2, padding=1)` make of a 5×5 input", x.shape == (1, 5, 5)
    )
    lesson.says(
        "3×3, from (5 + 2 − 2) / 2 = 2.5, cut to 2, plus 1",
        pool(x).shape == (1, 3, 3) and (5 + 2 - 2) / 2 == 2.5 and (5 + 2 - 2) // 2 + 1 == 3,
    )
    lesson.says(
        "The first window sees one real pixel, the corner. The other three are border",
        real_pixels(5, 2, 2, 1)[0, 0] == 1 and pool(x)[0, 0, 0] == x[0, 0, 0],
    )
    lesson.says(
        "You blur an image of 8×8 ones with `nn.AvgPool2d(5, stride=1, padding=2)`",
        size(8, 5, p=2) == 8,
    )
    lesson.says(
        "0.36, which is 9 real pixels of 25. With the switch it is 1.",
        blur(True).item() == pytest.approx(0.36)
        and real_pixels(8, 5, 1, 2)[0, 0] == 9
        and blur(False) == 1,
    )
    lesson.says(
        "At stride 1, same needs an odd kernel and $p = (k-1)/2$",
        all(size(10, k, p=(k - 1) // 2) == 10 for k in (1, 3, 5, 7, 9)),
    )


def test_the_plot_of_readers_shows_what_its_alt_text_says():
    valid, same, full = (readers(p).int().tolist() for p in (0, 1, 2))
    ends = [[1, 2, 3, 2, 1], [2, 4, 6, 4, 2]]
    assert valid == [*ends, [3, 6, 9, 6, 3], *reversed(ends)]
    inside = [[6, 9, 9, 9, 6]] * 3
    assert same == [[4, 6, 6, 6, 4], *inside, [4, 6, 6, 6, 4]]
    assert full == [[9] * 5] * 5


def test_a_convolution_pads_with_zeros_unless_told_otherwise():
    x, white = torch.rand(1, 1, 4, 4), torch.ones(1, 1, 4, 4)
    plain = nn.Conv2d(1, 1, 3, padding=1)
    by_hand = F.conv2d(F.pad(x, [1] * 4), plain.weight, plain.bias)
    assert torch.allclose(plain(x), by_hand, atol=1e-6)
    for mode in ("reflect", "replicate"):
        conv = nn.Conv2d(1, 1, 3, padding=1, padding_mode=mode, bias=False)
        conv.weight.data.fill_(1 / 9)
        assert torch.allclose(conv(white), white)


def real_rows(pool, size):
    """The fewest real rows that any window of a pool reads."""
    rows = Geometry.of(size, pool.kernel_size, pool.stride, pool.padding, 1, pool.ceil_mode).rows
    return min(sum(0 <= r < rows.size for r in window) for window in rows.windows)


def test_half_of_every_window_is_real_where_the_lesson_says_so_and_not_elsewhere():
    for kernel in range(1, 8):
        for stride in range(1, 8):
            for size in range(kernel, 16):
                pool = nn.MaxPool2d(kernel, stride, padding=kernel // 2)
                assert real_rows(pool, size) * 2 >= kernel
    assert real_rows(nn.MaxPool2d(5, 1, padding=2), 1) * 2 < 5
    assert real_rows(nn.MaxPool2d(4, 4, ceil_mode=True), 5) * 2 < 4
