"""lessons/output-size-cheat-sheet.py: its words and outputs, against the package's own geometry
(which never asks torch) and formulas that the test writes itself."""

import inspect
import random
import re
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from itertools import product

import torch
from lesson_run import told_in
from test_padding import DUMOULIN
from torch import nn

from slidingwindows import Geometry, slide

K, S, P, D = range(1, 6), range(1, 5), range(3), range(1, 4)
FOUR = torch.tensor([[[4.0, 1, 5, 2], [3, 6, 0, 7], [8, 2, 9, 1], [0, 5, 3, 4]]])
SIDES = (7, 28, 32, 33, 224)
CONVOLUTIONS = {  # as the page calls them: kernel size, stride, padding, dilation
    "Conv2d(1)": (1, 1, 0, 1),
    "Conv2d(3)": (3, 1, 0, 1),
    "Conv2d(3, padding=1)": (3, 1, 1, 1),
    "Conv2d(5)": (5, 1, 0, 1),
    "Conv2d(5, padding=2)": (5, 1, 2, 1),
    "Conv2d(7, padding=3)": (7, 1, 3, 1),
    "Conv2d(3, padding=2, dilation=2)": (3, 1, 2, 2),
    "Conv2d(3, stride=2, padding=1)": (3, 2, 1, 1),
    "Conv2d(4, stride=2, padding=1)": (4, 2, 1, 1),
    "Conv2d(7, stride=2, padding=3)": (7, 2, 3, 1),
    "Conv2d(2, stride=2)": (2, 2, 0, 1),
    "Conv2d(16, stride=16)": (16, 16, 0, 1),
}
POOLS = {  # the same, then whether the size is rounded up
    "MaxPool2d(2)": (2, 2, 0, 1, False),
    "MaxPool2d(2, ceil_mode=True)": (2, 2, 0, 1, True),
    "MaxPool2d(3)": (3, 3, 0, 1, False),
    "MaxPool2d(3, stride=1, padding=1)": (3, 1, 1, 1, False),
    "MaxPool2d(3, stride=2)": (3, 2, 0, 1, False),
    "MaxPool2d(3, stride=2, padding=1)": (3, 2, 1, 1, False),
    "AvgPool2d(7)": (7, 7, 0, 1, False),
}
ADAPTIVE = {"AdaptiveAvgPool2d(1)": 1, "AdaptiveAvgPool2d(7)": 7}
TRANSPOSED = {  # kernel size, stride, padding, output_padding
    "ConvTranspose2d(2, stride=2)": (2, 2, 0, 0),
    "ConvTranspose2d(4, stride=2, padding=1)": (4, 2, 1, 0),
    "ConvTranspose2d(3, stride=2, padding=1)": (3, 2, 1, 0),
    "ConvTranspose2d(3, stride=2, padding=1, output_padding=1)": (3, 2, 1, 1),
}


def side(layer, i):
    """What comes out; None where torch refuses."""
    try:
        return layer(torch.zeros(1, i, i)).shape[-1]
    except RuntimeError:
        return None


def fits(i, k, p, d=1):
    """Whether a window has a place at all."""
    return i + 2 * p >= d * (k - 1) + 1


def counted(i, k, s, p, d=1, up=False):
    """The size by the package's own geometry; a dash where no window fits."""
    return Geometry.of(i, k, s, p, d, up).output_shape[-1] if fits(i, k, p, d) else "-"


def back(i, k, s, p, a, d=1):
    return (i - 1) * s - 2 * p + d * (k - 1) + a + 1


@cache
def size(kind, k, s, p, d=1, up=False, i=20):
    """Torch's size of a convolution or a pool, remembered."""
    if kind == "conv":
        return side(nn.Conv2d(1, 1, k, s, p, d), i)
    return side(nn.MaxPool2d(k, s, p, d, ceil_mode=up), i)


def keeps(layer):
    return all(side(layer, i) == i for i in (30, 31, 32, 33))


def refuses(call, kind):
    try:
        call()
    except kind:
        return True
    return False


