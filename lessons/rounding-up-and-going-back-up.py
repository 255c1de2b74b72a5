# ---
# title: Rounding up, and going back up
# description: A pool that rounds up instead of down, and a layer that makes a small map large again. Each point of it paints a square.
# ---

# %% [markdown]
# # Rounding up, and going back up
#
# A network that labels every pixel makes a map small to understand the picture, then large again to draw the labels on it, pixel on pixel. Here is a portrait of 25×25 pixels. A pool of 2 makes it small, and then each pixel is enlarged to a block of 2×2:

# %% tags=["hide-input"]
import math
from textwrap import fill

import matplotlib.cbook
import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from slidingwindows import slide
from slidingwindows.lesson import plot, show

picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
picture = picture.crop((90, 20, 410, 340)).resize((25, 25))
photo = torch.from_numpy(np.array(picture)).float()[None, None] / 255
pooled = nn.MaxPool2d(2)(photo)
enlarged = nn.Upsample(scale_factor=2)(pooled)


def draw(figure):
    panels = figure.subplots(1, 3)
    short = 25 - enlarged.shape[-1]
    beside = F.pad(enlarged, (0, short, 0, short), value=torch.nan)  # as large as the photo
    names = "25×25", "pooled: 12×12", "enlarged: 24×24"
    for axes, name, image in zip(panels, names, (photo, pooled, beside), strict=True):
        axes.imshow(image[0, 0].numpy(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(name)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.grid(False)
        axes.set_facecolor("C1")  # shows where there is no pixel


plot(
    draw,
    "rounding-there-and-back",
    alt="A coarse portrait of 25 by 25 pixels, the same with 12 by 12, and the same with 24 by 24 in "
    "a frame for 25 by 25. In the last one a row at the bottom and a column at the right are marked: "
    "they hold no pixels.",
    caption="Down by 2 and up by 2. The row and the column that the pool left over do not come back.",
    height=230,
)

# %% [markdown]
# A row and a column are missing. Half of 25 is 12.5, the pool rounded it down to 12, and twice 12 is 24. You can repair this in two places. On the way down you can round up, and on the way up you can say which size you want. This lesson does both.
#
# !!! abstract "What you will be able to do"
#     - Predict `ceil_mode`, also where torch drops a window again.
#     - Tell which convolutions halve and round up.
#     - Work out a transposed convolution by painting squares.
#     - Say what `output_padding` adds, and why those numbers are not just zeros.
#     - Say what a layer that resizes and then convolves does.
#
# ## ceil_mode: round up
#
# Pools have a switch that rounds up instead of down. The last window then reaches past the end.
#
# !!! question "Predict"
#     25 rows through `nn.MaxPool2d(2)` give 12. How many with `ceil_mode=True`? And what does the last window see?

# %%
def size(layer, i):
    """The side that comes out of a layer when a square map of side i goes in."""
    return layer(torch.zeros(1, i, i)).shape[-1]


up = nn.MaxPool2d(2, ceil_mode=True)
print(size(nn.MaxPool2d(2), 25), size(up, 25))

x = torch.tensor([[
    [3., 1, 4, 1, 5, 9, 2],
    [6., 5, 3, 5, 8, 9, 7],
    [9., 3, 2, 3, 8, 4, 6],
    [2., 6, 4, 3, 3, 8, 3],
    [2., 7, 9, 5, 0, 2, 8],
    [8., 4, 1, 9, 7, 1, 6],
    [9., 3, 9, 9, 3, 7, 5],
]])
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
    return math.ceil((i + 2 * p - k) / s) + 1


print(" i  k  s  p  plain  torch")
for i, k, s, p in ((25, 2, 2, 0), (5, 3, 3, 1), (10, 1, 2, 0)):
    plain = plain_ceiling(i, k, s, p)
    torchs = size(nn.MaxPool2d(k, s, p, ceil_mode=True), i)
    print(f"{i:2} {k:2} {s:2} {p:2} {plain:6} {torchs:6}")

# %% [markdown]
# Does `ceil_mode` make the pool read every pixel? Without [dilation](dilation.ipynb) it does, if the kernel is at least as long as the stride. If not, there are gaps between the windows, and with dilation there are gaps within them, which the next window need not fill. No rounding fills a gap:

# %%
def unread(i, kernel, stride, padding=0, up=False):
    """How many pixels of an i×i map no window reads."""
    image = torch.zeros(1, i, i, requires_grad=True)
    pool = nn.AvgPool2d(kernel, stride, padding, ceil_mode=up)
    pool(image).sum().backward()
    return int((image.grad == 0).sum())


for k in (2, 1):
    print(f"kernel {k}, stride 2: {unread(9, k, 2, up=True)} of 81 unread")

# %% [markdown]
# ### A mean beyond the edge
#
# An average pool divides by the size of its window, and it counts the zeros of the padding, as you saw in [padding](padding.ipynb). But the part of a window that hangs out *beyond* the padding is no place of the map at all, so it is never counted:

# %%
white = torch.ones(1, 4, 4)
beyond = nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True)
beyond(white)[0]

# %% [markdown]
# Look at the last number. Its window starts on the last real pixel. It covers that pixel and three of padding; the other five places are beyond. So torch divides 1 by 4, not by 9. `count_include_pad` has no say in those five, but a divisor of your own has:

# %%
nine = nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, divisor_override=9)
nine(white)[0]

