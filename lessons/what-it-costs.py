# ---
# title: What it costs
# description: Why two tools disagree about the FLOPs of one network by a factor of two, where the memory goes in training, and what rounding does to a pool.
# ---

# %% [markdown]
# # What it costs
#
# "How expensive is this network?" sounds like a question with one answer. Take a typical one: four blocks of a 3×3 convolution, a ReLU and a 2×2 max pool, each block with twice as many channels as the one before. Then ask three times: how much does it compute, how many weights does it hold, and how many numbers does it put out on the way?

# %% tags=["hide-input"]
import re
import textwrap

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from slidingwindows import slide
from slidingwindows.lesson import plot, show


def blocks(pool=nn.MaxPool2d):
    """Four blocks of convolution, ReLU and pool, then a mean and ten classes."""
    torch.manual_seed(0)
    layers, inside = [], 3
    for maps in (32, 64, 128, 256):
        layers += [nn.Conv2d(inside, maps, 3, padding=1), nn.ReLU(), pool(2)]
        inside = maps
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10)]
    return nn.Sequential(*layers, *end)


def costs(network, x):
    """For each convolution: multiply-accumulates, parameters, numbers put out."""
    found = []
    for layer in network:
        x = layer(x)
        if isinstance(layer, nn.Conv2d):
            parameters = sum(p.numel() for p in layer.parameters())
            work = x.numel() * layer.weight[0].numel()
            found.append((work, parameters, x.numel()))
    return found


photo = torch.rand(1, 3, 128, 128)
table = costs(blocks(), photo)


def draw(figure):
    panels = figure.subplots(1, 3)
    titles = "multiply-accumulates", "parameters", "outputs"
    for axes, title, column in zip(
        panels, titles, zip(*table, strict=True), strict=True
    ):
        shares = [100 * value / sum(column) for value in column]
        bars = axes.bar(["1", "2", "3", "4"], shares)
        axes.bar_label(bars, [f"{share:.1f}" for share in shares], fontsize=10)
        axes.set_title(title)
        axes.set_xlabel("block")
        axes.set_ylim(0, 85)
    panels[0].set_ylabel("% of all four")


plot(
    draw,
    "costs-three-places",
    alt="Three bar charts over the four blocks. Multiply-accumulates: a small bar, then three equal "
    "ones. Parameters: bars that grow, and the last holds most. Outputs: bars that halve from "
    "block to block.",
    caption="The same four convolutions, asked for three kinds of cost. Each is spread in its own way.",
    height=280,
)

# %% [markdown]
# There is no single answer. The weights are at the end, the big maps are at the beginning, and the work is spread evenly over all blocks but the first. A pool quarters the places of a map and the next convolution doubles its channels on both sides, which is 4 times the weights at a quarter of the places. So the work stays the same.
#
# !!! abstract "What you will be able to do"
#     - Say what a FLOP count counts, and turn one tool's number into another's.
#     - Tell which tensors training keeps, and why a max pool keeps more than its output.
#     - Read a tensor's layout in memory from its `stride()`.
#     - Know which layers torch itself does not promise to repeat on a GPU.
#     - Say which pool you may swap with rounding.
#
# ## One window, three counts
#
# Start with a single 3×3 kernel on a 4×4 map:

# %%
torch.manual_seed(1)
one = nn.Conv2d(1, 1, 3, bias=False).requires_grad_(False)
one.weight.data = torch.ones(1, 1, 3, 3)
show(
    slide(one, torch.arange(16.0).reshape(1, 4, 4)),
    "costs-window",
    "Four stops of a 3×3 kernel. Each stop multiplies 9 pairs and adds up the products.",
)

# %% [markdown]
# !!! question "Predict"
#     How many multiply-accumulates is that? How many multiplications plus additions? And how many if the layer has a bias?

# %%
stops, weights = 4, 9
print("multiply-accumulates:", stops * weights)
print("products and sums:", stops * (weights + weights - 1))
print("products, sums and a bias:", stops * (weights + weights))

