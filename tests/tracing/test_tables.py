"""Tables and limits that are typed in the package, against torch and what is documented of them."""

import dataclasses
import inspect
import math

import numpy as np
import pytest
import torch
from torch import nn

from slidingwindows import (
    Axis,
    SlidingWindowsError,
    Trace,
    UnevenAxis,
    funnel,
    receptive_field,
    slide,
)
from slidingwindows.core import arithmetic, geometry, origin
from slidingwindows.core.figures import kind_name, restored
from slidingwindows.core.funnel import Stage
from slidingwindows.core.plain import axis_of
from slidingwindows.core.reach import Reach, Windows
from slidingwindows.core.reduction import REDUCTIONS
from slidingwindows.tracing import layers, pooling, reading, request, values
from slidingwindows.tracing.slide import TRACERS

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
X = torch.arange(16.0).view(1, 4, 4)


def test_what_a_dtype_holds_is_what_torch_says_of_it():
    about = [torch.finfo(dtype) for dtype in FLOATS]
    units = [one.eps for one in about]
    assert {one.eps: one.max for one in about} == arithmetic.LARGEST
    assert {one: 1 - math.log2(one) for one in units} == arithmetic.DIGITS
    # On CPUs float16 is reckoned in float32, so that its smaller numbers are not flushed.
    least = [one.smallest_normal for one in about]
    assert list(arithmetic.LEAST) == units
    assert list(arithmetic.LEAST.values()) == [least[0] * units[0], *least[1:]]
    integers = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
    assert {float(torch.iinfo(dtype).min) for dtype in integers} == origin.LEAST_INTEGERS


def test_raised_digits_are_the_same_digits():
    for number in (*range(-9, 10), 0.5, -2.5):
        text = arithmetic.raised(number)
        plain = text.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")).replace("−", "-")
        assert float(plain.removeprefix("^")) == number
        assert text.startswith("^") is (number != int(number)), number


def test_each_layer_s_arguments_and_dimensions_are_torchs():
    folds = {"Unfold": "unfold", "Fold": "fold", "MaxUnpool": "unpool"}
    sorts = {**folds, "Conv": "convolution", "LP": "lp", "Avg": "average", "Max": "max"}
    taken = {}
    for kind, (dims, _) in TRACERS.items():
        name = kind.__name__
        assert dims == {"Unfold": 2, "Fold": 1}.get(name) or str(dims) == name[-2], name
        family, arguments = origin.family(name), inspect.signature(kind).parameters
        taken[family] = taken.get(family, set()) | set(arguments)
        told = origin.FAMILIES[family][0]
        assert told == next(sort for part, sort in sorts.items() if part in name), name
    for family, (_, names) in origin.FAMILIES.items():
        first = {"in_channels", "out_channels"} if "Conv" in family else set()
        others = {"device", "dtype", "_random_samples"}
        assert names | first == taken[family] - others and not names & first, family
    assert taken.keys() == origin.FAMILIES.keys() and len(taken) == 11


def test_a_call_may_say_how_the_layer_came_to_its_dtype_and_device():
    assert set(request.CASTS) == set(FLOATS)
    for dtype, cast in request.CASTS.items():
        assert next(getattr(nn.Linear(1, 1), cast)().parameters()).dtype is dtype
    for casts in ("", ".double()", ".half().to('cuda:1')", ".to(torch.float8_e5m2).to('cpu')"):
        call = f"nn.MaxPool2d(kernel_size=2){casts}"
        assert origin.arguments_of(call, "MaxPool2d") == {"kernel_size": 2}, casts
    for casts in (".double().half().float()", ".eval()", ".to('cuda:x')", ".double().x"):
        with pytest.raises(SlidingWindowsError, match="^that is not a call of MaxPool2d"):
            origin.arguments_of(f"nn.MaxPool2d(kernel_size=2){casts}", "MaxPool2d")


def test_a_wrong_number_of_dimensions_is_told_with_those_that_are_right():
    for kind, arguments in ((nn.MaxPool1d, "L"), (nn.MaxPool2d, "H, W"), (nn.MaxPool3d, "D, H, W")):
        for rank in (0, 7):
            with pytest.raises(SlidingWindowsError) as caught:
                slide(kind(2), torch.zeros((1,) * rank))
            forms = f"{kind.__name__} takes (C, {arguments}) or (N, C, {arguments}), got {rank} "
            assert caught.value.problem == f"{forms}dimensions"


