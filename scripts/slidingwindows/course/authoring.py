"""What a lesson imports: show, plot, check. Works in any notebook and in the site's build."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core.arguments import whole
from ..core.errors import SlidingWindowsError
from ..core.figures import kind_name
from ..core.funnel import Funnel
from ..core.receptive import ReceptiveField
from ..core.trace import Trace
from ..core.transfer import Transfer
from .exercises import NO_ANSWER_YET, verdict

if TYPE_CHECKING:
    import matplotlib.figure

    from ..export.rendered import Rendered

MIME = "application/vnd.slidingwindows.figure+json"
MOST_SIDE = 2000  # CSS pixels of a plot, several times as wide as a page
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Figure:
    """A figure as plain data, displayed when a cell ends with it. Made by ``show`` and ``plot``.

    Args:
        kind: 'plot', or the name of what is drawn, such as 'trace'.
        name: Its address on the site: lowercase letters, digits and hyphens.
        caption: A sentence below it.
        data: Everything that is drawn, ready for JSON.

    Raises:
        SlidingWindowsError: If the name is not an address.
    """

    def __init__(self, kind: str, name: str, caption: str, **data: object) -> None:
        if not NAME.fullmatch(name):
            raise SlidingWindowsError(
                "a figure's name is its address: lowercase letters, digits and hyphens, "
                f"not {name!r}"
            )
        self.data = {"kind": kind, "name": name, "caption": caption, **data}

    def _repr_mimebundle_(self, include=None, exclude=None):
        if os.environ.get("SLIDINGWINDOWS_BUILD"):
            return {MIME: self.data, "text/plain": f"figure {self.data.get('name')}"}
        from ..export.render import preview

        rendered = preview(self.data)
        return {"text/html": notebook_html(rendered), "text/plain": rendered.alt}


def notebook_html(rendered: Rendered) -> str:
    """A rendered figure for notebooks.

    Args:
        rendered: What ``render`` or ``preview`` of ``slidingwindows.export.render`` give.

    Returns:
        One self-contained image tag.
    """
    from html import escape

    name = min(rendered.files, key=lambda n: ("light" not in n, not n.endswith(".gif")))
    kind = name.rsplit(".", 1)[1]
    data = base64.b64encode(rendered.files[name]).decode()
    return (
        f'<img src="data:image/{kind};base64,{data}" width="{rendered.width}" '
        f'height="{rendered.height}" alt="{escape(rendered.alt, quote=True)}">'
    )


def show(trace: Trace | Transfer | Funnel | ReceptiveField, name: str, caption: str = "") -> Figure:
    """An animation of a trace, a transfer, a funnel or a receptive field.

    Args:
        trace: From ``slide``, ``route``, ``funnel`` or ``receptive_field``.
        name: The figure's address on the site, such as 'max-pool-2x2'.
        caption: A sentence below it, in which `code` and *emphasis* are understood.

    Returns:
        A figure, which a notebook shows if it is a cell's last expression.

    Raises:
        SlidingWindowsError: For anything else, and for a name that is not an address.

    Examples:
        >>> import torch
        >>> from torch import nn
        >>> from slidingwindows import slide
        >>> trace = slide(nn.MaxPool2d(2), torch.arange(16.0).reshape(1, 4, 4))
        >>> figure = show(trace, "max-pool-2x2", "Four windows, *four* numbers.")

    Source:
        Everything drawn or said is read from the trace; torch is not asked again.
    """
    kind = kind_name(trace)
    return Figure(kind, name, caption, **{kind: trace.to_dict()})


def plot(
    draw: Callable[[matplotlib.figure.Figure], object],
    name: str,
    alt: str,
    caption: str = "",
    width: int = 640,
    height: int = 360,
) -> Figure:
    """A matplotlib picture, which a page shows in both themes.

    Args:
        draw: A function that takes a matplotlib Figure and draws on it. It is called four times,
            each time with other colours in ``matplotlib.rcParams``, and draws the same each time.
        name: The figure's address on the site, such as 'loss-curve'.
        alt: What the picture shows, in words.
        caption: A sentence below it, in which `code` and *emphasis* are understood.
        width: CSS pixels, at most 2,000; drawn at twice that.
        height: CSS pixels, at most 2,000; drawn at twice that.

    Returns:
        A figure, which a notebook shows if it is a cell's last expression.

    Raises:
        SlidingWindowsError: If alt is empty, for a name that is not an address, for sizes that
            are not whole numbers from 1 to 2,000, and if ``draw`` draws something else when it is
            called again, or chooses a colour by how light another is.

    Examples:
        >>> def draw(figure):
        ...     figure.subplots().plot([1, 2, 4])
        >>> figure = plot(draw, "doubling", "A line that rises from 1 to 2 to 4.")

    Source:
        What ``draw`` draws, in matplotlib, with the site's font and colours.
    """
    if not alt.strip():
        raise SlidingWindowsError(f"plot {name!r} needs an alt text: say what the picture shows")
    for side, pixels in (("width", width), ("height", height)):
        if not 1 <= (whole(pixels) or 0) <= MOST_SIDE:
            raise SlidingWindowsError(
                f"plot {name!r}: {side} must be a whole number from 1 to {MOST_SIDE:,} pixels, "
                f"got {pixels!r}"
            )
    from ..drawing.plot import layers

    figure = Figure("plot", name, caption, alt=alt, width=width, height=height)
    drawn = layers(draw, name, width, height)  # once the name has been accepted
    figure.data["layers"] = base64.b64encode(drawn.packed()).decode()
    return figure


def check(answer: object, truth: Callable[[], object]) -> None:
    """Say whether an exercise's answer is right, without giving it away.

    It prints one line. Whole numbers must match exactly. For a truth with a fraction, the answer
    may be off by a thousandth of it, and by 0.4 at most; below 1 it may be rounded to three
    digits, so off by half a hundredth of it, and by a thousandth at most.
    For a wrong answer the line says what is wrong with its form ('three whole numbers; you gave
    two'), or how many of several numbers are right ('1 of 2 right'). True is not a whole number,
    and 1 is not True.

    Args:
        answer: What the reader wrote in place of ``...``: a number, a word, True or False, a
            shape, nested lists, a tensor or an array; or one of these as text, such as
            '(1, 3, 3)'.
        truth: A function without arguments that asks torch; called only once there is an answer.

    Examples:
        >>> import torch
        >>> check((3, 4), lambda: (3, 5))
        Not yet. 1 of 2 right.
        >>> check("(1, 3)", lambda: torch.Size([1, 3, 3]))
        Not yet. The answer is three whole numbers; you gave two.

    Source:
        ``truth``, which asks torch on the reader's own machine.
    """
    print(NO_ANSWER_YET if answer is ... else verdict(answer, truth()))


__all__ = ["MIME", "Figure", "check", "notebook_html", "plot", "show"]
