"""lessons/going-up-without-checkerboards.py: patches counted one by one, weights summed."""

import numpy as np
import pytest
import torch
from lesson_run import ROOT, told_in
from torch import nn
from torch.nn import functional as F

from slidingwindows import slide

ODENA = "https://distill.pub/2016/deconv-checkerboard/"
SEGNET = "https://arxiv.org/abs/1511.00561"
ROUNDING, NAV = "rounding-up-and-going-back-up", (ROOT / "mkdocs.yml").read_text("utf-8")
SHI, AITKEN = "https://arxiv.org/abs/1609.05158", "https://arxiv.org/abs/1707.02937"


def counts(kernel, stride):
    """How many patches cover a place far from the border, along one axis, place after place."""
    return [
        sum((place - tap) % stride == 0 for tap in range(kernel)) for place in range(2 * stride)
    ]


def covers(kernel, stride):
    """The different counts on a plane."""
    line = counts(kernel, stride)
    return sorted({a * b for a in line for b in line})


def phases(weight, stride):
    """What each kind of place sums up of a kernel: one number for each row and column of a step."""
    return [float(weight[r::stride, c::stride].sum()) for r in range(stride) for c in range(stride)]


def different(numbers):
    return len({round(float(number), 4) for number in np.ravel(numbers)})


def inner_counts(kernel, stride, side=8):
    """The counts of all places of the enlarged map that are a kernel away from its border."""
    places = range(kernel, (side - 1) * stride)
    line = [counts(kernel, stride)[place % stride] for place in places]
    return np.outer(line, line)


def square(kernel, first):
    """The plane of counts that the figure cuts out, 6 by 6."""
    line = [counts(kernel, 2)[(first + place) % 2] for place in range(6)]
    return np.outer(line, line)


def test_every_claim(page):
    coverage(page)
    patches(page)
    weights(page)
    other_ways(page)
    unpooling(page)
    lying(page)
    lattice(page)
    exercises(page)
    page.complete()


def coverage(page):
    drawn = page.drawing("going-up-coverage")
    same = len(drawn) == 4
    for axes, kernel in zip(drawn, (2, 3, 4, 5), strict=True):
        expected = square(kernel, kernel)
        same &= axes["title"] == f"kernel {kernel}" and np.allclose(axes["images"], [expected])
        same &= [text for text in axes["texts"] if text] == [str(n) for n in expected.ravel()]
    page.plots("going-up-coverage", same)
    found = {kernel: covers(kernel, 2) for kernel in (2, 3, 4, 5)}
    page.says("Four squares of 6 by 6 numbers", same)
    page.says(
        "How many products each place of the enlarged map adds up, away from the border",
        all(
            np.array_equal(page.names["covered"](k, stride=s), inner_counts(k, s))
            for k in (2, 3, 4, 5)
            for s in (2, 3)
        ),
    )
    page.says("Kernel 2: every number is 1", found[2] == [1])
    page.says("Kernel 3: a pattern of 1, 2 and 4", found[3] == [1, 2, 4])
    page.says("Kernel 4: every number is 4", found[4] == [4])
    page.says("Kernel 5: a pattern of 4, 6 and 9", found[5] == [4, 6, 9])
    page.says(
        "A transposed convolution of stride 2 with all weights 1, on a map of ones. The number "
        "says how many products were added up there",
        same,
    )
    uneven = [kernel for kernel, numbers in found.items() if len(numbers) > 1]
    page.says("Two of the four make a pattern out of nothing", uneven == [3, 5])
    page.cites(
        "It looks like a checkerboard, and in generated images you can see it with the naked eye",
        ODENA,
    )
    page.labels("and try four ways around it", "Enlarge a map in four other ways")
    page.labels("Give it the plainest map there is, all ones", "and a kernel of all ones")
    page.labels("Going up without checkerboards")
    page.aside(
        "Networks that draw, segment or add detail have to make small maps large again. The usual "
        "layer for it is a transposed convolution",
        why="what such networks are made of",
    )
    before, here = (NAV.index(f"lessons/{name}.ipynb") for name in (ROUNDING, page.name))
    page.says(
        "which you met in [rounding up, and going back up]",
        told_in(ROUNDING, "nn.ConvTranspose2d", "transposed convolution") and before < here,
    )


