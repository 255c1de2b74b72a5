"""The page that lessons are held to: each kind of unproved or false statement is refused."""

import pytest
import torch
from torch import nn

from slidingwindows import slide
from slidingwindows.course.lessons import read
from slidingwindows.testing.page import Page, _value, caption_claims
from slidingwindows.testing.run import as_text, execute
from slidingwindows.testing.words import MOST_ASIDES, Words

LESSON = """# ---
# title: A tiny lesson
# description: It halves what it sees.
# ---

# %% [markdown]
# # A tiny lesson
#
# A sum of 12 comes out ([Somebody 1999](https://example.org/7)). See [the rest](rest-3.ipynb).
# It is not the largest. A plain word or two more are there.
#
# **1.** What is left?
#
# ??? success "Answer"
#     `(1, 2)`, nothing else.

# %%
import torch
from torch import nn
from slidingwindows import slide
from slidingwindows.lesson import check, plot, show
x = torch.arange(16.0).reshape(1, 4, 4)
print("sum", int(x.sum()))

# %%
# Both rows count.
show(slide(nn.MaxPool2d(2), x), "tiny", "A 2×2 window with stride 2: the 4×4 input becomes small.")

# %%
def draw(figure):
    'Nothing else.'
    figure.subplots().plot([1, 2], [3, 4], label="line")

plot(draw, "drawn", "It rises from 3 to 4.")

# %% tags=["exercise"]
check(..., lambda: (1, 2))
"""
X = torch.arange(16.0).reshape(1, 4, 4)


def page_of(tmp_path, text: str = LESSON) -> Page:
    path = tmp_path / "tiny.py"
    path.write_text(text, "utf-8")
    return Page(execute(read(path)))


@pytest.fixture
def page(tmp_path, capsys) -> Page:
    return page_of(tmp_path)


@pytest.mark.parametrize("kind", ["html", "latex", "markdown"])
def test_a_value_without_a_text_of_its_own_is_what_a_page_shows_of_it(kind):
    """Else two runs would differ by its address, and two values be told apart by nothing else."""

    def made(words):
        return type("Made", (), {f"_repr_{kind}_": lambda self: words})()

    assert as_text(made("$a$")) == as_text(made("$a$")) == "$a$" != as_text(made("$b$"))


def test_a_value_with_a_text_of_its_own_is_that_text():
    text = type("Text", (), {"_repr_html_": lambda self: "<b>1</b>", "__repr__": lambda self: "1"})
    assert as_text(text()) == "1"


def prove(page: Page, leave_out: str = "") -> None:
    total = int(X.sum())
    steps = {
        "description": lambda: page.says("It halves what it sees", X.shape[1] == 2 * 2),
        "prose": lambda: page.says("A sum of 12 comes out", total != 12),
        "turn": lambda: page.says("It is not the largest", X.max() > 12),
        "plain": lambda: page.says("A plain word or two more are there", X.dim() == 3),
        "question": lambda: page.labels("What is left?"),
        "docstring": lambda: page.says("Nothing else", page.drawing("drawn")),
        "comment": lambda: page.says("Both rows count", X.shape[1] == 4),
        "output": lambda: page.prints('print("sum", int(x.sum()))', f"sum {total}"),
        "figure": lambda: page.draws("tiny", slide(nn.MaxPool2d(2), X)),
        "plot": lambda: page.plots("drawn", page.drawing("drawn")[0]["lines"][0][2] == [3, 4]),
        "caption": lambda: page.says("A 2×2 window with", X.dim() == 3),
        "becomes": lambda: page.says("becomes", X.dim() == 3),
        "small": lambda: page.says("small", X.dim() == 3),
        "alt": lambda: page.says("It rises from 3 to 4", X.dim() == 3),
        "answer": lambda: page.says("`(1, 2)`, nothing else", X.dim() == 3),
        "exercise": lambda: page.answers(1, "(1, 2)"),
    }
    for name, step in steps.items():
        if name != leave_out:
            step()


def test_a_page_that_is_proved_is_complete(page):
    prove(page)
    page.complete()


