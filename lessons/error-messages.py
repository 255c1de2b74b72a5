# ---
# title: Error messages
# description: What torch says of pools and convolutions that do not fit, each message raised by code on this page, explained, and fixed.
# ---

# %% [markdown]
# # Error messages
#
# You came here with a message? Search for it on this page. Each one below was raised by the code beside it when this site was built, so the wording is this torch's own. Older versions word some of them differently.

# %% tags=["hide-input"]
import warnings

import torch
from torch import nn
from torch.nn import functional as F

x = torch.rand(1, 5, 5)
torch.set_warn_always(True)  # else torch warns once a process


def refused(call):
    """Print what torch says when it refuses the call."""
    try:
        call()
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
    else:
        raise AssertionError("torch takes this now")


def warned(call):
    """Print what torch warns of, without the place in its source."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    for one in caught:
        said = str(one.message).partition(" (Triggered internally")[0]
        print(f"{one.category.__name__}: {said}")


print("torch", torch.__version__.split("+")[0])

# %% [markdown]
# ## pad should be at most half of effective kernel size

# %%
refused(lambda: nn.MaxPool2d(2, padding=2)(x))

# %% [markdown]
# Padding of a pool may be at most half of its kernel. Some limit there must be, because with as much padding as kernel a window could stand in the border alone, and there would be nothing real to choose from. Torch says this for average pools too.
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
# [Open this pool in the explorer](../explorer.md#call=nn.MaxPool2d%282,stride=2,padding=1%29&input=5,1,7,2;2,8,3,6;6,4,9,1;3,7,0,5) and raise its padding, and you get the message of this section.
#
# ## pad should be smaller than or equal to half of kernel size

# %%
refused(lambda: nn.MaxPool2d(3, stride=1, padding=2, dilation=2)(torch.rand(1, 9, 9)))

# %% [markdown]
# A second check of the same rule. This one leaves dilation out of account, although the first check allows half of the *dilated* kernel.
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
# **What to do.** Print the shape before the layer. More in [Output size](output-size.ipynb).

# %% [markdown]
# ## padding='same' is not supported for strided convolutions

# %%
refused(lambda: nn.Conv2d(1, 1, 3, stride=2, padding="same"))

# %% [markdown]
# "Same" means that the output is as large as the input. With a larger stride it shrinks anyway, and an odd pixel of padding could go to either side.
#
# **What to do.** Write the padding as a number: `padding=1` for a kernel of 3. More in [Padding](padding.ipynb).

# %% [markdown]
# ## Using padding='same' with even kernel lengths and odd dilation

# %%
warned(lambda: nn.Conv2d(1, 1, 2, padding="same")(x))

# %% [markdown]
# A warning, not an error: the numbers are right. To keep its size, a kernel of 2 needs one pixel of padding in all, so the two sides cannot get the same. Torch puts the odd pixel at the end, on the right and at the bottom, and may have to copy the whole input for it.
#
# **What to do.** Take an odd kernel, or live with the copy. To choose the other side, pad by hand: `F.pad(x, (1, 0, 1, 0))`. More in [Padding](padding.ipynb).

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
# A window that does not move never arrives. A computed stride, such as `size // target`, may have become 0.
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
# ## Expected 3D (unbatched) or 4D (batched) input to conv2d

# %%
refused(lambda: nn.Conv2d(1, 8, 3)(torch.rand(1, 1, 1, 5, 5)))

# %% [markdown]
# The same rule, said by a convolution. It also refuses too *many* dimensions. That happens if you add the batch to images that came in a batch already.
#
# **What to do.** Print the shape. Add what is missing with `x[None]`, or take away an axis of length 1 with `x.squeeze(0)`. More in [Max pooling](max-pooling.ipynb).

# %% [markdown]
# ## to have 3 channels, but got 1 channels instead

# %%
refused(lambda: nn.Conv2d(3, 8, 3)(torch.rand(1, 1, 8, 8)))

# %% [markdown]
# A convolution has weights for a fixed number of input channels. Here it was made for colour and got grey.
#
# **What to do.** Make the layer with the number of channels you have, or convert the image. More in [No learnable parameters](no-learnable-parameters.ipynb).

# %% [markdown]
# ## Given transposed=1, weight of size

# %%
refused(lambda: F.conv_transpose2d(torch.rand(1, 3, 5, 5), nn.Conv2d(3, 8, 3).weight))

# %% [markdown]
# The weights of a convolution are in the order (out, in, rows, columns), those of a transposed convolution in the order (in, out, rows, columns). Here the weights of the one were given to the other. If a layer has as many channels in as out, torch cannot notice it, and the result is silently wrong.
#
# **What to do.** Exchange the first two axes: `weight.transpose(0, 1)`. More in [Going up without checkerboards](going-up-without-checkerboards.ipynb).

# %% [markdown]
# ## Found an invalid max index

# %%
refused(lambda: nn.MaxUnpool2d(2)(*nn.MaxPool2d(2, return_indices=True)(torch.arange(25.).reshape(1, 5, 5))))

# %% [markdown]
# Unpooling puts numbers back by their index. Without `output_size` torch assumes the smallest map that fits; an index of the true, larger map may lie outside. When it does not, the numbers land at wrong places without a word.
#
# **What to do.** Pass the size you pooled: `unpool(values, indices, output_size=x.shape[-2:])`. More in [What pooling throws away](what-pooling-throws-away.ipynb).

# %% [markdown]
# ## Expected shape of indices to be same as that of the input tensor

# %%
values, indices = nn.MaxPool2d(2, return_indices=True)(torch.rand(1, 6, 6))
refused(lambda: nn.MaxUnpool2d(2)(nn.Conv2d(1, 8, 1)(values), indices))

# %% [markdown]
# Each number that goes back needs an index of its own. Here a convolution between pool and unpool made 8 channels of one, but the indices are still those of one channel.
#
# **What to do.** Let the layers between keep channels and size, or go up by a transposed convolution, which needs no indices. More in [What pooling throws away](what-pooling-throws-away.ipynb).

# %% [markdown]
# ## invalid output_size

# %%
refused(lambda: nn.MaxUnpool2d(2)(values, indices, output_size=(9, 9)))

# %% [markdown]
# Unpooling takes any size that is less than one stride away from the one that it makes by itself, here 6. The two numbers in the message are themselves too far: "between 4 and 8" means 5, 6 or 7.
#
# **What to do.** Pass the size that went into the pool, `x.shape[-2:]`, and give the unpool the pool's own kernel and stride. More in [What pooling throws away](what-pooling-throws-away.ipynb).

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
# `output_padding` is there to choose among the sizes that one stride could have made, and there are only as many as the stride. Torch refuses what reaches the stride or the dilation, whichever is larger, so with a dilation above the stride it also takes numbers that lead to other sizes.
#
# **What to do.** Use an `output_padding` below the stride. More in [Rounding up, and going back up](rounding-up-and-going-back-up.ipynb).

# %% [markdown]
# ## requested an output size of

# %%
refused(lambda: nn.ConvTranspose2d(1, 1, 3, stride=2)(x, output_size=(13, 13)))

# %% [markdown]
# The same limit, met by another way: `output_size` asks for a size, and torch works out the `output_padding` that makes it. 5 goes back to 11 or to 12, because a convolution at this stride makes 5 of both. It never makes 5 of 13.
#
# **What to do.** Ask for a size between the two that the message names, or resize with `F.interpolate`, which makes any size. More in [Skips and shapes](skips-and-shapes.ipynb).

# %% [markdown]
# ## Only "zeros" padding mode is supported for ConvTranspose2d

# %%
refused(lambda: nn.ConvTranspose2d(1, 1, 3, padding=1, padding_mode="reflect"))

# %% [markdown]
# The padding of a transposed convolution adds no border. It does the opposite, and cuts as many rows and columns off each side of the output. So there is nothing that a mode could fill.
#
# **What to do.** Leave `padding_mode` out. If the border matters, pad the input by hand, `F.pad(x, (1, 1, 1, 1), mode="reflect")`, and raise `padding` by the stride, which brings the output back to its size. The new pixels still count where their squares reach inside, that is, if the kernel is larger than stride plus padding. More in [Going up without checkerboards](going-up-without-checkerboards.ipynb).

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
# At the end of a network, the linear layer was made for another image size. Its first number must be what `Flatten` gives: channels times height times width.
#
# **What to do.** Print the shape before the linear layer, or put `nn.AdaptiveAvgPool2d(1)` before it. More in [A typical setup](a-typical-setup.ipynb).

# %% [markdown]
# ## Input type (long int) and bias type (float) should be the same

# %%
refused(lambda: nn.Conv2d(1, 8, 3)(torch.randint(0, 9, (1, 1, 8, 8))))

# %% [markdown]
# Images read from files are whole numbers. Weights are floats.
#
# **What to do.** Convert: `image.float()`. More in [Average pooling](average-pooling.ipynb).

# %% [markdown]
# ## divisor must be not zero

# %%
refused(lambda: nn.AvgPool2d(2, divisor_override=0)(x))

# %% [markdown]
# `divisor_override` replaces the number that an average pool divides by.
#
# **What to do.** Give it a number other than 0, or leave it out. More in [Padding](padding.ipynb).

# %% [markdown]
# ## output_ratio must be between 0 and 1

# %%
refused(lambda: nn.FractionalMaxPool2d(2, output_ratio=1.5)(x))

# %% [markdown]
# A fractional pool wants to know which share of each side is left: output by input. This pool only shrinks, so the share is below 1. If you think of *how many times smaller*, you have its inverse in mind.
#
# **What to do.** Turn it around, `output_ratio=1 / 1.5`, or name the size with `output_size`. More in [Every window in torch](every-window.ipynb).
