"""The value object in the middle: what every window saw, in plain numbers.

A ``Trace`` cannot disagree with torch: building one folds every step again in
float64 and raises if the result differs from the output torch returned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from .errors import SlidingWindowsError
from .geometry import Axis, Geometry

Plane = tuple[tuple[float, ...], ...]
KINDS = ("max", "average", "convolution")


class Tap(NamedTuple):
    """One element a window reads. row and col are input positions, negative in the padding."""

    plane: int
    row: int
    col: int
    value: float
    weight: float | None = None


@dataclass(frozen=True)
class Step:
    """One window: what it read, and the number that torch returned for it.

    output: (row, col) in the output. winner and ties: indices into taps, for max.
    divisor: for average. arithmetic: the calculation in words.
    """

    output: tuple[int, int]
    taps: tuple[Tap, ...]
    value: float
    arithmetic: str
    winner: int | None = None
    ties: tuple[int, ...] = ()
    divisor: float | None = None


@dataclass(frozen=True)
class Trace:
    """A module slid over one input, window by window.

    kind: 'max', 'average' or 'convolution'. call: the torch call, as code.
    planes: the input channels the output depends on, padding included; the
    element at input position (r, c) of plane p is
    ``planes[p][r + pad_top][c + pad_left]``, see ``at``.
    weights: one kernel a plane (convolution only). bias: a number or None.
    output: what torch returned for one sample and one channel, rows of columns.
    input_shape, output_shape: of the whole tensors. integral: integer arithmetic.
    epsilon: the dtype's rounding unit, which bounds how far the folded steps
    may be from torch's output (a max must be equal).
    """

    kind: str
    operation: str
    call: str
    geometry: Geometry
    planes: tuple[Plane, ...]
    channels: tuple[int, ...]
    output: Plane
    steps: tuple[Step, ...]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    sample: int = 0
    channel: int = 0
    weights: tuple[Plane, ...] = ()
    bias: float | None = None
    padding_mode: str = "zeros"
    integral: bool = False
    epsilon: float = 2.0**-23

    def __post_init__(self):
        if self.kind not in KINDS:
            raise SlidingWindowsError(f"unknown kind of trace {self.kind!r}", self.call)
        rows, cols = self.geometry.output_shape
        expected = [(r, c) for r in range(rows) for c in range(cols)]
        if [step.output for step in self.steps] != expected:
            raise SlidingWindowsError("the steps do not cover the output once each", self.call)
        for step in self.steps:
            self._verify(step)

    def at(self, plane: int, row: int, col: int) -> float:
        """The number at an input position, which may lie in the padding."""
        top, left = self.geometry.rows.padding[0], self.geometry.cols.padding[0]
        return self.planes[plane][row + top][col + left]

    def is_padding(self, row: int, col: int) -> bool:
        """True where an input position lies in the padding."""
        height, width = self.geometry.input_shape
        return not (0 <= row < height and 0 <= col < width)

    def _verify(self, step: Step) -> None:
        row, col = step.output
        for tap in step.taps:
            if not _same(tap.value, self.at(tap.plane, tap.row, tap.col)):
                raise SlidingWindowsError(
                    f"a tap of step {step.output} is not the input", self.call
                )
        folded, slack = fold(self.kind, step, self.bias or 0.0, self.integral, self.epsilon)
        torch_says = self.output[row][col]
        agrees = _same(folded, torch_says) or abs(folded - torch_says) <= slack
        if not agrees or not _same(step.value, torch_says):
            raise SlidingWindowsError(
                f"the steps give {folded} at output {step.output}, torch gave {torch_says}",
                self.call,
            )

    def to_dict(self) -> dict:
        """Plain lists, numbers and strings, ready for JSON; infinities and nan as strings."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        fields["geometry"] = {
            "rows": vars_of(self.geometry.rows),
            "cols": vars_of(self.geometry.cols),
        }
        fields["steps"] = [
            {**vars_of(step), "taps": [list(tap) for tap in step.taps]} for step in self.steps
        ]
        return _plain(fields)

    @classmethod
    def from_dict(cls, data: dict) -> Trace:
        """The inverse of to_dict; verifies the numbers again."""
        fields = _frozen(data)
        axes = [Axis(**dict(fields["geometry"][name])) for name in ("rows", "cols")]
        fields["geometry"] = Geometry(*axes)
        fields["steps"] = tuple(
            Step(**{**step, "taps": tuple(Tap(*tap) for tap in step["taps"])})
            for step in fields["steps"]
        )
        return cls(**fields)


def fold(kind, step, bias=0.0, integral=False, epsilon=0.0) -> tuple[float, float]:
    """One step computed again in float64, and how far rounding may put torch from it."""
    values = [tap.value for tap in step.taps]
    if kind == "max":
        nan = any(math.isnan(v) for v in values)
        return (math.nan if nan else max(values)), 0.0
    if kind == "convolution":
        terms = [tap.value * tap.weight for tap in step.taps] + [bias]
        divisor = 1.0
    else:
        terms, divisor = values, step.divisor
    total = sum(terms)
    if divisor == 0:
        return (
            math.nan if total == 0 or math.isnan(total) else math.copysign(math.inf, total)
        ), 0.0
    size = sum(abs(t) for t in terms) / abs(divisor)
    # The classic bound for a sum of n rounded terms, in any order, plus one for the division.
    slack = 2 * (len(terms) + 2) * epsilon * size if math.isfinite(size) else 0.0
    result = total / divisor
    return (
        (float(math.trunc(result)), 0.0) if integral and math.isfinite(result) else (result, slack)
    )


def vars_of(item) -> dict:
    """The declared fields of a dataclass, without cached properties."""
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _frozen(value):
    if isinstance(value, dict):
        return {key: _frozen(v) for key, v in value.items()}
    if isinstance(value, list):
        return tuple(_frozen(v) for v in value)
    return float(value) if value in ("nan", "inf", "-inf") else value
