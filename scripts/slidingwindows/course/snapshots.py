"""Snapshots for `make serve`: waiting processes, so that an edited lesson reruns from that cell on.

The lessons that ran last are kept, each with a process for every cell after which it could wait.
"""

from __future__ import annotations

import copy
import json
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ..export.files import digest
from .ending import kill_tree
from .lessons import Cell, Lesson

LESSONS = 2  # how many are kept, so that as many can be edited in turn
CELLS = 60  # processes of one lesson


@dataclass
class Waiting:
    """A process that waits as the snapshot after some cells."""

    process: int
    control: socket.socket

    def ask(self, cells: list[dict]) -> socket.socket:
        """Have a fork of it go on; returns the connection that the fork sends on."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [b"."], [theirs.fileno()])
        ours.sendall(json.dumps({"cells": cells}).encode() + b"\n")
        return ours

    def close(self) -> None:
        """Kill it, and whatever runs in a fork of it."""
        self.control.close()
        kill_tree(self.process)


@dataclass
class Run:
    """A lesson's last run, as far as it got.

    done: keys of the cells that ran to their end. outputs, counts, printed: of these cells, in
    nbclient's form. displays: which of the outputs later cells may change. waiting: snapshots by
    the number of cells done. idle: snapshots that can no longer be used. why: the last reason not
    to go back, '' if there is none. processes: the ids of all that ran cells. connection: the one
    on which a process sends that goes on from here.
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
        """Forget everything from the first changed cell on; returns how many cells are left.

        These end with a cell after which a process waits; 0 if there is none.
        """
        same, self.connection = 0, None
        for before, cell in zip(self.done, lesson.code, strict=False):
            if before != sign(lesson, cell):
                break
            same += 1
        # If nothing has changed, whatever stopped the lesson is tried again.
        last = max((number for number in self.waiting if number <= same), default=0)
        for number in [number for number in self.waiting if number > last]:
            self.waiting.pop(number).close()
        for kept in (self.done, self.outputs, self.counts, self.printed):
            del kept[last:]
        return last

    def ask(self, cells: list[dict]) -> bool:
        """Run the cells after those that are done; False if no process can.

        cells: 'source' and 'tags' of all cells of the lesson, including those that are done.
        """
        try:
            self.connection = self.waiting[len(self.done)].ask(cells)
        except OSError:  # it has ended
            return False
        return True

    def forget(self, why: str) -> None:
        """Give up all snapshots: what was done since cannot be undone."""
        self.why = why
        self.idle += self.waiting.values()  # kept, since they end what runs when the build ends
        self.waiting.clear()

    def fill(self, client) -> None:
        """Give nbclient's client the outputs of the cells that do not run again."""
        for number, outputs in enumerate(self.outputs):
            client.nb.cells[number].outputs = copy.deepcopy(outputs)
            client.nb.cells[number].execution_count = self.counts[number]
        client.printed[: len(self.printed)] = self.printed
        client._display_id_map = {
            name: {cell: list(at) for cell, at in cells.items() if cell < len(self.done)}
            for name, cells in self.displays.items()
        }

    def take(self, client, lesson: Lesson) -> None:
        """Keep the outputs of the lesson's next cell, which has just ended."""
        number = len(self.done)
        shown = client.nb.cells[number]
        self.done.append(sign(lesson, lesson.code[number]))
        self.outputs.append(copy.deepcopy(shown.outputs))
        self.counts.append(shown.execution_count)
        self.printed.append(client.printed[number])
        self.displays = copy.deepcopy(client._display_id_map)

    def close(self) -> None:
        """Kill every process that waits."""
        self.forget(self.why)
        for waiting in self.idle:
            waiting.close()
        self.scratch.cleanup()


def sign(lesson: Lesson, cell: Cell) -> str:
    """A key of a cell's code, its tags, and the data files that it names."""
    return digest(cell.source, *cell.tags, *lesson.data(cell.source))


def keep(kept: dict[Path, Run], lesson: Lesson, run: Run) -> None:
    """Add a lesson's run to those that are kept; if there are too many, the oldest goes."""
    kept[lesson.path] = run
    while len(kept) > LESSONS:
        kept.pop(next(iter(kept))).close()
