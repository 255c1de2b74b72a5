"""A figure as a script for the browser's stepper: what its GIF draws, as numbers and words.

What a GIF's frames are painted with is written down instead of painted, so that the stepper's
drawing cannot differ from the GIF's, whatever the kind of window. Only the GIF's bar is left out,
for the stepper has a slider.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ..core.plain import Fields
from ..core.text import number
from ..core.trace import Trace
from ..core.transfer import Transfer
from .animation import GLIDE, INTRO, LAST, durations, item_steps, scene_of
from .canvas import Box, is_bold
from .forward import Drawing
from .grid import LINE_SIZE, Panel
from .moving import Moving
from .painter import Cell

# A cell's look, as the stepper knows it: (fill, ink) to a letter, a capital for bold numbers.
LOOKS = {
    ("page", "text"): "p",
    ("page", "muted"): "z",
    ("pad", "muted"): "d",
    ("window", "text"): "w",
    ("edge", "page"): "k",
    ("fresh", "page"): "f",
    ("result", "text"): "r",
}
Place = tuple[int, int, int]  # panel, row, column
HATCHED, EMPTY = "h", "e"
FRESH = "F"  # of a number that has just been written, where bold type fits
SIZE = re.compile(r"( \d+×\d+.*| of \d+|,.*)$")  # behind a panel's name


class Record:
    """A painter that keeps what it is told to draw.

    shapes: letter, four numbers, and what the shape needs; texts: position, text, size and style;
    cells: (look, text) by panel and place.
    """

    def __init__(self, panels: list[Panel]) -> None:
        self.panels = panels
        self.clear()

    def clear(self) -> None:
        """Forget all of it."""
        self.shapes: list[list[int | str]] = []
        self.texts: list[list[int | str]] = []
        self.cells: dict[Place, tuple[str, str]] = {}

    def cell(self, cell: Cell) -> None:
        """As Painter.cell; of a shade, the text is its level."""
        shade = "" if cell.level is None else str(cell.level)
        text = shade if cell.text is None else cell.text
        look = HATCHED if cell.hatched else LOOKS[cell.fill, cell.ink]
        look = look.upper() if is_bold(cell) and text else look
        self.cells[self.panels.index(cell.panel), cell.row, cell.col] = (look, text)

    def fill(self, box: Box, role: str) -> None:
        """As Painter.fill."""
        self.shapes.append(["f", *box, role])

    def shade(self, box: Box, level: int) -> None:
        """As Painter.shade."""
        self.shapes.append(["s", *box, level])

    def outline(self, box: Box, role: str, width: int) -> None:
        """As Painter.outline; the stepper draws lines around cells without being told."""
        if role != "line" or self.panels[-1].cell < 8:  # no cell has a line then, but the grid
            self.shapes.append(["o", *box, role, width])

    def dashed(self, box: Box, role: str, width: int, dash: int = 8) -> None:
        """As Painter.dashed."""
        self.shapes.append(["d", *box, role, width, dash])

    def hatch(self, box: Box, role: str, gap: int = 8) -> None:
        """As Painter.hatch."""
        self.shapes.append(["h", *box, role])

    def text(
        self,
        x: int,
        y: int,
        text: str,
        size: int,
        role: str = "text",
        anchor: str = "left",
        bold: bool = False,
        mono: bool = False,
    ) -> None:
        """As Painter.text."""
        self.texts.append([x, y, text, size, role, anchor, int(mono)])

    def centred(
        self, box: Box, text: str, size: int, role: str = "text", bold: bool = False
    ) -> None:
        """As Painter.centred: a text in place of a cell's number, as all such texts are."""
        for which, row, col in _places(self.panels):
            if self.panels[which].box(row, col) == box:
                look = LOOKS["page", role]
                self.cells[which, row, col] = (look.upper() if bold else look, text)
                return


def script(item: Trace | Transfer, name: str, transcript: list[str]) -> str:
    """The file figures/NAME.trace.js: one statement, so that it loads from a folder too."""
    data = json.dumps(figure_data(item, transcript), ensure_ascii=False, separators=(",", ":"))
    return f"SlidingWindows.figure({json.dumps(name)},{data});\n"


