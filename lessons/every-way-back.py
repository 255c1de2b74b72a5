# ---
# title: Every way back, and networks
# description: One figure each for the gradients of pools and convolutions, for unpooling, unfolding and folding, for large inputs and whole networks, with the call.
# ---

# %% [markdown]
# # Every way back, and networks
#
# The second half of the collection that begins with [every window in torch](every-window.ipynb): what goes back through a layer, and layers on layers.
#
# `route` sends a gradient back and records where it goes. `slide` and `show` are the same as before.

# %%
import torch
from torch import nn

from slidingwindows import route, slide
from slidingwindows.lesson import show


def digits(*shape, seed=0, high=10):
    return torch.randint(0, high, shape, generator=torch.Generator().manual_seed(seed)).float()


def whole(layer, seed=0):
    """Small whole weights, so that sums can be followed."""
    for parameter in layer.parameters():
        parameter.data = digits(*parameter.shape, seed=seed, high=4) - 1
    return layer


# %% [markdown]
# ## Gradients
#
# In the backward pass a max pool hands each gradient to its winner. Where windows overlap, gradients add up:

# %%
x = digits(1, 4, 4, seed=23, high=5)
show(route(nn.MaxPool2d(2, stride=1), x), "every-gradient-max", "The gradient of a max pool: all or nothing.")

# %% [markdown]
# An average pool spreads it:

# %%
x = digits(1, 4, 4, seed=24)
show(route(nn.AvgPool2d(2), x), "every-gradient-average", "The gradient of an average pool: equal shares.")

# %% [markdown]
# A convolution weighs it:

# %%
x = digits(1, 4, 4, seed=25, high=6)
show(route(whole(nn.Conv2d(1, 1, 3, bias=False), 9), x), "every-gradient-convolution", "The gradient of a convolution: each window receives the kernel, times what arrived.")

# %% [markdown]
# ## Unpooling
#
# `MaxUnpool2d` puts each number back to the place it came from:

# %%
x = digits(1, 4, 4, seed=26)
values, indices = nn.MaxPool2d(2, return_indices=True)(x)
show(slide(nn.MaxUnpool2d(2), values, indices=indices), "every-unpool", "Each number goes where its index says. The rest is 0.")

# %% [markdown]
# ## Unfold and Fold
#
# `Unfold` writes each window as a column. With it, a convolution becomes one product of matrices:

# %%
x = digits(1, 4, 4, seed=27)
show(slide(nn.Unfold(2), x), "every-unfold", "Nine windows of four numbers: a 4×9 matrix.")

# %% [markdown]
# `Fold` goes back, and adds where windows overlap:

# %%
columns = digits(4, 9, seed=28, high=5)
show(slide(nn.Fold((4, 4), 2), columns), "every-fold", "Overlapping windows add up: Fold is not the inverse of Unfold.")

# %% [markdown]
# ## Larger than numbers
#
# Up to about 16×16 the cells hold numbers. Beyond that, and up to 64×64, they hold shades:

# %%
rows = torch.linspace(-1, 1, 32)
photo = (torch.exp(-3 * (rows[:, None] ** 2 + rows[None] ** 2)) * 99).round()[None]
show(slide(nn.MaxPool2d(4), photo), "every-shades", "32×32 under a 4×4 window: the same animation, in shades.")

# %% [markdown]
# ## Networks
#
# Windows on windows see more and more of the input. `receptive_field` calculates how much, measures it by gradient, and draws it:

# %%
from slidingwindows import funnel, receptive_field

torch.manual_seed(0)
network = nn.Sequential(
    nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 8, 3), nn.ReLU(), nn.MaxPool2d(2)
)
field = receptive_field(network, (1, 24, 24))
print(field.table())

# %%
show(field, "every-receptive-field", "What the middle output sees of a 24×24 input, layer by layer.")

# %% [markdown]
# `funnel` counts what each layer makes, and what it costs. MACs are [multiply-accumulates](what-it-costs.ipynb):

# %%
image = (torch.exp(-3 * (rows[:, None] ** 2 + rows[None] ** 2)) * 99).round()[None]
stages = funnel(network, image)
print(stages.table())

# %%
show(stages, "every-funnel", "The same network on a 32×32 input, to scale.")

# %% [markdown]
# [Open this network in the network calculator](../network.md#layers=nn.Conv2d%281,4,3%29;nn.ReLU%28%29;nn.MaxPool2d%282,stride=2%29;nn.Conv2d%284,8,3%29;nn.ReLU%28%29;nn.MaxPool2d%282,stride=2%29&input=1,32,32), change a layer, and see what that costs.
