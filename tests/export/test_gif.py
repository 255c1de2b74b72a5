"""The GIF writer: what a decoder shows is what went in, pixel for pixel and to the millisecond."""

import hashlib
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch
from figure_cases import CASES, as_planned, decode, decoded, rendered
from hypothesis import given
from hypothesis import strategies as st
from sweeps import draws
from torch import nn

from slidingwindows import funnel, receptive_field, route, slide
from slidingwindows.core.errors import SlidingWindowsError
from slidingwindows.drawing import animation as frames
from slidingwindows.drawing import funnel as funnel_figure
from slidingwindows.drawing import receptive as receptive_figure
from slidingwindows.drawing.style import THEMES
from slidingwindows.export import gif as gif_module
from slidingwindows.export.encoding import contents
from slidingwindows.export.gif import changed_region, encode, redrawn
from slidingwindows.export.still import palette_of as colours_of

steady = draws(40)


def palette_of(count: int):
    """Colours that are all different."""
    return tuple(((i * 37) % 256, (i * 101 + 7) % 256, i) for i in range(count))


def check(frames, palette, **options):
    """Encode, decode, compare everything."""
    gif = encode(frames, palette, **options)
    shown = as_planned(decode(gif), [duration for _, duration in frames])
    for picture, (pixels, _) in zip(shown, frames, strict=True):
        np.testing.assert_array_equal(picture, np.array(palette, np.uint8)[pixels])
    return gif


def blocks(gif: bytes) -> dict:
    """The parts of a GIF, read by the letter of the GIF89a specification."""
    assert gif[:6] == b"GIF89a" and gif[-1:] == b";"
    width, height, flags = *np.frombuffer(gif, "<u2", 2, 6).tolist(), gif[10]
    colours = 2 << (flags & 7) if flags & 0x80 else 0
    place, parts = 13 + 3 * colours, {"size": (width, height), "colours": colours}
    parts |= {"palette": gif[13:place], "loop": None, "pictures": [], "controls": []}
    parts |= {"code_sizes": [], "comments": []}
    while gif[place] != 0x3B:
        if gif[place] == 0x21:
            kind, length = gif[place + 1], gif[place + 2]
            body = gif[place + 3 : place + 3 + length]
            place += 3 + length
        else:
            assert gif[place] == 0x2C
            kind, body = 0x2C, gif[place + 1 : place + 10]
            parts["code_sizes"].append(gif[place + 10])
            place += 11
        data = b""
        while gif[place]:
            data += gif[place + 1 : place + 1 + gif[place]]
            place += 1 + gif[place]
        place += 1
        if kind == 0xFF:
            assert body == b"NETSCAPE2.0" and data[0] == 1
            parts["loop"] = int.from_bytes(data[1:3], "little")
        elif kind == 0xF9:
            parts["controls"].append(body)
        elif kind == 0xFE:
            parts["comments"].append(body + data)
        else:
            parts["pictures"].append((body, data))
    assert place == len(gif) - 1
    return parts


@st.composite
def animations(draw):
    colours = draw(st.one_of(st.integers(1, 34), st.integers(1, 255)))
    height, width = draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    frames = []
    for _ in range(draw(st.integers(1, 5))):
        how = draw(st.sampled_from(("noise", "flat", "same", "spots", "one pixel")))
        if how == "noise":
            pixels = generator.integers(0, colours, (height, width), np.uint8)
        elif how == "flat" or not frames:
            pixels = np.full((height, width), generator.integers(colours), np.uint8)
        else:
            pixels = frames[-1][0].copy()
            for _ in range({"same": 0, "one pixel": 1, "spots": 8}[how]):
                row, col = generator.integers(height), generator.integers(width)
                pixels[row : row + 3, col] = generator.integers(colours)
        frames.append((pixels, 10 * draw(st.one_of(st.integers(2, 20), st.integers(2, 65535)))))
    return frames, palette_of(colours)


@given(animations())
@steady
def test_decoded_frames_are_the_frames(animation):
    check(*animation)


@pytest.mark.parametrize("colours", [1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 127, 128, 254, 255])
@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (23, 17)])
def test_every_size_of_palette_and_thin_pictures(colours, shape):
    generator = np.random.default_rng(colours)
    flat = np.full(shape, colours - 1, np.uint8)
    noise = generator.integers(0, colours, shape, np.uint8)
    check(
        [(flat, 20), (noise, 200), (flat, 30), (np.zeros(shape, np.uint8), 40)], palette_of(colours)
    )