# %% [markdown]
# Now the last number is 1/9.
#
# ## A convolution rounds by its padding
#
# Convolutions have no `ceil_mode`. For them there is padding, because padding lies at the end, too, and what the floor cuts off at the end is padding first. A window of 3 at stride 2 with padding 1 turns 5×5 and 6×6 into 3×3. On 6×6 the leftover is the padding below and at the right, and no real pixel is lost:

# %%
pad1 = nn.Conv2d(1, 1, 3, stride=2, padding=1)
for i in (5, 6):
    print(f"{i}×{i} gives {size(pad1, i)}, unread: {unread(i, 3, 2, 1)}")

# %% [markdown]
# 5 became 3, so this layer halves and rounds up. Whether a layer of stride 2 rounds up or down depends on its kernel. A few settings are worth knowing by heart, with the two on top that keep the size at stride 1:

# %% tags=["hide-input"]
sizes = (10, 11, 12, 13)
print(" k  s  p  ", sizes)
common = (1, 1, 0), (3, 1, 1), (2, 2, 0), (4, 2, 1), (3, 2, 1), (7, 2, 3)
for k, s, p in common:
    layer = nn.Conv2d(1, 1, k, s, p)
    print(f"{k:2} {s:2} {p:2}  ", [size(layer, i) for i in sizes])

# %% [markdown]
# The first two keep the size. The next two halve and round **down**. The last two halve and round **up**. In all of them the padding is $(k-1)/2$, cut to a whole number. Then, at stride 2, even kernels round down and odd kernels round up.
#
# ## The way back up
#
# A **transposed convolution** enlarges a map. Think of each number of the small map as a point that paints a square. The square is the kernel, times the number. The stride says how far apart the squares begin, and where squares overlap, their numbers add up.
#
# !!! question "Predict"
#     Four points hold 1, 2, 3 and 4. The kernel is 3×3, and the squares begin 2 apart. How large is the painting? And which of its places gets paint from all four points?
#
# Look at the four squares first:

# %% tags=["hide-input"]
kernel = torch.tensor([[1., 0, 1],
                       [0., 2, 0],
                       [1., 0, 1]])
points = torch.tensor([[1., 2],
                       [3., 4]])
places = {}
for row in (0, 1):
    for col in (0, 1):
        square = kernel * points[row, col]
        around = (2 * col, 2 - 2 * col, 2 * row, 2 - 2 * row)  # left, right, above, below
        places[f"{points[row, col]:.0f} paints"] = F.pad(square, around, value=torch.nan)


