"""The explorer's page in a real Chromium: controls, line, figure and address say one thing."""

import itertools
import random
import re
import time
from urllib.parse import quote

import pytest
import torch
from asked_of_torch import OURS
from exploring import AFRESH, BEGIN, GRID, made_by, program
from playwright.sync_api import expect
from recording import WIDTHS, in_theme, open_all, settled, violations
from site_pages import DESKTOP, PHONE, until
from torch import nn

from slidingwindows import slide

PRESETS = (
    "Max pooling;Overlap and padding;Average, padding left out;A lost row;ceil_mode;Dilation;"
    "Edges in a photo;Transposed;Adaptive;Too much padding"
).split(";")


# What the page shows at this moment: its program, its result, and what it says is wrong.
STATE = f"""() => {{
  const problem = document.querySelector(".sw-view > .sw-problem");
  return {{
    line: document.querySelector("#sw-line").value,
    code: document.querySelector(".sw-program code").textContent,
    output: ({GRID})("output"),
    said: problem.hidden ? "" : problem.querySelector(".sw-said").innerText,
  }};
}}"""
# Turns the controls by script, in one go that is never painted, and notes each state.
BY_SCRIPT = f"""
  const state = {STATE}, states = [];
  const controls = document.querySelector(".sw-controls");
  const operation = document.querySelector("#sw-operation");
  const names = [...operation.options].map(option => option.value);
  // Whether it is seen is a matter of style alone, for which nothing has to be laid out.
  const isSeen = one => one.checkVisibility({{ visibilityProperty: true }});
  const seen = selector => [...controls.querySelectorAll(selector)].filter(isSeen);
  const note = () => states.push(state());
  const set = (one, value, event) => {{
    one.value = value;
    one.dispatchEvent(new Event(event, {{ bubbles: true }}));
  }};
"""
ROUNDS = 60
EVERY = f"""() => {{ {BY_SCRIPT}
  for (const name of [...names, ...names.toReversed()]) {{
    set(operation, name, "change");
    note();
  }}
  for (const name of names) {{
    set(operation, name, "change");
    for (const button of seen("button[aria-label*='increase']")) {{
      button.click();
      note();
    }}
    for (const box of seen("input[type=checkbox]")) {{
      box.click();
      note();
    }}
  }}
  return [names, states];
}}"""
RANDOM = f"""chance => {{ {BY_SCRIPT}
  let drawn = 0;
  const below = n => Math.floor(chance[drawn++] * n);
  const pick = list => list[below(list.length)];
  const refused = [];
  for (let round = 0; round < {ROUNDS}; round++) {{
    set(operation, pick(names), "change");
    const fields = seen("input.sw-number");
    for (let n = 0; n < 2 && fields.length; n++) {{
      set(fields.splice(below(fields.length), 1)[0], pick([0, 1, 1, 2, 2, 3, 4, -1, 9]), "input");
      note();
    }}
    const boxes = seen("input[type=checkbox]");
    if (boxes.length) pick(boxes).click();
    for (const one of seen("select").slice(1))
      set(one, pick([...one.options]).value, "change");
    const size = document.querySelector(`[aria-label="input, ${{pick(["rows", "columns"])}}"]`);
    if (isSeen(size)) set(size, 1 + below(12), "input");
    note();
    refused.push(states.at(-1).said !== "");
  }}
  return [states, refused];
}}"""


@pytest.fixture
def page(living):
    """The page as it begins, for whoever starts from there."""
    here = living("explorer/?begins")
    here.problems.clear()
    here.page.mouse.move(0, 0)
    here.page.evaluate(BEGIN, "")
    yield here.page
    assert not here.problems


@pytest.fixture
def linked(living):
    """linked(hash): a new document that this link opens, in a tab that is the same for all."""
    here = living("explorer/?linked")
    here.problems.clear()
    yield lambda link: opened(here, f"?linked={next(NUMBERS)}{link}")
    assert not here.problems


@pytest.fixture
def used(living):
    """One page that many tests use after each other, as a reader does; it has 5×5 numbers."""
    here = living("explorer/")
    here.page.locator(".sw-board .sw-cell").first.wait_for()
    here.page.evaluate(AFRESH)
    yield here.page
    assert not here.problems


@pytest.fixture(scope="module")
def beginning(living) -> list:
    """[line, output, title] of the page as it begins."""
    page = living("explorer/?beginning").page
    page.locator(".sw-board .sw-cell").first.wait_for()
    return [line(page), page.evaluate(GRID, "output"), page.title()]


NUMBERS = itertools.count()  # no document has the address of another, so each is loaded


def opened(here, fragment=""):
    page = here.go("explorer/" + fragment)
    page.locator(".sw-board .sw-cell").first.wait_for()
    return page


def grid(page, name) -> torch.Tensor:
    return torch.tensor(page.evaluate(GRID, name), dtype=torch.float32)


def line(page) -> str:
    return page.locator("#sw-line").input_value()


def field(page, name):
    return page.get_by_role("textbox", name=name, exact=True)


def agrees(page) -> None:
    """The figure shows what torch makes of the program shown, or says what torch says."""
    is_torchs(page.evaluate(STATE))


def is_torchs(state) -> None:
    said = state["said"]
    if said and not said.startswith("torch says"):
        assert re.search(OURS, said), said
        return
    try:
        made = made_by(state["code"])
        with torch.no_grad():
            answer = made["layer"](made["x"])
    except (RuntimeError, ValueError, ZeroDivisionError) as error:
        assert said == f"torch says: {str(error).strip().splitlines()[0]}"
        return
    assert not said
    shown = torch.tensor(state["output"], dtype=torch.float32).reshape(answer.shape)
    close = {"rtol": 1e-5, "atol": 1e-4, "equal_nan": True}
    torch.testing.assert_close(shown, answer, **close, msg=state["line"])


@pytest.mark.parametrize("name", PRESETS)
def test_each_beginning_agrees_with_torch(used, name):
    page = used
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("status")).to_contain_text(f"{name}: nn.")
    agrees(page)
    assert (name == "Too much padding") == page.locator(".sw-view > .sw-problem").is_visible()


