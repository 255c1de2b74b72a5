"""Snapshots by fork, in a lesson's process: it waits after a cell while a fork runs the next ones.

A fork copies a process's own memory, but not its threads, child programs, shared memory or open
files. While a cell leaves any of these behind, the lesson goes on in one process, without new
snapshots. A file that is only read, such as a plot's font, is opened again in each fork.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import resource
import socket
import stat
import sys
import threading

from . import guard
from .ending import kill_tree

MOST_MEMORY = 2_000  # megabytes at its peak; a process that used more does not wait
MEGABYTE = 1 << (20 if sys.platform == "darwin" else 10)  # the unit that getrusage() counts in


class Surroundings:
    """What a lesson's process had open when it began, and what its cells changed outside of it.

    folder: the lesson's own.
    """

    def __init__(self, folder: str):
        self.folder, self.open = folder, _open_files() - _readers().keys()
        self.before: tuple[int, list] = (0, [])

    def mark(self) -> None:
        """A cell begins."""
        self.before = self._outside()

    def changed(self) -> bool:
        """Whether the cell changed files or started programs, which no fork can undo."""
        return self._outside() != self.before

    def obstacle(self) -> str:
        """What a fork of this process would lack; '' if nothing."""
        threads = threading.active_count()
        with contextlib.suppress(OSError):  # on Linux, also those started by libraries
            threads = len(os.listdir("/proc/self/task"))
        if threads > 1:
            return f"{threads} threads"
        opened = len(_open_files() - self.open - _readers().keys())
        if opened:
            return f"{opened} open files" if opened > 1 else "an open file"
        with contextlib.suppress(ChildProcessError, AttributeError):  # no child; no waitid
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            return "a program"
        with contextlib.suppress(OSError), open("/proc/self/maps") as maps:
            if any(line.split(" ", 2)[1].startswith("rw-s") for line in maps):
                return "memory shared with other processes"
        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MEGABYTE
        return f"{held:,} MB of memory" if held > MOST_MEMORY else ""

    def _outside(self) -> tuple[int, list]:
        files = []
        for top, _, names in os.walk(self.folder):
            for name in names:
                with contextlib.suppress(OSError):
                    status = os.lstat(os.path.join(top, name))
                    files.append((top, name, status.st_size, status.st_mtime_ns, status.st_ino))
        return guard.changes(), sorted(files)


def _open_files() -> set[int]:
    for folder in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            # One entry is the listing's own descriptor, which is closed by now.
            return {int(name) for name in os.listdir(folder) if os.path.exists(f"{folder}/{name}")}
    return set()


def _readers() -> dict[int, tuple[str, int]]:
    """(path, offset) by descriptor of each open file that is only read and can be reopened."""
    readers = {}
    for number in _open_files():
        with contextlib.suppress(OSError):  # without a path, or not ours to read
            status, path = os.fstat(number), os.readlink(f"/proc/self/fd/{number}")
            reads = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
            if reads and stat.S_ISREG(status.st_mode) and os.path.samestat(status, os.stat(path)):
                readers[number] = path, os.lseek(number, 0, os.SEEK_CUR)
    return readers


def stay(wire, number: int) -> dict | None:
    """Fork. The parent waits as the snapshot after ``number`` cells, and the child goes on.

    Returns only in children: None in the first, and in each later one the request that it was
    forked for, with its 'cells'; the wire then speaks to that request's connection.
    """
    ours, theirs = socket.socketpair()
    wire.hand_over(theirs, stays=number, process=os.getpid())
    theirs.close()
    random_state, readers = random.getstate(), _readers()
    child = os.fork()
    if not child:
        ours.close()
        _begin(wire, wire.connection, random_state, readers)
        return None
    wire.connection.close()  # so that the build sees it close if the child dies
    while pair := asked(ours):
        end(child)
        request, connection = pair
        child = os.fork()
        if not child:
            ours.close()
            _begin(wire, connection, random_state, readers)
            return request
        connection.close()
    end(child)
    os._exit(0)


def asked(control: socket.socket) -> tuple[dict, socket.socket] | None:
    """The next request, and the connection for its answers.

    None if the build has no more use for this process, or has ended, perhaps while it asked.
    """
    with contextlib.suppress(OSError):
        data, numbers, _, _ = socket.recv_fds(control, 1, 1)
        if data and numbers:
            connection = socket.socket(fileno=numbers[0])
            with connection.makefile("rb") as file:
                line = file.readline()
            if line.endswith(b"\n"):
                return json.loads(line), connection
    return None


def _begin(wire, connection: socket.socket, random_state: tuple, readers: dict) -> None:
    random.setstate(random_state)  # Python reseeds each fork
    for number in readers.keys() & _readers().keys():  # matplotlib closes its own on a fork
        path, offset = readers[number]  # a new descriptor: a shared one would share its offset
        reopened = os.open(path, os.O_RDONLY)
        os.lseek(reopened, offset, os.SEEK_SET)
        os.dup2(reopened, number, inheritable=False)
        os.close(reopened)
    os.setpgid(0, 0)  # killed with every program it starts, but without its parent
    wire.renew(connection)
    wire.say(processes=[os.getpid(), os.getppid()])


def end(child: int) -> None:
    """Kill a child with all that it has forked or started, and leave no zombie."""
    kill_tree(child)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)
