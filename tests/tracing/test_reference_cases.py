"""Cases and tables from outside this project, each against torch and against slide."""

from __future__ import annotations

import csv

import pytest
import torch
import torch.nn.functional as F
from naive import same
from reference_cases import (
    CASES,
    DATA,
    answer,
    as_floats,
    module_of,
    tensor_of,
)
from torch import nn

from slidingwindows import Geometry, SlidingWindowsError, slide

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
TABLE = list(csv.DictReader((DATA / "conv_arithmetic_relationships.csv").open()))
# slide has nothing to show for these, though torch returns an empty tensor.
EMPTY = {"h10": "the batch is empty", "ad6": "output size must be at least 1"}


def by_id(cases):
    return pytest.mark.parametrize("case", cases, ids=[case["id"] for case in cases])


@by_id(CASES)
def test_torch_answers_as_the_case_says(case):
    expect, found = case["expect"], answer(case)
    if "error" in expect:
        assert type(found).__name__ == expect["torch_type"], found
        return
    assert not isinstance(found, Exception), found
    values, indices = found if isinstance(found, tuple) else (found, None)
    assert list(values.shape) == expect["shape"]
    assert str(values.dtype) == f"torch.{expect['dtype']}"
    expected = torch.tensor(as_floats(expect["values"]), dtype=torch.float64)
    exact = case["op"] in ("max", "adaptive_max") or not values.is_floating_point()
    close = {"rtol": 0, "atol": 0} if exact else {"rtol": 1e-5, "atol": 1e-6}
    expected = expected.reshape(expect["shape"])
    torch.testing.assert_close(values.double(), expected, equal_nan=True, **close)
    if "indices" in expect:
        assert indices.tolist() == expect["indices"]


@by_id(CASES)
def test_slide_answers_as_the_case_says(case):
    expect, tensor = case["expect"], tensor_of(case["input"], case["dtype"])
    if "error" in expect or case["id"] in EMPTY:
        with pytest.raises(SlidingWindowsError, match=EMPTY.get(case["id"])) as caught:
            slide(module_of(case), tensor)
        assert str(tuple(tensor.shape)) in str(caught.value)
        return
    module, found, nd = module_of(case), answer(case), case["nd"]
    found = found[0] if isinstance(found, tuple) else found
    expected = torch.tensor(as_floats(expect["values"]))
    # One dimension is shown as a single row, and a missing batch as a batch of one.
    channels = expected.shape[-nd - 1]
    found, expected = (
        t.reshape(-1, channels, *(1,) * (2 - nd), *t.shape[-nd:]) for t in (found, expected)
    )
    for sample in range(len(expected)):
        for channel in range(channels):
            trace = slide(module, tensor, channel, sample)
            assert list(trace.output_shape) == expect["shape"]
            assert same(trace.output, tuple(map(tuple, found[sample, channel].tolist())))
            got = torch.tensor(trace.output)
            wanted = expected[sample, channel]
            torch.testing.assert_close(got, wanted, equal_nan=True, rtol=1e-5, atol=1e-6)
            if "indices" in expect:
                width = trace.geometry.cols.size
                winners = [step.taps[step.winner] for step in trace.steps]
                indices = [tap.row * width + tap.col for tap in winners]
                assert indices == sum(expect["indices"][sample][channel], [])


def test_every_case_is_of_use():
    assert len(CASES) == 42 and {c["id"] for c in CASES} >= EMPTY.keys()
    assert sorted({c["nd"] for c in CASES}) == [1, 2], "there are no volumes among them"
    assert all(("error" in c["expect"]) != ("values" in c["expect"]) for c in CASES)


def numbers_of(row) -> dict[str, int]:
    return {name: int(row[name]) for name in "ikspdao"}


def by_name(rows):
    return pytest.mark.parametrize("row", rows, ids=[row["name"] for row in rows])


@by_name([row for row in TABLE if row["kind"] != "transposed"])
def test_sizes_of_the_guide_to_convolution_arithmetic(row):
    n = numbers_of(row)
    window = dict(kernel_size=n["k"], stride=n["s"], padding=n["p"])
    dilated = {} if row["kind"] == "avgpool" else {"dilation": n["d"]}
    module = {
        "conv": lambda: nn.Conv2d(1, 1, **window, **dilated),
        "maxpool": lambda: nn.MaxPool2d(**window, **dilated),
        "avgpool": lambda: nn.AvgPool2d(**window),
    }[row["kind"]]()
    size, output = (n["i"], n["i"]), (n["o"], n["o"])
    assert n["a"] == 0 and n["d"] == dilated.get("dilation", 1)
    assert Geometry.of(size, **window, **dilated).output_shape == output
    assert module(torch.zeros(1, *size)).shape == (1, *output)
    assert slide(module, torch.zeros(1, *size)).output_shape == (1, *output)


@by_name([row for row in TABLE if row["kind"] == "transposed"])
def test_transposed_sizes_lead_back(row):
    n = numbers_of(row)
    window = dict(kernel_size=n["k"], stride=n["s"], padding=n["p"], dilation=n["d"])
    module = nn.ConvTranspose2d(1, 1, output_padding=n["a"], **window)
    tensor = torch.zeros(1, n["i"], n["i"])
    assert module(tensor).shape == slide(module, tensor).output_shape == (1, n["o"], n["o"])
    # A transposed convolution goes from a convolution's output to its input.
    back = Geometry.of((n["o"], n["o"]), **window)
    assert back.output_shape == (n["i"], n["i"])


def test_the_figure_of_the_guide_that_is_wrong():
    """Its caption's numbers are not what a convolution of its input gives."""
    (case,) = [c for c in CASES if c["id"] == "s07"]
    tensor, kernel = (tensor_of(case[name], "float32") for name in ("input", "weight"))
    assert F.conv2d(tensor, kernel, stride=2, padding=1)[0, 0].tolist() == [
        [1, 5, 6],
        [7, 8, 3],
        [3, 10, 4],
    ]
