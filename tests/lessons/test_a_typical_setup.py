"""Every number in lessons/a-typical-setup.py, from torch."""

import matplotlib.cbook
import numpy as np
import pytest
import torch
from claims import Claims
from PIL import Image
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def photo():
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
    picture = picture.crop((90, 20, 420, 350)).resize((110, 110))
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1) / 255


def networks(padding=0):
    torch.manual_seed(7)
    first, second = nn.Conv2d(3, 8, 3, padding=padding), nn.Conv2d(8, 16, 3, padding=padding)
    with_pools = nn.Sequential(first, nn.MaxPool2d(2, 2), second, nn.MaxPool2d(2, 2))
    strided = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.Conv2d(8, 16, 3, stride=2))
    strided[0].load_state_dict(first.state_dict())
    strided[1].load_state_dict(second.state_dict())
    return with_pools, nn.Sequential(first, second), strided


def sizes(network, x):
    """The side of the input and of every layer's output."""
    found = [x.shape[-1]]
    for layer in network:
        x = layer(x)
        found.append(x.shape[-1])
    return found


def channels(network, x):
    found = [x.shape[0]]
    for layer in network:
        x = layer(x)
        found.append(x.shape[0])
    return found


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def multiply_adds(module, x):
    """By torch's own counter, which counts a multiply-add as two operations."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        module(x[None])
    return counter.get_total_flops() // 2


def size_is(i, k, s, p):
    layer = nn.Conv2d(1, 1, k, stride=s, padding=p)
    pool = nn.MaxPool2d(k, s, padding=p) if p <= k // 2 else layer
    x = torch.rand(1, i, i)
    return layer(x).shape[-1] == pool(x).shape[-1] == (i + 2 * p - k) // s + 1


def test_every_number_in_the_prose():
    lesson, x = Claims("a-typical-setup"), photo()
    pools, plain, strided = networks()
    lesson.says(
        r"o = \left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1",
        all(
            size_is(i, k, s, p)
            for i in range(6, 12)
            for k in (1, 2, 3, 5)
            for s in (1, 2, 3)
            for p in (0, 1, 2)
        ),
    )
    lesson.says("three channels, 110 rows, 110 columns", x.shape == (3, 110, 110))
    lesson.says(
        "Start at 110. A convolution with a kernel of 3, a pool of 2, another convolution of 3, "
        "another pool of 2.",
        sizes(pools, x)[0] == 110,
    )
    lesson.says("pools and strides arrive at the same 26", pools(x).shape == strided(x).shape)
    lesson.says("It is 26.", sizes(pools, x) == [110, 108, 54, 52, 26])
    lesson.says(
        "The channels follow the convolutions alone: 3, 8, 16",
        channels(pools, x) == [3, 8, 8, 16, 16],
    )
    lesson.says("What is left of 110?", x.shape[-1] == 110)
    lesson.says("It is 106.", sizes(plain, x) == [110, 108, 106])
    lesson.says(
        "Sixteen maps of 106×106 are 179,776 numbers",
        plain(x).shape == (16, 106, 106) and plain(x).numel() == 179_776,
    )
    lesson.says("With the pools there were 10,816", pools(x).numel() == 10_816)
    lesson.says("give both convolutions a stride of 2", strided[0].stride == (2, 2))
    lesson.says("Will you get back to 26 exactly, or only to about 26?", sizes(pools, x)[-1] == 26)
    lesson.says("Exactly 26, by two layers instead of four.", sizes(strided, x) == [110, 54, 26])
    check_luck(lesson, x, pools, strided)
    check_costs(lesson, x, pools, plain, strided)
    check_linear_layer(lesson, x, pools, plain)
    check_exercises(lesson, x, pools, strided)
    check_the_last_exercise(lesson, pools, strided)
    lesson.labels("**1.**", "**2.**", "**3.**", "**4.**", "Unit 7")
    lesson.complete()


def check_luck(lesson, x, pools, strided):
    tiny = torch.rand(1, 6, 6, requires_grad=True)
    one, two = nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3, stride=2)
    shapes = nn.MaxPool2d(2, 2)(one(tiny)).shape, two(tiny).shape
    lesson.says(
        "The strided window leaves a row and a column unread", shapes == ((1, 2, 2), (1, 2, 2))
    )
    two(tiny).sum().backward()
    unread = (tiny.grad[0] == 0).nonzero().tolist()
    border = sorted([5, n] for n in range(6)) + sorted([n, 5] for n in range(5))
    lesson.says("leaves a row and a column unread. It fits", sorted(unread) == sorted(border))
    agree = {
        i: nn.MaxPool2d(2)(one(torch.rand(1, i, i))).shape == two(torch.rand(1, i, i)).shape
        for i in range(6, 40)
    }
    lesson.says(
        "So on an even size the two agree, and on an odd size they do not",
        all(same == (i % 2 == 0) for i, same in agree.items()),
    )
    meets = sizes(strided, x)[:-1]
    lesson.says(
        "even: first 110, then 54. That is why 26 came out twice",
        meets == [110, 54] and sizes(strided, x)[-1] == sizes(pools, x)[-1] == 26,
    )
    lesson.says(
        "the same shape does not mean the same numbers",
        pools(x).shape == strided(x).shape and not torch.equal(pools(x), strided(x)),
    )


def check_costs(lesson, x, pools, plain, strided):
    costs = [multiply_adds(n, x) for n in (pools, plain, strided)]
    lesson.says(
        "Every network has 1,392 parameters: 224 in the first convolution, 1,168 in the second",
        {parameters(n) for n in (pools, plain, strided)} == {1_392}
        and [parameters(n) for n in plain] == [224, 1_168],
    )
    lesson.says("With neither it is 15,463,296", costs[1] == 15_463_296)
    lesson.says("Pools take 5,634,432", costs[0] == 5_634_432)
    lesson.says("Strides take 1,408,608", costs[2] == 1_408_608)
    lesson.says("exactly a quarter: each convolution stops", costs[2] * 4 == costs[0])


def check_linear_layer(lesson, x, pools, plain):
    heads = [nn.Linear(n(x).numel(), 10) for n in (pools, plain)]
    lesson.says(
        "For ten classes the linear layer has 108,170 parameters behind the funnel, "
        "and 1,797,770 without it",
        [parameters(h) for h in heads] == [108_170, 1_797_770],
    )
    lesson.says(
        "110 halved is 55, halved again is 27.5, so call it 27",
        110 / 2 == 55 and 55 / 2 == 27.5 and int(27.5) == 27,
    )
    try:
        nn.Linear(16 * 27 * 27, 10)(pools(x).flatten()[None])
        message = ""
    except RuntimeError as error:
        message = str(error)
    lesson.says(
        "The network delivers 10,816 numbers, and the layer waits for 11,664",
        "1x10816 and 11664x10" in message,
    )
    lazy = nn.LazyLinear(10)
    lazy(pools(x).flatten()[None])
    lesson.says("let `nn.LazyLinear(10)` find the number", lazy.in_features == 10_816)


def check_exercises(lesson, x, pools, strided):
    larger = torch.rand(3, 111, 111)
    lesson.says("The photo has 111 rows and columns", larger.shape == (3, 111, 111))
    lesson.says(
        "`(16, 26, 26)` and `(16, 27, 27)`",
        pools(larger).shape == (16, 26, 26) and strided(larger).shape == (16, 27, 27),
    )
    lesson.says("With pools: 111, 109, 54, 52, 26", sizes(pools, larger) == [111, 109, 54, 52, 26])
    lesson.says("With strides: 111, 55, 27", sizes(strided, larger) == [111, 55, 27])
    padded = networks(padding=1)[0]
    lesson.says("You put `padding=1` into both convolutions", padded[0].padding == (1, 1))
    lesson.says("What comes out of a photo of size 110?", x.shape[-1] == 110)
    lesson.says("`(16, 27, 27)`. The convolutions no longer", padded(x).shape == (16, 27, 27))
    lesson.says("trim: 110, 110, 55, 55, 27", sizes(padded, x) == [110, 110, 55, 55, 27])
    pair = nn.Sequential(nn.Conv2d(16, 32, 3), nn.MaxPool2d(2, 2))
    lesson.says("`nn.Conv2d(16, 32, 3)` and `nn.MaxPool2d(2, 2)`", pair[0].in_channels == 16)
    lesson.says(
        "`(32, 12, 12)`: 26, 24, 12",
        pair(pools(x)).shape == (32, 12, 12) and sizes(pair, pools(x)) == [26, 24, 12],
    )
    lesson.says("The pair adds 4,640 parameters", parameters(pair) == parameters(pair[0]) == 4_640)


def check_the_last_exercise(lesson, pools, strided):
    square = torch.rand(3, 224, 224)
    numbers = [n(square).numel() for n in (pools, strided)]
    heads = [parameters(nn.Linear(n, 10)) for n in numbers]
    lesson.says("A photo of 224×224 goes through the network with pools", len(heads) == 2)
    lesson.says(
        "466,570 with pools: 224, 222, 111, 109, 54, so 46,656 numbers with ten weights each, "
        "and ten biases. 484,010 with strides: 224, 111, 55. The odd 111 parts the two",
        heads == [466_570, 484_010]
        and numbers[0] == 46_656
        and sizes(pools, square) == [224, 222, 111, 109, 54]
        and sizes(strided, square) == [224, 111, 55],
    )
    evens = [
        (i, sizes(pools, torch.rand(3, i, i))[-1], sizes(strided, torch.rand(3, i, i)))
        for i in range(20, 60)
    ]
    lesson.says(
        "Pools and strides of 2 reach the same size as long as every map they meet has an even",
        all(last == met[-1] for _, last, met in evens if all(n % 2 == 0 for n in met[:-1]))
        and any(last != met[-1] for _, last, met in evens),
    )


def test_two_strided_convolutions_are_one_larger_convolution():
    x, (pools, _, strided) = photo(), networks()
    one = nn.Conv2d(3, 16, 7, stride=4)
    for channel in range(16):
        probe = torch.zeros(3, 110, 110, requires_grad=True)
        strided(probe)[channel, 0, 0].backward()
        assert torch.count_nonzero(probe.grad) == torch.count_nonzero(probe.grad[:, :7, :7])
        one.weight.data[channel] = probe.grad[:, :7, :7]
        one.bias.data[channel] = strided(torch.zeros(3, 110, 110))[channel, 0, 0]
    assert torch.allclose(one(x), strided(x), atol=1e-5)
    zero = pools(torch.zeros_like(x))
    assert not torch.allclose(pools(x) + pools(-x), 2 * zero, atol=1e-3)  # pools are not linear


@pytest.mark.parametrize("padding", (0, 1))
def test_activations_change_no_shape(padding):
    for layer in networks(padding)[0]:
        x = torch.rand(8 if getattr(layer, "in_channels", 8) == 8 else 3, 20, 20)
        assert nn.ReLU()(layer(x)).shape == layer(x).shape
