# ---
# title: No learnable parameters
# description: A pool has nothing to train. Count it, compare it with a convolution, and meet the one pool that had weights.
# ---

# %% [markdown]
# # No learnable parameters
#
# You gave the pools a window and a stride. You never gave them a weight. Is there really nothing in them to learn?
#
# !!! abstract "What you will be able to do"
#     - Count the learnable parameters of any layer in one line.
#     - Say what a strided convolution costs where a pool costs nothing.
#     - Explain why "nothing to learn" does not mean "nothing to choose".
#
# ## Count them
#
# !!! question "Predict"
#     A max pool, an average pool and a convolution, each with a 3×3 window and stride 2, on 64 channels. Which has the most parameters, and about how many?

# %%
import torch
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import show


def count(module):
    return sum(p.numel() for p in module.parameters())


layers = [
    nn.MaxPool2d(3, stride=2, padding=1),
    nn.AvgPool2d(3, stride=2, padding=1),
    nn.Conv2d(64, 64, 3, stride=2, padding=1),
]
maps = torch.rand(64, 32, 32)
for layer in layers:
    name = type(layer).__name__
    print(f"{name:<10} {count(layer):>7,} parameters, output {tuple(layer(maps).shape)}")

# %% [markdown]
# All three shrink 64 maps of 32×32 to 64 maps of 16×16. The pools do it with 0 parameters. The convolution needs 36,928.
#
# Where do the 36,928 come from? Each of the 64 filters has a 3×3 kernel for each of 64 channels, and one bias: $64 \cdot (3 \cdot 3 \cdot 64 + 1)$.

# %%
64 * (3 * 3 * 64 + 1)

# %% [markdown]
# ## What a weight changes
#
# See the difference in one picture. This convolution has a 2×2 kernel and stride 2. It moves exactly as a 2×2 pool does. But it multiplies each number by a weight before it adds:

# %%
x = torch.tensor([[[3., 1, 4, 1], [2, 6, 5, 3], [9, 7, 9, 3], [8, 4, 6, 2]]])
convolution = nn.Conv2d(1, 1, kernel_size=2, stride=2, bias=False)
convolution.weight.data = torch.tensor([[[[1., 0], [0, 2]]]])
convolution(x).detach()

# %%
show(
    slide(convolution, x),
    "convolution-2x2-stride-2",
    "The kernel's four weights are what training would change. A pool has no kernel to train.",
)

# %% [markdown]
# !!! question "Predict"
#     Which four weights turn this convolution into an average pool?

# %%
convolution.weight.data.fill_(1 / 4)
print("convolution:", convolution(x).flatten().tolist())
print("average:    ", nn.AvgPool2d(2)(x).flatten().tolist())

# %%
show(
    slide(convolution, x),
    "convolution-that-averages",
    "Every weight is a quarter: this convolution computes the mean of its window.",
)

# %% [markdown]
# So on one channel, average pooling is a convolution whose weights are fixed. With more channels each filter needs a quarter in the kernel of its own channel and zeros in all others, because a convolution adds up its channels and a pool does not:

# %%
three = torch.rand(3, 4, 4)
everywhere, own = (nn.Conv2d(3, 3, 2, stride=2, bias=False) for _ in range(2))
everywhere.weight.data.fill_(1 / 4)
own.weight.data = torch.eye(3)[:, :, None, None].expand(3, 3, 2, 2) / 4
for name, layer in {"a quarter everywhere": everywhere, "only in its own channel": own}.items():
    print(f"{name:<24}", torch.allclose(layer(three), nn.AvgPool2d(2)(three)))

# %% [markdown]
# Max pooling is no convolution: no choice of weights gives a maximum.
#
# A convolution without bias is **linear**: it treats a sum as the sum of its parts. A maximum does not:

# %%
a, b = torch.tensor([[[1., 0], [0, 0]]]), torch.tensor([[[0., 1], [0, 0]]])
for layer in (convolution, nn.MaxPool2d(2)):
    together, apart = layer(a + b).item(), layer(a).item() + layer(b).item()
    print(f"{type(layer).__name__:<10} of the sum {together}, sum of the parts {apart}")

# %% [markdown]
# A bias cannot rescue it. The max pool of an empty map is 0, so the bias would have to be 0 as well.
#
# ## Gradients still pass through
#
# In training, a network learns from its **gradient**: for each number, how much the result would change with it. No parameters does not mean no gradient, because a pool must hand the gradient on to the layers before it. Max pooling hands it to the winner. Average pooling shares it out.

# %%
for pool in (nn.MaxPool2d(2), nn.AvgPool2d(2)):  # how much each pixel counts in the sum of the output
    inputs = x.clone().requires_grad_()
    pool(inputs).sum().backward()
    print(type(pool).__name__)
    print(inputs.grad[0])

