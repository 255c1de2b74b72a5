"""A picture held as palette numbers, so that no colour outside the palette can appear."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from .painter import Cell
from .style import LEVELS, PAIRS, ROLES, font

Pixels = npt.NDArray[np.uint8]  # (height, width) palette numbers
Box = tuple[int, int, int, int]  # left, top, right, bottom; right and bottom excluded

INDEX = {role: i for i, role in enumerate(ROLES)}
PAPER = len(ROLES) + len(PAIRS) * (LEVELS - 1)  # the page's colour as ink, on edge or fresh


def _blend_table() -> Pixels:
    """[ink, level, ground] -> palette number; unlisted pairs fall to ground or ink."""
    size = PAPER + 1
    table = np.zeros((len(ROLES), LEVELS + 1, size), np.uint8)
    grounds = np.arange(size, dtype=np.uint8)
    for role in range(len(ROLES)):
        for level in range(LEVELS + 1):
            table[role, level] = grounds if level * 2 < LEVELS else role
    for number, (ink, ground) in enumerate(PAIRS):
        for level in range(1, LEVELS):
            index = len(ROLES) + number * (LEVELS - 1) + level - 1
            table[INDEX[ink], level, INDEX[ground]] = index
    table[INDEX["page"], LEVELS] = PAPER  # without a background the page is clear, ink is not
    return table


TABLE = _blend_table()
FIRST_SHADE: int = TABLE.shape[2]  # the grey ramp follows a theme's own colours


@cache
def _glyphs(text: str, size: int, bold: bool, mono: bool) -> tuple[Pixels, int, int]:
    """Anti-aliasing levels of a text, with the offset from its baseline's left end."""
    face = font(size, bold, mono)
    mask, (left, top) = face.getmask2(text, mode="L", anchor="ls")
    width, height = mask.size
    grey = np.frombuffer(bytes(mask), np.uint8).reshape(height, width)
    return ((grey.astype(np.uint16) * LEVELS + 127) // 255).astype(np.uint8), left, top


@cache
def text_width(text: str, size: int, bold: bool = False, mono: bool = False) -> int:
    """Pixels from the pen's start to its end, rounded up."""
    return int(-(-font(size, bold, mono).getlength(text) // 1))


def is_bold(cell: Cell) -> bool:
    """Whether a cell's number is written in bold: where it is meant to be, and fits."""
    if cell.text is None:
        return cell.bold
    return cell.bold and text_width(cell.text, cell.size, bold=True) <= cell.room


class Canvas:
    """Palette numbers, rows of columns, and the few shapes a figure needs."""

    def __init__(self, width: int, height: int) -> None:
        self.pixels: Pixels = np.full((height, width), INDEX["page"], np.uint8)

    def copy(self) -> Canvas:
        twin = Canvas.__new__(Canvas)
        twin.pixels = self.pixels.copy()
        return twin

    def fill(self, box: Box, role: str) -> None:
        left, top, right, bottom = box
        self.pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = INDEX[role]

    def shade(self, box: Box, level: int) -> None:
        """Fill with a grey of the ramp, 0 black."""
        left, top, right, bottom = box
        self.pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = (
            FIRST_SHADE + level
        )

    def dashed(self, box: Box, role: str, width: int, dash: int = 8) -> None:
        """A frame of dashes."""
        left, top, right, bottom = box
        for x in range(left, right, 2 * dash):
            end = min(x + dash, right)
            self.fill((x, top, end, top + width), role)
            self.fill((x, bottom - width, end, bottom), role)
        for y in range(top, bottom, 2 * dash):
            end = min(y + dash, bottom)
            self.fill((left, y, left + width, end), role)
            self.fill((right - width, y, right, end), role)

    def outline(self, box: Box, role: str, width: int) -> None:
        """A frame whose outer edge is the box."""
        left, top, right, bottom = box
        self.fill((left, top, right, top + width), role)
        self.fill((left, bottom - width, right, bottom), role)
        self.fill((left, top, left + width, bottom), role)
        self.fill((right - width, top, right, bottom), role)

    def hatch(self, box: Box, role: str, gap: int = 8) -> None:
        """Diagonal lines, two pixels thick."""
        left, top, right, bottom = box
        if right <= left or bottom <= top:
            return
        ys, xs = np.mgrid[top:bottom, left:right]
        self.pixels[top:bottom, left:right][(xs + ys) % gap < 2] = INDEX[role]

    def text(
        self,
        x: int,
        y: int,
        text: str,
        size: int,
        role: str = "text",
        anchor: str = "left",
        bold: bool = False,
        mono: bool = False,
    ) -> None:
        """Text on a baseline at y; anchor says whether x is its left end, middle or right end."""
        levels, dx, dy = _glyphs(text, size, bold, mono)
        width = text_width(text, size, bold, mono)
        x -= {"left": 0, "middle": width // 2, "right": width}[anchor]
        height, width = levels.shape
        left, top = max(x + dx, 0), max(y + dy, 0)
        spot = self.pixels[top : top + height, left : left + width]
        spot[:] = TABLE[INDEX[role], levels[: spot.shape[0], : spot.shape[1]], spot]

    def centred(
        self, box: Box, text: str, size: int, role: str = "text", bold: bool = False
    ) -> None:
        """Text in the middle of a box, its capitals' height centred."""
        left, top, right, bottom = box
        baseline = (top + bottom + round(size * 0.73)) // 2
        self.text((left + right) // 2, baseline, text, size, role, "middle", bold)

    def cell(self, cell: Cell) -> None:
        """A cell with its number or its shade; of a hatched one the number is on a clear spot."""
        box, inner = cell.box, cell.inner
        if cell.panel.cell >= 8:
            self.fill(box, "line")
        if cell.level is not None:
            self.shade(inner, cell.level)
        else:
            self.fill(inner, cell.fill)
        if cell.hatched:
            self._hatched(cell)
        if cell.text is not None:
            self.centred(box, cell.text, cell.size, cell.ink, is_bold(cell))

    def _hatched(self, cell: Cell) -> None:
        left, top, right, bottom = cell.box
        inner = (left + 1, top + 1, right - 1, bottom - 1)
        self.hatch(inner, "hatch", 8 if cell.panel.cell > 12 else 4)
        if cell.text is not None:
            across, down = (left + right) // 2, (top + bottom) // 2
            half, height = cell.panel.cell * 3 // 10, cell.size * 6 // 10
            self.fill((across - half, down - height, across + half, down + height), "page")
