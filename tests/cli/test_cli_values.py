"""Numbers for inputs and convolutions: words, seeds, files of every kind, and what does not fit."""

import json
import math
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from slidingwindows import SlidingWindowsError, Trace
from slidingwindows.tracing.reading import MOST, read_numbers, read_picture
from slidingwindows.tracing.slide import TRACERS
from slidingwindows.tracing.values import full_shape, generator, input_for, shape_of, weigh

POOL = nn.MaxPool2d(2)


@pytest.fixture
def traced(run):
    """The trace of a command, from its JSON."""

    def started(line: str) -> dict:
        ran = run(f"trace {line} --json")
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    return started


# An input that each traced class can take, so that a new class without a line here is noticed.
EXAMPLES = {
    "FractionalMaxPool2d": ("FractionalMaxPool2d(2, output_size=3)", "8x8"),
    "FractionalMaxPool3d": ("FractionalMaxPool3d(2, output_size=2)", "4x4x4"),
    "Unfold": ("Unfold(2)", "4x4"),
    "Fold": ("Fold(3, 2)", "4"),
}
for stem, call in {
    "MaxPool": "(2)",
    "AvgPool": "(2)",
    "LPPool": "(2, 2)",
    "AdaptiveMaxPool": "(3)",
    "AdaptiveAvgPool": "(3)",
    "Conv": "(2, 3, 2)",
    "ConvTranspose": "(2, 3, 2)",
    "MaxUnpool": "(2)",
}.items():
    EXAMPLES |= {f"{stem}{n}d": (f"{stem}{n}d{call}", "x".join("444"[:n])) for n in (1, 2, 3)}


@pytest.mark.parametrize("kind", TRACERS, ids=lambda kind: kind.__name__)
def test_every_class_takes_a_size_without_channels(kind, run):
    call, size = EXAMPLES[kind.__name__]
    ran = run("trace", call, "--input", size)
    assert ran.code == 0, ran.err
    assert ran.out.startswith(f"nn.{kind.__name__}(")


def test_a_size_gets_the_channels_that_the_module_needs():
    assert full_shape(nn.Conv2d(3, 8, 3), (7, 9)) == (3, 7, 9)
    assert full_shape(nn.Conv2d(3, 8, 3), (1, 7, 9)) == (1, 7, 9)
    assert full_shape(POOL, (7, 9)) == (1, 7, 9)
    assert full_shape(POOL, (2, 5, 7, 9)) == (2, 5, 7, 9)
    assert full_shape(nn.MaxPool1d(2), (10,)) == (1, 10)
    assert full_shape(nn.MaxPool3d(2), (4, 6, 6)) == (1, 4, 6, 6)
    assert full_shape(nn.Fold(3, (2, 1)), (5,)) == (2, 5)
    for wrong, name in (((4, (1, 2, 3)), "kernel_size"), (((4, 4, 4), 2), "output_size")):
        with pytest.raises(SlidingWindowsError, match=name):
            full_shape(nn.Fold(*wrong), (5,))
    assert shape_of(" 3X32×32 ") == (3, 32, 32)
    assert shape_of("512x512") == (512, 512)


def test_channel_sample_and_depth_are_followed(traced):
    data = traced(
        "'MaxPool3d(2)' --input 2x3x4x4x4 --sample 1 --channel 2 --depth 1 --values arange"
    )
    x = torch.arange(2.0 * 3 * 64).reshape(2, 3, 4, 4, 4)
    assert data["output"] == nn.MaxPool3d(2)(x)[1, 2, 1].tolist()


def test_random_numbers_are_whole_and_follow_the_seed():
    numbers = input_for(POOL, "40x40", "random", 0)
    assert torch.equal(numbers, numbers.round()) and sorted(set(numbers.flatten().tolist())) == [
        *map(float, range(10))
    ]
    assert torch.equal(numbers, input_for(POOL, "40x40", "random", 0))
    assert not torch.equal(numbers, input_for(POOL, "40x40", "random", 1))
    other = input_for(POOL, "40x40", "random", 0, low=-3, high=-1)
    assert (other.min(), other.max()) == (-3, -1)
    assert torch.equal(input_for(POOL, "2x3", "arange", 0), torch.arange(6.0).reshape(1, 2, 3))


def test_the_largest_seed_is_accepted(run):
    assert run("trace 'Conv2d(1, 1, 2)' --input 2x2 --seed 4294967295").code == 0


