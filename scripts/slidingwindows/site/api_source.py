"""A package's public names, read from its source as text; nothing is imported."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..core.errors import SlidingWindowsError
from .api_signature import Signatures


@dataclass(frozen=True)
class Entry:
    """A public name. kind: 'function', 'class', 'error', 'value', 'method' or 'property'.

    parameters: the names that its docstring explains. members: public methods
    and properties of a class, in the order of the source.
    """

    name: str
    module: str
    kind: str
    signature: str
    docstring: str
    parameters: tuple[str, ...] = ()
    members: tuple[Entry, ...] = ()


class Package:
    """The source folder of one package."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._modules: dict[str, tuple[ast.Module, Signatures]] = {}

    def module(self, name: str) -> tuple[ast.Module, Signatures]:
        """A module's syntax tree and signatures. Raises SlidingWindowsError if there is none."""
        if name not in self._modules:
            try:
                text = (self.folder / _file(name)).read_text("utf-8")
                self._modules[name] = ast.parse(text), Signatures(text)
            except (OSError, SyntaxError, ValueError) as error:
                raise SlidingWindowsError(f"{_file(name)} cannot be read: {error}") from error
        return self._modules[name]

    @cached_property
    def public(self) -> list[str]:
        """``__all__``."""
        for node in self.module("__init__")[0].body:
            if _assigned(node) == "__all__":
                return ast.literal_eval(node.value)
        raise SlidingWindowsError(f"{self.folder.name}/__init__.py has no __all__")

    @cached_property
    def homes(self) -> dict[str, str]:
        """The module of each name that ``__init__`` imports, at once or when it is asked for.

        The latter stand in a dictionary of names and modules.
        """
        found = {}
        for node in self.module("__init__")[0].body:
            if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
                found |= {alias.asname or alias.name: node.module for alias in node.names}
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
                found |= ast.literal_eval(node.value)
        return found

    def entry(self, name: str) -> Entry:
        """A name of ``__all__``, or 'module.name'. Raises SlidingWindowsError if there is none.

        A public module may only import the name from where it is made.
        """
        module, _, own = name.rpartition(".")
        module = module or self.homes.get(own, "__init__")
        return self._entry(module, own, module)

    def _entry(self, module: str, own: str, source: str) -> Entry:
        """module: where readers import the name from. source: where to look for it."""
        tree, signatures = self.module(source)
        for node, following in zip(tree.body, [*tree.body[1:], None], strict=True):
            if isinstance(node, ast.FunctionDef) and node.name == own:
                return _function(node, module, signatures)
            if isinstance(node, ast.ClassDef) and node.name == own:
                return _class(node, module, signatures)
            if _assigned(node) == own:
                words = ast.get_docstring(ast.Module([following], [])) if following else ""
                return Entry(own, module, "value", signatures.text(node), words or "")
            if _imports(node, own):
                room = source.split(".")[: -node.level]
                return self._entry(module, own, ".".join([*room, node.module]))
        raise SlidingWindowsError(f"there is no {own!r} in {self.folder.name}/{_file(source)}")


def _file(module: str) -> str:
    return f"{module.replace('.', '/')}.py"


def _imports(node: ast.stmt, name: str) -> bool:
    """Whether a statement takes a name out of another module of the package."""
    inside = isinstance(node, ast.ImportFrom) and node.level and node.module
    return bool(inside) and name in {alias.asname or alias.name for alias in node.names}


def _assigned(node: ast.stmt) -> str:
    plain = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    return node.targets[0].id if plain else ""


def _function(node: ast.FunctionDef, module: str, signatures: Signatures) -> Entry:
    own = signatures.function(node)
    docstring = ast.get_docstring(node) or ""
    return Entry(node.name, module, "function", node.name + own.block(), docstring, own.names)


def _class(node: ast.ClassDef, module: str, signatures: Signatures) -> Entry:
    own = signatures.made_from(node)
    bases = [signatures.text(base) for base in node.bases]
    kind = "error" if any(base.endswith(("Error", "Exception")) for base in bases) else "class"
    members = tuple(
        _member(node.name, child, module, signatures)
        for child in node.body
        if isinstance(child, ast.FunctionDef) and not child.name.startswith("_")
    )
    docstring = ast.get_docstring(node) or ""
    return Entry(node.name, module, kind, node.name + own.block(), docstring, own.names, members)


def _member(owner: str, node: ast.FunctionDef, module: str, signatures: Signatures) -> Entry:
    docstring = ast.get_docstring(node) or ""
    marks = signatures.decorators(node)
    own = signatures.function(node, method=True)
    if marks & {"property", "cached_property"}:
        text = f"{node.name}: {own.returns}" if own.returns else node.name
        return Entry(node.name, module, "property", text, docstring)
    front = f"{owner}." if marks & {"classmethod", "staticmethod"} else ""
    text = f"{front}{node.name}{own.line()}"
    return Entry(node.name, module, "method", text, docstring, own.names)
