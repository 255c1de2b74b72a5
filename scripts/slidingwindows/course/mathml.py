"""Formulas to MathML before any generator sees them: no script and no font is sent to readers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Tree
from html import unescape

from ..core.errors import SlidingWindowsError
from .blocks import BOX, outside_code, raw

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


# Environments that are one formula; those that latex2mathml knows are tables.
PLAIN = {"equation", "equation*", "displaymath", "math"}
ALIGNED = re.compile(r"\\(begin|end)\s*\{aligned\}")  # it knows the same as align*
NAMED = re.compile(r"\\begin\s*\{([^{}]*)\}|(\\math[A-Za-z]+)")
CODE = re.compile(r"&#x([0-9A-Fa-f]+);")  # as latex2mathml writes signs
ESCAPED = re.compile(r"\\([%_$&#{}])")  # in words

# Signs that mean something in Markdown are written as HTML has it, so that they mean themselves.
SIGNS = {ord(sign): f"&#{ord(sign)};" for sign in r"\`*_[]{}|~^$"}


def with_formulas(markdown: str, page: str) -> str:
    """Markdown whose formulas are MathML, which any generator passes through unchanged.

    A formula is what pymdownx.arithmatex takes for one: in dollars, in round or square brackets
    with backslashes, or an environment that is a paragraph. Code and HTML are left alone. Raises
    SlidingWindowsError naming page and formula.
    """
    if "$" not in markdown and "\\" not in markdown:
        return markdown
    return outside_code(markdown, lambda text: _with_formulas(text, page))


def _with_formulas(markdown: str, page: str) -> str:
    """markdown: without its code. Paragraph by paragraph, since no formula reaches beyond one."""
    lines = markdown.split("\n")
    alone, made, paragraph = raw(lines), [], []
    for n, line in enumerate([*lines, ""]):
        ends = n == len(lines) or alone[n] or not line.strip() or BOX.match(line.lstrip(" "))
        if not ends:
            paragraph.append(line)
            continue
        if paragraph:
            made.append(_paragraph("\n".join(paragraph), page))
            paragraph = []
        if n < len(lines):
            made.append(line)
    return "\n".join(made)


def _paragraph(text: str, page: str) -> str:
    from pymdownx import arithmatex

    kinds = (arithmatex.RE_DOLLAR_BLOCK, arithmatex.RE_BRACKET_BLOCK, arithmatex.RE_TEX_BLOCK)
    indent = text[: len(text) - len(text.lstrip(" "))]
    block = re.fullmatch(rf"(?s)(?:{'|'.join(kinds)}) *", text[len(indent) :])
    if block:
        source = next(block[name] for name in ("math", "math2", "math3") if block[name])
        return f"{indent}{_phrase(source, 'block', page)}\n{indent}{{ .sw-math }}"
    inline = f"{arithmatex.RE_SMART_DOLLAR_INLINE}|{arithmatex.RE_BRACKET_INLINE}"

    def replace(match: re.Match) -> str:
        source = match[3] or match[6]
        return _phrase(source, "inline", page) if source else match.group()

    return re.sub(inline, replace, text)


def _phrase(source: str, display: str, page: str) -> str:
    """MathML in a <span>, since Python-Markdown takes <math> at the start of a line for a block."""
    made = to_mathml(source, display, page)
    texts = re.sub(r"(?<=>)[^<]+", lambda match: match[0].translate(SIGNS), made)
    return f"<span>{texts}</span>"


def with_mathml(html: str, page: str) -> str:
    """HTML of arithmatex with every formula replaced. Raises what to_mathml() raises."""
    html = BLOCK.sub(lambda m: f'<div class="sw-math">{to_mathml(m[1], "block", page)}</div>', html)
    return INLINE.sub(lambda m: to_mathml(m[1], "inline", page), html)


def to_mathml(source: str, display: str, page: str) -> str:
    """A LaTeX formula, with its HTML entities, as <math>. display: 'block' or 'inline'.

    Raises SlidingWindowsError naming page and formula if it cannot be read, and the macro if there
    is one that nobody knows.
    """
    from latex2mathml.converter import Converter

    formula = unescape(source).strip()
    try:
        math = Converter(display=display).convert_to_element(ALIGNED.sub(r"\\\1{align*}", formula))
        unknown = _unknown(math, formula)
        if not unknown:
            return _fenced(Tree.tostring(math))
    except Exception as error:  # latex2mathml raises many types, some without a message
        raise SlidingWindowsError(
            f"{page}: the formula {formula!r} cannot be read: {type(error).__name__} {error}"
        ) from error
    raise SlidingWindowsError(
        f"{page}: the formula {formula!r} cannot be read: {unknown} is not known here"
    )


def _unknown(math: Tree.Element, formula: str) -> str | None:
    """What latex2mathml does not know, if anything: it writes macros as text, leaves others out.

    math: what it made of the formula; its words and signs become what they stand for.
    """
    from latex2mathml import commands
    from latex2mathml.symbols_parser import convert_symbol

    known = {name for name in vars(commands).values() if isinstance(name, str)}
    tables = {name[1:] for name in commands.MATRICES} | {"aligned"} | PLAIN
    for found in NAMED.finditer(formula):
        if found[1] is not None and found[1] not in tables:
            return f"the environment {found[1]}"
        if found[2] and found[2] not in known and not convert_symbol(found[2]):
            return found[2]
    for one in math.iter():
        text, words = one.text or "", one.tag == "mtext"
        barred = {"href", "style", "class"} & set(one.attrib)
        if barred:
            return f"\\{barred.pop()}"
        if words and re.search(r"(?<!\\)\$", text):
            return "a formula in words"
        if not words and convert_symbol(text):  # after \big and its like
            text = f"&#x{convert_symbol(text)};"
        text = ESCAPED.sub(r"\1", text)
        macro = re.search(r"\\(?:[A-Za-z]+|.?)|^&$", text)
        verbatim = words and commands.VERB in formula and one.get("mathvariant") == "monospace"
        if macro and not verbatim:
            return "& outside a table" if macro[0] == "&" else macro[0]
        one.text = CODE.sub(lambda match: chr(int(match[1], 16)), text)
    return None


def _fenced(formula: bytes) -> str:
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
    if not len(row) or row[0].get("stretchy") != "true":
        return None  # its last one is like its first
    tall = any(row.find(f".//{{{SPACE}}}{name}") is not None for name in TALL)
    return FENCES.get(f"{row[0].text}{row[-1].text}") if tall else None
