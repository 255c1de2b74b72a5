# ---
# title: Going up without checkerboards
# description: Enlarge a plain grey map with a transposed convolution, and a checkerboard appears. See why, count it, and try four ways around it.
# ---

# %% [markdown]
# # Going up without checkerboards
#
# Networks that draw, segment or add detail have to make small maps large again. The usual layer for it is a transposed convolution, which you met in [rounding up, and going back up](rounding-up-and-going-back-up.ipynb). Give it the plainest map there is, all ones, and a kernel of all ones:

# %% tags=["hide-input"]
import torch
from torch import nn
from torch.nn import functional as F

from slidingwindows import slide
from slidingwindows.lesson import plot, show

KERNELS = (2, 3, 4, 5)


def covered(kernel, stride=2, side=8):
    """How many products each place of the enlarged map adds up, away from the border."""
    ones, weights = (
        torch.ones(1, 1, side, side),
        torch.ones(1, 1, kernel, kernel),
    )
    whole = F.conv_transpose2d(ones, weights, stride=stride)
    return whole[0, 0, kernel:-kernel, kernel:-kernel]


def draw(figure):
    panels = figure.subplots(2, 2)
    for axes, kernel in zip(panels.flat, KERNELS, strict=True):
        image = covered(kernel)[:6, :6].numpy()
        axes.imshow(
            image, cmap="gray", vmin=0, vmax=9, interpolation="nearest"
        )
        for row in range(6):
            for col in range(6):
                value = image[row, col]
                ink = "black" if value > 4 else "white"
                axes.text(
                    col,
                    row,
                    f"{value:.0f}",
                    ha="center",
                    va="center",
                    color=ink,
                )
        axes.set_title(f"kernel {kernel}")
        axes.set_axis_off()


plot(
    draw,
    "going-up-coverage",
    alt="Four squares of 6 by 6 numbers. Kernel 2: every number is 1. Kernel 3: a pattern of 1, 2 "
    "and 4. Kernel 4: every number is 4. Kernel 5: a pattern of 4, 6 and 9.",
    caption="A transposed convolution of stride 2 with all weights 1, on a map of ones. The number "
    "says how many products were added up there.",
    height=620,
)

# %% [markdown]
# Two of the four make a pattern out of nothing. It looks like a checkerboard, and in generated images you can see it with the naked eye ([Odena, Dumoulin and Olah 2016](https://distill.pub/2016/deconv-checkerboard/)).
#
# !!! abstract "What you will be able to do"
#     - Say which kernels leave a checkerboard, and why.
#     - Enlarge a map in four other ways, and say what each of them can still get wrong.
#     - Tell where the samples of an enlarged map lie.
#
# ## Why it happens
#
# A transposed convolution lets each input number paint a patch as large as the kernel. The stride says how far apart the patches begin. Watch three patches of width 3 that begin 2 apart:

# %%
paint = nn.ConvTranspose1d(1, 1, kernel_size=3, stride=2, bias=False)
paint.requires_grad_(False)
paint.weight.data = torch.ones(1, 1, 3)
paint(torch.ones(1, 3))

# %%
show(
    slide(paint, torch.ones(1, 3)),
    "going-up-patches",
    "The same in torch's other reading: a plain window over the input with a zero between its "
    "numbers. Some windows hold two ones, others only one.",
)

# %% [markdown]
# Where two patches overlap you get 2, and elsewhere 1. In two dimensions the rows do the same, so the counts multiply: 1, 2 and 4. [Open this layer in the explorer](../explorer.md#call=nn.ConvTranspose1d%281,1,3,stride=2,bias=False%29&input=1,1,1&weights=1,1,1), let the stride grow to the kernel's size, and see what becomes of the overlap.
#
# !!! question "Predict"
#     Which of the kernels from 2 to 6 cover every place equally often at stride 2? And at stride 3?

# %%
for stride in (2, 3):
    for kernel in (2, 3, 4, 5, 6):
        counts = [int(count) for count in covered(kernel, stride, 12).unique()]
        print(f"stride {stride}, kernel {kernel}: {counts}")

# %% [markdown]
# The rule, away from the border and without dilation: a kernel that is a multiple of the stride covers every place equally often. Every other kernel leaves a pattern. (At stride 3 a kernel of 2 even leaves holes, the zeros.)
#
# ## An even cover is not enough
#
# The rule is about counts, but a network learns its weights. Take the good kernel of 4, with weights as they come from the start:

# %%
torch.manual_seed(2)
grey = torch.ones(1, 1, 8, 8)


