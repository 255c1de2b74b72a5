"""A funnel's batch, its refusals word by word, and the maps that it keeps, number by number."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from slidingwindows import SlidingWindowsError, funnel
from slidingwindows.core.reach import Reach
from slidingwindows.tracing.network import (
    _planes,
    _reaches,
    _shades,
    as_batch,
    layers_of,
    name_of,
)


class Given(nn.Module):
    """A user's layer that does what it was given."""

    def __init__(self, what):
        super().__init__()
        self.what = what

    def forward(self, x):
        return self.what(x)


class Mine1d(Given):
    """Its name says that it takes signals."""


class Different(nn.Sequential):
    """Not what its layers make one by one."""

    def forward(self, x):
        return super().forward(x) + 1


def raising(error):
    def call(x):
        raise error

    return call


def forwarded(module):
    module.forward = lambda x: x
    return module


BATCHES = [
    ([nn.Conv2d(3, 1, 3)], (3, 8, 9), (1, 3, 8, 9)),
    ([nn.Conv2d(3, 1, 3)], (1, 3, 8, 9), (1, 3, 8, 9)),
    ([nn.ReLU(), nn.BatchNorm2d(3), nn.Conv1d(1, 1, 3)], (1, 9), (1, 1, 9)),
    ([nn.ReLU(), nn.BatchNorm2d(3), nn.Conv1d(1, 1, 3)], (1, 1, 9), (1, 1, 9)),
    ([nn.Sequential(nn.ReLU(), nn.MaxPool3d(1))], (1, 4, 4, 4), (1, 1, 4, 4, 4)),
    ([nn.Sequential(nn.ReLU(), nn.MaxPool3d(1))], (1, 1, 4, 4, 4), (1, 1, 4, 4, 4)),
    ([Mine1d(abs)], (1, 9), (1, 1, 9)),
    # No layer tells, or one comes first that takes any number of dimensions.
    ([nn.Linear(6, 1), nn.Conv2d(1, 1, 1)], (6,), (1, 6)),
    ([nn.Linear(6, 1), nn.Conv2d(1, 1, 1)], (1, 6), (1, 6)),
    ([nn.Linear(6, 1), nn.Conv2d(1, 1, 1)], (2, 6), (1, 2, 6)),
    ([nn.Flatten(), nn.Dropout1d()], (1, 2, 3), (1, 1, 2, 3)),
    ([nn.Flatten(), nn.Dropout1d()], (1, 2, 3, 4), (1, 2, 3, 4)),
    ([nn.ReLU()], (2, 2, 3, 4), (1, 2, 2, 3, 4)),
    ([nn.ReLU()], (1, 2, 2, 3, 4), (1, 1, 2, 2, 3, 4)),
    ([nn.ReLU()], (1,), (1, 1)),
    ([nn.BatchNorm1d(6), nn.Linear(6, 1)], (6,), (1, 6)),
]


def test_which_input_is_a_batch_of_one_already():
    for layers, shape, expected in BATCHES:
        image = torch.rand(shape)
        batch = as_batch(nn.Sequential(*layers), image)
        assert batch.shape == expected, (layers, shape)
        assert torch.equal(batch.flatten(), image.flatten())


NOT_ALONE = "one input at a time: the first size of {} is a batch of {}"
RANK = (
    "the first layer with windows takes {} dimensions (channels first), or one more for a batch "
    "of one; the input {} has {}"
)
FLOATS = "the input must be a float tensor with channels first, such as (C, H, W)"
TRAINING = (
    "nn.{} is in training mode: it would use the mean of this one input and change its own stored "
    "mean; call {} first"
)
OF_ITSELF = "eval() of it itself, which hangs on a plain attribute"
ONE_BY_ONE = (
    "the layers one by one do not give what the network gives; if one of them is random, as "
    "dropout is, call network.eval() first"
)


