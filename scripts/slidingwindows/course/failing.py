"""The one message about a failed lesson: which lesson, cell and line, and what went wrong."""

from __future__ import annotations

import re

from .lessons import Cell, Lesson
from .limits import reason
from .printed import last_lines
from .terminal import left

CHAIN = re.compile(
    "^(?:During handling of the above exception|The above exception was the direct cause)", re.M
)
# What IPython calls a cell, at the end of a SyntaxError: ' (418525796.py, line 2)'.
SHELL_FILE = re.compile(r" \((?:[^()]*[/\\])?\d+\.py, line (\d+)\)\Z")


def failure(lesson: Lesson, notebook, begun: list[int], error: Exception, timeout: int) -> str:
    """What stopped a lesson, and the last lines that its cell printed.

    begun: numbers of the cells that were sent off to run. timeout: seconds that a cell may take.
    """
    problem = _problem(lesson, notebook, begun, error, timeout)
    return problem + (last_lines(notebook.cells[begun[-1]].outputs) if begun else "")


def _problem(lesson: Lesson, notebook, begun, error: Exception, timeout: int) -> str:
    # Here, since most builds execute nothing, and this takes a tenth of a second.
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    last = str(error).strip().splitlines()[-1:] or ["no reason given"]
    if not begun:
        return f"lessons/{lesson.path.name}: the kernel did not start: {last[0]}"
    number = begun[-1]
    if isinstance(error, CellExecutionError):
        line = _line(lesson.code[number], notebook.cells[number].execution_count, error.traceback)
        what = f"{error.ename}: {_in_own_lines(lesson.code[number], error.evalue)}".strip()
        what += reason(what)
        if error.ename == "SystemExit":
            what += " (a lesson runs to its end: its cells may not exit)"
        return f"{where(lesson, number, line)}: {what}"
    if isinstance(error, CellTimeoutError):
        return (
            f"{where(lesson, number)} did not end within {timeout} seconds; on a slow "
            "machine, SLIDINGWINDOWS_TIMEOUT=900 gives each cell as many"
        )
    what = "the kernel died" if isinstance(error, DeadKernelError) else last[0]
    return f"{where(lesson, number)}: {what}"


def _line(cell: Cell, count: int | None, traceback: str) -> int:
    """The line of the lesson's file where this cell raised the uncaught exception."""
    shown = CHAIN.split(left(traceback))[-1]  # earlier errors of a chain were caught
    match = re.search(rf"Cell In\[{count}\], line (\d+)", shown)
    return cell.line + (int(match.group(1)) - 1 if match else 0)


def _in_own_lines(cell: Cell, told: str) -> str:
    """A syntax error without IPython's name for the cell; the lines it names are the author's."""
    if not SHELL_FILE.search(told):
        return told
    own = re.compile(r"\bline (\d+)")
    return own.sub(lambda m: f"line {int(m[1]) + cell.line - 1}", shell_file(told, ""))


def shell_file(told: str, instead: str) -> str:
    """An error's text with other words for IPython's own file, in which \\1 is the line."""
    return SHELL_FILE.sub(instead, told)


def where(lesson: Lesson, number: int, line: int | None = None) -> str:
    """The lesson's file, its code cell counted from 1, and the line as its author counts."""
    cell: Cell = lesson.code[number]
    line_ = lesson.place(line or cell.line)
    return f"lessons/{lesson.path.name}, code cell {number + 1}, {line_}"


def where_in_words(lesson: Lesson, number: int, at: int = 0) -> str:
    """The same for a cell of words. number: among all cells, from 0. at: the place in its text."""
    cell = lesson.cells[number]
    count = sum(one.kind == "markdown" for one in lesson.cells[: number + 1])
    line = cell.line + cell.source.count("\n", 0, at)
    return f"lessons/{lesson.path.name}, Markdown cell {count}, {lesson.place(line)}"