def paint_squares(figure):
    panels = figure.subplots(1, 5)
    for axes, (name, values) in zip(panels, {"the points": points, **places}.items(), strict=True):
        axes.imshow(values, cmap="Blues", vmin=0, vmax=16)  # pale enough for dark digits
        for row, line in enumerate(values.tolist()):
            for col, value in enumerate(line):
                if value == value:  # not the empty places
                    text = {"ha": "center", "va": "center", "color": "black", "fontsize": 12}
                    axes.text(col, row, int(value), **text)
        axes.set(title=name, xticks=[], yticks=[])
        axes.spines[:].set_visible(True)  # the canvas's edge
        axes.grid(False)


plot(
    paint_squares,
    "rounding-painting",
    alt="Five grids. The first holds the points 1, 2, 3 and 4 in two rows. The four others are 5 by 5 "
    "and empty, but for a square of 3 by 3 in one corner each: the kernel, times 1, 2, 3 and 4.",
    caption="Each point paints the kernel, times itself, on a canvas of 5×5. Lay the four canvases on "
    "one another and add.",
    height=190,
)

# %% [markdown]
# In code, `nn.Fold` can lay them down: you give it each square as a column of nine numbers, and it lays them out and adds.

# %%
squares = kernel.reshape(9, 1) * points.reshape(1, 4)
lay = nn.Fold((5, 5), kernel_size=3, stride=2)
lay(squares)

# %%
show(slide(lay, squares), "rounding-squares", "Each column is a square: the kernel times a point. The squares begin 2 apart and are 3 wide, so neighbours share a row or a column.")

# %% [markdown]
# The place in the middle gets paint from all four: 1 + 2 + 3 + 4 is 10. Now the layer that torch has for it:

# %%
paint = nn.ConvTranspose2d(1, 1, 3, stride=2, bias=False).requires_grad_(False)
paint.weight.data = kernel.reshape(1, 1, 3, 3)
print(torch.equal(paint(points[None]), lay(squares)))

# %% [markdown]
# The same numbers. In a network the kernel is learned, and each channel has its own squares.
#
# How large is the painting? The first of $i$ squares begins at 0, and the last one begins at $(i - 1)\,s$ and is $k$ long. That is the formula of [output size](output-size.ipynb), turned around: a convolution with this kernel and stride makes 2 of 5, and this layer makes 5 of 2. The other arguments of a convolution are turned around as well. A padding $p$ *cuts* $p$ pixels from each side of the painting, and a dilation $d$ spreads the squares. One letter is new, the $a$ at the end:
#
# $$o = (i - 1)\,s - 2p + d(k-1) + 1 + a$$
#
# ### output_padding: which size to go back to
#
# A convolution with a kernel of 3, a stride of 2 and a padding of 1 makes 3 of 5, and 3 of 6 as well. Which of the two should the 3 return to? You choose, by $a$, which torch calls `output_padding`.
#
# !!! question "Predict"
#     The name sounds as if a row and a column of zeros were put at the end. Is that so?

# %%
three = torch.arange(1., 10).reshape(1, 3, 3)
whole = paint(three)[0]
print(whole)
for a in (0, 1):
    back = nn.ConvTranspose2d(1, 1, 3, 2, padding=1, output_padding=a, bias=False)
    back.weight.data = kernel.reshape(1, 1, 3, 3)
    out = back(three)[0].detach()
    print("output_padding", a, "gives", tuple(out.shape))
    print("  a cut of the painting:", torch.equal(out, whole[1 : 6 + a, 1 : 6 + a]))

