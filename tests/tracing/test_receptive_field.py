"""A network's receptive field: the recurrence, what gradients reach, and independent searches."""

import copy
import itertools
import json
import math
import random
from dataclasses import replace

import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError, receptive_field
from slidingwindows.core.reach import Reach, Windows
from slidingwindows.core.receptive import ReceptiveField
from slidingwindows.tracing import receptive_field as measuring
from slidingwindows.tracing.layers import ELEMENT_WISE, windows_of
from slidingwindows.tracing.receptive_field import surrogate
from slidingwindows.words.receptive import alt_text, half, transcript


def vgg16(channels=4):
    """VGG-16's convolutions and pools up to pool5; narrow, which changes no receptive field."""
    layers, before = [], 3
    for count, wider in ((2, 1), (2, 2), (3, 4), (3, 8), (3, 8)):
        for _ in range(count):
            layers += [nn.Conv2d(before, wider * channels, 3, padding=1), nn.ReLU(inplace=True)]
            before = wider * channels
        layers.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(*layers)


def test_vgg16_after_pool5():
    found = receptive_field(vgg16(), (3, 320, 320), samples=1)
    assert found.size == (212, 212) and found.jump == (32, 32)
    (low, high), columns = found.measured_box
    assert high - low + 1 == 212 and columns == (low, high)
    assert found.reaches == (Reach(212, 32, 15.5),) * 2
    sizes = [layer.sees() for layer in found.layers if not layer.plain]
    published = "3 5 6 10 14 16 24 32 40 44 60 76 92 100 132 164 196 212"
    assert sizes == published.split()
    last = found.table().splitlines()[-1]
    assert last.split()[-3:] == ["32", "212", "15.5"]


def test_vgg16_at_its_own_size_with_its_own_channels():
    found = receptive_field(vgg16(64), (3, 224, 224), samples=1)
    assert found.measured_box == ((6, 217), (6, 217)) and found.output == (3, 3)
    assert 0 < found.half < 212 * 212 / 2


