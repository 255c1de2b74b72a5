"""Which of this package's own files a result depends on, as one content key."""

from __future__ import annotations

import ast
from functools import cache
from importlib import metadata
from pathlib import Path

from .artefacts import digest

HERE = Path(__file__).parent


def imports_of(path: Path) -> frozenset[str]:
    """Modules of this package that a file imports as it loads; imports inside functions wait."""
    return _imports(path.read_text("utf-8"))


@cache
def _imports(source: str) -> frozenset[str]:
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            found |= {node.module} if node.module else {alias.name for alias in node.names}
    return frozenset(name.split(".")[0] for name in found)


def closure(*modules: str) -> list[str]:
    """The modules and all they import, directly or not, sorted."""
    known, waiting = set(), list(modules)
    while waiting:
        name = waiting.pop()
        if name not in known and (HERE / f"{name}.py").exists():
            known.add(name)
            waiting += imports_of(HERE / f"{name}.py")
    return sorted(known)


def source_key(*modules: str) -> str:
    """A key that changes when the source of the modules, or of what they import, changes."""
    parts = []
    for name in closure(*modules):
        parts += [name, (HERE / f"{name}.py").read_bytes()]
    return digest(*parts)


@cache
def versions(*packages: str) -> str:
    """Installed versions, one 'name version' a line."""
    return "\n".join(f"{name} {metadata.version(name)}" for name in packages)
