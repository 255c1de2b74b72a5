# ---
# title: The CNN funnel
# description: A photo goes into a network, and an answer comes out. In between, height and width shrink and channels grow. See every map on the way.
# ---

# %% [markdown]
# # The CNN funnel
#
# A photo goes into a network, and an answer comes out. Here the question is: where is the face? These are all the maps in between:

# %% tags=["hide-input"]
import matplotlib.cbook
import numpy as np
import torch
from PIL import Image
from torch import nn

from slidingwindows import funnel
from slidingwindows.lesson import plot, show

torch.set_grad_enabled(False)  # nothing is trained here

# The photo that comes with matplotlib: Grace Hopper, compiler pioneer.
photo = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
photo = photo.crop((90, 20, 420, 350)).resize((110, 110))
x = torch.from_numpy(np.array(photo)).permute(2, 0, 1) / 255

# What the first convolution looks for: how much of red, green and blue, and in which pattern.
step = torch.tensor([[-1.0, 0, 1]] * 3) / 3  # brighter on the right
mean = torch.ones(3, 3) / 9
grey = (1 / 3, 1 / 3, 1 / 3)
patterns = {
    "right": (grey, step),
    "left": (grey, -step),
    "down": (grey, step.T),
    "up": (grey, -step.T),
    "red": ((1, -1 / 2, -1 / 2), mean),
    "green": ((-1 / 2, 1, -1 / 2), mean),
    "blue": ((-1 / 2, -1 / 2, 1), mean),
    "bright": (grey, mean),
}
first = nn.Conv2d(3, 8, 3)
first.bias.zero_()
for weights, (colours, kernel) in zip(first.weight, patterns.values(), strict=True):
    weights.copy_(torch.tensor(colours)[:, None, None] * kernel)

# The second one looks at each of the eight maps twice: for large patches and for small spots.
spot = -mean
spot[1, 1] += 1
second = nn.Conv2d(8, 16, 3)
second.bias.zero_()
second.weight.zero_()
for n in range(8):
    second.weight[n, n] = mean
    second.weight[8 + n, n] = spot

network = nn.Sequential(first, nn.MaxPool2d(2, 2), second, nn.MaxPool2d(2, 2))

# The answer: patches of red count for a place, patches of blue against it, 9×9 cells around.
answer = nn.Conv2d(16, 1, 9, padding=4)
answer.bias.zero_()
answer.weight.zero_()
answer.weight[0, 4] = 1 / 81
answer.weight[0, 6] = -1 / 81


def find(image):
    """The row and the column of the strongest place in the last map."""
    scores = answer(network(image))[0]
    row, col = divmod(int(scores.argmax()), scores.shape[1])
    return row, col


maps = [x]
for layer in network:
    maps.append(layer(maps[-1]))


def draw(figure):
    rows = [["photo"] * 8]
    for number in (1, 2, 3, 4):
        names = [f"{number} {n}" for n in range(len(maps[number]))]
        rows += [names[start : start + 8] for start in range(0, len(names), 8)]
    rows += [["score"] * 4 + ["answer"] * 4]
    panels = figure.subplot_mosaic(rows, height_ratios=(2.6, 1, 1, 1, 1, 1, 1, 2.6))
    for axes in panels.values():
        axes.set(xticks=[], yticks=[])
    for number in (1, 2, 3, 4):
        for n, one in enumerate(maps[number]):
            panels[f"{number} {n}"].imshow(one.numpy(), cmap="gray", interpolation="nearest")
        for n in range(0, len(maps[number]), 8):
            panels[f"{number} {n}"].set_ylabel(f"layer {number}", fontsize=11)
    for n, name in enumerate(patterns):
        panels[f"1 {n}"].set_title(name, fontsize=12)
    panels["photo"].imshow(x.permute(1, 2, 0).numpy())
    panels["photo"].set_title("the photo")
    score = answer(maps[-1])[0]
    panels["score"].imshow(score.numpy(), cmap="gray", interpolation="nearest")
    panels["score"].set_title("like a face?")
    panels["answer"].imshow(x.permute(1, 2, 0).numpy())
    row, col = ((place + 0.5) * 110 / 26 for place in find(x))
    panels["answer"].plot(col, row, marker="o", markersize=26, fillstyle="none", color="white")
    panels["answer"].set_title("the answer: here")


