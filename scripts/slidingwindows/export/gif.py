"""The GIF encoder: frames of palette numbers to bytes, of each frame only what changed.

Pillow's GIF writer merges equal frames, alters durations and spends eight bits
on a pixel however few the colours, so the container is written here, around
Pillow's LZW. The format is GIF89a (CompuServe, 1990).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..core.errors import SlidingWindowsError
from ..drawing.canvas import Pixels
from ..drawing.style import Colour

T = TypeVar("T")
Timed = tuple[Pixels, int]  # palette numbers, milliseconds
Mask = npt.NDArray[np.bool_]

Region = tuple[int, int, int, int]  # top, bottom, left, right; bottom and right excluded
# Unchanged pixels between two that changed, in reading order. These two won when pairs from 4 to 64
# were tried on figures of every kind; a third one would save less than one byte of 300.
SHORT, LONG = 10, 32


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


def changed_region(before: Pixels, after: Pixels) -> Region:
    """The smallest rectangle that holds every difference; one pixel where nothing changed."""
    different = before != after
    rows, cols = np.flatnonzero(different.any(1)), np.flatnonzero(different.any(0))
    if not rows.size:
        return 0, 1, 0, 1
    return int(rows[0]), int(rows[-1]) + 1, int(cols[0]), int(cols[-1]) + 1


def redrawn(changed: Mask) -> Iterator[Mask]:
    """Ways to draw a rectangle over the picture before: True for each pixel that is drawn.

    changed: True where the picture before has another palette number; all ways draw these. LZW
    packs what it has met already, and which way gives it more of that depends on the picture: a gap
    left clear breaks a line of text apart, a gap drawn breaks a long clear run.
    """
    gaps = _gaps(changed)
    yield _filled(changed, gaps, SHORT)
    yield _filled(changed, gaps, LONG)


class Gaps(NamedTuple):
    """Where pixels that are not marked begin and how many these are, in reading order."""

    begins: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]


def _gaps(marked: Mask) -> Gaps:
    """What lies between marked pixels, one gap for each two that are not neighbours."""
    positions = np.flatnonzero(marked)
    apart = np.diff(positions)
    before = np.flatnonzero(apart > 1)
    return Gaps(positions[before] + 1, apart[before] - 1)


def _filled(marked: Mask, gaps: Gaps, most: int) -> Mask:
    """The marked pixels, and those of gaps after which the next one is at most so far away."""
    some = np.flatnonzero(gaps.lengths < most)
    lengths = gaps.lengths[some]
    # The numbers of all pixels in these gaps: they are few, so no other pixel is looked at.
    steps = np.repeat(gaps.begins[some] - (np.cumsum(lengths) - lengths), lengths)
    filled = marked.copy()
    filled.ravel()[steps + np.arange(steps.size)] = True
    return filled


MIN_DURATION = 20  # ms; browsers slow anything shorter down


def encode(frames: Iterable[Timed], palette: Sequence[Colour], loop: int = 0) -> bytes:
    """Animate (pixels, milliseconds) pairs; loop 0 repeats for ever.

    pixels: (height, width) uint8 palette numbers, all of one shape.
    palette: at most 255 (r, g, b) triples; one number more is kept for 'unchanged'.
    Each pair is one stored picture, so what is shown never mixes two of them.
    Raises SlidingWindowsError on an empty animation, unequal shapes, colours
    outside the palette, or a duration that GIF cannot hold.
    """
    return assemble(*pictures(frames, len(palette)), palette, loop)


def pictures(frames: Iterable[Timed], colours: int) -> tuple[tuple[int, int], bytes]:
    """(height, width) and the stored pictures of an animation, whatever its colours look like."""
    if not 0 < colours < 256:
        raise SlidingWindowsError(
            f"a GIF holds at most 255 colours and needs one to spare, got {colours}"
        )
    parts: list[bytes] = []
    before: Pixels | None = None
    for number, (pixels, duration) in enumerate(frames):
        _check(number, pixels, duration, before, colours)
        parts.append(_picture(pixels, before, duration))
        before = pixels
    if before is None:
        raise SlidingWindowsError("an animation needs at least one frame")
    height, width = before.shape
    return (height, width), b"".join(parts)


def assemble(
    shape: tuple[int, int], stored: bytes, palette: Sequence[Colour], loop: int = 0
) -> bytes:
    """A GIF of what ``pictures`` returned, in a palette."""
    return _header(shape, palette, loop) + stored + b";"


def _check(number: int, pixels: Pixels, duration: int, before: Pixels | None, colours: int) -> None:
    where = f"frame {number}"
    if before is not None and pixels.shape != before.shape:
        raise SlidingWindowsError(f"{where} is {pixels.shape}, the one before {before.shape}")
    if int(pixels.max()) >= colours:
        raise SlidingWindowsError(f"{where} holds colour {pixels.max()} of a palette of {colours}")
    if not MIN_DURATION <= duration <= 655_350 or duration % 10:
        raise SlidingWindowsError(
            f"{where} lasts {duration} ms; GIF takes {MIN_DURATION} to 655350 in steps of 10"
        )


def _header(shape: tuple[int, int], palette: Sequence[Colour], loop: int) -> bytes:
    height, width = shape
    bits = _bits(palette)
    screen = struct.pack("<HHBBB", width, height, 0xF0 | (bits - 1), 0, 0)
    repeat = b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", loop) + b"\0"
    return b"GIF89a" + screen + colour_table(palette) + repeat


def _bits(palette: Sequence[Sequence[int]]) -> int:
    return max(2, len(palette).bit_length())


def colour_table(palette: Sequence[Sequence[int]]) -> bytes:
    """The (r, g, b) triples as a GIF holds them, filled up to a power of two."""
    colours = bytes(channel for colour in palette for channel in colour)
    return colours.ljust(3 << _bits(palette), b"\0")


def _picture(pixels: Pixels, before: Pixels | None, duration: int) -> bytes:
    if before is None:
        top, left, part, clear = 0, 0, pixels, None
        bits, blocks = _blocks(part)
    else:
        top, bottom, left, right = changed_region(before, pixels)
        part = pixels[top:bottom, left:right]
        changed = part != before[top:bottom, left:right]
        candidates = (_drawn(part, drawn) for drawn in redrawn(changed))
        bits, blocks, clear = min(candidates, key=lambda candidate: len(candidate[1]))
    height, width = part.shape
    flags = 0x04 if clear is None else 0x05  # stays in place; has a clear number
    control = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, flags, duration // 10, clear or 0, 0)
    descriptor = struct.pack("<BHHHHB", 0x2C, left, top, width, height, 0)
    return control + descriptor + bytes((bits,)) + blocks + b"\0"


def _drawn(part: Pixels, drawn: Mask) -> tuple[int, bytes, int | None]:
    """Bits a number needs, the data, and the number that is clear, if one is."""
    if drawn.all():
        return *_blocks(part), None
    # In whole bytes, without looking pixels up: 255, which no palette has, where none is drawn.
    hidden = drawn.view(np.uint8) - np.uint8(1)
    shown = part | hidden
    data = shown.tobytes()
    # The lowest number that is free: a low one keeps the codes short.
    clear = next((number for number in range(255) if number not in data), 255)
    shown ^= hidden & np.uint8(255 ^ clear)
    return *_blocks(shown), clear


def _blocks(part: Pixels) -> tuple[int, bytes]:
    """Bits a number needs, and the data, by Pillow's own LZW, which is fast.

    Pillow's GIF writer would spend eight bits on any palette.
    """
    bits = max(2, int(part.max()).bit_length())
    return bits, Image.fromarray(np.ascontiguousarray(part)).tobytes("gif", "L", bits, 0)
