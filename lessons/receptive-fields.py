# ---
# title: Receptive fields
# description: How much of the input does one number deep in a network see? Two lines of arithmetic tell you. Then measure it, and find that most of it hardly counts.
# ---

# %% [markdown]
# # Receptive fields
#
# A kernel of 3×3 sees nine pixels. How, then, can a network of small kernels see a whole cat?
#
# !!! abstract "What you will be able to do"
#     - Work out the receptive field of any stack of layers with two lines of arithmetic.
#     - Say what a pool adds to it, and what its stride does to all that follows.
#     - Measure it by gradient.
#     - Find the place in the input that an output looks at, with padding and without.
#     - Explain why most of the field hardly counts.
#
# ## Windows on windows
#
# The **receptive field** of an output is the part of the input that it depends on. You met it in [dilation](dilation.ipynb). Now you calculate it.
#
# Start small: one row of 14 numbers, and three layers on top of each other.
#
# !!! question "Predict"
#     A convolution of 3, a pool of 2, a convolution of 3. One number comes out in the middle. How many of the 14 numbers did it see?

# %%
import torch
from torch import nn
from torch.nn import functional as F

from slidingwindows import receptive_field
from slidingwindows.lesson import plot, show

torch.manual_seed(0)  # the weights are random, but the same in every build
row = nn.Sequential(
    nn.Conv1d(1, 1, 3),
    nn.MaxPool1d(2),
    nn.Conv1d(1, 1, 3),
)
seen = receptive_field(row, (1, 14))
seen.size

# %%
show(
    seen,
    "receptive-row",
    "Each bar is what one number of that layer sees. The strip below is the input.",
)

# %% [markdown]
# It saw eight. Follow it layer by layer. You need two numbers:
#
# - the **receptive field** $r$: how many inputs one output sees,
# - the **jump** $j$: how far apart in the input two neighbouring outputs look.
#
# In the input itself, both are 1.
#
# 1. The first convolution reads three inputs. So $r = 3$. Its outputs look one apart, $j = 1$.
# 2. The pool reads two of these views. They are 3 wide and lie 1 apart. Together they cover 3 + 1 = 4. The stride is 2, so the next pool output looks 2 further on: $j = 2$.
# 3. The last convolution reads three of *those*. They are 4 wide and lie 2 apart. Together: 4 + 2 + 2 = 8.
#
# A kernel of $k$ reads $k$ views, which makes $k - 1$ steps of one jump each. With dilation $d$ each step is $d$ jumps long. So every layer does this:
#
# $$r \leftarrow r + d\,(k - 1) \cdot j \qquad\qquad j \leftarrow j \cdot s$$
#
# In this order: a layer's own stride counts only for the layers behind it. A ReLU changes neither.
#
# As code:


# %%
def step(r, j, k, s=1, d=1):
    return r + d * (k - 1) * j, j * s


r, j = 1, 1
print("layer  k  s  field          jump")
for name, k, s in (("conv", 3, 1), ("pool", 2, 2), ("conv", 3, 1)):
    before = f"{r} + {k - 1}·{j}"
    r, j = step(r, j, k, s)
    print(f"{name:<5}{k:>3}{s:>3}  {before} = {r} {j:>8}")

# %% [markdown]
# For images the same holds for rows and for columns. `receptive_field` goes through a whole network:

# %%
network = nn.Sequential(
    nn.Conv2d(1, 1, 3),
    nn.MaxPool2d(2),
    nn.Conv2d(1, 1, 3),
    nn.MaxPool2d(2),
    nn.Conv2d(1, 1, 3),
)
field = receptive_field(network, (1, 26, 26))
show(
    field,
    "receptive-growing",
    "One output in the middle of the map sees 18×18 of the 26×26 input.",
)

# %% [markdown]
# `print(field.table())` lists every step. [The network calculator](../network.md#layers=nn.Conv2d%281,1,3%29;nn.MaxPool2d%282,stride=2%29;nn.Conv2d%281,1,3%29;nn.MaxPool2d%282,stride=2%29;nn.Conv2d%281,1,3%29&input=1,26,26) lists them for this network, too. Give a convolution a dilation, and see what the layers behind it see.
#
# ## Measure it
#
# Is the recurrence true? Ask autograd which pixels the output depends on: those with a gradient that is not zero.
#
# !!! question "Predict"
#     You take the gradient of one output through this network, max pools included. Will it reach all 18×18 pixels?


# %%
def reached(network, side=26):
    """How many pixels the output in the middle sends a gradient to."""
    torch.manual_seed(0)
    x = torch.rand(1, side, side, requires_grad=True)
    out = network(x)
    middle = out.shape[-1] // 2
    out[0, middle, middle].backward()
    return int((x.grad != 0).sum())