def figure_data(item: Trace | Transfer, transcript: list[str]) -> Fields:
    """All the stepper needs of a figure; transcript: its words.

    Cells have one number each, counted through all panels, row by row: the inputs', the
    kernels', the output's. size: of the drawing. panels: x, y, rows, columns, cell, first row,
    first column, role, type size, label, name in a sentence. looks, values: a letter and a text
    for each cell of a panel before the first step. numbers: what is behind the shades.
    opening, closing: words. tempo: the GIF's milliseconds of the opening, of a window's way, of
    looking, of the answer, and of the closing. every: of how many windows one is shown when it
    plays.
    steps: for each the transcript's sentence; the figure's lines of words; the cells it reads;
    looks of cells, as letter and numbers; shapes; cells written, their texts, and their looks
    unless FRESH. If the GIF shows a window before its answer, that picture too: its words, looks,
    shapes and cells.
    """
    scene = scene_of(item)
    record = Record([*scene.layout.inputs, *scene.layout.kernels, scene.layout.output])
    scene.draw_blank(record)
    numbering = _numbering(record.panels)
    looks, values = zip(*(_before(record, n) for n in range(len(record.panels))), strict=True)
    shown = scene.shown()
    glide, look, answer = durations(len(shown))
    layout = scene.layout
    data: Fields = {
        "size": [scene.sizes.width, layout.height],
        "dims": item.dims,
        "words": [layout.text_x, layout.text_y, scene.px(LINE_SIZE)],
        "panels": [_panel(scene, panel) for panel in record.panels],
        "looks": looks,
        "values": values,
        "shapes": record.shapes,
        "texts": record.texts,
        "opening": scene.opening_words(),
        "closing": scene.closing_words(),
        "tempo": [INTRO, len(GLIDE) * glide, look, answer, LAST],
        "every": -(-len(item_steps(item)) // len(shown)),
    }
    if scene.shaded:
        data["numbers"] = [_numbers(item, scene, panel) for panel in record.panels]
    data["steps"] = [
        [
            *_step(record, numbering, scene, item, n, sentence),
            *_asked(record, numbering, scene, n, look),
        ]
        for n, sentence in enumerate(sentences_of(item, transcript))
    ]
    return data


def sentences_of(item: Trace | Transfer, transcript: list[str]) -> list[str]:
    """What a transcript says of each step: all between its opening and its last line."""
    return transcript[-len(item_steps(item)) - 1 : -1]


def _numbering(panels: list[Panel]) -> dict[Place, int]:
    return {place: n for n, place in enumerate(_places(panels))}


def _places(panels: list[Panel]) -> Iterator[Place]:
    for number_, panel in enumerate(panels):
        for row in range(panel.first_row, panel.first_row + panel.rows):
            for col in range(panel.first_col, panel.first_col + panel.cols):
                yield number_, row, col


def _panel(scene: Drawing | Moving, panel: Panel) -> list[int | str]:
    place = [panel.x, panel.y, panel.rows, panel.cols, panel.cell, panel.first_row, panel.first_col]
    alone = panel.role == "output" or len(scene.layout.inputs) == 1
    name = SIZE.sub("", panel.label) if alone else panel.label
    return [*place, panel.role, scene.font(panel), panel.label, name]


def _before(record: Record, which: int) -> tuple[str, str]:
    """Looks and values of a panel's cells before the first step."""
    cells = [
        record.cells.get((which, row, col), (EMPTY, ""))
        for number_, row, col in _places(record.panels)
        if number_ == which
    ]
    return "".join(look for look, _ in cells), " ".join(text for _, text in cells)


def _numbers(item: Trace | Transfer, scene: Drawing | Moving, panel: Panel) -> str:
    """The numbers that the shades of an input panel represent; nothing for other panels."""
    inputs = scene.layout.inputs
    if panel not in inputs:
        return ""
    source, texts = item, []
    plane = inputs.index(panel)
    if isinstance(item, Transfer) and item.forward:
        source, plane = item.forward, item.plane
    for row in range(panel.first_row, panel.first_row + panel.rows):
        for col in range(panel.first_col, panel.first_col + panel.cols):
            try:
                texts.append(number(source.at(plane, row, col)))
            except IndexError:  # past the padding, where ceil_mode reaches
                texts.append("")
    return " ".join(texts)


def _step(
    record: Record,
    numbering: dict[Place, int],
    scene: Drawing | Moving,
    item: Trace | Transfer,
    n: int,
    sentence: str,
) -> list[object]:
    output = len(record.panels) - 1
    record.clear()
    scene.answer(record, n)
    looks: dict[str, list[int]] = {}
    for place, (look, _) in record.cells.items():
        if place[0] != output:
            looks.setdefault(look, []).append(numbering[place])
    written = [
        [numbering[place], text, *([] if look == FRESH else [look])]
        for place, (look, text) in record.cells.items()
        if place[0] == output
    ]
    reads = sorted(numbering[place] for place in _reads(item, n))
    if scene.shaded:  # shades stay as they are; frames alone mark the window
        looks = {}
    elif sorted(number_ for some in looks.values() for number_ in some) == reads:
        reads = []  # the looks say it
    return [sentence, scene.said(n), reads, looks, record.shapes, written]


def _asked(
    record: Record, numbering: dict[Place, int], scene: Drawing | Moving, n: int, look: int
) -> list[object]:
    """The picture before a step's answer, if the GIF shows it."""
    if not look:
        return []
    record.clear()
    scene.look(record, n)
    lines = [text[2] for text in record.texts]
    output, asked = len(record.panels) - 1, []
    looks: dict[str, list[int]] = {}
    for place, (letter, text) in record.cells.items():
        if place[0] == output:
            asked.append([numbering[place], text, letter])
        elif not scene.shaded:
            looks.setdefault(letter, []).append(numbering[place])
    return [[lines, looks, record.shapes, asked]]


def _reads(item: Trace | Transfer, n: int) -> list[Place]:
    """(panel, row, column) of what a step reads."""
    if not isinstance(item, Transfer):
        return [(tap.plane, tap.row, tap.col) for tap in item.steps[n].taps]
    if item.forward:
        taken, upstream = item.forward.steps[n], item.moves[n].window
        taps = [(0, tap.row, tap.col) for tap in taken.taps if tap.plane == item.plane]
        return [*taps, (1, *upstream)]
    return [(read.plane, read.row, read.col) for read in item.moves[n].reads]
