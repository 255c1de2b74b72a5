"""lessons/skips-and-shapes.py: sizes by arithmetic, places by gradients, torch's own messages."""

import math
import re
import textwrap
import warnings
from unittest import mock

import numpy as np
import pytest
import torch
from lesson_run import told_in
from portrait import portrait
from torch import nn
from torch.nn import functional as F

from slidingwindows import slide

PADDING_TELLS = "what-padding-tells-the-network"
ELSEWHERE = {"output-size": r"\lfloor", "error-messages": "**What to do.**"}
LARGE = torch.rand(1, 4, 64, 64)
UNET, RESNET_D = "https://arxiv.org/abs/1505.04597", "https://arxiv.org/abs/1812.01187"


def there_and_back(size, levels):
    """Whether each halving comes out even, so that each doubling meets what was kept."""
    return all(size // 2**n % 2 == 0 for n in range(levels))


def crops(size, levels=4):
    """The sizes of the paper: (small, doubled, kept) of each level, and what comes out."""
    kept = []
    for _ in range(levels):
        kept.append(size - 4)
        size = kept[-1] // 2
    size -= 4
    found = []
    for before in reversed(kept):
        found.append((size, 2 * size, before))
        size = 2 * size - 4
    return found, size


def message(call):
    with pytest.raises(RuntimeError) as caught:
        call()
    return str(caught.value)


def test_every_claim(page):
    the_error(page)
    which_sizes(page)
    four_ways(page)
    layers_that_pad(page)
    adding(page)
    shortcuts(page)
    seeing(page)
    exercises(page)
    docstrings(page)
    page.complete()


def docstrings(page):
    names, x = page.names, torch.rand(1, 8, 6, 6)
    enlarged = F.conv_transpose2d(
        x.unfold(2, 2, 2).unfold(3, 2, 2).amax((4, 5)), names["up"].weight, names["up"].bias, 2
    )
    page.says(
        "Down, up, and side by side with what was there before",
        torch.equal(names["join"](x)[:, :8], x)
        and torch.allclose(names["join"](x)[:, 8:], enlarged, atol=1e-6),
    )
    down, up = ["3×3", "pool"], ["up", "join", "3×3"]
    page.says(
        "A 3×3 convolution before each pool, at the bottom, and after each join with what was kept",
        all(walked(names["UNet"](n)) == down * n + ["3×3"] + up * n for n in (1, 2, 3))
        and all(agree for _, agree in joined(names["UNet"](3))),
    )
    kernel = torch.ones(1, 1, 3, 3)
    page.says(
        "The side that two unpadded 3×3 convolutions leave",
        all(
            names["twice"](n) == F.conv2d(F.conv2d(torch.ones(1, 1, n, n), kernel), kernel).shape[3]
            for n in (5, 8, 13)
        ),
    )
    page.says(
        "The share of a 64×64 output that changes when zeros give way to copies of the edge",
        math.isclose(names["changed"](1), padding_shows(page, 1), rel_tol=1e-5),
    )
    row = torch.arange(1.0, 6).view(1, 1, 1, 5)
    page.says(
        "Whether the layer can put so many numbers before a row of 5",
        all(
            names["takes"](layer, n) == (most_taken(layer) is None or n <= most_taken(layer))
            for layer in names["LAYERS"]
            for n in range(8)
        )
        and all(
            torch.equal(layer((3, 0, 0, 0))(row)[..., 3:], row)  # before, not behind
            for layer in names["LAYERS"]
        )
        and torch.equal(names["row"], row),
    )
    slopes = torch.rand(4, 1, 5, 5) - 0.5
    share, pixels = names["sharpness"](lambda x: F.conv2d(x, slopes, padding=2, groups=4))
    near = slopes[..., 1:4, 1:4].abs().sum() / slopes.abs().sum()
    page.says(
        "The gradient's share on the 3×3 pixels around the output, and how many pixels it reaches",
        math.isclose(share, near, rel_tol=1e-5) and pixels == 25,
    )


def walked(net):
    """What a U-Net does, step by step."""
    steps = []
    for layer in net.modules():
        if isinstance(layer, nn.ConvTranspose2d):
            layer.register_forward_hook(lambda *_: steps.append("up"))
        elif isinstance(layer, nn.Conv2d):
            name = "×".join(map(str, layer.kernel_size))
            layer.register_forward_hook(lambda *_, name=name: steps.append(name))
    pool, join = F.max_pool2d, torch.cat
    with (
        mock.patch(
            "torch.nn.functional.max_pool2d", lambda *a: (steps.append("pool"), pool(*a))[1]
        ),
        mock.patch("torch.cat", lambda *a: (steps.append("join"), join(*a))[1]),
    ):
        net(torch.rand(1, 4, 16, 16))
    return steps


def the_error(page):
    odd = torch.rand(1, 8, 25, 25)
    small = nn.MaxPool2d(2)(odd)
    doubled = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
    said = message(lambda: torch.cat([odd, doubled], dim=1))
    page.prints("down, up = nn.MaxPool2d(2)", (1, 16, 24, 24), textwrap.fill(said, 66))
    page.says(
        'Why "Sizes of tensors must match" comes from an odd number, which input sizes a U-Net '
        "takes, and four ways to make the others fit",
        said.startswith("Sizes of tensors must match")
        and all(there_and_back(side, 1) == (side % 2 == 0) for side in range(2, 30))
        and all(made_to_fit(25)),
    )
    page.says(
        "A network such as the U-Net keeps a map for later. It shrinks it, works on what is left, "
        "enlarges it again, and then joins both: what was seen in detail with what was understood "
        "at large. The way around is called a **skip**.",
        joined(page.names["UNet"](3)) == [(16, True), (32, True), (64, True)],
    )
    join = page.names["join"]
    page.says(
        "It works until somebody brings an image of another size",
        join(torch.rand(1, 8, 24, 24)).shape[2] == 24
        and message(lambda: join(torch.rand(1, 8, 25, 25))) == said,
    )
    page.says(
        "The message blames the joining, but the joining is innocent",
        "Sizes of tensors must match" in said and torch.cat([odd, odd], dim=1).shape[1] == 16,
    )
    page.says(
        "25 rows went down to 12, because a pool rounds down, and 12 went up to 24",
        (small.shape[2], doubled.shape[2]) == (12, 24),
    )
    page.says(
        "One row was lost on the way, and it is missed at the end",
        odd.shape[2] - doubled.shape[2] == 1 and "Expected size 25 but got size 24" in said,
    )
    page.labels("Make the other sizes fit, in four ways", "and cut with a negative padding")
    page.labels("Build a residual block whose shapes agree")


def joined(net):
    """For each join its size, and whether what was kept saw less than what came up."""
    x = torch.rand(1, 4, 64, 64, requires_grad=True)
    with mock.patch("torch.cat", wraps=torch.cat) as cat:
        net(x)
    found = []
    for call in cat.call_args_list:
        kept, up = call.args[0]
        middle = kept.shape[2] // 2
        near, far = (
            torch.autograd.grad(map_[0, :, middle, middle].sum(), x, retain_graph=True)[0].ne(0)
            for map_ in (kept, up)
        )
        found.append((kept.shape[2], kept.shape == up.shape and bool(near.sum() < far.sum())))
    return found


def made_to_fit(side):
    """Whether each of the four ways joins a map of this side with itself, down and up."""
    x, up = torch.rand(1, 2, side, side), nn.ConvTranspose2d(2, 2, 2, stride=2)
    wide = F.pad(x, (0, side % 2, 0, side % 2))
    back = up(F.max_pool2d(x, 2))
    pairs = [
        (wide, up(F.max_pool2d(wide, 2))),
        (x, up(F.max_pool2d(x, 2), output_size=x.shape[2:])),
        (x, F.interpolate(back, size=x.shape[2:])),
        (F.pad(x, (-(side % 2), 0) * 2), back),
    ]
    return [torch.cat(pair, dim=1).shape[1] == 4 for pair in pairs]


def which_sizes(page):
    page.labels("A U-Net halves its maps three times and doubles them three times")
    page.labels("Which sizes from 16 to 40 get through?")
    fits = {n: [size for size in range(16, 41) if there_and_back(size, n)] for n in (1, 2, 3)}
    page.prints("class UNet(nn.Module):", *(f"{n} {sizes}" for n, sizes in fits.items()))
    eights = [size for size in range(16, 41) if size % 8 == 0]
    page.says(
        "With three levels only 16, 24, 32 and 40 pass: the multiples of 8",
        fits[3] == eights == [16, 24, 32, 40],
    )
    rule = all(there_and_back(s, n) == (s % 2**n == 0) for n in range(1, 6) for s in range(1, 99))
    page.says(
        "Each halving must come out even, so the size has to be a multiple of $2^n$ for $n$ levels",
        rule,
    )
    page.says("A network that halves $n$ times and joins its maps takes multiples of $2^n$", rule)


def four_ways(page):
    net = page.names["net"]
    page.labels("Four ways to make it fit", "**Pad first, crop last.**")
    padded = tuple(page.names["wide"].shape[2:])
    page.says(
        "Bring the image to the next multiple of 8, and cut the result back",
        page.output("net = UNet(3)").endswith("-> (37, 50)")
        and padded == tuple(next(n for n in range(side, 99) if n % 8 == 0) for side in (37, 50)),
    )
    wide = F.pad(torch.rand(1, 4, 37, 50), (0, 6, 0, 3))
    out = tuple(net(wide)[..., :37, :50].shape[2:])
    page.prints("net = UNet(3)", f"{tuple(wide.shape[2:])} -> {out}")
    page.says("Nothing inside the network changes", repr(net) == repr(page.names["UNet"](3)))
    image = page.names["image"]
    answers = [
        net(F.pad(image, (0, 6, 0, 3), mode=mode))[..., :37, :50]
        for mode in ("constant", "reflect")
    ]
    page.says(
        "The padding is seen by the network, so choose it with care; [what padding tells the "
        "network] says why",
        not torch.allclose(*answers, atol=1e-3)
        and told_in(PADDING_TELLS, "the frame grows by one cell a layer"),
    )
    filled = F.pad(torch.ones(1, 1, 5, 5), (1, 2, 3, 4))[0, 0]
    page.says(
        "left, right, top, bottom",
        (filled.any(0).tolist(), filled.any(1).tolist())
        == ([False] + [True] * 5 + [False] * 2, [False] * 3 + [True] * 5 + [False] * 4),
    )
    odd = torch.rand(1, 8, 25, 25)
    up = nn.ConvTranspose2d(8, 8, 2, stride=2, output_padding=1)
    page.prints("odd = torch.rand(1, 8, 25, 25)", tuple(up(nn.MaxPool2d(2)(odd)).shape))
    small, asked = torch.rand(1, 8, 12, 12), nn.ConvTranspose2d(8, 8, 2, stride=2)
    worked_out = [
        torch.equal(
            asked(small, output_size=(side, side)),
            F.conv_transpose2d(small, asked.weight, asked.bias, 2, output_padding=side - 24),
        )
        for side in (24, 25)
    ]
    page.says(
        "A transposed convolution takes the size that it shall return to, and works out the "
        "`output_padding` itself",
        all(worked_out),
    )
    any_size = all(
        F.interpolate(odd, size=(n, 31 - n)).shape[2:] == (n, 31 - n) for n in range(1, 31)
    )
    page.prints("print(tuple(F.interpolate(up(down(odd))", tuple(odd.shape))
    stretched = F.interpolate(torch.arange(24.0).view(1, 1, 24), size=25)[0, 0]
    twice = [
        row for row, count in zip(*stretched.unique(return_counts=True), strict=True) if count > 1
    ]
    page.says(
        "`F.interpolate` makes any size of any other. It stretches a little: 24 rows become 25, so "
        "one row comes twice",
        any_size and len(twice) == 1 and stretched.unique().numel() == 24,
    )
    page.cites("**Crop what was kept.** The first U-Net did so", UNET)
    cut = odd[:, :, 1:, 1:]
    page.says("Negative padding is a crop", torch.equal(F.pad(odd, (-1, 0, -1, 0)), cut))
    page.prints("print(tuple(F.pad(odd, (-1, 0, -1, 0)).shape))", tuple(cut.shape))
    levels, out = crops(572)
    page.cites(
        "It does not pad its convolutions at all, so its maps shrink everywhere, and it cuts the "
        "middle out of what it kept",
        UNET,
    )
    page.says(
        "You can check it without any weights or memory, because on torch's `meta` device tensors "
        "have shapes and nothing else",
        nothing_but_shapes(),
    )
    page.says("That paper puts 572 rows in and gets 388 out", out == 388)
    page.prints(
        "def twice(size):",
        *(
            f"{a} doubles to {b}; what was kept has {kept}, so {kept - b} go"
            for a, b, kept in levels
        ),
        f"comes out: {out}",
    )
    page.says(
        "Pad and crop, ask for the size, resize, or crop what was kept: each makes other sizes fit",
        len(made_to_fit(25)) == 4 and all(made_to_fit(25)),
    )
    cropping(page, levels)


def nothing_but_shapes():
    """On the meta device a layer has no weights to read, and a tensor of exabytes no memory."""
    huge = torch.empty(10**6, 10**6, 10**6, device="meta")
    weight = nn.Conv2d(1, 1, 3, device="meta").weight
    with pytest.raises(NotImplementedError):
        weight.tolist()
    return huge.shape == (10**6,) * 3 and huge.data_ptr() == weight.data_ptr() == 0


def marked(size, levels, padding):
    """A row of zeros through a U-Net that pads with NaN: NaN is what was made of padding."""
    ones = torch.ones(1, 1, 3)

    def convolved(x):
        return F.conv1d(F.pad(x, (padding, padding), value=math.nan), ones)

    x, kept = torch.zeros(1, 1, size), []
    for _ in range(levels):
        kept.append(convolved(x))
        x = F.max_pool1d(kept[-1], 2)
    x = convolved(x)
    for before in reversed(kept):
        x = x.repeat_interleave(2, -1)
        cut = (before.shape[-1] - x.shape[-1]) // 2
        x = convolved(before[..., cut : cut + x.shape[-1]] + x)
    return x[0, 0].isnan().tolist()


def cropping(page, levels):
    drawn, found = page.drawing("skips-crops"), []
    for axes, (_, part, whole) in zip(drawn, levels, strict=True):
        (*_, width, height), (x, y, *inner) = axes["bars"]
        found.append((width, height) == (1, 1) and axes["title"] == f"{part} of {whole}")
        found.append(np.allclose(inner, part / whole) and np.allclose(inner[0] + 2 * x, 1))
        found.append(x == y)
        # Side by side they are narrow, and have room for fewer ticks across than down.
        found.append(len(axes["xticks"]) < len(axes["yticks"]))
    page.plots("skips-crops", all(found) and len(found) == 16)
    shares = [part / whole for _, part, whole in levels]
    page.says(
        "Four squares, one for each map that was kept, with the part in the middle that is left "
        "after the crop",
        all(found),
    )
    page.says(
        "The part shrinks from most of the first square, 56 of 64 rows, to less than half of the "
        "last, 392 of 568",
        sorted(shares, reverse=True) == shares
        and (levels[0][1:], levels[-1][1:]) == ((56, 64), (392, 568))
        and shares[0] ** 2 > 0.75 > 0.5 > shares[-1] ** 2,
    )
    page.says(
        "What the crop leaves of each map, from the smallest map to the largest",
        [whole for *_, whole in levels] == sorted(whole for *_, whole in levels),
    )
    parts, wholes = [part for _, part, _ in levels], [whole for *_, whole in levels]
    down = all(big // 2 - 4 == small for small, big in zip(wholes[:-1], wholes[1:], strict=True))
    page.says(
        "Grey goes down with the pool, but not across the skip",
        down and all(part < whole for part, whole in zip(parts, wholes, strict=True)),
    )
    page.says(
        "Of the largest map, 392 × 392 of 568 × 568 places go across the skip. That is less than "
        "half, and the rest is used on the way down only",
        down and levels[-1][1:] == (392, 568) and 2 * levels[-1][1] ** 2 < levels[-1][2] ** 2,
    )
    cropped, padded = ([marked(64, n, p) for n in (1, 2, 3)] for p in (0, 1))
    clean = not any(map(any, cropped)) and all(len(row) < 64 for row in cropped)
    full = [len(row) for row in padded] == [64] * 3 and all(map(any, padded))
    page.labels("So crop or pad?", "How many?")
    page.says(
        "With crops no number is ever made of padding, but the border of the image gets no answer",
        clean and crops(572)[1] < 572,
    )
    page.says(
        "With padding every pixel gets one, but some of the answers depend on numbers that nobody "
        "photographed",
        full and page.names["net"](LARGE).shape == LARGE.shape,
    )
    shares = {n: padding_shows(page, n) for n in (1, 2, 3)}
    page.labels("Change only the way of padding, and see which answers change")
    page.prints(
        "def changed(levels):",
        *(f"levels={n}: {share:.0%} of the answers change" for n, share in shares.items()),
    )
    page.says("With three levels nearly all of them do", shares[3] > 0.9)
    page.says("Only a crop keeps the answers free of padding", clean and min(shares.values()) > 0)
    page.says(
        "A crop reads real pixels only and leaves the border without an answer. Padding answers "
        "everywhere, with numbers that were not photographed",
        clean and full,
    )


def padding_shows(page, levels):
    """The share of places whose answer depends on the padding, which is put there by hand."""
    torch.manual_seed(0)
    net, x = page.names["UNet"](levels).requires_grad_(False), torch.rand(1, 4, 64, 64)

    def convolved(layer, x, mode):
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode=mode), layer.weight, layer.bias)

    def answered(x, mode):
        kept = []
        for layer in net.before:
            kept.append(convolved(layer, x, mode))
            x = F.max_pool2d(kept[-1], 2)
        x = convolved(net.bottom, x, mode)
        for up, after in zip(net.ups, net.after, strict=True):
            x = convolved(after, torch.cat([kept.pop(), up(x)], 1), mode)
        return x

    apart = (answered(x, "constant") - answered(x, "replicate")).abs()
    return float((apart > 1e-6).any(1).float().mean())


