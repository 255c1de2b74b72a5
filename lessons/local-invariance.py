# ---
# title: Local invariance, and what it costs
# description: Shift the input by one pixel. How often does a pooled map notice, and how much? And what is lost for good? All of it is measured here.
# ---

# %% [markdown]
# # Local invariance, and what it costs
#
# "Max pooling makes a network invariant to small shifts." You read this often. Is it true? You are about to measure it.
#
# !!! abstract "What you will be able to do"
#     - Say exactly which one-pixel shifts a pool hides, and which it does not.
#     - Measure how stable max pooling, average pooling and plain subsampling are.
#     - Show what a pool throws away for good.
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
    x[0, 0, index] = 9.0
    return x


for index in (2, 3, 4):
    print(f"bright at {index}: {pool(bright_at(index))[0, 0].tolist()}")

# %%
show(
    slide(pool, bright_at(3)),
    "impulse-at-3",
    "The 9 at index 3. At index 2 the same window finds it. At index 4 the next window does.",
)

# %% [markdown]
# From 2 to 3 nothing changes: both cells lie in the same window. From 3 to 4 the pixel crosses into the next window, and the output changes. Try all the steps, and compare with plain **subsampling**, which keeps every second number and forgets the rest:

# %%
ways = {
    "max": nn.MaxPool2d(2),
    "average": nn.AvgPool2d(2),
    "subsampling": lambda x: x[..., ::2, ::2],
}
for name, way in ways.items():
    seen = [way(bright_at(i).expand(1, 2, 8)) for i in range(8)]
    hidden = sum(torch.equal(seen[i], seen[i + 1]) for i in range(7))
    print(f"{name:<12} hides {hidden} of 7 steps")

# %% [markdown]
# Both pools hide 4 of the 7 steps, about half. Subsampling hides none: with every step the bright pixel appears or vanishes.
#
# So the saying is half true, and only *locally*: inside a window, not across windows.
#
# ## How often: whole images
#
# In an image every window sees pixels leave and others enter. Shift a photo by one pixel, and an image of pure noise, and count the output numbers that change.
#
# !!! question "Predict"
#     What share of the outputs changes: for the maximum, for the average, for subsampling?

# %%
import matplotlib.cbook
import numpy as np
from PIL import Image

picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
photo = torch.from_numpy(np.array(picture)).float()[None]
torch.manual_seed(7)
noise = torch.rand(1, 600, 600)


def frame(image, shift):
    """A fixed frame of 256×256, looked at from `shift` pixels further right."""
    return image[:, 100:356, 100 + shift : 356 + shift]


def share(way, image, shift=1):
    """The share of the outputs that change."""
    return (way(frame(image, 0)) != way(frame(image, shift))).float().mean()


for name, way in ways.items():
    print(f"{name:<12} photo {share(way, photo):.0%}   noise {share(way, noise):.0%}")

# %% [markdown]
# On noise, two thirds of the maxima change. You can see why. The window before and the window after share one column of three. The maximum stays if the largest of those six numbers stands in the shared column: a chance of 2 in 6.
#
# On the photo 73% change. An average nearly always changes: it hears every number. So **max pooling hides a one-pixel shift more often than the others do, but most outputs still change.**
#
# ## How much: a different answer
#
# Now ask *how far* the outputs move: the mean change, divided by the output's own spread (its standard deviation).
#
# Add a fourth way, after [Zhang (2019)](https://proceedings.mlr.press/v97/zhang19a.html): take the maximum at stride 1, **blur** a little, and only then skip every second number.

# %%
blur = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16


def blurred_max(x):
    largest = nn.functional.max_pool2d(x, 2, stride=1)
    return nn.functional.conv2d(largest, blur[None, None], stride=2)


ways["max, blurred"] = blurred_max


def change(way, image, shift=1):
    before, after = way(frame(image, 0)), way(frame(image, shift))
    return (before - after).abs().mean() / before.std()


for name, way in ways.items():
    print(f"{name:<13} photo {change(way, photo):.3f}   noise {change(way, noise):.3f}")


# %% tags=["collapse"]
def draw(figure):
    axes = figure.subplots(1, 2)
    for panel, measure in zip(axes, (share, change), strict=True):
        for name, way in ways.items():
            panel.plot(range(6), [measure(way, photo, s) for s in range(6)], label=name)
        panel.set_xlabel("shift in pixels")
        panel.set_ylim(bottom=0)
    axes[0].set_ylabel("share that changes")
    axes[1].set_ylabel("change / spread")
    axes[0].legend(loc="lower right")


plot(
    draw,
    "shift-curves",
    alt="Two plots against the shift in pixels, four curves each, all starting at zero. Left, the "
    "share of outputs that change: at one pixel max pooling lies lowest, the other three are near "
    "one; from two pixels on all are near one. Right, the amount of change: subsampling lies "
    "highest, max and average pooling coincide, blurred max pooling lies lowest.",
    caption="The photo, shifted. Full invariance would be a flat line at zero.",
    height=340,
)

