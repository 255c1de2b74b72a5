"""lessons/the-cnn-funnel.py: its words, outputs and figure, held against torch and counting."""

import matplotlib.cbook
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from slidingwindows import funnel

CROP, SIDE = (90, 20, 420, 350), 110


def picture():
    image = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
    return image.crop(CROP).resize((SIDE, SIDE))


def photo():
    return torch.from_numpy(np.array(picture())).permute(2, 0, 1) / 255


def network(pool=nn.MaxPool2d):
    torch.manual_seed(7)
    return nn.Sequential(nn.Conv2d(3, 8, 3), pool(2, 2), nn.Conv2d(8, 16, 3), pool(2, 2))


def shape(module, *size):
    return tuple(module(torch.rand(*size)).shape)


def outputs_of(net, x):
    outputs = [x]
    for layer in net:
        outputs.append(layer(outputs[-1]).detach())
    return outputs


def stages_by_hand():
    """(shape, parameters, multiply-adds, receptive field, jump) of each stage, by counting."""
    channels, side, field, jump = 3, SIDE, 1, 1
    found = [((channels, side, side), 0, 0, field, jump)]
    for out, k, stride in ((8, 3, 1), (None, 2, 2), (16, 3, 1), (None, 2, 2)):
        field, jump, side = field + (k - 1) * jump, jump * stride, (side - k) // stride + 1
        parameters = macs = 0
        if out:
            parameters = out * (channels * k * k + 1)
            macs = out * side * side * channels * k * k
            channels = out
        found.append(((channels, side, side), parameters, macs, field, jump))
    return found


def stretched(plane):
    low, high = plane.min(), plane.max()
    return (plane - low) / (high - low) * 255


def drawn_as_torch_returned(stages, outputs):
    """Each channel of each output is drawn, from black for its lowest to white for its highest."""
    return all(
        len(output) == len(stage.maps)
        and all(
            torch.allclose(torch.tensor(drawn).float(), stretched(plane), atol=0.5001)
            and (min(map(min, drawn)), max(map(max, drawn))) == (0, 255)
            for plane, drawn in zip(output, stage.maps, strict=True)
        )
        for stage, output in zip(stages, outputs, strict=True)
    )


def saved_for_training(layer, x):
    """The numbers that torch keeps for the way back."""
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()), lambda t: t):
        layer(x.requires_grad_())
    return sum(kept)


def test_every_claim(page):
    x, net = photo(), network()
    outputs = outputs_of(net, x)
    the_photo(page, x)
    the_network(page, net, x, outputs)
    feature_maps(page, net, outputs)
    wide_and_narrow(page, net, x, outputs)
    exercises(page, net, x, outputs)
    page.labels("Unit 7", "Find the shape of every layer of a small network", "compares the two")
    page.complete()


def the_photo(page, x):
    assert torch.equal(page.names["x"], x)
    page.prints("x.shape", x.shape)
    page.says("A photo is three grids of numbers", x.shape[0] == 3)
    colours = {band: torch.from_numpy(np.array(picture().getchannel(band))) for band in "RGB"}
    page.says(
        "A colour photo has three channels: one grid of numbers for red, one for green, "
        "one for blue",
        torch.equal(torch.stack(list(colours.values())) / 255, x),
    )
    page.says(f"Each grid has {x.shape[1]} rows and {x.shape[2]} columns")
    page.says(f"So the photo is {x.numel():,} numbers")


