"""Integers only: output sizes, window starts, and torch's floor and ceil rules.

Positions are counted in input coordinates: 0 is the first real element,
negative positions and positions >= size are padding.
Sources for the rules: torch's ``pooling_output_shape``, and the shape sections of the
``MaxPool2d``, ``AvgPool2d`` and ``Conv2d`` documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from .arguments import pair
from .errors import SlidingWindowsError, one_error
from .uneven import UnevenAxis

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")  # all but zeros copy the input


@dataclass(frozen=True)
class Axis:
    """One axis of a sliding window: its parameters and where the windows lie.

    Positions are counted in input elements: 0 is the first, and negative ones lie in the padding.

    Attributes:
        size: Elements of the input, without padding.
        kernel_size: Elements that a window reads.
        stride: Elements from one window's start to the next one's.
        padding: Elements of padding (before, after); they differ only for ``padding='same'``.
        dilation: Elements from one that a window reads to the next; 1 leaves no gap.
        ceil_mode: True rounds the number of windows up, as torch does it.
        crop: Elements (at the start, at the end) that no window reaches, as torch crops the input
            of a transposed convolution with a large padding.

    Raises:
        SlidingWindowsError: If no window fits, or a parameter is not a whole number that torch
            takes.

    Examples:
        >>> axis = Axis(size=5, kernel_size=3, stride=2, padding=(1, 1))
        >>> axis.output_size, axis.starts
        (3, (-1, 1, 3))

    Source:
        torch's ``pooling_output_shape``, and Dumoulin and Visin 2016, arXiv 1603.07285.
    """

    size: int
    kernel_size: int
    stride: int
    padding: tuple[int, int] = (0, 0)
    dilation: int = 1
    ceil_mode: bool = False
    crop: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        with one_error("an axis has whole numbers, and two for its padding"):
            problem = self._problem()
        if problem:
            raise SlidingWindowsError(problem)

    def _problem(self) -> str | None:
        for name in ("kernel_size", "stride", "dilation"):
            if getattr(self, name) < 1:
                return f"{name} must be at least 1, got {getattr(self, name)}"
        before, after = self.padding
        if min(before, after) < 0:
            return f"padding must not be negative, got {min(self.padding)}"
        if min(self.crop) < 0:
            return f"crop must not be negative, got {min(self.crop)}"
        if self.size < 1:
            return f"the input has no elements along an axis (size {self.size})"
        if self._count() < 1:
            padded = f"{self.size} + {self.padding[0]} + {self.padding[1]} of padding"
            if any(self.crop):
                padded += f" − {self.crop[0]} − {self.crop[1]} that are cropped"
            return (
                f"the kernel spans {self.extent} elements but the padded input has only "
                f"{self.padded_size - sum(self.crop)} ({padded})"
            )
        return None

    @property
    def extent(self) -> int:
        """Elements from the first to the last one that a window reads, d(k-1)+1."""
        return self.dilation * (self.kernel_size - 1) + 1

    @property
    def padded_size(self) -> int:
        """Elements of the input and of the padding on both sides."""
        return self.size + sum(self.padding)

    def _naive(self, ceil: bool) -> int:
        room = self.padded_size - sum(self.crop) - self.extent
        return (-(-room // self.stride) if ceil else room // self.stride) + 1

    def _count(self) -> int:
        count = self._naive(self.ceil_mode)
        # Torch drops a last window that would start in the padding on the right.
        if self.ceil_mode and (count - 1) * self.stride >= self.size + self.padding[0]:
            count -= 1
        return count

    @cached_property
    def output_size(self) -> int:
        """How many windows: floor((size + pads - d(k-1) - 1) / s) + 1, or what ceil_mode gives."""
        return self._count()

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Position of each window's first element; negative inside the left padding."""
        first = self.crop[0] - self.padding[0]
        return tuple(first + j * self.stride for j in range(self.output_size))

    @cached_property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Positions (start, stop) of each window, stop excluded; the last may pass the padding."""
        return tuple((start, start + self.extent) for start in self.starts)

    @cached_property
    def dropped(self) -> tuple[int, ...]:
        """First positions of the windows that a plain ceiling would add and torch drops."""
        if not self.ceil_mode:
            return ()
        return tuple(
            j * self.stride - self.padding[0]
            for j in range(self.output_size, self._naive(ceil=True))
        )

    @cached_property
    def windows(self) -> tuple[tuple[int, ...], ...]:
        """Positions that each window reads, cut off where the padding ends."""
        stop = self.size + self.padding[1] - self.crop[1]
        return tuple(
            tuple(p for p in range(start, start + self.extent, self.dilation) if p < stop)
            for start in self.starts
        )

    @cached_property
    def uses(self) -> tuple[int, ...]:
        """How many windows read each element of the input, from position 0 to size-1."""
        counts = [0] * self.size
        for window in self.windows:
            for position in window:
                if 0 <= position < self.size:
                    counts[position] += 1
        return tuple(counts)

    def formula(self) -> str:
        """The output-size formula with this axis's numbers filled in.

        Returns:
            One line, such as '⌊(5 + 2·1 − 3) / 2⌋ + 1 = 3'.
        """
        left, right = ("⌈", "⌉") if self.ceil_mode else ("⌊", "⌋")
        size = str(self.size)
        if any(self.padding):
            before, after = self.padding
            size += f" + 2·{before}" if before == after else f" + {before} + {after}"
        if any(self.crop):
            size += f" − {self.crop[0]} − {self.crop[1]}"
        if self.dilation == 1:
            span = f"{self.kernel_size}"
        else:
            span = f"({self.dilation}·({self.kernel_size} − 1) + 1)"
        text = f"{left}({size} − {span}) / {self.stride}{right} + 1 = {self._naive(self.ceil_mode)}"
        for start in self.dropped:  # one at most
            where = "in the padding" if start < self.size + self.padding[1] else "past the end"
            text += f", less 1 that would start {where}: {self.output_size}"
        return text


AnyAxis: TypeAlias = Axis | UnevenAxis


@dataclass(frozen=True)
class Geometry:
    """Rows and columns of a two-dimensional sliding window.

    Attributes:
        rows: The window along the height.
        cols: The window along the width.

    Examples:
        >>> geometry = Geometry.of((6, 6), kernel_size=3, stride=2, padding=1)
        >>> geometry.output_shape
        (3, 3)
        >>> geometry.untouched()
        frozenset()

    Source:
        The shape sections of torch's MaxPool2d, AvgPool2d and Conv2d, which treat the height and
        the width alone.
    """

    rows: Axis | UnevenAxis
    cols: Axis | UnevenAxis

    @classmethod
    def of(
        cls,
        input_shape: int | Sequence[int],
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        ceil_mode: bool = False,
    ) -> Geometry:
        """Build from a shape and the parameters of a module, as torch takes them.

        Args:
            input_shape: (height, width) in elements, without padding; one int for a square.
            kernel_size: Elements that a window reads, one int or (rows, cols), as all that follow.
            stride: Elements from one window to the next; None means kernel_size, as in torch.
            padding: Elements of padding on each side.
            dilation: Elements from one that a window reads to the next.
            ceil_mode: True rounds the number of windows up.

        Returns:
            The geometry, with the same padding before and after.

        Raises:
            SlidingWindowsError: If no window fits.
        """
        height, width = pair(input_shape, "input shape")
        kernel = pair(kernel_size, "kernel_size")
        strides = kernel if stride is None else pair(stride, "stride")
        pads = pair(padding, "padding")
        dilations = pair(dilation, "dilation")
        axes = []
        for i, (name, size) in enumerate((("height", height), ("width", width))):
            try:
                pad = (pads[i], pads[i])
                axes.append(Axis(size, kernel[i], strides[i], pad, dilations[i], ceil_mode))
            except SlidingWindowsError as error:
                raise SlidingWindowsError(f"{name}: {error.problem}") from None
        return cls(*axes)

    @property
    def input_shape(self) -> tuple[int, int]:
        """Elements (height, width) of the input, without padding."""
        return self.rows.size, self.cols.size

    @property
    def output_shape(self) -> tuple[int, int]:
        """Elements (height, width) of the output."""
        return self.rows.output_size, self.cols.output_size

    def uses(self) -> tuple[tuple[int, ...], ...]:
        """How many windows read each element of the input.

        Returns:
            Counts, (H, W), as rows of columns.
        """
        return tuple(tuple(r * c for c in self.cols.uses) for r in self.rows.uses)

    def untouched(self) -> frozenset[tuple[int, int]]:
        """What no window ever reads.

        Returns:
            Positions (row, column) of these elements of the input.
        """
        return frozenset(
            (r, c) for r, row in enumerate(self.uses()) for c, n in enumerate(row) if n == 0
        )


def same_padding(kernel_size: int, dilation: int) -> tuple[int, int]:
    """(before, behind) that padding='same' adds on an axis; an odd element is behind."""
    total = dilation * (kernel_size - 1)
    return total // 2, total - total // 2


def origin(position: int, size: int, mode: str) -> int | None:
    """The element of which a position holds a copy: its own, or another one's in the padding.

    mode: of the padding, as torch names it; None where it holds a constant.

    >>> [origin(p, 4, "reflect") for p in (-1, 0, 3, 4)]
    [1, 0, 3, 2]
    """
    if 0 <= position < size:
        return position
    if mode == "reflect":
        return abs(position) if position < size else 2 * (size - 1) - position
    if mode == "replicate":
        return min(max(position, 0), size - 1)
    return position % size if mode == "circular" else None
