"""What the words of a lesson state, word by word, and how much of them may stand on trust."""

import pytest

from slidingwindows.testing.words import Words, asks, directs, paragraphs, read_words, statements

# Words that count or measure, and words with what would turn their sentence round.
COUNTING = """zero zeros two three four five six seven eight nine ten eleven twelve thirteen
fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty
ninety dozen dozens hundred hundreds thousand thousands million millions billion billions none half
halves halved quarter quarters twice double doubles doubled triple triples infinity infinite second
third one"""
TURNING = """\
more/less fewer/more larger/smaller largest/smallest bigger/lower greater/less higher/lower
always/never only/all every/no exactly/hardly first/last not/all nor/both neither/both
nobody/everyone nothing/everything nowhere/everywhere cannot/not without/unless few/most
least/most same/different differ/equal differs/equals equally/unlike agree/disagree
agrees/disagrees alike/unlike left/right top/bottom upper/lower above/below before/after
behind/before inside/outside beyond/inside earlier/later grow/shrink grows/shrinks grew/shrank
rise/fall rises/falls rose/fell increase/decrease increases/decreases widen/shrink widens/shrinks
gain/lose gains/loses win/lose wins/loses won/lost keep/lose keeps/loses kept/lost better/worse
best/worst longer/shorter longest/shortest wider/narrower widest/narrowest deeper/higher
faster/slower cheaper/higher nearer/farther nearest/further finer/coarser finest/coarser
brighter/darker stronger/weaker strongest/weakest highest/lowest odd/not positive/negative
possible/impossible"""


def words(*blocks):
    return Words("a text", list(blocks))


def claims(text):
    """The words and numbers that have to be proved, in order."""
    page = words(text)
    return [page.text[slice(*span)] for span in sorted(page.open)]


def test_each_word_that_counts_or_turns_has_to_be_proved():
    for word in [*COUNTING.split(), *TURNING.replace("/", " ").split()]:
        for written in (word, word.capitalize(), word.upper()):
            assert claims(f"So {written}, it is") == [written], written
        assert claims(f"So x{word}x it is") == [], word


def test_numbers_and_what_only_points():
    for text, found in {
        "3 and −2.5, -4 of 4×5 at 1,000 or 50%": ["3", "−2.5", "-4", "4×5", "1,000", "50%"],
        "x2 a.3 conv1d": [],
        "the one this one that one which one each one other one any one no one": [],
        "one by one another one of them one afterwards": [],
        "one it is, at one": ["one", "one"],
        "how many as many so many too many": [],
        "many do, no pool": ["many", "no"],
        "[Somebody 1999: two](https://x.org/3) but [two](a/4.md)": ["two"],
        "**7.** How wide?": [],
        "The **7.** pool": ["7"],
    }.items():
        assert claims(text) == found, text


def test_how_a_text_is_read():
    assert read_words(" a\n  b\t[c 1](https://x.org) [d](e.md) ") == "a b [d]"
    assert read_words("**12.** a") == "a" and read_words("a[b](https://x.org)c") == "a c"
    text = "a\n\n```python\nb\n\nc\n```\nd\n \n```\ne\n```\n\nf"
    assert [part.strip() for part in paragraphs(text)] == ["a", "d", "f"]
    page = words("a", " \n", "b  c")
    assert page.blocks == ["a", "b  c"] and page.text == "a b c"


def test_an_open_place_is_told_with_the_words_around_it():
    assert words("y" * 50 + " 12 " + "z" * 50).unproved() == ["y" * 39 + " 12 " + "z" * 19]
    assert words("12 is it").unproved() == ["12 is it"]


def test_only_what_a_phrase_covers_is_proved():
    page = words("It has 12 and 3. It has 1.")
    page.says("It has 1")
    assert sorted(page.text[slice(*span)] for span in page.open) == ["12", "3"]
    page.says("12 and", truth=True)
    assert page.unproved() == ["It has 12 and 3. It has 1."]
    page.says(" and \n 3.")
    assert page.unproved() == []
    for wrong in (False, 0, []):
        with pytest.raises(AssertionError) as caught:
            page.says("It has", wrong)
        assert str(caught.value).startswith("a text says 'It has', which is not true")


def test_each_refusal_of_a_phrase_to_the_letter():
    page = words("All is [here](https://x.org).", "All is there.")
    for refused, told in {
        lambda: page.says("Nothing"): "a text does not say 'Nothing'",
        lambda: page.cites("Nothing", "x"): "a text does not say 'Nothing'",
        lambda: page.cites("All is", "https://x.org"): "'All is' is not beside https://x.org",
        lambda: page.labels("x" * 81): f"too long for a label: {'x' * 81!r}",
        lambda: page.labels("x" * 80): f"a text does not say {'x' * 80!r}",
        lambda: page.labels("All is"): "'All is' states something: prove it",
        lambda: page.aside("is", "taste"): "why is 'is' not proved?",
    }.items():
        with pytest.raises(AssertionError) as caught:
            refused()
        assert str(caught.value).splitlines()[0] == told
    assert len(page.open) == 2
    page = words("All is [here](a.md), see [this](https://x.org/y).")
    page.cites("All is", "https://x.org/y")
    assert not page.open
    page = words("All is well, it is.")
    for _ in range(8):
        page.aside("All is well", "our taste")
    assert not page.open and page.asides == 8
    with pytest.raises(AssertionError, match="^a text has more than 8 asides"):
        page.aside("All is well", "our taste")


