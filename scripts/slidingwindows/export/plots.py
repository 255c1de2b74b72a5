"""A plot's layers to its picture in a theme."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..drawing.layers import FIRST, SECOND, Layers, Pixels
from ..drawing.style import Theme
from .still import pack, png

COLOURS = 32  # of what is drawn in greys, and as many of the rest, beside the theme's own
INKS = 8  # from page to text, for the smooth edges of letters
FARTHEST = 1 << 20  # more than the squared distance of any two colours
MANY = 1 << 16  # colours that are compared with the palette at a time


def plot_png(layers: Layers, theme: Theme) -> bytes:
    """The PNG bytes of a plot in the colours of a theme."""
    pixels = layers.coloured({role: theme.rgb(role) for role in FIRST + SECOND})
    numbers, palette = _few_colours(pixels, theme)
    return png(pack(numbers), palette.tolist())


def _few_colours(pixels: Pixels, own: Theme) -> tuple[Pixels, np.ndarray]:
    """The picture as numbers of a palette, and that, (n, 3).

    The theme's own colours are exact and greys stay grey. A palette cut from the picture alone has
    no place for the little that letters cover: beside a colourful map, white titles came out
    yellow. And one cut from greys and colours together puts a colour where a grey was: beside a
    photo, grey maps came out with orange specks.
    """
    page, text = (np.array(own.rgb(name)) for name in ("page", "text"))
    inks = page + np.linspace(0, 1, INKS)[:, None] * (text - page)
    roles = [own.rgb(name) for name in ("fresh", "edge", "muted", "line")]
    exact = np.concatenate([inks.round(), roles]).astype(np.int32)

    coded = _coded(pixels)
    table = np.zeros(1 << 24, np.uint8)  # much sooner than sorting the colours
    table[_coded(exact)] = 1
    others = coded[table[coded] == 0]  # what is exact, such as the page, needs no more places
    grey = others >> 8 == others & 0xFFFF
    drawn = [_cut(_apart(some)) for some in (others[grey], others[~grey]) if some.size]
    palette = np.unique(np.concatenate([exact, *drawn]), axis=0)

    table[others] = 1
    colours = np.flatnonzero(table.view(bool))  # of bytes it would take longer than all the rest
    for some in np.array_split(colours, len(colours) // MANY + 1):
        table[some] = _nearest(_apart(some), palette)
    return table[coded], palette


def _coded(colours: np.ndarray) -> np.ndarray:
    """Each of colours, (..., 3), as one number."""
    red, green, blue = (colours[..., channel].astype(np.int32) for channel in range(3))
    coded: np.ndarray = red << 16 | green << 8 | blue
    return coded


def _apart(coded: np.ndarray) -> np.ndarray:
    """The inverse of _coded, for colours in a row."""
    return np.stack([coded >> 16, coded >> 8 & 255, coded & 255], 1).astype(np.int32)


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
    row = Image.fromarray(pixels[None].astype(np.uint8))
    cut = row.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return np.array(cut.getpalette(), np.int32).reshape(-1, 3)[: int(np.asarray(cut).max()) + 1]


def _is_grey(colours: np.ndarray) -> np.ndarray:
    grey: np.ndarray = (colours == colours[:, :1]).all(1)
    return grey
