"""Arithmetic as torch's dtypes do it, and one window's calculation in words, as a figure shows it.

An equals sign is printed where what is printed on its left gives, exactly, what is printed on its
right, and that is the number itself; everywhere else the sign is ≈.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Context, Decimal

from .text import MINUS, equals, number

# The rounding unit of float16, bfloat16, float32 and float64, and each one's largest number.
LARGEST = {
    2.0**-10: 65504.0,
    2.0**-7: (2 - 2.0**-7) * 2.0**127,
    2.0**-23: (2 - 2.0**-23) * 2.0**127,
    2.0**-52: (2 - 2.0**-52) * 2.0**1023,
}
DIGITS = {2.0**-10: 11, 2.0**-7: 8, 2.0**-23: 24, 2.0**-52: 53}  # binary ones
# Smaller numbers may be flushed to zero, both in inputs and in results.
LEAST = {2.0**-10: 2.0**-24, 2.0**-7: 2.0**-126, 2.0**-23: 2.0**-126, 2.0**-52: 2.0**-1022}


def power(base: float, exponent: float) -> float:
    """base to an exponent as torch gives it: nan, infinity or a number, never an error."""
    if abs(exponent) == 0.5 and base <= 0:  # torch takes the square root, C's pow does not
        if base < 0:
            return math.nan
        return base if exponent == 0.5 else math.copysign(math.inf, base)
    infinite = math.copysign(math.inf, base) if exponent % 2 == 1 else math.inf
    try:
        return math.pow(base, exponent)
    except ValueError:  # a negative number without a root, or one divided by zero
        return math.nan if base < 0 else infinite
    except OverflowError:
        return infinite


def held(value: float, epsilon: float) -> bool:
    """Whether the dtype with a rounding unit can hold a number; epsilon 0: 64-bit integers."""
    if not math.isfinite(value):
        return epsilon > 0 or value == -math.inf  # which a max of integers gives for padding
    if not epsilon:
        return value == int(value)
    return math.ldexp(math.frexp(value)[0], DIGITS[epsilon]).is_integer()


def same(a: object, b: object) -> bool:
    """Equality under which nan equals nan."""
    return a == b or (a != a and b != b)


WRAPS = "the sum is past 64 bits and wraps round"
RAISED = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
EXACT = Context(prec=2000)  # digits enough for any sum or product of what is printed


def signed(value: float) -> str:
    """A number as written after an operator: negative ones in brackets."""
    text = number(value)
    return f"({text})" if text.startswith(MINUS) else text


def maximum(values: Iterable[float], result: float, unseen: str = "") -> str:
    """'max(1, 7, 3, 5) = 7'

    unseen: of a window without input, what it holds instead.
    """
    text = f"max({', '.join(number(v) for v in values)}) {equals(result)} {number(result)}"
    return text + _blind(unseen)


def wrapped(total: int) -> int:
    """A whole number as 64 bits hold it: past either end, counting goes on from the other."""
    return (total + 2**63) % 2**64 - 2**63


def _wraps(values: Sequence[float]) -> bool:
    total = sum(map(int, values))
    return wrapped(total) != total


def average(values: Sequence[float], divisor: float, result: float, integral: bool) -> str:
    """'(1 + 7 + 3 + 5) / 4 = 4'"""
    total = " + ".join(map(signed if len(values) > 1 else number, values))
    rounded = " (integers: the fraction is cut off)" if integral else ""
    if integral and _wraps(values):
        rounded = f" (integers: {WRAPS}, and the fraction is cut off)"
    text = _result(result, lambda: _divides(values, divisor, result, integral))
    over = past(values, result) if divisor else ""
    return f"({total}) / {signed(divisor)} {text}{rounded}{over}"


def raised(norm: float) -> str:
    """An exponent as it is written behind its base: '²', '^0.5'."""
    return number(norm).translate(RAISED) if float(norm).is_integer() else f"^{number(norm)}"


def lp(values: Sequence[float], norm: float, divisor: float, size: int, result: float) -> str:
    """'√(3² + 4²) = 5'; a window cut short is scaled up to its whole size, as torch does."""
    exponent = raised(norm)
    total = " + ".join(f"{signed(v)}{exponent}" for v in values)
    scale = "" if divisor == size else f" · {size}/{number(divisor)}"
    inner = f"({total}{scale})" if not scale else f"(({total}){scale})"
    roots = {1.0: inner, 2.0: f"√{inner}", 3.0: f"∛{inner}"}
    root = roots.get(norm, f"{inner}^(1/{number(norm)})")
    text = _result(result, lambda: _is_root(values, norm, size / divisor, result))
    return f"{root} {text}{_powers(values, norm, result)}"


def short_lp(values: Sequence[float], norm: float, result: float) -> str:
    """'root of the sum of 40 powers = 5', for a window too large to write out."""
    why = _powers(values, norm, result)
    text = _result(result, lambda: not why)
    return f"root of the sum of {len(values)} powers {text}{why}"


def _powers(values: Sequence[float], norm: float, result: float) -> str:
    """Why torch gives no number, or 0 or infinity of others; '' if the result is their root."""
    why = no_root(values, norm) if math.isnan(result) else ""
    why = why or past_powers(values, norm, result)
    if not why and abs(norm) == 0.5 and -math.inf in values and not math.isnan(result):
        why = f"torch's power {number(norm)} of −∞ is that of ∞ here"
    return f" ({why})" if why else ""


def past_powers(values: Sequence[float], norm: float, result: float) -> str:
    """That torch's dtype cannot hold the powers of an LP pool; '' if the result is their root.

    Powers of either sign may cancel: of those a 0 says nothing.
    """
    if not all(map(math.isfinite, values)):
        return ""
    one_sign = norm % 2 == 0 or min(values) >= 0 or max(values) <= 0
    inverse = norm < 0
    large, small = ("underflow", "overflow") if inverse else ("overflow", "underflow")
    if not math.isfinite(result) and (one_sign or not inverse):
        return f"torch's powers {large}"
    if result == 0 and one_sign and (all(values) if inverse else any(values)):
        return f"torch's powers {small}"
    return ""


def no_root(values: Sequence[float], norm: float) -> str:
    """Why torch's LP pool gives nan for numbers of which none is nan; '' if it does not."""
    if any(math.isnan(v) for v in values):
        return ""
    if not float(norm).is_integer():
        negative = any(v < 0 for v in values)
        return f"torch has no power {number(norm)} of a negative number" if negative else ""
    total = sum(power(v, norm) for v in values)
    if total < 0 and abs(norm) != 1:
        return "the sum is negative, of which torch takes no root"
    return ""


