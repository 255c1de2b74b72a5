"""A figure for slides and for paper: a sheet of its windows, and each window by itself."""

from __future__ import annotations

from .colouring import clear_png, palette_of, png
from .filmstrip import Still, handout, stills_of
from .packing import packed
from .style import THEMES, WIDTH, Theme

MOST_SLIDES = 64  # windows of one figure; of more, evenly chosen ones


def archive(figure, theme: Theme, name: str = "window", width: int = WIDTH) -> bytes:
    """A zip of transparent PNGs, one for each window: NAME-01.png, NAME-02.png ..."""
    return packed(clear_stills(stills_of(figure, MOST_SLIDES, width), figure, theme, name))


def clear_stills(stills: list[Still], figure, theme: Theme, name: str) -> dict[str, bytes]:
    """{file name: transparent PNG}, numbered in the order in which they are shown."""
    palette, digits = palette_of(figure, theme), max(2, len(str(len(stills))))
    return {
        f"{name}-{number:0{digits}}.png": clear_png(still.pixels, palette, theme)
        for number, (_, still) in enumerate(stills, 1)
    }


def take_away(figure, name: str) -> tuple[dict[str, bytes], list[int]]:
    """({file name: bytes}, [width, height] of the sheet): what a page offers beside the animation.

    NAME.light.strip.png and NAME.dark.strip.png: the windows side by side, on one page.
    NAME.frames.zip: each window alone without a background, for light slides and for dark ones.
    """
    stills = stills_of(figure, MOST_SLIDES)
    sheet = handout(stills).pixels
    files, frames = {}, {}
    for theme in THEMES.values():
        files[f"{name}.{theme.name}.strip.png"] = png(sheet, palette_of(figure, theme))
        clear = clear_stills(stills, figure, theme, name)
        frames |= {f"{name}/{theme.name}/{file}": data for file, data in clear.items()}
    files[f"{name}.frames.zip"] = packed(frames)
    height, width = sheet.shape
    return files, [width, height]
