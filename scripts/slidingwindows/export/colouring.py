"""Pictures of palette numbers to PNG files, opaque or to lie on a slide."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from ..core.fields import ReceptiveField
from ..core.funnel import Funnel
from ..drawing import field_frames, funnel_frames
from ..drawing.style import Theme


def palette_of(figure, theme: Theme) -> tuple:
    """Every colour that a Trace, a Transfer, a Funnel or a ReceptiveField is drawn in."""
    more = {Funnel: lambda theme: funnel_frames.shades(), ReceptiveField: field_frames.heat}
    return (*theme.palette(), *more.get(type(figure), ramp)(theme))


def ramp(theme: Theme) -> tuple:
    """The grey levels that stand behind a theme's own colours."""
    return theme.full_palette()[len(theme.palette()) :]


def png(pixels: np.ndarray, palette) -> bytes:
    """Palette numbers as a PNG with the palette's exact colours."""
    return _saved(pixels, palette)


def clear_png(pixels: np.ndarray, palette, theme: Theme) -> bytes:
    """The same without a background: the page is clear, and letters on it fade into any slide."""
    clear = theme.clear_palette()
    colours = [*(colour[:3] for colour in clear), *palette[len(clear) :]]
    opacity = bytes([*(colour[3] for colour in clear), *[255] * (len(palette) - len(clear))])
    return _saved(pixels, colours, transparency=opacity)


def _saved(pixels: np.ndarray, palette, **options) -> bytes:
    picture = Image.fromarray(pixels, "P")
    picture.putpalette([channel for colour in palette for channel in colour])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True, **options)
    return buffer.getvalue()
