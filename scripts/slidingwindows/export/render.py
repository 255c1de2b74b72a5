"""A figure's plain data to its files: GIFs, posters and the words, for both themes.

Kinds: those of core.figures, each an animation, and 'plot' (layers drawn in the lesson).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from ..core.figures import Drawable, restored
from ..core.trace import Trace
from ..core.transfer import Transfer
from ..drawing.canvas import Pixels
from ..drawing.layers import unpacked
from ..drawing.stepper import script, sentences_of
from ..drawing.style import THEMES, Theme
from ..words.recipe import recipe
from .credits import credit, stamped
from .gif import assemble, changed_region, numbering, pictures, renumbered
from .kinds import is_stepped, kind_of
from .plots import plot_png
from .rendered import Rendered
from .still import pack, palette_of, png, sheet, states_of, take_away

T = TypeVar("T")


def render(data: dict[str, object], source: str = "") -> Rendered:
    """Files and metadata of one figure.

    data: {'kind', 'name', 'caption', ...}, as ``lesson.show`` or ``lesson.plot`` made it.
    source: the address where it is shown, which its pictures name as their source.
    'course' is the name of another author's course, if the figure is of one.
    Raises SlidingWindowsError for a kind that there is not, and for damaged data.
    """
    parts: Any = data
    kind, name, metadata = _named(data, source)
    if kind == "plot":
        return _plot(data, metadata, tuple(THEMES.values()))
    figure = restored(kind, parts[kind])
    rendered = _moving(name, figure, metadata, tuple(THEMES.values()))
    files, strip = take_away(figure, name, metadata)
    poster = pack(kind_of(figure).poster(figure).pixels)  # once for both themes, as the animation
    for theme in THEMES.values():
        picture = png(poster, palette_of(figure, theme))
        files[f"{name}.{theme.name}.png"] = stamped(picture, metadata)
    rendered = replace(rendered, files={**files, **rendered.files}, strip=strip)
    if is_stepped(figure):
        return _stepped(rendered, figure, name)
    return _in_states(rendered, figure, name, metadata)


def preview(data: dict[str, object]) -> Rendered:
    """The one file of a figure that a notebook shows: its light GIF or, of a plot, light PNG.

    data: as for render(), which takes more than twice as long. Raises as render() does.
    """
    parts: Any = data
    kind, name, metadata = _named(data, "")
    if kind == "plot":
        return _plot(data, metadata, (THEMES["light"],))
    return _moving(name, restored(kind, parts[kind]), metadata, (THEMES["light"],))


def _named(data: dict[str, object], source: str) -> tuple[str, str, dict[str, str]]:
    """A figure's kind, its name, and what its files say of where they come from."""
    parts: Any = data
    kind, name = parts["kind"], parts["name"]
    call = parts.get(kind, {}).get("call")  # a plot and a network have none
    title = f"{name}: {call}" if call else name
    return kind, name, credit(title, source, parts.get("course", ""))


def _moving(
    name: str, figure: Drawable, metadata: dict[str, str], themes: Sequence[Theme]
) -> Rendered:
    """The animation in these themes, and all that is said of it."""
    kind = kind_of(figure)
    animation = [(canvas.pixels, duration) for canvas, duration in kind.animate(figure)]
    # All themes show the same palette numbers, so these are packed once.
    images, order = compact([pixels for pixels, _ in animation], range(256))
    timed = zip(images, (duration for _, duration in animation), strict=True)
    shape, stored = pictures(timed, len(order))
    files = {}
    for theme in themes:
        palette = palette_of(figure, theme)
        colours = [palette[number] for number in order]
        files[f"{name}.{theme.name}.gif"] = stamped(assemble(shape, stored, colours), metadata)
    height, width = images[0].shape
    return Rendered(
        files=files,
        alt=kind.alt_text(figure),
        transcript=kind.transcript(figure),
        width=width,
        height=height,
        moving=True,
        operation=kind.operation(figure),
        numbers=order,
    )


def _in_states(
    rendered: Rendered, figure: Drawable, name: str, metadata: dict[str, str]
) -> Rendered:
    """The same with what the page shows state by state."""
    shown, files = states_of(figure), dict(rendered.files)
    packed = pack(sheet([canvas.pixels for canvas, *_ in shown]))
    for theme in THEMES.values():
        file = png(packed, palette_of(figure, theme))
        files[f"{name}.{theme.name}.states.png"] = stamped(file, metadata)
    return replace(
        rendered,
        files=files,
        states=tuple((lasts, sentence) for _, lasts, sentence in shown),
        longest=max((sentence for *_, sentence in shown), key=len),
        label=kind_of(figure).label,
    )


def _stepped(rendered: Rendered, figure: Trace | Transfer, name: str) -> Rendered:
    """The same with what the page's stepper needs."""
    sentences = sentences_of(figure, rendered.transcript)
    code = script(figure, name, rendered.transcript).encode()
    return replace(
        rendered,
        files={**rendered.files, f"{name}.trace.js": code},
        call=figure.call,
        recipe=recipe(figure, name),
        steps=len(sentences),
        longest=max(sentences, key=len),
    )


def compact(images: list[Pixels], palette: Sequence[T]) -> tuple[list[Pixels], tuple[T, ...]]:
    """The same pictures with only the colours they use, the commonest first: fewer bits a pixel."""
    table, colours = numbering(images, palette)
    first, *others = images
    compacted, before = [renumbered(first, table)], first
    for pixels in others:
        top, bottom, left, right = changed_region(before, pixels)
        small = compacted[-1].copy()  # all that did not change has its new numbers
        small[top:bottom, left:right] = renumbered(pixels[top:bottom, left:right], table)
        compacted.append(small)
        before = pixels
    return compacted, colours


def _plot(data: dict[str, object], metadata: dict[str, str], themes: Sequence[Theme]) -> Rendered:
    parts: Any = data
    layers = unpacked(base64.b64decode(parts["layers"]), parts["width"], parts["height"])
    files = {
        f"{parts['name']}.{theme.name}.png": stamped(plot_png(layers, theme), metadata)
        for theme in themes
    }
    return Rendered(
        files=files,
        alt=parts["alt"],
        transcript=[],
        width=parts["width"],
        height=parts["height"],
        moving=False,
        operation="Plot",
    )
