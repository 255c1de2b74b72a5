"""What of a page the search leaves out: code that only draws, and outputs that are only numbers.

Readers load the search index with every page, so nobody should pay for what nobody searches.
"""

from __future__ import annotations

import re

FOLDED = '<details class="example">'
OUTPUT = re.compile(r'<div class="([^"]*\bsw-output\b[^"]*)">(.*?)</div>', re.DOTALL)
MARKUP = re.compile(r"<[^>]*>|&\w+;|\btensor\b")
EXCLUDED = "data-search-exclude"


def searchable(html: str) -> str:
    """A page's HTML with marks for Material's search on all that it should not read."""
    html = html.replace(FOLDED, f"{FOLDED[:-1]} {EXCLUDED}>")
    return OUTPUT.sub(_output, html)


def _output(found: re.Match) -> str:
    kinds, inner = found.groups()
    text = MARKUP.sub("", inner)
    letters, digits = (sum(map(test, text)) for test in (str.isalpha, str.isdigit))
    mark = f" {EXCLUDED}" if digits > letters else ""
    return f'<div class="{kinds}"{mark}>{inner}</div>'
