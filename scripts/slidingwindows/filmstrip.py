"""An animation as one still picture: its windows side by side, numbered."""

from __future__ import annotations

import numpy as np

from . import field_frames, frames, funnel_frames
from .canvas import Canvas
from .feature_maps import Funnel
from .fields import ReceptiveField
from .sizes import Sizes
from .style import WIDTH

MOST, COLUMNS, HEADER, SIZE = 12, 3, 34, 20  # stills, stills a row, pixels, pixels of the type
GLIDING = 200  # ms; a frame that lasts less is on its way


def chosen(count: int, most: int = MOST) -> list[int]:
    """Which of so many steps are shown: all, or evenly chosen ones with the first and the last.

    >>> chosen(4), chosen(100, 5)
    ([0, 1, 2, 3], [0, 25, 50, 74, 99])
    """
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


def filmstrip(item, width: int = WIDTH) -> Canvas:
    """A sheet of at most twelve stills, each ``width`` pixels wide, up to three in a row.

    item: a Trace, a Transfer, a Funnel or a ReceptiveField.
    """
    if isinstance(item, Funnel | ReceptiveField):
        module = funnel_frames if isinstance(item, Funnel) else field_frames
        # Frames on the way from one still to the next show nothing of their own.
        pictures = [canvas for canvas, lasts in module.animate(item) if lasts >= GLIDING]
        numbers = chosen(len(pictures))
        total, name = len(pictures), "frame"
        stills = [pictures[n] for n in numbers]
    else:
        total, name = len(frames.item_steps(item)), "window"
        numbers = chosen(total)
        stills = list(frames.stills(item, numbers, width))
    return _sheet(stills, [f"{name} {n + 1:,} of {total:,}" for n in numbers])


def _sheet(stills: list[Canvas], headers: list[str]) -> Canvas:
    height, width = stills[0].pixels.shape
    px = Sizes(max(320, width)).px
    columns = min(COLUMNS, len(stills))
    rows = -(-len(stills) // columns)
    sheet = Canvas(columns * width, rows * (height + px(HEADER)))
    for number, (still, header) in enumerate(zip(stills, headers, strict=True)):
        top, left = (
            number // columns * (height + px(HEADER)),
            number % columns * width,
        )
        sheet.text(left + px(16), top + px(HEADER - 6), header, px(SIZE), "muted")
        spot = sheet.pixels[top + px(HEADER) : top + px(HEADER) + height, left : left + width]
        np.copyto(spot, still.pixels)
    return sheet
