"""Torch calls as text: read as data, never run."""

import pytest
from torch import nn

from slidingwindows import SlidingWindowsError
from slidingwindows.calls import call_of
from slidingwindows.parsing import make_module, parse_call


@pytest.mark.parametrize(
    "module",
    [
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.MaxPool2d((3, 2), ceil_mode=True, dilation=(1, 2)),
        nn.AvgPool2d(3, count_include_pad=False, divisor_override=-4),
        nn.Conv2d(3, 8, 3, padding="same", padding_mode="reflect", bias=False),
    ],
)
@pytest.mark.parametrize("prefix", ["nn.", "torch.nn.", ""])
def test_a_call_written_and_read_is_the_same_module(module, prefix):
    text = call_of(module).replace("nn.", prefix, 1)
    assert repr(make_module(text)) == repr(module)


def test_arguments_are_plain_values():
    call = "nn.MaxPool2d([3, 2], stride=(1, -2), padding='same', ceil_mode=True, dilation=None)"
    name, arguments, options = parse_call(call)
    assert name == "MaxPool2d" and arguments == [(3, 2)]
    assert options == {"stride": (1, -2), "padding": "same", "ceil_mode": True, "dilation": None}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MaxPool2d",
        "MaxPool2d(",
        "MaxPool2d(3); 1",
        "__import__('os').system('true')",
        "MaxPool2d(__import__('os').getcwd())",
        "MaxPool2d(open('x', 'w'))",
        "MaxPool2d(**{'a': 1})",
        "MaxPool2d(*[3])",
        "MaxPool2d([[1]])",
        "MaxPool2d({1: 2})",
        "os.MaxPool2d(3)",
        "nn.functional.MaxPool2d(3)",
        "nn.ReLU()",
        "(lambda: 1)()",
        "MaxPool2d(3, colour=1)",
        "MaxPool2d(" + "(" * 500 + ")" * 500 + ")",
    ],
)
def test_anything_else_is_one_clear_error(text):
    with pytest.raises(SlidingWindowsError):
        make_module(text)
