"""matplotlib in the site's type and with its roles for colours; drawn once for all themes."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.rcsetup import cycler

from ..core.errors import SlidingWindowsError
from .layers import DRAWINGS, LIGHT_AND_DARK, UNLIKE, Colour, Layers, Pixels, apart
from .packed import SCALE

ABOVE = 8  # CSS pixels kept free: the layout cuts titles of images that shrink to their shape
OTHERWISE = (
    "draws something else when it is called again: draw the same each time, and take the colours "
    "of matplotlib.rcParams as they are, or mixed, but choose none by how light another is"
)


def settings(colours: Mapping[str, Colour]) -> dict[str, object]:
    """rcParams with these colours of roles; independent of any matplotlibrc the author may have."""

    def role(name: str) -> tuple[float, ...]:
        return tuple(c / 255 for c in colours[name])

    return {
        "font.family": "DejaVu Sans",
        "font.size": 13,
        "text.color": role("text"),
        "axes.labelcolor": role("text"),
        "axes.edgecolor": role("muted"),
        "axes.facecolor": role("page"),
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": cycler(
            # Each colour comes twice, with another line and another marker.
            color=2 * [role("fresh"), role("edge"), role("muted"), role("text")],
            linestyle=["-", "--", ":", "-.", "--", "-", "-.", ":"],
            marker=["o", "s", "^", "D", "v", "P", "*", "X"],
        ),
        "figure.facecolor": role("page"),
        "grid.color": role("line"),
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "lines.linewidth": 2.2,
        "lines.markersize": 6,
        "xtick.color": role("text"),
        "ytick.color": role("text"),
    }


def layers(draw: Callable[[Figure], object], name: str, width: int, height: int) -> Layers:
    """What draw(figure) draws, width x height CSS pixels, before it has a theme's colours.

    Raises SlidingWindowsError naming the plot if that is something else with other colours.
    """
    measured = Measured()
    found = Layers.of([drawn(draw, colours, width, height, measured) for colours in DRAWINGS])
    seen = drawn(draw, LIGHT_AND_DARK, width, height, measured)
    if found is None or apart(found.coloured(LIGHT_AND_DARK), seen) > UNLIKE:
        raise SlidingWindowsError(f"plot {name!r} {OTHERWISE}")
    return found


class Measured:
    """What has the same size in every colour: the first drawing tells, and the others take it.

    A plot that is something else when it is drawn again is told by its pixels, wherever they are.
    """

    def __init__(self) -> None:
        self.canvas: Any = None  # it remembers how wide each text is
        self.rooms: dict[int, list[object]] = defaultdict(list)  # of each axes, as often as asked


class Layout(ConstrainedLayoutEngine):
    """matplotlib's own, but the room that axes need is taken from where it has been measured."""

    def __init__(self, measured: Measured, rect: tuple[float, float, float, float]) -> None:
        super().__init__(rect=rect)
        self.rooms = measured.rooms
        self.asked: dict[int, Iterator[int]] = defaultdict(count)

    def execute(self, fig: Figure) -> None:
        every = [vars(axes) for axes in fig.axes]
        for number, axes in enumerate(fig.axes):
            every[number]["get_tightbbox"] = self._remembering(number, axes.get_tightbbox)
        try:
            super().execute(fig)
        finally:
            for own in every:
                del own["get_tightbbox"]

    def _remembering(self, number: int, measure: Callable[..., object]) -> Callable[..., object]:
        def room(*args: object, **options: object) -> object:
            time, rooms = next(self.asked[number]), self.rooms[number]
            if time == len(rooms):
                rooms.append(measure(*args, **options))
            return rooms[time]

        return room


def drawn(
    draw: Callable[[Figure], object],
    colours: Mapping[str, Colour],
    width: int,
    height: int,
    measured: Measured | None = None,
) -> Pixels:
    """The same with the roles in these colours, drawn directly.

    measured: by drawings of the same in other colours; None if there are none.
    """
    measured = measured or Measured()
    with matplotlib.style.context(["default", settings(colours)]):
        layout = Layout(measured, rect=(0, 0, 1, 1 - min(ABOVE, height / 2) / height))
        figure = Figure(figsize=(width / 100, height / 100), dpi=100 * SCALE, layout=layout)
        canvas = measured.canvas = measured.canvas or FigureCanvasAgg(figure)
        canvas.figure = figure
        figure.set_canvas(canvas)
        with warnings.catch_warnings():  # of slowness: no page may tell how fast a machine is
            warnings.filterwarnings("ignore", 'Creating legend with loc="best"')
            draw(figure)
            canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()
