"""A plot without a theme: what is drawn in fixed colours, and how much of it is in each role's.

What is drawn last covers what is below by its opacity, so a plot in any colours is the sum of its
fixed part and of each role's colour times its share of the pixel. Three drawings in other colours
tell both, and with them a plot can be coloured where no lesson runs. A fourth is compared with what
the three foretell, because code that computes with colours may do other than mix them.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..core.errors import SlidingWindowsError
from .packed import layers_fit

Colour = tuple[int, int, int]
Pixels = np.ndarray  # (height, width, 3) of uint8

# The roles that a plot is drawn in. Each has one channel of a drawing for itself.
FIRST, SECOND = ("muted", "text", "line"), ("fresh", "page", "edge")
PURE: tuple[Colour, ...] = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
LIGHT_AND_DARK = {  # light where the others are dark, so that a choice by lightness shows
    "muted": (110, 120, 130),
    "text": (60, 30, 10),
    "line": (200, 190, 210),
    "fresh": (240, 200, 90),
    "page": (250, 245, 240),
    "edge": (150, 230, 180),
}
BAND = 64  # rows that are coloured at a time
BLACK = dict.fromkeys(FIRST + SECOND, (0, 0, 0))
# The colours of the three drawings, and of the one that is compared.
DRAWINGS: tuple[dict[str, Colour], ...] = (
    BLACK,
    BLACK | dict(zip(FIRST, PURE, strict=True)),
    BLACK | dict(zip(SECOND, PURE, strict=True)),
)
# Levels of 255. Agg rounds whenever it lays one colour over another, which adds up where many are
# see-through: to 60 for 20,000 points of 2%. Another ink is further away.
ROUNDING, UNLIKE = 16, 64


@dataclass(frozen=True)
class Layers:
    """fixed, first, second: of one shape; the last two hold a role's share of 255 per channel."""

    fixed: Pixels
    first: Pixels
    second: Pixels

    @classmethod
    def of(cls, drawings: Sequence[Pixels]) -> Layers | None:
        """From a plot in the colours of DRAWINGS; None if no mixture of colours makes all these."""
        black, first, second = drawings
        brightest = np.maximum(np.maximum(black[..., 0], black[..., 1]), black[..., 2])
        covered = brightest + _sum(first) + _sum(second) - 2 * _sum(black)
        if covered.max() > 255 + ROUNDING:
            return None
        shares = []
        for coloured in (first, second):
            most = np.maximum(black, coloured)
            if (most - coloured).max() > ROUNDING:
                return None
            shares.append(most - black)
        return cls(black, *shares)

    def coloured(self, colours: Mapping[str, Colour]) -> Pixels:
        """The plot with the roles in these colours."""
        made = np.empty_like(self.fixed)
        first, second = (
            np.array([colours[role] for role in roles], np.float32) for roles in (FIRST, SECOND)
        )
        for top in range(0, len(made), BAND):  # for all at once would need many times the memory
            rows = slice(top, top + BAND)
            # Whole numbers below 2**24, so exact on any machine.
            mixed = self.first[rows].astype(np.float32) @ first
            mixed += self.second[rows].astype(np.float32) @ second
            made[rows] = np.minimum(self.fixed[rows] + (mixed.astype(np.int32) + 127) // 255, 255)
        return made

    def packed(self) -> bytes:
        """A PNG with the three one below the other."""
        buffer = io.BytesIO()
        whole = np.concatenate([self.fixed, self.first, self.second])
        # No reader loads it: a third more bytes than by Pillow's own level, in two thirds the time.
        Image.fromarray(whole).save(buffer, "PNG", compress_level=3)
        return buffer.getvalue()


def apart(some: Pixels, others: Pixels) -> int:
    """The most levels of 255 by which a channel of a pixel differs."""
    return int((np.maximum(some, others) - np.minimum(some, others)).max())


def _sum(pixels: Pixels) -> np.ndarray:
    """Of each pixel's three levels; one channel after the other, for numpy sums three slowly."""
    red_and_green = np.add(pixels[..., 0], pixels[..., 1], dtype=np.int16)
    whole: np.ndarray = red_and_green + pixels[..., 2]
    return whole


def unpacked(data: bytes, width: int, height: int) -> Layers:
    """The inverse of packed(), for a plot of width x height CSS pixels.

    Raises SlidingWindowsError if these are no such layers.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if layers_fit(image, width, height):
                return Layers(*np.split(np.asarray(image), 3))
    except (ValueError, OSError, SyntaxError, Image.DecompressionBombError):
        pass
    raise SlidingWindowsError("the layers of the plot are damaged")
