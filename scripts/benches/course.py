"""What an author waits for in the real course, each beside a plain MkDocs set of the same words.

A page is new once `mkdocs serve` tells browsers to reload it, as they are told.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from . import ROOT, row
from .build import MKDOCS, build, cold, environment
from .projects import as_notebooks, as_pages

OPTIONS = ("runs",)
LIVE = re.compile(r"livereload\((\d+), (\d+)\)")
LESSON = "lessons/max-pooling"
STYLE = "scripts/slidingwindows/drawing/style.py"
# Edits: a file, the text replaced in it, and the page that must then show the new text.
PROSE = (f"{LESSON}.py", "Nothing forbids overlap.", f"{LESSON}/")
SHEET = ("assets/site.css", ".sw-offscreen", "assets/site.css")
CODE = (f"{LESSON}.py", "by hand:", f"{LESSON}/")
COMMENT = (STYLE, "# pixels; a phone", "")
COLOURS = '"#1257a8"', '"#7a1fa2"'
SITE = [sys.executable, "-m", "slidingwindows", "site"]  # what `make site` runs
PLAIN = ("docs/lessons/max-pooling.md", "Nothing forbids overlap.", f"{LESSON}/")


def course(folder: Path, warm: bool) -> Path:
    """A copy of this project, to be edited. warm: with the cache of its last build."""
    left_out = shutil.ignore_patterns("__pycache__")
    for name in ("lessons", "docs", "assets", "scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=left_out)
    shutil.copy(ROOT / "mkdocs.yml", folder)
    if warm:
        kept = shutil.ignore_patterns("mutants", "mypy", "site-*")
        shutil.copytree(ROOT / ".cache", folder / ".cache", ignore=kept)
    return folder


def package(folder: Path) -> dict[str, str]:
    """An environment in which a project's own copy of the package comes first."""
    return {**environment(), "PYTHONPATH": str(folder / "scripts")}


class Served:
    """A project under `mkdocs serve`."""

    def __init__(self, folder: Path, address: str):
        self.folder, self.address = folder, address

    def page(self, path: str = "") -> str:
        """What a browser gets now; it waits while the server builds."""
        while True:
            try:
                with urllib.request.urlopen(self.address + path, timeout=600) as answer:
                    return answer.read().decode()
            except ConnectionError:
                time.sleep(0.1)
            except urllib.error.URLError:
                time.sleep(0.1)

    def edit(self, path: str, old: str, page: str, mark: str = "EDITED", new: str = "") -> float:
        """Seconds from an edit to the moment at which browsers are told of the new page.

        new: what replaces the old text, if the mark is not just added to it.
        """
        epoch, number = LIVE.search(self.page()).groups()
        file = self.folder / path
        text = file.read_text("utf-8")
        begun = time.perf_counter()
        file.write_text(text.replace(old, new or f"{old}{mark}", 1), "utf-8")
        while int(self.page(f"livereload/{epoch}/{number}")) <= int(epoch):
            pass
        seconds = time.perf_counter() - begun
        if page and mark not in self.page(page):
            raise SystemExit(f"{page} does not hold the edit of {path}")
        return seconds


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Serve a project until it is left; the first build is done then."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    running = subprocess.Popen(
        [*MKDOCS, "serve", "--quiet", "--dev-addr", f"127.0.0.1:{port}"],
        cwd=folder, env={**package(folder), "SITE_URL": address},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        server = Served(folder, address)
        server.page()
        time.sleep(5)  # the fork server starts up in the background
        yield server
    finally:
        running.terminate()
        running.wait()


def edits(scratch: Path, runs: int) -> bool:
    """Everything that an author waits for while the course is served."""
    plain = as_pages(scratch / "pages")
    with served(plain) as pages:
        each = [pages.edit(*PLAIN, mark=f" E{n}") for n in range(runs)]
        base = sorted(each)[len(each) // 2]
    row("served, plain pages: prose, s", base)
    good = []

    def told(name: str, seconds: float, at_most: float) -> None:
        good.append(row(f"served: {name}, s", seconds, at_most=at_most))
        row("  times plain pages", seconds / base)

    with served(course(scratch / "course", warm=True)) as ours:

        def median(edit: tuple[str, str, str]) -> float:
            each = [ours.edit(*edit, mark=f" E{n}") for n in range(runs)]
            return sorted(each)[len(each) // 2]

        told("prose", median(PROSE), 1)
        told("style sheet", median(SHEET), 1)
        row("served: code for the first time", ours.edit(*CODE, mark=" first"))
        told("code", median(CODE), 2)
        told("a comment in style.py", ours.edit(*COMMENT), 10)
        told("a colour in style.py", ours.edit(STYLE, COLOURS[0], "", new=COLOURS[1]), 10)
    return all(good)


def nothing(scratch: Path, runs: int) -> bool:
    """`make site` with nothing to do, and after an edit of words."""
    plain, ours = scratch / "pages", scratch / "idle"
    course(ours, warm=True)

    def site() -> float:
        return build(ours, package(ours), False, SITE)[0]

    def reworded(number: int) -> float:
        path, old, _ = PROSE
        text = (ours / path).read_text("utf-8")
        (ours / path).write_text(text.replace(old, f"{old} E{number}", 1), "utf-8")
        return site()

    site()
    idle = sorted(site() for _ in range(runs))[runs // 2]
    prose = sorted(reworded(number) for number in range(runs))[runs // 2]
    pages = sorted(build(plain, None, False)[0] for _ in range(runs))[runs // 2]
    good = row("nothing to do, s", idle, at_most=1.5)
    row("  times plain pages", idle / pages)
    row("prose edited, s", prose)
    row("  times plain pages", prose / pages)
    return good


def first(scratch: Path) -> bool:
    """The first build of the course, and of the same lessons by plain mkdocs-jupyter.

    Each is timed in one build, and its memory measured in another.
    """
    ours, theirs = course(scratch / "first", warm=False), as_notebooks(scratch / "notebooks")
    builds = (ours, package(ours), False, SITE), (theirs, package(ours), False)
    seconds, their_seconds = (cold(*one, watched=False)[0] for one in builds)
    memory, their_memory = (cold(*one)[1] for one in builds)
    row("plain mkdocs-jupyter, s", their_seconds)
    row("its memory, MB", their_memory)
    row("our memory, MB", memory)
    good = row("first build of the course, s", seconds, at_most=60)
    return row("  part of mkdocs-jupyter's", seconds / their_seconds, at_most=0.3) and good


def run(runs: int) -> bool:
    """Print each measurement beside its bound."""
    print(f"-- the course, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        good = [edits(Path(scratch), runs), nothing(Path(scratch), runs), first(Path(scratch))]
    return all(good)
