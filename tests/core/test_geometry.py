"""Output sizes, windows and use counts, against torch and against counting."""

from __future__ import annotations

import re

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from strategies import axes
from sweeps import draws

from slidingwindows import Axis, Geometry, SlidingWindowsError

sweep = draws(250)


def axis_of(size, padding=0, **parameters):
    return Axis(size, padding=(padding, padding), **parameters)


def pool_of(size, kernel_size, stride, padding, dilation, ceil_mode):
    """torch's max pool of 0, 1, 2, … along one axis: values and positions, or its refusal."""
    line = torch.arange(float(size)).view(1, 1, 1, size)
    try:
        return F.max_pool2d_with_indices(
            line, (1, kernel_size), (1, stride), (0, padding), (1, dilation), ceil_mode
        )
    except RuntimeError as error:
        return error


@given(axes())
@sweep
def test_size_and_last_elements_are_torchs(parameters):
    found = pool_of(**parameters)
    if isinstance(found, RuntimeError):
        with pytest.raises(SlidingWindowsError, match="the kernel spans"):
            axis_of(**parameters)
        return
    axis = axis_of(**parameters)
    assert axis.output_size == found[0].shape[-1] == len(axis.starts) == len(axis.windows)
    for window, last in zip(axis.windows, found[0].flatten().tolist(), strict=True):
        real = [p for p in window if 0 <= p < axis.size]
        assert (max(real) if real else float("-inf")) == last


@given(axes())
@sweep
def test_windows_follow_from_their_starts(parameters):
    if isinstance(pool_of(**parameters), RuntimeError):
        return
    axis, end = axis_of(**parameters), parameters["size"] + parameters["padding"]
    for index, (start, window) in enumerate(zip(axis.starts, axis.windows, strict=True)):
        assert start == index * axis.stride - parameters["padding"]
        steps = [start + axis.dilation * i for i in range(axis.kernel_size)]
        assert list(window) == [p for p in steps if p < end]
        assert start < axis.size, "a window must not begin in the padding on the right"
    # Each window that a plain ceiling would have added begins there.
    assert all(axis.size <= start for start in axis.dropped)
    for start in axis.dropped:
        assert (start + parameters["padding"]) % axis.stride == 0
        assert start > axis.starts[-1] and axis.ceil_mode


@given(axes())
@sweep
def test_formula_gives_the_size(parameters):
    if isinstance(pool_of(**parameters), RuntimeError):
        return
    axis = axis_of(**parameters)
    text = axis.formula()
    left, right = "⌈⌉" if axis.ceil_mode else "⌊⌋"
    inside, stride, total, less = re.fullmatch(
        rf"{left}\((.+)\) / (\d+){right} \+ 1 = (\d+)(?:, less (\d+) that .+: \d+)?", text
    ).groups()
    room = sum_of(inside)
    windows = room // int(stride) if left == "⌊" else -(-room // int(stride))
    assert windows + 1 == int(total)
    assert int(total) - int(less or 0) == axis.output_size
    assert text.endswith(str(axis.output_size))
    assert (
        room == axis.size + 2 * parameters["padding"] - axis.dilation * (axis.kernel_size - 1) - 1
    )


def sum_of(text: str) -> int:
    """Whole numbers joined by +, −, · and brackets."""
    assert re.fullmatch(r"[\d +−·()]+", text)
    return eval(text.replace("−", "-").replace("·", "*"))


@given(axes(), axes(), st.booleans())
@sweep
def test_uses_are_the_gradient_of_a_sum(rows, cols, ceil_mode):
    rows["ceil_mode"] = cols["ceil_mode"] = ceil_mode
    options = {
        name: (rows[name], cols[name])
        for name in ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
    }
    options["ceil_mode"] = ceil_mode
    try:
        geometry = Geometry.of((rows["size"], cols["size"]), **options)
    except SlidingWindowsError:
        return
    counts = torch.tensor(geometry.uses())
    measured = (gradient_of_average if ceil_mode else gradient_of_convolution)(geometry)
    if measured is not None:
        assert torch.equal(counts.double(), measured)
        assert geometry.untouched() == {tuple(p) for p in (measured == 0).nonzero().tolist()}


