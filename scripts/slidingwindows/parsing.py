"""A torch call as text to a module: read as data, never evaluated."""

from __future__ import annotations

import ast

from .errors import SlidingWindowsError


def parse_call(text: str) -> tuple[str, list, dict]:
    """'nn.MaxPool2d(3, stride=2)' to ('MaxPool2d', [3], {'stride': 2}).

    Arguments may be numbers, strings, True, False, None, and tuples or lists
    of them. Raises SlidingWindowsError for anything else.
    """
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SlidingWindowsError(
            f"{text!r} is not a call such as MaxPool2d(3, stride=2)"
        ) from error
    if not isinstance(node, ast.Call):
        raise SlidingWindowsError(f"{text!r} is not a call such as MaxPool2d(3, stride=2)")
    arguments = [_literal(argument, text) for argument in node.args]
    options = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise SlidingWindowsError(f"{text!r}: ** is not taken here")
        options[keyword.arg] = _literal(keyword.value, text)
    return _name(node.func, text), arguments, options


def make_module(text: str):
    """The torch module that a call describes.

    Raises SlidingWindowsError if torch.nn has no such module or refuses the arguments.
    """
    from torch import nn

    from .operations import TRACERS, known_modules

    name, arguments, options = parse_call(text)
    known = {kind.__name__: kind for kind in TRACERS}
    if name not in known or not hasattr(nn, name):
        raise SlidingWindowsError(f"{name} is not one of {known_modules()}")
    try:
        return known[name](*arguments, **options)
    except Exception as error:  # torch checks some arguments, others fail wherever they are used
        words = (str(error).splitlines() or [type(error).__name__])[0]
        raise SlidingWindowsError(f"torch says: {words}", text) from error


def _name(node: ast.expr, text: str) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        raise SlidingWindowsError(f"{text!r} does not name a torch module")
    parts.append(node.id)
    prefix = list(reversed(parts))[:-1]
    if prefix not in ([], ["nn"], ["torch", "nn"]):
        raise SlidingWindowsError(f"{'.'.join(reversed(parts))} is not in torch.nn")
    return parts[0]


def _literal(node: ast.expr, text: str):
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise SlidingWindowsError(f"{text!r}: arguments must be plain values") from error
    if isinstance(value, list):
        value = tuple(value)
    plain = (int, float, str, bool, type(None))
    items = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(item, plain) for item in items):
        raise SlidingWindowsError(f"{text!r}: arguments must be plain values")
    return value
