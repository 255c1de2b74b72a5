"""Run a lesson's cells in this process, and send the build what a notebook would show of them.

The shell is ipykernel's own, but its messages go through one socket as lines of JSON instead of a
kernel's five sockets and their threads, because a process without threads can be forked.
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

from .branching import Surroundings, stay
from .guard import keep_inside, quiet, refuse_exit

CHUNK = 1 << 16  # bytes of printed output read at once


class Wire:
    """Lines of JSON from a lesson's process to the build.

    It also catches output that bypasses Python's own streams: programs and libraries write to
    the files that replace the system's standard output and error.
    """

    def __init__(self, connection: socket.socket):
        self.files: dict = {}
        self.renew(connection)

    def renew(self, connection: socket.socket) -> None:
        """Use another connection from now on, as this process's own: it may be a new fork."""
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
        """Send one line, after any output that bypassed Python."""
        if os.getpid() == self.owner:  # a process forked by the lesson would break up our lines
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
        """Send what a stream printed; a process that the lesson forked writes it to the files."""
        if os.getpid() == self.owner:
            self.show("stream", {"name": name, "text": text})
        else:
            os.write(self.files[name].fileno(), text.encode())

    def drain(self) -> None:
        """Send what has been written to the output and error files since the last call."""
        for name, file in self.files.items():
            while data := os.pread(file.fileno(), CHUNK, self.read[name]):
                self.read[name] += len(data)
                text = self.decoders[name].decode(data)
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
    """The session that ipykernel's shell believes connects it to a notebook."""

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
    """Make this newly forked process look as if it had just been started for a lesson.

    request: 'environment'; 'folder' to work in; 'project', where nothing may be written.
    """
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.argv = ["lesson"]
    del sys.path[0]  # the folder in which the first process was started
    # Otherwise all forks would draw the same numbers; lessons that need that set a seed.
    random.seed()
    for name in ("numpy.random", "torch"):
        if name in sys.modules:
            sys.modules[name].seed()
    sys.stdin = open(os.devnull)
    builtins.input = _refuse_input
    sys.stdout, sys.stderr = Printed(wire, "stdout"), Printed(wire, "stderr")
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr
    config = Config()
    config.HistoryManager.enabled = False  # it would start a thread to write its database
    InteractiveShellApp().init_path()
    shell = ZMQInteractiveShell.instance(config=config, compiler_class=XCachingCompiler)
    shell.ask_exit = refuse_exit  # it would end a kernel's loop
    messages = Messages()
    messages.wire = wire
    for teller in (shell.displayhook, shell.display_pub):
        teller.session, teller.pub_socket = messages, "socket"
    quiet()
    keep_inside(request["folder"], request["project"])
    return shell


def run(shell: ZMQInteractiveShell, wire: Wire, number: int, cell: dict) -> bool:
    """Run one cell. Returns False, and sends 'failed', if it raises and may not.

    cell: 'source' and 'tags'.
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

    request: as for begin(), with 'cells', and 'keep': after how many of them, at most, a process
    stays as a snapshot.
    """
    wire = Wire(connection)
    wire.say(processes=[os.getpid(), os.getppid()])
    shell = begin(wire, request)
    cells, keep, number = request["cells"], request.get("keep", 0), 0
    surroundings = Surroundings(request["folder"])
    while number < len(cells):
        surroundings.mark()
        if not run(shell, wire, number, cells[number]):
            break
        number += 1
        wire.say(ended=number, changed=bool(keep) and surroundings.changed())
        if number <= keep:
            obstacle = surroundings.obstacle()
            if obstacle:
                wire.say(obstacle=obstacle)
            else:
                next_request = stay(wire, number)
                cells = next_request["cells"] if next_request else cells
                surroundings = Surroundings(request["folder"])
    wire.say(done=True)
    wire.connection.recv(1)