def the_network(page, net, x, outputs):
    first, stages = outputs[1], page.figure("funnel").stages
    page.says(f"a shape such as `{tuple(first.shape)}`")
    kinds = [type(layer) for layer in page.names["network"]]
    page.says(
        "two convolutions, each followed by max pooling", kinds == [nn.Conv2d, nn.MaxPool2d] * 2
    )
    page.says(
        "The first layer is `nn.Conv2d(3, 8, 3)`: three channels in, eight channels out, "
        "a window of 3×3",
        page.names["network"][0].weight.shape == net[0].weight.shape == (8, 3, 3, 3),
    )
    page.labels("Will its maps be larger than the photo, smaller, or")
    page.prints("journey = funnel(network, x)", funnel(net, x).table())
    page.says("A little smaller", 0.95 < first.shape[1] / x.shape[1] < 1)
    page.says(f"The first convolution trims {x.shape[1]} to {first.shape[1]}")
    inner = [n for n in range(SIDE) if 0 <= n - 1 and n + 1 < SIDE]
    page.says(
        "A window of 3×3 needs a neighbour on every side, and the outermost pixels have none",
        first.shape[1:] == (len(inner), len(inner)) and inner[0] == 1 and inner[-1] == SIDE - 2,
    )
    trimmed, halved = x.shape[1] - first.shape[1], first.shape[1] - outputs[2].shape[1]
    page.says("The pooling layers do far more", halved > 10 * trimmed)
    page.says(
        "Each one halves height and width",
        all(
            outputs[n].shape[1:] == tuple(2 * side for side in outputs[n + 1].shape[1:])
            for n in (1, 3)
        ),
    )
    page.draws("funnel", funnel(net, x))
    page.says(
        "Every picture is a feature map that this network computed from the photo, drawn to "
        "scale. Each map is stretched to the full range from black to white. "
        "The bold number counts the maps",
        drawn_as_torch_returned(stages, outputs),
    )
    trained = network()
    step = torch.optim.SGD(trained.parameters(), lr=0.1)
    trained(x).square().mean().backward()
    step.step()
    page.says(
        "a trained network of the same layers has exactly the same ones",
        [o.shape for o in outputs_of(trained, x)] == [o.shape for o in outputs]
        and not torch.equal(trained(x), net(x)),
    )


def feature_maps(page, net, outputs):
    x, first = outputs[:2]
    page.says(
        "Each small picture above is a **feature map**: one channel of a layer's output",
        [len(stage.maps) for stage in page.figure("funnel").stages] == [len(o) for o in outputs],
    )
    by_patch = (x[:, 20:23, 40:43] * net[0].weight[5]).sum() + net[0].bias[5]
    page.says(
        "how strongly one pattern showed up at one place",
        torch.isclose(first[5, 20, 40], by_patch),
    )
    page.says("Eight filters make eight maps", len(net[0].weight) == len(first) == 8)
    pool, maps = page.names["pool"], torch.rand(8, 54, 54)
    page.says(
        "Pooling looks at one map at a time. It makes each map smaller and leaves the number of "
        "maps alone",
        torch.equal(pool(maps), torch.stack([pool(one[None])[0] for one in maps]))
        and shape(pool, 8, 54, 54) == (8, 27, 27),
    )
    page.prints(
        "pool = nn.MaxPool2d(2, 2)",
        *(f"{(n, 54, 54)} -> {shape(nn.MaxPool2d(2, 2), n, 54, 54)}" for n in (1, 8, 500)),
    )