@pytest.mark.parametrize(
    ("left_out", "message"),
    [
        ("description", "It halves what it sees"),
        ("prose", "A sum of 12"),
        ("turn", "It is not the largest"),
        ("question", "What is left"),
        ("comment", "Both rows count"),
        ("docstring", "Nothing else"),
        ("output", "import torch"),
        ("figure", "show\\(slide"),
        ("plot", "def draw"),
        ("alt", "It rises from 3 to 4"),
        ("answer", r"\(1, 2\)"),
        ("exercise", r"no revealed answer was tried on': \[1\]"),
    ],
)
def test_what_is_left_out_is_named(page, left_out, message):
    prove(page, left_out)
    with pytest.raises(AssertionError, match=rf"^{page.name}: .*{message}"):
        page.complete()


def test_years_of_citations_and_targets_of_links_are_no_claims(page):
    assert "1999" not in page.text and "rest-3" not in page.text


@pytest.mark.parametrize(
    ("false", "message"),
    [
        (lambda page: page.says("A sum of 12", page.names["x"].sum() == 12), "is not true"),
        (lambda page: page.says("A sum of 13", page.names["x"].dim() == 3), "does not say"),
        (lambda page: page.labels("A sum of 13"), "does not say"),
        (lambda page: page.cites("A sum of 12", "https://other.org"), "is not beside"),
        (lambda page: page.prints('print("sum", int(x.sum()))', "sum 119"), "printed"),
        (lambda page: page.tells('print("sum"', page.numbers('print("sum"') == [119]), "not true"),
        (lambda page: page.draws("tiny", slide(nn.MaxPool2d(2), X + 1)), "something else"),
        (lambda page: page.draws("tiny", slide(nn.MaxPool2d(3), X)), "something else"),
        (lambda page: page.plots("drawn", page.drawing("drawn") == []), "something else"),
        (lambda page: page.answers(1, "(1, 3)"), "does not say"),
        (lambda page: page.answers(1, ("(1, 2)", (1, 3))), "is revealed"),
        (lambda page: page.output("no such code"), "is in 0 code cells"),
    ],
)
def test_what_is_false_is_refused(page, false, message):
    with pytest.raises(AssertionError, match=message):
        false(page)


def test_few_plain_words_may_stand_on_trust(page):
    """One short statement of a page may, another too may not, however plain both are."""
    prove(page, "small")
    page.complete()
    page.ticked = [span for span in page.ticked if "plain word" not in page.text[slice(*span)]]
    assert not page.open
    with pytest.raises(AssertionError, match="no test holds.*A plain word or two more are there"):
        page.complete()


def words(*blocks: str) -> Words:
    return Words("a text", list(blocks))


@pytest.mark.parametrize(
    "text",
    ["Max pools dilate, average pools do not.", "All of them win.", "It has many.", "No pool."]
    + ["It lies to the left.", "They differ.", "It shrinks.", "`Better` than that."],
)
def test_a_word_that_turns_a_statement_round_has_to_be_proved(text):
    assert words(text).unproved()


@pytest.mark.parametrize("text", ["How many come out", "Some do.", "As many as that.", "No one."])
def test_a_word_that_turns_nothing_need_not(text):
    assert not words(text).unproved()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("It slides. They do not agree.", "They do not agree"),
        ("Average pools do not win.", "Average pools do not win"),
        ("Remember that they all learn.", "Remember that they all learn"),
        ("Go on. Then they all agree.", "Then they all agree"),
        ("The same pool, but see what is left.", "The same pool"),
        ('??? success "Answer"\n    None of both.', "None of both"),
        ('!!! tip "Do they both?"\n    They both do.', "They both do"),
    ],
)
def test_a_statement_is_no_label(text, label):
    with pytest.raises(AssertionError, match="states something: prove it"):
        words(text).labels(label)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("It slides. Do they not agree? It does.", "Do they not agree"),
        ("Predict all of it. Then see.", "Predict all of it"),
        ("- Say which of both is larger.", "which of both is larger"),
        ('!!! abstract "Goals"\n    - Say which of both it is.', "which of both it is"),
        ("[Open both rows in the explorer] now.", "both rows"),
        ("Average the last two. So be it.", "the last two"),
        ("It is. Then move it to the right.", "to the right"),
        ("# All of it\nSo.", "All of it"),
        ("**1.** The same pool moves to the right. What comes out?", "moves to the right"),
        ('??? question "Predict"\n    You move it to the left. What now?', "to the left"),
    ],
)
def test_a_question_what_to_do_a_heading_and_a_setting_are_labels(text, label):
    page = words(text)
    page.labels(label)
    assert not [place for place in page.unproved() if label in place]


