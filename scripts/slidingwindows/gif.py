"""Pictures of palette numbers to GIF bytes: one palette, only what changed in each frame.

Pillow merges equal frames, alters durations and writes nine-bit codes however
few the colours, so the container and its LZW are written here. The format is
GIF89a (CompuServe, 1990).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np

from .errors import SlidingWindowsError
from .lzw import lzw
from .regions import changed_regions

MIN_DURATION = 20  # ms; browsers slow anything shorter down
MAX_PARTS = 6  # small pictures a frame may be stored as


def encode(frames: Iterable[tuple[np.ndarray, int]], palette, loop: int = 0) -> bytes:
    """Animate (pixels, milliseconds) pairs; loop 0 repeats for ever.

    pixels: (height, width) uint8 palette numbers, all of one shape.
    palette: at most 255 (r, g, b) triples; one number more is kept for 'unchanged'.
    A frame whose changes lie far apart is stored as a few small pictures, the
    first ones lasting MIN_DURATION each, so the frame is whole that much later
    and ends on time.
    Raises SlidingWindowsError on an empty animation, unequal shapes, colours
    outside the palette, or a duration that GIF cannot hold.
    """
    unchanged = len(palette)
    bits = max(2, unchanged.bit_length())
    if bits > 8:
        raise SlidingWindowsError(f"a GIF holds at most 255 colours besides one, got {unchanged}")
    parts, before = [], None
    for number, (pixels, duration) in enumerate(frames):
        _check(number, pixels, duration, before, unchanged)
        if before is None:
            parts.append(_header(pixels.shape, palette, bits, loop))
            regions = [(0, pixels.shape[0], 0, pixels.shape[1])]
        else:
            regions = changed_regions(before, pixels, min(MAX_PARTS, duration // MIN_DURATION))
        for region in regions[:-1]:
            parts.append(_picture(pixels, before, region, MIN_DURATION, unchanged, bits))
            duration -= MIN_DURATION
        parts.append(_picture(pixels, before, regions[-1], duration, unchanged, bits))
        before = pixels
    if before is None:
        raise SlidingWindowsError("an animation needs at least one frame")
    return b"".join(parts) + b";"


def _check(number, pixels, duration, before, colours) -> None:
    where = f"frame {number}"
    if before is not None and pixels.shape != before.shape:
        raise SlidingWindowsError(f"{where} is {pixels.shape}, the one before {before.shape}")
    if int(pixels.max()) >= colours:
        raise SlidingWindowsError(f"{where} holds colour {pixels.max()} of a palette of {colours}")
    if not MIN_DURATION <= duration <= 655_350 or duration % 10:
        raise SlidingWindowsError(
            f"{where} lasts {duration} ms; GIF takes {MIN_DURATION} to 655350 in steps of 10"
        )


def _header(shape, palette, bits: int, loop: int) -> bytes:
    height, width = shape
    colours = bytes(channel for colour in palette for channel in colour).ljust(3 << bits, b"\0")
    screen = struct.pack("<HHBBB", width, height, 0xF0 | (bits - 1), 0, 0)
    repeat = b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", loop) + b"\0"
    return b"GIF89a" + screen + colours + repeat


def _picture(pixels, before, region, duration: int, unchanged: int, bits: int) -> bytes:
    top, bottom, left, right = region
    part = pixels[top:bottom, left:right]
    data, see_through = lzw(part.tobytes(), bits), False
    if before is not None:
        # What stays may be written as 'unchanged' or as its colour, whichever makes longer runs.
        masked = np.where(part == before[top:bottom, left:right], np.uint8(unchanged), part)
        other = lzw(masked.tobytes(), bits, part.tobytes())
        if len(other) < len(data):
            data, see_through = other, True
    control = struct.pack(
        "<BBBBHBB", 0x21, 0xF9, 4, 0x04 | see_through, duration // 10, unchanged, 0
    )
    place = struct.pack("<BHHHHB", 0x2C, left, top, right - left, bottom - top, 0)
    blocks = b"".join(
        bytes((len(data[i : i + 255]),)) + data[i : i + 255] for i in range(0, len(data), 255)
    )
    return control + place + bytes((bits,)) + blocks + b"\0"
