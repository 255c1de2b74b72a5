"""What a lesson's file says of itself, and of each cell, in whatever format it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.errors import SlidingWindowsError

JUPYTER = ("jupyter", "jupytext", "kernelspec", "language_info")  # in headers that Jupytext writes
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


@dataclass(frozen=True)
class Cell:
    """One cell: its kind ('code' or 'markdown'), its text, its first line's number, its tags.

    line: in the lesson's file; in a notebook, where cells have lines of their own, it is 1.
    attachments: of a notebook's Markdown cell, pictures by name: bytes and MIME type.
    """

    kind: str
    source: str
    line: int
    tags: tuple[str, ...] = ()
    attachments: Mapping[str, tuple[str, bytes]] = field(
        default_factory=dict, repr=False, hash=False
    )


def first_line(error: Exception) -> str:
    """What a library says of a file that it cannot read, or its error's name if it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def meta_of(name: str, block: str) -> dict:
    """What a header says. name: of the lesson's file. block: the header's YAML.

    Raises SlidingWindowsError for a header that gives no title or no description.
    """
    import yaml

    try:
        meta = yaml.safe_load(block)
    except yaml.YAMLError as error:
        raise SlidingWindowsError(f"{name}: the header is not YAML: {error}") from error
    meta = meta if isinstance(meta, dict) else {}
    for key in ("title", "description"):
        value = meta.get(key)
        if value is None or value == "" or (isinstance(value, str) and not value.strip()):
            raise SlidingWindowsError(f"{name}: the header needs a {key}")
        if not isinstance(value, str):
            written = re.search(rf"^{key}:\s*(.*?)\s*$", block, re.MULTILINE)
            text = (written[1] if written else "") or str(value)
            raise SlidingWindowsError(
                f"{name}: the header's {key} is not text but a YAML {type(value).__name__}; "
                f"put it in quotes: {key}: {json.dumps(text, ensure_ascii=False)}"
            )
    return {key: value for key, value in meta.items() if key not in JUPYTER}


def tags_of(place: str, metadata: Mapping) -> tuple[str, ...]:
    """A cell's tags. place: of the cell. Raises SlidingWindowsError for unknown ones."""
    tags = metadata.get("tags", ())
    wrong = metadata.get("incorrectly_encoded_metadata")
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        wrong = f"tags={tags!r}"
    if wrong:
        raise SlidingWindowsError(f'{place}: tags are a list such as tags=["hide"], not {wrong}')
    for tag in tags:
        if tag not in TAGS:
            raise SlidingWindowsError(f"{place}: unknown tag {tag!r}; there are: {', '.join(TAGS)}")
    return tuple(tags)