def random_layer(rng, rank, channels):
    """A random layer with windows and its output channels."""
    kernel = tuple(rng.randint(1, 4) for _ in range(rank))
    stride = tuple(rng.randint(1, 3) for _ in range(rank))
    dilation = tuple(rng.randint(1, 3) for _ in range(rank))
    pads = tuple(rng.randint(0, k // 2) for k in kernel)
    kinds = ("conv", "conv", "same", "max", "max", "average", "lp", "plain", "pad", "copies")
    kind = rng.choice((*kinds, "norm", "adaptive"))
    if kind == "conv":
        after, mode = rng.choice((1, 2)), rng.choice(("zeros", "zeros", "replicate", "circular"))
        make = getattr(nn, f"Conv{rank}d")
        facts = {"stride": stride, "padding": pads, "dilation": dilation, "padding_mode": mode}
        return make(channels, after, kernel, **facts), after
    if kind == "same":
        make = getattr(nn, f"Conv{rank}d")
        return make(channels, 2, kernel, padding="same", dilation=dilation), 2
    ceil = rng.random() < 0.5
    if kind == "max":
        make = getattr(nn, f"MaxPool{rank}d")
        if rank == 1:
            kernel, stride, pads, dilation = kernel[0], stride[0], pads[0], dilation[0]
        return make(kernel, stride, pads, dilation, ceil_mode=ceil), channels
    if kind == "average":
        make = getattr(nn, f"AvgPool{rank}d")
        return make(kernel, stride, pads, ceil, rng.random() < 0.5), channels
    if kind == "lp":
        one = kernel[0]
        return getattr(nn, f"LPPool{rank}d")(2, one, stride[0], ceil), channels
    if kind == "pad":
        return getattr(nn, f"ZeroPad{rank}d")(tuple(rng.randint(0, 2) for _ in range(2 * rank))), (
            channels
        )
    if kind == "copies":
        name = rng.choice(("ReflectionPad", "ReplicationPad", "CircularPad", "ConstantPad"))
        sides = tuple(rng.randint(0, 2) for _ in range(2 * rank))
        more = (0.0,) if name == "ConstantPad" else ()
        return getattr(nn, f"{name}{rank}d")(sides, *more), channels
    if kind == "norm":
        return getattr(nn, f"BatchNorm{rank}d")(channels), channels
    if kind == "adaptive":  # to one window, or to windows of one element
        size = 1 if rank == 1 else tuple(rng.choice((None, None, 1)) for _ in range(rank))
        return getattr(nn, f"Adaptive{rng.choice(('Avg', 'Max'))}Pool{rank}d")(size), channels
    return rng.choice((nn.ReLU(inplace=True), nn.Tanh(), nn.Dropout(0.5))), channels


def random_stack(rng, rank):
    channels, largest = rng.choice((1, 3)), (40, 20, 9)[rank - 1]
    shape = (channels, *(rng.randint(largest // 2 + 4, largest) for _ in range(rank)))
    layers = [getattr(nn, f"Dropout{rank}d")()]  # its name tells the rank
    for _ in range(rng.randint(1, 5)):
        layer, channels = random_layer(rng, rank, channels)
        layers.append(layer)
    return nn.Sequential(*layers).eval(), shape


def reached_by_change(network, shape, output):
    """Positions whose change changes the output, by trying each one: no gradient, no geometry.

    The weights become 1 and the biases 0, so nothing cancels; one element is raised from 0 to 1,
    so it wins every max pool that reads it.
    """
    twin = copy.deepcopy(network).double()
    for module in twin.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            nn.init.constant_(module.weight, 1.0)
            nn.init.zeros_(module.bias)
    places = list(itertools.product(*(range(n) for n in shape[1:])))
    found = set()
    with torch.no_grad():
        for start in range(0, len(places), 100):
            some = places[start : start + 100]
            tried = torch.zeros(1 + len(some), *shape, dtype=torch.double)  # the first stays zero
            for number, position in enumerate(some, 1):
                tried[(number, slice(None), *position)] = 1.0
            base, *ones = twin(tried)[(slice(None), slice(None), *output)]
            found |= {p for p, one in zip(some, ones, strict=True) if not torch.equal(one, base)}
    return found


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("seed", range(60))
def test_random_stacks(rank, seed):
    """receptive_field itself compares recurrence, windows and gradient; here a search joins in."""
    rng = random.Random(1000 * rank + seed)
    torch.manual_seed(seed)
    network, shape = random_stack(rng, rank)
    try:
        out = network(torch.rand(1, *shape)).shape[2:]
    except RuntimeError:
        with pytest.raises(SlidingWindowsError):
            receptive_field(network, shape, samples=1)
        return
    output = tuple(rng.randrange(n) for n in out)
    try:
        found = receptive_field(network, shape, output, samples=1)
    except SlidingWindowsError as error:
        assert "sees padding alone" in str(error)
        assert reached_by_change(network, shape, output) == set()
        return
    assert set(itertools.product(*found.measured)) == reached_by_change(network, shape, output)
    assert found.layers[-1].windows.output == tuple(out)
    copied = any(layer.windows.fill != "zeros" for layer in found.layers)
    for axis, (reach, index) in enumerate(zip(found.reaches, output, strict=True)):
        low, high = reach.view(index)
        first, last = found.measured_box[axis]
        size = shape[1 + axis]
        assert copied or (max(low, 0) <= first and last <= min(high, size - 1))
    assert ReceptiveField.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    views = found.views()
    for inner, outer in itertools.pairwise(views[1:]):
        assert copied or all(a <= c and d <= b for (c, d), (a, b) in zip(inner, outer, strict=True))


def test_most_random_stacks_can_be_run():
    count = 0
    for rank in (1, 2, 3):
        for seed in range(60):
            network, shape = random_stack(random.Random(1000 * rank + seed), rank)
            try:
                network(torch.rand(1, *shape))
                count += 1
            except RuntimeError:
                pass
    assert count > 120


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_copied_padding_reads_what_it_copies(mode):
    network = nn.Sequential(nn.Conv1d(1, 1, 5, padding=3, padding_mode=mode))
    seen = {
        "zeros": (0, 1),
        "reflect": (0, 1, 2, 3),
        "replicate": (0, 1),
        "circular": (0, 1, 7, 8, 9),
    }
    assert receptive_field(network, (1, 10), (0,)).measured == (seen[mode],)
    assert reached_by_change(network, (1, 10), (0,)) == {(p,) for p in seen[mode]}


def test_dilation_leaves_holes_that_the_gradient_finds():
    network = nn.Sequential(*[nn.Conv2d(1, 1, 3, dilation=2) for _ in range(2)])
    found = receptive_field(network, (1, 15, 15))
    assert found.measured == ((3, 5, 7, 9, 11),) * 2 and found.size == (9, 9)
    assert "5 of the rows 3 to 11 and 5 of the columns 3 to 11" in transcript(found)[-2]


@pytest.mark.parametrize(
    ("layer", "size", "jump"),
    [
        (nn.AdaptiveAvgPool2d(1), (12, 9), (12, 9)),
        (nn.AdaptiveMaxPool2d((4, 3)), (3, 3), (3, 3)),
        (nn.AdaptiveAvgPool2d((None, 3)), (1, 3), (1, 3)),
        (nn.Conv2d(2, 3, (3, 5), stride=(2, 1), dilation=(1, 2)), (3, 9), (2, 1)),
        (nn.ReflectionPad2d((1, 2, 3, 0)), (1, 1), (1, 1)),
        (nn.BatchNorm2d(2), (1, 1), (1, 1)),
    ],
)
def test_rows_and_columns_are_counted_apart(layer, size, jump):
    network = nn.Sequential(layer)
    before = copy.deepcopy(network.state_dict())
    found = receptive_field(network, (2, 12, 9))
    assert (found.size, found.jump) == (size, jump)
    assert network.training and not any(p.grad is not None for p in network.parameters())
    assert all(torch.equal(v, network.state_dict()[k]) for k, v in before.items())


def test_the_effective_field_is_the_networks_own_gradient():
    torch.manual_seed(3)
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 2, 2))
    x = torch.randn(2, 10, 11)
    found = receptive_field(network, x, (1, 2))
    probe = x[None].clone().requires_grad_()
    network(probe)[0, :, 1, 2].sum().backward()
    expected = probe.grad[0].abs().sum(0)
    assert expected.max() > 0
    shown = torch.tensor(found.effective)
    assert torch.allclose(shown.float(), expected / expected.max() * 255, atol=0.51)
    largest = expected.flatten().sort(descending=True).values
    assert largest[: found.half].sum() >= expected.sum() / 2 > largest[: found.half - 1].sum()
    assert found == receptive_field(network, x[None], (1, 2))
    share = round(100 * found.half / math.prod(map(len, found.measured)))
    assert f"falls on {share}% of the 36 positions" in half(found)


def test_a_dead_network_has_no_effective_field():
    network = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU())
    network[0].bias.data.fill_(-1e6)
    found = receptive_field(network, (1, 8, 8))
    assert (found.effective, found.half) == ((), 0) and found.measured == ((3, 4, 5),) * 2
    assert not any("Half" in line for line in transcript(found))


def test_random_inputs_are_always_the_same():
    network = vgg16(1)
    assert receptive_field(network, (3, 64, 64)) == receptive_field(network, (3, 64, 64))


def test_the_caller_s_random_numbers_are_left_alone():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(2, 1, 3))
    before = torch.get_rng_state()
    receptive_field(network, (1, 16, 16))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_table_by_hand():
    network = nn.Sequential(
        nn.Conv2d(1, 2, (3, 5), padding=(1, 2)), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 1, 3)
    )
    head, *rows = receptive_field(network, (1, 12, 12)).table().splitlines()
    assert head.split()[1:] == [
        *("output", "kernel", "stride", "padding", "dilation", "jump"),
        *("receptive", "field", "first", "centre"),
    ]
    assert rows[0].split() == ["input", "12×12", "1", "1", "0"]
    assert rows[1].split()[-8:] == ["12×12", "3×5", "1", "1×2", "1", "1", "3×5", "0"]
    assert rows[2].split()[-4:] == ["12×12", "1", "3×5", "0"]
    assert rows[3].split()[-8:] == ["6×6", "2", "2", "0", "1", "2", "4×6", "0.5"]
    assert rows[4].split()[-8:] == ["4×4", "3", "1", "0", "1", "2", "8×10", "2.5"]


