"""The course as one PDF, printed by Chromium from the built site."""

from __future__ import annotations

import io
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..core.errors import SlidingWindowsError
from ..export.credits import LICENCE, public
from ..export.files import write
from .book import book, chapters_of
from .browser import chromium, served
from .contents import course_in
from .stamps import commit_day

# The reference pages worth printing; those that a project lacks are left out.
APPENDIX = ("output-size-cheat-sheet", "error-messages", "what-other-tutorials-get-wrong")
APPENDIX_PAGES = ("reference/glossary/", "reference/sources/")
PAPER = {"format": "A4", "print_background": True, "outline": True, "tagged": True}
BROKEN = "[...document.images].filter(image => !image.naturalWidth).map(image => image.src)"


def pdf(root: Path, site: Path, target: Path) -> int:
    """Print a project's course from its built site; returns how many pages the PDF has.

    Printed twice: the contents learn page numbers from a first printing, which leaves room for the
    pictures, but does not hold them.
    Raises SlidingWindowsError if the site is not built, or pypdf or Playwright is not installed.
    """
    try:
        from pypdf import PdfReader
    except ImportError as error:
        raise SlidingWindowsError("this needs pypdf: pip install pypdf") from error
    config = _config(root)
    address = config.site_url or ""
    pages = _pages(config.nav, site)
    chapters = chapters_of(site, pages, address if public(address) else "")
    metadata = _facts(root, config)
    with served(site) as here, chromium() as browser:
        numbers: dict[str, int] = {}
        for rooms in (site, None, None):  # a third time only if pictures moved what is behind them
            data = _printed(browser, here, book(site, chapters, metadata, numbers), rooms)
            printed, before = PdfReader(io.BytesIO(data)), numbers
            numbers = {one.name: _page(printed, one.name) for one in chapters}
            if numbers == before:
                break
    write(target, data)
    return len(printed.pages)


def _page(document, name: str) -> int:
    """The number of the page on which a chapter begins."""
    return document.get_destination_page_number(document.named_destinations[f"/{name}"]) + 1


def _config(root: Path):
    from mkdocs.config import load_config

    return load_config(str(root / "mkdocs.yml"))


def _pages(nav, site: Path) -> list[str]:
    if not (site / "index.html").is_file():
        raise SlidingWindowsError("the site is not built; run make site first")
    lessons = [f"lessons/{name}/" for name in course_in(nav)]
    appendix = (*(f"lessons/{name}/" for name in APPENDIX), *APPENDIX_PAGES)
    return lessons + [page for page in appendix if page not in lessons and (site / page).is_dir()]


def _facts(root: Path, config) -> dict:
    day = commit_day(root)
    return {
        "title": config.site_name,
        "line": config.site_description or "",
        "author": config.site_author or config.site_name,
        "imprint": [
            f"torch {version('torch')} computed every number and picture in this build.",
            *([f"As of {day}."] if day else []),
            "The course began from Sebastian Raschka's and Lightning AI's Deep Learning "
            "Fundamentals, Unit 7.",
            f"Text and figures: {LICENCE}. Code: MIT.",
        ],
    }


def _printed(browser, here: str, html: str, rooms: Path | None) -> bytes:
    """Print HTML as if it were a page at the site's root.

    rooms: the site's folder if pictures are left out; what is around them lies as it does with
    them. To print them takes as long as to print all the rest.
    """
    page = browser.new_page()
    try:
        address = f"{here}book.html"
        if rooms:
            page.route(f"{here}**/*.png", lambda route: _leave_room(route, rooms, here))
        page.route(address, lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto(address)  # waits for every picture
        if broken := page.evaluate(BROKEN):
            raise SlidingWindowsError(f"pictures are missing in site/: {', '.join(broken)}")
        return page.pdf(**PAPER)
    finally:
        page.close()


def _leave_room(route, site: Path, here: str) -> None:
    """Answer with an empty picture of the same size."""
    from PIL import Image

    path = site / unquote(urlsplit(route.request.url.removeprefix(here)).path)
    try:
        with Image.open(path) as image:
            width, height = image.size
    except OSError:
        route.continue_()  # the server says that there is none
        return
    empty = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"/>'
    route.fulfill(body=empty, content_type="image/svg+xml")
