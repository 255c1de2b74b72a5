"""Inputs, weights and biases from words and files: what comes of each, and each refusal's words."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib import get_data_path
from PIL import Image
from torch import nn

from slidingwindows import SlidingWindowsError
from slidingwindows.tracing.reading import read_picture
from slidingwindows.tracing.values import (
    LAST_SEED,
    full_shape,
    generator,
    input_for,
    shape_of,
    weigh,
)

POOL = nn.MaxPool2d(1)
PICTURE = "a picture has 1 or 3 channels of height and width, an input of {} does not".format


def problem_of(function, *arguments) -> str:
    """The words of a refusal; '' if there is none."""
    try:
        function(*arguments)
    except SlidingWindowsError as error:
        return error.problem
    return ""


def weighed(module, weights="random", bias=None, seed=0):
    weigh(module, weights, bias, generator(seed))
    return module


def test_sizes_word_by_word():
    for text, shape in {
        "7x6": (7, 6), "10": (10,), " 3×2X4 ": (3, 2, 4), "1x2x3x4x5": (1, 2, 3, 4, 5),
        "512x512": (512, 512), "1x262144": (1, 262144), "000000001": (1,),
    }.items():  # fmt: skip
        assert shape_of(text) == shape, text
    none = "{!r} is not a size such as 7x7, 3x32x32 or 10".format
    for text in ("", "x", "7x", "x7", "7*7", "7x-1", "1.5", "1x" * 5 + "1", "9" * 10, "٣", "7xx7"):
        assert problem_of(shape_of, text) == none(text), text
    assert problem_of(shape_of, "3x0") == "an input of 3x0 has no elements"
    assert problem_of(shape_of, "0") == "an input of 0 has no elements"
    assert problem_of(shape_of, "512x513") == (
        "a grid of 512x513 has 262,656 elements; at most 262,144 (512x512) are accepted"
    )


def test_channels_are_those_that_the_module_takes():
    for module, given, shape in (
        (nn.MaxPool1d(1), (5,), (1, 5)),
        (POOL, (5, 6), (1, 5, 6)),
        (nn.AvgPool3d(1), (4, 5, 6), (1, 4, 5, 6)),
        (nn.Conv2d(6, 2, 1), (5, 4), (6, 5, 4)),
        (nn.LazyConv1d(4, 1, groups=2), (5,), (2, 5)),
        (nn.Fold((4, 5), (2, 3)), (6, 7), (6, 7)),
        (nn.Fold((4, 5), (2, 3)), (6,), (6, 6)),
        (nn.Fold((4, 5), 2), (6,), (4, 6)),
        (nn.Conv2d(6, 2, 1), (3, 5, 4), (3, 5, 4)),
        (POOL, (2, 3, 5, 4), (2, 3, 5, 4)),
    ):
        assert full_shape(module, given) == shape, (module, given)
    for module, form, given in (
        (nn.MaxPool1d(1), "10 or 3x10", (1, 2, 3, 4)),
        (POOL, "7x7 or 3x7x7", (4,)),
        (POOL, "7x7 or 3x7x7", (1, 2, 3, 4, 5)),
        (nn.MaxPool3d(1), "4x6x6 or 3x4x6x6", (4, 5)),
    ):
        expected = f"{type(module).__name__} takes an input such as {form}, not "
        assert problem_of(full_shape, module, given) == expected + "x".join(map(str, given))
    large = "a grid of {} has {:,} elements; at most 262,144 (512x512) are accepted".format
    assert problem_of(full_shape, nn.Conv2d(2, 1, 1), (512, 257)) == large("2x512x257", 263168)
    assert full_shape(nn.Conv2d(2, 1, 1), (512, 256)) == (2, 512, 256)
    fold = nn.Fold((512, 129), (2, 2))
    assert problem_of(full_shape, fold, (6,)) == large("4x512x129", 264192)
    assert problem_of(full_shape, nn.Fold((4, 4), 1.5), (6,)) == (
        "kernel_size must be one int or two ints, got 1.5"
    )
    assert problem_of(full_shape, nn.Fold(1.5, 1), (6,)) == (
        "output_size must be one int or two ints, got 1.5"
    )


def test_seeds_and_their_uses():
    draws = [generator(seed, use).initial_seed() for seed, use in ((0, 0), (5, 0), (5, 2))]
    assert draws == [0, 5, 7] and generator(LAST_SEED).initial_seed() == 4294967295
    assert generator(3).initial_seed() == 3
    for seed in (-1, LAST_SEED + 1):
        assert problem_of(generator, seed) == f"a seed is from 0 to 4294967295, not {seed}"


def test_inputs_by_word():
    counted = input_for(POOL, "2x3x4", "arange", 0)
    assert torch.equal(counted, torch.arange(24.0).reshape(2, 3, 4))
    assert counted.dtype == torch.float32
    plain = input_for(POOL, "20x30", "random", 7)
    said = torch.randint(0, 10, (1, 20, 30), generator=torch.Generator().manual_seed(7)).float()
    assert torch.equal(plain, said) and plain.dtype == torch.float32
    assert {0.0, 9.0} < set(plain.flatten().tolist())
    low = input_for(POOL, "20x30", "random", 7, -3, -1)
    assert sorted(set(low.flatten().tolist())) == [-3.0, -2.0, -1.0]
    assert set(input_for(POOL, "4x4", "random", 7, 5, 5).flatten().tolist()) == {5.0}
    photo = Path(get_data_path(), "sample_data", "grace_hopper.jpg")
    for size, channels in (("6x5", 1), ("3x6x5", 3), ("1x3x6x5", 3), ("1x6x5", 1)):
        found = input_for(POOL, size, "photo", 0)
        shape = (1, 6, 5) if size == "6x5" else tuple(map(int, size.split("x")))
        assert tuple(found.shape) == shape
        said = read_picture(photo, channels, (6, 5))
        assert np.array_equal(found.reshape(channels, 6, 5), said), size
    for size in ("2x6x5", "2x1x6x5", "2x3x6x5"):
        shape = tuple(map(int, size.split("x")))
        assert problem_of(input_for, POOL, size, "photo", 0) == PICTURE(shape), size
    for word in ("random", "arange", "photo"):
        assert problem_of(input_for, POOL, None, word, 0) == (
            "the input needs a size, such as --input 7x7"
        )
    assert problem_of(input_for, POOL, None, "rando", 0) == (
        "there is no file rando; values are random, arange, photo or a file of numbers"
    )
    assert problem_of(input_for, POOL, "2x2", "", 0) == (
        "there is no file ''; values are random, arange, photo or a file of numbers"
    )


def test_a_photo_is_a_signal_too():
    found = input_for(nn.MaxPool1d(1), "5", "photo", 0)
    assert tuple(found.shape) == (1, 5)


def test_inputs_from_files(tmp_path):
    numbers = tmp_path / "numbers.npy"
    np.save(numbers, np.arange(6.0).reshape(2, 3))
    for module, size, shape in (
        (nn.MaxPool1d(1), None, (2, 3)),
        (POOL, None, (1, 2, 3)),
        (POOL, "3x2", (1, 3, 2)),
        (nn.Conv2d(6, 1, 1), "1x1", (6, 1, 1)),
        (nn.MaxPool1d(1), "6", (1, 6)),
    ):
        found = input_for(module, size, str(numbers), 0)
        assert torch.equal(found, torch.arange(6.0).reshape(shape)), (module, size)
    assert problem_of(input_for, POOL, "2x2", str(numbers), 0) == (
        f"{numbers} holds 6 numbers; an input of (1, 2, 2) needs 4"
    )
    assert problem_of(input_for, nn.Conv2d(2, 1, 1), None, str(numbers), 0) == (
        f"{numbers} holds 6 numbers; an input of (2, 2, 3) needs 12"
    )
    many = tmp_path / "many.npy"
    np.save(many, np.zeros(1234))
    assert problem_of(input_for, POOL, "40x50", str(many), 0) == (
        f"{many} holds 1,234 numbers; an input of (1, 40, 50) needs 2,000"
    )
    column, lone = tmp_path / "column.npy", tmp_path / "lone.npy"
    np.save(column, np.arange(3.0).reshape(3, 1))
    np.save(lone, np.float32(7))
    assert input_for(nn.MaxPool1d(1), None, str(column), 0).tolist() == [[0.0, 1.0, 2.0]]
    assert input_for(POOL, None, str(column), 0).tolist() == [[[0.0], [1.0], [2.0]]]
    assert input_for(nn.MaxPool1d(1), None, str(lone), 0).tolist() == [[7.0]]
    assert problem_of(input_for, POOL, None, str(lone), 0) == (
        "MaxPool2d takes an input such as 7x7 or 3x7x7, not 1"
    )


def test_inputs_from_pictures(tmp_path):
    path = tmp_path / "A.PNG"
    colours = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    Image.fromarray(colours).save(path)
    grey = read_picture(path, 1, None)
    apart = torch.from_numpy(colours.transpose(2, 0, 1).copy()).float()
    assert np.array_equal(input_for(POOL, None, str(path), 0), grey)
    assert torch.equal(input_for(nn.Conv2d(3, 1, 1), None, str(path), 0), apart)
    assert np.array_equal(input_for(nn.Conv2d(1, 1, 1), None, str(path), 0), grey)
    assert torch.equal(input_for(nn.Conv2d(3, 1, 1), "4x5", str(path), 0), apart)
    assert torch.equal(input_for(POOL, "1x3x4x5", str(path), 0), apart[None])
    assert np.array_equal(input_for(POOL, "2x3", str(path), 0), read_picture(path, 1, (2, 3)))
    # A lazy layer takes what comes, here grey.
    assert tuple(input_for(nn.LazyConv2d(1, 1), None, str(path), 0).shape) == (1, 4, 5)
    two = problem_of(input_for, nn.Conv2d(2, 1, 1), None, str(path), 0)
    assert two == "a picture has 1 or 3 channels, not 2"
    assert problem_of(input_for, nn.Conv2d(2, 1, 1), "4x5", str(path), 0) == PICTURE((2, 4, 5))
    assert problem_of(input_for, POOL, "2x4x5", str(path), 0) == PICTURE((2, 4, 5))
    assert problem_of(input_for, POOL, "3x1x4x5", str(path), 0) == PICTURE((3, 1, 4, 5))
    for height, problem in ((512, ""), (513, "513x512; give a size to shrink it to")):
        wide = tmp_path / f"{height}.png"
        Image.new("L", (512, height)).save(wide)
        expected = problem and f"{wide} is {problem}, such as --input 32x32"
        assert problem_of(input_for, POOL, None, str(wide), 0) == expected
    assert tuple(input_for(POOL, "2x3", str(wide), 0).shape) == (1, 2, 3)


def test_weights_by_word():
    random = weighed(nn.Conv2d(2, 30, 3), seed=4)
    drawn = torch.Generator().manual_seed(4)
    for parameter in (random.weight, random.bias):
        said = torch.randint(-2, 3, parameter.shape, generator=drawn).float()
        assert torch.equal(parameter, said) and parameter.dtype == torch.float32
    ones = weighed(nn.Conv1d(2, 3, 2), "ones", "4")
    assert torch.equal(ones.weight, torch.ones(3, 2, 2)) and ones.bias.tolist() == [4.0] * 3
    line = torch.tensor([-1.0, 0, 1])
    assert torch.equal(weighed(nn.Conv1d(2, 4, 3), "sobel").weight, line.expand(4, 2, 3))
    square = torch.tensor([1.0, 2, 1])[:, None] * line
    assert torch.equal(weighed(nn.Conv2d(2, 4, 3), "sobel").weight, square.expand(4, 2, 3, 3))
    for module, size in (
        (nn.Conv2d(1, 1, (3, 5)), "3×5"), (nn.Conv3d(1, 1, 3), "3×3×3"), (nn.Conv1d(1, 1, 4), "4"),
    ):  # fmt: skip
        expected = f"sobel is a kernel of 3 or 3×3, this one is {size}"
        assert problem_of(weighed, module, "sobel") == expected
    assert weighed(nn.MaxPool2d(2)).kernel_size == 2
    for module, given, problem in (
        (nn.MaxPool2d(2), ("ones",), "MaxPool2d has no weight to be given here"),
        (nn.MaxPool2d(2), ("random", "1"), "MaxPool2d has no bias to be given here"),
        (nn.Conv2d(1, 1, 1, bias=False), ("ones", "1"), "Conv2d has no bias to be given here"),
        (nn.Conv2d(1, 1, 1, bias=False), ("ones",), ""),
    ):
        assert problem_of(weighed, module, *given) == problem, (module, given)


def test_weights_and_biases_that_are_listed(tmp_path):
    all_of_them, one_kernel = tmp_path / "all.npy", tmp_path / "one.npy"
    np.save(all_of_them, np.arange(12.0))
    np.save(one_kernel, np.arange(2.0))
    made = weighed(nn.Conv1d(2, 3, 2), str(all_of_them), "-1,0.5,2").requires_grad_(False)
    assert torch.equal(made.weight, torch.arange(12.0).reshape(3, 2, 2))
    assert made.bias.tolist() == [-1.0, 0.5, 2.0]
    same = weighed(nn.Conv1d(2, 3, 2), str(one_kernel), "7").requires_grad_(False)
    assert torch.equal(same.weight, torch.tensor([0.0, 1.0]).expand(3, 2, 2))
    assert same.bias.tolist() == [7.0] * 3
    same.weight[0, 0, 0] = 9  # its own number, and no other kernel's
    assert same.weight.sum() == 6 + 9
    same.bias[0] = 9
    assert same.bias.tolist() == [9.0, 7.0, 7.0]
    biases = tmp_path / "bias.npy"
    np.save(biases, np.array([3.0, 2.0, 1.0]))
    assert weighed(nn.Conv1d(2, 3, 2), bias=str(biases)).bias.tolist() == [3.0, 2.0, 1.0]
    for given, problem in (
        ((str(biases),), "3 numbers are given; the weights of shape (3, 2, 2) need 12"),
        (("random", "1,2"), "2 numbers are given; the bias of shape (3,) needs 3"),
        (
            ("none",),
            "there is no file none; weights are random, ones, sobel or a file of numbers",
        ),
        ((" ",), "there is no file  ; weights are random, ones, sobel or a file of numbers"),
        (("",), "there is no file ''; weights are random, ones, sobel or a file of numbers"),
        (
            ("random", "one"),
            "there is no file one; a bias is numbers such as 0 or 1,-2 or a file of numbers",
        ),
    ):
        assert problem_of(weighed, nn.Conv1d(2, 3, 2), *given) == problem, given


@pytest.mark.parametrize("low_high", [(-(2**20) - 1, 0), (0, 2**20 + 1), (1, 0)])
def test_random_numbers_that_there_are_not(low_high):
    low, high = low_high
    assert problem_of(input_for, POOL, "2x2", "random", 0, low, high) == (
        f"random numbers from {low} to {high}: there are none, or they exceed ±1,048,576"
    )
    assert math.prod(input_for(POOL, "2x2", "random", 0, -(2**20), 2**20).shape) == 4