def test_a_pasted_line_moves_the_controls(page):
    page.locator("#sw-line").fill("nn.MaxPool2d(3, stride=2, padding=1)")
    for name, value in (("kernel_size", "3"), ("stride", "2"), ("padding", "1"), ("dilation", "1")):
        assert field(page, name).input_value() == value
    page.locator("#sw-line").fill("layer = torch.nn.AvgPool2d((2, 3), 1, ceil_mode=True)  # mine")
    assert page.locator("#sw-operation").input_value() == "AvgPool2d"
    assert not page.get_by_label("the same for rows and columns").is_checked()
    sizes = [field(page, f"kernel_size, {axis}").input_value() for axis in ("rows", "columns")]
    assert sizes == ["2", "3"]
    assert page.get_by_label("ceil_mode").is_checked()
    agrees(page)
    page.locator("#sw-line").blur()
    assert line(page) == "nn.AvgPool2d(kernel_size=(2, 3), stride=1, ceil_mode=True)"


def test_every_operation_by_its_controls(page):
    names, states = page.evaluate(EVERY)
    assert len(names) == 14 and len(states) > 28 + 4 * 14
    for name, state in zip([*names, *reversed(names)], states, strict=False):
        assert state["line"].startswith(f"nn.{name}(")
    for state in states:
        is_torchs(state)
    assert len({state["line"] for state in states}) > 70


def test_random_settings_by_the_controls(page):
    chance = random.Random(2)
    states, refused = page.evaluate(RANDOM, [chance.random() for _ in range(ROUNDS * 16)])
    for state in states:
        is_torchs(state)
    assert len(refused) == ROUNDS and 5 < sum(refused) < ROUNDS - 15
    assert len({state["line"] for state in states}) > 80


def test_controls_by_pointer(page):
    """What the sweeps do by script, a few times with a mouse."""
    for name in ("Conv2d", "AvgPool1d", "MaxPool2d"):
        page.locator("#sw-operation").select_option(name)
        for sign in (
            page.locator(".sw-controls").first.get_by_role("button", name="increase").all()[:2]
        ):
            sign.click()
            agrees(page)
    assert "kernel_size=6" in line(page)
    page.get_by_label("ceil_mode").check()
    assert "ceil_mode=True" in line(page)
    agrees(page)
    field(page, "kernel_size").fill("2")
    field(page, "input, rows").fill("7")
    agrees(page)


def test_by_keyboard_alone(page):
    page.locator("#sw-operation").focus()
    page.keyboard.type("AvgPool2d")
    page.keyboard.press("Tab")
    assert line(page).startswith("nn.AvgPool2d")
    page.get_by_role("button", name="increase kernel_size").press("Enter")
    field(page, "stride").press("ArrowDown")
    page.get_by_label("count_include_pad").press("Space")
    assert line(page) == (
        "nn.AvgPool2d(kernel_size=4, stride=1, padding=1, count_include_pad=False)"
    )
    agrees(page)
    page.get_by_role("button", name="Next", exact=True).press("Enter")
    expect(page.locator(".sw-where")).to_have_text("output (0, 1), window 2 of 16")
    page.get_by_role("slider", name="window").press("End")
    expect(page.locator(".sw-where")).to_have_text("output (3, 3), window 16 of 16")
    page.get_by_role("button", name="First", exact=True).press("Enter")
    page.get_by_role("button", name="Next", exact=True).focus()
    cell = page.locator(".sw-grid[aria-label^='input'] [tabindex='0']")
    cell.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "-", "3", ".", "5", "Enter"):
        page.keyboard.press(key)
    assert -3.5 in grid(page, "input")
    agrees(page)
    focused = page.evaluate("document.activeElement.dataset.value")
    assert focused == "-3.5"
    page.keyboard.press("Delete")
    page.keyboard.press("Escape")
    assert -3.5 in grid(page, "input")
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement.dataset.col") == "-1"
    page.keyboard.press("End")
    page.keyboard.press("PageUp")
    place = page.evaluate(
        "[document.activeElement.dataset.row, document.activeElement.dataset.col]"
    )
    assert place == ["-1", "5"]


def test_each_step_is_announced_with_its_window(page):
    said = page.locator(".sw-explored [aria-live='polite']")
    page.get_by_role("button", name="Next", exact=True).click()
    words = page.locator(".sw-arithmetic").inner_text()
    expect(said).to_have_text(f"output (0, 1), window 2 of 9: {words}")
    page.get_by_role("slider", name="window").press("End")
    expect(said).to_contain_text("output (2, 2), window 9 of 9: max(")


def test_a_shared_link_survives_markdown_and_mail(page, linked):
    """No sign is left in it that ends a link in a text, and it is no less the same link."""
    page.locator("#sw-line").fill("nn.Conv2d(1, 1, (2, 3), padding='same', padding_mode='reflect')")
    page.get_by_role("button", name="Copy link").click()
    link = page.evaluate("location.hash")
    assert re.fullmatch(r"#[\w%.,;:&=+-]+", link) and link[-1].isalnum()
    other = linked(link)
    assert line(other) == page.evaluate("SlidingWindows.explorer.page.text")


def test_no_control_is_a_keyboard_trap(page):
    """Tab reaches every control that is seen, and leaves the explorer again."""
    wanted = page.locator(
        "#sw-explorer :is(button, input, select, summary, pre, [tabindex='0']):visible:enabled"
    ).count()
    page.locator("#sw-explorer button").first.focus()
    found = 1
    for _ in range(120):
        page.keyboard.press("Tab")
        if not page.evaluate(
            "document.querySelector('#sw-explorer').contains(document.activeElement)"
        ):
            break
        found += 1
    assert found >= wanted > 25


def cells(page, name):
    return page.locator(f".sw-grid[aria-label^='{name}'] .sw-cell")


def test_pointing_at_a_cell(page):
    call = "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)"
    page.locator("#sw-line").fill(call)
    made = program(page)
    trace = slide(made["layer"], made["x"])
    words = page.locator(".sw-arithmetic")
    for number, step in enumerate(trace.steps):
        cells(page, "output").nth(number).hover()
        expect(words).to_have_text(step.arithmetic)
        assert page.locator(".sw-winner:not(.sw-swatch)").count() == 1
        assert page.locator(".sw-cell.sw-tie").count() == len(step.ties)
        marked = page.locator(".sw-cell:is(.sw-read, .sw-winner, .sw-tie)").count()
        assert marked == len(step.taps)
    width = len(trace.planes[0][0])
    for row, col in ((-1, -1), (0, 0), (1, 1), (4, 3), (5, 5)):
        readers = sum(any((t.row, t.col) == (row, col) for t in s.taps) for s in trace.steps)
        cells(page, "input").nth((row + 1) * width + col + 1).hover()
        assert page.locator(".sw-cell.sw-reader").count() == readers
        if readers == 1:
            expect(words).to_contain_text("is read by 1 window")
        else:
            expect(words).to_contain_text(f"({row}, {col}) is read by {readers or 'no window'}")
    page.locator("h1").hover()
    expect(words).to_have_text(trace.steps[0].arithmetic)
    cells(page, "output").nth(4).click()
    page.locator("h1").hover()
    expect(words).to_have_text(trace.steps[4].arithmetic)


