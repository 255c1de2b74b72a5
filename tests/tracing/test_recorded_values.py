"""What is said of odd numbers, of every dtype and of the guide's animations, as it was reviewed."""

import itertools

import pytest
import torch
from recorded import compare, shortened
from strategies import numbers
from torch import nn

from slidingwindows import SlidingWindowsError, route, slide
from slidingwindows.tracing.conv_arithmetic import ANIMATIONS, animation
from slidingwindows.words.terminal import listing

pytestmark = pytest.mark.filterwarnings("ignore")
READABLE = 1200
FLOAT, DOUBLE, HALF, BRAIN = torch.float32, torch.float64, torch.float16, torch.bfloat16
LONG, BYTE = torch.int64, torch.uint8
# By call: dtypes and flavours whose results are the same on every machine.
EXACT = ("ties", "special")
CALLS = {
    "MaxPool2d(2)": ((FLOAT, HALF, LONG, BYTE), ("special", "huge", "tiny")),
    "MaxPool2d(3, 2, 1)": ((DOUBLE, BRAIN, LONG), EXACT),
    "MaxPool1d(3, 2, 1, ceil_mode=True)": ((FLOAT, LONG), EXACT),
    "MaxPool3d(2, padding=1)": ((FLOAT, LONG), EXACT),
    "AdaptiveMaxPool2d(2)": ((FLOAT, HALF), EXACT),
    "AvgPool2d(2)": ((FLOAT, LONG), EXACT),
    "AvgPool2d(3, 2, 1, count_include_pad=False)": ((DOUBLE, LONG), EXACT),
    "AvgPool2d(3, 2, 1, ceil_mode=True)": ((FLOAT,), EXACT),
    "AvgPool2d(2, divisor_override=-3)": ((FLOAT, LONG), EXACT),
    "AvgPool1d(2)": ((FLOAT, LONG), EXACT),
    "AvgPool3d(2, divisor_override=0)": ((FLOAT,), EXACT),
    "AdaptiveAvgPool2d(3)": ((DOUBLE,), EXACT),
    "Conv2d(1, 1, 2)": ((FLOAT, DOUBLE), EXACT),
    "Conv2d(1, 1, 2, padding=2, bias=False)": ((DOUBLE,), EXACT),
    "Conv1d(1, 1, 3, padding=1, padding_mode='reflect')": ((DOUBLE,), EXACT),
    "ConvTranspose2d(1, 1, 2, stride=2, padding=1)": ((DOUBLE,), EXACT),
    "Unfold(2)": ((FLOAT, HALF), EXACT),
    **{f"LPPool2d({p}, 2)": ((DOUBLE,), (*EXACT, "positive")) for p in (1, 2, 3, 0.5, -1, 2.5)},
    "LPPool1d(2, 3, 2, ceil_mode=True)": ((DOUBLE,), (*EXACT, "positive")),
    "LPPool3d(3, 2)": ((DOUBLE,), EXACT),
}


def module_of(call: str, flavour: str, dtype: torch.dtype) -> nn.Module:
    module = eval(f"nn.{call}", {"nn": nn}).to(dtype if dtype.is_floating_point else FLOAT)
    for number, parameter in enumerate(module.parameters()):
        parameter.data = numbers(number + 5, flavour, parameter.dtype, *parameter.shape)
    return module


def said():
    for call, (dtypes, flavours) in CALLS.items():
        for dtype, flavour, way in itertools.product(dtypes, flavours, (slide, route)):
            shape = {"1": (1, 7), "3": (1, 2, 4, 6)}.get(call.split("d(")[0][-1], (1, 4, 5))
            x = numbers(3, flavour, dtype, *shape)
            try:
                text = "\n".join(listing(way(module_of(call, flavour, dtype), x)))
            except SlidingWindowsError as error:
                text = error.problem.partition("torch says: ")[0] or "torch refuses"
            yield f"{way.__name__} {call}, {dtype}, {flavour}", shortened(text.strip(), READABLE)


def test_odd_numbers():
    compare("values", said())


def test_the_guides_animations():
    rows = ((row.name, "\n".join(listing(animation(row.name)))) for row in ANIMATIONS)
    compare("guide", ((name, shortened(text, READABLE)) for name, text in rows))
    with pytest.raises(SlidingWindowsError, match="'none' is not one of no_padding_no_strides, ar"):
        animation("none")
