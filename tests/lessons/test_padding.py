"""lessons/padding.py: its words, outputs and figures, against torch by other ways and by hand."""

import inspect
import math

import matplotlib
import numpy as np
import torch
import torch.nn.functional as F
from lesson_run import told_in
from portrait import portrait
from states import links, opened, opens
from test_average_pooling import mean_pool
from test_max_pooling import naive as max_pool
from torch import nn

from slidingwindows import Geometry, slide

X = torch.tensor([[[3.0, 1, 0, 2], [1, 4, 2, 1], [0, 2, 5, 3], [2, 1, 3, 1]]])
WHITE = torch.ones(1, 4, 4)
D2L = "https://d2l.ai/"
TENSORFLOW = "https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2"
UNIT_7 = "https://lightning.ai/courses/deep-learning-fundamentals/"
DUMOULIN = "https://arxiv.org/abs/1603.07285"
FOUND_EDGES = "kernel = torch.tensor([[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]])"
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


def contrast(values, most):
    """The least contrast of a black digit on matplotlib's Blues up to `most`, by WCAG's formula."""
    colours = matplotlib.colormaps["Blues"](np.asarray(values) / most)[..., :3]
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return ((linear @ [0.2126, 0.7152, 0.0722]).min() + 0.05) / 0.05


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
    where_from(page)
    page.labels("Predict first", "Then open the answer", "Build both in torch", "Check all four")
    page.complete()


def where_from(page):
    up = nn.MaxPool2d(2, ceil_mode=True)(torch.rand(1, 5, 5)).shape[-1]
    enlarged = F.conv_transpose2d(torch.rand(1, 3, 3), torch.ones(1, 1, 2, 2), stride=2).shape[-1]
    page.says(
        "Sizes have loose ends: a pool can round up instead of down, and a map can be made large "
        "again",
        5 // 2 < up == -(-5 // 2) and enlarged > 3,
    )
    page.labels("Next: [rounding up, and going back up]")
    page.cites("This course began from Unit 7 of , which also comes to padding", UNIT_7)
    page.cites("For a thorough treatment of the arithmetic, read", DUMOULIN)
    page.aside("The words and the measurements here are our own", why="who made this course")


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
    taken = [1 - (after / 240) ** 2 for after in sides]
    weight = page.names["copy"].weight[0, 0]
    middle_of_five = F.pad(torch.ones(1, 1), [2] * 4)
    page.says(
        "One layer takes little, but a network has many. Here are ten layers of 5×5, each with a "
        "kernel that only copies its middle pixel, so that you can watch what gets lost",
        torch.equal(weight, middle_of_five) and taken[1] < 0.04 and taken[10] > 0.3,
    )
    shown, rest = np.array(whole["images"][0]), np.array(cut["images"][0], float)
    missing = np.isnan(rest)
    ring = np.ones_like(missing)
    ring[20:-20, 20:-20] = False
    in_place = np.allclose(shown[~missing], rest[~missing])
    page.says(
        "The same portrait twice, at the same scale. On the right its border is missing all around",
        shown.shape == rest.shape and in_place and np.array_equal(missing, ring),
    )
    page.aside("a part of the cap, the stars at the left and the shoulders", "what a photo shows")
    black, *_, white = matplotlib.colormaps["gray"](np.linspace(0, 1, 9))[:, :3].tolist()
    page.says(
        "The photo that comes with matplotlib, in grey: 0 is black, 1 is white",
        np.allclose(page.names["photo"][0], grey, atol=1e-6)
        and (black, white) == ([0] * 3, [1] * 3),
    )
    page.says("where it lies in the photo", in_place and rest.shape == grey.shape)
    page.says(
        "What ten unpadded 5×5 convolutions leave of a photo. Nothing was shrunk: the border was "
        "cut off",
        page.names["copy"].padding == (0, 0)
        and torch.allclose(page.names["left"][0], torch.from_numpy(middle)),
    )
    layers = torch.from_numpy(grey)[None]
    for _ in range(10):
        layers = F.conv2d(layers, middle_of_five[None, None])
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
    page.cites("The example is that of , in its chapter *Padding and Stride*", D2L)
    page.says(
        "the picture and the numbers are torch's",
        np.allclose(layers[0], rest[20:-20, 20:-20], atol=1e-6)
        and lost == 1 - layers.numel() / grey.size,
    )


