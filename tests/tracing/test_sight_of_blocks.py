"""Blocks of one's own that cancel, scale by zero or average other axes: 'all' is all there, too."""

import copy
import random
from collections import Counter

import pytest
import torch
import torch.nn.functional as F
from jacobians import gradients
from sweeps import SWEEPS
from torch import nn

from slidingwindows import SlidingWindowsError, funnel
from slidingwindows.tracing.network import confirmed


class Block(nn.Module):
    """A forward over layers that it may use."""

    def __init__(self, forward, *layers):
        super().__init__()
        self.made, self.layers = forward, nn.ModuleList(layers)

    def forward(self, x):
        return self.made(x, *self.layers)


def pooled(forward):
    """y is the mean of each channel, same an nn.Identity."""
    mean, same = nn.AdaptiveAvgPool2d(1), nn.Identity()
    return nn.Sequential(Block(lambda x, mean, same: forward(x, mean(x), same), mean, same))


def vector(forward):
    """Of the sixteen numbers of a map two that see all, and what is made of them."""
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 2), Block(forward))


MAP = (2, 4, 4)
NOT_ALL = {
    "the channels' mean, as many as places": (
        nn.Sequential(nn.Conv1d(2, 8, 3, padding=1), Block(lambda x: x.mean(1))),
        (2, 8),
    ),
    "the channels' mean by name": (
        nn.Sequential(nn.Conv1d(2, 8, 3, padding=1), Block(lambda x: torch.mean(x, dim=1))),
        (2, 8),
    ),
    "a map's mean along one axis of two": (
        nn.Sequential(nn.Conv2d(2, 1, 1), Block(lambda x: x.mean(-1, keepdim=True))),
        (2, 4, 4),
    ),
    "a sum with nothing": (pooled(lambda x, y, same: x + 0 * y), MAP),
    "a sum with nothing, from the right": (pooled(lambda x, y, same: x + y * 0.0), MAP),
    "a quotient by infinity": (pooled(lambda x, y, same: x + y / float("inf")), MAP),
    "nothing by alpha": (pooled(lambda x, y, same: torch.add(x, y, alpha=0)), MAP),
    "nothing left by alpha": (pooled(lambda x, y, same: x.sub(y, alpha=0)), MAP),
    "all dropped": (
        nn.Sequential(
            Block(lambda x, norm: F.dropout(norm(x), p=1.0) + x, nn.GroupNorm(1, 2)), nn.Tanh()
        ),
        MAP,
    ),
    "a difference with itself": (pooled(lambda x, y, same: y - same(y)), MAP),
    "a quotient with itself": (pooled(lambda x, y, same: y / same(y)), MAP),
    "a sum that cancels": (pooled(lambda x, y, same: y + -1 * same(y) + x), MAP),
    "half of the channels cancel": (
        pooled(lambda x, y, same: torch.cat([y, y - same(y)], 1)),
        MAP,
    ),
    "less its mean, and the mean of that": (
        nn.Sequential(*pooled(lambda x, y, same: x + -1 * y), nn.AdaptiveAvgPool2d(1)),
        MAP,
    ),
    "by its mean, and the mean of that": (
        nn.Sequential(*pooled(lambda x, y, same: x / y), nn.AdaptiveAvgPool2d(1)),
        MAP,
    ),
    "a stride behind a wide operand that is none": (
        nn.Sequential(
            Block(lambda x, wide: x + 0 * wide(x), nn.Conv2d(2, 2, 3, padding=1)),
            *(nn.Conv2d(2, 2, 1, stride=2), nn.Flatten(), nn.Linear(8, 2)),
        ),
        MAP,
    ),
    "a stride behind a wide operand that cancels": (
        nn.Sequential(
            Block(
                lambda x, wide, same: x + wide(x) - same(wide(x)),
                *(nn.Conv2d(2, 2, 3, padding=1), nn.Identity()),
            ),
            *(nn.Conv2d(2, 2, 1, stride=2), nn.Flatten(), nn.Linear(8, 2)),
        ),
        MAP,
    ),
    "an edge behind a wide operand that cancels": (
        nn.Sequential(
            Block(
                lambda x, wide, same: x + wide(x) - same(wide(x)),
                *(nn.Conv2d(2, 2, 3, padding=1), nn.Identity()),
            ),
            *(nn.AvgPool2d(5), nn.Flatten(), nn.Linear(8, 2)),
        ),
        (2, 11, 11),
    ),
    "less its mean, and the mean of that in one block": (
        pooled(lambda x, y, same: (x + -1 * y).mean((2, 3))),
        MAP,
    ),
    "by its own multiple": (
        nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            Block(lambda x, conv: x / conv(x), nn.Conv2d(1, 1, 1, bias=False)),
        ),
        (1, 4, 4),
    ),
    "a norm of two numbers is 1 and -1": (
        nn.Sequential(nn.Flatten(), nn.Linear(16, 2), nn.LayerNorm(2, eps=0)),
        (1, 4, 4),
    ),
    "groups of two numbers, too": (
        nn.Sequential(nn.Flatten(), nn.Linear(16, 4), nn.GroupNorm(2, 4, eps=0)),
        (1, 4, 4),
    ),
    "a vector less itself": (vector(lambda x: x - x.view(1, -1)), (1, 4, 4)),
}
ALL = {
    "a mean and its map": (pooled(lambda x, y, same: x + y), MAP),
    "a mean weighed": (pooled(lambda x, y, same: torch.sub(x, y, alpha=2)), MAP),
    "half of a mean": (pooled(lambda x, y, same: x + 0.5 * y), MAP),
    "the mean of all places by axes": (
        nn.Sequential(nn.Conv2d(2, 3, 1), Block(lambda x: x.mean((2, -1)))),
        MAP,
    ),
    "the mean of a signal": (
        nn.Sequential(nn.Conv1d(2, 8, 3, padding=1), Block(lambda x: x.mean(2))),
        (2, 8),
    ),
    "nothing dropped": (
        nn.Sequential(Block(lambda x, norm: F.dropout(norm(x), 1.0, False), nn.GroupNorm(1, 2))),
        MAP,
    ),
    "beside what no rule follows": (
        nn.Sequential(
            Block(
                lambda x, norm: torch.tanh(norm(x)) + torch.tanh(x.transpose(1, 2)).transpose(1, 2),
                nn.GroupNorm(1, 4),
            )
        ),
        (4, 4, 4),
    ),
    "a vector and itself": (vector(lambda x: torch.tanh(x) + x.view(1, -1)), (1, 4, 4)),
}


