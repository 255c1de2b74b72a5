"""lessons/what-pooling-throws-away.py: held against counting, placing by hand and torch."""

import itertools
import math
import warnings
from contextlib import contextmanager, redirect_stdout
from functools import cache
from io import StringIO

import matplotlib.cbook
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from slidingwindows import slide

LAYERS = {
    "max": nn.MaxPool2d(2),
    "average": nn.AvgPool2d(2),
    "stride": lambda x: x[..., ::2, ::2],
}


def windows():
    grids = torch.tensor(list(itertools.product(range(10), repeat=4)))
    return grids.reshape(-1, 1, 2, 2).float()


@cache
def frequencies(name):
    """How many windows of digits give each output."""
    values, counts = LAYERS[name](windows()).unique(return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


@cache
def photo(top=20, left=90):
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
    grey = torch.from_numpy(np.array(picture)).float()[None]
    return grey[:, top : top + 320, left : left + 320]


def pooled(x, kernel, stride=None):
    return nn.MaxPool2d(kernel, stride, return_indices=True)(x)


def test_every_claim(page):
    counts(page)
    information(page)
    two_inputs(page)
    a_hidden_photo(page)
    the_way_back(page)
    unpooling(page)
    the_guess(page)
    overlap(page)
    summary(page)
    exercises(page)
    page.says(
        "Every loss is measured",
        all(page.numbers(code) for code in ("digits = torch.arange(10.0)", "def mse(guess):")),
    )
    page.labels("Count how many inputs give one output", "You read a 9 in a pooled map")
    page.labels("build different images with the same pooled map, and try to go back")
    page.labels("Build different images with the same pooled map, down to the last number")
    page.labels("Use `MaxUnpool2d` without its three traps", "Next: [gradients through pooling]")
    page.aside("The counts and the measurements here are our own", why="where the lesson is from")
    page.complete()


def counts(page):
    grids, top = windows(), frequencies("max")
    assert torch.equal(page.names["windows"], grids)
    page.says(
        f"Take a 2×2 window whose cells hold whole numbers from 0 to 9. There are {len(grids):,} "
        "such windows",
        grids.unique().tolist() == list(range(10)) and len(grids.unique(dim=0)) == len(grids),
    )
    listed = page.numbers("digits = torch.arange(10.0)")[1::2]
    page.says("That is few enough to pool all of them", sum(listed) == len(grids) == 10**4)
    page.says(
        "Count the inputs that lead to one and the same output", listed == [top[m] for m in top]
    )
    page.says(
        "You cannot know. Here you count how much you cannot know",
        listed[9] == top[9] == len({tuple(g) for g in grids.flatten(1).int().tolist() if 9 in g})
        and top[9] > 1,
    )
    page.says(f"How many of the {len(grids):,} windows have the maximum 0?", 0 in top)
    page.says("And how many the maximum 9?", 9 in top)
    page.prints(
        "digits = torch.arange(10.0)",
        *(f"maximum {m}: {(m + 1) ** 4 - m**4:>5,} windows" for m in range(10)),
    )
    page.says("One window has the maximum 0: all its cells must be 0", top[0] == 1)
    page.says(f"But {top[9]:,} windows have the maximum 9")
    below = [sum(top[n] for n in range(m)) for m in range(11)]
    page.says(
        "You can count them without a computer. The maximum is at most $m$ in $(m+1)^4$ windows. "
        "It is below $m$ in $m^4$ of them. So it is exactly $m$ in $(m+1)^4 - m^4$",
        below == [m**4 for m in range(11)],
    )
    page.says(f"For 9 that is {below[10]:,} − {below[9]:,}", below[10] - below[9] == top[9])
    pairs = torch.tensor(list(itertools.product(range(3), repeat=8))).float()  # two windows each
    maps, ways = (
        nn.MaxPool2d(2)(pairs.reshape(-1, 1, 2, 4)).flatten(1).unique(dim=0, return_counts=True)
    )
    alone = [(m + 1) ** 4 - m**4 for m in range(3)]
    page.says(
        "Windows side by side do not touch each other, so their counts multiply",
        ways.tolist() == [alone[int(one)] * alone[int(other)] for one, other in maps]
        and len(ways) == 9,
    )
    page.says(
        f"A map with four pooled numbers, all of them 9, could come from ${top[9]}^4$ inputs: "
        f"about {top[9] ** 4 / 1e12:.0f} million million"
    )


def entropy(numbers):
    shares = [count / sum(numbers) for count in numbers]
    return -sum(share * math.log2(share) for share in shares)


def information(page):
    found = {name: frequencies(name) for name in LAYERS}
    bits = {name: entropy(found[name].values()) for name in LAYERS}
    page.says("A **bit** is the answer to one question of yes or no", entropy([5, 5]) == 1)
    whole = entropy([1] * len(windows()))
    page.says(
        f"If all {len(windows()):,} windows are equally likely, you need $\\log_2 10000$, about "
        f"{whole:.1f} bits, to name one",
        math.isclose(whole, math.log2(10_000)),
    )
    page.labels("How much of a window is left in its output?")
    page.labels("Which keeps the most information? Which the least?")
    shares = {n: torch.tensor([*found[n].values()]) / len(windows()) for n in LAYERS}
    told = {n: -share.log2() for n, share in shares.items()}  # the rarer, the more
    page.says(
        "The same can be said of the outputs. Likely outputs tell little, rare ones much, and you "
        "take the mean. This is called *entropy*",
        all(
            told[n].argmin() == shares[n].argmax() and told[n].argmax() == shares[n].argmin()
            for n in ("max", "average")
        )
        and all(
            math.isclose((shares[n] * told[n]).sum(), bits[n], rel_tol=1e-5)
            and math.isclose(
                torch.distributions.Categorical(shares[n]).entropy() / math.log(2),
                bits[n],
                rel_tol=1e-5,
            )
            for n in LAYERS
        ),
    )
    page.says(
        "A large maximum is no surprise, so it says little",
        told["max"].tolist() == sorted(told["max"].tolist(), reverse=True)
        and told["max"][9] < 2 < math.log2(10) < told["max"][0],
    )
    page.says(
        "This is about digits that are all equally likely",
        page.names["windows"].unique(return_counts=True)[1].tolist() == [4000] * 10,
    )
    page.says(
        "Three ways to make one number of four: the maximum, the average, and",
        [layer(windows()[1:2]).flatten().tolist() for layer in page.names["layers"].values()]
        == [[1], [1 / 4], [0]]
        and windows()[1].flatten().tolist() == [0, 0, 0, 1],
    )
    page.says(
        "a stride of 2 that keeps the upper left number",
        torch.equal(page.names["layers"]["stride"](windows())[:, 0, 0, 0], windows()[:, 0, 0, 0]),
    )
    page.prints(
        "bits = -(share * share.log2()).sum()",
        *(f"{n:<8} {len(found[n])} different outputs, {bits[n]:.2f} bits" for n in LAYERS),
    )
    page.says(
        f"The average keeps the most, {bits['average']:.2f} bits: it can take "
        f"{len(found['average'])} values",
        max(bits, key=bits.get) == "average",
    )
    page.says(
        f"The stride keeps one digit whole, {bits['stride']:.2f} bits",
        math.isclose(bits["stride"], entropy([1] * 10)),
    )
    page.says(f"The maximum keeps least, {bits['max']:.2f} bits", min(bits, key=bits.get) == "max")
    order = torch.randperm(320 * 320, generator=torch.Generator().manual_seed(6))
    shuffled = photo().flatten()[order].reshape(photo().shape)
    kept = [errors(2, image)["average", "nearest"] for image in (photo(), shuffled)]
    steps = [(x[..., 1:] - x[..., :-1]).abs().mean() for x in (photo(), shuffled)]
    page.says(
        "Neighbours in an image are alike, and then less is lost. You will measure that below, on "
        "a photo",
        steps[0] < steps[1] / 4
        and kept[0] < kept[1] / 4
        and round(kept[0]) in page.numbers("def mse(guess):"),
    )
    page.says(
        f"Of {len(windows()):,} windows of digits a max pool leaves {len(found['max'])} outputs, "
        f"an average {len(found['average'])}"
    )


def filled(wanted, size, seed):
    """An input whose max pool is the given map, cell by cell, by the lesson's random numbers."""
    random = torch.Generator().manual_seed(seed)
    rows, cols = wanted.shape
    shares = torch.rand(rows, cols, size * size, generator=random)
    winners = torch.randint(size * size, (rows, cols, 1), generator=random)
    x = torch.zeros(1, rows * size, cols * size)
    for r, c, n in itertools.product(range(rows), range(cols), range(size * size)):
        most = float(wanted[r, c])
        number = most if n == winners[r, c] else math.floor(float(shares[r, c, n]) * (most + 1))
        x[0, r * size + n // size, c * size + n % size] = number
    return x


WANTED = torch.tensor([[9.0, 5], [3, 7]])


def two_inputs(page):
    names, pool = page.names, nn.MaxPool2d(2)
    one, other = filled(WANTED, 2, 1), filled(WANTED, 2, 3)
    assert torch.equal(names["wanted"], WANTED)
    same = torch.equal(largest_of_four(one), largest_of_four(other))
    page.says("Two inputs, one output", same and not torch.equal(one, other))
    page.prints(
        "one, other = lookalike(wanted, 2, seed=1)", one[0], other[0], f"same pooled map: {same}"
    )
    made = names["lookalike"](WANTED, 2, 8)
    roof = WANTED.repeat_interleave(2, 0).repeat_interleave(2, 1)
    page.labels("To see a loss, build it", "Take a pooled map")
    many = torch.stack([names["lookalike"](WANTED, 2, seed)[0, 2:, :2] for seed in range(40)])
    page.says(
        "A random input whose max pool is the given map",
        torch.equal(largest_of_four(made)[0], WANTED)
        and torch.equal(made, filled(WANTED, 2, 8))
        and len(many.unique(dim=0)) > 20,
    )
    page.says("from 0 to the maximum", many.unique().tolist() == [0, 1, 2, 3])  # of the 3
    page.says(
        "Fill each window with anything that is not larger than its number. Then put the number "
        "itself into one cell, wherever you like",
        (made[0] <= roof).all() and torch.equal(largest_of_four(made)[0], WANTED),
    )
    page.draws("throws-away-one", slide(pool, one))
    page.draws("throws-away-other", slide(pool, other))
    page.says(
        "One input of many that give 9, 5, 3 and 7",
        largest_of_four(one).flatten().tolist() == [9, 5, 3, 7],
    )
    page.says("Another one. Nothing behind the pool can tell the two apart", same)
    emptied = torch.where(one == roof, one, 0)
    numbers = ";".join(",".join(str(int(n)) for n in row) for row in one[0])
    page.says(
        "[open these numbers in the explorer], and change as many as you can without changing the "
        "output",
        torch.equal(largest_of_four(emptied), largest_of_four(one))
        and (emptied != one).sum() > 8
        and sum(f"&input={numbers})" in cell.source for cell in page.run.lesson.cells) == 1,
    )
    top = frequencies("max")
    factors = [top[m] for m in WANTED.flatten().tolist()]
    page.says(" \\cdot ".join(map(str, factors)))
    page.says("You find the four factors in the list above", len(factors) == 4)


def largest_of_four(x):
    return torch.stack([x[..., r::2, c::2] for r in (0, 1) for c in (0, 1)]).amax(0)


@cache
def upside_down():
    """The photo, upside down, below its own maxima, by windows of 8."""
    maxima, where = by_hand(photo(), 8)
    hidden = torch.minimum(photo().flip(1), back(maxima, 8, "nearest")).flatten()
    hidden[where.flatten()] = maxima.flatten()
    return hidden.reshape(photo().shape)


def by_hand(image, size):
    """(maxima, flat indices) without a pool: the first of the largest in each window."""
    blocks = image[0].unfold(0, size, size).unfold(1, size, size).flatten(2)
    rows, cols, _ = blocks.shape
    first = (blocks == blocks.amax(2, keepdim=True)).int().argmax(2)
    row = torch.arange(rows)[:, None] * size + first // size
    col = torch.arange(cols) * size + first % size
    return blocks.amax(2)[None], (row * image.shape[2] + col)[None]


def a_hidden_photo(page):
    names = page.names
    small, where = by_hand(photo(), 8)
    assert torch.equal(names["photo"], photo()) and torch.equal(names["hidden"], upside_down())
    page.says("Max pool it with a window of 8", torch.equal(names["pooled"], small))
    differ = (upside_down() != photo()).float().mean()
    again = torch.equal(by_hand(upside_down(), 8)[0], small)
    page.labels("Now a photo")
    page.says(
        "Then build an image that shows something else, yet pools to exactly the same map",
        again and differ > 0.9,
    )
    flipped, cover = photo()[0].numpy()[::-1], back(small, 8, "nearest")
    elsewhere = torch.ones(photo().numel(), dtype=torch.bool)
    elsewhere[where.flatten()] = False
    elsewhere = elsewhere.reshape(photo().shape)
    page.says(
        "hide the photo **upside down** below the maxima",
        (upside_down() <= cover).all()
        and np.array_equal(
            upside_down()[elsewhere], np.minimum(flipped, cover[0].numpy())[elsewhere[0]]
        ),
    )
    page.says("320×320", photo().shape[1:] == (320, 320))
    page.says(
        "Each maximum fills its window. The photo, upside down, is cut off there",
        torch.equal(names["roof"], cover)
        and (names["hidden"] <= names["roof"]).all()
        and 0 < (torch.from_numpy(flipped.copy()) > cover).float().mean() < 1,
    )
    page.says(
        "And each maximum goes to its place",
        torch.equal(names["hidden"].flatten()[where], photo().flatten()[where])
        and torch.equal(names["hidden"].flatten()[where], small),
    )
    page.prints(
        "hidden = torch.minimum(photo.flip(1), roof)",
        f"pixels that differ: {differ:.0%}",
        f"same pooled map: {again}",
    )
    drawn = page.drawing("throws-away-hidden")
    page.plots(
        "throws-away-hidden",
        [axes["title"] for axes in drawn] == ["photo", "another image", "max pool of both"]
        and [
            torch.tensor(axes["images"][0]).equal(x[0])
            for axes, x in zip(drawn, (photo(), upside_down(), small), strict=True)
        ]
        == [True] * 3,
    )
    page.says(
        "Three pictures. A portrait; a picture in which the same portrait can be made out upside "
        "down among bright specks; and the coarse max pool, 40 by 40, which both share",
        len(drawn) == 3 and np.shape(drawn[2]["images"][0]) == (40, 40) and again,
    )
    page.says(f"Two images, one pooled map of {small.shape[1]}×{small.shape[2]}", again)
    dark = torch.rand(photo().shape) * back(small, 8, "nearest")
    dark.view(-1)[where.flatten()] = small.flatten()
    page.says(
        f"In all but {small.numel():,} of the pixels, anything that is dark enough would do",
        torch.equal(by_hand(dark, 8)[0], small),
    )
    average, board = LAYERS["average"], torch.tensor([[40.0, -40], [-40, 40]]).repeat(160, 160)
    assert torch.equal(names["board"], board)
    same = torch.equal(average(photo() + board), average(photo()))
    page.says(
        "Averages hide differently. Any pattern that sums to zero in each window is lost, for "
        "example a chessboard of plus and minus 40",
        same
        and board.abs().unique().item() == 40
        and not average(board[None]).any()
        and all(hides_from_averages(pattern_of_no_sum(seed)) for seed in range(5))
        and not torch.equal(LAYERS["max"](photo() + board), LAYERS["max"](photo()))
        and not torch.equal(nn.AvgPool2d(8)(upside_down()), nn.AvgPool2d(8)(photo())),
    )
    page.prints("board = torch.tensor([[40.0, -40], [-40, 40]])", f"same averages: {same}")
    page.says("A maximum hides all that is smaller", again)
    page.says("An average hides all that sums to zero", same)
    page.says(
        "(An image may not go below 0 or above 255. A feature map may.)",
        (torch.iinfo(torch.uint8).min, torch.iinfo(torch.uint8).max) == (0, 255)
        and np.array(Image.fromarray(photo()[0].numpy().astype("uint8"))).dtype == np.uint8
        and F.conv2d(photo(), torch.tensor([[[[1.0, -1]]]])).min() < 0
        and F.conv2d(photo(), torch.ones(1, 1, 3, 3)).max() > 255,
    )


def pattern_of_no_sum(seed):
    """Whole numbers whose sum in each 2×2 window is zero."""
    random = torch.randint(-40, 41, (1, 320, 320), generator=torch.Generator().manual_seed(seed))
    sums = random.unfold(1, 2, 2).unfold(2, 2, 2).sum((3, 4))
    random[:, ::2, ::2] -= sums
    return random.float()


def hides_from_averages(pattern):
    average = LAYERS["average"]
    return pattern.any() and torch.equal(average(photo() + pattern), average(photo()))


def back(small, size, mode):
    """Enlarged by hand: nearest copies, bilinear samples between the centres of the cells."""
    if mode == "nearest":
        return small.repeat_interleave(size, 1).repeat_interleave(size, 2)
    for axis in (1, 2):
        n = small.shape[axis]
        where = ((torch.arange(n * size) + 0.5) / size - 0.5).clamp(0, n - 1)
        low = where.floor().long()
        high = (low + 1).clamp(max=n - 1)
        part = (where - low).reshape([-1 if a == axis else 1 for a in range(3)])
        small = (1 - part) * small.index_select(axis, low) + part * small.index_select(axis, high)
    return small


def standing(small, size, corner):
    """Bilinear by numpy: numbers stand in their window's corner, or else in its middle."""
    offset = 0 if corner else (size - 1) / 2
    for axis in (1, 2):
        n = small.shape[axis]
        stops, pixels = np.arange(n) * size + offset, np.arange(n * size)
        line = np.apply_along_axis(
            lambda values, at=pixels, stand=stops: np.interp(at, stand, values), axis, small
        )
        small = line
    return torch.from_numpy(small).float()


MODES = ("nearest", "bilinear")


def error(guess, image):
    return ((guess - image) ** 2).mean().item()


def errors(size, image):
    values, where = pooled(image, size)
    small = {
        "max": values,
        "average": nn.AvgPool2d(size)(image),
        "stride": image[:, ::size, ::size],
    }
    found = {
        (name, mode): error(back(x, size, mode), image)
        for name, x in small.items()
        for mode in MODES
    }
    found["stride", "misplaced"] = found["stride", "bilinear"]
    found["stride", "bilinear"] = error(standing(small["stride"].numpy(), size, True), image)
    unpooled = torch.zeros_like(image).flatten()
    unpooled[where.flatten()] = values.flatten()
    return found | {("max", "unpool"): error(unpooled.reshape(image.shape), image)}


def the_way_back(page):
    scores, labels = torch.rand(1, 3, 8, 8), torch.zeros(1, 8, 8, dtype=torch.long)
    with pytest.raises(RuntimeError, match="size mismatch"):
        F.cross_entropy(nn.MaxPool2d(2)(scores), labels)
    full = F.interpolate(nn.MaxPool2d(2)(scores), scale_factor=2)
    page.says(
        "To draw an image, or to label its pixels, a network has to go back to the full size",
        F.cross_entropy(full, labels) > 0 and full.shape[2:] == labels.shape[1:],
    )
    page.labels("From what is left, how close can it get?")
    guess = photo().roll(1, 2)
    page.says(
        "The measure is the **mean squared error**, per pixel",
        math.isclose(page.names["mse"](guess), F.mse_loss(guess, photo()), rel_tol=1e-5),
    )
    page.says(
        "Grey levels go from 0 to 255", 0 <= photo().min() < 10 and 245 < photo().max() <= 255
    )
    corners = torch.rand(1, 4, 4)
    for size in (2, 3):
        blended = page.names["between"](corners, size)
        page.says(
            "Bilinear between numbers that stand on every size-th pixel; the last ones are "
            "repeated",
            torch.equal(blended[:, ::size, ::size], corners)
            and torch.allclose(blended, standing(corners.numpy(), size, True), atol=1e-5)
            and torch.equal(blended[:, -size:], blended[:, [-size] * size])
            and torch.equal(blended[:, :, -size:], blended[:, :, [-size] * size]),
        )
    restored, where = unpool2(photo())
    page.says(
        "*unpool*: `MaxUnpool2d` puts each maximum back exactly where it stood. All other pixels "
        "become 0",
        torch.equal(restored.flatten()[where.flatten()], photo().flatten()[where.flatten()])
        and (restored == 0).sum() >= photo().numel() * 3 / 4,
    )
    first, second = (pooled(filled(WANTED, 2, seed), 2) for seed in (1, 3))
    unpool = nn.MaxUnpool2d(2)
    page.says(
        "Unpooling is the only way that knows where the maxima stood",
        torch.equal(back(first[0], 2, "nearest"), back(second[0], 2, "nearest"))
        and not torch.equal(unpool(*first), unpool(*second)),
    )
    found = {size: errors(size, photo()) for size in (2, 4, 8)}
    grey = error(photo().mean(), photo())
    lines = [f"{'window':<8}{'from':<10}{'nearest':>8}{'bilinear':>10}{'unpool':>8}"]
    for size, name in itertools.product(found, LAYERS):
        ways = [mode for mode in ("nearest", "bilinear", "unpool") if (name, mode) in found[size]]
        told = " ".join(f"{found[size][name, mode]:>8.0f}" for mode in ways)
        lines.append(f"{size:<8}{name:<10} {told}")
    off = found[2]["stride", "misplaced"]
    page.prints(
        "def mse(guess):",
        *lines,
        f"one grey for the whole photo: {grey:.0f}",
        f"stride of 2, taken for the middle of its window: {off:.0f}",
    )
    nearest, bilinear = (page.names["back"](photo()[:, ::8, ::8], 8, m) for m in MODES)
    page.says(
        "*nearest*: each number fills its whole window",
        torch.equal(nearest.unfold(1, 8, 8).unfold(2, 8, 8).amin((3, 4)), photo()[:, ::8, ::8])
        and torch.equal(nearest.unfold(1, 8, 8).unfold(2, 8, 8).amax((3, 4)), photo()[:, ::8, ::8]),
    )
    page.says(
        "*bilinear*: numbers in between are blended from their neighbours",
        torch.allclose(bilinear, back(photo()[:, ::8, ::8], 8, "bilinear"), atol=1e-3),
    )
    true = photo()[:, ::4, ::4].numpy()
    page.says(
        "For that you have to say where each number stands",
        not torch.allclose(standing(true, 4, True), standing(true, 4, False), atol=10),
    )
    page.says(
        "a pool's in the middle of its window, but a stride's on the very pixel that it kept, in "
        "the window's upper left corner",
        torch.equal(standing(true, 4, True)[:, ::4, ::4], photo()[:, ::4, ::4])
        and torch.allclose(
            back(photo()[:, ::4, ::4], 4, "bilinear"), standing(true, 4, False), atol=1e-3
        ),
    )
    places = torch.arange(64.0)[None]
    middles = {size: nn.AvgPool1d(size)(places) - places[:, ::size] for size in (2, 4, 8)}
    off_by = [shift.unique().item() for shift in middles.values()]
    page.says(
        "Take both for the middle, and what comes back from the stride is off by half a pixel or "
        "more",
        off_by == [0.5, 1.5, 3.5],
    )
    flat = {size: {name: f[name, "nearest"] for name in LAYERS} for size, f in found.items()}
    blended = {size: {name: f[name, "bilinear"] for name in LAYERS} for size, f in found.items()}
    page.says(
        "Among the rest, *nearest* has to favour the average at each size",
        [min(f, key=f.get) for f in flat.values()] == ["average"] * 3,
    )
    roofs = [back(nn.MaxPool2d(size)(photo()), size, "nearest") for size in (2, 4, 8)]
    page.says(
        "The maximum is nowhere too dark and mostly too bright. Even the stride, which simply "
        "skips, comes closer",
        all((roof >= photo()).all() and (roof > photo()).float().mean() > 0.5 for roof in roofs)
        and all(f["stride"] < f["max"] for f in flat.values()),
    )
    orders = [[sorted(f, key=f.get) for f in way.values()] for way in (flat, blended)]
    page.says(
        "Blended, the order can be another",
        [one != other for one, other in zip(*orders, strict=True)] == [True, False, False],
    )
    page.says(
        "From windows of 4 and 8, averages come back closest",
        [min(f, key=f.get)[0] for f in found.values()] == ["stride", "average", "average"],
    )
    two = blended[2]
    page.says(
        f"At a window of 2 the stride is the closest, {two['stride']:.0f} against "
        f"{two['average']:.0f}: what it kept are real pixels, and between two real pixels a "
        "straight line is a good guess. At 4 and 8 the kept pixels stand too far apart for that, "
        "and the average is closest again",
        [min(f, key=f.get) for f in blended.values()] == ["stride", "average", "average"],
    )
    page.says(
        "The last line shows how easily you miss this. Take the stride's numbers for the middle of "
        f"their windows, and the error is {off:.0f}. The average would seem to win",
        off > two["average"] > two["stride"] and page.numbers("def mse(guess):")[-1] == round(off),
    )
    pictures_of_the_way_back(page)
    page.says(
        "Unpooling is by far the worst, worse even than one grey for the whole photo",
        all(
            f["max", "unpool"] > max(2 * grey, *(e for way, e in f.items() if way[1] != "unpool"))
            for f in found.values()
        ),
    )
    exact = (restored == photo()).float().mean()
    page.says(
        "One pixel in four is exactly right at a window of 2. The other three are black",
        abs(exact - 1 / 4) < 0.001 and abs((restored == 0).float().mean() - 3 / 4) < 0.001,
    )
    spread = F.conv2d(restored, torch.ones(1, 1, 3, 3), padding=1)
    shares = F.conv2d((restored > 0).float(), torch.ones(1, 1, 3, 3), padding=1)
    page.says(
        "That is no fault. `MaxUnpool2d` is half of a pair: it restores the *places*, and the "
        "layers behind it fill the gaps",
        torch.equal(pooled(restored, 2)[1], where)
        and torch.equal(pooled(restored, 2)[0], pooled(photo(), 2)[0])
        and (spread > 0).float().mean() > 0.99
        and error(spread / shares.clamp(min=1), photo()) < error(restored, photo()) / 10,
    )
    page.says(
        "Unpooling restores places, not pixels",
        torch.equal(pooled(restored, 2)[1], where) and (restored != photo()).float().mean() > 0.7,
    )
    page.aside(
        "Opinion: that is no case against max pooling. A classifier need not redraw its input",
        why="marked as an opinion",
    )
    page.says(
        "of all single numbers, the mean has the smallest squared distance to the pixels of its "
        "window",
        the_mean_is_closest(),
    )


def pictures_of_the_way_back(page):
    small, where = by_hand(photo(), 8)
    unpooled = torch.zeros(photo().numel())
    unpooled[where.flatten()] = small.flatten()
    mean = photo()[0].unfold(0, 8, 8).unfold(1, 8, 8).mean((2, 3))[None]
    guesses = {
        "max\nnearest": back(small, 8, "nearest"),
        "max\nunpool": unpooled.reshape(photo().shape),
        "average\nnearest": back(mean, 8, "nearest"),
        "average\nbilinear": back(mean, 8, "bilinear"),
    }
    drawn = {
        axes["title"]: torch.tensor(axes["images"][0]) for axes in page.drawing("throws-away-back")
    }
    page.plots(
        "throws-away-back",
        list(drawn) == list(guesses)
        and all(torch.allclose(drawn[n], guesses[n][0], atol=1e-2) for n in guesses),
    )
    blocks, specks, darker, smooth = guesses.values()
    closest = min(guesses, key=lambda name: error(guesses[name], photo()))
    page.says(
        "Four attempts to restore the portrait from windows of 8: bright blocks; black with fine "
        "bright specks; darker blocks; and a smooth, blurred portrait, which is the closest",
        blocks.mean() > photo().mean() > specks.mean()
        and abs((specks > 0).float().mean() - 1 / 64) < 0.001
        and darker.mean() < blocks.mean()
        and guesses[closest] is smooth,
    )
    page.says(
        "Back from a window of 8. The specks are all at their right places",
        torch.equal(specks[specks > 0], photo()[specks > 0]),
    )


def unpool2(image):
    values, where = pooled(image, 2)
    return nn.MaxUnpool2d(2)(values, where), where


@pytest.mark.parametrize("corner", [(20, 90), (100, 100), (250, 150)])
def test_which_way_back_is_closest(corner):
    image = photo(*corner)
    for size in (2, 4, 8):
        found = errors(size, image)
        grey = error(image.mean(), image)
        assert max(found, key=found.get) == ("max", "unpool") and found["max", "unpool"] > grey
        for mode in ("nearest", "bilinear"):
            ranked = sorted(("max", "average", "stride"), key=lambda n, m=mode: found[n, m])
            skipping_wins = mode == "bilinear" and size == 2
            best = ["stride", "average"] if skipping_wins else ["average", "stride"]
            assert ranked == [*best, "max"]
        for name in ("max", "average", "stride"):
            assert found[name, "bilinear"] < found[name, "nearest"]
        assert F.interpolate(image[None], scale_factor=2, mode="bilinear")[0].allclose(
            back(image, 2, "bilinear"), atol=1e-3
        )


def the_mean_is_closest():
    blocks = photo()[0].unfold(0, 2, 2).unfold(1, 2, 2).reshape(-1, 4)
    best = ((blocks - blocks.mean(1, keepdim=True)) ** 2).sum(1)
    others = (blocks.amax(1), blocks[:, 0], blocks.mean(1) + 1, blocks.mean(1) - 1)
    return all((((blocks - o[:, None]) ** 2).sum(1) >= best - 1e-3).all() for o in others)


@pytest.mark.parametrize("seed", range(20))
def test_lookalikes_pool_to_the_map_they_are_made_for(page, seed):
    names = page.names
    wanted = torch.randint(0, 10, (3, 4), generator=torch.Generator().manual_seed(seed)).float()
    for size in (2, 3):
        made = names["lookalike"](wanted, size, seed)
        assert made.shape == (1, 3 * size, 4 * size)
        assert torch.equal(nn.MaxPool2d(size)(made)[0], wanted)
        assert made.min() >= 0 and torch.equal(made, made.round())


def placed(values, where, rows, cols):
    """Each number in the cell that its index counts to, the later over the earlier."""
    out = [0.0] * (rows * cols)
    for value, at in zip(values.flatten().tolist(), where.flatten().tolist(), strict=True):
        out[at] = value
    return torch.tensor(out).reshape(1, rows, cols)


X = torch.tensor([[[1.0, 8, 3, 2], [4, 2, 5, 1], [0, 3, 2, 6], [7, 1, 4, 3]]])


def unpooling(page):
    values, where = by_hand(X, 2)
    page.prints("x = torch.tensor([[[1.0, 8, 3, 2]", values, where)
    page.draws("throws-away-unpool", slide(nn.MaxUnpool2d(2), values, indices=where))
    restored = placed(values, where, 4, 4)
    page.says(
        f"Each number returns to its own place. The {int((restored == 0).sum())} others are gone",
        torch.equal(restored[restored > 0], X[restored > 0])
        and restored.flatten()[where.flatten()].equal(values.flatten()),
    )
    page.says(
        "The indices count cells row by row over the **whole map**, not over the window. In a map "
        "of width 4, index 11 is row 2, column 3: `divmod(11, 4)`",
        divmod(int(where[0, 1, 1]), X.shape[2]) == (2, 3)
        and X[0, 2, 3] == values[0, 1, 1]
        and torch.equal(X.flatten()[where], values)
        and where.max() >= 4,  # cells of a window
    )
    batch = torch.rand(2, 3, 4, 4)
    page.says(
        "They start again at 0 in each channel, and in each image of a batch. So they are no use "
        "for a tensor that you have flattened",
        pooled(batch, 2)[1].max() < 16
        and not torch.equal(batch.flatten()[pooled(batch, 2)[1]], pooled(batch, 2)[0])
        and torch.equal(pooled(batch, 2)[1][1, 2], by_hand(batch[1, 2][None], 2)[1][0]),
    )
    page.prints("two_maps = torch.stack([x[0], x[0]])", torch.stack([where.flatten()] * 2))
    sizes = values.element_size(), pooled(X, 2)[1].element_size()
    page.says(
        f"An index costs memory as well. It is an int64 of {sizes[1]} bytes, beside a float32 of "
        f"{sizes[0]}",
        (pooled(X, 2)[1].dtype, values.dtype) == (torch.int64, torch.float32),
    )
    page.prints("print(values.element_size(), where.element_size())", f"{sizes[0]} {sizes[1]}")


ODD = torch.tensor(
    [[[1.0, 2, 0, 8, 1], [3, 7, 4, 2, 0], [6, 1, 3, 9, 2], [2, 5, 1, 4, 3], [0, 2, 1, 3, 4]]]
)


def the_guess(page):
    assert torch.equal(page.names["odd"], ODD)
    sizes = [n for n in range(2, 9) if pooled(torch.rand(1, n, n), 2)[0].shape == (1, 2, 2)]
    page.says("A map of 4×4 and one of 5×5 both pool to 2×2", sizes == [4, 5])
    values, where = by_hand(ODD[:, :4, :4], 2)
    where = where // 4 * 5 + where % 4  # counted in rows of five
    assert torch.equal(where, pooled(ODD, 2)[1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        guess = nn.MaxUnpool2d(2)(values, where)
    page.says(
        "The pooled map does not know which one it was",
        torch.equal(pooled(ODD, 2)[0], pooled(ODD[:, :4, :4], 2)[0]),
    )
    page.says("Torch guesses the smaller", guess.shape == (1, min(sizes), min(sizes)))
    page.says("A map of 5×5 goes in. Torch guesses 4×4", guess.shape == (1, 4, 4))
    truth = placed(values, where, 5, 5)
    page.says("unpooling without `output_size`", not torch.equal(guess, truth[:, :4, :4]))
    cells = [(divmod(at, 5), divmod(at, 4)) for at in where.flatten().tolist()]
    page.says(
        "The flat indices then mean other cells, and the numbers move without a word",
        sum(meant != read for meant, read in cells) == 3  # all but the 8 in the first row
        and not torch.equal(guess, truth[:, :4, :4]),
    )
    page.prints("unpool = nn.MaxUnpool2d(2)", placed(values, where, 4, 4), truth)
    page.draws("throws-away-guessed", slide(nn.MaxUnpool2d(2), values, indices=where))
    page.says(
        "Without `output_size` the 7 lands in row 1, column 2. It stood in row 1, column 1. No "
        "error, no warning",
        ODD[0, 1, 1] == truth[0, 1, 1] == guess[0, 1, 2] == 7,
    )
    right = [(r, c) for r in range(4) for c in range(4) if guess[0, r, c] == truth[0, r, c] > 0]
    page.says("Only the 8 in the first row is right", right == [(0, 3)] and ODD[0, 0, 3] == 8)
    further = [at - (at // 5 * 4 + at % 5) for at in where.flatten().tolist()]
    page.says(
        "From the second row on, each row that torch believes to be shorter pushes the numbers "
        "further",
        further == [at // 5 for at in where.flatten().tolist()],
    )
    large = torch.arange(25.0).reshape(1, 5, 5)
    with pytest.raises(RuntimeError, match="Found an invalid max index") as complaint:
        nn.MaxUnpool2d(2)(*pooled(large, 2))
    page.prints("large = torch.arange(25.0)", str(complaint.value))
    back_in_place = nn.MaxUnpool2d(2)(*pooled(large, 2), output_size=large.shape[-2:])
    page.says(
        "You are lucky if an index is too large for the guessed map. Then torch complains",
        pooled(large, 2)[1].max() >= 16 > where.max(),  # the other one it did not complain of
    )
    page.says(
        "When you read *Found an invalid max index*, think of `output_size` first",
        torch.equal(back_in_place[back_in_place > 0], large[back_in_place > 0])
        and "Found an invalid max index" in page.output("large = torch.arange(25.0)"),
    )
    page.labels("Keep the height and width before each pool and hand them on")
    page.says("`output_size=x.shape[-2:]`", ODD.shape[-2:] == truth.shape[-2:])
    for size in (ODD.shape, (5, 5, 5)):
        with pytest.raises(ValueError, match="2 or 4 elements"):
            nn.MaxUnpool2d(2)(values, where, output_size=size)
    four = nn.MaxUnpool2d(2)(values[None], where[None], output_size=ODD[None].shape)
    page.says(
        "The whole shape is welcome only if it has four numbers, with a batch",
        torch.equal(four[0], truth),
    )


@contextmanager
def threads(count):
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def overlap(page):
    x = torch.tensor([[[1.0, 2, 1], [0, 9, 3], [2, 1, 4]]])
    values, where = pooled(x, 2, 1)
    unpool, different = nn.MaxUnpool2d(2, stride=1), torch.tensor([[[1.0, 2], [3, 4]]])
    page.says(
        "With overlapping windows, one cell can win several times. Its index then appears several "
        "times",
        where.flatten().tolist() == [1 * 3 + 1] * 4,
    )
    page.prints("overlapping = nn.MaxPool2d(2, stride=1", where, placed(values, where, 3, 3))
    orders = [torch.tensor(o).reshape(1, 2, 2) for o in itertools.permutations((1.0, 2, 3, 4))]
    with threads(1):
        stay = [unpool(order, where)[0, 1, 1].item() for order in orders]
    page.says(
        "Four numbers write to one cell. They do not add up: each overwrites the one before",
        where.numel() == 4
        and len(where.unique()) == 1
        and stay == [order[0, 1, 1].item() for order in orders],
    )
    page.says(
        "It matters when layers between pool and unpool change them", set(stay) == {1, 2, 3, 4}
    )
    page.cites(
        "Torch's documentation",
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html",
    )
    page.cites(
        "Torch's own page on calls it a *partial inverse*",
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html",
    )
    page.says(
        "All four are the same 9, so here it does not matter",
        values.flatten().tolist() == [9] * 4 and unpool(values, where)[0, 1, 1] == 9,
    )
    page.says("Let these four differ", len(different.unique()) == 4)
    page.labels("and let torch work with one thread")
    page.prints("threads = torch.get_num_threads()", placed(different, where, 3, 3))
    page.draws("throws-away-overwrite", slide(unpool, different, indices=where))
    with threads(1):
        stays = {unpool(different, where)[0, 1, 1].item() for _ in range(200)}
    page.says("Four numbers, one place. With one thread, the last one stays", stays == {4})
    page.says(
        "One thread goes through the windows in order, so the last one, 4, stays", stays == {4}
    )
    with threads(2):
        raced = {unpool(different, where)[0, 1, 1].item() for _ in range(200)}
    page.says("Several threads race, and any of the four may stay", raced <= {1, 2, 3, 4})
    apart = torch.tensor([[[0, 2], [8, 10]]])
    with pytest.raises(RuntimeError, match="does not have a deterministic") as refused:
        deterministic(nn.MaxUnpool2d(2), different, apart)
    page.prints("torch.use_deterministic_algorithms(True)", str(refused.value).split(",")[0])
    page.says(
        "And if you ask for results that can be repeated, torch refuses to unpool at all",
        nn.MaxUnpool2d(2)(torch.ones(1, 2, 2), apart).sum() == 4,  # which it does otherwise
    )
    page.says(
        "It does so even here, where no index is there twice",
        len(apart.unique()) == apart.numel()
        and "torch.tensor([[[0, 2], [8, 10]]])"
        in page.run.lesson.code[page.cell("torch.use_deterministic_algorithms(True)")].source,
    )
    with threads(2):
        image = torch.rand(1, 64, 64)
        again = [nn.MaxUnpool2d(2)(*pooled(image, 2)) for _ in range(20)]
    page.says(
        "Unpool only where the windows did not overlap, and you need not fear the race",
        all(torch.equal(out, placed(*pooled(image, 2), 64, 64)) for out in again),
    )
    x = torch.rand(1, 6, 6, requires_grad=True)
    values, where = pooled(x, 2)
    values.sum().backward()
    page.says(
        "The indices have a second use. In training, something must travel back through the pool: "
        "the gradient",
        x.grad.flatten().nonzero().flatten().tolist() == sorted(where.flatten().tolist()),
    )


def summary(page):
    """`MaxUnpool2d` and its three traps at once."""
    values, where = pooled(ODD, 2)
    unpool, stays = nn.MaxUnpool2d(2), torch.zeros(1, 2, 2, dtype=torch.long)
    with threads(1):
        page.says(
            "`MaxUnpool2d` needs `output_size`, reads flat indices, and overwrites",
            not torch.equal(unpool(values, where), placed(values, where, 5, 5)[:, :4, :4])
            and torch.equal(unpool(values, where, (5, 5)), placed(values, where, 5, 5))
            and unpool(values, stays).sum() == values[0, 1, 1],
        )


def deterministic(module, *inputs):
    torch.use_deterministic_algorithms(True)
    try:
        return module(*inputs)
    finally:
        torch.use_deterministic_algorithms(False)


def test_torch_refuses_to_unpool_deterministically():
    with pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
        deterministic(nn.MaxUnpool2d(2), *pooled(torch.rand(1, 4, 4), 2))
    assert "partial inverse" in nn.MaxUnpool2d.__doc__
    assert "nondeterministically when the input indices has repeat values" in nn.MaxUnpool2d.__doc__


def test_the_lesson_leaves_torch_as_it_found_it(page):
    first, last = (page.cell(code) for code in ("overlapping = ", "set_num_threads(threads)"))
    names = dict(page.names)
    with threads(2), redirect_stdout(StringIO()):
        for cell in page.run.lesson.code[first : last + 1]:
            if not cell.source.lstrip().startswith("show("):
                exec(compile(cell.source, page.name, "exec"), names)
        assert torch.get_num_threads() == 2
    assert not torch.are_deterministic_algorithms_enabled()


def exercises(page):
    page.labels("Predict first", "Then open the answer", "Check all five")
    page.labels("How many inputs are possible?")
    top, mean = frequencies("max"), frequencies("average")
    page.says("How many 2×2 windows of digits have the maximum 1", 1 in top)
    page.says(f"{top[1]}, from $2^4 - 1^4$", top[1] == 2**4 - 1**4)
    page.says(
        f"Each cell is 0 or 1, and one window of these {top[0] + top[1]} is all zeros",
        top[0] == 1 and top[0] + top[1] == len([w for w in itertools.product((0, 1), repeat=4)]),
    )
    page.answers(1, "15")
    page.labels("A 2×2 map was max pooled from a 4×4 input of digits.")
    page.labels("It holds 9, 1, 0 and 0")
    factors = [top[m] for m in (9, 1, 0, 0)]
    product = " \\cdot ".join(map(str, factors))
    page.says(f"${product}$, that is {math.prod(factors):,}")
    page.answers(2, ("51,585", 51585))
    page.labels("A map is 5 wide. `return_indices` says 13")
    five = torch.zeros(1, 5, 5)
    five[0, 2, 3] = 1
    at = nn.MaxPool2d(5, return_indices=True)(five)[1].item()
    page.says("Row 2, column 3: `divmod(13, 5)`", at == 13 and divmod(at, 5) == (2, 3))
    page.answers(3, ("Row 2", 2), ("column 3", 3))
    sizes = [n for n in range(2, 12) if LAYERS["max"](torch.rand(1, n, n)).shape[-1] == 3]
    values, where = pooled(torch.rand(1, 6, 6), 2)
    page.says("`nn.MaxPool2d(2)` gave a 3×3 map", values.shape == (1, 3, 3))
    guessed = nn.MaxUnpool2d(2)(values, where).shape[-1]
    page.labels("Which one does `nn.MaxUnpool2d(2)` guess?")
    page.says(f"{sizes[0]} or {sizes[1]}. It guesses {guessed}", len(sizes) == 2)
    page.answers(4, ("6 or", 6), ("or 7", 7), ("guesses 6", 6))
    page.says("How many 2×2 windows of digits have an average of 9? Of 4.5?", {9, 4.5} <= set(mean))
    page.says(
        f"One has 9. An average of 4.5, a sum of {4 * 4.5:.0f}, is the most frequent: {mean[4.5]} "
        "windows",
        mean[9] == 1 and mean[4.5] == max(mean.values()),
    )
    page.answers(5, "One", "670")
    page.prints(
        "ones, zeros, nines = (",
        f"{top[1]} {math.prod(factors)} {divmod(at, 5)}",
        f"{sizes} {guessed}",
        f"{mean[9]} {mean[4.5]}",
    )