def test_how_much_stands_on_trust():
    """Of 10 and 30 letters: shares, rests, and statements of which less than half is held."""
    page = words("abcde fghij. " + "k" * 30 + ".")
    whole = [("abcde fghij", 10), ("k" * 30, 30)]
    assert page.on_trust() == (1, [text for text, _ in whole], ["k" * 30])
    page.says("abcde")
    assert page.on_trust() == (35 / 40, ["fghij", "k" * 30], ["k" * 30])
    page.ticked.append((13, 13 + 15))
    assert page.on_trust() == (20 / 40, ["fghij", "k" * 15], [])
    page.ticked[-1] = (13, 13 + 14)
    assert page.on_trust()[2] == ["k" * 30]
    page.ticked[-1] = (13, 13 + 30)
    assert page.on_trust() == (5 / 40, ["fghij"], [])
    assert words().on_trust() == (0, [], []) and words("x").on_trust() == (1, ["x"], [])


def test_the_shortest_statement_that_may_not_stand_on_trust():
    for count, free in ((11, []), (12, ["x" * 12])):
        assert words("x" * count).on_trust()[2] == free
    assert words("So: it is.", "So: it is.").on_trust() == (1, ["So", "it is"] * 2, [])


def test_equal_blocks_are_held_each():
    page = words("It is so and so.", "It is so and so.")
    page.ticked.append((17, 33))
    assert page.on_trust() == (0.5, ["It is so and so"], [])


def test_what_is_left_of_a_text():
    few = words(f"{'a' * 91} {'b' * 9}.")
    few.says("a" * 91)
    assert few.left() == {"words that no test computes": [], "statements that no test holds": []}
    few.complete()
    page = words(f"{'a' * 89} {'b' * 11}. {'c' * 12} 7")
    page.says("a" * 89)
    assert page.left() == {
        "words that no test computes": page.unproved(),
        "statements that no test holds": [f"{'c' * 12} 7"],
        "parts of statements that no test holds, 21% of all letters": ["b" * 11, f"{'c' * 12} 7"],
    }
    page.says("7")
    with pytest.raises(AssertionError) as caught:
        page.complete()
    left = {what: places for what, places in page.left().items() if places}
    assert len(left) == 2 and str(caught.value).startswith(f"a text: {left}")


def test_what_asks_and_what_directs():
    for block, asked in {
        "**1.** A pool.": True, "  **12.** A pool.": True, "So **1.** it is": False,
        '!!! question "Predict"\n    A pool.': True, '!!! note "A"': False,
        '??? success "A"\n    question "x"': False, "A question": False,
    }.items():  # fmt: skip
        assert asks(block) is asked, block
    for sentence, does in {
        "Is it?": True, 'Is it?*"': True, "Is it?) ": True, "Is it? It is": False, "": False,
        "Add it.": True, "then add it": True, "So, add it": True, "Add that": True,
        "Adding it": False, "It is, add it": False, "* Add it": True, "3. Add it": True,
        "Remember it": True, "Remember that it is": False, "Know that it is": False,
        "Pool it": True, "Pool sizes are": False, "Average the rest": True, "Average pools": False,
        "But do not": True, "[Open it": True, "# Add it": True, "> Add it": True,
    }.items():  # fmt: skip
        assert directs(sentence) is does, sentence


def test_which_sentences_of_a_block_state_something():
    text = 'It is. "So it is." Is it? Add it: it is.  At 1.5 it is'
    assert [text[slice(*span)] for span in statements(text)] == [
        "It is. ", '"So it is." ', "it is. ", " At 1.5 it is",
    ]  # fmt: skip
    assert statements("# It is. So it is.") == [] == statements("Is it?")
    assert statements("It # is") == [(0, 7)]


def test_a_label_in_two_sentences_has_to_direct_in_both():
    page = words("Add all. It is the last. Take both.")
    page.labels("Add all", "Take both")
    for phrase in ("all. It", "the last", "It is the last. Take", "last. Take both"):
        with pytest.raises(AssertionError, match="states something: prove it"):
            page.labels(phrase)
    words("Plain words are there.").labels("Plain words", "are there")
    page = words('!!! tip "All of it"\n    Add all. So.', "# All that")
    page.labels("Add all", "All that", "All of it")
    assert page.unproved() == []
