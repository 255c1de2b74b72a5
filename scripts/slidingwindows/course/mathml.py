"""LaTeX formulas to MathML at build time, so that readers load no script and no font for them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Tree
from html import unescape

from ..core.errors import SlidingWindowsError

# What pymdownx.arithmatex leaves in its generic mode.
INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
BLOCK = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)

SPACE = "http://www.w3.org/1998/Math/MathML"
# Brackets around something tall. Chromium stretches them only with a mathematical font, which many
# computers lack, so site.css draws them as borders of what they enclose.
FENCES = {"⌊⌋": "floor", "⌈⌉": "ceiling", "()": "round", "[]": "square", "||": "bars"}
TALL = ("mfrac", "mtable", "munderover", "munder", "mover")
# Brackets that latex2mathml marks up as identifiers.
SIDES = {"⌊": "prefix", "⌈": "prefix", "⌋": "postfix", "⌉": "postfix"}


def with_mathml(html: str, page: str) -> str:
    """Replace every formula. Raises SlidingWindowsError naming page and formula."""
    if 'class="arithmatex"' not in html:
        return html
    html = BLOCK.sub(lambda m: f'<div class="sw-math">{to_mathml(m[1], "block", page)}</div>', html)
    return INLINE.sub(lambda m: to_mathml(m[1], "inline", page), html)


def to_mathml(source: str, display: str, page: str) -> str:
    """A LaTeX formula, with its HTML entities, as <math>. display: 'block' or 'inline'.

    Raises SlidingWindowsError naming page and formula if it cannot be read.
    """
    from latex2mathml.converter import convert

    formula = unescape(source).strip()
    try:
        return _fenced(convert(formula, display=display))
    except Exception as error:  # latex2mathml raises many types, some without a message
        raise SlidingWindowsError(
            f"{page}: the formula {formula!r} cannot be read: {type(error).__name__} {error}"
        ) from error


def _fenced(formula: str) -> str:
    """MathML whose brackets are operators, with a class where they must be drawn taller."""
    Tree.register_namespace("", SPACE)
    math = Tree.fromstring(formula)
    for one in list(math.iter()):
        if one.tag == f"{{{SPACE}}}mi" and one.text in SIDES:
            one.tag = f"{{{SPACE}}}mo"
            one.attrib.update(stretchy="false", fence="true", form=SIDES[one.text])
    for row in list(math.iter(f"{{{SPACE}}}mrow")):
        name = _fence_of(row)
        if name:
            inner = Tree.Element(f"{{{SPACE}}}mrow", {"class": f"sw-{name}"})
            inner.extend(row[1:-1])
            row[1:-1] = [inner]
            row.set("class", "sw-fence")
    return Tree.tostring(math, encoding="unicode")


def _fence_of(row: Tree.Element) -> str | None:
    """The name of a row's brackets, if they are to stretch around something tall."""
    if len(row) < 3 or {row[0].get("stretchy"), row[-1].get("stretchy")} != {"true"}:
        return None
    tall = any(row.find(f".//{{{SPACE}}}{name}") is not None for name in TALL)
    return FENCES.get(f"{row[0].text}{row[-1].text}") if tall else None
