"""Markdown as Jupyter has it, on a page: what markdown-it makes of it is the truth."""

import random
import re

import pytest
from markdown import markdown
from markdown_it import MarkdownIt

from slidingwindows.course.blocks import without_chance_lists
from slidingwindows.course.commonmark import for_page

EXTENSIONS = ["tables", "md_in_html", "admonition", "pymdownx.superfences", "pymdownx.tilde"]
EXTENSIONS += ["sane_lists"]
JUPYTER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TAG = re.compile(r"<(/?)(\w+)[^>]*>|([^<\s]+)")


def built(html):
    """What HTML is built of: tags but for paragraphs and colours, and words."""
    names = {"s": "del"}
    found = [m[3] or m[1] + names.get(m[2], m[2]) for m in TAG.finditer(html)]
    return [one for one in found if one.strip("/") not in ("p", "span", "div")]


def of_page(text):
    """As on a page, where an item alone is a sentence, such as '3. The ceiling is 4.'"""
    return ours(without_chance_lists(text))


def ours(text):
    settings = {"pymdownx.tilde": {"subscript": False}, "pymdownx.superfences": {}}
    return markdown(for_page(text), extensions=EXTENSIONS, extension_configs=settings)


@pytest.mark.parametrize(
    "text",
    [
        "- a\n  - b\n    - c\n  - d\n- e",
        "1. a\n   - b\n\n     More b.\n2. c\n\n   ```\n   x\n     y\n   ```\n\n   After.",
        "Text:\n- a\n- b\n\nEnd.",
        "Text\n1. a\n2. b\n\nEnd.",
        "* a\n\n  para\n* b",
        "- a\n\n  text\n  - b\n\nc",
        "- a\n  ```\n  - x\n  ```\n- b",
        "> - a\n>   - b\n\nc",
        "Text\n| a | b |\n|---|---|\n| 1 | 2 |\n\nc",
        "a ~~b~~ `~~c~~` 2~3",
        "- a\nlazy\n- b\n  wrapped",
        "- a\n\n- b\n\n# H\n\n- c",
        "```\n- a\n  - b\n```",
        "- a\n  - b\n\ntext",
        "1. x\n   ```python\n   y\n   ```\n2. z",
        "10. x\n    ```\n    y\n    ```\n11. z",
        "1000. x\n\n      more\n\n      ```\n      y\n        z\n      ```\n1001. z",
        "1. x\n   wrapped\n2. y",
        "1. x\nlazy\n2. y",
        "1. x\n   > quoted\n2. y",
        "Text\n1. a\n2. b\n\n3. c",
        "- a\n  1. b\n     ```\n     c\n     ```\n  2. d",
        "- q\n  > quoted\n  > more\n- r",
        "- a\n  - q\n    > quoted\n  - b",
        "- > quoted\n  > more\n- b",
        "- ```\n  code\n  ```\n- b",
        "- a\n  ## H\n  b\n  ***\n  c",
        "- a\n  | x | y |\n  |---|---|\n  | 1 | 2 |",
        "> q\n> - a\n>   > inside\n\nend",
        "> quoted\n```\ncode\n```",
        "\nText\n- a\n- b",
        "- a\nlazy\n- b\n  - c",
    ],
)
def test_it_is_built_as_in_jupyter(text):
    assert built(of_page(text)) == built(JUPYTER.render(text))


@pytest.mark.parametrize("seed", range(60))
def test_any_nested_list_is_built_as_in_jupyter(seed):
    """Items of one list begin at one place, parts of an item where its text begins."""
    chance, words = random.Random(seed), iter(f"w{n}" for n in range(100))

    def items(indent, depth):
        marker = chance.choice(["-", "*", "1."])
        for _ in range(chance.randint(1, 3)):
            lines.append(f"{' ' * indent}{marker} {next(words)}")
            inside = indent + len(marker) + 1
            if chance.random() < 0.2:
                lines.extend(["", f"{' ' * inside}{next(words)}"])
            if depth < 3 and chance.random() < 0.5:
                items(inside, depth + 1)

    lines = []
    items(0, 0)
    text = "\n".join([*lines, "", "end"])
    assert built(ours(text)) == built(JUPYTER.render(text)), text


