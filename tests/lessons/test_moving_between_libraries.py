"""lessons/moving-between-libraries.py: every library's rule again, by windows cut out in numpy."""

import inspect
import io
import math
import os
import re
import tempfile
from collections import Counter
from contextlib import redirect_stdout
from importlib.metadata import version
from unittest.mock import patch

import numpy as np
import torch
from lesson_run import LESSONS, source
from matplotlib.figure import Figure
from phone import too_wide
from torch import nn
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
    carriers(page)
    the_rule(page)
    keras = same(pictures, largest)
    translations(page, pictures, keras)
    upper_and_lower(page, pictures, keras)
    rounding_up(page, pictures)
    averages(page, pictures)
    strides(page, pictures)
    weights(page)
    exercises(page)
    page.labels("You have a network in PyTorch, and it has to run somewhere else")
    page.labels("Count where they disagree, and make them equal with one recipe")
    page.labels("To see torch's side of any setting, window by window, use the [explorer]")
    page.labels("The rules of torch are in [padding], [output size] and, for `ceil_mode`")
    page.labels("[rounding up, and going back up]")
    page.cites("Where TensorFlow's rule puts an odd row is in its", NOTES)
    page.aside("The words and the measurements are our own", why="credits of this course")
    page.complete()
    assert not too_wide(page)


def three(page):
    square = np.arange(16.0).reshape(1, 4, 4)
    own = pooled(square, 3, 2, 1, 2, largest)[0]
    theirs = pooled(square, 3, 2, before(4, 3, 2), 2, largest)[0]
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
    page.says(
        "The same pool in PyTorch, Keras, JAX and ONNX can give other numbers",
        (own[0] != theirs[0]).all()
        and page.names["lax"].padtype_to_pads((4, 4), (3, 3), (2, 2), "SAME") == [(0, 1)] * 2,
    )
    carried = page.names["weights"][3]
    page.says(
        "Its weights can be copied number by number. But a layer is more than its weights",
        torch.equal(carried.permute(2, 3, 1, 0).clone().permute(3, 2, 0, 1), carried)
        and not [*nn.MaxPool2d(3, 2, 1).parameters()]
        and (own[0] != theirs[0]).all(),
    )
    page.labels("where does its window begin, how often does it stop")
    page.labels("and what does an average divide by?", "The picture shows why")
    rows = page.output("x = torch.arange(16.0).reshape(1, 1, 4, 4)").split("\n")
    page.says(
        "Here are three of them at work on one image, each asked for a 3×3 max pool of stride 2 "
        "that halves it",
        len(rows) == 3 and own.shape == theirs.shape == (4 / 2, 4 / 2),
    )
    starts_drawn(page, square[0])
    here_and_there(page)
    names = ("jax", "keras", "onnx", "onnxruntime")
    page.prints(
        "for library in (jax, keras, onnx, onnxruntime):",
        *(f"{name} {version(name)}" for name in names),
    )
    page.says(
        "Libraries change, so here is which of them speak on this page",
        [page.names[name].__version__ for name in names] == [version(name) for name in names],
    )
    needs = re.compile(rf"^\s*(?:import|from) ({'|'.join(names)})\b", re.MULTILINE)
    sources = {path.stem: path.read_text("utf-8") for path in LESSONS.glob("*.py")}
    who = {name: set(needs.findall(source)) for name, source in sources.items()}
    page.says(
        "If you run the notebook of this lesson, it needs four more packages than the others. Its "
        "first cell names them",
        {name: found for name, found in who.items() if found} == {page.name: set(names)}
        and f"pip install {' '.join(names)}" in page.run.lesson.code[0].source,
    )
    settings(page)


