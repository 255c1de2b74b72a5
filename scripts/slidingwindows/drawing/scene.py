"""What every figure has: a title, grids of cells, a legend, a line of words, a progress bar."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Generic, TypeVar

from ..core.step import Step
from ..core.transfer import Move
from ..words import figure
from .canvas import Box, Canvas, text_width
from .grid import (
    LABEL_SIZE,
    LEGEND_SIZE,
    LINE_SIZE,
    TITLE_SIZE,
    Grid,
    Panel,
    cell_text,
    wrap,
)
from .layout import Layout, Sheet, plan
from .painter import Cell, Painter
from .style import SHADES, WIDTH, Sizes

LegendRows = list[list[tuple[str, str, int]]]


def legend_rows(entries: list[tuple[str, str]], sizes: Sizes) -> LegendRows:
    """(swatch, meaning, width in pixels) in lines that fit the figure.

    Swatches: the name of a fill, 'hatch', 'ring', 'dash', 'reach' (fainter dashes), or 'ramp'.
    """
    rows: LegendRows = []
    used = 0
    for swatch, meaning in entries:
        width = _indent(swatch, sizes) + text_width(meaning, sizes.px(LEGEND_SIZE)) + sizes.px(28)
        if not rows or used + width - sizes.px(28) > sizes.room:
            rows.append([])
            used = 0
        rows[-1].append((swatch, meaning, width))
        used += width
    return rows


def legend_width(rows: LegendRows, sizes: Sizes) -> int:
    """Pixels of the longest line."""
    return max((sum(width for *_, width in row) - sizes.px(28) for row in rows), default=0)


def draw_legend(painter: Painter, rows: LegendRows, x: int, y: int, sizes: Sizes) -> None:
    """The lines, the first with its baseline at y."""
    px = sizes.px
    for row in rows:
        left = x
        for swatch, meaning, width in row:
            _swatch(painter, (left, y - px(17), left + px(20), y + px(3)), swatch, sizes)
            text_x = left + _indent(swatch, sizes)
            painter.text(text_x, y, meaning, px(LEGEND_SIZE), "muted")
            left += width
        y += px(LEGEND_SIZE + 10)


def _indent(swatch: str, sizes: Sizes) -> int:
    return sizes.px(56) if swatch == "ramp" else sizes.px(28)


def _swatch(painter: Painter, box: Box, swatch: str, sizes: Sizes) -> None:
    left, top, right, bottom = box
    if swatch == "ramp":
        each = max(1, sizes.px(48) // SHADES)
        painter.fill((left, top, left + each * SHADES + 2, bottom), "line")
        for level in range(SHADES):
            start = left + 1 + level * each
            painter.shade((start, top + 1, start + each, bottom - 1), level)
        return
    inner = (left + 1, top + 1, right - 1, bottom - 1)
    if swatch in ("dash", "reach"):
        painter.dashed(box, "muted" if swatch == "dash" else "hatch", 2, 5)
        return
    painter.fill(box, "line")
    painter.fill(inner, "page" if swatch in ("hatch", "ring") else swatch)
    if swatch == "hatch":
        painter.hatch(inner, "hatch")
    if swatch == "ring":
        painter.outline((left + 4, top + 4, right - 4, bottom - 4), "edge", 2)


MAX_FRAMES = 256  # windows shown; of more, every second, third ... is
S = TypeVar("S", bound=Step | Move)
PAIR = re.compile(r"(\(\d+), (\d+\))")  # a line of the title is not broken inside one


class Scene(ABC, Generic[S]):
    """A figure laid out, ready to be drawn step by step. Subclasses know what a step is."""

    steps: tuple[S, ...]
    call: str

    def __init__(self, width: int = WIDTH) -> None:
        self.sizes = Sizes(width)
        self.px = self.sizes.px
        self.shaded = False  # grey levels in place of numbers
        texts = [self.opening_words(), *(self.words(step) for step in self.steps)]
        self.layout: Layout = self._plan(texts)
        if not self.layout.font_size:
            self.shaded = True  # which changes the legend
            self.layout = self._plan(texts)
        self.blank = self._blank()

    # What subclasses provide.

    @abstractmethod
    def grids(self) -> tuple[tuple[Grid, ...], tuple[Grid, ...], Grid, str]:
        """Inputs, what is beside them, the output, and the sign between the first two."""

    def title(self) -> str:
        """The lines at the top."""
        return self.call

    def rulers(self) -> tuple[bool, bool]:
        """Whether the windows along rows and columns are uneven and want rulers."""
        return False, False

    @abstractmethod
    def legend(self) -> list[tuple[str, str]]:
        """(swatch, what it means) for the lines below the grids."""

    @abstractmethod
    def opening_words(self) -> list[str]:
        """Lines below the first frame."""

    @abstractmethod
    def words(self, step: S) -> list[str]:
        """Lines below a step's frame."""

    @abstractmethod
    def closing_words(self) -> list[str]:
        """Lines below the last frame."""

    def said(self, index: int) -> list[str]:
        """The words of a step by its number."""
        return self.words(self.steps[index])

    @abstractmethod
    def paint(self, painter: Painter) -> None:
        """The grids before the first step."""

    @abstractmethod
    def glide(self, painter: Painter, before: int, after: int, part: float) -> None:
        """On the way from one step to another, both by number. part: from 0 to 1."""

    @abstractmethod
    def look(self, painter: Painter, index: int) -> None:
        """A step before its answer."""

    @abstractmethod
    def answer(self, painter: Painter, index: int) -> None:
        """A step with its answer."""

    @abstractmethod
    def settle(self, painter: Painter, index: int) -> None:
        """What a step leaves behind."""

    # What they share.

    def shown(self) -> list[int]:
        """Which steps are animated: all, or evenly chosen ones and the last."""
        count = len(self.steps)
        every = -(-count // MAX_FRAMES)
        return sorted({*range(every - 1, count, every), count - 1})

    def telling(self) -> int:
        """Which step a single picture shows with its arithmetic, the whole output being known."""
        return len(self.steps) // 2

    def wrapped(self, text: str) -> list[str]:
        """A text in lines that fit; the result stays on one line with its sign."""
        text = re.sub("([=≈]) ", "\\1\N{NO-BREAK SPACE}", text)
        return wrap(text, self.px(LINE_SIZE), room=self.sizes.room)

    def _plan(self, texts: list[list[str]]) -> Layout:
        inputs, besides, output, sign = self.grids()
        self._ranges(inputs, besides, output)
        entries = self.legend() + (self._shade_legend() if self.shaded else [])
        self._legend_rows = legend_rows(entries, self.sizes)
        line = self.px(LINE_SIZE)
        longest = max(text_width(text, line) for lines in texts for text in lines)
        title = PAIR.sub("\\1,\N{NO-BREAK SPACE}\\2", self.title())
        return plan(
            Sheet(
                title=tuple(wrap(title, self.px(TITLE_SIZE), mono=True, room=self.sizes.room)),
                inputs=inputs,
                besides=besides,
                output=output,
                sign=sign,
                lines=max(len(lines) for lines in texts),
                longest=max(longest, legend_width(self._legend_rows, self.sizes)),
                legend=len(self._legend_rows),
                rulers=self.rulers(),
                call=self.call,
            ),
            self.sizes,
        )

    def _ranges(self, inputs: tuple[Grid, ...], besides: tuple[Grid, ...], output: Grid) -> None:
        """What is black and what white, for each role of panel; nan and infinities apart."""
        self.ranges: dict[str, tuple[float, float]] = {}
        every = (*inputs, *besides, output)
        self.nan = any(math.isnan(value) for grid in every for value in grid.values)
        for grids in (inputs, besides, (output,)):
            finite = [v for grid in grids for v in grid.values if math.isfinite(v)]
            if grids:
                self.ranges[grids[0].role] = (min(finite, default=0.0), max(finite, default=0.0))

    def _shade_legend(self) -> list[tuple[str, str]]:
        roles = [role for role in self.ranges if role != "kernel" or not self.layout.kernel_font]
        parts: dict[tuple[float, float], list[str]] = {}
        for role in roles:
            parts.setdefault(self.ranges[role], []).append(role)
        entries = []
        for (low, high), names in parts.items():
            ends = [cell_text(end, 3) for end in ((low, high) if low < high else (low,))]
            entries.append(("ramp", figure.span(ends, names)))
        return entries + ([("window", figure.MEANS["nan"])] if self.nan else [])

    def _blank(self) -> Canvas:
        canvas = Canvas(self.sizes.width, self.layout.height)
        self.draw_blank(canvas)
        bottom, margin, px = self.layout.height, self.sizes.margin, self.px
        canvas.fill((margin, bottom - px(8), self.sizes.width - margin, bottom - px(3)), "pad")
        return canvas

    def draw_blank(self, painter: Painter) -> None:
        """Everything static except the bar: title, labels, grids before the first step, legend."""
        layout, px = self.layout, self.px
        title, y = px(TITLE_SIZE), self.sizes.margin + px(4) + px(TITLE_SIZE)
        for line in layout.title:
            painter.text(self.sizes.width // 2, y, line, title, "text", "middle", mono=True)
            y += title + px(8)
        lift = px(11) + (px(20) if self.rulers()[1] else 0)
        for panel in (*layout.inputs, *layout.kernels, layout.output):
            up = lift if panel.role == "input" else px(11)
            painter.text(panel.x, panel.y - up, panel.label, px(LABEL_SIZE), "muted")
        for x, y, sign in layout.operators:
            painter.text(x, y + px(12), sign, px(34), "muted", "middle")
        self.paint(painter)
        where = layout.text_x, layout.legend_y
        draw_legend(painter, self._legend_rows, *where, self.sizes)

    def cell(
        self,
        painter: Painter,
        panel: Panel,
        row: int,
        col: int,
        value: float,
        fill: str = "page",
        ink: str = "text",
        bold: bool = False,
    ) -> None:
        """One cell with its number, or its shade."""
        painter.cell(self._content(panel, row, col, value, fill, ink, bold))

    def hatched(self, painter: Painter, panel: Panel, row: int, col: int, value: float) -> None:
        """A cell that no window reads."""
        content = self._content(panel, row, col, value, "page", "muted")
        painter.cell(replace(content, hatched=True))

    def _content(
        self,
        panel: Panel,
        row: int,
        col: int,
        value: float,
        fill: str,
        ink: str,
        bold: bool = False,
    ) -> Cell:
        size = self.font(panel)
        if size:
            text, room = cell_text(value, self.layout.digits), panel.cell - self.px(4)
            return Cell(panel, row, col, fill, ink, text, None, size, bold, room)
        if fill == "pad" or value != value:
            fill, ink = ("pad", "muted") if fill == "pad" else ("window", "text")
            return Cell(panel, row, col, fill, ink)
        level = self.level(panel.role, value)
        return Cell(panel, row, col, fill, ink, level=level, bold=bold)

    def font(self, panel: Panel) -> int:
        """Pixels of the type in a panel's cells; 0 for shades."""
        return self.layout.kernel_font if panel.role == "kernel" else self.layout.font_size

    def level(self, role: str, value: float) -> int:
        """A number's shade among those of its role, 0 black."""
        low, high = self.ranges[role]
        if high == low:
            return SHADES // 2
        share = min(max((value - low) / (high - low), 0.0), 1.0)
        return round(share * (SHADES - 1))

    def progress(self, painter: Painter, count: int) -> None:
        """The bar at the lower edge, once ``count`` steps are done."""
        bottom, margin = self.layout.height - self.px(3), self.sizes.margin
        done = margin + self.sizes.room * count // len(self.steps)
        painter.fill((margin, bottom - self.px(5), done, bottom), "fresh")

    def write(self, painter: Painter, lines: list[str]) -> None:
        """Lines of words below the legend."""
        y = self.layout.text_y
        for line in lines:
            painter.text(self.layout.text_x, y, line, self.px(LINE_SIZE))
            y += self.px(LINE_SIZE) + self.px(8)
