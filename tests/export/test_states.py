"""The states of figures without windows: the GIF's pictures on one sheet, their time and words."""

import io

import numpy as np
import pytest
import torch
from figure_cases import decode
from PIL import Image
from torch import nn

from slidingwindows import funnel, receptive_field
from slidingwindows.drawing import funnel as funnel_figure
from slidingwindows.drawing import receptive as receptive_figure
from slidingwindows.drawing.receptive import GLIDE
from slidingwindows.export.render import render
from slidingwindows.export.still import sheet, states_of, stills_of
from slidingwindows.lesson import show


def network():
    torch.manual_seed(2)
    layers = nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 3, 3)
    return nn.Sequential(*layers)


CASES = {
    "funnel": lambda: funnel(network(), torch.rand(1, 20, 20)),
    "field": lambda: receptive_field(network(), (1, 20, 20)),
    "one layer": lambda: receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3)), (1, 9, 9)),
    "many layers": lambda: receptive_field(
        nn.Sequential(*(nn.Conv1d(1, 1, 2) for _ in range(110))), (1, 130)
    ),
}
every_case = pytest.mark.parametrize("name", CASES)


def moving(item):
    return (receptive_figure if hasattr(item, "layers") else funnel_figure).animate(item)


@every_case
def test_states_are_all_pictures_but_those_on_their_way_and_take_as_long(name):
    item = CASES[name]()
    pictures = [(canvas.pixels, lasts) for canvas, lasts in moving(item)]
    shown = [(pixels, lasts) for pixels, lasts in pictures if lasts != GLIDE]
    states = states_of(item)
    assert len(states) == len(shown)
    for (canvas, lasts, _), (pixels, alone) in zip(states, shown, strict=True):
        np.testing.assert_array_equal(canvas.pixels, pixels)
        assert lasts - alone in (0, 2 * GLIDE)
    assert sum(lasts for _, lasts, _ in states) == sum(lasts for _, lasts in pictures)


def test_of_many_layers_none_is_left_out():
    """They go by so fast that each lasts hardly longer than a picture on its way."""
    item = CASES["many layers"]()
    assert len(states_of(item)) == 1 + 110 + len(("measured", "effective", "all sizes"))
    assert len(stills_of(item, most=200)) == 114


def test_a_funnels_sentences_name_layers_sizes_and_costs():
    item = CASES["funnel"]()
    said = [sentence for *_, sentence in states_of(item)]
    assert said[0] == "The input: 1 map of 20×20."
    layers = item.stages[1:3]
    assert said[1] == (
        "Conv2d, ReLU each gives 2 maps of 18×18; in all 20 parameters; "
        f"{layers[0].macs + layers[1].macs:,} multiply-accumulates; sees 3×3."
    )
    assert said[2].startswith(f"{item.stages[3].call} gives 2 maps of 9×9; no parameters; ")
    last = f"{item.parameters:,} parameters, {item.macs:,} multiply-accumulates."
    for turn, sentence in enumerate(said[-3:], 1):
        assert sentence.startswith(
            f"Other channels in front, turn {turn} of 3. From 1 map of 20×20 "
        )
        assert sentence.endswith(last)


def test_a_receptive_fields_sentences_are_the_transcripts_and_all_sizes():
    item = CASES["field"]()
    made = render(show(item, "figure").data)
    said = [sentence for *_, sentence in states_of(item)]
    spoken = [line for line in made.transcript if "element-wise" not in line]
    assert said == [*spoken, "Layer by layer: 1 → 3 → 4 → 8."]


@pytest.mark.parametrize("name", ["funnel", "field", "one layer"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sheet_holds_the_gifs_pictures_in_order(name, theme):
    made = render(show(CASES[name](), "figure").data)
    states, (width, height) = made.states, (made.width, made.height)
    whole = Image.open(io.BytesIO(made.files[f"figure.{theme}.states.png"]))
    columns = min(8, len(states))
    assert whole.size == (columns * width, -(-len(states) // columns) * height)
    shown = np.array(whole.convert("RGB"))
    stored = [rgb for rgb, lasts in decode(made.files[f"figure.{theme}.gif"]) if lasts > GLIDE]
    assert len(stored) == len(states)
    for number, picture in enumerate(stored):
        top, left = number // columns * height, number % columns * width
        np.testing.assert_array_equal(shown[top : top + height, left : left + width], picture)
    assert made.longest in [sentence for _, sentence in states]
    assert max(len(sentence) for _, sentence in states) == len(made.longest)


@pytest.mark.parametrize(
    ("count", "size"), [(1, (3, 2)), (8, (24, 2)), (9, (24, 4)), (17, (24, 6))]
)
def test_a_sheet_has_eight_states_in_a_row(count, size):
    pictures = [np.full((2, 3), number + 1, np.uint8) for number in range(count)]
    whole = sheet(pictures)
    assert whole.shape == size[::-1]
    cells = whole.reshape(size[1] // 2, 2, -1, 3).swapaxes(1, 2).reshape(-1, 6)
    blank = len(cells) - count
    assert cells.tolist() == [[n + 1] * 6 for n in range(count)] + [[0] * 6] * blank