def test_every_claim(page):
    the_letters(page)
    formulas(page)
    how_many_agree(page)
    the_window_that_hangs_over(page)
    adaptive(page)
    common_settings(page)
    which_keep(page)
    which_halve(page)
    which_double(page)
    mistakes(page)
    on_one_page(page)
    docstrings(page)
    page.cites(
        "More: the formulas one by one, derived and drawn, are in [convolution arithmetic, with "
        "numbers], after",
        DUMOULIN,
    )
    page.says(
        "What torch says when a setting does not fit is in [error messages]",
        told_in(
            "error-messages", "What torch says of pools and convolutions that do not fit, each"
        ),
    )
    page.complete()


def docstrings(page):
    names, sizes = page.names, page.names["size"]
    page.says(
        "The side that comes out; None if torch refuses",
        [sizes(nn.MaxPool2d((2, 3)), i) for i in (2, 8)] == [None, counted(8, 3, 3, 0)],
    )
    said, raised = StringIO(), False
    with redirect_stdout(said):
        names["compare"](lambda i, k: i - k + 1, lambda k: nn.MaxPool2d(k, 1), (1, 4, 20))
        try:  # right but for one setting
            names["compare"](lambda i, k: i - k + (i < 13), lambda k: nn.MaxPool2d(k, 1), (1, 4))
        except AssertionError:
            raised = True
    page.says(
        "Count the settings that torch takes; the formula must give the size of each",
        raised and said.getvalue() == f"{13 + 10} settings, all agree\n",
    )
    settings = CONVOLUTIONS | POOLS
    made = {call: names["make"](call) for call in [*settings, *ADAPTIVE, *TRANSPOSED]}
    page.says(
        "The layer of such a call, with one channel in and one out",
        all(call.startswith(f"{type(layer).__name__}(") for call, layer in made.items())
        and all(layer(torch.rand(1, 1, 17, 17)).shape[1] == 1 for layer in made.values())
        and all(side(made[call], 33) == counted(33, *s) for call, s in settings.items())
        and all(side(made[call], 9) == o for call, o in ADAPTIVE.items())
        and all(side(made[call], 9) == back(9, *s) for call, s in TRANSPOSED.items()),
    )
    strided = (lambda k, s: nn.MaxPool2d(k, s)), range(1, 6), (1, 2)
    but_one = [names["found"](lambda i, o, n=n: i != n, *strided) for n in (19, 20, 41, 42)]
    page.says(
        "The settings for which torch's size fits, for all inputs from 20 to 41",
        names["found"](lambda i, o: o == i - 2, *strided) == [(3, 1)]
        and list(map(len, but_one)) == [10, 0, 0, 10],
    )


def the_letters(page):
    conv, transposed = nn.Conv2d(1, 1, 3), nn.ConvTranspose2d(1, 1, 3)
    pool = nn.MaxPool2d(3)
    page.labels("| letter | argument | default of a convolution | default of a pool |")
    page.labels("| $i$ | size of the input, one side |")
    page.says("| $o$ | size of the output, the same side |", each_side_apart())
    page.says("Height and width are computed apart, each with its own numbers", each_side_apart())
    required = [
        inspect.signature(kind).parameters["kernel_size"].default is inspect.Parameter.empty
        for kind in (nn.Conv2d, nn.MaxPool2d)
    ]
    page.says("| $k$ | `kernel_size` | none | none |", all(required))
    page.says("| $s$ | `stride` | 1 | $k$ |", (conv.stride, pool.stride) == ((1, 1), 3))
    page.says(
        "| $p$ | `padding`, on each side | 0 | 0 |", (conv.padding, pool.padding) == ((0, 0), 0)
    )
    page.says("| $d$ | `dilation` | 1 | 1 |", (conv.dilation, pool.dilation) == ((1, 1), 1))
    page.says(
        "| $a$ | `output_padding`, transposed only | 0 | |",
        transposed.output_padding == (0, 0)
        and "output_padding" not in inspect.signature(nn.Conv2d).parameters,
    )


