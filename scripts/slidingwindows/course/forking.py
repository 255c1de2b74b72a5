"""A process that has imported what lessons import, and forks itself for each, and each figure.

Started by warm.py as `python -m slidingwindows.course.forking SOCKET MODULE...`. Importing torch
takes a second or more, a fork some milliseconds, and memory is shared until one side writes to it.
It runs nothing itself and has one thread, so that each fork begins like a new process. It begins in
a folder of its own, which holds those of its lessons, and removes it in the end, for a build that
was killed cannot.
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

from . import cells

LOOK = 1.0  # seconds between looks whether the build is still there


def warm_up(names: list[str]) -> str:
    """Import modules; what is against forking this process, '' if nothing is."""
    for name in names:
        with contextlib.suppress(ImportError):  # a lesson that needs it will say so
            importlib.import_module(name)
    threads = threading.active_count()
    with contextlib.suppress(OSError):  # Linux also counts those that libraries started
        threads = len(os.listdir("/proc/self/task"))
    gc.collect()
    gc.freeze()  # nothing of this is looked at again, so its memory stays shared
    return "" if threads == 1 else f"importing {', '.join(names)} left {threads} threads"


def received(control: socket.socket) -> tuple[dict, socket.socket] | None:
    """The next request and the connection that its lesson speaks to; None at the end."""
    data, numbers, _, _ = socket.recv_fds(control, 1 << 16, 1)
    if not data or not numbers:
        return None
    connection = socket.socket(fileno=numbers[0])
    with connection.makefile("rb") as file:
        return json.loads(file.readline()), connection


def serve(control: socket.socket) -> None:
    """Fork for each request until the build closes its end, or is no more."""
    build, children = os.getppid(), set()
    # A child that ends wakes select(), so that none is left unburied.
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
                asked = received(control)
                if asked is None:
                    return
                request, connection = asked
                child = os.fork()
                if not child:
                    control.close()
                    os.close(ended)
                    _become(connection, request, wake)
                children.add(child)
                connection.close()
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _become(connection: socket.socket, request: dict, wake: int) -> None:
    """The rest of a forked process's life. It ends without going back to where it was forked."""
    code = 1
    try:
        os.setsid()  # the lesson goes with all programs that it started
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(wake)
        if "figure" in request:
            _draw(connection, request)
        else:
            cells.lesson(connection, request)
        code = 0
    except (BrokenPipeError, ConnectionResetError):
        pass  # the build has stopped listening
    except Exception as error:  # of ours, for a cell's own are shown: nobody else would tell it
        problem = f"{type(error).__name__}: {error}"
        with contextlib.suppress(OSError):
            _say(connection, problem=problem)
    finally:
        os._exit(code)


def _draw(connection: socket.socket, request: dict) -> None:
    """Render one figure. request: its data as 'figure', and its 'source'."""
    from ..export.render import render

    result = render(request["figure"], request["source"])
    files = {name: base64.b64encode(data).decode() for name, data in result.files.items()}
    _say(connection, **result.facts(), files=files)


def _say(connection: socket.socket, **line: object) -> None:
    connection.sendall(json.dumps(line).encode() + b"\n")


def main(arguments: list[str]) -> None:
    """Warm up, say whether forking is safe, and serve. arguments: a socket's number, modules."""
    folder, control = os.getcwd(), socket.socket(fileno=int(arguments[0]))
    try:
        problem = warm_up(arguments[1:])
        _say(control, problem=problem)
        if not problem:
            serve(control)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1:])