WAYS = {  # numpy's names for what four layers of torch do
    "ZeroPad2d": "constant",
    "ReplicationPad2d": "edge",
    "ReflectionPad2d": "reflect",
    "CircularPad2d": "wrap",
}
ROW = np.arange(1, 6)


def line(name, numbers):
    return f"{name:<16} {' '.join(map(str, numbers))}"


def layers_that_pad(page):
    page.labels("Choose among four layers that pad", "Layers that pad", "## Negative padding")
    image = torch.arange(25.0).view(1, 1, 5, 5)
    sided = [
        np.array_equal(getattr(nn, name)(pads)(image)[0, 0], np.pad(image[0, 0], by, mode=way))
        for pads, by in (((1, 2, 3, 4), ((3, 4), (1, 2))), (2, 2))
        for name, way in WAYS.items()
    ]
    page.says(
        "Each takes four numbers for left, right, top and bottom, or one number for all of them",
        len(sided) == 8 and all(sided),
    )
    page.says(
        "`F.pad` is a function, and an `nn.Sequential` wants layers. So there is a layer for each "
        "way to pad",
        callable(F.pad)
        and not isinstance(F.pad, nn.Module)
        and not_a_layer(F.pad)
        and all(issubclass(layer, nn.Module) for layer in page.names["LAYERS"]),
    )
    page.labels("A row holds 1, 2, 3, 4, 5 and gets two more numbers at each end")
    page.labels("What are they, for each of the four layers?")
    wide = {name: np.pad(ROW, 2, mode=way) for name, way in WAYS.items()}
    page.prints("LAYERS = (", *(line(*one) for one in wide.items()))
    page.says("Replication repeats the last number", {*wide["ReplicationPad2d"][-2:]} == {5})
    page.says(
        "Reflection is a mirror that stands *on* the last number, so that one does not come twice",
        wide["ReflectionPad2d"][-4:].tolist() == [4, 5, 4, 3],
    )
    page.says(
        "Circular padding comes in again from the other side",
        wide["CircularPad2d"].tolist() == [4, 5, 1, 2, 3, 4, 5, 1, 2],
    )
    page.labels("On a photo:")
    photo, same = portrait(40), []
    drawn = page.drawing("skips-padding-layers")
    for axes, (name, way) in zip(drawn, WAYS.items(), strict=True):
        same.append(np.allclose(axes["images"][0], np.pad(photo, 16, mode=way), atol=1))
        same.append(axes["title"] + "Pad2d" == name and axes["bars"] == [(15.5, 15.5, 40, 40)])
    page.plots("skips-padding-layers", all(same) and len(same) == 8)
    page.says("A portrait in a frame, four times, with more image around the frame", all(same))
    frames = [np.asarray(axes["images"][0]) for axes in drawn]
    page.says(
        "Zero: black. Replication: streaks that carry on the pixels of the edge. Reflection: the "
        "mirrored portrait",
        not frames[0][:16].any()
        and np.ptp(frames[1][:17, 16:-16], 0).max() == 0
        and np.array_equal(frames[2][:16], frames[2][17:33][::-1]),
    )
    sides = [frames[3][:16, 16:-16], frames[3][-16:, 16:-16]]
    sides += [frames[3][16:-16, :16], frames[3][16:-16, -16:]]
    parts = [photo[-16:], photo[:16], photo[:, -16:], photo[:, :16]]
    page.says(
        "Circular: parts of the same portrait again on every side",
        all(np.allclose(side, part, atol=1) for side, part in zip(sides, parts, strict=True)),
    )
    page.says("Four layers that pad a photo of 40×40 by 16 pixels", photo.shape == (40, 40))
    page.says(
        "Only what is in the frame was photographed",
        all(np.allclose(frame[16:-16, 16:-16], photo, atol=1) for frame in frames)
        and {frame.shape for frame in frames} == {(72, 72)},
    )
    jumps = {name: seam(np.pad(photo, 16, mode=way)) for name, way in WAYS.items()}
    inside = max(seam(photo, at) for at in (1, 2))
    page.says(
        "Zeros make an edge that is not in the photo, and so does the circle where one side meets "
        "the other. Copies and mirrors make none",
        [name for name, jump in jumps.items() if jump > inside] == ["ZeroPad2d", "CircularPad2d"],
    )
    fits = {name: most_taken(getattr(nn, name)) for name in WAYS}
    page.says(
        "But a mirror or a circle can run out of numbers",
        [*fits.values()] == [None, None, 4, 5],
    )
    most = {"ReflectionPad2d": ROW.size - 1, "CircularPad2d": ROW.size}
    page.prints(
        "def takes(pad, count):",
        *(f"{name:<16} {f'at most {most[name]}' if name in most else 'any'}" for name in WAYS),
    )
    page.says(
        "A mirror on the last of 5 numbers sees 4 others, and a circle has 5 to give",
        (ROW.size, [*most.values()]) == (5, [4, 5])
        and most == {name: most for name, most in fits.items() if most},
    )
    square = torch.arange(25.0).reshape(5, 5)
    cut = {name: np.pad(ROW[1:], (0, 2), mode=way) for name, way in WAYS.items()}
    page.prints(
        "square = torch.arange(25.0).reshape(1, 1, 5, 5)",
        square[1:4, 1:4],
        *(line(*one) for one in cut.items()),
    )
    inner = [getattr(nn, name)(-1)(image) for name in WAYS]
    page.says(
        "All four layers take negative numbers, and then they cut",
        len(inner) == 4 and all(torch.equal(one, image[..., 1:-1, 1:-1]) for one in inner),
    )
    page.says(
        "One layer can cut at one end and pad at the other. It cuts first",
        cut["CircularPad2d"].tolist() == [2, 3, 4, 5, 2, 3],
    )
    page.says(
        "There is a layer for each way to pad, and a negative padding cuts",
        all(torch.equal(one, image[..., 1:-1, 1:-1]) for one in inner)
        and [layer.__name__ for layer in page.names["LAYERS"]] == [*WAYS],
    )
    chain = nn.Sequential(nn.ZeroPad2d(-1), nn.MaxPool2d(3))
    page.says("So a crop fits into an `nn.Sequential`, too", chain(image).item() == 18)
    page.prints(
        "for layer in (nn.Conv2d(1, 1, 3, padding=-1)",
        "negative padding is not supported",
        "pad must be non-negative, but got pad: -1",
        "5×5 becomes 1×1",
    )
    x = torch.rand(1, 1, 7, 7)
    cut = {}
    for mode in ("reflect", "replicate", "circular"):
        layer = nn.Conv2d(1, 1, 3, padding=-1, padding_mode=mode)
        inside = torch.nn.functional.conv2d(x[..., 1:-1, 1:-1], layer.weight, layer.bias)
        cut[mode] = torch.allclose(layer(x), inside)
    page.says(
        "Pools refuse a negative padding themselves, and so does a convolution that pads with "
        "zeros. With another `padding_mode` it cuts",
        all(cut.values())
        and refuse(nn.MaxPool2d(3, padding=-1), nn.AvgPool2d(3, padding=-1))
        and refuse(nn.Conv2d(1, 1, 3, padding=-1)),
    )