# %% [markdown]
# Now max and average pooling can hardly be told apart on the photo: 0.113 and 0.111. The maximum stays put more often, but when it moves, it jumps. On noise it is ahead. Subsampling moves most on both.
#
# Blurring turns it round. Nearly all outputs change, but they change *less*: 0.089 on the photo. Zhang's point is that max pooling, average pooling and strided convolution all ignore the sampling theorem, and that a blur before the skipping helps.
#
# And a whole network? Its architecture alone does not make it invariant, and such a blur is only part of a cure ([Azulay and Weiss 2019](https://jmlr.org/papers/v20/19-519.html)).
#
# **So: pooling damps small shifts. It does not remove them.** By how much depends on the image. Measure it on yours.
#
# !!! warning "Common mistake: invariant or equivariant?"
#     *Invariant* means the output does **not** change. *Equivariant* means it moves **along** with the input. A pool at stride 2 moves along exactly, but only for shifts by a whole stride.

# %%
for name, way in ways.items():
    before, after = way(frame(photo, 0)), way(frame(photo, 2))
    print(f"{name:<13} moves along exactly:", torch.equal(before[..., 1:], after[..., :-1]))

# %% [markdown]
# ## What is lost
#
# To hide a shift is to forget a position. What else is forgotten? Pool *every* 2×2 window that holds the digits 0 to 9. There are 10,000 of them.
#
# !!! question "Predict"
#     How many different outputs can there be? And how many windows give the output 9?

# %%
digits = torch.arange(10.0)
windows = torch.cartesian_prod(digits, digits, digits, digits).reshape(-1, 1, 2, 2)
for name in ("max", "average"):
    values, counts = ways[name](windows).unique(return_counts=True)
    top = counts.argmax()
    print(f"{name:<8} {len(values)} different outputs; "
          f"{counts[top]:,} windows give {values[top]:g}")

# %% [markdown]
# All that is left of 10,000 inputs are 10 maxima. When you read a 9, any of 3,439 windows may have been there. The average keeps 37 values apart. Neither can be undone.
#
# Now try to undo them anyway. Blow the pooled photo up to its old size, each number filling its whole window. How far off are you? The error is a root mean square, in grey levels from 0 to 255:

# %%
view = frame(photo, 0)
for k in (2, 4, 8):
    smaller = torch.stack([nn.MaxPool2d(k)(view), nn.AvgPool2d(k)(view), view[:, ::k, ::k]])
    rebuilt = nn.functional.interpolate(smaller, scale_factor=k)
    top, mean, plain = ((rebuilt - view) ** 2).mean((1, 2, 3)).sqrt()
    print(f"{k}×{k}: max {top:.1f}, average {mean:.1f}, subsampling {plain:.1f}")

# %% [markdown]
# The larger the window, the larger the error. The average comes closest, and it has to: of all single numbers, the mean has the smallest squared distance to the pixels of its window. The maximum is furthest off, even behind subsampling.
#
# *Opinion:* that is no case against max pooling. A network need not redraw its input. It needs to know whether a pattern was there.
#
# ## Exercises
#
# **1.** A window is 4 wide and its stride is 4. In a long row, what share of the one-pixel steps of a single bright pixel stays hidden?
#
# ??? success "Answer"
#     Three of every four. Only the step out of a window's last cell shows.
#
# **2.** A larger window hides more steps. So why not take a very large one?
#
# ??? success "Answer"
#     You lose the position, and all that lies below the maximum. The error of the maximum grows from 17.5 at 2×2 to 58.1 at 8×8.
#
# **3.** How many 2×2 windows of digits have the maximum 1? Count by hand.
#
# ??? success "Answer"
#     15. Each of the four cells is 0 or 1, which makes 16 windows. One of them, all zeros, has the maximum 0.
#
# Check the first and the third:

# %% tags=["collapse"]
wide = nn.MaxPool2d((1, 4))
rows = torch.eye(41).reshape(41, 1, 1, 41)[..., :40]  # a bright pixel at each place in turn
outputs = wide(rows[:40])
print("hidden:", [torch.equal(a, b) for a, b in zip(outputs[:8], outputs[1:9], strict=True)])
print("windows with the maximum 1:", int((ways["max"](windows) == 1).sum()))

# %% [markdown]
# ## Next
#
# Pooling gives a little stability and takes a lot of detail. Is it needed at all? Some networks do without. They [let the stride do the shrinking](stride-instead-of-pooling.ipynb).
#
# This lesson's path follows Unit 7 of [Deep Learning Fundamentals (Sebastian Raschka, Lightning AI, 2023)](https://lightning.ai/courses/deep-learning-fundamentals/). The words and the measurements are our own.
