"""The words: alt text that says the result, a transcript from which a figure can be redrawn."""

import math
import re

import numpy as np
import pytest
import torch
from figure_cases import CASES, case, rendered
from torch import nn

from slidingwindows import slide
from slidingwindows.core.text import number
from slidingwindows.words.trace import LONGEST_ALT, alt_text, transcript

NUMBER = r"(?:−?(?:∞|\d+(?:\.\d+)?(?:e−?\d+)?)|nan)"
STEP = re.compile(
    r"Output \((\d+), (\d+)\) reads (row\S*) (.+?) and (column\S*) (.+?): (.*?) [=≈] "
    rf"({NUMBER})( \(integers: the fraction is cut off\))?"
    rf"(?:, found at (?:depth ({NUMBER}), )?\(({NUMBER}), ({NUMBER})\)(, the first of equals)?)?\."
)
SIGNAL_STEP = re.compile(
    rf"Output (\d+) reads (element\S*) (.+?): (.*?) [=≈] ({NUMBER})()"
    rf"(?:, found at ({NUMBER})(, the first of equals)?)?\."
)
every_case = pytest.mark.parametrize("name", CASES)


def read(text: str) -> float:
    """A number as the transcript writes it."""
    assert re.fullmatch(NUMBER, text), text
    return float(text.replace("−", "-").replace("∞", "inf"))


def grid(text: str) -> np.ndarray:
    return np.array([[read(word) for word in row.split(" ")] for row in text.split("; ")])


def span(name: str, text: str) -> list[int]:
    """'0 to 2', '0, 2' or '3' as positions."""
    if name in ("row", "column", "element"):
        return [int(read(text))]
    if " to " in text:
        first, last = (int(read(end)) for end in text.split(" to "))
        return list(range(first, last + 1))
    return [int(read(word)) for word in text.split(", ")]


def parse(lines: list[str]) -> dict:
    """A transcript read back; a line that is not understood fails."""
    found = {"inputs": [], "kernels": [], "steps": [], "padding": None, "untouched": set()}
    found |= {"stretch": (1, 1), "deep": 1, "crop": (0,) * 4, "dropped": []}
    for line in lines:
        name, _, rest = line.partition(", by rows: ")
        if rest and name.startswith("Input"):
            found["inputs"].append((name, grid(rest[:-1])))
        elif rest and name.startswith("Kernel"):
            found["kernels"].append((name, grid(rest[:-1])))
        elif rest and name == "Output":
            found["output"] = grid(rest[:-1])
        elif line.startswith("Padding: "):
            line = line.replace(": ", ": 0 above, 0 below, ", 1) if " before" in line else line
            line = line.replace("before", "left").replace("after", "right")
            words = r"Padding: (\d+) above, (\d+) below, (\d+) left, (\d+) right"
            words += r"(?:, and all of depth (\S+))?; it holds (.*)\."
            *sides, depths, holds = re.fullmatch(words, line).groups()
            found["padding"] = (*map(int, sides), holds)
            found["depths"] = [int(read(d)) for d in depths.split(", ")] if depths else []
        elif line.startswith("Stretched: "):
            words = r"Stretched: between (?:two slices (\d+) of zeros, between )?two rows (\d+) "
            words += r"of zeros, between two columns (\d+) of zeros;.*"
            deep, *between = re.fullmatch(words, line).groups()
            found["stretch"] = tuple(int(n) + 1 for n in between)
            found["deep"] = int(deep or 0) + 1
        elif line.startswith("Cropped by the large padding, so read by no window: "):
            found["crop"] = tuple(map(int, re.findall(r"\d+", line)))
        elif line.endswith(", past the input, is dropped."):
            words = r"The window that would start at (row|column|element) (\d+), past .*"
            found["dropped"].append(re.fullmatch(words, line).groups())
        elif line.startswith("Never read by any window: "):
            found["untouched"] = {(0, int(c)) for c in re.findall(r"\d+", line)}
        elif SIGNAL_STEP.fullmatch(line):
            place, *window, sum_, result, whole, won, equal = SIGNAL_STEP.fullmatch(line).groups()
            step = ("0", place, "row", "0", *window, sum_, result, whole, None, "0", won, equal)
            found["steps"].append(step)
        elif line.startswith("Never read by any window, as (row, column): "):
            pairs = re.findall(r"\((\d+), (\d+)\)", line)
            found["untouched"] = {(int(r), int(c)) for r, c in pairs}
        else:
            match = STEP.fullmatch(line)
            assert match, line
            found["steps"].append(match.groups())
    return found


