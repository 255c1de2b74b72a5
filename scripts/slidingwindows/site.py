"""Build the whole site aside, strictly, and put it in place only if it is good."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .errors import SlidingWindowsError
from .prepare import cache_of, prepare
from .site_checks import check_site


def build(root: Path, keep: bool = True) -> None:
    """Write root/site; without ``keep``, look through the finished site and throw it away.

    An error leaves the last good site as it was.
    """
    begun = time.perf_counter()
    prepare(root)
    try:
        aside = Path(tempfile.mkdtemp(prefix="site-", dir=cache_of(root)))
    except OSError as error:
        raise SlidingWindowsError(
            f"{cache_of(root)} cannot be written: {error.strerror}"
        ) from error
    try:
        # Not --quiet: with it MkDocs overlooks its own warnings, and --strict passes everything.
        command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
        # Material's notice of its end in 2027 is in the README; every build need not repeat it.
        quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
        done = subprocess.run(
            [*command, "--site-dir", str(aside)],
            cwd=root,
            env=quiet,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode:
            lines = [line for line in done.stdout.splitlines() if not line.startswith("INFO")]
            raise SlidingWindowsError("\n".join(["the site was not built:", *filter(None, lines)]))
        if not keep:
            check_site(aside, _address(root))
        files = [path for path in aside.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 1e6
        if keep:
            _swap(aside, root / "site")
        seconds = time.perf_counter() - begun
        where = "site/" if keep else "checked, not kept:"
        print(f"{where} {len(files)} files, {size:.1f} MB, {seconds:.1f} s")
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _address(root: Path) -> str:
    """What absolute links of the site begin with."""
    from mkdocs.config import load_config

    return load_config(str(root / "mkdocs.yml")).site_url or ""


def _swap(new: Path, place: Path) -> None:
    """Put new in the place of what stands there, or leave that as it is."""
    old = new.with_name(new.name + ".old")
    try:
        os.chmod(new, 0o755)
        if place.exists():
            os.rename(place, old)
        try:
            os.rename(new, place)
        except OSError:
            if old.exists():
                os.rename(old, place)
            raise
    except OSError as error:
        raise SlidingWindowsError(f"{place} cannot be written: {error.strerror}") from error
    shutil.rmtree(old, ignore_errors=True)
