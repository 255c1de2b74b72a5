"""slide against torch: both accept, with equal numbers, or both refuse."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from naive import bits, reads, same
from strategies import average_pools, convolutions, max_pools
from torch import nn

from slidingwindows import SlidingWindowsError, Trace, slide

pytestmark = [
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel"),
    pytest.mark.filterwarnings("ignore:TF32 acceleration"),
]
sweep = settings(max_examples=1500, deadline=None, derandomize=True)
fewer = settings(max_examples=200, deadline=None, derandomize=True)
seen = Counter()


def torch_says(module, tensor):
    """What the module returns, or None if it refuses."""
    try:
        with torch.no_grad():
            return module(tensor)
    except (RuntimeError, ValueError, TypeError, NotImplementedError):
        return None


def chosen(case, tensor):
    """One sample's channel, rows of columns."""
    return (tensor if tensor.dim() == 4 else tensor[None])[case.sample, case.channel]


def checked(case) -> Trace | None:
    """The trace, after all that holds for every operation; None if both refuse."""
    said = torch_says(case.module, case.input)
    seen[type(case.module), said is None] += 1
    if said is None:
        with pytest.raises(SlidingWindowsError):
            slide(case.module, case.input, case.channel, case.sample)
        return None
    said = said[0] if isinstance(said, tuple) else said
    trace = slide(case.module, case.input, case.channel, case.sample)
    numbers = tuple(map(tuple, chosen(case, said).tolist()))
    assert same(trace.output, numbers)
    assert trace.output_shape == tuple(said.shape)
    assert trace.input_shape == tuple(case.input.shape)
    height, width = said.shape[-2:]
    assert [s.output for s in trace.steps] == [(r, c) for r in range(height) for c in range(width)]
    sample = (case.input if case.input.dim() == 4 else case.input[None])[case.sample]
    outside = padding_of_max(case) if isinstance(case.module, nn.MaxPool2d) else 0.0
    for step in trace.steps:
        row, col = step.output
        expected = reads(case.module, sample, case.channel, row, col, outside)
        assert same(tuple(map(tuple, step.taps)), expected)
        assert same(step.value, numbers[row][col])
    text = json.dumps(trace.to_dict(), allow_nan=False)
    again = Trace.from_dict(json.loads(text))
    assert json.dumps(again.to_dict()) == text
    assert again == trace or '"nan"' in text
    return trace


def padding_of_max(case) -> float:
    """Minus infinity; the least integer if torch returns it for a window of padding alone."""
    if case.input.is_floating_point():
        return -math.inf
    module, shape = case.module, (1, 1, *case.input.shape[-2:])
    options = module.kernel_size, module.stride, module.padding, module.dilation, module.ceil_mode
    alone = F.max_pool2d(torch.zeros(shape), *options).isinf().any()
    return float(torch.iinfo(case.input.dtype).min) if alone else -math.inf


def near(terms: list[float], divisor: float, torch_gave: float, dtype) -> bool:
    """Torch's sum within the rounding of its dtype; past the dtype's range, any infinity or nan."""
    limits, total = torch.finfo(dtype), sum(terms) / divisor
    if bits(total + 0.0) == bits(torch_gave + 0.0):
        return True
    finite = [abs(t) for t in terms if math.isfinite(t)]
    past = sum(finite) > limits.max or (dtype is torch.float64 and len(finite) < len(terms))
    if past and not (math.isfinite(total) and math.isfinite(torch_gave)):
        return True
    unit = sum(t * limits.eps for t in finite) / abs(divisor) + limits.smallest_normal
    return abs(total - torch_gave) <= 4 * (len(terms) + 1) * unit


@given(max_pools())
@sweep
def test_max(case):
    trace = checked(case)
    if trace is None:
        return
    module = case.module
    options = module.kernel_size, module.stride, module.padding, module.dilation, module.ceil_mode
    indices = chosen(case, F.max_pool2d(case.input, *options, return_indices=True)[1])
    for step in trace.steps:
        values = [tap.value for tap in step.taps]
        largest = math.nan if any(map(math.isnan, values)) else max(values)
        assert step.value == largest or math.isnan(largest) and math.isnan(step.value)
        if all(trace.is_padding(tap.row, tap.col) for tap in step.taps):
            assert step.winner is None
        else:
            winner = step.taps[step.winner]
            assert winner.row * case.input.shape[-1] + winner.col == indices[step.output]
            assert same(winner.value, step.value)
        others = [i for i in range(len(values)) if i != step.winner]
        assert list(step.ties) == [i for i in others if values[i] == step.value]
        assert step.divisor is None


def in_64_bits(values, divisor: int) -> int:
    """The quotient without its fraction, of a sum that wraps around as int64 does."""
    total = int(np.array([int(v) for v in values]).sum())
    return int(math.copysign(1, total) * math.copysign(1, divisor)) * (abs(total) // abs(divisor))


@given(average_pools())
@sweep
def test_average(case):
    trace = checked(case)
    if trace is None:
        return
    for step in trace.steps:
        values = [tap.value for tap in step.taps]
        divisor = case.module.divisor_override or len(values)
        assert (step.divisor, step.winner, step.ties) == (divisor, None, ())
        if case.input.dtype is torch.int64:
            assert step.value == in_64_bits(values, divisor)
        elif divisor:
            assert near(values, divisor, step.value, case.input.dtype)
        else:
            assert not math.isfinite(step.value)


def kernels(case):
    """oneDNN's bfloat16 convolution reads past its input, up to a crash: torch has others."""
    narrow = case.input.dtype in (torch.bfloat16, torch.float16)
    return torch.backends.mkldnn.flags(enabled=not narrow)


@given(convolutions())
@sweep
def test_convolution(case):
    with kernels(case):
        trace = checked(case)
    if trace is None:
        return
    dtype, bias = case.input.dtype, None
    if case.module.bias is not None:
        bias = case.module.bias[case.channel].item()
    assert trace.bias is None if bias is None else same(trace.bias, bias)
    for step in trace.steps:
        terms = [tap.value * tap.weight for tap in step.taps] + [bias or 0.0]
        assert near(terms, 1, step.value, dtype)
        assert (step.winner, step.ties, step.divisor) == (None, (), None)


def test_the_sweeps_saw_both_answers():
    """Runs after the sweeps: enough that torch takes, enough that it refuses."""
    for kind in (nn.MaxPool2d, nn.AvgPool2d, nn.Conv2d):
        if seen[kind, True] + seen[kind, False]:
            assert seen[kind, False] > 300 and seen[kind, True] > 100, (kind, seen)


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
    with pytest.raises(SlidingWindowsError, match="complex64 has no meaning"):
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
