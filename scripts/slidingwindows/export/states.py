"""A moving figure of a network state by state: all of them on one sheet, in words and in time."""

from __future__ import annotations

import numpy as np

from ..core.fields import ReceptiveField
from ..core.funnel import Funnel
from ..drawing import field_frames, funnel_frames
from ..drawing.canvas import Canvas
from ..drawing.field_frames import GLIDE

COLUMNS = 8  # states in a row: side by side, what they have in common packs well


def states_of(item: Funnel | ReceptiveField) -> list[tuple[Canvas, int, str]]:
    """(Canvas, milliseconds, sentence) of every picture that shows something of its own.

    The time of pictures on the way to a state is part of the state's.
    """
    module = funnel_frames if isinstance(item, Funnel) else field_frames
    shown, way = [], 0
    for canvas, lasts in module.animate(item):
        way += lasts
        if lasts > GLIDE:
            shown.append((canvas, way))
            way = 0
    sentences = module.sentences(item)
    return [(*state, said) for state, said in zip(shown, sentences, strict=True)]


def sheet(pictures: list[np.ndarray]) -> np.ndarray:
    """Pictures of one size, eight side by side, then the next row; what is left over is 0."""
    height, width = pictures[0].shape
    columns = min(COLUMNS, len(pictures))
    rows = -(-len(pictures) // columns)
    whole = np.zeros((rows * height, columns * width), np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // columns * height, number % columns * width
        whole[top : top + height, left : left + width] = picture
    return whole
