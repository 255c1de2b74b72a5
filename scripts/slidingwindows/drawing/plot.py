"""matplotlib in the site's colours: one drawing function, a picture for each theme."""

from __future__ import annotations

import io
from collections.abc import Callable

import matplotlib.style
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler
from PIL import Image

from .style import THEMES

SCALE = 2  # pictures are drawn at twice their size, sharp on dense screens
COLOURS = 32


def settings(theme: str) -> dict[str, object]:
    """rcParams for a theme; independent of any matplotlibrc the author may have."""
    colours = THEMES[theme]

    def role(name: str) -> tuple[float, ...]:
        return tuple(c / 255 for c in colours.rgb(name))

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
            color=[role("fresh"), role("edge"), role("muted"), role("text")],
            linestyle=["-", "--", ":", "-."],
            marker=["o", "s", "^", "D"],
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


def picture(draw: Callable[[Figure], object], theme: str, width: int, height: int) -> bytes:
    """The PNG bytes of what draw(figure) draws, width x height CSS pixels."""
    with matplotlib.style.context(["default", settings(theme)]):
        figure = Figure(figsize=(width / 100, height / 100), dpi=100 * SCALE, layout="constrained")
        draw(figure)
        raw = io.BytesIO()
        figure.savefig(raw, format="png", metadata={"Software": None})
    image = Image.open(raw).convert("RGB")
    small = image.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
