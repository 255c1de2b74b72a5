"""Sliding Windows: what pooling, stride and padding really do, traced from torch."""

from importlib import import_module

from .errors import SlidingWindowsError
from .geometry import Axis, Geometry
from .trace import Step, Tap, Trace
from .transfer import Move, Read, Transfer, Write
from .uneven import UnevenAxis

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
    "slide": "operations",
    "route": "gradients",
    "save": "saving",
    "funnel": "networks",
    "receptive_field": "probing",
}


def __getattr__(name: str):
    if name in _LATER:
        return getattr(import_module(f".{_LATER[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
