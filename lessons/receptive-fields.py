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

row = nn.Sequential(nn.Conv1d(1, 1, 3), nn.MaxPool1d(2), nn.Conv1d(1, 1, 3))
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
# A kernel of $k$ reads $k$ views, which make $k - 1$ steps of one jump each. So every layer does this:
#
# $$r \leftarrow r + (k - 1) \cdot j \qquad\qquad j \leftarrow j \cdot s$$
#
# In this order: a layer's own stride counts only for the layers behind it. With a dilation, take $d(k-1)$ in place of $k - 1$. A ReLU changes neither.


# %%
def walk(layers, r=1, j=1):
    """The field and the jump after layers of (kernel_size, stride)."""
    for k, s in layers:
        r += (k - 1) * j
        j *= s
    return r, j


layers = [(3, 1), (2, 2), (3, 1)]
for n in range(4):
    print(layers[:n], "->", walk(layers[:n]))

# %% [markdown]
# For images the same holds for rows and for columns. `receptive_field` goes through a network for you. Its `table()` shows all steps:

# %%
network = nn.Sequential(
    nn.Conv2d(1, 1, 3), nn.MaxPool2d(2), nn.Conv2d(1, 1, 3), nn.MaxPool2d(2), nn.Conv2d(1, 1, 3)
)
field = receptive_field(network, (1, 26, 26))
print(field.table())

# %%
show(
    field,
    "receptive-growing",
    "Three convolutions and two pools: one output in the middle of the map sees 18×18 of the 26×26 input.",
)

# %% [markdown]
# ## Measure it
#
# The recurrence is a calculation. Is it true? Ask autograd which pixels the output depends on: those with a gradient that is not zero.
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
    rows, cols = x.grad[0].nonzero().T
    spans = [int(p.max() - p.min()) + 1 for p in (rows, cols)]
    return int((x.grad != 0).sum()), spans


for layer in network[::2]:
    layer.weight.data.fill_(1)
averages = nn.Sequential(network[0], nn.AvgPool2d(2), network[2], nn.AvgPool2d(2), network[4])
print("max pools:    ", *reached(network))
print("average pools:", *reached(averages))

# %% [markdown]
# With average pools it reaches 324 pixels, which is 18×18. The recurrence is right.
#
# With max pools it reaches only 232 of them, for this input. A max pool sends its gradient to the winner alone. Other pixels of the field *could* have won, with another input. The receptive field counts what can matter, for any input.
#
# So to measure a field, put an average in the place of each maximum, and weights of one in the kernels. `receptive_field` does so. It raises an error if gradient and recurrence disagree.
#
# ## VGG-16
#
# VGG-16 ([Simonyan and Zisserman, 2015](https://arxiv.org/abs/1409.1556)) has thirteen convolutions of 3×3 in five blocks, each block with a 2×2 pool behind it. A photo of 224×224 leaves the last pool as maps of 7×7.
#
# !!! question "Predict"
#     How many pixels across does one number in the last map see? Less than 50, about 100, or nearly the whole photo?

# %%
vgg16, r, j = [], 1, 1
for convolutions in (2, 2, 3, 3, 3):
    block = [(3, 1)] * convolutions + [(2, 2)]
    r, j = walk(block, r, j)
    print(f"after {convolutions} convolutions and a pool: sees {r}, jump {j}")
    vgg16 += block

# %% [markdown]
# 212 pixels across, with a jump of 32. [Araujo, Norris and Sim (2019)](https://doi.org/10.23915/distill.00021) list the same two numbers, and those of many other networks.
#
# ### What is the pools' part?
#
# A pool of 2 adds just one jump to $r$. That looks like little. Take the pools away, and then put them back with stride 1:

# %%
print("as it is:       ", walk(vgg16))
print("without pools:  ", walk([(k, s) for k, s in vgg16 if k == 3]))
print("pools, stride 1:", walk([(k, 1) for k, s in vgg16]))

# %% [markdown]
# 27 without them, 32 with pools that do not stride, 212 with pools that do. **It is the stride that counts.** Each stride of 2 doubles all that later layers add. What a pool adds by itself is small.
#
# ## Ways to grow
#
# Here are five networks, each with three convolutions. Padding keeps the size; only strides halve it.


