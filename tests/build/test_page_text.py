"""A lesson's Markdown and its notebook, made of cells and outputs without a kernel."""

import json
from pathlib import Path

import nbformat
import pytest

from slidingwindows import SlidingWindowsError, pages
from slidingwindows.lesson import MIME
from slidingwindows.lessons import Cell, Lesson
from slidingwindows.pages import figures_in, markdown, minutes, notebook

TICKS = "```"


def code(source, *tags):
    return Cell("code", source, 10, tags)


def words(source):
    return Cell("markdown", source, 1)


def made_of(*cells):
    return Lesson(Path("lessons/tiny.py"), {"title": "T", "description": "D"}, cells, "")


def stream(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def value(**data):
    named = {"plain": "text/plain", "words": "text/markdown", "png": "image/png", "figure": MIME}
    bundle = {named[name]: one for name, one in data.items()}
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": bundle}


def body(*cells, outputs=None):
    """A page below its header; outputs of each code cell, none if not given."""
    lesson = made_of(*cells)
    text = markdown(lesson, outputs or [[] for _ in lesson.code])
    return text.split("\n---\n", 1)[1].strip("\n")


def output(text):
    return f"{TICKS} {{ .text .no-copy .sw-output }}\n{text}\n{TICKS}"


def test_a_page_word_by_word():
    lesson = made_of(words("# T\n\nWords."), code("x = 1\nx"), words("More ü."), code("'a'"))
    assert markdown(lesson, [[stream("out\n"), value(plain="1")], []]) == (
        '---\n{"title": "T", "description": "D", "minutes": 1}\n---\n\n\n'
        f"# T\n\nWords.\n\n{TICKS}python\nx = 1\nx\n{TICKS}\n\n{output('out')}\n\n{output('1')}\n\n"
        f"More ü.\n\n{TICKS}python\n'a'\n{TICKS}\n"
    )


def test_an_exercise_is_left_to_the_notebook_with_all_that_it_prints():
    cells = code("check(..., f)", "exercise"), code("y = 2")
    printed = stream("Put your answer in the place of the three dots")
    page = body(*cells, outputs=[[printed, value(plain="7")], [stream("shown")]])
    assert page == f"{TICKS}python\ny = 2\n{TICKS}\n\n{output('shown')}"
    book = notebook(made_of(*cells), [[printed], []], {})
    assert "check(..., f)" in book and "Put your answer" in book


def test_colours_of_a_terminal_are_taken_away():
    red = "\x1b[31mred\x1b[0m \x1b[1;32mgreen\x1b[m"
    assert body(code("1"), outputs=[[stream(f"{red}\n")]]).endswith(output("red green"))
    assert body(code("1"), outputs=[[value(plain=red)]]).endswith(output("red green"))


def test_prints_lose_line_ends_behind_and_nothing_else():
    page = body(code("1"), outputs=[[stream("\n  a  \n\nb \n\n")]])
    assert page.endswith(output("\n  a  \n\nb "))
    only = f"{TICKS}python\n1\n{TICKS}"
    assert body(code("1"), outputs=[[stream(" \n\n"), value(plain=" ")]]) == only


def test_what_only_draws_or_is_hidden_shows_no_code():
    figure = value(figure={"name": "fig"}, plain="figure fig")
    assert body(code("show(t, 'fig')"), outputs=[[figure]]) == "<!-- figure fig -->"
    assert body(code("x = 1", "hide"), outputs=[[stream("a")]]) == output("a")
    for shown in ("x = 1\nshow(t, 'fig')", "show", "s.show(t)", "show(t)\nshow(u)", "y = show(t)"):
        assert body(code(shown)) == f"{TICKS}python\n{shown}\n{TICKS}", shown


def folded(source):
    lines = f"{TICKS}python\n{source}\n{TICKS}".split("\n")
    return '??? example "The code"\n\n' + "\n".join(f"    {line}" for line in lines)


def test_what_plots_or_is_collapsed_is_folded():
    for source in ("plot(draw, 'a', 'b')", "x = 1\n\nplot(draw, 'a', 'b')"):
        assert body(code(source)) == folded(source)
    assert body(code("x = 1", "collapse")) == folded("x = 1")
    for shown in ("plot(draw)\nx = 1", "plots(draw)", "y = plot", "%time plot(draw)"):
        assert body(code(shown)) == f"{TICKS}python\n{shown}\n{TICKS}", shown


def test_markdown_of_an_output_stands_as_it_is():
    assert body(code("1", "hide"), outputs=[[value(words="| a |", plain="x")]]) == "| a |"
    both = value(figure={"name": "fig"}, words="no", png="no")
    assert body(code("1", "hide"), outputs=[[both]]) == "<!-- figure fig -->"


@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml", "image/jpeg"])
def test_a_picture_without_words_is_refused(kind):
    shown = {"output_type": "display_data", "data": {kind: "aaaa", "text/plain": "<Figure>"}}
    with pytest.raises(SlidingWindowsError, match="^lessons/tiny.py, line 10: a picture without"):
        body(code("1"), outputs=[[shown]])


@pytest.mark.parametrize(("text", "fence"), [("a", 3), ("``", 3), ("```", 4), ("x ````` y ```", 6)])
def test_a_fence_is_longer_than_any_within(text, fence):
    ticks = "`" * fence
    page = body(code("1"), outputs=[[stream(text)]])
    assert page.endswith(f"\n\n{ticks} {{ .text .no-copy .sw-output }}\n{text}\n{ticks}")


def time_of(count=0, lines=0, figures=0):
    cells = [words(" ".join(["word"] * count))] if count else []
    cells += [code("\n".join(["x = 1"] * lines))] if lines else []
    return minutes(made_of(*cells), figures)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((220, 0, 0), 1),
        ((221, 0, 0), 2),
        ((440, 0, 0), 2),
        ((0, 20, 0), 1),
        ((0, 21, 0), 2),
        ((0, 0, 4), 1),
        ((0, 0, 5), 2),
        ((110, 5, 1), 1),
        ((110, 5, 2), 2),
        ((0, 0, 0), 0),
    ],
)
def test_reading_time(counts, expected):
    """220 words, 20 lines of code or 4 figures a minute; what has begun is a whole one."""
    assert time_of(*counts) == expected


