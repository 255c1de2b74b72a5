"""Every lesson leads to the explorer or the network calculator with numbers of its own."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from lesson_run import LESSONS, NAMES
from states import figures, links, opened, shows, states

from slidingwindows.course.lessons import path_of, read


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_links_to_a_tool_with_what_a_figure_of_it_shows(name):
    """The kernel, stride, padding and size, the numbers and the weights; or layers and size."""
    found, shown = states(read(path_of(LESSONS, name))), figures(name)
    assert found, f"{name} has no link whose address holds a state of one of its figures"
    for state in found:
        assert "problem" not in state, f"{name}: {state['problem']}"
        assert any(shows(item, state) for item in shown.values()), f"{name} does not show {state}"


# ---- the check itself


def state_of(tool: str, **words: str) -> dict:
    [state] = opened([(tool, "&".join(f"{k}={quote(v, safe=',;')}" for k, v in words.items()))])
    return state


def test_only_links_with_a_state_count():
    lesson = read(path_of(LESSONS, "max-pooling"))
    words = "[it](../explorer.md), [that](../reference/glossary.md#a)"
    bare = replace(lesson.cells[0], source=words)
    assert not links(replace(lesson, cells=(bare,)))


FLOOR = {"call": "nn.MaxPool2d(2)", "input": "1,2,3;4,5,6;7,8,9"}


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("explorer", FLOOR | {"call": "nn.MaxPool2d(2, padding=2)"}),
        ("explorer", FLOOR | {"call": "nn.MaxPool2d(n)"}),
        ("explorer", FLOOR | {"input": "1,2;3"}),
        ("explorer", FLOOR | {"size": "3"}),
        ("explorer", {"call": "nn.MaxPool2d(2)"}),
        ("network", {"layers": "nn.Conv2d(3,8,3)", "input": "1,9,9"}),
        ("network", {"layers": "nn.Conv2d(3,8", "input": "3,9,9"}),
        ("network", {"layers": "nn.Conv2d(3,8,3)"}),
    ],
)
def test_a_state_that_a_tool_refuses_is_a_problem(tool, words):
    assert state_of(tool, **words)["problem"]


@pytest.mark.parametrize(
    ("lesson", "figure", "right", "wrong"),
    [
        ("output-size", "size-floor", "MaxPool2d%282", "MaxPool2d%283"),
        ("output-size", "size-floor", "MaxPool2d", "AvgPool2d"),
        ("output-size", "size-floor", "input=3,1", "input=3,2"),
        ("stride-instead-of-pooling", "stride-2-convolution", "stride=2", "stride=1"),
        ("stride-instead-of-pooling", "stride-2-convolution", "weights=-1", "weights=-2"),
        ("padding", "padding-same", "padding=1", "padding=2"),
        ("the-cnn-funnel", "funnel", "input=3,110", "input=3,112"),
        ("the-cnn-funnel", "funnel", "Conv2d%283,8,3", "Conv2d%283,8,5"),
        ("receptive-fields", "receptive-growing", "input=1,26,26", "input=1,28,28"),
    ],
)
def test_a_link_with_another_number_is_not_of_the_page(lesson, figure, right, wrong):
    [(tool, link)] = links(read(path_of(LESSONS, lesson)))
    assert right in link
    good, bad = opened([(tool, link), (tool, link.replace(right, wrong))])
    item = figures(lesson)[figure]
    assert shows(item, good) and "problem" not in bad and not shows(item, bad)
