"""A figure's plain data to its files: GIFs, posters and the words, for both themes.

Kinds: 'trace' (an animation of a Trace) and 'plot' (pictures made in the lesson).
"""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from .description import alt_text, transcript
from .frames import animate, poster
from .gif import encode
from .style import THEMES, Theme
from .trace import Trace


def render(data: dict) -> dict:
    """Files and facts of one figure.

    data: {'kind', 'name', 'caption', ...}, as ``lesson.show`` or ``lesson.plot`` made it.
    Returns {'files': {file name: bytes}, 'alt', 'transcript', 'width', 'height', 'moving'}.
    """
    return {"trace": _render_trace, "plot": _render_plot}[data["kind"]](data)


def png(pixels: np.ndarray, theme: Theme) -> bytes:
    """Palette numbers as a PNG with the theme's exact colours."""
    picture = Image.fromarray(pixels, "P")
    picture.putpalette([channel for colour in theme.palette() for channel in colour])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _render_trace(data: dict) -> dict:
    trace, name = Trace.from_dict(data["trace"]), data["name"]
    frames = [(canvas.pixels, duration) for canvas, duration in animate(trace)]
    still = poster(trace).pixels
    files = {}
    for theme in THEMES.values():
        files[f"{name}.{theme.name}.gif"] = encode(frames, theme.palette())
        files[f"{name}.{theme.name}.png"] = png(still, theme)
    height, width = still.shape
    return {
        "files": files,
        "alt": alt_text(trace),
        "transcript": transcript(trace),
        "width": width,
        "height": height,
        "moving": True,
    }


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
    }
