"""A ReceptiveField to pictures: what one output sees of the input grows, layer by layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from ..core.errors import SlidingWindowsError
from ..core.reach import Reach
from ..core.receptive import FieldLayer, ReceptiveField
from ..words import receptive as field_words
from .canvas import TABLE, Box, Canvas, text_width
from .grid import wrap
from .style import MARGIN, WIDTH, Palette, Theme

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
            return wrap(field_words.beginning(self.field), LINE_SIZE)
        layer = self.layers[step - 1]
        before = self.layers[step - 2].reaches if step > 1 else (Reach(),) * len(layer.reaches)
        sums, jumps = field_words.recurrence(layer, before)
        return _named("receptive field", sums) + _named("jump", jumps)

    def sizes(self) -> list[str]:
        """All the sizes in order; the middle ones left out if they need too many lines."""
        texts = ["1", *(layer.sees() for layer in self.layers)]
        text = field_words.layer_by_layer(texts)
        keep = len(texts)
        while len(wrap(text, LINE_SIZE)) > MOST_LINES:
            keep -= 2
            half = keep // 2
            text = field_words.layer_by_layer([*texts[:half], "…", *texts[-half:]])
        return wrap(text, LINE_SIZE)

    def measured(self) -> list[str]:
        """What the gradient reached."""
        return wrap(field_words.measured(self.field), LINE_SIZE)

    def effective(self) -> list[str]:
        """What the network's own gradient says."""
        return wrap(field_words.effective(self.field), LINE_SIZE)

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
        return field_words.of_input(self.field)


def _named(what: str, texts: list[str]) -> list[str]:
    """Lines: one formula if all axes agree, else each with its axis; no formula is broken."""
    whole = [text.replace(" ", NO_BREAK) for text in field_words.by_axis(texts)]
    return wrap(f"{what} " + ", ".join(whole), LINE_SIZE)


BARS = 160  # pixels of the tallest bar


def _blank(plan: Plan) -> Canvas:
    """The input to scale, and what lies around it."""
    canvas = Canvas(WIDTH, plan.total)
    (low_row, high_row), (low, high) = plan.spans
    around = plan.across(low), plan.down(low_row), plan.across(high + 1), plan.down(high_row + 1)
    canvas.fill(around, "pad")
    canvas.fill(plan.input_box(), "page")
    _grid(canvas, plan)
    return canvas


def _grid(canvas: Canvas, plan: Plan) -> None:
    """Cells if there are few; the input's own border always."""
    left, top, right, bottom = plan.input_box()
    if plan.cells and plan.scale >= 5:
        (low_row, high_row), (low, high) = plan.spans
        upper, lower = plan.down(low_row), plan.down(high_row + 1)
        for column in range(low, high + 2):
            x = plan.across(column)
            canvas.fill((x, upper, x + 1, lower + 1), "line")
        for row in range(low_row, high_row + 2):
            y = plan.down(row)
            canvas.fill((plan.across(low), y, plan.across(high + 1) + 1, y + 1), "line")
    canvas.outline((left, top, right + 1, bottom + 1), "muted", 2)


def _fill(canvas: Canvas, plan: Plan, view: View, step: float, role: str) -> None:
    """A view, as far as it lies on the input; what lies around has the colour of padding."""
    left, top, right, bottom = plan.box(view, step)
    first, upper, last, lower = plan.input_box()
    if plan.flat:  # a bar, and what it covers of the input
        canvas.fill((left, top, right, bottom), role)
        top, bottom = upper, lower
    canvas.fill((max(left, first), max(top, upper), min(right, last), min(bottom, lower)), role)


def _sides(plan: Plan, view: View, step: float) -> tuple[int, int]:
    """Width and height of a view in pixels."""
    left, top, right, bottom = plan.box(view, step)
    return right - left, bottom - top


def _all_views(canvas: Canvas, plan: Plan) -> None:
    """Every view, one inside the other; a signal's one below the other."""
    for step, view in enumerate(plan.views):
        if plan.flat:
            canvas.fill(plan.box(view, step), "window")
        canvas.outline(plan.box(view, step), "edge", 2)


def _frame(canvas: Canvas, plan: Plan) -> None:
    """The whole view's outline; a signal keeps all its bars."""
    left, top, right, bottom = plan.box(plan.views[-1], len(plan.views) - 1)
    if plan.flat:
        _all_views(canvas, plan)
        top, bottom = plan.bottom - BAND, plan.bottom + 1
    canvas.outline((left, top, right + 1, bottom), "edge", 3)


def _title(canvas: Canvas, lines: Sequence[str], mono: bool) -> None:
    """The lines at the top."""
    for number, line in enumerate(lines):
        canvas.text(MARGIN, MARGIN + 18 + 26 * number, line, CALL_SIZE, bold=not mono, mono=mono)


def _write(canvas: Canvas, plan: Plan, lines: Sequence[str]) -> None:
    """The lines at the bottom."""
    for number, line in enumerate(lines):
        canvas.text(MARGIN, plan.text_y + LINE * number, line, LINE_SIZE)


def _column(canvas: Canvas, plan: Plan, step: int) -> None:
    """At the right: the size in large, the jump, and a bar for every layer so far."""
    x, y = plan.column, plan.top
    count = len(plan.layers)
    canvas.text(x, y + 16, field_words.layer_number(step, count), LINE_SIZE, "muted")
    text, font = plan.big(step)
    canvas.text(x, y + 78, text, font, bold=True)
    canvas.text(x, y + 108, plan.input_words(), LINE_SIZE, "muted")
    canvas.text(x, y + 144, f"jump {plan.jump(step)}", 24, bold=True)
    ground = max(plan.bottom, plan.top + 250)
    room, tallest = WIDTH - MARGIN - x, min(BARS, ground - y - 164)
    pitch = min(room / (count + 1), 26)
    largest = max(high - low + 1 for low, high in plan.views[-1])
    for number, view in enumerate(plan.views):
        left = x + round(number * pitch)
        right = max(x + round((number + 1) * pitch) - (2 if pitch > 4 else 0), left + 1)
        seen = max(high - low + 1 for low, high in view)
        height = max(2, round(tallest * seen / largest))
        role = "edge" if number == step else "result" if number < step else "pad"
        canvas.fill((left, ground - height, right, ground), role)


