"""Every number and conclusion in lessons/local-invariance.py, from torch."""

import itertools
import math
from functools import cache

import matplotlib.cbook
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from slidingwindows import slide

WEIGHTS = torch.tensor([1.0, 2, 1]) / 4


def blurred(x):
    """Weights 1 2 1 down, then across, then every second number: no depthwise convolution."""
    down = (x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]) / 4
    return ((down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]) / 4)[..., ::2, ::2]


def row_blurred(x):
    wide = F.pad(x, (1, 1))
    return ((wide[..., :-2] + 2 * wide[..., 1:-1] + wide[..., 2:]) / 4)[..., ::2]


def longer(x):
    """1 4 6 4 1 is 1 2 1 twice: once at stride 1, then the blur above."""
    for side in (-2, -1):
        n = x.shape[side] - 2
        x = (x.narrow(side, 0, n) + 2 * x.narrow(side, 1, n) + x.narrow(side, 2, n)) / 4
    return blurred(x)


LAYERS = {
    "stride": lambda x: x[..., ::2, ::2],
    "max": nn.MaxPool2d(2),
    "average": nn.AvgPool2d(2),
    "blur": blurred,
    "longer": longer,
}
ROWS = {
    "max": nn.MaxPool2d((1, 2)),
    "average": nn.AvgPool2d((1, 2)),
    "stride": lambda x: x[..., ::2],
    "blur": row_blurred,
}


@cache
def photo():
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
    return torch.from_numpy(np.array(picture)).float().permute(2, 0, 1)


@cache
def noise(seed=7):
    return torch.rand(3, 600, 512, generator=torch.Generator().manual_seed(seed))


def frame(image, right=0, down=0):
    return image[:, 100 + down : 356 + down, 100 + right : 356 + right]


def share(layer, image, *shift):
    return (layer(frame(image)) != layer(frame(image, *shift))).float().mean().item()


def ring_of(image):
    return image[:, 100:356, 100:356]


def on_ring(layer, x):
    """A layer on a ring of 256: what its windows read behind the end is rolled there first."""
    corner = x.repeat(1, 2, 2)[:, :264, :264]
    return layer(corner)[:, :128, :128]


def waves(x, cells):
    """Rows as rings, moved by a fraction of a cell."""
    return torch.from_numpy(x.double().numpy() @ cosines(x.shape[-1], cells).T)


