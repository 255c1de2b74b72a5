"""The receptive field of a stack of layers: by the recurrence, and measured by gradient.

Source: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional
Neural Networks", Distill 2019, doi 10.23915/distill.00021.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import SlidingWindowsError


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


def reach_of(layers) -> list[Reach]:
    """The reach after each layer. layers: (kernel_size, stride, padding, dilation) or shorter.

    >>> reach_of([(3, 1), (2, 2), (3, 1)])[-1]
    Reach(size=8, jump=2, start=3.5)
    """
    reaches, current = [], Reach()
    for layer in layers:
        current = current.after(*layer)
        reaches.append(current)
    return reaches
