"""Layout: whatever is drawn lies inside the picture, apart from everything else, and is legible."""

from contextlib import contextmanager
from itertools import combinations

import numpy as np
import pytest
import torch
from figure_cases import CASES, case, convolution
from hypothesis import given
from hypothesis import strategies as st
from sweeps import draws
from torch import nn

from slidingwindows import slide
from slidingwindows.core.errors import SlidingWindowsError
from slidingwindows.core.text import MINUS, number
from slidingwindows.drawing.canvas import Canvas, _glyphs, text_width
from slidingwindows.drawing.forward import Drawing
from slidingwindows.drawing.grid import (
    LABEL_SIZE,
    MAX_PLANES,
    SMALLEST_FONT,
    TITLE_SIZE,
    cell_text,
    wrap,
)
from slidingwindows.drawing.style import MARGIN, WIDTH

inf, nan = float("inf"), float("nan")
VALUES = {
    "digits": lambda g, s: torch.randint(0, 10, s, generator=g).float(),
    "signed": lambda g, s: torch.randint(-99, 100, s, generator=g).float(),
    "normal": lambda g, s: torch.randn(s, generator=g),
    "large": lambda g, s: torch.randn(s, generator=g) * 3e7,
    "tiny": lambda g, s: torch.randn(s, generator=g) * 1e-6,
    "thousands": lambda g, s: torch.randint(-9999, 9999, s, generator=g).float(),
    "nan": lambda g, s: torch.where(torch.rand(s, generator=g) < 0.3, nan, 1.5),
    "infinite": lambda g, s: torch.where(torch.rand(s, generator=g) < 0.3, -inf, 7.0),
}


@st.composite
def traces(draw):
    """Traces of any module that a lesson might show, and of some that it should not."""
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    kind = draw(st.sampled_from(("max", "average", "convolution")))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    dilation = draw(st.sampled_from((1, 1, 2))) if kind != "average" else 1
    ceil, channels = draw(st.booleans()), draw(st.sampled_from((1, 1, 2, 3, 4, 12)))
    shape = [channels]
    for k, p in zip(kernel, padding, strict=True):
        least = max(1, dilation * (k - 1) + 1 - 2 * p)
        shape.append(draw(st.integers(least, max(least, 12))))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    x = VALUES[draw(st.sampled_from(sorted(VALUES)))](generator, shape)
    if kind == "max":
        module = nn.MaxPool2d(kernel, stride, padding, dilation, ceil_mode=ceil)
    elif kind == "average":
        module = nn.AvgPool2d(kernel, stride, padding, ceil, draw(st.booleans()))
    else:
        out, bias = draw(st.integers(1, 3)), draw(st.sampled_from((None, 0.5)))
        module = convolution(
            channels, out, kernel, bias=bias, stride=stride, padding=padding, dilation=dilation
        )
        if draw(st.booleans()):
            module.weight.data = torch.randn(module.weight.shape, generator=generator)
        return slide(module, x, channel=draw(st.integers(0, out - 1)))
    return slide(module, x, channel=draw(st.integers(0, channels - 1)))


