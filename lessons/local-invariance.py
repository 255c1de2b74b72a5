# ---
# title: Invariance and equivariance
# description: Move the input by one pixel. Does a pooled map notice, and does it move along? Two words, measured exactly, on dots, on noise and on a photo.
# ---

# %% [markdown]
# # Invariance and equivariance
#
# A cat that moves by one pixel is still a cat. Does a pooled map think so too?
#
# !!! abstract "What you will be able to do"
#     - Keep two words apart: invariant and equivariant.
#     - Say which shifts a max pool hides, and how many that are. About half is the answer to *one* question only.
#     - Say which shifts a strided layer follows exactly.
#     - Blur before you stride, with one depthwise convolution, and measure what it brings.
#
# ## Two words
#
# Shift the input of a layer. Two good things can happen.
#
# - **Invariant**: the output stays as it was. $f(\text{shifted } x) = f(x)$.
# - **Equivariant**: the output moves along. $f(\text{shifted } x) = \text{shifted } f(x)$.
#
# What *finds* a pattern should be equivariant. An answer such as "cat" should be invariant.
#
# !!! question "Predict"
#     A convolution at stride 1 slides over a map. You move the map one pixel to the right. What does its output do? And the largest number of that output?

# %%
import torch
from torch import nn
from torch.nn import functional as F

from slidingwindows import slide
from slidingwindows.lesson import plot, show


def moved(x, right):
    """The map moved to the right; zeros come in from the left."""
    return F.pad(x, (right, 0))[..., : x.shape[-1]]


torch.manual_seed(0)
pattern = torch.randint(1, 10, (1, 3, 3)).float()
pattern = F.pad(pattern, (3, 6, 3, 3))  # room on all sides
find = nn.Conv2d(1, 1, 3, bias=False)
find.weight.data = torch.randint(-3, 4, (1, 1, 3, 3)).float()
for right in (1, 2, 3):
    before, after = find(pattern), find(moved(pattern, right))
    print(f"by {right}: moves along {torch.equal(after, moved(before, right))},",
          f"largest {before.max():.0f} and {after.max():.0f}")  # fmt: skip

# %% [markdown]
# The convolution moves along. At stride 1 the same window stops at every place, so it finds the same pattern one stop later. **It is equivariant.**
#
# The largest number of the whole map does not care where it stands. **It is invariant.**
#
# Pooling at stride 2 is neither of the two. It lies in between, and that is what you measure now.
#
# ## One dot on its way
#
# Take a row of eight numbers, all zero but one. The dot moves to the right, one step at a time. Four layers look at it. Each halves the row:
#
# - **max**: the largest of two.
# - **average**: the mean of two.
# - **stride**: every second number, no more.
# - **blur, stride**: a weighted mean of three with the weights 1, 2, 1, divided by 4, at every second place.
#
# !!! question "Predict"
#     The dot moves from index 2 to index 3, then to index 4. Which layers notice the first step? Which notice the second?

# %%
blur = nn.Conv2d(1, 1, (1, 3), stride=(1, 2), padding=(0, 1), bias=False)
blur.weight.data[:] = torch.tensor([1.0, 2, 1]) / 4
blur.requires_grad_(False)  # nothing is trained here
rows = {
    "max": nn.MaxPool2d((1, 2)),  # one row high, two columns wide
    "average": nn.AvgPool2d((1, 2)),
    "stride": lambda x: x[..., ::2],
    "blur, stride": blur,
}


def dot_at(index, length=8):
    x = torch.zeros(1, 1, length)
    x[..., index] = 8
    return x


for name, layer in rows.items():
    print(f"{name:<14}", *(layer(dot_at(i))[0, 0].int().tolist() for i in (2, 3, 4)))

# %% [markdown]
# From 2 to 3 the max pool and the average notice nothing: both cells lie in one window. From 3 to 4 the dot crosses into the next window, and their output jumps.
#
# The stride loses the dot at index 3 altogether. The blur does what you would do by hand: it shares the dot between two outputs.

# %%
show(
    slide(rows["max"], dot_at(3)),
    "invariance-max-dot",
    "The 8 at index 3. At index 2 the same window would find it.",
)

