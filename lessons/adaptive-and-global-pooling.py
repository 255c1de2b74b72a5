# ---
# title: Adaptive and global pooling
# description: You name the output, and torch picks the windows. They overlap, differ in size and can even repeat numbers. One window for all is global pooling.
# ---

# %% [markdown]
# # Adaptive and global pooling
#
# So far you chose the window, and the output got the size that it got. An adaptive pool turns this around. You name the output, and the layer picks the windows.
#
# !!! abstract "What you will be able to do"
#     - Compute the windows of an adaptive pool by hand.
#     - Say when an adaptive pool equals a plain one, and when no plain one can.
#     - Build a network that takes images of any size.
#     - Choose between a global average and a global maximum.
#     - Turn a global average into a map of *where*.
#
# ## You name the output
#
# Here is a signal of 10 numbers. You want 5.

# %%
import torch
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import plot, show

x = torch.tensor([[1.0, 7, 4, 2, 8, 6, 3, 9, 5, 0]])  # one channel, length 10
print(nn.AdaptiveMaxPool1d(5)(x))
print(nn.MaxPool1d(2)(x))

# %% [markdown]
# That is easy: 5 windows of 2. The adaptive pool is the plain pool that you know.
#
# !!! question "Predict"
#     Now you want 4 numbers out of 10. Each window would need two and a half numbers. Which numbers will the first window read? And the second?

# %%
print(nn.AdaptiveAvgPool1d(4)(x))

# %%
show(
    slide(nn.AdaptiveAvgPool1d(4), x),
    "adaptive-ten-to-four",
    "10 to 4: every window reads three numbers, and two numbers are read twice.",
)

# %% [markdown]
# Torch cuts the line into four equal pieces. The cuts fall at 0, 2.5, 5, 7.5 and 10. A window takes every number that its piece touches. So it begins at the cut before, rounded down, and ends at the cut behind, rounded up:
#
# $$\text{start}_i = \left\lfloor \frac{i \cdot n}{m} \right\rfloor \qquad \text{end}_i = \left\lceil \frac{(i + 1) \cdot n}{m} \right\rceil$$
#
# Here $n$ is the length of the input and $m$ that of the output. The window reads from $\text{start}_i$ up to, not including, $\text{end}_i$.


# %%
def windows(n, m):
    return [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]


print(windows(10, 4))
by_hand = torch.stack([x[0, a:b].mean() for a, b in windows(10, 4)])
print(torch.allclose(by_hand, nn.AdaptiveAvgPool1d(4)(x)[0]))

# %% [markdown]
# The numbers at places 2 and 7 stand on a cut, so two windows read them. There is no padding, and no number is left out.
#
# ## Windows of different sizes
#
# !!! question "Predict"
#     You want 5 outputs from 7 inputs. Which sizes do the windows have?

# %%
print([b - a for a, b in windows(7, 5)])

# %% [markdown]
# 2, 2, 3, 2, 2. The middle piece touches three numbers, the others two. In an image this happens along both axes:

# %%
generator = torch.Generator().manual_seed(3)
image = torch.randint(0, 10, (1, 7, 7), generator=generator).float()
show(
    slide(nn.AdaptiveAvgPool2d(5), image),
    "adaptive-seven-to-five",
    "7×7 to 5×5: windows of 2×2, 2×3, 3×2, and one of 3×3 in the middle.",
)

# %% [markdown]
# [Open this layer in the explorer](../explorer.md#call=nn.AdaptiveAvgPool2d%285%29&input=6,8,7,7,0,0,0;5,1,9,4,1,5,9;6,9,5,4,0,4,6;9,1,6,2,8,7,4;4,0,0,1,4,3,9;2,3,0,2,1,3,4;6,5,4,1,6,3,7) and change its `output_size`: for which sizes do all windows have the same shape?
#
# ### When is it a plain pool?
#
# If $m$ divides $n$, all windows have $n/m$ numbers and touch without overlap. Then the layer *is* a plain pool with that kernel size. If not, can some other kernel size and stride do it? Try them all, for all sizes up to 12:


# %%
def plain(n, m):
    """A kernel size and a stride that give the same windows, or None if none do."""
    wanted = windows(n, m)
    for k in range(1, n + 1):
        for s in range(1, n + 1):
            starts = range(0, n - k + 1, s)
            if [(a, a + k) for a in starts] == wanted:
                return k, s
    return None


pairs = [(n, m) for n in range(1, 13) for m in range(1, n + 1)]
divisible = [plain(n, m) for n, m in pairs if n % m == 0]
others = {(n, m): plain(n, m) for n, m in pairs if n % m}
found = {pair: layer for pair, layer in others.items() if layer}
print(len(divisible), "divisible,", divisible.count(None), "without a plain pool")
print(len(others), "others,", len(found), "with a plain pool")
print({pair: layer for pair, layer in found.items() if pair[1] <= 3})

# %% [markdown]
# Some of the others have a plain pool too, if their windows happen to have one size and one distance. 5 to 2 is `nn.AvgPool1d(3, stride=2)`. But most have none, 10 to 4 among them: its windows begin at 0, 2, 5 and 7.
#
# !!! warning "A common mistake: a plain pool in the place of an adaptive one"
#     Some tools cannot export such adaptive pools: torch's older ONNX exporter is one. Advice you may meet: take kernel size and stride `n // m`. That is right only if $m$ divides $n$.

# %%
kernel = 10 // 4
replaced = nn.AvgPool1d(kernel)(x)
print("adaptive:", nn.AdaptiveAvgPool1d(4)(x)[0].tolist())
print("replaced:", replaced[0].tolist())

# %% [markdown]
# The replacement gives five numbers, not four, and not the same ones.
#
# ### Some numbers count twice
#
# A number that two windows read counts twice. So the mean of the output is not the mean of the input:

# %%
print(f"mean of the input:  {x.mean():.3f}")
print(f"mean of the output: {nn.AdaptiveAvgPool1d(4)(x).mean():.3f}")
print(f"after 10 to 5:      {nn.AdaptiveAvgPool1d(5)(x).mean():.3f}")

# %% [markdown]
# With 5 outputs nothing is read twice, and the mean stays.
#
# ### More out than in
#
# !!! question "Predict"
#     Nothing forbids $m > n$. What does an adaptive pool make of 3 numbers if you want 5?

# %%
three = torch.tensor([[2.0, 4, 8]])
print(windows(3, 5))
print(nn.AdaptiveAvgPool1d(5)(three))

# %%
show(
    slide(nn.AdaptiveAvgPool1d(5), three),
    "adaptive-three-to-five",
    "3 to 5: where a cut falls inside a number, one window reads it and the next reads it again.",
)

# %% [markdown]
# Numbers are repeated, and between them stand means of two. Torch gives no warning. If an image is smaller than you thought, you get an enlarged map and no error.
#
# ## One window for all: global pooling
#
# Ask for an output of size 1. There is one window, and it reads everything.

# %%
maps = torch.randint(0, 10, (2, 4, 4), generator=generator).float()  # two channels
average, largest = nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1)
print(average(maps).flatten(), maps.mean(dim=(1, 2)))
print(largest(maps).flatten(), maps.amax(dim=(1, 2)))

# %%
show(
    slide(largest, maps),
    "adaptive-global-max",
    "A global maximum: one number for the whole channel.",
)

# %% [markdown]
# This is **global average pooling** and **global max pooling**: one number for each channel, whatever the size of the map.
#
# ### Images of any size
#
# A linear layer wants a fixed number of features. So a network that flattens its last map is tied to one size of image:

# %%
torch.manual_seed(0)
body = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
flat = nn.Sequential(body, nn.Flatten(), nn.Linear(8 * 16 * 16, 10))
pooled = nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))

