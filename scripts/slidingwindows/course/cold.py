"""Run a lesson in a Jupyter kernel of its own: slower than a fork, but possible everywhere."""

from __future__ import annotations

import atexit
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from .scratch import scratch

# nbclient logs each failing cell at length, and asyncio reports the tasks that nbclient leaves
# behind when a kernel dies. The one message about the failure is enough.
SILENT = logging.getLogger("slidingwindows.nbclient")
SILENT.setLevel(logging.CRITICAL + 1)
logging.getLogger("asyncio").addFilter(
    lambda record: not record.getMessage().startswith("Task was destroyed")
)
# Runs in the kernel before the first cell.
GUARD = (
    "from slidingwindows.course.guard import keep_inside, quiet, refuse_exit; "
    "quiet(); keep_inside({own!r}, {project!r}); get_ipython().ask_exit = refuse_exit"
)


class ThisPython(KernelSpecManager):
    """Always the interpreter that runs the build, whatever kernels the user has installed."""

    first_line = ""

    def get_kernel_spec(self, kernel_name):
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        argv.append(f"--IPKernelApp.exec_lines={self.first_line}")
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


def run(client: NotebookClient, begin: Callable[[int, int], None], settings: dict) -> None:
    """Execute the client's notebook; raises what nbclient raises.

    begin: called with each cell's number as it is sent, and with the kernel's process id.
    settings: 'environment'; 'folder' to work in; 'project', where nothing may be written.
    """
    own, specs = settings["folder"], ThisPython()
    specs.first_line = GUARD.format(own=own, project=settings["project"])
    manager = AsyncKernelManager(kernel_spec_manager=specs, kernel_name="python3", log=SILENT)
    manager.connection_file = str(Path(own, "kernel.json"))
    client.km = manager
    client.on_cell_execute = lambda cell, cell_index: begin(
        cell_index, getattr(manager.provisioner, "pid", None) or os.getpid()
    )
    # The path of a socket is limited to about a hundred bytes.
    short = "/tmp" if os.access("/tmp", os.W_OK) else None
    with scratch(short) as sockets:
        if os.name == "posix":  # private to this user, unlike TCP ports
            manager.transport, manager.ip = "ipc", str(Path(sockets, "kernel"))
        try:
            client.execute(env=settings["environment"], cleanup_kc=True)
        finally:
            atexit.unregister(client._cleanup_kernel)  # left behind if no kernel started
