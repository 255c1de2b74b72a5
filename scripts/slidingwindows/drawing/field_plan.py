"""Where a receptive field's picture has its input, its boxes and its words: sizes only."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from ..core.errors import SlidingWindowsError
from ..core.receptive import FieldLayer, ReceptiveField
from ..core.text import size
from ..words.field_words import half
from .canvas import Box, text_width
from .panels import wrap
from .style import MARGIN, WIDTH

AREA, MOST_CELLS, BAND = 372, 64, 30  # pixels, elements a side drawn as cells, pixels of a bar
CALL_SIZE, LINE_SIZE, LINE = 20, 20, 28  # font sizes, pixels from line to line
View = Sequence[tuple[float, float]]  # (first, last) input position along each axis
MOST_LAYERS, MOST_LINES, NO_BREAK = 120, 4, "\N{NO-BREAK SPACE}"


class Plan:
    """One field laid out. Steps are the input and then each layer that has windows."""

    def __init__(self, field: ReceptiveField) -> None:
        self.field = field
        views = field.views()
        steps = [i for i, layer in enumerate(field.layers) if not layer.plain]
        if len(steps) > MOST_LAYERS:
            raise SlidingWindowsError(
                f"an animation of {len(steps)} layers with windows is too long to watch; at most "
                f"{MOST_LAYERS}, so show a part or print table()"
            )
        self.layers: list[FieldLayer] = [field.layers[i] for i in steps]
        self.views = [views[0]] + [views[i + 1] for i in steps]
        self.flat = len(field.size) == 1
        self._scale()
        calls = [re.sub(r"(\d), (?=\d)", rf"\1,{NO_BREAK}", layer.call) for layer in self.layers]
        self.calls = [wrap(call, CALL_SIZE, mono=True) for call in calls]
        self.top = MARGIN + 26 * max([len(lines) for lines in self.calls] or [1]) + 12
        self.bottom = self.top + self.height
        self.column = MARGIN + AREA + 24
        self.text_y = max(self.bottom, self.top + 250) + 34
        texts = [self.words(step) for step in range(len(self.views))]
        texts += [self.sizes(), self.measured(), self.effective()]
        self.total = self.text_y + LINE * (max(len(t) for t in texts) - 1) + 18

    def _scale(self) -> None:
        sizes = self.field.input_shape[1:]
        spans: list[tuple[int, int]] = []
        for axis, n in enumerate(sizes):
            lows, highs = zip(*(view[axis] for view in self.views), strict=True)
            spans.append((min(0, *lows), max(n - 1, *highs)))
        self.spans = ([(0, 0)] if self.flat else []) + spans[-2:]
        self.inputs = ([1] if self.flat else []) + list(sizes[-2:])
        longest = max(high - low + 1 for low, high in self.spans)
        self.cells = longest <= MOST_CELLS
        self.scale: float = AREA // longest if self.cells else AREA / longest
        width = self.spans[1][1] - self.spans[1][0] + 1
        self.left = MARGIN + (AREA - round(width * self.scale)) // 2
        if self.flat:
            self.band = max(4, min(BAND, 300 // len(self.views)))
            self.height = self.band * len(self.views) + BAND + 8
        else:
            rows = self.spans[0][1] - self.spans[0][0] + 1
            self.height = max(1, round(rows * self.scale))

    def across(self, position: float) -> int:
        """Pixels of the left edge of an input column."""
        return self.left + round((position - self.spans[1][0]) * self.scale)

    def down(self, position: float) -> int:
        """Pixels of the upper edge of an input row; a signal's strip lies below its bars."""
        if self.flat:
            return self.bottom - BAND + round(position * BAND)
        return self.top + round((position - self.spans[0][0]) * self.scale)

    def box(self, view: View, step: float) -> Box:
        """Pixels of a view; a signal's is a bar in the row of its step."""
        left, right = self.across(view[-1][0]), self.across(view[-1][1] + 1)
        right = max(right, left + 2)
        if self.flat:
            top = self.top + round(step * self.band)
            return left, top, right, top + self.band - 3
        top, bottom = self.down(view[-2][0]), self.down(view[-2][1] + 1)
        return left, top, right, max(bottom, top + 2)

    def input_box(self) -> Box:
        """Pixels of the real input."""
        return self.across(0), self.down(0), self.across(self.inputs[1]), self.down(self.inputs[0])

    def between(self, step: int, part: float) -> View:
        """The view on its way from one step to the next; positions may be fractions."""
        pairs = zip(self.views[step - 1], self.views[step], strict=True)
        return tuple((a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part) for a, b in pairs)

    def words(self, step: int) -> list[str]:
        """The recurrence with its numbers filled in."""
        if step == 0:
            text = "One input element sees itself."
            if len(self.layers) < len(self.field.layers):
                text += " Layers that change no view, such as ReLU, are left out."
            if len(self.field.size) == 3:
                text += " Rows and columns are drawn, the slices are not."
            return wrap(text, LINE_SIZE)
        layer = self.layers[step - 1]
        before = [(1, 1)] * len(layer.reaches)
        if step > 1:
            before = [(r.size, r.jump) for r in self.layers[step - 2].reaches]
        sums, jumps = [], []
        for (seen, jump), axis, reach in zip(
            before, layer.windows.axes, layer.reaches, strict=True
        ):
            spread = f"({axis.kernel_size} − 1)"
            spread = f"{axis.dilation}·{spread}" if axis.dilation > 1 else spread
            sums.append(f"{seen} + {spread}·{jump} = {reach.size}")
            jumps.append(f"{jump}·{axis.stride} = {reach.jump}")
        return _named("receptive field", sums) + _named("jump", jumps)

    def sizes(self) -> list[str]:
        """All the sizes in order; the middle ones left out if they need too many lines."""
        found = ["1", *(layer.sees() for layer in self.layers)]
        text = "Layer by layer: " + " → ".join(found)
        keep = len(found)
        while len(wrap(text, LINE_SIZE)) > MOST_LINES:
            keep -= 2
            half = keep // 2
            text = "Layer by layer: " + " → ".join([*found[:half], "…", *found[-half:]])
        return wrap(text, LINE_SIZE)

    def measured(self) -> list[str]:
        """What the gradient reached."""
        boxes = [high - low + 1 for low, high in self.field.measured_box]
        count = math.prod(len(positions) for positions in self.field.measured)
        text = f"Measured by gradient: {size(boxes)} input elements"
        if count < math.prod(boxes):
            text += f", {count:,} of them really read"
        if tuple(boxes) != self.field.size:
            text += "; the rest of the view lies outside"
        return wrap(text + ".", LINE_SIZE)

    def effective(self) -> list[str]:
        """What the network's own gradient says."""
        return wrap(f"Not all count equally: {_small(half(self.field))}", LINE_SIZE)

    def big(self, step: int) -> tuple[str, int]:
        """The receptive field as a large text, and the font size that fits the column."""
        text = "1" if step == 0 else self.layers[step - 1].sees()
        font = 60
        while text_width(text, font, bold=True) > WIDTH - MARGIN - self.column and font > 20:
            font -= 2
        return text, font

    def jump(self, step: int) -> str:
        return "1" if step == 0 else self.layers[step - 1].jump()

    def input_words(self) -> str:
        return f"of {size(self.field.input_shape[1:])}"


def _named(what: str, texts: list[str]) -> list[str]:
    """Lines: one formula if all axes agree, else each with its axis; no formula is broken."""
    if len(set(texts)) > 1:
        names = ("slices", "rows", "columns")[-len(texts) :]
        texts = [f"{name}: {text}" for name, text in zip(names, texts, strict=True)]
    whole = [text.replace(" ", NO_BREAK) for text in dict.fromkeys(texts)]
    return wrap(f"{what} " + ", ".join(whole), LINE_SIZE)


def _small(text: str) -> str:
    return text[0].lower() + text[1:]