def patches(page):
    line = np.zeros(7)
    for start in (0, 2, 4):
        line[start : start + 3] += 1
    page.says(
        "A transposed convolution lets each input number paint a patch as large as the kernel. The "
        "stride says how far apart the patches begin",
        all(
            painted(k, s) == [(s * i, s * i + k) for i in range(4)]
            for k in (2, 3, 5)
            for s in (1, 2, 3)
        ),
    )
    page.says("Watch three patches of width 3 that begin 2 apart", line.sum() == 9)
    page.prints("paint = nn.ConvTranspose1d(1, 1, kernel_size=3", torch.tensor([line]).float())
    layer = nn.ConvTranspose1d(1, 1, 3, stride=2, bias=False).requires_grad_(False)
    layer.weight.data = torch.ones(1, 1, 3)
    page.draws("going-up-patches", slide(layer, torch.ones(1, 3)))
    held = [
        sum(tap.value == 1 for tap in step.taps) for step in page.figure("going-up-patches").steps
    ]
    page.says(
        "The same in torch's other reading: a plain window over the input with a zero between its "
        "numbers",
        np.array_equal(np.convolve([1, 0, 1, 0, 1], [1, 1, 1]), line)
        and [[tap.value for tap in step.taps] for step in page.figure("going-up-patches").steps]
        == [[0, 0, 1, 0, 1, 0, 1, 0, 0][n : n + 3] for n in range(7)],
    )
    page.says("Some windows hold two ones, others only one", sorted({*held}) == [1, 2])
    page.says("Where two patches overlap you get 2, and elsewhere 1", {*line} == {1, 2})
    ones = torch.ones(1, 1, 3, 3)
    plane = nn.functional.conv_transpose2d(ones, ones, stride=2)[0, 0].numpy()
    page.says(
        "In two dimensions the rows do the same, so the counts multiply: 1, 2 and 4",
        np.array_equal(plane, np.outer(line, line)) and np.unique(plane).tolist() == [1, 2, 4],
    )
    page.says(
        "[Open this layer in the explorer], let the stride grow to the kernel's size, and see what "
        "becomes of the overlap",
        [len(covers(3, stride)) for stride in (2, 3)] == [3, 1] and covers(3, 3) == [1],
    )
    page.labels("An even cover is not enough")
    page.labels(
        "Which of the kernels from 2 to 6 cover every place equally often at stride 2?",
        "And at stride 3?",
    )
    table = {(s, k): covers(k, s) for s in (2, 3) for k in range(2, 7)}
    page.prints(
        "for stride in (2, 3):", *(f"stride {s}, kernel {k}: {n}" for (s, k), n in table.items())
    )
    rule = all((len(covers(k, s)) == 1) == (k % s == 0) for s in range(2, 6) for k in range(2, 13))
    holes = torch.ones(1, 1, 8, 8), torch.ones(1, 1, 2, 2)
    dilated = nn.functional.conv_transpose2d(*holes, stride=2, dilation=2)[0, 0, 4:-4, 4:-4]
    rim = nn.functional.conv_transpose2d(holes[0], torch.ones(1, 1, 4, 4), stride=2)
    page.says(
        "The rule, away from the border and without dilation: a kernel that is a multiple of the "
        "stride covers every place equally often",
        rule and dilated.unique().tolist() == [0, 4] and len(rim.unique()) > 1,
    )
    page.says("Every other kernel leaves a pattern", rule)
    page.says("At stride 3 a kernel of 2 even leaves holes, the zeros", 0 in table[3, 2])
    page.says(
        "Away from the border a transposed convolution covers evenly only if the kernel is a "
        "multiple of the stride",
        rule,
    )


def painted(kernel, stride):
    """From where to where each of four numbers paints: a one in its place, zeros in the others."""
    ones = torch.eye(4).view(4, 1, 4)
    rows = F.conv_transpose1d(ones, torch.ones(1, 1, kernel), stride=stride)[:, 0]
    found = [row.nonzero().flatten().tolist() for row in rows]
    assert all(row == list(range(row[0], row[-1] + 1)) for row in found)
    return [(row[0], row[-1] + 1) for row in found]


