"""lessons/the-cnn-funnel.py: its words, outputs and figure, held against torch and counting."""

import re

import matplotlib.cbook
import numpy as np
import pytest
import torch
from lesson_run import lessons_after, source
from PIL import Image
from states import opens
from torch import nn
from torch.nn import functional as F

from slidingwindows import funnel
from slidingwindows.drawing.funnel import stacks_of

CROP, SIDE = (90, 20, 420, 350), 110
MOUTH = (86, 57)  # row and column in the photo, as one sees
RASCHKA = "https://lightning.ai/courses/deep-learning-fundamentals/"


def picture(size=(SIDE, SIDE)):
    image = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
    return image.crop(CROP).resize(size)


def photo():
    return torch.from_numpy(np.array(picture())).permute(2, 0, 1) / 255


def around(plane, size=3):
    """The mean of each window of so many rows and columns, from shifted planes."""
    rows, cols = (side - size + 1 for side in plane.shape)
    shifted = [plane[r : r + rows, c : c + cols] for r in range(size) for c in range(size)]
    return sum(shifted) / size**2


def brighter(plane):
    """How much brighter each window of 3×3 is on its right than on its left, as a mean."""
    return (
        sum(
            plane[r : len(plane) - 2 + r, 2:] - plane[r : len(plane) - 2 + r, :-2] for r in range(3)
        )
        / 3
    )


def halved(plane):
    rows, cols = (side // 2 for side in plane.shape)
    return plane[: 2 * rows, : 2 * cols].reshape(rows, 2, cols, 2).amax((1, 3))


def seen(image):
    """What the lesson's four layers should make of an image, in plain sums and maxima."""
    red, green, blue = image
    grey = image.mean(0)
    steps = [brighter(grey), -brighter(grey), brighter(grey.T).T, -brighter(grey.T).T]
    pure = [red - (green + blue) / 2, green - (red + blue) / 2, blue - (red + green) / 2, grey]
    first = [*steps, *map(around, pure)]
    pooled = [halved(plane) for plane in first]
    patches = [around(plane) for plane in pooled]
    spots = [plane[1:-1, 1:-1] - around(plane) for plane in pooled]
    second = [*patches, *spots]
    return [torch.stack(s) for s in (first, pooled, second, [halved(p) for p in second])]


def scores(image):
    """Patches of red less patches of blue, 9×9 around each place, with zeros beyond the border."""
    maps = seen(image)[-1]
    return around(F.pad(maps[4] - maps[6], (4, 4, 4, 4)), 9)


def place(image):
    found = scores(image)
    return divmod(int(found.argmax()), found.shape[1])


def orange_at(row, col):
    """A grey image with an orange disc."""
    image = torch.full((3, SIDE, SIDE), 0.5)
    away = (torch.arange(SIDE) - row)[:, None] ** 2 + (torch.arange(SIDE) - col)[None] ** 2
    image[:, away < 20**2] = torch.tensor([1, 0.65, 0])[:, None]
    return image


def network(pool=nn.MaxPool2d):
    """The lesson's layers with other weights."""
    torch.manual_seed(7)
    return nn.Sequential(nn.Conv2d(3, 8, 3), pool(2, 2), nn.Conv2d(8, 16, 3), pool(2, 2))


def shape(module, *size):
    return tuple(module(torch.rand(*size)).shape)


def outputs_of(net, x):
    outputs = [x]
    for layer in net:
        outputs.append(layer(outputs[-1]).detach())
    return outputs


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
    hooks = torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()), lambda t: t)
    with torch.enable_grad(), hooks:
        layer(x.clone().requires_grad_())
    return sum(kept)


def test_every_claim(page):
    x, net = photo(), page.names["network"]
    outputs = [x, *seen(x)]
    for mine, found in zip(outputs, outputs_of(net, x), strict=True):
        assert torch.allclose(mine, found, atol=1e-5)
    the_picture(page, outputs)
    the_photo(page, x)
    the_network(page, net, x, outputs)
    feature_maps(page, net, outputs)
    the_costs(page, net, x, outputs)
    the_answer(page, x)
    wide_and_narrow(page, net, x, outputs)
    two_ways(page, net)
    exercises(page, net, x, outputs)
    what_you_know(page, net, x, outputs)
    page.complete()


