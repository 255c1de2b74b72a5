# ---
# title: Invariance and equivariance
# description: Move the input by one pixel. Does a pooled map notice, and does it move along? Two words, measured on dots, on noise and on a photo.
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
# Shift the input of a layer. Two answers of the output have a name.
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
# The stride loses the dot at index 3 altogether. The blur shares the dot between two outputs.

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
# [Open the max pool and its dot in the explorer](../explorer.md#call=nn.MaxPool2d%28%281,2%29%29&input=0,0,0,8,0,0,0,0), move the dot, and see when the output moves.
#
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
    """The share of the layer's maps that stay the same, and that of their single numbers."""
    same = layer(before) == layer(after)
    return same.flatten(1).all(1).float().mean(), same.float().mean()


for count in (1, 2, 3, 4, 8):
    maps, _ = unchanged(pool, *dotted(count))
    print(f"dots: {count}  maps unchanged: {maps:.1%}  0.5 ** {count}: {0.5**count:.1%}")

# %% [markdown]
# With one dot, about half. Each further dot about halves it again, for all of them must start in the left column of their windows. With eight dots, fewer than one map in a hundred stays the same.
#
# Eight dots leave most of a map empty. Noise leaves nothing empty:

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
# ## Does the output move along?
#
# You have counted changes. Does the output also do what it *should* do? At stride 2 one step of the output is two steps of the input. So when the input moves by one pixel, an equivariant output moves by half a cell.
#
# How do you move a map by half a cell? Take each row as a ring, so that what leaves at the right comes in at the left. A ring of numbers is a sum of waves, which is what a **Fourier transform** finds. A wave can be turned by any fraction of a cell. So turn each of them, and add them up again.

# %%
def slid(x, cells):
    """The rows of a map, as rings, moved to the right by whole cells or fractions of one."""
    turns = torch.fft.rfftfreq(x.shape[-1]) * cells
    return torch.fft.irfft(torch.fft.rfft(x) * torch.exp(-2j * torch.pi * turns), x.shape[-1])


hills = torch.tensor([0.0, 2, 4, 2, 0, 0, 0, 0])
for cells in (1, 1 / 2):
    print("by", cells, [round(v, 2) + 0.0 for v in slid(hills, cells).tolist()])

# %% [markdown]
# Moved by one cell, the hill is the old one. Moved by half a cell, its top lies between two cells.
#
# Now the layers. The blur for images must treat each channel on its own. That is a **depthwise** convolution: `groups=channels` gives every channel a kernel of its own. All these kernels are the same here, the products of 1, 2, 1 down and 1, 2, 1 across.

# %%
def blur_of(*weights):
    """A depthwise blur of three channels at stride 2."""
    line = torch.tensor(weights) / sum(weights)
    layer = nn.Conv2d(3, 3, len(weights), stride=2, groups=3, bias=False)
    layer.weight.data[:] = torch.outer(line, line)
    return layer.requires_grad_(False)


depthwise = blur_of(1, 2, 1)
print(tuple(depthwise.weight.shape), depthwise.weight[0, 0] * 16, sep="\n")

# %% [markdown]
# 1, 2, 1 is a line of Pascal's triangle, hence the name *binomial* kernel. The line above it is 1, 1: an average of two. So `AvgPool2d(2)` is a blur before a stride as well, a shorter one. Two lines below stands 1, 4, 6, 4, 1, a longer one. Let it take part.
#
# The photo is matplotlib's sample picture, 256×256 of it, closed to a ring. For each layer you get three numbers: how many outputs change, by how much they change, and the **equivariance error**. The error is the distance between the new output and the old one moved by half a cell. The last two are means over all cells, divided by how much the output varies anyway, its standard deviation.

# %%
import matplotlib.cbook
import numpy as np
from PIL import Image

picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
photo = torch.from_numpy(np.array(picture)).float().permute(2, 0, 1)
ring = photo[:, 100:356, 100:356]
layers = {
    "stride": lambda x: x[..., ::2, ::2],
    "max": nn.MaxPool2d(2),
    "average": nn.AvgPool2d(2),
    "blur, stride": depthwise,
    "longer blur": blur_of(1, 4, 6, 4, 1),
}


def around(layer):
    """A layer at stride 2 on the ring: a window at the end reads on at the beginning."""
    return lambda x: layer(F.pad(x, (0, 4, 0, 4), mode="circular"))[..., :128, :128]


def measured(layer, shift=1):
    """The share of outputs that change, the mean change of all, and the equivariance error."""
    before, after = layer(ring), layer(ring.roll(shift, -1))
    expected = slid(before, shift / 2)
    change, error = ((after - old).abs().mean() / before.std() for old in (before, expected))
    return (after != before).float().mean().item(), change.item(), error.item()


# %% [markdown]
# !!! question "Predict"
#     A shift by one pixel. Which of the five layers changes the fewest numbers? Which has the smallest error?

# %%
print(f"{'':<14}{'changed':>8}{'by':>8}{'error':>8}")
for name, layer in layers.items():
    changed, by, error = measured(around(layer))
    print(f"{name:<14}{changed:>8.0%}{by:>8.3f}{error:>8.3f}")


# %% tags=["hide-input"]
errors = {name: [measured(around(f), s)[2] for s in range(7)] for name, f in layers.items()}


def draw(figure):
    axes = figure.subplots()
    for name, line in errors.items():
        axes.plot(range(7), line, label=name)
    axes.set_xlabel("shift in pixels")
    axes.set_ylabel("equivariance error")
    axes.set_ylim(bottom=0)
    figure.legend(loc="outside right center")


plot(
    draw,
    "invariance-curves",
    alt="The equivariance error against the shift, 0 to 6 pixels, five zigzag lines. All are zero "
    "at 0, 2, 4 and 6. At 1, 3 and 5 the stride lies highest, then max, average, blur and stride, "
    "and the longer blur lies lowest.",
    caption="The photo, shifted. A layer at stride 2 follows every second shift exactly. In between, the longer blur errs least.",
    height=320,
)

# %% [markdown]
# The questions have different answers. The max pool changes the fewest numbers, 74%. But what it changes, it changes wrongly: its error is 0.079, and only the stride's is larger, 0.097. The average has 0.051, the blur 0.029, the longer blur 0.011. **A blur before the stride lets the output move along, and a longer one does it better.**
#
# !!! warning "A common mistake: taking the change for the error"
#     The column in the middle looks like a measure of stability. It is one of smoothness. Try it on the ideal filter, which takes out every wave that is too fine for the smaller map, and nothing else:

# %%
def ideal(x):
    """Only waves longer than four cells, down and across; then every second number."""
    kept = (torch.fft.fftfreq(x.shape[-1]).abs() < 1 / 4).float()
    waves = torch.fft.fft2(x) * torch.outer(kept, kept)
    return torch.fft.ifft2(waves).real[..., ::2, ::2]


_, by, error = measured(ideal)
print(f"ideal: changes by {by:.3f}, error {error:.3f}")

# %% [markdown]
# Its output changes by more than that of the max pool. So by the middle column it would be worse. But all of this change is due: the output has moved by half a cell, with no error at all. The blurs change less because they also take out detail that the smaller map could have held.
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
# [Zhang (2019)](https://proceedings.mlr.press/v97/zhang19a.html) points this out for max pooling, strided convolutions and average pooling alike, and puts a blur in front of each stride. A max pool becomes three steps: maximum at stride 1, blur, stride. The details are in [aliasing, properly](aliasing.ipynb).

# %%
gentle = nn.Sequential(nn.MaxPool2d(2, stride=1), depthwise)
print(f"max, blur, then stride: error {measured(around(gentle))[2]:.3f}")

