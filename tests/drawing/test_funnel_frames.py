"""What the animations of a network's feature maps show, stack by stack, read from their pixels."""

from __future__ import annotations

import math
import re
from functools import cache
from itertools import combinations

import numpy as np
import pytest
import torch
from test_layout import inside, overlap, written
from torch import nn

from slidingwindows import SlidingWindowsError, funnel
from slidingwindows.drawing.canvas import INDEX, text_width
from slidingwindows.drawing.funnel import (
    FIRST_SHADE,
    GAP,
    LABEL,
    LINE,
    MOST_ROWS,
    OFFSET,
    TALLEST,
    animate,
    poster,
    stacks_of,
)
from slidingwindows.drawing.style import MARGIN, WIDTH

PAGE, CARD, RIM, FRONT = (INDEX[role] for role in ("page", "pad", "muted", "text"))
MARKED = 5  # pixels that the marks of a cut reach beyond the bar


def chain(*layers):
    torch.manual_seed(3)
    return nn.Sequential(*layers).eval()


def narrowing(count: int):
    """So many shapes of signals, each one shorter than the one before."""
    return chain(*(nn.Conv1d(1, 1, 2) for _ in range(count)))


CASES = {
    "photo": lambda: (
        chain(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
        (3, 30, 24),
    ),
    "cut": lambda: (
        chain(nn.Conv2d(1, 32, 3), nn.Flatten(), nn.Linear(32 * 36, 10), nn.Softmax(1)),
        (1, 8, 8),
    ),
    "wide": lambda: (chain(nn.Conv2d(1, 40, 1), nn.MaxPool2d(2), nn.Conv2d(40, 1, 3)), (1, 20, 90)),
    "tall": lambda: (chain(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2)), (1, 200, 20)),
    "signals": lambda: (chain(nn.Conv1d(2, 6, 5), nn.ReLU(), nn.MaxPool1d(2)), (2, 40)),
    "volume": lambda: (chain(nn.Conv3d(1, 4, 3), nn.AvgPool3d(2)), (1, 10, 12, 14)),
    "vectors": lambda: (chain(nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 5)), (30,)),
    "rows": lambda: (narrowing(12), (1, 60)),
    "names": lambda: (
        chain(nn.Conv2d(1, 2, 1), *(nn.ReLU() for _ in range(30)), nn.MaxPool2d(2)),
        (1, 6, 6),
    ),
}
every_case = pytest.mark.parametrize("name", CASES)


@cache
def case(name):
    network, shape = CASES[name]()
    x = torch.rand(*shape, generator=torch.Generator().manual_seed(5))
    return network, funnel(network, x)


@cache
def film(name):
    """(pixels, milliseconds, texts with their boxes) of every frame."""
    frames, shown = [], animate(case(name)[1])
    while True:
        with written() as texts:
            frame = next(shown, None)
        if frame is None:
            return frames
        frames.append((frame[0].pixels, frame[1], list(texts)))


def stacks(name):
    return stacks_of(case(name)[1])


def box(stack):
    """Pixels of all its cards."""
    top = stack.ground - stack.height - stack.depth
    return stack.left, top, stack.left + stack.width + stack.depth, stack.ground


def front(stack):
    return stack.left, stack.ground - stack.height, stack.left + stack.width, stack.ground


def part(pixels, one):
    left, top, right, bottom = one
    return pixels[top:bottom, left:right]


def flat(stack):
    return len(stack.shape) == 1


@every_case
def test_each_shape_has_its_stack_in_the_order_of_the_layers(name):
    _, facts = case(name)
    stages = [stage for stack in stacks(name) for stage in stack.stages]
    assert stages == list(facts.stages) and len(stacks(name)[0].stages) == 1
    for stack in stacks(name):
        assert len({stage.shape for stage in stack.stages}) == 1
    for one, other in zip(stacks(name)[1:], stacks(name)[2:], strict=False):
        assert one.shape != other.shape