# %% [markdown]
# ## The pool that had weights
#
# It was not always so. In LeNet-5 the subsampling layer S2 added up the four numbers of each 2×2 window. It multiplied the sum by a *learnable* coefficient and added a *learnable* bias. (The paper then applies a sigmoid, left out here.) Each of its 6 maps had one such pair: 12 parameters ([LeCun, Bottou, Bengio and Haffner 1998](https://doi.org/10.1109/5.726791)).
#
# !!! question "Predict"
#     A layer of this kind begins with all coefficients at a quarter and all biases at zero. Which pool is it, before any training?
#
# Torch has no such layer, but you can build it. With `divisor_override=1` an average pool divides by 1, so it adds up. The rest is two numbers for each map:


# %%
class Subsampling(nn.Module):
    def __init__(self, maps):
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((maps, 1, 1), 0.25))
        self.bias = nn.Parameter(torch.zeros(maps, 1, 1))

    def forward(self, x):
        total = nn.functional.avg_pool2d(x, 2, divisor_override=1)
        return self.coefficient * total + self.bias


lenet = Subsampling(6)
maps = torch.rand(6, 28, 28)
print(count(lenet), "parameters, output", tuple(lenet(maps).shape))
print("an average pool:", torch.allclose(lenet(maps), nn.AvgPool2d(2)(maps)))

# %% [markdown]
# A quarter of the sum is the mean: it begins as an average pool. Training may then move each map's pair of numbers away from it.

# %% [markdown]
# !!! warning "A common mistake: trusting that the weights loaded"
#     Neither a max pool nor an average pool has an entry in `state_dict()`, the dictionary in which a network saves its weights. Swap one for the other, and the saved weights still load. No error tells you that the network now computes something else.

# %%
with_max = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2))
with_average = nn.Sequential(nn.Conv2d(1, 2, 3), nn.AvgPool2d(2))
print(with_average.load_state_dict(with_max.state_dict()))
photo = torch.rand(1, 6, 6)
print("same result:", torch.equal(with_max(photo), with_average(photo)))

# %% [markdown]
# ## Nothing to learn, something to choose
#
# Kernel size, stride and padding are not learned. *You* choose them. Such choices are called **hyperparameters**.
#
# ## Exercises
#
# **1.** How many parameters does `nn.MaxPool2d(7)` have? And `nn.AvgPool2d(7)`?
#
# ??? success "Answer"
#     Both 0. The window's size changes nothing.
#
# **2.** How many does `nn.Conv2d(3, 8, 5)` have?
#
# ??? success "Answer"
#     608: eight filters with 5·5·3 weights and one bias each.
#
# **3.** A network pools with `nn.MaxPool2d(2)` in five places. You replace each by a 3×3 convolution of stride 2 from 64 to 64 channels. How many parameters does that add?
#
# ??? success "Answer"
#     5 · 36,928 = 184,640.
#
# **4.** How many learnable numbers would LeNet's kind of subsampling need on 16 maps?
#
# ??? success "Answer"
#     32: a coefficient and a bias for each map.
#
# Check your answers:

# %% tags=["collapse"]
print(count(nn.MaxPool2d(7)), count(nn.AvgPool2d(7)))
print(count(nn.Conv2d(3, 8, 5)))
print(5 * count(nn.Conv2d(64, 64, 3, stride=2)))
print(count(Subsampling(16)))

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The parameters of the two pools, such as (3, 4).
check(..., lambda: (count(nn.MaxPool2d(7)), count(nn.AvgPool2d(7))))
# 2. The parameters of the convolution.
check(..., lambda: count(nn.Conv2d(3, 8, 5)))
# 3. The parameters that the five convolutions add.
check(..., lambda: 5 * count(nn.Conv2d(64, 64, 3, stride=2)))
# 4. The learnable numbers on 16 maps.
check(..., lambda: count(Subsampling(16)))

# %% [markdown]
# ## What you know now
#
# - Max and average pools have 0 learnable parameters, whatever their size.
# - On each channel by itself, an average pool is a convolution with fixed weights. A max pool is no convolution at all.
# - Gradients pass through a pool, though nothing in it learns.
# - LeNet-5 had a pool with weights: two for each map.
#
# To see what a weight does, [open this convolution in the explorer](../explorer.md#call=nn.Conv2d%281,1,2,stride=2,bias=False%29&input=3,1,4,1;2,6,5,3;9,7,9,3;8,4,6,2&weights=1,0;0,2), change its weights, and find those that make it an average. To count the parameters of layers of your own, paste them into [the network calculator](../network.md).
#
# A pool learns nothing. You decide its geometry, and what comes out of that is next: [output size](output-size.ipynb).
#
# This lesson's path follows Unit 7 of [Deep Learning Fundamentals (Sebastian Raschka, Lightning AI, 2023)](https://lightning.ai/courses/deep-learning-fundamentals/). LeNet-5 is described by [LeCun, Bottou, Bengio and Haffner (1998)](https://doi.org/10.1109/5.726791). The words and the measurements are our own.
