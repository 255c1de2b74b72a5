"""Glossary links: read the terms from the glossary page, and link each one's first use."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from html.parser import HTMLParser

from ..core.errors import SlidingWindowsError

HEADING = re.compile(r"^## (?P<name>.+?) \{ #(?P<anchor>[a-z0-9-]+) \}$", re.MULTILINE)
ALSO = re.compile(r"\*Also: (?P<names>[^*]+)\*")
PROSE = {"p", "li", "dd"}
# Elements in which a link would be wrong or in the way.
CLOSED = {"a", "pre", "script", "style", "summary", "figure", "button", "math", "svg", "table"}
CLOSED |= {f"h{n}" for n in range(1, 7)}
TITLE = re.compile(r'class="[^"]*(admonition-title|sw-)')
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"}


@dataclass(frozen=True)
class Term:
    """anchor: its id on the page. names: how prose writes it. meaning: one sentence."""

    anchor: str
    names: tuple[str, ...]
    meaning: str


def read_glossary(text: str) -> tuple[Term, ...]:
    """The terms in the glossary's Markdown: a heading with an anchor, other names, the meaning.

    Raises SlidingWindowsError for a name of two terms, or a term without a meaning.
    """
    terms, seen = [], {}
    places = list(HEADING.finditer(text))
    for here, after in zip(places, [*places[1:], None], strict=True):
        body = text[here.end() : after.start() if after else None].strip()
        also = ALSO.match(body)
        names = [here["name"].strip("`")]
        if also:
            names += [name.strip(" `") for name in also["names"].split(",")]
            body = body[also.end() :].strip()
        if not body:
            raise SlidingWindowsError(f"the glossary does not say what {names[0]!r} means")
        for name in names:
            if seen.setdefault(name.lower(), here["anchor"]) != here["anchor"]:
                raise SlidingWindowsError(f"the glossary has {name!r} twice")
        terms.append(Term(here["anchor"], tuple(names), _sentence(body)))
    return tuple(terms)


def _sentence(body: str) -> str:
    """The first sentence without markup, for a tooltip."""
    text = " ".join(body.split("\n\n")[0].split())
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)  # links
    text = re.sub(r"[`*$]", "", text)
    return re.match(r".*?[.](?= |$)|.*", text)[0]


class _Linker(HTMLParser):
    """Copies HTML unchanged, except that the first use of each term becomes a link."""

    def __init__(self, terms: tuple[Term, ...], address: str):
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self.open: list[tuple[str, bool]] = []  # (tag, whether links are unwelcome inside)
        self.address, self.code = address, None
        self.by_name = {name.lower(): term for term in terms for name in term.names}
        names = sorted(self.by_name, key=len, reverse=True)
        words = "|".join(re.escape(html.escape(name, quote=False)) for name in names)
        self.words = re.compile(rf"(?<![\w-])({words})(e?s)?(?![\w-])", re.IGNORECASE)

    def welcome(self) -> bool:
        tags = {tag for tag, _ in self.open}
        return bool(tags & PROSE) and not any(closed for _, closed in self.open)

    def link(self, term: Term, text: str) -> str:
        for name in term.names:
            self.by_name.pop(name.lower(), None)
        title = html.escape(term.meaning)
        return f'<a class="sw-term" href="{self.address}#{term.anchor}" title="{title}">{text}</a>'

    def handle_starttag(self, tag, attrs):
        raw = self.get_starttag_text()
        if tag == "code" and self.welcome():
            self.code = len(self.parts)
        self.parts.append(raw)
        if tag not in VOID:
            self.open.append((tag, tag in CLOSED or bool(TITLE.search(raw))))

    def handle_startendtag(self, tag, attrs):
        self.parts.append(self.get_starttag_text())

    def handle_endtag(self, tag):
        self.parts.append(f"</{tag}>")
        while self.open and self.open.pop()[0] != tag:
            pass  # <p> and <li> may stay open in HTML
        if tag == "code" and self.code is not None:
            inside = "".join(self.parts[self.code + 1 : -1])
            term = self.by_name.get(inside.lower())
            if term:
                whole = "".join(self.parts[self.code :])
                self.parts[self.code :] = [self.link(term, whole)]
            self.code = None

    def handle_data(self, data):
        if self.code is None and self.welcome():
            data = self.words.sub(self._word, data)
        self.parts.append(data)

    def _word(self, match: re.Match) -> str:
        term = self.by_name.get(html.unescape(match[1]).lower())
        return self.link(term, match[0]) if term else match[0]

    def handle_entityref(self, name):
        self.parts.append(f"&{name};")

    def handle_charref(self, name):
        self.parts.append(f"&#{name};")

    def handle_comment(self, data):
        self.parts.append(f"<!--{data}-->")

    def handle_decl(self, decl):
        self.parts.append(f"<!{decl}>")


def with_terms(page: str, terms: tuple[Term, ...], address: str) -> str:
    """A page's HTML with the first use of each term in its prose linked to the glossary.

    page: HTML. address: of the glossary's page, as a link from here. Inline code counts as a use if
    it is exactly a term's name; headings, links, code blocks and tables are left alone.
    """
    if not terms:
        return page
    linker = _Linker(terms, address)
    linker.feed(page)
    linker.close()
    return "".join(linker.parts)