for size in (32, 48, 100):
    photo = torch.rand(1, 3, size, size)
    try:
        answer = tuple(flat(photo).shape)
    except RuntimeError as error:
        answer = error
    print(f"{size}: pooled {tuple(pooled(photo).shape)}, flat {answer}")

# %% [markdown]
# The global pool forgets the size, so any image will do that is large enough for the layers before it. It forgets the place as well. That is often what a classifier wants.
#
# ### Far fewer parameters
#
# !!! question "Predict"
#     The last map of a large network has 512 channels of 7×7. You want scores for 1,000 classes. How many weights does the linear layer have if you flatten? And after a global pool?

# %%
flattened = nn.Linear(512 * 7 * 7, 1000, bias=False, device="meta")
after_pool = nn.Linear(512, 1000, bias=False, device="meta")
print(f"{flattened.weight.numel():>10,} after flattening")
print(f"{after_pool.weight.numel():>10,} after a global pool")

# %% [markdown]
# A factor of 49, the size of the map. [Lin, Chen and Yan (2014)](https://arxiv.org/abs/1312.4400) proposed the global average in the place of large linear layers for this reason: it has no parameters that could overfit.
#
# !!! warning "A common mistake: the two ones that stay"
#     A global pool keeps the axes of the map, with length 1. A linear layer looks at the *last* axis, finds 1 in the place of the channels, and refuses. Put `nn.Flatten()` between them.

# %%
forgotten = nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Linear(8, 10))
print(tuple(forgotten[:2](torch.rand(1, 3, 32, 32)).shape))
try:
    forgotten(torch.rand(1, 3, 32, 32))
except RuntimeError as error:
    print(error)

# %% [markdown]
# ## Average or maximum?
#
# A detector has found something: a few large numbers in a map of zeros. The image grows around it, the thing itself does not.
#
# !!! question "Predict"
#     The map grows from 4×4 to 32×32. What happens to the global average? And to the global maximum?

# %%
sides, averages, maxima = (4, 8, 16, 32), [], []
for side in sides:
    found_here = torch.zeros(1, side, side)
    found_here[0, :2, :2] = 8.0
    averages.append(average(found_here).item())
    maxima.append(largest(found_here).item())
    print(f"{side:>2}×{side:<2}  average {averages[-1]:.3f}, maximum {maxima[-1]:.0f}")


# %%
def draw(figure):
    axes = figure.subplots()
    axes.plot(sides, maxima, "s-", label="global maximum")
    axes.plot(sides, averages, "o-", label="global average")
    axes.set_xlabel("side of the map")
    axes.set_xticks(sides)
    axes.set_ylim(0, 9)
    figure.legend(loc="outside lower center", ncols=2)


plot(
    draw,
    "adaptive-average-or-maximum",
    alt="Two lines over the side of the map, 4 to 32. The global maximum stays at 8. The global "
    "average begins at 2 and falls towards 0.",
    caption="The same find in a larger map: the average thins out, the maximum stays.",
)

# %% [markdown]
# The average asks *how much of it is there?* Twice the side, a quarter of the answer. The maximum asks *is it there at all?* and stays at 8. But one noisy pixel is enough to fool the maximum, and its gradient reaches one pixel per channel.
#
# Neither cares where the thing is. Roll the map around, and both stay the same (the average up to rounding, on other numbers than these):

# %%
found_here = torch.zeros(1, 8, 8)
found_here[0, :2, :2] = 8.0
same = [
    torch.equal(pool(found_here), pool(found_here.roll((down, across), (1, 2))))
    for pool in (average, largest)
    for down in range(8)
    for across in range(8)
]
print(all(same), len(same))

# %% [markdown]
# ## Where was it?
#
# The global average forgets the place. But a linear layer behind it can give it back, for both are linear. You may take the score *first*, at every place, and the mean afterwards:
#
# $$w \cdot \operatorname{mean}(x) = \operatorname{mean}(w \cdot x)$$

