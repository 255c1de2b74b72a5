"""What the search leaves out of a page."""

import pytest

from slidingwindows.site.searching import searchable


def output(text, mark=""):
    return f'<div class="no-copy sw-output highlight"{mark}><pre><code>{text}</code></pre></div>'


@pytest.mark.parametrize(
    "text",
    ["tensor([[1., 2.],\n        [3., 4.]])", "(1, 3, 8, 8)", "<span>max</span> [0, 8, 0, 0]", "7"],
)
def test_numbers_alone_are_left_out(text):
    assert searchable(output(text)) == output(text, " data-search-exclude")


@pytest.mark.parametrize(
    "text",
    [
        "RuntimeError: pad should be at most half of effective kernel size",
        "moves along True, 24",
        "",
    ],
)
def test_outputs_with_words_are_searched(text):
    assert searchable(output(text)) == output(text)


def test_folded_code_is_left_out_and_other_boxes_are_not():
    answer = '<details class="question"><summary>Answer</summary><p>12 of 34</p></details>'
    shut = '<details class="example"><summary>The code</summary><pre>plot()</pre></details>'
    marked = searchable(answer + shut + "<p>1 2 3</p>")
    assert marked.startswith(answer + '<details class="example" data-search-exclude>')
    assert marked.endswith("<p>1 2 3</p>") and searchable("") == ""
