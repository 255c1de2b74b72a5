"""A ReceptiveField to pictures: what one output sees of the input grows, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from .canvas import TABLE, Canvas
from .field_plan import BAND, CALL_SIZE, LINE, LINE_SIZE, Plan
from .fields import ReceptiveField
from .style import MARGIN, WIDTH, Theme

HEAT = 7  # steps from the page's colour to the strongest
FIRST_HEAT = TABLE.shape[2]
INTRO, MIDDLE, LAST, GLIDE = 1500, 3000, 4000, 60  # ms
BARS = 120  # pixels of the tallest bar


def heat(theme: Theme) -> tuple[tuple[int, int, int], ...]:
    """The colours of |gradient|, weak to strong, that follow a theme's own in the palette."""
    page, ink = theme.rgb("page"), theme.rgb("fresh")
    return tuple(
        tuple(round(a + (b - a) * level / HEAT) for a, b in zip(page, ink, strict=True))
        for level in range(1, HEAT + 1)
    )


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


def poster(field: ReceptiveField) -> Canvas:
    """All views, one inside the other, and their sizes."""
    plan = Plan(field)
    canvas = _blank(plan)
    last = len(plan.views) - 1
    _fill(canvas, plan, plan.views[-1], last, "window")
    if plan.flat:
        for step, view in enumerate(plan.views):
            _fill(canvas, plan, view, step, "window")
    _grid(canvas, plan)
    for step, view in enumerate(plan.views):
        canvas.outline(plan.box(view, step), "edge", 2)
    canvas.outline(plan.box(plan.views[-1], last), "edge", 4)
    _column(canvas, plan, last)
    _title(canvas, ["The receptive field grows"], mono=False)
    _write(canvas, plan, plan.sizes())
    return canvas


def _blank(plan: Plan) -> Canvas:
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


def _fill(canvas: Canvas, plan: Plan, view, step: float, role: str) -> None:
    canvas.fill(plan.box(view, step), role)
    if plan.flat:  # what a bar covers is marked on the input, too
        (low, high) = view[0]
        canvas.fill(
            (plan.across(low), plan.bottom - BAND, plan.across(high + 1), plan.bottom), role
        )


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
    _title(canvas, plan.calls[step - 1] if step else ["input"], mono=step > 0)
    if part == 1:
        _write(canvas, plan, plan.words(step))
    return canvas


def _sides(plan: Plan, view, step: float) -> tuple[int, int]:
    left, top, right, bottom = plan.box(view, step)
    return right - left, bottom - top


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
    _title(canvas, ["Measured: what the gradient reaches"], mono=False)
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
    _title(canvas, ["Effective: how strongly each one counts"], mono=False)
    _write(canvas, plan, plan.effective())
    return canvas


def _frame(canvas: Canvas, plan: Plan) -> None:
    """The whole view's outline."""
    left, top, right, bottom = plan.box(plan.views[-1], len(plan.views) - 1)
    if plan.flat:
        top, bottom = plan.bottom - BAND, plan.bottom + 1
    canvas.outline((left, top, right + 1, bottom), "edge", 3)


def _title(canvas: Canvas, lines, mono: bool) -> None:
    for number, line in enumerate(lines):
        canvas.text(MARGIN, MARGIN + 18 + 26 * number, line, CALL_SIZE, bold=not mono, mono=mono)


def _write(canvas: Canvas, plan: Plan, lines) -> None:
    for number, line in enumerate(lines):
        canvas.text(MARGIN, plan.text_y + LINE * number, line, LINE_SIZE)


def _column(canvas: Canvas, plan: Plan, step: int) -> None:
    """At the right: the size in large, the jump, and a bar for every layer so far."""
    x, y = plan.column, plan.top
    count = len(plan.layers)
    place = f"layer {step} of {count}" if step else f"before {count} layers"
    canvas.text(x, y + 16, place, LINE_SIZE, "muted")
    text, font = plan.big(step)
    canvas.text(x, y + 78, text, font, bold=True)
    canvas.text(x, y + 108, f"of {plan.input_words()}", LINE_SIZE, "muted")
    canvas.text(x, y + 144, f"jump {plan.jump(step)}", 24, bold=True)
    ground = max(plan.bottom, plan.top + 250)
    room, tallest = WIDTH - MARGIN - x, min(BARS + 40, ground - y - 164)
    pitch = min(room / (count + 1), 26)
    largest = max(high - low + 1 for low, high in plan.views[-1])
    for number, view in enumerate(plan.views):
        left = x + round(number * pitch)
        right = max(x + round((number + 1) * pitch) - (2 if pitch > 4 else 0), left + 1)
        seen = max(high - low + 1 for low, high in view)
        height = max(2, round(tallest * seen / largest))
        role = "edge" if number == step else "result" if number < step else "pad"
        canvas.fill((left, ground - height, right, ground), role)
