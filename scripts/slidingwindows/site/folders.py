"""A folder of files: written aside, then renamed, so that there is never half of one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from ..core.errors import SlidingWindowsError


def write_folder(folder: Path, files: Mapping[str, bytes | Path]) -> None:
    """Put a folder in place, whole or not at all, of what was there; without files there is none.

    files: by path within it, their content, or the file that holds it. Raises SlidingWindowsError,
    and leaves the folder as it was.
    """
    aside, old = (folder.with_name(f".{folder.name}.{end}") for end in ("new", "old"))
    try:
        for left in (aside, old):
            if left.exists():
                shutil.rmtree(left)
        for name, content in files.items():
            path = aside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                shutil.copyfile(content, path)
        if folder.exists():
            folder.rename(old)
        if files:
            try:
                aside.rename(folder)
            except OSError:
                if old.exists():
                    old.rename(folder)
                raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise SlidingWindowsError(f"{folder} cannot be written: {reason}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
