"""What slides and paper take of a figure: sheets that fit a page, and windows without ground."""

import io
import zipfile
from functools import cache

import numpy as np
import pytest
import torch
from figure_cases import CASES, rendered
from PIL import Image
from torch import nn

from slidingwindows import funnel, receptive_field, route, save, slide
from slidingwindows.drawing.animation import scene_of
from slidingwindows.drawing.canvas import INDEX
from slidingwindows.drawing.style import LEVELS, NARROWEST, PAIRS, ROLES, THEMES, WIDEST, WIDTH
from slidingwindows.export.credits import credit
from slidingwindows.export.still import (
    MOST,
    MOST_SLIDES,
    TALL,
    archive,
    handout,
    palette_of,
    stills_of,
    take_away,
)

NETWORK = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2))
MANY = slide(nn.MaxPool2d(3, stride=1), torch.arange(144.0).reshape(1, 12, 12))  # 100 windows
FIGURES = {
    "trace": slide(nn.MaxPool2d(2), torch.arange(36.0).reshape(1, 6, 6)),
    "row": slide(nn.AvgPool1d(3, stride=2), torch.arange(9.0).reshape(1, 9)),
    "one window": slide(nn.MaxPool2d(4), torch.arange(16.0).reshape(1, 4, 4)),
    "way back": route(nn.MaxPool2d(3, stride=1), torch.arange(16.0).reshape(1, 4, 4)),
    "funnel": funnel(NETWORK, torch.ones(1, 8, 8)),
    "field": receptive_field(NETWORK, (1, 12, 12)),
    "many": MANY,
}
FACTS = credit("a: nn.MaxPool2d(2)", "https://example.org/lessons/a/#a")
every_figure = pytest.mark.parametrize("name", FIGURES)
both_themes = pytest.mark.parametrize("theme", THEMES)


def unpacked(data: bytes) -> dict[str, Image.Image]:
    with zipfile.ZipFile(io.BytesIO(data)) as files:
        assert files.testzip() is None
        return {name: Image.open(io.BytesIO(files.read(name))) for name in files.namelist()}


@cache
def taken(name: str) -> tuple[dict[str, bytes], list[int]]:
    """What a page offers of a figure, made once for all tests."""
    return take_away(FIGURES[name], "a", FACTS)


def slides_of(name: str, theme: str) -> dict[str, Image.Image]:
    """The windows of one theme, by the names of their files."""
    return {
        file.rpartition("/")[2]: picture
        for file, picture in unpacked(taken(name)[0]["a.frames.zip"]).items()
        if file.startswith(f"a/{theme}/")
    }


def laid_on(picture: Image.Image, colour) -> np.ndarray:
    """A transparent picture on a slide of one colour, as RGB."""
    slide_ = Image.new("RGBA", picture.size, (*colour, 255))
    return np.asarray(Image.alpha_composite(slide_, picture.convert("RGBA")).convert("RGB"))


@every_figure
@both_themes
def test_on_the_themes_own_page_a_clear_frame_is_the_still(name, theme):
    figure = FIGURES[name]
    palette = np.array(palette_of(figure, THEMES[theme]))
    stills = stills_of(figure, MOST_SLIDES)
    frames = slides_of(name, theme)
    assert len(frames) == len(stills)
    both = list(zip(stills, sorted(frames.items()), strict=True))
    for (_, still), (_, frame) in (both[0], *both[1:-1:7], both[-1]):
        shown = laid_on(frame, THEMES[theme].rgb("page")).astype(int)
        assert np.abs(shown - palette[still.pixels]).max() <= 1  # eighths of 255 are rounded


@every_figure
@both_themes
def test_the_page_is_clear_and_cells_are_not(name, theme):
    page = THEMES[theme].rgb("page")
    for frame in slides_of(name, theme).values():
        pixels = np.asarray(frame.convert("RGBA"))
        corner = pixels[0, 0]
        assert corner[3] == 0 and (pixels[..., 3] == 0).mean() > 0.2
        opaque = pixels[pixels[..., 3] == 255][:, :3]
        # Only the numbers of filled cells have the page's colour as their ink.
        assert len(opaque) and (opaque == page).all(axis=1).mean() < 0.02


SLIDES = {"black": (0, 0, 0), "navy": (16, 24, 64), "white": (255, 255, 255)}


