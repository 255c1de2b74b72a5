"""Run a lesson's code in a fresh, isolated process of this Python, within its limit of time."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import site
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from ..core.errors import SlidingWindowsError
from ..export.rendered import Rendered
from . import cold, snapshots, warm
from .failing import failure, where
from .lessons import Lesson, paths_of
from .machine import MOST_OUTPUT, as_kept, refuse_traces, seen, texts_of
from .printed import last_lines, whole
from .scratch import common

TIMEOUT = int(os.environ.get("SLIDINGWINDOWS_TIMEOUT", "300"))  # seconds, for one cell
TRIES = 2  # with a process to fork, should it be killed before it does
DRAWING = threading.Lock()  # for drawing in this process, where there are no forks
LOG = logging.getLogger("mkdocs.slidingwindows")
# What a lesson's process gets of the build's environment: how to find Python and its libraries, the
# language, the folder for temporary files, and this package's settings. Nothing else is passed on,
# because a lesson might print it onto its page, and a build's environment often holds secrets.
PASSED = re.compile(
    r"PATH|PYTHON(?:PATH|HOME|PYCACHEPREFIX|DONTWRITEBYTECODE|NOUSERSITE|UTF8)"
    r"|(?:DY)?LD_LIBRARY_PATH|LANG|LANGUAGE|LC_\w+|TMPDIR|TEMP|TMP|SLIDINGWINDOWS_\w+"
    r"|SYSTEMROOT|SYSTEMDRIVE|COMSPEC|PATHEXT|WINDIR"  # without these nothing starts on Windows
)


class Client(NotebookClient):
    """Counts what each cell prints, and keeps no more of it than a cell may print."""

    def __init__(self, notebook, **settings):
        super().__init__(notebook, **settings)
        self.printed = [0] * len(notebook.cells)
        self.clear_before_next_output = False

    def output(self, outs, msg, display_id, cell_index):
        """nbclient calls this for each message that a cell sends."""
        if msg["msg_type"] == "stream":
            text, room = msg["content"]["text"], MOST_OUTPUT - self.printed[cell_index]
            self.printed[cell_index] += len(text)
            if room <= 0:
                return None
            # How much one message carries depends on the machine; what is kept must not.
            msg = {**msg, "content": {**msg["content"], "text": text[:room]}}
        return super().output(outs, msg, display_id, cell_index)


def execute(lesson: Lesson, keep: bool = False) -> list[list[dict]]:
    """The outputs of each code cell, as notebook output dictionaries.

    keep: keep processes as snapshots of the lesson, and run from the first edited cell on if there
    are any. Raises SlidingWindowsError naming lesson, cell and line if a cell raises, does not end,
    prints or shows too much, crashes its process, or reveals the machine it ran on.
    """
    outputs, processes = run(lesson, keep=keep)
    outputs = as_kept(lesson, outputs, processes)
    refuse_traces(lesson, outputs, processes)
    return outputs


def run(
    lesson: Lesson, forked: bool = warm.POSSIBLE, keep: bool = False
) -> tuple[list[list[dict]], tuple[int, ...]]:
    """What execute() returns, not yet checked for traces of the machine, and the process ids.

    forked: run in a fork of a process that has already imported torch, which gives the same outputs
    sooner. If it is False, or forks are unavailable, a kernel is started for the lesson.
    keep: as for execute().
    """
    if forked:
        for _ in range(TRIES):
            with contextlib.suppress(warm.Ended):
                return _run(lesson, forked, keep)
    return _run(lesson, False, keep)


def _run(lesson: Lesson, forked: bool, keep: bool) -> tuple[list[list[dict]], tuple[int, ...]]:
    """run(), once. Raises warm.Ended if nothing has run, since there was no process to fork."""
    cells = [
        {
            "cell_type": "code",
            "source": cell.source,
            "metadata": {"tags": list(cell.tags)},  # nbclient acts on some of them
            "execution_count": None,
            "outputs": [],
        }
        for cell in lesson.code
    ]
    notebook = nbformat.from_dict({"cells": cells, "metadata": {}, "nbformat": 4})
    begun: list[int] = []  # numbers of the cells that were sent off
    processes = {os.getpid()}

    def begin(number: int, *running: int) -> None:
        begun.append(number)
        processes.update(running)

    waiting = _waiting(lesson) if forked else None
    with _past(waiting, lesson, keep) as past:
        scratch = past.scratch.name
        client = Client(
            notebook,
            log=cold.SILENT,
            timeout=TIMEOUT,
            resources={"metadata": {"path": scratch}},
            shutdown_kernel="immediate",
            record_timing=False,
        )
        settings = {
            "environment": _environment(lesson, scratch),
            "folder": scratch,
            "project": str(lesson.path.resolve().parents[1]),
            "keep": snapshots.CELLS if keep else 0,
        }
        try:
            if waiting:
                _run_forked(waiting, lesson, client, begin, settings, past)
            else:
                cold.run(client, begin, settings)
        except (CellExecutionError, CellTimeoutError, DeadKernelError, RuntimeError) as error:
            if waiting and not begun and waiting.ended():
                raise warm.Ended from error
            raise SlidingWindowsError(failure(lesson, notebook, begun, error, TIMEOUT)) from error
    for number, length in enumerate(client.printed):
        if length > MOST_OUTPUT:
            problem = (
                f"{where(lesson, number)} prints {length:,} characters; at most {MOST_OUTPUT:,}"
            )
            raise SlidingWindowsError(problem + last_lines(notebook.cells[number].outputs))
    processes |= past.processes
    outputs = [list(whole(cell.outputs)) for cell in notebook.cells]
    _refuse_long(lesson, outputs)
    return outputs, tuple(sorted(processes))


def warm_up(lessons: list[Lesson]) -> None:
    """Start the process that imports everything these lessons import, before any of them runs."""
    if warm.POSSIBLE and lessons:
        _waiting(*lessons, restart=True)


def warm_up_unread(folder: Path) -> None:
    """Start that process for all lessons of a folder, while they are still to be read.

    What a file imports is found in its text. Should that miss any, warm_up() starts it again.
    """
    texts = [path.read_text("utf-8", "replace") for path in paths_of(folder)]
    if warm.POSSIBLE and texts:
        _started(warm.modules_in(texts))


def _waiting(*lessons: Lesson, restart: bool = False) -> warm.Server | None:
    return _started(warm.modules_of(list(lessons)), restart)


def _started(modules: list[str], restart: bool = False) -> warm.Server | None:
    modules = [*modules, "slidingwindows.export.render"]
    try:
        return warm.server(modules, _common(), restart)
    except warm.Unavailable as reason:
        LOG.info("each lesson gets a kernel of its own: %s", reason)
        return None


def draw(data: dict, source: str) -> Rendered:
    """What render() returns for a figure; where forks are possible, drawn in one."""
    for _ in range(TRIES if warm.POSSIBLE else 0):
        if waiting := _waiting():
            with contextlib.suppress(warm.Ended):
                return warm.drawn(waiting, data, source)
    from ..export.render import render

    with DRAWING:
        return render(data, source)


def _requests(lesson: Lesson) -> list[dict]:
    """A lesson's cells in the form that cells.py takes."""
    return [{"source": cell.source, "tags": cell.tags} for cell in lesson.code]


