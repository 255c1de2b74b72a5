"""The look of every figure: fonts, the two themes' colours (also the site's), and lengths."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from ..core.errors import SlidingWindowsError, given

Colour = tuple[int, int, int]  # red, green, blue
Palette = tuple[Colour, ...]

WIDTH = 640  # pixels; a phone shows it at about half, so 22 px becomes 11
MARGIN = 16
LEVELS = 3  # steps of anti-aliasing from background to ink
SHADES = 16  # grey levels for numbers too many to be written; with the rest at most 32 colours

ROLES = (
    "page",
    "text",
    "muted",
    "line",
    "pad",
    "window",
    "edge",
    "result",
    "fresh",
    "hatch",
)
# Ink on ground: the pairs that text is drawn in. Each costs LEVELS - 1 colours of the palette.
PAIRS = (
    ("text", "page"),
    ("text", "window"),
    ("text", "result"),
    ("muted", "page"),
    ("muted", "pad"),
    ("page", "edge"),
    ("page", "fresh"),
)


@dataclass(frozen=True)
class Theme:
    """A name and one colour for each role, as '#rrggbb'."""

    name: str
    colours: tuple[str, ...]

    def rgb(self, role: str) -> Colour:
        return _rgb(self.colours[ROLES.index(role)])

    def palette(self) -> Palette:
        """Every colour a figure may hold: the roles, the blends, the page as ink; at most 32."""
        colours = [_rgb(colour) for colour in self.colours]
        for ink, ground in PAIRS:
            for level in range(1, LEVELS):
                colours.append(_blend(self.rgb(ground), self.rgb(ink), level / LEVELS))
        return (*colours, self.rgb("page"))

    def clear_palette(self) -> tuple[tuple[int, int, int, int], ...]:
        """The same as red, green, blue, opacity: the page is clear, its blends let it through.

        As ink, in the number of a winning cell, the page's colour stays: it is read on its cell.
        """
        clear = [(*colour, 255) for colour in self.palette()]
        clear[ROLES.index("page")] = (*self.rgb("page"), 0)
        for index, (ink, ground) in enumerate(PAIRS):
            if ground == "page":
                first = len(ROLES) + index * (LEVELS - 1)
                for level in range(1, LEVELS):
                    opacity = round(255 * level / LEVELS)
                    clear[first + level - 1] = (*self.rgb(ink), opacity)
        return tuple(clear)

    def full_palette(self) -> Palette:
        """The palette and the grey ramp behind it; no figure uses all of both."""
        return (*self.palette(), *((round(255 * i / (SHADES - 1)),) * 3 for i in range(SHADES)))


LIGHT = Theme(
    "light",
    (
        "#ffffff",
        "#1c1e26",
        "#596273",
        "#bcc4d1",
        "#edf0f5",
        "#ffe2ad",
        "#a84300",
        "#d5e6fb",
        "#1257a8",
        "#a3acbb",
    ),
)
# The page colour is Material's slate background, so figures sit on the page without a box.
DARK = Theme(
    "dark",
    (
        "#1e2129",
        "#eef1f6",
        "#b3bccb",
        "#4d5566",
        "#2a2f3a",
        "#5e4212",
        "#ffb454",
        "#1f4471",
        "#86c1ff",
        "#697286",
    ),
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}


@cache
def fonts() -> Path:
    """The folder of matplotlib's fonts, without importing matplotlib, which takes half a second."""
    package = given(find_spec("matplotlib"), "package matplotlib")
    file = given(package.origin, "file of matplotlib")
    return Path(file).parent / "mpl-data" / "fonts" / "ttf"


@cache
def font(size: int, bold: bool = False, mono: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu, from matplotlib's own files; the basic layout engine is the same everywhere."""
    name = f"DejaVuSans{'Mono' if mono else ''}{'-Bold' if bold else ''}.ttf"
    path = fonts() / name
    try:
        # Given a path that it cannot read, Pillow would take any system font of that name.
        data = io.BytesIO(path.read_bytes())
        return ImageFont.truetype(data, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise SlidingWindowsError(f"the font {path} cannot be read: {error}") from error


@cache
def _rgb(colour: str) -> Colour:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def _blend(ground: Colour, ink: Colour, amount: float) -> Colour:
    red, green, blue = (round(g + (i - g) * amount) for g, i in zip(ground, ink, strict=True))
    return red, green, blue


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
