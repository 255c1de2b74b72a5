"""Figure marks in a page's Markdown to the HTML that readers get."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from html import escape
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..course.blocks import inline

MARK = re.compile(r"^<!-- figure ([\w-]+) -->$", re.MULTILINE)
PLAYERS = ("sliding-window", "moving-pictures")  # the elements that scripts bring to life
PAPER = 640  # CSS pixels, about 17 cm: the width of a printed sheet
SHORTEST_LINE = 80  # characters; what the stepper says of itself needs about as much room


def embed_figures(markdown: str, folder: Path, up: str, page: str, patient: bool = False) -> str:
    """Replace every mark; up is the path from the page to the site's root, such as '../../'.

    Pictures load lazily, so that the theme not shown costs nothing. Raises SlidingWindowsError if
    a mark names a figure that no lesson makes; with ``patient`` the page says so in its place.
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


@lru_cache(maxsize=1000)  # what is served again and again has mostly not changed
def _figure(name: str, text: str, base: str) -> str:
    """text: the figure's facts as JSON. Raises ValueError if they are none."""
    facts = json.loads(text)
    pictures = "".join(_picture(name, theme, facts, base) for theme in ("light", "dark"))
    parts = [f'<figure class="sw-figure" id="{name}" data-moving="{int(facts["moving"])}">']
    stage = f'<span class="sw-stage">{pictures}</span>'
    if facts["moving"]:
        parts += [_player(name, facts, base, stage), _strip(name, facts, base)]
    else:
        parts.append(stage)
    if facts["caption"]:
        parts.append(f"<figcaption>{inline(facts['caption'])}</figcaption>")
    if facts["transcript"]:
        steps = "".join(f"<li>{escape(line)}</li>" for line in facts["transcript"])
        parts.append(
            '<details class="sw-words" data-search-exclude><summary>Every step in words</summary>'
            f"<ul>{steps}</ul></details>"
        )
    parts.append("</figure>")
    return "".join(parts)


def _player(name: str, facts: dict, base: str, stage: str) -> str:
    """The picture in an element that a script brings to life; without it, the picture stays.

    The room for buttons and for the longest sentence is there from the start, so that nothing
    moves when they come. All within is <span>: where Markdown is within HTML, Python-Markdown tears
    an element that it does not know from the blocks inside.
    """
    windows, pictures = PLAYERS
    if facts.get("states"):
        tag, steps, label = pictures, len(facts["states"]), facts["label"]
        states = json.dumps(facts["states"], ensure_ascii=False, separators=(",", ":"))
        sheets = (f'{theme}="{base}{name}.{theme}.states.png" ' for theme in ("light", "dark"))
        source = f'{"".join(sheets)}states="{escape(states, quote=True)}"'
    else:
        tag, steps, label = windows, facts["steps"], facts["call"]
        source = f'src="{base}{name}.trace.js" name="{name}"'
    longest = escape(facts["longest"].ljust(SHORTEST_LINE, "\N{FIGURE SPACE}"), quote=True)
    return (
        f'<{tag} {source} steps="{steps}" label="{escape(label, quote=True)}">{stage}'
        '<span class="sw-bar" data-search-exclude></span>'
        f'<span class="sw-sentence" data-longest="{longest}" data-search-exclude></span>'
        f"</{tag}>"
    )


def _strip(name: str, facts: dict, base: str) -> str:
    """What paper shows in place of the animation: browsers fetch it when they print."""
    width, height = facts["strip"]
    shown = min(PAPER, width // 2)
    return (
        f'<img class="sw-strip" src="{base}{name}.light.strip.png" width="{shown}" '
        f'height="{round(height * shown / width)}" loading="lazy" decoding="async" '
        f'alt="{escape(facts["alt"], quote=True)}">'
    )


def _picture(name: str, theme: str, facts: dict, base: str) -> str:
    source = f"{base}{name}.{theme}"
    image = (
        f'<img src="{source}.{"gif" if facts["moving"] else "png"}" width="{facts["width"]}" '
        f'height="{facts["height"]}" loading="lazy" decoding="async" '
        f'alt="{escape(facts["alt"], quote=True)}">'
    )
    if facts["moving"]:
        # Where scripts run, a drawing will move in its place, and the GIF need not load.
        still = "(prefers-reduced-motion: reduce), (scripting: enabled)"
        image = f'<source media="{still}" srcset="{source}.png">{image}'
    return f'<picture class="sw-{theme}">{image}</picture>'
