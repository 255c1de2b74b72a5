# ---
# title: What padding tells the network
# description: A blank wall has no left and no right, until a convolution pads it with zeros. Watch the border walk inwards, and read off where you are.
# ---

# %% [markdown]
# # What padding tells the network
#
# Take a photo of a blank grey wall. Every pixel is the same, so nothing in it says where the middle is. Now send it through convolutions that pad with zeros:

# %% tags=["hide-input"]
import torch
from torch import nn

from slidingwindows import slide
from slidingwindows.lesson import plot, show

MODES = ("zeros", "circular", "replicate", "reflect")
DEPTHS = (1, 2, 4, 8)
wall = torch.full((1, 1, 32, 32), 0.5)


def network(depth, mode, maps=16):
    """So many padded 3×3 convolutions, each with a ReLU. The weights are random."""
    torch.manual_seed(0)
    layers = []
    for inside in [1] + [maps] * (depth - 1):
        layers += [
            nn.Conv2d(inside, maps, 3, padding=1, padding_mode=mode),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers).requires_grad_(False)


def strangeness(depth, mode):
    """How much each place differs from the middle, over all maps, divided by the largest."""
    maps = network(depth, mode)(wall)[0]
    far = (maps - maps[:, 16:17, 16:17]).norm(dim=0)
    return far / far.max()


def draw(figure):
    panels = figure.subplots(1, len(DEPTHS))
    for axes, depth in zip(panels, DEPTHS, strict=True):
        image = (
            strangeness(depth, "zeros").clamp(min=1e-5).log10()
        )  # faint ones show, too
        axes.imshow(
            image.numpy(),
            cmap="viridis",
            vmin=-5,
            vmax=0,
            interpolation="nearest",
        )
        axes.set_title(f"{depth} layer" + "s" * (depth > 1))
        axes.set_axis_off()


plot(
    draw,
    "padding-tells-frames",
    alt="Four square maps of 32 by 32, for 1, 2, 4 and 8 layers. Each is dark in the middle with a "
    "bright frame around it, and the frame grows wider from map to map.",
    caption="How much each place of the maps differs from the middle, after 1, 2, 4 and 8 layers "
    "that pad with zeros. The darkest colour is no difference at all; the scale is logarithmic, so "
    "that faint differences show.",
    height=190,
)

# %% [markdown]
# The wall is still blank, but its maps have a frame. A window that hangs over the border sees zeros, and grey beside black is an edge. So the border answers like an edge, in every map and on every image. One window shows why:

# %%
count = nn.Conv2d(1, 1, 3, padding=1, bias=False).requires_grad_(False)
count.weight.data = torch.ones(1, 1, 3, 3)
show(
    slide(count, torch.ones(1, 4, 4)),
    "padding-tells-window",
    "All pixels and all weights are 1, so a sum counts the real pixels of its "
    "window: 9 in the middle, 6 at a side, 4 in a corner.",
)

# %% [markdown]
# [Open this window in the explorer](../explorer.md#call=nn.Conv2d%281,1,3,padding=1,bias=False%29&input=1,1,1,1;1,1,1,1;1,1,1,1;1,1,1,1&weights=1,1,1;1,1,1;1,1,1), choose another `padding_mode`, and watch the frame go.
#
# !!! abstract "What you will be able to do"
#     - Say how far the border reaches into a network's maps, and compute it.
#     - Measure how well a layer knows where it is.
#     - Choose between zeros and the other ways to pad, for a reason.
#
# ## How far does the frame reach?
#
# !!! question "Predict"
#     One padded 3×3 layer spoils a frame one cell wide. How wide is the frame after eight of them? And which of the other ways to pad, `circular`, `replicate` and `reflect`, leaves a frame on a blank wall?

# %%
print("share of cells that differ from the middle")
print(f"{'layers':<10}" + "".join(f"{depth:>8}" for depth in DEPTHS))
for mode in MODES:
    shares = [
        (strangeness(depth, mode) > 1e-5).float().mean() for depth in DEPTHS
    ]
    print(f"{mode:<10}" + "".join(f"{share:>8.1%}" for share in shares))

# %% [markdown]
# With zeros, the frame grows by one cell a layer, because each window reads one cell further out than the last. After $d$ layers the untouched middle has a side of $32 - 2d$, so the share of the rest is $1 - (32 - 2d)^2 / 32^2$:

# %%
for d in DEPTHS:
    print(f"{d} layers: {1 - (32 - 2 * d) ** 2 / 32**2:.1%}")

# %% [markdown]
# The other three leave nothing. They fill the border with numbers of the image itself, and on a blank wall those are all the same grey.
#
# ## Does the network know where it is?
#
# A frame is a clue: near it, you are near the border. Can a network read the clue on real images, where everything else changes from place to place? Ask with a **probe**. Take the numbers of all maps at one place, and let a linear formula guess the row from them. The formula is fitted on some images, and then tried on others that it has never seen.
#
# Here the images are pure noise, so the images themselves hold no hint.
#
# !!! question "Predict"
#     The rows go from 0 to 31. If you know nothing, guess the middle each time. By how many rows are you wrong on average?

# %%
random = torch.Generator().manual_seed(1)
fit, test = torch.rand(2, 10, 1, 32, 32, generator=random)
rows = torch.arange(32.0).reshape(1, 32, 1).expand(10, 32, 32).flatten()
print(f"guessing the middle: {(rows - rows.mean()).abs().mean():.1f} rows off")


def at_each_place(net, images):
    """One line for each place of each image: what all maps hold there, and a 1."""
    maps = net(images).permute(0, 2, 3, 1).flatten(0, 2)
    return torch.cat([maps, torch.ones(len(maps), 1)], 1).double()


