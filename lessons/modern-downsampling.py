# ---
# title: Modern downsampling
# description: Shortcuts that read a quarter of the map, patches, a mean with a learned power and a class token. What each of them computes, and what is left of the differences after fair training.
# ---

# %% [markdown]
# # Modern downsampling
#
# Newer networks shrink their maps in other ways than by a max pool in the middle. Each looks like a detail, but some throw away most of what the network has worked out. Which pixels can three of them read?

# %% tags=["hide-input"]
import torch
import torch.nn.functional as F
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import plot, show


def read_by(layer, side=16):
    """The places of the input that reach the output, as a map of ones and zeros."""
    x = torch.rand(1, 1, side, side, requires_grad=True)
    layer(x).sum().backward()
    return x.grad[0, 0].ne(0).int()


def shortcut(average, count=1):
    """Some shortcuts in a row: each halves the map, by stride or by an average."""
    layers = []
    for _ in range(count):
        if average:
            layers += [nn.AvgPool2d(2), nn.Conv2d(1, 1, 1)]
        else:
            layers += [nn.Conv2d(1, 1, 1, stride=2)]
    return nn.Sequential(*layers)


WAYS = {
    "stride": shortcut(average=False),
    "stride, three times": shortcut(average=False, count=3),
    "average, three times": shortcut(average=True, count=3),
}


def draw(figure):
    panels = figure.subplots(1, 3)
    for axes, (name, layer) in zip(panels, WAYS.items(), strict=True):
        axes.imshow(read_by(layer).numpy(), cmap="gray", vmin=0, vmax=1.2, interpolation="nearest")
        axes.set_title(name, fontsize=12)
        axes.set_xticks([])
        axes.set_yticks([])


plot(
    draw,
    "modern-read",
    alt="Three squares of 16 by 16 places, light where a place is read. Left: every second place of "
    "every second row. Middle: four light places in all. Right: all light.",
    caption="What a 1×1 shortcut reads that strides or averages, asked of the gradient. Light places count, dark ones could hold anything.",
    height=250,
)

# %% [markdown]
# !!! abstract "What you will be able to do"
#     - Find out by the gradient how much of a map a way down reads.
#     - Say what a patch stem is in the words that you know: kernel and stride.
#     - Build the mean that lies between average and maximum, and avoid its three traps.
#     - Say what a class token does that a global average does not.
#     - Compare such ways fairly, and claim only what is left.
#
# ## Shortcuts that read a quarter
#
# You met the 1×1 shortcut of a residual block in [skips and shapes](skips-and-shapes.ipynb): with a stride of 2 it reads a quarter of its input, if the sides are even. A network halves its maps more than once.
#
# !!! question "Predict"
#     Three such shortcuts follow each other. Which part of the first map gets through?

# %%
for count in (1, 2, 3):
    strided, averaged = (read_by(shortcut(average, count)).sum() for average in (False, True))
    print(f"{count} in a row: {strided} of 256 by stride, {averaged} of 256 by average")

# %% [markdown]
# A quarter of a quarter of a quarter: one of 64. The main path of the block reads the rest, so nothing is lost for the network as a whole. But the shortcut is there to hand the map on as it is, and it hands on one pixel of 64.
#
# ResNet-D puts an average pool of 2×2 with stride 2 before the 1×1, which then needs no stride ([He and others 2019](https://arxiv.org/abs/1812.01187)). It costs no weight. In fact both together are one convolution that you know, of 2×2 with stride 2, whose four taps are equal:

# %%
torch.manual_seed(0)
maps = torch.rand(1, 8, 6, 6)
one = nn.Conv2d(8, 16, 1)
whole = nn.Conv2d(8, 16, 2, stride=2)
whole.weight.data = one.weight.data.expand(16, 8, 2, 2) / 4
whole.bias.data = one.bias.data
print(torch.allclose(one(nn.AvgPool2d(2)(maps)), whole(maps), atol=1e-6))
print(one.weight.numel(), "weights in place of", whole.weight.numel())

# %% [markdown]
# On an odd side there is a trap. The plain pool leaves the last row and column out, so its map is one smaller than that of the path, and the two cannot be added. Let the pool round up, as in [rounding up, and going back up](rounding-up-and-going-back-up.ipynb):