def two_for_each(page):
    trims = {k: 10 - size(10, k) for k in range(1, 6)}
    centres = {k: [start + (k - 1) / 2 for start in range(size(10, k))] for k in trims}
    page.says(
        "A kernel of more than one pixel trims your map, because its middle never lies on the "
        "outermost pixels",
        all((trimmed > 0) == (k > 1) for k, trimmed in trims.items())
        and all((centres[k][0] > 0 and centres[k][-1] < 9) == (k > 1) for k in trims),
    )
    sides = [size(4, 3, p=p) for p in NAMED.values()]
    decides = sides[0] < 4 == sides[1] < sides[2]
    page.says("A border around the input gives you control over the output size", decides)
    before = [edges(0)(F.pad(X, [p] * 4)) for p in NAMED.values()]
    after = [edges(p)(X) for p in NAMED.values()]
    page.says(
        "**Padding** puts a border around the input before the window starts. Then the window's "
        "middle can lie on the outermost pixels too, and the output size is your decision",
        all(map(torch.equal, before, after))
        and [start + 1 for start in Geometry.of(4, 3, 1, 1).rows.starts] == [0, 1, 2, 3]
        and decides,
    )
    page.says("Choose a padding that keeps the size, or even enlarges it", decides)
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
        "before the window starts. That is the $2p$ in the formula of [output size]",
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
        "The kernel below is the one that found edges in [what a convolution looks for]: it "
        "subtracts the left column of its window and adds the right one",
        told_in("what-a-convolution-looks-for", FOUND_EDGES)
        and torch.equal(page.names["kernel"], layer.weight)
        and found == X[0, :3, 2].sum() - X[0, :3, 0].sum(),
    )
    page.says("The input is 4×4, the kernel 3×3", (X.shape[1], layer.kernel_size) == (4, (3, 3)))
    page.says("the kernel 3×3, the stride 1", layer.stride == (1, 1))
    page.labels("with no padding, with one pixel, with two?")
    lines = [f"{p} (1, {side}, {side})" for p, side in enumerate(sides)]
    page.prints("print(p, tuple(convolution(p)(x).shape))", *lines)
    page.says("Two, four, six", sides == [2, 4, 6])
    called = {name: len(np.convolve(range(4), [1] * 3, name)) for name in NAMED}  # NumPy's modes
    page.says("These three have names", list(called.values()) == sides)


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
    explorer_fills_otherwise(page, same.output)
    page.says(
        "[Another lesson] shows what a network learns from that",
        told_in(
            "what-padding-tells-the-network", "trained networks can and do use absolute position"
        ),
    )
    page.says(
        "The window stays inside. Every number it reads is real",
        valid.geometry.rows.starts[0] == 0
        and valid.geometry.rows.starts[-1] + 3 == valid.geometry.rows.size,
    )
    # Torch knows two of the names, NumPy all three.
    known = {name: nn.Conv2d(1, 1, 3, padding=name)(X).shape[-1] for name in ("valid", "same")}
    known["full"] = len(np.convolve(range(4), [1] * 3, "full"))
    page.says(
        f"`padding=0`, also called *valid*: 4×4 shrinks to {known['valid']}×{known['valid']}",
        valid.output_shape[-1] == known["valid"] < 4,
    )
    page.says(
        f"`padding=1` for a 3×3 kernel, also called *same*: 4×4 stays {known['same']}×4",
        same.output_shape[-2:] == X.shape[-2:],
    )
    page.says(
        f"`padding=2` for a 3×3 kernel, also called *full*: 4×4 grows to {known['full']}×6",
        full.output_shape[-2:] == (6, 6),
    )
    page.says("Same: the size stays", known["same"] == 4)
    page.says("Valid: no padding", torch.equal(edges("valid")(X), edges(0)(X)))
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
    page.says('A convolution also takes the word: `padding="same"`', word(X).shape == X.shape)
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
    page.says(
        "Now let the window in as soon as one corner touches the input: $p = k - 1$",
        corners == {1} and all(real_pixels(9, k, 1, k)[0, 0] == 0 for k in range(1, 6)),
    )
    page.aside("Full padding is rare in networks", why="how networks are built")
    back, turned = F.conv_transpose2d(X, edges(0).weight), edges(2).weight.flip(2, 3)
    page.says(
        "You meet it again on the [way back up], because a transposed convolution at stride 1 "
        "slides just like this",
        torch.equal(back, F.conv2d(X, turned, padding=2))
        and told_in("rounding-up-and-going-back-up", "A **transposed convolution** enlarges a map"),
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
    page.labels("## Every pixel counts the same, or does it?")
    page.says(
        "Without padding, few windows read the corners and many read the middle",
        valid[[0, 0, -1, -1], [0, -1, 0, -1]].tolist() == [valid.min()] * 4
        and valid[2, 2] == valid.max() > 4 * valid.min(),
    )
    page.cites(
        'Padding "ensures that all pixels are used equally frequently", says the summary of that '
        "chapter of",
        D2L,
    )
    page.labels("A 3×3 window slides over a 5×5 input. With `padding=1`")
    places = [(0, 0), (0, 2), (2, 2)]
    lines = [
        f"padding {{}}: corner {corner}, edge {edge}, centre {centre}".format(p)
        for p, (corner, edge, centre) in enumerate([[m[at].item() for at in places] for m in maps])
    ]
    page.prints("corner, edge, centre = counts", *lines)
    page.says(
        "Autograd can count for you. Set all weights to one and add up the output. Then the "
        "gradient of a pixel is the number of windows that read it",
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
        "Same: the corner counts 4 times, a pixel of the edge 6 times, the centre 9 times. Better, "
        "but not equal",
        (corners, edges, same[2, 2]) == ({4}, {6}, 9)
        and valid.max() / valid.min() > same.max() / same.min() > 1,
    )
    page.cell("vmax=14")  # where the colours end
    page.says("pale enough for dark digits", contrast(full, 14) > 4.5 > contrast(full, 9))
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
        "A convolution can also fill its border with copies of real pixels, and then the pixel "
        "that was copied is read once more. And at stride 2 windows are left out",
        all(torch.equal(m > same, copied(mode)) for mode, m in modes.items())
        and all(m.sum() == 25 * 9 > same.sum() for m in modes.values())
        and (skipping < full).all(),
    )
    page.labels("So ask again")
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


