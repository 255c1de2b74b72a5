"""A funnel's stages and counts are torch's; what is no funnel is refused."""

import copy
import random

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from slidingwindows import SlidingWindowsError, funnel
from slidingwindows.core.funnel import Funnel
from slidingwindows.core.reach import Reach
from slidingwindows.words.funnel import alt_text, transcript

IMAGE = torch.rand(3, 12, 10, generator=torch.Generator().manual_seed(1))


class Block(nn.Module):
    """A residual block: one layer of a funnel."""

    def __init__(self, channels):
        super().__init__()
        self.one = nn.Conv2d(channels, 2 * channels, 3, padding=1)
        self.two = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, x):
        return x + self.two(torch.relu(self.one(x)))


class ByFunction(nn.Module):
    """A layer that multiplies without a module of its own."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(5, 3, 3, 3))

    def forward(self, x):
        return nn.functional.conv2d(x, self.weight)


def shapes(network, batch):
    """The sample's shape after every layer, by torch; nested Sequentials give their own."""
    found = []

    def walk(layers, x):
        for layer in layers:
            if type(layer) is nn.Sequential:
                x = walk(layer, x)
            else:
                x = layer(x)
                found.append(tuple(x.shape[1:]))
        return x

    with torch.no_grad():
        walk(network, batch.clone())
    return found


