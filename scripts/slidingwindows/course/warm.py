"""The build's side of the fork server (forking.py): start it, send it requests, read its answers.

Shell, environment, folder and guard are the same as in a separate kernel (execution.py, cells.py);
the difference is that torch is imported only once.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from nbclient.exceptions import CellTimeoutError, DeadKernelError

from ..export.rendered import Rendered
from .ending import kill_tree, runs
from .keys import HERE
from .lessons import ON_DEMAND, Lesson, reach
from .scratch import new_folder, remove
from .snapshots import Run

POSSIBLE = hasattr(os, "fork") and hasattr(socket, "send_fds")
# Imported ahead if lessons name them; anything else might start threads or have side effects.
KNOWN = r"torch|numpy|scipy|sklearn|pandas|matplotlib|PIL|slidingwindows"
IMPORTS = re.compile(rf"^(?:import|from)\s+((?:{KNOWN})(?:\.\w+)*)", re.MULTILINE)
# What torch itself imports at the first call of these, each time for a second or two.
BY_TORCH = {
    "torch._dynamo": re.compile(r"\boptim\b"),
    "torch.fx.experimental.symbolic_shapes": re.compile(
        r"(?i:max_?unpool)|\.backward\([^)]|[\"']meta[\"']"
    ),
}
LOOK = 1.0  # seconds between checks that a silent lesson's process is still running
FOLDERS = ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "MPLCONFIGDIR")


class Unavailable(Exception):
    """Forking is impossible here, or unsafe; the message says why."""


def modules_of(lessons: list[Lesson]) -> list[str]:
    """What the server should import before it forks for these lessons."""
    return modules_in([cell.source for lesson in lessons for cell in lesson.code])


def modules_in(code: list[str]) -> list[str]:
    """What the server should import before it forks for lessons with this code."""
    modules = {name for source in code for name in IMPORTS.findall(source)}
    used = {name for source in code for name in reach(source)}
    modules |= {f"slidingwindows.{name}" for name in used.intersection(ON_DEMAND.values())}
    for name, needed in BY_TORCH.items():
        if any(needed.search(source) for source in code):
            modules.add(name)
    if any(re.search(r"\b(?:show|plot)\(", source) for source in code):
        modules.add("slidingwindows.export.render")  # or each figure's fork would import it
    return sorted(modules)


class Ended(RuntimeError):
    """The fork server has ended, as if killed; another one may do what it was asked for."""

    def __init__(self):
        super().__init__("the process that forks for lessons and figures ended")


class Server:
    """The fork server, as the build sees it."""

    def __init__(self, modules: list[str], environment: dict[str, str]):
        """Start it. Raises Unavailable if it does not start, or cannot be forked safely."""
        self.modules = frozenset(modules)
        self.kept: dict[Path, Run] = {}  # by lesson, the oldest first
        self.drawing: list[socket.socket] = []  # to forks that have drawn a figure and can go on
        self.folder = new_folder()
        own = {name: str(self.folder) for name in FOLDERS}
        ours, theirs = socket.socketpair()
        self.control, self.asking, self.owner = ours, threading.Lock(), os.getpid()
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-m", "slidingwindows.course.forking", str(number), *modules]
            self.process = subprocess.Popen(
                command,
                env=environment | own,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                pass_fds=[number],
                start_new_session=True,  # Ctrl-C in a terminal reaches only the build
            )
        problem = "it did not start"
        with contextlib.suppress(OSError, ValueError), ours.makefile("rb") as answer:
            problem = json.loads(answer.readline())["problem"]
        if problem:
            self.close()
            raise Unavailable(problem)

    def ask(self, request: dict) -> socket.socket:
        """Fork for a request; returns the connection on which the forked process answers.

        Raises Ended if the server has.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs, self.asking:
                socket.send_fds(self.control, [b"."], [theirs.fileno()])
            ours.sendall(json.dumps(request).encode() + b"\n")
        except ConnectionError:
            ours.close()
            raise Ended from None
        return ours

    def ended(self) -> bool:
        """Whether it runs no more, as when the system is out of memory and has killed it."""
        try:  # it says nothing after it has started, so there is nothing to read but the end
            return not self.control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def silent(self, who: str) -> RuntimeError:
        """The error if a fork has ended without a word: Ended if the server has ended, too."""
        return Ended() if self.ended() else RuntimeError(f"the process that {who} died")

    def rest(self) -> None:
        """End the forks that draw."""
        while self.drawing:
            self.drawing.pop().close()

    def forget(self) -> None:
        """End the processes that wait for edits of lessons."""
        for path in list(self.kept):
            if run := self.kept.pop(path, None):
                run.close()

    def close(self) -> None:
        """End it and its forks, and remove its folder; a fork of the build only lets go of it."""
        self.rest()
        self.control.close()
        if os.getpid() == self.owner:
            self.forget()
            self.process.wait()
            remove(self.folder)


_current: dict[str, Server] = {}
_refused: dict[str, str] = {}  # why there is no server
_lost: list[Server] = []  # that were killed; lessons may still run in their forks and folders
_starting, _retired = threading.Lock(), threading.Event()


