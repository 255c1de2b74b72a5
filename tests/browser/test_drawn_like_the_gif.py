"""The stepper's drawing is the GIF's: pixel by pixel, but for letters, whose places are the same.

What the GIF is painted with paints here without its letters, and the page draws without its own.
"""

import io

import numpy as np
import pytest
from PIL import Image
from playing import SHADES, items, put_behind, rgb
from recording import in_theme
from torch import nn

from slidingwindows import slide
from slidingwindows.drawing.animation import durations, item_steps, scene_of
from slidingwindows.drawing.canvas import Canvas
from slidingwindows.drawing.style import THEMES

# Padding and ties, a kernel and a stride that leaves some unread, edges past the padding, shades,
# a signal, gradients, windows that write.
FIGURES = [
    ("gradients-through-pooling", "max-pool-ties", "dark"),
    ("gradients-through-pooling", "gradients-overlap", "light"),
    ("every-window", "every-transposed", "light"),
    ("every-window", "every-ceil-mode", "dark"),
    ("every-window", "every-untouched", "light"),
    ("every-way-back", "every-fold", "light"),
    ("every-way-back", "every-shades", "light"),
    ("signals-and-volumes", "signals-rise", "light"),
    ("adaptive-and-global-pooling", "adaptive-ten-to-four", "dark"),
]
# And shades of cells that just have lines, or just have none.
OURS = {
    "shades-of-8": lambda: slide(nn.MaxPool2d(10), SHADES[:, :50, :50]),
    "shades-of-7": lambda: slide(nn.MaxPool2d(11), SHADES),
}
FIGURES += [("every-way-back", name, "dark") for name in OURS]
STATES = 4  # of a figure, at most; spread over all of it
HATCH = 8  # pixels from one line of a hatching to the next


class Mute(Canvas):
    """Paints all but letters, whose places it keeps, and knows where a pattern lies."""

    def __init__(self, width, height):
        super().__init__(width, height)
        self.patterned = np.zeros((height, width), bool)
        self.hatching = np.zeros((height, width), bool)
        self.written = {}

    def copy(self):
        twin = Mute(1, 1)
        twin.pixels, twin.patterned = self.pixels.copy(), self.patterned.copy()
        twin.hatching, twin.written = self.hatching.copy(), dict(self.written)
        return twin

    def text(self, x, y, text, size, role="text", anchor="left", bold=False, mono=False):
        # On a hatching it has an edge.
        edged = bool(self.hatching[y - 1, x])
        self.written[x, y] = [text, size, role, anchor, bold, mono, edged]

    def fill(self, box, role):
        super().fill(box, role)
        within(self.patterned, box)[:] = within(self.hatching, box)[:] = False

    def hatch(self, box, role, gap=8):
        super().hatch(box, role, gap)
        within(self.patterned, box)[:] = within(self.hatching, box)[:] = True

    def dashed(self, box, role, width, dash=8):
        super().dashed(box, role, width, dash)
        inside = [box[0] + width, box[1] + width, box[2] - width, box[3] - width]
        kept = within(self.patterned, inside).copy()
        within(self.patterned, box)[:] = True
        within(self.patterned, inside)[:] = kept

    def _hatched(self, cell):
        """Without the clear spot, in whose place the drawing's letters have an edge."""
        left, top, right, bottom = cell.box
        self.hatch((left + 1, top + 1, right - 1, bottom - 1), "hatch")


def within(mask, box):
    """The part of a mask that a box covers, to be changed in place."""
    left, top, right, bottom = (max(side, 0) for side in box)
    return mask[top:bottom, left:right]


def states_of(item):
    """(answers, which picture of the GIF, canvas) of all that it shows but windows on their way."""
    scene = scene_of(item)
    base = Mute(scene.sizes.width, scene.layout.height)
    scene.draw_blank(base)
    opening = base.copy()
    scene.write(opening, scene.opening_words())
    yield 0, "answer", opening
    _, looks, _ = durations(len(scene.shown()))
    for number in range(len(item_steps(item))):
        if looks:
            looking = base.copy()
            scene.look(looking, number)
            yield number, "question", looking
        answered = base.copy()
        scene.answer(answered, number)
        yield number + 1, "answer", answered
        scene.settle(base, number)
    scene.write(base, scene.closing_words())
    yield len(item_steps(item)), "closing", base


