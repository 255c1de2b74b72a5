"""Lesson files: find them, parse their cells and tags, and say what their results depend on.

A lesson is a jupytext percent script in lessons/ with a header that gives title and description.
Only its code decides whether it must be executed again.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from .. import _LATER
from ..core.errors import SlidingWindowsError
from ..export.files import digest
from .keys import is_installed, source_key, versions

HEADER = re.compile(r"\A# ---\n((?:#.*\n)*?)# ---\n")
MARKER = re.compile(r"^# %%(?: .*)?$")
# Misspelled cell markers: '#%%', as some editors write it, '# %%%', '# %', '# %%[markdown]'.
NEARLY = re.compile(r"^\s*#+\s*%(?:%|\s*$|\s*\[|\s*tags\b)")
FROM_ROOM = re.compile(r"\bfrom +slidingwindows\.([\w.]+) +import +(\([^)]*\)|[^\n]*)")
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
PACKAGES = ("torch", "matplotlib", "pillow", "nbclient", "ipykernel", "numpy")
IMPORTS = re.compile(r"^[ \t]*(?:from +(\w+)[\w.]* +import\b|import +([\w., ]+))", re.MULTILINE)
OTHER_NAMES = {"PIL": "pillow", "sklearn": "scikit-learn"}  # packages imported by another name
# What is loaded for every lesson. Modules that only draw are not here, so that an edit to a drawing
# makes no lesson run again.
KERNEL_MODULES = ("__init__", "course.execution", "course.forking", "course.guard", "lesson")
# What the package loads only on demand, by the name that a lesson uses.
ON_DEMAND = {**_LATER, "plot": "drawing.plot"}
ALL_NAMES = re.compile(r"\bimport +\*|\b__(?:all|dict)__\b|\b(?:dir|vars|getattr|eval|exec)\(")
READS_SOURCE = re.compile(r"\bhelp\(|\b(?:inspect|getsource|getdoc|linecache|doctest)\b")
DOCSTRING = re.compile(r"(?:\b(\w+)(?:\.\w+)*\.)?__doc__\b")
# What a cell's tags mean, for a page and in a notebook.
TAGS = {
    "exercise": "for the reader to fill in; in the notebook only",
    "hide": "the same as remove-input",
    "collapse": "the same as hide-cell",
    "hide-input": "the code is folded, its output is not",
    "hide-output": "the output is folded, its code is not",
    "hide-cell": "code and output are folded in one box",
    "remove-input": "no code on the page",
    "remove-output": "no output on the page",
    "remove-cell": "neither code nor output on the page",
    "skip-execution": "shown, but not executed",
    "raises-exception": "may raise; the error is its output",
}
EXECUTION = ("skip-execution", "raises-exception")  # tags that change a cell's outputs


@dataclass(frozen=True)
class Cell:
    """One cell: its kind ('code' or 'markdown'), its text, its first line's number, its tags."""

    kind: str
    source: str
    line: int
    tags: tuple[str, ...] = ()


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


def reach(code: str) -> list[str]:
    """The modules of this package whose code, or whose imports, can affect a lesson's outputs."""
    words = set(re.findall(r"\w+", code))
    called = [module for name, module in ON_DEMAND.items() if name in words]
    if ALL_NAMES.search(code):  # there is no telling which names it will use
        called = list(ON_DEMAND.values())
    return [*KERNEL_MODULES, *called, *modules_named(code)]


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
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def find(folder: Path, only: str = "") -> list[Lesson]:
    """All lessons of a folder by name, or the one called ``only``."""
    paths = paths_of(folder)
    if only:
        paths = [path for path in paths if path.stem == only.removesuffix(".py")]
        if not paths:
            known = ", ".join(sorted(path.stem for path in folder.glob("*.py")))
            raise SlidingWindowsError(
                f"there is no lesson {only!r} in {folder}; there are: {known}"
            )
    return [read(path) for path in paths]


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
    header = HEADER.match(text)
    if not header:
        raise SlidingWindowsError(
            f"{path.name} must begin with a '# ---' header that gives title and description"
        )
    return Lesson(path, _meta(path, header.group(1)), tuple(_cells(path, text, header.end())), text)


