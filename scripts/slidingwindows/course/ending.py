"""Kill a lesson's process with all that it has forked or started; and tell whether one runs."""

from __future__ import annotations

import contextlib
import os
import signal


def runs(process: int) -> bool:
    """Whether a process runs; 0 stands for one that is not known yet.

    One that has ended is listed, and can be signalled, until its parent asks how.
    """
    with contextlib.suppress(OSError), open(f"/proc/{process}/stat") as status:
        return status.read().rpartition(")")[2].split()[0] not in "ZX"
    with contextlib.suppress(PermissionError):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True


def kill_tree(process: int) -> None:
    """Kill a process, its group, and, where the system lists them, all processes below it.

    A snapshot ends its own child, but not once it is killed itself. So it is stopped first, and
    then forks no more, while its children are looked for.
    """
    with contextlib.suppress(OSError):
        os.kill(process, signal.SIGSTOP)
    with contextlib.suppress(OSError), open(f"/proc/{process}/task/{process}/children") as below:
        for one in below.read().split():
            kill_tree(int(one))
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(process, signal.SIGKILL)
