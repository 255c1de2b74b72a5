"""Where each stack of a funnel's picture stands: one scale for all, in rows like words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.errors import SlidingWindowsError
from ..core.funnel import Funnel, Shades, Stage
from ..core.text import size
from .canvas import text_width
from .style import MARGIN, WIDTH

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
    found: list[Run] = [(funnel.stages[0],)]
    for number, stage in enumerate(funnel.stages[1:]):
        if number and found[-1][-1].shape == stage.shape:
            found[-1] += (stage,)
        else:
            found.append((stage,))
    return found


def labels(shape: tuple[int, ...]) -> tuple[str, str]:
    """What stands below a stack: how many maps, and their size."""
    return f"{shape[0]:,}", size(shape[1:])


def plan(funnel: Funnel) -> list[Stack]:
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
    sized = [_sized(group, scale, most_cards) for group in groups]
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


def _sized(group: Run, scale: float, most_cards: int) -> tuple[int, int, int, bool]:
    """(cards, width, height, whether it is a flat stage) of a stack."""
    shape = group[-1].shape
    if len(shape) == 1:
        return 1, BAR, max(8, round(shape[0] * scale)), True
    width = max(SMALLEST, round(shape[-1] * scale))
    if len(shape) == 2:  # signals lie one below another
        rows = len(group[-1].maps[0])
        return 1, width, rows * max(2, min(10, 180 // rows)), False
    return min(shape[0], most_cards), width, max(SMALLEST, round(shape[-2] * scale)), False
