"""Documentation projects of any number of lessons: ours, and two plain ones of the same text."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from . import ROOT

PROSE = """\
A window slides over the input. It reads the numbers under it and gives one number for each
place where it stops. What it makes of them is the layer's business, and how far it moves each
time is the **stride**. This is lesson {n} of a project made for measuring.

!!! question "Predict"
    The input has {side} rows and {side} columns. How many numbers come out?

Count the places where the window fits, first along a row and then along a column. Their product
is the number of outputs. If the last place does not fit, its elements are never read.
"""
TRACING = "\n".join(
    (
        "import torch",
        "from torch import nn",
        "",
        "from slidingwindows import slide",
        "from slidingwindows.lesson import show",
        "",
        "x = torch.arange({cells}.0).reshape(1, {side}, {side})",
        "pool = nn.MaxPool2d(2)",
        "pool(x)",
    )
)
CELLS = (TRACING, "print(sum(x.flatten().tolist()), {n})", "tuple(pool(x).shape)")
SHOWN = 'show(slide(pool, x), "figure-{n}", "A window of four numbers, lesson {n}.")'


def parts(n: int) -> list[tuple[str, str]]:
    """('markdown' or 'code', text) of one lesson's cells."""
    side = 4 + n % 3
    words = {"n": n, "side": side, "cells": side * side}
    result = [("markdown", f"# Lesson {n}\n\n" + PROSE.format(**words))]
    for number, code in enumerate((*CELLS, SHOWN)):
        result.append(("code", code.format(**words)))
        result.append(("markdown", f"## Step {number + 1}\n\n" + PROSE.format(**words)))
    return result


def names(count: int) -> list[str]:
    return [f"lesson-{n:03}" for n in range(1, count + 1)]


def _settings(folder: Path, ending: str, count: int, plain: bool) -> None:
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    pages = "".join(f"      - lessons/{name}.{ending}\n" for name in names(count))
    nav = f"nav:\n  - Home: index.md\n  - Lessons:\n{pages}"
    text = re.sub(r"^nav:\n(?: .*\n)+", nav, text, flags=re.M)
    hooks = f"hooks: [{ROOT / 'scripts' / 'slidingwindows' / 'site' / 'hooks.py'}]"
    text = re.sub(r"^hooks: .*$", "" if plain else hooks, text, flags=re.M)
    if plain:
        text = text.replace("execute: false", "execute: true")
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "index.md").write_text("# Home\n", "utf-8")
    (folder / "mkdocs.yml").write_text(text, "utf-8")
    shutil.copytree(ROOT / "assets", folder / "assets")
    shutil.copy(ROOT / "package.json", folder)  # says where scripts find what the build writes


def ours(folder: Path, count: int) -> Path:
    """Lessons in this project's own form."""
    _settings(folder, "ipynb", count, plain=False)
    (folder / "lessons").mkdir()
    for n, name in enumerate(names(count), 1):
        lines = [f"# ---\n# title: Lesson {n}\n# description: A lesson to measure.\n# ---\n"]
        for kind, text in parts(n):
            body = re.sub("^", "# ", text.strip(), flags=re.M) if kind == "markdown" else text
            lines.append(f"# %%{' [markdown]' * (kind == 'markdown')}\n{body}\n")
        (folder / "lessons" / f"{name}.py").write_text("\n".join(lines), "utf-8")
    return folder


def plain_notebooks(folder: Path, count: int) -> Path:
    """The same lessons as notebooks that mkdocs-jupyter executes."""
    import nbformat

    _settings(folder, "ipynb", count, plain=True)
    (folder / "docs" / "lessons").mkdir()
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    for n, name in enumerate(names(count), 1):
        book = nbformat.v4.new_notebook(cells=[make[kind](text) for kind, text in parts(n)])
        book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(book, folder / "docs" / "lessons" / f"{name}.ipynb")
    return folder


def plain_markdown(folder: Path, count: int) -> Path:
    """The same words and code as Markdown; nothing is executed."""
    _settings(folder, "md", count, plain=True)
    (folder / "docs" / "lessons").mkdir()
    for n, name in enumerate(names(count), 1):
        text = "\n\n".join(
            text if kind == "markdown" else f"```python\n{text}\n```" for kind, text in parts(n)
        )
        (folder / "docs" / "lessons" / f"{name}.md").write_text(text, "utf-8")
    return folder


def _plain_course(folder: Path, ending: str) -> None:
    """The course's settings and pages, without the hooks that make its lessons."""
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    text = re.sub(r"^hooks: .*$", "", text, flags=re.M).replace(".ipynb\n", f".{ending}\n")
    text = text.replace("execute: false", "execute: true").replace("allow_errors: false", "")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copytree(ROOT / "assets", folder / "assets")
    (folder / "docs" / "lessons").mkdir()
    (folder / "mkdocs.yml").write_text(text, "utf-8")


def as_pages(folder: Path) -> Path:
    """The course's words and code as Markdown; nothing is executed."""
    from slidingwindows.course.lessons import find

    _plain_course(folder, "md")
    for lesson in find(ROOT / "lessons"):
        cells = ((cell.kind, cell.source) for cell in lesson.cells)
        text = "\n\n".join(
            text if kind == "markdown" else f"```python\n{text}\n```" for kind, text in cells
        )
        (folder / "docs" / "lessons" / f"{lesson.name}.md").write_text(text, "utf-8")
    return folder


def as_notebooks(folder: Path) -> Path:
    """The course's lessons as notebooks that mkdocs-jupyter executes."""
    import nbformat

    from slidingwindows.course.lessons import find

    _plain_course(folder, "ipynb")
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    for lesson in find(ROOT / "lessons"):
        book = nbformat.v4.new_notebook(cells=[make[c.kind](c.source) for c in lesson.cells])
        book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(book, folder / "docs" / "lessons" / f"{lesson.name}.ipynb")
    return folder
