"""Reading a lesson: no answer before the question, figures that fit a laptop, whole formulas."""

import re

import pytest
from recording import WIDE
from site_pages import DESKTOP, NOTEBOOKS, PAGES, PHONE, ROOT

from slidingwindows.course.lessons import read

FIRST = re.compile(r'<details class="success">\s*<summary>.*?</summary>\s*<(\w+)', re.DOTALL)
ANSWER = re.compile(r"^\?\?\? success .*\n((?:    .*\n|\n)+)", re.MULTILINE)
ITEM = re.compile(r"^    (?:\d+\.|[-*+]) ", re.MULTILINE)
LAPTOP = DESKTOP  # 1280 by 800
HEADER = 48  # pixels that stay at the top
TALLEST = (
    ("lessons/padding/", "padding-full"),
    ("lessons/rounding-up-and-going-back-up/", "size-transposed"),
)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_answer_begins_with_a_list_by_chance(site, name):
    """'3. It is the floor.' is a sentence; a list has two items or more."""
    cells = read(ROOT / "lessons" / f"{name}.py").cells
    answers = [answer for cell in cells for answer in ANSWER.findall(f"{cell.source}\n")]
    written = [bool(ITEM.match(text) and len(ITEM.findall(text)) > 1) for text in answers]
    html = (site / "lessons" / name / "index.html").read_text("utf-8")
    assert [tag in ("ol", "ul") for tag in FIRST.findall(html)] == written


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_each_question_has_a_curtain(site, name):
    html = (site / "lessons" / name / "index.html").read_text("utf-8")
    questions = html.count('<p class="admonition-title">Predict</p>')
    assert html.count('<details class="sw-curtain"') == questions


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE])
def test_a_curtain_keeps_the_answer_out_of_sight_until_it_is_opened(visit, viewport):
    page = visit(viewport=viewport).go("lessons/output-size/")
    curtain = page.locator(".sw-curtain").first
    question = page.locator(".admonition.question").first
    below = page.locator(".sw-curtain + *").first
    question.evaluate(
        "one => scrollBy({top: one.getBoundingClientRect().top, behavior: 'instant'})"
    )
    assert below.bounding_box()["y"] > viewport["height"] - 100
    curtain.locator("summary").focus()
    page.keyboard.press("Enter")
    shown, end = below.bounding_box(), curtain.bounding_box()
    assert shown["y"] - end["y"] < 60 and shown["y"] < viewport["height"] - 100
    assert page.evaluate("document.activeElement.matches('.sw-curtain > summary')")
    page.emulate_media(media="print")
    assert not curtain.is_visible()


@pytest.mark.parametrize(("path", "name"), TALLEST)
def test_a_tall_stepper_fits_a_laptop(visit, path, name):
    """Picture, buttons and sentence at once, before and after the first step."""
    page = visit(viewport=LAPTOP).go(path)
    figure = page.locator(f"#{name}")
    assert int(figure.locator("img").first.get_attribute("height")) > LAPTOP["height"]
    for at in (0, 1):
        boxes = [figure.locator(part).bounding_box() for part in (".sw-stage", ".sw-sentence")]
        assert boxes[1]["y"] + boxes[1]["height"] - boxes[0]["y"] <= LAPTOP["height"] - HEADER
        if not at:
            figure.locator(".sw-forward").click()
            figure.locator(".sw-scene").wait_for()
    scene = figure.locator(".sw-scene").bounding_box()
    assert scene == boxes[0] | {"height": scene["height"]}
    assert abs(scene["height"] - boxes[0]["height"]) <= 1, "the drawing is as tall as its stage"


@pytest.mark.parametrize(("path", "name"), TALLEST)
def test_a_cell_of_a_tall_drawing_is_where_it_is_seen(visit, path, name):
    """A click on an output cell leads to the step that wrote it, though the drawing is smaller."""
    page = visit(viewport=LAPTOP).go(path)
    figure = page.locator(f"#{name}")
    figure.locator(".sw-forward").click()
    last = figure.locator(".sw-cells").last.locator("rect").last
    last.scroll_into_view_if_needed()
    box = last.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    count = figure.locator("sliding-window").get_attribute("steps")
    figure.locator(".sw-at", has_text=f"{count}/{count}").wait_for()


def test_brackets_are_as_tall_as_their_fractions(visit):
    page = visit(viewport=LAPTOP).go("lessons/output-size/")
    rows = page.locator("mrow.sw-floor").evaluate_all(
        """all => all.map(row => [row.getBoundingClientRect().height,
             row.querySelector("mfrac").getBoundingClientRect().height,
             parseFloat(getComputedStyle(row).borderLeftWidth)])"""
    )
    assert rows
    for bracket, fraction, width in rows:
        assert bracket >= fraction and width >= 1


@pytest.mark.parametrize("path", PAGES)
def test_text_of_twice_the_size_overflows_nothing(seen, path):
    widths = seen(path, "large letters")["widths"]
    assert [window for window, _ in widths] == list(WIDE)
    assert all(page <= window for window, page in widths), widths
