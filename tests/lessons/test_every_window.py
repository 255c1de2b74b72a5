"""What lessons/every-window.py says of its figures, from torch."""

import re

import torch
from claims import Claims, shown, sizes_in_captions
from torch import nn

from slidingwindows.operations import TRACERS

NAME = "every-window"
FIGURES = shown(NAME)
ELSEWHERE = {"MaxUnpool", "Unfold", "Fold"}  # on the page of ways back


def item(name):
    return FIGURES[name][0]


def test_every_number_in_the_prose():
    lesson = Claims(NAME)
    lesson.labels("MaxPool2d", "AvgPool2d", "LPPool2d", "FractionalMaxPool2d")
    lesson.complete()


def test_every_module_that_slides_has_a_figure():
    families = {re.sub(r"[123]d$", "", kind.__name__) for kind in TRACERS}
    forwards = {re.sub(r"[123]d$", "", figure.operation) for figure, _ in FIGURES.values()}
    assert families == forwards | ELSEWHERE
    assert {figure.dims for figure, _ in FIGURES.values()} == {1, 2, 3}


def test_captions_tell_the_sizes():
    sizes_in_captions(FIGURES)


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


def test_a_growing_power_comes_close_to_the_maximum():
    x = torch.randint(0, 10, (1, 4, 4), generator=torch.Generator().manual_seed(9)).double()
    largest = nn.MaxPool2d(2)(x)
    gaps = [float((nn.LPPool2d(p, 2)(x) - largest).abs().max()) for p in (1, 2, 4, 8, 16, 64)]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 0.2 < gaps[0]
