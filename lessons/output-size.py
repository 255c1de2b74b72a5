# ---
# title: Output size
# description: How big a map comes out, what the floor throws away, when ceil_mode gives a window more, and when torch takes that window back.
# ---

# %% [markdown]
# # Output size
#
# A layer turns 25 rows into 12, or into 13, or into 23. Which one will it be? You can know before you run anything.
#
# !!! abstract "What you will be able to do"
#     - Count the stops of a window, and write the count as a formula.
#     - Say which pixels no window reads.
#     - Predict `ceil_mode`, also where torch drops a window again.
#     - Keep the two default strides apart, and go back up with a transposed convolution.
#     - Read torch's messages when no window fits.
#
# ## Count the stops
#
# A window makes one output number at each stop. So the output's size is the number of stops.
#
# Take one row of 8 pixels, a window of 3 and a stride of 2. The first stop takes 3 pixels, and 5 are left. Each further stop takes 2 of them.
#
# !!! question "Predict"
#     How many stops are there? And what becomes of the last pixel?

# %%
from itertools import product
from textwrap import fill

import torch
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import plot, show

row = torch.tensor([[3.0, 1, 4, 1, 5, 9, 2, 6]])
nn.MaxPool1d(3, stride=2)(row)

# %%
show(slide(nn.MaxPool1d(3, stride=2), row), "size-stops", "A window of 3 at stride 2 on 8 pixels. A fourth stop would need a ninth pixel, so the eighth is left over.")

# %% [markdown]
# Three stops. One pixel is left, and one is not enough for a step of 2.
#
# In letters: the input has $i$ pixels, the kernel $k$, the stride is $s$. After the first stop $i - k$ pixels are left, which is room for $\lfloor (i-k)/s \rfloor$ more. The half brackets are the **floor**: cut off the fraction.
#
# Two arguments change the numbers that go in, not the rule. A padding $p$ adds $p$ pixels on each side: $i + 2p$ instead of $i$. A dilation $d$ spreads the kernel over $d(k-1) + 1$ pixels instead of $k$. Each has a lesson of its own. Together:
#
# $$o = \left\lfloor \frac{i + 2p - d(k-1) - 1}{s} \right\rfloor + 1$$
#
# Believe it when torch does:


# %%
def size(layer, *shape):
    """The height that comes out of a layer."""
    return layer(torch.zeros(1, *shape)).shape[-2]


sides, kernels = range(9, 20), (1, 2, 3, 4)
settings = list(product(sides, kernels, (1, 2, 3), (0, 1, 2), (1, 2)))
for i, k, s, p, d in settings:
    o = (i + 2 * p - d * (k - 1) - 1) // s + 1
    assert size(nn.Conv2d(1, 1, k, s, p, d), i, i) == o
print(len(settings), "settings, one formula")

# %% [markdown]
# It holds for pools, too. It is computed for rows and columns apart.
#
# ## What the floor throws away
#
# The fraction that the floor cuts off is made of pixels.
#
# !!! question "Predict"
#     A 7×7 map goes through `nn.MaxPool2d(2)`. What size comes out? How many of the 49 pixels are never read?

# %%
x = torch.tensor([[
    [3., 1, 4, 1, 5, 9, 2],
    [6., 5, 3, 5, 8, 9, 7],
    [9., 3, 2, 3, 8, 4, 6],
    [2., 6, 4, 3, 3, 8, 3],
    [2., 7, 9, 5, 0, 2, 8],
    [8., 4, 1, 9, 7, 1, 6],
    [9., 3, 9, 9, 3, 7, 5],
]])
pool = nn.MaxPool2d(2)
pool(x)

# %%
show(slide(pool, x), "size-floor", "7×7 gives 3×3. The hatched row and column are read by no window.")


# %% [markdown]
# The last row and the last column are lost: 13 pixels. Autograd, the part of torch that works out gradients, can count them. An average pool uses every pixel of its windows, so a pixel with the gradient zero was never read:


