# ---
# title: What other tutorials get wrong
# description: Eleven sentences about pooling, stride and padding, each put to the test by a few lines of torch, with sources and the part that is right.
# ---

# %% [markdown]
# # What other tutorials get wrong
#
# You have read it many times, so it must be true? Here are eleven sentences about pooling, stride and padding. Each is followed by code that you can run.
#
# Most of them are *nearly* right, and their authors knew what they meant. We say so where it is due. Found a mistake on this site? Tell us, and we will add it here.

# %%
from textwrap import fill

import torch
import torch.nn.functional as F
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import show


def side(layer, i):
    return layer(torch.zeros(1, i, i)).shape[-1]


# %% [markdown]
# ## "An input of 10, a kernel of 3, a stride of 2: impossible"
#
# The [CS231n notes](https://cs231n.github.io/convolutional-networks/) call this setting invalid, since (10 − 3) / 2 + 1 = 4.5 is not a whole number.

# %%
print(side(nn.Conv2d(1, 1, 3, stride=2), 10))

# %% [markdown]
# **Torch rounds down: 4.** The last row and column are read by no window. The notes do say that a library might crop like this ([CS231n](https://cs231n.github.io/convolutional-networks/)). Their advice, to choose sizes that fit, is still good. More in [output size](output-size.ipynb).
#
# ## "With padding, every pixel counts the same"
#
# Padding "ensures that all pixels are used equally frequently", says [Dive into Deep Learning](https://d2l.ai/) in the summary of *Padding and Stride*. Padding does let more windows read the border. Does it make all pixels equal? Let each of the windows add 1 to every pixel that it reads, for a 3×3 kernel on 5×5 with "same" padding:

# %%
image = torch.zeros(1, 5, 5, requires_grad=True)
ones = nn.Conv2d(1, 1, 3, padding="same", bias=False)
ones.weight.data.fill_(1)
ones(image).sum().backward()
print(image.grad[0].int())

# %% [markdown]
# **A corner counts 4 times, an inner pixel 9 times.** Better than 1 against 9 without padding, but not the same. With zeros at stride 1, it takes full padding, which is k − 1 on each side, to make all equal. More in [padding](padding.ipynb).
#
# ## "Max pooling pads with zeros"
#
# The documentation of [PyTorch 1.8](https://pytorch.org/docs/1.8.0/generated/torch.nn.MaxPool2d.html) said "implicitly zero-padded". Later versions say minus infinity, which is what torch does. In one library, Eclipse Aidge, padded max pooling really did fill with zeros, until [it was compared with ONNX and PyTorch and fixed](https://gitlab.eclipse.org/eclipse/aidge/aidge_core/-/merge_requests/447).

# %%
negative = torch.full((1, 3, 3), -1.0)
padded = nn.MaxPool2d(3, stride=1, padding=1)(negative)
by_hand = nn.MaxPool2d(3, stride=1)(F.pad(negative, (1, 1, 1, 1)))
print("torch:         ", padded.unique().tolist())
print("zeros, by hand:", by_hand.unique().tolist())

# %% [markdown]
# **It pads with minus infinity.** With zeros, the border of an image of −1 would turn into 0. After a ReLU nothing is negative, and then you cannot see the difference. That keeps the error hidden.
#
# ## "ceil_mode covers every element"
#
# This one stands in torch's own documentation. Read it from the function itself:

# %%
words = F.max_pool2d.__doc__
start, end = words.find("ceil_mode: If"), words.find("return_indices: If")
print(fill(" ".join(words[start:end].split()), 66))

# %%
row = torch.arange(10.0)[None]
print(nn.MaxPool1d(1, stride=2, ceil_mode=True)(row))

# %%
show(slide(nn.MaxPool1d(1, stride=2, ceil_mode=True), row), "wrong-ceil-mode", "A kernel of 1 at stride 2. Hatched: no window reads the odd places, whatever the rounding.")

