"""Integers only: output sizes, window starts, torch's floor and ceil rules, and uneven windows.

Positions are counted in input coordinates: 0 is the first real element,
negative positions and positions >= size are padding.
Sources for the rules: torch's ``pooling_output_shape``, the shape sections of the ``MaxPool2d``,
``AvgPool2d`` and ``Conv2d`` documentation, and of the windows that are listed one by one, as
adaptive and fractional pooling have them, torch's ``AdaptivePooling.h`` (start_index, end_index)
and ``FractionalMaxPooling.h`` (generate_intervals).
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, SupportsIndex, TypeAlias, TypeVar, cast

from .errors import SlidingWindowsError, one_error

RULES = ("adaptive", "fractional")
MOST_WINDOWS = 1_000_000  # windows, which are listed one by one


@dataclass(frozen=True)
class UnevenAxis:
    """One axis whose windows may differ in size, overlap, or leave gaps.

    It offers what ``Axis`` offers; there is no padding and no dilation.

    Attributes:
        size: Elements of the input.
        spans: Positions (start, stop) of each window in input elements, stop excluded.
        rule: 'adaptive' or 'fractional', which the spans come from.

    Raises:
        SlidingWindowsError: If a window does not lie in the input, or there is none.

    Examples:
        >>> axis = UnevenAxis(size=5, spans=((0, 2), (1, 4), (3, 5)))
        >>> axis.output_size, axis.kernel_size, axis.uses
        (3, 3, (1, 2, 1, 2, 1))

    Source:
        torch's ``AdaptivePooling.h`` (start_index, end_index) and ``FractionalMaxPooling.h``
        (generate_intervals).
    """

    size: int
    spans: tuple[tuple[int, int], ...]
    rule: str = "adaptive"

    padding: ClassVar[tuple[int, int]] = (0, 0)
    dilation: ClassVar[int] = 1
    ceil_mode: ClassVar[bool] = False
    crop: ClassVar[tuple[int, int]] = (0, 0)
    dropped: ClassVar[tuple[int, ...]] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.rule, str) or self.rule not in RULES:
            raise SlidingWindowsError(f"unknown rule of windows {self.rule!r}")
        with one_error("an uneven axis has whole numbers, two for each window"):
            for start, stop in self.spans:
                if not 0 <= start < stop <= self.size:
                    raise SlidingWindowsError(
                        f"the window from {start} to {stop} does not lie in an input of {self.size}"
                    )
            if len(self.spans) < 1:
                raise SlidingWindowsError("the output size must be at least 1, got 0")

    @classmethod
    def adaptive(cls, size: int, output_size: int) -> UnevenAxis:
        """Window j goes from floor(j·size/output_size) to ceil((j+1)·size/output_size).

        Args:
            size: Elements of the input.
            output_size: How many windows there should be.

        Returns:
            The axis of an adaptive pool.

        Raises:
            SlidingWindowsError: If one of them is not a whole number of at least 1.

        Examples:
            >>> UnevenAxis.adaptive(10, 4).spans
            ((0, 3), (2, 5), (5, 8), (7, 10))
        """
        numbers = [n for n in (whole(size), whole(output_size)) if n is not None]
        if len(numbers) < 2:
            raise SlidingWindowsError(f"{size!r} and {output_size!r} are not two whole numbers")
        size, output_size = numbers
        if output_size < 1 or size < 1:
            raise SlidingWindowsError(
                f"the input and the output size must be at least 1, got {size} and {output_size}"
            )
        if output_size > MOST_WINDOWS:
            raise SlidingWindowsError(
                f"at most {MOST_WINDOWS:,} windows are accepted, not {output_size:,}"
            )
        spans = []
        for j in range(output_size):
            spans.append((j * size // output_size, -(-(j + 1) * size // output_size)))
        return cls(size, tuple(spans))

    @property
    def output_size(self) -> int:
        """How many windows there are."""
        return len(self.spans)

    @property
    def padded_size(self) -> int:
        """Elements of the input: there is no padding."""
        return self.size

    @cached_property
    def extent(self) -> int:
        """Elements in the largest window."""
        return max(stop - start for start, stop in self.spans)

    @property
    def kernel_size(self) -> int:
        """Elements in the largest window."""
        return self.extent

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Position of each window's first element."""
        return tuple(start for start, _ in self.spans)

    @cached_property
    def windows(self) -> tuple[tuple[int, ...], ...]:
        """Positions that each window reads."""
        return tuple(tuple(range(start, stop)) for start, stop in self.spans)

    @cached_property
    def uses(self) -> tuple[int, ...]:
        """How many windows read each element of the input, from position 0 to size-1."""
        return tuple(
            sum(start <= position < stop for start, stop in self.spans)
            for position in range(self.size)
        )

    def formula(self) -> str:
        """The rule with this axis's numbers filled in.

        Returns:
            One line, such as 'window j reads ⌊j·10/4⌋ up to, not including, ⌈(j + 1)·10/4⌉'.
        """
        if self.rule == "fractional":
            windows = ", ".join(f"{start} to {stop - 1}" for start, stop in self.spans)
            return f"{self.output_size} windows of {self.extent}: {windows}"
        size, out = self.size, self.output_size
        return f"window j reads ⌊j·{size}/{out}⌋ up to, not including, ⌈(j + 1)·{size}/{out}⌉"


def whole(value: object) -> int | None:
    """An int, or numpy's or torch's, as an int; None for anything else, truth values too."""
    try:
        return None if isinstance(value, bool) else operator.index(cast("SupportsIndex", value))
    except Exception:  # a tensor of some other kind refuses in its own way
        return None


T = TypeVar("T")


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
        if self.dropped:
            where = (
                "in the padding"
                if self.dropped[0] < self.size + self.padding[1]
                else "past the end"
            )
            text += f", less {len(self.dropped)} that would start {where}: {self.output_size}"
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
                raise SlidingWindowsError(f"{name}: {error.problem}", error.context) from None
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


def pair(value: object, name: str) -> tuple[int, int]:
    """An int or two ints, as torch's 2-D modules take them; anything else raises."""
    first, second = several(value, 2, name)
    return first, second


def several(value: object, count: int, name: str) -> tuple[int, ...]:
    """An int, or ``count`` ints, as torch's modules take them; anything else raises."""
    single = whole(value)
    if single is not None:
        return (single,) * count
    try:
        items = tuple(whole(item) for item in cast("Iterable[object]", value))
    except Exception:  # a tensor of some other kind refuses in its own way
        items = ()
    if len(items) == 1:
        items *= count
    result = tuple(item for item in items if item is not None)
    if not len(result) == len(items) == count:
        ints = {1: "one int", 2: "one int or two ints", 3: "one int or three ints"}[count]
        raise SlidingWindowsError(f"{name} must be {ints}, got {value!r}")
    return result


def whole_or_same(value: T) -> T:
    """What ``whole`` gives for it, or the value itself, for whoever refuses it with better words.

    The items of a tuple, a list or a one-dimensional array, one by one, as a tuple.
    """
    if isinstance(value, tuple | list) or len(getattr(value, "shape", ())) == 1:
        items = cast("Iterable[object]", value)
        return cast("T", tuple(whole_or_same(item) for item in items))
    number = whole(value)
    return value if number is None else cast("T", number)


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
        return -position if position < 0 else 2 * (size - 1) - position
    if mode == "replicate":
        return min(max(position, 0), size - 1)
    return position % size if mode == "circular" else None
