"""Run a lesson's code in a fresh kernel of this very Python, apart from any user's settings."""

from __future__ import annotations

import atexit
import logging
import os
import re
import site
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from ..core.errors import SlidingWindowsError
from .failing import failure, where
from .lessons import Lesson
from .machine import refuse_traces, texts_of
from .printed import last_lines, whole

TIMEOUT = int(os.environ.get("SLIDINGWINDOWS_TIMEOUT", "300"))  # seconds, for one cell
MOST_OUTPUT = 20_000  # characters that one cell may print, and that its values may have
# nbclient logs each failing cell at length; the one message of a failure is enough. So it is
# for asyncio, which tells of nbclient's open ends when a kernel has died.
SILENT = logging.getLogger("slidingwindows.nbclient")
SILENT.setLevel(logging.CRITICAL + 1)
logging.getLogger("asyncio").addFilter(
    lambda record: not record.getMessage().startswith("Task was destroyed")
)
# What a kernel gets of the build's environment: how to find Python and its libraries, the language,
# the folder for temporary files, and settings of this package. All else stays here, for a lesson
# might print it onto its page, and a build's environment often holds secrets.
PASSED = re.compile(
    r"PATH|PYTHON(?:PATH|HOME|PYCACHEPREFIX|DONTWRITEBYTECODE|NOUSERSITE|UTF8)"
    r"|(?:DY)?LD_LIBRARY_PATH|LANG|LANGUAGE|LC_\w+|TMPDIR|TEMP|TMP|SLIDINGWINDOWS_\w+"
    r"|SYSTEMROOT|SYSTEMDRIVE|COMSPEC|PATHEXT|WINDIR"  # without these nothing starts on Windows
)
# Runs in the kernel before the first cell.
GUARD = "from slidingwindows.course.guard import keep_inside; keep_inside({own!r}, {project!r})"


class ThisPython(KernelSpecManager):
    """Always the interpreter that runs the build, whatever kernels a user has installed."""

    first_line = ""

    def get_kernel_spec(self, kernel_name):
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        argv.append(f"--IPKernelApp.exec_lines={self.first_line}")
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


class Client(NotebookClient):
    """Counts what each cell prints, and keeps no more of it than a lesson may print."""

    def __init__(self, notebook, **settings):
        super().__init__(notebook, **settings)
        self.printed = [0] * len(notebook.cells)

    def output(self, outs, msg, display_id, cell_index):
        """nbclient calls this for each message that a cell sends."""
        if msg["msg_type"] == "stream":
            text, room = msg["content"]["text"], MOST_OUTPUT - self.printed[cell_index]
            self.printed[cell_index] += len(text)
            if room <= 0:
                return None
            # How much comes in one message depends on the machine; what is kept must not.
            msg = {**msg, "content": {**msg["content"], "text": text[:room]}}
        return super().output(outs, msg, display_id, cell_index)


def _folder(short: bool = False) -> tempfile.TemporaryDirectory:
    """A folder that goes with the kernel; a socket's path has at most a hundred bytes or so."""
    at = "/tmp" if short and os.access("/tmp", os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix="slidingwindows-", dir=at)


def execute(lesson: Lesson) -> list[list[dict]]:
    """The outputs of each code cell, as notebook output dictionaries.

    Raises SlidingWindowsError naming lesson, cell and line if a cell raises,
    does not end, puts out too much, takes its kernel down, or shows the machine it ran on.
    """
    outputs, processes = run(lesson)
    refuse_traces(lesson, outputs, processes)
    return outputs


def run(lesson: Lesson) -> tuple[list[list[dict]], tuple[int, ...]]:
    """What execute() returns, unchecked for traces of the machine; and the processes' numbers."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(cell.source, metadata={"tags": list(cell.tags)})
            for cell in lesson.code  # nbclient knows the tags that change what it does
        ]
    )
    with _folder() as scratch, _folder(short=True) as sockets:
        specs = ThisPython()
        project = str(lesson.path.resolve().parents[1])
        specs.first_line = GUARD.format(own=scratch, project=project)
        manager = AsyncKernelManager(kernel_spec_manager=specs, kernel_name="python3", log=SILENT)
        manager.connection_file = str(Path(scratch, "kernel.json"))
        if os.name == "posix":  # private to this user, where TCP ports are open to all
            manager.transport, manager.ip = "ipc", str(Path(sockets, "kernel"))
        begun: list[int] = []  # numbers of the cells that were sent to the kernel
        processes = {os.getpid()}

        def begin(cell, cell_index):
            begun.append(cell_index)
            processes.add(getattr(manager.provisioner, "pid", None) or os.getpid())

        client = Client(
            notebook,
            km=manager,
            log=SILENT,
            timeout=TIMEOUT,
            resources={"metadata": {"path": scratch}},
            shutdown_kernel="immediate",
            on_cell_execute=begin,
        )
        environment = _environment(lesson, scratch)
        try:
            client.execute(env=environment, cleanup_kc=True)
        except (CellExecutionError, CellTimeoutError, DeadKernelError, RuntimeError) as error:
            raise SlidingWindowsError(failure(lesson, notebook, begun, error, TIMEOUT)) from error
        finally:
            atexit.unregister(client._cleanup_kernel)  # left behind if no kernel started
    for number, length in enumerate(client.printed):
        if length > MOST_OUTPUT:
            problem = (
                f"{where(lesson, number)} prints {length:,} characters; at most {MOST_OUTPUT:,}"
            )
            raise SlidingWindowsError(problem + last_lines(notebook.cells[number].outputs))
    outputs = [list(whole(cell.outputs)) for cell in notebook.cells]
    _refuse_long(lesson, outputs)
    return outputs, tuple(sorted(processes))


def _refuse_long(lesson: Lesson, outputs: list[list[dict]]) -> None:
    """Values, pictures and all else but prints, which were counted, and figures' data."""
    for number, shown in enumerate(outputs):
        values = [output for output in shown if output["output_type"] != "stream"]
        length = sum(len(text) for output in values for text in texts_of(output))
        if length > MOST_OUTPUT:
            kinds = ", ".join(sorted({kind for o in values for kind in o.get("data", ())}))
            raise SlidingWindowsError(
                f"{where(lesson, number)} shows values of {length:,} characters ({kinds}); "
                f"at most {MOST_OUTPUT:,}"
            )


def _environment(lesson: Lesson, scratch: str) -> dict:
    # One thread: sums come out the same on every machine, and lessons run side by side.
    ours = {
        "SLIDINGWINDOWS_BUILD": "1",
        "SLIDINGWINDOWS_LESSONS": str(lesson.path.parent.resolve()),
        "JUPYTER_CONFIG_DIR": scratch,
        "JUPYTER_NO_CONFIG": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": scratch,
        "HOME": scratch,
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": scratch,
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    if site.ENABLE_USER_SITE:  # packages of `pip install --user` lie under HOME
        ours["PYTHONUSERBASE"] = site.getuserbase()
    theirs = {name: value for name, value in os.environ.items() if PASSED.fullmatch(name)}
    return {**theirs, **ours}
