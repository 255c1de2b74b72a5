"""The scheduler: execute stale lessons and draw stale figures in parallel, the longest first."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import lru_cache, partial
from pathlib import Path
from threading import Event

from ..core.errors import SlidingWindowsError
from ..core.figures import CLASSES
from ..export.credits import shown_at
from ..export.files import Entry, digest, write
from ..export.rendered import Rendered
from .figure_data import Found, figures_of
from .keys import source_key, versions
from .lessons import Lesson
from .snapshots import LESSONS

WORKERS = os.cpu_count() or 1
Report = Callable[[str], None]
Outputs = list[list[dict]]  # for each code cell of a lesson


class Stopped(Exception):
    """A preparation was asked to end early: what is done is kept, the rest is as it was."""


def cache_of(root: Path) -> Path:
    """The folder of everything that a build keeps."""
    return root / ".cache"


class Work:
    """What one build executes and draws.

    root: the folder of mkdocs.yml. address: the site's, which figures name as their source.
    course: its name, which they name as their author, if it is another than the package's own.
    redraw: draw fresh figures again, too. report: told one line for each lesson and figure.
    serving: few lessons that are stale are being edited, and will be again. part: of several that
    divide the lessons by their known times, which therefore stay as they are. wanted: the names of
    the figures that are drawn at once, all if None; of the others, those that changed only in how
    they are drawn wait, and are named in ``later``. stop: once it is set, do() raises Stopped.
    """

    def __init__(
        self,
        root: Path,
        address: str,
        redraw: bool,
        report: Report,
        serving: bool,
        part: bool = False,
        course: str = "",
        wanted: Collection[str] | None = None,
        stop: Event | None = None,
    ):
        self.address, self.redraw, self.report, self.part = address, redraw, report, part
        self.course, self.wanted, self.stop = course, wanted, stop
        self.serving, self.keep = serving, False
        self.later: set[str] = set()
        self.executed, self.drawn = cache_of(root) / "executed", cache_of(root) / "figures"
        self.times = cache_of(root) / "seconds.json"  # what each lesson took the last time
        # What all figures are made from beside their own data.
        makers = "export.render", "export.recolour"
        made_by = source_key(*makers), versions("pillow", "matplotlib")
        self.drawing = (*made_by, course, address)
        self.shapes = (source_key(*makers, colours=False), *self.drawing[1:-1])
        self.outputs: dict[str, Outputs] = {}
        self.keys: dict[str, str] = {}  # digests of the outputs, by lesson
        self.made: dict[str, Rendered] = {}  # what has been drawn, by figure
        self.drew = False  # whether any was drawn, and not only coloured
        self.seconds: dict[str, float] = {}
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            self.seconds = {n: float(s) for n, s in json.loads(self.times.read_text()).items()}
        self.found: dict[str, dict[str, Found]] = {}  # the figures of each lesson by their names
        self.failures: list[tuple[str, str]] = []  # a lesson's name, and what is wrong with it
        self.jobs: dict[Future, Callable[[Future], None]] = {}

    def do(self, lessons: list[Lesson]) -> dict[str, Outputs]:
        """Outputs by lesson.

        Figures are drawn while other lessons run. A lesson that fails is missing from the result
        and listed in ``failures``; the figures that lessons showed are in ``found``. While serving,
        one that has failed is not executed again until that could end otherwise.
        """
        stale, fresh = [], []
        for lesson in lessons:
            entry, key = Entry(self.executed, lesson.name), lesson.key()
            state = entry.state(key)
            if state != "fresh" and self.serving and (problem := _known_failure(lesson, key)):
                self.failures.append((lesson.name, problem))
                self.report(_line("lesson", lesson.name, state, "FAILED, and has not changed"))
                continue
            (fresh if state == "fresh" else stale).append((lesson, entry, key, state))
        stale.sort(key=lambda item: expected(item[0], self.seconds), reverse=True)
        self.keep = self.serving and len(stale) <= LESSONS
        pool = ThreadPoolExecutor(max_workers=WORKERS)
        try:
            if stale:
                from .execution import warm_up

                warm_up([lesson for lesson, *_ in stale])
            for item in stale:
                self._execute(pool, *item)
            for lesson, *_ in fresh:
                text = (self.executed / f"{lesson.name}.json").read_text("utf-8")
                self.outputs[lesson.name], self.keys[lesson.name] = _loaded(text)
                self.report(_line("lesson", lesson.name, "fresh"))
                self._draw_figures(pool, lesson)
            while self.jobs:
                self.go_on()
                for job in wait(self.jobs, return_when=FIRST_COMPLETED).done:
                    self.jobs.pop(job)(job)
        finally:
            pool.shutdown(cancel_futures=True)
            if self.drew:
                from .warm import rest

                rest()
            if stale and not self.part:
                write(self.times, json.dumps(self.seconds))
        return self.outputs

    def go_on(self) -> None:
        """Raise Stopped if that has been asked for."""
        if self.stop and self.stop.is_set():
            raise Stopped

    def rendered(self, name: str) -> Rendered:
        """A figure, just drawn or from the cache."""
        return self.made.get(name) or _load(self.drawn, name)

    def _execute(
        self, pool: ThreadPoolExecutor, lesson: Lesson, entry: Entry, key: str, state: str
    ) -> None:
        def done(job: Future) -> None:
            try:
                outputs, seconds = job.result()
            except SlidingWindowsError as error:
                self.failures.append((lesson.name, str(error)))
                self.report(_line("lesson", lesson.name, state, "FAILED"))
                return
            self.outputs[lesson.name], self.keys[lesson.name] = outputs, digest(_text(outputs))
            self.seconds[lesson.name] = round(seconds, 1)
            self.report(_line("lesson", lesson.name, state, f"executed in {seconds:.1f} s"))
            self._draw_figures(pool, lesson)

        self.jobs[pool.submit(_execute_one, lesson, entry, key, self.keep)] = done

    def _draw_figures(self, pool: ThreadPoolExecutor, lesson: Lesson) -> None:
        try:
            figures = _found(lesson, self.outputs[lesson.name])
        except SlidingWindowsError as error:
            self.failures.append((lesson.name, str(error)))
            return
        for name, figure in figures.items():
            # A name that two lessons use is refused at the end.
            if not any(name in others for others in self.found.values()):
                self._draw(pool, name, figure)
        self.found[lesson.name] = figures

    def _draw(self, pool: ThreadPoolExecutor, name: str, found: Found) -> None:
        source = shown_at(self.address, found.lesson, name)
        # What is drawn; in which shapes, which are the same in all colours; and in which colours.
        parts = found.key, digest(*self.shapes, source), self.drawing[0]
        key = " ".join(parts)
        entry, kind = Entry(self.drawn, name), found.data["kind"]
        state = entry.state(key)
        if state == "fresh" and not self.redraw:
            self.report(_line("figure", name, state))
            return
        before = [] if self.redraw or not entry.intact() else entry.key().split(" ")
        if self.wanted is not None and name not in self.wanted and before[:1] == [found.key]:
            self.later.add(name)
            self.report(_line("figure", name, state, "waits until those of the page are drawn"))
            return

        def done(job: Future) -> None:
            try:
                result, seconds = job.result()
            except Exception as error:
                message = str(error) or type(error).__name__
                problem = f"{found.place}: figure {name!r} cannot be drawn: {message}"
                self.failures.append((found.lesson, problem))
                self.report(_line("figure", name, state, "FAILED"))
                return
            self.made[name] = result
            sizes = ", ".join(
                f"{file.split('.', 1)[1]} {len(content) / 1000:.0f} kB"
                for file, content in result.files.items()
            )
            self.report(_line("figure", name, state, f"{sizes}, {seconds:.1f} s"))

        if before[:2] == list(parts[:2]) and kind in CLASSES:
            work = partial(_coloured, entry, kind)
        else:
            data = {**found.data, "course": self.course} if self.course else found.data
            work, self.drew = partial(_drawn, data, source), True
        self.jobs[pool.submit(_make_one, work, entry, key, found.data["caption"])] = done


def expected(lesson: Lesson, seconds: dict[str, float]) -> tuple[bool, bool, float]:
    """How long a lesson may take, to be compared: what begins last may run alone in the end.

    seconds: what lessons took the last time. One of which nothing is known may take long, and
    most of all if it trains a network.
    """
    unknown = lesson.name not in seconds
    return unknown, unknown and "optim" in lesson.text, seconds.get(lesson.name, 0.0)


@lru_cache(maxsize=1000)  # while serving, most lessons have not changed since the last build
def _loaded(text: str) -> tuple[Outputs, str]:
    return json.loads(text), digest(text)


def _found(lesson: Lesson, outputs: Outputs) -> dict[str, Found]:
    """figures_of() one lesson, remembered for the same outputs."""
    known = _known.get(lesson.path)
    if known is None or known[0] != lesson.text or known[1] is not outputs:
        figures = figures_of([lesson], {lesson.name: outputs})
        known = _known[lesson.path] = (lesson.text, outputs, figures)
    return known[2]


_known: dict[Path, tuple[str, Outputs, dict[str, Found]]] = {}


def _known_failure(lesson: Lesson, key: str) -> str:
    """What is wrong with a lesson that this process has executed as it is; '' if it has not."""
    cause, problem = _failed.get(lesson.path, (None, ""))
    return problem if cause == _cause(lesson, key) else ""


def _cause(lesson: Lesson, key: str) -> list[str]:
    """What a failure depends on, and the lines that its message may name."""
    return [key, *(lesson.place(cell.line) for cell in lesson.code)]


# Here and not in the cache, as the machine may be why: another start of the server tries again.
_failed: dict[Path, tuple[list[str], str]] = {}


def _line(kind: str, name: str, state: str, what: str = "") -> str:
    return f"{kind:<7} {name:<34} {state:<8} {what}".rstrip()


def _execute_one(lesson: Lesson, entry: Entry, key: str, keep: bool) -> tuple[Outputs, float]:
    from .execution import execute

    begun = time.perf_counter()
    try:
        outputs = execute(lesson, keep)
    except SlidingWindowsError as error:
        _failed[lesson.path] = (_cause(lesson, key), str(error))
        raise
    entry.put(key, {f"{lesson.name}.json": _text(outputs)})
    return outputs, time.perf_counter() - begun


def _text(outputs: Outputs) -> str:
    return json.dumps(outputs, ensure_ascii=False)


def _make_one(
    make: Callable[[], Rendered], entry: Entry, key: str, caption: str
) -> tuple[Rendered, float]:
    """Make a figure and keep it. Writing hundreds of files takes as long as colouring them."""
    begun = time.perf_counter()
    result = make()
    metadata = {**result.facts(), "caption": caption, "files": sorted(result.files)}
    entry.put(key, {**result.files, f"{entry.name}.json": json.dumps(metadata, ensure_ascii=False)})
    return result, time.perf_counter() - begun


def _drawn(data: dict, source: str) -> Rendered:
    from .execution import draw

    return draw(data, source)


def _coloured(entry: Entry, kind: str) -> Rendered:
    from ..export.recolour import recoloured

    return recoloured(_load(entry.folder, entry.name), kind)


def _load(folder: Path, name: str) -> Rendered:
    metadata = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return Rendered.of(metadata, {file: (folder / file).read_bytes() for file in metadata["files"]})