@cache
def cosines(n, cells):
    """A sum of cosines for each pair of cells of such a ring."""
    apart = np.arange(n)[:, None] - np.arange(n)[None] - cells
    total = 1 + 2 * sum(np.cos(2 * np.pi * k * apart / n) for k in range(1, n // 2))
    total += np.cos(np.pi * (apart + cells)) * np.cos(np.pi * cells)
    return total / n


def amounts(layer, image, shift=1, side=-1):
    """Mean change of a ring's output, and its distance from the old one moved along."""
    ring = ring_of(image)
    before, after = on_ring(layer, ring), on_ring(layer, ring.roll(shift, side))
    turned = before if side == -1 else before.transpose(1, 2)
    expected = waves(turned, shift / 2)
    expected = expected if side == -1 else expected.transpose(1, 2)
    spread = before.std().item()
    return [((after - old).abs().mean() / spread).item() for old in (before, expected)]


def share_on_ring(layer, image, shift=1):
    ring = ring_of(image)
    return (on_ring(layer, ring) != on_ring(layer, ring.roll(shift, -1))).float().mean().item()


def row(layer, index, length=8):
    x = torch.zeros(1, 1, length)
    x[..., index] = 8
    return layer(x)[0, 0].tolist()


def follows(layer, shift, image=None):
    image = photo() if image is None else image
    before, after = layer(frame(image)), layer(frame(image, shift))
    cells = (torch.equal(before[..., m:], after[..., : after.shape[-1] - m]) for m in range(5))
    return next((m for m, same in enumerate(cells) if same), None)


def twice(layer):
    return lambda x: layer(layer(x))


def hidden(layer, down=0, right=1):
    """The share of a dot's moves that leave the whole output alone, over a period of both."""
    same = []
    for top, left in itertools.product(range(4, 16), repeat=2):
        x = torch.zeros(2, 1, 24, 24)
        x[0, 0, top, left] = x[1, 0, top + down, left + right] = 1
        same.append(torch.equal(*layer(x)))
    return sum(same) / len(same)


def dotted(count, seed, maps=4000):
    rng = np.random.default_rng(seed)
    place = rng.random((maps, 256)).argsort(1)[:, :count]
    x = np.zeros((maps, 256), np.float32)
    np.put_along_axis(x, place, 0.1 + rng.random((maps, count), np.float32), 1)
    x = F.pad(torch.from_numpy(x).reshape(maps, 1, 16, 16), (0, 2))
    after = torch.zeros_like(x)
    after[..., 1:] = x[..., :-1]
    return x, after


def unchanged(layer, before, after):
    same = layer(before) == layer(after)
    return same.flatten(1).all(1).float().mean().item(), same.float().mean().item()


def test_every_claim(page):
    two_words(page)
    rows_of_dots(page)
    many_dots(page)
    the_photo(page)
    stripes(page)
    strides(page)
    network(page)
    exercises(page)
    page.cites("This lesson's path follows Unit 7 of", "https://lightning.ai/courses/")
    page.aside("The words and the measurements are our own", why="who wrote this lesson")
    page.complete()


def moved(x, right):
    """Zeros come in from the left."""
    out = torch.zeros_like(x)
    out[..., right:] = x[..., : x.shape[-1] - right]
    return out


def naive_convolution(x, kernel):
    """(1, H, W) and a 3×3 kernel, as nested sums."""
    _, height, width = x.shape
    rows = [
        [
            sum(float(x[0, r + i, c + j] * kernel[i, j]) for i in range(3) for j in range(3))
            for c in range(width - 2)
        ]
        for r in range(height - 2)
    ]
    return torch.tensor([rows])


def two_words(page):
    page.labels("Move the input by one pixel", "## Two words")
    page.labels("Say which shifts a strided layer follows exactly")
    page.labels("and measure what it brings", "Say which shifts a max pool hides, and how many")
    page.aside("A cat that moves by one pixel is still a cat", why="what a cat is")
    page.aside(
        'What *finds* a pattern should be equivariant. An answer such as "cat" should be invariant',
        why="what layers are wanted for",
    )
    page.says(
        "Two words, measured on dots, on noise and on a photo",
        page.names["dotted"](1, 9)[0].count_nonzero() == 9
        and len(page.names["noise"][0].unique()) > 250
        and torch.equal(page.names["photo"], photo()),
    )
    page.says(
        "About half is the answer to *one* question only",
        hidden(LAYERS["max"]) == 1 / 2 and share(LAYERS["max"], noise(), 1) > 0.6,
    )
    page.says(
        "Blur before you stride, with one depthwise convolution",
        torch.equal(page.names["depthwise"](photo()), blurred(photo())),
    )
    pattern, find = page.names["pattern"], page.names["find"]
    room = F.pad(torch.ones(1, 3, 3), (3, 6, 3, 3))
    assert pattern.shape == room.shape and (pattern[room == 0] == 0).all()
    assert pattern[room == 1].min() >= 1 and find.kernel_size == (3, 3) and find.stride == (1, 1)
    kernel, lines = find.weight[0, 0].detach(), []
    before = naive_convolution(pattern, kernel)
    for right in (1, 2, 3):
        after = naive_convolution(moved(pattern, right), kernel)
        along = torch.equal(after, moved(before, right))
        lines.append(
            f"by {right}: moves along {along}, largest {before.max():.0f} and {after.max():.0f}"
        )
    page.prints("def moved(x, right):", *lines)
    line = torch.arange(1.0, 7).reshape(1, 2, 3)
    page.says(
        "The map moved to the right; zeros come in from the left",
        page.names["moved"](line, 1).tolist() == [[[0, 1, 2], [0, 4, 5]]]
        and all(torch.equal(page.names["moved"](pattern, n), moved(pattern, n)) for n in (2, 3)),
    )
    torch.manual_seed(0)  # the numbers are the ones that the lesson's seed gives
    drawn = torch.randint(1, 10, (1, 3, 3)).float()
    nn.Conv2d(1, 1, 3, bias=False)
    assert torch.equal(pattern[room == 1], drawn.flatten())
    assert torch.equal(kernel, torch.randint(-3, 4, (1, 1, 3, 3)).float()[0, 0])
    page.labels("A convolution at stride 1 slides over a map.")
    page.labels("You move the map one pixel to the right")
    page.labels("And the largest number of that output?")
    page.says("room on all sides", not pattern[room == 0].any() and room.sum() == 9)
    largest, find_by_hand = torch.Tensor.max, (lambda x: naive_convolution(x, kernel))
    page.says(
        r"Two answers of the output have a name. - **Invariant**: the output stays as it was. "
        r"$f(\text{shifted } x) = f(x)$. - **Equivariant**: the output moves along. "
        r"$f(\text{shifted } x) = \text{shifted } f(x)$",
        [is_invariant(f, pattern) for f in (largest, find_by_hand)] == [True, False]
        and [is_equivariant(f, pattern) for f in (find_by_hand, LAYERS["max"])] == [True, False],
    )
    page.says(
        "Invariant: the output stays. Equivariant: it moves along",
        is_invariant(largest, pattern) and is_equivariant(find_by_hand, pattern),
    )
    page.says(
        "Keep two words apart: invariant and equivariant",  # each holds where the other does not
        is_invariant(largest, pattern) and not is_invariant(find_by_hand, pattern),
    )
    conv, x = nn.Conv2d(1, 1, 3), torch.rand(1, 9, 12)
    page.says(
        "The convolution moves along. At stride 1 the same window stops at every place, so it "
        "finds the same pattern one stop later. **It is equivariant.**",
        is_equivariant(find, pattern)
        and conv(x).shape == (1, 7, 10)
        and torch.allclose(conv(x)[..., :-1], conv(x.roll(1, 2))[..., 1:], atol=1e-6),
    )
    page.says(
        "The largest number of the whole map does not care where it stands. **It is invariant.**",
        before.max() == naive_convolution(moved(pattern, 1), kernel).max(),
    )
    pool = LAYERS["max"]
    page.says(
        "Pooling at stride 2 is neither of the two. It lies in between, and that is what you "
        "measure now",
        follows(pool, 1) is None
        and 0 < share(pool, photo(), 1) < 1
        and 0 < share_on_ring(pool, photo()) < 1
        and 0 < amounts(pool, photo())[1],
    )


def is_invariant(f, x):
    return torch.equal(f(moved(x, 1)), f(x))


def is_equivariant(f, x):
    return torch.equal(f(moved(x, 1)), moved(f(x), 1))


def rows_of_dots(page):
    dot_at, jump = page.names["dot_at"], [row(layer, 4) for layer in ROWS.values()]
    page.labels("One dot on its way")
    page.says(
        "Take a row of eight numbers, all zero but one. The dot moves to the right, one step at a "
        "time",
        dot_at(3).shape == (1, 1, 8)
        and dot_at(3).flatten().tolist() == [0, 0, 0, 8, 0, 0, 0, 0]
        and all(torch.equal(moved(dot_at(i), 1), dot_at(i + 1)) for i in range(7)),
    )
    page.says(
        "Four layers look at it. Each halves the row",
        len(page.names["rows"]) == 4 and {len(found) for found in jump} == {8 // 2},
    )
    pairs = torch.rand(1, 1, 8)
    two = pairs.reshape(4, 2)
    layers = page.names["rows"]
    page.says("**max**: the largest of two", torch.equal(layers["max"](pairs)[0, 0], two.amax(1)))
    page.says(
        "**average**: the mean of two",
        torch.allclose(layers["average"](pairs)[0, 0], two.mean(1)),
    )
    page.says(
        "**stride**: every second number, no more",
        torch.equal(layers["stride"](pairs)[0, 0], two[:, 0]),
    )
    page.says(
        "**blur, stride**: a weighted mean of three with the weights 1, 2, 1, divided by 4, at "
        "every second place",
        torch.allclose(layers["blur, stride"](pairs), row_blurred(pairs)),
    )
    weight = layers["blur, stride"].weight
    page.says(
        "nothing is trained here", weight is page.names["blur"].weight and not weight.requires_grad
    )
    plain = torch.arange(24.0).reshape(1, 4, 6)
    page.says("one row high, two columns wide", torch.equal(layers["max"](plain), plain[..., 1::2]))
    page.labels("The dot moves from index 2 to index 3, then to index 4")
    page.labels("Which layers notice the first step? Which notice the second?")
    printed = dict(zip(layers, ROWS.values(), strict=True))
    page.prints(
        "blur = nn.Conv2d(1, 1, (1, 3)",
        *(
            f"{name:<14} {' '.join(str([int(v) for v in row(layer, i)]) for i in (2, 3, 4))}"
            for name, layer in printed.items()
        ),
    )
    stay = {name: row(layer, 2) == row(layer, 3) for name, layer in ROWS.items()}
    page.says(
        "From 2 to 3 the max pool and the average notice nothing: both cells lie in one window",
        stay == {"max": True, "average": True, "stride": False, "blur": False},
    )
    jumps = [row(ROWS[name], 3) != row(ROWS[name], 4) for name in ("max", "average")]
    page.says(
        "From 3 to 4 the dot crosses into the next window, and their output jumps",
        all(jumps) and row(ROWS["max"], 3)[1] == row(ROWS["max"], 4)[2] == 8,
    )
    page.says(
        "The stride loses the dot at index 3 altogether. The blur shares the dot between two "
        "outputs",
        row(ROWS["stride"], 3) == [0] * 4
        and [v > 0 for v in row(ROWS["blur"], 3)].count(True) == 2,
    )
    page.draws("invariance-max-dot", slide(nn.MaxPool2d((1, 2)), dot(3)))
    page.says(
        "The 8 at index 3. At index 2 the same window would find it",
        row(ROWS["max"], 2) == row(ROWS["max"], 3) == [0, 8, 0, 0],
    )
    page.labels("Open the max pool and its dot in the explorer], move the dot")
    page.labels("and see when the output moves")
    sums = nn.Conv2d(1, 1, (1, 3), stride=(1, 2), padding=(0, 1), bias=False)
    sums.weight.data[:] = torch.tensor([1.0, 2, 1])
    page.draws("invariance-blur-dot", slide(sums, dot(3) / 4))
    page.says(
        "divided by 4 here, so that the weights are whole",
        torch.equal(page.names["dot"] * 4, dot(3))
        and torch.equal(page.names["sums"].weight, 4 * weight)
        and [bool((w == w.round()).all()) for w in (weight, 4 * weight)] == [False, True],
    )
    page.says(
        "The blur, with the 8 divided by 4 beforehand. It lies between two stops and gives 2 to "
        "each. At index 2, a single stop would get 4",
        page.figure("invariance-blur-dot").output == ((0, 2, 2, 0),)
        and row(ROWS["blur"], 3) == [0, 2, 2, 0]
        and row(ROWS["blur"], 2) == [0, 4, 0, 0],
    )
    walks(page)


def dot(index, length=8):
    x = torch.zeros(1, 1, length)
    x[..., index] = 8
    return x


def walks(page):
    drawn = page.drawing("invariance-walks")
    names = list(page.names["rows"])
    steps = [np.array([row(layer, i, 12) for i in range(12)]) for layer in ROWS.values()]
    pictures = [np.array(axes["images"][0]) for axes in drawn]
    page.plots(
        "invariance-walks",
        [axes["title"] for axes in drawn] == names
        and [axes["xlabel"] for axes in drawn] == ["output"] * 4
        and drawn[0]["ylabel"] == "the dot's index"
        and all(np.allclose(a, b / b.max()) for a, b in zip(pictures, steps, strict=True)),
    )
    most, mean, stride, blur = pictures
    page.says(
        "Now let the dot walk through a longer row. In each picture the top line is the first "
        "step, the bottom line the last",
        {len(p) for p in pictures} == {12}
        and page.names["dot_at"](3).shape[-1] < 12
        and all(p[0].argmax() == 0 for p in pictures)
        and most[-1].argmax() == 5,
    )
    page.says(
        "Four pictures, one line for each place of the dot. Max and average: white bars two lines "
        "high, like stairs",
        {p.shape for p in pictures} == {(12, 6)}
        and np.array_equal(most, np.repeat(np.eye(6), 2, axis=0))
        and np.array_equal(most, mean),
    )
    page.says(
        "Stride: the same stairs with every second line black",
        np.array_equal(stride[::2], most[::2]) and not stride[1::2].any(),
    )
    centres = [line @ np.arange(6) / line.sum() for line in blur[:11]]  # the last leaves the row
    page.says(
        "Max and average take stairs. The stride blinks. The blur glides",
        most.argmax(1).tolist() == mean.argmax(1).tolist() == [n // 2 for n in range(12)]
        and stride.any(1).tolist() == [True, False] * 6
        and centres == [n / 2 for n in range(11)],
    )
    lit = [sorted(line[line > 0].tolist()) for line in blur]
    page.says(
        "Blur, stride: a soft diagonal of white cells and pairs of grey ones",
        lit[:11:2] == [[1]] * 6 and lit[1:11:2] == [[0.5, 0.5]] * 5,
    )


def many_dots(page):
    pool = LAYERS["max"]
    steps = {column: hidden_from(pool, column) for column in range(2, 12)}
    page.says(
        "You have seen one dot. Its step is hidden when it starts in the left column of its "
        "window. That is every second column",
        all(stays == (column % 2 == 0) for column, stays in steps.items()),
    )
    page.labels("Count the maps whose max pool does not change **at all**")
    before, after = page.names["dotted"](3, 500)
    page.says(
        "Now put several dots on a 16×16 map, at random places, each of a random brightness. Move "
        "all of them one pixel to the right",
        before.shape == (500, 1, 16, 18)
        and torch.equal(after, moved(before, 1))
        and not before[..., 16:].any()
        and ((before > 0).sum((1, 2, 3)) == 3).all()
        and len(before[before > 0].unique()) > 1400,
    )
    page.says(
        "Random maps, and the same maps moved one pixel to the right",
        torch.equal(after[..., 1:], before[..., :-1])
        and not after[..., 0].any()
        and len(before.flatten(1).unique(dim=0)) == 500
        and not torch.equal(before, page.names["dotted"](3, 500)[0]),
    )
    page.says(
        "The share of the layer's maps that stay the same, and that of their single numbers",
        counts_what_stays(page.names["unchanged"]),
    )
    page.says("room to move", not before[..., 16:].any() and after[..., 16].any())
    page.says("With one dot it is one half", hidden(pool) == 1 / 2)
    page.labels("With two dots? With eight?")
    counts = (1, 2, 3, 4, 8)
    own = {n: [unchanged(pool, *dotted(n, seed))[0] for seed in (1, 2)] for n in counts}
    assert page.names["dotted"].__defaults__ == (10_000,)
    lines = page.output("def dotted(count, maps=10_000):").split("\n")
    told = [float(line.split("unchanged: ")[1].split("%")[0]) / 100 for line in lines]
    page.tells(
        "def dotted(count, maps=10_000):",
        [
            f"dots: {n}  maps unchanged: {t:.1%}  0.5 ** {n}: {2.0**-n:.1%}"
            for n, t in zip(counts, told, strict=True)
        ]
        == lines
        and all(abs(t - np.mean(own[n])) < 0.025 for n, t in zip(counts, told, strict=True)),
    )
    page.says(
        "With one dot, about half. Each further dot about halves it again, for all of them must "
        "start in the left column of their windows",
        all(abs(found - 0.5**n) < 0.03 for n in counts for found in own[n])
        and all(starts_left(*dotted(n, seed=5, maps=1000)) for n in (1, 2, 3)),
    )
    page.says(
        "With eight dots, fewer than one map in a hundred stays the same",
        all(unchanged(pool, *dotted(8, seed))[0] < 0.01 for seed in (1, 2, 3)),
    )
    white = page.names["noise"]
    assert white.shape == (10_000, 1, 16, 17) and abs(white.mean() - 0.5) < 0.001
    page.says(
        "Eight dots leave most of a map empty. Noise leaves nothing empty",
        (dotted(8, 1, maps=9)[0][..., :16] == 0).float().mean() > 0.9 and (white[:100] > 0).all(),
    )
    shifted = page.names["after"]
    page.says(
        "one pixel to the right",
        shifted.shape == (10_000, 1, 16, 16)
        and torch.equal(shifted[..., 1:], page.names["before"][..., :-1]),
    )
    maps, numbers = unchanged(largest_of_four, white[..., 1:], white[..., :-1])
    page.prints(
        "noise = torch.rand(10_000, 1, 16, 17)",
        f"unchanged: {maps:.1%} of the maps, {numbers:.1%} of the single numbers",
    )
    orders = itertools.permutations(range(6))  # all ways to order two rows of three columns
    stays = sum(max(o[0], o[1], o[3], o[4]) == max(o[1], o[2], o[4], o[5]) for o in orders)
    page.says(
        "Not one map of ten thousand. But one **number** in three stays, and you can see why",
        maps == 0 and abs(numbers - stays / 720) < 0.002 and stays / 720 == 1 / 3,
    )
    first, second = ({(r, c + s) for r in (0, 1) for c in (0, 1)} for s in (0, 1))
    page.says(
        "The window before and the window after have three columns between them, six cells. The "
        "middle column, two cells, belongs to both. The maximum stays if the largest of the six "
        "stands there: 2 chances in 6",
        len({c for _, c in first | second}) == 3
        and len(first | second) == 6
        and first & second == {(0, 1), (1, 1)}
        and stays / 720 == 2 / 6,
    )
    page.says(
        'So "max pooling hides half of all one-pixel shifts" is true of a lone dot. Of noise it is '
        "false",
        hidden(pool) == 1 / 2 and numbers < 0.4 and maps == 0,
    )
    page.labels("Always say what you count")
    empty = torch.zeros(1, 3, 8, 8)
    dim = [unchanged(layer, *dotted(1, 3, maps=300)) for layer in LAYERS.values()]
    page.says(
        "You measure how many output numbers a shift leaves alone, on maps that are mostly empty. "
        "The score is splendid, and it would be for any layer. Zeros stay zeros",
        not any(layer(empty).any() for layer in LAYERS.values())
        and len(dim) == 5
        and all(maps < 0.6 and numbers > 0.85 for maps, numbers in dim),
    )
    lone = page.names["lone"]
    assert lone[0].shape == (10_000, 1, 16, 18) and torch.equal(lone[1], moved(lone[0], 1))
    assert ((lone[0] > 0).sum((1, 2, 3)) == 1).all()
    scores = [unchanged(layer, *lone) for layer in (largest_of_four, LAYERS["stride"])]
    page.prints(
        "lone = dotted(1)",
        *(
            f"unchanged: {numbers:.1%} of the numbers, {maps:.1%} of the maps"
            for maps, numbers in scores
        ),
    )
    page.says(
        "The second line is the stride. By numbers it wins with over 99%",
        scores[1][1] > 0.99 > scores[0][1],
    )
    still = (LAYERS["stride"](lone[0]) == LAYERS["stride"](lone[1])).flatten(1).all(1)
    odd = lone[0].sum((1, 3)).argmax(1) % 2 == 1
    page.says(
        "And the half of the maps that it leaves unchanged? There the dot is in a row that the "
        "stride skips. It looks stable where it is blind",
        torch.equal(still, odd)
        and abs(still.float().mean() - 1 / 2) < 0.02
        and not any(LAYERS["stride"](maps[still]).any() for maps in lone),
    )


def starts_left(before, after):
    """Whether the pooled maps that stay the same are those with each dot in a left column."""
    same = (LAYERS["max"](before) == LAYERS["max"](after)).flatten(1).all(1)
    left = ~before[..., 1::2].flatten(1).any(1)
    return left.any() and torch.equal(same, left)


def counts_what_stays(unchanged):
    """Of four maps the first changes only where the layer does not look, the second everywhere."""
    before = torch.zeros(4, 1, 2, 3)
    after = before.clone()
    after[0, 0, 0, 2] = after[1] = after[2, 0, 0, 0] = 1
    found = unchanged(lambda x: x[..., :2], before, after)
    return [float(share) for share in found] == [2 / 4, (4 + 0 + 3 + 4) / 16]


def largest_of_four(x):
    """The max pool of 2 without a pool: a last odd column is left out."""
    x = x[..., : x.shape[-1] // 2 * 2]
    corners = [x[..., r::2, c::2] for r in (0, 1) for c in (0, 1)]
    return torch.stack(corners).amax(0)


def hidden_from(layer, column):
    """Whether a dot's step from this column to the right leaves the output alone."""
    x = torch.zeros(2, 1, 8, 16)
    x[0, 0, 2, column] = x[1, 0, 2, column + 1] = 1
    return torch.equal(*layer(x))


def the_photo(page):
    own, theirs = (
        f(LAYERS["max"], *dotted(1, 3, 300)) for f in (unchanged, page.names["unchanged"])
    )
    page.says("You have counted changes", np.allclose(own, theirs, atol=1e-6))
    page.says(
        "At stride 2 one step of the output is two steps of the input. So when the input moves by "
        "one pixel, an equivariant output moves by half a cell",
        all(follows(layer, 2) == 1 for layer in LAYERS.values()),
    )
    page.labels("How do you move a map by half a cell?")
    slid, ends = page.names["slid"], torch.eye(6)[5:]  # a row with a 1 at its right end
    page.says(
        "Take each row as a ring, so that what leaves at the right comes in at the left",
        torch.allclose(slid(ends, 1), torch.eye(6)[:1], atol=1e-6),
    )
    page.says(
        "A ring of numbers is a sum of waves, which is what a **Fourier transform** finds. A wave "
        "can be turned by any fraction of a cell. So turn each of them, and add them up again",
        adds_waves(slid, torch.rand(1, 8, generator=torch.Generator().manual_seed(1))),
    )
    maps = [torch.rand(3, n, generator=torch.Generator().manual_seed(n)) for n in (7, 8)]
    page.says(
        "The rows of a map, as rings, moved to the right by whole cells or fractions of one",
        all(torch.allclose(slid(x, 2), x.roll(2, -1), atol=1e-6) for x in maps)
        and torch.allclose(slid(slid(maps[0], 1 / 2), 1 / 2), maps[0].roll(1, -1), atol=1e-6)
        and torch.allclose(slid(maps[1], 3 / 4).double(), waves(maps[1], 3 / 4), atol=1e-5),
    )
    hills = torch.tensor([[0.0, 2, 4, 2, 0, 0, 0, 0]])
    moves = {cells: [round(v, 2) + 0.0 for v in waves(hills, cells)[0].tolist()] for cells in STEPS}
    page.prints("hills = torch.tensor", *(f"by {cells} {line}" for cells, line in moves.items()))
    page.says(
        "Moved by one cell, the hill is the old one. Moved by half a cell, its top lies between "
        "two cells",
        moves[1] == hills.roll(1)[0].tolist() and moves[0.5][2] == moves[0.5][3] == max(moves[0.5]),
    )
    kernel = torch.outer(torch.tensor([1.0, 2, 1]), torch.tensor([1.0, 2, 1]))
    weight = page.names["depthwise"].weight
    page.prints("depthwise = blur_of(1, 2, 1)", str((3, 1, 3, 3)), kernel)
    tinted = photo()[:, :9, :9] + torch.tensor([0.0, 50, 0])[:, None, None]
    touched = page.names["depthwise"](tinted) != page.names["depthwise"](photo()[:, :9, :9])
    page.says(
        "Now the layers. The blur for images must treat each channel on its own. That is a "
        "**depthwise** convolution: `groups=channels` gives every channel a kernel of its own",
        page.names["depthwise"].groups == 3
        and weight.shape == (3, 1, 3, 3)
        and touched.flatten(1).any(1).tolist() == [False, True, False],
    )
    small, uneven = photo()[:, :9, :9], page.names["blur_of"](3, 1)
    page.says(
        "A depthwise blur of three channels at stride 2",
        torch.equal(page.names["blur_of"](1, 2, 1)(small), blurred(small))
        and torch.allclose(uneven(small), uneven_blur(small))
        and touched.flatten(1).any(1).tolist() == [False, True, False],
    )
    by_kernel = F.conv2d(photo(), kernel.expand(3, 1, 3, 3) / 16, stride=2, groups=3)
    page.says(
        "All these kernels are the same here, the products of 1, 2, 1 down and 1, 2, 1 across",
        torch.equal(by_kernel, blurred(photo()))
        and torch.equal(weight, kernel.expand(3, 1, 3, 3) / 16),
    )
    pascal = [[1, 1]]
    while len(pascal) < 4:
        last = pascal[-1]
        pascal.append([a + b for a, b in zip([0, *last], [*last, 0], strict=True)])
    page.says(
        "1, 2, 1 is a line of Pascal's triangle, hence the name *binomial* kernel",
        pascal[1] == kernel[0].tolist() == [math.comb(2, n) for n in range(3)],
    )
    boxed = F.avg_pool2d(photo(), 2, stride=1)[..., ::2, ::2]
    page.says(
        "The line above it is 1, 1: an average of two. So `AvgPool2d(2)` is a blur before a stride "
        "as well, a shorter one",
        torch.allclose(boxed, LAYERS["average"](photo())),
    )
    layers = page.names["layers"]
    page.says(
        "Two lines below stands 1, 4, 6, 4, 1, a longer one",
        pascal[3] == [1, 4, 6, 4, 1]
        and torch.allclose(layers["longer blur"](photo()), longer(photo()), atol=1e-3),
    )
    page.labels("Let it take part")
    page.says(
        "The photo is matplotlib's sample picture, 256×256 of it, closed to a ring",
        torch.equal(page.names["photo"], photo())
        and torch.equal(page.names["ring"], ring_of(photo()))
        and ring_of(photo()).shape == (3, 256, 256),
    )
    means = means_over_all(page)
    page.says(
        "For each layer you get three numbers: how many outputs change, by how much they change, "
        "and the **equivariance error**. The error is the distance between the new output and the "
        "old one moved by half a cell. The last two are means over all cells, divided by how much "
        "the output varies anyway, its standard deviation",
        means,
    )
    page.says(
        "The share of outputs that change, the mean change of all, and the equivariance error",
        means and share_on_ring(LAYERS["max"], photo()) < 0.9,  # so "of all" makes a difference
    )
    behind = {n: page.names["around"](page.names["layers"][n]) for n in page.names["layers"]}
    page.says(
        "A layer at stride 2 on the ring: a window at the end reads on at the beginning",
        all(
            torch.equal(ringed(noise()[:, :256, :256]), on_ring(layer, noise()[:, :256, :256]))
            for ringed, layer in zip(behind.values(), page.names["layers"].values(), strict=True)
        )
        and [n for n, ringed in behind.items() if ringed(beginning())[..., -1].any()]
        == ["blur, stride", "longer blur"],
    )
    page.labels("A shift by one pixel. Which of the five layers changes the fewest")
    page.labels("Which has the smallest error?")
    table(page)


STEPS = (1, 0.5)


def uneven_blur(x):
    """Weights 3 1 down, then across, then every second number."""
    down = (3 * x[:, :-1] + x[:, 1:]) / 4
    return ((3 * down[..., :-1] + down[..., 1:]) / 4)[:, ::2, ::2]


def beginning():
    """A ring that is black but for its first column."""
    x = torch.zeros(3, 256, 256)
    x[..., 0] = 1
    return x


def adds_waves(slid, row):
    """A row of eight is the sum of its waves, and each of them, turned, gives the moved row."""
    waves_in, places = np.fft.fft(row[0].numpy()) / 8, np.arange(8)

    def turned(cells):
        turns = [2j * np.pi * k * (places - cells) / 8 for k in (*range(4), *range(-4, 0))]
        return sum(size * np.exp(turn) for size, turn in zip(waves_in, turns, strict=True)).real

    steps = torch.arange(8) * 2 * torch.pi / 8
    return np.allclose(turned(0), row[0], atol=1e-6) and all(
        np.allclose(slid(row, cells)[0], turned(cells), atol=1e-5)
        and torch.allclose(
            slid(steps.cos(), cells), (steps * 1 - cells * steps[1]).cos(), atol=1e-5
        )
        for cells in (1, 1 / 2, 0.3)
    )


def means_over_all(page):
    """The lesson's three numbers for noise on one layer, against the test's own."""
    found = page.names["measured"](page.names["around"](nn.MaxPool2d(2)))
    own = [share_on_ring(LAYERS["max"], photo()), *amounts(LAYERS["max"], photo())]
    return np.allclose(found, own, atol=1e-4)


def table(page):
    shares = {name: share_on_ring(layer, photo()) for name, layer in LAYERS.items()}
    moved = {name: amounts(layer, photo()) for name, layer in LAYERS.items()}
    errors = {name: error for name, (_, error) in moved.items()}
    names = dict(zip(page.names["layers"], LAYERS, strict=True))
    page.prints(
        """print(f"{'':<14}{'changed':>8}{'by':>8}{'error':>8}")""",
        f"{'':<14}{'changed':>8}{'by':>8}{'error':>8}",
        *(
            f"{name:<14}{shares[n]:>8.0%}{moved[n][0]:>8.3f}{moved[n][1]:>8.3f}"
            for name, n in names.items()
        ),
    )
    order = ["longer", "blur", "average", "max", "stride"]
    page.says(
        "The questions have different answers. The max pool changes the fewest numbers, "
        f"{shares['max']:.0%}. But what it changes, it changes wrongly: its error is "
        f"{errors['max']:.3f}, and only the stride's is larger, {errors['stride']:.3f}. The "
        f"average has {errors['average']:.3f}, the blur {errors['blur']:.3f}, the longer blur "
        f"{errors['longer']:.3f}",
        sorted(errors, key=errors.get) == order and min(shares, key=shares.get) == "max",
    )
    grain = [amounts(LAYERS[name], noise())[1] for name in ("stride", "blur", "longer")]
    page.says(
        "**A blur before the stride lets the output move along, and a longer one does it better.**",
        errors["stride"] / 3 > errors["blur"] > errors["longer"]
        and grain == sorted(grain, reverse=True),
    )
    due = ideal_amounts(photo())
    page.prints("def ideal(x):", f"ideal: changes by {due[0]:.3f}, error {due[1]:.3f}")
    page.says(
        "which takes out every wave that is too fine for the smaller map, and nothing else",
        keeps_the_coarse(page.names["ideal"]),
    )
    page.says(
        "Only waves longer than four cells, down and across; then every second number",
        keeps_just_the_long(page.names["ideal"]),
    )
    steps = {n: step_of(on_ring(layer, ring_of(photo()))) for n, layer in LAYERS.items()}
    steps["ideal"] = step_of(page.names["ideal"](ring_of(photo())))
    middle_column = {**{name: change for name, (change, _) in moved.items()}, "ideal": due[0]}
    page.says(
        "The column in the middle looks like a measure of stability. It is one of smoothness",
        # the same order as by the steps from cell to cell
        sorted(steps, key=steps.get) == sorted(middle_column, key=middle_column.get),
    )
    page.says(
        "Its output changes by more than that of the max pool. So by the middle column it would be "
        "worse. But all of this change is due: the output has moved by half a cell, with no error "
        "at all",
        due[0] > moved["max"][0] and due[1] < 1e-5 < errors["max"],
    )
    middle = np.abs(np.fft.fft([1, 2, 1, 0, 0, 0, 0, 0]) / 4)[1]  # a wave of eight cells
    page.says(
        "The blurs change less because they also take out detail that the smaller map could have "
        "held",
        middle < 0.9 and all(moved[n][0] < due[0] for n in ("blur", "longer")),
    )
    curves(page)


def step_of(output):
    """The mean step from a cell to its neighbour, as a share of the standard deviation."""
    return ((output - output.roll(1, -1)).abs().mean() / output.std()).item()


def waves_of(size, along, down):
    steps = torch.arange(size, dtype=torch.float64) * 2 * torch.pi / size
    return torch.cos(steps * along)[None] * torch.cos(steps * down)[:, None]


def keeps_the_coarse(ideal):
    """Waves of fewer than 16 turns in 64 cells pass untouched, others not at all."""
    coarse, fine = waves_of(64, 15, 7), waves_of(64, 3, 16)
    return (
        torch.allclose(ideal(coarse), coarse[::2, ::2], atol=1e-5)
        and ideal(fine).abs().max() < 1e-5
    )


def keeps_just_the_long(ideal):
    """Of rows and columns of 64 cells: a wave of 16 turns is four cells long."""
    turns = (0, 3, 15, 16, 17, 31)
    return all(
        torch.allclose(ideal(x), x[::2, ::2] * (64 > 4 * along and 64 > 4 * down), atol=1e-5)
        for along, down in itertools.product(turns, turns)
        for x in [waves_of(64, along, down)]
    )


def ideal_amounts(image):
    """Change and error of a low-pass by a matrix of cosines, on the ring."""
    ring = ring_of(image).double()
    apart = np.arange(256)[:, None] - np.arange(256)[None]
    kernel = 1 + 2 * sum(np.cos(2 * np.pi * k * apart / 256) for k in range(1, 64))
    kernel = torch.from_numpy(kernel / 256)[::2]
    before, after = (kernel @ x @ kernel.T for x in (ring, ring.roll(1, -1)))
    return [
        ((after - old).abs().mean() / before.std()).item() for old in (before, waves(before, 0.5))
    ]


@cache
def zigzag(name):
    return [amounts(LAYERS[name], photo(), shift)[1] for shift in range(7)]


def curves(page):
    (axes,) = page.drawing("invariance-curves")
    names = list(page.names["layers"])
    truths = [zigzag(name) for name in LAYERS]
    page.plots(
        "invariance-curves",
        (axes["xlabel"], axes["ylabel"]) == ("shift in pixels", "equivariance error")
        and all(
            label == name and x == list(range(7)) and np.allclose(y, truth, atol=1e-4)
            for (label, x, y), name, truth in zip(axes["lines"], names, truths, strict=True)
        ),
    )
    even, odd = np.array(truths)[:, ::2], np.array(truths)[:, 1::2]
    page.says(
        "The equivariance error against the shift, 0 to 6 pixels, five zigzag lines. All are zero "
        "at 0, 2, 4 and 6. At 1, 3 and 5 the stride lies highest, then max, average, blur and "
        "stride, and the longer blur lies lowest",
        even.shape == (5, 4) and even.max() < 1e-5 and (np.diff(odd, axis=0) < 0).all(),
    )
    page.says(
        "The photo, shifted. A layer at stride 2 follows every second shift exactly. In between, "
        "the longer blur errs least",
        all(follows(layer, s) for layer in LAYERS.values() for s in (2, 4, 6))
        and (odd[-1] == odd.min(0)).all(),
    )


def stripes(page):
    page.labels("Look at the finest stripes that a row can hold, and move")
    page.labels("and move them by one:")
    bars = torch.tensor([0.0, 8] * 6).reshape(1, 1, 12)
    names = dict(zip(page.names["rows"], ROWS.values(), strict=True))
    inner = {
        name: [layer(x)[0, 0, 1:-1].int().tolist() for x in (bars, moved(bars, 1))]
        for name, layer in names.items()
    }
    page.prints(
        "stripes = torch.tensor([0.0, 8] * 6)",
        *(f"{name:<14} {before} {after}" for name, (before, after) in inner.items()),
    )
    seen = {name: [sorted(set(x)) for x in both] for name, both in inner.items()}
    page.says(
        "The stride sees pure black, and one pixel later pure white", seen["stride"] == [[0], [8]]
    )
    page.says(
        "With every second number gone, stripes this fine turn into an even area, and a false one",
        all(len(x) == 1 and x[0] != bars.mean() for x in seen["stride"]),
    )
    early, late = (
        {float(v) for v in found.unique()}
        for found in (ROWS["average"](bars), F.avg_pool1d(ROWS["stride"](bars), 2))
    )
    page.says(
        "That is **aliasing**. The sampling theorem says what to do: take out the detail that is "
        "too fine *before* you skip",
        early == {bars.mean().item()} and late == {0.0},
    )
    page.says(
        "The average and the blur answer 4, an honest grey, before and after",
        seen["average"] == seen["blur, stride"] == [[4], [4]] and bars.mean() == 4,
    )
    page.says(
        "The max pool answers 8 both times. It is perfectly stable here, and twice as bright "
        "as the truth",
        seen["max"] == [[8], [8]] and 8 == 2 * bars.mean(),
    )
    page.cites(
        "points this out for max pooling, strided convolutions and average pooling alike, and puts "
        "a blur in front of each stride",
        "https://proceedings.mlr.press/v97/zhang19a.html",
    )
    page.labels("The details are in [aliasing, properly]")
    calm = amounts(gentle, photo())[1]
    page.says(
        "A max pool becomes three steps: maximum at stride 1, blur, stride",
        torch.allclose(page.names["gentle"](photo()), gentle(photo())),
    )
    page.prints("gentle = nn.Sequential(", f"max, blur, then stride: error {calm:.3f}")
    own = amounts(LAYERS["max"], photo())[1]
    page.says("That is less than a third of the max pool's own error", calm < own / 3)
    page.says(
        "At the shifts in between, measure the equivariance error, not the change. A blur before "
        "the stride makes it smaller",
        calm < own and zigzag("blur")[1] < zigzag("stride")[1],
    )


def gentle(x):
    return blurred(F.max_pool2d(x, 2, stride=1))


def strides(page):
    page.says(
        "The errors are zero at every second shift. Is that exact, down to the last digit?",
        all(max(zigzag(name)[::2]) < 1e-5 for name in LAYERS),
    )
    page.says(
        "This time leave out the ring and look at the photo through a fixed frame",
        torch.equal(page.names["frame"](photo(), 3), frame(photo(), 3)),
    )
    page.says(
        "Each output of a layer at stride 2 stands for two steps of the input. So move the input "
        "by two",
        all(follows(layer, 2) == 1 for layer in LAYERS.values()),
    )
    found = page.names["frame"](noise(), 5)
    page.says(
        "256×256 pixels of an image, looked at from `shift` pixels further right",
        found.shape == (3, 256, 256)
        and torch.equal(found[..., :-5], page.names["frame"](noise())[..., 5:])
        and torch.equal(found, frame(noise(), 5)),
    )
    followed = page.names["follows"]  # few rows are enough here
    page.says(
        "The shifts after which the output is the old output, at most four cells further left",
        followed(lambda x: x[:, :8], range(1, 8)) == [1, 2, 3, 4]
        and followed(lambda x: x[:, :8, ::3], range(1, 17)) == [3, 6, 9, 12]
        and followed(lambda x: x[:, :8].flip(-1), range(1, 8)) == [],  # this one moves right
    )
    page.labels("For which shifts is the new output exactly the old one,")
    page.labels("Try 1 to 4 pixels, for one layer and for two in a row")
    once = {n: [s for s in (1, 2, 3, 4) if follows(f, s)] for n, f in LAYERS.items()}
    double = {n: [s for s in range(1, 9) if follows(twice(f), s)] for n, f in LAYERS.items()}
    names = dict(zip(page.names["layers"], LAYERS, strict=True))
    page.prints(
        "twice = follows(lambda x, layer=layer: layer(layer(x)), range(1, 9))",
        *(f"{name:<14} once: {once[n]}  twice: {double[n]}" for name, n in names.items()),
    )
    page.says(
        "Shifts by the stride are followed exactly, by all five. Shifts by 1 or 3 by none",
        len(once) == 5 and all(shifts == [2, 4] for shifts in once.values()),
    )
    page.says(
        "Strides multiply. Two layers at stride 2 follow only every fourth shift",
        all(shifts == [4, 8] for shifts in double.values()),
    )
    five = nn.Sequential(*[nn.MaxPool2d(2)] * 5)
    found = [s for s in range(1, 65) if follows(five, s, noise())]
    page.says(
        "Five follow one shift in 32, along each axis, but not if you pad with zeros. Zeros in a "
        "border do not move along with the picture",
        found == [32, 64] and not any(follows(means_in(nn.ZeroPad2d(1)), s) for s in (32, 64)),
    )
    page.prints(
        "for padding in (0, 1):",
        f"padding 0: follows shifts by {found}",
        "padding 1: follows shifts by nothing",
    )
    rolled = {
        pad: [s for s in range(1, 65) if follows_on_ring(means_in(getattr(nn, pad)(1)), s)]
        for pad in ("ZeroPad2d", "ReplicationPad2d", "CircularPad2d")
    }
    page.says(
        "Padding can move along. On a ring, circular padding does, because what it puts beyond one "
        "border comes from the other. Copies of the border do not",
        rolled == {"ZeroPad2d": [], "ReplicationPad2d": [], "CircularPad2d": [32, 64]},
    )
    page.prints(
        "for pad in (nn.ZeroPad2d(1), nn.ReplicationPad2d(1), nn.CircularPad2d(1)):",
        *(
            f"{pad}: follows shifts of the ring by {shifts or 'nothing'}"
            for pad, shifts in rolled.items()
        ),
    )
    page.says(
        "A strided layer without padding follows shifts by multiples of its stride, and no "
        "others. Strides multiply",
        all(shifts == [2, 4] for shifts in once.values()),
    )
    page.says(
        "So expect less of a network that pads with zeros than of the rings and frames on this "
        "page",
        found and rolled["CircularPad2d"] and not rolled["ZeroPad2d"],
    )


def means_in(pad):
    """Five means of 3×3 at stride 2, each in a border that is put around by hand."""
    return nn.Sequential(*[pad, nn.AvgPool2d(3, 2)] * 5)


def follows_on_ring(layer, shift):
    ring = noise()[:, 100:356, 100:356]
    before, after = layer(ring), layer(ring.roll(-shift, 2))
    return any(torch.equal(before.roll(-m, 2), after) for m in range(before.shape[-1]))


class Ring(nn.Module):
    def __init__(self, halve, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.halve = halve
        self.convolutions = nn.ModuleList(
            [nn.Conv2d(c, 8, 3, padding=1, padding_mode="circular", bias=False) for c in (3, 8)]
        )

    def forward(self, x):
        for convolution in self.convolutions:
            x = self.halve(convolution(x).relu())
        return x.mean((1, 2)).detach()


def ring_blur(x):
    x = torch.stack([x, x.roll(-1, 1), x.roll(-1, 2), x.roll((-1, -1), (1, 2))]).amax(0)
    for side in (1, 2):
        x = (x.roll(1, side) + 2 * x + x.roll(-1, side)) / 4
    return x[:, ::2, ::2]


def loudest(x):
    """Of the four grids the one with the largest sum of squares."""
    folded = x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2)
    power = folded.double().square().sum((0, 1, 3))
    row, col = divmod(int(power.argmax()), 2)
    return folded[:, :, row, :, col]


HALVES = {
    "none": lambda x: x,
    "stride": lambda x: x[:, ::2, ::2],
    "max": nn.MaxPool2d(2),
    "average": nn.AvgPool2d(2),
    "blur": ring_blur,
    "chosen": loudest,
}


@cache
def drifts(seed):
    view = F.avg_pool2d(photo()[:, 100:356, 100:356], 4) / 255
    found = {}
    for name, halve in HALVES.items():
        network = Ring(halve, seed)
        still = network(view)
        answers = [network(view.roll(s, 2)) for s in range(9)]
        found[name] = [((a - still).norm() / still.norm()).item() for a in answers]
    return found


def network(page):
    small = page.names["network"](0, [nn.MaxPool2d(2)])
    other = page.names["network"](1, [nn.MaxPool2d(2)])
    parts = (nn.Conv2d, nn.ReLU, nn.MaxPool2d)
    page.says(
        "Now a small network with random weights: convolution, ReLU, halve, and the same again. At "
        "the end it takes the mean of each map, and so forgets every place. Its answer is eight "
        "numbers",
        tuple(map(type, small)) == (*parts, *parts, nn.AdaptiveAvgPool2d)
        and not torch.equal(small[0].weight, other[0].weight)
        and torch.allclose(*rolled_means())
        and small(page.names["view"]).shape == (8, 1, 1),
    )
    page.says(
        "To have no border in the way, the picture is a ring again. Six networks differ only in "
        "how they halve",
        len(page.names["halvings"]) == 6
        and only_the_halving(page)
        and {small[place].padding_mode for place in (0, 3)} == {"circular"},
    )
    page.says("64×64", page.names["view"].shape[1:] == (64, 64))
    page.says(
        "but it chooses *which* of the four grids to keep: the one whose numbers are the largest, "
        "by their root of the sum of squares",
        all(
            torch.equal(page.names["ChosenGrid"]()(x), loudest(x))
            for x in (
                torch.rand(8, 6, 10, generator=torch.Generator().manual_seed(s)) for s in SETS
            )
        ),
    )
    page.says("One of them is new. It takes the stride", len(HALVES) == 6)
    found = {name: np.mean([drifts(seed)[name] for seed in SETS], 0) for name in HALVES}
    names = dict(zip(page.names["drifts"], found, strict=True))
    told = np.array(page.numbers("drifts = {")).reshape(6, 9)
    lines = page.output("drifts = {").split("\n")
    page.tells(
        "drifts = {",
        np.allclose(told, [100 * found[n] for n in names.values()], atol=0.0051)
        and lines
        == [
            f"{n:<18} {' '.join(f'{v:.2f}%' for v in t)}" for n, t in zip(names, told, strict=True)
        ],
    )
    (axes,) = page.drawing("invariance-network")
    page.plots(
        "invariance-network",
        (axes["xlabel"], axes["ylabel"]) == ("shift in pixels", "change of the answer, %")
        and axes["xticks"] == [str(s) for s in range(9)]
        and all(
            label == name
            and x == list(range(9))
            and np.allclose(y, 100 * found[names[name]], atol=1e-3)
            for (label, x, y), name in zip(axes["lines"], names, strict=True)
        ),
    )
    exact = {n: [s for s, d in enumerate(line) if d < 1e-5] for n, line in found.items()}
    page.says(
        "Mean change of a network's answer against the shift, 0 to 8 pixels, over ten sets of "
        "weights. No halving and the chosen grid: flat lines at zero",
        exact["none"] == exact["chosen"] == list(range(9)),
    )
    again = exact["stride"] == exact["max"] == [0, 4, 8]
    page.says(
        "Stride and max: they rise and come back to zero at 4 and at 8, the stride higher",
        again and all(a >= b - 1e-6 for a, b in zip(found["stride"], found["max"], strict=True)),
    )
    second = exact["average"] == exact["blur"] == [0, 2, 4, 6, 8]
    page.says("Average, and max, blur, stride: low zigzags, zero at every second shift", second)
    page.says(
        "Means over ten sets of weights. A network that halves twice repeats itself every four "
        "pixels",
        again and np.allclose(found["max"][:5], found["max"][4:], atol=1e-5),
    )
    page.says(
        "Without any stride the answer does not move at all. Equivariant layers, then a mean over "
        "all places: that is exact invariance",
        exact["none"] == list(range(9)) and torch.allclose(*rolled_means()),
    )
    page.says("With two strides of 2 the answer wavers, and is exact again at 4 and at 8", again)
    most = {name: f"{max(line):.2%}" for name, line in found.items()}
    page.says(
        f"The stride alone lets it waver by up to {most['stride']}, the max pool by up to "
        f"{most['max']}, the average by {most['average']}, and the max with a blur by "
        f"{most['blur']}",
        all(len({f"{d:.2%}" for d in found[n][1::2]}) == 1 for n in ("average", "blur")),
    )
    each = [drifts(seed)["blur"][1] < drifts(seed)["average"][1] for seed in SETS]
    page.says(
        "Those are means: the last two change places with some of the ten sets of weights",
        len(each) == 10 and 0 < each.count(False) < each.count(True),
    )
    page.says(
        "One set of random weights would be one opinion. So take ten",
        len({drifts(seed)["max"][1] for seed in SETS}) == len(SETS) == 10 and each.count(False),
    )
    view, short = page.names["view"].numpy(), lambda x: x.mean(1)[:, :5]
    rolled = [np.roll(view, s, 2).mean(1)[:, :5] for s in range(9)]
    lengths = [np.sqrt(np.sum((a - rolled[0]) ** 2) / np.sum(rolled[0] ** 2)) for a in rolled]
    page.says(
        "How far the answer moves with each shift from 0 to 8, as a share of its length",
        np.allclose(page.names["drift"](short), lengths, atol=1e-6) and min(lengths[1:]) > 0.01,
    )
    x = torch.rand(1, 8, 8)
    page.says("The average and the blur are exact at 2 as well", second)
    page.says(
        "There the second halving sees its input moved by one, but the mean of all places comes "
        "right after it",
        all(follows(HALVES[n] if n == "average" else blurred, 2) == 1 for n in ("average", "blur")),
    )
    page.says(
        "Under weights of 1, 1 or of 1, 2, 1 at every second place, each number counts the same "
        "in a mean, so this last stride does no harm",
        all(
            abs(halve(F.pad(x, (1, 1, 1, 1), mode="circular")).mean() - x.mean()) < 1e-6
            for halve in (blurred, lambda wide: F.avg_pool2d(wide[:, 1:-1, 1:-1], 2))
        ),
    )
    page.says(
        "The chosen grid is exact at every shift. When the picture moves by one, another of the "
        "four grids holds the same numbers, and again it is the one with the largest numbers",
        exact["chosen"] == list(range(9)) and torch.equal(x[:, :, ::2], x.roll(1, 2)[:, :, 1::2]),
    )
    page.says(
        "That is not said of every architecture: you have just seen two exceptions, the network "
        "that never halves and the one that chooses its grid",
        [name for name, shifts in exact.items() if len(shifts) == 9] == ["none", "chosen"],
    )
    page.says(
        "So it is not the pooling that makes these networks invariant. The equivariant "
        "convolutions and the final mean do. A stride takes some of it away, unless it chooses its "
        "grid by what it sees",
        {name: len(shifts) for name, shifts in exact.items()}
        == {"none": 9, "stride": 3, "max": 3, "average": 5, "blur": 5, "chosen": 9},
    )
    table = "https://github.com/adobe/antialiased-cnns"
    page.cites(
        "Zhang measured how often a network gives the same class for two crops of one image. With "
        "a blur before the strides, a ResNet-50 agrees with itself in 91.32% of cases instead of "
        "89.20%, and is right in 77.41% instead of 76.16%",
        table,
    )
    page.cites("kernel size 4", table)
    page.cites(
        "The networks with the blur started from the weights of those without and were then "
        "fine-tuned. So the table does not tell the blur's part of the gain from that of the "
        "further training",
        table,
    )
    page.says("A blur is no full cure", all(drifts(seed)["blur"][1] > 1e-4 for seed in SETS))
    page.cites("call this **adaptive polyphase sampling**", "https://arxiv.org/abs/2011.14214")
    page.cites(
        "find that architectures *as commonly used* are not invariant, because they ignore the "
        "sampling theorem, and that such a blur is only a part of what is needed",
        "https://jmlr.org/papers/v20/19-519.html",
    )


SETS = range(10)


def only_the_halving(page):
    """One seed gives all six networks the same convolutions."""
    nets = [page.names["network"](3, halving) for halving in page.names["halvings"].values()]
    weights = [[p for p in net.parameters() if p.shape[1] > 1] for net in nets]
    return all(torch.equal(a, b) for some in weights for a, b in zip(weights[0], some, strict=True))


def rolled_means():
    x = torch.rand(8, 6, 6)
    return [nn.AdaptiveAvgPool2d(1)(maps) for maps in (x, x.roll((2, 3), (1, 2)))]


@pytest.mark.parametrize("seed", range(20, 26))
def test_the_network_behaves_so_with_other_weights_too(seed):
    found = drifts(seed)
    assert max(found["none"]) < 1e-5 > max(found["chosen"])
    for name in ("average", "blur"):
        assert max(found[name][::2]) < 1e-5 < min(found[name][1::2])
    for name in ("stride", "max"):
        assert found[name][4] < 1e-5 and found[name][8] < 1e-5
        assert min(found[name][s] for s in (1, 2, 3, 5, 6, 7)) > 1e-3
        assert max(found["blur"] + found["average"]) < max(found[name])


def exercises(page):
    page.labels("Predict first", "Then open the answer", "Check all four")
    page.labels("What share of a dot's steps to the right is hidden")
    page.labels("What else does a pool forget?", "[Count what pooling throws away]")
    wide, overlapping, pool = nn.MaxPool2d(4), nn.MaxPool2d(3, stride=2), LAYERS["max"]
    page.labels("A window of 4 with stride 4, one dot, one step to the right.")
    shows = [c for c in range(4, 12) if not hidden_from(wide, c)]
    page.says(
        "Three quarters. Only a step out of a window's last column shows",
        hidden(wide) == 3 / 4 and shows == [7, 11],
    )
    page.answers(1, ("Three quarters", hidden(wide)))
    page.labels("Now the windows overlap: `nn.MaxPool2d(3, stride=2)`")
    held = [int(overlapping(dot_in(c)).count_nonzero()) for c in (4, 5, 6, 7)]
    page.says(
        "None. In every second column the dot stands in two windows at once, in between in one. So "
        "with each step an output comes or goes",
        hidden(overlapping) == 0 and held == [2, 1, 2, 1],
    )
    page.labels("hidden, away from the border of the map?")
    rim = overlapping(dot_in(0)), overlapping(dot_in(1)), overlapping(dot_in(2))
    page.says(
        "At the border a window is missing, so a step from the first column to the second is "
        "hidden",
        torch.equal(rim[0], rim[1]) and not torch.equal(rim[1], rim[2]),
    )
    page.answers(2, "None")
    page.labels("`nn.MaxPool2d(2)`, one dot. It moves one step to the right")
    page.labels("one step to the right *and* one down")
    page.says(
        "A quarter. It must start in the left column, one half, and in the upper row, one half "
        "again",
        hidden(pool, 1, 1) == hidden(pool, 0, 1) * hidden(pool, 1, 0) == 1 / 2 * 1 / 2,
    )
    page.answers(3, ("A quarter", hidden(pool, 1, 1)))
    thrice = nn.Sequential(*[nn.MaxPool2d(2)] * 3)
    page.labels("Three max pools of 2 in a row", "What is the smallest shift that the output")
    page.labels("that the output follows exactly?")
    followed = {s: follows(thrice, s) for s in range(1, 17) if follows(thrice, s)}
    page.says("8 pixels, and the output moves by 1", followed == {8: 1, 16: 2})
    page.answers(4, "8")
    caught = []
    page.names["hidden"](lambda x: caught.append(x) or x, 0, 1)
    page.says(
        "a dot at each place in turn",
        caught[0].flatten(1).count_nonzero(1).unique().tolist() == [1]
        and {tuple(x.nonzero()[0].tolist()[1:]) for x in caught[0]}
        == set(itertools.product(range(6, 18), repeat=2)),
    )
    page.prints(
        "def hidden(layer, down, right):",
        f"{hidden(wide)} {hidden(overlapping)}",
        f"{hidden(pool, 1, 1)} {list(followed)}",
    )
    corner = 4 / 144  # of the block's moves, those within the first two rows and columns
    page.says(
        "The share of a dot's moves that leave the output alone, over a block of 12×12 places",
        all(page.names["hidden"](f, 0, 1) == hidden(f) for f in (pool, wide, overlapping))
        and abs(page.names["hidden"](lambda x: x[..., :8, :8], 0, 1) - (1 - corner)) < 1e-6,
    )
    white = noise().reshape(-1, 1, 16, 16)
    page.says(
        "A max pool of 2 hides every second step of a lone dot, one number in three on noise, and "
        "hardly ever a whole map",
        hidden(pool) == 1 / 2
        and abs(share(pool, noise(), 1) - 2 / 3) < 0.01
        and unchanged(pool, white[..., 1:], white[..., :-1])[0] == 0,
    )
    page.says(
        "To hide a shift is to forget a place",  # two places, and nothing tells them apart
        row(ROWS["max"], 2) == row(ROWS["max"], 3) and row(ROWS["blur"], 2) != row(ROWS["blur"], 3),
    )


def dot_in(column):
    """In a row that lies in a single window, above and below."""
    x = torch.zeros(1, 15, 15)
    x[0, 5, column] = 1
    return x


@pytest.mark.parametrize("shift", [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_the_maximum_stays_more_often_whatever_the_direction(shift):
    for image in (photo(), noise(), noise(8)):
        shares = {name: share(layer, image, *shift) for name, layer in LAYERS.items()}
        assert 0.5 < shares["max"] < 0.8
        assert min(v for name, v in shares.items() if name != "max") > 0.9


@pytest.mark.parametrize("side", [-1, -2])
@pytest.mark.parametrize("shift", [1, -1, 3])
def test_the_errors_have_one_order_whatever_the_direction(shift, side):
    for image in (photo(), noise(), noise(8)):
        errors = [amounts(layer, image, shift, side)[1] for layer in LAYERS.values()]
        assert errors == sorted(errors, reverse=True) and errors[-1] > 1e-3
        assert amounts(gentle, image, shift, side)[1] < errors[1]
