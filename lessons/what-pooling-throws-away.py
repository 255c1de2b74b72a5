# ---
# title: What pooling throws away
# description: Count how many inputs give one output, build different images with the same pooled map, and try to go back. Every loss is measured.
# ---

# %% [markdown]
# # What pooling throws away
#
# You read a 9 in a pooled map. What did the input look like? You cannot know. Here you count how much you cannot know.
#
# !!! abstract "What you will be able to do"
#     - Count the inputs that lead to one and the same output.
#     - Build different images with the same pooled map, down to the last number.
#     - Go back as well as it can be done, and measure the error.
#     - Use `MaxUnpool2d` without its three traps.
#
# ## Count the windows
#
# Take a 2×2 window whose cells hold whole numbers from 0 to 9. There are 10,000 such windows. That is few enough to pool all of them.
#
# !!! question "Predict"
#     How many of the 10,000 windows have the maximum 0? And how many the maximum 9?

# %%
import torch
from torch import nn
from torch.nn import functional as F

from slidingwindows import slide
from slidingwindows.lesson import plot, show

digits = torch.arange(10.0)
windows = torch.cartesian_prod(*[digits] * 4).reshape(-1, 1, 2, 2)
maxima, counts = nn.MaxPool2d(2)(windows).unique(return_counts=True)
for value, count in zip(maxima, counts, strict=True):
    print(f"maximum {value:.0f}: {count:>5,} windows")

# %% [markdown]
# One window has the maximum 0: all its cells must be 0. But 3,439 windows have the maximum 9.
#
# You can count them without a computer. The maximum is at most $m$ in $(m+1)^4$ windows. It is below $m$ in $m^4$ of them. So it is exactly $m$ in $(m+1)^4 - m^4$. For 9 that is 10,000 − 6,561.
#
# Windows side by side do not touch each other, so their counts multiply. A map with four pooled numbers, all of them 9, could come from $3439^4$ inputs: about 140 million million.
#
# ## Count the information
#
# How much of a window is left in its output? A **bit** is the answer to one question of yes or no. If all 10,000 windows are equally likely, you need $\log_2 10000$, about 13.3 bits, to name one.
#
# The same can be said of the outputs. Likely outputs tell little, rare ones much, and you take the mean. This is called *entropy*.
#
# !!! question "Predict"
#     Three ways to make one number of four: the maximum, the average, and a stride of 2 that keeps the upper left number. Which keeps the most information? Which the least?

# %%
layers = {
    "max": nn.MaxPool2d(2),
    "average": nn.AvgPool2d(2),
    "stride": lambda x: x[..., ::2, ::2],
}
for name, layer in layers.items():
    values, counts = layer(windows).unique(return_counts=True)
    share = counts / len(windows)
    bits = -(share * share.log2()).sum()
    print(f"{name:<8} {len(values)} different outputs, {bits:.2f} bits")

# %% [markdown]
# The average keeps the most, 4.56 bits: it can take 37 values. The stride keeps one digit whole, 3.32 bits.
#
# The maximum keeps least, 2.41 bits. A large maximum is no surprise, so it says little.
#
# This is about digits that are all equally likely. Neighbours in an image are alike, and then less is lost. You will measure that below, on a photo.
#
# ## Two inputs, one output
#
# To see a loss, build it. Take a pooled map. Fill each window with anything that is not larger than its number. Then put the number itself into one cell, wherever you like.


# %%
def lookalike(pooled, size, seed):
    """A random input whose max pool is the given map."""
    random = torch.Generator().manual_seed(seed)
    rows, cols = pooled.shape
    cells = torch.rand(rows, cols, size * size, generator=random)
    cells = (cells * (pooled[..., None] + 1)).floor()  # from 0 to the maximum
    winner = torch.randint(size * size, (rows, cols, 1), generator=random)
    cells.scatter_(2, winner, pooled[..., None])
    blocks = cells.reshape(rows, cols, size, size).transpose(1, 2)
    return blocks.reshape(1, rows * size, cols * size)


wanted = torch.tensor([[9.0, 5], [3, 7]])
one, other = lookalike(wanted, 2, seed=1), lookalike(wanted, 2, seed=3)
print(one[0], other[0], sep="\n")
pool = nn.MaxPool2d(2)
print("same pooled map:", torch.equal(pool(one), pool(other)))

# %%
show(slide(pool, one), "throws-away-one", "One input of many that give 9, 5, 3 and 7.")

# %%
show(
    slide(pool, other),
    "throws-away-other",
    "Another one. Nothing behind the pool can tell the two apart.",
)

