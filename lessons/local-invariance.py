# ---
# title: Local invariance, and what it costs
# description: Shift the input by one pixel. How often does a pooled map notice? And how much of the input is lost for good? Both are measured here.
# ---

# %% [markdown]
# # Local invariance, and what it costs
#
# "Max pooling makes a network invariant to small shifts." You read this often. Is it true? You are about to measure it.
#
# !!! abstract "What you will be able to do"
#     - Say exactly which one-pixel shifts a pool hides, and which it does not.
#     - Measure how stable max, average and plain subsampling are on a photo.
#     - Show what information a pool throws away for good.
#
# ## Move one bright pixel
#
# Take a row of eight numbers, all zero but one. Pool it with a window of 2 and stride 2. Then move the bright pixel one step to the right.
#
# !!! question "Predict"
#     The bright pixel stands at index 2. You move it to index 3. Does the output change? And from index 3 to index 4?

# %%
import torch
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import plot, show

pool = nn.MaxPool2d((1, 2))  # one row high, two columns wide


def bright_at(index):
    x = torch.zeros(1, 1, 8)
    x[0, 0, index] = 1.0
    return x


for index in range(2, 5):
    print(f"bright at {index}: {pool(bright_at(index))[0, 0].tolist()}")

# %% [markdown]
# From 2 to 3 the output stays the same. Both cells lie in the same window. From 3 to 4 it changes: the pixel has crossed into the next window.

# %%
show(
    slide(nn.MaxPool2d(2), torch.tensor([[[0., 0, 0, 0, 0, 0],
                                          [0., 0, 0, 9, 0, 0],
                                          [0., 0, 0, 0, 0, 0],
                                          [0., 0, 0, 0, 0, 0]]])),
    "impulse-inside",
    "The 9 may move one step left or up and stay in its window. One step right or down, and another window finds it.",
)

# %% [markdown]
# So a single pixel is hidden in about half of all one-pixel shifts. Count all starting points to be sure:

# %%
hidden = sum(
    torch.equal(pool(bright_at(i)), pool(bright_at(i + 1))) for i in range(7)
)
print(f"hidden: {hidden} of 7 shifts")

# %% [markdown]
# That is *local* invariance: inside a window, not across windows.
#
# ## Now a photo
#
# A photo has more than one bright pixel. When it shifts, every window sees some pixels leave and others enter. So the output nearly always changes. The fair question is: by *how much*?
#
# Compare three ways to halve a map: max pooling, average pooling, and plain subsampling (keep every other pixel, forget the rest).

# %%
import matplotlib.cbook
import numpy as np
from PIL import Image

photo = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
grey = torch.from_numpy(np.array(photo)).float()[None] / 255

ways = {
    "max pooling": nn.MaxPool2d(2),
    "average pooling": nn.AvgPool2d(2),
    "subsampling": lambda x: x[..., ::2, ::2],
}


def window_of(image, shift):
    """A fixed frame of the photo, looked at from `shift` pixels further right."""
    return image[:, 100:356, 100 + shift : 356 + shift]


def change(way, shift):
    """Mean change of the output, as a share of the output's own spread."""
    before, after = way(window_of(grey, 0)), way(window_of(grey, shift))
    return ((before - after).abs().mean() / before.std()).item()


for name, way in ways.items():
    print(f"{name:<16} shift by 1: {change(way, 1):.3f}")

# %% [markdown]
# !!! question "Predict"
#     What happens for larger shifts? And will even shifts, such as 2 or 4 pixels, look different from odd ones?

# %%
def draw(figure):
    axes = figure.subplots()
    shifts = range(0, 9)
    for name, way in ways.items():
        axes.plot(shifts, [change(way, s) for s in shifts], label=name)
    axes.set_xlabel("shift of the photo, in pixels")
    axes.set_ylabel("change of the output")
    axes.legend()


plot(
    draw,
    "shift-curves",
    alt="Three rising curves against the shift in pixels. Subsampling lies highest; below it max and "
    "average pooling almost coincide. All start at zero.",
    caption="How much the output changes when the photo shifts. Zero would be full invariance.",
)

