"""What the decoded GIFs show: which colour and which number is in which cell of which frame."""

import io
import re
from functools import cache

import numpy as np
import pytest
from figure_cases import (
    CASES,
    WHITE,
    case,
    numbers,
    rendered,
    roles,
    table_roles,
    without_colours,
)
from PIL import Image
from seeing import (
    EDGE,
    FRESH,
    INSET,
    WINDOW,
    few,
    legend_rows,
    picture_of,
    score,
    see,
    see_outline,
    see_progress,
    see_words,
    shown_steps,
)

from slidingwindows.core.uneven import UnevenAxis
from slidingwindows.drawing.canvas import INDEX
from slidingwindows.drawing.forward import Drawing

every_case = pytest.mark.parametrize("name", CASES)
UNEVEN = {"uneven average": (5, 7, 3, 4), "uneven signal": (1, 10, 1, 4)}  # h, w, of the output


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


def window_of(name: str, number: int) -> tuple[int, int, int, int]:
    """(top, left, height, width) of a step's window in input cells, by torch's rules."""
    trace = case(name)
    row, col = trace.steps[number].output
    if name in UNEVEN:
        height, width, rows, cols = UNEVEN[name]
        top, left = row * height // rows, col * width // cols
        down, right = -(-(row + 1) * height // rows), -(-(col + 1) * width // cols)
        return top, left, down - top, right - left
    if name.startswith("random windows"):  # where they are is torch's choice, checked in tests/core
        taps = trace.steps[number].taps
        return taps[0].row, taps[0].col, 2, 2
    rows, cols = trace.geometry.rows, trace.geometry.cols
    top, left = row * rows.stride - rows.padding[0], col * cols.stride - cols.padding[0]
    if name == "cropped":  # padding 2, of which the kernel of 2 leaves room for 1
        top, left = row + 1, col + 1
    height, width = ((a.kernel_size - 1) * a.dilation + 1 for a in (rows, cols))
    return top, left, height, width


def see_output(pixels, name, known: int, fresh=None, asked=None) -> None:
    """The first outputs are filled in, the rest is empty."""
    trace, scene = case(name), drawing(name)
    panel = scene.layout.output
    for number, step in enumerate(trace.steps):
        row, col = step.output
        value = trace.output[row][col]
        left, top, right, bottom = panel.box(row, col)
        if number == fresh:
            see(scene, pixels, panel, row, col, value, "fresh", "page", bold=True)
            if scene.shaded:
                see_outline(pixels, (left - 1, top - 1, right + 1, bottom + 1), "fresh", 2)
        elif number < known:
            see(scene, pixels, panel, row, col, value, "result", "text")
        elif number == asked:
            see_outline(pixels, (left, top, right, bottom), "fresh", 3)
            if not scene.shaded:
                here = pixels[top + INSET : bottom - INSET, left + INSET : right - INSET]
                font = scene.layout.font_size
                expected = picture_of(panel.cell, "?", font, "page", "muted", True)
                np.testing.assert_array_equal(here, expected)
        else:
            inset = min(INSET, panel.cell // 2)
            here = pixels[top + inset : bottom - inset, left + inset : right - inset]
            assert (here == INDEX["page"]).all(), f"output {step.output} is known too early"
    see_progress(pixels, known if fresh is None else max(known, fresh + 1), len(trace.steps))


def ground(trace, plane: int, row: int, col: int, untouched: set) -> tuple[str, str]:
    """(fill, ink) of an input cell that no window is on."""
    rows, cols = trace.geometry.rows, trace.geometry.cols
    inside = 0 <= row < rows.size and 0 <= col < cols.size
    deep = trace.depth_stretch
    if trace.slices and not 0 <= trace.slices[plane] < (trace.input_shape[-3] - 1) * deep + 1:
        inside = False
    if trace.slices and trace.slices[plane] % deep:
        inside = False
    if not inside or row % trace.stretch[0] or col % trace.stretch[1]:
        return "pad", "muted"
    return ("hatched", "muted") if (row, col) in untouched else ("page", "text")


@cache
def never_read(name: str) -> set[tuple[int, int]]:
    """Positions of the input that are in no step."""
    trace = case(name)
    rows, cols = trace.geometry.rows, trace.geometry.cols
    every = {(r, c) for r in range(rows.size) for c in range(cols.size)}
    return every - {(t.row, t.col) for s in trace.steps for t in s.taps}


def see_inputs(pixels, name, step=None, answered=False) -> None:
    """Every input cell of every plane: padding, zeros between, untouched, read, won, tied."""
    trace, scene = case(name), drawing(name)
    rows, cols = trace.geometry.rows, trace.geometry.cols
    taps = {} if step is None else {t[:3]: i for i, t in enumerate(step.taps)}
    untouched = never_read(name)
    for plane, panel in enumerate(scene.layout.inputs):
        for r in range(-rows.padding[0], rows.size + rows.padding[1]):
            for c in range(-cols.padding[0], cols.size + cols.padding[1]):
                fill, ink = ground(trace, plane, r, c, untouched)
                bold, ring, tap = False, False, taps.get((plane, r, c))
                if tap is not None and not scene.shaded:
                    fill, ink, ring = "window", "text", answered and tap in step.ties
                    if answered and tap == step.winner:
                        fill, ink, bold = "edge", "page", True
                elif tap is not None and answered and tap == step.winner:
                    see_outline(pixels, panel.box(r, c), "edge", 1)
                see(scene, pixels, panel, r, c, trace.at(plane, r, c), fill, ink, bold, ring)
    for plane, panel in enumerate(scene.layout.kernels):
        for r in range(panel.rows):
            for c in range(panel.cols):
                see(scene, pixels, panel, r, c, trace.weights[plane][r][c], "page", "text")


def see_window(pixels, name, window, output=None, thick=None) -> None:
    """Its outline is complete and nothing outside it has its colour."""
    scene, outside = drawing(name), np.ones(pixels.shape, bool)
    top, left, height, width = window
    for panel in scene.layout.inputs:
        x = panel.x + round((left - panel.first_col) * panel.cell)
        y = panel.y + round((top - panel.first_row) * panel.cell)
        right, bottom = x + width * panel.cell, y + height * panel.cell
        see_outline(pixels, (x - 1, y - 1, right + 2, bottom + 2), "edge", thick or thickness(name))
        outside[y - 1 : bottom + 2, x - 1 : right + 2] = False
        for (number, which), (x0, y0, x1, y1) in rulers(name, panel).items():
            if output is not None and output[which] == number:
                assert (pixels[y0:y1, x0:x1] == EDGE).any()
                outside[y0:y1, x0:x1] = False
    pixels = without_legend(pixels, name)
    marked = (pixels == EDGE) | (pixels == WINDOW)
    assert not (marked & outside).any(), "a window's colour outside the window"


def without_legend(pixels, name):
    """The pixels without the legend, which no frame changes."""
    rows = legend_rows(drawing(name).layout)
    legend = drawing(name).blank.pixels[rows].copy()
    legend[legend == WHITE] = INDEX["page"]
    np.testing.assert_array_equal(pixels[rows], legend)
    pixels = pixels.copy()
    pixels[rows] = INDEX["page"]
    return pixels


def rulers(name: str, panel) -> dict[tuple[int, int], tuple[int, int, int, int]]:
    """(window, axis) -> box of the bar beside the grid, for windows of uneven sizes."""
    found = {}
    for which, axis in enumerate((case(name).geometry.rows, case(name).geometry.cols)):
        if not isinstance(axis, UnevenAxis):
            continue
        for number, (start, stop) in enumerate(axis.spans):
            lane = 6 + 7 * (number % 2)
            if which == 0:
                _, top, _, bottom = panel.box(start, 0, stop - start)
                box = panel.x - lane - 4, top + 3, panel.x - lane, bottom - 3
            else:
                left, _, right, _ = panel.box(0, start, 1, stop - start)
                box = left + 3, panel.y - lane - 4, right - 3, panel.y - lane
            found[number, which] = box
    return found


def thickness(name: str) -> int:
    if drawing(name).shaded or max(a.dilation for a in drawing(name).axes) > 1:
        return 2
    return 4


def words(name: str, number: int) -> str:
    """The arithmetic, or where three lines cannot hold it only what it is."""
    step, count = case(name).steps[number], len(case(name).steps)
    text = step.arithmetic
    if len(drawing(name).wrapped(text)) > 3 or len(text) > 135:
        text = case(name).reduction.brief(step)
    return f"window {number + 1} of {count}: {text}" if count > 256 else text


@every_case
def test_opening(name, theme="light"):
    [(_, pixels)] = film(name, theme, "opening")
    see_inputs(pixels, name)
    see_output(pixels, name, known=0)
    assert not np.isin(without_legend(pixels, name), [EDGE, WINDOW, FRESH]).any()
    for panel in drawing(name).layout.inputs:
        for x0, y0, x1, y1 in rulers(name, panel).values():
            assert (pixels[y0:y1, x0:x1] == INDEX["hatch"]).all()


@every_case
def test_look(name, theme="light"):
    for number, pixels in few(film(name, theme, "look")):
        step = case(name).steps[number]
        see_inputs(pixels, name, step)
        see_output(pixels, name, known=number, asked=number)
        see_window(pixels, name, window_of(name, number), step.output)
        see_words(drawing(name), pixels, re.split(" [=≈] ", words(name, number))[0] + " = ?")


@every_case
def test_answer(name, theme="light"):
    frames = film(name, theme, "answer")
    assert [number for number, _ in frames] == shown_steps(len(case(name).steps))
    for number, pixels in few(frames):
        step = case(name).steps[number]
        see_inputs(pixels, name, step, answered=True)
        see_output(pixels, name, known=number, fresh=number)
        see_window(pixels, name, window_of(name, number), step.output)
        see_words(drawing(name), pixels, words(name, number))


@every_case
@pytest.mark.parametrize("part", [0.35, 0.75])
def test_glide(name, part, theme="light"):
    trace = case(name)
    frames = film(name, theme, f"glide {part}")
    assert len(frames) == (len(trace.steps) - 1 if len(trace.steps) <= 25 else 0)
    for number, pixels in frames:
        (r0, c0, *size), (r1, c1, *_) = window_of(name, number - 1), window_of(name, number)
        place = r0 + (r1 - r0) * part, c0 + (c1 - c0) * part
        see_window(pixels, name, (*place, *size), thick=2 if drawing(name).shaded else 4)
        assert not (without_legend(pixels, name) == WINDOW).any()
        see_output(pixels, name, known=number)
        see_words(drawing(name), pixels, words(name, number - 1))


@every_case
def test_last_frame(name, theme="light"):
    [(_, pixels)] = film(name, theme, "last")
    trace = case(name)
    see_inputs(pixels, name)
    see_output(pixels, name, known=len(trace.steps))
    pixels = without_legend(pixels, name)
    assert not np.isin(pixels, [EDGE, WINDOW]).any(), "a window on the last frame"
    assert not (pixels[:-8] == FRESH).any()
    before, after, count = trace.geometry.input_shape, trace.output_shape, len(trace.steps)
    sizes = f"{before[0]}×{before[1]} in, {after[-2]}×{after[-1]} out"
    if trace.operation.startswith("ConvTranspose"):
        before = trace.input_shape
        sizes = f"{before[-2]}×{before[-1]} in, {after[-2]}×{after[-1]} out"
    assert name != "stretched" or sizes == "3×3 in, 6×6 out"
    if trace.dims == 1:
        sizes = f"{trace.input_shape[-1]} in, {after[-1]} out"
    see_words(
        drawing(name), pixels, f"{'one' if count == 1 else count} window{'s'[: count - 1]}: {sizes}"
    )


def poster(name: str, theme: str) -> np.ndarray:
    image = Image.open(io.BytesIO(rendered(name).files[f"figure.{theme}.png"]))
    return numbers(np.array(image.convert("RGB")), theme)


@every_case
def test_poster(name, theme="light"):
    pixels = poster(name, theme)
    trace = case(name)
    middle = len(trace.steps) // 2
    see_inputs(pixels, name, trace.steps[middle], answered=True)
    see_window(pixels, name, window_of(name, middle), trace.steps[middle].output)
    see_words(drawing(name), pixels, words(name, middle))
    see_output(pixels, name, known=len(trace.steps), fresh=middle)


@every_case
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_few_colours_and_only_the_palettes(name, theme):
    """A colour outside the palette fails as it is read. A GIF has no colours but its table's."""
    used = np.array(Image.fromarray(poster(name, theme)).histogram()) > 0
    used[table_roles(rendered(name).files[f"figure.{theme}.gif"], theme)] = True
    assert used[INDEX["page"]] and used.sum() <= 32


@every_case
def test_light_and_dark_are_one_picture_in_two_palettes(name):
    """So what the tests above read in the light one holds for the dark one too."""
    gifs = {theme: rendered(name).files[f"figure.{theme}.gif"] for theme in ("light", "dark")}
    light, dark = (without_colours(gif) for gif in gifs.values())
    assert light[0] == dark[0] and light[1] != dark[1]
    light, dark = (table_roles(gif, theme) for theme, gif in gifs.items())
    assert light == dark
    np.testing.assert_array_equal(poster(name, "light"), poster(name, "dark"))


@every_case
def test_title_and_labels_name_the_call_and_the_channels(name):
    trace, layout = case(name), drawing(name).layout
    assert " ".join(layout.title).replace("\N{NO-BREAK SPACE}", " ") == trace.call
    labels = [panel.label for panel in (*layout.inputs, *layout.kernels, layout.output)]
    (h, w), (oh, ow) = trace.geometry.input_shape, trace.geometry.output_shape
    plain = [f"input {h}×{w}", f"output {oh}×{ow}"]
    assert [labels[0], labels[-1]] == LABELS.get(name, plain)
    assert labels[1:-1] == BETWEEN.get(name, [])


LABELS = {
    "three channels": ["input channel 0", "output 2×2, channel 0"],
    "groups": ["input channel 2", "output 2×2, channel 1"],
    "signal": ["input of 9", "output of 5"],
    "long signal": ["input of 24", "output of 6"],
    "uneven signal": ["input of 10", "output of 4"],
    "stretched": ["input 3×3 stretched", "output 6×6"],
    "stretched volume": ["input depth 0", "output, depth 1"],
    "cropped": ["input 4×3 stretched", "output 4×2"],
    "random windows of a volume": ["input, depth 2", "output, depth 1"],
    "volume": ["input, depth 2", "output, depth 1"],
    "volume padded": ["input, depth −1", "output, depth 0"],
}
THREE = ("convolution", "copied padding", "circular", "shades")
BETWEEN = {
    **{name: ["kernel 3×3"] for name in THREE},
    "three channels": ["input channel 1", "input channel 2", *["kernel 2×2"] * 3],
    "groups": ["input channel 3", *["kernel 2×2"] * 2],
    "stretched": ["kernel 3×3 flipped"],
    "transposed, stride 1": ["kernel 2×2 flipped"],
    "stretched volume": ["input depth 1", *["kernel 2×2 flipped"] * 2],
    "cropped": ["kernel 2×2 flipped"],
    "random windows of a volume": ["input, depth 3"],
    "volume": ["input, depth 3"],
    "volume padded": ["input, depth 0", "input, depth 1"],
}


@every_case
def test_cells_have_lines_around_them_where_there_is_room(name):
    """Cells of less than 8 pixels are shades side by side: lines would hide them."""
    blank, layout = drawing(name).blank.pixels, drawing(name).layout
    small = [panel.cell < 8 for panel in layout.inputs]
    assert any(small) == (name == "smallest cells")
    for panel in (*layout.inputs, layout.output):
        left, top, right, bottom = panel.box(
            panel.first_row, panel.first_col, panel.rows, panel.cols
        )
        lines = blank[top:bottom, left:right] == INDEX["line"]
        if panel.cell < 8:
            assert not lines[1:-1, 1:-1].any()
        else:  # where no mark covers them
            assert lines[:: panel.cell].mean() > 0.6 and lines[:, :: panel.cell].mean() > 0.6


def rim(name: str, box) -> np.ndarray:
    """Palette numbers of a frame two pixels thick around a box, before the first step."""
    left, top, right, bottom = box
    part = drawing(name).blank.pixels[top:bottom, left:right]
    return np.concatenate(
        [part[:2].ravel(), part[-2:].ravel(), part[:, :2].ravel(), part[:, -2:].ravel()]
    )


def test_dropped_windows_and_what_lies_past_the_edge_are_dashed():
    [panel] = drawing("dropped").layout.inputs
    # Windows start at -1, 2 and 5, which is no element of 5: dropped, as torch does.
    assert case("dropped").geometry.rows.dropped == (5,)
    for box in (panel.box(5, -1, 3, 6), panel.box(-1, 5, 6, 3)):
        assert 0.2 < (rim("dropped", box) == INDEX["muted"]).mean() < 0.8
    [panel] = drawing("past the edge").layout.inputs
    assert 0.2 < (rim("past the edge", panel.box(0, 0, 7, 7)) == INDEX["hatch"]).mean() < 0.8
    assert not (drawing("max").blank.pixels == INDEX["hatch"]).any()


def test_each_mark_has_its_line_in_the_legend():
    said = {name: dict(drawing(name).legend()) for name in CASES}
    assert said["max"] == {}
    assert said["max padded"]["pad"] == "padding holds −∞"
    assert said["average padded"]["pad"] == "padding holds 0"
    assert said["average of the real"]["pad"] == "padding is not counted"
    assert said["copied padding"]["pad"] == "padding (reflect)"
    assert said["circular"]["pad"] == "padding (circular)"
    assert said["stretched"]["pad"] == "zeros put around and between, by stride 2"
    assert said["transposed, stride 1"]["pad"] == "zeros put around"
    assert said["untouched"] == {"hatch": "never read by any window"}
    assert said["ties"] == {"ring": "a later tie"}
    assert said["dropped"]["dash"] == "window dropped: it would start past the input"
    assert said["past the edge"] == {"reach": "past the edge: nothing to read"}
    for name in CASES:
        assert ("ring" in said[name]) == (
            not drawing(name).shaded and any(step.ties for step in case(name).steps)
        )


def test_cases_cover_what_they_say():
    assert len(case("one window").steps) == 1
    assert 9 < len(case("some windows").steps) <= 25 < len(case("many windows").steps)
    assert any(step.ties for step in case("ties").steps)
    assert any(len(step.ties) == 3 for step in case("ties").steps)
    assert case("untouched").geometry.untouched()
    assert case("ceil_mode").geometry.output_shape == (3, 3)
    assert len(case("three channels").planes) == 3
    shaded = {name for name in CASES if drawing(name).shaded}
    assert shaded == {"shades", "shades of a pool", "thinned", "smallest cells"}
    assert len(case("thinned").steps) == 361 > 256
    assert drawing("smallest cells").layout.output.cell < 8
    assert case("volume padded").slices == (-1, 0, 1)
    assert case("average of the real").steps[0].divisor == 4
