"""Pools and convolutions whose every argument differs from the others, and each refusal's words.

The sweeps draw such layers too, but not each of them in each run.
"""

from __future__ import annotations

import math

import pytest
import torch
from checking import averages_are, checked, products_are, roots_are, winners_are
from fractional import pooled_indices
from strategies import Case
from torch import nn

from slidingwindows import SlidingWindowsError, slide
from slidingwindows.tracing.pooling import random_samples

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


def numbers(*shape, seed=0):
    return torch.randint(-9, 10, shape, generator=torch.Generator().manual_seed(seed)).float()


def weighed(module):
    """The module with whole numbers, so that sums are exact."""
    for seed, parameter in enumerate(module.parameters()):
        parameter.data = numbers(*parameter.shape, seed=seed + 1)
    return module


LINE, LINES = numbers(2, 8), numbers(3, 2, 9)
IMAGE, IMAGES = numbers(3, 5, 7), numbers(2, 4, 6, 7)
VOLUME, VOLUMES = numbers(2, 4, 3, 4), numbers(2, 2, 5, 3, 4)
# Whether a pool keeps its indices changes nothing but the form of torch's answer.
MAXIMA = [
    Case(nn.MaxPool1d(3, 2, 1, 2, True), LINE, 1, 0, 0, 1),
    Case(nn.MaxPool1d(2, 3, 0, 4), LINES, 0, 2, 0, 1),
    Case(nn.MaxPool2d((2, 3), (3, 2), (0, 1), (3, 2), True, True), IMAGES, 3, 1),
    Case(nn.MaxPool2d((3, 2), (2, 1), (1, 0)), IMAGE, 2, 0),
    Case(nn.MaxPool2d(2, 1, 1, 2), numbers(1, 1, 3), 0, 0),
    Case(nn.MaxPool2d((4, 5), padding=2), IMAGE, 1, 0),
    Case(nn.MaxPool3d((2, 3, 1), (2, 1, 3), (1, 1, 0), (1, 1, 2), return_indices=True),
         VOLUMES, 1, 1, 2, 3),
    Case(nn.MaxPool3d((2, 1, 2), 2, (1, 0, 1), ceil_mode=True), VOLUME, 0, 0, 1, 3),
    Case(nn.MaxPool2d(2, 1, 1), IMAGE.int(), 1, 0),
    Case(nn.MaxPool2d(2, 2, 1, 3), torch.tensor([[[5, 3], [1, 2]]]), 0, 0),
    Case(nn.AdaptiveMaxPool1d(4), LINES, 1, 2, 0, 1),
    Case(nn.AdaptiveMaxPool2d((4, None), True), IMAGES, 3, 1),
    Case(nn.AdaptiveMaxPool2d(3), IMAGE, 2, 0),
    Case(nn.AdaptiveMaxPool3d((3, 2, 4)), VOLUMES, 1, 1, 2, 3),
]  # fmt: skip
AVERAGES = [
    Case(nn.AvgPool1d(3, 2, 1, True, False), LINE, 1, 0, 0, 1),
    Case(nn.AvgPool1d(3, 2, 1, True), LINES, 0, 1, 0, 1),
    Case(nn.AvgPool2d((3, 2), (2, 3), (1, 0), False, False), IMAGES, 3, 1),
    Case(nn.AvgPool2d((2, 3), (1, 2), (0, 1), True, False, 5), IMAGE, 2, 0),
    Case(nn.AvgPool2d((2, 3), (3, 2), (1, 1), True, True), IMAGE, 0, 0),
    Case(nn.AvgPool2d(3, 1, 1, divisor_override=-4), IMAGE, 1, 0),
    Case(nn.AvgPool3d((3, 2, 1), (2, 1, 2), (1, 1, 0), False, False), VOLUMES, 1, 1, 2, 3),
    Case(nn.AvgPool3d((2, 1, 3), (1, 2, 2), (1, 0, 1), True, True), VOLUME, 1, 0, 4, 3),
    Case(nn.AvgPool3d((2, 1, 3), 2, (1, 0, 1), False, False), VOLUME, 0, 0, 2, 3),
    Case(nn.AdaptiveAvgPool1d(4), LINE, 0, 0, 0, 1),
    Case(nn.AdaptiveAvgPool2d((None, 4)), IMAGES, 2, 1),
    Case(nn.AdaptiveAvgPool3d((3, 2, None)), VOLUME, 1, 0, 1, 3),
]
ROOTS = [
    Case(nn.LPPool1d(2, 3, 2, True), LINES, 1, 2, 0, 1),
    Case(nn.LPPool2d(3.0, (2, 3), (3, 2)), IMAGES.abs(), 3, 1),
    Case(nn.LPPool2d(2, (3, 2), ceil_mode=True), IMAGE, 2, 0),
    Case(nn.LPPool3d(1, (2, 1, 3), (1, 3, 2), True), VOLUMES.abs(), 1, 1, 3, 3),
]
CONVOLUTIONS = [
    Case(nn.Conv1d(2, 4, 3, 2, 1, 2, 2, padding_mode="circular"), LINES, 3, 2, 0, 1),
    Case(nn.Conv1d(2, 1, 4, padding="same", padding_mode="reflect"), LINE, 0, 0, 0, 1),
    Case(nn.Conv1d(2, 3, 2, padding="valid", bias=False), LINE, 2, 0, 0, 1),
    Case(nn.Conv2d(4, 6, (3, 2), (2, 3), (1, 2), (2, 1), 2), IMAGES, 4, 1),
    Case(nn.Conv2d(3, 2, (2, 3), (1, 2), (1, 0), padding_mode="reflect"), IMAGE, 1, 0),
    Case(nn.Conv2d(3, 2, (2, 3), 1, (0, 2), padding_mode="replicate", bias=False), IMAGE, 0, 0),
    Case(nn.Conv2d(4, 2, (4, 2), padding="same", dilation=(1, 3), groups=2), IMAGES, 1, 0),
    Case(nn.Conv2d(3, 1, (3, 2), 2, "valid", 2), IMAGE, 0, 0),
    Case(nn.Conv3d(2, 2, (2, 3, 1), (2, 1, 3), (1, 1, 0), groups=2), VOLUMES, 1, 1, 2, 3),
    Case(nn.Conv3d(2, 2, (2, 1, 3), 1, (1, 0, 1), padding_mode="replicate"), VOLUME, 1, 0, 4, 3),
    Case(nn.Conv3d(2, 2, (1, 2, 2), 1, (0, 1, 1), padding_mode="reflect"), VOLUME, 0, 0, 2, 3),
    Case(nn.Conv3d(2, 1, (2, 3, 2), padding="same", bias=False), VOLUME, 0, 0, 3, 3),
    Case(nn.ConvTranspose1d(2, 4, 3, 2, 1, 1, 2), LINES, 3, 2, 0, 1),
    Case(nn.ConvTranspose1d(2, 1, 2, 3, 3, 1, dilation=2), LINE, 0, 0, 0, 1),
    Case(nn.ConvTranspose2d(4, 6, (3, 2), (2, 3), (1, 0), (1, 2), 2), IMAGES[..., :3, :4], 4, 1),
    Case(nn.ConvTranspose2d(3, 2, (2, 3), (1, 2), (2, 1), (0, 1), bias=False), IMAGE, 1, 0),
    Case(nn.ConvTranspose2d(3, 2, 2, 2, 0, 0, 1, True, (3, 1)), IMAGE[:, :3], 0, 0),
    Case(nn.ConvTranspose3d(2, 4, (2, 1, 3), (2, 1, 3), (1, 0, 2), (1, 0, 2), 2),
         VOLUMES, 2, 1, 4, 3),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cases", "check"),
    [
        (MAXIMA, winners_are),
        (AVERAGES, averages_are),
        (ROOTS, roots_are),
        (CONVOLUTIONS, products_are),
    ],
    ids=["maxima", "averages", "roots", "convolutions"],
)
def test_every_number_that_a_window_reads(cases, check):
    for case in cases:
        if hasattr(case.module, "weight"):
            weighed(case.module)
        try:
            trace = checked(case)
            assert trace is not None
            check(trace, case)
        except Exception as error:
            raise AssertionError(f"{case.module} on {tuple(case.input.shape)}") from error
        assert (trace.channel, trace.sample) == (case.channel, case.sample), case.module


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_fractional_windows(dtype):
    for module, tensor, channel, sample, depth, dims in (
        (nn.FractionalMaxPool2d((2, 3), (3, 4)), IMAGES, 3, 1, 0, 2),
        (nn.FractionalMaxPool2d((3, 2), output_ratio=(0.5, 0.7)), IMAGE, 1, 0, 0, 2),
        (nn.FractionalMaxPool2d(2, (1, 2), return_indices=True), IMAGE, 0, 0, 0, 2),
        (nn.FractionalMaxPool3d((2, 1, 2), (3, 3, 3)), numbers(2, 2, 7, 6, 7), 1, 1, 1, 3),
    ):
        chances = torch.rand(
            len(tensor) if tensor.dim() == dims + 2 else 1, tensor.shape[-dims - 1], dims,
            generator=torch.Generator().manual_seed(8), dtype=torch.float64,
        )  # fmt: skip
        module._random_samples = chances.to(dtype)
        case = Case(module, tensor.to(dtype), channel, sample, depth, dims)
        trace = slide(module, case.input, channel, sample, depth)
        winners_are(trace, case, pooled_indices(module, case.input, module._random_samples, case))
        axes = trace.geometry.rows, trace.geometry.cols
        assert {axis.rule for axis in axes} == {"fractional"}
        kernels = (module.kernel_size,) * 2 if dims < 3 else module.kernel_size
        kernels = kernels[0] if isinstance(kernels[0], tuple) else kernels
        for axis, kernel in zip(axes, kernels[-2:], strict=True):
            assert {stop - start for start, stop in axis.spans} == {kernel}, module
            assert axis.spans[-1][1] == axis.size, module