# %% [markdown]
# None of the three is invariant: every curve leaves zero at once. Odd and even shifts lie on one curve.
#
# Subsampling changes most. Max and average pooling lie close together, the average a hair lower. On this photo, the pools are a little steadier than plain subsampling. They are far from invariant.
#
# That agrees with what others found: max pooling, strided convolution and average pooling all ignore the sampling theorem, and blurring before you subsample helps ([Zhang 2019](https://proceedings.mlr.press/v97/zhang19a.html)). And no layer of this kind makes a whole network invariant by itself ([Azulay and Weiss 2019](https://jmlr.org/papers/v20/19-519.html)).
#
# ## Moving along is not staying the same
#
# There is a second property with a similar name. Shift the input by a *whole stride*, and the output shifts by one. That is **equivariance**, and it is exact:

# %%
for name, way in ways.items():
    before, after = way(window_of(grey, 0)), way(window_of(grey, 2))
    print(f"{name:<16} moves along exactly:", torch.equal(before[..., 1:], after[..., :-1]))

# %% [markdown]
# !!! warning "Common mistake: trusting a word"
#     "Invariant" means the output does *not* change. "Equivariant" means it changes *with* the input. Pooling is a little of the first and, for shifts by a whole stride, exactly the second.
#
# ## What is lost
#
# A 2×2 pool keeps one number of four. Different inputs become the same output, and nothing can tell them apart afterwards:

# %%
first = torch.tensor([[[0., 9], [0, 0]]])
second = torch.tensor([[[9., 9], [9, 9]]])
print("different inputs:", not torch.equal(first, second))
print("same output:     ", torch.equal(nn.MaxPool2d(2)(first), nn.MaxPool2d(2)(second)))

# %% [markdown]
# How much of a photo is gone? Blow the pooled map up to its old size and compare it with the photo.

# %%
view = window_of(grey, 0)


def error(way, size):
    small = way(size)(view)
    large = nn.functional.interpolate(small[None], size=view.shape[1:], mode="nearest")[0]
    return ((large - view) ** 2).mean().sqrt().item()


for size in (2, 4, 8):
    print(f"{size}×{size} windows: max {error(nn.MaxPool2d, size):.3f}, "
          f"average {error(nn.AvgPool2d, size):.3f}")

# %%
def draw_lost(figure):
    panels = figure.subplots(1, 4)
    for axes, size in zip(panels, (1, 2, 4, 8), strict=True):
        axes.imshow(nn.MaxPool2d(size)(view)[0], cmap="gray", vmin=0, vmax=1)
        axes.set_title("photo" if size == 1 else f"{size}×{size}")
        axes.set_axis_off()


plot(
    draw_lost,
    "max-pool-loss",
    alt="Four pictures of one portrait, max pooled with ever larger windows: details vanish and "
    "bright areas grow into blocks.",
    caption="One photo after max pooling with larger and larger windows.",
    height=220,
)

# %% [markdown]
# The larger the window, the larger the error. In every row the average comes closer to the photo than the maximum does.
#
# It has to. Of all single numbers, the mean is the one with the smallest squared distance to the pixels of its window.
#
# *Opinion:* that is no argument against max pooling. A network need not redraw its input. It needs to know whether a pattern was there.
#
# ## Exercises
#
# **1.** A window is 4 wide and its stride is 4. In a long row, what share of one-pixel shifts of a single bright pixel stays hidden?
#
# ??? success "Answer"
#     Three of every four. Only a step out of the window's last cell shows.
#
# **2.** Does a larger window make a max pool more invariant? What do you pay?
#
# ??? success "Answer"
#     More shifts stay hidden. But more is lost, as the errors above show.
#
# **3.** You shift the photo by 2 pixels and pool with window 2 and stride 2. Is there a way to line the two outputs up exactly?
#
# ??? success "Answer"
#     Yes: move one of them by one cell. A shift by a whole stride is followed exactly.
#
# Check the first one on a row of 41 pixels:

# %% tags=["collapse"]
wide = nn.MaxPool2d((1, 4))
row = torch.eye(41).reshape(41, 1, 1, 41)[:, :, :, :40]  # a bright pixel at each place in turn
outputs = [wide(one) for one in row[:40]]
same = sum(torch.equal(a, b) for a, b in zip(outputs, outputs[1:], strict=False))
print(f"hidden: {same} of {len(outputs) - 1}")

# %% [markdown]
# ## Next
#
# If pooling gives little and takes much, why pool at all? Some networks do not. They [let the stride do the shrinking](stride-instead-of-pooling.ipynb).
