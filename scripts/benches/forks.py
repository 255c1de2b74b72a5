"""Copies of the project of which one file is changed, and forks of this process that test them."""

from __future__ import annotations

import ast
import contextlib
import gc
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from . import ROOT

HUNG = 1800
MOST_MEMORY = 12 << 30
KILLED, SURVIVED, TIMED_OUT, HANGING = "killed", "survived", "killed by its time", "hanging"
NOTHING_RUN = 5  # pytest's exit code; 4 is a conftest.py that a mutant keeps from being imported


class Copy:
    """The project's files, of which one at a time is changed."""

    def __init__(self, folder: Path, project: Path = ROOT, with_cache=False):
        self.folder, self.project = folder, project
        self.root = folder / "project"
        self.plugins: list = []  # of pytest, in each child
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            cwd=project, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        for name in listed.splitlines():
            source = project / name
            if source.is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, self.root / name)  # scripts stay executable
        if with_cache and (project / ".cache").is_dir():
            apart = shutil.ignore_patterns("mutants", "pycache", "lock")
            shutil.copytree(project / ".cache", self.root / ".cache", ignore=apart)
        # A mutant may have the age and length of the original; only its content differs.
        compiling = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode"]
        subprocess.run([*compiling, "checked-hash", str(self.root / "scripts")], check=True)
        self.hits = folder / "hits"  # what a traced test has run
        # What is built in a cache is fresh only for the package as it is, and takes minutes.
        if not with_cache:
            first = self.root / "scripts" / "slidingwindows" / "__init__.py"
            first.write_text(begun_with(first.read_text("utf-8"), TRACER), "utf-8")

    def mutate(self, mutant) -> None:
        (self.root / mutant.path).write_text(mutant.source(), "utf-8")

    def restore(self, mutant) -> None:
        shutil.copyfile(self.project / mutant.path, self.root / mutant.path)


def begun_with(source: str, more: str) -> str:
    """A module that first runs something else, before what it imports; its docstring stays."""
    lines, tree = source.splitlines(keepends=True), ast.parse(source)
    documented = ast.get_docstring(tree) is not None
    lines.insert(tree.body[0].end_lineno if documented else 0, f"exec({more!r})\n")
    return "".join(lines)


# At the beginning of the package's __init__.py, so in every process that a traced child starts: in
# copies of the package, too, and in processes with a cleaned environment, from which variables of
# this name are not removed. Each hit is written at once, for forks end without a word.
VARIABLE = "SLIDINGWINDOWS_MUTANTS"
TRACER = f"""
import os, sys, threading
folder = os.environ.get("{VARIABLE}")
if folder and "mutants_hits" not in sys.modules:
    sys.modules["mutants_hits"] = sys
    PACKAGE, seen = "/scripts/slidingwindows/", set()
    sys.mutants_seen = seen
    file = os.open(os.path.join(folder, str(os.getpid())), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    def called(frame, event, argument, PACKAGE=PACKAGE, seen=seen, file=file, write=os.write):
        code = frame.f_code
        if code not in seen:
            seen.add(code)
            if PACKAGE in code.co_filename:
                module = code.co_filename.rsplit(PACKAGE, 1)[1].removesuffix(".py")
                name = code.co_qualname.split(".<locals>.<")[0]
                hit = module + ":" + ("" if name.startswith("<") else name)
                try:
                    write(file, (hit + "\\n").encode())
                except OSError:
                    pass
    sys.settrace(called)
    threading.settrace(called)
"""


class Fork:
    """A child of this process: how it has ended, and what it has used."""

    def __init__(self, function, log: Path):
        import hypothesis  # noqa: F401  what most tests need is imported before the fork
        import numpy  # noqa: F401
        import PIL.Image  # noqa: F401
        import pytest  # noqa: F401
        import torch  # noqa: F401

        self.code, self.begun, self.log = None, time.monotonic(), log
        self.seconds = 0.0  # of processor time, once it has ended
        gc.freeze()  # so that no child scans all of torch's objects whenever pytest cleans up
        sys.stdout.flush()
        self.process = os.fork()
        if not self.process:
            code = 3
            try:
                os.setsid()
                with open(log, "wb") as output:
                    os.dup2(output.fileno(), 1)
                    os.dup2(output.fileno(), 2)
                code = function()
            finally:
                os._exit(code)

    def ended(self, hung: float = HUNG) -> bool:
        if self.code is None:
            process, status, used = os.wait4(self.process, os.WNOHANG)
            if process:
                self.code = os.waitstatus_to_exitcode(status)
                self.seconds = used.ru_utime + used.ru_stime
            elif time.monotonic() - self.begun > hung:
                self.kill()
                os.waitpid(self.process, 0)
                self.code = HANGING
            if self.code is not None:
                self.kill()  # what tests may have left behind
        return self.code is not None

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process, signal.SIGKILL)

    def result(self) -> str:
        if self.code == NOTHING_RUN:
            raise SystemExit(self.log.read_text("utf-8", "replace"))
        if self.code == HANGING:
            return HANGING
        if self.code in (-signal.SIGXCPU, -signal.SIGKILL):
            return TIMED_OUT
        return KILLED if self.code else SURVIVED


class Child(Fork):
    """A fork that runs some tests of a copy, files or single ones, until one fails."""

    def __init__(self, copy: Copy, tests: list[str], seconds: float = 0, plugins=(), traced=False):
        self.copy = copy

        def function():
            prepare(copy, traced)
            limit(seconds)
            if traced:
                import slidingwindows  # noqa: F401  which begins to trace
            code = run_pytest(["-x", *tests], [*plugins, *copy.plugins])
            sys.settrace(None)
            return code

        super().__init__(function, copy.folder / "output.txt")


def prepare(copy: Copy, traced=False) -> None:
    """Make this process one of the copy: its folder, its package, its environment."""
    os.chdir(copy.root)
    scripts = str(copy.root / "scripts")
    ours = copy.project / "scripts"
    sys.path[:] = [scripts, *(p for p in sys.path if p and Path(p).resolve() != ours)]
    for name in [name for name in sys.modules if name.split(".")[0] == "benches"]:
        del sys.modules[name]
    # Compiled tests are reused by the next child; the package's are checked by content.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPATH"] = scripts
    if traced:
        copy.hits.mkdir()
        os.environ[VARIABLE] = str(copy.hits)


def limit(seconds: float) -> None:
    """End this process after so much processor time, or when it takes all memory; 0: never."""
    if seconds:
        used = resource.getrusage(resource.RUSAGE_SELF)
        end = int(used.ru_utime + used.ru_stime + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (end, end + 9))
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))


def run_pytest(arguments: list[str], plugins=()) -> int:
    import hypothesis
    import pytest

    # Only whether a sweep fails counts, so no example is shrunk.
    wanted = [one for one in hypothesis.Phase if one.name in ("explicit", "generate")]
    hypothesis.settings.register_profile("mutants", phases=wanted, database=None)
    hypothesis.settings.load_profile("mutants")
    return int(pytest.main(["-q", "-p", "no:cacheprovider", *arguments], plugins=[*plugins]))
