"""A moving figure of a network state by state: all of them on one sheet, in words and in time."""

from __future__ import annotations

import numpy as np

from ..core.figures import Drawable
from ..drawing.canvas import Canvas, Pixels
from ..drawing.field_frames import GLIDE
from .kinds import kind_of

COLUMNS = 8  # states in a row: side by side, what they have in common packs well


def states_of(item: Drawable) -> list[tuple[Canvas, int, str]]:
    """(Canvas, milliseconds, sentence) of every picture that shows something of its own.

    The time of pictures on the way to a state is part of the state's.
    """
    kind = kind_of(item)
    shown, way = [], 0
    for canvas, lasts in kind.animate(item):
        way += lasts
        if lasts > GLIDE:
            shown.append((canvas, way))
            way = 0
    return [(*state, said) for state, said in zip(shown, kind.sentences(item), strict=True)]


def sheet(pictures: list[Pixels]) -> Pixels:
    """Pictures of one size, eight side by side, then the next row; what is left over is 0."""
    height, width = pictures[0].shape
    columns = min(COLUMNS, len(pictures))
    rows = -(-len(pictures) // columns)
    whole = np.zeros((rows * height, columns * width), np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // columns * height, number % columns * width
        whole[top : top + height, left : left + width] = picture
    return whole