# %%
sums = nn.Conv2d(1, 1, (1, 3), stride=(1, 2), padding=(0, 1), bias=False)
sums.weight.data[:] = torch.tensor([1.0, 2, 1])
dot = dot_at(3) / 4  # divided by 4 here, so that the weights are whole

# %%
show(
    slide(sums, dot),
    "invariance-blur-dot",
    "The blur, with the 8 divided by 4 beforehand. It lies between two stops and gives 2 to each. At index 2, a single stop would get 4.",
)

# %% [markdown]
# Now let the dot walk through a longer row. In each picture the top line is the first step, the bottom line the last:


# %%
def draw(figure):
    panels = figure.subplots(1, 4, sharey=True)
    for axes, (name, layer) in zip(panels, rows.items(), strict=True):
        steps = torch.cat([layer(dot_at(i, 12))[0] for i in range(12)])
        axes.imshow((steps / steps.max()).numpy(), cmap="gray", vmin=0, vmax=1, aspect="auto")
        axes.set_title(name, fontsize=13)
        axes.set_xlabel("output")
        axes.set_xticks(range(0, 6, 2))
        axes.grid(False)
    panels[0].set_ylabel("the dot's index")


plot(
    draw,
    "invariance-walks",
    alt="Four pictures, one line for each place of the dot. Max and average: white bars two lines "
    "high, like stairs. Stride: the same stairs with every second line black. Blur, stride: "
    "a soft diagonal of white cells and pairs of grey ones.",
    caption="Max and average take stairs. The stride blinks. The blur glides.",
    height=300,
)

# %% [markdown]
# ## How many shifts are hidden?
#
# You have seen one dot. Its step is hidden when it starts in the left column of its window. That is every second column.
#
# Now put several dots on a 16×16 map, at random places, each of a random brightness. Move all of them one pixel to the right. Count the maps whose max pool does not change **at all**.
#
# !!! question "Predict"
#     With one dot it is one half. With two dots? With eight?

# %%
pool = nn.MaxPool2d(2)


def dotted(count, maps=10_000):
    """Random maps, and the same maps moved one pixel to the right."""
    place = torch.rand(maps, 256).argsort(1)[:, :count]
    light = 0.1 + torch.rand(maps, count)
    x = torch.zeros(maps, 256).scatter(1, place, light)
    x = F.pad(x.reshape(maps, 1, 16, 16), (0, 2))  # room to move
    return x, moved(x, 1)


def unchanged(layer, before, after):
    """The share of maps that stay the same, and that of single numbers."""
    same = layer(before) == layer(after)
    return same.flatten(1).all(1).float().mean(), same.float().mean()


for count in (1, 2, 3, 4, 8):
    maps, _ = unchanged(pool, *dotted(count))
    print(f"dots: {count}  maps unchanged: {maps:.1%}  0.5 ** {count}: {0.5**count:.1%}")

# %% [markdown]
# With one dot, about half. Each further dot about halves it again, for all of them must start in the left column of their windows. With eight dots, fewer than one map in a hundred stays the same.
#
# A real feature map is not eight dots. It has a number everywhere. Take noise:

# %%
noise = torch.rand(10_000, 1, 16, 17)
before, after = noise[..., 1:], noise[..., :-1]  # one pixel to the right
maps, numbers = unchanged(pool, before, after)
print(f"unchanged: {maps:.1%} of the maps, {numbers:.1%} of the single numbers")

# %% [markdown]
# Not one map of ten thousand. But one **number** in three stays, and you can see why. The window before and the window after have three columns between them, six cells. The middle column, two cells, belongs to both. The maximum stays if the largest of the six stands there: 2 chances in 6.
#
# So "max pooling hides half of all one-pixel shifts" is true of a lone dot. Of noise it is false. Always say what you count.
#
# !!! warning "A common mistake: counting the background"
#     You measure how many output numbers a shift leaves alone, on maps that are mostly empty. The score is splendid, and it would be for any layer. Zeros stay zeros.

# %%
lone = dotted(1)
for layer in (pool, lambda x: x[..., ::2, ::2]):
    maps, numbers = unchanged(layer, *lone)
    print(f"unchanged: {numbers:.1%} of the numbers, {maps:.1%} of the maps")