def test_an_axis_is_called_by_its_name():
    names = {1: ["length"], 2: ["height", "width"], 3: ["depth", "height", "width"]}
    for dims, axes in names.items():
        kind = getattr(nn, f"AvgPool{dims}d")
        for place, axis in enumerate(axes):
            sizes = [9] * dims
            sizes[place] = 2
            with pytest.raises(SlidingWindowsError, match=f"^{axis}: the kernel spans 3 "):
                slide(kind(3), torch.zeros(1, *sizes))


def test_the_kernels_of_sobel_are_a_difference_and_a_mean():
    difference = np.array([-1, 0, 1])
    assert values.SOBEL == {1: [-1, 0, 1], 2: np.outer([1, 2, 1], difference).tolist()}


def test_kinds_of_layers_are_torchs():
    each = (1, 2, 3)
    assert {kind.__name__ for kind in layers.LP_POOLS} == {f"LPPool{n}d" for n in each}
    adaptive = {f"Adaptive{kind}Pool{n}d" for kind in ("Avg", "Max") for n in each}
    assert {kind.__name__ for kind in layers.ADAPTIVE} == adaptive
    for mode, stems in layers.PADS.items():
        assert mode in geometry.PADDING_MODES and all(hasattr(nn, f"{s}2d") for s in stems)


def test_what_is_left_out_of_a_record_is_what_a_picture_of_floats_has():
    made = [
        slide(nn.MaxPool2d(2), X),
        slide(nn.Unfold(2), X),
        Axis(5, 3, 2, (0, 0), 1, False, (0, 0)),
        UnevenAxis(5, ((0, 2), (2, 5)), "adaptive"),
        Reach(1, 1, 0.0),
        Windows((Axis(5, 3, 2),), "zeros"),
        Stage("input", (1, 4, 4), 0, (), 0, None, False),
    ]
    for one in made:
        fields = dataclasses.fields(one)
        needed = [field.name for field in fields if field.default is dataclasses.MISSING]
        less = {name: getattr(one, name) for name in needed}
        assert type(one)(**less) == one and len(less) < len(fields), type(one)
    told = {"sample": 0, "channel": 0, "dims": 2, "epsilon": 2**-23, "depth_index": 0}
    for one, more in ((made[0], {"depth_stretch": 1, "stretch": (1, 1)}), (made[1], {"plane": 0})):
        assert {name: getattr(one, name) for name in told | more} == told | more, type(one)
    uneven, even = UnevenAxis.adaptive(6, 2), Axis(6, 3, 3)
    for name in ("padding", "dilation", "ceil_mode", "crop", "dropped"):
        assert getattr(uneven, name) == getattr(even, name), name
    with pytest.raises(SlidingWindowsError, match="^unknown rule of windows ''$"):
        UnevenAxis(5, ((0, 5),), "")
    assert UnevenAxis(5, ((0, 5),), "fractional").spans == ((0, 5),)


def test_each_kind_of_figure_has_a_name_and_is_read_by_it():
    network = nn.Sequential(nn.MaxPool2d(2))
    figures = {
        "trace": slide(nn.MaxPool2d(2), X),
        "transfer": slide(nn.Unfold(2), X),
        "funnel": funnel(network, X),
        "receptive": receptive_field(network, X),
    }
    for name, figure in figures.items():
        assert kind_name(figure) == name and restored(name, figure.to_dict()) == figure
    refused(
        "unknown kind of figure ''; there are trace, transfer, funnel, receptive", restored, "", {}
    )


def test_what_kinds_of_windows_are_like():
    told = {kind: (one.padding, one.picks, one.skips_zeros) for kind, one in REDUCTIONS.items()}
    assert told == {
        "max": (-math.inf, True, False),
        "average": (0.0, False, False),
        "lp": (0.0, False, False),
        "convolution": (0.0, False, True),
    }
    for kind, one in REDUCTIONS.items():
        assert one.kind == kind and (one().bias, one().integral, one().norm) == (None, False, None)
        assert one().size == 1


