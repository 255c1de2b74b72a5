"""Which of this package's own files a result depends on, as one content key."""

from __future__ import annotations

import ast
from functools import cache
from importlib import metadata
from pathlib import Path

from ..export.files import digest

HERE = Path(__file__).parents[1]  # the package


def path_of(name: str) -> Path | None:
    """A module's file by its dotted name within the package, such as 'core.trace', if there is one.

    A room's own file is called by the room's name, the package's own '__init__'.
    """
    place = HERE.joinpath(*name.split("."))
    files = (place.with_name(f"{place.name}.py"), place / "__init__.py")
    return next((path for path in files if path.is_file()), None)


def imports_of(path: Path) -> frozenset[str]:
    """Modules of this package that a file imports as it loads; imports inside functions wait."""
    rooms = path.relative_to(HERE).parts[:-1]
    found = set()
    for module, names in _imports(path.read_text("utf-8"), (HERE.name, *rooms)):
        parts = [".".join(filter(None, [module, name])) for name in names]
        found |= {part if path_of(part) else module for part in parts}
    return frozenset(name for name in found if name and path_of(name))


@cache
def _imports(source: str, package: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    """(module, names) of each import from this package. package: where the source is."""
    found = []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ImportFrom) or node.level > len(package):
            continue
        base = package[: len(package) - node.level + 1] if node.level else ()
        parts = [*base, *(node.module.split(".") if node.module else ())]
        if parts[0] == package[0]:
            found.append((".".join(parts[1:]), [alias.name for alias in node.names]))
    return found


def closure(*modules: str) -> list[str]:
    """The modules, the rooms they are in and all they import, directly or not, sorted."""
    known, waiting = set(), list(modules)
    while waiting:
        name = waiting.pop()
        path = path_of(name)
        if name not in known and path:
            known.add(name)
            room = name.rpartition(".")[0]
            waiting += [*imports_of(path), *([room] if room else [])]
    return sorted(known)


def source_key(*modules: str) -> str:
    """A key that changes when the source of the modules, or of what they import, changes."""
    parts = []
    for name in closure(*modules):
        parts += [name, path_of(name).read_bytes()]
    return digest(*parts)


@cache
def versions(*packages: str) -> str:
    """Installed versions, one 'name version' a line."""
    return "\n".join(f"{name} {metadata.version(name)}" for name in packages)
