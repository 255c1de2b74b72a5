"""A figure's plain data to its files: GIFs, posters and the words, for both themes.

Kinds: 'trace' (an animation of a Trace), 'transfer', 'funnel' (of a network's feature maps),
'receptive' (of its growing receptive field) and 'plot' (pictures made in the lesson).
"""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from . import field_frames, field_words, frames, funnel_frames, transfer_words
from .description import alt_text, transcript
from .feature_maps import Funnel
from .fields import ReceptiveField
from .gif import encode
from .recipes import recipe
from .reel import numbering, renumbered
from .stepping import script, sentences_of
from .style import THEMES
from .trace import Trace
from .transfer import Transfer


def render(data: dict) -> dict:
    """Files and facts of one figure.

    data: {'kind', 'name', 'caption', ...}, as ``lesson.show`` or ``lesson.plot`` made it.
    Returns {'files': {file name: bytes}, 'alt', 'transcript', 'width', 'height', 'moving',
    'operation', 'call', 'recipe'}; the recipe is the Python that makes the figure again.
    Of a figure that can be stepped through, 'steps' (how many) and 'longest' (their longest
    sentence) too, and among its files figures/NAME.trace.js.
    """
    kinds = {"trace": _render_trace, "funnel": _render_funnel, "plot": _render_plot}
    kinds |= {"receptive": _render_receptive, "transfer": _render_transfer}
    return kinds[data["kind"]](data)


def png(pixels: np.ndarray, palette) -> bytes:
    """Palette numbers as a PNG with the palette's exact colours."""
    picture = Image.fromarray(pixels, "P")
    picture.putpalette([channel for colour in palette for channel in colour])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _render_trace(data: dict) -> dict:
    trace = Trace.from_dict(data["trace"])
    words = (alt_text(trace), transcript(trace))
    return _windows(trace, data["name"], words, trace.operation)


def _render_transfer(data: dict) -> dict:
    transfer = Transfer.from_dict(data["transfer"])
    words = (transfer_words.alt_text(transfer), transfer_words.transcript(transfer))
    operation = "Gradient" if transfer.forward else transfer.operation
    return _windows(transfer, data["name"], words, operation)


def _windows(item: Trace | Transfer, name: str, words, operation: str) -> dict:
    made = _moving(name, frames.animate(item), frames.poster(item), words, ramp)
    made["files"][f"{name}.trace.js"] = script(item, name, words[1]).encode()
    sentences = sentences_of(item, words[1])
    made |= {"steps": len(sentences), "longest": max(sentences, key=len)}
    return made | {"operation": operation, "call": item.call, "recipe": recipe(item, name)}


def ramp(theme) -> tuple:
    """The grey levels that stand behind a theme's own colours."""
    return theme.full_palette()[len(theme.palette()) :]


def _render_funnel(data: dict) -> dict:
    funnel = Funnel.from_dict(data["funnel"])
    pictures, still = funnel_frames.animate(funnel), funnel_frames.poster(funnel)
    words = (funnel.alt_text(), funnel.transcript())
    return _moving(data["name"], pictures, still, words, lambda theme: funnel_frames.shades())


def _render_receptive(data: dict) -> dict:
    field = ReceptiveField.from_dict(data["receptive"])
    pictures, still = field_frames.animate(field), field_frames.poster(field)
    words = (field_words.alt_text(field), field_words.transcript(field))
    return _moving(data["name"], pictures, still, words, field_frames.heat)


def _moving(name: str, pictures, still, words, more_colours=lambda theme: ()) -> dict:
    animation = [(canvas.pixels, duration) for canvas, duration in pictures]
    files = {}
    for theme in THEMES.values():
        palette = (*theme.palette(), *more_colours(theme))
        images, colours = compact([pixels for pixels, _ in animation], palette)
        timed = zip(images, (duration for _, duration in animation), strict=True)
        files[f"{name}.{theme.name}.gif"] = encode(timed, colours)
        files[f"{name}.{theme.name}.png"] = png(still.pixels, palette)
    height, width = still.pixels.shape
    alt, transcript_ = words
    return {
        "files": files,
        "alt": alt,
        "transcript": transcript_,
        "width": width,
        "height": height,
        "moving": True,
        "operation": "Network",
        "call": "",
        "recipe": "",
    }


def compact(images: list[np.ndarray], palette) -> tuple[list[np.ndarray], tuple]:
    """The same pictures with only the colours they use, the commonest first: fewer bits a pixel."""
    table, colours = numbering(images, palette)
    return [renumbered(pixels, table) for pixels in images], colours


def _render_plot(data: dict) -> dict:
    files = {
        f"{data['name']}.{theme}.png": base64.b64decode(picture)
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
