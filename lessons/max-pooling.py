# ---
# title: Max pooling
# description: A window slides over the input and keeps the largest number it sees. Predict it, run it, watch it.
# ---

# %% [markdown]
# # Max pooling
#
# You have a map of edges, from [what a convolution looks for](what-a-convolution-looks-for.ipynb), and it is nearly as large as the photo. The next layers would have less to do if it were smaller. Which number of each 4×4 block do you keep, so that the edges are still there?

# %% tags=["hide-input"]
import matplotlib.cbook
import numpy as np
import torch
from PIL import Image
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import plot, show

# The photo that comes with matplotlib, in grey: 0 is black, 1 is white.
picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
picture = picture.crop((90, 20, 410, 340)).resize((162, 162))
photo = torch.from_numpy(np.array(picture)).float()[None] / 255

# Steps in brightness, from left to right or from top to bottom, whichever is the larger.
kernel = torch.tensor([[-1., 0, 1], [-1, 0, 1], [-1, 0, 1]])
both = [nn.functional.conv2d(photo, k[None, None]).abs() for k in (kernel, kernel.T)]
edges = torch.maximum(*both)

smaller = {
    "the largest number": nn.MaxPool2d(4)(edges),
    "the average": nn.AvgPool2d(4)(edges),
    "the upper left one": edges[:, ::4, ::4],
}


def draw(figure):
    names = list(smaller)
    panels = figure.subplot_mosaic(
        [["photo"] * 3 + ["its edges"] * 3, [name for name in names for _ in range(2)]],
        height_ratios=(3, 2),
    )
    pictures = {"photo": photo, "its edges": edges, **smaller}
    for name, values in pictures.items():
        white = 1 if name == "photo" else 1.5
        panels[name].imshow(
            values[0].numpy(), cmap="gray", vmin=0, vmax=white, interpolation="nearest"
        )
        panels[name].set_title(name)
        panels[name].set_axis_off()


plot(
    draw,
    "max-pool-why",
    alt="A portrait, and its edges as bright lines on black, 160 by 160. Below, the edges in 40 by "
    "40: whole and bright lines by the largest number of each block, dim ones by the average, and "
    "broken ones by the upper left number.",
    caption="The same edges in a sixteenth of the numbers. The largest number of each 4×4 block "
    "keeps the lines, the average dims them, and taking one pixel in four each way breaks them.",
    height=560,
)

# %% [markdown]
# Look at the rim of the cap. Count instead of looking, too: call an edge strong if it is above 0.5. How many blocks hold a strong edge, and how many of these still show one?

# %%
strong = 0.5
holds = edges.unfold(1, 4, 4).unfold(2, 4, 4).gt(strong).any(-1).any(-1)
print(f"blocks with a strong edge: {holds.sum()}")
for name, values in smaller.items():
    print(f"{name:<18} shows {((values > strong) & holds).sum()} of them")

# %% [markdown]
# The largest number shows them all, because it *is* the strongest edge of its block, so nothing else was possible. It also thickens the lines: more of the smaller map is strong than of the larger one, and lines that were close run together. That is **max pooling**: a window slides over a grid of numbers, keeps the largest number it sees at each stop, and forgets the rest.
#
# !!! abstract "What you will be able to do"
#     - Compute a max pool by hand.
#     - Say what it hides from the next layer, and what it costs.
#     - Say what `kernel_size` and `stride` do, and what happens when you leave `stride` out.
#     - Predict what happens at the padded border, and to a number that is broken.
#
# ## One window at a time
#
# Here is an input of one channel with 6 rows and 6 columns. The pool has a 2×2 window.

# %%
x = torch.tensor([[
    [3., 1, 4, 1, 5, 9],
    [2., 6, 5, 3, 7, 8],
    [9., 7, 9, 3, 2, 3],
    [8., 4, 6, 2, 6, 4],
    [3., 3, 8, 3, 2, 7],
    [9., 5, 0, 2, 8, 6],
]])
pool = nn.MaxPool2d(kernel_size=2)

# %% [markdown]
# !!! question "Predict"
#     The first window covers the upper left corner: 3, 1, 2 and 6. What number does it keep? And how many numbers will the whole output have?
#
# Now run it.

# %%
pool(x)

# %% [markdown]
# The first window keeps 6. There are nine windows, so the output has nine numbers: 3×3.
#
# Watch every window. The cell that stands out from its window is the one that wins.

# %%
show(
    slide(pool, x),
    "max-pool-2x2",
    "Max pooling with a 2×2 window and stride 2. Every number came from torch.",
)

