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
        for other in (lzw(masked.tobytes(), bits), lzw(masked.tobytes(), bits, part.tobytes())):
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


def lzw(values: bytes, bits: int, alternatives: bytes = b"") -> bytes:
    """GIF's variable-width LZW of numbers below 2**bits, lowest bit first.

    alternatives: numbers that may stand in place of values where that makes longer runs.
    When the table of 4096 codes is full it may be kept or begun again; the shorter wins.
    """
    alternatives = alternatives or values
    kept, overflowed = _lzw(values, bits, alternatives, restart=False)
    if not overflowed:
        return kept
    return min(kept, _lzw(values, bits, alternatives, restart=True)[0], key=len)


def _lzw(values: bytes, bits: int, alternatives: bytes, restart: bool) -> tuple[bytes, bool]:
    clear = 1 << bits
    end, width, room = clear + 1, bits + 1, 2 << bits
    codes: dict[int, int] = {}
    upcoming, overflowed = clear + 2, False
    pending, filled, out = clear, width, bytearray()
    current = values[0]
    for value, alternative in zip(values[1:], alternatives[1:], strict=True):
        key = current << 8 | value
        if key in codes:
            current = codes[key]
            continue
        if value != alternative:
            other = current << 8 | alternative
            if other in codes:
                current = codes[other]
                continue
        pending |= current << filled
        filled += width
        if upcoming < 4096:
            if upcoming == room:
                width, room = width + 1, room << 1
            codes[key] = upcoming
            upcoming += 1
        else:
            overflowed = True
            if restart:
                pending |= clear << filled
                filled += width
                codes.clear()
                upcoming, width, room = clear + 2, bits + 1, 2 << bits
        current = value
        if filled > 512:
            whole = filled // 8
            out += (pending & ((1 << whole * 8) - 1)).to_bytes(whole, "little")
            pending >>= whole * 8
            filled -= whole * 8
    pending |= current << filled
    filled += width
    if upcoming == room and upcoming < 4096:
        width += 1
    pending |= end << filled
    filled += width
    return bytes(out + pending.to_bytes((filled + 7) // 8, "little")), overflowed
