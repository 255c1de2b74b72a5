"""A tiny project, and what events.py is called with and calls."""

import logging
from types import SimpleNamespace

import pytest
from tiny_project import built, here, project  # noqa: F401

from slidingwindows.site import events


@pytest.fixture
def told(caplog):
    """What hooks and events have logged so far: (level, words)."""
    caplog.set_level(logging.INFO, "mkdocs.hooks.slidingwindows")
    return lambda: [(record.levelname, record.getMessage()) for record in caplog.records]


@pytest.fixture
def config(tmp_path):
    """A configuration of a project that holds a folder of lessons and nothing else."""
    (tmp_path / "lessons").mkdir()
    theme = SimpleNamespace(dirs=["custom", "material"], custom_dir="custom")
    return SimpleNamespace(
        config_file_path=str(tmp_path / "mkdocs.yml"),
        docs_dir=str(tmp_path / "docs"), site_dir=str(tmp_path / "site"),
        watch=[], theme=theme, site_name="Windows & <more>", site_url="https://a.org/b/",
        extra={"serving": False}, nav=None, plugins="plugins", repo_url="",
        use_directory_urls=True,
    )  # fmt: skip


@pytest.fixture
def calls(monkeypatch):
    """calls(name, result) has a function of events.py note what it is given; an error is raised."""
    made = {}

    def replaced(name, result=None):
        def function(*args, **named):
            made.setdefault(name, []).append((*args, *sorted(named.items())))
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(events, name, function)
        return made

    return replaced
