"""Every number in lessons/from-scratch-in-numpy.py, from torch, and its code on other cases."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from claims import LESSONS, Claims
from torch import nn

from slidingwindows.lessons import read

NAME = "from-scratch-in-numpy"


def executed() -> dict:
    """What the lesson's cells define, apart from its figures and exercises."""
    names: dict = {"print": lambda *_, **__: None}
    for cell in read(LESSONS / f"{NAME}.py").code:
        if "exercise" not in cell.tags and not cell.source.lstrip().startswith("show("):
            exec(compile(cell.source, NAME, "exec"), names)
    return names


OURS = executed()
PEAK = torch.tensor([[[1.0, 2, 1], [2, 9, 2], [1, 2, 1]]])


def gradient_of(pool, x):
    x = x.clone().requires_grad_()
    pool(x).sum().backward()
    return x.grad


def random_settings(draw: random.Random):
    k, s, d = draw.randint(1, 5), draw.randint(1, 5), draw.randint(1, 3)
    p = draw.randint(0, k // 2)
    h, w = (draw.randint(d * (k - 1) + 1, 17) for _ in range(2))
    return h, w, k, s, p, d, draw.random() < 0.5


def test_every_number_in_the_prose():
    lesson = Claims(NAME)
    five = torch.rand(1, 5, 5)
    lesson.says(
        "let 500 random cases decide",
        set(OURS["agree"].values()) == {500} and len(OURS["agree"]) == 4,
    )
    pool = nn.MaxPool2d(3, 3, padding=1, ceil_mode=True)
    lesson.says(
        "a kernel of 3, a stride of 3, a padding of 1 and `ceil_mode`. The input has 5 rows. "
        "Rounding up gives three windows",
        -(-(5 + 2 - 3) // 3) + 1 == 3 and pool(five).shape[1] < 3,
    )
    lesson.says(
        "Two. Counted from 0, the third window would start at row 6 of the padded input. "
        "There the padding on the right begins",
        pool(five).shape[1] == 2 and (3 - 1) * 3 == 6 == 5 + 1,
    )
    check_views(lesson)
    check_average(lesson)
    columns = F.unfold(torch.zeros(1, 64, 56, 56), 3, padding=1)
    lesson.says(
        "A 3×3 kernel at stride 1 makes the image 9 times as large",
        columns.numel() == 9 * 64 * 56 * 56 and OURS["photo"].shape == (64, 56, 56),
    )
    arrived = gradient_of(nn.MaxPool2d(2, stride=1), PEAK)
    lesson.says(
        "Windows of 2×2 at stride 1 move over a 3×3 image with its largest number in the middle. "
        "Each output sends back a gradient of 1.",
        np.array_equal(PEAK, OURS["peak"]),
    )
    lesson.says("it wins in all of them: 4.", arrived[0, 1, 1] == 4 == arrived.sum())
    lesson.says('Where `argmax` says "cell 3 of this window"', np.array([0, 1, 1, 2]).argmax() == 3)
    lesson.says("three of the additions are lost", (OURS["kept"][4], OURS["lost"][4]) == (4, 1))
    lesson.says("So draw 500 settings at random", OURS["rounding_up"] > 50 and OURS["dropped"] > 50)
    lesson.says("torch agreed 500 times", min(OURS["agree"].values()) == 500)
    check_exercises(lesson)
    lesson.labels(*(f"**{n}.**" for n in range(1, 5)))
    lesson.complete()


def check_views(lesson):
    windows = torch.rand(1, 5, 5).unfold(1, 3, 1).unfold(2, 3, 1)
    lesson.says(
        "One channel, 3×3 places, and at each place a 3×3 window. The view looks like 81 numbers, "
        "but there are still only 25 in memory",
        windows.shape == (1, 3, 3, 3, 3)
        and windows.numel() == OURS["view"].size == 81
        and windows.untyped_storage().nbytes() == 25 * 4,
    )
    line = np.arange(49.0).reshape(1, 7, 7)
    ours = np.lib.stride_tricks.sliding_window_view(line, (3, 3), axis=(1, 2))
    theirs = torch.from_numpy(line).unfold(1, 3, 1).unfold(2, 3, 1)
    lesson.says("It moves at stride 1.", np.array_equal(ours, theirs))


def check_average(lesson):
    mean = nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True)(torch.ones(1, 4, 4))
    real = F.pad(torch.ones(1, 4, 4), [1, 2, 1, 2])[:, 4:7, 4:7].sum()
    lesson.says(
        "A 4×4 image of ones, `nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True)`. "
        "The last window holds one real pixel",
        mean.shape == (1, 3, 3) and real == 1,
    )
    lesson.says(
        "It divides by 4: one real pixel and three cells of padding. The five cells beyond are "
        "not counted, so the result is 0.25 and not one ninth",
        mean[0, 2, 2] == real / 4 == 0.25 and 1 + 3 + 5 == 9,
    )


def check_exercises(lesson):
    sizes = [
        nn.MaxPool2d(3, 2, ceil_mode=mode)(torch.rand(1, 10, 10)).shape[-1]
        for mode in (False, True)
    ]
    lesson.says("What does `output_size(10, 3, 2)` return", OURS["output_size"](10, 3, 2) == 4)
    lesson.says("4, and 5 when rounding up: 7 / 2 is 3.5", sizes == [4, 5] and 7 / 2 == 3.5)
    matrix = F.unfold(torch.rand(1, 3, 32, 32), 3, padding=1)[0]
    lesson.says(
        "a (3, 32, 32) image for a kernel of 3 at stride 1 with padding 1", matrix.dim() == 2
    )
    lesson.says("27 rows, one for each number in a window of three", len(matrix) == 27 == 3 * 3 * 3)
    lesson.says("1,024 columns, one for each window", matrix.shape[1] == 1024 == 32 * 32)
    small = torch.tensor([[[1.0, -8], [6, 3]]])
    lesson.says("On `[[1, -8], [6, 3]]` it gives −8", -nn.MaxPool2d(2)(-small) == -8)
    dot = torch.zeros(1, 5, 5)
    dot[0, 2, 2] = 9
    arrived = gradient_of(nn.MaxPool2d(3, stride=1), dot)
    lesson.says(
        "A 5×5 image, all zeros but a 9 in the middle, goes through `nn.MaxPool2d(3, stride=1)`. "
        "Each output sends back a gradient of 1. How much arrives at the 9",
        dot.sum() == 9 and dot.count_nonzero() == 1,
    )
    lesson.says("9. There are nine windows", arrived[0, 2, 2] == 9)


@pytest.mark.parametrize("seed", range(1, 7))
def test_the_lesson_s_functions_on_other_cases_than_its_own(seed):
    draw = random.Random(seed)
    rng = np.random.default_rng(seed)
    for _ in range(60):
        h, w, k, s, p, d, ceil_mode = random_settings(draw)
        # whole numbers tie often; others have digits to lose
        x = rng.integers(-3, 3, (2, h, w)) if draw.random() < 0.5 else rng.normal(size=(2, h, w))
        x = x.astype(np.float64)
        t = torch.from_numpy(x).requires_grad_()
        case = f"{h}x{w} k{k} s{s} p{p} d{d} ceil {ceil_mode}"

        theirs, indices = F.max_pool2d(t, k, s, p, d, ceil_mode, return_indices=True)
        settings = (k, s, p, d, ceil_mode)
        assert np.array_equal(OURS["max_pool"](x, *settings), theirs.detach()), case
        assert np.array_equal(OURS["winners"](x, *settings) % (h * w), indices), case
        gradient = rng.normal(size=theirs.shape)
        theirs.backward(torch.from_numpy(gradient))
        back = OURS["max_pool_backward"](x, gradient, *settings)
        np.testing.assert_allclose(back, t.grad, atol=1e-12, err_msg=case)

        for include in (True, False):
            theirs = F.avg_pool2d(t, k, s, p, ceil_mode, include).detach()
            ours = OURS["avg_pool"](x, k, s, p, ceil_mode, include)
            np.testing.assert_allclose(ours, theirs, atol=1e-12, err_msg=case)

        weight, bias = rng.normal(size=(3, 2, k, k)), rng.normal(size=3)
        theirs = F.conv2d(t, torch.from_numpy(weight), torch.from_numpy(bias), s, p, d).detach()
        np.testing.assert_allclose(
            OURS["conv"](x, weight, bias, s, p, d), theirs, atol=1e-11, err_msg=case
        )
        columns, _ = OURS["im2col"](x, k, s, p, d)
        unfolded = F.unfold(t.detach()[None], k, d, p, s)[0]
        assert np.array_equal(columns, unfolded), case


def test_the_loops_are_the_windows():
    draw, rng = random.Random(8), np.random.default_rng(8)
    for _ in range(40):
        h, w, k, s, p, _, _ = random_settings(draw)
        x = rng.normal(size=(2, max(h, k), max(w, k)))
        loops = OURS["slide_loops"](x, lambda v: v.max((1, 2)), k, s, p, -np.inf)
        assert np.array_equal(loops, F.max_pool2d(torch.from_numpy(x), k, s, p))
        loops = OURS["slide_loops"](x, lambda v: v.mean((1, 2)), k, s, p)
        np.testing.assert_allclose(loops, F.avg_pool2d(torch.from_numpy(x), k, s, p), atol=1e-12)


def test_the_table_of_what_counts():
    """What counts in an average: padding only if asked, the overhang never."""
    white = torch.ones(1, 4, 4)
    for include, divisor in ((True, 4), (False, 1)):
        pool = nn.AvgPool2d(3, 2, padding=1, ceil_mode=True, count_include_pad=include)
        assert pool(white)[0, 2, 2] == 1 / divisor


def test_what_a_plus_equals_loses():
    """It agrees with torch while windows lie side by side, and falls short where they overlap."""
    x = torch.randint(0, 9, (1, 8, 8), generator=torch.Generator().manual_seed(3)).float()
    for k, s, same in ((2, 2, True), (3, 1, False)):
        back = np.zeros(64, np.float32)
        back[OURS["winners"](x.numpy(), k, s)] += 1
        theirs = gradient_of(nn.MaxPool2d(k, stride=s), x).flatten()
        assert np.array_equal(back, theirs) is same


def test_plus_infinity_makes_a_minimum_pool():
    x = torch.randn(2, 9, 7, generator=torch.Generator().manual_seed(4))
    ours = OURS["windows"](x.numpy(), 3, 2, 1, fill=np.inf, beyond=np.inf).min((-2, -1))
    assert np.array_equal(ours, -F.max_pool2d(-x, 3, 2, 1))


def test_the_captions():
    source = (LESSONS / f"{NAME}.py").read_text()
    assert "Each window of 2×2 becomes one column of four numbers." in source
    assert F.unfold(torch.rand(1, 1, 3, 4), 2).shape[1] == 4
    assert "All four windows hold the 9, so it receives four gradients." in source
    windows = PEAK.unfold(1, 2, 1).unfold(2, 2, 1).reshape(-1, 4)
    assert (windows == 9).any(1).tolist() == [True] * 4
