"""lessons/what-padding-tells-the-network.py: padded by numpy, counted by rings, fitted by numpy."""

from functools import cache

import matplotlib
import numpy as np
import torch
from lesson_run import source
from states import opens
from torch import nn

from slidingwindows import slide

MODES = {"zeros": "constant", "circular": "wrap", "replicate": "edge", "reflect": "reflect"}
DEPTHS = (1, 2, 4, 8)
ISLAM, KAYHAN = "https://arxiv.org/abs/2001.08248", "https://arxiv.org/abs/2003.07064"
SIDE = 32


@cache
def weights(depth):
    """Weights and biases of so many layers, drawn as the lesson draws them."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(inside, 16, 3) for inside in [1] + [16] * (depth - 1)]
    return [(layer.weight.detach(), layer.bias.detach()) for layer in layers]


def maps(depth, mode, images):
    """The maps of the images: numpy pads them, and an unpadded convolution does the rest."""
    for weight, bias in weights(depth):
        edges = ((0, 0), (0, 0), (1, 1), (1, 1))
        padded = torch.from_numpy(np.pad(images.numpy(), edges, mode=MODES[mode]))
        images = nn.functional.conv2d(padded, weight, bias).relu()
    return images


def wall():
    return torch.full((1, 1, SIDE, SIDE), 0.5)


def framed(layers, side=SIDE):
    """The share of cells in a frame so many cells wide."""
    return 1 - max(side - 2 * layers, 0) ** 2 / side**2


def seen_to_differ(depth, mode):
    found = maps(depth, mode, wall())[0]
    far = (found - found[:, 16:17, 16:17]).norm(dim=0)
    return float((far > 1e-5 * far.max()).float().mean())


def rows_off(depth, mode, fit, test):
    def lines(images):
        found = maps(depth, mode, images).numpy().astype(float)
        return np.hstack([np.moveaxis(found, 1, -1).reshape(-1, 16), np.ones((10 * SIDE**2, 1))])

    rows = np.tile(np.repeat(np.arange(SIDE), SIDE), 10)
    formula = np.linalg.lstsq(lines(fit), rows, rcond=1e-12)[0]
    return np.abs(lines(test) @ formula - rows).mean()


def test_every_claim(page):
    frames(page)
    how_far(page)
    probing(page)
    dots(page)
    exercises(page)
    ending(page)
    docstrings(page)
    page.complete()


def docstrings(page):
    names, image = page.names, torch.rand(2, 1, 5, 6)
    nets = {depth: names["network"](depth, "zeros") for depth in (1, 3)}
    page.says(
        "So many padded 3×3 convolutions, each with a ReLU. The weights are random",
        all(
            [type(layer).__name__ for layer in net] == ["Conv2d", "ReLU"] * depth
            and torch.allclose(net(image), maps(depth, "zeros", image), atol=1e-6)
            and all(
                torch.equal(a.weight, b) for a, (b, _) in zip(net[::2], weights(depth), strict=True)
            )
            for depth, net in nets.items()
        ),
    )
    page.says(
        "How much each place differs from the middle, over all maps, divided by the largest",
        torch.allclose(names["strangeness"](2, "zeros"), shades(2), atol=1e-5)
        and shades(2).max() == 1,
    )
    lines, found = names["at_each_place"](nets[1], image), nets[1](image)
    page.says(
        "One line for each place of each image: what all maps hold there, and a 1",
        torch.equal(
            lines.float(),
            torch.stack(
                [
                    torch.cat([found[n, :, r, c], torch.ones(1)])
                    for n in range(2)
                    for r in range(5)
                    for c in range(6)
                ]
            ),
        ),
    )
    page.says(
        "How many cells of the maps of a blank wall are unlike the middle",
        [names["differ"](nn.Conv2d(1, 3, k, padding=k // 2)) for k in (1, 3, 5)]
        == [SIDE**2 - (SIDE - 2 * ring) ** 2 for ring in (0, 1, 2)],
    )


def shades(depth, mode="zeros"):
    """How far each place of the wall's maps is from the middle, as a part of the farthest."""
    found = maps(depth, mode, wall())[0]
    far = (found - found[:, 16:17, 16:17]).norm(dim=0)
    return far / far.max()