def test_opinions_questions_and_headings_are_not_on_trust():
    page = words("# Plain", "Opinion: it is fine.", '!!! tip "An opinion"\n    Fine.', "Is it?")
    assert page.on_trust() == (0, [], [])
    both = ["It is fine here", "It was."]
    assert words(*both).on_trust() == (1, ["It is fine here", "It was"], ["It is fine here"])


def test_asides_are_few_and_say_why():
    page = words("We like it.")
    with pytest.raises(AssertionError, match="not proved"):
        page.aside("We like it", "taste")
    for _ in range(MOST_ASIDES):
        page.aside("We like it", "a matter of taste")
    assert page.on_trust() == (0, [], [])
    with pytest.raises(AssertionError, match=f"more than {MOST_ASIDES} asides"):
        page.aside("We like it", "a matter of taste")


def test_a_number_word_is_its_number():
    words = "none one two three four five six seven eight nine ten".split()
    assert [_value(word) for word in words] == list(range(11))
    assert _value("Zero") == 0 and _value("half") == 0.5 and _value("`(1, 2)`") == (1, 2)
    assert _value("2×3") == (2, 3) and _value("25,000") == 25_000 and _value("−1.5") == -1.5


def test_a_long_phrase_is_no_label(page):
    with pytest.raises(AssertionError, match="too long"):
        page.labels("x" * 81)


def test_a_citation_counts_beside_its_link(page):
    page.cites("A sum of 12", "https://example.org/7")


def claims(module, x, caption: str) -> dict[str, bool]:
    found = caption_claims(slide(module, x), caption)
    return {caption[start:stop]: agrees for (start, stop), agrees in found}


def test_a_caption_agrees_with_its_figure():
    caption = (
        "A 3×2 kernel, stride 2 and padding 1, dilation 1: the 5×6 input becomes a 3×4 output."
    )
    module = nn.MaxPool2d((3, 2), 2, 1)
    found = claims(module, torch.rand(1, 5, 6), caption)
    assert found == dict.fromkeys(
        ["3×2 kernel", "stride 2", "padding 1", "dilation 1", "5×6 input", "3×4 output"], True
    )
    assert claims(nn.MaxPool1d(2), torch.rand(1, 6), "stride 2, kernel_size 2") == {
        "stride 2": True,
        "kernel_size 2": True,
    }
    assert claims(module, torch.rand(1, 5, 6), "5×6 becomes 3×4") == {"5×6 becomes 3×4": True}


@pytest.mark.parametrize(
    "caption",
    ["a 2×3 kernel", "stride 3", "padding 0", "dilation 2", "a 6×5 input", "a 4×3 output"]
    + ["5×6 stays 5×6", "a 2×2 window"],
)
def test_a_caption_of_another_figure_is_refused(caption):
    assert False in claims(nn.MaxPool2d((3, 2), 2, 1), torch.rand(1, 5, 6), caption).values()


def test_a_wrong_caption_turns_draws_red(tmp_path, capsys):
    page = page_of(tmp_path, LESSON.replace("stride 2:", "stride 3:"))
    with pytest.raises(AssertionError, match="the caption of tiny says 'stride 3'"):
        page.draws("tiny", slide(nn.MaxPool2d(2), X))


@pytest.mark.parametrize("tag", ["remove-output", "remove-cell"])
@pytest.mark.parametrize("begin", ["import torch", "# Both rows", "def draw"])
def test_what_a_page_hides_does_not_stand_below_a_cell(tmp_path, capsys, tag, begin):
    page = page_of(tmp_path, LESSON.replace(f"# %%\n{begin}", f'# %% tags=["{tag}"]\n{begin}'))
    with pytest.raises(AssertionError, match=f"is hidden by .*{tag}"):
        prove(page)


def test_runs_do_not_leak_into_each_other(tmp_path, capsys):
    text = LESSON + (
        "\n# %%\nimport os\nprint(torch.rand(1).item(), torch.get_default_dtype())\n"
        "torch.set_default_dtype(torch.float64)\ntorch.set_printoptions(precision=1)\n"
        "os.environ['SLIDINGWINDOWS_LEAK'] = '1'\n"
    )
    state, first = torch.get_rng_state(), page_of(tmp_path, text)
    assert torch.equal(torch.get_rng_state(), state)
    assert page_of(tmp_path, text).run.outputs == first.run.outputs
    assert torch.get_default_dtype() == torch.float32
    import os

    assert "SLIDINGWINDOWS_LEAK" not in os.environ
