"""The 19 animations: the names, sizes and relationships of the guide, and torch's own answers."""

import csv
from pathlib import Path

import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError, Trace
from slidingwindows.conv_arithmetic import ANIMATIONS, animation
from slidingwindows.tracing.conv_arithmetic import Animation
from slidingwindows.tracing.parsing import make_module

TABLE = Path(__file__).parents[1] / "data" / "conv_arithmetic_relationships.csv"
ROWS = {row["name"]: row for row in csv.DictReader(TABLE.open())}
KINDS = {"avgpool": "average", "maxpool": "max"}
every = pytest.mark.parametrize("row", ANIMATIONS, ids=[row.name for row in ANIMATIONS])


def test_all_that_the_guide_names_and_no_other():
    # The two 'counting' rows are figures of the text, not animations.
    assert {row.name for row in ANIMATIONS} == {n for n in ROWS if not n.startswith("counting")}
    assert len(ANIMATIONS) == 19
    assert {row.relationship for row in ANIMATIONS} == set(range(1, 16))


@every
def test_sizes_are_the_tables(row):
    told = ROWS[row.name]
    kind = KINDS.get(told["kind"], told["kind"])
    assert row.kind == kind
    for letter in "ikspda":
        assert getattr(row, letter) == int(told[letter]), letter
    assert row.relationship == int(told["relationship"])


@every
def test_torch_gives_the_size_and_the_trace_is_torchs(row):
    trace = animation(row.name)
    module = make_module(row.call)
    out = int(ROWS[row.name]["o"])
    assert module(torch.zeros(1, row.i, row.i)).shape == (1, out, out)
    assert trace.geometry.output_shape == (out, out)
    assert trace.input_shape == (1, row.i, row.i)
    assert trace.operation == type(module).__name__
    expected = {"conv": nn.Conv2d, "transposed": nn.ConvTranspose2d, "average": nn.AvgPool2d}
    assert isinstance(module, expected.get(row.kind, nn.MaxPool2d))
    numbers = [v for plane in (*trace.planes, *trace.weights) for line in plane for v in line]
    assert all(v == int(v) for v in numbers if abs(v) != float("inf"))


@every
def test_the_same_numbers_on_every_run(row):
    assert animation(row.name) == animation(row.name)
    assert isinstance(animation(row.name), Trace)


def test_numbers_are_digits_that_can_be_added_in_the_head():
    """Inputs from 0 to 5 and weights from -1 to 2, each of which occurs; zero is the padding."""
    traces = [animation(row.name) for row in ANIMATIONS]
    inputs, weights = (
        {v for planes in of for plane in planes for line in plane for v in line}
        for of in ([t.planes for t in traces], [t.weights for t in traces])
    )
    assert inputs - {float("-inf")} == set(range(6)) and weights == set(range(-1, 3))
    assert {trace.bias for trace in traces} <= weights | {None}


def test_a_call_has_what_is_not_the_default():
    for row, call in (
        (Animation("", "conv", 5, 3, 0), "Conv2d(1, 1, 3, bias=False)"),
        (
            Animation("", "conv", 5, 4, 0, s=2, p=1, d=3),
            "Conv2d(1, 1, 4, stride=2, padding=1, dilation=3, bias=False)",
        ),
        (Animation("", "conv", 5, 3, 0, d=2), "Conv2d(1, 1, 3, dilation=2, bias=False)"),
        (
            Animation("", "transposed", 5, 3, 0, s=2, a=1),
            "ConvTranspose2d(1, 1, 3, stride=2, output_padding=1, bias=False)",
        ),
        (Animation("", "average", 5, 3, 0), "AvgPool2d(3, stride=1)"),
        (Animation("", "max", 5, 3, 0, s=2, p=1), "MaxPool2d(3, stride=2, padding=1)"),
    ):
        assert row.call == call


def test_another_name_is_refused():
    names = ", ".join(row.name for row in ANIMATIONS)
    for name in ("padding", "", None):
        with pytest.raises(SlidingWindowsError) as caught:
            animation(name)
        assert str(caught.value) == f"{name!r} is not one of {names}"
