"""Lessons on paper: what Chromium prints of each, read back from the PDF."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader
from site_pages import NOTEBOOKS

from slidingwindows.style import THEMES

SCHEMES = ("light", "dark")


def printed(page) -> PdfReader:
    return PdfReader(io.BytesIO(page.pdf(format="A4", print_background=True)))


def pictures(document: PdfReader) -> list[np.ndarray]:
    return [
        np.asarray(image.image.convert("RGB")) for page in document.pages for image in page.images
    ]


def on_paper(site, html: str) -> list[np.ndarray]:
    """The pictures that a page's figures are to print, in their order."""
    files = []
    for figure in re.findall(r"<figure class=\"sw-figure\".*?</figure>", html, re.DOTALL):
        moving = 'data-moving="1"' in figure
        kind = r"light\.strip\.png" if moving else r"light\.png"
        files.append(re.search(rf'src="[^"]*figures/([\w-]+\.{kind})"', figure).group(1))
    return [np.asarray(Image.open(site / "figures" / file).convert("RGB")) for file in files]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_lesson_prints_its_windows_side_by_side(visit, site, name):
    """Whatever the screen's theme: paper is light, and no animation is on it."""
    here = visit(color_scheme=SCHEMES[len(name) % 2])
    page = here.go(f"lessons/{name}/")
    assert not [url for url in here.requests if ".strip." in url], "screens do not load sheets"
    document = printed(page)
    expected = on_paper(site, (site / "lessons" / name / "index.html").read_text("utf-8"))
    found = pictures(document)
    assert len(found) == len(expected) > 0
    for seen, drawn in zip(found, expected, strict=True):
        np.testing.assert_array_equal(seen, drawn)
    text = "\n".join(sheet.extract_text() for sheet in document.pages)
    for number in range(1, len(document.pages) + 1):
        assert f"{number} / {len(document.pages)}" in text
    assert "Every step in words" not in text and "Skip to content" not in text
    assert not here.problems


@pytest.mark.parametrize("scheme", SCHEMES)
def test_letters_on_paper_are_dark(visit, scheme):
    page = visit(color_scheme=scheme).go("lessons/max-pooling/")
    page.emulate_media(media="print")
    ink = "all => all.map(e => getComputedStyle(e).color.match(/[\\d.]+/g).slice(0, 3).map(Number))"
    for what in ("p", "figcaption", "a", "pre code span", "h2", "li"):
        colours = page.locator(f"article {what}:visible").evaluate_all(ink)
        assert colours and max(min(colour) for colour in colours) < 150, what
    soft = "e => getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number)"
    for block in page.locator("article .sw-output code:visible").all():
        assert min(block.evaluate(soft)[:3]) > 225


def test_answers_and_code_are_on_paper_and_controls_are_not(visit):
    page = visit().go("lessons/max-pooling/")
    answer = page.locator("details.success").first.text_content().strip().splitlines()[-1]
    text = " ".join(" ".join(s.extract_text() for s in printed(page).pages).split())
    assert " ".join(answer.split()) in text
    page.emulate_media(media="print")
    for control in (".sw-bar", ".sw-pause", ".md-header", ".md-sidebar", ".md-footer"):
        assert page.locator(f"{control}:visible").count() == 0, control


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_figure_with_its_caption_fits_on_a_page(visit, name):
    """Of A4 and of letter: 176 by 247 mm are left between the margins, 665 by 933 pixels."""
    here = visit(viewport={"width": 665, "height": 933})
    page = here.go(f"lessons/{name}/")
    here.scroll_through()
    page.emulate_media(media="print")
    for figure in page.locator(".sw-figure").all():
        box = figure.bounding_box()
        assert 0 < box["width"] <= 665 and 40 < box["height"] < 933, figure.get_attribute("id")
    for strip in page.locator(".sw-strip").all():
        width = strip.bounding_box()["width"]
        assert abs(width - int(strip.get_attribute("width"))) < 1 and width in (320, 640)


def test_the_theme_of_paper_is_the_light_one():
    assert THEMES["light"].rgb("page") == (255, 255, 255)
