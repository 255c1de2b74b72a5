"""lessons/padding.py: its words, outputs and figures, against torch by other ways and by hand."""

import inspect
import math

import numpy as np
import torch
import torch.nn.functional as F
from portrait import portrait
from states import opens
from test_average_pooling import mean_pool
from test_max_pooling import naive as max_pool
from torch import nn

from slidingwindows import Geometry, slide

X = torch.tensor([[[3.0, 1, 0, 2], [1, 4, 2, 1], [0, 2, 5, 3], [2, 1, 3, 1]]])
WHITE = torch.ones(1, 4, 4)
D2L = "https://d2l.ai/"
NAMED = {"valid": 0, "same": 1, "full": 2}


def edges(padding):
    """A convolution that subtracts the left column of its window and adds the right one."""
    conv = nn.Conv2d(1, 1, 3, padding=padding, bias=False)
    conv.weight.data = torch.tensor([[[[-1.0, 0, 1]] * 3]])
    return conv


def size(i, k, s=1, p=0):
    return nn.Conv2d(1, 1, k, stride=s, padding=p)(torch.rand(1, i, i)).shape[-1]


def readers(padding, side=5, kernel=3, **options):
    """How often windows read each pixel, by putting a one at each place in turn."""
    conv = nn.Conv2d(1, 1, kernel, padding=padding, bias=False, **options)
    conv.weight.data.fill_(1)
    counts = torch.zeros(side, side)
    for row in range(side):
        for col in range(side):
            x = torch.zeros(1, side, side)
            x[0, row, col] = 1
            counts[row, col] = conv(x).sum()
    return counts.int()


def real_pixels(i, k, s, p):
    """How many real pixels each window sees."""
    return F.conv2d(torch.ones(1, 1, i, i), torch.ones(1, 1, k, k), stride=s, padding=p)[0, 0]


def refuses(call, kind=RuntimeError):
    try:
        call()
    except kind as error:
        return str(error)
    return ""


def pool_of(k, p):
    return nn.MaxPool2d(k, stride=1, padding=p)(torch.rand(1, 9, 9))


def rows_of(counts):
    return [" ".join(map(str, row)) for row in counts.tolist()]


def test_every_claim(page):
    assert torch.equal(page.names["x"], X)
    erosion(page)
    two_for_each(page)
    names(page)
    counts(page)
    border(page)
    averages(page)
    divisors(page)
    limits(page)
    same_with_a_stride(page)
    exercises(page)
    page.labels("Unit 7", "Predict first", "Check all four")
    page.complete()


def erosion(page):
    grey = portrait(240) / 255
    middle = grey[20:-20, 20:-20]
    placed = np.full_like(grey, np.nan)
    placed[20:-20, 20:-20] = middle
    whole, cut = page.drawing("padding-erosion")
    page.plots(
        "padding-erosion",
        np.allclose(whole["images"], [grey], atol=1e-5)
        and np.allclose(np.array(cut["images"], float), [placed], atol=1e-5, equal_nan=True)
        and [axes["title"] for axes in (whole, cut)] == ["240×240", "after ten layers: 200×200"],
    )
    sides = [240 - 4 * layers for layers in range(11)]
    page.says("because its middle never lies on the outermost pixels", size(3, 3) == 1)
    page.says(
        "Here are ten layers of 5×5, each with a kernel that only copies its middle pixel",
        int(page.names["copy"].weight.sum()) == page.names["copy"].weight[0, 0, 2, 2] == 1,
    )
    page.says("The same portrait twice, at the same scale", whole["title"] != cut["title"])
    page.says("A kernel of more than one pixel trims your map", size(9, 2) < 9 == size(9, 1))
    page.labels("One layer takes little, but a network has many")
    page.says(
        "What ten unpadded 5×5 convolutions leave of a photo. Nothing was shrunk",
        torch.allclose(page.names["left"][0], torch.from_numpy(middle)),
    )
    lost = 1 - middle.size / grey.size
    page.prints('print("lost:"', f"lost: {lost:.1%} of the pixels")
    page.says(
        "Each layer takes two pixels from every side, so 240 rows became 200",
        (size(240, 5), sides[-1], len(middle)) == (236, 200, 200),
    )
    borders = [portrait(240)[1:-1, 1:-1] / 255, grey]  # as large, with another border
    borders[0] = np.pad(borders[0], 1)
    mine = [page.names["copy"](torch.from_numpy(b)[None].float()) for b in borders]
    learned = nn.Conv2d(1, 1, 5)
    theirs = [learned(torch.from_numpy(b)[None].float()) for b in borders]
    page.says(
        "This kernel loses the border wholly, because it only copies its middle. A learned kernel "
        "still reads the border pixels, but no output is centred on them",
        torch.equal(*mine) and not torch.equal(*theirs) and size(5, 5) == 1,
    )
    page.cites("The example is that of", D2L)
    page.labels("the picture and the numbers are torch's")


