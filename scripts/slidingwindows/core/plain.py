"""JSON data from value objects and back: tuples as lists, axes as fields, infinities as strings."""

from __future__ import annotations

import math
import reprlib
import sys
import types
import typing
from dataclasses import Field, fields, is_dataclass
from functools import cache
from typing import Any, ClassVar, Protocol

from .errors import SlidingWindowsError
from .geometry import AnyAxis, Axis, Geometry
from .uneven import UnevenAxis

AS_THEY_ARE = (int, str, bool, type(None))
ATOMS = {float, *AS_THEY_ARE}
NUMBERS = ATOMS - {str}
WIDEST = 2**63  # torch counts in 64 bits
Fields = dict[str, object]  # by name; their values are checked when they are read


class Dataclass(Protocol):
    """An object of any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def fields_of(item: Dataclass) -> Fields:
    """The declared fields of a dataclass, without cached properties."""
    return {field.name: getattr(item, field.name) for field in fields(item)}


def plain(value: object) -> object:
    """Tuples as lists, axes as their fields; infinities and nan as strings, which JSON lacks."""
    if isinstance(value, float):  # first, as nearly everything is a number
        return value if math.isfinite(value) else str(value)
    if type(value) in AS_THEY_ARE:
        return value
    if isinstance(value, (list, tuple)):
        if ATOMS.issuperset(map(type, value)):  # nearly all of them, without a call for each item
            return [v if type(v) is not float or math.isfinite(v) else str(v) for v in value]
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return plain(fields_of(value))
    return value


def frozen(value: object) -> object:
    """The inverse of plain, except that value objects stay dicts."""
    if isinstance(value, dict):
        return {key: frozen(v) for key, v in value.items()}
    if isinstance(value, list):
        if NUMBERS.issuperset(map(type, value)):
            return tuple(value)
        return tuple(frozen(v) for v in value)
    return float(value) if isinstance(value, str) and value in ("nan", "inf", "-inf") else value


def axis_of(fields: Fields) -> AnyAxis:
    """An axis from its fields: the uneven ones list their windows."""
    parts: dict[str, Any] = fields  # the classes refuse what they cannot take
    return UnevenAxis(**parts) if "spans" in fields else Axis(**parts)


def geometry_of(fields: Fields) -> Geometry:
    """A geometry from the fields of its axes; no other field is accepted."""
    parts: dict[str, Any] = fields
    return Geometry(**{name: axis_of(axis) for name, axis in parts.items()})


def check_types(item: object) -> None:
    """Raise SlidingWindowsError if a field does not hold what its class declares.

    item: a dataclass or a NamedTuple; its fields are checked all the way down.
    """
    # mypy doubts that classes are hashable.
    for name, hint in _hints(type(item)).items():  # type: ignore[arg-type]
        value = getattr(item, name)
        if not _fits(value, hint):
            raise SlidingWindowsError(
                f"{name} of a {type(item).__name__} cannot be {reprlib.repr(value)}"
            )


@cache
def _hints(kind: type) -> dict[str, object]:
    hints = typing.get_type_hints(kind)
    return {n: h for n, h in hints.items() if typing.get_origin(h) is not typing.ClassVar}


@cache
def _parts(hint: object) -> tuple[object, tuple[object, ...]]:
    return typing.get_origin(hint), typing.get_args(hint)


def _fits(value: object, hint: object) -> bool:
    if hint is float:
        return type(value) is float or (type(value) is int and abs(value) <= sys.float_info.max)
    if hint is int:
        return type(value) is int and -WIDEST <= value < WIDEST
    if hint in AS_THEY_ARE:
        return type(value) is hint
    origin, inside = _parts(hint)
    if origin in (types.UnionType, typing.Union):
        return any(_fits(value, one) for one in inside)
    if origin is tuple:
        return type(value) is tuple and _fit(value, inside)
    fits = isinstance(hint, type) and isinstance(value, hint)
    if fits:
        check_types(value)
    return fits


def _fit(items: tuple[object, ...], hints: tuple[object, ...]) -> bool:
    if Ellipsis not in hints:
        return len(items) == len(hints) and all(map(_fits, items, hints))
    hint, _ = hints
    if hint is float and set(map(type, items)) == {float}:  # nearly all, without a call for each
        return True
    return all(_fits(item, hint) for item in items)
