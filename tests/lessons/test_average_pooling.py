"""lessons/average-pooling.py: its words, outputs and figures, against plain Python and numpy."""

import math
from functools import cache
from itertools import product

import numpy as np
import torch
from lesson_run import lessons_after, source
from naive import blocks
from PIL import Image
from portrait import portrait
from test_max_pooling import X
from test_max_pooling import naive as max_pool
from torch import nn

from slidingwindows import slide

ONES = torch.ones(1, 3, 3)
EXERCISE = torch.tensor([[[1.0, 8], [6, 3]]])
WIDTHS = (1, 2, 4, 8)


def mean_pool(x, kernel_size, stride=None, padding=0, counted=True):
    """An average pool in plain Python: the sum of the real cells over all cells, or over those."""
    plane, stride = x[0].tolist(), stride or kernel_size
    side = len(plane)
    size = (side + 2 * padding - kernel_size) // stride + 1

    def mean(top, left):
        rows, cols = range(top, top + kernel_size), range(left, left + kernel_size)
        cells = [plane[r][c] for r in rows for c in cols if 0 <= r < side and 0 <= c < side]
        return sum(cells) / (kernel_size**2 if counted else len(cells))

    starts = [n * stride - padding for n in range(size)]
    return torch.tensor([[[mean(top, left) for left in starts] for top in starts]])


@cache
def dots():
    drawn = torch.rand(1, 1024, 1024, generator=torch.Generator().manual_seed(7))
    return drawn < 0.05


def moved(pool, row, col, by):
    """How far the first window's output moves if one of its cells does."""
    other = X.clone()
    other[0, row, col] += by
    return (pool(other) - pool(X))[0, 0, 0].item()


def test_every_claim(page):
    average = page.names["average"]
    assert torch.equal(page.names["x"], X)
    the_other_rule(page, average)
    side_by_side(page, average)
    noise(page)
    the_size_of_the_window(page)
    the_photo(page)
    padding(page)
    exercises(page, average)
    page.labels("Compare both pools number by number", "## The same input, the other rule")
    page.labels("Say when max and average pooling differ most", "open the rows of `x`")
    page.cites("This lesson's path follows Unit 7 of", "https://lightning.ai/courses/")
    page.cites("The model of dots is by", "https://icml.cc/Conferences/2010/papers/638.pdf")
    page.aside("The words and the measurements are our own", why="who wrote this lesson")
    page.complete()


def the_other_rule(page, average):
    means = mean_pool(X, 2)
    mine, other = (
        page.figure(f"{name}") for name in ("average-pool-2x2", "max-pool-for-comparison")
    )
    page.says(
        "The window takes the mean instead of the largest number. The same input, side by side "
        "with max pooling",
        torch.equal(average(X), means)
        and not torch.equal(means, max_pool(X, 2, 2))
        and mine.planes == other.planes
        and mine.operation != other.operation,
    )
    page.says(
        "The window slides as before, but this time no number wins, because it writes down the "
        "**mean** of all it sees",
        mine.geometry == other.geometry
        and {step.winner for step in mine.steps} == {None}
        and None not in {step.winner for step in other.steps}
        and torch.equal(average(X), means),
    )
    rows = source("max-pooling").split("x = torch.tensor(")[1].split("]])")[0]
    page.says("This is the input of the [max pooling lesson]", rows in source("average-pooling"))
    first = X[0, :2, :2].flatten().tolist()
    page.says("The first window holds 3, 1, 2 and 6", first == [3, 1, 2, 6])
    page.says(f"Max pooling kept {max_pool(X, 2, 2)[0, 0, 0]:.0f}")
    page.prints("average(x)", means)
    page.draws("average-pool-2x2", slide(nn.AvgPool2d(2), X))
    moves = [moved(average, row, col, 4) for row in (0, 1) for col in (0, 1)]
    page.says(
        "Average pooling with a 2×2 window and stride 2. Every number in the window counts equally",
        (average.kernel_size, average.stride) == (2, 2) and moves == [1] * 4,
    )
    page.says(
        "An average pool writes down the mean of each window. Every number counts equally",
        torch.equal(average(X), means) and moves == [1] * 4,
    )
    page.says(
        "The mean is 3. All four numbers had a say in it",
        sum(first) / len(first) == 3 and moves == [1] * 4,
    )


