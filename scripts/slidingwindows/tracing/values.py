"""Numbers for a figure: an input, weights and biases, from a word, a seed, a photo or a file."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin

from ..core.arguments import pair
from ..core.errors import SlidingWindowsError
from .reading import MOST, PICTURES, read_numbers, read_picture
from .slide import tracer_of

WEIGHTS = ("random", "ones", "sobel")
SOBEL = {1: [-1, 0, 1], 2: [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]}


def weigh(module: nn.Module, weights: str, bias: str | None, generator: torch.Generator) -> None:
    """Give a convolution its numbers; a module without any is left as it is.

    weights: 'random' (whole numbers from -2 to 2), 'ones', 'sobel' (an edge
    detector, for kernels of 3 or 3x3) or a file with all numbers, or one kernel's.
    bias: numbers parted by commas, or a file; None is random as above.
    generator: where random numbers come from.
    Raises SlidingWindowsError for numbers that do not fit, and for weights or a
    bias that the module has no place for.
    """
    named = dict(module.named_parameters())
    for name, given in (("weight", weights != "random"), ("bias", bias is not None)):
        if given and name not in named:
            raise SlidingWindowsError(f"{type(module).__name__} has no {name} to be given here")
    for parameter in named.values():
        parameter.data = torch.randint(-2, 3, parameter.shape, generator=generator).float()
    if weights != "random":
        named["weight"].data = _weights(weights, tuple(named["weight"].shape))
    if bias is not None:
        named["bias"].data = _fitted(_bias(bias), tuple(named["bias"].shape), "the bias")


def _weights(source: str, shape: tuple[int, ...]) -> torch.Tensor:
    if source == "ones":
        return torch.ones(shape)
    if source == "sobel":
        kernel = torch.tensor(SOBEL.get(len(shape) - 2, [])).float()
        if tuple(kernel.shape) != shape[2:]:
            raise SlidingWindowsError(
                f"sobel is a kernel of 3 or 3×3, this one is {'×'.join(map(str, shape[2:]))}"
            )
        return kernel.expand(shape).clone()
    return _fitted(_numbers(source, f"weights are {', '.join(WEIGHTS)}"), shape, "the weights")


def _numbers(source: str, others: str) -> torch.Tensor:
    """A file's numbers. others: what else may be given, for the error if there is no such file."""
    if not os.path.exists(source):  # also False for a name that no file can have
        raise SlidingWindowsError(
            f"there is no file {source or repr(source)}; {others} or a file of numbers"
        )
    return torch.from_numpy(read_numbers(Path(source)))


def _bias(source: str) -> torch.Tensor:
    try:
        return torch.tensor([float(word) for word in source.split(",")])
    except ValueError:
        return _numbers(source, "a bias is numbers such as 0 or 1,-2")


def _fitted(numbers: torch.Tensor, shape: tuple[int, ...], what: str) -> torch.Tensor:
    """All of them, or one kernel's (or one bias) for all channels."""
    for part in (shape, shape[2:]):
        if numbers.numel() == math.prod(part):
            return numbers.reshape(part).expand(shape).clone()
    raise SlidingWindowsError(
        f"{numbers.numel()} numbers are given; {what} of shape {shape} "
        f"need{'s' * (what == 'the bias')} {math.prod(shape)}"
    )


WORDS = ("random", "arange", "photo")
LAST_SEED = 2**32 - 1


def shape_of(text: str) -> tuple[int, ...]:
    """'7x7' to (7, 7); sizes are at least 1, and 262,144 elements (512×512) at most.

    Raises SlidingWindowsError for anything else.
    """
    if not re.fullmatch(r"[0-9]{1,9}([x×][0-9]{1,9}){0,4}", text.strip().lower()):
        raise SlidingWindowsError(f"{text!r} is not a size such as 7x7, 3x32x32 or 10")
    shape = tuple(int(part) for part in re.split("[x×]", text.strip().lower()))
    if min(shape) < 1:
        raise SlidingWindowsError(f"an input of {text} has no elements")
    return _bounded(shape)


