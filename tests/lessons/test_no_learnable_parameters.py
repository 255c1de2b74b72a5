"""Every number in lessons/no-learnable-parameters.py, from torch."""

import torch
from claims import Claims
from torch import nn


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_every_number_in_the_prose():
    lesson = Claims("no-learnable-parameters")
    maps = torch.rand(64, 32, 32)
    pools = [nn.MaxPool2d(3, stride=2, padding=1), nn.AvgPool2d(3, stride=2, padding=1)]
    convolution = nn.Conv2d(64, 64, 3, stride=2, padding=1)
    shapes = {tuple(layer(maps).shape) for layer in (*pools, convolution)}
    lesson.says("each with a 3×3 window and stride 2, on 64 channels", len(shapes) == 1)
    lesson.says(
        "64 maps of 32×32 to 64 maps of 16×16. The pools do it with 0 parameters",
        shapes == {(64, 16, 16)} and not any(count(pool) for pool in pools),
    )
    lesson.says("The convolution needs 36,928", count(convolution) == 36_928)
    lesson.says(
        "Each of the 64 filters has a 3×3 kernel for each of 64 channels",
        convolution.weight.shape == (64, 64, 3, 3) and convolution.bias.shape == (64,),
    )
    formula = r"$64 \cdot (3 \cdot 3 \cdot 64 + 1)$"
    lesson.says(formula, 64 * (3 * 3 * 64 + 1) == count(convolution))
    small = nn.Conv2d(1, 1, 2, stride=2, bias=False)
    lesson.says("a 2×2 kernel and stride 2. It moves exactly as a 2×2 pool", count(small) == 4)
    lenet = nn.Conv2d(6, 6, 1, groups=6)  # one coefficient and one bias a map
    quarter = nn.Conv2d(1, 1, 2, stride=2, bias=False)
    quarter.weight.data.fill_(1 / 4)
    assert torch.equal(quarter(torch.ones(1, 4, 4)), torch.ones(1, 2, 2))
    lesson.says(
        "The max pool of an empty map is 0, so the bias would have to be 0 as well",
        nn.MaxPool2d(2)(torch.zeros(1, 2, 2)) == 0,
    )
    total = nn.AvgPool2d(2, divisor_override=1)(maps)
    lesson.says(
        "A quarter of the sum is the mean: it begins as an average pool",
        torch.allclose(nn.AvgPool2d(2, divisor_override=1)(maps) * 0.25, nn.AvgPool2d(2)(maps)),
    )
    lesson.says(
        "With `divisor_override=1` an average pool divides by 1, so it adds up",
        torch.allclose(total, nn.AvgPool2d(2)(maps) * 4),
    )
    lesson.says("numbers of each 2×2 window", tuple(nn.AvgPool2d(2)(maps).shape[1:]) == (16, 16))
    lesson.says("Each of its 6 maps had one such pair: 12 parameters", count(lenet) == 12)
    lesson.labels("LeNet-5", "layer S2")
    lesson.says(
        "`nn.MaxPool2d(7)`? And `nn.AvgPool2d(7)`",
        count(nn.MaxPool2d(7)) == count(nn.AvgPool2d(7)) == 0,
    )
    lesson.says("Both 0.", count(nn.MaxPool2d(7)) == count(nn.AvgPool2d(7)) == 0)
    five = nn.Conv2d(3, 8, 5)
    lesson.says("How many has `nn.Conv2d(3, 8, 5)`?", five.weight.shape == (8, 3, 5, 5))
    lesson.says("608: eight filters with 5·5·3 weights", count(five) == 608 == 8 * (5 * 5 * 3 + 1))
    lesson.says("`nn.MaxPool2d(2)` in five places", count(nn.MaxPool2d(2)) == 0)
    lesson.says(
        "a 3×3 convolution of stride 2 from 64 to 64 channels",
        convolution.kernel_size == (3, 3) and convolution.stride == (2, 2),
    )
    lesson.says("5 · 36,928 = 184,640", 5 * count(convolution) == 184_640)
    lesson.says(
        "LeNet's kind of subsampling need on 16 maps?", count(nn.Conv2d(16, 16, 1, groups=16)) > 0
    )
    lesson.says(
        "32: a coefficient and a bias for each map", count(nn.Conv2d(16, 16, 1, groups=16)) == 32
    )
    lesson.says(
        "Max and average pools have 0 learnable parameters, whatever their size",
        not any(count(kind(k)) for kind in (nn.MaxPool2d, nn.AvgPool2d) for k in range(1, 9)),
    )
    lesson.says("LeNet-5 had a pool with weights: two for each map", count(lenet) == 2 * 6)
    lesson.labels("**1.**", "**2.**", "**3.**", "**4.**", "Unit 7")
    lesson.complete()


def test_an_average_is_a_convolution_and_a_maximum_is_not():
    x = torch.rand(1, 4, 4)
    convolution = nn.Conv2d(1, 1, 2, stride=2, bias=False)
    convolution.weight.data.fill_(1 / 4)
    assert torch.allclose(convolution(x), nn.AvgPool2d(2)(x))
    a = torch.tensor([[[1.0, 0], [0, 0]]])
    b = torch.tensor([[[0.0, 1], [0, 0]]])
    pool = nn.MaxPool2d(2)
    assert pool(a + b) != pool(a) + pool(b)
    assert convolution(a + b) == convolution(a) + convolution(b)


def test_gradients_pass_through_a_pool():
    x = torch.rand(1, 4, 4)
    for pool, share in ((nn.MaxPool2d(2), [0, 0, 0, 1]), (nn.AvgPool2d(2), [0.25] * 4)):
        inputs = x.clone().requires_grad_()
        pool(inputs).sum().backward()
        windows = inputs.grad[0].unfold(0, 2, 2).unfold(1, 2, 2).reshape(4, 4)
        assert windows.sort(1)[0].tolist() == [share] * 4


def test_weights_load_into_the_other_pool():
    ours, theirs = (nn.Sequential(nn.Conv2d(1, 2, 3), p(2)) for p in (nn.MaxPool2d, nn.AvgPool2d))
    theirs.load_state_dict(ours.state_dict(), strict=True)
    x = torch.rand(1, 6, 6)
    assert not torch.equal(ours(x), theirs(x))
