"""A lesson's page as Markdown, made of cells and outputs without a kernel."""

import json
import re
from pathlib import Path

import pytest
from markdown import markdown as to_html

from slidingwindows import SlidingWindowsError
from slidingwindows.course.lessons import Cell, Lesson
from slidingwindows.course.pages import CURTAIN, CURTAIN_END, broken, figures_in, markdown, minutes
from slidingwindows.course.photo import photo_credit
from slidingwindows.course.tags import calls_of
from slidingwindows.lesson import MIME

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
    cells = words("# T\n\nWords."), code("x = 1\nx"), words("More ü."), code("'a'")
    lesson = Lesson(Path("lessons/tiny.py"), {"title": "Tü", "description": "D"}, cells, "")
    numbers = output("1").replace(" }", " data-search-exclude=1 }")
    assert markdown(lesson, [[stream("out\n"), value(plain="1")], []]) == (
        '---\n{"title": "Tü", "description": "D", "minutes": 1}\n---\n\n\n'
        f"# T\n\nWords.\n\n{TICKS}python\nx = 1\nx\n{TICKS}\n\n{output('out')}\n\n{numbers}\n\n"
        f"More ü.\n\n{TICKS}python\n'a'\n{TICKS}\n"
    )


def test_an_exercise_is_left_to_the_notebook():
    cells = code("check(..., f)", "exercise"), code("y = 2")
    printed = stream("Put your answer in the place of the three dots")
    page = body(*cells, outputs=[[printed, value(plain="7")], [stream("shown")]])
    assert page == f"{TICKS}python\ny = 2\n{TICKS}\n\n{output('shown')}"


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


def folded(title, *blocks):
    attributes = 'class="example" data-search-exclude="1" markdown="1"'
    head = f"<details {attributes}>\n<summary>{title}</summary>"
    return "\n\n".join([head, *blocks, "</details>"])


def python(source):
    return f"{TICKS}python\n{source}\n{TICKS}"


def test_code_that_plots_is_folded_and_the_plot_is_not():
    figure = value(figure={"name": "fig"}, plain="figure fig")
    for source in ("plot(draw, 'a', 'b')", "x = 1\n\nplot(draw, 'a', 'b')"):
        page = body(code(source), outputs=[[figure]])
        assert page == f"{folded('The code', python(source))}\n\n<!-- figure fig -->"
    for shown in ("plot(draw)\nx = 1", "plots(draw)", "y = plot", "%time plot(draw)"):
        assert body(code(shown)) == python(shown), shown


A, B = python("x = 1"), output("a")
LOOKS = {
    "hide": B,
    "remove-input": B,
    "remove-output": A,
    "remove-cell": "",
    "exercise": "",
    "hide-input": f"{folded('The code', A)}\n\n{B}",
    "hide-output": f"{A}\n\n{folded('The output', B)}",
    "hide-cell": folded("The code and its output", A, B),
    "collapse": folded("The code and its output", A, B),
    "raises-exception": f"{A}\n\n{B}",
    "hide-input hide-output": folded("The code and its output", A, B),
    "hide-input remove-output": folded("The code", A),
    "remove-input hide-output": folded("The output", B),
    "remove-input remove-output": "",
    "collapse hide": folded("The output", B),
}


@pytest.mark.parametrize("tags", LOOKS)
def test_what_a_tag_shows_folds_and_removes(tags):
    assert body(code("x = 1", *tags.split()), outputs=[[stream("a")]]) == LOOKS[tags]


def test_a_cell_that_is_not_executed_is_shown_without_output():
    assert body(code("x = 1", "skip-execution"), outputs=[[]]) == A
    assert body(code("x = 1", "collapse"), outputs=[[]]) == folded("The code", A)


def test_an_error_that_a_cell_may_raise_is_its_output():
    failed = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["/x"]}
    assert body(code("1"), outputs=[[failed]]).endswith(output("ValueError: no"))
    silent = {**failed, "evalue": ""}
    assert body(code("1"), outputs=[[silent]]).endswith(output("ValueError"))


# Questions: what torch says comes below a curtain.

ASKS = '!!! question "Predict"\n    What comes out?'


def test_what_follows_a_question_comes_below_a_curtain():
    page = body(words(f"# T\n\n{ASKS}"), code("x = 1"), outputs=[[stream("a")]])
    assert page.endswith(f"{A}\n\n{CURTAIN}\n\n{B}\n\n{CURTAIN_END}")


def test_a_curtain_is_folded_and_what_is_below_it_is_markdown():
    page = to_html(f"a\n\n{CURTAIN}\n\n*b*\n\n{CURTAIN_END}\n\nc", extensions=["md_in_html"])
    assert re.sub(r"\s*\n\s*", "", page) == (
        '<p>a</p><div class="sw-asked"><details class="sw-curtain" '
        'data-search-exclude="data-search-exclude"><summary><span>Decide first. Then see what '
        "torch says</span><span>What torch says</span></summary></details><p><em>b</em></p></div>"
        "<p>c</p>"
    )


def test_a_cell_that_shows_nothing_has_no_curtain():
    assert body(words(ASKS), code("x = 1"), outputs=[[stream(" \n")]]) == f"{ASKS}\n\n{A}"


