"""What each layer does to what is known of sight.

Which places a number sees is tried out; what else is known is worked by hand, from what Sight says.
"""

from __future__ import annotations

import itertools

import pytest
import torch
from knowing import fits, known, told
from torch import nn

from slidingwindows.tracing import sight as rules
from slidingwindows.tracing.lines import Sight
from slidingwindows.tracing.sight import sight_after


def ones(layer: nn.Module) -> nn.Module:
    """Its weights are 1, so that nothing cancels."""
    for name, parameter in layer.named_parameters():
        nn.init.constant_(parameter, float(name.endswith("weight")))
    return layer.double()


READ = [
    (nn.Conv2d(1, 1, (2, 3), stride=(2, 1), padding=(1, 2), dilation=(1, 2)), (4, 6)),
    (nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular"), (5,)),
    (nn.Conv3d(1, 1, (1, 2, 3)), (2, 3, 4)),
    (nn.MaxPool2d((2, 3), (1, 2), (1, 0)), (3, 6)),
    (nn.AvgPool2d((3, 2), ceil_mode=True), (5, 4)),
    (nn.LPPool2d(2, (1, 2)), (3, 4)),
    (nn.AdaptiveAvgPool2d((3, 2)), (5, 3)),
    (nn.AdaptiveMaxPool1d(4), (7,)),
    (nn.ReplicationPad2d((1, 2, 0, 1)), (2, 3)),
    (nn.ConvTranspose1d(1, 1, 2, stride=3), (4,)),
    (nn.ConvTranspose1d(1, 1, 4, stride=2, padding=1, output_padding=1), (3,)),
    (nn.ConvTranspose2d(1, 1, (2, 3), (3, 2), (0, 2), dilation=(2, 3)), (3, 4)),
    (nn.Upsample((5, 2)), (3, 4)),
    (nn.Upsample(4), (3, 6)),
    (nn.Upsample((5, 4), mode="bilinear"), (3, 6)),
    (nn.Upsample((5, 4), mode="bilinear", align_corners=True), (3, 7)),
    (nn.Upsample(scale_factor=(2, 0.5)), (3, 4)),
    (nn.Upsample(scale_factor=(2.0, 1.5), mode="bicubic"), (2, 6)),
    (nn.Upsample(scale_factor=1.5, mode="linear"), (7,)),
    (nn.Upsample(scale_factor=1.5, mode="linear", recompute_scale_factor=True), (7,)),
    (nn.Upsample(scale_factor=(1, 2, 3), mode="trilinear"), (2, 3, 2)),
    (nn.UpsamplingNearest2d((2, 7)), (4, 3)),
    (nn.UpsamplingBilinear2d(scale_factor=2), (2, 3)),
    (nn.Upsample(49, mode="linear"), (6,)),
]


@pytest.mark.parametrize(("layer", "sizes"), READ, ids=str)
def test_each_output_sees_the_places_whose_change_changes_it(layer, sizes):
    places = list(itertools.product(*map(range, sizes)))
    each = torch.eye(len(places), dtype=torch.float64).reshape(-1, 1, *sizes)
    with torch.no_grad():
        after = ones(layer)(each)
    with torch.device("meta"):  # whatever the caller's default is
        seen = sight_after(layer, each[:1], after[:1], Sight.of_input(sizes))
    for position in itertools.product(*map(range, after.shape[2:])):
        changing = {p for p, one in zip(places, after[:, 0], strict=True) if one[position]}
        walked = [line.walked([p]) for line, p in zip(seen.axes, position, strict=True)]
        assert set(itertools.product(*walked)) == changing, position


def hooked():
    """A convolution whose output somebody crops."""
    layer = nn.Conv1d(2, 2, 1)
    layer.register_forward_hook(lambda module, given, output: output[..., 1:])
    return layer


def replaced(layer):
    layer.forward = lambda x: x[..., 1:]
    return layer


# A layer and the shape that goes in; what is known of it, and then of what comes out.
ALONE = [
    (nn.Softmax(1), (3, 4, 5), {"1 cl": "1 cl", "gap d": "1 d", "some": "some"}),
    (nn.Softmax(-3), (3, 4, 5), {"1": "1"}),
    (nn.Softmax2d(), (3, 1, 5), {"1 l": "all×1 l"}),
    (nn.Softmax2d(), (1, 4, 5), {"1": None}),
    (nn.Softmax(1), (1, 4, 5), {"1": None}),
    (nn.Softmax(0), (3, 4, 5), {"1": None}),
    (nn.Softmax(None), (3, 4, 5), {"1": None}),
    (nn.Softmax(2), (3, 4, 5), {"1 d": "all×1 cd", "gap": None, "1 l": None, "some": None}),
    (nn.Softmin(3), (3, 4, 5), {"1": "1×all c"}),
    (nn.Softmax(-1), (3, 4, 1), {"1": None}),
    (nn.LogSoftmax(-1), (3, 4, 5), {"1": "1×all", "1 c": "1×all c"}),
    (nn.LogSoftmax(1), (6,), {"some": "all l"}),
    (nn.Softmax(-1), (6,), {"all": "all l"}),
    (nn.Flatten(), (3, 4, 5), {"1 c": "some cl", "all": "all l", "gap": None}),
    (nn.Flatten(), (6,), {"some d": "some ld"}),
    (nn.Flatten(2), (3, 4, 5), {"1 l": "some", "all c": "all c"}),
    (nn.Flatten(2), (3, 4), {"1 cl": "1 c"}),
    (nn.Unflatten(1, (2, 3)), (6,), {"all": "all", "some": "some"}),
    (nn.PixelShuffle(2), (4, 2, 3), {"1 l": "some"}),
    (nn.PixelUnshuffle(2), (1, 2, 4), {"1": "some"}),
    (nn.ChannelShuffle(2), (4, 2, 3), {"1 cl": "1 cl"}),
    (nn.Linear(5, 2), (3, 4, 5), {"1 cl": "1×all c", "gap": None, "some": None}),
    (nn.Linear(5, 1), (3, 1, 5), {"1": "all l"}),
    (nn.Linear(6, 2), (6,), {"some": "all l"}),
    (nn.LayerNorm(5), (3, 4, 5), {"1 d": "1×all cd", "1 l": None, "gap": None, "some": None}),
    (nn.LayerNorm((4, 5)), (3, 4, 5), {"1": "all c", "1 l": None}),
    (nn.LayerNorm((3, 4, 5)), (3, 4, 5), {"1 l": "all", "1 c": "all c", "gap": None}),
    (nn.LayerNorm((1, 4, 5)), (1, 4, 5), {"1": "all c", "1 l": None}),
    (nn.LayerNorm(6), (6,), {"some": "all l"}),
    (nn.LayerNorm(1), (1,), {"all": None}),
    (nn.LayerNorm(1), (3, 4, 1), {"1": None}),
    (nn.LayerNorm(2, eps=0), (3, 4, 2), {"1": None}),
    (nn.LayerNorm(3, eps=0), (3, 4, 3), {"1": "1×all c"}),
    (nn.LayerNorm(2), (3, 4, 2), {"1": "1×all c"}),
    (nn.GroupNorm(1, 4), (4, 3, 5), {"1 l": "all l", "1 c": "all c", "1": "all", "gap": None}),
    (nn.GroupNorm(2, 4), (4, 3, 5), {"1 l": "all l", "1 c": "all c", "1": "all"}),
    (nn.GroupNorm(4, 4), (4, 3, 5), {"1 l": None, "1": "all c"}),
    (nn.GroupNorm(1, 1), (1, 3, 5), {"1 l": None, "1": "all c"}),
    (nn.GroupNorm(2, 4), (4,), {"all": "all l", "some": None}),
    (nn.GroupNorm(2, 4, eps=0), (4,), {"all": None}),
    (nn.GroupNorm(2, 4, eps=0), (4, 1, 3), {"1": "all"}),
    (nn.GroupNorm(1, 4), (4,), {"some": "all l"}),
    (nn.GroupNorm(4, 4), (4,), {"all": None}),
    (nn.InstanceNorm2d(4), (4, 3, 5), {"1 l": None, "1": "all c"}),
    (nn.InstanceNorm2d(4), (4, 1, 1), {"1": None}),
    (nn.InstanceNorm2d(4, eps=0), (4, 1, 2), {"1": None}),
    (nn.InstanceNorm1d(1), (1, 5), {"1": "all c"}),
    (nn.InstanceNorm2d(4, track_running_stats=True).eval(), (4, 3, 5), {"1 cl": "1 cl"}),
    (nn.BatchNorm2d(4), (4, 3, 5), {"1": "all c", "1 l": None}),
    (nn.BatchNorm2d(4).eval(), (4, 3, 5), {"1 cl": "1 cl"}),
    (nn.ReLU(), (3, 4, 5), {"1 cld": "1 ld", "some c": "some"}),
    (nn.Softplus(), (3, 4, 5), {"1 c": "1"}),
    (nn.Dropout(0.5).eval(), (3, 4, 5), {"1 cl": "1 cl"}),
    (nn.AlphaDropout(0.5).eval(), (3, 4, 5), {"1 c": "1 c"}),
    (nn.Identity(), (3, 4, 5), {"1 cl": "1 cl"}),
    (nn.Conv2d(3, 2, 1), (3, 4, 5), {"1 cl": "1 cl"}),
    (nn.Conv2d(3, 2, (3, 1)), (3, 4, 5), {"1 cld": "3×1 cld", "some": None, "all": "all"}),
    (nn.Conv2d(3, 2, 3, padding=1), (3, 4, 5), {"1 l": "3", "all l": "all"}),
    (nn.Conv2d(3, 2, 1, padding=1), (3, 4, 5), {"all": "1"}),
    (
        nn.Conv2d(3, 2, 3, padding=1, padding_mode="reflect"),
        (3, 4, 5),
        {"1 l": "3 l", "all l": "all l"},
    ),
    (nn.ConstantPad2d((1, 0, 0, 0), 3.0), (3, 4, 5), {"1 cl": "1 c"}),
    (nn.ReplicationPad2d(1), (3, 4, 5), {"1 cl": "1 cl"}),
    (nn.AvgPool2d((2, 3)), (1, 4, 3), {"1 c": None, "1": "2×all"}),
    (nn.AvgPool2d((4, 1)), (1, 4, 3), {"1 c": None, "1": "all×1"}),
    (nn.AvgPool2d((3, 2), 1), (1, 4, 3), {"1 c": "3×2 c"}),
    (nn.AvgPool1d(2), (1, 2), {"1 c": None}),
    (nn.AvgPool1d(1, 2), (1, 1), {"1 c": "all cl"}),
    (nn.AvgPool1d(4, padding=2), (1, 3), {"1 c": None}),
    (nn.MaxPool2d((2, 3)), (1, 4, 3), {"1 c": "2×all"}),
    (nn.LPPool2d(2, (2, 3)), (1, 4, 3), {"1 c": "2×all"}),
    (nn.AdaptiveAvgPool2d((1, 3)), (1, 4, 5), {"1 c": None, "1 d": "all×3 d", "some": None}),
    (nn.AdaptiveAvgPool2d((3, 3)), (1, 4, 5), {"1 c": "2×3 c"}),
    (nn.AdaptiveMaxPool2d((1, 3)), (1, 4, 5), {"1 c": "all×3"}),
    (nn.AdaptiveAvgPool2d(1), (1, 4, 5), {"1 c": None, "1": "all l"}),
    (nn.AdaptiveMaxPool2d(1), (1, 4, 5), {"1 c": "all l"}),
    (nn.AdaptiveAvgPool1d(2), (5,), {"all": None}),
    (nn.ConvTranspose2d(3, 1, 2), (3, 4, 5), {"1 cl": "2 c"}),
    (nn.ConvTranspose1d(1, 1, 2), (5,), {"all": None}),
    (nn.ConvTranspose2d(1, 1, 2), (3, 4), {"all": None}),  # three rows of four, no batch
    (nn.Upsample(scale_factor=2), (3, 4, 5), {"1 cl": "1 cl", "some": None}),
    (nn.FractionalMaxPool2d(2, 2), (3, 4, 5), {"all": None}),
    (nn.Unfold(2), (1, 4, 4), {"all": None}),
    (hooked(), (2, 5), {"1": None, "all": None}),
    (replaced(nn.Conv1d(2, 2, 1)), (2, 5), {"all": None}),
    (replaced(nn.Linear(5, 5)), (2, 5), {"all": None}),
]
AS_LARGE = (*rules.NORMS, *rules.SOFTMAXES)  # some of which refuse a single number, or warn


@pytest.mark.parametrize(("layer", "shape", "cases"), ALONE, ids=str)
def test_what_a_layer_does_to_what_is_known(layer, shape, cases):
    before = torch.rand(1, *shape)
    with torch.no_grad():
        after = before if isinstance(layer, AS_LARGE) else layer(before)
    for given, expected in cases.items():
        found = sight_after(layer, before, after, known(given, shape[1:]))
        assert told(found) == expected and fits(found, after), given
    assert sight_after(layer, before, after, None) is None


def test_of_four_million_reads_and_no_more_something_is_said():
    pool, turned = nn.AvgPool1d(2000, 1), [nn.ConvTranspose1d(1, 1, n) for n in (2000, 2001)]
    for layer, size, out, said in (
        (pool, 3999, 2000, True),
        (pool, 4000, 2001, False),
        (turned[0], 1, 2000, True),
        (turned[0], 2, 2001, False),
        (turned[1], 1, 2001, False),
    ):
        shapes = torch.zeros(1, 1, size), torch.zeros(1, 1, out)
        assert bool(sight_after(layer, *shapes, Sight.of_input((size,)))) == said, (layer, size)
