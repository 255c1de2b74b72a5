"""The explorer's parts one by one: what each is called, shows, takes and does."""

import inspect

import pytest
import torch
from exploring import BEGIN, GRID, program
from playwright.sync_api import expect
from recorded import compare
from site_pages import DESKTOP, PHONE, until
from torch import nn

from slidingwindows import slide


@pytest.fixture
def page(living):
    """The page as it begins, without motion."""
    here = living("explorer/?parts")
    here.problems.clear()
    here.page.locator(".sw-board .sw-cell").first.wait_for()
    here.page.set_viewport_size(DESKTOP)
    here.page.emulate_media(reduced_motion="reduce")
    here.page.mouse.move(0, 0)
    here.page.evaluate(BEGIN, "")
    yield here.page
    assert not here.problems


def field(page, name):
    return page.get_by_role("textbox", name=name, exact=True)


# Every element below the page's root, but for Material's and for cells after the first of a grid.
OUTLINE = """() => {
  const lines = [];
  const walk = (one, depth) => {
    if (one.matches("nav, .sw-row + .sw-row, .sw-cell + .sw-cell")) return;
    const words = [one.localName, ...one.classList];
    for (const { name, value } of one.attributes) {
      if (/^(class|style|data-.*)$/.test(name) || value.startsWith("__")) continue;
      words.push(value === "" ? name : `${name}=“${value}”`);
    }
    if (one.matches("select, textarea, input:not([type=checkbox])")) words.push(`→ ${one.value}`);
    if (one.checked) words.push("✓");
    const texts = [...one.childNodes].filter((node) => node.nodeType === 3);
    words.push(...texts.map((node) => JSON.stringify(node.data)));
    lines.push("  ".repeat(depth) + words.join(" ").replaceAll("\\n", "⏎"));
    for (const child of one.children) walk(child, depth + 1);
  };
  walk(document.querySelector("#sw-explorer"), 0);
  return lines.join("\\n");
}"""
# What is seen of them: fields with their names, then the figure's titles, legend and words.
SEEN = """() => {
  const all = (selector) => [...document.querySelectorAll(`#sw-explorer ${selector}`)]
    .filter((one) => one.checkVisibility());
  const name = (one) => one.ariaLabel ?? one.labels[0].innerText;
  const fields = all(".sw-controls :is(input, select)").map((one) => {
    const invalid = one.getAttribute("aria-invalid") === "true" ? " (not valid)" : "";
    const value = one.type === "checkbox" ? (one.checked ? "✓" : "–") : one.value;
    return `${name(one)}: ${value}${one.placeholder ? ` or ${one.placeholder}` : ""}${invalid}`;
  });
  const buttons = all(".sw-controls .sw-control:not([aria-labelledby]) button");
  const panels = all(".sw-panel").map((one) => {
    const counts = {};
    for (const cell of one.querySelectorAll(".sw-cell")) {
      for (const kind of cell.classList) counts[kind] = (counts[kind] ?? 0) + 1;
    }
    const own = one.querySelectorAll("[data-own='1']").length;
    const words = Object.entries(counts).map(([kind, count]) => `${kind.slice(3)} ${count}`);
    return `${one.innerText.split("\\n")[0]}: ${words.join(", ")}, own ${own}`;
  });
  const legend = all(".sw-legend > span").map((one) =>
    `${one.firstChild.className.slice(10)} means${one.textContent}`);
  const rest = [".sw-sign", ".sw-arithmetic", ".sw-where", ".sw-fact-list > *",
    ".sw-view > .sw-problem"];
  return [...fields, buttons.map((one) => one.innerText).join(", "), ...panels, ...legend,
    ...rest.map((one) => all(one).map((each) => each.innerText).join(" | "))]
    .filter(Boolean).join("\\n");
}"""
STATES = (
    "nn.MaxPool2d(kernel_size=(3, 2), stride=2, padding=1)",
    "nn.MaxPool1d(2, dilation=2, ceil_mode=True)",
    "nn.AvgPool2d(2, divisor_override=3)",
    "nn.LPPool1d(1.5, 2)",
    "nn.Conv2d(1, 1, 3, padding='same', padding_mode='reflect')",
    "nn.Conv1d(1, 1, 2, bias=False)",
    "nn.ConvTranspose2d(1, 1, 2, stride=(2, 3), output_padding=1)",
    "nn.ConvTranspose1d(1, 1, 2)",
    "nn.AdaptiveMaxPool2d((None, 3))",
    "nn.AdaptiveAvgPool1d(2)",
    "nn.MaxPool2d(9)",
    "nn.MaxPool2d()",
)


def every_state(page):
    yield "all parts", page.evaluate(OUTLINE)
    page.get_by_label("gradient of the input").check()
    page.get_by_label("gradient of", exact=True).select_option("of the chosen output alone")
    page.mouse.move(0, 0)
    for call in STATES:
        page.locator("#sw-line").fill(call)
        page.locator("#sw-line").blur()
        yield call, page.evaluate(SEEN)


def test_all_parts_are_the_recorded_ones(page):
    compare("explorer", every_state(page))


ARGUMENTS = """() => {
  const operation = document.querySelector("#sw-operation");
  return [...operation.options].map(({ value }) => {
    operation.value = value;
    operation.dispatchEvent(new Event("change", { bubbles: true }));
    const names = [...document.querySelectorAll(".sw-controls")][0]
      .querySelectorAll(".sw-control > .sw-name, .sw-control > label, .sw-check .sw-code");
    return [value, document.querySelector("#sw-line").value,
      [...names].filter((one) => one.checkVisibility()).map((one) => one.innerText)];
  });
}"""
NOT_SHOWN = {"in_channels", "out_channels", "groups", "device", "dtype", "return_indices"}


