# ---
# title: Moving a network between libraries
# description: The same pool in PyTorch, Keras, JAX and ONNX can give other numbers. Count where they disagree, and make them equal with one recipe.
# ---

# %% [markdown]
# # Moving a network between libraries
#
# You have a network in PyTorch, and it has to run somewhere else. Its weights can be copied number by number. But a layer is more than its weights: where does its window begin, how often does it stop, and what does an average divide by? Here are three of them at work on one image, each asked for a 3×3 max pool of stride 2 that halves it. (If you run the notebook of this lesson, it needs four more packages than the others. Its first cell names them.)

# %% tags=["hide-input"]
import os

os.environ["KERAS_BACKEND"] = "jax"  # Keras reads this when it is imported
try:
    import jax
    import keras
    import onnx
    import onnxruntime
except ImportError as error:
    needed = "pip install jax keras onnx onnxruntime"
    raise ImportError(f"this notebook needs more than the others: {needed}") from error

# %% tags=["hide-input"]
import math
import textwrap
from collections import Counter

import numpy as np
import torch
from jax import lax
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from torch import nn
from torch.nn import functional as F

from slidingwindows import slide
from slidingwindows.lesson import plot, show


def last(x):
    """A torch tensor as an array with its channels last, as Keras wants it."""
    return x.permute(0, 2, 3, 1).numpy()


def first(y):
    """Back to a torch tensor with its channels first."""
    return torch.from_numpy(np.array(y)).permute(0, 3, 1, 2)


def onnx_model(op, **settings):
    """An ONNX model of this one layer."""
    node = helper.make_node(op, ["x"], ["y"], **settings)
    x, y = (helper.make_tensor_value_info(v, TensorProto.FLOAT, None) for v in "xy")
    graph = helper.make_graph([node], "one layer", [x], [y])
    version = [helper.make_opsetid("", 22)]
    return helper.make_model(graph, opset_imports=version, ir_version=10)


jax.config.update("jax_disable_most_optimizations", True)  # compiles sooner
onnxruntime.set_default_logger_severity(4)  # errors are raised, not logged
alone = onnxruntime.SessionOptions()
alone.intra_op_num_threads = 1


def runtime(x, op, **settings):
    """What onnxruntime makes of x; None if it refuses."""
    model = onnx_model(op, **settings).SerializeToString()
    session = onnxruntime.InferenceSession(model, alone, ["CPUExecutionProvider"])
    try:
        return torch.from_numpy(session.run(None, {"x": x.numpy()})[0])
    except Exception:  # its errors have only Exception in common
        return None


def reference(x, op, **settings):
    """What the reference evaluator of the onnx package makes of x."""
    evaluator = ReferenceEvaluator(onnx_model(op, **settings))
    return torch.from_numpy(evaluator.run(None, {"x": x.numpy()})[0])


def compiled(layer, settings):
    """A layer of JAX or Keras on every setting, all of them compiled at once."""
    inputs = [last(images[n]) for n, *_ in settings]
    every = jax.jit(
        lambda xs: [layer(x, *one) for x, one in zip(xs, settings, strict=True)]
    )
    return [first(y) for y in every(inputs)]


x = torch.arange(16.0).reshape(1, 1, 4, 4)
same = keras.layers.MaxPooling2D(3, strides=2, padding="same")
for name, result in {
    "torch, padding=1": F.max_pool2d(x, 3, stride=2, padding=1),
    "Keras, 'same'": first(same(last(x))),
    "ONNX, SAME_UPPER": runtime(
        x, "MaxPool", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"
    ),
}.items():
    print(f"{name:<16} {result[0, 0].int().tolist()}")

# %% [markdown]
# All of them halve the image, and not one number of the first row agrees with torch. The picture shows why:

# %% tags=["hide-input"]
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle


def draw(figure):
    panels = figure.subplots(1, 2)
    borders = {"torch, padding=1": (1, 1), "Keras, 'same'": (0, 1)}
    for axes, (title, (before, after)) in zip(
        panels, borders.items(), strict=True
    ):
        ink = axes.title.get_color()
        side = range(-before, 4 + after)
        for row in side:
            for col in side:
                real = row in range(4) and col in range(4)
                grey = "none" if real else (*to_rgb(ink), 0.16)
                cell = (col - 0.5, row - 0.5)
                axes.add_patch(
                    Rectangle(cell, 1, 1, facecolor=grey, edgecolor="gray")
                )
                value = f"{row * 4 + col}" if real else "−∞"
                axes.text(col, row, value, ha="center", va="center", size=11)
        corner = (-before - 0.5, -before - 0.5)
        axes.add_patch(
            Rectangle(
                corner, 3, 3, facecolor=(*to_rgb("C0"), 0.3), edgecolor="C0", linewidth=3
            )
        )
        starts = (-before, 2 - before)
        dots = [(col - 0.33, row - 0.33) for row in starts for col in starts]
        axes.plot(*zip(*dots, strict=True), "o", color="C1", markersize=7)
        axes.set_xlim(-1.6, 4.6)
        axes.set_ylim(4.6, -1.6)
        axes.set_aspect("equal")
        axes.set_title(title)
        axes.set_axis_off()


plot(
    draw,
    "moving-two-starts",
    alt="Twice the same 4 by 4 numbers, with cells of minus infinity around them and the first of "
    "four windows of 3 by 3. For torch there is a border of one cell on all four sides, and the "
    "first window begins on it. For Keras the border is only on the right and below, and the first "
    "window begins on the first pixel.",
    caption="The first window of each, and a dot where each of the four begins. Grey cells are "
    "padding.",
    height=340,
)

# %% [markdown]
# Torch's padding adds a border on both sides. "Same" adds as little as it can, and here that is one row below and one column on the right. Neither is wrong, but the windows lie elsewhere, and a network that was trained with the one gets shifted maps from the other.
#
# !!! abstract "What you will be able to do"
#     - Say what `same`, `SAME_UPPER` and `SAME_LOWER` add, and where.
#     - Move a pool or a convolution between four libraries, and prove that it gives the same numbers.
#     - Find the defaults that differ in silence: strides, divisors, layouts.
#
# Libraries change, so here is which of them speak on this page:

# %%
for library in (jax, keras, onnx, onnxruntime):
    print(library.__name__, library.__version__)

# %% [markdown]
# ## "Same" means: as few as needed
#
# TensorFlow's rule for same padding, which Keras and JAX took over, begins at the end. A stride of $s$ shall leave $\lceil n/s \rceil$ numbers of $n$. So it counts how many pixels the last window would miss, and adds just those, one half before the image and one half after it. An odd one goes to the end:


# %%
def same_pads(n, k, s, lower=False):
    """How much `same` adds before and after n pixels."""
    missing = max((math.ceil(n / s) - 1) * s + k - n, 0)
    small, large = missing // 2, missing - missing // 2
    return (large, small) if lower else (small, large)


print(same_pads(4, 3, 2), same_pads(5, 3, 2))

# %% [markdown]
# For 4 pixels it adds nothing before and one after. For 5 pixels it adds one on each side, which is torch's `padding=1`. So the same layer fits torch on one image and not on the next. This is what Keras does to the four rows, step by step in torch:

# %%
padded = F.pad(x, (0, 1, 0, 1), value=-math.inf)
show(
    slide(nn.MaxPool2d(3, stride=2), padded[0]),
    "moving-same-windows",
    "A border of minus infinity on the right and below, then a 3×3 pool with stride=2 and no "
    "padding of its own.",
)

# %% [markdown]
# Open [this image and its border in the explorer](../explorer.md#call=nn.MaxPool2d%283,stride=2%29&input=0,1,2,3,-Infinity;4,5,6,7,-Infinity;8,9,10,11,-Infinity;12,13,14,15,-Infinity;-Infinity,-Infinity,-Infinity,-Infinity,-Infinity), write large numbers into the border, and see which outputs it reaches.
#
# How often does it matter? Try every image from 4×4 to 7×7, with windows of 2 to 4 and strides of 1 to 3. That is 36 settings.
#
# !!! question "Predict"
#     The usual translation of `same` is `padding=k // 2`. In how many of the 36 does it give what Keras gives?


# %%
SIZES, KERNELS, STRIDES = (4, 5, 6, 7), (2, 3, 4), (1, 2, 3)
SETTINGS = [(n, k, s) for n in SIZES for k in KERNELS for s in STRIDES]
torch.manual_seed(0)
images = {n: torch.randn(1, 2, n, n) for n in SIZES}


def verdict(a, b):
    if b is None:
        return "refused"
    if a.shape != b.shape:
        return "other size"
    return "equal" if torch.allclose(a, b, atol=1e-5) else "other numbers"


def compare(name, ours, theirs):
    """Print how often two lists of outputs agree."""
    found = Counter(map(verdict, ours, theirs))
    print(name)
    print(" ", ", ".join(f"{found[word]} {word}" for word in sorted(found)))