# %% [markdown]
# That is less than a third of the max pool's own error.
#
# ## Along by the stride
#
# The errors are zero at every second shift. Is that exact, down to the last digit? This time leave out the ring and look at the photo through a fixed frame. Each output of a layer at stride 2 stands for two steps of the input. So move the input by two.
#
# !!! question "Predict"
#     For which shifts is the new output exactly the old one, moved? Try 1 to 4 pixels, for one layer and for two in a row.


# %% tags=["hide-input"]
def frame(image, shift=0):
    """256×256 pixels of an image, looked at from `shift` pixels further right."""
    return image[:, 100:356, 100 + shift : 356 + shift]


def follows(layer, shifts):
    """The shifts after which the output is the old output, at most four cells further left."""
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
# Shifts by the stride are followed exactly, by all five. Shifts by 1 or 3 by none.
#
# Strides multiply. Two layers at stride 2 follow only every fourth shift. Five follow one shift in 32, along each axis, but not if you pad with zeros. Zeros in a border do not move along with the picture:

# %%
for padding in (0, 1):
    five = nn.Sequential(*[nn.AvgPool2d(3, stride=2, padding=padding)] * 5)
    print(f"padding {padding}: follows shifts by", follows(five, range(1, 65)) or "nothing")

# %% [markdown]
# Padding can move along. On a ring, circular padding does, because what it puts beyond one border comes from the other. Copies of the border do not:

