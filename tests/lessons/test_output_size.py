"""lessons/output-size.py: its words, outputs and figures, against the package's own geometry
(which never asks torch), plain Python, and what a changed pixel changes."""

import inspect
from functools import cache
from itertools import product
from textwrap import fill

import pytest
import torch
from test_max_pooling import naive as max_pool
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
CORNER = X[:, :5, :5]
BACK = torch.tensor([[[[1.0, 0, 1], [0, 2, 0], [1, 0, 1]]]])
KERNELS = ((1, 1, 0), (3, 1, 1), (2, 2, 0), (4, 2, 1), (3, 2, 1), (7, 2, 3))
FORMULA = r"o = \left\lfloor \frac{i + 2p - d(k-1) - 1}{s} \right\rfloor + 1"
MAX_POOL = "https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html"


def out(layer, *size):
    """Height and width that torch makes of a map."""
    return tuple(layer(torch.zeros(1, *size)).shape[1:])


def side(layer, i):
    rows, cols = out(layer, i, i)
    assert rows == cols
    return rows


def counted(i, k, s=None, p=0, d=1, up=False):
    """The size by the package's own geometry."""
    return Geometry.of(i, k, s or k, p, d, up).output_shape[-1]


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


def naive(i, k, s, p):
    """The ceiling without torch's rule."""
    return -((k - i - 2 * p) // s) + 1


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
    ceil_mode(page)
    the_dropped_window(page)
    stairs(page)
    defaults(page)
    kernels(page)
    rows_and_columns(page)
    the_way_back(page)
    messages(page)
    exercises(page)
    what_you_know(page)
    page.labels("Which one will it be?", "Predict first", "Check all five")
    page.complete()


def stops(page):
    up = side(nn.MaxPool2d(2, ceil_mode=True), 25)
    page.says("when ceil_mode gives a window more, and when torch", up == counted(25, 2) + 1)
    page.says(
        f"A layer turns 25 rows into {counted(25, 2)}, or into {counted(25, 2, up=True)}, "
        f"or into {counted(25, 3, 1)}",
        [side(m, 25) for m in (nn.MaxPool2d(2), nn.Conv2d(1, 1, 3))] == [12, 23] and up == 13,
    )
    layer = nn.MaxPool1d(3, stride=2)
    windows = [ROW[0, start : start + 3] for start in range(0, 8 - 3 + 1, 2)]
    page.says("A window makes one output number at each stop", layer(ROW).numel() == len(windows))
    page.says(
        "Take one row of 8 pixels, a window of 3 and a stride of 2. The first stop takes 3 pixels, "
        "and 5 are left. Each further stop takes 2 of them",
        ROW.shape == (1, 8) and [counted(n, 3, 2) for n in range(3, 9)] == [1, 1, 2, 2, 3, 3],
    )
    page.prints("nn.MaxPool1d(3, stride=2)(row)", torch.stack([w.max() for w in windows])[None])
    page.draws("size-stops", slide(layer, ROW))
    page.says("A window of 3 at stride 2 on 8 pixels", ROW.numel() == 8)
    nine = torch.rand(1, 9)
    page.says(
        "A fourth stop would need a ninth pixel, so the eighth is left over",
        layer(nine).numel() == 4 and torch.equal(layer(nine[:, :8]), layer(nine[:, :7])),
    )
    page.says(
        "Three stops. One pixel is left, and one is not enough for a step of 2",
        len(windows) == 3 and len(ROW[0, 4 + 3 :]) == 1 and layer.stride == 2,
    )


def the_formula(page):
    settings = list(product(range(9, 20), (1, 2, 3, 4), (1, 2, 3), (0, 1, 2), (1, 2)))
    right = all(
        side(nn.Conv2d(1, 1, k, s, p, d), i) == (i + 2 * p - d * (k - 1) - 1) // s + 1
        for i, k, s, p, d in settings
    )
    pools = all(
        side(nn.MaxPool2d(k, s, p, d), i) == (i + 2 * p - d * (k - 1) - 1) // s + 1
        for i, k, s, p, d in settings
        if p <= k // 2
    )
    page.says(
        r"After the first stop $i - k$ pixels are left, which is room for "
        r"$\lfloor (i-k)/s \rfloor$ more",
        all(side(strided(k, s, 0), i) - 1 == (i - k) // s for i, k, s, p, d in settings),
    )
    page.labels("The half brackets are the **floor**")
    page.says(
        "Two arguments change the numbers that go in, not the rule. A padding $p$ adds $p$ pixels "
        "on each side: $i + 2p$ instead of $i$. A dilation $d$ spreads the kernel over "
        "$d(k-1) + 1$ pixels instead of $k$",
        all(
            side(nn.Conv2d(1, 1, k, s, p, d), i) == side(strided(d * (k - 1) + 1, s, 0), i + 2 * p)
            for i, k, s, p, d in settings
        ),
    )
    page.says(f"$${FORMULA}$$", right and pools)
    page.prints("print(len(settings)", f"{len(settings)} settings, one formula")
    assert page.names["settings"] == settings
    page.says("It holds for pools, too. It is computed for rows and columns apart", pools)


def the_floor(page):
    pool = nn.MaxPool2d(2)
    lost = ~read(pool, 7)
    page.says("A 7×7 map goes through `nn.MaxPool2d(2)`", out(pool, *X.shape[1:]) == (3, 3))
    page.says(f"How many of the {lost.numel()} pixels are never read?")
    page.prints("pool(x)", max_pool(X, 2, 2))
    page.draws("size-floor", slide(pool, X))
    last = torch.zeros(7, 7, dtype=torch.bool)
    last[6], last[:, 6] = True, True
    page.says(
        f"The last row and the last column are lost: {last.sum()} pixels", torch.equal(lost, last)
    )
    page.says(
        "An average pool uses every pixel of its windows, so a pixel with the gradient zero was "
        "never read",
        all(page.names["unread"](i, 2, 2) == unread(nn.AvgPool2d(2), i) for i in (6, 7, 8)),
    )
    page.prints(
        "unread: {unread(i, 2, 2)}",
        *(f"{i}×{i} gives {counted(i, 2)}, unread: {unread(pool, i)}" for i in (6, 7, 8, 9)),
    )
    page.says(
        r"The leftover is the remainder of the division: $(i + 2p - k) \bmod s$ rows at the "
        "bottom, and as many columns at the right. **The loss is always at the end**, "
        "never at the beginning",
        all(
            loses_at_the_end(k, s, p, i)
            for k, s, p, i in ((2, 2, 0, 9), (3, 3, 1, 9), (3, 4, 0, 9), (3, 2, 1, 8), (5, 4, 2, 9))
        ),
    )
    pad1 = nn.MaxPool2d(3, stride=2, padding=1)
    page.says(
        "With padding, the end is padding first. A window of 3 at stride 2 with padding 1 turns "
        "5×5 and 6×6 into 3×3. On 6×6 the leftover is the padding below and at the right, and no "
        "real pixel is lost",
        [side(pad1, i) for i in (5, 6)] == [3, 3]
        and unread(pad1, 6) == 0
        and reach(3, 2, 1, 6) == 6,
    )
    page.prints(
        "unread: {unread(i, 3, 2, 1)}",
        *(f"{i}×{i} gives {counted(i, 3, 2, 1)}, unread: {unread(pad1, i)}" for i in (5, 6)),
    )
    before = (10 - 3) / 2 + 1
    page.says(
        "An input of 10 with a kernel of 3 and a stride of 2 gives "
        f"{before} before the floor, and {counted(10, 3, 2)} after it"
    )
    page.prints("size(nn.Conv2d(1, 1, 3, stride=2), 10, 10)", counted(10, 3, 2))


def reach(k, s, p, i):
    """Where the last window ends, counted from the first real pixel."""
    return Geometry.of(i, k, s, p).cols.starts[-1] + k


def loses_at_the_end(k, s, p, i):
    pixels = read(nn.AvgPool2d(k, s, p), i)
    left = (i + 2 * p - k) % s
    end = i - max(0, left - p)  # the padding at the end is lost first
    assert i + p - reach(k, s, p, i) == left
    return (
        not pixels[end:].any()
        and not pixels[:, end:].any()
        and bool(pixels[end - 1].any() and pixels[0].any() and pixels[:, 0].any())
    )


def small_losses(page):
    five = nn.Sequential(*[nn.MaxPool2d(2) for _ in range(5)])
    found = {i: side(five, i) for i in (*range(32, 300, 7), 223, 224, 255, 256)}
    page.says(
        r"Five pools of 2 in a row keep $\lfloor i/32 \rfloor$",
        len(page.names["five"]) == 5 and all(o == i // 32 for i, o in found.items()),
    )
    page.prints(
        "for _ in range(5)]", str([(i, i // 2 // 2 // 2 // 2 // 2) for i in (223, 224, 255, 256)])
    )
    page.says(
        f"So 224 and 255 both end at {found[224]}, and the larger photo has paid for "
        f"{255 - 224} rows that reach no output",
        found[224] == found[255],
    )


def ceil_mode(page):
    up, down = nn.MaxPool2d(2, ceil_mode=True), nn.MaxPool2d(2)
    more = max_pool(nn.functional.pad(X, (0, 1, 0, 1), value=-torch.inf), 2, 2)
    page.says(f"25 rows through `nn.MaxPool2d(2)` give {side(down, 25)}.")
    page.prints("up(x)", f"{counted(25, 2)} {counted(25, 2, up=True)}", more)
    page.draws("size-ceil", slide(up, X))
    page.says(
        f"7×7 now gives {more.shape[1]}×{more.shape[2]}. "
        "The last windows reach past the edge, where the dashed frame is",
        page.figure("size-ceil").geometry.cols.starts[-1] + 2 == 7 + 1,
    )
    page.says(f"{side(up, 25)} instead of {side(down, 25)}.")
    page.says(
        f"The corner window keeps its only one, the {X[0, 6, 6]:.0f}", more[0, 3, 3] == X[0, 6, 6]
    )


def the_dropped_window(page):
    drop = nn.MaxPool2d(3, 3, 1, ceil_mode=True)
    rule, dropped = ceilings()
    page.says("Rounding up has one exception", rule and bool(dropped))
    division = (CORNER.shape[1] + 2 - 3) / 3
    page.says("A 5×5 map, a window of 3, stride 3, padding 1", CORNER.shape == (1, 5, 5))
    page.says(
        f"The division gives $(5 + 2 - 3)/3 = {division:.2f}$. Rounded up and plus one, "
        f"that makes {naive(5, 3, 3, 1)}. Is it {naive(5, 3, 3, 1)}?"
    )
    page.prints("drop(x[:, :5, :5])", max_pool(CORNER, 3, 3, 1))
    page.draws("size-dropped", slide(drop, CORNER))
    starts = [n * 3 - 1 for n in range(naive(5, 3, 3, 1))]
    page.says(
        "Rounding up asks for three windows a side. The third would start in the padding, so torch "
        "drops it",
        len(starts) == 3 and starts[2] >= 5 and page.figure("size-dropped").output_shape[-1] == 2,
    )
    nothing = torch.full((1, 3, 3), -torch.inf)
    page.says(
        f"It is {side(drop, 5)}. The third window would start behind the last real pixel. It would "
        "see padding and nothing else, and its maximum would be minus infinity",
        starts[2] > 4 and nn.MaxPool2d(3)(nothing) == -torch.inf,
    )
    page.says(
        "Count from the first pixel of the left padding. The window starts at $(o-1)s$, and the "
        "input ends at $i + p$. If the window starts there or later, **it is dropped**",
        rule,
    )
    page.says(
        r"$$(o - 1)\,s \ge i + p \quad\Rightarrow\quad o \text{ becomes } o - 1$$", rule and dropped
    )
    start, end = starts[2] + drop.padding, 5 + drop.padding
    page.says(
        f"Here 2·3 = {start} is not less than 5 + 1 = {end}",
        (len(starts) - 1, drop.stride) == (2, 3) and start >= end,
    )
    page.says(
        "Without padding it can happen too, but only if the stride is larger than the kernel",
        {s > k for k, s, p in dropped if p == 0} == {True},
    )
    page.prints(
        'print(" i  k  s  p  plain  torch")',
        " i  k  s  p  plain  torch",
        *(
            f"{i:2} {k:2} {s:2} {p:2} {naive(i, k, s, p):6} {counted(i, k, s, p, up=True):6}"
            for i, k, s, p in ((25, 2, 2, 0), (5, 3, 3, 1), (10, 1, 2, 0))
        ),
    )
    covers = [
        not unread(nn.AvgPool2d(k, s, p, ceil_mode=True), i)
        for i in (4, 5, 6, 7)
        for k in (1, 2, 3, 4)
        for s in range(1, k + 1)
        for p in {0, k // 2}
    ]
    within = [unread(nn.MaxPool2d(2, 2, dilation=2, ceil_mode=True), i) for i in (6, 9)]
    filled = unread(nn.MaxPool2d(2, 1, dilation=2, ceil_mode=True), 6)
    gaps = [unread(nn.AvgPool2d(k, s, ceil_mode=True), 9) for k, s in ((1, 2), (1, 3), (2, 3))]
    page.says(
        "Does `ceil_mode` make the pool read every pixel? Without dilation it does, if the kernel "
        "is at least as long as the stride. If not, there are gaps between the windows, and with "
        "dilation there are gaps within them, which the next window need not fill.",
        all(covers) and all(gaps) and all(within) and not filled,
    )
    left = {k: unread(nn.AvgPool2d(k, 2, ceil_mode=True), 9) for k in (2, 1)}
    page.prints(
        "unread(9, k, 2, up=True)",
        *(f"kernel {k}, stride 2: {n} of {9 * 9} unread" for k, n in left.items()),
    )


@cache
def ceilings():
    """Whether torch follows the rule of the dropped window, and which settings drop one."""
    rule, dropped = True, []
    for i, k, s in product(range(1, 14), range(1, 6), range(1, 6)):
        for p in range(k // 2 + 1):
            if i + 2 * p < k:
                continue
            o = naive(i, k, s, p)
            drops = (o - 1) * s >= i + p
            rule &= side(nn.MaxPool2d(k, s, p, ceil_mode=True), i) == o - drops
            dropped += [(k, s, p)] * drops
    return rule, dropped


def stairs(page):
    inputs = list(range(4, 17))
    expected = {
        "Conv2d, kernel 3": [counted(i, 3, 1) for i in inputs],
        "MaxPool2d(2, ceil_mode=True)": [counted(i, 2, up=True) for i in inputs],
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
        and panel["xticks"] == [str(i) for i in inputs],
    )
    page.says(
        f"Here are four settings on all inputs from {inputs[0]} to {inputs[-1]}. "
        "Torch computed every dot",
        len(drawn) == 4 and {xs[0] for xs, _ in drawn.values()} == {4},
    )
    climbs = [
        [i for i, a, b in zip(inputs[1:], sizes, sizes[1:], strict=False) if b == a + 1]
        for sizes in expected.values()
    ]
    page.says(
        f"Output size against input size from {inputs[0]} to {inputs[-1]}. The convolution rises "
        "by one with each input. Both pools of 2 climb a step every second input, the one with "
        "ceil_mode a step earlier. The pool of 3 climbs a step every third input",
        climbs == [inputs[1:], inputs[1::2], inputs[2::2], inputs[2::3]],
    )
    shared = {s: {sizes.count(n) for n in sizes[1:-1]} for s, sizes in enumerate(expected.values())}
    page.says(
        "A stride of 1 climbs straight. At a stride of 2 or 3, as many inputs share one output",
        shared[0] == {1} and max(shared[2]) == 2 and max(shared[3]) == 3,
    )
    page.says(
        "A stride of 2 gives two inputs the same output size",
        counted(8, 2) == counted(9, 2) and max(shared[2]) == 2,
    )


def defaults(page):
    pools, conv = (nn.MaxPool2d(3), nn.AvgPool2d(3)), nn.Conv2d(1, 1, 3)
    page.says("Two defaults for one argument", {pool.stride for pool in pools} != {conv.stride[0]})
    page.says("Keep the two default strides apart", pools[0].stride != conv.stride[0])
    page.labels("Here are a window of 3, no stride, and a 9×9 map")
    by_default = counted(9, 3), counted(9, 3, 1)
    page.prints(
        "function     ",
        f"MaxPool2d stride 3, size {by_default[0]}",
        f"AvgPool2d stride 3, size {by_default[0]}",
        f"Conv2d stride (1, 1), size {by_default[1]}",
        *(
            f"{name:13} (1, {by_default[0]}, {by_default[0]})"
            for name in ("function", "stride=None")
        ),
    )
    page.says(
        "A pool's stride defaults to its `kernel_size`; that is what `stride=None` means. "
        "A convolution's defaults to 1",
        nn.MaxPool2d((2, 3)).stride == (2, 3)
        and out(nn.MaxPool2d((2, 3), stride=None), 12, 12) == (6, 4)
        and nn.Conv2d(1, 1, 5).stride == (1, 1),
    )


def kernels(page):
    one = [
        side(strided(k, 1, p), i) == i + 2 * p - k + 1
        for i in range(6, 12)
        for k in range(1, 6)
        for p in range(3)
    ]
    page.says("At stride 1 the formula is $o = i + 2p - k + 1$", all(one))
    keeping = {(k, p) for k in range(1, 10) for p in range(9) if side(strided(k, 1, p), 10) == 10}
    page.says(
        "The size stays if $2p = k - 1$. Two times a whole number is even, so "
        "**the kernel must be odd**. That is one reason why you see 3, 5 and 7 so often",
        sorted(keeping) == [(k, (k - 1) // 2) for k in (1, 3, 5, 7, 9)],
    )
    page.says(
        "At stride 2 a few settings are worth knowing by heart",
        [s for _, s, _ in KERNELS].count(2) == 4,
    )
    table = {setting: [counted(i, *setting) for i in (10, 11, 12, 13)] for setting in KERNELS}
    page.prints(
        'print(" k  s  p  ", sizes)',
        " k  s  p   (10, 11, 12, 13)",
        *(f"{k:2} {s:2} {p:2}   {sizes}" for (k, s, p), sizes in table.items()),
    )
    rules = [lambda i: i] * 2 + [lambda i: i // 2] * 2 + [lambda i: (i + 1) // 2] * 2
    right = all(
        side(strided(k, s, p), i) == rule(i)
        for (k, s, p), rule in zip(KERNELS, rules, strict=True)
        for i in range(8, 30)
    )
    page.says(
        "The first two keep the size. The next two halve and round **down**. "
        "The last two halve and round **up**",
        right,
    )
    general = all(
        side(strided(k, 2, (k - 1) // 2), i) == (i + k % 2) // 2
        for k in range(1, 9)
        for i in range(8, 30)
    )
    page.says(
        "In all of them the padding is $(k-1)/2$, cut to a whole number. "
        "Then, at stride 2, even kernels round down and odd kernels round up",
        general and all(p == (k - 1) // 2 for k, _, p in KERNELS),
    )


def rows_and_columns(page):
    eight = torch.randint(0, 10, (1, 8, 8), generator=torch.Generator().manual_seed(3)).float()
    wide = nn.MaxPool2d((3, 5), stride=(3, 4), padding=(0, 1))
    assert torch.equal(page.names["eight"], eight)
    tall = nn.MaxPool2d((3, 1), stride=(3, 1))(torch.arange(8.0)[None, :, None])
    page.says("rows first, then columns", tall.flatten().tolist() == [2, 5])
    mine = page.names["wide"]
    page.says(
        "An 8×8 map, a window of {} rows and {} columns, stride `{}`, padding `{}`".format(
            *mine.kernel_size, mine.stride, mine.padding
        ),
        eight.shape == (1, 8, 8),
    )
    windows = [[eight[0, r : r + 3, max(c, 0) : c + 5] for c in (-1, 3)] for r in (0, 3)]
    page.prints("wide(eight)", torch.tensor([[[w.max() for w in row] for row in windows]]))
    page.draws("size-rectangle", slide(wide, eight))
    rows, cols = (
        page.figure("size-rectangle").geometry.rows,
        page.figure("size-rectangle").geometry.cols,
    )
    page.says(
        "Rows: no padding, so two rows are left over",
        rows.padding == (0, 0) and 8 - (rows.starts[-1] + 3) == 2,
    )
    page.says(
        "Columns: one pixel of padding on each side; the one at the right is left over",
        cols.padding == (1, 1) and (cols.starts[0], cols.starts[-1] + 5) == (-1, 8),
    )
    high, across = (8 - 3) / 3, (8 + 2 - 5) / 4
    page.says(
        f"Rows: $(8 - 3)/3$ is {high:.2f}, cut to {int(high)}, plus 1 is {len(rows.starts)}. "
        f"Columns: $(8 + 2 - 5)/4$ is {across}, cut to {int(across)}, plus 1 is {len(cols.starts)}."
    )


def the_way_back(page):
    settings = [
        (i, k, s, p, d, a)
        for i, k, s, p, d in product((3, 4, 5), (1, 2, 3), (1, 2, 3), (0, 1), (1, 2))
        for a in range(max(s, d))
        if (i - 1) * s - 2 * p + d * (k - 1) + 1 + a > 0
    ]
    formula = len(settings) > 100 and all(
        side(nn.ConvTranspose2d(1, 1, k, s, p, a, dilation=d), i)
        == (i - 1) * s - 2 * p + d * (k - 1) + 1 + a
        for i, k, s, p, d, a in settings
    )
    back = [nn.ConvTranspose2d(1, 1, 3, 2, 1, output_padding=a, bias=False) for a in (0, 1)]
    page.says(
        "It turns the sizes around: where a convolution made 3 of 5, it makes 5 of 3",
        (counted(5, 3, 2, 1), side(back[0], 3)) == (3, 5),
    )
    page.says("Its formula is the old one, solved for the input", formula)
    page.says(r"$$o = (i - 1)\,s - 2p + d(k-1) + 1 + a$$", formula)
    page.says(
        "A convolution with a kernel of 3, a stride of 2 and a padding of 1 makes "
        f"{counted(5, 3, 2, 1)} of 5, and {counted(6, 3, 2, 1)} of 6. Which one shall the 3",
        counted(5, 3, 2, 1) == counted(6, 3, 2, 1) == 3,
    )
    page.prints(
        'print("output_padding", a, "gives", size(back, 3, 3))',
        *(f"output_padding {a} gives {(3 - 1) * 2 - 2 + 3 + a}" for a in (0, 1)),
    )
    back[1].weight.data = BACK
    three = torch.arange(1.0, 10).reshape(1, 3, 3)
    page.draws("size-transposed", slide(back[1], three))
    stretched = torch.zeros(
        1, 7, 7
    )  # (3 - 1) * 2 + 1 pixels and zeros, one around, one more behind
    stretched[:, 1:6:2, 1:6:2] = three
    stretched = nn.functional.pad(stretched, (0, 1, 0, 1))
    plain = nn.functional.conv2d(stretched, BACK.flip(2, 3))
    shown = torch.tensor(page.figure("size-transposed").output)
    page.says(
        "Torch's numbers come out of a plain window over a stretched input: zeros stand between "
        "the pixels",
        torch.equal(plain[:, :6, :6].flatten(), shown.flatten()),
    )
    page.says("`output_padding=1` adds one row below and one column", side(back[1], 3) == 5 + 1)
    page.says("one column at the right", torch.equal(shown.view(6, 6)[:5, :5], smaller(three)))
    extra = back[1](three)
    page.says(
        "`output_padding` pads no zeros onto the output. The extra row and column are computed "
        "like all others",
        bool(extra[0, -1].abs().max() > 0 and extra[0, :, -1].abs().max() > 0),
    )
    image, up = torch.rand(1, 25, 25), nn.ConvTranspose2d(1, 1, 2, stride=2)
    small = nn.MaxPool2d(2)(image)
    page.prints(
        "image + enlarge(small)", fill(refusal(lambda: image + up(small)), 66), "(1, 25, 25)"
    )
    page.says(
        f"25 went down to {counted(25, 2)}, and {counted(25, 2)} up to {2 * counted(25, 2)}",
        up(small).shape == (1, 24, 24) and small.shape == (1, 12, 12),
    )
    page.says(
        "Say `output_size`, and torch works out the `output_padding` that it takes",
        up(small, output_size=(25, 25)).shape == image.shape,
    )


def smaller(three):
    """The same transposed convolution without output_padding."""
    return nn.functional.conv_transpose2d(three, BACK, stride=2, padding=1)[0].detach()


def messages(page):
    three = torch.rand(1, 3, 3)
    said = [
        refusal(lambda: nn.MaxPool2d(5)(three)),
        refusal(lambda: nn.Conv2d(1, 1, 5)(three)),
        refusal(lambda: nn.MaxPool2d(2, stride=3 // 5)(three)),
        refusal(lambda: nn.MaxPool2d(2)(three[0])),
    ]
    page.prints("for call in calls:", *(fill(f"- {message}", 66) for message in said))
    page.says(
        '"Output size is too small" means: the formula gave 0 or less',
        "Output size is too small" in said[0] and "1x0x0" in said[0] and naive_floor(3, 5, 5) == 0,
    )
    page.says(
        "In a network it is the last of many layers that complains, but an earlier one shrank too",
        last_complains(),
    )


def naive_floor(i, k, s):
    return (i - k) // s + 1


def last_complains():
    """A network in which the layer that torch names is fine by itself on a larger map."""
    network = nn.Sequential(nn.MaxPool2d(4), nn.MaxPool2d(2), nn.MaxPool2d(2))
    message = refusal(lambda: network(torch.rand(1, 12, 12)))
    return "Given input size: (1x1x1)" in message and side(network[2], 12) == 6


def exercises(page):
    small = nn.MaxPool2d(3, 2, padding=1)
    first = nn.Conv2d(3, 64, 7, stride=2, padding=3)(torch.rand(3, 224, 224))
    heights = counted(224, 7, 2, 3), counted(112, 3, 2, 1)
    page.labels("A photo of 224×224 enters", "`nn.Conv2d(3, 64, 7, stride=2, padding=3)`")
    page.labels("then `nn.MaxPool2d(3, 2, padding=1)`")
    steps = (224 + 6 - 7) / 2, (112 + 2 - 3) / 2
    page.says(
        f"{heights[0]} and {heights[1]}. $(224 + 6 - 7)/2$ is {steps[0]}, cut to {int(steps[0])}, "
        f"plus 1. Then $(112 + 2 - 3)/2$ is {steps[1]}, cut to {int(steps[1])}, plus 1.",
        (first.shape[-1], small(first).shape[-1]) == heights,
    )
    page.answers(1, ("112 and 56", (112, 56)))
    lost = unread(nn.MaxPool2d(3), 10)
    page.labels("How many pixels of a 10×10 map does `nn.MaxPool2d(3)` never")
    page.says(
        f"{lost}: the last row and the last column. Three windows of 3 read 9 rows, "
        f"and {10 * 10} − {9 * 9} is {lost}",
        counted(10, 3) == 3 and read(nn.MaxPool2d(3), 10)[:9, :9].all(),
    )
    page.answers(2, "19")
    page.labels("the corner window at the lower right see?")
    larger = counted(10, 3, up=True)
    seen = (10 - Geometry.of(10, 3, 3, 0, 1, True).rows.starts[-1]) ** 2
    page.says(f"{larger}, and one pixel.", seen == 1)
    page.answers(3, ("4, and", 4), ("one", 1))
    page.labels("`nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True)`")
    page.labels("make of a height of 5? First take the plain ceiling")
    rule, plain = nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True), naive(5, 2, 2, 1)
    start, end = (plain - 1) * rule.stride, 5 + rule.padding
    page.says(
        f"{side(rule, 5)}. The plain ceiling is {plain}, from {(5 + 2 - 2) / 2} rounded up, "
        f"plus 1. Its last window would start at 3·2 = {start}, and 5 + 1 = {end}. So it is "
        "dropped",
        start >= end,
    )
    page.answers(4, ("3. The", 3))
    grown = {a: (12 - 1) * 2 + 2 + a for a in (0, 1)}
    page.labels("Which `output_padding` brings a height of 12 back to 25")
    page.labels("back to 25 with `nn.ConvTranspose2d(1, 1, 2, stride=2)`?")
    page.says(
        rf"1. Without it, $11 \cdot 2 + 2 = {grown[0]}$",
        [side(nn.ConvTranspose2d(1, 1, 2, 2, output_padding=a), 12) for a in grown] == [24, 25],
    )
    page.answers(5, ("1. Without", 1))
    page.prints(
        "print(grown)",
        f"{heights[0]} {heights[1]}",
        str(lost),
        f"{larger} {seen}",
        str(counted(5, 2, 2, 1, up=True)),
        str(grown),
    )


def what_you_know(page):
    page.says(
        "The output's size is the number of stops: one, plus the room that is left, divided by "
        "the stride and cut",
        all(counted(i, 3, 2) == 1 + (i - 3) // 2 for i in range(3, 20)),
    )
    page.says(
        "A pool steps by its kernel size, a convolution by 1, unless you say so",
        (nn.MaxPool2d(4).stride, nn.Conv2d(1, 1, 4).stride) == (4, (1, 1)),
    )
    page.says(
        "A stride maps several inputs to one size. `output_padding` says which one you want back",
        counted(5, 3, 2, 1) == counted(6, 3, 2, 1)
        and [side(nn.ConvTranspose2d(1, 1, 3, 2, 1, a), 3) for a in (0, 1)] == [5, 6],
    )
    page.cites("stands in torch's documentation of", MAX_POOL)


def test_convolutions_have_no_ceil_mode():
    assert "ceil_mode" in refusal(lambda: nn.Conv2d(1, 1, 2, ceil_mode=True), TypeError)
    assert "ceil_mode" not in inspect.signature(nn.Conv2d).parameters
