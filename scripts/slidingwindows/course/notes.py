"""What was found out about texts, kept by their content from build to build, in a cache's file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from ..core.errors import SlidingWindowsError
from ..export.files import digest, write

MOST = 1000  # texts of which something is kept; beyond, only those of the last build
T = TypeVar("T")
_all: list[Notes] = []


class Notes(Generic[T]):
    """Findings that JSON can hold, by a digest of what they were found in.

    file: its name. holds: whether a value that was read there may be a finding.
    """

    def __init__(self, file: str, holds: Callable[[object], bool]):
        self.file, self.holds = file, holds
        self.forget()
        _all.append(self)

    def forget(self) -> None:
        """Know nothing, as when a process begins."""
        self.known: dict[str, T] = {}
        self.used: set[str] = set()
        self.kept: set[str] = set()

    def of(self, key: str, find: Callable[[], T]) -> T:
        """What is known of a text, found out if nothing is. key: a digest of all that decides."""
        if key not in self.known:
            self.known[key] = find()
        self.used.add(key)
        return self.known[key]

    def recall(self, folder: Path) -> None:
        """Know what keep() has written into a folder; a file that is damaged says nothing."""
        try:
            total, text = (folder / self.file).read_text("utf-8").split("\n", 1)
            if total == digest(text):
                found = json.loads(text)
                if all(map(self.holds, found.values())):
                    self.known = {**found, **self.known}
                    self.kept.update(found)
        except (OSError, ValueError, AttributeError):
            pass

    def keep(self, folder: Path) -> None:
        """Write down what is known, if some of it is new."""
        if self.used <= self.kept:
            return
        names = self.used if len(self.known) > MOST else self.known.keys()
        text = json.dumps({name: self.known[name] for name in sorted(names)})
        try:
            write(folder / self.file, f"{digest(text)}\n{text}")
        except SlidingWindowsError:
            return  # the next build finds it out again
        self.kept.update(names)


def recall(folder: Path) -> None:
    """Have all notes recall what they have kept in a folder."""
    for notes in _all:
        notes.recall(folder)


def keep(folder: Path) -> None:
    """Have all notes keep what they know in a folder."""
    for notes in _all:
        notes.keep(folder)
