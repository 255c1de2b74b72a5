"""A Transfer in words: a paragraph for alt text, and a transcript complete enough to redraw it."""

from __future__ import annotations

from ..core.step import Rows
from ..core.text import number
from ..core.transfer import Move, Transfer
from .trace import LONGEST_ALT, a_size, rows_words

NAMES = {
    "unpool": "puts the numbers of {a} back and gives {b}",
    "unfold": "writes each window of {a} as a column and gives {b}",
    "fold": "adds the columns of {a} back to their windows and gives {b}",
    "gradient": "receives the gradient of {a} and gives back that of {b}",
}


def alt_text(transfer: Transfer) -> str:
    """What a reader who cannot see the animation needs first: the call, the sizes, the result."""
    source = transfer.sources[0]
    before = (len(source), len(source[0]))
    if transfer.kind == "unfold":
        before = transfer.geometry.input_shape
    after = (len(transfer.target), len(transfer.target[0]))
    outer, inner = ("output", "input") if transfer.kind == "gradient" else ("input", "output")
    words = NAMES[transfer.kind].format(a=f"{a_size(before)} {outer}", b=f"{a_size(after)} {inner}")
    text = f"Animation: {transfer.call} {words}"
    if after[0] * after[1] <= LONGEST_ALT:
        text += ": " + rows_words(transfer.target)
    return text + "."


def transcript(transfer: Transfer) -> list[str]:
    """The numbers, then every move in order, then the result."""
    lines = []
    if transfer.forward:
        height, width = transfer.geometry.input_shape
        plane = [
            [transfer.forward.at(transfer.plane, r, c) for c in range(width)] for r in range(height)
        ]
        lines.append(f"Input of the forward pass, by rows: {rows_words(plane)}.")
        lines.append(f"Gradient of the output, by rows: {rows_words(transfer.sources[0])}.")
    else:
        sources: tuple[Rows, ...] = transfer.sources
        for number_, source in enumerate(sources):
            part = "depth" if transfer.kind == "unpool" else "channel"
            name = f"Input, {part} {number_}" if len(transfer.sources) > 1 else "Input"
            if transfer.kind == "unfold":
                height, width = transfer.geometry.input_shape
                source = [[transfer.at(number_, r, c) for c in range(width)] for r in range(height)]
            lines.append(f"{name}, by rows: {rows_words(source)}.")
    pads = transfer.geometry.rows.padding, transfer.geometry.cols.padding
    if any(map(any, pads)) and transfer.kind == "unfold":
        (top, bottom), (left, right) = pads
        lines.append(
            f"Padding: {top} above, {bottom} below, {left} left, {right} right; it holds zero."
        )
    lines += [_move(transfer, move) for move in transfer.moves]
    name = "Gradient of the input" if transfer.forward else "Output"
    lines.append(f"{name}, by rows: {rows_words(transfer.target)}.")
    return lines


def _move(transfer: Transfer, move: Move) -> str:
    row, col = move.window
    text = f"Window ({row}, {col}): {move.arithmetic}"
    if transfer.kind == "unpool" and transfer.dims == 3:
        text = f"Depth {move.reads[0].plane}, window ({row}, {col}): {move.arithmetic}"
    if transfer.kind in ("gradient", "fold") and move.writes:
        places = ", ".join(f"({w.row}, {w.col}) gets {number(w.amount)}" for w in move.writes)
        text += f": {places}"
    return text + "."
