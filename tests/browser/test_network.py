"""The network calculator in a real Chromium: its numbers are funnel()'s and torch's own."""

import inspect
import json
import re
import warnings
from urllib.parse import quote

import pytest
import torch
from playwright.sync_api import expect
from random_layers import Maker, network
from recording import WIDTHS
from site_pages import until
from torch import nn

from slidingwindows import funnel, receptive_field
from slidingwindows.core.errors import SlidingWindowsError

# Torch's own words depend on the kernel that it happens to choose, so the page has words of ours.
OURS = ("the kernel has no elements", "dilation must be at least 1", "the output has no elements")
ROWS = """rows => rows.map(row => [row.querySelector("input").value,
    ...[...row.querySelectorAll("td[data-name]")].map(cell => cell.textContent)])"""


def part(words: str):
    """A pattern for text that holds these words."""
    return re.compile(re.escape(words))


# Builds network after network by the page's own fields, in one go that is never painted.
BUILD = f"""networks => {{
  const set = (one, value) => {{
    one.value = value;
    one.dispatchEvent(new Event("input", {{ bubbles: true }}));
  }};
  return networks.map(([shape, text, last]) => {{
    set(document.querySelector("#sw-shape"), shape);
    set(document.querySelector("#sw-paste"), text);
    const buttons = [...document.querySelectorAll("details.sw-paste button")];
    buttons.find(button => button.textContent.trim() === "Use it").click();
    return [({ROWS})([...document.querySelectorAll(".sw-stack tbody")]),
      document.querySelector(`#sw-problem-${{last}} code`)?.textContent];
  }});
}}"""


# As instant navigation brings the page: the same document, but an element that nothing has been
# done to, and the script of the page starts on it.
BEGIN = """hash => {
  document.activeElement.blur();
  history.replaceState(history.state, "", location.pathname + location.search + hash);
  const old = document.querySelector("#network");
  const root = old.cloneNode(false);
  old.replaceWith(root);
  SlidingWindows.network = new SlidingWindows.network.constructor(root);
}"""


@pytest.fixture
def page(living):
    """The page as it begins, for whoever starts from there."""
    here = living("network/?begins")
    here.page.locator(".sw-stack tbody").first.wait_for()
    here.page.evaluate(BEGIN, "")
    yield here.page
    assert not here.problems


@pytest.fixture
def used(living):
    """One page that many tests use after each other, as a reader does."""
    here = living("network/")
    here.page.locator(".sw-stack tbody").first.wait_for()
    yield here.page
    assert not here.problems


@pytest.fixture(scope="module")
def beginning(living) -> tuple:
    """(rows, title) of the page as it begins."""
    page = living("network/?beginning").page
    page.locator(".sw-stack tbody").first.wait_for()
    return rows(page), page.title()


def rows(page) -> list[list[str]]:
    return page.locator(".sw-stack tbody").evaluate_all(ROWS)


def shows(page, wanted) -> None:
    """Waits for these rows: Material lays the page anew when a script changes the hash."""
    until(
        page,
        f"""wanted => JSON.stringify(({ROWS})([...document.querySelectorAll(".sw-stack tbody")]))
            === JSON.stringify(wanted)""",
        wanted,
    )


def built(page, networks) -> list:
    """(rows, what the last row says is wrong) of each (shape, calls)."""
    asked = [
        [", ".join(map(str, shape)), "nn.Sequential(\n" + ",\n".join(calls) + ")", len(calls)]
        for shape, calls in networks
    ]
    return page.evaluate(BUILD, asked)


def unfold(page) -> None:
    if not page.locator("details.sw-paste").evaluate("box => box.open"):
        page.locator("details.sw-paste summary").click()


def expected(stages) -> list[list[str]]:
    """What the page should show of a funnel's stages."""
    found = []
    for stage in stages:
        comma = "," if len(stage.shape) == 1 else ""
        shape = f"({', '.join(map(str, stage.shape))}{comma})"
        numbers = [f"{stage.parameters:,}", f"{stage.macs:,}"]
        found.append([shape, *numbers, stage.sees(), stage.jump()])
    return found


def shown_error(page, number: int) -> str:
    return page.locator(f"#sw-problem-{number} code").inner_text()


