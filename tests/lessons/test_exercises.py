"""Self-checking exercises: in every notebook, open when it is published, right when filled in."""

import ast
import re

import pytest
import torch
from lesson_run import LESSONS, run

from slidingwindows.course.exercises import listed
from slidingwindows.course.lessons import path_of, paths_of, read
from slidingwindows.course.tags import OPEN, looks
from slidingwindows.lesson import check
from slidingwindows.testing.page import EXERCISE

# By their text, for to read them all takes seconds, in each process that collects these tests.
TAGGED = re.compile(r'^# %%.*"exercise"', re.MULTILINE)
WITH = [path.stem for path in paths_of(LESSONS) if TAGGED.search(path.read_text("utf-8"))]


@pytest.fixture(autouse=True)
def gradients():
    """Each test begins with gradients on, whatever a lesson has switched."""
    with torch.enable_grad():
        yield


def said(capsys, answer, truth) -> str:
    check(answer, truth)
    return capsys.readouterr().out


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
    assert WITH and WITH == [
        path.stem
        for path in paths_of(LESSONS)
        if any("exercise" in cell.tags for cell in read(path).code)
    ]


@pytest.mark.parametrize("name", WITH)
def test_each_exercise_waits_for_the_reader(name):
    """The notebook gives no answer away; that each is right, the lesson's own test proves."""
    lesson = read(path_of(LESSONS, name))
    calls = checks_of(lesson)
    prose = "\n\n".join(cell.source for cell in lesson.cells if cell.kind == "markdown")
    assert 0 < len(calls) <= len(EXERCISE.findall(prose)), "a check without its exercise"
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


def changed(value, new) -> list:
    """For each number, word or truth value in a value, that value with new(it) in its place."""
    if isinstance(value, list):
        return [
            [*value[:at], other, *value[at + 1 :]]
            for at, item in enumerate(value)
            for other in changed(item, new)
        ]
    return [new(value)]


@pytest.mark.parametrize("name", WITH)
@pytest.mark.parametrize("step", [1, -1])
def test_each_exercise_refuses_its_answer_plus_and_minus_one(name, step, capsys):
    """Any one of an answer's numbers off by one, or yes and no exchanged, is never 'Right.'."""
    for truth in run(name).truths:
        near = changed(listed(truth), lambda v: not v if isinstance(v, bool) else v + step)
        assert near
        for answer in near:
            assert said(capsys, answer, lambda truth=truth: truth).startswith("Not yet."), answer


@pytest.mark.parametrize("name", WITH)
def test_no_answer_is_in_sight_before_the_reader_answers(name):
    """Below folded answers, what a page shows of code and output is folded or not there."""
    lesson = read(path_of(LESSONS, name))
    for cell, look in zip(lesson.code, looks(lesson), strict=True):
        if look.answers:
            assert look.outputs != OPEN, f"line {cell.line}: tag it collapse"
