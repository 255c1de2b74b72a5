"""Refuse scripts, forms, frames and event handlers in pages' own HTML, naming the line.

The site's policy keeps browsers from running any of these. They are refused here, before a page is
published, so that its author hears of it at once instead of wondering why the page does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from posixpath import join, normpath

from .lessons import Lesson

ELEMENTS = {"script", "style", "base", "meta", "link", "form"}
ELEMENTS |= {"iframe", "frame", "frameset", "object", "embed", "applet", "portal"}
ATTRIBUTES = {"srcdoc", "style", "formaction", "ping"}
ADDRESSES = {"href", "src", "srcset", "action", "data", "poster", "background", "xlink:href"}
SCHEME = re.compile(r"(javascript|vbscript|data):", re.IGNORECASE)
# What a page fetches by itself, without the reader asking for it.
FETCHES = {"src", "srcset", "poster", "background"}
FETCHED = {("image", "href"), ("image", "xlink:href"), ("use", "href"), ("use", "xlink:href")}
REMOTE = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}|(?:https?|ftp):", re.IGNORECASE)
# Browsers ignore these characters in an address.
OVERLOOKED = re.compile(r"[\x00-\x20]")
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)  # in Markdown: spans and fenced blocks
ANIMATIONS = {"animate", "set"}  # of SVG, which may give an attribute another value
# Browsers end such a comment before Python's parser does, and see elements where it sees none.
AMBIGUOUS = re.compile(r"-?>|.*--!>", re.DOTALL)
ASSET = re.compile(r"assets/[\w-]+\.js")


@dataclass(frozen=True)
class Fault:
    """what: the element or attribute, as an error names it. signs: how the source may write it,
    the most specific first. why: what is wrong with it."""

    what: str
    signs: tuple[str, ...]
    why: str = "the site's policy would stop it"


class _Reader(HTMLParser):
    """Every start tag as (name, attributes, text), and what browsers may read otherwise."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str], str]] = []
        self.ambiguous: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        values: dict[str, str] = {}
        for name, value in attrs:
            values.setdefault(name, value or "")  # as in browsers, the first of two counts
        self.tags.append((tag, values, self.get_starttag_text()))

    def handle_comment(self, data):
        if AMBIGUOUS.match(data):
            self.ambiguous.append(f"<!--{data}")

    def unknown_decl(self, data):
        self.ambiguous.append(f"<![{data}")


def attributes_of(tag: str) -> dict[str, str]:
    """The attributes of one start tag; their names are lowercase."""
    return _Reader(tag).tags[0][1]


def faults_in(html: str, page: str, ours: bool = False) -> list[Fault]:
    """Everything active in a page's HTML, in order.

    page: the page's address from the site's root. ours: whether it may load scripts from assets/.
    """
    reader, faults = _Reader(html), []
    for text in reader.ambiguous:
        what = "a comment" if text.startswith("<!--") else "CDATA"
        signs = text, text[:12], text[:4]
        faults.append(Fault(f"{what} that browsers end elsewhere", signs, "it might hide elements"))
    for tag, attributes, text in reader.tags:
        if tag in ELEMENTS and not (ours and _asset(tag, attributes, page)):
            faults.append(Fault(f"<{tag}>", (text, f"<{tag}")))
        for name, value in attributes.items():
            signs = (text, f"{name}=", name)
            if name.startswith("on") or name in ATTRIBUTES:
                faults.append(Fault(f"{name}= on <{tag}>", signs))
            animated = tag in ANIMATIONS and name == "attributename"
            if animated and value.strip().lower() in ADDRESSES:
                faults.append(Fault(f"<{tag}> of an address", (text, value)))
            fetched = name in FETCHES or (tag, name) in FETCHED
            if fetched and tag not in ELEMENTS and _remote(name, value):
                faults.append(Fault(f"{name}= of another host on <{tag}>", (text, value)))
            scheme = SCHEME.match(OVERLOOKED.sub("", value)) if name in ADDRESSES else None
            if scheme and not (tag == "img" and scheme[1].lower() == "data"):
                faults.append(Fault(f"a {scheme[1].lower()}: address on <{tag}>", (text, value)))
    return faults


def _remote(name: str, value: str) -> bool:
    several = name == "srcset" and "data:" not in value
    addresses = value.split(",") if several else [value]
    return any(REMOTE.match(OVERLOOKED.sub("", address)) for address in addresses)


def _asset(tag: str, attributes: dict[str, str], page: str) -> bool:
    source = attributes.get("src", "")
    path = normpath(join(page.rpartition("/")[0], source))
    return tag == "script" and bool(ASSET.fullmatch(path))  # never one that begins with a slash


def refusals(faults: list[Fault], page: str, text: str) -> list[str]:
    """One sentence for each fault of a page under docs/. text: the page's Markdown."""
    text = without_code(text)
    lines = [_line(fault, text, 1) for fault in faults]
    return [
        _sentence(f"{page}, line {line}" if line else page, fault)
        for fault, line in zip(faults, lines, strict=True)
    ]


def lesson_refusals(faults: list[Fault], lesson: Lesson, outputs: list[list[dict]]) -> list[str]:
    """One sentence for each fault of a lesson's page, naming cell and line.

    outputs: of its code cells.
    """
    return [_sentence(_place(fault, lesson, outputs), fault) for fault in faults]


def _sentence(place: str, fault: Fault) -> str:
    return f"{place}: a page may not hold {fault.what}; {fault.why}"


def _place(fault: Fault, lesson: Lesson, outputs: list[list[dict]]) -> str:
    file = f"lessons/{lesson.path.name}"
    for sign in fault.signs:
        for where, text, line in _texts(lesson, outputs):
            if sign.lower() in text.lower():
                number = line if "code" in where else _line(fault, text, line)
                return f"{file}, {where}, {lesson.place(number)}"
    return file


def _texts(lesson: Lesson, outputs: list[list[dict]]) -> Iterator[tuple[str, str, int]]:
    """(cell, text, first line) of everything that reaches the page as Markdown."""
    results, counts = iter(outputs), {"code": 0, "markdown": 0}
    for cell in lesson.cells:
        counts[cell.kind] += 1
        if cell.kind == "markdown":
            yield f"Markdown cell {counts['markdown']}", without_code(cell.source), cell.line
            continue
        shown = [output.get("data", {}).get("text/markdown", "") for output in next(results)]
        yield f"code cell {counts['code']}", without_code("\n".join(shown)), cell.line


def without_code(markdown: str) -> str:
    """Markdown with its code blanked out, which may mention what a page may not hold."""
    return CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), markdown)


def _line(fault: Fault, text: str, first: int) -> int:
    """The line of a fault's most specific sign in a text, 0 if there is none.

    first: the number of the text's first line.
    """
    for sign in fault.signs:
        at = text.lower().find(sign.lower())
        if at >= 0:
            return first + text.count("\n", 0, at)
    return 0
