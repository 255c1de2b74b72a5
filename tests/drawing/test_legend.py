"""The legend's lines: as many as are needed, as wide as they say, each swatch before its words."""

from __future__ import annotations

import numpy as np
import pytest
from test_layout import overlap, written

from slidingwindows.drawing import scene
from slidingwindows.drawing.canvas import FIRST_SHADE, INDEX, Canvas, text_width
from slidingwindows.drawing.grid import LEGEND_SIZE
from slidingwindows.drawing.style import SHADES, Sizes

ENTRIES = [
    ("pad", "padding holds 0"),
    ("hatch", "never read by any window"),
    ("ring", "a later tie"),
    ("dash", "window dropped: it would start past the input"),
    ("reach", "past the edge: nothing to read"),
    ("ramp", "input from −3 to 250"),
    ("window", "nan"),
]
every_width = pytest.mark.parametrize("width", [320, 640, 1024, 1920])


def drawn(entries, sizes):
    """(rows, pixels, texts with the boxes of their ink), the first baseline at 60."""
    rows, canvas = scene.legend_rows(entries, sizes), Canvas(sizes.width, 60 + 400)
    with written() as texts:
        scene.draw_legend(canvas, rows, sizes.margin, 60, sizes)
    return rows, canvas.pixels, texts


@every_width
def test_a_line_is_broken_only_where_the_next_entry_does_not_fit(width):
    sizes = Sizes(width)
    gap = sizes.px(28)
    rows = scene.legend_rows(ENTRIES, sizes)
    assert [entry[:2] for row in rows for entry in row] == ENTRIES
    for swatch, meaning, wide in (entry for row in rows for entry in row):
        before = sizes.px(56 if swatch == "ramp" else 28)
        assert wide == before + text_width(meaning, sizes.px(LEGEND_SIZE)) + gap
    spans = [sum(wide for *_, wide in row) - gap for row in rows]
    for row, span in zip(rows, spans, strict=True):
        assert span <= sizes.room or len(row) == 1
    for span, (first, *_) in zip(spans, rows[1:], strict=False):
        assert span + first[2] > sizes.room
    assert scene.legend_width(rows, sizes) == max(spans) and scene.legend_width([], sizes) == 0


@every_width
@pytest.mark.parametrize("count", range(1, len(ENTRIES) + 1))
def test_the_longest_line_ends_where_its_words_do(width, count):
    sizes = Sizes(width)
    rows, _, texts = drawn(ENTRIES[:count], sizes)
    assert [text for text, _ in texts] == [meaning for _, meaning in ENTRIES[:count]]
    ends = [box[0] + text_width(text, sizes.px(LEGEND_SIZE)) for text, box in texts]
    assert abs(max(ends) - sizes.margin - scene.legend_width(rows, sizes)) <= 4
    for number, (_, one) in enumerate(texts):
        assert not any(overlap(one, other) for _, other in texts[number + 1 :])


@pytest.mark.parametrize(("swatch", "meaning"), ENTRIES)
def test_a_swatch_is_what_it_stands_for(swatch, meaning):
    """20 pixels a side, from 17 above the baseline to 3 below; the ramp is 48 wide."""
    _, pixels, [(_, ink)] = drawn([(swatch, meaning)], Sizes())
    left = Sizes().margin
    box = pixels[60 - 17 : 60 + 3, left : left + (48 if swatch == "ramp" else 20)]
    assert ink[0] >= left + (56 if swatch == "ramp" else 28)
    outside = pixels.copy()
    outside[60 - 17 : 60 + 3, left : left + (51 if swatch == "ramp" else 20)] = INDEX["page"]
    outside[ink[1] : ink[3], ink[0] : ink[2]] = INDEX["page"]
    assert (outside == INDEX["page"]).all()
    inner, ends = box[1:-1, 1:-1], (box[:, 0], box[0], box[-1])
    if swatch == "ramp":
        levels = [int(level) for level in dict.fromkeys(inner[5]) if level != INDEX["line"]]
        assert levels == list(range(FIRST_SHADE, FIRST_SHADE + SHADES))
        assert (inner == inner[0]).all()
        assert all((end == INDEX["line"]).all() for end in ends)
    elif swatch in ("dash", "reach"):
        role = INDEX["muted" if swatch == "dash" else "hatch"]
        assert 0.3 < (np.concatenate([box[:2].ravel(), box[-2:].ravel()]) == role).mean() < 0.9
        assert (box[2:-2, 2:-2] == INDEX["page"]).all()
    else:
        assert all((end == INDEX["line"]).all() for end in (*ends, box[:, -1]))
        if swatch == "hatch":
            assert 0.15 < (inner == INDEX["hatch"]).mean() < 0.35
        elif swatch == "ring":
            ring = inner == INDEX["edge"]
            whole = np.zeros(ring.shape, bool)
            whole[3:-3, 3:-3] = True
            whole[5:-5, 5:-5] = False
            np.testing.assert_array_equal(ring, whole)
        else:
            assert (inner == INDEX[swatch]).all()
