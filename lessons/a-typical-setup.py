# ---
# title: A typical setup
# description: The same small network built three ways, with pools, without, and with strides. Follow every shape by hand and watch 26 come out twice.
# ---

# %% [markdown]
# # A typical setup
#
# Put the parts together, as many small networks do: a convolution, a pool, a convolution, a pool. Then take the pools away. Then bring the shrinking back with strides.
#
# !!! abstract "What you will be able to do"
#     - Work out the shape after every layer with one formula.
#     - Explain why pools and strides arrive at the same 26, and when they do not.
#     - Compare parameters and multiply-adds of three designs before you train any of them.
#
# ## One formula for every layer
#
# Convolutions and pools share the rule of [output size](output-size.ipynb). For an input of size $i$, a kernel of size $k$, a stride $s$ and a padding $p$, and without dilation, the output has size
#
# $$o = \left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1$$
#
# In Python the floor is the operator `//`:

# %%
import matplotlib.cbook
import numpy as np
import torch
from PIL import Image
from torch import nn

from slidingwindows import funnel, slide
from slidingwindows.lesson import show

torch.set_grad_enabled(False)  # nothing is trained here


def out(i, k, s=1, p=0):
    return (i + 2 * p - k) // s + 1


out(110, k=3)

# %% [markdown]
# The photo is the one from [the CNN funnel](the-cnn-funnel.ipynb): three channels, 110 rows, 110 columns.

# %%
photo = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
photo = photo.crop((90, 20, 420, 350)).resize((110, 110))
x = torch.from_numpy(np.array(photo)).permute(2, 0, 1) / 255


def walk(network, x):
    """Print every layer, its output, and the formula that gives its size."""
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
# ## First way: with pools
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
# It is 26. Each convolution trims two rows and two columns. Each pool halves.
#
# The channels follow the convolutions alone: 3, 8, 16. The pools leave them as they are.
#
# ## Second way: without the pools
#
# !!! question "Predict"
#     Now delete both pools. Each convolution still trims two. What is left of 110?

# %%
# the same two convolutions
without_pools = nn.Sequential(with_pools[0], with_pools[2])
walk(without_pools, x)

# %%
show(funnel(without_pools, x), "setup-without-pools", "Two convolutions at stride 1 and no pool: the maps hardly shrink. This is no funnel.")

# %% [markdown]
# It is 106. Sixteen maps of 106×106 are 179,776 numbers. With the pools there were 10,816.
#
# ## Third way: strides
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
#     Which of the three takes the most multiply-adds? And by what factor does the strided network beat the pooled one?

# %%
def multiply_adds(network, x):
    counts = []
    for layer in network:
        x = layer(x)
        if isinstance(layer, nn.Conv2d):
            counts.append(x.numel() * layer.weight[0].numel())
    return counts


networks = {"pools": with_pools, "neither": without_pools, "strides": strided}
for name, network in networks.items():
    parameters = sum(p.numel() for p in network.parameters())
    work = sum(multiply_adds(network, x))
    print(f"{name:14} {parameters:,} parameters  {work:>11,} multiply-adds")

# %% [markdown]
# Every network has 1,392 parameters: 224 in the first convolution, 1,168 in the second.
#
# The multiply-adds differ by far. Pools take 5,634,432. Strides take 1,408,608, exactly a quarter: each convolution stops at one place where the other stops at four. With neither it is 15,463,296.
#
# ## What comes after the funnel
#
# Most classifiers end with a linear layer that takes every number of the last maps. So their size decides how big it gets:

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
# !!! note "What these networks leave out"
#     A real network puts an activation such as `nn.ReLU()` after each convolution. It changes no shape. It also matters more in the strided network: without it, two convolutions in a row do no more than a single larger one could. A max pool between them breaks that.
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
# **3.** You add a third pair to the network with pools: `nn.Conv2d(16, 32, 3)` and `nn.MaxPool2d(2, 2)`. What comes out, and how many parameters does the pair add?
#
# ??? success "Answer"
#     `(32, 12, 12)`: 26, 24, 12. The pair adds 4,640 parameters, all of them in the convolution.
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
pair = nn.Sequential(nn.Conv2d(16, 32, 3), nn.MaxPool2d(2, 2))
added = sum(p.numel() for p in pair.parameters())
print(tuple(pair(with_pools(x)).shape), added)
square = torch.rand(3, 224, 224)
heads = [network(square).numel() * 10 + 10 for network in (with_pools, strided)]
print(heads)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The shape with pools, and the shape with strides, such as ((1, 2, 2), (1, 3, 3)).
check(..., lambda: (with_pools(larger).shape, strided(larger).shape))
# 2. The shape, such as (1, 2, 3).
check(..., lambda: padded(x).shape)
# 3. The shape, and the parameters that the pair adds, such as ((1, 2, 2), 100).
check(..., lambda: (pair(with_pools(x)).shape, added))
# 4. The parameters of the linear layer with pools, and with strides.
check(..., lambda: heads)

# %% [markdown]
# ## What you know now
#
# - One formula, applied layer by layer, gives every shape.
# - Pools and strides of 2 reach the same size as long as every map they meet has an even size.
# - The three designs have equally many parameters up to here. They differ in work, and in what the linear layer costs.
#
# All three narrow the map, and each step forgets where things were. Is that a gift or a loss? Next you move an input by one pixel and measure: [invariance and equivariance](local-invariance.ipynb).
#
# The three networks come from Unit 7 of [Deep Learning Fundamentals (Sebastian Raschka, Lightning AI, 2023)](https://lightning.ai/courses/deep-learning-fundamentals/). The words and the measurements are our own.
