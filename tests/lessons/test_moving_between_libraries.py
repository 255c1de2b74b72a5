"""lessons/moving-between-libraries.py: every library's rule again, by windows cut out in numpy."""

import math
from collections import Counter
from importlib.metadata import version

import numpy as np
import torch
from phone import too_wide
from torch.nn import functional as F

from slidingwindows import slide

NOTES = "https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2"
SIZES, KERNELS, STRIDES = (4, 5, 6, 7), (2, 3, 4), (1, 2, 3)
SETTINGS = [(n, k, s) for n in SIZES for k in KERNELS for s in STRIDES]
PADDED = [(n, k, s, p) for n, k, s in SETTINGS for p in range(k // 2 + 1)]


def pooled(image, k, s, before, stops, how):
    """Each window of a square image, cut to its real pixels, through `how`."""
    n, starts = image.shape[-1], [stop * s - before for stop in range(stops)]
    cuts = [slice(max(start, 0), min(start + k, n)) for start in starts]
    rows = [[how(image[:, r, c]) for c in cuts] for r in cuts]
    return np.moveaxis(np.array(rows), -1, 0)


def largest(window):
    return window.max((1, 2))


def mean(window):
    return window.mean((1, 2))


def torch_stops(n, k, s, p, up=False):
    """Torch's number of stops; rounded up, a window that begins in the right padding is dropped."""
    if not up:
        return (n + 2 * p - k) // s + 1
    stops = math.ceil((n + 2 * p - k) / s) + 1
    return stops - ((stops - 1) * s >= n + p)


def evaluated(n, k, s, p):
    """The rows that the reference evaluator makes, rounded up: at stride 1 it pads twice."""
    return n + 4 * p - k + 1 if s == 1 else torch_stops(n, k, s, p, up=True)


def missing(n, k, s):
    return (math.ceil(n / s) - 1) * s + k - n


def before(n, k, s, lower=False):
    """What `same` adds in front: the smaller half, or with SAME_LOWER the larger."""
    total = max(missing(n, k, s), 0)
    return -(-total // 2) if lower else total // 2


def images():
    torch.manual_seed(0)
    return {n: torch.randn(1, 2, n, n)[0].numpy() for n in SIZES}


def same(pictures, how, lower=False):
    return [
        pooled(pictures[n], k, s, before(n, k, s, lower), math.ceil(n / s), how)
        for n, k, s in SETTINGS
    ]


def torchs(pictures, settings, up=False, how=largest):
    return [
        pooled(pictures[n], k, s, p, torch_stops(n, k, s, p, up), how) for n, k, s, p in settings
    ]


def words(ours, theirs):
    found = Counter()
    for a, b in zip(ours, theirs, strict=True):
        alike = b is not None and a.shape == b.shape and np.allclose(a, b, atol=1e-5)
        sizes = b is None or a.shape == b.shape
        found[
            "refused"
            if b is None
            else "equal"
            if alike
            else "other numbers"
            if sizes
            else "other size"
        ] += 1
    return found


def line(name, found):
    return f"{name}\n  " + ", ".join(f"{found[word]} {word}" for word in sorted(found))


def test_every_claim(page):
    pictures = images()
    three(page)
    the_rule(page)
    keras = same(pictures, largest)
    translations(page, pictures, keras)
    upper_and_lower(page, pictures, keras)
    rounding_up(page, pictures)
    averages(page, pictures)
    strides(page, pictures)
    weights(page)
    exercises(page)
    page.labels(
        "But a layer is more than its weights", "Here are three of them at work on one image"
    )
    page.labels("with one recipe", "number by number", "Here are three of them at work")
    page.complete()
    assert not too_wide(page)


def three(page):
    square = np.arange(16.0).reshape(1, 4, 4)
    own = pooled(square, 3, 2, 1, 2, largest)[0]
    theirs = pooled(square, 3, 2, before(4, 3, 2), 2, largest)[0]
    page.labels("each asked for a 3×3 max pool of stride 2 that halves it")
    page.prints(
        "x = torch.arange(16.0).reshape(1, 1, 4, 4)",
        f"{'torch, padding=1':<16} {own.astype(int).tolist()}",
        f"{'Keras, ' + repr('same'):<16} {theirs.astype(int).tolist()}",
        f"{'ONNX, SAME_UPPER':<16} {theirs.astype(int).tolist()}",
    )
    page.says(
        "All of them halve the image, and not one number of the first row agrees with torch",
        own.shape == theirs.shape == (2, 2) and not (own[0] == theirs[0]).any(),
    )
    starts_drawn(page, square[0])
    page.says(
        "a network that was trained with the one gets shifted maps from the other",
        before(4, 3, 2) == 0,
    )
    page.labels("it needs four more packages than the others. Its first cell names them")
    page.labels("Move a pool or a convolution between four libraries")
    names = ("jax", "keras", "onnx", "onnxruntime")
    page.prints(
        "for library in (jax, keras, onnx, onnxruntime):",
        *(f"{name} {version(name)}" for name in names),
    )
    page.says("it needs four more packages", len(names) == 4)


def starts_drawn(page, square):
    """Each cell once, padding grey; the first window; a dot in each cell where one begins."""
    ahead, ends = before(4, 3, 2), 2 - before(4, 3, 2) + 3
    borders = {"torch, padding=1": (1, 1), "Keras, 'same'": (ahead, ends - 4)}
    drawn, found = page.drawing("moving-two-starts"), []
    for axes, (title, (front, back)) in zip(drawn, borders.items(), strict=True):
        *cells, window = [tuple(round(n, 6) for n in box) for box in axes["bars"]]
        side = range(-front, 4 + back)
        places = [(r, c) for r in side for c in side]
        values = [square[r, c] if {r, c} <= {0, 1, 2, 3} else math.inf for r, c in places]
        [(_, *dots)] = axes["lines"]
        starts = {(c, r) for r in (-front, 2 - front) for c in (-front, 2 - front)}
        found.append(
            axes["title"] == title
            and cells == [(c - 0.5, r - 0.5, 1, 1) for r, c in places]
            and axes["texts"] == ["−∞" if v == math.inf else f"{v:.0f}" for v in values]
            and window == (-front - 0.5, -front - 0.5, 3, 3)
            and {(math.ceil(x), math.ceil(y)) for x, y in zip(*dots, strict=True)} == starts
        )
    page.plots("moving-two-starts", found == [True, True])
    page.says(
        "Twice the same 4 by 4 numbers, with cells of minus infinity around them and the first of "
        "four windows of 3 by 3",
        [len(axes["lines"][0][1]) for axes in drawn] == [4, 4],
    )
    page.says(
        "For torch there is a border of one cell on all four sides, and the first window begins on "
        "it",
        borders["torch, padding=1"] == (1, 1),
    )
    page.says(
        "For Keras the border is only on the right and below, and the first window begins on the "
        "first pixel",
        (ahead, ends) == (0, 4 + 1),
    )
    page.says("The first window of each, and a dot where each of the four begins", all(found))
    page.says(
        "and here that is one row below and one column on the right", missing(4, 3, 2) == ends - 4
    )


def the_rule(page):
    pads = [(before(n, 3, 2), max(missing(n, 3, 2), 0) - before(n, 3, 2)) for n in (4, 5)]
    page.prints("def same_pads(n, k, s, lower=False):", f"{pads[0]} {pads[1]}")
    page.says(
        "So it counts how many pixels the last window would miss, and adds just those, one half "
        "before the image and one half after it",
        all(0 <= missing(n, k, s) - 2 * before(n, k, s) <= 1 for n, k, s in SETTINGS if k >= s),
    )
    page.says(
        "A stride of $s$ shall leave $\\lceil n/s \\rceil$ numbers of $n$", math.ceil(5 / 2) == 3
    )
    page.labels("An odd one goes to the end")
    page.says("For 4 pixels it adds nothing before and one after", pads[0] == (0, 1))
    page.says(
        "For 5 pixels it adds one on each side, which is torch's `padding=1`", pads[1] == (1, 1)
    )
    page.labels("So the same layer fits torch on one image and not on the next")
    page.labels("This is what Keras does to the four rows")
    padded = F.pad(torch.arange(16.0).reshape(1, 4, 4), (0, 1, 0, 1), value=-math.inf)
    page.draws("moving-same-windows", slide(torch.nn.MaxPool2d(3, 2), padded))
    page.says(
        "A border of minus infinity on the right and below, then a 3×3 pool with stride=2 and no "
        "padding of its own",
        padded[0, :, 4].max() == padded[0, 4].max() == -math.inf,
    )


def translations(page, pictures, keras):
    page.says(
        "Try every image from 4×4 to 7×7, with windows of 2 to 4 and strides of 1 to 3. That is 36 "
        "settings",
        len(SETTINGS) == 36,
    )
    page.labels("The usual translation of `same` is `padding=k // 2`")
    page.labels("In how many of the 36 does it give what Keras gives?")
    half = words(torchs(pictures, [(*one, one[1] // 2) for one in SETTINGS]), keras)
    less = words(torchs(pictures, [(*one, (one[1] - 1) // 2) for one in SETTINGS]), keras)
    page.prints(
        "SIZES, KERNELS, STRIDES = (4, 5, 6, 7), (2, 3, 4), (1, 2, 3)",
        line("padding=k // 2", half),
        line("padding=(k - 1) // 2", less),
    )
    page.says(
        "Neither translation is right more often than it is wrong",
        max(half["equal"], less["equal"]) * 2 <= len(SETTINGS),
    )
    page.prints("def same_max(x, k, s, lower=False):", line("pad by hand", words(keras, keras)))
    page.says(
        "The recipe is to pad by hand, with minus infinity for a maximum",
        any((picture < 0).all(0).any() for picture in pictures.values()),
    )
    page.says(
        "Pad by hand, then run the layer without padding: that is equal everywhere for maxima, "
        "with minus infinity, and for convolutions, with zeros",
        words(keras, keras)["equal"] == len(SETTINGS),
    )
    page.says("All 36 are equal", words(keras, keras)["equal"] == len(SETTINGS) == 36)


def upper_and_lower(page, pictures, keras):
    lower = same(pictures, largest, lower=True)
    # A runtime can add no negative number of pixels.
    refused = [one for one in SETTINGS if missing(*one) < 0]

    def answered(outputs):
        return [None if one in refused else y for one, y in zip(SETTINGS, outputs, strict=True)]

    page.prints(
        "lower = [same_max(images[n], k, s, True) for n, k, s in SETTINGS]",
        line("upper against lower", words(keras, lower)),
        line("JAX, SAME_LOWER", words(lower, lower)),
        line("onnxruntime, SAME_UPPER", words(keras, answered(keras))),
        line("onnxruntime, SAME_LOWER", words(lower, answered(lower))),
        f"refused (n, k, s): {refused}",
    )
    page.says(
        "and an odd one goes to the end, or with `SAME_LOWER` to the beginning",
        (before(4, 3, 2), before(4, 3, 2, lower=True)) == (0, 1),
    )
    page.labels("Upper and lower")
    page.labels(
        "ONNX is a file format, and it has two kinds of", "JAX has both, too. First compare"
    )
    page.labels("compare the two with each other")
    [(n, k, s)] = refused
    page.says(
        "The runtime refuses one setting, in which the window is smaller than the stride and the "
        "last window ends before the image does. The number of missing pixels is negative there",
        k < s and (math.ceil(n / s) - 1) * s + k < n and missing(n, k, s) < 0,
    )
    page.says("`SAME_LOWER` puts it at the beginning", before(4, 3, 2, lower=True) == 1)
    page.prints(
        'standard = " ".join(onnx.defs.get_schema("MaxPool").doc.split())',
        "Sliding windows that would start in the\nright padded region are ignored.",
        "`auto_pad` is a DEPRECATED attribute.",
    )


def rounding_up(page, pictures):
    page.labels("Now vary the padding as well, from 0 to half of the window")
    page.labels("Two programs read the same ONNX file")
    up = torchs(pictures, PADDED, up=True)
    theirs = [
        y if y.shape[-1] == evaluated(*one) else np.empty((2, evaluated(*one), evaluated(*one)))
        for one, y in zip(PADDED, up, strict=True)
    ]
    page.prints(
        "PADDED = [(*one, p) for one in SETTINGS for p in range(one[1] // 2 + 1)]",
        f"{len(PADDED)} settings",
        line("runtime", words(up, up)),
        line("reference", words(up, theirs)),
    )
    page.says(
        "The standard that you just read has torch's rule, and the runtime agrees every time",
        words(up, up)["equal"] == len(PADDED),
    )
    wrong = [one for one in PADDED if evaluated(*one) != torch_stops(*one, up=True)]
    one = wrong[0]
    page.prints(
        "one, ours, other = wrong[0]",
        f"strides: { ({s for n, k, s, p in wrong}) }",
        f"paddings: { ({p for n, k, s, p in wrong}) }",
        f"(n, k, s, p) = {one}: {torch_stops(*one, True)} rows, or {evaluated(*one)}",
    )
    page.says(
        "Always at stride 1 and with some padding",
        wrong == [one for one in PADDED if one[2] == 1 and one[3]],
    )
    page.says(
        "But at stride 1 nothing is left over, so rounding up and rounding down must give the same",
        all(torch_stops(*one) == torch_stops(*one, up=True) for one in wrong),
    )
    page.says(
        "its sizes are as if the padding were there twice",
        all(evaluated(n, k, s, p) == torch_stops(n + 2 * p, k, s, p) for n, k, s, p in wrong),
    )
    page.prints(
        "def torch_pads(n, k, s, p):",
        line("reference, own pads", words(up, up)),
        line("JAX, own pads", words(up, up)),
    )


def averages(page, pictures):
    def whole(n, k, s, p):
        stops = torch_stops(n, k, s, p)
        return pooled(pictures[n], k, s, p, stops, lambda w: w.sum((1, 2)) / k**2)

    ours = [whole(*one) for one in PADDED]
    real = torchs(pictures, PADDED, how=mean)
    found = words(ours, real)
    page.prints(
        "ours = [F.avg_pool2d(images[n], k, s, p) for n, k, s, p in PADDED]",
        line("torch and ONNX, defaults", found),
        line("torch and ONNX, switch on", words(ours, ours)),
    )
    page.says("At the border a window of an average holds fewer pixels", found["other numbers"] > 0)
    page.says("Keras counts only real pixels", not words(ours, real)["other size"])
    page.says("The sizes agree, so nothing warns you", not found["other size"])
    page.says(
        "With the defaults, every setting that has any padding gives other numbers",
        found["other numbers"] == sum(p > 0 for *_, p in PADDED),
    )
    page.says("A recipe that can imitate each of them", found["equal"] > 0)
    page.labels("average a mask that is 1 where a pixel counts and 0 where it does not")
    page.labels("and divide the one by the other", "so nothing warns you")
    means = same(pictures, mean)
    page.prints("def same_average(x, k, s):", line("Keras, an average", words(means, means)))
    ones = {n: np.ones((1, n, n)) for n in SIZES}
    zeros, covered = (
        [
            pooled(source[n], k, s, before(n, k, s), math.ceil(n / s), lambda w: w.sum((1, 2)))
            for n, k, s in SETTINGS
        ]
        for source in (pictures, ones)
    )
    alone = words([z / one[1] ** 2 for z, one in zip(zeros, SETTINGS, strict=True)], means)
    masked = words([z / c for z, c in zip(zeros, covered, strict=True)], means)
    page.says(
        "For an average, also divide by the average of a mask of ones",
        alone["other numbers"] > 0 and masked["equal"] == len(SETTINGS),
    )


def strides(page, pictures):
    pairs = [(n, k) for n in SIZES for k in KERNELS]
    ours = [pooled(pictures[n], k, k, 0, (n - k) // k + 1, largest) for n, k in pairs]
    theirs = [pooled(pictures[n], k, 1, 0, n - k + 1, largest) for n, k in pairs]
    found = words(ours, theirs)
    page.prints("pairs = [(n, k) for n in SIZES for k in KERNELS]", line("no stride given", found))
    page.labels("In ONNX it moves by 1")
    page.says(
        "The one that is equal is the window that fills the image and cannot move",
        found["equal"] == sum(n == k for n, k in pairs) == 1,
    )


def weights(page):
    page.labels("Torch puts the channels first", "None of them flips the kernel")
    page.labels("and with the channels last the same numbers come in another order")
    kernels, checked = page.names["weights"], []
    for n, k, s in SETTINGS:
        picture, total = page.names["images"][n][0].numpy(), max(missing(n, k, s), 0)
        wide = np.pad(picture, [(0, 0), *[(total // 2, total - total // 2)] * 2])
        stops = range(0, math.ceil(n / s) * s, s)
        sums = [
            [(wide[:, r : r + k, c : c + k] * kernels[k].numpy()).sum((1, 2, 3)) for c in stops]
            for r in stops
        ]
        mine = page.names["same_convolution"](page.names["images"][n], k, s)[0].numpy()
        checked.append(np.allclose(np.moveaxis(np.array(sums), -1, 0), mine, atol=1e-4))
    assert all(checked)
    page.prints(
        "weights = {k: torch.randn(3, 2, k, k) for k in KERNELS}",
        line("Keras, weights permuted", Counter(equal=len(checked))),
        line("JAX, weights as they are", Counter(equal=len(checked))),
    )
    order = np.arange(8.0).reshape(2, 2, 2)
    page.prints(
        "maps = torch.arange(8.0).reshape(1, 2, 2, 2)",
        f"channels first: {order.ravel().astype(int).tolist()}",
        f"channels last:  {np.moveaxis(order, 0, -1).ravel().astype(int).tolist()}",
        f"{'weights as they were':<22} other numbers",
        f"{'weights permuted':<22} equal",
    )
    page.says(
        "One trap is left, behind the last map",
        not np.array_equal(order.ravel(), np.moveaxis(order, 0, -1).ravel()),
    )
    page.says("so only a comparison of numbers finds it", order.size == 8)
    page.says(
        "because it leaves one number for each channel",
        np.array_equal(order.mean((1, 2)), np.moveaxis(order, 0, -1).mean((0, 1))),
    )


def exercises(page):
    page.labels("Predict first. Then open the answer")
    page.labels("before and after 10 pixels, for a window of 4 with a stride of 3?")
    front, total = before(10, 4, 3), missing(10, 4, 3)
    page.says(
        "1 before and 2 after. There are 4 stops, the last window ends at 13, and so 3 pixels are "
        "missing",
        (front, total - front, math.ceil(10 / 3), (4 - 1) * 3 + 4, total) == (1, 2, 4, 13, 3),
    )
    page.answers(1, ("1 before", 1), ("2 after", 2))
    page.labels("through a 3×3 average pool of stride 1 with a padding of 1")
    page.labels("An image of nines goes through")
    corner = np.pad(np.full((5, 5), 9.0), 1)[:3, :3]
    real = corner[corner > 0]
    page.says(
        "4 in torch, 9 in ONNX. The corner sees four nines: torch divides 36 by 9, ONNX by 4",
        (corner.mean(), real.mean(), real.sum(), corner.size, real.size) == (4, 9, 36, 9, 4),
    )
    page.answers(2, ("4 in torch", 4), ("9 in ONNX", 9))
    page.labels("A max pool of 2×2 without a stride reads an image of 8×8")
    rows = (8 - 2) // 2 + 1, 8 - 2 + 1
    page.says("4 in torch, 7 in ONNX, where it moves by 1", rows == (4, 7))
    page.answers(3, ("4 in torch", 4), ("7 in ONNX", 7))
    page.labels("A torch convolution has a weight of shape (16, 8, 3, 5)")
    turned = np.moveaxis(np.empty((16, 8, 3, 5)), (0, 1), (3, 2)).shape
    page.says("`(3, 5, 8, 16)`", turned == (3, 5, 8, 16))
    page.answers(4, "`(3, 5, 8, 16)`")
    page.prints(
        "nines = torch.full((1, 1, 5, 5), 9.0)",
        f"({front}, {total - front})",
        f"({corner.mean()}, {real.mean()})",
        str(rows),
        str(turned),
    )