def convolution(
    values: Sequence[float],
    weights: Sequence[float],
    bias: float | None,
    result: float,
    unseen: str = "",
) -> str:
    """'1·2 + 0·3 + bias 0.5 = 2.5'; input first, weight second."""
    terms = " + ".join(f"{signed(v)}·{signed(w)}" for v, w in zip(values, weights, strict=True))
    if bias is not None:
        terms += f" + bias {signed(bias)}"
    added = bias or 0.0
    text = _result(result, lambda: _adds(values, weights, added, result))
    over = past([*values, *weights, added], result, "sum of products")
    return f"{terms} {text}{_blind(unseen)}{over}"


def short_average(
    values: Sequence[float], divisor: float, result: float, integral: bool = False
) -> str:
    """'sum of 40 numbers / 39.5: 4.936 / 39.5 ≈ 0.125', for a window too large to write out."""
    total, denominator = sum(values), number(divisor)
    text = _result(result, lambda: _divides([total], divisor, result, integral=False))
    over = past(values, result) if divisor else ""
    over = f" (integers: {WRAPS})" if integral and _wraps(values) else over
    division = f"{number(total)} / {denominator}"
    return f"sum of {len(values)} numbers / {denominator}: {division} {text}{over}"


def _blind(unseen: str) -> str:
    return f" (the window sees no input, {unseen} alone)" if unseen else ""


def past(terms: Iterable[float], result: float, what: str = "sum") -> str:
    """That what torch's dtype can hold was exceeded; '' if the result follows from the terms."""
    if math.isfinite(result) or not all(map(math.isfinite, terms)):
        return ""
    return f" (torch's {what} overflows)"


def _result(result: float, holds: Callable[[], bool]) -> str:
    """'= 4', or '≈ 3.667'. holds: whether the printed terms give the printed result."""
    sign = equals(result)
    if sign == "=" and math.isfinite(result) and not holds():
        sign = "≈"
    return f"{sign} {number(result)}"


def _shown(values: Sequence[float]) -> list[Decimal] | None:
    """The numbers as they are printed; None if one of them is not finite."""
    if not all(map(math.isfinite, values)):
        return None
    return [Decimal(number(value).replace(MINUS, "-")) for value in values]


def _sum(terms: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for term in terms:
        total = EXACT.add(total, term)
    return total


def _divides(values: Sequence[float], divisor: float, result: float, integral: bool) -> bool:
    shown = _shown([*values, divisor, result])
    if shown is None:
        return True
    *terms, denominator, mine = shown
    total = _sum(terms)
    if integral and denominator:
        return EXACT.divide_int(total, denominator) == mine
    return total == EXACT.multiply(mine, denominator)


def _adds(values: Sequence[float], weights: Sequence[float], bias: float, result: float) -> bool:
    left, right, ends = _shown(values), _shown(weights), _shown([bias, result])
    if left is None or right is None or ends is None:
        return True
    return _sum([*map(EXACT.multiply, left, right), ends[0]]) == ends[1]


def _is_root(values: Sequence[float], norm: float, scale: float, result: float) -> bool:
    shown = _shown([*values, result])
    if shown is None:
        return True
    if norm > 0 and float(norm).is_integer() and scale == 1:
        *terms, mine = (EXACT.power(number, int(norm)) for number in shown)
        return _sum(terms) == mine
    *bases, printed = map(float, shown)
    root = power(sum(power(base, norm) for base in bases) * scale, 1 / norm)
    return math.isclose(root, printed, rel_tol=1e-12)
