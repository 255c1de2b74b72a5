"""A file's figure says nothing of itself that is not so: its call, its choices, its windows."""

import copy
import re

import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError, route, slide
from slidingwindows.core.origin import FAMILIES
from slidingwindows.tracing.slide import TRACERS

TIED = torch.tensor([[[1.0, 7, 7, 0], [7, 3, 1, 1], [0, 0, 2, 1], [0, 1, 2, 0]]])
UP = torch.arange(16.0).view(1, 4, 4)
TWO = torch.rand(2, 5, 5)
MAX = lambda: slide(nn.MaxPool2d(2), TIED)  # noqa: E731
CONV = lambda: slide(nn.Conv2d(2, 4, 3, groups=2, padding=1, padding_mode="reflect"), TWO)  # noqa: E731


def unpooled(dims=2):
    pool = getattr(nn, f"MaxPool{dims}d")(2, return_indices=True)
    values, indices = pool(torch.rand(1, *(4,) * dims))
    return slide(getattr(nn, f"MaxUnpool{dims}d")(2), values, indices=indices)


TRUE = {
    "max": MAX,
    "max of integers": lambda: slide(nn.MaxPool2d(2, 1, 1), TIED.int()),
    "max of nan": lambda: slide(
        nn.MaxPool2d(2, 1), torch.tensor([[[0.0, torch.nan, torch.nan]] * 3])
    ),
    "max of padding alone": lambda: slide(nn.MaxPool2d(2, 1, padding=1, dilation=2), UP[:, :1, :1]),
    "max of infinities": lambda: slide(nn.MaxPool2d(2, 1, 1), torch.full((1, 3, 3), -torch.inf)),
    "max, ceiled": lambda: slide(nn.MaxPool2d((3, 2), (2, 1), (1, 0), (1, 2), ceil_mode=True), TWO),
    "signal": lambda: slide(nn.MaxPool1d(3, 2, 1), UP[:, 0]),
    "volume": lambda: slide(nn.AvgPool3d((1, 2, 2), padding=(0, 1, 1)), torch.rand(1, 2, 4, 4)),
    "average": lambda: slide(nn.AvgPool2d(3, 1, 1, count_include_pad=False), UP),
    "average by": lambda: slide(nn.AvgPool2d(2, divisor_override=3), UP),
    "lp": lambda: slide(nn.LPPool2d(3, 2, ceil_mode=True), TWO),
    "adaptive": lambda: slide(nn.AdaptiveAvgPool2d((None, 3)), TWO),
    "adaptive max": lambda: slide(nn.AdaptiveMaxPool3d((1, 2, 3)), torch.rand(1, 3, 3, 4)),
    "fractional": lambda: slide(nn.FractionalMaxPool2d(2, output_size=3), torch.rand(1, 7, 7)),
    "convolution": CONV,
    "average of integers": lambda: slide(nn.AvgPool2d(2), UP.long()),
    "same": lambda: slide(nn.Conv1d(1, 1, 4, padding="same"), UP[:, 0]),
    "convolution, 3d": lambda: slide(nn.Conv3d(2, 2, 2, padding=1), torch.rand(2, 3, 3, 3)),
    "transposed": lambda: slide(
        nn.ConvTranspose2d(2, 2, 3, 2, 1, output_padding=1, bias=False), TWO
    ),
    "transposed to a size": lambda: slide(
        nn.ConvTranspose2d(2, 2, 2, 3, 3), TWO, output_size=(10, 9)
    ),
    "unpool": unpooled,
    "unpool 1d": lambda: unpooled(1),
    "unpool 3d": lambda: unpooled(3),
    "unfold": lambda: slide(nn.Unfold(2, padding=(1, 0), dilation=2), TWO),
    "fold": lambda: slide(nn.Fold((3, 4), 2, stride=(1, 2)), torch.rand(8, 4)),
    "gradient": lambda: route(nn.Conv2d(2, 2, 3, padding=1), TWO),
    "gradient, 1d": lambda: route(nn.MaxPool1d(2, 1), UP[:, 0]),
    "a subclass": lambda: slide(type("Mine", (nn.MaxPool2d,), {})(2), UP),
}


@pytest.mark.parametrize("name", TRUE)
def test_what_was_traced_is_taken(name):
    figure = TRUE[name]()
    assert str(type(figure).from_dict(figure.to_dict())) == str(figure)


