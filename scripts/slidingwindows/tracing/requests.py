"""What is to be traced: the module, the input, and which sample, channel and depth to follow."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from ..core.errors import SlidingWindowsError
from ..core.geometry import Axis, Geometry, UnevenAxis, several
from ..core.trace import Plane, Step, Tap, Trace
from .calls import title_of
from .tensors import MAX_TAPS, ask_torch, plane_of, rounding_unit

NAMES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
Axes = tuple[Axis | UnevenAxis, Axis | UnevenAxis, Axis | UnevenAxis]
ONE = Axis(1, 1, 1)


@dataclass(frozen=True)
class Request:
    """A module of 1, 2 or 3 dimensions and its input, (C, ...) or (N, C, ...).

    Signals are followed as volumes of one slice of one row, pictures as volumes of one slice.
    """

    module: nn.Module
    input: torch.Tensor
    dims: int
    channel: int = 0
    sample: int = 0
    depth: int = 0

    def answer(self) -> torch.Tensor:
        """What torch makes of the input; a module that overwrites what it reads gets a copy."""
        return ask_torch(self.module, self.input.clone())

    @property
    def sizes(self) -> tuple[int, ...]:
        """The spatial sizes, as many as there are dimensions."""
        return tuple(self.input.shape[-self.dims :])

    def volume(self, tensor: torch.Tensor, channel: int) -> torch.Tensor:
        """One sample and channel of a tensor like the input, as (D, H, W)."""
        sample = tensor[self.sample] if tensor.dim() == self.dims + 2 else tensor
        return sample[channel].reshape((1,) * (3 - self.dims) + tuple(tensor.shape[-self.dims :]))

    def result(self, output: torch.Tensor) -> torch.Tensor:
        """The followed (H, W) part of an output."""
        return self.volume(output, self.channel)[self.depth]

    def axes(self, kernel_size, stride, padding=0, dilation=1, ceil_mode=False) -> Axes:
        """Regular windows from a module's parameters; stride None means kernel_size."""
        kernel = several(kernel_size, self.dims, "kernel_size")
        strides = kernel if stride is None else several(stride, self.dims, "stride")
        pads = several(padding, self.dims, "padding")
        dilations = several(dilation, self.dims, "dilation")
        made = []
        for i, size in enumerate(self.sizes):
            pad = (pads[i], pads[i])
            made.append(
                self.named(i, Axis, size, kernel[i], strides[i], pad, dilations[i], ceil_mode)
            )
        return self.checked(made)

    def named(self, i: int, make, *arguments):
        """An axis; an error says which one it is."""
        return named_axis(NAMES[self.dims][i], make, *arguments)

    def checked(self, axes: list, planes: int = 1) -> Axes:
        """Three axes; refuses a depth that is not there, and a trace too long to be of use."""
        depth, rows, cols = (ONE,) * (3 - self.dims) + tuple(axes)
        if not 0 <= self.depth < depth.output_size:
            raise SlidingWindowsError(
                f"depth {self.depth} is not among the {depth.output_size} of the output"
            )
        taps = planes * depth.kernel_size
        for axis in (rows, cols):
            taps *= axis.output_size * axis.kernel_size
        if taps > MAX_TAPS:
            raise SlidingWindowsError(
                f"the windows read {taps:,} elements, more than the {MAX_TAPS:,} a trace may hold"
            )
        return depth, rows, cols

    def planes(self, axes: Axes, value: float) -> tuple[Plane, ...]:
        """The slices that the followed windows read, with a constant padding around them."""
        depth, rows, cols = axes
        volume = self.volume(self.input, self.channel)
        (top, bottom), (left, right) = rows.padding, cols.padding
        width = cols.size + left + right
        edge, planes = ((value,) * width,), []
        for position in depth.windows[self.depth]:
            if 0 <= position < depth.size:
                body = [(value,) * left + r + (value,) * right for r in plane_of(volume[position])]
            else:
                body = [(value,) * width] * rows.size
            planes.append(edge * top + tuple(body) + edge * bottom)
        return tuple(planes)

    def taps(self, axes: Axes, planes, row: int, col: int, weights=()) -> tuple[Tap, ...]:
        """What the window of output (row, col) reads: plane by plane, row by row."""
        _, rows, cols = axes
        top, left, found = rows.padding[0], cols.padding[0], []
        for p, plane in enumerate(planes):
            for i, r in enumerate(rows.windows[row]):
                for j, c in enumerate(cols.windows[col]):
                    weight = weights[p][i][j] if weights else None
                    found.append(Tap(p, r, c, plane[r + top][c + left], weight))
        return tuple(found)

    def trace(self, kind: str, axes: Axes, planes, steps: list[Step], output, **more) -> Trace:
        """The finished Trace. more: fields that only some operations have."""
        depth, rows, cols = axes
        slices = depth.windows[self.depth] if self.dims == 3 else ()
        channels = more.pop("channels", (self.channel,))
        return Trace(
            kind=kind,
            operation=type(self.module).__name__,
            call=title_of(self.module),
            geometry=Geometry(rows, cols),
            planes=planes,
            channels=tuple(c for c in channels for _ in (slices or (0,))),
            output=plane_of(self.result(output)),
            steps=tuple(steps),
            input_shape=tuple(self.input.shape),
            output_shape=tuple(output.shape),
            sample=self.sample,
            channel=self.channel,
            integral=not output.dtype.is_floating_point,
            epsilon=rounding_unit(output.dtype),
            dims=self.dims,
            depth=depth if self.dims == 3 else None,
            depth_index=self.depth,
            slices=slices * len(channels),
            **more,
        )


def named_axis(name: str, make, *arguments):
    """make(*arguments), an axis; an error says which one it is."""
    try:
        return make(*arguments)
    except SlidingWindowsError as error:
        raise SlidingWindowsError(f"{name}: {error.problem}") from None


def spots(axes: Axes):
    """Output positions (row, col) in reading order."""
    return [(r, c) for r in range(axes[1].output_size) for c in range(axes[2].output_size)]


def reads_input(axes: Axes, spot: tuple[int, int, int]) -> bool:
    """False for a window of padding alone. spot: (depth, row, col) of the output."""
    return all(
        any(0 <= p < axis.size for p in axis.windows[i]) for axis, i in zip(axes, spot, strict=True)
    )
