"""How the theme's templates are found and kept: without what no build asks for."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader


class Seen(FileSystemLoader):
    """Lists no hidden files, of which Material has ten thousand: its icons.

    MkDocs would leave them out one by one. Templates find them by their names as ever.
    """

    def list_templates(self) -> list[str]:
        """The names of all templates and other files of the theme, sorted."""
        found = set()
        for top in map(os.fspath, self.searchpath):
            for folder, folders, names in os.walk(top, followlinks=self.followlinks):
                folders[:] = [name for name in folders if not name.startswith(".")]
                below = os.path.relpath(folder, top).replace(os.sep, "/")
                prefix = "" if below == "." else f"{below}/"
                found.update(f"{prefix}{name}" for name in names if not name.startswith("."))
        return sorted(found)


def quicker(theme, compiled: Path) -> None:
    """Have a theme of MkDocs's list what can be shown, and keep its templates compiled.

    compiled: a folder for them.
    """
    plain = theme.get_env

    def get_env() -> Environment:
        env = plain()
        env.loader = Seen(env.loader.searchpath)
        with contextlib.suppress(OSError):  # the preparation says what is wrong with the cache
            compiled.mkdir(parents=True, exist_ok=True)
            env.bytecode_cache = FileSystemBytecodeCache(str(compiled))
        return env

    theme.get_env = get_env
