"""Every number and conclusion in lessons/what-pooling-throws-away.py, from torch."""

import itertools
import math
from functools import cache

import matplotlib.cbook
import numpy as np
import pytest
import torch
from claims import LESSONS, Claims
from PIL import Image
from torch import nn
from torch.nn import functional as F

from slidingwindows.lessons import read

NAME = "what-pooling-throws-away"
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


def bits(name):
    shares = [count / 10_000 for count in frequencies(name).values()]
    return -sum(share * math.log2(share) for share in shares)


@cache
def photo(top=20, left=90):
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
    grey = torch.from_numpy(np.array(picture)).float()[None]
    return grey[:, top : top + 320, left : left + 320]


def pooled(x, kernel, stride=None):
    return nn.MaxPool2d(kernel, stride, return_indices=True)(x)


@cache
def lesson_names():
    """What the lesson's cells before the exercises define, run here."""
    names: dict = {}
    for cell in read(LESSONS / f"{NAME}.py").code:
        if "exercise" not in cell.tags and not cell.source.lstrip().startswith("show("):
            exec(compile(cell.source, NAME, "exec"), names)
    return names


def test_every_number_in_the_prose():
    lesson = Claims(NAME)
    check_counts(lesson)
    check_inputs(lesson)
    check_way_back(lesson)
    check_unpooling(lesson)
    check_exercises(lesson)
    lesson.labels("**1.**", "**2.**", "**3.**", "**4.**", "**5.**", "MaxUnpool2d")
    lesson.labels("how many the maximum 9", "You read a 9 in a pooled map")
    lesson.labels("we ran that line 5,000 times")  # a race, which no test can repeat
    lesson.complete()


def check_counts(lesson):
    grids, top = windows(), frequencies("max")
    lesson.says(
        "Take a 2×2 window whose cells hold whole numbers from 0 to 9. There are 10,000",
        len(grids.unique(dim=0)) == 10_000 and grids.unique().tolist() == list(range(10)),
    )
    lesson.says("How many of the 10,000 windows have the maximum 0", 0 in top)
    lesson.says("One window has the maximum 0: all its cells must be 0", top[0] == 1)
    lesson.says("But 3,439 windows have the maximum 9", top[9] == 3_439)
    lesson.says("The maximum is at most $m$ in $(m+1)^4$", sum(top.values()) == 10**4)
    lesson.says(
        "It is below $m$ in $m^4$ of them. So it is exactly $m$ in $(m+1)^4 - m^4$",
        all(top[m] == (m + 1) ** 4 - m**4 for m in range(10)),
    )
    lesson.says("For 9 that is 10,000 − 6,561", top[9] == 10_000 - 6_561)
    lesson.says(
        "all of them 9, could come from $3439^4$ inputs: about 140 million million",
        round(top[9] ** 4 / 1e12) == 140,
    )
    lesson.says(
        "If all 10,000 windows are equally likely, you need $\\log_2 10000$, about 13.3 bits",
        round(math.log2(10_000), 1) == 13.3,
    )
    lesson.says(
        "a stride of 2 that keeps the upper left number",
        torch.equal(LAYERS["stride"](grids)[:, 0, 0, 0], grids[:, 0, 0, 0]),
    )
    lesson.says(
        "The average keeps the most, 4.56 bits: it can take 37 values",
        round(bits("average"), 2) == 4.56 and len(frequencies("average")) == 37,
    )
    lesson.says(
        "The stride keeps one digit whole, 3.32 bits",
        round(bits("stride"), 2) == round(math.log2(10), 2) == 3.32,
    )
    lesson.says(
        "The maximum keeps least, 2.41 bits", round(bits("max"), 2) == 2.41 < bits("stride")
    )
    lesson.says(
        "Of 10,000 windows of digits a max pool leaves 10 outputs, an average 37",
        (len(top), len(frequencies("average"))) == (10, 37),
    )


def check_inputs(lesson):
    names = lesson_names()
    wanted = names["wanted"]
    for x in (names["one"], names["other"]):
        assert LAYERS["max"](x)[0].tolist() == wanted.tolist() == [[9, 5], [3, 7]]
    assert not torch.equal(names["one"], names["other"])
    top = frequencies("max")
    lesson.says(
        "$3439 \\cdot 671 \\cdot 175 \\cdot 1695$", [top[m] for m in (9, 5, 3, 7)] == FACTORS
    )
    small, _ = pooled(photo(), 8)
    lesson.says("Max pool it with a window of 8", small.shape == (1, 40, 40))
    hidden = names["hidden"]
    assert torch.equal(nn.MaxPool2d(8)(hidden), small) and (hidden != photo()).float().mean() > 0.9
    assert small.numel() == 1_600  # the caption
    board = torch.tensor([[40.0, -40], [-40, 40]]).repeat(160, 160)
    average = LAYERS["average"]
    lesson.says(
        "a chessboard of plus and minus 40",
        not average(board[None]).any() and torch.equal(average(photo() + board), average(photo())),
    )
    lesson.says(
        "An image may not go below 0 or above 255", (photo().min(), photo().max()) <= (0, 255)
    )


