"""One window computed again without torch, and whether torch's number agrees with it."""

from __future__ import annotations

import math

# The rounding unit of float16, bfloat16, float32 and float64, and each one's largest number.
LARGEST = {
    2.0**-10: 65504.0,
    2.0**-7: (2 - 2.0**-7) * 2.0**127,
    2.0**-23: (2 - 2.0**-23) * 2.0**127,
    2.0**-52: (2 - 2.0**-52) * 2.0**1023,
}
# What lies below may count as zero, in what goes in and in what comes out.
LEAST = {2.0**-10: 2.0**-24, 2.0**-7: 2.0**-126, 2.0**-23: 2.0**-126, 2.0**-52: 2.0**-1022}


def fold(step, kind: str, bias: float = 0.0, integral: bool = False) -> float:
    """The window's number: in float64, or exactly where torch counts in 64-bit integers."""
    if kind == "max":
        nan = any(math.isnan(tap.value) for tap in step.taps)
        return math.nan if nan else max(tap.value for tap in step.taps)
    if integral and step.divisor:
        total = (sum(int(tap.value) for tap in step.taps) + 2**63) % 2**64 - 2**63
        quotient = abs(total) // abs(int(step.divisor))
        return quotient if (total < 0) == (step.divisor < 0) else -quotient
    total = sum(_terms(step, kind, bias))
    if step.divisor == 0:
        nothing = total == 0 or math.isnan(total)
        return math.nan if nothing else math.copysign(math.inf, total)
    return total if kind == "convolution" else total / step.divisor


def agrees(torch_says: float, step, kind: str, bias=0.0, integral=False, epsilon=0.0) -> bool:
    """True if torch's number is the window's, but for the rounding of its dtype.

    Past the dtype's largest number a sum depends on its order: there any
    infinity or nan will do.
    """
    folded = fold(step, kind, bias, integral)
    if same(folded, torch_says):
        return True
    if kind == "max" or integral:
        return False
    terms = _terms(step, kind, bias)
    reach = sum(abs(t) for t in terms if math.isfinite(t))
    products = [(tap.value, tap.weight) for tap in step.taps] if kind == "convolution" else []
    overflows = reach > LARGEST.get(epsilon, math.inf) or any(
        math.isinf(v * w) and math.isfinite(v) and math.isfinite(w) for v, w in products
    )
    if overflows and not (math.isfinite(torch_says) and math.isfinite(folded)):
        return True
    # The classic bound for a sum of n rounded terms, in any order, plus one for the division.
    least = LEAST.get(epsilon, 0.0)
    rounding = sum(abs(t) * epsilon for t in terms) / abs(step.divisor or 1.0) + least
    flushed = sum(abs(v * w) for v, w in products if abs(v) < least or abs(w) < least)
    slack = 2 * (len(terms) + 2) * rounding + flushed
    return math.isfinite(slack) and abs(folded - torch_says) <= slack


def same(a, b) -> bool:
    """Equality under which nan equals nan."""
    return a == b or (a != a and b != b)


def _terms(step, kind: str, bias: float) -> list[float]:
    if kind == "convolution":
        return [tap.value * tap.weight for tap in step.taps] + [bias]
    return [tap.value for tap in step.taps]
