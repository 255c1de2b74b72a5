"""Exclude from the search index what nobody searches for: plotting code and numeric outputs.

Readers load the index with every page, so it should not contain more than it must.
"""

from __future__ import annotations

import re

FOLDED = '<details class="example">'
OUTPUT = re.compile(r'<div class="([^"]*\bsw-output\b[^"]*)">(.*?)</div>', re.DOTALL)
MARKUP = re.compile(r"<[^>]*>|&\w+;|\btensor\b")
EXCLUDED = "data-search-exclude"


def searchable(html: str) -> str:
    """A page's HTML with marks on everything that Material's search should leave out."""
    html = html.replace(FOLDED, f"{FOLDED[:-1]} {EXCLUDED}>")
    return OUTPUT.sub(_output, html)


def _output(match: re.Match) -> str:
    kinds, inner = match.groups()
    text = MARKUP.sub("", inner)
    letters, digits = (sum(map(test, text)) for test in (str.isalpha, str.isdigit))
    mark = f" {EXCLUDED}" if digits > letters else ""
    return f'<div class="{kinds}"{mark}>{inner}</div>'