# %% [markdown]
# All three are honest. A **multiply-accumulate** (MAC) is one product added to a running sum; some texts call it a multiply-add. A **FLOP** is one floating-point operation, and then a product and a sum are two. Adding up 9 products takes only 8 additions, and a bias brings the ninth. [Open this kernel in the explorer](../explorer.md#call=nn.Conv2d%281,1,3,bias=False%29&input=0,1,2,3;4,5,6,7;8,9,10,11;12,13,14,15&weights=1,1,1;1,1,1;1,1,1) and count for yourself: each stop writes out its products.
#
# Torch has a counter of its own. Ask it for the layer with and without a bias:


# %%
def flops(layer, x):
    """What torch's own counter counts in one forward pass."""
    with FlopCounterMode(display=False) as counter:
        layer(x)
    return counter.get_total_flops()


small = torch.rand(1, 1, 4, 4)
for bias in (False, True):
    print(f"bias={bias!s:<5}", flops(nn.Conv2d(1, 1, 3, bias=bias), small))

# %% [markdown]
# 72 both times: torch counts two FLOPs for each multiply-accumulate, and does not look at the bias.
#
# ## The factor of two, in print
#
# Now read other people's numbers. The ResNet paper says that VGG-19 takes 19.6 billion FLOPs ([He and others 2016](https://arxiv.org/abs/1512.03385)). Build VGG-19 and count. It has 144 million parameters, so build it on torch's `meta` device, where tensors have shapes and no memory:

# %%
with torch.device("meta"):
    layers, inside = [], 3
    for maps, times in ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)):
        for _ in range(times):
            layers += [nn.Conv2d(inside, maps, 3, padding=1), nn.ReLU()]
            inside = maps
        layers.append(nn.MaxPool2d(2))
    layers += [nn.Flatten(), nn.Linear(512 * 7 * 7, 4096), nn.ReLU()]
    layers += [nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000)]
    vgg19, image = nn.Sequential(*layers), torch.empty(1, 3, 224, 224)
counted = flops(vgg19, image)
print(f"torch counts  {counted / 1e9:.1f} billion FLOPs")
print(f"multiply-accumulates {counted / 2e9:.1f} billion")

# %% [markdown]
# The paper's FLOPs are multiply-accumulates. Both numbers are right, and they differ by a factor of 2. So never compare two FLOP counts before you know whether a product and a sum count as one or as two.
#
# ## What nobody counts
#
# !!! question "Predict"
#     What does torch's counter say to a max pool, an average pool and a ReLU?

# %%
some = torch.rand(1, 8, 16, 16)
for layer in (nn.MaxPool2d(2), nn.AvgPool2d(2), nn.ReLU(), nn.BatchNorm2d(8)):
    print(f"{type(layer).__name__:<12} {flops(layer, some)}")

# %% [markdown]
# Nothing at all. The counter knows convolutions, matrix products and attention, and leaves everything else out. Other tools count a comparison here and an addition there. How much could that matter? Count one comparison for each number of a ReLU, and three for each window of a 2×2 max pool:

# %%
x, compared = photo, 0
for layer in blocks():
    x = layer(x)
    if isinstance(layer, nn.ReLU):
        compared += x.numel()
    if isinstance(layer, nn.MaxPool2d):
        compared += 3 * x.numel()
work = flops(blocks(), photo)
print(f"counted:  {work:>11,}")
print(f"left out: {compared:>11,}, or {compared / work:.2%}")

# %% [markdown]
# It is well below one percent, so the factor of two is what makes tools differ, not the pools. But a small count does not make a pool free. It still reads and writes every number, and the time for that shows up in no FLOP count.
#
# A training step goes back as well. For each layer that means two more products of the same size, one for the gradient of the weights and one for the gradient of the input:

# %%
with FlopCounterMode(display=False) as counter:
    blocks()(photo).sum().backward()
step, first = counter.get_total_flops(), 2 * table[0][0]
print(f"forward and backward: {step / work:.2f} × forward")
print(f"3 × forward − first product: {3 * work - first == step}")

# %% [markdown]
# It is not quite 3 times, because nobody asks for the gradient of the photo. The first layer saves one of its three products. A grouped convolution would seem to cost more, because for the gradient of its weights this counter forgets the groups.
#
# ## What training keeps
#
# The backward pass needs numbers from the forward pass, so torch keeps them until then. You can watch it: `saved_tensors_hooks` calls you for each tensor that is put aside. Count every tensor once, and leave out the weights, which are there anyway.
#
# !!! question "Predict"
#     A max pool of 2×2 puts out a quarter of the numbers that it reads. How many bytes does it add to what is kept, beside the 4 bytes of each number that it puts out?


