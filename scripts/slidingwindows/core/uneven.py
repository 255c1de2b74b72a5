"""Integers only: windows that are listed one by one, as adaptive and fractional pooling have them.

Sources for the rules: torch's ``AdaptivePooling.h`` (start_index, end_index) and
``FractionalMaxPooling.h`` (generate_intervals).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from .arguments import whole
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
