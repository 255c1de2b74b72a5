"""The stepper in a real browser: every step of every figure, every control, every way to fail."""

import contextlib
import gzip
import re
import time

import pytest
from PIL import Image
from playing import HIDE, Player, answer_instead, asked_for, facts, items, rgb
from playwright.sync_api import expect
from recording import settled
from site_pages import DESKTOP, NOTEBOOKS, PHONE, until

from slidingwindows.core.trace import Trace
from slidingwindows.core.transfer import Transfer
from slidingwindows.drawing import style
from slidingwindows.drawing.animation import GLIDE, durations, item_steps, scene_of
from slidingwindows.drawing.canvas import Canvas
from slidingwindows.drawing.grid import cell_text

LESSON = "lessons/max-pooling/"
TIED = "lessons/gradients-through-pooling/"
WITHOUT = {"Network", "Plot"}  # pictures of networks and plots have no windows to step through


# Which picture it is, how many answers are drawn, and what slider and counter say.
STATE = """({ at, phase, drawing, scrub, where }) => [
    at, phase, drawing.cells.filter((cell) =>
        cell.writers.length && /^[rf]/i.test(cell.wears)).length,
    scrub.value, scrub.getAttribute("aria-valuetext"), where.textContent]"""


class Figure(Player):
    """A figure with windows."""

    tag, picture = "sliding-window", ".sw-light img"

    def __init__(self, page, name):
        super().__init__(page, name)
        self.svg = self.whole.locator(".sw-scene")
        self.steps = facts(name)["transcript"][-facts(name)["steps"] - 1 : -1]

    def at(self, number):
        expect(self.line).to_have_text(self.steps[number - 1])
        expect(self.scrub).to_have_value(str(number))

    def seen(self):
        """All that the drawing shows but its still parts."""
        return self.element.evaluate(
            """({ drawing }) => [drawing.cells.map((cell) => cell.wears).join(),
                drawing.overlay.innerHTML, drawing.words.textContent]"""
        )

    def state(self):
        """[answers written, which picture of the GIF it is]; slider and counter say the first."""
        return self.told(self.element.evaluate(STATE))

    def told(self, state):
        """The same of a STATE."""
        at, phase, drawn, *bar = state
        assert drawn == at
        assert bar == self.bar_at(at, len(self.steps))
        return [at, phase]

    def cell(self, panel, row, col):
        """The middle of a cell, on the screen."""
        return self.element.evaluate(
            """(element, [panel, row, col]) => {
                const cell = element.drawing.cells.find((c) =>
                    c.panel === panel && c.row === row && c.col === col)
                const box = cell.rect.getBoundingClientRect()
                return [box.x + box.width / 2, box.y + box.height / 2]
            }""",
            [panel, row, col],
        )


# As instant navigation brings it: the figure of the file, to which nothing has been done yet.
AFRESH = """async name => {
  document.activeElement.blur();
  const text = await (await fetch(location.pathname)).text();
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById(name);
  document.getElementById(name).replaceWith(document.importNode(fresh, true));
}"""


@pytest.fixture
def afresh(living):
    """afresh(path, name, reduced_motion=...): a page of many tests, this figure as it was sent.

    before(page) is called before the page is opened for the first of them.
    """
    with contextlib.ExitStack() as stack:

        def begun(path=LESSON, name="max-pool-3x3-stride-2", before=lambda page: None, **media):
            here = living(path, before)
            stack.callback(calm, here)
            here.page.emulate_media(**{"reduced_motion": "no-preference", **media})
            here.page.mouse.move(0, 0)
            here.page.evaluate(AFRESH, name)
            return here

        yield begun


def calm(here):
    """Nothing moves on a page that no test looks at, and no test has left a fault in it."""
    here.page.emulate_media(media="screen", color_scheme="light", reduced_motion="reduce")
    here.page.evaluate("""() => {
        document.body.dataset.mdColorScheme = "default";
        for (const one of document.querySelectorAll("[data-drawn]")) if (one.moving) one.pause();
    }""")
    assert not here.problems


@pytest.fixture
def tab(living):
    """A tab in which tests open their pages, one after the other; in the end it is as before."""
    here = living("about/")
    here.problems.clear()
    yield here
    here.page.unroute_all()
    here.page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    here.page.set_viewport_size(DESKTOP)
    here.go("about/")


def figure_on(page, name="max-pool-3x3-stride-2", taken=True):
    """A figure on the screen. taken: it no longer plays by itself, but waits at the start."""
    figure = Figure(page, name)
    figure.whole.scroll_into_view_if_needed()
    if taken:
        figure.element.evaluate("element => element.go(0)")
    return figure


def test_script_and_data_are_small(site):
    script = (site / "assets" / "site.js").read_bytes()
    assert len(gzip.compress(script)) < 8_000
    sizes = [len(gzip.compress(p.read_bytes())) for p in (site / "figures").glob("*.trace.js")]
    assert len(sizes) > 80 and max(sizes) < 10_000 and sum(sizes) < 200_000
    assert not re.search(rb"innerHTML|eval\(|Function\(|import |export |insertAdjacent", script)


def test_colours_are_the_figures(site):
    css = (site / "assets" / "site.css").read_text("utf-8")
    for theme, scheme in (("light", "default"), ("dark", "slate")):
        block = re.search(rf'\[data-md-color-scheme="{scheme}"\] {{\s*(--fig-.*?)}}', css, re.S)[1]
        found = dict(re.findall(r"--fig-(\w+): (#\w+);", block))
        assert found == dict(zip(style.ROLES, style.THEMES[theme].colours, strict=True))