def test_random_networks_equal_funnel_and_torch(used):
    maker, compared, refused = Maker(7), 0, 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        networks = [one for one in (network(maker) for _ in range(60)) if one[1]]
        answers = built(used, [(shape, calls) for shape, calls, *_ in networks])
        for (shape, calls, modules, words), (found, said) in zip(networks, answers, strict=True):
            assert [row[0] for row in found] == calls
            if words is not None:
                refused += 1
                assert said, calls
                if words and said not in OURS:
                    assert said == words, calls
                assert found[-1][1:] == [""] * 5
            if modules:
                batch = torch.randn(1, *shape, generator=torch.Generator().manual_seed(0))
                try:
                    stages = funnel(nn.Sequential(*modules), batch[0]).stages
                except SlidingWindowsError as error:
                    assert "first layer with windows takes" in str(error), error
                    continue
                assert [row[1:] for row in found[: len(modules)]] == expected(stages[1:]), calls
                compared += 1
    assert compared > 30 and refused > 15


def test_receptive_fields_equal_the_packages(used):
    maker, networks, fields = Maker(21, wrong=0), [], []
    for _ in range(120):
        shape, calls, modules, words = network(maker)
        if words is not None or len(shape) < 2 or not calls:
            continue
        try:
            fields.append(receptive_field(nn.Sequential(*modules), shape, samples=1))
        except SlidingWindowsError:
            continue  # a layer has no field of one size, or sees padding alone
        networks.append((shape, calls))
    for (_, calls), field, (found, _) in zip(networks, fields, built(used, networks), strict=True):
        for row, layer in zip(found, field.layers, strict=True):
            for shown, name in ((row[4], "size"), (row[5], "jump")):
                numbers = [getattr(reach, name) for reach in layer.reaches]
                once = numbers[:1] if len(set(numbers)) == 1 else numbers
                assert shown == "×".join(map(str, once)), calls
    assert len(networks) >= 10


def test_a_pasted_network_by_pointer(page):
    """What the sweeps do by script, once with a mouse."""
    page.locator("#sw-shape").fill("3, 9, 9")
    page.locator("details.sw-paste summary").click()
    page.locator("#sw-paste").fill("nn.Sequential(nn.MaxPool2d(3), nn.Conv2d(3, 8, 4))")
    page.get_by_role("button", name="Use it").click()
    assert [row[:2] for row in rows(page)] == [
        ["nn.MaxPool2d(3)", "(3, 3, 3)"],
        ["nn.Conv2d(3, 8, 4)", ""],
    ]
    assert shown_error(page, 2) == refusal(nn.Conv2d(3, 8, 4), torch.zeros(1, 3, 3, 3))


def test_presets(used):
    page = used

    def begin(name):
        begins(page, name)
        return rows(page)

    assert begin("VGG-16's features")[-1] == [
        *("nn.MaxPool2d(2)", "(512, 7, 7)", "0", "0", "212", "32"),
    ]
    assert page.locator(".sw-totals").inner_text().count("14,714,688 parameters") == 1
    assert begin("Pools, no padding")[-1][1] == "(16, 26, 26)"
    assert begin("Without the pools")[-1][1] == "(16, 106, 106)"
    assert begin("Strides instead")[-1][1] == "(16, 26, 26)"
    shapes = [row[1] for row in begin("Typical setup")]
    assert [shapes[n] for n in (2, 5, 8)] == ["(8, 56, 56)", "(16, 28, 28)", "(10,)"]
    assert [row[1] for row in begin("Like LeNet-5")][5] == "(16, 5, 5)"
    begin("Shape mismatch")
    assert shown_error(page, 4) == refusal(nn.MaxPool2d(4), torch.zeros(1, 32, 3, 3))
    expect(page.locator(".sw-totals")).to_have_text(part("Layer 4 does not fit"))
    expect(page.locator("#sw-problem-4 a")).to_have_attribute(
        "href", "../lessons/output-size/#when-no-window-fits"
    )


def refusal(module, batch) -> str:
    with pytest.raises(RuntimeError) as caught:
        module(batch)
    return str(caught.value)


