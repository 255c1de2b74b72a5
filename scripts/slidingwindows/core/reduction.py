"""One window computed again without torch, and whether torch's number agrees with it."""

from __future__ import annotations

import math
from typing import NamedTuple

# The rounding unit of float16, bfloat16, float32 and float64, and each one's largest number.
LARGEST = {
    2.0**-10: 65504.0,
    2.0**-7: (2 - 2.0**-7) * 2.0**127,
    2.0**-23: (2 - 2.0**-23) * 2.0**127,
    2.0**-52: (2 - 2.0**-52) * 2.0**1023,
}
COARSEST = max(LARGEST)
# What lies below may count as zero, in what goes in and in what comes out.
LEAST = {2.0**-10: 2.0**-24, 2.0**-7: 2.0**-126, 2.0**-23: 2.0**-126, 2.0**-52: 2.0**-1022}


class Rule(NamedTuple):
    """How a window's numbers become one.

    kind: 'max', 'average', 'lp' or 'convolution'. integral: torch counts in 64-bit integers.
    norm and size: the power of an lp pool, and the elements of its whole window.
    """

    kind: str
    bias: float = 0.0
    integral: bool = False
    norm: float | None = None
    size: int = 1


def fold(step, rule: Rule) -> float:
    """The window's number: in float64, or exactly where torch counts in 64-bit integers."""
    if rule.kind == "max":
        nan = any(math.isnan(tap.value) for tap in step.taps)
        return math.nan if nan else max(tap.value for tap in step.taps)
    if rule.integral and step.divisor:
        total = (sum(int(tap.value) for tap in step.taps) + 2**63) % 2**64 - 2**63
        quotient = abs(total) // abs(int(step.divisor))
        return quotient if (total < 0) == (step.divisor < 0) else -quotient
    total = sum(_terms(step, rule))
    if rule.kind == "lp":
        return power(total * rule.size / step.divisor, 1.0 / rule.norm)
    if step.divisor == 0:
        nothing = total == 0 or math.isnan(total)
        return math.nan if nothing else math.copysign(math.inf, total)
    return total if rule.kind == "convolution" else total / step.divisor


def agrees(torch_says: float, step, rule: Rule, epsilon: float = 0.0) -> bool:
    """True if torch's number is the window's, but for the rounding of its dtype.

    Past the dtype's largest number a sum depends on its order: there any
    infinity or nan will do.
    """
    folded = fold(step, rule)
    if same(folded, torch_says):
        return True
    if rule.kind == "max" or rule.integral:
        return False
    terms = _terms(step, rule)
    reach = sum(abs(t) for t in terms if math.isfinite(t))
    largest, least = LARGEST.get(epsilon, math.inf), LEAST.get(epsilon, 0.0)
    if rule.kind == "lp":
        return _lp_agrees(torch_says, step, rule, epsilon, reach)
    products = [(tap.value, tap.weight) for tap in step.taps] if rule.kind == "convolution" else []
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


def _lp_agrees(torch_says: float, step, rule: Rule, epsilon: float, reach: float) -> bool:
    """The same for a root of a sum of powers: the sum's error goes through the root."""
    largest, least = LARGEST.get(epsilon, math.inf), LEAST.get(epsilon, 0.0)
    terms, share = _terms(step, rule), rule.size / step.divisor
    past = reach * max(share, 1.0) > largest or any(
        math.isinf(t) and math.isfinite(tap.value) for t, tap in zip(terms, step.taps, strict=True)
    )
    if past and not math.isfinite(torch_says):
        return True
    slack = (2 * (len(terms) + 4) * reach * epsilon + 4 * len(terms) * least) * share
    total, exponent = sum(terms) * share, 1.0 / rule.norm
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
        return high > largest if torch_says > 0 else low < -largest
    return low <= torch_says <= high


def power(base: float, exponent: float) -> float:
    """base to an exponent as torch gives it: nan, infinity or a number, never an error."""
    if abs(exponent) == 0.5 and base <= 0:  # torch takes the square root, C's pow does not
        if base < 0:
            return math.nan
        return base if exponent > 0 else math.copysign(math.inf, base)
    odd = exponent % 2 == 1
    try:
        return math.pow(base, exponent)
    except ValueError:  # a negative number without a root, or one divided by zero
        if base < 0:
            return math.nan
        return math.copysign(math.inf, base) if odd else math.inf
    except OverflowError:
        return -math.inf if odd and base < 0 else math.inf


def same(a, b) -> bool:
    """Equality under which nan equals nan."""
    return a == b or (a != a and b != b)


def _terms(step, rule: Rule) -> list[float]:
    if rule.kind == "convolution":
        return [tap.value * tap.weight for tap in step.taps] + [rule.bias]
    if rule.kind == "lp":
        return [power(tap.value, rule.norm) for tap in step.taps]
    return [tap.value for tap in step.taps]
