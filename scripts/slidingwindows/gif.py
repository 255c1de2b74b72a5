"""Pictures of palette numbers to GIF bytes: one palette, only what changed in each frame.

Pillow's GIF writer merges equal frames, alters durations and spends eight bits
on a pixel however few the colours, so the container is written here, around
Pillow's LZW. The format is GIF89a (CompuServe, 1990).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np
from PIL import Image

from .errors import SlidingWindowsError
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
    colours = len(palette)
    if not 0 < colours < 256:
        raise SlidingWindowsError(
            f"a GIF holds at most 255 colours and needs one to spare, got {colours}"
        )
    parts, before = [], None
    for number, (pixels, duration) in enumerate(frames):
        _check(number, pixels, duration, before, colours)
        if before is None:
            parts.append(_header(pixels.shape, palette, loop))
            regions = [(0, pixels.shape[0], 0, pixels.shape[1])]
        else:
            regions = changed_regions(before, pixels, min(MAX_PARTS, duration // MIN_DURATION))
        for region in regions[:-1]:
            parts.append(_picture(pixels, before, region, MIN_DURATION))
            duration -= MIN_DURATION
        parts.append(_picture(pixels, before, regions[-1], duration))
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


def _header(shape, palette, loop: int) -> bytes:
    height, width = shape
    bits = max(2, len(palette).bit_length())
    colours = bytes(channel for colour in palette for channel in colour).ljust(3 << bits, b"\0")
    screen = struct.pack("<HHBBB", width, height, 0xF0 | (bits - 1), 0, 0)
    repeat = b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", loop) + b"\0"
    return b"GIF89a" + screen + colours + repeat


def _picture(pixels, before, region, duration: int) -> bytes:
    top, bottom, left, right = region
    part = np.ascontiguousarray(pixels[top:bottom, left:right])
    bits, blocks = _blocks(part)
    see_through, unchanged = False, 0
    if before is not None:
        # Marking what stays as 'unchanged' often makes longer runs; keep whichever is smaller.
        stays = part == before[top:bottom, left:right]
        needed = np.bincount(part[~stays], minlength=256) > 0
        free = int(np.argmin(needed))  # a low number keeps the codes short
        other = _blocks(np.where(stays, np.uint8(free), part))
        if len(other[1]) < len(blocks):
            (bits, blocks), see_through, unchanged = other, True, free
    control = struct.pack(
        "<BBBBHBB", 0x21, 0xF9, 4, 0x04 | see_through, duration // 10, unchanged, 0
    )
    place = struct.pack("<BHHHHB", 0x2C, left, top, right - left, bottom - top, 0)
    return control + place + bytes((bits,)) + blocks + b"\0"


def _blocks(part: np.ndarray) -> tuple[int, bytes]:
    """Bits a number needs, and the data, by Pillow's own LZW, which is fast.

    Pillow's GIF writer would spend eight bits on any palette.
    """
    bits = max(2, int(part.max()).bit_length())
    return bits, Image.fromarray(part).tobytes("gif", "L", bits, 0)
