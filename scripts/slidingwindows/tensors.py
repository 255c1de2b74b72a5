"""Small steps between torch tensors and plain numbers, shared by all operations."""

from __future__ import annotations

import torch

from .errors import SlidingWindowsError
from .geometry import Geometry
from .trace import Plane, Tap

# More taps than this are not a lesson any more, and would take minutes to fold.
MAX_TAPS = 2_000_000


def ask_torch(function, *arguments, **options):
    """Call torch; its refusal becomes a SlidingWindowsError with torch's own words."""
    try:
        return function(*arguments, **options)
    except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
        words = str(error).strip().splitlines()[0]
        raise SlidingWindowsError(f"torch says: {words}") from error


def plane_of(tensor: torch.Tensor) -> Plane:
    """A (H, W) tensor as rows of Python floats; integers that a float would round stay ints."""
    return tuple(tuple(float(v) if v == float(v) else v for v in row) for row in tensor.tolist())


def padded_plane(tensor: torch.Tensor, geometry: Geometry, value: float) -> Plane:
    """A (H, W) tensor with its constant padding drawn around it."""
    top, bottom = geometry.rows.padding
    left, right = geometry.cols.padding
    width = tensor.shape[1] + left + right
    body = [(value,) * left + row + (value,) * right for row in plane_of(tensor)]
    edge = ((value,) * width,)
    return edge * top + tuple(body) + edge * bottom


def rounding_unit(dtype: torch.dtype) -> float:
    """The step from 1 to the next number of a float dtype; 0 for integers, which do not round."""
    return torch.finfo(dtype).eps if dtype.is_floating_point else 0.0


def check_work(geometry: Geometry, planes: int = 1) -> None:
    """Refuse a trace too long to be of use before it is begun."""
    taps = planes
    for axis in (geometry.rows, geometry.cols):
        taps *= axis.output_size * axis.kernel_size
    if taps > MAX_TAPS:
        raise SlidingWindowsError(
            f"the windows read {taps:,} elements, more than the {MAX_TAPS:,} a trace may hold"
        )


def window_taps(geometry: Geometry, planes: tuple[Plane, ...], row: int, col: int, weights=()):
    """What the window of output (row, col) reads: plane by plane, row by row."""
    top, left = geometry.rows.padding[0], geometry.cols.padding[0]
    taps = []
    for p, plane in enumerate(planes):
        for i, r in enumerate(geometry.rows.windows[row]):
            for j, c in enumerate(geometry.cols.windows[col]):
                weight = weights[p][i][j] if weights else None
                taps.append(Tap(p, r, c, plane[r + top][c + left], weight))
    return tuple(taps)


def spots(geometry: Geometry):
    """Output positions in reading order."""
    height, width = geometry.output_shape
    return [(r, c) for r in range(height) for c in range(width)]
