# ---
# title: Output size
# description: How big a map comes out of a convolution or a pool. Count the stops of the window, and see which pixels are left over.
# ---

# %% [markdown]
# # Output size
#
# A layer refuses a map that has become too small for it, and it drops pixels at the border without a word. So before you put layers together, you want to know what size comes out of each.
#
# A layer turns 25 rows into 23, or into 12, or into 8. Which one will it be? You can know before you run anything.
#
# !!! abstract "What you will be able to do"
#     - Count the stops of a window, and write the count as a formula.
#     - Say which pixels no window reads.
#     - Work out rows and columns separately.
#     - Read torch's messages when no window fits.
#
# ## Count the stops
#
# A window makes one output number at each stop. So the output's size is the number of stops.
#
# Take one row of 8 pixels and a window of 3 that moves one pixel at a time. (`nn.MaxPool1d` is the same pool for a single row.)
#
# !!! question "Predict"
#     How many stops are there?

# %%
from itertools import product
from textwrap import fill

import torch
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import plot, show

row = torch.tensor([[3.0, 1, 4, 1, 5, 9, 2, 6]])
nn.MaxPool1d(3, stride=1)(row)

# %%
show(slide(nn.MaxPool1d(3, stride=1), row), "size-steps", "A window of 3 at stride 1 on 8 pixels. It starts at the first pixel, and its last stop ends at the last.")

# %% [markdown]
# Six stops. The first stop takes 3 pixels, so 5 are left, and each further stop takes one of them. In letters: the input has $i$ pixels and the kernel has $k$, so after the first stop $i - k$ pixels are left. With the first stop itself that makes
#
# $$o = i - k + 1$$
#
# ## Longer steps
#
# A stride of 2 takes two of the pixels that are left for each further stop.
#
# !!! question "Predict"
#     How many stops are there now? And what becomes of the last pixel?

# %%
nn.MaxPool1d(3, stride=2)(row)

# %%
show(slide(nn.MaxPool1d(3, stride=2), row), "size-stops", "A window of 3 at stride 2 on 8 pixels. A fourth stop would need a ninth pixel, so the eighth is left over.")

# %% [markdown]
# Three stops. One pixel is left over, because one is not enough for a step of 2.
#
# So divide what is left by the stride $s$, and cut off the fraction, because there is no half of a stop. Rounding down like this is called the **floor**, and half brackets stand for it:
#
# $$o = \left\lfloor \frac{i - k}{s} \right\rfloor + 1$$
#
# One more argument changes a number that goes in, not the rule. A [padding](padding.ipynb) $p$ puts $p$ pixels more on each side, so $i$ becomes $i + 2p$. It has a lesson of its own, and here it is off: $p = 0$. With it, the formula is:
#
# $$o = \left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1$$
#
# Believe it when torch does:


# %%
def size(layer, *shape):
    """The height that comes out of a layer."""
    return layer(torch.zeros(1, *shape)).shape[-2]


sides, kernels = range(9, 20), (1, 2, 3, 4)
settings = list(product(sides, kernels, (1, 2, 3), (0, 1, 2)))
for i, k, s, p in settings:
    o = (i + 2 * p - k) // s + 1
    assert size(nn.Conv2d(1, 1, k, s, p), i, i) == o
print(len(settings), "settings, one formula")

# %% [markdown]
# It holds for pools, too. It is computed for rows and columns separately. Leave the stride out, and $s$ is the kernel size for a pool and 1 for a convolution, as you saw in [max pooling](max-pooling.ipynb).
#
# ## What the floor throws away
#
# The fraction that the floor cuts off is made of pixels.
#
# !!! question "Predict"
#     A 7×7 map goes through `nn.MaxPool2d(2)`. What size comes out? How many of the 49 pixels are never read?

# %%
x = torch.tensor([[
    [3., 1, 4, 1, 5, 9, 2],
    [6., 5, 3, 5, 8, 9, 7],
    [9., 3, 2, 3, 8, 4, 6],
    [2., 6, 4, 3, 3, 8, 3],
    [2., 7, 9, 5, 0, 2, 8],
    [8., 4, 1, 9, 7, 1, 6],
    [9., 3, 9, 9, 3, 7, 5],
]])
pool = nn.MaxPool2d(2)
pool(x)

# %%
show(slide(pool, x), "size-floor", "7×7 gives 3×3. The hatched row and column are read by no window.")


