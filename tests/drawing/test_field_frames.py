"""What the decoded animations of receptive fields show, frame by frame."""

import io
import json
from functools import cache

import numpy as np
import pytest
from field_cases import CASES, case, conv
from figure_cases import as_planned, decode, decoded, on_the_page, places, table_of
from PIL import Image
from torch import nn

from slidingwindows import SlidingWindowsError, receptive_field
from slidingwindows.drawing.canvas import INDEX, Canvas, text_width
from slidingwindows.drawing.receptive import CALL_SIZE, HEAT, LINE, LINE_SIZE, Plan, animate, heat
from slidingwindows.drawing.style import MARGIN, THEMES, WIDTH
from slidingwindows.export.render import render
from slidingwindows.export.still import filmstrip
from slidingwindows.lesson import show
from slidingwindows.words.receptive import alt_text, transcript

EDGE, WINDOW, PAD = INDEX["edge"], INDEX["window"], INDEX["pad"]


every_case = pytest.mark.parametrize("name", CASES)
both_themes = pytest.mark.parametrize("theme", list(THEMES))


@cache
def rendered(name):
    return render(json.loads(json.dumps(show(case(name), "figure").data)))


@cache
def plan(name):
    return Plan(case(name))


def score(count):
    """(kind, step, milliseconds) of every stored picture of a network of so many layers."""
    pause = 1600 if count <= 8 else 1000 if count <= 20 else 20000 // count // 10 * 10
    frames = [("step", 0, 1500)]
    for step in range(1, count + 1):
        if pause >= 1000:
            frames += [("glide", step, 60)] * 2
        frames.append(("step", step, pause))
    return [*frames, ("measured", None, 3000), ("effective", None, 3000), ("last", None, 4000)]


@cache
def film(name, theme):
    """(kind, step, palette numbers) of every stored picture of the decoded GIF."""
    colours = [*THEMES[theme].palette(), *heat(THEMES[theme])]
    # The strongest heat is one of the theme's own colours, and the page's is there as ink too.
    assert len(set(colours)) == len(colours) - 2
    table, plan_ = table_of(colours), score(len(plan(name).layers))
    table[int(THEMES[theme].colours[INDEX["page"]][1:], 16)] = INDEX["page"]
    stored = decoded(rendered(name).files[f"figure.{theme}.gif"])
    durations = tuple(duration for *_, duration in plan_)
    shown = as_planned(stored, durations, lambda picture: places(picture, table))
    used = np.zeros(256, bool)
    for picture in shown:
        used |= np.bincount(picture.ravel(), minlength=256) > 0
    assert used.sum() <= 32
    return [(*facts[:2], picture) for facts, picture in zip(plan_, shown, strict=True)]


def frames(name, theme, kind):
    return [
        (step, pixels)
        for k, step, pixels in film(
            name,
            theme,
        )
        if k == kind
    ]


def rim(pixels, box, width):
    left, top, right, bottom = box
    part = pixels[top:bottom, left:right]
    inner = np.ones(part.shape, bool)
    inner[width:-width, width:-width] = False
    return part[inner]


def expected_box(name, step):
    """The view's pixels, from the input's own pixels and the recurrence."""
    field, layout = case(name), plan(name)
    view = layout.views[step]
    left, top, right, bottom = layout.input_box()
    cols = field.input_shape[-1]
    x = [left + (right - left) * p / cols for p in (view[-1][0], view[-1][1] + 1)]
    if len(field.size) == 1:
        return x, None
    rows = field.input_shape[-2]
    return x, [top + (bottom - top) * p / rows for p in (view[-2][0], view[-2][1] + 1)]


@every_case
@both_themes
def test_four_files_of_one_size(name, theme):
    made = rendered(name)
    shown = on_the_page(made)
    assert len(shown) == 4 and made.moving and made.width == WIDTH
    for data in shown.values():
        assert Image.open(io.BytesIO(data)).size == (WIDTH, made.height)
    assert made.alt == alt_text(case(name)) and made.transcript == transcript(case(name))
    still = np.array(Image.open(io.BytesIO(made.files[f"figure.{theme}.png"])).convert("RGB"))
    stored = decode(made.files[f"figure.{theme}.gif"])
    np.testing.assert_array_equal(still, stored[-1][0])


