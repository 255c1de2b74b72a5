"""The parts of a receptive field's picture: the input, the views on it, the words beside it."""

from __future__ import annotations

from collections.abc import Sequence

from .canvas import Canvas
from .field_plan import BAND, CALL_SIZE, LINE, LINE_SIZE, Plan, View
from .style import MARGIN, WIDTH

BARS = 160  # pixels of the tallest bar


def blank(plan: Plan) -> Canvas:
    """The input to scale, and what lies around it."""
    canvas = Canvas(WIDTH, plan.total)
    (low_row, high_row), (low, high) = plan.spans
    around = plan.across(low), plan.down(low_row), plan.across(high + 1), plan.down(high_row + 1)
    canvas.fill(around, "pad")
    canvas.fill(plan.input_box(), "page")
    grid(canvas, plan)
    return canvas


def grid(canvas: Canvas, plan: Plan) -> None:
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


def fill(canvas: Canvas, plan: Plan, view: View, step: float, role: str) -> None:
    """A view, as far as it lies on the input; what lies around has the colour of padding."""
    left, top, right, bottom = plan.box(view, step)
    first, upper, last, lower = plan.input_box()
    if plan.flat:  # a bar, and what it covers of the input
        canvas.fill((left, top, right, bottom), role)
        top, bottom = upper, lower
    canvas.fill((max(left, first), max(top, upper), min(right, last), min(bottom, lower)), role)


def sides(plan: Plan, view: View, step: float) -> tuple[int, int]:
    """Width and height of a view in pixels."""
    left, top, right, bottom = plan.box(view, step)
    return right - left, bottom - top


def all_views(canvas: Canvas, plan: Plan) -> None:
    """Every view, one inside the other; a signal's one below the other."""
    for step, view in enumerate(plan.views):
        if plan.flat:
            canvas.fill(plan.box(view, step), "window")
        canvas.outline(plan.box(view, step), "edge", 2)


def frame(canvas: Canvas, plan: Plan) -> None:
    """The whole view's outline; a signal keeps all its bars."""
    left, top, right, bottom = plan.box(plan.views[-1], len(plan.views) - 1)
    if plan.flat:
        all_views(canvas, plan)
        top, bottom = plan.bottom - BAND, plan.bottom + 1
    canvas.outline((left, top, right + 1, bottom), "edge", 3)


def title(canvas: Canvas, lines: Sequence[str], mono: bool) -> None:
    """The lines at the top."""
    for number, line in enumerate(lines):
        canvas.text(MARGIN, MARGIN + 18 + 26 * number, line, CALL_SIZE, bold=not mono, mono=mono)


def write(canvas: Canvas, plan: Plan, lines: Sequence[str]) -> None:
    """The lines at the bottom."""
    for number, line in enumerate(lines):
        canvas.text(MARGIN, plan.text_y + LINE * number, line, LINE_SIZE)


def column(canvas: Canvas, plan: Plan, step: int) -> None:
    """At the right: the size in large, the jump, and a bar for every layer so far."""
    x, y = plan.column, plan.top
    count = len(plan.layers)
    place = f"layer {step} of {count}" if step else f"before {count} layers"
    canvas.text(x, y + 16, place, LINE_SIZE, "muted")
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