def test_the_photo_is_grey_or_coloured_and_of_the_size_asked_for():
    grey = input_for(nn.MaxPool2d(2), "16x12", "photo", 0)
    colours = input_for(nn.Conv2d(3, 1, 3), "16x12", "photo", 0)
    assert grey.shape == (1, 16, 12) and colours.shape == (3, 16, 12)
    assert 0 <= grey.min() < 40 and 150 < grey.max() <= 255
    # Pillow's grey is 299 red, 587 green, 114 blue of a thousand, before it shrinks.
    shares = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    assert ((colours * shares).sum(0) - grey[0]).abs().max() < 2
    assert not torch.equal(colours[0], colours[2])


def test_a_photo_that_does_not_fit(refused):
    line = refused("trace 'Conv2d(2, 1, 3)' --input 8x8 --values photo")
    assert line.startswith("a picture has 1 or 3 channels")
    refused("trace 'MaxPool2d(2)' --input 2x3x8x8 --values photo")
    assert "needs a size" in refused("trace 'MaxPool2d(2)' --values photo")
    assert "needs a size" in refused("trace 'MaxPool2d(2)'")


GOOD = {
    "a.csv": "1,2\n3,4\n",
    "b.csv": "# width;height\n1;2;\n\n3;4;\n",
    "c.txt": "  1   2\n3\t4\n",
    "d.json": "[[1, 2], [3, 4]]",
    "e.csv": "\ufeff1,2\r\n3,4\r\n",
}


@pytest.mark.parametrize("name", GOOD)
def test_each_format_of_numbers_is_read(name, run, traced, tmp_path):
    (tmp_path / name).write_bytes(GOOD[name].encode())
    assert traced(f"'MaxPool2d(1)' --values {name}")["output"] == [[1.0, 2.0], [3.0, 4.0]]
    assert traced(f"'MaxPool1d(1)' --values {name} --input 4")["output"] == [[1.0, 2.0, 3.0, 4.0]]


def test_infinities_and_signals(traced, tmp_path):
    (tmp_path / "a.json").write_text('[1, "-inf", Infinity]')
    assert traced("'MaxPool1d(1)' --values a.json")["output"] == [[1.0, "-inf", "inf"]]
    (tmp_path / "a.csv").write_text("1\n2\n3\n")
    assert traced("'MaxPool1d(3)' --values a.csv")["output"] == [[3.0]]


@pytest.mark.parametrize("kind", ["<f8", ">f4", "<i8", "u1", "?", "<f2"])
def test_npy_files_of_every_number_type_are_read(kind, traced, tmp_path):
    np.save(tmp_path / "a.npy", np.array([[[1, 0], [0, 1]]]).astype(kind))
    assert traced("'MaxPool2d(1)' --values a.npy")["output"] == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_the_one_array_of_an_npz_file_is_read(save, traced, tmp_path):
    save(tmp_path / "a.npz", np.array([[1, 0], [0, 1]]))
    assert traced("'MaxPool2d(1)' --values a.npz")["output"] == [[1.0, 0.0], [0.0, 1.0]]


