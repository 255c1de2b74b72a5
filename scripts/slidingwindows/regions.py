"""Which rectangles of a picture changed, cut apart where nothing between them did."""

from __future__ import annotations

import numpy as np

Region = tuple[int, int, int, int]  # top, bottom, left, right; bottom and right excluded
# Rows and columns of pixels that must be unchanged to be worth a cut. Columns need more: a line of
# text stays in one piece, so that no part of a frame ever shows half of an old sum, half of a new.
GAPS = (20, 120)


def changed_regions(before: np.ndarray, after: np.ndarray, limit: int) -> list[Region]:
    """At most ``limit`` disjoint rectangles, in reading order, that hold every difference.

    Cuts first where the cut leaves out the most pixels (an X-Y cut, as in
    document layout analysis). One pixel where nothing changed at all.
    """
    different = before != after
    whole = _shrink(different, (0, different.shape[0], 0, different.shape[1]))
    if whole is None:
        return [(0, 1, 0, 1)]
    regions = [whole]
    while len(regions) < limit:
        cuts = [
            (saved, n, parts) for n, r in enumerate(regions) for saved, parts in _cuts(different, r)
        ]
        if not cuts:
            break
        _, n, parts = max(cuts)
        regions[n : n + 1] = parts
    return sorted(regions)


def _cuts(different: np.ndarray, region: Region):
    """(pixels left out, the two parts) for the widest empty band in each direction."""
    top, bottom, left, right = region
    view = different[top:bottom, left:right]
    for axis in (0, 1):
        band = _widest_gap(view.any(1 - axis), GAPS[axis])
        if band is None:
            continue
        if axis == 0:
            halves = [(top, top + band[0], left, right), (top + band[1], bottom, left, right)]
        else:
            halves = [(top, bottom, left, left + band[0]), (top, bottom, left + band[1], right)]
        parts = [_shrink(different, half) for half in halves]
        yield _area(region) - sum(map(_area, parts)), parts


def _widest_gap(used: np.ndarray, least: int) -> tuple[int, int] | None:
    """The longest run of False inside, if longer than least."""
    places = np.flatnonzero(used)
    steps = np.diff(places)
    if not steps.size or steps.max() <= least:
        return None
    widest = int(steps.argmax())
    return int(places[widest]) + 1, int(places[widest + 1])


def _shrink(different: np.ndarray, region: Region) -> Region | None:
    top, bottom, left, right = region
    view = different[top:bottom, left:right]
    rows, cols = np.flatnonzero(view.any(1)), np.flatnonzero(view.any(0))
    if not rows.size:
        return None
    return (
        top + int(rows[0]),
        top + int(rows[-1]) + 1,
        left + int(cols[0]),
        left + int(cols[-1]) + 1,
    )


def _area(region: Region) -> int:
    top, bottom, left, right = region
    return (bottom - top) * (right - left)