def two_for_each(page):
    trims = {k: 10 - size(10, k) for k in range(1, 6)}
    page.says(
        "A kernel of more than one pixel trims your map",
        all((trimmed > 0) == (k > 1) for k, trimmed in trims.items()),
    )
    holds = nn.MaxPool2d(3, 1, 1)(-1 - X).max(), nn.AvgPool2d(3, 1, 1)(WHITE).min()
    page.says("it is not always zero", holds[0] < 0 and holds[1] < 1)
    page.labels("Choose what an average at the border is divided by")
    page.labels("Read torch's message about padding and half of the kernel")
    grown = F.pad(torch.rand(1, 4, 4), [2] * 4)
    page.says(
        "Two pixels more for each one you add", {size(9, 3, p=p) - 2 * p for p in range(6)} == {7}
    )
    page.says(
        "A padding $p$ adds $p$ pixels on each of the four sides. So a size $i$ becomes $i + 2p$ "
        "before the window starts. That is the $2p$ in the formula",
        grown.shape == (1, 8, 8) and all(size(4, 1, p=p) == 4 + 2 * p for p in range(5)),
    )
    page.says(
        r"$$o = \left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1$$",
        all(
            size(i, k, s, p) == (i + 2 * p - k) // s + 1
            for i in range(5, 12)
            for k in range(1, 6)
            for s in range(1, 4)
            for p in range(4)
        ),
    )
    layer = edges(0)
    found = layer(X)[0, 0, 0]
    page.says(
        "it subtracts the left column of its window and adds the right one",
        found == X[0, :3, 2].sum() - X[0, :3, 0].sum(),
    )
    page.says("The input is 4×4, the kernel 3×3", (X.shape[1], layer.kernel_size) == (4, (3, 3)))
    page.says("the kernel 3×3, the stride 1", layer.stride == (1, 1))
    page.labels("with no padding, with one pixel, with two?")
    sides = [size(4, 3, p=p) for p in NAMED.values()]
    lines = [f"{p} (1, {side}, {side})" for p, side in enumerate(sides)]
    page.prints("print(p, tuple(convolution(p)(x).shape))", *lines)
    page.says("Two, four, six", sides == [2, 4, 6])
    page.says("These three have names", all(f"called *{name}*" in page.text for name in NAMED))


