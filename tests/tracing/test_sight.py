"""What a funnel says of sight, against gradients: 'all' is all, and a number is that number."""

import random
from collections import Counter

import pytest
import torch
from jacobians import gradients
from sweeps import SWEEPS
from torch import nn

from slidingwindows import funnel
from slidingwindows.tracing.network import layers_of

LARGEST = {1: 12, 2: 8, 3: 4}


class Residual(nn.Module):
    """A block of two layers and a shortcut, as residual networks have it."""

    def __init__(self, rank, channels, stride, norm):
        super().__init__()
        conv = getattr(nn, f"Conv{rank}d")
        self.one = conv(channels, 2, 3, stride, padding=1)
        self.norm = nn.GroupNorm(1, 2) if norm else nn.Identity()
        self.two = conv(2, channels, 3, padding=1)
        self.short = nn.Identity() if stride == 1 else conv(channels, channels, 1, stride)

    def forward(self, x):
        y = torch.tanh(self.norm(self.one(x)))
        return torch.sigmoid(self.two(y) + self.short(x))


class Excited(nn.Module):
    """Each channel is weighed by a number that is made of all."""

    def __init__(self, rank, channels):
        super().__init__()
        self.axes = tuple(range(2, rank + 2))
        self.gate = getattr(nn, f"Conv{rank}d")(channels, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.gate(x.mean(self.axes, keepdim=True)))


class Side(nn.Module):
    """Channels of two kinds side by side."""

    def __init__(self, rank, channels):
        super().__init__()
        conv = getattr(nn, f"Conv{rank}d")
        self.one, self.two = conv(channels, 1, 1), conv(channels, 1, 3, padding=1)

    def forward(self, x):
        return torch.cat([self.one(x), self.two(x)], 1)


class Halved(nn.Module):
    """Sees every second row alone, in a way that no list of operations is followed through."""

    def forward(self, x):
        return x[:, :, ::2].contiguous()