def begins(page, name) -> None:
    page.get_by_role("button", name=name, exact=True).click()


# Layers, the last one's output, and the parameters of all.
BEGUN = {
    "Pools, no padding": (4, "(16, 26, 26)", "1,392"),
    "Without the pools": (2, "(16, 106, 106)", "1,392"),
    "Strides instead": (2, "(16, 26, 26)", "1,392"),
    "Typical setup": (9, "(10,)", "1,562"),
    "Like LeNet-5": (12, "(10,)", "61,706"),
    "VGG-16's features": (31, "(512, 7, 7)", "14,714,688"),
    "Shape mismatch": (6, "", "14,048"),
}
INPUTS = {name: "3, 110, 110" for name in BEGUN} | {
    "Typical setup": "3, 112, 112",
    "Like LeNet-5": "1, 32, 32",
    "VGG-16's features": "3, 224, 224",
    "Shape mismatch": "3, 32, 32",
}


@pytest.mark.parametrize("name", BEGUN)
def test_each_beginning_says_what_has_begun(used, name):
    begins(used, name)
    layers, shape, parameters = BEGUN[name]
    expect(used.get_by_role("status")).to_have_text(f"{name}: {layers} layers.")
    assert len(rows(used)) == layers and rows(used)[-1][1] == shape
    expect(used.locator(".sw-totals")).to_contain_text(f" {parameters} parameters")
    holds = """text => decodeURIComponent(location.hash.replaceAll("+", " ")) === text"""
    until(used, holds, f"#layers={';'.join(row[0] for row in rows(used))}&input={INPUTS[name]}")


# What each kind of layer begins with behind 16 channels of 26 by 26.
ADDED = {
    "Conv2d": "nn.Conv2d(16, 32, kernel_size=3, padding=1)",
    "MaxPool2d": "nn.MaxPool2d(kernel_size=2)",
    "AvgPool2d": "nn.AvgPool2d(kernel_size=2)",
    "LPPool2d": "nn.LPPool2d(2, kernel_size=2)",
    "ConvTranspose2d": "nn.ConvTranspose2d(16, 16, kernel_size=2, stride=2)",
    "AdaptiveAvgPool2d": "nn.AdaptiveAvgPool2d(1)",
    "AdaptiveMaxPool2d": "nn.AdaptiveMaxPool2d(1)",
    "ReLU": "nn.ReLU()",
    "BatchNorm2d": "nn.BatchNorm2d(16)",
    "Dropout": "nn.Dropout()",
    "Flatten": "nn.Flatten()",
    "Linear": "nn.Linear(26, 10)",
    "Conv1d": "nn.Conv1d(16, 32, kernel_size=3, padding=1)",
    "MaxPool1d": "nn.MaxPool1d(kernel_size=2)",
    "AvgPool1d": "nn.AvgPool1d(kernel_size=2)",
    "ConvTranspose1d": "nn.ConvTranspose1d(16, 16, kernel_size=2, stride=2)",
    "AdaptiveAvgPool1d": "nn.AdaptiveAvgPool1d(1)",
    "BatchNorm1d": "nn.BatchNorm1d(16)",
    "Softmax": "nn.Softmax(dim=1)",
}


def test_a_layer_that_is_added_fits_the_last(page):
    """As far as a layer of its kind can; torch makes each of the calls."""
    kinds = page.locator("#sw-kind option").all_text_contents()
    assert kinds == list(ADDED)
    batch = torch.zeros(1, 16, 26, 26)
    for number, kind in enumerate(kinds):
        page.locator("#sw-kind").select_option(kind)
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("status")).to_have_text("Added layer 5.")
        expect(page.get_by_label("layer 5", exact=True)).to_be_focused()
        call, shape, *_ = rows(page)[-1]
        assert call == ADDED[kind], number
        if kind.endswith("1d"):
            assert shape == "" and shown_error(page, 5)
        else:
            assert shape == str(tuple(eval(call, {"nn": nn}).eval()(batch).shape[1:]))
        page.get_by_role("button", name="Remove layer 5").click()
        expect(page.get_by_role("status")).to_have_text("Removed.")
    # Behind one that does not fit, it fits what came before that.
    page.get_by_label("layer 4", exact=True).fill("nn.Conv2d(9, 9, 1)")
    page.locator("#sw-kind").select_option("BatchNorm2d")
    page.get_by_role("button", name="Add", exact=True).click()
    assert rows(page)[-1][0] == "nn.BatchNorm2d(16)"