def hung():
    """A norm that the network's own modules do not show."""
    layer = Given(abs)
    layer.held = [nn.BatchNorm1d(3)]
    layer.what = lambda x: layer.held[0](x)
    return layer


REFUSED = [
    ([nn.Conv2d(3, 1, 3)], (2, 3, 8, 8), NOT_ALONE.format("(2, 3, 8, 8)", 2)),
    ([nn.Conv1d(3, 1, 3)], (3, 3, 8), NOT_ALONE.format("(3, 3, 8)", 3)),
    ([nn.Conv2d(3, 1, 3)], (8, 8), RANK.format(3, "(8, 8)", 2)),
    ([nn.Conv2d(3, 1, 3)], (1, 1, 3, 8, 8), RANK.format(3, "(1, 1, 3, 8, 8)", 5)),
    ([nn.Conv1d(3, 1, 3)], (8,), RANK.format(2, "(8,)", 1)),
    ([nn.ReLU()], (3, 0), FLOATS),
    ([nn.ReLU()], (), FLOATS),
    ([], (3, 4), "the network has no layers"),
    ([nn.Sequential()], (3, 4), "the network has no layers"),
    ([nn.BatchNorm1d(3)], (3, 4), TRAINING.format("BatchNorm1d(num_features=3)", "network.eval()")),
    (
        [Different(nn.BatchNorm1d(3))],
        (3, 4),
        TRAINING.format("BatchNorm1d(num_features=3)", "network.eval()"),
    ),
    ([hung()], (3, 4), TRAINING.format("BatchNorm1d(num_features=3)", OF_ITSELF)),
    ([Given(raising(ValueError("no\nreason")))], (3, 4), "Given(…) refuses (3, 4): no"),
    ([nn.ReLU(), Given(raising(KeyError()))], (3, 4), "Given(…) refuses (3, 4): no reason given"),
    ([Given(lambda x: (x, x))], (3, 4), "Given(…) returns a tuple, not one tensor to pass on"),
    ([Given(lambda x: None)], (3, 4), "Given(…) returns a NoneType, not one tensor to pass on"),
    ([Given(lambda x: x[0, 0])], (3, 4), "Given(…) makes (4,) of a batch of one (3, 4)"),
    ([Given(lambda x: x[0, :1, 0])], (3, 4), "Given(…) makes (1,) of a batch of one (3, 4)"),
    (
        [nn.Flatten(0, 1)],
        (3, 4),
        "nn.Flatten(start_dim=0, end_dim=1) makes (3, 4) of a batch of one (3, 4)",
    ),
    ([Given(lambda x: x[:, :0])], (3, 4), "Given(…) makes (1, 0, 4) of a batch of one (3, 4)"),
    (
        [nn.ReLU(), Given(lambda x: x / 0)],
        (3, 4),
        "Given(…) returns nan or infinity, which no map can show",
    ),
    (
        [Given(lambda x: x * torch.nan)],
        (3, 4),
        "Given(…) returns nan or infinity, which no map can show",
    ),
]


def refusal(network, image):
    with pytest.raises(SlidingWindowsError) as caught:
        funnel(network, image)
    return caught.value


def test_each_refusal_word_by_word():
    for layers, shape, words in REFUSED:
        error = refusal(nn.Sequential(*layers), torch.ones(shape))
        assert error.problem == words, layers
        count = len(layers)
        assert error.context == f"a network of {count} layers on an input of shape {shape}"
    for image in (torch.ones(3, 4, dtype=torch.int64), torch.ones(3, 4, dtype=torch.complex64)):
        assert refusal(nn.Sequential(nn.ReLU()), image).problem == FLOATS
    error = refusal(Different(nn.ReLU()), torch.ones(3, 4))
    assert error.problem == ONE_BY_ONE
    assert error.context == "a network of 1 layers on an input of shape (3, 4)"
    assert refusal(nn.ReLU(), torch.ones(3, 4)).problem == "funnel needs an nn.Sequential, got ReLU"