# The drawing of each state, one below the other, as large as the GIF; then without its letters.
LAID_OUT = """(element, states) => {
  const { drawing } = element, [width, height] = drawing.data.size;
  const place = document.createElement("div");
  place.className = "md-typeset";
  place.id = "laid-out";
  place.style.cssText = "position: absolute; top: 0; left: 0; z-index: 99";
  for (const [at, phase] of states) {
    [element.at, element.phase] = [at, phase];
    element.show();
    const twin = drawing.svg.cloneNode(true);
    twin.style.cssText = `position: static; display: block; width: ${width}px; height: ${height}px`;
    place.append(twin);
  }
  document.body.append(place);
  return [...place.children].map((twin) => [...twin.querySelectorAll("text")].map((text) => {
    const style = getComputedStyle(text);
    text.style.visibility = "hidden";
    return [text.textContent, text.x.baseVal[0].value, text.y.baseVal[0].value,
      parseFloat(style.fontSize), style.fill, style.textAnchor, style.fontWeight === "700",
      /mono/i.test(style.fontFamily), style.strokeWidth === "7px"];
  }).filter(([words]) => words !== ""));
}"""
ANCHORS = {"left": "start", "middle": "middle"}


@pytest.mark.parametrize(("lesson", "name", "theme"), FIGURES)
def test_the_drawing_is_the_gifs_picture(living, lesson, name, theme):
    page = living(f"lessons/{lesson}/").page
    page.emulate_media(reduced_motion="reduce")
    item = OURS[name]() if name in OURS else items(lesson)[name]
    if name in OURS:
        put_behind(page, "every-shades", name, item)
    states = list(states_of(item))
    states = states[:: -(-len(states) // STATES)]
    in_theme(page, theme)
    element = page.locator(f"#{name} sliding-window")
    element.evaluate("element => element.go(0)")
    texts = element.evaluate(LAID_OUT, [[at, phase] for at, phase, _ in states])
    height, width = states[0][2].pixels.shape
    size = {"width": width, "height": height * len(states)}
    page.set_viewport_size(size)
    shot = page.screenshot(clip={"x": 0, "y": 0, **size}, animations="disabled")
    page.evaluate("document.querySelector('#laid-out').remove()")
    drawn = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)
    palette = np.array(THEMES[theme].full_palette())
    for number, (at, phase, canvas) in enumerate(states):
        picture, gifs = drawn[number * height :][:height], palette[canvas.pixels]
        other = np.argwhere((abs(picture - gifs).max(2) > 8) & ~canvas.patterned)
        assert not len(other), f"{at} {phase}: {len(other)} pixels, from {other[:1]}"
        if canvas.patterned.any():
            means = [one[canvas.patterned].mean(0) for one in (picture, gifs)]
            assert abs(means[0] - means[1]).max() < 4, (at, phase)
        check_hatching(picture, canvas.hatching)
        compare(texts[number], canvas.written, THEMES[theme])


def check_hatching(picture, hatching):
    """Its lines rise to the right, without a break, each as far from the next."""
    rows, cols = np.nonzero(hatching)
    for line in range(HATCH):
        colours = picture[rows, cols][(rows + cols) % HATCH == line]
        assert not len(colours) or np.ptp(colours, 0).max() < 8, line


def compare(found, written, theme):
    """Each text stands where the GIF has it, as large, as bold, and in the same colour."""
    wanted = {place: text for place, text in written.items() if text[0].strip()}
    assert len(found) == len(wanted)
    for words, x, y, size, fill, anchor, bold, mono, edged in found:
        place = min(wanted, key=lambda at: abs(at[0] - x) + abs(at[1] - y))
        assert abs(place[0] - x) <= 0.5 and abs(place[1] - y) <= 0.5, words
        text, points, role, side, heavy, typed, hatched = wanted.pop(place)
        shown = [words, size, fill, anchor, bold, mono, edged]
        assert shown == [text, points, rgb(theme.rgb(role)), ANCHORS[side], heavy, typed, hatched]
