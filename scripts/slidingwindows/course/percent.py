"""Lessons as Python scripts in Jupytext's percent format, and any lesson as such a script."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from ..core.errors import SlidingWindowsError
from ..export.files import digest
from .header import TAGS, Cell, first_line, first_unreadable, meta_of, tags_of
from .keys import is_steady, source_key, versions
from .later import on_demand
from .notes import Notes

on_demand("jupytext")  # whose __init__ imports Jupyter's server, for as long as all the rest

HEADER = re.compile(r"\A# ---\n((?:#.*\n)*?)# ---\n")
MARKER = re.compile(r"^# %%(?: .*)?$")
# Misspelled cell markers: '#%%', as some editors write it, '# %%%', '# %', '# %%[markdown]'.
NEARLY = re.compile(r"^\s*#+\s*%(?:%|\s*$|\s*\[|\s*tags\b)")
# A title that was meant for tags: 'tags: hide', 'tags = ["hide"]', 'tag hide'.
TAGLIKE = re.compile(r"tags?\b *[:=\[]", re.IGNORECASE)


def read_script(name: str, text: str) -> tuple[dict, list[Cell]]:
    """Header and cells of a script. Raises SlidingWindowsError naming the file and its line."""
    header = HEADER.match(text)
    if not header:
        raise SlidingWindowsError(
            f"{name} must begin with a '# ---' header that gives title and description"
        )
    block = "".join(line[1:].removeprefix(" ") for line in header.group(1).splitlines(True))
    meta, start = meta_of(name, block), header.end()
    if not is_steady():
        return meta, _cells(name, text, start)
    # With what is kept from build to build, one that reads no new text needs no Jupytext.
    key = digest(text, source_key("course.percent"), versions("jupytext", "nbformat"))
    found = NOTES.of(key, lambda: [list(_parts(cell)) for cell in _cells(name, text, start)])
    return meta, [Cell(kind, source, line, tuple(tags)) for kind, source, line, tags in found]


def _parts(cell: Cell) -> tuple[str, str, int, list[str]]:
    return cell.kind, cell.source, cell.line, list(cell.tags)


def _holds(value: object) -> bool:
    """Whether a note may be what _parts() makes of a lesson's cells."""
    if not isinstance(value, list):
        return False
    for cell in value:
        match cell:
            case [str(), str(), int(), list(tags)] if all(isinstance(tag, str) for tag in tags):
                continue
        return False
    return True


NOTES: Notes[list] = Notes("cells.json", _holds)


def _cells(name: str, text: str, start: int) -> list[Cell]:
    """Cells as Jupytext reads them; line numbers from counting markers. Raw cells are left out.

    Jupytext takes a line that it does not recognise as a marker for part of the cell above. Here a
    misspelled marker is refused, and so is code in a Markdown cell, which would be shown as text
    and never run. Comments in a code cell stay code, since nothing tells them from prose.
    """
    from jupytext.jupytext import reads

    skip = text[:start].count("\n")
    for number, line in enumerate(text.splitlines()):
        if number >= skip and NEARLY.match(line) and not MARKER.match(line):
            spaced = " and a space before anything else" if line.startswith("# %%") else ""
            raise SlidingWindowsError(
                f"{name}, line {number + 1}: a cell begins with '# %%'{spaced}, not with "
                f"{line.rstrip()[:40]!r}"
            )
    lines = _first_lines(text, skip)
    try:
        notebook = reads(text[start:].lstrip("\n"), fmt="py:percent")
    except Exception as error:  # of many types, most of them about a cell's first line
        written = text.splitlines()
        markers = ((marker, written[marker - 1] + "\n") for marker, _ in lines)
        place = first_unreadable(name, markers, partial(reads, fmt="py:percent"))
        raise SlidingWindowsError(f"{place}: a cell cannot be read: {first_line(error)}") from error
    if len(lines) != len(notebook.cells):
        begun = text[start:].lstrip().startswith("# %%")
        problem = "a line inside a string looks like a cell marker, '# %%'"
        if not begun:
            problem = "text comes before the first '# %%' cell"
        raise SlidingWindowsError(f"{name}: {problem}")
    cells = []
    for cell, (marker, line) in zip(notebook.cells, lines, strict=True):
        _check_kind(name, cell, marker, text)
        if cell.cell_type != "raw":
            begun = text.splitlines()[marker - 1]
            # Of a title such as 'Pools with k = 3' Jupytext makes keys, too.
            typed = [key for key in cell.metadata if f"{key}=" in begun or f'"{key}"' in begun]
            place = f"{name}, cell at line {marker}"
            tags = tags_of(place, cell.metadata, 'tags=["{}"]', typed)
            cells.append(Cell(cell.cell_type, cell.source, line, tags))
    return cells


def _check_kind(name: str, cell, marker: int, text: str) -> None:
    """Refuse a misspelled kind, and code in a Markdown cell. marker: the line it begins with."""
    title = str(cell.metadata.get("title", ""))
    bare = title.strip("[] ")
    if TAGLIKE.match(title) or bare in TAGS:
        example = bare if bare in TAGS else "hide-input"
        raise SlidingWindowsError(
            f"{name}, cell at line {marker}: {title!r} is a title and no tag; "
            f'a cell\'s tags are written as tags=["{example}"]'
        )
    if title.startswith("[") or bare.lower() in ("markdown", "md", "raw"):
        raise SlidingWindowsError(
            f"{name}, cell at line {marker}: unknown kind of cell {title!r}; "
            "a Markdown cell begins with '# %% [markdown]'"
        )
    if cell.cell_type != "markdown" or "cell_marker" in cell.metadata:  # between triple quotes
        return
    for number, written in enumerate(text.splitlines()[marker:], marker + 1):
        if MARKER.match(written):
            return
        if written.strip() and not written.startswith("#"):
            raise SlidingWindowsError(
                f"{name}, line {number}: {written.strip()[:40]!r} is in a Markdown cell, "
                "whose lines begin with '#'; code begins a cell of its own with '# %%'"
            )


def _first_lines(text: str, skip: int) -> list[tuple[int, int]]:
    """For each cell, the numbers of its marker and of its first line that is not blank."""
    numbers, lines = [], text.splitlines()
    for number, line in enumerate(lines):
        if number >= skip and MARKER.match(line):
            first = number + 1
            while first < len(lines) and not lines[first].strip():
                first += 1
            numbers.append((number + 1, first + 1))
    return numbers


def write_script(meta: dict, cells: Sequence[Cell]) -> str:
    """A lesson as a script of this format, for readers; raw cells are not in it."""
    import nbformat
    import yaml
    from jupytext.jupytext import writes

    notebook = nbformat.v4.new_notebook(metadata={"jupytext": {"notebook_metadata_filter": "-all"}})
    for cell in cells:
        make = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
        tags = {"tags": list(cell.tags)} if cell.tags else {}
        notebook.cells.append(make(cell.source, metadata=tags))
    head = yaml.safe_dump(meta, allow_unicode=True, sort_keys=False, width=10**6)
    lines = ["---", *head.splitlines(), "---"]
    return "".join(f"# {line}\n" for line in lines) + "\n" + writes(notebook, "py:percent")
