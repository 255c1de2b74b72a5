"""In `make serve`, processes that wait as a lesson's states: an edit runs from its own cell on.

Of the lessons that were run last; each has a process for each cell that it could be kept after.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import signal
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ..export.files import digest
from .lessons import Cell, Lesson

LESSONS = 2  # so many may be edited in turn
CELLS = 60  # processes of one lesson


@dataclass
class Waiting:
    """A process that waits as the state after some cells."""

    process: int
    control: socket.socket

    def ask(self, cells: list[dict]) -> socket.socket:
        """Have a fork of it go on; returns the connection on which that speaks."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [b"."], [theirs.fileno()])
        ours.sendall(json.dumps({"cells": cells}).encode() + b"\n")
        return ours

    def close(self) -> None:
        """End it and what runs in a fork of it."""
        self.control.close()
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(self.process, signal.SIGKILL)


@dataclass
class Run:
    """A lesson's last run, as far as it came.

    done: signs of the cells that ran to their end. outputs, counts, printed: of these, as nbclient
    has them. displays: which of the outputs later cells may change. waiting: by the number of cells
    done. idle: those that nobody may go back to any more. why: the last thing that stood against
    going back, '' if nothing does. processes: all that ran cells. connection: on which a process
    speaks that goes on from here.
    """

    scratch: tempfile.TemporaryDirectory
    done: list[str] = field(default_factory=list)
    outputs: list = field(default_factory=list)
    counts: list = field(default_factory=list)
    printed: list[int] = field(default_factory=list)
    displays: dict = field(default_factory=dict)
    waiting: dict[int, Waiting] = field(default_factory=dict)
    idle: list[Waiting] = field(default_factory=list)
    why: str = ""
    processes: set[int] = field(default_factory=set)
    connection: socket.socket | None = None

    def go_back(self, lesson: Lesson) -> int:
        """Forget all that the lesson's cells do not begin with; returns how many cells are left.

        What is left ends with a cell after which a process waits; 0 if there is none.
        """
        same, self.connection = 0, None
        for before, cell in zip(self.done, lesson.code, strict=False):
            if before != sign(lesson, cell):
                break
            same += 1
        # If nothing differs, what stopped the lesson is tried again.
        last = max((number for number in self.waiting if number <= same), default=0)
        for number in [number for number in self.waiting if number > last]:
            self.waiting.pop(number).close()
        for kept in (self.done, self.outputs, self.counts, self.printed):
            del kept[last:]
        return last

    def ask(self, cells: list[dict]) -> bool:
        """Have the cells run that follow on those done; False if no process can do it.

        cells: 'source' and 'tags' of all cells of the lesson, those done included.
        """
        try:
            self.connection = self.waiting[len(self.done)].ask(cells)
        except OSError:  # it is no more
            return False
        return True

    def forget(self, why: str) -> None:
        """What was done cannot be undone: no earlier state is a state to go back to."""
        self.why = why
        self.idle += self.waiting.values()  # they see to it that what runs ends with the build
        self.waiting.clear()

    def fill(self, client) -> None:
        """Give nbclient's client what the cells gave that do not run again."""
        for number, outputs in enumerate(self.outputs):
            client.nb.cells[number].outputs = copy.deepcopy(outputs)
            client.nb.cells[number].execution_count = self.counts[number]
        client.printed[: len(self.printed)] = self.printed
        client._display_id_map = {
            name: {cell: list(at) for cell, at in cells.items() if cell < len(self.done)}
            for name, cells in self.displays.items()
        }

    def take(self, client, lesson: Lesson) -> None:
        """Keep what the lesson's next cell gave, which has just ended."""
        number = len(self.done)
        shown = client.nb.cells[number]
        self.done.append(sign(lesson, lesson.code[number]))
        self.outputs.append(copy.deepcopy(shown.outputs))
        self.counts.append(shown.execution_count)
        self.printed.append(client.printed[number])
        self.displays = copy.deepcopy(client._display_id_map)

    def close(self) -> None:
        """End all that waits."""
        self.forget(self.why)
        for waiting in self.idle:
            waiting.close()
        self.scratch.cleanup()


def sign(lesson: Lesson, cell: Cell) -> str:
    """A key of a cell's code, its tags, and the data files that it names."""
    return digest(cell.source, *cell.tags, "|", *lesson.data(cell.source))


def keep(kept: dict[Path, Run], lesson: Lesson, run: Run) -> None:
    """Put a lesson's run among those that are kept; the oldest goes if they are too many."""
    kept[lesson.path] = run
    while len(kept) > LESSONS:
        kept.pop(next(iter(kept))).close()
