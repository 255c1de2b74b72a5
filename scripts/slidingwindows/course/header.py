"""What a lesson's file says of itself, and of each cell, in whatever format it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher

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
# What Jupyter, Jupytext and other programs write beside tags, as far as it is a single value, and
# which changes nothing here. What holds more, such as 'slideshow={"slide_type": "skip"}', is theirs
# as well: nobody types it.
THEIRS = {"id", "name", "title", "format", "language", "trusted", "deletable", "editable"}
THEIRS |= {"collapsed", "scrolled", "autoscroll", "hidden", "heading_collapsed", "init_cell"}
THEIRS |= {"jp-MarkdownHeadingCollapsed", "code_folding", "cell_style", "nbsphinx", "activeSlide"}
THEIRS |= {"outputId", "colab_type", "cellView", "_uuid", "_cell_guid", "execution_count"}
THEIRS |= {"_kg_hide-input", "_kg_hide-output", "hideCode", "hideOutput", "hidePrompt"}
THEIRS |= {"active", "cell_type", "cell_depth", "cell_marker", "region_name", "magic_args"}
THEIRS |= {"skipline", "noskipline", "lines_to_next_cell", "lines_to_end_of_cell_marker"}
LIKELY = 0.7  # of 1, how near to 'tags' a key must be to have been meant for it


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


def tags_of(place: str, metadata: Mapping, example: str, typed: Container[str]) -> tuple[str, ...]:
    """A cell's tags. place: of the cell. example: how its format writes one.

    Raises SlidingWindowsError for unknown ones, and for a key that was meant for tags. typed: the
    keys that an author wrote, of which any that is known to nobody is refused, too.
    """
    for key, value in metadata.items():
        _refuse_key(place, key, value, example, key in typed)
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


def first_unreadable(
    name: str, cells: Iterable[tuple[int, str]], read: Callable[[str], object]
) -> str:
    """The file, and the line of the first cell that cannot be read alone either, if there is one.

    cells: the number of each cell's first line, and its text. read: Jupytext's, which raises errors
    of many kinds.
    """
    for line, text in cells:
        try:
            read(text)
        except Exception:
            return f"{name}, cell at line {line}"
    return name


def _refuse_key(place: str, key: str, value: object, example: str, typed: bool) -> None:
    """Refuse a key that hides nothing, though it seems to, and a misspelled one."""
    plain = key.lower().replace("_", "-")
    if key in ("tags", "incorrectly_encoded_metadata"):
        return
    meant = ""
    if plain in TAGS and value is not False:  # as extensions of old notebooks wrote it
        meant = example.format(plain)
    elif SequenceMatcher(None, plain, "tags").ratio() >= LIKELY:
        first = value[0] if isinstance(value, list) and value else value
        meant = example.format(first if isinstance(first, str) else "hide-input")
    if meant:
        raise SlidingWindowsError(f"{place}: unknown key {key!r}; {meant} is probably meant")
    if typed and key not in THEIRS and plain not in TAGS and not isinstance(value, dict):
        some = example.format("hide-input")
        raise SlidingWindowsError(
            f"{place}: unknown key {key!r}, which would change nothing; a cell takes {some}, "
            "and what Jupyter writes"
        )
