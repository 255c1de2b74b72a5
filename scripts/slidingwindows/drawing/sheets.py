"""What a figure is to show, and the finished plan of where: plain data, in pixels."""

from __future__ import annotations

from dataclasses import dataclass

from .panels import Grid, Panel


@dataclass(frozen=True)
class Sheet:
    """What a figure is to show: grids from left to right, and the texts around them.

    besides: one grid beside each input (a kernel, a gradient), or none.
    title: lines. lines, longest: how many lines of arithmetic to leave room for, and the widest
    in pixels. legend: how many lines. rulers: windows of uneven size along (rows, columns).
    """

    title: tuple[str, ...]
    inputs: tuple[Grid, ...]
    besides: tuple[Grid, ...]
    output: Grid
    sign: str  # between an input and what is beside it
    lines: int
    longest: int
    legend: int
    rulers: tuple[bool, bool]
    call: str


@dataclass(frozen=True)
class Choice:
    """How a sheet is laid out, before anything has a place.

    way: 'across' (inputs above each other, output beside them), 'stacked' (output below them)
    or 'row' (inputs beside each other, output below them).
    cell, font: of inputs and output, in pixels; kernel_cell, kernel_font: of what is beside them.
    font 0: shades instead of numbers. digits: after the point.
    """

    way: str
    cell: int
    font: int
    digits: int
    kernel_cell: int
    kernel_font: int


@dataclass(frozen=True)
class Layout:
    """The finished plan of one figure, in pixels.

    font_size 0: shades instead of numbers; kernel_font: of what is beside the inputs.
    """

    title: tuple[str, ...]
    inputs: tuple[Panel, ...]
    kernels: tuple[Panel, ...]
    output: Panel
    operators: tuple[tuple[int, int, str], ...]  # x, y of the middle, and the sign
    font_size: int
    kernel_font: int
    digits: int
    legend_y: int
    text_x: int
    text_y: int
    height: int