def to_border(side):
    """How many cells each place of a square is from the nearest border."""
    away = np.minimum(np.arange(side), np.arange(side)[::-1])
    return np.minimum.outer(away, away)


def frames(page):
    drawn = page.drawing("padding-tells-frames")
    same = [axes["title"] for axes in drawn] == ["1 layer", "2 layers", "4 layers", "8 layers"]
    for axes, depth in zip(drawn, DEPTHS, strict=True):
        same &= np.allclose(axes["images"], [shades(depth).clamp(1e-5, 1).log10()], atol=1e-2)
    page.plots("padding-tells-frames", same)
    blank, [found] = page.names["wall"], maps(1, "zeros", wall())
    page.says(
        "A blank wall has no left and no right, until a convolution pads it with zeros",
        torch.equal(blank, blank.flip(3))
        and not torch.allclose(found, found.flip(2))
        and not torch.allclose(found[:, :, 0], found[:, :, 16])
        and torch.allclose(maps(1, "circular", wall()), maps(1, "circular", wall()).flip(3)),
    )
    page.says(
        "Every pixel is the same, so nothing in it says where the middle is",
        blank.unique().numel() == 1
        and all(torch.equal(blank, blank.roll((n, 2 * n), (2, 3))) for n in range(1, SIDE)),
    )
    page.labels("Now send it through convolutions that pad with zeros")
    images = [np.array(axes["images"][0]) for axes in drawn]
    ramp = [sum(matplotlib.colormaps["viridis"](level)[:3]) for level in (0.0, 0.5, 1.0)]
    page.says(
        "Four square maps of 32 by 32, for 1, 2, 4 and 8 layers. Each is dark in the middle with a "
        "bright frame around it",
        [image.shape for image in images] == [(SIDE, SIDE)] * 4
        and all(image[16, 16] == -5 and image[to_border(SIDE) == 0].min() > -1 for image in images)
        and ramp == sorted(ramp),
    )
    widths = [round(SIDE * (1 - (1 - seen_to_differ(d, "zeros")) ** 0.5) / 2) for d in DEPTHS]
    page.says("and the frame grows wider from map to map", widths == [1, 2, 4, 8])
    page.says(
        "How much each place of the maps differs from the middle, after 1, 2, 4 and 8 layers that "
        "pad with zeros",
        widths == [1, 2, 4, 8] and same,
    )
    equal = shades(8) == 0  # to the places of a float, so far from the border
    faint = (shades(8) > 1e-4) & (shades(8) < 1 / 255)  # less than one of 255 even steps
    page.says(
        "The darkest colour is no difference at all; the scale is logarithmic, so that faint "
        "differences show",
        (images[3][equal] == images[3].min()).all()
        and equal.sum() > 0
        and faint.sum() > 9
        and (images[3][faint] > -5 + 5 / 255).all(),
    )
    page.says("faint ones show, too", (images[3][faint] > images[3].min()).all() and faint.any())
    page.says(
        "The wall is still blank, but its maps have a frame",
        blank.unique().numel() == 1 and all(seen_to_differ(d, "zeros") > 0.1 for d in DEPTHS),
    )
    hanging = [
        np.pad(wall().numpy()[0, 0], 1)[r : r + 3, c : c + 3] for r, c in [(0, 0), (9, 0), (9, 9)]
    ]
    step = torch.tensor([[[[-1.0, 0, 1]] * 3]])
    at_a_step = nn.functional.conv2d(torch.tensor([[[0, 0.5, 0.5]] * 3])[None], step)
    page.says(
        "A window that hangs over the border sees zeros, and grey beside black is an edge",
        [bool((window == 0).any()) for window in hanging] == [True, True, False]
        and at_a_step != 0
        and nn.functional.conv2d(wall(), step, padding=1)[0, 0, 9, 0] == at_a_step,
    )
    [(weight, bias)] = weights(1)
    some = torch.rand(5, 1, SIDE, SIDE)
    zeros, copies = (
        nn.functional.conv2d(nn.functional.pad(some, (1, 1, 1, 1), mode=mode), weight, bias)
        for mode in ("constant", "replicate")
    )
    unlike = (zeros - copies).abs() > 1e-6
    page.says(
        "So the border answers like an edge, in every map and on every image",
        unlike[:, :, 0].any(2).all() and not unlike[:, :, 1:-1, 1:-1].any(),
    )
    counting = nn.Conv2d(1, 1, 3, padding=1, bias=False).requires_grad_(False)
    counting.weight.data = torch.ones(1, 1, 3, 3)
    page.draws("padding-tells-window", slide(counting, torch.ones(1, 4, 4)))
    line = [2, 3, 3, 2]
    drawn = page.figure("padding-tells-window").output
    page.says(
        "All pixels and all weights are 1, so a sum counts the real pixels of its window: 9 in the "
        "middle, 6 at a side, 4 in a corner",
        np.array_equal(drawn, np.outer(line, line)) and (drawn[1][1], drawn[0][1]) == (9, 6),
    )
    page.says("One window shows why", drawn[0][0] < drawn[0][1] < drawn[1][1])
    opens(page, "padding-tells-window")
    page.says(
        "[Open this window in the explorer], choose another `padding_mode`, and watch the frame go",
        all(
            (nn.functional.conv2d(padded, counting.weight) == 9).all()
            for padded in (
                torch.from_numpy(np.pad(np.ones((1, 4, 4), "f"), ((0, 0), (1, 1), (1, 1)), mode))
                for mode in MODES.values()
                if mode != "constant"
            )
        ),
    )
    page.labels("Choose between zeros and the other ways to pad")