@pytest.mark.parametrize("lesson", NOTEBOOKS)
def test_every_step_of_every_figure(seen, lesson):
    """Sentences are the transcript's, and numbers are torch's, cell by cell."""
    steps = seen(f"lessons/{lesson}/", "zoom")["steps"]
    assert [name for name, *_ in steps] == list(items(lesson))
    for name, figure, said, cells in steps:
        item = items(lesson)[name]
        count = len(item_steps(item))
        assert figure == name and said == facts(name)["transcript"][-count - 1 : -1], name
        check_cells(item, cells, name)
        assert max(cell["off"] for cell in cells) < 2, f"{name}: a number is not in its cell"


def check_cells(item, cells, name):
    scene = scene_of(item)
    target = item.target if isinstance(item, Transfer) else item.output
    digits, last = scene.layout.digits, len(scene.layout.inputs) + len(scene.layout.kernels)
    shown = {(c["panel"], c["row"], c["col"]): c for c in cells}
    source, planes = item, range(len(scene.layout.inputs))
    if isinstance(item, Transfer) and item.forward:
        source, planes = item.forward, [item.plane]
    for number, panel in enumerate(planes):
        (top, bottom), (left, right) = (
            axis.padding for axis in (item.geometry.rows, item.geometry.cols)
        )
        moved = isinstance(item, Transfer) and item.kind in ("unpool", "fold")
        grid = scene.layout.inputs[number]
        rows = range(grid.first_row, grid.first_row + grid.rows)
        cols = range(grid.first_col, grid.first_col + grid.cols)
        if not moved:  # past the padding, ceil_mode's windows read nothing
            rows = range(-top, item.geometry.rows.size + bottom)
            cols = range(-left, item.geometry.cols.size + right)
        for row in rows:
            for col in cols:
                value, cell = source.at(panel, row, col), shown[number, row, col]
                check_cell(
                    scene,
                    "input",
                    cell,
                    value,
                    digits,
                    padding=source_padding(source, panel, row, col),
                )
        if not moved:
            check_edge(shown, number, rows, cols, name)
    for row, line in enumerate(target):
        for col, value in enumerate(line):
            check_cell(scene, "output", shown[last, row, col], value, digits)


def check_edge(shown, number, rows, cols, name):
    """Where windows reach past the padding no cell is drawn, so that the dashed frame is seen."""
    for (panel, row, col), cell in shown.items():
        if panel == number:
            drawn = cell["fill"] != "none" or cell["stroke"] != "none"
            assert drawn == (row in rows and col in cols), f"{name}: {cell}"


def source_padding(source, plane, row, col):
    if isinstance(source, Transfer):
        return source.is_padding(row, col)
    return source.is_padding(row, col, plane)


def check_cell(scene, role, cell, value, digits, padding=False):
    if not scene.shaded:
        assert cell["text"] == cell_text(value, digits), cell
    elif not padding:
        level = round(255 * scene.level(role, value) / 15)
        assert cell["fill"] == rgb([level] * 3), cell


@pytest.mark.parametrize("lesson", NOTEBOOKS)
def test_every_moving_figure_has_one_pause_button(seen, lesson):
    moving = [one for one in seen(f"lessons/{lesson}/", "light")["figures"] if one["moving"]]
    for figure in moving:
        assert figure["controls"] == 1, figure
        stepped = facts(figure["id"])["operation"] not in WITHOUT
        assert figure["stepped"] == stepped, figure


def playing(afresh, path=LESSON, name="max-pool-3x3-stride-2"):
    """A figure that has begun to play by itself, by a clock of ours, which stands still."""
    here = afresh(f"{path}?by-our-clock", name, lambda page: page.clock.install())
    figure = figure_on(here.page, name, taken=False)
    figure.svg.wait_for()
    until(here.page, "element => element.inSight", figure.element.element_handle())
    if not here.page.evaluate("globalThis.stopped"):
        here.page.clock.pause_at(time.time() + 3600)
        here.page.evaluate("globalThis.stopped = true")
    figure.element.evaluate(
        "e => { [e.at, e.phase, e.taken, e.moving] = [0, 'answer', false, true]; e.update() }"
    )
    figure.clock = here.page.clock
    return here, figure


def test_only_what_comes_near_is_asked_for(visit):
    here = visit()
    page = here.go(LESSON)
    settled(page)
    assert asked_for(here, ".trace.js") == []
    figure_on(page, taken=False).svg.wait_for()
    first = asked_for(here, ".trace.js")
    assert "max-pool-3x3-stride-2.trace.js" in first
    assert len(first) < page.locator("sliding-window").count()
    here.scroll_through()
    until(page, "[...document.querySelectorAll('sliding-window')].every(one => one.drawing)")
    asked = asked_for(here, ".trace.js")
    assert sorted(set(asked)) == sorted(asked)
    stepped = {f"{name}.light.gif" for name in items("max-pooling")}
    assert stepped and not stepped & set(asked_for(here, ".gif"))
    assert not here.problems


def test_buttons_by_pointer(afresh):
    here = afresh()
    figure = figure_on(here.page, taken=False)
    expect(figure.svg).to_be_visible()
    expect(figure.play).to_have_attribute("aria-label", "Pause")
    figure.play.click()
    expect(figure.play).to_have_attribute("aria-label", "Play")
    figure.scrub.fill("0")
    expect(figure.line).to_contain_text("Size: ")
    figure.forward.click()
    figure.at(1)
    figure.forward.dblclick()
    figure.at(3)
    figure.back.click()
    figure.at(2)
    figure.scrub.fill("9")
    figure.at(9)
    figure.forward.click()
    figure.at(9)
    assert not here.problems


