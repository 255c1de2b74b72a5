"""How a window's numbers become one, and a gradient goes back: max, average, LP, convolution.

To add a pool is to add a class here: how it folds a window, how far torch's number may be from
that, what it says, and what it passes back.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from . import arithmetic
from .arithmetic import LARGEST, LEAST, power, same
from .errors import SlidingWindowsError
from .text import equals, number

if TYPE_CHECKING:
    from .step import Step, Tap


@dataclass(frozen=True)
class Reduction(ABC):
    """How one trace's windows become numbers; subclasses are the kinds of it.

    bias: what is added, or None (convolution only). integral: torch counts in 64-bit integers.
    norm: the power of an LP pool. size: the elements of a whole window.

    kind: the name in a Trace. padding: what the padding holds where nothing is copied there.
    picks: True if the result is one of the window's own numbers, and equal to it.
    skips_zeros: True if torch may leave out zeros that padding added.
    """

    kind: ClassVar[str]
    padding: ClassVar[float] = 0.0
    picks: ClassVar[bool] = False
    skips_zeros: ClassVar[bool] = False

    bias: float | None = None
    integral: bool = False
    norm: float | None = None
    size: int = 1

    @abstractmethod
    def fold(self, step: Step) -> float:
        """The window's number: in float64, or exactly where torch counts in 64-bit integers."""

    def agrees(self, torch_says: float, step: Step, epsilon: float = 0.0) -> bool:
        """True if torch's number is the window's, up to the rounding of its dtype.

        Past the dtype's largest number a sum depends on its order: there any
        infinity or nan will do.
        """
        folded = self.fold(step)
        if same(folded, torch_says):
            return True
        return not (self.picks or self.integral) and self._near(torch_says, folded, step, epsilon)

    def _near(self, torch_says: float, folded: float, step: Step, epsilon: float) -> bool:
        """Whether they differ by no more than rounding, here that of a sum."""
        terms, products = self._terms(step), self._products(step)
        reach = _reach(terms)
        largest, least = LARGEST.get(epsilon, math.inf), LEAST.get(epsilon, 0.0)
        overflows = reach > largest or any(
            math.isinf(v * w) and math.isfinite(v) and math.isfinite(w) for v, w in products
        )
        if overflows and not (math.isfinite(torch_says) and math.isfinite(folded)):
            return True
        # The classic bound for a sum of n rounded terms, in any order, plus one for the division.
        rounding = sum(abs(t) * epsilon for t in terms) / abs(step.divisor or 1.0) + least
        flushed = sum(abs(v * w) for v, w in products if abs(v) < least or abs(w) < least)
        slack = 2 * (len(terms) + 2) * rounding + flushed
        return math.isfinite(slack) and abs(folded - torch_says) <= slack

    def _terms(self, step: Step) -> list[float]:
        """What is added up."""
        return [tap.value for tap in step.taps]

    def _products(self, step: Step) -> list[tuple[float, float]]:
        """(value, weight) of each term that is a product."""
        return []

    @abstractmethod
    def words(
        self, taps: Sequence[Tap], value: float, divisor: float | None = None, unseen: str = ""
    ) -> str:
        """The calculation of one window, such as 'max(1, 7) = 7'.

        value: torch's. divisor: as a Step has it. unseen: of a window without input, what it
        holds instead.
        """

    @abstractmethod
    def brief(self, step: Step) -> str:
        """The same for a window too large to write out."""

    @abstractmethod
    def shares(self, step: Step, arriving: float) -> list[float | None]:
        """What each tap receives of the gradient that arrives; None for nothing at all."""

    @abstractmethod
    def passed(self, step: Step, arriving: float, places: Sequence[tuple[int, int]]) -> str:
        """The same in words, without the arriving gradient itself.

        places: (row, col) of every element that receives something.
        """

    def cancelling(self, step: Step, epsilon: float) -> float:
        """How many times larger the rounding of the shares may be than theirs alone."""
        return 1.0

    def lost(self, step: Step) -> str:
        """Why nothing of use comes back through a window; '' if something does."""
        return ""

    def no_gradient(self, values: Iterable[float]) -> str:
        """Why a plane with these numbers has no gradient; '' if it has one."""
        return ""


class Max(Reduction):
    """The largest number; the first of equals wins, and takes the whole gradient."""

    kind = "max"
    padding = -math.inf
    picks = True

    def fold(self, step: Step) -> float:
        nan = any(math.isnan(tap.value) for tap in step.taps)
        return math.nan if nan else max(tap.value for tap in step.taps)

    def words(
        self, taps: Sequence[Tap], value: float, divisor: float | None = None, unseen: str = ""
    ) -> str:
        return arithmetic.maximum([tap.value for tap in taps], value, unseen)

    def brief(self, step: Step) -> str:
        return f"max of {len(step.taps)} numbers {_result(step)}"

    def shares(self, step: Step, arriving: float) -> list[float | None]:
        return [arriving if i == step.winner else None for i in range(len(step.taps))]

    def passed(self, step: Step, arriving: float, places: Sequence[tuple[int, int]]) -> str:
        if not places:
            return "goes to no element of this plane"
        [(row, col)], first = places, " (the first of equals)" if step.ties else ""
        return f"goes whole to the winner at ({row}, {col}){first}"


