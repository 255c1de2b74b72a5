"""A torch module written as the call that makes it, defaults left out."""

from __future__ import annotations

import inspect

SKIPPED = ("device", "dtype", "return_indices")


def call_of(module) -> str:
    """'nn.MaxPool2d(kernel_size=3, stride=2, padding=1)'.

    Reads the constructor's signature, so every parameter that torch adds shows up.
    A pair of equal numbers is written once; a stride equal to its default is left out.
    """
    arguments = []
    for name, parameter in inspect.signature(type(module).__init__).parameters.items():
        if name in ("self", *SKIPPED) or name.startswith("_") or not hasattr(module, name):
            continue
        value = getattr(module, name)
        if name == "bias":
            value = value is not None
        if isinstance(value, tuple) and len(set(value)) == 1:
            value = value[0]
        default = parameter.default
        # A pool keeps its stride explicit: that it defaults to kernel_size surprises people.
        if default is not inspect.Parameter.empty and value == default:
            continue
        positional = name in ("in_channels", "out_channels")
        arguments.append(repr(value) if positional else f"{name}={value!r}")
    return f"nn.{type(module).__name__}({', '.join(arguments)})"