def how_far(page):
    page.says(
        "One padded 3×3 layer spoils a frame one cell wide",
        np.array_equal(shades(1) > 1e-5, to_border(SIDE) < 1),
    )
    page.labels("How wide is the frame after eight of them?")
    table = [
        "share of cells that differ from the middle",
        f"{'layers':<10}" + "".join(f"{depth:>8}" for depth in DEPTHS),
    ]
    for mode in MODES:
        shares = [framed(depth) * (mode == "zeros") for depth in DEPTHS]
        measured = [seen_to_differ(depth, mode) for depth in DEPTHS]
        assert np.allclose(measured, shares)
        table.append(f"{mode:<10}" + "".join(f"{share:>8.1%}" for share in shares))
    page.prints('print("share of cells that differ from the middle")', *table)
    deep = range(1, 9)
    grows = all(np.array_equal(shades(d) > 1e-5, to_border(SIDE) < d) for d in deep)
    page.says("With zeros, the frame grows by one cell a layer", grows)
    page.says(
        "because each window reads one cell further out than the last",
        [cells_out(d) for d in deep] == list(deep),
    )
    page.says(
        "After $d$ layers the untouched middle has a side of $32 - 2d$, so the share of the rest "
        "is $1 - (32 - 2d)^2 / 32^2$",
        all(np.isclose(seen_to_differ(d, "zeros"), framed(d)) for d in deep),
    )
    page.prints("for d in DEPTHS:", *(f"{d} layers: {framed(d):.1%}" for d in DEPTHS))
    blank = [seen_to_differ(8, mode) for mode in MODES if mode != "zeros"]
    page.says("The other three leave nothing", blank == [0, 0, 0])
    own = np.arange(1.0, 10).reshape(3, 3)
    others = [mode for mode in MODES.values() if mode != "constant"]
    page.says(
        "They fill the border with numbers of the image itself, and on a blank wall those are all "
        "the same grey",
        all(np.isin(np.pad(own, 1, mode=mode), own).all() for mode in others)
        and not np.isin(np.pad(own, 1), own).all()
        and all((np.pad(wall().numpy()[0, 0], 1, mode=mode) == 0.5).all() for mode in others),
    )
    page.says(
        "Zeros around an image look like an edge, and the edge walks one cell inwards with every "
        "3×3 layer",
        grows and [reach_of_the_border(d) for d in deep] == list(deep),
    )
    page.says("Other paddings leave no frame on a blank wall", blank == [0, 0, 0])


