"""Small steps between torch tensors and plain numbers, shared by all operations."""

from __future__ import annotations

import torch

from .errors import SlidingWindowsError
from .trace import Plane

# More taps than this are not a lesson any more, and would take minutes to fold.
MAX_TAPS = 2_000_000


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
