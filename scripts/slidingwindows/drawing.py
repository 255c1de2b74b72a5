"""One trace on a canvas: its grids, its legend, its window, its arithmetic."""

from __future__ import annotations

import re

from .arithmetic import brief
from .canvas import Canvas, text_width
from .errors import SlidingWindowsError
from .layout import Layout, plan
from .panels import LABEL_SIZE, LINE_SIZE, TITLE_SIZE, Panel, cell_text, wrap
from .style import MARGIN, WIDTH
from .trace import Step, Trace

MAX_STEPS, MAX_LINES, LEGEND_SIZE = 256, 3, 18


class Drawing:
    """One trace laid out, ready to be drawn step by step."""

    def __init__(self, trace: Trace, width: int = WIDTH):
        if len(trace.steps) > MAX_STEPS:
            raise SlidingWindowsError(
                f"an animation of {len(trace.steps)} windows is too long to watch; "
                f"at most {MAX_STEPS}",
                trace.call,
            )
        self.trace = trace
        self.padded = any((*trace.geometry.rows.padding, *trace.geometry.cols.padding))
        self.untouched = trace.geometry.untouched()
        self.short = max(len(self.wrapped(step.arithmetic)) for step in trace.steps) > MAX_LINES
        texts = [self.opening_words(), *(self.words(step) for step in trace.steps)]
        longest = max(text_width(line, LINE_SIZE) for text in texts for line in text)
        legend = [56 + text_width(meaning, LEGEND_SIZE) for _, meaning in self.legend()]
        longest, lines = max(longest, sum(legend) - 28), max(len(text) for text in texts)
        self.layout: Layout = plan(trace, lines, longest, bool(legend))
        self.blank = self._blank()

    def _words(self, step: Step) -> str:
        return brief(self.trace.kind, step) if self.short else step.arithmetic

    def words(self, step: Step) -> list[str]:
        """The step's arithmetic, broken into lines."""
        return self.wrapped(self._words(step))

    @staticmethod
    def wrapped(text: str) -> list[str]:
        # The result stays on one line with its sign.
        return wrap(re.sub("([=≈]) ", "\\1\N{NO-BREAK SPACE}", text), LINE_SIZE)

    def opening_words(self) -> list[str]:
        rows, cols = self.trace.geometry.rows, self.trace.geometry.cols
        if rows == cols:
            return self.wrapped(f"size: {rows.formula()}")
        named = (("height", rows), ("width", cols))
        return [line for n, axis in named for line in self.wrapped(f"{n}: {axis.formula()}")]

    def _blank(self) -> Canvas:
        layout = self.layout
        canvas = Canvas(WIDTH, layout.height)
        y = MARGIN + 4 + TITLE_SIZE
        for line in layout.title:
            canvas.text(WIDTH // 2, y, line, TITLE_SIZE, "text", "middle", mono=True)
            y += TITLE_SIZE + 8
        for panel in (*layout.inputs, *layout.kernels, layout.output):
            canvas.text(panel.x, panel.y - 11, panel.label, LABEL_SIZE, "muted")
        for x, y, sign in layout.operators:
            canvas.text(x, y + 12, sign, 34, "muted", "middle")
        for plane, panel in enumerate(layout.inputs):
            self._each_input(canvas, plane, panel)
        for plane, panel in enumerate(layout.kernels):
            for row in range(panel.rows):
                for col in range(panel.cols):
                    self.cell(canvas, panel, row, col, self.trace.weights[plane][row][col])
        for row in range(layout.output.rows):
            for col in range(layout.output.cols):
                canvas.outline(layout.output.box(row, col), "line", 1)
        self._legend(canvas)
        canvas.fill((MARGIN, layout.height - 8, WIDTH - MARGIN, layout.height - 3), "pad")
        return canvas

    def _each_input(self, canvas: Canvas, plane: int, panel: Panel) -> None:
        rows, cols = self.trace.geometry.rows, self.trace.geometry.cols
        for row in range(-rows.padding[0], rows.size + rows.padding[1]):
            for col in range(-cols.padding[0], cols.size + cols.padding[1]):
                value = self.trace.at(plane, row, col)
                if self.trace.is_padding(row, col):
                    self.cell(canvas, panel, row, col, value, "pad", "muted")
                elif (row, col) in self.untouched:
                    self._hatched(canvas, panel, row, col, value)
                else:
                    self.cell(canvas, panel, row, col, value)

    def cell(self, canvas, panel, row, col, value, fill="page", ink="text", bold=False) -> None:
        box = panel.box(row, col)
        canvas.fill(box, "line")
        left, top, right, bottom = box
        canvas.fill((left + 1, top + 1, right - 1, bottom - 1), fill)
        text = value if isinstance(value, str) else cell_text(value, self.layout.digits)
        font = self.layout.font_size
        bold = bold and text_width(text, font, bold=True) <= panel.cell - 4
        canvas.centred(box, text, font, ink, bold)

    def _hatched(self, canvas, panel, row, col, value) -> None:
        box = panel.box(row, col)
        left, top, right, bottom = box
        canvas.fill(box, "line")
        canvas.fill((left + 1, top + 1, right - 1, bottom - 1), "page")
        canvas.hatch((left + 1, top + 1, right - 1, bottom - 1), "hatch")
        middle, quarter = (left + right) // 2, panel.cell * 3 // 10
        height = self.layout.font_size * 6 // 10
        across = (top + bottom) // 2
        canvas.fill((middle - quarter, across - height, middle + quarter, across + height), "page")
        text = cell_text(value, self.layout.digits)
        canvas.centred(box, text, self.layout.font_size, "muted")

    def legend(self) -> list[tuple[str, str]]:
        """(fill, what it means) for the line below the grids."""
        parts = [("pad", self.padding_words())] if self.padded else []
        return parts + ([("hatch", "never read by any window")] if self.untouched else [])

    def _legend(self, canvas: Canvas) -> None:
        x, y = self.layout.text_x, self.layout.legend_y
        for fill, meaning in self.legend():
            canvas.fill((x, y - 17, x + 20, y + 3), "line")
            canvas.fill((x + 1, y - 16, x + 19, y + 2), "page" if fill == "hatch" else fill)
            if fill == "hatch":
                canvas.hatch((x + 1, y - 16, x + 19, y + 2), "hatch")
            canvas.text(x + 28, y, meaning, LEGEND_SIZE, "muted")
            x += 56 + text_width(meaning, LEGEND_SIZE)

    def padding_words(self) -> str:
        if self.trace.padding_mode != "zeros":
            return f"padding ({self.trace.padding_mode})"
        if not self.trace.counts_padding:
            return "padding is not counted"
        return "padding holds " + ("−∞" if self.trace.kind == "max" else "0")

    def filled(self, canvas: Canvas, count: int) -> None:
        """The first ``count`` outputs, as they look once they are known, and the progress bar."""
        for step in self.trace.steps[:count]:
            self.cell(canvas, self.layout.output, *step.output, step.value, "result")
        self.progress(canvas, count)

    def progress(self, canvas: Canvas, count: int) -> None:
        bottom, room = self.layout.height - 3, WIDTH - 2 * MARGIN
        done = MARGIN + room * count // len(self.trace.steps)
        canvas.fill((MARGIN, bottom - 5, done, bottom), "fresh")

    def write(self, canvas: Canvas, lines: list[str]) -> None:
        y = self.layout.text_y
        for line in lines:
            canvas.text(self.layout.text_x, y, line, LINE_SIZE)
            y += LINE_SIZE + 8

    def window_box(self, panel: Panel, at: tuple[float, float]):
        """The window's outer frame for a start position, which may lie between cells."""
        rows, cols = self.trace.geometry.rows, self.trace.geometry.cols
        height, width = rows.extent, cols.extent
        left = panel.x + round((at[1] - panel.first_col) * panel.cell)
        top = panel.y + round((at[0] - panel.first_row) * panel.cell)
        return left - 1, top - 1, left + width * panel.cell + 2, top + height * panel.cell + 2

    def start(self, step: Step) -> tuple[int, int]:
        geometry = self.trace.geometry
        return geometry.rows.starts[step.output[0]], geometry.cols.starts[step.output[1]]

    def look(self, canvas: Canvas, step: Step) -> None:
        """The window at its place, before the answer."""
        self._window(canvas, step, answered=False)
        box = self.layout.output.box(*step.output)
        canvas.centred(box, "?", self.layout.font_size, "muted", bold=True)
        canvas.outline(box, "fresh", 3)
        self.write(canvas, self.wrapped(re.split(" [=≈] ", self._words(step))[0] + " = ?"))

    def answer(self, canvas: Canvas, step: Step) -> None:
        """The winner marked, the arithmetic complete, the output filled in."""
        self._window(canvas, step, answered=True)
        self.cell(canvas, self.layout.output, *step.output, step.value, "fresh", "page", bold=True)
        self.write(canvas, self.words(step))

    def _window(self, canvas: Canvas, step: Step, answered: bool) -> None:
        for number_, tap in enumerate(step.taps):
            panel = self.layout.inputs[tap.plane]
            if answered and number_ == step.winner:
                self.cell(canvas, panel, tap.row, tap.col, tap.value, "edge", "page", bold=True)
            else:
                self.cell(canvas, panel, tap.row, tap.col, tap.value, "window")
                if answered and number_ in step.ties:
                    left, top, right, bottom = panel.box(tap.row, tap.col)
                    canvas.outline((left + 4, top + 4, right - 4, bottom - 4), "edge", 2)
        dilated = max(self.trace.geometry.rows.dilation, self.trace.geometry.cols.dilation) > 1
        for panel in self.layout.inputs:
            if dilated:
                for tap in step.taps:
                    canvas.outline(panel.box(tap.row, tap.col), "edge", 3)
            canvas.outline(self.window_box(panel, self.start(step)), "edge", 2 if dilated else 4)