# %% [markdown]
# Make a lookalike of your own: [open these numbers in the explorer](../explorer.md#call=nn.MaxPool2d%282,stride=2%29&input=7,2,0,5;9,7,2,4;2,1,7,2;3,2,3,3), and change as many as you can without changing the output.
#
# How many inputs of digits give this map? Multiply: $3439 \cdot 671 \cdot 175 \cdot 1695$. You find the four factors in the list above.
#
# Now a photo. Max pool it with a window of 8. Then build an image that shows something else, yet pools to exactly the same map: hide the photo **upside down** below the maxima.

# %%
import matplotlib.cbook
import numpy as np
from PIL import Image

picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
photo = torch.from_numpy(np.array(picture.convert("L"))).float()[None]
photo = photo[:, 20:340, 90:410]  # 320×320
pooled, indices = nn.MaxPool2d(8, return_indices=True)(photo)

# Each maximum fills its window. The photo, upside down, is cut off there.
roof = F.interpolate(pooled[None], scale_factor=8)[0]
hidden = torch.minimum(photo.flip(1), roof)
# And each maximum goes to its place.
hidden.view(-1)[indices.flatten()] = pooled.flatten()
print("pixels that differ:", f"{(hidden != photo).float().mean():.0%}")
print("same pooled map:", torch.equal(nn.MaxPool2d(8)(hidden), pooled))


