"""A torch module written as the call that makes it, defaults left out."""

from __future__ import annotations

import inspect
import math
import numbers
import warnings
from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from .undisturbed import undisturbed

SKIPPED = ("self", "device", "dtype")
POSITIONAL = ("in_channels", "out_channels")
# A pool keeps its stride explicit: that it defaults to kernel_size surprises people.
EXPLICIT = ("stride",)


def title_of(module: nn.Module) -> str:
    """The torch call that makes a module, or 'MyPool(…)' where none can be said."""
    return call_of(module) or f"{type(module).__name__}(…)"


def call_of(module: nn.Module) -> str:
    """'nn.MaxPool2d(kernel_size=3, stride=2, padding=1)', or '' where no call can be said.

    The call is tried out here, on torch's meta device, which takes no memory: it makes a module
    with the same repr, the same attributes and parameters of the same names and shapes. A
    subclass of torch's classes, a container, a layer under weight_norm or one that was changed
    into what no call makes has none. A tuple of equal numbers is written once if that makes the
    same module, and no argument is written without which the module would be the same.
    """
    kind = type(module)
    if getattr(nn, kind.__name__, None) is not kind:
        return ""
    try:
        with undisturbed(), torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of kernels without elements
            arguments = _arguments(module)
        words = [repr(v) if n in POSITIONAL else f"{n}={v!r}" for n, v in arguments.items()]
    except Exception:  # whatever a constructor or a repr raises, such a call makes no such module
        return ""
    return f"nn.{kind.__name__}({', '.join(words)})"


def _arguments(module: nn.Module) -> dict:
    """The fewest arguments that make the module; raises if none do."""
    parameters = dict(_parameters(module))
    given = {}
    for name in parameters:
        try:
            given[name] = _literal(_attribute(module, name))
        except (AttributeError, TypeError):
            continue  # perhaps the call makes the same module without it
    briefer = {name: _once(value) for name, value in given.items()}
    if _makes(module, briefer):
        given = briefer
    elif not _makes(module, given):
        raise TypeError("no call makes this module")
    for name, value in list(given.items()):
        once = {**given, name: _once(value)}
        if given[name] != once[name] and _makes(module, once):
            given = once
        default = parameters[name].default
        without = {other: v for other, v in given.items() if other != name}
        needed = default is inspect.Parameter.empty or (name in EXPLICIT and once[name] != default)
        if not needed and _makes(module, without):
            given = without
    return given


def _parameters(module: nn.Module) -> Iterator[tuple[str, inspect.Parameter]]:
    """The constructor's, as its signature has them, so that every one torch adds shows up."""
    for name, parameter in inspect.signature(type(module).__init__).parameters.items():
        variable = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if not variable and name not in SKIPPED and not name.startswith("_"):
            yield name, parameter


def _attribute(module: nn.Module, name: str):
    value = getattr(module, name)
    if name == "bias" and not isinstance(value, bool):
        return value is not None
    return value


def _literal(value):
    """A value as Python's own numbers, strings and tuples; raises for what code cannot say."""
    if value is None or type(value) in (bool, str):
        return value
    if isinstance(value, tuple | list):
        return (tuple if isinstance(value, tuple) else list)(_literal(item) for item in value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real) and math.isfinite(value):
        return float(value)
    raise TypeError(f"{value!r} is not a plain value")


def _once(value):
    """(3, 3) as 3."""
    alike = isinstance(value, tuple) and len(set(value)) == 1
    return value[0] if alike else value


def _makes(module: nn.Module, arguments: dict) -> bool:
    """True if a module's class makes an equal one from arguments."""
    try:
        made = type(module)(**arguments)
    except Exception:  # a wrong guess
        return False
    return repr(made) == repr(module) and _traits(made) == _traits(module, made)


def _traits(module: nn.Module, like: nn.Module | None = None) -> list:
    """What two modules have in common if one call makes both: attributes and shapes.

    like: only this one's attributes count, for people keep their own things on a module.
    """
    found = [
        (name, tuple(tensor.shape) if not is_lazy(tensor) else None)
        for name, tensor in (*module.named_parameters(), *module.named_buffers())
        if not name.startswith("_")  # what torch's tests put in, such as a pool's random samples
    ]
    for name in vars(like or module):
        value = vars(module).get(name)
        if not name.startswith("_") and name != "training":
            found.append((name, tuple(value.shape) if isinstance(value, torch.Tensor) else value))
    return found
