"""Read figures back from pixels: is this number, on this background, in this cell?

Pixels are palette numbers as ``figure_cases.numbers`` makes them from a decoded file.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from figure_cases import WHITE

from slidingwindows.drawing.canvas import FIRST_SHADE, INDEX, PAPER, Canvas, text_width
from slidingwindows.drawing.grid import LINE_SIZE, cell_text
from slidingwindows.drawing.style import MARGIN, SHADES, WIDTH

INSET = 3  # the window's outline and the grid lines stay within this many pixels of a cell's edge
EDGE, FRESH, WINDOW, PAGE = (INDEX[role] for role in ("edge", "fresh", "window", "page"))


def shown_steps(count: int) -> list[int]:
    """Which of so many windows an animation shows: at most 256, the last one among them."""
    every = -(-count // 256)
    return sorted({*range(every - 1, count, every), count - 1})


def score(count: int):
    """(kind, step, milliseconds) of every logical frame of so many windows."""
    shown = shown_steps(count)
    if len(shown) <= 9:
        glide, look, answer = 60, 600, 1100
    elif len(shown) <= 25:
        glide, look, answer = 50, 350, 750
    else:
        glide, look, answer = 0, 0, max(60, 15000 // len(shown) // 10 * 10)
    frames = [("opening", None, 1600)]
    for step in shown:
        if step != shown[0] and glide:
            frames += [("glide 0.35", step, glide), ("glide 0.75", step, glide)]
        if look:
            frames.append(("look", step, look))
        frames.append(("answer", step, answer))
    return [*frames, ("last", None, 3200)]


def few(frames: list) -> list:
    """All of them, or of very many the first, the last and some between."""
    return frames if len(frames) <= 64 else [*frames[:: len(frames) // 9], frames[-1]]


@cache
def picture_of(cell: int, text: str, font: int, fill: str, ink: str, bold: bool) -> np.ndarray:
    """A cell drawn again, alone, without its rim."""
    canvas = Canvas(cell + 1, cell + 1)
    canvas.fill((0, 0, cell + 1, cell + 1), "page" if fill == "hatched" else fill)
    canvas.centred((0, 0, cell + 1, cell + 1), text, font, ink, bold)
    canvas.pixels[canvas.pixels == PAPER] = PAGE  # as decoded files are read
    return canvas.pixels[INSET:-INSET, INSET:-INSET]


def see(scene, pixels, panel, row, col, value, fill, ink, bold=False, ring=False) -> None:
    """The cell holds this number, in this ink, on this ground; another number would be noticed."""
    font = scene.font(panel)
    where = f"{panel.role} ({row}, {col})"
    if not font and not isinstance(value, str):
        see_shade(scene, pixels, panel, row, col, value, fill)
        return
    text = value if isinstance(value, str) else cell_text(value, scene.layout.digits)
    left, top, right, bottom = panel.box(row, col)
    bold = bold and text_width(text, font, bold=True) <= panel.cell - scene.px(4)
    here = pixels[top + INSET : bottom - INSET, left + INSET : right - INSET]
    corners = here[[0, 0, -1, -1], [0, -1, 0, -1]]
    compared = np.ones(here.shape, bool)
    if ring:
        on_ring = np.zeros(here.shape, bool)
        on_ring[1:-1, 1:-1] = True
        on_ring[3:-3, 3:-3] = False
        assert (here[on_ring] == EDGE).all(), f"{where}: a tie without its ring"
        compared = ~on_ring
    if fill == "hatched":
        assert (here == INDEX["hatch"]).mean() > 0.08, f"{where}: untouched, without hatching"
        # The number has a plain ground; the hatching is around it.
        compared[:] = False
        height, quarter = font * 6 // 10 - 1, panel.cell * 3 // 10 - 1
        middle_y, middle_x = here.shape[0] // 2, here.shape[1] // 2
        compared[middle_y - height : middle_y + height, middle_x - quarter : middle_x + quarter] = 1
    else:
        assert set(corners.tolist()) == {INDEX[fill]}, f"{where} is not {fill}"
    expected = picture_of(panel.cell, text, font, fill, ink, bold)
    different = (here != expected) & compared
    assert not different.any(), f"{where} does not show {text} on {fill}"
    other = picture_of(panel.cell, "8" if text != "8" else "9", font, fill, ink, bold)
    assert ((here != other) & compared).any()


def see_shade(scene, pixels, panel, row, col, value, fill) -> None:
    """The cell's grey is the number's place between the smallest and the largest of its kind."""
    left, top, right, bottom = panel.box(row, col)
    inset = min(INSET, panel.cell // 2)
    here = pixels[top + inset : bottom - inset, left + inset : right - inset]
    expected = shade(scene, panel, value)
    if fill == "pad":
        expected = INDEX["pad"]
    elif value != value:
        expected = WINDOW
    if fill == "hatched":
        assert (here == INDEX["hatch"]).any()
        here = here[here != INDEX["hatch"]]
    assert here.size and (here == expected).all(), f"{panel.role} ({row}, {col}) is no {value}"


def shade(scene, panel, value: float) -> int:
    """The palette number of a value's grey, from the numbers of all panels of its kind."""
    low, high = extent(scene)[panel.role]
    part = 0.5 if high == low else (value - low) / (high - low)
    level = round(part * (SHADES - 1)) if high > low else SHADES // 2
    number = FIRST_SHADE + min(max(level, 0), SHADES - 1)
    return PAGE if number == WHITE else number