for layer in network[::2]:
    layer.weight.data.fill_(1)
averages = nn.Sequential(*network)
averages[1] = averages[3] = nn.AvgPool2d(2)
print("max pools:    ", reached(network))
print("average pools:", reached(averages))

# %% [markdown]
# With average pools it reaches 324 pixels, which is 18×18. The recurrence is right.
#
# With max pools it reaches only 232 of them, for this input. A max pool sends its gradient to the winner alone. Other pixels of the field *could* have won, with another input. The receptive field counts what can matter, for any input.
#
# So to measure a field, put an average in the place of each maximum, and one positive weight everywhere in a kernel. `receptive_field` does so. It raises an error if gradient and recurrence disagree.
#
# ## VGG-16
#
# VGG-16 ([Simonyan and Zisserman, 2015](https://arxiv.org/abs/1409.1556)) has thirteen convolutions of 3×3 in five blocks, each block with a 2×2 pool behind it. A photo of 224×224 leaves the last pool as maps of 7×7.
#
# !!! question "Predict"
#     How many pixels across does one number in the last map see? Less than 50, about 100, or nearly the whole photo?


# %%
def walk(layers, r=1, j=1):
    for k, s in layers:
        r, j = step(r, j, k, s)
    return r, j


vgg16 = []
for convolutions in (2, 2, 3, 3, 3):
    vgg16 += [(3, 1)] * convolutions + [(2, 2)]
    r, j = walk(vgg16)
    print(f"{len(vgg16):>2} layers: sees {r}, jump {j}")

# %% [markdown]
# 212 pixels across, with a jump of 32. [Araujo, Norris and Sim (2019)](https://doi.org/10.23915/distill.00021) list the same two numbers, and those of many other networks.
#
# ### What is the pools' part?
#
# A pool of 2 adds just one jump to $r$, half of what a convolution of 3 adds. Take the pools away, and then put them back with stride 1:

# %%
print("as it is:       ", walk(vgg16))
print("without pools:  ", walk([(k, s) for k, s in vgg16 if k == 3]))
print("pools, stride 1:", walk([(k, 1) for k, s in vgg16]))

# %% [markdown]
# 27 without them, 32 with pools that do not stride, 212 with pools that do. **It is the stride that counts.** Each stride of 2 doubles all that later layers add. What a pool adds by itself is small.
#
# ## Ways to grow
#
# Here are four networks, each with three convolutions of 3×3. Padding keeps the size; only strides halve it.