def side_by_side(page, average):
    page.labels("Compare the two, window by window", "In which window do the two differ most?")
    page.draws("max-pool-for-comparison", slide(nn.MaxPool2d(2), X))
    deciding = [moved(nn.MaxPool2d(2), r, c, -0.5) < 0 for r in (0, 1) for c in (0, 1)]
    ties = (blocks(X, 2) == blocks(X, 2).max(2, keepdims=True)).sum(2)
    same = torch.equal(
        torch.tensor([page.figure("max-pool-for-comparison").output]), max_pool(X, 2, 2)
    )
    page.says("Here is the max pool of the same input again", same)
    page.says(
        "Max pooling of the same input: in each window one number decides alone",
        same and sum(deciding) == 1 and (ties == 1).all(),
    )
    largest, means = max_pool(X, 2, 2)[0], mean_pool(X, 2)[0]
    difference = largest - means
    values = ("max:", largest, "average:", means, "difference:", difference)
    page.prints("mean = average(x)[0]", *values)
    windows = blocks(torch.randint(0, 3, (1, 200, 200)), 2)
    gap = windows.max(2) - windows.mean(2)
    equal = windows.min(2) == windows.max(2)
    constant = torch.rand(500, generator=torch.Generator().manual_seed(1))[:, None, None, None]
    nines = constant.expand(-1, 1, 3, 3)  # equal numbers, whose mean is rounded
    rounding = nn.AvgPool2d(3)(nines) - nn.MaxPool2d(3)(nines)
    page.says("Apart from rounding, the maximum", 0 < rounding.max() < 1e-6)
    page.says(
        "Apart from rounding, the maximum is never below the mean. The two agree only where all "
        "numbers of a window are equal",
        gap.min() == 0 and equal.any() and np.array_equal(gap == 0, equal),
    )
    page.says(
        "They differ most in the middle of the bottom row, by 4.75",
        difference.argmax() == 2 * 3 + 1 and difference.max() == 4.75,
    )
    window = X[0, 4:, 2:4].flatten().tolist()
    page.says("That window holds 8, 3, 0 and 2, and the 8 stands out", window == [8, 3, 0, 2])
    peak = torch.zeros(1, 6, 6)
    peak[0, 2, 3] = 8
    assert torch.equal(page.names["peak"], peak)
    tops, spread = (blocks(peak, 2).max(2), blocks(peak, 2).mean(2))
    page.prints("peak[0, 2, 3] = 8.0", f"max:     {tops.tolist()}", f"average: {spread.tolist()}")
    apart = gap / np.maximum(windows.max(2), 1)  # as a share of the largest number
    lone = (windows > 0).sum(2) == 1
    page.says(
        "A single peak on an empty map is the extreme case",
        lone.any()
        and set(apart[lone]) == {(tops - spread).max() / tops.max()}
        and apart[~lone].max() < apart[lone].min(),
    )
    page.says(
        f"Max pooling reports the peak at full height, {tops.max():.0f}. Average pooling spreads "
        "it over four cells and reports 2",
        tops.max() == peak.max() and blocks(peak, 2).shape[2] == 4 and spread.max() == 2,
    )
    two = peak.clone()
    two[0, 2, 2] = 8  # the pattern once more, in the same window
    maxima, averages = (
        [pool(x)[0, 1, 1] for x in (peak, two)] for pool in (nn.MaxPool2d(2), average)
    )
    asks = maxima[0] == maxima[1] and 2 * averages[0] == averages[1] and not tops[0, 0]
    page.says("So the two ask different questions. Max: ", asks)
    page.says("Average: ", asks)
    page.says(
        "Max asks whether a pattern is there at all, average asks how much of it there is. They "
        "differ most at lone peaks",
        asks and apart[~lone].max() < apart[lone].min(),
    )


