"""Small steps between torch tensors and plain numbers, shared by all operations."""

from __future__ import annotations

import sys

import torch

from ..core.errors import SlidingWindowsError, one_error
from ..core.trace import Plane

# More taps than this are not a lesson any more, and would take minutes to fold.
MAX_TAPS = 2_000_000


def tensor_of(input, who: str) -> torch.Tensor:
    """An input as a torch tensor; a numpy array is copied and keeps its dtype.

    who: the function that was given it. Raises SlidingWindowsError for anything else, and for a
    tensor that does not hold its numbers one by one.
    """
    numpy = sys.modules.get("numpy")
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
        raise SlidingWindowsError("the input is on the meta device, which keeps no numbers")
    if input.layout is not torch.strided or input.is_quantized:
        kind, way = ("quantized", "dequantize") if input.is_quantized else ("sparse", "to_dense")
        raise SlidingWindowsError(f"the input is {kind}; its {way}() can be taken")
    return input


def ask_torch(function, *arguments, **options):
    """Call torch; its refusal becomes a SlidingWindowsError with torch's own words."""
    try:
        return function(*arguments, **options)
    except (RuntimeError, ValueError, TypeError, ArithmeticError, NotImplementedError) as error:
        words = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise SlidingWindowsError(f"torch says: {words}") from error


def plane_of(tensor: torch.Tensor) -> Plane:
    """A (H, W) tensor as rows of Python floats; integers that a float would round stay ints."""
    return tuple(tuple(float(v) if v == float(v) else v for v in row) for row in tensor.tolist())


def rounding_unit(dtype: torch.dtype) -> float:
    """The step from 1 to the next number of a float dtype; 0 for integers, which do not round."""
    return torch.finfo(dtype).eps if dtype.is_floating_point else 0.0
