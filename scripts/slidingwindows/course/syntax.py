"""What a Python source says, comments and docstrings apart; kept from build to build.

Reading the syntax trees of a hundred modules takes more time than all else that a build with
little to do does, and most modules are as they were. So what was found is kept by content.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import NamedTuple

from ..core.errors import SlidingWindowsError
from ..export.files import digest, write

FILE = "syntax.json"
MOST = 1000  # sources that are kept; beyond, only those of the last build


class Syntax(NamedTuple):
    """imports: (level, module, names) of each `from` at the top of the source. key: of the code."""

    imports: list[tuple[int, str, list[str]]]
    key: str


_known: dict[str, Syntax] = {}
_used: set[str] = set()
_kept: set[str] = set()


def syntax(source: str) -> Syntax:
    """What a source says. Raises SyntaxError if that is not Python."""
    name = digest(sys.version, source)
    _used.add(name)
    if name not in _known:
        tree = ast.parse(source)
        found = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        imports = [(n.level, n.module or "", [alias.name for alias in n.names]) for n in found]
        _known[name] = Syntax(imports, code_key(tree))
    return _known[name]


def recall(folder: Path) -> None:
    """Know what keep() has written into a folder; a file that is damaged says nothing."""
    try:
        total, text = (folder / FILE).read_text("utf-8").split("\n", 1)
        if total == digest(text):
            for name, (imports, key) in json.loads(text).items():
                _known.setdefault(name, Syntax([(a, b, c) for a, b, c in imports], key))
                _kept.add(name)
    except (OSError, ValueError, AttributeError, TypeError):
        pass


def keep(folder: Path) -> None:
    """Write down what is known, if some of it is new."""
    if _used <= _kept:
        return
    names = _used if len(_known) > MOST else _known.keys()
    text = json.dumps({name: _known[name] for name in sorted(names)})
    try:
        write(folder / FILE, f"{digest(text)}\n{text}")
    except SlidingWindowsError:
        return  # the next build reads the sources again
    _kept.update(names)


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
