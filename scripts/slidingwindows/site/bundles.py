"""The classic scripts that pages load: each script directly in assets/, with all that it imports.

Browsers refuse modules on pages opened from a folder, so esbuild makes one script of each.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..export.files import Entry, digest

# ES2022 is what browsers of the last years run; texts keep their letters.
OPTIONS = ("--bundle", "--format=iife", "--minify", "--charset=utf8", "--target=es2022")
OPTIONS += ('--banner:js="use strict";',)


def esbuild() -> Path:
    """The program itself, which needs no Node to run. Raises SlidingWindowsError without it."""
    packages = Path(sys.prefix, "node_modules", "@esbuild")
    found = [*packages.glob("*/bin/esbuild"), *packages.glob("*/esbuild.exe")]
    if not found:
        raise SlidingWindowsError(f"{packages} holds no esbuild; scripts/node.sh installs it")
    return found[0]


def write_bundles(root: Path, folder: Path) -> list[str]:
    """Write assets/*.js, bundled, into a folder, as far as they are stale; returns their names.

    They are made aside and then renamed, each by itself. Raises SlidingWindowsError with esbuild's
    own words, and writes nothing, if a script has a fault.
    """
    modules = sorted((root / "assets").rglob("*.js"))
    scripts = [path for path in modules if path.parent == root / "assets"]
    if not scripts:
        return []
    parts: list[str | bytes] = [*OPTIONS, (esbuild().parents[1] / "package.json").read_bytes()]
    for path in modules:
        parts += [path.relative_to(root).as_posix(), path.read_bytes()]
    key = digest(*parts)
    entries = {path.name: Entry(folder / "assets", path.stem) for path in scripts}
    if any(entry.state(key) != "fresh" for entry in entries.values()):
        for name, content in _bundled(root, scripts).items():
            entries[name].put(key, {name: content})
    return [f"assets/{name}" for name in entries]


def _bundled(root: Path, scripts: list[Path]) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="slidingwindows-") as scratch:
        command = [str(esbuild()), *OPTIONS, "--log-level=error", "--color=false"]
        command += [f"--outdir={scratch}", *(str(path.relative_to(root)) for path in scripts)]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        if done.returncode:
            raise SlidingWindowsError(f"the site's script was not bundled:\n{done.stderr.strip()}")
        return {path.name: Path(scratch, path.name).read_bytes() for path in scripts}