@contextmanager
def written():
    """Collects (text, box of its ink) of all texts written meanwhile."""
    texts, draw = [], Canvas.text

    def watched(self, x, y, text, size, role="text", anchor="left", bold=False, mono=False):
        levels, dx, dy = _glyphs(text, size, bold, mono)
        width = text_width(text, size, bold, mono)
        left = x + dx - {"left": 0, "middle": width // 2, "right": width}[anchor]
        height, wide = levels.shape
        texts.append((text, (left, y + dy, left + wide, y + dy + height)))
        draw(self, x, y, text, size, role, anchor, bold, mono)

    Canvas.text = watched
    try:
        yield texts
    finally:
        Canvas.text = draw


def overlap(one, other) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def inside(box, height: int, width: int, margin: int = 0) -> bool:
    left, top, right, bottom = box
    return margin <= left and right <= width - margin and 0 <= top and bottom <= height


def check(trace, width: int = WIDTH) -> None:
    """Everything that is true of every figure."""
    with written() as texts:
        drawing = Drawing(trace, width)
    layout = drawing.layout
    panels = (*layout.inputs, *layout.kernels, layout.output)
    boxes = [p.box(p.first_row, p.first_col, p.rows, p.cols) for p in panels]
    sizes = drawing.sizes
    if layout.font_size:
        assert layout.font_size >= sizes.px(SMALLEST_FONT)
    else:
        assert drawing.shaded and all(panel.cell >= 2 for panel in panels)
    assert all(inside(box, layout.height, width, sizes.margin) for box in boxes)
    # Between the grids: not even a window's outline, two pixels wider, reaches the next.
    for one, other in combinations(boxes, 2):
        assert not overlap((one[0] - 2, one[1] - 2, one[2] + 2, one[3] + 2), other)

    signs_are_between(layout, boxes)

    in_cells = {box for panel in panels for box in cells(panel)}
    outside = [(t, b) for t, b in texts if not any(within(b, c) for c in in_cells)]
    assert {panel.label for panel in panels} <= {text for text, _ in outside}
    assert {sign for *_, sign in layout.operators} <= {text for text, _ in outside}
    for text, box in texts:
        assert inside(box, layout.height, width), f"{text!r} leaves the picture"
    for (text, box), (other, its) in combinations(outside, 2):
        assert not overlap(box, its), f"{text!r} runs into {other!r}"
    for text, box in outside:
        for panel_box in boxes:
            assert not overlap(box, panel_box), f"{text!r} runs into a grid"

    for planes, group in (
        (trace.planes, layout.inputs),
        (trace.weights, layout.kernels),
        ((trace.output,), (layout.output,)),
    ):
        for plane, panel in zip(planes, group, strict=True):
            for value in {v for row in plane for v in row}:
                shown, font = cell_text(value, layout.digits), drawing.font(panel)
                assert not font or text_width(shown, font) <= panel.cell - sizes.px(6)
                assert not font or font <= panel.cell - sizes.px(6)
                truthful(shown, value, layout.digits)

    for step in (trace.steps[0], trace.steps[len(trace.steps) // 2], trace.steps[-1]):
        with written() as texts:
            drawing.write(drawing.blank.copy(), drawing.words(step))
        assert all(inside(box, layout.height - sizes.px(8), width) for _, box in texts)
        for panel in layout.inputs:
            box = drawing.window_box(panel, drawing.start(step), step)
            assert inside(box, layout.height - sizes.px(8), width)


def signs_are_between(layout, boxes) -> None:
    """Each sign is level with the middles of the two things that it joins, or between them."""
    inputs, besides = len(layout.inputs), len(layout.kernels)
    for place, (x, y, sign) in enumerate(layout.operators):
        if place < besides:
            one, other = boxes[place], boxes[inputs + place]
        else:
            one = tuple(f(b[i] for b in boxes[:-1]) for i, f in enumerate((min, min, max, max)))
            other = boxes[-1]
        if sign == "↓":
            assert one[3] < y < other[1]
            continue
        assert one[2] < x < other[0]
        for box in (one, other):
            assert 0 <= (box[1] + box[3]) / 2 - y <= 1, sign


def cells(panel):
    for row in range(panel.first_row, panel.first_row + panel.rows):
        for col in range(panel.first_col, panel.first_col + panel.cols):
            yield panel.box(row, col)


def within(box, cell) -> bool:
    return cell[0] <= box[0] and cell[1] <= box[1] and box[2] <= cell[2] and box[3] <= cell[3]


def truthful(shown: str, value: float, digits: int) -> None:
    """What a cell says is the number, to the digits it shows."""
    if value != value or value in (inf, -inf):
        assert shown == number(value)
    elif shown == "≈0":
        assert value != 0 and abs(value) < 0.5001 * 10**-digits
    else:
        said = float(shown.replace(MINUS, "-"))
        assert (said == 0) == (value == 0)
        assert abs(said - value) <= max(0.5001 * 10**-digits, abs(value) * 0.006)


@pytest.mark.parametrize("name", CASES)
def test_cases(name):
    check(case(name))


@given(traces())
@draws(100)
def test_whatever_can_be_drawn_fits(trace):
    try:
        Drawing(trace)
    except SlidingWindowsError as error:
        assert error.context == trace.call
        assert "at most 4 input planes" in error.problem and len(trace.planes) > 4
        return
    check(trace)


SMALL = torch.arange(16.0).reshape(1, 4, 4)


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.MaxPool2d(2, stride=3, padding=1), (1, 4, 4)),
        (nn.MaxPool2d((2, 1), stride=(3, 1), padding=(1, 0)), (1, 5, 1)),
        (nn.MaxPool2d((1, 2), stride=(2, 3), padding=(0, 1)), (7, 6, 3)),
        (nn.AvgPool2d((1, 1), stride=(2, 1)), (1, 2, 1)),
        (nn.Conv2d(4, 2, (1, 3), padding=(0, 1)), (4, 2, 1)),
        (nn.Conv2d(12, 12, 1, groups=12), (12, 2, 2)),
        (nn.MaxPool2d(1), (1, 1, 1)),
    ],
)
def test_narrow_figures_with_legends(module, shape):
    generator = torch.Generator().manual_seed(1)
    if isinstance(module, nn.Conv2d):
        module.weight.data = torch.ones_like(module.weight)
        module.bias.data = torch.zeros_like(module.bias)
    check(slide(module, torch.randint(0, 9, shape, generator=generator).float()))


