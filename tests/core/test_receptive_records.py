"""A receptive field and a figure's kind as records: what they say, keep and refuse."""

from __future__ import annotations

import copy
import json

import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError, funnel, slide
from slidingwindows.core import figures
from slidingwindows.core.figures import kind_name, restored
from slidingwindows.core.geometry import Axis
from slidingwindows.core.reach import Reach, Windows
from slidingwindows.core.receptive import FieldLayer, ReceptiveField, padding_text

# Rows by columns: 2×3 elements with padding, each element alone, then 2×1 with a stride of 2 rows.
DATA = {
    "input_shape": [1, 6, 5],
    "layers": [
        {
            "call": "one",
            "fill": "circular",
            "axes": [[6, 2, 1, [0, 1], 1, False], [5, 3, 1, [1, 1], 1, False]],
            "reaches": [[2, 1, 0.5], [3, 1, 0.0]],
        },
        {
            "call": "two",
            "fill": "zeros",
            "axes": [[6, 1, 1, [0, 0], 1, False], [5, 1, 1, [0, 0], 1, False]],
            "reaches": [[2, 1, 0.5], [3, 1, 0.0]],
        },
        {
            "call": "three",
            "fill": "zeros",
            "axes": [[6, 2, 2, [1, 1], 3, True], [5, 1, 1, [0, 0], 1, False]],
            "reaches": [[5, 2, 1.0], [3, 1, 0.0]],
        },
    ],
    "output": [1, 2],
    "chosen": [[1, 2], [1, 2], [1, 2]],
    "measured": [[1, 2, 4, 5], [1, 2, 3]],
    "effective": [[0, 255], [3, 4]],
    "half": 4,
}
FIELD = ReceptiveField(
    input_shape=(1, 6, 5),
    layers=(
        FieldLayer(
            "one",
            Windows((Axis(6, 2, 1, (0, 1)), Axis(5, 3, 1, (1, 1))), "circular"),
            (Reach(2, 1, 0.5), Reach(3, 1, 0.0)),
        ),
        FieldLayer(
            "two", Windows((Axis(6, 1, 1), Axis(5, 1, 1))), (Reach(2, 1, 0.5), Reach(3, 1, 0.0))
        ),
        FieldLayer(
            "three",
            Windows((Axis(6, 2, 2, (1, 1), 3, True), Axis(5, 1, 1))),
            (Reach(5, 2, 1.0), Reach(3, 1, 0.0)),
        ),
    ),
    output=(1, 2),
    chosen=((1, 2), (1, 2), (1, 2)),
    measured=((1, 2, 4, 5), (1, 2, 3)),
    effective=((0, 255), (3, 4)),
    half=4,
)
TABLE = """\
layer  output  kernel  stride  padding  dilation  jump  receptive field  first centre
input     6×5                                        1                1             0
one       6×5     2×3       1    0+1×1         1     1              2×3         0.5×0
two       6×5                                        1              2×3         0.5×0
three     3×5     2×1     2×1      1×0       3×1   2×1              5×3           1×0"""


def test_a_field_is_kept_as_plain_data_and_comes_back():
    assert FIELD.to_dict() == DATA and json.loads(json.dumps(DATA)) == DATA
    back = ReceptiveField.from_dict(DATA)
    assert back == FIELD and back.layers[2].windows.axes[0].ceil_mode is True


def test_what_a_field_says_is_that_of_its_last_layer():
    assert FIELD.reaches == FIELD.layers[2].reaches
    assert (FIELD.size, FIELD.jump, FIELD.centre) == ((5, 3), (2, 1), (3.0, 2.0))
    assert FIELD.measured_box == ((1, 5), (1, 3))
    assert [layer.plain for layer in FIELD.layers] == [False, True, False]
    assert [(layer.sees(), layer.jump()) for layer in FIELD.layers] == [
        *(("2×3", "1"), ("2×3", "1"), ("5×3", "2×1"))
    ]
    assert FIELD.table() == TABLE
    # Of the rows 1 and 2 the one nearest the middle, 3; of the columns 1 to 3 the one in it.
    assert FIELD.views() == [
        *(((2, 2), (2, 2)), ((1, 2), (1, 3)), ((1, 2), (1, 3)), ((1, 5), (1, 3)))
    ]


