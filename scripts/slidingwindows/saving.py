"""A figure to one file of any kind: animations, stills, data, words."""

from __future__ import annotations

import os
from pathlib import Path

from .artefacts import write
from .encoding import contents, kind_of
from .errors import SlidingWindowsError
from .feature_maps import Funnel
from .fields import ReceptiveField
from .style import WIDTH
from .trace import Trace
from .transfer import Transfer


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
    windows), .zip (a transparent PNG of each of at most 64 windows), .webp, .apng, .json (every
    number) or .txt (every step in words).
    theme: 'light' or 'dark'. width: of the picture, or of each still, from 320 to 1920 pixels;
    a funnel or a receptive field is always 640 wide. frame_time: milliseconds for each window,
    from 20 to 60000. format: in place of the path's ending.
    Returns the path. The same figure gives the same bytes on every run.
    Raises SlidingWindowsError for an unknown format or theme, for sizes that cannot be drawn,
    and if the file cannot be written; an existing file then stays as it was.
    """
    path = Path(path)
    kind = destination(path, format)
    write(Path(os.path.realpath(path)), contents(figure, kind, theme, width, frame_time))
    return path


def destination(path: Path, format: str | None = None) -> str:
    """The format of a file that is to be written; raises if its place cannot take it."""
    if "\0" in str(path):
        raise SlidingWindowsError(f"{str(path)!r} is no name of a file")
    if path.is_dir():
        raise SlidingWindowsError(f"{path} is a folder; name a file in it")
    kind = kind_of(format or path.suffix)
    if not path.parent.is_dir():
        raise SlidingWindowsError(f"{path} cannot be written: there is no folder {path.parent}")
    if path.exists() and not path.is_file():
        raise SlidingWindowsError(f"{path} is no plain file, and will not be replaced")
    return kind
