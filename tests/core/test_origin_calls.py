"""A call is read as text, and what of a file's trace does not belong to its call, word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from altering import altered, fault, step_with
from torch import nn

from slidingwindows import Axis, Geometry, SlidingWindowsError, UnevenAxis, slide
from slidingwindows.core.origin import arguments_of, check_trace, family
from slidingwindows.tracing.request import call_of

X = torch.arange(15.0).view(1, 3, 5)  # no two sizes alike
SIGNAL = torch.arange(7.0).view(1, 7)
VOLUME = torch.arange(24.0).view(1, 2, 3, 4)

CALLS = [
    ("nn.MaxPool2d(kernel_size=2, stride=(1, 2))", "MaxPool2d",
     {"kernel_size": 2, "stride": (1, 2)}),
    ("nn.MaxPool2d()", "MaxPool2d", {}),
    ("nn.Conv1d(1, 3, kernel_size=2, bias=False, padding='same')", "Conv1d",
     {"in_channels": 1, "out_channels": 3, "kernel_size": 2, "bias": False, "padding": "same"}),
    ("nn.ConvTranspose3d(2, 4, output_padding=1, groups=2).double().to('cuda:1')",
     "ConvTranspose3d",
     {"in_channels": 2, "out_channels": 4, "output_padding": 1, "groups": 2}),
    ("nn.Unfold(kernel_size=2).to(torch.float64)", "Unfold", {"kernel_size": 2}),
    ("nn.Fold(output_size=(3, 4)).bfloat16().half()", "Fold", {"output_size": (3, 4)}),
    ("nn.AvgPool1d(kernel_size=-1).float().to('meta')", "AvgPool1d", {"kernel_size": -1}),
    ("MaxPool2d(…)", "MaxPool2d", None),
    ("nn.LPPool1d(norm_type=inf)", "LPPool1d", "no call"),
    ("AvgPool2d(…)", "MaxPool2d", "no call"),
    ("nn.MaxPool2d", "MaxPool2d", "no call"),
    ("nn.MaxPool2d(2)", "MaxPool2d", "no call"),
    ("nn.MaxPool2d(kernel_size=2)", "MaxPool1d", "no call"),
    ("MaxPool2d(kernel_size=2)", "MaxPool2d", "no call"),
    ("nn.MaxPool2d(kernel_size = 2)", "MaxPool2d", "no call"),
    ("nn.MaxPool2d(kernel_size=2) ", "MaxPool2d", "no call"),
    ("nn.MaxPool2d(kernel_size=2", "MaxPool2d", "no call"),
    ("nn.MaxPool2d(kernel_size=x)", "MaxPool2d", "no call"),
    ("nn.MaxPool2d(**{'kernel_size': 2})", "MaxPool2d", "no call"),
    ("nn.MaxPool2d(kernel_size=2).cuda()", "MaxPool2d", "no call"),
    ("nn.MaxPool2d(kernel_size=2).half().half().half()", "MaxPool2d", "no call"),
    ("nn.AvgPool2d(dilation=2)", "AvgPool2d", "no call"),
    ("nn.LPPool2d(padding=2)", "LPPool2d", "no call"),
    ("nn.MaxUnpool2d(dilation=2)", "MaxUnpool2d", "no call"),
    ("nn.MaxPool2d(norm_type=2)", "MaxPool2d", "no call"),
    ("nn.Conv2d(kernel_size=2)", "Conv2d", "no call"),
    ("nn.Conv2d(1, kernel_size=2)", "Conv2d", "no call"),
    ("nn.Conv2d(1, 1, 2)", "Conv2d", "no call"),
    ("nn.Conv2d(1, 1, output_padding=2)", "Conv2d", "no call"),
    ("nn.Mine2d(kernel_size=2)", "Mine2d", "no call"),
    ("nn.MaxPool2d(kernel_size=" + "(" * 500 + ")" * 500 + ")", "MaxPool2d", "no call"),
]  # fmt: skip


def test_a_call_is_read_as_it_is_written_and_nothing_else_is():
    for call, operation, expected in CALLS:
        if expected != "no call":
            assert arguments_of(call, operation) == expected, call
            continue
        with pytest.raises(SlidingWindowsError) as caught:
            arguments_of(call, operation)
            pytest.fail(f"{call} is taken for a call of {operation}")
        assert caught.value.problem == f"that is not a call of {operation}"
        assert caught.value.context == call[:999] + ("…" if len(call) > 1000 else call[999:])
    names = "MaxPool2d LPPool1d Conv3d Unfold Conv4d 2dMine"
    assert list(map(family, names.split())) == "MaxPool LPPool Conv Unfold Conv4d 2dMine".split()


def windows(trace) -> list:
    """The axes that a call decides on, the depth's first."""
    axes = [trace.depth, trace.geometry.rows, trace.geometry.cols]
    return axes[3 - trace.dims :]


