"""Trace, the value object in the middle: what every window read and made, in plain numbers.

A ``Trace`` cannot disagree with torch: building one folds every step again in
float64 and raises if the result differs from the output torch returned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from .arithmetic import DIGITS, held, same
from .errors import SlidingWindowsError, one_error
from .geometry import Axis, Geometry
from .origin import arguments_of, check_trace
from .plain import axis_of, check_types, fields_of, frozen, geometry_of, plain
from .reduction import REDUCTIONS, Reduction
from .step import Plane, Step, Tap
from .uneven import UnevenAxis


@dataclass(frozen=True)
class Trace:
    """A module slid over one input, window by window.

    Building one calculates every step again, apart from torch, and compares. A signal is a grid of
    one row. ``slide`` makes these.

    Attributes:
        kind: 'max', 'average', 'lp' or 'convolution'.
        operation: The module's class name.
        call: The torch call, as code.
        geometry: Rows and columns of the window.
        planes: What the output depends on, padding included: one (H, W) grid for each input channel
            and, of a volume, for each slice that the windows of the chosen output depth read. The
            element at input position (r, c) of plane p is ``planes[p][r + pad_top][c + pad_left]``,
            see ``Trace.at``.
        channels: The input channel of each plane, counted from 0.
        output: What torch returned for one sample, channel and depth, (H, W).
        steps: One for each element of the output, row by row.
        input_shape: Of the whole tensor that went in: (C, H, W), (N, C, H, W) and so on.
        output_shape: Of the whole tensor that came out: (C, H, W), (N, C, H, W) and so on.
        sample: Which one of the batch was followed, counted from 0.
        channel: Which output channel was followed, counted from 0.
        weights: One (H, W) kernel for each plane, for a convolution.
        bias: The number added to each output; None without one.
        padding_mode: 'zeros', or 'reflect', 'replicate', 'circular' as in torch.
        counts_padding: False where an average leaves the padding out (count_include_pad).
        integral: True for integer arithmetic.
        epsilon: The relative rounding unit of the dtype, which bounds how far the calculated steps
            may be from torch's output (a max must be equal).
        dims: How many dimensions windows have: 1 for signals, 2 for images, 3 for volumes.
        stretch: Elements from one row, and from one column, to the next: a transposed convolution
            slides over its input with stretch - 1 zeros in between; positions count these zeros.
        norm: The power p of an lp pool, a number without unit.
        depth: The window along the depth, for volumes.
        depth_index: Which output slice was followed, counted from 0.
        slices: Position in depth of each plane, for volumes.
        depth_stretch: Elements from one slice of a volume to the next, as ``stretch``.

    Raises:
        SlidingWindowsError: If the steps do not give torch's output, or the parts do not belong
            together.

    Examples:
        >>> import torch
        >>> from slidingwindows import slide
        >>> trace = slide(torch.nn.AvgPool2d(2), torch.tensor([[[1.0, 2.0], [3.0, 6.0]]]))
        >>> trace.output, trace.steps[0].arithmetic
        (((3.0,),), '(1 + 2 + 3 + 6) / 4 = 3')
        >>> Trace.from_dict(trace.to_dict()) == trace
        True

    Source:
        The output is what ``module(input)`` returned; torch's documentation of each module has the
        rule that the steps follow.
    """

    kind: str
    operation: str
    call: str
    geometry: Geometry
    planes: tuple[Plane, ...]
    channels: tuple[int, ...]
    output: Plane
    steps: tuple[Step, ...]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    sample: int = 0
    channel: int = 0
    weights: tuple[Plane, ...] = ()
    bias: float | None = None
    padding_mode: str = "zeros"
    counts_padding: bool = True
    integral: bool = False
    epsilon: float = 2.0**-23
    dims: int = 2
    stretch: tuple[int, int] = (1, 1)
    norm: float | None = None
    depth: Axis | UnevenAxis | None = None
    depth_index: int = 0
    slices: tuple[int, ...] = ()
    depth_stretch: int = 1

    def __post_init__(self) -> None:
        with one_error("these are not the parts of a trace", str(self.call)):
            self._check()
            steps = tuple(
                step if step.arithmetic else replace(step, arithmetic=self._said(step))
                for step in self.steps
            )
            object.__setattr__(self, "steps", steps)

    def _check(self) -> None:
        if self.kind not in REDUCTIONS:
            raise SlidingWindowsError(f"unknown kind of trace {self.kind!r}", self.call)
        self._check_sizes()
        rows, cols = self.geometry.output_shape
        places = ((r, c) for r in range(rows) for c in range(cols))
        if len(self.steps) != rows * cols or any(
            step.output != place for step, place in zip(self.steps, places, strict=True)
        ):
            raise SlidingWindowsError("the steps do not cover the output once each", self.call)
        if self.slices != self._slices():
            raise SlidingWindowsError("the slices are not the window's", self.call)
        reduction = self.reduction
        for step in self.steps:
            self._verify(step, reduction)

    def _check_sizes(self) -> None:
        """Shapes, planes and choices belong to the windows."""
        axes, dims = (self.geometry.rows, self.geometry.cols), self.dims
        if dims not in (1, 2, 3) or (dims == 3) != bool(self.depth):
            raise SlidingWindowsError(f"a trace has 1, 2 or 3 dims, not {dims!r}", self.call)
        if min(*self.stretch, self.depth_stretch) < 1:
            raise SlidingWindowsError("the spacing of elements must be at least 1", self.call)
        before = [(axis.size - 1) // s + 1 for axis, s in zip(axes, self.stretch, strict=True)]
        after = list(self.geometry.output_shape)
        if self.depth:
            slices = (self.depth.size - 1) // self.depth_stretch + 1
            before, after = [slices, *before], [self.depth.output_size, *after]
        batches = {shape[: -dims - 1] for shape in (self.input_shape, self.output_shape)}
        for shape, sizes in ((self.input_shape, before), (self.output_shape, after)):
            fits = len(shape) in (dims + 1, dims + 2) and list(shape[-dims:]) == sizes[-dims:]
            if not fits or len(batches) > 1:
                raise SlidingWindowsError(
                    f"the windows lie on {before} and give {after}; these shapes do not fit them: "
                    f"{self.input_shape} and {self.output_shape}",
                    self.call,
                )
        padded = tuple(axis.size + sum(axis.padding) for axis in axes)
        if any((len(p), *{len(row) for row in p}) != padded for p in self.planes):
            raise SlidingWindowsError(f"not all planes have the shape {padded}", self.call)
        if (len(self.output), *{len(row) for row in self.output}) != self.geometry.output_shape:
            raise SlidingWindowsError(
                f"the output is not of {self.geometry.output_shape}", self.call
            )
        kernel = (axes[0].kernel_size, axes[1].kernel_size)
        if any((len(w), *{len(row) for row in w}) != kernel for w in self.weights):
            raise SlidingWindowsError(f"the weights are not all of {kernel}", self.call)
        batch = self.output_shape[0] if len(self.output_shape) == dims + 2 else 1
        chosen = [(self.sample, batch), (self.channel, self.output_shape[-dims - 1])]
        chosen += [(channel, self.input_shape[-dims - 1]) for channel in self.channels]
        chosen += [(self.depth_index, after[0] if self.depth else 1)]
        if len(self.channels) != len(self.planes) or not all(0 <= i < n for i, n in chosen):
            raise SlidingWindowsError("a choice is not among the shapes' own", self.call)

    @property
    def reduction(self) -> Reduction:
        """How a window's numbers become one."""
        size = self.geometry.rows.kernel_size * self.geometry.cols.kernel_size
        size *= self.depth.kernel_size if self.depth else 1
        return REDUCTIONS[self.kind](self.bias, self.integral, self.norm, size)

    def at(self, plane: int, row: int, col: int) -> float:
        """The number at an input position, which may lie in the padding.

        Args:
            plane: Which plane, counted from 0.
            row: Position in input elements, negative in the padding above.
            col: Position in input elements, negative in the padding on the left.

        Returns:
            What a window reads there.
        """
        top, left = self.geometry.rows.padding[0], self.geometry.cols.padding[0]
        return self.planes[plane][row + top][col + left]

    def is_padding(self, row: int, col: int, plane: int = 0) -> bool:
        """Whether an input position lies in the padding.

        Args:
            row: Position in input elements, negative in the padding above.
            col: Position in input elements, negative in the padding on the left.
            plane: Which plane, counted from 0; of a volume a whole slice may be padding.

        Returns:
            True in the padding.
        """
        height, width = self.geometry.input_shape
        inside = 0 <= row < height and 0 <= col < width
        if self.depth:
            inside = inside and 0 <= self.slices[plane] < self.depth.size
        return not inside

    @property
    def stretched(self) -> bool:
        """True if a transposed convolution has put zeros between the input's elements."""
        return self.stretch != (1, 1) or self.depth_stretch != 1

    def is_stretch(self, row: int, col: int, plane: int = 0) -> bool:
        """Whether a transposed convolution has put a zero at a position, between two real elements.

        Args:
            row: Position in input elements, negative in the padding above.
            col: Position in input elements, negative in the padding on the left.
            plane: Which plane, counted from 0.

        Returns:
            True for such a zero.
        """
        if not self.stretched or self.is_padding(row, col, plane):
            return False
        between = row % self.stretch[0] != 0 or col % self.stretch[1] != 0
        return between or bool(self.depth and self.slices[plane] % self.depth_stretch)

    def is_real_plane(self, plane: int) -> bool:
        """Whether a plane is a slice of the input itself, as each is that belongs to no volume.

        Args:
            plane: Which plane, counted from 0.

        Returns:
            False for a slice of padding or of zeros put in.
        """
        return not self.is_padding(0, 0, plane) and not self.is_stretch(0, 0, plane)

    def is_real(self, tap: Tap) -> bool:
        """Whether a tap is an element of the input itself.

        Args:
            tap: One of this trace's.

        Returns:
            False in the padding, and for zeros put in.
        """
        inserted = self.is_stretch(tap.row, tap.col, tap.plane)
        return not inserted and not self.is_padding(tap.row, tap.col, tap.plane)

    def _slices(self) -> tuple[int, ...]:
        if not self.depth:
            return ()
        window = self.depth.windows[self.depth_index]
        return window * (len(self.planes) // len(window))

    def _verify(self, step: Step, reduction: Reduction) -> None:
        row, col = step.output
        rows, cols = self.geometry.rows.windows[row], self.geometry.cols.windows[col]
        expected = [(p, r, c) for p in range(len(self.planes)) for r in rows for c in cols]
        actual = [tap[:3] for tap in step.taps]
        if not self.counts_padding:
            expected = [(p, r, c) for p, r, c in expected if not self.is_padding(r, c, p)]
        if actual != expected:
            raise SlidingWindowsError(
                f"the taps of step {step.output} are not its window", self.call
            )
        weights: list[float | None] = [w for plane in self.weights for line in plane for w in line]
        weights = weights or [None] * len(actual)
        for tap, weight in zip(step.taps, weights, strict=True):
            if not same(tap.value, self.at(*tap[:3])) or not same(tap.weight, weight):
                raise SlidingWindowsError(
                    f"a tap of step {step.output} is not the input", self.call
                )
        torch_says = self.output[row][col]
        agreed = reduction.agrees(torch_says, step, self.epsilon)
        if not agreed and reduction.skips_zeros and self.padding_mode == "zeros":
            # Torch may skip added zeros, which shows where a weight is infinite or nan.
            real = tuple(tap for tap in step.taps if self.is_real(tap))
            agreed = reduction.agrees(torch_says, replace(step, taps=real), self.epsilon)
        if not agreed or not same(step.value, torch_says):
            raise SlidingWindowsError(
                f"the steps give {reduction.fold(step)} at output {step.output}, "
                f"torch gave {torch_says}",
                self.call,
            )
        if step.winner is not None and not same(step.taps[step.winner].value, torch_says):
            raise SlidingWindowsError(
                f"the winner of step {step.output} is not its value", self.call
            )

    def _verify_words(self) -> None:
        check_origin(self)
        check_held(self, self.output)
        check_trace(self)
        for step in self.steps:
            words = self._said(step)
            if step.arithmetic != words:
                raise SlidingWindowsError(
                    f"step {step.output} says {step.arithmetic!r}, its numbers say {words!r}",
                    self.call,
                )

    def _said(self, step: Step) -> str:
        return self.reduction.words(step.taps, step.value, step.divisor, self._unseen(step))

    def _unseen(self, step: Step) -> str:
        """What a window without any input holds in its place."""
        what = "added zeros" if self.operation.startswith("ConvTranspose") else "padding"
        sees = self.padding_mode != "zeros" or any(self.is_real(tap) for tap in step.taps)
        return "" if sees else what

    def to_dict(self) -> dict[str, object]:
        """Plain data, ready for JSON.

        Returns:
            Lists, numbers and strings by the names of the fields; infinities and nan as strings.
        """
        return {name: plain(value) for name, value in fields_of(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Trace:
        """The inverse of to_dict; verifies the numbers again, and the words.

        Args:
            data: What to_dict gave, even after a round trip through JSON.

        Returns:
            An equal object.

        Raises:
            SlidingWindowsError: If it is not such a dict, or is damaged.
        """
        with one_error("this is not what a Trace's to_dict gives"):
            fields: dict[str, Any] = {name: frozen(value) for name, value in data.items()}
            fields["geometry"] = geometry_of(fields["geometry"])
            if fields.get("depth"):
                fields["depth"] = axis_of(fields["depth"])
            fields["steps"] = tuple(
                Step(**{**step, "taps": tuple(Tap(*tap) for tap in step["taps"])})
                for step in fields["steps"]
            )
            trace = cls(**fields)
            check_types(trace)
            trace._verify_words()
            return trace


class Origin(Protocol):
    """What a Trace and a Transfer say of where they come from."""

    @property
    def call(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def epsilon(self) -> float: ...


def check_origin(figure: Origin) -> None:
    """Raise if a figure's call is another module's, or its epsilon no dtype's.

    figure: a Trace or a Transfer from a file, which may not choose how far off it may be.
    """
    if not figure.call:
        raise SlidingWindowsError(f"a figure of {figure.operation} has no call")
    arguments_of(figure.call, figure.operation)
    if figure.epsilon not in (0, *DIGITS):
        raise SlidingWindowsError(f"no dtype rounds by {figure.epsilon!r}", figure.call)


def check_held(figure: Origin, plane: Plane) -> None:
    """Raise if torch's numbers have more digits than the dtype that the figure names by epsilon.

    Without this a file could choose a coarse dtype, and be farther off than its own allows.
    """
    for value in (value for row in plane for value in row):
        if not held(value, figure.epsilon):
            raise SlidingWindowsError(
                f"a dtype that rounds by {figure.epsilon!r} cannot hold {value!r}", figure.call
            )
