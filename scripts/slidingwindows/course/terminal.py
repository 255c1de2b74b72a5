"""A terminal emulator for printed text: applies escape sequences, keeps what stays on screen.

Programs control a terminal with control characters and escape sequences (ECMA-48): a progress bar
returns to the start of its line, a pager clears what it wrote. A page has no terminal, so its
readers get what the screen would show in the end.
"""

from __future__ import annotations

import re

WIDTH = 80  # columns that the cursor can be moved to; text itself is never wrapped
# Control sequences; strings such as titles and links (up to BEL or ST); other escapes; controls.
SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)(?P<arguments>[0-?]*)[ -/]*(?P<final>[@-~])?"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]).*?(?:\x07|\x1b\\|\x9c|\Z)"
    r"|\x1b[ -/]*(?P<escape>[0-~])?"
    r"|(?P<control>[\x00-\x08\x0b-\x1f\x7f-\x9f])",
    re.DOTALL,
)


def left(text: str) -> str:
    """The text that stays on a screen of unlimited height; lines end in line feeds, as before.

    >>> left("10 %\\r100 %")
    '100 %'
    """
    if not SEQUENCE.search(text):
        return text
    screen = _Screen()
    at = 0
    for match in SEQUENCE.finditer(text):
        screen.write(text[at : match.start()])
        screen.obey(match)
        at = match.end()
    screen.write(text[at:])
    return "\n".join("".join(line) for line in screen.lines)


class _Screen:
    def __init__(self):
        self.lines: list[list[str]] = [[]]
        self.row = self.column = 0
        self.saved = self.row, self.column

    def write(self, text: str) -> None:
        """Plain text and line feeds, at the cursor."""
        for number, part in enumerate(text.split("\n")):
            if number:
                self._down()
                self.column = 0
            if part:
                line = self._line()
                line[self.column : self.column + len(part)] = part
                self.column += len(part)

    def obey(self, match: re.Match) -> None:
        """Carry out a sequence. Colours, sounds, titles and unknown sequences leave nothing."""
        if match["final"]:
            self._control(match["final"], match["arguments"])
        elif match["control"]:
            self._character(match["control"])
        elif match["escape"]:
            self._escape(match["escape"])

    def _down(self) -> None:
        self.row += 1
        while len(self.lines) <= self.row:
            self.lines.append([])

    def _line(self) -> list[str]:
        """The cursor's line, padded with blanks up to the cursor."""
        line = self.lines[self.row]
        line.extend(" " * (self.column - len(line)))
        return line

    def _character(self, sign: str) -> None:
        if sign == "\r":
            self.column = 0
        elif sign == "\b":
            self.column = max(0, self.column - 1)
        elif sign in "\v\f\x84":
            self._down()
        elif sign == "\x85":
            self._down()
            self.column = 0

    def _escape(self, letter: str) -> None:
        if letter == "7":
            self.saved = (self.row, self.column)
        elif letter == "8":
            self._to(*self.saved)
        elif letter in "DE":
            self._down()
            self.column = 0 if letter == "E" else self.column
        elif letter == "M":
            self.row = max(0, self.row - 1)
        elif letter == "c":
            self.__init__()

    def _to(self, row: int, column: int) -> None:
        """Move the cursor, but not below the last line or beyond the right edge."""
        self.row = min(max(0, row), len(self.lines) - 1)
        self.column = min(max(0, column), max(WIDTH - 1, self.column))

    def _control(self, final: str, arguments: str) -> None:
        numbers = [int(n) if n.isdigit() else 0 for n in arguments.split(";")]
        first = numbers[0]
        count = min(max(1, first), 10 * WIDTH)
        moves = {"A": (-count, 0), "B": (count, 0), "C": (0, count), "D": (0, -count)}
        moves |= {"a": (0, count), "e": (count, 0)}
        if final in moves:
            rows, columns = moves[final]
            self._to(self.row + rows, self.column + columns)
        elif final in "EF":
            self._to(self.row + (count if final == "E" else -count), 0)
        elif final in "G`":
            self._to(self.row, count - 1)
        elif final == "d":
            self._to(count - 1, self.column)
        elif final in "Hf":
            self._to(count - 1, max(1, (numbers + [1])[1]) - 1)
        elif final == "s" and not arguments:
            self.saved = (self.row, self.column)
        elif final == "u" and not arguments:
            self._to(*self.saved)
        elif final == "K":
            self._erase_line(first)
        elif final == "J":
            self._erase_screen(first)
        elif final in "@PXLM":
            self._edit(final, count)

    def _erase_line(self, which: int) -> None:
        line = self.lines[self.row]
        if which == 0:
            del line[self.column :]
        elif which == 1:
            line[: self.column + 1] = " " * min(self.column + 1, len(line))
        elif which == 2:
            line.clear()

    def _erase_screen(self, which: int) -> None:
        if which == 0:
            self._erase_line(0)
            del self.lines[self.row + 1 :]
        elif which == 1:
            self._erase_line(1)
            for line in self.lines[: self.row]:
                line.clear()
        elif which in (2, 3):
            for line in self.lines:
                line.clear()

    def _edit(self, final: str, count: int) -> None:
        """Insert and delete characters (@, P, X) and lines (L, M)."""
        if final == "L":
            self.lines[self.row : self.row] = [[] for _ in range(count)]
        elif final == "M":
            del self.lines[self.row : self.row + count]
            while len(self.lines) <= self.row:
                self.lines.append([])
        else:
            line = self._line()
            if final == "@":
                line[self.column : self.column] = " " * count
            elif final == "P":
                del line[self.column : self.column + count]
            else:
                line[self.column : self.column + count] = " " * len(
                    line[self.column : self.column + count]
                )
