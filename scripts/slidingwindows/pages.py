"""An executed lesson to what readers get: a Markdown page and a notebook that runs."""

from __future__ import annotations

import ast
import json
import re

import nbformat

from .errors import SlidingWindowsError
from .lesson import MIME, notebook_html
from .lessons import Cell, Lesson

ANSI = re.compile(r"\x1b\[[0-9;]*m")
WORDS_A_MINUTE, SECONDS_A_CODE_LINE, SECONDS_A_FIGURE = 220, 3, 15


def figures_in(outputs: list[list[dict]]) -> list[dict]:
    """The data of all figures that a lesson showed, in order."""
    return [o["data"][MIME] for cell in outputs for o in cell if MIME in o.get("data", {})]


def minutes(lesson: Lesson, figures: int) -> int:
    """Reading time: words, figures and the lines of code that are not folded, rounded up."""
    words = sum(len(cell.source.split()) for cell in lesson.cells if cell.kind == "markdown")
    shown = [_code(cell) for cell in lesson.code]
    lines = sum(text.count("\n") - 1 for text in shown if text and not text.startswith("???"))
    seconds = words * 60 / WORDS_A_MINUTE + lines * SECONDS_A_CODE_LINE
    return int(-(-(seconds + figures * SECONDS_A_FIGURE) // 60))


def markdown(lesson: Lesson, outputs: list[list[dict]]) -> str:
    """The page's Markdown. Figures are marks, '<!-- figure NAME -->', filled in by the hooks."""
    meta = {**lesson.meta, "minutes": minutes(lesson, len(figures_in(outputs)))}
    parts = ["---\n" + json.dumps(meta, ensure_ascii=False) + "\n---\n"]
    results = iter(outputs)
    for cell in lesson.cells:
        if cell.kind == "markdown":
            parts.append(cell.source)
            continue
        parts.append(_code(cell))
        shown = next(results)
        if "exercise" not in cell.tags:  # to be filled in, so it stands in the notebook alone
            parts += [_output(lesson, cell, output) for output in shown]
    return "\n\n".join(part for part in parts if part.strip()) + "\n"


def _calls(source: str) -> list[str]:
    """Names of the functions that a cell's top level calls as plain statements."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # an IPython magic, which the kernel has understood
        return []
    nodes = [n.value if isinstance(n, ast.Expr) else n for n in body]
    return [getattr(n.func, "id", "") if isinstance(n, ast.Call) else "" for n in nodes]


def _code(cell: Cell) -> str:
    """The code as readers see it. What only draws is left to the notebook, or folded."""
    calls = _calls(cell.source)
    if {"hide", "exercise"} & set(cell.tags) or calls == ["show"]:
        return ""
    block = _fence(cell.source, "python")
    if "collapse" not in cell.tags and calls[-1:] != ["plot"]:
        return block
    return '??? example "The code"\n\n' + "\n".join(f"    {line}" for line in block.split("\n"))


def _output(lesson: Lesson, cell: Cell, output: dict) -> str:
    kind = output["output_type"]
    if kind == "stream":
        return _fence(ANSI.sub("", output["text"]).rstrip("\n"), "{ .text .no-copy .sw-output }")
    data = output.get("data", {})
    if MIME in data:
        return f"<!-- figure {data[MIME]['name']} -->"
    if "text/markdown" in data:
        return data["text/markdown"]
    if any(mime.startswith("image/") for mime in data):
        raise SlidingWindowsError(
            f"lessons/{lesson.path.name}, line {cell.line}: a picture without alt text; "
            "use slidingwindows.lesson.plot, which asks for one"
        )
    return _fence(ANSI.sub("", data.get("text/plain", "")), "{ .text .no-copy .sw-output }")


def _fence(text: str, language: str) -> str:
    if not text.strip():
        return ""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{' ' if language.startswith('{') else ''}{language}\n{text}\n{fence}"


def notebook(lesson: Lesson, outputs: list[list[dict]], made: dict[str, dict]) -> str:
    """The executed notebook as JSON, figures embedded. made: rendered figures by name."""
    cells, results, count = [], iter(outputs), 0
    for number, cell in enumerate(lesson.cells):
        identity = f"{lesson.name}-{number}"[-64:]
        if cell.kind == "markdown":
            cells.append(nbformat.v4.new_markdown_cell(cell.source, id=identity))
            continue
        count += 1
        shown = [_embed(output, made) for output in next(results)]
        cells.append(
            nbformat.v4.new_code_cell(
                cell.source, id=identity, execution_count=count, outputs=shown
            )
        )
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata = {
        "title": lesson.meta["title"],
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    nbformat.validate(book)
    return nbformat.writes(book) + "\n"


def _embed(output: dict, made: dict[str, dict]) -> dict:
    data = output.get("data", {})
    if MIME not in data:
        return nbformat.from_dict(output)
    figure = made[data[MIME]["name"]]
    shown = {"text/html": notebook_html(figure), "text/plain": figure["alt"]}
    return nbformat.from_dict({**output, "data": shown})
