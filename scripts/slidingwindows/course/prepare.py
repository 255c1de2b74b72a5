"""Bring the cache up to date: execute stale lessons, draw stale figures, write their pages.

Everything goes into .cache/ beside mkdocs.yml: executed/ (outputs), figures/ (files with stable
names), pages/ (Markdown) and notebooks/lessons/ (downloads).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection
from pathlib import Path
from threading import Event

from ..core.errors import SlidingWindowsError
from ..export.files import ASIDE, Entry, digest, write
from .figure_data import twins_in
from .keys import HERE, source_key, steady, versions
from .lessons import PACKAGES, Lesson, find, packages_of, path_of, paths_of, read, twins_of
from .notebooks import empty_notebook, notebook
from .pages import broken, figures_in, markdown
from .pictures import ATTACHED, attached_files, every_picture
from .scratch import sweep
from .settings import address_of, other_course
from .shards import Shard, names_of
from .work import Outputs, Report, Work, cache_of

ATTACHMENTS = f"attached/lessons/{ATTACHED}"  # of notebooks, as files of the site
# The folders of the cache that all machines' parts are merged into.
FOLDERS = ("executed", "figures", "pages", "notebooks/lessons", ATTACHMENTS)
EXECUTED, FIGURES, PAGES, BOOKS, _ = FOLDERS


def overall_key(root: Path, address: str | None = None) -> str:
    """A key that changes when anything that prepare reads changes; cheap, as no lesson is parsed.

    address: from address_of(), which is called if it is not given.
    """
    address = address_of(root) if address is None else address
    paths = [*sorted((root / "lessons").rglob("*")), *sorted(HERE.rglob("*.py"))]
    files = [p for p in paths if p.is_file() and "__pycache__" not in p.parts]
    address += f" {other_course(root)}"
    contents = {p: p.read_bytes() for p in files}
    named = [part for p in files for part in (f"{p.parent.name}/{p.name}", contents[p])]
    code = "\n".join(contents[p].decode("utf-8", "replace") for p in paths_of(root / "lessons"))
    return digest(*named, versions(*PACKAGES, *packages_of(code)), address)


def is_fresh(root: Path) -> bool:
    """True if the last prepare() finished and a new one would change nothing."""
    try:
        done = _noted(root)
        if done["key"] != overall_key(root):
            return False
        entries = [(Entry(cache_of(root) / folder, name), k) for folder, name, k in done["entries"]]
        return all(entry.state(key) == "fresh" for entry, key in entries)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def figures_wait(root: Path) -> bool:
    """Whether the last prepare() left figures as they were drawn before."""
    return bool(_noted(root).get("waits"))


def figures_shown(root: Path) -> dict[str, list[str]]:
    """The names of the figures that each lesson showed in the last prepare()."""
    return dict(_noted(root).get("figures", {}))


def _noted(root: Path) -> dict:
    try:
        noted = json.loads((cache_of(root) / "prepared.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def prepare(
    root: Path,
    only: str = "",
    redraw: bool = False,
    report: Report = print,
    serving: bool = False,
    shard: Shard | None = None,
    wanted: Collection[str] | None = None,
    stop: Event | None = None,
) -> list[str]:
    """Make what is missing or stale; with ``only``, of one lesson; with ``redraw``, all figures.

    With ``shard``, for the lessons that are this machine's. Its folders in the cache are copied to
    those of the machine that builds, in any order.

    Raises one SlidingWindowsError that names every lesson and figure that failed. With ``serving``
    a lesson that fails gets a page that says so, all others go on, and what failed is returned. It
    always raises for settings, or a module of this package, that cannot be read.

    wanted: the figures that are drawn at once; others may stay as they were drawn before, and then
    figures_wait() says so. stop: once it is set, the preparation raises Stopped, as if killed.
    """
    sweep()
    with one_at_a_time(cache_of(root), report), steady(cache_of(root)):
        address = address_of(root)
        key = overall_key(root, address)
        failures: list[tuple[str, str]] = []
        lessons = _readable(root / "lessons", failures) if serving else find(root / "lessons", only)
        part, course = shard is not None, other_course(root)
        work = Work(root, address, redraw, report, serving, part, course, wanted, stop)
        if shard:
            ours = names_of(shard, [lesson.name for lesson in lessons], work.seconds)
            lessons = [lesson for lesson in lessons if lesson.name in ours]
        outputs = work.do(lessons)
        failures += work.failures
        if failures and not serving:
            raise SlidingWindowsError("\n".join(sorted(problem for _, problem in failures)))
        good = [lesson.name for lesson in lessons if lesson.name not in dict(failures)]
        twins = twins_in(work.found[name] for name in good)
        if twins and not serving:
            raise SlidingWindowsError(twins[0][1])
        failures += twins
        lessons = [lesson for lesson in lessons if lesson.name not in dict(failures)]
        for lesson in lessons:
            work.go_on()
            try:
                _write_page(root, lesson, outputs[lesson.name], work)
            except SlidingWindowsError as error:
                if not serving:
                    raise
                failures.append((lesson.name, str(error)))
        failed, names = dict(failures), [lesson.name for lesson in lessons]
        shown = {name: list(work.found[name]) for name in names if name not in failed}
        if failures or work.later:
            _write_broken_pages(root, failures)
            _note(root, "", [], shown, bool(work.later))
        elif not only and not shard:
            _finish(root, key, shown)
        return [problem for _, problem in failures]


def wait_warm(root: Path) -> None:
    """Start the process that imports what lessons import, so that the next edit runs at once."""
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
            report("another build is running in this folder; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write_page(root: Path, lesson: Lesson, outputs: Outputs, work: Work) -> None:
    shown = [figure["name"] for figure in figures_in(outputs)]
    source = source_key("course.pages", "course.notebooks", "course.percent")
    own = every_picture(lesson)
    drawing = work.drawing if shown else ()
    contents = [one.content for one in own]
    key = digest(lesson.text, work.keys[lesson.name], source, *contents, *drawing)
    page = Entry(cache_of(root) / PAGES, lesson.name)
    book = Entry(cache_of(root) / BOOKS, lesson.name)
    pictures = Entry(cache_of(root) / ATTACHMENTS, lesson.name)
    attached = attached_files(own)
    some = attached or pictures.manifest.exists()
    if {one.state(key) for one in (page, book, *([pictures] if some else []))} == {"fresh"}:
        return
    some_wait = not work.later.isdisjoint(shown)
    key = "" if some_wait else key
    page.put(key, {f"{lesson.name}.md": markdown(lesson, outputs)})
    if some:
        pictures.put(key, attached)
    if some_wait and book.manifest.exists():
        return  # it is written once, when all figures are drawn
    figures = {name: work.rendered(name) for name in shown}
    books = {f"{lesson.name}.ipynb": notebook(lesson, outputs, figures)}
    if lesson.path.suffix != ".py":  # every lesson can be had as a script
        books[f"{lesson.name}.py"] = lesson.script()
    book.put(key, books)


def _write_broken_pages(root: Path, failures: list[tuple[str, str]]) -> None:
    """Write pages for lessons that failed, while serving; their notebooks stay the last good ones.

    failures: pairs of a lesson's name and one of its problems.
    """
    pages, books = cache_of(root) / PAGES, cache_of(root) / BOOKS
    for name in dict(failures):
        problems = [problem for lesson, problem in failures if lesson == name]
        path = path_of(root / "lessons", name)
        Entry(pages, name).put("", {f"{name}.md": broken(path, problems)})
        files = {f"{name}.ipynb": empty_notebook()}
        if path.suffix != ".py":  # as it may have been when its notebook was written
            files[f"{name}.py"] = ""
        if not all((books / file).exists() for file in files):
            Entry(books, name).put("", files)


def _note(
    root: Path, key: str, entries: list, shown: dict[str, list[str]], waits: bool = False
) -> None:
    """Record this preparation in prepared.json. key: overall_key(), '' if something is missing."""
    done = {"key": key, "entries": entries, "figures": shown, "waits": waits}
    write(cache_of(root) / "prepared.json", json.dumps(done))


def _finish(root: Path, key: str, shown: dict[str, list[str]]) -> None:
    """Remove what no lesson makes any more, then record that everything is done.

    shown: the names of the figures that each lesson shows.
    """
    names, figures = list(shown), [name for each in shown.values() for name in each]
    kept = {EXECUTED: names, PAGES: names, BOOKS: names, FIGURES: figures}
    attached = cache_of(root) / ATTACHMENTS
    kept[ATTACHMENTS] = [name for name in names if Entry(attached, name).manifest.exists()]
    entries = []
    for folder, keep in kept.items():
        place = cache_of(root) / folder
        wanted = set()
        for entry in (Entry(place, name) for name in keep):
            wanted |= {entry.manifest, *entry.files()}
            entries.append([folder, entry.name, entry.key()])
        for path in set(place.glob("*")) - wanted:  # including what a killed build left half done
            if not path.is_dir():
                path.unlink(missing_ok=True)
    for path in cache_of(root).glob(f"{ASIDE}*"):  # half written by a killed build
        path.unlink(missing_ok=True)
    _note(root, key, entries, shown)