# %% [markdown]
# The second line is the stride. By numbers it wins with over 99%. And the half of the maps that it leaves unchanged? There the dot is in a row that the stride skips. It looks stable where it is blind.
#
# ## How far does the output move?
#
# To count changes is one thing. To ask how *large* they are is another. The measure here: the mean change of an output number, divided by how much the output varies anyway, its standard deviation.
#
# First, the blur for images. It must treat each channel on its own. That is a **depthwise** convolution: `groups=channels` gives every channel a kernel of its own. All these kernels are the same here, the products of 1, 2, 1 down and 1, 2, 1 across.

# %%
binomial = torch.tensor([1.0, 2, 1]) / 4
depthwise = nn.Conv2d(3, 3, 3, stride=2, groups=3, bias=False)
depthwise.weight.data[:] = torch.outer(binomial, binomial)
depthwise.requires_grad_(False)
print(tuple(depthwise.weight.shape), depthwise.weight[0, 0] * 16, sep="\n")

# %% [markdown]
# 1, 2, 1 is a line of Pascal's triangle, hence the name *binomial* kernel. The line above it is 1, 1: an average of two. So `AvgPool2d(2)` is a blur before a stride as well, a shorter one.
#
# Now shift a colour photo, matplotlib's sample picture, and look at it through a fixed frame of 256×256:

# %%
import matplotlib.cbook
import numpy as np
from PIL import Image

picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
photo = torch.from_numpy(np.array(picture)).float().permute(2, 0, 1)
layers = {
    "max": nn.MaxPool2d(2),
    "average": nn.AvgPool2d(2),
    "stride": lambda x: x[..., ::2, ::2],
    "blur, stride": depthwise,
}


def frame(image, shift=0):
    """Looked at from `shift` pixels further right."""
    return image[:, 100:356, 100 + shift : 356 + shift]


def count(layer, image, shift=1):
    changed = layer(frame(image)) != layer(frame(image, shift))
    return changed.float().mean().item()


def distance(layer, image, shift=1):
    before, after = layer(frame(image)), layer(frame(image, shift))
    return ((before - after).abs().mean() / before.std()).item()


# %% [markdown]
# !!! question "Predict"
#     A shift by one pixel. Which of the four changes the fewest numbers? Which changes by the smallest amount?

# %%
for name, layer in layers.items():
    print(f"{name:<14} {count(layer, photo):.0%} change, by {distance(layer, photo):.3f}")
print(f"the photo itself changes by {distance(nn.Identity(), photo):.3f}")


# %% tags=["hide-input"]
curves = {
    measure: {name: [measure(layer, photo, s) for s in range(6)] for name, layer in layers.items()}
    for measure in (count, distance)
}


def draw(figure):
    axes = figure.subplots(1, 2)
    for panel, lines in zip(axes, curves.values(), strict=True):
        for name, line in lines.items():
            panel.plot(range(6), line, label=name)
        panel.set_xlabel("shift in pixels")
        panel.set_ylim(bottom=0)
    axes[0].set_ylabel("share that changes")
    axes[1].set_ylabel("change / spread")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)


plot(
    draw,
    "invariance-curves",
    alt="Two plots against the shift in pixels, four curves each, all starting at zero. Left, the "
    "share of numbers that change: at one pixel max pooling lies lowest, the others are near one; "
    "from two pixels on all are near one. Right, the amount of change: stride lies highest, max "
    "and average almost coincide, blur and stride lies lowest.",
    caption="The photo, shifted. Full invariance would be a flat line at zero.",
    height=340,
)

# %% [markdown]
# The two questions have two answers. The max pool changes the fewest numbers, 73%. The blur changes nearly all of them, but by the least: 0.088, against 0.103 for the max pool, 0.101 for the average and 0.131 for the stride.
#
# None of the curves is flat. The photo itself changes by 0.133, so a stride alone damps next to nothing. **The other three damp a shift. None removes it.**
#
# ## Why a blur helps
#
# Look at the finest stripes that a row can hold, and move them by one:

# %%
stripes = torch.tensor([0.0, 8] * 6).reshape(1, 1, 12)
for name, layer in rows.items():
    both = layer(stripes), layer(moved(stripes, 1))
    print(f"{name:<14}", *(x[0, 0, 1:-1].int().tolist() for x in both))

