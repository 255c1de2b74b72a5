"""How torch is asked: what may be given to it, its refusals, and its tensors as plain numbers."""

from __future__ import annotations

import sys

import torch

from ..core.arguments import whole
from ..core.errors import SlidingWindowsError, one_error, words_of
from ..core.step import Plane

# More taps than this are not a lesson any more, and would take minutes to fold.
MAX_TAPS = 2_000_000


def tensor_of(input, who: str, what: str = "the input") -> torch.Tensor:
    """An input as a torch tensor; a numpy array is copied and keeps its dtype.

    who: the function that was given it, as what. Raises SlidingWindowsError for anything else, and
    for what does not hold its numbers one by one, such as a masked array.
    """
    numpy = sys.modules.get("numpy")
    masked = torch.masked.MaskedTensor
    if isinstance(input, masked) or (numpy and isinstance(input, numpy.ma.MaskedArray)):
        fills = "to_tensor(0)" if isinstance(input, masked) else "filled(0)"
        raise SlidingWindowsError(
            f"{what} is masked, and torch's windows skip nothing; "
            f"pass its {fills}, or fill it with another number"
        )
    if numpy and isinstance(input, numpy.ndarray):
        with one_error(f"{who} cannot take a numpy array of {input.dtype}"):
            return torch.from_numpy(numpy.array(input, order="C"))
    if not isinstance(input, torch.Tensor):
        raise SlidingWindowsError(
            f"{who} needs a torch tensor or a numpy array, got {type(input).__name__}"
        )
    if input.is_nested:
        raise SlidingWindowsError("a nested tensor has no single shape to slide over")
    if input.is_meta:
        raise SlidingWindowsError(f"{what} is on the meta device, which keeps no numbers")
    if input.layout is not torch.strided or input.is_quantized:
        kind, method = ("quantized", "dequantize") if input.is_quantized else ("sparse", "to_dense")
        raise SlidingWindowsError(f"{what} is {kind}; its {method}() can be taken")
    return input


def is_shape(input) -> bool:
    """True for whole numbers in one dimension, as many as a shape has: np.array([1, 8, 8])."""
    if isinstance(input, tuple | list):
        return 2 <= len(input) <= 5 and all(whole(item) is not None for item in input)
    numpy = sys.modules.get("numpy")
    if numpy and isinstance(input, numpy.ndarray):
        integral = input.dtype.kind in "iu"
    elif isinstance(input, torch.Tensor):
        integral = not (input.dtype.is_floating_point or input.is_complex() or input.is_nested)
        integral = integral and input.dtype is not torch.bool
    else:
        return False
    return integral and len(input.shape) == 1 and 2 <= len(input) <= 5


def ask_torch(function, *arguments, **options):
    """Call torch; its refusal becomes a SlidingWindowsError with torch's own words."""
    try:
        return function(*arguments, **options)
    except (RuntimeError, ValueError, TypeError, ArithmeticError, NotImplementedError) as error:
        raise SlidingWindowsError(f"torch says: {words_of(error)}") from error


def plane_of(tensor: torch.Tensor) -> Plane:
    """A (H, W) tensor as rows of Python floats; integers that a float would round stay ints."""
    return tuple(tuple(float(v) if v == float(v) else v for v in row) for row in tensor.tolist())


def rounding_unit(dtype: torch.dtype) -> float:
    """The step from 1 to the next number of a float dtype; 0 for integers, which do not round."""
    return torch.finfo(dtype).eps if dtype.is_floating_point else 0.0
