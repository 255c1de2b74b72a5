# ---
# title: "Signals and volumes: 1-D and 3-D"
# description: The same window in 1-D and 3-D. Moving averages, false waves, windows that only see the past, text, video, and pools taken apart axis by axis.
# ---

# %% [markdown]
# # Signals and volumes: 1-D and 3-D
#
# A sound has one axis. A film has three. What changes when the window slides along one axis, or through a box?
#
# !!! abstract "What you will be able to do"
#     - Pool and convolve signals, and know which axis is which.
#     - Smooth a signal, and say why skipping numbers can invent a wave.
#     - Build a convolution that never sees the future.
#     - Pool a text of any length to one vector.
#     - Pool volumes and video, and count what 3-D costs.
#     - Take a pool apart, axis by axis, and say when that saves work.
#
# ## One axis less
#
# A signal has the shape `(channels, length)`, a batch of signals `(batch, channels, length)`. The layers end in `1d`. All you know of kernel size, stride, padding and dilation still holds.
#
# !!! question "Predict"
#     A signal of 8 numbers passes `nn.MaxPool1d(2)`. How many numbers come out? And from `nn.AvgPool1d(3, stride=1)`?

# %%
import torch
from torch import nn
from torch.nn import functional as F

from slidingwindows import receptive_field, slide
from slidingwindows.lesson import plot, show

x = torch.tensor([[2.0, 4, 3, 8, 7, 9, 2, 1]])  # one channel, length 8
print(nn.MaxPool1d(2)(x))
print(nn.AvgPool1d(3, stride=1)(x))

# %%
show(
    slide(nn.MaxPool1d(2), x),
    "signals-max",
    "A max pool along one axis: the stride is 2, the kernel size.",
)

# %% [markdown]
# Four and six. A convolution works in the same way. With the weights −1 and 1 it says how much the signal rises from each number to the next:

# %%
rise = nn.Conv1d(1, 1, 2, bias=False)
rise.weight.data[:] = torch.tensor([-1.0, 1])
rise.requires_grad_(False)
rise(x)

# %%
show(
    slide(rise, x),
    "signals-rise",
    "Weights −1 and 1: each step up or down. The largest step up is 5.",
)

# %% [markdown]
# With more channels, pools and convolutions differ as they do in images. A pool treats each channel alone. A convolution sums over all of them.
#
# ## The moving average
#
# An average pool with stride 1 has an old name: the **moving average**. It is also a convolution whose weights are all $1/k$.

# %%
moving = nn.AvgPool1d(3, stride=1)
same = nn.Conv1d(1, 1, 3, bias=False)
same.weight.data.fill_(1 / 3)
print(torch.allclose(moving(x), same(x)))

# %%
show(slide(moving, x), "signals-moving-average", "A moving average: `nn.AvgPool1d(3, stride=1)`.")

# %% [markdown]
# What is it good for? Noise goes up and down at random, so in a mean much of it cancels.
#
# !!! question "Predict"
#     A sine wave is buried in noise. Two pools slide over it at stride 1, with a kernel of 9: an average and a maximum. What will each of them draw?

# %%
torch.manual_seed(0)
time = torch.arange(160)
wave = torch.sin(2 * torch.pi * time / 40)  # one wave in 40 steps
noisy = wave + 0.5 * torch.randn(160)
average = nn.AvgPool1d(9, stride=1, padding=4, count_include_pad=False)
largest = nn.MaxPool1d(9, stride=1, padding=4)
smooth, top = average(noisy[None])[0], largest(noisy[None])[0]

print(f"the average is off by {(smooth - wave).mean():+.2f} in the mean")
print(f"the maximum is off by {(top - wave).mean():+.2f} in the mean")


# %%
def draw(figure):
    axes = figure.subplots()
    grey = {"color": "grey", "alpha": 0.55, "linewidth": 1, "marker": ""}
    axes.plot(time, noisy, label="noisy", **grey)
    axes.plot(time, top, marker="", label="maximum of 9")
    axes.plot(time, smooth, marker="", linewidth=2.5, label="average of 9")
    axes.set_xlabel("time")
    axes.set_xlim(0, 159)
    figure.legend(loc="outside lower center", ncols=3)