def noise(page):
    """Sums of four numbers by slices, and the order statistics of a normal distribution."""
    numbers = torch.randn(1, 1024, 1024, generator=torch.Generator().manual_seed(6))
    four = torch.stack([numbers[0, r::2, c::2] for r in (0, 1) for c in (0, 1)]).double()
    means, tops = four.sum(0) / 4, four.sort(0).values[-1]
    page.labels("What is left of the noise after")
    page.says(
        "Take a map that holds nothing but noise: random numbers around 0, with a standard "
        "deviation of 1, so most of them are less than 1 away from 0",
        torch.equal(page.names["noise"], numbers)
        and abs(numbers.mean()) < 0.01 > abs(numbers.std() - 1)
        and (numbers.abs() < 1).double().mean() > 0.6,
    )
    page.labels("an average pool of 2×2? And after a max pool of 2×2?")
    page.prints(
        "noise = torch.randn(",
        f"AvgPool2d: mean {abs(means.mean()):.2f}, deviation {means.std():.2f}",
        f"MaxPool2d: mean {tops.mean():.2f}, deviation {tops.std():.2f}",
    )
    page.says(
        "The average halves the noise, because four independent errors partly cancel",
        abs(means.std() / four.std() - 1 / 2) < 0.005,
    )
    away = [values.double().square().mean().sqrt() for values in (numbers, means, tops)]
    page.says(
        "A mean can do something that a maximum cannot",  # bring noise nearer to its truth, 0
        away[1] < 0.6 * away[0] and away[2] > away[0],
    )
    theory = 1.02938  # the mean of the largest of four normal numbers: 6 atan(sqrt(2)) / pi^1.5
    assert abs(6 * math.atan(math.sqrt(2)) / math.pi**1.5 - theory) < 1e-4
    page.says(
        "The maximum picks the largest of four errors each time, so an empty map no longer looks "
        f"empty: now its mean is {theory:.2f}",
        abs(tops.mean() - theory) < 0.005,
    )


def the_size_of_the_window(page):
    """The Bernoulli model of Boureau, Ponce and LeCun, simulated as in the lesson."""
    assert torch.equal(page.names["dots"], dots().float())
    page.says(
        "Each cell is 1 with a probability of 5%, and 0 otherwise",
        page.names["dots"].unique().tolist() == [0, 1] and abs(dots().float().mean() - 0.05) < 5e-4,
    )
    page.labels("Pool it with larger and larger windows")
    means = [float(blocks(dots(), k).mean(2).mean()) for k in WIDTHS]
    tops = [float(blocks(dots(), k).max(2).mean()) for k in WIDTHS]
    empty = [0.95 ** (k * k) for k in WIDTHS]
    lines = [
        f"{k}×{k}: average {mean:.3f}, max {top:.3f}, theory {1 - none:.3f}"
        for k, mean, top, none in zip(WIDTHS, means, tops, empty, strict=True)
    ]
    page.prints("for k in (1, 2, 4, 8):", *lines)
    page.says("The average stays at 0.050", {f"{mean:.3f}" for mean in means} == {"0.050"})
    page.says(
        f"The maximum climbs. With an {WIDTHS[-1]}×{WIDTHS[-1]} window {tops[-1]:.0%} of its "
        "outputs are 1, and the map says hardly anything any more",
        tops == sorted(tops) and np.unique(blocks(dots(), 8).max(2)).tolist() == [0, 1],
    )
    agree = all(abs(1 - none - top) < 0.005 for none, top in zip(empty, tops, strict=True))
    exact = {(a, p): by_counting(a, p) for a in (0.05, 0.3, 0.8) for p in (1, 2, 4, 9)}
    page.says(
        "The theory is short. Let a cell be 1 with probability $a$. All $P$ cells of a window are "
        "0 with probability $(1-a)^P$, so the maximum is 1 with probability $1-(1-a)^P$. The mean "
        "does not depend on $P$",
        agree
        and all(
            np.allclose(got, [(1 - a) ** p, 1 - (1 - a) ** p, a]) for (a, p), got in exact.items()
        ),
    )
    page.says(
        "With larger windows the maximum of sparse maps fills up; the mean stays",
        tops == sorted(tops) and max(means) - min(means) < 1e-6,
    )


def by_counting(a, cells):
    """Over all windows of so many cells: how likely it is that the largest is 0, and 1, and the
    mean that is expected."""
    found = np.zeros(3)
    for window in product((0, 1), repeat=cells):
        chance = math.prod(a if cell else 1 - a for cell in window)
        found += chance * np.array([max(window) == 0, max(window) == 1, sum(window) / cells])
    return found


