"""What a build costs: against plain mkdocs-jupyter, and against plain Markdown pages.

Everything is measured in one run on one machine, on projects made for it; the table goes to
docs/reference/build-times.md.
"""

from __future__ import annotations

import datetime
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from . import ROOT, row
from .projects import ours, plain_markdown, plain_notebooks

SIZES = (10, 100)
PAGE = ROOT / "docs" / "reference" / "build-times.md"
MKDOCS = [sys.executable, "-m", "mkdocs"]

HEAD = (
    "---",
    "title: Build times",
    "description: What it costs to build this site, and to rebuild it after an edit, measured "
    "against plain mkdocs-jupyter and plain Markdown.",
    "---",
    "",
    "# Build times",
    "",
    "Sites of lessons that run are slow to rebuild. Here an edit of prose costs about what it "
    "costs on a site of plain Markdown, for code runs again only where it changed.",
    "",
)
WRITTEN = (
    "This table was written by `python scripts/bench.py build`, in one run on one machine "
    "({machine}) on {day}. The projects are made for it: short lessons with one figure each. "
    "Seconds differ from machine to machine; the ratios should hold."
)
# Right-align numbers with a class: Markdown itself writes a style, which the site's policy blocks.
NUMBERS = '<div class="sw-numbers" markdown>'
PLAIN = (
    "Plain mkdocs-jupyter executes the same notebooks with `execute: true`, one after the other, "
    "and draws the same figures inside them. Plain Markdown is the same words and code as pages "
    "that run nothing, with the same theme and plugins."
)

BY_HAND = "**Without MkDocs.**"


def environment() -> dict[str, str]:
    return {**os.environ, "NO_MKDOCS_2_WARNING": "1"}


