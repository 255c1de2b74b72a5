"""LP pools whose powers a dtype cannot hold: what torch gives is shown, and why; and complex
gradients, which have no real half to send."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError, route, slide

OVERFLOW, UNDERFLOW = "torch's powers overflow", "torch's powers underflow"
HERE = "torch's power 0.5 of −∞ is that of ∞ here"
CASES = {
    "tiny, inverted": (-2, 1e-25, torch.float32, OVERFLOW),
    "small in float16": (-2, 3e-3, torch.float16, OVERFLOW),
    "huge, inverted": (-2, 1e25, torch.float32, UNDERFLOW),
    "huge": (3, 1e15, torch.float32, OVERFLOW),
    "infinite in float16": (0.5, -math.inf, torch.float16, HERE),
    "a true zero": (-2, 0.0, torch.float32, ""),
    "usual": (-2, 2.0, torch.float32, ""),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kernel", [1, 2])
def test_what_torch_gives_is_shown_with_the_reason(name, kernel):
    norm, value, dtype, why = CASES[name]
    pool, x = nn.LPPool2d(norm, kernel), torch.full((1, 2, 2), value, dtype=dtype)
    trace = slide(pool, x)
    expected = pool(x)[0].double().tolist()
    assert np.array_equal(np.array(trace.output), np.array(expected))
    words = trace.steps[0].arithmetic
    assert words.endswith(f"({why})") if why else "torch" not in words
    assert type(trace).from_dict(trace.to_dict()) == trace


def test_a_root_of_minus_infinity_may_be_zero():
    """In float16 torch takes C's power of it, 0, and beside it that of 0 is infinite."""
    x = torch.tensor([[[-math.inf, 0.0], [4.0, 4.0]]], dtype=torch.float16)
    trace = slide(nn.LPPool2d(-0.5, 2), x)
    assert trace.output == ((0.0,),) == tuple(map(tuple, nn.LPPool2d(-0.5, 2)(x)[0].tolist()))
    assert trace.steps[0].arithmetic.endswith(" = 0 (torch's power −0.5 of −∞ is that of ∞ here)")
    assert type(trace).from_dict(trace.to_dict()) == trace


def test_a_wrong_zero_is_still_refused():
    data = slide(nn.LPPool2d(-2, 1), torch.full((1, 2, 2), 1e-3)).to_dict()
    data["output"][0][0] = data["steps"][0]["value"] = 0.0
    with pytest.raises(SlidingWindowsError, match="torch gave 0.0"):
        type(slide(nn.MaxPool2d(1), torch.rand(1, 1, 1))).from_dict(data)


@pytest.mark.parametrize("norm", [1000, -2000])
def test_a_gradient_that_is_lost_on_the_way_is_refused_with_the_reason(norm):
    x = torch.tensor([[[2.0, 3], [0.5, 1]]])
    with pytest.raises(SlidingWindowsError, match=r"at output \(0, 0\) torch's powers") as told:
        route(nn.LPPool2d(norm, 2), x)
    assert "overflow" in str(told.value) and "LPPool2d" in told.value.context
    assert route(nn.LPPool2d(3, 2), x).target


@pytest.mark.parametrize(
    "gradient",
    [torch.ones(2, 2) * 1j, np.ones((2, 2), complex), [[1, 1j], [0, 0]], torch.zeros(2, 2) + 0j],
    ids=["tensor", "array", "list", "no imaginary part"],
)
def test_a_complex_gradient_is_refused(gradient):
    with pytest.raises(SlidingWindowsError, match="the gradient must be real numbers"):
        route(nn.MaxPool2d(2), torch.rand(1, 4, 4), gradient=gradient)