def test_facts(page):
    page.locator("#sw-line").fill("nn.Conv2d(1, 1, 3, stride=2)")
    field(page, "input, rows").fill("6")
    facts = page.locator(".sw-fact-list").inner_text()
    assert "height: ⌊(6 − 3) / 2⌋ + 1 = 2\nwidth: ⌊(5 − 3) / 2⌋ + 1 = 2" in facts
    assert "parameters\n10" in facts  # nine weights and a bias
    assert "multiply-accumulates\n36" in facts
    assert "never read\n5 of 30" in facts
    assert "receptive field\n3×3" in facts
    assert "rows 0 to 2, columns 0 to 2: 9 elements" in facts
    assert page.locator(".sw-cell.sw-untouched").count() == 5


@pytest.mark.parametrize(
    "call",
    [
        "nn.MaxPool2d(3, stride=1)",
        "nn.AvgPool2d(2, stride=1, padding=1)",
        "nn.LPPool2d(3, 2)",
        "nn.Conv2d(1, 1, 3, padding=1, padding_mode='reflect')",
        "nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1)",
        "nn.AdaptiveMaxPool2d((2, 3))",
        "nn.Conv1d(1, 1, 2)",
    ],
)
def test_the_gradient_is_autograds(used, call):
    page = used
    page.locator("#sw-line").fill(call)
    page.get_by_role("slider", name="window").press("Home")
    page.get_by_label("gradient of the input").check()
    for which in ("of the sum of all outputs", "of the chosen output alone"):
        page.get_by_label("gradient of", exact=True).select_option(which)
        page.get_by_role("button", name="Next", exact=True).click()
        made = program(page)
        x = made["x"].requires_grad_()
        out = made["layer"](x).flatten()
        number = int(page.get_by_role("slider", name="window").input_value())
        (out.sum() if "sum" in which else out[number]).backward()
        shown = grid(page, "gradient").reshape(x.shape)
        torch.testing.assert_close(shown, x.grad, rtol=1e-4, atol=1e-5, msg=call)


def test_every_way_to_an_input(page):
    page.get_by_role("button", name="0, 1, 2 …").click()
    assert grid(page, "input")[1, 1:6].tolist() == [0, 1, 2, 3, 4]
    agrees(page)
    page.get_by_role("button", name="Photo", exact=True).click()
    until(page, f"({GRID})('input')[1][1] > 9")
    agrees(page)
    field(page, "input, columns").fill("9")
    agrees(page)
    page.get_by_label("seed").fill("42")
    agrees(page)
    before = grid(page, "input").tolist()
    page.get_by_role("button", name="Random").first.click()
    assert page.get_by_label("seed").input_value() == "43"
    assert grid(page, "input").tolist() != before
    agrees(page)
    page.get_by_role("button", name="All 0").click()
    assert not grid(page, "input")[1:-1, 1:-1].any()
    page.get_by_text("Paste a grid").click()
    page.locator("#sw-grid").fill("tensor([[1., 2.5],\n        [-3, 4e1]])")
    page.get_by_role("button", name="Use it").click()
    assert program(page)["x"].tolist() == [[[1, 2.5], [-3, 40]]]
    page.locator("#sw-grid").fill("1 2\n3")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator(".sw-paste .sw-problem")).to_contain_text("different lengths: 2, 1")
    page.locator("#sw-grid").fill("1, 2\n3, zebra")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator(".sw-paste .sw-problem")).to_contain_text("a number")
    assert program(page)["x"].tolist() == [[[1, 2.5], [-3, 40]]]


def test_typing_and_drawing(page):
    page.locator("#sw-line").fill("nn.Conv2d(1, 1, 2)")
    page.get_by_role("button", name="All 0").click()
    cells(page, "input").nth(0).click()
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    cells(page, "kernel").nth(3).click()
    page.keyboard.type("−4")  # a minus sign as people copy it
    page.keyboard.press("Tab")
    page.get_by_label("bias is").fill("0.25")
    made = program(page)
    assert made["x"][0, 0, 0] == 2 and made["layer"].weight[0, 0, 1, 1] == -4
    assert made["layer"].bias == 0.25
    agrees(page)
    page.get_by_label("with", exact=True).fill("7")
    page.get_by_role("button", name="Draw").click()
    boxes = [cells(page, "input").nth(n).bounding_box() for n in (6, 7, 8)]
    centres = [(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2) for b in boxes]
    page.mouse.move(*centres[0])
    page.mouse.down()
    for centre in centres[1:]:
        page.mouse.move(*centre, steps=3)
    page.mouse.up()
    assert grid(page, "input").flatten()[5:10].tolist() == [0, 7, 7, 7, 0]
    agrees(page)
    page.get_by_role("button", name="Draw").click()
    cells(page, "input").nth(1).click()
    page.keyboard.type("x")
    page.keyboard.press("Enter")
    assert grid(page, "input").isfinite().all()


def test_drawing_passes_over_padding(page):
    """Which is not a reader's to change, and does not end the stroke."""
    page.get_by_role("button", name="All 0").click()
    page.get_by_role("button", name="Draw").click()
    for n, press in ((8, True), (1, False), (9, False)):  # (0, 0), the padding above it, (0, 1)
        cells(page, "input").nth(n).hover()
        if press:
            page.mouse.down()
    page.mouse.up()
    assert program(page)["x"][0, 0].tolist() == [9, 9, 0, 0, 0]
    assert program(page)["x"].sum() == 18
    agrees(page)


def test_nan_and_infinities_can_be_typed_and_linked(page, linked):
    for n, word in enumerate(("NaN", "inf", "-inf")):
        cells(page, "input").nth(8 + n).focus()
        page.keyboard.type(word)
        page.keyboard.press("Enter")
    row = program(page)["x"][0, 0]
    assert row[0].isnan() and row[1:3].tolist() == [float("inf"), -float("inf")]
    until(page, "location.hash.includes('NaN,Infinity,-Infinity')")
    other = linked(page.evaluate("location.hash"))
    torch.testing.assert_close(program(other)["x"], program(page)["x"], equal_nan=True)
    page.locator("#sw-line").fill("nn.Conv2d(1, 1, 2)")
    cells(page, "kernel").nth(0).focus()
    page.keyboard.type("inf")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("a number")


