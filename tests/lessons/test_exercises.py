"""Self-checking exercises: in every notebook, open when it is published, right when filled in."""

import ast

import pytest
import torch
from lesson_page import EXERCISE
from lesson_run import LESSONS, run

from slidingwindows.lesson import check
from slidingwindows.lessons import read

DOTS = "Put your answer in the place of the three dots, then run this cell again.\n"
WITH = [
    path.stem
    for path in sorted(LESSONS.glob("*.py"))
    if any("exercise" in cell.tags for cell in read(path).code)
]


@pytest.fixture(autouse=True)
def gradients():
    """Each test begins with gradients on, whatever a lesson has switched."""
    with torch.enable_grad():
        yield


def said(capsys, answer, truth) -> str:
    check(answer, truth)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        (3, 3),
        (3.0, torch.tensor(3)),
        ((1, 4, 4), torch.Size([1, 4, 4])),
        ([1, 4, 4], (1, 4, 4)),
        (0.667, 2 / 3),
        ([[5, 7], [13, 15]], torch.tensor([[5.0, 7], [13, 15]])),
        (float("-inf"), -torch.inf),
        ("floor", "floor"),
        (True, True),
        (None, None),
    ],
)
def test_right(capsys, answer, truth):
    assert said(capsys, answer, lambda: truth) == "Right.\n"


@pytest.mark.parametrize(
    ("answer", "truth"),
    [
        (4, 3),
        (0.6, 2 / 3),
        ((4, 4), (1, 4, 4)),
        ([[5, 7], [13, 14]], torch.tensor([[5.0, 7], [13, 15]])),
        ("3", 3),
        (True, 1),
        (None, 0),
        (float("nan"), 1.0),
        ([], 3),
        (object(), 3),
    ],
)
def test_not_yet(capsys, answer, truth):
    assert said(capsys, answer, lambda: truth) == "Not yet. Try again.\n"


def test_torch_is_asked_only_when_there_is_an_answer(capsys):
    def never():
        raise AssertionError("asked too early")

    assert said(capsys, ..., never) == DOTS


def checks_of(lesson) -> list[ast.Call]:
    """The check(...) calls of a lesson, in order."""
    return [
        node
        for cell in lesson.code
        if "exercise" in cell.tags
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "check"
    ]


def test_there_are_lessons_with_exercises():
    assert WITH


@pytest.mark.parametrize("name", WITH)
def test_each_exercise_waits_for_the_reader(name):
    """The notebook gives no answer away; that each is right, the lesson's own test proves."""
    lesson = read(LESSONS / f"{name}.py")
    calls = checks_of(lesson)
    prose = "\n\n".join(cell.source for cell in lesson.cells if cell.kind == "markdown")
    assert len(calls) == len(EXERCISE.findall(prose)), "one check for each exercise"
    for call in calls:
        answer, truth = call.args
        assert isinstance(answer, ast.Constant) and answer.value is ..., "not open"
        assert isinstance(truth, ast.Lambda), "torch must be asked by a lambda"


@pytest.mark.parametrize("name", WITH)
def test_each_exercise_refuses_what_is_wrong(name, capsys):
    """Something else than torch's answer is never 'Right.'; its answer always is."""
    for truth in run(name).truths:
        assert said(capsys, truth, lambda truth=truth: truth) == "Right.\n"
        assert said(capsys, "something else", lambda truth=truth: truth) != "Right.\n"