@every_case
def test_stacks_stand_in_rows_like_words(name):
    boxes = [box(stack) for stack in stacks(name)]
    height = film(name)[0][0].shape[0]
    assert all(inside(one, height, WIDTH, MARGIN) for one in boxes)
    assert not any(overlap(one, other) for one, other in combinations(boxes, 2))
    grounds = [stack.ground for stack in stacks(name)]
    assert grounds == sorted(grounds) and len(set(grounds)) <= MOST_ROWS
    for ground in set(grounds):
        row = [stack for stack in stacks(name) if stack.ground == ground]
        assert [s.left for s in row] == sorted(s.left for s in row)
        slots = [slot(stack) for stack in row]
        for (_, right), (left, _) in zip(slots, slots[1:], strict=False):
            assert abs(left - right - GAP) <= 1
        assert abs(slots[0][0] + slots[-1][1] - WIDTH) <= 3, "not in the middle"


def slot(stack):
    """From the left end of what is widest, the cards or the labels, to its right end."""
    middle = stack.left + (stack.width + stack.depth) / 2
    wide = max(stack.width + stack.depth, *(text_width(t, LABEL, True) for t in said(stack.shape)))
    return middle - wide / 2, middle + wide / 2


def said(shape):
    """How many maps, or numbers, and of which size."""
    count, *sizes = shape
    return f"{count:,}", "×".join(map(str, sizes))


@every_case
def test_all_stacks_have_one_scale(name):
    """A share of a pixel for rounding; what would be too small to see is larger than that."""
    shares = []
    for stack in stacks(name):
        if flat(stack):
            lengths = [(stack.height, stack.shape[0], 8)]
        elif len(stack.shape) == 2:
            lengths = [(stack.width, stack.shape[1], 4)]
        else:
            lengths = [(stack.width, stack.shape[-1], 4), (stack.height, stack.shape[-2], 4)]
        for pixels, elements, least in lengths:
            assert pixels >= least
            if stack.cut:
                shares.append(((pixels + 0.5) / elements, math.inf))
            elif pixels > least:
                shares.append(((pixels - 0.5) / elements, (pixels + 0.5) / elements))
    assert max(low for low, _ in shares) <= min(high for _, high in shares)


@every_case
def test_the_scale_is_as_large_as_there_is_room(name):
    """A row that is not full, of low stacks, has them at their largest: 6 pixels an element."""
    if len({stack.ground for stack in stacks(name)}) > 1:
        return
    grown, tall, scale = 0.0, 0.0, 0.0
    for stack in stacks(name):
        wide = 1.03 * (stack.width if not flat(stack) else stack.width / 1.03) + stack.depth
        left, right = slot(stack)
        grown += max(wide, right - left) + GAP
        high = stack.height * (1.03 if len(stack.shape) > 2 else 1) + stack.depth
        tall = max(tall, high)
        scale = max(scale, stack.width / stack.shape[-1], stack.height / stack.shape[0])
    full = grown - GAP > WIDTH - 2 * MARGIN or tall > TALLEST
    assert full or name == "vectors" or scale > 5.9
    if name == "vectors":
        assert max(stack.height for stack in stacks(name)) == 6 * 30


@pytest.mark.parametrize("name", ["photo", "cut", "wide", "tall", "volume"])
def test_all_stand_in_one_row_if_maps_of_84_pixels_do(name):
    longest = max(max(s.shape[1:]) for s in stacks(name) if not flat(s))
    scale = 1.03 * min(longest, 84) / longest  # which is looked for in steps of 2 percent
    wide = GAP * (len(stacks(name)) - 1)
    for stack in stacks(name):
        cards = 16 if flat(stack) else scale * stack.shape[-1] + stack.depth
        wide += max(cards, *(text_width(t, LABEL, True) for t in said(stack.shape)))
    tall = max(scale * s.shape[-2] + s.depth for s in stacks(name) if not flat(s))
    assert wide <= WIDTH - 2 * MARGIN and tall <= TALLEST
    assert len({stack.ground for stack in stacks(name)}) == 1


