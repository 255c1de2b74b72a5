"""Plain tables of text."""

from __future__ import annotations

from .notation import number, size


def aligned(rows, left: int = 1) -> str:
    """Rows of equally many texts as lines; the first ``left`` columns to the left, others right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            text.ljust(width) if i < left else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def once(values) -> str:
    """One number for each axis, written once if they are equal: '3', or '3×5'."""
    texts = [number(value) for value in values]
    return texts[0] if len(set(texts)) == 1 else size(texts)


def shape_text(shape) -> str:
    """(3, 6, 6) as '(3, 6, 6)'."""
    return "(" + ", ".join(str(n) for n in shape) + ")"
