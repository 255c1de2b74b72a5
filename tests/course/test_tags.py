"""How each code cell looks, by its tags and by the words before it."""

from test_page_text import ASKS, code, made_of, words

from slidingwindows.course.tags import Look, looks

ANSWER = '??? success "Answer"\n    It is 3.'
# The words before each of several cells, and whether it answers a question and belongs to answers.
BEFORE = {
    "a question": [(ASKS, True, False)],
    "a question below a heading": [(f"# A\n\nSo.\n\n{ASKS}", True, False)],
    "a question between headings": [(f"# A\n\n{ASKS}\n\n## B", False, False)],
    "the second question of two": [(f"{ASKS}\n\n## B\n\n{ASKS}\n\nRun it.", True, False)],
    "a question once": [(ASKS, True, False), ("So.", False, False)],
    "another box": [(ASKS.replace("Predict", "Think"), False, False)],
    "answers": [(ANSWER, False, True), ("More.", False, True), ("## Next", False, False)],
    "answers that are open": [(ANSWER.replace("???", "???+"), False, True)],
    "answers below a heading": [(f"## A\n\n{ANSWER}", False, True)],
    "answers above a heading": [(f"{ANSWER}\n\n## B", False, False), ("So.", False, False)],
    "answers above and below": [(f"{ANSWER}\n\n## B\n\n{ANSWER}", False, True)],
    "answers in a fence": [(f"```\n{ANSWER}\n```", False, False)],
    "no answers yet": [("So.", False, False), (ANSWER, False, True)],
    "both": [(f"{ANSWER}\n\n{ASKS}", True, True)],
}


def test_what_comes_before_a_cell():
    for name, parts in BEFORE.items():
        cells = [cell for text, *_ in parts for cell in (words(text), code("x = 1"))]
        assert looks(made_of(*cells)) == [
            Look("open", "open", asked, answers) for _, asked, answers in parts
        ], name


def test_a_cell_before_any_words_answers_nothing():
    assert looks(made_of(code("1"), code("2", "hide-output"), code("3", "remove-cell"))) == [
        Look("open", "open", False, False),
        Look("open", "folded", False, False),
        Look("gone", "gone", False, False),
    ]
