"""Value objects to plain lists, numbers and strings, and back: what JSON can hold."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass

from .geometry import Axis
from .uneven import UnevenAxis


def fields_of(item) -> dict:
    """The declared fields of a dataclass, without cached properties."""
    return {field.name: getattr(item, field.name) for field in fields(item)}


def plain(value):
    """Tuples as lists, axes as their fields; infinities and nan as strings, which JSON lacks."""
    if isinstance(value, float):  # first, as nearly everything is a number
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    return plain(fields_of(value)) if is_dataclass(value) else value


def frozen(value):
    """The inverse of plain, but for the types of value objects."""
    if isinstance(value, dict):
        return {key: frozen(v) for key, v in value.items()}
    if isinstance(value, list):
        return tuple(frozen(v) for v in value)
    return float(value) if value in ("nan", "inf", "-inf") else value


def axis_of(fields: dict) -> Axis | UnevenAxis:
    """An axis from its fields: the uneven ones list their windows."""
    return UnevenAxis(**fields) if "spans" in fields else Axis(**fields)
