"""Date and time of the last commit, for pages and sitemap, so that builds are reproducible."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path


def commit_time(root: Path) -> str:
    """The time of the last commit in seconds since 1970; empty outside a repository.

    SOURCE_DATE_EPOCH takes precedence over git, as reproducible-builds.org specifies.
    """
    seconds = os.environ.get("SOURCE_DATE_EPOCH", "")
    if seconds.isdecimal():
        return seconds
    seconds = _of_last_commit(root, "%ct")
    return seconds if seconds.isdecimal() else ""


def commit_of(root: Path) -> str:
    """The last commit's full name; empty outside a repository."""
    return _of_last_commit(root, "%H")


def commit_day(root: Path) -> str:
    """The day of the last commit, 'YYYY-MM-DD' in UTC; empty outside a repository."""
    seconds = commit_time(root)
    return datetime.fromtimestamp(int(seconds), UTC).date().isoformat() if seconds else ""


def _of_last_commit(root: Path, what: str) -> str:
    """what: a placeholder of git's --format."""
    command = ["git", "-C", str(root), "log", "-1", f"--format={what}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