plot(
    draw,
    "signals-smoothing",
    alt="A noisy sine wave in grey. The moving average follows the wave closely. The moving maximum "
    "rides along the top of the noise, in flat steps.",
    caption="The average finds the wave. The maximum rides on top of the noise.",
)

# %% [markdown]
# The average follows the wave. The maximum is far too high: it keeps the *largest* noise. Pick it when you want peaks, not when you want a level.
#
# How much noise is left? Measure on noise alone, for several kernels:

# %%
noise = torch.randn(1, 100_000)
for k in (1, 4, 9, 25):
    left = nn.AvgPool1d(k, stride=1)(noise).std() / noise.std()
    print(f"kernel {k:>2}: {left:.2f} of the noise is left")

# %% [markdown]
# The mean of $k$ independent numbers spreads less by $\sqrt{k}$: a half for 4, a third for 9, a fifth for 25. The wave pays too, for a wide window flattens its peaks.
#
# ## A wave that is not there
#
# You have 20 numbers a second and want 10. May you just take every second one?
#
# !!! question "Predict"
#     The signal alternates: 0, 6, 0, 6. You keep every second number. What is left? And what does `nn.AvgPool1d(2)` leave?

# %%
flips = torch.tensor([[0.0, 6] * 5])
print("stride:        ", *flips[0, ::2].int().tolist())
print("stride, later: ", *flips[0, 1::2].int().tolist())
print("average pool:  ", *nn.AvgPool1d(2)(flips)[0].int().tolist())

# %% [markdown]
# The stride alone turns it into a constant, and *which* constant depends on where you begin. This is **aliasing**, as in [invariance](local-invariance.ipynb). The average leaves a constant too, but the right one: the mean.
#
# Slightly slower waves do worse things. Here are nine waves in 20 numbers:

# %%
n = torch.arange(60)
fast = torch.cos(2 * torch.pi * 9 * n / 20)[None]
kept = fast[:, ::2]
slow = torch.cos(2 * torch.pi * n / 20)[None, ::2]  # one wave in 20 numbers
pooled = nn.AvgPool1d(2)(fast)

print("the same numbers as a slow wave:", torch.allclose(kept, slow, atol=1e-4))
print(f"the average leaves {pooled.std() / kept.std():.2f} of its height")


# %%
def draw(figure):
    above, below = figure.subplots(2, 1, sharex=True, sharey=True)
    fine = torch.arange(0, 59, 0.02)
    curve = torch.cos(2 * torch.pi * 9 * fine / 20)
    grey = {"color": "grey", "alpha": 0.5, "linewidth": 1, "marker": ""}
    above.set_title("every second number", fontsize=13)
    below.set_title("average of two, then stride 2", fontsize=13)
    for axes, middle, line in ((above, 0, kept), (below, 0.5, pooled)):
        axes.plot(fine, curve, **grey)
        axes.plot(n[::2] + middle, line[0], "o-", markersize=5)
        axes.set_ylim(-1.25, 1.25)
    below.set_xlim(0, 59)
    below.set_xlabel("time")


plot(
    draw,
    "signals-false-wave",
    alt="Two panels with the same fast wave in grey. Above, every second number of it is joined by "
    "a line: a slow wave of full height. Below, the averages of two: a slow wave that "
    "hardly leaves zero.",
    caption="The slow wave above is not in the signal. The stride made it.",
    height=400,
)

# %% [markdown]
# Every second number of the fast wave *is* a slow wave, number for number. No later layer can tell it from a real one. The average does not remove it quite, but leaves only 0.16 of its height.
#
# ## Windows that do not see the future
#
# If a network is to predict the next sample of a sound, it must not look at it. With `padding=1` a kernel of 3 looks one step ahead. So put all padding on the **left**. Then the window's last tap stands on the present. Such a convolution is called **causal**.
#
# A layer's own `padding=2` would go to both ends. Pad yourself, with `F.pad`:


# %%
def causal(conv, x):
    (k,), (d,) = conv.kernel_size, conv.dilation
    return conv(F.pad(x, (d * (k - 1), 0)))  # left, right


past = nn.Conv1d(1, 1, 2, dilation=2, bias=False)
past.weight.data[:] = torch.tensor([1.0, 2])
past.requires_grad_(False)
causal(past, x)

# %%
show(
    slide(past, F.pad(x, (2, 0))),
    "signals-causal",
    "Two zeros on the left, none on the right. The last tap stands on the present, the first two steps before it.",
)

# %% [markdown]
# [Open this convolution in the explorer](../explorer.md#call=nn.Conv1d%281,1,2,dilation=2,bias=False%29&input=0,0,2,4,3,8,7,9,2,1&weights=1,2) and change its dilation: how far back does the last output look?
#
# !!! question "Predict"
#     You change the last number of `x`. How many outputs of the causal convolution change? And how many of a convolution of 3 with `padding=1`?

# %%
other = x.clone()
other[0, -1] = 5
centred = nn.Conv1d(1, 1, 3, padding=1)
for name, layer in (("causal", lambda x: causal(past, x)), ("centred", centred)):
    changed = (layer(other) != layer(x))[0].nonzero()
    print(f"{name:<8} outputs that change:", changed.flatten().tolist())

# %% [markdown]
# The causal one changes at place 7 alone, the present. The centred one changes at place 6 too: there it has read the future.
#
# WaveNet, a network for raw sound, stacks causal convolutions with a kernel of 2 and doubles the dilation from layer to layer ([van den Oord et al. 2016](https://arxiv.org/abs/1609.03499)). How far back does it hear?


# %%
def past_seen(dilations):
    layers = [nn.Conv1d(1, 1, 2, dilation=d, bias=False) for d in dilations]
    length = sum(dilations) + 1
    return receptive_field(nn.Sequential(*layers), (1, length)).size[0]


for n in (1, 2, 3, 4, 10):
    doubling, plain = [2**i for i in range(n)], [1] * n
    print(f"{n:>2} layers: {past_seen(doubling):>4} doubling, {past_seen(plain):>2} plain")

# %% [markdown]
# $n$ layers see $2^n$ samples, the present among them. Ten layers see 1024, where ten plain ones see 11. And no sample is left out, for each dilation is as long as what was seen before.

# %%
four = nn.Sequential(*(nn.Conv1d(1, 1, 2, dilation=d, bias=False) for d in (1, 2, 4, 8)))
show(
    receptive_field(four, (1, 16)),
    "signals-wavenet",
    "Dilations 1, 2, 4 and 8: one output hears 16 samples.",
)

# %% [markdown]
# ## Text
#
# For a network a word is a vector, so a sentence is `(length, channels)`: one row for each word. That order is natural. It is not the one that `Conv1d` wants.
#
# !!! warning "A common mistake: the axes of a text"
#     `Conv1d` and the 1-D pools want `(batch, channels, length)`. A text comes as `(batch, length, channels)`. Here are 4 sentences of 9 words, with 6 channels each:

# %%
text = torch.rand(4, 9, 6)
print("pool:   ", tuple(nn.MaxPool1d(2)(text).shape))
try:
    nn.Conv1d(6, 1, 2)(text)
except RuntimeError as error:
    print("conv:   ", str(error).split(", ")[-1])
six = text[:, :6]  # sentences of 6 words
print("conv, 6:", tuple(nn.Conv1d(6, 1, 2)(six).shape))

# %% [markdown]
# The pool does not complain: it halves the *channels*. The convolution does complain, unless a sentence has as many words as channels. Then it, too, slides along the wrong axis without a word. Move the axes first:

# %%
right = text.transpose(1, 2)  # (batch, channels, length)
print("pool:", tuple(nn.MaxPool1d(2)(right).shape))
print("conv:", tuple(nn.Conv1d(6, 1, 2)(right).shape))

# %% [markdown]
# ### Max over time
#
# Sentences differ in length. A classifier wants vectors of one length. [Kim (2014)](https://arxiv.org/abs/1408.5882) slides convolutions over the words and keeps only the largest response of each, wherever it was. That is `nn.AdaptiveMaxPool1d(1)`.
#
# Try it with words of two channels: one for *not*, one for *good*. The kernel looks for *not* and, right after it, *good*.
#
# !!! question "Predict"
#     The cell below holds three sentences. Which of them will get the highest number?

# %%
words = {"not": [1.0, 0], "good": [0.0, 1]}
find = nn.Conv1d(2, 1, 2, bias=False)
find.weight.data[:] = torch.tensor([[1.0, 0], [0, 1]])  # not, then good
over_time = nn.AdaptiveMaxPool1d(1)

for sentence in ("not good at all", "I fear it is not good", "a good film is it not"):
    rows = [words.get(word, [0.0, 0]) for word in sentence.split()]
    found = find(torch.tensor(rows).T)  # (channels, length)
    print(sentence, "\n   ", *found[0].int().tolist(), "->", over_time(found).item())

# %% [markdown]
# Both sentences with *not good* get 2, at the beginning or at the end. The third holds the same two words, but not in this order, side by side. It gets 1. What is forgotten is the place.
#
# ## A window that is a box
#
# A scan of a body is a volume: `(channels, depth, height, width)`. A video is one too, with time in the place of depth. Now the window is a box.
#
# !!! question "Predict"
#     A volume of 4×4×4 numbers passes `nn.MaxPool3d(2)`. How many numbers come out, and of how many does each choose?

# %%
generator = torch.Generator().manual_seed(7)
volume = torch.randint(0, 10, (1, 4, 4, 4), generator=generator).float()
print(nn.MaxPool3d(2)(volume))

# %%
show(
    slide(nn.MaxPool3d(2), volume),
    "signals-box",
    "The first slice of the output. Each window is a box of 2×2×2, drawn as the two slices it reads.",
)

# %% [markdown]
# 8 of 64: an eighth, where a 2-D pool keeps a quarter. Each is the largest of 8.
#
# ### Keep the frames of a video
#
# A window may be smaller along one axis. With a kernel of `(1, 2, 2)` the pool leaves time alone.

# %%
frames = nn.MaxPool3d((1, 2, 2))
show(slide(frames, volume), "signals-frames", "A box of 1×2×2 reads one frame at a time.")

# %% [markdown]
# So it must be the same as a 2-D pool on each frame:

# %%
video = torch.rand(3, 16, 32, 32)  # colours, time, height, width
one_by_one = [nn.MaxPool2d(2)(video[:, t]) for t in range(16)]
print(torch.equal(frames(video), torch.stack(one_by_one, dim=1)))

halved = video
for _ in range(4):
    halved = nn.MaxPool3d(2)(halved)
print(tuple(frames(video).shape), tuple(halved.shape))

# %% [markdown]
# The second line is why you want this. After four pools of 2 along all axes, one frame of 16 is left.
#
# ### What 3-D costs
#
# A pool has no parameters in 3-D either. A convolution has more.
#
# !!! question "Predict"
#     How many times more weights does `nn.Conv3d(8, 16, 3)` have than `nn.Conv2d(8, 16, 3)`? How many times more multiply-accumulates does it need for the same video?

# %%
clip = torch.rand(8, 16, 32, 32)  # channels, time, height, width
flat, deep = nn.Conv2d(8, 16, 3, padding=1), nn.Conv3d(8, 16, 3, padding=1)
by_frame = torch.stack([flat(clip[:, t]) for t in range(16)], dim=1)
for conv, out in ((flat, by_frame), (deep, deep(clip))):
    parameters = sum(p.numel() for p in conv.parameters())
    work = out.numel() * conv.weight[0].numel()
    print(f"{parameters:>5,} parameters, {work:>10,} multiply-accumulates, {tuple(out.shape)}")