# %%
def kept(network, x):
    """For each layer: its name, the bytes it puts out, the new tensors it keeps."""
    seen, lines = {p.data_ptr() for p in network.parameters()}, []
    for layer in network:
        new = []

        def put_aside(tensor, new=new):
            if tensor.data_ptr() not in seen:
                seen.add(tensor.data_ptr())
                new.append(tensor)
            return tensor

        with saved_tensors_hooks(put_aside, lambda tensor: tensor):
            x = layer(x)
        lines.append((type(layer).__name__, x.nbytes, new))
    return lines


def total(lines):
    return sum(tensor.nbytes for _, _, new in lines for tensor in new)


with_max = kept(blocks(), photo)
print(f"{'bytes':<9} {'put out':>9} {'kept':>9}")
for name, out, new in with_max[:6]:
    for t in new:
        print(f"{name:<9} {out:>9,} {t.nbytes:>9,} {str(t.dtype)[6:]}")

# %% [markdown]
# Three things are worth a look:
#
# - A convolution keeps its **input**. The first keeps the photo, and the second keeps what the pool put out.
# - A ReLU keeps its **output**. The pool behind it needs the same tensor as its input, so that one is kept only once.
# - A max pool keeps **where each maximum was**, as whole numbers of 64 bits. That is 8 bytes for each place beside the 4 bytes of the value: the indices take twice as much as the output.
#
# In half precision the values shrink, and the indices do not:

# %%
halved = kept(blocks().bfloat16(), photo.bfloat16())
name, out, new = halved[2]
print(f"{name}, bfloat16, bytes:")
print(f"put out {out:,}, indices {new[0].nbytes:,}")
with_average = kept(blocks(nn.AvgPool2d), photo)
for name, lines in {
    "max": with_max,
    "average": with_average,
    "max, bfloat16": halved,
}.items():
    print(f"{name:<14} {total(lines) / 1e6:.2f} MB kept for one photo")
with torch.no_grad():
    print(f"{'without grad':<14} {total(kept(blocks(), photo))} bytes")

# %% [markdown]
# In bfloat16 the indices are four times the output. An average pool needs no indices, because it shares every gradient equally, wherever the large numbers were. Both pools keep the map they read as well. That costs nothing here, because the ReLU in front keeps the same one. And without gradients nothing is kept at all, which is why `torch.no_grad()` makes room when you only use a network.
#
# ## The same numbers in another order
#
# Memory is a single row, so four axes have to be laid out one after another. A tensor's `stride()` says how: how many numbers further on you find the next sample, channel, row and column. Torch starts with whole maps one after another. With `channels_last` all channels of one pixel lie together:

# %%
plain = torch.arange(12.0).reshape(1, 2, 2, 3)
last = plain.to(memory_format=torch.channels_last)
print(tuple(plain.shape), plain.stride())
print(tuple(last.shape), last.stride())
print("the same numbers:", torch.equal(plain, last))


def draw(figure):
    panels = figure.subplots(2, 2, gridspec_kw={"hspace": 0.15})  # room for titles
    for row, tensor in zip(panels, (plain, last), strict=True):
        name = "plain" if tensor is plain else "channels_last"
        places = torch.as_strided(torch.arange(12), (2, 2, 3), tensor.stride()[1:])
        for channel, axes in enumerate(row):
            axes.imshow(places[channel].numpy(), cmap="Blues", vmin=0, vmax=16)
            for r in range(2):
                for c in range(3):
                    place = int(places[channel, r, c])
                    axes.text(c, r, f"{place}", ha="center", va="center", color="black")
            axes.set_title(f"{name}, channel {channel}")
            axes.set_axis_off()


plot(
    draw,
    "costs-layout",
    alt="Four grids of 2 by 3 places in memory. Plain: channel 0 holds 0 to 5 and channel 1 holds "
    "6 to 11. Channels last: channel 0 holds the even places 0 to 10, channel 1 the odd places 1 "
    "to 11.",
    caption="Where each number of a tensor of shape (1, 2, 2, 3) lies in memory. The numbers and the "
    "shape are the same; only their order in memory is another.",
    height=380,
)

