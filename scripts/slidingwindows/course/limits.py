"""What a lesson's process may use: no network, and so much memory, disk and so many processes.

Linux keeps these limits itself, for libraries written in C and for programs too; but it lets root
start any number of processes (man 2 getrlimit). Sockets of the internet are refused by a filter of
system calls (man 2 seccomp), which needs no rights.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys

from .landlock import give_up_privileges

MEMORY = 8 << 30  # bytes of data in one process
FILE = 1 << 30  # bytes of one file
PROCESSES = 256  # more than the user had when the lesson began, threads included

SET_FILTER, FILTER = 22, 2  # for prctl
# By machine: how the kernel names it, and its numbers of the system calls socket and
# io_uring_setup, which can make sockets, too.
MACHINES = {
    "x86_64": (0xC000003E, 41, 425),
    "aarch64": (0xC00000B7, 198, 425),
    "riscv64": (0xC00000F3, 198, 425),
}
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # instructions of the filter
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in what it sees of a call
ALLOW, REFUSE, MISSING = 0x7FFF0000, 0x0005000D, 0x00050026  # errors EACCES, ENOSYS
INTERNET = (2, 10, 17)  # IPv4, IPv6, packets


def limit() -> None:
    """From now on, keep this process and all that it starts within the limits.

    Where the system cannot keep one of them, that one does not hold.
    """
    _refuse_sockets()
    with contextlib.suppress(ImportError):  # Windows
        import resource

        wanted = {resource.RLIMIT_DATA: MEMORY, resource.RLIMIT_FSIZE: FILE}
        if sys.platform.startswith("linux"):
            wanted[resource.RLIMIT_NPROC] = threads_of_user() + PROCESSES
        for kind, most in wanted.items():
            _, hard = resource.getrlimit(kind)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (most, most))


def reason(problem: str) -> str:
    """What to add to an error's text where one of the limits may be why; '' elsewhere."""
    if "can't allocate memory" in problem or problem.startswith("MemoryError"):
        return f" (a lesson may use {MEMORY >> 30} GiB of memory)"
    if "[Errno 27]" in problem:
        return f" (a lesson's file may have {FILE >> 30} GiB)"
    if "[Errno 11]" in problem or "can't start new thread" in problem:
        return f" (a lesson may start {PROCESSES} processes and threads)"
    return ""


def refuse_network(event: str, arguments: tuple) -> None:
    """Raise if Python itself makes a socket of the internet; for an audit hook."""
    # Without sockets of the Unix kind, as on Windows, event loops need one of the internet.
    if event == "socket.__new__" and os.name == "posix" and arguments[1] in INTERNET:
        raise PermissionError("a lesson may not use the network")


def threads_of_user() -> int:
    """How many processes and threads of this user Linux counts now."""
    own, count = os.getuid(), 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{name}").st_uid == own:
                count += len(os.listdir(f"/proc/{name}/task"))
    return count


def _refuse_sockets() -> bool:
    """Let Linux refuse sockets of the internet; False where it cannot."""
    machine = MACHINES.get(platform.machine())
    if not sys.platform.startswith("linux") or not machine:
        return False
    architecture, socket, ring = machine
    program = [
        _instruction(LOAD, ARCHITECTURE),
        _instruction(EQUAL, architecture, no=9),  # calls of another architecture are refused
        _instruction(LOAD, NUMBER),
        _instruction(EQUAL, ring, yes=6),
        _instruction(EQUAL, socket, no=4),
        _instruction(LOAD, FIRST_ARGUMENT),
        *(_instruction(EQUAL, family, yes=4 - n) for n, family in enumerate(INTERNET)),
        _instruction(RETURN, ALLOW),
        _instruction(RETURN, MISSING),
        _instruction(RETURN, REFUSE),
    ]
    code = ctypes.create_string_buffer(b"".join(program))
    whole = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    if not give_up_privileges():
        return False
    return ctypes.CDLL(None).prctl(SET_FILTER, FILTER, whole) == 0


def _instruction(code: int, number: int, yes: int = 0, no: int = 0) -> bytes:
    """One of the filter. yes, no: how many to skip if it is true, and if it is not."""
    return struct.pack("=HBBI", code, yes, no, number)
