"""Markdown's blocks: code that nothing touches, lists by chance, and boxes for notebooks."""

import pytest
from markdown import markdown

from slidingwindows.course.blocks import (
    fenced,
    for_jupyter,
    outside_code,
    raw,
    without_chance_lists,
    without_fences,
)

EXTENSIONS = ["admonition", "pymdownx.details", "pymdownx.superfences"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("3. The ceiling is 4.", "3\\. The ceiling is 4."),
        ("3) The ceiling.", "3\\) The ceiling."),
        ("A.\n\n1. One.\n\nB.", "A.\n\n1\\. One.\n\nB."),
        ('??? success "Answer"\n    3. It is 4.', '??? success "Answer"\n    3\\. It is 4.'),
        ("1. One.\n2. Two.", None),
        ("1. One.\n1. Two.", None),
        ("1. One.\n\n2. Two.", None),
        ("1. One\n   goes on.\n\n   And on.\n\n2. Two.", None),
        ("1. One\n2. Two\n3. Three", None),
        ("Text\n3. no list begins here", None),
        ("3.5 is a number, 3.", None),
        ("```\n3. code\n```", None),
        ("2. Two.\n\nText.\n\n3. Three.", "2\\. Two.\n\nText.\n\n3\\. Three."),
        ("3. A.\n\n7. B.", "3\\. A.\n\n7\\. B."),
        ("```\n\n3. code\n\n```", None),
        ("Text\n1. one", None),
        ("   Text\n3. no list begins here", None),
        ("2. Two.\n\nText.\nMore.\n3. Three.", "2\\. Two.\n\nText.\nMore.\n3. Three."),
        ("1. One.\n\n   ```\n   2. code\n   ```", "1\\. One.\n\n   ```\n   2. code\n   ```"),
        ("1. a\n   2. b\n   3. c", "1\\. a\n   2. b\n   3. c"),
        ("9. c\n8. d", "9\\. c\n8\\. d"),
        ("Text\n\n12. a", "Text\n\n12\\. a"),
    ],
)
def test_a_lone_number_begins_no_list(text, kept):
    made = without_chance_lists(text)
    assert made == (kept or text)
    if kept:
        html = markdown(made, extensions=EXTENSIONS)
        assert "<ol" not in html and "<li" not in html and "\\" not in html


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\n```\nb\n```\nc", "01110"),
        ("```\n````\n```", "111"),
        ("````\n```\n````", "111"),
        ("```\nno end", "00"),
        ("~~~\n```\n~~~", "111"),
        ("    ```\n    a\n    ```\nb", "1110"),
        ("```a`b\nc", "00"),
        ("```a`b\nc\n```\nd", "0000"),
        ("~~~a`b\nc\n~~~\nd", "1110"),
        ("```\n```\na", "110"),
        ("```\na\n```\n```\nb\n```\nc", "1111110"),
        ("```\n``` python\n```  \na", "1110"),
        ("``\na\n``", "000"),
    ],
)
def test_fenced_lines(text, code):
    assert "".join(str(int(one)) for one in fenced(text.split("\n"))) == code


def test_fences_become_blank_lines():
    assert without_fences("a\n\n```\nb\nc\n```\nd") == "a\n\n\n\n\n\nd"


RAW = {
    "a\n<div>\nb\n</div>\nc": "01110",
    "<div>\n<div>\na\n</div>\nb\n</div>\nc": "1111110",
    "<DIV>\na\n</div>\nb": "1110",
    "<div>\na\n</DIV>\nb": "1110",
    "   <p>a</p>\nb": "10",
    "    <p>\na": "00",
    "<section>\na\n<sections>\n</section>\nb": "11110",
    "a\n<hr>\n<hr>\nb": "0110",
    "a\n</div>\nb": "010",
    "a\n</div>\n</div>\nb\nc": "01100",
    '<div markdown="1">\na\n</div>\nb': "1010",
    "<div markdown>\na\n</div>\nb": "1010",
    '<div markdown="0">\na\n</div>\nb': "1110",
    "<!-- a\nb -->\nc": "110",
    "a\n   <!-- b -->\nc\n<!-- d -->": "0101",
    "    <!-- a\nb": "00",
    "a\n<!-- b\nc": "011",
    "a <!-- b -->\nc <div>": "00",
    "```\n<div>\n```\na": "1110",
    "<div>\n```\n</div>\n```\na": "11110",
    "a\n\n```\nb\n```\n<p>c\nd</p>\ne": "00111110",
    "```\n<div>\n```\na\n</div>\nb": "111010",
    "<div>\n<p></div>\na\n</p>": "1101",
    "<DIV\na": "10",
    "<9>\n< div>": "00",
}