def test_code_that_is_not_read_takes_no_time():
    lines = "\n".join(["x = 1"] * 60)
    for cell in (code(lines, "hide"), code(lines, "exercise"), code(lines, "collapse")):
        assert minutes(made_of(cell), 0) == 0
    assert minutes(made_of(code(lines)), 0) == 3
    figure = value(figure={"name": "fig"})
    cells = [code("show(t)"), code("1", "hide")]
    text = markdown(made_of(*cells), [[figure] * 4, [figure]])
    assert json.loads(text.split("\n")[1])["minutes"] == 2


def test_figures_are_found_in_order():
    one, two = value(figure={"name": "1"}), value(figure={"name": "2"})
    assert figures_in([[two, stream("x")], [value(plain="x"), one]]) == [
        {"name": "2"},
        {"name": "1"},
    ]


def test_a_notebook_holds_cells_in_order_with_figures_as_pictures():
    figure = value(figure={"name": "fig"}, plain="figure fig")
    files = {"fig.dark.gif": b"d", "fig.light.png": b"p", "fig.light.gif": b"GIF"}
    made = {"fig": {"files": files, "alt": 'A "b" <c>', "width": 3, "height": 2}}
    cells = words("# T"), code("a = 1", "hide"), words("ü"), code("show(t)")
    text = notebook(made_of(*cells), [[stream("out")], [figure]], made)
    book = nbformat.reads(text, as_version=4)
    assert text.endswith("}\n")
    assert [(c.cell_type, c.source, c.id) for c in book.cells] == [
        ("markdown", "# T", "tiny-0"),
        ("code", "a = 1", "tiny-1"),
        ("markdown", "ü", "tiny-2"),
        ("code", "show(t)", "tiny-3"),
    ]
    assert [c.execution_count for c in book.cells if c.cell_type == "code"] == [1, 2]
    assert book.cells[1].outputs == [stream("out")]
    assert book.cells[3].outputs[0].data == {
        "text/html": '<img src="data:image/gif;base64,R0lG" width="3" height="2" '
        'alt="A &quot;b&quot; &lt;c&gt;">',
        "text/plain": 'A "b" <c>',
    }
    assert book.metadata == {
        "title": "T",
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }


def test_a_cells_id_is_short_enough_for_a_notebook():
    long = Lesson(Path(f"lessons/{'x' * 80}.py"), {"title": "T"}, (words("a"), words("b")), "")
    ids = [cell.id for cell in nbformat.reads(notebook(long, [], {}), as_version=4).cells]
    assert [len(one) for one in ids] == [64, 64] and ids[0][-2:] == "-0" and ids[1][-2:] == "-1"


def test_calls_of_a_cell():
    assert pages._calls("x = f(1)\ng(2)\nh") == ["", "g", ""] and pages._calls("%magic x") == []
