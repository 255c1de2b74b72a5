"""One Trace on a canvas: its grids, its window, the cells the window reads."""

from __future__ import annotations

import re

from ..core.step import Step
from ..core.trace import Trace
from ..core.uneven import UnevenAxis
from ..words import figure
from ..words import trace as trace_words
from . import grid
from .canvas import Box
from .grid import Grid, Panel
from .painter import Painter
from .scene import MAX_FRAMES, Scene
from .style import WIDTH

MAX_LINES = 3


class Drawing(Scene[Step]):
    """One trace laid out, ready to be drawn step by step."""

    def __init__(self, trace: Trace, width: int = WIDTH) -> None:
        self.trace, self.steps, self.call = trace, trace.steps, trace.call
        self.untouched = trace.geometry.untouched()
        self.axes = trace.geometry.rows, trace.geometry.cols
        self.many = len(trace.steps) > MAX_FRAMES
        self._grids = grid.grids_of_trace(trace)
        self._numbers = {id(step): n for n, step in enumerate(trace.steps)}
        super().__init__(width)

    def grids(self) -> tuple[tuple[Grid, ...], tuple[Grid, ...], Grid, str]:
        """Inputs, kernels, output, and the asterisk of a convolution."""
        return (*self._grids, "∗")

    def rulers(self) -> tuple[bool, bool]:
        """True for (rows, columns) whose windows are listed one by one."""
        rows, cols = (isinstance(axis, UnevenAxis) for axis in self.axes)
        return rows, cols

    def _words(self, step: Step) -> str:
        # Longer sums than the figure has room for are only named; the transcript has them all.
        text = step.arithmetic
        if len(text) > 45 * MAX_LINES or len(self.wrapped(text)) > MAX_LINES:
            text = self.trace.reduction.brief(step)
        if self.many:
            text = figure.counted(self._numbers[id(step)], len(self.steps), "window") + text
        return text

    def words(self, step: Step) -> list[str]:
        """The step's arithmetic, broken into lines."""
        return self.wrapped(self._words(step))

    def opening_words(self) -> list[str]:
        """How the output's size comes about."""
        return [line for text in trace_words.size_words(self.trace) for line in self.wrapped(text)]

    def closing_words(self) -> list[str]:
        """The animation's last line."""
        return [figure.trace_closing(self.trace)]

    def paint(self, painter: Painter) -> None:
        """Inputs with their padding, kernels, the empty output."""
        for plane, panel in enumerate(self.layout.inputs):
            self._each_input(painter, plane, panel)
        for plane, panel in enumerate(self.layout.kernels):
            for row in range(panel.rows):
                for col in range(panel.cols):
                    self.cell(painter, panel, row, col, self.trace.weights[plane][row][col])
        self._empty(painter)

    def _empty(self, painter: Painter) -> None:
        output = self.layout.output
        painter.outline(output.box(0, 0, output.rows, output.cols), "line", 1)
        if output.cell < 8:
            return
        for row in range(output.rows):
            for col in range(output.cols):
                painter.outline(output.box(row, col), "line", 1)

    def _each_input(self, painter: Painter, plane: int, panel: Panel) -> None:
        rows, cols = self.axes
        grid.beyond(painter, panel, self.axes)
        for row in range(-rows.padding[0], rows.size + rows.padding[1]):
            for col in range(-cols.padding[0], cols.size + cols.padding[1]):
                value = self.trace.at(plane, row, col)
                if self.trace.is_padding(row, col, plane) or self.trace.is_stretch(row, col, plane):
                    self.cell(painter, panel, row, col, value, "pad", "muted")
                elif (row, col) in self.untouched:
                    self.hatched(painter, panel, row, col, value)
                else:
                    self.cell(painter, panel, row, col, value)
        grid.ruled(painter, panel, self.axes, self.px)

    def legend(self) -> list[tuple[str, str]]:
        """(swatch, what it means) for the lines below the grids."""
        parts, trace = [], self.trace
        if trace.stretched or trace_words.padded(trace):
            parts.append(("pad", trace_words.padding_words(trace)))
        if self.untouched:
            parts.append(("hatch", figure.MEANS["unread"]))
        if any(step.ties for step in trace.steps) and not self.shaded:
            parts.append(("ring", figure.MEANS["tie"]))
        if any(axis.dropped for axis in self.axes):
            parts.append(("dash", figure.MEANS["dropped"]))
        if grid.overhangs(self.axes):
            parts.append(("reach", figure.MEANS["beyond"]))
        return parts

    def window_box(self, panel: Panel, at: tuple[float, float], step: Step | None = None) -> Box:
        """The window's outer frame for a start position, which may lie between cells."""
        height, width = (axis.extent for axis in self.axes)
        if step is not None:
            spans = self.span(step)
            height, width = (stop - start for start, stop in spans)
        left = panel.x + round((at[1] - panel.first_col) * panel.cell)
        top = panel.y + round((at[0] - panel.first_row) * panel.cell)
        return left - 1, top - 1, left + width * panel.cell + 2, top + height * panel.cell + 2

    def span(self, step: Step) -> tuple[tuple[int, int], tuple[int, int]]:
        """(start, stop) of the step's window along rows and along columns."""
        return self.axes[0].spans[step.output[0]], self.axes[1].spans[step.output[1]]

    def start(self, step: Step) -> tuple[int, int]:
        """The window's first row and column."""
        (top, _), (left, _) = self.span(step)
        return top, left

    def glide(self, painter: Painter, before: int, after: int, part: float) -> None:
        """The window on its way; the words stay until the next one is in place."""
        step = self.steps[before]
        self.write(painter, self.words(step))
        (r0, c0), (r1, c1) = self.start(step), self.start(self.steps[after])
        at = r0 + (r1 - r0) * part, c0 + (c1 - c0) * part
        for panel in self.layout.inputs:
            painter.outline(self.window_box(panel, at, step), "edge", self._thick())

    def look(self, painter: Painter, index: int) -> None:
        """The window at its place, before the answer."""
        step = self.steps[index]
        self._window(painter, step, answered=False)
        box = self.layout.output.box(*step.output)
        if not self.shaded:
            painter.centred(box, "?", self.layout.font_size, "muted", bold=True)
        painter.outline(box, "fresh", 3)
        self.write(painter, self.wrapped(re.split(" [=≈] ", self._words(step))[0] + " = ?"))

    def answer(self, painter: Painter, index: int) -> None:
        """The winner marked, the arithmetic complete, the output filled in."""
        step, output = self.steps[index], self.layout.output
        self._window(painter, step, answered=True)
        row, col = step.output
        self.cell(painter, output, row, col, step.value, "fresh", "page", bold=True)
        if self.shaded:
            left, top, right, bottom = output.box(*step.output)
            painter.outline((left - 1, top - 1, right + 1, bottom + 1), "fresh", 2)
        self.write(painter, self.words(step))

    def settle(self, painter: Painter, index: int) -> None:
        """The output as it looks once it is known."""
        step = self.steps[index]
        row, col = step.output
        self.cell(painter, self.layout.output, row, col, step.value, "result")

    def _thick(self) -> int:
        return self.px(2) if self.shaded else self.px(4)

    def _window(self, painter: Painter, step: Step, answered: bool) -> None:
        for number_, tap in enumerate(step.taps):
            panel = self.layout.inputs[tap.plane]
            won = answered and number_ == step.winner
            if self.shaded:
                if won:
                    painter.outline(panel.box(tap.row, tap.col), "edge", 2)
            elif won:
                self.cell(painter, panel, tap.row, tap.col, tap.value, "edge", "page", bold=True)
            else:
                self.cell(painter, panel, tap.row, tap.col, tap.value, "window")
                if answered and number_ in step.ties:
                    left, top, right, bottom = panel.box(tap.row, tap.col)
                    painter.outline((left + 4, top + 4, right - 4, bottom - 4), "edge", 2)
        dilated = max(axis.dilation for axis in self.axes) > 1
        for panel in self.layout.inputs:
            grid.ruled(painter, panel, self.axes, self.px, step.output)
            if dilated:
                for tap in step.taps:
                    painter.outline(panel.box(tap.row, tap.col), "edge", self.px(3))
            box = self.window_box(panel, self.start(step), step)
            painter.outline(box, "edge", self.px(2) if dilated else self._thick())
