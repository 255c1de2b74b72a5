# ---
# title: Dilation
# description: Spread the kernel's taps apart and it sees further at the same price. Watch what it skips, and learn when a stack of dilated layers leaves holes.
# ---

# %% [markdown]
# # Dilation
#
# To label every pixel of a photo, a network has to see far around each of them, but a pool or a stride would give it fewer pixels to label. How can a kernel of nine weights see more of a map without either? Pull its weights apart. That distance is the **dilation**.
#
# !!! abstract "What you will be able to do"
#     - Say how far a dilated kernel reaches, and what it skips.
#     - Choose the padding that keeps the size.
#     - Predict which pixels a stack of dilated layers uses, and count them by gradient.
#     - Dilate a max pool, and get around two refusals of torch.
#
# ## The taps move apart
#
# A **tap** is one place of the window where a number is read. With dilation 1 the taps are neighbours. With dilation 2 one pixel lies between them.
#
# (Some texts count the pixels in between, and call this dilation 1. Here and in torch a dilation of 1 leaves the kernel as it is.)
#
# Begin with a single row of eight numbers, which `nn.Conv1d` takes, and a kernel of three ones, which adds up what its taps read.
#
# !!! question "Predict"
#     With `dilation=2` the kernel lies at the left end of the row. Which three numbers does it add up? And how often does it fit?

# %%
from textwrap import fill

import matplotlib
import torch
from matplotlib.colors import ListedColormap
from torch import nn
from torch.nn import functional as F

from slidingwindows import receptive_field, slide
from slidingwindows.lesson import plot, show

eight = torch.tensor([[3.0, 1, 4, 1, 5, 9, 2, 6]])
in_a_row = nn.Conv1d(1, 1, 3, dilation=2, bias=False)
in_a_row.weight.data.fill_(1)
in_a_row(eight).detach()

# %%
show(slide(in_a_row, eight), "dilation-row", "Three taps with one place between neighbours. The window spans five places, so it stops four times.")

# %% [markdown]
# It adds the numbers at places 0, 2 and 4, which are 3, 4 and 5. It jumps over the two in between, but it needs room for all five, so eight places hold four stops.
#
# An image is the same twice, down and across. Take the kernel that found edges in [what a convolution looks for](what-a-convolution-looks-for.ipynb): pulled apart, it compares pixels that are further from each other.
#
# !!! question "Predict"
#     A 3×3 kernel with `dilation=2` lies in the upper left corner of a 7×7 map. Which pixels does it read? And how large is the output?

# %%
x = torch.tensor([[
    [1., 0, 2, 1, 3, 0, 1],
    [2., 4, 0, 5, 1, 2, 3],
    [0., 1, 3, 0, 2, 1, 4],
    [3., 2, 1, 6, 0, 4, 1],
    [1., 5, 0, 2, 4, 0, 2],
    [0., 1, 2, 3, 1, 5, 0],
    [2., 0, 4, 1, 0, 3, 1],
]])
weights = torch.tensor([[[[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]]]])
spread = nn.Conv2d(1, 1, 3, dilation=2, bias=False)
spread.weight.data = weights
spread(x).detach()

# %%
show(slide(spread, x), "dilation-spread", "Nine taps with one pixel between neighbours. The window spans 5×5, so it fits in three places each way.")

# %% [markdown]
# It reads rows 0, 2 and 4, and in each of them columns 0, 2 and 4. The output is 3×3, where dilation 1 would give 5×5. [Open this window in the explorer](../explorer.md#call=nn.Conv2d%281,1,3,dilation=2,bias=False%29&input=1,0,2,1,3,0,1;2,4,0,5,1,2,3;0,1,3,0,2,1,4;3,2,1,6,0,4,1;1,5,0,2,4,0,2;0,1,2,3,1,5,0;2,0,4,1,0,3,1&weights=-1,0,1;-1,0,1;-1,0,1), set the dilation to 3, and see what is left.
#
# ## How far it reaches
#
# From the first tap of a kernel of $k$ to its last it takes $k - 1$ steps, and each step is now $d$ pixels long. So the kernel spans
#
# $$d(k - 1) + 1$$
#
# pixels. This is its **effective extent**. Put it in the place of $k$, and every formula of [output size](output-size.ipynb) holds:
#
# $$o = \left\lfloor \frac{i + 2p - d(k-1) - 1}{s} \right\rfloor + 1$$


# %%
def size(layer, i):
    return layer(torch.zeros(1, i, i)).shape[-1]


