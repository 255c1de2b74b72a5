"""Start a new lesson from templates: its script, its test and its line in mkdocs.yml."""

from __future__ import annotations

import json
import re
import string
import unicodedata
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..export.files import write
from .lessons import NAME

TEMPLATES = Path(__file__).parent / "templates"
ENTRY = re.compile(r"^(\s+- )lessons/[\w-]+\.ipynb\n", re.M)
LONGEST = 60  # characters of a title, to fit the navigation and a search result


def name_of(title: str, otherwise: str = "give one with --name") -> str:
    """A title as a lesson's name, which is also its address: 'Größer als 3' is grosser-als-3.

    Raises SlidingWindowsError if nothing of it can be used in an address.

    otherwise: what to do then.
    """
    plain = unicodedata.normalize("NFKD", title.replace("ß", "ss"))
    plain = plain.encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not NAME.fullmatch(name):
        raise SlidingWindowsError(f"no name can be made from the title {title!r}; {otherwise}")
    return name


def new_lesson(root: Path, title: str, name: str = "") -> list[Path]:
    """Write lessons/NAME.py, tests/lessons/test_NAME.py and a line of mkdocs.yml's nav.

    Returns the files written. Raises SlidingWindowsError, and writes nothing, if the title or the
    name is not valid, if a file exists already, or if mkdocs.yml lists no lessons.
    """
    title = checked_title(title)
    name = name or name_of(title)
    if not NAME.fullmatch(name):
        raise SlidingWindowsError(
            f"use lowercase letters, digits and hyphens for a name, not {name!r}"
        )
    files = lesson_files(title, name)
    for path in files:
        if (root / path).exists():
            raise SlidingWindowsError(f"{path} already exists")
    files["mkdocs.yml"] = with_entry((root / "mkdocs.yml").read_text("utf-8"), name)
    for path, text in files.items():
        write(root / path, text)
    return [root / path for path in files]


def checked_title(title: str) -> str:
    """A title without needless spaces. Raises SlidingWindowsError for one that is too long."""
    title = " ".join(title.split())
    if not title or len(title) > LONGEST or not title.isprintable():
        raise SlidingWindowsError(f"a title has 1 to {LONGEST} characters, not {len(title)}")
    return title


def lesson_files(title: str, name: str) -> dict[str, str]:
    """The text of a new lesson and of its test, by their paths in the project."""
    words = {"title": title, "quoted": quoted(title), "name": name}
    files = {}
    for path, template in (
        (f"lessons/{name}.py", "lesson.txt"),
        (f"tests/lessons/test_{name.replace('-', '_')}.py", "test.txt"),
    ):
        text = (TEMPLATES / template).read_text("utf-8")
        files[path] = string.Template(text).substitute(words)
    return files


def quoted(title: str) -> str:
    """The title in YAML: in quotes where it would mean something else without."""
    import yaml

    try:
        plain = yaml.safe_load(f"title: {title}") == {"title": title}
    except yaml.YAMLError:
        plain = False
    return title if plain else json.dumps(title, ensure_ascii=False)


def with_entry(settings: str, name: str) -> str:
    """mkdocs.yml's text with a lesson added at the end of its first list of lessons."""
    matches = list(ENTRY.finditer(settings))
    if not matches:
        raise SlidingWindowsError("mkdocs.yml lists no lesson under nav, so none can be added")
    last = matches[0]
    for match in matches[1:]:
        if match.start() != last.end():
            break
        last = match
    return f"{settings[: last.end()]}{last.group(1)}lessons/{name}.ipynb\n{settings[last.end() :]}"
