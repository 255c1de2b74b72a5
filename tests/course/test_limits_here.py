"""The limits that a process sets itself, in a fork of this one, and what is said of them."""

import contextlib
import ctypes
import json
import os
import platform
import resource
import sys

import pytest

from slidingwindows.course import limits

SOCKET = {"x86_64": 41, "aarch64": 198, "riscv64": 198}  # the number of the system call
ELF = {"x86_64": 62, "aarch64": 183, "riscv64": 243}  # a machine's number in elf.h
KINDS = {"DATA": resource.RLIMIT_DATA, "FSIZE": resource.RLIMIT_FSIZE}
KINDS |= {"NPROC": resource.RLIMIT_NPROC} if sys.platform == "linux" else {}


def in_a_fork(function):
    """What a function returns in a fork of this process, which is as it was afterwards."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os.write(writing, json.dumps(function()).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text)


def limited(before=lambda: None):
    limits.threads_of_user = lambda: 1000  # in the fork alone
    before()
    limits.limit()
    return {name: resource.getrlimit(kind) for name, kind in KINDS.items()}


def test_memory_files_and_processes():
    expected = {"DATA": 8 << 30, "FSIZE": 1 << 30, "NPROC": 1256}
    assert in_a_fork(limited) == {name: [expected[name]] * 2 for name in KINDS}


def test_what_the_system_allows_less_of_stays():
    less = {"DATA": 7 << 30, "FSIZE": 5000, "NPROC": 1100}

    def before():
        for name, kind in KINDS.items():
            resource.setrlimit(kind, (less[name] - 7, less[name]))

    assert in_a_fork(lambda: limited(before)) == {name: [less[name]] * 2 for name in KINDS}


def errors():
    """By family of sockets, the number of the error; then of a call that makes sockets, too."""
    limits.limit()
    system = ctypes.CDLL(None, use_errno=True)
    found = {}
    for family in (1, 2, 10, 16, 17):
        ctypes.set_errno(0)
        kind = {16: 3}.get(family, 2)
        found[family] = 0 if system.socket(family, kind, 0) >= 0 else ctypes.get_errno()
    os.dup(2)  # a call whose first argument is a family's number
    with open(__file__, "rb") as file:  # and one whose own number is
        assert os.pread(file.fileno(), 3, 0) == b'"""'
    ctypes.set_errno(0)
    system.syscall(425, 1, ctypes.create_string_buffer(120))
    same = system.syscall(SOCKET[platform.machine()], 1, 2, 0) >= 0
    return [found, ctypes.get_errno(), same]


def test_sockets_of_the_internet_are_refused_and_no_others():
    families = {"1": 0, "2": 13, "10": 13, "16": 0, "17": 13}
    known = sys.platform == "linux" and platform.machine() in SOCKET
    assert in_a_fork(limits._refuse_sockets) is known
    if known:
        assert in_a_fork(errors) == [families, 38, True]


def test_how_the_kernel_names_its_machines():
    """As linux/audit.h does: 64 bits, little end first; io_uring has one number on all."""
    assert limits.MACHINES == {
        name: (ELF[name] | 1 << 31 | 1 << 30, number, 425) for name, number in SOCKET.items()
    }


def test_without_giving_up_privileges_there_is_no_filter(monkeypatch):
    monkeypatch.setattr(limits, "give_up_privileges", lambda: False)
    assert in_a_fork(limits._refuse_sockets) is False


def test_where_no_filter_is_known_there_is_none(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "pdp11")
    assert in_a_fork(limits._refuse_sockets) is False
    monkeypatch.undo()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert in_a_fork(limits._refuse_sockets) is False


def test_what_is_said_of_a_limit():
    for problem, said in {
        "RuntimeError: [enforce] can't allocate memory: you": "a lesson may use 8 GiB of memory",
        "MemoryError: ": "a lesson may use 8 GiB of memory",
        "OSError: [Errno 27] File too large": "a lesson's file may have 1 GiB",
        "BlockingIOError: [Errno 11] Resource": "a lesson may start 256 processes and threads",
        "RuntimeError: can't start new thread": "a lesson may start 256 processes and threads",
    }.items():
        assert limits.reason(problem) == f" ({said})", problem
    for other in ("", "ValueError: MemoryError", "OSError: [Errno 2]", "can't start"):
        assert limits.reason(other) == ""


def test_python_itself_refuses_sockets_of_the_internet(monkeypatch):
    for family in (2, 10, 17):
        with pytest.raises(PermissionError, match="^a lesson may not use the network$"):
            limits.refuse_network("socket.__new__", (None, family, 1, 0))
    limits.refuse_network("socket.__new__", (None, 1, 2, 0))
    limits.refuse_network("socket.connect", (None, 2, 1, 0))
    monkeypatch.setattr(os, "name", "nt")
    limits.refuse_network("socket.__new__", (None, 2, 1, 0))


def test_threads_of_this_user_are_counted(monkeypatch):
    """Of a system with three users, where a process ends while it is looked at."""
    users = {"1": 0, "20": 7, "300": 7, "4": 8}
    tasks = {"/proc/1/task": 5, "/proc/20/task": 2, "/proc/300/task": 9, "/proc/4/task": 3}

    class System:
        getuid = staticmethod(lambda: 7)

        @staticmethod
        def listdir(path):
            if path == "/proc":
                return ["1", "20", "acpi", "5", "300", "4", "self"]
            return ["task"] * tasks[path]

        @staticmethod
        def stat(path):
            if path == "/proc/5":
                raise ProcessLookupError
            return os.stat_result((0, 0, 0, 0, users[path.removeprefix("/proc/")], 0, 0, 0, 0, 0))

    monkeypatch.setattr(limits, "os", System)
    assert limits.threads_of_user() == 11
