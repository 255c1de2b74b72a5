"""A Funnel to pictures: stacks of feature maps, to one scale, appearing layer by layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..core.errors import SlidingWindowsError, given
from ..core.funnel import Funnel, Shades, Stage
from ..core.text import size
from ..words import funnel as funnel_words
from .canvas import TABLE, Canvas, Pixels, text_width
from .grid import wrap
from .style import MARGIN, WIDTH, Palette

OFFSET, GAP, LABEL = 3, 16, 19  # pixels between cards, pixels between stacks, font size
MOST_ROWS, TALLEST, BAR = 3, 290, 16  # rows of stacks, pixels of a stack, width of a flat stage
GOOD_SIDE, LARGEST_SCALE, SMALLEST = 84, 6.0, 4  # pixels, pixels an element, pixels
FLAT = 200  # pixels of the longest bar where all stages are flat
CAPTION = 62  # pixels below a row for its labels
Run = tuple[Stage, ...]  # neighbours of one shape


@dataclass(frozen=True)
class Stack:
    """A run of stages with one shape, and its front card on the figure."""

    stages: Run
    cards: int
    left: int
    ground: int  # lower edge
    width: int
    height: int
    cut: bool  # a flat stage too long for the scale

    @property
    def shape(self) -> tuple[int, ...]:
        return self.stages[-1].shape

    @property
    def maps(self) -> tuple[Shades, ...]:
        return self.stages[-1].maps

    @property
    def depth(self) -> int:
        """Pixels from the front card to the last one, to the right and up."""
        return OFFSET * (self.cards - 1)

    def labels(self) -> tuple[str, str]:
        return labels(self.shape)


def runs(funnel: Funnel) -> list[Run]:
    """The input, then the layers with neighbours of one shape together."""
    result: list[Run] = [(funnel.stages[0],)]
    for number, stage in enumerate(funnel.stages[1:]):
        if number and result[-1][-1].shape == stage.shape:
            result[-1] += (stage,)
        else:
            result.append((stage,))
    return result


def labels(shape: tuple[int, ...]) -> tuple[str, str]:
    """The text below a stack: how many maps, and their size."""
    return f"{shape[0]:,}", size(shape[1:])


def stacks_of(funnel: Funnel) -> list[Stack]:
    """Every stack at the largest scale that fits, in as few rows as leave the maps large.

    Raises SlidingWindowsError if the labels alone need more than three rows.
    """
    groups = runs(funnel)
    spatial = [max(g[-1].shape[1:]) for g in groups if len(g[-1].shape) > 1]
    if not spatial:
        largest = FLAT / max(g[-1].shape[0] for g in groups)
        return _placed(groups, min(LARGEST_SCALE, largest))
    longest = max(spatial)
    for rows in range(1, MOST_ROWS + 1):
        scale = LARGEST_SCALE
        while scale * longest >= min(longest, GOOD_SIDE if rows < MOST_ROWS else SMALLEST):
            stacks = _flow(groups, scale, rows)
            if stacks:
                return stacks
            scale *= 0.98
    return _placed(groups, 0.0)


def _placed(groups: Sequence[Run], scale: float) -> list[Stack]:
    stacks = _flow(groups, scale, MOST_ROWS)
    if stacks:
        return stacks
    raise SlidingWindowsError(
        f"a picture holds {MOST_ROWS} rows of stacks, about 24 different shapes; this network has "
        f"{len(groups)}: use table(), or draw parts such as network[:8]"
    )


def _flow(groups: Sequence[Run], scale: float, most_rows: int) -> list[Stack] | None:
    """Stacks from left to right, broken into rows like words; None if they do not fit."""
    most_cards = 24 if len(groups) <= 7 else 8
    sized = [_measures(group, scale, most_cards) for group in groups]
    tallest = max((h + OFFSET * (c - 1) for c, _, h, flat in sized if not flat), default=FLAT)
    if tallest > TALLEST:
        return None
    rows: list[list[tuple[Run, int, int, int, int, bool]]] = [[]]
    spare, x = [0], MARGIN
    for group, (cards, width, height, flat) in zip(groups, sized, strict=True):
        cut = flat and height > tallest
        height = min(height, tallest) if flat else height
        depth = OFFSET * (cards - 1)
        slot = max(width + depth, *(text_width(t, LABEL, True) for t in labels(group[-1].shape)))
        if rows[-1] and x + slot > WIDTH - MARGIN:
            rows.append([])
            spare.append(0)
            x = MARGIN
        if x + slot > WIDTH - MARGIN or len(rows) > most_rows:
            return None
        rows[-1].append((group, cards, x + (slot - width - depth) // 2, width, height, cut))
        x += slot + GAP
        spare[-1] = WIDTH - MARGIN - (x - GAP)
    placed, top = [], MARGIN + 8
    for row, free in zip(rows, spare, strict=True):
        ground = top + max(h + OFFSET * (cards - 1) for _, cards, _, _, h, _ in row)
        for group, cards, left, width, height, cut in row:
            placed.append(Stack(group, cards, left + free // 2, ground, width, height, cut))
        top = ground + CAPTION + 8
    return placed


def _measures(group: Run, scale: float, most_cards: int) -> tuple[int, int, int, bool]:
    """(cards, width, height, whether it is a flat stage) of a stack."""
    shape = group[-1].shape
    if len(shape) == 1:
        return 1, BAR, max(8, round(shape[0] * scale)), True
    width = max(SMALLEST, round(shape[-1] * scale))
    if len(shape) == 2:  # signals lie one below another
        rows = len(group[-1].maps[0])
        return 1, width, rows * max(2, min(10, 180 // rows)), False
    return min(shape[0], most_cards), width, max(SMALLEST, round(shape[-2] * scale)), False


SHADES = 16  # grey levels of the maps; together with the text at most 32 colours
REVEAL, CYCLE, LAST, CYCLES = 1800, 900, 3000, 3  # ms, ms, ms, turns
FIRST_SHADE: int = TABLE.shape[2]  # palette numbers after the figure colours
LINE, MOST_NAMES = 26, 2  # pixels between lines of text, lines of layer names


def shades() -> Palette:
    """The grey ramp that follows a theme's own colours in the palette."""
    return tuple((round(255 * i / (SHADES - 1)),) * 3 for i in range(SHADES))