@every_case
def test_cards_are_as_many_as_maps_up_to_what_can_be_told_apart(name):
    last = film(name)[-1][0]
    most = 24 if len(stacks(name)) <= 7 else 8
    for stack in stacks(name):
        cards = 1 if len(stack.shape) < 3 else min(stack.shape[0], most)
        assert stack.depth == OFFSET * (cards - 1)
        left, top, right, _ = front(stack)
        for card in range(1, cards):
            # Of the cards behind, three pixels of the upper and of the right edge are seen.
            shift = OFFSET * card
            assert (last[top - shift, left + shift : right + shift] == RIM).all()
            assert (last[top - shift : top - shift + stack.height, right + shift - 1] == RIM).all()
            assert (last[top - shift + 1, left + shift + 1 : right + shift - 1] == CARD).all()
        around = (left, top - stack.depth - 3, right + stack.depth + 3, top - stack.depth)
        assert (part(last, around) == PAGE).all(), "a card too many"


def greys(plane, height, width):
    """(darkest, lightest) level of what each pixel of a map drawn at a size lies on."""
    levels = np.rint(np.array(plane, float) * 15 / 255)
    found = []
    for choose in (np.min, np.max):
        now = levels
        for pixels in (height, width):
            ends = np.arange(pixels + 1) * len(now) / pixels
            first = np.floor(ends[:-1] + 1e-6).astype(int)
            last = np.ceil(ends[1:] - 1e-6).astype(int)
            now = np.array([choose(now[i:j], 0) for i, j in zip(first, last, strict=True)]).T
        found.append(now)
    return found


@every_case
@pytest.mark.parametrize("turn", range(4))
def test_the_front_card_is_a_map_of_the_last_layer_another_one_each_turn(name, turn):
    first = len(stacks(name))
    pixels = film(name)[first - 1 + turn][0]
    for stack in stacks(name):
        card = part(pixels, front(stack))
        maps = stack.stages[-1].maps
        assert (
            np.concatenate([card[[0, -1]].ravel(), card[:, [0, -1]].ravel()]) == FRONT
        ).all() or (stack.cut)
        plane = maps[5 * turn % len(maps)]
        low, high = greys(plane, stack.height, stack.width)
        found = card.astype(int) - FIRST_SHADE
        compared = np.zeros(card.shape, bool)
        compared[1:-1, 1:-1] = True
        if stack.cut:
            middle = stack.height // 2
            compared[middle - 3 * MARKED : middle + 3 * MARKED] = False
        assert ((low <= found) & (found <= high))[compared].all()
        if not stack.cut:
            assert abs(found[1:-1, 1:-1].mean() - np.mean(plane) * 15 / 255) < 1.5


@every_case
def test_only_what_is_cut_is_marked_so(name):
    """A gap across the bar between two lines, a little wider than it."""
    tallest = max((s.height + s.depth for s in stacks(name) if not flat(s)), default=200)
    for stack in stacks(name):
        card = part(film(name)[-1][0], front(stack))
        gap = (card == PAGE).sum(0)
        assert ((gap >= 7).all() and stack.height == tallest) if stack.cut else not gap.any()
    assert any(stack.cut for stack in stacks(name)) == (name == "cut")


@every_case
def test_stack_after_stack_appears_and_then_all_turn(name):
    frames, shown = film(name), stacks(name)
    durations = [milliseconds for _, milliseconds, _ in frames]
    assert durations == [1800] * len(shown) + [900, 900, 3000]
    full = frames[-1][0]
    for number, (pixels, *_) in enumerate(frames[: len(shown)]):
        for other, stack in enumerate(shown):
            there = part(pixels, box(stack))
            assert (there != PAGE).any() == (other <= number)
    still = poster(case(name)[1]).pixels
    below = max(stack.ground for stack in shown) + 66
    np.testing.assert_array_equal(still[below:], full[below:])
    np.testing.assert_array_equal(still[:below], frames[len(shown) - 1][0][:below])


