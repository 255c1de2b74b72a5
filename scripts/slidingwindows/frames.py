"""A Trace to pictures: the window lands, the arithmetic appears, the output fills."""

from __future__ import annotations

from collections.abc import Iterator

from .canvas import Canvas
from .drawing import Drawing
from .notation import number, size
from .trace import Step, Trace

INTRO, LAST, GLIDE = 1600, 3200, (0.35, 0.75)  # ms, ms, where the window is shown on its way
Frame = tuple[Canvas, int]


def durations(steps: int) -> tuple[int, int, int]:
    """Milliseconds for one glide frame, for looking, for the answer: long tours go faster."""
    if steps <= 9:
        return 60, 600, 1100
    if steps <= 25:
        return 50, 350, 750
    return 0, 0, max(60, 15000 // steps // 10 * 10)


def animate(trace: Trace) -> Iterator[Frame]:
    """(Canvas, milliseconds) for the whole animation, the last frame held."""
    drawing = Drawing(trace)
    glide, look, answer = durations(len(trace.steps))
    opening = drawing.blank.copy()
    drawing.write(opening, drawing.opening_words())
    yield opening, INTRO
    base, previous = drawing.blank.copy(), None
    for count, step in enumerate(trace.steps):
        if previous and glide:
            yield from _glide(drawing, base, previous, step, glide)
        if look:
            canvas = base.copy()
            drawing.look(canvas, step)
            yield canvas, look
        canvas = base.copy()
        drawing.answer(canvas, step)
        drawing.progress(canvas, count + 1)
        yield canvas, answer
        drawing.cell(base, drawing.layout.output, *step.output, step.value, "result")
        drawing.progress(base, count + 1)
        previous = step
    drawing.write(base, [closing(trace)])
    yield base, LAST


def _glide(drawing: Drawing, base: Canvas, before: Step, after: Step, duration: int):
    (r0, c0), (r1, c1) = drawing.start(before), drawing.start(after)
    for part in GLIDE:
        canvas = base.copy()
        drawing.write(canvas, drawing.words(before))  # stays until the next window is in place
        for panel in drawing.layout.inputs:
            box = drawing.window_box(panel, (r0 + (r1 - r0) * part, c0 + (c1 - c0) * part))
            canvas.outline(box, "edge", 4)
        yield canvas, duration


def poster(trace: Trace) -> Canvas:
    """One picture that says it all: the whole output, and one window with its arithmetic."""
    drawing = Drawing(trace)
    canvas = drawing.blank.copy()
    drawing.filled(canvas, len(trace.steps))
    drawing.answer(canvas, trace.steps[len(trace.steps) // 2])
    return canvas


def closing(trace: Trace) -> str:
    """The animation's last line."""
    rows, cols = trace.geometry.input_shape
    count = len(trace.steps)
    windows = "one window" if count == 1 else f"{number(count)} windows"
    return f"{windows}: {size((rows, cols))} in, {size(trace.geometry.output_shape)} out"
