"""A layer's windows in plain numbers, what mixes everything, and what a layer costs."""

import pytest
import torch
from torch import nn

from slidingwindows.core.geometry import Axis
from slidingwindows.core.reach import Windows
from slidingwindows.tracing.layers import (
    _adaptive,
    is_a,
    macs_of,
    many,
    mixes_all,
    new_parameters,
    steady_norm,
    windows_of,
)


def axes(*rows):
    return Windows(tuple(Axis(*row) for row in rows))


def forwarded(module):
    """With a forward of its user's, so that nothing is known of what it computes."""
    module.forward = lambda x: x
    return module


class Half1x(nn.MaxPool2d):
    """Ends in a digit and a letter, but says nothing about dimensions."""


class Third(nn.MaxPool2d):
    """Ends in a d without a digit."""


class ZeroPadMine(nn.Module):
    """Named like torch's, whose parameters nobody knows."""

    padding = (1, 1, 1, 1)


WITH_WINDOWS = [
    (nn.ReLU(), (4, 7), axes((4, 1, 1), (7, 1, 1))),
    (nn.Sigmoid(), (), Windows(())),
    (nn.BatchNorm1d(6).eval(), (), Windows(())),
    (nn.BatchNorm2d(6).eval(), (3, 4), axes((3, 1, 1), (4, 1, 1))),
    (nn.Dropout1d(), (), Windows(())),
    (nn.Dropout2d(), (5,), axes((5, 1, 1))),
    (nn.Dropout3d(), (5, 4), axes((5, 1, 1), (4, 1, 1))),
    (
        nn.Conv2d(1, 1, (3, 5), (2, 1), (1, 2), (1, 3)),
        (9, 14),
        axes((9, 3, 2, (1, 1)), (14, 5, 1, (2, 2), 3)),
    ),
    # An even window's odd element of padding is behind.
    (
        nn.Conv2d(1, 1, (4, 3), padding="same", dilation=(1, 2)),
        (9, 8),
        axes((9, 4, 1, (1, 2)), (8, 3, 1, (2, 2), 2)),
    ),
    (nn.Conv1d(1, 1, 3, 2, padding="valid"), (9,), axes((9, 3, 2))),
    (nn.Conv3d(1, 1, 2), (4, 5, 6), axes((4, 2, 1), (5, 2, 1), (6, 2, 1))),
    (
        nn.MaxPool2d((3, 2), (2, 3), (1, 0), (1, 2), ceil_mode=True),
        (8, 9),
        axes((8, 3, 2, (1, 1), 1, True), (9, 2, 3, (0, 0), 2, True)),
    ),
    (nn.MaxPool1d(3), (8,), axes((8, 3, 3))),
    (nn.AvgPool1d(3, 2, 1), (8,), axes((8, 3, 2, (1, 1)))),
    (nn.AvgPool2d((2, 3)), (7, 9), axes((7, 2, 2), (9, 3, 3))),
    (
        nn.AvgPool3d(2, 1, ceil_mode=True),
        (3, 4, 5),
        axes(*((n, 2, 1, (0, 0), 1, True) for n in (3, 4, 5))),
    ),
    (nn.LPPool2d(2, (3, 2)), (8, 9), axes((8, 3, 3), (9, 2, 2))),
    (nn.LPPool1d(2, 3, 2, ceil_mode=True), (8,), axes((8, 3, 2, (0, 0), 1, True))),
    (nn.AdaptiveAvgPool2d((None, 3)), (5, 9), axes((5, 1, 1), (9, 3, 3))),
    (nn.AdaptiveMaxPool2d(4), (12, 8), axes((12, 3, 3), (8, 2, 2))),
    (nn.AdaptiveAvgPool1d(1), (9,), axes((9, 9, 9))),
    (
        nn.ZeroPad2d((1, 2, 3, 0)),
        (5, 7),
        axes((5, 1, 1, (3, 0)), (7, 1, 1, (1, 2))),
    ),
    (nn.ConstantPad1d((0, 2), 1.5), (5,), axes((5, 1, 1, (0, 2)))),
    (Half1x(2), (4, 6), axes((4, 2, 2), (6, 2, 2))),
    (Third(2), (4, 6), axes((4, 2, 2), (6, 2, 2))),
]
COPYING = [
    (nn.ReflectionPad1d((1, 2)), (5,), ((5, 1, 1, (1, 2)),), "reflect"),
    (nn.ReplicationPad3d((1, 2, 3, 4, 5, 6)), (7, 8, 9), None, "replicate"),
    (nn.CircularPad2d(1), (5, 6), ((5, 1, 1, (1, 1)), (6, 1, 1, (1, 1))), "circular"),
    (
        nn.Conv1d(1, 1, 3, padding=2, padding_mode="replicate"),
        (5,),
        ((5, 3, 1, (2, 2)),),
        "replicate",
    ),
]


