"""A reader looks at cells of a drawing, by mouse and by keys: what is marked, and what is said."""

from collections.abc import Iterator

import pytest
from playing import SHADES, items, put_behind, transcript
from torch import nn

from slidingwindows import slide
from slidingwindows.drawing.stepper import figure_data

LESSON, LIKE = "lessons/every-way-back/", "every-fold"
# Padding, edges that nothing reads, kernels, places with one number, cells that nothing writes or
# several windows write, and shades of all sizes: below 8 pixels they have no lines, below 12 thin
# rings.
OF_LESSONS = {
    "max-pooling": ["max-pool-3x3-stride-2"],
    "every-window": [
        "every-transposed",
        "every-untouched",
        "every-ceil-mode",
        "every-two-channels",
    ],
    "every-way-back": ["every-fold", "every-unpool", "every-gradient-convolution", "every-shades"],
    "gradients-through-pooling": ["gradients-overlap"],
}
OURS = {
    "of-five": lambda: slide(nn.AvgPool1d(5, stride=1), SHADES[0, :1, :12]),
    "one-row": lambda: slide(nn.MaxPool2d((1, 2)), SHADES[:, :1, :6]),
    "folded-shades": lambda: slide(nn.Fold((22, 22), 4, stride=3), SHADES[0, :16, :49]),
    "shades-of-11": lambda: slide(nn.MaxPool2d(12), SHADES[:, :37, :37]),
    "shades-of-12": lambda: slide(nn.MaxPool2d(12), SHADES[:, :36, :36]),
}
MANY = {"of-289": lambda: slide(nn.MaxPool2d(2, 1), SHADES[:, :18, :18])}
FIGURES = [(lesson, name) for lesson, names in OF_LESSONS.items() for name in names]
FIGURES += [("every-way-back", name) for name in OURS]
MOST = 20  # cells of a figure that are looked at, spread over all of it
FEW = 4  # numbers that a sentence names one by one

# What a figure shows: its words, cells, frames by their outer edges, and lines.
SHOWN = """(element) => {
  const { drawing, said, line, scrub } = element;
  return [said.textContent, line.getAttribute("aria-live"), scrub.value,
    drawing.cells.map((cell) => cell.wears),
    [...drawing.overlay.children].map((rect) => {
      const of = (name) => Number(rect.getAttribute(name));
      const half = of("stroke-width") / 2, [x, y] = [of("x") - half, of("y") - half];
      return [x, y, x + of("width") + 2 * half, y + of("height") + 2 * half,
        rect.getAttribute("stroke") ?? rect.getAttribute("fill"), 2 * half];
    }),
    [...drawing.words.children].map((line) => line.textContent)];
}"""
BY_MOUSE = f"""async (element, [at, which]) => {{
  const shown = {SHOWN};
  await element.go(at);
  const {{ svg, cells }} = element.drawing;
  const point = (type, x, y) => {{
    const at = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
    const place = {{ clientX: at.x, clientY: at.y, pointerType: "mouse", bubbles: true }};
    svg.dispatchEvent(new PointerEvent(type, place));
  }};
  const found = [shown(element)];
  for (const {{ x, y, size }} of which.map((id) => cells[id])) {{
    point("pointermove", x + size / 2, y + size / 2);
    found.push(shown(element));
  }}
  point("pointermove", -1, -1);
  found.push(shown(element));
  return found;
}}"""


