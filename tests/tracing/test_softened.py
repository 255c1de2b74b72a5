"""Which activations and pools are softened while torch is asked what a network depends on."""

from __future__ import annotations

import functools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from slidingwindows.tracing import confirming

NUMBERS = torch.linspace(-3, 3, 24, dtype=torch.float64)
SOFT = [
    *(nn.ReLU(), nn.ReLU(inplace=True), nn.ReLU6(), nn.Hardtanh(), nn.Hardswish()),
    *(nn.Hardsigmoid(), nn.Hardshrink(), nn.Softshrink(), nn.Threshold(0.1, 20), nn.RReLU().eval()),
    *(nn.LeakyReLU(), nn.ELU(), nn.CELU(), nn.Hardtanh(-5, 9), nn.Threshold(9.80999, 0)),
]
AS_THEY_ARE = [
    *(nn.LeakyReLU(1.0), nn.Hardtanh(-1e9, 1e9), nn.Hardshrink(0), nn.Threshold(-1e9, 0)),
    *(nn.Threshold(1e9, 3), nn.Hardtanh(0, 1e-9), nn.Softshrink(1e9), nn.Hardtanh(20, 30)),
    *(nn.Tanh(), nn.GELU(), nn.Softplus(), nn.Threshold(9.81001, 0), nn.Threshold(9.9, 0, True)),
]


@pytest.mark.parametrize("layer", [*SOFT, *AS_THEY_ARE], ids=str)
def test_an_activation_that_is_open_to_some_numbers_is_softened(layer):
    """To the upper twenty of two thousand numbers from -10 to 10, at least."""
    given = NUMBERS.clone()
    with torch.device("meta"), confirming._Smooth():
        found = layer(given)
    assert torch.equal(given, NUMBERS)
    expected = F.softplus(NUMBERS) if layer in SOFT else layer(NUMBERS.clone())
    assert torch.equal(found, expected)
    as_it_is = layer(NUMBERS.clone())
    with confirming._SmoothPools():
        assert torch.equal(layer(NUMBERS.clone()), as_it_is)


@pytest.mark.parametrize(("slope", "open"), [(1.2e-6, True), (0.8e-6, False)])
def test_a_slope_of_a_millionth_counts(slope, open):
    """Numbers a hundredth apart then differ by 1e-8; one jump alone opens nothing."""

    def nearly_flat(x):
        return slope * x + (x > 9.9)

    def just_as_flat(x):
        return 1e-8 * (torch.arange(len(x)) % 2).double()

    assert torch.equal(confirming._softened(just_as_flat, (NUMBERS,), {}), just_as_flat(NUMBERS))
    found = confirming._softened(nearly_flat, (NUMBERS,), {})
    assert torch.equal(found, F.softplus(NUMBERS) if open else nearly_flat(NUMBERS))


def test_a_max_pool_is_softened_into_the_mean_of_its_window():
    x = torch.arange(-24.0, 24, dtype=torch.float64).reshape(1, 2, 4, 6)
    soft, line, cube = F.softplus(x), x.reshape(1, 2, 24), x.reshape(1, 1, 2, 4, 6)
    for made, expected in (
        (nn.MaxPool2d(2), F.avg_pool2d(soft, 2)),
        (nn.MaxPool2d((3, 2), (1, 2), (1, 0)), F.avg_pool2d(soft, (3, 2), (1, 2), (1, 0))),
        (nn.MaxPool2d(5, 2, 1, ceil_mode=True), F.avg_pool2d(soft, 5, 2, 1, True)),
        (nn.MaxPool2d(2, dilation=(1, 1)), F.avg_pool2d(soft, 2)),
        (lambda x: torch.max_pool2d(x, 5, 2, 1, 1, True), F.avg_pool2d(soft, 5, 2, 1, True)),
        (lambda x: torch.max_pool2d(x, 2, 1, 0, (1, 1)), F.avg_pool2d(soft, 2, 1)),
        (lambda x: torch.max_pool2d(x, 2, 2, 0), F.avg_pool2d(soft, 2)),
        (nn.MaxPool2d(1, 2), soft[..., ::2, ::2]),
        (nn.AdaptiveMaxPool2d((3, 2)), F.adaptive_avg_pool2d(soft, (3, 2))),
        # These are not softened: averages know no dilation, and of one element nothing is lost.
        (nn.MaxPool2d(2, dilation=2), F.max_pool2d(x, 2, dilation=2)),
        (nn.MaxPool2d(2, dilation=(1, 2)), F.max_pool2d(x, 2, dilation=(1, 2))),
        (lambda x: torch.max_pool2d(x, 2, 1, 0, [2, 1]), F.max_pool2d(x, 2, 1, 0, (2, 1))),
        (nn.MaxPool2d(1), x),
        (nn.AdaptiveMaxPool2d((None, None)), x),
        (nn.AvgPool2d(2), F.avg_pool2d(x, 2)),
    ):
        with confirming._Smooth():
            assert torch.equal(made(x), expected), made
    fractional = nn.FractionalMaxPool2d(
        2, 2, _random_samples=torch.full((1, 2, 2), 0.5, dtype=torch.float64)
    )
    fraction = fractional(x)

    def max_unpool2d(x):  # torch's own takes long when it is first called
        return x + 1

    with confirming._Smooth():
        assert torch.equal(nn.MaxPool1d(3)(line), F.avg_pool1d(F.softplus(line), 3))
        assert torch.equal(nn.MaxPool3d(2)(cube), F.avg_pool3d(F.softplus(cube), 2))
        assert torch.equal(fractional(x), fraction)
    unpooled = confirming._Smooth().__torch_function__(max_unpool2d, (), (x,))
    assert torch.equal(unpooled, x + 1)
    nameless = functools.partial(max_unpool2d, x)
    assert torch.equal(confirming._Smooth().__torch_function__(nameless, ()), x + 1)
