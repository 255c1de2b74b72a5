"""Pictures of palette numbers to PNG files, opaque or to lie on a slide."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ..drawing.canvas import Pixels
from ..drawing.style import Colour, Theme
from .credits import PNG, chunk
from .kinds import Colours, kind_of


def palette_of(figure: object, theme: Theme) -> Colours:
    """Every colour that a figure is drawn in, (r, g, b) triples."""
    return (*theme.palette(), *kind_of(figure).shades(theme))


class Packed(NamedTuple):
    """Palette numbers as two chunks of a PNG file, whatever the colours: what all themes share."""

    header: bytes
    data: bytes


def pack(pixels: Pixels) -> Packed:
    """pixels: (height, width) palette numbers, uint8."""
    height, width = pixels.shape
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
    rows = np.pad(pixels, ((0, 0), (1, 0)))  # each row begins with 0: its numbers as they are
    # Level 9 takes twice as long and saves one byte of a hundred, of large sheets up to six.
    return Packed(header, chunk(b"IDAT", zlib.compress(rows.tobytes(), 8)))


def png(packed: Packed, palette: Sequence[Colour]) -> bytes:
    """Palette numbers as a PNG with the palette's exact colours."""
    return _file(packed, chunk(b"PLTE", _channels(palette)))


def clear_png(packed: Packed, palette: Sequence[Colour], theme: Theme) -> bytes:
    """The same without a background: the page is clear, and letters on it fade into any slide."""
    clear = theme.clear_palette()
    colours = [*(colour[:3] for colour in clear), *palette[len(clear) :]]
    opacity = bytes(colour[3] for colour in clear)  # all others are opaque
    return _file(packed, chunk(b"PLTE", _channels(colours)), chunk(b"tRNS", opacity))


def _channels(palette: Iterable[Sequence[int]]) -> bytes:
    return bytes(channel for colour in palette for channel in colour)


def _file(packed: Packed, *colours: bytes) -> bytes:
    end = chunk(b"IEND", b"")
    return b"".join((PNG, packed.header, *colours, packed.data, end))