# %%
path = nn.Conv2d(1, 1, 3, stride=2, padding=1)
print("the path makes", path(torch.rand(1, 1, 15, 15)).shape[-1], "of 15")
for up in (False, True):
    pool = nn.AvgPool2d(2, ceil_mode=up)
    size = pool(torch.rand(1, 1, 15, 15)).shape[-1]
    print(f"ceil_mode={up!s:<5} makes {size}, reads {read_by(pool, 15).sum()} of {15 * 15}")

# %% [markdown]
# ## Patches
#
# It is often said that a vision transformer does not slide at all: it cuts the image into patches of 16×16 and makes a vector of each ([Dosovitskiy and others 2021](https://arxiv.org/abs/2010.11929)). In our words that is a convolution whose stride is its kernel size. Windows touch, and none overlaps another:

# %%
patches = nn.Conv2d(1, 1, 3, stride=3, bias=False).requires_grad_(False)
patches.weight.data = torch.tensor([[[[0.0, 1, 0], [1, 2, 1], [0, 1, 0]]]])
small = torch.randint(0, 10, (1, 6, 6), generator=torch.Generator().manual_seed(5)).float()
show(
    slide(patches, small),
    "modern-patches",
    "Patches of 3×3: kernel size 3, stride 3. Four windows read every number once.",
)

# %% [markdown]
# Open [these patches in the explorer](../explorer.md#call=nn.Conv2d%281,1,3,stride=3,bias=False%29&input=1,4,7,5,6,0;2,3,8,4,9,0;1,2,8,8,3,0;7,9,9,7,2,9;4,7,1,9,3,6;4,4,5,4,0,5&weights=0,1,0;1,2,1;0,1,0), set the stride below the kernel size, and watch the windows overlap.
#
# !!! question "Predict"
#     The image has 224×224 pixels and three channels, a patch 16×16, and its vector 768 numbers. How many vectors come out? How many weights does it take?

# %%
stem = nn.Conv2d(3, 768, 16, stride=16)
photo = torch.rand(1, 3, 224, 224)
with torch.no_grad():
    vectors = stem(photo)
print(tuple(vectors.shape), vectors.shape[2] * vectors.shape[3], "vectors")
print(f"{stem.weight.numel():,} weights, {16 * 16 * 3} numbers go into each vector")

cut = F.unfold(photo, 16, stride=16)  # each patch as a column
with torch.no_grad():
    same = stem.weight.flatten(1) @ cut + stem.bias[:, None]
print(torch.allclose(same, vectors.flatten(2), atol=1e-4))

# %% [markdown]
# 14 × 14 makes 196 vectors, and cutting patches first gives the same numbers. ConvNeXt begins in the same way, with a kernel of 4 and a stride of 4 ([Liu and others 2022](https://arxiv.org/abs/2201.03545)). A ResNet's stem comes to the same size by windows that overlap:

# %%
convnext = nn.Conv2d(3, 8, 4, stride=4)
resnet = nn.Sequential(
    nn.Conv2d(3, 8, 7, stride=2, padding=3), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)
)
for name, layers in (("ConvNeXt", convnext), ("ResNet", resnet)):
    with torch.no_grad():
        print(f"{name:<8} {tuple(layers(photo).shape)}")

# %% [markdown]
# The price of patches is their grid. If the image moves by a whole patch, the vectors move along. If it moves by anything less, each patch is cut from other pixels:

# %%
with torch.no_grad():
    for step in (16, 8, 1):
        moved = stem(photo.roll(step, 3))
        along = [moved.roll(-back, 3) for back in range(14)]
        follow = any(torch.allclose(one, vectors, atol=1e-4) for one in along)
        print(f"moved by {step:>2}: the vectors follow: {follow}")

# %% [markdown]
# ## Patches again, between the stages
#
# ConvNeXt cuts patches later on as well. Its blocks keep the size of a map, and between two stages of blocks a layer of its own halves it: a layer norm, then a convolution of 2×2 with stride 2 ([the authors' code](https://github.com/facebookresearch/ConvNeXt/blob/main/models/convnext.py)). The stride is the kernel size again, so these are patches of 2×2.
#
# A **layer norm** takes one place at a time. From the numbers that its channels hold there, it subtracts their mean and divides by their standard deviation. Then it gives each channel a factor and an addend of its own, and these are learned.


# %%
class ChannelNorm(nn.LayerNorm):
    """A layer norm over the channels of each place; nn.LayerNorm wants them last."""

    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


between = nn.Sequential(ChannelNorm(96, eps=1e-6), nn.Conv2d(96, 192, 2, stride=2))
stage = torch.rand(1, 96, 56, 56)
with torch.no_grad():
    print(tuple(between(stage).shape))
    same = torch.allclose(between(10 * stage), between(stage), atol=1e-4)
    print("ten times as bright, the same:", same)

