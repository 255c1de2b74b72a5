"""Numbers for a module and its input, from a word, a seed, a photo or a file."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from .errors import SlidingWindowsError
from .operations import tracer_of

WORDS = ("random", "arange", "photo")
MOST = 1_000_000  # elements of an input; a trace of more would take minutes
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")


def shape_of(text: str) -> tuple[int, ...]:
    """'7x7' to (7, 7); at least 1 each and at most a million elements."""
    if not re.fullmatch(r"\d{1,9}([x×]\d{1,9}){0,4}", text.strip().lower()):
        raise SlidingWindowsError(f"{text!r} is no size such as 7x7, 3x32x32 or 10")
    shape = tuple(int(part) for part in re.split("[x×]", text.strip().lower()))
    if min(shape) < 1 or math.prod(shape) > MOST:
        raise SlidingWindowsError(f"an input of {text} has no elements, or more than {MOST:,}")
    return shape


def full_shape(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The input's shape with its channels, which may be left out: as many as the module takes."""
    dims, _ = tracer_of(module)
    if len(shape) == dims:
        channels = getattr(module, "in_channels", 1)
        if isinstance(module, nn.Fold):
            kernel = module.kernel_size
            channels = kernel**2 if isinstance(kernel, int) else math.prod(kernel)
        return (channels, *shape)
    if len(shape) in (dims + 1, dims + 2):
        return shape
    raise SlidingWindowsError(
        f"{type(module).__name__} takes an input of {dims} to {dims + 2} sizes, got {len(shape)}"
    )


def input_for(module: nn.Module, size: str | None, source: str, seed: int) -> torch.Tensor:
    """The input: of a size, or of the size that a file has.

    source: 'random' (whole numbers from 0 to 9), 'arange' (0, 1, 2, ...), 'photo' (matplotlib's
    sample photo, 0 to 255) or a file: .csv, .txt, .json, .npy or a picture.
    """
    shape = full_shape(module, shape_of(size)) if size else None
    if source not in WORDS:
        return _from_file(module, Path(source), shape)
    if shape is None:
        raise SlidingWindowsError("the input needs a size, such as --input 7x7")
    if source == "photo":
        from matplotlib.cbook import get_sample_data

        with get_sample_data("grace_hopper.jpg") as file:
            return _picture(Image.open(file), shape)
    if source == "arange":
        return torch.arange(math.prod(shape), dtype=torch.float32).reshape(shape)
    return torch.randint(0, 10, shape, generator=generator(seed)).float()


def generator(seed: int) -> torch.Generator:
    """Torch's random numbers from a seed of 0 or more."""
    if not 0 <= seed < 2**63:
        raise SlidingWindowsError(f"a seed is from 0 to 2**63 - 1, not {seed}")
    return torch.Generator().manual_seed(seed)


def weigh(module: nn.Module, source: str | None, seed: int) -> None:
    """Give a convolution its weights: small whole numbers, or those of a file.

    Windows of fractional pooling are placed by the seed as well.
    """
    chance = generator(seed + 1)
    if isinstance(module, nn.FractionalMaxPool2d):
        module._random_samples = torch.rand(1, 1, 2, generator=chance)
    if source is not None:
        numbers = _numbers(Path(source))
        wanted = getattr(module, "weight", None)
        if wanted is None:
            raise SlidingWindowsError(f"{type(module).__name__} has no weights to be given")
        if numbers.numel() != wanted.numel():
            raise SlidingWindowsError(
                f"{source} holds {numbers.numel()} numbers; the weights are {tuple(wanted.shape)}, "
                f"{wanted.numel()} numbers"
            )
        module.weight.data = numbers.reshape(wanted.shape)
    for name, parameter in module.named_parameters():
        if name != "weight" or source is None:
            parameter.data = torch.randint(-2, 3, parameter.shape, generator=chance).float()


def _from_file(module: nn.Module, path: Path, shape) -> torch.Tensor:
    if path.suffix.lower() in PICTURES:
        try:
            picture = Image.open(path)
            picture.load()
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise _unread(path, error) from error
        return _picture(picture, shape or full_shape(module, picture.size[::-1]))
    numbers = _numbers(path)
    shape = shape or full_shape(module, tuple(numbers.shape) or (1,))
    if math.prod(shape) != numbers.numel():
        raise SlidingWindowsError(
            f"{path} holds {numbers.numel()} numbers; an input of {shape} needs {math.prod(shape)}"
        )
    return numbers.reshape(shape)


def _numbers(path: Path) -> torch.Tensor:
    try:
        if path.suffix.lower() == ".npy":
            numbers = np.load(path, allow_pickle=False)
        elif path.suffix.lower() == ".json":
            numbers = np.array(json.loads(path.read_text("utf-8")), dtype=np.float64)
        else:
            lines = path.read_text("utf-8").replace(",", " ").replace(";", " ").split("\n")
            rows = [[float(word) for word in line.split()] for line in lines if line.strip()]
            numbers = np.array(rows, dtype=np.float64)
        numbers = np.asarray(numbers, dtype=np.float32)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise _unread(path, error) from error
    if not 0 < numbers.size <= MOST:
        raise SlidingWindowsError(f"{path} holds {numbers.size:,} numbers; at most {MOST:,}")
    return torch.from_numpy(numbers.copy())


def _unread(path: Path, error: Exception) -> SlidingWindowsError:
    reason = getattr(error, "strerror", None) or (str(error).splitlines() or ["no reason"])[0]
    words = ", ".join(WORDS)
    return SlidingWindowsError(
        f"{path} cannot be read as numbers (nor is it one of {words}): {reason}"
    )


def _picture(picture: Image.Image, shape: tuple[int, ...]) -> torch.Tensor:
    """A picture in grey, or in red, green and blue, resized to the input's last two sizes."""
    channels, size = (shape[-3], shape[-2:]) if len(shape) > 2 else (1, (1, shape[-1]))
    if channels not in (1, 3) or math.prod(shape) != channels * math.prod(size):
        raise SlidingWindowsError(
            f"a photo has 1 or 3 channels of one picture, not an input of {shape}"
        )
    mode = "RGB" if channels == 3 else "L"
    small = picture.convert(mode).resize(size[::-1], Image.Resampling.BOX)
    numbers = torch.from_numpy(np.asarray(small, np.float32).copy())
    return (numbers.permute(2, 0, 1) if channels == 3 else numbers).reshape(shape)