def multiply_accumulates(network, batch):
    """By torch's own counter, which counts a multiply-accumulate as two operations."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        network(batch.clone())
    return counter.get_total_flops() // 2


def test_stages_have_torchs_shapes_and_survive_json():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2))
    found = funnel(network, IMAGE)
    assert [s.shape for s in found.stages] == [(3, 12, 10), *shapes(network, IMAGE[None])]
    assert [stage.parameters for stage in found.stages] == [0, 3 * 4 * 9 + 4, 0, 0]
    assert [stage.macs for stage in found.stages] == [0, 4 * 10 * 8 * 27, 0, 0]
    assert [stage.sees() for stage in found.stages] == ["1", "3", "3", "4"]
    assert [stage.jump() for stage in found.stages] == ["1", "1", "1", "2"]
    assert Funnel.from_dict(found.to_dict()) == found


def test_the_table_holds_every_layer_and_the_totals():
    network = nn.Sequential(
        nn.Conv2d(3, 4, (3, 1), stride=(1, 2)), nn.ReLU(), nn.Flatten(), nn.Linear(200, 7)
    )
    head, *rows, total = funnel(network, IMAGE).table().splitlines()
    assert head.split() == [
        *("layer", "output", "numbers", "parameters", "MACs", "receptive", "field", "jump")
    ]
    ends = [row.split()[-5:] for row in rows]
    assert ends == [
        ["360", "0", "0", "1", "1"],
        ["200", "40", "1,800", "3×1", "1×2"],
        ["200", "0", "0", "3×1", "1×2"],
        ["200", "0", "0", "–", "–"],
        ["7", "1,407", "1,400", "–", "–"],  # the stride of 2 passes over every second column
    ]
    assert total.split() == ["total", "1,447", "3,200"]
    assert all(len(line) <= len(head) for line in rows)
    assert "(4, 10, 5)" in rows[1] and "(7)" in rows[4]


def random_network(rng, rank):
    """A network of random layers and the shape of a sample that it takes."""
    conv, turned = (getattr(nn, f"{name}{rank}d") for name in ("Conv", "ConvTranspose"))
    norm, pool = getattr(nn, f"BatchNorm{rank}d"), getattr(nn, f"AvgPool{rank}d")
    layers, channels = [], rng.choice((2, 4, 6))
    shape = (channels, *(rng.randint(10, 14) for _ in range(rank)))
    for _ in range(rng.randint(2, 5)):
        after, groups = rng.choice((2, 4)), rng.choice((1, 2))
        kind = rng.choice((conv, conv, turned))
        kernel = tuple(rng.randint(1, 3) for _ in range(rank))
        options = {"stride": rng.randint(1, 2), "padding": rng.choice((0, 0, 1))}
        layer = kind(channels, after, kernel, groups=groups, bias=rng.random() < 0.5, **options)
        extra = rng.choice(([], [nn.ReLU(inplace=True)], [norm(after), nn.GELU()]))
        layers.append(nn.Sequential(layer, *extra) if rng.random() < 0.3 else layer)
        channels = after
    return nn.Sequential(*layers, pool(2, stride=1)).eval(), shape


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("seed", range(12))
def test_counts_are_torchs_on_random_networks(seed, rank):
    rng = random.Random(100 * rank + seed)
    torch.manual_seed(seed)
    network, shape = random_network(rng, rank)
    sample = torch.rand(*shape)
    try:
        expected = shapes(network, sample[None])
    except RuntimeError:  # shrunk to nothing
        with pytest.raises(SlidingWindowsError, match="refuses"):
            funnel(network, sample)
        return
    found = funnel(network, sample)
    assert [stage.shape for stage in found.stages[1:]] == expected
    assert found.macs == multiply_accumulates(network, sample[None])
    assert found.parameters == sum(p.numel() for p in network.parameters())
    assert Funnel.from_dict(found.to_dict()) == found


def test_most_random_networks_can_be_run():
    runs = 0
    for rank in (1, 2, 3):
        for seed in range(12):
            network, shape = random_network(random.Random(100 * rank + seed), rank)
            try:
                shapes(network, torch.rand(1, *shape))
                runs += 1
            except RuntimeError:
                pass
    assert runs >= 30


INPUTS = {
    "signal": (lambda: nn.Sequential(nn.Conv1d(2, 3, 3), nn.MaxPool1d(2)), (2, 20)),
    "image": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2)), (3, 9, 8)),
    "volume": (lambda: nn.Sequential(nn.Conv3d(1, 2, 3), nn.MaxPool3d(2)), (1, 8, 7, 6)),
    "vector": (lambda: nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2)), (6,)),
    "to a vector": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(24, 2)), (2, 3, 4)),
    "norm of a vector": (
        lambda: nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 2)).eval(),
        (6,),
    ),
}


@pytest.mark.parametrize("name", INPUTS)
def test_with_and_without_a_batch_of_one(name):
    make, shape = INPUTS[name]
    network, sample = make(), torch.rand(*shape)
    alone, batched = funnel(network, sample), funnel(network, sample[None])
    assert alone == batched
    assert [s.shape for s in alone.stages] == [shape, *shapes(network, sample[None])]


def test_a_whole_classifier():
    network = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True)),
        nn.MaxPool2d(2),
        Block(8),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(8, 10),
        nn.Softmax(dim=1),
    ).eval()
    image = torch.rand(3, 16, 16)
    before = image.clone()
    state = copy.deepcopy(network.state_dict())
    found = funnel(network, image)
    assert torch.equal(image, before)
    assert all(torch.equal(v, network.state_dict()[k]) for k, v in state.items())
    assert len(found.stages) == 1 + 3 + 7
    assert found.macs == multiply_accumulates(network, image[None])
    assert [s.sees() for s in found.stages] == [
        *("1", "3", "3", "3", "4", "–", "all", "all", "all", "all", "all")
    ]
    assert found.stages[5].call == "Block(…)"
    assert found.stages[5].macs == 64 * (8 * 16 * 9 + 16 * 8)


def test_vgg16_has_its_known_size():
    found = funnel(vgg16(), torch.rand(3, 32, 32))
    assert found.stages[-1].field == (Reach(212, 32, 15.5),) * 2
    assert found.parameters == 14_714_688
    assert found.stages[-1].shape == (512, 1, 1)


def vgg16():
    layers, channels = [], 3
    for count, after in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(count):
            layers += [nn.Conv2d(channels, after, 3, padding=1), nn.ReLU()]
            channels = after
        layers.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(*layers)


def test_an_inplace_first_layer_leaves_the_image_alone():
    image = torch.randn(2, 5, 5)
    before = image.clone()
    found = funnel(nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(2, 1, 3)), image)
    assert torch.equal(image, before) and len(found.stages) == 3


def test_a_shared_layer_counts_its_parameters_once_and_its_work_twice():
    layer = nn.Conv2d(2, 2, 3, padding=1)
    network = nn.Sequential(layer, nn.ReLU(), layer)
    found = funnel(network, torch.rand(2, 6, 6))
    assert [s.parameters for s in found.stages] == [0, 38, 0, 0] and found.parameters == 38
    assert found.macs == multiply_accumulates(network, torch.rand(1, 2, 6, 6)) == 2 * 36 * 2 * 18


def test_lazy_layers_are_filled_in_on_a_copy():
    network = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(5))
    found = funnel(network, IMAGE)
    assert [s.parameters for s in found.stages] == [0, 4 * 28, 0, 5 * (4 * 80 + 1)]
    assert isinstance(network[0], nn.LazyConv2d)
    assert isinstance(network[0].weight, nn.UninitializedParameter)


def test_work_without_a_module_is_counted():
    attention = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    for network, shape in (
        (nn.Sequential(ByFunction()), (3, 6, 6)),
        (nn.Sequential(nn.Conv1d(4, 6, 1), attention), (4, 8)),
    ):
        network.eval()
        torch.backends.mha.set_fastpath_enabled(False)
        with sdpa_kernel(SDPBackend.MATH):  # torch does not count what the CPU's own kernel does
            expected = multiply_accumulates(network, torch.rand(1, *shape))
        torch.backends.mha.set_fastpath_enabled(True)
        assert funnel(network, torch.rand(*shape)).macs == expected > 0
    assert torch.backends.mha.get_fastpath_enabled()


class Products(nn.Module):
    """Each channel's map times itself, transposed: no layer inside, and no parameter."""

    def forward(self, x):
        return x @ x.transpose(-1, -2)