# %% [markdown]
# What if the largest number is there twice? At such a tie the output is the same either way. It makes a difference only when a network is trained, and [gradients through pooling](gradients-through-pooling.ipynb) shows which.
#
# ## What it hides, and what it costs
#
# A cat that moves by a pixel is still a cat. So it helps if the next layer sees no difference. Take a line that lies in column 2, counted from 0, and let it move to the right.
#
# !!! question "Predict"
#     The line moves from column 2 to column 3, and then to column 4. When does the pooled map change?

# %%
for column in (2, 3, 4):
    line = torch.zeros(1, 6, 6)
    line[:, :, column] = 9
    print(f"line in column {column}: each row of the output is", pool(line)[0, 0].tolist())

# %% [markdown]
# The step from 2 to 3 is hidden, because both columns lie in the same windows. The step from 3 to 4 is not: it crosses from one window into the next, and the output moves by a whole cell. So a max pool hides *some* small shifts, and [a later lesson](local-invariance.ipynb) measures how many.
#
# It also lets the next layers see further. Behind the pool each number stands for 2×2 pixels, so a window of 3×3 reaches over 6×6 of them, with the same nine weights. *Is there a cat?* needs that, because a cat is larger than 3×3 pixels.
#
# It has its price. A 2×2 window reads four numbers and passes one on, so three of four are gone. Here 36 numbers became 9. [What pooling throws away](what-pooling-throws-away.ipynb) shows what cannot be brought back.
#
# ## Where did the stride come from?
#
# You gave the pool no stride. It moved by 2 all the same.
#
# In PyTorch a pool's `stride` defaults to its `kernel_size`. So the windows sit side by side and never overlap. A convolution's stride defaults to 1.
#
# !!! question "Predict"
#     A map has 9 rows and 9 columns. How large is it after `nn.MaxPool2d(3)`? And after a convolution with a 3×3 kernel?

# %%
nine = torch.rand(1, 9, 9)
for layer in (nn.MaxPool2d(3), nn.Conv2d(1, 1, 3), nn.MaxPool2d(3, stride=1)):
    print(f"{tuple(layer(nine).shape)}  stride {layer.stride}  {type(layer).__name__}")

# %% [markdown]
# Both kernels are 3, yet the outputs are 3×3 and 7×7. The last line is a pool told to move like the convolution. The different defaults are a trap when you swap one layer for the other. Write the stride each time, and the sizes agree.
#
# ## Overlapping windows
#
# Nothing forbids overlap. A 3×3 window with stride 2 shares a row or a column with each neighbour. With `padding=1` the window may also hang over the border by one cell.
#
# !!! question "Predict"
#     What should the border be filled with, so that it never wins?

# %%
overlapping = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
corner = x[:, :5, :5]
overlapping(corner)

# %%
show(
    slide(overlapping, corner),
    "max-pool-3x3-stride-2",
    "A 3×3 window with stride 2 and padding 1. The padding holds minus infinity, so it can never win.",
)

# %% [markdown]
# Max pooling pads with **minus infinity**. Zero would be wrong. On an input of negative numbers, a border of zeros wins in every window that touches it. See for yourself:

# %%
negative = torch.full((1, 3, 3), -1.0)
print("torch:", nn.MaxPool2d(3, stride=1, padding=1)(negative).unique())
by_hand = nn.functional.pad(negative, (1, 1, 1, 1), value=0.0)
print("padded with zeros by hand:", nn.MaxPool2d(3, stride=1)(by_hand))

# %% [markdown]
# Is overlap better? In one comparison, overlapping windows brought no significant improvement over windows side by side ([Scherer, Müller and Behnke 2010](https://doi.org/10.1007/978-3-642-15825-4_10)).
#
# ## When a number is broken
#
# `nan` means *not a number*. It is what is left of a calculation such as 0/0. Compare it with 3, and it is neither larger nor smaller. So which is the largest of 1, 2, 3 and `nan`?

# %%
print(torch.nan > 3, torch.nan < 3)
broken = torch.tensor([[[1.0, 2, 5, 1], [3, torch.nan, 0, 4]]])
print(nn.MaxPool2d(2)(broken))

# %% [markdown]
# In torch the `nan` wins. So a broken number does not get lost among its neighbours: it comes out of every window that holds it.
#
# ## Channels stay apart
#
# A pool handles each channel on its own. Eight maps go in, eight smaller maps come out.

# %%
maps = torch.rand(8, 6, 6)
together = pool(maps)
apart = torch.stack([pool(one[None])[0] for one in maps])
print(tuple(together.shape), "the same as one by one:", torch.equal(together, apart))