def test_a_shape_is_no_input():
    shapes = {"(1, 8, 8)": (1, 8, 8), "[3, 4]": [3, 4], "array([3, 4])": np.array([3, 4])}
    for said, shape in shapes.items():
        assert refusal(nn.Sequential(nn.ReLU()), shape).problem == (
            f"funnel needs numbers, and {said} is a shape: give an input that has it, such as "
            "torch.rand(1, 8, 8)"
        )


def test_within_inference_mode_and_with_a_gradient():
    network = nn.Sequential(nn.Conv1d(2, 3, 2), nn.ReLU())
    image = torch.rand(2, 5, requires_grad=True)
    expected = funnel(network, image)
    with torch.inference_mode():
        assert funnel(network, image) == expected
        assert torch.is_inference_mode_enabled()


def test_a_sequential_of_ones_own_is_one_layer():
    first, second, third = nn.ReLU(), nn.Tanh(), Different(nn.ReLU())
    inner = nn.Sequential(second, nn.Sequential(third))
    replaced = forwarded(nn.Sequential(nn.ReLU()))
    assert layers_of(nn.Sequential(first, inner, replaced)) == [first, second, third, replaced]


def test_a_name_of_as_many_signs_as_a_line_takes():
    for digits, call in ((86, True), (87, False)):
        layer = nn.Threshold(10**digits, 0)
        said = f"nn.Threshold(threshold={10**digits}, value=0)"
        assert len(said) == 120 + (not call)
        assert name_of(layer) == (said if call else "Threshold(…)")
    assert name_of(Given(abs)) == "Given(…)"


def test_a_reach_ends_where_windows_are_not_what_came_out():
    reaches = (Reach(3, 2, 0.5),)
    layer = nn.AvgPool1d(3, 2, 1)
    assert _reaches(layer, (4, 9), (4, 5), reaches) == (Reach(7, 4, 0.5),)
    assert _reaches(layer, (4, 9), (4, 4), reaches) is None
    assert _reaches(layer, (4, 9), (4, 5), None) is None
    assert _reaches(nn.Upsample(scale_factor=2), (4, 9), (4, 18), reaches) is None


def grey(plane):
    low, high = plane.min(), plane.max()
    return tuple(
        tuple(round(255 * float(v - low) / float(high - low)) for v in row) for row in plane
    )


def test_greys_from_the_smallest_to_the_largest():
    plane = torch.tensor([[-3.0, 1, 2], [0, 7, 2.5]])
    assert _shades(plane) == ((0, 102, 128), (76, 255, 140)) == grey(plane)
    assert _shades(torch.full((2, 3), -5.0)) == ((0, 0, 0), (0, 0, 0))
    assert _shades(plane * 1e-9) == grey(plane)


def test_a_map_of_up_to_128_elements_is_kept_as_it_is():
    generator = torch.Generator().manual_seed(3)
    for shape in ((128, 3), (3, 128), (129, 3), (3, 129), (129, 130)):
        plane = torch.rand(shape, generator=generator)
        sizes = tuple(min(n, 128) for n in shape)
        shrunk = F.adaptive_avg_pool2d(plane[None].double(), sizes)[0]
        found = torch.tensor(_shades(plane))
        assert found.shape == sizes
        assert (found - torch.tensor(grey(shrunk))).abs().max() <= (0 if sizes == shape else 1)
        half = torch.tensor(_shades(plane.half()))
        assert (found - half).abs().max() <= 1, shape


