"""Run a lesson's code in a fresh kernel of this very Python, apart from any user's settings."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
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


class ThisPython(KernelSpecManager):
    """Always the interpreter that runs the build, whatever kernels a user has installed."""

    def get_kernel_spec(self, kernel_name):
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


def execute(lesson: Lesson) -> list[list[dict]]:
    """The outputs of each code cell, as notebook output dictionaries.

    Raises SlidingWindowsError naming lesson, cell and line if a cell raises,
    does not end, prints without end, or takes its kernel down.
    """
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.source) for cell in lesson.code]
    )
    with tempfile.TemporaryDirectory(prefix="slidingwindows-") as scratch:
        manager = AsyncKernelManager(kernel_spec_manager=ThisPython(), kernel_name="python3")
        manager.connection_file = str(Path(scratch, "kernel.json"))
        if os.name == "posix":  # private to this user, where TCP ports are open to all
            manager.transport, manager.ip = "ipc", str(Path(scratch, "kernel"))
        client = NotebookClient(
            notebook, km=manager, timeout=TIMEOUT, resources={"metadata": {"path": scratch}}
        )
        environment = _environment(lesson, scratch)
        try:
            with _quiet():
                client.execute(env=environment, cleanup_kc=True)
        except (CellExecutionError, CellTimeoutError, DeadKernelError, RuntimeError) as error:
            raise _failure(lesson, notebook, error) from error
    outputs = [[dict(output) for output in cell.outputs] for cell in notebook.cells]
    for number, cell in enumerate(outputs):
        length = sum(len(str(o.get("text", ""))) for o in cell)
        if length > MOST_OUTPUT:
            raise SlidingWindowsError(
                f"{_where(lesson, number)} prints {length:,} characters; at most {MOST_OUTPUT:,}"
            )
    return outputs


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
    return {**os.environ, **ours}


@contextlib.contextmanager
def _quiet():
    """nbclient logs each failing cell at length; the one message below is enough."""
    import logging

    logger = logging.getLogger("traitlets")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _failure(lesson: Lesson, notebook, error: Exception) -> SlidingWindowsError:
    done = [n for n, cell in enumerate(notebook.cells) if cell.execution_count is not None]
    number = done[-1] if done else 0
    if isinstance(error, CellExecutionError):
        for n, cell in enumerate(notebook.cells):
            for output in cell.outputs:
                if output.output_type == "error":
                    line = _line(lesson.code[n], output.traceback)
                    what = f"{output.ename}: {output.evalue}".strip()
                    return SlidingWindowsError(f"{_where(lesson, n, line)}: {what}")
        return SlidingWindowsError(f"{_where(lesson, number)}: {error.ename}: {error.evalue}")
    if isinstance(error, CellTimeoutError):
        running = min(number + 1, len(notebook.cells) - 1) if done else 0
        return SlidingWindowsError(
            f"{_where(lesson, running)} did not end within {TIMEOUT} seconds"
        )
    running = min(len(done), len(notebook.cells) - 1)
    last = str(error).strip().splitlines()[-1:] or ["no reason given"]
    return SlidingWindowsError(f"{_where(lesson, running)}: the kernel died: {last[0]}")


def _line(cell: Cell, traceback: list[str]) -> int:
    """The line of the lesson's file: the first one named in the traceback, within the cell."""
    text = ANSI.sub("", "\n".join(traceback))
    found = re.search(r"Cell In\[\d+\], line (\d+)", text)
    return cell.line + (int(found.group(1)) - 1 if found else 0)


def _where(lesson: Lesson, number: int, line: int | None = None) -> str:
    cell: Cell = lesson.code[number]
    return f"lessons/{lesson.path.name}, code cell {number + 1}, line {line or cell.line}"
