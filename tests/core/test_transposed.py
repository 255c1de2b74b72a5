"""Transposed convolutions against torch: zeros between the elements, a flipped kernel."""

from __future__ import annotations

import pytest
import torch
from checking import checked, is_empty, kernels, products_are, seen, torch_says
from hypothesis import given, settings
from naive import parameter
from strategies import transposed
from torch import nn

from slidingwindows import SlidingWindowsError, slide

pytestmark = pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
sweep = settings(max_examples=300, deadline=None, derandomize=True)


def crops(case) -> bool:
    """A padding of more than dilation · (kernel − 1) crops the input; there is no such window."""
    module = case.module
    room = [
        parameter(module, "dilation", i) * (parameter(module, "kernel_size", i) - 1)
        - parameter(module, "padding", i)
        for i in range(case.dims)
    ]
    if min(room) >= 0 or torch_says(module, case.input) is None:
        return False
    with pytest.raises(SlidingWindowsError, match="so torch crops the input"):
        slide(module, case.input, case.channel, case.sample)
    return True


def swept(case):
    with kernels(case):
        if crops(case) or is_empty(case, "the kernel spans"):
            return
        trace = checked(case)
        products_are(trace, case)
    if trace is None:
        return
    strides = [parameter(case.module, "stride", i) for i in range(case.dims)]
    assert list(trace.stretch) == [1] * (2 - case.dims) + strides
    for step in trace.steps:
        for tap in step.taps:
            kept = all(p % s == 0 for p, s in zip(tap[1:3], trace.stretch, strict=True))
            padding = trace.is_padding(tap.row, tap.col)
            assert trace.is_stretch(tap.row, tap.col) == (not kept and not padding)


@given(transposed(dims=1))
@sweep
def test_1d(case):
    swept(case)


@given(transposed(dims=2))
@sweep
def test_2d(case):
    swept(case)


def test_the_sweeps_saw_both_answers():
    """Runs after the sweeps: enough that torch takes, enough that it refuses."""
    for kind in (nn.ConvTranspose1d, nn.ConvTranspose2d):
        if seen[kind, True] + seen[kind, False]:
            assert seen[kind, False] > 40 and seen[kind, True] > 30, (kind, seen)


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


@pytest.mark.parametrize("kind", [nn.ConvTranspose1d, nn.ConvTranspose2d])
def test_only_slide_refuses_an_empty_batch(kind):
    tensor = torch.zeros(0, 1, *[4] * (1 if kind is nn.ConvTranspose1d else 2))
    assert kind(1, 1, 2)(tensor).numel() == 0
    with pytest.raises(SlidingWindowsError, match="the batch is empty"):
        slide(kind(1, 1, 2), tensor)
