"""The fork server: it imports torch once, then forks itself for lessons, figures and the script.

warm.py starts it as `python -m slidingwindows.course.forking SOCKET MODULE...`. Importing torch
takes a second or more, a fork a few milliseconds, and memory is shared until one side writes to it.
The server runs nothing itself and has one thread, so that each fork begins like a new process. It
starts in a folder of its own, in which its lessons have theirs, and removes it at the end, because
a build that was killed cannot.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import threading
from itertools import chain

from . import cells
from .branching import asked, end

LOOK = 1.0  # seconds between checks that the build is still running


def warm_up(names: list[str]) -> str:
    """Import modules. Returns what makes forking this process unsafe; '' if nothing does."""
    for name in names:
        # The lesson that needs it will report it.
        with contextlib.suppress(ImportError, SyntaxError):
            importlib.import_module(name)
    threads = threading.active_count()
    with contextlib.suppress(OSError):  # on Linux, also those started by libraries
        threads = len(os.listdir("/proc/self/task"))
    gc.collect()
    gc.freeze()  # never scanned again, so that its memory stays shared
    return "" if threads == 1 else f"importing {', '.join(names)} left {threads} threads"


def serve(control: socket.socket) -> None:
    """Fork for each request until the build closes its end, or has ended."""
    build, children = os.getppid(), set()
    # A child that ends wakes select(), so that none is left a zombie.
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    try:
        while os.getppid() == build:
            ready, _, _ = select.select([control, ended], [], [], LOOK)
            if ended in ready:
                os.read(ended, 1 << 10)
            for child in list(children):
                if os.waitpid(child, os.WNOHANG)[0]:
                    children.discard(child)
            if control in ready:
                pair = asked(control)
                if pair is None:
                    return
                request, connection = pair
                child = os.fork()
                if not child:
                    control.close()
                    os.close(ended)
                    _become(connection, request, wake)
                children.add(child)
                connection.close()
    finally:
        for child in children:
            end(child)


def _become(connection: socket.socket, request: dict, wake: int) -> None:
    """Everything a forked process does. It exits here, without returning to the server's code."""
    code = 1
    try:
        os.setsid()  # so that the lesson is killed with every program it started
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(wake)
        if "figure" in request:
            _draw(connection, request)
        elif "layers" in request:
            from ..tracing.script import script

            _say(connection, script=script(request["layers"]))
        else:
            cells.lesson(connection, request)
        code = 0
    except (BrokenPipeError, ConnectionResetError):
        pass  # the build has stopped listening
    except Exception as error:  # our own, which nothing else would report; a cell's are its output
        problem = f"{type(error).__name__}: {error}"
        with contextlib.suppress(OSError):
            _say(connection, problem=problem)
    finally:
        os._exit(code)


def _draw(connection: socket.socket, request: dict) -> None:
    """Render a figure, and others that are asked for after it, until the build closes its end.

    Each request is its data as 'figure', and its 'source'.
    """
    from ..export.render import render

    with connection.makefile("rb") as lines:
        for one in chain([request], map(json.loads, lines)):
            try:
                result = render(one["figure"], one["source"])
            except Exception as error:  # of this figure; the next one may be drawn
                _say(connection, problem=f"{type(error).__name__}: {error}")
                continue
            files = {name: base64.b64encode(data).decode() for name, data in result.files.items()}
            _say(connection, **result.facts(), files=files)


def _say(connection: socket.socket, **line: object) -> None:
    connection.sendall(json.dumps(line).encode() + b"\n")


def main(arguments: list[str]) -> None:
    """Warm up, say whether forking is safe, and serve. arguments: a socket's number, modules."""
    folder, control = os.getcwd(), socket.socket(fileno=int(arguments[0]))
    try:
        problem = warm_up(arguments[1:])
        with contextlib.suppress(ConnectionError):  # the build may have ended meanwhile
            _say(control, problem=problem)
        if not problem:
            serve(control)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