# Two layers each, whose windows differ on their last axis, or on the one that is given.
OTHERS = [
    (nn.MaxPool2d((3, 2), (2, 1), (1, 0)), nn.MaxPool2d((3, 3), (2, 1), (1, 0)), X, 1),
    (nn.MaxPool2d((3, 2), (2, 1), (1, 0)), nn.MaxPool2d((3, 2), (1, 1), (1, 0)), X, 0),
    (nn.MaxPool2d((3, 2), (2, 1), (1, 0)), nn.MaxPool2d((3, 2), (2, 1), (1, 1)), X, 1),
    (nn.MaxPool2d(2, 1), nn.MaxPool2d(2, 1, dilation=(1, 2)), X, 1),
    (nn.MaxPool2d(2), nn.MaxPool2d(2, ceil_mode=True), X, 0),
    (nn.MaxPool2d(2, ceil_mode=True), nn.MaxPool2d(2), X, 0),
    (nn.MaxPool1d(2, 1), nn.MaxPool1d(3, 1), SIGNAL, 0),
    (nn.MaxPool3d((1, 2, 2)), nn.MaxPool3d((2, 2, 2)), VOLUME, 0),
    (nn.AvgPool2d(2, (1, 3)), nn.AvgPool2d(2), X, 0),
    (nn.LPPool2d(2, 2, 1), nn.LPPool2d(2, (2, 3), 1), X, 1),
    (nn.AdaptiveMaxPool2d((2, 3)), nn.AdaptiveMaxPool2d((2, 4)), X, 1),
    (nn.AdaptiveAvgPool2d((None, 3)), nn.AdaptiveAvgPool2d((2, 3)), X, 0),
    (nn.AdaptiveAvgPool2d(2), nn.AdaptiveAvgPool2d((2, None)), X, 1),
    (nn.Conv2d(1, 1, 2), nn.Conv2d(1, 1, 2, 2), X, 0),
    (nn.Conv2d(1, 1, 3, dilation=(1, 2)), nn.Conv2d(1, 1, 3), X, 1),
    (nn.Conv2d(1, 1, (2, 4), padding="same"), nn.Conv2d(1, 1, (2, 4), padding=(1, 2)), X, 0),
    (nn.Conv2d(1, 1, (1, 2), padding="valid"), nn.Conv2d(1, 1, (1, 2), padding="same"), X, 1),
    (nn.Conv2d(1, 1, (1, 3), padding="same", dilation=(1, 2)), nn.Conv2d(1, 1, (1, 3)), X, 1),
    (nn.Conv3d(1, 1, 1), nn.Conv3d(1, 1, (2, 1, 1)), VOLUME, 0),
]


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_the_windows_are_those_of_the_call():
    for module, other, x, axis in OTHERS:
        mine, theirs = slide(module, x), slide(other, x)
        assert fault(mine) == fault(theirs) == "", (module, other)
        words = f"the windows are {windows(mine)[axis]}, the call makes {windows(theirs)[axis]}"
        assert fault(mine, call=call_of(other)) == words, (module, other)


def test_a_stride_that_is_left_out_is_the_kernels_size_or_1():
    for trace, call in [
        (slide(nn.MaxPool2d((2, 3)), X), "nn.MaxPool2d(kernel_size=(2, 3))"),
        (slide(nn.AvgPool2d((2, 3)), X), "nn.AvgPool2d(kernel_size=(2, 3))"),
        (slide(nn.LPPool2d(2, (2, 3)), X), "nn.LPPool2d(norm_type=2.0, kernel_size=(2, 3))"),
        (slide(nn.Conv2d(1, 1, (2, 3)), X), "nn.Conv2d(1, 1, kernel_size=(2, 3))"),
    ]:
        assert fault(trace, call=call) == "", call