def test_the_words_are_complete():
    torch.manual_seed(4)  # with many weights some layer is shut, and no pixel counts in effect
    found = receptive_field(vgg16(1), (3, 64, 64), samples=1)
    alt, lines = alt_text(found), transcript(found)
    assert "64×64 input" in alt and "1, 3, 5, 6, 10" in alt and "212×212 with a jump of 32" in alt
    assert len(lines) == 1 + len(found.layers) + 2
    for layer, line in zip(found.layers, lines[1:], strict=False):
        assert line.startswith(layer.call)
        assert layer.plain or f"receptive field {layer.sees()}, jump {layer.jump()}" in line
    assert "rows 0 to 63 and columns 0 to 63" in lines[-2]
    assert "leave of rows −58 to 153" in lines[-2]


def test_a_recurrence_that_is_wrong_is_found_out(monkeypatch):
    network = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3))
    assert receptive_field(network, (1, 12, 12)).size == (5, 5)
    right = Windows.after
    with monkeypatch.context() as patch:
        patch.setattr(Windows, "after", lambda self, r: tuple(Reach(2) for _ in right(self, r)))
        with pytest.raises(SlidingWindowsError, match="the recurrence"):
            receptive_field(network, (1, 12, 12))
    monkeypatch.setattr(measuring, "walk_back", lambda layers, output: ((3, 4, 5),) * 2)
    words = "the gradient reaches 25 elements, 4 to 8 by 4 to 8, where .* reach 3 to 5 by 3 to 5"
    with pytest.raises(SlidingWindowsError, match=words):
        receptive_field(network, (1, 12, 12))
    assert measuring._box(((), (1, 2))) == "nothing by 1 to 2"


