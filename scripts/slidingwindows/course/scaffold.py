"""A new lesson that already builds, with its test and its place in the navigation."""

from __future__ import annotations

import json
import re
import string
import unicodedata
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..export.files import write
from .lessons import NAME, path_of

TEMPLATES = Path(__file__).parent / "templates"
ENTRY = re.compile(r"^(\s+- )lessons/[\w-]+\.ipynb\n", re.M)
LONGEST = 60  # characters of a title: the navigation's and a search result's width


def name_of(title: str) -> str:
    """The title as a lesson's name, which is its address too: 'Größer als 3' is grosser-als-3.

    Raises SlidingWindowsError if nothing of it can stand in an address.
    """
    plain = unicodedata.normalize("NFKD", title.replace("ß", "ss"))
    plain = plain.encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not NAME.fullmatch(name):
        raise SlidingWindowsError(f"no name can be made of the title {title!r}: give one by --name")
    return name


def new_lesson(root: Path, title: str, name: str = "") -> list[Path]:
    """Write lessons/NAME.py, tests/lessons/test_NAME.py and a line of mkdocs.yml's nav.

    Returns the files written. Raises SlidingWindowsError, and writes nothing, if the title or the
    name is not good, if a file is there already, or if mkdocs.yml lists no lessons.
    """
    title = " ".join(title.split())
    if not title or len(title) > LONGEST or not title.isprintable():
        raise SlidingWindowsError(f"a title has 1 to {LONGEST} characters, not {len(title)}")
    name = name or name_of(title)
    if not NAME.fullmatch(name):
        raise SlidingWindowsError(
            f"use lowercase letters, digits and hyphens for a name, not {name!r}"
        )
    lesson = root / "lessons" / f"{name}.py"
    test = root / "tests" / "lessons" / f"test_{name.replace('-', '_')}.py"
    for path in (path_of(root / "lessons", name), test):
        if path.exists():
            raise SlidingWindowsError(f"{path.relative_to(root)} is there already")
    settings = with_entry((root / "mkdocs.yml").read_text("utf-8"), name)
    words = {"title": title, "quoted": _scalar(title), "name": name}
    for path, template in ((lesson, "lesson.txt"), (test, "test.txt")):
        text = (TEMPLATES / template).read_text("utf-8")
        write(path, string.Template(text).substitute(words))
    write(root / "mkdocs.yml", settings)
    return [lesson, test, root / "mkdocs.yml"]


def _scalar(title: str) -> str:
    """The title in YAML: in quotes where it would mean something else without."""
    import yaml

    try:
        plain = yaml.safe_load(f"title: {title}") == {"title": title}
    except yaml.YAMLError:
        plain = False
    return title if plain else json.dumps(title, ensure_ascii=False)


def with_entry(settings: str, name: str) -> str:
    """mkdocs.yml's text with a lesson after the last of the first list of lessons."""
    last = _last_entry(settings)
    if last is None:
        raise SlidingWindowsError("mkdocs.yml lists no lesson under nav, so none can be added")
    return f"{settings[: last.end()]}{last.group(1)}lessons/{name}.ipynb\n{settings[last.end() :]}"


def advice(settings: str, name: str) -> str:
    """How to list a lesson that mkdocs.yml, whose text is given, does not list."""
    last = _last_entry(settings)
    place = f"below line {settings.count(chr(10), 0, last.end())}" if last else "under nav"
    line = f"{last.group(1) if last else '  - '}lessons/{name}.ipynb"
    return f"no reader finds lessons/{name}: add this line to mkdocs.yml, {place}:\n{line}"


def _last_entry(settings: str) -> re.Match | None:
    """The last line of the first list of lessons."""
    last = None
    for match in ENTRY.finditer(settings):
        if last and match.start() != last.end():
            break
        last = match
    return last