# %% [markdown]
# The stride sees pure black, and one pixel later pure white. With every second number gone, stripes this fine turn into an even area, and a false one. That is **aliasing**. The sampling theorem says what to do: take out the detail that is too fine *before* you skip.
#
# The average and the blur answer 4, an honest grey, before and after. The max pool answers 8 both times. It is perfectly stable here, and twice as bright as the truth.
#
# [Zhang (2019)](https://proceedings.mlr.press/v97/zhang19a.html) points this out for max pooling, strided convolutions and average pooling alike, and puts a blur in front of each stride. A max pool becomes three steps: maximum at stride 1, blur, stride.

# %%
gentle = nn.Sequential(nn.MaxPool2d(2, stride=1), depthwise)
print(f"max, blur, then stride: {distance(gentle, photo):.3f}")

# %% [markdown]
# ## Along by the stride
#
# Invariance is half given at best. Equivariance is better defined. Each output of a layer at stride 2 stands for two steps of the input. So move the input by two.
#
# !!! question "Predict"
#     For which shifts is the new output exactly the old one, moved? Try 1 to 4 pixels, for one layer and for two in a row.


# %% tags=["hide-input"]
def follows(layer, shifts):
    """The shifts after which the output is the old output, moved by whole cells."""
    before, found = layer(frame(photo)), []
    width = before.shape[-1]
    for shift in shifts:
        after = layer(frame(photo, shift))
        if any(torch.equal(before[..., m:], after[..., : width - m]) for m in range(5)):
            found.append(shift)
    return found


# %%
for name, layer in layers.items():
    twice = follows(lambda x, layer=layer: layer(layer(x)), range(1, 9))
    print(f"{name:<14} once: {follows(layer, range(1, 5))}  twice: {twice}")

# %% [markdown]
# Shifts by the stride are followed exactly, by all four. Shifts by 1 or 3 by none.
#
# Strides multiply. Two layers at stride 2 follow only every fourth shift. A network that halves five times is exact for one shift in 32, along each axis.
#
# ## A whole network
#
# Now the cat. A small network with random weights: convolution, ReLU, halve, and the same again. At the end it takes the mean of each map, and so forgets every place. Its answer is eight numbers.
#
# To have no border in the way, the picture is closed to a ring: what leaves at the right comes in at the left. The four networks have the same weights. They differ in how they halve.

# %% tags=["hide-input"]
view = F.avg_pool2d(photo[:, 100:356, 100:356], 4) / 255  # 64×64
ring = {"padding": 1, "padding_mode": "circular", "bias": False}


def network(*halving):
    torch.manual_seed(0)
    first, second = nn.Conv2d(3, 8, 3, **ring), nn.Conv2d(8, 8, 3, **ring)
    layers = [first, nn.ReLU(), *halving, second, nn.ReLU(), *halving]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1)).requires_grad_(False)


class Stride(nn.Module):
    def forward(self, x):
        return x[..., ::2, ::2]


around = nn.Conv2d(8, 8, 3, stride=2, groups=8, **ring)
around.weight.data[:] = torch.outer(binomial, binomial)
max_blur = [nn.CircularPad2d((0, 1, 0, 1)), nn.MaxPool2d(2, stride=1), around]
networks = {
    "no halving": network(),
    "stride": network(Stride()),
    "max": network(nn.MaxPool2d(2)),
    "max, blur, stride": network(*max_blur),
}


def drift(network):
    """How far the answer moves with each shift, as a share of its length."""
    answers = [network(view.roll(shift, 2)) for shift in range(9)]
    return [((a - answers[0]).norm() / answers[0].norm()).item() for a in answers]


drifts = {name: drift(network) for name, network in networks.items()}
for name, line in drifts.items():
    print(f"{name:<18}", *(f"{d:.2%}" for d in line))


# %% tags=["hide-input"]
def draw(figure):
    axes = figure.subplots()
    for name, line in drifts.items():
        axes.plot(range(9), [100 * d for d in line], label=name)
    axes.set_xlabel("shift in pixels")
    axes.set_ylabel("change of the answer, %")
    axes.set_xticks(range(9))
    figure.legend(loc="outside right center")


plot(
    draw,
    "invariance-network",
    alt="Change of a network's answer against the shift, 0 to 8 pixels. No halving: a flat line "
    "at zero. Stride and max: they rise and come back to zero at 4 and at 8. Max, blur, stride: "
    "a low zigzag.",
    caption="A network that halves twice repeats itself every four pixels.",
    height=320,
)

