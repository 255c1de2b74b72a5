"""Hooks of every run, one torch thread per process, and one address for the built site."""

import contextlib
import os
import tempfile
from pathlib import Path

import pytest
from running import (  # noqa: F401
    pytest_addoption,
    pytest_collection,
    pytest_collection_modifyitems,
    pytest_ignore_collect,
    pytest_make_collect_report,
    pytest_runtest_setup,
    pytest_runtest_teardown,
    pytest_sessionstart,
    pytest_xdist_make_scheduler,
)

from slidingwindows.site.browser import served

# Torch's threads wait for each other by spinning, which costs ten times as much as these small
# tensors need, and more on a busy machine. Workers and builds that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Memory of large tensors and pictures is kept for the next ones. To give it back and fault it in
# again, page by page, takes a quarter of a lesson's training. The C library reads these names when
# a process starts, so they hold for workers and for what tests start.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(2**28))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2**29))


def pytest_configure(config):
    """Serves a folder, empty yet, until the run ends; the tests that need the site fill it.

    The site is built for the address that it is read at, and that is one port for all workers.
    """
    if hasattr(config, "workerinput"):
        return
    stack = contextlib.ExitStack()
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sliding-windows-"))
    address = stack.enter_context(served(Path(folder)))
    config.site_at = {"site_folder": folder, "site_address": address}
    config.add_cleanup(stack.close)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """pytest-xdist starts a worker: it is told where the site is."""
    node.workerinput.update(node.config.site_at)


@pytest.fixture(scope="session")
def site_at(request) -> dict:
    """site_folder and site_address, of the one server of this run."""
    config = request.config
    return config.workerinput if hasattr(config, "workerinput") else config.site_at