def names(page):
    for name, padding in NAMED.items():
        page.draws(f"padding-{name}", slide(edges(padding), X))
    valid, same, full = (page.figure(f"padding-{name}") for name in NAMED)
    opens(page, "padding-same")
    first, *_, last = zip(*same.output, strict=True)
    sums = nn.functional.avg_pool1d(F.pad(X[0].T, (1, 1)), 3, 1) * 3  # of three rows, by column
    page.says(
        "Read the first column of the output and the last: all positive, and all negative",
        min(first) > 0 > max(last),
    )
    page.says(
        "To this kernel the border of zeros is an edge, dark on the outside and bright on the "
        "inside, although the map has no edge there",
        np.allclose(first, sums[1]) and np.allclose(last, -sums[2]) and X.min() >= 0,
    )
    page.labels("and watch these two columns")
    page.says(
        "The window stays inside. Every number it reads is real",
        valid.geometry.rows.starts[0] == 0
        and valid.geometry.rows.starts[-1] + 3 == valid.geometry.rows.size,
    )
    page.says(f"4×4 shrinks to {valid.output_shape[-1]}×{valid.output_shape[-1]}")
    page.says(f"4×4 grows to {full.output_shape[-1]}×{full.output_shape[-1]}")
    page.says(
        "The window's middle visits every pixel once",
        [start + 1 for start in same.geometry.rows.starts] == list(range(4)),
    )
    page.says("The grey border holds zeros", {same.at(0, -1, col) for col in range(4)} == {0})
    keeping = {k: p for k in range(1, 9) for p in range(9) if size(10, k, p=p) == 10}
    page.says(
        "At stride 1 you need $p = (k - 1)/2$", all(p == (k - 1) / 2 for k, p in keeping.items())
    )
    page.says(
        "That is a whole number only when the kernel is odd: "
        f"{keeping[3]} for a kernel of 3, {keeping[5]} for 5, {keeping[7]} for 7",
        sorted(keeping) == [1, 3, 5, 7],
    )
    word = nn.Conv2d(1, 1, 3, padding="same")
    page.says('also takes the word: `padding="same"`', word(X).shape == X.shape)
    even = {k: nn.Conv2d(1, 1, k, padding="same") for k in (2, 4, 6)}
    page.says(
        "Then an even kernel keeps the size too, because torch pads unevenly",
        all(layer(X).shape == X.shape for layer in even.values()),
    )
    four = even[4]
    uneven = F.conv2d(F.pad(X, (1, 2, 1, 2)), four.weight, four.bias)
    page.says(
        "a kernel of 4 gets one pixel before the input and two behind it",
        torch.allclose(four(X), uneven, atol=1e-6),
    )
    corners = {real_pixels(9, k, 1, k - 1)[0, 0].item() for k in range(1, 6)}
    page.says("let the window in as soon as one corner touches the input", corners == {1})
    page.says("one corner touches the input: $p = k - 1$", corners == {1})
    back, turned = F.conv_transpose2d(X, edges(0).weight), edges(2).weight.flip(2, 3)
    page.says(
        "because a transposed convolution at stride 1 slides just like this",
        torch.equal(back, F.conv2d(X, turned, padding=2)),
    )
    overlaps = [size(i, k, p=k - 1) == i + k - 1 for i in range(3, 8) for k in range(1, 6)]
    page.says("Full: every overlap counts", all(overlaps))
    seen = real_pixels(4, 3, 1, 2)[[0, 0, -1, -1], [0, -1, 0, -1]]
    page.says(
        "Each corner window sees eight zeros and one real pixel",
        seen.unique().tolist() == [1] and full.geometry.rows.kernel_size**2 - seen[0] == 8,
    )