def test_there_is_a_control_for_each_argument_that_torch_takes(page):
    shown = page.evaluate(ARGUMENTS)
    assert len(shown) == 14
    for operation, line, names in shown:
        wanted = set(inspect.signature(getattr(nn, operation)).parameters) - NOT_SHOWN
        if "Transpose" in operation:
            wanted.remove("padding_mode")
        others = {"operation", "weights", "bias is"} if "Conv" in operation else {"operation"}
        assert set(names) == wanted | others and line.startswith(f"nn.{operation}(")


KEYS = """keys => keys.map(([row, col, key, more]) => {
  const grid = document.querySelector(".sw-grid[aria-label^='input']");
  const cell = grid.children[row + 1].children[col + 1];
  cell.focus();
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  cell.dispatchEvent(event);
  const found = [event.defaultPrevented], one = document.activeElement;
  if (one.matches("input")) {
    const { value, selectionStart, selectionEnd } = one;
    const marked = selectionEnd - selectionStart;
    found.push(marked && value === cell.dataset.value ? "the number" : value, marked);
    one.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  } else found.push(Number(one.dataset.row), Number(one.dataset.col));
  const stops = [...grid.querySelectorAll("[tabindex='0']")];
  return [...found, document.querySelectorAll(".sw-edit").length, stops.length,
    stops[0] === document.activeElement];
})"""
IN_CELL = {  # from (1, 2) of 4 rows and 6 columns with padding of 1
    "ArrowUp": (True, 0, 2),
    "ArrowDown": (True, 2, 2),
    "ArrowLeft": (True, 1, 1),
    "ArrowRight": (True, 1, 3),
    "Home": (True, 1, -1),
    "End": (True, 1, 6),
    "PageUp": (True, -1, 2),
    "PageDown": (True, 4, 2),
    **{key: (True, "the number", 1) for key in ("Enter", "F2")},
    **{key: (True, "", 0) for key in ("Backspace", "Delete")},
    **{key: (True, key, 0) for key in ("0", "9", "-", "−", ".", "n", "N", "i", "∞")},
    **{key: (False, 1, 2) for key in ("x", "e", " ", "F1", "Insert", "Tab", "10")},
}
AT_EDGES = [
    *(((-1, -1), key) for key in ("ArrowUp", "ArrowLeft")),
    *(((4, 6), key) for key in ("ArrowDown", "ArrowRight")),
    *(((2, -1), key) for key in ("ArrowLeft", "Home")),
    *(((4, 1), key) for key in ("ArrowDown", "PageDown")),
]
TO_EDGES = [
    ((0, 1), "ArrowUp", (-1, 1)),
    ((3, 1), "ArrowDown", (4, 1)),
    ((1, 0), "ArrowLeft", (1, -1)),
    ((1, 5), "ArrowRight", (1, 6)),
]
IN_PADDING = ("Enter", "F2", "Delete", "Backspace", "5")
WITH = ("ctrlKey", "metaKey", "altKey")


def test_keys_walk_through_a_grid_and_begin_a_number(page):
    field(page, "input, rows").fill("4")
    field(page, "input, columns").fill("6")
    first = page.evaluate(
        "[...document.querySelectorAll(\".sw-grid [tabindex='0']\")].map("
        "cell => [cell.dataset.row, cell.dataset.col])"
    )
    assert first == [["-1", "-1"], ["0", "0"]]
    sound = [0, 1, True]  # no field is left, and Tab finds one cell, which has the focus
    wanted = [([1, 2, key, {}], [*found, *sound]) for key, found in IN_CELL.items()]
    wanted += [([*at, key, {}], [True, *at, *sound]) for at, key in AT_EDGES]
    wanted += [([*at, key, {}], [True, *then, *sound]) for at, key, then in TO_EDGES]
    wanted += [([4, 2, key, {}], [False, 4, 2, *sound]) for key in IN_PADDING]
    wanted += [([1, 2, "5", {one: True}], [False, 1, 2, *sound]) for one in WITH]
    found = page.evaluate(KEYS, [keys for keys, _ in wanted])
    for (keys, result), one in zip(wanted, found, strict=True):
        assert one == result, keys
    assert "torch.manual_seed(1)" in page.locator(".sw-program code").text_content()


def cell_of(page, name, row, col):
    return page.locator(f".sw-grid[aria-label^='{name}'] [data-row='{row}'][data-col='{col}']")


FIELD = """() => {
  const field = document.querySelector(".sw-edit"), cell = document.querySelector(".here");
  const box = (one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    return [left, top, width, height];
  };
  cell.classList.remove("here");
  return [box(field), box(cell), field.ariaLabel, field.inputMode, field.autocomplete,
    field === document.activeElement, field.selectionEnd - field.selectionStart];
}"""


@pytest.mark.parametrize("size", ["5", "30"])
def test_a_number_is_typed_over_its_cell(page, size):
    field(page, "input, columns").fill(size)
    cell = cell_of(page, "input", 3, 2)
    cell.evaluate("one => one.classList.add('here')")
    cell.click()
    one, box, *words = page.evaluate(FIELD)
    assert abs(one[0] - box[0]) <= 1 and abs(one[1] - box[1]) <= 1
    assert one[2:] == [max(44, box[2]), max(24, box[3])]
    assert (box[2] < 24) == (size == "30")
    label = f"input 5×{size}: row 3, column 2"
    assert words == [label, "decimal", "off", True, 1]


