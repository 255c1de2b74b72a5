"""The value object in the middle: what every window saw, in plain numbers.

A ``Trace`` cannot disagree with torch: building one folds every step again in
float64 and raises if the result differs from the output torch returned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from .errors import SlidingWindowsError
from .folding import agrees, fold, same
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

    output: (row, col) in the output. winner and ties: indices into taps, for max;
    a window of padding alone has no winner.
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
    counts_padding: False where an average leaves the padding out (count_include_pad).
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
    counts_padding: bool = True
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
        rows, cols = self.geometry.rows.windows[row], self.geometry.cols.windows[col]
        places = [(p, r, c) for p in range(len(self.planes)) for r in rows for c in cols]
        found = [tap[:3] for tap in step.taps]
        if not self.counts_padding:
            places = [place for place in places if not self.is_padding(*place[1:])]
        if found != places:
            raise SlidingWindowsError(
                f"the taps of step {step.output} are not its window", self.call
            )
        weights = [w for plane in self.weights for line in plane for w in line] or [None] * len(
            found
        )
        for tap, weight in zip(step.taps, weights, strict=True):
            if not same(tap.value, self.at(*tap[:3])) or not same(tap.weight, weight):
                raise SlidingWindowsError(
                    f"a tap of step {step.output} is not the input", self.call
                )
        torch_says = self.output[row][col]
        rules = self.kind, self.bias or 0.0, self.integral
        agreed = agrees(torch_says, step, *rules, self.epsilon)
        if not agreed and self.kind == "convolution" and self.padding_mode == "zeros":
            # Torch may skip the padding, which shows where a weight is infinite or nan.
            real = tuple(tap for tap in step.taps if not self.is_padding(tap.row, tap.col))
            agreed = agrees(torch_says, replace(step, taps=real), *rules, self.epsilon)
        if not agreed or not same(step.value, torch_says):
            folded = fold(step, *rules)
            raise SlidingWindowsError(
                f"the steps give {folded} at output {step.output}, torch gave {torch_says}",
                self.call,
            )
        if step.winner is not None and not same(step.taps[step.winner].value, torch_says):
            raise SlidingWindowsError(
                f"the winner of step {step.output} is not its value", self.call
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


def vars_of(item) -> dict:
    """The declared fields of a dataclass, without cached properties."""
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


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
