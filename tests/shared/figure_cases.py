"""Traces that between them use every part of a figure, and GIFs decoded without this project."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import torch
from PIL import Image, ImageSequence
from torch import nn

from slidingwindows import slide
from slidingwindows.drawing.canvas import FIRST_SHADE, INDEX
from slidingwindows.drawing.style import SHADES, THEMES
from slidingwindows.export.render import render
from slidingwindows.export.rendered import Rendered

WHITE = FIRST_SHADE + SHADES - 1
inf, nan = float("inf"), float("nan")


def _whole(seed: int, *shape: int, low: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(low, 10, shape, generator=generator).float()


def convolution(channels: int, out: int, kernel: int, bias: float | None = None, **options):
    module = nn.Conv2d(channels, out, kernel, bias=bias is not None, **options)
    module.weight.data = _whole(3, *module.weight.shape) - 4
    if bias is not None:
        module.bias.data = torch.full((out,), bias)
    return module


def _ties() -> torch.Tensor:
    return torch.tensor([[[1.0, 1, 2, 3], [0, 1, 3, 3], [5, 5, 5, 5], [5, 5, 4, 5]]])


def transposed(kernel: int, dims: int = 2, **options):
    module = getattr(nn, f"ConvTranspose{dims}d")(1, 1, kernel, bias=False, **options)
    module.weight.data = _whole(3, *module.weight.shape) - 4
    return module


def _fractional():
    return nn.FractionalMaxPool2d(
        2, output_size=(3, 3), _random_samples=torch.tensor([[[0.3, 0.6]]])
    )


def _odd_numbers() -> torch.Tensor:
    rows = [[1.0, nan, 2, inf], [0, 1, -inf, 3], [-inf, -inf, 5, 5], [-inf, -inf, 4, 5]]
    return torch.tensor([rows])


CASES = {
    "max": lambda: (nn.MaxPool2d(2, 2), _whole(1, 1, 4, 4)),
    "max padded": lambda: (nn.MaxPool2d(3, stride=2, padding=1), _whole(2, 1, 5, 5, low=-9)),
    "average padded": lambda: (nn.AvgPool2d(3, stride=2, padding=1), _whole(3, 1, 5, 5)),
    "average of the real": lambda: (
        nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False),
        _whole(4, 1, 5, 6),
    ),
    "average of fractions": lambda: (nn.AvgPool2d(2), _whole(5, 1, 6, 6, low=-9) / 7),
    "average of integers": lambda: (nn.AvgPool2d(2), _whole(6, 1, 4, 4).long()),
    "convolution": lambda: (convolution(1, 1, 3), _whole(7, 1, 5, 5)),
    "three channels": lambda: (convolution(3, 2, 2, bias=0.5), _whole(8, 3, 3, 3)),
    "copied padding": lambda: (
        convolution(1, 1, 3, padding=1, padding_mode="reflect"),
        _whole(9, 1, 3, 3),
    ),
    "dilation": lambda: (nn.MaxPool2d(2, stride=1, dilation=2), _whole(10, 1, 5, 5)),
    "ceil_mode": lambda: (nn.MaxPool2d(2, ceil_mode=True), _whole(11, 1, 5, 5)),
    "untouched": lambda: (nn.MaxPool2d(2, stride=3), _whole(12, 1, 7, 7)),
    "ties": lambda: (nn.MaxPool2d(2), _ties()),
    "odd numbers": lambda: (nn.MaxPool2d(2), _odd_numbers()),
    "one window": lambda: (nn.MaxPool2d(3), _whole(13, 1, 3, 3)),
    "some windows": lambda: (nn.MaxPool2d(2, stride=1), _whole(14, 1, 5, 5)),
    "many windows": lambda: (nn.MaxPool2d(2, stride=1), _whole(15, 1, 8, 8)),
    "a pair of sizes": lambda: (nn.MaxPool2d((3, 1), stride=(2, 1)), _whole(16, 1, 7, 3)),
    "signal": lambda: (nn.MaxPool1d(3, stride=2, padding=1), _whole(17, 1, 9, low=-9)),
    "long signal": lambda: (nn.MaxPool1d(4), _whole(18, 1, 24)),
    "roots": lambda: (nn.LPPool2d(2, 2), _whole(19, 1, 4, 4)),
    "uneven average": lambda: (nn.AdaptiveAvgPool2d((3, 4)), _whole(20, 1, 5, 7)),
    "uneven signal": lambda: (nn.AdaptiveMaxPool1d(4), _whole(21, 1, 10)),
    "random windows": lambda: (_fractional(), _whole(22, 1, 6, 6)),
    "stretched": lambda: (
        transposed(3, stride=2, padding=1, output_padding=1),
        _whole(23, 1, 3, 3),
    ),
    "transposed, stride 1": lambda: (transposed(2), _whole(24, 1, 2, 3)),
    "stretched volume": lambda: (
        transposed(2, 3, stride=2, padding=(0, 1, 1)),
        _whole(35, 1, 2, 3, 3),
        {"depth": 1},
    ),
    "cropped": lambda: (transposed(2, stride=2, padding=2), _whole(36, 1, 4, 3)),
    "random windows of a volume": lambda: (
        nn.FractionalMaxPool3d(2, output_size=2, _random_samples=torch.tensor([[[0.3, 0.6, 0.1]]])),
        _whole(37, 1, 4, 5, 5),
        {"depth": 1},
    ),
    "volume": lambda: (nn.MaxPool3d(2), _whole(25, 1, 4, 4, 4), {"depth": 1}),
    "volume padded": lambda: (nn.AvgPool3d(3, 2, 1), _whole(26, 1, 3, 3, 3), {"depth": 0}),
    "groups": lambda: (
        convolution(4, 2, 2, groups=2),
        _whole(27, 4, 3, 3),
        {"channel": 1},
    ),
    "circular": lambda: (
        convolution(1, 1, 3, padding=1, padding_mode="circular"),
        _whole(28, 1, 3, 4),
    ),
    "dropped": lambda: (nn.MaxPool2d(3, 3, 1, ceil_mode=True), _whole(29, 1, 5, 5)),
    "past the edge": lambda: (nn.AvgPool2d(3, 2, ceil_mode=True), _whole(30, 1, 6, 6)),
    "shades": lambda: (convolution(1, 1, 3, padding=1, stride=5), _whole(31, 1, 20, 20)),
    "shades of a pool": lambda: (nn.MaxPool2d(3, stride=4), _whole(32, 1, 24, 24)),
    "thinned": lambda: (nn.MaxPool2d(2, stride=1), _whole(33, 1, 20, 20)),
    "smallest cells": lambda: (nn.AvgPool2d(8, stride=7), _whole(34, 1, 64, 64)),
}


@cache
def case(name: str):
    """The trace of a case."""
    module, x, *options = CASES[name]()
    return slide(module, x, **(options[0] if options else {}))


@cache
def rendered(name: str) -> Rendered:
    """What render() makes of a case."""
    data = {"kind": "trace", "name": "figure", "caption": "", "trace": case(name).to_dict()}
    return render(data)


BESIDE = (".strip.png", ".states.png")


def on_the_page(made: Rendered) -> dict[str, bytes]:
    """The pictures that a page shows on a screen: the animation and its poster, light and dark."""
    shown = {name: data for name, data in made.files.items() if name.endswith((".gif", ".png"))}
    return {name: data for name, data in shown.items() if not name.endswith(BESIDE)}


def decode(gif: bytes) -> list[tuple[np.ndarray, int]]:
    """(RGB pixels, milliseconds) of every stored picture, as Pillow shows them."""
    return list(decoded(gif))


def decoded(gif: bytes):
    """The same, one after the other, so that only one is held as RGB."""
    for frame in ImageSequence.Iterator(Image.open(io.BytesIO(gif))):
        yield np.array(frame.convert("RGB")), frame.info["duration"]


def as_planned(stored, durations, kept=lambda picture: picture):
    """Each stored picture; there is one for each planned state, and it lasts as long.

    kept: what is kept of each of them.
    """
    shown = []
    for number, ((picture, milliseconds), planned) in enumerate(
        zip(stored, durations, strict=True)
    ):
        assert milliseconds == planned, f"picture {number} lasts {milliseconds} ms, not {planned}"
        shown.append(kept(picture))
    return shown


@cache
def roles(name: str, theme: str, durations: tuple[int, ...]) -> list[np.ndarray]:
    """Each picture of the decoded GIF as palette numbers; foreign colours fail."""
    stored = decoded(rendered(name).files[f"figure.{theme}.gif"])
    return as_planned(stored, durations, lambda picture: numbers(picture, theme))


def without_colours(gif: bytes) -> tuple[bytes, bytes]:
    """(a GIF without its colour table, the table): two GIFs show one picture in two palettes if
    all but their tables is the same. That there is no other table, test_gif checks.
    """
    assert gif[10] & 0x80, "no colour table"
    stop = 13 + (6 << (gif[10] & 7))
    return gif[:13] + gif[stop:], gif[13:stop]


def table_roles(gif: bytes, theme: str) -> list[int]:
    """What each colour of a GIF's table is in the theme's palette; foreign colours fail."""
    filled = np.frombuffer(without_colours(gif)[1], np.uint8).reshape(-1, 3)
    used = np.flatnonzero(filled.any(1))[-1] + 1  # black ones fill it up to a power of two
    return numbers(filled[:used], theme).tolist()


FOREIGN = 255


def table_of(colours) -> np.ndarray:
    """From 24 bits of colour to its place in a palette, FOREIGN for all others."""
    table = np.full(1 << 24, FOREIGN, np.uint8)
    for number, (red, green, blue) in enumerate(colours):
        table[red << 16 | green << 8 | blue] = number
    return table


def places(picture: np.ndarray, table: np.ndarray) -> np.ndarray:
    """RGB pixels as places in the palette of the table; foreign colours fail."""
    colours = picture[..., 0].astype(np.intp)
    for channel in (1, 2):  # in place: thousands of pictures are read so
        colours <<= 8
        colours |= picture[..., channel]
    found = table.take(colours)
    assert (found != FOREIGN).all(), "a colour outside the palette"
    return found


@cache
def _table(theme: str) -> np.ndarray:
    palette = THEMES[theme].full_palette()[:WHITE]
    assert len(set(palette)) == len(palette) - 1, "two roles share a colour"
    table = table_of(palette)
    for colour in (0xFFFFFF, int(THEMES[theme].colours[INDEX["page"]][1:], 16)):
        table[colour] = INDEX["page"]
    return table


def numbers(picture: np.ndarray, theme: str) -> np.ndarray:
    """RGB pixels as numbers of the theme's palette, in Canvas's order.

    The ramp's white is the light page's colour, so it counts as the page in both themes. So does
    the page's colour where it is ink, which has a number of its own.
    """
    return places(picture, _table(theme))