def test_a_number_is_taken_by_enter_tab_and_leaving_and_not_by_escape(page):
    cell = cell_of(page, "input", 1, 2)
    code, focused = page.locator(".sw-program code"), "document.activeElement.dataset"

    def number():
        return program(page)["x"][0, 1, 2].item()

    cell.click()
    page.keyboard.press("Enter")  # the number as it was
    assert "manual_seed(1)" in code.text_content()
    page.keyboard.press("5")
    page.keyboard.press("Escape")
    assert "manual_seed(1)" in code.text_content()
    for text, key, at in (("31", "Enter", ["1", "2"]), ("32", "Tab", ["0", "0"])):
        cell.focus()
        page.keyboard.type(text)
        page.keyboard.press(key)
        assert number() == int(text)
        assert page.evaluate(f"[{focused}.row, {focused}.col]") == at
        assert page.locator(".sw-edit").count() == 0
    assert page.evaluate("document.activeElement.closest('.sw-grid').ariaLabel") == "output 3×3"
    cell.focus()
    page.keyboard.type("34")
    page.keyboard.press("Shift+Tab")  # back to what is before the grid, from the cell
    assert number() == 34 and page.evaluate("document.activeElement.localName") == "summary"
    cell.focus()
    page.keyboard.type("33")
    page.locator("#sw-line").focus()
    assert number() == 33 and page.evaluate("document.activeElement.id") == "sw-line"
    for name, row, col in (("output", 1, 1), ("input", -1, 0)):
        cell_of(page, name, row, col).click()
        assert page.locator(".sw-edit").count() == 0


def test_weights_are_typed_where_torch_has_them(page):
    for call, place in (("Conv2d", (0, 1)), ("ConvTranspose2d", (1, 0))):
        page.locator("#sw-line").fill(f"nn.{call}(1, 1, 2)")
        cell_of(page, "kernel", 0, 1).click()
        page.keyboard.type("55")
        page.keyboard.press("Enter")
        assert (program(page)["layer"].weight[0, 0] == 55).nonzero().tolist() == [list(place)]
        page.get_by_role("group", name="kernel weights").get_by_role("button", name="Ones").click()


def test_random_weights_are_torchs(page):
    page.locator("#sw-line").fill("nn.Conv2d(1, 1, (3, 2))")
    weights = page.get_by_role("group", name="kernel weights")
    for seed in range(4):
        torch.manual_seed(seed)
        wanted = torch.randint(-2, 3, (3, 2)).float()
        assert torch.equal(program(page)["layer"].weight[0, 0], wanted)
        weights.get_by_role("button", name="Sobel").click()  # which does not fit
        expect(page.get_by_role("status")).to_have_text("Sobel's kernel is 3×3, or 3 for a signal.")
        weights.get_by_role("button", name="Random").click()
        expect(page.get_by_role("status")).to_have_text("")


# How a grid's cells are drawn: [pixels, pixels of letters, whether in shades, and of each cell its
# number, its text, its name, its colour and how much wider than the cell it is].
DRAWN = """name => {
  const grids = [...document.querySelectorAll(".sw-grid")];
  const grid = grids.find((one) => one.ariaLabel?.startsWith(name));
  const cells = [...grid.querySelectorAll(".sw-cell")];
  const range = new Range();
  const [width, size] = [cells[0].clientWidth, parseFloat(getComputedStyle(cells[0]).fontSize)];
  return [cells[0].getBoundingClientRect().width, size,
    grid.parentElement.classList.contains("sw-shaded"), cells.map((cell) => {
      range.selectNodeContents(cell);
      return [cell.dataset.value, cell.textContent, cell.ariaLabel, cell.style.backgroundColor,
        range.getBoundingClientRect().width - width];
    })];
}"""
AS_TYPED = {"inf": "∞", "-inf": "−∞", "nan": "nan", "-2.5": "−2.5"}


def test_cells_hold_numbers_as_large_as_fit_or_shades_of_grey(page):
    page.locator("#sw-line").fill("nn.MaxPool2d(1)")
    page.get_by_text("Paste a grid").click()
    seen = set()
    for least, count in (("0", 5), ("0", 16), ("0", 22), ("-2.5", 9), ("-99.125", 12), ("0", 40)):
        numbers = [least, "inf", "3", "-inf", "nan", *map(str, range(1, count - 4))]
        page.locator("#sw-grid").fill("\n".join([" ".join(numbers)] * 2))
        page.get_by_role("button", name="Use it").click()
        pixels, letters, shaded, cells = page.evaluate(DRAWN, "input")
        longest = max(
            len(number) + 0.35 * number.startswith("-")  # a minus is wider than a digit
            for number in numbers
            if number not in ("inf", "-inf")
        )
        size = min(0.46 * pixels, 1.48 * pixels / longest)
        assert letters == pytest.approx(size, abs=0.1) and shaded == (size < 7.5)
        finite = [float(number) for number in numbers if number[-1] not in "fn"]
        low, high = min(finite), max(finite)
        assert len(cells) == 2 * count
        for (value, text, name, colour, over), number in zip(cells, numbers * 2, strict=True):
            assert str(float(value)) == str(float(number)) and over < 1
            words = AS_TYPED.get(number, number.replace("-", "−"))
            assert [text, name] == (["", words] if shaded else [words, None])
            level = {"inf": 1, "-inf": 0, "nan": 0}.get(number)
            if level is None:
                level = (float(number) - low) / (high - low)
            grey = int(255 * level + 0.5)
            assert colour == (f"rgb({grey}, {grey}, {grey})" if shaded else ""), number
        seen.add((shaded, longest > 3))
    assert len(seen) > 2
    page.get_by_role("button", name="All 0").click()
    *_, shaded, cells = page.evaluate(DRAWN, "input")
    assert shaded and {colour for *_, colour, _ in cells} == {"rgb(0, 0, 0)"}
    field(page, "input, columns").fill("5")  # with numbers again
    assert {tuple(cell[1:4]) for cell in page.evaluate(DRAWN, "input")[3]} == {("0", None, "")}


