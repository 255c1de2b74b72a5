# ---
# title: Aliasing, properly
# description: At stride 2 a fine wave comes back as a coarse one. Fold the spectrum, measure how much of it a blur holds back, and see ReLU make fine waves again.
# ---

# %% [markdown]
# # Aliasing, properly
#
# Here is a test picture: rings that become finer and finer towards the border. Next to it is every second row and column of it, and then the same after a blur.

# %% tags=["hide-input"]
import matplotlib.cbook
import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from slidingwindows import slide
from slidingwindows.lesson import plot, show


def blurred(x, *weights):
    """Each row and each column as a ring, under a blur with these weights."""
    line = torch.tensor(weights, dtype=x.dtype) / sum(weights)
    for side in (-1, -2):
        x = sum(w * x.roll(n - len(line) // 2, side) for n, w in enumerate(line))
    return x


place = torch.arange(-32.0, 32)
rings = torch.cos(torch.pi * (place[:, None] ** 2 + place**2) / 64)
strided = rings[::2, ::2]
after_blur = blurred(rings, 1, 4, 6, 4, 1)[::2, ::2]


def draw(figure):
    panels = figure.subplots(1, 3)
    names = "64×64", "every second pixel", "blur, then every second"
    for axes, name, image in zip(panels, names, (rings, strided, after_blur), strict=True):
        axes.imshow(image.numpy(), cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
        axes.set_title(name, fontsize=12)
        axes.set_axis_off()


plot(
    draw,
    "aliasing-rings",
    alt="Three square pictures. On the left rings around the middle become finer towards the border. "
    "In the middle one, new rings have appeared around the middle of each side and around the "
    "corners. On the right these are faint, and the rings fade to grey towards the border.",
    caption="Every number of the second picture is a number of the first, and yet it shows rings that "
    "were never there.",
    height=270,
)

# %% [markdown]
# The second picture is what a stride of 2 makes. It invents rings, and they are exact copies of the true ones: the left half of the picture is the same as the right half. A network that reads such a map cannot tell them apart. In [invariance and equivariance](local-invariance.ipynb) you met this as **aliasing**. Work out here where an invented ring comes from, how much a blur holds back, and what a ReLU does afterwards.
#
# !!! abstract "What you will be able to do"
#     - Compute which wave a stride turns a finer wave into.
#     - Read off how much of each wave a blur lets through.
#     - Measure the equivariance error against the width of the blur, and name two ways to bring it to zero.
#     - Say why a ReLU makes fine waves again, and what helps.
#
# ## Two waves, one output
#
# Take two waves of 12 numbers each. The first goes up and down 4 times, the second 2 times. Keep every second number of both.
#
# !!! question "Predict"
#     Six numbers are left of each. How do the two results differ?

# %%
fast = torch.tensor([[2.0, -1, -1] * 4])
slow = torch.tensor([[2.0, 1, -1, -2, -1, 1] * 2])
keep = nn.AvgPool1d(1, stride=2)  # a window of one number: nothing but the stride
print(keep(fast), keep(slow), sep="\n")

# %%
show(slide(keep, fast), "aliasing-stride", "The fast wave under a window of 1 at stride 2. What is left goes up and down 2 times, as the slow wave does.")

# %% [markdown]
# They do not differ at all. After the stride nothing can tell which of the two went in, no later layer and no training. The fast wave has become an **alias** of the slow one.
#
# ## The spectrum folds
#
# Which waves are too fast? A wave needs two numbers for one turn, one up and one down. So a row of $n$ numbers holds at most $n/2$ turns, which is called the **Nyquist frequency**. A row of 32 numbers holds up to 16 turns. After a stride of 2 there are 16 numbers, which hold up to 8.
#
# !!! question "Predict"
#     A wave of 13 turns goes in. What comes out?

# %%
def wave(turns, length=32):
    return torch.cos(2 * torch.pi * turns * torch.arange(length) / length)


def turns_of(row):
    """How many turns the strongest wave in a row makes."""
    return int(torch.fft.rfft(row).abs().argmax())


for turns in (3, 7, 8, 9, 13, 15):
    print(f"{turns:>2} turns become {turns_of(wave(turns)[::2])}")

# %%
folded = [turns_of(wave(turns)[::2]) for turns in range(17)]


def draw(figure):
    left, right = figure.subplots(1, 2)
    fine = torch.linspace(0, 16, 400)
    for turns in (13, 3):
        values = torch.cos(2 * torch.pi * turns * fine / 32)
        left.plot(fine, values, label=f"{turns} turns", marker="")
    left.plot(range(0, 17, 2), wave(13)[:17:2], "o", label="kept")
    left.set_xlabel("place")
    left.set_ylim(-1.2, 2.4)
    left.legend(ncols=2, fontsize=10)
    right.plot(range(17), folded, marker="o")
    right.axvline(8, linestyle="--")
    right.set_xticks(range(0, 17, 4))
    right.set_xlabel("turns in 32 numbers")
    right.set_ylabel("turns after stride 2")


plot(
    draw,
    "aliasing-fold",
    alt="On the left half a row: a wave of 13 turns and one of 3 turns that cross at every second "
    "place, where the kept numbers are. On the right the turns that come out against those that go "
    "in: up to 8 in a straight line, and from 8 to 16 back down to 0.",
    caption="Left: 13 turns and 3 turns agree at every second place. Right: the line turns back at "
    "the new Nyquist frequency, like a strip of paper that is folded.",
    height=300,
)

# %% [markdown]
# Up to 8 turns a wave keeps its turns. Beyond that it is folded back: $16 - 13$ is 3. The finest wave of all, 16 turns, becomes 0 turns, an even area.
#
# In general a stride leaves $m$ numbers, and $t$ turns become the distance from $t$ to the nearest multiple of $m$. That distance is never more than $m/2$. The rule holds for every stride. (A wave that becomes 0 or $m/2$ turns can also vanish, if the stride meets it only where it is zero.)

# %%
def alias(turns, left):
    return abs(turns - left * round(turns / left))


checked = 0
for stride in (2, 4, 8):
    for turns in range(1, 16):
        assert turns_of(wave(turns)[::stride]) == alias(turns, 32 // stride)
        checked += 1
print(checked, "waves, one rule")

# %% [markdown]
# ## What a blur lets through
#
# Once two waves have become one, nothing separates them again. So the fast one has to go *before* the stride. A blur is a mean of neighbours, and in a fast wave neighbours cancel. Put the blur 1, 2, 1, divided by 4, in front of the same stride:

# %%
blur = nn.Conv1d(1, 1, 3, stride=2, padding=1, padding_mode="circular", bias=False)
blur.requires_grad_(False).weight.data[:] = torch.tensor([1.0, 2, 1]) / 4
print(blur(fast), blur(slow), sep="\n")

# %%
sums = nn.Conv1d(1, 1, 3, stride=2, bias=False).requires_grad_(False)
sums.weight.data[:] = torch.tensor([1.0, 2, 1])
piece = fast[:, 2:11]

# %%
show(slide(sums, piece), "aliasing-blur", "A piece of the fast wave under the weights 1, 2, 1, not yet divided by 4. The sums are as large as the wave itself, so the division leaves a quarter of it.")

# %% [markdown]
# The fast wave is down to a quarter, and of the slow one three quarters are left. The alias is weaker, but it has not gone, and the honest wave has paid for that.
#
# Open [this piece of the wave in the explorer](../explorer.md#call=nn.Conv1d%281,1,3,stride=2,bias=False%29&input=-1,2,-1,-1,2,-1,-1,2,-1&weights=1,2,1) and set all its weights to the same number: what is left of the wave?
#
# Longer blurs are the next lines of Pascal's triangle. Send a wave of each speed through them, and see what share of it is left. The ideal filter keeps all up to the new Nyquist frequency, and nothing beyond:

# %%
def pascal(width):
    line = torch.ones(1)
    for _ in range(width - 1):
        line = F.pad(line, (1, 0)) + F.pad(line, (0, 1))
    return line.tolist()


def through(width, turns):
    """The share of a wave that a blur of this width leaves."""
    line = torch.tensor(pascal(width)) / sum(pascal(width))
    row = wave(turns)
    out = sum(w * row.roll(n) for n, w in enumerate(line))
    return float(torch.fft.rfft(out)[turns].abs() / torch.fft.rfft(row)[turns].abs())


print("turns " + "".join(f"{turns:>6}" for turns in (2, 4, 6, 8, 10, 12, 14)))
for width in (2, 3, 5):
    shares = [through(width, turns) for turns in (2, 4, 6, 8, 10, 12, 14)]
    print(f"{width} wide" + "".join(f"{share:>6.0%}" for share in shares))


# %% tags=["hide-input"]
def draw(figure):
    axes = figure.subplots()
    for width in (2, 3, 5):
        axes.plot(range(17), [through(width, turns) for turns in range(17)], label=f"{width} wide")
    axes.plot([0, 8, 8, 16], [1, 1, 0, 0], linestyle="--", marker="", label="ideal")
    axes.set_xticks(range(0, 17, 4))
    axes.set_xlabel("turns in 32 numbers")
    axes.set_ylabel("share that is left")
    figure.legend(loc="outside right center")


plot(
    draw,
    "aliasing-through",
    alt="The share that is left against the turns, 0 to 16. Three blurs, 2, 3 and 5 wide, begin at 1 "
    "and fall to 0, the wider the earlier. The ideal filter stays at 1 up to 8 turns and then drops to 0.",
    caption="What a line lets through to the right of 8 turns comes back as an alias. What it takes "
    "away to the left is detail that the smaller map could have held.",
    height=300,
)

# %% [markdown]
# An average of two, which is what `AvgPool2d(2)` takes, still lets 71% of the waves at the fold through. None of the blurs has an edge at 8 turns. A wider blur trades one fault for the other.
#
# ## Equivariance error against the width
#
# Aliasing shows when the input moves. The measure is the one of [invariance and equivariance](local-invariance.ipynb#does-the-output-move-along): move the photo, closed to a ring, by one pixel. At stride 2 the output should move by half a cell. The **equivariance error** is the mean distance between the new output and the old one moved by half a cell, divided by the standard deviation of the output.
#
# Next to it comes another number, the **detail**. It looks at the finer half of the waves that the smaller map can hold, and says how strong they are as a share of what the ideal filter leaves of them.
#
# !!! question "Predict"
#     The blur grows from 1 pixel, which is no blur, to 9. Does the error reach zero? And what happens to the detail?

# %%
picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
photo = torch.from_numpy(np.array(picture)).double().permute(2, 0, 1)
ring = photo[:, 100:356, 100:356]


def slid(x, cells):
    """The rows of a map, as rings, moved to the right by whole cells or fractions of one."""
    turns = torch.fft.rfftfreq(x.shape[-1], dtype=torch.float64) * cells
    return torch.fft.irfft(torch.fft.rfft(x) * torch.exp(-2j * torch.pi * turns), n=x.shape[-1])


def error(layer, image):
    before, after = layer(image), layer(image.roll(1, -1))
    return float((after - slid(before, 1 / 2)).abs().mean() / before.std())


def lowpass(x, share=1 / 2):
    """Only the waves below this share of the finest, in rows and columns."""
    kept = (torch.fft.fftfreq(x.shape[-1]).abs() < share / 2).double()
    return torch.fft.ifft2(torch.fft.fft2(x) * torch.outer(kept, kept)).real


def ideal(x):
    return lowpass(x)[..., ::2, ::2]


def binomial(width):
    return lambda x: blurred(x, *pascal(width))[..., ::2, ::2]


def detail(layer):
    fine, best = (out - lowpass(out) for out in (layer(ring), ideal(ring)))
    return float(fine.std() / best.std())


widths = range(1, 10)
errors = {width: error(binomial(width), ring) for width in widths}
details = {width: detail(binomial(width)) for width in widths}
print("width   error  detail")
for width in widths:
    print(f"{width:>5}{errors[width]:>8.4f}{details[width]:>8.0%}")
print(f"ideal{error(ideal, ring):>8.4f}{detail(ideal):>8.0%}")


# %% tags=["hide-input"]
def draw(figure):
    left, right = figure.subplots(1, 2)
    left.plot(widths, list(errors.values()), marker="o")
    left.set_ylabel("equivariance error")
    left.set_ylim(bottom=0)
    right.plot(widths, [100 * share for share in details.values()], marker="o")
    right.set_ylabel("detail that is left, %")
    for axes in (left, right):
        axes.set_xlabel("width of the blur")
        axes.set_xticks(widths)


plot(
    draw,
    "aliasing-widths",
    alt="Two lines against the width of the blur, 1 to 9. The equivariance error falls steeply at first "
    "and then towards zero. The detail falls from above 100 to about 30 percent.",
    caption="On the photo. Each pixel of width lowers the error, and each one costs detail.",
    height=280,
)

# %% [markdown]
# The error shrinks with each pixel of width, but it does not reach zero. The detail goes down with it. Without a blur there is more than 100% of it, because aliases look like detail, too. The ideal filter has no error and all the detail, but its window is as wide as the image.
#
# ## The other way to zero
#
# [Chaman and Dokmanić (2021)](https://arxiv.org/abs/2011.14214) leave the waves as they are and choose the grid instead. A stride of 2 can begin at four places, so there are four grids. Take the one with the largest numbers: **adaptive polyphase sampling**. When the picture moves by one pixel, the same numbers lie on another grid, and that one is chosen.
#
# So the output does not move by half a cell. It holds the old numbers, moved by whole cells. Measure both: the distance from the old output moved by half a cell, and the distance from the nearest of those moved by whole cells.

# %%
def chosen(x):
    grids = [x[..., row::2, col::2] for row in (0, 1) for col in (0, 1)]
    return max(grids, key=torch.norm)


def whole_cells(layer, image):
    """The distance from the old output moved by 0 or 1 cells, whichever is nearer."""
    before, after = layer(image), layer(image.roll(1, -1))
    return min(float((after - before.roll(m, -1)).abs().mean() / before.std()) for m in (0, 1))


print(f"{'':<14}{'half a cell':>12}{'whole cells':>12}")
ways = {"stride": binomial(1), "5 wide": binomial(5), "ideal": ideal, "chosen grid": chosen}
for name, layer in ways.items():
    print(f"{name:<14}{error(layer, ring):>12.4f}{whole_cells(layer, ring):>12.4f}")

# %% [markdown]
# Each of the last two is at zero in its own column. The ideal filter follows every shift, in fractions of a cell. The chosen grid jumps, but it never changes its numbers, so on a ring a mean over all places does not notice the shift at all. Its map still holds aliases; they only move along.
#
# ## ReLU makes fine waves again
#
# Say you did all this, and a map is band-limited: it holds nothing beyond its band. Then comes a ReLU. It cuts the lower half off each wave, and a cut leaves corners, which are made of fine waves.
#
# !!! question "Predict"
#     A wave of 5 turns in 64 numbers goes through a ReLU. Which waves come out?

# %%
clipped = torch.fft.rfft(wave(5, 64).relu()).abs() / 32
found = {turns: round(float(share), 3) for turns, share in enumerate(clipped) if share > 0.01}
print(found)

# %% [markdown]
# The wave itself is still there, at half its strength, and 0 turns is the mean. New are the even multiples: 10, 20 and 30 turns. The next ones are 40, 50 and 60, but 64 numbers hold only up to 32 turns. So they fold at once: 40 becomes $64 - 40 = 24$, 50 becomes 14, 60 becomes 4. **A ReLU aliases without any stride.**
#
# How much is that on a real map? Halve the photo by the ideal filter, and keep only the waves up to half of the finest. Take the mean away, as a normalisation would, and apply a ReLU. Then count the energy, the sum of squares, beyond that band:

# %%
def beyond(x, share=1 / 2):
    """The share of the energy in waves finer than the band, the mean left out."""
    x = x - x.mean((1, 2), keepdim=True)
    return float((x - lowpass(x, share)).square().sum() / x.square().sum())


small = ideal(ring)
band = lowpass(small)
band = band - band.mean((1, 2), keepdim=True)
print(f"before: {beyond(band):.2%}, after ReLU: {beyond(band.relu()):.2%}")

# %% [markdown]
# It sounds small, but it takes back part of what the filter had won. Put a ReLU behind three of the ways down, and take the equivariance error again:

# %%
def then_relu(layer):
    """The layer, the mean of its output taken away, and a ReLU behind it."""

    def both(x):
        out = layer(x)
        return (out - out.mean((1, 2), keepdim=True)).relu()

    return both


print(f"{'':<8}{'alone':>8}{'then ReLU':>11}")
for name in ("stride", "5 wide", "ideal"):
    print(f"{name:<8}{error(ways[name], ring):>8.4f}{error(then_relu(ways[name]), ring):>11.4f}")

# %% [markdown]
# The ideal filter is no longer at zero: about two fifths of the error without any filter are back. And now the wider blur wins. It has weakened the finest waves that the small map holds, and those are the ones whose multiples fold.
#
# There is a cure, and it is the same again: make room before, filter after. Enlarge the map, so that it can hold finer waves, apply the ReLU there, filter, and make the map small again. To see the share of the ReLU, move the map by a third of a cell, once before the ReLU and once after it. If nothing folded, the two results would be the same:

# %%
def relu_on(x, times):
    """ReLU on a map that is so many times finer; what is too fine is filtered out after it."""
    room = [x.shape[-1] * (times - 1) // 2] * 4
    waves = torch.fft.fftshift(torch.fft.fft2(x), dim=(-2, -1))
    waves = torch.fft.ifftshift(F.pad(waves, room), dim=(-2, -1))
    fine = torch.fft.ifft2(waves).real * times**2
    return fine.relu() if times == 1 else lowpass(fine.relu(), 1 / times)[..., ::times, ::times]


def off(times, x, cells=1 / 3):
    """The equivariance error of a ReLU on a map that is so many times finer."""
    expected = slid(relu_on(x, times), cells)
    new = relu_on(slid(x, cells), times)
    return float((new - expected).abs().mean() / expected.std())


small = small - small.mean((1, 2), keepdim=True)
print(f"ReLU as it is: {off(1, small):.4f}")
for times in (2, 4):
    print(f"on a {times} times finer map: {off(times, small):.4f}")

# %% [markdown]
# Each time the map is made finer, the error shrinks, because the waves that a ReLU makes become weaker the finer they are. It is never exactly zero, since a corner holds waves of every speed. And the price is high: a map that is twice as fine has four times as many numbers.
#
# ## What the papers say
#
# [Zhang (2019)](https://proceedings.mlr.press/v97/zhang19a.html) points out that max pooling, strided convolutions and average pooling all ignore the sampling theorem, and blurs before each stride. [Azulay and Weiss (2019)](https://jmlr.org/papers/v20/19-519.html) find that architectures as commonly used are not invariant for this reason, and that such a blur is only a partial cure. The ReLU that you have just measured is one reason why it has to be.
#
# [Karras and others (2021)](https://arxiv.org/abs/2106.12423) trace details of generated images that stick to the pixels to aliasing. They rebuild a generator so that it follows shifts by fractions of a pixel.
#
# !!! tip "An opinion"
#     In a classifier, a blur of 3 to 5 pixels before each stride is cheap and does most of the work. Go further only where the output has to move with the input, as in generated video or in registration: there, filter after each ReLU too.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** A wave of 25 turns in a row of 64 numbers meets a stride of 2. How many turns come out?
#
# ??? success "Answer"
#     7. There are 32 numbers left, so the nearest multiple is 32, and $32 - 25$ is 7.
#
# **2.** A wave of 13 turns in a row of 32 numbers meets a stride of 4. How many turns come out?
#
# ??? success "Answer"
#     3. There are 8 numbers left. The nearest multiple of 8 is 16, and $16 - 13$ is 3.
#
# **3.** The blur 1, 2, 1, divided by 4, leaves a quarter of the fast wave. You apply it twice at stride 1. What share is left?
#
# ??? success "Answer"
#     1/16: a quarter of a quarter. Applied twice it is the blur 1, 4, 6, 4, 1.
#
# **4.** A plain stride of 2, without any blur, on the ring. The photo moves by two pixels. What is the equivariance error?
#
# ??? success "Answer"
#     0. The output moves by one whole cell, and each grid keeps its own numbers.
#
# **5.** A wave of 3 turns in 64 numbers goes through a ReLU. Leave out the mean. Which of the new waves is the strongest, in turns?
#
# ??? success "Answer"
#     6. New are the even multiples of 3, and the first of them is the strongest.
#
# Check all five:

# %% tags=["collapse"]
print(turns_of(wave(25, 64)[::2]), turns_of(wave(13)[::4]))
once = nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular", bias=False)
once.requires_grad_(False).weight.data[:] = torch.tensor([1.0, 2, 1]) / 4
left = (once(once(fast)) / fast).unique()
print(left.tolist())
sampled = ring[..., ::2, ::2]
two_on = (ring.roll(2, -1)[..., ::2, ::2] - slid(sampled, 1)).abs().mean().item()
print(f"{two_on:.6f}")
three = torch.fft.rfft(wave(3, 64).relu()).abs()
three[[0, 3]] = 0
print(int(three.argmax()))

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. How many turns.
check(..., lambda: turns_of(wave(25, 64)[::2]))
# 2. How many turns.
check(..., lambda: turns_of(wave(13)[::4]))
# 3. The share, such as 0.5.
check(..., lambda: left.item())
# 4. The error.
check(..., lambda: round(two_on, 6))
# 5. How many turns.
check(..., lambda: int(three.argmax()))

# %% [markdown]
# ## What you know now
#
# - A stride that leaves $m$ numbers turns $t$ turns into the distance from $t$ to the nearest multiple of $m$.
# - A blur in front weakens the waves that would fold, and with them the detail that need not go.
# - The equivariance error shrinks with the width of the blur. Two ways reach zero: the ideal filter, which follows each shift, and the grid that is chosen, which on a ring keeps its numbers.
# - A ReLU makes waves that are finer than any it was given, and those fold at once.
#
# A stride forgets on purpose, and you now know what. The rest of the bill is in [what pooling throws away](what-pooling-throws-away.ipynb).
#
# The rule to blur before a stride is that of [Zhang (2019)](https://proceedings.mlr.press/v97/zhang19a.html), and the grid that is chosen that of [Chaman and Dokmanić (2021)](https://arxiv.org/abs/2011.14214). The words and the measurements are our own.