class Average(Reduction):
    """The sum over a divisor."""

    kind = "average"

    def fold(self, step: Step) -> float:
        divisor = _divisor(step)
        if self.integral and divisor:
            count = arithmetic.wrapped(sum(int(tap.value) for tap in step.taps))
            return math.trunc(Fraction(count, int(divisor)))
        total = sum(self._terms(step))
        if divisor == 0:
            nothing = total == 0 or math.isnan(total)
            return math.nan if nothing else math.copysign(math.inf, total)
        return total / divisor

    def words(
        self, taps: Sequence[Tap], value: float, divisor: float | None = None, unseen: str = ""
    ) -> str:
        denominator = len(taps) if divisor is None else divisor
        return arithmetic.average([tap.value for tap in taps], denominator, value, self.integral)

    def brief(self, step: Step) -> str:
        return arithmetic.short_average(
            self._terms(step), _divisor(step), step.value, self.integral
        )

    def shares(self, step: Step, arriving: float) -> list[float | None]:
        return [arriving / step.divisor if step.divisor else None] * len(step.taps)

    def passed(self, step: Step, arriving: float, places: Sequence[tuple[int, int]]) -> str:
        if not step.divisor:
            return "is divided by 0"
        share = number(arriving / step.divisor)
        return f"/ {number(step.divisor)}: each of {len(places)} gets {share}"


class Lp(Reduction):
    """The root of the sum of powers; torch scales a window cut short up to its whole size."""

    kind = "lp"

    def fold(self, step: Step) -> float:
        return power(sum(self._terms(step)) * self.scale(step), 1.0 / self.exponent)

    @property
    def exponent(self) -> float:
        """The power p."""
        if not self.norm:
            raise SlidingWindowsError(f"a power must be a number other than 0, not {self.norm!r}")
        return self.norm

    def scale(self, step: Step) -> float:
        """What the sum of powers is multiplied by."""
        return self.size / _divisor(step)

    def _terms(self, step: Step) -> list[float]:
        return [power(tap.value, self.exponent) for tap in step.taps]

    def _near(self, torch_says: float, folded: float, step: Step, epsilon: float) -> bool:
        # The sum's error goes through the root.
        largest, least = LARGEST.get(epsilon, math.inf), LEAST.get(epsilon, 0.0)
        terms, share = self._terms(step), self.scale(step)
        reach = _reach(terms)
        past = reach * share > largest or any(
            math.isinf(t) and math.isfinite(tap.value)
            for t, tap in zip(terms, step.taps, strict=True)
        )
        # An infinite sum has the root infinity, or, of a negative power, the root 0.
        if past and not (math.isfinite(torch_says) and (torch_says or self.exponent > 0)):
            return True
        if abs(self.exponent) == 0.5:  # in some dtypes torch takes C's power
            taps = tuple(
                tap._replace(value=abs(tap.value)) if tap.value == -math.inf else tap
                for tap in step.taps
            )
            if same(self.fold(replace(step, taps=taps)), torch_says):
                return True
        slack = (2 * (len(terms) + 4) * reach * epsilon + 4 * len(terms) * least) * share
        total, exponent = sum(terms) * share, 1.0 / self.exponent
        low, high = power(total - slack, exponent), power(total + slack, exponent)
        if exponent < 0 and total - slack <= 0 <= total + slack:
            # The sum may be zero, where such a root is infinite, of either sign or of none.
            nearest = min(abs(end) for end in (low, high) if not math.isnan(end))
            return not abs(torch_says) < nearest * (1 - 4 * epsilon)
        if math.isnan(torch_says):
            return math.isnan(low)
        if math.isnan(low):  # the sum may be zero, of which the root is zero
            low = 0.0
        low, high = sorted((low, high))
        margin = 4 * epsilon * max(abs(low), abs(high)) + 4 * least
        low, high = low - margin, high + margin
        if math.isinf(torch_says):  # a root past the dtype's largest number
            return high > largest if torch_says == math.inf else low < -largest
        return low <= torch_says <= high

    def words(
        self, taps: Sequence[Tap], value: float, divisor: float | None = None, unseen: str = ""
    ) -> str:
        values = [tap.value for tap in taps]
        return arithmetic.lp(values, self.exponent, len(taps), self.size, value)

    def brief(self, step: Step) -> str:
        return arithmetic.short_lp([tap.value for tap in step.taps], self.exponent, step.value)

    def shares(self, step: Step, arriving: float) -> list[float | None]:
        # d/dx of (scale · Σ x^p)^(1/p); where the sum is zero torch says zero.
        norm, scale = self.exponent, self.scale(step)
        total = sum(self._terms(step)) * scale
        common = arriving * scale * power(total, 1 / norm - 1) if total else 0.0
        if norm == 1 and math.isnan(total):  # of a sum by itself only the sign counts, 0 for nan
            common = arriving * 0.0
        return [common * power(tap.value, norm - 1) for tap in step.taps]

    def passed(self, step: Step, arriving: float, places: Sequence[tuple[int, int]]) -> str:
        if math.isnan(step.value):
            why = arithmetic.no_root([tap.value for tap in step.taps], self.exponent)
            if why:
                return f"becomes nan: {why}"
        words = f"goes to {_elements(places)}"
        if self.exponent == 1 and math.isnan(step.value) and math.isfinite(arriving):
            return f"{words} as 0: torch multiplies by the sign of nan, which it takes for 0"
        if not math.isfinite(step.value):
            return "becomes nan" if math.isnan(step.value) else words
        if not sum(self._terms(step)) and self.exponent > 0:
            return f"{words} as 0: the powers add up to 0"
        if len(places) < 2 or not arriving:
            return words
        # Σ x^p has the slope p·x^(p−1), whose other factors all elements share.
        if self.exponent == 1:
            return f"{words}, in equal shares"
        raised = "" if self.exponent == 2 else arithmetic.raised(self.exponent - 1)
        return f"{words}, in proportion to x{raised}"

    def cancelling(self, step: Step, epsilon: float) -> float:
        # Odd powers of either sign cancel in the sum, whose own rounding then counts for more;
        # infinite where it may be all of the sum.
        powers = self._terms(step)
        total, reach = sum(powers), sum(map(abs, powers))
        worse = reach / abs(total) if total and math.isfinite(reach) else 1.0
        certain = worse * (len(powers) + 2) * 2 * epsilon < 0.5
        return worse * (1 + abs(1 / self.exponent - 1)) if certain else math.inf

    def lost(self, step: Step) -> str:
        values = [tap.value for tap in step.taps]
        if math.isnan(step.value) and arithmetic.no_root(values, self.exponent):
            return ""
        why = arithmetic.past_powers(values, self.exponent, step.value)
        return f"{why}, so what comes back is 0 or nan, whatever the numbers are" if why else ""

    def no_gradient(self, values: Iterable[float]) -> str:
        # Torch multiplies by the slope even where no gradient arrives, which gives nan.
        if self.exponent < 1 and 0 in values:
            power_ = number(self.exponent)
            return f"a power of {power_} is infinitely steep at 0, so there is no gradient"
        return ""