def cells_out(depth):
    """How many cells to the left the middle of the last map reads, by its gradient."""
    image = torch.rand(1, 1, SIDE, SIDE, requires_grad=True)
    found = image
    for weight, bias in weights(depth):
        found = nn.functional.conv2d(found, weight, bias, padding=1)
    found[0, :, 16, 16].sum().backward()
    return 16 - int(image.grad[0, 0].any(0).nonzero().min())


def probing(page):
    random = torch.Generator().manual_seed(1)
    fit, test = torch.rand(2, 10, 1, SIDE, SIDE, generator=random)
    rows = np.arange(SIDE)
    guessing = np.abs(rows - rows.mean()).mean()
    off = {mode: [rows_off(depth, mode, fit, test) for depth in DEPTHS] for mode in MODES}
    page.says(
        "A frame is a clue: near it, you are near the border",
        all(((shades(d) > 1e-5).numpy() == (to_border(SIDE) < d)).all() for d in DEPTHS),
    )
    page.labels("where everything else changes", "Take the numbers of all maps at one place")
    page.says(
        "The formula is fitted on some images, and then tried on others that it has never seen",
        torch.equal(page.names["fit"], fit)
        and torch.equal(page.names["test"], test)
        and not any(torch.equal(one, other) for one in fit for other in test),
    )
    page.says(
        "Here the images are pure noise, so the images themselves hold no hint",
        abs(off_by_pixels(fit, test) - guessing) < 0.05
        and abs(np.corrcoef(fit.numpy()[0, 0])[np.triu_indices(SIDE, 1)].mean()) < 0.05,
    )
    wrong = [np.abs(rows - guess).mean() for guess in rows]
    page.says(
        "The rows go from 0 to 31. If you know nothing, guess the middle each time",
        (rows.min(), rows.max()) == (0, 31)
        and np.flatnonzero(np.isclose(wrong, min(wrong))).tolist() == [15, 16]
        and np.isclose(min(wrong), guessing),
    )
    page.prints(
        "random = torch.Generator().manual_seed(1)",
        f"guessing the middle: {guessing:.1f} rows off",
        f"{'layers':<10}" + "".join(f"{depth:>6}" for depth in DEPTHS),
        *(f"{m:<10}" + "".join(f"{error:>6.1f}" for error in off[m]) for m in MODES),
    )
    same_images = rows_off(8, "zeros", fit, fit)
    page.says(
        "The probe's mean error on new images, in rows",
        all(np.allclose(page.names["off"][mode], off[mode], atol=1e-3) for mode in MODES)
        and abs(page.names["off"]["zeros"][-1] - off["zeros"][-1]) < 1e-3
        and abs(page.names["off"]["zeros"][-1] - same_images) > 2e-3,
    )
    page.says(
        "With zeros, the probe gets better with every doubling of the depth, because the border "
        "reaches further in",
        sorted(off["zeros"], reverse=True) == off["zeros"]
        and off["zeros"][0] < guessing
        and [seen_to_differ(d, "zeros") for d in DEPTHS]
        == sorted(seen_to_differ(d, "zeros") for d in DEPTHS)
        and [2 * d for d in DEPTHS[:-1]] == list(DEPTHS[1:]),
    )
    page.says(
        "With the other three it stays where guessing is",
        all(abs(e - guessing) < 0.05 for m in MODES if m != "zeros" for e in off[m]),
    )
    page.says(
        "So the maps of a network that pads with zeros say where they are, trained or not",
        off["zeros"][-1] < guessing - 1,
    )
    convolutions = page.names["network"](4, "zeros")[::2]
    page.says(
        "And this network is untrained: nobody asked it to find out where it is",
        all(
            torch.equal(layer.weight, weight) and layer.weight.grad is None
            for layer, (weight, _) in zip(convolutions, weights(4), strict=True)
        ),
    )
    page.cites(
        "Networks trained on photos have been probed like this, and their maps hold much of the "
        "position; zero padding is where it comes from",
        ISLAM,
    )


