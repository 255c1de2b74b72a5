"""The receptive field of a stack of layers, by the recurrence and by walking its windows back.

Source: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional
Neural Networks", Distill 2019, doi 10.23915/distill.00021.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .errors import SlidingWindowsError
from .geometry import Axis


@dataclass(frozen=True)
class Reach:
    """What one output element of a layer can see of the network's input, along one axis.

    size: how many input elements. jump: input elements between the views of
    two neighbouring outputs. start: the centre of the first output's view, in
    input elements; half numbers lie between two of them.
    """

    size: int = 1
    jump: int = 1
    start: float = 0.0

    def after(self, kernel_size: int, stride: int, padding: int = 0, dilation: int = 1) -> Reach:
        """The reach once a layer is put on top: size += d(k-1)·jump, jump *= stride."""
        if min(kernel_size, stride, dilation) < 1 or padding < 0:
            raise SlidingWindowsError(
                "a layer needs kernel_size, stride and dilation of at least 1 and padding of at "
                f"least 0, got {kernel_size}, {stride}, {dilation} and {padding}"
            )
        spread = dilation * (kernel_size - 1)
        return Reach(
            self.size + spread * self.jump,
            self.jump * stride,
            self.start + (spread / 2 - padding) * self.jump,
        )

    def view(self, index: int) -> tuple[int, int]:
        """(first, last) input position that output number index sees; padding has positions too."""
        first = self.start + index * self.jump - (self.size - 1) / 2
        return int(first), int(first) + self.size - 1


@dataclass(frozen=True)
class Windows:
    """How one layer's windows lie, axis by axis.

    axes: the window along each axis, with the size of the layer's input.
    fill: what the layer's padding holds: 'zeros' (or any constant), or a copy
    of real elements, 'reflect', 'replicate' or 'circular', in torch's words.
    """

    axes: tuple[Axis, ...]
    fill: str = "zeros"

    @property
    def output(self) -> tuple[int, ...]:
        """The size of the layer's output along each axis."""
        return tuple(axis.output_size for axis in self.axes)

    @property
    def plain(self) -> bool:
        """True for an element-wise layer: every output reads the one element at its place."""
        return not self.padded and all(a.kernel_size == a.stride == 1 for a in self.axes)

    @property
    def padded(self) -> bool:
        """True if there is padding."""
        return any(any(axis.padding) for axis in self.axes)

    def after(self, reaches: tuple[Reach, ...]) -> tuple[Reach, ...]:
        """The reach along each axis once this layer is put on top."""
        return tuple(
            reach.after(axis.kernel_size, axis.stride, axis.padding[0], axis.dilation)
            for reach, axis in zip(reaches, self.axes, strict=True)
        )

    def reads(self, number: int, outputs: Iterable[int]) -> tuple[int, ...]:
        """Real elements, in order, that some outputs along axis ``number`` read."""
        axis, found = self.axes[number], set()
        for output in outputs:
            start = output * axis.stride - axis.padding[0]
            stop = min(start + axis.extent, axis.size + axis.padding[1])
            for position in range(start, stop, axis.dilation):
                if 0 <= position < axis.size:
                    found.add(position)
                elif self.fill != "zeros":
                    found.add(self._copied(position, axis.size))
        return tuple(sorted(found))

    def cut(self, number: int, outputs: Iterable[int]) -> bool:
        """True if one of the outputs' windows reaches over the border of the layer's input."""
        axis = self.axes[number]
        starts = [output * axis.stride - axis.padding[0] for output in outputs]
        return min(starts) < 0 or max(starts) + axis.extent > axis.size

    def _copied(self, position: int, size: int) -> int:
        """The real element that copied padding holds at a position."""
        if self.fill == "circular":
            return position % size
        if self.fill == "replicate":
            return min(max(position, 0), size - 1)
        return -position if position < 0 else 2 * (size - 1) - position


def walk_back(layers: Sequence[Windows], outputs: Iterable[int]) -> tuple[tuple[int, ...], ...]:
    """Exactly the input positions, axis by axis, that one output of the last layer depends on.

    layers: Windows, first layer first. outputs: the position of the output
    along each axis. Along an axis it is empty if the output sees padding alone.
    """
    return tuple(walk_axis(layers, number, (output,)) for number, output in enumerate(outputs))


def walk_axis(layers: Sequence[Windows], number: int, positions: Iterable[int]) -> tuple[int, ...]:
    """The same along axis ``number`` alone, for some output positions."""
    for layer in reversed(layers):
        positions = layer.reads(number, positions)
    return tuple(positions)
