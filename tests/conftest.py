"""Hooks of every run of the tests."""

from running import (  # noqa: F401
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_ignore_collect,
    pytest_make_collect_report,
    pytest_sessionstart,
    pytest_xdist_make_scheduler,
)