def test_an_input_that_cannot_be_read_leaves_no_result(page):
    """Neither numbers nor totals nor a picture of another input."""
    shape, before = page.locator("#sw-shape"), rows(page)
    problem = page.get_by_role("alert").first
    for text in ("3, x", "", "0, 4, 4", "3, 9, 9, 9, 9, 9"):
        shape.fill(text)
        expect(problem).to_be_visible()
        expect(shape).to_have_attribute("aria-invalid", "true")
        assert [row[1:] for row in rows(page)] == [[""] * 5] * 4
        assert page.locator(".sw-totals").inner_text() == ""
        assert page.locator(".sw-funnel > *").count() == 0
        assert page.locator(".sw-stack tbody.sw-unreached").count() == 4
        assert page.locator(".sw-stack .sw-problem:visible").count() == 0
    shape.fill("3, 110, 110")
    expect(problem).to_be_hidden()
    expect(shape).to_have_attribute("aria-invalid", "false")
    assert rows(page) == before
    expect(page.locator(".sw-funnel svg")).to_be_visible()
    assert page.locator(".sw-stack tbody.sw-unreached").count() == 0


def test_totals_say_how_far_a_network_comes(page):
    totals = page.locator(".sw-totals")
    expect(totals).to_have_text(
        "From (3, 110, 110) to (16, 26, 26). 1,392 parameters, 5,634,432 multiply-accumulates."
    )
    expect(totals).not_to_have_class(re.compile("sw-broken"))
    page.get_by_label("layer 3", exact=True).fill("nn.Conv2d(9, 16, 3)")
    expect(totals).to_have_text(
        "Layer 3 does not fit. Before it: (8, 54, 54), 224 parameters, "
        "2,519,424 multiply-accumulates."
    )
    expect(totals).to_have_class(re.compile("sw-broken"))
    looks = page.locator(".sw-stack tbody").evaluate_all("all => all.map(one => one.className)")
    assert looks == ["", "", "sw-broken", "sw-unreached"]
    field = page.get_by_label("layer 3", exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_attribute("aria-describedby", "sw-problem-3")
    expect(page.locator("#sw-problem-3")).to_be_visible()
    field.fill("nn.Conv2d(8, 16, 3)")
    expect(field).to_have_attribute("aria-invalid", "false")
    assert field.get_attribute("aria-describedby") is None
    expect(page.locator("#sw-problem-3")).to_be_hidden()
    expect(totals).not_to_have_class(re.compile("sw-broken"))


def test_layers_are_moved_and_removed(page):
    def click(name):
        page.get_by_role("button", name=name, exact=True).click()

    said, names = page.get_by_role("status"), [row[0] for row in rows(page)]
    click("Move layer 1 later")
    expect(said).to_have_text("Moved to layer 2.")
    assert [row[0] for row in rows(page)] == [names[n] for n in (1, 0, 2, 3)]
    click("Move layer 2 earlier")
    expect(said).to_have_text("Moved to layer 1.")
    assert [row[0] for row in rows(page)] == names
    page.evaluate("document.querySelector('.sw-network .sw-notice').textContent = ''")
    for name in ("Move layer 1 earlier", "Move layer 4 later"):  # there is nowhere to go
        click(name)
        assert [row[0] for row in rows(page)] == names
        expect(said).to_have_text("")
    click("Remove layer 2")
    expect(page.get_by_role("button", name="Remove layer 2")).to_be_focused()
    assert [row[0] for row in rows(page)] == [names[n] for n in (0, 2, 3)]
    for left in (2, 1):
        click("Remove layer 1")
        expect(page.get_by_role("button", name="Remove layer 1")).to_be_focused()
        assert len(rows(page)) == left
    click("Remove layer 1")
    expect(page.get_by_label("one more layer")).to_be_focused()
    assert rows(page) == []
    expect(page.locator(".sw-totals")).to_have_text(
        "From (3, 110, 110) to (3, 110, 110). 0 parameters, 0 multiply-accumulates."
    )
    page.locator("#sw-kind").select_option("Flatten")
    click("Add")
    assert rows(page) == [["nn.Flatten()", "(36300,)", "0", "0", *rows(page)[0][4:]]]


def test_a_row_under_the_pointer_is_lit_in_the_picture(page):
    """Each layer's own solid, and no other."""
    begins(page, "Typical setup")
    lit = page.locator(".sw-funnel .sw-lit .sw-big")
    for number, channels in ((1, "8"), (2, "8"), (3, "8"), (5, "16"), (9, "10")):
        page.locator(f".sw-stack tbody:nth-of-type({number}) td").nth(1).hover()
        expect(lit).to_have_text([channels])
        size = lit.locator("xpath=..").locator(".sw-small").text_content()
        assert size == {1: "112×112", 2: "112×112", 3: "56×56", 5: "56×56", 9: "numbers"}[number]
    page.locator(".sw-stack thead th").first.hover()
    expect(lit).to_have_text(["3"])  # what goes in


def test_the_picture_is_as_wide_as_its_place(living):
    page = living("network/?widths").page
    for width in (1280, 600, 900):
        page.set_viewport_size({"width": width, "height": 800})
        until(
            page,
            """() => {
                const place = document.querySelector(".sw-funnel"), svg = place.firstChild;
                return svg && Number(svg.getAttribute("width")) === Math.floor(place.clientWidth);
            }""",
        )
    page.locator(".sw-funnel").evaluate("place => { place.style.width = '40px' }")
    until(page, "!document.querySelector('.sw-funnel').firstChild")  # nothing fits so little
    page.locator(".sw-funnel").evaluate("place => { place.style.width = '' }")
    until(page, "document.querySelector('.sw-funnel').firstChild")


def test_one_layer_is_not_several(used):
    pasted(used, "3, 9, 9", "nn.Sequential(nn.ReLU())")
    expect(used.get_by_role("status")).to_have_text("Read 1 layer.")


def test_signatures_are_torchs(used):
    page = used
    found = page.evaluate("SlidingWindows.layers.SIGNATURES")
    assert len(found) > 35
    for name, signature in found.items():
        own = inspect.signature(getattr(nn, name).__init__).parameters.values()
        kept = [p for p in own if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)][1:]
        assert [mine[0] for mine in signature["parameters"]] == [p.name for p in kept]
        assert signature["positional"] == sum(p.kind is not p.KEYWORD_ONLY for p in kept)
        for mine, theirs in zip(signature["parameters"], kept, strict=True):
            assert mine[1:] == [theirs.default] * (theirs.default is not theirs.empty), name