# %% [markdown]
# How strong a place is as a whole does not get through the norm, only how its channels compare (unless it is so weak that `eps` counts).
#
# !!! question "Predict"
#     Two other ways go from 96 channels on 56×56 places to 192 channels on 28×28: a 2×2 max pool with a 1×1 convolution behind it, and one 3×3 convolution with stride 2. Which of the three has the most weights?

# %%
from torch.utils.flop_counter import FlopCounterMode

DOWN = {
    "max pool, 1×1": nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(96, 192, 1)),
    "norm, 2×2": between,
    "3×3, stride 2": nn.Conv2d(96, 192, 3, stride=2, padding=1),
}
print(f"{'':<14} {'parameters':>10} {'work':>14}")
for name, layer in DOWN.items():
    parameters = sum(p.numel() for p in layer.parameters())
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        layer(stage)
    work = counter.get_total_flops() // 2  # torch counts two for each
    print(f"{name:<14} {parameters:>10,} {work:>14,}")

# %% [markdown]
# A window has 1, 4 or 9 weights for each pair of channels. The work, in multiply-accumulates, grows just as much, because all three stop equally often. The norm adds only two numbers for each channel; torch does not count its own work.
#
# Ask the gradient in how many outputs each place has a share, on a map of 8×8:


# %% tags=["hide-input"]
def shares(layer):
    """In how many outputs each place of the input has a share, with weights of 1."""
    torch.manual_seed(0)
    x = torch.rand(1, 1, 8, 8, requires_grad=True)
    for weight in layer.parameters():
        nn.init.ones_(weight)
    layer(x).sum().backward()
    return x.grad[0, 0].int()


HALVES = {
    "max pool 2×2": nn.MaxPool2d(2),
    "2×2, stride 2": nn.Conv2d(1, 1, 2, stride=2),
    "3×3, stride 2": nn.Conv2d(1, 1, 3, stride=2, padding=1),
}


