"""A figure's plain data to its files: GIFs, posters and the words, for both themes.

Kinds: 'trace' (an animation of a Trace), 'transfer', 'funnel' (of a network's feature maps),
'receptive' (of its growing receptive field) and 'plot' (pictures made in the lesson).
"""

from __future__ import annotations

import base64

import numpy as np

from ..core.fields import ReceptiveField
from ..core.funnel import Funnel
from ..core.trace import Trace
from ..core.transfer import Transfer
from ..drawing import animation as frames
from ..drawing import field_frames, funnel_frames
from ..drawing.stepper import script, sentences_of
from ..drawing.style import THEMES
from ..words import field_words, transfer_words
from ..words.description import alt_text, transcript
from ..words.recipes import recipe
from .colouring import pack, palette_of, png
from .credits import credit, stamped
from .filmstrip import take_away
from .gif import assemble, pictures
from .reel import numbering, renumbered
from .states import sheet, states_of


def render(data: dict, source: str = "") -> dict:
    """Files and facts of one figure.

    data: {'kind', 'name', 'caption', ...}, as ``lesson.show`` or ``lesson.plot`` made it.
    source: the address where it is shown, which its pictures name as their source.
    Returns {'files': {file name: bytes}, 'alt', 'transcript', 'width', 'height', 'moving',
    'operation', 'call', 'recipe'}; the recipe is the Python that makes the figure again.
    Of a moving figure 'strip' too, the size of its windows side by side: [width, height].
    Of a figure that can be stepped through, 'longest', its longest sentence, too, and 'steps' (how
    many) with the file NAME.trace.js, or 'states', [milliseconds, sentence] of each, 'label' and
    the files NAME.THEME.states.png, on which ``states.sheet`` has put them.
    """
    kinds = {"trace": _render_trace, "funnel": _render_funnel, "plot": _render_plot}
    kinds |= {"receptive": _render_receptive, "transfer": _render_transfer}
    call = data.get(data["kind"], {}).get("call")  # a plot and a network have none
    title = f"{data['name']}: {call}" if call else data["name"]
    return kinds[data["kind"]](data, credit(title, source))


def _render_trace(data: dict, facts: dict) -> dict:
    trace = Trace.from_dict(data["trace"])
    words = (alt_text(trace), transcript(trace))
    return _windows(trace, data["name"], words, trace.operation, facts)


def _render_transfer(data: dict, facts: dict) -> dict:
    transfer = Transfer.from_dict(data["transfer"])
    words = (transfer_words.alt_text(transfer), transfer_words.transcript(transfer))
    operation = "Gradient" if transfer.forward else transfer.operation
    return _windows(transfer, data["name"], words, operation, facts)


def _windows(item: Trace | Transfer, name: str, words, operation: str, facts: dict) -> dict:
    made = _moving(name, item, frames, words, facts)
    made["files"][f"{name}.trace.js"] = script(item, name, words[1]).encode()
    sentences = sentences_of(item, words[1])
    made |= {"steps": len(sentences), "longest": max(sentences, key=len)}
    return made | {"operation": operation, "call": item.call, "recipe": recipe(item, name)}


def _render_funnel(data: dict, facts: dict) -> dict:
    item = Funnel.from_dict(data["funnel"])
    words = (item.alt_text(), item.transcript())
    return _network(data["name"], item, funnel_frames, words, facts, "feature maps of a network")


def _render_receptive(data: dict, facts: dict) -> dict:
    item = ReceptiveField.from_dict(data["receptive"])
    words = (field_words.alt_text(item), field_words.transcript(item))
    return _network(data["name"], item, field_frames, words, facts, "a growing receptive field")


def _network(name: str, item, module, words, facts: dict, label: str) -> dict:
    made, shown = _moving(name, item, module, words, facts), states_of(item)
    packed = pack(sheet([canvas.pixels for canvas, *_ in shown]))
    for theme in THEMES.values():
        file = png(packed, palette_of(item, theme))
        made["files"][f"{name}.{theme.name}.states.png"] = stamped(file, facts)
    states = [(lasts, sentence) for _, lasts, sentence in shown]
    longest = max((sentence for *_, sentence in shown), key=len)
    return made | {"states": states, "longest": longest, "label": label}


def _moving(name: str, item, module, words, facts: dict) -> dict:
    """module: the one whose ``animate`` and ``poster`` draw such an item."""
    animation = [(canvas.pixels, duration) for canvas, duration in module.animate(item)]
    still = module.poster(item).pixels
    poster = pack(still)
    files, strip = take_away(item, name, facts)
    # Both themes show the same palette numbers, so these are packed once.
    images, order = compact([pixels for pixels, _ in animation], range(256))
    timed = zip(images, (duration for _, duration in animation), strict=True)
    shape, stored = pictures(timed, len(order))
    for theme in THEMES.values():
        palette = palette_of(item, theme)
        colours = [palette[number] for number in order]
        files[f"{name}.{theme.name}.gif"] = stamped(assemble(shape, stored, colours), facts)
        files[f"{name}.{theme.name}.png"] = stamped(png(poster, palette), facts)
    height, width = still.shape
    alt, transcript_ = words
    return {
        "files": files,
        "alt": alt,
        "transcript": transcript_,
        "width": width,
        "height": height,
        "strip": strip,
        "moving": True,
        "operation": "Network",
        "call": "",
        "recipe": "",
    }


def compact(images: list[np.ndarray], palette) -> tuple[list[np.ndarray], tuple]:
    """The same pictures with only the colours they use, the commonest first: fewer bits a pixel."""
    table, colours = numbering(images, palette)
    return [renumbered(pixels, table) for pixels in images], colours


def _render_plot(data: dict, facts: dict) -> dict:
    files = {
        f"{data['name']}.{theme}.png": stamped(base64.b64decode(picture), facts)
        for theme, picture in data["pictures"].items()
    }
    return {
        "files": files,
        "alt": data["alt"],
        "transcript": [],
        "width": data["width"],
        "height": data["height"],
        "moving": False,
        "operation": "Plot",
        "call": "",
        "recipe": "",
    }