class FunnelScene:
    """The stacks of a funnel, and room for the longest text below them."""

    def __init__(self, funnel: Funnel) -> None:
        self.funnel = funnel
        self.stacks = stacks_of(funnel)
        self.text_y = max(stack.ground for stack in self.stacks) + CAPTION + 28
        lines = max(len(text) for text in (*map(words, self.stacks), summary(funnel)))
        self.height = self.text_y + LINE * (lines - 1) + 16

    def write(self, canvas: Canvas, lines: Sequence[tuple[str, bool]]) -> None:
        for number, (line, mono) in enumerate(lines):
            canvas.text(MARGIN, self.text_y + LINE * number, line, LABEL, mono=mono)


def animate(funnel: Funnel) -> Iterator[tuple[Canvas, int]]:
    """(Canvas, milliseconds): stack after stack appears, then other channels come to the front."""
    scene = FunnelScene(funnel)
    base = Canvas(WIDTH, scene.height)
    for stack in scene.stacks:
        _stack(base, stack, 0)
        canvas = base.copy()
        scene.write(canvas, words(stack))
        yield canvas, REVEAL
    for turn in range(1, CYCLES + 1):
        for stack in scene.stacks:
            _stack(base, stack, turn)
        canvas = base.copy()
        scene.write(canvas, summary(funnel))
        yield canvas, LAST if turn == CYCLES else CYCLE


def poster(funnel: Funnel) -> Canvas:
    """All stages at once."""
    scene = FunnelScene(funnel)
    canvas = Canvas(WIDTH, scene.height)
    for stack in scene.stacks:
        _stack(canvas, stack, 0)
    scene.write(canvas, summary(funnel))
    return canvas


