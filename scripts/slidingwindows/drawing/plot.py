"""matplotlib in the site's colours: one drawing function, a picture for each theme."""

from __future__ import annotations

import io
from collections.abc import Callable

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.rcsetup import cycler
from PIL import Image

from .style import THEMES

SCALE = 2  # pictures are drawn at twice their size, sharp on dense screens
COLOURS = 32  # of what is drawn in greys, and as many of the rest, beside the theme's own
INKS = 8  # from page to text, for the smooth edges of letters
ABOVE = 8  # CSS pixels kept free: the layout cuts titles of images that shrink to their shape
FARTHEST = 1 << 20  # more than the squared distance of any two colours


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
        layout = ConstrainedLayoutEngine(rect=(0, 0, 1, 1 - min(ABOVE, height / 2) / height))
        figure = Figure(figsize=(width / 100, height / 100), dpi=100 * SCALE, layout=layout)
        draw(figure)
        raw = io.BytesIO()
        figure.savefig(raw, format="png", metadata={"Software": None})
    buffer = io.BytesIO()
    _few_colours(Image.open(raw).convert("RGB"), theme).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _few_colours(image: Image.Image, theme: str) -> Image.Image:
    """The picture in few colours, among which the theme's own are exact and greys stay grey.

    A palette cut from the picture alone has no place for the little that letters cover: beside
    a colourful map, white titles came out yellow. And one cut from greys and colours together
    puts a colour where a grey was: beside a photo, grey maps came out with orange specks.
    """
    own = THEMES[theme]
    page, text = (np.array(own.rgb(name)) for name in ("page", "text"))
    inks = page + np.linspace(0, 1, INKS)[:, None] * (text - page)
    roles = [own.rgb(name) for name in ("fresh", "edge", "muted", "line")]

    pixels = np.asarray(image)
    grey = (pixels == pixels[..., :1]).all(2)
    drawn = [_cut(pixels[some]) for some in (grey, ~grey) if some.any()]
    palette = np.unique(np.concatenate([inks.round(), roles, *drawn]).astype(np.int32), axis=0)

    numbers = pixels.astype(np.int32) @ (1 << 16, 1 << 8, 1)
    colours, which = np.unique(numbers, return_inverse=True)
    apart = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], 1)
    away = ((apart[:, None] - palette) ** 2).sum(2)
    away[np.ix_(_is_grey(apart), ~_is_grey(palette))] = FARTHEST
    small = Image.fromarray(away.argmin(1)[which].reshape(numbers.shape).astype(np.uint8), "P")
    small.putpalette(palette.astype(np.uint8).tobytes())
    return small


def _cut(pixels: np.ndarray) -> np.ndarray:
    """At most COLOURS colours, (n, 3), that are close to what the pixels, (many, 3), have."""
    row = Image.fromarray(pixels[None])
    cut = row.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return np.array(cut.getpalette()).reshape(-1, 3)[: int(np.asarray(cut).max()) + 1]


def _is_grey(colours: np.ndarray) -> np.ndarray:
    grey: np.ndarray = (colours == colours[:, :1]).all(1)
    return grey
