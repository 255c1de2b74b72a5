"""Checks of a trace that every sweep makes, and those for one kind of module."""

from __future__ import annotations

import json
import math
from collections import Counter

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from naive import bits, parameter, reader, same
from torch import nn

from slidingwindows import SlidingWindowsError, Trace, slide
from slidingwindows.core import arithmetic

seen = Counter()
MAX_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
WITH_INDICES = {
    nn.MaxPool1d: F.max_pool1d_with_indices,
    nn.MaxPool2d: F.max_pool2d_with_indices,
    nn.MaxPool3d: F.max_pool3d_with_indices,
    nn.AdaptiveMaxPool1d: F.adaptive_max_pool1d_with_indices,
    nn.AdaptiveMaxPool2d: F.adaptive_max_pool2d_with_indices,
    nn.AdaptiveMaxPool3d: F.adaptive_max_pool3d_with_indices,
}
REFUSALS = (RuntimeError, ValueError, TypeError, NotImplementedError)


def torch_says(module, tensor, *more):
    """What the module returns, or None if it refuses."""
    try:
        with torch.no_grad():
            return module(tensor, *more)
    except REFUSALS:
        return None


def kernels(case):
    """oneDNN's bfloat16 convolution reads past its input, up to a crash: torch has others."""
    narrow = case.input.dtype in (torch.bfloat16, torch.float16)
    return torch.backends.mkldnn.flags(enabled=not narrow)


def sample_of(case, tensor) -> torch.Tensor:
    """One sample: (C, ...)."""
    return (tensor if tensor.dim() == case.dims + 2 else tensor[None])[case.sample]


def chosen(case, tensor) -> torch.Tensor:
    """One sample's channel and slice, as (H, W)."""
    part = sample_of(case, tensor)[case.channel]
    part = part.reshape(*(1,) * (3 - case.dims), *part.shape)
    return part[depth_of(case, tensor)]


def depth_of(case, output) -> int:
    """The slice to follow, wrapped into those that torch returns."""
    return case.depth % max(output.shape[-3], 1) if case.dims == 3 else 0


def checked(case, windows=None) -> Trace | None:
    """The trace, after the checks that hold for every operation; None if both refuse.

    windows: from (row, col) to the windows, where the naive count cannot know them.
    """
    said = torch_says(case.module, case.input)
    seen[type(case.module), said is None] += 1
    if said is None:
        with pytest.raises(SlidingWindowsError):
            slide(case.module, case.input, case.channel, case.sample)
        return None
    said = said[0] if isinstance(said, tuple) else said
    depth = depth_of(case, said)
    trace = slide(case.module, case.input, case.channel, case.sample, depth)
    numbers = tuple(map(tuple, chosen(case, said).tolist()))
    assert same(trace.output, numbers)
    assert trace.output_shape == tuple(said.shape)
    assert trace.input_shape == tuple(case.input.shape)
    assert (trace.dims, trace.depth_index) == (case.dims, depth)
    height, width = len(numbers), len(numbers[0])
    assert trace.geometry.output_shape == (height, width)
    assert [s.output for s in trace.steps] == [(r, c) for r in range(height) for c in range(width)]
    sample, read = sample_of(case, case.input), set()
    outside = padding_of_max(case) if isinstance(case.module, MAX_POOLS) else 0.0
    reads = reader(case.module, sample, case.channel, outside)
    for step in trace.steps:
        given = windows and windows(*step.output)
        expected = reads((depth, *step.output), given)
        assert same(tuple(map(tuple, step.taps)), tuple(tap for tap, _ in expected))
        assert same(step.value, numbers[step.output[0]][step.output[1]])
        read |= {home[2:] for _, home in expected if home}
        for tap, (_, home) in zip(step.taps, expected, strict=True):
            if getattr(case.module, "padding_mode", "zeros") == "zeros":
                assert trace.is_real(tap) == (home is not None)
    untouched_is(trace, case, read)
    text = json.dumps(trace.to_dict(), allow_nan=False)
    again = Trace.from_dict(json.loads(text))
    assert json.dumps(again.to_dict()) == text
    assert again == trace or '"nan"' in text
    return trace


def is_empty(case, problem: str) -> bool:
    """Torch returns an empty tensor, of which there is no trace."""
    said = torch_says(case.module, case.input)
    said = said[0] if isinstance(said, tuple) else said
    if said is None or said.numel():
        return False
    with pytest.raises(SlidingWindowsError, match=problem):
        slide(case.module, case.input, case.channel, case.sample)
    return True


def untouched_is(trace, case, read) -> None:
    """Rows and columns that no window reads; only plain padding leaves them to be seen here."""
    if trace.stretched or getattr(case.module, "padding_mode", "zeros") != "zeros":
        return
    if trace.slices and not any(map(trace.is_real_plane, range(len(trace.planes)))):
        return
    height, width = trace.geometry.input_shape
    every = {(r, c) for r in range(height) for c in range(width)}
    assert trace.geometry.untouched() == every - read


def padding_of_max(case) -> float:
    """Minus infinity; the least integer if torch returns it for a window of padding alone."""
    if case.input.is_floating_point():
        return -math.inf
    module, dims = case.module, case.dims
    whole = torch.zeros(1, 1, *case.input.shape[-dims:])
    options = module.kernel_size, module.stride, module.padding, module.dilation, module.ceil_mode
    found = WITH_INDICES[type(module)](whole, *options)[0]
    followed = found[0, 0, depth_of(case, found)] if dims == 3 else found
    return float(torch.iinfo(case.input.dtype).min) if followed.isinf().any() else -math.inf


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