def the_picture(page, outputs):
    x, *maps = outputs
    drawn = page.drawing("funnel-maps")
    shown = {axes["title"]: axes for axes in drawn[-2:]} | {drawn[0]["title"]: drawn[0]}
    small, start = [axes for axes in drawn if axes not in shown.values()], 0
    agree = []
    for number, stage in enumerate(maps, 1):
        here = small[start : start + len(stage)]
        agree += [
            np.allclose(axes["images"][0], one.numpy(), atol=1e-5)
            for axes, one in zip(here, stage, strict=True)
        ]
        agree.append({axes["ylabel"] for axes in here} == {"", f"layer {number}"})
        start += len(stage)
    row, col = place(x)
    ring = shown["the answer: here"]["lines"][0]
    page.plots(
        "funnel-maps",
        all(agree)
        and start == len(small) == 48
        and [axes["title"] for axes in small[:8]]
        == ["right", "left", "down", "up", "red", "green", "blue", "bright"]
        and np.allclose(shown["like a face?"]["images"][0], scores(x).numpy(), atol=1e-5)
        and np.allclose(np.ravel(ring[1:]), [(col + 0.5) / 26 * SIDE, (row + 0.5) / 26 * SIDE]),
    )
    page.says(
        "A photo goes into a network, and an answer comes out", page.names["find"](x) == place(x)
    )
    page.labels("Here the question is: where is the face?")
    all_drawn = all(agree) and start == sum(map(len, maps))
    page.says("These are all the maps in between", all_drawn)
    page.says(
        "A portrait in colour",
        np.allclose(shown["the photo"]["images"][0], x.permute(1, 2, 0))
        and not torch.equal(x[0], x[2]),
    )
    names = [axes["title"] for axes in small[:8]]
    coarser = [halved(plane) for plane in maps[0]]
    page.says(
        "Below it eight grey maps: edges of four directions, then what is red, green, blue and "
        "bright. Below them the same eight maps, coarser",
        names == ["right", "left", "down", "up", "red", "green", "blue", "bright"]
        and all(np.ndim(axes["images"][0]) == 2 for axes in small)
        and not page.names["network"][0](torch.full((3, 5, 5), 0.7))[:4].abs().gt(1e-6).any()
        and all(
            np.allclose(axes["images"][0], plane, atol=1e-5)
            for axes, plane in zip(small[8:16], coarser, strict=True)
        ),
    )
    rough = [plane.diff().abs().mean() for plane in [p[1:-1, 1:-1] for p in coarser]]
    second = [torch.tensor(axes["images"][0]) for axes in small[16:32]]
    page.says(
        "Then two rows of eight, smoothed maps and maps of small details, and the same sixteen "
        "once more, coarser still",
        all(plane.diff().abs().mean() < was for plane, was in zip(second[:8], rough, strict=True))
        and all(plane.mean().abs() < 0.01 for plane in second[8:])
        and all(
            np.allclose(axes["images"][0], halved(plane), atol=1e-5)
            for axes, plane in zip(small[32:], second, strict=True)
        ),
    )
    page.says(
        "At the end one map that is brightest where the face is",
        38 < (row + 0.5) / 26 * SIDE < 105 and 25 < (col + 0.5) / 26 * SIDE < 92,  # as one sees
    )
    page.says(
        "and the portrait with a ring around the mouth",
        np.abs(np.ravel(ring[1:])[::-1] - MOUTH).max() < 5
        and np.allclose(shown["the answer: here"]["images"][0], x.permute(1, 2, 0)),
    )
    page.says("All maps of a network from photo to answer", all_drawn)
    kinds = [type(layer) for layer in page.names["network"]]
    sides, channels = ([stage.shape[n] for stage in outputs] for n in (1, 0))
    page.says(
        "Layers 1 and 3 look for patterns, layers 2 and 4 make the maps smaller",
        [kinds[n - 1] for n in (1, 3)] == [nn.Conv2d] * 2
        and [2 * sides[n] for n in (2, 4)] == [sides[n - 1] for n in (2, 4)],
    )
    page.says(
        "and a last layer says how much each place is like a face",
        page.names["answer"](maps[-1]).shape == (1, *maps[-1].shape[1:])
        and drawn.index(shown["like a face?"]) > max(map(drawn.index, small)),
    )
    narrowing = sides == sorted(sides, reverse=True) and sides[0] > sides[-1]
    page.says(
        "In between, height and width shrink and channels grow. See every map on the way",
        narrowing and channels == sorted(channels) and channels[0] < channels[-1] and all_drawn,
    )
    page.labels("Look at almost any convolutional network from the side and you see a funnel")
    page.says(
        "A wide, flat photo goes in, and narrow, deep stacks of small maps come out, from which "
        "the answer is read",
        sides[0] > 4 * sides[-1]
        and channels[0] < channels[-1] / 4
        and torch.equal(
            page.names["answer"](page.names["maps"][-1])[0].argmax(), scores(x).argmax()
        ),
    )
    some = torch.rand(1, 20, 20)
    narrowed = [
        F.max_pool2d(some, 2).shape[1],
        F.conv2d(some, torch.ones(1, 1, 3, 3), stride=2).shape[1],
        F.conv2d(some, torch.ones(1, 1, 3, 3)).shape[1],
        F.conv2d(some, torch.ones(1, 1, 3, 3), padding=1).shape[1],
    ]
    page.says(
        "This course is about what makes the funnel narrow: pooling, stride and padding",
        narrowed == [10, 9, 18, 20],  # padding decides whether a convolution trims
    )
    the_weights(page, x)