# %% [markdown]
# The last row and the last column are lost: 13 pixels. [Open this map in the explorer](../explorer.md#call=nn.MaxPool2d%282%29&input=3,1,4,1,5,9,2;6,5,3,5,8,9,7;9,3,2,3,8,4,6;2,6,4,3,3,8,3;2,7,9,5,0,2,8;8,4,1,9,7,1,6;9,3,9,9,3,7,5), change the kernel or the stride, and see what is hatched then.
#
# Autograd, the part of torch that works out gradients, can count them. An average pool uses every pixel of its windows, so a pixel with the gradient zero was never read:


# %%
def unread(i, kernel, stride):
    """How many pixels of an i×i map no window reads."""
    image = torch.zeros(1, i, i, requires_grad=True)
    nn.AvgPool2d(kernel, stride)(image).sum().backward()
    return int((image.grad == 0).sum())


for i in (6, 7, 8, 9):
    print(f"{i}×{i} gives {size(pool, i, i)}, unread: {unread(i, 2, 2)}")

# %% [markdown]
# The leftover is the remainder of the division: $(i - k) \bmod s$ rows at the bottom, and as many columns at the right. **What the floor cuts off is at the end**, never at the beginning. (A stride larger than the window skips pixels in between as well, and so can a dilation. With padding, the first pixel may be among those.)
#
# Is a remainder an error? Not in torch. An input of 10 with a kernel of 3 and a stride of 2 gives 4.5 before the floor, and 4 after it:

# %%
size(nn.Conv2d(1, 1, 3, stride=2), 10, 10)

# %% [markdown]
# The well-known [CS231n notes](https://cs231n.github.io/convolutional-networks/) call this very setting invalid, and list what a library might do: refuse, pad, or crop. Torch crops, without a word.
#
# ### Many small losses
#
# Floors add up. Five pools of 2 in a row keep $\lfloor i/32 \rfloor$. So 224 and 255 both end at 7, and the larger photo has paid for 31 rows that reach no output:

# %%
five = nn.Sequential(*[nn.MaxPool2d(2) for _ in range(5)])
print([(i, size(five, i, i)) for i in (223, 224, 255, 256)])

# %% [markdown]
# Opinion: choose an input whose size is a multiple of the product of all strides. Then nothing is lost, and the way back up is easy.
#
# ## Steps and stairs
#
# Here are three settings on all inputs from 4 to 16. Torch computed every step.

# %%
layers = {
    "Conv2d, kernel 3": nn.Conv2d(1, 1, 3),
    "MaxPool2d(2)": nn.MaxPool2d(2),
    "MaxPool2d(3)": nn.MaxPool2d(3),
}
inputs = range(4, 17)
stairs = {name: [size(layer, i, i) for i in inputs] for name, layer in layers.items()}


def draw(figure):
    axes = figure.subplots()
    for name, sizes in stairs.items():
        axes.plot(inputs, sizes, label=name, drawstyle="steps-post")
    axes.set(xlabel="input size", ylabel="output size")
    axes.set(xticks=inputs, yticks=range(0, 15, 2))
    axes.legend()


plot(
    draw,
    "size-stairs",
    alt="Output size against input size from 4 to 16. The convolution rises by one with each input. "
    "The pool of 2 climbs a step every second input, and the pool of 3 every third.",
    caption="A stride of 1 climbs one step with every pixel. At a stride of 2, two inputs share each "
    "output size; at a stride of 3, three.",
    height=380,
)

# %% [markdown]
# A stride of 2 gives two inputs the same output size. So from the output alone you cannot tell how large the input was.
#
# ## Rows and columns separately
#
# All arguments also take a pair: rows first, then columns. Nothing mixes.
#
# !!! question "Predict"
#     An 8×8 map, a window of 3 rows and 4 columns, stride `(3, 2)`. Work out both sides.

# %%
wide = nn.MaxPool2d((3, 4), stride=(3, 2))
chance = torch.Generator().manual_seed(3)
eight = torch.randint(0, 10, (1, 8, 8), generator=chance).float()
wide(eight)

# %%
show(slide(wide, eight), "size-rectangle", "Rows: two of them are left over. Columns: the third window ends at the last one, so nothing is left over.")

# %% [markdown]
# Rows: $(8 - 3)/3$ is 1.67, cut to 1, plus 1 is 2. Columns: $(8 - 4)/2$ is 2, and plus 1 that makes 3.
#
# ## When no window fits
#
# Small maps and deep networks end here sooner or later. These are the messages you will meet:

# %%
three = torch.rand(1, 3, 3)
calls = (
    lambda: nn.MaxPool2d(5)(three),  # a pool larger than the map
    lambda: nn.Conv2d(1, 1, 5)(three),  # a kernel larger than the map
    lambda: nn.MaxPool2d(2, stride=3 // 5)(three),  # that is 0
    lambda: nn.MaxPool2d(2)(three[0]),  # a map without channels
)
for call in calls:
    try:
        call()
    except RuntimeError as error:
        print(fill(f"- {error}", 66))

# %% [markdown]
# "Output size is too small" means: the formula gave 0 or less. In a network it is the last of many layers that complains, but an earlier one shrank too much. Print the shapes, layer by layer.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** A photo of 224×224 enters `nn.Conv2d(3, 64, 7, stride=2)`, then `nn.MaxPool2d(3, stride=2)`. What is the height after each?
#
# ??? success "Answer"
#     109 and 54. $(224 - 7)/2$ is 108.5, cut to 108, plus 1. Then $(109 - 3)/2$ is 53, plus 1.
#
# **2.** How many pixels of a 10×10 map does `nn.MaxPool2d(3)` never read?
#
# ??? success "Answer"
#     19: the last row and the last column. Three windows of 3 read 9 rows, and 100 − 81 is 19.
#
# **3.** A map of 12×12 goes through `nn.MaxPool2d(4)`, and another one through `nn.Conv2d(1, 1, 4)`. What size comes out of each?
#
# ??? success "Answer"
#     3 and 9. Neither has a stride, so the pool steps by its kernel size: $(12 - 4)/4 + 1$. The convolution steps by 1: $12 - 4 + 1$.
#
# **4.** How many input sizes do five pools of 2 in a row turn into 7?
#
# ??? success "Answer"
#     32: all sizes from 224 to 255. Each pool maps two sizes to one, and two, five times over, makes 32.
#
# **5.** What does `nn.MaxPool2d((2, 5), stride=(2, 3))` make of a 7×12 map? How many rows and how many columns are left over?
#
# ??? success "Answer"
#     3×3, with 1 row and 1 column left over. $(7 - 2)/2$ is 2.5, cut to 2, plus 1. $(12 - 5)/3$ is 2.33, cut to 2, plus 1.
#
# Check all five:

# %% tags=["collapse"]
stem = nn.Conv2d(3, 64, 7, stride=2)(torch.zeros(3, 224, 224))
print(stem.shape[-1], nn.MaxPool2d(3, stride=2)(stem).shape[-1])
print(unread(10, 3, 3))
both = size(nn.MaxPool2d(4), 12, 12), size(nn.Conv2d(1, 1, 4), 12, 12)
print(both)
sevens = [i for i in range(200, 280) if size(five, i, i) == 7]
print(len(sevens), "sizes, from", sevens[0], "to", sevens[-1])
map7 = torch.zeros(1, 7, 12, requires_grad=True)
wide_mean = nn.AvgPool2d((2, 5), stride=(2, 3))(map7)
wide_mean.sum().backward()
rest = [int((map7.grad[0].sum(side) == 0).sum()) for side in (1, 0)]
print(tuple(wide_mean.shape[1:]), rest)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The two heights, such as (3, 2).
check(..., lambda: (stem.shape[-1], nn.MaxPool2d(3, stride=2)(stem).shape[-1]))
# 2. The number of pixels that are never read.
check(..., lambda: unread(10, 3, 3))
# 3. The two sizes, such as (3, 2).
check(..., lambda: both)
# 4. How many sizes.
check(..., lambda: len(sevens))
# 5. Rows and columns of the output, then the rows and columns left over, such as (4, 5, 2, 3).
check(..., lambda: (*wide_mean.shape[1:], *rest))

# %% [markdown]
# ## What you know now
#
# - The output's size is the number of stops: one, plus the room that is left, divided by the stride and cut.
# - Without padding, what the floor cuts is pixels at the end, which no window reads.
# - Rows and columns are worked out separately.
# - A stride maps several inputs to one size.
#
# The formula had a letter that gives you control: $p$. Next: [padding](padding.ipynb), and what is in it. After that, [a second lesson on sizes](rounding-up-and-going-back-up.ipynb) rounds up instead of down, and enlarges maps again.
#
# Source: [Dumoulin and Visin (2016)](https://arxiv.org/abs/1603.07285) work out the sizes of convolutions; [their animations, with numbers](convolution-arithmetic.ipynb), are in the gallery. The words and the measurements are our own.
