"""Reading a lesson: no answer before the question, figures that fit a laptop, whole formulas."""

import re

import pytest
from recording import WIDE, settled
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


BOXES = """() => [...document.querySelectorAll(".md-content__inner > *, .sw-asked > *")]
    .filter(one => !one.matches(".sw-curtain")).map(one => {
        const {top, height} = one.getBoundingClientRect();
        return [Math.round(top + scrollY), Math.round(height)];
    })"""


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE])
def test_a_curtain_is_as_tall_as_what_it_covers_and_nothing_moves_when_it_opens(visit, viewport):
    page = visit(viewport=viewport, curtains=True).go("lessons/the-cnn-funnel/")
    settled(page)
    curtain = page.locator(".sw-curtain").first
    covered = [page.locator(f".sw-asked >> nth=0 >> > {one}") for one in (".sw-output", "p")]
    before, lid, shut = page.evaluate(BOXES), curtain.bounding_box(), page.url
    for one in covered:
        box = one.bounding_box()
        assert not one.is_visible()
        assert lid["y"] < box["y"] and box["y"] + box["height"] <= lid["y"] + lid["height"] + 1
    assert lid["height"] < sum(one.bounding_box()["height"] for one in covered) + 80
    curtain.locator("summary").focus()
    page.keyboard.press("Enter")
    assert all(one.is_visible() for one in covered)
    assert page.evaluate(BOXES) == before and page.url == shut
    assert page.evaluate("document.activeElement.matches('.sw-curtain > summary')")
    label = curtain.locator("summary").bounding_box()
    assert label["y"] + label["height"] <= covered[0].bounding_box()["y"]


def test_a_curtain_is_not_printed_and_hides_nothing_on_paper(visit):
    page = visit(curtains=True).go("lessons/the-cnn-funnel/")
    assert not page.locator(".sw-asked > .sw-output").first.is_visible()
    page.emulate_media(media="print")
    assert page.locator(".sw-asked > .sw-output").first.is_visible()
    assert not page.locator(".sw-curtain").first.is_visible()


def test_a_link_to_a_figure_opens_the_curtain_over_it(visit):
    page = visit(curtains=True).go("lessons/output-size/#size-steps")
    figures = [page.locator(f"#{name}") for name in ("size-steps", "size-stops")]
    assert [one.is_visible() for one in figures] == [True, False]
    assert (
        page.locator(".sw-asked:has(#size-steps) summary").first.inner_text() == "What torch says"
    )


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
