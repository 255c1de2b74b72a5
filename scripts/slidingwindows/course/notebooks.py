"""An executed lesson as a Jupyter notebook to download, which gives no answer away."""

from __future__ import annotations

from ..export.rendered import Rendered
from .authoring import MIME, notebook_html
from .blocks import for_jupyter
from .lessons import Cell, Lesson
from .pictures import in_notebook, pictures_in
from .tags import FOLDED, Look, looks


def empty_notebook() -> str:
    """A notebook without cells, as JSON."""
    import nbformat  # which takes a fifth of a second, and most builds write no notebook

    return nbformat.writes(nbformat.v4.new_notebook()) + "\n"


def notebook(lesson: Lesson, outputs: list[list[dict]], figures: dict[str, Rendered]) -> str:
    """The executed notebook as JSON, figures embedded. figures: rendered figures by name.

    Outputs that answer a question start out collapsed; those that answer an exercise are missing
    until the reader runs the cell.
    """
    import nbformat

    cells, number = [], 0
    all_looks = looks(lesson)
    for position, cell in enumerate(lesson.cells):
        identity = f"{lesson.name}-{position}"[-64:]
        if cell.kind == "markdown":
            words, attached = in_notebook(cell, pictures_in(lesson, position))
            more = {"attachments": attached} if attached else {}
            cells.append(_cell("markdown", for_jupyter(words), identity, **more))
            continue
        look = all_looks[number]
        withheld = (look.answers and look.outputs == FOLDED) or "skip-execution" in cell.tags
        shown = [] if withheld else [_embed(output, figures) for output in outputs[number]]
        number += 1
        cells.append(
            _cell(
                "code",
                cell.source,
                identity,
                execution_count=None if withheld else number,
                outputs=shown,
                metadata=_metadata(cell, look),
            )
        )
    metadata = {
        "title": lesson.meta["title"],
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    format_ = {"nbformat": nbformat.v4.nbformat, "nbformat_minor": nbformat.v4.nbformat_minor}
    book = nbformat.from_dict({**format_, "metadata": metadata, "cells": cells})
    nbformat.validate(book)
    return nbformat.v4.writes(book) + "\n"


def _cell(kind: str, source: str, identity: str, **more: object) -> dict:
    """A cell, to be validated with its notebook: nbformat would take ten times as long for each."""
    return {"cell_type": kind, "id": identity, "metadata": {}, "source": source, **more}


def _metadata(cell: Cell, look: Look) -> dict:
    """The cell's tags, and which of its halves Jupyter shows collapsed."""
    hidden = {}
    if {"collapse", "hide-cell", "hide-input"} & set(cell.tags):
        hidden["source_hidden"] = True
    if look.outputs == FOLDED or look.asked:
        hidden["outputs_hidden"] = True
    metadata: dict = {"tags": list(cell.tags)} if cell.tags else {}
    if hidden:
        metadata["jupyter"] = hidden
    if hidden.get("outputs_hidden"):
        metadata["collapsed"] = True  # the older name, for software that knows no other
    return metadata


def _embed(output: dict, figures: dict[str, Rendered]) -> dict:
    data = output.get("data", {})
    if MIME not in data:
        return output
    figure = figures[data[MIME]["name"]]
    shown = {"text/html": notebook_html(figure), "text/plain": figure.alt}
    return {**output, "data": shown}