UP = nn.ConvTranspose2d
TRANSPOSED = [  # with every output_padding that torch takes, and crops where the padding is large
    (nn.ConvTranspose1d(1, 1, 3, 2, 1), SIGNAL, None),
    (UP(1, 1, (3, 2), (2, 3), (1, 0)), X, None),
    (UP(1, 1, (3, 2), (2, 3), (1, 0), (1, 2)), X, None),
    (UP(1, 1, (1, 3), (2, 1), (1, 1)), X, None),
    (UP(1, 1, 2, 1, 0, (2, 1), dilation=(3, 2)), X, None),
    (UP(1, 1, (1, 2), (3, 1), (1, 2), (2, 0)), X, None),
    (UP(1, 1, 2, 3, 1), X, (7, 14)),
    (nn.ConvTranspose3d(1, 1, (2, 1, 2), (2, 1, 3), output_padding=(1, 0, 2)), VOLUME, None),
]
ODD_CALLS = [  # of a module, another call, and the axis that it cannot make
    (UP(1, 1, 2, 2), "nn.ConvTranspose2d(1, 1, kernel_size=2, stride=3)", 0),
    (UP(1, 1, 2, 2), "nn.ConvTranspose2d(1, 1, kernel_size=3, stride=2)", 0),
    (UP(1, 1, 2, 2), "nn.ConvTranspose2d(1, 1, kernel_size=2, stride=2, padding=(0, 1))", 1),
    (UP(1, 1, 2, 2), "nn.ConvTranspose2d(1, 1, kernel_size=2, stride=2, dilation=(1, 2))", 1),
    (UP(1, 1, 2, 2), "nn.ConvTranspose2d(1, 1, kernel_size=2, stride=2, padding='same')", 0),
    (nn.MaxPool2d(2), "nn.MaxPool2d(stride=2)", 0),
    (nn.MaxPool2d(2), "nn.MaxPool2d(kernel_size=2, stride='2')", 0),
    (nn.MaxPool2d(2), "nn.MaxPool2d(kernel_size=2, dilation='1')", 0),
    (nn.MaxPool2d(2), "nn.MaxPool2d(kernel_size='2', stride=2)", 0),
    (nn.MaxPool2d(2), "nn.MaxPool2d(kernel_size=2, padding='valid')", 0),
    (nn.Conv2d(1, 1, 2), "nn.Conv2d(1, 1, kernel_size=2, padding='full')", 0),
    (nn.AdaptiveAvgPool2d((2, 3)), "nn.AdaptiveAvgPool2d(output_size='2')", 0),
    (nn.FractionalMaxPool2d(2, (2, 3)), "nn.FractionalMaxPool2d(kernel_size=3)", 0),
    (nn.FractionalMaxPool2d(2, (2, 3)), "nn.FractionalMaxPool2d(kernel_size=(2, 1))", 1),
]


def test_a_transposed_call_may_make_any_output_size_that_torch_takes():
    for module, x, size in TRANSPOSED:
        assert fault(slide(module, x, output_size=size)) == "", module
    for module, call, axis in ODD_CALLS:
        trace = slide(module, X)
        assert fault(trace) == "", module
        words = f"the windows are {windows(trace)[axis]}, the call makes None"
        assert fault(trace, call=call) == words, call
    trace = slide(UP(1, 1, 3, 2, 1), X)
    rows = trace.geometry.rows
    before = rows.padding[0]
    for after, size, made in (
        (1, 5, True),
        (2, 5, True),
        (3, 5, False),
        (0, 5, False),
        (1, 6, False),
    ):
        axis = replace(rows, padding=(before, after), size=size)
        words = "" if made else f"the windows are {axis}, the call makes None"
        geometry = Geometry(axis, trace.geometry.cols)
        assert fault(trace, geometry=geometry, planes=()) == words, axis


def test_uneven_windows_are_those_of_their_rule():
    trace = slide(nn.FractionalMaxPool2d(2, (2, 3)), X)
    rows, cols = trace.geometry.rows, trace.geometry.cols
    adaptive = UnevenAxis(cols.size, cols.spans, "adaptive")
    assert fault(trace, geometry=Geometry(rows, adaptive)) == (
        f"the windows are {adaptive}, the call makes None"
    )
    pool = slide(nn.MaxPool2d((1, 2)), X)
    assert fault(pool, geometry=Geometry(pool.geometry.rows, UnevenAxis(5, ((0, 2), (2, 4))))) == (
        "the windows are UnevenAxis(size=5, spans=((0, 2), (2, 4)), rule='adaptive'), "
        "the call makes None"
    )


