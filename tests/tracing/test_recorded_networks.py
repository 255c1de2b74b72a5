"""What layers see of the input and cost, for layers of every kind in rows, as it was reviewed.

That a receptive field is right, and 'all' said for certain, is compared with gradients elsewhere;
here nothing that can be said goes unsaid.
"""

import random

import torch
from random_layers import Maker, network
from recorded import compare
from torch import nn

from slidingwindows import SlidingWindowsError, funnel, receptive_field

LAYERS = """
Conv2d(4, 4, 3)
Conv2d(4, 4, 3, padding=1)
Conv2d(4, 4, 3, padding=1, padding_mode='circular')
Conv2d(4, 4, (1, 3), stride=(1, 2), padding=(0, 1))
Conv2d(4, 4, 3, padding='same', dilation=2, groups=2)
Conv2d(4, 4, 1, bias=False)
ConvTranspose2d(4, 4, 3, stride=2)
ConvTranspose2d(4, 4, 2, padding=1)
MaxPool2d(2)
MaxPool2d(3, 2, 1)
MaxPool2d(2, 1, dilation=2)
MaxPool2d(3, 2, ceil_mode=True)
AvgPool2d(2, ceil_mode=True)
AvgPool2d(3, 1, 1, count_include_pad=False)
LPPool2d(2, 2)
AdaptiveAvgPool2d(1)
AdaptiveAvgPool2d((2, None))
AdaptiveAvgPool2d(3)
AdaptiveMaxPool2d((1, 4))
FractionalMaxPool2d(2, output_size=3)
ReLU()
Softplus()
GELU()
Identity()
Dropout(0.5)
PReLU(4)
Softmax(1)
Softmax(-1)
Softmax2d()
LogSoftmax(2)
Softmin(3)
BatchNorm2d(4)
BatchNorm2d(4, track_running_stats=False)
InstanceNorm2d(4)
InstanceNorm2d(4, affine=True)
GroupNorm(2, 4)
GroupNorm(4, 4)
LayerNorm(8)
LayerNorm([4, 8, 8])
LayerNorm([8, 8], elementwise_affine=False)
LocalResponseNorm(2)
Flatten()
Flatten(2)
Flatten(1, 2)
Unflatten(1, (2, 2))
Linear(8, 3)
Linear(64, 5)
Linear(256, 6)
Linear(1, 4)
Upsample(scale_factor=2)
Upsample(size=5, mode='bilinear')
UpsamplingNearest2d(scale_factor=3)
PixelShuffle(2)
PixelUnshuffle(2)
ChannelShuffle(2)
ZeroPad2d(1)
ReflectionPad2d((1, 2, 0, 1))
ReplicationPad2d(2)
CircularPad2d(1)
ConstantPad2d(1, 3.0)
ConstantPad2d(-1, 0)
Unfold(2)
Fold((3, 3), 2)
Threshold(0.1, 2)
GLU(1)
CosineSimilarity()
Conv1d(8, 4, 3)
MaxPool1d(2)
AdaptiveAvgPool1d(1)
Conv3d(1, 2, 3)
LSTM(8, 2)
MultiheadAttention(8, 2)
TransformerEncoderLayer(8, 2, 4, batch_first=True)
""".strip().split("\n")


def told(make, *arguments) -> str:
    """The table of a network, or why there is none, without torch's own words."""
    try:
        return make(*arguments).table()
    except SlidingWindowsError as error:
        return "refused: " + error.problem.partition("): ")[0]


def row(*calls: str) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(*(eval(f"nn.{call}", {"nn": nn}) for call in calls)).eval()


def in_a_line(calls) -> str:
    """What each layer sees and how far its views lie apart, its parameters and MACs."""
    try:
        stages = funnel(row(*calls), torch.rand(4, 8, 8, generator=torch.Generator())).stages
    except SlidingWindowsError as error:
        return "refused: " + error.problem.partition("): ")[0]
    facts = ((s.sees(), s.jump(), s.parameters, s.macs) for s in stages[1:])
    return "; ".join(" ".join(map(str, one)) for one in facts)


def test_layers_alone():
    compare("layers", ((call, told(funnel, row(call), torch.ones(4, 8, 8))) for call in LAYERS))


def test_receptive_fields_of_layers():
    shape = (4, 8, 8)
    compare("layer_fields", ((c, told(receptive_field, row(c), shape, None, 1)) for c in LAYERS))


def test_layers_in_rows():
    rows = []
    for seed in range(500):
        chance = random.Random(seed)
        rows.append(chance.sample(LAYERS, chance.choice([2, 2, 3, 3, 4])))
    lines = {", ".join(calls): in_a_line(calls) for calls in rows}
    running = {calls: line for calls, line in lines.items() if not line.startswith("refused")}
    assert len(running) > 100
    text = "\n".join(f"{calls}: {running[calls]}" for calls in sorted(running))
    refused = sorted({line for line in lines.values() if line.startswith("refused")})
    compare("rows", [("running", text), ("refused", "\n".join(refused))])


def of_random_networks():
    for seed in range(150):
        shape, calls, modules, problem = network(Maker(seed, 0.02), 5)
        if problem is not None or not calls:
            continue
        net = nn.Sequential(*modules).eval()
        text = told(funnel, net, torch.ones(shape))
        try:
            field = receptive_field(net, shape, None, 1)
            words = f"{field.output} sees {field.measured_box}, drawn {field.views()}"
            words = f"{field.table()}\n{words}"
        except SlidingWindowsError as error:
            words = "refused: " + error.problem.partition("): ")[0]
        yield f"{seed}: {', '.join(calls)} on {shape}", f"{text}\n\n{words}"


def test_random_networks():
    compare("networks", of_random_networks())
