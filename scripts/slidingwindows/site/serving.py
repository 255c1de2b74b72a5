"""While `mkdocs serve` runs: the figures of the page that is read are drawn first, then the others.

An edit of how figures are drawn makes all of them stale. The page that was asked for last is back
when its own are drawn; the others are drawn while it is read, and then shown by one more build.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from threading import Event, Thread

from ..core.errors import SlidingWindowsError
from ..course.prepare import cache_of, figures_shown, prepare
from ..course.work import Stopped
from .embed import MARK
from .gallery import GALLERY_MARK
from .prepared import LESSONS

log = logging.getLogger("mkdocs.hooks.slidingwindows")
DRAWN = "drawn"  # a file of the cache that the server watches
ADDRESS = re.compile(rf"/{LESSONS}([^/]+)/$")


def touched(root: Path) -> Path:
    """The file that the server watches, for a build that shows what has been drawn; touched now."""
    mark = cache_of(root) / DRAWN
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    return mark


def wanted_by(root: Path, docs: Path, address: str) -> set[str] | None:
    """The names of the figures that a page shows; None if that may be any.

    address: the path of its URL, '' if no page has been asked for.
    """
    lesson = ADDRESS.search(address)
    if lesson:
        shown = figures_shown(root).get(lesson[1])
        return None if shown is None else set(shown)
    page = (docs / f"{address.strip('/') or 'index'}.md").resolve()
    if not address or not page.is_relative_to(docs.resolve()) or not page.is_file():
        return None
    text = page.read_text("utf-8")
    return None if GALLERY_MARK in text else set(MARK.findall(text))


class Rest:
    """Draws what waits, in a thread, and then touches the mark. end() ends it sooner."""

    def __init__(self, root: Path):
        self.root, self.stop = root, Event()
        self.thread = Thread(target=self._draw, daemon=True)
        self.thread.start()

    def _draw(self) -> None:
        try:
            prepare(self.root, report=lambda line: None, serving=True, stop=self.stop)
        except Stopped:
            return
        except SlidingWindowsError as error:
            log.error("%s", error)
            return
        touched(self.root)

    def end(self) -> None:
        """Return when nothing is being drawn any more; what is finished is kept."""
        self.stop.set()
        self.thread.join()
