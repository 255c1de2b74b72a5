"""The API reference's HTML: one entry as a Markdown heading with HTML below it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import groupby

from .api_source import Entry, Part

PAPERS = {
    r"arXiv (\d{4}\.\d{5})": "https://arxiv.org/abs/",
    r"doi (10\.\S+[^\s.,;)])": "https://doi.org/",
}
LABELS = {
    "parameter": "Parameters",
    "field": "Fields",
    "returns": "Returns",
    "raises": "Raises",
    "source": "Source",
}


def entry_html(entry: Entry, links: set[str], imported: str = "") -> str:
    """One entry. links: names of all entries on the page. imported: the import to show, if any."""
    parts = [code_html(imported)] if imported else []
    parts.append(code_html(entry.signature))
    parts += _words(entry.parts, links)
    if entry.members:
        members = "".join(_member(entry, member, links) for member in entry.members)
        parts.append('<p class="sw-label">Methods and properties</p>')
        parts.append(f'<dl class="sw-members">{members}</dl>')
    heading = f"### `{entry.name}` {{ #{anchor(entry.name)} }}"
    return f'{heading}\n\n<div class="sw-entry">{"".join(parts)}</div>'


def anchor(name: str) -> str:
    """An entry's anchor on the page; Markdown would take '__' for bold."""
    return name.strip("_")


def prose_html(text: str, links: set[str]) -> str:
    """Text as HTML: ``code`` links to the entry of that name, a paper's number to the paper."""

    def code(match: re.Match) -> str:
        inner = f"<code>{match.group(1)}</code>"
        name = match.group(1).removesuffix("()")
        target = name if name in links else name.split(".")[0]
        return f'<a href="#{anchor(name)}">{inner}</a>' if target in links else inner

    html = re.sub(r"`{1,2}([^`]+)`{1,2}", code, escape(text, quote=False))
    for number, address in PAPERS.items():
        html = re.sub(number, rf'<a href="{address}\1">\g<0></a>', html)
    return html


def code_html(text: str, language: str = "python", inline: bool = False) -> str:
    """Code as HTML, highlighted like Markdown's own code blocks."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    html = highlight(text, get_lexer_by_name(language), HtmlFormatter(nowrap=True)).rstrip("\n")
    if inline:
        return f'<code class="highlight">{html}</code>'
    return f'<div class="highlight no-copy"><pre><code>{html}</code></pre></div>'


def _member(owner: Entry, member: Entry, links: set[str]) -> str:
    words = "".join(_words(member.parts, links))
    signature = code_html(member.signature, inline=True)
    return f'<dt id="{owner.name}.{member.name}">{signature}</dt><dd>{words}</dd>'


def _words(parts: Sequence[Part], links: set[str]) -> list[str]:
    blocks = []
    for kind, group in groupby(parts, key=lambda part: part.kind):
        if kind == "text":
            blocks += [f"<p>{prose_html(part.text, links)}</p>" for part in group]
        elif kind == "example":
            blocks += [code_html(part.text, "pycon") for part in group]
        else:
            blocks.append(f'<p class="sw-label">{LABELS[kind]}</p>')
            blocks.append(_listed(list(group), links))
    return blocks


def _listed(parts: list[Part], links: set[str]) -> str:
    """A list of names and meanings, or just paragraphs where nothing has a name."""
    if not parts[0].name:
        texts = "".join(f"<p>{prose_html(part.text, links)}</p>" for part in parts)
        return f'<div class="sw-names">{texts}</div>'
    rows = "".join(
        f"<dt>{prose_html(f'``{part.name}``', links)}</dt><dd>{prose_html(part.text, links)}</dd>"
        for part in parts
    )
    return f'<dl class="sw-names">{rows}</dl>'
