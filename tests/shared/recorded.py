"""Recorded outputs: texts in tests/data/recorded that were reviewed once, compared part by part.

They are for things without an independent truth, such as the wording of a sentence or the position
of a line in a picture. After a change on purpose, record them again and review the diff:

    RECORD=1 python -m pytest tests/words/test_recorded_words.py

A file holds parts, each below a line ``▶ name``. A text too long to be read is a digest.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "recorded"
HEADING = "▶ "


def digest(data: bytes | str) -> str:
    """Twelve letters that stand for something long."""
    data = data if isinstance(data, bytes) else data.encode()
    return hashlib.sha256(data).hexdigest()[:12]


def shortened(text: str, most: int) -> str:
    """The text, or the beginning of a long one and a digest of all of it."""
    if len(text) <= most:
        return text
    return f"{text[:most].rsplit(' ', 1)[0]} … {len(text):,} characters, {digest(text)}"


def compare(name: str, parts: Iterable[tuple[str, str]]) -> None:
    """Assert that (name, text) pairs are exactly the parts of a recorded file.

    They are compared one by one, so that slow ones are not made after one has failed.
    """
    path, found = FOLDER / f"{name}.txt", {}
    for part, text in parts:
        found[part] = text
        if not os.environ.get("RECORD"):
            compare_part(name, part, text)
    if os.environ.get("RECORD"):
        write(path, found)
    assert read(path) == found, f"{path.name} has other parts; {again()}"


def compare_part(name: str, part: str, text: str) -> None:
    """Assert that one part of a recorded file has this text."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get("RECORD"):
        write(path, {**(read(path) if path.exists() else {}), part: text})
    assert text == read(path).get(part), f"{part!r} in {path.name}; {again()}"


def again() -> str:
    """How to record again what the running test compares."""
    test = os.environ["PYTEST_CURRENT_TEST"].split("::")[0]
    return f"RECORD=1 python -m pytest {test}  records it again, if this was meant"


def write(path: Path, parts: Mapping[str, str]) -> None:
    """Write a recorded file with these parts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(f"{HEADING}{n}\n{parts[n]}\n" for n in sorted(parts)), "utf-8")


@cache
def _parts(path: Path, changed: int) -> dict[str, str]:
    _, *found = re.split(rf"^{HEADING}(.*)\n", path.read_text("utf-8"), flags=re.M)
    return {name: text.strip("\n") for name, text in zip(found[::2], found[1::2], strict=True)}


def read(path: Path) -> dict[str, str]:
    """The parts of a recorded file."""
    return _parts(path, path.stat().st_mtime_ns)