def build(
    folder: Path,
    variables: dict[str, str] | None = None,
    strict: bool = True,
    command: Sequence[str] = (*MKDOCS, "build"),
    watched: bool = True,
) -> tuple[float, float]:
    """Seconds, and peak megabytes of the build and everything it started.

    variables: the environment, if it is not environment(). command: what builds, MkDocs alone if
    it is not given. watched: whether memory is measured, which takes time from a build that keeps
    both processors busy: about a second of sixty.
    """
    import psutil

    begun = time.perf_counter()
    running = subprocess.Popen(
        [*command, *(["--strict"] if strict else [])], cwd=folder,
        env=variables or environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    most = 0

    def watch():
        nonlocal most
        top = psutil.Process(running.pid)
        while running.poll() is None:
            try:
                family = [top, *top.children(recursive=True)]
                # Shared pages are counted once, by their share.
                most = max(most, sum(one.memory_full_info().pss for one in family))
            except (psutil.Error, AttributeError):
                pass
            time.sleep(1)  # each look takes processor time from what is measured

    watcher = threading.Thread(target=watch)
    if watched:
        watcher.start()
    said = running.communicate()[0]
    seconds = time.perf_counter() - begun
    if watched:
        watcher.join()
    if running.returncode:
        raise SystemExit(said)
    return seconds, most / 1e6


def cold(
    folder: Path,
    variables: dict[str, str] | None = None,
    strict: bool = True,
    command: Sequence[str] = (*MKDOCS, "build"),
    watched: bool = True,
) -> tuple[float, float]:
    """The same for a build without any cache."""
    for name in (".cache", "site"):
        shutil.rmtree(folder / name, ignore_errors=True)
    return build(folder, variables, strict, command, watched)


def edited(folder: Path, path: str, old: str, runs: int) -> float:
    """Median seconds of a build after an edit of one file."""
    seconds = []
    file = folder / path
    for n in range(runs):
        file.write_text(file.read_text("utf-8").replace(old, f"{old} {n}", 1), "utf-8")
        seconds.append(build(folder)[0])
    return statistics.median(seconds)


def reload(folder: Path, path: str, old: str, page: str) -> float:
    """Seconds from an edit to the page that a browser gets from `mkdocs serve`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    site = {**environment(), "SITE_URL": address}
    command = [*MKDOCS, "serve", "--quiet", "--dev-addr", f"127.0.0.1:{port}"]
    serving = subprocess.Popen(
        command, cwd=folder, env=site, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def until(words: str) -> None:
        while serving.poll() is None:
            try:
                with urllib.request.urlopen(address + page, timeout=60) as answer:
                    if words in answer.read().decode():
                        return
            except OSError:
                pass
            time.sleep(0.02)
        raise SystemExit(f"mkdocs serve ended in {folder}")

    try:
        until("Step 1")
        time.sleep(1)
        file = folder / path
        begun = time.perf_counter()
        file.write_text(file.read_text("utf-8").replace(old, f"{old} EDITED", 1), "utf-8")
        until("EDITED")
        return time.perf_counter() - begun
    finally:
        serving.terminate()
        serving.wait()


def measure(count: int, scratch: Path, runs: int) -> dict[str, float]:
    """Every measurement for projects of ``count`` lessons, in seconds and megabytes."""
    mine = ours(scratch / f"ours-{count}", count)
    notebooks = plain_notebooks(scratch / f"notebooks-{count}", count)
    pages = plain_markdown(scratch / f"pages-{count}", count)
    result = {}
    result["cold"], result["cold memory"] = cold(mine)
    result["plain cold"], result["plain cold memory"] = cold(notebooks)
    build(pages)
    result["no-op"] = statistics.median(build(mine)[0] for _ in range(runs))
    result["pages"] = statistics.median(build(pages)[0] for _ in range(runs))
    lesson = "lessons/lesson-001.py"
    result["prose edit"] = edited(mine, lesson, "slides over the input", runs)
    result["code edit"] = edited(mine, lesson, "tuple(pool(x).shape)\n\n#", 1)
    result["serve"] = reload(mine, lesson, "This is lesson", "lessons/lesson-001/")
    result["serve pages"] = reload(
        pages, "docs/lessons/lesson-001.md", "This is lesson", "lessons/lesson-001/"
    )
    return result


def table(results: dict[int, dict[str, float]]) -> str:
    """The results as a page of the site."""
    sizes = list(results)
    head = "| Measured | " + " | ".join(f"{n} lessons" for n in sizes) + " | bound |"
    lines = [head, "|---|" + "---|" * len(sizes) + "---|"]

    def line(name: str, value, bound: str = "") -> None:
        cells = " | ".join(value(results[n]) for n in sizes)
        lines.append(f"| {name} | {cells} | {bound} |")

    line("first build, everything executed", lambda r: f"{r['cold']:.1f} s")
    line("the same by plain mkdocs-jupyter", lambda r: f"{r['plain cold']:.1f} s")
    line("part of its time", lambda r: f"{r['cold'] / r['plain cold']:.2f}", "0.6")
    line("build with nothing to do", lambda r: f"{r['no-op']:.2f} s")
    line("the same words as plain Markdown", lambda r: f"{r['pages']:.2f} s")
    line("times as long", lambda r: f"{r['no-op'] / r['pages']:.2f}", "1.5")
    line("build after an edit of prose", lambda r: f"{r['prose edit']:.2f} s")
    line("times as long as plain Markdown", lambda r: f"{r['prose edit'] / r['pages']:.2f}", "1.7")
    line("build after an edit of code", lambda r: f"{r['code edit']:.2f} s")
    line("`mkdocs serve`: edit of prose to new page", lambda r: f"{r['serve']:.2f} s")
    line("the same for plain Markdown", lambda r: f"{r['serve pages']:.2f} s")
    line("most memory, first build", lambda r: f"{r['cold memory']:.0f} MB")
    line("the same by plain mkdocs-jupyter", lambda r: f"{r['plain cold memory']:.0f} MB")
    day = datetime.date.today().isoformat()
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    written = WRITTEN.format(machine=machine, day=day)
    numbers = [NUMBERS, "", *lines, "", "</div>"]
    return "\n".join([*HEAD, written, "", *numbers, "", PLAIN, ""])


def by_hand(text: str) -> str:
    """What the page says besides the bench's table: all from BY_HAND on."""
    return text[text.index(f"\n{BY_HAND}") :]


def run(runs: int) -> bool:
    """Print and keep every measurement for each size."""
    results, good = {}, []
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        for count in SIZES:
            result = results[count] = measure(count, Path(scratch), runs)
            print(f"-- {count} lessons")
            good += [
                row("first build, s", result["cold"]),
                row("plain mkdocs-jupyter, s", result["plain cold"]),
                row("part of its time", result["cold"] / result["plain cold"], at_most=0.6),
                row("nothing to do, s", result["no-op"]),
                row("plain Markdown, s", result["pages"]),
                row("times as long", result["no-op"] / result["pages"], at_most=1.5),
                row("edit of prose, s", result["prose edit"]),
                row(
                    "times as long as Markdown", result["prose edit"] / result["pages"], at_most=1.7
                ),
                row("edit of code, s", result["code edit"]),
                row("served page after an edit, s", result["serve"]),
                row("the same, plain Markdown, s", result["serve pages"]),
                row("most memory, MB", result["cold memory"]),
                row("the same, mkdocs-jupyter, MB", result["plain cold memory"]),
            ]
    PAGE.write_text(table(results) + by_hand(PAGE.read_text("utf-8")), "utf-8")
    return all(good)