plot(
    draw,
    "funnel-maps",
    alt="A portrait in colour. Below it eight grey maps: edges of four directions, then what is red, "
    "green, blue and bright. Below them the same eight maps, coarser. Then two rows of eight, "
    "smoothed maps and maps of small details, and the same sixteen once more, coarser still. At "
    "the end one map that is brightest where the face is, and the portrait with a ring around "
    "the mouth.",
    caption="All maps of a network from photo to answer, each stretched to the full range from black "
    "to white. Layers 1 and 3 look for patterns, layers 2 and 4 make the maps smaller, and a last "
    "layer says how much each place is like a face.",
    height=980,
)

# %% [markdown]
# Look at almost any convolutional network from the side and you see a funnel. A wide, flat photo goes in, and narrow, deep stacks of small maps come out, from which the answer is read.
#
# This course is about what makes the funnel narrow: pooling, stride and padding.
#
# !!! abstract "What you will be able to do"
#     - Say what a feature map is, and read a shape such as `(8, 108, 108)`.
#     - Tell which layers change the number of channels and which change height and width.
#     - Find the shape of every layer of a small network before you run it.
#
# ## A photo is three grids of numbers
#
# PyTorch keeps an image in a **tensor**, an array of numbers. Its shape is `(C, H, W)`: channels, height, width. A colour photo has three channels: one grid of numbers for red, one for green, one for blue.

# %%
x.shape

# %% [markdown]
# Each grid has 110 rows and 110 columns. So the photo is 36,300 numbers.
#
# ## Send it through a network
#
# The network has two convolutions, each followed by max pooling. Leave what these layers do inside for later. Watch what they do to the *shape*.
#
# !!! question "Predict"
#     The first layer is `nn.Conv2d(3, 8, 3)`: three channels in, eight channels out, and a **window** of 3×3, which is the part of a map that it reads for one number. Will its maps be larger than the photo, smaller, or just as large?

# %%
result = x
print("photo    ", tuple(result.shape))
for layer in network:
    result = layer(result)
    print(f"{type(layer).__name__:<9}", tuple(result.shape))

# %% [markdown]
# A little smaller. The first convolution trims 110 to 108. A window of 3×3 needs a neighbour on every side, and each of the outermost pixels lacks one.
#
# The pooling layers do far more. Each one halves height and width.
#
# Here is the funnel to scale, layer by layer:

# %%
show(
    funnel(network, x),
    "funnel",
    "Every picture is a feature map that this network computed from the photo, drawn to scale. "
    "The bold number counts the maps.",
)

# %% [markdown]
# Below the maps you read what each layer costs. Its *parameters* are the numbers that it learns, and a *multiply-accumulate* is one product added to a sum. *Sees 4×4* means that one number depends on 4×4 pixels of the photo: that is its receptive field. These words come back in later lessons, which define and count them.
#
# ## What a feature map is
#
# Each small grey picture at the top of this page is a **feature map**: one channel of a layer's output. A number in it says how strongly one pattern showed up at one place.
#
# The first convolution looks for eight patterns, so it makes eight maps. Four of them are bright where the photo gets brighter: to the right, to the left, downwards or upwards. The other four are bright where there is much red, green, blue or light. The second convolution looks at each of these eight maps for large patches and for small spots, so it makes sixteen. In short, a convolution decides the number of **channels**.
#
# Pooling looks at one map at a time. It makes each map smaller and leaves the number of maps alone.

# %%
pool = nn.MaxPool2d(2, 2)
for channels in (1, 8, 500):
    some = torch.rand(channels, 54, 54)
    print(tuple(some.shape), "->", tuple(pool(some).shape))

# %% [markdown]
# ## The answer
#
# The last layer weighs the sixteen small maps against each other. A face is a large patch of a warm colour, so it adds the patches of red and subtracts the patches of blue, averaged over 9×9 places. The strongest place is the answer.
#
# !!! question "Predict"
#     You mirror the photo, left to right. What will the network answer? And if you mirror it top to bottom?

# %%
for name, image in {"photo": x, "left to right": x.flip(2), "top to bottom": x.flip(1)}.items():
    print(f"{name:<13} row {find(image)[0]}, column {find(image)[1]}")

# %% [markdown]
# The answer follows the face. The map has 26 rows and 26 columns, counted from 0 to 25. So the mirror image of column 13 is column 12, and that of row 19 is row 6.
#
# These weights were made by hand, and they know little: a large orange would do for a face. A real network *learns* its weights from photos. But the shapes do not care. A trained network of the same layers has exactly the same ones.
#
# ## Wide and flat to narrow and deep
#
# Compare the two ends of the funnel. Height and width went from 110 to 26. Channels went from 3 to 16.
#
# Count the numbers, and you see why the network has to shrink its maps. Without the pools, the second convolution alone would put out 16 maps of 106×106:

