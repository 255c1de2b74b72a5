# ---
# title: Skips and shapes
# description: Why "Sizes of tensors must match" comes from an odd number, which input sizes a U-Net takes, and four ways to make the others fit.
# ---

# %% [markdown]
# # Skips and shapes
#
# A network such as the U-Net keeps a map for later. It shrinks it, works on what is left, enlarges it again, and then joins both: what was seen in detail with what was understood at large. The way around is called a **skip**. It works until somebody brings an image of another size:

# %%
import textwrap

import torch
from torch import nn
from torch.nn import functional as F

from slidingwindows import slide
from slidingwindows.lesson import plot, show

down, up = nn.MaxPool2d(2), nn.ConvTranspose2d(8, 8, 2, stride=2)


def join(x):
    """Down, up, and side by side with what was there before."""
    return torch.cat([x, up(down(x))], dim=1)


print(tuple(join(torch.rand(1, 8, 24, 24)).shape))
try:
    join(torch.rand(1, 8, 25, 25))
except RuntimeError as error:
    print(textwrap.fill(str(error), 66))

# %% [markdown]
# The message blames the joining, but the joining is innocent. 25 rows went down to 12, because a pool rounds down, and 12 went up to 24. One row was lost on the way, and it is missed at the end.
#
# !!! abstract "What you will be able to do"
#     - Say which input sizes a network with skips takes.
#     - Make the other sizes fit, in four ways, and know what each of them costs.
#     - Choose among four layers that pad, and cut with a negative padding.
#     - Build a residual block whose shapes agree, and see what its shortcut throws away.
#
# ## Which sizes fit?
#
# !!! question "Predict"
#     A U-Net halves its maps three times and doubles them three times. Which sizes from 16 to 40 get through?


# %%
class UNet(nn.Module):
    """A 3×3 convolution before each pool, at the bottom, and after each join with what was kept."""

    def __init__(self, levels):
        super().__init__()
        self.before = nn.ModuleList(
            nn.Conv2d(4, 4, 3, padding=1) for _ in range(levels)
        )
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(4, 4, 2, stride=2) for _ in range(levels)
        )
        self.after = nn.ModuleList(
            nn.Conv2d(8, 4, 3, padding=1) for _ in range(levels)
        )
        self.bottom = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        kept = []
        for before in self.before:
            kept.append(before(x))
            x = F.max_pool2d(kept[-1], 2)
        x = self.bottom(x)
        for up, after in zip(self.ups, self.after, strict=True):
            x = after(torch.cat([kept.pop(), up(x)], 1))
        return x


def passes(net, size):
    try:
        net(torch.rand(1, 4, size, size))
    except RuntimeError:
        return False
    return True


torch.manual_seed(0)
for levels in (1, 2, 3):
    print(
        levels, [size for size in range(16, 41) if passes(UNet(levels), size)]
    )

# %% [markdown]
# With three levels only 16, 24, 32 and 40 pass: the multiples of 8. Each halving must come out even, so the size has to be a multiple of $2^n$ for $n$ levels.
#
# ## Four ways to make it fit
#
# **Pad first, crop last.** Bring the image to the next multiple of 8, and cut the result back. Nothing inside the network changes. The padding is seen by the network, so choose it with care; [what padding tells the network](what-padding-tells-the-network.ipynb) says why.

# %%
net = UNet(3)
image = torch.rand(1, 4, 37, 50)
rows, cols = image.shape[2:]
extra = (0, -cols % 8, 0, -rows % 8)  # left, right, top, bottom
wide = F.pad(image, extra, mode="reflect")
print(
    tuple(wide.shape[2:]), "->", tuple(net(wide)[..., :rows, :cols].shape[2:])
)

# %% [markdown]
# **Ask for the size.** A transposed convolution takes the size that it shall return to, and works out the `output_padding` itself:

# %%
odd = torch.rand(1, 8, 25, 25)
print(tuple(up(down(odd), output_size=odd.shape[2:]).shape))

# %% [markdown]
# **Resize to what is there.** `F.interpolate` makes any size of any other. It stretches a little: 24 rows become 25, so one row comes twice.

# %%
print(tuple(F.interpolate(up(down(odd)), size=odd.shape[2:]).shape))

# %% [markdown]
# **Crop what was kept.** The first U-Net did so ([Ronneberger, Fischer and Brox 2015](https://arxiv.org/abs/1505.04597)). It does not pad its convolutions at all, so its maps shrink everywhere, and it cuts the middle out of what it kept. Negative padding is a crop:

# %%
print(tuple(F.pad(odd, (-1, 0, -1, 0)).shape))

# %% [markdown]
# That paper puts 572 rows in and gets 388 out. You can check it without any weights or memory, because on torch's `meta` device tensors have shapes and nothing else:


