"""From a figure's data to files: both themes, right sizes, exact colours, whatever the machine."""

import base64
import hashlib
import io
import os
import subprocess
import sys
import zlib
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from figure_cases import CASES, case, decode, on_the_page, rendered
from PIL import Image, ImageSequence
from torch import nn

from slidingwindows import funnel
from slidingwindows.core.errors import SlidingWindowsError
from slidingwindows.drawing import canvas, style
from slidingwindows.drawing.forward import Drawing
from slidingwindows.drawing.funnel import shades
from slidingwindows.drawing.style import THEMES, WIDTH
from slidingwindows.export.render import compact, render
from slidingwindows.export.still import SAVED, SHOWN, pack, packs, png
from slidingwindows.lesson import plot, show


def picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def colours(image: Image.Image) -> set:
    return {colour for _, colour in image.convert("RGB").getcolors(256)}


@pytest.mark.parametrize("name", CASES)
def test_a_trace_gives_four_pictures_of_one_size_and_what_handouts_take(name):
    made = rendered(name)
    names = {f"figure.{theme}.{kind}" for theme in ("light", "dark") for kind in ("gif", "png")}
    sheets = {f"figure.{theme}.strip.png" for theme in ("light", "dark")}
    more = {"figure.trace.js", "figure.frames.zip"}
    assert set(made.files) == names | sheets | more and made.moving
    for file in sheets:
        assert list(picture(made.files[file]).size) == made.strip
    assert (made.width, made.height) == (WIDTH, Drawing(case(name)).layout.height)
    for file in names:
        image = picture(made.files[file])
        assert image.size == (made.width, made.height)
        assert image.format.lower() == file.rpartition(".")[2]


def test_png_keeps_every_number_of_the_palette():
    palette = THEMES["light"].palette()
    pixels = np.arange(len(palette), dtype=np.uint8).reshape(1, -1)
    shown = np.array(picture(png(pack(pixels), palette)).convert("RGB"))
    np.testing.assert_array_equal(shown[0], palette)


@pytest.mark.parametrize("name", ["max", "three channels", "shades", "many windows"])
def test_a_png_is_hardly_larger_than_pillow_makes_it_with_most_effort(name):
    sheet = Image.open(io.BytesIO(rendered(name).files["figure.light.strip.png"]))
    best = io.BytesIO()
    sheet.save(best, "PNG", optimize=True)
    ours = png(pack(np.array(sheet)), np.reshape(sheet.getpalette(), (-1, 3)).tolist())
    assert len(ours) < 1.08 * len(best.getvalue())


def test_pictures_that_begin_alike_are_packed_as_each_alone():
    generator = np.random.default_rng(0)
    pictures = [generator.integers(0, 20, (90, 70), np.uint8)]
    for row in (40, 60, 60, 10, 80, 0, 89, 30):
        pictures.append(pictures[-1].copy())
        pictures[-1][row:] = generator.integers(0, 20, (90 - row, 70), np.uint8)
    pictures += [pictures[-1], pictures[0]]
    pictures = [np.repeat(one, 2, axis=0) for one in pictures]  # many rows equal the one above
    packed = packs(pictures)
    assert packed == [pack(one) for one in pictures]
    for one, pixels in zip(packed, pictures, strict=True):
        np.testing.assert_array_equal(picture(png(one, ANY_PALETTE)), pixels)


ANY_PALETTE = [(n, n, n) for n in range(20)]


def test_a_row_that_equals_the_one_above_it_is_zeros_in_a_png():
    pixels = np.array([[3, 3], [3, 3], [5, 3], [5, 3], [3, 3], [0, 0]], np.uint8)
    assert zlib.decompress(pack(pixels).data[8:-4]) == bytes(
        [0, 3, 3, 2, 0, 0, 0, 5, 3, 2, 0, 0, 0, 3, 3, 0, 0, 0]
    )