def random_layer(rng, rank, shape, free):
    """A random layer for an input of a shape, (C, ...); free: anything may come."""
    channels, sizes = shape[0], shape[1:]
    if not sizes:
        kinds = [nn.Linear(channels, rng.randint(1, 5)), nn.Tanh(), nn.LayerNorm(channels)]
        kinds.append(nn.Softmax(1))
        if channels % 4 == 0 and rank == 2:
            kinds.append(nn.Unflatten(1, (channels // 4, 2, 2)))
        if channels % 3 == 0 and rank == 1:
            kinds.append(nn.Unflatten(1, (channels // 3, 3)))
        return rng.choice(kinds)
    kernel = tuple(rng.randint(1, min(3, n)) for n in sizes)
    stride = tuple(rng.randint(1, 3) for _ in sizes)
    pads = tuple(rng.randint(0, k // 2) for k in kernel)
    dilation = tuple(rng.choice((1, 1, 2)) for _ in sizes)
    named = lambda name: getattr(nn, f"{name}{rank}d")  # noqa: E731
    groups = rng.choice([g for g in (1, 2) if channels % g == 0])
    mode = rng.choice(("zeros", "zeros", "replicate", "circular"))
    kind = rng.choice(
        "conv conv conv turned average max adaptive mean act group instance layer flat flat "
        "residual residual excited side up softmax linear pad lp halved".split()
    )
    if kind in ("halved", "up", "turned") and not free:
        kind = "conv"
    make = {
        "conv": lambda: named("Conv")(
            *(channels, rng.choice((2, 4)), kernel, stride, pads, dilation, groups),
            padding_mode=mode,
        ),
        "turned": lambda: named("ConvTranspose")(
            channels, 2, kernel, stride, groups=groups, dilation=dilation
        ),
        "average": lambda: named("AvgPool")(kernel, stride, pads, rng.random() < 0.5),
        "max": lambda: named("MaxPool")(kernel, stride, pads, ceil_mode=rng.random() < 0.5),
        "adaptive": lambda: named(f"Adaptive{rng.choice(('Avg', 'Max'))}Pool")(
            tuple(rng.randint(1, n + 1) for n in sizes)
        ),
        "mean": lambda: named(f"Adaptive{rng.choice(('Avg', 'Max'))}Pool")(1),
        "act": lambda: rng.choice((nn.ReLU(), nn.Tanh(), nn.Dropout(0.5), nn.Identity())),
        "group": lambda: nn.GroupNorm(groups, channels),
        "instance": lambda: named("InstanceNorm")(channels, affine=True),
        "layer": lambda: nn.LayerNorm(shape[rng.randint(0, len(sizes)) :]),
        "flat": lambda: nn.Flatten(),
        "residual": lambda: Residual(rank, channels, rng.choice((1, 2, 4)), rng.random() < 0.3),
        "excited": lambda: Excited(rank, channels),
        "side": lambda: Side(rank, channels),
        "up": lambda: nn.Upsample(
            scale_factor=rng.choice((0.5, 2, 3)), mode=("linear", "bilinear", "nearest")[rank - 1]
        ),
        "softmax": lambda: nn.Softmax(rng.randint(1, rank + 1)),
        "linear": lambda: nn.Linear(sizes[-1], 3),
        "pad": lambda: named(rng.choice(("ZeroPad", "ReplicationPad", "CircularPad")))(1),
        "lp": lambda: named("LPPool")(2, kernel[0], stride[0]),
        "halved": Halved,
    }
    return make[kind]()


def random_network(seed):
    """A random network and the shape of a sample that it takes."""
    rng = random.Random(seed)
    rank = rng.choice((1, 1, 2, 2, 2, 2, 3))
    largest = LARGEST[rank]
    shape = start = (rng.choice((1, 2)), *(rng.randint(largest // 2, largest) for _ in range(rank)))
    layers = [getattr(nn, f"Dropout{rank}d")()]  # its name tells the rank
    for _ in range(rng.randint(2, 6)):
        layer = random_layer(rng, rank, shape, rng.random() < 0.5).eval()
        try:
            after = tuple(layer(torch.rand(1, *shape)).shape[1:])
        except (RuntimeError, ValueError):
            continue
        if 0 in after or torch.Size(after).numel() > 300:
            continue
        layers.append(layer)
        shape = after
    return nn.Sequential(*layers).eval(), start


def boxes(reached, shape, stage):
    """For each number, the first and last place with a gradient along each axis; None: none."""
    sizes = stage.shape[1:]
    grid = reached.reshape(-1, torch.Size(sizes).numel(), *shape[1:]).any(0)
    for position, one in zip(torch.cartesian_prod(*map(torch.arange, sizes)), grid, strict=True):
        places = one.nonzero()
        position = position.reshape(-1).tolist()
        yield position, (places.amin(0).tolist(), places.amax(0).tolist()) if len(places) else None


def check_numbers(reached, shape, stage, copied):
    """A receptive field is what the gradient reaches, less what of it lies in the padding."""
    for position, box in boxes(reached, shape, stage):
        views = [reach.view(i) for reach, i in zip(stage.field, position, strict=True)]
        inside = all(0 <= a and b < n for (a, b), n in zip(views, shape[1:], strict=True))
        if copied:
            continue
        if inside:
            assert box == ([a for a, _ in views], [b for _, b in views])
        elif box:
            for (a, b), first, last in zip(views, *box, strict=True):
                assert a <= first and last <= b


seen = Counter()


@pytest.mark.parametrize("seed", range(100 * SWEEPS))
def test_what_a_table_says_of_sight_is_what_gradients_say(seed):
    network, shape = random_network(seed)
    stages = funnel(network, torch.rand(1, *shape)).stages[1:]
    layers = layers_of(network)
    copied, open_ended = False, False
    for layer, stage, reached in zip(layers, stages, gradients(layers, shape, seed), strict=True):
        copied |= getattr(layer, "padding_mode", "zeros") != "zeros"
        copied |= type(layer).__name__.startswith(("Replication", "Circular"))
        # After these a number's place no longer tells what it sees; then 'all' may go unsaid.
        open_ended |= isinstance(layer, Halved | Side | nn.Unflatten)
        if stage.field is not None:
            check_numbers(reached, shape, stage, copied)
            seen["number"] += 1
        elif stage.sees() == "all":
            assert reached.all(), (network, layer, int((~reached.all(0)).sum()))
            seen["all"] += 1
        elif reached.all() and not open_ended:
            seen["unsaid"] += 1
        else:
            seen["not all"] += 1


def test_the_sweep_saw_every_answer():
    """Runs after the sweep: 'all' is right whenever it is said, and is said nearly always."""
    if sum(seen.values()) > 250:
        assert seen["number"] > 100 and seen["all"] > 75 and seen["not all"] > 75
        assert seen["unsaid"] < 0.05 * seen["all"], seen


ISSUE = {
    "a stride passes over 48 of 64": (
        nn.Sequential(nn.Conv2d(1, 4, 1, stride=2), nn.Flatten(), nn.Linear(64, 3)),
        ((1, 8, 8), 48),
    ),
    "a pool leaves 13 of 49 at the edge": (
        nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(9, 3)),
        ((1, 7, 7), 13),
    ),
    "a norm sees what is left of 81, 45 not": (
        nn.Sequential(nn.Conv2d(1, 4, 3, stride=4), nn.GroupNorm(1, 4)),
        ((1, 9, 9), 45),
    ),
    "a transposed convolution makes numbers of nothing": (
        nn.Sequential(nn.GroupNorm(1, 1), nn.ConvTranspose2d(1, 1, 1, stride=2)),
        ((1, 4, 4), 0),
    ),
    "an instance norm's mean is always 0": (
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.InstanceNorm2d(2), nn.AdaptiveAvgPool2d(1)),
        ((1, 6, 6), 36),
    ),
    "a norm of one number is 0": (
        nn.Sequential(nn.Conv2d(1, 2, 1), nn.AdaptiveAvgPool2d((2, 1)), nn.LayerNorm(1)),
        ((1, 6, 6), 36),
    ),
    "a softmax of one channel is 1": (
        nn.Sequential(nn.Flatten(), nn.Linear(16, 1), nn.Softmax(1)),
        ((1, 4, 4), 16),
    ),
    "a max pool takes a vector for one signal": (
        nn.Sequential(nn.Flatten(), nn.MaxPool1d(2, 3), nn.Linear(5, 2)),
        ((1, 4, 4), 6),
    ),
    "a vector cut up again": (
        nn.Sequential(
            *(nn.Conv2d(1, 1, 1), nn.Flatten(), nn.Unflatten(1, (4, 2, 2)), nn.InstanceNorm2d(4))
        ),
        ((1, 4, 4), 0),
    ),
    "a padding that sees nothing, weighed": (
        nn.Sequential(nn.ZeroPad2d(1), Excited(2, 1)),
        ((1, 4, 4), 0),
    ),
}


@pytest.mark.parametrize("name", ISSUE)
def test_not_all_is_not_called_all(name):
    network, (shape, unseen) = ISSUE[name]
    stage = funnel(network, torch.rand(*shape)).stages[-1]
    reached = gradients(list(network), shape, 0)[-1]
    assert not reached.all() and stage.sees() != "all"
    assert int((~reached.any(0)).sum()) == unseen


def test_a_pool_of_everything_behind_a_block_sees_what_a_norm_sees():
    for last in (nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1), nn.GroupNorm(1, 2)):
        network = nn.Sequential(nn.Conv2d(1, 2, 3), Residual(2, 2, 2, False), last)
        assert funnel(network, torch.rand(1, 7, 7)).stages[-1].sees() == "all"
        assert gradients(list(network), (1, 7, 7), 0)[-1].all()
        # Now the block's stride passes over places that its first layer has not spread.
        network = nn.Sequential(nn.Conv2d(1, 2, 1, stride=2), Residual(2, 2, 2, False), last)
        assert funnel(network, torch.rand(1, 7, 7)).stages[-1].sees() == "–"


@pytest.mark.parametrize("size", [2, 4, 5, (2, 4, 5), (5, 2, 4), (4, 5, 2), (5, 4, 4)], ids=str)
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_resizing_to_a_size_passes_over_what_gradients_do_not_reach(rank, size):
    """From four rows to two, every second one; the axes may have sizes of their own."""
    sizes = size if isinstance(size, int) else size[:rank]
    mode = ("linear", "bilinear", "nearest")[rank - 1]
    shape = (1, *[4] * rank)
    layers = [getattr(nn, f"Conv{rank}d")(1, 1, 1), nn.Upsample(sizes, mode=mode), nn.Flatten()]
    wide = nn.Sequential(*layers)(torch.zeros(1, *shape)).shape[1]
    network = nn.Sequential(*layers, nn.Linear(wide, 2))
    reached = bool(gradients(list(network), shape, 0)[-1].all())
    smallest = min(layers[1](torch.zeros(1, *shape)).shape[2:])
    assert reached == (mode != "nearest" or smallest >= 4)
    stage = funnel(network, torch.rand(*shape)).stages[-1]
    assert stage.sees() == ("all" if reached else "–")


class Summed(nn.Module):
    """Two layers side by side, added."""

    def __init__(self, one, two):
        super().__init__()
        self.one, self.two = one, two

    def forward(self, x):
        return self.one(x) + self.two(x)


@pytest.mark.parametrize("wide", [0, 1, None])
def test_a_sum_sees_what_the_wider_operand_sees_first_or_second(wide):
    """A stride passes over three of four places, which only the wider kernel has spread."""
    parts = [nn.Conv2d(1, 2, 1), nn.Conv2d(1, 2, 1)]
    if wide is not None:
        parts[wide] = nn.Conv2d(1, 2, 3, padding=1)
    network = nn.Sequential(
        Summed(*parts), nn.Conv2d(2, 2, 1, stride=2), nn.Flatten(), nn.Linear(8, 2)
    )
    all_reached = bool(gradients(list(network), (1, 4, 4), 0)[-1].all())
    assert all_reached == (wide is not None)
    stage = funnel(network, torch.rand(1, 4, 4)).stages[-1]
    assert stage.sees() == ("all" if all_reached else "–")


def test_very_long_signals_are_no_trouble():
    network = nn.Sequential(nn.Conv1d(1, 2, 9, stride=4), nn.Flatten(), nn.Linear(25_000, 2))
    assert funnel(network, torch.rand(1, 50_005)).stages[-1].sees() == "all"
    assert funnel(network, torch.rand(1, 50_006)).stages[-1].sees() == "–"