def settings(page):
    """What the comments of the cell say that gets the libraries to work."""
    keras, runtime = page.names["keras"], page.names["onnxruntime"]
    with patch.dict(os.environ, KERAS_BACKEND="torch"):
        too_late = keras.backend.backend()
    page.says("Keras reads this when it is imported", too_late == "jax")
    page.aside("compiles sooner", why="speed depends on the machine")

    def refuse():
        return page.names["runtime"](
            page.names["images"][6],
            "MaxPool",
            kernel_shape=[2, 2],
            strides=[3, 3],
            auto_pad="SAME_UPPER",
        )

    logged = {}
    for severity in (2, 4):  # the library's own, and the lesson's
        runtime.set_default_logger_severity(severity)
        logged[severity] = written_to_stderr(refuse)
    page.says(
        "errors are raised, not logged",  # the function makes None of what was raised
        refuse() is None and b"non-negative" in logged[2] and logged[4] == b"",
    )
    state = runtime.capi.onnxruntime_pybind11_state
    errors = [e for e in vars(state).values() if inspect.isclass(e) and issubclass(e, Exception)]
    shared = set.intersection(*(set(error.__mro__) for error in errors))
    page.says(
        "its errors have only Exception in common",
        len(errors) > 5 and shared == {Exception, BaseException, object},
    )


def carriers(page):
    """What the functions say of themselves that carry a tensor to a library and back."""
    names, x = page.names, torch.rand(2, 3, 4, 5)
    jax, layers = names["jax"], names["keras"].layers
    page.says(
        "A torch tensor as an array with its channels last, as Keras wants it",
        type(names["last"](x)) is np.ndarray
        and np.array_equal(names["last"](x), np.moveaxis(x.numpy(), 1, -1))
        and layers.MaxPooling2D(3).data_format == "channels_last",
    )
    back = names["first"](np.moveaxis(x.numpy(), 1, -1))
    page.says("Back to a torch tensor with its channels first", torch.equal(back, x))
    sizes = {"kernel_shape": [2, 2], "strides": [1, 1], "pads": [1] * 4, "ceil_mode": 1}
    model, read = names["onnx_model"]("MaxPool", **sizes), names["onnx"].helper.get_attribute_value
    [node] = model.graph.node
    page.says(
        "An ONNX model of this one layer",
        isinstance(model, names["onnx"].ModelProto)
        and node.op_type == "MaxPool"
        and {setting.name: read(setting) for setting in node.attribute} == sizes,
    )
    square = torch.rand(1, 2, 4, 4)
    evaluator = names["ReferenceEvaluator"](model.SerializeToString())
    rows = evaluated(4, 2, 1, 1)
    page.says(
        "What the reference evaluator of the onnx package makes of x",
        torch.equal(
            made := names["reference"](square, "MaxPool", **sizes),
            torch.from_numpy(evaluator.run(None, {"x": square.numpy()})[0]),
        )
        and made.shape[2:] == (rows, rows) != (torch_stops(4, 2, 1, 1, True),) * 2,  # its mistake
    )

    def asked(n, **sizes):
        """onnxruntime itself; its errors only have a name."""
        model = names["onnx_model"]("MaxPool", kernel_shape=[2, 2], **sizes).SerializeToString()
        session = names["onnxruntime"].InferenceSession(model)
        try:
            return session.run(None, {"x": names["images"][n].numpy()})[0]
        except Exception as error:
            return type(error).__name__

    refused = {"strides": [3, 3], "auto_pad": "SAME_UPPER"}
    made, none = (
        names["runtime"](names["images"][n], "MaxPool", kernel_shape=[2, 2], **sizes)
        for n, sizes in ((5, {}), (6, refused))
    )
    page.says(
        "What onnxruntime makes of x; None if it refuses",
        np.array_equal(made.numpy(), asked(5))
        and none is None
        and asked(6, **refused) in ("RuntimeException", "Fail"),
    )
    seen = []

    def layer(x, n, k, s):
        seen.append((n, k, s, isinstance(x, jax.core.Tracer)))
        return x * k + s

    with patch.object(jax, "jit", wraps=jax.jit) as jit:
        every = names["compiled"](layer, SETTINGS)
    page.says(
        "A layer of JAX or Keras on every setting, all of them compiled at once",
        jit.call_count == 1
        and seen == [(*one, True) for one in SETTINGS]
        and all(
            np.allclose(y, names["images"][n] * k + s, atol=1e-6)
            for y, (n, k, s) in zip(every, SETTINGS, strict=True)
        ),
    )
    some = [np.zeros(2), np.ones(2), np.ones(2), np.ones(2)]
    others = [np.zeros(2), np.ones(2), np.zeros(2), np.ones(3)]
    with redirect_stdout(io.StringIO()) as said:
        names["compare"]("some", *([torch.from_numpy(y) for y in ys] for ys in (some, others)))
    page.says(
        "Print how often two lists of outputs agree",
        said.getvalue() == line("some", words(some, others)) + "\n"
        and "2 equal" in said.getvalue(),
    )