CONV = nn.Sequential(nn.Conv2d(1, 1, 3))


@pytest.mark.parametrize(
    ("network", "input", "output", "words"),
    [
        (nn.ReLU(), (1, 5, 5), None, "needs an nn.Sequential"),
        (nn.Sequential(), (1, 5, 5), None, "an empty one"),
        (nn.Sequential(nn.Sequential()), (1, 5, 5), None, "an empty one"),
        (CONV, (1, 5.0, 5), None, "takes a tensor, or a shape"),
        (CONV, (1, 0, 5), None, "takes a tensor, or a shape"),
        (CONV, "155", None, "takes a tensor, or a shape"),
        (CONV, torch.ones(1, 5, 5, dtype=torch.int64), None, "float tensor"),
        (CONV, (1, 5), None, "takes 3 dimensions"),
        (CONV, (2, 1, 5, 5), None, "batch of 2"),
        (CONV, (1, 2, 2), None, "refuses"),
        (CONV, (1, 5, 5), (3, 0), "not a position in an output"),
        (CONV, (1, 5, 5), (0,), "not a position in an output"),
        (CONV, (1, 5, 5), 1, "not a position in an output"),
        (nn.Sequential(nn.Linear(5, 5)), (5,), None, r"must be \(C, L\)"),
        (nn.Sequential(CONV, nn.Flatten()), (1, 5, 5), None, "layer 1, nn.Flatten"),
        (
            nn.Sequential(CONV, nn.GroupNorm(1, 1)),
            (1, 5, 5),
            None,
            "sees all of the layer's own input",
        ),
        (nn.Sequential(CONV, nn.Upsample(scale_factor=2)), (1, 5, 5), None, "layer 1, nn.Upsample"),
        (nn.Sequential(nn.AdaptiveAvgPool2d(4)), (1, 6, 6), None, "no receptive field of one size"),
        (nn.Sequential(nn.ZeroPad2d(3)), (1, 5, 5), (0, 4), "padding alone"),
    ],
)
def test_what_has_no_receptive_field_is_refused(network, input, output, words):
    with pytest.raises(SlidingWindowsError, match=words):
        receptive_field(network, input, output)