def server(modules: list[str], environment: dict[str, str], restart: bool = False) -> Server:
    """The running server, started if there is none, or none any more, for package and environment.

    modules: what it imports when it is started. restart: replace a server that has not imported all
    of them; only for a caller who knows that nothing runs in a fork of it.
    """
    sources = [(str(path), path.stat().st_mtime_ns) for path in sorted(HERE.rglob("*.py"))]
    settings = [os.getpid(), sys.executable, environment, sources]
    key = json.dumps(settings, sort_keys=True)
    with _starting:
        if key in _refused or _retired.is_set():
            raise Unavailable(_refused.get(key, "the package has been edited"))
        old = _current.get(key)
        if old and old.ended():
            _lost.append(_current.pop(key))
            old.forget()  # which gives back memory, the lack of which may have ended it
            old.process.wait()
        elif old is None or restart and not old.modules.issuperset(modules):
            close()
        if key not in _current:
            modules = sorted({*modules, *(old.modules if old else ())})
            try:
                _current[key] = Server(modules, environment)
            except Unavailable as reason:
                _refused[key] = str(reason)
                raise
        return _current[key]


def running() -> Server | None:
    """The server that runs, or is being started; None if nobody has asked for one."""
    with _starting:
        return next((one for one in _current.values() if not one.ended()), None)


def script(waiting: Server, names: list[str]) -> str:
    """What the site's script must know of torch (tracing/script.py), asked in a fork.

    names: layers of torch.nn. Raises RuntimeError if torch does not answer as expected, and Ended
    if the server has ended.
    """
    with waiting.ask({"layers": names}) as connection:
        line = _line(connection)
    if not line:
        raise waiting.silent("asked torch")
    result = json.loads(line)
    if "problem" in result:
        raise RuntimeError(result["problem"])
    return result["script"]


def drawn(waiting: Server, data: dict, source: str) -> Rendered:
    """What render() returns for a figure, drawn in a fork, which goes on to the next one.

    A fork costs as much as a small figure, and letters that were drawn once need not be again.
    Raises RuntimeError if it cannot be drawn, and Ended if the server has ended.
    """
    request, line = {"figure": data, "source": source}, b""
    with contextlib.suppress(IndexError):  # none is waiting
        connection = waiting.drawing.pop()
        with contextlib.suppress(ConnectionError):
            connection.sendall(json.dumps(request).encode() + b"\n")
            line = _line(connection)
    if not line:  # nor if the one that was waiting has died
        connection = waiting.ask(request)
        line = _line(connection)
    if not line:
        connection.close()
        raise waiting.silent("drew it")
    waiting.drawing.append(connection)
    result = json.loads(line)
    if "problem" in result:
        raise RuntimeError(result["problem"])
    files = {name: base64.b64decode(text) for name, text in result["files"].items()}
    return Rendered.of(result, files)


def _line(connection: socket.socket) -> bytes:
    """The next line that a fork says; empty if it has ended."""
    with contextlib.suppress(ConnectionError), connection.makefile("rb") as file:
        return file.readline()
    return b""


def rest() -> None:
    """End the forks that draw, since all figures are drawn; the next one gets a new one."""
    for waiting in (*_current.values(), *_lost):
        waiting.rest()


def retire() -> None:
    """End the server for good: this module has been edited, and will be imported again."""
    with _starting:
        _retired.set()
        close()


@atexit.register
def close() -> None:
    """End the server, if there is one."""
    while _current:
        _current.popitem()[1].close()
    while _lost:
        _lost.pop().close()


def lines(connection: socket.socket, timeout: float) -> Iterator[dict]:
    """What a lesson's process sends, line by line, until it is done.

    timeout: seconds for one cell. Raises CellTimeoutError, or DeadKernelError if the process died.
    """
    rest, process, ends = b"", 0, time.monotonic() + timeout
    given: list[int] = []  # descriptors of the sockets that were passed along
    connection.settimeout(LOOK)
    while True:
        data = _received(connection, process, given)
        *whole, rest = (rest + data).split(b"\n")
        for text in whole:
            line = json.loads(text)
            process = line.get("processes", [process])[0]
            if "cell" in line:
                ends = time.monotonic() + timeout
            if "stays" in line:
                line["control"] = socket.socket(fileno=given.pop(0))
            if "done" in line:
                return
            yield line
        if time.monotonic() > ends:
            raise CellTimeoutError(f"did not end within {timeout} seconds")


def _received(connection: socket.socket, process: int, given: list[int]) -> bytes:
    """Some bytes, or none if nothing came for a moment. DeadKernelError if nothing more can come.

    given: the descriptors of sockets that come with them are added to it.
    """
    try:
        data, numbers, _, _ = socket.recv_fds(connection, 1 << 16, 8)
        given += numbers
    except TimeoutError:
        # A program started by the lesson may keep the connection open after the lesson has ended.
        if not runs(process):
            raise DeadKernelError("the process ended") from None
        return b""
    except ConnectionResetError:
        data = b""
    if not data:
        raise DeadKernelError("the process ended")
    return data


def end(process: int) -> None:
    """Kill a lesson's process and everything that it started."""
    if process:
        kill_tree(process)