def test_all_by_keyboard(afresh):
    here = afresh()
    page = here.page
    figure = figure_on(page, taken=False)
    figure.svg.wait_for()
    figure.stage.focus()
    # While it plays, Tab goes to the buttons at once.
    page.keyboard.press("Tab")
    expect(figure.back).to_be_focused()
    figure.stage.focus()
    page.keyboard.press("Space")
    expect(figure.play).to_have_attribute("aria-label", "Play")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    figure.at(1)
    page.keyboard.press("End")
    figure.at(9)
    page.keyboard.press("ArrowLeft")
    figure.at(8)
    page.keyboard.press("Home")
    expect(figure.scrub).to_have_value("0")
    page.keyboard.press("Space")
    expect(figure.play).to_have_attribute("aria-label", "Pause")
    page.keyboard.press("Space")
    expect(figure.play).to_have_attribute("aria-label", "Play")
    # Tab goes through the cells, the buttons, the slider and the speed.
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    cells = "{}: with the arrow keys, look at its cells"
    panels = [cells.format("input 5×5"), cells.format("output 3×3")]
    assert reached[:7] == [*panels, "Step back", "Play", "Step forward", "Step", "Speed"]
    figure.stage.focus()
    page.keyboard.press("Home")
    figure.forward.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    figure.at(2)
    figure.scrub.focus()
    page.keyboard.press("ArrowRight")
    figure.at(3)
    figure.speed.focus()
    page.keyboard.press("ArrowDown")
    expect(figure.speed).to_have_value("2")
    figure.at(3)
    assert not here.problems


# Of the stage, of each control and of the signs on the buttons: all attributes, and what is inside.
NAMED = """({ stage, bar }) => {
  const of = (one) => Object.fromEntries([...one.attributes].map((a) => [a.name, a.value]));
  return [of(stage), ...[...bar.children].map((one) => {
    const sign = one.querySelector("svg");
    if (!sign) return [one.localName, of(one), [...one.children].map((c) => [c.value, c.text])];
    const { x, y, width, height } = sign.firstChild.getBBox();
    return [one.localName, of(one), [of(sign), x, y, width, height]];
  })];
}"""
SIGNS = {"back": [6, 6, 12, 12], "play": [8, 5, 11, 14], "pause": [6, 5, 12, 14]}
SIGNS["forward"] = SIGNS["back"]


def test_all_controls_have_names_and_signs(afresh):
    figure = figure_on(afresh().page)
    stage, *bar = figure.element.evaluate(NAMED)
    call = "Step by step: nn.MaxPool2d(kernel_size=3, stride=2, padding=1)"
    assert stage == {"class": "sw-stage", "tabindex": "0", "role": "group", "aria-label": call}

    def button(name, label, sign):
        inside = [{"viewBox": "0 0 24 24", "aria-hidden": "true"}, *SIGNS[sign]]
        named = {"type": "button", "class": f"sw-step sw-{name}"}
        return ["button", {**named, "aria-label": label, "title": label}, inside]

    said = {"aria-label": "Step", "aria-valuetext": "0 of 9"}
    speeds = [["0.5", "0.5×"], ["1", "1×"], ["2", "2×"], ["4", "4×"]]
    others = [
        button("back", "Step back", "back"),
        button("forward", "Step forward", "forward"),
        ["input", {"type": "range", "min": "0", "max": "9", "value": "0", **said}, []],
        ["span", {"class": "sw-at", "aria-hidden": "true"}, []],
        ["select", {"aria-label": "Speed", "title": "Speed"}, speeds],
    ]
    assert bar == [others[0], button("play", "Play", "play"), *others[1:]]
    expect(figure.speed).to_have_value("1")
    expect(figure.svg).to_have_attribute("aria-label", call.removeprefix("Step by step: "))
    expect(figure.svg).to_have_attribute("role", "group")
    figure.play.click()
    _, _, toggle, *_ = figure.element.evaluate(NAMED)
    assert toggle == button("play", "Pause", "pause")


# What each key does at step 3: whether the page is kept from its own, where it leads, and whether
# the figure moves then.
KEYS = """async (element, keys) => {
  const found = [];
  for (const [selector, key, held] of keys) {
    element.moving = false;
    await element.go(3);
    const event = new KeyboardEvent("keydown",
      { key, bubbles: true, cancelable: true, ...(held && { [held]: true }) });
    element.querySelector(selector).dispatchEvent(event);
    await new Promise((done) => setTimeout(done));
    found.push([event.defaultPrevented, element.at, element.moving]);
  }
  return found;
}"""


def test_keys_are_the_figures_where_nothing_else_takes_them(afresh):
    figure = figure_on(afresh().page)
    nothing = [False, 3, False]
    expected = {
        (".sw-stage", " ", ""): [True, 3, True],
        (".sw-stage", "ArrowLeft", ""): [True, 2, False],
        (".sw-stage", "ArrowRight", "shiftKey"): [True, 4, False],
        (".sw-forward", "Home", ""): [True, 0, False],
        (".sw-cells", "End", ""): [True, 9, False],
        (".sw-cells", " ", ""): [True, 3, True],
        (".sw-stage", "a", ""): nothing,
        (".sw-stage", "ArrowUp", ""): nothing,
        (".sw-stage", "Enter", ""): nothing,
        (".sw-forward", " ", ""): nothing,
        (".sw-bar input", "End", ""): nothing,
        (".sw-bar select", "ArrowLeft", ""): nothing,
    }
    expected |= {(".sw-stage", "End", f"{key}Key"): nothing for key in ("ctrl", "alt", "meta")}
    assert figure.element.evaluate(KEYS, list(expected)) == list(expected.values())


