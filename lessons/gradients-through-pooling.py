# ---
# title: Gradients through pooling
# description: Training sends numbers back through every window. A maximum sends them to one pixel, an average to all, and where windows overlap they add up.
# ---

# %% [markdown]
# # Gradients through pooling
#
# A pool has nothing to learn. But the layers in front of it do, and whatever they learn from must come back through the pool. Which pixels does it reach?
#
# !!! abstract "What you will be able to do"
#     - Say what a gradient is, and check one by hand.
#     - Write down the gradient of a max pool and of an average pool, at the border too.
#     - Predict what happens at ties and where windows overlap.
#     - Count how many pixels a gradient reaches, for each way to shrink a map.
#     - Catch a backward pass that is wrong.
#
# ## What a gradient is
#
# Raise one input by a little. How much does the output grow, for each unit you added? That ratio is the **gradient** of this input. If there are many outputs, add them up first.
#
# Take four numbers and their maximum. Nudge each one by 0.25:

# %%
import torch
import torch.nn.functional as F
from torch import nn

from slidingwindows import route, slide
from slidingwindows.lesson import plot, show

x = torch.tensor([[[1.0, 5], [2, 3]]])
pool = nn.MaxPool2d(2)
step = 0.25
for row in (0, 1):
    for col in (0, 1):
        nudged = x.clone()
        nudged[0, row, col] += step
        growth = (pool(nudged) - pool(x)).item()
        print(f"nudge the {x[0, row, col]:.0f}: gradient {growth / step}")

# %% [markdown]
# Only the 5 counts. Raise it by 0.25, and the maximum rises by 0.25. Raise another one, and the maximum stays what it is.
#
# This check is called a *finite difference*. The nudge must be small: raise the 3 by 4, and it wins.
#
# Torch needs no nudges. `backward()` goes from the result to the inputs and works out all gradients at once. The part of torch that does it is called **autograd**. Here it is as a function, for the rest of this page:


# %%
def gradient(layer, x):
    """The gradient of the sum of the layer's outputs."""
    x = x.clone().requires_grad_()
    layer(x).sum().backward()
    return x.grad


gradient(pool, x)

# %% [markdown]
# The same four numbers.
#
# ## Back to the winner
#
# !!! question "Predict"
#     A 2×2 max pool over a 4×4 image has four windows. How many of the sixteen pixels get a gradient?

# %%
image = torch.tensor([[
    [3.0, 1, 4, 1],
    [0, 2, 6, 5],
    [7, 2, 0, 3],
    [1, 8, 9, 2],
]])  # fmt: skip
gradient(pool, image)

# %%
show(
    route(pool, image),
    "gradients-max",
    "The way back through a max pool. Each window hands its gradient to its winner, and nothing to the other three.",
)

# %% [markdown]
# Four, one for each window. The other twelve get 0.
#
# A max pool works like a switch. On the way forward it notes the winner's place. You can read that place with `return_indices`. On the way back the gradient goes there, and nowhere else. So picking the winners by their index has the very same gradient:

# %%
waiting = image.clone().requires_grad_()
values, where = nn.MaxPool2d(2, return_indices=True)(waiting)
picked = gradient(lambda x: x.flatten()[where], image)
print("same gradient:", torch.equal(picked, gradient(pool, image)))
print("a gradient goes through the values:", values.requires_grad)
print("a gradient goes through the index: ", where.requires_grad)

# %% [markdown]
# The index itself has no gradient. It is a whole number: nudge a pixel, and it stays or it jumps. A network cannot learn from *where* the winner stood, only from how large it was.
#
# ## An average shares
#
# So far each output sent back a 1, because we added all outputs up. In training each one sends a number of its own: how much the *loss*, which training makes smaller, grows with that output. You hand these numbers to `backward`.
#
# !!! question "Predict"
#     The four outputs of a 2×2 average pool send back 4, 8, 0 and −4. What does each pixel get?

# %%
mean = nn.AvgPool2d(2)
sent = torch.tensor([[4.0, 8], [0, -4]])
waiting = image.clone().requires_grad_()
mean(waiting).backward(sent[None])
print(waiting.grad)

# %%
show(
    route(mean, image, gradient=sent),
    "gradients-average",
    "An average divides by 4 on the way forward, so it divides by 4 on the way back.",
)

# %% [markdown]
# A quarter of what its window sent. An average pool does not look at the pixels for that: its shares are the same for every image.
#
# At the border, the share depends on what you divide by. You know the two choices from [average pooling](average-pooling.ipynb):

