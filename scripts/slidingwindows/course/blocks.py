"""A lesson's Markdown: finding code, undoing accidental lists, plain Markdown for boxes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from html import escape

FENCE = re.compile(r"^ *(?P<ticks>`{3,}(?!.*`)|~{3,})(?P<rest>.*)$")
SPAN = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\n[ ]*\n).)+?(?<!`)\1(?!`)", re.DOTALL)
NUMBERED = re.compile(r"^( *)(\d+)([.)])(?= +\S)")
BOX = re.compile(r'^(?P<sign>!!!|\?\?\?\+?) +(?P<kind>[\w -]+?)(?: +"(?P<title>.*)")?\s*$')
TAG = re.compile(r"^ {0,3}<(?P<close>/?)(?P<name>[a-z][a-z0-9-]*)\b(?P<more>[^>]*)", re.IGNORECASE)
COMMENT = re.compile(r"^ {0,3}<!--")
MARKDOWN = re.compile(r"""\bmarkdown\b(?!=["']?0)""")  # an element whose content is Markdown
# What may begin a line of prose, and is part of it.
PHRASES = {"a", "abbr", "b", "br", "cite", "code", "del", "em", "i", "img", "input", "ins", "kbd"}
PHRASES |= {"mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var"}
ATTRIBUTES = re.compile(r"(?<=\))\{ ?[:.#\w][^}\n]*\}")  # of pictures and links, for the site only


def fences(lines: list[str]) -> Iterator[tuple[int, int]]:
    """First and last line of each fenced code block. An unclosed fence is text."""
    at = 0
    while at < len(lines):
        begin = FENCE.match(lines[at])
        if begin:
            for end in range(at + 1, len(lines)):
                stop = FENCE.match(lines[end])
                if stop and stop["ticks"] == begin["ticks"] and not stop["rest"].strip():
                    yield at, end
                    at = end
                    break
        at += 1


def fenced(lines: list[str]) -> list[bool]:
    """For each line, whether it belongs to a fenced code block."""
    code = [False] * len(lines)
    for first, last in fences(lines):
        code[first : last + 1] = [True] * (last + 1 - first)
    return code


def raw(lines: list[str]) -> list[bool]:
    """For each line, whether Markdown leaves it alone, as HTML or as a fenced code block."""
    found = fenced(lines)
    code, at = list(found), 0
    while at < len(lines):
        if not code[at]:
            end = _end_of_html(lines, at)
            found[at:end] = [True] * (end - at)
            at = max(at, end - 1)
        at += 1
    return found


def _end_of_html(lines: list[str], at: int) -> int:
    """The first line behind the HTML that begins at a line; that line itself if none does."""
    if COMMENT.match(lines[at]):
        return next((n + 1 for n in range(at, len(lines)) if "-->" in lines[n]), len(lines))
    tag = TAG.match(lines[at])
    if not tag or tag["name"].lower() in PHRASES:
        return at
    if tag["close"] or MARKDOWN.search(tag["more"]):
        return at + 1
    name, depth = re.escape(tag["name"]), 0
    for n in range(at, len(lines)):
        for close in re.findall(rf"<(/?){name}\b", lines[n], re.IGNORECASE):
            depth += -1 if close else 1
        if depth <= 0:
            return n + 1
    return at + 1  # without an end, such as <hr>


def without_fences(markdown: str) -> str:
    """Markdown with blank lines in place of its fenced code."""
    lines = markdown.split("\n")
    return "\n".join("" if code else line for line, code in zip(lines, fenced(lines), strict=True))


def outside_code(markdown: str, change: Callable[[str], str]) -> str:
    """Markdown changed by a function that sees none of its code, neither blocks nor spans."""
    masked, kept = _masked(markdown)
    return re.sub("\ue000(\\d+)\ue001", lambda match: kept[int(match[1])], change(masked))


@lru_cache(maxsize=256)  # as a server asks for the same pages after each edit
def _masked(markdown: str) -> tuple[str, tuple[str, ...]]:
    """Markdown with a numbered mark in place of each piece of code, and the pieces."""
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(text)
        return f"\ue000{len(kept) - 1}\ue001"

    lines = markdown.split("\n")
    code = fenced(lines)
    masked = [keep(line) if code[n] and line else line for n, line in enumerate(lines)]
    text = SPAN.sub(lambda match: keep(match[0]), "\n".join(masked))
    return text, tuple(kept)


def without_chance_lists(markdown: str) -> str:
    """Markdown in which '3. The ceiling is 4.' is a sentence: a list has at least two items."""
    lines = markdown.split("\n")
    code = fenced(lines)
    items: dict[int, re.Match] = {}
    within: set[int] = set()  # in a paragraph; there 1 alone begins a list, and is no sentence
    for at, line in enumerate(lines):
        item = None if code[at] else NUMBERED.match(line)
        above = lines[at - 1].strip() if at else ""
        # A list cannot begin inside a paragraph, but an item may follow directly on what another
        # holds: more of its words, code, a quotation.
        if item and (not above or BOX.match(above) or _goes_on(lines, at, items)):
            items[at] = item
        elif item and item[2] == "1":
            items[at] = item
            within.add(at)
    alone = [at for at in items if at not in within and not _has_neighbour(lines, at, items)]
    for at in alone:
        lines[at] = NUMBERED.sub(r"\1\2\\\3", lines[at])
    return "\n".join(lines)


def _goes_on(lines: list[str], at: int, items: dict[int, re.Match]) -> bool:
    """Whether a line is one of a list that began above, with its first item among the items."""
    indent = indent_of(lines[at])
    for other in reversed(range(at)):
        if other in items and indent_of(lines[other]) <= indent:
            return indent_of(lines[other]) == indent
        if _is_apart(lines, other, indent):
            break
    return False


def indent_of(line: str) -> int:
    """How many blanks a line begins with."""
    return len(line) - len(line.lstrip())


def _is_apart(lines: list[str], at: int, indent: int) -> bool:
    """Whether a line cannot be a part of an item: less far in, and not more of its paragraph."""
    above = lines[at - 1].strip() if at else ""
    return bool(lines[at].strip()) and indent_of(lines[at]) <= indent and not above


def _has_neighbour(lines: list[str], at: int, items: dict[int, re.Match]) -> bool:
    """Whether another item of the same list comes before or after, with the next number."""
    return any(_next_item(lines, at, items, step) for step in (1, -1))


def _next_item(lines: list[str], at: int, items: dict[int, re.Match], step: int) -> bool:
    indent, number = len(items[at][1]), int(items[at][2])
    other = at + step
    while 0 <= other < len(lines):
        if other in items and len(items[other][1]) == indent:
            return int(items[other][2]) in (number + step, number)
        if _is_apart(lines, other, indent):
            break
        other += step
    return False


def for_jupyter(markdown: str) -> str:
    """A lesson's Markdown as any notebook reader understands it.

    '???' becomes <details>, whose content stays Markdown; '!!!' a quotation with a bold title.
    """
    plain = outside_code(markdown, lambda text: ATTRIBUTES.sub("", text))
    return "\n".join(_boxes(without_chance_lists(plain).split("\n")))


def _boxes(lines: list[str]) -> list[str]:
    code, result, at = fenced(lines), [], 0
    while at < len(lines):
        box = None if code[at] else BOX.match(lines[at])
        if not box:
            result.append(lines[at])
            at += 1
            continue
        end = at + 1
        while end < len(lines) and (not lines[end].strip() or lines[end].startswith("    ")):
            end += 1
        body = _trimmed([line[4:] for line in lines[at + 1 : end]])
        title = box["kind"].split()[0].capitalize() if box["title"] is None else box["title"]
        result += _box(box["sign"], title, _boxes(body))
        if end < len(lines):
            result.append("")
        at = end
    return result


def _box(sign: str, title: str, body: list[str]) -> list[str]:
    if sign == "!!!":
        head = [f"**{title}**", ""] if title else []
        return [f"> {line}".rstrip() for line in [*head, *body]]
    start = "<details open>" if sign.endswith("+") else "<details>"
    return [start, f"<summary>{inline(title)}</summary>", "", *body, "", "</details>"]


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[0].strip():
        lines = lines[1:]
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines


def inline(text: str) -> str:
    """A caption as HTML: only `code` and *emphasis* are understood."""
    text = escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", text)


__all__ = [
    "fenced",
    "fences",
    "for_jupyter",
    "inline",
    "outside_code",
    "raw",
    "without_chance_lists",
    "without_fences",
]