def not_a_layer(function):
    with pytest.raises(TypeError):
        nn.Sequential(function)
    return True


def refuse(*layers):
    return all(
        re.search("non-negative|negative padding", message(lambda: layer(torch.rand(1, 1, 7, 7))))  # noqa: B023
        for layer in layers
    )


def most_taken(pad):
    """How many numbers the layer can put before a row of 5; None if there is no end to them."""
    for count in range(30):
        try:
            pad((count, 0, 0, 0))(torch.rand(1, 1, 1, 5))
        except RuntimeError:
            return count - 1
    return None


def seam(image, at=16):
    """The mean step between the two columns, and the two rows, on both sides of a place."""
    columns, rows = (np.abs(i[:, at] - i[:, at - 1])[at:-at].mean() for i in (image, image.T))
    return max(columns, rows)


def adding(page):
    maps = torch.rand(1, 8, 6, 6)
    said = message(lambda: maps + torch.rand(1, 8, 5, 5))
    page.labels("Adding is more dangerous than joining", "Which of the three sums raises an error?")
    page.prints(
        "maps = torch.rand(1, 8, 6, 6)",
        f"another size  {textwrap.shorten(said, 66)}",
        f"one map       {tuple(maps.shape)}",
        f"one row       {tuple(maps.shape)}",
    )
    column = torch.rand(1, 8, 1, 6)
    same = torch.equal(
        maps + column, torch.stack([maps[:, :, r] + column[:, :, 0] for r in range(6)], 2)
    )
    with warnings.catch_warnings(action="error"):
        silent = (maps + column).shape == maps.shape
    page.aside("Residual blocks *add* what they kept", why="what such blocks are")
    page.says(
        "A sum has a trap that joining does not have: **broadcasting**. An axis of size 1 is "
        "silently stretched to fit",
        same and silent and "must match" in message(lambda: torch.cat([maps, column], 1)),
    )
    page.says("Only the first", re.search("must match", said) and same)
    one_map, one_row = nn.Conv2d(8, 1, 1), nn.AdaptiveAvgPool2d((1, None))
    x = torch.rand(1, 8, 6, 6)
    added = (x + one_map(x) - x, x + one_row(x) - x)
    page.says(
        "A block that forgets its channels, or pools one axis too far, adds the same numbers "
        "everywhere and trains all the same",
        added[0].std(1).max() < 1e-6
        and added[1].std(2).max() < 1e-6
        and all(map(trains, (one_map, nn.Sequential(nn.Conv2d(8, 8, 1), one_row)))),
    )
    page.labels("Compare the shapes yourself before you add")
    page.says(
        "A sum stretches an axis of size 1 without a word, so compare shapes before you add",
        same and silent,
    )


