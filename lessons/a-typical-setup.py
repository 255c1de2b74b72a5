# ---
# title: A typical setup
# description: Convolution, ReLU, pool, and again. Work out its shapes in your head, then see what changes without padding, without pools, and with strides.
# ---

# %% [markdown]
# # A typical setup
#
# You have the parts. How do you put them together? A typical network for images repeats one short block: a convolution, a ReLU, a pool. Here are two such blocks, and what they make of a photo:

# %% tags=["hide-input"]
import matplotlib.cbook
import numpy as np
import torch
from PIL import Image
from torch import nn

from slidingwindows import funnel, slide
from slidingwindows.lesson import show

torch.set_grad_enabled(False)  # nothing is trained here


def photo(side):
    """A square of the portrait that comes with matplotlib, in colour, with `side` rows."""
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
    picture = picture.crop((90, 20, 420, 350)).resize((side, side))
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1) / 255


torch.manual_seed(7)
typical = nn.Sequential(
    nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
)  # fmt: skip

# %%
show(funnel(typical, photo(112)), "setup-typical", "Two blocks with random weights. The convolution and its ReLU keep the size, and the pool halves it.")

# %% [markdown]
# It goes from 112 to 56 to 28, and you can work that out in your head. That is the point of the block: nothing in it needs a formula. [Open both blocks in the network calculator](../network.md#layers=nn.Conv2d%283,8,3,padding=1%29;nn.ReLU%28%29;nn.MaxPool2d%282,stride=2%29;nn.Conv2d%288,16,3,padding=1%29;nn.ReLU%28%29;nn.MaxPool2d%282,stride=2%29&input=3,112,112), give the photo an odd side, and see where a row is dropped.
#
# !!! abstract "What you will be able to do"
#     - Work out the shapes of a typical network in your head.
#     - Work out the shape after every layer of other stacks of convolutions and pools with one formula.
#     - Explain why pools and strides arrive at the same 26, and when they do not.
#     - Compare parameters and multiply-accumulates of three designs before you train any of them.
#
# ## One block, three layers
#
# Each layer of the block has its own task. Here is what each does to the shape:
#
# - `nn.Conv2d(3, 8, 3, padding=1)` sets the channels. A kernel of 3 trims two rows and two columns, and the padding adds two, so the size stays.
# - `nn.ReLU()` looks at each number alone, so the whole shape stays.
# - `nn.MaxPool2d(2)` halves the size, and leaves the channels as they are.
#
# So you read the shape off the network: as many channels as the last convolution has filters, and one halving for each pool.
#
# !!! question "Predict"
#     The photo now has 224 rows and columns. What shape comes out of the two blocks? And what if a third block of the same kind, with 32 filters, follows them?

