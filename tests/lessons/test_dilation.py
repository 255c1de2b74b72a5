"""lessons/dilation.py: its words, outputs and figures, against torch by other ways and by hand."""

import inspect
from collections import Counter
from functools import cache
from itertools import combinations_with_replacement, permutations, product
from textwrap import fill

import pytest
import torch
import torch.nn.functional as F
from lesson_run import told_in
from states import opens
from test_padding import DUMOULIN, FOUND_EDGES
from torch import nn

from slidingwindows import Geometry, receptive_field, slide

X = torch.tensor(
    [
        [
            [1.0, 0, 2, 1, 3, 0, 1],
            [2, 4, 0, 5, 1, 2, 3],
            [0, 1, 3, 0, 2, 1, 4],
            [3, 2, 1, 6, 0, 4, 1],
            [1, 5, 0, 2, 4, 0, 2],
            [0, 1, 2, 3, 1, 5, 0],
            [2, 0, 4, 1, 0, 3, 1],
        ]
    ]
)
WEIGHTS = torch.tensor([[-1.0, 0, 1]] * 3)
SHOWN = ((1, 1, 1), (2, 2, 2), (1, 2, 4))
ASKED = ((1, 2, 5), (2, 4, 8), (1, 2, 9), (1, 3, 9))
SOURCES = {"stacks": "https://arxiv.org/abs/1511.07122", "gridding": "1702.08502"}


def side(layer, i):
    return layer(torch.zeros(1, i, i)).shape[-1]


def counted(i, k=3, s=1, p=0, d=1):
    """The size by the package's own geometry, which never asks torch."""
    return Geometry.of(i, k, s, p, d).output_shape[-1]


def taps(x, step=2):
    """What the nine taps of each window read: for each window of the output a 3×3 block."""
    reach = 2 * step + 1
    rows, cols = (n - reach + 1 for n in x.shape[1:])
    return [
        [x[0, r : r + reach : step, c : c + reach : step] for c in range(cols)] for r in range(rows)
    ]


def folded(x, fold, step=2):
    return torch.tensor([[[float(fold(block)) for block in row] for row in taps(x, step)]])


def dilated(d=2, **options):
    conv = nn.Conv2d(1, 1, 3, dilation=d, bias=False, **options)
    conv.weight.data = WEIGHTS[None, None]
    return conv


@cache
def line(dilations):
    """Ways from each pixel of a row to one output, by moving an impulse through the layers.

    The lesson asks autograd; here the stack runs forwards on every impulse.
    """
    reach = sum(dilations)
    impulses = torch.eye(2 * reach + 1, dtype=torch.float64)[:, None]
    ones = torch.ones(1, 1, 3, dtype=torch.float64)
    for d in dilations:
        impulses = F.conv1d(impulses, ones, padding=d, dilation=d)
    return impulses[:, 0, reach].int().tolist()


def used(dilations):
    """How many pixels of the square field reach the output, and how many there are."""
    row = line(dilations)
    return sum(n > 0 for n in row) ** 2, len(row) ** 2


def stack(*dilations):
    return nn.Sequential(
        *(nn.Conv2d(1, 1, 3, padding=d, dilation=d, bias=False) for d in dilations)
    )


def field(*dilations):
    """Each layer adds its extent minus one; the impulses say the same."""
    reach = 1 + sum(2 * d for d in dilations)
    assert len(line(dilations)) == reach and line(dilations)[0] == 1
    return reach


def rule(dilations):
    seen = 1
    for d in sorted(dilations):
        if d > seen:
            return False
        seen += 2 * d
    return True


@cache
def stacks():
    """All stacks of up to four dilations of up to 11, sorted."""
    depths = (1, 2, 3, 4)
    return [s for depth in depths for s in combinations_with_replacement(range(1, 12), depth)]


def refusal(call, kind=RuntimeError):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def positions(step):
    return [(tap.row, tap.col) for tap in step.taps]


def test_every_claim(page):
    assert torch.equal(page.names["x"], X) and torch.equal(page.names["weights"][0, 0], WEIGHTS)
    the_taps(page)
    the_extent(page)
    the_same_size(page)
    fields(page)
    gridding(page)
    four_smaller_maps(page)
    no_hole(page)
    pools(page)
    exercises(page)
    where_from(page)
    page.labels("Predict first", "Then open the answer", "Check all four")
    page.complete()


def where_from(page):
    parts = ["nn.MaxPool2d(", "padding=", "stride="]
    page.says(
        "You now have pools, padding, strides and dilation. Next, put the first three into a whole "
        "network: [a typical setup]",
        all(told_in("a-typical-setup", part) for part in parts)
        and not told_in("a-typical-setup", "dilation="),
    )
    page.cites("Sources: for the sizes", DUMOULIN)
    page.cites("for stacks of dilated convolutions", SOURCES["stacks"])
    page.cites("for gridding", SOURCES["gridding"])
    count, fits = page.names["paths_in_a_row"], page.names["fits"]
    page.says(
        "The counts and the rule here are computed by our own code",
        all(count(*s).tolist() == line(s) for s in SHOWN)
        and all(fits(s) == rule(s) for s in ASKED),
    )