@pytest.mark.parametrize("colours", [2, 31, 255])
def test_pictures_too_large_for_the_code_table(colours):
    generator = np.random.default_rng(colours)
    first = generator.integers(0, colours, (160, 150), np.uint8)
    second = first.copy()
    second[10:150, 20:140] = generator.integers(0, colours, (140, 120), np.uint8)
    tiles = np.tile(first[:40, :30], (4, 5))
    check([(first, 100), (second, 100), (tiles, 100)], palette_of(colours))


@pytest.mark.parametrize("length", range(3800, 4140, 7))
def test_the_moment_the_code_table_is_full(length):
    # Random bytes make about one code each, so some end where a code grows or none is left.
    values = np.random.default_rng(length).integers(0, 255, (1, length), np.uint8)
    check([(values, 100)], palette_of(255))


def test_every_length_where_codes_grow():
    for length in range(1, 300):
        values = (np.arange(length) * 7 % 4).astype(np.uint8)
        check([(values[None], 20)], palette_of(4))


@pytest.mark.parametrize("loop", [0, 1, 3, 65535])
def test_loop_count(loop):
    gif = encode([(np.zeros((3, 4), np.uint8), 50)], palette_of(2), loop=loop)
    assert blocks(gif)["loop"] == loop


def test_a_figure_repeats_for_ever():
    for gif in gifs("max"):
        assert blocks(gif)["loop"] == 0


def test_equal_frames_in_a_row_are_kept():
    same = np.ones((20, 20), np.uint8)
    gif = check([(same, 100), (same.copy(), 250), (same, 20), (same, 655350)], palette_of(3))
    assert [duration for _, duration in decode(gif)] == [100, 250, 20, 655350]


def test_changes_that_lie_far_apart_are_one_picture():
    """As several small ones, which would be lighter, a viewer would show them one by one."""
    before, after = np.zeros((400, 400), np.uint8), np.zeros((400, 400), np.uint8)
    after[:5, :5] = after[-5:, -5:] = after[200:205, 200:205] = 1
    gif = check([(before, 500), (after, 500), (before, 40), (after, 20)], palette_of(2))
    places = [np.frombuffer(body, "<u2", 4).tolist() for body, _ in blocks(gif)["pictures"]]
    assert places == [[0, 0, 400, 400]] * 4


MOVING = {
    "readme": lambda: slide(nn.MaxPool2d(3, stride=2, padding=1), whole(1, 1, 7, 7)),
    "16x16": lambda: slide(nn.MaxPool2d(2), whole(2, 1, 16, 16)),
    "convolution": lambda: slide(nn.Conv2d(3, 1, 3), whole(3, 3, 5, 5)),
    "256 windows": lambda: slide(nn.MaxPool2d(2), whole(4, 1, 32, 32)),
    "gradient": lambda: route(nn.MaxPool2d(2, 1), whole(5, 1, 4, 4)),
    "network": lambda: funnel(NETWORK, whole(6, 1, 8, 8)),
    "field": lambda: receptive_field(NETWORK, (1, 12, 12)),
}
NETWORK = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2))


def whole(seed: int, *shape: int) -> torch.Tensor:
    return torch.randint(-9, 10, shape, generator=torch.Generator().manual_seed(seed)).float()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", MOVING)
def test_no_picture_that_is_shown_mixes_two_states(name, theme):
    """Window, output and words belong together: each picture is a state that was drawn whole."""
    figure = MOVING[name]()
    module = {"network": funnel_figure, "field": receptive_figure}.get(name, frames)
    colours = np.array(colours_of(figure, THEMES[theme]), np.uint8)
    states, shown = module.animate(figure), decoded(contents(figure, "gif", theme))
    for (picture, time), (canvas, duration) in zip(shown, states, strict=True):
        assert time == duration and canvas.pixels.max() < len(colours)
        state = colours.take(canvas.pixels, 0, mode="clip")  # three times as fast as an index
        assert np.array_equal(picture, state)


def gifs(name):
    return [data for file, data in rendered(name).files.items() if file.endswith(".gif")]


