"""Every picture of figures of every kind, as it was looked at: a digest tells that one is another.

Where nothing else says so, it is a digest alone that knows where lines, labels and swatches lie. Of
a GIF, of scripts and of words each byte counts; of other files, what they show and say of
themselves, for zlib packs differently on other machines.
"""

import io
import zipfile
import zlib

import numpy as np
import pytest
import torch
from every_figure import NAMES, figure, rendered
from PIL import Image, ImageSequence
from recorded import compare, digest
from torch import nn

from slidingwindows import SlidingWindowsError, funnel, receptive_field, slide
from slidingwindows.drawing import animation
from slidingwindows.export.encoding import FORMATS, contents

WIDTHS = (320, 413, 1100, 1920)
STEPPED = (
    "max padded",
    "three channels",
    "stretched volume",
    "uneven average",
    "shades",
    "moving unpool volume",
    "moving back ties and overlap",
    "moving fold",
)
SAVED = {
    "max padded": "dark",
    "signal": "light",
    "moving back average": "light",
    "funnel signals": "dark",
    "field cells": "light",
}


def shown(data: bytes) -> str:
    """What a file shows, in one line."""
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {info.filename: archive.read(info) for info in archive.infolist()}
        first = next(iter(files))
        whole = "".join(f"{name} {shown(files[name])}" for name in files)
        return f"{len(files)} files, the first {first}, {digest(whole)}"
    if not data.startswith((b"GIF", b"\x89PNG", b"RIFF")):
        return f"{len(data):,} bytes, {digest(data)}"
    image = Image.open(io.BytesIO(data))
    size, count = f"{image.width}×{image.height}", getattr(image, "n_frames", 1)
    if data.startswith(b"GIF"):
        return f"{size}, {count} pictures, {len(data):,} bytes, {digest(data)}"
    if count == 1:
        return f"{size}, {digest(b''.join(parts_of(data)))}"
    frames = [
        (np.array(frame.convert("RGBA")).tobytes(), frame.info["duration"])
        for frame in ImageSequence.Iterator(image)
    ]
    times = [lasts for _, lasts in frames]
    return f"{size}, {count} pictures, {digest(b''.join(p for p, _ in frames))}, {times}"


def parts_of(png: bytes) -> list[bytes]:
    """Each chunk of a PNG file with its kind; pixels as they are before they are packed."""
    place, found = 8, []
    while place < len(png):
        length, kind = int.from_bytes(png[place : place + 4]), png[place + 4 : place + 8]
        content = png[place + 8 : place + 8 + length]
        found += [kind, zlib.decompress(content) if kind == b"IDAT" else content]
        place += length + 12
    return found


def in_a_width(item, width: int) -> str:
    opening, _ = next(animation.animate(item, width))
    pixels = [animation.poster(item, width).pixels, opening.pixels]
    return f"{width}: {pixels[0].shape}, " + " ".join(digest(bytes(one)) for one in pixels)


def saved(item, theme: str) -> str:
    return "\n".join(f"{kind}: {shown(contents(item, kind, theme, 400, 250))}" for kind in FORMATS)


def files_of(made) -> str:
    facts = [f"{made.width}×{made.height}, strip {made.strip}, moving {made.moving}"]
    return "\n".join(facts + [f"{file}: {shown(made.files[file])}" for file in sorted(made.files)])


def test_every_file_of_a_figure():
    compare("pictures", ((name, files_of(rendered(name))) for name in NAMES))


def test_figures_of_other_widths():
    figures = ((name, figure(name)) for name in STEPPED)
    compare("widths", ((n, "\n".join(in_a_width(f, w) for w in WIDTHS)) for n, f in figures))


def test_saved_files():
    compare("saved", ((name, saved(figure(name), theme)) for name, theme in SAVED.items()))


TOO_MUCH = {
    "many planes": lambda: slide(nn.Conv2d(16, 1, 1), torch.zeros(16, 2, 2)),
    "large": lambda: slide(nn.MaxPool2d(5), torch.zeros(1, 80, 80)),
    "very wide": lambda: slide(nn.MaxPool2d((1, 64)), torch.zeros(1, 1, 6400)),
    "many layers": lambda: receptive_field(
        nn.Sequential(*(nn.Conv1d(1, 1, 2) for _ in range(420))), (1, 440), None, 1
    ),
    "many shapes": lambda: funnel(
        nn.Sequential(*(nn.Conv1d(1, 1, 2) for _ in range(60))), torch.zeros(1, 80)
    ),
    "five planes": lambda: slide(nn.Conv2d(5, 1, 9, stride=9), torch.zeros(5, 63, 63)),
}


def refused(make) -> str:
    made = make()
    with pytest.raises(SlidingWindowsError) as caught:
        for width in (640, 320):
            contents(made, "png", "light", width)
    return str(caught.value)


def test_what_is_too_much_to_draw():
    compare("too_much", ((name, refused(make)) for name, make in TOO_MUCH.items()))