def test_what_is_drawn_of_a_sample():
    signals = torch.arange(65 * 3.0).reshape(65, 3) ** 2
    (plane,) = _planes(signals)
    scaled = [(row - row[0]) / (row[2] - row[0]) for row in signals[:64]]
    assert plane.shape == (64, 3) and torch.allclose(plane, torch.stack(scaled))
    (flat,) = _planes(torch.tensor([[4.0, 4], [-2, -1]]))
    assert flat.tolist() == [[0, 0], [0, 1]]
    (vector,) = _planes(torch.tensor([1.0, 5, 2]))
    assert vector.tolist() == [[0], [1], [0.25]]
    pictures = torch.rand(17, 2, 3)
    assert torch.equal(torch.stack(list(_planes(pictures))), pictures[:16])
    volumes = torch.rand(2, 4, 2, 3)
    assert torch.equal(torch.stack(list(_planes(volumes))), volumes[:, 2])
    deeper = torch.rand(2, 5, 4, 2, 3)
    assert torch.equal(torch.stack(list(_planes(deeper))), deeper[:, 2, 2])


def test_of_layers_with_one_shape_the_last_is_drawn():
    network = nn.Sequential(
        nn.ReLU(), nn.Conv1d(2, 3, 2, bias=False), nn.ReLU(), nn.Tanh(), nn.AvgPool1d(2)
    )
    found = funnel(network, torch.rand(2, 6))
    assert [len(stage.maps) for stage in found.stages] == [1, 1, 0, 0, 1, 1]
    assert [(s.call, s.shape, s.parameters, s.macs, s.sees()) for s in found.stages] == [
        ("input", (2, 6), 0, 0, "1"),
        ("nn.ReLU()", (2, 6), 0, 0, "1"),
        ("nn.Conv1d(2, 3, kernel_size=2, bias=False)", (3, 5), 12, 60, "2"),
        ("nn.ReLU()", (3, 5), 0, 0, "2"),
        ("nn.Tanh()", (3, 5), 0, 0, "2"),
        ("nn.AvgPool1d(kernel_size=2, stride=2)", (3, 2), 0, 0, "3"),
    ]


class Both(nn.Module):
    """Two branches that add up, or cancel."""

    def __init__(self, cancels):
        super().__init__()
        self.one, self.other, self.cancels = nn.Linear(4, 4), nn.Linear(4, 4), cancels

    def forward(self, x):
        one = self.one(x)
        return one - one if self.cancels else one + self.other(x)


def sees(*layers, shape):
    stages = funnel(nn.Sequential(*layers), torch.ones(shape)).stages
    assert [stage.call for stage in stages] == ["input", *map(name_of, layers)]
    return [stage.sees() for stage in stages]


def test_what_each_stage_sees_by_hand():
    """Numbers of a sigmoid are all below 5, where this Hardtanh makes the same of each."""
    open_, shut = nn.Linear(4, 4), nn.Hardtanh(5.0, 6.0)
    nn.init.constant_(open_.weight, 0.5)
    assert sees(open_, nn.ReLU(), shape=(4,)) == ["–", "all", "all"]
    closing = (open_, nn.Sigmoid(), shut, nn.Linear(4, 3))
    assert sees(*closing, shape=(4,)) == ["–", "all", "all", "–", "–"]
    closing = (nn.ReLU(), nn.AvgPool2d(2, 1), nn.Softmax2d(), nn.Tanh())  # 1 of one channel
    assert sees(*closing, shape=(1, 6, 5)) == ["1", "1", "2", "–", "–"]
    assert sees(nn.Flatten(), open_, shape=(2, 2)) == ["1", "–", "all"]
    turned = nn.ConvTranspose1d(1, 1, 2, stride=2)
    assert sees(turned, nn.Flatten(), nn.Linear(8, 2), shape=(1, 4)) == ["1", "–", "–", "all"]


def test_what_branches_that_might_cancel_see():
    for cancels, seen in ((False, "all"), (True, "–")):
        layers = (nn.Linear(4, 4), nn.Tanh(), Both(cancels), nn.Sigmoid())
        assert sees(*layers, shape=(4,)) == ["–", "all", "all", seen, seen]


def test_no_tensor_at_all():
    assert refusal(nn.Sequential(nn.ReLU()), "a").problem == (
        "funnel needs a torch tensor or a numpy array, got str"
    )
