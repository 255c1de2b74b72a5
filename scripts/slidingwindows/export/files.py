"""Files written whole or not at all; the build's cache, entries missing, stale or fresh; zips.

Freshness goes by content, never by modification time: a manifest beside the
files holds the key of what they were made from and a digest of each file.
A damaged, truncated or foreign entry is simply stale. One process computes a
file's digest again only if the system tells of any change to it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TypedDict

from ..core.errors import SlidingWindowsError

FORMATS = ("gif", "png", "webp", "apng", "zip", "json", "txt")  # of a figure; see encoding.py
ASIDE = ".aside."  # prefix of files that are not finished


def digest(*parts: str | bytes) -> str:
    """A content key; parts are kept apart, so ('ab', 'c') differs from ('a', 'bc')."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


SETTLED = 10**9  # nanoseconds after which the system's clock, in ticks, tells of the next change
_known: dict[Path, tuple[tuple[int, ...], str]] = {}


def digest_of(path: Path) -> str:
    """digest() of a file; of one that has not changed since, what it was the last time."""
    now, told = time.time_ns(), path.stat()
    marks = told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns
    known = _known.get(path)
    if known and known[0] == marks:
        return known[1]
    found = digest(path.read_bytes())
    if now - max(marks[2:]) > SETTLED:
        _known[path] = marks, found
    return found


def write(path: Path, data: str | bytes) -> bool:
    """Put a file in place whole or not at all; returns whether its content changed."""
    data = data.encode() if isinstance(data, str) else data
    mode = 0o644
    try:
        mode = path.stat().st_mode & 0o777
        if path.read_bytes() == data:
            return False
    except OSError:
        pass
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=ASIDE)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(aside, mode)
            os.replace(aside, path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise SlidingWindowsError(f"{path} cannot be written: {reason}") from error
    return True


class Manifest(TypedDict):
    """A manifest: what the files were made from, and a digest of each file."""

    key: str
    files: dict[str, str]


class Entry:
    """The files of one artefact, ``folder/name*``, and their manifest ``folder/name.made``."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.manifest = folder / f"{name}.made"

    def state(self, key: str) -> str:
        """'missing', 'stale' or 'fresh'."""
        manifest = self._read()
        if manifest is None:
            return "stale" if self.manifest.exists() else "missing"
        return "fresh" if manifest["key"] == key and self.intact() else "stale"

    def intact(self) -> bool:
        """True if every file is there as it was written, whatever it was made from."""
        manifest = self._read()
        try:
            return manifest is not None and all(
                digest_of(self.folder / file) == expected
                for file, expected in manifest["files"].items()
            )
        except OSError:
            return False

    def key(self) -> str:
        """What the files were made from; empty if no manifest can be read."""
        manifest = self._read()
        return manifest["key"] if manifest else ""

    def files(self) -> list[Path]:
        """What the manifest names; empty if there is none that can be read."""
        manifest = self._read()
        return [self.folder / file for file in manifest["files"]] if manifest else []

    def put(self, key: str, files: dict[str, str | bytes]) -> None:
        """Write all files, then the manifest: a build killed between is stale, never wrong.

        Raises SlidingWindowsError, and writes nothing, for a file that is not this entry's own.
        """
        strange = [file for file in files if not self._own(file)]
        if strange:
            raise SlidingWindowsError(f"{strange[0]!r} is not a file of the artefact {self.name!r}")
        old = {path.name for path in self.files()}
        for file, data in files.items():
            write(self.folder / file, data)
        sums = {file: digest(files[file]) for file in sorted(files)}
        write(self.manifest, json.dumps({"key": key, "files": sums}, indent=1))
        for file in old - set(files):
            (self.folder / file).unlink(missing_ok=True)

    def _own(self, file: str) -> bool:
        ours = file.startswith(f"{self.name}.") and file.isprintable()
        return ours and Path(file).name == file != self.manifest.name

    def _read(self) -> Manifest | None:
        try:
            manifest: Manifest = json.loads(self.manifest.read_text("utf-8"))
            good = isinstance(manifest["files"], dict) and isinstance(manifest["key"], str)
            # A manifest from elsewhere may not reach outside its folder, nor touch other entries.
            safe = all(self._own(file) for file in manifest["files"])
            return manifest if good and safe else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date in a zip
PACKED = (".gif", ".png", ".whl", ".zip")


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of these files, without dates of today, so that the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            stored = name.endswith(PACKED)
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return buffer.getvalue()
