"""What a terminal leaves of a text, compared with what terminals do."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slidingwindows.course.terminal import left

ESC = "\x1b"
CASES = {
    "nothing to do": ("a\n  b\t c \n", "a\n  b\t c \n"),
    "empty": ("", ""),
    "colours": (f"{ESC}[31mred{ESC}[0m {ESC}[1;38;5;9mbold{ESC}[m", "red bold"),
    "colours with colons": (f"{ESC}[4:3mwavy{ESC}[0m", "wavy"),
    "a progress bar": ("1%\r50%\r100%\n", "100%\n"),
    "a shorter text leaves the longer one's end": ("100%\r7", "700%"),
    "a line end of Windows": ("a\r\nb\r\n", "a\nb\n"),
    "a return at the end": ("50%\r", "50%"),
    "backspace moves and does not erase": ("abc\b\bX", "aXc"),
    "backspace stops at the line's start": ("a\b\b\bX", "X"),
    "a struck letter": ("a\b_", "_"),
    "erase to the end": (f"loading...\r{ESC}[Kdone", "done"),
    "erase to the start": (f"abcd\b\b{ESC}[1KX", "  Xd"),
    "erase the line": (f"abc{ESC}[2K\rX", "X"),
    "up": (f"a\nb\n{ESC}[2AX\n", "X\nb\n"),
    "up stops at the top": (f"a\n{ESC}[9AX", "X\n"),
    "down stops at the last line": (f"a\nb{ESC}[A{ESC}[9BX", "a\nbX"),
    "right": (f"a{ESC}[2CX", "a  X"),
    "right stops at the edge": (f"{ESC}[999CX", " " * 79 + "X"),
    "left": (f"abc{ESC}[2DX", "aXc"),
    "next line": (f"ab\ncd{ESC}[F{ESC}[EX", "ab\nXd"),
    "column": (f"abc{ESC}[2GX", "aXc"),
    "place": (f"ab\ncd{ESC}[1;2HX", "aX\ncd"),
    "home and clear": (f"ab\ncd{ESC}[H{ESC}[JX", "X"),
    "clear the screen": (f"ab{ESC}[2J{ESC}[HX", "X"),
    "saved place": (f"a{ESC}7bc{ESC}8X", "aXc"),
    "saved place, the other way": (f"a{ESC}[sbc{ESC}[uX", "aXc"),
    "insert": (f"ab\b{ESC}[@X", "aXb"),
    "delete": (f"abc\r{ESC}[P", "bc"),
    "blank out": (f"abc\r{ESC}[2X", "  c"),
    "insert a line": (f"a\nb{ESC}[L\rX", "a\nX\nb"),
    "delete a line": (f"a\nb{ESC}[A{ESC}[M", "b"),
    "a line up, and no more at the top": (f"a\nb\nc{ESC}Md{ESC}M{ESC}M{ESC}Me", "a e\nbd\nc"),
    "a title": (f"{ESC}]0;title\x07a", "a"),
    "a link": (f"{ESC}]8;;https://x.y{ESC}\\text{ESC}]8;;{ESC}\\", "text"),
    "a string without an end": (f"a{ESC}]0;never", "a"),
    "modes and the cursor": (f"{ESC}[?25l{ESC}[?2004ha{ESC}[?25h", "a"),
    "character sets and keypads": (f"{ESC}(B{ESC}=a{ESC}>", "a"),
    "eight bits": ("\x9b31mred\x9b0m", "red"),
    "sounds and nothings": ("a\x07\x00\x7fb", "ab"),
    "a lone escape at the end": (f"a{ESC}", "a"),
    "a sequence cut off": (f"a{ESC}[3", "a"),
    "next line, eight bits": ("a\x85b", "a\nb"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_left(name):
    text, screen = CASES[name]
    assert left(text) == screen


@given(st.text(st.sampled_from("ab\n\r\b\t\x07\x1b[]0123;?HJKABCDGmM\x9b\x85\x00é"), max_size=40))
def test_nothing_that_steers_is_left(text):
    for sign in left(text):
        assert sign in "\n\t" or sign.isprintable()


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40))
def test_plain_text_stays(text):
    assert left(f"{text}\n") == f"{text}\n"
    assert left(f"\x1b[1m{text}\x1b[0m") == text


def test_numbers_of_any_size_cost_nothing():
    for final, number in itertools.product("ABCDEFGHJKLMPX@d", ("0", "99999999999999999999")):
        assert len(left(f"a\n{ESC}[{number}{final}b")) < 2000