PARTS = {
    "code": ["```python", "w", "", "  w", "- w", "```"],
    "quote": ["> w", "> w"],
    "words": ["", "w"],
    "heading": ["## w"],
    "rule": ["***"],
    "table": ["", "| w | w |", "|---|---|", "| w | w |", ""],
}


@pytest.mark.parametrize("seed", range(60))
def test_whatever_an_item_holds_is_built_as_in_jupyter(seed):
    """Code, quotations, tables and more, in lists with long and short numbers, at any depth."""
    chance, words = random.Random(seed), iter(f"w{n}" for n in range(1000))
    lines = []

    def put(indent, line):
        line = re.sub(r"\bw\b", lambda _: next(words), line)
        lines.append(" " * indent + line if line else "")

    def items(indent, depth):
        # Numbers other than 1 begin no list within a paragraph.
        free = not lines or not lines[-1]
        marker = chance.choice(["-", "*", "1", *(["9", "98", "1000"] if free else [])])
        for number in range(chance.randint(2, 3)):
            sign = f"{int(marker) + number}." if marker.isdigit() else marker
            inside = indent + len(sign) + 1
            put(indent, f"{sign} w")
            if chance.random() < 0.2:
                put(inside, "w")
            for part in chance.sample(list(PARTS), chance.choice([0, 1, 1, 2])):
                if chance.random() < 0.5:
                    put(0, "")
                for line in PARTS[part]:
                    put(inside, line)
            if depth < 2 and chance.random() < 0.4:
                items(inside, depth + 1)
            if chance.random() < 0.2:
                put(0, "")

    items(0, 0)
    text = "\n".join([*lines, "", "end"])
    assert built(of_page(text)) == built(JUPYTER.render(text)), text


@pytest.mark.parametrize(
    "text",
    [
        "```\nText\n- a\nb\n| c |\n|---|\n```\nText",
        "- a\n\n    ```\n    x\n    ```\n\n- b",
        "- a\n- b\n\n    c",
        " 10. a\n\n     b\n\n 11. c",
        "- a\n- b wrapped\n  on\n\n1. c\n2. d",
        "- a\n    - b\n        - c\n\n    d\n\n- e",
        "!!! note\n    - a\n    - b",
        "Text\n3. no list begins here",
        "Of 5\n2. of 3\n\n---\n\n***\n\n2 - 1",
        "a | b\n-----\n",
        "`[ ]` and - [ ] not first\n\n[x]\n",
        '<details markdown="1">\n\na\n\n</details>\n\na <div> b',
    ],
)
def test_what_both_read_the_same_stays(text):
    assert for_page(text) == text


def test_lists_in_a_box_are_nested_too():
    text = "!!! note\n    a\n\n    - b\n      - c\n\nd"
    assert for_page(text) == text.replace("  - c", "    - c")
    assert for_page("!!! note\n2. a\n3. b") == "!!! note\n\n2. a\n3. b"
    assert for_page("!!! note\n    - a\n      - b\n\nc") == "!!! note\n    - a\n        - b\n\nc"


def test_parts_of_an_item_are_four_blanks_in():
    assert for_page("100. a\n\n     b\n\n101. c") == "100. a\n\n    b\n\n101. c"
    assert for_page("- # H\n- b\n  - c") == "- # H\n- b\n    - c"


def test_tasks_have_a_sign():
    html = ours("- [ ] to do\n- [x] done\n  - [X] nested\n\n`- [ ] code`\n\n```\n- [ ] code\n```")
    signs = re.findall(r'<li><span class="sw-task">(.)</span> (\w+)', html)
    assert signs == [("☐", "to"), ("☑", "done"), ("☑", "nested")]
    assert html.count("[ ] code") == 2


def test_what_is_folded_is_markdown():
    text = "<details><summary>A</summary>\n\n- a\n  - **b**\n\n</details>\n\n<DIV>\n\n*c*\n\n</DIV>"
    assert built(ours(text)) == (
        "details summary A /summary ul li a ul li strong b /strong /li /ul /li /ul /details "
        "em c /em".split()
    )