def test_an_npz_file_that_is_unfit(refused, tmp_path):
    def told(name):
        line = refused(f"trace 'MaxPool2d(1)' --values {name}")
        assert line.startswith(f"{name} cannot be read as numbers: ")
        return line

    np.savez(tmp_path / "two.npz", a=[1], b=[2])
    assert "it holds 2 arrays, and should hold one" in told("two.npz")
    np.savez(tmp_path / "complex.npz", np.array([1j]))
    assert "type complex128" in told("complex.npz")
    np.savez(tmp_path / "objects.npz", np.array([print], dtype=object))
    assert "type object" in told("objects.npz")
    np.save(tmp_path / "a.npy", np.zeros((2, 2)))
    head = (tmp_path / "a.npy").read_bytes().replace(b"(2, 2)", b"(900000, 900000)").ljust(300)
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w") as archive:
        archive.writestr("a.npy", head)
    assert "it holds 810,000,000,000 numbers" in told("bomb.npz")
    data = (tmp_path / "two.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(data[: len(data) // 2])
    assert "not a zip file" in told("half.npz")


def test_what_torch_saved_is_no_text(refused, tmp_path):
    torch.save(torch.ones(2, 2), tmp_path / "a.pt")
    assert refused("trace 'MaxPool2d(1)' --values a.pt") == (
        "a.pt cannot be read as numbers: it is not text in UTF-8; files of numbers are .csv, .txt, "
        ".json, .npy, .npz, and numpy.save writes a tensor as .npy"
    )


@pytest.mark.parametrize(
    ("call", "size", "made"),
    [
        ("LazyConv2d(1, 3)", "4x4", "nn.Conv2d(1, 1, kernel_size=3)"),
        ("nn.LazyConv2d(1, 3)", "2x4x4", "nn.Conv2d(2, 1, kernel_size=3)"),
        ("LazyConv3d(2, 2, groups=2)", "3x3x3", "nn.Conv3d(2, 2, kernel_size=2, groups=2)"),
        ("LazyConvTranspose1d(1, 2)", "2x3x4", "nn.ConvTranspose1d(3, 1, kernel_size=2)"),
    ],
)
def test_a_lazy_convolution_takes_its_channels_from_the_input(call, size, made, run):
    ran = run("trace", call, "--input", size)
    assert ran.code == 0, ran.err
    assert ran.out.startswith(f"{made}\n")


def test_a_lazy_convolution_is_refused_as_any_other(refused):
    assert "did you mean LazyConv2d?" in refused("trace 'LazyCov2d(1, 3)' --input 4x4")
    line = refused("trace 'LazyConv2d(100000, 3000)' --input 4x4")
    assert line.startswith("900,000,100,000 weights are more")


BAD = {
    "empty.csv": (b"", "it holds 0 numbers"),
    "words.csv": (b"a,b\n", "could not convert string to float: 'a'"),
    "gap.csv": (b"1,,3\n", "could not convert string to float: ''"),
    "ragged.csv": (b"1,2\n3\n", "line 2 holds 1 numbers, the first row 2"),
    "bytes.csv": (b"\xff\xfe\x00", "it is not text in UTF-8"),
    "huge.csv": (b"1e39\n", "too large for float32"),
    "huge.json": (b"[1" + b"0" * 400 + b"]", "too large"),
    "null.json": (b"[1, null]", "it holds null"),
    "map.json": (b'{"a": 1}', "it should hold lists of numbers"),
    "ragged.json": (b"[[1, 2], [3]]", "inhomogeneous"),
    "deep.json": (b"[" * 100_000, "recursion"),
    "half.json": (b"[1, 2", "Expecting ',' delimiter"),
    "empty.npy": (b"", "No data left in file"),
    "no.npy": (b"1,2,3", "cannot be read as numbers"),
    "pickle.npy": (b"\x93NUMPY\x01\x00", "cannot be read as numbers"),
    "no.png": (b"not a picture", "cannot be read as a picture"),
    "half.png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0", "cannot be read as a picture"),
}


@pytest.mark.parametrize("name", BAD)
def test_files_that_are_unfit(name, refused, tmp_path):
    data, says = BAD[name]
    (tmp_path / name).write_bytes(data)
    line = refused(f"trace 'MaxPool2d(1)' --input 1x1 --values {name}")
    assert line.startswith(name) and says in line


def test_npy_that_would_run_or_fill_the_memory(refused, tmp_path):
    np.save(tmp_path / "objects.npy", np.array([print], dtype=object), allow_pickle=True)
    assert "Python objects" in refused("trace 'MaxPool2d(1)' --values objects.npy")
    np.save(tmp_path / "a.npy", np.zeros((2, 2)))
    head = (tmp_path / "a.npy").read_bytes().replace(b"(2, 2)", b"(900000, 900000)").ljust(300)
    (tmp_path / "bomb.npy").write_bytes(head)
    assert "bomb.npy cannot be read" in refused("trace 'MaxPool2d(1)' --values bomb.npy")
    np.save(tmp_path / "complex.npy", np.array([[1j]]))
    assert "type complex128" in refused("trace 'MaxPool2d(1)' --values complex.npy")
    np.save(tmp_path / "many.npy", np.zeros((1, MOST + 1), np.uint8))
    assert f"from 1 to {MOST:,}" in refused("trace 'MaxPool2d(1)' --values many.npy")


def test_counts_that_do_not_fit(refused, tmp_path):
    (tmp_path / "a.csv").write_text("1,2,3")
    line = refused("trace 'MaxPool2d(1)' --input 2x2 --values a.csv")
    assert line == "a.csv holds 3 numbers; an input of (1, 2, 2) needs 4"


def test_files_without_end(refused):
    assert refused("trace 'MaxPool2d(1)' --values /dev/zero") == "/dev/zero is not a regular file"
    assert refused("trace 'MaxPool2d(1)' --values /") == "/ is not a regular file"


def test_a_file_too_large_is_refused_unread(run, tmp_path):
    with open(tmp_path / "a.csv", "wb") as file:
        file.truncate(10**12)
    ran = run("trace 'MaxPool2d(1)' --values a.csv")
    assert (ran.code, ran.err) == (2, "error: a.csv has more than 50,000,000 bytes\n")


