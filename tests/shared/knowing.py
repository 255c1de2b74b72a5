"""A Sight in words: how much a position sees, and the first letters of what else is true of it."""

from __future__ import annotations

from dataclasses import replace

import torch

from slidingwindows.tracing.lines import Line, Sight

LINES = {
    "1": Sight.of_input,  # each position sees one place, its own
    "all": Sight.of_all,
    "some": lambda sizes: Sight(None),  # all of them see everything, each one who knows what
    "gap": lambda sizes: Sight(  # every second place goes unseen
        tuple(Line(n, 2 * n, (lambda some: [2 * p for p in some],)) for n in sizes)
    ),
}
FLAGS = {"c": "centred", "l": "level", "d": "doubtful"}


def known(words: str, sizes) -> Sight:
    """A Sight from how much a position sees and the first letters of what is true of it."""
    seen, _, flags = words.partition(" ")
    return replace(LINES[seen](tuple(sizes)), **{FLAGS[f]: f in flags for f in FLAGS})


def told(sight: Sight | None) -> str | None:
    """In such words, the other way round: how many places the widest position sees, by axis."""
    if sight is None:
        return None
    lines = ["some"] if sight.axes is None else [along(line) for line in sight.axes] or ["all"]
    lines = lines[:1] if len(set(lines)) == 1 else lines
    flags = "".join(f for f, name in FLAGS.items() if getattr(sight, name))
    return " ".join(["×".join(lines), flags]).strip()


def along(line: Line) -> str:
    return "all" if line.each else str(max(len(line.walked([p])) for p in range(line.size)))


def fits(sight: Sight | None, after: torch.Tensor) -> bool:
    """True if it has a line for each axis behind the channels, if any at all."""
    axes = sight and sight.axes
    return axes is None or tuple(line.size for line in axes) == tuple(after.shape[2:])
