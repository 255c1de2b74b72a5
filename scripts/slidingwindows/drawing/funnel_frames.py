"""A Funnel to pictures: stacks of feature maps, to scale, appearing layer by layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from ..core.errors import given
from ..core.funnel import Funnel, Shades, described
from ..core.text import size
from .canvas import TABLE, Canvas, Pixels
from .funnel_plan import CAPTION, LABEL, OFFSET, Stack, plan
from .panels import wrap
from .style import MARGIN, WIDTH, Palette

SHADES = 16  # grey levels of the maps; together with the text at most 32 colours
REVEAL, CYCLE, LAST, CYCLES = 1800, 900, 3000, 3  # ms, ms, ms, turns
FIRST_SHADE: int = TABLE.shape[2]  # palette numbers after the figure colours
LINE, MOST_NAMES = 26, 2  # pixels between lines of text, lines of layer names


def shades() -> Palette:
    """The grey ramp that follows a theme's own colours in the palette."""
    return tuple((round(255 * i / (SHADES - 1)),) * 3 for i in range(SHADES))


class Scene:
    """The stacks of a funnel, and room for the longest text below them."""

    def __init__(self, funnel: Funnel) -> None:
        self.funnel = funnel
        self.stacks = plan(funnel)
        self.text_y = max(stack.ground for stack in self.stacks) + CAPTION + 28
        lines = max(len(text) for text in (*map(words, self.stacks), summary(funnel)))
        self.height = self.text_y + LINE * (lines - 1) + 16

    def write(self, canvas: Canvas, lines: Sequence[tuple[str, bool]]) -> None:
        for number, (line, mono) in enumerate(lines):
            canvas.text(MARGIN, self.text_y + LINE * number, line, LABEL, mono=mono)


def animate(funnel: Funnel) -> Iterator[tuple[Canvas, int]]:
    """(Canvas, milliseconds): stack after stack appears, then other channels come to the front."""
    scene = Scene(funnel)
    base = Canvas(WIDTH, scene.height)
    for stack in scene.stacks:
        _stack(base, stack, 0)
        canvas = base.copy()
        scene.write(canvas, words(stack))
        yield canvas, REVEAL
    for turn in range(1, CYCLES + 1):
        for stack in scene.stacks:
            _stack(base, stack, turn)
        canvas = base.copy()
        scene.write(canvas, summary(funnel))
        yield canvas, LAST if turn == CYCLES else CYCLE


def poster(funnel: Funnel) -> Canvas:
    """All stages at once."""
    scene = Scene(funnel)
    canvas = Canvas(WIDTH, scene.height)
    for stack in scene.stacks:
        _stack(canvas, stack, 0)
    scene.write(canvas, summary(funnel))
    return canvas


def sentences(funnel: Funnel) -> list[str]:
    """What is said of each picture that ``animate`` gives, in its order."""
    told = []
    for stack in plan(funnel):
        head, facts = _told(stack)
        told.append(" ".join([*(line for line, _ in head), "; ".join(facts)]) + ".")
    last = " ".join(line for line, _ in summary(funnel))
    turns = range(1, CYCLES + 1)
    return told + [f"Other channels in front, turn {n} of {CYCLES}. {last}" for n in turns]


def words(stack: Stack) -> list[tuple[str, bool]]:
    """(line, whether it is code): the layers that a stack stands for, and what they cost."""
    head, facts = _told(stack)
    return [*head, *(line for fact in facts for line in _plain(fact))]


