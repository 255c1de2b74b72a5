# ---
# title: From scratch in NumPy
# description: Pooling, convolution and the gradient of max pooling in a few lines of NumPy each, compared with torch on 500 random cases.
# ---

# %% [markdown]
# # From scratch in NumPy
#
# How much code is a pooling layer? You are about to write one, then a convolution, then the way back. At the end you let 500 random cases decide whether you have understood torch.
#
# !!! abstract "What you will be able to do"
#     - Write max pooling, average pooling and convolution without torch.
#     - Get all windows of an array at once, without copying a number.
#     - Turn a convolution into one product of two matrices.
#     - Send a gradient back through max pooling by hand.
#
# Arrays here have the shape (channels, height, width), and all windows are square. That keeps the code short.
#
# ## How many windows?
#
# You know the formula. In code, rounding up needs one more rule: `ceil_mode` drops the last window if it would start in the padding on the right.

# %%
import numpy as np


def output_size(i, k, s=1, p=0, d=1, ceil_mode=False):
    room = i + 2 * p - d * (k - 1) - 1
    o = (-(-room // s) if ceil_mode else room // s) + 1  # -(-a // b) rounds up
    if ceil_mode and (o - 1) * s >= i + p:
        o -= 1
    return o


# %% [markdown]
# !!! question "Predict"
#     A pool has a kernel of 3, a stride of 3, a padding of 1 and `ceil_mode`. The input has 5 rows. Rounding up gives three windows. How many does torch make?

# %%
import torch
from torch import nn

five = torch.rand(1, 5, 5)
pool = nn.MaxPool2d(3, stride=3, padding=1, ceil_mode=True)
print("ours: ", output_size(5, k=3, s=3, p=1, ceil_mode=True))
print("torch:", pool(five).shape[-1])

# %% [markdown]
# Two. Counted from 0, the third window would start at row 6 of the padded input. There the padding on the right begins, so torch drops that window.
#
# ## Loops first
#
# Start with the slow and obvious way: pad, then stop at each place and fold the window into one number for each channel.

# %%
def slide_loops(x, fold, k, s, p=0, fill=0.0):
    x = np.pad(x, [(0, 0), (p, p), (p, p)], constant_values=fill)
    rows, cols = (output_size(i, k, s) for i in x.shape[1:])
    out = []
    for top in range(0, rows * s, s):
        for left in range(0, cols * s, s):
            out.append(fold(x[:, top : top + k, left : left + k]))
    return np.array(out).T.reshape(-1, rows, cols)  # channels first


# %% [markdown]
# The layers differ only in `fold` and in `fill`, the number that stands in the border:

# %%
x = np.array([[[3., 1, 4, 1, 5],
               [9., 2, 6, 5, 3],
               [5., 8, 9, 7, 9],
               [3., 2, 3, 8, 4],
               [6., 2, 6, 4, 3]]], dtype=np.float32)
weight = np.array([[[[1., 0, -1],
                     [2., 0, -2],
                     [1., 0, -1]]]], dtype=np.float32)

largest = slide_loops(x, lambda w: w.max((1, 2)), 3, 2, 1, fill=-np.inf)
mean = slide_loops(x, lambda w: w.mean((1, 2)), 3, 2, 1)
convolved = slide_loops(x, lambda w: (weight * w).sum((1, 2, 3)), 3, 2, 1)
print(largest, mean.round(2), convolved, sep="\n")

# %% [markdown]
# The maximum needs minus infinity in the border. The other two take zeros. Compare the first with torch's own windows:

# %%
from slidingwindows import route, slide
from slidingwindows.lesson import show

image = torch.from_numpy(x)

# %%
show(slide(nn.MaxPool2d(3, stride=2, padding=1), image), "scratch-max-pool", "What the loops do, as torch does it. The border holds minus infinity.")

# %% [markdown]
# [Open these numbers in the explorer](../explorer.md#call=nn.MaxPool2d%283,stride=2,padding=1%29&input=3,1,4,1,5;9,2,6,5,3;5,8,9,7,9;3,2,3,8,4;6,2,6,4,3), and step through the windows in the order of your loops.
#
# ## All windows at once
#
# Loops in Python are slow. NumPy can hand you every window in one go: `sliding_window_view`. It is a *view*. It copies nothing; it reads the same memory in another order.

# %%
from numpy.lib.stride_tricks import sliding_window_view

view = sliding_window_view(x, (3, 3), axis=(1, 2))
print(view.shape)
print("shares its memory with x:", np.shares_memory(view, x))

# %% [markdown]
# One channel, 3×3 places, and at each place a 3×3 window. The view looks like 81 numbers, but there are still only 25 in memory.
#
# It moves at stride 1. You know from the lesson on [stride](stride-instead-of-pooling.ipynb) that any other stride is every $s$-th place of that, so `[::s, ::s]` on the places makes the stride. And dilation is every $d$-th cell *inside* a wider window, so `[::d, ::d]` on the last two axes makes the dilation.
#
# One thing is left: with `ceil_mode` the last window may hang over the edge of the padding. These cells beyond the edge get a value of their own, `beyond`. You will soon see why.

# %%
def windows(x, k, s, p=0, d=1, ceil_mode=False, fill=0.0, beyond=0.0):
    """All windows of x: (channels, rows, columns, k, k)."""
    span = d * (k - 1) + 1  # from a window's first to its last cell
    overhang = [(0, 0)]
    for i in x.shape[1:]:
        reach = (output_size(i, k, s, p, d, ceil_mode) - 1) * s + span
        overhang.append((0, max(0, reach - (i + 2 * p))))
    x = np.pad(x, [(0, 0), (p, p), (p, p)], constant_values=fill)
    x = np.pad(x, overhang, constant_values=beyond)
    every = sliding_window_view(x, (span, span), axis=(1, 2))
    return every[:, ::s, ::s, ::d, ::d]


# %% [markdown]
# Max pooling is now short:

# %%
def max_pool(x, k, s, p=0, d=1, ceil_mode=False):
    w = windows(x, k, s, p, d, ceil_mode, fill=-np.inf, beyond=-np.inf)
    return w.max((-2, -1))


pooled = max_pool(x, 3, 2, p=1)
print("the same as the loops:", np.array_equal(pooled, largest))

# %% [markdown]
# ## What does an average divide by?
#
# The sum is easy: zeros in the border and beyond. The divisor is where people slip. There are three kinds of cells:
#
# | cell | counts with `count_include_pad=True` | with `False` |
# |---|---|---|
# | a real pixel | yes | yes |
# | padding | yes | no |
# | beyond the padding, by `ceil_mode` | no | no |
#
# So slide the same windows over an image that says of each cell whether it counts, and add up:

# %%
def avg_pool(x, k, s, p=0, ceil_mode=False, count_include_pad=True):
    padding_counts = float(count_include_pad)
    total = windows(x, k, s, p, 1, ceil_mode)
    counts = windows(np.ones_like(x), k, s, p, 1, ceil_mode, fill=padding_counts)
    return total.sum((-2, -1)) / counts.sum((-2, -1))


# %% [markdown]
# !!! question "Predict"
#     A 4×4 image of ones, `nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True)`. The last window holds one real pixel. What does it divide by?

# %%
white = np.ones((1, 4, 4), dtype=np.float32)
pool = nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True)
ours = avg_pool(white, 3, 2, p=1, ceil_mode=True)
print(ours[0].round(3))
theirs = pool(torch.from_numpy(white)).numpy()
print("the same as torch's:", np.allclose(ours, theirs))

# %%
show(slide(pool, torch.from_numpy(white)), "scratch-average-ceil", "The last window hangs over the padding. What lies beyond is not counted.")

# %% [markdown]
# It divides by 4: one real pixel and three cells of padding. The five cells beyond are not counted, so the result is 0.25 and not one ninth.
#
# ## A convolution is one product of matrices
#
# A convolution multiplies each window by the same weights and adds up. That is what a matrix product does. So write each window as a column, and each kernel as a row. The columns are called *im2col*, from image to columns. Torch has them too, as `nn.Unfold`:

# %%
show(slide(nn.Unfold(2), image[:, :3, :4]), "scratch-im2col", "Each window of 2×2 becomes one column of four numbers.")

# %%
def im2col(x, k, s=1, p=0, d=1):
    w = windows(x, k, s, p, d)
    rows, cols = w.shape[1:3]
    columns = w.transpose(0, 3, 4, 1, 2).reshape(-1, rows * cols)
    return columns, (rows, cols)


def conv(x, weight, bias, s=1, p=0, d=1):
    columns, size = im2col(x, weight.shape[-1], s, p, d)
    kernels = weight.reshape(len(weight), -1)  # a row for each channel
    return (kernels @ columns + bias[:, None]).reshape(-1, *size)


columns, size = im2col(x, 3, s=2, p=1)
unfolded = nn.Unfold(3, padding=1, stride=2)(image[None])[0].numpy()
product = conv(x, weight, np.zeros(1, np.float32), s=2, p=1)
print(columns.shape)
print("the same as torch's Unfold:", np.array_equal(columns, unfolded))
print("product and loops agree:", np.array_equal(product, convolved))

# %% [markdown]
# The view was free. These columns are not: putting overlapping windows next to each other in memory means copying. Ask what the columns of a larger image cost:

# %%
photo = np.zeros((64, 56, 56), dtype=np.float32)
columns, _ = im2col(photo, 3, p=1)
print(columns.size // photo.size, "times the numbers")
print("shares its memory:", np.shares_memory(columns, photo))

# %% [markdown]
# A 3×3 kernel at stride 1 makes the image 9 times as large. That is the price of one large matrix product, which is what processors do best.
#
# ## The way back
#
# Max pooling has no weights, but a gradient must pass through it. Each window hands its gradient to the cell that won. So you need the winner's *address*.
#
# Here is a trick: slide the same windows over an array of addresses. Where `argmax` says "cell 3 of this window", the other windows say where that is.
#
# !!! question "Predict"
#     Windows of 2×2 at stride 1 move over a 3×3 image with its largest number in the middle. Each output sends back a gradient of 1. How much arrives in the middle?

# %%
def winners(x, k, s, p=0, d=1, ceil_mode=False):
    low, numbers = -np.inf, np.arange(x.size).reshape(x.shape)
    values = windows(x, k, s, p, d, ceil_mode, fill=low, beyond=low)
    addresses = windows(numbers, k, s, p, d, ceil_mode)
    flat = (*values.shape[:3], k * k)
    # argmax takes the first of equal numbers, and so does torch
    first = values.reshape(flat).argmax(-1)[..., None]
    found = np.take_along_axis(addresses.reshape(flat), first, -1)
    return found[..., 0]


def max_pool_backward(x, gradient, *settings):
    back = np.zeros(x.size, dtype=x.dtype)
    np.add.at(back, winners(x, *settings), gradient)
    return back.reshape(x.shape)


peak = np.array([[[1., 2, 1], [2, 9, 2], [1, 2, 1]]], dtype=np.float32)
max_pool_backward(peak, np.ones((1, 2, 2), np.float32), 2, 1)

# %%
show(route(nn.MaxPool2d(2, stride=1), torch.from_numpy(peak)), "scratch-gradient", "All four windows hold the 9, so it receives four gradients.")

# %% [markdown]
# Four windows hold the middle, and it wins in all of them: 4.
#
# !!! warning "A common mistake: adding with +="
#     Why `np.add.at` and not `back[index] += gradient`? Because `+=` reads first, adds, and writes last. If an address is there four times, three of the additions are lost:

# %%
index = winners(peak, 2, 1)
lost = np.zeros(9)
lost[index] += 1
kept = np.zeros(9)
np.add.at(kept, index, 1)
print("+=        ", lost[4])
print("np.add.at ", kept[4])

# %% [markdown]
# As long as windows lie side by side, `+=` works. It fails without a word as soon as two windows share a winner, and that takes overlapping windows.
#
# ## Let random cases decide
#
# A few examples prove little. So draw 500 settings at random: channels, sizes, kernel, stride, padding, dilation, `ceil_mode`, `count_include_pad`. The inputs are small whole numbers, so there are many ties. Each setting is tried on all four functions.

# %%
rng = np.random.default_rng(0)
names = ("max pooling", "its gradient", "average pooling", "convolution")
agree = dict.fromkeys(names, 0)
rounding_up = dropped = 0


def small_numbers(low, high, *shape):
    return rng.integers(low, high, shape).astype(np.float32)


def close(ours, theirs):
    theirs = theirs.detach().numpy()
    return ours.shape == theirs.shape and np.allclose(ours, theirs, atol=1e-4)


for _ in range(500):
    k, s, d = (int(rng.integers(1, n)) for n in (5, 5, 3))
    p = int(rng.integers(0, k // 2 + 1))
    ceil_mode, include = (bool(rng.integers(2)) for _ in range(2))
    h, w = rng.integers(d * (k - 1) + 1, 13, size=2)
    c, c_out = rng.integers(1, 4, size=2)
    x = small_numbers(-5, 5, c, h, w)
    weight, bias = small_numbers(-3, 4, c_out, c, k, k), small_numbers(-3, 4, c_out)
    t = torch.from_numpy(x).requires_grad_()

    theirs = nn.functional.max_pool2d(t, k, s, p, d, ceil_mode)
    ours = max_pool(x, k, s, p, d, ceil_mode)
    agree["max pooling"] += np.array_equal(ours, theirs.detach().numpy())

    gradient = small_numbers(-3, 4, *ours.shape)
    theirs.backward(torch.from_numpy(gradient))
    back = max_pool_backward(x, gradient, k, s, p, d, ceil_mode)
    agree["its gradient"] += np.array_equal(back, t.grad.numpy())

    theirs = nn.functional.avg_pool2d(t, k, s, p, ceil_mode, include)
    ours = avg_pool(x, k, s, p, ceil_mode, include)
    agree["average pooling"] += close(ours, theirs)

    kernels, biases = torch.from_numpy(weight), torch.from_numpy(bias)
    theirs = nn.functional.conv2d(t, kernels, biases, s, p, d)
    agree["convolution"] += close(conv(x, weight, bias, s, p, d), theirs)

    up, down = (output_size(h, k, s, p, d, mode) for mode in (True, False))
    rounding_up += up > down
    dropped += -(-(h + 2 * p - d * (k - 1) - 1) // s) + 1 > up
for name, count in agree.items():
    print(f"{name:<16} {count} of 500 agree")
print(f"heights where rounding up adds a window: {rounding_up}")
print(f"heights where the last window is dropped: {dropped}")

# %% [markdown]
# All of them. The last two lines say that the difficult settings were among them too.
#
# Maxima and their gradients agree to the last bit, since nothing in them is rounded. Averages and convolutions of whole numbers come very close; with real weights, too, the last digits depend on the order in which you add.
#
# What is left out: batches, groups, windows that are not square, NaN and infinities.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** What does `output_size(10, 3, 2)` return? And with `ceil_mode=True`?
#
# ??? success "Answer"
#     4, and 5 when rounding up: 7 / 2 is 3.5.
#
# **2.** How many rows and how many columns has the im2col matrix of a (3, 32, 32) image for a kernel of 3 at stride 1 with padding 1?
#
# ??? success "Answer"
#     27 rows, one for each number in a window of three channels. 1,024 columns, one for each window.
#
# **3.** You want *minimum* pooling. What must `fill` and `beyond` be? How can you get it from torch, which has no such layer?
#
# ??? success "Answer"
#     Plus infinity, so that the border never wins. In torch: turn the signs, take the maximum, turn them back. On `[[1, -8], [6, 3]]` it gives −8.
#
# **4.** A 5×5 image, all zeros but a 9 in the middle, goes through `nn.MaxPool2d(3, stride=1)`. Each output sends back a gradient of 1. How much arrives at the 9?
#
# ??? success "Answer"
#     9. There are nine windows, and every one of them holds the middle.
#
# Check all four:

# %% tags=["collapse"]
print([output_size(10, 3, 2, ceil_mode=mode) for mode in (False, True)])
print(im2col(np.zeros((3, 32, 32)), 3, p=1)[0].shape)
small = torch.tensor([[[1., -8], [6, 3]]])
w = windows(small.numpy(), 2, 2, fill=np.inf, beyond=np.inf)
print(w.min((-2, -1)), -nn.MaxPool2d(2)(-small))
dot = np.zeros((1, 5, 5))
dot[0, 2, 2] = 9
print(max_pool_backward(dot, np.ones((1, 3, 3)), 3, 1)[0, 2, 2])
ten = torch.rand(1, 10, 10)
bright = torch.from_numpy(dot).requires_grad_()

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The size with ceil_mode=False and with ceil_mode=True, such as (1, 2).
check(..., lambda: [nn.MaxPool2d(3, 2, ceil_mode=mode)(ten).shape[-1] for mode in (False, True)])
# 2. The shape of the matrix, such as (1, 2).
check(..., lambda: nn.Unfold(3, padding=1)(torch.rand(1, 3, 32, 32)).shape[1:])
# 3. The minimum of [[1, -8], [6, 3]] by a 2×2 pool.
check(..., lambda: (-nn.MaxPool2d(2)(-small)).item())
# 4. The gradient at the 9.
check(..., lambda: torch.autograd.grad(nn.MaxPool2d(3, 1)(bright).sum(), bright)[0][0, 2, 2])

# %% [markdown]
# ## What you know now
#
# A pool is: count the windows, pad with the right number, fold. A convolution is the same with a matrix product for the fold. The way back is a list of addresses. You wrote each of them, and torch agreed 500 times.
#
# You have come to the end of the path. Look at [every window that torch knows](every-window.ipynb), or go back to [the list of lessons](../index.md).
#
# `sliding_window_view` is described in [NumPy's reference](https://numpy.org/doc/stable/reference/generated/numpy.lib.stride_tricks.sliding_window_view.html). The matrix view of a convolution is worked out in [Dumoulin and Visin (2016)](https://arxiv.org/abs/1603.07285).