@pytest.mark.parametrize(
    "call",
    [
        *("nn.Conv2d(3, 8)", "nn.Conv2d()", "nn.Linear(3)", "nn.MaxPool2d()", "nn.BatchNorm2d()"),
        *("nn.Conv2d(3, 8, 3, kernel=3)", "nn.Conv2d(3, 8, 3, in_channels=3)"),
        *("nn.Flatten(1, 2, 3)", "nn.AdaptiveAvgPool2d(1, 2)", "nn.ReLU(True, True)"),
    ],
)
def test_wrong_arguments_are_told_in_pythons_words(used, call):
    page = used
    with pytest.raises(TypeError) as caught:
        eval(call, {"nn": nn})
    page.get_by_label("layer 1", exact=True).fill(call)
    assert shown_error(page, 1) == str(caught.value)


PRINTED = nn.Sequential(
    nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True)),
    nn.MaxPool2d(3, 2, 1, ceil_mode=True),
    nn.Dropout(0.5),
    nn.AdaptiveAvgPool2d((2, 2)),
    nn.Flatten(),
    nn.Linear(32, 10),
)


def pasted(page, shape, text):
    """The page, which has read a text for inputs of a shape."""
    page.locator("#sw-shape").fill(shape)
    unfold(page)
    page.locator("#sw-paste").fill(text)
    page.get_by_role("button", name="Use it").click()
    return page


