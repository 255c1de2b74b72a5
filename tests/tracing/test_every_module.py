"""Every class of torch.nn that slides a window is traced, and drawn; a new one is named here."""

import importlib
import inspect
import pkgutil

import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError, slide
from slidingwindows.tracing.slide import TRACERS, known_modules

WINDOWS = {"kernel_size", "output_size"}
# Not traced, and why.
BASES = "a base class, which has no forward of its own"
NOT_TRACED = {
    "_ConvNd": BASES,
    "_ConvTransposeNd": BASES,
    "_MaxPoolNd": BASES,
    "_LPPoolNd": BASES,
    "_AdaptiveAvgPoolNd": BASES,
    "_AdaptiveMaxPoolNd": BASES,
}


def classes_of_torch() -> dict[str, type]:
    """All module classes of torch.nn, also those that it does not export."""
    places = [nn]
    for found in pkgutil.iter_modules(nn.modules.__path__):
        places.append(importlib.import_module(f"torch.nn.modules.{found.name}"))
    return {
        name: kind
        for place in places
        for name, kind in vars(place).items()
        if inspect.isclass(kind) and issubclass(kind, nn.Module)
    }


def with_windows(classes: dict[str, type]) -> dict[str, type]:
    """Those whose constructor takes a kernel_size or an output_size."""
    return {
        name: kind
        for name, kind in classes.items()
        if WINDOWS & set(inspect.signature(kind.__init__).parameters)
    }


def untraced(classes: dict[str, type]) -> list[str]:
    known = tuple(TRACERS)
    return sorted(
        name
        for name, kind in with_windows(classes).items()
        if not issubclass(kind, known) and name not in NOT_TRACED
    )


def test_each_class_with_a_window_is_traced():
    classes = classes_of_torch()
    assert untraced(classes) == []
    assert {"Conv2d", "MaxUnpool3d", "LazyConvTranspose3d"} <= set(with_windows(classes))
    assert len(with_windows(classes)) > 30
    assert set(NOT_TRACED) <= set(with_windows(classes)), "remove what torch no longer has"
    for name in NOT_TRACED:
        assert name not in known_modules() and "forward" not in vars(classes[name])


def test_a_new_class_would_be_named():
    class MedianPool2d(nn.Module):
        def __init__(self, kernel_size):
            super().__init__()

    assert untraced(classes_of_torch() | {"MedianPool2d": MedianPool2d}) == ["MedianPool2d"]


ARGUMENTS = {
    "in_channels": 1,
    "out_channels": 1,
    "norm_type": 2.0,
    "kernel_size": 2,
    "output_size": 2,
}
TRACED = sorted(set(with_windows(classes_of_torch())) - set(NOT_TRACED))


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
@pytest.mark.parametrize("name", TRACED)
def test_each_gives_torchs_numbers(name):
    """Even the lazy ones, with nothing but what they must be given."""
    kind = classes_of_torch()[name]
    dims = next(TRACERS[k][0] for k in TRACERS if issubclass(kind, k))
    wanted = inspect.signature(kind.__init__).parameters
    needed = {
        key: value
        for key, value in ARGUMENTS.items()
        if key in wanted and (wanted[key].default is inspect.Parameter.empty or "Fract" in name)
    }
    torch.manual_seed(1)
    x, more = torch.rand(1, *[4] * dims), {}
    if name == "Fold":
        needed["output_size"], x = (3, 3), torch.rand(4, 4)
    if name.startswith("MaxUnpool"):
        x, indices = getattr(nn, f"MaxPool{dims}d")(2, return_indices=True)(x)
        more = {"indices": indices}
    module = kind(**needed)
    lazy = "Lazy" in name
    if lazy:
        module(x)
    torch.manual_seed(2)
    found = slide(module, x, **more)
    torch.manual_seed(2)
    said = module(x, *more.values()).detach()
    part = said if name == "Unfold" else said[0]
    part = part.reshape(*(1,) * (3 - part.dim()), *part.shape)[0]
    shown = found.output if hasattr(found, "output") else found.target
    torch.testing.assert_close(torch.tensor(shown), part, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.Conv1d(1, 1, 2, dtype=torch.complex64), "a complex convolution is four real ones"),
        (nn.Conv2d(1, 1, 2, dtype=torch.complex128), "a complex convolution is four real ones"),
        (nn.ConvTranspose3d(1, 1, 2, dtype=torch.complex64), "four real ones"),
        (nn.Conv2d(1, 1, 2), "a complex convolution is four real ones"),
        (nn.Unfold(2), "take the same paths: slide each"),
        (nn.AvgPool2d(2), "torch slides no AvgPool2d over complex numbers"),
        (nn.MaxPool3d(2), "torch slides no MaxPool3d over complex numbers"),
        (nn.AdaptiveAvgPool1d(2), "torch slides no AdaptiveAvgPool1d over complex numbers"),
        (nn.LPPool2d(2, 2), "torch slides no LPPool2d over complex numbers"),
    ],
    ids=str,
)
def test_complex_numbers_get_an_honest_sentence(module, words):
    dims = TRACERS[type(module)][0]
    weight = getattr(module, "weight", None)
    dtype = weight.dtype if weight is not None and weight.is_complex() else torch.complex64
    x = torch.randn(1, *[4] * dims, dtype=dtype, generator=torch.Generator().manual_seed(3))
    with pytest.raises(SlidingWindowsError, match=words):
        slide(module, x)
    if "torch slides no" in words:
        with pytest.raises((RuntimeError, NotImplementedError)):
            module(x)
    if dtype == getattr(weight, "dtype", None):
        with pytest.raises(SlidingWindowsError, match=words):
            slide(module, x.real)  # the weight alone is complex


def test_four_real_convolutions_are_a_complex_one():
    """What the sentence says: (a + bi)(c + di) = ac − bd + (ad + bc)i."""
    whole = nn.Conv2d(1, 1, 2, bias=False, dtype=torch.complex128)
    x = torch.randn(1, 4, 4, dtype=torch.complex128, generator=torch.Generator().manual_seed(4))

    def part(weight, input):
        module = nn.Conv2d(1, 1, 2, bias=False, dtype=torch.float64)
        module.weight.data = weight
        return torch.tensor(slide(module, input).output, dtype=torch.float64)

    weight = whole.weight.data
    real = part(weight.real, x.real) - part(weight.imag, x.imag)
    imaginary = part(weight.imag, x.real) + part(weight.real, x.imag)
    torch.testing.assert_close(torch.complex(real, imaginary), whole(x)[0].detach())
