# ---
# title: Trained on digits
# description: Six small networks that differ only in how they shrink their maps, trained on the same digits eight times each. What differs, what is noise, and what a shift of one pixel does.
# ---

# %% [markdown]
# # Trained on digits
#
# Max pool, average pool, stride, or blur first? You know what each of them computes. Does the choice matter once a network is *trained*? In this lesson you measure it, and you learn how easily such a measurement fools you.
#
# !!! abstract "What you will be able to do"
#     - Compare layers fairly: with the same parameters, or with the same multiply-accumulates.
#     - Tell a difference from noise by comparing pairs over several seeds, and pay for each look you take.
#     - Measure what a one-pixel shift costs a trained network.
#     - Say what such a small experiment proves, and what it does not.
#
# ## The digits
#
# scikit-learn comes with 1,797 handwritten digits of 8×8 pixels. Each pixel is a whole number from 0 to 16. Put two empty pixels around each image: then you can shift it by one without losing a pixel.
#
# Keep the scale in mind. One pixel is an eighth of such a digit's width. On a photo of 224 pixels, that would be 28.

# %%
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.set_num_threads(1)  # such small networks are no faster with more

digits = load_digits()
pixels = torch.tensor(digits.images / 4).float()[:, None]
images = F.pad(pixels, (2, 2, 2, 2))
labels = torch.tensor(digits.target)
print(tuple(images.shape))
print("numbers from", digits.images.min(), "to", digits.images.max())

# %%
from slidingwindows import slide
from slidingwindows.lesson import plot, show

zero = torch.tensor(digits.images[0]).float()[None]

# %%
show(slide(nn.MaxPool2d(2), zero), "digits-zero", "The first image is a zero. Max pooling keeps its ring of strong pixels.")

# %% [markdown]
# Open [this digit in the explorer](../explorer.md#call=nn.MaxPool2d%282,stride=2%29&input=0,0,5,13,9,1,0,0;0,0,13,15,10,15,5,0;0,3,15,2,0,11,8,0;0,4,12,0,0,8,8,0;0,5,8,0,0,9,8,0;0,4,11,0,1,12,7,0;0,2,14,5,10,12,0,0;0,0,6,13,10,0,0,0) and switch to the average: how much of the ring is left?
#
# ## Six networks
#
# All six have the same plan: convolution, ReLU, shrink; convolution, ReLU, shrink; one linear layer. The linear layer is written as a convolution as large as the 3×3 map that it reads, which is the same. Only *shrink* differs:
#
# | name | how it shrinks |
# |---|---|
# | max pool | `nn.MaxPool2d(2)` |
# | average pool | `nn.AvgPool2d(2)` |
# | stride | the convolution itself takes stride 2 |
# | blur | a fixed blur at stride 2 |
# | max, then blur | the maximum at stride 1, then that blur at stride 2 |
# | wide stride | as *stride*, with more channels, to cost as much as *max pool* |
#
# The two blurs follow [Zhang (2019)](https://proceedings.mlr.press/v97/zhang19a.html): blur before you skip. The last network is there to be fair to the stride, which saves most of the work.
#
# !!! question "Predict"
#     Which of the first five has the most parameters?

# %%
class Blur(nn.Module):
    """Weights 1, 2, 1, divided by 4, down and across, at stride 2, channel by channel."""

    def __init__(self, channels):
        super().__init__()
        line = torch.tensor([1.0, 2, 1]) / 4
        kernel = (line[:, None] * line).expand(channels, 1, 3, 3)
        self.register_buffer("kernel", kernel.clone())  # not learned

    def forward(self, x):
        channels = len(self.kernel)
        return F.conv2d(x, self.kernel, stride=2, padding=1, groups=channels)