@pytest.mark.parametrize("colour", SLIDES)
@both_themes
@pytest.mark.parametrize("name", ["trace", "row", "way back"])
def test_numbers_in_filled_cells_keep_their_ink_on_any_slide(name, theme, colour):
    """White on a winning cell is the page's colour, and must not become a hole in the cell."""
    figure = FIGURES[name]
    scene = scene_of(figure)
    palette = np.array(palette_of(figure, THEMES[theme]))
    stills = stills_of(figure, MOST_SLIDES)
    filled = 0
    for (_, still), (_, frame) in zip(stills, sorted(slides_of(name, theme).items()), strict=True):
        shown = laid_on(frame, SLIDES[colour])
        for panel in (*scene.layout.inputs, scene.layout.output):
            for row, col in np.ndindex(panel.rows, panel.cols):
                left, top, right, bottom = panel.box(row + panel.first_row, col + panel.first_col)
                cell = np.s_[top + 4 : bottom - 4, left + 4 : right - 4]
                ground = still.pixels[cell][0, 0]
                if ground in (INDEX["edge"], INDEX["fresh"]):
                    np.testing.assert_array_equal(shown[cell], palette[still.pixels[cell]])
                    ink = np.array(THEMES[theme].rgb("page"))
                    assert (shown[cell] == ink).all(axis=-1).any()
                    filled += 1
    assert filled >= len(stills)


@both_themes
def test_letters_on_the_page_fade_into_any_slide(theme):
    """A blend of ink and page lets through as much of the slide as it held of the page."""
    theme = THEMES[theme]
    clear = np.array(theme.clear_palette())
    for place, (ink, ground) in enumerate(PAIRS):
        for level in range(1, LEVELS):
            *colour, opacity = clear[len(ROLES) + place * (LEVELS - 1) + level - 1]
            if ground == "page":
                assert tuple(colour) == theme.rgb(ink) and opacity == round(255 * level / LEVELS)
            else:
                assert opacity == 255
    assert {ground for _, ground in PAIRS} > {"page"}


def test_frames_are_named_in_the_order_of_the_windows():
    names = list(slides_of("many", "light"))
    assert names == [f"a-{number:02}.png" for number in range(1, MOST_SLIDES + 1)]
    assert [n for n, _ in stills_of(MANY, MOST_SLIDES)][:: MOST_SLIDES - 1] == [
        "window 1 of 100",
        "window 100 of 100",
    ]


@every_figure
def test_a_handout_fits_on_a_page(name):
    stills = stills_of(FIGURES[name], MOST_SLIDES)
    height, width = handout(stills).pixels.shape
    assert width % stills[0][1].pixels.shape[1] == 0
    assert height <= TALL * width or width == WIDTH, "a figure alone may be as tall as it is"
    columns = width // WIDTH
    assert columns <= 3 and (columns > 1 or len(stills) == 1)


@pytest.mark.parametrize("name", CASES)
def test_so_does_each_of_the_cases(name):
    width, height = rendered(name).strip
    assert height <= TALL * width or height == rendered(name).height + 34


def test_a_handout_begins_with_the_first_window_and_ends_with_the_last():
    stills = stills_of(MANY, MOST_SLIDES)
    sheet, (height, width) = handout(stills).pixels, stills[0][1].pixels.shape
    rows, columns = sheet.shape[0] // (height + 34), sheet.shape[1] // width
    assert 4 <= rows * columns <= MOST

    def cell(row, column):
        top = row * (height + 34) + 34
        return sheet[top : top + height, column * width : (column + 1) * width]

    np.testing.assert_array_equal(cell(0, 0), stills[0][1].pixels)
    np.testing.assert_array_equal(cell(rows - 1, columns - 1), stills[-1][1].pixels)


def test_a_page_offers_both_themes_of_everything():
    files, size = take_away(FIGURES["trace"], "pool", FACTS)
    assert unpacked(archive(FIGURES["trace"], THEMES["dark"], FACTS, "pool")).keys() == {
        f"pool-{number:02}.png" for number in range(1, 10)
    }
    assert sorted(files) == ["pool.dark.strip.png", "pool.frames.zip", "pool.light.strip.png"]
    frames = unpacked(files["pool.frames.zip"])
    assert sorted(frames) == sorted(
        f"pool/{theme}/pool-{number:02}.png" for theme in THEMES for number in range(1, 10)
    )
    for theme in THEMES:
        sheet = Image.open(io.BytesIO(files[f"pool.{theme}.strip.png"]))
        assert list(sheet.size) == size
        assert sheet.convert("RGB").getpixel((0, 0)) == THEMES[theme].rgb("page")


@pytest.mark.parametrize("name", [name for name in FIGURES if name != "many"])
def test_the_same_figure_gives_the_same_bytes(name):
    assert take_away(FIGURES[name], "a", FACTS) == taken(name)


@pytest.mark.parametrize("width", [NARROWEST, 1000, WIDEST])
def test_frames_are_as_wide_as_asked(width, tmp_path):
    path = save(FIGURES["trace"], tmp_path / "frames.zip", theme="dark", width=width)
    frames = unpacked(path.read_bytes())
    assert len(frames) == 9 and {frame.size[0] for frame in frames.values()} == {width}