# %%
def twice(size):
    """The side that two unpadded 3×3 convolutions leave."""
    x = torch.empty(1, 1, size, size, device="meta")
    layer = nn.Conv2d(1, 1, 3, device="meta")
    return layer(layer(x)).shape[-1]


size, kept, needed = 572, [], []
for _ in range(4):
    kept.append(twice(size))
    size = kept[-1] // 2
size = twice(size)
for before in reversed(kept):
    needed.append(2 * size)
    print(
        f"{size} doubles to {2 * size}; what was kept has {before}, so {before - 2 * size} go"
    )
    size = twice(2 * size)
print("comes out:", size)


# %% tags=["hide-input"]
from matplotlib.patches import Rectangle


def draw(figure):
    panels = figure.subplots(1, 4)
    for axes, whole, part in zip(panels, reversed(kept), needed, strict=True):
        for side, colour in ((whole, "gray"), (part, "C0")):
            corner = (0.5 - side / whole / 2,) * 2
            axes.add_patch(
                Rectangle(corner, side / whole, side / whole, color=colour)
            )
        axes.set_title(f"{part} of {whole}")
        axes.set_aspect("equal")
        axes.set_axis_off()


plot(
    draw,
    "skips-crops",
    alt="Four squares, one for each map that was kept, with the part in the middle that is left "
    "after the crop. The part shrinks from most of the first square, 56 of 64 rows, to less than "
    "half of the last, 392 of 568.",
    caption="What the crop leaves of each map, from the smallest map to the largest. Grey goes down "
    "with the pool, but not across the skip.",
    height=190,
)

# %% [markdown]
# Of the largest map, 392 × 392 of 568 × 568 places go across the skip. That is less than half, and the rest is used on the way down only.
#
# So crop or pad? With crops no number is ever made of padding, but the border of the image gets no answer. With padding every pixel gets one, but some of the answers depend on numbers that nobody photographed. How many? Change only the way of padding, and see which answers change:


# %%
def changed(levels):
    """The share of a 64×64 output that changes when zeros give way to copies of the edge."""
    torch.manual_seed(0)
    net, x = UNet(levels).requires_grad_(False), torch.rand(1, 4, 64, 64)
    before = net(x)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            layer.padding_mode = "replicate"
    return (net(x) - before).abs().amax(1).gt(1e-6).float().mean()


for levels in (1, 2, 3):
    print(f"levels={levels}: {changed(levels):.0%} of the answers change")

# %% [markdown]
# With three levels nearly all of them do. Only a crop keeps the answers free of padding.
#
# ## Layers that pad
#
# `F.pad` is a function, and an `nn.Sequential` wants layers. So there is a layer for each way to pad. Each takes four numbers for left, right, top and bottom, or one number for all of them.
#
# !!! question "Predict"
#     A row holds 1, 2, 3, 4, 5 and gets two more numbers at each end. What are they, for each of the four layers?

# %%
row = torch.arange(1.0, 6).reshape(1, 1, 1, 5)
LAYERS = (
    nn.ZeroPad2d,
    nn.ReplicationPad2d,
    nn.ReflectionPad2d,
    nn.CircularPad2d,
)
for pad in LAYERS:
    numbers = pad((2, 2, 0, 0))(row).int().flatten().tolist()
    print(f"{pad.__name__:<16}", *numbers)

# %% [markdown]
# Replication repeats the last number. Reflection is a mirror that stands *on* the last number, so that one does not come twice. Circular padding comes in again from the other side. On a photo:


# %% tags=["hide-input"]
import matplotlib.cbook
import numpy as np
from PIL import Image

picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
small = picture.convert("L").crop((90, 20, 410, 340)).resize((40, 40))
photo = torch.from_numpy(np.array(small)).float()[None, None]


def draw(figure):
    panels = figure.subplots(1, 4)
    for axes, pad in zip(panels, LAYERS, strict=True):
        image = pad(16)(photo)[0, 0].numpy()
        axes.imshow(
            image, cmap="gray", vmin=0, vmax=255, interpolation="nearest"
        )
        frame = Rectangle(
            (15.5, 15.5), 40, 40, fill=False, edgecolor="C1", linewidth=2
        )
        axes.add_patch(frame)
        axes.set_title(pad.__name__.removesuffix("Pad2d"))
        axes.set_axis_off()


plot(
    draw,
    "skips-padding-layers",
    alt="A portrait in a frame, four times, with more image around the frame. Zero: black. "
    "Replication: streaks that carry on the pixels of the edge. Reflection: the mirrored portrait. "
    "Circular: parts of the same portrait again on every side.",
    caption="Four layers that pad a photo of 40×40 by 16 pixels. Only what is in the frame was photographed.",
    height=200,
)

# %% [markdown]
# Zeros make an edge that is not in the photo, and so does the circle where one side meets the other. Copies and mirrors make none. But a mirror or a circle can run out of numbers:


# %%
def takes(pad, count):
    """Whether the layer can put so many numbers before a row of 5."""
    try:
        pad((count, 0, 0, 0))(row)
    except RuntimeError:
        return False
    return True


for pad in LAYERS:
    most = max(count for count in range(20) if takes(pad, count))
    print(f"{pad.__name__:<16}", "any" if most == 19 else f"at most {most}")

# %% [markdown]
# A mirror on the last of 5 numbers sees 4 others, and a circle has 5 to give.
#
# ## Negative padding
#
# All four layers take negative numbers, and then they cut. One layer can cut at one end and pad at the other. It cuts first:

# %%
square = torch.arange(25.0).reshape(1, 1, 5, 5)
print(nn.ZeroPad2d(-1)(square)[0, 0])
for pad in LAYERS:
    numbers = pad((-1, 2, 0, 0))(row).int().flatten().tolist()
    print(f"{pad.__name__:<16}", *numbers)

# %% [markdown]
# So a crop fits into an `nn.Sequential`, too. Pools refuse a negative padding themselves, and so does a convolution that pads with zeros. With another `padding_mode` it cuts:

# %%
for layer in (nn.Conv2d(1, 1, 3, padding=-1), nn.MaxPool2d(3, padding=-1)):
    try:
        layer(square)
    except RuntimeError as error:
        print(textwrap.fill(str(error), 42))
cuts = nn.Conv2d(1, 1, 3, padding=-1, padding_mode="reflect")
print("5×5 becomes", "×".join(map(str, cuts(square).shape[2:])))

# %% [markdown]
# ## Adding is more dangerous than joining
#
# Residual blocks *add* what they kept. A sum has a trap that joining does not have: **broadcasting**. An axis of size 1 is silently stretched to fit.
#
# !!! question "Predict"
#     Which of the three sums raises an error?

# %%
maps = torch.rand(1, 8, 6, 6)
others = {
    "another size": torch.rand(1, 8, 5, 5),
    "one map": torch.rand(1, 1, 6, 6),
    "one row": torch.rand(1, 8, 1, 6),
}
for name, other in others.items():
    try:
        print(f"{name:<13} {tuple((maps + other).shape)}")
    except RuntimeError as error:
        print(f"{name:<13} {textwrap.shorten(str(error), 66)}")

# %% [markdown]
# Only the first. A block that forgets its channels, or pools one axis too far, adds the same numbers everywhere and trains all the same. Compare the shapes yourself before you add.
#
# ## A shortcut that looks at a quarter
#
# A residual block that halves the map needs a shortcut that halves it, too. In a ResNet it is a convolution of 1×1 with stride 2 ([He and others 2019](https://arxiv.org/abs/1812.01187)). How much of its input does it read?


# %%
def read_by(shortcut):
    x = torch.rand(1, 8, 8, 8, requires_grad=True)
    shortcut(x).sum().backward()
    return int(x.grad[0].ne(0).any(0).sum())


plain = nn.Conv2d(8, 16, 1, stride=2)
pooled = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(8, 16, 1))
print(f"1×1 with stride 2:    {read_by(plain)} of 64 places")
print(f"average first, 1×1:   {read_by(pooled)} of 64 places")

# %% [markdown]
# A quarter:

# %%
one = nn.Conv2d(1, 1, 1, stride=2, bias=False).requires_grad_(False)
one.weight.data = torch.ones(1, 1, 1, 1)
show(
    slide(one, torch.arange(16.0).reshape(1, 4, 4)),
    "skips-shortcut",
    "A 1×1 window with stride 2. The hatched cells are read by no window.",
)

# %% [markdown]
# A window of 1 that moves by 2 steps over three places of every four. Average first, and the shortcut reads all of them, with the same number of weights. This change is part of the ResNet-D of [He and others (2019)](https://arxiv.org/abs/1812.01187).
#
# [Open the shortcut in the explorer](../explorer.md#call=nn.Conv2d%281,1,1,stride=2,bias=False%29&input=0,1,2,3;4,5,6,7;8,9,10,11;12,13,14,15&weights=1), and let its kernel grow until no cell is hatched.
#
# That is so on even sides. On an odd side the average loses the last row and column, and its map is smaller than the one of the strided convolution. With `ceil_mode=True` it reads everything again, and the sizes agree:

# %%
odd = torch.rand(1, 1, 9, 9)
halves = {
    "1×1 with stride 2": nn.Conv2d(1, 1, 1, stride=2),
    "average": nn.AvgPool2d(2),
    "average, ceil_mode": nn.AvgPool2d(2, ceil_mode=True),
}
for name, layer in halves.items():
    print(f"{name:<18} {tuple(layer(odd).shape)}")