@cache
def each_side_apart():
    """Whether rows follow from rows alone, and columns from columns, whatever the other's are."""
    k, s, p, d = (3, 2), (2, 3), (1, 0), (2, 1)  # of rows, then of columns
    layers = nn.Conv2d(1, 1, k, s, p, d), nn.MaxPool2d(k, s, p, d)
    back_up = nn.ConvTranspose2d(1, 1, k, s, p, dilation=d)
    for h, w in product(range(6, 12), repeat=2):
        image = torch.rand(1, h, w)
        down = tuple(counted(i, *axis) for i, *axis in zip((h, w), k, s, p, d, strict=True))
        up = tuple(back(i, k, s, p, 0, d) for i, k, s, p, d in zip((h, w), k, s, p, d, strict=True))
        if {layer(image).shape[1:] for layer in layers} != {down} or back_up(image).shape[1:] != up:
            return False
    return True


def followed_by_a_comparison(page):
    """How many settings the cell below each formula compared, as it printed."""
    cells, found = page.run.lesson.cells, []
    for cell, below in zip(cells, cells[1:], strict=False):
        if "$$" in cell.source or "You name $o$" in cell.source:
            assert below.kind == "code"
            found.append(page.numbers(below.source))
    return found


@cache
def agreement():
    """Random settings, further than the page goes: does torch follow each formula?"""
    agree = {"plain": [], "ceiling": [], "transposed": []}
    draw = random.Random(3)
    for _ in range(600):
        i, k, s, d = (draw.randint(1, n) for n in (30, 7, 6, 3))
        p, a = draw.randint(0, 3), draw.randint(0, 2)
        plain = (i + 2 * p - d * (k - 1) - 1) // s + 1
        short = (i + 2 * p - (k - 1) - 1) // s + 1
        cases = [
            ("plain", nn.Conv2d(1, 1, k, s, p, d), plain),
            ("plain", nn.MaxPool2d(k, s, p, d), plain),
            ("plain", nn.AvgPool2d(k, s, p), short),
            ("ceiling", nn.MaxPool2d(k, s, p, d, ceil_mode=True), ceiling(i, k, s, p, d)),
            ("ceiling", nn.AvgPool2d(k, s, p, ceil_mode=True), ceiling(i, k, s, p, 1)),
            (
                "transposed",
                nn.ConvTranspose2d(1, 1, k, s, p, a, dilation=d),
                back(i, k, s, p, a, d),
            ),
        ]
        for name, layer, expected in cases:
            made = side(layer, i)
            if made is not None:
                agree[name].append(made == expected)
    assert sum(map(len, agree.values())) > 1000
    return {name: all(found) for name, found in agree.items()}


