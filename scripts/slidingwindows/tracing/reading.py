"""Read files of numbers and pictures as numpy arrays, within bounds, with one clear error."""

from __future__ import annotations

import json
import math
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ..core.errors import SlidingWindowsError, words_of

MOST = 512 * 512  # numbers; a trace of more would take minutes
MOST_BYTES, MOST_PIXELS = 50_000_000, 50_000_000
NUMBERS = (".csv", ".txt", ".json", ".npy", ".npz")
OF_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")


def read_numbers(path: Path) -> np.ndarray:
    """The float32 numbers of a .npy, .npz, .json, .csv or .txt file, in the shape they have there.

    An .npz file holds one array. A text file has one row a line, its numbers parted by commas,
    semicolons or spaces; empty lines and lines that begin with # are skipped.
    Raises SlidingWindowsError for anything else, for rows of different lengths and
    for more than MOST numbers.
    """
    _check_file(path, MOST_BYTES, "numbers")
    try:
        if path.suffix.lower() == ".npy":
            # Mapped, so that a header cannot ask for more than the file holds.
            numbers = np.load(path, mmap_mode="r")
        elif path.suffix.lower() == ".npz":
            numbers = _only(path)
        elif path.suffix.lower() == ".json":
            numbers = _nested(json.loads(path.read_text("utf-8-sig")))
        else:
            numbers = _rows(path.read_text("utf-8-sig"))
        _check_array(numbers.dtype, numbers.size)
        with np.errstate(over="ignore"):
            single = np.array(numbers, dtype=np.float32)
        if np.isfinite(numbers).sum() != np.isfinite(single).sum():
            raise ValueError("it holds numbers that are too large for float32")
        return single
    except UnicodeDecodeError as error:
        raise SlidingWindowsError(
            f"{path} cannot be read as numbers: it is not text in UTF-8; files of numbers are "
            f"{', '.join(NUMBERS)}, and numpy.save writes a tensor as .npy"
        ) from error
    except (OSError, ValueError, TypeError, OverflowError, RecursionError, *OF_ZIP) as error:
        raise _unread(path, error, "numbers") from error


def read_picture(path: Path, channels: int, size: tuple[int, int] | None) -> np.ndarray:
    """A picture as float32 numbers from 0 to 255, of shape (channels, height, width).

    channels: 1 for grey or 3 for red, green and blue. size: (height, width) to which it
    is shrunk, each number the mean of what it covers; None leaves it as it is.
    Raises SlidingWindowsError if the file is not a picture, or has over MOST_PIXELS pixels.
    """
    _check_file(path, MOST_BYTES, "a picture")
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ValueError(f"at most {MOST_PIXELS:,} pixels are accepted")
            picture = _plain(ImageOps.exif_transpose(picture))
            picture = picture.convert("RGB" if channels == 3 else "L")
            if size is not None:
                picture = picture.resize(size[::-1], Image.Resampling.BOX)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _unread(path, error, "a picture") from error
    numbers = np.array(picture, np.float32)
    return numbers.transpose(2, 0, 1).copy() if channels == 3 else numbers[None]


def _plain(picture: Image.Image) -> Image.Image:
    """Eight bits a colour, on white."""
    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture) / 257).round().astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture)
    return picture


def _only(path: Path) -> np.ndarray:
    """The one array of an .npz file, which is loaded once its header is known to be harmless."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if len(names) != 1:
            raise ValueError(f"it holds {len(names)} arrays, and should hold one")
        (name,) = names
        with archive.open(name) as file:
            first = np.lib.format.read_magic(file) == (1, 0)
            header = f"read_array_header_{'1' if first else '2'}_0"
            shape, _, dtype = getattr(np.lib.format, header)(file)
    _check_array(dtype, math.prod(shape))
    with np.load(path) as arrays:
        return arrays[name]


def _check_array(dtype: np.dtype, size: int) -> None:
    if dtype.kind not in "biuf":
        raise ValueError(f"numbers of type {dtype} are not supported")
    if not 0 < size <= MOST:
        raise ValueError(f"it holds {size:,} numbers; from 1 to {MOST:,} are accepted")


def _nested(data) -> np.ndarray:
    if isinstance(data, dict | str | None):
        raise ValueError("it should hold lists of numbers")
    if any(value is None for value in np.array(data).flat):
        raise ValueError("it holds null, which is not a number")
    # There may be large whole numbers, or "inf" and "nan", which are strings.
    return np.array(data, dtype=np.float64)


def _rows(text: str) -> np.ndarray:
    numbered = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1)]
    lines = [(number, line) for number, line in numbered if line and not line.startswith("#")]
    parting = next((sign for sign in ";," if any(sign in line for _, line in lines)), None)
    rows = []
    for number, line in lines:
        rows.append([float(word) for word in line.rstrip(parting).split(parting)])
        if len(rows[-1]) != len(rows[0]):
            raise ValueError(
                f"line {number} holds {len(rows[-1])} numbers, the first row {len(rows[0])}"
            )
    return np.array(rows)


def _check_file(path: Path, most: int, what: str) -> None:
    try:
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise _unread(path, error, what) from error
    if not path.is_file():
        raise SlidingWindowsError(f"{path} is not a regular file")
    if size > most:
        raise SlidingWindowsError(f"{path} has more than {most:,} bytes")


def _unread(path: Path, error: Exception, what: str) -> SlidingWindowsError:
    reason = getattr(error, "strerror", None) or words_of(error)
    return SlidingWindowsError(f"{path} cannot be read as {what}: {reason}")
