"""Every number and conclusion in lessons/local-invariance.py, from torch."""

import itertools

import matplotlib.cbook
import numpy as np
import pytest
import torch
from claims import Claims
from PIL import Image
from torch import nn
from torch.nn import functional as F


def blurred_max(x):
    """Maximum at stride 1, then a blur by 1 2 1 both ways, one direction after the other."""
    row = torch.tensor([1.0, 2, 1]).reshape(1, 1, 1, 3) / 4
    largest = F.max_pool2d(x, 2, stride=1)
    across = F.conv2d(largest[None], row)
    return F.conv2d(across, row.transpose(2, 3))[0, :, ::2, ::2]


WAYS = {
    "max": nn.MaxPool2d(2),
    "average": nn.AvgPool2d(2),
    "subsampling": lambda x: x[..., ::2, ::2],
    "blurred": blurred_max,
}


def photo():
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
    return torch.from_numpy(np.array(picture)).float()[None]


def noise(seed=7):
    return torch.rand(1, 600, 600, generator=torch.Generator().manual_seed(seed))


def frame(image, right=0, down=0):
    return image[:, 100 + down : 356 + down, 100 + right : 356 + right]


def share(name, image, *shift):
    way = WAYS[name]
    return (way(frame(image)) != way(frame(image, *shift))).float().mean().item()


def change(name, image, *shift):
    before, after = WAYS[name](frame(image)), WAYS[name](frame(image, *shift))
    return ((before - after).abs().mean() / before.std()).item()


def hidden(way, start, length=8, rows=1):
    """Whether moving a bright pixel of a row one step to the right leaves the output alone."""
    x = torch.zeros(2, 1, rows, length)
    x[0, ..., start] = x[1, ..., start + 1] = 1
    return torch.equal(way(x[0]), way(x[1]))


def error(small, view):
    """Root mean square error after each number has filled its window again."""
    k = view.shape[1] // small.shape[1]
    large = small.repeat_interleave(k, 1).repeat_interleave(k, 2)
    return ((large - view) ** 2).mean().sqrt().item()


def errors(k):
    view = frame(photo())
    ways = (nn.MaxPool2d(k), nn.AvgPool2d(k), lambda x: x[:, ::k, ::k])
    return [error(way(view), view) for way in ways]


def test_every_number_in_the_prose():
    lesson, pool = Claims("local-invariance"), nn.MaxPool2d((1, 2))
    lesson.says("a window of 2 and stride 2. Then move", pool.stride == pool.kernel_size == (1, 2))
    lesson.says("stands at index 2. You move it to index 3", hidden(pool, 2))
    lesson.says("And from index 3 to index 4?", not hidden(pool, 3))
    lesson.says("From 2 to 3 nothing changes", hidden(pool, 2))
    lesson.says("From 3 to 4 the pixel crosses into the next window", not hidden(pool, 3))
    counts = {
        name: sum(hidden(WAYS[name], i, rows=2) for i in range(7))
        for name in ("max", "average", "subsampling")
    }
    lesson.says(
        "Both pools hide 4 of the 7 steps, about half", counts["max"] == counts["average"] == 4
    )
    lesson.says("Subsampling hides none", counts["subsampling"] == 0)
    check_shifts(lesson)
    check_losses(lesson)
    lesson.labels("**1.**", "**2.**", "**3.**", "Unit 7")
    lesson.complete()


def check_shifts(lesson):
    random = share("max", noise(), 1)
    lesson.says("On noise, two thirds of the maxima change", abs(random - 2 / 3) < 0.01)
    lesson.says("share one column of three", len({0, 1} | {1, 2}) == 3)
    orders = itertools.permutations(range(6))  # all ways to order two rows of three columns
    stays = [max(o[0], o[1], o[3], o[4]) == max(o[1], o[2], o[4], o[5]) for o in orders]
    lesson.says("a chance of 2 in 6", sum(stays) / len(stays) == 2 / 6)
    lesson.says("On the photo 73% change", abs(share("max", photo(), 1) - 0.73) < 0.01)
    amounts = {name: change(name, photo(), 1) for name in WAYS}
    rounded = {name: round(amount, 3) for name, amount in amounts.items()}
    lesson.says("take the maximum at stride 1, **blur**", WAYS["blurred"](noise()).shape[1] < 300)
    lesson.says("0.113 and 0.111", (rounded["max"], rounded["average"]) == (0.113, 0.111))
    lesson.says("On noise it is ahead", change("max", noise(), 1) < change("average", noise(), 1))
    lesson.says("they change *less*: 0.089 on the photo", rounded["blurred"] == 0.089)
    for image in (photo(), noise()):
        assert max(WAYS, key=lambda name, x=image: change(name, x, 1)) == "subsampling"
    followed = all(
        torch.equal(way(frame(photo()))[..., 1:], way(frame(photo(), 2))[..., :-1])
        for way in WAYS.values()
    )
    lesson.says("A pool at stride 2 moves along exactly", followed)


