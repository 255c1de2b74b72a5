"""How this project writes numbers, tables and JSON: short, and exact where it can be."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence

MINUS = "−"


def number(value: float) -> str:
    """At most three digits after the point, no trailing zeros, a real minus sign.

    >>> number(3.0), number(-0.52834), number(float("-inf"))
    ('3', '−0.528', '−∞')
    """
    magnitude = abs(value)
    if math.isinf(value):
        text = "∞"
    elif 0 < magnitude < 0.0005 or magnitude >= 1e6:
        text = f"{magnitude:.2e}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
        text = text.replace("-", MINUS)
    else:
        text = f"{magnitude:.3f}".rstrip("0").rstrip(".")  # of nan "nan"
    return f"{MINUS}{text}" if value < 0 else text


def equals(value: float) -> str:
    """'=' if number(value) is the value, to float32's precision, else '≈'."""
    if not math.isfinite(value):
        return "="
    shown = float(number(value).replace(MINUS, "-"))
    return "=" if math.isclose(shown, value, rel_tol=2e-7) else "≈"


def size(shape: Iterable[int | str]) -> str:
    """(6, 7) as '6×7'."""
    return "×".join(str(n) for n in shape)


def aligned(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Rows of equally many texts as lines; the first ``left`` columns to the left, others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            text.ljust(width) if i < left else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def once(values: Iterable[float]) -> str:
    """One number for each axis, written once if they are equal: '3', or '3×5'."""
    return once_text([number(value) for value in values])


def once_text(texts: Sequence[str]) -> str:
    """The same of what is already a text."""
    return size(texts if len(set(texts)) > 1 else texts[:1])


def shape_text(shape: Iterable[int]) -> str:
    """(3, 6, 6) as '(3, 6, 6)'."""
    return "(" + ", ".join(str(n) for n in shape) + ")"


def json_text(data: object, indent: int = 0) -> str:
    """Plain data as strict JSON: whatever holds only numbers and words is on one line.

    Raises ValueError for infinities and nan, which ``to_dict`` has as strings.

    >>> print(json_text({"a": [1, 2], "b": {"c": [[1], [2]]}}))
    {
     "a": [1, 2],
     "b": {
      "c": [
       [1],
       [2]
      ]
     }
    }
    """
    values = list(data.values()) if isinstance(data, dict) else data
    if not isinstance(values, list | tuple) or not any(
        isinstance(value, dict | list | tuple) for value in values
    ):
        return json.dumps(data, ensure_ascii=False, allow_nan=False)
    inner = "\n" + " " * (indent + 1)
    parts = [json_text(value, indent + 1) for value in values]
    if isinstance(data, dict):
        parts = [
            f"{json.dumps(str(key), ensure_ascii=False)}: {part}"
            for key, part in zip(data, parts, strict=True)
        ]
    start, end = "{}" if isinstance(data, dict) else "[]"
    return start + inner + ("," + inner).join(parts) + "\n" + " " * indent + end