@pytest.mark.parametrize("text", RAW)
def test_lines_that_markdown_leaves_alone(text):
    assert "".join(str(int(one)) for one in raw(text.split("\n"))) == RAW[text]


PHRASES = (
    "a abbr b br cite code del em i img input ins kbd mark q s samp small span strong sub sup time "
    "u var"
)


@pytest.mark.parametrize(
    ("names", "alone"), [(PHRASES, False), ("div p table ul h2 hr details section", True)]
)
def test_what_may_begin_a_line_of_prose_is_told_from_blocks(names, alone):
    """As Python-Markdown does, which puts prose into a paragraph."""
    for name in names.split():
        for text in (f"<{name}>x</{name}>", f"<{name.upper()}>x</{name.upper()}>"):
            assert markdown(f"{text} y").startswith("<p><") != alone or name == "p", name
            assert raw([text]) == [alone], name


def test_code_is_not_changed():
    text = "x `x` ``x ` x`` `x\nx`\n\n```\nx\n\nx\n```\n\nx `no\n\nx` x"
    changed = outside_code(text, lambda part: part.replace("x", "y"))
    assert changed == "y `x` ``x ` x`` `x\nx`\n\n```\nx\n\nx\n```\n\ny `no\n\ny` y"
    many = " ".join(f"`x{n}` x" for n in range(12))
    changed = " ".join(f"`x{n}` y" for n in range(12))
    assert outside_code(many, lambda part: part.replace("x", "y")) == changed


BOXES = {
    '!!! note "A `b`"\n    Text.': "> **A `b`**\n>\n> Text.",
    "!!! warning\n    Text.": "> **Warning**\n>\n> Text.",
    '!!! note ""\n    Text.': "> Text.",
    '??? note "A `b` <c>"\n    Text.': (
        "<details>\n<summary>A <code>b</code> &lt;c&gt;</summary>\n\nText.\n\n</details>"
    ),
    '???+ tip "T"\n    A.\n\n    B.\nC.': (
        "<details open>\n<summary>T</summary>\n\nA.\n\nB.\n\n</details>\n\nC."
    ),
    '!!! note "T"\n    ```\n    !!! a\n    ```': "> **T**\n>\n> ```\n> !!! a\n> ```",
    '??? note "T"\n    !!! tip "U"\n        V.': (
        "<details>\n<summary>T</summary>\n\n> **U**\n>\n> V.\n\n</details>"
    ),
    "!!! note\n\n    a\n\n\nb": "> **Note**\n>\n> a\n\nb",
    '!!! note "T"\nText.': "> **T**\n>\n\nText.",
    "!!! note inline end\n    a": "> **Note**\n>\n> a",
    "??? danger\n    a\n    b\n\n??? tip\n    c": (
        "<details>\n<summary>Danger</summary>\n\na\nb\n\n</details>\n\n"
        "<details>\n<summary>Tip</summary>\n\nc\n\n</details>"
    ),
    '!!! note "*A* & "b""\n    a\n   b': '> ***A* & "b"**\n>\n> a\n\n   b',
    '??? note "*A* & "b" *c*"\n    a': (
        '<details>\n<summary><em>A</em> &amp; "b" <em>c</em></summary>\n\na\n\n</details>'
    ),
    "```\n!!! note\n    a\n```": "```\n!!! note\n    a\n```",
    '??? success "Answer"\n    $i_0 < 3$, see [beta](beta.ipynb#second-part).': (
        "<details>\n<summary>Answer</summary>\n\n"
        "$i_0 < 3$, see [beta](beta.ipynb#second-part).\n\n</details>"
    ),
    "![A](a.png){ width=2 } [b](c.ipynb){ .d } `(e){ .f }` $x^{(i)}{ab}$": (
        "![A](a.png) [b](c.ipynb) `(e){ .f }` $x^{(i)}{ab}$"
    ),
}


@pytest.mark.parametrize("text", BOXES)
def test_boxes_of_a_notebook(text):
    assert for_jupyter(text) == BOXES[text]
