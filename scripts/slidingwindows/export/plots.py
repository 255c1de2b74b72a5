"""A plot's layers to its picture in a theme."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from ..drawing.layers import FIRST, SECOND, Layers, Pixels
from ..drawing.style import Theme

COLOURS = 32  # of what is drawn in greys, and as many of the rest, beside the theme's own
INKS = 8  # from page to text, for the smooth edges of letters
FARTHEST = 1 << 20  # more than the squared distance of any two colours
MANY = 1 << 16  # colours that are compared with the palette at a time


def plot_png(layers: Layers, theme: Theme) -> bytes:
    """The PNG bytes of a plot in the colours of a theme."""
    pixels = layers.coloured({role: theme.rgb(role) for role in FIRST + SECOND})
    buffer = io.BytesIO()
    _few_colours(pixels, theme).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _few_colours(pixels: Pixels, own: Theme) -> Image.Image:
    """The picture in few colours, among which the theme's own are exact and greys stay grey.

    A palette cut from the picture alone has no place for the little that letters cover: beside
    a colourful map, white titles came out yellow. And one cut from greys and colours together
    puts a colour where a grey was: beside a photo, grey maps came out with orange specks.
    """
    page, text = (np.array(own.rgb(name)) for name in ("page", "text"))
    inks = page + np.linspace(0, 1, INKS)[:, None] * (text - page)
    roles = [own.rgb(name) for name in ("fresh", "edge", "muted", "line")]

    grey = (pixels == pixels[..., :1]).all(2)
    drawn = [_cut(pixels[some]) for some in (grey, ~grey) if some.any()]
    palette = np.unique(np.concatenate([inks.round(), roles, *drawn]).astype(np.int32), axis=0)

    numbers = pixels.astype(np.int32) @ np.array((1 << 16, 1 << 8, 1), np.int32)
    there = np.zeros(1 << 24, bool)  # much sooner than sorting them
    there[numbers] = True
    colours = np.flatnonzero(there)
    table = np.empty(1 << 24, np.uint8)
    for some in np.array_split(colours, len(colours) // MANY + 1):
        apart = np.stack([some >> 16, some >> 8 & 255, some & 255], 1)
        table[some] = _nearest(apart, palette)
    small = Image.fromarray(table[numbers], "P")
    small.putpalette(palette.astype(np.uint8).tobytes())
    return small


def _nearest(colours: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """The index in the palette, (some, 3), of the closest to each of colours, (many, 3)."""
    # Squared distances, but for what all of a row have in common; whole numbers, so exact.
    mixed = colours.astype(np.float32) @ palette.T.astype(np.float32)
    away = (palette**2).sum(1).astype(np.float32) - 2 * mixed
    away[np.ix_(_is_grey(colours), ~_is_grey(palette))] = FARTHEST
    nearest: np.ndarray = away.argmin(1).astype(np.uint8)
    return nearest


def _cut(pixels: np.ndarray) -> np.ndarray:
    """At most COLOURS colours, (n, 3), that are close to what the pixels, (many, 3), have."""
    row = Image.fromarray(pixels[None])
    cut = row.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return np.array(cut.getpalette()).reshape(-1, 3)[: int(np.asarray(cut).max()) + 1]


def _is_grey(colours: np.ndarray) -> np.ndarray:
    grey: np.ndarray = (colours == colours[:, :1]).all(1)
    return grey
