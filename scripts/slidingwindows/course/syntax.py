"""What a Python source says, comments and docstrings apart; kept from build to build.

Reading the syntax trees of a hundred modules takes more time than all else that a build with
little to do does, and most modules are as they were. So what was found is kept by content.
"""

from __future__ import annotations

import ast
import sys
from typing import NamedTuple

from ..core.errors import SlidingWindowsError
from ..export.files import digest
from .notes import Notes


class Syntax(NamedTuple):
    """imports: (level, module, names) of each `from` at the top of the source. key: of the code."""

    imports: list[tuple[int, str, list[str]]]
    key: str


def _holds(value: object) -> bool:
    match value:
        case [list(imports), str()]:
            return all(isinstance(one, list) and len(one) == 3 for one in imports)
    return False


NOTES: Notes[list] = Notes("syntax.json", _holds)


def syntax(source: str, file: str = "<unknown>") -> Syntax:
    """What a source says. Raises SlidingWindowsError, naming file and line, if it is not Python."""
    imports, key = NOTES.of(digest(sys.version, source), lambda: _read(source, file))
    return Syntax([(level, module, names) for level, module, names in imports], key)


def _read(source: str, file: str) -> list:
    try:
        tree = ast.parse(source, file)
    except SyntaxError as error:
        raise SlidingWindowsError(f"{file}, line {error.lineno}: {error.msg}") from error
    found = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    imports = [[n.level, n.module or "", [alias.name for alias in n.names]] for n in found]
    return [imports, code_key(tree)]


def code_key(tree: ast.AST) -> str:
    """A digest of what code does: its syntax tree without docstrings and other unused strings."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _idle(part)]
    return digest(ast.dump(tree))


def _idle(node: ast.AST) -> bool:
    """Whether a statement is just a string, such as a docstring."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
