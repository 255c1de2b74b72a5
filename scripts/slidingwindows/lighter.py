"""A page's HTML without what no reader sees: blank space between tags, names marked as names."""

from __future__ import annotations

import re

# Space counts in these.
KEPT = re.compile(r"(<(pre|script|style|textarea)\b.*?</\2>)", re.DOTALL)
BLANK = re.compile(r"\s*\n\s*")
# A plain name has the colour of all code; marking each takes a thirtieth of a lesson's weight.
NAME = re.compile(r'<span class="n">([^<]*)</span>')


def lighter(html: str) -> str:
    """The same page, some four per cent smaller once gzipped."""
    parts = KEPT.split(html)
    parts[0::3] = [BLANK.sub("\n", part) for part in parts[0::3]]
    parts[1::3] = [NAME.sub(r"\1", part) for part in parts[1::3]]
    del parts[2::3]  # the names of the kept elements
    return "".join(parts)
