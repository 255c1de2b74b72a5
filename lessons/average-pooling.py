# ---
# title: Average pooling
# description: The window takes the mean instead of the largest number. The same input, side by side with max pooling.
# ---

# %% [markdown]
# # Average pooling
#
# The window slides as before, but this time no number wins, because it writes down the **mean** of all it sees.
#
# !!! abstract "What you will be able to do"
#     - Compute an average pool by hand.
#     - Say when max and average pooling differ most, and why the window's size matters.
#     - Explain what padding does to an average, and how to switch that off.
#
# ## The same input, the other rule
#
# This is the input of the [max pooling lesson](max-pooling.ipynb).

# %%
import torch
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import plot, show

x = torch.tensor([[
    [3., 1, 4, 1, 5, 9],
    [2., 6, 5, 3, 7, 8],
    [9., 7, 9, 3, 2, 3],
    [8., 4, 6, 2, 6, 4],
    [3., 3, 8, 3, 2, 7],
    [9., 5, 0, 2, 8, 6],
]])
average = nn.AvgPool2d(kernel_size=2)

# %% [markdown]
# !!! question "Predict"
#     The first window holds 3, 1, 2 and 6. What is their mean? Max pooling kept 6.

# %%
average(x)

# %%
show(
    slide(average, x),
    "average-pool-2x2",
    "Average pooling with a 2×2 window and stride 2. Every number in the window counts equally.",
)

# %% [markdown]
# The mean is 3. All four numbers had a say in it.
#
# ## Side by side
#
# Here is the max pool of the same input again. Compare the two, window by window.

# %%
show(
    slide(nn.MaxPool2d(2), x),
    "max-pool-for-comparison",
    "Max pooling of the same input: in each window one number decides alone.",
)

# %% [markdown]
# !!! question "Predict"
#     In which window do the two differ most? Look for a large number among small ones.

# %%
largest = nn.MaxPool2d(2)(x)[0]
mean = average(x)[0]
print("max:", largest, "average:", mean, "difference:", largest - mean, sep="\n")

# %% [markdown]
# Apart from rounding, the maximum is never below the mean. The two agree only where all numbers of a window are equal.
#
# They differ most in the middle of the bottom row, by 4.75. That window holds 8, 3, 0 and 2, and the 8 stands out. A single peak on an empty map is the extreme case:

# %%
peak = torch.zeros(1, 6, 6)
peak[0, 2, 3] = 8.0
print("max:    ", nn.MaxPool2d(2)(peak)[0].tolist())
print("average:", nn.AvgPool2d(2)(peak)[0].tolist())

# %% [markdown]
# Max pooling reports the peak at full height, 8. Average pooling spreads it over four cells and reports 2.
#
# So the two ask different questions. Max: *is the pattern anywhere in this window?* Average: *how much of it is in this window?*
#
# ## What a mean is good for
#
# A mean can do something that a maximum cannot. Take a map that holds nothing but noise: random numbers around 0, with a standard deviation of 1, so most of them are less than 1 away from 0.
#
# !!! question "Predict"
#     What is left of the noise after an average pool of 2×2? And after a max pool of 2×2?

# %%
noise = torch.randn(1, 1024, 1024, generator=torch.Generator().manual_seed(6))
for pool in (nn.AvgPool2d(2), nn.MaxPool2d(2)):
    left = pool(noise)
    print(f"{type(pool).__name__}: mean {left.mean():.2f}, deviation {left.std():.2f}")

# %% [markdown]
# The average halves the noise, because four independent errors partly cancel. The maximum picks the largest of four errors each time, so an empty map no longer looks empty: now its mean is 1.03.
#
# ## The window's size matters
#
# Take a map of dots. Each cell is 1 with a probability of 5%, and 0 otherwise. Pool it with larger and larger windows.
#
# !!! question "Predict"
#     What happens to the mean of the average pool? And to that of the max pool?

# %%
torch.manual_seed(7)
dots = (torch.rand(1, 1024, 1024) < 0.05).float()
for k in (1, 2, 4, 8):
    print(f"{k}×{k}: average {nn.AvgPool2d(k)(dots).mean():.3f}, "
          f"max {nn.MaxPool2d(k)(dots).mean():.3f}, "
          f"theory {1 - (1 - 0.05) ** (k * k):.3f}")

# %% [markdown]
# The average stays at 0.050. The maximum climbs. With an 8×8 window 96% of its outputs are 1, and the map says hardly anything any more.
#
# The theory is short. Let a cell be 1 with probability $a$. All $P$ cells of a window are 0 with probability $(1-a)^P$, so the maximum is 1 with probability $1-(1-a)^P$. The mean does not depend on $P$ ([Boureau, Ponce and LeCun 2010](https://icml.cc/Conferences/2010/papers/638.pdf)).
#
# ## On a photo
#
# Both pools here use an 8×8 window:

# %%
import matplotlib.cbook
import numpy as np
from PIL import Image

photo = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
photo = photo.crop((90, 20, 410, 340))
grey = torch.from_numpy(np.array(photo)).float()[None]


