"""An executed lesson as the Markdown of its page: reading time, folded code, question curtains."""

from __future__ import annotations

import json
import re
from pathlib import Path

from .authoring import MIME
from .blocks import without_chance_lists
from .commonmark import for_page
from .failing import where, where_in_words
from .formats import lines_near
from .lessons import Lesson
from .mathml import with_formulas
from .outputs import fence, shown
from .photo import FILE, photo_credit
from .pictures import on_page, pictures_in
from .tags import FOLDED, GONE, OPEN, Look, looks

LINE, AROUND = re.compile(r"\bline (\d+)"), 3  # where a message points; lines shown around it
NOT_YET = "This lesson does not run yet."
WORDS_A_MINUTE, SECONDS_A_CODE_LINE, SECONDS_A_FIGURE = 220, 3, 15
# Below a question: a lid over torch's answer, as tall as the answer, until the reader opens it.
CURTAIN = (
    '<div class="sw-asked" markdown="1">\n'
    '<details class="sw-curtain" data-search-exclude>'
    "<summary><span>Decide first. Then see what torch says</span><span>What torch says</span>"
    "</summary></details>"
)
CURTAIN_END = "</div>"
PARAGRAPH = re.compile(
    r"(?![#>|<]|!!!|\?\?\?|```|~~~|\$\$|    |(?:[-*+]|\d+[.)]) )\S[^\n]*(?:\n\S[^\n]*)*"
)


def figures_in(outputs: list[list[dict]]) -> list[dict]:
    """The data of all figures that a lesson showed, in order."""
    return [o["data"][MIME] for cell in outputs for o in cell if MIME in o.get("data", {})]


def minutes(lesson: Lesson, figures: int) -> int:
    """Reading time in minutes, rounded up, from the words, the figures and the unfolded code."""
    words = sum(len(cell.source.split()) for cell in lesson.cells if cell.kind == "markdown")
    both = zip(lesson.code, looks(lesson), strict=True)
    texts = [cell.source for cell, look in both if look.code == OPEN and cell.source.strip()]
    lines = sum(text.count("\n") + 1 for text in texts)
    seconds = words * 60 / WORDS_A_MINUTE + lines * SECONDS_A_CODE_LINE
    return int(-(-(seconds + figures * SECONDS_A_FIGURE) // 60))


def markdown(lesson: Lesson, outputs: list[list[dict]]) -> str:
    """The page's Markdown. Figures are marks, '<!-- figure NAME -->'; site/prepared.py fills them.

    outputs: of each code cell. Raises SlidingWindowsError naming cell and line for an output that
    a page cannot show, for a picture that does not exist or has no alt text, and for a formula that
    cannot be read.
    """
    meta = {**lesson.meta, "minutes": minutes(lesson, len(figures_in(outputs)))}
    parts = ["---\n" + json.dumps(meta, ensure_ascii=False) + "\n---\n"]
    all_looks, number, drawn, credited = looks(lesson), 0, False, False
    for place, cell in enumerate(lesson.cells):
        if cell.kind == "markdown":
            words = for_page(without_chance_lists(on_page(cell, pictures_in(lesson, place))))
            if drawn:  # what comes next says the answer, too
                told, words = _told(words)
                parts += [with_formulas(told, where_in_words(lesson, place)), CURTAIN_END]
            parts.append(with_formulas(words, where_in_words(lesson, place)))
            drawn = False
            continue
        look = all_looks[number]
        gone = look.outputs == GONE
        blocks = [] if gone else [shown(o, where(lesson, number)) for o in outputs[number]]
        blocks = [block for block in blocks if block]
        # One curtain for each question, before the first thing that could answer it.
        curtain = look.asked and not drawn and bool(blocks)
        drawn = drawn or curtain
        parts += _cell(fence(cell.source, "python"), look, blocks, curtain)
        if FILE in cell.source and not credited:
            parts.append(photo_credit("../"))
            credited = True
        number += 1
    parts += [CURTAIN_END] if drawn else []
    return "\n\n".join(part for part in parts if part.strip()) + "\n"


def broken(path: Path, problems: list[str], description: str = NOT_YET) -> str:
    """The Markdown of a lesson that does not run: each problem, and the lines around it.

    path: the lesson's file, or another page's. problems: messages that name lines as 'line 12'.
    description: what is said of the page as a whole.
    """
    title = path.stem.replace("-", " ").capitalize()
    meta = json.dumps({"title": title, "description": description, "minutes": 0})
    parts = [f"---\n{meta}\n---\n", f"# {title}", description]
    for problem in problems:
        parts.append('!!! failure "Fix this and save: the page comes back by itself"')
        parts.append(_indented(fence(problem, "text")))
        lines, match = lines_near(path, problem), LINE.search(problem)
        if match and lines:
            number = int(match[1])
            first = max(number - AROUND, 1)
            near = [
                f"{'>' if n == number else ' '} {n:>4}  {line}"
                for n, line in enumerate(lines[first - 1 : number + AROUND - 1], first)
            ]
            parts.append(_indented(fence("\n".join(near), "text")))
    return "\n\n".join(parts) + "\n"


def _told(words: str) -> tuple[str, str]:
    """The paragraph that a text begins with, '' if it begins with anything else, and the rest."""
    found = PARAGRAPH.match(words)
    return (words[: found.end()], words[found.end() :].lstrip("\n")) if found else ("", words)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.split("\n"))


def _cell(code: str, look: Look, blocks: list[str], curtain: bool) -> list[str]:
    """A code cell's blocks in order."""
    veil = [CURTAIN] if curtain else []
    if look.code == look.outputs == FOLDED and code:
        title = "The code and its output" if blocks else "The code"
        return [*veil, _folded(title, code, *blocks)]
    folded = [_folded("The code", code)] if code else []
    before = {OPEN: [code], FOLDED: folded, GONE: []}[look.code]
    after = [_folded("The output", *blocks)] if look.outputs == FOLDED and blocks else blocks
    return [*veil, *before, *after] if look.code == FOLDED else [*before, *veil, *after]


def _folded(title: str, *blocks: str) -> str:
    # The search need not find what only draws.
    attributes = 'class="example" data-search-exclude="1" markdown="1"'
    head = f"<details {attributes}>\n<summary>{title}</summary>"
    body = "\n\n".join(blocks)
    return f"{head}\n\n{body}\n\n</details>"