def the_weights(page, x):
    """The comments beside the code that draws the picture."""
    names, net, last = page.names, page.names["network"], page.names["answer"]
    page.says(
        "nothing is trained here",
        not names["maps"][-1].requires_grad
        and all(p.grad is None for p in [*net.parameters(), *last.parameters()]),
    )
    page.says(
        "The photo that comes with matplotlib: Grace Hopper", torch.equal(names["x"], photo())
    )
    page.aside(", compiler pioneer", why="history, and a bow to her")
    # One pattern for each filter, and of each colour so much of it.
    ranks = [int(torch.linalg.matrix_rank(kernel.flatten(1))) for kernel in net[0].weight]
    shares = [kernel.sum((1, 2)) for kernel in net[0].weight[4:]]
    page.says(
        "What the first convolution looks for: how much of red, green and blue, and in which "
        "pattern",
        ranks == [1] * 8 and [int(share.argmax()) for share in shares[:3]] == [0, 1, 2],
    )
    slope = torch.arange(3.0).repeat(3, 1)
    page.says(
        "brighter on the right",
        (names["step"] * slope).sum() > 0 > (names["step"] * slope.flip(1)).sum()
        and not (names["step"] * slope.T).sum(),
    )
    read = (net[2].weight != 0).flatten(2).any(2)
    flat, dot = torch.ones(8, 3, 3), torch.zeros(8, 3, 3)
    dot[:, 1, 1] = 1
    patches, spots = ([net[2](x)[n, 0, 0] for n in (3, 11)] for x in (flat, dot))
    page.says(
        "The second one looks at each of the eight maps twice: for large patches and for small "
        "spots",
        (read.sum(0) == 2).all() and patches[0] > patches[1] + 0.5 and spots[1] > spots[0] + 0.5,
    )
    count = last.weight[0].sum((1, 2))
    page.says(
        "The answer: patches of red count for a place, patches of blue against it, 9×9 cells "
        "around",
        count.nonzero().flatten().tolist() == [4, 6]
        and count[4] > 0 > count[6]
        and (last.weight[0, 4] != 0).sum() == 9 * 9
        and torch.allclose(last(seen(x)[-1])[0], scores(x), atol=1e-5),
    )