# %% [markdown]
# The shape is still (1, 2, 2, 3), and your indices mean what they meant. These three layers keep the layout they are given:

# %%
maps = torch.rand(1, 8, 8, 8)
turned = maps.to(memory_format=torch.channels_last)
for layer in (nn.MaxPool2d(2), nn.AvgPool2d(2), nn.Conv2d(8, 4, 3)):
    a, b = layer(maps), layer(turned)
    same = torch.allclose(a, b, atol=1e-6)
    print(f"{type(layer).__name__:<9} {b.stride()}, equal: {same}")
try:
    turned.view(1, -1)
except RuntimeError as error:
    print(textwrap.fill(str(error).partition(" (")[0], 42))
print("reshape copies:", torch.equal(turned.reshape(1, -1), maps.reshape(1, -1)))

# %% [markdown]
# A convolution whose weights are `channels_last` answers in that layout whatever it gets, unless its kernels hold one number each, for then both layouts are the same. So you need not turn every batch: it is enough to convert the model, `model.to(memory_format=torch.channels_last)`.
#
# One thing breaks: `view` cannot flatten such a tensor with several channels and places, because the numbers do not lie in that order. `reshape` and `nn.Flatten` copy them when they must. How much faster the other layout is depends on your hardware, so measure it there; this page makes no claim.
#
# ## Twice the same, on a GPU?
#
# Adding floats depends on the order:

# %%
numbers = torch.tensor([1e8, -1e8, 1.0])
print(numbers[0] + numbers[1] + numbers[2], numbers[0] + numbers[2] + numbers[1])

# %% [markdown]
# On a GPU many threads may add to the same number, and then the order of the additions is undetermined ([PyTorch 1.3.1, notes on reproducibility](https://pytorch.org/docs/1.3.1/_sources/notes/randomness.rst.txt)). Overlapping windows invite that, since each of them sends a gradient to the same input. Which layers are concerned? Torch keeps a list, in the documentation of `torch.use_deterministic_algorithms`. This is what the torch that built this page says about layers with windows or borders:

# %%
says = torch.use_deterministic_algorithms.__doc__
_, other, refused = says.split("The following normally-nondeterministic operations will")
layer = r"torch\.nn\.(\w*(?:Conv|Pool|Pad|Unpool)\w*)` *(when.*)?"
for what, text in (("another algorithm", other), ("an error", refused)):
    print(f"With the switch on, {what}:")
    layers = {}  # by the condition
    for name, when in re.findall(layer, text):
        layers.setdefault(when or "always", []).append(name)
    for when, names in layers.items():
        print(textwrap.fill(f"- {when}: {', '.join(names)}", 42, subsequent_indent="  "))

# %% [markdown]
# `MaxPool2d` and `AvgPool2d` are on neither list, so torch does not count them among the layers that vary. But `AdaptiveAvgPool2d` is on the second one, and the network at the top of this page ends in it. Look closer before you replace it:

# %%
maps = torch.rand(1, 8, 8, 8, requires_grad=True)
for size in (1, 2):
    print(f"size {size}:", nn.AdaptiveAvgPool2d(size)(maps).grad_fn.name())

# %% [markdown]
# To the usual size of 1, torch takes a plain mean, and a mean is on neither list. Only a larger size goes back through the layer that is listed.
#
# Unpooling refuses even here, without any GPU:

# %%
small, places = nn.MaxPool2d(2, return_indices=True)(maps.detach())
torch.use_deterministic_algorithms(True)
try:
    nn.MaxUnpool2d(2)(small, places)
except RuntimeError as error:
    print(textwrap.fill(str(error).partition(",")[0], 42))
finally:
    torch.use_deterministic_algorithms(False)

# %% [markdown]
# There is a reason. Two windows that overlap can name the same place, and if layers in between have changed their numbers, nothing says which of the two is written last.
#
# ## Rounding and pooling
#
# To make a network smaller you **quantise** it: store every number as one of a few steps, here whole multiples of 0.25 in 8 bits. Should you pool first and then round, or round first?
#
# !!! question "Predict"
#     For which pool does the order not matter: max, average, both or neither?


# %%
def rounded(x):
    """Each number at its nearest step of 0.25, in 8 bits."""
    return torch.fake_quantize_per_tensor_affine(x, 0.25, 0, -128, 127)