# %% [markdown]
# **Not if the stride is larger than the kernel.** Then there are gaps between the windows, and rounding up cannot fill them. Without dilation, it is true in all other cases. [Open this row in the explorer](../explorer.md#call=nn.MaxPool1d%281,stride=2,ceil_mode=True%29&input=0,1,2,3,4,5,6,7,8,9), and let the kernel grow until no cell is hatched.
#
# Nor is rounding up the whole rule. Here (10 − 1) / 2 + 1 is 5.5, but torch makes 5 windows, not 6: it drops a last window that would start behind the input. The [module's page](https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html) says that in a note.
#
# ## "Max pooling makes a network invariant to translation"
#
# Often with a number: with 2×2 windows, 3 of the 8 shifts by one pixel leave the output as it is; with 3×3 windows, 5 of 8 ([quoted and doubted on Stack Exchange](https://dsp.stackexchange.com/questions/24900/translation-invariance-in-max-pooling-and-cascading-with-convolutional-layer)). Count it, for one bright pixel at each place of a window, and then for an image of noise:

# %%
STEPS = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]


def hidden(image, pool):
    """How many of the eight shifts leave the whole output as it was."""
    moved = [torch.roll(image, step, (1, 2)) for step in STEPS]
    return sum(torch.equal(pool(image), pool(one)) for one in moved)


noise = torch.rand(1, 18, 18, generator=torch.Generator().manual_seed(0))
for k in (2, 3):
    counts = torch.zeros(k, k, dtype=torch.int)
    for y in range(k):
        for x in range(k):
            dot = torch.zeros(1, 18, 18)
            dot[0, 6 + y, 6 + x] = 1
            counts[y, x] = hidden(dot, nn.MaxPool2d(k))
    print(f"{k}×{k}: one bright pixel {counts.tolist()}")
    print("     noise", hidden(noise, nn.MaxPool2d(k)))

# %% [markdown]
# **For a single bright pixel under a 2×2 window, 3 of 8 is right. In general it is not.** A constant image hides all 8 shifts. Under a 3×3 window it depends on where the pixel stands: 3, 5 or all 8. That makes 40 of 72, which is less than 5 of 8. And on an image of noise not one shift stays hidden: some output always changes.
#
# Pooling *damps* small shifts. [A trained network](trained-on-digits.ipynb) still stumbles over one pixel, and larger ones do too ([Azulay and Weiss 2019](https://jmlr.org/papers/v20/19-519.html)).
#
# ## "SAME in TensorFlow is padding=1 in torch"
#
# Both make 2×2 of a 4×4 image, with a kernel of 3 at stride 2. TensorFlow's [notes](https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2) put an odd pixel of padding at the end:

# %%
count = torch.arange(16.0).reshape(1, 4, 4)
at_the_end = F.pad(count, (0, 1, 0, 1), value=-torch.inf)
print(nn.MaxPool2d(3, stride=2, padding=1)(count)[0].tolist())
print(nn.MaxPool2d(3, stride=2)(at_the_end)[0].tolist())

# %% [markdown]
# **The shapes agree, the numbers do not:** three of the four differ. On 5×5 they do not: an odd size needs a pixel on each side, and that is `padding=1`. At stride 1 with a kernel of 3 the two are the same on every size. Any other odd kernel takes `padding=(k - 1)//2` to be that.
#
# ## "A stride replaces pooling at no cost"
#
# [Springenberg et al. (2015)](https://arxiv.org/abs/1412.6806) found that max pooling can be replaced by a convolution with increased stride "without loss in accuracy on several image recognition benchmarks". The sentence is about accuracy. What about the size?

# %%
maps = torch.zeros(64, 32, 32)
for layer in (nn.MaxPool2d(2), nn.Conv2d(64, 64, 3, stride=2, padding=1)):
    parameters = sum(p.numel() for p in layer.parameters())
    print(tuple(layer(maps).shape), f"{parameters:,} parameters")

# %% [markdown]
# **A convolution in the pool's place adds parameters:** 36,928 of them for 64 channels. Part of what it gains may come from its size; the paper knows, and compares with a *ConvPool-CNN* that keeps the pools and adds convolutions too ([Springenberg et al. 2015](https://arxiv.org/abs/1412.6806)). More in [stride instead of pooling](stride-instead-of-pooling.ipynb).
#
# ## "Pooling layers have no parameters"
#
# True for each pool of today's torch. But the pools of LeNet-5 ([LeCun et al. 1998](https://doi.org/10.1109/5.726791)) multiplied their sums by a learned number and added a learned bias, one pair for each map:

# %%
class Subsampling(nn.Module):
    """LeNet-5's way: add up four, times a weight, plus a bias, through a sigmoid."""

    def __init__(self, maps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(maps, 1, 1))
        self.bias = nn.Parameter(torch.zeros(maps, 1, 1))

    def forward(self, x):
        total = F.avg_pool2d(x, 2, divisor_override=1)
        return torch.sigmoid(self.weight * total + self.bias)