# Of each output, and of each cell of the input, when it is pointed at: where the window's edge lies
# in cells from the first of the input's, which outputs are marked, and what is said. Then what
# there is when the pointer has left again, and whether an edge leaves the figure or covers another.
WINDOWS = """name => {
  const [input, output] = ["input", "output"].map((one) =>
    document.querySelector(`.sw-grid[aria-label^='${one}']`));
  const pointed = name === "input" ? input : output;
  const [outline, cell] = [input.nextElementSibling, input.querySelector(".sw-cell")];
  const board = document.querySelector(".sw-board").getBoundingClientRect();
  const [zero, size] = [input.getBoundingClientRect(), cell.getBoundingClientRect().width];
  const others = [...document.querySelectorAll(".sw-panel")]
    .filter((one) => one.checkVisibility() && !one.contains(input));
  let outside = 0;
  const state = () => {
    const box = outline.getBoundingClientRect();
    outside += box.right > board.right + 3 || box.bottom > board.bottom + 3;
    outside += others.filter((one) => {
      const other = one.getBoundingClientRect();
      return box.right > other.left && box.bottom > other.top + 3
        && box.left < other.right && box.top < other.bottom;
    }).length;
    const place = [box.left - zero.left + 1, box.top - zero.top + 1, box.width - 3, box.height - 3];
    const marked = [...output.querySelectorAll(name === "input" ? ".sw-reader" : ".sw-now")];
    return [place.map((one) => Math.round(100 * one / size) / 100),
      marked.map(({ dataset }) => [Number(dataset.row), Number(dataset.col)]),
      document.querySelector(".sw-where").textContent,
      input.querySelectorAll(".sw-read, .sw-winner, .sw-tie").length];
  };
  const found = [...pointed.querySelectorAll(".sw-cell")].map((one) => {
    one.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
    return state();
  });
  pointed.dispatchEvent(new PointerEvent("pointerleave"));
  return [found, state(), outside];
}"""


def spaced(starts, extent):
    return [(start, extent) for start in starts]