torch.manual_seed(5)
maps = torch.randn(1, 16, 64, 64)
for pool in (nn.MaxPool2d(2), nn.AvgPool2d(2)):
    early, late = rounded(pool(rounded(maps))), rounded(pool(maps))
    share = (early != late).float().mean()
    furthest = (early - late).abs().max()
    print(f"{type(pool).__name__}: {share:.1%} differ, by at most {furthest}")

# %% [markdown]
# Max and rounding can trade places, exactly. Rounding may make two numbers equal, but it never turns their order around, so the largest before is still a largest after. Any rule that keeps the order has this property.
#
# An average mixes the rounding errors of its numbers, and then has to be rounded once more. It can end up a whole step away. So you can take the maximum of the 8-bit integers as they are, while an average needs more bits inside: four times 127 is 508.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** `nn.Conv2d(16, 32, 3, padding=1)` on maps of 20×20, one image. How many multiply-accumulates is that, and what does torch's counter say?
#
# ??? success "Answer"
#     1,843,200 and 3,686,400. There are 400 places, 32 maps and 144 weights for each number, and torch counts each multiply-accumulate as two.
#
# **2.** `nn.MaxPool2d(2)` reads 64 maps of 56×56 in `float16`, and you train. How many bytes do its indices take, and how many does its output take?
#
# ??? success "Answer"
#     401,408 and 100,352. There are 50,176 windows, with 8 bytes for an index and 2 for a value.
#
# **3.** What is the `stride()` of a `channels_last` tensor of shape `(1, 3, 5, 7)`?
#
# ??? success "Answer"
#     `(105, 1, 21, 3)`: the next channel is 1 further on, the next column 3, the next row 3·7, the next sample 3·5·7.
#
# **4.** A ReLU before a pool or after it: is the result the same for a max pool? And for an average pool?
#
# ??? success "Answer"
#     Yes for max, no for average. A ReLU keeps the order of numbers, just as rounding does. After the pool it has a quarter of the work.
#
# Check your answers:

# %% tags=["collapse"]
asked = nn.Conv2d(16, 32, 3, padding=1)
work = costs([asked], torch.rand(1, 16, 20, 20))[0][0]
print(work, flops(asked, torch.rand(1, 16, 20, 20)))
half = torch.rand(1, 64, 56, 56, dtype=torch.float16)
values, places = nn.MaxPool2d(2, return_indices=True)(half)
print(places.nbytes, values.nbytes)
wide = torch.rand(1, 3, 5, 7).to(memory_format=torch.channels_last)
print(wide.stride())
swaps = [
    torch.allclose(pool(maps.relu()), pool(maps).relu())
    for pool in (nn.MaxPool2d(2), nn.AvgPool2d(2))
]
print(swaps)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. Multiply-accumulates and torch's FLOPs, such as (100, 200).
check(..., lambda: (work, flops(asked, torch.rand(1, 16, 20, 20))))
# 2. The bytes of the indices and of the output, such as (100, 200).
check(..., lambda: (places.nbytes, values.nbytes))
# 3. What stride() says, such as (4, 3, 2, 1).
check(..., lambda: wide.stride())
# 4. Whether it is the same for max, and for average, such as (True, True).
check(..., lambda: tuple(swaps))

# %% [markdown]
# ## What you know now
#
# - One multiply-accumulate is one MAC or two FLOPs. Torch's counter says two, and some papers say one.
# - Weights, work and maps are each spread in their own way, and the maps are what training keeps.
# - A max pool in training keeps 8 bytes for each number it puts out, in any precision, and the map it reads, unless the layer in front keeps that already.
# - The layout in memory changes `stride()`, not the numbers.
# - Maximum and rounding can trade places; average and rounding cannot.
#
# For a network of your own, the [network calculator](../network.md) lists shapes, parameters and multiply-accumulates layer by layer. What a stride saves is in [stride instead of pooling](stride-instead-of-pooling.ipynb).
#
# The count of VGG-19 that we compared with is from [He and others (2016)](https://arxiv.org/abs/1512.03385), and the network itself from [Simonyan and Zisserman (2015)](https://arxiv.org/abs/1409.1556). The words and the measurements are our own.