FACTORS = [3439, 671, 175, 1695]


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
        for mode in ("nearest", "bilinear")
    }
    unpooled = torch.zeros_like(image).flatten()
    unpooled[where.flatten()] = values.flatten()
    return found | {("max", "unpool"): error(unpooled.reshape(image.shape), image)}


def check_way_back(lesson):
    lesson.says("Grey levels go from 0 to 255", photo().min() >= 0 and photo().max() <= 255)
    lesson.says("All other pixels become 0.", (unpool2(photo())[0] == 0).sum() >= 320 * 320 * 3 / 4)
    exact = (unpool2(photo())[0] == photo()).float().mean()
    lesson.says(
        "One pixel in four is exactly right at a window of 2. The other three are black",
        abs(exact - 1 / 4) < 0.001,
    )
    values, _ = pooled(photo(), 8)
    assert values.shape == (1, 40, 40)  # "Back from a window of 8", the caption


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
            assert ranked == ["average", "stride", "max"]
        for name in ("max", "average", "stride"):
            assert found[name, "bilinear"] < found[name, "nearest"]
        assert F.interpolate(image[None], scale_factor=2, mode="bilinear")[0].allclose(
            back(image, 2, "bilinear"), atol=1e-3
        )


def test_no_number_is_closer_to_a_window_than_its_mean():
    blocks = photo()[0].unfold(0, 2, 2).unfold(1, 2, 2).reshape(-1, 4)
    best = ((blocks - blocks.mean(1, keepdim=True)) ** 2).sum(1)
    for other in (blocks.amax(1), blocks[:, 0], blocks.mean(1) + 1, blocks.mean(1) - 1):
        assert (((blocks - other[:, None]) ** 2).sum(1) >= best - 1e-3).all()


@pytest.mark.parametrize("seed", range(20))
def test_lookalikes_pool_to_the_map_they_are_made_for(seed):
    names = lesson_names()
    wanted = torch.randint(0, 10, (3, 4), generator=torch.Generator().manual_seed(seed)).float()
    for size in (2, 3):
        made = names["lookalike"](wanted, size, seed)
        assert made.shape == (1, 3 * size, 4 * size)
        assert torch.equal(nn.MaxPool2d(size)(made)[0], wanted)
        assert made.min() >= 0 and torch.equal(made, made.round())


def check_unpooling(lesson):
    x = torch.tensor([[[1.0, 8, 3, 2], [4, 2, 5, 1], [0, 3, 2, 6], [7, 1, 4, 3]]])
    values, where = pooled(x, 2)
    restored = nn.MaxUnpool2d(2)(values, where)
    assert int((restored == 0).sum()) == 12  # the caption
    lesson.says(
        "In a map of width 4, index 11 is row 2, column 3: `divmod(11, 4)`",
        where[0, 1, 1] == 11 and divmod(11, 4) == (2, 3) and x[0, 2, 3] == values[0, 1, 1],
    )
    batch = torch.rand(2, 3, 4, 4)
    lesson.says(
        "They start again at 0 in each channel, and in each image of a batch",
        pooled(batch, 2)[1].max() < 16
        and torch.equal(pooled(batch, 2)[1][1, 2], pooled(batch[1, 2][None], 2)[1][0]),
    )
    lesson.says(
        "It is an int64 of 8 bytes, beside a float32 of 4",
        (where.dtype, where.element_size()) == (torch.int64, 8)
        and (values.dtype, values.element_size()) == (torch.float32, 4),
    )
    sizes = [n for n in range(2, 9) if pooled(torch.rand(1, n, n), 2)[0].shape == (1, 2, 2)]
    lesson.says("A map of 4×4 and one of 5×5 both pool to 2×2", sizes == [4, 5])
    check_guess(lesson)
    check_overlap(lesson)


def check_guess(lesson):
    names = lesson_names()
    odd = names["odd"]
    values, where = pooled(odd, 2)
    guess = nn.MaxUnpool2d(2)(values, where)
    truth = nn.MaxUnpool2d(2)(values, where, output_size=(5, 5))
    lesson.says("A map of 5×5 goes in. Torch guesses 4×4", guess.shape == (1, 4, 4))
    assert truth.shape == odd.shape and set(truth.unique().tolist()) == {0, 6, 7, 8, 9}
    assert odd[0, 1, 1] == truth[0, 1, 1] == guess[0, 1, 2] == 7  # the caption
    right = [(r, c) for r in range(4) for c in range(4) if guess[0, r, c] == truth[0, r, c] > 0]
    lesson.says("Only the 8 in the first row is right", right == [(0, 3)] and odd[0, 0, 3] == 8)
    assert torch.equal(guess.flatten()[where.flatten()], values.flatten())
    for size in (odd.shape, (5, 5, 5)):
        with pytest.raises(ValueError, match="2 or 4 elements"):
            nn.MaxUnpool2d(2)(values, where, output_size=size)
    four = nn.MaxUnpool2d(2)(values[None], where[None], output_size=odd[None].shape)
    lesson.says("only if it has four numbers, with a batch", torch.equal(four[0], truth))
    lesson.says("`output_size=x.shape[-2:]`", odd.shape[-2:] == (5, 5))
    count = torch.arange(25.0).reshape(1, 5, 5)
    with pytest.raises(RuntimeError, match="Found an invalid max index"):
        nn.MaxUnpool2d(2)(*pooled(count, 2))


