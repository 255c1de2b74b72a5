"""What lessons/every-way-back.py says of its figures, from torch."""

import torch
from claims import Claims, shown, sizes_in_captions
from torch import nn

from slidingwindows import Trace, Transfer, slide
from slidingwindows.drawing import Drawing
from slidingwindows.layout import MAX_SIDE

NAME = "every-way-back"
ALL = shown(NAME)
FIGURES = {n: f for n, f in ALL.items() if isinstance(f[0], Trace | Transfer)}


def item(name):
    return ALL[name][0]


def numbers(side: int) -> bool:
    """Whether a figure of this size holds numbers."""
    x = torch.randint(0, 10, (1, side, side)).float()
    return Drawing(slide(nn.MaxPool2d(2), x)).layout.font_size > 0


def test_every_number_in_the_prose():
    lesson = Claims(NAME)
    lesson.says("up to 64×64, they hold shades", MAX_SIDE == 64)
    lesson.says("Up to about 16×16 the cells hold numbers", numbers(16) and not numbers(20))
    lesson.complete()


def test_captions_tell_the_sizes():
    sizes_in_captions(FIGURES)


def test_networks():
    field, funnel = item("every-receptive-field"), item("every-funnel")
    assert set(ALL) - set(FIGURES) == {"every-receptive-field", "every-funnel"}
    assert field.input_shape == (1, 24, 24) and "24×24" in ALL["every-receptive-field"][1]
    assert funnel.stages[0].shape == (1, 32, 32) and "32×32" in ALL["every-funnel"][1]
    assert tuple(stage.shape for stage in funnel.stages)[-1] == (8, 6, 6)


def test_what_the_captions_claim():
    unfolded = item("every-unfold")
    assert (len(unfolded.target), len(unfolded.target[0]), len(unfolded.moves)) == (4, 9, 9)
    averages = {w.amount for move in item("every-gradient-average").moves for w in move.writes}
    assert averages == {0.25}
    maxima = item("every-gradient-max")
    assert all(len(move.writes) == 1 for move in maxima.moves)
    assert max(v for row in maxima.target for v in row) > 1, "overlaps add up, as the text says"
    folded = [len(move.writes) for move in item("every-fold").moves]
    assert sum(folded) > 16, "windows overlap"
