"""Guard a lesson's process: it may write only into its own folder, and is stopped in the act.

Nor may it read the environment of another process, such as the build's, which may hold secrets,
nor use the network, or more of the machine than limits.py says. This prevents accidents, not
attacks: a lesson's code runs as the user who builds, so it can start a program that reads whatever
that user may read.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import warnings
from pathlib import Path

from .landlock import write_below
from .limits import limit, refuse_network

CHANGES = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate")
ATTRIBUTES = ("os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# What another program does cannot be seen from here.
PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn")
PROGRAMS += ("os.spawn",)
ENVIRONMENT = re.compile(r"/proc/[^/]+(?:/task/[^/]+)?/environ")
COMPILED = re.compile(r".*/__pycache__(?:/[^/]+\.pyc(?:\.\d+)?)?")


_changes = [0]


def changes() -> int:
    """How many times this process has written a file or started a program since keep_inside().

    What an import keeps does not count: it says what the module says, so no fork need undo it.
    """
    return _changes[0]


def _keeps_an_import(path: Path) -> bool:
    prefix = sys.pycache_prefix
    return bool(COMPILED.fullmatch(str(path)) or prefix and path.is_relative_to(prefix))


def keep_inside(own: str, project: str) -> None:
    """From now on, let this process write only temporary files, and nothing into the project.

    Nor may it read any environment in /proc but its own.
    own: a folder that may be written all the same. Whatever tries gets a PermissionError if Python
    itself opens the file. What a C library or another program opens, Linux refuses; nothing does on
    other systems, or if the project is itself among temporary files.
    """
    own_, project_ = Path(own).resolve(), Path(project).resolve()
    free = [Path(tempfile.gettempdir()).resolve(), Path("/dev"), Path("/proc")]

    def allowed(path: Path) -> bool:
        if path.is_relative_to(own_) or "__pycache__" in path.parts:
            return True
        if sys.pycache_prefix and path.is_relative_to(sys.pycache_prefix):
            return True
        if path.is_relative_to(project_):
            return False
        return any(path.is_relative_to(folder) for folder in free)

    def refuse_environments(name) -> None:
        if isinstance(name, str | bytes | os.PathLike) and os.fsdecode(name).endswith("environ"):
            path = os.path.realpath(os.fsdecode(name))
            if ENVIRONMENT.fullmatch(path) and not path.startswith(f"/proc/{os.getpid()}/"):
                raise PermissionError(
                    f"a lesson may not read another process's environment: {path}"
                )

    def watch(event: str, arguments: tuple) -> None:
        refuse_network(event, arguments)
        if event == "open":
            name, mode, flags = arguments
            if not flags & WRITING and not set(mode or "") & set("wax+"):
                refuse_environments(name)
                return
            if isinstance(name, int):  # a descriptor, whose opening was seen
                return
            names = [name]
        elif event in PROGRAMS:
            _changes[0] += 1
            return
        elif event == "sqlite3.connect":
            name = arguments[0]
            named = isinstance(name, str | bytes | os.PathLike)
            held = not named or os.fsdecode(name).startswith((":memory:", "file:")) or not name
            names = [] if held else [name]
        elif event in CHANGES:
            names = [name for name in arguments[:2] if isinstance(name, str | bytes | os.PathLike)]
        elif event in ATTRIBUTES:
            given = arguments[0]  # a descriptor may be of a file that was opened for reading
            names = [os.path.realpath(f"/dev/fd/{given}") if isinstance(given, int) else given]
        else:
            return
        imports = 0
        for name in names:
            path = Path(os.path.abspath(os.fsdecode(name)))
            imports += _keeps_an_import(path)
            if not allowed(Path(os.path.realpath(path.parent), path.name)):
                raise PermissionError(f"a lesson may write only into its own folder, not {path}")
        _changes[0] += not names or imports < len(names)

    sys.addaudithook(watch)
    if not any(project_.is_relative_to(folder) for folder in free):
        compiled = [sys.pycache_prefix] if sys.pycache_prefix else []
        write_below([str(own_), *map(str, free), *compiled])
    limit()


def quiet() -> None:
    """Let two warnings not come that are meant for a notebook's user, and name files of IPython.

    A lesson that exits is told what to do by its own error; a bar without widgets is one of text.
    """
    warnings.filterwarnings("ignore", "To exit: use", UserWarning)
    warnings.filterwarnings("ignore", "IProgress not found")


def refuse_exit() -> None:
    """What exit() and quit() call in a lesson's shell."""
    raise RuntimeError("a lesson runs to its end: its cells may not call exit() or quit()")