def test_what_else_a_call_decides():
    pool, signal = slide(nn.MaxPool2d(2), X), slide(nn.MaxPool1d(2), SIGNAL)
    average, left_out = (
        slide(nn.AvgPool2d(2, padding=1, count_include_pad=counts), X) for counts in (True, False)
    )
    by, lp = slide(nn.AvgPool2d(2, divisor_override=3), X), slide(nn.LPPool2d(3, 2), X)
    volume = slide(nn.AvgPool3d(2), VOLUME)
    for trace in (pool, signal, average, left_out, by, lp, volume):
        assert fault(trace) == ""
    plain = "nn.AvgPool2d(kernel_size=2, stride=2, padding=1"
    two = Geometry(Axis(1, 1, 2), signal.geometry.cols)
    away = "there are windows along an axis that the input does not have"
    for trace, parts, words in [
        (pool, {"call": "nn.AvgPool2d(kernel_size=2)", "operation": "AvgPool2d"},
         "AvgPool2d makes max windows of 2 dims"),
        (signal, {"call": "nn.MaxPool2d(kernel_size=2)", "operation": "MaxPool2d"},
         "MaxPool2d makes max windows of 1 dims"),
        (pool, {"depth": Axis(1, 1, 2), "slices": (0,)}, away),
        (signal, {"geometry": two}, away),
        (signal, {"depth": Axis(1, 1, 2), "slices": (0,)}, away),
        (average, {"call": f"{plain}, count_include_pad=False)"},
         "count_include_pad differs from the call"),
        (left_out, {"call": f"{plain})"}, "count_include_pad differs from the call"),
        (left_out, {"call": f"{plain}, count_include_pad=True)"},
         "count_include_pad differs from the call"),
        (lp, {"call": "nn.LPPool2d(norm_type=2.0, kernel_size=2)"},
         "norm_type differs from the call"),
        (lp, {"call": "nn.LPPool2d(kernel_size=2)"}, "norm_type differs from the call"),
        (by, {"call": "nn.AvgPool2d(kernel_size=2)"}, "step (0, 0) is divided by 3.0"),
        (by, {"call": "nn.AvgPool2d(kernel_size=2, divisor_override=4)"},
         "step (0, 0) is divided by 3.0"),
        (by, step_with(by, 1, divisor=4.0), "step (0, 1) is divided by 4.0"),
        (average, step_with(average, 2, divisor=3.0), "step (0, 2) is divided by 3.0"),
    ]:  # fmt: skip
        assert fault(trace, **parts).replace("by 3,", "by 3.0,") in (words, words[:-2]), parts


def test_the_channels_are_those_of_the_call():
    module = nn.Conv2d(4, 6, 2, groups=2, bias=False)
    trace = slide(module, torch.rand(4, 3, 5), channel=4)
    batch = slide(module, torch.rand(1, 4, 3, 5), channel=2)
    volume = slide(nn.Conv3d(4, 2, 2, groups=2), torch.rand(4, 2, 3, 3), channel=1)
    up = slide(UP(4, 2, 2, groups=2), torch.rand(4, 3, 5), channel=1)
    copied = slide(nn.Conv2d(1, 1, 2, padding=1, padding_mode="reflect"), X)
    for one in (trace, batch, volume, up, copied):
        assert fault(one) == ""
    assert trace.channels == (2, 3) and volume.channels == (2, 2, 3, 3)

    def call(into=4, out=6, **more):
        words = {"kernel_size": 2, "groups": 2, "bias": False} | more
        said = ", ".join(f"{name}={value!r}" for name, value in words.items())
        return f"nn.Conv2d({into}, {out}, {said})"

    for one, parts, words in [
        (trace, {"call": call(2)}, "2 channels become 6"),
        (trace, {"call": call(4, 2)}, "4 channels become 2"),
        (trace, {"call": call(groups=1)}, "channel 4 is made of the channels (2, 3)"),
        (trace, {"channel": 2}, "channel 2 is made of the channels (2, 3)"),
        (trace, {"channels": (3, 2)}, "channel 4 is made of the channels (3, 2)"),
        (trace, {"call": call(bias=True)}, "a bias is left out, or added"),
        (trace, {"bias": 0.5}, "a bias is left out, or added"),
        (copied, {"bias": None}, "a bias is left out, or added"),
        (trace, {"call": call(padding_mode="reflect")}, "the padding is zeros"),
        (
            volume,
            {"call": "nn.Conv3d(4, 2, kernel_size=2)"},
            "channel 1 is made of the channels (2, 2, 3, 3)",
        ),
        (volume, {"channel": 0}, "channel 0 is made of the channels (2, 2, 3, 3)"),
        (copied, {"call": "nn.Conv2d(1, 1, kernel_size=2, padding=1)"}, "the padding is reflect"),
    ]:
        assert fault(one, **parts) == words, (one.call, parts)
    with pytest.raises(SlidingWindowsError, match=r"^in_channels must be one int, got '4'$"):
        check_trace(altered(trace, call=call("'4'")))
