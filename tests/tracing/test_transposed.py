"""Transposed convolutions against torch: zeros between the elements, a flipped kernel."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from checking import checked, is_empty, kernels, products_are, seen
from hypothesis import given
from hypothesis import strategies as st
from naive import parameter, same
from strategies import FLOATS, transposed
from sweeps import draws
from torch import nn

from slidingwindows import SlidingWindowsError, slide

pytestmark = pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
sweep = draws(150)


def crops(module, dims) -> bool:
    """True where a padding of more than dilation · (kernel − 1) crops the input."""
    room = [
        parameter(module, "dilation", i) * (parameter(module, "kernel_size", i) - 1)
        - parameter(module, "padding", i)
        for i in range(dims)
    ]
    return min(room) < 0


def swept(case):
    with kernels(case):
        if is_empty(case, "the kernel spans"):
            return
        trace = checked(case)
        products_are(trace, case)
    if trace is None:
        return
    cropped[case.dims] += crops(case.module, case.dims)
    strides = [parameter(case.module, "stride", i) for i in range(case.dims)]
    assert [trace.depth_stretch, *trace.stretch] == [1] * (3 - case.dims) + strides
    for step in trace.steps:
        for tap in step.taps:
            place = (trace.slices[tap.plane] if trace.slices else 0, tap.row, tap.col)
            strides = (trace.depth_stretch, *trace.stretch)
            kept = all(p % s == 0 for p, s in zip(place, strides, strict=True))
            padding = trace.is_padding(tap.row, tap.col, tap.plane)
            assert trace.is_stretch(tap.row, tap.col, tap.plane) == (not kept and not padding)


cropped = Counter()


@given(transposed(dims=1))
@sweep
def test_1d(case):
    swept(case)


@given(transposed(dims=2))
@sweep
def test_2d(case):
    swept(case)


@given(transposed(dims=3))
@sweep
def test_3d(case):
    swept(case)


def test_the_sweeps_saw_both_answers():
    """Runs after the sweeps: enough that torch takes, enough that it refuses."""
    assert not cropped or min(cropped.values()) > 2, cropped
    for kind in (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d):
        if seen[kind, True] + seen[kind, False]:
            assert seen[kind, False] > 20 and seen[kind, True] > 12, (kind, seen)


def test_the_gradient_of_a_convolution_is_a_transposed_one():
    """What the stretched input means: the transposed module undoes the other one's sizes."""
    torch.manual_seed(0)
    forward = nn.Conv2d(1, 1, 3, stride=2, padding=1, bias=False, dtype=torch.float64)
    back = nn.ConvTranspose2d(1, 1, 3, 2, 1, output_padding=1, bias=False, dtype=torch.float64)
    back.weight.data = forward.weight.data
    image = torch.randn(1, 6, 6, dtype=torch.float64, requires_grad=True)
    sent = torch.randn(1, 3, 3, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(forward(image), image, sent)
    found = torch.tensor(slide(back, sent).output, dtype=torch.float64)
    torch.testing.assert_close(found, gradient[0])


def test_a_number_is_spread_by_the_kernel_as_it_is():
    module = nn.ConvTranspose1d(1, 1, 3, stride=2, bias=False)
    module.weight.data = torch.tensor([[[1.0, 2.0, 3.0]]])
    trace = slide(module, torch.tensor([[10.0, 100.0]]))
    assert trace.output == ((10, 20, 30 + 100, 200, 300),)
    assert trace.weights == (((3, 2, 1),),), "flipped, so that a window can slide"
    assert trace.planes == (((0, 0, 10, 0, 100, 0, 0),),)


def test_what_a_large_padding_crops_is_read_by_no_window():
    module = nn.ConvTranspose1d(1, 1, 2, stride=2, padding=3, bias=False)
    trace = slide(module, torch.tensor([[1.0, 2, 3, 4, 5]]))
    assert trace.output == (tuple(module(torch.tensor([[1.0, 2, 3, 4, 5]]))[0].tolist()),)
    axis = trace.geometry.cols
    assert (axis.size, axis.padding, axis.crop) == (9, (0, 0), (2, 2))
    assert axis.starts == (2, 3, 4, 5) and {c for _, c in trace.geometry.untouched()} == {
        0,
        1,
        7,
        8,
    }


@given(transposed(dtypes=FLOATS), st.data())
@sweep
def test_output_size_chooses_the_output_padding(case, data):
    """One int for each axis, with or without batch and channels; torch says which can be."""
    module = case.module
    try:
        shape = module(case.input).shape
    except (RuntimeError, ValueError, TypeError):
        return
    size = [n + data.draw(st.sampled_from([0, 0, 1, 2, -1])) for n in shape[-2:]]
    size = data.draw(st.sampled_from([size, tuple(size), [*shape[:-2], *size], size[:1]]))
    where = case.channel, case.sample
    try:
        said = module(case.input, output_size=size).detach()
    except (RuntimeError, ValueError, TypeError, IndexError):
        with pytest.raises(SlidingWindowsError):
            slide(module, case.input, *where, output_size=size)
        return
    if not said.numel():
        return
    before = module.output_padding
    trace = slide(module, case.input, *where, output_size=size)
    target = (said if said.dim() == 4 else said[None])[case.sample, case.channel]
    assert same(trace.output, tuple(map(tuple, target.tolist())))
    assert module.output_padding == before
    chosen = [n + e for n, e in zip(shape[-2:], (-p for p in before), strict=True)]
    extra = [n - c for n, c in zip(said.shape[-2:], chosen, strict=True)]
    assert ("output_padding" in trace.call) == any(extra)
    larger[any(extra)] += 1


larger = Counter()


def test_the_sweep_saw_sizes_of_both_kinds():
    assert not larger or min(larger.values()) > 6, larger


@pytest.mark.parametrize("kind", [nn.ConvTranspose1d, nn.ConvTranspose2d])
def test_only_slide_refuses_an_empty_batch(kind):
    tensor = torch.zeros(0, 1, *[4] * (1 if kind is nn.ConvTranspose1d else 2))
    assert kind(1, 1, 2)(tensor).numel() == 0
    with pytest.raises(SlidingWindowsError, match="the batch is empty"):
        slide(kind(1, 1, 2), tensor)