@contextlib.contextmanager
def _past(waiting: warm.Server | None, lesson: Lesson, keep: bool) -> Iterator[snapshots.Run]:
    """The last run, cut back to where it can go on, or a new one; kept afterwards if asked."""
    past = waiting.kept.pop(lesson.path, None) if waiting and keep else None
    if past:
        done, name = past.go_back(lesson), f"lessons/{lesson.path.name}"
        why = f", since {past.why}" if past.why else ""
        if done and past.ask(_requests(lesson)):
            LOG.info("%s runs from code cell %d on%s", name, done + 1, why)
        else:
            LOG.info("%s runs from the start%s", name, why)
            past.close()
            past = None
    if past:
        past.why = ""
    else:
        inside = waiting.folder if waiting else common()
        past = snapshots.Run(tempfile.TemporaryDirectory(prefix="slidingwindows-", dir=inside))
    try:
        yield past
    finally:
        if waiting and keep:
            snapshots.keep(waiting.kept, lesson, past)
        else:
            past.close()


def _run_forked(waiting, lesson, client, begin, settings: dict, past: snapshots.Run) -> None:
    """Feed the client the messages of a forked process as if they came from a kernel."""
    process, running, number, error = 0, (), len(past.done), {}
    if past.connection:
        past.fill(client)
    else:
        past.connection = waiting.ask({**settings, "cells": _requests(lesson)})
    with past.connection as connection:
        try:
            for line in warm.lines(connection, TIMEOUT):
                if "processes" in line:
                    process, *_ = running = line["processes"]
                    past.processes.update(running)
                elif "cell" in line:
                    number = line["cell"]
                    begin(number, *running)
                elif "ended" in line:
                    if settings["keep"]:
                        past.take(client, lesson)
                    if line["changed"]:
                        past.forget(f"code cell {number + 1} writes files or starts programs")
                elif "stays" in line:
                    stays = snapshots.Waiting(line["process"], line["control"])
                    past.waiting[line["stays"]] = stays
                elif "obstacle" in line:
                    past.why = past.why or f"code cell {number + 1} leaves {line['obstacle']}"
                elif "problem" in line:
                    raise RuntimeError(line["problem"])
                elif "failed" in line:
                    raise CellExecutionError(
                        "\n".join(error["traceback"]), error["ename"], error["evalue"]
                    )
                else:
                    if line["msg_type"] == "error":
                        error = line["content"]
                    if line["msg_type"] == "update_display_data":
                        past.forget(f"code cell {number + 1} changes what another one shows")
                    header = {"msg_type": line["msg_type"]}
                    message = {**line, "header": header, "parent_header": {}}
                    client.process_message(message, client.nb.cells[number], number)
        finally:
            warm.end(process)


