"""Bring the cache up to date: execute stale lessons, draw stale figures, write their pages.

Everything lands in .cache/ beside mkdocs.yml: executed/ (outputs), figures/
(files with stable names), pages/ (Markdown) and notebooks/lessons/ (downloads).
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..export.credits import public, shown_at
from ..export.files import ASIDE, Entry, digest, write
from .figure_data import figures_of
from .keys import HERE, source_key, versions
from .lessons import PACKAGES, Lesson, find
from .notebooks import notebook
from .pages import figures_in, markdown

WORKERS = os.cpu_count() or 1
Report = Callable[[str], None]


def cache_of(root: Path) -> Path:
    """The one folder of everything a build keeps."""
    return root / ".cache"


def overall_key(root: Path) -> str:
    """Changes when anything that prepare reads changes; cheap, no lesson is parsed."""
    paths = [*sorted((root / "lessons").rglob("*")), *sorted(HERE.rglob("*.py"))]
    files = [p for p in paths if p.is_file() and "__pycache__" not in p.parts]
    named = [part for p in files for part in (f"{p.parent.name}/{p.name}", p.read_bytes())]
    return digest(*named, versions(*PACKAGES), address_of(root))


def address_of(root: Path) -> str:
    """The site's address, which its figures name as their source; '' if only we can reach it.

    From mkdocs.yml itself, for `mkdocs serve` puts its own address into the configuration.
    """
    from mkdocs.exceptions import MkDocsException
    from mkdocs.utils import yaml_load
    from yaml import YAMLError

    try:
        with (root / "mkdocs.yml").open("rb") as settings:
            address = str(yaml_load(settings).get("site_url") or "")
    except (OSError, YAMLError, MkDocsException):
        return ""  # MkDocs itself says what is wrong with its file
    return address if public(address) else ""


def is_fresh(root: Path) -> bool:
    """True if a finished prepare() left everything as it would leave it now."""
    try:
        done = json.loads((cache_of(root) / "prepared.json").read_text("utf-8"))
        entries = [(Entry(cache_of(root) / place, name), k) for place, name, k in done["entries"]]
        states = [entry.state(key) for entry, key in entries]
        return done["key"] == overall_key(root) and set(states) <= {"fresh"}
    except (OSError, ValueError, KeyError, TypeError):
        return False


class MoreThanWords(Exception):
    """Something is to be executed or drawn, which prepare() was asked to leave alone."""


def prepare(
    root: Path,
    only: str = "",
    redraw: bool = False,
    report: Report = print,
    words_alone: bool = False,
) -> None:
    """Do what is missing or stale; with ``only``, for one lesson; with ``redraw``, all figures.

    Raises one SlidingWindowsError that names every lesson that failed; with ``words_alone``
    MoreThanWords, before anything is executed or drawn.
    """
    with one_at_a_time(cache_of(root), report):
        key = overall_key(root)
        lessons = find(root / "lessons", only)
        outputs = _execute_all(root, lessons, report, words_alone)
        figures, places = figures_of(lessons, outputs)
        address = address_of(root)
        sources = {
            figure["name"]: shown_at(address, lesson.name, figure["name"])
            for lesson in lessons
            for figure in figures_in(outputs[lesson.name])
        }
        made = _draw_all(root, figures, redraw, report, words_alone, places, sources)
        for lesson in lessons:
            _write_page(root, lesson, outputs[lesson.name], made)
        if not only:
            _finish(root, key, lessons, outputs, figures)


@contextlib.contextmanager
def one_at_a_time(cache: Path, report: Report):
    """Two builds of one folder wait for each other."""
    try:
        import fcntl
    except ImportError:  # Windows: no advisory locks, and no make either
        yield
        return
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = open(cache / "lock", "w")
    except OSError as error:
        reason = error.strerror or str(error)
        raise SlidingWindowsError(f"{cache} cannot be written: {reason}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            report("another build is at work in this folder; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _line(kind: str, name: str, state: str, what: str = "") -> str:
    return f"{kind:<7} {name:<34} {state:<8} {what}".rstrip()


def _execute_all(root: Path, lessons: list[Lesson], report: Report, words_alone: bool) -> dict:
    folder = cache_of(root) / "executed"
    results, waiting = {}, []
    for lesson in lessons:
        entry, key = Entry(folder, lesson.name), lesson.key()
        state = entry.state(key)
        if state == "fresh":
            results[lesson.name] = json.loads((folder / f"{lesson.name}.json").read_text("utf-8"))
            report(_line("lesson", lesson.name, state))
        else:
            waiting.append((lesson, entry, key, state))
    if waiting and words_alone:
        raise MoreThanWords
    if waiting:
        from .execution import warm_up

        warm_up([lesson for lesson, *_ in waiting])
    failures = []
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        jobs = {pool.submit(_execute_one, *item[:3]): item for item in waiting}
        for job in as_completed(jobs):
            lesson, _, _, state = jobs[job]
            try:
                results[lesson.name], seconds = job.result()
                report(_line("lesson", lesson.name, state, f"executed in {seconds:.1f} s"))
            except SlidingWindowsError as error:
                failures.append(str(error))
                report(_line("lesson", lesson.name, state, "FAILED"))
    if failures:
        raise SlidingWindowsError("\n".join(sorted(failures)))
    return results


def _execute_one(lesson: Lesson, entry: Entry, key: str):
    from .execution import execute

    begun = time.perf_counter()
    outputs = execute(lesson)
    entry.put(key, {f"{lesson.name}.json": json.dumps(outputs, ensure_ascii=False)})
    return outputs, time.perf_counter() - begun


def _draw_all(
    root: Path,
    figures: dict,
    redraw: bool,
    report: Report,
    words_alone: bool,
    places: dict,
    sources: dict[str, str],
) -> dict[str, dict]:
    folder = cache_of(root) / "figures"
    source = source_key("export.render")
    made, waiting = {}, {}
    for name, data in figures.items():
        text, packages = json.dumps(data, sort_keys=True), versions("pillow", "matplotlib")
        key = digest(text, source, packages, sources[name])
        entry = Entry(folder, name)
        state = entry.state(key)
        if state == "fresh" and not redraw:
            made[name] = _load(folder, name)
            report(_line("figure", name, state))
        else:
            waiting[name] = (data, entry, key, state)
    if waiting and words_alone:
        raise MoreThanWords
    if waiting:
        with ProcessPoolExecutor(max_workers=min(WORKERS, len(waiting))) as pool:
            jobs = {
                pool.submit(_draw_one, item[0], sources[name]): name
                for name, item in waiting.items()
            }
            for job in as_completed(jobs):
                name = jobs[job]
                data, entry, key, state = waiting[name]
                try:
                    result, seconds = job.result()
                except Exception as error:
                    raise SlidingWindowsError(
                        f"{places[name]}: figure {name!r} cannot be drawn: "
                        f"{type(error).__name__}: {error}"
                    ) from error
                _keep(entry, key, data, result)
                made[name] = result
                sizes = ", ".join(
                    f"{file.split('.', 1)[1]} {len(content) / 1000:.0f} kB"
                    for file, content in result["files"].items()
                )
                report(_line("figure", name, state, f"{sizes}, {seconds:.1f} s"))
    return made


def _draw_one(data: dict, source: str) -> tuple[dict, float]:
    from ..export.render import render

    begun = time.perf_counter()
    return render(data, source), time.perf_counter() - begun


def _keep(entry: Entry, key: str, data: dict, result: dict) -> None:
    facts = {k: v for k, v in result.items() if k != "files"}
    facts |= {"caption": data["caption"], "files": sorted(result["files"])}
    entry.put(key, {**result["files"], f"{entry.name}.json": json.dumps(facts, ensure_ascii=False)})


def _load(folder: Path, name: str) -> dict:
    facts = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return {**facts, "files": {file: (folder / file).read_bytes() for file in facts["files"]}}


def _write_page(root: Path, lesson: Lesson, outputs, made: dict) -> None:
    shown = [figure["name"] for figure in figures_in(outputs)]
    pictures = [content for name in shown for _, content in sorted(made[name]["files"].items())]
    key = digest(
        lesson.text, json.dumps(outputs), source_key("course.pages", "course.notebooks"), *pictures
    )
    page = Entry(cache_of(root) / "pages", lesson.name)
    book = Entry(cache_of(root) / "notebooks" / "lessons", lesson.name)
    if page.state(key) == book.state(key) == "fresh":
        return
    page.put(key, {f"{lesson.name}.md": markdown(lesson, outputs)})
    book.put(key, {f"{lesson.name}.ipynb": notebook(lesson, outputs, made)})


def _finish(root: Path, key: str, lessons: list[Lesson], outputs: dict, figures: dict) -> None:
    """Remove what no lesson makes any more, then say that all is done."""
    names = [lesson.name for lesson in lessons]
    kept = {"executed": names, "pages": names, "notebooks/lessons": names, "figures": list(figures)}
    entries = []
    for folder, keep in kept.items():
        place = cache_of(root) / folder
        wanted = set()
        for entry in (Entry(place, name) for name in keep):
            wanted |= {entry.manifest, *entry.files()}
            entries.append([folder, entry.name, entry.key()])
        for path in set(place.glob("*")) - wanted:  # also what a killed build left half done
            if not path.is_dir():
                path.unlink(missing_ok=True)
    shown = {
        lesson.name: [figure["name"] for figure in figures_in(outputs[lesson.name])]
        for lesson in lessons
    }
    for path in cache_of(root).glob(f"{ASIDE}*"):  # half written by a killed build
        path.unlink(missing_ok=True)
    done = {"key": key, "entries": entries, "figures": shown}
    write(cache_of(root) / "prepared.json", json.dumps(done))