@pytest.mark.parametrize("name", NOT_ALL)
def test_a_block_that_does_not_see_all_is_not_said_to(name):
    network, shape = NOT_ALL[name]
    stage = funnel(network, torch.rand(*shape)).stages[-1]
    assert not gradients(list(network), shape, 0)[-1].all() and stage.sees() == "–"


@pytest.mark.parametrize("name", ALL)
def test_a_block_that_sees_all_is_still_said_to(name):
    network, shape = ALL[name]
    stage = funnel(network, torch.rand(*shape)).stages[-1]
    assert gradients(list(network), shape, 0)[-1].all() and stage.sees() == "all"


def random_step(rng):
    """A random operation on maps that there are already, oldest first."""
    one, two = rng.choice((0, -1, -1)), rng.choice((0, -1, -2))
    dims = rng.choice((1, -1, (2, 3), (2, 3), (-1, -2), (1, 2), (1, 2, 3), None))
    number = rng.choice((0, 0.0, 1, -1, 2, 0.5))
    drop, training = rng.choice((0.0, 1.0)), rng.random() < 0.7
    return rng.choice(
        [
            lambda maps, layers: maps[one].mean(dims, keepdim=True),
            lambda maps, layers: maps[one].mean((2, 3), keepdim=True),
            lambda maps, layers: F.adaptive_avg_pool2d(maps[one], 1),
            lambda maps, layers: maps[one] * number,
            lambda maps, layers: number * maps[one],
            lambda maps, layers: maps[one] + maps[two],
            lambda maps, layers: maps[one] - maps[two],
            lambda maps, layers: maps[one] * maps[two],
            lambda maps, layers: maps[one] / maps[two],
            lambda maps, layers: torch.add(maps[one], maps[two], alpha=number),
            lambda maps, layers: torch.sub(maps[one], maps[two], alpha=number),
            lambda maps, layers: F.dropout(maps[one], drop, training),
            lambda maps, layers: torch.sigmoid(maps[one]),
            lambda maps, layers: layers[0](maps[0]),
            lambda maps, layers: layers[1](maps[0]),
            lambda maps, layers: layers[2](maps[one]),
        ]
    )


def random_block(rng):
    """Some random steps; what comes last is as large as what goes in."""
    steps = [random_step(rng) for _ in range(rng.randint(2, 4))]

    def forward(x, *layers):
        maps = [x, layers[0](x)]
        for step in steps:
            maps.append(step(maps, layers))
        return maps[-1] + layers[2](maps[0]) * 0 if rest else maps[-1] + maps[0]

    rest = rng.random() < 0.5
    return Block(forward, nn.Conv2d(4, 4, 3, padding=1), nn.GroupNorm(1, 4), nn.Identity())


seen = Counter()


