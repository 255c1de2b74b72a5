"""Other people's modules that are executed when something is asked of them, and not before."""

from __future__ import annotations

import importlib.util
import sys


def on_demand(name: str) -> None:
    """Have a module executed when the first of its own names is read, if it has not been yet.

    Modules of a package are imported as ever, without its ``__init__``. importlib's LazyLoader
    would not do: for that, a plain ``import`` of the module counts as reading one of its names.
    """
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        return  # whoever imports it will be told
    module, loader = importlib.util.module_from_spec(spec), spec.loader

    def execute(attribute: str) -> object:
        del module.__dict__["__getattr__"]
        loader.exec_module(module)
        return getattr(module, attribute)

    module.__dict__["__getattr__"] = execute
    sys.modules[name] = module
    package, _, own = name.rpartition(".")
    if package:  # where ``from PACKAGE import NAME`` looks first
        setattr(sys.modules[package], own, module)
