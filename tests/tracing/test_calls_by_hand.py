"""A module's call in the fewest words, case by case, and what a request makes of its numbers."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError
from slidingwindows.core.geometry import Axis
from slidingwindows.tracing.request import (
    ONE,
    Request,
    _literal,
    call_of,
    reads_input,
    spots,
    title_of,
)


class MaxPool2d(nn.MaxPool2d):
    """Called like torch's, and not torch's."""


class Mine(nn.MaxPool2d):
    """A name that torch does not have."""


def kept(module, **attributes):
    """With things of its user's own on it, or with other arguments than it was made of."""
    for name, value in attributes.items():
        setattr(module, name, value)
    return module


def half_cast():
    module = nn.BatchNorm2d(2)
    module.weight.data = module.weight.data.double()
    return module


SAMPLES = torch.rand(1, 1, 2)
CALLS = [
    (nn.MaxPool2d(3, 2, 1), "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)"),
    (nn.MaxPool2d((3, 3), 2), "nn.MaxPool2d(kernel_size=(3, 3), stride=2)"),
    (nn.MaxPool2d([3, 3], 2), "nn.MaxPool2d(kernel_size=[3, 3], stride=2)"),
    (nn.MaxPool2d(np.int64(3), 2), "nn.MaxPool2d(kernel_size=3, stride=2)"),
    (nn.MaxPool2d(2, ceil_mode=1), "nn.MaxPool2d(kernel_size=2, stride=2, ceil_mode=1)"),
    (
        nn.AvgPool2d(2, 1, count_include_pad=False),
        "nn.AvgPool2d(kernel_size=2, stride=1, count_include_pad=False)",
    ),
    (nn.LPPool2d(2, 3), "nn.LPPool2d(norm_type=2, kernel_size=3)"),
    (nn.LPPool2d(1.5, 3, 3), "nn.LPPool2d(norm_type=1.5, kernel_size=3, stride=3)"),
    (nn.FractionalMaxPool2d(2, 3), "nn.FractionalMaxPool2d(kernel_size=2, output_size=3)"),
    (
        nn.FractionalMaxPool2d(2, 3, _random_samples=SAMPLES.double()),
        "nn.FractionalMaxPool2d(kernel_size=2, output_size=3)",
    ),
    (nn.Conv2d(2, 4, 3, 1, "same"), "nn.Conv2d(2, 4, kernel_size=3, padding='same')"),
    (nn.Conv2d(2, 4, (3, 5), (2, 1)), "nn.Conv2d(2, 4, kernel_size=(3, 5), stride=(2, 1))"),
    (nn.Conv2d(2, 4, 3).double(), "nn.Conv2d(2, 4, kernel_size=3).double()"),
    (nn.Conv1d(2, 4, 3).half(), "nn.Conv1d(2, 4, kernel_size=3).half()"),
    (nn.Linear(2, 4).bfloat16(), "nn.Linear(in_features=2, out_features=4).bfloat16()"),
    (
        nn.Linear(2, 4, dtype=torch.complex64),
        "nn.Linear(in_features=2, out_features=4).to(torch.complex64)",
    ),
    (nn.BatchNorm2d(3).double(), "nn.BatchNorm2d(num_features=3).double()"),
    (nn.BatchNorm2d(3, eps=1e-3), "nn.BatchNorm2d(num_features=3, eps=0.001)"),
    (nn.LazyLinear(4), "nn.LazyLinear(out_features=4)"),
    (nn.LazyLinear(4).to(torch.float64), "nn.LazyLinear(out_features=4).to(torch.float64)"),
    (
        nn.Linear(10**7, 10**7, device="meta"),
        "nn.Linear(in_features=10000000, out_features=10000000).to('meta')",
    ),
    (
        nn.LayerNorm((6,), elementwise_affine=1),
        "nn.LayerNorm(normalized_shape=6, elementwise_affine=1)",
    ),
    (nn.ConstantPad2d(1, 2), "nn.ConstantPad2d(padding=1, value=2)"),
    (nn.ELU(1), "nn.ELU(alpha=1)"),
    (nn.ELU(), "nn.ELU()"),
    (nn.Dropout(0.5).eval(), "nn.Dropout()"),
    (kept(nn.Dropout(), device="no such", dtype=3, extra=SAMPLES), "nn.Dropout()"),
    (kept(nn.Identity(), args=3, kwargs=4), "nn.Identity()"),
    (kept(nn.ModuleList(), mine=3), "nn.ModuleList()"),
    (kept(nn.MaxPool2d(2), stride=3), "nn.MaxPool2d(kernel_size=2, stride=3)"),
    (kept(nn.MaxPool2d(2), kernel_size=SAMPLES), ""),
    (kept(nn.Conv2d(1, 1, 2), weight=nn.Parameter(torch.ones(1, 1, 3, 3))), ""),
    (kept(nn.Conv2d(1, 1, 2), bias=nn.Parameter(torch.ones(2))), ""),
    (half_cast(), ""),
    (nn.Sequential(nn.ReLU()), ""),
    (MaxPool2d(2), ""),
    (Mine(2), ""),
    (nn.Conv2d(2, 4, 3, bias=False), "nn.Conv2d(2, 4, kernel_size=3, bias=False)"),
    (nn.RNNCell(2, 3, bias=False), "nn.RNNCell(input_size=2, hidden_size=3, bias=False)"),
    (kept(nn.ReLU(), device="no such"), "nn.ReLU()"),
    (kept(nn.Conv1d(2, 4, 3), device="no such"), "nn.Conv1d(2, 4, kernel_size=3)"),
    (kept(nn.Conv1d(2, 4, 3), dtype="no such"), "nn.Conv1d(2, 4, kernel_size=3)"),
]


