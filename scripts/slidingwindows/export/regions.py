"""Which rectangle of a picture changed, and which of its other pixels are worth drawing again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Region = tuple[int, int, int, int]  # top, bottom, left, right; bottom and right excluded
# Unchanged pixels between two that changed, in reading order. These lengths won when those from 4
# to 256 were tried on figures of every kind.
NARROW, SHORT, WIDE = 8, 16, 64
ENDLESS = 1 << 40  # more than a picture has pixels


def changed_region(before: np.ndarray, after: np.ndarray) -> Region:
    """The smallest rectangle that holds every difference; one pixel where nothing changed."""
    different = before != after
    rows, cols = np.flatnonzero(different.any(1)), np.flatnonzero(different.any(0))
    if not rows.size:
        return 0, 1, 0, 1
    return int(rows[0]), int(rows[-1]) + 1, int(cols[0]), int(cols[-1]) + 1


def redrawn(part: np.ndarray, changed: np.ndarray) -> Iterator[np.ndarray]:
    """Ways to draw a rectangle over the picture before: True for each pixel that is drawn.

    part: palette numbers. changed: True where the picture before has another one; all ways draw
    these. LZW packs what it has met already, and which way gives it more of that depends on the
    picture: a gap left clear breaks a line of text apart, a gap drawn breaks a long clear run.
    """
    gaps, runs = _gaps(changed), _runs(part, changed)
    yield (gaps <= SHORT) | changed
    yield (gaps <= WIDE) | changed
    yield ((gaps <= WIDE) & runs) | changed
    yield (_gaps(runs) <= NARROW) | runs


def _gaps(marked: np.ndarray) -> np.ndarray:
    """How far apart the marked pixels before and behind each pixel lie, in reading order."""
    places = np.flatnonzero(marked)
    found = np.full(marked.size, ENDLESS)
    if places.size:
        apart = np.diff(places)
        found[places[0] : places[-1]] = np.repeat(apart, apart)
    return found.reshape(marked.shape)


def _runs(part: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """The pixels of one colour side by side of which at least one changed."""
    begins = np.ones(part.shape, bool)
    begins[:, 1:] = part[:, 1:] != part[:, :-1]
    starts = np.flatnonzero(begins)
    holds = np.logical_or.reduceat(changed.ravel(), starts)
    return np.repeat(holds, np.diff(starts, append=part.size)).reshape(part.shape)
