"""What lessons/every-window.py says of its figures, from torch."""

import re

import pytest
import torch
from claims import LESSONS, Claims

from slidingwindows import Trace, Transfer
from slidingwindows.layout import MAX_SIDE
from slidingwindows.lessons import read
from slidingwindows.operations import TRACERS

NAME = "every-window"
SHOW = re.compile(r'show\((.*), "(every-[\w-]+)", "(.*)"\)\s*$')


def executed() -> dict[str, tuple[object, str]]:
    """Each figure's value object and caption, by running the page's cells here."""
    found, names = {}, {}
    for cell in read(LESSONS / f"{NAME}.py").code:
        lines = cell.source.strip().split("\n")
        match = SHOW.match(lines[-1])
        exec("\n".join(lines[:-1] if match else lines), names)
        if match:
            found[match.group(2)] = eval(match.group(1), names), match.group(3)
    return found


ALL = executed()
FIGURES = {n: f for n, f in ALL.items() if isinstance(f[0], Trace | Transfer)}


def item(name):
    return FIGURES[name][0]


def test_every_number_in_the_prose():
    lesson = Claims(NAME)
    lesson.labels("MaxPool2d", "AvgPool2d", "LPPool2d", "FractionalMaxPool2d")
    lesson.says("up to 64×64, they hold shades", MAX_SIDE == 64)
    lesson.says("Up to about 16×16 the cells hold numbers", numbers(16) and not numbers(20))
    lesson.complete()


def numbers(side: int) -> bool:
    """Whether a figure of this size holds numbers."""
    from torch import nn

    from slidingwindows import slide
    from slidingwindows.drawing import Drawing

    x = torch.randint(0, 10, (1, side, side)).float()
    return Drawing(slide(nn.MaxPool2d(2), x)).layout.font_size > 0


def test_every_module_that_slides_has_a_figure():
    families = {re.sub(r"[123]d$", "", kind.__name__) for kind in TRACERS}
    shown = {re.sub(r"[123]d$", "", figure.operation) for figure, _ in FIGURES.values()}
    assert families == shown
    assert {figure.dims for figure, _ in FIGURES.values()} == {1, 2, 3}


@pytest.mark.parametrize("name", FIGURES)
def test_captions_tell_the_sizes(name):
    figure, caption = FIGURES[name]
    assert isinstance(figure, Trace | Transfer)
    sizes = {tuple(figure.input_shape[-2:]), tuple(figure.output_shape[-2:])}
    rows, cols = figure.geometry.rows, figure.geometry.cols
    sizes |= {(rows.kernel_size, cols.kernel_size), figure.geometry.output_shape}
    told = {(int(a), int(b)) for a, b in re.findall(r"(\d+)×(\d+)", caption)}
    assert told <= sizes, caption


def test_networks():
    field, funnel = ALL["every-receptive-field"][0], ALL["every-funnel"][0]
    assert set(ALL) - set(FIGURES) == {"every-receptive-field", "every-funnel"}
    assert field.input_shape == (1, 24, 24) and "24×24" in ALL["every-receptive-field"][1]
    assert funnel.stages[0].shape == (1, 32, 32) and "32×32" in ALL["every-funnel"][1]
    assert tuple(stage.shape for stage in funnel.stages)[-1] == (8, 6, 6)


def test_what_the_captions_claim():
    ties = [step for step in item("every-max-padding").steps if step.ties]
    assert ties, "a tie, as the caption promises"
    assert len(item("every-untouched").geometry.untouched()) > 0
    assert item("every-dropped").geometry.rows.dropped
    assert item("every-dropped").geometry.rows._naive(True) == 3
    ceil = item("every-ceil-mode").geometry.rows
    assert ceil.spans[-1][1] > ceil.size
    widths = {stop - start for start, stop in item("every-adaptive-average").geometry.cols.spans}
    assert widths == {2, 3}
    spans = item("every-signal-adaptive").geometry.cols.spans
    assert sum(one[1] > other[0] for one, other in zip(spans, spans[1:], strict=False)) == 2
    assert item("every-signal").geometry.untouched() == {(0, 9)}
    assert item("every-groups").channels == (1,) and item("every-groups").channel == 1
    assert item("every-two-channels").channels == (0, 1)
    assert item("every-same-dilation").geometry.rows.padding == (2, 2)
    length = item("every-signal-convolution")
    assert length.input_shape[-1] == length.output_shape[-1]
    assert item("every-volume").depth_index == 1
    assert item("every-transposed").output_shape == (1, 5, 5)
    reach = item("every-fractional").geometry.rows.starts
    assert len({b - a for a, b in zip(reach, reach[1:], strict=False)}) > 1
    unfolded = item("every-unfold")
    assert (len(unfolded.target), len(unfolded.target[0]), len(unfolded.moves)) == (4, 9, 9)
    averages = {w.amount for move in item("every-gradient-average").moves for w in move.writes}
    assert averages == {0.25}
    maxima = item("every-gradient-max")
    assert all(len(move.writes) == 1 for move in maxima.moves)
    assert max(v for row in maxima.target for v in row) > 1, "overlaps add up, as the text says"
    folded = [len(move.writes) for move in item("every-fold").moves]
    assert sum(folded) > 16, "windows overlap"


def test_a_growing_power_comes_close_to_the_maximum():
    from torch import nn

    x = torch.randint(0, 10, (1, 4, 4), generator=torch.Generator().manual_seed(9)).double()
    largest = nn.MaxPool2d(2)(x)
    gaps = [float((nn.LPPool2d(p, 2)(x) - largest).abs().max()) for p in (1, 2, 4, 8, 16, 64)]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 0.2 < gaps[0]