# %%
third = nn.Sequential(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
longer = nn.Sequential(*typical, *third)
for side in (112, 224):
    print(side, tuple(typical(photo(side)).shape), tuple(longer(photo(side)).shape))

# %% [markdown]
# 224 becomes 112 and then 56, and the third block makes it 28.
#
# Why twice the filters in each block? A pool leaves a quarter of the places, so there is room for more channels, and still the maps get smaller altogether: 8 maps of 56×56 are 25,088 numbers, and 16 maps of 28×28 are 12,544. VGG, a famous network, is built so: kernels of 3 with a padding of 1, pools of 2, and twice the channels after each pool, from 64 up to 512 ([Simonyan and Zisserman 2015](https://arxiv.org/abs/1409.1556)).
#
# ## The end: an answer
#
# The maps are not an answer yet. A classifier ends with a **linear layer** that gives one number for each class: a sum of everything that it gets, each times a weight, plus a bias. It could read every number of the last maps, or only the average of each map:

# %%
every_number = nn.Sequential(nn.Flatten(), nn.Linear(16 * 28 * 28, 10))
averages = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
maps = typical(photo(112))[None]  # a batch of one
for name, end in {"every number": every_number, "averages": averages}.items():
    parameters = sum(p.numel() for p in end.parameters())
    print(f"{name:<13} {tuple(end(maps).shape)}  {parameters:>7,} parameters")

# %% [markdown]
# `nn.AdaptiveAvgPool2d(1)` averages each map as a whole, so 16 numbers are left, however large the photo is. The linear layer behind it needs 170 parameters instead of 125,450. [A later lesson](adaptive-and-global-pooling.ipynb) says what you give up for that. The [network calculator](../network.md) has the whole network among its examples, as *Typical setup*. Change a layer, and watch the shapes behind it follow.
#
# !!! tip "An opinion: where to start"
#     - **By default**, repeat `nn.Conv2d(..., 3, padding=1)`, `nn.ReLU()` and `nn.MaxPool2d(2)`, with twice the filters each time. You can check its shapes without a pencil, so you make fewer mistakes.
#     - **Take a stride instead of a pool** when the work is what hurts: the convolution then makes a quarter of its stops, as you saw in [stride instead of pooling](stride-instead-of-pooling.ipynb).
#     - **End with an average over each map**, because then the network takes photos of any size that its pools can still halve, and its last layer stays small.
#
# ## Without padding: one formula for every layer
#
# Now leave the padding out, and the head is not enough. Convolutions and pools share the rule of [output size](output-size.ipynb). For an input of size $i$, a kernel of size $k$, a stride $s$ and a padding $p$, and without dilation, the output has size
#
# $$o = \left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1$$
#
# In Python the floor is the operator `//`:

# %%
def out(i, k, s=1, p=0):
    return (i + 2 * p - k) // s + 1


out(110, k=3)

# %% [markdown]
# You will send a photo of 110 rows and 110 columns through three networks without padding. They come from the slides that this course began from, and they leave out the ReLU, which changes no shape.

# %%
x = photo(110)


def walk(network, x):
    """Print the input's shape, then each layer with its output's shape and formula."""
    print(f"{'input':30}{tuple(x.shape)}")
    for layer in network:
        k, s = layer.kernel_size, layer.stride
        if isinstance(layer, nn.Conv2d):  # (3, 3) where a pool has 2
            k, s = k[0], s[0]
        i, x = x.shape[-1], layer(x)
        assert x.shape[-1] == out(i, k, s)  # the formula and torch agree
        name = f"{type(layer).__name__}, kernel {k}, stride {s}"
        formula = f"({i} - {k}) // {s} + 1 = {out(i, k, s)}"
        print(f"{name:30}{str(tuple(x.shape)):17}{formula}")


# %% [markdown]
# ### First way: with pools
#
# !!! question "Predict"
#     Work it out on paper. Start at 110. A convolution with a kernel of 3, a pool of 2, another convolution of 3, another pool of 2. What size comes out?

# %%
torch.manual_seed(7)
with_pools = nn.Sequential(
    nn.Conv2d(3, 8, 3),
    nn.MaxPool2d(2, 2),
    nn.Conv2d(8, 16, 3),
    nn.MaxPool2d(2, 2),
)
walk(with_pools, x)

# %% [markdown]
# It is 26. Each convolution trims two rows and two columns, and each pool halves.
#
# ### Second way: without the pools
#
# !!! question "Predict"
#     Now delete both pools. Each convolution still trims two. What is left of 110?

# %%
# the same two convolutions
without_pools = nn.Sequential(with_pools[0], with_pools[2])
walk(without_pools, x)

# %% [markdown]
# It is 106: the maps hardly shrink, so this is no funnel. Sixteen maps of 106×106 are 179,776 numbers. With the pools there were 10,816.
#
# ### Third way: strides
#
# Leave the pools out, and give both convolutions a stride of 2.
#
# !!! question "Predict"
#     Will you get back to 26 exactly, or only to about 26?

# %%
first, second = nn.Conv2d(3, 8, 3, stride=2), nn.Conv2d(8, 16, 3, stride=2)
strided = nn.Sequential(first, second)
strided[0].load_state_dict(with_pools[0].state_dict())  # the same weights
strided[1].load_state_dict(with_pools[2].state_dict())
walk(strided, x)

# %%
show(funnel(strided, x), "setup-with-strides", "The same two convolutions at stride 2. Two layers reach the size that took four before.")

# %% [markdown]
# Exactly 26, by two layers instead of four.
#
# ## Is it luck?
#
# A little. Look at the stride on a map that is small enough to draw:

# %%
tiny = torch.tensor([[[2., 0, 1, 3, 1, 0],
                      [1, 4, 0, 2, 5, 1],
                      [0, 2, 3, 1, 0, 2],
                      [3, 1, 0, 6, 2, 1],
                      [1, 0, 2, 1, 4, 0],
                      [0, 5, 1, 0, 2, 3]]])
step = nn.Conv2d(1, 1, 3, stride=2, bias=False)
step.weight.data = torch.tensor([[[[0., 1, 0], [1, 1, 1], [0, 1, 0]]]])
step(tiny)

# %%
show(slide(step, tiny), "setup-tiny-stride", "6×6 to 2×2 in one go. The hatched row and column are left over: a third stop would need a seventh column.")

# %% [markdown]
# The strided window leaves a row and a column unread. It fits with nothing to spare when the size is odd. A pool behind a convolution is the other way round: it loses a row and a column when the size is odd.
#
# So on an even size the two agree, and on an odd size they do not:

# %%
print("input   conv, then pool   strided conv")
for i in range(107, 113):
    print(f"{i:5} {out(out(i, 3), 2, 2):17} {out(i, 3, 2):14}")

# %% [markdown]
# In the photo's case every size that meets this choice is even: first 110, then 54. That is why 26 came out twice.
#
# And the same shape does not mean the same numbers. Already in the first layer the pool keeps the best of four and the stride the first of four, as you saw in [stride instead of pooling](stride-instead-of-pooling.ipynb):

# %%
a, b = with_pools(x), strided(x)
print(a.shape == b.shape, torch.equal(a, b))

# %% [markdown]
# ## Compare the costs
#
# All three networks have the same two convolutions, and a pool adds no parameters. So there is no difference in parameters.
#
# !!! question "Predict"
#     Which of the three takes the most multiply-accumulates? And by what factor does the strided network beat the pooled one?

# %%
def multiply_accumulates(network, x):
    counts = []
    for layer in network:
        x = layer(x)
        if isinstance(layer, nn.Conv2d):
            counts.append(x.numel() * layer.weight[0].numel())
    return counts


networks = {"pools": with_pools, "neither": without_pools, "strides": strided}
for name, network in networks.items():
    parameters = sum(p.numel() for p in network.parameters())
    work = sum(multiply_accumulates(network, x))
    print(f"{name:14} {parameters:,} parameters  {work:>11,} multiply-accumulates")

# %% [markdown]
# Every network has 1,392 parameters: 224 in the first convolution, 1,168 in the second.
#
# The multiply-accumulates differ by far. Pools take 5,634,432. Strides take 1,408,608, exactly a quarter: each convolution stops at one place where the other stops at four. With neither it is 15,463,296.
#
# And the linear layer behind them? If it reads every number of the last maps, their size decides how large it gets:

# %%
for name, network in networks.items():
    numbers = network(x).numel()
    linear = nn.Linear(numbers, 10)
    parameters = sum(p.numel() for p in linear.parameters())
    print(f"{name:14} {numbers:>7,} numbers  {parameters:>9,} parameters")

# %% [markdown]
# For ten classes the linear layer has 108,170 parameters behind the funnel, and 1,797,770 without it.
#
# !!! warning "A common mistake: guessing the size"
#     A linear layer must be told how many numbers arrive. Someone reasons: 110 halved is 55, halved again is 27.5, so call it 27. Torch disagrees:

# %%
head = nn.Linear(16 * 27 * 27, 10)
try:
    head(with_pools(x).flatten().unsqueeze(0))
except RuntimeError as error:
    print(error)

# %% [markdown]
# Read the two pairs of numbers. The network delivers 10,816 numbers, and the layer waits for 11,664. Use the formula, or let `nn.LazyLinear(10)` find the number from its first input.
#
# !!! note "Why the ReLU is not for show"
#     In the strided network nothing stands between the two convolutions, and then both together do no more than a single larger one could. A ReLU between them breaks that, and so does a max pool.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** The photo has 111 rows and columns. What comes out of the network with pools, and what out of the one with strides?
#
# ??? success "Answer"
#     `(16, 26, 26)` and `(16, 27, 27)`. With pools: 111, 109, 54, 52, 26. With strides: 111, 55, 27.
#
# **2.** You put `padding=1` into both convolutions of the network with pools. What comes out of a photo of size 110?
#
# ??? success "Answer"
#     `(16, 27, 27)`. The convolutions no longer trim: 110, 110, 55, 55, 27. The last pool drops a row and a column.
#
# **3.** A photo of 96×96 goes through `longer`, the typical network with three blocks. What comes out, and how many parameters did the third block add?
#
# ??? success "Answer"
#     `(32, 12, 12)`: 96, 48, 24, 12. The block added 4,640 parameters, all of them in the convolution.
#
# **4.** A photo of 224×224 goes through the network with pools, then into a linear layer for ten classes. How many parameters has that layer? And behind the network with strides?
#
# ??? success "Answer"
#     466,570 with pools: 224, 222, 111, 109, 54, so 46,656 numbers with ten weights each, and ten biases. 484,010 with strides: 224, 111, 55. The odd 111 parts the two.
#
# Check all four:

# %% tags=["collapse"]
larger = torch.rand(3, 111, 111)
print(tuple(with_pools(larger).shape), tuple(strided(larger).shape))
one, two = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
padded = nn.Sequential(one, nn.MaxPool2d(2, 2), two, nn.MaxPool2d(2, 2))
print(tuple(padded(x).shape))
added = sum(p.numel() for p in third.parameters())
print(tuple(longer(photo(96)).shape), added)
square = torch.rand(3, 224, 224)
heads = [network(square).numel() * 10 + 10 for network in (with_pools, strided)]
print(heads)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The shape with pools, and the shape with strides, such as ((1, 2, 2), (1, 3, 3)).
check(..., lambda: (with_pools(larger).shape, strided(larger).shape))
# 2. The shape, such as (1, 2, 3).
check(..., lambda: padded(x).shape)
# 3. The shape, and the parameters that the third block added, such as ((1, 2, 2), 100).
check(..., lambda: (longer(photo(96)).shape, added))
# 4. The parameters of the linear layer with pools, and with strides.
check(..., lambda: heads)

# %% [markdown]
# ## What you know now
#
# - A typical block is `nn.Conv2d(..., 3, padding=1)`, `nn.ReLU()`, `nn.MaxPool2d(2)`: the convolution sets the channels, and the pool halves the size.
# - For other stacks of convolutions and pools one formula, applied layer by layer, gives every shape.
# - With kernels of 3, pools and strides of 2 reach the same size as long as every map they meet has an even size.
# - The three networks without padding have equally many parameters in their convolutions. They differ in work, and in what the linear layer costs.
#
# They all narrow the map, and a narrower map says less about where things were. Is that a gift or a loss? Next you move an input by one pixel and measure: [invariance and equivariance](local-invariance.ipynb).
#
# The three networks come from Unit 7 of [Deep Learning Fundamentals (Sebastian Raschka, Lightning AI, 2023)](https://lightning.ai/courses/deep-learning-fundamentals/). The words and the measurements are our own.