# %% [markdown]
# Without any stride the answer does not move at all. Equivariant layers, then a mean over all places: that is exact invariance.
#
# With two strides of 2 the answer wavers, and is exact again at 4 and at 8. The blur makes the wavering much smaller. It is exact at 2 as well: under weights of 1, 2, 1 at every second place each number counts the same in a mean, so the last stride does no harm.
#
# So it is not the pooling that makes this network invariant. The equivariant convolutions and the final mean do, and a stride takes some of it away.
#
# ## In trained networks
#
# Zhang measured how often a network gives the same class for two crops of one image. With a blur before the strides, a ResNet-50 agrees with itself in 91.32% of cases instead of 89.20%, and is right in 77.41% instead of 76.16% ([Zhang's table](https://github.com/adobe/antialiased-cnns), kernel size 4, fine-tuned).
#
# It is no full cure. [Azulay and Weiss (2019)](https://jmlr.org/papers/v20/19-519.html) find that an architecture alone does not give invariance, and that such a blur is only a part of what is needed.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** A window of 4 with stride 4, one dot, one step to the right. What share of the steps does a max pool hide?
#
# ??? success "Answer"
#     Three quarters. Only a step out of a window's last column shows.
#
# **2.** Now the windows overlap: `nn.MaxPool2d(3, stride=2)`. What share of a dot's steps to the right is hidden?
#
# ??? success "Answer"
#     None. In every second column the dot stands in two windows at once, in between in one. So with each step an output comes or goes.
#
# **3.** `nn.MaxPool2d(2)`, one dot. It moves one step to the right *and* one down. What share is hidden?
#
# ??? success "Answer"
#     A quarter. It must start in the left column, one half, and in the upper row, one half again.
#
# **4.** Three max pools of 2 in a row. What is the smallest shift that the output follows exactly?
#
# ??? success "Answer"
#     8 pixels, and the output moves by 1.
#
# Check all four:


# %% tags=["collapse"]
def hidden(layer, down, right):
    """The share of a dot's moves that leave the output alone, over a block of 12×12 places."""
    dots = torch.eye(24 * 24).reshape(24, 24, 1, 24, 24)  # a dot at each place in turn
    before = layer(dots[6:18, 6:18].flatten(0, 1))
    after = layer(dots[6 + down : 18 + down, 6 + right : 18 + right].flatten(0, 1))
    return (before == after).flatten(1).all(1).float().mean().item()


thrice = nn.Sequential(nn.MaxPool2d(2), nn.MaxPool2d(2), nn.MaxPool2d(2))
print(hidden(nn.MaxPool2d(4), 0, 1), hidden(nn.MaxPool2d(3, stride=2), 0, 1))
print(hidden(nn.MaxPool2d(2), 1, 1), follows(thrice, range(1, 17)))

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The share of a dot's steps that a window of 4 with stride 4 hides.
check(..., lambda: hidden(nn.MaxPool2d(4), 0, 1))
# 2. The share that nn.MaxPool2d(3, stride=2) hides.
check(..., lambda: hidden(nn.MaxPool2d(3, stride=2), 0, 1))
# 3. The share of diagonal steps that nn.MaxPool2d(2) hides.
check(..., lambda: hidden(nn.MaxPool2d(2), 1, 1))
# 4. The smallest shift that three max pools of 2 follow exactly.
check(..., lambda: follows(thrice, range(1, 17))[0])

# %% [markdown]
# ## What you know now
#
# - Invariant: the output stays. Equivariant: it moves along.
# - A max pool of 2 hides every second step of a lone dot, one number in three on noise, and hardly ever a whole map.
# - A strided layer follows shifts by its stride, and no others. Strides multiply.
# - A blur before the stride makes every answer calmer.
#
# To hide a shift is to forget a place. What else does a pool forget? [Count what pooling throws away](what-pooling-throws-away.ipynb).
#
# This lesson's path follows Unit 7 of [Deep Learning Fundamentals (Sebastian Raschka, Lightning AI, 2023)](https://lightning.ai/courses/deep-learning-fundamentals/). The words and the measurements are our own.
