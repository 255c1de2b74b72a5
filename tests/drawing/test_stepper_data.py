"""The stepper's data: the numbers, places and words of the trace, for every kind of window."""

import inspect
import json

import pytest
import torch
from figure_cases import CASES, case, convolution
from torch import nn

from slidingwindows import slide
from slidingwindows.core.text import number
from slidingwindows.core.trace import Trace
from slidingwindows.drawing.animation import animate, durations, item_steps, scene_of
from slidingwindows.drawing.canvas import Canvas, text_width
from slidingwindows.drawing.forward import Drawing
from slidingwindows.drawing.grid import cell_text
from slidingwindows.drawing.painter import Painter
from slidingwindows.drawing.stepper import LOOKS, Record, figure_data, script
from slidingwindows.drawing.style import THEMES
from slidingwindows.tracing.route import route
from slidingwindows.words.trace import transcript
from slidingwindows.words.transfer import transcript as transfer_transcript

IMAGE = torch.randint(0, 10, (1, 4, 4), generator=torch.Generator().manual_seed(4)).float()


def _pooled():
    values, places = nn.MaxPool2d(2, return_indices=True)(IMAGE)
    return slide(nn.MaxUnpool2d(2), values, indices=places)


TRANSFERS = {
    "unfold": lambda: slide(nn.Unfold(2, padding=(1, 0)), IMAGE),
    "fold": lambda: slide(nn.Fold((3, 3), 2), torch.arange(16.0).reshape(4, 4)),
    "gradient max": lambda: route(nn.MaxPool2d(2, 1), IMAGE),
    "gradient convolution": lambda: route(convolution(1, 1, 3), IMAGE),
    "unpool": _pooled,
}
EVERY = [*CASES, *TRANSFERS]


def item(name):
    return TRANSFERS[name]() if name in TRANSFERS else case(name)


def words(thing):
    return transcript(thing) if hasattr(thing, "steps") else transfer_transcript(thing)


def data_of(thing) -> dict:
    """What arrives in a browser."""
    text = script(thing, "a-figure", words(thing))
    head = 'SlidingWindows.figure("a-figure",'
    assert text.startswith(head) and text.endswith(");\n") and text.count("\n") == 1
    return json.loads(text[len(head) : -3])


def places(data):
    """(panel, row, column) of each cell number."""
    found = []
    for panel, (_, _, rows, cols, _, top, left, *_) in enumerate(data["panels"]):
        found += [(panel, r + top, c + left) for r in range(rows) for c in range(cols)]
    return found


@pytest.mark.parametrize("name", EVERY)
def test_each_step_has_the_transcripts_sentence(name):
    thing = item(name)
    data, lines = data_of(thing), words(thing)
    sentences = [step[0] for step in data["steps"]]
    assert len(sentences) == len(item_steps(thing))
    assert sentences == lines[-len(sentences) - 1 : -1] and lines[-1].startswith(("Out", "Grad"))
    for sentence, step in zip(sentences, item_steps(thing), strict=True):
        assert step.arithmetic in sentence


@pytest.mark.parametrize("name", CASES)
def test_reads_and_winners_are_the_traces(name):
    trace = case(name)
    data = data_of(trace)
    where, shaded = places(data), Drawing(trace).shaded
    for step, (_, _, reads, looks, _, written, *_) in zip(trace.steps, data["steps"], strict=True):
        found = {where[n] for n in reads} | {where[n] for some in looks.values() for n in some}
        assert found == {(tap.plane, tap.row, tap.col) for tap in step.taps}
        won = [where[n] for look, some in looks.items() if look in "kK" for n in some]
        if step.winner is not None and not shaded:
            tap = step.taps[step.winner]
            assert won == [(tap.plane, tap.row, tap.col)]
        assert [where[n][1:] for n, *_ in written] == [step.output]


@pytest.mark.parametrize("name", CASES)
def test_an_answer_is_bold_where_bold_type_fits(name):
    """As in the GIF; where it does not, the step says so."""
    trace = case(name)
    scene = Drawing(trace)
    panel = scene.layout.output
    for step in data_of(trace)["steps"]:
        [[_, text, *look]] = step[5]
        if not scene.shaded:
            room = panel.cell - scene.px(4)
            fits = text_width(text, scene.font(panel), bold=True) <= room
            assert look == ([] if fits else ["f"])


class Dashed(Canvas):
    """Keeps the frames of dashes that it is told to draw."""

    def __init__(self, width, height):
        super().__init__(width, height)
        self.frames = []

    def dashed(self, box, role, width, dash=8):
        self.frames.append(["d", *box, role, width, dash])


def test_dashes_are_as_long_as_in_the_gif():
    """Those of a frame, and the shorter ones of its swatch in the legend."""
    scene = scene_of(case("past the edge"))
    canvas = Dashed(scene.sizes.width, scene.layout.height)
    scene.draw_blank(canvas)
    shapes = data_of(case("past the edge"))["shapes"]
    assert [shape for shape in shapes if shape[0] == "d"] == canvas.frames
    assert len({frame[-1] for frame in canvas.frames}) == 2


def test_some_answers_fit_only_in_plain_type():
    looks = [step[5][0][2:] for name in CASES for step in data_of(case(name))["steps"]]
    assert [] in looks and ["f"] in looks


