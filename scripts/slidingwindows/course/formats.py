"""The formats of a lesson's file: percent script, Jupyter notebook, MyST Markdown notebook.

All give the same header and the same cells. What a notebook keeps of its last run is not looked at.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from pathlib import Path

from ..core.errors import SlidingWindowsError
from .header import Cell, first_line, first_unreadable, meta_of, tags_of
from .percent import read_script

SUFFIXES = (".py", ".ipynb", ".md")
FRONT = re.compile(r"\A---\n(.*?)^(?:---|\.\.\.)[ \t]*\n", re.DOTALL | re.MULTILINE)
RAW_FRONT = re.compile(r"\A\s*---\n(.*)\n---\s*\Z", re.DOTALL)
CELL = re.compile(r"\b(code|Markdown) cell (\d+), line \d+ of the cell")
# MyST's directives and roles, of which this site supports only code cells; '{ .text }' is not one.
DIRECTIVE = re.compile(r"^ *(?:`{3,}|~{3,}|:{3,}) *\{ *([\w:+-]+) *\}")
CODE_CELL = re.compile(r"^(?:`{3,}|~{3,}) *\{code-cell\}")
ROLE = re.compile(r"\{([a-z][\w:+-]*)\}(?=\ue000)")  # before code, which is masked


def read_cells(path: Path, text: str) -> tuple[dict, list[Cell]]:
    """Header and cells of a lesson's text, in the format that its file's name ends with.

    Raises SlidingWindowsError naming the file and what is wrong, with cell or line.
    """
    readers = {".py": read_script, ".ipynb": _read_notebook, ".md": _read_myst}
    return readers[path.suffix](path.name, text)


def place_of(path: Path, line: int) -> str:
    """A line of a lesson as its author counts: Jupyter counts within each cell."""
    return f"line {line} of the cell" if path.suffix == ".ipynb" else f"line {line}"


def lines_near(path: Path, problem: str) -> list[str]:
    """The lines among which a problem's line is: the file's, or those of a notebook's cell."""
    try:
        text = path.read_text("utf-8", "replace")
        if path.suffix != ".ipynb":
            return text.splitlines()
        found = CELL.search(problem)
        if not found:
            return []
        kind = found[1].lower()
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == kind]
        return "".join(cells[int(found[2]) - 1]["source"]).splitlines()
    except (OSError, ValueError, LookupError, TypeError):
        return []


# Notebooks


def _read_notebook(name: str, text: str) -> tuple[dict, list[Cell]]:
    import nbformat

    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # of many kinds: JSON's, nbformat's, and what odd data leads to
        raise SlidingWindowsError(
            f"{name} is no notebook that can be read: {first_line(error)}"
        ) from error
    _refuse_language(name, notebook.metadata)
    first = notebook.cells[0] if notebook.cells else None
    header = RAW_FRONT.match(first.source) if first and first.cell_type == "raw" else None
    if not header:
        raise SlidingWindowsError(
            f"{name} must begin with a raw cell that gives title and description between two lines "
            "of '---'"
        )
    meta, cells = meta_of(name, header[1] + "\n"), []
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "raw":
            continue
        place = f"{name}, cell {number}"
        tags = tags_of(place, cell.metadata, '"tags": ["{}"]', typed=())
        attached = _attachments(place, cell.get("attachments", {}))
        cells.append(Cell(cell.cell_type, cell.source, 1, tags, attached))
    return meta, cells


def _attachments(place: str, found: dict) -> dict[str, tuple[str, bytes]]:
    """Pictures by name: type and content."""
    attached = {}
    for file, bundle in found.items():
        for kind, data in bundle.items():
            try:
                attached[file] = kind, base64.b64decode("".join(data))  # of a text or a list
            except (binascii.Error, TypeError, ValueError) as error:
                raise SlidingWindowsError(f"{place}: the attachment {file!r} is damaged") from error
    return attached