def put(*path):
    *keys, last, value = path

    def change(data):
        for key in keys:
            data = data[key]
        assert data[last] != value
        data[last] = value

    return change


def put_new(group, name, value):
    return lambda data: data[group].update({name: value})


def more_rows(data):
    data["output"].append(data["output"][0])


def longer(data):
    for row in data["target"]:
        row.append(0.0)


def longer_with_shape(data):
    longer(data)
    data["output_shape"][-1] += 1


def foreign(data):
    data["sources"].append([[1.0, 99.0]])


def torn(data):
    data["sources"][0][0] = [1, 1, 5]


def coarse(data):
    data["epsilon"] = 2.0**-7
    data["output"][0][0] *= 1.01
    data["steps"][0] |= {"value": data["output"][0][0], "arithmetic": ""}


FALSE = {
    "a torn gradient that arrives": (TRUE["gradient"], torn),
    "a foreign gradient that arrives": (TRUE["gradient, 1d"], foreign),
    "a foreign source": (unpooled, foreign),
    "a plane before the first": (TRUE["gradient"], put("plane", -1)),
    "a plane past the last": (TRUE["gradient"], put("plane", 2)),
    "a plane of one unpooled": (unpooled, put("plane", -1)),
    "a plane past one unpooled": (unpooled, put("plane", 5)),
    "a plane unfolded": (TRUE["unfold"], put("plane", -1)),
    "a plane folded": (TRUE["fold"], put("plane", 9)),
    "a slice of an image": (unpooled, put("depth_index", 1)),
    "a slice of a gradient": (TRUE["gradient"], put("depth_index", 1)),
    "a shape unpooled from": (unpooled, put("input_shape", [9, 9, 9])),
    "a shape turned round": (unpooled, put("input_shape", [2, 2, 1])),
    "channels unfolded": (TRUE["unfold"], put("input_shape", 0, 3)),
    "channels folded": (TRUE["fold"], put("output_shape", 0, 3)),
    "indices of a fold": (TRUE["fold"], put("indices", [[[0]]])),
    "padding unfolded": (TRUE["unfold"], put("sources", 0, 0, 0, 7.0)),
    "an epsilon of no dtype": (TRUE["average"], put("epsilon", 0.001)),
    "an epsilon of no dtype, moved": (TRUE["fold"], put("epsilon", 0.001)),
    "a coarser dtype, and farther off": (TRUE["adaptive"], coarse),
    "a coarser dtype, moved": (TRUE["fold"], put("epsilon", 2.0**-7)),
    "a slice's distance in an image": (CONV, put("depth_stretch", 2)),
    "padding of a pool": (TRUE["average"], put("planes", 0, 0, 0, 7.0)),
    "padding past every float": (TRUE["average"], put("planes", 0, 0, 0, 10**400)),
    "padding of a copy": (CONV, put("planes", 0, 0, 0, 7.0)),
    "channels of an adaptive pool": (TRUE["adaptive"], put("output_shape", 0, 3)),
    "channels of a signal": (TRUE["signal"], put("output_shape", 0, 3)),
    "channels of an LP pool": (TRUE["lp"], put("input_shape", 0, 10**400)),
    "slices of a volume": (TRUE["volume"], put("input_shape", 1, 3)),
    "no call": (MAX, put("call", "")),
    "no call of a transfer": (TRUE["fold"], put("call", "")),
    "a third axis": (MAX, put_new("geometry", "depths", {"size": 1})),
    "a third axis of a transfer": (TRUE["fold"], put_new("geometry", "depths", {"size": 1})),
    "an unknown word for the padding": (
        TRUE["same"], put("call", "nn.Conv1d(1, 1, kernel_size=4, padding='full')")
    ),
    "a word for the padding of a pool": (
        MAX, put("call", "nn.MaxPool2d(kernel_size=2, stride=2, padding='valid')")
    ),
    "a word for a size": (TRUE["adaptive"], put("call", "nn.AdaptiveAvgPool2d(output_size='3')")),
    "a word for channels": (
        TRUE["same"], put("call", "nn.Conv1d('1', 1, kernel_size=4, padding='same')")
    ),
    "another pool": (MAX, put("call", "nn.MaxPool2d(kernel_size=7, padding=3)")),
    "a digit behind": (MAX, put("call", "nn.MaxPool2d(kernel_size=2, stride=2)9")),
    "spaces": (MAX, put("call", "nn.MaxPool2d(kernel_size=2,  stride=2)")),
    "an unknown argument": (MAX, put("call", "nn.MaxPool2d(kernel_size=2, stride=2, groups=1)")),
    "by place": (MAX, put("call", "nn.MaxPool2d(2, 2)")),
    "code": (MAX, put("call", "nn.MaxPool2d(kernel_size=int(2), stride=2)")),
    "a text for a kernel": (MAX, put("call", "nn.MaxPool2d(kernel_size='2', stride=2)")),
    "the second of equals": (MAX, put("steps", 0, "winner", 2)),
    "no winner": (MAX, put("steps", 0, "winner", None)),
    "ties that are none": (MAX, put("steps", 3, "ties", [1, 3])),
    "no ties": (MAX, put("steps", 0, "ties", [])),
    "an output row": (MAX, more_rows),
    "ceil_mode": (MAX, put("geometry", "rows", "ceil_mode", True)),
    "padding_mode": (MAX, put("padding_mode", "zeros9")),
    "copies in a pool": (MAX, put("padding_mode", "reflect")),
    "padding not counted": (MAX, put("counts_padding", False)),
    "integral": (MAX, put("integral", True)),
    "bias": (MAX, put("bias", 1.0)),
    "a divisor": (MAX, put("steps", 0, "divisor", 4.0)),
    "a power": (MAX, put("norm", 2.0)),
    "an average's winner": (TRUE["average"], put("steps", 0, "winner", 0)),
    "counted after all": (
        TRUE["average"], put("call", "nn.AvgPool2d(kernel_size=3, stride=1, padding=1)"),
    ),
    "another divisor": (TRUE["average by"], put("call", "nn.AvgPool2d(kernel_size=2, stride=2)")),
    "another power": (
        TRUE["lp"],
        put("call", "nn.LPPool2d(norm_type=2.0, kernel_size=2, stride=2, ceil_mode=True)"),
    ),
    "another adaptive size": (TRUE["adaptive"], put("call", "nn.AdaptiveAvgPool2d(output_size=3)")),
    "another group": (CONV, put("channel", 2)),
    "another plane": (CONV, put("channels", [1])),
    "other zeros": (CONV, put("padding_mode", "zeros")),
    "no bias said": (
        CONV,
        put("call", "nn.Conv2d(2, 4, kernel_size=3, padding=1, groups=2, bias=False, "
            "padding_mode='reflect')"),
    ),
    "other channels": (
        CONV,
        put("call", "nn.Conv2d(2, 8, kernel_size=3, padding=1, groups=2, padding_mode='reflect')"),
    ),
    "another stride": (
        TRUE["transposed"],
        put("call", "nn.ConvTranspose2d(2, 2, kernel_size=3, stride=3, padding=1, "
            "output_padding=1, bias=False)"),
    ),
    "a larger unfolded map": (TRUE["unfold"], put("geometry", "rows", "size", 6)),
    "a smaller kernel": (unpooled, put("geometry", "rows", "kernel_size", 1)),
    "a larger target": (unpooled, put("geometry", "rows", "size", 5)),
    "target columns": (TRUE["unfold"], longer),
    "target columns and their shape": (TRUE["unfold"], longer_with_shape),
    "a fold's columns": (TRUE["fold"], longer_with_shape),
    "a gradient's windows": (TRUE["gradient"], put("geometry", "rows", "size", 6)),
    "a row of windows that a signal does not have": (
        TRUE["unpool 1d"],
        put("geometry", "rows", "stride", 2),
    ),
    "a gradient's kernel": (TRUE["gradient, 1d"], put("geometry", "cols", "kernel_size", 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
def test_what_is_not_so_is_refused(name):
    make, change = FALSE[name]
    figure = make()
    data = copy.deepcopy(figure.to_dict())
    type(figure).from_dict(data)
    change(data)
    with pytest.raises(SlidingWindowsError):
        type(figure).from_dict(data)


def test_every_layer_that_is_traced_has_its_call_read():
    kinds = {re.sub(r"[123]d$", "", kind.__name__) for kind in TRACERS}
    assert kinds == set(FAMILIES)