# %%
for pad in (nn.ZeroPad2d(1), nn.ReplicationPad2d(1), nn.CircularPad2d(1)):
    five = nn.Sequential(*[pad, nn.AvgPool2d(3, stride=2)] * 5)
    out = five(ring)
    same = [s for s in (32, 64) if torch.equal(five(ring.roll(-s, -1)), out.roll(-s // 32, -1))]
    print(f"{type(pad).__name__}: follows shifts of the ring by", same or "nothing")

# %% [markdown]
# So expect less of a network that pads with zeros than of the rings and frames on this page.
#
# ## A whole network
#
# Now a small network with random weights: convolution, ReLU, halve, and the same again. At the end it takes the mean of each map, and so forgets every place. Its answer is eight numbers.
#
# To have no border in the way, the picture is a ring again. Six networks differ only in how they halve. One of them is new. It takes the stride, but it chooses *which* of the four grids to keep: the one whose numbers are the largest, by their root of the sum of squares. [Chaman and Dokmanić (2021)](https://arxiv.org/abs/2011.14214) call this **adaptive polyphase sampling**.
#
# One set of random weights would be one opinion. So take ten.

# %% tags=["hide-input"]
view = F.avg_pool2d(ring, 4) / 255  # 64×64
closed = {"padding": 1, "padding_mode": "circular", "bias": False}


def network(seed, halving):
    torch.manual_seed(seed)
    first, second = nn.Conv2d(3, 8, 3, **closed), nn.Conv2d(8, 8, 3, **closed)
    layers = [first, nn.ReLU(), *halving, second, nn.ReLU(), *halving]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1)).requires_grad_(False)


class Stride(nn.Module):
    def forward(self, x):
        return x[..., ::2, ::2]


class ChosenGrid(nn.Module):
    def forward(self, x):
        grids = [x[..., row::2, col::2] for row in (0, 1) for col in (0, 1)]
        return max(grids, key=torch.norm)


binomial = torch.tensor([1.0, 2, 1]) / 4
smooth = nn.Conv2d(8, 8, 3, stride=2, groups=8, **closed)
smooth.weight.data[:] = torch.outer(binomial, binomial)
halvings = {
    "no halving": [],
    "stride": [Stride()],
    "max": [nn.MaxPool2d(2)],
    "average": [nn.AvgPool2d(2)],
    "max, blur, stride": [nn.CircularPad2d((0, 1, 0, 1)), nn.MaxPool2d(2, stride=1), smooth],
    "chosen grid": [ChosenGrid()],
}


def drift(network):
    """How far the answer moves with each shift from 0 to 8, as a share of its length."""
    answers = [network(view.roll(shift, 2)) for shift in range(9)]
    return [((a - answers[0]).norm() / answers[0].norm()).item() for a in answers]


drifts = {
    name: torch.tensor([drift(network(seed, halving)) for seed in range(10)])
    for name, halving in halvings.items()
}
for name, lines in drifts.items():
    print(f"{name:<18}", *(f"{d:.2%}" for d in lines.mean(0)))


# %% tags=["hide-input"]
def draw(figure):
    axes = figure.subplots()
    for name, lines in drifts.items():
        axes.plot(range(9), 100 * lines.mean(0), label=name)
    axes.set_xlabel("shift in pixels")
    axes.set_ylabel("change of the answer, %")
    axes.set_xticks(range(9))
    figure.legend(loc="outside right center")


plot(
    draw,
    "invariance-network",
    alt="Mean change of a network's answer against the shift, 0 to 8 pixels, over ten sets of "
    "weights. No halving and the chosen grid: flat lines at zero. Stride and max: they rise and "
    "come back to zero at 4 and at 8, the stride higher. Average, and max, blur, stride: low "
    "zigzags, zero at every second shift.",
    caption="Means over ten sets of weights. A network that halves twice repeats itself every four pixels.",
    height=320,
)

# %% [markdown]
# Without any stride the answer does not move at all. Equivariant layers, then a mean over all places: that is exact invariance.
#
# With two strides of 2 the answer wavers, and is exact again at 4 and at 8. The stride alone lets it waver by up to 4.15%, the max pool by up to 1.85%, the average by 0.67%, and the max with a blur by 0.34%. Those are means: the last two change places with some of the ten sets of weights.
#
# The average and the blur are exact at 2 as well. There the second halving sees its input moved by one, but the mean of all places comes right after it. Under weights of 1, 1 or of 1, 2, 1 at every second place, each number counts the same in a mean, so this last stride does no harm.
#
# The chosen grid is exact at every shift. When the picture moves by one, another of the four grids holds the same numbers, and again it is the one with the largest numbers.
#
# So it is not the pooling that makes these networks invariant. The equivariant convolutions and the final mean do. A stride takes some of it away, unless it chooses its grid by what it sees.
#
# ## In trained networks
#
# Zhang measured how often a network gives the same class for two crops of one image. With a blur before the strides, a ResNet-50 agrees with itself in 91.32% of cases instead of 89.20%, and is right in 77.41% instead of 76.16% ([Zhang's table](https://github.com/adobe/antialiased-cnns), kernel size 4). The networks with the blur started from the weights of those without and were then fine-tuned. So the table does not tell the blur's part of the gain from that of the further training.
#
# A blur is no full cure. [Azulay and Weiss (2019)](https://jmlr.org/papers/v20/19-519.html) find that architectures *as commonly used* are not invariant, because they ignore the sampling theorem, and that such a blur is only a part of what is needed. That is not said of every architecture: you have just seen two exceptions, the network that never halves and the one that chooses its grid.
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
# **2.** Now the windows overlap: `nn.MaxPool2d(3, stride=2)`. What share of a dot's steps to the right is hidden, away from the border of the map?
#
# ??? success "Answer"
#     None. In every second column the dot stands in two windows at once, in between in one. So with each step an output comes or goes. (At the border a window is missing, so a step from the first column to the second is hidden.)
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
# - A strided layer without padding follows shifts by multiples of its stride, and no others. Strides multiply.
# - At the shifts in between, measure the equivariance error, not the change. A blur before the stride makes it smaller.
#
# To hide a shift is to forget a place. What else does a pool forget? [Count what pooling throws away](what-pooling-throws-away.ipynb).
#
# This lesson's path follows Unit 7 of [Deep Learning Fundamentals (Sebastian Raschka, Lightning AI, 2023)](https://lightning.ai/courses/deep-learning-fundamentals/). The words and the measurements are our own.
