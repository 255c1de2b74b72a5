"""slide against torch: both accept, with equal numbers, or both refuse."""

from __future__ import annotations

import json
import math
from collections import Counter
from contextlib import suppress
from copy import deepcopy
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

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
sweep = settings(max_examples=1200, deadline=None, derandomize=True)
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


def near(terms: list[float], divisor: float, torch_gave: float, dtype, flushed=0.0) -> bool:
    """Torch's sum within the rounding of its dtype; past the dtype's range, any infinity or nan."""
    limits, total = torch.finfo(dtype), sum(terms) / divisor
    if bits(total + 0.0) == bits(torch_gave + 0.0):
        return True
    finite = [abs(t) for t in terms if math.isfinite(t)]
    past = sum(finite) > limits.max or (dtype is torch.float64 and len(finite) < len(terms))
    if past and not (math.isfinite(total) and math.isfinite(torch_gave)):
        return True
    unit = sum(t * limits.eps for t in finite) / abs(divisor) + limits.smallest_normal
    return abs(total - torch_gave) <= 4 * (len(terms) + 1) * unit + flushed


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


def torch_errs(case) -> bool:
    """True where torch's bfloat16 convolution is far from its own float64 one.

    With some processors it reads memory that is not the input's (stride 5,
    dilation 2), or lets an inf or nan into windows that never read it.
    """
    narrow = torch_says(case.module, case.input)
    if not isinstance(case.module, nn.Conv2d) or narrow is None or narrow.dtype != torch.bfloat16:
        return False
    wide = torch_says(deepcopy(case.module).double(), case.input.double())
    # Past the largest number both become infinite, and below the smallest both vanish.
    wide = wide.bfloat16().double()
    return not torch.allclose(narrow.double(), wide, rtol=2**-7, atol=1e-5, equal_nan=True)


@given(convolutions())
@sweep
def test_convolution(case):
    if torch_errs(case):
        with suppress(SlidingWindowsError):  # It may refuse, and what it traces is still checked.
            slide(case.module, case.input, case.channel, case.sample)
        return
    trace = checked(case)
    if trace is None:
        return
    module, dtype = case.module, case.input.dtype
    bias = None if module.bias is None else module.bias[case.channel].item()
    assert trace.bias is None if bias is None else same(trace.bias, bias)
    for step in trace.steps:
        # Torch may skip zeros of the padding, also where the weight is infinite or nan.
        real = [tap for tap in step.taps if not trace.is_padding(tap.row, tap.col)]
        skips = [step.taps, real] if module.padding_mode == "zeros" else [step.taps]
        assert any(near_the_products(taps, bias or 0.0, step.value, dtype) for taps in skips)
        assert (step.winner, step.ties, step.divisor) == (None, (), None)


def near_the_products(taps, bias: float, torch_gave: float, dtype) -> bool:
    smallest = torch.finfo(dtype).smallest_normal
    products = [(tap.value, tap.weight) for tap in taps]
    # Torch may read a number below the smallest normal one as zero.
    flushed = sum(abs(v * w) for v, w in products if min(abs(v), abs(w)) < smallest)
    return near([v * w for v, w in products] + [bias], 1, torch_gave, dtype, flushed)


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
    assume(torch_says(case.module, case.input) is not None and not torch_errs(case))
    trace = slide(case.module, case.input, case.channel, case.sample)
    index = data.draw(st.integers(0, len(trace.steps) - 1))
    step, rest = (
        trace.steps[index],
        trace.steps[:index],
    )
    after = trace.steps[index + 1 :]

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
    with_step(replace(step, taps=before + behind))
    with_step(replace(step, taps=(*before, tap, tap, *behind)))
