# ---
# title: What a convolution looks for
# description: Nine weights, laid on a picture, find every upright edge in it. Work out by hand what they answer, then run them on a photo.
# ---

# %% [markdown]
# # What a convolution looks for
#
# The maps in [the CNN funnel](the-cnn-funnel.ipynb) came out of convolutions, but what does a convolution look for in a photo? Here is what nine numbers can find:

# %% tags=["hide-input"]
import matplotlib.cbook
import numpy as np
import torch
from PIL import Image
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import plot, show

# The photo that comes with matplotlib, in grey: 0 is black, 1 is white.
picture = Image.open(
    matplotlib.cbook.get_sample_data("grace_hopper.jpg")
).convert("L")
picture = picture.crop((90, 20, 410, 340)).resize((160, 160))
photo = torch.from_numpy(np.array(picture)).float()[None] / 255

kernel = torch.tensor([[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]])


def laid_on(image, kernel):
    """The answers of one 3×3 kernel at every place of a grey image."""
    return nn.functional.conv2d(image, kernel[None, None])


across, down = laid_on(photo, kernel), laid_on(photo, kernel.T)


def draw(figure):
    panels = figure.subplots(1, 3)
    pictures = {
        "photo": photo,
        "from left to right": across,
        "from top to bottom": down,
    }
    for axes, (name, values) in zip(panels, pictures.items(), strict=True):
        low = 0 if name == "photo" else -1
        axes.imshow(
            values[0].numpy(),
            cmap="gray",
            vmin=low,
            vmax=1,
            interpolation="nearest",
        )
        axes.set_title(name)
        axes.set_axis_off()


plot(
    draw,
    "looks-for-edges",
    alt="Three pictures. A portrait in grey; the same portrait as grey ground with white and black "
    "lines along its upright edges; and again with lines along its level edges.",
    caption="A photo, and what two kernels of nine numbers each find in it. White is an edge from "
    "dark to bright, black is one from bright to dark, and grey is no edge.",
    height=240,
)

# %% [markdown]
# Nobody told these kernels what a face is. All they respond to is a step in brightness, and yet you know the face again.
#
# !!! abstract "What you will be able to do"
#     - Compute one number of a convolution by hand.
#     - Say why a kernel responds to an edge, and what its sign means.
#     - Tell kernel, filter, bias and channel apart, and count the weights of any convolution.
#
# ## Nine numbers on an edge
#
# Start with a picture small enough to check by hand: 6×6 pixels, black on the left, white on the right. A **kernel** is a small grid of numbers, its *weights*. This one has −1 in its left column, 0 in the middle and 1 on the right.

# %%
edge = torch.tensor([[[0.0, 0, 0, 1, 1, 1]]]).repeat(1, 6, 1)
look = nn.Conv2d(1, 1, kernel_size=3, bias=False)
look.weight.data = kernel[None, None]
look.requires_grad_(False)  # nothing is learned here
print(edge[0], kernel, sep="\n")

# %% [markdown]
# A convolution lays the kernel on the picture, multiplies each weight with the pixel below it, and adds up the nine products. That sum is one number of the output. Then the window moves on.
#
# In mathematics a convolution turns the kernel by 180° before it lays it on. Torch does not: what it does is called a cross-correlation elsewhere. For a learned kernel that makes no difference, because the network would learn the turned one. It does when you copy a kernel from a textbook or from SciPy.
#
# !!! question "Predict"
#     What is the sum where all nine pixels are black? Where all nine are white? And where the edge runs through the window?

# %%
look(edge)

# %%
show(
    slide(look, edge),
    "looks-for-an-edge",
    "The answer is 3 wherever the left column of the window is black and its right column white.",
)

# %% [markdown]
# On black the sum is 0, because every pixel is 0. On white it is 0 as well, because three weights of −1 and three of 1 cancel each other. So a flat area gives nothing, however bright it is.
#
# On the edge nothing cancels: the left column meets black and takes nothing away, the right column meets white and adds three. So the answer is large where the picture looks like the kernel: low on the left, high on the right.
#
# !!! question "Predict"
#     Swap black and white. What does the same kernel answer now? And what does it answer if the edge lies level, black above and white below?

# %%
print("white, then black:", look(1 - edge).unique())
print("black above white:", look(edge.mT).unique())

# %% [markdown]
# An edge from bright to dark gives −3, because now the −1 column meets the white. A level edge gives 0 in every window: left and right look the same to this kernel, so it sees nothing. To find level edges, turn the kernel on its side. That is the second map of the photo above.
#
# In practice you do not write such weights. A network starts with random ones and *learns* them, and edges like these are among the first things that networks learn from photos ([Zeiler and Fergus 2014](https://arxiv.org/abs/1311.2901)).
#
# ## Bias and ReLU: keep what was found
#
# Two small things follow. A **bias** is one more learned number, which is added to every sum. And a **ReLU** replaces every negative number by 0.
#
# !!! question "Predict"
#     The sums along a row are 0, 3, 3 and 0, or 0, −3, −3 and 0 for the swapped picture. What is left of both after a bias of −1 and a ReLU?

# %%
look_again = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU())
look_again.requires_grad_(False)
look_again[0].weight.data, look_again[0].bias.data = (
    kernel[None, None],
    torch.tensor([-1.0]),
)
print("black, then white:", look_again(edge)[0, 0])
print("white, then black:", look_again(1 - edge)[0, 0])

# %% [markdown]
# The bias sets how strong a pattern has to be before it counts: here more than 1. The ReLU drops everything below. So a convolution with its ReLU says "here it is" and "how strongly", and is silent everywhere else.
#
# ## Channels: a kernel for each
#
# A colour photo has three channels, so a filter needs three kernels: one for red, one for green, one for blue. It lays each on its own channel, and adds up all the products and the bias. All the kernels that make one output map are together one **filter**. It is a block, as deep as its input.