# %% [markdown]
# Three times both, apart from the 16 numbers of the bias. A kernel of $k$ costs $k$ times as much for each further axis.
#
# ## One axis at a time
#
# Can you build a 2-D pool from 1-D pools? First along the rows, then along the columns:


# %%
def along_rows(pool, k, s):
    return pool((1, k), stride=(1, s))


def along_columns(pool, k, s):
    return pool((k, 1), stride=(s, 1))


image = torch.randint(0, 10, (1, 12, 12), generator=generator).float()
for pool in (nn.MaxPool2d, nn.AvgPool2d):
    for k, s in ((2, 2), (3, 2), (5, 1)):
        rows, columns = along_rows(pool, k, s), along_columns(pool, k, s)
        whole = pool(k, s)(image)
        both = columns(rows(image)), rows(columns(image))
        agree = [torch.allclose(one, whole) for one in both]
        print(f"{pool.__name__}({k}, {s}):", *agree)

# %%
small = image[:, :4, :4]
show(slide(nn.MaxPool2d((1, 2)), small), "signals-rows", "First along the rows: 4×4 becomes 4×2.")

# %%
show(
    slide(nn.MaxPool2d((2, 1)), nn.MaxPool2d((1, 2))(small)),
    "signals-columns",
    "Then along the columns: 4×2 becomes 2×2, the same as from `nn.MaxPool2d(2)`.",
)

# %% [markdown]
# Maximum and average are **separable**: axis by axis gives the same, in either order. The largest of a box is the largest of its rows' largest.
#
# ### Does it save work?
#
# !!! question "Predict"
#     To find the largest of $k \cdot k$ numbers takes $k^2 - 1$ comparisons. Axis by axis it looks like $2(k - 1)$. For which strides is that true?
#
# Count them. The pass along the rows must be done in *every* row, also in those that the second pass merges.


# %%
def comparisons(k, s, side=1000):
    """Comparisons for each output number: at once, and axis by axis."""
    stops = (side - k) // s + 1
    rows = side * stops * (k - 1)
    columns = stops * stops * (k - 1)
    return k * k - 1, (rows + columns) / stops**2


for k, s in ((3, 1), (5, 1), (9, 1), (5, 2), (3, 3), (5, 5)):
    once, apart = comparisons(k, s)
    print(f"kernel {k}, stride {s}: {once:>2} at once, {apart:>4.1f} axis by axis")

# %% [markdown]
# At stride 1 it is indeed $2(k-1)$: for a kernel of 9, 16 in place of 80. Each row's largest is found once and used by $k$ windows. In 3-D you save more: a 3×3×3 window needs 6 comparisons in place of 26.
#
# In general it is about $(s + 1)(k - 1)$. With windows side by side, $s = k$, that is $k^2 - 1$ again. Nothing is shared, so nothing is saved. And counting is not timing: two passes also read and write more memory.
#
# ### One thing depends on the order
#
# The numbers agree. The *winners* need not, when two numbers tie:

# %%
tie = torch.tensor([[[0.0, 5], [5, 0]]], requires_grad=True)
rows, columns = nn.MaxPool2d((1, 2)), nn.MaxPool2d((2, 1))
for name, layer in (
    ("at once:      ", nn.MaxPool2d(2)),
    ("rows first:   ", lambda x: columns(rows(x))),
    ("columns first:", lambda x: rows(columns(x))),
):
    (gradient,) = torch.autograd.grad(layer(tie).sum(), tie)
    print(name, gradient[0].int().tolist())