def test_what_is_saved_may_be_larger_than_what_is_shown_but_not_by_much():
    pixels = np.array(picture(rendered("many windows").files["figure.light.strip.png"]))
    shown, saved = (len(pack(pixels, level).data) for level in (SHOWN, SAVED))
    assert shown < saved < 1.25 * shown


def test_compact_changes_numbers_but_no_colour():
    palette = tuple((i, i, 0) for i in range(20))
    images = [np.array([[3, 7], [19, 3]], np.uint8), np.array([[7, 7], [7, 11]], np.uint8)]
    small, kept = compact(images, palette)
    assert kept == ((7, 7, 0), (3, 3, 0), (11, 11, 0), (19, 19, 0))  # the commonest first
    for before, after in zip(images, small, strict=True):
        np.testing.assert_array_equal(np.array(palette)[before], np.array(kept)[after])


def test_data_survive_json_and_make_the_same_files():
    import json

    data = show(case("odd numbers"), "figure", "A caption.").data
    again = json.loads(json.dumps(data))
    assert again == data and data["caption"] == "A caption."
    files = render(again).files
    assert files["figure.light.gif"] == rendered("odd numbers").files["figure.light.gif"]


def test_a_damaged_trace_is_not_drawn():
    data = show(case("max"), "max").data
    data["trace"]["output"][0][0] += 1
    with pytest.raises(SlidingWindowsError, match="torch gave"):
        render(data)


@pytest.mark.parametrize("size", [2**63, 1.0, True])
def test_a_size_that_torch_has_not_is_not_drawn(size):
    data = show(case("max"), "max").data
    data["trace"]["input_shape"][0] = size
    with pytest.raises(SlidingWindowsError, match="input_shape of a Trace cannot be"):
        render(data)


def network():
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 6, 3), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3))
    return funnel(layers, torch.rand(3, 20, 24))


def test_a_funnel_gives_four_files_of_one_size():
    made = render(show(network(), "funnel").data)
    shown = on_the_page(made)
    assert made.moving and len(shown) == 4 and made.width == WIDTH
    for file, data in shown.items():
        theme, image = file.split(".")[1], picture(data)
        palette = {*THEMES[theme].palette(), *shades()}
        assert image.size == (made.width, made.height)
        for frame in ImageSequence.Iterator(image):
            assert colours(frame) <= palette
    assert "6×18×22" in made.alt and len(made.transcript) == 5
    stored = decode(made.files["funnel.light.gif"])
    assert sum(duration for _, duration in stored) == 4 * 1800 + 2 * 900 + 3000


def line(figure):
    axes = figure.subplots()
    axes.plot([0, 1, 2], [3, 1, 2], label="a line")
    axes.set_xlabel("x")
    axes.set_title("title")
    axes.legend()


def test_a_plot_is_one_size_in_both_themes():
    made = render(plot(line, "a-line", alt="A line falls.", width=500, height=300).data)
    assert (made.width, made.height, made.moving) == (500, 300, False)
    assert made.alt == "A line falls." and made.transcript == []
    assert set(made.files) == {"a-line.light.png", "a-line.dark.png"}
    corners = {}
    for file, data in made.files.items():
        image = picture(data)
        assert image.size == (1000, 600) and image.format == "PNG"
        assert len(colours(image)) <= 32 + 32 + 12
        corners[file.split(".")[1]] = image.convert("RGB").getpixel((0, 0))
    for theme, corner in corners.items():
        ground = THEMES[theme].rgb("page")
        assert corner == ground
    again = render(plot(line, "a-line", alt="A line falls.", width=500, height=300).data)
    assert again == made


