# ---
# title: Error messages
# description: What torch says when a window does not fit, each message raised by code on this page, explained, and fixed.
# ---

# %% [markdown]
# # Error messages
#
# You came here with a message? Search for it on this page. Each one below was raised by the code beside it when this site was built, so the wording is this torch's own. Older versions word some of them differently.

# %% tags=["hide-input"]
import torch
from torch import nn

x = torch.rand(1, 5, 5)


def refused(call):
    """Print what torch says."""
    try:
        call()
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
    else:
        raise AssertionError("torch takes this now")


print("torch", torch.__version__.split("+")[0])

# %% [markdown]
# ## pad should be at most half of effective kernel size

# %%
refused(lambda: nn.MaxPool2d(2, padding=2)(x))

# %% [markdown]
# Padding of a pool may be at most half of its kernel. Otherwise a window could stand in the border alone, and there would be nothing real to choose from. Torch says this for average pools too.
#
# **What to do.** Use a padding of at most `kernel_size // 2`, or pad by hand with `torch.nn.functional.pad`. More in [Padding](padding.ipynb).
#
# With half, and without dilation, each window holds at least one real number. See the first, in the corner:

# %%
from slidingwindows import slide
from slidingwindows.lesson import show

four = torch.tensor([[[5.0, 1, 7, 2], [2, 8, 3, 6], [6, 4, 9, 1], [3, 7, 0, 5]]])
show(
    slide(nn.MaxPool2d(2, stride=2, padding=1), four),
    "errors-half",
    "A padding of half the kernel: in each corner one real number is left.",
)

# %% [markdown]
# ## pad should be smaller than or equal to half of kernel size

# %%
refused(lambda: nn.MaxPool2d(3, stride=1, padding=2, dilation=2)(torch.rand(1, 9, 9)))

# %% [markdown]
# A second check of the same rule. This one leaves dilation out of account, although the documentation allows half of the *dilated* kernel.
#
# **What to do.** Pad by hand before the pool: `F.pad(x, (2, 2, 2, 2), value=-torch.inf)`. More in [Dilation](dilation.ipynb).

# %% [markdown]
# ## Output size is too small

# %%
refused(lambda: nn.MaxPool2d(6)(x))

# %% [markdown]
# The window is larger than the padded input, so it has no place to stand. Deep networks on small images meet this after too many pools.
#
# **What to do.** Print the shape before the layer. Take a larger input, a smaller kernel, or fewer pools; an adaptive pool fits any input. More in [Output size](output-size.ipynb).

# %% [markdown]
# ## Kernel size can't be greater than actual input size

# %%
refused(lambda: nn.Conv2d(1, 1, 6)(x))

# %% [markdown]
# The same, said by a convolution.
#
# **What to do.** As above: print the shape before the layer. More in [Output size](output-size.ipynb).

# %% [markdown]
# ## padding='same' is not supported for strided convolutions

# %%
refused(lambda: nn.Conv2d(1, 1, 3, stride=2, padding="same"))

# %% [markdown]
# "Same" has one meaning only at stride 1. With a larger stride the size shrinks anyway, and libraries disagree about which side gets the odd pixel.
#
# **What to do.** Write the padding as a number: `padding=1` for a kernel of 3. More in [Padding](padding.ipynb).

# %% [markdown]
# ## must be tuple of ints, not str

# %%
refused(lambda: nn.MaxPool2d(3, padding="same")(x))

# %% [markdown]
# Only convolutions know the words *same* and *valid*. A pool takes numbers.
#
# **What to do.** Write `padding=1` for a kernel of 3 at stride 1. More in [Padding](padding.ipynb).

# %% [markdown]
# ## stride should not be zero

# %%
refused(lambda: nn.MaxPool2d(2, stride=0)(x))

# %% [markdown]
# A window that does not move never arrives. Often a computed stride, such as `size // target`, has become 0.
#
# **What to do.** Check the expression that gives the stride. More in [Output size](output-size.ipynb).

# %% [markdown]
# ## non-positive stride is not supported

# %%
refused(lambda: nn.Conv2d(1, 1, 2, stride=0)(x))

# %% [markdown]
# The same, said by a convolution.
#
# **What to do.** Check the expression that gives the stride. More in [Output size](output-size.ipynb).

