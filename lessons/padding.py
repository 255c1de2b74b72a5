# ---
# title: Padding
# description: A border around the input gives you control over the output size. What is in that border depends on the operation, and it leaves traces.
# ---

# %% [markdown]
# # Padding
#
# A kernel of more than one pixel trims your map, because its middle never lies on the outermost pixels. One layer takes little, but a network has many. Here are ten layers of 5×5, each with a kernel that only copies its middle pixel, so that you can watch what gets lost:

# %% tags=["hide-input"]
import matplotlib.cbook
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import plot, show

# The photo that comes with matplotlib, in grey: 0 is black, 1 is white.
picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
picture = picture.crop((90, 20, 410, 340)).resize((240, 240))
photo = torch.from_numpy(np.array(picture)).float()[None] / 255

copy = nn.Conv2d(1, 1, kernel_size=5, bias=False).requires_grad_(False)
copy.weight.data = torch.zeros(1, 1, 5, 5)
copy.weight.data[..., 2, 2] = 1
left = photo
for _ in range(10):
    left = copy(left)


def draw(figure):
    panels = figure.subplots(1, 2)
    lost = (len(photo[0]) - len(left[0])) // 2
    placed = F.pad(left, [lost] * 4, value=torch.nan)  # where it lies in the photo
    for axes, (name, values) in zip(
        panels, {"240×240": photo, "after ten layers: 200×200": placed}.items(), strict=True
    ):
        axes.imshow(values[0].numpy(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(name)
        axes.set_axis_off()


plot(
    draw,
    "padding-erosion",
    alt="The same portrait twice, at the same scale. On the right its border is missing all around: "
    "a part of the cap, the stars at the left and the shoulders.",
    caption="What ten unpadded 5×5 convolutions leave of a photo. Nothing was shrunk: the border was "
    "cut off.",
    height=330,
)

# %%
print("lost:", f"{1 - left.numel() / photo.numel():.1%}", "of the pixels")

# %% [markdown]
# Each layer takes two pixels from every side, so 240 rows became 200. This kernel loses the border wholly, because it only copies its middle. A learned kernel still reads the border pixels, but no output is centred on them. The example is that of [Dive into Deep Learning](https://d2l.ai/), in its chapter *Padding and Stride*; the picture and the numbers are torch's.
#
# **Padding** puts a border around the input before the window starts. Then the window's middle can lie on the outermost pixels too, and the output size is your decision.
#
# !!! abstract "What you will be able to do"
#     - Choose a padding that keeps the size, or even enlarges it.
#     - Say what number the border holds: it is not always zero.
#     - Choose what an average at the border is divided by.
#     - Count how often each pixel is used.
#     - Read torch's message about padding and half of the kernel, and know what the rule prevents.
#
# ## Two pixels more for each one you add
#
# A padding $p$ adds $p$ pixels on each of the four sides. So a size $i$ becomes $i + 2p$ before the window starts. That is the $2p$ in the formula of [output size](output-size.ipynb):
#
# $$o = \left\lfloor \frac{i + 2p - k}{s} \right\rfloor + 1$$
#
# The kernel below is the one that found edges in [what a convolution looks for](what-a-convolution-looks-for.ipynb): it subtracts the left column of its window and adds the right one.
#
# !!! question "Predict"
#     The input is 4×4, the kernel 3×3, the stride 1. What size comes out with no padding, with one pixel, with two?

# %%
x = torch.tensor([[[3., 1, 0, 2],
                   [1, 4, 2, 1],
                   [0, 2, 5, 3],
                   [2, 1, 3, 1]]])
kernel = torch.tensor([[[[-1., 0, 1], [-1, 0, 1], [-1, 0, 1]]]])


def convolution(padding):
    conv = nn.Conv2d(1, 1, 3, padding=padding, bias=False)
    conv.weight.data = kernel
    return conv


for p in (0, 1, 2):
    print(p, tuple(convolution(p)(x).shape))

# %% [markdown]
# Two, four, six. These three have names.
#
# ### Valid: no padding
#
# The window stays inside. Every number it reads is real.

# %%
show(slide(convolution(0), x), "padding-valid", "`padding=0`, also called *valid*: 4×4 shrinks to 2×2.")

# %% [markdown]
# ### Same: the size stays
#
# The window's middle visits every pixel once.

# %%
show(slide(convolution(1), x), "padding-same", "`padding=1` for a 3×3 kernel, also called *same*: 4×4 stays 4×4. The grey border holds zeros.")

# %% [markdown]
# Read the first column of the output and the last: all positive, and all negative. To this kernel the border of zeros is an edge, dark on the outside and bright on the inside, although the map has no edge there. [Another lesson](what-padding-tells-the-network.ipynb) shows what a network learns from that. In the [explorer](../explorer.md#call=nn.Conv2d%281,1,3,padding=1,bias=False%29&input=3,1,0,2;1,4,2,1;0,2,5,3;2,1,3,1&weights=-1,0,1;-1,0,1;-1,0,1) you can fill the same border with copies of real pixels instead: choose another `padding_mode`, and watch these two columns.
#
# At stride 1 you need $p = (k - 1)/2$. That is a whole number only when the kernel is odd: 1 for a kernel of 3, 2 for 5, 3 for 7.
#
# A convolution also takes the word: `padding="same"`. Then an even kernel keeps the size too, because torch pads unevenly: a kernel of 4 gets one pixel before the input and two behind it.
#
# ### Full: every overlap counts
#
# Now let the window in as soon as one corner touches the input: $p = k - 1$.

# %%
show(slide(convolution(2), x), "padding-full", "`padding=2` for a 3×3 kernel, also called *full*: 4×4 grows to 6×6.")

# %% [markdown]
# Each corner window sees eight zeros and one real pixel. Full padding is rare in networks. You meet it again on the [way back up](rounding-up-and-going-back-up.ipynb), because a transposed convolution at stride 1 slides just like this.
#
# ## Every pixel counts the same, or does it?
#
# Without padding, few windows read the corners and many read the middle. Padding "ensures that all pixels are used equally frequently", says the summary of that chapter of [Dive into Deep Learning](https://d2l.ai/).
#
# !!! question "Predict"
#     A 3×3 window slides over a 5×5 input. With `padding=1`, how many windows read the corner pixel? How many read the pixel in the centre?
#
# Autograd can count for you. Set all weights to one and add up the output. Then the gradient of a pixel is the number of windows that read it.

# %%
def readers(padding, **options):
    image = torch.zeros(1, 5, 5, requires_grad=True)
    conv = nn.Conv2d(1, 1, 3, padding=padding, bias=False, **options)
    conv.weight.data.fill_(1)
    conv(image).sum().backward()
    return image.grad[0].int()


for p in (0, 1, 2):
    counts = readers(p)
    corner, edge, centre = counts[0, 0], counts[0, 2], counts[2, 2]
    print(f"padding {p}: corner {corner}, edge {edge}, centre {centre}")


# %%
def draw(figure):
    panels = figure.subplots(1, 3)
    for axes, p, name in zip(panels, (0, 1, 2), ("valid", "same", "full"), strict=True):
        counts = readers(p)
        axes.imshow(counts, cmap="Blues", vmin=0, vmax=14)  # pale enough for dark digits
        for row in range(5):
            for col in range(5):
                place = {"ha": "center", "va": "center", "color": "black"}
                axes.text(col, row, int(counts[row, col]), fontsize=15, **place)
        axes.set_title(f"{name}, padding {p}")
        axes.set_axis_off()


plot(
    draw,
    "padding-readers",
    alt="Three maps of 5×5 that hold how many windows read each pixel. Valid: rows 1 2 3 2 1, "
    "2 4 6 4 2, 3 6 9 6 3, and the first two again in reverse. Same: 4 in the corners, 6 along "
    "the edges, 9 inside. Full: 9 everywhere.",
    caption="How many 3×3 windows read each pixel of a 5×5 input.",
    height=250,
)

# %% [markdown]
# - Valid: the corner counts once, the centre nine times.
# - Same: the corner counts 4 times, a pixel of the edge 6 times, the centre 9 times. Better, but not equal.
# - Full: every pixel counts 9 times. Of the three, only full padding makes all pixels equal.
#
# That is true of a border of zeros at stride 1. A convolution can also fill its border with copies of real pixels, and then the pixel that was copied is read once more. And at stride 2 windows are left out. So ask again:

# %%
for mode in ("circular", "replicate", "reflect"):
    print(f"{mode}, padding 1:", readers(1, padding_mode=mode).unique().tolist())
print("full, stride 2:", readers(2, stride=2).unique().tolist())

# %% [markdown]
# `circular` takes the border from the other side, and `replicate` repeats the pixels of the edge. With either of them, a padding of 1 already makes every pixel count 9 times. `reflect` copies the pixels *beside* the edge, so those count too often. At stride 2 even full padding makes them unequal, because each pixel is read by one, two or four windows.
#
# ## What is in the border?
#
# Zero is harmless to add, but not to compare with. You saw why in [max pooling](max-pooling.ipynb): zeros around an image of negative numbers win in every window that touches them. So each operation has its own border:
#
# | operation | the border holds | because |
# |---|---|---|
# | `nn.MaxPool2d` | $-\infty$ | it never wins a maximum |
# | `nn.AvgPool2d` | zero | it adds nothing to the sum |
# | `nn.Conv2d` | zero | zero times a weight is zero |
#
# `F.pad` fills with zeros unless you tell it otherwise. So if you pad in front of a max pool yourself, say `value=-torch.inf`. Then you get what the pool gives:

# %%
around = F.pad(-x, (1, 1, 1, 1), value=-torch.inf)  # left, right, top, bottom
pool = nn.MaxPool2d(3, stride=1, padding=1)
print(torch.equal(nn.MaxPool2d(3, stride=1)(around), pool(-x)))

# %% [markdown]
# ### A divisor of your own
#
# A zero adds nothing to the sum, but it may count when you divide. You know two choices from [average pooling](average-pooling.ipynb): zeros count, and the rim of a white image turns darker, or they do not, with `count_include_pad=False`. There is a third choice. With `divisor_override` you name the divisor, and it is the same for all windows.
#
# !!! question "Predict"
#     You average a white image, all ones, with `divisor_override=1`. What is in a corner, on an edge, inside?

# %%
white = torch.ones(1, 4, 4)
total = nn.AvgPool2d(3, stride=1, padding=1, divisor_override=1)
total(white)

# %% [markdown]
# The sums: 4, 6 and 9. Here they count the real pixels of each window. The override wins over `count_include_pad`.
#
# A convolution has no such switch. Its zeros take part like any other number. Its `padding_mode="reflect"` and `padding_mode="replicate"` fill the border with copies of real pixels instead.
#
# ## At most half the kernel
#
# You just gave a convolution a padding of 2 with a kernel of 3. Try that with a pool:

# %%
for layer in (nn.Conv2d(1, 1, 3, padding=2), nn.MaxPool2d(3, stride=1, padding=2)):
    try:
        print(type(layer).__name__, tuple(layer(x).shape))
    except RuntimeError as error:
        print(type(layer).__name__, "refuses:", error)

# %% [markdown]
# A pool's padding may be at most half of its kernel, rounded down.
#
# There has to be some limit. With a border as wide as the kernel, a window could lie on padding alone. Its maximum would be minus infinity. Its average over real pixels would be zero divided by zero.
#
# Torch draws the line at half. Then, as long as the input is no smaller than the window, and neither `ceil_mode` (in the [next lesson](rounding-up-and-going-back-up.ipynb)) nor a dilation is in play, every window keeps at least half of its height, and half of its width, on real pixels.
#
# So a pool with a 3×3 window has no full padding. (A dilated max pool meets the same limit sooner than it should, and can still see padding alone. You see both in [dilation](dilation.ipynb).)
#
# ## Same, with a stride
#
# "Same" is clear at stride 1. At stride 2 the output shrinks in any case, so torch declines the word:

# %%
try:
    nn.Conv2d(1, 1, 3, stride=2, padding="same")
except ValueError as error:
    print(error)

# %% [markdown]
# TensorFlow accepts it. Its [notes on padding](https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2) put an odd pixel at the end, below and on the right. Build both in torch:

# %%
count = torch.arange(16.).reshape(1, 4, 4)
at_the_end = F.pad(count, (0, 1, 0, 1), value=-torch.inf)
print(nn.MaxPool2d(3, stride=2, padding=1)(count))
print(nn.MaxPool2d(3, stride=2)(at_the_end))

# %% [markdown]
# Both outputs are 2×2. Only the last number agrees.
#
# It is the even size that sets the two apart. A kernel of 3 at stride 2 needs one pixel of padding there, and two sides cannot share one pixel. An odd size needs two pixels, so each side gets one, and that is `padding=1`:

# %%
for i in range(4, 10):
    image = torch.arange(float(i * i)).reshape(1, i, i)
    end, start = (1, 0) if i % 2 == 0 else (1, 1)
    tensorflow = F.pad(image, (start, end, start, end), value=-torch.inf)
    pooled = nn.MaxPool2d(3, stride=2)(tensorflow)
    print(i, torch.equal(pooled, nn.MaxPool2d(3, stride=2, padding=1)(image)))

# %% [markdown]
# When you bring a network from one library to the other, compare numbers, not shapes.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** Which number for `padding` keeps the size for a kernel of 5 at stride 1? And for a kernel of 4?
#
# ??? success "Answer"
#     2 for a kernel of 5. For a kernel of 4 there is none, because both sides get the same and $2p$ would have to be 3. With $p = 1$ a size of 10 becomes 9, with $p = 2$ it becomes 11.
#
# **2.** All pixels of an image are 9. You apply `nn.AvgPool2d(3, stride=1, padding=1)`. What are the corner and the edge of the output?
#
# ??? success "Answer"
#     The corner is 4 and the edge is 6. The sums are 36 and 54, and both are divided by 9.
#
# **3.** What shape does `nn.MaxPool2d(2, 2, padding=1)` make of a 5×5 input? How many real pixels does its first window see?
#
# ??? success "Answer"
#     3×3, from (5 + 2 − 2) / 2 = 2.5, cut to 2, plus 1. The first window sees one real pixel, the corner. The other three are border.
#
# **4.** You blur an image of 8×8 ones with `nn.AvgPool2d(5, stride=1, padding=2)`. What is in the corner? And with `count_include_pad=False`?
#
# ??? success "Answer"
#     0.36, which is 9 real pixels of 25. With the switch it is 1.
#
# Check all four:

# %% tags=["collapse"]
line = torch.rand(1, 10, 10)
print([nn.Conv2d(1, 1, k, padding=p)(line).shape[-1] for k, p in ((5, 2), (4, 1), (4, 2))])
print(nn.AvgPool2d(3, stride=1, padding=1)(torch.full((1, 4, 4), 9.0))[0, 0, :2].tolist())
five = torch.rand(1, 5, 5)
pooled = nn.MaxPool2d(2, 2, padding=1)(five)
print(tuple(pooled.shape), bool(pooled[0, 0, 0] == five[0, 0, 0]))
blurs = [nn.AvgPool2d(5, 1, padding=2, count_include_pad=c) for c in (True, False)]
corners = [blur(torch.ones(1, 8, 8))[0, 0, 0].item() for blur in blurs]
print(corners)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The padding that keeps the size for a kernel of 5 at stride 1.
check(..., lambda: next(p for p in range(9) if nn.Conv2d(1, 1, 5, padding=p)(line).shape[-1] == 10))
# 2. The corner and the edge of the average, such as (1, 2).
check(..., lambda: nn.AvgPool2d(3, stride=1, padding=1)(torch.full((1, 4, 4), 9.0))[0, 0, :2])
# 3. The rows and columns of the output, such as (2, 2).
check(..., lambda: nn.MaxPool2d(2, 2, padding=1)(five).shape[1:])
# 4. The corner without and with the switch, such as (0.5, 0.7).
check(..., lambda: corners)

# %% [markdown]
# ## What you know now
#
# - Valid trims, same keeps, full grows. At stride 1 an odd kernel keeps the size with $p = (k-1)/2$. An even one keeps it only with more padding on one side.
# - A max pool's border is minus infinity, an average's and a convolution's is zero.
# - Zeros count in an average unless you say `count_include_pad=False`, or name a divisor.
# - With zeros, same padding does not use all pixels equally often. Full padding does, at stride 1.
# - A pool's padding is at most half of its kernel.
#
# Sizes have loose ends: a pool can round up instead of down, and a map can be made large again. Next: [rounding up, and going back up](rounding-up-and-going-back-up.ipynb).
#
# This course began from Unit 7 of [Deep Learning Fundamentals (Sebastian Raschka, Lightning AI, 2023)](https://lightning.ai/courses/deep-learning-fundamentals/), which also comes to padding. For a thorough treatment of the arithmetic, read [Dumoulin and Visin (2016)](https://arxiv.org/abs/1603.07285). The words and the measurements here are our own.
