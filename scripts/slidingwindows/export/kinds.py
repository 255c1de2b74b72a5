"""The registry of figure kinds: how each is drawn and described, for every output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeGuard, TypeVar

from ..core.figures import Drawable, kind_name
from ..core.funnel import Funnel
from ..core.receptive import ReceptiveField
from ..core.trace import Trace
from ..core.transfer import Transfer
from ..drawing import animation
from ..drawing import funnel as funnel_figure
from ..drawing import receptive as receptive_figure
from ..drawing.animation import Frame
from ..drawing.canvas import Canvas
from ..drawing.style import WIDTH, Theme
from ..words import funnel as funnel_words
from ..words import receptive as receptive_words
from ..words import trace as trace_words
from ..words import transfer as transfer_words

Colours = tuple[tuple[int, int, int], ...]
F = TypeVar("F")


@dataclass(frozen=True)
class Kind(Generic[F]):
    """What one class of figures looks like, and what is said of it.

    frames: (figure, width, frame_time) to (Canvas, milliseconds) pairs. poster: one picture that
    says it all. shades: the colours that follow a theme's own in the palette. alt_text and
    transcript: the figure in words. operation: what the gallery sorts it by. stepped: whether it
    goes window by window, of any width, and can be stepped through in the page; of others,
    sentences: one for each state, and label: what the states are of.
    """

    frames: Callable[[F, int, int | None], Iterator[Frame]]
    poster: Callable[[F], Canvas]
    shades: Callable[[Theme], Colours]
    alt_text: Callable[[F], str]
    transcript: Callable[[F], list[str]]
    operation: Callable[[F], str]
    stepped: bool = False
    sentences: Callable[[F], list[str]] = lambda figure: []
    label: str = ""

    def animate(
        self, figure: F, width: int = WIDTH, frame_time: int | None = None
    ) -> Iterator[Frame]:
        """(Canvas, milliseconds) for the whole animation; only stepped kinds have other widths."""
        return self.frames(figure, width, frame_time)

    def words(self, figure: F) -> list[str]:
        """What the figure shows, then every step."""
        return [self.alt_text(figure), *self.transcript(figure)]


def _greys(theme: Theme) -> Colours:
    """The levels that are behind a theme's own colours."""
    return theme.full_palette()[len(theme.palette()) :]


KINDS: dict[str, Kind[Any]] = {
    "trace": Kind[Trace](
        frames=animation.animate,
        poster=animation.poster,
        shades=_greys,
        alt_text=trace_words.alt_text,
        transcript=trace_words.transcript,
        operation=lambda trace: trace.operation,
        stepped=True,
    ),
    "transfer": Kind[Transfer](
        frames=animation.animate,
        poster=animation.poster,
        shades=_greys,
        alt_text=transfer_words.alt_text,
        transcript=transfer_words.transcript,
        operation=lambda transfer: "Gradient" if transfer.forward else transfer.operation,
        stepped=True,
    ),
    "funnel": Kind[Funnel](
        frames=lambda funnel, width, frame_time: funnel_figure.animate(funnel),
        poster=funnel_figure.poster,
        shades=lambda theme: funnel_figure.shades(),
        alt_text=funnel_words.alt_text,
        transcript=funnel_words.transcript,
        operation=lambda funnel: "Network",
        sentences=funnel_figure.sentences,
        label="feature maps of a network",
    ),
    "receptive": Kind[ReceptiveField](
        frames=lambda field, width, frame_time: receptive_figure.animate(field),
        poster=receptive_figure.poster,
        shades=receptive_figure.heat,
        alt_text=receptive_words.alt_text,
        transcript=receptive_words.transcript,
        operation=lambda field: "Network",
        sentences=receptive_figure.sentences,
        label="a growing receptive field",
    ),
}


def kind_of(figure: object) -> Kind[Drawable]:
    """The row of the table for a figure; raises SlidingWindowsError for anything else."""
    return KINDS[kind_name(figure)]


def is_stepped(figure: object) -> TypeGuard[Trace | Transfer]:
    """Whether a figure goes window by window; raises SlidingWindowsError if it is not a figure."""
    return kind_of(figure).stepped
