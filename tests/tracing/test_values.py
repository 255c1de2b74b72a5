"""slide against torch: both accept, with equal numbers, or both refuse."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from checking import averages_are, checked, kernels, products_are, seen, torch_says, winners_are
from hypothesis import assume, given
from hypothesis import strategies as st
from naive import same
from strategies import average_pools, convolutions, max_pools
from sweeps import draws
from torch import nn

from slidingwindows import SlidingWindowsError, slide

pytestmark = [
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel"),
    pytest.mark.filterwarnings("ignore:TF32 acceleration"),
]
sweep = draws(175)
fewer = draws(50)


@given(max_pools())
@sweep
def test_max(case):
    winners_are(checked(case), case)


@given(average_pools())
@sweep
def test_average(case):
    averages_are(checked(case), case)


@given(convolutions())
@sweep
def test_convolution(case):
    with kernels(case):
        products_are(checked(case), case)


def test_the_sweeps_saw_both_answers():
    """Runs after the sweeps: enough that torch takes, enough that it refuses."""
    for kind in (nn.MaxPool2d, nn.AvgPool2d, nn.Conv2d):
        if seen[kind, True] + seen[kind, False]:
            assert seen[kind, False] > 40 and seen[kind, True] > 12, (kind, seen)


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.MaxPool2d(2), (0, 1, 4, 4)),
        (nn.AvgPool2d(2), (0, 1, 4, 4)),
        (nn.Conv2d(1, 1, 2), (0, 1, 4, 4)),
    ],
)
def test_only_slide_refuses_an_empty_batch(module, shape):
    assert module(torch.zeros(shape)).numel() == 0
    with pytest.raises(SlidingWindowsError, match="the batch is empty"):
        slide(module, torch.zeros(shape))


def test_only_slide_refuses_complex_numbers():
    module = nn.Conv2d(1, 1, 2, dtype=torch.complex64)
    tensor = torch.zeros(1, 3, 3, dtype=torch.complex64)
    assert module(tensor).shape == (1, 2, 2)
    with pytest.raises(SlidingWindowsError, match="a complex convolution is four real ones"):
        slide(module, tensor)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_only_slide_refuses_padding_that_crops(mode):
    module = nn.Conv2d(1, 1, 2, padding=-1, padding_mode=mode)
    assert module(torch.zeros(1, 5, 5)).shape == (1, 2, 2)
    with pytest.raises(SlidingWindowsError, match="padding must not be negative, got -1"):
        slide(module, torch.zeros(1, 5, 5))


ANY = st.one_of(max_pools(), average_pools(), convolutions())


@given(ANY, st.data())
@fewer
def test_a_trace_that_lies_cannot_be_built(case, data):
    with kernels(case):
        assume(torch_says(case.module, case.input) is not None)
        trace = slide(case.module, case.input, case.channel, case.sample)
    index = data.draw(st.integers(0, len(trace.steps) - 1))
    step, rest, after = trace.steps[index], trace.steps[:index], trace.steps[index + 1 :]

    def with_step(*changed, **fields):
        with pytest.raises(SlidingWindowsError):
            replace(trace, steps=(*rest, *changed, *after), **fields)

    assert replace(trace, steps=(*rest, step, *after)) is not trace
    with_step()
    with_step(step, step)
    # Another number in the output, in the step, and, far from rounding, in both.
    wrong = 1.0 if math.isnan(step.value) else math.nan
    (row, col), output = step.output, [list(line) for line in trace.output]
    output[row][col] = wrong
    lying = tuple(map(tuple, output))
    with_step(step, output=lying)
    with_step(replace(step, value=wrong))
    values = [tap.value * (tap.weight or 1.0) for tap in step.taps] + [step.value, trace.bias or 0]
    if all(abs(v) < 1e3 for v in values):
        output[row][col] = far = step.value + 1 + 2 * sum(map(abs, values))
        with_step(replace(step, value=far), output=tuple(map(tuple, output)))
    # Another winner, unless it is a tie.
    for t, other in enumerate(step.taps if trace.kind == "max" else ()):
        if other.value != step.value and not math.isnan(other.value):
            with_step(replace(step, winner=t))
    # Another tap: its number, its place, its weight, one less, two swapped.
    if not step.taps:
        return
    t = data.draw(st.integers(0, len(step.taps) - 1))
    tap, before, behind = step.taps[t], step.taps[:t], step.taps[t + 1 :]
    for other in (
        tap._replace(value=1.0 if math.isnan(tap.value) else tap.value / 2 + 1.7),
        tap._replace(row=tap.row + 1),
        tap._replace(col=tap.col - 1),
        tap._replace(plane=tap.plane + 1),
        tap._replace(weight=0.123 if tap.weight is None else tap.weight / 2 + 1.7),
    ):
        if not same(tuple(other), tuple(tap)):
            with_step(replace(step, taps=(*before, other, *behind)))
    left = before + behind
    # An average may leave the padding out, if it leaves out all of it.
    counts = [trace.is_padding(other.row, other.col) for other in (tap, *left)]
    if trace.kind != "average" or not counts[0] or any(counts[1:]):
        with_step(replace(step, taps=left))
    with_step(replace(step, taps=(*before, tap, tap, *behind)))