def off_by_pixels(fit, test):
    """The mean error of a linear formula that guesses the row from the pixel itself."""
    lines = [
        np.stack([images.numpy().ravel(), np.ones(images.numel())], 1) for images in (fit, test)
    ]
    rows = np.tile(np.repeat(np.arange(SIDE), SIDE), 10)
    formula = np.linalg.lstsq(lines[0], rows, rcond=None)[0]
    return np.abs(lines[1] @ formula - rows).mean()


def dots(page):
    bright = torch.eye(256).reshape(-1, 1, 16, 16)
    changed, unlike, corner = {}, {}, {}
    for mode in MODES:
        averages = maps(4, mode, bright).mean((2, 3))
        middle = averages[8 * 16 + 8]
        far = (averages - middle).abs().amax(1) / middle.abs().max()
        changed[mode], unlike[mode] = int((far > 1e-4).sum()), (far > 1e-4).reshape(16, 16)
        corner[mode] = averages[0]
    page.labels("One dot, everywhere", "Put a single bright dot on black")
    page.labels("For which of the four ways to pad are they the same?")
    wall_passes = [mode for mode in MODES if seen_to_differ(4, mode) == 0]
    page.says(
        "There is a stricter test",
        len(wall_passes) == 3 and sum(changed[mode] == 0 for mode in wall_passes) == 1,
    )
    found = maps(4, "zeros", bright[:1])
    page.says(
        "and average each map over all its places, as [global average pooling] does",
        torch.allclose(nn.AdaptiveAvgPool2d(1)(found)[..., 0, 0], found.mean((2, 3)), atol=1e-6)
        and ".mean((2, 3))" in page.run.lesson.code[page.cell("dots = torch.eye")].source,
    )
    follows = [found.roll(divmod(n, 16), (2, 3)).mean((2, 3)) for n in range(256)]
    page.says(
        "If the network does not care where the dot is, the averages must be the same for all 256 "
        "positions",
        len(bright) == len(follows) == 256
        and all(torch.allclose(one, follows[0], atol=1e-6) for one in follows),
    )
    page.prints(
        "dots = torch.eye(256).reshape(256, 1, 16, 16)",
        *(f"{m:<10} {n:>3} of 256 positions give other averages" for m, n in changed.items()),
    )
    only = [mode for mode, count in changed.items() if not count] == ["circular"]
    page.says("but only circular padding has no border at all", only)
    row = np.pad(np.arange(4), 1, mode="wrap")
    page.says(
        "Only circular padding passes. It has no border: what leaves on the right comes in again "
        "on the left",
        only and row.tolist() == [3, 0, 1, 2, 3, 0],
    )
    others = [mode for mode in MODES if mode != "circular"]
    page.says(
        "The others treat a dot near the border differently, each in its own way, even `replicate` "
        "and `reflect`, which left no frame on the wall",
        all(unlike[mode][to_border(16) < 4].all() and not unlike[mode][8, 8] for mode in others)
        and not any(
            torch.allclose(corner[one], corner[two], rtol=0.01)
            for one in others
            for two in others
            if one != two
        )
        and all(seen_to_differ(4, mode) == 0 for mode in ("replicate", "reflect")),
    )
    page.says(
        'So "a CNN does not care where a thing is" needs two conditions. The stride has to be 1, '
        "as [invariance and equivariance] shows, and there must be no border in sight",
        follows_a_shift(1, "circular")
        and not follows_a_shift(2, "circular")
        and not follows_a_shift(1, "zeros")
        and "at stride 1" in source("local-invariance").lower(),
    )
    page.says(
        "In deep networks the border is in sight almost everywhere",
        framed(15) > 0.95 and np.isclose(seen_to_differ(8, "zeros"), framed(8)),
    )
    page.cites("so trained networks can and do use absolute positions", KAYHAN)
    page.aside(
        "Keep zeros by default, because most tasks gain from a hint of where the sky is, and they "
        "cost nothing. Think again when position must not matter, as for textures, cells under a "
        "microscope or maps that wrap around: then pad with `reflect` or `circular`, or do not pad "
        "at all",
        why="it is marked as an opinion",
    )