class Convolution(Reduction):
    """The sum of input times weight, plus the bias."""

    kind = "convolution"
    skips_zeros = True

    def fold(self, step: Step) -> float:
        products, bias = self._products(step), self.bias or 0.0
        if self.integral and all(map(math.isfinite, (bias, *(n for p in products for n in p)))):
            return sum(int(value) * int(weight) for value, weight in products) + int(bias)
        return sum(self._terms(step))

    def _terms(self, step: Step) -> list[float]:
        return [value * weight for value, weight in self._products(step)] + [self.bias or 0.0]

    def _products(self, step: Step) -> list[tuple[float, float]]:
        return [(tap.value, _weight(tap)) for tap in step.taps]

    def words(
        self, taps: Sequence[Tap], value: float, divisor: float | None = None, unseen: str = ""
    ) -> str:
        values, weights = [tap.value for tap in taps], [_weight(tap) for tap in taps]
        return arithmetic.convolution(values, weights, self.bias, value, unseen)

    def brief(self, step: Step) -> str:
        terms = [term for product in self._products(step) for term in product]
        bias = ""
        if self.bias is not None:
            terms.append(self.bias)
            bias = f" + bias {arithmetic.signed(self.bias)}"
        over = arithmetic.past(terms, step.value, "sum of products")
        return f"sum of {len(step.taps)} products input · weight{bias} {_result(step)}{over}"

    def shares(self, step: Step, arriving: float) -> list[float | None]:
        return [arriving * _weight(tap) for tap in step.taps]

    def passed(self, step: Step, arriving: float, places: Sequence[tuple[int, int]]) -> str:
        return f"times the kernel goes to {_elements(places)}"


REDUCTIONS: dict[str, type[Reduction]] = {
    reduction.kind: reduction for reduction in (Max, Average, Lp, Convolution)
}


def _reach(terms: Iterable[float]) -> float:
    return sum(abs(term) for term in terms if math.isfinite(term))


def _elements(places: Sequence[tuple[int, int]]) -> str:
    return "1 element" if len(places) == 1 else f"{len(places)} elements"


def _divisor(step: Step) -> float:
    if step.divisor is None:
        raise SlidingWindowsError(f"step {step.output} has no divisor")
    return step.divisor


def _weight(tap: Tap) -> float:
    if tap.weight is None:
        raise SlidingWindowsError(f"the tap at {tap[:3]} has no weight")
    return tap.weight


def _result(step: Step) -> str:
    return f"{equals(step.value)} {number(step.value)}"
