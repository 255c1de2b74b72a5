"""Numbers moved rather than folded: unpooling, unfolding, and gradients on their way back.

Like a ``Trace``, a ``Transfer`` cannot disagree with torch: building one plays
every move again and raises if the target differs from what torch returned.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .backward import cancelling, passed_back
from .errors import SlidingWindowsError, given, one_error
from .geometry import Geometry
from .move_words import of_move
from .origin import check_transfer
from .plain import axis_of, check_types, fields_of, frozen, plain
from .rounding import LARGEST, same
from .trace import Plane, Rows, Trace, check_origin

# (window, reads, writes), each of them the plain numbers of a Read or a Write.
Expected = tuple[
    tuple[int, int], tuple[tuple[int, int, int, float], ...], tuple[tuple[int, int, float], ...]
]


def expected_moves(transfer: Transfer) -> Iterator[Expected]:
    """(window, reads, writes) of each move, as plain tuples."""
    if transfer.kind == "unpool":
        return _unpool(transfer)
    if transfer.kind == "gradient":
        return _gradient(transfer)
    return _columns(transfer)


def _unpool(transfer: Transfer) -> Iterator[Expected]:
    """Each number goes to its index, a flat one; of a volume, one slice is the target."""
    height, width = len(transfer.target), len(transfer.target[0])
    for plane, source in enumerate(transfer.sources):
        for row, line in enumerate(source):
            for col, value in enumerate(line):
                depth, place = divmod(transfer.indices[plane][row][col], height * width)
                writes = ((*divmod(place, width), value),)
                followed = depth == transfer.depth_index
                yield (row, col), ((plane, row, col, value),), writes if followed else ()


def _gradient(transfer: Transfer) -> Iterator[Expected]:
    trace, upstream = given(transfer.forward, "forward pass"), transfer.sources[0]
    passed = passed_back(trace, transfer.plane, upstream)
    for step, writes in zip(trace.steps, passed, strict=True):
        row, col = step.output
        yield (row, col), ((0, row, col, upstream[row][col]),), writes


def _columns(transfer: Transfer) -> Iterator[Expected]:
    """Unfold reads a window and writes a column; Fold the other way round."""
    rows, cols = transfer.geometry.rows, transfer.geometry.cols
    windows = [(r, c) for r in range(rows.output_size) for c in range(cols.output_size)]
    for column, (row, col) in enumerate(windows):
        places = [(r, c) for r in rows.windows[row] for c in cols.windows[col]]
        if transfer.kind == "unfold":
            planes = range(len(transfer.sources))
            reads = tuple((p, r, c, transfer.at(p, r, c)) for p in planes for r, c in places)
            writes = tuple((i, column, read[3]) for i, read in enumerate(reads))
        else:
            reads = tuple((0, i, column, transfer.at(0, i, column)) for i in range(len(places)))
            pairs = zip(places, reads, strict=True)
            writes = tuple(
                (r, c, read[3])
                for (r, c), read in pairs
                if 0 <= r < rows.size and 0 <= c < cols.size
            )
        yield (row, col), reads, writes


KINDS = ("unpool", "unfold", "fold", "gradient")


class Read(NamedTuple):
    """An element that a move reads.

    plane: which of the sources. row and col: the position in it, which may lie in
    the padding of an unfolded input. value: the number there.
    """

    plane: int
    row: int
    col: int
    value: float


class Write(NamedTuple):
    """What a move puts at, or adds to, an element of the target.

    row and col: the position in the target. amount: the number.
    """

    row: int
    col: int
    amount: float


@dataclass(frozen=True)
class Move:
    """One step of a transfer.

    window: (row, col) of the window among all windows. reads: what is read.
    writes: what is written. arithmetic: why, in words.
    """

    window: tuple[int, int]
    reads: tuple[Read, ...]
    writes: tuple[Write, ...]
    arithmetic: str


@dataclass(frozen=True)
class Transfer:
    """Numbers of one or more source planes moved into one target plane, window by window.

    Building one plays every move again and raises SlidingWindowsError if the
    target is not what torch returned.

    kind: 'unpool' (MaxUnpool), 'unfold' (Unfold, a window becomes a column),
    'fold' (Fold, a column becomes a window, overlaps add up) or 'gradient'
    (the backward pass, the gradient of each output goes back to what it was made from).
    operation: the module's class name. call: the torch call, as code.
    geometry: the windows, over the source for 'unfold', over the target otherwise.
    sources: planes of numbers, of an unfolded input with its padding; of an unpooled volume
    all its slices.
    target: what torch returned, rows of columns. moves: window by window.
    input_shape, output_shape: of the whole tensors, source and target.
    sample, channel: which one of the batch and which channel was followed.
    dims: 1 for signals, 2 for images, 3 for volumes.
    epsilon: the rounding unit of torch's dtype, which bounds the difference of the sums.
    forward: what the backward pass goes back through ('gradient' only).
    plane: which of its planes the target is the gradient of.
    depth_index: which slice of the whole output the target is ('unpool' only).
    indices: for each number of the sources its place in the whole output, counted row by
    row and slice by slice ('unpool' only).
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
        """The source's number at a position, which may lie in the padding of an unfolded input."""
        top = left = 0
        if self.kind == "unfold":
            top, left = self.geometry.rows.padding[0], self.geometry.cols.padding[0]
        return self.sources[plane][row + top][col + left]

    def is_padding(self, row: int, col: int) -> bool:
        """True where a position of an unfolded input lies in the padding."""
        height, width = self.geometry.input_shape
        return self.kind == "unfold" and not (0 <= row < height and 0 <= col < width)

    def after(self, count: int) -> tuple[tuple[float, ...], ...]:
        """The target once the first ``count`` moves are made; what nothing has reached is 0."""
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
            if not (_alike(move.reads, reads) and _alike(move.writes, writes)):
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
                    raise SlidingWindowsError(
                        f"the moves give {mine} at ({row}, {col}), torch gave {torch_says}",
                        self.call,
                    )

    def _verify_words(self) -> None:
        check_origin(self)
        self._check_choices()
        check_transfer(self)
        for index, move in enumerate(self.moves):
            words = of_move(self, index)
            if move.arithmetic != words:
                raise SlidingWindowsError(
                    f"the move of window {move.window} says {move.arithmetic!r}, its numbers say "
                    f"{words!r}",
                    self.call,
                )

    def _check_choices(self) -> None:
        """Shapes, and what was followed, belong together; a gradient's are those of its forward."""
        mine = (self.operation, self.call, self.sample, self.channel, self.dims)
        shapes = (self.input_shape, self.output_shape)
        if self.forward:
            trace = self.forward
            theirs = (trace.operation, trace.call, trace.sample, trace.channel, trace.dims)
            if (mine, shapes) != (theirs, (trace.output_shape, trace.input_shape)):
                raise SlidingWindowsError("that is not the forward pass of this one", self.call)
            return
        rank = self.dims + 1  # without a batch; a matrix of columns has one less
        ranks = {"unfold": (rank, 2), "fold": (2, rank)}.get(self.kind, (rank, rank))
        more = {len(shape) - n for shape, n in zip(shapes, ranks, strict=True)}
        if self.dims not in ((1, 2, 3) if self.kind == "unpool" else (2,)) or (
            more not in ({0}, {1})
        ):
            raise SlidingWindowsError(
                f"these are no shapes of {self.dims} dims: {shapes}", self.call
            )
        size = (len(self.target), len(self.target[0]))
        batch = self.output_shape[0] if more == {1} else 1
        channels = 1 if self.kind == "unfold" else self.output_shape[-rank]
        right = ((1,) if self.dims == 1 else ()) + self.output_shape[-2:][-self.dims :] == size
        if not right or not (0 <= self.sample < batch and 0 <= self.channel < channels):
            raise SlidingWindowsError("a choice is not among the shapes' own", self.call)

    def to_dict(self) -> dict[str, object]:
        """Plain lists, numbers and strings, ready for JSON; infinities and nan as strings."""
        fields = fields_of(self)
        if self.forward:
            fields["forward"] = self.forward.to_dict()
        return {name: plain(value) for name, value in fields.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Transfer:
        """The inverse of to_dict; verifies the numbers again, and the words.

        Raises SlidingWindowsError for what is no such dict, or a damaged one.
        """
        with one_error("this is not what a Transfer's to_dict gives"):
            parts: Any = data
            fields: dict[str, Any] = {
                name: frozen(value) for name, value in parts.items() if name != "forward"
            }
            axes = (axis_of(fields["geometry"][n]) for n in ("rows", "cols"))
            fields["geometry"] = Geometry(*axes)
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


def _alike(mine: Rows, expected: Rows) -> bool:
    """The same tuples of numbers, nan for nan."""
    if len(mine) != len(expected):
        return False
    pairs = zip(mine, expected, strict=True)
    return all(same(a, b) for one, other in pairs for a, b in zip(one, other, strict=True))
