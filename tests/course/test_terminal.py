"""What a terminal leaves of a text, compared with what terminals do."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slidingwindows.course.terminal import WIDTH, left

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
    "a title of two lines": (f"{ESC}]0;a\nb\x07c", "c"),
    "strings of each kind": (f"{ESC}Pa{ESC}\\{ESC}X{ESC}\\{ESC}^a\x9c\x90b\x9c\x9fc\x07d", "d"),
    "a cursor's shape": (f"a{ESC}[2 qb", "ab"),
    "back to a place that nobody saved": (f"ab\ncd{ESC}8X", "Xb\ncd"),
    "a reset forgets the text and the place": (f"ab\ncd{ESC}7{ESC}cX{ESC}8Y", "Y"),
    "a reset forgets the row": (f"a\nb{ESC}7{ESC}c1\n2\n3{ESC}8Y", "Y\n2\n3"),
    "right stays beyond the edge": ("x" * 90 + f"{ESC}[5CX", "x" * 90 + "X"),
    "left from beyond the edge": ("x" * 90 + f"{ESC}[6DX", "x" * 84 + "X" + "x" * 5),
    "so much and no more": (f"ab\b{ESC}[9999@", "a" + " " * (10 * WIDTH) + "b"),
    "arguments that are no numbers": (f"ab{ESC}[?D{ESC}[<DX", "Xb"),
}
# From the middle of three lines of five letters: a sequence, and the row and column it leads to.
GRID = "abcde\nfghij\nklmno"
MOVES = {
    "A": (0, 2), "B": (2, 2), "C": (1, 3), "D": (1, 1), "a": (1, 3), "e": (2, 2), "E": (2, 0),
    "F": (0, 0), "G": (1, 0), "`": (1, 0), "d": (0, 2), "H": (0, 0), "f": (0, 0), "0C": (1, 3),
    "2A": (0, 2), "2B": (2, 2), "2C": (1, 4), "2D": (1, 0), "9D": (1, 0), "2a": (1, 4),
    "2e": (2, 2), "2E": (2, 0), "2F": (0, 0), "4G": (1, 3), "4`": (1, 3), "3d": (2, 2),
    "9d": (2, 2), "3;5H": (2, 4), "3;5f": (2, 4), "3H": (2, 0), ";5H": (0, 4), "0;0H": (0, 0),
    "9;7H": (2, 6), "2;4;1H": (1, 3), "1u": (1, 2), "u": (0, 0), "m": (1, 2), "Z": (1, 2),
}  # fmt: skip
SIGNS = {
    "\r": (1, 0), "\b": (1, 1), "\v": (2, 2), "\f": (2, 2), "\x84": (2, 2), "\x85": (2, 0),
    "\n": (2, 0), "\a": (1, 2), f"{ESC}D": (2, 2), f"{ESC}E": (2, 0), f"{ESC}M": (0, 2),
    f"{ESC}8": (0, 0), f"{ESC}7{ESC}[H{ESC}8": (1, 2), f"{ESC}[s{ESC}[H{ESC}[u": (1, 2),
    f"{ESC}[1s{ESC}[A{ESC}[u": (0, 0), f"{ESC}[H{ESC}M": (0, 0),
}  # fmt: skip
EDITS = {
    "K": "abcde\nfg\nklmno",
    "1K": "abcde\n   ij\nklmno",
    "2K": "abcde\n\nklmno",
    "3K": GRID,
    "J": "abcde\nfg",
    "1J": "\n   ij\nklmno",
    "2J": "\n\n",
    "3J": "\n\n",
    "4J": GRID,
    "@": "abcde\nfg hij\nklmno",
    "3@": "abcde\nfg   hij\nklmno",
    "P": "abcde\nfgij\nklmno",
    "2P": "abcde\nfgj\nklmno",
    "9P": "abcde\nfg\nklmno",
    "X": "abcde\nfg ij\nklmno",
    "2X": "abcde\nfg  j\nklmno",
    "9X": "abcde\nfg   \nklmno",
    "L": "abcde\n\nfghij\nklmno",
    "2L": "abcde\n\n\nfghij\nklmno",
    "M": "abcde\nklmno",
    "2M": "abcde\n",
    "9M": "abcde\n",
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_left(name):
    text, screen = CASES[name]
    assert left(text) == screen


def test_where_the_cursor_goes():
    ways = {f"{ESC}[{sequence}": place for sequence, place in MOVES.items()} | SIGNS
    for way, (row, column) in ways.items():
        lines = [list(line) for line in GRID.split("\n")]
        lines[row] += " " * (column - len(lines[row]))
        lines[row][column : column + 1] = "X"
        screen = "\n".join(map("".join, lines))
        assert left(f"{GRID}{ESC}[2;3H{way}X") == screen, repr(way)


def test_what_is_erased_inserted_and_deleted():
    for sequence, screen in EDITS.items():
        assert left(f"{GRID}{ESC}[2;3H{ESC}[{sequence}") == screen, sequence


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
