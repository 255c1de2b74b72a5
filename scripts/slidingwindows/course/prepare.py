"""Bring the cache up to date: execute stale lessons, draw stale figures, write their pages.

Everything lands in .cache/ beside mkdocs.yml: executed/ (outputs), figures/
(files with stable names), pages/ (Markdown) and notebooks/lessons/ (downloads).
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..export.credits import public
from ..export.files import ASIDE, Entry, digest, write
from .figure_data import refuse_twins
from .keys import HERE, source_key, steady, versions
from .lessons import PACKAGES, Lesson, find, path_of, paths_of, read, twins_of
from .notebooks import EMPTY_NOTEBOOK, notebook
from .pages import broken, figures_in, markdown
from .pictures import ATTACHED, attached_files, pictures_in
from .scratch import sweep
from .work import Outputs, Report, Work, cache_of

ATTACHMENTS = f"attached/lessons/{ATTACHED}"  # of notebooks, as files of the site

__all__ = ["cache_of", "is_fresh", "one_at_a_time", "overall_key", "prepare"]


def overall_key(root: Path, address: str | None = None) -> str:
    """Changes when anything that prepare reads changes; cheap, no lesson is parsed.

    address: of address_of(), which is asked if it is not given.
    """
    address = address_of(root) if address is None else address
    paths = [*sorted((root / "lessons").rglob("*")), *sorted(HERE.rglob("*.py"))]
    files = [p for p in paths if p.is_file() and "__pycache__" not in p.parts]
    named = [part for p in files for part in (f"{p.parent.name}/{p.name}", p.read_bytes())]
    return digest(*named, versions(*PACKAGES), address)


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
        if done["key"] != overall_key(root):
            return False
        entries = [(Entry(cache_of(root) / place, name), k) for place, name, k in done["entries"]]
        return all(entry.state(key) == "fresh" for entry, key in entries)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def prepare(
    root: Path,
    only: str = "",
    redraw: bool = False,
    report: Report = print,
    serving: bool = False,
) -> list[str]:
    """Do what is missing or stale; with ``only``, for one lesson; with ``redraw``, all figures.

    Raises one SlidingWindowsError that names every lesson and figure that failed. With ``serving``
    a lesson that fails gets a page that says so, all others go on, and what failed is returned.
    """
    sweep()
    with one_at_a_time(cache_of(root), report), steady():
        address = address_of(root)
        key = overall_key(root, address)
        failures: list[tuple[str, str]] = []
        lessons = _readable(root / "lessons", failures) if serving else find(root / "lessons", only)
        work = Work(root, address, redraw, report, serving)
        outputs = work.do(lessons)
        failures += work.failures
        if failures and not serving:
            raise SlidingWindowsError("\n".join(sorted(problem for _, problem in failures)))
        lessons = [lesson for lesson in lessons if lesson.name not in dict(failures)]
        refuse_twins(work.found[lesson.name] for lesson in lessons)
        for lesson in lessons:
            try:
                _write_page(root, lesson, outputs[lesson.name], work)
            except SlidingWindowsError as error:
                if not serving:
                    raise
                failures.append((lesson.name, str(error)))
        failed, names = dict(failures), [lesson.name for lesson in lessons]
        shown = {name: list(work.found[name]) for name in names if name not in failed}
        if failures:
            _write_broken_pages(root, failures)
            _note(root, "", [], shown)
        elif not only:
            _finish(root, key, shown)
        return [problem for _, problem in failures]


def wait_warm(root: Path) -> None:
    """Have a process wait that has imported what any lesson imports, for the next edit of code."""
    from .execution import warm_up

    warm_up(_readable(root / "lessons", []))


def _readable(folder: Path, failures: list[tuple[str, str]]) -> list[Lesson]:
    """All lessons that can be read; the others are added to the failures."""
    lessons, paths = [], paths_of(folder)
    twins = twins_of(paths)
    failures += [(name, f"lessons/{problem}") for name, problem in twins.items()]
    for path in (path for path in paths if path.stem not in twins):
        try:
            lessons.append(read(path))
        except SlidingWindowsError as error:
            failures.append((path.stem, f"lessons/{error}"))
    return lessons


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


def _write_page(root: Path, lesson: Lesson, outputs: Outputs, work: Work) -> None:
    shown = [figure["name"] for figure in figures_in(outputs)]
    source = source_key("course.pages", "course.notebooks", "course.percent")
    own = [one.content for n in range(len(lesson.cells)) for one in pictures_in(lesson, n)]
    drawing = work.drawing if shown else ()
    key = digest(lesson.text, work.keys[lesson.name], source, *own, *drawing)
    page = Entry(cache_of(root) / "pages", lesson.name)
    book = Entry(cache_of(root) / "notebooks" / "lessons", lesson.name)
    pictures = Entry(cache_of(root) / ATTACHMENTS, lesson.name)
    attached = attached_files(lesson)
    some = attached or pictures.manifest.exists()
    if {one.state(key) for one in (page, book, *([pictures] if some else []))} == {"fresh"}:
        return
    made = {name: work.rendered(name) for name in shown}
    page.put(key, {f"{lesson.name}.md": markdown(lesson, outputs)})
    books = {f"{lesson.name}.ipynb": notebook(lesson, outputs, made)}
    if lesson.path.suffix != ".py":  # every lesson can be had as a script
        books[f"{lesson.name}.py"] = lesson.script()
    book.put(key, books)
    if some:
        pictures.put(key, attached)


def _write_broken_pages(root: Path, failures: list[tuple[str, str]]) -> None:
    """Pages of lessons that failed, while they are served; their notebooks are the last good ones.

    failures: a lesson's name and one of its problems.
    """
    pages, books = cache_of(root) / "pages", cache_of(root) / "notebooks" / "lessons"
    for name in dict(failures):
        problems = [problem for lesson, problem in failures if lesson == name]
        text = broken(path_of(root / "lessons", name), problems)
        Entry(pages, name).put("", {f"{name}.md": text})
        if not (books / f"{name}.ipynb").exists():
            files = {f"{name}.ipynb": EMPTY_NOTEBOOK, f"{name}.py": ""}
            Entry(books, name).put("", files)


def _note(root: Path, key: str, entries: list, shown: dict[str, list[str]]) -> None:
    """Keep what this preparation was of. key: overall_key(), or nothing if it is not whole."""
    done = {"key": key, "entries": entries, "figures": shown}
    write(cache_of(root) / "prepared.json", json.dumps(done))


def _finish(root: Path, key: str, shown: dict[str, list[str]]) -> None:
    """Remove what no lesson makes any more, then say that all is done.

    shown: the names of the figures that each lesson shows.
    """
    names, figures = list(shown), [name for each in shown.values() for name in each]
    kept = {"executed": names, "pages": names, "notebooks/lessons": names, "figures": figures}
    folder = cache_of(root) / ATTACHMENTS
    kept[ATTACHMENTS] = [name for name in names if Entry(folder, name).manifest.exists()]
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
    for path in cache_of(root).glob(f"{ASIDE}*"):  # half written by a killed build
        path.unlink(missing_ok=True)
    _note(root, key, entries, shown)
