"""Receptive fields in words: each sentence is read back whole, and says what the field holds."""

from __future__ import annotations

import math
import re

import pytest
import torch
from field_cases import CASES, case
from torch import nn

from slidingwindows import receptive_field
from slidingwindows.words.receptive import alt_text, half, transcript

NAMES = {1: ("position",), 2: ("row", "column"), 3: ("slice", "row", "column")}
every_case = pytest.mark.parametrize("name", CASES)


def field(layers, *shape):
    torch.manual_seed(2)
    return receptive_field(nn.Sequential(*layers), shape, samples=1)


def sizes(text):
    return tuple(int(n) for n in text.split("×"))


def each(numbers, text):
    """'5×3', or '5' where all axes are alike, are these numbers."""
    found = sizes(text)
    return found == tuple(numbers) or len(found) == 1 and set(numbers) == set(found)


@every_case
def test_alt_text_has_the_input_each_size_and_the_last_jump(name):
    told = re.fullmatch(
        r"Animation: what one output of a network sees of its (\S+) input grows layer by layer: "
        r"(.+)\. At the end it is (\S+) with a jump of (\S+)\.",
        alt_text(case(name)),
    )
    before, views, last, jump = told.groups()
    first, *rest = views.split(", ")
    grown = [layer.reaches for layer in case(name).layers if not layer.plain]
    assert sizes(before) == case(name).input_shape[1:] and first == "1"
    for text, reaches in zip(rest, grown, strict=True):
        assert each([reach.size for reach in reaches], text)
    assert sizes(last) == case(name).size and each(case(name).jump, jump)


@every_case
def test_a_transcript_has_a_sentence_for_each_layer(name):
    first, *lines = transcript(case(name))
    channels = tuple(int(n) for n in re.findall(r"\d+", first))
    assert first.startswith("The input is ") and channels == case(name).input_shape
    for layer, line in zip(case(name).layers, lines, strict=False):
        assert line.startswith(layer.call)
        rest = line.removeprefix(layer.call)
        if layer.plain:
            assert rest == " is element-wise: the receptive field stays."
            continue
        words = r": receptive field (\S+), jump (\S+), output (\S+)\."
        seen, jump, after = re.fullmatch(words, rest).groups()
        assert each([reach.size for reach in layer.reaches], seen)
        assert each([reach.jump for reach in layer.reaches], jump)
        assert sizes(after) == layer.windows.output


@every_case
def test_what_was_measured_is_told_axis_by_axis(name):
    found, lines = case(name), transcript(case(name))
    assert len(lines) == 1 + len(found.layers) + 1 + bool(found.effective)
    line = lines[1 + len(found.layers)]
    where, seen, rest = re.fullmatch(
        r"Measured by gradient, output \((.+?)\) depends on (.+) of the input, (.+)\.", line
    ).groups()
    assert tuple(int(n) for n in where.split(", ")) == found.output
    names = NAMES[len(found.size)]
    for axis, places, part in zip(names, found.measured, seen.split(" and "), strict=True):
        count, ends = re.fullmatch(rf"(?:(\d+) of the )?{axis}s? (.+)", part).groups()
        low, high = (int(n) for n in (ends.split(" to ") * 2)[:2])
        assert (low, high) == (places[0], places[-1])
        assert (axis + "s " in part) == (low < high)
        assert (high - low + 1 if count is None else int(count)) == len(places)
    views = [reach.view(i) for reach, i in zip(found.reaches, found.output, strict=True)]
    ends = [(places[0], places[-1]) for places in found.measured]
    if ends == views:
        assert rest == "as the recurrence says"
        return
    cut = rest.removeprefix("which is what borders and padding leave of ").replace("−", "-")
    for axis, view, part in zip(names, views, cut.split(" and "), strict=True):
        assert part == f"{axis}s {view[0]} to {view[1]}"


@pytest.mark.parametrize(
    ("kernel", "dilation", "says"),
    [
        ((1, 3), 1, "row 2 and columns 2 to 4"),
        ((3, 1), 1, "rows 1 to 3 and column 3"),
        (2, (1, 2), "rows 2 to 3 and 2 of the columns 2 to 4"),
    ],
)
def test_one_element_is_one_and_one_hole_is_a_hole(kernel, dilation, says):
    line = transcript(field([nn.Conv2d(1, 1, kernel, dilation=dilation)], 1, 5, 7))[-2]
    assert f"depends on {says} of the input, as the recurrence says." in line


@every_case
def test_half_of_the_gradient_is_a_share_of_what_is_in_view(name):
    found = case(name)
    percent, total = re.fullmatch(
        r"Half of the gradient falls on (less than 1|\d+)% of the (\S+) positions in view\.",
        half(found),
    ).groups()
    in_view = math.prod(map(len, found.measured))
    assert total == f"{in_view:,}"
    share = 100 * found.half / in_view
    assert share < 1 if percent == "less than 1" else abs(share - int(percent)) <= 0.5
    assert transcript(found)[-1] == half(found)


@pytest.mark.parametrize(
    ("side", "peak", "share"),
    [
        (41, 1.0, "less than 1% of the 1,681"),
        (10, 1.0, "1% of the 100"),
        (10, 0.0, "50% of the 100"),
    ],
)
def test_a_small_share_is_not_told_as_none(side, peak, share):
    """One window that sees all there is, most of it faintly or all of it equally."""
    layer = nn.Conv2d(1, 1, side, bias=False)
    layer.weight.data.fill_(1e-5)
    layer.weight.data[..., side // 2, side // 2] += peak
    found = receptive_field(nn.Sequential(layer), (1, side, side), samples=1)
    assert half(found) == f"Half of the gradient falls on {share} positions in view."
