# ---
# title: Output size cheat sheet
# description: The size formulas of convolutions and pools, each compared with torch on this page, and the settings that keep, halve or double a size.
# ---

# %% [markdown]
# # Output size cheat sheet
#
# How large is the map that comes out? Look it up here. Each formula is followed by a cell that compares it with torch for many settings. The reasons are in the lessons on [output size](output-size.ipynb) and on [rounding up, and going back up](rounding-up-and-going-back-up.ipynb).
#
# For the wall: [all of it on one page](#on-one-page). Follow that link, then print, and that page alone comes out.
#
# | letter | argument | default of a convolution | default of a pool |
# |---|---|---|---|
# | $i$ | size of the input, one side | | |
# | $k$ | `kernel_size` | none | none |
# | $s$ | `stride` | 1 | $k$ |
# | $p$ | `padding`, on each side | 0 | 0 |
# | $d$ | `dilation` | 1 | 1 |
# | $a$ | `output_padding`, transposed only | 0 | |
# | $o$ | size of the output, the same side | | |
#
# Height and width are computed apart, each with its own numbers.

# %%
from itertools import product

import torch
from torch import nn


def size(layer, i):
    """The side that comes out; None if torch refuses."""
    try:
        return layer(torch.zeros(1, 1, i, i)).shape[-1]
    except RuntimeError:
        return None


def compare(formula, layer, *ranges):
    """Count the settings that torch takes; the formula must give the size of each."""
    taken = 0
    for setting in product(*ranges):
        one = layer(*setting)
        for i in range(1, 14):
            found = size(one, i)
            if found is not None:
                assert found == formula(i, *setting), (i, setting)
                taken += 1
    print(f"{taken:,} settings, all agree")


K, S, P, D = range(1, 6), range(1, 5), range(3), range(1, 4)

# %% [markdown]
# ## Convolution and max pooling
#
# $$o = \left\lfloor \frac{i + 2p - d(k-1) - 1}{s} \right\rfloor + 1$$
#
# Average pooling is the same with $d = 1$; it has no dilation.

# %%
def plain(i, k, s, p, d=1):
    return (i + 2 * p - d * (k - 1) - 1) // s + 1


compare(plain, lambda k, s, p, d: nn.Conv2d(1, 1, k, s, p, d), K, S, P, D)
compare(plain, lambda k, s, p, d: nn.MaxPool2d(k, s, p, d), K, S, P, D)
compare(plain, lambda k, s, p: nn.AvgPool2d(k, s, p), K, S, P)

# %% [markdown]
# ## Pooling with ceil_mode
#
# $$o = \left\lceil \frac{i + 2p - d(k-1) - 1}{s} \right\rceil + 1, \quad\text{and one less if}\quad (o - 1)\,s \ge i + p$$
#
# The second part drops a last window that would start in the padding on the right.