def test_letters_beside_a_colourful_map_keep_their_colour():
    """White titles came out yellow: the map had taken all places of the palette."""

    def colourful(figure):
        for axes in figure.subplots(1, 3):
            axes.imshow(np.add.outer(np.arange(32), np.arange(32)), cmap="viridis")
            axes.set_title("a title")
            axes.set_axis_off()

    made = render(plot(colourful, "a-map", alt="A map.").data)
    for file, data in made.files.items():
        theme = THEMES[file.split(".")[1]]
        found = np.array(picture(data).convert("RGB")).reshape(-1, 3)
        assert (found == theme.rgb("text")).all(1).sum() > 50, file
        title = np.array(picture(data).convert("RGB"))[:60].reshape(-1, 3).astype(int)
        assert (np.ptp(title, 1) < 40).all(), "greys between page and text, nothing else"


def photo_and_maps(figure):
    """Many colours beside many greys, in images that shrink to their shape."""
    ramp = np.linspace(0, 1, 90)
    down, across = np.meshgrid(ramp, ramp, indexing="ij")
    warm = np.stack([down, 0.6 * (down + across), across], 2)
    panels = figure.subplots(1, 3)
    panels[0].imshow(np.clip(warm, 0, 1), interpolation="nearest")
    panels[1].imshow(np.add.outer(ramp, ramp), cmap="gray", interpolation="nearest")
    panels[2].imshow(np.multiply.outer(ramp, ramp), cmap="gray", interpolation="nearest")
    for axes in panels:
        axes.set_title("from left to right")
        axes.set_axis_off()