def redrawn(found: dict) -> list[np.ndarray]:
    """The input planes with their padding, from the transcript alone."""
    planes, (down, across) = [plane for _, plane in found["inputs"]], found["stretch"]
    for number_, plane in enumerate(planes):
        height, width = plane.shape
        wider = np.zeros(((height - 1) * down + 1, (width - 1) * across + 1))
        wider[::down, ::across] = plane
        planes[number_] = wider
    if found["padding"] is None:
        return planes
    top, bottom, left, right, holds = found["padding"]
    pads = ((top, bottom), (left, right))
    for mode, name in (("reflect", "reflect"), ("wrap", "circular")):
        if name in holds:
            return [np.pad(plane, pads, mode=mode) for plane in planes]
    value = {"zero": 0.0, "minus infinity": -math.inf}[holds.split(" and ")[0]]
    for depth in found["depths"]:
        planes.insert(0 if depth < 0 else len(planes), np.full(planes[0].shape, value))
    return [np.pad(plane, pads, constant_values=value) for plane in planes]


def alike(one, other) -> bool:
    """The same when written: the transcript keeps three digits after the point."""
    return number(float(one)) == number(float(other))


@every_case
def test_transcript_is_enough_to_redraw_the_figure(name):
    trace, found = case(name), parse(transcript(case(name)))
    planes = redrawn(found)
    assert (found["stretch"], found["deep"]) == (trace.stretch, trace.depth_stretch)
    assert found["crop"] == (*trace.geometry.rows.crop, *trace.geometry.cols.crop)
    for plane, truth in zip(planes, trace.planes, strict=True):
        assert all(alike(a, b) for a, b in zip(plane.flat, np.array(truth).flat, strict=True))
    assert len(found["kernels"]) == len(trace.weights)
    for (_, told), truth in zip(found["kernels"], trace.weights, strict=True):
        assert all(alike(a, b) for a, b in zip(told.flat, np.array(truth).flat, strict=True))
    output = np.array(trace.output)
    assert found["output"].shape == output.shape
    assert all(alike(a, b) for a, b in zip(found["output"].flat, output.flat, strict=True))
    assert found["untouched"] == trace.geometry.untouched()


@every_case
def test_every_window_can_be_followed(name):
    trace, found = case(name), parse(transcript(case(name)))
    planes = redrawn(found)
    top, left = (found["padding"][0], found["padding"][2]) if found["padding"] else (0, 0)
    height, width = trace.geometry.input_shape
    assert len(found["steps"]) == len(trace.steps)
    for told, step in zip(found["steps"], trace.steps, strict=True):
        row, col, rows_word, rows, cols_word, cols, sum_, result, _, depth, *won, equal = told
        assert (int(row), int(col)) == step.output
        places = [(r, c) for r in span(rows_word, rows) for c in span(cols_word, cols)]
        if "count_include_pad=False" in trace.call:
            places = [(r, c) for r, c in places if 0 <= r < height and 0 <= c < width]
        taps = [(p, r, c) for p in range(len(planes)) for r, c in places]
        assert taps == [tap[:3] for tap in step.taps]
        values = [planes[p][r + top, c + left] for p, r, c in taps]
        # The arithmetic lists the window's numbers in the same order.
        terms = [read(word) for word in re.findall(NUMBER, re.sub("bias|²", "", sum_))]
        if trace.kind == "max":
            assert sum_.startswith("max(") and [number(t) for t in terms] == list(
                map(number, values)
            )
            answer = math.nan if any(map(math.isnan, values)) else max(values)
            winner = tuple(int(read(place)) for place in won)
            assert winner == step.taps[step.winner][1:3]
            assert depth is None or read(depth) == trace.slices[step.taps[step.winner].plane]
            if not math.isnan(answer):
                best = [(r, c) for (_, r, c), v in zip(taps, values, strict=True) if v == answer]
                assert winner == best[0] and bool(equal) == (len(best) > 1) == bool(step.ties)
        elif trace.kind == "average":
            assert list(map(number, terms[:-1])) == list(map(number, values))
            assert terms[-1] == step.divisor
            answer = sum(values) / terms[-1]
        elif trace.kind == "lp":
            assert sum_.startswith("√(") and terms == values
            answer = math.sqrt(sum(value**2 for value in values))
        else:
            bias = terms.pop() if "bias" in sum_ else 0
            assert list(map(number, terms[::2])) == list(map(number, values))
            weights = [w for _, kernel in found["kernels"] for w in kernel.flat]
            assert terms[1::2] == weights
            answer = sum(v * w for v, w in zip(values, weights, strict=True)) + bias
        assert alike(read(result), step.value)
        if "integers" in name:
            answer = math.trunc(answer)
        assert alike(answer, step.value) or abs(answer - step.value) <= 0.0011


