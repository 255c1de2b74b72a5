"""Lesson files: find them, parse their cells and tags, and say what their results depend on.

A lesson is a script, a notebook or a MyST Markdown notebook in lessons/, with a header that gives
title and description. Only its code decides whether it must be executed again.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from .. import _LATER
from ..core.errors import SlidingWindowsError
from ..export.files import digest
from .authoring import NAME
from .formats import SUFFIXES, place_of, read_cells
from .header import Cell
from .keys import is_installed, source_key, versions
from .percent import write_script

FROM_ROOM = re.compile(r"\bfrom +slidingwindows\.([\w.]+) +import +(\([^)]*\)|[^\n]*)")
PACKAGES = ("torch", "matplotlib", "pillow", "nbclient", "ipykernel", "numpy")
IMPORTS = re.compile(r"^[ \t]*(?:from +(\w+)[\w.]* +import\b|import +([\w., ]+))", re.MULTILINE)
OTHER_NAMES = {"PIL": "pillow", "sklearn": "scikit-learn"}  # packages imported by another name
# What is loaded for every lesson. Modules that only draw are not here, so that an edit to a drawing
# makes no lesson run again.
KERNEL_MODULES = ("__init__", "course.execution", "course.forking", "course.guard", "lesson")
# What the package loads only on demand, by the name that a lesson uses.
ON_DEMAND = {**_LATER, "plot": "drawing.plot"}
# Where any name may be used; a text to evaluate that begins with a name of torch uses no other.
ALL_NAMES = re.compile(
    r"\bimport +\*|\b__(?:all|dict)__\b|\b(?:dir|vars|getattr)\("
    r"|\b(?:eval|exec)\((?![\"'](?:nn|torch)\.\w*[\"'(])"
)
READS_SOURCE = re.compile(r"\bhelp\(|\b(?:inspect|getsource|getdoc|linecache|doctest)\b")
DOCSTRING = re.compile(r"(?:\b(\w+)(?:\.\w+)*\.)?__doc__\b")
EXECUTION = ("skip-execution", "raises-exception")  # tags that change a cell's outputs


@dataclass(frozen=True)
class Lesson:
    """A lesson file, parsed but not executed."""

    path: Path
    meta: dict
    cells: tuple[Cell, ...]
    text: str = field(repr=False)

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def code(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == "code"]

    def place(self, line: int) -> str:
        """A line of it in words, such as 'line 7', or 'line 2 of the cell' in a notebook."""
        return place_of(self.path, line)

    def script(self) -> str:
        """It as a script of Jupytext's percent format, which may be what it is written in."""
        return self.text if self.path.suffix == ".py" else write_script(self.meta, self.cells)

    def data(self, code: str) -> list[bytes]:
        """The contents of the data files that some code names."""
        names = sorted(set(re.findall(r"data/[\w./-]+", code)))
        paths = [self.path.parent / name for name in names]
        return [path.read_bytes() for path in paths if path.is_file()]

    def key(self) -> str:
        """A key that changes when executing the lesson again could give another result."""
        code = [cell.source for cell in self.code]
        text = "\n".join(code)
        tags = [f"{n} {tag}" for n, c in enumerate(self.code) for tag in c.tags if tag in EXECUTION]
        contents = self.data(text)
        python = ".".join(map(str, sys.version_info[:3]))
        source = source_key(*reach(text), to_the_letter=reads_words(text))
        packages = versions(*PACKAGES, *packages_of(text))
        return digest(*code, *tags, "|", *contents, source, python, packages)


def packages_of(code: str) -> list[str]:
    """The installed packages that code imports, besides PACKAGES and this one, sorted."""
    lists = ",".join(f"{one},{many}" for one, many in IMPORTS.findall(code)).split(",")
    names = {part.split(".")[0].split(" as ")[0].strip() for part in lists} - {""}
    packages = {OTHER_NAMES.get(name, name) for name in names} - {*PACKAGES, "slidingwindows"}
    return sorted(name for name in packages - sys.stdlib_module_names if is_installed(name))


