# ---
# title: Max pooling
# description: A window slides over the input and keeps the largest number it sees.
# ---

# %% [markdown]
# # Max pooling
#
# Some $x^2$ maths and a [link](../index.md).
#
# !!! note "Hello"
#     World

# %%
import torch
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import show

x = torch.tensor([[[3., 1, 4, 1, 5, 9], [2, 6, 5, 3, 5, 8], [9, 7, 9, 3, 2, 3], [8, 4, 6, 2, 6, 4], [3, 3, 8, 3, 2, 7], [9, 5, 0, 2, 8, 8]]])
pool = nn.MaxPool2d(kernel_size=2)
pool(x)

# %%
show(slide(pool, x), "max-pool-2x2", "One window, *nine* `steps`.")