@pytest.mark.parametrize("name", CASES)
def test_figures_have_one_palette_of_at_most_32_colours(name):
    for gif in gifs(name):
        parts = blocks(gif)
        assert parts["colours"] <= 32
        assert all(body[8] & 0x80 == 0 for body, _ in parts["pictures"]), "a local palette"
        assert len(parts["controls"]) == len(parts["pictures"])
        # Disposal 1: leave the picture in place, the next one is painted over it.
        assert {control[0] >> 2 & 7 for control in parts["controls"]} == {1}


@pytest.mark.parametrize("name", ["max padded", "three channels", "many windows"])
def test_each_picture_is_the_smallest_rectangle_that_changed(name):
    for gif in gifs(name):
        shown = [picture for picture, _ in decode(gif)]
        height, width = shown[0].shape[:2]
        expected = [[0, 0, width, height]]
        for before, after in pairwise(shown):
            rows, cols, _ = np.nonzero(before != after)
            left, top = int(cols.min()), int(rows.min())
            expected.append([left, top, int(cols.max()) + 1 - left, int(rows.max()) + 1 - top])
        stored = [np.frombuffer(body, "<u2", 4).tolist() for body, _ in blocks(gif)["pictures"]]
        assert stored == expected


def test_each_picture_is_drawn_in_the_lightest_way(monkeypatch):
    """Lighter than any one way for all pictures, and much lighter than clear or opaque ones."""
    figure = MOVING["readme"]()
    best, sizes = len(contents(figure, "gif")), {}
    others = {
        "opaque": np.ones_like,
        "clear": lambda changed: changed,
    }
    ways = {n: lambda changed, n=n: list(redrawn(changed))[n] for n in range(len(WAYS))} | others
    for name, way in ways.items():
        monkeypatch.setattr(gif_module, "redrawn", lambda changed, way=way: [way(changed)])
        sizes[name] = len(contents(figure, "gif"))
    assert all(best < size for size in sizes.values())
    assert best < 0.97 * min(sizes[name] for name in others)


SCRIPT = """
import hashlib
from figure_cases import rendered
for name in ("max padded", "three channels"):
    for file, data in sorted(rendered(name).files.items()):
        print(hashlib.sha256(data).hexdigest())
"""


def test_the_same_bytes_again_and_in_another_process(monkeypatch):
    names = ("max padded", "three channels")
    files = [data for name in names for _, data in sorted(rendered(name).files.items())]
    fresh = rendered.__wrapped__  # what lies in the cache serves the other tests
    again = [data for name in names for _, data in sorted(fresh(name).files.items())]
    assert files == again
    monkeypatch.setenv("PYTHONHASHSEED", "12345")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    there = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert there.stdout.split() == [hashlib.sha256(data).hexdigest() for data in files]


PIXELS = np.zeros((4, 4), np.uint8)


@pytest.mark.parametrize(
    ("frames", "colours", "words"),
    [
        ([], 4, "at least one frame"),
        ([(PIXELS, 50), (np.zeros((4, 5), np.uint8), 50)], 4, "frame 1 is (4, 5)"),
        ([(PIXELS, 50), (PIXELS + np.uint8(4), 50)], 4, "frame 1 holds colour 4"),
        ([(PIXELS, 10)], 4, "frame 0 lasts 10 ms"),
        ([(PIXELS, 0)], 4, "frame 0 lasts 0 ms"),
        ([(PIXELS, -20)], 4, "frame 0 lasts -20 ms"),
        ([(PIXELS, 655_360)], 4, "frame 0 lasts 655360 ms"),
        ([(PIXELS, 55)], 4, "frame 0 lasts 55 ms"),
        ([(PIXELS, 50)], 256, "at most 255 colours"),
        ([(PIXELS, 50)], 0, "needs one to spare, got 0"),
    ],
)
def test_what_gif_cannot_hold_is_refused(frames, colours, words):
    with pytest.raises(SlidingWindowsError) as caught:
        encode(frames, palette_of(colours))
    assert words in str(caught.value)


@st.composite
def changes(draw):
    height, width = draw(st.tuples(st.integers(1, 60), st.integers(1, 60)))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    before = generator.integers(0, 3, (height, width), np.uint8)
    after = before.copy()
    for _ in range(draw(st.integers(0, 12))):
        row, col = generator.integers(height), generator.integers(width)
        rows, cols = generator.integers(1, 9, 2)
        after[row : row + rows, col : col + cols] += 1
    return before, after


