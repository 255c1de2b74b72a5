"""A figure to one file of any kind: animations, stills, data, words."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import BinaryIO, TypeGuard, cast

from ..core.errors import SlidingWindowsError, one_error
from ..core.funnel import Funnel
from ..core.receptive import ReceptiveField
from ..core.trace import Trace
from ..core.transfer import Transfer
from ..drawing.style import WIDTH
from .encoding import contents, format_of
from .files import write


@one_error("save failed")
def save(
    figure: Trace | Transfer | Funnel | ReceptiveField,
    path: str | os.PathLike[str] | BinaryIO,
    theme: str = "light",
    width: int = WIDTH,
    frame_time: int | None = None,
    format: str | None = None,
) -> Path | BinaryIO:
    """Write a figure to a file, whole or not at all.

    Args:
        figure: From ``slide``, ``route``, ``funnel`` or ``receptive_field``.
        path: The file to write; its extension sets the format: .gif, .png (a filmstrip of at most
            twelve windows), .zip (a transparent PNG of each of at most 64 windows), .webp, .apng,
            .json (every number) or .txt (every step in words). It may also be a file opened for
            bytes, such as io.BytesIO, which without format or a name with an extension gets a gif.
        theme: 'light' or 'dark'.
        width: Pixels of the picture, or of each still, from 320 to 1920; 640 if not given, and
            always for a funnel or a receptive field.
        frame_time: Milliseconds for each window, from 20 to 60000; None is the site's own tempo.
        format: In place of the path's extension, such as 'webp'.

    Returns:
        The path, or that file. The same figure gives the same bytes on every run.

    Raises:
        SlidingWindowsError: For an unknown format or theme, for sizes that cannot be drawn, and if
            the file cannot be written, or is read-only; an existing file then stays as it was.

    Examples:
        >>> import io
        >>> import torch
        >>> from slidingwindows import slide
        >>> trace = slide(torch.nn.MaxPool2d(2), torch.arange(16.0).reshape(1, 4, 4))
        >>> file = save(trace, io.BytesIO(), format="gif")
        >>> file.getvalue()[:6]
        b'GIF89a'

    Source:
        Everything drawn or said is read from the figure; torch is not asked again.
    """
    if _is_open(path):
        name = getattr(path, "name", "")
        ending = Path(name).suffix if isinstance(name, str) else ""
        kind = format_of(ending or "gif" if format is None else format)
        _pour(contents(figure, kind, theme, width, frame_time), path)
        return path
    path = _path(path)
    kind = destination(path, format)
    write(Path(os.path.realpath(path)), contents(figure, kind, theme, width, frame_time))
    return path


def _is_open(path: object) -> TypeGuard[BinaryIO]:
    return hasattr(path, "write")


def _path(name: object) -> Path:
    try:
        path = Path(os.fsdecode(cast("str", name)))
        os.fsencode(path)
        if not name:
            raise SlidingWindowsError("save needs a file name, or a file opened for bytes, not ''")
        return path
    except (TypeError, UnicodeError) as error:
        what = type(name).__name__ if isinstance(error, TypeError) else repr(name)
        raise SlidingWindowsError(
            f"save needs a file name, or a file opened for bytes, not this: {what}"
        ) from error


def _pour(data: bytes, file: BinaryIO) -> None:
    """All of it to an open file; a raw one may take it in parts."""
    try:
        while data:
            count = file.write(data)
            if count is None and not isinstance(file, io.RawIOBase):
                return  # many writers of people's own take all, and say nothing
            if not count:  # a raw file says None: nothing now, for it would have to wait
                raise BlockingIOError(
                    f"it took only part of the figure, {len(data):,} bytes are left; open a file "
                    "that waits until all is written"
                )
            data = data[count:]
    except (OSError, ValueError, TypeError) as error:  # full, closed, or opened for text
        words = str(error) or type(error).__name__
        raise SlidingWindowsError(f"the open file cannot be written: {words}") from error


def destination(path: Path, format: str | None = None) -> str:
    """The format of a file that is to be written; raises if its place cannot take it."""
    if "\0" in str(path):
        raise SlidingWindowsError(f"{str(path)!r} is not a file name")
    try:
        if path.is_dir():
            raise SlidingWindowsError(f"{path} is a folder; name a file in it")
        kind = format_of(path.suffix if format is None else format)
        if not path.parent.is_dir():
            raise SlidingWindowsError(f"{path} cannot be written: there is no folder {path.parent}")
        if path.exists() and not path.is_file():
            raise SlidingWindowsError(f"{path} is not a regular file, and will not be replaced")
        if path.exists() and not (os.access(path, os.W_OK) and path.stat().st_mode & 0o222):
            raise SlidingWindowsError(f"{path} is read-only, and will not be replaced")
    except OSError as error:  # a name too long, a folder that may not be looked into
        reason = error.strerror or str(error)
        raise SlidingWindowsError(f"{path} cannot be written: {reason}") from error
    return kind