def test_a_question_has_one_curtain_before_the_first_output():
    cells = [words(ASKS), code("x = 1"), code("x = 1"), code("x = 1"), words("So."), code("x = 1")]
    page = body(*cells, outputs=[[], [stream("a")], [stream("a")], [stream("a")]])
    assert page == "\n\n".join([ASKS, A, A, CURTAIN, B, A, B, "So.", CURTAIN_END, A, B])


def test_each_question_has_its_own_curtain():
    cells = [words(ASKS), code("x = 1"), words(f"So.\n\n{ASKS}\n\nRun it."), code("x = 1")]
    assert body(*cells, outputs=[[stream("a")]] * 2).count(CURTAIN) == 2


def test_a_heading_after_a_question_ends_it():
    asked = [words(f"{ASKS}\n\n## Next"), code("x = 1")]
    assert CURTAIN not in body(*asked, outputs=[[stream("a")]])


def test_a_comment_in_a_fence_is_no_heading():
    asked = f"{ASKS}\n\n{TICKS}python\n# as {TICKS[:2]}\n{TICKS}"
    assert CURTAIN in body(words(asked), code("x = 1"), outputs=[[stream("a")]])


def test_a_plot_comes_below_the_curtain_with_its_code():
    figure = value(figure={"name": "fig"}, plain="figure fig")
    page = body(words(ASKS), code("plot(draw)"), outputs=[[figure]])
    below = [folded("The code", python("plot(draw)")), "<!-- figure fig -->"]
    assert page == "\n\n".join([ASKS, CURTAIN, *below, CURTAIN_END])


@pytest.mark.parametrize(
    "told", ["So\nit is.", "*So* it is.", "$x$ it is.", "2 it is.", "-1 it is."]
)
def test_a_curtain_covers_the_paragraph_behind_the_answer_and_no_more(told):
    page = body(words(ASKS), code("x = 1"), words(f"{told}\n\nAnd on."), outputs=[[stream("a")]])
    assert re.search(rf"\n\nS?.*it is\.\n\n{CURTAIN_END}\n\nAnd on\.$", page, re.DOTALL)


@pytest.mark.parametrize(
    "told", ["## Next", "!!! note\n    So.", "- a\n- b", "1. a\n2. b", "> So.", "| a |\n|---|"]
)
def test_a_curtain_ends_before_what_is_no_paragraph(told):
    page = body(words(ASKS), code("x = 1"), words(f"{told}\n\nAnd on."), outputs=[[stream("a")]])
    assert page.endswith(f"{B}\n\n{CURTAIN_END}\n\n{told}\n\nAnd on.")


@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml", "image/jpeg"])
def test_a_picture_without_words_is_refused(kind):
    shown = {"output_type": "display_data", "data": {kind: "aaaa", "text/plain": "<Figure>"}}
    with pytest.raises(
        SlidingWindowsError, match="^lessons/tiny.py, code cell 1, line 10: a picture without"
    ):
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
        ((1, 0, 4), 2),
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
    for cell in (code(lines, "hide"), code(lines, "exercise"), code(lines, "hide-input")):
        assert minutes(made_of(cell), 0) == 0
    assert minutes(made_of(code(lines)), 0) == 3
    figure = value(figure={"name": "fig"})
    cells = [code("show(t)"), code("1", "hide")]
    text = markdown(made_of(*cells), [[figure] * 4, [figure]])
    assert json.loads(text.split("\n")[1])["minutes"] == 2


def test_the_photo_is_credited_below_the_first_cell_that_opens_it():
    opens = "x = read('grace_hopper.jpg')"
    page = body(code("1"), code(opens), code(opens), outputs=[[], [stream("a")], [stream("b")]])
    shown = [python("1"), python(opens), B, photo_credit("../"), python(opens), output("b")]
    assert page == "\n\n".join(shown)


def test_the_page_of_a_broken_lesson_to_the_letter(tmp_path):
    path = tmp_path / "max-pooling-in-3d.py"
    path.write_text("\n".join(f"a{n}" for n in range(1, 10)) + "\n")

    def shown(at, first, last):
        lines = [f"    {'>' if n == at else ' '} {n:>4}  a{n}\n" for n in range(first, last + 1)]
        return f"    ```text\n{''.join(lines)}    ```"

    def told(text):
        box = '!!! failure "Fix this and save: the page comes back by itself"'
        return f"{box}\n\n    ```text\n    {text}\n    ```"

    assert broken(path, ["line 5: a", "line 2: b", "line 9: c", "b, no line"]) == (
        '---\n{"title": "Max pooling in 3d", "description": "This lesson does not run yet.", '
        '"minutes": 0}\n---\n\n\n# Max pooling in 3d\n\nThis lesson does not run yet.\n\n'
        + "\n\n".join([told("line 5: a"), shown(5, 2, 7), told("line 2: b"), shown(2, 1, 4),
                       told("line 9: c"), shown(9, 6, 9), told("b, no line")])
        + "\n"
    )  # fmt: skip
    gone = broken(tmp_path / "gone.py", ["line 1: gone"], "Nothing is here.")
    assert gone.endswith(f"\n\n# Gone\n\nNothing is here.\n\n{told('line 1: gone')}\n")


def test_figures_are_found_in_order():
    one, two = value(figure={"name": "1"}), value(figure={"name": "2"})
    assert figures_in([[two, stream("x")], [value(plain="x"), one]]) == [
        {"name": "2"},
        {"name": "1"},
    ]


def test_calls_of_a_cell():
    assert calls_of("x = f(1)\ng(2)\nh") == ["", "g", ""] and calls_of("%magic x") == []