def test_what_stays_is_not_told_again(afresh):
    """A live region would speak, and a button would be another one under the pointer."""
    figure = figure_on(afresh().page)
    changes = figure.element.evaluate("""async (element) => {
      await element.go(9);
      const found = [], all = { childList: true, subtree: true };
      const seen = new MutationObserver((records) => found.push(...records));
      seen.observe(element.line, { ...all, characterData: true });
      seen.observe(element.toggle, { ...all, attributes: true });
      await element.go(9);
      await new Promise((done) => setTimeout(done));
      found.push(element);
      await element.go(8);
      await new Promise((done) => setTimeout(done));
      seen.disconnect();
      return found.map((one) => one.target === element.said);
    }""")
    assert changes == [False, True]


def test_a_figure_that_is_taken_away_rests_and_goes_on_where_it_is_put(afresh):
    here, figure = playing(afresh)
    figure.clock.run_for(5000)
    state, handle = figure.state(), figure.element.element_handle()
    parent = here.page.evaluate_handle(
        "e => { const p = e.parentNode; e.remove(); return p }", handle
    )
    handle.evaluate("e => e.update()")  # as when its data come only then
    here.page.clock.run_for(60_000)
    here.page.evaluate("([parent, e]) => parent.prepend(e)", [parent, handle])
    assert figure.state() == state
    until(here.page, "e => e.inSight", handle)
    # At once to another place: nobody sees it leave.
    here.page.evaluate("([parent, e]) => { e.remove(); parent.prepend(e) }", [parent, handle])
    until(here.page, "e => e.inSight", handle)
    figure.clock.run_for(figure.element.evaluate("element => element.lasts()"))
    assert figure.state() != state
    assert figure.whole.locator(".sw-bar > *").count() == 6
    assert not here.problems


def test_what_lacks_a_part_stays_as_it_is(afresh):
    here = afresh()
    parts = here.page.evaluate("""() => {
      const classes = ["sw-stage", "sw-bar", "sw-sentence"];
      return classes.map((left) => {
        const element = document.createElement("sliding-window");
        for (const name of classes) if (name !== left)
          element.append(Object.assign(document.createElement("span"), { className: name }));
        document.body.append(element);
        const { innerHTML } = element;
        element.remove();
        return innerHTML;
      });
    }""")
    spans = [f'<span class="{name}"></span>' for name in ("sw-stage", "sw-bar", "sw-sentence")]
    assert parts == ["".join(spans[:n] + spans[n + 1 :]) for n in range(3)]
    assert not here.problems


# Puts a figure's stage, of 400 pixels, so that it begins so many above the screen's lower edge.
ABOVE = """({ style }, pixels) => Object.assign(style, { position: "fixed", left: 0, zIndex: -1,
  top: `${innerHeight - pixels}px`, width: "640px", height: "400px" })"""


def test_it_loads_before_it_is_reached_and_moves_once_a_quarter_is_seen(afresh):
    page = afresh().page
    figure = Figure(page, "max-pool-3x3-stride-2")
    page.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    page.evaluate(AFRESH, figure.name)
    handle = figure.element.element_handle()
    figure.stage.evaluate(ABOVE, -590)
    until(page, "element => element.drawing", handle)
    for pixels, moves in ((100, True), (99, False), (100, True)):
        figure.stage.evaluate(ABOVE, pixels)
        until(page, "([element, moves]) => element.inSight === moves", [handle, moves])


def test_the_slider_rests_under_the_focus(afresh):
    """Else it would move under a hand, and a screen reader would tell each of its values."""
    _, figure = playing(afresh)
    figure.clock.run_for(5000)
    before = figure.state()
    assert before[0] > 0
    figure.scrub.focus()
    expect(figure.play).to_have_attribute("aria-label", "Play")
    figure.clock.run_for(60_000)
    assert figure.state() == before


def shown_by_gif(site, name, item):
    """[answers, phase, milliseconds] of each picture; durations are the GIF file's own."""
    with Image.open(site / "figures" / f"{name}.light.gif") as gif:
        times = []
        for frame in range(gif.n_frames):
            gif.seek(frame)
            times.append(gif.info["duration"])
    shown = scene_of(item).shown()
    glide, look, _ = durations(len(shown))
    states, times = [[0, "answer", times[0]]], times[1:]
    for before, index in zip([-1, *shown], shown, strict=False):
        if look:
            ways = len(GLIDE) if glide and before >= 0 else 0
            states.append([before + 1, "question", sum(times[: ways + 1])])
            times = times[ways + 1 :]
        states.append([index + 1, "answer", times.pop(0)])
    [last] = times
    return [*states, [len(item_steps(item)), "closing", last]]


# From picture to picture, as by the clock: [STATE, how long it lasts, the words on it] of each.
TOUR = f"""(element, count) => {{
  const found = [];
  for (let n = 0; n < count; n++) {{
    found.push([({STATE})(element), element.lasts(),
      [...element.drawing.words.children].map((line) => line.textContent)]);
    element.advance();
  }}
  return found;
}}"""
TOURS = [
    ("gradients-through-pooling", "max-pool-ties"),
    ("every-window", "every-transposed"),
    ("every-way-back", "every-fold"),
    ("every-way-back", "every-shades"),
]


@pytest.mark.parametrize(("lesson", "name"), TOURS)
def test_the_drawing_shows_what_the_gif_shows_for_as_long(afresh, site, lesson, name):
    """State by state: words, numbers, slider and counter; then all of it begins again."""
    item = items(lesson)[name]
    scene, there = scene_of(item), afresh(f"lessons/{lesson}/", name)
    there.page.emulate_media(reduced_motion="reduce")
    figure = figure_on(there.page, name)
    expected = shown_by_gif(site, name, item)
    expected.append(expected[0])
    found = figure.element.evaluate(TOUR, len(expected))
    for (at, phase, milliseconds), (state, lasts, said) in zip(expected, found, strict=True):
        if phase == "closing":
            words = scene.closing_words()
        elif phase == "question":
            canvas = Told(scene.sizes.width, scene.layout.height)
            scene.look(canvas, at)
            words = canvas.lines
        else:
            words = scene.words(item_steps(item)[at - 1]) if at else scene.opening_words()
        assert [*state[:2], lasts, said] == [at, phase, milliseconds, words]
        if isinstance(item, Trace):
            assert figure.told(state) == [at, phase]


