"""Every number and conclusion in lessons/local-invariance.py, from torch."""

import matplotlib.cbook
import numpy as np
import torch
from claims import Claims
from PIL import Image
from torch import nn

WAYS = {
    "max": nn.MaxPool2d(2),
    "average": nn.AvgPool2d(2),
    "subsampling": lambda x: x[..., ::2, ::2],
}


def grey():
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
    return torch.from_numpy(np.array(picture)).float()[None] / 255


def view(shift, top=100, left=100):
    return grey()[:, top : top + 256, left + shift : left + 256 + shift]


def change(way, shift):
    before, after = way(view(0)), way(view(shift))
    return ((before - after).abs().mean() / before.std()).item()


def hidden(pool, start, length=40):
    x = torch.zeros(2, 1, 1, length)
    x[0, 0, 0, start] = x[1, 0, 0, start + 1] = 1
    first, second = pool(x)
    return torch.equal(first, second)


def test_every_number_in_the_prose():
    lesson, pool = Claims("local-invariance"), nn.MaxPool2d((1, 2))
    lesson.says("a window of 2 and stride 2. Then move", tuple(pool.kernel_size) == (1, 2))
    lesson.says("stands at index 2. You move it to index 3", hidden(pool, 2))
    lesson.says("And from index 3 to index 4?", not hidden(pool, 3))
    lesson.says("From 2 to 3 the output stays the same", hidden(pool, 2))
    lesson.says("From 3 to 4 it changes", not hidden(pool, 3))
    half = sum(hidden(pool, i) for i in range(39)) / 39
    lesson.says("in about half of all one-pixel shifts", 0.45 < half < 0.55)
    moved = nn.AvgPool2d(2)(view(2))
    lesson.says("such as 2 or 4 pixels", moved.shape == (1, 128, 128))
    lesson.says("A 2×2 pool keeps one number of four", view(0).numel() == 4 * moved.numel())
    wide = nn.MaxPool2d((1, 4))
    lesson.says("A window is 4 wide and its stride is 4", tuple(wide.kernel_size) == (1, 4))
    lesson.says(
        "Three of every four. Only a step",
        [hidden(wide, i) for i in range(8)] == [True, True, True, False] * 2,
    )
    exact = torch.equal(WAYS["max"](view(0))[..., 1:], WAYS["max"](view(2))[..., :-1])
    lesson.says("You shift the photo by 2 pixels and pool with window 2 and stride 2", exact)
    lesson.says("on a row of 41 pixels", torch.eye(41).shape == (41, 41))
    lesson.labels("**1.**", "**2.**", "**3.**")
    lesson.complete()


def test_no_way_is_invariant_and_average_changes_least():
    for shift in range(1, 9):
        changes = {name: change(way, shift) for name, way in WAYS.items()}
        assert min(changes.values()) > 0.05
        assert changes["average"] < changes["max"] < changes["subsampling"], (shift, changes)


def test_a_shift_by_the_stride_is_followed_exactly():
    for way in WAYS.values():
        assert torch.equal(way(view(0))[..., 1:], way(view(2))[..., :-1])


def test_larger_windows_lose_more_and_the_mean_loses_less():
    x, errors = view(0), {}
    for kind in (nn.MaxPool2d, nn.AvgPool2d):
        for size in (2, 4, 8):
            large = nn.functional.interpolate(kind(size)(x)[None], size=x.shape[1:])[0]
            errors[kind, size] = ((large - x) ** 2).mean().sqrt().item()
    for kind in (nn.MaxPool2d, nn.AvgPool2d):
        assert errors[kind, 2] < errors[kind, 4] < errors[kind, 8]
    for size in (2, 4, 8):
        assert errors[nn.AvgPool2d, size] < errors[nn.MaxPool2d, size]


def test_different_inputs_become_one_output():
    first, second = torch.tensor([[[0.0, 9], [0, 0]]]), torch.full((1, 2, 2), 9.0)
    assert torch.equal(nn.MaxPool2d(2)(first), nn.MaxPool2d(2)(second))
