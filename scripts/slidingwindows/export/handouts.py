"""A figure for slides and for paper: a sheet of its windows, and each window by itself."""

from __future__ import annotations

from ..drawing.style import THEMES, WIDTH, Theme
from .colouring import Packed, clear_png, pack, palette_of, png
from .credits import stamped
from .filmstrip import handout, stills_of
from .zip import packed

MOST_SLIDES = 64  # windows of one figure; of more, evenly chosen ones


def archive(
    figure, theme: Theme, facts: dict[str, str], name: str = "window", width: int = WIDTH
) -> bytes:
    """A zip of transparent PNGs, one for each window: NAME-01.png, NAME-02.png ..."""
    stills = [pack(still.pixels) for _, still in stills_of(figure, MOST_SLIDES, width)]
    return packed(clear_stills(stills, figure, theme, name, facts))


def clear_stills(
    stills: list[Packed], figure, theme: Theme, name: str, facts: dict[str, str]
) -> dict[str, bytes]:
    """{file name: transparent PNG}, numbered in the order in which they are shown.

    facts: what each file says of itself, as ``credits`` makes it.
    """
    palette, digits = palette_of(figure, theme), max(2, len(str(len(stills))))
    return {
        f"{name}-{number:0{digits}}.png": stamped(clear_png(still, palette, theme), facts)
        for number, still in enumerate(stills, 1)
    }


def take_away(figure, name: str, facts: dict[str, str]) -> tuple[dict[str, bytes], list[int]]:
    """({file name: bytes}, [width, height] of the sheet): what a page offers beside the animation.

    NAME.light.strip.png and NAME.dark.strip.png: the windows side by side, on one page.
    NAME.frames.zip: each window alone without a background, for light slides and for dark ones.
    """
    stills = stills_of(figure, MOST_SLIDES)
    sheet = handout(stills).pixels
    # Both themes show the same palette numbers, so these are packed once.
    packed_sheet, packed_stills = pack(sheet), [pack(still.pixels) for _, still in stills]
    files, frames = {}, {}
    for theme in THEMES.values():
        files[f"{name}.{theme.name}.strip.png"] = stamped(
            png(packed_sheet, palette_of(figure, theme)), facts
        )
        clear = clear_stills(packed_stills, figure, theme, name, facts)
        frames |= {f"{name}/{theme.name}/{file}": data for file, data in clear.items()}
    files[f"{name}.frames.zip"] = packed(frames)
    height, width = sheet.shape
    return files, [width, height]
