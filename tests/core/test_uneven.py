"""Uneven windows: fractional max pooling as torch draws it, and what an uneven axis answers."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from checking import checked, is_empty, seen, torch_says, winners_are
from fractional import fractional, pooled_indices
from hypothesis import given
from hypothesis import strategies as st
from strategies import FLOATS
from sweeps import draws
from torch import nn

from slidingwindows import SlidingWindowsError, UnevenAxis, slide

EMPTY = "output size must be at least 1"
sweep = draws(300)
fewer = draws(75)


def windows_by_torch(case, samples):
    """From (row, col) to the windows: of numbers that grow, the last of a window is the largest."""
    module, shape, dims = case.module, case.input.shape, case.dims
    # Small whole numbers, which every dtype has; the input has at most 49 elements.
    sizes = shape[-dims:]
    ramp = torch.arange(math.prod(sizes), dtype=case.input.dtype).reshape(sizes)
    last = pooled_indices(module, ramp.expand(shape), samples, case)

    def windows(row, col):
        rest, right = divmod(int(last[row, col]), shape[-1])
        ends = (*divmod(rest, shape[-2]), right)[-dims:]
        found = [
            range(end - n + 1, end + 1) for end, n in zip(ends, module.kernel_size, strict=True)
        ]
        return [[(position, 0) for position in one] for one in found]

    return windows


@given(fractional())
@sweep
def test_fractional(case):
    swept(case)


@given(fractional(dims=3))
@sweep
def test_fractional_of_volumes(case):
    swept(case)


def swept(case):
    if is_empty(case, EMPTY):
        return
    module, samples = case.module, case.module._random_samples
    if torch_says(module, case.input) is None:
        assert checked(case) is None
        return
    trace = checked(case, windows_by_torch(case, samples))
    winners_are(trace, case, pooled_indices(module, case.input, samples, case))


def test_the_sweep_saw_both_answers():
    """Runs after the sweep: enough that torch takes, enough that it refuses."""
    for kind in (nn.FractionalMaxPool2d, nn.FractionalMaxPool3d):
        saw_both(kind)


def saw_both(kind):
    if seen[kind, True] + seen[kind, False]:
        assert seen[kind, False] > 25 and seen[kind, True] > 25, seen


@given(st.integers(0, 2**20), st.sampled_from(FLOATS), st.integers(1, 4), st.data())
@fewer
def test_windows_of_long_axes_are_torchs(seed, dtype, kernel, data):
    """Rounding decides where a window starts; long axes and many windows show each difference."""
    size = data.draw(st.integers(kernel, 60))
    count = data.draw(st.integers(1, size - kernel + 1))
    chances = torch.rand(1, 1, 2, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    module = nn.FractionalMaxPool2d((1, kernel), (1, count), _random_samples=chances)
    line = torch.arange(float(size)).to(dtype).reshape(1, 1, size)
    if not torch_takes(module, line):
        return
    trace = slide(module, line)
    indices = F.fractional_max_pool2d_with_indices(
        line, (1, kernel), (1, count), _random_samples=chances
    )[1]
    ends = [stop - 1 for _, stop in trace.geometry.cols.spans]
    assert ends == indices.flatten().tolist()


def torch_takes(module, line) -> bool:
    return torch_says(module, line) is not None


@pytest.mark.parametrize("dtype", FLOATS)
def test_without_samples_the_windows_shown_are_the_ones_used(dtype):
    module = nn.FractionalMaxPool2d(2, output_ratio=0.6)
    image = torch.randn(2, 3, 17, 15, generator=torch.Generator().manual_seed(1)).to(dtype)
    found = set()
    for seed in range(30):
        torch.manual_seed(seed)
        trace = slide(module, image, channel=1, sample=1)
        torch.manual_seed(seed)
        expected = module(image)[1, 1].tolist()
        assert trace.output == tuple(map(tuple, expected))
        for step in trace.steps:
            assert max(tap.value for tap in step.taps) == step.value
        found.add((trace.geometry.rows.spans, trace.geometry.cols.spans))
    assert len(found) > 10, "drawn anew each time"


def test_only_slide_refuses_an_empty_batch():
    module = nn.FractionalMaxPool2d(2, 2)
    with pytest.raises(SlidingWindowsError, match="the batch is empty"):
        slide(module, torch.zeros(0, 1, 4, 4))


@given(st.integers(1, 30), st.integers(1, 30))
@fewer
def test_an_adaptive_axis(size, count):
    axis = UnevenAxis.adaptive(size, count)
    starts = [j * size // count for j in range(count)]
    stops = [((j + 1) * size + count - 1) // count for j in range(count)]
    assert axis.spans == tuple(zip(starts, stops, strict=True))
    assert axis.windows == tuple(tuple(range(a, b)) for a, b in axis.spans)
    assert (axis.starts, axis.output_size) == (tuple(starts), count)
    assert (axis.size, axis.padded_size, axis.padding, axis.dilation) == (size, size, (0, 0), 1)
    assert axis.extent == axis.kernel_size == max(map(len, axis.windows))
    everything = [p for window in axis.windows for p in window]
    assert axis.uses == tuple(map(everything.count, range(size)))
    assert min(axis.uses) >= 1, "an adaptive pool leaves nothing out"
    line = torch.arange(float(size)).reshape(1, 1, size)
    last = F.adaptive_max_pool1d(line, count).flatten().int().tolist()
    assert [stop - 1 for stop in stops] == last
    assert axis.formula() == (
        f"window j reads ⌊j·{size}/{count}⌋ up to, not including, ⌈(j + 1)·{size}/{count}⌉"
    )


def test_an_uneven_axis_may_leave_gaps():
    axis = UnevenAxis(6, ((0, 2), (4, 6)), "fractional")
    assert axis.uses == (1, 1, 0, 0, 1, 1)
    assert axis.formula() == "2 windows of 2: 0 to 1, 4 to 5"


@pytest.mark.parametrize(
    ("spans", "rule", "problem"),
    [
        (((0, 7),), "adaptive", "from 0 to 7 does not lie in an input of 6"),
        (((-1, 2),), "adaptive", "from -1 to 2 does not lie"),
        (((3, 3),), "adaptive", "from 3 to 3 does not lie"),
        ((), "adaptive", "output size must be at least 1, got 0"),
        (((0, 1),), "even", "unknown rule of windows 'even'"),
    ],
)
def test_windows_that_are_none(spans, rule, problem):
    with pytest.raises(SlidingWindowsError, match=problem):
        UnevenAxis(6, spans, rule)


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (3, -1)])
def test_no_adaptive_axis_without_elements(sizes):
    with pytest.raises(SlidingWindowsError, match="must be at least 1"):
        UnevenAxis.adaptive(*sizes)


def test_windows_drawn_by_chance_are_listed_and_adaptive_ones_calculated():
    line = torch.arange(9.0).reshape(1, 1, 9)
    chances = torch.tensor([[[0.5, 0.5]]])
    drawn = slide(nn.FractionalMaxPool2d((1, 2), (1, 3), _random_samples=chances), line).geometry
    spans = ", ".join(f"{start} to {stop - 1}" for start, stop in drawn.cols.spans)
    assert drawn.cols.rule == "fractional" and drawn.cols.formula() == f"3 windows of 2: {spans}"
    even = slide(nn.AdaptiveMaxPool2d((1, 3)), line).geometry
    assert even.cols.rule == "adaptive" and even.cols.formula().startswith("window j reads")
