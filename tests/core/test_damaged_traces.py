"""A trace whose parts do not belong together says which, word for word."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from altering import problem_of
from torch import nn

from slidingwindows import Axis, Geometry, SlidingWindowsError, Step, Tap, Trace, slide
from slidingwindows.core.step import plane_shape

INF, NAN = math.inf, math.nan
TORN = "the steps do not cover the output once each"
CHOICE = "a choice is not among the shapes' own"


def numbers(*shape, seed=0):
    return torch.randint(-4, 5, shape, generator=torch.Generator().manual_seed(seed)).float()


def weighed(module):
    """The module with whole numbers, so that a sum of them is exact."""
    for seed, parameter in enumerate(module.parameters()):
        parameter.data = numbers(*parameter.shape, seed=seed)
    return module


IMAGE = slide(
    weighed(nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 2), groups=2)),
    numbers(3, 4, 5, 4, seed=2),
    channel=4,
    sample=2,
)
VOLUME = slide(nn.MaxPool3d((2, 1, 2), padding=(1, 0, 1)), numbers(2, 3, 4, 5), channel=1, depth=1)
SPREAD_INPUT = numbers(2, 2, 3, 2, seed=3)
SPREAD = slide(
    weighed(nn.ConvTranspose3d(2, 2, 2, (2, 3, 2), (0, 1, 0))), SPREAD_INPUT, channel=1, depth=2
)
SIGNAL = slide(nn.AvgPool1d(2, 1, 1, count_include_pad=False), torch.tensor([[4.0, 2.0, 9.0]]))
UNEVEN = slide(
    weighed(nn.ConvTranspose2d(1, 1, (2, 4), 2, (0, 1), (1, 1))), numbers(1, 2, 3, seed=4)
)
BEHIND = slide(nn.AvgPool3d((2, 1, 1), 1, (1, 0, 0)), numbers(1, 2, 1, 1), depth=2)
EDGE = slide(
    weighed(nn.ConvTranspose3d(2, 2, 2, (2, 3, 2), (0, 1, 0))), SPREAD_INPUT, channel=0, depth=3
)
KINDS = {
    "image": IMAGE, "volume": VOLUME, "spread": SPREAD, "signal": SIGNAL, "uneven": UNEVEN,
    "behind": BEHIND, "edge": EDGE,
}  # fmt: skip


def unfit(trace, before, after, **changed) -> str:
    shapes = {"input_shape": trace.input_shape, "output_shape": trace.output_shape} | changed
    return (
        f"the windows lie on {before} and give {after}; these shapes do not fit them: "
        f"{shapes['input_shape']} and {shapes['output_shape']}"
    )


def test_what_a_trace_may_leave_out():
    tap = Tap(0, 0, 0, 7.0)
    step = Step((0, 0), (tap,), 7.0)
    assert tap == (0, 0, 0, 7.0, None)
    assert step == Step((0, 0), (tap,), 7.0, arithmetic="", winner=None, ties=(), divisor=None)
    axis, plane, shape = Axis(1, 1, 1), ((7.0,),), (1, 1, 1)
    needed = ("max", "MaxPool2d", "nn.MaxPool2d(1)", Geometry(axis, axis), (plane,), (0,), plane,
              (step,), shape, shape)  # fmt: skip
    assert Trace(*needed) == Trace(
        *needed, sample=0, channel=0, weights=(), bias=None, padding_mode="zeros",
        counts_padding=True, integral=False, epsilon=2.0**-23, dims=2, stretch=(1, 1), norm=None,
        depth=None, depth_index=0, slices=(), depth_stretch=1,
    )  # fmt: skip
    assert plane_shape(((1.0, 2.0, 3.0),)) == (1, 3)
    assert plane_shape(((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))) == (2, 3)


IMAGE_BEFORE, IMAGE_AFTER = [5, 4], [3, 7]
VOLUME_BEFORE, VOLUME_AFTER = [3, 4, 5], [2, 4, 3]


def test_shapes_that_do_not_fit():
    for shapes in (
        {"input_shape": (3, 4, 5, 5)},
        {"input_shape": (3, 4, 4, 5)},
        {"input_shape": (4, 5, 4)},
        {"input_shape": (2, 4, 5, 4)},
        {"input_shape": (5, 4), "output_shape": (3, 7)},
        {"input_shape": (1, 3, 4, 5, 4), "output_shape": (1, 3, 6, 3, 7)},
        {"output_shape": (3, 6, 7, 3)},
        {"output_shape": (6, 3, 7)},
    ):
        expected = unfit(IMAGE, IMAGE_BEFORE, IMAGE_AFTER, **shapes)
        assert problem_of(IMAGE, **shapes) == expected, shapes
    for shapes in (
        {"input_shape": (2, 2, 4, 5)},
        {"output_shape": (2, 1, 4, 3)},
        {"input_shape": (1, 2, 3, 4, 5)},
    ):
        expected = unfit(VOLUME, VOLUME_BEFORE, VOLUME_AFTER, **shapes)
        assert problem_of(VOLUME, **shapes) == expected, shapes
    # A batch, or none, is as good, if it is on both sides.
    assert problem_of(IMAGE, input_shape=(4, 5, 4), output_shape=(6, 3, 7), sample=0) == ""
    assert problem_of(VOLUME, input_shape=(1, 2, 3, 4, 5), output_shape=(1, 2, 2, 4, 3)) == ""
    expected = unfit(SPREAD, [2, 3, 2], [4, 6, 4], input_shape=(2, 2, 3, 3))
    assert problem_of(SPREAD, input_shape=(2, 2, 3, 3)) == expected
    # A stride beyond a whole row leaves one row of the input's.
    wide = problem_of(SPREAD, stretch=(4, 2))
    assert wide == unfit(SPREAD, [2, 2, 2], [4, 6, 4])


def test_dimensions_and_distances():
    for name, dims in {"image": 0, "signal": 4, "volume": 2, "spread": True}.items():
        expected = f"a trace has 1, 2 or 3 dims, not {dims!r}"
        assert problem_of(KINDS[name], dims=dims) == expected, name
    assert problem_of(IMAGE, dims=3) == "a trace has 1, 2 or 3 dims, not 3"
    assert problem_of(VOLUME, depth=None) == "a trace has 1, 2 or 3 dims, not 3"
    assert problem_of(IMAGE, depth=VOLUME.depth) == "a trace has 1, 2 or 3 dims, not 2"
    for changed in ({"stretch": (0, 1)}, {"stretch": (1, 0)}, {"depth_stretch": 0}):
        assert problem_of(IMAGE, **changed) == "the spacing of elements must be at least 1", changed
    assert problem_of(IMAGE, kind="maximum") == "unknown kind of trace 'maximum'"
    assert problem_of(IMAGE, kind="") == "unknown kind of trace ''"
    torn = "these are not the parts of a trace: TypeError: "
    assert problem_of(IMAGE, stretch=None).startswith(torn)
    assert problem_of(IMAGE, kind=[]) == f"{torn}unhashable type: 'list'"


def test_grids_of_another_size():
    first, *rest = IMAGE.planes
    taller, wider = (*first, first[0]), tuple((*row, 0.0) for row in first)
    ragged = (*first[:-1], first[-1][:-1])
    for plane in (taller, wider, ragged):
        assert problem_of(IMAGE, planes=(*rest, plane)) == "not all planes have the shape (7, 8)"
    rows = IMAGE.output
    for output in ((*rows, rows[0]), (*rows[:2], rows[2][1:]), tuple(row[1:] for row in rows)):
        assert problem_of(IMAGE, output=output) == "the output is not of (3, 7)"
    kernel = IMAGE.weights[0]
    for other in (kernel[:2], tuple(row[:1] for row in kernel), (kernel[0][:1], *kernel[1:])):
        found = problem_of(IMAGE, weights=(kernel, other))
        assert found == "the weights are not all of (3, 2)"


def test_choices_that_are_none():
    for trace, changed, fits in (
        (IMAGE, {"sample": 3}, False),
        (IMAGE, {"sample": -1}, False),
        (IMAGE, {"sample": 0}, True),
        (IMAGE, {"channel": 6}, False),
        (IMAGE, {"channel": -1}, False),
        (IMAGE, {"channel": 5}, True),
        (IMAGE, {"channels": (2, 4)}, False),
        (IMAGE, {"channels": (-1, 3)}, False),
        (IMAGE, {"channels": (2,)}, False),
        (IMAGE, {"channels": (2, 3, 3)}, False),
        (IMAGE, {"channels": (0, 3)}, True),
        (IMAGE, {"depth_index": 1}, False),
        (IMAGE, {"depth_index": -1}, False),
        (VOLUME, {"sample": 1}, False),
        (VOLUME, {"channels": (2, 2)}, False),
        (VOLUME, {"channels": (0, 0)}, True),
        (VOLUME, {"depth_index": 2}, False),
        (VOLUME, {"depth_index": -1}, False),
    ):
        assert problem_of(trace, **changed) == ("" if fits else CHOICE), changed
    assert problem_of(VOLUME, depth_index=0) == "the slices are not the window's"
    assert problem_of(VOLUME, slices=()) == "the slices are not the window's"
    assert problem_of(VOLUME, slices=(1, 3)) == "the slices are not the window's"
    assert problem_of(IMAGE, slices=(0, 0)) == "the slices are not the window's"


def test_steps_that_are_not_the_outputs():
    first, second, *rest = IMAGE.steps
    for steps in (
        (),
        (second, *rest),
        (first, second, *rest, rest[-1]),
        (second, first, *rest),
        (first, first, *rest),
    ):
        assert problem_of(IMAGE, steps=steps) == TORN
    assert problem_of(IMAGE, steps=(first, second, *rest)) == ""


def test_a_step_that_is_not_its_window():
    *rest, last = IMAGE.steps

    def with_last(**changed):
        return problem_of(IMAGE, steps=(*rest, replace(last, **changed)))

    tap, *others = last.taps
    window, number = "the taps of step (2, 6) are not its window", "a tap of step (2, 6) is not the"
    for taps in (others, [*others, tap], [tap, tap, *others[1:]], [tap._replace(row=9), *others]):
        assert with_last(taps=tuple(taps)) == window
    for field in ("row", "col", "plane"):
        moved = tap._replace(**{field: getattr(tap, field) + 1})
        assert with_last(taps=(moved, *others)) == window, field
    for changed in ({"value": 0.5}, {"weight": 0.5}, {"weight": None}):
        taps = (*others[:3], others[3]._replace(**changed), *others[4:])
        assert with_last(taps=(tap, *taps)) == f"{number} input", changed
    says = IMAGE.output[2][6]
    assert with_last(value=NAN) == f"the steps give {says} at output (2, 6), torch gave {says}"
    assert with_last(winner=0) == "the winner of step (2, 6) is not its value"
    output = (*IMAGE.output[:2], (*IMAGE.output[2][:6], 99.0))
    found = problem_of(IMAGE, output=output, steps=(*rest, replace(last, value=99.0)))
    assert found == f"the steps give {says} at output (2, 6), torch gave 99.0"
    # A pool has no weights, and its winner is one of its own numbers.
    step = VOLUME.steps[0]
    loser = next(i for i, other in enumerate(step.taps) if other.value != step.value)
    found = problem_of(VOLUME, steps=(replace(step, winner=loser), *VOLUME.steps[1:]))
    assert found == "the winner of step (0, 0) is not its value"
    weighted = (step.taps[0]._replace(weight=1.0), *step.taps[1:])
    found = problem_of(VOLUME, steps=(replace(step, taps=weighted), *VOLUME.steps[1:]))
    assert found == "a tap of step (0, 0) is not the input"


def test_an_average_that_leaves_the_padding_out_leaves_all_of_it_out():
    assert [len(step.taps) for step in SIGNAL.steps] == [1, 2, 2, 1]
    assert problem_of(SIGNAL, counts_padding=True) == ("the taps of step (0, 0) are not its window")
    whole = slide(nn.AvgPool1d(2, 1, 1), torch.tensor([[4.0, 2.0, 9.0]]))
    assert problem_of(whole, counts_padding=False) == "the taps of step (0, 0) are not its window"


def test_words_are_said_where_they_are_left_out_and_else_kept():
    first, *rest = IMAGE.steps
    silent = replace(IMAGE, steps=(replace(first, arithmetic=""), *rest))
    assert silent == IMAGE and silent.steps[0].arithmetic
    other = replace(IMAGE, steps=(replace(first, arithmetic="so it is"), *rest))
    assert other.steps[0].arithmetic == "so it is"
    data = other.to_dict()
    with pytest.raises(SlidingWindowsError) as caught:
        Trace.from_dict(data)
    assert caught.value.problem == (
        f"step (0, 0) says 'so it is', its numbers say {first.arithmetic!r}"
    )
    assert caught.value.context == IMAGE.call


@pytest.mark.parametrize("name", KINDS)
def test_where_a_trace_is_padding_zeros_put_in_or_input(name):
    """Of a volume that is stretched and padded, against the same of torch's own tensors."""
    trace = KINDS[name]
    for p, plane in enumerate(trace.planes):
        for r, row in enumerate(plane, -trace.geometry.rows.padding[0]):
            for c, value in enumerate(row, -trace.geometry.cols.padding[0]):
                height, width = trace.geometry.input_shape
                inside = 0 <= r < height and 0 <= c < width
                deep = trace.slices[p] if trace.slices else 0
                inside = inside and (not trace.depth or 0 <= deep < trace.depth.size)
                steps = (trace.depth_stretch, *trace.stretch)
                stretched = any(n % s for n, s in zip((deep, r, c), steps, strict=True))
                where = (name, p, r, c)
                assert trace.at(p, r, c) == value, where
                assert trace.is_padding(r, c, p) == (not inside), where
                assert trace.is_stretch(r, c, p) == (inside and stretched), where
                if name == "spread" and inside and not stretched:
                    place = trace.channels[p], deep // 2, r // 3, c // 2
                    assert value == SPREAD_INPUT[place], where
    taps = [tap for step in trace.steps for tap in step.taps]
    real = [trace.is_real(tap) for tap in taps]
    assert all(real) == (name == "signal") and any(real)
    for tap, one in zip(taps, real, strict=True):
        place = tap.row, tap.col, tap.plane
        assert one == (not trace.is_padding(*place) and not trace.is_stretch(*place)), tap


