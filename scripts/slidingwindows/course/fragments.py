"""Sanitize the HTML of a cell's output: refuse what acts, drop its styles, close its tags.

What acts is refused by name. What only affects looks or navigation (styles, headings, ids) is
removed, because the site has its own style and its own table of contents.
"""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

from ..core.errors import SlidingWindowsError
from .inert import faults_in

EMPTY = {"br", "hr", "img", "col", "wbr"}
INLINE = {"a", "abbr", "b", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "q", "s"}
INLINE |= {"samp", "small", "span", "strong", "sub", "sup", "u", "var", "wbr", "br", "img"}
BLOCK = {"div", "p", "pre", "blockquote", "ul", "ol", "li", "dl", "dt", "dd", "hr", "details"}
BLOCK |= {"summary", "figure", "figcaption", "table", "caption", "colgroup", "col", "thead"}
BLOCK |= {"tbody", "tfoot", "tr", "th", "td"}
HEADINGS = {f"h{level}" for level in range(1, 7)}
# The attributes that carry meaning; 'style' and 'id' are not among them.
ATTRIBUTES = {"class", "href", "title", "alt", "src", "width", "height", "colspan", "rowspan"}
ATTRIBUTES |= {"scope", "lang", "dir", "start", "open", "datetime", "cite"}
STYLE = re.compile(r"<style\b[^>]*>.*?</style\s*>|<style\b.*", re.DOTALL | re.IGNORECASE)
# The open elements that a start tag closes, as in HTML.
ENDS = {"li": {"li"}, "tr": {"tr", "td", "th"}, "td": {"td", "th"}, "th": {"td", "th"}}
ENDS |= {"dt": {"dt", "dd"}, "dd": {"dt", "dd"}, "p": {"p"}}
WITHIN = {"li": {"ul", "ol"}, "tr": {"table"}, "td": {"table"}, "th": {"table"}}
WITHIN |= {"dt": {"dl"}, "dd": {"dl"}, "p": {"div", "td", "th", "li", "dd", "blockquote"}}


def fragment(html: str, place: str) -> str:
    """One line of well-formed HTML. place: where the cell is, for errors.

    Raises SlidingWindowsError naming the place and the element that an output may not contain.
    """
    html = STYLE.sub("", html)
    reader = _Rewriter(place)
    for fault in faults_in(html, ""):
        if not fault.what.startswith("style= "):
            raise SlidingWindowsError(
                f"{place}: a page may not hold {fault.what}; the site's policy would stop it"
            )
    reader.feed(html)
    reader.close()
    return reader.whole()


class _Rewriter(HTMLParser):
    def __init__(self, place: str):
        super().__init__()
        self.place = place
        self.parts: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        tag, attributes = ("p", []) if tag in HEADINGS else (tag, attrs)
        if tag not in INLINE | BLOCK:
            raise SlidingWindowsError(
                f"{self.place}: an output may not hold <{tag}>; a page shows text, tables and lists"
            )
        if tag == "img" and not (dict(attrs).get("alt") or "").strip():
            raise SlidingWindowsError(
                f"{self.place}: a picture without alt text; "
                "use slidingwindows.lesson.plot, which asks for one"
            )
        self._end_before(tag)
        kept = "".join(
            f' {name}="{escape(value or "")}"'
            for name, value in dict(attributes).items()
            if name in ATTRIBUTES
        )
        self.parts.append(f"<{tag}{kept}>")
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        tag = "p" if tag in HEADINGS else tag
        if tag in self.open:
            while self.open[-1] != tag:
                self._end()
            self._end()

    def handle_data(self, data):
        text = escape(data, quote=False)
        if "pre" in self.open:
            text = text.replace("\n", "&#10;")
        self.parts.append(re.sub(r"\s*\n\s*", " ", text))

    def whole(self) -> str:
        while self.open:
            self._end()
        return "".join(self.parts).strip()

    def _end(self) -> None:
        self.parts.append(f"</{self.open.pop()}>")

    def _end_before(self, tag: str) -> None:
        """Close the open elements that cannot contain this one."""
        for depth in range(len(self.open) - 1, -1, -1):
            if self.open[depth] in WITHIN.get(tag, ()):
                return
            if self.open[depth] in ENDS.get(tag, ()):
                while len(self.open) > depth:
                    self._end()


__all__ = ["fragment"]