# %% tags=["hide-input"]
def draw(figure):
    panels = figure.subplots(1, 3)
    pictures = {"photo": photo, "another image": hidden, "max pool of both": pooled}
    for axes, (name, values) in zip(panels, pictures.items(), strict=True):
        axes.imshow(values[0].numpy(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(name)
        axes.set_axis_off()


plot(
    draw,
    "throws-away-hidden",
    alt="Three pictures. A portrait; a picture in which the same portrait can be made out upside "
    "down among bright specks; and the coarse max pool, 40 by 40, which both share.",
    caption="Two images, one pooled map of 40×40. In all but 1,600 of the pixels, anything that is dark enough would do.",
    height=240,
)

# %% [markdown]
# Averages hide differently. Any pattern that sums to zero in each window is lost, for example a chessboard of plus and minus 40. (An image may not go below 0 or above 255. A feature map may.)

# %%
board = torch.tensor([[40.0, -40], [-40, 40]]).repeat(160, 160)
average = nn.AvgPool2d(2)
print("same averages:", torch.equal(average(photo + board), average(photo)))

# %% [markdown]
# ## The way back
#
# To draw an image, or to label its pixels, a network has to go back to the full size. From what is left, how close can it get? The measure is the **mean squared error**, per pixel. Grey levels go from 0 to 255.
#
# - *nearest*: each number fills its whole window.
# - *bilinear*: numbers in between are blended from their neighbours. For that you have to say where each number stands: a pool's in the middle of its window, but a stride's on the very pixel that it kept, in the window's upper left corner. Take both for the middle, and what comes back from the stride is off by half a pixel or more.
# - *unpool*: `MaxUnpool2d` puts each maximum back exactly where it stood. All other pixels become 0.
#
# !!! question "Predict"
#     Unpooling is the only way that knows where the maxima stood. Is it the closest?


# %%
def mse(guess):
    return ((guess - photo) ** 2).mean().item()


def back(small, size, mode):
    return F.interpolate(small[None], scale_factor=size, mode=mode)[0]


def between(small, size):
    """Bilinear between numbers that stand on every size-th pixel; the last ones are repeated."""
    side = (small.shape[-1] - 1) * size + 1
    lines = F.interpolate(small[None], size=(side, side), mode="bilinear", align_corners=True)
    return F.pad(lines, (0, size - 1, 0, size - 1), mode="replicate")[0]


print(f"{'window':<8}{'from':<10}{'nearest':>8}{'bilinear':>10}{'unpool':>8}")
for size in (2, 4, 8):
    small = {
        "max": nn.MaxPool2d(size)(photo),
        "average": nn.AvgPool2d(size)(photo),
        "stride": photo[:, ::size, ::size],
    }
    for name, values in small.items():
        blended = between(values, size) if name == "stride" else back(values, size, "bilinear")
        errors = [mse(back(values, size, "nearest")), mse(blended)]
        if name == "max":
            _, places = nn.MaxPool2d(size, return_indices=True)(photo)
            errors.append(mse(nn.MaxUnpool2d(size)(values, places)))
        print(f"{size:<8}{name:<10}", *(f"{error:>8.0f}" for error in errors))
print(f"one grey for the whole photo: {mse(photo.mean()):.0f}")
misplaced = back(photo[:, ::2, ::2], 2, "bilinear")
print(f"stride of 2, taken for the middle of its window: {mse(misplaced):.0f}")


# %% tags=["hide-input"]
def draw(figure):
    panels = figure.subplots(1, 4)
    small = nn.AvgPool2d(8)(photo)
    pictures = {
        "max, nearest": back(pooled, 8, "nearest"),
        "max, unpool": nn.MaxUnpool2d(8)(pooled, indices),
        "average, nearest": back(small, 8, "nearest"),
        "average, bilinear": back(small, 8, "bilinear"),
    }
    for axes, (name, values) in zip(panels, pictures.items(), strict=True):
        axes.imshow(values[0].numpy(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(name.replace(", ", "\n"), fontsize=13)
        axes.set_axis_off()


plot(
    draw,
    "throws-away-back",
    alt="Four attempts to restore the portrait from windows of 8: bright blocks; black with fine "
    "bright specks; darker blocks; and a smooth, blurred portrait, which is the closest.",
    caption="Back from a window of 8. The specks are all at their right places.",
    height=215,
)

# %% [markdown]
# Unpooling is by far the worst, worse even than one grey for the whole photo. One pixel in four is exactly right at a window of 2. The other three are black.
#
# That is no fault. `MaxUnpool2d` is half of a pair: it restores the *places*, and the layers behind it fill the gaps.
#
# Among the rest, *nearest* has to favour the average at each size: of all single numbers, the mean has the smallest squared distance to the pixels of its window. The maximum is nowhere too dark and mostly too bright. Even the stride, which simply skips, comes closer.
#
# Blended, the order can be another. At a window of 2 the stride is the closest, 123 against 146: what it kept are real pixels, and between two real pixels a straight line is a good guess. At 4 and 8 the kept pixels stand too far apart for that, and the average is closest again.
#
# The last line shows how easily you miss this. Take the stride's numbers for the middle of their windows, and the error is 233. The average would seem to win.
#
# Opinion: that is no case against max pooling. A classifier need not redraw its input. It needs to know that a pattern was there.
#
# ## Unpool, window by window

# %%
x = torch.tensor([[[1.0, 8, 3, 2], [4, 2, 5, 1], [0, 3, 2, 6], [7, 1, 4, 3]]])
values, where = nn.MaxPool2d(2, return_indices=True)(x)
print(values, where, sep="\n")

# %%
show(
    slide(nn.MaxUnpool2d(2), values, indices=where),
    "throws-away-unpool",
    "Each number returns to its own place. The 12 others are gone.",
)

# %% [markdown]
# The indices count cells row by row over the **whole map**, not over the window. In a map of width 4, index 11 is row 2, column 3: `divmod(11, 4)`.
#
# They start again at 0 in each channel, and in each image of a batch. So they are no use for a tensor that you have flattened:

# %%
two_maps = torch.stack([x[0], x[0]])
print(nn.MaxPool2d(2, return_indices=True)(two_maps)[1].flatten(1))

# %% [markdown]
# An index costs memory as well. It is an int64 of 8 bytes, beside a float32 of 4:

# %%
print(values.element_size(), where.element_size())

# %% [markdown]
# ## Which size was it?
#
# A map of 4×4 and one of 5×5 both pool to 2×2. The pooled map does not know which one it was. Torch guesses the smaller.
#
# !!! warning "A common mistake: unpooling without `output_size`"
#     A map of 5×5 goes in. Torch guesses 4×4. The flat indices then mean other cells, and the numbers move without a word:

# %%
odd = torch.tensor([[
    [1.0, 2, 0, 8, 1],
    [3, 7, 4, 2, 0],
    [6, 1, 3, 9, 2],
    [2, 5, 1, 4, 3],
    [0, 2, 1, 3, 4],
]])  # fmt: skip
values, where = nn.MaxPool2d(2, return_indices=True)(odd)
unpool = nn.MaxUnpool2d(2)
print(unpool(values, where))
print(unpool(values, where, output_size=odd.shape[-2:]))

# %%
show(
    slide(unpool, values, indices=where),
    "throws-away-guessed",
    "Without `output_size` the 7 lands in row 1, column 2. It stood in row 1, column 1. No error, no warning.",
)

# %% [markdown]
# Only the 8 in the first row is right. From the second row on, each row that torch believes to be shorter pushes the numbers further.
#
# You are lucky if an index is too large for the guessed map. Then torch complains:

# %%
large = torch.arange(25.0).reshape(1, 5, 5)
try:
    unpool(*nn.MaxPool2d(2, return_indices=True)(large))
except RuntimeError as error:
    print(error)

# %% [markdown]
# When you read *Found an invalid max index*, think of `output_size` first. Keep the height and width before each pool and hand them on: `output_size=x.shape[-2:]`. The whole shape is welcome only if it has four numbers, with a batch.
#
# ## Windows that overlap
#
# With overlapping windows, one cell can win several times. Its index then appears several times.

# %%
x = torch.tensor([[[1.0, 2, 1], [0, 9, 3], [2, 1, 4]]])
overlapping = nn.MaxPool2d(2, stride=1, return_indices=True)
values, where = overlapping(x)
print(where)
print(nn.MaxUnpool2d(2, stride=1)(values, where))

# %% [markdown]
# Four numbers write to one cell. They do not add up: each overwrites the one before. All four are the same 9, so here it does not matter.
#
# It matters when layers between pool and unpool change them. Let these four differ, and let torch work with one thread:

# %%
values = torch.tensor([[[1.0, 2], [3, 4]]])
threads = torch.get_num_threads()
torch.set_num_threads(1)
print(nn.MaxUnpool2d(2, stride=1)(values, where))

# %%
show(
    slide(nn.MaxUnpool2d(2, stride=1), values, indices=where),
    "throws-away-overwrite",
    "Four numbers, one place. With one thread, the last one stays.",
)

# %% [markdown]
# One thread goes through the windows in order, so the last one, 4, stays. Several threads race, and any of the four may stay.
#
# Torch's documentation [warns of it](https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html). And if you ask for results that can be repeated, torch refuses to unpool at all:

# %%
torch.set_num_threads(threads)
torch.use_deterministic_algorithms(True)
try:
    nn.MaxUnpool2d(2)(values, torch.tensor([[[0, 2], [8, 10]]]))
except RuntimeError as error:
    print(str(error).split(",")[0])
finally:
    torch.use_deterministic_algorithms(False)

# %% [markdown]
# It does so even here, where no index is there twice. Unpool only where the windows did not overlap, and you need not fear the race.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** How many 2×2 windows of digits have the maximum 1?
#
# ??? success "Answer"
#     15, from $2^4 - 1^4$. Each cell is 0 or 1, and one window of these 16 is all zeros.
#
# **2.** A 2×2 map was max pooled from a 4×4 input of digits. It holds 9, 1, 0 and 0. How many inputs are possible?
#
# ??? success "Answer"
#     $3439 \cdot 15 \cdot 1 \cdot 1$, that is 51,585.
#
# **3.** A map is 5 wide. `return_indices` says 13. Which row and which column is that?
#
# ??? success "Answer"
#     Row 2, column 3: `divmod(13, 5)`.
#
# **4.** `nn.MaxPool2d(2)` gave a 3×3 map. Which sizes can the square input have had? Which one does `nn.MaxUnpool2d(2)` guess?
#
# ??? success "Answer"
#     6 or 7. It guesses 6.
#
# **5.** How many 2×2 windows of digits have an average of 9? Of 4.5?
#
# ??? success "Answer"
#     One has 9. An average of 4.5, a sum of 18, is the most frequent: 670 windows.
#
# Check all five:

# %% tags=["collapse"]
top, mean = (layers[name](windows).flatten() for name in ("max", "average"))
ones, zeros, nines = (int((top == value).sum()) for value in (1, 0, 9))
print(ones, nines * ones * zeros * zeros, divmod(13, 5))
sizes = [n for n in range(2, 12) if nn.MaxPool2d(2)(torch.rand(1, n, n)).shape[-1] == 3]
values, where = nn.MaxPool2d(2, return_indices=True)(torch.rand(1, 6, 6))
guessed = nn.MaxUnpool2d(2)(values, where).shape[-1]
print(sizes, guessed)
print(int((mean == 9).sum()), int((mean == 4.5).sum()))

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. How many 2×2 windows of digits have the maximum 1?
check(..., lambda: int((top == 1).sum()))
# 2. How many 4×4 inputs of digits pool to 9, 1, 0 and 0?
check(..., lambda: nines * ones * zeros * zeros)
# 3. The row and the column of index 13 in a map that is 5 wide, such as (1, 2).
check(..., lambda: divmod(13, 5))
# 4. The sizes that pool to 3×3, then the one that is guessed, such as (1, 2, 1).
check(..., lambda: (*sizes, guessed))
# 5. How many windows have an average of 9, and how many of 4.5, such as (1, 2)?
check(..., lambda: (int((mean == 9).sum()), int((mean == 4.5).sum())))

# %% [markdown]
# ## What you know now
#
# - Of 10,000 windows of digits a max pool leaves 10 outputs, an average 37.
# - A maximum hides all that is smaller. An average hides all that sums to zero.
# - From windows of 4 and 8, averages come back closest. Unpooling restores places, not pixels.
# - `MaxUnpool2d` needs `output_size`, reads flat indices, and overwrites.
#
# The indices have a second use. In training, something must travel back through the pool: the gradient. Next: [gradients through pooling](gradients-through-pooling.ipynb).
#
# Torch's own page on [MaxUnpool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html) calls it a *partial inverse*. The counts and the measurements here are our own.