@every_case
def test_alt_text_says_call_sizes_and_result(name):
    trace, text = case(name), alt_text(case(name))
    oh, ow = trace.geometry.output_shape
    before = "×".join(map(str, trace.input_shape[-trace.dims :]))
    if trace.dims == 1:
        before, after = f"an input of {before} elements", f"an output of {ow}"
    else:
        # Eight, eleven, eighteen and all that begins with eighty are spoken with a vowel in front.
        article = "an" if re.match("8|11×|18×", before) else "a"
        gives = "an" if re.match("8|11×|18×", f"{oh}×{ow}") else "a"
        before, after = f"{article} {before} input", f"{gives} {oh}×{ow} output"
    assert text.startswith(f"Animation: {trace.call} slides over {before} and gives {after}")
    assert text.endswith(".") and "\n" not in text
    if oh * ow <= LONGEST_ALT:
        told = grid(text.removesuffix(".").rpartition(": ")[2])
        output = np.array(trace.output)
        assert told.shape == output.shape
        assert all(alike(a, b) for a, b in zip(told.flat, output.flat, strict=True))
    assert len(text) < 500
    assert rendered(name).alt == text
    assert rendered(name).transcript == transcript(trace)


def test_long_results_are_left_to_the_transcript():
    text = alt_text(case("many windows"))
    assert text.endswith("gives a 7×7 output.")


def lines(name: str, start: str) -> list[str]:
    return [line for line in transcript(case(name)) if line.startswith(start)]


def test_padding_is_told_with_what_it_holds():
    sides = "Padding: 1 above, 1 below, 1 left, 1 right; it holds "
    assert lines("max padded", "Padding") == [sides + "minus infinity."]
    assert lines("average padded", "Padding") == [sides + "zero."]
    assert lines("copied padding", "Padding") == [
        sides + "what padding_mode 'reflect' copies there."
    ]
    assert lines("max", "Padding") == []


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_unequal_padding_is_told():
    same = nn.Conv2d(1, 1, 2, padding="same")
    told = transcript(slide(same, torch.ones(1, 2, 2)))
    assert "Padding: 0 above, 1 below, 0 left, 1 right; it holds zero." in told


def test_dropped_windows_are_told():
    assert parse(transcript(case("dropped")))["dropped"] == [("row", "5"), ("column", "5")]
    assert parse(transcript(case("past the edge")))["dropped"] == []


def test_untouched_cells_are_listed():
    [line] = lines("untouched", "Never read")
    assert len(re.findall(r"\(", line)) == 1 + 49 - 16
    assert "(0, 2)" in line and "(6, 6)" in line and "(0, 0)" not in line


def test_ties_dilation_and_channels_are_told():
    assert lines("ties", "Output (1, 0)") == [
        "Output (1, 0) reads rows 2 to 3 and columns 0 to 1: max(5, 5, 5, 5) = 5, "
        "found at (2, 0), the first of equals."
    ]
    [line] = lines("dilation", "Output (1, 2)")
    assert line.startswith("Output (1, 2) reads rows 1, 3 and columns 2, 4: max(")
    starts = [line.partition(", by rows")[0] for line in transcript(case("three channels"))[:6]]
    assert starts[:3] == [f"Input, channel {n}" for n in range(3)]
    assert starts[3:] == [f"Kernel for channel {n}" for n in range(3)]


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_slices_of_several_channels_have_both_names(channels):
    module = nn.Conv3d(channels, 1, 2)
    told = transcript(slide(module, torch.ones(channels, 2, 2, 2)))
    names = [line.partition(", by rows")[0] for line in told if ", by rows" in line][:-1]
    parts = [
        (f"channel {c}, " if channels > 1 else "") + f"depth {d}"
        for c in range(channels)
        for d in (0, 1)
    ]
    assert names == [f"Input, {p}" for p in parts] + [f"Kernel for {p}" for p in parts]


def test_numbers_that_are_not_finite():
    told = transcript(case("odd numbers"))
    assert told[0] == "Input, by rows: 1 nan 2 ∞; 0 1 −∞ 3; −∞ −∞ 5 5; −∞ −∞ 4 5."
    assert told[-1] == "Output, by rows: nan ∞; −∞ 5."
    assert told[1].endswith("max(1, nan, 0, 1) = nan, found at (0, 1).")
    assert told[3].endswith("max(−∞, −∞, −∞, −∞) = −∞, found at (2, 0), the first of equals.")
    assert alt_text(case("odd numbers")).endswith(": nan ∞; −∞ 5.")


def test_one_window_of_one_element():
    told = transcript(slide(nn.MaxPool2d(1), torch.tensor([[[-3.0]]])))
    assert told[1] == "Output (0, 0) reads row 0 and column 0: max(−3) = −3, found at (0, 0)."


def test_padding_that_is_not_counted_says_so():
    for counted in (True, False):
        pool = nn.AvgPool2d(3, padding=1, count_include_pad=counted)
        lines = transcript(slide(pool, torch.ones(1, 3, 3)))
        assert any("is not counted" in line for line in lines) is not counted