def ceiling(i, k, s, p, d):
    o = -((d * (k - 1) + 1 - i - 2 * p) // s) + 1
    return o - 1 if (o - 1) * s >= i + p else o


def formulas(page):
    agree = agreement()
    page.says(
        "The size formulas of convolutions and pools, each compared with torch on this page",
        all(agree.values()),
    )
    compared = followed_by_a_comparison(page)
    reasons = "With the first stop itself that makes"
    page.says(
        "Each formula is followed by a cell that compares it with torch for many settings. The "
        "reasons are in the lessons on [output size] and on [rounding up, and going back up]",
        len(compared) == 4
        and all(min(numbers) > 200 for numbers in compared)
        and told_in("output-size", reasons)
        and told_in("rounding-up-and-going-back-up", "So torch checks the last window")
        and told_in("rounding-up-and-going-back-up", "How large is the painting? The first of $i$"),
    )
    page.says(r"o = \left\lfloor \frac{i + 2p - d(k-1) - 1}{s} \right\rfloor + 1", agree["plain"])
    page.says(
        "the same with $d = 1$; it has no dilation",
        agree["plain"] and "dilation" not in inspect.signature(nn.AvgPool2d).parameters,
    )
    page.says(
        r"o = \left\lceil \frac{i + 2p - d(k-1) - 1}{s} \right\rceil + 1, "
        r"\quad\text{and one less if}\quad (o - 1)\,s \ge i + p",
        agree["ceiling"],
    )
    dropping = Geometry.of(5, 3, 3, 1, 1, True).cols
    page.says(
        "The second part drops a last window that would start in the padding on the right",
        dropping.starts == (-1, 2) and size("pool", 3, 3, 1, 1, True, i=5) == 2,
    )
    page.says(r"o = (i - 1)\,s - 2p + d(k-1) + a + 1", agree["transposed"])


def how_many_agree(page):
    """Which settings torch takes is stated here once more, and counted."""
    inputs = range(1, 14)
    wide = list(product(inputs, K, S, P, D))
    convs = sum(fits(i, k, p, d) for i, k, s, p, d in wide)
    pools = sum(fits(i, k, p, d) and 2 * p <= k for i, k, s, p, d in wide)
    means = sum(fits(i, k, p) and 2 * p <= k for i, k, s, p in product(inputs, K, S, P))
    page.prints("def plain(", *(f"{n:,} settings, all agree" for n in (convs, pools, means)))
    ups = [
        sum(ceiling(i, k, s, p, d) >= 1 and 2 * p <= k for i, k, s, p, d in wide),
        sum(ceiling(i, k, s, p, 1) >= 1 and 2 * p <= k for i, k, s, p in product(inputs, K, S, P)),
    ]
    page.prints("def ceiling(", *(f"{n:,} settings, all agree" for n in ups))
    made = {
        (i, k, s, p, d, a): back(i, k, s, p, a, d)
        for (i, k, s, p, d), a in product(wide, range(3))
        if a < max(s, d)
    }
    # Torch refuses some empty outputs and makes others.
    empty = sum(
        side(nn.ConvTranspose2d(1, 1, k, s, p, a, dilation=d), i) == 0
        for (i, k, s, p, d, a), o in made.items()
        if o == 0
    )
    backs = sum(o > 0 for o in made.values()) + empty
    page.prints("def transposed(", f"{backs:,} settings, all agree")


def the_window_that_hangs_over(page):
    page.draws("cheat-ceil-mode", slide(nn.MaxPool2d(3, stride=2, ceil_mode=True), FOUR))
    axis = page.figure("cheat-ceil-mode").geometry.cols
    page.says(
        "What it looks like when the last window of a row hangs over the edge",
        axis.starts[-1] < 4 < axis.starts[-1] + 3 and axis.starts[0] + 3 <= 4,
    )
    left = slide(nn.MaxPool2d(3, stride=2), FOUR)
    page.says(
        "[Open these windows in the explorer], switch `ceil_mode` off, and see which of them are "
        "left",
        [(step.taps[0].row, step.taps[0].col) for step in left.steps] == [(0, 0)]
        and len(page.figure("cheat-ceil-mode").steps) == 4,
    )
    page.says(
        "A side of 4 and windows of 3: rounded up, there are two in each row",
        (FOUR.shape[1], axis.kernel_size, len(axis.starts)) == (4, 3, 2)
        and axis.starts[-1] + 3 > 4
        and size("pool", 3, 2, 0, i=4) == 1,
    )


def adaptive(page):
    page.says(
        r"You name $o$. Window number $j$, counted from 0, reads from $\lfloor j\,i / o \rfloor$ "
        r"up to, but without, $\lceil (j+1)\,i / o \rceil$",
        all(adaptive_agrees(i, o) for i in range(1, 26) for o in range(1, 13)),
    )
    alone = page.names["pixels"][:, 0].nonzero().tolist()  # the last signals, of 20 places
    page.says("a signal for each place of the pixel", alone == [[n, n] for n in range(20)])
    page.prints("signal for each place", f"{sum(range(1, 21)) * 20:,} windows, all agree")


def adaptive_agrees(i, o):
    """By gradient, not by a bright pixel: which places each output hears."""
    x = torch.rand(1, i, requires_grad=True)
    out = nn.AdaptiveAvgPool1d(o)(x)[0]
    for j in range(o):
        (heard,) = torch.autograd.grad(out[j], x, retain_graph=True)
        start, end = (j * i) // o, ((j + 1) * i + o - 1) // o
        if heard[0].nonzero().flatten().tolist() != list(range(start, end)):
            return False
    return True


def table(rows, sides):
    width = max(map(len, rows))
    lines = [f"{'':{width}} {' '.join(f'{i:>4}' for i in sides)}"]
    for call, sizes in rows.items():
        lines.append(f"{call:<{width}} {' '.join(f'{o:>4}' for o in sizes)}")
    return lines


def common_settings(page):
    rows = {call: [counted(i, *setting) for i in SIDES] for call, setting in CONVOLUTIONS.items()}
    rows |= {call: [counted(i, *setting) for i in SIDES] for call, setting in POOLS.items()}
    rows |= {call: [o] * len(SIDES) for call, o in ADAPTIVE.items()}
    page.prints("def table(", *table(rows, SIDES))
    header, *lines = page.output("def table(").split("\n")
    deep = {call: nn.Conv2d(3, 5, *setting) for call, setting in CONVOLUTIONS.items()}
    page.says(
        "Each row is a layer, each column a size of the input. Channels are left out of the calls: "
        "they do not matter here",
        tuple(map(int, header.split())) == SIDES
        and [call for call, line in zip(rows, lines, strict=True) if line.startswith(call)]
        == list(rows)
        and all(
            m(torch.zeros(3, 33, 33)).shape == (5, o, o)
            for call, m in deep.items()
            for o in [counted(33, *CONVOLUTIONS[call])]
        ),
    )
    enlarged = {call: [back(i, *s) for i in (7, 16)] for call, s in TRANSPOSED.items()}
    page.prints('table(\n    [\n        "ConvTranspose2d(2, stride=2)', *table(enlarged, (7, 16)))
    dashes = [call for call, sizes in rows.items() if "-" in sizes]
    page.says(
        "A dash means that torch refuses: the window is larger than the input",
        dashes == ["Conv2d(16, stride=16)"] and side(nn.Conv2d(1, 1, 16, 16), 7) is None,
    )


def which_keep(page):
    page.labels("## Which settings keep the size?")
    same = {
        (k, d): [p for p in range(12) if keeps(nn.Conv2d(1, 1, k, padding=p, dilation=d))]
        for k in range(1, 8)
        for d in range(1, 4)
    }
    page.says(
        "At stride 1: $2p = d(k - 1)$",
        all(ps == [p for p in range(12) if 2 * p == d * (k - 1)] for (k, d), ps in same.items()),
    )
    page.says(
        "An odd kernel always has such a padding. An even kernel has one only with an even "
        "dilation. Here torch is asked, for kernels up to 7 and dilations up to 3",
        all(bool(found) == (k % 2 == 1 or d % 2 == 0) for (k, d), found in same.items()),
    )
    page.prints("kept(lambda d, k, p: nn.Conv2d(1, 1, k, 1, p, d))", *by_dilation(d_to_kept(same)))
    limited = {(k, d): [p for p in ps if 2 * p <= k] for (k, d), ps in same.items()}
    pools = {(k, d): [p for p in range(12) if keeps(nn.MaxPool2d(k, 1, p, d))] for k, d in same}
    page.says(
        "A pool has a further limit: its padding may be at most half of the kernel",
        pools == limited and pools != same,
    )
    page.says(
        "So a *dilated* max pool with a kernel of 3 or more cannot keep the size by itself",
        {key for key, ps in pools.items() if ps and key[1] > 1} == {(1, 2), (1, 3), (2, 2)},
    )
    by_hand = nn.functional.pad(torch.rand(1, 9, 9), (2, 2, 2, 2), value=-torch.inf)
    page.says("pad by hand before it", nn.MaxPool2d(3, 1, dilation=2)(by_hand).shape == (1, 9, 9))
    page.says(
        "And a pool without dilation keeps it only with an odd kernel",
        [k for (k, d), ps in pools.items() if d == 1 and ps] == [1, 3, 5, 7],
    )
    page.prints("kept(lambda d, k, p: nn.MaxPool2d(k, 1, p, d))", *by_dilation(d_to_kept(limited)))


def d_to_kept(settings):
    return {
        d: [f"k{k} p{p}" for (k, other), ps in settings.items() if other == d for p in ps if p < 10]
        for d in (1, 2, 3)
    }


def by_dilation(kept):
    return [f"dilation {d}: {', '.join(good)}" for d, good in kept.items()]


def which_halve(page):
    every = list(product(range(1, 10), range(6)))
    made = {(k, p): {i: side(nn.Conv2d(1, 1, k, 2, p), i) for i in range(30, 40)} for k, p in every}
    halved = {at for at, o in made.items() if all(o[i] == i // 2 for i in o if i % 2 == 0)}
    up = {at for at, o in made.items() if all(o[i] == (i + 1) // 2 for i in o)}
    down = {at for at, o in made.items() if all(o[i] == i // 2 for i in o)}
    page.labels("## Which settings halve it?")
    page.says(
        "At stride 2, without dilation and `ceil_mode`, an even size is halved if $k - 2p$ is 1 "
        "or 2. The two differ on odd sizes: 1 rounds up, 2 rounds down",
        halved == {(k, p) for k, p in every if k - 2 * p in (1, 2)}
        and up == {(k, p) for k, p in every if k - 2 * p == 1}
        and down == {(k, p) for k, p in every if k - 2 * p == 2},
    )
    page.prints(
        "down = found(lambda i, o: o == i // 2",
        f"odd sizes rounded up:   {short(up)}",
        f"odd sizes rounded down: {short(down)}",
    )
    page.says(
        "In general, without `ceil_mode`, stride $s$ divides the multiples of $s$ exactly if "
        "$k - 2p$ is one of 1 to $s$ (with dilation, $d(k-1) + 1$ takes the place of $k$)",
        all(
            divides(k, s, p, d) == (1 <= d * (k - 1) + 1 - 2 * p <= s)
            for k, s, p, d in product(range(1, 7), range(1, 6), range(4), range(1, 4))
        ),
    )


def short(settings):
    """As the page lists them, for kernels up to 8 and paddings up to 4."""
    return ", ".join(f"k{k} p{p}" for k, p in sorted(settings) if k < 9 and p < 5)


def divides(k, s, p, d):
    layer = nn.Conv2d(1, 1, k, s, p, d)
    return all(side(layer, n * s) == n for n in (20, 21, 22))


def which_double(page):
    doubling = [
        (k, p, a)
        for k, p, a in product(range(1, 7), range(4), (0, 1))
        if all(back(i, k, 2, p, a) == 2 * i for i in range(20, 24))
    ]
    rule = all(
        (side(nn.ConvTranspose2d(1, 1, k, s, p, a), 20) == 20 * s) == (k + a - 2 * p == s)
        for k, s, p in product(range(1, 8), range(1, 5), range(4))
        for a in range(s)
    )
    shown = [page.output(code) for code in ("kept(lambda d, k, p: nn.Conv2d(", "def strided(")]
    page.labels("## Which settings double it?")
    page.says(
        "and the settings that keep, halve or double a size",
        rule
        and keeps(nn.Conv2d(1, 1, 5, padding=2))
        and "k5 p2" in shown[0]
        and divides(4, 2, 1, 1)
        and "k4 p1" in shown[1]
        and (4, 1, 0) in doubling
        and "k4 p1 a0" in page.output("double = found("),
    )
    page.says(
        "Without dilation, a transposed convolution multiplies the size by $s$ if "
        "$k + a - 2p = s$. For $s = 2$",
        rule,
    )
    page.prints("double = found(", ", ".join(f"k{k} p{p} a{a}" for k, p, a in doubling))


def mistakes(page):
    page.says(
        "`MaxPool2d(3)` divides by 3, `Conv2d(…, 3)` takes away 2: the default strides differ",
        all(
            (side(nn.MaxPool2d(3), i), side(nn.Conv2d(1, 1, 3), i)) == (i // 3, i - 2)
            for i in range(6, 20)
        ),
    )
    page.says(
        '`padding="same"` works for convolutions at stride 1 only',
        keeps(nn.Conv2d(1, 1, 3, padding="same"))
        and refuses(lambda: nn.Conv2d(1, 1, 3, 2, padding="same"), ValueError)
        and refuses(lambda: nn.MaxPool2d(3, 1, padding="same")(torch.rand(1, 9, 9)), TypeError),
    )
    page.says(
        "`ceil_mode` exists for pools only. A convolution always rounds down",
        agreement()["plain"]
        and "ceil_mode" not in inspect.signature(nn.Conv2d).parameters
        and "ceil_mode" in inspect.signature(nn.MaxPool2d).parameters,
    )
    down = {i: counted(i, 3, 2, 1) for i in (7, 8)}
    returns = [back(4, 3, 2, 1, a) for a in (0, 1)]
    page.says(
        f"Two sizes may shrink to one: 7 and 8 both become {down[7]} under "
        "`Conv2d(…, 3, stride=2, padding=1)`. The way back needs `output_padding` to choose",
        down[7] == down[8] and returns == [7, 8],
    )
    page.prints(
        "print([size(layer, 9)",
        str([counted(9, 3, 3, 0), counted(9, 3, 1, 0)]),
        f"{list(down.values())} {returns}",
    )
    looks = page.blocks[[("four look-alikes" in block) for block in page.blocks].index(True)]
    page.says("A common mistake: four look-alikes", looks.count("\n    - ") == 4)


SHEET = [  # of each row of the sheet: what it does, the call, its numbers as above
    *(("convolution that keeps the size", f"Conv2d({k}, padding={k // 2})") for k in (1, 3, 5, 7)),
    ("dilated, keeps the size", "Conv2d(3, padding=2, dilation=2)"),
    ("convolution that halves it", "Conv2d(2, stride=2)"),
    ("convolution that halves it", "Conv2d(3, stride=2, padding=1)"),
    ("convolution that halves it", "Conv2d(4, stride=2, padding=1)"),
    ("convolution that halves it", "Conv2d(7, stride=2, padding=3)"),
    ("pool that halves it", "MaxPool2d(2)"),
    ("pool that halves it", "MaxPool2d(2, ceil_mode=True)"),
    ("pool that halves it", "MaxPool2d(3, stride=2, padding=1)"),
    ("pool that halves it", "AvgPool2d(2)"),
    ("pool that keeps it", "MaxPool2d(3, stride=1, padding=1)"),
    ("cuts patches", "Conv2d(16, stride=16)"),
    ("one number a channel", "AdaptiveAvgPool2d(1)"),
    ("doubles it", "ConvTranspose2d(2, stride=2)"),
    ("doubles it", "ConvTranspose2d(4, stride=2, padding=1)"),
    ("doubles it", "ConvTranspose2d(3, stride=2, padding=1, output_padding=1)"),
]
PRINTED_SIDES = (7, 8, 28, 32, 33, 224)


def sheet_sizes(call):
    """The row's numbers without torch; a dash where no window fits."""
    if call in ADAPTIVE:
        return [ADAPTIVE[call]] * len(PRINTED_SIDES)
    if call in TRANSPOSED:
        return [back(i, *TRANSPOSED[call]) for i in PRINTED_SIDES]
    known = CONVOLUTIONS | POOLS | {"Conv2d(1, padding=0)": (1, 1, 0, 1)}
    known |= {"AvgPool2d(2)": known["MaxPool2d(2)"]}
    return [str(counted(i, *known[call])).replace("-", "–") for i in PRINTED_SIDES]


def does(what, i, o):
    """Whether a row does what its first column says to this side."""
    if "keeps" in what:
        return o == i
    if "halves" in what:
        return o in (i // 2, (i + 1) // 2)
    return {"doubles it": 2 * i, "one number a channel": 1, "cuts patches": i // 16 or "–"}[
        what
    ] == o


def on_one_page(page):
    rows = {call: sheet_sizes(call) for _, call in SHEET}
    for what, call in SHEET:
        numbers = [o if o == "–" else int(o) for o in rows[call]]
        assert all(does(what, i, o) for i, o in zip(PRINTED_SIDES, numbers, strict=True)), call
    firsts = {what: call for what, call in reversed(SHEET)}  # what a row does is said once
    purposes = [what if firsts[what] == call else "" for what, call in SHEET]
    assert [what for what in purposes if what] == list(dict.fromkeys(what for what, _ in SHEET))
    head = " | ".join(map(str, PRINTED_SIDES))
    lines = [
        f"| what it does | call, channels left out | {head} |",
        "|---|---|" + "--:|" * len(PRINTED_SIDES),
        *(
            f"| {what} | `{call}` | {' | '.join(map(str, rows[call]))} |"
            for what, (_, call) in zip(purposes, SHEET, strict=True)
        ),
    ]
    page.prints("SHEET = {", *lines)
    page.says(
        "The table of the sheet: each call, and what torch makes of each side",
        list(page.names["printed"]()) == lines,
    )
    conv, pool = nn.Conv2d(1, 1, 3), nn.MaxPool2d(3)
    agree = agreement()
    page.says(
        "Size of the output, for one side: $i$ input, $k$ kernel size, $s$ stride (1 for a "
        "convolution and $k$ for a pool, unless you name it), $p$ padding on each side, $d$ "
        "dilation, $a$ output padding",
        (conv.stride, pool.stride, nn.MaxPool2d(3, stride=2).stride) == ((1, 1), 3, 2)
        and all(agree.values()),  # what these letters mean to torch
    )
    above, sheet = page.text.split("## On one page")
    formulas = [
        formula.strip().removeprefix("o = ").split(", \\quad")[0]
        for formula in re.findall(r"\$\$(.+?)\$\$", above)
    ]
    page.says(
        "For the wall: [all of it on one page]",
        len(formulas) == 3 and all(formula in sheet for formula in formulas),
    )
    page.labels("## On one page", "| layer | side that comes out |")
    page.says(
        r"| pool with `ceil_mode=True` | $\left\lceil \frac{i + 2p - d(k-1) - 1}{s} \right\rceil "
        r"+ 1$, and one less if $(o - 1)\,s \ge i + p$",
        agree["ceiling"],
    )
    page.says(
        r"| transposed convolution | $(i - 1)\,s - 2p + d(k-1) + a + 1$ |", agree["transposed"]
    )
    page.says(
        r"| convolution, max pool | $\left\lfloor \frac{i + 2p - d(k-1) - 1}{s} \right\rfloor + 1$",
        agree["plain"],
    )
    page.says(
        "| average pool | the same with $d = 1$; it has no dilation |",
        agree["plain"] and "dilation" not in inspect.signature(nn.AvgPool2d).parameters,
    )
    page.says(
        r"| adaptive pool | you name $o$; window $j$ reads from $\lfloor j\,i / o \rfloor$ up to, "
        r"but without, $\lceil (j+1)\,i / o \rceil$",
        all(adaptive_agrees(i, o) for i in range(1, 13) for o in range(1, 8)),
    )
    page.says(
        "Keep the size at stride 1: $2p = d(k - 1)$. Without dilation and `ceil_mode`, $k - 2p$ "
        "from 1 to $s$ divides multiples of $s$ by $s$. Without dilation, a transposed convolution "
        "with $k + a - 2p = s$ multiplies by $s$",
        all(
            keeps(nn.Conv2d(1, 1, k, 1, p, d)) == (2 * p == d * (k - 1))
            and divides(k, s, p, 1) == (1 <= k - 2 * p <= s)
            for k, s, p, d in product(range(1, 6), range(1, 4), range(3), (1, 2))
        )
        and all(
            (side(nn.ConvTranspose2d(1, 1, k, s, p, a), 20) == 20 * s) == (k + a - 2 * p == s)
            for k, s, p in product(range(1, 6), range(1, 4), range(3))
            for a in range(s)
        ),
    )
    page.says(
        "The padding of a pool may be at most half of the kernel",
        all(
            (side(nn.MaxPool2d(k, 1, p), 20) is not None) == (2 * p <= k)
            for k, p in product(range(1, 7), range(5))
        ),
    )
    page.says(
        "A dash means that torch refuses, because the window is larger than the input",
        [i for i, o in zip(PRINTED_SIDES, rows["Conv2d(16, stride=16)"], strict=True) if o == "–"]
        == [7, 8]
        and sum(sizes.count("–") for sizes in rows.values()) == 2
        and size("conv", 16, 16, 0, i=8) is None,
    )
