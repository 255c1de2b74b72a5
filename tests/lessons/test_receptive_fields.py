"""lessons/receptive-fields.py: its words, outputs and figures, held against a walking NaN.

The lesson measures by gradient; here a NaN in one input pixel is followed through the real
network, max pools included: it reaches exactly the outputs that depend on that pixel.
"""

import itertools
import math
import re
from functools import cache
from unittest import mock

import numpy as np
import torch
from lesson_run import ROOT, source
from torch import nn

from slidingwindows import SlidingWindowsError, receptive_field
from slidingwindows.drawing.receptive import Plan
from slidingwindows.tracing.receptive_field import surrogate

NAV = re.findall(r"lessons/(.+)\.ipynb", (ROOT / "mkdocs.yml").read_text("utf-8"))
PLACES = {name: place for place, name in enumerate(NAV)}  # in the course's order
VIEWS = [(32 * i - 90, 32 * i + 121) for i in range(7)]  # of VGG-16's last outputs
VGG16 = [layer for n in (2, 2, 3, 3, 3) for layer in [(3, 1, 1)] * n + [(2, 2, 0)]]


def conv(k=3, s=1, p=None, d=1):
    padding = d * (k // 2) if p is None else p
    layer = nn.Conv1d(1, 1, k, stride=s, padding=padding, dilation=d, bias=False)
    layer.weight.data.fill_(1)
    return layer.double()


def pool(k=2, s=None, p=0):
    return nn.MaxPool1d(k, s, p)


def seen(layers, size, output=None):
    """The input positions that an output along one axis depends on, by a NaN at each in turn."""
    network = nn.Sequential(*layers)
    rows = torch.zeros(size, 1, size, dtype=torch.float64)
    rows[range(size), 0, range(size)] = math.nan
    out = network(rows)[:, 0].isnan()
    middle = out.shape[-1] // 2 if output is None else output
    return out[:, middle].nonzero().flatten().tolist()


def width(layers, size=64, output=None):
    found = seen(layers, size, output)
    assert found == list(range(found[0], found[-1] + 1))
    return len(found)


def jump(layers, size=128):
    """From the middle of one output's view to the next one's, where no border cuts them."""
    n = nn.Sequential(*layers)(torch.zeros(1, 1, size).double()).shape[-1] // 2
    low, high = (seen(layers, size, output)[0] for output in (n, n + 1))
    return high - low


@cache
def vgg_views():
    """What each of the last pool's seven outputs along an axis sees of 224 pixels."""
    return [seen(vgg(1), 224, i) for i in range(7)]


@cache
def vgg_sees(pools=2, layers=None):
    """(field, jump) of VGG-16's first layers, all of them by default."""
    found = vgg(1, pools)[:layers]
    return width(found, 448), jump(found, 448)


def vgg(padding, pools=2):
    """VGG-16's layers along one axis, smallest first; pools: their stride, 0 for none."""
    layers = [conv(p=1) if k == 3 else pool(2, pools or None) for k, _, _ in VGG16]
    return [layer for layer in layers if pools or not isinstance(layer, nn.MaxPool1d)]


def test_every_claim(page):
    rows(page)
    measured(page)
    vgg_16(page)
    growth(page)
    centre(page)
    effective(page)
    exercises(page)
    docstrings(page)
    page.labels("with two lines of arithmetic", "VGG-16")
    page.labels("what its stride does to all that follows", "with padding and without")
    page.labels("Explain why most of the field hardly counts", "Not all of it counts")
    page.labels("Ways to grow")
    page.aside(
        "Opinion: plan for a field that is clearly larger than what you want to recognise",
        "a marked opinion",
    )
    page.complete()


def docstrings(page):
    names, middle = page.names, torch.zeros(26, 26)
    middle[13, 13] = 1
    page.says(
        "How many pixels the output in the middle sends a gradient to",
        [names["reached"](lambda x, m=m: x * m) for m in (middle, 1 - middle)] == [1, 0]
        and [names["reached"](kind((2, 3))) for kind in (nn.AvgPool2d, nn.MaxPool2d)] == [6, 1],
    )
    page.says(
        "Ways from each input of the field to the output",
        all(names["ways_through"](n).tolist() == step_by_step(n) for n in range(1, 7)),
    )
    page.says(
        "The share of each column in the squared gradient of random networks",
        all(same_as_measured(page, depth) for depth in (2, 8)),
    )
    aside, even = torch.tensor([0.0, 0, 0, 0, 1]), torch.ones(5) / 5
    page.says(
        "Their standard deviation around the middle, in pixels",
        names["spread"](aside) == 2
        and math.isclose(names["spread"](even), np.arange(5).std(), rel_tol=1e-6),
    )


def random_weights():
    """The lesson's networks with random weights, in the order in which it makes them."""
    torch.manual_seed(0)
    row = nn.Sequential(nn.Conv1d(1, 1, 3), nn.MaxPool1d(2), nn.Conv1d(1, 1, 3))
    layers = [nn.Conv2d(1, 1, 3), nn.MaxPool2d(2), nn.Conv2d(1, 1, 3), nn.MaxPool2d(2)]
    return row, nn.Sequential(*layers, nn.Conv2d(1, 1, 3))


def rows(page):
    page.says(
        "How much of the input does one number deep in a network see? Two lines of arithmetic tell "
        "you",
        page.names["step"](3, 1, 2, 2, 3) == (3 + 3 * (2 - 1) * 1, 1 * 2) and random(dilated=True),
    )
    page.says("A kernel of 3×3 sees nine pixels", nn.Conv2d(1, 1, 3).weight.numel() == 9)
    row = [conv(p=0), pool(), conv(p=0)]
    page.says(
        "The **receptive field** of an output is the part of the input that it depends on",
        changed_by(nn.Sequential(*row), 14, 2) == set(seen(row, 14, 2)),
    )
    page.says(
        "You met it in [dilation]. Now you calculate it",
        "The **receptive field** of an output is" in source("dilation")
        and PLACES["dilation"] < PLACES["receptive-fields"],
    )
    sizes = [width(row[:n], 14) for n in (1, 2, 3)]
    assert [tuple(np.atleast_1d(layer.kernel_size)) for layer in page.names["row"]] == [
        tuple(np.atleast_1d(layer.kernel_size)) for layer in row
    ]
    page.says(
        "one row of 14 numbers, and three layers on top of each other",
        page.figure("receptive-row").input_shape == (1, 14)
        and len(page.names["row"]) == 3
        and isinstance(page.names["row"], nn.Sequential),
    )
    page.says(
        "A convolution of 3, a pool of 2, a convolution of 3. One number comes out in the middle. "
        "How many of the 14",
        [layer.kernel_size for layer in row] == [(3,), 2, (3,)]
        and page.figure("receptive-row").output
        == (nn.Sequential(*row)(torch.zeros(1, 14).double()).shape[-1] // 2,),
    )
    drawn, again = page.names["row"].state_dict(), random_weights()[0].state_dict()
    page.says(
        "the weights are random, but the same in every build",
        all(torch.equal(drawn[key], again[key]) for key in again)
        and len({value for weights in drawn.values() for value in weights.flatten().tolist()}) == 8,
    )
    page.prints("seen.size", (sizes[-1],))
    page.draws("receptive-row", receptive_field(random_weights()[0], (1, 14)))
    views = [last - first + 1 for ((first, last),) in page.figure("receptive-row").views()]
    plan = Plan(page.figure("receptive-row"))
    bars = [plan.box(view, step) for step, view in enumerate(plan.views)]
    left, top, right, _ = plan.input_box()
    page.says(
        "Each bar is what one number of that layer sees. The strip below is the input",
        views == [1, *sizes]
        and [bar[2] - bar[0] for bar in bars] == [n * (right - left) // 14 for n in views]
        and top >= max(bar[3] for bar in bars),
    )
    page.says("It saw eight", sizes[-1] == 8)
    page.says(
        "You need two numbers: - the **receptive field** $r$: how many inputs one output sees, - "
        "the **jump** $j$: how far apart in the input two neighbouring outputs look",
        len(page.names["step"](1, 1, 3)) == 2 and random(),
    )
    page.says("In the input itself, both are 1", width([conv(1)]) == jump([conv(1)]) == 1)
    page.says(
        "1. The first convolution reads three inputs. So $r = 3$. Its outputs look one apart, $j = "
        "1$",
        sizes[0] == 3 and jump(row[:1]) == 1,
    )
    page.says(
        "2. The pool reads two of these views. They are 3 wide and lie 1 apart. Together they "
        "cover "
        "3 + 1 = 4. The stride is 2, so the next pool output looks 2 further on: $j = 2$",
        sizes[1] == 4 and row[1].stride == jump(row[:2]) == 2,
    )
    page.says(
        "3. The last convolution reads three of *those*. They are 4 wide and lie 2 apart. "
        "Together: "
        "4 + 2 + 2 = 8",
        sizes[2] == sizes[1] + 2 * jump(row[:2]) == 8,
    )
    page.says(
        r"A kernel of $k$ reads $k$ views, which makes $k - 1$ steps of one jump each. With "
        r"dilation $d$ each step is $d$ jumps long. So every layer does this",
        random() and random(dilated=True),
    )
    page.says(
        r"r \leftarrow r + d\,(k - 1) \cdot j \qquad\qquad j \leftarrow j \cdot s",
        random(dilated=True),
    )
    own = width([conv(s=2)]) == width([conv()])
    behind = width([conv(s=2), conv()]) > width([conv(), conv()])
    page.says(
        "In this order: a layer's own stride counts only for the layers behind it", own and behind
    )
    page.labels("As code:")
    page.says("A stride helps only the layers behind it", own and behind)
    page.says("A ReLU changes neither", width([conv(), nn.ReLU()]) == width([conv()]))
    lines, before, j = ["layer  k  s  field          jump"], 1, 1
    for name, layers, k, s in (("conv", 1, 3, 1), ("pool", 2, 2, 2), ("conv", 3, 3, 1)):
        step, j = j, jump(row[:layers])
        sums = f"{before} + {k - 1}·{step}"
        before = width(row[:layers], 14)
        lines.append(f"{name:<5}{k:>3}{s:>3}  {sums} = {before} {j:>8}")
    page.prints("def step(r, j, k, s=1, d=1):", *lines)


@cache
def random(dilated=False):
    """The recurrence, with r = j = 1 at first, holds for random stacks of layers."""
    rng = np.random.default_rng(0)
    for _ in range(12):
        r, j, layers = 1, 1, []
        for _ in range(3):
            k, s, d = (int(n) for n in rng.integers(1, 4, 3))
            d = d if dilated else 1
            layers.append(conv(k, s, 0, d))
            r, j = r + d * (k - 1) * j, j * s
        found = seen(layers, 256)
        if found[-1] - found[0] + 1 != r or jump(layers, 256) != j:
            return False
    return True


def changed_by(network, size, output):
    """The inputs of random rows that change this output when they are raised or lowered."""
    found, rows = set(), torch.randn(20, 1, size).double()
    for place, by in itertools.product(range(size), (9, -9)):
        other = rows.clone()
        other[:, 0, place] += by
        if not torch.equal(network(rows)[:, 0, output], network(other)[:, 0, output]):
            found.add(place)
    return found


def rows_and_columns():
    """Images: what an output sees is that of one row's layers, and of one column's."""
    layers = [nn.Conv2d(1, 1, (3, 1)), nn.MaxPool2d((2, 3)), nn.Conv2d(1, 1, (1, 2))]
    down, across = [conv(3, p=0), pool(2), conv(1)], [conv(1), pool(3), conv(2, p=0)]
    images = torch.zeros(144, 1, 12, 12)
    images.view(144, 144).fill_diagonal_(math.nan)
    reached = nn.Sequential(*layers)(images)[:, 0, 1, 1].isnan().view(12, 12)
    rows, columns = (reached.any(n).nonzero().flatten().tolist() for n in (1, 0))
    return [rows, columns] == [seen(down, 12, 1), seen(across, 12, 1)] and rows != columns


def measured(page):
    page.says("For images the same holds for rows and for columns", rows_and_columns())
    stack = [conv(p=0), pool(), conv(p=0), pool(), conv(p=0)]
    size, field = width(stack, 26), page.figure("receptive-growing")
    page.draws("receptive-growing", receptive_field(random_weights()[1], (1, 26, 26)))
    page.says(
        f"One output in the middle of the map sees {size}×{size} of the 26×26 input",
        field.input_shape == (1, 26, 26) and field.size == (size, size) and field.output == (1, 1),
    )
    layers = [line for line in field.table().splitlines() if line.startswith("nn.")]
    page.says("`print(field.table())` lists every step", len(layers) == len(stack))
    whole = [layer.call.split("(")[0] for layer in field.layers]
    page.says(
        "`receptive_field` goes through a whole network:",
        whole == [f"nn.{type(layer).__name__}" for layer in random_weights()[1]],
    )
    taps, halves = "nn.Conv2d%281,1,3%29", "nn.MaxPool2d%282,stride=2%29"
    linked = ";".join(taps if "Conv" in call else halves for call in whole)
    page.says(
        "[The network calculator] lists them for this network, too",
        f"[The network calculator](../network.md#layers={linked}&input=1,26,26)"
        in source("receptive-fields"),
    )
    page.labels("and see what the layers behind it see")
    few, all_of_them = reached(nn.MaxPool2d), reached(nn.AvgPool2d)
    page.labels("You take the gradient of one output through this network, max pools included")
    page.says(
        "those with a gradient that is not zero",
        all_of_them == len(seen(stack, 26)) ** 2 and few < all_of_them,
    )
    page.says(f"Will it reach all {size}×{size} pixels")
    page.prints(
        "def reached(network, side=26):", f"max pools:     {few}", f"average pools: {all_of_them}"
    )
    page.says(
        f"With average pools it reaches {all_of_them} pixels, which is {size}×{size}. The "
        "recurrence is right",
        all_of_them == size * size == by_recurrence(stack) ** 2,
    )
    page.says(f"With max pools it reaches only {few} of them, for this input", few < all_of_them)
    page.says("A max pool sends its gradient to the winner alone", winner_alone())
    page.says(
        "Other pixels of the field *could* have won, with another input. The receptive field "
        "counts what can matter, for any input",
        len(won_by(300).sum(0).unique()) > 1
        and torch.equal(won_by(300).any(0), gradient(nn.AvgPool2d)),
    )
    page.says(
        "So to measure a field, put an average in the place of each maximum, and one positive "
        "weight everywhere in a kernel",
        all(reached(nn.AvgPool2d, seed) == size * size for seed in range(5))
        and all(reached(nn.MaxPool2d, seed) < size * size for seed in range(20)),
    )
    page.says("`receptive_field` does so", stand_ins())
    page.says("It raises an error if gradient and recurrence disagree", refuses_another_view())


def by_recurrence(layers):
    r = j = 1
    for layer in layers:
        (k,), (s,) = np.atleast_1d(layer.kernel_size), np.atleast_1d(layer.stride)
        r, j = r + (k - 1) * j, j * s
    return r


def winner_alone():
    """Of each window only the largest number has a gradient."""
    x = torch.randn(1, 6, 6, generator=torch.Generator().manual_seed(1)).requires_grad_()
    nn.MaxPool2d(2)(x).sum().backward()
    windows, slopes = (t.unfold(1, 2, 2).unfold(2, 2, 2).reshape(9, 4) for t in (x, x.grad))
    return torch.equal(slopes, nn.functional.one_hot(windows.argmax(1), 4).float())


def stand_ins():
    """What receptive_field measures by: means for maxima, kernels of one positive weight."""
    weights, pools = nn.Conv2d(1, 1, 3), nn.MaxPool2d(2)
    with mock.patch("slidingwindows.tracing.receptive_field.surrogate", wraps=surrogate) as made:
        receptive_field(nn.Sequential(weights, pools), (1, 8, 8))
    kernel, means = surrogate(*made.call_args.args)
    x = torch.rand(1, 1, 6, 6).double()
    return (
        len(kernel.weight.unique()) == 1
        and kernel.weight.min() > 0
        and torch.allclose(means(x), nn.functional.avg_pool2d(x, 2))
    )


def refuses_another_view():
    """receptive_field raises once the recurrence names another view than the gradient reaches."""
    network = random_weights()[0]
    receptive_field(network, (1, 14))
    try:
        with mock.patch("slidingwindows.core.reach.Reach.view", lambda self, index: (0, 13)):
            receptive_field(network, (1, 14))
    except SlidingWindowsError as error:
        return "the gradient reaches 4 to 11, the recurrence 0 to 13" in str(error)
    return False


def reached(kind, seed=0):
    return int(gradient(kind, seed).sum())


def gradient(kind, seed=0):
    """Where there is a gradient; the input is the first draw after the seed."""
    return slopes(kind, seed)[0] != 0


@cache
def won_by(many):
    """For each of many inputs, the pixels that its max pools send a gradient to."""
    return slopes(nn.MaxPool2d, 0, many) != 0


def slopes(kind, seed, many=1):
    x = torch.rand(many, 1, 26, 26, generator=torch.Generator().manual_seed(seed)).requires_grad_()
    ones, out = torch.ones(1, 1, 3, 3), x
    for n in range(3):
        out = nn.functional.conv2d(out, ones)
        out = kind(2)(out) if n < 2 else out
    out[:, 0, 1, 1].sum().backward()
    return x.grad[:, 0]


def vgg_16(page):
    kernels = [k for k, _, _ in VGG16]
    assert [(k, 1 if k == 3 else 2) for k in kernels] == page.names["vgg16"]
    page.says(
        "has thirteen convolutions of 3×3 in five blocks, each block with a 2×2 pool behind it",
        (kernels.count(3), kernels.count(2)) == (13, 5),
    )
    out = nn.Sequential(*vgg(1))(torch.zeros(1, 1, 224).double())
    page.says("A photo of 224×224 leaves the last pool as maps of 7×7", out.shape[-1] == 7)
    page.labels("How many pixels across does one number in the last map")
    page.labels("Less than 50, about 100, or nearly the whole photo?")
    ends = [n + 1 for n, k in enumerate(kernels) if k == 2]
    blocks = [vgg_sees(layers=n) for n in ends]
    page.prints(
        "def walk(layers, r=1, j=1):",
        *(
            f"{n:>2} layers: sees {field}, jump {step}"
            for n, (field, step) in zip(ends, blocks, strict=True)
        ),
    )
    whole = blocks[-1]
    page.says(f"{whole[0]} pixels across, with a jump of {whole[1]}")
    page.cites(
        "list the same two numbers, and those of many other networks",
        "https://doi.org/10.23915/distill.00021",
    )
    adds = [
        [width([*front, layer]) - width(front) for layer in (pool(), conv())]
        for front in ([conv()], [conv(s=2)], [conv(), pool(), conv(s=2)])
    ]
    page.says(
        "A pool of 2 adds just one jump to $r$, half of what a convolution of 3 adds",
        adds == [[j, 2 * j] for j in (1, 2, 4)],
    )
    without, still = vgg_sees(0), vgg_sees(1)
    page.labels("and then put them back with stride 1:")
    page.prints(
        'print("as it is:       ", walk(vgg16))',
        f"as it is:        {whole}",
        f"without pools:   {without}",
        f"pools, stride 1: {still}",
    )
    page.says(
        f"{without[0]} without them, {still[0]} with pools that do not stride, {whole[0]} with "
        "pools that do",
    )
    page.says(
        "**It is the stride that counts.**", whole[0] - still[0] > 30 * (still[0] - without[0])
    )
    page.says("What a pool adds by itself is small", 0 < still[0] - without[0] < whole[0] / 40)
    more = [
        width([*front, conv(), conv()]) - width(front) for front in ([conv()], [conv(), pool()])
    ]
    page.says("Each stride of 2 doubles all that later layers add", more[1] == 2 * more[0] == 8)
    page.says("Strides make later layers see more", more[1] > more[0])
    page.says(
        "That is most of what pools do for the field",
        whole[0] - still[0] > 0.9 * (whole[0] - without[0]),
    )
    real = vgg_views()
    assert [(max(a, 0), min(b, 223)) for a, b in VIEWS] == [(r[0], r[-1]) for r in real]
    assert [len(r) == whole[0] for r in real] == [i == 3 for i in range(7)], "the middle is whole"
    page.says(f"An output of VGG-16 sees {whole[0]}×{whole[0]} pixels", len(real[3]) == whole[0])


def growth(page):
    ways = {
        "plain": [conv(), conv(), conv()],
        "pools": [conv(), pool(), conv(), pool(), conv()],
        "strides": [conv(s=2), conv(s=2), conv()],
        "dilation": [conv(), conv(d=2), conv(d=4)],
    }
    field = {name: width(layers) for name, layers in ways.items()}
    side = {name: length(layers) for name, layers in ways.items()}
    page.prints(
        "def conv(k=3, s=1, d=1):",
        f"{'':<10}{'field':>6}{'jump':>6}{'output':>8}",
        *(f"{n:<10}{field[n]:>6}{jump(ways[n]):>6}{side[n]:>8}" for n in ways),
    )
    page.says(
        "Here are four networks, each with three convolutions of 3×3",
        len(page.names["ways"]) == 4
        and all(
            [m.kernel_size for m in layers if isinstance(m, nn.Conv2d)] == [(3, 3)] * 3
            for layers in page.names["ways"].values()
        ),
    )
    page.says(
        "Padding keeps the size; only strides halve it",
        [length([layer]) for layer in (conv(), conv(d=2), conv(d=4))] == [32] * 3
        and [length([layer]) for layer in (conv(s=2), pool())] == [16] * 2,
    )
    weights = {
        sum(p.numel() for m in w for p in m.parameters()) for w in page.names["ways"].values()
    }
    page.says("All four have 27 weights", weights == {3 * 3 * 3})
    page.says("Strides and dilation both reach 15", field["strides"] == field["dilation"] == 15)
    page.says(f"Dilation keeps the {side['dilation']}×{side['dilation']} map")
    fewer = side["dilation"] ** 2 // side["strides"] ** 2
    page.says(
        f"Strides leave {side['strides']}×{side['strides']}, so the next layer has {fewer} times "
        "fewer places to compute",
        [length([*ways[name], conv()]) for name in ("dilation", "strides")] == [32, 8],
    )
    own = [width([conv(), pool()]) - width([conv()])]
    own.append(width(ways["pools"][:4]) - width(ways["pools"][:3]))
    page.says(
        f"Pools reach {field['pools']}. The three more are what the two pools add by themselves: "
        f"{own[0]} and {own[1]}",
        sum(own) == field["pools"] - field["strides"] == 3,
    )


def length(layers, size=32):
    return nn.Sequential(*layers)(torch.zeros(1, 1, size).double()).shape[-1]


def three(padding):
    return [conv(3, 2, padding) for _ in range(3)]


def centre(page):
    page.says(
        "One more line tells you *where* an output looks. With padding $p$, the centre of the "
        "first "
        "output's view starts at 0 and moves with every layer",
        seen([conv(1)], 9, 0) == [0] and random_centres(),
    )
    page.says(r"c \leftarrow c + \left(\frac{d\,(k - 1)}{2} - p\right) \cdot j", random_centres())
    page.says("Use the jump from *before* the layer", random_centres())
    page.says(
        r"Output number $i$ then looks at $c + i \cdot j$, with the jump from after the last layer",
        random_centres(),
    )
    page.says(
        "To map an output's index back, add the centre of the first view to index times jump",
        random_centres(),
    )
    page.labels("Without padding, which input does output 0")
    page.says(
        "Three convolutions of 3 with stride 2",
        [(m.kernel_size, m.stride) for m in page.names["three"](0)] == [((3,), (2,))] * 3,
    )
    page.labels("which input does output 0 look at? And with `padding=1`?")
    bare, second = seen(three(0), 47, 0), seen(three(1), 47, 1)
    step = jump(three(1))
    padded = [place - step for place in second]  # output 1 is not cut by the border
    page.prints(
        "def three(padding):",
        f"padding 0: centre {middle(bare)}, from {bare[0]} to {bare[-1]}",
        f"padding 1: centre {middle(padded)}, from {padded[0]} to {padded[-1]}",
    )
    page.says(f"Without padding it looks at input {middle(bare):.0f}")
    page.says(
        f"With padding it looks at input {middle(padded):.0f}, and its view reaches from "
        f"−{-padded[0]} to {padded[-1]}. Everything below 0 is padding",
        seen(three(1), 47, 0) == [place for place in padded if place >= 0],
    )
    page.says(r"With $p = d\,(k-1)/2$ in every layer the centre stays at 0", odd_stays())
    moved = [middle(seen([*front, pool()], 16, 0)) for front in ([], [conv(1, 2)])]
    page.says(
        "A pool of 2 without padding moves it by half a jump. With a jump of 1, it then lies "
        "between two pixels",
        moved == [1 / 2, 2 / 2],
    )
    dot = torch.zeros(1, 47).double()
    dot[0, 23] = 1
    assert torch.equal(page.names["dot"], dot.float())
    strongest = []
    for p in (0, 1):
        layers = three(p)
        for layer in layers:
            layer.weight.data[:] = torch.tensor([1.0, 2, 1])
        strongest.append(int(nn.Sequential(*layers)(dot).argmax()))
    centres = [middle(seen(three(p), 47, at)) for p, at in enumerate(strongest)]
    page.prints(
        "dot = torch.zeros(1, 47)",
        *(
            f"padding {p}: output {at} is strongest.\n"
            f"    Index times stride: {step * at}. Centre: {centres[p]:.0f}"
            for p, at in enumerate(strongest)
        ),
    )
    page.says(
        f"You find the strongest output at index {strongest[0]}. The strides multiply to {step}. "
        f"So it looks at input {step * strongest[0]}"
    )
    off = int(dot.argmax()) - step * strongest[0]
    page.says(
        f"The dot stands at {int(dot.argmax())}. Without padding, index times stride says "
        f"{step * strongest[0]}. It is off by {off}, the centre of the first view",
        off == middle(bare) and centres[0] == dot.argmax(),
    )
    near = [abs(step * at - int(dot.argmax())) for at in range(6)]
    page.says(
        f"With padding, output {strongest[1]} looks at {centres[1]:.0f}, the nearest place it can",
        near.index(min(near)) == strongest[1],
    )
    slips = [slip(down, across) for down, across in itertools.product((12, 19, 23, 30), repeat=2)]
    page.says(
        "In a heat map, such a slip moves everything up and to the left by a few pixels",
        all(-12 < move < 0 for one in slips for move in one),
    )
    last = length(three(0), 47) - 1
    wrong = [dot[0, step * at] for at in range(last + 1)]  # each is a place of the row
    page.says("No error tells you", len(wrong) == last + 1 > 1 and middle(bare) > 0)


def slip(down, across):
    """From a dot to the strongest output's index times stride, in rows and in columns."""
    image = torch.zeros(1, 1, 47, 47)
    image[0, 0, down, across] = 1
    kernel = torch.tensor([1.0, 2, 1])
    for _ in range(3):
        image = nn.functional.conv2d(image, kernel.outer(kernel)[None, None], stride=2)
    row, column = divmod(int(image.argmax()), image.shape[-1])
    return 8 * row - down, 8 * column - across


def middle(positions):
    return (positions[0] + positions[-1]) / 2


@cache
def random_centres():
    """The centre of an output in the middle, by the formula and by NaN, for random stacks."""
    rng = np.random.default_rng(1)
    for _ in range(12):
        c, j, layers = 0, 1, []
        for _ in range(3):
            k, s, d = (int(n) for n in rng.integers(1, 4, 3))
            p = int(rng.integers(0, k))
            layers.append(conv(k, s, p, d))
            c, j = c + (d * (k - 1) / 2 - p) * j, j * s
        n = nn.Sequential(*layers)(torch.zeros(1, 1, 256).double()).shape[-1] // 2
        if middle(seen(layers, 256, n)) != c + n * j:
            return False
    return True


def odd_stays():
    for k in (3, 5, 7):
        layers = [conv(k, 2), conv(k, d=2), conv(k, 3)]
        if middle(seen(layers, 256, 10)) != 10 * jump(layers, 256):
            return False
    return True


def ways_through(depth):
    """Ways from each input to the output: sums of steps of -1, 0 and 1, by convolving counts."""
    counts = [1]
    for _ in range(depth):
        counts = np.convolve(np.array(counts, dtype=object), [1, 1, 1])
    return [int(c) for c in counts]


def spread(depth):
    counts = ways_through(depth)
    total = sum(c * (i - depth) ** 2 for i, c in enumerate(counts))
    return math.sqrt(total / sum(counts))


def random_profile(depth, seed, networks):
    """Each column's share of the squared gradient, by networks that torch.func applies."""
    torch.manual_seed(seed)
    total = torch.zeros(2 * depth + 1, dtype=torch.float64)
    for _ in range(networks):
        layers = []
        for n in range(depth):
            layers += [nn.Conv2d(8 if n else 1, 8, 3), nn.ReLU()]
        network = nn.Sequential(*layers)
        x = torch.randn(1, 2 * depth + 1, 2 * depth + 1)
        slope = torch.func.grad(lambda image: network(image).sum())(x)  # noqa: B023
        columns = slope[0].detach().double().square().sum(0)
        total += columns / columns.sum() if columns.any() else 0
    return (total / total.sum()).numpy()


def follows(seed):
    """The random networks' profile is the counted ways': in spread, and within 0.03 everywhere."""
    for depth, networks in ((2, 200), (8, 200), (32, 40)):
        ways = np.array([float(w) for w in ways_through(depth)])
        found = random_profile(depth, seed, networks)
        places = np.arange(-depth, depth + 1)
        wide = math.sqrt((found * places**2).sum())
        if abs(wide / spread(depth) - 1) > 0.12 or abs(found - ways / ways.sum()).max() > 0.03:
            return False
    return True


def along_every_way(weights):
    """The gradient of a stack of 1d convolutions without bias, way by way."""
    depth = len(weights)
    total = [0.0] * (2 * depth + 1)
    for way in itertools.product(range(3), repeat=depth):
        total[sum(way)] += math.prod(w[k] for w, k in zip(weights, way, strict=True))
    return total


def gradient_adds_up_ways():
    layers = [conv(p=0) for _ in range(4)]
    torch.manual_seed(3)
    for layer in layers:
        layer.weight.data.normal_()
    x = torch.zeros(1, 1, 9).double().requires_grad_()
    nn.Sequential(*layers)(x).sum().backward()
    ways = along_every_way([layer.weight.flatten().tolist() for layer in layers])
    return np.allclose(x.grad[0, 0].numpy(), ways)


def squares_add_up():
    """The mean square of a sum of m independent products is m times that of one."""
    rng = np.random.default_rng(4)
    products = rng.normal(size=(100_000, 12, 3)).prod(2)
    return abs((products.sum(1) ** 2).mean() / (12 * (products**2).mean()) - 1) < 0.05


def pixels_apart():
    """Ways from the centre and from a corner of an image to an output five layers up."""
    x = torch.zeros(1, 1, 11, 11).double().requires_grad_()
    out = x
    for _ in range(5):
        out = nn.functional.conv2d(out, torch.ones(1, 1, 3, 3).double())
    out.sum().backward()
    return int(x.grad[0, 0, 5, 5]), int(x.grad[0, 0, 0, 0])


def effective(page):
    page.says(
        "Two layers of 3, one on the other, see five inputs. How many ways lead from each of the "
        "five",
        width([conv(), conv()]) == len(ways_through(2)) == 5,
    )
    page.labels("Does each of them count equally?")
    page.says(
        "With weights of one, the gradient counts the ways, as in [dilation]",
        counted_by_gradient()
        and "the gradient of an input pixel is the number of ways" in source("dilation"),
    )
    page.prints(
        "def ways_through(depth):",
        *(f"{n} deep: {' '.join(map(str, ways_through(n)))}" for n in (1, 2, 3, 5)),
    )
    page.says(
        "The rim has one way, the middle has many",
        all(ways_through(n)[0] == ways_through(n)[-1] == 1 < ways_through(n)[n] for n in (2, 3, 5)),
    )
    five, (high, low) = ways_through(5), pixels_apart()
    page.says(f"After five layers it is {max(five)} to {five[0]} in a row")
    page.says(
        f"In an image the ways down and across multiply, so it is {high:,} to {low} between the "
        "centre and a corner",
        (high, low) == (max(five) ** 2, five[0] ** 2),
    )
    real = torch.cat([p.flatten() for p in page.names["deep"].parameters()])
    page.says("But real weights are not all one", not (real == 1).any() and len(real.unique()) > 99)
    page.says("So measure: random weights, eight channels and ReLUs", same_as_measured(page, 2))
    page.says("else every ReLU of some layer is off", shut())
    page.labels("Do the counted ways say anything about the result?")
    page.says("and average over 100 networks", page.names["measured"].__defaults__ == (100,))
    profiles = {n: profile(page, n) for n in (2, 8, 32)}
    page.prints(
        "depths = (2, 8, 32)",
        "layers  field  spread: counted  measured",
        *(
            f"{n:>6}{2 * n + 1:>7}{spread(n):>17.2f}{deviation(found):>10.2f}"
            for n, found in profiles.items()
        ),
    )
    bells(page, profiles)
    hardly = least_of(profiles[32]) < 0.05 and least_of(np.array(ways_through(32), float)) < 0.05
    page.says("Then measure it, and find that most of it hardly counts", hardly)
    page.says(
        "The field says what *can* matter. Most of the weight lies near its centre",
        hardly
        and width([conv(p=0)] * 32, 65) == 65
        and profiles[32][24:41].sum() > 0.8 * profiles[32].sum(),
    )
    page.says("**A column's weight follows its ways.**", follows(1))
    page.says(
        "The gradient adds up one product of weights for each way, and random products with mean "
        "zero add up by their squares",
        gradient_adds_up_ways() and squares_add_up(),
    )
    page.says(
        r"A way through $n$ layers is a sum of $n$ steps of −1, 0 or 1. The field grows like $n$. "
        r"The spread of such a sum grows only like "
        r"$\sqrt{n}$: it is $\sqrt{2n/3}$",
        all(math.isclose(spread(n), math.sqrt(2 * n / 3)) for n in (1, 2, 5, 8, 32))
        and step_by_step(5) == ways_through(5)
        and counted_by_gradient()
        and [width([conv(p=0)] * n, 80) for n in (2, 8, 32)] == [2 * n + 1 for n in (2, 8, 32)],
    )
    fields = [width([conv(p=0)] * n, 80) for n in (2, 32)]
    page.says(
        f"From 2 layers to 32 the field grew from {fields[0]} to {fields[1]}, the spread by a "
        f"factor of {spread(32) / spread(2):.0f}",
        math.isclose(spread(32), 4 * spread(2)),
    )
    torch.manual_seed(0)
    deep = [m for n in range(8) for m in (nn.Conv2d(8 if n else 1, 8, 3), nn.ReLU())]
    page.draws("receptive-effective", receptive_field(nn.Sequential(*deep), (1, 17, 17)))
    drawn = page.figure("receptive-effective")
    page.says(
        "Here is a single one, with eight layers",
        drawn.size == (17, 17) and [m.startswith("nn.Conv") for m in calls(drawn)].count(True) == 8,
    )
    page.says(
        "Eight layers with random weights. The last picture shows how strongly each pixel counts",
        torch.equal(torch.tensor(drawn.effective), levels(deep)),
    )
    initial, now = nn.Sequential(*deep).parameters(), page.names["deep"].parameters()
    page.says(
        "The networks here are small and untrained",
        all(torch.equal(a, b) and b.grad is None for a, b in zip(initial, now, strict=True))
        and len(real) < 5000,
    )
    page.cites(
        "found this, and call the part that counts the **effective receptive field**. They also "
        "saw it grow in training",
        "https://arxiv.org/abs/1701.04128",
    )
    sources(page)
    page.says(
        "One output can also see everything, by design", width([nn.AdaptiveMaxPool1d(1)], 40) == 40
    )


def sources(page):
    page.labels("Next: [adaptive and global pooling]", "Sources:")
    papers = {
        "for the recurrence and for networks with branches": "doi.org/10.23915/distill.00021",
        "for the effective field": "arxiv.org/abs/1701.04128",
        "for VGG-16": "arxiv.org/abs/1409.1556",
    }
    for what, paper in papers.items():
        page.cites(what, f"https://{paper}")
    page.says(
        "Why a ResNet-50 has two different receptive fields is told in [what other tutorials get "
        "wrong]",
        len(set(resnet_50())) == 2
        and all(f" {n} " in source("what-other-tutorials-get-wrong") for n in resnet_50()),
    )
    page.says("The measurements here are our own", same_as_measured(page, 2))


def shut():
    """Narrow networks: no gradient reaches the input just when a layer's ReLUs are all off."""
    torch.manual_seed(0)
    cases = set()
    for _ in range(60):
        x, off = torch.randn(1, 13, 13, requires_grad=True), False
        out = x
        for n in range(6):
            out = nn.Conv2d(3 if n else 1, 3, 3)(out).relu()
            off = off or not out.any()
        out.sum().backward()
        cases.add((bool(x.grad.any()), off))
    return cases == {(True, False), (False, True)}


def least_of(shares):
    """What part of the weight the lesser two thirds of the columns hold together."""
    return np.sort(shares)[: 2 * len(shares) // 3].sum() / shares.sum()


def step_by_step(depth):
    """Ways to each place, each a sum of steps of -1, 0 or 1."""
    ends = [sum(way) for way in itertools.product((-1, 0, 1), repeat=depth)]
    return [ends.count(place) for place in range(-depth, depth + 1)]


def counted_by_gradient():
    x = torch.zeros(1, 1, 11).double().requires_grad_()
    nn.Sequential(*[conv(p=0) for _ in range(5)])(x).sum().backward()
    return x.grad.flatten().tolist() == ways_through(5)


def calls(field):
    return [layer.call for layer in field.layers]


def levels(layers):
    """The mean |gradient| of eight normal inputs, from 0 to 255."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.stack([torch.randn(1, 17, 17, generator=generator) for _ in range(8)])
    inputs.requires_grad_()
    nn.Sequential(*layers)(inputs).sum().backward()
    found = inputs.grad.double().abs().sum((0, 1))
    return (found / found.max() * 255).round().long()


def resnet_50():
    """Its field with the stride in a block's first convolution or in its second."""
    for place in (0, 1):
        r, j = 7, 2
        r, j = r + 2 * j, j * 2
        for stage, blocks in enumerate((3, 4, 6, 3)):
            for block in range(blocks):
                for n, k in enumerate((1, 3, 1)):
                    r += (k - 1) * j
                    j *= 2 if (stage and not block and n == place) else 1
        yield r


def profile(page, depth):
    """What the page measured, column by column; exactly that of networks applied otherwise."""
    if depth < 32:
        assert same_as_measured(page, depth)
    return page.names["profiles"][depth][1].numpy()


@cache
def same_as_measured(page, depth):
    found = page.names["profiles"][depth][1].numpy()
    return np.allclose(found, random_profile(depth, 0, 100), rtol=1e-3, atol=1e-6)


def deviation(shares):
    places = np.arange(len(shares)) - len(shares) // 2
    return math.sqrt((shares * places**2).sum() / shares.sum())


def bells(page, profiles):
    (axes,) = page.drawing("receptive-bells")
    curves, dots = axes["lines"][::2], axes["lines"][1::2]
    right = axes["legend"] == [f"{n} layers" for n in profiles]
    right &= axes["xlabel"] == "place in the receptive field, from rim to rim"
    right &= axes["ylabel"] == "weight, relative"
    near = []
    for (depth, found), (label, x, y), (_, across, measured) in zip(
        profiles.items(), curves, dots, strict=True
    ):
        ways = np.array(ways_through(depth), dtype=float)
        places = np.linspace(-1, 1, 2 * depth + 1)
        right &= label == f"{depth} layers"
        right &= np.allclose(x, places) and np.allclose(across, places)
        right &= np.allclose(y, ways / ways.max())
        right &= np.allclose(measured, found / (ways.max() / ways.sum()))
        near.append(np.abs(np.array(measured) - y).max())
    page.plots("receptive-bells", right)
    page.says("Lines: ways, counted. Dots: squared gradients of random networks.", right)
    page.says("The dots lie near the lines", max(near) < 0.15)
    page.says(
        "Three bell curves over the place in the receptive field, with dots of a measurement close "
        "to each curve",
        len(curves) == len(dots) == 3 and max(near) < 0.15,
    )
    wide = tenths()
    page.says(
        "With 2 layers the bell fills the field; with 8 layers it is about half as wide; with 32 "
        "layers it is narrow, and most of the field lies flat at zero",
        wide[0] == 1 and 0.4 < wide[1] < 0.75 and wide[2] < 0.35,
    )
    page.says(
        "All three fields are drawn equally wide",
        all((x[0], x[-1]) == (-1, 1) for _, x, _ in curves),
    )


def exercises(page):
    page.labels(
        "Predict first", "Then open the answer", "Check all four", "how many see no padding?"
    )
    page.says(
        "How many convolutions of 3×3 at stride 1 see as far as one of 7×7",
        width([conv()] * 3) == width([conv(7)]) == 7 > width([conv()] * 2),
    )
    page.labels("How many weights do they have, for one channel?")
    three, seven = 3 * nn.Conv2d(1, 1, 3).weight.numel(), nn.Conv2d(1, 1, 7).weight.numel()
    page.says(f"Three, with {three} weights instead of {seven}")
    page.answers(1, "Three", "27")
    page.labels("Which sees more: a convolution of 3 and then a pool of 2")
    page.labels("or the pool first and then the convolution?")
    first, last = width([pool(), conv()]), width([conv(), pool()])
    page.says(
        f"Pool first: 2 + 2 · 2 = {first}. The other order gives 3 + 1 = {last}", first > last
    )
    page.answers(2, ("3 + 1 = 4", 4), ("2 + 2 · 2 = 6", 6))
    stem = [conv(7, 2, 3), pool(3, 2, 1)]
    page.labels("Many networks begin with")
    page.labels("`nn.Conv2d(3, 64, 7, stride=2, padding=3)` and")
    page.labels("`nn.MaxPool2d(3, stride=2, padding=1)`")
    page.labels("Give the field, the jump and the centre of the first output")
    page.says(
        f"{width(stem)}, {jump(stem)} and 0. The field is 1 + 6 · 1 = {width(stem[:1])}, then "
        f"7 + 2 · 2 = {width(stem)}. The padding is (k − 1)/2 in both, so the centre stays at 0",
        middle(seen(stem, 64, 5)) == 5 * jump(stem)
        and [stem[0].padding[0], stem[1].padding] == [(k - 1) // 2 for k in (7, 3)],
    )
    page.answers(3, "11", "4", "0")
    real = vgg_views()
    whole = sum(len(r) == vgg_sees(layers=18)[0] for r in real)
    page.says(
        "In VGG-16 all convolutions have `padding=1` and the pools have none. The first output of "
        "the last pool has its centre at 15.5, between two pixels. Of the 7×7 outputs for a "
        "224×224 photo",
        {(m.kernel_size[0], m.padding[0]) for m in vgg(1) if isinstance(m, nn.Conv1d)} == {(3, 1)}
        and sum(VIEWS[0]) / 2 == middle(real[3]) - 3 * 32 == 15.5
        and len(real) == 7,
    )
    page.says(
        "One. Along an axis, output $i$ has its centre at 15.5 + 32 · $i$ and sees 105.5 to either "
        f"side of it. Only output 3 fits: from {real[3][0]} to {real[3][-1]}. The other "
        f"{len(real) ** 2 - whole**2} see padding",
        whole == 1
        and (real[3][-1] - real[3][0]) / 2 == 105.5
        and [sum(view) / 2 for view in VIEWS] == [15.5 + 32 * i for i in range(7)],
    )
    page.answers(4, "One")
    page.prints(
        "def sees(*layers, channels=1):",
        f"3 {three} {last} {first} {width(stem)} {jump(stem)} {middle(seen(stem, 64, 5)) - 20}",
        f"{' '.join(map(str, VIEWS))} {whole**2}",
    )
    page.says(
        r"Each layer adds $d\,(k-1) \cdot j$ to the field and multiplies the jump by its stride",
        random(True),
    )


def tenths():
    """Where each bell falls to a tenth, as a share of half of the field."""
    found = []
    for depth in (2, 8, 32):
        counts = ways_through(depth)
        high = [i for i, c in enumerate(counts) if c > max(counts) / 10]
        found.append((high[-1] - high[0]) / (len(counts) - 1))
    return found