def trains(block):
    """One step down the gradient lowers the loss of a sum with this block, whatever its shape."""
    x = torch.rand(1, 8, 6, 6)
    optimizer = torch.optim.SGD(block.parameters(), lr=0.01)
    losses = []
    for _ in range(2):
        loss = (x + block(x)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses[1] < losses[0]


def read_rows(layer, side):
    """The rows that a layer reads, by a one in each row in turn."""
    ones = torch.eye(side).view(side, 1, side, 1).expand(-1, -1, -1, side)
    return int(layer(ones).flatten(1).ne(0).any(1).sum())


def shortcuts(page):
    strided = nn.AvgPool2d(1, 2)  # a window of 1 that moves by 2
    average, up = nn.AvgPool2d(2), nn.AvgPool2d(2, ceil_mode=True)

    def places(layer, side):
        return read_rows(layer, side) ** 2

    def sized(layer, side):
        return layer(torch.rand(1, side, side)).shape[-1]

    rows = [row for row in range(8) if row % 2 == 0]
    page.cites("In a ResNet it is a convolution of 1×1 with stride 2", RESNET_D)
    settings = page.names["plain"].kernel_size, page.names["plain"].stride
    assert settings == ((1, 1), (2, 2))
    page.prints(
        "def read_by(shortcut):",
        f"1×1 with stride 2:    {len(rows) ** 2} of 64 places",
        "average first, 1×1:   64 of 64 places",
    )
    window = nn.Conv2d(1, 1, 1, stride=2, bias=False).requires_grad_(False)
    window.weight.data = torch.ones(1, 1, 1, 1)
    page.draws("skips-shortcut", slide(window, torch.arange(16.0).reshape(1, 4, 4)))
    read = {(t.row, t.col) for s in page.figure("skips-shortcut").steps for t in s.taps}
    page.says(
        "A 1×1 window with stride 2. The hatched cells are read by no window",
        read == {(0, 0), (0, 2), (2, 0), (2, 2)},
    )
    page.says("A quarter:", len(read) * 4 == 16)
    page.says(
        "A window of 1 that moves by 2 steps over three places of every four",
        all(4 * places(strided, side) == side**2 for side in (2, 4, 8)),
    )
    weights = [
        sum(p.numel() for p in page.names[name].parameters()) for name in ("plain", "pooled")
    ]
    even = all(
        (places(strided, side) * 4, places(average, side)) == (side**2, side**2)
        for side in (2, 4, 8, 10)
    )
    page.says(
        "On even sides a strided 1×1 shortcut reads a quarter of the places; average first, and "
        "it reads all",
        even,
    )
    page.says(
        "Average first, and the shortcut reads all of them, with the same number of weights",
        even and weights[0] == weights[1],
    )
    page.says(
        "[Open the shortcut in the explorer], and let its kernel grow until no cell is hatched",
        [places(nn.AvgPool2d(k, 2), 4) for k in (1, 2)] == [4, 16],
    )
    page.says("That is so on even sides.", even)
    loses = [side for side in range(2, 12) if places(average, side) != side**2]
    page.says(
        "On an odd side the average loses the last row and column, and its map is smaller than "
        "the one of the strided convolution",
        loses == [3, 5, 7, 9, 11]
        and all(places(average, side) == (side - 1) ** 2 for side in loses)
        and all(sized(average, side) < sized(strided, side) for side in loses),
    )
    page.says(
        "With `ceil_mode=True` it reads everything again, and the sizes agree",
        all(
            places(up, side) == side**2 and sized(up, side) == sized(strided, side)
            for side in range(2, 12)
        ),
    )
    page.says("On odd sides that takes `ceil_mode=True`", all(places(up, s) == s**2 for s in loses))
    page.prints(
        "odd = torch.rand(1, 1, 9, 9)",
        "1×1 with stride 2  (1, 1, 5, 5)",
        "average            (1, 1, 4, 4)",
        "average, ceil_mode (1, 1, 5, 5)",
    )
    page.says("A shortcut that looks at a quarter", 4 * places(strided, 8) == 64)
    page.cites("This change is part of the ResNet-D", RESNET_D)
    x, halving = torch.rand(1, 8, 8, 8), nn.Conv2d(8, 8, 3, stride=2, padding=1)
    halved = nn.Conv2d(8, 8, 1, stride=2)(x)
    page.says(
        "A residual block that halves the map needs a shortcut that halves it, too",
        "must match" in message(lambda: halving(x) + x)
        and (halving(x) + halved).shape == (1, 8, 4, 4),
    )


def share_nearby(kind, seed):
    """By nudging each of the nine nearest pixels, channel by channel; and how many are seen."""
    torch.manual_seed(seed)
    net = kind(3)
    x = torch.rand(1, 4, 64, 64).double()
    net = net.double().requires_grad_(False)
    step, places = 1e-6, [(c, r, k) for c in range(4) for r in range(31, 34) for k in range(31, 34)]
    nudged = x.repeat(len(places), 1, 1, 1)
    for n, place in enumerate(places):
        nudged[n][place] += step
    change = (net(nudged) - net(x))[:, :, 32, 32].sum(1).abs().sum() / step
    x.requires_grad_()
    net(x)[0, :, 32, 32].sum().backward()
    return float(change / x.grad.abs().sum()), int(x.grad[0].abs().sum(0).ne(0).sum())


def seeing(page):
    names = ("UNet", "NoSkips")
    both = [[share_nearby(page.names[name], seed) for seed in range(10)] for name in names]
    (near, seen), (blurred, same) = (list(zip(*kind, strict=True)) for kind in both)
    rounded = [[f"{pick(shares):.0%}" for pick in (min, max)] for shares in (near, blurred)]
    page.labels("What one output sees", "Ask the gradient of one output in the middle")
    page.prints(
        "def sharpness(net):",
        *(
            f"{name}: {min(pixels)} to {max(pixels)} pixels are seen,\n"
            f"  {least} to {most} of the gradient is nearby"
            for name, pixels, (least, most) in zip(names, (seen, same), rounded, strict=True)
        ),
    )
    page.says("A skip also changes what an output looks at", min(near) > 10 * max(blurred))
    page.says(
        "Without skips, all it knows has gone through the small maps. With them it has the fine "
        "detail of its own neighbourhood as well",
        pixels_without(page.names["NoSkips"](3), "bottom") == 0
        and [pixels_without(page.names[name](3), "ups") for name in names] == [5 * 5, 0],
    )
    page.says("Both see equally far", seen == same)
    page.says(
        "That is what a skip is for: it brings the place back that the pools gave away",
        min(near) > 10 * max(blurred) and pixels_without(page.names["UNet"](3), "ups") == 5 * 5,
    )
    page.says(
        "But with skips 38% to 49% of what counts falls on the nine nearest pixels, in ten "
        "networks "
        "with different random weights, and without skips 1%",
        rounded == [["38%", "49%"], ["1%", "1%"]] and len(set(near)) == 10,
    )


def pixels_without(net, part):
    """The pixels that an output in the middle still sees when these layers hand on zeros."""
    layers = getattr(net, part)
    for layer in layers if isinstance(layers, nn.ModuleList) else [layers]:
        layer.register_forward_hook(lambda layer, inputs, out: torch.zeros_like(out))
    x = torch.rand(1, 4, 64, 64, requires_grad=True)
    net(x)[0, :, 32, 32].sum().backward()
    return int(x.grad[0].ne(0).any(0).sum()) if x.grad is not None else 0


def exercises(page):
    page.says(
        "What the sizes of single layers follow is in [output size], and the messages of torch, "
        "with their cures, are in [error messages]",
        all(told_in(name, word) for name, word in ELSEWHERE.items()),
    )
    page.cites("The U-Net is by", UNET)
    page.cites(", and the better shortcut is from", RESNET_D)
    page.aside("The words and the measurements are our own", why="who wrote this")
    page.labels("Predict first", "Then open the answer", "A U-Net has five levels")
    page.labels("Which is the smallest size from 100 on that it takes?")
    sizes = [size for size in range(90, 161) if there_and_back(size, 5)]
    page.says("128: the multiples of 32 are 96, 128, 160", sizes == [96, 128, 160])
    page.answers(1, "128")
    page.labels("An image of 37×50 is padded to multiples of 16")
    rows, cols = (next(n for n in range(side, 99) if n % 16 == 0) for side in (37, 50))
    page.says(
        "11 rows and 14 columns: 48×64",
        (rows, cols, rows - 37, cols - 50) == (48, 64, 11, 14),
    )
    page.answers(2, "11", "14")
    maps, ones = torch.rand(1, 8, 6, 6), torch.rand(8, 1, 1)
    page.labels("What is the shape of `torch.rand(1, 8, 6, 6) + torch.rand(8, 1, 1)`?")
    page.says(
        "`(1, 8, 6, 6)`: one number for each map is stretched over the map, as a bias is",
        torch.equal(maps + ones, F.conv2d(maps, torch.ones(8, 1, 1, 1), ones.flatten(), groups=8)),
    )
    page.answers(3, "`(1, 8, 6, 6)`")
    third = len(range(0, 9, 3)) ** 2
    page.labels("A shortcut of 1×1 with stride 3 on a 9×9 map reads how many of the 81")
    page.says("9: one of every nine", third == 9 and 81 // third == 9)
    page.answers(4, "9")
    page.labels("A row holds 1, 2, 3, 4. What does `nn.ReflectionPad2d((2, -1, 0, 0))` make")
    mirrored = np.pad([1, 2, 3], (2, 0), mode="reflect").tolist()
    page.says(
        "`[3, 2, 1, 2, 3]`: it cuts the 4, and then the mirror stands on the 1",
        mirrored == [3, 2, 1, 2, 3],
    )
    page.answers(5, "[3, 2, 1, 2, 3]")
    page.prints("five = UNet(5)", "128", "11 14", (1, 8, 6, 6), str(third), str(mirrored))
