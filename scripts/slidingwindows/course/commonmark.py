"""Markdown as Jupyter reads it, written so that Python-Markdown reads the same.

Jupyter follows CommonMark and GitHub's tables and task lists: a list's parts are as far in as its
text begins, a list or a table may follow a paragraph at once, and what comes after a blank line in
HTML is Markdown again. Python-Markdown wants four blanks, a blank line, and to be told.
"""

from __future__ import annotations

import re

from .blocks import BOX, fenced, fences, indent_of

ITEM = re.compile(r"^(?P<indent> {0,3})(?P<marker>[-*+]|\d{1,9}[.)]) +(?=\S)")
QUOTE = re.compile(r"^ {0,3}> ?")
RULE = re.compile(r"^ {0,3}([-*_])(?: *\1){2,} *$")
ROW = re.compile(r"^ {0,3}\|?(?: *:?-+:? *\|)+ *(?::?-+:? *)?$")  # below a table's head
TASK = re.compile(r"^([ >]*(?:[-*+]|\d{1,9}[.)]) +)\[([ xX])\] +(?=\S)")
HTML = re.compile(r"^( *<(?:details|div)\b)(?![^>]*\bmarkdown=)(?=[^>]*>)", re.IGNORECASE)
SIGNS = {" ": "☐", "x": "☑"}
FOUR = "    "


def for_page(markdown: str) -> str:
    """A cell's Markdown for a page. What both read the same is left as it is."""
    lines = _blocks(markdown.split("\n"))
    code = fenced(lines)
    return "\n".join(line if code[n] else _marked(line) for n, line in enumerate(lines))


def _marked(line: str) -> str:
    line = HTML.sub(r'\1 markdown="1"', line)
    sign = r'\1<span class="sw-task">{}</span> '
    return TASK.sub(lambda m: m.expand(sign.format(SIGNS[m[2].lower()])), line)


def _blocks(lines: list[str], inside: bool = False, anew: bool = False) -> list[str]:
    """Lines, and what must be different for Python-Markdown to read them the same.

    inside: they are an item's, with its first paragraph on top, below which a list may begin at
    once. anew: indent also what could stay.
    """
    made: list[str] = []
    ends, at = dict(fences(lines)), 0
    while at < len(lines):
        end, line = at + 1, lines[at]
        below = [""] if made and made[-1].strip() else []
        apart = [] if inside and "" not in made else below
        if at in ends:
            end = ends[at] + 1
            made += lines[at:end]
        elif BOX.match(line):
            while end < len(lines) and (not lines[end].strip() or lines[end].startswith(FOUR)):
                end += 1
            body = _blocks([line.removeprefix(FOUR) for line in lines[at + 1 : end]])
            made += [line, *map(_indented, body)]
        elif QUOTE.match(line):
            while end < len(lines) and QUOTE.match(lines[end]):
                end += 1
            plain = [QUOTE.sub("", line) for line in lines[at:end]]
            body = _blocks(plain)
            made += below if inside else []
            made += lines[at:end] if body == plain else [f"> {line}".rstrip() for line in body]
            made += [""] if end < len(lines) and _cuts(lines[end]) else []
        elif _begins_list(lines, at):
            end = _end_of_list(lines, at)
            made += [*apart, *_list(lines[at:end], anew)]
        else:
            after = lines[end] if end < len(lines) else ""
            table = "|" in line and ROW.match(after)
            made += below if table or (inside and _cuts(line)) else []
            made += [line]
        at = end
    return made


def _indented(line: str) -> str:
    return FOUR + line if line.strip() else ""


def _begins_list(lines: list[str], at: int) -> bool:
    """Whether a list begins here. Within a paragraph of numbers only 1 begins one."""
    found = ITEM.match(lines[at])
    if not found or RULE.match(lines[at]):
        return False
    apart = not at or not lines[at - 1].strip() or BOX.match(lines[at - 1])
    return bool(apart) or not found["marker"][0].isdigit() or found["marker"][:-1] == "1"


def _end_of_list(lines: list[str], at: int) -> int:
    """The line behind a list: one that is no item, and not far enough in, after a blank line."""
    width, end, last = 0, at, at
    while end < len(lines):
        line = lines[end]
        item, indent = ITEM.match(line), indent_of(line)
        if item and not RULE.match(line):
            width = len(item[0]) if indent < width or not width else width
            last = end
        elif line.strip():
            if indent < width and (not lines[end - 1].strip() or _cuts(line)):
                break
            last = end
        end += 1
    return last + 1


def _cuts(line: str) -> bool:
    """Whether a line ends a paragraph above it."""
    return bool(re.match(r" {0,3}(?:#{1,6} |`{3}|~{3}|>)", line) or RULE.match(line))


def _list(lines: list[str], anew: bool) -> list[str]:
    """A list whose parts are four blanks in, if they are not. It ends with no blank line."""
    starts, width = [0], 0
    code = fenced(lines)
    for at, line in enumerate(lines):
        item = ITEM.match(line)
        if item and not code[at] and (not at or len(item["indent"]) < width):
            starts += [at] if at else []
            width = len(item[0])
    made: list[str] = []
    for at, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        item = ITEM.match(lines[at])
        assert item
        while not lines[end - 1].strip():
            end -= 1
        inner = [_out(line, len(item[0])) for line in lines[at:end]]
        body = _blocks(inner, True, anew)
        base = len(item["indent"])
        blank = "" in (line.strip() for line in [*lines[at:end], *body])
        good = body == inner and all(_is_far(lines, n, base) for n in range(at + 1, end))
        good = good and not (blank and len(item[0]) > base + 4)  # '1000. a' has parts six blanks in
        if not anew and not (good and (not blank or end == len(lines) or not lines[end].strip())):
            return _list(lines, True)
        if _cuts(body[0]) and len(body) > 1:  # all of it is below the marker, to be read as one
            body, blank = ["", "", *body], True
        made += [item[0].strip() + " " + body[0], *map(_indented, body[1:])]
        made += [""] if end < len(lines) and (blank or not lines[end].strip()) else []
    return made if anew else lines


def _out(line: str, width: int) -> str:
    """A line of an item as its text is seen from within; one that lags behind begins at once."""
    indent = indent_of(line)
    return line[width if ITEM.match(line) and indent < width else min(width, indent) :]


def _is_far(lines: list[str], at: int, base: int) -> bool:
    """Whether Python-Markdown takes a line for a part of its item, or for more of its paragraph."""
    line = lines[at]
    if not line.strip() or line.startswith(" " * (base + 4)):
        return True
    return (
        bool(lines[at - 1].strip()) and not ITEM.match(line.lstrip()) and not _cuts(line.lstrip())
    )
