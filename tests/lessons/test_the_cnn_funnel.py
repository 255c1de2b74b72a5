"""Every number in lessons/the-cnn-funnel.py, from torch."""

import matplotlib.cbook
import numpy as np
import torch
from claims import Claims
from PIL import Image
from torch import nn

from slidingwindows import funnel


def photo():
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
    picture = picture.crop((90, 20, 420, 350)).resize((110, 110))
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1) / 255


def network():
    torch.manual_seed(7)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.MaxPool2d(2, 2), nn.Conv2d(8, 16, 3), nn.MaxPool2d(2, 2)
    )


def shape(module, *size):
    return tuple(module(torch.rand(*size)).shape)


def test_every_number_in_the_prose():
    lesson, x, net = Claims("the-cnn-funnel"), photo(), network()
    first = tuple(net[0](x).shape)
    lesson.says("a shape such as `(8, 108, 108)`", first == (8, 108, 108))
    lesson.says("Each grid has 110 rows and 110 columns", x.shape == (3, 110, 110))
    lesson.says("So the photo is 36,300 numbers", x.numel() == 36_300)
    convolution = nn.Conv2d(3, 8, 3)
    lesson.says(
        "`nn.Conv2d(3, 8, 3)`: three channels in, eight channels out, a window of 3×3",
        convolution.weight.shape == (8, 3, 3, 3),
    )
    lesson.says("trims 110 to 108", first[1:] == (108, 108))
    lesson.says("A window of 3×3 needs", convolution.kernel_size == (3, 3))
    lesson.says(
        "Height and width went from 110 to 26. Channels went from 3 to 16",
        tuple(x.shape) == (3, 110, 110) and tuple(net(x).shape) == (16, 26, 26),
    )
    lesson.says(
        "16 maps of 106×106",
        shape(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 16, 3)), 3, 110, 110)
        == (16, 106, 106),
    )
    try:
        net(x.permute(1, 2, 0))
        message = ""
    except RuntimeError as error:
        message = str(error)
    lesson.says(
        "it found 110 channels where it wanted 3",
        "to have 3 channels, but got 110 channels" in message,
    )
    lesson.says(
        "shape `(3, 64, 64)` goes through `nn.MaxPool2d(2, 2)`",
        True and shape(nn.MaxPool2d(2, 2), 3, 64, 64) == (3, 32, 32),
    )
    lesson.says("`(3, 32, 32)`", shape(nn.MaxPool2d(2, 2), 3, 64, 64) == (3, 32, 32))
    lesson.says(
        "You replace `nn.Conv2d(3, 8, 3)` by `nn.Conv2d(3, 32, 3)`",
        shape(nn.Conv2d(3, 32, 3), 3, 110, 110) == (32, 108, 108),
    )
    lesson.says(
        "`(32, 108, 108)` where it was `(8, 108, 108)`",
        shape(nn.Conv2d(3, 32, 3), 3, 110, 110) == (32, 108, 108),
    )
    longer = nn.Sequential(net, nn.MaxPool2d(2, 2))
    lesson.says("one more `nn.MaxPool2d(2, 2)` at the end", len(longer) == 2)
    lesson.says("`(16, 13, 13)`: half of 26", tuple(longer(x).shape) == (16, 13, 13))
    outputs = [x]
    for layer in net:
        outputs.append(layer(outputs[-1]))
    one, two = outputs[1], outputs[3]
    lesson.says(
        "The first: 8 maps of 108×108 are 93,312 numbers. The second puts out 16 maps, but they "
        "are only 52×52: 43,264 numbers",
        (one.shape, one.numel()) == ((8, 108, 108), 93_312)
        and (two.shape, two.numel()) == ((16, 52, 52), 43_264),
    )
    lesson.says(
        "It has twice the channels and less than half of the numbers",
        two.shape[0] == 2 * one.shape[0] and two.numel() < one.numel() / 2,
    )
    lesson.labels("**1.**", "**2.**", "**3.**", "**4.**", "Unit 7")
    lesson.complete()


def test_pooling_halves_and_keeps_the_channels():
    for channels in (1, 8, 500):
        assert shape(nn.MaxPool2d(2, 2), channels, 54, 54) == (channels, 27, 27)


def test_the_funnel_holds_what_torch_returned():
    x, net = photo(), network()
    stages = funnel(net, x).stages
    outputs = [x]
    for layer in net:
        outputs.append(layer(outputs[-1]).detach())
    assert [s.shape for s in stages] == [tuple(o.shape) for o in outputs]
    for stage, output in zip(stages, outputs, strict=True):
        for plane, drawn in zip(output, stage.maps, strict=False):
            low, high = plane.min(), plane.max()
            expected = (plane - low) / (high - low) * 255
            assert torch.allclose(torch.tensor(drawn).float(), expected, atol=0.5001)
    assert [s.parameters for s in stages] == [
        0,
        *(sum(p.numel() for p in m.parameters()) for m in net),
    ]
