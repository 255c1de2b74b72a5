"""A figure's HTML on a page: its pictures, player and transcript, in place of its mark."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from html import escape
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..course.blocks import inline

MARK = re.compile(r"^<!-- figure ([\w-]+) -->$", re.MULTILINE)
PLAYERS = ("sliding-window", "moving-pictures")  # the custom elements that scripts define
PAPER = 640  # CSS pixels, about 17 cm: the width of a printed sheet
SHORTEST_LINE = 80  # characters, about the length of the stepper's own messages


def embed_figures(markdown: str, folder: Path, up: str, page: str, patient: bool = False) -> str:
    """Replace every mark. up: the path from the page to the site's root, such as '../../'.

    Pictures load lazily, so that the theme that is not shown costs nothing. Raises
    SlidingWindowsError if a mark names a figure that no lesson makes; with ``patient`` the page
    says so instead.
    """

    def replace(match: re.Match) -> str:
        name = match.group(1)
        try:
            text = (folder / f"{name}.json").read_text("utf-8")
            return _figure(name, text, f"{up}figures/")
        except (OSError, ValueError) as error:
            if patient:
                return f"*There is no figure `{name}` yet.*"
            known = ", ".join(sorted(path.stem for path in folder.glob("*.json")))
            raise SlidingWindowsError(
                f"{page}: no lesson makes a figure {name!r}; there are: {known}"
            ) from error

    return MARK.sub(replace, markdown)


@lru_cache(maxsize=1000)  # while serving, most figures have not changed since the last build
def _figure(name: str, text: str, base: str) -> str:
    """text: the figure's metadata as JSON. Raises ValueError if it is not JSON."""
    metadata = json.loads(text)
    pictures = "".join(_picture(name, theme, metadata, base) for theme in ("light", "dark"))
    parts = [f'<figure class="sw-figure" id="{name}" data-moving="{int(metadata["moving"])}">']
    stage = f'<span class="sw-stage">{pictures}</span>'
    if metadata["moving"]:
        parts += [_player(name, metadata, base, stage), _strip(name, metadata, base)]
    else:
        parts.append(stage)
    if metadata["caption"]:
        parts.append(f"<figcaption>{inline(metadata['caption'])}</figcaption>")
    if metadata["transcript"]:
        steps = "".join(f"<li>{escape(line)}</li>" for line in metadata["transcript"])
        parts.append(
            '<details class="sw-words" data-search-exclude><summary>Every step in words</summary>'
            f"<ul>{steps}</ul></details>"
        )
    parts.append("</figure>")
    return "".join(parts)


def _player(name: str, metadata: dict, base: str, stage: str) -> str:
    """The picture in a custom element, which a script makes interactive; otherwise it just shows.

    Space for the buttons and the longest sentence is reserved, so that nothing moves when they
    appear. All inside is <span>: with Markdown inside HTML, Python-Markdown tears an element that
    it does not know from the blocks inside it.
    """
    windows, pictures = PLAYERS
    if metadata.get("states"):
        tag, steps, label = pictures, len(metadata["states"]), metadata["label"]
        states = json.dumps(metadata["states"], ensure_ascii=False, separators=(",", ":"))
        sheets = (f'{theme}="{base}{name}.{theme}.states.png" ' for theme in ("light", "dark"))
        source = f'{"".join(sheets)}states="{escape(states)}"'
    else:
        tag, steps, label = windows, metadata["steps"], metadata["call"]
        source = f'src="{base}{name}.trace.js" name="{name}"'
    longest = escape(metadata["longest"].ljust(SHORTEST_LINE, "\N{FIGURE SPACE}"))
    return (
        f'<{tag} {source} steps="{steps}" label="{escape(label)}">{stage}'
        '<span class="sw-bar" data-search-exclude></span>'
        f'<span class="sw-sentence" data-longest="{longest}" data-search-exclude></span>'
        f"</{tag}>"
    )


def _strip(name: str, metadata: dict, base: str) -> str:
    """What paper shows instead of the animation; browsers fetch it only to print."""
    width, height = metadata["strip"]
    shown = min(PAPER, width // 2)
    return (
        f'<img class="sw-strip" src="{base}{name}.light.strip.png" width="{shown}" '
        f'height="{round(height * shown / width)}" loading="lazy" decoding="async" '
        f'alt="{escape(metadata["alt"])}">'
    )


def _picture(name: str, theme: str, metadata: dict, base: str) -> str:
    source = f"{base}{name}.{theme}"
    image = (
        f'<img src="{source}.{"gif" if metadata["moving"] else "png"}" width="{metadata["width"]}" '
        f'height="{metadata["height"]}" loading="lazy" decoding="async" '
        f'alt="{escape(metadata["alt"])}">'
    )
    if metadata["moving"]:
        # Where scripts run, they animate a drawing instead, so the GIF need not load.
        still = "(prefers-reduced-motion: reduce), (scripting: enabled)"
        image = f'<source media="{still}" srcset="{source}.png">{image}'
    return f'<picture class="sw-{theme}">{image}</picture>'
