"""Transfer, the value object of numbers moved, not folded: unpooling, unfolding, gradients.

Like a ``Trace``, a ``Transfer`` cannot disagree with torch: building one plays
every move again and raises if the target differs from what torch returned.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from .arithmetic import LARGEST, same
from .errors import SlidingWindowsError, one_error
from .geometry import Geometry
from .moves import cancelling, expected_moves, said
from .origin import check_transfer
from .plain import check_types, fields_of, frozen, geometry_of, plain
from .step import Plane, Rows
from .trace import Trace, check_held, check_origin

KINDS = ("unpool", "unfold", "fold", "gradient")


class Read(NamedTuple):
    """An element that a move reads.

    Attributes:
        plane: Which of the sources, counted from 0.
        row: Its position in elements of the source, negative in the padding of an unfolded input.
        col: Its position in elements of the source, negative in that padding.
        value: The number there.

    Examples:
        >>> import torch
        >>> from slidingwindows import route
        >>> route(torch.nn.AvgPool1d(2), torch.ones(1, 2)).moves[0].reads
        (Read(plane=0, row=0, col=0, value=1.0),)

    Source:
        The source's own number; ``Transfer`` compares the two.
    """

    plane: int
    row: int
    col: int
    value: float


class Write(NamedTuple):
    """What a move puts at, or adds to, an element of the target.

    Attributes:
        row: Its position in elements of the target, counted from 0.
        col: Its position in elements of the target, counted from 0.
        amount: The number put or added.

    Examples:
        >>> import torch
        >>> from slidingwindows import route
        >>> route(torch.nn.AvgPool1d(2), torch.ones(1, 2)).moves[0].writes
        (Write(row=0, col=0, amount=0.5), Write(row=0, col=1, amount=0.5))

    Source:
        The module's rule; ``Transfer`` plays all writes and compares the sums with torch's target.
    """

    row: int
    col: int
    amount: float


@dataclass(frozen=True)
class Move:
    """One step of a transfer: what one window reads and writes.

    Attributes:
        window: Position (row, col) among all windows, counted from 0.
        reads: What is read.
        writes: What is written.
        arithmetic: Why, in words; a Transfer says it where it is left out.

    Examples:
        >>> import torch
        >>> from slidingwindows import route
        >>> move = route(torch.nn.MaxPool1d(2), torch.tensor([[1.0, 3.0]])).moves[0]
        >>> move.window, move.writes
        ((0, 0), (Write(row=0, col=1, amount=1.0),))

    Source:
        The rule of torch's module; ``Transfer`` plays the moves and compares with torch's target.
    """

    window: tuple[int, int]
    reads: tuple[Read, ...]
    writes: tuple[Write, ...]
    arithmetic: str = ""


@dataclass(frozen=True)
class Transfer:
    """Numbers of one or more source planes moved into one target plane, window by window.

    Building one plays every move again and compares. ``slide`` and ``route`` make these.

    Attributes:
        kind: 'unpool' (MaxUnpool), 'unfold' (Unfold, a window becomes a column), 'fold' (Fold, a
            column becomes a window, overlaps add up) or 'gradient' (the backward pass, the gradient
            of each output goes back to what it was made from).
        operation: The module's class name.
        call: The torch call, as code.
        geometry: The windows, over the source for 'unfold', over the target otherwise.
        sources: Planes of numbers, (H, W) each, of an unfolded input with its padding; of an
            unpooled volume all its slices.
        target: What torch returned, (H, W).
        moves: Window by window.
        input_shape: Of the whole tensor that the sources are from: (C, H, W), (N, C, H, W), ...
        output_shape: Of the whole tensor that the target is from: (C, H, W), (N, C, H, W), ...
        sample: Which one of the batch was followed, counted from 0.
        channel: Which channel was followed, counted from 0.
        dims: How many dimensions windows have: 1 for signals, 2 for images, 3 for volumes.
        epsilon: The relative rounding unit of torch's dtype, which bounds how far sums may differ.
        forward: What the backward pass goes back through, for 'gradient'.
        plane: Which of its planes the target is the gradient of, counted from 0.
        depth_index: Which slice of the whole output the target is, counted from 0, for 'unpool'.
        indices: For each number of the sources, (H, W) each, its position in the whole output,
            counted row by row and slice by slice, for 'unpool'.

    Raises:
        SlidingWindowsError: If the moves do not give torch's target, or the parts do not belong
            together.

    Examples:
        >>> import torch
        >>> from slidingwindows import slide
        >>> unfolded = slide(torch.nn.Unfold(2), torch.arange(6.0).reshape(1, 2, 3))
        >>> unfolded.kind, unfolded.target
        ('unfold', ((0.0, 1.0), (1.0, 2.0), (3.0, 4.0), (4.0, 5.0)))

    Source:
        The target is what torch's module returned, or ``torch.autograd.grad`` for 'gradient'.
    """

    kind: str
    operation: str
    call: str
    geometry: Geometry
    sources: tuple[Plane, ...]
    target: Plane
    moves: tuple[Move, ...]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    sample: int = 0
    channel: int = 0
    dims: int = 2
    epsilon: float = 2.0**-23
    forward: Trace | None = None
    plane: int = 0
    depth_index: int = 0
    indices: tuple[tuple[tuple[int, ...], ...], ...] = ()

    def __post_init__(self) -> None:
        with one_error("these are not the parts of a transfer", str(self.call)):
            self._check()
            moves = tuple(
                move if move.arithmetic else replace(move, arithmetic=said(self, number))
                for number, move in enumerate(self.moves)
            )
            object.__setattr__(self, "moves", moves)

    def _check(self) -> None:
        if self.kind not in KINDS:
            raise SlidingWindowsError(f"unknown kind of transfer {self.kind!r}", self.call)
        if (self.kind == "gradient") != (self.forward is not None):
            raise SlidingWindowsError("a gradient, and nothing else, has a forward pass", self.call)
        shapes = [
            [[len(row) for row in plane] for plane in p] for p in (self.sources, self.indices)
        ]
        if self.kind == "unpool" and shapes[0] != shapes[1]:
            raise SlidingWindowsError("each number that is unpooled needs an index", self.call)
        self._verify_moves()
        self._verify()

    @property
    def adds(self) -> bool:
        """True if writes to one element add up, False if the last one stays."""
        return self.kind in ("fold", "gradient")

    def at(self, plane: int, row: int, col: int) -> float:
        """The source's number at a position, which may lie in the padding of an unfolded input.

        Args:
            plane: Which source, counted from 0.
            row: Position in elements of the source, negative in the padding of an unfolded input.
            col: Position in elements of the source, negative in that padding.

        Returns:
            What a move reads there.
        """
        top = left = 0
        if self.kind == "unfold":
            (top, _), (left, _) = self.geometry.rows.padding, self.geometry.cols.padding
        return self.sources[plane][row + top][col + left]

    def is_padding(self, row: int, col: int) -> bool:
        """Whether a position of an unfolded input lies in the padding.

        Args:
            row: Position in elements of the source, negative in the padding of an unfolded input.
            col: Position in elements of the source, negative in that padding.

        Returns:
            True in the padding; always False for the other kinds.
        """
        height, width = self.geometry.input_shape
        return self.kind == "unfold" and not (0 <= row < height and 0 <= col < width)

    def after(self, count: int) -> tuple[tuple[float, ...], ...]:
        """The target once some moves are made.

        Args:
            count: How many moves, from the first.

        Returns:
            Numbers, (H, W); what nothing has reached is 0.
        """
        grid = [[0.0] * len(self.target[0]) for _ in self.target]
        for move in self.moves[:count]:
            for row, col, amount in move.writes:
                grid[row][col] = grid[row][col] + amount if self.adds else amount
        return tuple(tuple(row) for row in grid)

    def _verify_moves(self) -> None:
        rows, cols = self.geometry.output_shape
        count = len(self.moves)
        if self.kind != "unpool" and count != rows * cols:  # before windows are listed
            raise SlidingWindowsError(f"{rows * cols} windows make no {count} moves", self.call)
        expected = list(expected_moves(self))
        if [move.window for move in self.moves] != [window for window, _, _ in expected]:
            raise SlidingWindowsError("the moves do not cover the windows once each", self.call)
        for move, (window, reads, writes) in zip(self.moves, expected, strict=True):
            if not (_equal_rows(move.reads, reads) and _equal_rows(move.writes, writes)):
                raise SlidingWindowsError(
                    f"the move of window {window} is not what a {self.kind} does there", self.call
                )

    def _verify(self) -> None:
        height, width = len(self.target), len(self.target[0])
        sizes = [[0.0] * width for _ in range(height)]
        counts = [[0] * width for _ in range(height)]
        worse = cancelling(self.forward) if self.forward else [1.0] * len(self.moves)
        for move, factor in zip(self.moves, worse, strict=True):
            for row, col, amount in move.writes:
                if not (0 <= row < height and 0 <= col < width):
                    raise SlidingWindowsError(
                        f"({row}, {col}) is not in the {height}×{width} target", self.call
                    )
                rounded = abs(amount) * factor if math.isfinite(amount) else 0.0
                sizes[row][col] += math.inf if math.isinf(factor) else rounded
                counts[row][col] += 1
        played, largest = self.after(len(self.moves)), LARGEST.get(self.epsilon, math.inf)
        for row in range(height):
            for col in range(width):
                mine, torch_says = played[row][col], self.target[row][col]
                # A share is rounded itself; a column's number is not, only the sums are.
                roundings = counts[row][col] + (8 if self.kind == "gradient" else -1)
                slack = roundings * 2 * self.epsilon * sizes[row][col]
                close = self.adds and abs(mine - torch_says) <= slack
                if self.adds and sizes[row][col] > largest and not math.isfinite(torch_says):
                    continue  # past the dtype's largest number a sum depends on its order
                if math.isinf(sizes[row][col]) and math.isinf(max(worse)):
                    continue  # all that is left of a sum of powers is its rounding
                if not close and not same(mine, torch_says):
                    why = ""
                    if self.forward and self.forward.kind == "lp" and not counts[row][col]:
                        why = (
                            ", though no window reads it: the slope of such a power is nan there, "
                            "and nan times 0 is nan"
                        )
                    raise SlidingWindowsError(
                        f"the moves give {mine} at ({row}, {col}), torch gave {torch_says}{why}",
                        self.call,
                    )

    def _verify_words(self) -> None:
        check_origin(self)
        # Under autocast a gradient has the input's dtype, and the forward pass a coarser one.
        if not self.forward or self.epsilon != self.forward.epsilon:
            check_held(self, self.target)
        self._check_choices()
        check_transfer(self)
        for index, move in enumerate(self.moves):
            words = said(self, index)
            if move.arithmetic != words:
                raise SlidingWindowsError(
                    f"the move of window {move.window} says {move.arithmetic!r}, its numbers say "
                    f"{words!r}",
                    self.call,
                )

    def _check_choices(self) -> None:
        """Shapes, and what was followed, belong together; a gradient's are those of its forward."""
        if self.indices and self.kind != "unpool":
            raise SlidingWindowsError(f"a {self.kind} has no indices", self.call)
        mine = (self.operation, self.call, self.sample, self.channel, self.dims)
        shapes = (self.input_shape, self.output_shape)
        if self.forward:
            trace = self.forward
            theirs = (trace.operation, trace.call, trace.sample, trace.channel, trace.dims)
            swapped = (trace.output_shape, trace.input_shape)
            if (mine, shapes, self.geometry) != (theirs, swapped, trace.geometry):
                raise SlidingWindowsError("that is not the forward pass of this one", self.call)
            if self.plane < 0 or not trace.is_real_plane(self.plane):
                raise SlidingWindowsError(f"plane {self.plane} has no gradient", self.call)
            if self.depth_index:
                raise SlidingWindowsError("a gradient's slice is its forward pass's", self.call)
            if self.epsilon < trace.epsilon:
                raise SlidingWindowsError(
                    "the gradient's dtype is more precise than its forward pass's", self.call
                )
            return
        rank = self.dims + 1  # without a batch; a matrix of columns has one less
        ranks = {"unfold": (rank, 2), "fold": (2, rank)}.get(self.kind, (rank, rank))
        extra = {len(shape) - n for shape, n in zip(shapes, ranks, strict=True)}
        if self.dims not in ((1, 2, 3) if self.kind == "unpool" else (2,)) or (
            extra not in ({0}, {1})
        ):
            raise SlidingWindowsError(
                f"these are not shapes of {self.dims} dims: {shapes}", self.call
            )
        size = (len(self.target), len(self.target[0]))
        batch = self.output_shape[0] if extra == {1} else 1
        channels = 1 if self.kind == "unfold" else self.output_shape[-rank]
        right = ((1,) if self.dims == 1 else ()) + self.output_shape[-2:][-self.dims :] == size
        chosen = [(self.sample, batch), (self.channel, channels), (self.plane, 1)]
        slices = self.output_shape[-3] if self.kind == "unpool" and self.dims == 3 else 1
        chosen.append((self.depth_index, slices))
        if not right or not all(0 <= i < n for i, n in chosen):
            raise SlidingWindowsError("a choice is not among the shapes' own", self.call)

    def to_dict(self) -> dict[str, object]:
        """Plain data, ready for JSON.

        Returns:
            Lists, numbers and strings by the names of the fields; infinities and nan as strings.
        """
        return {name: plain(value) for name, value in fields_of(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Transfer:
        """The inverse of to_dict; verifies the numbers again, and the words.

        Args:
            data: What to_dict gave, even after a round trip through JSON.

        Returns:
            An equal object.

        Raises:
            SlidingWindowsError: If it is not such a dict, or is damaged.
        """
        with one_error("this is not what a Transfer's to_dict gives"):
            parts: Any = data
            fields: dict[str, Any] = {
                name: frozen(value) for name, value in parts.items() if name != "forward"
            }
            fields["geometry"] = geometry_of(fields["geometry"])
            fields["moves"] = tuple(
                Move(
                    **{
                        **move,
                        "reads": tuple(Read(*read) for read in move["reads"]),
                        "writes": tuple(Write(*write) for write in move["writes"]),
                    }
                )
                for move in fields["moves"]
            )
            if parts.get("forward"):
                fields["forward"] = Trace.from_dict(parts["forward"])
            transfer = cls(**fields)
            check_types(transfer)
            transfer._verify_words()
            return transfer


def _equal_rows(mine: Rows, expected: Rows) -> bool:
    """The same tuples of numbers, nan for nan."""
    return len(mine) == len(expected) and all(
        same(a, b)
        for one, other in zip(mine, expected, strict=True)
        for a, b in zip(one, other, strict=True)
    )
