"""The API reference's data: public names and docstrings, parsed by griffe without importing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import griffe

from ..core.errors import SlidingWindowsError

WIDEST = 68  # characters of a signature that stays on one line
STARS = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}


@dataclass(frozen=True)
class Part:
    """A piece of a docstring.

    Attributes:
        kind: 'text', 'parameter', 'field', 'returns', 'raises', 'example' or 'source'.
        text: Its words on one line; an example as it was written.
        name: The parameter or field explained, or the error raised.
    """

    kind: str
    text: str
    name: str = ""


@dataclass(frozen=True)
class Entry:
    """A public name.

    Attributes:
        name: The name itself.
        module: Where readers import it from, within the package; '__init__' is the package.
        kind: 'function', 'class', 'error', 'value', 'method' or 'property'.
        signature: As source code; a long one has a line for each parameter.
        parts: Its docstring, piece by piece; empty if there is none.
        parameters: What its docstring has to explain: parameters, or the fields of a class.
        members: Public methods and properties of a class, in the order of the source.
    """

    name: str
    module: str
    kind: str
    signature: str
    parts: tuple[Part, ...] = ()
    parameters: tuple[str, ...] = ()
    members: tuple[Entry, ...] = ()


class Package:
    """The source folder of one package."""

    def __init__(self, folder: Path):
        self.folder = folder

    @cached_property
    def _tree(self) -> griffe.Module:
        try:
            return griffe.load(
                self.folder.name, search_paths=[self.folder.parent], allow_inspection=False
            )
        except (griffe.GriffeError, ImportError, SyntaxError) as error:
            raise SlidingWindowsError(f"{self.folder} cannot be read: {error}") from error

    @cached_property
    def public(self) -> list[str]:
        """``__all__``."""
        if self._tree.exports is None:
            raise SlidingWindowsError(f"{self.folder.name}/__init__.py has no __all__")
        return [str(name) for name in self._tree.exports]

    def entry(self, name: str) -> Entry:
        """A name of ``__all__``, or 'module.name'.

        Raises:
            SlidingWindowsError: If there is none, or its docstring cannot be read.
        """
        module, _, own = name.rpartition(".")
        try:
            item = self._tree[name]
            target = item.final_target if item.is_alias else item
        except (KeyError, griffe.GriffeError):
            where = f"{self.folder.name}.{module}".rstrip(".")
            raise SlidingWindowsError(f"there is no {own!r} in {where}") from None
        home = item.target_path.rpartition(".")[0] if item.is_alias and not module else ""
        module = module or home.partition(".")[2] or "__init__"
        if target.is_class:
            return _class(target, own, module)
        if target.is_function:
            return _function(target, own, module)
        return Entry(own, module, "value", f"{own} = {_code(target.value)}", _parts(target))


def _function(target: griffe.Function, name: str, module: str) -> Entry:
    texts, names = _parameters(target.parameters)
    signature = name + _block(texts, _returned(target.returns))
    return Entry(name, module, "function", signature, _parts(target), names)


def _class(target: griffe.Class, name: str, module: str) -> Entry:
    bases = [str(base) for base in target.bases]
    kind = "error" if any(base.endswith(("Error", "Exception")) for base in bases) else "class"
    texts, names = _parameters(_made_from(target))
    members = tuple(_members(target, module))
    return Entry(name, module, kind, name + _block(texts), _parts(target), names, members)


def _made_from(target: griffe.Class) -> griffe.Parameters:
    """What makes an instance: the parameters of __init__, or the fields of a named tuple."""
    if "__init__" in target.members:
        return griffe.Parameters(*list(target.parameters)[1:])
    return griffe.Parameters(
        *(
            griffe.Parameter(one.name, annotation=one.annotation, default=one.value)
            for one in target.members.values()
            if _is_field(one)
        )
    )


def _is_field(member: griffe.Object | griffe.Alias) -> bool:
    return member.is_attribute and member.annotation is not None and not _is_property(member)


def _is_property(member: griffe.Object | griffe.Alias) -> bool:
    return "property" in member.labels


def _members(target: griffe.Class, module: str) -> Iterator[Entry]:
    for name, member in target.members.items():
        if name.startswith("_") or not (member.is_function or _is_property(member)):
            continue
        if member.is_attribute:
            text = f"{name}: {_code(member.annotation)}" if member.annotation else name
            yield Entry(name, module, "property", text, _parts(member))
            continue
        own = list(member.parameters)
        texts, names = _parameters(own if "staticmethod" in member.labels else own[1:])
        front = f"{target.name}." if {"classmethod", "staticmethod"} & member.labels else ""
        text = f"{front}{name}({', '.join(texts)}){_returned(member.returns)}"
        yield Entry(name, module, "method", text, _parts(member), names)


def _parameters(parameters: griffe.Parameters | list[griffe.Parameter]) -> tuple[list[str], tuple]:
    """Parameters as text, with '/' and '*' in their places, and their names."""
    kinds = [one.kind for one in parameters]
    texts = [_parameter(one) for one in parameters]
    if griffe.ParameterKind.keyword_only in kinds and "*" not in map(STARS.get, kinds):
        texts.insert(kinds.index(griffe.ParameterKind.keyword_only), "*")
    if griffe.ParameterKind.positional_only in kinds:
        texts.insert(kinds.count(griffe.ParameterKind.positional_only), "/")
    return texts, tuple(one.name for one in parameters)


def _parameter(one: griffe.Parameter) -> str:
    text = STARS.get(one.kind, "") + one.name
    text += f": {_code(one.annotation)}" if one.annotation is not None else ""
    if one.default is None or one.kind in STARS:
        return text
    return text + (" = " if one.annotation is not None else "=") + _code(one.default)


def _returned(annotation: griffe.Expr | str | None) -> str:
    return "" if annotation is None else f" -> {_code(annotation)}"


def _code(expression: griffe.Expr | str) -> str:
    """An expression with this project's double quotes; griffe writes single ones, like repr."""
    return re.sub(r"""'([^'"\\]*)'""", r'"\1"', str(expression))


