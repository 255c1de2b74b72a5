"""How this project writes a number: short, exact where it can be, honest where not."""

from __future__ import annotations

import math

MINUS = "−"


def number(value: float) -> str:
    """At most three digits after the point, no trailing zeros, a real minus sign.

    >>> number(3.0), number(-0.52834), number(float("-inf"))
    ('3', '−0.528', '−∞')
    """
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    magnitude = abs(value)
    if 0 < magnitude < 0.0005 or magnitude >= 1e6:
        text = f"{magnitude:.2e}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
        text = text.replace("-", MINUS)
    else:
        text = f"{magnitude:.3f}".rstrip("0").rstrip(".")
    return f"{MINUS}{text}" if value < 0 and text != "0" else text


def equals(value: float) -> str:
    """'=' if number(value) is the value, to float32's precision, else '≈'."""
    if not math.isfinite(value):
        return "="
    shown = float(number(value).replace(MINUS, "-"))
    return "=" if math.isclose(shown, value, rel_tol=2e-7) else "≈"


def size(shape) -> str:
    """(6, 7) as '6×7'."""
    return "×".join(str(n) for n in shape)