# %% [markdown]
# ## non-empty 3D or 4D (batch mode) tensor expected for input

# %%
refused(lambda: nn.MaxPool2d(2)(torch.rand(5, 5)))

# %% [markdown]
# A 2-D pool wants channels: (C, H, W), or with a batch (N, C, H, W). A plain picture of (H, W) has too few dimensions.
#
# **What to do.** Add the channel: `image[None]`. More in [Max pooling](max-pooling.ipynb).

# %% [markdown]
# ## to have 3 channels, but got 1 channels instead

# %%
refused(lambda: nn.Conv2d(3, 8, 3)(torch.rand(1, 1, 8, 8)))

# %% [markdown]
# A convolution has weights for a fixed number of input channels. Here it was made for colour and got grey.
#
# **What to do.** Make the layer with the number of channels you have, or convert the image. More in [No learnable parameters](no-learnable-parameters.ipynb).

# %% [markdown]
# ## Found an invalid max index

# %%
refused(lambda: nn.MaxUnpool2d(2)(*nn.MaxPool2d(2, return_indices=True)(torch.arange(25.).reshape(1, 5, 5))))

# %% [markdown]
# Unpooling puts numbers back by their index. Without `output_size` torch assumes the smallest map that fits; an index of the true, larger map may lie outside. When it does not, the numbers land at wrong places without a word.
#
# **What to do.** Pass the size you pooled: `unpool(values, indices, output_size=x.shape[-2:])`. More in [What pooling throws away](what-pooling-throws-away.ipynb).

# %% [markdown]
# ## Padding size should be less than the corresponding input dimension

# %%
refused(lambda: nn.Conv2d(1, 1, 3, padding=5, padding_mode="reflect")(x))

# %% [markdown]
# Reflecting copies the input into the border. Five pixels can lend at most four: the edge itself is not repeated.
#
# **What to do.** Use less padding, or another `padding_mode`. More in [Padding](padding.ipynb).

# %% [markdown]
# ## Padding value causes wrapping around more than once

# %%
refused(lambda: nn.Conv2d(1, 1, 3, padding=6, padding_mode="circular")(x))

# %% [markdown]
# Circular padding continues the input from its other end, once around and no further.
#
# **What to do.** Use less padding. More in [Padding](padding.ipynb).

# %% [markdown]
# ## output padding must be smaller than either stride or dilation

# %%
refused(lambda: nn.ConvTranspose2d(1, 1, 3, stride=2, output_padding=2)(x))

# %% [markdown]
# `output_padding` chooses among the sizes that one stride could have made. There are only as many as the stride.
#
# **What to do.** Use an `output_padding` below the stride. More in [Rounding up, and going back up](rounding-up-and-going-back-up.ipynb).

# %% [markdown]
# ## in_channels must be divisible by groups

# %%
refused(lambda: nn.Conv2d(3, 4, 3, groups=2))

# %% [markdown]
# Groups share the channels out evenly. Three channels do not make two groups.
#
# **What to do.** Choose groups that divide both numbers of channels. More in [Every window in torch](every-window.ipynb).

# %% [markdown]
# ## mat1 and mat2 shapes cannot be multiplied

# %%
refused(lambda: nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 10))(torch.rand(1, 1, 10, 10)))

# %% [markdown]
# The classic at the end of a network: the linear layer was made for another image size. Its first number must be what `Flatten` gives: channels times height times width.
#
# **What to do.** Print the shape before the linear layer, or put `nn.AdaptiveAvgPool2d(1)` before it. More in [A typical setup](a-typical-setup.ipynb).

# %% [markdown]
# ## Input type (long int) and bias type (float) should be the same

# %%
refused(lambda: nn.Conv2d(1, 8, 3)(torch.randint(0, 9, (1, 1, 8, 8))))

# %% [markdown]
# Images read from files are whole numbers. Weights are floats.
#
# **What to do.** Convert: `image.float()`. More in [The CNN funnel](the-cnn-funnel.ipynb).

# %% [markdown]
# ## divisor must be not zero

# %%
refused(lambda: nn.AvgPool2d(2, divisor_override=0)(x))

# %% [markdown]
# `divisor_override` replaces the number that an average pool divides by.
#
# **What to do.** Give it a number other than 0, or leave it out. More in [Padding](padding.ipynb).