def _refuse_language(name: str, metadata: dict) -> None:
    for entry in ("kernelspec", "language_info"):
        told = metadata.get(entry)
        told = told if isinstance(told, dict) else {}
        language = told.get("language") or (told.get("name") if entry == "language_info" else None)
        if language and str(language).lower() not in ("python", "ipython"):
            raise SlidingWindowsError(f"{name}: lessons are written in Python, not in {language}")


# MyST Markdown


def _read_myst(name: str, text: str) -> tuple[dict, list[Cell]]:
    """Cells by Jupytext, which tells where they begin."""
    from jupytext.myst import myst_to_notebook

    header = FRONT.match(text)
    if not header:
        raise SlidingWindowsError(
            f"{name} must begin with a '---' header that gives title and description"
        )
    meta = meta_of(name, header[1])
    # Blank lines in the header's place: lines keep their numbers.
    body = "\n" * header[0].count("\n") + text[header.end() :]
    try:
        notebook = myst_to_notebook(body, add_source_map=True)
    except Exception as error:  # of many kinds; options that are not YAML are most of them
        place = first_unreadable(name, _code_cells(body.split("\n")), myst_to_notebook)
        raise SlidingWindowsError(f"{place}: a cell cannot be read: {first_line(error)}") from error
    lines, cells = body.splitlines(), []
    for cell, begun in zip(notebook.cells, notebook.metadata["source_map"], strict=True):
        if cell.cell_type == "raw":
            continue
        line = _first_line(lines, begun, cell.source.splitlines())
        if cell.cell_type == "markdown":
            _refuse_directives(name, cell.source, line)
        place = f"{name}, cell at line {_fence(lines, line)}"
        tags = tags_of(place, cell.metadata, ":tags: [{}]", typed=cell.metadata)
        cells.append(Cell(cell.cell_type, cell.source, line, tags))
    return meta, cells


def _code_cells(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The number of each code cell's first line, and its text."""
    from .blocks import fences  # as below

    for first, last in fences(lines):
        if CODE_CELL.match(lines[first]):
            yield first + 1, "\n".join(lines[first : last + 1])


def _first_line(lines: list[str], begun: int, source: list[str]) -> int:
    """The number of the line with which a cell's source begins; begun: how many come before it."""
    for number in range(begun, len(lines) - len(source) + 1):
        if lines[number : number + len(source)] == source:
            while source and not source[0].strip():
                number, source = number + 1, source[1:]
            return number + 1
    return begun + 1


def _fence(lines: list[str], first: int) -> int:
    """The number of the line that a cell begins with, which may have options above its source."""
    above = range(min(first, len(lines)), 0, -1)
    return next((number for number in above if CODE_CELL.match(lines[number - 1])), first)


def _refuse_directives(name: str, source: str, first: int) -> None:
    """What MyST knows and this site does not would stand on the page as it is written.

    first: the number of the source's first line.
    """
    from .blocks import fenced, fences, outside_code  # words decide nothing about what code gives

    lines = source.split("\n")
    code, begins = fenced(lines), {begin for begin, _ in fences(lines)}
    for number, line in enumerate(lines):
        found = DIRECTIVE.match(line)
        if found and (number in begins if line.lstrip()[0] != ":" else not code[number]):
            told = "what is special here is Material's, such as '!!! note'"
            if found[1] == "code-cell":
                told = "a code cell begins at the left margin"
            raise SlidingWindowsError(
                f"{name}, line {first + number}: {{{found[1]}}} is not supported; {told}"
            )
    roles: list[tuple[int, str]] = []

    def note(text: str) -> str:
        roles.extend((text[: one.start()].count("\n"), one[1]) for one in ROLE.finditer(text))
        return text

    outside_code(source, note)
    for line_, role in roles:
        raise SlidingWindowsError(
            f"{name}, line {first + line_}: {{{role}}} is not supported; write a link or `code`"
        )