def test_a_picture_is_read_and_shrunk_by_means(tmp_path):
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert np.array_equal(read_picture(tmp_path / "a.png", 3, None), pixels.transpose(2, 0, 1))
    small = read_picture(tmp_path / "a.png", 3, (2, 2))
    means = pixels.reshape(2, 2, 2, 3, 3).mean((1, 3)).transpose(2, 0, 1)
    assert small.shape == (3, 2, 2) and np.abs(small - means).max() <= 0.5
    numbers = input_for(nn.Conv2d(3, 1, 3), None, str(tmp_path / "a.png"), 0)
    assert np.array_equal(numbers.numpy(), pixels.transpose(2, 0, 1))


def test_pictures_of_other_kinds(tmp_path):
    deep = np.array([[0, 257, 65535]], np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert read_picture(tmp_path / "deep.png", 1, None).tolist() == [[[0.0, 1.0, 255.0]]]
    clear = np.array([[[9, 9, 9, 0], [9, 9, 9, 255]]], np.uint8)
    Image.fromarray(clear).save(tmp_path / "clear.png")
    assert read_picture(tmp_path / "clear.png", 1, None).tolist() == [[[255.0, 9.0]]]
    turned = Image.fromarray(np.array([[0, 0, 0, 255]] * 2, np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera on its side
    turned.save(tmp_path / "turned.png", exif=exif)
    assert read_picture(tmp_path / "turned.png", 1, None).shape == (1, 4, 2)


def test_a_picture_too_large_is_refused(refused, tmp_path):
    Image.new("1", (30_000, 10_000)).save(tmp_path / "bomb.png")
    assert "bomb.png cannot be read as a picture" in refused(
        "trace 'MaxPool2d(1)' --input 4x4 --values bomb.png"
    )
    Image.new("L", (600, 500)).save(tmp_path / "a.png")
    line = refused("trace 'MaxPool2d(1)' --values a.png")
    assert line == "a.png is 500x600; give a size to shrink it to, such as --input 32x32"
    assert "has 1 or 3 channels, not 2" in refused("trace 'Conv2d(2, 1, 3)' --values a.png")


# Weights.


def weighed(module, weights="random", bias=None, seed=0):
    weigh(module, weights, bias, generator(seed, use=1))
    return module


def test_weights_are_small_and_seeded():
    conv = weighed(nn.Conv2d(3, 8, 3))
    assert set(conv.weight.flatten().tolist()) == {-2.0, -1.0, 0.0, 1.0, 2.0}
    assert torch.equal(conv.weight, weighed(nn.Conv2d(3, 8, 3)).weight)
    assert not torch.equal(conv.weight, weighed(nn.Conv2d(3, 8, 3), seed=1).weight)


def test_ones_and_sobel_are_what_they_are_called():
    assert weighed(nn.Conv3d(2, 3, 2), "ones").weight.unique().tolist() == [1.0]
    sobel = weighed(nn.Conv2d(2, 3, 3), "sobel").weight
    ramp = torch.arange(5.0).expand(1, 1, 5, 5)  # rises by 1 a column: 8 everywhere
    assert torch.nn.functional.conv2d(ramp, sobel[:1, :1]).unique().tolist() == [8.0]
    assert all(torch.equal(kernel, sobel[0, 0]) for kernel in sobel.flatten(0, 1))
    assert weighed(nn.Conv1d(1, 1, 3), "sobel").weight.tolist() == [[[-1.0, 0.0, 1.0]]]
    for odd in (nn.Conv2d(1, 1, 5), nn.Conv3d(1, 1, 3), nn.Conv1d(1, 1, 4)):
        with pytest.raises(SlidingWindowsError, match="sobel is a kernel of 3 or 3×3"):
            weighed(odd, "sobel")


def test_weights_from_a_file(traced, refused, tmp_path):
    (tmp_path / "one.csv").write_text("1,2\n3,4")
    (tmp_path / "all.json").write_text(json.dumps([[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]]))
    (tmp_path / "three.csv").write_text("1,2,3")
    conv = "'Conv2d(2, 1, 2)' --input 2x2 --bias 5"
    both = traced(f"{conv} --weights all.json")
    assert both["weights"] == [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]
    assert both["bias"] == 5.0
    one = traced(f"{conv} --weights one.csv")
    assert one["weights"] == [[[1.0, 2.0], [3.0, 4.0]]] * 2
    line = refused(f"trace {conv} --weights three.csv")
    assert line == "3 numbers are given; the weights of shape (1, 2, 2, 2) need 8"
    given = "there is no file arange; weights are random, ones, sobel or a file of numbers"
    assert refused(f"trace {conv} --weights arange") == given
    given = "there is no file x; a bias is numbers such as 0 or 1,-2 or a file of numbers"
    assert refused(f"trace {conv} --bias x") == given


def test_a_bias_comes_from_the_line_or_a_file(refused, tmp_path):
    (tmp_path / "bias.csv").write_text("1,2,3")
    for given in ("1,2,3", str(tmp_path / "bias.csv")):
        assert weighed(nn.Conv2d(1, 3, 2), bias=given).bias.tolist() == [1.0, 2.0, 3.0]
    assert weighed(nn.Conv2d(1, 3, 2), bias="-0.5").bias.tolist() == [-0.5] * 3
    line = refused("trace 'Conv2d(1, 3, 2)' --input 2x2 --bias 1,2")
    assert line == "2 numbers are given; the bias of shape (3,) needs 3"
    assert "Conv2d has no bias" in refused(
        "trace 'Conv2d(1, 1, 2, bias=False)' --input 2x2 --bias 1"
    )


def test_the_same_numbers_whatever_is_named():
    """Naming the weights leaves the random bias as it was."""
    assert torch.equal(weighed(nn.Conv2d(1, 3, 2)).bias, weighed(nn.Conv2d(1, 3, 2), "ones").bias)


def test_fractional_windows_are_seeded(traced):
    line = "'FractionalMaxPool2d(2, output_size=4)' --input 9x9 --values arange"
    first, same = traced(line), traced(line)
    others = [traced(f"{line} --seed {seed}")["output"] for seed in range(1, 6)]
    assert first == same and any(other != first["output"] for other in others)


def test_unpooling_takes_what_was_pooled(traced):
    data = traced("'MaxUnpool2d(2)' --input 4x4")
    x = input_for(nn.MaxUnpool2d(2), "4x4", "random", 0)
    pooled, indices = nn.MaxPool2d(2, return_indices=True)(x)
    assert data["target"] == nn.MaxUnpool2d(2)(pooled, indices)[0].tolist()


def test_a_trace_of_a_file_is_torch_s(traced, tmp_path):
    numbers = torch.randn(3, 6, 6, generator=torch.Generator().manual_seed(4))
    np.save(tmp_path / "a.npy", numbers.numpy())
    data = traced("'AvgPool2d(3, stride=2, padding=1)' --values a.npy --channel 1")
    assert Trace.from_dict(data).output == tuple(
        map(tuple, nn.AvgPool2d(3, 2, 1)(numbers)[1].tolist())
    )
    assert read_numbers(tmp_path / "a.npy").shape == (3, 6, 6) and math.prod((3, 6, 6)) < MOST


@pytest.mark.parametrize(
    ("module", "numbers", "shape"),
    [
        (nn.MaxPool1d(2), "1\n2\n3\n4\n5\n", (1, 5)),
        (nn.MaxPool1d(2), "1,2,3,4,5\n", (1, 5)),
        (nn.MaxPool1d(2), "1,2,3,4,5\n6,7,8,9,10\n", (2, 5)),
        (nn.MaxPool2d((2, 1)), "1\n2\n3\n4\n5\n", (1, 5, 1)),
        (nn.MaxPool2d((1, 2)), "1,2,3,4,5\n", (1, 1, 5)),
    ],
    ids=str,
)
def test_a_column_of_numbers_is_a_signal_or_a_narrow_image(module, numbers, shape, tmp_path):
    path = tmp_path / "numbers.csv"
    path.write_text(numbers)
    found = input_for(module, None, str(path), seed=0)
    assert tuple(found.shape) == shape and found.flatten().tolist() == [
        float(n) for n in numbers.replace(",", "\n").split()
    ]


def test_a_file_of_one_number_is_a_signal_of_one(tmp_path):
    path = tmp_path / "number.npy"
    np.save(path, np.float32(7))
    assert input_for(nn.MaxPool1d(1), None, str(path), seed=0).tolist() == [[7.0]]


@pytest.mark.parametrize(
    ("low", "high", "fits"),
    [
        (-1_048_576, 1_048_576, True),
        (1_048_576, 1_048_576, True),
        (-1_048_577, 0, False),
        (0, 1_048_577, False),
        (3, 2, False),
        (2, 2, True),
    ],
)
def test_random_numbers_lie_within_a_million_or_so(low, high, fits):
    if fits:
        found = input_for(POOL, "30x30", "random", 1, low, high)
        assert low <= found.min() and found.max() <= high and found.dtype == torch.float32
        return
    words = f"random numbers from {low} to {high}: there are none, or they exceed ±1,048,576"
    with pytest.raises(SlidingWindowsError) as caught:
        input_for(POOL, "30x30", "random", 1, low, high)
    assert caught.value.problem == words
