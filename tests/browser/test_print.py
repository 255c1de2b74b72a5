"""Lessons on paper: what Chromium prints of each, read back from the PDF."""

import re

import numpy as np
import pytest
from paper import letters, pictures
from PIL import Image
from pypdf import PdfReader
from recording import PAPER, opened_in
from site_pages import NOTEBOOKS, until

from slidingwindows.drawing.style import THEMES

SCHEMES = ("light", "dark")


def on_paper(site, html: str) -> list[np.ndarray]:
    """The pictures that a page's figures are to print, in their order."""
    files = []
    for figure in re.findall(r"<figure class=\"sw-figure\".*?</figure>", html, re.DOTALL):
        moving = 'data-moving="1"' in figure
        kind = r"light\.strip\.png" if moving else r"light\.png"
        files.append(re.search(rf'src="[^"]*figures/([\w-]+\.{kind})"', figure).group(1))
    return [np.asarray(Image.open(site / "figures" / file).convert("RGB")) for file in files]


def printed(seen, name) -> tuple[dict, PdfReader]:
    """A visit of a lesson in one of the themes, and what was printed in it."""
    path = f"lessons/{name}/"
    here = seen(path, opened_in(path))
    return here, PdfReader(here["folder"] / "printed.pdf")


def test_lessons_are_opened_in_both_themes():
    assert {opened_in(f"lessons/{name}/") for name in NOTEBOOKS} == set(SCHEMES)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_lesson_prints_its_windows_side_by_side(seen, site, name):
    """Whatever the screen's theme: paper is light, and no animation is on it."""
    here, document = printed(seen, name)
    assert not [url for url in here["requests"] if ".strip." in url], "screens load no sheets"
    expected = on_paper(site, (site / "lessons" / name / "index.html").read_text("utf-8"))
    found = pictures(document)
    assert len(found) == len(expected) > 0
    for shown, drawn in zip(found, expected, strict=True):
        assert np.array_equal(shown, drawn)
    sheets = letters(document)
    for number, sheet in enumerate(sheets, 1):
        place = f"{number}/{len(sheets)}"
        assert place in (sheet[: len(place)], sheet[-len(place) :])
    text = "".join(sheets)
    (title,) = seen(f"lessons/{name}/", "light")["h1"]
    assert "".join(title.split()) in text
    assert "Everystepinwords" not in text and "Skiptocontent" not in text


@pytest.mark.parametrize("scheme", SCHEMES)
def test_letters_on_paper_are_dark(visit, scheme):
    page = visit(color_scheme=scheme).go("lessons/max-pooling/")
    page.emulate_media(media="print")
    until(page, "document.getAnimations().every(one => one.playState !== 'running')")  # of links
    ink = "all => all.map(e => getComputedStyle(e).color.match(/[\\d.]+/g).slice(0, 3).map(Number))"
    for what in ("p", "figcaption", "a", "pre code span", "h2", "li"):
        colours = page.locator(f"article {what}:visible").evaluate_all(ink)
        assert colours and max(min(colour) for colour in colours) < 150, what
    soft = "e => getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number)"
    for block in page.locator("article .sw-output code:visible").all():
        assert min(block.evaluate(soft)[:3]) > 225


def test_answers_and_code_are_on_paper_and_controls_are_not(visit, seen):
    page = visit().go("lessons/max-pooling/")
    answer = page.locator("details.success").first.text_content().strip().splitlines()[-1]
    _, document = printed(seen, "max-pooling")
    sheets = letters(document)
    assert "".join(answer.split()) in "".join(sheets)
    # What every lesson's paper is asked about is read as pypdf reads it.
    assert sheets == ["".join(sheet.extract_text().split()) for sheet in document.pages]
    page.emulate_media(media="print")
    for control in (".sw-bar", ".md-header", ".md-sidebar", ".md-footer"):
        assert page.locator(f"{control}:visible").count() == 0, control


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_figure_with_its_caption_fits_on_a_page(seen, name):
    path = f"lessons/{name}/"
    figures, strips = seen(path, opened_in(path))["on paper"]
    assert figures and strips
    for width, height, figure in figures:
        assert 0 < width <= PAPER["width"] and 40 < height < PAPER["height"], figure
    for width, _, wanted in strips:
        assert abs(width - wanted) < 1 and wanted in (320, 640)


def texts_of_pdf(page, tmp_path, size) -> list[str]:
    """The words on each printed page, spaces left out."""
    file = tmp_path / f"{size}.pdf"
    page.pdf(path=file, format=size, print_background=True)
    return letters(PdfReader(file))


@pytest.mark.parametrize("size", ["A4", "Letter"])
def test_the_cheat_sheet_has_a_page_to_print_alone(visit, tmp_path, size):
    """Its link, then print: one page, with all of the sheet and nothing else."""
    page = visit().go("lessons/output-size-cheat-sheet/")
    everything = texts_of_pdf(page, tmp_path, size)
    page.get_by_role("link", name="all of it on one page").click()
    page.wait_for_url("**/#on-one-page")
    (sheet,) = texts_of_pdf(page, tmp_path, size)
    rows = page.locator("#on-one-page ~ * tr").count()
    assert rows > 20 and "Commonsettings" not in sheet
    for text in page.locator("#on-one-page ~ * :is(td code, li)").all_text_contents():
        assert "".join(text.split())[:20] in sheet, text
    assert len(everything) > 3, "with the whole lesson before it"
    last = everything[-1].replace(f"{len(everything)}/{len(everything)}", "")
    assert last.startswith(sheet.replace("1/1", "")[:60]), "and on a page of its own there, too"


def test_the_theme_of_paper_is_the_light_one():
    assert THEMES["light"].rgb("page") == (255, 255, 255)