# %%
def unread(i, kernel, stride, padding=0, up=False):
    """How many pixels of an i×i map no window reads."""
    image = torch.zeros(1, i, i, requires_grad=True)
    pool = nn.AvgPool2d(kernel, stride, padding, ceil_mode=up)
    pool(image).sum().backward()
    return int((image.grad == 0).sum())


for i in (6, 7, 8, 9):
    print(f"{i}×{i} gives {size(pool, i, i)}, unread: {unread(i, 2, 2)}")

# %% [markdown]
# The leftover is the remainder of the division: $(i + 2p - k) \bmod s$ rows at the bottom, and as many columns at the right. **The loss is always at the end**, never at the beginning.
#
# With padding, the end is padding first. A window of 3 at stride 2 with padding 1 turns 5×5 and 6×6 into 3×3. On 6×6 the leftover is the padding below and at the right, and no real pixel is lost:

# %%
pad1 = nn.MaxPool2d(3, stride=2, padding=1)
for i in (5, 6):
    print(f"{i}×{i} gives {size(pad1, i, i)}, unread: {unread(i, 3, 2, 1)}")

# %% [markdown]
# Is a remainder an error? Not in torch. An input of 10 with a kernel of 3 and a stride of 2 gives 4.5 before the floor, and 4 after it:

# %%
size(nn.Conv2d(1, 1, 3, stride=2), 10, 10)

# %% [markdown]
# The well-known [CS231n notes](https://cs231n.github.io/convolutional-networks/) call this very setting invalid, and list what a library might do: refuse, pad, or crop. Torch crops, without a word.
#
# ### Many small losses
#
# Floors add up. Five pools of 2 in a row keep $\lfloor i/32 \rfloor$. So 224 and 255 both end at 7, and the larger photo has paid for 31 rows that reach no output:

# %%
five = nn.Sequential(*[nn.MaxPool2d(2) for _ in range(5)])
print([(i, size(five, i, i)) for i in (223, 224, 255, 256)])

# %% [markdown]
# Opinion: choose an input whose size is a multiple of the product of all strides. Then nothing is lost, and the way back up is easy.
#
# ## ceil_mode: round up
#
# Pools have a switch that rounds up instead of down. The last window then reaches past the end.
#
# !!! question "Predict"
#     25 rows through `nn.MaxPool2d(2)` give 12. How many with `ceil_mode=True`? And what does the last window see?

# %%
up = nn.MaxPool2d(2, ceil_mode=True)
print(size(pool, 25, 25), size(up, 25, 25))
up(x)

# %%
show(slide(up, x), "size-ceil", "7×7 now gives 4×4. The last windows reach past the edge, where the dashed frame is, and take what is there.")

# %% [markdown]
# 13 instead of 12. Beyond the edge there is nothing, so the last window works with the pixels it has. The corner window keeps its only one, the 5.
#
# ### The window that torch takes back
#
# Rounding up has one exception.
#
# !!! question "Predict"
#     A 5×5 map, a window of 3, stride 3, padding 1. The division gives $(5 + 2 - 3)/3 = 1.33$. Rounded up and plus one, that makes 3. Is it 3?

# %%
drop = nn.MaxPool2d(3, stride=3, padding=1, ceil_mode=True)
drop(x[:, :5, :5])

# %%
show(slide(drop, x[:, :5, :5]), "size-dropped", "Rounding up asks for three windows a side. The third would start in the padding, so torch drops it.")

# %% [markdown]
# It is 2. The third window would start behind the last real pixel. It would see padding and nothing else, and its maximum would be minus infinity.
#
# So torch checks the last window. Count from the first pixel of the left padding. The window starts at $(o-1)s$, and the input ends at $i + p$. If the window starts there or later, **it is dropped**:
#
# $$(o - 1)\,s \ge i + p \quad\Rightarrow\quad o \text{ becomes } o - 1$$
#
# Here 2·3 = 6 is not less than 5 + 1 = 6. Without padding it can happen too, but only if the stride is larger than the kernel:


