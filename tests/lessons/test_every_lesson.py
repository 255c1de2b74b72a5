"""What holds for each lesson: its tests read its own run, and that run is what its page shows."""

import ast
import json
import re

import pytest
from lesson_run import LESSONS, NAMES, ROOT, executed, run
from proving import unproved

from slidingwindows.course.lessons import path_of, read
from slidingwindows.drawing.layers import BLACK
from slidingwindows.drawing.plot import settings
from slidingwindows.lesson import MIME
from slidingwindows.testing.page import accepted
from slidingwindows.testing.run import Shown

HERE = ROOT / "tests" / "lessons"


def test_file(name: str):
    return HERE / f"test_{name.replace('-', '_')}.py"


test_file.__test__ = False


@pytest.mark.parametrize("name", NAMES)
def test_each_lesson_has_a_test_that_completes_its_page(name):
    tree = ast.parse(test_file(name).read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert [c for c in calls if getattr(c.func, "attr", "") == "complete"], "complete() is missing"


def on_the_page(output: dict) -> str | None:
    """An output of the executed notebook as the run has it; None for warnings."""
    if output["output_type"] == "stream":
        return output["text"].rstrip("\n") if output["name"] == "stdout" else None
    data = output["data"]
    if MIME in data:
        return f"figure {data[MIME]['name']}"
    return data.get("text/markdown", data["text/plain"])


@pytest.mark.parametrize("name", NAMES)
def test_the_run_that_is_tested_is_the_one_on_the_page(name):
    """A kernel of its own printed the same, showed the same figures and said the same of them."""
    outputs = executed(name)
    mine = run(name)
    texts = [[on_the_page(o) for o in cell if on_the_page(o)] for cell in outputs]
    cells = mine.lesson.code
    for cell, page, here in zip(cells, texts, mine.outputs, strict=True):
        assert page == [text for text in here if text], f"line {cell.line}"
    figures = [o["data"][MIME] for cell in outputs for o in cell if MIME in o.get("data", {})]
    assert [data["name"] for data in figures] == list(mine.figures)
    for data in figures:
        figure: Shown = mine.figures[data["name"]]
        assert (data["caption"], data.get("alt", "")) == (figure.caption, figure.alt)
        if not figure.draw:
            assert data[data["kind"]] == json.loads(json.dumps(figure.item.to_dict()))


@pytest.mark.parametrize("name", NAMES)
def test_no_example_of_a_form_is_the_answer(name):
    """'such as (1, 2)' in the notebook shows the form; what it shows must not be right."""
    lesson, truths = run(name).lesson, run(name).truths
    asked = "\n".join(cell.source for cell in lesson.code if "exercise" in cell.tags)
    prompts = re.findall(r"^# (\d+)\. (.+)$", asked, re.M)
    assert [int(number) for number, _ in prompts] == list(range(1, len(truths) + 1))
    for number, words in prompts:
        for example in re.findall(r"such as (.+?)[.?]?$", words):
            truth = truths[int(number) - 1]
            assert not accepted(ast.literal_eval(example), truth), f"{number}. {words}"


TITLES = {name: read(path_of(LESSONS, name)).meta["title"].lower() for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_link_that_bears_a_lessons_title_leads_to_it(name):
    """Any other words may lead to any lesson, such as 'a later lesson'."""
    cells = read(path_of(LESSONS, name)).cells
    text = "\n".join(cell.source for cell in cells if cell.kind == "markdown")
    for words, there in re.findall(r"\[([^\]]+)\]\(([\w-]+)\.ipynb", text):
        titled = [one for one, title in TITLES.items() if title == words.lower()]
        assert titled in ([], [there]), f"[{words}] leads to {there}"


@pytest.mark.parametrize("name", NAMES)
def test_no_plot_has_more_lines_than_there_are_looks(name):
    """Two lines that look the same cannot be told apart by a legend."""
    for plot, figure in run(name).figures.items():
        for axes in figure.drawn:
            named = [label for label, *_ in axes["lines"] if not label.startswith("_")]
            assert len(named) <= len(settings(BLACK)["axes.prop_cycle"]), plot


# ---- a truth is computed


@pytest.mark.parametrize(
    "truth",
    ["True", "16 * 16 == 256", "5 + 2 * 1 == 2 * (3 - 1) + 3", "round(53280 / 14400, 1) == 3.7"]
    + ["out.shape == (1, 2) and 2 + 2 == 4", "[v + 1 for v in (1, 2)] == [2, 3]", "not False"],
)
def test_a_literal_tautology_is_no_proof(truth):
    assert unproved(f"page.says('a phrase', {truth})")


@pytest.mark.parametrize(
    "truth", ["out.shape == (1, 2)", "nn.MaxPool2d(2).stride == 2", "f(3) == 4"]
)
def test_a_computed_truth_is_one(truth):
    assert not unproved(f"page.says('a phrase', {truth})")


def test_a_phrase_without_a_truth_is_made_of_computed_values():
    assert unproved("page.says('seven come out')")
    assert not unproved("page.says(f'{len(out)} come out')")


@pytest.mark.parametrize("name", NAMES)
def test_no_claim_is_a_tautology(name):
    assert not unproved(test_file(name).read_text("utf-8"))