def test_what_is_real_of_a_stretched_volume():
    assert SPREAD.slices == (1, 2, 1, 2) and SPREAD.channels == (0, 0, 1, 1)
    assert SPREAD.stretch == (3, 2) and SPREAD.depth_stretch == 2
    assert [SPREAD.is_real_plane(p) for p in range(4)] == [False, True, False, True]
    assert VOLUME.slices == (1, 2) and all(map(VOLUME.is_real_plane, range(2)))
    above = slide(
        nn.MaxPool3d((2, 1, 2), padding=(1, 0, 1)), numbers(2, 3, 4, 5), channel=1, depth=0
    )
    assert above.slices == (-1, 0) and list(map(above.is_real_plane, range(2))) == [False, True]
    assert list(map(BEHIND.is_real_plane, range(2))) == [True, False]
    assert above.is_padding(0, 0) and not above.is_padding(0, 0, 1)
    assert not IMAGE.is_padding(0, 0) and not IMAGE.is_stretch(0, 0)
    assert (IMAGE.stretched, SPREAD.stretched) == (False, True)
    for call, stretched in (
        (nn.ConvTranspose2d(1, 1, 2, (2, 1)), True),
        (nn.ConvTranspose2d(1, 1, 2, (1, 2)), True),
        (nn.ConvTranspose3d(1, 1, 2, (2, 1, 1)), True),
        (nn.ConvTranspose3d(1, 1, 2), False),
    ):
        trace = slide(call, numbers(1, *(2,) * len(call.kernel_size)))
        assert trace.stretched is stretched, trace.call
        assert trace.is_stretch(0, 0) is False
    assert slide(nn.ConvTranspose2d(1, 1, 2, (2, 1)), numbers(1, 2, 2)).is_stretch(1, 0) is True


