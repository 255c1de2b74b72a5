"""Commands run in this process, which has torch already, or in one of their own."""

import shlex
import subprocess
import sys
from typing import NamedTuple

import pytest

from slidingwindows.__main__ import main


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """run('draw ...') or run('draw', ...): in this process, in a folder that is empty at first."""
    monkeypatch.chdir(tmp_path)

    def started(*arguments: str) -> Ran:
        words = shlex.split(arguments[0]) if len(arguments) == 1 else list(arguments)
        capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as left:
            code = left.code
        return Ran(code, *capsys.readouterr())

    return started


@pytest.fixture
def refused(run, tmp_path):
    """The same for what must fail: exit code 2, one line, no file. Returns the line."""

    def started(*arguments: str) -> str:
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        ran = run(*arguments)
        assert (ran.code, ran.out) == (2, ""), ran
        assert ran.err.startswith("error: ") and ran.err.count("\n") == 1, ran.err
        assert len(ran.err) < 700
        after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        assert after == before
        return ran.err[7:-1]

    return started


@pytest.fixture
def shell(tmp_path):
    """A command line for a real shell, in which `slidingwindows` is `python -m slidingwindows`."""

    def started(line: str, **options) -> subprocess.CompletedProcess:
        line = line.replace("python -m slidingwindows", f"{sys.executable} -m slidingwindows")
        return subprocess.run(
            ["bash", "-c", line],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=900,  # seconds, after which it hangs
            **options,
        )

    return started