for d in (1, 2, 3):
    conv = nn.Conv2d(1, 1, 3, dilation=d)
    print(f"dilation {d} spans {d * (3 - 1) + 1}, 7 gives {size(conv, 7)}")
try:
    size(nn.Conv2d(1, 1, 3, dilation=4), 7)
except RuntimeError as error:
    print(fill(f"dilation 4: {error}", 66))

# %% [markdown]
# Look at the message: torch itself calls the kernel 9×9. It means the extent.
#
# But there are still only nine weights. A dilated kernel does the same as a large kernel with zeros in it, without multiplying by them:

# %%
large = nn.Conv2d(1, 1, 5, bias=False)
large.weight.data = torch.zeros(1, 1, 5, 5)
large.weight.data[:, :, ::2, ::2] = weights
print("same numbers:", torch.equal(large(x), spread(x)))
print("weights:", spread.weight.numel(), "against", large.weight.numel())

# %% [markdown]
# ## Keep the size
#
# At stride 1 the size stays if the padding is half of what the extent trims: $p = d(k-1)/2$. For a kernel of 3 that is simply $p = d$. `padding="same"` works it out for you:

# %%
for d in (1, 2, 4):
    same = nn.Conv2d(1, 1, 3, padding="same", dilation=d)
    by_hand = nn.Conv2d(1, 1, 3, padding=d, dilation=d)
    print(f"dilation {d}: {size(same, 9)} and {size(by_hand, 9)}")

# %% [markdown]
# !!! warning "A common mistake: dilation without its padding"
#     You know `padding=1` keeps the size for a 3×3 kernel. Then you add `dilation=2` to a block that adds its input to its output:

# %%
block = nn.Conv2d(1, 1, 3, padding=1, dilation=2)
try:
    x + block(x)
except RuntimeError as error:
    print(fill(str(error), 66))

# %% [markdown]
# The map shrank from 7 to 5. With `padding=2` the block fits again.
#
# ## Layers on layers: the reach doubles
#
# The **receptive field** of an output is the part of the input that it depends on. Stack layers at stride 1, and each adds its extent minus one.
#
# !!! question "Predict"
#     Three layers with 3×3 kernels, dilations 1, 2 and 4. How many rows does one output number see? And with dilation 1 in all three?


# %%
def layer(d):
    return nn.Conv2d(1, 1, 3, padding=d, dilation=d, bias=False)


def stack(*dilations):
    return nn.Sequential(*(layer(d) for d in dilations))


torch.manual_seed(7)  # the same weights every time
for dilations in ((1, 1, 1), (1, 2, 4)):
    seen = receptive_field(stack(*dilations), (1, 17, 17))
    print(dilations, "sees", seen.size)

# %%
show(receptive_field(stack(1, 2, 4), (1, 17, 17)), "dilation-field", "Dilations 1, 2 and 4: one output in the middle sees 3, then 7, then 15 rows and columns. The map keeps its size all the way. Jump is how far apart the views of two neighbours begin: at a stride of 1 always 1.")

# %% [markdown]
# 15 against 7, with the same 27 weights. Double the dilation from layer to layer, and the field more than doubles, too. Without dilation it only grows by 2:


# %%
def field(*dilations):
    return receptive_field(stack(*dilations), (1, 41, 41)).size[0]


for n in (1, 2, 3, 4):
    doubling = [2**layer for layer in range(n)]
    plain = [1] * n
    print(plain, "sees", field(*plain), "and", doubling, field(*doubling))

# %% [markdown]
# This is why dilation is loved where the output must stay as large as the input, as when every pixel gets a label. [Yu and Koltun (2016)](https://arxiv.org/abs/1511.07122) built such networks.
#
# ## Gridding: holes in what it sees
#
# A field of 15 rows tells how *far* an output sees. Does it use every pixel in between?
#
# !!! question "Predict"
#     Take dilations 2, 2 and 2. The field is 13 wide. How many of these 13 pixels in a row reach the output?
#
# Count the paths, in a single row first. Set all weights to one. Then the gradient of an input pixel is the number of ways from it to the output in the middle.