def values(layer):
    """How many different numbers a layer makes of a plain map, away from the border."""
    with torch.no_grad():
        inside = layer(grey)[0, 0, 4:-4, 4:-4]
    return inside.reshape(-1, 1).round(decimals=4).unique().numel()


up = nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1)
print(
    f"transposed convolution: {values(up)} different numbers from a plain map"
)

# %% [markdown]
# Four numbers, in turn. At stride 2 the output has four kinds of places: even or odd row, even or odd column. Each kind is made by other weights of the kernel, 4 of the 16, and nothing says that these four groups of weights must agree. So avoiding the pattern is one more thing that training has to learn.
#
# ## Resize first, then convolve
#
# Enlarge the map by copying each number into a 2×2 block, and then let a plain convolution refine it.
#
# !!! question "Predict"
#     How many different numbers does that make of a plain map, away from the border, whatever its weights are?

# %%
resize = nn.Sequential(
    nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 3, padding=1)
)
print(f"resize, then convolve:  {values(resize)}")

# %% [markdown]
# One. The convolution at stride 1 treats all places alike, so plain stays plain. Only at the border is it different, because there the windows read the zeros of the padding. [What padding tells the network](what-padding-tells-the-network.ipynb) goes into that. To resize first is also what the authors of that article advise ([Odena, Dumoulin and Olah 2016](https://distill.pub/2016/deconv-checkerboard/)). The price is work: the convolution runs on the large map.
#
# ## Shuffle channels into space
#
# Super-resolution networks often let a convolution make four channels on the *small* map, and then lay the four as 2×2 blocks ([Shi and others 2016](https://arxiv.org/abs/1609.05158)). Nothing is added up twice:

# %%
shuffle = nn.PixelShuffle(2)
four = (
    torch.tensor([[1.0], [2.0], [3.0], [4.0]])
    .reshape(1, 4, 1, 1)
    .expand(1, 4, 2, 2)
)
print(shuffle(four)[0, 0])

subpixel = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), shuffle)
print(f"convolve, then shuffle: {values(subpixel)}")

# %% [markdown]
# But the four channels come from four filters, so this layer starts with a pattern of four, just as the transposed one did. The cure is a better start: give the four filters the same weights, and the first picture is plain ([Aitken and others 2017](https://arxiv.org/abs/1707.02937)).

# %%
first = subpixel[0]
with torch.no_grad():
    first.weight[:] = first.weight[:1]
    first.bias[:] = first.bias[:1]
print(f"with four equal filters: {values(subpixel)}")

# %% [markdown]
# ## Put it back where it was
#
# The fourth way needs a partner. A max pool with `return_indices=True` says where each maximum was, and max unpooling puts each number back there.
#
# !!! question "Predict"
#     A 4×4 map is pooled by 2×2 windows and unpooled again. How many of the 16 numbers are right afterwards, and what do the others hold?

# %%
numbers = torch.tensor(
    [[[3.0, 9, 2, 4], [7, 5, 8, 6], [1, 3, 5, 2], [6, 4, 7, 9]]]
)
pool = nn.MaxPool2d(2, return_indices=True)
largest, places = pool(numbers)
unpool = nn.MaxUnpool2d(2)
print(unpool(largest, places)[0])

# %%
show(
    slide(unpool, largest, indices=places),
    "going-up-unpool",
    "Each maximum returns to the place it came from. All other places hold zeros.",
)

# %% [markdown]
# The four maxima are right, and the other 12 numbers are zeros. The grid draws no pattern of its own here, because the image says where the numbers go. But a lattice can come out all the same: on a slope the maximum of each window lies in the same corner, and in a plain map all numbers are equal, and of equals torch takes the first.

# %%
plain = torch.ones(1, 4, 4)
print(unpool(*pool(plain))[0])

# %% [markdown]
# SegNet goes up in this way. Its decoder takes the indices of the matching pool in the encoder, and convolutions fill the gaps ([Badrinarayanan, Kendall and Cipolla 2017](https://arxiv.org/abs/1511.00561)). Unpooling itself has no weights to learn. But the indices must be kept until then, and [what pooling throws away](what-pooling-throws-away.ipynb) shows three traps of them.
#
# ## Where does a sample lie?
#
# A smoother way to resize is bilinear: each new number is a mean of its neighbours, weighted by how near they are. Then you have to say where the new numbers lie, and torch gives you two ways to say it. Enlarge the numbers 0, 1, 2, 3, and each result tells its own position:

