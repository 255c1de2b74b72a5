"""The Painter protocol: the shapes, texts and cells that a figure draws, as pixels or a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .canvas import Box
    from .grid import Panel


@dataclass(frozen=True)
class Cell:
    """One cell of a panel, and what is in it: a text, a shade, or its fill alone.

    text: the number as it is written, None where there is no type. level: the shade, 0 black.
    size: of the type, in pixels. room: pixels that bold type may be wide.
    hatched: for a cell that no window reads.
    """

    panel: Panel
    row: int
    col: int
    fill: str
    ink: str
    text: str | None = None
    level: int | None = None
    size: int = 0
    bold: bool = False
    room: int = 0
    hatched: bool = False

    @property
    def box(self) -> Box:
        """Pixels of the cell, grid lines included."""
        return self.panel.box(self.row, self.col)

    @property
    def inner(self) -> Box:
        """The same without them; small cells have theirs at the right and below alone."""
        left, top, right, bottom = self.box
        if self.panel.cell < 8:
            return left, top, right - 1, bottom - 1
        return left + 1, top + 1, right - 1, bottom - 1


class Painter(Protocol):
    """Paints a figure, in pixels (``Canvas``) or as a record of what is drawn (``Record``)."""

    def fill(self, box: Box, role: str) -> None:
        """A box of one colour."""

    def shade(self, box: Box, level: int) -> None:
        """A box of a grey of the ramp, 0 black."""

    def outline(self, box: Box, role: str, width: int) -> None:
        """A frame whose outer edge is the box."""

    def dashed(self, box: Box, role: str, width: int, dash: int = 8) -> None:
        """A frame of dashes."""

    def hatch(self, box: Box, role: str, gap: int = 8) -> None:
        """Diagonal lines, two pixels thick."""

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

    def centred(
        self, box: Box, text: str, size: int, role: str = "text", bold: bool = False
    ) -> None:
        """Text in the middle of a box, its capitals' height centred."""

    def cell(self, cell: Cell) -> None:
        """A cell with its number or its shade."""