def weights(page):
    torch.manual_seed(2)
    layer = nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1)
    own = phases(layer.weight[0, 0], 2)
    assert torch.equal(page.names["up"].weight, layer.weight)
    page.says(
        "The rule is about counts, but a network learns its weights",
        page.names["up"].weight.requires_grad and covers(4, 2) == [4] and different(own) == 4,
    )
    page.labels("Take the good kernel of 4, with weights as they come")
    page.prints(
        "torch.manual_seed(2)",
        f"transposed convolution: {different(own)} different numbers from a plain map",
    )
    page.says("Four numbers, in turn", different(own) == 4)
    page.says(
        "How many different numbers a layer makes of a plain map, away from the border",
        counts_inside(page.names["values"]),
    )
    inside = layer(torch.ones(1, 1, 8, 8))[0, 0, 4:-4, 4:-4]
    kinds = [inside[r::2, c::2] for r in (0, 1) for c in (0, 1)]
    page.says(
        "At stride 2 the output has four kinds of places: even or odd row, even or odd column",
        all(torch.allclose(kind, kind[0, 0], atol=1e-6) for kind in kinds)
        and different([kind[0, 0].item() for kind in kinds]) == 4,
    )
    page.says(
        "Each kind is made by other weights of the kernel, 4 of the 16, and nothing says that "
        "these four groups of weights must agree",
        layer.weight[0, 0, ::2, ::2].numel() == 4 and layer.weight.numel() == 16,
    )
    page.says(
        "Even then its weights can draw a pattern, because each kind of place has weights of its "
        "own",
        covers(4, 2) == [4] and different(own) == 4,
    )
    page.says(
        "So avoiding the pattern is one more thing that training has to learn",
        [at_the_start(seed) for seed in range(9)] == [4] * 9 and learnt() == 1,
    )
    page.labels("Resize first, then convolve")


def counts_inside(values):
    """Three numbers inside are three, whatever the border holds; the layer sees a plain map."""
    seen = []

    def layer(x, inside=(1.0, 2, 3, 2), rim=0.0):
        seen.extend(x.unique().tolist())
        made = torch.rand(1, 1, 12, 12) if rim is None else torch.full((1, 1, 12, 12), rim)
        made[..., 4:-4, 4:-4] = torch.tensor(inside)
        return made

    found = [values(lambda x, rim=rim: layer(x, rim=rim)) for rim in (None, 0.0, 2.0)]
    alike = values(lambda x: layer(x, inside=(5.0,) * 4, rim=None))
    return found == [3, 3, 3] and alike == 1 and len(set(seen)) == 1


def at_the_start(seed):
    torch.manual_seed(seed)
    return different(phases(nn.ConvTranspose2d(1, 1, 4, stride=2).weight[0, 0].detach(), 2))


def learnt():
    """Weights whose four groups agree in their sums draw no pattern."""
    groups, agree = torch.rand(4, 4), torch.zeros(1, 1, 4, 4)
    for n, (r, c) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        agree[0, 0, r::2, c::2] = groups[n].view(2, 2) / groups[n].sum()
    return different(F.conv_transpose2d(torch.ones(1, 1, 8, 8), agree, stride=2)[0, 0, 4:-4, 4:-4])


