"""The receptive field's recurrence against what gradients reach."""

from functools import reduce

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from naive import source
from strategies import axes
from sweeps import draws
from torch import nn

from slidingwindows import Axis, SlidingWindowsError
from slidingwindows.core.reach import Reach, Windows, walk_axis, walk_back

VGG16 = [layer for n in (2, 2, 3, 3, 3) for layer in [(3, 1, 1)] * n + [(2, 2)]]


def reach_of(layers):
    """The reach below layers of (kernel_size, stride, padding, dilation), or of the first two."""
    return reduce(lambda reach, layer: reach.after(*layer), layers, Reach())


def measured(layers, size=400):
    """(first, last) input element that the middle output's gradient reaches, and its index."""
    convolutions = []
    for kernel_size, stride, padding, dilation in layers:
        layer = nn.Conv1d(1, 1, kernel_size, stride, padding, dilation, bias=False).double()
        layer.weight.data.fill_(1.0)
        convolutions.append(layer)
    x = torch.zeros(1, 1, size, dtype=torch.double, requires_grad=True)
    output = nn.Sequential(*convolutions)(x)
    index = output.shape[-1] // 2
    output[0, 0, index].backward()
    reached = x.grad[0, 0].nonzero().flatten()
    return int(reached[0]), int(reached[-1]), index


layer = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(0, 2), st.integers(1, 3))


@given(st.lists(layer, min_size=1, max_size=4))
@draws(100)
def test_the_gradient_reaches_just_the_receptive_field(layers):
    reach = reach_of(layers)
    first, last, index = measured(layers, size=reach.size * 3 + 200)
    centre = reach.start + index * reach.jump
    half = (reach.size - 1) / 2
    assert first >= centre - half and last <= centre + half
    if first > 0:  # not cut off by the border, and without holes at the ends
        assert (first, last) == (centre - half, centre + half)


def test_vgg16_after_its_last_pool():
    assert reach_of(VGG16) == Reach(size=212, jump=32, start=15.5)


@pytest.mark.parametrize("bad", [(0, 1), (3, 0), (3, 1, -1), (3, 1, 0, 0)])
def test_impossible_layers_are_refused(bad):
    kernel_size, stride, padding, dilation = (*bad, 0, 1)[:4] if len(bad) == 2 else (*bad, 1)[:4]
    with pytest.raises(SlidingWindowsError) as caught:
        reach_of([bad])
    assert caught.value.problem == (
        "a layer needs kernel_size, stride and dilation of at least 1 and padding of at least 0, "
        f"got {kernel_size}, {stride}, {dilation} and {padding}"
    )


@given(axes(), axes(), st.sampled_from(["zeros", "reflect", "replicate", "circular"]), st.data())
@draws(150)
def test_what_windows_read_and_whether_the_border_cuts_them(first, second, fill, data):
    """By the windows' own lists; the two axes are asked apart."""
    found = []
    for parameters in (first, second):
        padding = min(parameters.pop("padding"), parameters["size"] - 1)
        try:
            found.append(Axis(padding=(padding, padding), **parameters))
        except SlidingWindowsError:
            return
    windows = Windows(tuple(found), fill)
    assert windows.output == tuple(axis.output_size for axis in found)
    for number, axis in enumerate(found):
        outputs = data.draw(st.sets(st.integers(0, axis.output_size - 1), min_size=1))
        positions = {p for output in outputs for p in axis.windows[output]}
        homes = {source(p, axis.size, fill) for p in positions} - {None}
        assert windows.reads(number, outputs) == tuple(sorted(homes))
        ends = [end for output in outputs for end in axis.spans[output]]
        assert windows.cut(number, outputs) == (min(ends) < 0 or max(ends) > axis.size)


@pytest.mark.parametrize(
    ("axis", "plain"),
    [
        (Axis(4, 1, 1), True),
        (Axis(4, 2, 1), False),
        (Axis(4, 1, 2), False),
        (Axis(4, 1, 1, (0, 1)), False),
        (Axis(4, 1, 1, (1, 0)), False),
    ],
)
def test_only_a_layer_that_keeps_every_place_is_plain(axis, plain):
    assert Windows((Axis(4, 1, 1), axis)).plain == Windows((axis, Axis(4, 1, 1))).plain == plain


def test_what_one_output_sees_begins_half_a_view_before_its_centre():
    """Of layers worked by hand: 3 wide, then 2 wide and every second, from 1 of padding."""
    below = Reach().after(3, 1, padding=1)
    reach = below.after(2, 2)
    assert (below, reach) == (Reach(3, 1, 0.0), Reach(4, 2, 0.5))
    assert [below.view(index) for index in range(3)] == [(-1, 1), (0, 2), (1, 3)]
    assert [reach.view(index) for index in range(3)] == [(-1, 2), (1, 4), (3, 6)]
    assert Reach().view(5) == (5, 5) and type(below.view(0)[0]) is int


UNLIKE = (Axis(9, 3, 2, (2, 0), dilation=2), Axis(7, 2, 3, (0, 1)))  # two axes, worked by hand


def test_each_axis_has_its_own_windows_and_padding_before_counts():
    windows = Windows(UNLIKE)
    assert windows.output == (4, 3) and windows.padded and not windows.plain
    assert windows.after((Reach(), Reach(2, 3, 1.0))) == (Reach(5, 2, 0.0), Reach(5, 9, 2.5))
    read = [windows.reads(0, [out]) for out in range(4)]
    assert read == [(0, 2), (0, 2, 4), (2, 4, 6), (4, 6, 8)]
    assert [windows.reads(1, [out]) for out in range(3)] == [(0, 1), (3, 4), (6,)]
    assert [windows.cut(0, [out]) for out in range(4)] == [True, False, False, False]
    assert [windows.cut(1, [out]) for out in range(3)] == [False, False, True]
    assert windows.cut(0, [0, 3]) and windows.cut(1, [0, 2]) and not windows.cut(0, [1, 2])
    folded = Windows((Axis(4, 3, 1, (2, 2)),), fill="circular")
    assert folded.reads(0, [0, 5]) == (0, 1, 2, 3)
    assert folded.reads(0, [0]) == (0, 2, 3) and folded.reads(0, [5]) == (0, 1, 3)


def test_walking_back_goes_through_each_layer_along_each_axis():
    """Against the gradient's own zeros."""
    below = nn.Conv2d(1, 1, (3, 2), (2, 3), (2, 1), dilation=(2, 1))
    above = nn.Conv2d(1, 1, (2, 3), (1, 1), (0, 1))
    for layer in (below, above):
        nn.init.ones_(layer.weight)
    x = torch.zeros(1, 9, 8, requires_grad=True)
    layers = [
        Windows((Axis(9, 3, 2, (2, 2), dilation=2), Axis(8, 2, 3, (1, 1)))),
        Windows((Axis(5, 2, 1), Axis(3, 3, 1, (1, 1)))),
    ]
    result = above(below(x))[0]
    assert tuple(result.shape) == layers[1].output
    for row in range(result.shape[0]):
        for col in range(result.shape[1]):
            (gradient,) = torch.autograd.grad(result[row, col], x, retain_graph=True)
            rows, cols = (gradient[0].sum(axis).nonzero().flatten().tolist() for axis in (1, 0))
            assert walk_back(layers, (row, col)) == (tuple(rows), tuple(cols)), (row, col)
    assert walk_axis(layers, 1, (0, 2)) == (0, 2, 3, 5, 6)  # 1, 4 and 7 lie between windows
    assert walk_axis([], 0, [3, 5]) == (3, 5)
