"""The lines below the grids that say what hatching, rings, dashes and shades mean."""

from __future__ import annotations

from .canvas import Box, Canvas, text_width
from .panels import LEGEND_SIZE
from .sizes import Sizes
from .style import SHADES

Rows = list[list[tuple[str, str, int]]]


def rows_of(entries: list[tuple[str, str]], sizes: Sizes) -> Rows:
    """(swatch, meaning, width in pixels) in lines that fit the figure.

    Swatches: the name of a fill, 'hatch', 'ring', 'dash', 'reach' (fainter dashes), or 'ramp'.
    """
    rows: Rows = []
    used = 0
    for swatch, meaning in entries:
        width = _indent(swatch, sizes) + text_width(meaning, sizes.px(LEGEND_SIZE)) + sizes.px(28)
        if not rows or used + width - sizes.px(28) > sizes.room:
            rows.append([])
            used = 0
        rows[-1].append((swatch, meaning, width))
        used += width
    return rows


def widest(rows: Rows, sizes: Sizes) -> int:
    """Pixels of the longest line."""
    return max((sum(width for *_, width in row) - sizes.px(28) for row in rows), default=0)


def draw(canvas: Canvas, rows: Rows, x: int, y: int, sizes: Sizes) -> None:
    """The lines, the first with its baseline at y."""
    px = sizes.px
    for row in rows:
        left = x
        for swatch, meaning, width in row:
            _swatch(canvas, (left, y - px(17), left + px(20), y + px(3)), swatch, sizes)
            text_x = left + _indent(swatch, sizes)
            canvas.text(text_x, y, meaning, px(LEGEND_SIZE), "muted")
            left += width
        y += px(LEGEND_SIZE + 10)


def _indent(swatch: str, sizes: Sizes) -> int:
    return sizes.px(56) if swatch == "ramp" else sizes.px(28)


def _swatch(canvas: Canvas, box: Box, swatch: str, sizes: Sizes) -> None:
    left, top, right, bottom = box
    if swatch == "ramp":
        each = max(1, sizes.px(48) // SHADES)
        canvas.fill((left, top, left + each * SHADES + 2, bottom), "line")
        for level in range(SHADES):
            start = left + 1 + level * each
            canvas.shade((start, top + 1, start + each, bottom - 1), level)
        return
    inner = (left + 1, top + 1, right - 1, bottom - 1)
    if swatch in ("dash", "reach"):
        canvas.dashed(box, "muted" if swatch == "dash" else "hatch", 2, 5)
        return
    canvas.fill(box, "line")
    canvas.fill(inner, "page" if swatch in ("hatch", "ring") else swatch)
    if swatch == "hatch":
        canvas.hatch(inner, "hatch")
    if swatch == "ring":
        canvas.outline((left + 4, top + 4, right - 4, bottom - 4), "edge", 2)
