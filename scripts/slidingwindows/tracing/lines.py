"""Data types of sight.py: which input a layer's numbers depend on, by axis (Line) and in all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

Positions = Iterable[int]
Step = Callable[[Positions], Positions]  # positions of a layer's output to those that they read


@dataclass(frozen=True)
class Line:
    """What the positions of a map along one axis see of the network's input.

    size: how many positions. steps: the layers on the way, first to last. places: of the input,
    where each position sees its own; 0 where each sees all that there is.
    """

    size: int
    places: int
    steps: tuple[Step, ...] = ()

    def walked(self, positions: Positions) -> set[int]:
        """The places that some positions see."""
        for step in reversed(self.steps):
            positions = step(positions)
        return set(positions)

    def complete(self, positions: Positions) -> bool:
        """True if some positions together see all places."""
        return len(self.walked(positions)) >= max(self.places, 1)

    @property
    def together(self) -> bool:
        """True if no place goes unseen by all positions."""
        return self.complete(range(self.size))

    @cached_property
    def each(self) -> bool:
        """True if each position sees all places."""
        return all(self.complete((position,)) for position in range(self.size))

    @property
    def alive(self) -> bool:
        """True if each position sees some place."""
        return all(self.walked((position,)) for position in range(self.size))


@dataclass(frozen=True)
class Sight:
    """What the numbers of a layer's output see at least.

    axes: one Line for each axis of a map: a number sees the rows that its row does, in the
    columns that its column does. () for a vector whose numbers all see everything; None if all
    numbers together see everything, but it is not known which sees what.
    centred: True if a channel's mean may be the same for all inputs, as an instance norm leaves it:
    then the mean sees nothing.
    level: True if all numbers of a channel may be one number: then their differences see nothing.
    doubtful: True if operands of a block on the way might cancel: then torch has to be asked.
    """

    axes: tuple[Line, ...] | None
    centred: bool = False
    level: bool = False
    doubtful: bool = False

    @classmethod
    def of_input(cls, sizes: tuple[int, ...]) -> Sight:
        """Each element of an input sees its own place; sizes without the channels."""
        lines = tuple(Line(size, size) for size in sizes)
        return cls(lines or None, level=math.prod(sizes) == 1)

    @classmethod
    def of_all(cls, sizes: tuple[int, ...]) -> Sight:
        """Each number sees everything, so positions need not be told apart."""
        return cls(tuple(Line(size, 0) for size in sizes))

    @property
    def everything(self) -> bool:
        """True if each number sees every place."""
        return self.axes is not None and all(line.each for line in self.axes)

    @property
    def alive(self) -> bool:
        """True if each number sees something, and so is none that is always 0."""
        return self.axes is not None and all(line.alive for line in self.axes)

    @property
    def together(self) -> bool:
        """True if no place goes unseen by all numbers."""
        return self.axes is None or all(line.together for line in self.axes)

    def over(self, out: tuple[int, ...], steps: Iterable[Step]) -> Sight | None:
        """The sight of a layer's output, given its step for each axis."""
        if self.axes is None:
            return None
        lines = zip(self.axes, out, steps, strict=True)
        return Sight(tuple(Line(n, line.places, (*line.steps, step)) for line, n, step in lines))

    def mixed(self, axes: Iterable[int], sizes: tuple[int, ...]) -> Sight | None:
        """Along some axes each number depends on all of them."""
        if self.axes is None or not all(self.axes[axis].together for axis in axes):
            return None
        lines = list(self.axes)
        for axis in axes:
            lines[axis] = Line(sizes[axis], 0)
        return Sight(tuple(lines))

    def gathered(self, sizes: tuple[int, ...]) -> Sight | None:
        """Each number depends on all numbers, of all channels."""
        return Sight.of_all(sizes) if self.together else None

    def reshaped(self, sizes: tuple[int, ...]) -> Sight | None:
        """The same numbers in another order."""
        if self.everything:
            return Sight.of_all(sizes)
        return Sight(None) if self.together else None


def shared(parts: list[Sight | None]) -> Sight | None:
    """Of channels side by side: the one that sees least."""
    known = [part for part in parts if part]
    if len(known) < len(parts):
        return None
    least, *others = known
    for part in others:
        if covers(least, part):
            least = part
        elif not covers(part, least):
            return None
    return replace(
        least,
        centred=any(part.centred for part in known),
        level=any(part.level for part in known),
    )


def covers(one: Sight, other: Sight) -> bool:
    """True if each number of one surely sees all that the same number of the other does."""
    if other.axes is None or one.axes is None:
        return one.everything
    return all(
        line.places == less.places and _along(line, less) or line.each
        for line, less in zip(one.axes, other.axes, strict=True)
    )


def _along(line: Line, less: Line) -> bool:
    # Two ways through a block begin with the same layers, of which nothing need be known.
    same = 0
    for one, other in zip(line.steps, less.steps, strict=False):
        if one is not other:
            break
        same += 1
    line, less = (replace(one, steps=one.steps[same:]) for one in (line, less))
    return all(line.walked((p,)) >= less.walked((p,)) for p in range(line.size))