def follows_a_shift(stride, mode):
    """Whether a layer's map holds the same numbers when its random input moves by one pixel."""
    layer = nn.Conv2d(1, 1, 3, stride=stride, padding=1, padding_mode=mode)
    image = torch.rand(1, 1, 8, 8)
    here, there = (layer(image.roll(n, 3)).detach().flatten().sort()[0] for n in (0, 1))
    return torch.allclose(here, there, atol=1e-5)


def exercises(page):
    page.labels("Predict first", "Then open the answer")
    page.labels("Three layers of 3×3, padded with zeros, on a blank wall of 32×32")
    page.labels("What percentage of the cells differs from the middle?", "How many cells differ?")
    page.labels("How many cells of the output differ from its middle?", "out of the border's reach")
    page.says("34.0%. The middle has a side of 26", f"{seen_to_differ(3, 'zeros'):.1%}" == "34.0%")
    page.says("676 of 1,024 cells are 66.0%", (26**2, f"{1 - framed(3):.1%}") == (676, "66.0%"))
    page.answers(1, ("34.0%", 34.0))
    page.labels("One layer of 5×5 with `padding=2`, on the same wall")
    two = SIDE**2 - (SIDE - 4) ** 2
    page.says(
        "240. The frame is two cells wide, as after two layers of 3×3: 1,024 − 784",
        two == 240 and np.isclose(seen_to_differ(2, "zeros"), two / SIDE**2),
    )
    page.answers(2, "240")
    page.labels("Four layers of 3×3 with no padding at all")
    bare = wall()
    for weight, bias in weights(4):
        bare = nn.functional.conv2d(bare, weight, bias)
    page.says("None: 0. Every window lies inside the wall", float(bare.std((2, 3)).max()) < 1e-6)
    page.says("The map is 24×24 now; that is the price", bare.shape[2:] == (24, 24) < (SIDE, SIDE))
    page.answers(3, "0")
    page.labels("After how many padded 3×3 layers is no cell of a 32×32 map")
    page.says(
        "After 16. Each layer takes one ring, and a side of 32 has 16 rings",
        [out_of_reach(layers) for layers in (0, 1, 2, 15, 16)] == [1024, 900, 784, 4, 0],
    )
    page.answers(4, "16")
    page.prints("def differ(layers):", f"{framed(3):.1%}", f"{two} 0 (24, 24)", "16")


def out_of_reach(layers):
    """How many cells no padding has reached, when each window passes on what it has seen."""
    reached = torch.zeros(1, 1, SIDE, SIDE)
    for _ in range(layers):
        reached = nn.functional.max_pool2d(nn.functional.pad(reached, (1,) * 4, value=1.0), 3, 1)
    return int((reached == 0).sum())


def ending(page):
    padding, fields = (source(name) for name in ("padding", "receptive-fields"))
    page.says(
        "How to set each way of padding, and what it does to the numbers, is in [padding]",
        all(mode in padding for mode in MODES) and "padding_mode=mode" in padding,
    )
    page.says(
        "How far a network sees, and so from how far the border is felt, is in [receptive fields]",
        "**receptive field**" in fields and 1 + 2 * 8 == 2 * reach_of_the_border(8) + 1,
    )
    page.cites("That trained networks hold positions is a finding of", ISLAM)
    page.cites("and that they use them one of", KAYHAN)
    page.aside("The words and the measurements are our own", why="where this course comes from")


def reach_of_the_border(depth):
    """How many cells from the border the wall's maps still differ, after so many layers."""
    return int((shades(depth)[16] > 1e-5)[:16].sum())
