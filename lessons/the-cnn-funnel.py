# ---
# title: The CNN funnel
# description: A photo goes into a network. Height and width shrink, channels grow. Watch it happen to real feature maps.
# ---

# %% [markdown]
# # The CNN funnel
#
# Look at almost any convolutional network from the side and you see a funnel. A wide, flat photo goes in. Narrow, deep stacks of small maps come out.
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
# PyTorch writes an image as `(C, H, W)`: channels, height, width. A colour photo has three channels: one grid of numbers for red, one for green, one for blue.

# %%
import matplotlib.cbook
import numpy as np
import torch
from PIL import Image
from torch import nn

from slidingwindows import funnel
from slidingwindows.lesson import show

# The photo that comes with matplotlib: Grace Hopper, compiler pioneer.
photo = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
photo = photo.crop((90, 20, 420, 350)).resize((110, 110))
x = torch.from_numpy(np.array(photo)).permute(2, 0, 1) / 255
x.shape

# %% [markdown]
# Each grid has 110 rows and 110 columns. So the photo is 36,300 numbers.
#
# ## Send it through a network
#
# Here is a small network: two convolutions, each followed by max pooling. You need not know yet what these layers do inside. Watch what they do to the *shape*.
#
# !!! question "Predict"
#     The first layer is `nn.Conv2d(3, 8, 3)`: three channels in, eight channels out, a window of 3×3. Will its maps be larger than the photo, smaller, or just as large?

# %%
torch.manual_seed(7)  # the weights are random, but the same in every build
network = nn.Sequential(
    nn.Conv2d(3, 8, 3),
    nn.MaxPool2d(2, 2),
    nn.Conv2d(8, 16, 3),
    nn.MaxPool2d(2, 2),
)
journey = funnel(network, x)
print(journey.table())

# %% [markdown]
# A little smaller. The first convolution trims 110 to 108. A window of 3×3 needs a neighbour on every side, and the outermost pixels have none.
#
# The pooling layers do far more. Each one halves height and width.
#
# Now see the maps themselves:

# %%
show(
    journey,
    "funnel",
    "Every picture is a feature map that this network computed from the photo, drawn to scale. "
    "Each map is stretched to the full range from black to white. The bold number counts the maps.",
)

# %% [markdown]
# This network is *untrained*. Its weights are random, so its maps are not yet useful. The shapes do not care: a trained network of the same layers has exactly the same ones.
#
# ## What a feature map is
#
# Each small picture above is a **feature map**: one channel of a layer's output. A number in it says how strongly one pattern showed up at one place.
#
# Eight filters make eight maps. So a convolution decides the number of **channels**.
#
# Pooling looks at one map at a time. It makes each map smaller and leaves the number of maps alone.

# %%
pool = nn.MaxPool2d(2, 2)
for channels in (1, 8, 500):
    maps = torch.rand(channels, 54, 54)
    print(tuple(maps.shape), "->", tuple(pool(maps).shape))

# %% [markdown]
# ## Wide and flat to narrow and deep
#
# Compare the two ends of the funnel. Height and width went from 110 to 26. Channels went from 3 to 16.
#
# Count the numbers, and you see why the network has to shrink its maps. Without the pools, the second convolution alone would put out 16 maps of 106×106:

# %%
without_pools = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 16, 3))
with_pools = journey.stages[-1].numbers
without = without_pools(x).numel()
print(f"with pools:    {with_pools:>7,} numbers")
print(f"without pools: {without:>7,} numbers, {without / with_pools:.1f} times as many")

# %% [markdown]
# More numbers mean more work for every layer that follows, and more memory while training.
#
# !!! warning "A common mistake: channels last"
#     Many image libraries give you `(H, W, C)`. PyTorch wants `(C, H, W)`. Forget the `permute`, and a convolution complains:

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
convolutions = [journey.stages[n].numbers for n in (1, 3)]
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
# You have seen *that* pooling shrinks a map. Next you see *how*: [max pooling, window by window](max-pooling.ipynb).
#
# The path of these lessons follows Unit 7 of [Deep Learning Fundamentals (Sebastian Raschka, Lightning AI, 2023)](https://lightning.ai/courses/deep-learning-fundamentals/), from which this course began. The words and the measurements are our own.
