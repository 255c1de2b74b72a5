"""Sliding Windows: what pooling, stride and padding really do, traced from torch."""

from .errors import SlidingWindowsError
from .geometry import Axis, Geometry
from .trace import Step, Tap, Trace

__version__ = "0.1.0"
__all__ = [
    "Axis",
    "Geometry",
    "SlidingWindowsError",
    "Step",
    "Tap",
    "Trace",
    "__version__",
    "funnel",
    "slide",
]


def __getattr__(name: str):
    # torch takes a second to import; MkDocs reads this package without it.
    if name == "slide":
        from .operations import slide

        return slide
    if name == "funnel":
        from .networks import funnel

        return funnel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
