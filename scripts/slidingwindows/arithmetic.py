"""One window's calculation in words, as the figure and the transcript show it."""

from __future__ import annotations

from .notation import MINUS, equals, number

RAISED = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def signed(value: float) -> str:
    """A number ready to stand after an operator: negative ones in brackets."""
    text = number(value)
    return f"({text})" if text.startswith(MINUS) else text


def maximum(values, result: float) -> str:
    """'max(1, 7, 3, 5) = 7'"""
    return f"max({', '.join(number(v) for v in values)}) {equals(result)} {number(result)}"


def average(values, divisor: float, result: float, integral: bool) -> str:
    """'(1 + 7 + 3 + 5) / 4 = 4'"""
    total = " + ".join(signed(v) for v in values)
    rounded = " (integers: the fraction is cut off)" if integral else ""
    return f"({total}) / {signed(divisor)} {equals(result)} {number(result)}{rounded}"


def lp(values, norm: float, divisor: float, size: int, result: float) -> str:
    """'√(3² + 4²) = 5'; a window cut short is scaled up to its whole size, as torch does."""
    power = number(norm).translate(RAISED) if float(norm).is_integer() else f"^{number(norm)}"
    total = " + ".join(f"{signed(v)}{power}" for v in values)
    scale = "" if divisor == size else f" · {size}/{number(divisor)}"
    inner = f"({total}{scale})" if not scale else f"(({total}){scale})"
    roots = {1.0: inner, 2.0: f"√{inner}", 3.0: f"∛{inner}"}
    root = roots.get(norm, f"{inner}^(1/{number(norm)})")
    return f"{root} {equals(result)} {number(result)}"


def convolution(values, weights, bias: float | None, result: float) -> str:
    """'1·2 + 0·3 + bias 0.5 = 2.5'; input first, weight second."""
    terms = " + ".join(f"{signed(v)}·{signed(w)}" for v, w in zip(values, weights, strict=True))
    if bias is not None:
        terms += f" + bias {signed(bias)}"
    return f"{terms} {equals(result)} {number(result)}"


def brief(kind: str, step) -> str:
    """The same for a window too large to write out."""
    count = len(step.taps)
    result = f"{equals(step.value)} {number(step.value)}"
    if kind == "max":
        return f"max of {count} numbers {result}"
    if kind == "average":
        total = sum(tap.value for tap in step.taps)
        return (
            f"sum of {count} numbers / {number(step.divisor)}: {number(total)} / "
            f"{number(step.divisor)} {result}"
        )
    if kind == "lp":
        return f"root of the sum of {count} powers {result}"
    return f"sum of {count} products input · weight {result}"
