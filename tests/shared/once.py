"""Things made once per test run, however many processes share them."""

import fcntl
import os
import shutil
import traceback
from pathlib import Path

import pytest


def shared(tmp_path_factory) -> Path:
    """The temporary folder that all processes of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def once(tmp_path_factory, name, make) -> Path:
    """The folder ``name``, filled by ``make(folder)``: by the first process; others wait.

    The folder is empty and at its final place while ``make`` works. What ``make`` has to tell
    goes into files. If it fails, everyone who asks gets an AssertionError of the same words,
    and nobody tries again. If its process is killed, the next one begins from an empty folder.
    """
    folder = shared(tmp_path_factory) / name
    made, failed = folder.with_name(f"{name}.made"), folder.with_name(f"{name}.failed")
    with open(folder.with_name(f"{name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists() and not failed.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                make(folder)
                made.touch()
            except (Exception, pytest.fail.Exception):
                failed.write_text(traceback.format_exc(), "utf-8")
    if failed.exists():
        raise AssertionError(f"{name} could not be made:\n{failed.read_text('utf-8')}")
    return folder
