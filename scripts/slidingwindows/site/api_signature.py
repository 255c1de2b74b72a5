"""Signatures as readers would write them, from syntax trees and their source text."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property

WIDEST = 68  # characters of a signature that stays on one line


@dataclass(frozen=True)
class Signature:
    """Parameters as text, with '/' and '*' where they stand, and what is returned."""

    parameters: tuple[str, ...]
    returns: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters' own names, without stars."""
        found = (text.split(":")[0].split("=")[0].strip(" */") for text in self.parameters)
        return tuple(name for name in found if name)

    def line(self) -> str:
        """On one line."""
        return f"({', '.join(self.parameters)})" + (f" -> {self.returns}" if self.returns else "")

    def block(self) -> str:
        """A long one with a line for each parameter."""
        line = self.line()
        if len(line) <= WIDEST:
            return line
        end = line[line.rindex(")") :] if self.returns else ")"
        return "(\n" + "".join(f"    {text},\n" for text in self.parameters) + end


@dataclass(frozen=True)
class Signatures:
    """Reads signatures from one module's source."""

    source: str

    @cached_property
    def _lines(self) -> list[bytes]:
        return self.source.encode().split(b"\n")  # columns of syntax trees count bytes

    def text(self, node: ast.AST | None) -> str:
        """A node as its author wrote it, on one line."""
        if node is None:
            return ""
        lines = self._lines[node.lineno - 1 : node.end_lineno]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return " ".join(b" ".join(lines).decode().split())

    def function(self, node: ast.FunctionDef, method: bool = False) -> Signature:
        """A function's signature; of a method, without self or cls."""
        given = node.args
        plain = [*given.posonlyargs, *given.args]
        defaults = [None] * (len(plain) - len(given.defaults)) + given.defaults
        texts = [self._parameter(*both) for both in zip(plain, defaults, strict=True)]
        if given.posonlyargs:
            texts.insert(len(given.posonlyargs), "/")
        if method and "staticmethod" not in self.decorators(node):
            texts = texts[1:]
        if given.vararg:
            texts.append("*" + self._parameter(given.vararg))
        elif given.kwonlyargs:
            texts.append("*")
        named = zip(given.kwonlyargs, given.kw_defaults, strict=True)
        texts += [self._parameter(*both) for both in named]
        if given.kwarg:
            texts.append("**" + self._parameter(given.kwarg))
        return Signature(tuple(texts), self.text(node.returns))

    def made_from(self, node: ast.ClassDef) -> Signature:
        """A class's __init__, else the fields of a dataclass or named tuple."""
        for child in node.body:
            if isinstance(child, ast.FunctionDef) and child.name == "__init__":
                return Signature(self.function(child, method=True).parameters)
        fields = (child for child in node.body if isinstance(child, ast.AnnAssign))
        texts = [self.text(field) for field in fields]
        return Signature(tuple(text for text in texts if "ClassVar" not in text))

    def decorators(self, node: ast.FunctionDef) -> set[str]:
        """Names such as 'property'."""
        return {self.text(mark).rpartition(".")[2] for mark in node.decorator_list}

    def _parameter(self, node: ast.arg, default: ast.expr | None = None) -> str:
        text = self.text(node)
        if default is None:
            return text
        return text + (" = " if node.annotation else "=") + self.text(default)