SHRINK = {
    "max pool": lambda c: [nn.MaxPool2d(2)],
    "average pool": lambda c: [nn.AvgPool2d(2)],
    "stride": lambda c: [],
    "blur": lambda c: [Blur(c)],
    "max, then blur": lambda c: [nn.MaxPool2d(2, stride=1), Blur(c)],
    "wide stride": lambda c: [],
}


def network(name, runs=1):
    """The network; with more runs, so many of them side by side."""
    a, b = (16, 35) if name == "wide stride" else (8, 16)
    stride = 2 if "stride" in name else 1

    def conv(inside, outside, stride, padding):
        return nn.Conv2d(runs * inside, runs * outside, 3, stride, padding, groups=runs)

    return nn.Sequential(
        conv(1, a, stride, padding=1), nn.ReLU(), *SHRINK[name](runs * a),
        conv(a, b, stride, padding=1), nn.ReLU(), *SHRINK[name](runs * b),
        conv(b, 10, 1, padding=0), nn.Flatten(),
    )


def multiply_accumulates(net):
    """For one image: convolutions, blurs and the linear layer."""
    total, x = 0, images[:1]
    with torch.no_grad():
        for layer in net:
            x = layer(x)
            if isinstance(layer, nn.Conv2d):
                total += x.numel() * layer.weight[0].numel()
            if isinstance(layer, Blur):
                total += x.numel() * layer.kernel[0].numel()
    return total


for name in SHRINK:
    net = network(name)
    parameters = sum(p.numel() for p in net.parameters())
    work = multiply_accumulates(net)
    print(f"{name:<15} {parameters:>6,} parameters {work:>7,} multiply-accumulates")

# %% [markdown]
# The first five have the same 2,698 parameters: nothing that shrinks here learns anything of its own. (The comparisons of a max pool are not counted as multiply-accumulates.)
#
# The strided network does about a quarter of the work. The wide one spends what max pooling spends, to within 1%. It needs about three times the parameters for it.
#
# One thing is not equal. The blurs pad with zeros, as the convolutions do, and the pools do not. You know what that leaves in a mean, from [average pooling](average-pooling.ipynb): a dark rim.

# %%
print(Blur(1)(torch.ones(1, 1, 6, 6))[0, 0])

# %% [markdown]
# Here it is on two sides only, because at stride 2 no window hangs over the other two.
#
# So there are two fair questions. With the same *parameters*, who does best? With the same *work*, does the stride catch up?
#
# ## Train them, eight times each
#
# One run proves nothing: another seed gives another result. So train each network with eight seeds. A seed decides three things: which 1,500 images are for training and which 297 for testing, the first weights, and the order of the images. **For one seed these are the same for all networks** (but for the weights of the wide one, which has more). That makes *pairs*, eight for any two networks.
#
# How long? Until the networks have nothing left to learn from their training images, or else you would compare how fast they learn. 16 rounds will do, as you will see. They suffice because the networks read the pixels divided by 4, as numbers from 0 to 4: from numbers between 0 and 1 they learn more slowly.
#
# The cell takes a while, because it trains 48 networks. One after the other they would need eight times as many steps. But a convolution with `groups` keeps its groups apart, and so do the pools. So put the eight runs of a network side by side, as eight groups: each has its own weights, reads its own images, and knows nothing of the others.

# %%
def shifted(x):
    """The images moved by one pixel: right, left, down, up."""
    return [torch.roll(x, step, axis) for axis in (3, 2) for step in (1, -1)]


def side_by_side(name, seeds):
    """One network of as many groups as there are seeds. Each seed gives its group's weights."""
    alone = []
    for seed in seeds:
        torch.manual_seed(seed)
        alone.append(network(name).parameters())
    net = network(name, len(seeds))
    for weights, *parts in zip(net.parameters(), *alone, strict=True):
        weights.data = torch.cat(parts)
    return net.to(memory_format=torch.channels_last)  # the same numbers, in another order in memory