# %%
without_pools = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 16, 3))
with_pools = network(x).numel()
without = without_pools(x).numel()
print(f"with pools:    {with_pools:>7,} numbers")
print(f"without pools: {without:>7,} numbers, {without / with_pools:.1f} times as many")

# %% [markdown]
# More numbers mean more work for every layer that follows, and more memory while training.
#
# !!! warning "A common mistake: channels last"
#     Image libraries such as Pillow give you `(H, W, C)`. PyTorch wants `(C, H, W)`. Forget to move the channels to the front, which `x.permute(2, 0, 1)` does, and a convolution complains:

# %%
wrong = torch.from_numpy(np.array(photo)) / 255  # (110, 110, 3)
try:
    network(wrong)
except RuntimeError as error:
    print(error)

# %% [markdown]
# Read the message from the end: it found 110 channels where it wanted 3.
#
# ## Two ways to narrow a funnel
#
# This network narrows by **pooling**. It could also use a **stride**: a convolution that moves its window in larger steps. [A later lesson](stride-instead-of-pooling.ipynb) compares the two, and [a typical setup](a-typical-setup.ipynb) builds this very network both ways.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** A photo of shape `(3, 64, 64)` goes through `nn.MaxPool2d(2, 2)`. What is the shape of the result?
#
# ??? success "Answer"
#     `(3, 32, 32)`. Pooling halves height and width, and keeps the channels.
#
# **2.** You replace `nn.Conv2d(3, 8, 3)` by `nn.Conv2d(3, 32, 3)`. Which part of its output shape changes?
#
# ??? success "Answer"
#     Only the channels: `(32, 108, 108)` where it was `(8, 108, 108)`.
#
# **3.** You add one more `nn.MaxPool2d(2, 2)` at the end of the network. What comes out?
#
# ??? success "Answer"
#     `(16, 13, 13)`: half of 26.
#
# **4.** Which convolution of this network puts out more numbers, the first or the second? How many does each put out?
#
# ??? success "Answer"
#     The first: 8 maps of 108×108 are 93,312 numbers. The second puts out 16 maps, but they are only 52×52: 43,264 numbers. It has twice the channels and less than half of the numbers.
#
# Check all four:

# %% tags=["collapse"]
print(tuple(nn.MaxPool2d(2, 2)(torch.rand(3, 64, 64)).shape))
print(tuple(nn.Conv2d(3, 32, 3)(x).shape))
print(tuple(nn.Sequential(network, nn.MaxPool2d(2, 2))(x).shape))
convolutions = [maps[n].numel() for n in (1, 3)]
print(convolutions)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The shape, such as (1, 2, 3).
check(..., lambda: nn.MaxPool2d(2, 2)(torch.rand(3, 64, 64)).shape)
# 2. The shape of the new output.
check(..., lambda: nn.Conv2d(3, 32, 3)(x).shape)
# 3. The shape at the end.
check(..., lambda: nn.Sequential(network, nn.MaxPool2d(2, 2))(x).shape)
# 4. The numbers that each of the two puts out, such as (10, 20).
check(..., lambda: convolutions)

# %% [markdown]
# ## What you know now
#
# - An image is `(C, H, W)`. Each channel of a layer's output is a feature map.
# - A convolution decides the number of channels. It may trim height and width a little.
# - Pooling narrows the maps and leaves their number alone.
# - Shapes do not depend on training. You can work them out before you run anything.
#
# [The network calculator](../network.md#layers=nn.Conv2d%283,8,3%29;nn.MaxPool2d%282,stride=2%29;nn.Conv2d%288,16,3%29;nn.MaxPool2d%282,stride=2%29&input=3,110,110) opens with the layers of this page. Change any of them, and watch the shapes behind it follow.
#
# You have seen what the layers do to shapes. Next you look inside the first of them: [what a convolution looks for](what-a-convolution-looks-for.ipynb).
#
# The path of these lessons follows Unit 7 of [Deep Learning Fundamentals (Sebastian Raschka, Lightning AI, 2023)](https://lightning.ai/courses/deep-learning-fundamentals/), from which this course began. The words and the measurements are our own.