def rows_off(depth, mode):
    """The probe's mean error on new images, in rows."""
    net = network(depth, mode)
    known, new = at_each_place(net, fit), at_each_place(net, test)
    formula = torch.linalg.lstsq(
        known, rows[:, None].double(), driver="gelsd"
    ).solution
    return ((new @ formula)[:, 0] - rows).abs().mean().item()


off = {mode: [rows_off(depth, mode) for depth in DEPTHS] for mode in MODES}
print(f"{'layers':<10}" + "".join(f"{depth:>6}" for depth in DEPTHS))
for mode, errors in off.items():
    print(f"{mode:<10}" + "".join(f"{error:>6.1f}" for error in errors))

# %% [markdown]
# With zeros, the probe gets better with every doubling of the depth, because the border reaches further in. With the other three it stays where guessing is.
#
# And this network is untrained: nobody asked it to find out where it is. Networks trained on photos have been probed like this, and their maps hold much of the position; zero padding is where it comes from ([Islam, Jia and Bruce 2020](https://arxiv.org/abs/2001.08248)).
#
# ## One dot, everywhere
#
# There is a stricter test. Put a single bright dot on black, and average each map over all its places, as [global average pooling](adaptive-and-global-pooling.ipynb) does. If the network does not care where the dot is, the averages must be the same for all 256 positions.
#
# !!! question "Predict"
#     For which of the four ways to pad are they the same?

# %%
dots = torch.eye(256).reshape(256, 1, 16, 16)
for mode in MODES:
    averages = network(4, mode)(dots).mean((2, 3))
    middle = averages[8 * 16 + 8]
    changed = (
        (averages - middle).abs().amax(1) > 1e-4 * middle.abs().max()
    ).sum()
    print(f"{mode:<10} {changed:>3} of 256 positions give other averages")

# %% [markdown]
# Only circular padding passes. It has no border: what leaves on the right comes in again on the left. The others treat a dot near the border differently, each in its own way, even `replicate` and `reflect`, which left no frame on the wall.
#
# So "a CNN does not care where a thing is" needs two conditions. The stride has to be 1, as [invariance and equivariance](local-invariance.ipynb) shows, and there must be no border in sight. In deep networks the border is in sight almost everywhere, so trained networks can and do use absolute positions ([Kayhan and van Gemert 2020](https://arxiv.org/abs/2003.07064)).
#
# !!! tip "An opinion"
#     Keep zeros by default, because most tasks gain from a hint of where the sky is, and they cost nothing. Think again when position must not matter, as for textures, cells under a microscope or maps that wrap around: then pad with `reflect` or `circular`, or do not pad at all.
#
# ## Exercises
#
# Predict first. Then open the answer.
#
# **1.** Three layers of 3×3, padded with zeros, on a blank wall of 32×32. What percentage of the cells differs from the middle?
#
# ??? success "Answer"
#     34.0%. The middle has a side of 26, and 676 of 1,024 cells are 66.0%.
#
# **2.** One layer of 5×5 with `padding=2`, on the same wall. How many cells differ?
#
# ??? success "Answer"
#     240. The frame is two cells wide, as after two layers of 3×3: 1,024 − 784.
#
# **3.** Four layers of 3×3 with no padding at all. How many cells of the output differ from its middle?
#
# ??? success "Answer"
#     None: 0. Every window lies inside the wall. The map is 24×24 now; that is the price.
#
# **4.** After how many padded 3×3 layers is no cell of a 32×32 map out of the border's reach?
#
# ??? success "Answer"
#     After 16. Each layer takes one ring, and a side of 32 has 16 rings.
#
# Check your answers:

# %% tags=["collapse"]
print(f"{(strangeness(3, 'zeros') > 1e-5).float().mean():.1%}")


def differ(layers):
    """How many cells of the maps of a blank wall are unlike the middle."""
    maps = layers.requires_grad_(False)(wall)[0]
    middle = maps.shape[-1] // 2
    unlike = (maps - maps[:, middle, middle, None, None]).abs().amax(0)
    return int((unlike > 1e-4 * maps.abs().max()).sum())


wide = nn.Conv2d(1, 16, 5, padding=2)
bare = nn.Sequential(
    nn.Conv2d(1, 16, 3), *(nn.Conv2d(16, 16, 3) for _ in range(3))
)
print(differ(wide), differ(bare), tuple(bare(wall).shape[2:]))
rings = next(d for d in range(1, 33) if 32 - 2 * d <= 0)
print(rings)

# %% tags=["exercise"]
from slidingwindows.lesson import check

# 1. The percentage, such as 12.5.
check(..., lambda: 100 * (1 - 26**2 / 32**2))
# 2. How many cells.
check(..., lambda: differ(wide))
# 3. How many cells.
check(..., lambda: differ(bare))
# 4. How many layers.
check(..., lambda: rings)

# %% [markdown]
# ## What you know now
#
# - Zeros around an image look like an edge, and the edge walks one cell inwards with every 3×3 layer.
# - So the maps of a network that pads with zeros say where they are, trained or not.
# - Other paddings leave no frame on a blank wall, but only circular padding has no border at all.
#
# How to set each way of padding, and what it does to the numbers, is in [padding](padding.ipynb). How far a network sees, and so from how far the border is felt, is in [receptive fields](receptive-fields.ipynb).
#
# That trained networks hold positions is a finding of [Islam, Jia and Bruce (2020)](https://arxiv.org/abs/2001.08248), and that they use them one of [Kayhan and van Gemert (2020)](https://arxiv.org/abs/2003.07064). The words and the measurements are our own.