def written_to_stderr(call) -> bytes:
    """What the process itself writes there, C++ included."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            call()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        log.seek(0)
        return log.read()


def here_and_there(page):
    """Torch's border and the one of `same`, from the window's places alone."""
    total = missing(4, 3, 2)
    fewer = (4 + total - 1 - 3) // 2 + 1  # stops, with one pixel less than that
    tall = page.names["torch"].rand(1, 8, 8).numpy()
    moved = np.pad(tall, ((0, 0), (1, 0), (1, 0)))[:, :8, :8]  # one pixel down and right
    torchs_own = pooled(tall, 3, 2, 1, 4, largest)
    keras = pooled(moved, 3, 2, before(8, 3, 2), 4, largest)
    ours = F.max_pool2d(torch.from_numpy(tall), 3, 2, 1).numpy()
    page.says(
        'Torch\'s padding adds a border on both sides. "Same" adds as little as it can, and here '
        "that is one row below and one column on the right",
        np.array_equal(ours, torchs_own)
        and (before(4, 3, 2), total) == (0, 1)
        and fewer < math.ceil(4 / 2) == (4 + total - 3) // 2 + 1,
    )
    page.says(
        "Neither is wrong, but the windows lie elsewhere, and a network that was trained with the "
        "one gets shifted maps from the other",
        ours.shape == keras.shape
        and np.array_equal(keras[:, :3, :3], ours[:, :3, :3])
        and not np.array_equal(pooled(tall, 3, 2, before(8, 3, 2), 4, largest), ours),
    )
    page.says(
        "Say what `same`, `SAME_UPPER` and `SAME_LOWER` add, and where",
        [page.names["same_pads"](4, 3, 2, low) for low in (False, True)] == [(0, 1), (1, 0)],
    )
    page.labels("Move a pool or a convolution between four libraries")
    page.labels("and prove that it gives the same numbers", "strides, divisors, layouts")
    page.labels("Find the defaults that differ in silence")


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
    figure = Figure()
    page.names["draw"](figure)
    greys = []
    for axes, (front, back) in zip(figure.axes, borders.values(), strict=True):
        side = range(-front, 4 + back)
        real = [{r, c} <= {0, 1, 2, 3} for r in side for c in side]
        filled = [box.get_facecolor()[3] > 0 for box in axes.patches[:-1]]
        greys.append(filled == [not inside for inside in real] and not all(real))
    page.says(
        "The first window of each, and a dot where each of the four begins. Grey cells are padding",
        all(found) and greys == [True, True],
    )


def the_rule(page):
    pads = [(before(n, 3, 2), max(missing(n, 3, 2), 0) - before(n, 3, 2)) for n in (4, 5)]
    page.prints("def same_pads(n, k, s, lower=False):", f"{pads[0]} {pads[1]}")
    answers = zip(page.names["in_keras"], same(images(), largest), strict=True)
    in_jax = {one: same_in_jax(page, *one) for one in SETTINGS}
    mine = {one: (before(*one), max(missing(*one), 0) - before(*one)) for one in SETTINGS}
    page.says(
        "TensorFlow's rule for same padding, which Keras and JAX took over, begins at the end",
        in_jax == mine
        and all(np.allclose(a[0].numpy(), b) for a, b in answers)
        and all(back - front in (0, 1) for front, back in mine.values()),
    )
    page.says(
        "How much `same` adds before and after n pixels",
        all(
            page.names["same_pads"](*one) == mine[one]
            and page.names["same_pads"](*one, True) == mine[one][::-1]
            for one in SETTINGS
        ),
    )
    page.labels('## "Same" means: as few as needed')
    page.says(
        "So it counts how many pixels the last window would miss, and adds just those, one half "
        "before the image and one half after it",
        all(0 <= missing(n, k, s) - 2 * before(n, k, s) <= 1 for n, k, s in SETTINGS if k >= s),
    )
    page.says(
        "A stride of $s$ shall leave $\\lceil n/s \\rceil$ numbers of $n$",
        [y.shape[-1] for y in page.names["in_keras"]] == [-(-n // s) for n, _, s in SETTINGS],
    )
    odd = [pair for one, pair in mine.items() if max(missing(*one), 0) % 2]
    page.says("An odd one goes to the end", odd and all(back == front + 1 for front, back in odd))
    page.says(
        '"Same" adds as few pixels as needed, and an odd one goes to the end, or with `SAME_LOWER` '
        "to the beginning",
        all(
            (n + sum(mine[n, k, s]) - k) // s + 1 == math.ceil(n / s)
            and (sum(mine[n, k, s]) == 0 or (n + sum(mine[n, k, s]) - 1 - k) // s + 1 < -(-n // s))
            for n, k, s in SETTINGS
        )
        and odd
        and all(back == front + 1 for front, back in odd)
        and all(same_in_jax(page, *one, "SAME_LOWER") == mine[one][::-1] for one in SETTINGS),
    )
    page.says("For 4 pixels it adds nothing before and one after", pads[0] == (0, 1))
    page.says(
        "For 5 pixels it adds one on each side, which is torch's `padding=1`", pads[1] == (1, 1)
    )
    square = {n: np.arange(float(n * n)).reshape(1, n, n) for n in (4, 5)}
    fits = [
        np.array_equal(
            F.max_pool2d(torch.from_numpy(image), 3, 2, 1).numpy(),
            pooled(image, 3, 2, before(n, 3, 2), math.ceil(n / 2), largest),
        )
        for n, image in square.items()
    ]
    page.says(
        "So the same layer fits torch on one image and not on the next", fits == [False, True]
    )
    page.labels("[this image and its border in the explorer], write large numbers into the border")
    page.labels("and see which outputs it reaches", "How often does it matter?")
    padded = F.pad(torch.arange(16.0).reshape(1, 4, 4), (0, 1, 0, 1), value=-math.inf)
    page.draws("moving-same-windows", slide(torch.nn.MaxPool2d(3, 2), padded))
    page.says(
        "This is what Keras does to the four rows, step by step in torch",
        np.array_equal(
            F.max_pool2d(padded, 3, 2).numpy(),
            pooled(square[4], 3, 2, before(4, 3, 2), 2, largest),
        )
        and torch.equal(page.names["padded"][0], padded),
    )
    page.says(
        "A border of minus infinity on the right and below, then a 3×3 pool with stride=2 and no "
        "padding of its own",
        padded[0, :, 4].max() == padded[0, 4].max() == -math.inf,
    )


def same_in_jax(page, n, k, s, word="SAME") -> tuple[int, int]:
    """What JAX itself would add before and after."""
    [pair] = page.names["lax"].padtype_to_pads((n,), (k,), (s,), word)
    return tuple(pair)


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
        "The recipe is to pad by hand, with minus infinity for a maximum, and then to pool without "
        "any padding",
        all(np.allclose(a[0], b) for a, b in zip(page.names["upper"], keras, strict=True))
        and words(keras, padded_by(pictures, 0))["other numbers"] > 0
        and words(keras, padded_by(pictures, -np.inf))["equal"] == len(SETTINGS),
    )
    page.says(
        "Pad by hand, then run the layer without padding: that is equal everywhere for maxima, "
        "with minus infinity, and for convolutions, with zeros",
        words(keras, keras)["equal"] == len(SETTINGS),
    )
    page.says("All 36 are equal", words(keras, keras)["equal"] == len(SETTINGS) == 36)


def padded_by(pictures, value):
    """Padded by hand with this value, then each window whole."""
    found = []
    for n, k, s in SETTINGS:
        front = before(n, k, s)
        back = max(missing(n, k, s), 0) - front
        wide = np.pad(pictures[n], [(0, 0), *[(front, back)] * 2], constant_values=value)
        found.append(pooled(wide, k, s, 0, math.ceil(n / s), largest))
    return found


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
    page.labels("Upper and lower", "Compare the two with each other, and then with the recipe")
    square = torch.from_numpy(pictures[4])[None]
    sizes = {"kernel_shape": [3, 3], "strides": [2, 2]}
    kinds = {
        word: page.names["runtime"](square, "MaxPool", **sizes, auto_pad=word)[0].numpy()
        for word in ("SAME_UPPER", "SAME_LOWER")
    }
    at = SETTINGS.index((4, 3, 2))
    page.says(
        'ONNX is a file format, and it has two kinds of "same": `SAME_UPPER` puts the odd pixel at '
        "the end, as Keras does, and `SAME_LOWER` puts it at the beginning",
        isinstance(page.names["onnx_model"]("MaxPool", **sizes).SerializeToString(), bytes)
        and np.array_equal(kinds["SAME_UPPER"], keras[at])
        and np.array_equal(kinds["SAME_LOWER"], lower[at])
        and not np.array_equal(keras[at], lower[at])
        and (before(4, 3, 2), before(4, 3, 2, lower=True)) == (0, 1),
    )
    page.says(
        "JAX has both, too",
        [same_in_jax(page, 4, 3, 2, word) for word in ("SAME", "SAME_LOWER")] == [(0, 1), (1, 0)],
    )
    printed = page.output("lower = [same_max(images[n], k, s, True) for n, k, s in SETTINGS]")
    with_recipe = printed.split("JAX, SAME_LOWER")[1]
    page.says(
        "The recipe is right wherever there is an answer",
        with_recipe.count(f"{len(SETTINGS) - 1} equal, 1 refused") == 2
        and f"{len(SETTINGS)} equal" in with_recipe
        and "other" not in with_recipe,
    )
    [(n, k, s)] = refused
    theirs = page.names["runtime"](
        torch.from_numpy(pictures[n])[None],
        "MaxPool",
        kernel_shape=[k, k],
        strides=[s, s],
        pads=[0, 0, 0, 0],
    )
    by_number = page.names["runtime"](square, "MaxPool", **sizes, pads=[0, 0, 1, 1])
    page.says(
        "So write the numbers of pixels into the file, as `pads`, and not the word",
        np.allclose(theirs[0].numpy(), keras[SETTINGS.index((n, k, s))])  # which the word refuses
        and np.array_equal(by_number[0].numpy(), keras[at]),
    )
    page.says(
        "The standard itself advises against all of it",
        "`auto_pad` is a DEPRECATED attribute" in page.names["standard"]
        and "auto_pad" in page.names["onnx"].defs.get_schema("MaxPool").attributes,
    )
    page.labels("Read what the installed `onnx` says")
    page.says(
        "The runtime refuses one setting, in which the window is smaller than the stride and the "
        "last window ends before the image does. The number of missing pixels is negative there",
        k < s and (math.ceil(n / s) - 1) * s + k < n and missing(n, k, s) < 0,
    )
    page.prints(
        'standard = " ".join(onnx.defs.get_schema("MaxPool").doc.split())',
        "Sliding windows that would start in the\nright padded region are ignored.",
        "`auto_pad` is a DEPRECATED attribute.",
    )


def rounding_up(page, pictures):
    page.labels("Now vary the padding as well, from 0 to half of the window")
    page.labels("Two programs read the same ONNX file: the fast runtime, and the reference")
    page.labels("evaluator that comes with the standard. Which of them agrees with torch?")
    steps = [((n + 2 * p - k) / s, n, s, p) for n, k, s, p in PADDED]
    dropped = [math.ceil(step) * s >= n + p for step, n, s, p in steps]
    counted = [math.ceil(step) + 1 - late for (step, *_), late in zip(steps, dropped, strict=True)]
    page.says(
        "Torch's `ceil_mode` rounds the output size up, and then drops a window that would start "
        "in the right padding; [rounding up, and going back up] shows it",
        [y.shape[-1] for y in page.names["rounded"]] == counted
        and any(dropped)
        and any(step % 1 and not late for (step, *_), late in zip(steps, dropped, strict=True))
        and "### The window that torch takes back" in source("rounding-up-and-going-back-up"),
    )
    page.says(
        "ONNX has `ceil_mode`, too",
        "ceil_mode" in page.names["onnx"].defs.get_schema("MaxPool").attributes,
    )
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
        "The standard that you just read has torch's rule, and the runtime agrees every time. The "
        "reference does not",
        "would start in the right padded region are ignored" in page.names["standard"]
        and f"runtime\n  {len(PADDED)} equal\n" in page.output("PADDED = [(*one, p)")
        and words(up, theirs)["equal"] < len(PADDED),
    )
    page.labels("Where?")
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
        "It is a mistake of the evaluator: its sizes are as if the padding were there twice. A "
        "reference can have a bug, too, so compare numbers and not promises",
        wrong
        and all(
            evaluated(n, k, s, p) == torch_stops(n + 2 * p, k, s, p) != torch_stops(n, k, s, p)
            for n, k, s, p in wrong
        ),
    )
    page.prints(
        "def torch_pads(n, k, s, p):",
        line("reference, own pads", words(up, up)),
        line("JAX, own pads", words(up, up)),
    )
    own = [(*one, page.names["torch_pads"](*one)) for one in PADDED]
    page.says(
        "There is a recipe that leaves nothing to such rules",
        all(
            (n + sum(pads) - k) // s + 1 == torch_stops(n, k, s, p, up=True)
            for n, k, s, p, pads in own
        ),
    )
    page.says(
        "What to add before and after, so that rounding down makes as many stops",
        all(
            pads[0] == p
            and F.max_pool1d(F.pad(torch.zeros(1, n), pads), k, s).shape
            == F.max_pool1d(torch.zeros(1, n), k, s, p, ceil_mode=True).shape
            for n, k, s, p, pads in own
        ),
    )
    page.labels("Ask torch how many stops it makes, and add what they need on the right")
    page.says(
        "Then rounding down gives the same, with any program",
        page.output("def torch_pads(n, k, s, p):").count(f"  {len(PADDED)} equal") == 2
        and all(
            np.array_equal(
                pooled(pictures[n], k, s, pads[0], (n + sum(pads) - k) // s + 1, largest), y
            )
            for (n, k, s, p, pads), y in zip(own, up, strict=True)
        ),
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
    divisors(page, pictures)
    page.says("The sizes agree, so nothing warns you", not found["other size"])
    page.says(
        "With the defaults, every setting that has any padding gives other numbers",
        found["other numbers"] == sum(p > 0 for *_, p in PADDED),
    )
    masked = {
        counts: [over_mask(pictures[n], k, s, p, counts) for n, k, s, p in PADDED]
        for counts in (1, 0)
    }
    page.says(
        "A recipe that can imitate each of them: average the image, average a mask that is 1 where "
        "a pixel counts and 0 where it does not, and divide the one by the other",
        words(masked[1], ours)["equal"] == words(masked[0], real)["equal"] == len(PADDED)
        and found["other numbers"] > 0,
    )
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


def over_mask(picture, k, s, p, counts):
    """The mean of the image over that of a mask, in which the padding counts or not."""
    image = torch.from_numpy(picture)
    mask = F.pad(torch.ones_like(image), [p] * 4, value=counts)
    return (F.avg_pool2d(F.pad(image, [p] * 4), k, s) / F.avg_pool2d(mask, k, s)).numpy()


def divisors(page, pictures):
    ones, pool = torch.ones(1, 4, 4), page.names["keras"].layers.AveragePooling2D
    over_the_end = F.avg_pool2d(ones, 3, 2, ceil_mode=True)  # 4 of 9 places are there
    page.says(
        "Without `ceil_mode`, torch divides by the size of the whole window, its padding included, "
        "unless you set `count_include_pad=False` or a divisor of your own",
        np.isclose(F.avg_pool2d(ones, 3, 1, 1)[0, 0, 0], 4 / 9)
        and F.avg_pool2d(ones, 3, 1, 1, count_include_pad=False)[0, 0, 0] == 1
        and F.avg_pool2d(ones, 3, 1, 1, divisor_override=2)[0, 0, 0] == 4 / 2
        and over_the_end[0, 1, 1] == 1,
    )
    switch = page.names["onnx"].defs.get_schema("AveragePool").attributes["count_include_pad"]
    page.says(
        "ONNX has the same switch, but there it is off by default",
        switch.default_value.i == 0
        and inspect.signature(nn.AvgPool2d).parameters["count_include_pad"].default is True,
    )
    means = same(pictures, mean)
    imitated = [
        page.names["same_average"](torch.from_numpy(pictures[n]), k, s) for n, k, s in SETTINGS
    ]
    page.says(
        "Keras counts only real pixels and has no switch",
        all(np.allclose(a, b, atol=1e-5) for a, b in zip(imitated, means, strict=True))
        and f"  {len(SETTINGS)} equal" in page.output("def same_average(x, k, s):")
        and {"pool_size", "padding"} < (names := set(inspect.signature(pool).parameters))
        and not [name for name in names if "count" in name or "div" in name],
    )
    lax, square = page.names["lax"], np.ones((4, 4), np.float32)
    added = lax.reduce_window(square, 0.0, lax.add, (2, 2), (2, 2), "VALID")
    page.says(
        "And `jax.lax` has no average pool: you add up each window, and divide yourself",
        not [name for name in dir(lax) if "pool" in name or "average" in name or "avg" in name]
        and np.array_equal(added, np.full((2, 2), 4)),
    )


def strides(page, pictures):
    pairs = [(n, k) for n in SIZES for k in KERNELS]
    ours = [pooled(pictures[n], k, k, 0, (n - k) // k + 1, largest) for n, k in pairs]
    theirs = [pooled(pictures[n], k, 1, 0, n - k + 1, largest) for n, k in pairs]
    found = words(ours, theirs)
    page.prints("pairs = [(n, k) for n in SIZES for k in KERNELS]", line("no stride given", found))
    page.labels("## A stride that nobody wrote")
    keras = page.names["keras"].layers
    page.says(
        "In torch and Keras, a pool that is given no stride moves by its own size. In ONNX it "
        "moves by 1",
        all(
            nn.MaxPool2d(k).stride == k
            and keras.MaxPooling2D(k).strides == keras.AveragePooling2D(k).strides == (k, k)
            for k in KERNELS
        )
        and all(
            page.names["runtime"](torch.ones(1, 1, 7, 7), op, kernel_shape=[3, 3]).shape[-1] == 5
            for op in ("MaxPool", "AveragePool")
        ),
    )
    page.says(
        "Divisors and strides have different defaults, and no error tells you",
        found["equal"] < len(pairs) and not found["refused"],
    )
    page.says(
        "The one that is equal is the window that fills the image and cannot move",
        found["equal"] == sum(n == k for n, k in pairs) == 1,
    )


def weights(page):
    axis_orders(page)
    page.labels("Permute weights when the channels move, also those behind a flattening")
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
    page.says(
        "None of them flips the kernel",
        all(checked)
        and not any(np.allclose(some, some.flip((2, 3))) for some in kernels.values())
        and page.output("weights = {k: torch").count(f"  {len(SETTINGS)} equal") == 2,
    )
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
    orders = order.ravel().tolist(), np.moveaxis(order, 0, -1).ravel().tolist()
    plain, right = page.names["plain"], page.names["right"]
    full = page.names["line"](torch.from_numpy(order).float().reshape(1, -1))
    page.says(
        "One trap is left, behind the last map. A linear layer reads the map flattened, and with "
        "the channels last the same numbers come in another order",
        orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1]),
    )
    page.says(
        "All shapes fit in both cases, so only a comparison of numbers finds it",
        plain.shape == right.shape == full.shape
        and torch.allclose(right, full, atol=1e-5)
        and not torch.allclose(plain, full, atol=1e-3),
    )
    mixed = np.random.default_rng(0).permuted(order.reshape(2, 4), axis=1).reshape(2, 2, 2)
    page.says(
        "Global average pooling in front of the linear layer avoids the trap, because it leaves "
        "one number for each channel, and then there is no order of rows and columns to get wrong",
        np.array_equal(order.mean((1, 2)), np.moveaxis(order, 0, -1).mean((0, 1)))
        and not np.array_equal(mixed, order)
        and np.array_equal(mixed.mean((1, 2)), order.mean((1, 2))),
    )


def axis_orders(page):
    jax, lax, keras = (page.names[name] for name in ("jax", "lax", "keras"))
    conv, [image, kernel] = nn.Conv2d(2, 3, (4, 5)), [(1, 8, 9, 2), (4, 5, 2, 3)]

    def shape_of(layer, *sizes):
        return jax.eval_shape(layer, *(np.zeros(size, np.float32) for size in sizes)).shape

    page.says(
        "Torch puts the channels first, and keeps a convolution's weights as (output, input, rows, "
        "columns)",
        conv.weight.shape == (3, 2, 4, 5) and conv(torch.zeros(1, 2, 8, 9)).shape == (1, 3, 5, 5),
    )
    page.says(
        "Keras puts the channels last, and wants (rows, columns, input, output)",
        keras.config.image_data_format() == "channels_last"
        and shape_of(keras.ops.conv, image, kernel) == (1, 5, 5, 3),
    )
    page.says("So weights are permuted", tuple(conv.weight.permute(2, 3, 1, 0).shape) == kernel)
    told = {
        words: shape_of(
            lambda x, w, words=words: lax.conv_general_dilated(
                x, w, (1, 1), "VALID", dimension_numbers=words
            ),
            *sizes,
        )
        for words, sizes in {
            ("NHWC", "HWIO", "NHWC"): (image, kernel),
            ("NCHW", "OIHW", "NCHW"): ((1, 2, 8, 9), (3, 2, 4, 5)),
        }.items()
    }
    page.says("JAX can be told either order", [*told.values()] == [(1, 5, 5, 3), (1, 3, 5, 5)])


def exercises(page):
    page.labels("Predict first", "Then open the answer", "Check your answers")
    page.labels("How many pixels does `same` add before and after 10 pixels")
    page.labels("for a window of 4 with a stride of 3?")
    front, total = before(10, 4, 3), missing(10, 4, 3)
    steps = slide(nn.MaxPool2d(4, 3), torch.zeros(1, 10 + total, 10 + total)).steps
    columns = np.tile(np.arange(10, dtype=np.float32), (10, 1))[None, :, :, None]
    windows = page.names["keras"].layers.MaxPooling2D(4, 3, padding="same")
    ends = np.array(windows(columns))[0, 0, :, 0].tolist()
    begins = (-np.array(windows(-columns)))[0, 0, :, 0].tolist()
    page.says(
        "1 before and 2 after. There are 4 stops, the last window ends at 13, and so 3 pixels are "
        "missing",
        (begins, ends) == ([0, 2, 5, 8], [2, 5, 8, 9])  # 3, 4, 4 and 2 real pixels of 4
        and (len(steps), steps[-1].taps[-1].col + 1, 13 - 10) == (4 * 4, 13, total)
        and (front, total - front) == (1, 2),
    )
    page.answers(1, ("1 before", 1), ("2 after", 2))
    page.labels("through a 3×3 average pool of stride 1 with a padding of 1")
    page.labels("An image of nines goes through", "What is in the corner of the output in torch")
    page.labels("and what in ONNX, both with their defaults?")
    nines, runtime = torch.full((1, 1, 5, 5), 9.0), page.names["runtime"]
    settings = dict(kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    corners = nn.AvgPool2d(3, 1, 1)(nines), runtime(nines, "AveragePool", **settings)
    corners = [out[0, 0, 0, 0].item() for out in corners]
    added = nn.AvgPool2d(3, 1, 1, divisor_override=1)(nines)[0, 0, 0, 0].item()
    page.says(
        "4 in torch, 9 in ONNX. The corner sees four nines: torch divides 36 by 9, ONNX by 4",
        (corners, added, [added / out for out in corners]) == ([4, 9], 36, [9, 4]),
    )
    page.answers(2, ("4 in torch", 4), ("9 in ONNX", 9))
    page.labels("A max pool of 2×2 without a stride reads an image of 8×8")
    eight = torch.arange(64.0).reshape(1, 1, 8, 8)
    both = nn.MaxPool2d(2)(eight), runtime(eight, "MaxPool", kernel_shape=[2, 2])
    rows = tuple(out.shape[2] for out in both)
    page.says(
        "4 in torch, 7 in ONNX, where it moves by 1",
        rows == (4, 7) and torch.equal(both[1], eight[..., 1:, 1:]),
    )
    page.answers(3, ("4 in torch", 4), ("7 in ONNX", 7))
    page.labels("A torch convolution has a weight of shape (16, 8, 3, 5)")
    turned = np.moveaxis(np.empty((16, 8, 3, 5)), (0, 1), (3, 2)).shape
    page.says(
        "`(3, 5, 8, 16)`: rows, columns, input channels, output channels",
        turned == (3, 5, 8, 16) and nn.Conv2d(8, 16, (3, 5)).weight.shape == (16, 8, 3, 5),
    )
    page.answers(4, "`(3, 5, 8, 16)`")
    page.prints(
        "nines = torch.full((1, 1, 5, 5), 9.0)",
        f"({front}, {total - front})",
        str(tuple(corners)),
        str(rows),
        str(turned),
    )
