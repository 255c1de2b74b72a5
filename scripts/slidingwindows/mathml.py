"""Formulas to MathML at build time: no script and no font is sent to readers."""

from __future__ import annotations

import re
from html import unescape

from .errors import SlidingWindowsError

# What pymdownx.arithmatex leaves in its generic mode.
INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
BLOCK = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)


def with_mathml(html: str, page: str) -> str:
    """Replace every formula. Raises SlidingWindowsError naming page and formula."""
    if 'class="arithmatex"' not in html:
        return html
    html = BLOCK.sub(lambda m: f'<div class="sw-math">{to_mathml(m[1], "block", page)}</div>', html)
    return INLINE.sub(lambda m: to_mathml(m[1], "inline", page), html)


def to_mathml(source: str, display: str, page: str) -> str:
    """A formula in LaTeX, its HTML entities still there, as <math>. display: 'block' or 'inline'.

    Raises SlidingWindowsError naming page and formula if it cannot be read.
    """
    from latex2mathml.converter import convert

    formula = unescape(source).strip()
    try:
        return convert(formula, display=display)
    except Exception as error:  # latex2mathml raises many kinds, some of them bare
        raise SlidingWindowsError(
            f"{page}: the formula {formula!r} cannot be read: {type(error).__name__} {error}"
        ) from error