class Told(Canvas):
    """Keeps the lines of words that it is told to write."""

    def __init__(self, width, height):
        super().__init__(width, height)
        self.lines = []

    def text(self, x, y, text, size, role="text", *more, **options):
        if text != "?" and role == "text" and not more and not options:
            self.lines.append(text)


def test_it_plays_by_itself_and_says_nothing(afresh):
    """By a clock of ours: each picture comes when its time has come, not before, and again."""
    here, figure = playing(afresh, TIED, "max-pool-ties")
    expect(figure.play).to_have_attribute("aria-label", "Pause")
    hint = figure.line.text_content()
    assert "arrow keys" in hint
    opening, glide, look, answer, closing = figure.element.evaluate("e => e.drawing.data.tempo")
    states = [([0, "answer"], opening)]
    for number in range(len(figure.steps)):
        states.append(([number, "question"], look + (glide if number else 0)))
        states.append(([number + 1, "answer"], answer))
    states.append(([len(figure.steps), "closing"], closing))
    for state, milliseconds in [*states, states[0]]:
        assert figure.state() == state
        figure.clock.run_for(milliseconds - 1)
        assert figure.state() == state
        expect(figure.line).to_have_attribute("aria-live", "off")
        assert figure.line.text_content() == hint
        figure.clock.run_for(1)
    assert figure.state() == states[1][0]
    assert not here.problems


def test_speed(afresh):
    _, figure = playing(afresh, TIED, "max-pool-ties")
    opening, _, look, answer, _ = figure.element.evaluate("e => e.drawing.data.tempo")
    figure.speed.select_option("4")
    figure.clock.run_for(opening / 4)
    assert figure.state() == [0, "question"]
    figure.clock.run_for(look / 4 - 1)
    figure.stage.focus()
    figure.stage.blur()  # whose leaving does not delay it
    assert figure.state() == [0, "question"]
    figure.clock.run_for(1)
    assert figure.state() == [1, "answer"]
    figure.speed.select_option("0.5")
    figure.clock.run_for(2 * answer - 1)
    assert figure.state() == [1, "answer"]
    figure.clock.run_for(1)
    assert figure.state() == [1, "question"]


def test_pause_freezes_what_is_seen_and_play_goes_on_from_it(afresh):
    here, figure = playing(afresh, TIED, "max-pool-ties")
    closing = facts("max-pool-ties")["steps"]
    said = {(0, "answer"): re.compile("^Size: "), (closing, "closing"): re.compile(" in, .* out.$")}
    for _ in range(2 * closing + 2):
        seen, state = figure.seen(), figure.state()
        figure.play.click()
        expect(figure.play).to_have_attribute("aria-label", "Play")
        figure.clock.run_for(60_000)
        assert figure.seen() == seen and figure.state() == state
        at, phase = state
        asked = re.compile(r"=\s\?$")
        sentence = asked if phase == "question" else figure.steps[at - 1] if at else None
        expect(figure.line).to_have_text(said.get(tuple(state), sentence))
        expect(figure.line).to_have_attribute("aria-live", "polite")
        if at == closing:
            figure.element.evaluate("element => { element.moving = true; element.update() }")
        else:
            figure.play.click()
        expect(figure.play).to_have_attribute("aria-label", "Pause")
        assert figure.seen() == seen and figure.state() == state
        expect(figure.line).to_have_attribute("aria-live", "off")
        figure.clock.run_for(figure.element.evaluate("element => element.lasts()"))
        assert figure.state() != state
    assert figure.state() == [0, "answer"]
    assert not here.problems


def test_steps_from_a_question_lead_to_both_sides(afresh):
    _, figure = playing(afresh, TIED, "max-pool-ties")
    question = "e => { [e.at, e.phase] = [2, 'question']; e.update() }"
    for key, at in (("ArrowLeft", 2), ("ArrowRight", 3)):
        figure.element.evaluate(question)
        figure.stage.press(key)
        figure.at(at)
    figure.element.evaluate(question)
    figure.back.click()
    figure.at(2)
    figure.scrub.fill(str(len(figure.steps)))
    figure.at(len(figure.steps))
    figure.play.click()  # from the end there is nothing to go on to
    assert figure.state() == [0, "answer"]


def test_it_rests_while_nobody_sees_it(afresh):
    here, figure = playing(afresh)
    figure.clock.run_for(5000)
    seen, state = figure.seen(), figure.state()
    assert state[0] > 0
    in_sight = "element => element.inSight"
    handle = figure.element.element_handle()
    here.page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    until(here.page, f"element => !({in_sight})(element)", handle)
    figure.clock.run_for(60_000)
    assert figure.seen() == seen and figure.state() == state
    figure.whole.scroll_into_view_if_needed()
    until(here.page, in_sight, handle)
    here.page.evaluate(HIDE, True)
    figure.clock.run_for(60_000)
    assert figure.seen() == seen and figure.state() == state
    here.page.evaluate(HIDE, False)
    figure.clock.run_for(figure.element.evaluate("element => element.lasts()"))
    assert figure.state() != state


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_picture_and_drawing_are_never_seen_at_once(tab, scheme):
    page, held = tab.page, []
    page.emulate_media(color_scheme=scheme)
    page.route("**/*.trace.js", lambda route: held.append(route))
    tab.go(LESSON)
    figure = figure_on(page, taken=False)
    image = figure.whole.locator(f".sw-{scheme} img")
    image.wait_for()
    until(page, "() => globalThis.SlidingWindows && document.querySelector('.sw-play')")
    expect(figure.svg).to_have_count(0)
    expect(figure.play).to_be_visible()
    for unknown in (figure.scrub, figure.speed, figure.whole.locator(".sw-at")):
        expect(unknown).to_be_hidden()
    place = figure.whole.bounding_box()
    while not held:
        page.wait_for_timeout(20)
    for route in held:
        route.continue_()
    figure.svg.wait_for()
    expect(image).to_be_hidden()
    for known in (figure.scrub, figure.speed, figure.whole.locator(".sw-at")):
        expect(known).to_be_visible()
    assert figure.whole.bounding_box() == place