def the_photo(page):
    assert np.array_equal(page.names["grey"][0].numpy(), portrait())
    largest, means = blocks(portrait(), 8).max(2), blocks(portrait(), 8).mean(2)
    pictures = {"photo": portrait(), "max": largest, "average": means}
    name = "max-and-average-photo"
    drawn = [(panel["title"], panel["images"]) for panel in page.drawing(name)]
    titles = [f"{key}, {p.shape[0]}×{p.shape[1]}" for key, p in pictures.items()]
    same = [
        np.allclose(images, picture, atol=1e-3)
        for (_, images), picture in zip(drawn, pictures.values(), strict=True)
    ]
    page.plots(name, [title for title, _ in drawn] == titles and all(same))
    page.says(f"Both pools here use an {320 // len(largest)}×{320 // len(largest)} window")
    page.says(
        f"The same photo, max pooled and average pooled to {largest.shape[0]}×{largest.shape[1]}"
    )
    whole = [np.kron(picture, np.ones((8, 8))) for picture in (largest, means)]
    away = [np.abs(picture - portrait()).mean() for picture in whole]
    page.says(
        "Three pictures of one portrait: the photo, its max pool with bright blocks grown larger, "
        "and its average pool, darker and closer to the photo",
        len(drawn) == 3
        and (whole[0] > 200).mean() > 1.5 * (portrait() > 200).mean()
        and means.mean() < largest.mean()
        and away[1] < away[0],
    )
    page.says(
        "The max pool is brighter: in each block the lightest pixel wins",
        largest.mean() > portrait().mean() + 10,
    )
    far = np.asarray(Image.fromarray(portrait()).resize((40, 40), Image.Resampling.BICUBIC))
    page.says(
        "The average pool looks like the photo seen from far away, and keeps its mean brightness",
        np.abs(means - far).mean() < np.abs(largest - far).mean() / 5
        and abs(means.mean() - portrait().mean()) < 0.01,
    )
    page.prints(
        'print(f"photo {grey.mean():.0f}',
        f"photo {portrait().mean():.0f}, max {largest.mean():.0f}, average {means.mean():.0f}",
    )


def padding(page):
    counted, real = mean_pool(ONES, 3, 1, 1), mean_pool(ONES, 3, 1, 1, counted=False)
    assert torch.equal(page.names["ones"], ONES)
    page.says(
        "Average pooling pads with **zero**, and by default it counts those zeros. That leaves a "
        "dark rim, because it pulls the mean down along the border",
        torch.allclose(nn.AvgPool2d(3, 1, 1)(ONES), counted)
        and rim_is_darker(torch.rand(1, 6, 6, generator=torch.Generator().manual_seed(2))),
    )
    padded = nn.functional.pad(ONES, (1, 1, 1, 1))
    corner = padded[0, :3, :3]
    page.says("Every number of a 3×3 input is 1", ONES.unique() == 1 and ONES.shape == (1, 3, 3))
    page.says(
        "A 3×3 window with padding 1 sits on the upper left corner. "
        "It sees four ones and five zeros",
        (int((corner == 1).sum()), int((corner == 0).sum())) == (4, 5),
    )
    page.prints("counted(ones)", counted)
    page.draws("average-pool-padding", slide(nn.AvgPool2d(3, stride=1, padding=1), ONES))
    page.says(
        "An input of ones. Where the window hangs over the border, zeros lower the mean",
        page.figure("average-pool-padding").input_shape == ONES.shape
        and (counted >= 1).nonzero().tolist() == [[0, 1, 1]],
    )
    corner, edge = counted[0, 0, 0].item(), counted[0, 0, 1].item()
    page.says(f"A corner gets {corner * 9:.0f}/9, about {corner:.3f}")
    page.says(f"An edge gets {edge * 9:.0f}/9, about {edge:.3f}")
    page.says("Only the middle is 1", (counted == 1).nonzero().tolist() == [[0, 1, 1]])
    page.prints("count_include_pad=False)(ones)", real)
    page.says("torch divides by the number of *real* cells", real.unique().tolist() == [1])
    page.says("Now every mean is 1", real.unique().tolist() == [1])
    page.says(
        "Padding holds zeros, and they are counted unless you say `count_include_pad=False`",
        nn.AvgPool2d(3).count_include_pad and not torch.equal(counted, real),
    )
    whole = torch.tensor([[[1, 2], [3, 5]]])
    mean = sum(whole.flatten().tolist()) / 4
    page.prints("whole = torch.tensor", f"integers: {int(mean)}", f"floats:   {mean}")
    page.says(
        "Give `AvgPool2d` a tensor of int64, as `torch.tensor([1, 2])` is, and it cuts off the "
        "fraction without a word",
        torch.tensor([1, 2]).dtype == whole.dtype == torch.int64
        and nn.AvgPool2d(2)(whole).item() == int(mean),
    )

    def refuses(values):
        try:
            nn.AvgPool2d(2)(values)
        except RuntimeError:
            return True
        return False

    smaller = (torch.int32, torch.int16, torch.int8, torch.uint8)
    page.says("Smaller integers it refuses", all(refuses(whole.to(kind)) for kind in smaller))
    page.labels("Convert to float first")


