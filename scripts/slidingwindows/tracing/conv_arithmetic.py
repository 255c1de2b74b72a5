"""The 19 animations that conv_arithmetic names, as torch calls with numbers of our own.

Source of the names and sizes: Dumoulin and Visin 2016, "A guide to convolution arithmetic for
deep learning", arXiv 1603.07285, and its repository. In transposed rows i is the input of the
transposed convolution; k, s and p are those of the convolution that it turns around; a is
output_padding.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from ..core.errors import SlidingWindowsError
from ..core.trace import Trace
from .parsing import make_module
from .slide import slide


class Animation(NamedTuple):
    """One animation. relationship: which of the guide's 15 output sizes it illustrates."""

    name: str
    kind: str  # 'conv', 'transposed', 'average' or 'max'
    i: int
    k: int
    relationship: int
    s: int = 1
    p: int = 0
    d: int = 1
    a: int = 0

    @property
    def call(self) -> str:
        """The torch call, defaults left out."""
        options = f", stride={self.s}" if self.s > 1 or self.kind in ("average", "max") else ""
        options += f", padding={self.p}" if self.p else ""
        options += f", dilation={self.d}" if self.d > 1 else ""
        options += f", output_padding={self.a}" if self.a else ""
        if self.kind in ("average", "max"):
            return f"{'AvgPool2d' if self.kind == 'average' else 'MaxPool2d'}({self.k}{options})"
        layer = "Conv2d" if self.kind == "conv" else "ConvTranspose2d"
        return f"{layer}(1, 1, {self.k}{options}, bias=False)"


ANIMATIONS = (
    Animation("no_padding_no_strides", "conv", 4, 3, 1),
    Animation("arbitrary_padding_no_strides", "conv", 5, 4, 2, p=2),
    Animation("same_padding_no_strides", "conv", 5, 3, 3, p=1),
    Animation("full_padding_no_strides", "conv", 5, 3, 4, p=2),
    Animation("no_padding_strides", "conv", 5, 3, 5, s=2),
    Animation("padding_strides", "conv", 5, 3, 6, s=2, p=1),
    Animation("padding_strides_odd", "conv", 6, 3, 6, s=2, p=1),
    Animation("numerical_no_padding_no_strides", "conv", 5, 3, 1),
    Animation("numerical_padding_strides", "conv", 5, 3, 6, s=2, p=1),
    Animation("numerical_average_pooling", "average", 5, 3, 7),
    Animation("numerical_max_pooling", "max", 5, 3, 7),
    Animation("no_padding_no_strides_transposed", "transposed", 2, 3, 8),
    Animation("arbitrary_padding_no_strides_transposed", "transposed", 6, 4, 9, p=2),
    Animation("same_padding_no_strides_transposed", "transposed", 5, 3, 10, p=1),
    Animation("full_padding_no_strides_transposed", "transposed", 7, 3, 11, p=2),
    Animation("no_padding_strides_transposed", "transposed", 2, 3, 12, s=2),
    Animation("padding_strides_transposed", "transposed", 3, 3, 13, s=2, p=1),
    Animation("padding_strides_odd_transposed", "transposed", 3, 3, 14, s=2, p=1, a=1),
    Animation("dilation", "conv", 7, 3, 15, d=2),
)


def animation(name: str) -> Trace:
    """One of the 19 animations, traced on whole numbers that are the same on every run.

    Args:
        name: One of those in ``ANIMATIONS``.

    Returns:
        The ``Trace`` of its module.

    Raises:
        SlidingWindowsError: For another name.

    Examples:
        >>> animation("padding_strides").geometry.output_shape
        (3, 3)

    Source:
        Names and sizes of Dumoulin and Visin's conv_arithmetic, see ``ANIMATIONS``.
    """
    names = [row.name for row in ANIMATIONS]
    if name not in names:
        raise SlidingWindowsError(f"{name!r} is not one of {', '.join(names)}")
    number = names.index(name)
    row = ANIMATIONS[number]
    generator = torch.Generator().manual_seed(number)
    module = make_module(row.call)
    for parameter in module.parameters():
        parameter.data = torch.randint(-1, 3, parameter.shape, generator=generator).float()
    x = torch.randint(0, 6, (1, row.i, row.i), generator=generator).float()
    return slide(module, x)
