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
from slidingwindows.core.reach import Reach, Windows

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
