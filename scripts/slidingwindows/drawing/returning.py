"""A gradient on a canvas: each output's share goes back to what it was made from."""

from __future__ import annotations

from ..core.transfer import Move
from .canvas import Canvas
from .moving import Moving, cells


class Returning(Moving):
    """A backward pass laid out, ready to be drawn window by window."""

    def title(self) -> str:
        """What happens, as code."""
        return f"backward through {self.call}"

    def legend(self) -> list[tuple[str, str]]:
        """(swatch, what it means) for the lines below the grids."""
        forward, parts = self.transfer.forward, []
        if forward.kind == "max":
            parts.append(("edge", "the winner"))
            if any(step.ties for step in forward.steps) and not self.shaded:
                parts.append(("ring", "a later tie"))
        return [*parts, ("fresh", "what has just arrived")]

    def paint_sources(self, canvas: Canvas) -> None:
        """The forward pass's input with its padding, and the gradient of its output."""
        forward, panel = self.transfer.forward, self.layout.inputs[0]
        for row, col in cells(panel):
            if self._drawn(row, col):
                value = forward.at(self.transfer.plane, row, col)
                where = row, col, self.transfer.plane
                own = not (forward.is_padding(*where) or forward.is_stretch(*where))
                fill, ink = ("page", "text") if own else ("pad", "muted")
                self.cell(canvas, panel, row, col, value, fill, ink)
        [beside] = self.layout.kernels
        for row, col in cells(beside):
            self.cell(canvas, beside, row, col, self.transfer.sources[0][row][col])

    def _drawn(self, row: int, col: int) -> bool:
        """False for what ceil_mode's windows reach past the padding."""
        return all(
            place < axis.size + axis.padding[1]
            for place, axis in zip((row, col), self.axes, strict=True)
        )

    def question(self, step: Move) -> list[str]:
        """The words before the numbers have moved: the same."""
        return self.words(step)

    def window(self, canvas: Canvas, step: Move) -> None:
        """What the output was made from, and its gradient."""
        forward, panel = self.transfer.forward, self.layout.inputs[0]
        taken = forward.steps[self._numbers[id(step)]]
        for number, tap in enumerate(taken.taps):
            if tap.plane != self.transfer.plane:
                continue
            box = panel.box(tap.row, tap.col)
            if self.shaded:
                if number == taken.winner:
                    canvas.outline(box, "edge", 2)
            elif number == taken.winner:
                self.cell(canvas, panel, tap.row, tap.col, tap.value, "edge", "page", bold=True)
            else:
                self.cell(canvas, panel, tap.row, tap.col, tap.value, "window")
                if number in taken.ties:
                    left, top, right, bottom = box
                    canvas.outline((left + 4, top + 4, right - 4, bottom - 4), "edge", 2)
        canvas.outline(self.window_box(panel, step), "edge", self.thick(4))
        [beside] = self.layout.kernels
        row, col = step.window
        self.cell(canvas, beside, row, col, self.transfer.sources[0][row][col], "window")
        canvas.outline(beside.box(row, col), "edge", self.thick(3))