def test_work_of_ones_own_module_without_parameters_is_counted():
    found = funnel(nn.Sequential(Products()), torch.rand(3, 6, 5))
    assert found.macs == 3 * 6 * 6 * 5


@pytest.mark.parametrize(
    ("layer", "shape", "sees"),
    [
        (nn.GroupNorm(1, 4), (4, 6, 6), "all"),
        (nn.InstanceNorm2d(4), (4, 6, 6), "all"),
        (nn.LayerNorm((4, 6, 6)), (4, 6, 6), "all"),
        (nn.BatchNorm2d(4).eval(), (4, 6, 6), "1"),
        (nn.ConvTranspose2d(4, 2, 2, stride=2), (4, 6, 6), "–"),
        (nn.Upsample(scale_factor=2), (4, 6, 6), "–"),
        (nn.AdaptiveAvgPool2d(1), (4, 6, 5), "6×5"),
        (nn.AdaptiveAvgPool2d((3, 6)), (4, 6, 6), "2×1"),
        (nn.AdaptiveMaxPool2d(4), (4, 6, 6), "–"),
        (nn.ZeroPad2d(2), (4, 6, 6), "1"),
        (nn.Linear(6, 3), (4, 6, 6), "–"),
        (nn.Linear(6, 3), (4, 1, 6), "all"),
        (nn.LayerNorm(1), (1,), "–"),
        (nn.LPPool2d(2, 3), (4, 6, 6), "3"),
        (nn.Conv2d(4, 2, 3, padding="same", dilation=2), (4, 6, 6), "5"),
    ],
)
def test_what_one_number_sees(layer, shape, sees):
    stage = funnel(nn.Sequential(layer), torch.rand(*shape)).stages[-1]
    assert stage.sees() == sees


def test_maps_are_kept_where_they_are_drawn():
    network = nn.Sequential(nn.Conv2d(3, 40, 3, padding=1), nn.ReLU(), nn.Conv2d(40, 2, 1))
    found = funnel(network, torch.rand(3, 300, 7))
    assert [len(s.maps) for s in found.stages] == [3, 0, 16, 2]
    assert all(len(m) == 128 and len(m[0]) == 7 for s in found.stages for m in s.maps)
    vector = funnel(nn.Sequential(nn.Linear(300, 5)), torch.arange(300.0))
    assert [len(s.maps[0]) for s in vector.stages] == [128, 5]
    column = [row[0] for row in vector.stages[0].maps[0]]
    assert column == sorted(column) and (column[0], column[-1]) == (0, 255)


def test_the_words_name_every_layer():
    network = nn.Sequential(nn.Conv1d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(24, 5))
    found = funnel(network, torch.rand(2, 10))
    alt, lines = alt_text(found), transcript(found)
    for text in ("2×10", "nn.Conv1d(2, 3, kernel_size=3) gives 3×8", "nn.ReLU() gives 3×8"):
        assert text in alt
    assert lines[0] == "The input: 2 signals of 10, 20 numbers."
    assert lines[1].startswith("After nn.Conv1d(2, 3, kernel_size=3): 3 signals of 8, 24 numbers")
    assert "21 learnable parameters, 144 multiply-accumulates" in lines[1]
    assert lines[1].endswith("; receptive field 3.")
    assert lines[4].endswith("each number sees the whole input.")
    assert lines[5] == "Together: 146 parameters, 264 multiply-accumulates."


