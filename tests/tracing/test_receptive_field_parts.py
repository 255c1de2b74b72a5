"""What receptive_field refuses, word for word, and the parts that it is made of, each by itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError, receptive_field
from slidingwindows.tracing import receptive_field as measuring
from slidingwindows.tracing.receptive_field import effective_field

CONV, UP = nn.Sequential(nn.Conv2d(1, 1, 3)), nn.Upsample(scale_factor=2)
IMAGE = (1, 5, 5)
TAKES = "receptive_field takes a tensor, or a shape such as (C, H, W) and at least one sample, got"
NO_SIZE = "has no receptive field of one size:"
UNEQUAL = f"{NO_SIZE} its outputs do not all see equally much, or see unknown things"
RANKS = "the input must be (C, L), (C, H, W) or (C, D, H, W)"
LEAVE = "; leave it and what follows out"


def told(network, input, *options) -> tuple[str, str]:
    with pytest.raises(SlidingWindowsError) as caught:
        receptive_field(network, input, *options)
    return caught.value.problem, caught.value.context


def test_what_is_no_network_or_no_input_is_refused_in_these_words():
    needs = "receptive_field needs an nn.Sequential with layers, got"
    for network, input, samples, problem in (
        (nn.ReLU(), IMAGE, 8, f"{needs} ReLU"),
        (nn.Sequential(), IMAGE, 8, f"{needs} an empty one"),
        (nn.Sequential(nn.Sequential()), IMAGE, 8, f"{needs} an empty one"),
        (CONV, (1, 5.0, 5), 8, f"{TAKES} (1, 5.0, 5) and samples=8"),
        (CONV, [1, 0, 5], 8, f"{TAKES} [1, 0, 5] and samples=8"),
        (CONV, (1, 5, -5), 8, f"{TAKES} (1, 5, -5) and samples=8"),
        (CONV, (None, 5, 5), 8, f"{TAKES} (None, 5, 5) and samples=8"),
        (CONV, (), 8, f"{TAKES} () and samples=8"),
        (CONV, "155", 8, f"{TAKES} '155' and samples=8"),
        (CONV, IMAGE, 0, f"{TAKES} (1, 5, 5) and samples=0"),
        (CONV, IMAGE, 1.5, f"{TAKES} (1, 5, 5) and samples=1.5"),
        (CONV, IMAGE, "2", f"{TAKES} (1, 5, 5) and samples='2'"),
        (CONV, IMAGE, 10_001, "at most 10,000 samples are accepted, got samples=10001"),
        (
            CONV,
            torch.ones(IMAGE, dtype=torch.int64),
            8,
            "the input must be a float tensor with numbers, got torch.int64 of shape (1, 5, 5)",
        ),
        (
            CONV,
            torch.ones(1, 0, 5),
            8,
            "the input must be a float tensor with numbers, got torch.float32 of shape (1, 0, 5)",
        ),
    ):
        assert told(network, input, None, samples) == (problem, ""), problem


def test_what_has_no_receptive_field_is_told_with_its_layer_and_what_could_be_done():
    double = "Input type (double) and bias type (float) should be the same"
    for network, input, output, problem in (
        (CONV, np.ones(IMAGE), None, f"nn.Conv2d(1, 1, kernel_size=3) refuses (1, 5, 5): {double}"),
        *(
            (CONV, IMAGE, output, f"output {output!r} is not a position in an output of (3, 3)")
            for output in ((3, 0), (0, 3), (0, -1), (0,), (0, 0, 0), 1, (0, 1.0), "00", (0, "1"))
        ),
        (nn.Sequential(nn.Linear(5, 5)), (5,), None, RANKS),
        (nn.Sequential(nn.ReLU()), (1, 2, 2, 2, 2), None, RANKS),
        (nn.Sequential(UP), IMAGE, None, f"layer 0, nn.Upsample(scale_factor=2.0), {UNEQUAL}"),
        (
            nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.GroupNorm(1, 1)),
            IMAGE,
            None,
            f"layer 2, nn.GroupNorm(num_groups=1, num_channels=1), {NO_SIZE} each of its outputs "
            f"sees all of the layer's own input{LEAVE}, as network[:2] does",
        ),
        (
            nn.Sequential(CONV, nn.ReLU(), UP),
            IMAGE,
            None,
            f"layer 2, nn.Upsample(scale_factor=2.0), {UNEQUAL}{LEAVE}",
        ),
        (
            nn.Sequential(nn.ZeroPad2d((3, 0, 1, 0))),
            IMAGE,
            (4, 2),
            "output (4, 2) sees padding alone, nothing of the input",
        ),
    ):
        count, shape = len(network), tuple(getattr(input, "shape", input))
        context = f"a network of {count} layers on an input of shape {shape}"
        assert told(network, input, output) == (problem, context), problem


def test_an_input_is_a_tensor_or_a_shape_and_an_output_is_counted_from_0():
    for input in (IMAGE, list(IMAGE), np.array(IMAGE), torch.rand(IMAGE), torch.rand(1, *IMAGE)):
        found = receptive_field(CONV, input, samples=1)
        assert (found.input_shape, found.output) == (IMAGE, (1, 1)), input
    network = nn.Sequential(nn.Conv2d(1, 2, (2, 3), stride=(1, 2)))
    assert receptive_field(network, (1, 5, 9)).output == (2, 2)
    for output in ((3, 0), [3, 0], torch.tensor([3, 0]), np.array([3, 0])):
        found = receptive_field(network, (1, 5, 9), output, 1)
        assert (found.output, found.measured) == ((3, 0), ((3, 4), (0, 1, 2))), output
    signal = nn.Sequential(nn.Conv1d(1, 1, 2, stride=3))
    assert receptive_field(signal, (1, 9), (2,), 1).measured == ((6, 7),)


def test_random_inputs_are_normal_numbers_of_the_network_s_dtype():
    with torch.device("meta"):  # whatever the caller's default is
        for network, dtype in (
            (CONV, torch.float32),
            (nn.Sequential(nn.ReLU()), torch.float32),
            (nn.Sequential(nn.ReLU(), nn.Conv2d(1, 1, 1, dtype=torch.float64, device="cpu")), None),
        ):
            found = measuring._inputs(network, (1, 40, 50), 3)
            generator = torch.Generator("cpu").manual_seed(0)
            given = {"generator": generator, "dtype": dtype or torch.float64, "device": "cpu"}
            expected = [torch.randn(1, 40, 50, **given) for _ in range(3)]
            assert len(found) == 3 and all(map(torch.equal, found, expected))
            assert found[0].dtype == given["dtype"]
    assert len(measuring._inputs(CONV, (1, 1, 1), 10_000)) == 10_000


def field_of(weights, channels):
    """Of a convolution over the whole input with these weights, which are its gradient."""
    weight = torch.tensor(weights)
    module = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[weight.dim() - 1](1, channels, weight.shape)
    module.weight.data = weight.expand(channels, 1, *weight.shape)
    inputs = [torch.ones(1, 1, *weight.shape)]
    return effective_field(nn.Sequential(module), inputs, (0,) * weight.dim())


@pytest.mark.parametrize(
    ("weights", "levels", "half"),
    [
        ((4.0, -2.0, 1.0, 1.0), ((255, 128, 64, 64),), 1),  # exactly half, without regard to signs
        ((3.9, 2.0, 1.1, 1.0), ((255, 131, 72, 65),), 2),
        (((1.0, 0.0, 0.0), (1.0, 1.0, 1.0)), ((255, 0, 0), (255, 255, 255)), 2),
        # Of a volume the slice with the largest sum is shown, its own largest number being 255;
        # that half is counted over all of them.
        ((((8.0, 0.0), (0.0, 0.0)), ((3.0, 3.0), (3.0, 1.5))), ((255, 255), (255, 128)), 2),
        ((((3.0, 3.0), (3.0, 1.5)), ((8.0, 0.0), (0.0, 0.0))), ((255, 255), (255, 128)), 2),
        ((0.0, 0.0), (), 0),
        ((1.0, float("inf")), (), 0),
        ((1.0, float("nan")), (), 0),
        ((5e-30,), ((255,),), 1),
    ],
)
def test_the_effective_field_is_the_mean_gradient_in_levels_of_its_largest(weights, levels, half):
    for channels in (1, 2):
        assert field_of(weights, channels) == (levels, half)


def test_gradients_are_added_up_over_inputs_and_channels_without_their_signs():
    one = torch.tensor([[[1.0, 0.0, 2.0], [0.0, -3.0, 1.0]]])

    class Squared(nn.Module):
        """Its gradient is twice its input; it writes in place what it says it may."""

        inplace = True

        def forward(self, x):
            y = x * x
            if self.inplace:
                x.mul_(0)
            return y.sum((1, 2), keepdim=True)

    found = effective_field(nn.Sequential(Squared()), [one, -one, 0 * one], (0,))
    assert found == (((85, 255, 255),), 2)
    with torch.no_grad():
        two = effective_field(nn.Sequential(Squared()), [one, 2 * torch.ones(1, 2, 3)], (0,))
    assert two == (((182, 255, 255),), 2)


def test_a_padding_that_cuts_windows_off_leaves_what_they_read():
    """The last window of a pool is the last one, although what it skips would fit one more."""
    for layers, size, output, seen in (
        ([nn.MaxPool1d(2, 1, dilation=2), nn.Conv1d(1, 1, 2, padding=1)], 6, 4, (3, 5)),
        ([nn.MaxPool1d(2, 2, 1), nn.Conv1d(1, 1, 2, padding=1)], 5, 3, (3, 4)),
        ([nn.MaxPool1d(3, 2, ceil_mode=True)], 6, 2, (4, 5)),
        ([nn.LPPool1d(2, 3, 2, ceil_mode=True), nn.Conv1d(1, 1, 2, padding=1)], 6, 3, (4, 5)),
        ([nn.MaxPool1d(2), nn.Conv1d(1, 1, 2, padding=1)], 7, 3, (4, 5)),
    ):
        found = receptive_field(nn.Sequential(*layers), (1, size), (output,), 1)
        assert found.measured == (seen,), layers


def test_of_each_layer_the_element_nearest_the_middle_is_chosen():
    """The first of two as near, and one that sees something, though others are nearer."""
    for layers, shape, output, chosen in (
        ([nn.Conv1d(1, 1, 3), nn.Conv1d(1, 1, 3)], (1, 9), (2,), ((3,), (2,))),
        ([nn.Conv1d(1, 1, 1, stride=2), nn.Conv1d(1, 1, 3)], (1, 9), (0,), ((1,), (0,))),
        ([nn.Conv1d(1, 1, 2), nn.Conv1d(1, 1, 2, stride=2)], (1, 9), (1,), ((2,), (1,))),
        ([nn.ZeroPad1d((3, 0)), nn.Conv1d(1, 1, 3)], (1, 5), (1,), ((3,), (1,))),
        (
            [nn.ZeroPad1d((3, 0)), nn.ReLU(), nn.Conv1d(1, 1, 3)],
            (1, 5),
            (1,),
            ((3,), (3,), (1,)),
        ),
        (
            [nn.ZeroPad1d((3, 0)), nn.Conv1d(1, 1, 2), nn.Conv1d(1, 1, 3), nn.ReLU()],
            (1, 5),
            (0,),
            ((3,), (2,), (0,), (0,)),
        ),
        ([nn.ZeroPad1d((0, 3)), nn.Conv1d(1, 1, 3)], (1, 5), (4,), ((4,), (4,))),
        (
            [nn.Conv2d(1, 1, (1, 3)), nn.ReLU(), nn.AvgPool2d((3, 1))],
            (1, 6, 5),
            (1, 2),
            ((4, 2), (4, 2), (1, 2)),
        ),
    ):
        found = receptive_field(nn.Sequential(*layers), shape, output, 1)
        assert found.chosen == chosen, layers


def test_a_max_pool_s_twin_is_the_mean_of_its_windows():
    torch.manual_seed(0)
    for pool, sizes, mean in (
        (nn.MaxPool1d(3, 2, 1), (8,), nn.AvgPool1d(3, 2, 1)),
        (nn.MaxPool2d((2, 3), (2, 1), (1, 0)), (5, 6), nn.AvgPool2d((2, 3), (2, 1), (1, 0))),
        (nn.MaxPool3d((1, 2, 3), 2), (3, 5, 7), nn.AvgPool3d((1, 2, 3), 2)),
        (nn.MaxPool2d(2), (4, 6), nn.AvgPool2d(2)),
        (nn.LPPool1d(2, 3, 2), (8,), nn.AvgPool1d(3, 2)),
    ):
        x = torch.rand(1, 1, *sizes, dtype=torch.float64)
        expected = mean(x)
        found = measuring.Means(pool, tuple(expected.shape[2:]))(x)
        torch.testing.assert_close(found, expected)
    # Every second element of three, from the first of the padding on; the last window sticks out.
    pool = nn.MaxPool1d(3, 2, 1, dilation=2, ceil_mode=True)
    x = torch.tensor([[[1.0, 2, 4, 8, 16, 32, 64, 128]]], dtype=torch.float64)
    expected = [(2 + 8) / 3, (2 + 8 + 32) / 3, (8 + 32 + 128) / 3, (32 + 128) / 3]
    assert measuring.Means(pool, (4,))(x)[0, 0].tolist() == pytest.approx(expected)
    assert pool(x).shape[2] == 4


def test_each_layer_has_a_twin_of_one_channel_with_equal_weights():
    conv = nn.Conv2d(4, 6, (2, 3), (1, 2), (1, 0), (2, 1), groups=2, padding_mode="circular")
    layers = [conv, nn.ReLU(), nn.AdaptiveMaxPool2d((1, 2)), nn.ReplicationPad2d(1)]
    layers += [nn.AvgPool2d(2), nn.BatchNorm2d(4), nn.LPPool2d(2, 2), nn.Conv2d(1, 1, 1).half()]
    before, state = conv.weight.clone(), torch.get_rng_state()
    twins = measuring.surrogate(layers, [(3, 4)] * len(layers))
    assert torch.equal(conv.weight, before) and torch.equal(torch.get_rng_state(), state)
    assert list(map(str, twins)) == [
        "Conv2d(1, 1, kernel_size=(2, 3), stride=(1, 2), padding=(1, 0), dilation=(2, 1), "
        "bias=False, padding_mode=circular)",
        "Identity()",
        "AdaptiveAvgPool2d(output_size=(1, 2))",
        "ReplicationPad2d((1, 1, 1, 1))",
        "AvgPool2d(kernel_size=2, stride=2, padding=0)",
        "Identity()",
        "Means()",
        "Conv2d(1, 1, kernel_size=(1, 1), stride=(1, 1), bias=False)",
    ]
    assert torch.equal(twins[0].weight, torch.full((1, 1, 2, 3), 6**-0.5, dtype=torch.float64))
    assert twins[7].weight.dtype == torch.float64 and twins[7].weight.item() == 1
    for rank, kind in ((1, nn.Conv1d), (3, nn.Conv3d)):
        assert type(measuring.surrogate([kind(1, 1, 2)], [(1,) * rank])[0]) is kind
        pool = getattr(nn, f"AdaptiveAvgPool{rank}d")(2)
        assert str(measuring.surrogate([pool], [(2,) * rank])[0]) == str(pool)
