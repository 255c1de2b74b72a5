"""A finished figure in other colours: what its files show stays, palette number by number."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from dataclasses import replace

from ..drawing.style import THEMES, Theme
from .credits import PNG, chunk
from .files import zipped
from .gif import colour_table
from .rendered import Rendered
from .still import channels, clear_colours, colours_of

SCREEN = 13  # bytes of a GIF before its colour table


def recoloured(made: Rendered, kind: str) -> Rendered:
    """A figure in the colours that the themes have now, as render() would draw it again.

    made: what render() gave for it when they had others. kind: one of core.figures.
    """
    files = dict(made.files)
    for theme in THEMES.values():
        palette = colours_of(kind, theme)
        for file, data in made.files.items():
            if f".{theme.name}." in file:
                if file.endswith(".gif"):
                    files[file] = _gif(data, [palette[number] for number in made.numbers])
                else:
                    files[file] = _png(data, palette)
    for file in (file for file in files if file.endswith(".zip")):
        files[file] = _zip(files[file], kind)
    return replace(made, files=files)


def _gif(data: bytes, colours: Sequence[Sequence[int]]) -> bytes:
    table = colour_table(colours)
    return data[:SCREEN] + table + data[SCREEN + len(table) :]


def _png(data: bytes, colours: Sequence[Sequence[int]]) -> bytes:
    place = len(PNG)
    while data[place + 4 : place + 8] != b"PLTE":
        place = _behind(data, place)
    return data[:place] + chunk(b"PLTE", channels(colours)) + data[_behind(data, place) :]


def _behind(data: bytes, place: int) -> int:
    """Where the chunk ends that begins at a place of a PNG file."""
    length: int = struct.unpack(">I", data[place : place + 4])[0]
    return place + length + 12


def _zip(data: bytes, kind: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        stills = {name: archive.read(name) for name in archive.namelist()}
    return zipped({name: _png(still, _clear(name, kind)) for name, still in stills.items()})


def _clear(name: str, kind: str) -> Sequence[Sequence[int]]:
    theme: Theme = THEMES[name.split("/")[1]]
    return clear_colours(colours_of(kind, theme), theme)
