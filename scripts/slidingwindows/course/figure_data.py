"""The figures in lessons' outputs, validated before any file is named after them or drawn.

``lesson.show`` and ``lesson.plot`` make well-formed data, but an output is whatever a lesson's
cell displays, and a figure's name becomes the name of files.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from ..core.errors import SlidingWindowsError
from ..core.figures import CLASSES
from ..export.files import digest
from .authoring import MIME, MOST_SIDE, NAME
from .lessons import Lesson

MOST_DATA = 10_000_000  # characters of JSON; the largest figure of the course has 1,500,000
LONGEST_NAME = 80  # characters


@dataclass(frozen=True)
class Found:
    """A figure that a lesson showed.

    data: as ``lesson.show`` or ``lesson.plot`` made it. lesson: its name. place: 'lessons/NAME.py,
    code cell N, line L'.
    """

    data: dict
    lesson: str
    place: str

    @cached_property
    def key(self) -> str:
        """A content key of the data."""
        return digest(json.dumps(self.data, sort_keys=True))


def figures_of(lessons: list[Lesson], outputs: dict[str, list[list[dict]]]) -> dict[str, Found]:
    """Every figure by its name, in the order of the lessons.

    outputs: of each code cell, by lesson name. Raises SlidingWindowsError naming the place
    if a figure's data is not well-formed, or naming both places if two figures have one name.
    """
    from .failing import where

    figures: dict[str, Found] = {}
    for lesson in lessons:
        for number, cell in enumerate(outputs[lesson.name]):
            for output in cell:
                if MIME not in output.get("data", {}):
                    continue
                figure = Found(output["data"][MIME], lesson.name, where(lesson, number))
                _add(figures, named(figure.data, figure.place), figure)
    for name, figure in figures.items():
        problem = problem_of(figure.data)
        if problem:
            raise SlidingWindowsError(f"{figure.place}: the figure {name!r} {problem}")
    return figures


def twins_in(parts: Iterable[dict[str, Found]]) -> list[tuple[str, str]]:
    """Where figures of several lessons have one name: both lessons, each with what is wrong there.

    parts: what figures_of() found in each lesson.
    """
    figures: dict[str, Found] = {}
    problems = []
    for part in parts:
        for name, figure in part.items():
            first = figures.setdefault(name, figure)
            if first is not figure:
                problems.append((figure.lesson, _twins(name, figure, first)))
                problems.append((first.lesson, _twins(name, first, figure)))
    return problems


def _add(figures: dict[str, Found], name: str, figure: Found) -> None:
    if name in figures:
        raise SlidingWindowsError(_twins(name, figure, figures[name]))
    figures[name] = figure


def _twins(name: str, figure: Found, other: Found) -> str:
    return (
        f"{figure.place}: a figure is called {name!r}, as is one at {other.place}; "
        "give it another name"
    )


def named(data, place: str) -> str:
    """A figure's name. Raises SlidingWindowsError naming the place for what can be none."""
    if not isinstance(data, dict):
        kind = type(data).__name__
        raise SlidingWindowsError(f"{place}: a figure's data is a {kind}, not a dict")
    if "name" not in data:
        raise SlidingWindowsError(f"{place}: a figure's data has no name")
    name = data["name"]
    if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise SlidingWindowsError(
            f"{place}: a figure's name is its address: at most {LONGEST_NAME} lowercase letters, "
            f"digits and hyphens, not {str(name)[:LONGEST_NAME]!r}"
        )
    return name


def problem_of(data: dict) -> str:
    """What is wrong with a figure's data, as a predicate such as 'has no caption'; or ''."""
    kind = data.get("kind")
    if kind not in ("plot", *CLASSES):
        return f"is of an unknown kind: {kind!r}"
    if not isinstance(data.get("caption"), str):
        return "has no caption; it may be empty"
    if len(json.dumps(data)) > MOST_DATA:
        return f"has {len(json.dumps(data)):,} characters of data; at most {MOST_DATA:,}"
    if kind == "plot":
        return _plot_problem(data)
    return "" if isinstance(data.get(kind), dict) else f"has no data under {kind!r}"


def _plot_problem(data: dict) -> str:
    if not isinstance(data.get("alt"), str) or not data["alt"].strip():
        return "has no alt text"
    size = data.get("width"), data.get("height")
    if any(type(side) is not int or not 0 < side <= MOST_SIDE for side in size):
        return f"has sides of 1 to {MOST_SIDE:,} pixels, not {size[0]!r} and {size[1]!r}"
    if not _are_layers(data.get("layers"), *size):
        return f"has no layers for a plot of {size[0]}×{size[1]} pixels, as plot() makes them"
    return ""


def _are_layers(packed: object, width: int, height: int) -> bool:
    from PIL import Image

    from ..drawing.packed import layers_fit

    if not isinstance(packed, str):
        return False
    try:
        content = io.BytesIO(base64.b64decode(packed, validate=True))
        with Image.open(content, formats=["PNG"]) as image:
            return layers_fit(image, width, height)
    except (ValueError, OSError, Image.DecompressionBombError):
        return False