def check_overlap(lesson):
    x = torch.tensor([[[1.0, 2, 1], [0, 9, 3], [2, 1, 4]]])
    values, where = pooled(x, 2, 1)
    unpool = nn.MaxUnpool2d(2, stride=1)
    lesson.says(
        "All four are the same 9, so here it does not matter",
        values.flatten().tolist() == [9] * 4
        and where.flatten().tolist() == [4] * 4
        and unpool(values, where)[0, 1, 1] == 9,
    )
    threads, different = torch.get_num_threads(), torch.tensor([[[1.0, 2], [3, 4]]])
    try:
        torch.set_num_threads(1)
        stays = {unpool(different, where)[0, 1, 1].item() for _ in range(200)}
    finally:
        torch.set_num_threads(threads)
    lesson.says("so the last one, 4, stays", stays == {4})
    raced = {unpool(different, where)[0, 1, 1].item() for _ in range(200)}
    lesson.says("most runs gave 4, some gave 2", raced <= {1, 2, 3, 4})


def test_torch_refuses_to_unpool_deterministically():
    values, where = pooled(torch.rand(1, 4, 4), 2)
    torch.use_deterministic_algorithms(True)
    try:
        with pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
            nn.MaxUnpool2d(2)(values, where)
    finally:
        torch.use_deterministic_algorithms(False)
    assert "partial inverse" in nn.MaxUnpool2d.__doc__
    assert "nondeterministically when the input indices has repeat values" in nn.MaxUnpool2d.__doc__


def test_the_lesson_leaves_torch_as_it_found_it():
    before = torch.get_num_threads()
    lesson_names.cache_clear()
    lesson_names()
    assert torch.get_num_threads() == before
    assert not torch.are_deterministic_algorithms_enabled()


def check_exercises(lesson):
    top, mean = frequencies("max"), frequencies("average")
    lesson.says("How many 2×2 windows of digits have the maximum 1", 1 in top)
    lesson.says("15, from $2^4 - 1^4$.", top[1] == 2**4 - 1**4 == 15)
    lesson.says(
        "Each cell is 0 or 1, and one window of these 16 is all zeros", top[0] + top[1] == 16
    )
    lesson.says(
        "A 2×2 map was max pooled from a 4×4 input",
        LAYERS["max"](torch.rand(1, 4, 4)).shape == (1, 2, 2),
    )
    lesson.says("It holds 9, 1, 0 and 0", {9, 1, 0} <= set(top))
    lesson.says(
        "$3439 \\cdot 15 \\cdot 1 \\cdot 1$, that is 51,585",
        [top[m] for m in (9, 1, 0, 0)] == [3439, 15, 1, 1] and 3439 * 15 == 51_585,
    )
    lesson.says("A map is 5 wide. `return_indices` says 13", True)
    five = torch.zeros(1, 5, 5)
    five[0, 2, 3] = 1
    lesson.says(
        "Row 2, column 3: `divmod(13, 5)`",
        nn.MaxPool2d(5, return_indices=True)(five)[1].item() == 13 and divmod(13, 5) == (2, 3),
    )
    sizes = [n for n in range(2, 12) if LAYERS["max"](torch.rand(1, n, n)).shape[-1] == 3]
    values, where = pooled(torch.rand(1, 6, 6), 2)
    lesson.says("`nn.MaxPool2d(2)` gave a 3×3 map", values.shape == (1, 3, 3))
    guessed = nn.MaxUnpool2d(2)(values, where).shape
    lesson.says("Which one does `nn.MaxUnpool2d(2)` guess", nn.MaxUnpool2d(2).stride == (2, 2))
    lesson.says("6 or 7. It guesses 6", sizes == [6, 7] and guessed == (1, 6, 6))
    lesson.says(
        "How many 2×2 windows of digits have an average of 9? Of 4.5?", {9, 4.5} <= set(mean)
    )
    lesson.says(
        "One has 9. An average of 4.5, a sum of 18, is the most frequent: 670 windows",
        mean[9] == 1 and mean[4.5] == max(mean.values()) == 670 and 4 * 4.5 == 18,
    )