def copied(mode):
    """Which pixels of 5×5 stand in a border of one pixel a second time."""
    numbers = torch.arange(25.0).reshape(1, 5, 5)
    around = F.pad(numbers, [1] * 4, mode=mode)[0]
    often = torch.bincount(around.flatten().int(), minlength=25)
    return (often > 1).reshape(5, 5)


def explorer_fills_otherwise(page, zeros):
    """The explorer offers what the page says: a border of real pixels, and other outer columns."""
    ((kind, link),) = links(page.run.lesson)
    modes = ("replicate", "reflect", "circular")
    asked = [(kind, link.replace("bias", f"padding_mode='{mode}',bias")) for mode in modes]
    zeros, inside = torch.tensor(zeros), slice(1, -1)
    filled = []
    for mode, state in zip(modes, opened(asked), strict=True):
        assert f"padding_mode='{mode}'" in state["call"], state
        around = F.pad(X, [1] * 4, mode=mode)
        filled.append(F.conv2d(around, edges(0).weight)[0])
    page.says(
        "In the [explorer] you can fill the same border with copies of real pixels instead: choose "
        "another `padding_mode`, and watch these two columns",
        all(
            torch.equal(other[inside, inside], zeros[inside, inside])
            and (other[:, [0, -1]] != zeros[:, [0, -1]]).any()
            for other in filled
        ),
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
        "You saw why in [max pooling]: zeros around an image of negative numbers win in every "
        "window that touches them",
        torch.equal(zeros_win[0] == 0, touched)
        and told_in("max-pooling", "a border of zeros wins in every window that touches it"),
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
    white = nn.AvgPool2d(3, 1, 1)(WHITE)[0]
    differ = holds and adds_zeros and not torch.equal(zeros_win, max_pool(negative, 3, 1, 1))
    page.says(
        "What is in that border depends on the operation, and it leaves traces",
        differ and torch.equal(white < 1, touched),
    )
    page.says("So each operation has its own border: | operation | the border holds |", differ)
    page.labels("| because |")
    page.says(
        "A max pool's border is minus infinity, an average's and a convolution's is zero",
        holds and adds_zeros,
    )
    page.says("`F.pad` fills with zeros unless you tell it otherwise", zeros[0, 0].max() == 0)
    assert torch.equal(page.names["around"], infinite)
    page.prints("pool = nn.MaxPool2d(3, stride=1, padding=1)", str(holds))
    page.says(
        "So if you pad in front of a max pool yourself, say `value=-torch.inf`. Then you get what "
        "the pool gives",
        holds and not torch.equal(max_pool(F.pad(-X, [1] * 4), 3, 1), kept),
    )
    sides = F.pad(torch.ones(1, 1), (1, 2, 3, 4))  # four numbers that differ
    (above, before), (rows, cols) = sides.nonzero()[0].tolist(), sides.shape
    named = {"left": before, "right": cols - 1 - before, "top": above, "bottom": rows - 1 - above}
    page.says(", ".join(sorted(named, key=named.get)), named["bottom"] == 4)


def averages(page):
    dark, even = mean_pool(WHITE, 3, 1, 1), mean_pool(WHITE, 3, 1, 1, counted=False)
    assert torch.equal(page.names["white"], WHITE)
    page.says(
        "A zero adds nothing to the sum, but it may count when you divide",
        torch.equal(dark[0] * 9, real_pixels(4, 3, 1, 1)) and dark[0, 0, 0] < even[0, 0, 0],
    )
    rim = torch.ones(4, 4, dtype=torch.bool)
    rim[1:3, 1:3] = False
    page.says(
        "You know two choices from [average pooling]: zeros count, and the rim of a white image "
        "turns darker, or they do not, with `count_include_pad=False`",
        torch.equal(dark[0] < 1, rim) and torch.equal(even, WHITE),
    )
    page.says(
        "Zeros count in an average unless you say `count_include_pad=False`, or name a divisor",
        nn.AvgPool2d(3).count_include_pad
        and torch.equal(dark[0] * 9, real_pixels(4, 3, 1, 1))  # divided by all nine
        and torch.equal(even, WHITE)  # by the real ones
        and torch.equal(nn.AvgPool2d(3, 1, 1, divisor_override=2)(WHITE) * 2, dark * 9),
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
        "With `divisor_override` you name the divisor, and it is the same for all windows",
        torch.allclose(both[0] * 5, sums),
    )
    page.labels("You average a white image, all ones, with `divisor_override=1`")
    page.labels("What is in a corner, on an edge, inside?")
    page.prints("total(white)", real[None])
    page.says(
        f"The sums: {real[0, 0]:.0f}, {real[0, 1]:.0f} and {real[1, 1]:.0f}. Here they count the "
        "real pixels of each window",
        torch.equal(page.names["total"](WHITE)[0], real),
    )
    page.says("The override wins over `count_include_pad`", torch.equal(*both))
    conv = nn.Conv2d(1, 1, 3, padding=1)
    page.says(
        "A convolution has no such switch. Its zeros take part like any other number",
        "count_include_pad" not in inspect.signature(nn.Conv2d).parameters
        and torch.allclose(conv(x), F.conv2d(F.pad(x, [1] * 4), conv.weight, conv.bias), atol=1e-6),
    )
    page.says(
        'Its `padding_mode="reflect"` and `padding_mode="replicate"` fill the border with copies '
        "of real pixels instead",
        all(fills_with_real_pixels(mode) for mode in ("reflect", "replicate")),
    )


def fills_with_real_pixels(mode):
    """Whether a convolution with this padding_mode reads nothing but numbers of the image."""
    pick = nn.Conv2d(1, 9, 3, padding=1, bias=False, padding_mode=mode)  # each kernel one place
    pick.weight.data = torch.eye(9).reshape(9, 1, 3, 3)
    image = torch.arange(1.0, 17).reshape(1, 4, 4)
    return set(pick(image).unique().tolist()) == set(image.unique().tolist())


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
        "There has to be some limit. With a border as wide as the kernel, a window could lie on "
        "padding alone. Its maximum would be minus infinity. Its average over real pixels would be "
        "zero divided by zero",
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
    early = refuses(lambda: nn.MaxPool2d(3, 1, padding=2, dilation=2)(X))
    extent = 2 * (3 - 1) + 1
    empty = nn.MaxPool2d(2, 1, padding=1, dilation=2)(torch.ones(1, 1, 1))
    page.says(
        "(A dilated max pool meets the same limit sooner than it should, and can still see padding "
        "alone. You see both in [dilation].)",
        "half of kernel size" in early
        and extent // 2 == 2
        and empty.item() == -math.inf
        and told_in("dilation", "forgets the dilation")
        and told_in("dilation", "all of them padding, so the maximum is minus infinity"),
    )


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
    page.labels("## Same, with a stride")
    page.cites(
        "TensorFlow accepts it. Its put an odd pixel at the end, below and on the right", TENSORFLOW
    )
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
        all(total == 1 + i % 2 for i, total in needed.items())
        and all(agreeing(i) == (i % 2 == 1) for i in needed),
    )
    page.prints("for i in range(4, 10):", *(f"{i} {agreeing(i)}" for i in range(4, 10)))
    page.says(
        "When you bring a network from one library to the other, compare numbers, not shapes",
        both.shape == end.shape and not torch.equal(both, end),
    )


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
        "Valid trims, same keeps, full grows",
        [size(9, 3, p=p) for p in NAMED.values()] == [7, 9, 11],
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
