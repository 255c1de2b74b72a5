"""lessons/rounding-up-and-going-back-up.py: the package's own geometry, which never asks torch,
what a changed pixel changes, and squares painted one after another."""

import inspect
from functools import cache
from itertools import product
from math import ceil
from textwrap import fill

import matplotlib
import numpy as np
import pytest
import torch
from lesson_run import told_in
from portrait import portrait
from states import opens
from test_max_pooling import naive as max_pool
from test_output_size import X, read, refusal, side, strided, unread
from test_padding import DUMOULIN, contrast
from torch import nn

from slidingwindows import Geometry, slide

CORNER = X[:, :5, :5]
BACK = torch.tensor([[[[1.0, 0, 1], [0, 2, 0], [1, 0, 1]]]])
KERNELS = ((1, 1, 0), (3, 1, 1), (2, 2, 0), (4, 2, 1), (3, 2, 1), (7, 2, 3))
MAX_POOL = "https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html"


def counted(i, k, s=None, p=0, d=1, up=False):
    """The size by the package's own geometry."""
    return Geometry.of(i, k, s or k, p, d, up).output_shape[-1]


def naive(i, k, s, p):
    """The ceiling without torch's rule."""
    return -((k - i - 2 * p) // s) + 1


def stretches(k, s, p):
    """Whether a transposed convolution is one over zeros between and k - 1 - p around."""
    x, kernel = torch.rand(1, 1, 4, 4), torch.rand(1, 1, k, k)
    between = torch.zeros(1, 1, 3 * s + 1, 3 * s + 1)
    between[..., ::s, ::s] = x
    around = nn.functional.pad(between, [k - 1 - p] * 4)
    turned = nn.functional.conv2d(around, kernel.flip(2, 3))
    return torch.allclose(nn.functional.conv_transpose2d(x, kernel, stride=s, padding=p), turned)


def test_every_claim(page):
    there_and_back(page)
    ceil_mode(page)
    the_dropped_window(page)
    beyond_the_edge(page)
    by_padding(page)
    squares(page)
    the_way_back(page)
    resizing(page)
    exercises(page)
    what_you_know(page)
    where_from(page)
    docstrings(page)
    page.labels("Predict first", "Then open the answer", "Check all five")
    page.complete()


def docstrings(page):
    layers = nn.MaxPool2d((1, 3)), nn.Conv2d(1, 1, (1, 4)), nn.ConvTranspose2d(1, 1, (1, 4))
    page.says(
        "The side that comes out of a layer when a square map of side i goes in",
        [page.names["size"](layer, 8) for layer in layers]
        == [counted(8, 3), counted(8, 4, 1), 8 + 3]
        and page.names["size"](nn.MaxPool2d((8, 1)), 8) == 8  # as many rows
        and refusal(lambda: page.names["size"](nn.MaxPool2d((9, 1)), 8)),
    )
    cases = [(7, 2, 2, 0, False), (7, 2, 2, 0, True), (5, 4, 2, 0, False), (7, 2, 2, 1, False)]
    page.says(
        "How many pixels of an i×i map no window reads",
        [page.names["unread"](*case) for case in cases]
        == [unread(nn.AvgPool2d(k, s, p, ceil_mode=up), i) for i, k, s, p, up in cases]
        == [49 - 36, 0, 25 - 16, 0],
    )


def where_from(page):
    page.labels("So much for sizes", "What if you want a map small, but not by a pool?")
    page.labels("Next: [stride instead of pooling]")
    page.cites("Sources: work out the sizes of transposed convolutions", DUMOULIN)
    page.says(
        "[their animations, with numbers], are in the gallery",
        told_in("convolution-arithmetic", "Here are all 19 again, computed by torch")
        and told_in(
            "output-size", "[their animations, with numbers](convolution-arithmetic.ipynb)"
        ),
    )
    page.cites("The rule of the dropped window is in torch's documentation of", MAX_POOL)
    page.aside("The words and the measurements are our own", why="who made this course")


def there_and_back(page):
    lone = torch.zeros(3, 3)
    lone[1, 1] = 2
    square = torch.zeros(7, 7)
    square[2:5, 2:5] = 2 * BACK[0, 0]
    page.says(
        "A pool that rounds up instead of down, and a layer that makes a small map large again. "
        "Each point of it paints a square",
        side(nn.MaxPool2d(2, ceil_mode=True), 25) == 13
        and torch.equal(transposed(lone, 2)[0], square),
    )
    photo = portrait(25) / 255
    small = max_pool(torch.from_numpy(photo)[None], 2, 2)[0].numpy()
    large = np.full((25, 25), np.nan)
    large[:24, :24] = small.repeat(2, 0).repeat(2, 1)
    edge = np.zeros((25, 25), bool)  # the last row and the last column
    edge[24], edge[:, 24] = True, True
    drawn = page.drawing("rounding-there-and-back")
    same = [panel["title"] for panel in drawn] == ["25×25", "pooled: 12×12", "enlarged: 24×24"]
    for panel, expected in zip(drawn, (photo, small, large), strict=True):
        same &= np.allclose(panel["images"], [expected], equal_nan=True)
    page.plots("rounding-there-and-back", same)
    page.says(
        "A coarse portrait of 25 by 25 pixels, the same with 12 by 12, and the same with 24 by 24 "
        "in a frame for 25 by 25. In the last one a row at the bottom and a column at the right "
        "are marked: they hold no pixels",
        same and np.array_equal(np.isnan(large), edge),
    )
    page.says("as large as the photo", np.shape(drawn[2]["images"][0]) == photo.shape)
    page.says(
        "shows where there is no pixel",  # there the image itself is transparent
        matplotlib.colormaps["gray"](np.where(edge, large, 0.5))[..., 3].tolist()
        == np.where(edge, 0.0, 1.0).tolist(),
    )
    blocks = large[:24, :24].reshape(12, 2, 12, 2).swapaxes(1, 2)
    page.says(
        "Here is a portrait of 25×25 pixels. A pool of 2 makes it small, and then each pixel is "
        "enlarged to a block of 2×2",
        small.shape == (12, 12) and (blocks == small[:, :, None, None]).all(),
    )
    page.says(
        "Down by 2 and up by 2. The row and the column that the pool left over do not come back",
        small.shape[0] * 2 == 24 and np.array_equal(~read(nn.MaxPool2d(2), 25), edge),
    )
    page.says(
        f"A row and a column are missing. Half of 25 is {25 / 2}, the pool rounded it down to "
        f"{counted(25, 2)}, and twice {counted(25, 2)} is {2 * counted(25, 2)}"
    )
    page.aside(
        "A network that labels every pixel makes a map small to understand the picture, then large "
        "again to draw the labels on it, pixel on pixel",
        why="what such networks do",
    )
    page.labels("Tell which convolutions halve and round up")
    up, named = nn.MaxPool2d(2, ceil_mode=True), nn.ConvTranspose2d(1, 1, 2, 2)
    twelve = torch.rand(1, 12, 12)
    page.says(
        "You can repair this in two places. On the way down you can round up, and on the way up "
        "you can say which size you want. This lesson does both",
        2 * side(up, 25) >= 25 > 2 * side(nn.MaxPool2d(2), 25)
        and [named(twelve, output_size=(n, n)).shape[-1] for n in (24, 25)] == [24, 25]
        and page.names["up"].ceil_mode
        and "output_size=(25, 25)" in page.run.lesson.code[page.cell("image + enlarge")].source,
    )


def ceil_mode(page):
    up, down = nn.MaxPool2d(2, ceil_mode=True), nn.MaxPool2d(2)
    more = max_pool(nn.functional.pad(X, (0, 1, 0, 1), value=-torch.inf), 2, 2)
    assert torch.equal(page.names["x"], X)
    switches = [
        "ceil_mode" in inspect.signature(p).parameters for p in (nn.MaxPool2d, nn.AvgPool2d)
    ]
    ends = [Geometry.of(7, 2, 2, 0, 1, rounded).cols.starts[-1] + 2 for rounded in (False, True)]
    page.says(
        "Pools have a switch that rounds up instead of down. The last window then reaches past the "
        "end",
        all(switches) and (side(up, 7), side(down, 7)) == (4, 3) and ends == [6, 8],
    )
    page.labels("And what does the last window see?")
    page.says(f"25 rows through `nn.MaxPool2d(2)` give {side(down, 25)}.")
    page.prints("up(x)", f"{counted(25, 2)} {counted(25, 2, up=True)}", more)
    page.draws("size-ceil", slide(up, X))
    page.says(
        f"7×7 now gives {more.shape[1]}×{more.shape[2]}. "
        "The last windows reach past the edge, where the dashed frame is, and take what is there",
        page.figure("size-ceil").geometry.cols.starts[-1] + 2 == 7 + 1
        and more[0, 3].tolist() == [X[0, 6, c : c + 2].max() for c in (0, 2, 4, 6)],
    )
    page.says(
        f"{side(up, 25)} instead of {side(down, 25)}. Beyond the edge there is nothing, so the "
        "last window works with the pixels it has",
        torch.equal(up(X - 20), more - 20),  # a border of zeros would win
    )
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
        "So torch checks the last window. Count from the first pixel of the left padding. The "
        "window starts at $(o-1)s$, and the input ends at $i + p$. If the window starts there or "
        "later, **it is dropped**",
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
    gaps = [
        unread(nn.AvgPool2d(k, s, ceil_mode=rounds), 9)
        for k, s in ((1, 2), (1, 3), (2, 3))
        for rounds in (True, False)
    ]
    page.says(
        "Does `ceil_mode` make the pool read every pixel? Without [dilation] it does, if the "
        "kernel is at least as long as the stride. If not, there are gaps between the windows, and "
        "with dilation there are gaps within them, which the next window need not fill. No "
        "rounding fills a gap",
        all(covers) and all(gaps) and all(within) and not filled,
    )
    page.says(
        "`ceil_mode` rounds up and reads the pixels at the end, unless the window would start past "
        "the input",
        all(covers)
        and rule
        and unread(nn.AvgPool2d(2), 7) > 0 == unread(nn.AvgPool2d(2, ceil_mode=True), 7)
        and unread(nn.AvgPool2d(1, 3, ceil_mode=True), 3) == 3 * 3 - 1,
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


def beyond_the_edge(page):
    white = torch.ones(1, 4, 4)
    axis = Geometry.of(4, 3, 2, 1, 1, True).rows
    places = torch.tensor([len(window) for window in axis.windows])
    inside = torch.tensor([sum(0 <= n < 4 for n in window) for window in axis.windows])
    page.prints("beyond(white)[0]", torch.outer(inside, inside) / torch.outer(places, places))
    page.says(
        "But the part of a window that hangs out *beyond* the padding is no place of the map at "
        "all, so it is never counted",
        all(hanging(k, s, p, i) for k, s, p, i in ((2, 2, 0, 3), (3, 2, 1, 4), (5, 3, 2, 6))),
    )
    page.says(
        "An average pool divides by the size of its window, and it counts the zeros of the "
        "padding, as you saw in [padding]",
        told_in("padding", "zeros count, and the rim of a white image turns darker")
        and nn.AvgPool2d(3, 1, 1)(white)[0, 0, 0].item() == pytest.approx(4 / 9),
    )
    page.labels("### A mean beyond the edge", "Look at the last number")
    divisor = places[-1].item() ** 2
    page.says(
        "Its window starts on the last real pixel. It covers that pixel and three of padding; "
        f"the other five places are beyond. So torch divides 1 by {divisor}, not by {3**2}",
        axis.starts[-1] == 3 and inside[-1] == 1 and (divisor - 1, 3**2 - divisor) == (3, 5),
    )
    page.prints("nine(white)[0]", torch.outer(inside, inside) / 9)
    last = page.names["nine"](white)[0, -1, -1]
    page.says(
        "`count_include_pad` has no say in those five, but a divisor of your own has",
        inside[-1] ** 2 / places[-1] ** 2 != last,
    )
    page.says("Now the last number is 1/9", last.item() == pytest.approx(1 / 9))


def hanging(k, s, p, i):
    """Whether places beyond the padding are left out of the mean, whatever count_include_pad."""
    axis = Geometry.of(i, k, s, p, 1, True).rows
    real = sum(0 <= n < i for n in axis.windows[-1])
    assert axis.starts[-1] + k > i + p, "no window hangs over"
    corners = [
        nn.AvgPool2d(k, s, p, ceil_mode=True, count_include_pad=c)(torch.ones(1, i, i))[0, -1, -1]
        for c in (True, False)
    ]
    counted = (real / len(axis.windows[-1])) ** 2
    return corners[0].item() == pytest.approx(counted) and corners[1] == 1


def by_padding(page):
    pad1 = nn.Conv2d(1, 1, 3, stride=2, padding=1)
    page.says(
        "Convolutions have no `ceil_mode`. For them there is padding, because padding lies at the "
        "end, too, and what the floor cuts off at the end is padding "
        "first. A window of 3 at stride 2 with padding 1 turns 5×5 and 6×6 into 3×3. On 6×6 the "
        "leftover is the padding below and at the right, and no real pixel is lost",
        "ceil_mode" not in inspect.signature(nn.Conv2d).parameters
        and [side(pad1, i) for i in (5, 6)] == [3, 3]
        and unread(pad1, 6) == 0
        and Geometry.of(6, 3, 2, 1).cols.starts[-1] + 3 == 6
        and all(loses_padding_first(*setting) for setting in ((3, 3, 1, 9), (5, 4, 2, 10))),
    )
    page.prints(
        "unread: {unread(i, 3, 2, 1)}",
        *(f"{i}×{i} gives {counted(i, 3, 2, 1)}, unread: {unread(pad1, i)}" for i in (5, 6)),
    )
    page.says(
        "5 became 3, so this layer halves and rounds up", counted(5, 3, 2, 1) == ceil(5 / 2) == 3
    )
    page.says(
        "Whether a layer of stride 2 rounds up or down depends on its kernel",
        len({counted(5, k, 2, (k - 1) // 2) for k in (2, 3)}) == 2,
    )
    page.aside("A few settings are worth knowing by heart", why="what is worth learning")
    page.says(
        "with the two on top that keep the size at stride 1",
        [s for _, s, _ in KERNELS][:3] == [1, 1, 2],
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
    page.says(
        "A convolution rounds by its padding",
        [{side(strided(3, 2, p), i) - i // 2 for i in (9, 11)} for p in (0, 1)] == [{0}, {1}],
    )


def loses_padding_first(k, s, p, i):
    pixels = read(nn.AvgPool2d(k, s, p), i)
    left = (i + 2 * p - k) % s
    end = i - max(0, left - p)
    return left > 0 and not pixels[end:].any() and bool(pixels[end - 1].any() and pixels[0].any())


def squares(page):
    points = torch.tensor([[1.0, 2], [3, 4]])
    painting = painted(points, BACK[0, 0], 2)
    assert page.names["kernel"].equal(BACK[0, 0])
    page.says("A **transposed convolution** enlarges a map", transposed(points, 2).shape[-1] > 2)
    page.says(
        "In a transposed convolution each point paints a square: the kernel, times the point",
        torch.equal(painting, transposed(points, 2)[0]),
    )
    page.says(
        "The square is the kernel, times the number. The stride says how far apart the squares "
        "begin, and where squares overlap, their numbers add up",
        torch.equal(painting, transposed(points, 2)[0]),
    )
    page.says(
        "Four points hold 1, 2, 3 and 4. The kernel is 3×3, and the squares begin 2 apart",
        torch.equal(page.names["points"], points) and page.names["lay"].stride == 2,
    )
    page.labels(
        "And which of its places gets paint from all four points?", "Look at the four squares first"
    )
    the_canvases(page, points)
    columns = torch.stack([(BACK * point).flatten() for point in points.flatten()], 1)
    page.says(
        "In code, `nn.Fold` can lay them down: you give it each square as a column of nine "
        "numbers, and it lays them out and adds",
        columns.shape == (9, points.numel())
        and torch.equal(nn.Fold((5, 5), 3, stride=2)(columns)[0], painting),
    )
    page.prints("lay(squares)", painting[None])
    page.draws("rounding-squares", slide(nn.Fold((5, 5), kernel_size=3, stride=2), columns))
    page.says(
        "Each column is a square: the kernel times a point. The squares begin 2 apart and are 3 "
        "wide, so neighbours share a row or a column",
        int((painted(torch.ones(1, 2), torch.ones(3, 3), 2)[0] == 2).sum()) == 1,
    )
    over = painted(torch.ones(2, 2), torch.ones(3, 3), 2)
    corners = sum(BACK[0, 0, r, c] for r in (0, 2) for c in (0, 2))
    page.says(
        "The place in the middle gets paint from all four: 1 + 2 + 3 + 4 is 10",
        (over == 4).nonzero().tolist() == [[2, 2]] and corners == 4 and painting[2, 2] == 10,
    )
    page.prints("print(torch.equal(paint(points[None]), lay(squares)))", True)
    page.labels("Now the layer that torch has for it")
    two, deep = nn.ConvTranspose2d(2, 1, 3, 2, bias=False), torch.zeros(2, 2, 1, 1)
    deep[0, 0], deep[1, 1] = 1, 1  # a point in the first channel, then one in the second
    page.says(
        "The same numbers. In a network the kernel is learned, and each channel has its own "
        "squares",
        torch.equal(page.names["paint"](points[None])[0], painting)
        and two.weight.requires_grad
        and torch.equal(two(deep), two.weight)
        and not torch.equal(*two.weight),
    )


def the_canvases(page, points):
    canvases = []
    for place in range(4):
        alone, there = torch.zeros(4), torch.zeros(4)
        alone[place], there[place] = points.flatten()[place], 1
        covered = painted(there.view(2, 2), torch.ones(3, 3), 2) > 0
        canvases.append(painted(alone.view(2, 2), BACK[0, 0], 2).where(covered, torch.nan).numpy())
    drawn = page.drawing("rounding-painting")
    expected = [points.numpy(), *canvases]
    same = [
        np.allclose(panel["images"], [grid], equal_nan=True)
        and panel["texts"] == [f"{n:.0f}" for n in grid.flatten() if n == n]
        for panel, grid in zip(drawn, expected, strict=True)
    ]
    titles = ["the points", *(f"{n:.0f} paints" for n in points.flatten())]
    page.plots("rounding-painting", all(same) and [panel["title"] for panel in drawn] == titles)
    page.says(
        "Five grids. The first holds the points 1, 2, 3 and 4 in two rows. The four others are 5 "
        "by 5 and empty, but for a square of 3 by 3 in one corner each: the kernel, times 1, 2, 3 "
        "and 4",
        len(drawn) == 5 and {(grid == grid).sum() for grid in canvases} == {3 * 3},
    )
    (left, right, above, below), one = (1, 2, 3, 4), torch.ones(1, 1)
    page.says(
        "left, right, above, below",
        nn.functional.pad(one, (left, right, above, below)).nonzero().tolist() == [[above, left]]
        and nn.functional.pad(one, (0, right, 0, below)).shape == (1 + below, 1 + right),
    )
    page.cell("vmax=16")  # where the colours end
    darkest = max(np.nanmax(grid) for grid in expected)
    page.says("pale enough for dark digits", contrast([0, darkest], 16) > 4.5 > contrast([16], 16))
    page.says("not the empty places", all(same) and all(np.isnan(grid).any() for grid in canvases))
    page.labels("the canvas's edge")
    page.says(
        "Each point paints the kernel, times itself, on a canvas of 5×5. Lay the four canvases on "
        "one another and add",
        np.array_equal(np.nansum(canvases, 0), painted(points, BACK[0, 0], 2)),
    )


def painted(points, kernel, stride, bias=0.0):
    """Squares added up one after another."""
    rows, cols = ((n - 1) * stride + len(kernel) for n in points.shape)
    canvas = torch.zeros(rows, cols)
    for row, line in enumerate(points.tolist()):
        for col, point in enumerate(line):
            top, left = row * stride, col * stride
            canvas[top : top + len(kernel), left : left + len(kernel)] += kernel * point
    return canvas + bias


def transposed(points, stride):
    return nn.functional.conv_transpose2d(points[None], BACK, stride=stride)


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
    back_again = all(
        counted((i - 1) * s - 2 * p + d * (k - 1) + 1, k, s, p, d) == i
        for i, k, s, p, d, a in settings
        if a == 0
    )
    page.says(
        "The first of $i$ squares begins at 0, and the last one begins at $(i - 1)\\,s$ and is $k$ "
        "long",
        all(
            len(painted(torch.ones(i, i), torch.ones(k, k), s)) == (i - 1) * s + k
            for i, k, s in product((1, 2, 4), (2, 3), (1, 2, 3))
        ),
    )
    page.says(
        "That is the formula of [output size], turned around: a convolution with this kernel and "
        "stride makes 2 of 5, and this layer makes 5 of 2",
        back_again and counted(5, 3, 2) == 2 and side(nn.ConvTranspose2d(1, 1, 3, 2), 2) == 5,
    )
    page.says(
        "The other arguments of a convolution are turned around as well. A padding $p$ *cuts* $p$ "
        "pixels from each side of the painting, and a dilation $d$ spreads the squares. One letter "
        "is new, the $a$ at the end",
        formula and back_again and cuts_and_spreads(),
    )
    page.says(r"$$o = (i - 1)\,s - 2p + d(k-1) + 1 + a$$", formula)
    page.says(
        "A convolution with a kernel of 3, a stride of 2 and a padding of 1 makes "
        f"{counted(5, 3, 2, 1)} of 5, and {counted(6, 3, 2, 1)} of 6 as well. Which of the two "
        "should the 3 return to? You choose, by $a$, which torch calls `output_padding`",
        counted(5, 3, 2, 1) == counted(6, 3, 2, 1) == 3
        and [side(nn.ConvTranspose2d(1, 1, 3, 2, 1, output_padding=a), 3) for a in (0, 1)]
        == [5, 6],
    )
    page.labels("The name sounds as if a row and a column of zeros were put at the end")
    page.labels("Is that so?")
    three = torch.arange(1.0, 10).reshape(1, 3, 3)
    canvas = painted(three[0], BACK[0, 0], 2)
    back = [nn.ConvTranspose2d(1, 1, 3, 2, 1, output_padding=a, bias=False) for a in (0, 1)]
    for layer in back:
        layer.weight.data = BACK
    cuts = [torch.equal(back[a](three)[0], canvas[1 : 6 + a, 1 : 6 + a]) for a in (0, 1)]
    page.prints(
        "whole = paint(three)[0]",
        canvas,
        *(
            f"output_padding {a} gives {(5 + a, 5 + a)}\n  a cut of the painting: {cut}"
            for a, cut in enumerate(cuts)
        ),
    )
    page.says(
        "It is not so. The whole painting is 7×7. A padding of 1 cuts a pixel from each of its "
        "four sides, which leaves 5×5. An `output_padding` of 1 cuts nothing below and at the "
        "right, which leaves 6×6. So the extra row and column are **paint that would have been "
        "cut away**",
        canvas.shape == (7, 7) and all(cuts) and bool(canvas[6].any() and canvas[:, 6].any()),
    )
    page.says("and why those numbers are not just zeros", bool(canvas[6].any()))
    page.draws("size-transposed", slide(back[1], three))
    opens(page, "size-transposed")
    page.labels("[Open this layer in the explorer], set `output_padding` to 0")
    page.labels("and see which row and column go")
    stretched = torch.zeros(1, 7, 7)  # 5 pixels and zeros, one around
    stretched[:, 1:6:2, 1:6:2] = three
    stretched = nn.functional.pad(stretched, (0, 1, 0, 1))
    plain = nn.functional.conv2d(stretched, BACK.flip(2, 3))
    shown = torch.tensor(page.figure("size-transposed").output).view(6, 6)
    page.aside("which you will meet in other texts", why="how others describe it")
    described = " ".join(nn.ConvTranspose2d.__doc__.split())
    page.says(
        "Torch describes the same numbers in another way",
        "dilation * (kernel_size - 1) - padding" in described and "zero padding" in described,
    )
    page.says(
        "It stretches the input by zeros between its pixels, puts more zeros around it, "
        "$k - 1 - p$ on each side, and slides a window over that, with the kernel turned by 180°. "
        "Here you cannot see the turn, because this kernel looks the same upside down",
        torch.equal(plain[0, :6, :6], shown)
        and torch.equal(BACK, BACK.flip(2, 3))
        and all(stretches(k, s, p) for k in (2, 3, 4) for s in (1, 2, 3) for p in range(k)),
    )
    page.says(
        "Torch's other reading: a window over a stretched input, where zeros lie between the "
        "pixels. Here `output_padding=1` does add zeros, a row below and a column at the right, "
        "but to the stretched input and not to the output",
        torch.equal(shown[:5, :5], back[0](three)[0].detach())
        and bool((shown[5].any() and shown[:, 5].any()) and not stretched[:, 7:].any()),
    )
    page.labels("But what if nothing was cut?", "A common mistake: down and up again")
    nothing_cut(page)
    image, up = torch.rand(1, 25, 25), nn.ConvTranspose2d(1, 1, 2, stride=2)
    small = nn.MaxPool2d(2)(image)
    fits = {i: side(up, side(nn.MaxPool2d(2), i)) == i for i in range(20, 30)}
    page.says(
        "Add the enlarged map to the original, as networks with skip connections do, and an odd "
        "size fails",
        all(fits[i] == (i % 2 == 0) for i in fits)
        and told_in("skips-and-shapes", "enlarges it again, and then joins both"),
    )
    page.prints(
        "image + enlarge(small)", fill(refusal(lambda: image + up(small)), 66), "(1, 25, 25)"
    )
    page.says(
        f"25 went down to {counted(25, 2)}, and {counted(25, 2)} up to {2 * counted(25, 2)}",
        up(small).shape == (1, 24, 24) and small.shape == (1, 12, 12),
    )
    page.says(
        "Say `output_size`, and torch works out the `output_padding` that it takes. Now the shapes "
        "fit",
        up(small, output_size=(25, 25)).shape == image.shape,
    )
    asked = up(small, output_size=(25, 25))[0]
    page.says(
        "But this kernel is 2 and nothing is cut, so the last row and the last column are bias and "
        "no more",
        bool((torch.cat([asked[-1], asked[:, -1]]) == up.bias).all() and (asked != up.bias).any()),
    )
    page.says(
        "A kernel of 3 without padding paints them, because $11 \\cdot 2 + 3$ is 25",
        side(nn.ConvTranspose2d(1, 1, 3, 2), 12) == 11 * 2 + 3 == 25,
    )


def cuts_and_spreads():
    """Whether padding takes the painting's rim, and dilation puts gaps into each square."""
    image, weight = torch.rand(1, 1, 4, 4), torch.rand(1, 1, 3, 3)
    whole, cut = (nn.functional.conv_transpose2d(image, weight, padding=p) for p in (0, 1))
    spread = torch.zeros(1, 1, 5, 5)
    spread[..., ::2, ::2] = weight
    point = torch.ones(1, 1, 1, 1)
    return torch.equal(cut, whole[..., 1:-1, 1:-1]) and torch.equal(
        nn.functional.conv_transpose2d(point, weight, dilation=2), spread
    )


def nothing_cut(page):
    bare = page.names["bare"]
    small = torch.rand(1, 12, 12)
    canvas = painted(small[0], bare.weight[0, 0], 2, bare.bias)
    whole = bare(small)[0]
    reaches = len(canvas) == 24 and torch.allclose(whole[:24, :24], canvas, atol=1e-6)
    page.prints(
        "torch.manual_seed(0)", f"{len(whole[-1])} numbers, all of them the bias: {reaches}"
    )
    page.says(
        "Without padding the whole painting is the output, and an extra row lies beyond it. No "
        "square reaches that far, so the row holds the bias alone",
        reaches and bool((whole[-1] == bare.bias).all()),
    )
    page.says("If nothing was cut, it adds rows of bias", bool((whole[:, -1] == bare.bias).all()))


def resizing(page):
    twelve = torch.rand(1, 1, 12, 12)
    larger = {n: nn.Upsample(size=(n, n))(twelve) for n in (24, 25, 30)}
    refined = {n: nn.Conv2d(1, 1, 3, padding=1)(image).shape[-1] for n, image in larger.items()}
    any_size = all(image.shape[-1] == refined[n] == n for n, image in larger.items())
    copies = all(
        set(image.unique().tolist()) == set(twelve.unique().tolist()) for image in larger.values()
    )
    page.says(
        "There is another way up, in two steps. First copy each number into a block, to any size "
        "that you like. Then let a plain convolution refine the large map",
        any_size and copies and (larger[24][..., :2, :2] == twelve[..., 0, 0]).all(),
    )
    page.prints("resize = nn.Sequential(", (1, 1, 25, 25))
    page.says(
        "So 25 needs no special argument",
        any_size and "output_padding" not in inspect.signature(nn.Upsample).parameters,
    )
    page.labels("Take one single point, enlarge it by 2, and let the nine weights all be 1")
    line = torch.tensor([1.0, 2, 2, 1])  # windows of 3 beside a block of 2: how much they share
    square = torch.outer(line, line)
    page.prints('print("all of it:"', square, "all of it: True")
    spread = torch.zeros(8, 8)
    spread[2:4, 2:4] = 1
    seen = nn.AvgPool2d(3, 1, 1, divisor_override=1)(spread[None])[0]
    page.says(
        "It paints a square of 4×4, because the block of 2×2 is seen by all windows that touch it",
        torch.equal(seen[1:5, 1:5], square) and seen.count_nonzero() == square.numel(),
    )
    page.prints("print(torch.equal(same(any_map), double(any_map)))", True)
    layers = nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 3, padding=1, bias=False)
    weight = torch.randint(-4, 5, (3, 3)).float()
    layers[1].weight.data = weight[None, None]
    sums = torch.zeros(4, 4)  # the flipped weights, at the four places of a block
    for row, col in product((0, 1), repeat=2):
        sums[row : row + 3, col : col + 3] += weight.flip(0, 1)
    small = torch.randint(0, 9, (1, 1, 5, 5)).float()
    two_steps = nn.Sequential(*layers)(small)[0, 0]
    is_one = torch.equal(two_steps, painted(small[0, 0], sums, 2)[1:-1, 1:-1])
    page.says(
        "And the squares of neighbours begin 2 apart. So this layer *is* a transposed convolution, "
        "with a kernel of 4, a stride of 2 and a padding of 1",
        is_one,
    )
    double_of_ones = page.names["double"](torch.ones(1, 1, 4, 4))
    even = {float(sums[row::2, col::2].sum()) for row, col in product((0, 1), repeat=2)}
    page.says(
        "But its sixteen numbers are not free. Each is a sum of some of the nine weights, and "
        "whatever these are, a map of equal numbers comes out equal, except along the border, "
        "where the zeros of the padding are seen",
        is_one
        and even == {float(weight.sum())}
        and nn.Sequential(*layers)(torch.ones(1, 1, 4, 4))[..., 1:-1, 1:-1].unique().tolist()
        == [float(weight.sum())]
        and double_of_ones.unique().tolist() == [4, 6, 9],
    )
    uneven = nn.functional.conv_transpose2d(
        torch.ones(1, 1, 6, 6), torch.ones(1, 1, 3, 3), stride=2
    )
    page.says(
        "A transposed convolution has no such promise, and [going up without checkerboards] shows "
        "what comes of that",
        uneven[..., 2:-2, 2:-2].unique().tolist() == [1, 2, 4]
        and told_in("going-up-without-checkerboards", "checkerboard"),
    )
    page.says(
        "A resize followed by a convolution paints squares too, and it goes to any size",
        is_one and any_size,
    )


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
    page.labels("What is the height after each?")
    page.answers(1, ("112 and 56", (112, 56)))
    page.labels("`nn.MaxPool2d(3, ceil_mode=True)` gets a 10×10 map")
    page.labels("the corner window at the lower right see?")
    larger = counted(10, 3, up=True)
    seen = (10 - Geometry.of(10, 3, 3, 0, 1, True).rows.starts[-1]) ** 2
    page.says(f"{larger}, and one pixel.", seen == 1)
    page.answers(2, ("4, and", 4), ("one", 1))
    page.labels("`nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True)`")
    page.labels("make of a height of 5? First take the plain ceiling", "Then check the rule")
    rule, plain = nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True), naive(5, 2, 2, 1)
    start, end = (plain - 1) * rule.stride, 5 + rule.padding
    page.says(
        f"{side(rule, 5)}. The plain ceiling is {plain}, from {(5 + 2 - 2) / 2} rounded up, "
        f"plus 1. Its last window would start at 3·2 = {start}, and 5 + 1 = {end}. So it is "
        "dropped",
        start >= end,
    )
    page.answers(3, ("3. The", 3))
    grown = {a: (12 - 1) * 2 + 2 + a for a in (0, 1)}
    bare = nn.ConvTranspose2d(1, 1, 2, 2, output_padding=1, bias=False)
    page.labels("Which `output_padding` brings a height of 12 back to 25")
    page.labels("back to 25 with `nn.ConvTranspose2d(1, 1, 2, stride=2, bias=False)`?")
    page.labels("And which number fills the 25th row?")
    page.says(
        rf"1, because $11 \cdot 2 + 2 = {grown[0]}$ without it",
        [side(nn.ConvTranspose2d(1, 1, 2, 2, output_padding=a), 12) for a in grown] == [24, 25],
    )
    page.says(
        "And 0: the squares end with row 24, and there is no bias",
        not bare(torch.rand(1, 12, 12))[0, 24].any(),
    )
    page.answers(4, ("1, because", 1), ("And 0", 0))
    page.labels("A 4×4 map goes through `nn.ConvTranspose2d(1, 1, 5, stride=3)`")
    page.labels("And how many squares overlap, where the most do?")
    counts = painted(torch.ones(4, 4), torch.ones(5, 5), 3)
    line = painted(torch.ones(1, 4), torch.ones(5, 5), 3)[0]
    page.says(
        f"{len(counts)} and {counts.max():.0f}. $(4 - 1) \\cdot 3 + 5$ is {(4 - 1) * 3 + 5}. Along "
        "one side two squares of 5 overlap when they begin 3 apart, and two times two is 4",
        line.max() == 2 and counts.max() == 2 * 2,
    )
    page.answers(5, ("14 and 4", (14, 4)))
    page.prints(
        "print(len(counts), int(counts.max()))",
        f"{heights[0]} {heights[1]}",
        f"{larger} {seen}",
        str(counted(5, 2, 2, 1, up=True)),
        "1 [0.0]",
        f"{len(counts)} {counts.max():.0f}",
    )


def what_you_know(page):
    page.says(
        "With a padding of $(k-1)/2$, cut to a whole number, at stride 2 even kernels round down "
        "and odd kernels round up",
        [counted(9, k, 2, (k - 1) // 2) for k in (2, 4, 3, 5)] == [4, 4, 5, 5],
    )
    page.says(
        "Squares add up, and a padding cuts the painting. - `output_padding` cuts less",
        side(nn.ConvTranspose2d(1, 1, 3, 2), 3) == 7
        and side(nn.ConvTranspose2d(1, 1, 3, 2, 1), 3) == 5,
    )


def test_convolutions_have_no_ceil_mode():
    assert "ceil_mode" in refusal(lambda: nn.Conv2d(1, 1, 2, ceil_mode=True), TypeError)
    assert "ceil_mode" not in inspect.signature(nn.Conv2d).parameters