@every_case
def test_labels_are_below_the_middle_of_their_stack(name):
    shown, height = stacks(name), film(name)[0][0].shape[0]
    for number, (_, _, texts) in enumerate(film(name)[: len(shown)]):
        stack = shown[number]
        count, sizes = said(stack.shape)
        labels = [(t, b) for t, b in texts[:2] if t]
        assert [text for text, _ in texts[:2]] == [count, sizes]
        middle = (box(stack)[0] + box(stack)[2]) / 2
        for text, (left, top, right, bottom) in labels:
            assert abs((left + right) / 2 - middle) <= 2, text
            assert stack.ground + 8 <= top and bottom <= stack.ground + 62
        assert all(inside(b, height, WIDTH) for t, b in texts if t)
        for (_, one), (_, other) in combinations([(t, b) for t, b in texts if t], 2):
            assert not overlap(one, other)
        for later in shown:
            assert not any(overlap(b, box(later)) for t, b in texts if t)
    everything = [b for *_, texts in film(name)[: len(shown)] for t, b in texts[:2] if t]
    assert not any(overlap(one, other) for one, other in combinations(everything, 2))


@every_case
def test_words_are_the_layers_and_what_they_cost(name):
    network, _ = case(name)
    layers, first = list(network), 0
    for stack, (_, _, texts) in zip(stacks(name), film(name), strict=False):
        text = " ".join(line for line, _ in texts[2:]).replace("\N{NO-BREAK SPACE}", " ")
        if stack is stacks(name)[0] or stack.stages[0].call == "input":
            assert text.startswith("The input: ") and stack.shape == case(name)[1].stages[0].shape
            continue
        of = layers[first : first + len(stack.stages)]
        first += len(of)
        parameters = sum(p.numel() for layer in of for p in layer.parameters())
        cost = sum(stage.macs for stage in stack.stages)
        names = ", ".join(type(layer).__name__ for layer in of)
        if len(of) == 1:
            assert text.startswith(f"{stack.stages[0].call} gives ")
        else:
            many = f"{len(of)} layers, {type(of[0]).__name__} to {type(of[-1]).__name__}"
            assert text.startswith(f"{many if name == 'names' else names} each gives ")
        together = "in all " if len(of) > 1 else ""
        assert (f"; {together}{parameters:,} parameters" if parameters else "; no param") in text
        assert (f"{cost:,} multiply-acc" if cost else "nothing to multiply") in text
        sees = stack.stages[-1].sees()
        assert ("sees" in text) == (sees != "–")
        if sees == "all":
            assert text.endswith("; sees all of the input")
        elif sees != "–":
            views = [int(n) for n in re.search(r"; sees ([\d×]+)$", text)[1].split("×")]
            assert views == [reach.size for reach in stack.stages[-1].field]
    assert first == len(layers)


@every_case
def test_the_last_words_are_the_sums(name):
    network, _ = case(name)
    start, end = stacks(name)[0].shape, stacks(name)[-1].shape
    parameters = sum(p.numel() for p in network.parameters())
    *_, (_, _, texts) = film(name)
    lines = [text for text, _ in texts[2 * len(stacks(name)) :]]
    text = " ".join(lines)
    numbers = [int(n) for n in re.findall(r"\d+", text.split(".")[0].replace(",", ""))]
    assert numbers == [*start, *end]
    assert f"{parameters:,} parameters, " in text and text.endswith(" multiply-accumulates.")
    cost = sum(stage.macs for stage in case(name)[1].stages)
    assert f" {cost:,} multiply" in text


@every_case
def test_a_picture_ends_where_its_longest_words_do(name):
    pixels = [frame for frame, *_ in film(name)]
    lowest = max((frame != PAGE).any(1).nonzero()[0][-1] for frame in pixels)
    assert {frame.shape for frame in pixels} == {pixels[0].shape}
    assert 0 < pixels[0].shape[0] - lowest < LINE


@pytest.mark.parametrize(("count", "fits"), [(8, True), (20, True), (60, False)])
def test_what_needs_more_than_three_rows_is_refused(count, fits):
    facts = funnel(narrowing(count), torch.rand(1, 100))
    if fits:
        assert len(stacks_of(facts)) == count + 1
        return
    words = f"3 rows of stacks, about 24 different shapes; this network has {count + 1}: use table"
    with pytest.raises(SlidingWindowsError, match=re.escape(words)):
        stacks_of(facts)


def test_cases_cover_what_they_say():
    assert len({stack.ground for stack in stacks("rows")}) > 1
    assert len({stack.ground for stack in stacks("photo")}) == 1
    assert max(stack.depth for stack in stacks("wide")) == 23 * OFFSET
    assert all(flat(stack) for stack in stacks("vectors"))
