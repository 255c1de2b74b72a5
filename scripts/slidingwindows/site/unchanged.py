"""Whether `make site` has anything to do: a key of all that a build reads, one of what it wrote.

Both go by content. Where it cannot be told what a build reads, there is no key, and it is built.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..core.errors import SlidingWindowsError
from ..course.home import home
from ..course.keys import HERE
from ..course.work import cache_of
from ..export.files import Entry, digest, write
from .stamps import commit_of, commit_time

STAMP = "built.json"  # in the cache
# Folders at the top of a project that tools write and no build reads, and files that mark others.
WRITTEN = {".cache", ".git", ".hypothesis", "build", "dist", "node_modules", "site"}
MARKS = ("CACHEDIR.TAG", "pyvenv.cfg")
COMPILED = "__pycache__"
MANY = 4000  # files of a folder of Python's that is not told by packages; no more are read
# Variables that differ from call to call of the same command. All others count, because mkdocs.yml
# and plugins may read any.
PASSING = re.compile(r"_|SHLVL|OLDPWD|COLUMNS|LINES|MFLAGS|MAKE(?:FLAGS|LEVEL|_TERMOUT|_TERMERR)")


def inputs_key(root: Path) -> str:
    """A key that changes when anything does that a page may be made from.

    It goes by all files of the project, this package, the installed packages, mkdocs.yml's and the
    process's settings and the last commit; outside a repository, where a sitemap has the date of
    the build, by today. Empty if mkdocs.yml names a file elsewhere, or if Python finds modules in
    a folder of very many files.
    """
    try:
        packages = _packages(root)
        if packages is None or _reads_elsewhere(root):
            return ""
        today = datetime.now(UTC).date().isoformat()
        variables = [f"{n}={v}" for n, v in os.environ.items() if not PASSING.fullmatch(n)]
        parts = [sys.version, sys.prefix, *packages, "|", *sorted(variables), "|"]
        parts += [commit_of(root), commit_time(root) or today]
        for folder in dict.fromkeys((root, HERE, home() / "assets")):
            parts += ["|", *_contents(folder, folder == root)]
        parts += ["|", _read(home() / "LICENSE")]
        return digest(*parts)
    except (OSError, ValueError, KeyError, SlidingWindowsError):  # a build says what is wrong
        return ""


def outputs_key(root: Path) -> str:
    """A key of the finished site and of what it was made from in the cache; '' if that is damaged.

    Other commands go on from the cache, so a file of it that is missing has to be made as well.
    """
    cache = cache_of(root)
    try:
        prepared = (cache / "prepared.json").read_bytes()
        entries = json.loads(prepared)["entries"]
        states = {Entry(cache / folder, name).state(key) for folder, name, key in entries}
        return digest(prepared, *_contents(root / "site")) if states <= {"fresh"} else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def is_built(root: Path, inputs: str) -> bool:
    """Whether the site is what these inputs gave. inputs: from inputs_key()."""
    cache = cache_of(root)
    try:
        done = json.loads((cache / STAMP).read_text("utf-8"))
        if not inputs or done["inputs"] != inputs or any(cache.glob("site-*")):
            return False  # a folder site-* is a build's that runs, or was killed
        return done["outputs"] == outputs_key(root) != ""
    except (OSError, ValueError, KeyError, TypeError):
        return False


def note_built(root: Path, inputs: str) -> None:
    """Record a finished build. inputs: inputs_key() before it began, '' if there was none.

    Nothing is recorded if a file was edited meanwhile, which the build may have read or not.
    """
    if inputs and inputs_key(root) == inputs:
        done = {"inputs": inputs, "outputs": outputs_key(root)}
        write(cache_of(root) / STAMP, json.dumps(done))


def _contents(top: Path, project: bool = False) -> Iterator[str | bytes]:
    """Path and digest of each file of a folder, in order, also where a link leads to a folder.

    project: folders directly in it do not count that tools write.
    """
    seen: set[str] = set()
    for path, folders, names in os.walk(top, followlinks=True):
        real = os.path.realpath(path)
        folders[:] = sorted(set(folders) - {COMPILED}) if real not in seen else []
        seen.add(real)
        if project and path == str(top):
            folders[:] = [name for name in folders if not _written(top / name)]
        for name in sorted(names):
            file = os.path.join(path, name)
            yield os.path.relpath(file, top)
            if os.path.isfile(file):
                with open(file, "rb") as content:
                    yield hashlib.file_digest(content, "sha256").digest()


def _written(folder: Path) -> bool:
    """Whether tools write a folder at the top of a project."""
    return folder.name in WRITTEN or any((folder / mark).is_file() for mark in MARKS)


def _packages(root: Path) -> list[str | bytes] | None:
    """What is installed, by the packages' own lists of their files; None if that does not tell.

    Of folders without such lists, and of packages that are used where they are edited, all files
    count.
    """
    found: list[str | bytes] = []
    known = (root, HERE.parent, Path(sys.prefix), Path(sys.base_prefix))
    for place in dict.fromkeys(Path(path).resolve() for path in sys.path):
        if place == Path.cwd() or not place.is_dir():
            continue  # `python -m` adds the folder in which it was called
        installed = sorted(place.glob("*.dist-info"))
        others = [] if installed or _within(place, *known) else [place]
        for folder in installed:
            origin = folder / "direct_url.json"
            if folder.name.startswith(f"{HERE.name}-"):
                continue  # this very package, whose files count
            found += [folder.name, _read(folder / "RECORD")]
            edited = _edited(origin) if origin.is_file() else None
            others += [edited] if edited and not _within(edited, root) else []
        for folder in others:
            contents = list(islice(_contents(folder, project=True), 2 * MANY))
            if len(contents) == 2 * MANY:
                return None
            found += ["|", *contents]
    return [*found, _read(Path(sys.prefix, "node_modules", ".package-lock.json"))]  # esbuild's


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _edited(origin: Path) -> Path | None:
    """Where a package's sources are, if it is used where they are edited.

    origin: what pip notes of where a package came from.
    """
    noted = json.loads(origin.read_bytes())
    editable = noted.get("dir_info", {}).get("editable", False)
    return Path(unquote(urlsplit(noted["url"]).path)) if editable else None


def _within(place: Path, *folders: Path) -> bool:
    return any(place.resolve().is_relative_to(folder.resolve()) for folder in folders)


def _reads_elsewhere(root: Path) -> bool:
    """Whether a file of settings, or a variable that it names, leads out of the project."""
    from yaml import ScalarEvent, YAMLError, parse

    for settings in sorted(root.glob("*.y*ml")):
        try:
            events = list(parse(settings.read_text("utf-8")))
        except YAMLError:
            return True  # MkDocs will say what is wrong
        for event in events:
            if not isinstance(event, ScalarEvent):
                continue
            for text in (event.value, os.environ.get(event.value, "")):
                if any(_is_elsewhere(line, root) for line in text.splitlines()):
                    return True
    return False


def _is_elsewhere(text: str, root: Path) -> bool:
    if text == "/" or not (text.startswith(("/", "~/")) or ".." in text):
        return False
    for folder in (root, root / "docs"):  # from which MkDocs and its plugins start
        path = folder / os.path.expanduser(text)
        try:
            if path.exists() and not _within(path, root, HERE, home() / "assets"):
                return True
        except OSError:  # a text too long for a path
            continue
    return False