@pytest.mark.parametrize("seed", range(75 * SWEEPS))
def test_what_is_said_of_random_blocks_is_what_gradients_say(seed):
    """As many channels as rows and columns, so that no axis can be told by its size."""
    rng = random.Random(seed)
    ends = [
        [nn.Conv2d(4, 2, 1, stride=2), nn.Flatten(), nn.Linear(8, 2)],
        [nn.AdaptiveAvgPool2d(1)],
        [nn.Tanh(), nn.Flatten(), nn.Linear(64, 2)],
        [],
    ]
    network = nn.Sequential(nn.Conv2d(1, 4, 1), random_block(rng), *rng.choice(ends))
    torch.manual_seed(seed)
    try:
        stages = funnel(network, torch.rand(1, 4, 4)).stages[1:]
    except SlidingWindowsError as error:
        assert "nan or infinity" in str(error)  # 0 / 0
        seen["nan"] += 1
        return
    for stage, reached in zip(stages, gradients(list(network), (1, 4, 4), seed), strict=True):
        if stage.sees() == "all":
            assert reached.all(), (seed, stage.call)
        if stage.field is None:
            seen[stage.sees(), bool(reached.all())] += 1


def test_the_random_blocks_were_of_all_kinds():
    """Runs after them: most that see all are said to, and many do not."""
    if sum(seen.values()) > 100:
        assert seen["all", True] > 30 and seen["–", False] > 50 and seen["nan"] < 15 * SWEEPS, seen
        assert seen["–", True] < seen["all", True], seen


def test_the_guard_alone_finds_what_the_rules_do():
    """Asked of every layer, whatever the rules say."""
    for name, (network, shape) in {**NOT_ALL, **ALL}.items():
        batch = torch.rand(1, *shape)
        last = len(network) - 1
        assert confirmed(network, list(network), batch, [last]) == (
            {last} if name in ALL else set()
        )


def test_each_of_several_layers_is_judged_by_itself():
    """The last sees all again, for a norm spreads what the block before had left unspread."""
    narrow = pooled(lambda x, y, same: x + y - same(y))[0]
    network = nn.Sequential(nn.GroupNorm(1, 2), nn.AdaptiveMaxPool2d(1), nn.Linear(1, 3))
    assert confirmed(network, list(network), torch.rand(1, *MAP), [0, 1, 2]) == {0, 1, 2}
    network = nn.Sequential(narrow, nn.GroupNorm(1, 2), nn.ReLU())
    assert confirmed(network, list(network), torch.rand(1, *MAP), [0, 1, 2]) == {1, 2}


class Residual(nn.Module):
    """As residual networks have it: no weight is in both operands."""

    def __init__(self, channels):
        super().__init__()
        self.one = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm, self.relu = nn.BatchNorm2d(channels), nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.norm(self.one(x))
        y += x
        return self.relu(y)


def test_a_residual_network_is_followed_without_asking(monkeypatch):
    """Through 25 layers a corner's gradient is too faint to ask; it need not be, either."""
    asked = []
    monkeypatch.setattr(
        "slidingwindows.tracing.network.confirmed",
        lambda network, layers, batch, claimed: asked.extend(claimed) or set(),
    )
    network = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), *[Residual(8) for _ in range(24)])
    assert funnel(network.eval(), torch.rand(1, 24, 24)).stages[-1].sees() == "all"
    assert not asked
    # Of operands that have all their weights in common it is asked, and said if torch says so.
    norm = nn.GroupNorm(1, 1)
    network = nn.Sequential(Block(lambda x, norm: norm(x) + torch.tanh(norm(x)), norm))
    assert funnel(network, torch.rand(1, 8, 8)).stages[-1].sees() == "–" and asked == [0]
    monkeypatch.undo()
    assert funnel(network, torch.rand(1, 8, 8)).stages[-1].sees() == "all"


def test_zeroed_weights_and_shut_activations_do_not_decide():
    """A layer whose weights begin at 0 sees what it is going to see once it is trained."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(32, 3), nn.ReLU(), nn.Linear(3, 2))
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    assert funnel(network, torch.rand(*MAP)).stages[-1].sees() == "all"


def test_asking_changes_nothing():
    network = nn.Sequential(nn.Flatten(), nn.Linear(32, 3), nn.ReLU(True), nn.Dropout(0.0))
    batch, before = torch.rand(1, *MAP), copy.deepcopy(network.state_dict())
    image, state = batch.clone(), torch.random.get_rng_state()
    network[1].weight.grad = torch.ones(3, 32)
    assert confirmed(network, list(network), batch, [1, 2, 3]) == {1, 2, 3}
    assert torch.equal(batch, image) and torch.equal(torch.random.get_rng_state(), state)
    assert batch.grad is None and network[1].weight.grad.eq(1).all() and network.training
    for name, tensor in network.state_dict().items():
        assert tensor.dtype == torch.float32 and torch.equal(tensor, before[name])
    assert all(parameter.requires_grad for parameter in network.parameters())