def other_ways(page):
    plain = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 3))
    with torch.no_grad():
        made = [different(plain(torch.ones(1, 1, 6, 6))) for _ in range(5)]
    padded = page.names["resize"](torch.ones(1, 1, 8, 8)).detach()[0, 0]
    rim, inside = different(padded), different(padded[1:-1, 1:-1])
    page.labels("How many different numbers does that make of a plain map, away from the border")
    copied = nn.Upsample(scale_factor=2)(torch.tensor([[[[1.0, 2]]]]))
    page.says(
        "Enlarge the map by copying each number into a 2×2 block",
        copied[0, 0].tolist() == [[1, 1, 2, 2]] * 2,
    )
    page.prints("resize = nn.Sequential(", f"resize, then convolve:  {made[0]}")
    page.says(
        "One. The convolution at stride 1 treats all places alike, so plain stays plain",
        set(made) == {1},
    )
    page.says(
        "Only at the border is it different, because there the windows read the zeros of the "
        "padding",
        rim == 9 and inside == 1,
    )
    work = [
        layer.weight[0, 0].numel() * places
        for layer, places in ((page.names["resize"][1], 16**2), (page.names["up"], 8**2))
    ]
    page.says(
        "The price is work: the convolution runs on the large map",
        page.names["resize"][0](torch.ones(1, 1, 8, 8)).shape[2] == 16 and work[0] > 2 * work[1],
    )
    page.says(
        "[What padding tells the network] goes into that",
        told_in("what-padding-tells-the-network", "convolutions that pad with zeros"),
    )
    page.says("keeps plain what is plain, except where the padding shows", (rim, inside) == (9, 1))
    page.cites("To resize first is also what the authors of that article advise", ODENA)
    page.cites(
        "Super-resolution networks often let a convolution make four channels on the *small* map",
        SHI,
    )
    page.says(
        "and then lay the four as 2×2 blocks",
        nn.PixelShuffle(2)(torch.arange(4.0).view(1, 4, 1, 1))[0, 0].tolist() == [[0, 1], [2, 3]],
    )
    loose = torch.rand(1, 8, 5, 5)
    page.says(
        "Nothing is added up twice",
        torch.equal(nn.PixelShuffle(2)(loose).flatten().sort()[0], loose.flatten().sort()[0]),
    )
    block = torch.tensor([[1.0, 2], [3, 4]]).repeat(2, 2)
    filters = page.names["subpixel"][0]
    page.prints("shuffle = nn.PixelShuffle(2)", block, "convolve, then shuffle: 4")
    equal = [different(filters.weight.sum((1, 2, 3)).detach())]
    page.says(
        "so this layer starts with a pattern of four, just as the transposed one did",
        different(nn.Conv2d(1, 4, 3).weight.sum((1, 2, 3)).detach()) == 4,
    )
    page.says("But the four channels come from four filters", filters.weight.shape[0] == 4)
    page.cites(
        "The cure is a better start: give the four filters the same weights, and the first picture "
        "is plain",
        AITKEN,
    )
    page.prints("first = subpixel[0]", f"with four equal filters: {equal[0]}")
    page.says("A shuffle does so if it starts with equal filters", equal == [1])


def returned(rows):
    """The rows with the first maximum of each 2×2 block at its place, and zeros elsewhere."""
    back = np.zeros_like(rows)
    for r in range(0, len(rows), 2):
        for c in range(0, len(rows[0]), 2):
            block = [(rows[y][x], -y, -x) for y in (r, r + 1) for x in (c, c + 1)]
            value, y, x = max(block)
            back[-y][-x] = value
    return back


def unpooling(page):
    page.labels("## Put it back where it was", "are right afterwards")
    page.labels("A 4×4 map is pooled by 2×2 windows and unpooled again", "How many of the 16")
    rows = page.names["numbers"][0].numpy()
    assert rows.tolist() == [[3, 9, 2, 4], [7, 5, 8, 6], [1, 3, 5, 2], [6, 4, 7, 9]]
    back = returned(rows)
    page.prints("numbers = torch.tensor(", torch.from_numpy(back))
    pooled, where = nn.MaxPool2d(2, return_indices=True)(torch.from_numpy(rows)[None])
    with pytest.raises(TypeError):
        nn.MaxUnpool2d(2)(pooled)
    page.says(
        "The fourth way needs a partner. A max pool with `return_indices=True` says where each "
        "maximum was, and max unpooling puts each number back there",
        rows.ravel()[where.flatten()].tolist() == pooled.flatten().tolist()
        and nn.MaxUnpool2d(2)(pooled, where).flatten()[where.flatten()].tolist()
        == pooled.flatten().tolist(),
    )
    page.draws("going-up-unpool", slide(nn.MaxUnpool2d(2), pooled, indices=where))
    page.says(
        "Each maximum returns to the place it came from. All other places hold zeros",
        sorted(back[back != 0]) == sorted(pooled.flatten().tolist()),
    )
    page.says(
        "The four maxima are right, and the other 12 numbers are zeros",
        ((back == rows).sum(), (back == 0).sum()) == (4, 12) and rows.size == 16 and rows.all(),
    )
    moved = np.roll(rows, 1, 1)  # the same grid over another image: other places
    page.says(
        "The grid draws no pattern of its own here, because the image says where the numbers go",
        not np.array_equal(returned(moved) != 0, back != 0)
        and np.array_equal(returned(rows.T) != 0, (back != 0).T),
    )
    plain = returned(np.ones((4, 4), np.float32))
    page.prints("plain = torch.ones(1, 4, 4)", torch.from_numpy(plain))
    slope = np.add.outer(np.arange(8.0), np.arange(8.0)).astype(np.float32)
    page.says(
        "But a lattice can come out all the same: on a slope the maximum of each window lies in "
        "the same corner, and in a plain map all numbers are equal, and of equals torch takes the "
        "first",
        np.array_equal(np.argwhere(returned(slope)), np.argwhere(np.ones((4, 4))) * 2 + 1)
        and covers_each_second(plain),
    )
    page.cites(
        "SegNet goes up in this way. Its decoder takes the indices of the matching pool in the "
        "encoder, and convolutions fill the gaps",
        SEGNET,
    )
    page.says("Unpooling itself has no weights to learn", not [*page.names["unpool"].parameters()])
    page.says(
        "But the indices must be kept until then, and [what pooling throws away] shows three traps "
        "of them",
        told_in("what-pooling-throws-away", "Use `MaxUnpool2d` without its three traps"),
    )
    page.says(
        "Unpooling puts each maximum back where it was, and leaves zeros for the next layers to "
        "fill",
        ((back == rows).sum(), (back == 0).sum()) == (4, 12),
    )


