# ---
# title: Every window in torch
# description: One figure for each kind of layer in torch that slides a window forwards, from a plain max pool to volumes, with the call that makes it.
# ---

# %% [markdown]
# # Every window in torch
#
# This page is a collection. One figure for each kind of window that torch slides, with the exact call above it. The lessons explain most of them; here you find them all. Gradients, unpooling and whole networks are on [a page of their own](every-way-back.ipynb).
#
# Every figure below is drawn by two functions: `slide` asks torch and records each window, `show` draws it.

# %%
import torch
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import show


def digits(*shape, seed=0, high=10):
    return torch.randint(0, high, shape, generator=torch.Generator().manual_seed(seed)).float()


def whole(layer, seed=0):
    """Small whole weights, so that sums can be followed."""
    for parameter in layer.parameters():
        parameter.data = digits(*parameter.shape, seed=seed, high=4) - 1
    return layer


# %% [markdown]
# ## Pooling
#
# ### The largest: MaxPool2d

# %%
x = digits(1, 6, 6, seed=4)
show(slide(nn.MaxPool2d(2), x), "every-max", "A 2×2 window, stride 2: the largest of each four.")

# %% [markdown]
# Ties go to the first. Padding holds minus infinity, so it never wins. With a stride larger than the kernel some cells are never read:

# %%
x = digits(1, 5, 5, seed=1, high=4)
show(slide(nn.MaxPool2d(3, stride=2, padding=1), x), "every-max-padding", "Padding of a max pool, and ties: rings mark equal numbers that come later.")

# %%
x = digits(1, 7, 7, seed=2)
show(slide(nn.MaxPool2d(2, stride=3), x), "every-untouched", "Stride 3 is more than a kernel of 2: hatched cells are never read.")

# %%
x = digits(1, 5, 5, seed=3)
show(slide(nn.MaxPool2d(2, stride=1, dilation=2), x), "every-max-dilation", "A dilated max pool reads every other cell of its window.")

# %% [markdown]
# [Open the pool with the unread cells in the explorer](../explorer.md#call=nn.MaxPool2d%282,stride=3%29&input=8,7,1,4,8,9,2;5,0,1,0,1,9,5;5,3,9,7,6,0,0;2,3,1,1,0,0,4;9,3,5,6,6,1,6;0,9,1,3,0,8,2;8,7,1,1,1,2,0), and let its kernel grow until no cell is hatched.
#
# ### ceil_mode
#
# Rounding up lets the last window reach past the input:

# %%
x = digits(1, 5, 5, seed=5)
show(slide(nn.MaxPool2d(2, ceil_mode=True), x), "every-ceil-mode", "The dashed frame shows where the last windows reach past the edge.")

# %% [markdown]
# Unless the window would *start* past it. Then torch drops it:

# %%
x = digits(1, 5, 5, seed=6)
show(slide(nn.MaxPool2d(3, stride=3, padding=1, ceil_mode=True), x), "every-dropped", "Rounding up would give three windows a side; the third is dropped.")

# %% [markdown]
# ### The mean: AvgPool2d

# %%
x = digits(1, 4, 4, seed=7)
show(slide(nn.AvgPool2d(2), x), "every-average", "Every number of the window counts.")

# %%
x = digits(1, 5, 5, seed=8)
show(slide(nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False), x), "every-average-padding", "With `count_include_pad=False` the zeros of the border are left out of sum and count.")

# %% [markdown]
# ### In between: LPPool2d

# %%
x = digits(1, 4, 4, seed=9)
show(slide(nn.LPPool2d(2, kernel_size=2), x), "every-lp", "The root of the sum of squares. With a growing power it comes close to the maximum.")

# %% [markdown]
# ### You name the output: adaptive pools
#
# The windows overlap, and may differ in size. The bars above and at the left show them all:

# %%
x = digits(1, 7, 7, seed=10)
show(slide(nn.AdaptiveAvgPool2d((3, 5)), x), "every-adaptive-average", "7×7 to 3×5: windows of two and three columns, overlapping.")

# %%
x = digits(1, 5, 5, seed=11)
show(slide(nn.AdaptiveMaxPool2d(3), x), "every-adaptive-max", "5×5 to 3×3.")

# %% [markdown]
# ### Windows by chance: FractionalMaxPool2d
#
# Torch draws two random numbers for each channel and places the windows by them. Here they are given, so the figure is the same in every build:

# %%
x = digits(1, 7, 7, seed=12)
chance = torch.tensor([[[0.3, 0.7]]])
show(slide(nn.FractionalMaxPool2d(2, output_size=4, _random_samples=chance), x), "every-fractional", "Equal windows at uneven distances.")

# %% [markdown]
# ## Convolution
#
# ### Conv2d

# %%
x = digits(1, 5, 5, seed=13, high=6)
show(slide(whole(nn.Conv2d(1, 1, 3), 2), x), "every-convolution", "Each number times the weight above it, summed, plus the bias.")

# %%
x = digits(2, 4, 4, seed=14, high=6)
show(slide(whole(nn.Conv2d(2, 1, 2, bias=False), 3), x), "every-two-channels", "Two input channels: two kernels, one sum.")

# %%
x = digits(2, 5, 5, seed=15, high=6)
layer = whole(nn.Conv2d(2, 2, 3, groups=2, stride=2, bias=False), 4)
show(slide(layer, x, channel=1), "every-groups", "Two groups: output channel 1 reads input channel 1 alone.")

# %%
x = digits(1, 4, 4, seed=16, high=6)
show(slide(whole(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect", bias=False), 5), x), "every-reflect", "`padding_mode=\"reflect\"`: the border mirrors the input.")

# %%
x = digits(1, 4, 4, seed=17, high=6)
show(slide(whole(nn.Conv2d(1, 1, 3, padding="same", dilation=2, bias=False), 6), x), "every-same-dilation", "`padding=\"same\"` with dilation 2 needs two cells on each side.")

# %% [markdown]
# ### ConvTranspose2d
#
# The same sums as a plain convolution over a stretched input, under a flipped kernel:

# %%
x = digits(1, 3, 3, seed=18, high=6)
show(slide(whole(nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1, bias=False), 7), x), "every-transposed", "Stride 2 puts zeros between the elements: 3×3 grows to 5×5.")

# %% [markdown]
# ## Signals and volumes

# %%
x = digits(1, 10, seed=19)
show(slide(nn.MaxPool1d(3, stride=2), x), "every-signal", "A signal of 10 under a window of 3: the last element is never read.")

# %%
x = digits(1, 8, seed=20, high=6)
show(slide(whole(nn.Conv1d(1, 1, 3, padding=1, bias=False), 8), x), "every-signal-convolution", "A 1-D convolution with padding keeps the length.")

# %%
x = digits(1, 10, seed=21)
show(slide(nn.AdaptiveAvgPool1d(4), x), "every-signal-adaptive", "10 to 4: the bars overlap at two places.")

# %%
x = digits(1, 4, 4, 4, seed=22)
show(slide(nn.MaxPool3d(2), x, depth=1), "every-volume", "A volume: the window is a cube, drawn as the slices it reads. This is depth 1 of the output.")