first = Subsampling(6)
print(tuple(first(torch.zeros(6, 28, 28)).shape))
print(sum(p.numel() for p in first.parameters()), "parameters")

# %% [markdown]
# **Its first one, with 6 maps, had 12.** So "without parameters" is a choice.
#
# ## "Unpooling undoes pooling"
#
# Torch's documentation is exact here: it says *partial inverse*. Pool a 5×5 map, and send it back:

# %%
x = torch.arange(1.0, 26).reshape(1, 5, 5)
values, indices = nn.MaxPool2d(2, return_indices=True)(x)
back = nn.MaxUnpool2d(2)(values, indices, output_size=(5, 5))
print("kept:", int((back == x).sum()), "of", x.numel())

bright = torch.zeros(1, 5, 5)
bright[0, 1, 1] = 9
values, indices = nn.MaxPool2d(2, return_indices=True)(bright)
for size in ((5, 5), None):
    back = nn.MaxUnpool2d(2)(values, indices, output_size=size)
    print(f"output_size={size}: the 9 returns to", back[0].nonzero().tolist())

# %% [markdown]
# **It brings back the winners alone:** 4 of 25 numbers. And without `output_size` torch takes the map for 4×4, so the 9 from row 1, column 1 lands in column 2. Nothing warns you. More in [what pooling throws away](what-pooling-throws-away.ipynb).
#
# ## "The gradient goes to the maximum"
#
# To which one, if the largest number is there more than once? A version written by hand may compare each cell with the maximum, and give the gradient to all that match:

# %%
def gradient(function):
    x = torch.ones(1, 2, 2, requires_grad=True)
    function(x).sum().backward()
    return x.grad.flatten().tolist()


tied = torch.ones(1, 2, 2)
print("nn.MaxPool2d:   ", gradient(nn.MaxPool2d(2)))
print("torch.amax:     ", gradient(lambda x: torch.amax(x, (1, 2))))
print("a mask, by hand:", (tied == tied.amax()).float().flatten().tolist())

# %% [markdown]
# **A max pool gives all to the first of equals.** `torch.amax` shares it. The mask hands out four times what arrived, which is neither. Ties are not rare: after a ReLU many windows are all zero.
#
# ## "The receptive field of ResNet-50 is 483"
#
# That number is in the literature ([Araujo, Norris and Sim 2019](https://doi.org/10.23915/distill.00021)), and it is right for the network that was measured. But several networks bear this name. Each has four blocks of units, and three of the blocks halve the map. They differ in *where* a block takes its stride: in its first unit or its last, and in a unit's first 1×1 convolution or its 3×3. Build three of them:

# %%
def field(unit, kernel):
    """Receptive field, if this unit of a block takes the stride, in the layer with this kernel."""
    layers = [(7, 2), (3, 2)]  # kernel and stride, before the blocks
    # Either way the map is halved at the three borders between the blocks.
    strides = (1, 2, 2, 2) if unit == "first" else (2, 2, 2, 1)
    for units, stride in zip((3, 4, 6, 3), strides, strict=True):
        strided = 0 if unit == "first" else units - 1
        for number in range(units):
            s = stride if number == strided else 1
            layers += [(k, s if k == kernel else 1) for k in (1, 3)]
    size = jump = 1
    for k, s in layers:
        size, jump = size + (k - 1) * jump, jump * s
    return size


for unit, kernel in (("first", 1), ("first", 3), ("last", 3)):
    print(f"{unit} unit, {kernel}×{kernel} convolution: {field(unit, kernel)}")

# %% [markdown]
# **It is 427 with the stride in the 3×3 convolution of a block's first unit, and 483 in the other two.** The 427 is that of [torchvision's network](https://docs.pytorch.org/vision/stable/models/generated/torchvision.models.resnet50.html). The 483 of the literature is that of [TF-Slim's](https://github.com/tensorflow/models/blob/master/research/slim/nets/resnet_v1.py), which takes the stride in a block's last unit. So name the library when you quote the number.
#
# ## What you know now
#
# None of these sentences is foolish. Each is true in the case that its author had in mind. A few lines of code show you where that case ends. Have you read a twelfth? Put it to the same test.
#
# Sizes to look up are on the [cheat sheet](output-size-cheat-sheet.ipynb).