@pytest.mark.parametrize(
    "text",
    [
        str(PRINTED),
        "model = nn.Sequential(  # a comment\n" + ", ".join(map(repr, PRINTED[0])) + ",\n"
        "nn.MaxPool2d(3, 2, 1, ceil_mode=True), nn.Dropout(.5), nn.AdaptiveAvgPool2d((2, 2)),"
        "torch.nn.Flatten(), nn.Linear(32, 10),)",
        'nn.Sequential(OrderedDict([("a", nn.Conv2d(3, 8, kernel_size=(3, 3), padding=(1, 1))),'
        '("b", nn.BatchNorm2d(8)), ("c", nn.ReLU()), ("d", nn.MaxPool2d(3, 2, 1, 1, False, True)),'
        '("e", nn.Dropout()), ("f", nn.AdaptiveAvgPool2d(2)), ("g", nn.Flatten()),'
        '("h", nn.Linear(in_features=32, out_features=10, bias=True))]))',
    ],
)
def test_what_people_paste_is_read(used, text):
    page = pasted(used, "3x20x20", text)
    expect(page.get_by_role("status")).to_have_text("Read 8 layers.")
    stages = funnel(PRINTED.eval(), torch.randn(3, 20, 20)).stages
    assert [row[1:] for row in rows(page)] == expected(stages[1:])


WORDS = nn.Sequential(
    nn.Conv2d(1, 2, 3, padding="same", padding_mode="circular"),
    nn.Conv2d(2, 6, 3, padding="valid", padding_mode="reflect"),
    nn.Conv2d(6, 6, 3, padding=1, padding_mode="replicate"),
    nn.Flatten(),
    nn.Linear(6 * 28 * 28, 10),
)


@pytest.mark.parametrize(
    "text",
    [
        str(WORDS),
        "\n".join(map(str, WORDS)),
        "# mine\nimport torch\nimport torch.nn as nn, math  # all\nfrom torch import nn\n"
        "from collections import (\n    OrderedDict,\n)\nfrom math import *\n\n"
        "model = nn.Sequential(\n"
        "nn.Conv2d(1, 2, 3, padding='same', padding_mode='circular'),"
        "nn.Conv2d(2, 2 * 3, 3, padding='valid', padding_mode='reflect'),"
        "nn.Conv2d(6, 6, (3, 1*3), padding=1, padding_mode='replicate'),"
        "nn.Flatten(), nn.Linear(6*28*28, 10))",
    ],
)
def test_words_products_and_imports_are_read(used, text):
    page = pasted(used, "1, 30, 30", text)
    expect(page.get_by_role("status")).to_have_text("Read 5 layers.")
    stages = funnel(WORDS.eval(), torch.randn(1, 30, 30)).stages
    assert [row[1:] for row in rows(page)] == expected(stages[1:])
    # What the page makes of it is Python again.
    code = page.evaluate(
        "text => SlidingWindows.layers.readNetwork(text).map(call => call.text)", text
    )
    made = [eval(call if call[:3] == "nn." else f"nn.{call}", {"nn": nn}) for call in code]
    assert list(map(str, made)) == list(map(str, WORDS))


@pytest.mark.parametrize(
    "text",
    [
        *("", "hello", "nn.Conv2d(", "nn.Conv2d(3, 8, 3", "__import__('os').system('x')"),
        *("<img src=x onerror=alert(1)>", "nn.Conv2d(3, open('x'), 3)", "nn.Sequential()"),
        *("nn.Linear(2*3.0, 1)", "nn.Linear(2**3, 1)", "nn.Linear(2*, 1)", "nn.Linear(True*3, 1)"),
        *("nn.Linear(400*400, 1)", "nn.Conv2d(1, 1, 3, padding=zebra)", "import torch"),
        *("nn.ReLU()\nimport os", "nn.Conv2d(1, 1, 3, same)", "nn.Conv2d(1, same, 3)"),
        *("nn.Conv2d(9" + "9" * 400 + ", 1, 1)", "(" * 5000, "nn.ReLU(), " * 5000),
    ],
)
def test_what_is_no_network_is_told_and_changes_nothing(used, text):
    page = used
    before = rows(page)
    unfold(page)
    page.locator("#sw-paste").fill(text)
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("details.sw-paste .sw-problem")).to_be_visible()
    assert rows(page) == before
    assert page.locator("article img[src=x]").count() == 0