def test_chances_of_a_fractional_pool():
    for tensor, dims, shape in ((IMAGES.double(), 2, (2, 4, 2)), (VOLUME, 3, (1, 2, 3))):
        torch.manual_seed(5)
        found = random_samples(tensor, dims)
        torch.manual_seed(5)
        assert torch.equal(found, torch.rand(shape, dtype=tensor.dtype))
        assert found.dtype == tensor.dtype


def test_chances_are_drawn_and_counted_where_the_input_is():
    module = nn.FractionalMaxPool2d((2, 3), (3, 2))
    with torch.device("meta"):
        assert random_samples(IMAGE, 2).device == IMAGE.device
        torch.manual_seed(3)
        trace = slide(module, IMAGE)
    torch.manual_seed(3)
    assert trace.output == tuple(map(tuple, module(IMAGE)[0].tolist()))


class Larger(nn.MaxPool2d):
    """Not quite a max pool."""

    def forward(self, input):
        return super().forward(input) + self.more


def refusal(module, tensor, *arguments, **options) -> str:
    try:
        slide(module, tensor, *arguments, **options)
    except SlidingWindowsError as error:
        return error.problem
    return ""


def test_a_module_that_returns_something_else_than_its_class():
    none = "the module does not return what max pooling returns"
    for more, problem in ((0.0, ""), (0.5, none), (2.0**-20, none), (-0.5, none), (1e3, none)):
        module = Larger((1, 2))
        module.more = more
        assert refusal(module, IMAGE + 20) == problem, more
    module.more = 1e-12
    assert refusal(module, IMAGE * 0) == none
    module.more = 0.0
    assert refusal(module, torch.full((1, 1, 2), math.nan)) == ""