def look(figure, letter="w"):
    """(panel, row, column) of all cells that wear a look."""
    return figure.element.evaluate(
        """(element, letter) => element.drawing.cells
            .filter((c) => c.wears.toLowerCase().startsWith(letter))
            .map((c) => [c.panel, c.row, c.col])""",
        letter,
    )


def test_pointing_at_an_output_shows_its_window(afresh):
    page = afresh().page
    figure = figure_on(page)
    figure.forward.click()
    figure.at(1)
    page.mouse.move(*figure.cell(1, 2, 1))
    expect(figure.line).to_have_text(figure.steps[7])
    window = [[0, r, c] for r in (3, 4, 5) for c in (1, 2, 3)]
    assert sorted(look(figure) + look(figure, "k")) == window
    expect(figure.scrub).to_have_value("1")
    page.mouse.move(1, 1)
    figure.at(1)
    page.mouse.click(*figure.cell(1, 2, 1))
    page.mouse.move(1, 1)
    figure.at(8)


def test_pointing_at_an_input_shows_who_uses_it(afresh):
    page = afresh().page
    figure = figure_on(page)
    figure.scrub.fill("9")
    figure.at(9)
    page.mouse.move(*figure.cell(0, 1, 1))
    expect(figure.line).to_have_text(
        "Input (1, 1) holds 6, read for output (0, 0), (0, 1), (1, 0), (1, 1)."
    )
    used = [[1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]]
    assert sorted(look(figure)) == [[0, 1, 1], *used]
    page.mouse.move(*figure.cell(0, -1, -1))
    expect(figure.line).to_have_text("Added cell (−1, −1) holds −∞, read for output (0, 0).")
    # From where a mouse has clicked, keys go on, and only then is the place framed.
    page.mouse.click(*figure.cell(0, 1, 2))
    spot = figure.whole.locator(".sw-spot")
    expect(spot).to_have_attribute("visibility", "hidden")
    page.keyboard.press("ArrowRight")
    expect(figure.line).to_have_text(re.compile(r"^Input \(1, 3\) holds "))
    expect(spot).to_have_attribute("visibility", "visible")


def test_every_input_cell_names_the_outputs_that_read_it(living):
    """All kinds of windows: what is said of each cell is what the trace holds."""
    page = living("lessons/every-window/").page
    for name, item in items("every-window").items():
        if isinstance(item, Transfer):
            continue
        found = page.locator(f"#{name} sliding-window").evaluate(
            """async (element) => {
                await element.go(1)
                const { cells, data } = element.drawing
                return cells.filter((c) => c.panel < data.looks.length - 1 && c.readers.length)
                    .map((c) => [c.panel, c.row, c.col, c.readers])
            }"""
        )
        readers = {}
        for number, step in enumerate(item.steps):
            for tap in step.taps:
                readers.setdefault(tap[:3], []).append(number)
        assert {tuple(cell[:3]): cell[3] for cell in found} == readers, name


def test_cells_by_keyboard(afresh):
    page = afresh().page
    figure = figure_on(page)
    figure.forward.click()
    figure.at(1)
    figure.stage.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(figure.line).to_have_text(figure.steps[0])
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(figure.line).to_have_text(figure.steps[4])
    expect(figure.whole.locator(".sw-spot")).to_have_attribute("visibility", "visible")
    page.keyboard.press("Enter")
    figure.at(5)
    page.keyboard.press("Shift+Tab")
    expect(figure.line).to_have_text(re.compile(r"^Added cell \(−1, −1\) holds −∞"))
    page.keyboard.press("Shift+Tab")
    figure.at(5)


def test_touch(visit):
    page = visit(viewport=PHONE, has_touch=True, is_mobile=True).go(LESSON)
    figure = figure_on(page)
    for button in (figure.back, figure.play, figure.forward):
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 24
    figure.forward.tap()
    figure.at(1)
    page.touchscreen.tap(*figure.cell(1, 1, 1))
    figure.at(5)
    page.touchscreen.tap(*figure.cell(0, 1, 1))
    expect(figure.line).to_have_text(re.compile(r"^Input \(1, 1\) holds 6"))


def test_several_windows_that_write_one_cell(afresh):
    page = afresh("lessons/every-way-back/", "every-fold").page
    figure = figure_on(page, "every-fold")
    figure.scrub.fill("9")
    figure.at(9)
    page.mouse.move(*figure.cell(1, 1, 1))
    expect(figure.line).to_have_text("Output (1, 1) gets its number from 4 windows.")
    assert len(look(figure)) == 4


# Steps to the end by its button: [where it is, what it says, where the caption is] of each step.
STEPPED = """async ({ forward, count, scrub, line, parentElement }) => {
  const caption = parentElement.closest("figure").querySelector("figcaption"), found = [];
  for (let number = 0; number < count; number++) {
    forward.click();
    for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame); // it has been painted
    const { x, y, width, height } = caption.getBoundingClientRect();
    found.push([scrub.value, line.textContent, { x, y, width, height }]);
  }
  return found;
}"""


