"""A figure as still pictures: a strip or a sheet of windows, each alone, or a network's states."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from ..core.figures import Drawable
from ..drawing import animation as frames
from ..drawing.canvas import Canvas, Pixels
from ..drawing.receptive import GLIDE
from ..drawing.style import THEMES, WIDTH, Colour, Sizes, Theme
from .credits import PNG, chunk, stamped
from .files import zipped
from .kinds import KINDS, Colours, is_stepped, kind_of

# How hard zlib tries: what a page shows is sent to every reader, what can be saved to few of them.
# A level above 8 takes twice as long and saves one byte of forty; 7 takes half as long as 8.
SHOWN, SAVED = 8, 7
UP = 2  # the number of PNG's filter that subtracts the row above


def palette_of(figure: object, theme: Theme) -> Colours:
    """Every colour that a figure is drawn in, (r, g, b) triples."""
    return (*theme.palette(), *kind_of(figure).shades(theme))


def colours_of(kind: str, theme: Theme) -> Colours:
    """Every colour that figures of a kind, such as 'trace', are drawn in."""
    return (*theme.palette(), *KINDS[kind].shades(theme))


class Packed(NamedTuple):
    """Palette numbers as two chunks of a PNG file, whatever the colours: what all themes share."""

    header: bytes
    data: bytes


def pack(pixels: Pixels, level: int = SHOWN) -> Packed:
    """pixels: (height, width) palette numbers, uint8. level: SHOWN or SAVED."""
    return packs([pixels], level)[0]


def packs(pictures: Sequence[Pixels], level: int = SHOWN) -> list[Packed]:
    """pack() of each of some pictures of one size; rows that two in a row begin with, only once."""
    packed: list[Packed] = []
    # Where a picture may be left for the next one: rows, what packs on, and its bytes so far.
    # Shorter blocks than usual, each with a code of its own, save bytes and take no longer.
    places = [(0, zlib.compressobj(level, memLevel=5), b"")]
    for pixels, following in zip_longest(pictures, pictures[1:]):
        height, width = pixels.shape
        shared = 0 if following is None else _alike(pixels, following)
        begun, packer, data = places[-1]
        packer = packer.copy()
        if shared > begun:
            data += packer.compress(_lines(pixels, begun, shared))
            places.append((shared, packer.copy(), data))
            begun = shared
        data += packer.compress(_lines(pixels, begun, height)) + packer.flush()
        header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
        packed.append(Packed(chunk(b"IHDR", header), chunk(b"IDAT", data)))
        while places[-1][0] > shared:
            places.pop()
    return packed


def _alike(one: Pixels, other: Pixels) -> int:
    """How many rows two pictures begin with before they differ."""
    differ = (one != other).any(1)
    return int(differ.argmax()) if differ.any() else len(differ)


def _lines(pixels: Pixels, first: int, end: int) -> bytes:
    """Rows as a PNG holds them: behind a 0 as they are, behind a 2 what the row above adds to.

    The second only for a row that equals the one above it: zeros pack better than a long way back.
    """
    rows = np.zeros((end - first, pixels.shape[1] + 1), np.uint8)
    rows[:, 1:] = pixels[first:end]
    begin = max(first, 1)  # nothing is above the first row of all
    equal = (pixels[begin:end] == pixels[begin - 1 : end - 1]).all(1)
    below = rows[begin - first :]
    below[equal] = 0
    below[equal, 0] = UP
    return rows.tobytes()


def png(packed: Packed, palette: Sequence[Colour]) -> bytes:
    """Palette numbers as a PNG with the palette's exact colours."""
    return _file(packed, chunk(b"PLTE", channels(palette)))


def clear_colours(palette: Sequence[Colour], theme: Theme) -> list[Colour]:
    """The palette of such a PNG, in which opacity does what blends with the page do otherwise."""
    clear = theme.clear_palette()
    return [*((red, green, blue) for red, green, blue, _ in clear), *palette[len(clear) :]]


def channels(palette: Iterable[Sequence[int]]) -> bytes:
    """The colours as a PNG's palette holds them."""
    return bytes(channel for colour in palette for channel in colour)


def _file(packed: Packed, *colours: bytes) -> bytes:
    end = chunk(b"IEND", b"")
    return b"".join((PNG, packed.header, *colours, packed.data, end))


STATES_IN_A_ROW = 8  # states in a row: side by side, what they have in common packs well


def states_of(item: Drawable) -> list[tuple[Canvas, int, str]]:
    """(Canvas, milliseconds, sentence) of every picture that shows a state.

    The time of the pictures leading to a state counts as the state's.
    """
    kind = kind_of(item)
    shown, elapsed = [], 0
    for canvas, lasts in kind.animate(item):
        elapsed += lasts
        if lasts > GLIDE:
            shown.append((canvas, elapsed))
            elapsed = 0
    return [(*state, said) for state, said in zip(shown, kind.sentences(item), strict=True)]