def covers_each_second(map_):
    return map_[::2, ::2].all() and map_.sum() == map_[::2, ::2].sum()


def lying(page):
    middles = (np.arange(8) + 0.5) / 2 - 0.5
    cut = np.clip(middles, 0, 3)
    ends = np.linspace(0, 3, 8)
    page.labels("Enlarge the numbers 0, 1, 2, 3", "Where does a sample lie?")
    row = torch.rand(1, 1, 4)
    smooth, cornered, copied = (
        F.interpolate(row, scale_factor=2, **way)[0, 0].numpy()
        for way in ({"mode": "linear"}, {"mode": "linear", "align_corners": True}, {})
    )
    by_nearness = [weighted(row.flatten().tolist(), float(place)) for place in cut]
    page.says(
        "A smoother way to resize is bilinear: each new number is a mean of its neighbours, "
        "weighted by how near they are",
        np.allclose(smooth, by_nearness, atol=1e-6)
        and np.abs(np.diff(smooth)).max() < np.abs(np.diff(copied)).max(),
    )
    page.says(
        "Then you have to say where the new numbers lie, and torch gives you two ways to say it",
        np.allclose(smooth, np.interp(cut, range(4), row.flatten()), atol=1e-6)
        and np.allclose(cornered, np.interp(ends, range(4), row.flatten()), atol=1e-6)
        and not np.allclose(smooth, cornered),
    )
    page.prints(
        "line = torch.arange(4.0).reshape(1, 1, 4)",
        f"align_corners=False {[round(float(v), 2) for v in cut]}",
        f"align_corners=True  {[round(float(v), 2) for v in ends]}",
    )
    page.says(
        "With `align_corners=False`, a pixel is a little square, and its number belongs to the "
        "middle. The new samples lie at −0.25, 0.25, 0.75 and so on, always half a pixel apart; "
        "the two "
        "outside are cut to the edge",
        middles[:3].tolist() == [-0.25, 0.25, 0.75]
        and (np.diff(middles) == 0.5).all()
        and np.allclose(smooth, np.interp(cut, range(4), row.flatten()), atol=1e-6)
        and (cut != middles).nonzero()[0].tolist() == [0, 7],
    )
    page.says(
        "With `True`, the first and the last number stay where they are, so the steps between are "
        "3/7 and fit no grid of pixels",
        (ends[0], ends[-1]) == (0, 3)
        and np.allclose(np.diff(ends), 3 / 7)
        and all(abs(place * 4 - round(place * 4)) > 0.1 for place in ends[1:-1]),
    )
    steps = {aligned: [step_inside(side, aligned) for side in range(3, 9)] for aligned in (0, 1)}
    page.says(
        "Enlarge by 2, and its samples lie half a pixel apart in a map of any size, while the "
        "steps of `True` change with the size",
        np.allclose(steps[0], 0.5) and different(steps[1]) == len(steps[1]),
    )
    page.says("the mean of a 2×2 block belongs to the middle of the block", middles[:2].mean() == 0)


def weighted(numbers, place):
    """The mean of the neighbours of a place, each weighted by one less how far away it is."""
    return sum(n * max(0, 1 - abs(at - place)) for at, n in enumerate(numbers))


def step_inside(side, aligned):
    """How far apart two samples lie in the middle of a ramp that is enlarged by 2."""
    ramp = torch.arange(float(side)).view(1, 1, side)
    wide = nn.functional.interpolate(
        ramp, scale_factor=2, mode="linear", align_corners=bool(aligned)
    )
    return float(wide[0, 0, side] - wide[0, 0, side - 1])