# %%
def plain_ceiling(i, k, s, p):
    return -(-(i + 2 * p - k) // s) + 1


print(" i  k  s  p  plain  torch")
for i, k, s, p in ((25, 2, 2, 0), (5, 3, 3, 1), (10, 1, 2, 0)):
    plain = plain_ceiling(i, k, s, p)
    torchs = size(nn.MaxPool2d(k, s, p, ceil_mode=True), i, i)
    print(f"{i:2} {k:2} {s:2} {p:2} {plain:6} {torchs:6}")

# %% [markdown]
# Does `ceil_mode` make the pool read every pixel? Without dilation it does, if the kernel is at least as long as the stride. If not, there are gaps between the windows, and with dilation there are gaps within them, which the next window need not fill. No rounding fills a gap:

# %%
for k in (2, 1):
    print(f"kernel {k}, stride 2: {unread(9, k, 2, up=True)} of 81 unread")

# %% [markdown]
# Convolutions have no `ceil_mode`. For them there is padding.
#
# ## Steps and stairs
#
# Here are four settings on all inputs from 4 to 16. Torch computed every dot.

# %%
layers = {
    "Conv2d, kernel 3": nn.Conv2d(1, 1, 3),
    "MaxPool2d(2, ceil_mode=True)": nn.MaxPool2d(2, ceil_mode=True),
    "MaxPool2d(2)": nn.MaxPool2d(2),
    "MaxPool2d(3)": nn.MaxPool2d(3),
}
inputs = range(4, 17)
stairs = {name: [size(layer, i, i) for i in inputs] for name, layer in layers.items()}


def draw(figure):
    axes = figure.subplots()
    for name, sizes in stairs.items():
        axes.plot(inputs, sizes, label=name, drawstyle="steps-post")
    axes.set(xlabel="input size", ylabel="output size")
    axes.set(xticks=inputs, yticks=range(0, 15, 2))
    axes.legend()


plot(
    draw,
    "size-stairs",
    alt="Output size against input size from 4 to 16. The convolution rises by one with each input. "
    "Both pools of 2 climb a step every second input, the one with ceil_mode a step earlier. "
    "The pool of 3 climbs a step every third input.",
    caption="A stride of 1 climbs straight. At a stride of 2 or 3, as many inputs share one output size.",
    height=380,
)

# %% [markdown]
# A stride of 2 gives two inputs the same output size. Keep that in mind for the way back up.
#
# ## Two defaults for one argument
#
# You may leave the stride out, as you saw in [max pooling](max-pooling.ipynb). What you get depends on the layer. Here are a window of 3, no stride, and a 9×9 map:

# %%
nine = torch.zeros(1, 9, 9)
for layer in (nn.MaxPool2d(3), nn.AvgPool2d(3), nn.Conv2d(1, 1, 3)):
    name = type(layer).__name__
    print(f"{name} stride {layer.stride}, size {size(layer, 9, 9)}")
print("function     ", tuple(nn.functional.max_pool2d(nine, 3).shape))
print("stride=None  ", tuple(nn.MaxPool2d(3, stride=None)(nine).shape))

# %% [markdown]
# A pool's stride defaults to its `kernel_size`; that is what `stride=None` means. A convolution's defaults to 1.
#
# ## Kernels that keep the size, and kernels that halve
#
# At stride 1 the formula is $o = i + 2p - k + 1$. The size stays if $2p = k - 1$. Two times a whole number is even, so **the kernel must be odd**. That is one reason why you see 3, 5 and 7 so often.
#
# At stride 2 a few settings are worth knowing by heart:

# %% tags=["hide-input"]
sizes = (10, 11, 12, 13)
print(" k  s  p  ", sizes)
common = (1, 1, 0), (3, 1, 1), (2, 2, 0), (4, 2, 1), (3, 2, 1), (7, 2, 3)
for k, s, p in common:
    layer = nn.Conv2d(1, 1, k, s, p)
    print(f"{k:2} {s:2} {p:2}  ", [size(layer, i, i) for i in sizes])

# %% [markdown]
# The first two keep the size. The next two halve and round **down**. The last two halve and round **up**. In all of them the padding is $(k-1)/2$, cut to a whole number. Then, at stride 2, even kernels round down and odd kernels round up.
#
# ## Rows and columns apart
#
# All arguments also take a pair: rows first, then columns. Nothing mixes.
#
# !!! question "Predict"
#     An 8×8 map, a window of 3 rows and 5 columns, stride `(3, 4)`, padding `(0, 1)`. Work out both sides.

# %%
wide = nn.MaxPool2d((3, 5), stride=(3, 4), padding=(0, 1))
chance = torch.Generator().manual_seed(3)
eight = torch.randint(0, 10, (1, 8, 8), generator=chance).float()
wide(eight)

# %%
show(slide(wide, eight), "size-rectangle", "Rows: no padding, so two rows are left over. Columns: one pixel of padding on each side; the one at the right is left over.")

# %% [markdown]
# Rows: $(8 - 3)/3$ is 1.67, cut to 1, plus 1 is 2. Columns: $(8 + 2 - 5)/4$ is 1.25, cut to 1, plus 1 is 2. The padding at the left is read. The padding at the right is the leftover.
#
# ## The way back up
#
# A **transposed convolution** enlarges a map. It turns the sizes around: where a convolution made 3 of 5, it makes 5 of 3. Its formula is the old one, solved for the input. The $i$ is again what goes in:
#
# $$o = (i - 1)\,s - 2p + d(k-1) + 1 + a$$
#
# But a stair has no way back. A convolution with a kernel of 3, a stride of 2 and a padding of 1 makes 3 of 5, and 3 of 6. Which one shall the 3 return to? You choose, by $a$, called `output_padding`:

# %%
for a in (0, 1):
    back = nn.ConvTranspose2d(1, 1, 3, 2, padding=1, output_padding=a)
    print("output_padding", a, "gives", size(back, 3, 3))

three = torch.arange(1.0, 10).reshape(1, 3, 3)
back = nn.ConvTranspose2d(1, 1, 3, 2, 1, output_padding=1, bias=False)
back.weight.data = torch.tensor([[[[1.0, 0, 1], [0, 2, 0], [1, 0, 1]]]])

# %%
show(slide(back, three), "size-transposed", "Torch's numbers come out of a plain window over a stretched input: zeros stand between the pixels. `output_padding=1` adds one row below and one column at the right.")

# %% [markdown]
# Despite its name, `output_padding` pads no zeros onto the output. The extra row and column are computed like all others.
#
# !!! warning "A common mistake: down and up again"
#     Many networks pool a map, enlarge it again and add it to the original. With an odd size that fails:

# %%
image = torch.rand(1, 25, 25)
small = nn.MaxPool2d(2)(image)
enlarge = nn.ConvTranspose2d(1, 1, 2, stride=2)
try:
    image + enlarge(small)
except RuntimeError as error:
    print(fill(str(error), 66))
print(tuple(enlarge(small, output_size=(25, 25)).shape))

# %% [markdown]
# 25 went down to 12, and 12 up to 24. The lost row is lost. Say `output_size`, and torch works out the `output_padding` that it takes.
#
# ## When no window fits
#
# Small maps and deep networks end here sooner or later. These are the messages you will meet:

# %%
three = torch.rand(1, 3, 3)
calls = (
    lambda: nn.MaxPool2d(5)(three),  # a pool larger than the map
    lambda: nn.Conv2d(1, 1, 5)(three),  # a kernel larger than the map
    lambda: nn.MaxPool2d(2, stride=3 // 5)(three),  # that is 0
    lambda: nn.MaxPool2d(2)(three[0]),  # a map without channels
)
for call in calls:
    try:
        call()
    except RuntimeError as error:
        print(fill(f"- {error}", 66))

# %% [markdown]
# "Output size is too small" means: the formula gave 0 or less. In a network it is the last of many layers that complains, but an earlier one shrank too much. Print the shapes, layer by layer.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** A photo of 224×224 enters `nn.Conv2d(3, 64, 7, stride=2, padding=3)`, then `nn.MaxPool2d(3, 2, padding=1)`. What is the height after each?
#
# ??? success "Answer"
#     112 and 56. $(224 + 6 - 7)/2$ is 111.5, cut to 111, plus 1. Then $(112 + 2 - 3)/2$ is 55.5, cut to 55, plus 1.
#
# **2.** How many pixels of a 10×10 map does `nn.MaxPool2d(3)` never read?
#
# ??? success "Answer"
#     19: the last row and the last column. Three windows of 3 read 9 rows, and 100 − 81 is 19.
#
# **3.** The same pool with `ceil_mode=True`: what size comes out, and how many pixels does the corner window at the lower right see?
#
# ??? success "Answer"
#     4, and one pixel.
#
# **4.** What does `nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True)` make of a height of 5? First take the plain ceiling. Then check the rule.
#
# ??? success "Answer"
#     3. The plain ceiling is 4, from 2.5 rounded up, plus 1. Its last window would start at 3·2 = 6, and 5 + 1 = 6. So it is dropped.
#
# **5.** Which `output_padding` brings a height of 12 back to 25 with `nn.ConvTranspose2d(1, 1, 2, stride=2)`?
#
# ??? success "Answer"
#     1. Without it, $11 \cdot 2 + 2 = 24$.
#
# Check all five:

# %% tags=["collapse"]
stem = nn.Conv2d(3, 64, 7, stride=2, padding=3)
after = nn.MaxPool2d(3, 2, padding=1)
first = stem(torch.zeros(3, 224, 224))
print(first.shape[-1], after(first).shape[-1])
print(unread(10, 3, 3))
ten = torch.zeros(1, 10, 10, requires_grad=True)
corner = nn.AvgPool2d(3, ceil_mode=True)(ten)
corner[0, -1, -1].backward()
print(corner.shape[-1], int((ten.grad != 0).sum()))
print(size(nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True), 5, 5))
grown = {a: size(nn.ConvTranspose2d(1, 1, 2, 2, output_padding=a), 12, 12) for a in (0, 1)}
print(grown)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The two heights, such as (3, 2).
check(..., lambda: (first.shape[-1], after(first).shape[-1]))
# 2. The number of pixels that are never read.
check(..., lambda: unread(10, 3, 3))
# 3. The size, and the pixels of the corner window, such as (3, 2).
check(..., lambda: (corner.shape[-1], int((ten.grad != 0).sum())))
# 4. The height that comes out.
check(..., lambda: size(nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True), 5, 5))
# 5. The output_padding.
check(..., lambda: next(a for a in grown if grown[a] == 25))

# %% [markdown]
# ## What you know now
#
# - The output's size is the number of stops: one, plus the room that is left, divided by the stride and cut.
# - What the floor cuts is pixels at the end. `ceil_mode` reads them, unless the window would start past the input.
# - A pool steps by its kernel size, a convolution by 1, unless you say so.
# - A stride maps several inputs to one size. `output_padding` says which one you want back.
#
# The formula had a letter that gives you control: $p$. Next: [padding](padding.ipynb), and what is in it.
#
# Sources: [Dumoulin and Visin (2016)](https://arxiv.org/abs/1603.07285) work out the sizes of convolutions and transposed convolutions; [their animations, with numbers](convolution-arithmetic.ipynb), are in the gallery. The rule of the dropped window stands in torch's documentation of [MaxPool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html). The words and the measurements are our own.