def test_the_stack_by_keyboard_alone(page):
    page.get_by_label("one more layer").focus()
    page.keyboard.type("Flat")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("layer 5", exact=True)).to_be_focused()
    assert rows(page)[-1][:2] == ["nn.Flatten()", "(10816,)"]
    page.get_by_label("one more layer").select_option("Linear")
    page.get_by_role("button", name="Add", exact=True).press("Enter")
    assert rows(page)[-1][:3] == ["nn.Linear(10816, 10)", "(10,)", "108,170"]
    page.get_by_role("button", name="Move layer 6 earlier").press("Enter")
    assert [row[0] for row in rows(page)][-2:] == ["nn.Linear(10816, 10)", "nn.Flatten()"]
    expect(page.get_by_role("button", name="Move layer 5 earlier")).to_be_focused()
    message = refusal(nn.Linear(10816, 10), torch.zeros(1, 16, 26, 26))
    assert shown_error(page, 5) == message
    page.get_by_role("button", name="Move layer 5 later").press("Space")
    page.get_by_role("button", name="Remove layer 6").press("Enter")
    expect(page.get_by_role("button", name="Remove layer 5")).to_be_focused()
    page.get_by_label("layer 1", exact=True).fill("nn.Conv2d(3, 4, 3, stride=2)")
    assert rows(page)[0][1] == "(4, 54, 54)"
    assert shown_error(page, 3) == refusal(nn.Conv2d(8, 16, 3), torch.zeros(1, 4, 27, 27))


def test_a_link_brings_the_same_network(page, living):
    page.locator("#sw-shape").fill("(3, 32, 32)")
    page.get_by_label("layer 2", exact=True).fill("nn.AvgPool2d((2, 3), stride = 2)")
    until(page, "location.hash.includes('AvgPool2d')")
    there = living("network/?linked")
    other = there.go(f"network/?linked={page.evaluate('location.hash')}")
    other.locator(".sw-stack tbody").first.wait_for()
    assert rows(other) == rows(page)
    assert not there.problems


HOSTILE = [
    "layers=nn.Conv2d(3,8,3)",
    "input=3,4,4",
    "layers=&input=3,4,4",
    "layers=<script>document.title='x'</script>&input=3,4,4",
    "layers=nn.ReLU()&input=<img src=x onerror=document.title='x'>",
    "layers=nn.ReLU()&input=NaN,NaN,NaN",
    "layers=nn.ReLU()&input=1e308",
    "layers=nn.ReLU()&input=3,99999999999999999999,4",
    "layers=nn.ReLU()&input=0,0,0",
    "layers=nn.ReLU()&input=-3,4,4",
    "layers=nn.ReLU()&input=3,4,4&layers=nn.Tanh()",
    "layers=constructor()&input=3,4,4",
    "layers=__proto__()&input=3,4,4",
    "__proto__=1&layers=nn.ReLU()&input=3,4,4",
    "layers=toString()&input=3,4,4",
    "layers=" + "nn.ReLU();" * 9000 + "&input=3,4,4",
    "layers=" + "(" * 3000 + "&input=3,4,4",
    "layers=nn.Conv2d(" + "9" * 500 + ",1,1)&input=3,4,4",
    "layers=%&input=3,4,4",
    "layers=%E0%A4%A&input=3",
    "layers=nn.ReLU()&input=%00",
    "javascript:document.title='x'",
    "%3Cscript%3E",
    '"]',
    "\u202e\u0000🪟",
]
# The last of them are odd as addresses; the others are read by the calculator alone.
ADDRESSES = 7