def _block(texts: list[str], returned: str = "") -> str:
    """A signature, a long one with a line for each parameter."""
    line = f"({', '.join(texts)}){returned}"
    if len(line) <= WIDEST:
        return line
    return "(\n" + "".join(f"    {text},\n" for text in texts) + f"){returned}"


def _parts(target: griffe.Object) -> tuple[Part, ...]:
    if not target.docstring:
        return ()
    sections = target.docstring.parse(
        "google", warnings=False, returns_named_value=False, returns_multiple_items=False
    )
    return tuple(part for section in sections for part in _pieces(section, target))


def _pieces(section: griffe.DocstringSection, target: griffe.Object) -> Iterator[Part]:
    kind, value = section.kind.value, section.value
    if kind == "text":
        yield from (Part("text", _line(text)) for text in re.split(r"\n\s*\n", value))
    elif kind in ("parameters", "attributes"):
        name = {"parameters": "parameter", "attributes": "field"}[kind]
        yield from (Part(name, _line(one.description), one.name.lstrip("*")) for one in value)
    elif kind == "raises":
        yield from (Part("raises", _line(one.description), str(one.annotation)) for one in value)
    elif kind == "returns":
        [one] = value
        # griffe takes the text before a colon for the type, which the signature has already.
        front = "" if one.annotation is target.returns else f"{one.annotation}: "
        yield Part("returns", _line(front + one.description))
    elif kind == "examples":
        for one, text in value:
            example = one is griffe.DocstringSectionKind.examples
            yield Part("example", text) if example else Part("text", _line(text))
    elif kind == "admonition" and section.title == "Source":
        yield Part("source", _line(value.description))
    else:
        title = section.title or kind
        raise SlidingWindowsError(f"{target.path}: no section of a docstring is {title!r}")


def _line(text: str) -> str:
    return " ".join(text.split())
