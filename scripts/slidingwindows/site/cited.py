"""Where each source is cited: the list of sources gets the lessons that link to it."""

from __future__ import annotations

import re
from pathlib import Path

from .contents import lessons_in, split_page

CITED = "<!-- cited -->"
LINK = re.compile(r"\]\((https?://[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)\)")


def links_in(markdown: str) -> list[str]:
    """Addresses of other sites that a page links to, in order, each once."""
    return list(dict.fromkeys(LINK.findall(markdown)))


def with_citations(markdown: str, nav, pages: Path) -> str:
    """Each mark becomes links to the lessons that cite an address of the same line.

    markdown: the page of sources; a line with the mark holds one source. pages: the folder of
    prepared lessons. A source that no lesson cites just loses its mark.
    """
    cites = {}
    for name in lessons_in(nav):
        path = pages / f"{name}.md"
        if path.exists():  # MkDocs itself reports a nav entry without a file
            body, meta = split_page(path.read_text("utf-8"))
            link = f"[{meta['title']}](../lessons/{name}.ipynb)"
            for address in links_in(body):
                cites.setdefault(address, []).append(link)
    lines = []
    for line in markdown.split("\n"):
        if CITED in line:
            found = [link for address in links_in(line) for link in cites.get(address, [])]
            where = f"Cited in {', '.join(dict.fromkeys(found))}." if found else ""
            line = line.replace(CITED, where).rstrip()
        lines.append(line)
    return "\n".join(lines)
