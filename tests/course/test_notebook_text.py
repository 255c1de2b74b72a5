"""A lesson's notebook, made without a kernel: it holds all cells, and gives no answer away."""

from pathlib import Path

import nbformat
import pytest
from test_page_text import ASKS, code, made_of, stream, value, words

from slidingwindows.course.lessons import Lesson
from slidingwindows.course.notebooks import notebook
from slidingwindows.export.rendered import Rendered


def cells_of(*cells, outputs):
    return nbformat.reads(notebook(made_of(*cells), outputs, {}), as_version=4).cells


def test_a_notebook_holds_cells_in_order_with_figures_as_pictures():
    figure = value(figure={"name": "fig"}, plain="figure fig")
    files = {"fig.dark.gif": b"d", "fig.light.png": b"p", "fig.light.gif": b"GIF"}
    made = {"fig": Rendered(files, 'A "b" <c>', [], 3, 2, True, "MaxPool2d")}
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


ANSWERED = words(
    '## Exercises\n\n**1.** How many?\n\n??? success "Answer"\n    3. It is the floor.'
)


def test_answers_are_closed_and_boxes_are_quotations():
    box = words('!!! note "Hello"\n    A **bold** word.\n\n    And $x^2$.')
    made = cells_of(ANSWERED, box, outputs=[])
    assert made[0].source == (
        "## Exercises\n\n**1.** How many?\n\n"
        "<details>\n<summary>Answer</summary>\n\n3\\. It is the floor.\n\n</details>"
    )
    assert made[1].source == "> **Hello**\n>\n> A **bold** word.\n>\n> And $x^2$."


def test_what_checks_all_answers_is_left_to_run():
    """Not even hidden: not every reader of notebooks hides what Jupyter hides."""
    check, plain = code("print(3)", "collapse"), code("print(4)")
    made = cells_of(ANSWERED, check, plain, outputs=[[stream("3")], [stream("4")]])
    assert made[1].outputs == [] and made[1].execution_count is None
    assert made[1].source == "print(3)"
    assert made[2].outputs == [stream("4")] and made[2].execution_count == 2


def test_what_answers_a_question_is_closed():
    cells = [words(ASKS), code("f(x)"), code("f(y)"), words("So."), code("f(z)")]
    made = cells_of(*cells, outputs=[[stream("a")]] * 3)
    assert [cell.metadata.get("jupyter") for cell in made] == [
        None,
        {"outputs_hidden": True},
        {"outputs_hidden": True},
        None,
        None,
    ]
    assert [cell.metadata.get("collapsed") for cell in made] == [None, True, True, None, None]
    assert made[1].outputs == [stream("a")]


@pytest.mark.parametrize(
    ("tag", "hidden"),
    [
        ("hide-input", {"source_hidden": True}),
        ("hide-output", {"outputs_hidden": True}),
        ("hide-cell", {"source_hidden": True, "outputs_hidden": True}),
        ("collapse", {"source_hidden": True, "outputs_hidden": True}),
        ("exercise", None),
        ("hide", None),
        ("remove-cell", None),
        ("raises-exception", None),
    ],
)
def test_tags_stay_and_hide_what_they_name(tag, hidden):
    (made,) = cells_of(code("x = 1", tag), outputs=[[stream("a")]])
    assert made.metadata.tags == [tag] and made.metadata.get("jupyter") == hidden
    assert made.outputs == [stream("a")] and made.source == "x = 1"


def test_what_is_not_executed_has_no_number():
    (made,) = cells_of(code("x = 1", "skip-execution"), outputs=[[]])
    assert made.execution_count is None and made.metadata.tags == ["skip-execution"]
