"""A ReceptiveField to pictures: what one output sees of the input grows, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from ..core.receptive import ReceptiveField
from ..words.field_words import transcript
from . import field_drawing as draw
from .canvas import TABLE, Canvas
from .field_plan import Plan
from .style import Palette, Theme

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
    first, *lines = transcript(field)
    layers, measured = lines[: len(field.layers)], lines[len(field.layers) :]
    grows = [line for line, layer in zip(layers, field.layers, strict=True) if not layer.plain]
    return [first, *grows, *measured, " ".join(Plan(field).sizes()) + "."]


def poster(field: ReceptiveField) -> Canvas:
    """All views, one inside the other, and their sizes."""
    plan = Plan(field)
    canvas = draw.blank(plan)
    last = len(plan.views) - 1
    draw.fill(canvas, plan, plan.views[-1], last, "window")
    draw.grid(canvas, plan)
    draw.all_views(canvas, plan)
    canvas.outline(plan.box(plan.views[-1], last), "edge", 4)
    draw.column(canvas, plan, last)
    draw.title(canvas, ["The receptive field grows"], mono=False)
    draw.write(canvas, plan, plan.sizes())
    return canvas


def _growing(plan: Plan, step: int, part: float = 1.0) -> Canvas:
    """One step: the views before it as thin frames, its own filled."""
    canvas = draw.blank(plan)
    view = plan.views[step] if part == 1 else plan.between(step, part)
    known = step if part == 1 else step - 1
    draw.fill(canvas, plan, view, step, "window")
    draw.grid(canvas, plan)
    for number in range(step):
        if plan.flat:
            canvas.fill(plan.box(plan.views[number], number), "window")
        canvas.outline(plan.box(plan.views[number], number), "edge", 1)
    canvas.outline(plan.box(view, step), "edge", 4 if min(draw.sides(plan, view, step)) > 12 else 2)
    draw.column(canvas, plan, known)
    draw.title(canvas, plan.calls[known - 1] if known else ["input"], mono=known > 0)
    draw.write(canvas, plan, plan.words(known))
    return canvas


def _measured(plan: Plan) -> Canvas:
    """Every position that the gradient reached is filled: strides and dilation leave holes."""
    canvas = draw.blank(plan)
    columns = plan.field.measured[-1]
    for row in (0,) if plan.flat else plan.field.measured[-2]:
        for column in columns:
            box = plan.across(column), plan.down(row), plan.across(column + 1), plan.down(row + 1)
            canvas.fill(box, "window")
    draw.grid(canvas, plan)
    draw.frame(canvas, plan)
    draw.column(canvas, plan, len(plan.views) - 1)
    draw.title(canvas, ["Measured: what the gradient reaches"], mono=False)
    draw.write(canvas, plan, plan.measured())
    return canvas


def _effective(plan: Plan) -> Canvas:
    """|gradient| of the network itself as shades; their steps are those of its square root."""
    canvas = draw.blank(plan)
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
    draw.frame(canvas, plan)
    draw.column(canvas, plan, len(plan.views) - 1)
    draw.title(canvas, ["Effective: how strongly each one counts"], mono=False)
    draw.write(canvas, plan, plan.effective())
    return canvas
