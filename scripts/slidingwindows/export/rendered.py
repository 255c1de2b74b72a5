"""Rendered, a finished figure: its files, and the metadata that pages need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Rendered:
    """Files and metadata of one figure.

    files: bytes by file name. alt, transcript: the figure in words. width, height: in CSS pixels.
    moving: whether it is an animation. operation: what the gallery sorts it by. call: the torch
    call, if it is of one. recipe: the Python that makes the figure again, if there is any.
    strip: of a moving figure, [width, height] of its windows side by side.
    longest: of a figure that can be stepped through, its longest sentence. steps: how many windows
    it has; among its files is NAME.trace.js then. states: of a figure without windows,
    (milliseconds, sentence) of each state, label: what they are of; among its files are
    NAME.THEME.states.png then, on which ``states.sheet`` has put them. numbers: of a moving figure,
    which number of the kind's palette each colour of its GIF has, in the order of these.
    """

    files: dict[str, bytes]
    alt: str
    transcript: list[str]
    width: int
    height: int
    moving: bool
    operation: str
    call: str = ""
    recipe: str = ""
    strip: list[int] | None = None
    steps: int = 0
    longest: str = ""
    states: tuple[tuple[int, str], ...] = ()
    label: str = ""
    numbers: tuple[int, ...] = ()

    def facts(self) -> dict[str, object]:
        """Everything but the files, ready for JSON."""
        return {name: getattr(self, name) for name in NAMES}

    @classmethod
    def of(cls, metadata: Mapping[str, object], files: dict[str, bytes]) -> Rendered:
        """The inverse of facts(); further keys are ignored."""
        own: dict[str, Any] = {name: metadata[name] for name in NAMES}
        own["states"] = tuple((lasts, said) for lasts, said in own["states"])  # JSON has no tuples
        own["numbers"] = tuple(own["numbers"])
        return cls(files, **own)


NAMES = tuple(field.name for field in fields(Rendered) if field.name != "files")