# %%
deep = nn.Conv2d(3, 1, 3)
print("weights of one filter:", tuple(deep.weight.shape[1:]))

torch.manual_seed(1)
whole = torch.randint(-1, 2, (1, 3, 3, 3)).float()
deep.weight.data, deep.bias.data = whole, torch.tensor([2.0])
colours = torch.randint(0, 4, (3, 4, 4)).float()
show(
    slide(deep, colours),
    "looks-through-channels",
    "One filter on an input of three channels: three kernels, one for each channel, and one sum. "
    "One filter gives one map, however many channels it reads.",
)

# %% [markdown]
# One filter finds one pattern and makes one map. A layer has many filters, so that it can look for many patterns. `nn.Conv2d(3, 8, 3)`, the first layer of the funnel, has eight.
#
# !!! question "Predict"
#     How many numbers does `nn.Conv2d(3, 8, 3)` learn?

# %%
layer = nn.Conv2d(3, 8, 3)
for name, numbers in layer.named_parameters():
    print(f"{name:<7} {tuple(numbers.shape)} {numbers.numel():>4}")
print(sum(numbers.numel() for numbers in layer.parameters()))

# %% [markdown]
# Read the shape of `weight` from left to right: eight filters, each three channels deep, each kernel 3×3. That makes 216 weights, and eight biases, one for each filter.
#
# The photo is not in that count. The same 224 numbers slide over an image of any size, because a pattern is the same pattern wherever it is.
#
# ## Why a window at all?
#
# !!! question "Predict"
#     A layer without windows would join every number of the 3×110×110 photo of the [CNN funnel](the-cnn-funnel.ipynb) to every number of its first maps, 8×108×108. How many numbers would it learn?

# %%
joined = nn.Linear(3 * 110 * 110, 8 * 108 * 108, device="meta")  # its sizes alone, no memory
print(f"{sum(numbers.numel() for numbers in joined.parameters()):,}")

# %% [markdown]
# More than three billion. Patterns are small, so let each output read only its own window of 3×3 in three channels: 28 numbers with the bias, for each of 93,312 outputs, make 2,612,736. And a pattern is the same everywhere, so let all places share one set: 224 are left, the same 224 as above.
#
# Sharing has a price. Where a pattern means something else at another place, as in photos of faces that are all centred, it is the wrong assumption ([CS231n](https://cs231n.github.io/convolutional-networks/)).
#
# ## Exercises
#
# Work each out on paper. Then open the answer.
#
# **1.** What does the kernel of this lesson answer to a window in which every pixel is 5?
#
# ??? success "Answer"
#     0. Its weights add up to 0, so anything flat gives 0.
#
# **2.** A window holds the rows 1 2 4, 1 2 4 and 1 2 4. What is the sum? And with a bias of −4 and a ReLU?
#
# ??? success "Answer"
#     The sum is 9: each row gives 4 − 1. With the bias it is 5, and the ReLU lets 5 pass.
#
# **3.** What is the shape of the weights of `nn.Conv2d(16, 32, 5)`?
#
# ??? success "Answer"
#     `(32, 16, 5, 5)`: 32 filters, each 16 channels deep, each kernel 5×5.
#
# **4.** How many numbers does `nn.Conv2d(16, 32, 5)` learn, the biases included?
#
# ??? success "Answer"
#     12,832: 32 filters of 16·25 weights are 12,800, and there are 32 biases.
#
# Check your answers:

# %% tags=["collapse"]
print(look(torch.full((1, 3, 3), 5.0)).item())
slope = torch.tensor([[[1.0, 2, 4]]]).repeat(1, 3, 1)
print(look(slope).item(), torch.relu(look(slope) - 4).item())
large = nn.Conv2d(16, 32, 5)
print(
    tuple(large.weight.shape),
    sum(numbers.numel() for numbers in large.parameters()),
)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The sum.
check(..., lambda: int(look(torch.full((1, 3, 3), 5.0))))
# 2. The sum, and what is left after bias and ReLU, such as (3, 0).
check(..., lambda: (int(look(slope)), int(torch.relu(look(slope) - 4))))
# 3. The shape, such as (1, 2, 3, 3).
check(..., lambda: large.weight.shape)
# 4. How many numbers it learns.
check(..., lambda: sum(numbers.numel() for numbers in large.parameters()))

# %% [markdown]
# ## What you know now
#
# - A convolution multiplies what its window sees by the kernel's weights, and adds up.
# - The sum is large where the input looks like the kernel. Its sign says which way round.
# - A filter is a block of kernels, one for each input channel. One filter makes one map.
# - A bias shifts what counts as found, and a ReLU drops the rest.
#
# To try kernels of your own, [open this kernel and its edge in the explorer](../explorer.md#call=nn.Conv2d%281,1,3,bias=False%29&input=0,0,0,1,1,1;0,0,0,1,1,1;0,0,0,1,1,1;0,0,0,1,1,1;0,0,0,1,1,1;0,0,0,1,1,1&weights=-1,0,1;-1,0,1;-1,0,1) and change a weight: does a flat area still give nothing?
#
# The map of edges is as large as the photo, but for a border of one pixel. [Max pooling](max-pooling.ipynb) makes it smaller and keeps the strongest of what was found.
#
# The path of these lessons follows Unit 7 of [Deep Learning Fundamentals (Sebastian Raschka, Lightning AI, 2023)](https://lightning.ai/courses/deep-learning-fundamentals/). That early layers of trained networks respond to edges and colours is shown by [Zeiler and Fergus (2014)](https://arxiv.org/abs/1311.2901). The words and the measurements are our own.
