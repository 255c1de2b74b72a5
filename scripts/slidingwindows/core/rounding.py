"""Floats as torch's dtypes round them: their limits, powers, and when two of them are the same."""

from __future__ import annotations

import math

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


def same(a: object, b: object) -> bool:
    """Equality under which nan equals nan."""
    return a == b or (a != a and b != b)
