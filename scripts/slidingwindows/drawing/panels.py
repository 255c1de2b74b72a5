"""A grid of cells on a figure, and the texts that must fit: sizes only, no drawing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..core.text import MINUS, number
from ..core.trace import Rows
from .canvas import Box, text_width
from .style import MARGIN, WIDTH

# Pixels of a figure 640 wide.
LARGEST_CELL = 60
SMALLEST_FONT, FAIR_FONT, GOOD_FONT, LARGEST_FONT = 13, 17, 20, 26
TITLE_SIZE, LABEL_SIZE, LINE_SIZE, LEGEND_SIZE = 22, 20, 23, 18
OPERATOR_GAP = 52  # room for the arrow or the asterisk between two panels
RULER = 20  # room for the rulers of uneven windows
MAX_PLANES = 4


@dataclass(frozen=True)
class Grid:
    """What a panel is to hold, before it has a place.

    first_row, first_col: positions of the upper left cell. values: the numbers its cells
    may show, for the size of the type.
    """

    role: str  # 'input', 'kernel' or 'output'
    label: str
    rows: int
    cols: int
    values: frozenset[float]
    first_row: int = 0
    first_col: int = 0


@dataclass(frozen=True)
class Panel:
    """A grid of cells. first_row and first_col are the positions of its upper left cell."""

    role: str  # 'input', 'kernel' or 'output'
    label: str
    x: int
    y: int
    rows: int
    cols: int
    cell: int
    first_row: int = 0
    first_col: int = 0

    def box(self, row: int, col: int, height: int = 1, width: int = 1) -> Box:
        """Pixels of the cells from (row, col), grid lines on all sides included."""
        left = self.x + (col - self.first_col) * self.cell
        top = self.y + (row - self.first_row) * self.cell
        return left, top, left + width * self.cell + 1, top + height * self.cell + 1


def values_of(planes: Iterable[Rows]) -> frozenset[float]:
    """The different numbers of some planes."""
    return frozenset(value for plane in planes for row in plane for value in row)


def cell_text(value: float, digits: int) -> str:
    """A number for a cell: number() with fewer digits after the point where room is short."""
    text = number(value)
    if "." in text and "e" not in text and len(text.split(".")[1]) > digits:
        text = f"{value:.{digits}f}".replace("-", MINUS)
        text = text.rstrip("0").rstrip(".") if digits else text
        text = "≈0" if text in ("0", f"{MINUS}0") else text  # never a plain 0 that is not one
    return text


def wrap(
    text: str, size_: int, mono: bool = False, room: int = WIDTH - 2 * MARGIN, bold: bool = False
) -> list[str]:
    """Break a text into lines after spaces, so that each fits the figure's width."""
    lines, current = [], ""
    for word in text.split(" "):
        longer = f"{current} {word}" if current else word
        if current and text_width(longer, size_, bold, mono) > room:
            lines.append(current)
            current = word
        else:
            current = longer
    return [*lines, current]
