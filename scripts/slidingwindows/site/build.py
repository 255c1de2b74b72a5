"""`make site`: build the whole site aside, strictly, and swap it in only if nothing failed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..course.work import cache_of
from .unchanged import inputs_key, is_built, note_built


def build(root: Path, keep: bool = True) -> None:
    """Write root/site; without ``keep``, check the finished site and throw it away.

    A site that is as it would be written is left alone. After an error the last good site is still
    in place.
    """
    begun = time.perf_counter()
    inputs = inputs_key(root) if keep else ""
    if is_built(root, inputs):
        _tell("site/ is up to date:", root / "site", begun)
        return
    from ..course.prepare import EXECUTED, prepare  # an up-to-date site needs neither
    from ..course.settings import settings_of
    from .assets import write_bundles

    def ahead() -> None:
        """What other programs do in the meantime. What they refuse, MkDocs will say."""
        if not (cache_of(root) / EXECUTED).exists():  # all lessons will run
            from ..course.execution import warm_up_unread

            warm_up_unread(root / "lessons")
        write_bundles(root, cache_of(root) / "play")

    with _mkdocs(root) as mkdocs, ThreadPoolExecutor(1) as pool:
        settings_of(root)  # raises before anything is made
        pool.submit(ahead)
        prepare(root)
        pool.submit(_let_go)
        aside, claim = _aside(root)
        try:
            # Not --quiet: with it MkDocs ignores its own warnings, so --strict would pass all.
            arguments = ["build", "--strict", "--site-dir", str(aside)]
            told, _ = mkdocs.communicate(json.dumps(arguments) + "\n")
            if mkdocs.returncode:
                lines = [line for line in told.splitlines() if not line.startswith("INFO")]
                message = "\n".join(["the site was not built:", *filter(None, lines)])
                raise SlidingWindowsError(message)
            if keep:
                _swap(aside, root / "site")
                note_built(root, inputs)
                _tell("site/", root / "site", begun)
            else:
                from .checks import check_site

                check_site(aside, _address(root))
                _tell("checked, not kept:", aside, begun)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
            if claim is not None:
                os.close(claim)


@contextlib.contextmanager
def _mkdocs(root: Path) -> Iterator[subprocess.Popen[str]]:
    """MkDocs in a process that imports what it needs, and then waits for its arguments."""
    # The README mentions that Material's support ends in 2027; builds need not repeat it.
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "slidingwindows.site.mkdocs"],
        cwd=root,
        env=quiet,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _let_go() -> None:
    """End the process that ran lessons, if any did: it takes a moment, in which MkDocs goes on."""
    if warm := sys.modules.get("slidingwindows.course.warm"):
        warm.close()


def _tell(what: str, site: Path, begun: float) -> None:
    files = [path for path in site.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    seconds = time.perf_counter() - begun
    print(f"{what} {len(files)} files, {size:.1f} MB, {seconds:.1f} s")


def _aside(root: Path) -> tuple[Path, int | None]:
    """A new folder in the cache, and the claim on it; what killed builds left behind is removed."""
    from ..course.prepare import one_at_a_time

    cache = cache_of(root)
    try:
        with one_at_a_time(cache, print):
            for left in sorted(cache.glob("site-*")):
                claim = _claim(left)
                if claim is None:
                    continue
                if left.suffix == ".old" and not (root / "site").exists():
                    os.rename(left, root / "site")  # killed between the two steps of _swap()
                shutil.rmtree(left, ignore_errors=True)
                os.close(claim)
            aside = Path(tempfile.mkdtemp(prefix="site-", dir=cache))
            return aside, _claim(aside)
    except OSError as error:
        raise SlidingWindowsError(f"{cache} cannot be written: {error.strerror}") from error


def _claim(folder: Path) -> int | None:
    """An open handle that marks a folder as in use; None if a running build holds one.

    The system releases the claim of a build that was killed.
    """
    try:
        import fcntl
    except ImportError:  # Windows: nothing can be claimed, so nothing is removed
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _address(root: Path) -> str:
    """The prefix of the site's absolute links."""
    from mkdocs.config import load_config

    return load_config(str(root / "mkdocs.yml")).site_url or ""


def _swap(new: Path, place: Path) -> None:
    """Replace a folder with a new one; on an error, the old one stays."""
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