ODD = nn.FractionalMaxPool2d((2, True), (2, 2))  # torch takes the second for 1
HALF = "{}: padding {} is more than half of kernel_size {}; torch allows at most {}".format
REFUSED = [
    (nn.MaxPool1d(3, 1, 2), LINE, HALF("length", 2, 3, 1)),
    (nn.MaxPool2d((2, 4), 1, (2, 2)), IMAGE, HALF("height", 2, 2, 1)),
    (nn.AvgPool2d((4, 5), 1, (2, 3)), IMAGE, HALF("width", 3, 5, 2)),
    (nn.AvgPool3d((1, 2, 2), 1, (1, 1, 1)), VOLUME, HALF("depth", 1, 1, 0)),
    (nn.AvgPool3d((3, 1, 2), 1, 1), VOLUME, HALF("height", 1, 1, 0)),
    (nn.MaxPool2d((2, 4), 1, (1, 2)), IMAGE, ""),
    (
        nn.LPPool2d(2, 2),
        IMAGE.long(),
        "an LP pool needs floats: integer powers and roots lose digits",
    ),
    (nn.LPPool1d(0, 2), LINE, "norm_type must be finite and not zero, got 0.0"),
    (nn.LPPool1d(math.inf, 2), LINE, "norm_type must be finite and not zero, got inf"),
    (nn.LPPool1d(math.nan, 2), LINE, "norm_type must be finite and not zero, got nan"),
    (nn.AdaptiveAvgPool2d(None), IMAGE, "output_size must be given, got None"),
    (nn.AdaptiveMaxPool1d(None), LINE, "output_size must be given, got None"),
    (nn.AdaptiveMaxPool2d((2,)), IMAGE, "output_size must have 2 numbers, got (2,)"),
    (nn.AdaptiveAvgPool2d((2, 3, 4)), IMAGE, "output_size must have 2 numbers, got (2, 3, 4)"),
    (
        nn.AdaptiveAvgPool2d((2, 1.5)),
        IMAGE,
        "output_size must be one int or two ints, got [2, 1.5]",
    ),
    (
        nn.AdaptiveMaxPool2d((2, 0)),
        IMAGE,
        "width: the input and the output size must be at least 1, got 7 and 0",
    ),
    (ODD, IMAGE, "kernel_size must be one int or two ints, got (2, True)"),
    (nn.Conv2d(4, 1, 1), IMAGE, "the module takes 4 input channels, the input has 3"),
    (
        nn.ConvTranspose2d(64, 1, 15),
        torch.zeros(64, 16, 16),
        "the windows read 12,960,000 elements, more than the 2,000,000 a trace may hold",
    ),
    (nn.ConvTranspose2d(2, 1, 1), IMAGE, "the module takes 2 input channels, the input has 3"),
]


