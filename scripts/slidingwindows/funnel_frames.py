"""A Funnel to pictures: stacks of feature maps, to scale, appearing layer by layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from .canvas import TABLE, Canvas
from .feature_maps import Funnel, Stage
from .panels import wrap
from .style import MARGIN, WIDTH

SHADES = 16  # grey levels of the maps; together with the text at most 32 colours
OFFSET, GAP, LABEL = 3, 16, 19  # pixels between cards, pixels between stages, font size
REVEAL, CYCLE, LAST, CYCLES = 1800, 900, 3000, 3  # ms, ms, ms, turns
FIRST_SHADE = TABLE.shape[2]  # palette numbers after the figure colours


def shades() -> tuple[tuple[int, int, int], ...]:
    """The grey ramp that follows a theme's own colours in the palette."""
    return tuple((round(255 * i / (SHADES - 1)),) * 3 for i in range(SHADES))


class Plan:
    """Positions of the stacks; one scale for all of them."""

    def __init__(self, funnel: Funnel):
        self.funnel = funnel
        stages = funnel.stages
        self.cards = [min(stage.shape[0], 24) for stage in stages]
        room = WIDTH - 2 * MARGIN - GAP * (len(stages) - 1)
        room -= sum(OFFSET * (cards - 1) for cards in self.cards)
        self.scale = min(2.0, room / sum(stage.shape[2] for stage in stages))
        deepest = max(
            self.side(stage.shape[1]) + OFFSET * (cards - 1)
            for stage, cards in zip(stages, self.cards, strict=True)
        )
        self.ground = MARGIN + 8 + deepest
        self.height = self.ground + 132
        self.lefts, x = [], MARGIN
        for stage, cards in zip(stages, self.cards, strict=True):
            self.lefts.append(x)
            x += self.side(stage.shape[2]) + OFFSET * (cards - 1) + GAP

    def side(self, pixels: int) -> int:
        return max(4, round(pixels * self.scale))


def animate(funnel: Funnel) -> Iterator[tuple[Canvas, int]]:
    """(Canvas, milliseconds): stage after stage appears, then other channels come to the front."""
    plan = Plan(funnel)
    base = Canvas(WIDTH, plan.height)
    for number in range(len(funnel.stages)):
        _stack(base, plan, number, 0)
        canvas = base.copy()
        _words(canvas, plan, funnel.stages[number], number)
        yield canvas, REVEAL
    for turn in range(1, CYCLES + 1):
        for number in range(len(funnel.stages)):
            _stack(base, plan, number, turn)
        canvas = base.copy()
        _lines(canvas, plan, "Every layer holds many maps; here are others of them.")
        yield canvas, LAST if turn == CYCLES else CYCLE


def poster(funnel: Funnel) -> Canvas:
    """All stages at once."""
    plan = Plan(funnel)
    canvas = Canvas(WIDTH, plan.height)
    for number in range(len(funnel.stages)):
        _stack(canvas, plan, number, 0)
    first, last = funnel.stages[0], funnel.stages[-1]
    before, after = (f"{stage.shape[1]}×{stage.shape[2]}" for stage in (first, last))
    text = f"Height and width go from {before} to {after}, "
    _lines(canvas, plan, text + f"channels from {first.shape[0]} to {last.shape[0]}.")
    return canvas


def _stack(canvas: Canvas, plan: Plan, number: int, turn: int) -> None:
    stage, cards = plan.funnel.stages[number], plan.cards[number]
    width, height = plan.side(stage.shape[2]), plan.side(stage.shape[1])
    left, top = plan.lefts[number], plan.ground - height
    for card in range(cards - 1, 0, -1):
        x, y = left + OFFSET * card, top - OFFSET * card
        canvas.fill((x, y, x + width, y + height), "pad")
        canvas.outline((x, y, x + width, y + height), "muted", 1)
    shown = stage.maps[turn * 5 % len(stage.maps)]
    canvas.pixels[top : top + height, left : left + width] = _grey(shown, width, height)
    canvas.outline((left, top, left + width, top + height), "text", 1)
    _label(canvas, plan, number, left + (width + OFFSET * (cards - 1)) // 2)


def _grey(plane, width: int, height: int) -> np.ndarray:
    picture = Image.fromarray(np.array(plane, np.uint8)).resize(
        (width, height), Image.Resampling.BOX
    )
    levels = (np.asarray(picture, np.uint16) * (SHADES - 1) + 127) // 255
    return (levels + FIRST_SHADE).astype(np.uint8)


def _label(canvas: Canvas, plan: Plan, number: int, middle: int) -> None:
    channels, height, width = plan.funnel.stages[number].shape
    canvas.text(middle, plan.ground + 26, str(channels), LABEL, "text", "middle", bold=True)
    canvas.text(middle, plan.ground + 50, f"{height}×{width}", LABEL, "muted", "middle")


def _words(canvas: Canvas, plan: Plan, stage: Stage, number: int) -> None:
    channels, height, width = stage.shape
    if number == 0:
        _lines(canvas, plan, f"A photo: {channels} channels of {height}×{width} pixels")
        return
    canvas.text(MARGIN, plan.ground + 90, stage.call, LABEL, mono=True)
    text = f"gives {channels} maps of {height}×{width}; {stage.parameters:,} parameters"
    canvas.text(MARGIN, plan.ground + 116, text, LABEL)


def _lines(canvas: Canvas, plan: Plan, text: str) -> None:
    for number, line in enumerate(wrap(text, LABEL)):
        canvas.text(MARGIN, plan.ground + 90 + 26 * number, line, LABEL)