class Told:
    """What a figure's data say of its cells."""

    def __init__(self, data):
        self.data, self.steps = data, data["steps"]
        self.cells = []
        for number, panel in enumerate(data["panels"]):
            x, y, rows, cols, size, top, left = panel[:7]
            values = data["values"][number].split(" ")
            numbers = data.get("numbers", data["values"])[number].split(" ")
            numbers = numbers if len(numbers) == len(values) else [""] * len(values)  # of shades
            for n, look in enumerate(data["looks"][number]):
                row, col = divmod(n, cols)
                place = [number, row + top, col + left, x + col * size, y + row * size, size]
                self.cells.append([*place, look, values[n], numbers[n]])
            assert n == rows * cols - 1
        self.reads = [
            list(dict.fromkeys([*step[2], *(one for some in step[3].values() for one in some)]))
            for step in self.steps
        ]
        self.writes = [[one[0] for one in step[5]] for step in self.steps]
        self.writers = [[] for _ in self.cells]
        self.targets = [{} for _ in self.cells]  # as keys: each once, in the order of the windows
        for n, (read, written) in enumerate(zip(self.reads, self.writes, strict=True)):
            for cell in written:
                self.writers[cell].append(n)
            for cell in read:
                self.targets[cell].update(dict.fromkeys(written))
        self.last, self.font = len(data["panels"]) - 1, data["panels"][-1][8]
        # A kernel's cells are neither read nor written.
        used = zip(self.cells, self.writers, self.targets, strict=True)
        self.open = {cell[0] for cell, writers, targets in used if writers or targets}

    def tells(self, cell) -> bool:
        panel, look = self.cells[cell][0], self.cells[cell][6]
        return panel in self.open and (look != "e" or bool(self.writers[cell]))

    def wears(self, at, now=None, looks=()) -> list[str]:
        """All cells after some steps, and as a step now shows them."""
        found = [[cell[6], cell[7]] for cell in self.cells]
        for n, step in enumerate(self.steps):
            for id_, text, *fresh in step[5]:
                if n == now:
                    found[id_] = [fresh[0] if fresh else "F", text]
                elif n < at:
                    found[id_] = ["r", text]
        if now is not None:
            for letter, ids in self.steps[now][3].items():
                for id_ in ids:
                    found[id_][0] = letter
        for id_ in looks:
            found[id_][0] = "w"
        return [" ".join(one) for one in found]

    def at_rest(self, at) -> list:
        """Cells, frames and lines after some steps."""
        _, lines, _, _, shapes, *_ = self.steps[at - 1]
        return [self.wears(at, at - 1), list(self.frames(shapes)), lines]

    def ring(self, cell, role) -> list:
        x, y, size = self.cells[cell][3:6]
        edges = [x - 1, y - 1, x + size + 2, y + size + 2]
        return [*edges, f"var(--fig-{role})", 2 if size < 12 else 3]

    def frames(self, shapes) -> Iterator[list]:
        for kind, left, top, right, bottom, role, *width in shapes:
            assert kind in "od"
            yield [left, top, right, bottom, f"var(--fig-{role})", width[0]]

    def place(self, cell) -> str:
        _, row, col = (str(n).replace("-", "−") for n in self.cells[cell][:3])
        return col if self.data["dims"] == 1 else f"({row}, {col})"

    def looked_at(self, cell, at) -> list:
        """What is shown then, as SHOWN tells it."""
        panel, name = self.cells[cell][0], self.data["panels"][self.cells[cell][0]][10]
        writers, targets = self.writers[cell], list(self.targets[cell])
        if panel == self.last and len(writers) == 1:
            sentence, lines, _, _, shapes, *_ = self.steps[writers[0]]
            wears = self.wears(at, writers[0])
            return [sentence, "off", str(at), wears, list(self.frames(shapes)), lines]
        if panel == self.last:
            marked = self.feeding(cell, writers)
            said = f"gets its number from {len(writers)} windows" if writers else "is never written"
            said = f"{name} {self.place(cell)} {said}."
            rings = [self.ring(cell, "fresh")]
            if not self.font:
                rings += [self.ring(one, "edge") for one in marked]
        else:
            holds = f" holds {self.cells[cell][8]}" if self.cells[cell][8] else ""
            what = "added cell" if self.cells[cell][6] == "d" else name
            said = f"{what} {self.place(cell)}{holds}, {self.used(targets)}."
            rings = [self.ring(one, "edge") for one in [cell, *targets]]
            marked = [*targets, cell]
        wears = self.wears(at, None, marked if self.font else ())
        return [said[0].upper() + said[1:], "off", str(at), wears, rings, []]

    def feeding(self, cell, writers) -> list[int]:
        """What is read for a number: if as many are read as are written, one for each."""
        found = []
        for n in writers:
            read, written = self.reads[n], self.writes[n]
            found += [read[written.index(cell)]] if len(read) == len(written) else read
        return list(dict.fromkeys(found))

    def used(self, targets) -> str:
        name = self.data["panels"][-1][10]
        if not targets:
            return "never read"
        if len(targets) > FEW:
            return f"read for {len(targets)} numbers of the {name}"
        return f"read for {name} {', '.join(map(self.place, targets))}"


@pytest.fixture
def figure(living):
    """figure(lesson, name): a figure that rests at its start, and what its data say."""

    def opened(lesson, name):
        page = living(f"lessons/{lesson}/").page
        page.emulate_media(reduced_motion="reduce")
        ours = OURS | MANY
        item = ours[name]() if name in ours else items(lesson)[name]
        if name in ours and not page.locator(f"#{name}").count():
            put_behind(page, LIKE, name, item)
        element = page.locator(f"#{name} sliding-window")
        element.evaluate("element => element.go(0)")
        return element, Told(figure_data(item, transcript(item)))

    return opened