def wide_and_narrow(page, net, x, outputs):
    begin, end = outputs[0].shape, outputs[-1].shape
    page.says("Compare the two ends of the funnel", page.names["journey"].stages[-1].shape == end)
    page.says(
        f"Height and width went from {begin[1]} to {end[1]}. Channels went from {begin[0]} to "
        f"{end[0]}"
    )
    wide = nn.Sequential(net[0], net[2])(x)
    page.says(
        f"Without the pools, the second convolution alone would put out {wide.shape[0]} maps of "
        f"{wide.shape[1]}×{wide.shape[2]}"
    )
    with_pools, without = outputs[-1].numel(), wide.numel()
    page.prints(
        "without_pools = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 16, 3))",
        f"with pools:    {with_pools:>7,} numbers",
        f"without pools: {without:>7,} numbers, {without / with_pools:.1f} times as many",
    )
    following = nn.Conv2d(16, 4, 3)
    work = [4 * following(maps)[0].numel() * 16 * 9 for maps in (outputs[-1], wide)]
    kept = [saved_for_training(following, maps.detach()) for maps in (outputs[-1], wide)]
    page.says(
        "More numbers mean more work for every layer that follows, and more memory while training",
        work[0] < work[1] and kept[0] < kept[1],
    )
    with pytest.raises(RuntimeError) as complaint:
        net(x.permute(1, 2, 0))
    page.prints("wrong = torch.from_numpy(np.array(photo)) / 255", str(complaint.value))
    found, wanted = x.permute(1, 2, 0).shape[0], net[0].in_channels
    assert f"to have {wanted} channels, but got {found} channels" in str(complaint.value)
    page.says(f"it found {found} channels where it wanted {wanted}")
    smaller = [shape(layer, 8, 54, 54) for layer in (nn.MaxPool2d(2), nn.Conv2d(8, 8, 2, 2))]
    page.says("Two ways to narrow a funnel", smaller == [(8, 27, 27)] * 2)
    page.says(
        "a convolution that moves its window in larger steps",
        shape(nn.Conv2d(8, 8, 2, 2), 8, 54, 54)[1] < shape(nn.Conv2d(8, 8, 2), 8, 54, 54)[1],
    )


def exercises(page, net, x, outputs):
    page.labels("Predict first", "Check all four")
    page.labels("A photo of shape `(3, 64, 64)` goes through", "`nn.MaxPool2d(2, 2)`")
    halved = shape(nn.MaxPool2d(2, 2), 3, 64, 64)
    page.says(f"`{halved}`. Pooling halves height and width, and keeps the channels")
    page.answers(1, "(3, 32, 32)")
    page.says("You replace `nn.Conv2d(3, 8, 3)`", net[0].weight.shape == (8, 3, 3, 3))
    page.labels("by `nn.Conv2d(3, 32, 3)`")
    wider = tuple(nn.Conv2d(3, 32, 3)(x).shape)
    page.says(
        f"Only the channels: `{wider}` where it was `{tuple(outputs[1].shape)}`",
        wider[1:] == outputs[1].shape[1:],
    )
    page.answers(2, "(32, 108, 108)")
    page.labels("You add one more `nn.MaxPool2d(2, 2)` at the end")
    longer = tuple(nn.MaxPool2d(2, 2)(outputs[-1]).shape)
    page.says(f"`{longer}`: half of {outputs[-1].shape[1]}", 2 * longer[1] == outputs[-1].shape[1])
    page.answers(3, "(16, 13, 13)")
    one, two = outputs[1], outputs[3]
    page.labels("puts out more numbers, the first or the second?")
    page.says(
        f"The first: {one.shape[0]} maps of {one.shape[1]}×{one.shape[2]} are {one.numel():,} "
        f"numbers. The second puts out {two.shape[0]} maps, but they are only "
        f"{two.shape[1]}×{two.shape[2]}: {two.numel():,} numbers",
        two.numel() < one.numel(),
    )
    page.says(
        "It has twice the channels and less than half of the numbers",
        two.shape[0] == 2 * one.shape[0] and two.numel() < one.numel() / 2,
    )
    page.answers(4, ("93,312", 93312), ("43,264", 43264))
    page.prints(
        "print(tuple(nn.MaxPool2d(2, 2)(torch.rand(3, 64, 64)).shape))",
        *map(str, (halved, wider, longer, [one.numel(), two.numel()])),
    )


def test_pooling_halves_and_keeps_the_channels():
    for channels in (1, 8, 500):
        assert shape(nn.MaxPool2d(2, 2), channels, 54, 54) == (channels, 27, 27)


def test_the_journey_by_counting(page):
    journey = page.names["journey"]
    found = [
        (s.shape, s.parameters, s.macs, s.field[0].size, s.field[0].jump) for s in journey.stages
    ]
    assert found == stages_by_hand()
    assert [s.numbers for s in journey.stages] == [np.prod(s[0]) for s in found]