def counts(page):
    valid, same, full = maps = [readers(p) for p in NAMED.values()]
    page.says("Every pixel counts the same, or does it?", len(same.unique()) > 1)
    page.cites("ensures that all pixels are used equally frequently", D2L)
    page.labels("A 3×3 window slides over a 5×5 input. With `padding=1`")
    page.labels("Set all weights to one and add up the output")
    places = [(0, 0), (0, 2), (2, 2)]
    lines = [
        f"padding {{}}: corner {corner}, edge {edge}, centre {centre}".format(p)
        for p, (corner, edge, centre) in enumerate([[m[at].item() for at in places] for m in maps])
    ]
    page.prints("corner, edge, centre = counts", *lines)
    page.says(
        "Then the gradient of a pixel is the number of windows that read it",
        all(torch.equal(page.names["readers"](p), readers(p)) for p in range(4)),
    )
    drawn = page.drawing("padding-readers")
    titles = [f"{name}, padding {p}" for name, p in NAMED.items()]
    texts = [[str(n) for n in m.flatten().tolist()] for m in maps]
    page.plots(
        "padding-readers",
        [panel["images"] for panel in drawn] == [[m.tolist()] for m in maps]
        and [panel["title"] for panel in drawn] == titles
        and [panel["texts"] for panel in drawn] == texts,
    )
    page.says(
        "Three maps of 5×5 that hold how many windows read each pixel",
        [m.shape for m in maps] == [(5, 5)] * 3,
    )
    page.says(
        "How many 3×3 windows read each pixel of a 5×5 input",
        torch.equal(maps[0], readers(0, 5, 3)),
    )
    page.says(
        f"Valid: rows {', '.join(rows_of(valid)[:3])}, and the first two again in reverse",
        torch.equal(valid, valid.flip(0)),
    )
    corners = {same[r, c].item() for r in (0, -1) for c in (0, -1)}
    edges = {n.item() for n in (*same[0, 1:4], *same[4, 1:4], *same[1:4, 0], *same[1:4, 4])}
    page.says(
        "Same: 4 in the corners, 6 along the edges, 9 inside",
        (corners, edges, same[1:4, 1:4].unique().tolist()) == ({4}, {6}, [9]),
    )
    page.says("Full: 9 everywhere", full.unique().tolist() == [9])
    page.says(
        "Valid: the corner counts once, the centre nine times",
        (valid[0, 0], valid[2, 2]) == (1, 9),
    )
    page.says(
        "Same: the corner counts 4 times, a pixel of the edge 6 times, the centre 9 times",
        (corners, edges, same[2, 2]) == ({4}, {6}, 9),
    )
    page.says("Full: every pixel counts 9 times", full.unique().tolist() == [9])
    page.says(
        "Of the three, only full padding makes all pixels equal",
        [len(m.unique()) > 1 for m in maps] == [True, True, False],
    )
    modes = {m: readers(1, padding_mode=m) for m in ("circular", "replicate", "reflect")}
    skipping = readers(2, stride=2)
    page.prints(
        'for mode in ("circular", "replicate", "reflect"):',
        *(f"{mode}, padding 1: {m.unique().tolist()}" for mode, m in modes.items()),
        f"full, stride 2: {skipping.unique().tolist()}",
    )
    page.says(
        "That is true of a border of zeros at stride 1",
        len(full.unique()) == 1 < len(skipping.unique()),
    )
    page.says(
        "the pixel that was copied is read once more. And at stride 2 windows are left out",
        all((m >= same).all() and not torch.equal(m, same) for m in modes.values())
        and (skipping < full).all(),
    )
    image = torch.arange(25.0).reshape(1, 5, 5)
    around, again = (F.pad(image, [1] * 4, mode=m)[0] for m in ("circular", "replicate"))
    page.says(
        "`circular` takes the border from the other side, and `replicate` repeats the pixels of "
        "the edge. With either of them, a padding of 1 already makes every pixel count 9 times",
        torch.equal(around[0, 1:-1], image[0, -1])
        and torch.equal(again[0, 1:-1], image[0, 0])
        and {n for m in ("circular", "replicate") for n in modes[m].unique().tolist()} == {9},
    )
    beside, often = F.pad(image, [1] * 4, mode="reflect")[0], modes["reflect"]
    page.says(
        "`reflect` copies the pixels *beside* the edge, so those count too often",
        torch.equal(beside[0, 1:-1], image[0, 1])
        and often[1, 1] == often.max() > 9 == often[2, 2]
        and (often[1] > often[0]).all(),
    )
    page.says(
        "At stride 2 even full padding makes them unequal, because each pixel is read by one, two "
        "or four windows",
        skipping.unique().tolist() == [1, 2, 4],
    )
    page.says(
        "With zeros, same padding does not use all pixels equally often. Full padding does, at "
        "stride 1",
        len(same.unique()) > len(full.unique()) == 1 < len(skipping.unique()),
    )


