"""How cells are shown: what their tags ask for, and where a question or an exercise comes before.

Jupyter Book's tags mean what they mean there; lessons.py lists all.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from .blocks import without_fences
from .lessons import Cell, Lesson

PREDICT = re.compile(r'^!!! question "Predict', re.MULTILINE)
HEADING = re.compile(r"^#+ ", re.MULTILINE)
ANSWER = re.compile(r"^\?\?\?\+? success ", re.MULTILINE)
OPEN, FOLDED, GONE = "open", "folded", "gone"


@dataclass(frozen=True)
class Look:
    """How one code cell is shown.

    code, outputs: OPEN, FOLDED or GONE, on a page. asked: a box right before asked the reader to
    predict what comes out. answers: the cell comes below folded answers, and gives them.
    """

    code: str
    outputs: str
    asked: bool
    answers: bool


def looks(lesson: Lesson) -> list[Look]:
    """The look of each code cell, in order."""
    found, asked, answers = [], False, False
    for cell in lesson.cells:
        if cell.kind == "markdown":
            text = without_fences(cell.source)
            headings = [match.start() for match in HEADING.finditer(text)]
            last = headings[-1] if headings else -1
            questions = [match.start() for match in PREDICT.finditer(text)]
            asked = bool(questions) and questions[-1] > last
            answers = bool(ANSWER.search(text, max(last, 0))) or (answers and last < 0)
        else:
            found.append(Look(*_shown(cell), asked, answers))
    return found


def _shown(cell: Cell) -> tuple[str, str]:
    tags, calls = set(cell.tags), calls_of(cell.source)
    if tags & {"exercise", "remove-cell"}:
        return GONE, GONE
    whole = tags & {"collapse", "hide-cell"}
    outputs = FOLDED if whole or "hide-output" in tags else OPEN
    outputs = GONE if "remove-output" in tags else outputs
    if tags & {"hide", "remove-input"} or calls == ["show"]:
        return GONE, outputs
    drawn = calls[-1:] == ["plot"]  # what only draws is read by few
    return FOLDED if whole or drawn or "hide-input" in tags else OPEN, outputs


def calls_of(source: str) -> list[str]:
    """Names of the functions that a cell's top level calls as plain statements."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # an IPython magic, which the kernel has understood
        return []
    nodes = [n.value if isinstance(n, ast.Expr) else n for n in body]
    return [getattr(n.func, "id", "") if isinstance(n, ast.Call) else "" for n in nodes]