def lattice(page):
    reads = np.zeros(9)
    for start in range(0, 7, 2):
        reads[start : start + 3] += 1
    seen = torch.from_numpy(np.outer(reads, reads)[2:7, 2:7]).float()
    page.prints("image = torch.ones(1, 1, 9, 9, requires_grad=True)", seen)
    page.says(
        "It is the pattern of kernel 3 again: 1, 2 and 4", seen.unique().tolist() == [1, 2, 4]
    )
    page.labels("The same lattice on the way back")
    image, kernel = torch.ones(1, 1, 9, 9, requires_grad=True), torch.ones(1, 1, 3, 3)
    out = F.conv2d(image, kernel, stride=2)
    page.says(
        "In training there is a checkerboard that nobody sees",
        len(out.unique()) == 1
        and len(torch.autograd.grad(out.sum(), image)[0][..., 2:7, 2:7].unique()) == 3,
    )
    taps, slopes = torch.rand(1, 1, 3, 3), torch.rand_like(out)
    back = torch.autograd.grad(F.conv2d(image, taps, stride=2), image, slopes)[0]
    page.says(
        "The gradient of a strided convolution is a transposed convolution",
        torch.allclose(back, F.conv_transpose2d(slopes, taps, stride=2)),
    )
    page.labels("So count how many windows read each input number:")
    images = torch.rand(3, 1, 9, 9, requires_grad=True)
    taught = torch.autograd.grad(F.conv2d(images, kernel, stride=2).sum(), images)[0][
        :, 0, 2:7, 2:7
    ]
    page.says(
        "Some pixels teach the network four times as much as others, and it is the place in the "
        "grid that decides, not the image",
        seen.max() == 4 * seen.min() and all(torch.equal(one, seen) for one in taught),
    )
    page.says("The gradient of a strided convolution carries the same pattern", seen.min() == 1)


def exercises(page):
    page.labels(
        "Predict first",
        "Then open the answer",
        "has random weights",
        "How many different numbers does it make",
        "Leave the biases out",
    )
    page.says(
        "You can watch transposed convolutions window by window in [convolution arithmetic]",
        told_in("convolution-arithmetic", "ransposed"),
    )
    page.cites("The patterns were described by", ODENA)
    page.cites(", the shuffle by", SHI)
    page.cites(", its better start by", AITKEN)
    page.cites(", and SegNet by", SEGNET)
    page.aside("The words and the measurements are our own", why="who wrote this")
    page.labels("with a kernel of 6 and a stride of 4")
    page.labels("And one with a kernel of 8?", "A transposed convolution of stride 3 with kernel 3")
    page.says(
        "No for 6, yes for 8: only 8 is a multiple of 4",
        [len(covers(k, 4)) == 1 for k in (6, 8)] == [False, True],
    )
    page.answers(1, ("No for 6", False), ("yes for 8", True))
    page.says(
        "9: three kinds of rows times three kinds of columns, and one weight for each",
        different(phases(torch.rand(3, 3), 3)) == 9,
    )
    page.answers(2, "9")
    page.labels("`nn.PixelShuffle(3)` gets a map of shape `(1, 18, 5, 5)`")
    shuffled = nn.functional.pixel_shuffle(torch.rand(1, 18, 5, 5), 3)
    page.says(
        "`(1, 2, 15, 15)`: nine channels go into each 3×3 block", shuffled.shape == (1, 2, 15, 15)
    )
    page.answers(3, "`(1, 2, 15, 15)`")
    page.labels("How many weights does `nn.ConvTranspose2d(64, 32, 4, stride=2)` have")
    page.labels("how many has `nn.Conv2d(64, 32, 3)` after a resize?")
    layers = nn.ConvTranspose2d(64, 32, 4, stride=2), nn.Conv2d(64, 32, 3)
    back, plain = (layer.weight.numel() for layer in layers)
    enlarged = F.interpolate(torch.rand(1, 64, 5, 5), scale_factor=2)
    page.says(
        "32,768 and 18,432. The convolution has fewer weights, but it runs on the large map",
        (back, plain) == (32768, 18432) and plain < back and enlarged.shape[2:] == (10, 10),
    )
    page.answers(4, ("32,768", 32768), ("18,432", 18432))
    page.prints(
        "even = [covered(kernel, 4, 12)",
        "[False, True]",
        "9",
        "(1, 2, 15, 15)",
        f"[{back}, {plain}]",
    )
