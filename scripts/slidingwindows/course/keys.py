"""Cache keys from source code: which of this package's files a result depends on, as one digest.

Of each file only the syntax tree without docstrings counts, because no comment changes a result.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

from ..export.files import digest
from .notes import keep, recall
from .syntax import Syntax, syntax

HERE = Path(__file__).parents[1]  # the package
STYLE, COLOUR = "drawing.style", re.compile(r'"#[0-9A-Fa-f]{6}"')  # the module of colours, and one


class Package:
    """A folder of modules as it is now; each file is read once.

    A module is known by its dotted name within the package, such as 'core.trace', a room's
    __init__.py by the room's name, and the package's own by '__init__'.
    """

    def __init__(self, folder: Path):
        self.name, self.paths = folder.name, {}
        for path in folder.rglob("*.py"):
            *rooms, _ = parts = path.relative_to(folder).with_suffix("").parts
            if rooms and parts[-1] == "__init__":
                self.paths.setdefault(".".join(rooms), path)
            else:
                self.paths[".".join(parts)] = path
        self._texts: dict[str, str] = {}
        self._keys: dict[tuple[tuple[str, ...], bool, bool], str] = {}

    def text(self, name: str) -> str:
        """The source of a module."""
        if name not in self._texts:
            self._texts[name] = self.paths[name].read_text("utf-8")
        return self._texts[name]

    def _syntax(self, name: str, text: str) -> Syntax:
        return syntax(text, str(self.paths[name]))

    def imports(self, name: str) -> frozenset[str]:
        """Modules of this package that one imports when it is loaded, so not inside functions."""
        inside = name.split(".") if self.paths[name].name == "__init__.py" else name.split(".")[:-1]
        rooms = () if name == "__init__" else tuple(inside)
        package, result = (self.name, *rooms), set()
        for level, source, names in self._syntax(name, self.text(name)).imports:
            if level > len(package):
                continue
            base = package[: len(package) - level + 1] if level else ()
            top, *inner = [*base, *source.split(".")] if source else base
            if top == self.name:
                module = ".".join(inner)
                parts = [".".join(filter(None, [module, part])) for part in names]
                result |= {part if part in self.paths else module for part in parts}
        return frozenset(result & self.paths.keys())

    def closure(self, *modules: str) -> list[str]:
        """The modules, the rooms they are in and all they import, directly or not, sorted."""
        known, waiting = set(), list(modules)
        while waiting:
            name = waiting.pop()
            if name not in known and name in self.paths:
                known.add(name)
                waiting += [*self.imports(name), name.rpartition(".")[0]]
        return sorted(known)

    def key(self, *modules: str, to_the_letter: bool = False, colours: bool = True) -> str:
        """A key that changes when the code of the modules, or of what they import, changes.

        to_the_letter: comments and docstrings count as well. colours: so do the themes' colours.
        """
        request = (modules, to_the_letter, colours)
        if request not in self._keys:
            parts = []
            for name in self.closure(*modules):
                text = self.text(name)
                if name == STYLE and not colours:
                    text = COLOUR.sub('"#"', text)
                parts += [name, text if to_the_letter else self._syntax(name, text).key]
            self._keys[request] = digest(*parts)
        return self._keys[request]


_steady: list[Package] = []


@contextlib.contextmanager
def steady(cache: Path) -> Iterator[None]:
    """During one build, keep to the package as it was when the build began, and read it once.

    cache: where builds tell the next ones what the sources and lessons say.
    """
    recall(cache)
    _steady.append(Package(HERE))
    try:
        yield
    finally:
        _steady.pop()
        keep(cache)


def is_steady() -> bool:
    """Whether a build is going on that keeps to the package as it was."""
    return bool(_steady)


def _package() -> Package:
    return _steady[-1] if _steady else Package(HERE)


def source_key(*modules: str, to_the_letter: bool = False, colours: bool = True) -> str:
    """A key that changes when the code of the modules, or of what they import, changes.

    to_the_letter: comments and docstrings count as well. colours: so do the themes' colours.
    """
    return _package().key(*modules, to_the_letter=to_the_letter, colours=colours)


@cache
def is_installed(package: str) -> bool:
    """Whether a package of this name is installed."""
    try:
        return bool(metadata.version(package))
    except metadata.PackageNotFoundError:
        return False


@cache
def versions(*packages: str) -> str:
    """Installed versions, one 'name version' per line."""
    return "\n".join(f"{name} {metadata.version(name)}" for name in packages)