def test_a_window_that_sees_no_input_says_what_it_sees():
    for module, alone in {
        nn.Conv1d(1, 1, 1, padding=1): ["padding", "", "", "padding"],
        nn.ConvTranspose1d(1, 1, 1, 2): ["", "added zeros", ""],
        nn.Conv1d(1, 1, 1, padding=1, padding_mode="replicate"): ["", "", "", ""],
    }.items():
        trace = slide(weighed(module), torch.tensor([[3.0, 5.0]]))
        for step, what in zip(trace.steps, alone, strict=True):
            tail = step.arithmetic.partition(" (the window")[2]
            assert tail == (what and f" sees no input, {what} alone)"), (trace.call, step)


def test_torch_may_skip_the_padding_where_a_weight_is_infinite():
    """0 · ∞ is nan, but a zero that torch leaves out is multiplied by nothing."""

    def said(mode, value):
        module = nn.Conv1d(1, 1, 2, padding=1, bias=False, padding_mode=mode)
        module.weight.data = torch.tensor([[[2.0, 1.0]]])
        trace = slide(module, torch.tensor([[3.0, 1.0, 5.0]]))
        first, *rest = trace.steps

        def with_infinity(step, says):
            left, right = step.taps
            taps = left._replace(weight=INF), right
            return replace(step, taps=taps, value=says, arithmetic="")

        steps = with_infinity(first, value), *(with_infinity(step, INF) for step in rest)
        return problem_of(
            trace, weights=(((INF, 1.0),),), steps=steps, output=((value, INF, INF, INF),)
        )

    lies = "the steps give {} at output (0, 0), torch gave {}".format
    assert said("zeros", NAN) == said("zeros", 3.0) == ""
    assert said("zeros", 3.0 + 2.0**-22) == ""  # as any other sum it may be rounded
    assert said("zeros", 4.0) == lies(NAN, 4.0)
    # A copy is no zero: it is multiplied like all others.
    assert said("replicate", INF) == ""
    assert said("replicate", 3.0) == lies(INF, 3.0)
    alone = slide(nn.MaxPool2d(2, 1, 1, dilation=2), numbers(1, 1, 1))
    [step] = alone.steps
    assert step.value == -INF and step.winner is None
    wrong = replace(step, value=1.0)
    found = problem_of(alone, steps=(wrong,), output=((1.0,),))
    assert found == "the steps give -inf at output (0, 0), torch gave 1.0"