def full_shape(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The input's shape with its channels, which may be left out: as many as the module takes."""
    dims, _ = tracer_of(module)
    if len(shape) == dims:
        channels = getattr(module, "in_channels", 1)
        if isinstance(module, LazyModuleMixin):  # which has none yet, and takes any multiple
            channels = module.groups
        if isinstance(module, nn.Fold):
            channels = math.prod(pair(module.kernel_size, "kernel_size"))
            _bounded((channels, *pair(module.output_size, "output_size")))
        return _bounded((channels, *shape))
    if len(shape) in (dims + 1, dims + 2):
        return shape
    forms = {1: "10 or 3x10", 2: "7x7 or 3x7x7", 3: "4x6x6 or 3x4x6x6"}
    raise SlidingWindowsError(
        f"{type(module).__name__} takes an input such as {forms[dims]}, "
        f"not {'x'.join(map(str, shape))}"
    )


def input_for(
    module: nn.Module, size: str | None, source: str, seed: int, low: int = 0, high: int = 9
) -> torch.Tensor:
    """The float32 input: of a size, or of the size that a file has.

    source: 'random' (whole numbers from low to high, the same for the same seed),
    'arange' (0, 1, 2, ...), 'photo' (matplotlib's sample photo, 0 to 255, shrunk to the size)
    or a file: .csv, .txt, .json, .npy, .npz or a picture, see ``reading``.
    Raises SlidingWindowsError if the source cannot be read, or holds another count of numbers.
    """
    shape = full_shape(module, shape_of(size)) if size is not None else None
    if source not in WORDS:
        return _from_file(module, source, shape)
    if shape is None:
        raise SlidingWindowsError("the input needs a size, such as --input 7x7")
    if source == "photo":
        from matplotlib import get_data_path

        return _from_picture(Path(get_data_path(), "sample_data", "grace_hopper.jpg"), shape)
    if source == "arange":
        return torch.arange(math.prod(shape), dtype=torch.float32).reshape(shape)
    if not -(2**20) <= low <= high <= 2**20:
        raise SlidingWindowsError(
            f"random numbers from {low} to {high}: there are none, or they exceed ±{2**20:,}"
        )
    return torch.randint(low, high + 1, shape, generator=generator(seed)).float()


def generator(seed: int, use: int = 0) -> torch.Generator:
    """Torch's random numbers from a seed of 0 to 4294967295; others for each use of it."""
    if not 0 <= seed <= LAST_SEED:
        raise SlidingWindowsError(f"a seed is from 0 to {LAST_SEED}, not {seed}")
    return torch.Generator().manual_seed(seed + use)


def _bounded(shape: tuple[int, ...]) -> tuple[int, ...]:
    if math.prod(shape) > MOST:
        raise SlidingWindowsError(
            f"a grid of {'x'.join(map(str, shape))} has {math.prod(shape):,} elements; "
            f"at most {MOST:,} (512x512) are accepted"
        )
    return shape


def _from_file(module: nn.Module, source: str, shape) -> torch.Tensor:
    path = Path(source)
    if path.suffix.lower() in PICTURES:
        return _from_picture(path, shape, getattr(module, "in_channels", None) or 1)
    numbers = _numbers(source, f"values are {', '.join(WORDS)}")
    if shape is None:
        dims, sizes = tracer_of(module)[0], tuple(numbers.shape)
        if dims == 1 and sizes[1:] == (1,):  # one number per line is a signal
            sizes = sizes[:1]
        shape = full_shape(module, sizes or (1,))
    if math.prod(shape) != numbers.numel():
        raise SlidingWindowsError(
            f"{path} holds {numbers.numel():,} numbers; an input of {shape} needs "
            f"{math.prod(shape):,}"
        )
    return numbers.reshape(shape)


def _from_picture(path: Path, shape, channels: int = 1) -> torch.Tensor:
    """A picture in grey, or in red, green and blue, in the shape that an input has."""
    if shape is not None:
        channels = shape[-3] if len(shape) > 2 else 1
        if channels not in (1, 3) or math.prod(shape[:-2]) != channels:
            raise SlidingWindowsError(
                f"a picture has 1 or 3 channels of height and width, an input of {shape} does not"
            )
    elif channels not in (1, 3):
        raise SlidingWindowsError(f"a picture has 1 or 3 channels, not {channels}")
    numbers = torch.from_numpy(read_picture(path, channels, shape and shape[-2:]))
    if shape is not None:
        return numbers.reshape(shape)
    try:
        _bounded(tuple(numbers.shape))
    except SlidingWindowsError:
        height, width = numbers.shape[-2:]
        raise SlidingWindowsError(
            f"{path} is {height}x{width}; give a size to shrink it to, such as --input 32x32"
        ) from None
    return numbers