def test_advice_can_be_followed():
    conv, up = nn.Conv2d(1, 1, 3), nn.Upsample(scale_factor=2)
    said = r"; leave it and what follows out, as network\[:2\] does\n"
    with pytest.raises(SlidingWindowsError, match=said):
        receptive_field(nn.Sequential(conv, nn.ReLU(), up), (1, 5, 5))
    with pytest.raises(SlidingWindowsError, match=r"layer 2, .*; leave it and what follows out\n"):
        receptive_field(nn.Sequential(nn.Sequential(conv, nn.ReLU()), up), (1, 5, 5))
    for first in (nn.Sequential(up, conv), nn.Sequential(nn.Sequential(up), conv)):
        with pytest.raises(SlidingWindowsError, match="layer 0, nn.Upsample") as caught:
            receptive_field(first, (1, 5, 5))
        assert "leave it" not in str(caught.value)


@pytest.mark.parametrize("samples", [10_001, 10**9, 10**400])
def test_samples_have_a_limit(samples):
    with pytest.raises(SlidingWindowsError, match="at most 10,000 samples are accepted"):
        receptive_field(CONV, (1, 5, 5), samples=samples)


def test_samples_must_be_a_number():
    for samples in (0, -1, 1.5, "2"):
        with pytest.raises(SlidingWindowsError, match="at least one sample"):
            receptive_field(CONV, (1, 5, 5), samples=samples)


def with_last_reach(monkeypatch, change):
    """From now on the recurrence is wrong after a network's second layer."""
    right = Windows.after

    def wrong(self, reaches):
        found = right(self, reaches)
        return found if reaches[0] == Reach() else tuple(change(reach) for reach in found)

    monkeypatch.setattr(Windows, "after", wrong)


TWO = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 3, stride=2, padding=1))


@pytest.mark.parametrize(
    ("output", "change"),
    [
        ((3, 3), lambda r: replace(r, size=r.size + 2)),
        ((3, 3), lambda r: replace(r, size=r.size - 2)),
        ((3, 3), lambda r: replace(r, start=r.start + 1)),
        ((3, 3), lambda r: replace(r, start=r.start - 1)),
        ((3, 3), lambda r: replace(r, jump=r.jump + 1)),
        ((0, 0), lambda r: replace(r, size=r.size - 2)),
        ((0, 0), lambda r: replace(r, start=r.start + 4)),
        ((6, 6), lambda r: replace(r, size=r.size - 2)),
        ((6, 6), lambda r: replace(r, jump=r.jump - 1)),
        ((0, 3), lambda r: replace(r, size=r.size + 2)),
        ((3, 0), lambda r: replace(r, size=r.size + 2)),
    ],
)
@pytest.mark.parametrize("mode", ["zeros", "replicate"])
def test_size_jump_and_start_are_each_compared_with_the_gradient(output, change, mode, monkeypatch):
    """At the border the view may be larger than what is reached, for padding takes from it."""
    network = copy.deepcopy(TWO)
    for layer in network:
        layer.padding_mode = mode
    right = receptive_field(network, (1, 13, 13), output)
    assert right.reaches == (Reach(5, 2, 0.0),) * 2
    with_last_reach(monkeypatch, change)
    if mode != "zeros" and output in ((0, 0), (6, 6)):
        # Copied padding may reach any element, so that the border says nothing here.
        assert receptive_field(network, (1, 13, 13), output).measured == right.measured
        return
    with pytest.raises(SlidingWindowsError, match=r"along axis \d the gradient reaches .* the rec"):
        receptive_field(network, (1, 13, 13), output)


