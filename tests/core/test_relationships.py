"""The 15 relationships of Dumoulin and Visin 2016, arXiv 1603.07285: torch, slide and formula."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sweeps import draws
from torch import nn

from slidingwindows import Geometry, slide

sweep = draws(40)
TABLE = Path(__file__).parents[1] / "data" / "conv_arithmetic_relationships.csv"
ROWS = list(csv.DictReader(TABLE.open()))

# Each with its own assumption about stride, padding, dilation and output_padding, and its size.
# In the transposed ones, 8 to 14, i is the transposed convolution's input, k, s and p the direct
# one's, and a what the direct one's rounding down lost.
RELATIONSHIPS = {
    1: (lambda i, k, s, p, d, a: (s, p, d, a) == (1, 0, 1, 0), lambda i, k, *_: (i - k) + 1),
    2: (lambda i, k, s, p, d, a: (s, d, a) == (1, 1, 0), lambda i, k, s, p, *_: i - k + 2 * p + 1),
    3: (
        lambda i, k, s, p, d, a: k % 2 == 1 and (s, p, d, a) == (1, k // 2, 1, 0),
        lambda i, *_: i,
    ),
    4: (lambda i, k, s, p, d, a: (s, p, d, a) == (1, k - 1, 1, 0), lambda i, k, *_: i + (k - 1)),
    5: (lambda i, k, s, p, d, a: (p, d, a) == (0, 1, 0), lambda i, k, s, *_: (i - k) // s + 1),
    6: (
        lambda i, k, s, p, d, a: (d, a) == (1, 0),
        lambda i, k, s, p, *_: (i + 2 * p - k) // s + 1,
    ),
    7: (lambda i, k, s, p, d, a: (p, d, a) == (0, 1, 0), lambda i, k, s, *_: (i - k) // s + 1),
    8: (lambda i, k, s, p, d, a: (s, p, d, a) == (1, 0, 1, 0), lambda i, k, *_: i + (k - 1)),
    9: (
        lambda i, k, s, p, d, a: (s, d, a) == (1, 1, 0),
        lambda i, k, s, p, *_: i + (k - 1) - 2 * p,
    ),
    10: (
        lambda i, k, s, p, d, a: k % 2 == 1 and (s, p, d, a) == (1, k // 2, 1, 0),
        lambda i, *_: i,
    ),
    11: (lambda i, k, s, p, d, a: (s, p, d, a) == (1, k - 1, 1, 0), lambda i, k, *_: i - (k - 1)),
    12: (lambda i, k, s, p, d, a: (p, d, a) == (0, 1, 0), lambda i, k, s, *_: s * (i - 1) + k),
    13: (
        lambda i, k, s, p, d, a: (d, a) == (1, 0),
        lambda i, k, s, p, *_: s * (i - 1) + k - 2 * p,
    ),
    14: (
        lambda i, k, s, p, d, a: d == 1 and a < s,
        lambda i, k, s, p, d, a: s * (i - 1) + a + k - 2 * p,
    ),
    15: (
        lambda i, k, s, p, d, a: a == 0,
        lambda i, k, s, p, d, a: (i + 2 * p - k - (k - 1) * (d - 1)) // s + 1,
    ),
}
KIND = {n: "conv" for n in RELATIONSHIPS} | {n: "transposed" for n in range(8, 15)} | {7: "pool"}


def modules(kind, k, s, p, d, a, dims=2):
    """What the relationship is about, in torch."""
    if kind == "transposed":
        make = (None, nn.ConvTranspose1d, nn.ConvTranspose2d)[dims]
        return [make(1, 1, k, s, p, output_padding=a, dilation=d)]
    if kind == "conv":
        return [(None, nn.Conv1d, nn.Conv2d, nn.Conv3d)[dims](1, 1, k, s, p, d)]
    pools = [(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d), (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)]
    return [kinds[dims - 1](k, s) for kinds in pools]


def agree(number, i, k, s, p, d, a, dims=2) -> int:
    """The size, after torch, the trace and the formula have given the same one."""
    assumption, formula = RELATIONSHIPS[number]
    numbers = i, k, s, p, d, a
    assert assumption(*numbers), "the relationship says nothing of these numbers"
    size = formula(*numbers)
    for module in modules(KIND[number], k, s, p, d, a, dims):
        tensor = torch.zeros(1, *[i] * dims)
        trace = slide(module, tensor)
        assert tuple(module(tensor).shape) == trace.output_shape == (1, *[size] * dims)
        assert trace.geometry.output_shape[2 - min(dims, 2) :] == (size,) * min(dims, 2)
    return size


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_every_row_of_the_table(row):
    numbers = [int(row[name]) for name in "ikspda"]
    number = int(row["relationship"])
    kind = "pool" if row["kind"].endswith("pool") else row["kind"]
    assert kind == KIND[number]
    assert agree(number, *numbers) == int(row["o"])


def test_the_table_has_all_relationships():
    assert {int(row["relationship"]) for row in ROWS} == set(RELATIONSHIPS) == set(range(1, 16))


@pytest.mark.parametrize("number", RELATIONSHIPS)
def test_sizes(number):
    transposed = KIND[number] == "transposed"
    most_dims = 2 if transposed else 3

    @given(st.data())
    @sweep
    def run(data):
        k, s = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
        half, full = number in (3, 10), number in (4, 11)
        if half:
            k -= 1 - k % 2
        if number in (1, 2, 3, 4, 8, 9, 10, 11):
            s = 1
        p = data.draw(st.integers(0, k - 1))
        if number in (1, 5, 7, 8, 12):
            p = 0
        p = k // 2 if half else k - 1 if full else p
        d = data.draw(st.integers(1, 3)) if number == 15 else 1
        span = d * (k - 1) + 1
        i = data.draw(st.integers(max(1, span - 2 * p), span + 5))
        if not transposed:
            agree(number, i, k, s, p, d, 0, data.draw(st.integers(1, most_dims)))
            return
        # The relationship leads from the direct convolution's output back to its input.
        lost = (i + 2 * p - k) % s
        if number in (12, 13):
            i, lost = i - lost, 0
        if i + 2 * p < k or i < 1:
            return
        out = Geometry.of((i, i), k, s, p).output_shape[0]
        assert agree(number, out, k, s, p, 1, lost, data.draw(st.integers(1, most_dims))) == i

    run()