def sentences(funnel: Funnel) -> list[str]:
    """What is said of each picture that ``animate`` gives, in its order."""
    result = []
    for stack in stacks_of(funnel):
        head, details = _told(stack)
        result.append(" ".join([*(line for line, _ in head), "; ".join(details)]) + ".")
    last = " ".join(line for line, _ in summary(funnel))
    turns = range(1, CYCLES + 1)
    return result + [f"{funnel_words.in_front(n, CYCLES)} {last}" for n in turns]


def words(stack: Stack) -> list[tuple[str, bool]]:
    """(line, whether it is code): the layers that a stack stands for, and what they cost."""
    head, details = _told(stack)
    return [*head, *(line for detail in details for line in _plain(detail))]


def _told(stack: Stack) -> tuple[list[tuple[str, bool]], list[str]]:
    """The lines of code of a stack's layers, then each fact about them."""
    stages, details = stack.stages, funnel_words.facts(stack.stages)
    if stages[0].call == "input":
        return [], details
    calls = [(line, True) for line in wrap(stages[0].call, LABEL, mono=True)]
    if len(stages) > 1:
        named = [re.match(r"(?:nn\.)?(\w+)", stage.call) for stage in stages]
        names = [given(name, "layer's name").group(1) for name in named]
        lines = wrap(", ".join(names), LABEL, mono=True)
        if len(lines) > MOST_NAMES:
            lines = wrap(funnel_words.named(stages, names), LABEL, mono=True)
        calls = [(line, True) for line in lines]
    return calls, details


def summary(funnel: Funnel) -> list[tuple[str, bool]]:
    """What all stacks together say."""
    parameters, macs = funnel_words.costs(funnel)
    total = _plain(f"{parameters}, {macs}.")
    if len(total) > 1:
        total = [(f"{parameters},", False), (f"{macs}.", False)]
    return [*_plain(funnel_words.way(funnel)), *total]


def _plain(text: str) -> list[tuple[str, bool]]:
    return [(line, False) for line in wrap(text, LABEL)]


def _stack(canvas: Canvas, stack: Stack, turn: int) -> None:
    width, height, left = stack.width, stack.height, stack.left
    top = stack.ground - height
    for card in range(stack.cards - 1, 0, -1):
        x, y = left + OFFSET * card, top - OFFSET * card
        canvas.fill((x, y, x + width, y + height), "pad")
        canvas.outline((x, y, x + width, y + height), "muted", 1)
    shown = stack.maps[turn * 5 % len(stack.maps)]
    canvas.pixels[top : top + height, left : left + width] = _grey(shown, width, height)
    canvas.outline((left, top, left + width, top + height), "text", 1)
    if stack.cut:
        _break(canvas, left, (top + stack.ground) // 2, width)
    middle = left + (width + stack.depth) // 2
    channels, sizes = stack.labels()
    canvas.text(middle, stack.ground + 26, channels, LABEL, "text", "middle", bold=True)
    canvas.text(middle, stack.ground + 50, sizes, LABEL, "muted", "middle")


def _break(canvas: Canvas, left: int, middle: int, width: int) -> None:
    """Two slanting lines across a bar: it is longer than it is drawn."""
    for x in range(-3, width + 3):
        y = middle + (width // 2 - x) // 2
        canvas.fill((left + x, y - 4, left + x + 1, y + 5), "page")
        canvas.fill((left + x, y - 5, left + x + 1, y - 3), "text")
        canvas.fill((left + x, y + 4, left + x + 1, y + 6), "text")


def _grey(plane: Shades, width: int, height: int) -> Pixels:
    picture = Image.fromarray(np.array(plane, np.uint8))
    rows, cols = np.asarray(picture).shape
    # Enlarged, a signal's rows keep their edges; a photo shrinks by averaging.
    method = Image.Resampling.BOX if width <= cols or height <= rows else Image.Resampling.NEAREST
    picture = picture.resize((width, height), method)
    levels = (np.asarray(picture, np.uint16) * (SHADES - 1) + 127) // 255
    numbers: Pixels = (levels + FIRST_SHADE).astype(np.uint8)
    return numbers