def _meta(path: Path, block: str) -> dict:
    import yaml

    try:
        meta = yaml.safe_load(
            "".join(line[1:].removeprefix(" ") for line in block.splitlines(True))
        )
    except yaml.YAMLError as error:
        raise SlidingWindowsError(f"{path.name}: the header is not YAML: {error}") from error
    meta = meta if isinstance(meta, dict) else {}
    for name in ("title", "description"):
        value = meta.get(name)
        if value is None or value == "" or (isinstance(value, str) and not value.strip()):
            raise SlidingWindowsError(f"{path.name}: the header needs a {name}")
        if not isinstance(value, str):
            written = re.search(rf"^# {name}:\s*(.*?)\s*$", block, re.MULTILINE)
            text = (written[1] if written else "") or str(value)
            raise SlidingWindowsError(
                f"{path.name}: the header's {name} is not text but a YAML {type(value).__name__}; "
                f"put it in quotes: {name}: {json.dumps(text, ensure_ascii=False)}"
            )
    return meta


def _cells(path: Path, text: str, start: int) -> list[Cell]:
    """Cells as jupytext reads them; line numbers from counting markers. Raw cells are left out.

    Jupytext takes a line that it does not recognise as a marker for part of the cell above. Here a
    misspelled marker is refused, and so is code in a Markdown cell, which would be shown as text
    and never run. Comments in a code cell stay code, since nothing tells them from prose.
    """
    import jupytext

    skip = text[:start].count("\n")
    for number, line in enumerate(text.splitlines()):
        if number >= skip and NEARLY.match(line) and not MARKER.match(line):
            spaced = " and a space before anything else" if line.startswith("# %%") else ""
            raise SlidingWindowsError(
                f"{path.name}, line {number + 1}: a cell begins with '# %%'{spaced}, not with "
                f"{line.rstrip()[:40]!r}"
            )
    try:
        notebook = jupytext.reads(text[start:].lstrip("\n"), fmt="py:percent")
    except Exception as error:  # of many types, most of them about a cell's first line
        problem = (str(error).splitlines() or [type(error).__name__])[0]
        raise SlidingWindowsError(f"{path.name}: a cell cannot be read: {problem}") from error
    lines = _first_lines(text, skip)
    if len(lines) != len(notebook.cells):
        begun = text[start:].lstrip().startswith("# %%")
        problem = "a line inside a string looks like a cell marker, '# %%'"
        if not begun:
            problem = "text comes before the first '# %%' cell"
        raise SlidingWindowsError(f"{path.name}: {problem}")
    cells = []
    for cell, line in zip(notebook.cells, lines, strict=True):
        _check_kind(path, cell, line, text)
        if cell.cell_type != "raw":
            tags = _tags(path, cell.metadata, line)
            cells.append(Cell(cell.cell_type, cell.source, line, tags))
    return cells


def _check_kind(path: Path, cell, line: int, text: str) -> None:
    """Refuse a misspelled kind, and code in a Markdown cell. line: the cell's first."""
    title = str(cell.metadata.get("title", ""))
    if title.startswith("[") or title.lower() in ("markdown", "md", "raw"):
        raise SlidingWindowsError(
            f"{path.name}, cell at line {line}: unknown kind of cell {title!r}; "
            "a Markdown cell begins with '# %% [markdown]'"
        )
    if cell.cell_type != "markdown" or "cell_marker" in cell.metadata:  # between triple quotes
        return
    for number, written in enumerate(text.splitlines()[line - 1 :], line):
        if MARKER.match(written):
            return
        if written.strip() and not written.startswith("#"):
            raise SlidingWindowsError(
                f"{path.name}, line {number}: {written.strip()[:40]!r} is in a Markdown cell, "
                "whose lines begin with '#'; code begins a cell of its own with '# %%'"
            )


def _tags(path: Path, metadata: dict, line: int) -> tuple[str, ...]:
    place, tags = f"{path.name}, cell at line {line}", metadata.get("tags", ())
    wrong = metadata.get("incorrectly_encoded_metadata")
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        wrong = f"tags={tags!r}"
    if wrong:
        raise SlidingWindowsError(f'{place}: tags are a list such as tags=["hide"], not {wrong}')
    for tag in tags:
        if tag not in TAGS:
            raise SlidingWindowsError(f"{place}: unknown tag {tag!r}; there are: {', '.join(TAGS)}")
    return tuple(tags)


def _first_lines(text: str, skip: int) -> list[int]:
    """For each cell, the number of its first line that is not blank."""
    numbers, lines = [], text.splitlines()
    for number, line in enumerate(lines):
        if number >= skip and MARKER.match(line):
            first = number + 1
            while first < len(lines) and not lines[first].strip():
                first += 1
            numbers.append(first + 1)
    return numbers