# %%
white = torch.ones(1, 3, 3)
for counted in (True, False):
    layer = nn.AvgPool2d(3, 2, padding=1, count_include_pad=counted)
    found = gradient(layer, white)
    print(f"count_include_pad={counted}: {found.sum():.2f} in total")
    print(found[0])

# %% [markdown]
# At stride 2, there are four windows, one at each corner. Each sees four real pixels and five zeros.
#
# The first pixel is in one window only. Dividing by 9 gives it 1/9; dividing by the real pixels gives it 1/4. The centre is in all four windows, so it gets four shares.
#
# Now look at the totals. The outputs sent 4. With `count_include_pad=True` only 1.78 arrives: the rest went into the padding, where nobody learns from it. An average that divides by its real pixels hands on all that it was sent. So does a max pool, since its padding never wins.
#
# ## Overlap adds up
#
# With a stride smaller than the kernel, a pixel stands in several windows. It may win more than once.
#
# !!! question "Predict"
#     A 3×3 image has its peak in the middle. A 2×2 max pool goes over it with stride 1. What is the peak's gradient?

# %%
peak = torch.tensor([[
    [1.0, 4, 2],
    [3, 9, 5],
    [0, 6, 7],
]])  # fmt: skip
gradient(nn.MaxPool2d(2, stride=1), peak)

# %%
show(
    route(nn.MaxPool2d(2, stride=1), peak),
    "gradients-overlap",
    "All four windows hold the 9, so it wins four times.",
)

# %% [markdown]
# 4: the peak is in all four windows and wins them all. Gradients add up, because a nudge of the peak moves four outputs.
#
# ## A tie
#
# !!! question "Predict"
#     All four numbers of a window are equal. Who gets the gradient?

# %%
same = torch.ones(1, 2, 2)
print(gradient(pool, same))

tied = torch.tensor([[
    [2.0, 7, 0, 5],
    [7, 1, 5, 5],
    [0, 0, 3, 1],
    [0, 0, 2, 3],
]])  # fmt: skip
print(gradient(pool, tied))

# %%
show(
    slide(pool, tied),
    "max-pool-ties",
    "On the way forward a tie changes nothing. Rings mark the numbers that tied with the winner.",
)

# %%
show(
    route(pool, tied),
    "gradients-ties",
    "In each window, the first of equals gets it all.",
)

# %% [markdown]
# [Open this map with its gradient in the explorer](../explorer.md#call=nn.MaxPool2d%282,stride=2%29&input=2,7,0,5;7,1,5,5;0,0,3,1;0,0,2,3&gradient=all), raise a number that lost its tie, and see where the gradient goes.
#
# The output is the same whichever of them wins, but torch also remembers *where* the winner stood. It takes the first in reading order, and that one gets it all. Others choose otherwise. `torch.amax` is a second maximum in torch. And here is a maximum whose backward pass was written by hand, with a mask. (Torch calls `forward` on the way to the result and `backward` on the way back.)


# %%
class Masked(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x == x.max())
        return x.max()

    @staticmethod
    def backward(ctx, sent):
        (mask,) = ctx.saved_tensors
        return mask * sent


ways = {"MaxPool2d": pool, "amax": torch.amax, "mask": Masked.apply}
for name, largest in ways.items():
    print(f"{name:<10}", gradient(largest, same).flatten().tolist())

# %% [markdown]
# Three answers: all to the first, a quarter to each (`amax`), and 1 to each (the mask). Which is right? Raise all four numbers by 0.25 and compare. A gradient foretells the growth: nudge times gradient, added up.

# %%
growth = (pool(same + step) - pool(same)).item()
print("the maximum grows by", growth)
for name, largest in ways.items():
    foretold = (step * gradient(largest, same)).sum().item()
    print(f"{name:<10} foretells", foretold)

# %% [markdown]
# The mask is wrong by a factor of four. The other two both foretell the truth, although they differ.
#
# At a tie the maximum has a kink, like a roof at its ridge. Raise any one of the four and it rises. Lower one and it stays. There is no single gradient, and any way to share out the 1 is as good as another. Mathematicians call each of them a *subgradient*. The mask shares out more than there is.
#
# !!! warning "A common mistake: a backward pass with a mask"
#     If you write a max pool yourself, `x == maximum` looks right. On a few random floats it *is* right, since they hardly ever tie. So tests with random numbers pass. Now count the ties elsewhere:

# %%
import matplotlib.cbook
import numpy as np
from PIL import Image

picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg"))
photo = torch.from_numpy(np.array(picture.convert("L"))).float()[None]
photo = photo[:, 20:340, 90:410]  # 320×320
torch.manual_seed(0)
noise = torch.randn(1, 320, 320)
inputs = {"noise": noise, "ReLU": F.relu(noise), "photo": photo}

print("        ties   torch    mask")
for name, x in inputs.items():
    windows = F.unfold(x[None], 2, stride=2)[0].T  # one a row
    largest = windows.amax(1, keepdim=True)
    winners = (windows == largest).sum(1).float()
    sends = gradient(pool, x).sum() / len(windows)
    print(f"{name:<5}{(winners > 1).float().mean():7.1%}", end="")
    print(f"{sends:8.2f}{winners.mean():8.2f}")

# %% [markdown]
# The last two columns say what torch and the mask hand on, per window. Each window was sent a 1.
#
# - Behind a ReLU, about one window in sixteen is all zeros: a half, four times over. There the mask sends four gradients in place of one.
# - In a photo of 256 grey levels, neighbours are often equal. Here more than one window in ten has a tie.
#
# ## Dead windows
#
# The zeros behind a ReLU all tie, so the first of them gets the gradient. And then?

# %%
dead = torch.tensor([[[-1.0, -3], [-2, -1]]])
both = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2))
behind = gradient(pool, F.relu(dead))
before = gradient(both, dead)
print("behind the ReLU:", behind.flatten().tolist())
print("in front of it: ", before.flatten().tolist())

# %% [markdown]
# The pool hands the gradient to the first zero. The ReLU stops it there, because its own gradient is 0 for negative numbers. Nothing comes through.
#
# That is no fault. Nudge any of these four, and the output stays 0. But it has a price: a window whose pixels are all negative teaches the layers in front of it nothing.
#
# ## How many pixels does it reach?
#
# !!! question "Predict"
#     Halve an image in five ways: a max pool of 2, an average pool of 2, every second pixel, a max pool of 3 with stride 2, a convolution of 3 with stride 2. Order them by the share of pixels that get any gradient.

# %%
conv = nn.Conv2d(1, 1, 3, stride=2, padding=1, bias=False)
conv.weight.data.fill_(1)
halvings = {
    "max 2": nn.MaxPool2d(2),
    "average 2": nn.AvgPool2d(2),
    "every second": lambda x: x[:, ::2, ::2],
    "max 3, stride 2": nn.MaxPool2d(3, stride=2, padding=1),
    "conv 3, stride 2": conv,
}
print(f"{'':<17}{'noise':>7}{'photo':>8}{'largest':>9}")
for name, layer in halvings.items():
    found = [gradient(layer, x) for x in (noise, photo)]
    shares = [f"{(g != 0).float().mean():8.1%}" for g in found]
    print(f"{name:<16}", *shares, f"{found[1].max():8.2f}", sep="")


# %%
def draw(figure):
    panels = figure.subplots(1, 5)
    for axes, (name, layer) in zip(panels, halvings.items(), strict=True):
        corner = gradient(layer, noise)[0, :12, :12]
        axes.imshow(corner.sqrt(), cmap="gray", vmin=0, vmax=2)
        axes.set_title(name.replace(", ", "\n"), fontsize=13)
        axes.set_axis_off()


plot(
    draw,
    "gradients-reach",
    alt="Five maps of 12×12 pixels, bright where a gradient arrives. Max 2: one bright pixel in each "
    "2×2 window, at changing places. Average 2: an even dark grey. Every second: a regular "
    "lattice. Max 3 with stride 2: fewer pixels, some of them brighter. Convolution: every "
    "pixel, in a regular pattern of three brightnesses.",
    caption="Where the gradient arrives, in one corner of the noise. The brighter, the more.",
    height=190,
)

# %% [markdown]
# The columns *noise* and *photo* say which share of their pixels gets a gradient. The last column is the largest one in the photo.
#
# - **Average:** every pixel, a quarter each.
# - **Max of 2 and every second pixel:** exactly one in four, 1 each. But a stride takes the same places in every image. A max pool lets the image choose.
# - **Max of 3 with stride 2:** as many windows, yet *fewer* pixels. Neighbouring windows share a winner, and one pixel can win up to four.
# - **Convolution:** every pixel, but not evenly. A pixel is read by one, two or four windows, in a fixed lattice. With weights of one you see it plainly.
#
# Does the average teach better, then, because it reaches all? This count cannot tell. What the pools are worth in training, you will see on [digits](trained-on-digits.ipynb).
#
# ## Check your own backward pass
#
# You wrote a layer? `torch.autograd.gradcheck` nudges each input, as you did at the start, and compares. The nudges are tiny, so it wants numbers of 64 bits:


# %%
def check_gradient(function, x):
    x = x.double().requires_grad_()
    return torch.autograd.gradcheck(function, x, raise_exception=False)


torch.manual_seed(0)
cases = {"random": torch.rand(1, 2, 2), "equal": same}
for kind, x in cases.items():
    for name, largest in ways.items():
        print(f"{kind:<7} {name:<10} {check_gradient(largest, x)}")

# %% [markdown]
# On random numbers all three pass, the wrong mask among them. On equal numbers all three fail, torch's own pool among them.
#
# So `gradcheck` cannot judge a kink. It raises and lowers one number at a time and takes the mean slope, here 0.5 for each. That is none of the three answers. Keep ties out of its way, and test them as you did above: by what was sent and what arrived.
#
# ## Exercises
#
# Predict first. Then open the answer. Each output sends back a 1, unless it says otherwise.
#
# **1.** The numbers 1 to 16 stand in a 4×4 image, row by row. Which of them get a gradient from `nn.MaxPool2d(2)`?
#
# ??? success "Answer"
#     6, 8, 14 and 16. The largest stands at the lower right of each window.
#
# **2.** `nn.AvgPool2d(3, stride=1)` goes over a 5×5 image. What is the gradient of the pixel in the middle?
#
# ??? success "Answer"
#     1. It stands in all nine windows, and each sends it a ninth.
#
# **3.** `nn.MaxPool2d(3, stride=1)` goes over a 5×5 image of ones. How many pixels get a gradient? What is the largest gradient?
#
# ??? success "Answer"
#     9 pixels, and each gets 1. Every window is one great tie. Its first pixel wins, and no two windows have the same first pixel.
#
# **4.** A whole 7×7 map is averaged into one number, which sends back 98. What does each pixel get?
#
# ??? success "Answer"
#     2, because 98 / 49 = 2. The larger the map, the thinner the shares.
#
# **5.** You swap a ReLU and the max pool behind it, so that the pool comes first. Does the output change? Does the gradient at the input?
#
# ??? success "Answer"
#     Neither, on random numbers. The largest number wins before the ReLU as after it. If all are negative, both ways give 0 and no gradient. But with the pool first, the ReLU has a quarter of the work.
#
# Check all five:

# %% tags=["collapse"]
numbers = torch.arange(1.0, 17).reshape(1, 4, 4)
winning = numbers[gradient(pool, numbers) > 0]
middle = gradient(nn.AvgPool2d(3, stride=1), torch.rand(1, 5, 5))[0, 2, 2]
flat = gradient(nn.MaxPool2d(3, stride=1), torch.ones(1, 5, 5))
shared = gradient(lambda x: 98 * x.mean(), torch.rand(1, 7, 7))[0, 0, 0]
swapped = nn.Sequential(nn.MaxPool2d(2), nn.ReLU())
changed = (
    not torch.equal(swapped(noise), both(noise)),
    not torch.equal(gradient(swapped, noise), gradient(both, noise)),
)
print(winning.int().tolist(), round(middle.item(), 3))
print(int((flat > 0).sum()), flat.max().item())
print(round(shared.item(), 3), changed)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The four winners, such as (1, 2, 3, 4).
check(..., lambda: winning)
# 2. The gradient in the middle.
check(..., lambda: middle)
# 3. How many pixels get a gradient, and the largest one, such as (25, 4).
check(..., lambda: (int((flat > 0).sum()), flat.max()))
# 4. What each pixel gets.
check(..., lambda: shared)
# 5. Does the output change, does the gradient, such as (True, True).
check(..., lambda: changed)

# %% [markdown]
# ## What you know now
#
# - A gradient says how much the output grows with an input. A nudge checks it.
# - A max pool hands each gradient to its winner, an average shares it, a stride gives it to fixed places. Where windows overlap, gradients add up.
# - At a tie the first pixel gets all. `amax` shares, and a mask hands out too much.
# - Behind a 2×2 max pool, three pixels in four get nothing from this image.
# - `gradcheck` finds wrong gradients, but not at ties.
#
# A gradient also shows which pixels an output can see at all. Next: [receptive fields](receptive-fields.ipynb).
#
# The rules and the measurements here are our own, made by the code on this page. The same mask is tested in [what other tutorials get wrong](what-other-tutorials-get-wrong.ipynb), and the backward pass in plain NumPy stands in [from scratch in NumPy](from-scratch-in-numpy.ipynb).
