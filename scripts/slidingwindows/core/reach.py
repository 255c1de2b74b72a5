"""The receptive field's recurrence, layer by layer along one axis, and the windows it starts from.

Source: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional
Neural Networks", Distill 2019, doi 10.23915/distill.00021.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .errors import SlidingWindowsError
from .geometry import Axis, origin


@dataclass(frozen=True)
class Reach:
    """What one output element of a layer can see of the network's input, along one axis.

    Attributes:
        size: How many input elements.
        jump: Input elements between the views of two neighbouring outputs.
        start: Position of the centre of the first output's view in input elements; half numbers lie
            between two of them.

    Examples:
        >>> Reach().after(kernel_size=3, stride=2, padding=1).after(kernel_size=3, stride=1)
        Reach(size=7, jump=2, start=2.0)

    Source:
        Araujo, Norris and Sim 2019, doi 10.23915/distill.00021.
    """

    size: int = 1
    jump: int = 1
    start: float = 0.0

    def after(self, kernel_size: int, stride: int, padding: int = 0, dilation: int = 1) -> Reach:
        """The reach once a layer is put on top: size += d(k-1)·jump, jump *= stride.

        Args:
            kernel_size: Elements that the layer's window reads.
            stride: Elements from one window to the next.
            padding: Elements of padding before the layer's input.
            dilation: Elements from one that the window reads to the next.

        Returns:
            What an output of the layer sees.

        Raises:
            SlidingWindowsError: If one of them is smaller than torch would take.
        """
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
        """What one output sees.

        Args:
            index: Position of the output, counted from 0.

        Returns:
            Input positions (first, last); padding has positions too.
        """
        first = self.start + index * self.jump - (self.size - 1) / 2
        return int(first), int(first) + self.size - 1


@dataclass(frozen=True)
class Windows:
    """How one layer's windows lie, axis by axis.

    Attributes:
        axes: The window along each axis, with the size of the layer's input.
        fill: What the layer's padding holds: 'zeros' (or any constant), or a copy of real elements,
            'reflect', 'replicate' or 'circular', in torch's words.

    Examples:
        >>> axis = Axis(size=4, kernel_size=3, stride=1, padding=(1, 1))
        >>> windows = Windows((axis,), fill="circular")
        >>> windows.output, windows.reads(0, [0])
        ((4,), (0, 1, 3))

    Source:
        The layer's own parameters; torch's documentation of Conv2d has the padding modes.
    """

    axes: tuple[Axis, ...]
    fill: str = "zeros"

    @property
    def output(self) -> tuple[int, ...]:
        """Elements of the layer's output along each axis."""
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
        """The reach once this layer is put on top.

        Args:
            reaches: What an element of the layer's input sees, axis by axis.

        Returns:
            What an element of its output sees, axis by axis.
        """
        return tuple(
            reach.after(axis.kernel_size, axis.stride, axis.padding[0], axis.dilation)
            for reach, axis in zip(reaches, self.axes, strict=True)
        )

    def reads(self, number: int, outputs: Iterable[int]) -> tuple[int, ...]:
        """What some outputs read of the layer's input along one axis.

        Args:
            number: Which axis, counted from 0.
            outputs: Positions of the outputs along it.

        Returns:
            Positions of real elements, in order; padding that copies one counts as that one.
        """
        axis, elements = self.axes[number], set()
        for output in outputs:
            start = output * axis.stride - axis.padding[0]
            stop = min(start + axis.extent, axis.size + axis.padding[1])
            for position in range(start, stop, axis.dilation):
                element = origin(position, axis.size, self.fill)
                if element is not None:
                    elements.add(element)
        return tuple(sorted(elements))

    def cut(self, number: int, outputs: Iterable[int]) -> bool:
        """Whether one of some outputs' windows reaches over the border of the layer's input.

        Args:
            number: Which axis, counted from 0.
            outputs: Positions of the outputs along it.

        Returns:
            True if one does.
        """
        axis = self.axes[number]
        starts = [output * axis.stride - axis.padding[0] for output in outputs]
        return min(starts) < 0 or max(starts) + axis.extent > axis.size


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