def test_the_axis_that_is_wrong_is_named(monkeypatch):
    right = Windows.after
    network = nn.Sequential(nn.Conv2d(1, 1, 3))

    def wrong(self, reaches):
        rows, columns = right(self, reaches)
        return rows, replace(columns, start=columns.start + 1)

    monkeypatch.setattr(Windows, "after", wrong)
    words = "along axis 1 the gradient reaches 5 to 7, the recurrence 6 to 8"
    with pytest.raises(SlidingWindowsError, match=words):
        receptive_field(network, (1, 12, 12))


def test_a_gradient_with_a_hole_is_no_receptive_field(monkeypatch):
    """Rows and columns alone would not show it."""
    mask = torch.ones(9, 9, dtype=torch.float64)
    mask[4, 4] = 0

    class Holed(nn.Module):
        def forward(self, x):
            return nn.functional.avg_pool2d(x * mask, 3, 1)

    monkeypatch.setattr(measuring, "surrogate", lambda modules, outputs: Holed())
    words = "the gradient reaches 8 elements, 3 to 5 by 3 to 5, where the windows of the layers"
    with pytest.raises(SlidingWindowsError, match=words):
        receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3)), (1, 9, 9))


@pytest.mark.parametrize("kind", ELEMENT_WISE, ids=lambda kind: kind.__name__)
def test_layers_called_element_wise_leave_each_place_alone(kind):
    """A change at one place of the input changes the output there and nowhere else."""
    needed = {nn.Threshold: (0.1, 9.0), nn.LocalResponseNorm: (2,), nn.ChannelShuffle: (2,)}
    layer = kind(*needed.get(kind, ())).eval()
    dims = next((n for n in (1, 3) if kind.__name__.endswith(f"t{n}d")), 2)
    shape = (1, 4, *[3] * dims)
    x = 1 + torch.rand(shape, generator=torch.Generator().manual_seed(2))
    windows = windows_of(layer, shape[2:])
    assert windows.plain and windows.output == shape[2:]
    spot = (0, slice(None), *[1] * dims)
    changed = x.clone()
    changed[spot] -= torch.tensor([4.0, 3.5, 3.0, 2.5])
    different = (layer(changed) != layer(x)).any(1)[0]
    assert different.sum() == 1 and different[spot[2:]]


@pytest.mark.parametrize(
    "pad", [nn.ZeroPad2d((1, 2, 3, 0)), nn.ReflectionPad2d(2), nn.ReLU()], ids=str
)
def test_layers_without_windows_read_one_element_for_each(pad):
    windows = windows_of(pad, (7, 9))
    assert windows.output == pad(torch.zeros(1, 7, 9)).shape[1:]
    for axis in windows.axes:
        assert (axis.kernel_size, axis.stride, axis.dilation) == (1, 1, 1)


def test_an_average_is_over_eight_random_inputs_unless_told_otherwise():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 1, 3))
    nn.init.normal_(network[0].weight, generator=torch.Generator().manual_seed(1))
    found = {n: receptive_field(network, (1, 9, 9), samples=n) for n in (7, 8, 9)}
    assert receptive_field(network, (1, 9, 9)) == found[8]
    assert found[7].effective != found[8].effective != found[9].effective


def test_gradients_of_deep_networks_stay_in_range():
    """Of 170 layers both the corners, which one path reaches, and the middle, which all do."""
    layers = [nn.Conv1d(1, 1, 25)] * 170
    x = torch.ones(1, 1, 24 * 170 + 1, dtype=torch.float64, requires_grad=True)
    surrogate(layers, [(x.shape[2] - 24 * n,) for n in range(1, 171)])(x).sum().backward()
    assert x.grad.isfinite().all() and (x.grad > 0).all()