@pytest.mark.parametrize("name", CASES)
def test_cells_are_the_traces_numbers(name):
    trace = case(name)
    data, scene = data_of(trace), Drawing(trace)
    for plane, values in enumerate(trace.planes):
        texts = data["numbers" if scene.shaded else "values"][plane].split(" ")
        cols = data["panels"][plane][3]
        for row, line in enumerate(values):
            for col, value in enumerate(line):
                shown = number(value) if scene.shaded else cell_text(value, scene.layout.digits)
                assert texts[row * cols + col] == shown
    for step, made in zip(trace.steps, data["steps"], strict=True):
        shown = str(scene.level("output", step.value)) if scene.shaded else None
        shown = shown or cell_text(step.value, scene.layout.digits)
        assert made[5][0][1] == shown or step.value != step.value


@pytest.mark.parametrize("name", TRANSFERS)
def test_targets_are_the_transfers(name):
    transfer = item(name)
    data, digits = data_of(transfer), scene_of(transfer).layout.digits
    where, last = places(data), {}
    for step in data["steps"]:
        last |= {where[n][1:]: text for n, text in step[5]}
    before = dict(zip(where, " ".join(data["values"]).split(" "), strict=True))
    for row, line in enumerate(transfer.target):
        for col, value in enumerate(line):
            text = last.get((row, col), before[len(data["panels"]) - 1, row, col])
            assert text == cell_text(value, digits)


class Counting(Canvas):
    """Keeps the texts that a real canvas is told to write."""

    def __init__(self, width, height):
        super().__init__(width, height)
        self.texts = []

    def text(self, x, y, text, *arguments, **options):
        self.texts.append(text)
        super().text(x, y, text, *arguments, **options)


@pytest.mark.parametrize("name", EVERY)
def test_nothing_that_the_gif_says_is_missing(name):
    thing = item(name)
    data, scene = data_of(thing), scene_of(thing)
    canvas = Counting(scene.sizes.width, scene.layout.height)
    scene.draw_blank(canvas)
    written = zip(data["panels"], data["values"], strict=True)
    said = " ".join(values for panel, values in written if panel[8]).split(" ")  # not shades
    said += [text[2] for text in data["texts"]]
    assert sorted(filter(None, said)) == sorted(filter(None, canvas.texts))
    assert data["opening"] == scene.opening_words() and data["closing"] == scene.closing_words()
    for n, step in enumerate(data["steps"]):
        assert step[1] == scene.words(item_steps(thing)[n])


@pytest.mark.parametrize("name", EVERY)
def test_windows_are_shown_before_their_answers_as_in_the_gif(name):
    thing = item(name)
    data, scene = data_of(thing), scene_of(thing)
    _, look, _ = durations(len(scene.shown()))
    before = " ".join(data["values"]).split(" ")
    for n, step in enumerate(data["steps"]):
        assert len(step) == (7 if look else 6)
        if not look:
            continue
        lines, looks, shapes, asked = step[6]
        canvas = Counting(scene.sizes.width, scene.layout.height)
        scene.look(canvas, n)
        said = [before[cell] for some in looks.values() for cell in some if not scene.shaded]
        assert sorted([*lines, *said, *(text for _, text, _ in asked)]) == sorted(canvas.texts)
        marked = [] if scene.shaded else [cell for some in looks.values() for cell in some]
        answered = sorted(cell for some in step[3].values() for cell in some)
        assert sorted(marked) == answered
        assert shapes and len(set(marked)) == len(marked)
        if isinstance(thing, Trace) and not scene.shaded:
            assert set(looks) == {"w"}, "no winner before the answer"
            assert asked == [[step[5][0][0], "?", "Z"]]


@pytest.mark.parametrize("name", EVERY)
def test_the_tempo_is_the_gifs(name):
    thing = item(name)
    opening, glide, look, answer, closing = data_of(thing)["tempo"]
    count = len(scene_of(thing).shown())
    whole = opening + count * (look + answer) + (count - 1) * glide + closing
    assert whole == sum(milliseconds for _, milliseconds in animate(thing))


@pytest.mark.parametrize("name", EVERY)
def test_the_same_bytes_each_time(name):
    thing = item(name)
    assert script(thing, "x", words(thing)) == script(item(name), "x", words(thing))


def test_every_look_is_made_of_roles():
    roles = {role for pair in LOOKS for role in pair}
    assert all(theme.rgb(role) for theme in THEMES.values() for role in roles)


def test_long_tours_are_played_in_strides_and_stepped_one_by_one():
    trace = slide(nn.MaxPool2d(3, 1), torch.rand(1, 30, 30))
    data = figure_data(trace, transcript(trace))
    assert len(data["steps"]) == 784 and data["every"] == 4


@pytest.mark.parametrize("kind", [Canvas, Record])
def test_whoever_paints_takes_all_that_a_figure_asks(kind):
    asked = {name: value for name, value in vars(Painter).items() if not name.startswith("_")}
    assert len(asked) > 7
    for name, method in asked.items():
        assert inspect.signature(getattr(kind, name)) == inspect.signature(method), name


def test_a_record_leaves_the_figure_as_it_is():
    """What is recorded is what the figure itself paints: none of its methods is another one."""
    drawing = Drawing(case("max"))
    before, pixels = set(vars(drawing)), drawing.blank.pixels.copy()
    record = Record([*drawing.layout.inputs, drawing.layout.output])
    drawing.draw_blank(record)
    drawing.answer(record, 0)
    assert record.cells and set(vars(drawing)) == before
    again = Canvas(drawing.sizes.width, drawing.layout.height)
    drawing.draw_blank(again)
    bar = drawing.layout.height - drawing.px(8)
    assert (again.pixels[:bar] == pixels[:bar]).all()
