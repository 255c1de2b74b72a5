"""Transfers in words: from a transcript alone, every number can be moved again."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from figure_cases import convolution
from moving_cases import CASES, case
from test_description import alike, grid, read
from torch import nn

from slidingwindows import route, slide
from slidingwindows.words.trace import LONGEST_ALT
from slidingwindows.words.transfer import alt_text, transcript

MORE = {
    "unfold wide padding": lambda: slide(
        nn.Unfold((2, 3), padding=(1, 2)), torch.arange(6.0).reshape(1, 2, 3)
    ),
    "unfold padded above and below": lambda: slide(
        nn.Unfold(2, padding=(1, 0)), torch.arange(6.0).reshape(1, 2, 3)
    ),
    "back wide kernel": lambda: route(
        convolution(1, 1, (2, 3), padding=(0, 1)), torch.arange(12.0).reshape(1, 3, 4)
    ),
}
every_case = pytest.mark.parametrize("name", [*CASES, *MORE])
ROWS = re.compile(r"(.+), by rows: (.+)\.")
PADDING = re.compile(r"Padding: (\d+) above, (\d+) below, (\d+) left, (\d+) right; it holds zero\.")
WINDOW = re.compile(r"(?:Depth (\d+), w|W)indow \((\d+), (\d+)\): (.+)\.")
PLACE = re.compile(r"\((\d+), (\d+)\) gets ([^,]+)(?:, |$)")
INDEX = re.compile(
    r"(\S+) goes to its index (\d+): (?:depth (\d+), )?"
    r"(?:row (\d+), column (\d+)|element (\d+))(, in another slice)?"
)
COLUMN = re.compile(r"window \((\d+), (\d+)\) becomes column (\d+): (.+)")


def transfer_of(name):
    return case(name) if name in CASES else MORE[name]()


def parse(lines):
    """(grids by name, padding, moves as (depth, row, col, words)); all lines are understood."""
    grids, padding, moves = {}, None, []
    for line in lines:
        if PADDING.fullmatch(line):
            assert padding is None
            padding = tuple(map(int, PADDING.fullmatch(line).groups()))
        elif ROWS.fullmatch(line):
            name, numbers = ROWS.fullmatch(line).groups()
            assert name not in grids
            grids[name] = grid(numbers)
        else:
            depth, row, col, words = WINDOW.fullmatch(line).groups()
            moves.append((None if depth is None else int(depth), int(row), int(col), words))
    return grids, padding, moves


def played(transfer, grids, padding, moves):
    """The target that the moves make of what the transcript tells of the sources."""
    target = np.zeros((len(transfer.target), len(transfer.target[0])))
    sources = [numbers for name, numbers in grids.items() if name.startswith("Input")]
    for depth, row, col, words in moves:
        if transfer.kind == "unpool":
            number, index, slice_, down, across, element, other = INDEX.fullmatch(words).groups()
            down, across = (0, int(element)) if element else (int(down), int(across))
            assert read(number) == sources[depth or 0][row, col]
            assert (slice_ is None) == (depth is None)
            at = (int(slice_ or 0) * target.shape[0] + down) * target.shape[1] + across
            assert at == int(index)
            assert (other is not None) == (int(slice_ or 0) != transfer.depth_index)
            if other is None:
                target[down, across] = read(number)
        elif transfer.kind == "unfold":
            *window, column, numbers = COLUMN.fullmatch(words).groups()
            assert [int(n) for n in window] == [row, col]
            (h, w), at = kernel(transfer), (row, col)
            steps = [axis.stride for axis in (transfer.geometry.rows, transfer.geometry.cols)]
            top, left = (place * step for place, step in zip(at, steps, strict=True))
            pads = ((0, 0), (0, 0)) if padding is None else (padding[:2], padding[2:])
            seen = [np.pad(s, pads)[top : top + h, left : left + w].ravel() for s in sources]
            target[:, int(column)] = [read(n) for n in numbers.split(", ")]
            assert (np.concatenate(seen) == target[:, int(column)]).all()
        else:
            _, _, places = words.rpartition(": ") if " gets " in words else ("", "", "")
            found = PLACE.findall(places)
            assert PLACE.sub("", places) == ""
            for down, across, amount in found:
                target[int(down), int(across)] += read(amount)
    return target


def kernel(transfer):
    return transfer.geometry.rows.kernel_size, transfer.geometry.cols.kernel_size


@every_case
def test_a_transcript_is_enough_to_move_the_numbers_again(name):
    transfer = transfer_of(name)
    grids, padding, moves = parse(transcript(transfer))
    *_, last = grids
    assert last == ("Gradient of the input" if transfer.kind == "gradient" else "Output")
    said = grids[last]
    assert said.shape == (len(transfer.target), len(transfer.target[0]))
    assert all(alike(a, b) for a, b in zip(said.flat, np.ravel(transfer.target), strict=True))
    windows = [(row, col) for _, row, col, _ in moves]
    assert windows == [move.window for move in transfer.moves]
    # Each amount is told to three digits after the point.
    most = 0.0005 * len(moves) if (said % 1).any() else 0
    assert (np.abs(played(transfer, grids, padding, moves) - said) <= most).all()


@every_case
def test_a_transcript_tells_the_sources_and_the_padding(name):
    transfer = transfer_of(name)
    grids, padding, _ = parse(transcript(transfer))
    names, planes = list(grids)[:-1], [np.array(plane) for plane in transfer.sources]
    (top, bottom), (left, right) = pads = (
        transfer.geometry.rows.padding, transfer.geometry.cols.padding
    )  # fmt: skip
    if transfer.kind == "gradient":
        assert names == ["Input of the forward pass", "Gradient of the output"]
        height, width = transfer.geometry.input_shape
        forward = np.array(transfer.forward.planes[transfer.plane])
        planes.insert(0, forward[top : top + height, left : left + width])
    elif len(planes) == 1:
        assert names == ["Input"]
    else:
        part = "depth" if transfer.kind == "unpool" else "channel"
        assert names == [f"Input, {part} {number}" for number in range(len(planes))]
    if transfer.kind == "unfold":
        planes = [p[top : p.shape[0] - bottom, left : p.shape[1] - right] for p in planes]
    for told, plane in zip(names, planes, strict=True):
        assert grids[told].shape == plane.shape and (grids[told] == plane).all()
    padded = transfer.kind == "unfold" and any(map(any, pads))
    assert padding == ((top, bottom, left, right) if padded else None)


SAYS = {
    "unpool": r"puts the numbers of an? (\S+) input back and gives an? (\S+) output",
    "unfold": r"writes each window of an? (\S+) input as a column and gives an? (\S+) output",
    "fold": r"adds the columns of an? (\S+) input back to their windows and gives an? (\S+) output",
    "gradient": r"receives the gradient of an? (\S+) output and gives back that of an? (\S+) input",
}


@every_case
def test_alt_text_names_the_call_the_sizes_and_a_short_result(name):
    transfer = transfer_of(name)
    found = re.fullmatch(r"Animation: (nn\..+\)) (\w+ .*?)(?:: (.+))?\.", alt_text(transfer))
    call, words, result = found.groups()
    assert call == transfer.call
    before, after = (
        tuple(int(n) for n in size.split("×"))
        for size in re.fullmatch(SAYS[transfer.kind], words).groups()
    )
    source = np.array(transfer.sources[0])
    real = transfer.geometry.input_shape if transfer.kind == "unfold" else source.shape
    target = np.array(transfer.target)
    assert before == real and after == target.shape
    assert (result is not None) == (target.size <= LONGEST_ALT)
    if result:
        assert all(alike(a, b) for a, b in zip(grid(result).flat, target.flat, strict=True))


def test_cases_cover_what_they_say():
    sizes = [np.size(transfer_of(name).target) for name in (*CASES, *MORE)]
    assert min(sizes) < LONGEST_ALT < max(sizes)
    assert any(len(transfer_of(name).sources) > 1 for name in CASES)
    last = parse(transcript(transfer_of("unpool volume")))[2][-1]
    assert last[0] == 1 and last[3].endswith(", in another slice")