# %% tags=["hide-input"]
def conv(k=3, s=1, d=1):
    return nn.Conv2d(1, 1, k, stride=s, padding=d * (k // 2), dilation=d, bias=False)


ways = {
    "plain": [conv(), conv(), conv()],
    "pools": [conv(), nn.MaxPool2d(2), conv(), nn.MaxPool2d(2), conv()],
    "strides": [conv(s=2), conv(s=2), conv()],
    "dilation": [conv(), conv(d=2), conv(d=4)],
}
print(f"{'':<10}{'field':>6}{'jump':>6}{'output':>8}")
for name, layers in ways.items():
    net = nn.Sequential(*layers)
    found = receptive_field(net, (1, 32, 32))
    side = net(torch.zeros(1, 32, 32)).shape[-1]
    print(f"{name:<10}{found.size[0]:>6}{found.jump[0]:>6}{side:>8}")

# %% [markdown]
# All four have 27 weights. Strides and dilation both reach 15. Dilation keeps the 32×32 map. Strides leave 8×8, so the next layer has 16 times fewer places to compute.
#
# Pools reach 18. The three more are what the two pools add by themselves: 1 and 2.
#
# ## Where does it look?
#
# One more line tells you *where* an output looks. With padding $p$, the centre of the first output's view starts at 0 and moves with every layer:
#
# $$c \leftarrow c + \left(\frac{d\,(k - 1)}{2} - p\right) \cdot j$$
#
# Use the jump from *before* the layer. Output number $i$ then looks at $c + i \cdot j$, with the jump from after the last layer.
#
# !!! question "Predict"
#     Three convolutions of 3 with stride 2. Without padding, which input does output 0 look at? And with `padding=1`?


# %%
def three(padding):
    layers = [nn.Conv1d(1, 1, 3, 2, padding, bias=False) for _ in range(3)]
    return nn.Sequential(*layers)


for p in (0, 1):
    first = receptive_field(three(p), (1, 47), output=(0,))
    low, high = first.views()[-1][0]
    print(f"padding {p}: centre {first.centre[0]}, from {low} to {high}")

# %% [markdown]
# Without padding it looks at input 7. With padding it looks at input 0, and its view reaches from −7 to 7. Everything below 0 is padding.
#
# With $p = d\,(k-1)/2$ in every layer the centre stays at 0. A pool of 2 without padding moves it by half a jump. With a jump of 1, it then lies between two pixels.
#
# !!! warning "A common mistake: index times stride"
#     You find the strongest output at index 2. The strides multiply to 8. So it looks at input 16? Put a dot into the row and see:

# %%
dot = torch.zeros(1, 47)
dot[0, 23] = 1
for p in (0, 1):
    network = three(p)
    for layer in network:
        layer.weight.data[:] = torch.tensor([1.0, 2, 1])
    strongest = int(network(dot).argmax())
    centre = receptive_field(network, (1, 47), output=(strongest,)).centre[0]
    print(f"padding {p}: output {strongest} is strongest.")
    print(f"    Index times stride: {8 * strongest}. Centre: {centre:.0f}")

# %% [markdown]
# The dot stands at 23. Without padding, index times stride says 16. It is off by 7, the centre of the first view. With padding, output 3 looks at 24, the nearest place it can.
#
# In a heat map, such a slip moves everything up and to the left by a few pixels. No error tells you.
#
# ## Not all of it counts
#
# An output of VGG-16 sees 212×212 pixels. Does each of them count equally?
#
# !!! question "Predict"
#     Two layers of 3, one on the other, see five inputs. How many ways lead from each of the five to the output?
#
# With weights of one, the gradient counts the ways, as in [dilation](dilation.ipynb).


# %%
def ways_through(depth):
    """Ways from each input of the field to the output."""
    ones = torch.ones(1, 1, 3).double()
    x = torch.zeros(1, 2 * depth + 1).double().requires_grad_()
    out = x
    for _ in range(depth):
        out = F.conv1d(out, ones)
    out.sum().backward()
    return x.grad[0]


for depth in (1, 2, 3, 5):
    print(f"{depth} deep:", *ways_through(depth).int().tolist())

# %% [markdown]
# The rim has one way, the middle has many. After five layers it is 51 to 1 in a row. In an image the ways down and across multiply, so it is 2,601 to 1 between the centre and a corner.
#
# But real weights are not all one. So measure: random weights, eight channels and ReLUs. Take the square of each gradient, add up each column, and average over 100 networks. Do the counted ways say anything about the result?


# %% tags=["hide-input"]
def measured(depth, networks=100):
    """The share of each column in the squared gradient of random networks."""
    torch.manual_seed(0)
    total = torch.zeros(2 * depth + 1)
    for _ in range(networks):
        convs = [nn.Conv2d(8 if n else 1, 8, 3) for n in range(depth)]
        x = torch.randn(1, 2 * depth + 1, 2 * depth + 1, requires_grad=True)
        out = x
        for layer in convs:
            out = layer(out).relu()
        out.sum().backward()
        squares = (x.grad[0].double() ** 2).sum(0)
        if squares.any():  # else every ReLU of some layer is off
            total += squares / squares.sum()
    return total / total.sum()


def spread(shares):
    """Their standard deviation around the middle, in pixels."""
    places = torch.arange(len(shares)) - len(shares) // 2
    return float((shares * places**2).sum() / shares.sum()) ** 0.5


# %%
depths = (2, 8, 32)
profiles = {n: (ways_through(n), measured(n)) for n in depths}
print("layers  field  spread: counted  measured")
for depth, (counted, found) in profiles.items():
    print(f"{depth:>6}{len(counted):>7}", end="")
    print(f"{spread(counted):>17.2f}{spread(found):>10.2f}")


# %%
def draw(figure):
    axes = figure.subplots()
    for depth, (counted, found) in profiles.items():
        places = torch.linspace(-1, 1, len(counted))
        top = counted.max() / counted.sum()
        share = counted / counted.max()
        line = axes.plot(places, share, marker="", label=f"{depth} layers")[0]
        dots = {"color": line.get_color(), "markersize": 5, "linestyle": ""}
        axes.plot(places, found / top, marker="o", **dots)
    axes.set_xlabel("place in the receptive field, from rim to rim")
    axes.set_ylabel("weight, relative")
    axes.legend(loc="upper right")


plot(
    draw,
    "receptive-bells",
    alt="Three bell curves over the place in the receptive field, with dots of a measurement close "
    "to each curve. With 2 layers the bell fills the field; with 8 layers it is about half as "
    "wide; with 32 layers it is narrow, and most of the field lies flat at zero.",
    caption="Lines: ways, counted. Dots: squared gradients of random networks. All three fields are drawn equally wide.",
)

# %% [markdown]
# The dots lie near the lines. **A column's weight follows its ways.** The gradient adds up one product of weights for each way, and random products with mean zero add up by their squares.
#
# Why is it a bell? A way through $n$ layers is a sum of $n$ steps of −1, 0 or 1. The field grows like $n$. The spread of such a sum grows only like $\sqrt{n}$: it is $\sqrt{2n/3}$. From 2 layers to 32 the field grew from 5 to 65, the spread by a factor of 4.
#
# [Luo et al. (2016)](https://arxiv.org/abs/1701.04128) found this, and call the part that counts the **effective receptive field**. They also saw it grow in training. The networks here are small and untrained.
#
# Here is a single one, with eight layers:

# %%
torch.manual_seed(0)
deep = nn.Sequential()
for n in range(8):
    deep.extend([nn.Conv2d(8 if n else 1, 8, 3), nn.ReLU()])
show(
    receptive_field(deep, (1, 17, 17)),
    "receptive-effective",
    "Eight layers with random weights. The last picture shows how strongly each pixel counts.",
)

# %% [markdown]
# Opinion: plan for a field that is clearly larger than what you want to recognise.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** How many convolutions of 3×3 at stride 1 see as far as one of 7×7? How many weights do they have, for one channel?
#
# ??? success "Answer"
#     Three, with 27 weights instead of 49.
#
# **2.** Which sees more: a convolution of 3 and then a pool of 2, or the pool first and then the convolution? How much does each see?
#
# ??? success "Answer"
#     Pool first: 2 + 2 · 2 = 6. The other order gives 3 + 1 = 4. A stride helps only the layers behind it.
#
# **3.** Many networks begin with `nn.Conv2d(3, 64, 7, stride=2, padding=3)` and `nn.MaxPool2d(3, stride=2, padding=1)`. Give the field, the jump and the centre of the first output.
#
# ??? success "Answer"
#     11, 4 and 0. The field is 1 + 6 · 1 = 7, then 7 + 2 · 2 = 11. The padding is (k − 1)/2 in both, so the centre stays at 0.
#
# **4.** In VGG-16 all convolutions have `padding=1` and the pools have none. The first output of the last pool has its centre at 15.5, between two pixels. Of the 7×7 outputs for a 224×224 photo, how many see no padding?
#
# ??? success "Answer"
#     One. Along an axis, output $i$ has its centre at 15.5 + 32 · $i$ and sees 105.5 to either side of it. Only output 3 fits: from 6 to 217. The other 48 see padding.
#
# Check all four:


# %% tags=["collapse"]
def sees(*layers, channels=1):
    return receptive_field(nn.Sequential(*layers), (channels, 64, 64), output=(0, 0))


count = next(n for n in range(1, 9) if sees(*[conv() for _ in range(n)]).size[0] == 7)
orders = sees(conv(), nn.MaxPool2d(2)).size[0], sees(nn.MaxPool2d(2), conv()).size[0]
stem = sees(
    nn.Conv2d(3, 64, 7, stride=2, padding=3), nn.MaxPool2d(3, stride=2, padding=1), channels=3
)
answers = count, count * conv().weight.numel(), *orders
print(*answers, stem.size[0], stem.jump[0], stem.centre[0])
layers = [conv() if k == 3 else nn.MaxPool2d(2) for k, _ in vgg16]
views = [
    receptive_field(nn.Sequential(*layers), (1, 224, 224), output=(i, i)).views()[-1][0]
    for i in range(7)
]
whole = sum(first >= 0 and last < 224 for first, last in views) ** 2
print(*views, whole)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The number of convolutions and of weights, such as (2, 18).
check(..., lambda: (count, count * conv().weight.numel()))
# 2. The two fields: convolution first, pool first, such as (3, 3).
check(..., lambda: orders)
# 3. The field, the jump and the centre, such as (7, 2, 0).
check(..., lambda: (stem.size[0], stem.jump[0], stem.centre[0]))
# 4. The number of outputs that see no padding.
check(..., lambda: whole)

# %% [markdown]
# ## What you know now
#
# - Each layer adds $d\,(k-1) \cdot j$ to the field and multiplies the jump by its stride.
# - Strides make later layers see more. That is most of what pools do for the field.
# - To map an output's index back, add the centre of the first view to index times jump.
# - The field says what *can* matter. Most of the weight lies near its centre.
#
# One output can also see everything, by design. Next: [adaptive and global pooling](adaptive-and-global-pooling.ipynb).
#
# Sources: [Araujo, Norris and Sim (2019)](https://doi.org/10.23915/distill.00021) for the recurrence and for networks with branches, [Luo et al. (2016)](https://arxiv.org/abs/1701.04128) for the effective field, [Simonyan and Zisserman (2015)](https://arxiv.org/abs/1409.1556) for VGG-16. Why a ResNet-50 has two different receptive fields is told in [what other tutorials get wrong](what-other-tutorials-get-wrong.ipynb). The measurements here are our own.
