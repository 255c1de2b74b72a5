"""lessons/output-size.py: its words, outputs and figures, against the package's own geometry
(which never asks torch), plain Python, and what a changed pixel changes."""

import math
import re
import warnings
from functools import cache
from itertools import product
from textwrap import fill

import pytest
import torch
from lesson_run import ROOT, told_in
from states import opens
from test_max_pooling import naive as max_pool
from test_padding import DUMOULIN
from torch import nn

from slidingwindows import Geometry, slide

ROW = torch.tensor([[3.0, 1, 4, 1, 5, 9, 2, 6]])
X = torch.tensor(
    [
        [
            [3.0, 1, 4, 1, 5, 9, 2],
            [6, 5, 3, 5, 8, 9, 7],
            [9, 3, 2, 3, 8, 4, 6],
            [2, 6, 4, 3, 3, 8, 3],
            [2, 7, 9, 5, 0, 2, 8],
            [8, 4, 1, 9, 7, 1, 6],
            [9, 3, 9, 9, 3, 7, 5],
        ]
    ]
)
CS231N = "https://cs231n.github.io/convolutional-networks/"
FORMULA = r"o = \left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1"


def out(layer, *size):
    """Height and width that torch makes of a map."""
    return tuple(layer(torch.zeros(1, *size)).shape[1:])


def side(layer, i):
    rows, cols = out(layer, i, i)
    assert rows == cols
    return rows


def counted(i, k, s=None, p=0, d=1):
    """The size by the package's own geometry."""
    return Geometry.of(i, k, s or k, p, d).output_shape[-1]


@cache
def read(layer, i):
    """Which pixels change the output, found by putting a large number at each in turn."""
    before = layer(torch.zeros(1, i, i))
    seen = torch.zeros(i, i, dtype=torch.bool)
    for row in range(i):
        for col in range(i):
            x = torch.zeros(1, i, i)
            x[0, row, col] = 1e3
            seen[row, col] = not torch.equal(layer(x), before)
    return seen


def unread(layer, i):
    return int((~read(layer, i)).sum())


def refusal(call, kind=RuntimeError):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def strided(k, s, p):
    return nn.Conv2d(1, 1, k, s, p)


def test_every_claim(page):
    assert torch.equal(page.names["row"], ROW) and torch.equal(page.names["x"], X)
    stops(page)
    the_formula(page)
    the_floor(page)
    small_losses(page)
    stairs(page)
    rows_and_columns(page)
    messages(page)
    exercises(page)
    what_you_know(page)
    where_from(page)
    docstrings(page)
    page.labels("Which one will it be?", "Predict first", "Then open the answer", "Check all five")
    page.complete()


def docstrings(page):
    names, layers = page.names, [nn.Conv2d(2, 1, (3, 5), (1, 2)), nn.MaxPool2d((4, 1))]
    page.says(
        "The height that comes out of a layer",
        [names["size"](layer, 2, 9, 12) for layer in layers]
        == [counted(9, 3, 1), counted(9, 4)]
        != [counted(12, 5, 2), counted(12, 1)],  # the widths
    )
    cases = [(7, 2, 2), (9, 4, 2), (5, 1, 2), (6, 3, 3)]
    page.says(
        "How many pixels of an i×i map no window reads",
        [names["unread"](i, k, s) for i, k, s in cases]
        == [unread(nn.AvgPool2d(k, s), i) for i, k, s in cases]
        == [49 - 36, 81 - 64, 25 - 9, 0],
    )


def where_from(page):
    page.says(
        "The formula had a letter that gives you control: $p$",
        [side(strided(3, 1, p), 8) for p in (0, 1, 2)] == [6, 8, 10],
    )
    page.says(
        "Next: [padding], and what is in it. After that, [a second lesson on sizes] rounds up "
        "instead of down, and enlarges maps again",
        told_in("padding", "What is in that border depends on the operation")
        and told_in("rounding-up-and-going-back-up", "A pool that rounds up instead of down, and a")
        and told_in("rounding-up-and-going-back-up", "that makes a small map large again"),
    )
    page.cites("Source: work out the sizes of convolutions", DUMOULIN)
    gallery = re.search(r"- Gallery:\n((?: {6}.*\n)+)", (ROOT / "mkdocs.yml").read_text("utf-8"))
    page.says(
        "[their animations, with numbers], are in the gallery",
        "lessons/convolution-arithmetic.ipynb" in gallery[1]
        and told_in("convolution-arithmetic", "Here are all 19 again, computed by torch"),
    )
    page.aside("The words and the measurements are our own", why="who made this course")