def test_a_layers_windows_by_hand():
    for layer, sizes, expected in WITH_WINDOWS:
        found = windows_of(layer, sizes)
        assert found == expected, layer
        assert all(type(axis.padding) is tuple for axis in found.axes), layer
    for layer, sizes, rows, fill in COPYING:
        rows = rows or ((7, 1, 1, (5, 6)), (8, 1, 1, (3, 4)), (9, 1, 1, (1, 2)))
        assert windows_of(layer, sizes) == Windows(axes(*rows).axes, fill), layer


def test_windows_give_the_size_that_torch_gives():
    for layer, sizes, *_ in WITH_WINDOWS + COPYING:
        channels = 6 if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) else 1
        if not sizes or "Dropout" in type(layer).__name__:
            continue
        out = layer(torch.rand(1, channels, *sizes))
        assert windows_of(layer, sizes).output == tuple(out.shape[2:]), layer


@pytest.mark.parametrize(
    ("layer", "sizes"),
    [
        # Torch takes a batch of one for an input without a batch, and slides over the channels.
        (nn.MaxPool2d(2), (6,)),
        (nn.MaxPool1d(2), ()),
        (nn.MaxPool3d(2), (6, 6)),
        (nn.ReflectionPad2d(1), (6,)),
        (nn.ZeroPad1d(1), (5, 6)),
        (nn.BatchNorm2d(4).eval(), (6,)),
        (nn.BatchNorm1d(4), ()),
        (nn.BatchNorm1d(4), (6,)),
        (nn.ConvTranspose2d(1, 1, 2), (4, 4)),
        (nn.AdaptiveAvgPool2d((4, 4)), (8, 6)),
        (nn.AdaptiveAvgPool2d((4, 4)), (6, 8)),
        (nn.ZeroPad2d((1, -1, 0, 0)), (5, 6)),
        (nn.Linear(3, 3), (3,)),
        (nn.Sequential(nn.ReLU()), (4, 4)),
        (ZeroPadMine(), (4, 4)),
        (forwarded(nn.ReLU()), (4, 4)),
        (forwarded(nn.Conv2d(1, 1, 2)), (4, 4)),
        (forwarded(nn.ZeroPad2d(1)), (4, 4)),
        (forwarded(nn.BatchNorm2d(1).eval()), (4, 4)),
    ],
    ids=str,
)
def test_a_layer_without_windows_of_one_kind(layer, sizes):
    assert windows_of(layer, sizes) is None


def read_by_torch(size, out):
    """(first element, how many) of each window of an adaptive pool: what its gradient reaches."""
    x = torch.ones(1, 1, size, requires_grad=True)
    found = []
    for value in nn.AdaptiveAvgPool1d(out)(x)[0, 0]:
        (slope,) = torch.autograd.grad(value, x, retain_graph=True)
        reached = slope[0, 0].nonzero().flatten().tolist()
        found.append((reached[0], len(reached)))
    return found


def test_an_adaptive_pool_is_regular_where_torchs_windows_are():
    regular = 0
    for size in range(1, 13):
        for out in range(1, 14):
            read, axis = read_by_torch(size, out), _adaptive(size, out)
            starts = [first for first, _ in read]
            steps = {b - a for a, b in zip(starts, starts[1:], strict=False)}
            alike = len({count for _, count in read}) == 1 and len(steps) < 2 and 0 not in steps
            assert (axis is not None) == alike, (size, out)
            if alike:
                regular += 1
                assert [(s, axis.kernel_size) for s in axis.starts] == read, (size, out)
                assert axis.output_size == out and axis.padding == (0, 0), (size, out)
                assert out > 1 or axis.stride == size
    assert 50 < regular < 120


def test_what_mixes_every_place():
    running = nn.InstanceNorm2d(4, track_running_stats=True).eval()
    for layer, shape, expected in (
        (nn.Linear(6, 2), (6,), True),
        (nn.Linear(6, 2), (4, 6), False),
        (forwarded(nn.Linear(6, 2)), (6,), False),
        (nn.LayerNorm(6), (4, 6), True),
        (nn.LayerNorm(6), (4, 5, 6), False),
        (nn.LayerNorm((5, 6)), (4, 5, 6), True),
        (nn.LayerNorm((4, 5, 6)), (4, 5, 6), True),
        (nn.GroupNorm(2, 4), (4, 5, 6), True),
        (nn.InstanceNorm2d(4), (4, 5, 6), True),
        (running, (4, 5, 6), False),
        (nn.BatchNorm2d(4), (4, 5, 6), False),
        (nn.ReLU(), (4,), False),
    ):
        assert mixes_all(layer, shape) is expected, (layer, shape)