@pytest.mark.parametrize("channels", [1, 3])
def test_an_input_of_shades_is_level_with_a_kernel_that_is_taller(channels):
    module = nn.Conv2d(channels, 1, (2, 1), bias=False)
    module.weight.data = torch.tensor([2.0, 4]).reshape(1, 1, 2, 1).repeat(1, channels, 1, 1)
    trace = slide(
        module, torch.tensor([46229884.0, -8802867]).reshape(1, 2, 1).repeat(channels, 1, 1)
    )
    layout = Drawing(trace).layout
    assert not layout.font_size
    for plane, kernel in zip(layout.inputs, layout.kernels, strict=True):
        assert plane.rows * plane.cell < kernel.rows * kernel.cell
    check(trace)


def test_long_titles_wrap_and_stay_whole():
    module = nn.AvgPool2d(
        (3, 2), (2, 1), (1, 1), ceil_mode=True, count_include_pad=False, divisor_override=7
    )
    trace = slide(module, SMALL)
    layout = Drawing(trace).layout
    assert len(layout.title) >= 3
    assert " ".join(layout.title).replace("\N{NO-BREAK SPACE}", " ") == trace.call
    assert all(
        text_width(line, TITLE_SIZE, mono=True) <= WIDTH - 2 * MARGIN for line in layout.title
    )
    assert all(line.count("(") <= line.count(")") + 1 for line in layout.title)
    assert not any(line.endswith(("(3,", "(2,", "(1,")) for line in layout.title)
    check(trace)


@given(st.text(alphabet="abc 12=(,)", max_size=300))
@draws(60)
def test_wrap_keeps_every_word(text):
    lines = wrap(text, LABEL_SIZE)
    assert " ".join(lines).split() == text.split()
    for line in lines:
        assert text_width(line, LABEL_SIZE) <= WIDTH - 2 * MARGIN or " " not in line.strip()


def test_results_stay_beside_their_sign():
    drawing = Drawing(slide(nn.MaxPool2d(5, stride=1), torch.arange(81.0).reshape(1, 9, 9)))
    for step in drawing.trace.steps:
        assert drawing.words(step)[-1].rpartition("=")[2].strip() == number(step.value)


def test_questions_do_not_hold_the_answer():
    trace = case("average of integers")
    drawing = Drawing(trace)
    with written() as texts:
        drawing.look(drawing.blank.copy(), 0)
    said = " ".join(text for text, _ in texts).replace("\N{NO-BREAK SPACE}", " ")
    assert said.endswith(") / 4 = ?") and "integers" not in said


def widths():
    """Each case at both ends, and at one of the widths between, which all take their turn."""
    between = (480, 641, 1280)
    return [
        (name, width) for turn, name in enumerate(CASES) for width in (320, between[turn % 3], 1920)
    ]


@pytest.mark.parametrize(("name", "width"), widths())
def test_every_width(name, width):
    try:
        Drawing(case(name), width)
    except SlidingWindowsError as error:
        # Four planes beside each other, or 64 columns and their output, on a phone's width.
        assert width == 320 and "too large for a figure 320 pixels wide" in error.problem
        assert name in ("smallest cells",)
        return
    check(case(name), width)


@pytest.mark.parametrize("width", [0, 319, 1921, 640.0, True, "640"])
def test_widths_that_are_none(width):
    with pytest.raises(SlidingWindowsError, match="from 320 to 1920 pixels wide"):
        Drawing(case("max"), width)


