"""MkDocs as ``python -m slidingwindows.site.mkdocs``, quicker to start than ``python -m mkdocs``.

mkdocs-jupyter imports nbconvert with all its exporters, which takes half a second, for notebooks.
Lessons are Markdown by then (events.py), so here that is imported when something asks for it.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


def on_demand(package: str, name: str) -> ModuleType:
    """Make a package's module one that is imported when its first attribute is read."""
    spec = importlib.util.find_spec(f"{package}.{name}")
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # Where ``from PACKAGE import NAME`` looks first; elsewhere it would read an attribute.
    setattr(sys.modules[package], name, module)
    return module


if __name__ == "__main__":
    on_demand("mkdocs_jupyter", "convert")
    from mkdocs.__main__ import cli

    cli(prog_name="mkdocs")