def rim_is_darker(x):
    """Zeros that count lower each mean along the border, and none inside."""
    counts, leaves = (mean_pool(x, 3, 1, 1, counted=counted)[0] for counted in (True, False))
    inner = torch.zeros_like(counts, dtype=torch.bool)
    inner[1:-1, 1:-1] = True
    return torch.equal(counts < leaves, ~inner)


def exercises(page, average):
    small = mean_pool(EXERCISE, 2).item()
    page.labels("What does `nn.AvgPool2d(2)` make of `[[1, 8], [6, 3]]`?")
    page.says(f"The mean of the four: {small}.")
    page.answers(1, ("The mean of the four: 4.5", 4.5))
    pools = {"MaxPool2d": lambda x: max_pool(x, 2, 2), "AvgPool2d": lambda x: mean_pool(x, 2)}
    rises = {k: torch.equal(pool(X + 10), pool(X) + 10) for k, pool in pools.items()}
    flips = {k: torch.equal(pool(-X), -pool(X)) for k, pool in pools.items()}
    page.labels("You add 10 to every number of an input")
    page.says("Both rise by 10", all(rises.values()))
    page.answers(2, ("Both rise by 10", [10, 10]))
    page.labels("You multiply every number by -1")
    smallest = -torch.from_numpy(blocks(X, 2).min(2))
    page.says(
        "The average pool does: the mean of the negatives is the negative of the mean. The max "
        "pool does not: the largest of the negatives comes from the *smallest* number",
        (flips["MaxPool2d"], flips["AvgPool2d"]) == (False, True)
        and torch.equal(max_pool(-X, 2, 2)[0], smallest.float()),
    )
    page.answers(3, ("The max pool does not", False), ("The average pool does", True))
    page.labels("You pool `x` with `nn.AvgPool2d(3)`, and the result once")
    page.labels("once more with `nn.AvgPool2d(2)`", "Then you pool `x` with `nn.AvgPool2d(6)`")
    page.labels("Do the two agree? Would they with max pools?")
    twice = mean_pool(mean_pool(X, 3), 2).item(), max_pool(max_pool(X, 3, 3), 2, 2).item()
    once = mean_pool(X, 6).item(), max_pool(X, 6, 6).item()
    page.says(
        "Yes, both times. The windows lie side by side and hold equally many numbers, so the mean "
        "of the means is the mean of all. The largest of the largest is the largest in any case",
        np.allclose(twice, once, atol=1e-6),
    )
    page.answers(4, ("Yes, both times", [True, True]))
    page.prints(
        "rises = torch.equal",
        str(small),
        *(f"{k}: rises by 10 {rises[k]}, changes its sign {flips[k]}" for k in pools),
        *(f"{two:.3f} and {one:.3f}" for two, one in zip(twice, once, strict=True)),
    )
    page.says(
        "You have met two pools and given neither of them a weight. [Pooling has nothing to "
        "learn]; next you count what that saves",
        not [*average.parameters(), *nn.MaxPool2d(2).parameters()]
        and "## Count them" in source("no-learnable-parameters")
        and lessons_after("average-pooling")[0] == "no-learnable-parameters",
    )


def twice_is_once(kind, x):
    return torch.allclose(kind(2)(kind(3)(x)), kind(6)(x))


def test_two_pools_side_by_side_are_one():
    for seed in range(20):
        x = torch.randn(1, 12, 12, generator=torch.Generator().manual_seed(seed))
        assert twice_is_once(nn.AvgPool2d, x) and twice_is_once(nn.MaxPool2d, x)


def test_the_maximum_is_never_below_the_mean():
    for seed in range(50):
        x = torch.randn(1, 6, 6, generator=torch.Generator().manual_seed(seed))
        assert (nn.MaxPool2d(2)(x) >= nn.AvgPool2d(2)(x)).all()
