"""Bad input: one SlidingWindowsError that says what was asked for. And numbers that are none."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from torch import nn

from slidingwindows import (
    Geometry,
    SlidingWindowsError,
    funnel,
    receptive_field,
    route,
    slide,
)

MAX = "nn.MaxPool2d(kernel_size=2, stride=2)"
AVERAGE = "nn.AvgPool2d(kernel_size=2, stride=2)"
CONV = "nn.Conv2d(1, 1, kernel_size=2)"
TOO_LARGE = "height: the kernel spans 5 elements but the padded input has only 4"


def made(call: str) -> nn.Module:
    return eval(call, {"nn": nn})


def refusal(call: str, tensor, **options) -> SlidingWindowsError:
    """The one error, which names the call, the shape and the dtype."""
    with pytest.raises(SlidingWindowsError) as caught:
        slide(made(call), tensor, **options)
    error = caught.value
    assert type(error) is SlidingWindowsError
    shape = tuple(tensor.shape)
    assert error.context == f"{call} on an input of shape {shape} and {tensor.dtype}"
    assert str(error) == f"{error.problem}\n  in {error.context}"
    assert error.problem and "\n" not in error.problem
    return error


def zeros(*shape, dtype=torch.float32):
    return torch.zeros(shape, dtype=dtype)


# What torch refuses too: call, shape of the input, what the message says.
PARAMETERS = [
    ("nn.MaxPool2d(kernel_size=5, stride=5)", TOO_LARGE),
    ("nn.AvgPool2d(kernel_size=5, stride=2)", TOO_LARGE),
    ("nn.Conv2d(1, 1, kernel_size=5)", TOO_LARGE),
    ("nn.Conv2d(1, 1, kernel_size=3, padding=1, dilation=3)", "spans 7 .* only 6 .4 . 1 . 1 of"),
    ("nn.MaxPool2d(kernel_size=(2, 3), stride=2, dilation=2)", "width: the kernel spans 5"),
    ("nn.MaxPool2d(kernel_size=9, stride=2, ceil_mode=True)", "height: the kernel spans 9"),
    ("nn.MaxPool2d(kernel_size=3, stride=3, padding=2)", "height: padding 2 .* half .* 3"),
    ("nn.MaxPool2d(kernel_size=3, stride=1, padding=2, dilation=2)", "padding 2 .* half .* 3"),
    ("nn.AvgPool2d(kernel_size=(4, 3), stride=1, padding=2)", "width: padding 2 .* half .* 3"),
    ("nn.MaxPool2d(kernel_size=2, stride=0)", "stride must be at least 1, got 0"),
    ("nn.AvgPool2d(kernel_size=2, stride=(1, 0))", "width: stride must be at least 1, got 0"),
    ("nn.Conv2d(1, 1, kernel_size=2, stride=0)", "stride must be at least 1, got 0"),
    ("nn.MaxPool2d(kernel_size=2, stride=-1)", "stride must be at least 1, got -1"),
    ("nn.MaxPool2d(kernel_size=2, stride=2, padding=-1)", "padding must not be negative, got -1"),
    ("nn.AvgPool2d(kernel_size=2, stride=2, padding=(0, -1))", "width: padding must not be neg"),
    ("nn.Conv2d(1, 1, kernel_size=2, padding=-2)", "padding must not be negative, got -2"),
    ("nn.MaxPool2d(kernel_size=2, stride=2, dilation=0)", "dilation must be at least 1, got 0"),
    ("nn.Conv2d(1, 1, kernel_size=2, dilation=0)", "dilation must be at least 1, got 0"),
    ("nn.MaxPool2d(kernel_size=0, stride=1)", "kernel_size must be at least 1, got 0"),
    ("nn.AvgPool2d(kernel_size=2.5, stride=1)", "kernel_size must be one int or two ints, got 2.5"),
    ("nn.MaxPool2d(kernel_size=2, stride=(1, 2, 3))", "stride must be one int or two ints"),
    ("nn.AvgPool2d(kernel_size=2, stride=2, divisor_override=0)", "torch says: divisor must be "),
    ("nn.AvgPool2d(kernel_size=2, stride=2, divisor_override=1.5)", "torch says: .* must be int"),
    ("nn.AvgPool2d(kernel_size=2, stride=2, ceil_mode=None)", "torch says: .* must be bool"),
    (
        "nn.Conv2d(1, 1, kernel_size=3, padding=4, padding_mode='reflect')",
        "torch says: .*less than",
    ),
    ("nn.Conv2d(1, 1, kernel_size=3, padding=5, padding_mode='circular')", "torch says: .*wrap"),
    ("nn.Conv2d(3, 2, kernel_size=2)", "the module takes 3 input channels, the input has 1"),
]


def torch_refuses(module, tensor) -> bool:
    try:
        module(tensor)
    except (RuntimeError, ValueError, TypeError, IndexError):
        return True
    return False


INTS = {1: "one int", 2: "one int or two ints", 3: "one int or three ints"}
WITH_INTS = {
    "MaxPool": ("kernel_size", "stride", "padding", "dilation"),
    "AvgPool": ("kernel_size", "stride", "padding"),
    "LPPool": ("kernel_size", "stride"),
}


@pytest.mark.parametrize("dims", INTS)
@pytest.mark.parametrize(("stem", "name"), [(s, name) for s in WITH_INTS for name in WITH_INTS[s]])
def test_a_parameter_of_too_many_numbers_is_called_by_its_name(stem, name, dims):
    module = getattr(nn, f"{stem}{dims}d")(*((2, 2) if stem == "LPPool" else (2,)))
    many = (1,) * (dims + 1)
    setattr(module, name, many)
    with pytest.raises(SlidingWindowsError) as caught:
        slide(module, zeros(1, *[4] * dims))
    assert caught.value.problem == f"{name} must be {INTS[dims]}, got {many}"


@pytest.mark.parametrize("shape", [(1, 4, 4), (2, 1, 4, 4)], ids=str)
@pytest.mark.parametrize(("call", "problem"), PARAMETERS)
def test_parameters_torch_refuses(call, problem, shape):
    assert torch_refuses(made(call), zeros(*shape))
    assert re.search(problem, refusal(call, zeros(*shape)).problem)


@pytest.mark.parametrize("call", [MAX, AVERAGE, CONV])
@pytest.mark.parametrize("rank", [0, 1, 2, 5])
def test_rank(call, rank):
    assert torch_refuses(made(call), zeros(*[4] * rank))
    problem = refusal(call, zeros(*[4] * rank)).problem
    count = f"{rank} dimension{'s' * (rank != 1)}"
    assert problem.endswith(f"2d takes (C, H, W) or (N, C, H, W), got {count}")


@pytest.mark.parametrize("call", [MAX, AVERAGE, CONV])
def test_three_and_four_dimensions_are_right(call):
    for shape in ((1, 4, 4), (1, 1, 4, 4)):
        assert slide(made(call), zeros(*shape)).input_shape == shape


@pytest.mark.parametrize("call", [MAX, AVERAGE, CONV])
@pytest.mark.parametrize("shape", [(0, 1, 4, 4), (0, 4, 4), (1, 0, 4), (1, 4, 0), (2, 1, 4, 0)])
def test_empty(call, shape):
    what = "batch" if shape == (0, 1, 4, 4) else "input"
    assert refusal(call, zeros(*shape)).problem == (
        f"the {what} is empty, so there is nothing to trace"
    )


@pytest.mark.parametrize("call", [MAX, AVERAGE, CONV])
@pytest.mark.parametrize("dtype", [torch.bool, torch.complex64, torch.complex128])
def test_bool_and_complex(call, dtype):
    problem = refusal(call, zeros(1, 4, 4, dtype=dtype)).problem
    if dtype.is_complex:  # what is said of each kind of module: test_every_module
        assert ("four real ones" if call == CONV else "over complex numbers") in problem
    else:
        assert str(dtype) in problem and "no meaning" in problem


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.float64, torch.float16])
def test_a_convolution_of_another_dtype_than_its_weights(dtype):
    tensor = zeros(1, 4, 4, dtype=dtype)
    assert torch_refuses(made(CONV), tensor)
    assert refusal(CONV, tensor).problem.startswith("torch says: Input type")


def test_numbers_that_are_not_there():
    assert "meta device" in refusal(MAX, torch.zeros(1, 4, 4, device="meta")).problem
    assert "to_dense() can be taken" in refusal(AVERAGE, zeros(1, 4, 4).to_sparse()).problem


X = torch.rand(1, 8, 8)
LAYER, NETWORK = nn.Conv2d(1, 1, 3), nn.Sequential(nn.Conv2d(1, 1, 3))
MASK = np.ma.masked_greater(X.numpy(), 0.5)
WITH_ARRAYS = {
    "slide": lambda given: slide(LAYER, given),
    "route": lambda given: route(LAYER, given),
    "route's gradient": lambda given: route(nn.Conv2d(1, 1, 1), X, given[0]),
    "funnel": lambda given: funnel(NETWORK, given),
    "receptive_field": lambda given: receptive_field(NETWORK, given),
    "indices": lambda given: slide(nn.MaxUnpool2d(2), X, indices=given),
}


@pytest.mark.filterwarnings("ignore:The PyTorch API of MaskedTensors")
@pytest.mark.parametrize("name", WITH_ARRAYS)
@pytest.mark.parametrize("kind", ["numpy", "nothing masked", "torch"])
def test_a_mask_is_not_left_out_silently(name, kind):
    if kind == "torch":
        given = torch.masked.masked_tensor(X.clone(), X > 0.5)
    else:
        given = MASK if kind == "numpy" else np.ma.array(X.numpy())
    with pytest.raises(SlidingWindowsError, match=r" is masked, .* filled\(0\)|to_tensor\(0\)"):
        WITH_ARRAYS[name](given)


@pytest.mark.parametrize("name", WITH_ARRAYS)
def test_numbers_on_the_meta_device(name):
    given = X.to("meta")
    with pytest.raises(SlidingWindowsError, match="is on the meta device, which keeps no numbers"):
        WITH_ARRAYS[name](given)


@pytest.mark.parametrize("function", [slide, route, funnel, receptive_field])
@pytest.mark.parametrize(
    ("module", "name"),
    [
        (nn.Conv2d(1, 1, 3, device="meta"), "weight"),
        (nn.LazyConv2d(1, 3, device="meta"), "weight"),
        (nn.BatchNorm2d(1, affine=False, device="meta").eval(), "running_mean"),
    ],
    ids=["a convolution", "a lazy one", "buffers"],
)
def test_a_module_on_the_meta_device(function, module, name):
    alone = function in (slide, route)
    if alone and name == "running_mean":
        module = nn.Conv2d(1, 1, 3)
        module.register_buffer(name, torch.ones(1, device="meta"))
    with pytest.raises(SlidingWindowsError) as caught:
        function(module if alone else nn.Sequential(module), X)
    assert f"{name} is on the meta device, which keeps no numbers" in caught.value.problem
    assert 'to_empty(device="cpu")' in caught.value.problem


@pytest.mark.parametrize("kind", [np.array, torch.tensor, tuple, list])
def test_a_shape_is_a_shape_in_every_form(kind):
    field = receptive_field(NETWORK, kind([1, 8, 8]))
    assert field == receptive_field(NETWORK, (1, 8, 8))
    with pytest.raises(SlidingWindowsError, match="1, 8, 8.* is a shape: give an input"):
        funnel(NETWORK, kind([1, 8, 8]))


@pytest.mark.parametrize(
    "given", [np.array([1.0, 8, 8]), torch.rand(3), np.array([True, False]), np.arange(6)]
)
def test_what_is_no_shape_is_an_input(given):
    for function in (receptive_field, funnel):
        with pytest.raises(SlidingWindowsError) as caught:
            function(NETWORK, given)
        assert "shape: give" not in caught.value.problem


@pytest.mark.parametrize("call", [MAX, AVERAGE, "nn.Conv2d(2, 2, kernel_size=2)"])
@pytest.mark.parametrize("index", [-1, 2, 99])
def test_channel_and_sample_out_of_range(call, index):
    tensor = zeros(2, 2, 4, 4)
    problem = refusal(call, tensor, channel=index).problem
    assert problem == f"channel {index} is not among the 2 of the output"
    problem = refusal(call, tensor, sample=index).problem
    assert problem == f"sample {index} is not among the 2 of the batch"


def test_the_channels_of_a_convolution_are_those_of_its_output():
    call = "nn.Conv2d(1, 3, kernel_size=2)"
    assert slide(made(call), zeros(1, 4, 4), channel=2).channel == 2
    assert "the 3 of the output" in refusal(call, zeros(1, 4, 4), channel=3).problem


def test_an_unbatched_input_has_one_sample():
    assert "the 1 of the batch" in refusal(MAX, zeros(3, 4, 4), sample=1).problem


@pytest.mark.parametrize("name", ["channel", "sample"])
@pytest.mark.parametrize("index", ["0", 0.5, 0.0, None, True, [0]], ids=repr)
def test_channel_and_sample_are_ints(name, index):
    problem = refusal(MAX, zeros(1, 4, 4), **{name: index}).problem
    assert problem == f"{name} must be an int, got {index!r}"


def test_a_trace_too_long():
    call = "nn.AvgPool2d(kernel_size=30, stride=1)"
    taps = 30 * 30 * 71 * 71
    words = f"{taps:,} elements, more than the 2,000,000"
    assert words in refusal(call, zeros(1, 100, 100)).problem
    call = "nn.Conv2d(64, 1, kernel_size=15)"
    assert f"{225 * 64 * 16 * 16:,} elements" in refusal(call, zeros(64, 30, 30)).problem


@pytest.mark.parametrize(
    "call",
    [
        "nn.ReLU()",
        "nn.Softmax(dim=1)",
        "nn.Upsample(scale_factor=2.0)",
    ],
)
def test_other_modules(call):
    name = type(made(call)).__name__
    problem = refusal(call, zeros(1, 4, 4)).problem
    assert problem.startswith(f"{name} is not one of MaxPool1d/2d/3d, AvgPool1d/2d/3d, ")


@pytest.mark.parametrize("thing", [None, nn.MaxPool2d, "nn.MaxPool2d(2)", torch.relu, 2])
def test_not_a_module(thing):
    with pytest.raises(SlidingWindowsError, match="slide needs a torch module, got ") as caught:
        slide(thing, zeros(1, 4, 4))
    assert str(caught.value).endswith(type(thing).__name__)


@pytest.mark.parametrize("thing", [None, [[[1.0, 2.0], [3.0, 4.0]]], 1.0, "x"])
def test_not_a_tensor(thing):
    with pytest.raises(SlidingWindowsError, match="tensor or a numpy array, got ") as caught:
        slide(made(MAX), thing)
    assert caught.value.problem.endswith(type(thing).__name__)
    assert caught.value.context == MAX


def test_the_error_is_a_value_error_and_keeps_torchs():
    error = refusal("nn.AvgPool2d(kernel_size=2, stride=2, divisor_override=0)", zeros(1, 4, 4))
    assert isinstance(error, ValueError) and isinstance(error.__cause__, RuntimeError)
    assert str(SlidingWindowsError("only this")) == "only this"


def test_geometry_says_which_axis():
    with pytest.raises(SlidingWindowsError, match="^width: stride must be at least 1, got 0$"):
        Geometry.of((4, 4), 2, stride=(1, 0))
    with pytest.raises(SlidingWindowsError, match="^height: the input has no elements"):
        Geometry.of((0, 4), 2)


INF, NAN = math.inf, math.nan


def traced(module, rows):
    return slide(module, torch.tensor([rows]))


def test_nan_wins_a_max():
    trace = traced(nn.MaxPool2d(2), [[1.0, NAN, 5.0, 6.0], [INF, 2.0, 8.0, 7.0]])
    first, second = trace.steps
    assert math.isnan(first.value) and first.winner == 1 and first.ties == ()
    assert (second.value, second.winner) == (8.0, 2)


def test_the_winner_among_minus_infinities_is_the_first_element():
    step = traced(nn.MaxPool2d(2), [[-INF] * 2] * 2).steps[0]
    assert (step.value, step.winner, step.ties) == (-INF, 0, (1, 2, 3))
    padded = traced(nn.MaxPool2d(3, 1, 1), [[-INF] * 2] * 2).steps[0]
    winner = padded.taps[padded.winner]
    assert (winner.row, winner.col) == (0, 0), "an element, not the padding before it"


def test_nan_poisons_an_averages_own_windows_only():
    rows = [[1.0] * 5 for _ in range(5)]
    rows[1][1] = NAN
    trace = traced(nn.AvgPool2d(2, 1), rows)
    poisoned = {step.output for step in trace.steps if math.isnan(step.value)}
    assert poisoned == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert all(step.value == 1 for step in trace.steps if step.output not in poisoned)


def test_infinities_of_both_signs_have_no_average():
    trace = traced(nn.AvgPool2d((1, 2)), [[INF, 1.0, INF, -INF]])
    assert trace.output[0][0] == INF and math.isnan(trace.output[0][1])


def test_a_zero_weight_does_not_hide_infinity():
    module = nn.Conv2d(1, 1, 1, bias=False)
    module.weight.data.zero_()
    assert math.isnan(traced(module, [[INF]]).output[0][0])
