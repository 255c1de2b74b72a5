# ---
# title: Stride instead of pooling
# description: Some networks have no pooling layer at all. A convolution that takes larger steps shrinks its output just as well. See what it skips, and what it costs.
# ---

# %% [markdown]
# # Stride instead of pooling
#
# A pooling layer shrinks a map, but some networks do without it: they let a convolution take larger steps, and the size of a step is its **stride**. Here are the edges of a photo, made smaller in both ways:

# %% tags=["hide-input"]
import matplotlib.cbook
import numpy as np
import torch
from PIL import Image
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import plot, show

torch.set_grad_enabled(False)  # nothing is trained here

# The photo that comes with matplotlib, in grey: 0 is black, 1 is white.
picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg")).convert("L")
picture = picture.crop((90, 20, 410, 340)).resize((160, 160))
photo = torch.from_numpy(np.array(picture)).float()[None] / 255

kernel = torch.tensor([[[[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]]]])  # finds upright edges
edges = nn.functional.conv2d(photo, kernel).relu()
by_pool = nn.MaxPool2d(4)(edges)
by_stride = nn.functional.conv2d(photo, kernel, stride=4).relu()


def draw(figure):
    panels = figure.subplots(1, 3)
    maps = {"edges: 158×158": edges, "pool of 4: 39×39": by_pool}
    maps["stride 4: 40×40"] = by_stride
    for axes, (name, values) in zip(panels, maps.items(), strict=True):
        axes.imshow(values[0].numpy(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(name)
        axes.set_axis_off()


plot(
    draw,
    "stride-photo",
    alt="Upright edges of a portrait, as bright lines on black, in 158 by 158 pixels. Beside it the "
    "same in 39 by 39, with thick and whole lines, and in 40 by 40, with thin and broken ones.",
    caption="The edges from dark to bright of a photo; the same after a max pool of 4; and the same "
    "kernel with a stride of 4.",
    height=250,
)

# %%
strong = by_pool > 0.6
kept = by_stride[:, :39, :39][strong] > 0.6
print(len(kept), "blocks hold a strong edge;", end=" ")
print("the stride finds it in", int(kept.sum()))

# %% [markdown]
# The pool keeps the strong edge of every block, because the largest number wins. The stride breaks the lines. But it never computed 15 of every 16 answers, where the pool had all of them computed and then dropped 15. Which of the two is worth more is what this lesson weighs.
#
# !!! abstract "What you will be able to do"
#     - Shrink a map with a strided convolution instead of a pool.
#     - Say exactly which numbers a stride throws away.
#     - Tell which kind of pooling a strided convolution can imitate, and which it cannot.
#     - Count the multiply-accumulates and the parameters of each choice.
#
# ## A convolution at stride 1
#
# Here is a small input for the same kernel, the one that found edges in [what a convolution looks for](what-a-convolution-looks-for.ipynb). It subtracts the left column of its window and adds the right one.

# %%
x = torch.tensor([[[1., 2, 0, 4, 3, 1],
                   [0, 3, 1, 5, 2, 2],
                   [4, 1, 2, 0, 6, 3],
                   [2, 5, 3, 1, 0, 4],
                   [1, 0, 4, 2, 3, 0],
                   [3, 2, 1, 6, 1, 5]]])
every = nn.Conv2d(1, 1, 3, bias=False)  # stride=1 is the default
every.weight.data = kernel
every(x)

# %%
show(slide(every, x), "stride-1-convolution", "The window stops at every place it fits: four rows of four.")

# %% [markdown]
# Four places down, four across: a 6×6 input gives a 4×4 output.
#
# ## The same convolution at stride 2
#
# Now let the same kernel step two pixels at a time.
#
# !!! question "Predict"
#     Which of the sixteen numbers above will still be there?

# %%
strided = nn.Conv2d(1, 1, 3, stride=2, bias=False)
strided.weight.data = kernel
strided(x)

# %%
show(slide(strided, x), "stride-2-convolution", "The same kernel, but only every second stop, down and across. Hatched: no window reaches the last row and column.")

# %% [markdown]
# [Open this window in the explorer](../explorer.md#call=nn.Conv2d%281,1,3,stride=2,bias=False%29&input=1,2,0,4,3,1;0,3,1,5,2,2;4,1,2,0,6,3;2,5,3,1,0,4;1,0,4,2,3,0;3,2,1,6,1,5&weights=-1,0,1;-1,0,1;-1,0,1) and set the stride to 3: which stops are left?
#
# No new number appeared. A strided convolution is the plain convolution, looked at in every second row and every second column:

# %%
print(every(x)[:, ::2, ::2])
torch.equal(strided(x), every(x)[:, ::2, ::2])

# %% [markdown]
# Nothing here is special to the number two, nor to convolutions. Stride $s$ equals stride 1 followed by `[::s, ::s]`. Check it for five strides, for a convolution and for a pool:

# %%
torch.manual_seed(1)
big = torch.rand(3, 20, 23)
conv1, pool1 = nn.Conv2d(3, 8, 3), nn.MaxPool2d(3, stride=1)
for s in (1, 2, 3, 4, 5):
    conv_s, pool_s = nn.Conv2d(3, 8, 3, stride=s), nn.MaxPool2d(3, stride=s)
    conv_s.load_state_dict(conv1.state_dict())  # the same weights
    same_conv = torch.allclose(conv_s(big), conv1(big)[:, ::s, ::s], atol=1e-6)
    print(s, same_conv, torch.equal(pool_s(big), pool1(big)[:, ::s, ::s]))

# %% [markdown]
# So a stride skips. The windows between the stops are never computed.
#
# That is another way to see the formula of [output size](output-size.ipynb). Stride 1 gives $i - k + 1$ places. You keep the first one and then every $s$-th:
#
# $$o = \left\lfloor \frac{i - k}{s} \right\rfloor + 1$$
#
# ## Keep the best or keep the first
#
# Both of these turn 6×6 into 2×2:
#
# - the convolution at stride 1, then `nn.MaxPool2d(2)`;
# - the convolution at stride 2.
#
# !!! question "Predict"
#     Can a number from the strided convolution be larger than its partner from the pool?

# %%
pool = nn.MaxPool2d(2)
print(pool(every(x)))
print(strided(x))

# %%
show(slide(pool, every(x)), "stride-compared-with-pool", "The input here is the output of the first convolution. The pool keeps the best of each block. The stride keeps the upper left one.")

# %% [markdown]
# It cannot. In each block of four, the pool keeps the **best**. The stride keeps the **first**, the upper left one, whatever it is. The best of four is never less than one of the four.
#
# Same shape, different numbers. So if you swap one for the other, train the network again. And write the stride: without it a convolution steps by 1, as you saw in [max pooling](max-pooling.ipynb), and the map hardly shrinks.
#
# ## What a strided convolution can imitate
#
# You know from [no learnable parameters](no-learnable-parameters.ipynb) that a convolution of 2×2 at stride 2 *is* an average pool if each filter has a quarter everywhere in the kernel of its own channel and zeros in the others, and that no weights make it a max pool, because the maximum is not linear.
#
# So a network without pools can learn to average wherever that helps. In the place of a max pool, one convolution always computes something else. Two of them with a ReLU between can be a maximum, because max(*a*, *b*) is ReLU(*a* − *b*) + *b*. But the network would have to find those weights.
#
# ## What it costs
#
# A **multiply-accumulate** is one product, added to a running sum. A convolution does one for every weight, at every stop. Count them for 64 maps of 32×32, in three ways:

# %%
def multiply_accumulates(layers, x):
    total = 0
    for layer in layers:
        x = layer(x)
        if isinstance(layer, nn.Conv2d):
            # numbers put out, times weights that each one takes
            total += x.numel() * layer.weight[0].numel()
    return total


maps = torch.rand(64, 32, 32)
ways = {
    "convolution, then pool": [nn.Conv2d(64, 64, 3, padding=1), nn.MaxPool2d(2)],
    "one strided convolution": [nn.Conv2d(64, 64, 3, stride=2, padding=1)],
}
ways["convolution, then a strided one"] = [
    ways["convolution, then pool"][0],
    *ways["one strided convolution"],
]
for name, layers in ways.items():
    network = nn.Sequential(*layers)
    parameters = sum(p.numel() for p in network.parameters())
    print(f"{name}: {tuple(network(maps).shape)}")
    work = multiply_accumulates(layers, maps)
    print(f"    {parameters:,} parameters, {work:,} multiply-accumulates")

# %% [markdown]
# **Move the stride into the convolution** and you pay a quarter: it makes a quarter of the stops. The parameters stay the same. But three of every four windows are never looked at.
#
# **Put a strided convolution where the pool was** and every window of the first convolution is still looked at. But the pool was free of parameters. The new layer brings 36,928 of them, and a quarter more multiply-accumulates.
#
# ## Who does it
#
# [Springenberg et al. (2015)](https://arxiv.org/abs/1412.6806) built image networks this way. Their abstract says that max pooling can be replaced by a convolution with increased stride "without loss in accuracy on several image recognition benchmarks".
#
# Read that with care. A strided convolution in the pool's place adds parameters, as you just counted. So a part of what it gains may come from its size, not from its stride. The paper itself has controls for this: *ConvPool-CNN* keeps the pools and adds convolutions as well, and *Strided-CNN* adds no parameters, because it moves the stride into a convolution that is there already ([Springenberg et al. 2015](https://arxiv.org/abs/1412.6806)).
#
# Nor does either way sample cleanly. [Zhang (2019)](https://proceedings.mlr.press/v97/zhang19a.html) points out that max pooling, average pooling and strided convolutions all ignore a rule of signal processing: before you keep every second number, blur away the detail that the kept ones cannot hold. You see what that does to small shifts in [local invariance](local-invariance.ipynb).
#
# Opinion: start with pooling when you want few parameters and an easy explanation. Start with strides when speed counts, or when the network should learn how to shrink.
#
# ## A stride larger than the kernel
#
# One more trap. If the step is longer than the window, the pixels between two stops are never read at all.

# %%
skipping = nn.Conv2d(1, 1, 1, stride=2, bias=False)
skipping.weight.data.fill_(2)
skipping(x)

# %%
show(slide(skipping, x), "stride-larger-than-kernel", "A 1×1 kernel at stride 2. Hatched pixels are read by no window.")

# %% [markdown]
# Of 36 pixels, only 9 are read. The other 27 could hold anything.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** A convolution at stride 1 turns a 5×5 input into a 3×3 map. The same kernel at stride 2 keeps some of these nine numbers. Which?
#
# ??? success "Answer"
#     The four corners: rows 0 and 2, columns 0 and 2.
#
# **2.** You replace `nn.MaxPool2d(2)` on 16 maps by `nn.Conv2d(16, 16, 2, stride=2)`. How many learnable parameters do you add?
#
# ??? success "Answer"
#     1,040. Each of the 16 filters has 16 × 2 × 2 weights, which makes 1,024. Add 16 biases. The pool had none.
#
# **3.** One 3×3 kernel slides over a 9×9 map. How many multiply-accumulates does it take at stride 1, and how many at stride 3?
#
# ??? success "Answer"
#     441 and 81. There are 49 stops at stride 1 and 9 at stride 3, and each stop takes 9 multiply-accumulates.
#
# **4.** You cut off the first row and the first column of `x` and apply the strided convolution again. From which of the sixteen places of stride 1 do the numbers come now? Did any of these places come out before?
#
# ??? success "Answer"
#     Rows 1 and 3, columns 1 and 3. No, none of these places came out before. One pixel decides which quarter of the map you get to see.
#
# Check all four:

# %% tags=["collapse"]
numbers = torch.arange(9.).reshape(3, 3)
print(numbers[::2, ::2])
print(sum(p.numel() for p in nn.Conv2d(16, 16, 2, stride=2).parameters()))
work = [multiply_accumulates([nn.Conv2d(1, 1, 3, stride=s)], torch.rand(1, 9, 9)) for s in (1, 3)]
print(work)
places = torch.arange(16).reshape(4, 4)
print(torch.equal(strided(x[:, 1:, 1:]), every(x)[:, 1::2, 1::2]), places[1::2, 1::2])

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The numbers that stay, if the nine are 0 to 8 in reading order, as nested lists.
check(..., lambda: numbers[::2, ::2])
# 2. The parameters that you add.
check(..., lambda: sum(p.numel() for p in nn.Conv2d(16, 16, 2, stride=2).parameters()))
# 3. The multiply-accumulates at stride 1 and at stride 3, such as (10, 5).
check(..., lambda: work)
# 4. The places that come out now, if the sixteen are 0 to 15 in reading order, as nested lists.
check(..., lambda: places[1::2, 1::2])

# %% [markdown]
# ## What you know now
#
# - A stride keeps every $s$-th result of the same layer at stride 1. The others are never computed.
# - A max pool keeps the best of each block, a stride the first.
# - A strided convolution can be an average pool, and never a max pool.
# - It costs parameters where a pool costs none, or saves work where it replaces a convolution and a pool.
#
# A stride moves the window further. The kernel can also be pulled apart, and that is the other way to see more of a map: [dilation](dilation.ipynb).
#
# This lesson's path follows Unit 7 of [Deep Learning Fundamentals (Sebastian Raschka, Lightning AI, 2023)](https://lightning.ai/courses/deep-learning-fundamentals/). Networks without pools are the subject of [Springenberg et al. (2015)](https://arxiv.org/abs/1412.6806), sampling without care that of [Zhang (2019)](https://proceedings.mlr.press/v97/zhang19a.html). The words and the measurements are our own.