def sheet(pictures: list[Pixels]) -> Pixels:
    """Pictures of one size, eight side by side, then the next row; what is left over is 0."""
    height, width = pictures[0].shape
    columns = min(STATES_IN_A_ROW, len(pictures))
    rows = -(-len(pictures) // columns)
    whole = np.zeros((rows * height, columns * width), np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // columns * height, number % columns * width
        whole[top : top + height, left : left + width] = picture
    return whole


MOST, COLUMNS, HEADER, SIZE = 12, 3, 34, 20  # stills, stills a row, pixels, pixels of the type
TALL = 1.36  # times as high as wide: what leaves room for a caption on a sheet of A4 or letter
Still = tuple[str, Canvas]


def chosen(count: int, most: int = MOST) -> list[int]:
    """Which of so many steps are shown: all, or evenly chosen ones with the first and the last.

    >>> chosen(4), chosen(100, 5)
    ([0, 1, 2, 3], [0, 25, 50, 74, 99])
    """
    if count <= most:
        return list(range(count))
    if most == 1:
        return [count - 1]
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


def stills_of(item: Drawable, most: int = MOST, width: int = WIDTH) -> list[Still]:
    """At most so many of a figure's steps, each with its name, such as 'window 3 of 9'.

    item: a Trace, a Transfer, a Funnel or a ReceptiveField.
    """
    if is_stepped(item):
        total, name = len(frames.item_steps(item)), "window"
        numbers = chosen(total, most)
        shown = list(frames.stills(item, numbers, width))
    else:
        pictures = [canvas for canvas, *_ in states_of(item)]
        numbers = chosen(len(pictures), most)
        total, name = len(pictures), "frame"
        shown = [pictures[n] for n in numbers]
    names = [f"{name} {n + 1:,} of {total:,}" for n in numbers]
    return list(zip(names, shown, strict=True))


def filmstrip(item: Drawable, width: int = WIDTH) -> Canvas:
    """A sheet of at most twelve stills, each ``width`` pixels wide, up to three in a row."""
    stills = stills_of(item, MOST, width)
    return _sheet(stills, min(COLUMNS, len(stills)))


def handout(stills: list[Still]) -> Canvas:
    """A sheet that fits a printed page: as many of the stills as are still large enough there."""
    for columns in range(min(2, len(stills)), COLUMNS + 1):
        room = columns * _rows(stills[0][1], columns)
        if len(stills) <= min(room, 2 * columns):
            return _sheet(stills, columns)
    return _sheet([stills[n] for n in chosen(len(stills), min(MOST, room))], COLUMNS)


def _rows(still: Canvas, columns: int) -> int:
    """How many rows of such stills a page holds, one at least."""
    height, width = still.pixels.shape
    room: int = int(TALL * columns * width) // (height + _header(width))
    return max(1, room)


def _header(width: int) -> int:
    return Sizes(max(320, width)).px(HEADER)


def _sheet(stills: list[Still], columns: int) -> Canvas:
    height, width = stills[0][1].pixels.shape
    px, header = Sizes(max(320, width)).px, _header(width)
    rows = -(-len(stills) // columns)
    sheet = Canvas(columns * width, rows * (height + header))
    for number, (name, still) in enumerate(stills):
        top, left = number // columns * (height + header), number % columns * width
        sheet.text(left + px(16), top + px(HEADER - 6), name, px(SIZE), "muted")
        spot = sheet.pixels[top + header : top + header + height, left : left + width]
        np.copyto(spot, still.pixels)
    return sheet


MOST_SLIDES = 64  # windows of one figure; of more, evenly chosen ones


def archive(
    figure: Drawable,
    theme: Theme,
    metadata: dict[str, str],
    name: str = "window",
    width: int = WIDTH,
) -> bytes:
    """A zip of transparent PNGs, one for each window: NAME-01.png, NAME-02.png ..."""
    stills = packs([still.pixels for _, still in stills_of(figure, MOST_SLIDES, width)], SAVED)
    return zipped(clear_stills(stills, figure, theme, name, metadata))


def clear_stills(
    stills: list[Packed], figure: Drawable, theme: Theme, name: str, metadata: dict[str, str]
) -> dict[str, bytes]:
    """{file name: PNG without a background}, numbered in the order in which they are shown.

    The page is clear, and letters on it fade into any slide.
    metadata: for each file, as ``credits`` makes it.
    """
    palette, digits = palette_of(figure, theme), max(2, len(str(len(stills))))
    opacity = bytes(colour[3] for colour in theme.clear_palette())  # all others are opaque
    colours = channels(clear_colours(palette, theme))
    chunks = chunk(b"PLTE", colours), chunk(b"tRNS", opacity)
    return {
        f"{name}-{number:0{digits}}.png": stamped(_file(still, *chunks), metadata)
        for number, still in enumerate(stills, 1)
    }


def take_away(
    figure: Drawable, name: str, metadata: dict[str, str]
) -> tuple[dict[str, bytes], list[int]]:
    """({file name: bytes}, [width, height] of the sheet): what a page offers beside the animation.

    NAME.light.strip.png and NAME.dark.strip.png: the windows side by side, on one page.
    NAME.frames.zip: each window alone without a background, for light slides and for dark ones.
    """
    stills = stills_of(figure, MOST_SLIDES)
    sheet = handout(stills).pixels
    # Both themes show the same palette numbers, so these are packed once.
    packed_sheet = pack(sheet, SAVED)
    packed_stills = packs([still.pixels for _, still in stills], SAVED)
    files: dict[str, bytes] = {}
    frames: dict[str, bytes] = {}
    for theme in THEMES.values():
        files[f"{name}.{theme.name}.strip.png"] = stamped(
            png(packed_sheet, palette_of(figure, theme)), metadata
        )
        clear = clear_stills(packed_stills, figure, theme, name, metadata)
        frames |= {f"{name}/{theme.name}/{file}": data for file, data in clear.items()}
    files[f"{name}.frames.zip"] = zipped(frames)
    height, width = sheet.shape
    return files, [width, height]