@given(changes())
@steady
def test_the_region_is_the_smallest_that_holds_every_difference(change):
    before, after = change
    top, bottom, left, right = changed_region(before, after)
    assert 0 <= top < bottom <= before.shape[0] and 0 <= left < right <= before.shape[1]
    different = before != after
    part = different[top:bottom, left:right]
    assert part.sum() == different.sum()
    if different.any():  # no edge of it is idle
        assert part[0].any() and part[-1].any() and part[:, 0].any() and part[:, -1].any()
    else:
        assert part.size == 1


@given(changes())
@steady
def test_what_is_drawn_again_holds_every_difference(change):
    before, after = change
    for drawn in redrawn(before != after):
        assert drawn.shape == after.shape and drawn[before != after].all()


WAYS = ("short", "long")


@pytest.mark.parametrize(
    ("gap", "ways"), [(1, "short long"), (9, "short long"), (10, "long"), (31, "long"), (32, "")]
)
def test_a_gap_is_drawn_again_up_to_a_length(gap, ways):
    changed = np.array([[True, *[False] * gap, True]])
    between = dict(zip(WAYS, (drawn[0, 1:-1] for drawn in redrawn(changed)), strict=True))
    assert all(way.all() or not way.any() for way in between.values())
    assert " ".join(name for name in WAYS if between[name].any()) == ways


def test_only_what_lies_between_two_changes_is_a_gap():
    changed = np.zeros((3, 4), bool)
    changed[0, 2] = changed[1, 1] = True  # neighbours but for two pixels, in reading order
    for drawn in redrawn(changed):
        np.testing.assert_array_equal(drawn, [[0, 0, 1, 1], [1, 1, 0, 0], [0] * 4])


def unpack(data: bytes, bits: int) -> bytes:
    """LZW undone, written from the specification alone: a table of strings, one code at a time."""
    clear, end = 1 << bits, (1 << bits) + 1
    stream = "".join(f"{byte:08b}"[::-1] for byte in data)
    place, width, table, before, out = 0, bits + 1, {}, None, []
    while True:
        code = int(stream[place : place + width][::-1], 2)
        place += width
        if code == clear:
            table = {i: bytes((i,)) for i in range(clear)} | {clear: b"", end: b""}
            width, before = bits + 1, None
            continue
        if code == end:
            assert len(data) == (place + 7) // 8, "bytes after the end code"
            return b"".join(out)
        assert code <= len(table), "a code from the future"
        text = table[code] if code in table else before + before[:1]
        if before is not None and len(table) < 4096:
            table[len(table)] = before + text[:1]
        out.append(text)
        before = text
        if len(table) == 1 << width and width < 12:
            width += 1


def painted(gif: bytes):
    """(RGB, milliseconds) of each stored picture, without Pillow, which also wrote the data."""
    parts = blocks(gif)
    palette = np.frombuffer(parts["palette"], np.uint8).reshape(-1, 3)
    screen = np.zeros((*reversed(parts["size"]), 3), np.uint8)
    for control, (place, data), bits in zip(
        parts["controls"], parts["pictures"], parts["code_sizes"], strict=True
    ):
        left, top, width, height = np.frombuffer(place, "<u2", 4).tolist()
        values = np.frombuffer(unpack(data, bits), np.uint8)
        assert values.size == width * height
        values = values.reshape(height, width)
        drawn = values != control[3] if control[0] & 1 else np.ones(values.shape, bool)
        assert values[drawn].max(initial=0) < len(palette)
        screen = screen.copy()
        screen[top : top + height, left : left + width][drawn] = palette[values[drawn]]
        yield screen, 10 * int.from_bytes(control[1:3], "little")


@given(animations())
@draws(30)
def test_a_decoder_written_from_the_specification_agrees(animation):
    frames, palette = animation
    shown = as_planned(painted(encode(frames, palette)), [duration for _, duration in frames])
    for picture, (pixels, _) in zip(shown, frames, strict=True):
        np.testing.assert_array_equal(picture, np.array(palette, np.uint8)[pixels])


@pytest.mark.parametrize("name", ["max", "ties"])
def test_both_decoders_show_the_same_figure(name):
    for gif in gifs(name):
        for (one, time), (other, its) in zip(painted(gif), decode(gif), strict=True):
            assert time == its
            np.testing.assert_array_equal(one, other)