# %% [markdown]
# ## What one output sees
#
# A skip also changes what an output looks at. Without skips, all it knows has gone through the small maps. With them it has the fine detail of its own neighbourhood as well. Ask the gradient of one output in the middle:


# %%
def sharpness(net):
    """The gradient's share on the 3×3 pixels around the output, and how many pixels it reaches."""
    x = torch.rand(1, 4, 64, 64, requires_grad=True)
    net(x)[0, :, 32, 32].sum().backward()
    weight = x.grad[0].abs().sum(0)
    return weight[31:34, 31:34].sum() / weight.sum(), int(weight.ne(0).sum())


class NoSkips(UNet):
    def forward(self, x):
        for before in self.before:
            x = F.max_pool2d(before(x), 2)
        x = self.bottom(x)
        for up, after in zip(self.ups, self.after, strict=True):
            x = up(x)
            x = after(torch.cat([torch.zeros_like(x), x], 1))
        return x


for kind in (UNet, NoSkips):
    near, seen = [], []
    for seed in range(10):
        torch.manual_seed(seed)
        share, pixels = sharpness(kind(3))
        near.append(share)
        seen.append(pixels)
    print(f"{kind.__name__}: {min(seen)} to {max(seen)} pixels are seen,")
    print(f"  {min(near):.0%} to {max(near):.0%} of the gradient is nearby")

# %% [markdown]
# Both see equally far. But with skips 38% to 49% of what counts falls on the nine nearest pixels, in ten networks with different random weights, and without skips 1%. That is what a skip is for: it brings the place back that the pools gave away.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** A U-Net has five levels. Which is the smallest size from 100 on that it takes?
#
# ??? success "Answer"
#     128: the multiples of 32 are 96, 128, 160.
#
# **2.** An image of 37×50 is padded to multiples of 16. How many rows and columns are added?
#
# ??? success "Answer"
#     11 rows and 14 columns: 48×64.
#
# **3.** What is the shape of `torch.rand(1, 8, 6, 6) + torch.rand(8, 1, 1)`?
#
# ??? success "Answer"
#     `(1, 8, 6, 6)`: one number for each map is stretched over the map, as a bias is.
#
# **4.** A shortcut of 1×1 with stride 3 on a 9×9 map reads how many of the 81 places?
#
# ??? success "Answer"
#     9: one of every nine.
#
# **5.** A row holds 1, 2, 3, 4. What does `nn.ReflectionPad2d((2, -1, 0, 0))` make of it?
#
# ??? success "Answer"
#     `[3, 2, 1, 2, 3]`: it cuts the 4, and then the mirror stands on the 1.
#
# Check your answers:

# %% tags=["collapse"]
five = UNet(5)
print(next(size for size in range(100, 200) if passes(five, size)))
print(-rows % 16, -cols % 16)
print(tuple((torch.rand(1, 8, 6, 6) + torch.rand(8, 1, 1)).shape))
third = torch.rand(1, 1, 9, 9, requires_grad=True)
nn.Conv2d(1, 1, 1, stride=3)(third).sum().backward()
print(int(third.grad.ne(0).sum()))
four = torch.arange(1.0, 5).reshape(1, 1, 1, 4)
mirrored = nn.ReflectionPad2d((2, -1, 0, 0))(four).int().flatten().tolist()
print(mirrored)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The size.
check(
    ..., lambda: next(size for size in range(100, 200) if passes(five, size))
)
# 2. Rows and columns, such as (1, 2).
check(..., lambda: (-rows % 16, -cols % 16))
# 3. The shape, such as (1, 2, 3, 3).
check(..., lambda: (torch.rand(1, 8, 6, 6) + torch.rand(8, 1, 1)).shape)
# 4. How many places.
check(..., lambda: int(third.grad.ne(0).sum()))
# 5. The row, such as [1, 2, 3].
check(..., lambda: mirrored)

# %% [markdown]
# ## What you know now
#
# - A network that halves $n$ times and joins its maps takes multiples of $2^n$.
# - Pad and crop, ask for the size, resize, or crop what was kept: each makes other sizes fit.
# - A crop reads real pixels only and leaves the border without an answer. Padding answers everywhere, with numbers that were not photographed.
# - There is a layer for each way to pad, and a negative padding cuts.
# - A sum stretches an axis of size 1 without a word, so compare shapes before you add.
# - On even sides a strided 1×1 shortcut reads a quarter of the places; average first, and it reads all. On odd sides that takes `ceil_mode=True`.
#
# What the sizes of single layers follow is in [output size](output-size.ipynb), and the messages of torch, with their cures, are in [error messages](error-messages.ipynb).
#
# The U-Net is by [Ronneberger, Fischer and Brox (2015)](https://arxiv.org/abs/1505.04597), and the better shortcut is from [He and others (2019)](https://arxiv.org/abs/1812.01187). The words and the measurements are our own.
