"""Every length of a figure, in pixels, in proportion to its width."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.errors import SlidingWindowsError
from .style import MARGIN, WIDTH

NARROWEST, WIDEST = 320, 1920


@dataclass(frozen=True)
class Sizes:
    """width: of the figure, from 320 to 1920 pixels. The design's own width is 640."""

    width: int = WIDTH

    def __post_init__(self) -> None:
        whole = isinstance(self.width, int) and not isinstance(self.width, bool)
        if not whole or not NARROWEST <= self.width <= WIDEST:
            raise SlidingWindowsError(
                f"a figure is from {NARROWEST} to {WIDEST} pixels wide, not {self.width!r}"
            )

    def px(self, length: int) -> int:
        """A length of the 640-pixel design in this figure; never less than one pixel."""
        return max(1, round(length * self.width / WIDTH))

    @property
    def margin(self) -> int:
        """Empty pixels at the left and right."""
        return self.px(MARGIN)

    @property
    def room(self) -> int:
        """Pixels between the margins."""
        return self.width - 2 * self.margin