def indices_of(case) -> torch.Tensor:
    """Where torch says that each of the followed maxima lies."""
    module = case.module
    if isinstance(module, MAX_POOLS):
        names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
        options = [getattr(module, name) for name in names]
    else:
        options = [module.output_size]
    return chosen(case, WITH_INDICES[type(module)](case.input, *options)[1])


def winners_are(trace, case, indices=None) -> None:
    """The winner of each window is the element that torch's index names; ties are its equals."""
    if trace is None:
        return
    indices = indices_of(case) if indices is None else indices
    height, width = trace.geometry.input_shape
    slices = trace.slices or (0,)
    for step in trace.steps:
        values = [tap.value for tap in step.taps]
        largest = math.nan if any(map(math.isnan, values)) else max(values)
        assert step.value == largest or math.isnan(largest) and math.isnan(step.value)
        if all(trace.is_padding(tap.row, tap.col, tap.plane) for tap in step.taps):
            assert step.winner is None
        else:
            winner = step.taps[step.winner]
            place = slices[winner.plane] * height * width + winner.row * width + winner.col
            assert place == indices[step.output]
            assert same(winner.value, step.value)
        others = [i for i in range(len(values)) if i != step.winner]
        assert list(step.ties) == [i for i in others if values[i] == step.value]
        assert step.divisor is None
        unseen = "padding" if step.winner is None else ""
        assert step.arithmetic == arithmetic.maximum(values, step.value, unseen)


def in_64_bits(values, divisor: int) -> int:
    """The quotient without its fraction, of a sum that wraps around as int64 does."""
    total = int(np.array([int(v) for v in values]).sum())
    return int(math.copysign(1, total) * math.copysign(1, divisor)) * (abs(total) // abs(divisor))


def averages_are(trace, case) -> None:
    """The divisor is the count of what is read, or the override, and gives torch's number."""
    for step in trace.steps if trace else ():
        values = [tap.value for tap in step.taps]
        divisor = getattr(case.module, "divisor_override", None) or len(values)
        assert (step.divisor, step.winner, step.ties) == (divisor, None, ())
        integral = not case.input.is_floating_point()
        words = arithmetic.average(values, divisor, step.value, integral)
        assert step.arithmetic == words
        if case.input.dtype is torch.int64:
            assert step.value == in_64_bits(values, divisor)
        elif divisor:
            assert near(values, divisor, step.value, case.input.dtype)
        else:
            assert not math.isfinite(step.value)


def products_are(trace, case) -> None:
    """Torch's number is the sum of the products and the bias."""
    if trace is None:
        return
    bias = None
    if case.module.bias is not None:
        bias = case.module.bias[case.channel].item()
    assert trace.bias is None if bias is None else same(trace.bias, bias)
    for step in trace.steps:
        # Torch may skip added zeros, which shows beside an infinite weight.
        taps, real = step.taps, [tap for tap in step.taps if trace.is_real(tap)]
        choices = [taps, real] if case.module.padding_mode == "zeros" else [taps]
        sums = [[tap.value * tap.weight for tap in chosen] + [bias or 0.0] for chosen in choices]
        assert any(near(terms, 1, step.value, case.input.dtype) for terms in sums)
        assert (step.winner, step.ties, step.divisor) == (None, (), None)
        pairs = [tap.value for tap in step.taps], [tap.weight for tap in step.taps]
        unseen = ""
        if case.module.padding_mode == "zeros" and not real:
            added = type(case.module).__name__.startswith("ConvTranspose")
            unseen = "added zeros" if added else "padding"
        assert step.arithmetic == arithmetic.convolution(*pairs, bias, step.value, unseen)


def roots_are(trace, case) -> None:
    """Torch's number is the root of the sum of powers, scaled up where a window is cut short."""
    if trace is None:
        return
    norm, limits = float(case.module.norm_type), torch.finfo(case.input.dtype)
    size = math.prod(parameter(case.module, "kernel_size", i) for i in range(case.dims))
    assert trace.norm == norm
    for step in trace.steps:
        count = len(step.taps)
        assert (step.winner, step.ties, step.divisor) == (None, (), count)
        values = [tap.value for tap in step.taps]
        assert step.arithmetic == arithmetic.lp(values, norm, count, size, step.value)
        values = np.array(values)
        with np.errstate(all="ignore"):
            terms = values**norm
            rounding = 2 * (count + 4) * limits.eps * np.abs(terms).sum() + limits.smallest_normal
            ends = [(terms.sum() + e) * size / count for e in (-rounding, 0, rounding)]
            low, mean, high = (np.array(ends) ** (1 / norm)).tolist()
        if not max(np.abs(terms).sum() * size / count, low, high) < limits.max:
            continue  # past the dtype's range, or nan: the trace has torch's number all the same
        if ends[0] <= 0:
            continue  # negative powers cancel: the root may be anything near zero, or nan
        low, high = sorted((low, high))
        assert low * (1 - 8 * limits.eps) <= step.value <= high * (1 + 8 * limits.eps), mean