INFINITE = "[[inf, -inf], [nan, 1.5e+05]]"
READ = {
    "1 2\n3 4": [[1, 2], [3, 4]],
    "1, 2\n3, 4\n": [[1, 2], [3, 4]],
    "1,2,\n3,4,": [[1, 2], [3, 4]],
    "1,2\n3,-4": [[1, 2], [3, -4]],
    "1.5\t2.5": [[1.5, 2.5]],
    "1 2; 3 4": [[1, 2], [3, 4]],
    "1, 2; 3, 4;": [[1, 2], [3, 4]],
    "1 2;\n3 4;": [[1, 2], [3, 4]],
    "[1, 2, 3]": [[1, 2, 3]],
    "1,2,3,4\n5,6,7,8": [[1, 2, 3, 4], [5, 6, 7, 8]],
    "0, 5": [[0, 5]],
    "tensor([[1, 2]])  # a - b": [[1, 2]],
    "1 2  # the first row\n3 4": [[1, 2], [3, 4]],
    "((1, 2), (3, 4))": [[1, 2], [3, 4]],
    "torch.tensor(((1, 2), (3, 4)))": [[1, 2], [3, 4]],
    "[(1, 2), (3, 4)]": [[1, 2], [3, 4]],
    "([1, 2], [3, 4])": [[1, 2], [3, 4]],
    "[[1. 2.]\n [3. 4.]]": [[1, 2], [3, 4]],
    repr(torch.arange(6.0).reshape(1, 1, 2, 3)): [[0, 1, 2], [3, 4, 5]],
    repr(torch.tensor([[1, 2], [3, -4]], dtype=torch.int32)): [[1, 2], [3, -4]],
    repr(torch.tensor([[1.0, 2.5]], requires_grad=True)): [[1, 2.5]],
    repr(torch.arange(4.0).reshape(2, 2).numpy()): [[0, 1], [2, 3]],
    f"x = torch.tensor({INFINITE})": [[float("inf"), -float("inf")], [float("nan"), 150000]],
}
ASKED = {
    repr(torch.arange(12.0).reshape(1, 3, 2, 2)): "is 1 by 3 by 2 by 2",
    repr(torch.arange(12.0).reshape(3, 2, 2)): "is 3 by 2 by 2",
    repr(torch.arange(4096.0).reshape(64, 64)): "left out",
    "1,5 2,5": "decimal points",
    "1,5\t2,5\n3,5\t4,5": "decimal points",
    "1,05": "decimal points",
    "[[1,5 2,5]]": "decimal points",
    "1 000 2 000": "thousands",
    "-[[1, 2]]": "is a calculation",
    "torch.tensor([[1, 2]]) * 2": "is a calculation",
    "1,5\n2,5": "decimal points",
    "0,5": "decimal points",
    "1,5": "decimal points",
    "1.234,5\n2.345,6": "decimal points",
    "1,234.5": "decimal points",
    "12,5,13,5": "decimal points",
    "0,5,1,5": "decimal points",
    "((1, 2), (3, 4)": "bracket is missing",
    "-((1, 2), (3, 4))": "is a calculation",
    "1,5\n-2,5\n": "decimal points",
    "[[1,2],[3,4]]]": "bracket too many",
    "1;2;3": "semicolons",
    "1;2;3\n4;5;6": "semicolons",
    "1,5;2,5": "semicolons",
    "1 2\n3": "different lengths: 2, 1",
    "[[1, 2], [3]]": "different lengths: 2, 1",
    "[[1, 2], 3]": "hold rows",
    "[[1, 2], [3, 4]": "bracket is missing",
    "[1, 2] [3, 4]": "several lists",
    "tensor([])": "no numbers",
    "": "no numbers",
    "1 zebra": "“zebra” is not a number",
    "[[1, zebra]]": "“zebra” is not a number",
    "[[1, 2e9]]": "“2e9” is not a number",
    " ".join("1" * 65): "1 to 64 rows",
}


# Another grid first, else the one before could pass for this one's.
PASTE = """text => {
  const box = document.querySelector("details.sw-paste");
  const use = [...box.querySelectorAll("button")].find(b => b.textContent.trim() === "Use it");
  box.open = true;
  const programs = ["8 7 6", text].map(grid => {
    document.querySelector("#sw-grid").value = grid;
    use.click();
    return document.querySelector(".sw-program code").textContent;
  });
  const problem = box.querySelector(".sw-problem");
  return [...programs, problem.checkVisibility() ? problem.innerText : ""];
}"""


def pasted(page, text):
    """(the input there is then, what is said to be wrong), in place of the input 8 7 6."""
    before, after, said = page.evaluate(PASTE, text)
    assert made_by(before)["x"].tolist() == [[[8, 7, 6]]]
    return made_by(after)["x"][0], said


@pytest.mark.parametrize("text", READ)
def test_a_pasted_grid_is_read(used, text):
    shown, said = pasted(used, text)
    assert said == ""
    torch.testing.assert_close(shown, torch.tensor(READ[text]).float(), equal_nan=True)


@pytest.mark.parametrize("text", ASKED)
def test_a_pasted_grid_that_is_unclear_is_asked_about(used, text):
    shown, said = pasted(used, text)
    assert ASKED[text] in said
    assert shown.tolist() == [[8, 7, 6]]


def through_one_dimension(page, by, meanwhile=lambda: None):
    """To a 1-D operation and back, by the line or by the controls."""
    for call in ("nn.MaxPool1d(2)", "nn.MaxPool2d(2)"):
        if by == "line":
            page.locator("#sw-line").fill(call)
        else:
            page.locator("#sw-operation").select_option(call[3:12])
        agrees(page)
        if "1d" in call:
            meanwhile()


