"""The output formats (GIF, PNG, WebP, APNG, zip, JSON, text): a figure to a file's bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image, features

from ..core.arguments import whole_or_same
from ..core.errors import SlidingWindowsError
from ..core.figures import Drawable
from ..core.text import json_text
from ..drawing.animation import Frame
from ..drawing.style import THEMES, WIDTH
from .credits import stamped, tool
from .files import FORMATS
from .gif import Reel, Timed, encode
from .kinds import is_stepped, kind_of
from .still import archive, filmstrip, pack, palette_of, png

MOVING, TEXT = ("gif", "webp", "apng"), ("json", "txt")
MOST_PIXELS = 400_000_000  # of all frames of a webp or an apng, which Pillow holds in memory
VIDEOS = ("mp4", "m4v", "mov", "webm", "avi", "mkv")


def format_of(name: str) -> str:
    """One of FORMATS from 'gif', 'GIF' or '.gif'.

    Raises SlidingWindowsError for others; for a video it says what to use instead.
    """
    if not isinstance(name, str):
        raise SlidingWindowsError(f"a format is one of {', '.join(FORMATS)}, not {name!r}")
    kind = name.lower().removeprefix(".")
    if kind in VIDEOS:
        raise SlidingWindowsError(
            f"Pillow writes no {kind}; save a .webp or a .gif, which browsers and slides play, or "
            f"convert one: ffmpeg -i out.gif -pix_fmt yuv420p out.{kind}"
        )
    if kind in FORMATS:
        return kind
    if kind:
        raise SlidingWindowsError(f"unknown format {kind!r}; there are {', '.join(FORMATS)}")
    raise SlidingWindowsError(
        f"the file needs an extension that sets its format: .{', .'.join(FORMATS)}"
    )


def contents(
    figure: Drawable,
    kind: str,
    theme: str = "light",
    width: int = WIDTH,
    frame_time: int | None = None,
) -> bytes:
    """The bytes of a file of one of FORMATS; the same on every run."""
    drawn = kind_of(figure)
    kind = format_of(kind)
    width, frame_time = whole_or_same(width), whole_or_same(frame_time)
    if not isinstance(theme, str) or theme not in THEMES:
        raise SlidingWindowsError(f"unknown theme {theme!r}; there are {', '.join(THEMES)}")
    if kind == "json":
        return (json_text(figure.to_dict()) + "\n").encode()
    if kind == "txt":
        return ("\n".join(drawn.words(figure)) + "\n").encode()
    metadata = tool(figure.call if is_stepped(figure) else "")
    if kind == "zip":
        return archive(figure, THEMES[theme], metadata, width=width)
    palette = palette_of(figure, THEMES[theme])
    if kind == "png":
        return stamped(png(pack(filmstrip(figure, width).pixels), palette), metadata)
    if kind == "webp" and not features.check("webp"):
        raise SlidingWindowsError("this Pillow was built without WebP; save a .gif or an .apng")
    reel = Reel(lambda: _pixels(drawn.animate(figure, width, frame_time)), palette)
    data = encode(reel, reel.colours) if kind == "gif" else _by_pillow(kind, reel)
    return stamped(data, metadata)


def _pixels(frames: Iterable[Frame]) -> Iterator[Timed]:
    return ((canvas.pixels, milliseconds) for canvas, milliseconds in frames)


def _by_pillow(kind: str, reel: Reel) -> bytes:
    """Lossless animations of other kinds, as pictures with a palette: a byte a pixel, not three."""
    count, height, width = reel.shape
    if count * height * width > MOST_PIXELS:
        raise SlidingWindowsError(
            f"{count} frames of {width}×{height} are {count * height * width:,} pixels, more than "
            f"the {MOST_PIXELS:,} that an animated {kind} may have; make it narrower, or a .gif"
        )
    colours = np.array(reel.colours, np.uint8).ravel().tolist()
    pictures = []
    for pixels, _ in reel:
        pictures.append(Image.fromarray(pixels))
        pictures[-1].putpalette(colours)
    # Without key frames a WebP is half as large and made in half the time.
    webp = {"lossless": True, "quality": 60, "method": 2, "kmax": 0}
    options = {"webp": ("WEBP", webp), "apng": ("PNG", {})}
    name, kwargs = options[kind]
    buffer, (first, *rest) = io.BytesIO(), pictures
    first.save(
        buffer, name, save_all=True, append_images=rest, duration=reel.times, loop=0, **kwargs
    )
    return buffer.getvalue()