# %% [markdown]
# !!! warning "A common mistake: channels last"
#     `MaxPool2d` wants `(C, H, W)` or `(N, C, H, W)`, where N is the number of images that go through together, a batch. Give it `(N, H, W, C)` and it does not complain. It pools width and *channels*.

# %%
channels_last = torch.rand(2, 8, 8, 3)  # two images of 8×8 with three channels
print(tuple(pool(channels_last).shape))

# %% [markdown]
# The shape `(2, 8, 4, 1)` gives it away: the height is whole, and the three channels became one. Move the channels to the front first:

# %%
print(tuple(pool(channels_last.permute(0, 3, 1, 2)).shape))

# %% [markdown]
# ## Exercises
#
# **1.** What does `nn.MaxPool2d(2)` make of `[[1, 8], [6, 3]]`?
#
# ??? success "Answer"
#     One number: 8.
#
# **2.** What is the output shape of `nn.MaxPool2d(3)` on `(1, 9, 9)`? And of `nn.MaxPool2d(3, stride=1)`?
#
# ??? success "Answer"
#     `(1, 3, 3)`, because the stride defaults to 3. With stride 1 it is `(1, 7, 7)`.
#
# **3.** You change the 9 in the upper right corner of `x` to 100. How many output numbers change? And if you change the 1 in the first row, second column, to 2?
#
# ??? success "Answer"
#     One number changes for the 100. None changes for the 2: the window still holds a 6.
#
# **4.** One number in the middle of a 6×6 map is `nan`. How many numbers of the output are `nan` after `nn.MaxPool2d(2)`? And after `nn.MaxPool2d(3, stride=1, padding=1)`?
#
# ??? success "Answer"
#     One, and nine. Windows side by side hold it once. With stride 1, nine windows of 3×3 hold it, and it comes out of each.
#
# Check your answers:

# %% tags=["collapse"]
print(pool(torch.tensor([[[1.0, 8], [6, 3]]])))
print(tuple(nn.MaxPool2d(3)(torch.rand(1, 9, 9)).shape))
print(tuple(nn.MaxPool2d(3, stride=1)(torch.rand(1, 9, 9)).shape))


def changes(row, col, value):
    other = x.clone()
    other[0, row, col] = value
    return int((pool(other) != pool(x)).sum())


print("changed outputs:", changes(0, 5, 100.0), "and", changes(0, 1, 2.0))
hurt = x.clone()
hurt[0, 2, 3] = torch.nan
spread = [int(p(hurt).isnan().sum()) for p in (pool, nn.MaxPool2d(3, stride=1, padding=1))]
print("broken outputs:", spread[0], "and", spread[1])

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The output, as nested lists such as [[[1]]].
check(..., lambda: pool(torch.tensor([[[1.0, 8], [6, 3]]])))
# 2. The two shapes, such as ((1, 2, 2), (1, 3, 3)).
check(..., lambda: [nn.MaxPool2d(3, stride=s)(nine).shape for s in (None, 1)])
# 3. How many numbers change for the 100, and how many for the 2, such as (3, 4).
check(..., lambda: (changes(0, 5, 100.0), changes(0, 1, 2.0)))
# 4. How many numbers are nan after the first pool, and after the second, such as (4, 4).
check(..., lambda: spread)

# %% [markdown]
# ## What you know now
#
# - A max pool keeps the largest number of each window, so what was found stays found in a smaller map.
# - It hides shifts inside a window, and it throws away three numbers of four.
# - Without a `stride` it steps by its `kernel_size`; a convolution steps by 1.
# - Padding holds minus infinity and never wins over a real pixel.
# - A `nan` wins wherever it is.
# - Every channel is pooled alone.
#
# To try windows of your own, [open the one with padding in the explorer](../explorer.md#call=nn.MaxPool2d%283,stride=2,padding=1%29&input=3,1,4,1,5;2,6,5,3,7;9,7,9,3,2;8,4,6,2,6;3,3,8,3,2), take the padding away, and see which outputs go.
#
# Max pooling listens to one number in each window. [Average pooling](average-pooling.ipynb) listens to all of them. You will see both on the same input.
#
# This lesson's path follows Unit 7 of [Deep Learning Fundamentals (Sebastian Raschka, Lightning AI, 2023)](https://lightning.ai/courses/deep-learning-fundamentals/). The comparison of overlapping windows is by [Scherer, Müller and Behnke (2010)](https://doi.org/10.1007/978-3-642-15825-4_10). The words and the measurements are our own.