def test_each_call_in_the_fewest_words():
    for module, expected in CALLS:
        assert call_of(module) == expected, module
        assert title_of(module) == (expected or f"{type(module).__name__}(…)")


def test_a_call_is_found_without_a_warning():
    module = nn.Linear(2, 3)
    module.weight, module.in_features = nn.Parameter(torch.ones(3, 0)), 0
    with warnings.catch_warnings(action="error"):
        assert call_of(module) == "nn.Linear(in_features=0, out_features=3)"


def test_numbers_as_python_has_them():
    for value, expected in (
        (np.int32(3), 3),
        (np.float32(0.5), 0.5),
        (torch.Size([2, 3]), (2, 3)),
        ([np.int8(1), (2, None)], [1, (2, None)]),
        (True, True),
        ("same", "same"),
        (None, None),
        (1.0, 1.0),
    ):
        found = _literal(value)
        assert found == expected and type(found) is type(expected), value
    for value in (float("inf"), float("-inf"), float("nan"), 1j, {1}, torch.ones(1), [object()]):
        with pytest.raises(TypeError):
            _literal(value)


def volume(*shape):
    return torch.arange(float(np.prod(shape))).reshape(shape)


def test_a_sample_and_a_channel_as_a_volume():
    for input, dims, expected in (
        (volume(2, 5), 1, lambda x: x[1].reshape(1, 1, 5)),
        (volume(3, 2, 5), 1, lambda x: x[2, 1].reshape(1, 1, 5)),
        (volume(2, 4, 5), 2, lambda x: x[1].reshape(1, 4, 5)),
        (volume(3, 2, 4, 5), 2, lambda x: x[2, 1].reshape(1, 4, 5)),
        (volume(2, 3, 4, 5), 3, lambda x: x[1]),
        (volume(3, 2, 3, 4, 5), 3, lambda x: x[2, 1]),
    ):
        request = Request(nn.Identity(), input, dims, channel=1, sample=2, depth=dims // 3)
        assert torch.equal(request.volume(input, 1), expected(input)), input.shape
        assert torch.equal(request.result(input), expected(input)[dims // 3]), input.shape
        assert request.sizes == tuple(input.shape[-dims:])


def request_of(module, input, dims, depth=0):
    """A request for the first channel of the first sample."""
    return Request(module, input, dims, channel=0, sample=0, depth=depth)


def test_an_answer_leaves_the_input_as_it_was():
    input = -volume(1, 3)
    answer = request_of(nn.ReLU(inplace=True), input, 1).answer()
    assert answer.tolist() == [[0, 0, 0]] and input.tolist() == [[0, -1, -2]]
    with pytest.raises(SlidingWindowsError) as caught:
        request_of(nn.MaxPool1d(9), input, 1).answer()
    assert str(caught.value).startswith("torch says: ") and "\n" not in str(caught.value)


def axes_of(dims, *arguments, **options):
    sizes = (5, 7, 9)[3 - dims :]
    return request_of(nn.Identity(), torch.ones(1, *sizes), dims).axes(*arguments, **options)


def test_the_three_axes_of_a_module():
    assert axes_of(1, 3, None) == (ONE, ONE, Axis(9, 3, 3))
    assert axes_of(2, (3, 2), None) == (ONE, Axis(7, 3, 3), Axis(9, 2, 2))
    assert axes_of(2, 2, (3, 1), (1, 0), (1, 2), True) == (
        ONE,
        Axis(7, 2, 3, (1, 1), 1, True),
        Axis(9, 2, 1, (0, 0), 2, True),
    )
    assert axes_of(3, (1, 2, 3), 1, (0, 1, 1)) == (
        Axis(5, 1, 1),
        Axis(7, 2, 1, (1, 1)),
        Axis(9, 3, 1, (1, 1)),
    )


def test_an_error_names_its_axis_and_its_argument():
    for dims, kernel, stride, padding, words in (
        (1, 10, 1, 0, "length: "),
        (2, (8, 1), 1, 0, "height: "),
        (2, (1, 10), 1, 0, "width: "),
        (3, (6, 1, 1), 1, 0, "depth: "),
        (3, (1, 8, 1), 1, 0, "height: "),
        (3, (1, 1, 10), 1, 0, "width: "),
        (2, (1, 2, 3), 1, 0, "kernel_size"),
        (2, 1, (1, 2, 3), 0, "stride"),
        (2, 1, 1, (1, 2, 3), "padding"),
    ):
        with pytest.raises(SlidingWindowsError) as caught:
            axes_of(dims, kernel, stride, padding)
        assert words in str(caught.value), (dims, kernel, str(caught.value))
    with pytest.raises(SlidingWindowsError, match="dilation"):
        axes_of(2, 1, 1, 0, (1, 2, 3))


def refused(call, *arguments) -> str:
    with pytest.raises(SlidingWindowsError) as caught:
        call(*arguments)
    return str(caught.value)


def test_as_many_elements_as_a_trace_may_hold():
    request = request_of(nn.Identity(), torch.ones(1, 1, 1), 2)
    most = [Axis(1002, 4, 2), Axis(2002, 4, 8)]  # 500 and 250 windows
    assert request.checked(most) == (ONE, *most)
    exactly = [Axis(1000, 1, 1), Axis(2000, 2, 2)]
    assert request.checked(exactly) == (ONE, *exactly)
    words = "the windows read {} elements, more than the 2,000,000 a trace may hold"
    assert refused(request.checked, exactly, 2) == words.format("4,000,000")
    assert refused(request.checked, [Axis(1001, 1, 1), exactly[1]]) == words.format("2,002,000")
    deep = request_of(nn.Identity(), torch.ones(1, 1, 1, 1), 3)
    assert deep.checked([Axis(3, 1, 1), *exactly]) == (Axis(3, 1, 1), *exactly)
    read = refused(deep.checked, [Axis(3, 3, 1), *exactly])
    assert read == words.format("6,000,000")


def test_a_depth_that_is_not_there():
    axes = [Axis(4, 2, 2), Axis(3, 1, 1), Axis(3, 1, 1)]
    for depth in (-1, 0, 1, 2):
        request = request_of(nn.Identity(), torch.ones(1, 1, 1, 1), 3, depth=depth)
        if depth in (0, 1):
            assert request.checked(axes) == tuple(axes)
        else:
            words = f"depth {depth} is not among the 2 of the output"
            assert refused(request.checked, axes) == words
    flat = request_of(nn.Identity(), torch.ones(1, 1, 1), 2, depth=1)
    assert refused(flat.checked, axes[1:]) == "depth 1 is not among the 1 of the output"


def test_slices_with_their_padding():
    input = volume(1, 3, 2, 3)
    request = request_of(nn.Identity(), input, 3, depth=0)
    axes = (Axis(3, 2, 2, (1, 1)), Axis(2, 1, 1, (1, 2)), Axis(3, 2, 1, (2, 1)))
    planes = request.planes(axes, 0.5)
    around = torch.nn.functional.pad(input[0], (2, 1, 1, 2, 1, 1), value=0.5)
    assert planes == tuple(tuple(map(tuple, around[p].tolist())) for p in (0, 1))
    last = request_of(nn.Identity(), input, 3, depth=1).planes(axes, 0.5)
    assert last == tuple(tuple(map(tuple, around[p].tolist())) for p in (2, 3))
    wider = (Axis(3, 3, 2, (1, 1)), *axes[1:])
    behind = request_of(nn.Identity(), input, 3, depth=1).planes(wider, 0.5)
    assert behind == tuple(tuple(map(tuple, around[p].tolist())) for p in (2, 3, 4))
    weights = (((1, 2),), ((3, 4),))
    for given in ((), weights):
        taps = request.taps(axes, planes, 2, 1, given)
        found = [(t.plane, t.row, t.col, t.value, t.weight) for t in taps]
        heavy = (1, 2, 3, 4) if given else (None,) * 4
        assert found == [
            (p, 1, c, around[p, 2, c + 2].item(), heavy[2 * p + c + 1])
            for p in (0, 1)
            for c in (-1, 0)
        ]


def test_output_positions_and_windows_of_padding_alone():
    axes = (Axis(3, 1, 1, (1, 0)), Axis(2, 1, 1, (0, 1)), Axis(4, 2, 2))
    assert spots(axes) == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
    there = {
        (d, r, c)
        for d in range(4)
        for r in range(3)
        for c in range(2)
        if reads_input(axes, (d, r, c))
    }
    assert there == {(d, r, c) for d in (1, 2, 3) for r in (0, 1) for c in (0, 1)}
