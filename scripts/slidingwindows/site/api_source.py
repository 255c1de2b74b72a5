"""A package's public names, read from its source by griffe; nothing is imported."""

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
        text: Its words on one line; an example as it is written.
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
        signature: As readers would write it, a long one with a line for each parameter.
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
            found = self._tree[name]
            made = found.final_target if found.is_alias else found
        except (KeyError, griffe.GriffeError):
            where = f"{self.folder.name}.{module}".rstrip(".")
            raise SlidingWindowsError(f"there is no {own!r} in {where}") from None
        home = found.target_path.rpartition(".")[0] if found.is_alias and not module else ""
        module = module or home.partition(".")[2] or "__init__"
        if made.is_class:
            return _class(made, own, module)
        if made.is_function:
            return _function(made, own, module)
        return Entry(own, module, "value", f"{own} = {_code(made.value)}", _parts(made))


def _function(made: griffe.Function, name: str, module: str) -> Entry:
    texts, names = _parameters(made.parameters)
    signature = name + _block(texts, _returned(made.returns))
    return Entry(name, module, "function", signature, _parts(made), names)


def _class(made: griffe.Class, name: str, module: str) -> Entry:
    bases = [str(base) for base in made.bases]
    kind = "error" if any(base.endswith(("Error", "Exception")) for base in bases) else "class"
    texts, names = _parameters(_made_from(made))
    members = tuple(_members(made, module))
    return Entry(name, module, kind, name + _block(texts), _parts(made), names, members)


def _made_from(made: griffe.Class) -> griffe.Parameters:
    """What one gives to make one: of __init__, or the fields of a named tuple."""
    if "__init__" in made.members:
        return griffe.Parameters(*list(made.parameters)[1:])
    return griffe.Parameters(
        *(
            griffe.Parameter(one.name, annotation=one.annotation, default=one.value)
            for one in made.members.values()
            if _is_field(one)
        )
    )


def _is_field(member: griffe.Object | griffe.Alias) -> bool:
    return member.is_attribute and member.annotation is not None and not _is_property(member)


def _is_property(member: griffe.Object | griffe.Alias) -> bool:
    return "property" in member.labels


def _members(made: griffe.Class, module: str) -> Iterator[Entry]:
    for name, member in made.members.items():
        if name.startswith("_") or not (member.is_function or _is_property(member)):
            continue
        if member.is_attribute:
            text = f"{name}: {_code(member.annotation)}" if member.annotation else name
            yield Entry(name, module, "property", text, _parts(member))
            continue
        own = list(member.parameters)
        texts, names = _parameters(own if "staticmethod" in member.labels else own[1:])
        front = f"{made.name}." if {"classmethod", "staticmethod"} & member.labels else ""
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
    """With the quotes that this project writes; griffe writes those of repr."""
    return re.sub(r"""'([^'"\\]*)'""", r'"\1"', str(expression))


def _block(texts: list[str], returned: str = "") -> str:
    """A signature, a long one with a line for each parameter."""
    line = f"({', '.join(texts)}){returned}"
    if len(line) <= WIDEST:
        return line
    return "(\n" + "".join(f"    {text},\n" for text in texts) + f"){returned}"


def _parts(made: griffe.Object) -> tuple[Part, ...]:
    if not made.docstring:
        return ()
    sections = made.docstring.parse(
        "google", warnings=False, returns_named_value=False, returns_multiple_items=False
    )
    return tuple(part for section in sections for part in _pieces(section, made))


def _pieces(section: griffe.DocstringSection, made: griffe.Object) -> Iterator[Part]:
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
        # What comes before a colon would be the type, if the signature did not have that already.
        front = "" if one.annotation is made.returns else f"{one.annotation}: "
        yield Part("returns", _line(front + one.description))
    elif kind == "examples":
        for one, text in value:
            example = one is griffe.DocstringSectionKind.examples
            yield Part("example", text) if example else Part("text", _line(text))
    elif kind == "admonition" and section.title == "Source":
        yield Part("source", _line(value.description))
    else:
        title = section.title or kind
        raise SlidingWindowsError(f"{made.path}: no section of a docstring is {title!r}")


def _line(text: str) -> str:
    return " ".join(text.split())
