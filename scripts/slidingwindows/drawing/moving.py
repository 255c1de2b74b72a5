"""One Transfer on a canvas: where numbers come from, and what they have brought so far."""

from __future__ import annotations

from collections.abc import Iterator

from ..core.errors import given
from ..core.trace import Trace
from ..core.transfer import Move, Transfer
from ..words import figure
from . import grid
from .canvas import Box
from .grid import Grid, Panel
from .painter import Painter
from .scene import MAX_FRAMES, Scene
from .style import WIDTH

MAX_LINES = 3


class Moving(Scene[Move]):
    """An unpooling, unfolding or folding laid out, ready to be drawn move by move."""

    def __init__(self, transfer: Transfer, width: int = WIDTH) -> None:
        self.transfer, self.steps, self.call = transfer, transfer.moves, transfer.call
        self.axes = transfer.geometry.rows, transfer.geometry.cols
        self._grids = grid.grids_of_transfer(transfer)
        # The target after each move, for the cells that the move writes.
        self._after: list[dict[tuple[int, int], float]] = []
        known: dict[tuple[int, int], float] = {}
        for move in transfer.moves:
            for row, col, amount in move.writes:
                before = known.get((row, col), 0.0) if transfer.adds else 0.0
                known[row, col] = before + amount
            self._after.append({(row, col): known[row, col] for row, col, _ in move.writes})
        self._numbers = {id(move): n for n, move in enumerate(transfer.moves)}
        super().__init__(width)

    def grids(self) -> tuple[tuple[Grid, ...], tuple[Grid, ...], Grid, str]:
        """Inputs, the gradient beside them, the target."""
        return (*self._grids, "")

    def words(self, step: Move) -> list[str]:
        """What the move does, in lines."""
        text = step.arithmetic
        if len(text) > 45 * MAX_LINES or len(self.wrapped(text)) > MAX_LINES:
            text = text.split(":")[0]
        if len(self.steps) > MAX_FRAMES:
            text = figure.counted(self._numbers[id(step)], len(self.steps)) + text
        return self.wrapped(text)

    def opening_words(self) -> list[str]:
        """What is about to happen."""
        return self.wrapped(figure.OPENING[self.transfer.kind])

    def closing_words(self) -> list[str]:
        """The animation's last line."""
        return [figure.transfer_closing(self.transfer)]

    def title(self) -> str:
        """What happens, as code."""
        return figure.transfer_title(self.transfer)

    def legend(self) -> list[tuple[str, str]]:
        """(swatch, what it means) for the lines below the grids."""
        padded = any(any(axis.padding) for axis in self.axes)
        if self.transfer.kind == "unfold" and padded:
            return [("pad", figure.MEANS["padding"])]
        return []

    def paint(self, painter: Painter) -> None:
        """All sources, and a target of zeros (a matrix yet unwritten stays empty)."""
        self.paint_sources(painter)
        output = self.layout.output
        for row, col in cells(output):
            if self.transfer.kind != "unfold":
                self.cell(painter, output, row, col, 0.0, "page", "muted")
            elif output.cell >= 8:
                painter.outline(output.box(row, col), "line", 1)
        painter.outline(output.box(0, 0, output.rows, output.cols), "line", 1)

    def paint_sources(self, painter: Painter) -> None:
        """What is moved."""
        for plane, panel in enumerate(self.layout.inputs):
            for row, col in cells(panel):
                self._source(painter, panel, plane, row, col)

    def _source(
        self, painter: Painter, panel: Panel, plane: int, row: int, col: int, fill: str = "page"
    ) -> None:
        padding = self.transfer.is_padding(row, col) and (fill == "page" or self.shaded)
        fill, ink = ("pad", "muted") if padding else (fill, "text")
        self.cell(painter, panel, row, col, self.transfer.at(plane, row, col), fill, ink)

    def window_box(self, panel: Panel, step: Move) -> Box:
        """The frame of the step's window on a panel in input positions."""
        spans = [axis.spans[i] for axis, i in zip(self.axes, step.window, strict=True)]
        (top, down), (left, right) = spans
        box = panel.box(top, left, down - top, right - left)
        return box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1

    def glide(self, painter: Painter, before: int, after: int, part: float) -> None:
        """The step before stays in sight while the next one comes."""
        self.window(painter, self.steps[before if part < 0.5 else after])
        self.write(painter, self.words(self.steps[before]))

    def look(self, painter: Painter, index: int) -> None:
        """Where the numbers come from, and where they will go."""
        step = self.steps[index]
        self.window(painter, step)
        output = self.layout.output
        if self.shaded:
            self._around(painter, step)
        else:
            for row, col, _ in step.writes:
                painter.outline(output.box(row, col), "fresh", 3)
        self.write(painter, self.question(step))

    def question(self, step: Move) -> list[str]:
        """The words before the numbers have moved."""
        return self.wrapped(" ".join(self.words(step)).split(":")[0])

    def answer(self, painter: Painter, index: int) -> None:
        """The numbers at their new places."""
        step, output = self.steps[index], self.layout.output
        self.window(painter, step)
        for (row, col), value in self._after[index].items():
            self.cell(painter, output, row, col, value, "fresh", "page", bold=True)
        if self.transfer.adds:
            self._clipped(painter, output, step)
        elif self.shaded:
            self._around(painter, step)
        self.write(painter, self.words(step))

    def settle(self, painter: Painter, index: int) -> None:
        """The target once the move is made."""
        for (row, col), value in self._after[index].items():
            self.cell(painter, self.layout.output, row, col, value, "result")

    def telling(self) -> int:
        """The first move, from the middle on, whose numbers no later one changes."""
        last = {w[:2]: n for n, move in enumerate(self.steps) for w in move.writes}
        middle = super().telling()
        return next(
            n
            for n in range(middle, len(self.steps))
            if all(last[write[:2]] == n for write in self.steps[n].writes)
        )

    def _around(self, painter: Painter, step: Move) -> None:
        # One frame for all that is written: cells without numbers are too small for one each.
        if step.writes:
            rows, cols = {w.row for w in step.writes}, {w.col for w in step.writes}
            height, width = max(rows) - min(rows) + 1, max(cols) - min(cols) + 1
            left, top, right, bottom = self.layout.output.box(min(rows), min(cols), height, width)
            painter.outline((left - 1, top - 1, right + 1, bottom + 1), "fresh", 2)

    def _clipped(self, painter: Painter, panel: Panel, step: Move) -> None:
        """The window's frame on the target, which has no padding to show it on."""
        left, top, right, bottom = self.window_box(panel, step)
        whole = panel.box(0, 0, panel.rows, panel.cols)
        box = (
            max(left, whole[0] - 1),
            max(top, whole[1] - 1),
            min(right, whole[2] + 1),
            min(bottom, whole[3] + 1),
        )
        if box[0] < box[2] and box[1] < box[3]:  # not in the padding alone
            painter.outline(box, "edge", self.thick(3))

    def thick(self, length: int) -> int:
        """Pixels of a frame: thin where cells hold shades."""
        return self.px(2) if self.shaded else self.px(length)

    def window(self, painter: Painter, step: Move) -> None:
        """What the move reads."""
        for read in step.reads:
            panel = self.layout.inputs[read.plane]
            self._source(painter, panel, read.plane, read.row, read.col, "window")
            if self.transfer.kind != "unfold":
                painter.outline(panel.box(read.row, read.col), "edge", self.thick(3))
        if self.transfer.kind == "unfold":
            for panel in self.layout.inputs:
                painter.outline(self.window_box(panel, step), "edge", self.thick(4))