# %% [markdown]
# It is not so. The whole painting is 7×7. A padding of 1 cuts a pixel from each of its four sides, which leaves 5×5. An `output_padding` of 1 cuts nothing below and at the right, which leaves 6×6. So the extra row and column are **paint that would have been cut away**.
#
# Torch describes the same numbers in another way, which you will meet in other texts. It stretches the input by zeros between its pixels, puts more zeros around it, $k - 1 - p$ on each side, and slides a window over that, with the kernel turned by 180°. Here you cannot see the turn, because this kernel looks the same upside down:

# %%
show(slide(back, three), "size-transposed", "Torch's other reading: a window over a stretched input, where zeros lie between the pixels. Here `output_padding=1` does add zeros, a row below and a column at the right, but to the stretched input and not to the output.")

# %% [markdown]
# [Open this layer in the explorer](../explorer.md#call=nn.ConvTranspose2d%281,1,3,stride=2,padding=1,output_padding=1,bias=False%29&input=1,2,3;4,5,6;7,8,9&weights=1,0,1;0,2,0;1,0,1), set `output_padding` to 0, and see which row and column go.
#
# But what if nothing was cut? Without padding the whole painting is the output, and an extra row lies beyond it. No square reaches that far, so the row holds the bias alone:

# %%
torch.manual_seed(0)
bare = nn.ConvTranspose2d(1, 1, 2, stride=2, output_padding=1).requires_grad_(False)
beyond = bare(torch.rand(1, 12, 12))[0, -1]
print(len(beyond), "numbers, all of them the bias:", bool((beyond == bare.bias).all()))

# %% [markdown]
# !!! warning "A common mistake: down and up again"
#     Add the enlarged map to the original, as networks with skip connections do, and an odd size fails:

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
# 25 went down to 12, and 12 up to 24. Say `output_size`, and torch works out the `output_padding` that it takes. Now the shapes fit. But this kernel is 2 and nothing is cut, so the last row and the last column are bias and no more. A kernel of 3 without padding paints them, because $11 \cdot 2 + 3$ is 25.
#
# ## Resize, then convolve
#
# There is another way up, in two steps. First copy each number into a block, to any size that you like. Then let a plain convolution refine the large map:

# %%
resize = nn.Sequential(nn.Upsample(size=(25, 25)), nn.Conv2d(1, 1, 3, padding=1))
print(tuple(resize(small[None]).shape))

# %% [markdown]
# So 25 needs no special argument. And what does such a layer do with a point? Take one single point, enlarge it by 2, and let the nine weights all be 1.
#
# !!! question "Predict"
#     How large is the square that the point paints?

# %%
refine = nn.Conv2d(1, 1, 3, padding=1, bias=False).requires_grad_(False)
refine.weight.data = torch.ones(1, 1, 3, 3)
double = nn.Sequential(nn.Upsample(scale_factor=2), refine)
point = torch.zeros(1, 1, 4, 4)
point[0, 0, 1, 1] = 1
square = double(point)[0, 0, 1:5, 1:5]
print(square)
print("all of it:", bool(square.sum() == double(point).sum()))

# %% [markdown]
# It paints a square of 4×4, because the block of 2×2 is seen by all windows that touch it. And the squares of neighbours begin 2 apart. So this layer *is* a transposed convolution, with a kernel of 4, a stride of 2 and a padding of 1:

# %%
same = nn.ConvTranspose2d(1, 1, 4, 2, padding=1, bias=False).requires_grad_(False)
same.weight.data = square.reshape(1, 1, 4, 4).clone()
any_map = torch.randint(0, 10, (1, 1, 5, 5)).float()
print(torch.equal(same(any_map), double(any_map)))