@pytest.mark.parametrize("by", ["line", "controls"])
def test_a_grid_comes_back_from_a_detour_through_one_dimension(used, by):
    page, typed = used, [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    pasted(page, "1 2 3\n4 5 6\n7 8 9")

    through_one_dimension(page, by)
    assert program(page)["x"][0].tolist() == typed

    def edit():
        assert program(page)["x"].tolist() == [[1, 2, 3]]
        cells(page, "input").nth(1).click()
        page.keyboard.type("5")
        page.keyboard.press("Enter")
        field(page, "input, columns").fill("4")

    through_one_dimension(page, by, edit)
    assert program(page)["x"][0].tolist() == [[1, 5, 3, 0], [4, 5, 6, 0], [7, 8, 9, 0]]
    assert field(page, "input, rows").input_value() == "3"
    zeros = page.get_by_role("button", name="All 0")
    through_one_dimension(page, by, zeros.click)
    assert program(page)["x"].shape == (1, 3, 4) and not program(page)["x"].any()
    for name in ("0, 1, 2 …", "Random"):
        page.get_by_role("button", name=name).first.click()
        before = program(page)["x"]
        through_one_dimension(page, by)
        assert torch.equal(program(page)["x"], before)
    # Numbers pasted meanwhile are another input.
    page.locator("#sw-line").fill("nn.MaxPool1d(2)")
    page.locator("#sw-grid").fill("3 2 1")
    page.get_by_role("button", name="Use it").click()
    page.locator("#sw-line").fill("nn.MaxPool2d(1)")
    assert program(page)["x"].tolist() == [[[3, 2, 1]]]


def test_a_photo_cut_to_a_signal_is_the_linked_one(page, linked):
    page.get_by_role("button", name="Photo", exact=True).click()
    until(page, f"({GRID})('input')[1][1] > 9")
    page.locator("#sw-line").fill("nn.MaxPool1d(2)")
    until(page, "location.hash.includes('1d') && location.hash.includes('photo')")
    other = linked(page.evaluate("location.hash"))
    until(other, f"({GRID})('input')[0][0] > 9")
    assert torch.equal(grid(other, "input"), grid(page, "input"))


def test_the_largest_sizes_are_those_that_the_page_states(used):
    side, most = map(
        int, re.findall(r"(?:at most|may reach) (\d+)", used.inner_text("article"))[:2]
    )
    for size, fits in ((side, True), (side + 1, False)):
        field(used, "input, rows").fill(str(size))
        assert (field(used, "input, rows").get_attribute("aria-invalid") == "false") == fits
    field(used, "input, rows").fill(str(side))
    for padding, fits in (((most - side) // 2, True), ((most - side) // 2 + 1, False)):
        used.locator("#sw-line").fill(f"nn.Conv2d(1, 1, 3, padding={padding})")
        assert used.locator(".sw-view > .sw-problem").is_hidden() == fits


# Chromium scrolls after what has moved; not every browser does.
UNANCHORED = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { overflow-anchor: none !important }");
  document.adoptedStyleSheets = [sheet];
}"""


@pytest.mark.parametrize(
    ("call", "button"),
    [
        ("nn.MaxPool2d(5, stride=1)", "increase kernel_size"),
        ("nn.Conv2d(1, 1, 5)", "increase kernel_size"),
        ("nn.Conv2d(1, 1, 5, bias=True)", "decrease input, rows"),
        ("nn.AvgPool2d(2, padding=1)", "increase padding"),
        ("nn.AdaptiveAvgPool2d(1)", "decrease output_size"),
    ],
)
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE])
def test_an_error_moves_no_button_from_under_the_pointer(living, viewport, call, button):
    page = living("explorer/?errors").page
    page.locator(".sw-board .sw-cell").first.wait_for()
    page.set_viewport_size(viewport)
    page.evaluate(UNANCHORED)
    page.evaluate(AFRESH)
    page.locator("#sw-line").fill(call)
    page.locator("#sw-line").blur()
    expect(page.locator(".sw-problem:visible")).to_have_count(0)
    one = page.get_by_role("button", name=button)
    one.scroll_into_view_if_needed()
    before = one.bounding_box()
    point = before["x"] + before["width"] / 2, before["y"] + before["height"] / 2
    page.mouse.click(*point)
    expect(page.locator(".sw-problem:visible")).to_have_count(1)
    after = one.bounding_box()
    assert max(abs(after[key] - before[key]) for key in before) < 1
    page.locator("#sw-line").fill("nn.MaxPool2d(2)")
    agrees(page)


def test_the_edges_of_a_photo_are_seen_without_scrolling(page):
    page.get_by_role("button", name="Edges in a photo").click()
    until(page, f"({GRID})('output')?.length === 38")
    boxes = [page.locator(f".sw-grid[aria-label^='{n}']") for n in ("input", "kernel", "output")]
    for box in boxes:
        expect(box).to_be_in_viewport(ratio=1)
    assert boxes[0].bounding_box()["width"] > 150


def test_drawing_by_finger(visit):
    here = visit(viewport=PHONE, has_touch=True, is_mobile=True)
    page = opened(here)
    page.get_by_role("button", name="All 0").tap()
    page.get_by_role("button", name="Draw").tap()
    cells(page, "input").nth(8).tap()
    assert (grid(page, "input") == 9).sum() == 1
    agrees(page)


def test_kernels_to_begin_with(page):
    page.locator("#sw-line").fill("nn.Conv2d(1, 1, 3, bias=False)")
    weights = page.get_by_role("group", name="kernel weights")
    for name, wanted in (
        ("Ones", torch.ones(3, 3)),
        ("Mean", torch.full((3, 3), 1 / 9)),
        ("Sobel", torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])),
    ):
        weights.get_by_role("button", name=name).click()
        assert torch.equal(program(page)["layer"].weight[0, 0], wanted)
        agrees(page)
    weights.get_by_role("button", name="Random").click()
    agrees(page)
    field(page, "kernel_size").fill("2")
    weights.get_by_role("button", name="Sobel").click()
    expect(page.get_by_role("status")).to_contain_text("3×3")
    agrees(page)


def test_playing_and_its_pause(visit):
    """By a clock of ours: while it stands still, nothing moves; as it goes on, windows do."""
    here = visit()
    here.page.clock.install()
    page = opened(here)
    here.page.clock.pause_at(time.time() + 3600)
    where, frame = page.locator(".sw-where"), page.evaluate("SlidingWindows.explorer.FRAME")
    expect(where).to_contain_text("window 1 of 9")
    page.get_by_role("button", name="Play", exact=True).click()
    page.clock.run_for(frame - 1)
    expect(where).to_contain_text("window 1 of 9")
    assert page.evaluate("location.hash") == ""  # until something is changed
    page.clock.run_for(1)
    expect(where).to_contain_text("window 2 of 9")
    page.clock.run_for(frame)
    expect(where).to_contain_text("window 3 of 9")
    assert page.evaluate("location.hash").endswith("&at=0,1")
    expect(page.locator(".sw-explored [aria-live='polite']")).to_have_text("")
    page.get_by_role("button", name="Pause", exact=True).click()
    page.clock.run_for(20 * frame)
    expect(where).to_contain_text("window 3 of 9")
    page.get_by_role("slider", name="window").press("End")
    page.get_by_role("button", name="Play", exact=True).click()  # from the start again
    expect(where).to_contain_text("window 1 of 9")
    page.clock.run_for(8 * frame)
    expect(where).to_contain_text("window 9 of 9")
    page.clock.run_for(frame)
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    # A page that the reader has left plays no further.
    page.get_by_role("button", name="Play", exact=True).click()
    page.evaluate("globalThis.left = SlidingWindows.explorer.page.figure.steps")
    page.evaluate(BEGIN, "")
    page.clock.run_for(frame)
    assert page.evaluate("[left.playing, left.number]") == [False, 0]
    assert not here.problems


@pytest.mark.parametrize(
    "call",
    [
        *("nn.MaxPool2d(0)", "nn.MaxPool2d(-1)", "nn.MaxPool2d(9)", "nn.MaxPool2d(3, stride=0)"),
        *("nn.MaxPool2d(3, padding=2)", "nn.AvgPool2d(2, divisor_override=0)"),
        *("nn.Conv2d(1, 1, 9)", "nn.Conv2d(1, 1, 3, padding='same', stride=2)"),
        *("nn.Conv2d(1, 1, 2, padding=5, padding_mode='reflect')", "nn.LPPool2d(0, 2)"),
        *("nn.ConvTranspose2d(1, 1, 3, output_padding=3)", "nn.Conv1d(1, 1, 9)"),
        *("nn.MaxPool1d(2, padding=2)", "nn.AdaptiveAvgPool2d(-1)"),
    ],
)
def test_torchs_refusal_is_shown_explained_and_mended(used, call):
    page = used
    page.locator("#sw-line").fill(call)
    with pytest.raises((RuntimeError, ValueError, ZeroDivisionError)) as caught:
        sizes = (1, 5) if "1d" in call else (1, 5, 5)
        eval(call, {"nn": nn})(torch.ones(sizes))
    problem = page.locator(".sw-view > .sw-problem")
    expect(problem.locator(".sw-said")).to_have_text(f"torch says: {str(caught.value).strip()}")
    for link in problem.locator("a").all():
        assert page.request.get(link.evaluate("a => a.href")).ok
    page.locator("#sw-line").fill("nn.MaxPool2d(2)")
    agrees(page)


@pytest.mark.parametrize(
    "call",
    [
        *("", "hello", "nn.MaxPool2d(", "nn.ReLU()", "nn.MaxPool2d(2), nn.ReLU()", "nn.Zebra(3)"),
        *("nn.Conv2d(3, 8, 3)", "nn.MaxPool2d(2.5)", "nn.MaxPool2d('<b>')", "nn.MaxPool2d()"),
        *("nn.Conv2d(1, 1, 3, padding=90000)", "nn.AdaptiveAvgPool2d(100000)"),
        *("nn.ConvTranspose2d(1, 1, 99999, stride=99999)", "nn.MaxPool2d(9" + "9" * 300 + ")"),
        "nn.Conv2d(1, 1, 90, padding=45)",
        *("nn.Conv2d(1, 1, 3, padding='some')", "nn.Conv2d(1, 1, 3, padding_mode='some')"),
        *("nn.AdaptiveAvgPool2d(0)", "nn.MaxPool2d((1, 2, 3))", "nn.MaxPool2d(2, ceil_mode=3)"),
        *("__import__('os').system('x')", "nn.MaxPool2d(__proto__=1)", "nn.constructor()"),
        "nn.MaxPool2d(2, return_indices=True)",
    ],
)
def test_what_cannot_be_shown_is_said_in_words_of_ours(used, call):
    page = used
    page.locator("#sw-line").fill(call)
    problem = page.locator(".sw-view > .sw-problem")
    expect(problem).to_be_visible()
    assert page.locator(".sw-problem b").count() == 0
    page.locator("#sw-line").fill("nn.MaxPool2d(2)")
    agrees(page)


RESULT = """() => {
  const seen = selector => [...document.querySelectorAll(selector)]
    .filter(one => one.checkVisibility()).map(one => one.innerText.trim());
  return [seen(".sw-grid[aria-label^='output']"), seen(".sw-arithmetic").join(""),
    seen(".sw-steps"), seen(".sw-legend"), seen(".sw-fact-list").join("")];
}"""


@pytest.mark.parametrize(
    "call",
    [
        *("nn.LPPool1d(2, (2,))", "nn.MaxPool1d(", "nn.MaxPool1d()", "nn.ReLU()", "zebra"),
        *("nn.Conv1d(3, 8, 3)", "nn.MaxPool1d(2, padding=2)", "nn.MaxPool1d(2.5)"),
    ],
)
def test_no_refusal_leaves_another_calls_result(used, call):
    page, line_ = used, used.locator("#sw-line")
    line_.fill("nn.MaxPool1d(2)")
    output, arithmetic, steps, legend, facts = page.evaluate(RESULT)
    assert all([output, arithmetic, steps, legend, facts])
    line_.fill(call)
    expect(page.locator(".sw-view > .sw-problem")).to_be_visible()
    assert page.evaluate(RESULT) == [[], "", [], [], ""]
    # Nor does one come back while the line is wrong and the input changes.
    said = page.locator(".sw-view > .sw-problem").inner_text()
    field(page, "input, columns").fill("6")
    assert page.locator(".sw-view > .sw-problem").inner_text() == said
    assert page.evaluate(RESULT) == [[], "", [], [], ""]
    if page.locator(".sw-program").is_visible():
        assert call in page.locator(".sw-program code").text_content().replace("kernel_size=", "")
    line_.fill("nn.MaxPool1d(2)")
    agrees(page)
    assert all(page.evaluate(RESULT)) and page.locator(".sw-program").is_visible()


def test_a_refused_size_leaves_no_result(used):
    field(used, "input, rows").fill("65")
    expect(used.locator(".sw-view > .sw-problem")).to_contain_text("1 to 64 rows")
    assert used.evaluate(RESULT) == [[], "", [], [], ""]
    field(used, "input, rows").fill("5")
    agrees(used)
    assert all(used.evaluate(RESULT))
    # The room that the message kept for the figure is given back.
    height = "document.querySelector('.sw-view').getBoundingClientRect().height"
    before = used.evaluate(height)
    field(used, "input, rows").fill("65")
    assert used.evaluate(height) == pytest.approx(before, abs=1)
    field(used, "input, rows").fill("2")
    agrees(used)
    assert used.evaluate(height) < before - 1


@pytest.mark.parametrize(
    ("call", "meant"),
    [("nn.maxpool2d(2)", "MaxPool2d"), ("nn.AvgPol1D(2)", "AvgPool1d"), ("nn.conv2d(1)", "Conv2d")],
)
def test_a_name_that_is_nearly_right_is_named(used, call, meant):
    used.locator("#sw-line").fill(call)
    problem = used.locator(".sw-view > .sw-problem")
    expect(problem).to_contain_text(f"Did you mean {meant}?")


@pytest.mark.parametrize("call", ["nn.MaxPool2d((2,))", "nn.Conv2d(1, 1, 2, stride=(2,))"])
def test_one_number_in_brackets_is_taken_where_torch_repeats_it(used, call):
    used.locator("#sw-line").fill(call)
    assert not used.locator(".sw-view > .sw-problem").is_visible()
    agrees(used)


def test_bad_numbers_in_the_controls(page):
    problem = page.locator(".sw-view > .sw-problem")
    for text in ("abc", "1e9", "99999999999", "NaN", "<b>", "2.5", "()", "--1", "", "None"):
        field(page, "kernel_size").fill(text)
        expect(problem).to_be_visible()
    field(page, "kernel_size").fill("2")
    agrees(page)
    for text in ("0", "-1", "65", "NaN", "1e3", "x", ""):
        field(page, "input, rows").fill(text)
        expect(problem).to_contain_text("1 to 64 rows")
        expect(field(page, "input, rows")).to_have_attribute("aria-invalid", "true")
    field(page, "input, rows").fill("6")
    agrees(page)
    for text in ("-1", "x", "4294967296", "1.5"):
        page.get_by_label("seed").fill(text)
        expect(page.get_by_label("seed")).to_have_attribute("aria-invalid", "true")
    agrees(page)


def test_a_link_brings_all_of_it(page, linked):
    page.locator("#sw-line").fill("nn.Conv2d(1, 1, (2, 3), stride=(1, 2), padding=(0, 1))")
    page.get_by_label("bias is").fill("-1.5")
    cells(page, "output").nth(3).click()
    page.get_by_label("gradient of the input").check()
    page.get_by_label("gradient of", exact=True).select_option("of the chosen output alone")
    until(page, "location.hash.includes('gradient=one') && location.hash.includes('at=')")
    other = linked(page.evaluate("location.hash"))
    assert line(other) == line(page)
    for name in ("input", "kernel", "output", "gradient"):
        assert torch.equal(grid(other, name), grid(page, name))
    for place in (".sw-where", ".sw-arithmetic", ".sw-program code"):
        assert other.locator(place).text_content() == page.locator(place).text_content()
    agrees(other)


def test_a_kernel_that_cannot_be_shown_has_a_link(page, linked):
    for size in (90, 0):
        call = f"nn.Conv2d(1, 1, kernel_size={size})"
        page.locator("#sw-line").fill(call)
        until(page, f"location.hash.includes('kernel_size={size}')")
        other = linked(page.evaluate("location.hash"))
        assert line(other) == call
        expect(other.locator(".sw-view > .sw-problem")).to_be_visible()
        page.locator("#sw-line").fill("nn.Conv2d(1, 1, 2)")  # whose weights do not fit 0


def test_typed_numbers_and_the_photo_travel_too(page, linked):
    page.locator("#sw-line").fill("nn.AvgPool1d(2)")
    cells(page, "input").nth(0).click()
    page.keyboard.type("0.1")
    page.keyboard.press("Enter")
    until(page, "location.hash.includes('0.1')")
    other = linked(page.evaluate("location.hash"))
    assert torch.equal(grid(other, "input"), grid(page, "input"))
    page.get_by_role("button", name="Edges in a photo").click()
    until(page, "location.hash.includes('photo')")
    other = linked(page.evaluate("location.hash"))
    assert torch.equal(grid(other, "output"), grid(page, "output"))


STANDS = f"""([line, output]) => document.querySelector("#sw-line")?.value === line
    && JSON.stringify(({GRID})("output")) === JSON.stringify(output)
    && document.querySelector(".sw-explorer .sw-notice").textContent.includes("nothing was changed")
"""
MADE = """[document.title, document.querySelectorAll("article script:not([src])").length,
    document.querySelectorAll("article :is(img, b)").length]"""
GOOD = "call=nn.MaxPool2d(2)&input=random:1:4x4"
HOSTILE = [
    "call=nn.MaxPool2d(2)",
    "input=random:1:4x4",
    "call=&input=random:1:4x4",
    "call=<script>document.title='x'</script>&input=random:1:4x4",
    "call=nn.MaxPool2d(2)&input=<img src=x onerror=document.title='x'>",
    "call=nn.MaxPool2d(2)&input=random:1:99x99",
    "call=nn.MaxPool2d(2)&input=random:99999999999:4x4",
    "call=nn.MaxPool2d(2)&input=random:-1:4x4",
    "call=nn.MaxPool2d(2)&input=photo:0x4",
    "call=nn.MaxPool2d(2)&input=nano,1;2,3",
    "call=nn.MaxPool2d(2)&input=1e999,1;2,3",
    "call=nn.MaxPool2d(2)&input=Infinite,1;2,3",
    "call=nn.MaxPool2d(2)&input=1,2;3",
    "call=nn.MaxPool2d(2)&input=" + ",".join("1" * 65),
    "call=nn.MaxPool2d(2)&input=" + ";".join(["1,2"] * 9000),
    "call=nn.Conv2d(3,8,3)&input=random:1:4x4",
    "call=nn.Conv2d(1,1,2)&input=random:1:4x4&weights=a,b",
    "call=nn.Conv2d(1,1,2)&input=random:1:4x4&weights=1,2,3",
    "call=nn.Conv2d(1,1,3)&input=arange:5x5&weights=1,2;3,4",
    "call=nn.Conv1d(1,1,2)&input=1,2,3;4,5,6",
    "call=nn.Conv2d(1,1,2)&input=random:1:4x4&bias=NaN",
    GOOD + "&at=-1,0",
    GOOD + "&at=1e9,0",
    GOOD + "&at=0",
    GOOD + "&gradient=<b>",
    GOOD + "&call=nn.ReLU()",
    GOOD + "&zebra=1",
    GOOD + "&__proto__=1",
    "call=constructor()&input=random:1:4x4",
    "call=nn.MaxPool2d(" + "9" * 500 + ")&input=random:1:4x4",
    "call=" + "(" * 3000 + "&input=random:1:4x4",
    "call=%&input=random:1:4x4",
    "call=%E0%A4%A&input=1",
    "javascript:document.title='x'",
    "%3Cscript%3E",
    '"]',
    "\u202e\u0000🪟",
]
# The last of them are odd as addresses, whatever they say of settings; the others are read by the
# explorer alone.
ADDRESSES = 6


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_hash_changes_nothing_and_runs_nothing(living, beginning, number):
    """One that the page begins with, then another that it is led to.

    What is odd as an address opens a document, which is new by a query of its own.
    """
    here = living("explorer/?hostile")
    here.problems.clear()
    link = "#" + quote(HOSTILE[number], safe="=&;,()<>'%:")
    if number < len(HOSTILE) - ADDRESSES:
        here.page.locator(".sw-board .sw-cell").first.wait_for()
        here.page.evaluate(BEGIN, link)
    else:
        opened(here, f"?hostile={number}{link}")
    page = here.page

    def nothing_ran():
        until(page, STANDS, beginning)
        assert page.evaluate(MADE) == [beginning[-1], 0, 0]

    nothing_ran()
    page.evaluate("document.querySelector('.sw-explorer .sw-notice').textContent = ''")
    page.evaluate("hash => { location.hash = hash }", HOSTILE[number - 1])
    nothing_ran()
    assert not here.problems


def test_a_link_followed_from_a_cell_chooses_its_own_output(page):
    """Focus stays in the grid, whose cells are others; that is no reader's step."""
    cells(page, "output").nth(8).click()
    link = "call=nn.MaxPool2d(2)&input=arange:4x6&at=1,1"
    page.evaluate("hash => { location.hash = hash }", link)
    expect(page.locator(".sw-where")).to_have_text("output (1, 1), window 5 of 6")
    assert page.evaluate("document.activeElement.dataset.row") is not None
    agrees(page)


def test_odd_but_honest_links(linked):
    """Settings that torch refuses, and places that are not there, are shown as what they are."""
    page = linked("#call=nn.MaxPool2d(9)&input=random:1:4x4")
    agrees(page)
    page = linked(f"#{GOOD}&at=63,63")
    expect(page.locator(".sw-where")).to_have_text("output (1, 1), window 4 of 4")
    page = linked("#call=nn.Conv2d(1,1,2)&input=arange:5x5&weights=1,2;3,4")
    agrees(page)


# Begins with each preset, never painted: [what is said to have begun, how wide the page is].
BEGIN_EACH = f"""async names => {{
  const found = [], buttons = [...document.querySelectorAll("#sw-explorer button")];
  const notice = document.querySelector(".sw-explorer .sw-notice");
  for (const name of names) {{
    buttons.find(button => button.textContent.trim() === name).click();
    for (let n = 0; n < 800 && !notice.textContent.startsWith(name); n++)
      await new Promise(done => setTimeout(done, n));
    found.push([notice.textContent, Math.max(...{WIDTHS})]);
  }}
  return found;
}}"""


@pytest.mark.parametrize("width", [320, 375, 768, 1280, 2560])
def test_no_width_scrolls_sideways(living, width):
    """Each beginning is laid out at this width, on a page that has had others."""
    page = living("explorer/?widths").page
    page.locator(".sw-board .sw-cell").first.wait_for()
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate(AFRESH)
    open_all(page)
    page.get_by_label("gradient of the input").check()
    for name, (said, wide) in zip(PRESETS, page.evaluate(BEGIN_EACH, PRESETS), strict=True):
        assert said.startswith(f"{name}: nn.") and wide <= width, (name, said, wide)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(living, scheme):
    """In the dark the same document has other colours, and nothing else is looked at again."""
    page = living("explorer/?axe").page
    settled(page)
    page.evaluate(BEGIN, "")
    in_theme(page, scheme)
    open_all(page)
    page.get_by_label("gradient of the input").check()
    for name in PRESETS:
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.get_by_role("status")).to_contain_text(name)
        # A photo has thousands of cells, one made like the other.
        page.locator(".sw-grid > :nth-child(n + 9)").evaluate_all(
            "rows => rows.forEach(row => row.remove())"
        )
        assert violations(page, "article", colours_alone=scheme == "dark") == [], name


def test_the_line_and_the_link_can_be_copied(visit):
    here = visit(permissions=["clipboard-read", "clipboard-write"])
    page = opened(here)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == line(page)
    page.get_by_role("button", name="Copy link").click()
    until(page, "location.hash.length > 1")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    page.get_by_text("The same in torch").click()
    page.get_by_role("button", name="Copy the program").click()
    until(
        page, "() => navigator.clipboard.readText().then(text => text.includes('print(layer(x))'))"
    )
    assert not here.problems


def test_without_script_a_text_says_what_is_missing(visit):
    page = visit(java_script_enabled=False).go("explorer/")
    expect(page.locator("noscript p")).to_contain_text("JavaScript, which is off")
    for path in page.locator("noscript a").evaluate_all("all => all.map(a => a.href)"):
        assert page.request.get(path).ok


def test_it_lives_on_after_instant_navigation(visit):
    here = visit()
    page = here.go("about/")
    here.mark()
    for _ in range(2):
        here.follow("/explorer/", "Explorer")
        page.locator(".sw-board .sw-cell").first.wait_for()
        assert page.locator(".sw-board").count() == 1
        page.locator("#sw-line").fill("nn.AvgPool2d(2)")
        agrees(page)
        here.follow("/about/", "About")
    assert here.marked()
    assert not here.problems


def test_it_works_from_a_folder(from_folder):
    page = from_folder("explorer", "#call=nn.MaxPool2d(9)&input=photo:8x8")
    problem = page.locator(".sw-view > .sw-problem a")
    expect(problem).to_have_attribute(
        "href", "../lessons/output-size/index.html#when-no-window-fits"
    )
    page.locator("#sw-line").fill("nn.MaxPool2d(3)")
    agrees(page)
