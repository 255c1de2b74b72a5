"""A Trace to pictures: the window lands, the arithmetic appears, the output fills."""

from __future__ import annotations

from collections.abc import Iterator

from .canvas import Canvas
from .drawing import Drawing
from .errors import SlidingWindowsError
from .notation import number, size
from .style import WIDTH
from .trace import Step, Trace

INTRO, LAST, GLIDE = 1600, 3200, (0.35, 0.75)  # ms, ms, where the window is shown on its way
Frame = tuple[Canvas, int]


def durations(steps: int, frame_time: int | None = None) -> tuple[int, int, int]:
    """Milliseconds for one glide frame, for looking, for the answer: long tours go faster.

    frame_time: milliseconds that each answer is to stay; the other frames follow in proportion.
    """
    glide, look, answer = _tempo(steps)
    if frame_time is None:
        return glide, look, answer
    if not isinstance(frame_time, int) or not 20 <= frame_time <= 60_000:
        raise SlidingWindowsError(f"a frame lasts from 20 to 60000 ms, not {frame_time!r}")
    factor = frame_time / answer
    return tuple(max(20, round(t * factor / 10) * 10) if t else 0 for t in (glide, look, answer))


def _tempo(steps: int) -> tuple[int, int, int]:
    if steps <= 9:
        return 60, 600, 1100
    if steps <= 25:
        return 50, 350, 750
    return 0, 0, max(60, 15000 // steps // 10 * 10)


def animate(trace: Trace, width: int = WIDTH, frame_time: int | None = None) -> Iterator[Frame]:
    """(Canvas, milliseconds) for the whole animation, the last frame held.

    width: pixels of the figure. frame_time: milliseconds for each answer.
    """
    drawing = Drawing(trace, width)
    glide, look, answer = durations(len(trace.steps), frame_time)
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


def stills(trace: Trace, numbers, width: int = WIDTH) -> Iterator[Canvas]:
    """One picture for each of the steps with these numbers, as it looks once it is answered."""
    drawing = Drawing(trace, width)
    for number_ in numbers:
        canvas = drawing.blank.copy()
        drawing.filled(canvas, number_ + 1)
        drawing.answer(canvas, trace.steps[number_])
        yield canvas


def poster(trace: Trace, width: int = WIDTH) -> Canvas:
    """One picture that says it all: the whole output, and one window with its arithmetic."""
    drawing = Drawing(trace, width)
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