def refused(module, x, width: int = WIDTH) -> str:
    trace = slide(module, x)
    with pytest.raises(SlidingWindowsError) as caught:
        Drawing(trace, width)
    assert trace.call in str(caught.value)
    return caught.value.problem


def test_too_much_is_refused_in_clear_words():
    assert refused(nn.MaxPool2d(5), torch.zeros(1, 65, 5)) == (
        "a figure draws inputs of up to 64×64 (with numbers about 16×16), not 65×5"
    )
    channels = torch.zeros(MAX_PLANES + 1, 3, 3)
    assert f"at most {MAX_PLANES} input planes" in refused(
        nn.Conv2d(MAX_PLANES + 1, 1, 2), channels
    )


def test_numbers_up_to_16_by_16_and_shades_beyond():
    digits = torch.arange(18 * 18).remainder(10).float().reshape(1, 18, 18)
    drawing = Drawing(slide(nn.MaxPool2d(2), digits[:, :16, :16]))
    assert not drawing.shaded and drawing.layout.font_size >= SMALLEST_FONT
    wide = Drawing(slide(nn.MaxPool2d(2), digits[:, :16, :16] * 25))  # as bytes of a photo
    assert not wide.shaded and wide.layout.font_size >= SMALLEST_FONT
    large = Drawing(slide(nn.MaxPool2d(2), torch.zeros(1, 20, 20)))
    assert large.shaded and large.layout.font_size == 0


@pytest.mark.parametrize(
    ("module", "side"),
    [(nn.MaxPool2d(2, 2), n) for n in (4, 6, 8, 10, 12)] + [(nn.MaxPool2d(2, 1), 8)],
)
def test_type_is_large_enough_on_a_phone(module, side):
    """A phone shows 640 pixels at about 350: 18 of them become 10."""
    digits = torch.arange(side * side).remainder(10).float().reshape(1, side, side)
    assert Drawing(slide(module, digits)).layout.font_size >= 18


def test_numbers_too_long_for_their_cells_become_shades():
    tiny = Drawing(slide(nn.AvgPool2d(2), torch.full((1, 8, 8), -1.234e-20)))
    assert tiny.shaded
    assert ("ramp", "input and output all −1.23e−20") in tiny._shade_legend()


def test_the_longest_animations():
    """256 windows are all shown; of 257, every second one, and the last."""
    whole = Drawing(slide(nn.MaxPool2d(1), torch.zeros(1, 16, 16)))
    assert whole.shown() == list(range(256)) and not whole.many
    thinned = Drawing(slide(nn.MaxPool2d(1), torch.zeros(1, 1, 64).repeat(1, 5, 1)))
    assert len(thinned.trace.steps) == 320 and thinned.many
    assert thinned.shown() == list(range(1, 320, 2))
    assert thinned.words(thinned.steps[1])[0].startswith("window 2 of 320: ")
    check(thinned.trace)


@pytest.mark.parametrize("size", range(SMALLEST_FONT, 27))
@pytest.mark.parametrize("text", ["0", "8", "888"])
def test_digits_stand_in_the_middle_of_their_cell(text, size):
    canvas = Canvas(61, 61)
    canvas.centred((0, 0, 61, 61), text, size)
    rows, cols = canvas.pixels.any(1).nonzero()[0], canvas.pixels.any(0).nonzero()[0]
    assert abs(rows[0] - (60 - rows[-1])) <= 2 and abs(cols[0] - (60 - cols[-1])) <= 2


@pytest.mark.parametrize("corner", [0, 1])
def test_letters_may_touch_the_edges(corner):
    """And are as they are elsewhere."""
    free = Canvas(80, 60)
    free.text(20, 40, "H", 30, "text")
    rows, cols = (free.pixels != free.pixels[0, 0]).nonzero()
    canvas = Canvas(80, 60)
    canvas.text(corner, 40 - rows.min() + corner, "H", 30, "text")  # the pen at the left edge
    found = (canvas.pixels != canvas.pixels[-1, -1]).nonzero()
    assert found[0].min() == corner and np.array_equal(found[0], rows - rows.min() + corner)
    assert np.array_equal(found[1], cols - 20 + corner)
