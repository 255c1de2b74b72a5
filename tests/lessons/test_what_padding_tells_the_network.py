"""lessons/what-padding-tells-the-network.py: padded by numpy, counted by rings, fitted by numpy."""

from functools import cache

import numpy as np
import torch
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
    page.labels("Take the numbers of all maps at one place", "and that they use them one of")
    page.complete()


def frames(page):
    drawn = page.drawing("padding-tells-frames")
    same = [axes["title"] for axes in drawn] == ["1 layer", "2 layers", "4 layers", "8 layers"]
    for axes, depth in zip(drawn, DEPTHS, strict=True):
        found = maps(depth, "zeros", wall())[0]
        far = (found - found[:, 16:17, 16:17]).norm(dim=0)
        same &= np.allclose(
            axes["images"], [np.log10(np.clip(far / far.max(), 1e-5, 1))], atol=1e-2
        )
    page.plots("padding-tells-frames", same)
    page.says("Every pixel is the same", page.names["wall"].unique().numel() == 1)
    page.says(
        "Four square maps of 32 by 32, for 1, 2, 4 and 8 layers",
        [np.shape(axes["images"]) for axes in drawn] == [(1, SIDE, SIDE)] * 4,
    )
    widths = [round(SIDE * (1 - (1 - seen_to_differ(d, "zeros")) ** 0.5) / 2) for d in DEPTHS]
    page.says("the frame grows wider from map to map", widths == [1, 2, 4, 8])
    page.says("after 1, 2, 4 and 8 layers that pad with zeros", widths == [1, 2, 4, 8])
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
    page.labels("One window shows why")
    page.labels("until a convolution pads it with zeros", "convolutions that pad with zeros")
    page.labels("A window that hangs over the border sees zeros")
    page.labels("Choose between zeros and the other ways to pad")


def how_far(page):
    page.says("One padded 3×3 layer spoils a frame one cell wide", framed(1) == 124 / 1024)
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
    grows = [round(framed(d) * 1024) for d in range(1, 9)]
    rings = [SIDE**2 - (SIDE - 2 * d) ** 2 for d in range(1, 9)]
    page.says("With zeros, the frame grows by one cell a layer", grows == rings)
    page.says("because each window reads one cell further out than the last", grows == rings)
    page.says(
        "the untouched middle has a side of $32 - 2d$, so the share of the rest is "
        "$1 - (32 - 2d)^2 / 32^2$",
        all(np.isclose(seen_to_differ(d, "zeros"), framed(d)) for d in DEPTHS),
    )
    page.prints("for d in DEPTHS:", *(f"{d} layers: {framed(d):.1%}" for d in DEPTHS))
    blank = [seen_to_differ(8, mode) for mode in MODES if mode != "zeros"]
    page.says("The other three leave nothing", blank == [0, 0, 0])
    page.says(
        "Zeros around an image look like an edge, and the edge walks one cell inwards with every "
        "3×3 layer",
        grows == rings,
    )
    page.says("Other paddings leave no frame on a blank wall", blank == [0, 0, 0])


def probing(page):
    random = torch.Generator().manual_seed(1)
    fit, test = torch.rand(2, 10, 1, SIDE, SIDE, generator=random)
    rows = np.arange(SIDE)
    guessing = np.abs(rows - rows.mean()).mean()
    off = {mode: [rows_off(depth, mode, fit, test) for depth in DEPTHS] for mode in MODES}
    page.labels("on others that it has never seen", "where everything else changes")
    page.says("The rows go from 0 to 31", (rows.min(), rows.max()) == (0, 31))
    page.labels("guess the middle each time")
    page.prints(
        "random = torch.Generator().manual_seed(1)",
        f"guessing the middle: {guessing:.1f} rows off",
        f"{'layers':<10}" + "".join(f"{depth:>6}" for depth in DEPTHS),
        *(f"{m:<10}" + "".join(f"{error:>6.1f}" for error in off[m]) for m in MODES),
    )
    page.says(
        "With zeros, the probe gets better with every doubling of the depth",
        sorted(off["zeros"], reverse=True) == off["zeros"] and off["zeros"][0] < guessing,
    )
    page.says(
        "With the other three it stays where guessing is",
        all(abs(e - guessing) < 0.05 for m in MODES if m != "zeros" for e in off[m]),
    )
    page.says(
        "So the maps of a network that pads with zeros say where they are, trained or not",
        off["zeros"][-1] < guessing - 1,
    )
    page.cites("their maps hold much of the position; zero padding is where it comes from", ISLAM)


def dots(page):
    bright = torch.eye(256).reshape(-1, 1, 16, 16)
    changed = {}
    for mode in MODES:
        averages = maps(4, mode, bright).mean((2, 3))
        middle = averages[8 * 16 + 8]
        far = (averages - middle).abs().amax(1) / middle.abs().max()
        changed[mode] = int((far > 1e-4).sum())
    page.labels("One dot, everywhere", "Put a single bright dot on black", "For which of the four")
    page.says("for all 256 positions", len(bright) == 256)
    page.prints(
        "dots = torch.eye(256).reshape(256, 1, 16, 16)",
        *(f"{m:<10} {n:>3} of 256 positions give other averages" for m, n in changed.items()),
    )
    only = [mode for mode, count in changed.items() if not count] == ["circular"]
    page.says("Only circular padding passes", only)
    page.says("but only circular padding has no border at all", only)
    row = np.pad(np.arange(4), 1, mode="wrap")
    page.says(
        "what leaves on the right comes in again on the left", row.tolist() == [3, 0, 1, 2, 3, 0]
    )
    line = torch.zeros(1, 1, 1, 8)
    line[..., 2] = 1
    strided = [nn.functional.max_pool1d(torch.roll(line[0, 0], n, 1), 1, 2) for n in (0, 1)]
    page.says(
        "needs two conditions. The stride has to be 1",
        strided[0].sum() != strided[1].sum() and only,
    )
    page.cites("trained networks can and do use absolute positions", KAYHAN)
    page.labels("Keep zeros by default, because most tasks gain from", "they cost nothing")


def exercises(page):
    page.labels("Predict first. Then open the answer")
    page.labels("Three layers of 3×3, padded with zeros, on a blank wall of 32×32")
    page.says("34.0%. The middle has a side of 26", f"{framed(3):.1%}" == "34.0%")
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
    page.says("The map is 24×24 now", bare.shape[2:] == (24, 24))
    page.answers(3, "0")
    page.labels("After how many padded 3×3 layers is no cell of a 32×32 map")
    page.says(
        "After 16. Each layer takes one ring, and a side of 32 has 16 rings",
        framed(16) == 1 > framed(15),
    )
    page.answers(4, "16")
    page.prints("def differ(layers):", f"{framed(3):.1%}", f"{two} 0 (24, 24)", "16")