def gradient_of_convolution(geometry):
    rows, cols = geometry.rows, geometry.cols
    ones = torch.ones(1, 1, *geometry.input_shape, dtype=torch.float64, requires_grad=True)
    kernel = torch.ones(1, 1, rows.kernel_size, cols.kernel_size, dtype=torch.float64)
    output = F.conv2d(
        ones,
        kernel,
        stride=(rows.stride, cols.stride),
        padding=(rows.padding[0], cols.padding[0]),
        dilation=(rows.dilation, cols.dilation),
    )
    assert output.shape[2:] == geometry.output_shape
    return torch.autograd.grad(output.sum(), ones)[0][0, 0]


def gradient_of_average(geometry):
    """Only a pool has ceil_mode, and the average has no dilation."""
    rows, cols = geometry.rows, geometry.cols
    if (rows.dilation, cols.dilation) != (1, 1):
        return None
    ones = torch.ones(1, 1, *geometry.input_shape, dtype=torch.float64, requires_grad=True)
    output = F.avg_pool2d(
        ones,
        (rows.kernel_size, cols.kernel_size),
        (rows.stride, cols.stride),
        (rows.padding[0], cols.padding[0]),
        ceil_mode=True,
        divisor_override=1,
    )
    assert output.shape[2:] == geometry.output_shape
    return torch.autograd.grad(output.sum(), ones)[0][0, 0]


KNOWN = [
    (25, dict(kernel_size=2), 12),
    (25, dict(kernel_size=2, ceil_mode=True), 13),
    (10, dict(kernel_size=1, stride=2, ceil_mode=True), 5),
    (5, dict(kernel_size=3, stride=3, padding=1, ceil_mode=True), 2),
    (10, dict(kernel_size=3, stride=2), 4),
    (3, dict(kernel_size=5, ceil_mode=True), 1),
    (1, dict(kernel_size=3, stride=4, ceil_mode=True), 1),
]


@pytest.mark.parametrize(("size", "parameters", "expected"), KNOWN)
def test_known_sizes(size, parameters, expected):
    geometry = Geometry.of((size, size), **parameters)
    output = F.max_pool2d(torch.zeros(1, size, size), **parameters)
    assert geometry.output_shape == tuple(output.shape[1:]) == (expected, expected)


def test_a_kernel_larger_than_the_input_needs_ceil_mode():
    with pytest.raises(SlidingWindowsError, match="spans 5 elements .* only 3"):
        Geometry.of((3, 3), kernel_size=5)
    with pytest.raises(SlidingWindowsError, match="width: the kernel spans 9"):
        Geometry.of((9, 3), kernel_size=9, stride=5, ceil_mode=True)
    windows = Geometry.of((3, 3), kernel_size=5, ceil_mode=True).rows.windows
    assert windows == ((0, 1, 2),)


def test_the_default_stride_is_the_kernel():
    geometry = Geometry.of((9, 10), kernel_size=(3, 2))
    assert (geometry.rows.stride, geometry.cols.stride) == (3, 2)


def test_rectangles():
    geometry = Geometry.of((8, 8), kernel_size=(3, 5), stride=(3, 4), padding=(0, 1))
    assert geometry.output_shape == (2, 2)
    assert geometry.rows.starts == (0, 3)
    assert geometry.cols.starts == (-1, 3)
    assert geometry.untouched() == {(r, c) for r in (6, 7) for c in range(8)}


def test_corners_are_used_less():
    without = Geometry.of((5, 5), kernel_size=3, stride=1).uses()
    assert (without[0][0], without[2][2]) == (1, 9)
    padded = Geometry.of((5, 5), kernel_size=3, stride=1, padding=1).uses()
    assert (padded[0][0], padded[0][2], padded[2][2]) == (4, 6, 9)


def test_the_row_and_column_left_over():
    untouched = Geometry.of((25, 25), kernel_size=2).untouched()
    assert untouched == {(24, i) for i in range(25)} | {(i, 24) for i in range(25)}


@pytest.mark.parametrize("value", [1.5, "3", None, (1, 2, 3), (), (1, 2.0), True, (True, 1)])
def test_only_an_int_or_two(value):
    with pytest.raises(SlidingWindowsError, match="kernel_size must be one int or two ints"):
        Geometry.of((5, 5), kernel_size=value)


@pytest.mark.parametrize("padding", [(-1, 0), (0, -1), (2, -1), (-1, -1)])
def test_neither_side_has_a_negative_padding(padding):
    with pytest.raises(SlidingWindowsError, match="padding must not be negative, got -1"):
        Axis(9, 2, 1, padding)
