"""A moving figure's frames, and the pace of all of them: window lands, sum appears, cell fills."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..core.errors import SlidingWindowsError
from ..core.step import Step
from ..core.trace import Trace
from ..core.transfer import Move, Transfer
from .canvas import Canvas
from .forward import Drawing
from .moving import Moving, Returning
from .style import WIDTH, Sizes

INTRO, LAST, GLIDE = 1600, 3200, (0.35, 0.75)  # ms, ms, where the window is shown on its way
Frame = tuple[Canvas, int]


def scene_of(item: Trace | Transfer, width: int = WIDTH) -> Drawing | Moving:
    """The laid out figure of a Trace or a Transfer; the latest is kept, for all that draws it."""
    global _latest
    sizes, known = Sizes(width), _latest
    if known is None or known[0] is not item or known[1].sizes != sizes:
        known = _latest = item, _laid_out(item, width)
    return known[1]


_latest: tuple[Trace | Transfer, Drawing | Moving] | None = None


def _laid_out(item: Trace | Transfer, width: int) -> Drawing | Moving:
    if not isinstance(item, Transfer):
        return Drawing(item, width)
    return (Returning if item.kind == "gradient" else Moving)(item, width)


def item_steps(item: Trace | Transfer) -> tuple[Step, ...] | tuple[Move, ...]:
    """The steps of a Trace, the moves of a Transfer."""
    return item.moves if isinstance(item, Transfer) else item.steps


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
    glide, look, answer = (
        max(20, round(t * factor / 10) * 10) if t else 0 for t in (glide, look, answer)
    )
    return glide, look, answer


def _tempo(steps: int) -> tuple[int, int, int]:
    if steps <= 9:
        return 60, 600, 1100
    if steps <= 25:
        return 50, 350, 750
    return 0, 0, max(60, 15000 // steps // 10 * 10)


def animate(
    item: Trace | Transfer, width: int = WIDTH, frame_time: int | None = None
) -> Iterator[Frame]:
    """(Canvas, milliseconds) for the whole animation, the last frame held.

    width: pixels of the figure. frame_time: milliseconds for each answer.
    Of more than 256 windows only every second, third ... is shown.
    """
    scene = scene_of(item, width)
    shown = scene.shown()
    glide, look, answer = durations(len(shown), frame_time)
    opening = scene.blank.copy()
    scene.write(opening, scene.opening_words())
    yield opening, INTRO
    base, done = scene.blank.copy(), 0
    for index in shown:
        if done and glide:
            for part in GLIDE:
                canvas = base.copy()
                scene.glide(canvas, done - 1, index, part)
                yield canvas, glide
        for skipped in range(done, index):
            scene.settle(base, skipped)
        if look:
            canvas = base.copy()
            scene.look(canvas, index)
            yield canvas, look
        canvas = base.copy()
        scene.answer(canvas, index)
        scene.progress(canvas, index + 1)
        yield canvas, answer
        scene.settle(base, index)
        scene.progress(base, index + 1)
        done = index + 1
    scene.write(base, scene.closing_words())
    yield base, LAST


def stills(item: Trace | Transfer, numbers: Iterable[int], width: int = WIDTH) -> Iterator[Canvas]:
    """One picture for each of the steps with these numbers, as it looks once it is answered."""
    scene = scene_of(item, width)
    base, done = scene.blank.copy(), 0
    for number in numbers:
        if number < done:
            base, done = scene.blank.copy(), 0
        for index in range(done, number + 1):
            scene.settle(base, index)
        done = number + 1
        yield _answered(scene, base.copy(), number, done)


def poster(item: Trace | Transfer, width: int = WIDTH) -> Canvas:
    """One picture that says it all: the whole output, and one window with its arithmetic.

    No later window changes what that one made, so its numbers are the whole output's.
    """
    scene = scene_of(item, width)
    canvas = scene.blank.copy()
    for index in range(len(scene.steps)):
        scene.settle(canvas, index)
    return _answered(scene, canvas, scene.telling(), len(scene.steps))


def _answered(scene: Drawing | Moving, canvas: Canvas, number: int, known: int) -> Canvas:
    """The canvas, on which ``known`` steps are settled, with one step's window and arithmetic."""
    scene.progress(canvas, known)
    scene.answer(canvas, number)
    return canvas
