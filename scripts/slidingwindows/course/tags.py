"""How each cell is shown: open, folded or gone, by its tags and by the question before it.

Tags from Jupyter Book mean what they mean there; lessons.py lists them all.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from .blocks import without_fences
from .lessons import Cell, Lesson

PREDICT = re.compile(r'^!!! question "Predict', re.MULTILINE)
HEADING = re.compile(r"^#+ .*", re.MULTILINE)
ANSWER = re.compile(r"^\?\?\?\+? success ", re.MULTILINE)
OPEN, FOLDED, GONE = "open", "folded", "gone"


@dataclass(frozen=True)
class Look:
    """How one code cell is shown.

    code, outputs: OPEN, FOLDED or GONE, on a page. asked: a box just before it asks the reader to
    predict the output. answers: the cell comes after folded answers, and belongs to them.
    """

    code: str
    outputs: str
    asked: bool
    answers: bool


def looks(lesson: Lesson) -> list[Look]:
    """The look of each code cell, in order."""
    result, asked, answers = [], False, False
    for cell in lesson.cells:
        if cell.kind == "markdown":
            text = without_fences(cell.source)
            below = HEADING.split(text)[-1]
            asked = bool(PREDICT.search(below))
            answers = bool(ANSWER.search(below)) or (answers and below == text)
        else:
            result.append(Look(*_shown(cell), asked, answers))
    return result


def _shown(cell: Cell) -> tuple[str, str]:
    tags, calls = set(cell.tags), calls_of(cell.source)
    if tags & {"exercise", "remove-cell"}:
        return GONE, GONE
    whole = tags & {"collapse", "hide-cell"}
    outputs = FOLDED if whole or "hide-output" in tags else OPEN
    outputs = GONE if "remove-output" in tags else outputs
    if tags & {"hide", "remove-input"} or calls == ["show"]:
        return GONE, outputs
    drawn = calls[-1:] == ["plot"]  # few readers want code that only draws
    return FOLDED if whole or drawn or "hide-input" in tags else OPEN, outputs


def calls_of(source: str) -> list[str]:
    """For each top-level statement of a cell, the function that it just calls, or ''."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # an IPython magic, which the shell understands
        return []
    nodes = [n.value if isinstance(n, ast.Expr) else n for n in body]
    return [getattr(n.func, "id", "") if isinstance(n, ast.Call) else "" for n in nodes]
