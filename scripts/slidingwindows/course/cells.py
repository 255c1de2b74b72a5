"""Run a lesson's cells in this process, and send on what a notebook would show of them.

The shell is ipykernel's own; only its messages go down a socket of ours as lines of JSON, instead
of through a kernel's five sockets and their threads. A process without threads can be forked.
"""

from __future__ import annotations

import builtins
import codecs
import io
import os
import random
import socket
import sys
import tempfile

from ipykernel.compiler import XCachingCompiler
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.error import StdinNotImplementedError
from IPython.core.shellapp import InteractiveShellApp
from jupyter_client.session import Session, json_packer
from traitlets.config import Config

from .branching import Ways, stay
from .guard import keep_inside, refuse_exit

CHUNK = 1 << 16  # bytes read at once of what programs printed


class Wire:
    """Lines of JSON from a lesson's process to the build.

    It also catches what does not go through Python's own streams: programs and libraries write to
    the files that stand in for the system's standard output and error.
    """

    def __init__(self, connection: socket.socket):
        self.files: dict = {}
        self.renew(connection)

    def renew(self, connection: socket.socket) -> None:
        """Speak to another connection from now on, for this process, which may be a new fork."""
        self.connection, self.owner = connection, os.getpid()
        for file in self.files.values():
            file.close()
        self.files = {
            name: tempfile.TemporaryFile("a+b", buffering=0) for name in ("stdout", "stderr")
        }
        self.read = dict.fromkeys(self.files, 0)
        decoder = codecs.getincrementaldecoder("utf-8")
        self.decoders = {name: decoder("replace") for name in self.files}
        for number, file in enumerate(self.files.values(), 1):
            os.dup2(file.fileno(), number)

    def say(self, **line: object) -> None:
        """Send one line, after all that was written past Python."""
        if os.getpid() == self.owner:  # a process that the lesson forked would cut into our lines
            self.drain()
            self._send(line)

    def hand_over(self, given: socket.socket, **line: object) -> None:
        """Send one line, and with it a socket."""
        self.drain()
        data = json_packer(line) + b"\n"
        sent = socket.send_fds(self.connection, [data], [given.fileno()])
        self.connection.sendall(data[sent:])

    def show(self, kind: str, content: dict) -> None:
        """Send a message as kernels do: jupyter-client.readthedocs.io"""
        self.say(msg_type=kind, content=content)

    def write(self, name: str, text: str) -> None:
        """Send what a stream printed. A process that the lesson forked writes to the files."""
        if os.getpid() == self.owner:
            self.show("stream", {"name": name, "text": text})
        else:
            os.write(self.files[name].fileno(), text.encode())

    def drain(self) -> None:
        """Send what has come into the files of output and error since the last time."""
        for name, file in self.files.items():
            while found := os.pread(file.fileno(), CHUNK, self.read[name]):
                self.read[name] += len(found)
                text = self.decoders[name].decode(found)
                self._send({"msg_type": "stream", "content": {"name": name, "text": text}})

    def _send(self, line: dict) -> None:
        self.connection.sendall(json_packer(line) + b"\n")


class Printed(io.TextIOBase):
    """sys.stdout or sys.stderr of a lesson."""

    encoding, errors = "UTF-8", "strict"

    def __init__(self, wire: Wire, name: str):
        self.wire, self.stream = wire, name

    @property
    def name(self) -> str:
        return f"<{self.stream}>"

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return {"stdout": 1, "stderr": 2}[self.stream]

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        if text:
            self.wire.write(self.stream, text)
        return len(text)


class Messages(Session):
    """What ipykernel's shell takes for its connection to a notebook."""

    wire: Wire

    def send(self, stream, msg_or_type, content=None, *args, **kwargs):
        message = msg_or_type
        if isinstance(message, str):
            message = {"msg_type": message, "content": content or {}}
        self.wire.show(message["msg_type"], message["content"])
        return message


def _refuse_input(*arguments: object) -> str:
    raise StdinNotImplementedError("nobody answers input() while a site is built")


def begin(wire: Wire, request: dict) -> ZMQInteractiveShell:
    """Make this process, fresh from a fork, one that has just started for a lesson.

    request: 'environment', 'folder' to work in, 'project' where nothing may be written.
    """
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.argv = ["lesson"]
    del sys.path[0]  # the folder where the first of these processes began
    # All processes forked from one would draw the same numbers; lessons set their seeds.
    random.seed()
    for name in ("numpy.random", "torch"):
        if name in sys.modules:
            sys.modules[name].seed()
    sys.stdin = open(os.devnull)
    builtins.input = _refuse_input
    sys.stdout, sys.stderr = Printed(wire, "stdout"), Printed(wire, "stderr")
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr
    config = Config()
    config.HistoryManager.enabled = False  # it writes from a thread of its own
    InteractiveShellApp().init_path()
    shell = ZMQInteractiveShell.instance(config=config, compiler_class=XCachingCompiler)
    shell.ask_exit = refuse_exit  # it would end a kernel's loop
    messages = Messages()
    messages.wire = wire
    for teller in (shell.displayhook, shell.display_pub):
        teller.session, teller.pub_socket = messages, "socket"
    keep_inside(request["folder"], request["project"])
    return shell


def run(shell: ZMQInteractiveShell, wire: Wire, number: int, cell: dict) -> bool:
    """Run one cell; False, and 'failed' is said, if it raised and may not.

    cell: its 'source' and 'tags'.
    """
    if not cell["source"].strip() or "skip-execution" in cell["tags"]:
        return True
    wire.say(cell=number)
    wire.show("execute_input", {"execution_count": shell.execution_count})
    done = shell.run_cell(cell["source"], store_history=True, cell_id=f"cell-{number}")
    wire.drain()
    good = done.success and not shell._last_traceback_during_displayhook
    if not good and "raises-exception" not in cell["tags"]:
        wire.say(failed=True)
        return False
    return True


def lesson(connection: socket.socket, request: dict) -> None:
    """Run all cells of a request, then wait until the build has no more use for this process.

    request: as for begin(), 'cells', and 'keep': after how many of them a process waits.
    """
    wire = Wire(connection)
    wire.say(processes=[os.getpid(), os.getppid()])
    shell = begin(wire, request)
    cells, keep, number = request["cells"], request.get("keep", 0), 0
    ways = Ways(request["folder"])
    while number < len(cells):
        ways.mark()
        if not run(shell, wire, number, cells[number]):
            break
        number += 1
        wire.say(ended=number, changed=bool(keep) and ways.changed())
        if number <= keep:
            obstacle = ways.obstacle()
            if obstacle:
                wire.say(obstacle=obstacle)
            else:
                asked = stay(wire, number)
                cells = asked["cells"] if asked else cells
                ways = Ways(request["folder"])
    wire.say(done=True)
    wire.connection.recv(1)