def cells(panel: Panel) -> Iterator[tuple[int, int]]:
    """(row, col) of all cells of a panel."""
    for row in range(panel.first_row, panel.first_row + panel.rows):
        for col in range(panel.first_col, panel.first_col + panel.cols):
            yield row, col


class Returning(Moving):
    """A backward pass laid out, ready to be drawn window by window."""

    @property
    def forward(self) -> Trace:
        """What it goes back through."""
        return given(self.transfer.forward, "forward pass")

    def legend(self) -> list[tuple[str, str]]:
        """(swatch, what it means) for the lines below the grids."""
        forward, parts = self.forward, []
        if forward.reduction.picks:
            parts.append(("edge", figure.MEANS["winner"]))
            if any(step.ties for step in forward.steps) and not self.shaded:
                parts.append(("ring", figure.MEANS["tie"]))
        return [*parts, ("fresh", figure.MEANS["arrived"])]

    def paint_sources(self, painter: Painter) -> None:
        """The forward pass's input with its padding, and the gradient of its output."""
        forward, panel = self.forward, self.layout.inputs[0]
        for row, col in cells(panel):
            if self._drawn(row, col):
                value = forward.at(self.transfer.plane, row, col)
                where = row, col, self.transfer.plane
                own = not (forward.is_padding(*where) or forward.is_stretch(*where))
                fill, ink = ("page", "text") if own else ("pad", "muted")
                self.cell(painter, panel, row, col, value, fill, ink)
        [beside] = self.layout.kernels
        for row, col in cells(beside):
            self.cell(painter, beside, row, col, self.transfer.sources[0][row][col])

    def _drawn(self, row: int, col: int) -> bool:
        """False for what ceil_mode's windows reach past the padding."""
        return all(
            position < axis.size + axis.padding[1]
            for position, axis in zip((row, col), self.axes, strict=True)
        )

    def question(self, step: Move) -> list[str]:
        """The words before the numbers have moved: the same."""
        return self.words(step)

    def window(self, painter: Painter, step: Move) -> None:
        """What the output was made from, and its gradient."""
        panel = self.layout.inputs[0]
        taken = self.forward.steps[self._numbers[id(step)]]
        for number, tap in enumerate(taken.taps):
            if tap.plane != self.transfer.plane:
                continue
            box = panel.box(tap.row, tap.col)
            if self.shaded:
                if number == taken.winner:
                    painter.outline(box, "edge", 2)
            elif number == taken.winner:
                self.cell(painter, panel, tap.row, tap.col, tap.value, "edge", "page", bold=True)
            else:
                self.cell(painter, panel, tap.row, tap.col, tap.value, "window")
                if number in taken.ties:
                    left, top, right, bottom = box
                    painter.outline((left + 4, top + 4, right - 4, bottom - 4), "edge", 2)
        painter.outline(self.window_box(panel, step), "edge", self.thick(4))
        [beside] = self.layout.kernels
        row, col = step.window
        self.cell(painter, beside, row, col, self.transfer.sources[0][row][col], "window")
        painter.outline(beside.box(row, col), "edge", self.thick(3))