def silent(call):
    """Whether torch says nothing while it computes this."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        call()
    return not said


def stops(page):
    page.labels("How big a map comes out of a convolution or a pool")
    page.labels("Count the stops of the window, and see which pixels are left over")
    page.labels("Say which pixels no window reads", "Read torch's messages when no window fits")
    small, pool = torch.rand(1, 2, 2), nn.MaxPool2d(2)
    page.says(
        "A layer refuses a map that has become too small for it, and it drops pixels at the border "
        "without a word",
        all(refusal(lambda m=m: m(small)) for m in (nn.MaxPool2d(3), nn.Conv2d(1, 1, 3)))
        and silent(lambda: pool(X))
        and torch.equal(pool(X), pool(X[:, :6, :6])),
    )
    page.aside(
        "So before you put layers together, you want to know what size comes out of each",
        why="what readers want to know",
    )
    page.says(
        f"A layer turns 25 rows into {counted(25, 3, 1)}, or into {counted(25, 2)}, "
        f"or into {counted(25, 3)}",
        [side(m, 25) for m in (nn.Conv2d(1, 1, 3), nn.MaxPool2d(2), nn.MaxPool2d(3))]
        == [23, 12, 8],
    )
    page.says(
        "You can know before you run anything",
        [counted(25, k, s) for k, s in ((3, 1), (2, 2), (3, 3))] == [23, 12, 8],
    )
    by_one, by_two = nn.MaxPool1d(3, stride=1), nn.MaxPool1d(3, stride=2)
    each = [ROW[0, start : start + 3] for start in range(8 - 3 + 1)]
    windows = each[::2]
    page.says(
        "A window makes one output number at each stop. So the output's size is the number of "
        "stops",
        by_one(ROW).numel() == len(each) and by_two(ROW).numel() == len(windows),
    )
    page.says(
        "`nn.MaxPool1d` is the same pool for a single row",
        torch.equal(by_one(ROW), nn.MaxPool2d((1, 3), stride=1)(ROW[None])[0]),
    )
    page.says(
        "Take one row of 8 pixels and a window of 3 that moves one pixel at a time",
        ROW.shape == (1, 8),
    )
    page.prints("nn.MaxPool1d(3, stride=1)(row)", torch.stack([w.max() for w in each])[None])
    page.draws("size-steps", slide(by_one, ROW))
    starts = page.figure("size-steps").geometry.cols.starts
    page.says(
        "A window of 3 at stride 1 on 8 pixels. It starts at the first pixel, and its last stop "
        "ends at the last",
        (starts[0], starts[-1] + 3) == (0, 8),
    )
    page.says(
        "Six stops. The first stop takes 3 pixels, so 5 are left, and each further stop takes one "
        "of them",
        len(each) == 6 and [counted(n, 3, 1) for n in range(3, 9)] == [1, 2, 3, 4, 5, 6],
    )
    page.says(
        "In letters: the input has $i$ pixels and the kernel has $k$, so after the first stop "
        "$i - k$ pixels are left. With the first stop itself that makes $$o = i - k + 1$$",
        all(side(strided(k, 1, 0), i) == i - k + 1 for i in range(5, 12) for k in range(1, 6)),
    )
    page.labels("## Longer steps")
    page.says(
        "A stride of 2 takes two of the pixels that are left for each further stop",
        [counted(n, 3, 2) for n in range(3, 9)] == [1, 1, 2, 2, 3, 3],
    )
    page.prints("nn.MaxPool1d(3, stride=2)(row)", torch.stack([w.max() for w in windows])[None])
    page.draws("size-stops", slide(by_two, ROW))
    page.says("A window of 3 at stride 2 on 8 pixels", ROW.numel() == 8)
    nine = torch.rand(1, 9)
    page.says(
        "A fourth stop would need a ninth pixel, so the eighth is left over",
        by_two(nine).numel() == 4 and torch.equal(by_two(nine[:, :8]), by_two(nine[:, :7])),
    )
    page.says(
        "Three stops. One pixel is left over, because one is not enough for a step of 2",
        len(windows) == 3 and len(ROW[0, 4 + 3 :]) == 1 and by_two.stride == 2,
    )
    page.labels("And what becomes of the last pixel?")
    page.says(
        "So divide what is left by the stride $s$, and cut off the fraction, because there is no "
        "half of a stop. Rounding down like this is called the **floor**, and half brackets stand "
        "for it",
        (8 - 3) / by_two.stride == 2.5
        and len(windows) == 1 + math.floor(2.5) == 3
        and torch.tensor([2.5, -0.4]).floor().tolist() == [2, -1],  # down, not towards zero
    )
    page.says(
        r"$$o = \left\lfloor \frac{i - k}{s} \right\rfloor + 1$$",
        all(
            side(strided(k, s, 0), i) == (i - k) // s + 1
            for i, k, s in product(range(5, 14), range(1, 6), range(1, 4))
        ),
    )


def the_formula(page):
    settings = list(product(range(9, 20), (1, 2, 3, 4), (1, 2, 3), (0, 1, 2)))
    right = all(side(strided(k, s, p), i) == (i + 2 * p - k) // s + 1 for i, k, s, p in settings)
    pools = all(
        side(nn.MaxPool2d(k, s, p), i) == (i + 2 * p - k) // s + 1
        for i, k, s, p in settings
        if p <= k // 2
    )
    page.says(
        "One more argument changes a number that goes in, not the rule. A [padding] $p$ puts $p$ "
        "pixels more on each side, so $i$ becomes $i + 2p$",
        all(
            side(strided(k, s, p), i) == side(strided(k, s, 0), i + 2 * p)
            for i, k, s, p in settings
        ),
    )
    paddings = {
        axis.padding
        for name in ("size-steps", "size-stops", "size-floor", "size-rectangle")
        for axis in (page.figure(name).geometry.rows, page.figure(name).geometry.cols)
    }
    page.says(
        "It has a lesson of its own, and here it is off: $p = 0$. With it, the formula is",
        paddings == {(0, 0)} and told_in("padding", "A padding $p$ adds $p$ pixels on each"),
    )
    page.labels("Believe it when torch does")
    page.says(f"$${FORMULA}$$", right and pools)
    page.prints("print(len(settings)", f"{len(settings)} settings, one formula")
    assert page.names["settings"] == settings
    sides = list(product(range(5, 12), repeat=2))
    layers = nn.MaxPool2d(3, 2, 1), nn.Conv2d(1, 1, 4, 3), nn.AvgPool2d(2)
    apart = all(out(m, h, w) == (side(m, h), side(m, w)) for m in layers for h, w in sides)
    page.says(
        "It holds for pools, too. It is computed for rows and columns separately", pools and apart
    )
    page.says("Rows and columns are worked out separately", apart)
    page.says(
        "Leave the stride out, and $s$ is the kernel size for a pool and 1 for a convolution, as "
        "you saw in [max pooling]",
        told_in("max-pooling", "a pool's `stride` defaults to its `kernel_size`")
        and (nn.MaxPool2d(5).stride, nn.AvgPool2d(4).stride, nn.Conv2d(1, 1, 5).stride)
        == (5, 4, (1, 1)),
    )


def the_floor(page):
    pool = nn.MaxPool2d(2)
    lost = ~read(pool, 7)
    page.says("A 7×7 map goes through `nn.MaxPool2d(2)`", out(pool, *X.shape[1:]) == (3, 3))
    page.says(f"How many of the {lost.numel()} pixels are never read?")
    page.prints("pool(x)", max_pool(X, 2, 2))
    page.draws("size-floor", slide(pool, X))
    opens(page, "size-floor")
    page.labels("[Open this map in the explorer], change the kernel or the stride")
    page.labels("and see what is hatched then")
    last = torch.zeros(7, 7, dtype=torch.bool)
    last[6], last[:, 6] = True, True
    taps = [(tap.row, tap.col) for step in page.figure("size-floor").steps for tap in step.taps]
    page.says(
        "7×7 gives 3×3. The hatched row and column are read by no window",
        out(pool, 7, 7) == (3, 3)
        and {divmod(n, 7) for n in range(49) if not last[divmod(n, 7)]} == set(taps),
    )
    page.says(
        "The fraction that the floor cuts off is made of pixels",
        all(
            ((i - k) / s - (counted(i, k, s) - 1)) * s == (~read(nn.AvgPool2d(k, s), i)[0]).sum()
            for k, s, i in ((2, 2, 7), (2, 2, 8), (4, 2, 9), (5, 4, 7), (5, 4, 8))
        ),
    )
    page.says(
        f"The last row and the last column are lost: {last.sum()} pixels", torch.equal(lost, last)
    )
    page.says(
        "Autograd, the part of torch that works out gradients, can count them. An average pool "
        "uses every pixel of its windows, so a pixel with the gradient zero was never read",
        all(page.names["unread"](i, 2, 2) == unread(nn.AvgPool2d(2), i) for i in (6, 7, 8)),
    )
    page.prints(
        "unread: {unread(i, 2, 2)}",
        *(f"{i}×{i} gives {counted(i, 2)}, unread: {unread(pool, i)}" for i in (6, 7, 8, 9)),
    )
    page.says(
        r"The leftover is the remainder of the division: $(i - k) \bmod s$ rows at the bottom, and "
        "as many columns at the right. **What the floor cuts off is at the end**, never at the "
        "beginning",
        all(loses_at_the_end(k, s, i) for k, s, i in ((2, 2, 9), (3, 3, 8), (3, 4, 9), (5, 4, 8))),
    )
    page.says(
        "Without padding, what the floor cuts is pixels at the end, which no window reads",
        all(loses_at_the_end(k, s, i) for k, s, i in ((2, 2, 7), (3, 3, 7), (5, 3, 9), (4, 4, 10))),
    )
    unread_rows = {
        (s, k, p): [r for r in range(6) if not read(nn.AvgPool2d(k, s, p), 6)[r].any()]
        for s, k, p in ((3, 2, 0), (3, 2, 1), (2, 2, 0), (2, 2, 1))
    }
    page.says(
        "A stride larger than the window skips pixels in between as well, and so can a dilation",
        unread_rows == {(3, 2, 0): [2, 5], (3, 2, 1): [1, 4], (2, 2, 0): [], (2, 2, 1): []}
        and dilated_reads(0) == [0, 2, 4],
    )
    page.says("With padding, the first pixel may be among those", dilated_reads(1) == [1, 3, 5])
    before = (10 - 3) / 2 + 1
    ten, conv = torch.rand(1, 10, 10), nn.Conv2d(1, 1, 3, stride=2)
    crops = silent(lambda: conv(ten)) and torch.equal(conv(ten), conv(ten[:, :9, :9]))
    page.says(
        "Is a remainder an error? Not in torch. An input of 10 with a kernel of 3 and a stride of "
        f"2 gives {before} before the floor, and {counted(10, 3, 2)} after it",
        crops and conv(ten).shape == (1, 4, 4),
    )
    page.cites(
        "The well-known call this very setting invalid, and list what a library might do: refuse, "
        "pad, or crop",
        CS231N,
    )
    page.says("Torch crops, without a word", crops)
    page.prints("size(nn.Conv2d(1, 1, 3, stride=2), 10, 10)", counted(10, 3, 2))


def dilated_reads(padding):
    """The rows of 6 that a max pool of 2 at stride 2 reads when it is spread by 2."""
    pool = nn.MaxPool2d(2, 2, padding, dilation=2)
    x = torch.full((6, 1, 6, 6), -1.0)
    x[range(6), 0, range(6)] = 1  # in each map another row
    return [row for row in range(6) if (pool(x)[row] == 1).any()]


def loses_at_the_end(k, s, i):
    pixels = read(nn.AvgPool2d(k, s), i)
    left = (i - k) % s
    end = i - left
    assert left and end == Geometry.of(i, k, s).cols.starts[-1] + k
    return (
        not pixels[end:].any()
        and not pixels[:, end:].any()
        and bool(pixels[end - 1].any() and pixels[0].any() and pixels[:, 0].any())
    )


def small_losses(page):
    five = nn.Sequential(*[nn.MaxPool2d(2) for _ in range(5)])
    found = {i: side(five, i) for i in (*range(32, 300, 7), 223, 224, 255, 256)}
    once, five_times = 255 - 2 * side(nn.MaxPool2d(2), 255), 255 - 32 * found[255]
    page.labels("### Many small losses")
    page.says(
        r"Floors add up. Five pools of 2 in a row keep $\lfloor i/32 \rfloor$",
        len(page.names["five"]) == 5 and all(o == i // 32 for i, o in found.items()),
    )
    page.prints(
        "for _ in range(5)]", str([(i, i // 2 // 2 // 2 // 2 // 2) for i in (223, 224, 255, 256)])
    )
    page.says(
        f"So 224 and 255 both end at {found[224]}, and the larger photo has paid for "
        f"{255 - 224} rows that reach no output",
        found[224] == found[255] and once < five_times == 255 - 224,
    )
    ups = nn.Sequential(*[nn.ConvTranspose2d(1, 1, 2, 2) for _ in range(5)])
    means = nn.Sequential(*[nn.AvgPool2d(2) for _ in range(5)])
    unheard = {}
    for i in (32, 64, 63):
        image = torch.zeros(1, i, i, requires_grad=True)
        means(image).sum().backward()
        unheard[i] = int((image.grad == 0).sum())
    page.says(
        "Opinion: choose an input whose size is a multiple of the product of all strides. Then "
        "nothing is lost, and the way back up is easy",
        unheard == {32: 0, 64: 0, 63: 63**2 - 32**2}
        and [side(ups, side(five, i)) for i in (32, 64, 63)] == [32, 64, 32],
    )


def stairs(page):
    inputs = list(range(4, 17))
    expected = {
        "Conv2d, kernel 3": [counted(i, 3, 1) for i in inputs],
        "MaxPool2d(2)": [counted(i, 2) for i in inputs],
        "MaxPool2d(3)": [counted(i, 3) for i in inputs],
    }
    (panel,) = page.drawing("size-stairs")
    drawn = {label: (xs, ys) for label, xs, ys in panel["lines"]}
    page.plots(
        "size-stairs",
        drawn == {name: (inputs, sizes) for name, sizes in expected.items()}
        and (panel["xlabel"], panel["ylabel"]) == ("input size", "output size")
        and panel["legend"] == list(expected)
        and panel["xticks"] == [str(i) for i in inputs]
        and panel["yticks"] == [str(n) for n in range(15) if n % 2 == 0],
    )
    page.says(
        f"Here are three settings on all inputs from {inputs[0]} to {inputs[-1]}. "
        "Torch computed every step",
        len(drawn) == 3 and {xs[0] for xs, _ in drawn.values()} == {4},
    )
    climbs = [
        [i for i, a, b in zip(inputs[1:], sizes, sizes[1:], strict=False) if b == a + 1]
        for sizes in expected.values()
    ]
    page.says(
        f"Output size against input size from {inputs[0]} to {inputs[-1]}. The convolution rises "
        "by one with each input. The pool of 2 climbs a step every second input, and the pool of 3 "
        "every third",
        climbs == [inputs[1:], inputs[2::2], inputs[2::3]],
    )
    shared = {s: {sizes.count(n) for n in sizes[1:-1]} for s, sizes in enumerate(expected.values())}
    page.says(
        "A stride of 1 climbs one step with every pixel. At a stride of 2, two inputs share each "
        "output size; at a stride of 3, three",
        shared[0] == {1} and max(shared[1]) == 2 and max(shared[2]) == 3,
    )
    inputs_of = {n: [i for i in range(1, 60) if i >= 2 and counted(i, 2) == n] for n in range(1, 9)}
    page.says(
        "A stride of 2 gives two inputs the same output size. So from the output alone you cannot "
        "tell how large the input was",
        {len(found) for found in inputs_of.values()} == {2} and max(shared[1]) == 2,
    )


def rows_and_columns(page):
    eight = torch.randint(0, 10, (1, 8, 8), generator=torch.Generator().manual_seed(3)).float()
    wide = nn.MaxPool2d((3, 4), stride=(3, 2))
    assert torch.equal(page.names["eight"], eight)
    tall = nn.MaxPool2d((3, 1), stride=(3, 1))(torch.arange(8.0)[None, :, None])
    pairs = nn.Conv2d(1, 1, (3, 5), stride=(1, 2), padding=(1, 0), dilation=(2, 1))
    pooled = nn.MaxPool2d((3, 5), stride=(1, 2), padding=(1, 0), dilation=(2, 1))
    page.says(
        "All arguments also take a pair: rows first, then columns. Nothing mixes",
        tall.flatten().tolist() == [2, 5]
        and all(
            out(layer, h, w) == (counted(h, 3, 1, 1, 2), counted(w, 5, 2))
            for layer in (pairs, pooled)
            for h, w in product(range(7, 12), repeat=2)
        ),
    )
    page.labels("Work out both sides.")
    mine = page.names["wide"]
    page.says(
        "An 8×8 map, a window of {} rows and {} columns, stride `{}`".format(
            *mine.kernel_size, mine.stride
        ),
        eight.shape == (1, 8, 8),
    )
    windows = [[eight[0, r : r + 3, c : c + 4] for c in (0, 2, 4)] for r in (0, 3)]
    page.prints("wide(eight)", torch.tensor([[[w.max() for w in row] for row in windows]]))
    page.draws("size-rectangle", slide(wide, eight))
    geometry = page.figure("size-rectangle").geometry
    rows, cols = geometry.rows, geometry.cols
    page.says("Rows: two of them are left over", 8 - (rows.starts[-1] + 3) == 2)
    page.says(
        "Columns: the third window ends at the last one, so nothing is left over",
        len(cols.starts) == 3 and cols.starts[-1] + 4 == 8,
    )
    high, across = (8 - 3) / 3, (8 - 4) / 2
    page.says(
        f"Rows: $(8 - 3)/3$ is {high:.2f}, cut to {int(high)}, plus 1 is {len(rows.starts)}. "
        f"Columns: $(8 - 4)/2$ is {across:.0f}, and plus 1 that makes {len(cols.starts)}."
    )


def messages(page):
    three = torch.rand(1, 3, 3)
    said = [
        refusal(lambda: nn.MaxPool2d(5)(three)),
        refusal(lambda: nn.Conv2d(1, 1, 5)(three)),
        refusal(lambda: nn.MaxPool2d(2, stride=3 // 5)(three)),
        refusal(lambda: nn.MaxPool2d(2)(three[0])),
    ]
    page.prints("for call in calls:", *(fill(f"- {message}", 66) for message in said))
    page.labels("## When no window fits", "These are the messages you will meet")
    deep = nn.Sequential(*[nn.MaxPool2d(2) for _ in range(9)])
    page.says(
        "Small maps and deep networks end here sooner or later",
        all("too small" in refusal(lambda i=i: side(deep, i)) for i in (1, 7, 32, 256))
        and "greater than actual input size" in refusal(lambda: nn.Conv2d(1, 1, 3)(three[:, :2])),
    )
    page.says("a pool larger than the map", "1x0x0" in said[0] and three.shape[1] < 5)
    page.says("a kernel larger than the map", "(3 x 3). Kernel size: (5 x 5)" in said[1])
    page.says("that is 0", "stride should not be zero" in said[2])
    page.says("a map without channels", "expected for input" in said[3] and three[0].dim() == 2)
    page.says(
        '"Output size is too small" means: the formula gave 0 or less',
        "Output size is too small" in said[0] and "1x0x0" in said[0] and naive_floor(3, 5, 5) == 0,
    )
    page.says(
        "In a network it is the last of many layers that complains, but an earlier one shrank too "
        "much",
        last_complains(),
    )


def naive_floor(i, k, s):
    return (i - k) // s + 1


def last_complains():
    """A network in which the layer that torch names is fine by itself on a larger map."""
    network = nn.Sequential(nn.MaxPool2d(4), nn.MaxPool2d(2), nn.MaxPool2d(2))
    message = refusal(lambda: network(torch.rand(1, 12, 12)))
    gentle = nn.Sequential(nn.MaxPool2d(2), *network[1:])  # the last layers are as they were
    return "Given input size: (1x1x1)" in message and side(gentle, 12) == 1


def exercises(page):
    first = nn.MaxPool2d(3, stride=2)
    heights = counted(224, 7, 2), counted(109, 3, 2)
    page.labels("A photo of 224×224 enters `nn.Conv2d(3, 64, 7, stride=2)`")
    page.labels("then `nn.MaxPool2d(3, stride=2)`")
    steps = (224 - 7) / 2, (109 - 3) / 2
    page.says(
        f"{heights[0]} and {heights[1]}. $(224 - 7)/2$ is {steps[0]}, cut to {int(steps[0])}, "
        f"plus 1. Then $(109 - 3)/2$ is {steps[1]:.0f}, plus 1.",
        (side(strided(7, 2, 0), 224), side(first, 109)) == heights,
    )
    page.labels("What is the height after each?")
    page.answers(1, ("109 and 54", (109, 54)))
    lost = unread(nn.MaxPool2d(3), 10)
    page.labels("How many pixels of a 10×10 map does `nn.MaxPool2d(3)` never")
    page.says(
        f"{lost}: the last row and the last column. Three windows of 3 read 9 rows, "
        f"and {10 * 10} − {9 * 9} is {lost}",
        counted(10, 3) == 3 and read(nn.MaxPool2d(3), 10)[:9, :9].all(),
    )
    page.answers(2, "19")
    both = counted(12, 4), counted(12, 4, 1)
    page.labels("A map of 12×12 goes through `nn.MaxPool2d(4)`")
    page.labels("and another one through `nn.Conv2d(1, 1, 4)`")
    page.says(
        f"{both[0]} and {both[1]}. Neither has a stride, so the pool steps by its kernel size: "
        "$(12 - 4)/4 + 1$. "
        "The convolution steps by 1: $12 - 4 + 1$",
        ((12 - 4) // 4 + 1, 12 - 4 + 1) == both,
    )
    page.answers(3, ("3 and 9", (3, 9)))
    page.labels("How many input sizes do five pools of 2 in a row turn into 7?")
    sevens = [i for i in range(1, 400) if i // 2 // 2 // 2 // 2 // 2 == 7]
    page.says(
        f"{len(sevens)}: all sizes from {sevens[0]} to {sevens[-1]}. Each pool maps two sizes to "
        f"one, and two, five times over, makes {2**5}"
    )
    page.answers(4, ("32: all", 32))
    page.labels("What does `nn.MaxPool2d((2, 5), stride=(2, 3))` make of a 7×12 map?")
    page.labels("How many rows and how many columns are left over?")
    down, across = counted(7, 2), counted(12, 5, 3)
    left = (7 - 2) % 2, (12 - 5) % 3
    page.says(
        f"{down}×{across}, with {left[0]} row and {left[1]} column left over. $(7 - 2)/2$ is "
        f"{(7 - 2) / 2}, cut to 2, plus 1. $(12 - 5)/3$ is {(12 - 5) / 3:.2f}, cut to 2, plus 1",
        out(nn.MaxPool2d((2, 5), stride=(2, 3)), 7, 12) == (down, across),
    )
    page.answers(5, ("3×3, with", (3, 3)), ("1 row", 1), ("1 column", 1), of=flat)
    page.prints(
        'print(len(sevens), "sizes, from"',
        f"{heights[0]} {heights[1]}",
        str(lost),
        str(both),
        f"{len(sevens)} sizes, from {sevens[0]} to {sevens[-1]}",
        f"{(down, across)} {list(left)}",
    )


def flat(values):
    (rows, cols), *left = values
    return (rows, cols, *left)


def what_you_know(page):
    page.says(
        "The output's size is the number of stops: one, plus the room that is left, divided by "
        "the stride and cut",
        all(counted(i, 3, 2) == 1 + (i - 3) // 2 for i in range(3, 20)),
    )
    page.says(
        "A stride maps several inputs to one size", counted(5, 3, 2, 1) == counted(6, 3, 2, 1)
    )