# %%
def ceiling(i, k, s, p, d=1):
    o = -(-(i + 2 * p - d * (k - 1) - 1) // s) + 1
    return o - 1 if (o - 1) * s >= i + p else o


def max_up(k, s, p, d):
    return nn.MaxPool2d(k, s, p, d, ceil_mode=True)


compare(ceiling, max_up, K, S, P, D)
compare(ceiling, lambda k, s, p: nn.AvgPool2d(k, s, p, ceil_mode=True), K, S, P)

# %% [markdown]
# What it looks like when the last window of a row hangs over the edge:

# %%
from slidingwindows import slide
from slidingwindows.lesson import show

four = torch.tensor([[[4.0, 1, 5, 2], [3, 6, 0, 7], [8, 2, 9, 1], [0, 5, 3, 4]]])
show(
    slide(nn.MaxPool2d(3, stride=2, ceil_mode=True), four),
    "cheat-ceil-mode",
    "A side of 4 and windows of 3: rounded up, there are two in each row.",
)

# %% [markdown]
# [Open these windows in the explorer](../explorer.md#call=nn.MaxPool2d%283,stride=2,ceil_mode=True%29&input=4,1,5,2;3,6,0,7;8,2,9,1;0,5,3,4), switch `ceil_mode` off, and see which of them are left.
#
# ## Transposed convolution
#
# $$o = (i - 1)\,s - 2p + d(k-1) + a + 1$$

# %%
def transposed(i, k, s, p, d, a):
    return (i - 1) * s - 2 * p + d * (k - 1) + a + 1


def layer(k, s, p, d, a):
    return nn.ConvTranspose2d(1, 1, k, s, p, a, dilation=d)


compare(transposed, layer, K, S, P, D, range(3))

# %% [markdown]
# ## Adaptive pooling
#
# You name $o$. Window number $j$, counted from 0, reads from $\lfloor j\,i / o \rfloor$ up to, but without, $\lceil (j+1)\,i / o \rceil$. Give torch a single bright pixel at each place, and you see which windows read it:

# %%
taken = 0
for i, o in product(range(1, 21), repeat=2):
    pixels = torch.eye(i)[:, None]  # a signal for each place of the pixel
    read = nn.AdaptiveAvgPool1d(o)(pixels)[:, 0] > 0
    for j in range(o):
        start, end = j * i // o, -(-(j + 1) * i // o)
        places = read[:, j].nonzero().flatten().tolist()
        assert places == list(range(start, end))
        taken += 1
print(f"{taken:,} windows, all agree")

# %% [markdown]
# ## Common settings
#
# Each row is a layer, each column a size of the input. Channels are left out of the calls: they do not matter here.

# %%
def make(call):
    """The layer of such a call, with one channel in and one out."""
    channels = "(1, 1, " if call.startswith("Conv") else "("
    return eval("nn." + call.replace("(", channels, 1))


def table(calls, sides):
    width = max(map(len, calls))
    print(" " * width, *(f"{i:>4}" for i in sides))
    for call in calls:
        sizes = [size(make(call), i) or "-" for i in sides]
        print(f"{call:<{width}}", *(f"{o:>4}" for o in sizes))


table(
    [
        "Conv2d(1)",
        "Conv2d(3)",
        "Conv2d(3, padding=1)",
        "Conv2d(5)",
        "Conv2d(5, padding=2)",
        "Conv2d(7, padding=3)",
        "Conv2d(3, padding=2, dilation=2)",
        "Conv2d(3, stride=2, padding=1)",
        "Conv2d(4, stride=2, padding=1)",
        "Conv2d(7, stride=2, padding=3)",
        "Conv2d(2, stride=2)",
        "Conv2d(16, stride=16)",
        "MaxPool2d(2)",
        "MaxPool2d(2, ceil_mode=True)",
        "MaxPool2d(3)",
        "MaxPool2d(3, stride=1, padding=1)",
        "MaxPool2d(3, stride=2)",
        "MaxPool2d(3, stride=2, padding=1)",
        "AvgPool2d(7)",
        "AdaptiveAvgPool2d(1)",
        "AdaptiveAvgPool2d(7)",
    ],
    (7, 28, 32, 33, 224),
)

# %%
table(
    [
        "ConvTranspose2d(2, stride=2)",
        "ConvTranspose2d(4, stride=2, padding=1)",
        "ConvTranspose2d(3, stride=2, padding=1)",
        "ConvTranspose2d(3, stride=2, padding=1, output_padding=1)",
    ],
    (7, 16),
)

# %% [markdown]
# A dash means that torch refuses: the window is larger than the input.
#
# ## Which settings keep the size?
#
# At stride 1: $2p = d(k - 1)$. An odd kernel always has such a padding. An even kernel has one only with an even dilation. Here torch is asked, for kernels up to 7 and dilations up to 3:

# %%
def found(fits, layer, *ranges):
    """The settings for which torch's size fits, for all inputs from 20 to 41."""
    good = []
    for setting in product(*ranges):
        try:
            made = layer(*setting)
            if all(fits(i, size(made, i)) for i in range(20, 42)):
                good.append(setting)
        except ValueError:
            continue
    return good


def kept(layer):
    settings = found(lambda i, o: o == i, layer, (1, 2, 3), range(1, 8), range(10))
    for d in (1, 2, 3):
        good = [f"k{k} p{p}" for dilation, k, p in settings if dilation == d]
        print(f"dilation {d}:", ", ".join(good))


kept(lambda d, k, p: nn.Conv2d(1, 1, k, 1, p, d))

# %% [markdown]
# A pool has a further limit: its padding may be at most half of the kernel. So a *dilated* max pool with a kernel of 3 or more cannot keep the size by itself; pad by hand before it. And a pool without dilation keeps it only with an odd kernel:

# %%
kept(lambda d, k, p: nn.MaxPool2d(k, 1, p, d))

# %% [markdown]
# ## Which settings halve it?
#
# At stride 2, without dilation and `ceil_mode`, an even size is halved if $k - 2p$ is 1 or 2. The two differ on odd sizes: 1 rounds up, 2 rounds down.

# %%
def strided(k, p):
    return nn.Conv2d(1, 1, k, 2, p)


up = found(lambda i, o: o == (i + 1) // 2, strided, range(1, 9), range(5))
down = found(lambda i, o: o == i // 2, strided, range(1, 9), range(5))
print("odd sizes rounded up:  ", ", ".join(f"k{k} p{p}" for k, p in up))
print("odd sizes rounded down:", ", ".join(f"k{k} p{p}" for k, p in down))

# %% [markdown]
# In general, without `ceil_mode`, stride $s$ divides the multiples of $s$ exactly if $k - 2p$ is one of 1 to $s$ (with dilation, $d(k-1) + 1$ takes the place of $k$).
#
# ## Which settings double it?
#
# Without dilation, a transposed convolution multiplies the size by $s$ if $k + a - 2p = s$. For $s = 2$:

# %%
def back(k, p, a):
    return nn.ConvTranspose2d(1, 1, k, 2, p, a)


double = found(lambda i, o: o == 2 * i, back, range(1, 7), range(4), (0, 1))
print(", ".join(f"k{k} p{p} a{a}" for k, p, a in double))

# %% [markdown]
# !!! warning "A common mistake: four look-alikes"
#     - `MaxPool2d(3)` divides by 3, `Conv2d(…, 3)` takes away 2: the default strides differ.
#     - `padding="same"` works for convolutions at stride 1 only.
#     - `ceil_mode` exists for pools only. A convolution always rounds down.
#     - Two sizes may shrink to one: 7 and 8 both become 4 under `Conv2d(…, 3, stride=2, padding=1)`. The way back needs `output_padding` to choose.

# %%
print([size(layer, 9) for layer in (nn.MaxPool2d(3), nn.Conv2d(1, 1, 3))])
down = nn.Conv2d(1, 1, 3, stride=2, padding=1)
print([size(down, i) for i in (7, 8)], [size(back(3, 1, a), 4) for a in (0, 1)])

# %% [markdown]
# More: the formulas one by one, derived and drawn, are in [convolution arithmetic, with numbers](convolution-arithmetic.ipynb), after [Dumoulin and Visin (2016)](https://arxiv.org/abs/1603.07285). What torch says when a setting does not fit is in [error messages](error-messages.ipynb).

# %% [markdown]
# ## On one page
#
# Size of the output, for one side: $i$ input, $k$ kernel size, $s$ stride (1 for a convolution and $k$ for a pool, unless you name it), $p$ padding on each side, $d$ dilation, $a$ output padding.
#
# | layer | side that comes out |
# |---|---|
# | convolution, max pool | $\left\lfloor \frac{i + 2p - d(k-1) - 1}{s} \right\rfloor + 1$ |
# | average pool | the same with $d = 1$; it has no dilation |
# | pool with `ceil_mode=True` | $\left\lceil \frac{i + 2p - d(k-1) - 1}{s} \right\rceil + 1$, and one less if $(o - 1)\,s \ge i + p$ |
# | transposed convolution | $(i - 1)\,s - 2p + d(k-1) + a + 1$ |
# | adaptive pool | you name $o$; window $j$ reads from $\lfloor j\,i / o \rfloor$ up to, but without, $\lceil (j+1)\,i / o \rceil$ |

# %% tags=["remove-input"]
SHEET = {
    "convolution that keeps the size": [f"Conv2d({k}, padding={k // 2})" for k in (1, 3, 5, 7)],
    "dilated, keeps the size": ["Conv2d(3, padding=2, dilation=2)"],
    "convolution that halves it": [
        "Conv2d(2, stride=2)",
        "Conv2d(3, stride=2, padding=1)",
        "Conv2d(4, stride=2, padding=1)",
        "Conv2d(7, stride=2, padding=3)",
    ],
    "pool that halves it": [
        "MaxPool2d(2)",
        "MaxPool2d(2, ceil_mode=True)",
        "MaxPool2d(3, stride=2, padding=1)",
        "AvgPool2d(2)",
    ],
    "pool that keeps it": ["MaxPool2d(3, stride=1, padding=1)"],
    "cuts patches": ["Conv2d(16, stride=16)"],
    "one number a channel": ["AdaptiveAvgPool2d(1)"],
    "doubles it": [
        "ConvTranspose2d(2, stride=2)",
        "ConvTranspose2d(4, stride=2, padding=1)",
        "ConvTranspose2d(3, stride=2, padding=1, output_padding=1)",
    ],
}
SIDES = (7, 8, 28, 32, 33, 224)


def printed():
    """The table of the sheet: each call, and what torch makes of each side."""
    yield "| what it does | call, channels left out | " + " | ".join(map(str, SIDES)) + " |"
    yield "|---|---|" + "--:|" * len(SIDES)
    for purpose, calls in SHEET.items():
        for number, call in enumerate(calls):
            sizes = [str(size(make(call), i) or "–") for i in SIDES]
            first = "" if number else purpose
            yield f"| {first} | `{call}` | " + " | ".join(sizes) + " |"


from IPython.display import Markdown

Markdown("\n".join(printed()))

# %% [markdown]
# - Keep the size at stride 1: $2p = d(k - 1)$. Without dilation and `ceil_mode`, $k - 2p$ from 1 to $s$ divides multiples of $s$ by $s$. Without dilation, a transposed convolution with $k + a - 2p = s$ multiplies by $s$.
# - The padding of a pool may be at most half of the kernel. `padding="same"` works for convolutions at stride 1 only.
# - A dash means that torch refuses, because the window is larger than the input.