def test_a_file_of_a_trace_that_is_none():
    data = IMAGE.to_dict()
    for changed, problem in (
        ({"call": ""}, "a figure of Conv2d has no call"),
        ({"epsilon": 0.001}, "no dtype rounds by 0.001"),
        ({"epsilon": 2.0**-7, "bias": 3.0}, ""),
        ({"geometry": None}, "this is not what a Trace's to_dict gives: "),
        ({"steps": None}, "this is not what a Trace's to_dict gives: "),
        ({"more": 1}, "this is not what a Trace's to_dict gives: TypeError: "),
        ({"sample": 2.0}, "sample of a Trace cannot be 2.0"),
    ):
        try:
            made = Trace.from_dict(data | changed)
        except SlidingWindowsError as error:
            found = error.problem
            assert error.context == (IMAGE.call if found.startswith("no dtype") else ""), changed
        else:
            found = "" if made.call == IMAGE.call else "another"
        assert found == problem or (problem[-2:] == ": " and found.startswith(problem)), changed
    for trace in KINDS.values():
        again = Trace.from_dict(trace.to_dict())
        assert again == trace and again.depth == trace.depth
    coarse = slide(nn.AvgPool1d(3), torch.tensor([[1.0, 1.0, 2.0]]))
    with pytest.raises(SlidingWindowsError) as caught:
        Trace.from_dict(coarse.to_dict() | {"epsilon": 2.0**-7})
    assert caught.value.problem == (
        f"a dtype that rounds by 0.0078125 cannot hold {coarse.output[0][0]!r}"
    )
    assert caught.value.context == coarse.call