@pytest.mark.parametrize(("lesson", "name"), FIGURES)
def test_each_cell_that_a_mouse_looks_at(figure, lesson, name):
    """Its window or its readers are marked, and it is said what it is; then all is as before."""
    element, told = figure(lesson, name)
    at = (len(told.steps) + 1) // 2
    which = [cell for cell in range(len(told.cells)) if told.tells(cell)]
    which = which[:: -(-len(which) // MOST)]
    before, *found, after = element.evaluate(BY_MOUSE, [at, which])
    for cell, shown in zip(which, found, strict=True):
        assert shown == told.looked_at(cell, at), told.cells[cell]
    assert before == [told.steps[at - 1][0], "polite", str(at), *told.at_rest(at)]
    assert after == before


# Which cell is under each of these points of the drawing, when it is laid out so.
UNDER = """(element, [style, points]) => {
  const { svg, cells } = element.drawing, before = svg.style.cssText;
  svg.style.cssText = `position: fixed; inset: auto; top: 10px; left: 20px; ${style}`;
  const matrix = svg.getScreenCTM();
  const found = points.map(([x, y]) => {
    const at = new DOMPoint(x, y).matrixTransform(matrix);
    return cells.indexOf(element.drawing.cellAt(at.x, at.y));
  });
  svg.style.cssText = before;
  return found;
}"""


@pytest.mark.parametrize(
    ("lesson", "name"),
    [("every-window", "every-transposed"), ("every-window", "every-ceil-mode")],
)
def test_what_is_under_a_point(figure, lesson, name):
    """Each pixel of a cell is its own, where the drawing is as large as the GIF, or fits a box."""
    element, told = figure(lesson, name)
    width, height = told.data["size"]
    points, wide = {}, 3
    for cell, (_, _, _, x, y, size, *_) in enumerate(told.cells):
        middle, last = size // 2, size - 1
        for left, top in ((0, 0), (0, last), (last, 0), (last, last), (middle, middle)):
            points[x + left, y + top] = cell if told.tells(cell) else -1
        for left, top in ((-1, middle), (size, middle), (middle, -1), (middle, size)):
            points.setdefault((x + left, y + top), None)  # a neighbour's, or nobody's
    for x, y in (place for place, cell in points.items() if cell is None):
        there = [
            id_
            for id_, (_, _, _, left, top, size, *_) in enumerate(told.cells)
            if left <= x < left + size and top <= y < top + size and told.tells(id_)
        ]
        points[x, y] = there[0] if there else -1
    sizes = (f"width: {width}px; height: {height}px",)
    found = element.evaluate(UNDER, [sizes[0], list(points)])
    assert found == list(points.values())
    inner = {(x + 0.5, y + 0.5): cell for (x, y), cell in points.items()}
    for size in (f"width: {wide * 300}px; height: 300px", f"width: 300px; height: {wide * 300}px"):
        found = element.evaluate(UNDER, [size, list(inner)])
        assert found == list(inner.values()), size


# What is shown at first and after each key: what has the focus, what SHOWN tells, the dashed frame.
BY_KEYS = """async (element, [at, number, keys]) => {
  await element.go(at);
  const shown = SHOWN, { panels, spot } = element.drawing;
  panels[number].focus();
  const all = () => [panels.indexOf(document.activeElement), spot.getAttribute("visibility"),
    ["x", "y", "width", "height"].map((name) => Number(spot.getAttribute(name))), shown(element)];
  const found = [[false, ...all()]];
  for (const key of keys) {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    panels[number].dispatchEvent(event);
    await new Promise((done) => setTimeout(done));
    found.push([event.defaultPrevented, ...all()]);
  }
  element.stage.focus();
  found.push([false, ...all()]);
  return found;
}""".replace("SHOWN", SHOWN)
WAYS = {"ArrowLeft": (0, -1), "ArrowRight": (0, 1), "ArrowUp": (-1, 0), "ArrowDown": (1, 0)}
KEYS = ["ArrowRight", "ArrowDown", "x", "ArrowLeft", "ArrowLeft", "ArrowUp", "ArrowUp"]
KEYS += ["ArrowDown", "Enter", "ArrowRight", "ArrowRight", "Enter"]


@pytest.mark.parametrize("name", ["every-fold", "every-gradient-max"])
def test_keys_walk_among_the_cells_and_jump_to_what_wrote_one(figure, name):
    element, told = figure("every-way-back", name)
    places = {tuple(cell[:3]): id_ for id_, cell in enumerate(told.cells)}
    for panel in range(len(told.data["panels"])):
        at = 2
        *found, last = element.evaluate(BY_KEYS, [at, panel, KEYS])
        here = next(place for place in places if place[0] == panel)
        for key, (taken, focus, visible, frame, shown) in zip(["", *KEYS], found, strict=True):
            cell = places[here]
            if key in WAYS:
                down, across = WAYS[key]
                cell = places.get((panel, here[1] + down, here[2] + across), cell)
                here = tuple(told.cells[cell][:3])
            jumps = key == "Enter" and bool(told.writers[cell])
            if jumps:
                at = told.writers[cell][-1] + 1
            assert taken == (key in WAYS or key == "Enter"), key
            assert focus == panel
            assert visible == ("hidden" if jumps else "visible")
            x, y, size = told.cells[cell][3:6]
            assert frame == [x + 2, y + 2, size - 3, size - 3]
            rests = [told.steps[at - 1][0], "polite", str(at)]
            expected = told.looked_at(cell, at)
            assert shown[:3] == (rests if jumps else [expected[0], "polite", str(at)]), key
            assert shown[3:] == (told.at_rest(at) if jumps else expected[3:]), key
        assert last[2] == "hidden" and last[4][2:] == [str(at), *told.at_rest(at)]


ATTRIBUTES = """({ drawing }) => drawing.panels.map((panel) =>
  ["aria-hidden", "class", "role", "tabindex", "aria-label"].map((n) => panel.getAttribute(n)))"""


@pytest.mark.parametrize(
    ("lesson", "name"),
    [("every-way-back", "every-gradient-max"), ("every-window", "every-two-channels")],
)
def test_panels_whose_cells_are_used_are_stops_of_tab_while_they_rest(figure, lesson, name):
    element, told = figure(lesson, name)
    for rests in (True, False, True):
        if not rests:
            element.evaluate("element => element.play()")
        stop = "0" if rests else "-1"
        expected = [
            [None, "sw-cells", "img", stop, f"{panel[9]}: with the arrow keys, look at its cells"]
            if number in told.open
            else ["true", None, None, None, None]
            for number, panel in enumerate(told.data["panels"])
        ]
        assert element.evaluate(ATTRIBUTES) == expected
        if not rests:
            element.evaluate("element => element.pause()")


PLAYED = """(element, count) => [...Array(count)].map(() => {
  const found = [element.at, element.phase, element.lasts()];
  element.advance();
  return found;
})"""


def test_of_many_windows_every_second_one_is_played(figure):
    element, told = figure("every-way-back", "of-289")
    opening, _, _, answer, closing = told.data["tempo"]
    assert (len(told.steps), told.data["every"]) == (289, 2)
    played = [[at, "answer", answer] for at in [*range(2, 289, 2), 289]]
    start = [0, "answer", opening]
    expected = [start, *played, [289, "closing", closing], start]
    assert element.evaluate(PLAYED, len(expected)) == expected


# After each event at a cell, or beside the drawing: what is said, whether it moves, and whether the
# drawing was touched.
BY_POINTER = """async (element, events) => {
  const { svg, cells } = element.drawing, found = [];
  let touched = [];
  const seen = new MutationObserver((records) => touched.push(...records));
  seen.observe(svg, { attributes: true, childList: true, subtree: true });
  for (const [type, pointerType, id] of events) {
    const { x, y, size } = cells[id];
    const at = new DOMPoint(x + size / 2, y + size / 2).matrixTransform(svg.getScreenCTM());
    touched = [];
    svg.dispatchEvent(new PointerEvent(type,
      { clientX: at.x, clientY: at.y, pointerType, bubbles: type !== "pointerleave" }));
    await new Promise((done) => setTimeout(done));
    found.push([element.said.textContent, element.moving, touched.length > 0]);
  }
  seen.disconnect();
  return found;
}"""


def test_a_finger_looks_at_what_it_taps_and_a_mouse_at_what_it_is_on(figure):
    element, told = figure("max-pooling", "max-pool-3x3-stride-2")
    element.evaluate("element => element.go(9)")
    rest = told.steps[8][0]
    cell, other, written = 8, 9, len(told.cells) - 5
    one, two = (told.looked_at(id_, 9)[0] for id_ in (cell, other))
    expected = [
        [("pointerdown", "touch", cell), (rest, False, False)],
        [("pointermove", "touch", other), (rest, False, False)],
        [("click", "touch", cell), (one, False, True)],
        [("pointermove", "touch", other), (one, False, False)],
        [("pointerleave", "touch", other), (one, False, False)],
        [("pointermove", "mouse", other), (two, False, True)],
        [("pointermove", "mouse", other), (two, False, False)],
        [("pointerdown", "mouse", cell), (two, False, False)],
        [("pointerleave", "mouse", cell), (rest, False, True)],
        [("pointerleave", "mouse", cell), (rest, False, False)],
        [("click", "mouse", written), (told.steps[4][0], False, True)],  # where it leads
    ]
    found = element.evaluate(BY_POINTER, [event for event, _ in expected])
    assert [tuple(one) for one in found] == [then for _, then in expected]
    element.evaluate("element => element.play()")
    moving = [("pointermove", "mouse", cell), ("click", "mouse", cell)]
    found = element.evaluate(BY_POINTER, moving)
    said, now = told.steps[4][0], told.looked_at(cell, 5)[0]
    assert found == [[said, True, False], [now, False, True]]
