"""Every number in lessons/stride-instead-of-pooling.py, from torch."""

import pytest
import torch
from claims import Claims
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

X = torch.tensor(
    [
        [
            [1.0, 2, 0, 4, 3, 1],
            [0, 3, 1, 5, 2, 2],
            [4, 1, 2, 0, 6, 3],
            [2, 5, 3, 1, 0, 4],
            [1, 0, 4, 2, 3, 0],
            [3, 2, 1, 6, 1, 5],
        ]
    ]
)


def convolution(stride):
    layer = nn.Conv2d(1, 1, 3, stride=stride, bias=False)
    layer.weight.data = torch.tensor([[[[1.0, 0, -1]] * 3]])
    return layer


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def multiply_adds(module, *size):
    """By torch's own counter, which counts a multiply-add as two operations."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        module(torch.rand(1, *size))
    return counter.get_total_flops() // 2


def read_pixels(module, *size):
    """How many input pixels change the output."""
    x = torch.rand(*size, requires_grad=True)
    module(x).sum().backward()
    return int((x.grad != 0).sum())


def test_every_number_in_the_prose():
    lesson = Claims("stride-instead-of-pooling")
    every, strided = convolution(1), convolution(2)
    full, small = every(X), strided(X)
    skips = torch.equal(small, full[:, ::2, ::2])
    lesson.says("A convolution at stride 1", nn.Conv2d(1, 1, 3).stride == (1, 1))
    lesson.says(
        "Four places down, four across: a 6×6 input gives a 4×4 output",
        X.shape == (1, 6, 6) and full.shape == (1, 4, 4),
    )
    lesson.says("Which of the sixteen numbers", full.numel() == 16)
    lesson.says("The same convolution at stride 2", strided.stride == (2, 2))
    lesson.says("No new number appeared.", small.numel() == 4 and skips)
    lesson.says("Stride $s$ equals stride 1 followed by `[::s, ::s]`", skips)
    lesson.says(
        "Stride 1 gives $i - k + 1$ places",
        all(
            nn.Conv2d(1, 1, k)(torch.rand(1, i, i)).shape[1] == i - k + 1
            for i in range(5, 12)
            for k in range(1, 5)
        ),
    )
    lesson.says(
        r"o = \left\lfloor \frac{i - k}{s} \right\rfloor + 1",
        all(
            nn.Conv2d(1, 1, k, stride=s)(torch.rand(1, i, i)).shape[1] == (i - k) // s + 1
            for i in range(5, 12)
            for k in range(1, 5)
            for s in range(1, 5)
        ),
    )
    pool = nn.MaxPool2d(2)
    lesson.says(
        "Both of these turn 6×6 into 2×2",
        pool(full).shape == small.shape == (1, 2, 2),
    )
    lesson.says("the convolution at stride 1, then `nn.MaxPool2d(2)`", pool.stride == 2)
    lesson.says("the convolution at stride 2", strided.stride == (2, 2))
    lesson.says("It cannot. In each block of four", bool((pool(full) >= small).all()))
    mean = nn.Conv2d(1, 1, 2, stride=2, bias=False)
    mean.weight.data = torch.full((1, 1, 2, 2), 0.25)
    lesson.says("a strided convolution can *be* an average pool", same(mean, nn.AvgPool2d(2)))
    left, right = (torch.tensor([[[float(a), b], [0, 0]]]) for a, b in ((5, 0), (0, 5)))
    lesson.says(
        "1.25 and 1.25 make 2.5",
        (mean(left), mean(right), mean(left + right)) == (1.25, 1.25, 2.5),
    )
    lesson.says(
        "5 and 5 should make 10, but the largest number is still 5",
        (pool(left), pool(right), pool(left + right)) == (5, 5, 5) and 5 + 5 == 10,
    )
    check_costs(lesson)
    one = nn.Conv2d(1, 1, 1, stride=2, bias=False)
    one.weight.data.fill_(2)
    lesson.says("Of 36 pixels, only 9 are read", read_pixels(one, 1, 6, 6) == 9)
    lesson.says("The other 27 could hold anything", 36 - read_pixels(one, 1, 6, 6) == 27)
    check_exercises(lesson)
    lesson.says("Which of the sixteen numbers of stride 1 come out now", full.numel() == 16)
    x = torch.rand(1, 6, 6)  # all numbers differ
    cut = convolution(2)(x[:, 1:, 1:])
    lesson.says(
        "Rows 1 and 3, columns 1 and 3. None of these places came out before",
        torch.equal(cut, convolution(1)(x)[:, [1, 3]][:, :, [1, 3]])
        and not torch.isin(cut, convolution(2)(x)).any(),
    )
    lesson.says("the same layer at stride 1", skips)
    lesson.labels("**1.**", "**2.**", "**3.**", "**4.**", "Unit 7")
    lesson.complete()


def same(one, other):
    return torch.equal(one(X), other(X))


def check_costs(lesson):
    plain = nn.Conv2d(64, 64, 3, padding=1)
    strided = nn.Conv2d(64, 64, 3, stride=2, padding=1)
    size = (64, 32, 32)
    pooled = nn.Sequential(plain, nn.MaxPool2d(2))
    both = nn.Sequential(plain, strided)
    shapes = {tuple(n(torch.rand(size)).shape) for n in (pooled, strided, both)}
    lesson.says("Count them for 64 maps of 32×32, in three ways", shapes == {(64, 16, 16)})
    costs = [multiply_adds(n, *size) for n in (pooled, strided, both)]
    lesson.says("you pay a quarter: it makes a quarter of the stops", costs[1] * 4 == costs[0])
    lesson.says("The parameters stay the same", parameters(pooled) == parameters(strided))
    stops = plain(torch.rand(size))[0].numel(), strided(torch.rand(size))[0].numel()
    lesson.says("three of every four windows are never looked at", stops[1] * 4 == stops[0])
    lesson.says(
        "The new layer brings 36,928 of them, and a quarter more multiply-adds",
        parameters(both) - parameters(pooled) == 36_928 and costs[2] * 4 == costs[0] * 5,
    )
    lesson.says("the pool was free of parameters", parameters(nn.MaxPool2d(2)) == 0)
    maps = torch.rand(8, 6, 6)
    lesson.says(
        "`nn.MaxPool2d(2)` steps by its kernel size, two. `nn.Conv2d(8, 8, 2)` steps by one",
        nn.MaxPool2d(2)(maps).shape == (8, 3, 3) and nn.Conv2d(8, 8, 2)(maps).shape == (8, 5, 5),
    )
    one = nn.Conv2d(1, 1, 1, stride=2, bias=False)
    assert one.kernel_size == (1, 1)


def check_exercises(lesson):
    x = torch.rand(1, 5, 5)
    lesson.says(
        "turns a 5×5 input into a 3×3 map. The same kernel at stride 2 keeps some",
        convolution(1)(x).shape == (1, 3, 3) and convolution(2)(x).shape == (1, 2, 2),
    )
    corners = convolution(1)(x)[:, [0, 0, 2, 2], [0, 2, 0, 2]].flatten()
    lesson.says("rows 0 and 2, columns 0 and 2", torch.equal(convolution(2)(x).flatten(), corners))
    replacement = nn.Conv2d(16, 16, 2, stride=2)
    lesson.says(
        "`nn.MaxPool2d(2)` on 16 maps by `nn.Conv2d(16, 16, 2, stride=2)`",
        replacement(torch.rand(16, 6, 6)).shape == nn.MaxPool2d(2)(torch.rand(16, 6, 6)).shape,
    )
    lesson.says("1,040. Each of the 16 kernels", parameters(replacement) == 1_040)
    lesson.says(
        "16 × 2 × 2 weights, which makes 1,024. Add 16 biases",
        replacement.weight.numel() == 1_024 and replacement.bias.numel() == 16,
    )
    lesson.says(
        "One 3×3 kernel slides over a 9×9 map. How many multiply-adds does it take at stride 1, "
        "and how many at stride 3",
        nn.Conv2d(1, 1, 3).weight[0, 0].shape == (3, 3),
    )
    layers = [nn.Conv2d(1, 1, 3, stride=s) for s in (1, 3)]
    lesson.says("441 and 81", [multiply_adds(n, 1, 9, 9) for n in layers] == [441, 81])
    stops = [n(torch.rand(1, 9, 9)).numel() for n in layers]
    lesson.says(
        "There are 49 stops at stride 1 and 9 at stride 3, and each stop takes 9 multiply-adds",
        stops == [49, 9] and layers[0].weight.numel() == 9,
    )


@pytest.mark.parametrize("stride", range(1, 6))
def test_a_stride_skips(stride):
    x = torch.rand(3, 20, 23)
    plain, strided = nn.Conv2d(3, 8, 3), nn.Conv2d(3, 8, 3, stride=stride)
    strided.load_state_dict(plain.state_dict())
    assert torch.allclose(strided(x), plain(x)[:, ::stride, ::stride], atol=1e-6)
    for pool in (nn.MaxPool2d, nn.AvgPool2d):
        skipped = pool(3, stride=1)(x)[:, ::stride, ::stride]
        assert torch.equal(pool(3, stride=stride)(x), skipped)


def test_the_pool_is_never_below_the_stride():
    for seed in range(20):
        torch.manual_seed(seed)
        plain, strided = nn.Conv2d(3, 8, 3), nn.Conv2d(3, 8, 3, stride=2)
        strided.load_state_dict(plain.state_dict())
        x = torch.rand(3, 64, 64)
        assert (nn.MaxPool2d(2)(plain(x)) >= strided(x) - 1e-6).all()