def test_of_two_elements_as_near_the_middle_the_first_is_drawn():
    layer = FieldLayer("one", Windows((Axis(6, 2, 2),)), (Reach(2, 2, 0.5),))
    for output, own in ((0, 0), (2, 4)):
        field = ReceptiveField((1, 6), (layer,), (output,), ((output,),), ((0,),), (), 0)
        assert field.views() == [((own, own),), ((own, own + 1),)]


def test_padding_is_said_once_if_it_is_the_same_everywhere():
    for pads, text in (
        ([(1, 1)], "1"),
        ([(0, 0), (0, 0)], "0"),
        ([(1, 1), (2, 2)], "1×2"),
        ([(0, 1), (0, 1)], "0+1"),
        ([(0, 1), (1, 1), (2, 0)], "0+1×1×2+0"),
    ):
        assert padding_text([Axis(8, 3, 1, pad) for pad in pads]) == text


AXES = "not all of it has the 2 axes of the input"
NOT_ONE = "this is not what a ReceptiveField's to_dict gives"
ONE_FOR_EACH = "the chosen positions are not one for each layer"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda d: d["output"].append(0), AXES),
        (lambda d: d["measured"].pop(), AXES),
        (lambda d: d["measured"][1].clear(), AXES),
        (lambda d: d["chosen"][1].append(1), AXES),
        (lambda d: d["layers"][0]["axes"].pop(), AXES),
        (lambda d: d["layers"][2]["reaches"].append([1, 1, 0.0]), AXES),
        (lambda d: d["input_shape"].pop(), "not all of it has the 1 axes of the input"),
        (lambda d: d["chosen"].pop(), ONE_FOR_EACH),
        (lambda d: d["chosen"].append([1, 2]), ONE_FOR_EACH),
        (lambda d: d["layers"].pop(), ONE_FOR_EACH),
        (lambda d: d.update(half="4"), "half of a ReceptiveField cannot be '4'"),
        (
            lambda d: d.pop("half"),
            f"{NOT_ONE}: KeyError: 'half'",
        ),
        (lambda d: (d["layers"].clear(), d["chosen"].clear()), ONE_FOR_EACH),
    ],
)
def test_a_field_of_too_many_or_too_few_axes_or_layers_is_refused(change, problem):
    data = copy.deepcopy(DATA)
    change(data)
    with pytest.raises(SlidingWindowsError) as told:
        ReceptiveField.from_dict(data)
    assert told.value.problem == problem


@pytest.mark.parametrize(
    ("rank", "taken"), [(0, False), (1, True), (2, True), (3, True), (4, False)]
)
def test_a_field_has_one_two_or_three_axes(rank, taken):
    windows = Windows((Axis(2, 1, 1),) * rank)
    place = (0,) * rank
    layer = FieldLayer("one", windows, (Reach(),) * rank)
    field = ReceptiveField((1, *[2] * rank), (layer,), place, (place,), ((0,),) * rank, (), 0)
    if rank in (1, 2, 3):
        assert ReceptiveField.from_dict(field.to_dict()) == field
        return
    with pytest.raises(SlidingWindowsError) as told:
        ReceptiveField.from_dict(field.to_dict())
    assert told.value.problem == ONE_FOR_EACH


def test_each_kind_of_figure_has_a_name_by_which_it_comes_back():
    made = {
        "trace": slide(nn.AvgPool2d(2), torch.ones(1, 2, 2)),
        "transfer": slide(nn.Unfold(2), torch.ones(1, 2, 2)),
        "funnel": funnel(nn.Sequential(nn.ReLU()), torch.ones(1, 2, 2)),
        "receptive": FIELD,
    }
    assert list(figures.CLASSES) == list(made) and figures.MAX_SIDE == 64
    for name, figure in made.items():
        assert kind_name(figure) == name and restored(name, figure.to_dict()) == figure
    with pytest.raises(SlidingWindowsError) as told:
        kind_name(7)
    problem = "a figure comes from slide, route, funnel or receptive_field; this is a int"
    assert told.value.problem == problem
    with pytest.raises(SlidingWindowsError) as told:
        restored("plan", {})
    problem = "unknown kind of figure 'plan'; there are trace, transfer, funnel, receptive"
    assert told.value.problem == problem
