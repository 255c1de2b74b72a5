"""Folders for temporary files; those of a killed build are removed by the next one.

Each holds a lock for as long as its build lives; a folder whose lock is free is nobody's.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO

PREFIX, LOCK = "slidingwindows-", ".lock"
_locks: dict[Path, IO] = {}  # of this process's folders


def new_folder(inside: str | None = None) -> Path:
    """A new folder, locked. inside: another place than that of temporary files."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=inside))
    lock = open(folder / f"{LOCK}.aside", "w")
    if _take(lock):
        os.replace(lock.name, folder / LOCK)  # no sweep sees it before it is taken
    _locks[folder] = lock
    return folder


def remove(folder: Path) -> None:
    """Remove a folder that new_folder() made, and all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder in _locks:
        _locks.pop(folder).close()


@contextlib.contextmanager
def scratch(inside: str | None = None) -> Iterator[str]:
    """A new folder that is removed afterwards. inside: as for new_folder()."""
    folder = new_folder(inside)
    try:
        yield str(folder)
    finally:
        remove(folder)


@lru_cache(maxsize=1)
def common() -> Path:
    """One folder of this process, for lessons that do not run in a fork."""
    folder, owner = new_folder(), os.getpid()
    atexit.register(lambda: remove(folder) if os.getpid() == owner else None)
    return folder


def sweep() -> None:
    """Remove what killed builds left."""
    for place in {tempfile.gettempdir(), "/tmp"}:
        for path in Path(place).glob(f"{PREFIX}*/{LOCK}"):
            if path.parent not in _locks:
                with contextlib.suppress(OSError), open(path, "r+") as lock:
                    if _take(lock):
                        shutil.rmtree(path.parent, ignore_errors=True)


def _take(lock: IO) -> bool:
    """Whether a lock was free, and is taken now. It is free once its process is no more."""
    try:
        import fcntl
    except ImportError:  # Windows: no advisory locks; nothing is swept there
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