def border(page):
    pool, kept = nn.MaxPool2d(3, stride=1, padding=1), max_pool(-X, 3, 1, 1)
    negative = -1 - X  # no zero in it
    zeros_win = max_pool(F.pad(negative, [1] * 4), 3, 1)
    touched = real_pixels(4, 3, 1, 1) < 9
    page.says(
        "Zero is harmless to add, but not to compare with",
        not torch.equal(zeros_win, max_pool(negative, 3, 1, 1)),
    )
    page.says(
        "zeros around an image of negative numbers win in every window that touches them",
        torch.equal(zeros_win[0] == 0, touched),
    )
    infinite = F.pad(-X, [1] * 4, value=-math.inf)
    holds = torch.equal(max_pool(infinite, 3, 1), kept) and torch.equal(pool(-X), kept)
    page.says(r"| `nn.MaxPool2d` | $-\infty$ | it never wins a maximum |", holds)
    average, x = nn.AvgPool2d(3, 1, 1), torch.rand(1, 4, 4)
    conv, zeros = nn.Conv2d(1, 1, 3, padding=1), F.pad(x, [1] * 4)
    page.says(
        "| `nn.AvgPool2d` | zero | it adds nothing to the sum |",
        torch.allclose(average(x) * 9, F.conv2d(zeros, torch.ones(1, 1, 3, 3)), atol=1e-5),
    )
    adds_zeros = torch.allclose(conv(x), F.conv2d(zeros, conv.weight, conv.bias), atol=1e-6)
    page.says("| `nn.Conv2d` | zero | zero times a weight is zero |", adds_zeros)
    page.says(
        "A max pool's border is minus infinity, an average's and a convolution's is zero",
        holds and adds_zeros,
    )
    page.says("`F.pad` fills with zeros unless you tell it otherwise", zeros[0, 0].max() == 0)
    assert torch.equal(page.names["around"], infinite)
    page.prints("pool = nn.MaxPool2d(3, stride=1, padding=1)", str(holds))


def averages(page):
    dark, even = mean_pool(WHITE, 3, 1, 1), mean_pool(WHITE, 3, 1, 1, counted=False)
    assert torch.equal(page.names["white"], WHITE)
    page.says("A zero adds nothing to the sum", torch.equal(dark[0] * 9, real_pixels(4, 3, 1, 1)))
    rim = torch.ones(4, 4, dtype=torch.bool)
    rim[1:3, 1:3] = False
    page.says(
        "You know two choices from [average pooling]: zeros count, and the rim of a white image "
        "turns darker, or they do not, with `count_include_pad=False`",
        torch.equal(dark[0] < 1, rim) and torch.equal(even, WHITE),
    )
    page.says(
        "Zeros count in an average unless you say `count_include_pad=False`, or name a divisor",
        nn.AvgPool2d(3).count_include_pad and not torch.equal(dark, even),
    )


def divisors(page):
    real = real_pixels(4, 3, 1, 1)
    choices = {}, {"count_include_pad": False}, {"divisor_override": 1}
    corners = {nn.AvgPool2d(3, 1, 1, **choice)(WHITE)[0, 0, 0].item() for choice in choices}
    page.says("There is a third choice", len(corners) == 3)
    x = torch.rand(1, 4, 4)
    sums = F.conv2d(x, torch.ones(1, 1, 3, 3), padding=1)
    both = [
        nn.AvgPool2d(3, 1, 1, divisor_override=5, count_include_pad=counted)(x)
        for counted in (True, False)
    ]
    page.says(
        "you name the divisor, and it is the same for all windows",
        torch.allclose(both[0] * 5, sums),
    )
    page.labels("You average a white image, all ones, with `divisor_override=1`")
    page.prints("total(white)", real[None])
    page.says(f"The sums: {real[0, 0]:.0f}, {real[0, 1]:.0f} and {real[1, 1]:.0f}.")
    page.says("The override wins over `count_include_pad`", torch.equal(*both))
    conv = nn.Conv2d(1, 1, 3, padding=1)
    page.says(
        "A convolution has no such switch. Its zeros take part like any other number",
        "count_include_pad" not in inspect.signature(nn.Conv2d).parameters
        and torch.allclose(conv(x), F.conv2d(F.pad(x, [1] * 4), conv.weight, conv.bias), atol=1e-6),
    )


