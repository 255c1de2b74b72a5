"""Whole numbers as people pass them to a layer: Python's, numpy's or torch's, alone or several."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import SupportsIndex, TypeVar, cast

from .errors import SlidingWindowsError

T = TypeVar("T")


def whole(value: object) -> int | None:
    """An int, or numpy's or torch's, as an int; None for anything else, truth values too."""
    try:
        return None if isinstance(value, bool) else operator.index(cast("SupportsIndex", value))
    except Exception:  # a tensor of some other kind refuses in its own way
        return None


def pair(value: object, name: str) -> tuple[int, int]:
    """An int or two ints, as torch's 2-D modules take them; anything else raises."""
    first, second = several(value, 2, name)
    return first, second


def several(value: object, count: int, name: str) -> tuple[int, ...]:
    """An int, or ``count`` ints, as torch's modules take them; anything else raises."""
    single = whole(value)
    if single is not None:
        return (single,) * count
    try:
        items = tuple(whole(item) for item in cast("Iterable[object]", value))
    except Exception:  # a tensor of some other kind refuses in its own way
        items = ()
    if len(items) == 1:
        items *= count
    result = tuple(item for item in items if item is not None)
    if not len(result) == len(items) == count:
        ints = {1: "one int", 2: "one int or two ints", 3: "one int or three ints"}[count]
        raise SlidingWindowsError(f"{name} must be {ints}, got {value!r}")
    return result


def whole_or_same(value: T) -> T:
    """What ``whole`` gives for it, or the value itself, for whoever refuses it with better words.

    The items of a tuple, a list or a one-dimensional array, one by one, as a tuple.
    """
    if isinstance(value, tuple | list) or len(getattr(value, "shape", ())) == 1:
        items = cast("Iterable[object]", value)
        return cast("T", tuple(whole_or_same(item) for item in items))
    number = whole(value)
    return value if number is None else cast("T", number)
