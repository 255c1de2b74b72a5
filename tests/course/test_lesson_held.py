"""A lesson's page held to account, part by part, without a run: outputs, figures and exercises."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from slidingwindows import slide
from slidingwindows.course.lessons import Cell, Lesson
from slidingwindows.testing.page import (
    Page,
    _value,
    accepted,
    caption_claims,
    comments_of,
    docstrings_of,
    words_of,
)
from slidingwindows.testing.run import Run, Shown

X = torch.arange(24.0).reshape(1, 4, 6)
TRACE = slide(nn.MaxPool2d(2), X)
EXERCISES = """\
**1.** How wide?

??? success "Answer"
    `3`, that is [so](a.md).

    Or `(1, 2)`.

**2.** How many?

??? success "Answer"
    Ten.

Words.

**3.** And without?
"""


def code(source, *tags):
    return Cell("code", source, 1, tags)


def words(source):
    return Cell("markdown", source, 1)


def run(*cells, outputs=(), figures=None, truths=()):
    lesson = Lesson(Path("lessons/tiny.py"), {"title": "T", "description": "D."}, cells, "")
    shown = outputs or [[] for _ in lesson.code]
    return Run(lesson, {"x": 1}, [list(one) for one in shown], figures or {}, list(truths))


def page(*cells, **left):
    return Page(run(*cells, **left))


def told(check):
    """What a check that fails says."""
    with pytest.raises(AssertionError) as caught:
        check()
    return re.sub(r"\nassert.*", "", str(caught.value), flags=re.DOTALL)


def test_comments_and_docstrings_are_words():
    source = (
        '# a\nx = "# no"  #  b\n## c\n# fmt: off\ny = 1  # fmt: skip\n# fmt: on\n'
        'class A:\n    "d"\n    async def m(self):\n        "e"\n    def n(self):\n        # f\n'
        '        return "g"\n\ndef h():\n    """i"""\n\ndef j():\n    pass\n'
    )
    assert comments_of(source) == ["a", "b", "c", "f"]
    assert docstrings_of(source) == ["d", "e", "i"]


def test_words_come_as_they_are_read():
    figures = {
        "b": Shown(1, "cap b", alt="alt b"), "a": Shown(0, "cap a", alt="alt a"),
        "c": Shown(1, "", alt="alt c"),
    }  # fmt: skip
    cells = [words("one\n\ntwo"), code("# three\ndef f():\n    'four'"), words("five"), code("1")]
    cells.append(code("# hidden\ndef g():\n    'hidden'", "exercise"))
    expected = ["# T", "D.", "one", "two", "three", "four", "alt a", "cap a", "five"]
    assert words_of(run(*cells, figures=figures)) == [*expected, "alt b", "cap b", "alt c", ""]
    figures["c"].cell = 7
    assert told(lambda: words_of(run(*cells, figures=figures))) == (
        "figures that no cell shows last: {7: ['alt c', '']}"
    )


def test_a_cell_is_found_by_a_line_or_else_by_a_piece():
    one = page(code("x = 1\nprint(x)"), code("print(x) + 1"), code("y = 12"), code("z = 1"))
    assert one.cell("print(x)") == 0 and one.cell("print(x) +") == 1 and one.cell("y") == 2
    assert told(lambda: one.cell("= 1")) == "tiny: '= 1' is in 3 code cells"
    assert told(lambda: one.cell("none")) == "tiny: 'none' is in 0 code cells"
    assert one.name == "tiny" and one.names == {"x": 1}


def test_outputs_are_read_without_their_figures():
    shown = ["a −1,234.5 x7 \n", "figure fig", "-2 or 1e-3, 4.5e+2 v1.5 9"]
    one = page(
        code("x = 1"), code("y = 2"), code("z", "exercise"),
        outputs=[shown, ["1", "2  "], ["0"]], figures={"fig": Shown(0, "", TRACE)},
    )  # fmt: skip
    assert one.output("x = 1") == "a −1,234.5 x7 \n\n-2 or 1e-3, 4.5e+2 v1.5 9"
    assert one.numbers("x = 1") == [-1234.5, -2, 0.001, 450, 9]
    assert one.unread == {(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)}
    assert one.left()["outputs that no test compares, below"] == ["x = 1"] * 3 + ["y = 2"] * 2
    assert told(lambda: one.prints("y = 2", 1, 3)) == (
        "tiny, 'y = 2' printed ['1', '2'], not ['1', '3']"
    )
    assert told(lambda: one.tells("y = 2", [])) == (
        "tiny: what 'y = 2' printed is not true: 1\n2  "
    )
    one.prints("y = 2", 1, "2")
    assert one.unread == {(0, 0), (0, 1), (0, 2)}
    one.tells("x = 1", truth=True)
    assert one.unread == {(0, 1)}
    one.draws("fig", slide(nn.MaxPool2d(2), X))
    assert one.unread == set()
    long = page(code("\n" + "x" * 61), outputs=[["1"]])
    assert long.left()["outputs that no test compares, below"] == ["x" * 60]


@pytest.mark.parametrize("tag", ["remove-output", "remove-cell"])
def test_what_a_page_hides_is_not_read(tag):
    one = page(code("x", tag), outputs=[["1"]])
    assert told(lambda: one.prints("x", 1)) == (
        f"tiny: what code cell 0 puts out is hidden by {{{tag!r}}}"
    )


def test_figures_are_compared_whole():
    caption = "In 7 it stays [here](x.md): a 2×2 window, stride 2."
    figures = {"fig": Shown(0, caption, TRACE), "plot": Shown(0, "So 3.", drawn=[{"title": "T"}])}
    one = page(code("show()"), outputs=[["figure fig", "figure plot"]], figures=figures)
    assert one.figure("fig") is TRACE and one.drawing("plot") == [{"title": "T"}]
    assert told(lambda: one.draws("fig", slide(nn.MaxPool2d(2), X + 1))) == (
        "figure fig shows something else"
    )
    with pytest.raises(AssertionError):
        one.draws("fig", slide(nn.MaxPool2d(2), X).steps)
    assert told(lambda: one.plots("plot", 0)) == "plot plot draws something else"
    assert one.unread == {(0, 0), (0, 1)}
    one.draws("fig", slide(nn.MaxPool2d(2), X))
    assert one.unread == {(0, 1)}
    assert [one.text[slice(*span)] for span in sorted(one.open)] == ["7", "3"]
    one.plots("plot", [1])
    assert one.unread == set() and len(one.open) == 2
    figures["fig"].caption = "A 3×3 window"
    one = page(code("show()"), outputs=[["figure fig", "figure plot"]], figures=figures)
    assert told(lambda: one.draws("fig", slide(nn.MaxPool2d(2), X))) == (
        "the caption of fig says '3×3 window'; its figure has another"
    )


def test_exercises_have_their_answers():
    first, between, last = EXERCISES.rstrip("\n").partition("Words.")
    cells = [words(first), words(between), code('"""\n**7.**"""', "exercise"), words(last.strip())]
    one = page(*cells, truths=[3, 10, (1, 2)])
    assert one.exercise(1) == "`3`, that is [so]. Or `(1, 2)`." and one.exercise(2) == "Ten."
    assert told(lambda: one.exercise(3)) == "tiny: exercise 3 has no answer"
    asked = "checks that no revealed answer was tried on"
    assert one.left()[asked] == [1, 2, 3]
    assert told(lambda: one.answers(1, "`4`")) == (
        "answer 1 does not say '`4`': `3`, that is [so]. Or `(1, 2)`."
    )
    assert told(lambda: one.answers(1, ("`3`", 4))) == "exercise 1: 4 is revealed, not 3"
    one.answers(1, "`3`")
    assert one.left()[asked] == [2, 3]
    one.answers(2, "Ten")
    one.answers(1, "1", ("2)", 2), check=3, of=tuple)
    assert one.left()[asked] == []
    with pytest.raises(AssertionError):
        page(words("**1.** a\n\n**3.** b")).exercise(1)
    one = page(words('**1.** a\n\n**2.** b\n\n??? success "A"\n    c'))
    assert told(lambda: one.exercise(1)) == "tiny: exercise 1 has no answer"
    assert one.exercise(2) == "c"


def test_a_piece_of_an_answer_is_a_value():
    for text, value in {
        "`(1, 2)`": (1, 2), " 3. ": 3, "**−1.5**": -1.5, "2×3": (2, 3), "25,000": 25000,
        "None": 0, "zero": 0, "One": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
        "seven": 7, "eight": 8, "nine": 9, "ten": 10, "half": 0.5, "'a'": "a", "[1]": [1],
    }.items():  # fmt: skip
        assert _value(text) == value, text
    assert _value("nan") != _value("NaN")
    assert accepted(3, 3) is True and accepted(4, 3) is False


def said(trace, caption):
    return {caption[start:stop]: agrees for (start, stop), agrees in caption_claims(trace, caption)}


def test_captions_of_every_kind_of_window():
    wide = torch.rand(1, 3, 5)
    up = slide(nn.ConvTranspose2d(1, 1, (3, 2), (2, 3), (1, 0)), wide)
    for caption, agrees in {
        "3×2 kernel": True, "3×2 windows": True, "2×3 kernel": False, "kernel_size 3": False,
        "stride 2": False, "padding 1": False, "5×14 output": True, "3×5 input": True,
        "5×14 input": False, "3×5 gives 5×14": True, "3×5 to 14×5": False, "dilation=1": True,
    }.items():  # fmt: skip
        assert said(up, f"So {caption}.") == {caption: agrees}, caption
    even = slide(nn.ConvTranspose2d(1, 1, 3, 2, 1, dilation=2), wide)
    for caption, agrees in {
        "stride 2": True, "stride=1": False, "padding 1": True, "padding 3": False,
        "kernel_size=3": True, "dilation 2": True, "dilation 1": False,
    }.items():  # fmt: skip
        assert said(even, caption) == {caption: agrees}, caption
    line = slide(nn.ConvTranspose1d(1, 1, 4, 3, 2), torch.rand(1, 5))
    assert said(line, "kernel_size 4, stride 3, padding 2") == dict.fromkeys(
        ["kernel_size 4", "stride 3", "padding 2"], True
    )
    assert said(line, "stride 1, padding 1") == {"stride 1": False, "padding 1": False}
    whole = slide(nn.AdaptiveAvgPool2d(2), torch.rand(1, 4, 4))
    assert said(whole, "stride 2, 4×4 input becomes 2×2") == {"4×4 input": True}
    assert caption_claims(object(), "stride 2, 4×4 input") == []