def check_losses(lesson):
    grids = torch.cartesian_prod(*[torch.arange(10.0)] * 4).reshape(-1, 1, 2, 2)
    top, mean = WAYS["max"](grids).flatten(), WAYS["average"](grids).flatten()
    lesson.says(
        "*every* 2×2 window that holds the digits 0 to 9. There are 10,000 of them",
        len(grids.unique(dim=0)) == 10_000 and grids.unique().tolist() == list(range(10)),
    )
    lesson.says("how many windows give the output 9", (top == 9).any())
    lesson.says("All that is left of 10,000 inputs are 10 maxima", len(top.unique()) == 10)
    lesson.says("When you read a 9, any of 3,439 windows", int((top == 9).sum()) == 3_439)
    lesson.says("The average keeps 37 values apart", len(mean.unique()) == 37)
    view = frame(photo())
    lesson.says("grey levels from 0 to 255", (photo().min(), photo().max()) == (0, 255))
    assert error(view, view) == 0
    wide = nn.MaxPool2d((1, 4))
    lesson.says("A window is 4 wide and its stride is 4", wide.stride == (1, 4))
    lesson.says(
        "Three of every four. Only the step",
        [hidden(wide, i, 40) for i in range(32)] == [True, True, True, False] * 8,
    )
    lesson.says(
        "grows from 17.5 at 2×2 to 58.1 at 8×8",
        abs(errors(2)[0] - 17.5) < 0.1 and abs(errors(8)[0] - 58.1) < 0.1,
    )
    lesson.says("How many 2×2 windows of digits have the maximum 1", (top == 1).any())
    lesson.says("15. Each of the four cells", int((top == 1).sum()) == 15)
    lesson.says("is 0 or 1, which makes 16 windows", int((top <= 1).sum()) == 16)
    lesson.says("One of them, all zeros, has the maximum 0", int((top == 0).sum()) == 1)


@pytest.mark.parametrize("shift", [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_the_maximum_stays_more_often_whatever_the_direction(shift):
    for image in (photo(), noise(), noise(8)):
        shares = {name: share(name, image, *shift) for name in WAYS}
        assert 0.5 < shares["max"] < 0.8
        assert min(v for name, v in shares.items() if name != "max") > 0.9


@pytest.mark.parametrize("shift", [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_blurring_moves_least_and_subsampling_most_whatever_the_direction(shift):
    for image in (photo(), noise(), noise(8)):
        amounts = {name: change(name, image, *shift) for name in WAYS}
        assert min(amounts, key=amounts.get) == "blurred"
        assert max(amounts, key=amounts.get) == "subsampling"
        assert min(amounts.values()) > 0.05  # none is invariant
    close = change("max", photo(), *shift) / change("average", photo(), *shift)
    assert 0.95 < close < 1.05  # max and average can hardly be told apart


def test_the_curves_are_as_the_alt_text_says():
    for shift in range(2, 6):
        assert min(share(name, photo(), shift) for name in WAYS) > 0.9
        amounts = {name: change(name, photo(), shift) for name in WAYS}
        assert amounts["blurred"] < amounts["average"] < amounts["subsampling"]
        assert abs(amounts["max"] - amounts["average"]) < 0.01


def test_larger_windows_lose_more_and_the_maximum_loses_most():
    rows = [errors(k) for k in (2, 4, 8)]
    for column in zip(*rows, strict=True):
        assert list(column) == sorted(column)
    for top, mean, skipped in rows:
        assert mean < skipped < top


def test_no_number_is_closer_to_a_window_than_its_mean():
    blocks = frame(photo())[0].unfold(0, 2, 2).unfold(1, 2, 2).reshape(-1, 4)
    best = ((blocks - blocks.mean(1, keepdim=True)) ** 2).sum(1)
    for other in (blocks.amax(1), blocks[:, 0], blocks.mean(1) + 1, blocks.mean(1) - 1):
        assert (((blocks - other[:, None]) ** 2).sum(1) >= best - 1e-3).all()