def in_a_row(page):
    row = torch.tensor([[3.0, 1, 4, 1, 5, 9, 2, 6]])
    assert torch.equal(page.names["eight"], row)
    page.says(
        "Begin with a single row of eight numbers, which `nn.Conv1d` takes, and a kernel of three "
        "ones, which adds up what its taps read",
        row.numel() == 8 and page.names["in_a_row"].weight.flatten().tolist() == [1, 1, 1],
    )
    page.labels("Which three numbers does it add up? And how often does it fit?")
    page.labels("With `dilation=2` the kernel lies at the left end of the row")
    reads = [row[0, start : start + 5 : 2] for start in range(4)]
    page.prints("in_a_row(eight).detach()", torch.stack([read.sum() for read in reads])[None])
    conv = nn.Conv1d(1, 1, 3, dilation=2, bias=False)
    conv.weight.data.fill_(1)
    page.draws("dilation-row", slide(conv, row))
    stops = page.figure("dilation-row").steps
    places = [tap.col for tap in stops[0].taps]
    page.says(
        "Three taps with one place between neighbours. The window spans five places, so it stops "
        "four times",
        places == [0, 2, 4] and len(stops) == len(reads) == 8 - 5 + 1,
    )
    page.says(
        "It adds the numbers at places 0, 2 and 4, which are 3, 4 and 5. It jumps over the two in "
        "between, but it needs room for all five, so eight places hold four stops",
        reads[0].tolist() == [3, 4, 5] and len(set(range(5)) - set(places)) == 2,
    )
    wide, image = dilated(), X
    wide.weight.data = torch.ones(1, 1, 3, 3)
    across = torch.stack([conv(line[None])[0] for line in image[0]])
    both = torch.stack([conv(line[None])[0] for line in across.T]).T
    page.says("An image is the same twice, down and across", torch.allclose(wide(image)[0], both))


def the_taps(page):
    conv = dilated()
    price = {d: {len(step.taps) for step in slide(dilated(d), X).steps} for d in (1, 2, 3)}
    page.says(
        "Spread the kernel's taps apart and it sees further at the same price",
        smallest_input(3, 1) < smallest_input(3, 2) < smallest_input(3, 3)
        and list(price.values()) == [{9}] * 3,
    )
    page.says(
        "How can a kernel of nine weights see more of a map without either?",
        conv.weight.numel() == 9 and smallest_input(3, 2) > smallest_input(3, 1),
    )
    page.says(
        "but a pool or a stride would give it fewer pixels to label",
        max(side(nn.MaxPool2d(2), 8), side(nn.Conv2d(1, 1, 1, 2), 8)) < 8,
    )
    page.aside(
        "To label every pixel of a photo, a network has to see far around each of them",
        why="what it takes to label photos",
    )
    steps = {d: slide(dilated(d), X).steps[0] for d in (1, 2, 3)}
    columns = {d: sorted({col for _, col in positions(step)}) for d, step in steps.items()}
    page.says(
        "Pull its weights apart. That distance is the **dilation**",
        all(b - a == d for d, cols in columns.items() for a, b in zip(cols, cols[1:], strict=False))
        and torch.equal(dilated(3).weight, dilated(1).weight),
    )
    between = set(range(columns[2][0], columns[2][1])) - set(columns[2])
    page.aside("(Some texts", why="how others count")
    page.says(
        "count the pixels in between, and call this dilation 1. Here and in torch a dilation of 1 "
        "leaves the kernel as it is",
        len(between) == 1 and torch.equal(dilated(1)(X), F.conv2d(X, WEIGHTS[None, None])),
    )
    page.says(
        "A **tap** is one place of the window where a number is read",
        all(read_by(dilated(d)) == positions(step) for d, step in steps.items()),
    )
    page.says(
        "With dilation 1 the taps are neighbours. With dilation 2 one pixel lies between them",
        [columns[d] for d in (1, 2)] == [[0, 1, 2], [0, 2, 4]],
    )
    in_a_row(page)
    compared = {d: max(columns[d]) - min(columns[d]) for d in (1, 2)}
    page.says(
        "Take the kernel that found edges in [what a convolution looks for]: pulled apart, it "
        "compares pixels that are further from each other",
        told_in("what-a-convolution-looks-for", FOUND_EDGES)
        and WEIGHTS.tolist() == [[-1, 0, 1]] * 3
        and compared == {1: 2, 2: 4},
    )
    page.says("A 3×3 kernel with `dilation=2`", page.names["spread"].dilation == (2, 2))
    page.labels("lies in the upper left corner of a 7×7 map")
    out = folded(X, lambda block: (block * WEIGHTS).sum())
    page.prints("spread(x).detach()", out)
    page.draws("dilation-spread", slide(conv, X))
    shown = page.figure("dilation-spread")
    opens(page, "dilation-spread")
    left = F.conv2d(X, WEIGHTS[None, None], dilation=3)
    page.says(
        "[Open this window in the explorer], set the dilation to 3, and see what is left",
        left.numel() == 1 < shown.output_shape[-1],
    )
    places = positions(shown.steps[0])
    page.says(
        "Nine taps with one pixel between neighbours", len(places) == 9 and places[1] == (0, 2)
    )
    spans = places[-1][0] + 1
    page.says(
        f"The window spans {spans}×{spans}, so it fits in three places each way",
        shown.output_shape[-2:] == (3, 3) and 7 - spans + 1 == 3,
    )
    rows, cols = ({place[axis] for place in places} for axis in (0, 1))
    page.says(
        "It reads rows 0, 2 and 4, and in each of them columns 0, 2 and 4",
        rows == cols == {0, 2, 4} and len(places) == len(rows) * len(cols),
    )
    page.says(
        f"The output is {len(out[0])}×{len(out[0])}, "
        f"where dilation 1 would give {side(dilated(1), 7)}×{side(dilated(1), 7)}"
    )