def _told(stack: Stack) -> tuple[list[tuple[str, bool]], list[str]]:
    """The lines of code of a stack's layers, then each fact about them."""
    stages, what = stack.stages, described(stack.shape)
    if stages[0].call == "input":
        return [], [f"The input: {_sized(what)}"]
    calls = [(line, True) for line in wrap(stages[0].call, LABEL, mono=True)]
    if len(stages) > 1:
        named = [re.match(r"(?:nn\.)?(\w+)", stage.call) for stage in stages]
        names = [given(name, "layer's name").group(1) for name in named]
        lines = wrap(", ".join(names), LABEL, mono=True)
        if len(lines) > MOST_NAMES:
            lines = wrap(f"{len(names)} layers, {names[0]} to {names[-1]}", LABEL, mono=True)
        calls = [(line, True) for line in lines]
    parameters, macs = (sum(getattr(s, n) for s in stages) for n in ("parameters", "macs"))
    verb = "gives" if len(stages) == 1 else "each gives"
    text = f"{verb} {_sized(what)}"
    together = "in all " if len(stages) > 1 else ""
    text += f"; {together}{parameters:,} parameters" if parameters else "; no parameters"
    cost = f"{macs:,} multiply-accumulates" if macs else "nothing to multiply"
    sees = stages[-1].sees()
    if sees == "all":
        cost += "; sees all of the input"
    elif stages[-1].field:
        cost += f"; sees {size([r.size for r in stages[-1].field])}"
    return calls, [text, cost]


def summary(funnel: Funnel) -> list[tuple[str, bool]]:
    """What all stacks together say."""
    first, last = funnel.stages[0].shape, funnel.stages[-1].shape
    before, after = _sized(described(first)), _sized(described(last))
    parameters, macs = f"{funnel.parameters:,} parameters", f"{funnel.macs:,} multiply-accumulates"
    total = _plain(f"{parameters}, {macs}.")
    if len(total) > 1:
        total = [(f"{parameters},", False), (f"{macs}.", False)]
    return [*_plain(f"From {before} to {after}."), *total]


def _sized(text: str) -> str:
    return text.replace(" by ", "×")


def _plain(text: str) -> list[tuple[str, bool]]:
    return [(line, False) for line in wrap(text, LABEL)]


def _stack(canvas: Canvas, stack: Stack, turn: int) -> None:
    width, height, left = stack.width, stack.height, stack.left
    top = stack.ground - height
    for card in range(stack.cards - 1, 0, -1):
        x, y = left + OFFSET * card, top - OFFSET * card
        canvas.fill((x, y, x + width, y + height), "pad")
        canvas.outline((x, y, x + width, y + height), "muted", 1)
    shown = stack.maps[turn * 5 % len(stack.maps)]
    canvas.pixels[top : top + height, left : left + width] = _grey(shown, width, height)
    canvas.outline((left, top, left + width, top + height), "text", 1)
    if stack.cut:
        _break(canvas, left, (top + stack.ground) // 2, width)
    middle = left + (width + stack.depth) // 2
    channels, sizes = stack.labels()
    canvas.text(middle, stack.ground + 26, channels, LABEL, "text", "middle", bold=True)
    canvas.text(middle, stack.ground + 50, sizes, LABEL, "muted", "middle")


def _break(canvas: Canvas, left: int, middle: int, width: int) -> None:
    """Two slanting lines across a bar: it is longer than it is drawn."""
    for x in range(-3, width + 3):
        y = middle + (width // 2 - x) // 2
        canvas.fill((left + x, y - 4, left + x + 1, y + 5), "page")
        canvas.fill((left + x, y - 5, left + x + 1, y - 3), "text")
        canvas.fill((left + x, y + 4, left + x + 1, y + 6), "text")


def _grey(plane: Shades, width: int, height: int) -> Pixels:
    picture = Image.fromarray(np.array(plane, np.uint8))
    rows, cols = np.asarray(picture).shape
    # Enlarged, a signal's rows keep their edges; a photo shrinks by averaging.
    method = Image.Resampling.BOX if width <= cols or height <= rows else Image.Resampling.NEAREST
    picture = picture.resize((width, height), method)
    levels = (np.asarray(picture, np.uint16) * (SHADES - 1) + 127) // 255
    numbers: Pixels = (levels + FIRST_SHADE).astype(np.uint8)
    return numbers
