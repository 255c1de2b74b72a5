"""From the navigation: the course's order, the home page's lesson list, where sources are cited."""

from __future__ import annotations

import json
import re
from pathlib import Path

MARK = "<!-- lessons -->"
FACTS = "{ .sw-facts data-search-exclude=1 }"  # of a line below a lesson's title


def lessons_in(nav) -> list[str]:
    """Names of the lessons in MkDocs's nav, in order."""
    if isinstance(nav, dict):
        nav = list(nav.values())
    if isinstance(nav, list):
        return [name for item in nav for name in lessons_in(item)]
    lesson = isinstance(nav, str) and nav.startswith("lessons/") and nav.endswith(".ipynb")
    return [Path(nav).stem] if lesson else []


def split_page(text: str) -> tuple[str, dict]:
    """A prepared page's Markdown, and its header, which prepare wrote as JSON."""
    _, header, body = text.split("---\n", 2)
    return body, json.loads(header)


def course_in(nav) -> list[str]:
    """Names of the lessons in the navigation's section 'Lessons', in order."""
    for item in nav or []:
        if isinstance(item, dict) and "Lessons" in item:
            return lessons_in(item)
    return lessons_in(nav)


def course_pages(nav, pages: Path) -> list[tuple[str, dict]]:
    """Name and header of each prepared lesson of the course, in order."""
    result = []
    for name in course_in(nav):
        path = pages / f"{name}.md"
        if path.exists():  # MkDocs itself reports a nav entry without a file
            result.append((name, split_page(path.read_text("utf-8"))[1]))
    return result


def lesson_list(nav, pages: Path) -> str:
    """Markdown that replaces MARK: each lesson's title, description and reading time."""
    items = [
        '<li markdown="block">\n\n'
        f"[{meta['title']}](lessons/{name}.ipynb)\n{{ .sw-title }}\n\n"
        f"{meta['description']} *{meta['minutes']} minutes.*\n\n</li>"
        for name, meta in course_pages(nav, pages)
    ]
    return '<ol class="sw-lessons" markdown>\n' + "\n".join(items) + "\n</ol>"


def with_facts(markdown: str, meta: dict) -> str:
    """A lesson's Markdown with the reading time below its title."""
    head, title, rest = f"\n{markdown}".partition("\n# ")
    first, _, body = rest.partition("\n")
    line = f"{meta['minutes']} minutes to read\n{FACTS}"
    return f"{head}{title}{first}\n\n{line}\n\n{body}".removeprefix("\n")


CITED = "<!-- cited -->"
LINK = re.compile(r"\]\((https?://[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)\)")


def links_in(markdown: str) -> list[str]:
    """Addresses of other sites that a page links to, in order, each once."""
    return list(dict.fromkeys(LINK.findall(markdown)))


def with_citations(markdown: str, nav, pages: Path) -> str:
    """Replace each mark with links to the lessons that cite an address on the same line.

    markdown: the page of sources; a line with the mark holds one source. pages: the folder of
    prepared lessons. If no lesson cites the source, the mark is just removed.
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
            links = [link for address in links_in(line) for link in cites.get(address, [])]
            where = f"Cited in {', '.join(dict.fromkeys(links))}." if links else ""
            line = line.replace(CITED, where).rstrip()
        lines.append(line)
    return "\n".join(lines)