# %%
weights = torch.tensor([2.0, -1])  # of one class, for two channels
score = weights @ average(maps).flatten()
places = (weights[:, None, None] * maps).sum(dim=0)  # a score for each place
print(score.item(), places.mean().item())

# %% [markdown]
# The same number. The map of scores before the mean is called a **class activation map** ([Zhou et al. 2016](https://arxiv.org/abs/1512.04150)). It says how much each place adds to the class. And it is a convolution with a 1×1 kernel:

# %%
scores = nn.Conv2d(2, 1, 1, bias=False)
scores.weight.data[:] = weights[None, :, None, None]
scores.requires_grad_(False)
print(torch.equal(scores(maps)[0], places))

# %%
show(
    slide(scores, maps),
    "adaptive-class-map",
    "A class activation map: 2 times the first channel minus the second, at each place.",
)

# %% [markdown]
# With the maximum this does not work. The maximum is not linear, so score and pool cannot change places.
#
# ## Keep one axis
#
# `None` means: leave this axis as it is. So `nn.AdaptiveAvgPool2d((None, 1))` takes the mean of each row.

# %%
print(nn.AdaptiveAvgPool2d((None, 1))(maps)[0].flatten())
print(maps[0].mean(dim=1))

# %% [markdown]
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** You want 3 outputs from 8 inputs. Where do the windows begin and end?
#
# ??? success "Answer"
#     From 0 to 3, from 2 to 6, from 5 to 8. The cuts fall at two and two thirds and at five and a third. The middle window has four numbers.
#
# **2.** Which plain pool equals `nn.AdaptiveAvgPool2d(4)` on an input of 32×32? Give kernel size and stride.
#
# ??? success "Answer"
#     Kernel size 8 and stride 8. 4 divides 32.
#
# **3.** A map of 256 channels of 6×6 goes to 10 classes. How many times fewer weights do you need after a global pool than after flattening?
#
# ??? success "Answer"
#     36 times: 2,560 in place of 92,160.
#
# **4.** A 3×3 map holds the numbers from 1 to 9 in reading order. What do the global average and the global maximum give? And if you add a border of zeros first?
#
# ??? success "Answer"
#     5 and 9. With the border the average is 1.8, for the same sum of 45 is shared by 25 numbers. The maximum is still 9.
#
# Check all four:

# %% tags=["collapse"]
print(windows(8, 3))
big = torch.rand(1, 32, 32)
print(plain(32, 4), torch.allclose(nn.AvgPool2d(8)(big), nn.AdaptiveAvgPool2d(4)(big)))
times = (256 * 6 * 6 * 10) // (256 * 10)
print(times)
nine = torch.arange(1.0, 10).reshape(1, 3, 3)
bordered = nn.functional.pad(nine, (1, 1, 1, 1))
answers = [pool(m).item() for m in (nine, bordered) for pool in (average, largest)]
print([round(answer, 1) for answer in answers])

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. Start and end of each window, such as [(0, 4), (4, 8)].
check(..., lambda: windows(8, 3))
# 2. Kernel size and stride, such as (2, 2).
check(..., lambda: plain(32, 4))
# 3. How many times fewer.
check(..., lambda: times)
# 4. Average and maximum, then both with the border, such as (1, 2, 3, 4).
check(..., lambda: [round(answer, 1) for answer in answers])

# %% [markdown]
# ## What you know now
#
# - You name the output. Windows begin at the cut rounded down and end at the cut rounded up.
# - If the output's size divides the input's, it is a plain pool. If not, windows overlap or differ in size.
# - An output larger than the input repeats numbers, without a warning.
# - A global pool leaves one number for each channel. It takes images of any size and saves weights.
# - The average asks how much, the maximum asks whether. Behind an average you can still say where.
#
# Next: what the choice of a pool is worth, [trained on digits](trained-on-digits.ipynb).