# %%
def paths_in_a_row(*dilations):
    """Ways from each pixel of the field to the output in the middle of a row."""
    side = 1 + 2 * sum(dilations)
    pixels = torch.zeros(1, side, requires_grad=True)
    out = pixels
    for d in dilations:
        out = F.conv1d(out, torch.ones(1, 1, 3), padding=d, dilation=d)
    out[0, side // 2].backward()
    return pixels.grad[0].int()


for dilations in ((1, 1, 1), (2, 2, 2), (1, 2, 4)):
    print(dilations, "counts", *paths_in_a_row(*dilations).tolist())

# %% [markdown]
# With 2, 2, 2 every other number is zero, so only 7 pixels of 13 reach the output. That is **gridding**. The two other stacks use every pixel.
#
# In an image there are such holes down and across:


# %%
def paths(*dilations, side=31):
    """Ways from each input pixel to the output in the middle."""
    network = stack(*dilations)
    for layer in network:
        layer.weight.data.fill_(1)
    image = torch.zeros(1, side, side, requires_grad=True)
    network(image)[0, side // 2, side // 2].backward()
    return image.grad[0].int()


def span(counts):
    """The counts from the first row that is used to the last, and in the same columns."""
    used = counts.any(1).nonzero()
    first, last = int(used.min()), int(used.max()) + 1
    return counts[first:last, first:last]


for dilations in ((1, 1, 1), (2, 2, 2), (1, 2, 4)):
    counts = span(paths(*dilations))
    used = int((counts > 0).sum())
    print(dilations, "uses", used, "of", counts.numel())

# %% [markdown]
# Of the 169 pixels that lie in the field of 2, 2, 2 it uses 49, which is 7 times 7.


# %%
def draw(figure):
    style = matplotlib.rcParams
    colours = style["axes.facecolor"], style["axes.prop_cycle"].by_key()["color"][0]
    panels = figure.subplots(1, 3)
    for axes, dilations in zip(panels, ((1, 1, 1), (2, 2, 2), (1, 2, 4)), strict=True):
        used = paths(*dilations, side=17) > 0
        lines = {"edgecolors": style["grid.color"], "linewidth": 0.6}
        axes.pcolormesh(used, cmap=ListedColormap(colours), **lines)
        axes.set(title=", ".join(map(str, dilations)), aspect="equal", xticks=[], yticks=[])
        axes.set_xlabel(f"{int(used.sum())} pixels")


plot(
    draw,
    "dilation-gridding",
    alt="Three maps of 17×17 pixels in which the pixels that reach the output in the middle are filled. "
    "Dilations 1, 1, 1 fill a solid square of 7×7. Dilations 2, 2, 2 fill 49 single pixels, "
    "every second one of 13×13. Dilations 1, 2, 4 fill a solid square of 15×15.",
    caption="Filled: the pixels that reach the output in the middle of the map. All three stacks have 27 weights.",
    height=270,
)

# %% [markdown]
# Where do the holes come from? At stride 1 and without padding, a convolution with dilation 2 reads pixels of one kind only: even columns for an even output, odd for odd, and the same for rows. So it does the same as a plain convolution on each of four smaller maps:

# %%
plain = nn.Conv2d(1, 1, 3, bias=False)
plain.weight.data = weights
for row in (0, 1):
    for col in (0, 1):
        small, part = x[:, row::2, col::2], spread(x)[:, row::2, col::2]
        print(row, col, torch.equal(plain(small), part))

# %% [markdown]
# If all dilations are even, the four maps never meet, however many layers you stack. Neighbouring outputs then depend on no pixel in common.
#
# ### When is there no hole?
#
# Sort the dilations. **With kernels of 3, no hole appears as long as each dilation is at most the receptive field of the ones before it.** The first one must be 1.
#
# !!! question "Predict"
#     Which of these stacks leave holes: 1, 2, 5? 2, 4, 8? 1, 2, 9? 1, 3, 9?


# %%
def fits(dilations):
    seen = 1
    for d in sorted(dilations):
        if d > seen:
            return False
        seen += 2 * d  # the kernel is 3
    return True


for dilations in ((1, 2, 5), (2, 4, 8), (1, 2, 9), (1, 3, 9)):
    counts = span(paths(*dilations))
    used = int((counts > 0).sum())
    print(f"{dilations} uses {used} of {counts.numel()}, fits: {fits(dilations)}")

# %% [markdown]
# 1, 3, 9 is the widest of those without a hole: it covers 27×27, and every pixel has exactly one path. The order plays no part: 9, 1, 3 reaches the same pixels. [Wang et al. (2018)](https://arxiv.org/abs/1702.08502) named the gridding problem and choose dilations such as 1, 2, 5 against it.
#
# Opinion: one path for each pixel is thrifty, not safe. Dilations that grow more slowly let neighbours meet more often.
#
# ## Pools
#
# A max pool takes a dilation. It compares nine numbers with one pixel between neighbours:

# %%
wide = nn.MaxPool2d(3, stride=1, dilation=2)
wide(x)

# %%
show(slide(wide, x), "dilation-max-pool", "A dilated max pool: the largest of nine numbers that are not neighbours.")

# %% [markdown]
# Two things get in your way. An average pool takes no dilation. And the padding of a max pool may be at most half of its kernel, as you saw in [padding](padding.ipynb). Torch 2.13 checks that twice. The first check goes by the extent, which is 5 here, so a padding of 2 passes. The second goes by `kernel_size` and forgets the dilation:

# %%
for call in (
    lambda: nn.AvgPool2d(3, stride=1, dilation=2),
    lambda: nn.MaxPool2d(3, stride=1, padding=2, dilation=2)(x),
):
    try:
        call()
    except (TypeError, RuntimeError) as error:
        print(fill(f"- {error}", 66))

# %% [markdown]
# Both can be had. For the mean, use a convolution whose nine weights are 1/9. For the maximum, pad by hand, with minus infinity:

# %%
mean = nn.Conv2d(1, 1, 3, dilation=2, bias=False)
mean.weight.data.fill_(1 / 9)
print(mean(x).detach())
padded = F.pad(x, (2, 2, 2, 2), value=-torch.inf)
print(tuple(wide(padded).shape))

# %% [markdown]
# On a map of many channels the mean needs `groups=channels`, which gives each channel a kernel of its own, or it would add the channels up.
#
# Is half of the kernel at least a safe limit? Without dilation it is: every window sees something real. With dilation the taps may lie on both sides of the input and miss it:

# %%
lone = torch.tensor([[[5.0]]])
print(nn.MaxPool2d(2, stride=1, padding=1)(lone))
print(nn.MaxPool2d(2, stride=1, padding=1, dilation=2)(lone))

# %% [markdown]
# The four taps of the second pool are two pixels apart. They read the four corners around the 5, all of them padding, so the maximum is minus infinity.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** How many pixels does a kernel of 5 with dilation 3 span?
#
# ??? success "Answer"
#     13: four steps of 3, plus 1.
#
# **2.** Which padding keeps the size for that kernel?
#
# ??? success "Answer"
#     6, half of 12.
#
# **3.** `nn.Conv2d(1, 1, 3, stride=2, dilation=2)` slides over a 7×7 map. What size comes out, and how many of the 49 pixels are read?
#
# ??? success "Answer"
#     2, and 16 pixels. Stride and dilation are both even, so only rows and columns 0, 2, 4 and 6 are ever read.
#
# **4.** You stack dilations 1, 2, 4 and 8. How wide is the field, and are there holes?
#
# ??? success "Answer"
#     31, and no hole. Before the 8 the field is 15, and 8 is not more than 15.
#
# Check all four:

# %% tags=["collapse"]
print(15 - size(nn.Conv2d(1, 1, 5, dilation=3), 15) + 1)
keeps = [p for p in range(9) if size(nn.Conv2d(1, 1, 5, padding=p, dilation=3), 15) == 15]
print(keeps)
both = nn.Conv2d(1, 1, 3, stride=2, dilation=2, bias=False)
both.weight.data.fill_(1)
seven = torch.zeros(1, 7, 7, requires_grad=True)
both(seven).sum().backward()
read = int((seven.grad > 0).sum())
print(size(both, 7), read)
holes = not (span(paths(1, 2, 4, 8, side=41)) > 0).all().item()
print(field(1, 2, 4, 8), holes)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The number of pixels.
check(..., lambda: 15 - size(nn.Conv2d(1, 1, 5, dilation=3), 15) + 1)
# 2. The padding.
check(..., lambda: keeps[0])
# 3. The size and the pixels read, such as (1, 2).
check(..., lambda: (size(both, 7), read))
# 4. The field, and whether there are holes, such as (7, True).
check(..., lambda: (field(1, 2, 4, 8), holes))

# %% [markdown]
# ## What you know now
#
# - A dilated kernel spans $d(k-1) + 1$ pixels, with the weights of a small one.
# - For the same size, a kernel of 3 takes a padding equal to its dilation.
# - With a kernel of 3, doubling dilations more than double the field. A stack leaves holes when all its dilations are even, or when one is larger than the field of the smaller ones.
# - Max pools dilate, average pools do not.
#
# You now have pools, padding, strides and dilation. Next, put the first three into a whole network: [a typical setup](a-typical-setup.ipynb).
#
# Sources: [Dumoulin and Visin (2016)](https://arxiv.org/abs/1603.07285) for the sizes, [Yu and Koltun (2016)](https://arxiv.org/abs/1511.07122) for stacks of dilated convolutions, [Wang et al. (2018)](https://arxiv.org/abs/1702.08502) for gridding. The counts and the rule here are computed by our own code.
