"""Glossary links: read the terms from the glossary page, and link each one's first use."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from ..core.errors import SlidingWindowsError
from ..course.blocks import raw

HEADING = re.compile(r"^## (?P<name>.+?) \{ #(?P<anchor>[a-z0-9-]+) \}$", re.MULTILINE)
ALSO = re.compile(r"\*Also: (?P<names>[^*]+)\*")
# Lines without prose: headings, rows of tables, titles of boxes, what footnotes mean.
APART = re.compile(r"\s*(?:\#{1,6}\s|\||!!!|\?\?\?|(?:\[[^\]]+\]|\*\[[^\]]+\]):)")
# Links, pictures, addresses, formulas, elements, attributes, escaped signs: no words count there.
CLOSED = r"""
    !?\[(?:[^\[\]]|\[[^\[\]]*\])*\](?:\([^)]*\)|\[[^\]]*\])
    | <math\b.*?</math> | <a\b.*?</a> | <!--.*?--> | </?[a-z][^>]*> | https?://\S+
    | \{[ ]?[:.\#][^}\n]*\} | \\.
"""
OURS = re.compile(r"\n\s*\{[^}\n]*\.sw-[^}\n]*\}\s*\Z")  # a paragraph that is not the author's


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


class _Linker:
    """Copies Markdown as it is; the first use of each term becomes a link."""

    def __init__(self, terms: tuple[Term, ...], address: str):
        self.address = address
        self.by_name = {name.lower(): term for term in terms for name in term.names}
        names = sorted(self.by_name, reverse=True)  # before its own beginning comes a longer name
        words = "|".join(re.escape(name) for name in names)
        # Whatever comes first is found first: in code and links no words are looked for.
        self.parts = re.compile(
            rf"(?P<ticks>(?<!`)`+(?!`))(?P<code>.+?)(?<!`)(?P=ticks)(?!`)|{CLOSED}"
            rf"|(?<![\w-])(?P<word>{words})(?:e?s)?(?![\w-])",
            re.DOTALL | re.IGNORECASE | re.VERBOSE,
        )

    def prose(self, text: str) -> str:
        """A paragraph, with links."""
        return text if OURS.search(text) else self.parts.sub(self._part, text)

    def _part(self, match: re.Match) -> str:
        name = match["code"] or match["word"]
        term = self.by_name.get(name.lower()) if name else None
        if term is None:
            return match[0]
        for known in term.names:
            self.by_name.pop(known.lower(), None)
        meaning = html.escape(term.meaning)
        return f'[{match[0]}]({self.address}#{term.anchor} "{meaning}"){{ .sw-term }}'


def with_terms(markdown: str, terms: tuple[Term, ...], address: str) -> str:
    """A page's Markdown with the first use of each term in its prose linked to the glossary.

    address: of the glossary's page, as a link from here. Code that is a term's very name counts as
    a use; headings, links, blocks of code, formulas, HTML and tables are left alone.
    """
    if not terms:
        return markdown
    linker, lines = _Linker(terms, address), markdown.split("\n")
    alone, made, paragraph = raw(lines), [], []
    for n, line in enumerate([*lines, ""]):
        if line.strip() and not alone[n] and not APART.match(line):
            paragraph.append(line)
            continue
        if paragraph:
            made.append(linker.prose("\n".join(paragraph)))
            paragraph = []
        if n < len(lines):
            made.append(line)
    return "\n".join(made)