@every_case
def test_each_step_shows_its_view_to_scale(name, theme="light"):
    layout, shown = plan(name), frames(name, theme, "step")
    assert [step for step, _ in shown] == list(range(len(layout.views)))
    for step, pixels in shown:
        box = layout.box(layout.views[step], step)
        x, y = expected_box(name, step)
        assert abs(box[0] - x[0]) <= 1 and abs(box[2] - x[1]) <= 2
        if y:
            assert abs(box[1] - y[0]) <= 1 and abs(box[3] - y[1]) <= 2
        if min(box[2] - box[0], box[3] - box[1]) > 4:
            assert (rim(pixels, box, 2) == EDGE).all()
        area = pixels[layout.top : layout.bottom, : layout.column - 4].copy()
        first, last = layout.across(layout.views[step][-1][0]), box[2]
        if y:
            area[max(0, box[1] - layout.top) : box[3] - layout.top, first:last] = 0
        else:
            area[:, first:last] = 0
        assert not np.isin(area, [EDGE, WINDOW]).any(), "a view's colour outside the view"


@every_case
def test_views_are_one_element_and_then_what_each_layer_with_windows_sees(name):
    seen = [layer.reaches for layer in case(name).layers if not layer.plain]
    sizes = [[high - low + 1 for low, high in view] for view in plan(name).views]
    assert sizes == [[1] * len(seen[0]), *([reach.size for reach in one] for one in seen)]


@every_case
def test_each_step_says_the_size_the_jump_and_the_sum(name, theme="light"):
    field, layout = case(name), plan(name)
    for step, pixels in frames(name, theme, "step"):
        canvas = Canvas(WIDTH, layout.total)
        layer = None if step == 0 else layout.layers[step - 1]
        size, jump = ("1", "1") if layer is None else (layer.sees(), layer.jump())
        text, font = layout.big(step)
        assert text == size and font >= 18
        canvas.text(layout.column, layout.top + 78, size, font, bold=True)
        canvas.text(layout.column, layout.top + 144, f"jump {jump}", 24, bold=True)
        for top, bottom in ((26, 84), (122, 150)):
            band = slice(layout.top + top, layout.top + bottom), slice(layout.column, WIDTH)
            np.testing.assert_array_equal(pixels[band], canvas.pixels[band])
        words = layout.words(step)
        see_lines(pixels, layout, words)
        text = " ".join(words).replace("\N{NO-BREAK SPACE}", " ")
        if layer is None:
            assert text.startswith("One input element sees itself.")
            assert ("ReLU" in text) == any(layer.plain for layer in field.layers)
            assert ("slices are not" in text) == (len(field.size) == 3)
            continue
        for axis, reach in zip(layer.windows.axes, layer.reaches, strict=True):
            assert f"({axis.kernel_size} − 1)·" in text and f"= {reach.size}" in text
            assert f"·{axis.stride} = {reach.jump}" in text
        calls = " ".join(layout.calls[step - 1]).replace("\N{NO-BREAK SPACE}", " ")
        assert calls == layer.call


def see_lines(pixels, layout, lines):
    canvas = Canvas(WIDTH, layout.total)
    for number, line in enumerate(lines):
        assert MARGIN + text_width(line, LINE_SIZE) <= WIDTH
        canvas.text(MARGIN, layout.text_y + LINE * number, line, LINE_SIZE)
    top = layout.text_y - LINE_SIZE
    np.testing.assert_array_equal(pixels[top:], canvas.pixels[top:])


@every_case
def test_the_measured_positions_are_filled_and_no_others(name, theme="light"):
    layout, field = plan(name), case(name)
    [(_, pixels)] = frames(name, theme, "measured")
    see_lines(pixels, layout, layout.measured())
    if layout.scale < 8:
        return
    flat = len(field.size) == 1
    columns = field.measured[-1]
    rows = (0,) if flat else field.measured[-2]
    height = 1 if flat else field.input_shape[-2]
    for row in range(height):
        for column in range(field.input_shape[-1]):
            x = (layout.across(column) + layout.across(column + 1)) // 2
            y = (layout.down(row) + layout.down(row + 1)) // 2
            seen = row in rows and column in columns
            assert (pixels[y, x] == WINDOW) == seen, (row, column)