def draw(figure):
    panels = figure.subplots(1, 3)
    for axes, (name, layer) in zip(panels, HALVES.items(), strict=True):
        counts = shares(layer).numpy()
        axes.imshow(counts, cmap="Blues", vmin=0, vmax=8, interpolation="nearest")
        for place, count in enumerate(counts.flat):
            axes.text(place % 8, place // 8, count, ha="center", va="center", color="black", size=10)
        axes.set_title(name)
        axes.set_axis_off()


plot(
    draw,
    "modern-between",
    alt="Three squares of 8 by 8 counts. Max pool: a single 1 in each block of 2 by 2, zeros "
    "elsewhere. 2×2 with stride 2: every count is 1. 3×3 with stride 2: a lattice of 1, 2 and 4.",
    caption="In how many outputs each place has a share. A max pool compares all places, but passes on only one of four.",
    height=250,
)

# %% [markdown]
# On an even side the 2×2 layer takes every place once and treats all of them alike. The 3×3 takes some of them four times, in the lattice of [going up without checkerboards](going-up-without-checkerboards.ipynb). On an odd side the 2×2 misses the last row and column, as the plain pool above does, and the 3×3 with its padding does not. Which of them is better, this page does not measure.

# %% [markdown]
# ## Between mean and maximum
#
# At the end of a network stands a global pool. Average or maximum? You can have anything between. Raise each number to a power $p$, take the mean, and take the root:
#
# $$\left(\frac{1}{n}\sum_i x_i^{\,p}\right)^{1/p}$$
#
# This is the **generalised mean**, or GeM. [Radenović, Tolias and Chum (2019)](https://arxiv.org/abs/1711.02512) let the network learn $p$.
#
# !!! question "Predict"
#     The numbers are 1, 2, 3 and 10. What does it give for $p = 1$, and where does it go as $p$ grows?


# %%
def gem(x, p):
    return x.pow(p).mean().pow(1 / p)


four = torch.tensor([1.0, 2, 3, 10])
POWERS = (1, 2, 3, 5, 10, 30)
for p in POWERS:
    print(f"p = {p:<3} {gem(four, p):.2f}")


# %% tags=["hide-input"]
def draw(figure):
    axes = figure.subplots()
    powers = torch.linspace(1, 30, 59)
    axes.plot(powers, [gem(four, float(p)) for p in powers], label="generalised mean", marker="")
    axes.axhline(10, linestyle="--", marker="", color="gray")
    axes.axhline(4, linestyle=":", marker="", color="gray")
    axes.set_xlabel("power p")
    axes.set_ylabel("generalised mean")
    axes.set_ylim(3, 11)
    axes.text(30, 10.2, "maximum", ha="right")
    axes.text(30, 4.2, "mean", ha="right")


plot(
    draw,
    "modern-gem",
    alt="A line over the power, from 1 to 30. It begins at the mean, 4, and rises towards the maximum, 10, which it never reaches.",
    caption="The generalised mean of 1, 2, 3 and 10.",
    height=300,
)

# %% [markdown]
# It begins at the mean, 4, and comes close to the maximum. So a learned $p$ lets the network choose how much of a maximum it wants.
#
# !!! warning "A common mistake: three traps"
#     - `nn.LPPool2d` is not this mean. It takes the root of the *sum*, so a plain map of ones does not stay at 1.
#     - A learned power is hardly ever whole, and torch gives `nan` for a negative number to such a power. An odd power is no way out: the sum can be negative, and then the root is `nan`. So clamp before the power, to a small positive number.
#     - Powers overflow and underflow. Divide by the maximum first, and multiply by it at the end. The clamp comes before that, because a window of zeros has the maximum 0, and 0 divided by 0 is `nan`.

# %%
ones, minus = torch.ones(1, 2, 2), -torch.ones(1, 2, 2)
print("LPPool2d of ones:     ", nn.LPPool2d(2, 2)(ones).item(), "and not", gem(ones, 2).item())
print("LPPool2d of negatives:", nn.LPPool2d(3, 2)(minus).item())
tiny = four / 100
print("power 64, as it is:   ", gem(tiny, 64.0).item())
print("divided by the maximum:", round((tiny.max() * gem(tiny / tiny.max(), 64.0)).item(), 3))

# %% [markdown]
# ## A class token
#
# A vision transformer ends in another way ([Dosovitskiy and others 2021](https://arxiv.org/abs/2010.11929)). It carries an extra vector along, the **class token**, which belongs to no patch. The token asks every place a question, and takes a weighted mean of the answers. Which weights? A softmax of how well each place fits the question. The question is learned, so the network decides where to look.
#
# Here it is, cut down to one step with one head. In a transformer the token asks again in each layer, and it also looks at itself.


# %%
class Token(nn.Module):
    """One question to every place: softmax weights, and a mean of the values with them."""

    def __init__(self, channels, runs=1):
        super().__init__()
        self.runs = runs
        self.question = nn.Conv2d(runs * channels, runs, 1, groups=runs)
        self.value = nn.Conv2d(runs * channels, runs * channels, 1, groups=runs)

    def forward(self, x):
        weights = self.question(x).flatten(2).softmax(2)  # they sum to 1
        values = self.value(x).flatten(2).unflatten(1, (self.runs, -1))
        return (values * weights[:, :, None]).sum(3).flatten(1)[..., None, None]


token, map_of = Token(8), torch.rand(1, 8, 4, 4)
with torch.no_grad():
    token.question.weight.zero_()  # a question that every place fits equally
    print(torch.allclose(token(map_of), token.value(map_of).mean((2, 3), keepdim=True), atol=1e-6))

# %% [markdown]
# With a question that tells no place from another, all weights are equal, and what comes out is the global average. So the average is a class token that does not look. The token can do more, and it needs weights for it.
#
# ## Which of them is better?
#
# Now train them, with the rules of [trained on digits](trained-on-digits.ipynb): the same splits, first weights and order for all, eight seeds, differences within each seed, and an interval that pays for every look.
#
# All five have a 3×3 convolution, then one residual block that halves the map, then one number for each channel, then a linear layer. Only two things differ: the shortcut of the block, and what makes the one number.

# %%
from sklearn.datasets import load_digits

torch.set_num_threads(1)
digits = load_digits()
images, labels = torch.tensor(digits.images / 4).float()[:, None], torch.tensor(digits.target)
FIRST, LAST = 8, 24  # channels before and behind the block


class Block(nn.Module):
    def __init__(self, average, runs):
        super().__init__()
        a, b, stride = runs * FIRST, runs * LAST, 1 if average else 2
        self.path = nn.Conv2d(a, b, 3, stride=2, padding=1, groups=runs)
        self.pool = nn.AvgPool2d(2) if average else nn.Identity()
        self.shortcut = nn.Conv2d(a, b, 1, stride=stride, groups=runs)

    def forward(self, x):
        return F.relu(self.path(x) + self.shortcut(self.pool(x)))


class GeM(nn.Module):
    """The generalised mean over the map, with one learned power for each run."""

    def __init__(self, runs):
        super().__init__()
        self.p = nn.Parameter(torch.full((runs,), 3.0))

    def forward(self, x):
        p = self.p.repeat_interleave(x.shape[1] // len(self.p))[:, None, None]
        return x.clamp(min=1e-6).pow(p).mean((2, 3), keepdim=True).pow(1 / p)


ENDS = {
    "mean": lambda runs: nn.AdaptiveAvgPool2d(1),
    "maximum": lambda runs: nn.AdaptiveMaxPool2d(1),
    "GeM": GeM,
    "class token": lambda runs: Token(LAST, runs),
}
NETWORKS = {  # whether the shortcut averages, and the end
    "plain": (False, "mean"),
    "average shortcut": (True, "mean"),
    "maximum": (False, "maximum"),
    "GeM": (False, "GeM"),
    "class token": (False, "class token"),
}


def network(name, runs=1):
    """The network; with more runs, so many of them side by side."""
    average, end = NETWORKS[name]
    return nn.Sequential(
        nn.Conv2d(runs, runs * FIRST, 3, padding=1, groups=runs), nn.ReLU(),
        Block(average, runs), ENDS[end](runs),
        nn.Conv2d(runs * LAST, runs * 10, 1, groups=runs), nn.Flatten(),
    )


for name in NETWORKS:
    print(f"{name:<17} {sum(p.numel() for p in network(name).parameters()):>5,} parameters")

# %% [markdown]
# As in that lesson, the eight runs of a network are trained side by side, as eight groups of one network:


# %%
def side_by_side(name, seeds):
    """One network of as many groups as there are seeds. Each seed gives its group's weights."""
    alone = []
    for seed in seeds:
        torch.manual_seed(seed)
        alone.append(network(name).parameters())
    net = network(name, len(seeds))
    for weights, *parts in zip(net.parameters(), *alone, strict=True):
        weights.data = torch.cat(parts)
    return net.to(memory_format=torch.channels_last)


def train(name, seeds, epochs=12, batch=50):
    """The network, and percent right by seed: two rounds before the end, at the end, and in the test."""
    orders = [torch.Generator().manual_seed(seed) for seed in seeds]
    mixed = torch.stack([torch.randperm(len(images), generator=order) for order in orders], 1)
    training, testing = mixed.split([1500, 297])
    net = side_by_side(name, seeds)
    optimizer = torch.optim.Adam(net.parameters())
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, epochs * (1500 // batch))

    def answers(which):
        return net(images[which, 0]).reshape(-1, len(seeds), 10)

    @torch.no_grad()
    def right(which):
        return (answers(which).argmax(2) == labels[which]).float().mean(0) * 100

    before = torch.zeros(len(seeds))
    for epoch in range(epochs):
        turns = [torch.randperm(1500, generator=order) for order in orders]
        for some in training.gather(0, torch.stack(turns, 1)).split(batch):
            optimizer.zero_grad()
            found, wanted = answers(some).flatten(0, 1), labels[some].flatten()
            (F.cross_entropy(found, wanted, reduction="sum") / batch).backward()
            optimizer.step()
            rate.step()
        if epoch == epochs - 3:
            before = right(training)
    return net, torch.stack([before, right(training), right(testing)], 1)


SEEDS = range(8)
trained = {name: train(name, SEEDS) for name in NETWORKS}
results = {name: result for name, (_, result) in trained.items()}
print("percent right, means over the seeds")
print(f"{'':<17} {'2 rounds before':>16} {'training':>9} {'test':>6}")
for name, result in results.items():
    before, training, test = result.mean(0)
    print(f"{name:<17} {before:>16.1f} {training:>9.1f} {test:>6.1f}")
powers = trained["GeM"][0][3].p.tolist()
print("learned powers:", [round(p, 1) for p in powers])

# %% [markdown]
# Over the last two rounds no mean moves by a whole point on the training images. So the training is long enough to compare.
#
# Do not rank the last column yet. Subtract within each seed, and draw the interval of each difference. [Nadeau and Bengio (2003)](https://doi.org/10.1023/A:1024068626366) widen it, because the splits share their images, and Bonferroni's share of 5% for each of four looks widens it once more.

# %%
from scipy import stats


def interval(differences, testing=297, training=1500, looks=4):
    """The mean, and half the width of its interval: 95% for all looks together, corrected."""
    n = len(differences)
    error = differences.std() * (1 / n + testing / training) ** 0.5
    half = error * stats.t.ppf(1 - 0.05 / looks / 2, n - 1)
    return float(differences.mean()), float(half)


base = results["plain"][:, 2]
found = {name: interval(results[name][:, 2] - base) for name in NETWORKS if name != "plain"}
print("test: points more or less than the plain network")
for name, (middle, half) in found.items():
    verdict = "clear" if abs(middle) > half else "within noise"
    print(f"{name:<17} {middle:+5.1f} ± {half:3.1f}   {verdict}")


# %% tags=["hide-input"]
def draw(figure):
    axes = figure.subplots()
    rows = range(len(found), 0, -1)
    middles, halves = zip(*found.values(), strict=True)
    axes.errorbar(middles, rows, xerr=halves, linestyle="none", capsize=5)
    axes.axvline(0, linestyle="--", marker="", color=axes.xaxis.label.get_color(), linewidth=1.2)
    axes.set_yticks(rows, found)
    axes.set_ylim(0.5, len(found) + 0.5)
    axes.set_xlabel("points against the plain network, test images")


plot(
    draw,
    "modern-differences",
    alt="One interval for each of four networks, against the plain network at zero. None of the four lies wholly above zero.",
    caption="Differences within each seed, with intervals that hold together in 95% of cases. An interval that touches the dashed line is within noise.",
    height=300,
)

# %% [markdown]
# **Nothing is gained.** No interval lies wholly above zero. The shortcut that reads a quarter did not cost anything that eight seeds could show, and no end is clearly better than the mean. That does not prove them equal: an interval reaches one to three points to each side. The class token has the lowest mean, although it has the most parameters.
#
# One thing happened: the mean of the learned powers rose above the 3 that each began with. So the network moved towards the maximum.
#
# And these are digits of 8×8 pixels in networks with one block. The shortcut can only matter where much depends on it, in a deep network. What large images tell is in the authors' papers.
#
# Opinion: average before the shortcut anyway, with `ceil_mode=True`, for it costs no weight and reads everything. At the end take the mean, and try GeM where you look for one small thing in a large image.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** Five strided 1×1 shortcuts follow each other. One of how many pixels gets through?
#
# ??? success "Answer"
#     1,024: five times a quarter.
#
# **2.** An image of 384×384 is cut into patches of 16×16. How many vectors come out?
#
# ??? success "Answer"
#     576: 24 × 24.
#
# **3.** A window holds four ones. What do `nn.LPPool2d(1, 2)` and the generalised mean with $p = 1$ give?
#
# ??? success "Answer"
#     4 and 1. With a power of 1, the one is the sum, the other the mean.
#
# **4.** A class token looks at four places, and all four fit its question equally well. What is the weight of each place?
#
# ??? success "Answer"
#     0.25: a softmax of equal numbers shares 1 equally.
#
# Check your answers:

# %% tags=["collapse"]
many = read_by(shortcut(average=False, count=5), side=64)
through = many.numel() // int(many.sum())
print(through)
columns = F.unfold(torch.zeros(1, 1, 384, 384), 16, stride=16).shape[-1]
print(columns)
both = nn.LPPool2d(1, 2)(ones).item(), gem(ones, 1).item()
print(both)
share = torch.zeros(4).softmax(0)[0].item()
print(share)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. One of how many.
check(..., lambda: through)
# 2. How many vectors.
check(..., lambda: columns)
# 3. Both numbers, such as (2, 3).
check(..., lambda: both)
# 4. The weight.
check(..., lambda: share)

# %% [markdown]
# ## What you know now
#
# - A strided 1×1 hands on a quarter of its pixels, and a row of them next to nothing. An average before it reads all of an even side, for no weight, and with `ceil_mode=True` all of an odd one.
# - A patch stem is a convolution whose stride is its kernel size.
# - The generalised mean goes from the mean to the maximum as its power grows. Clamp, and mind that `nn.LPPool2d` is a sum.
# - A global average is a class token that does not look.
# - On small digits none of these choices is clearly better than the plain network.
#
# ResNet-D is by [He and others (2019)](https://arxiv.org/abs/1812.01187), the vision transformer by [Dosovitskiy and others (2021)](https://arxiv.org/abs/2010.11929), ConvNeXt by [Liu and others (2022)](https://arxiv.org/abs/2201.03545). The words and the measurements are our own.
