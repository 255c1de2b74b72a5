"""A cell's printed output: pieces joined, control sequences applied, nothing cut."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from .terminal import left

LAST_LINES, LONGEST_LINE = 3, 160  # of a failing cell's output, shown with its failure

# What tqdm says of time and speed, which differ from build to build: ' [00:01<00:02, 9.8it/s]'.
SPEED = re.compile(
    r" \[(?:\d+ days?, )?(?:\d+:)?\d\d:\d\d(?:<[^\],\n]*)?, *[^\],\n]*/[^\],\n]*"
    r"(?:, ([^\]\n]*))?\](?: +(?=\n|\Z))?"  # blanks cover what was longer before
)


def shown(text: str) -> str:
    """What a reader sees of a printed text: what a terminal leaves, without a machine's speed."""
    return SPEED.sub(lambda match: f" [{match[1]}]" if match[1] else "", left(text))


def whole(outputs: list[dict]) -> Iterator[dict]:
    """The outputs, with consecutive pieces of printed text joined into one output.

    nbclient's own coalesce_streams takes hours on a long line, and moves prints before figures.
    """
    for printed, run in itertools.groupby(outputs, lambda o: o["output_type"] == "stream"):
        if not printed:
            yield from (dict(output) for output in run)
            continue
        texts = {"stdout": "", "stderr": ""}
        for output in run:
            texts[output["name"]] += output["text"]
        for name, text in texts.items():
            if text:
                yield {"output_type": "stream", "name": name, "text": shown(text)}


def last_lines(outputs: list[dict]) -> str:
    """The last lines that a cell printed, to be shown below its failure."""
    texts = [output["text"] for output in whole(outputs) if output["output_type"] == "stream"]
    lines = [line for line in "".join(texts).splitlines() if line.strip()]
    return "".join(f"\n    | {line[:LONGEST_LINE]}" for line in lines[-LAST_LINES:])