@pytest.mark.parametrize("width", [320, 768, 1280, 2560])
def test_same_place_same_size_at_every_width(tab, width):
    tab.page.set_viewport_size({"width": width, "height": 900})
    page = tab.go(LESSON)
    page.evaluate("""() => { globalThis.shifts = 0; new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shifts += entry.value
    }).observe({ type: "layout-shift", buffered: true }) }""")
    figure = figure_on(page)
    settled(page)
    caption = figure.whole.locator("figcaption")
    before, place = figure.image.bounding_box(), caption.bounding_box()
    expected = [[str(n), said, place] for n, said in enumerate(figure.steps, 1)]
    assert figure.element.evaluate(STEPPED) == expected and len(expected) == 9
    assert figure.svg.bounding_box() == pytest.approx(before, abs=0.6)
    page.mouse.move(*figure.cell(0, 1, 1))
    assert caption.bounding_box() == place
    page.mouse.move(*figure.cell(0, 2, 2))
    assert caption.bounding_box() == place
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("shifts") == 0


def test_reduced_motion_shows_the_poster_and_steps(visit):
    here = visit(reduced_motion="reduce")
    here.page.clock.install()
    page = here.go(LESSON)
    here.scroll_through()
    page.clock.run_for(60_000)
    figure = figure_on(page, taken=False)
    figure.shows("png")
    assert not asked_for(here, ".trace.js")
    expect(figure.svg).to_have_count(0)
    expect(figure.scrub).to_be_hidden()
    expect(figure.whole.locator(".sw-at")).to_be_hidden()
    expect(figure.play).to_have_attribute("aria-label", "Play")
    figure.forward.click()
    figure.at(1)
    still = "e => getComputedStyle(e).transitionDuration"
    assert figure.whole.locator(".sw-overlay rect").first.evaluate(still) == "0s"
    page.clock.run_for(60_000)
    figure.at(1)
    assert not asked_for(here, ".gif")


def test_a_wish_for_stillness_is_heard_while_it_plays(afresh):
    here, figure = playing(afresh)
    figure.clock.run_for(5000)
    here.page.emulate_media(reduced_motion="reduce")
    seen = figure.seen()
    figure.clock.run_for(60_000)
    assert figure.seen() == seen
    expect(figure.play).to_have_attribute("aria-label", "Play")
    hint = figure.line.text_content()
    assert "arrow keys" in hint
    figure.scrub.focus()  # which rests already
    assert figure.line.text_content() == hint
    figure.play.click()  # who presses Play wants it to move
    figure.clock.run_for(10_000)
    assert figure.seen() != seen


def test_without_script_picture_and_words_remain(visit):
    page = visit(java_script_enabled=False).go(LESSON)
    figure = figure_on(page, taken=False)
    page.locator(f".sw-asked:has(#{figure.name}) summary").first.click()
    assert figure.image.get_attribute("src").endswith(".gif")
    expect(figure.image).to_be_visible()
    expect(figure.whole.locator(".sw-bar")).to_be_hidden()
    expect(figure.line).to_be_hidden()
    expect(figure.whole.locator(".sw-words li")).to_have_count(
        len(facts("max-pool-3x3-stride-2")["transcript"])
    )


def test_print_shows_the_windows_side_by_side(afresh):
    page = afresh().page
    figure = figure_on(page)
    figure.forward.click()
    figure.at(1)
    page.emulate_media(media="print")
    expect(figure.svg).to_be_hidden()
    expect(figure.whole.locator(".sw-bar")).to_be_hidden()
    expect(figure.image).to_be_hidden()
    strip = page.locator(f"#{figure.name} > .sw-strip")
    expect(strip).to_be_visible()
    # A lazy picture is fetched when it comes near the window; a real print fetches all of them.
    strip.scroll_into_view_if_needed()
    until(page, "image => image.complete && image.naturalWidth > 640", strip.element_handle())


def test_the_theme_is_followed(afresh):
    page = afresh().page
    figure = figure_on(page)
    figure.forward.click()
    figure.at(1)
    fill = "e => getComputedStyle(e.drawing.cells.find((c) => c.wears.startsWith('F')).rect).fill"
    assert figure.element.evaluate(fill) == rgb(style.LIGHT.rgb("fresh"))
    page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    assert figure.element.evaluate(fill) == rgb(style.DARK.rgb("fresh"))


def test_it_lives_on_after_instant_navigation(visit):
    here = visit()
    page = here.go("lessons/the-cnn-funnel/")
    here.mark()
    title = page.locator("h1")  # the address changes before the page does
    page.locator(".md-footer__link--next").click()
    expect(title).to_contain_text("What a convolution looks for")
    figure = figure_on(page, "looks-for-an-edge")
    figure.forward.click()
    figure.at(1)
    page.go_back()
    expect(title).to_contain_text("The CNN funnel")
    page.go_forward()
    expect(title).to_contain_text("What a convolution looks for")
    figure = figure_on(page, "looks-for-an-edge")
    figure.forward.click()
    figure.at(1)
    assert here.marked()
    assert not here.problems


def test_it_works_from_a_folder(from_folder):
    page = from_folder(LESSON)
    figure = figure_on(page)
    figure.forward.click()
    figure.at(1)
    from_folder("lessons/the-cnn-funnel")
    expect(page.locator(".sw-play").first).to_be_visible()
    from_folder("gallery")
    expect(page.locator(".sw-count")).to_have_text(re.compile(r"\d+ of \d+ figures"))


def test_the_home_page_has_it_too(visit):
    here = visit()
    page = here.go()
    figure = figure_on(page, "max-pool-2x2")
    figure.forward.click()
    figure.at(1)
    assert not here.problems