HEAT = 7  # steps from the page's colour to the strongest
FIRST_HEAT: int = TABLE.shape[2]
INTRO, MIDDLE, LAST, GLIDE = 1500, 3000, 4000, 60  # ms


def heat(theme: Theme) -> Palette:
    """The colours of |gradient|, weak to strong, that follow a theme's own in the palette."""
    page, ink = theme.rgb("page"), theme.rgb("fresh")
    colours = []
    for level in range(1, HEAT + 1):
        red, green, blue = (
            round(a + (b - a) * level / HEAT) for a, b in zip(page, ink, strict=True)
        )
        colours.append((red, green, blue))
    return tuple(colours)


def durations(layers: int) -> int:
    """Milliseconds for each layer: long networks go faster."""
    return 1600 if layers <= 8 else 1000 if layers <= 20 else max(100, 20000 // layers // 10 * 10)


def animate(field: ReceptiveField) -> Iterator[tuple[Canvas, int]]:
    """(Canvas, milliseconds): the view grows, then what was measured, then all sizes."""
    plan = Plan(field)
    pause = durations(len(plan.layers))
    yield _growing(plan, 0), INTRO
    for step in range(1, len(plan.views)):
        if pause >= 1000:
            for part in (0.35, 0.75):
                yield _growing(plan, step, part), GLIDE
        yield _growing(plan, step), pause
    yield _measured(plan), MIDDLE
    if field.effective:
        yield _effective(plan), MIDDLE
    yield poster(field), LAST


def sentences(field: ReceptiveField) -> list[str]:
    """What is said of each picture of ``animate`` that is not on its way, in its order."""
    first, *lines = field_words.transcript(field)
    layers, measured = lines[: len(field.layers)], lines[len(field.layers) :]
    grows = [line for line, layer in zip(layers, field.layers, strict=True) if not layer.plain]
    return [first, *grows, *measured, " ".join(Plan(field).sizes()) + "."]


def poster(field: ReceptiveField) -> Canvas:
    """All views, one inside the other, and their sizes."""
    plan = Plan(field)
    canvas = _blank(plan)
    last = len(plan.views) - 1
    _fill(canvas, plan, plan.views[-1], last, "window")
    _grid(canvas, plan)
    _all_views(canvas, plan)
    canvas.outline(plan.box(plan.views[-1], last), "edge", 4)
    _column(canvas, plan, last)
    _title(canvas, [field_words.TITLES["poster"]], mono=False)
    _write(canvas, plan, plan.sizes())
    return canvas


def _growing(plan: Plan, step: int, part: float = 1.0) -> Canvas:
    """One step: the views before it as thin frames, its own filled."""
    canvas = _blank(plan)
    view = plan.views[step] if part == 1 else plan.between(step, part)
    known = step if part == 1 else step - 1
    _fill(canvas, plan, view, step, "window")
    _grid(canvas, plan)
    for number in range(step):
        if plan.flat:
            canvas.fill(plan.box(plan.views[number], number), "window")
        canvas.outline(plan.box(plan.views[number], number), "edge", 1)
    canvas.outline(plan.box(view, step), "edge", 4 if min(_sides(plan, view, step)) > 12 else 2)
    _column(canvas, plan, known)
    _title(canvas, plan.calls[known - 1] if known else ["input"], mono=known > 0)
    _write(canvas, plan, plan.words(known))
    return canvas


def _measured(plan: Plan) -> Canvas:
    """Every position that the gradient reached is filled: strides and dilation leave holes."""
    canvas = _blank(plan)
    columns = plan.field.measured[-1]
    for row in (0,) if plan.flat else plan.field.measured[-2]:
        for column in columns:
            box = plan.across(column), plan.down(row), plan.across(column + 1), plan.down(row + 1)
            canvas.fill(box, "window")
    _grid(canvas, plan)
    _frame(canvas, plan)
    _column(canvas, plan, len(plan.views) - 1)
    _title(canvas, [field_words.TITLES["measured"]], mono=False)
    _write(canvas, plan, plan.measured())
    return canvas


def _effective(plan: Plan) -> Canvas:
    """|gradient| of the network itself as shades; their steps are those of its square root."""
    canvas = _blank(plan)
    left, top, right, bottom = plan.input_box()
    levels = np.sqrt(np.array(plan.field.effective, np.float32) / 255)
    width, height = right - left, bottom - top
    shrinks = width < levels.shape[1] or height < levels.shape[0]
    method = Image.Resampling.BOX if shrinks else Image.Resampling.NEAREST
    shown = np.asarray(Image.fromarray(levels).resize((width, height), method))
    steps = np.rint(shown * HEAT).astype(np.uint8)
    spot = canvas.pixels[top:bottom, left:right]
    spot[steps > 0] = (FIRST_HEAT - 1 + steps)[steps > 0]
    canvas.outline((left, top, right + 1, bottom + 1), "muted", 2)
    _frame(canvas, plan)
    _column(canvas, plan, len(plan.views) - 1)
    _title(canvas, [field_words.TITLES["effective"]], mono=False)
    _write(canvas, plan, plan.effective())
    return canvas
