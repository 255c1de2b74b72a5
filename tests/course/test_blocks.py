"""Markdown's blocks: code that nothing touches, lists by chance, and boxes for notebooks."""

import pytest
from markdown import markdown

from slidingwindows.course.blocks import fenced, for_jupyter, outside_code, without_chance_lists

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
    ],
)
def test_fenced_lines(text, code):
    assert "".join(str(int(one)) for one in fenced(text.split("\n"))) == code


def test_code_is_not_changed():
    text = "x `x` ``x ` x``\n\n```\nx\n\nx\n```\n\nx `no\n\nx` x"
    changed = outside_code(text, lambda part: part.replace("x", "y"))
    assert changed == "y `x` ``x ` x``\n\n```\nx\n\nx\n```\n\ny `no\n\ny` y"


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