def train(name, seeds, epochs=16, batch=50):
    """Percent right for each seed: training, test, and shifted test images. And the way there."""
    orders = [torch.Generator().manual_seed(seed) for seed in seeds]
    mixed = torch.stack([torch.randperm(len(images), generator=order) for order in orders], 1)
    training, testing = mixed.split([1500, 297])  # a column of image numbers for each seed
    net = side_by_side(name, seeds)
    optimizer = torch.optim.Adam(net.parameters())
    steps = epochs * (1500 // batch)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.04, steps)

    def answers(pictures, which):
        """Ten numbers for each image of each seed; an image is a channel here."""
        return net(pictures[which, 0]).reshape(-1, len(seeds), 10)

    @torch.no_grad()
    def right(pictures, which):
        return (answers(pictures, which).argmax(2) == labels[which]).float().mean(0) * 100

    way = []
    for _ in range(epochs):
        turns = [torch.randperm(1500, generator=order) for order in orders]
        shuffled, hits = training.gather(0, torch.stack(turns, 1)), 0
        for some in shuffled.split(batch):
            optimizer.zero_grad()
            found, wanted = answers(images, some).flatten(0, 1), labels[some].flatten()
            (F.cross_entropy(found, wanted, reduction="sum") / batch).backward()
            optimizer.step()
            rate.step()
            hits += (found.argmax(1) == wanted).sum()
        way.append(float(hits / shuffled.numel() * 100))

    after = sum(right(moved, testing) for moved in shifted(images)) / 4
    return torch.stack([right(images, training), right(images, testing), after], 1), way


SEEDS = range(8)
results, ways = {}, {}
for name in SHRINK:
    results[name], ways[name] = train(name, SEEDS)

print("percent right: mean ± standard deviation over the seeds")
print(f"{'':<15} {'training':>11} {'test':>11} {'shifted':>11}")
for name, result in results.items():
    columns = zip(result.mean(0), result.std(0), strict=True)
    cells = [f"{mean:>5.1f} ± {spread:.1f}" for mean, spread in columns]
    print(f"{name:<15} {cells[0]:>11} {cells[1]:>11} {cells[2]:>11}")

# %% [markdown]
# First, is the training long enough? Here is how much of the training images each network had right on its way, each image when its turn came in the round:

# %% tags=["hide-input"]
def draw(figure):
    axes = figure.subplots()
    for name, way in ways.items():
        axes.plot(range(1, 17), way, label=name)
    axes.set_xlabel("rounds of training")
    axes.set_ylabel("training images right, %")
    figure.legend(loc="outside right center")


plot(
    draw,
    "digits-ways",
    alt="Percent of the training images that each of six networks has right, against the rounds of "
    "training, 1 to 16. All lines rise to nearly 100 and are flat over the last rounds.",
    caption="Each line is a mean over eight seeds. All end flat, close to 100%.",
    height=320,
)

# %% [markdown]
# It is. In the last four rounds no line moves by a whole point. (The learning rate falls to zero at the end, which helps a line to be flat. But there is not much left to learn either.)
#
# Do not rank them yet. Look at the column of tests and at the spread behind each mean. Which of these differences would survive another eight seeds?
#
# ## Pairs, not means
#
# Some splits of the images are harder than others, for every network. That is part of the spread, and it has nothing to do with pooling. So subtract **within** each seed: network minus max pool. The common part drops out.
#
# Then ask how sure the mean of these eight differences is. The usual interval would take the seeds for independent. They are not: the same 1,797 images come back in every split. [Nadeau and Bengio (2003)](https://doi.org/10.1023/A:1024068626366) give a correction that makes the interval wider: under the root, add the size of the test set divided by that of the training set.
#
# There is a second trap. You will look at ten intervals, five networks on two sets of images. An interval of 95% misses the truth in one case of twenty. With ten of them, at least one miss is likely enough to fool you. The simplest cure is **Bonferroni's**: share the 5% among the ten looks. Each interval then is one of 99.5%, and all ten together hold in at least 95% of cases.

# %%
from scipy import stats


def interval(differences, testing=297, training=1500, looks=10):
    """The mean, and half the width of its interval: 95% for all looks together, corrected."""
    n = len(differences)
    error = differences.std() * (1 / n + testing / training) ** 0.5
    half = error * stats.t.ppf(1 - 0.05 / looks / 2, n - 1)
    return float(differences.mean()), float(half)


def compare(column):
    base = results["max pool"][:, column]
    others = [name for name in results if name != "max pool"]
    return {name: interval(results[name][:, column] - base) for name in others}


for title, column in (("test", 1), ("shifted test", 2)):
    print(f"{title}: points more or less than max pool")
    for name, (middle, half) in compare(column).items():
        verdict = "clear" if abs(middle) > half else "within noise"
        print(f"  {name:<15} {middle:+6.1f} ± {half:4.1f}   {verdict}")


# %% tags=["hide-input"]
def draw(figure):
    titles = ("test images", "shifted by one pixel")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, title, column in zip(panels, titles, (1, 2), strict=True):
        found = compare(column)
        rows = range(len(found), 0, -1)
        middles, halves = zip(*found.values(), strict=True)
        axes.errorbar(middles, rows, xerr=halves, linestyle="none", capsize=5)
        ink = axes.xaxis.label.get_color()
        axes.axvline(0, linestyle="--", marker="", color=ink, linewidth=1.2)
        axes.set_yticks(rows, found)
        axes.set_ylim(0.5, len(found) + 0.5)
        axes.set_title(title, fontsize=13)
        axes.set_xlabel("points against max pool")


plot(
    draw,
    "digits-differences",
    alt="Two panels with one interval for each of five networks, measured against max pooling at "
    "zero. On the test images all lie close to zero. On images shifted by one pixel, max then "
    "blur lies far right of zero, stride and wide stride lie far left, and average pool and blur "
    "lie in between.",
    caption="Differences within each seed, with intervals that hold together in 95% of cases. An interval that touches the dashed line is within noise.",
    height=330,
)

# %% [markdown]
# Read the left panel first, images in their place. All means are within two points of max pooling. If an interval holds zero, these eight seeds cannot tell that network from max pooling. That does not prove it equal.
#
# ## One pixel to the side
#
# !!! question "Predict"
#     Two max pools hide many small shifts, you have heard. Each test image now moves by one pixel, and no network has seen a moved image in training. How many points will max pooling lose?

# %%
print("points lost by a shift of one pixel:")
for name, result in results.items():
    lost = result[:, 1] - result[:, 2]
    print(f"{name:<15} {lost.mean().item():.0f}")

# %% [markdown]
# More than twenty points with max pooling. *Pooling makes a network invariant* is plainly false here. Three differences in the right panel are clear:
#
# - **The stride is behind.** It keeps whatever stands at every second place, and after a shift that is something else.
# - **Width is no cure.** With the same work as max pooling, the wide stride reads unmoved digits about as well. When they move, it is clearly behind.
# - **Max, then blur is ahead.** It loses the fewest points, and is still not invariant.
#
# Of the average pool and of the blur alone this page claims nothing. Their intervals hold zero.
#
# The network ends in a linear layer with a weight for each *place*, so a shift is bound to hurt. A global average at the end would give all places the same weight. Try it, and try moved images in the training, too: change the code and run it.
#
# !!! warning "A common mistake: one seed"
#     How would this lesson look with a single seed? Here is the test column, wide stride minus max pool, seed by seed:

# %%
single = results["wide stride"][:, 1] - results["max pool"][:, 1]
print([f"{value:+.1f}" for value in single.tolist()])
print(f"one seed says anything from {single.min():+.1f} to {single.max():+.1f}")
print(f"the mean of all is {single.mean():+.1f}")

# %% [markdown]
# Had you run one seed, you would have published one of these numbers. A difference of one image out of 297 is already 0.3 points.
#
# ## What this proves, and what not
#
# These are tiny networks on tiny images. What happened here happened *here*: 8×8 digits, where one pixel is a large step, 16 rounds of training, one learning rate for all, zeros around the blurs. A learning rate chosen for each network might change the order. Nothing follows for ImageNet.
#
# Others have measured there. [Springenberg et al. (2015)](https://arxiv.org/abs/1412.6806) replaced max pooling by convolutions with stride "without loss in accuracy on several image recognition benchmarks"; such a convolution in the pool's place also adds parameters, for which the paper has a control. [Zhang (2019)](https://proceedings.mlr.press/v97/zhang19a.html) put the blur behind the maximum; for a ResNet-50 that started from the weights of the one without a blur and was fine-tuned, the paper's [repository](https://github.com/adobe/antialiased-cnns) reports more consistent answers under shifts, 91.32% where it was 89.20%. And [Azulay and Weiss (2019)](https://jmlr.org/papers/v20/19-519.html) show that such a blur is only a part of the cure.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** The strided network has as many parameters as the one with max pools. How many times less work does it do, and why?
#
# ??? success "Answer"
#     3.7 times: 14,400 multiply-accumulates against 53,280. Both convolutions make a quarter of the stops. The linear layer is the same in both, so it is not the full 4.
#
# **2.** How many learnable parameters does `Blur(16)` have?
#
# ??? success "Answer"
#     0. Its weights are a *buffer*: they move with the network to another device, but no optimizer changes them.
#
# **3.** A bright image passes through two `nn.MaxPool2d(2)`, one after the other. What is the smallest shift of the image after which the output has moved along exactly?
#
# ??? success "Answer"
#     4 pixels. Each pool has stride 2, and 2 × 2 is 4. Then the output moves by one.
#
# **4.** Two intervals for a difference: −0.9 ± 1.1 and −0.9 ± 0.5. Which of the two is clear?
#
# ??? success "Answer"
#     The second. It reaches from −1.4 to −0.4. The first reaches from −2.0 to 0.2, so it holds zero.
#
# Check all four:

# %% tags=["collapse"]
work = {name: multiply_accumulates(network(name)) for name in SHRINK}
print(round(work["max pool"] / work["stride"], 1))
print(sum(p.numel() for p in Blur(16).parameters()))
twice = nn.Sequential(nn.MaxPool2d(2), nn.MaxPool2d(2))
noise = torch.rand(1, 64, 64, generator=torch.Generator().manual_seed(0))


def moves_along(step):
    before, after = twice(noise), twice(torch.roll(noise, step, -1))
    moved = [torch.roll(before, by, -1) for by in range(16)]
    return any(torch.equal(one, after) for one in moved)


print([step for step in range(1, 9) if moves_along(step)])
clear = [abs(middle) > half for middle, half in ((-0.9, 1.1), (-0.9, 0.5))]
print(clear)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. How many times less work, to one digit after the point.
check(..., lambda: round(work["max pool"] / work["stride"], 1))
# 2. The learnable parameters of Blur(16).
check(..., lambda: sum(p.numel() for p in Blur(16).parameters()))
# 3. The smallest shift that the output follows exactly.
check(..., lambda: next(step for step in range(1, 9) if moves_along(step)))
# 4. The number of the clear interval, 1 or 2.
check(..., lambda: clear.index(True) + 1)

# %% [markdown]
# ## What you know now
#
# You can compare two layers: equal parameters or equal work, several seeds, pairs, an interval that pays for every look, and a sentence about the scale. And you have seen a trained network stumble over one pixel.
#
# Next, windows slide along a sound and through a film: [signals and volumes](signals-and-volumes.ipynb).
#
# The digits come from [scikit-learn](https://scikit-learn.org/stable/modules/generated/sklearn.datasets.load_digits.html).