def _refuse_long(lesson: Lesson, outputs: list[list[dict]]) -> None:
    """Refuse long values and pictures. Printed text is counted elsewhere, figures' data never."""
    for number, shown in enumerate(outputs):
        values = [output for output in shown if output["output_type"] != "stream"]
        length = sum(len(text) for output in values for text in texts_of(output))
        if length > MOST_OUTPUT:
            from .outputs import unshown

            kinds = ", ".join(sorted({kind for o in values for kind in seen(o.get("data", {}))}))
            for output in values:
                if problem := unshown(output.get("data", {})):
                    raise SlidingWindowsError(f"{where(lesson, number)}: {problem}")
            raise SlidingWindowsError(
                f"{where(lesson, number)} shows values of {length:,} characters ({kinds}); "
                f"at most {MOST_OUTPUT:,}"
            )


def _environment(lesson: Lesson, scratch: str) -> dict[str, str]:
    own = {name: scratch for name in warm.FOLDERS}
    return {**_common(), **own, "SLIDINGWINDOWS_LESSONS": str(lesson.path.parent.resolve())}


def _common() -> dict[str, str]:
    """The environment of every process that runs lessons, except for its folders."""
    # One thread each, so that sums come out the same everywhere and lessons can run in parallel.
    ours = {
        "SLIDINGWINDOWS_BUILD": "1",
        "JUPYTER_NO_CONFIG": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        # A picture that a cell leaves open is an output, as in Jupyter, and does not vanish.
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",
        # Memory that a tensor leaves is kept for the next one, for new pages take a tenth of a
        # training's time. Only glibc listens.
        "MALLOC_MMAP_THRESHOLD_": "1073741824",
        "MALLOC_TRIM_THRESHOLD_": "4294967296",
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    if site.ENABLE_USER_SITE:  # packages from `pip install --user` are under HOME
        ours["PYTHONUSERBASE"] = site.getuserbase()
    theirs = {name: value for name, value in os.environ.items() if PASSED.fullmatch(name)}
    return {**theirs, **ours}
