"""Sliding Windows: what pooling, stride and padding really do, traced from torch."""

from importlib import import_module
from typing import TYPE_CHECKING

from .core.errors import SlidingWindowsError
from .core.geometry import Axis, Geometry
from .core.step import Step, Tap
from .core.trace import Trace
from .core.transfer import Move, Read, Transfer, Write
from .core.uneven import UnevenAxis

if TYPE_CHECKING:
    from .export.save import save
    from .tracing.network import funnel
    from .tracing.receptive_field import receptive_field
    from .tracing.route import route
    from .tracing.slide import slide

__version__ = "0.1.0"
"""The version of this package."""
__all__ = [
    "Axis",
    "Geometry",
    "Move",
    "Read",
    "SlidingWindowsError",
    "Step",
    "Tap",
    "Trace",
    "Transfer",
    "UnevenAxis",
    "Write",
    "__version__",
    "funnel",
    "receptive_field",
    "route",
    "save",
    "slide",
]


# torch takes a second to import; MkDocs reads this package without it.
_LATER = {
    "slide": "tracing.slide",
    "route": "tracing.route",
    "save": "export.save",
    "funnel": "tracing.network",
    "receptive_field": "tracing.receptive_field",
}


if not TYPE_CHECKING:  # a type checker would believe that such a module has every name

    def __getattr__(name: str) -> object:
        if name in _LATER:
            return getattr(import_module(f".{_LATER[name]}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
