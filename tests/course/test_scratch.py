"""Folders for temporary files: what a killed build left goes with the next, and nothing else."""

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from slidingwindows.course import scratch

BUILD = """
import os, sys
from slidingwindows.course.scratch import new_folder
print(new_folder(), flush=True)
sys.stdin.read()
"""


def test_what_a_killed_build_left_goes_with_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    foreign = tmp_path / "slidingwindows-foreign"  # of whom nobody knows whether he lives
    foreign.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", BUILD],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as build:
        theirs = tmp_path / os.path.basename(build.stdout.readline().strip())
        mine = scratch.new_folder()
        scratch.sweep()
        assert set(tmp_path.iterdir()) == {foreign, theirs, mine}
        build.send_signal(signal.SIGKILL)
    scratch.sweep()
    assert set(tmp_path.iterdir()) == {foreign, mine}
    scratch.remove(mine)
    assert set(tmp_path.iterdir()) == {foreign}


def test_a_folder_is_gone_afterwards(tmp_path):
    with scratch.scratch(str(tmp_path)) as folder:
        assert os.path.dirname(folder) == str(tmp_path) and os.path.isfile(f"{folder}/.lock")
    assert not list(tmp_path.iterdir())


def is_free(folder):
    """Whether another process could take a folder's lock."""
    with open(folder / ".lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def test_a_new_folder_is_locked_until_it_is_removed(tmp_path):
    folder = scratch.new_folder(str(tmp_path))
    assert folder.parent == tmp_path and folder.name.startswith("slidingwindows-")
    assert [path.name for path in folder.iterdir()] == [".lock"] and not is_free(folder)
    lock = scratch._locks[folder]
    scratch.remove(folder)
    assert not folder.exists() and folder not in scratch._locks and lock.closed
    scratch.remove(folder)  # which is gone
    (tmp_path / "other").mkdir()
    scratch.remove(tmp_path / "other")  # which nobody locked
    assert not list(tmp_path.iterdir())
    with open(tmp_path / "a", "w") as one, open(tmp_path / "a") as other:
        assert scratch._take(one) is True and scratch._take(other) is False


def test_the_common_folder_goes_with_its_process(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    at_exit = []
    monkeypatch.setattr(scratch.atexit, "register", at_exit.append)
    scratch.common.cache_clear()
    try:
        folder = scratch.common()
        assert folder.parent == tmp_path and scratch.common() == folder and len(at_exit) == 1
        with monkeypatch.context() as fork:
            fork.setattr(os, "getpid", lambda: 1)
            at_exit[0]()
        assert folder.is_dir()
        at_exit[0]()
        assert not folder.exists()
    finally:
        scratch.common.cache_clear()


def test_what_is_swept(tmp_path, monkeypatch):
    """Here and in /tmp, wherever temporary files are: what has a lock that nobody holds."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "slidingwindows-left"
    below = Path(tempfile.mkdtemp(prefix="slidingwindows-", dir="/tmp"))
    names = "slidingwindows-held", "slidingwindows-bare", "windows"
    held, bare, other = (tmp_path / name for name in names)
    for folder in (left, held, other):
        folder.mkdir()
        (folder / ".lock").touch()
    (below / ".lock").touch()
    (left / "more").mkdir()
    bare.mkdir()
    own = scratch.new_folder()
    with open(held / ".lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        scratch.sweep()
        assert set(tmp_path.iterdir()) == {held, bare, other, own}
        assert not below.exists() and not is_free(own)
    scratch.sweep()
    assert set(tmp_path.iterdir()) == {bare, other, own}
    scratch.remove(own)