def adaptive(size, count):
    spans = [(j * size // count, -(-(j + 1) * size // count)) for j in range(count)]
    return [(start, stop - start) for start, stop in spans]


# By call: what is read along the rows and along the columns of the padded input of 5 by 7.
ALONG = {
    "nn.MaxPool2d((2, 3), stride=(1, 2), padding=(0, 1), dilation=(2, 1))": (
        spaced(range(3), 3),
        spaced(range(0, 7, 2), 3),
    ),
    "nn.AvgPool2d(3, ceil_mode=True)": (spaced((0, 3), 3), spaced((0, 3, 6), 3)),
    "nn.AdaptiveAvgPool2d((3, 4))": (adaptive(5, 3), adaptive(7, 4)),
    "nn.ConvTranspose2d(1, 1, (2, 3), stride=2)": (
        spaced(range(10), 2),
        spaced(range(15), 3),
    ),
    "nn.MaxPool1d(3, ceil_mode=True)": (spaced((0,), 1), spaced((0, 3, 6), 3)),
}
AT = (0, 1)  # the chosen output


@pytest.mark.parametrize("call", ALONG)
def test_each_windows_edge_is_where_the_window_is(page, call):
    field(page, "input, columns").fill("7")
    page.locator("#sw-line").fill(call)
    cell_of(page, "output", *AT).click()
    page.mouse.move(0, 0)
    rows, cols = ALONG[call]
    found, then, outside = page.evaluate(WINDOWS, "output")
    places = [(row, col) for row in range(len(rows)) for col in range(len(cols))]
    wanted = []
    for number, (row, col) in enumerate(places, 1):
        (top, height), (left, width) = rows[row], cols[col]
        place = f"({col})" if "1d" in call else f"({row}, {col})"
        where = f"output {place}, window {number} of {len(places)}"
        wanted.append([[left, top, width, height], [[row, col]], where])
    assert [one[:3] for one in found] == wanted and not outside
    assert then == found[places.index(AT)]


FRAMES = """[...document.querySelectorAll("#sw-explorer .sw-frame")]
  .filter((one) => one.checkVisibility()).map((one) => {
    const [mine, grid] = [one, one.firstChild].map((each) => each.getBoundingClientRect());
    return [mine.width - grid.width, mine.height - grid.height, getComputedStyle(one).overflow];
  })"""


def test_a_frame_is_as_large_as_its_grid_and_cuts_no_windows_edge(page):
    """Also where a window reaches past its input."""
    page.locator("#sw-line").fill("nn.Conv2d(1, 1, 2)")
    page.get_by_label("gradient of the input").check()
    assert page.evaluate(FRAMES) == [[0, 0, "visible"]] * 4
    page.locator("#sw-line").fill("nn.AvgPool2d(3, ceil_mode=True)")
    assert page.evaluate(FRAMES) == [[0, 0, "visible"]] * 3


def test_the_edge_of_what_is_read_by_windows(page):
    page.locator("#sw-line").fill("nn.MaxPool2d((3, 2), stride=2, padding=1)")
    cell_of(page, "output", *AT).click()
    made = program(page)
    steps = slide(made["layer"], made["x"]).steps
    read = [{(tap.row, tap.col) for tap in step.taps} for step in steps]
    found, then, outside = page.evaluate(WINDOWS, "input")
    places = [(row, col) for row in range(-1, 6) for col in range(-1, 6)]
    where = "output (0, 1), window 2 of 9"
    for (row, col), one in zip(places, found, strict=True):
        readers = [n for n, taps in enumerate(read) if (row, col) in taps]
        cells = [[n // 3, n % 3] for n in readers]
        assert one == [[col + 1, row + 1, 1, 1], cells, where, 0]
    assert then[0] == [2, 0, 2, 3] and then[1] == [] and not outside


# Each way to another window while the figure plays: whether it plays on.
STOPS = """() => {
  const bar = document.querySelector(".sw-steps");
  const [first, back, play, next] = bar.querySelectorAll("button");
  const [slider, line] = [bar.querySelector("input"), document.querySelector("#sw-line")];
  const type = (field, text) => {
    field.value = text;
    field.dispatchEvent(new Event("input"));
  };
  const ways = {
    first: () => first.click(),
    back: () => back.click(),
    next: () => next.click(),
    slider: () => type(slider, "3"),
    pick: () => document.querySelectorAll(".sw-out")[5].click(),
    hover: () => document.querySelectorAll(".sw-out")[7].dispatchEvent(
      new PointerEvent("pointerover", { bubbles: true })),
    pause: () => play.click(),
    line: () => type(line, "nn.MaxPool2d(3, stride=1)"),
    size: () => document.querySelector("[aria-label='increase input, rows']").click(),
    preset: () => document.querySelectorAll(".sw-chips button")[1].click(),
    wrong: () => type(line, "nn.MaxPool2d("),
  };
  return Object.entries(ways).map(([name, way]) => {
    play.click();
    const words = play.textContent;
    way();
    const where = document.querySelector(".sw-where").textContent.split(" ").at(-3);
    const found = [words, play.textContent, slider.value, where];
    if (play.textContent === "Pause") play.click();
    return [name, ...found];
  });
}"""


def test_playing_stops_when_a_reader_goes_elsewhere(page):
    assert page.evaluate(STOPS) == [
        ["first", "Pause", "Pause", "0", "1"],
        ["back", "Pause", "Play", "0", "1"],
        ["next", "Pause", "Play", "1", "2"],
        ["slider", "Pause", "Play", "3", "4"],
        ["pick", "Pause", "Play", "5", "6"],
        ["hover", "Pause", "Pause", "7", "8"],
        ["pause", "Pause", "Play", "7", "8"],
        ["line", "Pause", "Play", "5", "6"],
        ["size", "Pause", "Pause", "5", "6"],
        ["preset", "Pause", "Play", "0", "1"],
        ["wrong", "Pause", "Play", "0", "1"],
    ]


def test_the_bar_goes_no_further_than_the_first_and_the_last_window(page):
    where, bar = page.locator(".sw-where"), page.get_by_role("group", name="Windows, one by one")
    for name, number in (("Back", 1), ("Next", 2), ("Next", 3), ("Back", 2), ("First", 1)):
        bar.get_by_role("button", name=name).click()
        expect(where).to_contain_text(f"window {number} of 9")
    slider = page.get_by_role("slider", name="window")
    slider.press("End")
    bar.get_by_role("button", name="Next").click()
    assert slider.get_attribute("aria-valuetext") == "output (2, 2), window 9 of 9"
    cell_of(page, "output", 1, 0).click()
    bar.get_by_role("button", name="Next").click()
    expect(where).to_have_text("output (1, 1), window 5 of 9")
    # What is smaller has its last window.
    slider.press("End")
    page.locator("#sw-line").fill("nn.MaxPool2d((2, 1))")
    expect(where).to_have_text("output (1, 2), window 8 of 10")


# What a pointer does to the input while it draws: [event, whose button, on which cell].
POINTER = """strokes => strokes.map(([type, options, row, col, under]) => {
  document.querySelector(".sw-board").scrollIntoView({ block: "center", behavior: "instant" });
  const at = (name, r, c) => document.querySelector(
    `.sw-grid[aria-label^='${name}'] [data-row='${r}'][data-col='${c}']`);
  const cell = at("input", row, col), point = under ? at(...under) : cell;
  const box = point.getBoundingClientRect();
  const [clientX, clientY] = [box.left + box.width / 2, box.top + box.height / 2];
  const Kind = type === "click" ? MouseEvent : PointerEvent;
  const more = { bubbles: true, cancelable: true, clientX, clientY, ...options };
  const event = new Kind(type, more);
  cell.dispatchEvent(event);
  const drawn = [...document.querySelectorAll(".sw-grid[aria-label^='input'] [data-value='9']")];
  return [event.defaultPrevented, drawn.map(({ dataset }) => `${dataset.row}${dataset.col}`).join(),
    document.querySelectorAll(".sw-edit").length];
})"""
TOUCH, PEN = {"pointerType": "touch"}, {"pointerType": "pen"}
STROKES = [
    ("pointerdown", {"buttons": 1}, 0, 0, None, True, "00"),
    ("pointerover", {"buttons": 1}, 0, 1, None, False, "00,01"),
    ("pointerover", {"buttons": 3}, 0, 2, None, False, "00,01,02"),
    ("pointerover", {"buttons": 2}, 0, 3, None, False, "00,01,02"),
    ("pointerover", {"buttons": 0}, 0, 3, None, False, "00,01,02"),
    ("pointermove", {"buttons": 2, "pointerType": "mouse"}, 0, 3, None, False, "00,01,02"),
    ("pointermove", {"buttons": 0, **PEN}, 0, 3, None, False, "00,01,02"),
    ("pointermove", {"buttons": 1, **TOUCH}, 0, 3, ("input", 1, 0), False, "00,01,02,10"),
    ("pointermove", {"buttons": 1, **PEN}, 0, 3, ("input", 1, 1), False, "00,01,02,10,11"),
    ("pointermove", {"buttons": 1, **TOUCH}, 0, 3, ("output", 1, 2), False, "00,01,02,10,11"),
    ("pointermove", {"buttons": 1, "clientX": -9, **TOUCH}, 0, 3, None, False, "00,01,02,10,11"),
    ("click", {}, 0, 4, None, False, "00,01,02,10,11"),
]


def test_what_draws_and_what_does_not(page):
    page.get_by_role("button", name="All 0").click()
    draw = page.get_by_role("button", name="Draw")
    cursors = """[...document.querySelectorAll(".sw-grid[aria-label^='input'] .sw-cell")]
        .map((cell) => getComputedStyle(cell).cursor)"""
    before = [
        ["pointerdown", {"buttons": 1}, 0, 0, None],
        ["pointerover", {"buttons": 1}, 0, 1, None],
        ["pointermove", {"buttons": 1, **TOUCH}, 0, 1, None],
    ]
    assert page.evaluate(POINTER, before) == [[False, "", 0]] * 3
    draw.click()
    assert draw.get_attribute("aria-pressed") == "true"
    assert set(page.evaluate(cursors)) == {"crosshair"}
    found = page.evaluate(POINTER, [one[:5] for one in STROKES])
    assert found == [[*one[5:], 0] for one in STROKES]
    page.evaluate(POINTER, [["pointerover", {"buttons": 2}, 0, 3, None]])
    expect(page.locator(".sw-arithmetic")).to_contain_text("(0, 3) is read by")
    agreed = torch.zeros(5, 5)
    agreed[0, :3] = agreed[1, :2] = 9
    assert torch.equal(program(page)["x"][0], agreed)
    page.get_by_label("with", exact=True).fill("x")
    page.evaluate(POINTER, [["pointerdown", {"buttons": 1}, 3, 3, None]])
    brush, status = page.get_by_label("with", exact=True), page.get_by_role("status")
    assert brush.get_attribute("aria-invalid") == "true"
    expect(status).to_have_text("Enter a number between −1,000,000 and 1,000,000.")
    brush.fill("0.5")
    page.evaluate(POINTER, [["pointerdown", {"buttons": 1}, 3, 3, None]])
    assert brush.get_attribute("aria-invalid") == "false" and program(page)["x"][0, 3, 3] == 0.5
    expect(status).to_have_text("")
    draw.click()
    assert draw.get_attribute("aria-pressed") == "false"
    assert set(page.evaluate(cursors)) == {"text", "default"}
    assert page.evaluate(POINTER, [["click", {}, 0, 4, None]])[0][2] == 1


def test_a_link_that_is_followed_keeps_the_focus_where_it_was(page):
    cell_of(page, "output", 2, 2).focus()
    page.evaluate("location.hash = '#call=zebra'")
    status = page.get_by_role("status")
    expect(status).to_have_text(
        "The settings in this link could not be read, so nothing was changed."
    )
    page.evaluate("location.hash = '#call=nn.MaxPool2d(2)&input=arange:4x4&at=0,1&gradient=all'")
    expect(status).to_have_text("")
    expect(page.locator(".sw-where")).to_have_text("output (0, 1), window 2 of 4")
    focused = "[...document.querySelectorAll('.sw-out')].indexOf(document.activeElement)"
    assert page.evaluate(focused) == 3
    assert page.locator(".sw-grid[aria-label^='output'] [tabindex='0']").count() == 1
    expect(page.get_by_label("gradient of the input")).to_be_checked()
    page.get_by_role("button", name="Overlap and padding").click()
    expect(page.get_by_label("gradient of the input")).not_to_be_checked()
    assert page.get_by_label("gradient of", exact=True).input_value() == "all"
    expect(page.locator(".sw-where")).to_have_text("output (0, 0), window 1 of 9")


def test_no_result_is_no_fault_of_a_pointer_or_of_a_field(page):
    page.get_by_label("gradient of the input").check()
    line = page.locator("#sw-line")
    for columns, name in enumerate(("input", "output", "kernel"), 6):
        line.fill("nn.Conv2d(1, 1, 3)")
        cell_of(page, name, 1, 1).hover()
        if name != "output":
            cell_of(page, name, 1, 1).click()
            page.keyboard.press("5")
        until(page, "location.hash.includes('kernel_size=3')")
        link = f"#call=nn.Conv2d(1, 1, 9)&input=arange:5x{columns}"
        page.evaluate("link => { location.hash = link }", link)
        expect(page.locator(".sw-view > .sw-problem")).to_be_visible()
        seen = page.evaluate(SEEN).splitlines()
        assert [one for one in seen if ": cell " in one] == [
            f"input 5×{columns}: cell {5 * columns}, own {5 * columns}"
        ]
        cell_of(page, "input", 2, 2).hover()
        cell_of(page, "input", 2, 3).focus()
        page.keyboard.press("ArrowRight")
        page.mouse.move(0, 0)
        expect(page.locator(".sw-arithmetic")).to_have_text("")


def test_notices_say_what_was_done_and_what_was_not(page):
    status, box = page.get_by_role("status"), page.locator(".sw-controls .sw-paste")
    no_number = "Enter a number between −1,000,000 and 1,000,000."
    for name, text, said in (
        *(("input", "n", no_number), ("input", "1e3", "")),
        *(("kernel", "inf", no_number), ("kernel", "2000000", no_number), ("kernel", "3", "")),
    ):
        page.locator("#sw-line").fill("nn.Conv2d(1, 1, 2)")
        cell_of(page, name, 0, 0).focus()
        page.keyboard.press("Enter")
        page.locator(".sw-edit").fill(text)
        page.keyboard.press("Enter")
        expect(status).to_have_text(said)
    page.get_by_text("Paste a grid").click()
    page.locator("#sw-grid").fill("1 2 3\n4 5 6")
    box.get_by_role("button").click()
    expect(status).to_have_text("Read 2 by 3 numbers.")
    sides = [field(page, f"input, {side}") for side in ("rows", "columns")]
    assert [one.input_value() for one in sides] == ["2", "3"]
    page.locator("#sw-line").fill("nn.Conv1d(1, 1, 2)")
    box.get_by_role("button").click()
    expect(box.locator(".sw-problem")).to_have_text("Conv1d takes a signal: one row of numbers.")
    page.locator("#sw-grid").fill("1 2 3")
    box.get_by_role("button").click()
    expect(status).to_have_text("Read 1 by 3 numbers.")
    expect(box.locator(".sw-problem")).to_be_hidden()


def test_fields_say_whether_what_they_hold_fits(page):
    for name, texts in {
        "#sw-line": {"nn.MaxPool2d(": True, "nn.MaxPool2d(9)": False, "nn.Conv2d(1, 1, 2)": False},
        "#sw-bias": {"x": True, "inf": True, "": True, "0.50": False},
        "#sw-seed": {"-1": True, "0": False, f"{2**32}": True, f"{2**32 - 1}": False, "1.5": True},
        "[aria-label='input, columns']": {"65": True, "64": False, "0": True, "5": False},
    }.items():
        one = page.locator(name)
        for text, invalid in texts.items():
            one.fill(text)
            assert one.get_attribute("aria-invalid") == str(invalid).lower(), (name, text)
            assert one.input_value() == text
    assert program(page)["layer"].bias == 0.5
    page.locator("#sw-bias").fill("y")
    page.locator("#sw-line").focus()
    page.get_by_role("button", name="All 0").click()
    bias = page.locator("#sw-bias")
    assert [bias.input_value(), bias.get_attribute("aria-invalid")] == ["0.5", "false"]


def test_steppers_count_from_what_there_is(page):
    line = page.locator("#sw-line")

    def stepped(*names):
        for name in names:
            page.get_by_role("button", name=name, exact=True).click()
        return line.input_value()

    line.fill("nn.MaxPool2d(3)")
    assert stepped("increase stride") == "nn.MaxPool2d(kernel_size=3, stride=4)"
    assert stepped("decrease stride") == "nn.MaxPool2d(kernel_size=3, stride=3)"
    line.fill("nn.AdaptiveMaxPool2d(None)")
    assert stepped("increase output_size") == "nn.AdaptiveMaxPool2d(output_size=1)"
    for text in ("", "2.5", "x"):
        field(page, "output_size").fill(text)
        assert stepped("decrease output_size") == "nn.AdaptiveMaxPool2d(output_size=1)"
    page.get_by_label("the same for rows and columns").uncheck()
    wanted = "nn.AdaptiveMaxPool2d(output_size=(1, 2))"
    assert stepped("increase output_size, columns") == wanted
    assert stepped("increase output_size, rows", "decrease output_size, columns") == (
        "nn.AdaptiveMaxPool2d(output_size=(2, 1))"
    )
    page.get_by_label("the same for rows and columns").check()
    assert line.input_value() == "nn.AdaptiveMaxPool2d(output_size=2)"
    rows, columns = field(page, "input, rows"), field(page, "input, columns")
    for sign, text, then in (
        *(("increase", "64", "64"), ("decrease", "1", "1"), ("increase", "x", "1")),
        *(("increase", "0", "1"), ("decrease", "64", "63"), ("decrease", "99", "64")),
    ):
        rows.fill(text)
        stepped(f"{sign} input, rows")
        assert rows.input_value() == then
        assert program(page)["x"].shape == (1, int(then), 5)
    columns.press("ArrowUp")
    assert program(page)["x"].shape == (1, 64, 6)


def test_rows_and_columns_differ_until_another_beginning(page):
    alike = page.get_by_label("the same for rows and columns")
    page.locator("#sw-line").fill("nn.MaxPool2d(kernel_size=(2, 3))")
    page.locator("#sw-line").fill("nn.MaxPool2d(kernel_size=2)")
    assert not alike.is_checked()
    page.get_by_role("button", name="A lost row").click()
    expect(page.get_by_role("status")).to_have_text("A lost row: nn.MaxPool2d(kernel_size=2)")
    assert alike.is_checked()


def test_another_input_is_another_seeds(page):
    seed, code = page.locator("#sw-seed"), page.locator(".sw-program code")
    another = page.get_by_role("button", name="Random", exact=True)
    for before, after in (("", "2"), ("", "3"), ("0, 1, 2 …", "3"), ("", "4")):
        if before:
            page.get_by_role("button", name=before).click()
        another.click()
        assert seed.input_value() == after
        assert f"torch.manual_seed({after})\n" in code.text_content()
    seed.fill("4294967295")
    another.click()
    assert seed.get_attribute("aria-invalid") == "true"
    page.get_by_role("button", name="0, 1, 2 …").click()  # which needs none
    assert "torch.arange(25.0)" in code.text_content()
    assert seed.get_attribute("aria-invalid") == "false"


def test_a_link_that_is_followed_is_written_by_nobody_else(page):
    """Its own spelling stays in the address until a reader changes something."""
    page.evaluate("""() => {
      const { page } = SlidingWindows.explorer;
      page.kept = 0;
      page.keep = () => page.kept++;
      location.hash = "#call=nn.MaxPool2d(3)&input=arange:6x6";
    }""")
    until(page, "document.querySelector('#sw-line').value === 'nn.MaxPool2d(kernel_size=3)'")
    assert page.evaluate("SlidingWindows.explorer.page.kept") == 0
    page.get_by_role("button", name="increase kernel_size").click()
    assert page.evaluate("SlidingWindows.explorer.page.kept") == 1


def test_a_photo_is_brought_once(page):
    for _ in range(2):
        page.get_by_role("button", name="Photo", exact=True).click()
        until(page, f"({GRID})('input')[1][1] > 9")
        page.get_by_role("button", name="All 0").click()
    assert page.locator("script[src$='/assets/photo.js']").count() == 1


def test_a_photo_that_cannot_be_had_is_said_to_be_missing(page):
    """By whatever way a reader asks for it, and all stays as it is."""
    page.evaluate(
        """() => {
          const root = document.querySelector("#sw-explorer"), { page } = SlidingWindows.explorer;
          const again = root.cloneNode(false);
          root.replaceWith(again);
          new page.constructor(again, () => Promise.reject(new Error("no photo")));
        }"""
    )
    said, before = page.get_by_role("status"), program(page)["x"]
    for ask in (
        page.get_by_role("button", name="Photo", exact=True).click,
        page.get_by_role("button", name="Edges in a photo").click,
        lambda: page.evaluate("location.hash = '#call=nn.MaxPool2d(2)&input=photo:4x4'"),
    ):
        expect(said).to_have_text("")
        ask()
        expect(said).to_have_text("The photo could not be loaded, so nothing was changed.")
        assert torch.equal(program(page)["x"], before)
        page.evaluate("document.querySelector('.sw-explorer .sw-notice').textContent = ''")


# Pixels of a cell of each panel that is seen, then of the figure, of its signs and of the page.
SIZES = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)]
    .filter((one) => one.checkVisibility());
  const board = document.querySelector(".sw-board"), box = board.getBoundingClientRect();
  const sizes = all(".sw-panel").map((one) => [
    one.querySelector(".sw-grid").ariaLabel.split(" ")[0],
    one.querySelector(".sw-cell").getBoundingClientRect().width]);
  return { cells: Object.fromEntries(sizes), width: board.clientWidth,
    signs: all(".sw-sign").length, top: box.top + scrollY, height: box.height };
}"""


def test_cells_are_as_large_as_fit(page):
    page.get_by_label("gradient of the input").check()
    for columns, call, across, signs in (
        (5, "nn.MaxPool2d(2)", 5 + 2, 1),
        (12, "nn.MaxPool2d(2)", 12 + 6, 1),
        (11, "nn.MaxPool2d(3, ceil_mode=True)", 12 + 4, 1),  # past the input, too
        (10, "nn.MaxPool2d(3, padding=1)", 12 + 4, 1),
        (6, "nn.Conv2d(1, 1, 2)", 6 + 2 + 5, 2),
        # Below each other they are larger.
        (17, "nn.MaxPool2d(2)", 17, 0),
        (17, "nn.MaxPool2d(3, ceil_mode=True)", 18, 0),
    ):
        field(page, "input, columns").fill(str(columns))
        page.locator("#sw-line").fill(call)
        sizes = page.evaluate(SIZES)
        room = sizes["width"] - (34 * signs + 8 if signs else 4)
        assert sizes["signs"] == signs
        cells = {name: min(46, room // across) for name in ("input", "output", "gradient")}
        assert sizes["cells"] == cells | ({"kernel": cells["input"]} if signs == 2 else {})
    page.set_viewport_size(PHONE)
    until(page, f"() => ({SIZES})().cells.input < 30")
    sizes = page.evaluate(SIZES)
    assert set(sizes["cells"].values()) == {(sizes["width"] - 4) // 18}


@pytest.mark.parametrize(("width", "height"), [(360, 700), (900, 1000), (1280, 1500)])
def test_a_photo_and_its_output_are_seen_at_once(page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    page.get_by_role("button", name="Edges in a photo").click()
    until(page, f"({GRID})('output')?.length === 38")
    sizes = page.evaluate(SIZES)
    above = sizes["top"] if sizes["top"] <= height / 2 else 130
    assert sizes["height"] <= height - above and sizes["cells"]["kernel"] == 24
    assert sizes["signs"] == 0 or sizes["height"] < sizes["width"]
    page.evaluate("scrollTo({ top: 200, behavior: 'instant' })")
    page.locator("#sw-line").fill("nn.Conv2d(1, 1, 3, bias=False, stride=3)")
    page.locator("#sw-line").fill("nn.Conv2d(1, 1, 3, bias=False)")
    assert page.evaluate(SIZES)["cells"] == sizes["cells"]
    # Cells that are much larger would not fit, beside or below each other.
    larger, across, kernel = 1.25 * (sizes["cells"]["input"] + 1), 40 + 38, 3 * 24
    assert larger * across > sizes["width"] - 2 * 34 - 8 - kernel
    assert larger * across > height - above - 3 * 30 - kernel or larger > sizes["width"] / 40