def draw(figure):
    panels = figure.subplots(1, 3)
    pictures = {
        "photo": grey,
        "max": nn.MaxPool2d(8)(grey),
        "average": nn.AvgPool2d(8)(grey),
    }
    for axes, (name, picture) in zip(panels, pictures.items(), strict=True):
        axes.imshow(picture[0], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(f"{name}, {picture.shape[1]}×{picture.shape[2]}")
        axes.set_axis_off()


plot(
    draw,
    "max-and-average-photo",
    alt="Three pictures of one portrait: the photo, its max pool with bright blocks grown larger, "
    "and its average pool, darker and closer to the photo.",
    caption="The same photo, max pooled and average pooled to 40×40.",
    height=235,
)

# %% [markdown]
# The max pool is brighter: in each block the lightest pixel wins. The average pool looks like the photo seen from far away, and keeps its mean brightness:

# %%
print(f"photo {grey.mean():.0f}, max {nn.MaxPool2d(8)(grey).mean():.0f}, "
      f"average {nn.AvgPool2d(8)(grey).mean():.0f}")

# %% [markdown]
# ## What padding does to a mean
#
# Average pooling pads with **zero**, and by default it counts those zeros. That leaves a dark rim, because it pulls the mean down along the border.
#
# !!! question "Predict"
#     Every number of a 3×3 input is 1. A 3×3 window with padding 1 sits on the upper left corner. It sees four ones and five zeros. What does it write?

# %%
ones = torch.ones(1, 3, 3)
counted = nn.AvgPool2d(3, stride=1, padding=1)
counted(ones)

# %%
show(
    slide(counted, ones),
    "average-pool-padding",
    "An input of ones. Where the window hangs over the border, zeros lower the mean.",
)

# %% [markdown]
# A corner gets 4/9, about 0.444. An edge gets 6/9, about 0.667. Only the middle is 1.
#
# Say `count_include_pad=False`, and torch divides by the number of *real* cells:

# %%
nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)(ones)

# %% [markdown]
# Now every mean is 1.
#
# !!! warning "A common mistake: averages of integers"
#     Give `AvgPool2d` a tensor of int64, as `torch.tensor([1, 2])` is, and it cuts off the fraction without a word. Smaller integers it refuses. Convert to float first.

# %%
whole = torch.tensor([[[1, 2], [3, 5]]])
print("integers:", nn.AvgPool2d(2)(whole).item())
print("floats:  ", nn.AvgPool2d(2)(whole.float()).item())

# %% [markdown]
# ## Exercises
#
# **1.** What does `nn.AvgPool2d(2)` make of `[[1, 8], [6, 3]]`?
#
# ??? success "Answer"
#     The mean of the four: 4.5.
#
# **2.** You add 10 to every number of an input. What happens to its max pool? To its average pool?
#
# ??? success "Answer"
#     Both rise by 10.
#
# **3.** You multiply every number by -1. Does the average pool change its sign? Does the max pool?
#
# ??? success "Answer"
#     The average pool does: the mean of the negatives is the negative of the mean. The max pool does not: the largest of the negatives comes from the *smallest* number.
#
# **4.** You pool `x` with `nn.AvgPool2d(3)`, and the result once more with `nn.AvgPool2d(2)`. Then you pool `x` with `nn.AvgPool2d(6)`. Do the two agree? Would they with max pools?
#
# ??? success "Answer"
#     Yes, both times. The windows lie side by side and hold equally many numbers, so the mean of the means is the mean of all. The largest of the largest is the largest in any case.
#
# Check your answers:

# %% tags=["collapse"]
print(nn.AvgPool2d(2)(torch.tensor([[[1.0, 8], [6, 3]]])).item())
for pool in (nn.MaxPool2d(2), nn.AvgPool2d(2)):
    rises = torch.equal(pool(x + 10), pool(x) + 10)
    flips = torch.equal(pool(-x), -pool(x))
    print(f"{type(pool).__name__}: rises by 10 {rises}, changes its sign {flips}")
kinds = (nn.AvgPool2d, nn.MaxPool2d)
for kind in kinds:
    print(f"{kind(2)(kind(3)(x)).item():.3f} and {kind(6)(x).item():.3f}")

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The number.
check(..., lambda: nn.AvgPool2d(2)(torch.tensor([[[1.0, 8], [6, 3]]])).item())
# 2. By how much the max pool rises, and the average pool, such as (5, 5).
check(..., lambda: [(p(x + 10) - p(x)).mean() for p in (nn.MaxPool2d(2), average)])
# 3. Whether the max pool changes its sign, and the average pool, such as (True, True).
check(..., lambda: [torch.equal(p(-x), -p(x)) for p in (nn.MaxPool2d(2), average)])
# 4. Whether the averages agree, and the maxima, such as (False, False).
check(..., lambda: [torch.allclose(k(2)(k(3)(x)), k(6)(x)) for k in kinds])

# %% [markdown]
# ## What you know now
#
# - An average pool writes down the mean of each window. Every number counts equally.
# - Max asks whether a pattern is there at all, average asks how much of it there is. They differ most at lone peaks.
# - With larger windows the maximum of sparse maps fills up; the mean stays.
# - Padding holds zeros, and they are counted unless you say `count_include_pad=False`.
#
# Compare both pools number by number: [open the rows of `x` in the explorer](../explorer.md#call=nn.AvgPool2d%282,stride=2%29&input=3,1,4,1,5,9;2,6,5,3,7,8;9,7,9,3,2,3;8,4,6,2,6,4;3,3,8,3,2,7;9,5,0,2,8,6) and switch from the average to the maximum.
#
# You have met two pools and given neither of them a weight. [Pooling has nothing to learn](no-learnable-parameters.ipynb); next you count what that saves.
#
# This lesson's path follows Unit 7 of [Deep Learning Fundamentals (Sebastian Raschka, Lightning AI, 2023)](https://lightning.ai/courses/deep-learning-fundamentals/). The model of dots is by [Boureau, Ponce and LeCun (2010)](https://icml.cc/Conferences/2010/papers/638.pdf). The words and the measurements are our own.
