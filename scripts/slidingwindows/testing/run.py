"""One run of a lesson, cell by cell as its page shows it, for all of that lesson's tests."""

import ast
import contextlib
import io
import os
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import matplotlib.style
import numpy as np
import torch
from IPython.core.formatters import DisplayFormatter
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure as Drawing

from .. import lesson as authoring
from ..course.lessons import Lesson, path_of, read
from ..course.machine import ADDRESS, with_steady_id
from ..course.printed import shown as as_a_terminal_shows
from .looks import looks

SEED = 6_728_042  # a new process starts from a random one, so no page may depend on it
FORMATTER = DisplayFormatter()


@dataclass
class Shown:
    """A figure as the lesson gave it: the object or drawing function, and its words."""

    cell: int
    caption: str
    item: Any = None
    alt: str = ""
    draw: Callable | None = None
    drawn: list[dict] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)


def drawing(draw: Callable) -> tuple[list[dict], list[str]]:
    """What a plot draws, and how it looks.

    The first is one dictionary for each of its axes, of numbers and words without style, for truths
    to be compared with. The second is all the rest, in lines that are recorded (see ``looks``).
    """
    with matplotlib.style.context("default"):
        figure = Drawing()
        draw(figure)
        return [_drawn(axes) for axes in figure.axes], looks(figure)


def _drawn(axes) -> dict:
    return {
        "title": axes.get_title(),
        "xlabel": axes.get_xlabel(),
        "ylabel": axes.get_ylabel(),
        "xticks": [label.get_text() for label in axes.get_xticklabels()],
        "yticks": [label.get_text() for label in axes.get_yticklabels()],
        "lines": [_line(line) for line in axes.get_lines()],
        "bars": [
            (p.get_x(), p.get_y(), p.get_width(), p.get_height())
            for p in axes.patches
            if hasattr(p, "get_height")
        ],
        "points": [group.get_offsets().tolist() for group in axes.collections],
        "images": [np.asarray(image.get_array()).tolist() for image in axes.get_images()],
        "meshes": [
            np.asarray(mesh.get_array()).tolist()
            for mesh in axes.collections
            if isinstance(mesh, QuadMesh)
        ],
        "texts": [text.get_text() for text in axes.texts],
        "legend": [t.get_text() for t in axes.get_legend().get_texts()]
        if axes.get_legend()
        else [],
    }


def _line(line) -> tuple[str, list, list]:
    x, y = (np.asarray(data, dtype=float).tolist() for data in line.get_data())
    return line.get_label(), x, y


@dataclass
class Run:
    """What running a lesson left: its names, each code cell's outputs, its figures, its checks.

    outputs: for each code cell a list of texts; a figure's text is 'figure NAME'.
    truths: for each check(...) of the lesson, in order, what torch answered.
    """

    lesson: Lesson
    names: dict = field(default_factory=dict)
    outputs: list[list[str]] = field(default_factory=list)
    figures: dict[str, Shown] = field(default_factory=dict)
    truths: list = field(default_factory=list)

    def visible(self) -> list:
        """All that a reader could see of this run, to tell whether two runs differ."""
        figures = []
        for name, figure in self.figures.items():
            data = figure.drawn if figure.draw else figure.item.to_dict()
            figures.append((name, figure.caption, figure.alt, repr(data), figure.looks))
        return [self.outputs, figures, [repr(truth) for truth in self.truths]]


@cache
def run(folder: Path, name: str) -> Run:
    """The run of a folder's lesson; the first caller pays for it."""
    return execute(read(path_of(folder, name)))


def execute(lesson: Lesson) -> Run:
    """Run the cells in this process. What a kernel shows of them, test_every_lesson.py compares."""
    found = Run(lesson, {"__name__": "__main__"})
    with _fresh_process(lesson.path.parent), _recorded(found):
        for number, cell in enumerate(lesson.code):
            found.outputs.append(_cell(found, number, cell.source))
    return found


def _cell(found: Run, number: int, source: str) -> list[str]:
    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    if last is not None and source.rstrip().endswith(";"):
        body.append(last)
        last = None
    printed, outputs = io.StringIO(), []
    where = f"{found.lesson.path.name}, code cell {number + 1}"
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(body, []), where, "exec"), found.names)
        value = None
        if last is not None:
            value = eval(compile(ast.Expression(last.value), where, "eval"), found.names)
    if printed.getvalue():
        outputs.append(as_a_terminal_shows(printed.getvalue()).rstrip("\n"))
    if value is not None:
        outputs.append(as_text(value))
    for output in outputs:
        name = output.removeprefix("figure ")
        if name != output and name in found.figures:
            found.figures[name].cell = number
    return outputs


def as_text(value) -> str:
    """How a page shows a value: words as they are, figures by name, the rest as Jupyter prints."""
    if isinstance(value, str):
        return value
    if isinstance(value, authoring.Figure):
        return f"figure {value.data['name']}"
    data = FORMATTER.format(value)[0]
    plain = data.pop("text/plain")
    richer = [data[mime] for mime in ("text/markdown", "text/html", "text/latex") if mime in data]
    # The plain text of an object that has none of its own is another in every run.
    if richer and ("text/markdown" in data or ADDRESS.search(plain)):
        return with_steady_id(richer[0])
    return plain


@contextlib.contextmanager
def _fresh_process(lessons: Path):
    """The state a kernel starts with, and this process's own again afterwards."""
    threads, dtype, here = torch.get_num_threads(), torch.get_default_dtype(), os.getcwd()
    states = random.getstate(), np.random.get_state()
    with (
        torch.random.fork_rng(),
        torch.enable_grad(),
        np.printoptions(),
        tempfile.TemporaryDirectory() as scratch,
        mock.patch.dict(
            os.environ, {"SLIDINGWINDOWS_LESSONS": str(lessons.resolve()), "HOME": scratch}
        ),
    ):
        os.chdir(scratch)
        torch.set_num_threads(1)
        torch.manual_seed(SEED)
        try:
            yield
        finally:
            os.chdir(here)
            torch.set_num_threads(threads)
            torch.set_default_dtype(dtype)
            torch.set_printoptions(profile="default")
            random.setstate(states[0])
            np.random.set_state(states[1])


@contextlib.contextmanager
def _recorded(found: Run):
    """show, plot and check as ever, but what they were given is kept."""
    show, check = authoring.show, authoring.check

    def showing(trace, name, caption=""):
        found.figures[name] = Shown(-1, caption, item=trace)
        return show(trace, name, caption)

    def plotting(draw, name, alt, caption="", width=640, height=360):
        # Drawn at once: later cells may give the names that it uses another value.
        drawn, seen = drawing(draw)
        seen = [f"{width}×{height} pixels", *seen]
        found.figures[name] = Shown(-1, caption, alt=alt, draw=draw, drawn=drawn, looks=seen)
        return authoring.Figure("plot", name, caption, alt=alt)  # its pixels are not looked at

    def checking(answer, truth):
        found.truths.append(truth())
        check(answer, truth)

    with mock.patch.multiple(authoring, show=showing, plot=plotting, check=checking):
        yield
