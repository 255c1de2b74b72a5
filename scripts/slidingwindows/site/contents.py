"""The list of lessons that the home page shows, in the order of the navigation."""

from __future__ import annotations

import json
from pathlib import Path

MARK = "<!-- lessons -->"


def lessons_in(nav) -> list[str]:
    """Names of the lessons in MkDocs's nav, in order."""
    if isinstance(nav, dict):
        nav = list(nav.values())
    if isinstance(nav, list):
        return [name for item in nav for name in lessons_in(item)]
    found = isinstance(nav, str) and nav.startswith("lessons/") and nav.endswith(".ipynb")
    return [Path(nav).stem] if found else []


def split_page(text: str) -> tuple[str, dict]:
    """A prepared page to its Markdown and its header, which prepare wrote as JSON."""
    _, header, body = text.split("---\n", 2)
    return body, json.loads(header)


def course_in(nav) -> list[str]:
    """Names of the lessons in the navigation's section 'Lessons'; others stand elsewhere."""
    for item in nav or []:
        if isinstance(item, dict) and "Lessons" in item:
            return lessons_in(item)
    return lessons_in(nav)


def course_pages(nav, pages: Path) -> list[tuple[str, dict]]:
    """Name and header of each prepared lesson of the course, in order."""
    found = []
    for name in course_in(nav):
        path = pages / f"{name}.md"
        if path.exists():  # MkDocs itself reports a nav entry without a file
            found.append((name, split_page(path.read_text("utf-8"))[1]))
    return found


def lesson_list(nav, pages: Path) -> str:
    """Markdown for the mark: each lesson's title, description and reading time."""
    items = [
        '<li markdown="block">\n\n'
        f"[{meta['title']}](lessons/{name}.ipynb)\n{{ .sw-title }}\n\n"
        f"{meta['description']} *{meta['minutes']} minutes.*\n\n</li>"
        for name, meta in course_pages(nav, pages)
    ]
    return '<ol class="sw-lessons" markdown>\n' + "\n".join(items) + "\n</ol>"


def with_facts(markdown: str, meta: dict) -> str:
    """Reading time under the lesson's title."""
    head, title, rest = f"\n{markdown}".partition("\n# ")
    first, _, body = rest.partition("\n")
    facts = f"{meta['minutes']} minutes to read\n{{ .sw-facts data-search-exclude=1 }}"
    return f"{head}{title}{first}\n\n{facts}\n\n{body}".removeprefix("\n")
