"""The gallery page: a card for every figure of the site, with its code and its downloads."""

from __future__ import annotations

import json
from functools import lru_cache
from html import escape
from importlib.metadata import version
from pathlib import Path

from ..core.origin import family
from ..course.blocks import inline
from ..export.credits import LICENCE, PROJECT, shown_at
from .contents import lessons_in, split_page

GALLERY_MARK = "<!-- gallery -->"


def gallery(nav, cache: Path, up: str, address: str = "", year: str = "", course: str = "") -> str:
    """HTML of all cards, in the order of the navigation.

    cache: where prepare() left figures, pages and prepared.json. up: the path to the site's root,
    such as '../'. address: of the site, cited if others can reach it. year: for the lines to cite.
    course: the name of another author's course.
    """
    shown = json.loads((cache / "prepared.json").read_text("utf-8"))["figures"]
    cards, families = [], []
    for lesson in lessons_in(nav):
        page = cache / "pages" / f"{lesson}.md"
        if not page.exists():
            continue  # MkDocs itself reports a nav entry without a file
        _, meta = split_page(page.read_text("utf-8"))
        for name in shown.get(lesson, []):
            text = (cache / "figures" / f"{name}.json").read_text("utf-8")
            kind, card = _card(name, text, lesson, meta["title"], (up, address, year, course))
            families.append(kind)
            cards.append(card)
    # A <section>: Material's search ends an excluded element at the first end tag of its name.
    shut = f'<section class="sw-gallery" data-search-exclude>{"".join(cards)}</section>'
    return _filter(families) + shut


def _filter(families: list[str]) -> str:
    """Buttons for ui/gallery.js, in the page from the start so that it does not jump."""
    buttons = "".join(
        f'<button type="button" value="{escape(kind)}" aria-pressed="{pressed}">'
        f"{escape(kind or 'All')}</button>"
        for kind, pressed in [("", "true"), *((kind, "false") for kind in dict.fromkeys(families))]
    )
    count = f"{len(families)} of {len(families)} figures"
    return (
        '<div class="sw-filter" role="group" aria-label="Show figures of one operation" '
        f'data-search-exclude>{buttons}</div><p class="sw-count" role="status" '
        f"data-search-exclude>{count}</p>"
    )


@lru_cache(maxsize=1000)  # while serving, most figures have not changed since the last build
def _card(
    name: str, text: str, lesson: str, title: str, where: tuple[str, str, str, str]
) -> tuple[str, str]:
    """(family, HTML). text: the figure's metadata as JSON. where: gallery()'s arguments from up."""
    (up, *source), metadata = where, json.loads(text)
    link = f"{up}lessons/{lesson}/#{name}"
    base = f"{up}figures/{name}"
    posters = "".join(_poster(base, theme, metadata) for theme in ("light", "dark"))
    call = metadata["call"] or metadata["operation"]
    parts = [
        f'<article class="sw-card" data-operation="{escape(family(metadata["operation"]))}" '
        f'data-name="{name}" data-moving="{int(metadata["moving"])}">',
        f'<div class="sw-stage">{posters}</div>',
        f'<p class="sw-call"><code>{escape(call)}</code></p>',
    ]
    if metadata["caption"]:
        parts.append(f"<p>{inline(metadata['caption'])}</p>")
    parts.append(
        f'<p class="sw-links">From <a href="{link}">{escape(title)}</a>.</p>'
        f'<p class="sw-links">{_downloads(name, base, metadata)}</p>'
    )
    if metadata["recipe"]:
        parts.append(
            "<details data-search-exclude><summary>The code</summary>"
            f"<pre><code>{escape(metadata['recipe'])}</code></pre></details>"
        )
    parts.append(f"{_cite(name, metadata, lesson, *source)}</article>")
    return family(metadata["operation"]), "".join(parts)


def _poster(base: str, theme: str, metadata: dict) -> str:
    return (
        f'<img class="sw-{theme}" src="{base}.{theme}.png" width="{metadata["width"]}" '
        f'height="{metadata["height"]}" loading="lazy" decoding="async" '
        f'alt="{escape(metadata["alt"])}">'
    )


def _downloads(name: str, base: str, metadata: dict) -> str:
    """Links to every file of a figure that is of use in slides and handouts."""

    def both(what: str, kind: str) -> str:
        links = (
            f'<a href="{base}.{theme}.{kind}" download aria-label="{name}, {what}, {theme}">'
            f"{theme}</a>"
            for theme in ("light", "dark")
        )
        return f"{what} {', '.join(links)}"

    if not metadata["moving"]:
        return both("PNG", "png")
    frames = (
        f'<a href="{base}.frames.zip" download aria-label="{name}, frames without background">'
        "frames</a>"
    )
    return f"{both('GIF', 'gif')} · {both('strip', 'strip.png')} · {frames}"


def _cite(name: str, metadata: dict, lesson: str, address: str, year: str, course: str) -> str:
    """A line that credits the figure, for a slide's footer or a list of references."""
    when = f" ({year})" if year else ""
    where = f" {shown_at(address, lesson, name)}".rstrip()
    origin = f", drawn from torch {version('torch')}" if metadata["moving"] else ""
    licence = "" if course else f" {LICENCE}."
    return (
        f'<p class="sw-cite">{escape(course or PROJECT)}{when}: {name}{origin}.{licence}{where}</p>'
    )
