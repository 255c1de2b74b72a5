"""Linux itself lets a process, and all that it starts, write below a few folders only.

Landlock (docs.kernel.org/userspace-api/landlock.html, since Linux 5.13) needs no rights. It holds
for what libraries written in C open and for programs, which Python's audit hooks do not see.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable

CREATE, ADD, RESTRICT = 444, 445, 446  # system calls, of these numbers on every machine
ASKS_VERSION, BENEATH, NO_NEW_PRIVILEGES = 1, 1, 38
# Write to files, and remove and make what a folder may hold.
CHANGES = sum(1 << bit for bit in (1, 4, 5, 6, 7, 8, 9, 10, 11, 12))
SINCE = {2: 1 << 13, 3: 1 << 14}  # moving between folders and truncating, by version


def version() -> int:
    """Which Landlock the system has; 0 if it has none."""
    if not sys.platform.startswith("linux"):
        return 0
    asked = ctypes.c_uint32(ASKS_VERSION)
    return max(0, ctypes.CDLL(None).syscall(CREATE, None, ctypes.c_size_t(0), asked))


def give_up_privileges() -> bool:
    """From now on no program that is started gains rights; filters ask for it. False if refused."""
    return ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0


def write_below(folders: Iterable[str]) -> bool:
    """From now on write below these folders only; False where the system cannot do that."""
    found = version()
    if not found:
        return False
    call = ctypes.CDLL(None).syscall
    access = CHANGES + sum(bit for since, bit in SINCE.items() if found >= since)
    handled = struct.pack("=Q", access)
    rules = call(CREATE, handled, ctypes.c_size_t(len(handled)), ctypes.c_uint32(0))
    if rules < 0:
        return False
    try:
        for folder in folders:
            if os.path.isdir(folder):
                place = os.open(folder, os.O_PATH)
                rule = struct.pack("=Qi", access, place)
                done = call(ADD, rules, BENEATH, rule, ctypes.c_uint32(0))
                os.close(place)
                if done:
                    return False
        if not give_up_privileges():
            return False
        return call(RESTRICT, rules, ctypes.c_uint32(0)) == 0
    finally:
        os.close(rules)