def read_by(layer):
    """Which pixels of 7×7 the first window reads: one alone turns an image of zeros into NaN."""
    ones = torch.ones_like(layer.weight)
    images = torch.zeros(49, 49).fill_diagonal_(torch.nan).view(49, 1, 7, 7)
    out = F.conv2d(images, ones, dilation=layer.dilation)
    return [divmod(n, 7) for n in range(49) if out[n, 0, 0, 0].isnan()]


@cache
def smallest_input(k, d):
    """The smallest size that torch accepts: what the kernel spans."""
    layer = nn.Conv2d(1, 1, k, dilation=d)
    for i in range(1, 40):
        try:
            assert side(layer, i) == 1
        except RuntimeError:
            continue
        return i


def the_extent(page):
    smallest = {(k, d): smallest_input(k, d) for k in (1, 2, 3, 5) for d in (1, 2, 3)}
    page.says(
        "From the first tap of a kernel of $k$ to its last it takes $k - 1$ steps, and each step "
        "is now $d$ pixels long",
        all(smallest[k, 3] - smallest[k, 2] == k - 1 for k in (1, 2, 3, 5)),
    )
    extent = all(e == d * (k - 1) + 1 for (k, d), e in smallest.items())
    named = refusal(lambda: nn.MaxPool2d(3, 1, padding=3, dilation=2)(X))
    page.says(
        "So the kernel spans $$d(k - 1) + 1$$ pixels. This is its **effective extent**",
        extent and "half of effective kernel size" in named,
    )
    formula = [
        side(nn.Conv2d(1, 1, k, s, p, d), i) == (i + 2 * p - d * (k - 1) - 1) // s + 1
        for i in range(9, 16)
        for k in (1, 2, 3)
        for s in (1, 2, 3)
        for p in (0, 1, 2)
        for d in (1, 2, 3)
    ]
    page.says("Put it in the place of $k$, and every formula of [output size] holds", all(formula))
    page.says(r"o = \left\lfloor \frac{i + 2p - d(k-1) - 1}{s} \right\rfloor + 1", all(formula))
    message = refusal(lambda: side(nn.Conv2d(1, 1, 3, dilation=4), 7))
    page.prints(
        "size(nn.Conv2d(1, 1, 3, dilation=4), 7)",
        *(f"dilation {d} spans {smallest[3, d]}, 7 gives {counted(7, d=d)}" for d in (1, 2, 3)),
        fill(f"dilation 4: {message}", 66),
    )
    nine = 4 * (3 - 1) + 1
    page.says(
        f"torch itself calls the kernel {nine}×{nine}. It means the extent",
        f"Kernel size: ({nine} x {nine})" in message and smallest_input(3, 4) == nine,
    )
    large = torch.zeros(5, 5)
    large[::2, ::2] = WEIGHTS
    same = torch.equal(F.conv2d(X, large[None, None]), dilated()(X))
    weights = dilated().weight.numel()
    page.prints(
        "large.weight.data[:, :, ::2, ::2] = weights",
        f"same numbers: {same}",
        f"weights: {weights} against {large.numel()}",
    )
    page.says("But there are still only nine weights", weights == 9)
    skipped = X.clone()
    skipped[:, 1::2] = skipped[:, :, 1::2] = torch.inf  # 0 times infinity would be NaN
    page.says(
        "A dilated kernel does the same as a large kernel with zeros in it, without multiplying by "
        "them",
        same
        and torch.equal(dilated()(skipped)[0, 0, 0], dilated()(X)[0, 0, 0])
        and F.conv2d(skipped, large[None, None])[0, 0, 0].isnan(),
    )
    page.says("A dilated kernel spans $d(k-1) + 1$ pixels, with the weights of a small one", extent)


