"""Lesson files: find them, read them, and say what their results depend on.

A lesson is a jupytext percent script in lessons/ with a header of title and
description. Only its code decides whether it must be executed again.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from . import _LATER
from .artefacts import digest
from .errors import SlidingWindowsError
from .sources import source_key, versions

HEADER = re.compile(r"\A# ---\n((?:#.*\n)*?)# ---\n")
MARKER = re.compile(r"^# %%(.*)$")
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
PACKAGES = ("torch", "matplotlib", "pillow", "nbclient", "ipykernel", "numpy")
# What a lesson's kernel loads, what the package gives on demand included. What only draws is not
# here, so that an edit to a drawing runs no lesson; saving draws, and counts where a lesson saves.
KERNEL_MODULES = ("__init__", "execution", "guard", "lesson", "plotting")
KERNEL_MODULES += tuple(sorted(set(_LATER.values()) - {"saving"}))


@dataclass(frozen=True)
class Cell:
    """One cell: its kind ('code' or 'markdown'), its text, its tags, and its first line."""

    kind: str
    source: str
    line: int
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lesson:
    """A lesson file, read but not executed."""

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

    def key(self) -> str:
        """Changes when executing the lesson again could give something else."""
        code = [cell.source for cell in self.code]
        text = "\n".join(code)
        data = re.findall(r"data/[\w./-]+", text)
        files = [self.path.parent / name for name in sorted(set(data))]
        contents = [path.read_bytes() for path in files if path.is_file()]
        python = ".".join(map(str, sys.version_info[:3]))
        named = re.findall(r"\bslidingwindows\.(\w+)", text)
        if re.search(r"\bsave\b", text):
            named.append("saving")
        source = source_key(*KERNEL_MODULES, *named)
        return digest(*code, "|", *contents, source, python, versions(*PACKAGES))


def find(folder: Path, only: str = "") -> list[Lesson]:
    """All lessons of a folder by name, or the one called ``only``."""
    paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
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
            f"{path.name}: a lesson's name is its address: small letters, digits and hyphens"
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SlidingWindowsError(f"{path.name} cannot be read: {error}") from error
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
        if not isinstance(meta.get(name), str) or not meta[name].strip():
            raise SlidingWindowsError(f"{path.name}: the header needs a {name}")
    return meta


def _cells(path: Path, text: str, start: int) -> list[Cell]:
    """Cells by jupytext; line numbers by counting the markers ourselves."""
    import jupytext

    notebook = jupytext.reads(text[start:].lstrip("\n"), fmt="py:percent")
    lines = _first_lines(text, text[:start].count("\n"))
    if len(lines) != len(notebook.cells):
        raise SlidingWindowsError(f"{path.name}: text stands before the first '# %%' cell")
    cells = []
    for cell, line in zip(notebook.cells, lines, strict=True):
        tags = tuple(cell.metadata.get("tags", ()))
        kind = "code" if cell.cell_type == "code" else "markdown"
        cells.append(Cell(kind, cell.source, line, tags))
    return cells


def _first_lines(text: str, skip: int) -> list[int]:
    """For each cell, the number of its first line that is not blank."""
    found, lines = [], text.splitlines()
    for number, line in enumerate(lines):
        if number >= skip and MARKER.match(line):
            first = number + 1
            while first < len(lines) and not lines[first].strip():
                first += 1
            found.append(first + 1)
    return found