UNREAD = "The network in this link could not be read, so nothing was changed."
NOTICE = "document.querySelector('.sw-network .sw-notice')"
MADE = """[document.title, document.querySelectorAll("article script:not([src])").length,
    document.querySelectorAll("article img").length]"""


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_hash_changes_nothing_and_runs_nothing(living, beginning, number):
    """One that the page begins with, then another that it is led to.

    What is odd as an address opens a document, which is new by a query of its own.
    """
    before, title = beginning
    here = living("network/?hostile")
    here.problems.clear()
    link = "#" + quote(HOSTILE[number], safe="=&;,()<>'%:")
    if number < len(HOSTILE) - ADDRESSES:
        here.page.locator(".sw-stack tbody").first.wait_for()
        here.page.evaluate(BEGIN, link)
    else:
        here.go(f"network/?hostile={number}{link}")
    page = here.page

    def nothing_ran():
        until(page, f"{NOTICE}?.textContent === {UNREAD!r}")
        shows(page, before)
        assert page.evaluate(MADE) == [title, 0, 0]

    nothing_ran()
    page.evaluate(f"{NOTICE}.textContent = ''")
    page.evaluate("hash => { location.hash = hash }", HOSTILE[number - 1])
    nothing_ran()
    assert not here.problems


def test_huge_layers_freeze_nothing(page):
    for call in ("nn.Conv2d(3, 100000, 100000)", "nn.AdaptiveAvgPool2d(100000)"):
        page.get_by_label("layer 1", exact=True).fill(call)
        assert page.evaluate("1 + 1") == 2
    page.get_by_label("layer 1", exact=True).fill("nn.ConvTranspose2d(3, 100000, 99999)")
    expect(page.locator("#sw-problem-1")).to_contain_text("2⁵³")


def test_the_funnel_is_to_scale_and_said_in_words(page):
    picture = page.locator(".sw-funnel svg")
    assert picture.get_attribute("aria-label") == (
        "The funnel: (3, 110, 110), then (8, 108, 108), then (8, 54, 54), then (16, 52, 52), "
        "then (16, 26, 26)."
    )
    widths = page.locator(".sw-front").evaluate_all("all => all.map(r => r.width.baseVal.value)")
    for width, size in zip(widths, (110, 108, 54, 52, 26), strict=True):
        assert width / widths[0] == pytest.approx(size / 110, abs=0.01)
    page.get_by_label("layer 3", exact=True).focus()
    assert page.locator(".sw-lit .sw-big").all_text_contents() == ["16"]


@pytest.mark.parametrize("width", [320, 375, 768, 1280, 2560])
def test_no_width_scrolls_sideways(living, width):
    page = living("network/?widths").page
    page.set_viewport_size({"width": width, "height": 800})
    for name in ("VGG-16's features", "Like LeNet-5", "Shape mismatch"):
        page.get_by_role("button", name=name).click()
        assert max(page.evaluate(WIDTHS)) <= width


def test_without_script_a_text_says_what_is_missing(visit):
    page = visit(java_script_enabled=False).go("network/")
    expect(page.locator("noscript p")).to_contain_text("JavaScript, which is off")
    for path in page.locator("noscript a").evaluate_all("all => all.map(a => a.href)"):
        assert page.request.get(path).ok


def test_it_lives_on_after_instant_navigation(visit):
    here = visit()
    page = here.go("about/")
    here.mark()
    for _ in range(2):
        here.follow("/network/", "Network calculator")
        expect(page.locator(".sw-stack tbody")).to_have_count(4)
        assert page.locator(".sw-stack").count() == 1
        here.follow("/about/", "About")
    assert here.marked()
    assert not here.problems


def test_it_works_from_a_folder(from_folder):
    page = from_folder("network", "#layers=nn.MaxPool2d(4)&input=1,3,9")
    expect(page.locator("#sw-problem-1 a")).to_have_attribute(
        "href", "../lessons/output-size/index.html#when-no-window-fits"
    )
    page.get_by_label("layer 1", exact=True).fill("nn.MaxPool2d(3)")
    assert rows(page)[0][1] == "(1, 1, 3)"


def test_the_code_and_the_link_can_be_copied(visit):
    here = visit(permissions=["clipboard-read", "clipboard-write"])
    page = here.go("network/")
    page.get_by_role("button", name="Copy as nn.Sequential").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    code = page.evaluate("navigator.clipboard.readText()")
    module = eval(code, {"nn": nn})
    assert tuple(module(torch.zeros(1, 3, 110, 110)).shape) == (1, 16, 26, 26)
    page.get_by_role("button", name="Copy link").click()
    until(page, "location.hash.length > 1")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    assert json.dumps(here.problems) == "[]"