in_keras = compiled(
    lambda x, n, k, s: keras.layers.MaxPooling2D(k, s, "same")(x), SETTINGS
)
half = [F.max_pool2d(images[n], k, s, k // 2) for n, k, s in SETTINGS]
less = [F.max_pool2d(images[n], k, s, (k - 1) // 2) for n, k, s in SETTINGS]
compare("padding=k // 2", half, in_keras)
compare("padding=(k - 1) // 2", less, in_keras)

# %% [markdown]
# Neither translation is right more often than it is wrong. The recipe is to pad by hand, with minus infinity for a maximum, and then to pool without any padding:


# %%
def same_max(x, k, s, lower=False):
    pads = same_pads(x.shape[-1], k, s, lower)
    return F.max_pool2d(F.pad(x, pads * 2, value=-math.inf), k, s)


upper = [same_max(images[n], k, s) for n, k, s in SETTINGS]
compare("pad by hand", upper, in_keras)

# %% [markdown]
# All 36 are equal.
#
# ## Upper and lower
#
# ONNX is a file format, and it has two kinds of "same": `SAME_UPPER` puts the odd pixel at the end, as Keras does, and `SAME_LOWER` puts it at the beginning. JAX has both, too. Compare the two with each other, and then with the recipe:

# %%
lower = [same_max(images[n], k, s, True) for n, k, s in SETTINGS]
compare("upper against lower", upper, lower)
in_jax = compiled(
    lambda x, n, k, s: lax.reduce_window(
        x, -np.inf, lax.max, (1, k, k, 1), (1, s, s, 1), "SAME_LOWER"
    ),
    SETTINGS,
)
compare("JAX, SAME_LOWER", lower, in_jax)
for word, ours in {"SAME_UPPER": upper, "SAME_LOWER": lower}.items():
    theirs = [
        runtime(
            images[n], "MaxPool", kernel_shape=[k, k], strides=[s, s], auto_pad=word
        )
        for n, k, s in SETTINGS
    ]
    compare(f"onnxruntime, {word}", ours, theirs)
refused = [
    setting for setting, y in zip(SETTINGS, theirs, strict=True) if y is None
]
print("refused (n, k, s):", refused)

# %% [markdown]
# The recipe is right wherever there is an answer. The runtime refuses one setting, in which the window is smaller than the stride and the last window ends before the image does. The number of missing pixels is negative there.
#
# The standard itself advises against all of it. Read what the installed `onnx` says:

# %%
standard = " ".join(onnx.defs.get_schema("MaxPool").doc.split())
for sentence in standard.split(". "):
    if "DEPRECATED" in sentence or "right padded region" in sentence:
        print(textwrap.fill(sentence + ".", 42))

# %% [markdown]
# So write the numbers of pixels into the file, as `pads`, and not the word.
#
# ## Rounding up
#
# Torch's `ceil_mode` rounds the output size up, and then drops a window that would start in the right padding; [rounding up, and going back up](rounding-up-and-going-back-up.ipynb#the-window-that-torch-takes-back) shows it. ONNX has `ceil_mode`, too. Now vary the padding as well, from 0 to half of the window.
#
# !!! question "Predict"
#     Two programs read the same ONNX file: the fast runtime, and the reference evaluator that comes with the standard. Which of them agrees with torch?

# %%
PADDED = [(*one, p) for one in SETTINGS for p in range(one[1] // 2 + 1)]
print(len(PADDED), "settings")
rounded = [
    F.max_pool2d(images[n], k, s, p, ceil_mode=True) for n, k, s, p in PADDED
]
for run in (runtime, reference):
    theirs = [
        run(
            images[n],
            "MaxPool",
            kernel_shape=[k, k],
            strides=[s, s],
            pads=[p, p, p, p],
            ceil_mode=1,
        )
        for n, k, s, p in PADDED
    ]
    compare(run.__name__, rounded, theirs)

# %% [markdown]
# The standard that you just read has torch's rule, and the runtime agrees every time. The reference does not. Where?

# %%
wrong = [
    (one, a.shape[-1], b.shape[-1])
    for one, a, b in zip(PADDED, rounded, theirs, strict=True)
    if a.shape != b.shape
]
print("strides:", {s for (n, k, s, p), *_ in wrong})
print("paddings:", {p for (n, k, s, p), *_ in wrong})
one, ours, other = wrong[0]
print(f"(n, k, s, p) = {one}: {ours} rows, or {other}")

# %% [markdown]
# Always at stride 1 and with some padding. But at stride 1 nothing is left over, so rounding up and rounding down must give the same. It is a mistake of the evaluator: its sizes are as if the padding were there twice. A reference can have a bug, too, so compare numbers and not promises.
#
# There is a recipe that leaves nothing to such rules. Ask torch how many stops it makes, and add what they need on the right. Then rounding down gives the same, with any program:


# %%
def torch_pads(n, k, s, p):
    """What to add before and after, so that rounding down makes as many stops."""
    row = torch.empty(1, 1, n, device="meta")
    stops = F.max_pool1d(row, k, s, p, ceil_mode=True).shape[-1]
    return p, max((stops - 1) * s + k - n - p, 0)


theirs = []
for n, k, s, p in PADDED:
    before, after = torch_pads(n, k, s, p)
    pads = [before, before, after, after]
    theirs.append(
        reference(
            images[n], "MaxPool", kernel_shape=[k, k], strides=[s, s], pads=pads
        )
    )
compare("reference, own pads", rounded, theirs)


def in_windows(x, n, k, s, p):
    pads = torch_pads(n, k, s, p)
    sizes = (1, k, k, 1), (1, s, s, 1), ((0, 0), pads, pads, (0, 0))
    return lax.reduce_window(x, -np.inf, lax.max, *sizes)


compare("JAX, own pads", rounded, compiled(in_windows, PADDED))

# %% [markdown]
# ## What an average divides by
#
# At the border a window of an average holds fewer pixels. Without `ceil_mode`, torch divides by the size of the whole window, its padding included, unless you set `count_include_pad=False` or a divisor of your own. ONNX has the same switch, but there it is off by default. Keras counts only real pixels and has no switch. And `jax.lax` has no average pool: you add up each window, and divide yourself.

# %%
ours = [F.avg_pool2d(images[n], k, s, p) for n, k, s, p in PADDED]
for name, switch in {"defaults": {}, "switch on": {"count_include_pad": 1}}.items():
    theirs = [
        runtime(
            images[n],
            "AveragePool",
            kernel_shape=[k, k],
            strides=[s, s],
            pads=[p, p, p, p],
            **switch,
        )
        for n, k, s, p in PADDED
    ]
    compare(f"torch and ONNX, {name}", ours, theirs)

# %% [markdown]
# The sizes agree, so nothing warns you. With the defaults, every setting that has any padding gives other numbers.
#
# A recipe that can imitate each of them: average the image, average a mask that is 1 where a pixel counts and 0 where it does not, and divide the one by the other.


# %%
def same_average(x, k, s):
    pads = same_pads(x.shape[-1], k, s) * 2
    counts = F.pad(torch.ones_like(x), pads)
    return F.avg_pool2d(F.pad(x, pads), k, s) / F.avg_pool2d(counts, k, s)


theirs = compiled(
    lambda x, n, k, s: keras.layers.AveragePooling2D(k, s, "same")(x), SETTINGS
)
ours = [same_average(images[n], k, s) for n, k, s in SETTINGS]
compare("Keras, an average", ours, theirs)

# %% [markdown]
# ## A stride that nobody wrote
#
# In torch and Keras, a pool that is given no stride moves by its own size. In ONNX it moves by 1:

# %%
pairs = [(n, k) for n in SIZES for k in KERNELS]
ours = [F.max_pool2d(images[n], k) for n, k in pairs]
theirs = [runtime(images[n], "MaxPool", kernel_shape=[k, k]) for n, k in pairs]
compare("no stride given", ours, theirs)

# %% [markdown]
# The one that is equal is the window that fills the image and cannot move.
#
# ## Weights, and the order of axes
#
# Torch puts the channels first, and keeps a convolution's weights as (output, input, rows, columns). Keras puts the channels last, and wants (rows, columns, input, output). So weights are permuted. JAX can be told either order. None of them flips the kernel.

# %%
weights = {k: torch.randn(3, 2, k, k) for k in KERNELS}


def same_convolution(x, k, s):
    return F.conv2d(F.pad(x, same_pads(x.shape[-1], k, s) * 2), weights[k], stride=s)


ours = [same_convolution(images[n], k, s) for n, k, s in SETTINGS]
theirs = compiled(
    lambda x, n, k, s: keras.ops.conv(
        x, weights[k].permute(2, 3, 1, 0).numpy(), s, "same"
    ),
    SETTINGS,
)
compare("Keras, weights permuted", ours, theirs)
theirs = compiled(
    lambda x, n, k, s: lax.conv_general_dilated(
        x, weights[k].numpy(), (s, s), "SAME", dimension_numbers=("NHWC", "OIHW", "NHWC")
    ),
    SETTINGS,
)
compare("JAX, weights as they are", ours, theirs)

# %% [markdown]
# One trap is left, behind the last map. A linear layer reads the map flattened, and with the channels last the same numbers come in another order:

# %%
maps = torch.arange(8.0).reshape(1, 2, 2, 2)
print("channels first:", maps.int().flatten().tolist())
print("channels last: ", last(maps.int()).reshape(-1).tolist())
line = nn.Linear(8, 3).requires_grad_(False)
turned = line.weight.reshape(3, 2, 2, 2).permute(0, 2, 3, 1).reshape(3, 8)
flat = torch.from_numpy(last(maps).reshape(1, -1).copy())
plain, right = flat @ line.weight.T + line.bias, flat @ turned.T + line.bias
for name, result in {"weights as they were": plain, "weights permuted": right}.items():
    print(f"{name:<22} {verdict(line(maps.flatten(1)), result)}")

# %% [markdown]
# All shapes fit in both cases, so only a comparison of numbers finds it. Global average pooling in front of the linear layer avoids the trap, because it leaves one number for each channel, and then there is no order of rows and columns to get wrong.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** How many pixels does `same` add before and after 10 pixels, for a window of 4 with a stride of 3?
#
# ??? success "Answer"
#     1 before and 2 after. There are 4 stops, the last window ends at 13, and so 3 pixels are missing.
#
# **2.** An image of nines goes through a 3×3 average pool of stride 1 with a padding of 1. What is in the corner of the output in torch, and what in ONNX, both with their defaults?
#
# ??? success "Answer"
#     4 in torch, 9 in ONNX. The corner sees four nines: torch divides 36 by 9, ONNX by 4.
#
# **3.** A max pool of 2×2 without a stride reads an image of 8×8. How many rows come out in torch, and how many in ONNX?
#
# ??? success "Answer"
#     4 in torch, 7 in ONNX, where it moves by 1.
#
# **4.** A torch convolution has a weight of shape (16, 8, 3, 5). Which shape does Keras want?
#
# ??? success "Answer"
#     `(3, 5, 8, 16)`: rows, columns, input channels, output channels.
#
# Check your answers:

# %% tags=["collapse"]
print(same_pads(10, 4, 3))
nines = torch.full((1, 1, 5, 5), 9.0)
corners = (
    F.avg_pool2d(nines, 3, 1, 1)[0, 0, 0, 0].item(),
    runtime(nines, "AveragePool", kernel_shape=[3, 3], pads=[1] * 4)[0, 0, 0, 0].item(),
)
print(corners)
eight = torch.rand(1, 1, 8, 8)
rows = (
    F.max_pool2d(eight, 2).shape[2],
    runtime(eight, "MaxPool", kernel_shape=[2, 2]).shape[2],
)
print(rows)
print(tuple(torch.empty(16, 8, 3, 5).permute(2, 3, 1, 0).shape))

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. How many before and after, such as (3, 4).
check(..., lambda: same_pads(10, 4, 3))
# 2. The corner in torch and in ONNX, such as (1, 2).
check(..., lambda: corners)
# 3. The rows in torch and in ONNX, such as (2, 3).
check(..., lambda: rows)
# 4. The shape, such as (1, 2, 3, 4).
check(..., lambda: torch.empty(16, 8, 3, 5).permute(2, 3, 1, 0).shape)

# %% [markdown]
# ## What you know now
#
# - "Same" adds as few pixels as needed, and an odd one goes to the end, or with `SAME_LOWER` to the beginning.
# - Pad by hand, then run the layer without padding: that is equal everywhere for maxima, with minus infinity, and for convolutions, with zeros. For an average, also divide by the average of a mask of ones.
# - Divisors and strides have different defaults, and no error tells you.
# - Permute weights when the channels move, also those behind a flattening.
#
# To see torch's side of any setting, window by window, use the [explorer](../explorer.md). The rules of torch are in [padding](padding.ipynb), [output size](output-size.ipynb) and, for `ceil_mode`, [rounding up, and going back up](rounding-up-and-going-back-up.ipynb).
#
# Where TensorFlow's rule puts an odd row is in its [notes on padding](https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2). The words and the measurements are our own.
