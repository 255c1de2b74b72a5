"""The four kinds of figure: the name of each in a figure's data, and its class in core."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import SlidingWindowsError
from .funnel import Funnel
from .receptive import ReceptiveField
from .trace import Trace
from .transfer import Transfer

MAX_SIDE = 64  # cells of an input a side, without padding, that a figure or the explorer draws
Drawable = Trace | Transfer | Funnel | ReceptiveField
CLASSES: dict[str, type[Drawable]] = {
    "trace": Trace,
    "transfer": Transfer,
    "funnel": Funnel,
    "receptive": ReceptiveField,
}


def kind_name(figure: object) -> str:
    """The name of a figure's kind, such as 'trace'.

    Raises SlidingWindowsError for everything else.
    """
    for name, kind in CLASSES.items():
        if isinstance(figure, kind):
            return name
    raise SlidingWindowsError(
        "a figure comes from slide, route, funnel or receptive_field; this is a "
        f"{type(figure).__name__}"
    )


def restored(name: str, data: Mapping[str, object]) -> Drawable:
    """The figure of a kind from what its ``to_dict`` gave.

    Raises SlidingWindowsError for an unknown kind, and for data that are not one of these.
    """
    if name not in CLASSES:
        raise SlidingWindowsError(
            f"unknown kind of figure {name!r}; there are {', '.join(CLASSES)}"
        )
    return CLASSES[name].from_dict(data)
