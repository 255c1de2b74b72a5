"""In a lesson's process: after a cell, wait here as that state, and let a fork run what follows.

Only what a fork copies can be gone back to. Threads, programs, memory shared with others and open
files are not copied, so while a cell has left one of these, the lesson goes on in one process. A
file that is but read, such as a font of a plot, is opened again in each fork.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import resource
import signal
import socket
import stat
import sys
import threading

from . import guard

MOST_MEMORY = 2_000  # megabytes that a process may have held if it is to wait
MEGABYTE = 1 << (20 if sys.platform == "darwin" else 10)  # in what getrusage() counts


class Ways:
    """What the process of a lesson had open when it began, and what its cells did outside it.

    folder: the lesson's own.
    """

    def __init__(self, folder: str):
        self.folder, self.open = folder, _open_files() - _readers().keys()
        self.before: tuple[int, list] = (0, [])

    def mark(self) -> None:
        """A cell begins."""
        self.before = self._outside()

    def changed(self) -> bool:
        """Whether the cell wrote a file, removed one or started a program: that stays changed."""
        return self._outside() != self.before

    def obstacle(self) -> str:
        """What would be missing in a fork of this process, '' if nothing would."""
        threads = threading.active_count()
        with contextlib.suppress(OSError):  # Linux also counts those that libraries started
            threads = len(os.listdir("/proc/self/task"))
        if threads > 1:
            return f"{threads} threads"
        more = len(_open_files() - self.open - _readers().keys())
        if more:
            return f"{more} open files" if more > 1 else "an open file"
        with contextlib.suppress(ChildProcessError, AttributeError):  # none; macOS does not say
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            return "a program"
        with contextlib.suppress(OSError), open("/proc/self/maps") as maps:
            if any(line.split(" ", 2)[1].startswith("rw-s") for line in maps):
                return "memory shared with other processes"
        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MEGABYTE
        return f"{held:,} MB of memory" if held > MOST_MEMORY else ""

    def _outside(self) -> tuple[int, list]:
        found = []
        for top, _, names in os.walk(self.folder):
            for name in names:
                with contextlib.suppress(OSError):
                    facts = os.lstat(os.path.join(top, name))
                    found.append((top, name, facts.st_size, facts.st_mtime_ns, facts.st_ino))
        return guard.changes(), sorted(found)


def _open_files() -> set[int]:
    for folder in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            # The last is the listing's own.
            return {int(name) for name in os.listdir(folder) if os.path.exists(f"{folder}/{name}")}
    return set()


def _readers() -> dict[int, tuple[str, int]]:
    """(path, place) of each open file that is but read, and can be opened again, by its number."""
    found = {}
    for number in _open_files():
        with contextlib.suppress(OSError):  # it has no path, or none of ours to read
            facts, path = os.fstat(number), os.readlink(f"/proc/self/fd/{number}")
            reads = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
            if reads and stat.S_ISREG(facts.st_mode) and os.path.samestat(facts, os.stat(path)):
                found[number] = path, os.lseek(number, 0, os.SEEK_CUR)
    return found


def stay(wire, number: int) -> dict | None:
    """Fork. The parent waits as the state after so many cells, and the child goes on.

    Returns in children alone: None in the first, in each later one the request that it is for,
    with 'cells' and the connection that the wire now speaks to.
    """
    ours, theirs = socket.socketpair()
    wire.hand_over(theirs, stays=number, process=os.getpid())
    theirs.close()
    chance, readers = random.getstate(), _readers()
    child = os.fork()
    if not child:
        ours.close()
        _begin(wire, wire.connection, chance, readers)
        return None
    while asked := _asked(ours):
        _end(child)
        request, connection = asked
        child = os.fork()
        if not child:
            ours.close()
            _begin(wire, connection, chance, readers)
            return request
        connection.close()
    _end(child)
    os._exit(0)


def _asked(control: socket.socket) -> tuple[dict, socket.socket] | None:
    with contextlib.suppress(OSError):
        data, numbers, _, _ = socket.recv_fds(control, 1, 1)
        if data and numbers:
            connection = socket.socket(fileno=numbers[0])
            with connection.makefile("rb") as file:
                return json.loads(file.readline()), connection
    return None  # the build has no more use for this, or is no more


def _begin(wire, connection: socket.socket, chance: tuple, readers: dict) -> None:
    random.setstate(chance)  # Python gives each fork numbers of its own
    for number in readers.keys() & _readers().keys():  # matplotlib closes its own in a fork
        path, place = readers[number]  # of its own, or forks would move each other's
        again = os.open(path, os.O_RDONLY)
        os.lseek(again, place, os.SEEK_SET)
        os.dup2(again, number, inheritable=False)
        os.close(again)
    os.setpgid(0, 0)  # it goes with all programs that it starts, and what it came from stays
    wire.renew(connection)
    wire.say(processes=[os.getpid(), os.getppid()])


def _end(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)