def test_greys_beside_a_photo_stay_grey():
    """Grey maps came out with orange specks: one palette was cut from them and a photo."""
    for file, data in render(plot(photo_and_maps, "a", alt="Maps.", height=240).data).files.items():
        found = np.array(picture(data).convert("RGB")).astype(int)
        rows, cols = slice(100, 440), slice(found.shape[1] // 3 + 60, found.shape[1] - 20)
        maps = found[rows, cols]
        apart = np.ptp(maps, 2)
        ground = (maps == THEMES[file.split(".")[1]].rgb("page")).all(2)
        assert (apart[~ground] == 0).all(), file
        assert len(np.unique(maps[~ground])) >= 30, "and they are not reduced to a few"


@pytest.mark.parametrize("height", [200, 235, 240, 260, 300])
def test_titles_are_not_cut_at_the_top(height):
    for data in render(plot(photo_and_maps, "a", alt="Maps.", height=height).data).files.values():
        found = np.array(picture(data).convert("RGB")).astype(int)
        assert (found[:2] == found[-1, 0]).all(), "ink in the first rows"


def test_a_plot_leaves_matplotlib_as_it_was():
    before = dict(matplotlib.rcParams)
    plot(line, "a-line", alt="A line.")
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("alt", ["", "  ", "\n"])
def test_a_plot_needs_alt_text(alt):
    with pytest.raises(SlidingWindowsError, match="needs an alt text"):
        plot(line, "a-line", alt=alt)


@pytest.mark.parametrize(
    "name", ["", "A", "a b", "a_b", "a.b", "-a", "a-", "a--b", "é", "a/b", "../a", "a\n"]
)
def test_a_name_is_an_address(name):
    with pytest.raises(SlidingWindowsError, match="lowercase letters, digits and hyphens"):
        show(case("max"), name)
    with pytest.raises(SlidingWindowsError, match="lowercase letters, digits and hyphens"):
        plot(line, name, alt="A line.")


def test_good_names_and_what_show_takes():
    for name in ("a", "max-pool-2x2", "0"):
        assert show(case("max"), name).data["name"] == name
    with pytest.raises(SlidingWindowsError, match="a figure comes from .*; this is a str"):
        show("a trace", "a")


def test_a_notebook_shows_one_image_and_the_words(monkeypatch):
    monkeypatch.delenv("SLIDINGWINDOWS_BUILD", raising=False)
    bundle = show(case("max"), "figure")._repr_mimebundle_()
    head, _, rest = bundle["text/html"].partition("base64,")
    assert head == '<img src="data:image/gif;'
    data, _, attributes = rest.partition('"')
    assert base64.b64decode(data) == rendered("max").files["figure.light.gif"]
    made = rendered("max")
    assert f'width="{made.width}" height="{made.height}" alt="' in attributes
    assert bundle["text/plain"] == made.alt


def test_a_notebook_shows_the_light_picture_of_a_plot(monkeypatch):
    monkeypatch.delenv("SLIDINGWINDOWS_BUILD", raising=False)
    figure = plot(line, "a-line", alt="A line falls.", width=500, height=300)
    shown = figure._repr_mimebundle_()["text/html"]
    data = base64.b64encode(render(figure.data).files["a-line.light.png"]).decode()
    end = 'width="500" height="300" alt="A line falls.">'
    # A notebook's picture names no address, so only what both have in common is compared.
    assert shown.startswith('<img src="data:image/png;base64,') and shown.endswith(end)
    both = (base64.b64decode(text) for text in (shown.split("base64,")[1].split('"')[0], data))
    found, expected = (np.array(picture(one).convert("RGB")) for one in both)
    assert np.array_equal(found, expected) and found.shape == (600, 1000, 3)


SCRIPT = """
import hashlib
import matplotlib
print(matplotlib.rcParams["font.size"])
from figure_cases import rendered
from test_renderers import line
from slidingwindows.lesson import plot
from slidingwindows.export.render import render
made = render(plot(line, "a-line", alt="A line.").data).files | rendered("max").files
for file in sorted(made):
    print(hashlib.sha256(made[file]).hexdigest())
"""
RCFILE = """
font.size: 40
font.family: monospace
figure.facecolor: red
figure.dpi: 33
savefig.dpi: 33
savefig.bbox: tight
savefig.transparent: True
lines.linewidth: 9
axes.grid: False
axes.facecolor: yellow
text.usetex: False
xtick.major.size: 30
"""


def test_the_authors_matplotlibrc_changes_nothing(monkeypatch, tmp_path):
    made = render(plot(line, "a-line", alt="A line.").data).files | rendered("max").files
    rc = tmp_path / "matplotlibrc"
    rc.write_text(RCFILE)
    monkeypatch.setenv("MATPLOTLIBRC", str(rc))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    there = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    size, *digests = there.stdout.split()
    assert size == "40.0"
    assert digests == [hashlib.sha256(made[f]).hexdigest() for f in sorted(made)]


@pytest.fixture
def no_fonts_in_memory():
    def forget():
        style.font.cache_clear()
        canvas._glyphs.cache_clear()

    forget()
    yield
    forget()


def test_fonts_are_found_where_matplotlib_has_them():
    assert style.fonts() == Path(matplotlib.get_data_path(), "fonts", "ttf")


@pytest.mark.parametrize("content", [None, b"", b"not a font", b"\0\1\0\0" + bytes(200)])
def test_a_damaged_font_is_named(content, monkeypatch, tmp_path, no_fonts_in_memory):
    if content is not None:
        folder = tmp_path / "fonts" / "ttf"
        folder.mkdir(parents=True)
        for name in ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"):
            (folder / f"{name}.ttf").write_bytes(content)
    monkeypatch.setattr(style, "fonts", lambda: tmp_path / "fonts" / "ttf")
    with pytest.raises(SlidingWindowsError) as caught:
        render(show(case("max"), "max").data)
    assert "DejaVuSans" in str(caught.value) and str(tmp_path) in str(caught.value)
    assert "cannot be read" in str(caught.value)


@pytest.mark.parametrize(
    "size",
    [
        {"width": 20000, "height": 20000},
        {"width": 2001},
        {"height": 0},
        {"height": -3},
        {"width": 12.5},
        {"width": True},
    ],
)
def test_a_plot_of_a_size_that_no_page_has_is_refused_undrawn(size):
    drawn = []
    with pytest.raises(
        SlidingWindowsError, match="^plot 'x': (width|height) must be a whole number"
    ):
        plot(drawn.append, "x", alt="A line.", **size)
    assert not drawn
    assert plot(lambda figure: None, "x", alt="A line.", width=2000, height=1)