# %% [markdown]
# Rows first agrees with torch's reading order. Columns first sends the gradient to the other 5.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** What shape does `nn.MaxPool1d(3)` make of `(4, 6, 20)`?
#
# ??? success "Answer"
#     `(4, 6, 6)`. Batch and channels stay. The stride is 3, so six windows fit into 20 and two numbers are left over.
#
# **2.** A sine has one wave in 40 numbers. What does `nn.AvgPool1d(40, stride=1)` make of it?
#
# ??? success "Answer"
#     0, everywhere. Each window holds one full wave, as much above zero as below.
#
# **3.** A causal convolution has a kernel of 3 and dilation 4. How many zeros go on the left? And how far do three such layers see, with dilations 1, 2 and 4?
#
# ??? success "Answer"
#     8 zeros, 4 · 2. The three layers see 15 numbers: 1 + 2 + 4 + 8.
#
# **4.** A video of shape `(3, 16, 112, 112)` passes `nn.MaxPool3d((1, 2, 2))` and then `nn.MaxPool3d(2)`. What shape comes out? What share of the numbers is kept?
#
# ??? success "Answer"
#     `(3, 8, 28, 28)`. One number in 32: a quarter of them, then an eighth.
#
# **5.** A convolution is separable only if its kernel is a column times a row, a matrix of rank 1. Which of these two is: `[[1, 2, 1], [2, 4, 2], [1, 2, 1]]`, or `[[0, 1, 0], [1, 1, 1], [0, 1, 0]]`?
#
# ??? success "Answer"
#     The first: it is 1, 2, 1 down times 1, 2, 1 across. The second has rank 2. A pool has no such condition.
#
# Check all five:

# %% tags=["collapse"]
print(tuple(nn.MaxPool1d(3)(torch.rand(4, 6, 20)).shape))
level = nn.AvgPool1d(40, stride=1)(wave[None]).abs().max().item()
print(level < 1e-5)
wide = nn.Conv1d(1, 1, 3, dilation=4)
zeros = 20 - wide(torch.zeros(1, 20)).shape[-1]  # what the layer trims
three = nn.Sequential(*(nn.Conv1d(1, 1, 3, dilation=d, bias=False) for d in (1, 2, 4)))
heard = receptive_field(three, (1, 15)).size[0]
print(zeros, heard)
film = torch.zeros(3, 16, 112, 112)
pools = nn.Sequential(nn.MaxPool3d((1, 2, 2)), nn.MaxPool3d(2))
print(tuple(pools(film).shape), film.numel() // pools(film).numel())
kernels = [[[1.0, 2, 1], [2, 4, 2], [1, 2, 1]], [[0.0, 1, 0], [1, 1, 1], [0, 1, 0]]]
ranks = [int(torch.linalg.matrix_rank(torch.tensor(kernel))) for kernel in kernels]
print(ranks)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The shape, such as (1, 2, 3).
check(..., lambda: nn.MaxPool1d(3)(torch.rand(4, 6, 20)).shape)
# 2. The number that stands everywhere.
check(..., lambda: level)
# 3. The zeros on the left, and the numbers seen, such as (2, 9).
check(..., lambda: (zeros, heard))
# 4. The shape, such as (1, 2, 3, 4).
check(..., lambda: pools(film).shape)
# 5. The ranks of the two kernels, such as (3, 3).
check(..., lambda: ranks)

# %% [markdown]
# ## What you know now
#
# - Signals are `(batch, channels, length)`, volumes `(batch, channels, depth, height, width)`. The formulas hold along each axis.
# - A moving average calms noise by $\sqrt{k}$. A stride alone can invent waves.
# - Padding on the left makes a convolution causal. With a kernel of 2, doubled dilations see $2^n$ samples.
# - `(1, 2, 2)` pools a video frame by frame. Each further axis multiplies a convolution's cost by $k$.
# - Maximum and average can be taken axis by axis. It saves work only where windows overlap.
#
# Next, build the layers yourself: [from scratch in NumPy](from-scratch-in-numpy.ipynb).
#
# Sources: [van den Oord et al. (2016)](https://arxiv.org/abs/1609.03499) for WaveNet, [Kim (2014)](https://arxiv.org/abs/1408.5882) for max over time, which that paper takes from earlier work. The measurements here are our own.