def test_a_norm_is_steady_with_a_stored_mean_alone():
    for layer, expected in (
        (nn.BatchNorm2d(2).eval(), True),
        (nn.BatchNorm2d(2), False),
        (nn.BatchNorm2d(2, track_running_stats=False).eval(), False),
        (nn.SyncBatchNorm(2).eval(), True),
        (nn.InstanceNorm1d(2).eval(), False),
        (nn.InstanceNorm1d(2, track_running_stats=True).eval(), True),
        (nn.InstanceNorm1d(2, track_running_stats=True), False),
        (forwarded(nn.BatchNorm2d(2).eval()), False),
        (nn.LayerNorm(2).eval(), False),
    ):
        assert steady_norm(layer) is expected, layer


def test_a_class_counts_only_with_its_own_forward():
    class Other(nn.Conv2d):
        def forward(self, x):
            return x

    class Same(nn.Conv2d):
        pass

    kinds = (nn.Linear, nn.Conv2d)
    assert is_a(nn.Conv2d(1, 1, 1), kinds) and is_a(Same(1, 1, 1), kinds)
    assert not is_a(Other(1, 1, 1), kinds) and not is_a(nn.ReLU(), kinds)
    assert not is_a(forwarded(nn.Conv2d(1, 1, 1)), kinds)


def test_one_number_stands_for_each_axis():
    assert [many(3, 2), many((4, 5), 2), many([4, 5, 6], 3)] == [(3, 3), (4, 5), (4, 5, 6)]
    assert type(many([4, 5], 2)) is tuple


class Twice(nn.Module):
    """A layer applied to its own answer, and a product of no module's."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 3)

    def forward(self, x):
        return self.inner(self.inner(x))


class Mine(nn.Module):
    """No module inside and no parameter, and still it multiplies."""

    def forward(self, x):
        return x @ x.transpose(-1, -2)


COSTS = [
    (nn.Linear(6, 5), (6,), 6 * 5),
    (nn.Linear(6, 5), (3, 6), 3 * 6 * 5),
    (nn.Conv2d(4, 6, (2, 3), groups=2), (4, 5, 6), 6 * 4 * 4 * 2 * 2 * 3),
    (nn.ConvTranspose2d(4, 6, (2, 3), groups=2), (4, 5, 6), 4 * 5 * 6 * 3 * 2 * 3),
    (nn.Conv1d(1, 1, 3, padding=1, bias=False), (1, 5), 5 * 3),
    (nn.MaxPool2d(2), (4, 6, 6), 0),
    (nn.ReLU(), (4, 6), 0),
]
COSTS_INSIDE = [
    (nn.PReLU(4), (4, 6, 6), 0),
    (nn.BatchNorm2d(4).eval(), (4, 6, 6), 0),
    (Twice(), (2, 3), 2 * 2 * 3 * 3),
    (Mine(), (2, 3, 4), 2 * 3 * 3 * 4),
    (nn.Sequential(nn.Conv1d(2, 3, 1), nn.ReLU()), (2, 7), 2 * 3 * 7),
]


@pytest.mark.parametrize("costs", [COSTS, COSTS_INSIDE], ids=["alone", "inside"])
def test_what_a_layer_costs_by_hand(costs):
    for layer, shape, expected in costs:
        before = torch.rand(1, *shape)
        assert macs_of(layer, before, layer(before)) == expected, layer
        assert not any(inner._forward_hooks for inner in layer.modules()), layer


def test_counting_leaves_attentions_fast_path_as_it_was():
    fast, block = torch.backends.mha, nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval()
    x = torch.rand(1, 5, 4)
    was = fast.get_fastpath_enabled()
    try:
        counts = []
        for enabled in (True, False):
            fast.set_fastpath_enabled(enabled)
            counts.append(macs_of(block, x, x))
            assert fast.get_fastpath_enabled() is enabled
        # For each of five numbers of four: 12 in, 4 out, 8 and 8; and two products of 5×5 by four.
        assert counts == [5 * 4 * (12 + 4 + 8 + 8) + 2 * 5 * 5 * 4] * 2
    finally:
        fast.set_fastpath_enabled(was)


def test_parameters_are_counted_once():
    layer, seen = nn.Conv2d(2, 3, (2, 1)), set()
    layer.weight.requires_grad_(False)
    assert new_parameters(nn.ReLU(), seen) == 0 and seen == set()
    assert new_parameters(layer, seen) == 3 * 2 * 2 + 3 and len(seen) == 2
    assert new_parameters(layer, seen) == 0
    other = nn.Conv2d(2, 3, 1, bias=False)
    assert new_parameters(nn.Sequential(layer, other), seen) == 6 and len(seen) == 3
