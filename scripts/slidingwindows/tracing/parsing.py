"""A torch call as text to a module: parsed, never executed."""

from __future__ import annotations

import ast
import difflib
import warnings
from typing import TYPE_CHECKING

from ..core.errors import SlidingWindowsError, words_of

if TYPE_CHECKING:
    from torch import nn

LONGEST = 500  # characters of a call
LARGEST = 100_000  # a number in a call; windows of torch's layers are a thousand times smaller
MOST_WEIGHTS = 10_000_000


def parse_call(text: str) -> tuple[str, list, dict]:
    """'nn.MaxPool2d(3, stride=2)' to ('MaxPool2d', [3], {'stride': 2}).

    Arguments may be numbers, strings, True, False, None, and tuples or lists
    of them. Raises SlidingWindowsError for anything else, and for calls longer
    than LONGEST characters.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise SlidingWindowsError(f"a call has at most {LONGEST} characters, not {len(text):,}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes in strings
            node = ast.parse(text, mode="eval").body
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
            raise SlidingWindowsError(f"{text!r}: ** is not accepted here")
        if keyword.arg in options:
            raise SlidingWindowsError(f"{text!r} gives {keyword.arg} twice")
        options[keyword.arg] = _literal(keyword.value, text)
    return _name(node.func, text), arguments, options


def make_module(text: str, channels: int | None = None) -> nn.Module:
    """The torch module that a call describes.

    channels: of the input, with which a lazy convolution becomes one that is not; without them it
    stays lazy.
    Raises SlidingWindowsError if torch.nn has no such module or refuses the arguments,
    for numbers beyond LARGEST and for more than MOST_WEIGHTS weights.
    """
    import torch
    from torch import nn
    from torch.nn.parameter import is_lazy

    from .slide import TRACERS, known_modules

    name, arguments, options = parse_call(text)
    known = {kind.__name__: kind for kind in TRACERS}
    lazy = {f"Lazy{name}": name for name in known if hasattr(nn, f"Lazy{name}")}
    if name in lazy and channels is not None:
        name, arguments = lazy[name], [channels, *arguments]
    known |= {name: getattr(nn, name) for name in lazy}
    if name not in known or not hasattr(nn, name):
        raise SlidingWindowsError(f"{name} is not one of {known_modules()}{_meant(name, known)}")
    _check_numbers(arguments + list(options.values()))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of kernels without elements
            with torch.device("meta"):  # which takes no memory
                weights = known[name](*arguments, **options).parameters()
            count = sum(p.numel() for p in weights if not is_lazy(p))
            if count > MOST_WEIGHTS:
                raise SlidingWindowsError(
                    f"{count:,} weights are more than the {MOST_WEIGHTS:,} that are accepted", text
                )
            module = known[name](*arguments, **options)
        if any(parameter.is_meta for parameter in module.parameters()):
            raise SlidingWindowsError("the meta device keeps no numbers", text)
        return module
    except SlidingWindowsError:
        raise
    except Exception as error:  # torch checks some arguments, others fail wherever they are used
        raise SlidingWindowsError(f"torch says: {words_of(error)}", text) from error


def _meant(name: str, known) -> str:
    """'; did you mean MaxPool2d?' for a name that is nearly one of those known."""
    small = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), small, cutoff=0.75)
    return f"; did you mean {small[close[0]]}?" if close else ""


def _check_numbers(values: list) -> None:
    for value in values:
        if isinstance(value, tuple):
            _check_numbers(list(value))
        elif isinstance(value, int | float) and abs(value) > LARGEST:
            raise SlidingWindowsError(f"{value} is beyond {LARGEST:,}, the largest number accepted")


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