@lru_cache(maxsize=1000)  # as for _parsed()
def reach(code: str) -> tuple[str, ...]:
    """The modules of this package whose code, or whose imports, can affect a lesson's outputs."""
    words = set(re.findall(r"\w+", code))
    called = [module for name, module in ON_DEMAND.items() if name in words]
    if ALL_NAMES.search(code):  # there is no telling which names it will use
        called = list(ON_DEMAND.values())
    return *KERNEL_MODULES, *called, *modules_named(code)


@lru_cache(maxsize=1000)
def reads_words(code: str) -> bool:
    """Whether a lesson's code may show comments or docstrings of this package.

    Docstrings of what it imports from elsewhere do not count.
    """
    if READS_SOURCE.search(code):
        return True
    theirs = r"^(?:import (?!slidingwindows)|from (?!slidingwindows|\.)[\w.]+ import ).*\b{}\b"
    return any(
        not (name and re.search(theirs.format(name), code, re.MULTILINE))
        for name in DOCSTRING.findall(code)
    )


def modules_named(code: str) -> list[str]:
    """What code imports from this package or uses by its full name, modules among them.

    'slidingwindows.core.trace' gives core and core.trace, as does an import of trace from the room.
    """
    paths = [path.split(".") for path in re.findall(r"\bslidingwindows\.(\w+(?:\.\w+)*)", code)]
    modules = [".".join(path[:end]) for path in paths for end in range(1, len(path) + 1)]
    for room, names in FROM_ROOM.findall(code):
        modules += [f"{room}.{name}" for name in re.findall(r"\w+", names)]
    return modules


def paths_of(folder: Path) -> list[Path]:
    """The files of all lessons in a folder, by name."""
    paths = [path for suffix in SUFFIXES for path in folder.glob(f"*{suffix}")]
    return sorted(path for path in paths if not path.name.startswith("_") and path.is_file())


def path_of(folder: Path, name: str) -> Path:
    """The file of a lesson, whatever its format; a script's, if there is none."""
    paths = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
    return next((path for path in paths if path.is_file()), paths[0])


def twins_of(paths: list[Path]) -> dict[str, str]:
    """What is wrong with each name that several of these files have."""
    files: dict[str, list[str]] = {}
    for path in paths:
        files.setdefault(path.stem, []).append(path.name)
    return {
        name: f"{' and '.join(found)} are one lesson; keep one of these files"
        for name, found in files.items()
        if len(found) > 1
    }


def find(folder: Path, only: str = "") -> list[Lesson]:
    """All lessons of a folder by name, or the one called ``only``.

    Raises SlidingWindowsError for a file that is no lesson, and for two files with the same name.
    """
    paths = paths_of(folder)
    if only:
        suffix = Path(only).suffix
        name = only.removesuffix(suffix) if suffix in SUFFIXES else only
        known = ", ".join(sorted({path.stem for path in paths}))
        paths = [path for path in paths if path.stem == name]
        if not paths:
            raise SlidingWindowsError(
                f"there is no lesson {only!r} in {folder}; there are: {known}"
            )
    for problem in twins_of(paths).values():
        raise SlidingWindowsError(f"lessons/{problem}")
    try:
        return [read(path) for path in paths]
    except SlidingWindowsError as error:
        raise SlidingWindowsError(f"lessons/{error}") from error


def read(path: Path) -> Lesson:
    """Parse one lesson. Raises SlidingWindowsError naming the file and what is wrong."""
    if not NAME.fullmatch(path.stem):
        raise SlidingWindowsError(
            f"{path.name}: a lesson's name is its address: lowercase letters, digits and hyphens"
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SlidingWindowsError(f"{path.name} cannot be read: {error}") from error
    if text.startswith("\ufeff"):
        raise SlidingWindowsError(
            f"{path.name} begins with a byte order mark (BOM), an invisible character; "
            "save it as UTF-8 without one"
        )
    return _parsed(path, text)


@lru_cache(maxsize=1000)  # while serving, most lessons have not changed since the last build
def _parsed(path: Path, text: str) -> Lesson:
    meta, cells = read_cells(path, text)
    return Lesson(path, meta, tuple(cells), text)