# %% tags=["collapse"]
def conv(k=3, s=1, d=1):
    return nn.Conv2d(1, 1, k, stride=s, padding=d * (k // 2), dilation=d, bias=False)


ways = {
    "plain": [conv(), conv(), conv()],
    "pools": [conv(), nn.MaxPool2d(2), conv(), nn.MaxPool2d(2), conv()],
    "strides": [conv(s=2), conv(s=2), conv()],
    "dilation": [conv(), conv(d=2), conv(d=4)],
    "5×5": [conv(5), conv(5), conv(5)],
}

# %%
print(f"{'':<10}{'field':>6}{'jump':>6}{'output':>8}{'weights':>9}")
for name, layers in ways.items():
    net = nn.Sequential(*layers)
    found = receptive_field(net, (1, 32, 32))
    side = net(torch.zeros(1, 32, 32)).shape[-1]
    weights = sum(p.numel() for p in net.parameters())
    print(f"{name:<10}{found.size[0]:>6}{found.jump[0]:>6}{side:>8}{weights:>9}")

# %% [markdown]
# Strides and dilation both reach 15 with 27 weights. Dilation keeps the 32×32 map. Strides leave 8×8, so the next layer has 16 times fewer places to compute.
#
# Pools reach 18. The three more are what the two pools add by themselves: 1 and 2.
#
# Kernels of 5×5 reach 13, and need 75 weights for it.
#
# ## Where does it look?
#
# You know how *wide* an output looks. Now ask where. The centre of the first output's view starts at 0 and moves with every layer:
#
# $$c \leftarrow c + \left(\frac{k - 1}{2} - p\right) \cdot j$$
#
# Use the jump from *before* the layer. Output number $i$ then looks at $c + i \cdot j$, with the jump from after the last layer.
#
# !!! question "Predict"
#     Three convolutions of 3 with stride 2. Without padding, which input does output 0 look at? And with `padding=1`?


# %%
def three(padding):
    return nn.Sequential(*(nn.Conv1d(1, 1, 3, 2, padding, bias=False) for _ in range(3)))


for p in (0, 1):
    first = receptive_field(three(p), (1, 47), output=(0,))
    print(f"padding {p}: centre {first.centre}, sees {first.views()[-1]}")

# %% [markdown]
# Without padding it looks at input 7. With padding it looks at input 0, and its view reaches from −7 to 7. Everything below 0 is padding.
#
# With $p = (k-1)/2$ in every layer the centre stays at 0. That takes odd kernels. A pool of 2 moves it by half a jump, so it comes to lie between two pixels.
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
    first = receptive_field(network, (1, 47), output=(0,)).centre[0]
    print(f"padding {p}: output {strongest} is strongest, 8 * {strongest} = {8 * strongest},",
          f"with the centre {first + 8 * strongest:.0f}")  # fmt: skip

# %% [markdown]
# The dot stands at 23. Without padding, index times stride says 16. It is off by 7, the centre of the first view. With padding, output 3 looks at 24, the nearest place it can.
#
# In a heat map, such a slip moves everything up and to the left by a few pixels. No error tells you.
#
# ### At the border
#
# With padding, the outermost outputs look over the border. Here is the first output of the network with pools from above:

# %%
with_pools = nn.Sequential(*ways["pools"])
corner = receptive_field(with_pools, (1, 24, 24), output=(0, 0))
print("centre:", corner.centre)
print("view:  ", *corner.views()[-1])
print("real:  ", *corner.measured_box)

# %%
show(
    corner,
    "receptive-corner",
    "What the corner output sees. Outside the input there is only padding.",
)

# %% [markdown]
# Its view is 18 wide, from −7 to 10. Only 11×11 of the 18×18 places are real, fewer than four in ten.
#
# How about VGG-16? All its convolutions have `padding=1`, so only the pools move the centre.

# %%
centre, j = 0, 1
for k, s in vgg16:
    p = 1 if k == 3 else 0
    centre += ((k - 1) / 2 - p) * j
    j *= s
for i in range(7):
    middle = centre + i * j
    low, high = int(middle - 211 / 2), int(middle + 211 / 2)
    print(f"output {i}: from {low} to {high}", "inside" if 0 <= low and high < 224 else "")

# %% [markdown]
# Along each axis, only the output in the middle has its whole view inside the photo. Of the 49 numbers in a last map, 48 see padding.
#
# ## Not all of it counts
#
# An output of VGG-16 sees 212×212 pixels. Does it care for each of them equally?
#
# !!! question "Predict"
#     Two layers of 3, one on the other, see five inputs. How many ways lead from each of the five to the output?
#
# With weights of one, the gradient counts the ways, as in [dilation](dilation.ipynb).


# %%
def ways_through(depth):
    """Ways from each input of the field to the output, through layers of kernel 3."""
    x = torch.zeros(1, 2 * depth + 1, dtype=torch.float64, requires_grad=True)
    out = x
    for _ in range(depth):
        out = F.conv1d(out[None], torch.ones(1, 1, 3, dtype=torch.float64))[0]
    out.sum().backward()
    return x.grad[0]


for depth in (1, 2, 3, 5):
    print(depth, *ways_through(depth).int().tolist())

# %% [markdown]
# The rim has one way, the middle has many. After five layers it is 51 to 1 in a row. In an image the ways down and across multiply, so it is 2,601 to 1 between the centre and a corner.
#
# The deeper the stack, the narrower the bell, compared with the field:


# %%
def draw(figure):
    axes = figure.subplots()
    for depth in (2, 8, 32):
        counts = ways_through(depth)
        places = torch.linspace(-1, 1, len(counts))
        axes.plot(places, counts / counts.max(), label=f"{depth} layers, field {len(counts)}")
    axes.set_xlabel("place in the receptive field, from rim to rim")
    axes.set_ylabel("ways, relative")
    axes.legend(loc="upper right")
    axes.set_xlim(-1, 1.0)


plot(
    draw,
    "receptive-bells",
    alt="Three bell curves over the place in the receptive field. With 2 layers the bell fills the "
    "field; with 8 layers it is about half as wide; with 32 layers it is narrow, and most of the "
    "field lies flat at zero.",
    caption="How many ways lead from each place of the field to the output. All three fields are drawn equally wide.",
)

# %% [markdown]
# The reason is a sum. A way through $n$ layers is a sum of $n$ steps of −1, 0 or 1. The field grows like $n$. The spread of such a sum grows like $\sqrt{n}$: its standard deviation is $\sqrt{2n/3}$.

# %%
for depth in (2, 8, 32):
    counts = ways_through(depth)
    places = torch.arange(-depth, depth + 1)
    spread = ((counts * places**2).sum() / counts.sum()).sqrt()
    print(f"{depth:>2} layers: field {2 * depth + 1:>2}, spread {spread:.2f}")

# %% [markdown]
# From 2 layers to 32 the field grew from 5 to 65, the spread only by a factor of 4.
#
# [Luo et al. (2016)](https://arxiv.org/abs/1701.04128) call the part that counts the **effective receptive field**. They show that it is a bell that fills only a fraction of the field.
#
# Real weights are not all one. So try stacks with random weights, eight channels and ReLUs. How many of the pixels in the field hold half of the gradient?


# %%
def random_stack(depth, channels=8):
    torch.manual_seed(0)
    layers = []
    for n in range(depth):
        layers += [nn.Conv2d(channels if n else 1, channels, 3), nn.ReLU()]
    return nn.Sequential(*layers)


for depth in (2, 4, 8, 16):
    found = receptive_field(random_stack(depth), (1, 2 * depth + 1, 2 * depth + 1))
    size = found.size[0]
    print(f"{depth:>2} layers see {size}×{size}, half on {found.half / size**2:.0%} of it")

# %%
show(
    receptive_field(random_stack(8), (1, 17, 17)),
    "receptive-effective",
    "Eight layers with random weights. The last picture shows how strongly each pixel counts.",
)

# %% [markdown]
# The same tendency: the share falls with depth. This is a small measurement, on small untrained networks. Luo et al. measured larger ones, and found that the effective field grows with training.
#
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
# **2.** Which sees more: a convolution of 3 and then a pool of 2, or the pool first and then the convolution?
#
# ??? success "Answer"
#     Pool first: 2 + 2 · 2 = 6. The other order gives 3 + 1 = 4. A stride helps only the layers behind it.
#
# **3.** Many networks begin with `nn.Conv2d(3, 64, 7, stride=2, padding=3)` and `nn.MaxPool2d(3, stride=2, padding=1)`. Give the field, the jump and the centre of the first output.
#
# ??? success "Answer"
#     11, 4 and 0. The field is 1 + 6 · 1 = 7, then 7 + 2 · 2 = 11. The padding is (k − 1)/2 in both, so the centre stays at 0.
#
# **4.** A network has a field of 30. You put `nn.MaxPool2d(2)` *in front of* it. What is the field now?
#
# ??? success "Answer"
#     60. The network sees 30 pool outputs. They begin 2 apart: 2 + 29 · 2.
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
thirty = nn.Conv2d(1, 1, 30)
answers = count, count * conv().weight.numel(), *orders
print(*answers, stem.size[0], stem.jump[0], stem.centre[0])
print(sees(thirty).size[0], sees(nn.MaxPool2d(2), thirty).size[0])

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The number of convolutions and of weights, such as (2, 18).
check(..., lambda: (count, count * conv().weight.numel()))
# 2. The two fields: convolution first, pool first, such as (3, 3).
check(..., lambda: orders)
# 3. The field, the jump and the centre, such as (7, 2, 0).
check(..., lambda: (stem.size[0], stem.jump[0], stem.centre[0]))
# 4. The field with the pool in front.
check(..., lambda: sees(nn.MaxPool2d(2), thirty).size[0])

# %% [markdown]
# ## What you know now
#
# - Each layer adds $(k-1) \cdot j$ to the field and multiplies the jump by its stride.
# - Strides make later layers see more. That is most of what pools do for the field.
# - With odd kernels and $p = (k-1)/2$ the centre stays put. Else add it when you map an index back.
# - The field says what *can* matter. Most of the weight lies near its centre.
#
# Next: what the choice of a pool is worth, [trained on digits](trained-on-digits.ipynb).
#
# Sources: [Araujo, Norris and Sim (2019)](https://doi.org/10.23915/distill.00021) for the recurrence and for networks with branches, [Luo et al. (2016)](https://arxiv.org/abs/1701.04128) for the effective field, [Simonyan and Zisserman (2015)](https://arxiv.org/abs/1409.1556) for VGG-16. Why a ResNet-50 has two different receptive fields is told in [what other tutorials get wrong](what-other-tutorials-get-wrong.ipynb). The measurements here are our own.