def the_same_size(page):
    keeps = {
        (k, d): [p for p in range(12) if side(nn.Conv2d(1, 1, k, padding=p, dilation=d), 25) == 25]
        for k in (1, 3, 5)
        for d in (1, 2, 3)
    }
    page.says(
        "At stride 1 the size stays if the padding is half of what the extent trims: "
        "$p = d(k-1)/2$. For a kernel of 3 that is simply $p = d$",
        all(p == [d * (k - 1) // 2] for (k, d), p in keeps.items()),
    )
    word = {d: side(nn.Conv2d(1, 1, 3, padding="same", dilation=d), 9) for d in (1, 2, 4)}
    page.prints(
        'padding="same", dilation=d',
        *(f"dilation {d}: {word[d]} and {counted(9, p=d, d=d)}" for d in word),
    )
    page.says('`padding="same"` works it out for you', set(word.values()) == {9})
    page.says(
        "You know `padding=1` keeps the size for a 3×3 kernel", counted(7, p=1) == 7 == X.shape[-1]
    )
    page.labels("## Keep the size", "Choose the padding that keeps the size")
    mine = page.names["block"]
    block = nn.Conv2d(1, 1, 3, padding=1, dilation=2)
    adds = refusal(lambda: X + block(X))
    page.says(
        "A common mistake: dilation without its padding",
        mine.padding == (1, 1) and side(mine, 7) != 7 == side(dilated(padding=2), 7),
    )
    page.says(
        "Then you add `dilation=2` to a block that adds its input to its output",
        mine.dilation == (2, 2) and refusal(lambda: X + mine(X)) == adds,
    )
    page.prints("x + block(x)", fill(adds, 66))
    page.says(
        f"The map shrank from {X.shape[-1]} to {side(block, 7)}. With `padding=2` the block fits "
        "again",
        counted(7, p=2, d=2) == 7,
    )
    page.says(
        "For the same size, a kernel of 3 takes a padding equal to its dilation",
        all(
            (side(nn.Conv2d(1, 1, 3, padding=p, dilation=d), 20) == 20) == (p == d)
            for d in range(1, 8)
            for p in range(9)
        ),
    )


def fields(page):
    page.says(
        "The **receptive field** of an output is the part of the input that it depends on",
        all(receptive_field(stack(*s), (1, 41, 41)).size == (depends_on(s),) * 2 for s in SHOWN),
    )
    page.says("Stack layers at stride 1, and each adds its extent minus one", field(1, 2, 5) == 17)
    page.labels("Three layers with 3×3 kernels, dilations 1, 2 and 4")
    page.labels("How many rows does one output number see?", "And with dilation 1 in all three?")
    wide, narrow = field(1, 2, 4), field(1, 1, 1)
    page.prints(
        'print(dilations, "sees", seen.size)',
        *(f"{d} sees ({field(*d)}, {field(*d)})" for d in ((1, 1, 1), (1, 2, 4))),
    )
    with torch.random.fork_rng():  # the shades follow random weights
        torch.manual_seed(7)
        asked = ((1, 1, 1), (1, 2, 4), (1, 2, 4))
        *_, drawn = [receptive_field(stack(*dilations), (1, 17, 17)) for dilations in asked]
        weights = []
        for _ in range(2):
            torch.manual_seed(7)
            weights.append(stack(1, 2, 4)[0].weight)
        weights.append(stack(1, 2, 4)[0].weight)
    page.says(
        "the same weights every time",
        torch.equal(*weights[:2]) and not torch.equal(*weights[1:]),
    )
    page.draws("dilation-field", drawn)
    page.says(
        "The map keeps its size all the way",
        [side(stack(1, 2, 4)[:depth], 17) for depth in (1, 2, 3)] == [17] * 3,
    )
    reach = [field(*(2**n for n in range(depth))) for depth in (1, 2, 3, 4)]
    page.says(
        f"Dilations 1, 2 and 4: one output in the middle sees {reach[0]}, then {reach[1]}, "
        f"then {reach[2]} rows and columns"
    )
    page.says(
        "Jump is how far apart the views of two neighbours begin: at a stride of 1 always 1",
        {step.jump() for step in page.figure("dilation-field").layers} == {"1"}
        and begins(stack(1, 2, 4), 20) - begins(stack(1, 2, 4), 19) == 1
        and begins(nn.Conv2d(1, 1, 3, stride=2), 9) - begins(nn.Conv2d(1, 1, 3, stride=2), 8) == 2,
    )
    weights = sum(layer.weight.numel() for layer in stack(1, 2, 4))
    page.says(f"{wide} against {narrow}, with the same {weights} weights")
    assert sum(layer.weight.numel() for layer in page.names["stack"](1, 1, 1)) == weights
    doubles = all(b > 2 * a for a, b in zip(reach, reach[1:], strict=False))
    page.says("Layers on layers: the reach doubles", doubles)
    plain = [field(*[1] * depth) for depth in (1, 2, 3, 4)]
    page.says(
        "Double the dilation from layer to layer, and the field more than doubles, too. "
        "Without dilation it only grows by 2",
        doubles and {b - a for a, b in zip(plain, plain[1:], strict=False)} == {2},
    )
    pairs = [1 + sum(2**n for n in range(layers)) for layers in range(1, 8)]  # a kernel of 2
    page.says(
        "With a kernel of 3, doubling dilations more than double the field",
        doubles and all(b == 2 * a for a, b in zip(pairs, pairs[1:], strict=False)),
    )
    page.prints(
        "doubling = [2**layer for layer in range(n)]",
        *(
            f"{[1] * n} sees {plain[n - 1]} and {[2**m for m in range(n)]} {reach[n - 1]}"
            for n in (1, 2, 3, 4)
        ),
    )
    page.cites(
        "This is why dilation is loved where the output must stay as large as the input, as when "
        "every pixel gets a label. built such networks",
        SOURCES["stacks"],
    )


def begins(layers, place):
    """The first column that one output of the middle row depends on."""
    image = torch.rand(1, 41, 41, requires_grad=True)
    out = layers(image)
    out[0, out.shape[1] // 2, place].backward()
    return int(image.grad[0].any(0).nonzero().min())


def depends_on(dilations):
    """How many columns there are from the first pixel that moves the middle output to the last."""
    image = torch.rand(1, 41, 41, requires_grad=True)
    stack(*dilations)(image)[0, 20, 20].backward()
    heard = image.grad[0].any(0).nonzero()
    return int(heard.max() - heard.min()) + 1


def gridding(page):
    page.says(f"A field of {field(1, 2, 4)} rows tells how *far* an output sees")
    page.labels("Does it use every pixel in between?", "Take dilations 2, 2 and 2")
    wide = len(line((2, 2, 2)))
    page.says(f"The field is {wide} wide. How many of these {wide} pixels in a row")
    page.says(
        "Set all weights to one. Then the gradient of an input pixel is the number of ways from it "
        "to the output in the middle",
        all(torch.equal(page.names["paths"](*d, side=2 * sum(d) + 1), plane(d)) for d in SHOWN),
    )
    page.labels("Count the paths, in a single row first")
    page.prints(
        'print(dilations, "counts", *paths_in_a_row(*dilations).tolist())',
        *(f"{d} counts {' '.join(map(str, line(d)))}" for d in SHOWN),
    )
    page.says(
        "Ways from each pixel of the field to the output in the middle of a row",
        all(
            page.names["paths_in_a_row"](*d).tolist() == [walks(d)[n] for n in range(field(*d))]
            for d in (*SHOWN, (1, 3))
        ),
    )
    reach = sum(n > 0 for n in line((2, 2, 2)))
    page.says(
        f"With 2, 2, 2 every other number is zero, so only {reach} pixels of {wide} reach the "
        "output. That is **gridding**",
        {n > 0 for n in line((2, 2, 2))[::2]} == {True} and not any(line((2, 2, 2))[1::2]),
    )
    image = plane((2, 2, 2)) > 0
    page.says(
        "In an image there are such holes down and across",
        not image[1::2].any() and not image[:, 1::2].any() and image[::2, ::2].all(),
    )
    page.prints(
        'print(dilations, "uses", used, "of", counts.numel())',
        *(f"{d} uses {used(d)[0]} of {used(d)[1]}" for d in SHOWN),
    )
    page.says(
        "Ways from each input pixel to the output in the middle",
        all(
            torch.equal(page.names["paths"](*d, side=field(*d) + 4), F.pad(plane(d), [2] * 4))
            for d in SHOWN
        ),
    )
    counts = torch.zeros(7, 7, dtype=torch.int32)
    counts[2, 5] = counts[4, 1] = counts[4, 3] = 1
    page.says(
        "The counts from the first row that is used to the last, and in the same columns",
        page.names["span"](counts).tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 0]]
        and all(torch.equal(page.names["span"](F.pad(plane(d), [3] * 4)), plane(d)) for d in SHOWN),
    )
    some, every = used((2, 2, 2))
    page.says(
        f"Of the {every} pixels that lie in the field of 2, 2, 2 it uses {some}, which is {reach} "
        f"times {reach}",
        some == reach * reach,
    )
    full = [used(d)[0] == used(d)[1] for d in SHOWN]
    page.says("The two other stacks use every pixel", full == [True, False, True])
    the_map_of_pixels(page)


def walks(dilations):
    """How many ways start at each pixel: every choice of one tap in each layer is one."""
    taps_of = product(*((-d, 0, d) for d in dilations))
    return Counter(sum(dilations) + sum(taken) for taken in taps_of)


def plane(dilations):
    row = torch.tensor(line(dilations), dtype=torch.int32)
    return torch.outer(row, row)


def the_map_of_pixels(page):
    name = "dilation-gridding"
    maps = [F.pad(plane(d) > 0, [(17 - len(line(d))) // 2] * 4) for d in SHOWN]
    panels = page.drawing(name)
    page.plots(
        name,
        [panel["meshes"] for panel in panels] == [[m.tolist()] for m in maps]
        and [panel["title"] for panel in panels] == [", ".join(map(str, d)) for d in SHOWN]
        and [panel["xlabel"] for panel in panels] == [f"{used(d)[0]} pixels" for d in SHOWN],
    )
    page.says(
        f"Three maps of {len(maps[0])}×{len(maps[0])} pixels in which the pixels that reach the "
        "output in the middle are filled",
        len(maps) == len(panels) == 3
        and all(torch.equal(heard(d, 17), m) for d, m in zip(SHOWN, maps, strict=True)),
    )
    sides = [len(line(d)) for d in SHOWN]
    solid = [bool(plane(d).all()) for d in SHOWN]
    page.says(
        f"Dilations 1, 1, 1 fill a solid square of {sides[0]}×{sides[0]}. Dilations 2, 2, 2 fill "
        f"{used((2, 2, 2))[0]} single pixels, every second one of {sides[1]}×{sides[1]}. "
        f"Dilations 1, 2, 4 fill a solid square of {sides[2]}×{sides[2]}",
        solid == [True, False, True] and bool(plane((2, 2, 2))[::2, ::2].all()),
    )
    weights = {sum(layer.weight.numel() for layer in stack(*d)) for d in SHOWN}
    page.says(
        "Filled: the pixels that reach the output in the middle of the map. All three stacks have "
        "27 weights",
        weights == {27}
        and all(
            panel["meshes"] == [heard(d, 17).tolist()]
            for d, panel in zip(SHOWN, panels, strict=True)
        ),
    )


def heard(dilations, side):
    """Which pixels of a map move its middle output, by a gradient through random weights."""
    image = torch.rand(1, side, side, requires_grad=True)
    stack(*dilations)(image)[0, side // 2, side // 2].backward()
    return image.grad[0] != 0


def four_smaller_maps(page):
    small = {
        (row, col): torch.equal(
            F.conv2d(X[:, row::2, col::2], WEIGHTS[None, None]), dilated()(X)[:, row::2, col::2]
        )
        for row in (0, 1)
        for col in (0, 1)
    }
    page.prints(
        "print(row, col, torch.equal(plain(small), part))",
        *(f"{row} {col} {same}" for (row, col), same in small.items()),
    )
    kinds = {
        {(row % 2, col % 2) for row, col in positions(step)} == {(n // 3 % 2, n % 3 % 2)}
        for n, step in enumerate(page.figure("dilation-spread").steps)
    }
    page.says(
        "At stride 1 and without padding, a convolution with dilation 2 reads pixels of one kind "
        "only: even columns for an even output, odd for odd, and the same for rows",
        kinds == {True},
    )
    page.says(
        "So it does the same as a plain convolution on each of four smaller maps",
        len(small) == 4 and all(small.values()),
    )
    even = [share_a_pixel(d) for d in ((2, 2, 2), (2, 4, 6), (4, 2), (2, 2, 2, 2))]
    page.says(
        "If all dilations are even, the four maps never meet, however many layers you stack. "
        "Neighbouring outputs then depend on no pixel in common",
        not any(even) and share_a_pixel((1, 2, 4)),
    )


def share_a_pixel(dilations):
    """Whether two neighbouring outputs depend on a pixel in common."""
    image = torch.rand(1, 31, 31, requires_grad=True)
    seen, network = [], stack(*dilations)
    for col in (15, 16):
        (gradient,) = torch.autograd.grad(network(image)[0, 15, col], image)
        seen.append(gradient != 0)
    return bool((seen[0] & seen[1]).any())


def no_hole(page):
    page.says(
        "Sort the dilations. **With kernels of 3, no hole appears as long as each dilation is at "
        "most the receptive field of the ones before it.** The first one must be 1",
        len(stacks()) > 1000
        and all(all(line(s)) == rule(s) for s in stacks())
        and not any(all(line(s)) for s in stacks() if min(s) > 1),
    )
    page.says(
        "Which of these stacks leave holes: 1, 2, 5? 2, 4, 8? 1, 2, 9? 1, 3, 9?",
        {all(line(s)) for s in ASKED} == {True, False},
    )
    page.prints(
        "for dilations in ((1, 2, 5), (2, 4, 8), (1, 2, 9), (1, 3, 9)):",
        *("{} uses {} of {}, fits: {}".format(s, *used(s), all(line(s))) for s in ASKED),
    )
    widest = max((s for s in ASKED if all(line(s))), key=lambda s: len(line(s)))
    page.says(
        f"{', '.join(map(str, widest))} is the widest of those without a hole: "
        f"it covers {len(line(widest))}×{len(line(widest))}, and every pixel has exactly one path",
        set(line(widest)) == {1}
        and not any(all(line(s)) and sum(s) > sum(widest) for s in stacks() if len(s) == 3),
    )
    orders = {tuple(n > 0 for n in line(s)) for s in permutations((9, 1, 3))}
    page.says("The order plays no part: 9, 1, 3 reaches the same pixels", len(orders) == 1)
    page.labels("### When is there no hole?")
    (layer,) = page.names["stack"](1)
    page.says("the kernel is 3", layer.kernel_size == (3, 3))
    page.cites(
        "named the gridding problem and choose dilations such as 1, 2, 5 against it",
        SOURCES["gridding"],
    )
    page.says("choose dilations such as 1, 2, 5 against it", all(line((1, 2, 5))))
    page.aside("Opinion: one path for each pixel is thrifty, not safe", why="marked as an opinion")
    ways = {s: sum(line(s)) / len(line(s)) for s in ASKED}
    page.says(
        "Dilations that grow more slowly let neighbours meet more often",
        ways[1, 2, 5] > ways[1, 3, 9] == 1,
    )
    even = [s for s in stacks() if all(d % 2 == 0 for d in s)]
    skipping = [s for s in stacks() if not rule(s)]
    page.says(
        "A stack leaves holes when all its dilations are even, or when one is "
        "larger than the field of the smaller ones",
        not any(all(line(s)) for s in even + skipping),
    )


def pools(page):
    wide = nn.MaxPool2d(3, stride=1, dilation=2)
    page.prints("wide(x)", folded(X, torch.max))
    page.draws("dilation-max-pool", slide(wide, X))
    places = positions(page.figure("dilation-max-pool").steps[0])
    page.says(
        "A max pool takes a dilation. It compares nine numbers with one pixel between neighbours",
        places == [(r, c) for r in (0, 2, 4) for c in (0, 2, 4)]
        and page.names["wide"].dilation == 2,
    )
    page.says(
        "A dilated max pool: the largest of nine numbers that are not neighbours",
        torch.equal(wide(X), folded(X, torch.max)) and len(places) == 9,
    )
    no_option = refusal(lambda: nn.AvgPool2d(3, stride=1, dilation=2), TypeError)
    two, three = (
        refusal(lambda p=p: nn.MaxPool2d(3, stride=1, padding=p, dilation=2)(X)) for p in (2, 3)
    )
    page.says(
        "Dilate a max pool, and get around two refusals of torch",
        wide.dilation == 2 and len({no_option, two}) == 2,
    )
    page.says(
        "Two things get in your way. An average pool takes no dilation. And the padding of a max "
        "pool may be at most half of its kernel, as you saw in [padding]",
        "'dilation'" in no_option
        and "half of kernel size" in two
        and told_in("padding", "A pool's padding may be at most half of its kernel"),
    )
    page.says(
        "Torch 2.13 checks that twice. The first check goes by the extent, which is 5 here, so a "
        "padding of 2 passes. The second goes by `kernel_size` and forgets the dilation",
        torch.__version__.startswith("2.13")
        and smallest_input(3, 2) == 5
        and "half of effective kernel size" in three
        and "half of kernel size" in two,
    )
    page.prints(
        "nn.AvgPool2d(3, stride=1, dilation=2)", *(fill(f"- {e}", 66) for e in (no_option, two))
    )
    padded = wide(F.pad(X, (2, 2, 2, 2), value=-torch.inf))
    apart, mixing = (nn.Conv2d(2, 2, 3, dilation=2, groups=g, bias=False) for g in (2, 1))
    both = torch.cat([X, X.flip(2)])
    for layer in (apart, mixing):
        layer.weight.data.fill_(1 / 9)
    means = torch.cat([folded(channel[None], torch.mean) for channel in both])
    page.says(
        "On a map of many channels the mean needs `groups=channels`, which gives each channel a "
        "kernel of its own, or it would add the channels up",
        apart.weight.shape == (2, 1, 3, 3)
        and torch.allclose(apart(both), means)
        and torch.allclose(mixing(both), means.sum(0).expand(2, -1, -1)),
    )
    page.prints("mean.weight.data.fill_(1 / 9)", folded(X, torch.mean), str(tuple(padded.shape)))
    page.says(
        "Both can be had. For the mean, use a convolution whose nine weights are 1/9. For the "
        "maximum, pad by hand, with minus infinity",
        torch.equal(page.names["mean"].weight, torch.full((1, 1, 3, 3), 1 / 9))
        and torch.allclose(page.names["mean"](X), folded(X, torch.mean))
        and padded.shape == X.shape
        and torch.equal(padded, folded(page.names["padded"], torch.max))
        and padded.isfinite().all(),
    )
    the_limit(page)


def empty_windows(i, k, stride, padding, dilation):
    """How many windows of a max pool hold no real number, by their taps."""
    reach = dilation * (k - 1) + 1
    starts = range(-padding, i + padding - reach + 1, stride)
    taps = [[start + dilation * n for n in range(k)] for start in starts]
    return sum(not any(0 <= place < i for place in window) for window in taps)


def the_limit(page):
    settings = [(i, k, s) for i in range(1, 8) for k in range(1, 7) for s in (1, 2, 3)]
    page.says(
        "Is half of the kernel at least a safe limit? Without dilation it is: every window sees "
        "something real",
        not any(empty_windows(i, k, s, k // 2, 1) for i, k, s in settings),
    )
    (missing,) = slide(DILATED_PAIR, torch.ones(1, 1, 1)).steps
    page.says(
        "With dilation the taps may lie on both sides of the input and miss it",
        empty_windows(1, 2, 1, 1, 2) == 1 and {tap.col for tap in missing.taps} == {-1, 1},
    )
    page.prints(
        "print(nn.MaxPool2d(2, stride=1, padding=1, dilation=2)(lone))",
        torch.full((1, 2, 2), 5.0),
        torch.full((1, 1, 1), -torch.inf),
    )
    taps = [(row, col) for row in (-1, 1) for col in (-1, 1)]
    (read,) = slide(DILATED_PAIR, torch.tensor([[[5.0]]])).steps
    page.says(
        "The four taps of the second pool are two pixels apart. They read the four corners around "
        "the 5, all of them padding, so the maximum is minus infinity",
        len(taps) == 4
        and taps == [(t.row, t.col) for t in read.taps]
        and all(place != (0, 0) for place in taps),
    )


DILATED_PAIR = nn.MaxPool2d(2, stride=1, padding=1, dilation=2)


def exercises(page):
    five = nn.Conv2d(1, 1, 5, dilation=3)
    takes = ["dilation" in inspect.signature(p).parameters for p in (nn.MaxPool2d, nn.AvgPool2d)]
    page.says("Max pools dilate, average pools do not", takes == [True, False])
    page.labels("How many pixels does a kernel of 5 with dilation 3 span?")
    page.labels("Which padding keeps the size for that kernel?")
    refusal(lambda: side(five, 12))
    gap = five.dilation[0]
    page.says(
        f"{smallest_input(5, 3)}: four steps of {gap}, plus 1.", smallest_input(5, 3) == 4 * gap + 1
    )
    page.answers(1, "13")
    keeps = [p for p in range(9) if counted(15, 5, p=p, d=3) == 15]
    page.says(f"{keeps[0]}, half of {smallest_input(5, 3) - 1}.", keeps == [12 // 2])
    page.answers(2, "6")
    page.labels("`nn.Conv2d(1, 1, 3, stride=2, dilation=2)` slides over")
    page.labels("slides over a 7×7 map", "how many of the 49 pixels are read?")
    both = dilated(stride=2)
    steps = slide(both, torch.rand(1, 7, 7)).steps
    reads = {place for step in steps for place in positions(step)}
    page.says(
        f"{side(both, 7)}, and {len(reads)} pixels. Stride and dilation are both even, so only "
        "rows and columns 0, 2, 4 and 6 are ever read",
        reads == {(r, c) for r in (0, 2, 4, 6) for c in (0, 2, 4, 6)},
    )
    page.answers(3, ("2, and", 2), ("16 pixels", 16))
    page.labels("You stack dilations 1, 2, 4 and 8")
    page.says(
        f"{field(1, 2, 4, 8)}, and no hole. Before the 8 the field is {field(1, 2, 4)}, "
        f"and 8 is not more than {field(1, 2, 4)}",
        all(line((1, 2, 4, 8))) and field(1, 2, 4) >= 8,
    )
    page.answers(4, ("31, and", 31), ("no hole", False))
    page.prints(
        "print(field(1, 2, 4, 8), holes)",
        str(smallest_input(5, 3)),
        str(keeps),
        f"{counted(7, s=2, d=2)} {len(reads)}",
        f"{field(1, 2, 4, 8)} {not all(line((1, 2, 4, 8)))}",
    )


def test_a_dilated_kernel_is_a_larger_one_with_zeros():
    x = torch.randint(0, 9, (1, 9, 9)).float()
    for d in (2, 3):
        spread = nn.Conv2d(1, 1, 3, dilation=d, bias=False)
        spread.weight.data = torch.randint(-3, 4, (1, 1, 3, 3)).float()
        large = nn.Conv2d(1, 1, 2 * d + 1, bias=False)
        large.weight.data.zero_()
        large.weight.data[:, :, ::d, ::d] = spread.weight.data
        assert torch.equal(large(x), spread(x))