# %%
line = torch.arange(4.0).reshape(1, 1, 4)
for aligned in (False, True):
    wide = F.interpolate(
        line, scale_factor=2, mode="linear", align_corners=aligned
    )
    print(
        f"align_corners={aligned!s:<5}",
        [round(v, 2) for v in wide[0, 0].tolist()],
    )

# %% [markdown]
# With `align_corners=False`, a pixel is a little square, and its number belongs to the middle. The new samples lie at −0.25, 0.25, 0.75 and so on, always half a pixel apart; the two outside are cut to the edge. With `True`, the first and the last number stay where they are, so the steps between are 3/7 and fit no grid of pixels.
#
# Opinion: take `False`, which is the default. Enlarge by 2, and its samples lie half a pixel apart in a map of any size, while the steps of `True` change with the size. And a pooled map lies just there: the mean of a 2×2 block belongs to the middle of the block.
#
# ## The same lattice on the way back
#
# In training there is a checkerboard that nobody sees. The gradient of a strided convolution is a transposed convolution. So count how many windows read each input number:

# %%
image = torch.ones(1, 1, 9, 9, requires_grad=True)
F.conv2d(image, torch.ones(1, 1, 3, 3), stride=2).sum().backward()
print(image.grad[0, 0, 2:7, 2:7])

# %% [markdown]
# It is the pattern of kernel 3 again: 1, 2 and 4. Some pixels teach the network four times as much as others, and it is the place in the grid that decides, not the image.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** Does a transposed convolution with a kernel of 6 and a stride of 4 cover evenly? And one with a kernel of 8?
#
# ??? success "Answer"
#     No for 6, yes for 8: only 8 is a multiple of 4.
#
# **2.** A transposed convolution of stride 3 with kernel 3 has random weights. How many different numbers does it make of a plain map?
#
# ??? success "Answer"
#     9: three kinds of rows times three kinds of columns, and one weight for each.
#
# **3.** `nn.PixelShuffle(3)` gets a map of shape `(1, 18, 5, 5)`. What is the shape of its output?
#
# ??? success "Answer"
#     `(1, 2, 15, 15)`: nine channels go into each 3×3 block.
#
# **4.** How many weights does `nn.ConvTranspose2d(64, 32, 4, stride=2)` have, and how many has `nn.Conv2d(64, 32, 3)` after a resize? Leave the biases out.
#
# ??? success "Answer"
#     32,768 and 18,432. The convolution has fewer weights, but it runs on the large map.
#
# Check your answers:

# %% tags=["collapse"]
even = [covered(kernel, 4, 12).unique().numel() == 1 for kernel in (6, 8)]
print(even)
torch.manual_seed(3)
print(values(nn.ConvTranspose2d(1, 1, 3, stride=3)))
print(tuple(nn.PixelShuffle(3)(torch.rand(1, 18, 5, 5)).shape))
pair = nn.ConvTranspose2d(64, 32, 4, stride=2), nn.Conv2d(64, 32, 3)
print([layer.weight.numel() for layer in pair])

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. Whether 6 covers evenly, and whether 8 does, such as (True, True).
check(..., lambda: tuple(even))
# 2. How many different numbers.
check(..., lambda: values(nn.ConvTranspose2d(1, 1, 3, stride=3)))
# 3. The shape, such as (1, 2, 3, 3).
check(..., lambda: nn.PixelShuffle(3)(torch.rand(1, 18, 5, 5)).shape)
# 4. Both numbers of weights, such as (100, 200).
check(..., lambda: [layer.weight.numel() for layer in pair])

# %% [markdown]
# ## What you know now
#
# - Away from the border a transposed convolution covers evenly only if the kernel is a multiple of the stride.
# - Even then its weights can draw a pattern, because each kind of place has weights of its own.
# - Resize, then convolve, keeps plain what is plain, except where the padding shows. A shuffle does so if it starts with equal filters.
# - Unpooling puts each maximum back where it was, and leaves zeros for the next layers to fill.
# - The gradient of a strided convolution carries the same pattern.
#
# You can watch transposed convolutions window by window in [convolution arithmetic](convolution-arithmetic.ipynb).
#
# The patterns were described by [Odena, Dumoulin and Olah (2016)](https://distill.pub/2016/deconv-checkerboard/), the shuffle by [Shi and others (2016)](https://arxiv.org/abs/1609.05158), its better start by [Aitken and others (2017)](https://arxiv.org/abs/1707.02937), and SegNet by [Badrinarayanan, Kendall and Cipolla (2017)](https://arxiv.org/abs/1511.00561). The words and the measurements are our own.