def test_every_refusal():
    for module, tensor, problem in REFUSED:
        assert refusal(module, tensor) == problem, module


def test_sums_that_a_whole_number_cannot_hold():
    """int8 holds −128 to 127; beyond them torch's sum wraps round."""

    def said(first, second, bias=None, dtype=torch.int8, last=1):
        module = nn.Conv1d(1, 1, 2, bias=False)
        weight = torch.tensor([[[10, last]]], dtype=dtype)
        module.weight = nn.Parameter(weight, requires_grad=False)
        if bias is not None:
            module.bias = nn.Parameter(torch.tensor([bias], dtype=dtype), requires_grad=False)
        return refusal(module, torch.tensor([[first, second]], dtype=dtype))

    wraps = (
        "a window's sum of products is {}, which torch.int8 cannot hold, so that torch's wraps "
        "round; give the layer and the input floats"
    ).format
    for arguments, problem in (
        ((12, 7), ""),
        ((12, 8), wraps(128)),
        ((-12, -8), ""),
        ((-12, -9), wraps(-129)),
        ((12, 0, 7), ""),
        ((12, 0, 8), wraps(128)),
        ((-12, 0, -9), wraps(-129)),
        ((12, 8, None, torch.int16), ""),
        ((12, 100, None, torch.int8, 0), ""),
        ((12, -100, None, torch.int8, 0), ""),
        ((12, 8, None, torch.float32), ""),
    ):
        assert said(*arguments) == problem, arguments


def test_an_output_size_of_a_transposed_convolution():
    small = numbers(2, 3, 4)
    for size in ((7, 12), [7, 12], torch.tensor([7, 12]), (6, 14)):
        module = weighed(nn.ConvTranspose2d(2, 3, (2, 3), (2, 3)))
        trace = slide(module, small, channel=2, output_size=size)
        expected = module(small, [int(n) for n in size])[2]
        assert trace.output == tuple(map(tuple, expected.tolist())), size
    module = weighed(nn.ConvTranspose2d(2, 3, (2, 3), (2, 3)))
    assert slide(module, small).output_shape == (3, 6, 12)
    assert refusal(module, small, output_size=(6, 15)).startswith(
        "torch says: requested an output size of [6, 15], but valid sizes range from [6, 12] to "
    )
    assert refusal(module, small, output_size=6).startswith("torch says: ")
    # The sums are torch's own products, whatever the stride leaves empty.
    line = weighed(nn.ConvTranspose1d(1, 1, 1, 3))
    assert slide(line, torch.tensor([[1.0, 2.0]])).planes == (((1.0, 0.0, 0.0, 2.0),),)
