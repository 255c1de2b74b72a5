"""Every number in lessons/average-pooling.py, from torch."""

import matplotlib.cbook
import numpy as np
import torch
from claims import Claims
from PIL import Image
from test_max_pooling import X
from torch import nn

AVERAGE = nn.AvgPool2d(2)


def grey():
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
    return torch.from_numpy(np.array(picture.crop((90, 20, 410, 340)))).float()[None]


def test_every_number_in_the_prose():
    lesson = Claims("average-pooling")
    lesson.says("3, 1, 2 and 6", X[0, :2, :2].flatten().tolist() == [3, 1, 2, 6])
    lesson.says("Max pooling kept 6", nn.MaxPool2d(2)(X)[0, 0, 0] == 6)
    lesson.says("The mean is 3. All four", AVERAGE(X)[0, 0, 0] == 3)
    difference = (nn.MaxPool2d(2)(X) - AVERAGE(X))[0]
    lesson.says(
        "in the middle of the bottom row, by 4.75",
        difference.argmax() == 2 * 3 + 1 and difference.max() == 4.75,
    )
    window = X[0, 4:, 2:4].flatten().tolist()
    lesson.says("holds 8, 3, 0 and 2, and the 8 stands out", window == [8, 3, 0, 2])
    check_dots(lesson)
    peak = torch.zeros(1, 6, 6)
    peak[0, 2, 3] = 8
    lesson.says("the peak at full height, 8", nn.MaxPool2d(2)(peak).max() == 8)
    lesson.says("over four cells and reports 2", AVERAGE(peak).max() == 2)
    lesson.says("use an 8×8 window", tuple(nn.MaxPool2d(8)(grey()).shape) == (1, 40, 40))
    ones = torch.ones(1, 3, 3)
    counted = nn.AvgPool2d(3, stride=1, padding=1)(ones)[0]
    lesson.says(
        "Every number of a 3×3 input is 1. A 3×3 window with padding 1 sits", ones.unique() == 1
    )
    lesson.says("A corner gets 4/9, about 0.444", abs(counted[0, 0] - 0.444) < 0.0005)
    lesson.says("An edge gets 6/9, about 0.667", abs(counted[0, 1] - 0.667) < 0.0005)
    assert torch.allclose(counted[0, :2], torch.tensor([4 / 9, 6 / 9]))
    lesson.says("Only the middle is 1", int((counted == 1).sum()) == 1 and counted[1, 1] == 1)
    real = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)(ones)
    lesson.says("Now every mean is 1.", bool((real == 1).all()))
    small = AVERAGE(torch.tensor([[[1.0, 8], [6, 3]]])).item()
    lesson.says("`nn.AvgPool2d(2)` make of `[[1, 8], [6, 3]]`?", AVERAGE.kernel_size == 2)
    lesson.says("The mean of the four: 4.5.", small == 4.5)
    rises = [torch.equal(pool(X + 10), pool(X) + 10) for pool in (nn.MaxPool2d(2), AVERAGE)]
    lesson.says("You add 10 to every", rises == [True, True])
    lesson.says("Both rise by 10.", rises == [True, True])
    lesson.says("every number by -1", torch.equal(AVERAGE(-X), -AVERAGE(X)))
    smallest = X[0].unfold(0, 2, 2).unfold(1, 2, 2).amin((2, 3))
    lesson.says(
        "the largest of the negatives comes from the *smallest* number",
        torch.equal(nn.MaxPool2d(2)(-X)[0], -smallest)
        and not torch.equal(nn.MaxPool2d(2)(-X), -nn.MaxPool2d(2)(X)),
    )
    lesson.says(
        "`nn.AvgPool2d(3)`, and the result once more with `nn.AvgPool2d(2)`. "
        "Then you pool `x` with `nn.AvgPool2d(6)`. Do the two agree?",
        X.shape == (1, 6, 6),
    )
    lesson.says("Yes, both times.", all(twice_is_once(k, X) for k in (nn.AvgPool2d, nn.MaxPool2d)))
    lesson.labels("**1.**", "**2.**", "**3.**", "**4.**", "Unit 7")
    lesson.complete()


def twice_is_once(kind, x):
    return torch.allclose(kind(2)(kind(3)(x)), kind(6)(x))


def test_two_pools_side_by_side_are_one():
    for seed in range(20):
        x = torch.randn(1, 12, 12, generator=torch.Generator().manual_seed(seed))
        assert twice_is_once(nn.AvgPool2d, x) and twice_is_once(nn.MaxPool2d, x)


def check_dots(lesson):
    """The Bernoulli model of Boureau, Ponce and LeCun, simulated as in the lesson."""
    torch.manual_seed(7)
    dots = (torch.rand(1, 1024, 1024) < 0.05).float()
    lesson.says(
        "Each cell is 1 with a probability of 5%, and 0 otherwise",
        dots.unique().tolist() == [0, 1] and abs(dots.mean() - 0.05) < 0.0005,
    )
    means = [nn.AvgPool2d(k)(dots).mean().item() for k in (1, 2, 4, 8)]
    lesson.says("The average stays at 0.050.", {f"{m:.3f}" for m in means} == {"0.050"})
    tops = [nn.MaxPool2d(k)(dots).mean().item() for k in (1, 2, 4, 8)]
    assert tops == sorted(tops)
    lesson.says("With an 8×8 window 96% of its outputs are 1", f"{tops[-1]:.0%}" == "96%")
    lesson.says("Let a cell be 1", (dots == 1).any())
    theory = [1 - (1 - 0.05) ** (k * k) for k in (1, 2, 4, 8)]
    agree = all(abs(a - b) < 0.005 for a, b in zip(tops, theory, strict=True))
    lesson.says("All $P$ cells of a window are 0 with probability $(1-a)^P$", agree)
    lesson.says("so the maximum is 1 with probability $1-(1-a)^P$", agree)


def test_the_maximum_is_never_below_the_mean():
    for seed in range(50):
        x = torch.randn(1, 6, 6, generator=torch.Generator().manual_seed(seed))
        assert bool((nn.MaxPool2d(2)(x) >= AVERAGE(x)).all())


def test_the_max_pool_of_the_photo_is_brighter():
    x = grey()
    assert nn.MaxPool2d(8)(x).mean() > x.mean() + 10
    assert abs(nn.AvgPool2d(8)(x).mean() - x.mean()) < 0.01


def test_integers_lose_their_fraction():
    whole = torch.tensor([[[1, 2], [3, 5]]])
    assert nn.AvgPool2d(2)(whole).item() == 2
    assert nn.AvgPool2d(2)(whole.float()).item() == 2.75