def limits(page):
    message = refuses(lambda: nn.MaxPool2d(3, stride=1, padding=2)(X))
    page.says("At most half the kernel", "at most half" in message)
    conv = page.figure("padding-full").geometry.rows
    page.says(
        "You just gave a convolution a padding of 2 with a kernel of 3",
        (conv.padding, conv.kernel_size) == ((2, 2), 3),
    )
    page.prints(
        "nn.MaxPool2d(3, stride=1, padding=2)",
        f"Conv2d (1, {size(4, 3, p=2)}, {size(4, 3, p=2)})",
        f"MaxPool2d refuses: {message}",
    )
    most = {
        k: max(p for p in range(8) if not refuses(lambda k=k, p=p: pool_of(k, p)))
        for k in range(1, 8)
    }
    halves = all(p == k // 2 for k, p in most.items())
    page.says("A pool's padding may be at most half of its kernel, rounded down", halves)
    page.says("A pool's padding is at most half of its kernel.", halves)
    empty = [real_pixels(9, k, 1, k)[0, 0].item() for k in range(1, 6)]
    page.says(
        "With a border as wide as the kernel, a window could lie on padding alone. Its maximum "
        "would be minus infinity. Its average over real pixels would be zero divided by zero",
        empty == [0] * 5 and max_of_padding(3) == -math.inf,
    )
    page.says(
        "Torch draws the line at half. Then, as long as the input is no smaller than the window, "
        "and neither `ceil_mode` (in the [next lesson]) nor a dilation is in play, every window "
        "keeps at least half of its height, and half of its width, on real pixels",
        halves
        and all(
            real_pixels(i, k, s, k // 2).min().item() >= (k / 2) ** 2
            for k in range(1, 8)
            for s in range(1, 4)
            for i in range(k, 10)
        ),
    )
    page.says("So a pool with a 3×3 window has no full padding", most[3] < 3 - 1)


def max_of_padding(k):
    """What a max pool makes of a window that holds padding and nothing else."""
    return nn.MaxPool2d(k)(F.pad(torch.rand(1, k, k), [k] * 4, value=-math.inf))[0, 0, 0].item()


def same_with_a_stride(page):
    refusal = refuses(lambda: nn.Conv2d(1, 1, 3, stride=2, padding="same"), ValueError)
    page.says(
        '"Same" is clear at stride 1. At stride 2 the output shrinks in any case',
        size(8, 3, 1, 1) == 8 and all(size(8, k, 2, (k - 1) // 2) == 4 for k in (1, 3, 5, 7)),
    )
    page.says("so torch declines the word", "not supported for strided" in refusal)
    page.prints('nn.Conv2d(1, 1, 3, stride=2, padding="same")', refusal)
    count = torch.arange(16.0).reshape(1, 4, 4)
    both = max_pool(count, 3, 2, 1)
    end = torch.tensor([[[count[0, r : r + 3, c : c + 3].max() for c in (0, 2)] for r in (0, 2)]])
    page.prints("at_the_end = F.pad", both, end)
    page.says(
        "Both outputs are 2×2. Only the last number agrees",
        both.shape == end.shape == (1, 2, 2) and (both == end).nonzero().tolist() == [[0, 1, 1]],
    )
    needed = {i: (-(-i // 2) - 1) * 2 + 3 - i for i in range(4, 10)}
    page.says(
        "It is the even size that sets the two apart. A kernel of 3 at stride 2 needs one pixel of "
        "padding there, and two sides cannot share one pixel. An odd size needs two pixels, so "
        "each side gets one, and that is `padding=1`",
        all(total == 1 + i % 2 for i, total in needed.items()),
    )
    page.prints("for i in range(4, 10):", *(f"{i} {agreeing(i)}" for i in range(4, 10)))
    page.labels("When you bring a network from one library to the other")


def agreeing(i):
    """Whether windows of 3 that start where TensorFlow has them find what torch's find."""
    before = 1 if i % 2 else 0
    image = torch.arange(float(i * i)).reshape(i, i)
    rows = [range(max(0, start - before), min(i, start - before + 3)) for start in range(0, i, 2)]
    found = [[image[r.start : r.stop, c.start : c.stop].max() for c in rows] for r in rows]
    return torch.equal(torch.tensor([found]), nn.MaxPool2d(3, 2, 1)(image[None]))


def exercises(page):
    page.labels("Which number for `padding` keeps the size for a kernel of 5 at stride 1?")
    page.labels("And for a kernel of 4?")
    page.says(
        "2 for a kernel of 5. For a kernel of 4 there is none, because both sides get the same and "
        "$2p$ would have to be 3",
        size(10, 5, p=2) == 10 == size(10 + 3, 4)
        and 10 not in {size(10, 4, p=p) for p in range(9)},
    )
    page.says(
        f"With $p = 1$ a size of 10 becomes {size(10, 4, p=1)}, "
        f"with $p = 2$ it becomes {size(10, 4, p=2)}"
    )
    page.answers(1, ("2 for a kernel of 5", 2))
    nines = mean_pool(torch.full((1, 4, 4), 9.0), 3, 1, 1)[0, 0, :2].tolist()
    page.labels("All pixels of an image are 9", "You apply `nn.AvgPool2d(3, stride=1, padding=1)`")
    page.says(f"The corner is {nines[0]:.0f} and the edge is {nines[1]:.0f}")
    sums = [int(9 * n) for n in real_pixels(4, 3, 1, 1)[0, :2]]
    page.says(
        f"The sums are {sums[0]} and {sums[1]}, and both are divided by 9",
        [total / 9 for total in sums] == nines,
    )
    page.answers(2, ("The corner is 4", 4), ("the edge is 6", 6))
    pool, five = nn.MaxPool2d(2, 2, padding=1), torch.rand(1, 5, 5)
    page.labels("What shape does `nn.MaxPool2d(2, 2, padding=1)` make")
    page.labels("make of a 5×5 input? How many real pixels", "does its first window see?")
    before = (5 + 2 * pool.padding - pool.kernel_size) / pool.stride
    page.says(
        f"3×3, from (5 + 2 − 2) / 2 = {before}, cut to {int(before)}, plus 1",
        pool(five).shape == (1, 3, 3) and int(before) + 1 == 3,
    )
    page.says(
        "The first window sees one real pixel, the corner. The other three are border",
        real_pixels(5, 2, 2, 1)[0, 0] == 1 and pool(five)[0, 0, 0] == five[0, 0, 0],
    )
    page.answers(3, ("3×3", (3, 3)))
    blurred = [mean_pool(torch.ones(1, 8, 8), 5, 1, 2, counted=c)[0, 0, 0] for c in (True, False)]
    page.labels("You blur an image of 8×8 ones with", "`nn.AvgPool2d(5, stride=1, padding=2)`")
    page.says(
        f"{blurred[0]:.2f}, which is {real_pixels(8, 5, 1, 2)[0, 0]:.0f} real pixels of {5**2}. "
        f"With the switch it is {blurred[1]:.0f}."
    )
    page.answers(4, "0.36", ("With the switch it is 1", 1))
    page.prints(
        "blurs = [",
        str([size(10, k, p=p) for k, p in ((5, 2), (4, 1), (4, 2))]),
        str(nines),
        "(1, 3, 3) True",
        str([n.item() for n in blurred]),
    )
    page.says(
        "At stride 1 an odd kernel keeps the size with $p = (k-1)/2$. An even one keeps it only "
        "with more padding on one side",
        all((size(10, k, p=p) == 10) == (2 * p == k - 1) for k in range(1, 10) for p in range(k)),
    )


def test_a_convolution_pads_with_zeros_unless_told_otherwise():
    x, white = torch.rand(1, 1, 4, 4), torch.ones(1, 1, 4, 4)
    plain = nn.Conv2d(1, 1, 3, padding=1)
    by_hand = F.conv2d(F.pad(x, [1] * 4), plain.weight, plain.bias)
    assert torch.allclose(plain(x), by_hand, atol=1e-6)
    for mode in ("reflect", "replicate"):
        conv = nn.Conv2d(1, 1, 3, padding=1, padding_mode=mode, bias=False)
        conv.weight.data.fill_(1 / 9)
        assert torch.allclose(conv(white), white)


def real_rows(pool, size):
    """The fewest real rows that any window of a pool reads."""
    rows = Geometry.of(size, pool.kernel_size, pool.stride, pool.padding, 1, pool.ceil_mode).rows
    return min(sum(0 <= r < rows.size for r in window) for window in rows.windows)


def test_half_of_every_window_is_real_where_the_lesson_says_so_and_not_elsewhere():
    for kernel in range(1, 8):
        for stride in range(1, 8):
            for size in range(kernel, 16):
                pool = nn.MaxPool2d(kernel, stride, padding=kernel // 2)
                assert real_rows(pool, size) * 2 >= kernel
    assert real_rows(nn.MaxPool2d(5, 1, padding=2), 1) * 2 < 5
    assert real_rows(nn.MaxPool2d(4, 4, ceil_mode=True), 5) * 2 < 4
