"""Folders for temporary files: what a killed build left goes with the next, and nothing else."""

import os
import signal
import subprocess
import sys
import tempfile

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
