"""One Transfer on a canvas: what a window gives, and what it has brought so far."""

from __future__ import annotations

from . import grids
from .canvas import Canvas
from .notation import size
from .panels import Panel
from .scene import MAX_FRAMES, Scene
from .style import WIDTH
from .transfer import Move, Transfer

MAX_LINES = 3


class Moving(Scene):
    """One transfer laid out, ready to be drawn move by move."""

    def __init__(self, transfer: Transfer, width: int = WIDTH):
        self.transfer, self.steps, self.call = transfer, transfer.moves, transfer.call
        self.axes = transfer.geometry.rows, transfer.geometry.cols
        self.backward = transfer.kind == "gradient"
        self._grids = grids.of_transfer(transfer)
        # The target after each move, for the cells that the move writes.
        self._after: list[dict[tuple[int, int], float]] = []
        known: dict[tuple[int, int], float] = {}
        for move in transfer.moves:
            for row, col, amount in move.writes:
                before = known.get((row, col), 0.0) if transfer.adds else 0.0
                known[row, col] = before + amount
            self._after.append({(row, col): known[row, col] for row, col, _ in move.writes})
        if self.backward:
            self.call = f"backward through {transfer.call}"
        super().__init__(width)

    def grids(self):
        """Inputs, the gradient beside them, the target."""
        return (*self._grids, "")

    def words(self, step: Move) -> list[str]:
        """What the move does, in lines."""
        text = step.arithmetic
        if len(text) > 45 * MAX_LINES or len(self.wrapped(text)) > MAX_LINES:
            text = text.split(":")[0]
        if len(self.steps) > MAX_FRAMES:
            text = f"{self.steps.index(step) + 1:,} of {len(self.steps):,}: {text}"
        return self.wrapped(text)

    def opening_words(self) -> list[str]:
        """What is about to happen."""
        return self.wrapped(
            {
                "gradient": "the gradient of each output goes back to what it was made from",
                "unpool": "each number goes where its index says; the rest is 0",
                "unfold": "each window becomes one column",
                "fold": "each column goes back to its window; overlaps add up",
            }[self.transfer.kind]
        )

    def closing_words(self) -> list[str]:
        """The animation's last line."""
        count = len(self.steps)
        names = {"unpool": "number", "fold": "column"}
        name = names.get(self.transfer.kind, "window")
        before = (len(self.transfer.sources[0]), len(self.transfer.sources[0][0]))
        if self.transfer.kind == "unfold":
            before = self.transfer.geometry.input_shape
        after = (len(self.transfer.target), len(self.transfer.target[0]))
        return [
            f"{count:,} {name}{'s' if count != 1 else ''}: {size(before)} in, {size(after)} out"
        ]

    def legend(self) -> list[tuple[str, str]]:
        """(swatch, what it means) for the lines below the grids."""
        transfer, parts = self.transfer, []
        if self.backward:
            if transfer.forward.kind == "max":
                parts.append(("edge", "the winner"))
                if any(step.ties for step in transfer.forward.steps) and not self.shaded:
                    parts.append(("ring", "as large, but not the first"))
            parts.append(("fresh", "what has just arrived"))
        elif transfer.kind == "unfold" and any(any(axis.padding) for axis in self.axes):
            parts.append(("pad", "padding holds 0"))
        return parts

    def paint(self, canvas: Canvas) -> None:
        """All sources, and a target of zeros (a matrix yet unwritten stays empty)."""
        if self.backward:
            self._forward(canvas)
        else:
            for plane, panel in enumerate(self.layout.inputs):
                for row, col in _cells(panel):
                    self._source(canvas, panel, plane, row, col)
        for panel in self.layout.kernels:
            for row, col in _cells(panel):
                self.cell(canvas, panel, row, col, self.transfer.sources[0][row][col])
        output = self.layout.output
        for row, col in _cells(output):
            if self.transfer.kind == "unfold":
                canvas.outline(output.box(row, col), "line", 1)
            else:
                self.cell(canvas, output, row, col, 0.0, "page", "muted")

    def _forward(self, canvas: Canvas) -> None:
        forward, panel = self.transfer.forward, self.layout.inputs[0]
        rows, cols = self.axes
        for row in range(-rows.padding[0], rows.size + rows.padding[1]):
            for col in range(-cols.padding[0], cols.size + cols.padding[1]):
                value = forward.at(self.transfer.plane, row, col)
                if forward.is_padding(row, col, self.transfer.plane):
                    self.cell(canvas, panel, row, col, value, "pad", "muted")
                else:
                    self.cell(canvas, panel, row, col, value)

    def _source(self, canvas, panel: Panel, plane: int, row: int, col: int, fill="page") -> None:
        padding = self.transfer.is_padding(row, col)
        fill, ink = ("pad", "muted") if padding and fill == "page" else (fill, "text")
        self.cell(canvas, panel, row, col, self.transfer.at(plane, row, col), fill, ink)

    def window_box(self, panel: Panel, step: Move):
        """The frame of the step's window on a panel in input positions."""
        spans = [axis.spans[i] for axis, i in zip(self.axes, step.window, strict=True)]
        (top, down), (left, right) = spans
        box = panel.box(top, left, down - top, right - left)
        return box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1

    def glide(self, canvas: Canvas, before: Move, after: Move, part: float) -> None:
        """The step before stays in sight while the next one comes."""
        self._window(canvas, before if part < 0.5 else after, answered=False)
        self.write(canvas, self.words(before))

    def look(self, canvas: Canvas, index: int) -> None:
        """Where the numbers come from, and where they will go."""
        step = self.steps[index]
        self._window(canvas, step, answered=False)
        output = self.layout.output
        for row, col, _ in step.writes:
            canvas.outline(output.box(row, col), "fresh", 3)
        self.write(
            canvas,
            self.wrapped(self.words(step)[0].split(":")[0])
            if not self.backward
            else self.words(step),
        )

    def answer(self, canvas: Canvas, index: int) -> None:
        """The numbers at their new places."""
        step, output = self.steps[index], self.layout.output
        self._window(canvas, step, answered=True)
        for (row, col), value in self._after[index].items():
            self.cell(canvas, output, row, col, value, "fresh", "page", bold=True)
        if self.backward or self.transfer.kind == "fold":
            self._clipped(canvas, output, step)
        self.write(canvas, self.words(step))

    def settle(self, canvas: Canvas, index: int) -> None:
        """The target once the move is made."""
        for (row, col), value in self._after[index].items():
            self.cell(canvas, self.layout.output, row, col, value, "result")

    def _clipped(self, canvas: Canvas, panel: Panel, step: Move) -> None:
        """The window's frame on the target, which has no padding to show it on."""
        left, top, right, bottom = self.window_box(panel, step)
        whole = panel.box(0, 0, panel.rows, panel.cols)
        box = (
            max(left, whole[0] - 1),
            max(top, whole[1] - 1),
            min(right, whole[2] + 1),
            min(bottom, whole[3] + 1),
        )
        canvas.outline(box, "edge", self.px(3))

    def _window(self, canvas: Canvas, step: Move, answered: bool) -> None:
        if self.backward:
            self._backward_window(canvas, step, answered)
            return
        for read in step.reads:
            panel = self.layout.inputs[read.plane]
            self._source(canvas, panel, read.plane, read.row, read.col, "window")
            if self.transfer.kind != "unfold":
                canvas.outline(panel.box(read.row, read.col), "edge", self.px(3))
        if self.transfer.kind == "unfold":
            for panel in self.layout.inputs:
                canvas.outline(self.window_box(panel, step), "edge", self.px(4))

    def _backward_window(self, canvas: Canvas, step: Move, answered: bool) -> None:
        forward, panel = self.transfer.forward, self.layout.inputs[0]
        taken = forward.steps[self.steps.index(step)]
        for number, tap in enumerate(taken.taps):
            if tap.plane != self.transfer.plane:
                continue
            if number == taken.winner:
                self.cell(canvas, panel, tap.row, tap.col, tap.value, "edge", "page", bold=True)
                continue
            self.cell(canvas, panel, tap.row, tap.col, tap.value, "window")
            if number in taken.ties and not self.shaded:
                left, top, right, bottom = panel.box(tap.row, tap.col)
                canvas.outline((left + 4, top + 4, right - 4, bottom - 4), "edge", 2)
        canvas.outline(self.window_box(panel, step), "edge", self.px(4))
        beside = self.layout.kernels[0]
        row, col = step.window
        value = self.transfer.sources[0][row][col]
        self.cell(canvas, beside, row, col, value, "window")
        canvas.outline(beside.box(row, col), "edge", self.px(3))

    def rulers(self) -> tuple[bool, bool]:
        """Uneven windows show by their frames alone here."""
        return False, False


def _cells(panel: Panel):
    for row in range(panel.first_row, panel.first_row + panel.rows):
        for col in range(panel.first_col, panel.first_col + panel.cols):
            yield row, col