class Other(nn.Sequential):
    """Not what its layers do one by one, and so one layer."""

    def forward(self, x):
        return super().forward(x) + 1


def test_a_sequential_that_does_more_is_one_layer():
    network = nn.Sequential(Other(nn.Conv2d(3, 2, 1), nn.ReLU()), nn.ReLU())
    found = funnel(network, IMAGE)
    assert [s.call for s in found.stages] == ["input", "Other(…)", "nn.ReLU()"]


class Complaining(nn.Module):
    """Its error has more than one line, of which the first says what is wrong."""

    def forward(self, x):
        raise ValueError("too green\nin this light")


@pytest.mark.parametrize(
    ("network", "image", "words"),
    [
        (nn.ReLU(), IMAGE, "needs an nn.Sequential"),
        (nn.Sequential(nn.ReLU()), [1], "funnel needs a torch tensor or a numpy array, got list"),
        (nn.Sequential(), IMAGE, "no layers"),
        (nn.Sequential(nn.Sequential(), nn.Sequential()), IMAGE, "no layers"),
        (nn.Sequential(nn.ReLU()), IMAGE * float("nan"), "nan or infinity"),
        (nn.Sequential(nn.ReLU()), torch.ones(3, 4, 4, dtype=torch.int64), "float tensor"),
        (nn.Sequential(nn.ReLU()), torch.tensor(1.0), "float tensor"),
        (nn.Sequential(nn.ReLU()), torch.rand(3, 0, 4), "float tensor"),
        (nn.Sequential(nn.Conv2d(4, 1, 3)), IMAGE, r"refuses \(3, 12, 10\)"),
        (nn.Sequential(Complaining()), IMAGE, r"refuses \(3, 12, 10\): too green\n"),
        (nn.Sequential(nn.Conv2d(3, 1, 3)), torch.rand(2, 3, 5, 5), "batch of 2"),
        (nn.Sequential(nn.Conv2d(3, 1, 3)), torch.rand(5, 5), "takes 3 dimensions"),
        (nn.Sequential(nn.Flatten(), nn.Linear(4, 1)), IMAGE, "refuses"),
        (nn.Sequential(nn.Dropout(0.5)), IMAGE, "network.eval"),
        (nn.Sequential(nn.BatchNorm2d(3)), IMAGE, "training mode.*network.eval"),
        (nn.Sequential(Other(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))), IMAGE, "training mode"),
        (nn.Sequential(nn.MaxPool2d(2, return_indices=True)), IMAGE, "returns a tuple"),
        (nn.Sequential(nn.Flatten(0)), IMAGE, "batch of one"),
        (Other(nn.ReLU()), IMAGE, "one by one"),
    ],
)
def test_what_is_no_funnel_is_refused(network, image, words):
    with pytest.raises(SlidingWindowsError, match=f"(?s){words}"):
        funnel(network, image)


def grey(plane):
    """A plane's numbers from 0 to 255, the smallest to the largest."""
    low, high = float(plane.min()), float(plane.max())
    return tuple(
        tuple(round(255 * (v - low) / (high - low)) for v in row) for row in plane.tolist()
    )


@pytest.mark.parametrize("depth", [1, 2, 4, 5])
def test_a_volume_shows_its_middle_slice(depth):
    """Of an even number the one behind the middle."""
    volume = torch.rand(2, depth, 3, 4, generator=torch.Generator().manual_seed(depth))
    first, last = funnel(nn.Sequential(nn.Conv3d(2, 1, 1)), volume).stages
    middle = (0, 1, 2, 2)[(1, 2, 4, 5).index(depth)]
    assert first.maps == tuple(grey(channel[middle].double()) for channel in volume)
    assert len(last.maps) == 1 and last.shape == (1, depth, 3, 4)


def test_signals_are_stretched_one_by_one():
    signals = torch.tensor([[0.0, 1, 2], [0, 100, 50], [7, 7, 7]])
    found = funnel(nn.Sequential(nn.Conv1d(3, 70, 1)), signals)
    assert found.stages[0].maps == (((0, 128, 255), (0, 255, 128), (0, 0, 0)),)
    assert [len(plane) for plane in found.stages[1].maps] == [64]
