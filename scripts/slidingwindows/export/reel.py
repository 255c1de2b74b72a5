"""An animation as a stream: only the colours it uses, a few frames in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from ..drawing.canvas import Pixels
from ..drawing.style import Colour

T = TypeVar("T")
Timed = tuple[Pixels, int]  # palette numbers, milliseconds


class Reel:
    """(pixels, milliseconds) pairs that are drawn again each time they are gone through.

    draw: makes the pairs, uint8 palette numbers of one shape; it is called once
    here, to count the colours, and once for each iteration. palette: (r, g, b) triples.
    colours: those in use, the commonest first: fewer bits a pixel. times: in milliseconds.
    shape: (frames, height, width).
    """

    def __init__(self, draw: Callable[[], Iterable[Timed]], palette: Sequence[Colour]) -> None:
        self._draw = draw
        self.times: list[int] = []
        self.shape: tuple[int, int, int] = (0, 0, 0)
        self._table, self.colours = numbering(self._noted(draw()), palette)

    def _noted(self, frames: Iterable[Timed]) -> Iterator[Pixels]:
        for pixels, milliseconds in frames:
            self.times.append(milliseconds)
            height, width = pixels.shape
            self.shape = (len(self.times), height, width)
            yield pixels

    def __iter__(self) -> Iterator[Timed]:
        for pixels, milliseconds in self._draw():
            yield renumbered(pixels, self._table), milliseconds


def numbering(images: Iterable[Pixels], palette: Sequence[T]) -> tuple[bytes, tuple[T, ...]]:
    """(new number of each old one, the colours in use), the commonest colour first."""
    counts = np.zeros(256, np.int64)
    before: Pixels | None = None
    for pixels in images:
        # What changed is what is encoded, and all that can bring another colour.
        new = pixels.ravel() if before is None else pixels[pixels != before]
        counts += np.bincount(new, minlength=256)
        before = pixels
    order = [int(n) for n in np.argsort(-counts, kind="stable") if counts[n]]
    table = bytearray(256)
    for number, colour in enumerate(order):
        table[colour] = number
    return bytes(table), tuple(palette[n] for n in order)


def renumbered(pixels: Pixels, table: bytes) -> Pixels:
    """The same picture in other numbers, those of a table of 256."""
    # bytes.translate is ten times as fast as numpy's indexing with small integers.
    return np.frombuffer(pixels.tobytes().translate(table), np.uint8).reshape(pixels.shape)
