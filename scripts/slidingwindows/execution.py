"""Run a lesson's code in a fresh kernel of this very Python, apart from any user's settings."""

from __future__ import annotations

import atexit
import itertools
import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from .errors import SlidingWindowsError
from .lessons import Cell, Lesson

TIMEOUT = int(os.environ.get("SLIDINGWINDOWS_TIMEOUT", "300"))  # seconds, for one cell
MOST_OUTPUT = 1_000_000  # characters that one cell may print
ANSI = re.compile(r"\x1b\[[0-9;]*m")
CHAIN = re.compile(
    "^(?:During handling of the above exception|The above exception was the direct cause)", re.M
)
# nbclient logs each failing cell at length; the one message of a failure is enough. So it is
# for asyncio, which tells of nbclient's open ends when a kernel has died.
SILENT = logging.getLogger("slidingwindows.nbclient")
SILENT.setLevel(logging.CRITICAL + 1)
logging.getLogger("asyncio").addFilter(
    lambda record: not record.getMessage().startswith("Task was destroyed")
)


class ThisPython(KernelSpecManager):
    """Always the interpreter that runs the build, whatever kernels a user has installed."""

    def get_kernel_spec(self, kernel_name):
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


class Client(NotebookClient):
    """Counts what each cell prints, and keeps no more of it than a lesson may print."""

    def __init__(self, notebook, **settings):
        super().__init__(notebook, **settings)
        self.printed = [0] * len(notebook.cells)

    def output(self, outs, msg, display_id, cell_index):
        """nbclient calls this for each message that a cell sends."""
        if msg["msg_type"] == "stream":
            self.printed[cell_index] += len(msg["content"]["text"])
            if self.printed[cell_index] > MOST_OUTPUT:
                return None
        return super().output(outs, msg, display_id, cell_index)


def execute(lesson: Lesson) -> list[list[dict]]:
    """The outputs of each code cell, as notebook output dictionaries.

    Raises SlidingWindowsError naming lesson, cell and line if a cell raises,
    does not end, prints without end, or takes its kernel down.
    """
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.source) for cell in lesson.code]
    )
    with tempfile.TemporaryDirectory(prefix="slidingwindows-") as scratch:
        manager = AsyncKernelManager(
            kernel_spec_manager=ThisPython(), kernel_name="python3", log=SILENT
        )
        manager.connection_file = str(Path(scratch, "kernel.json"))
        if os.name == "posix":  # private to this user, where TCP ports are open to all
            manager.transport, manager.ip = "ipc", str(Path(scratch, "kernel"))
        begun: list[int] = []  # numbers of the cells that were sent to the kernel
        client = Client(
            notebook,
            km=manager,
            log=SILENT,
            timeout=TIMEOUT,
            resources={"metadata": {"path": scratch}},
            shutdown_kernel="immediate",
            on_cell_execute=lambda cell, cell_index: begun.append(cell_index),
        )
        environment = _environment(lesson, scratch)
        try:
            client.execute(env=environment, cleanup_kc=True)
        except (CellExecutionError, CellTimeoutError, DeadKernelError, RuntimeError) as error:
            raise _failure(lesson, notebook, begun, error) from error
        finally:
            atexit.unregister(client._cleanup_kernel)  # left behind if no kernel started
    for number, length in enumerate(client.printed):
        if length > MOST_OUTPUT:
            raise SlidingWindowsError(
                f"{_where(lesson, number)} prints {length:,} characters; at most {MOST_OUTPUT:,}"
            )
    return [list(_whole(cell.outputs)) for cell in notebook.cells]


def _whole(outputs: list[dict]) -> Iterator[dict]:
    """The outputs, with what was printed in one go as one output, wherever its text was cut.

    nbclient's own coalesce_streams takes hours for a long line, and moves prints before figures.
    """
    for printed, run in itertools.groupby(outputs, lambda o: o["output_type"] == "stream"):
        if not printed:
            yield from (dict(output) for output in run)
            continue
        texts = {"stdout": "", "stderr": ""}
        for output in run:
            texts[output["name"]] += output["text"]
        for name, text in texts.items():
            if text:
                yield {"output_type": "stream", "name": name, "text": _shown(text)}


def _shown(text: str) -> str:
    """Text as a terminal leaves it: a carriage return begins the line again, as for progress."""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _environment(lesson: Lesson, scratch: str) -> dict:
    # One thread: sums come out the same on every machine, and lessons run side by side.
    ours = {
        "SLIDINGWINDOWS_BUILD": "1",
        "SLIDINGWINDOWS_LESSONS": str(lesson.path.parent.resolve()),
        "JUPYTER_CONFIG_DIR": scratch,
        "JUPYTER_NO_CONFIG": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": scratch,
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": scratch,
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    theirs = {k: v for k, v in os.environ.items() if k not in ("PYTHONSTARTUP", "MATPLOTLIBRC")}
    return {**theirs, **ours}


def _failure(lesson: Lesson, notebook, begun: list[int], error: Exception) -> SlidingWindowsError:
    last = str(error).strip().splitlines()[-1:] or ["no reason given"]
    if not begun:
        return SlidingWindowsError(
            f"lessons/{lesson.path.name}: the kernel did not start: {last[0]}"
        )
    number = begun[-1]
    if isinstance(error, CellExecutionError):
        line = _line(lesson.code[number], notebook.cells[number].execution_count, error.traceback)
        what = f"{error.ename}: {error.evalue}".strip()
        return SlidingWindowsError(f"{_where(lesson, number, line)}: {what}")
    if isinstance(error, CellTimeoutError):
        return SlidingWindowsError(f"{_where(lesson, number)} did not end within {TIMEOUT} seconds")
    what = "the kernel died" if isinstance(error, DeadKernelError) else last[0]
    return SlidingWindowsError(f"{_where(lesson, number)}: {what}")


def _line(cell: Cell, count: int | None, traceback: str) -> int:
    """The line of the lesson's file where this cell raised what nothing caught."""
    shown = CHAIN.split(ANSI.sub("", traceback))[-1]  # earlier errors of a chain were caught
    found = re.search(rf"Cell In\[{count}\], line (\d+)", shown)
    return cell.line + (int(found.group(1)) - 1 if found else 0)


def _where(lesson: Lesson, number: int, line: int | None = None) -> str:
    cell: Cell = lesson.code[number]
    return f"lessons/{lesson.path.name}, code cell {number + 1}, line {line or cell.line}"
