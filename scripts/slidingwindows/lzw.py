"""GIF's variable-width LZW (GIF89a, appendix F), with a choice of numbers where there is one."""

from __future__ import annotations

MOST_CODES = 4096
BRANCHES = 4


class _Writer:
    """Codes to bytes, lowest bit first, and the table that grows with every code."""

    def __init__(self, bits: int, restart: bool):
        self.bits, self.restart = bits, restart
        self.clear = 1 << bits
        self.pending = self.filled = 0
        self.out = bytearray()
        self.overflowed = False
        self.codes: dict[int, int] = {}  # code of a string << 8 | next number -> longer string
        self._begin(bits + 1)

    def _begin(self, width: int) -> None:
        self._put(self.clear, width)
        self.codes.clear()
        self.upcoming, self.width = self.clear + 2, self.bits + 1

    def _put(self, code: int, width: int) -> None:
        self.pending |= code << self.filled
        self.filled += width
        if self.filled > 512:
            whole = self.filled // 8
            self.out += (self.pending & ((1 << whole * 8) - 1)).to_bytes(whole, "little")
            self.pending >>= whole * 8
            self.filled -= whole * 8

    def emit(self, code: int, following: int) -> None:
        """Write a code; its string and the number after it become the next entry."""
        self._put(code, self.width)
        if self.upcoming < MOST_CODES:
            if self.upcoming == 1 << self.width:
                self.width += 1
            self.codes[code << 8 | following] = self.upcoming
            self.upcoming += 1
            return
        self.overflowed = True
        if self.restart:
            self._begin(self.width)

    def finish(self, code: int) -> bytes:
        self._put(code, self.width)
        if self.upcoming == 1 << self.width and self.upcoming < MOST_CODES:
            self.width += 1
        self._put(self.clear + 1, self.width)
        return bytes(self.out + self.pending.to_bytes((self.filled + 7) // 8, "little"))


def lzw(values: bytes, bits: int, alternatives: bytes = b"") -> bytes:
    """Compress numbers below 2**bits.

    alternatives: numbers that may stand in place of values where that makes longer runs.
    When the table of 4096 codes is full it may be kept or begun again; the shorter wins.
    """
    kept, overflowed = _compress(values, bits, alternatives, restart=False)
    if not overflowed:
        return kept
    return min(kept, _compress(values, bits, alternatives, restart=True)[0], key=len)


def _compress(values: bytes, bits: int, alternatives: bytes, restart: bool) -> tuple[bytes, bool]:
    writer = _Writer(bits, restart)
    follow = _follow_both if alternatives else _follow
    return writer.finish(follow(writer, values, alternatives)), writer.overflowed


def _follow(writer: _Writer, values: bytes, _) -> int:
    """The plain greedy match; returns the last code, not yet written."""
    codes, emit = writer.codes, writer.emit
    current = values[0]
    for value in values[1:]:
        key = current << 8 | value
        if key in codes:
            current = codes[key]
        else:
            emit(current, value)
            current = value
    return current


def _follow_both(writer: _Writer, values: bytes, alternatives: bytes) -> int:
    """The longest match over all readings, up to BRANCHES of them at once."""
    codes, emit = writer.codes, writer.emit
    first, other = values[0], alternatives[0]
    currents = [first] if first == other else [first, other]
    for value, other in zip(values[1:], alternatives[1:], strict=True):
        longer = [codes[c << 8 | value] for c in currents if c << 8 | value in codes]
        if value != other:
            longer += [codes[c << 8 | other] for c in currents if c << 8 | other in codes]
        if longer:
            currents = longer[:BRANCHES]
        else:
            emit(currents[0], value)
            currents = [value]  # the new entry ends in this number, so the next string begins so
    return currents[0]