def the_photo(page, x):
    assert torch.equal(page.names["x"], x)
    page.prints("x.shape", x.shape)
    page.says(
        "PyTorch keeps an image in a **tensor**, an array of numbers",
        isinstance(x, torch.Tensor) and np.array_equal(np.asarray(x), x.tolist()),
    )
    wide = np.array(picture((110, 60)))  # Pillow's sizes are width by height
    upright = torch.from_numpy(wide).permute(2, 0, 1) / 255
    page.says(
        "Its shape is `(C, H, W)`: channels, height, width",
        upright.shape == (3, 60, 110)
        and shape(nn.Conv2d(3, 8, (5, 1)), 3, 60, 110) == (8, 56, 110),
    )
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
        "The network has two convolutions, each followed by max pooling",
        kinds == [nn.Conv2d, nn.MaxPool2d] * 2,
    )
    page.labels("Leave what these layers do inside for later")
    page.says(
        "The first layer is `nn.Conv2d(3, 8, 3)`: three channels in, eight channels out, "
        "and a **window** of 3×3, which is the part of a map that it reads for one number",
        page.names["network"][0].weight.shape == net[0].weight.shape == (8, 3, 3, 3),
    )
    page.labels("Will its maps be larger than the photo, smaller, or")
    names = ("photo", "Conv2d", "MaxPool2d", "Conv2d", "MaxPool2d")
    page.prints(
        'print("photo    ", tuple(result.shape))',
        *(f"{name:<9} {tuple(o.shape)}" for name, o in zip(names, outputs, strict=True)),
    )
    page.says("A little smaller", 0.95 < first.shape[1] / x.shape[1] < 1)
    page.says(f"The first convolution trims {x.shape[1]} to {first.shape[1]}")
    inner = [n for n in range(SIDE) if 0 <= n - 1 and n + 1 < SIDE]
    page.says(
        "A window of 3×3 needs a neighbour on every side, and each of the "
        "outermost pixels lacks one",
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
    stacks = stacks_of(page.figure("funnel"))
    scale = stacks[0].width / SIDE
    to_scale = all(
        abs(size - scale * side) <= 1
        for stack, output in zip(stacks, outputs, strict=True)
        for size, side in zip((stack.height, stack.width), output.shape[1:], strict=True)
    )
    page.says("Here is the funnel to scale, layer by layer", to_scale)
    page.says(
        "each stretched to the full range from black to white",
        drawn_as_torch_returned(stages, outputs),
    )
    page.says(
        "Every picture is a feature map that this network computed from the photo, drawn to "
        "scale. The bold number counts the maps",
        drawn_as_torch_returned(stages, outputs)
        and to_scale
        and [stack.labels()[0] for stack in stacks] == [str(len(output)) for output in outputs],
    )
    trained = network()
    begun = trained[0].weight.detach().clone()
    step = torch.optim.SGD(trained.parameters(), lr=0.1)
    with torch.enable_grad():
        trained(x).square().mean().backward()
    step.step()
    same_shapes = [o.shape for o in outputs_of(trained, x)] == [o.shape for o in outputs]
    page.says(
        "A real network *learns* its weights from photos. But the shapes do not care. A trained "
        "network of the same layers has exactly the same ones",
        same_shapes
        and not torch.equal(trained[0].weight, begun)  # one step on the photo
        and not torch.equal(trained(x), net(x)),
    )
    page.says("Shapes do not depend on training", same_shapes)
    with torch.device("meta"):  # where shapes are known and no number is computed
        planned = network()(torch.empty(x.shape))
    page.says(
        "You can work them out before you run anything",
        planned.is_meta and planned.shape == outputs[-1].shape,
    )
    page.labels("Find the shape of every layer of a small network before you run it")


def the_costs(page, net, x, outputs):
    stages = page.figure("funnel").stages
    layers = [sum(p.numel() for p in layer.parameters()) for layer in net]
    page.says(
        "Below the maps you read what each layer costs. Its *parameters* are the numbers that it "
        "learns",
        [stage.parameters for stage in stages[1:]] == layers,
    )
    page.says(
        "and a *multiply-accumulate* is one product added to a sum",
        stages[1].macs == outputs[1].numel() * net[0].weight[0].numel(),
    )
    inputs = x.clone().requires_grad_()
    with torch.enable_grad():  # an average leaves no pixel of its windows out
        network(nn.AvgPool2d)[:2](inputs)[3, 20, 30].backward()
    reached = inputs.grad.abs().amax(0).nonzero()
    page.says(
        "*Sees 4×4* means that one number depends on 4×4 pixels of the photo: that is its "
        "receptive field",
        stages[2].sees() == "4"
        and len(reached) == 4 * 4
        and (reached.amax(0) - reached.amin(0) == 3).all(),
    )
    later = lessons_after("the-cnn-funnel")
    words = {
        "no-learnable-parameters": "Count the learnable parameters",
        "what-it-costs": "multiply-accumulate",
        "receptive-fields": "**receptive field**",
    }
    page.says(
        "These words come back in later lessons, which define and count them",
        all(name in later and word in source(name) for name, word in words.items()),
    )


def feature_maps(page, net, outputs):
    x, first = outputs[:2]
    page.says(
        "Each small grey picture at the top of this page is a **feature map**: one channel of a "
        "layer's output",
        len(page.drawing("funnel-maps")) == 3 + sum(map(len, outputs[1:])),
    )
    by_patch = (x[:, 20:23, 40:43] * net[0].weight[5]).sum() + net[0].bias[5]
    page.says(
        "A number in it says how strongly one pattern showed up at one place",
        torch.isclose(first[5, 20, 40], by_patch),
    )
    page.says(
        "The first convolution looks for eight patterns, so it makes eight maps",
        len(net[0].weight) == len(first) == 8,
    )
    slope = torch.arange(12.0).repeat(12, 1) / 12
    ways = {"right": slope, "left": slope.flip(1), "down": slope.T, "up": slope.T.flip(0)}
    answers = [net[0](plane.expand(3, 12, 12))[:4].mean((1, 2)) for plane in ways.values()]
    page.says(
        "Four of them are bright where the photo gets brighter: to the right, to the left, "
        "downwards or upwards",
        [int(a.argmax()) for a in answers] == [0, 1, 2, 3],
    )
    pure = [net[0](c[:, None, None].expand(3, 4, 4))[4:7, 0, 0] for c in torch.eye(3)]
    light = [net[0](torch.full((3, 4, 4), level))[7, 0, 0] for level in (0.2, 0.9)]
    page.says(
        "The other four are bright where there is much red, green, blue or light",
        [int(p.argmax()) for p in pure] == [0, 1, 2] and light[0] < light[1],
    )
    page.says(
        "The second convolution looks at each of these eight maps for large patches and for small "
        "spots, so it makes sixteen",
        len(net[2].weight) == len(outputs[3]) == 16
        and all((w != 0).flatten(1).any(1).sum() == 1 for w in net[2].weight),
    )
    decided = [shape(nn.Conv2d(3, many, 3), 3, 9, 9)[0] == many for many in (1, 3, 8, 50)]
    page.says("In short, a convolution decides the number of **channels**", all(decided))
    page.says(
        "A convolution decides the number of channels. It may trim height and width a little",
        all(decided) and shape(nn.Conv2d(3, 8, 3), 3, 20, 30) == (8, 18, 28),
    )
    pool, maps = page.names["pool"], torch.rand(8, 54, 54)
    page.says(
        "Pooling looks at one map at a time. It makes each map smaller and leaves the number of "
        "maps alone",
        torch.equal(pool(maps), torch.stack([pool(one[None])[0] for one in maps]))
        and shape(pool, 8, 54, 54) == (8, 27, 27),
    )
    page.says(
        "Pooling narrows the maps and leaves their number alone",
        [shape(pool, n, 54, 50) for n in (1, 8, 500)] == [(n, 27, 25) for n in (1, 8, 500)],
    )
    page.prints(
        "pool = nn.MaxPool2d(2, 2)",
        *(f"{(n, 54, 54)} -> {shape(nn.MaxPool2d(2, 2), n, 54, 54)}" for n in (1, 8, 500)),
    )


def the_answer(page, x):
    weights = page.names["answer"].weight[0]
    page.says(
        "The last layer weighs the sixteen small maps against each other",
        len(weights) == len(page.names["maps"][-1]) == 16,
    )
    pale = seen(x)[-1]
    row, col = place(x)
    near = (slice(row - 2, row + 3), slice(col - 2, col + 3))
    reach = round(9 * SIDE / 26)  # pixels of the photo that 9×9 places cover
    middle = [round((n + 0.5) / 26 * SIDE) for n in (row, col)]
    skin = x[:, *(slice(n - reach // 2, n + reach // 2) for n in middle)]
    page.says(
        "A face is a large patch of a warm colour, so it adds the patches of red and subtracts "
        "the patches of blue, averaged over 9×9 places. The strongest place is the answer",
        torch.allclose(page.names["answer"](pale)[0], scores(x), atol=1e-5)
        and (pale[4][near] > pale[6][near]).all()
        and (skin[0] > skin[2]).float().mean() > 0.95 > (x[0] > x[2]).float().mean() + 0.3
        and page.names["find"](x) == (row, col),
    )
    page.says(
        "The row and the column of the strongest place in the last map",
        page.names["find"](x.flip(2)) == place(x.flip(2))
        and scores(x)[page.names["find"](x)] == scores(x).max()
        and row != col,
    )
    found = {"photo": x, "left to right": x.flip(2), "top to bottom": x.flip(1)}
    found = {name: place(image) for name, image in found.items()}
    page.labels("You mirror the photo, left to right", "What will the network answer?")
    page.labels("And if you mirror it top to bottom?")
    page.prints(
        'print(f"{name:<13} row {find(image)[0]}, column {find(image)[1]}")',
        *(f"{name:<13} row {row}, column {col}" for name, (row, col) in found.items()),
    )
    rows, cols = scores(x).shape
    page.says(
        f"The answer follows the face. The map has {rows} rows and {cols} columns, counted from 0 "
        f"to {rows - 1}. So the mirror "
        f"image of column {col} is column {cols - 1 - col}, and that of row {row} is row "
        f"{rows - 1 - row}",
        found["left to right"] == (row, cols - 1 - col)
        and found["top to bottom"] == (rows - 1 - row, col),
    )
    centres = [(40, 70), (60, 35)]
    found = [page.names["find"](orange_at(*centre)) for centre in centres]
    by_hand = [layer.weight.unique().numel() for layer in page.names["network"][::2]]
    page.says(
        "These weights were made by hand, and they know little: a large orange would do for a face",
        np.abs((np.array(found) + 0.5) / 26 * SIDE - centres).max() < 10
        and max(by_hand) < 20,  # a network that learned has as many as it has weights
    )


def wide_and_narrow(page, net, x, outputs):
    begin, end = outputs[0].shape, outputs[-1].shape
    page.says("Compare the two ends of the funnel", page.names["network"](x).shape == end)
    page.labels("Count the numbers, and you see why the network has to shrink its maps")
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
    page.says(
        'channels last" Image libraries such as Pillow give you `(H, W, C)`. PyTorch wants '
        "`(C, H, W)`",
        np.asarray(picture((110, 60))).shape == (60, 110, 3) and shape(net[0], 3, 60, 110)[0] == 8,
    )
    with pytest.raises(RuntimeError) as complaint:
        net(x.permute(1, 2, 0))
    last = torch.rand(5, 6, 3)
    page.says(
        "Forget to move the channels to the front, which `x.permute(2, 0, 1)` does, and a "
        "convolution complains",
        last.permute(2, 0, 1).shape == (3, 5, 6) and "channels" in str(complaint.value),
    )
    page.says("(110, 110, 3)", page.names["wrong"].shape == np.asarray(picture()).shape)
    page.prints("wrong = torch.from_numpy(np.array(photo)) / 255", str(complaint.value))
    found, wanted = x.permute(1, 2, 0).shape[0], net[0].in_channels
    assert f"to have {wanted} channels, but got {found} channels" in str(complaint.value)
    read = str(complaint.value)
    page.says(
        f"Read the message from the end: it found {found} channels where it wanted {wanted}",
        -1 < read.rfind(f"have {wanted} channels") < read.rfind(f"got {found} channels"),
    )


def two_ways(page, net):
    smaller = [shape(layer, 8, 54, 54) for layer in (nn.MaxPool2d(2), nn.Conv2d(8, 8, 2, 2))]
    page.says("Two ways to narrow a funnel", smaller == [(8, 27, 27)] * 2)
    page.says(
        "This network narrows by **pooling**. It could also use a **stride**",
        [layer.stride for layer in net] == [(1, 1), 2, (1, 1), 2]
        and [type(layer) for layer in net[1::2]] == [nn.MaxPool2d] * 2
        and smaller[0] == smaller[1],
    )
    page.says(
        "a convolution that moves its window in larger steps",
        shape(nn.Conv2d(8, 8, 2, 2), 8, 54, 54)[1] < shape(nn.Conv2d(8, 8, 2), 8, 54, 54)[1],
    )
    later = lessons_after("the-cnn-funnel")
    page.says(
        "[A later lesson] compares the two",
        "stride-instead-of-pooling" in later
        and all(word in source("stride-instead-of-pooling") for word in ("MaxPool2d", "stride=2")),
    )
    setup = source("a-typical-setup")
    built = setup.split("with_pools = ")[1].split("\n)")[0]
    calls = [f"nn.{repr(layer).split('(')[0]}(" for layer in net]
    page.says(
        "[a typical setup] builds this very network both ways",
        re.findall(r"nn\.\w+2d\(", built) == calls
        and "nn.Conv2d(3, 8, 3)" in built
        and "nn.Conv2d(8, 16, 3)" in built
        and "nn.Conv2d(3, 8, 3, stride=2), nn.Conv2d(8, 16, 3, stride=2)" in setup,
    )


def exercises(page, net, x, outputs):
    page.labels("Predict first", "Then open the answer", "Check all four")
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
    page.labels("You add one more `nn.MaxPool2d(2, 2)` at the end of the network")
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


def what_you_know(page, net, x, outputs):
    page.says(
        "An image is `(C, H, W)`. Each channel of a layer's output is a feature map",
        shape(net[0], 3, 60, 110) == (8, 58, 108)
        and [len(stage.maps) for stage in page.figure("funnel").stages]
        == [len(output) for output in outputs],
    )
    opens(page, "funnel")
    page.says(
        "[The network calculator] opens with the layers of this page",
        [stage.call.split("(")[0] for stage in page.figure("funnel").stages[1:]]
        == ["nn.Conv2d", "nn.MaxPool2d"] * 2,
    )
    page.labels("Change any of them, and watch the shapes behind it follow")
    page.says(
        "You have seen what the layers do to shapes. Next you look inside the first of them: "
        "[what a convolution looks for]",
        all(str(tuple(o.shape)) in page.output("result = x") for o in outputs)
        and isinstance(net[0], nn.Conv2d)
        and lessons_after("the-cnn-funnel")[0] == "what-a-convolution-looks-for",
    )
    page.cites("The path of these lessons follows Unit 7 of", RASCHKA)
    page.aside(
        "from which this course began. The words and the measurements are our own",
        why="where this course comes from",
    )


def test_pooling_halves_and_keeps_the_channels():
    for channels in (1, 8, 500):
        assert shape(nn.MaxPool2d(2, 2), channels, 54, 54) == (channels, 27, 27)