# %% [markdown]
# But its sixteen numbers are not free. Each is a sum of some of the nine weights, and whatever these are, a map of equal numbers comes out equal, except along the border, where the zeros of the padding are seen. A transposed convolution has no such promise, and [going up without checkerboards](going-up-without-checkerboards.ipynb) shows what comes of that.
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
# **2.** `nn.MaxPool2d(3, ceil_mode=True)` gets a 10×10 map. What size comes out, and how many pixels does the corner window at the lower right see?
#
# ??? success "Answer"
#     4, and one pixel.
#
# **3.** What does `nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True)` make of a height of 5? First take the plain ceiling. Then check the rule.
#
# ??? success "Answer"
#     3. The plain ceiling is 4, from 2.5 rounded up, plus 1. Its last window would start at 3·2 = 6, and 5 + 1 = 6. So it is dropped.
#
# **4.** Which `output_padding` brings a height of 12 back to 25 with `nn.ConvTranspose2d(1, 1, 2, stride=2, bias=False)`? And which number fills the 25th row?
#
# ??? success "Answer"
#     1, because $11 \cdot 2 + 2 = 24$ without it. And 0: the squares end with row 24, and there is no bias.
#
# **5.** A 4×4 map goes through `nn.ConvTranspose2d(1, 1, 5, stride=3)`. What size comes out? And how many squares overlap, where the most do?
#
# ??? success "Answer"
#     14 and 4. $(4 - 1) \cdot 3 + 5$ is 14. Along one side two squares of 5 overlap when they begin 3 apart, and two times two is 4.
#
# Check all five:

# %% tags=["collapse"]
stem = nn.Conv2d(3, 64, 7, stride=2, padding=3)
after = nn.MaxPool2d(3, 2, padding=1)
first = stem(torch.zeros(3, 224, 224))
print(first.shape[-1], after(first).shape[-1])
ten = torch.zeros(1, 10, 10, requires_grad=True)
corner = nn.AvgPool2d(3, ceil_mode=True)(ten)
corner[0, -1, -1].backward()
print(corner.shape[-1], int((ten.grad != 0).sum()))
print(size(nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True), 5))
grown = {a: nn.ConvTranspose2d(1, 1, 2, 2, output_padding=a, bias=False) for a in (0, 1)}
right = next(a for a in grown if size(grown[a], 12) == 25)
last = grown[right](torch.rand(1, 12, 12))[0, -1].unique()
print(right, last.tolist())
counting = nn.ConvTranspose2d(1, 1, 5, stride=3, bias=False).requires_grad_(False)
counting.weight.data = torch.ones(1, 1, 5, 5)
counts = counting(torch.ones(1, 4, 4))[0]
print(len(counts), int(counts.max()))

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The two heights, such as (3, 2).
check(..., lambda: (first.shape[-1], after(first).shape[-1]))
# 2. The size, and the pixels of the corner window, such as (3, 2).
check(..., lambda: (corner.shape[-1], int((ten.grad != 0).sum())))
# 3. The height that comes out.
check(..., lambda: size(nn.MaxPool2d(2, stride=2, padding=1, ceil_mode=True), 5))
# 4. The output_padding, and the number in the last row, such as (2, 3).
check(..., lambda: (right, last.item()))
# 5. The size, and how many squares overlap, such as (10, 2).
check(..., lambda: (len(counts), int(counts.max())))

# %% [markdown]
# ## What you know now
#
# - `ceil_mode` rounds up and reads the pixels at the end, unless the window would start past the input.
# - A convolution rounds by its padding. With a padding of $(k-1)/2$, cut to a whole number, at stride 2 even kernels round down and odd kernels round up.
# - In a transposed convolution each point paints a square: the kernel, times the point. Squares add up, and a padding cuts the painting.
# - `output_padding` cuts less. If nothing was cut, it adds rows of bias.
# - A resize followed by a convolution paints squares too, and it goes to any size.
#
# So much for sizes. What if you want a map small, but not by a pool? Next: [stride instead of pooling](stride-instead-of-pooling.ipynb).
#
# Sources: [Dumoulin and Visin (2016)](https://arxiv.org/abs/1603.07285) work out the sizes of transposed convolutions; [their animations, with numbers](convolution-arithmetic.ipynb), are in the gallery. The rule of the dropped window is in torch's documentation of [MaxPool2d](https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html). The words and the measurements are our own.