@every_case
def test_the_effective_field_is_shaded_by_strength(name, theme="light"):
    layout, field = plan(name), case(name)
    [(_, pixels)] = frames(name, theme, "effective")
    see_lines(pixels, layout, layout.effective())
    assert (pixels >= len(THEMES[theme].palette())).any()
    if layout.scale < 8:
        return
    first = len(THEMES[theme].palette())
    levels = np.rint(np.sqrt(np.array(field.effective) / 255) * HEAT).astype(int)
    for row, column in np.ndindex(levels.shape):
        x = (layout.across(column) + layout.across(column + 1)) // 2
        y = (layout.down(row) + layout.down(row + 1)) // 2
        expected = first - 1 + levels[row, column] if levels[row, column] else INDEX["page"]
        assert pixels[y, x] == expected, (row, column)


@every_case
def test_the_last_frame_has_all_views_and_all_sizes(name, theme="light"):
    layout = plan(name)
    [(_, pixels)] = frames(name, theme, "last")
    for step, view in enumerate(layout.views):
        assert (rim(pixels, layout.box(view, step), 1) == EDGE).all()
    see_lines(pixels, layout, layout.sizes())
    sizes = ["1", *(layer.sees() for layer in layout.layers)]
    assert "Layer by layer: " + " → ".join(sizes) == " ".join(layout.sizes())


def test_calls_of_every_length_are_broken_where_the_picture_ends():
    """Their type is as wide as it is drawn, each letter of one width."""
    options = {"stride": (1, 1), "padding": (0, 1), "dilation": (1, 1), "bias": False}
    some = [dict(list(options.items())[:n]) for n in range(5)]
    layers = [conv(2, 1, 1, kernel, **o) for o in some for kernel in (2, (1, 2), (10, 10))]
    field = receptive_field(nn.Sequential(*layers), (1, 70, 80), samples=1)
    found = Plan(field).calls
    assert {len(lines) for lines in found} >= {1, 2}
    for layer, lines in zip(field.layers, found, strict=True):
        assert " ".join(lines).replace("\N{NO-BREAK SPACE}", " ") == layer.call
        widths = [text_width(line, CALL_SIZE, mono=True) for line in lines]
        assert max(widths) <= WIDTH - 2 * MARGIN


@every_case
def test_a_picture_ends_where_its_longest_words_do(name):
    lowest = max((px != INDEX["page"]).any(1).nonzero()[0][-1] for *_, px in film(name, "light"))
    assert 0 < plan(name).total - lowest < LINE


@every_case
def test_both_themes_show_one_picture(name):
    """So what the tests above read in the light one holds for the dark one too."""
    for (*_, light), (*_, dark) in zip(film(name, "light"), film(name, "dark"), strict=True):
        np.testing.assert_array_equal(light, dark)


def test_cases_cover_what_they_say():
    assert plan("cells").cells and not plan("photo").cells
    field = case("larger than the input")
    assert min(field.size) > 16 and PAD in frames("larger than the input", "light", "step")[0][1]
    assert len(case("dilation").measured[0]) < case("dilation").size[0]
    assert case("uneven").size[0] != case("uneven").size[1]


def test_very_long_networks():
    def chain(count):
        layers = [nn.Conv1d(1, 1, 3, padding=1) for _ in range(count)]
        return receptive_field(nn.Sequential(*layers), (1, 40), samples=1)

    longest = chain(120)
    assert len({canvas.pixels.shape for canvas, _ in animate(longest)}) == 1
    assert "…" in " ".join(Plan(longest).sizes())
    with pytest.raises(SlidingWindowsError, match="121 layers .* at most 120"):
        next(animate(chain(121)))


def test_a_network_that_sees_one_element():
    field = receptive_field(nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU()), (1, 5, 5))
    made = render(show(field, "one").data)
    assert field.size == (1, 1) and "1, as" not in made.alt and len(on_the_page(made)) == 4


def test_a_dead_network_has_no_effective_frame():
    network = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU())
    network[0].bias.data.fill_(-1e6)
    field = receptive_field(network, (1, 8, 8))
    alive = nn.Sequential(nn.Conv2d(1, 1, 3))
    assert len(list(animate(field))) + 1 == len(list(animate(receptive_field(alive, (1, 8, 8)))))


def test_a_filmstrip_leaves_out_the_frames_on_the_way():
    """The input, three layers, what was measured, what is effective, all together: 7 stills."""
    sheet, first = filmstrip(case("cells")), next(animate(case("cells")))[0]
    height, width = first.pixels.shape
    assert sheet.pixels.shape == (3 * (height + 34), 3 * width)
    *_, (last, _) = animate(case("cells"))
    np.testing.assert_array_equal(sheet.pixels[-height:, :width], last.pixels)
    assert (sheet.pixels[-height:, width:] == INDEX["page"]).all()
