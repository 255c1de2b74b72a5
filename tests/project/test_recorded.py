"""What is recorded for review: a part that is another one, missing or new is a failure."""

import pytest
import recorded
from recorded import compare, read, shortened

PARTS = {"one": "▶\n\n  words", "two ▶ three": "# a heading\n## another"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "FOLDER", tmp_path)
    monkeypatch.setenv("RECORD", "1")
    compare("words", PARTS.items())
    monkeypatch.delenv("RECORD")
    return tmp_path


def test_what_is_recorded_is_read_back(folder):
    assert read(folder / "words.txt") == PARTS
    compare("words", reversed(PARTS.items()))


@pytest.mark.parametrize(
    "parts", [{**PARTS, "one": "words"}, {"one": PARTS["one"]}, {**PARTS, "four": "x"}, {}]
)
def test_all_else_is_refused_with_the_way_to_record_it(parts):
    with pytest.raises(AssertionError, match="RECORD=1 python -m pytest tests/.*test_recorded.py"):
        compare("words", parts.items())


def test_a_long_text_ends_in_a_digest_of_all_of_it():
    text = "some words " * 9
    assert shortened(text, 99) == text
    short, other = shortened(text, 30), shortened(text + "!", 30)
    assert short.startswith("some words some words some … 99 characters, ") and short != other