# Of one page: what comes in place of a figure's steps, each figure's in a way of its own.
MANY, WHOLE, EARLY = "lessons/every-window/", "every-max", "every-lp"
OTHERS = "every-groups"  # of 4 windows, in whose place come those of the whole one
BROKEN = {
    "every-max-padding": None,  # missing
    "every-untouched": "",
    "every-max-dilation": 'SlidingWindows.figure("every-max-dilation",{"size":[640,',
    "every-ceil-mode": f'SlidingWindows.figure("{WHOLE}",{{}});',
    "every-dropped": 'SlidingWindows.figure("every-dropped",{});',
    "every-average": 'SlidingWindows.figure("every-average",null);',
    "every-average-padding": 'SlidingWindows.figure("every-average-padding",{"size":[640,619],'
    '"dims":2,"words":[0,0,23],"panels":[[0,0,2,2,9,0,0,"input",9,"a","a"]],"looks":["pp"],'
    '"values":["1 2"],"shapes":[],"texts":[],"opening":[],"tempo":[1,1],"every":1,"steps":[]});',
    EARLY: "<!doctype html><title>Not found</title>",
}
# What the console tells of some.
WHY = {
    "every-max-padding": "every-max-padding.trace.js is missing",
    "every-dropped": "Error",
    "every-average": "Error",
    "every-average-padding": "cells are missing",
    OTHERS: f"{OTHERS}.trace.js holds other steps",
}


@pytest.fixture
def damaged(living, site):
    """The page, on which one figure is whole, and there; and what its console tells."""

    def damage(page):
        page.told = []
        page.on("console", lambda line: page.told.append(line.text))
        whole = (site / "figures" / f"{WHOLE}.trace.js").read_text("utf-8")
        for name, text in {**BROKEN, OTHERS: whole.replace(WHOLE, OTHERS)}.items():
            answer_instead(page, f"**/{name}.trace.js", text, "text/javascript")

    page = living(f"{MANY}?damaged", damage).page
    if not page.told:  # what comes before it was asked for is not kept
        page.add_script_tag(url=f"../../figures/{EARLY}.trace.js?early")
    page.emulate_media(reduced_motion="no-preference")
    figure_on(page, WHOLE, taken=False).svg.wait_for()
    yield page
    page.emulate_media(reduced_motion="reduce")


@pytest.mark.parametrize("name", [*BROKEN, OTHERS])
def test_damaged_steps_leave_the_gif_and_say_so(damaged, name):
    figure = figure_on(damaged, name, taken=False)
    expect(figure.line).to_contain_text("could not be loaded")
    expect(figure.svg).to_have_count(0)
    for control in (figure.back, figure.forward, figure.scrub, figure.speed):
        expect(control).to_be_disabled()
    expect(figure.scrub).to_be_hidden()
    figure.bar_says(0, facts(name)["steps"])
    figure.shows("gif")
    expect(figure.line).to_have_attribute("aria-live", "off")  # nobody has asked for it
    why = WHY.get(name, f"{name}.trace.js is damaged")
    assert any(why in line for line in damaged.told)
    expect(figure.play).to_have_attribute("aria-label", "Pause")
    figure.play.click()
    figure.shows("png")
    expect(figure.line).not_to_contain_text("still plays")
    figure.play.click()
    figure.shows("gif")
    other = figure_on(damaged, WHOLE)
    other.forward.click()
    other.at(1)


@pytest.mark.parametrize("last", ["pause", "play"])
def test_the_last_wish_counts_while_the_steps_are_loading(tab, last):
    page, held = tab.page, []
    page.emulate_media(reduced_motion="reduce")
    page.route("**/max-pool-3x3-stride-2.trace.js", lambda route: held.append(route))
    tab.go(LESSON)
    figure = figure_on(page, taken=False)
    (figure.play if last == "pause" else figure.forward).click()
    until(page, "element => Boolean(element.opening)", figure.element.element_handle())
    figure.play.click()
    label = "Play" if last == "pause" else "Pause"
    expect(figure.play).to_have_attribute("aria-label", label)
    held[0].continue_()
    expect(figure.svg).to_have_count(1)
    expect(figure.play).to_have_attribute("aria-label", label)
    if last == "pause":
        figure.element.evaluate("e => new Promise((done) => setTimeout(done, 0))")
        assert figure.element.evaluate("e => [e.moving, e.at]") == [False, 0]
    else:
        assert figure.element.evaluate("e => e.moving")


def test_who_asks_for_steps_that_are_lost_is_told_so(tab):
    tab.page.emulate_media(reduced_motion="reduce")
    answer_instead(tab.page, "**/max-pool-3x3-stride-2.trace.js", None, "")
    tab.go(LESSON)
    figure = figure_on(tab.page, taken=False)
    figure.forward.click()
    expect(figure.line).to_contain_text("could not be loaded")
    expect(figure.line).to_have_attribute("aria-live", "polite")
    tab.problems.clear()  # the file that is missing


def test_a_step_of_a_large_input_touches_few_cells(afresh):
    """Of a drawing of 1,088 shades, a step draws again only what it changes."""
    page = afresh("lessons/every-way-back/", "every-shades").page
    figure = figure_on(page, "every-shades")
    figure.forward.click()
    figure.at(1)
    cells, touched = figure.element.evaluate("""async (element) => {
        const seen = new MutationObserver(() => {});
        const most = [];
        seen.observe(element.drawing.svg, { attributes: true, childList: true, subtree: true });
        for (let at = 2; at <= 64; at++) {
            element.drawing.show(at);
            most.push(new Set(seen.takeRecords().map((record) => record.target)).size);
        }
        return [element.drawing.cells.length, most];
    }""")
    assert cells > 1000 and len(touched) == 63
    assert 0 < max(touched) < cells / 8, touched
