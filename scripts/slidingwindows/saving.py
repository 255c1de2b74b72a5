"""A figure to one file of any kind: animations, a filmstrip, data, words."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image, features

from . import description, field_frames, field_words, frames, funnel_frames, transfer_words
from .artefacts import write
from .errors import SlidingWindowsError
from .feature_maps import Funnel
from .fields import ReceptiveField
from .filmstrip import filmstrip
from .gif import encode
from .renderers import compact, png, ramp
from .style import THEMES, WIDTH, Theme
from .trace import Trace
from .transfer import Transfer

FORMATS = ("gif", "png", "webp", "apng", "json", "txt")
NOT_HERE = {
    "mp4": "Pillow writes no video; save a .gif or a .webp, which players and slides take, or "
    "convert that: ffmpeg -i out.gif -pix_fmt yuv420p out.mp4",
}
NOT_HERE |= {"mov": NOT_HERE["mp4"], "webm": NOT_HERE["mp4"], "avi": NOT_HERE["mp4"]}


def save(
    figure: Trace | Transfer | Funnel | ReceptiveField,
    path: str | Path,
    theme: str = "light",
    width: int = WIDTH,
    frame_time: int | None = None,
    format: str | None = None,
) -> Path:
    """Write a figure to a file, whole or not at all.

    figure: from ``slide``, ``route``, ``funnel`` or ``receptive_field``.
    path: where to; its ending says the format: .gif, .png (a filmstrip of at most twelve
    windows), .webp, .apng, .json (every number) or .txt (every step in words).
    theme: 'light' or 'dark'. width: of the picture, or of each still, from 320 to 1920 pixels;
    a funnel or a receptive field is always 640 wide. frame_time: milliseconds for each window.
    format: in place of the path's ending.
    Returns the path.
    Raises SlidingWindowsError for an unknown format or theme, for sizes that cannot be drawn,
    and if the file cannot be written; an existing file then stays as it was.
    """
    path = Path(path)
    kind = format or path.suffix.removeprefix(".").lower()
    data = contents(figure, kind, theme, width, frame_time)
    if path.is_dir():
        raise SlidingWindowsError(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise SlidingWindowsError(f"{path} cannot be written: there is no folder {path.parent}")
    write(path, data)
    return path


def contents(
    figure, kind: str, theme: str = "light", width: int = WIDTH, frame_time: int | None = None
) -> bytes:
    """The bytes of a file of one of FORMATS; the same on every run."""
    if not isinstance(figure, Trace | Transfer | Funnel | ReceptiveField):
        raise SlidingWindowsError(
            "a figure comes from slide, route, funnel or receptive_field; this is a "
            f"{type(figure).__name__}"
        )
    if kind in NOT_HERE:
        raise SlidingWindowsError(f"{kind}: {NOT_HERE[kind]}")
    if kind not in FORMATS:
        raise SlidingWindowsError(
            f"unknown format {kind!r}; there are {', '.join(FORMATS)}"
            if kind
            else f"the file needs an ending that says its format: .{', .'.join(FORMATS)}"
        )
    if theme not in THEMES:
        raise SlidingWindowsError(f"unknown theme {theme!r}; there are {', '.join(THEMES)}")
    if kind == "json":
        return (json.dumps(figure.to_dict(), indent=1, ensure_ascii=False) + "\n").encode()
    if kind == "txt":
        return ("\n".join(words(figure)) + "\n").encode()
    palette = _palette(figure, THEMES[theme])
    if kind == "png":
        return png(filmstrip(figure, width).pixels, palette)
    moving = [(c.pixels, ms) for c, ms in _frames(figure, width, frame_time)]
    images, colours = compact([pixels for pixels, _ in moving], palette)
    times = [milliseconds for _, milliseconds in moving]
    if kind == "gif":
        return encode(zip(images, times, strict=True), colours)
    return _by_pillow(kind, images, times, colours)


def words(figure: Trace | Transfer | Funnel | ReceptiveField) -> list[str]:
    """The figure in words: what it shows, then every step."""
    if isinstance(figure, Funnel):
        return [figure.alt_text(), *figure.transcript()]
    module = {Trace: description, Transfer: transfer_words, ReceptiveField: field_words}
    told = module[type(figure)]
    return [told.alt_text(figure), *told.transcript(figure)]


def _palette(figure, theme: Theme) -> tuple:
    more = {Funnel: lambda t: funnel_frames.shades(), ReceptiveField: field_frames.heat}
    return (*theme.palette(), *more.get(type(figure), ramp)(theme))


def _frames(figure, width: int, frame_time: int | None):
    if isinstance(figure, Trace | Transfer):
        return frames.animate(figure, width, frame_time)
    module = funnel_frames if isinstance(figure, Funnel) else field_frames
    return module.animate(figure)


def _by_pillow(kind: str, images, times, colours) -> bytes:
    """Lossless animations of other kinds."""
    name = {"webp": "WEBP", "apng": "PNG"}[kind]
    if kind == "webp" and not features.check("webp"):
        raise SlidingWindowsError("this Pillow was built without WebP; save a .gif or an .apng")
    palette = np.array(colours, np.uint8)
    first, *rest = (Image.fromarray(palette[pixels]) for pixels in images)
    buffer = io.BytesIO()
    options = {"lossless": True, "quality": 60, "method": 2} if kind == "webp" else {}
    first.save(buffer, name, save_all=True, append_images=rest, duration=times, loop=0, **options)
    return buffer.getvalue()
