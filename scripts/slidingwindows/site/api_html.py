"""An entry of the reference as readers see it: a Markdown heading, and HTML below it."""

from __future__ import annotations

import re
from html import escape

from .api_source import Entry
from .docstrings import Part, parts_of

LABELS = {"parameter": "Parameters", "returns": "Returns", "raises": "Raises"}


def entry_html(entry: Entry, links: set[str], imported: str = "") -> str:
    """links: names of all entries on the page. imported: the import to write, if any."""
    parts = [code_html(imported)] if imported else []
    parts.append(code_html(entry.signature))
    labels = {**LABELS, "parameter": "Fields"} if entry.kind == "class" else LABELS
    parts += _words(parts_of(entry.docstring, entry.parameters), links, labels)
    if entry.members:
        members = "".join(_member(entry, member, links) for member in entry.members)
        parts.append('<p class="sw-label">Methods and properties</p>')
        parts.append(f'<dl class="sw-members">{members}</dl>')
    heading = f"### `{entry.name}` {{ #{anchor(entry.name)} }}"
    return f'{heading}\n\n<div class="sw-entry">{"".join(parts)}</div>'


def anchor(name: str) -> str:
    """An address on the page; Markdown would take '__' for bold."""
    return name.strip("_")


def prose_html(text: str, links: set[str]) -> str:
    """``code`` as code, which leads to the entry of that name; all else as it stands."""

    def code(match: re.Match) -> str:
        inner = f"<code>{match.group(1)}</code>"
        name = match.group(1).removesuffix("()")
        found = name if name in links else name.split(".")[0]
        return f'<a href="#{anchor(name)}">{inner}</a>' if found in links else inner

    return re.sub(r"`{1,2}([^`]+)`{1,2}", code, escape(text, quote=False))


def code_html(text: str, language: str = "python", inline: bool = False) -> str:
    """Coloured as Markdown's own code blocks are."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    html = highlight(text, get_lexer_by_name(language), HtmlFormatter(nowrap=True)).rstrip("\n")
    if inline:
        return f'<code class="highlight">{html}</code>'
    return f'<div class="highlight no-copy"><pre><code>{html}</code></pre></div>'


def _member(owner: Entry, member: Entry, links: set[str]) -> str:
    words = "".join(_words(parts_of(member.docstring, member.parameters), links, LABELS))
    signature = code_html(member.signature, inline=True)
    return f'<dt id="{owner.name}.{member.name}">{signature}</dt><dd>{words}</dd>'


def _words(parts: list[Part], links: set[str], labels: dict[str, str]) -> list[str]:
    found, before, tag = [], "", "dl"
    for part in [*parts, Part("", "")]:
        listed = part.kind in labels
        if part.kind != before:
            found += [f"</{tag}>"] if before in labels else []
            # A list of names and meanings, or a mere text where nothing has a name.
            tag = "dl" if any(p.names for p in parts if p.kind == part.kind) else "div"
            if listed:
                label = f'<p class="sw-label">{labels[part.kind]}</p>'
                found.append(f'{label}<{tag} class="sw-names">')
        text = prose_html(part.text, links)
        if listed:
            names = ", ".join(prose_html(f"``{name}``", links) for name in part.names)
            named = (f"<dt>{names}</dt>" if names else "") + f"<dd>{text}</dd>"
            found.append(named if tag == "dl" else f"<p>{text}</p>")
        elif part.kind == "example":
            found.append(code_html(part.text, "pycon"))
        elif part.kind:
            found.append(f"<p>{text}</p>")
        before = part.kind
    return found
