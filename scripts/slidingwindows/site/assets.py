"""Bundle the scripts of assets/ with esbuild, and fill the figures' colours into its styles.

Browsers refuse modules on pages opened from a folder, so esbuild makes one classic script of each
file directly in assets/, with everything that it imports. What scripts know of torch comes from
torch: the build writes it as a module, '#generated/torch.js'. ``python -m
slidingwindows.site.assets`` writes only that module, for the linters that read scripts.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..course.home import assets_of, home
from ..course.keys import source_key, versions
from ..course.scratch import scratch
from ..course.work import cache_of
from ..drawing.style import ROLES, THEMES
from ..export.files import Entry, digest

COLOURED = (".css", ".svg")
COLOUR = re.compile(rf"\b({'|'.join(THEMES)})\((\w+)\)|\bpalette\((\w+)\)")
LAYER = re.compile(r"^  (\w+): \w+,$", re.M)  # a line of the table RULES in assets/torch/layers.js

TORCH = "#generated/torch.js"  # what modules import it as

# ES2022 is what browsers of the last years run; texts keep their letters.
OPTIONS = ("--bundle", "--format=iife", "--minify", "--charset=utf8", "--target=es2022")
# tsconfig.json is only for the type checks.
OPTIONS += ('--banner:js="use strict";', "--tsconfig-raw={}")


def esbuild() -> Path:
    """The esbuild program, which needs no Node. Raises SlidingWindowsError if there is none."""
    packages = Path(sys.prefix, "node_modules", "@esbuild")
    programs = [*packages.glob("*/bin/esbuild"), *packages.glob("*/esbuild.exe")]
    if not programs:
        raise SlidingWindowsError(f"{packages} holds no esbuild; scripts/node.sh installs it")
    return programs[0]


def write_torch(root: Path) -> str:
    """Write .cache/script/torch.js, which package.json calls '#generated/torch.js', if it is stale.

    Returns its text, empty if there are no layers. Torch is asked in a fork of the process that
    runs lessons, or in a new one, because it would stay loaded in this one. Raises
    SlidingWindowsError if torch does not answer as expected.
    """
    table = home() / "assets" / "torch" / "layers.js"
    if not table.is_file():
        return ""
    names = LAYER.findall(table.read_text("utf-8"))
    entry = Entry(cache_of(root) / "script", "torch")
    key = digest(source_key("tracing.script"), versions("torch"), sys.version, *names)
    if entry.state(key) != "fresh":
        try:
            entry.put(key, {"torch.js": _asked(names)})
        except RuntimeError as error:
            message = f"what scripts need from torch was not written: {error}"
            raise SlidingWindowsError(message) from error
    return (entry.folder / "torch.js").read_text("utf-8")


def _asked(names: list[str]) -> str:
    """The module about these layers. Raises RuntimeError with the last words of a process."""
    from ..course import warm  # which loads what runs notebooks

    waiting = warm.running()
    if waiting:
        with contextlib.suppress(warm.Ended):
            return warm.script(waiting, names)
    command = [sys.executable, "-m", "slidingwindows.tracing.script", *names]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no reason given"])[-1])
    return done.stdout


def write_bundles(root: Path, folder: Path) -> list[str]:
    """Write assets/*.js, bundled, into a folder if they are stale; returns their names.

    Each is written aside and then renamed. Raises SlidingWindowsError with esbuild's
    own words, and writes nothing, if a script has a fault.
    """
    scripts = {name: path for name, path in assets_of(root).items() if path.suffix == ".js"}
    if not scripts:
        return []
    parts: list[str | bytes] = [*OPTIONS, write_torch(root)]
    parts += [(esbuild().parents[1] / "package.json").read_bytes()]
    for place in dict.fromkeys((home() / "assets", root.resolve() / "assets")):
        for path in sorted(place.rglob("*.js")):
            parts += [path.relative_to(place).as_posix(), path.read_bytes()]
    key = digest(*parts)
    entries = {name: Entry(folder / "assets", path.stem) for name, path in scripts.items()}
    if any(entry.state(key) != "fresh" for entry in entries.values()):
        for name, content in _bundled(root, scripts).items():
            entries[name].put(key, {name: content})
    return [f"assets/{name}" for name in entries]


def _bundled(root: Path, scripts: dict[str, Path]) -> dict[str, bytes]:
    root = root.resolve()  # an alias is looked for from the folder that esbuild works in
    with scratch() as folder:
        command = [str(esbuild()), *OPTIONS, "--log-level=error", "--color=false"]
        # The package's own package.json names the same file for a checkout's tools.
        command += [f"--alias:{TORCH}={cache_of(root) / 'script' / 'torch.js'}"]
        command += [f"--outdir={folder}"]
        command += [f"{path.stem}={_from(root, path.resolve())}" for path in scripts.values()]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        if done.returncode:
            raise SlidingWindowsError(f"the site's script was not bundled:\n{done.stderr.strip()}")
        return {name: Path(folder, name).read_bytes() for name in scripts}


def _from(root: Path, path: Path) -> str:
    """A file's path as esbuild tells it in errors: from the project, if it is in there."""
    return f"./{path.relative_to(root)}" if path.is_relative_to(root) else str(path)


def write_coloured(root: Path, folder: Path) -> list[str]:
    """Write assets/*.css and *.svg with the figures' colours into a folder; returns their names.

    Raises SlidingWindowsError for a colour that no figure has.
    """
    names = []
    for path in assets_of(root).values():
        if path.suffix not in COLOURED:
            continue
        text = with_colours(path.read_text("utf-8"), f"assets/{path.name}")
        entry = Entry(folder / "assets", path.stem)
        if entry.state(digest(text)) != "fresh":
            entry.put(digest(text), {path.name: text})
        names.append(f"assets/{path.name}")
    return names


def with_colours(text: str, where: str) -> str:
    """light(ROLE) and dark(ROLE) become '#rrggbb', palette(THEME) all roles: '--fig-ROLE: ...;'.

    where: the file that an error names.
    """

    def colour(match: re.Match[str]) -> str:
        theme, role, whole = match.groups()
        if whole in THEMES:
            pairs = zip(ROLES, THEMES[whole].colours, strict=True)
            return " ".join(f"--fig-{name}: {value};" for name, value in pairs)
        if role not in ROLES:
            raise SlidingWindowsError(f"{where}: no figure has the colour {match[0]}")
        return THEMES[theme].colours[ROLES.index(role)]

    return COLOUR.sub(colour, text)


if __name__ == "__main__":
    write_torch(Path.cwd())
