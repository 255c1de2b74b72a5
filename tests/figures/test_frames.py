"""What the decoded GIFs show: which colour and which number is in which cell of which frame."""

import re
from functools import cache

import numpy as np
import pytest
from figure_cases import CASES, case, numbers, rendered, roles
from PIL import Image

from slidingwindows.arithmetic import brief
from slidingwindows.canvas import INDEX, Canvas, text_width
from slidingwindows.drawing import Drawing
from slidingwindows.panels import LINE_SIZE, cell_text
from slidingwindows.style import MARGIN, WIDTH

INSET = 3  # the window's outline and the grid lines stay within this many pixels of a cell's edge
EDGE, FRESH, WINDOW = INDEX["edge"], INDEX["fresh"], INDEX["window"]

every_case = pytest.mark.parametrize("name", CASES)
both_themes = pytest.mark.parametrize("theme", ["light", "dark"])


def score(count: int):
    """(kind, step, milliseconds) of every logical frame of so many windows."""
    if count <= 9:
        glide, look, answer = 60, 600, 1100
    elif count <= 25:
        glide, look, answer = 50, 350, 750
    else:
        glide, look, answer = 0, 0, max(60, 15000 // count // 10 * 10)
    frames = [("opening", None, 1600)]
    for step in range(count):
        if step and glide:
            frames += [("glide 0.35", step, glide), ("glide 0.75", step, glide)]
        if look:
            frames.append(("look", step, look))
        frames.append(("answer", step, answer))
    return [*frames, ("last", None, 3200)]


def film(name: str, theme: str, *kinds: str):
    """(step, pixels) of the decoded logical frames of some kinds."""
    plan = score(len(case(name).steps))
    shown = roles(name, theme, tuple(duration for *_, duration in plan))
    return [
        (s, picture) for (kind, s, _), picture in zip(plan, shown, strict=True) if kind in kinds
    ]


@cache
def drawing(name: str) -> Drawing:
    return Drawing(case(name))


@cache
def picture_of(cell: int, text: str, font: int, fill: str, ink: str, bold: bool) -> np.ndarray:
    """A cell drawn again, alone, without its rim."""
    canvas = Canvas(cell + 1, cell + 1)
    if fill == "hatched":
        canvas.fill((0, 0, cell + 1, cell + 1), "page")
    else:
        canvas.fill((0, 0, cell + 1, cell + 1), fill)
    canvas.centred((0, 0, cell + 1, cell + 1), text, font, ink, bold)
    return canvas.pixels[INSET:-INSET, INSET:-INSET]


def see(pixels, name, panel, row, col, value, fill, ink, bold=False, ring=False) -> None:
    """The cell holds this number, in this ink, on this ground; another number would be noticed."""
    layout = drawing(name).layout
    left, top, right, bottom = panel.box(row, col)
    text, font = cell_text(value, layout.digits), layout.font_size
    bold = bold and text_width(text, font, bold=True) <= panel.cell - 4
    here = pixels[top + INSET : bottom - INSET, left + INSET : right - INSET]
    corners = here[[0, 0, -1, -1], [0, -1, 0, -1]]
    compared = np.ones(here.shape, bool)
    if ring:
        on_ring = np.zeros(here.shape, bool)
        on_ring[1:-1, 1:-1] = True
        on_ring[3:-3, 3:-3] = False
        assert (here[on_ring] == EDGE).all(), "a tie without its ring"
        compared = ~on_ring
    if fill == "hatched":
        assert (here == INDEX["hatch"]).mean() > 0.08, "an untouched cell without hatching"
        # The number has a plain ground; the hatching is around it.
        compared[:] = False
        height, quarter = font * 6 // 10 - 1, panel.cell * 3 // 10 - 1
        middle_y, middle_x = here.shape[0] // 2, here.shape[1] // 2
        compared[middle_y - height : middle_y + height, middle_x - quarter : middle_x + quarter] = 1
    else:
        assert set(corners.tolist()) == {INDEX[fill]}, (row, col, fill)
    expected = picture_of(panel.cell, text, font, fill, ink, bold)
    different = (here != expected) & compared
    assert not different.any(), f"{panel.role} ({row}, {col}) does not show {text} on {fill}"
    other = picture_of(panel.cell, "8" if text != "8" else "9", font, fill, ink, bold)
    assert ((here != other) & compared).any()


def see_output(pixels, name, known: int, fresh=None, asked=None) -> None:
    """The first outputs are filled in, the rest is empty."""
    trace, panel = case(name), drawing(name).layout.output
    for number, step in enumerate(trace.steps):
        row, col = step.output
        value = trace.output[row][col]
        left, top, right, bottom = panel.box(row, col)
        if number == fresh:
            see(pixels, name, panel, row, col, value, "fresh", "page", bold=True)
        elif number < known:
            see(pixels, name, panel, row, col, value, "result", "text")
        elif number == asked:
            rim = np.ones((bottom - top, right - left), bool)
            rim[3:-3, 3:-3] = False
            assert (pixels[top:bottom, left:right][rim] == FRESH).all()
            font = drawing(name).layout.font_size
            here = pixels[top + 3 : bottom - 3, left + 3 : right - 3]
            expected = picture_of(panel.cell, "?", font, "page", "muted", True)
            np.testing.assert_array_equal(here, expected)
        else:
            here = pixels[top + INSET : bottom - INSET, left + INSET : right - INSET]
            assert (here == INDEX["page"]).all(), f"output {step.output} is known too early"
    done = known if fresh is None else max(known, fresh + 1)
    bar = pixels[-6, MARGIN : WIDTH - MARGIN]
    assert int((bar == FRESH).sum()) == (WIDTH - 2 * MARGIN) * done // len(trace.steps)


def see_inputs(pixels, name, step=None, answered=False) -> None:
    """Every input cell of every channel: padding, untouched, read, won, tied."""
    trace, layout = case(name), drawing(name).layout
    rows, cols = trace.geometry.rows, trace.geometry.cols
    taps = {} if step is None else {t[:3]: i for i, t in enumerate(step.taps)}
    untouched = {
        (r, c)
        for r in range(rows.size)
        for c in range(cols.size)
        if not any(t.row == r and t.col == c for s in trace.steps for t in s.taps)
    }
    for plane, panel in enumerate(layout.inputs):
        for r in range(-rows.padding[0], rows.size + rows.padding[1]):
            for c in range(-cols.padding[0], cols.size + cols.padding[1]):
                fill, ink, bold, ring = "page", "text", False, False
                inside = 0 <= r < rows.size and 0 <= c < cols.size
                tap = taps.get((plane, r, c))
                if tap is not None and answered and tap == step.winner:
                    fill, ink, bold = "edge", "page", True
                elif tap is not None:
                    fill, ring = "window", answered and tap in step.ties
                elif not inside:
                    fill, ink = "pad", "muted"
                elif (r, c) in untouched:
                    fill, ink = "hatched", "muted"
                see(pixels, name, panel, r, c, trace.at(plane, r, c), fill, ink, bold, ring)
    for plane, panel in enumerate(layout.kernels):
        for r in range(rows.kernel_size):
            for c in range(cols.kernel_size):
                see(pixels, name, panel, r, c, trace.weights[plane][r][c], "page", "text")


def window_at(panel, trace, top_row: float, left_col: float):
    """The window's outer frame, one pixel outside its cells."""
    rows, cols = trace.geometry.rows, trace.geometry.cols
    left = panel.x + round((left_col - panel.first_col) * panel.cell)
    top = panel.y + round((top_row - panel.first_row) * panel.cell)
    height = ((rows.kernel_size - 1) * rows.dilation + 1) * panel.cell
    width = ((cols.kernel_size - 1) * cols.dilation + 1) * panel.cell
    return left - 1, top - 1, left + width + 2, top + height + 2


def see_window(pixels, name, place, thick: int) -> None:
    """Its outline is complete and nothing outside it has its colour."""
    trace, outside = case(name), np.ones(pixels.shape, bool)
    for panel in drawing(name).layout.inputs:
        left, top, right, bottom = window_at(panel, trace, *place)
        assert 0 <= left and right <= pixels.shape[1] and 0 <= top and bottom <= pixels.shape[0]
        part = pixels[top:bottom, left:right]
        rim = np.ones(part.shape, bool)
        rim[thick:-thick, thick:-thick] = False
        assert (part[rim] == EDGE).all(), "the window's outline is not where the window is"
        outside[top:bottom, left:right] = False
    marked = (pixels == EDGE) | (pixels == WINDOW)
    assert not (marked & outside).any(), "a window's colour outside the window"


def start(trace, number: int) -> tuple[int, int]:
    """Where a step's window begins, by torch's rule."""
    row, col = trace.steps[number].output
    rows, cols = trace.geometry.rows, trace.geometry.cols
    return row * rows.stride - rows.padding[0], col * cols.stride - cols.padding[0]


def thickness(trace) -> int:
    return 2 if max(trace.geometry.rows.dilation, trace.geometry.cols.dilation) > 1 else 4


def see_words(pixels, name, text: str) -> None:
    """The line below the grids is this text, broken into lines that fit."""
    layout = drawing(name).layout
    lines = drawing(name).wrapped(text)
    assert " ".join(lines).replace("\N{NO-BREAK SPACE}", " ") == text
    canvas = Canvas(WIDTH, layout.height)
    for number, line in enumerate(lines):
        assert layout.text_x + text_width(line, LINE_SIZE) <= WIDTH
        canvas.text(layout.text_x, layout.text_y + number * (LINE_SIZE + 8), line, LINE_SIZE)
    top = layout.text_y - LINE_SIZE + 2
    np.testing.assert_array_equal(pixels[top:-8], canvas.pixels[top:-8])


def words(name, step) -> str:
    return brief(case(name).kind, step) if drawing(name).short else step.arithmetic


@every_case
@both_themes
def test_opening(name, theme):
    [(_, pixels)] = film(name, theme, "opening")
    see_inputs(pixels, name)
    see_output(pixels, name, known=0)
    assert not np.isin(pixels, [EDGE, WINDOW, FRESH]).any()


@every_case
@both_themes
def test_look(name, theme):
    for number, pixels in film(name, theme, "look"):
        step = case(name).steps[number]
        see_inputs(pixels, name, step)
        see_output(pixels, name, known=number, asked=number)
        see_window(pixels, name, start(case(name), number), thickness(case(name)))
        question = re.split(" [=≈] ", words(name, step))[0] + " = ?"
        see_words(pixels, name, question)


@every_case
@both_themes
def test_answer(name, theme):
    frames = film(name, theme, "answer")
    assert [number for number, _ in frames] == list(range(len(case(name).steps)))
    for number, pixels in frames:
        step = case(name).steps[number]
        see_inputs(pixels, name, step, answered=True)
        see_output(pixels, name, known=number, fresh=number)
        see_window(pixels, name, start(case(name), number), thickness(case(name)))
        see_words(pixels, name, words(name, step))


@every_case
@both_themes
@pytest.mark.parametrize("part", [0.35, 0.75])
def test_glide(name, theme, part):
    trace = case(name)
    frames = film(name, theme, f"glide {part}")
    assert len(frames) == (len(trace.steps) - 1 if len(trace.steps) <= 25 else 0)
    for number, pixels in frames:
        (r0, c0), (r1, c1) = start(trace, number - 1), start(trace, number)
        see_window(pixels, name, (r0 + (r1 - r0) * part, c0 + (c1 - c0) * part), 4)
        assert not (pixels == WINDOW).any()
        see_output(pixels, name, known=number)
        see_words(pixels, name, words(name, trace.steps[number - 1]))


@every_case
@both_themes
def test_last_frame(name, theme):
    [(_, pixels)] = film(name, theme, "last")
    trace = case(name)
    see_inputs(pixels, name)
    see_output(pixels, name, known=len(trace.steps))
    assert not np.isin(pixels, [EDGE, WINDOW]).any(), "a window on the last frame"
    assert not (pixels[:-8] == FRESH).any()
    (h, w), (oh, ow), count = (
        trace.geometry.input_shape,
        trace.geometry.output_shape,
        len(trace.steps),
    )
    windows = "one window" if count == 1 else f"{count} windows"
    see_words(pixels, name, f"{windows}: {h}×{w} in, {oh}×{ow} out")


@every_case
@both_themes
def test_poster(name, theme, tmp_path):
    file = tmp_path / "poster.png"
    file.write_bytes(rendered(name)["files"][f"figure.{theme}.png"])
    pixels = numbers(np.array(Image.open(file).convert("RGB")), theme)
    trace = case(name)
    middle = len(trace.steps) // 2
    see_inputs(pixels, name, trace.steps[middle], answered=True)
    see_window(pixels, name, start(trace, middle), thickness(trace))
    see_words(pixels, name, words(name, trace.steps[middle]))
    see_output(pixels, name, known=len(trace.steps), fresh=middle)


@every_case
def test_light_and_dark_are_one_picture_in_two_palettes(name):
    durations = tuple(duration for *_, duration in score(len(case(name).steps)))
    light, dark = (roles(name, theme, durations) for theme in ("light", "dark"))
    for one, other in zip(light, dark, strict=True):
        np.testing.assert_array_equal(one, other)


@every_case
def test_title_and_labels_name_the_call_and_the_channels(name):
    trace, layout = case(name), drawing(name).layout
    assert " ".join(layout.title).replace("\N{NO-BREAK SPACE}", " ") == trace.call
    labels = [panel.label for panel in (*layout.inputs, *layout.kernels, layout.output)]
    if name == "three channels":
        assert labels[:3] == [f"input channel {n}" for n in range(3)]
        assert labels[3:] == ["kernel 2×2"] * 3 + ["output channel 0"]
    else:
        (h, w), (oh, ow) = trace.geometry.input_shape, trace.geometry.output_shape
        assert labels[0] == f"input {h}×{w}" and labels[-1] == f"output {oh}×{ow}"


def test_cases_cover_what_they_say():
    assert len(case("one window").steps) == 1
    assert 9 < len(case("some windows").steps) <= 25 < len(case("many windows").steps)
    assert any(step.ties for step in case("ties").steps)
    assert any(len(step.ties) == 3 for step in case("ties").steps)
    assert case("untouched").geometry.untouched()
    assert case("ceil_mode").geometry.output_shape == (3, 3)
    assert len(case("three channels").planes) == 3
    assert case("average of the real").steps[0].divisor == 4