@cache
def extent(scene) -> dict[str, tuple[float, float]]:
    """(smallest, largest) finite number of the inputs, of what is beside them, of the output."""
    inputs, besides, output, _ = scene.grids()
    found = {}
    for grids in (inputs, besides, (output,)):
        values = [v for g in grids for v in g.values if abs(v) < float("inf")]
        if grids:
            found[grids[0].role] = (min(values), max(values))
    return found


def see_words(scene, pixels, text: str) -> None:
    """The lines below the grids are this text, broken into lines that fit."""
    layout = scene.layout
    lines = scene.wrapped(text)
    assert " ".join(lines).replace("\N{NO-BREAK SPACE}", " ") == text
    see_lines(layout, pixels, lines)


def see_lines(layout, pixels, lines: list[str]) -> None:
    """Nothing but these lines is written there."""
    canvas = Canvas(WIDTH, layout.height)
    for number, line in enumerate(lines):
        assert layout.text_x + text_width(line, LINE_SIZE) <= WIDTH
        canvas.text(layout.text_x, layout.text_y + number * (LINE_SIZE + 8), line, LINE_SIZE)
    top = layout.text_y - LINE_SIZE + 2
    np.testing.assert_array_equal(pixels[top:-8], canvas.pixels[top:-8])


def see_progress(pixels, done: int, of: int) -> None:
    """The bar at the lower edge is as long as what is done."""
    bar = pixels[-6, MARGIN : WIDTH - MARGIN]
    assert int((bar == FRESH).sum()) == (WIDTH - 2 * MARGIN) * done // of


def see_outline(pixels, box, role: str, thick: int) -> None:
    """A complete frame, its outer edge the box."""
    left, top, right, bottom = box
    assert 0 <= left and right <= pixels.shape[1] and 0 <= top and bottom <= pixels.shape[0]
    part = pixels[top:bottom, left:right]
    rim = np.ones(part.shape, bool)
    rim[thick:-thick, thick:-thick] = False
    assert (part[rim] == INDEX[role]).all(), f"the {role} frame is not complete"


def legend_rows(layout) -> slice:
    """Rows of pixels of the legend."""
    return slice(layout.legend_y - 18, max(layout.legend_y - 18, layout.text_y - LINE_SIZE - 2))