def test_the_indices_of_a_max_pool_are_asked_for_in_each_number_of_dimensions():
    for dims in (1, 2, 3):
        x = torch.rand(1, *(6,) * dims)
        for kind in ("MaxPool", "AdaptiveMaxPool", *["FractionalMaxPool"] * (dims > 1)):
            options = {"output_size": 3} if kind.startswith("F") else {}
            module = getattr(nn, f"{kind}{dims}d")(2, **options)
            trace = slide(module, x)
            assert trace.kind == "max" and Trace.from_dict(trace.to_dict()) == trace, (kind, dims)
    assert set(pooling.WITH_INDICES) == {1, 2, 3}


def refused(words: str, ask, *arguments, **options):
    with pytest.raises(SlidingWindowsError) as caught:
        ask(*arguments, **options)
    assert words in str(caught.value), words


def test_limits_are_exact(tmp_path):
    refused("at most 1,000,000 windows are accepted", UnevenAxis.adaptive, 3, 1_000_001)
    refused("a seed is from 0 to 4294967295, not 4294967296", values.generator, 2**32)
    refused("not -1", values.generator, -1)
    assert values.generator(2**32 - 1).initial_seed() == 2**32 - 1
    network = nn.Sequential(nn.MaxPool2d(2))
    refused("10,000", receptive_field, network, (1, 4, 4), samples=10_001)
    for count in (1000, 1001, 2000):
        said = SlidingWindowsError("x" * count).problem
        assert said == ("x" * count if count <= 1000 else "x" * 999 + "…"), count
    axis = {"size": 2**63 - 1, "kernel_size": 2**62, "stride": 2**62, "padding": [0, 0]}
    assert axis_of(axis).size == 2**63 - 1
    for size in (512 * 512, 512 * 512 + 1):
        path = tmp_path / f"{size}.npy"
        np.save(path, np.zeros(size, np.uint8))
        if size == 512 * 512:
            assert reading.read_numbers(path).size == size
        else:
            words = "it holds 262,145 numbers; from 1 to 262,144 are accepted"
            refused(words, reading.read_numbers, path)
    large = tmp_path / "large.csv"
    with large.open("wb") as file:  # of zeros that take no room on the disk
        file.truncate(50_000_001)
    refused("large.csv has more than 50,000,000 bytes", reading.read_numbers, large)


def test_names_of_files_and_values_are_told(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(b"\xff\xfe\x00")
    endings = "files of numbers are .csv, .txt, .json, .npy, .npz, and"
    refused(endings, reading.read_numbers, path)
    told = "there is no file none; weights are random, ones, sobel or a file of numbers"
    generator = values.generator(0)
    refused(told, values.weigh, nn.Conv2d(1, 1, 2), "none", None, generator)
    told = "there is no file none; values are random, arange, photo or a file of numbers"
    refused(told, values.input_for, nn.MaxPool2d(2), "4x4", "none", 0)
    for ending in (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".PNG"):
        words = f"none{ending} cannot be read as "  # rather than "there is no file"
        refused(words, values.input_for, nn.MaxPool2d(2), "4x4", f"none{ending}", 0)


def test_a_funnel_keeps_as_much_as_can_be_drawn():
    def maps(channels, *sizes):
        layer = getattr(nn, f"Conv{len(sizes)}d")(1, channels, 1)
        shades = funnel(nn.Sequential(layer), torch.rand(1, *sizes)).stages[-1].maps
        return [(len(one), len(one[0])) for one in shades]

    assert maps(16, 2, 3) == maps(17, 2, 3) == [(2, 3)] * 16
    assert maps(1, 128, 2) == [(128, 2)] and maps(1, 2, 128) == [(2, 128)]
    assert maps(1, 129, 2) == [(128, 2)] and maps(1, 2, 129) == [(2, 128)]
    assert maps(64, 3) == maps(65, 3) == [(64, 3)]


def test_eight_inputs_are_averaged_if_nothing_else_is_asked_for():
    network = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Tanh(), nn.Conv2d(1, 1, 3))
    for number, parameter in enumerate(network.parameters()):
        numbers = torch.arange(1.0 + number, parameter.numel() + 1 + number)
        parameter.data = (numbers % 5 - 2).view(parameter.shape)
    found = {n: receptive_field(network, (1, 8, 8), samples=n).effective for n in (7, 8, 9)}
    assert receptive_field(network, (1, 8, 8)).effective == found[8]
    assert found[8] not in (found[7], found[9])
