"""The receptive field of a stack of layers: by the recurrence, by its windows, and as measured.

Source: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional
Neural Networks", Distill 2019, doi 10.23915/distill.00021.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import SlidingWindowsError, one_error
from .geometry import Axis, origin
from .plain import check_types
from .text import aligned, once, size


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
                element = origin(position, axis.size, self.fill)
                if element is not None:
                    found.add(element)
        return tuple(sorted(found))

    def cut(self, number: int, outputs: Iterable[int]) -> bool:
        """True if one of the outputs' windows reaches over the border of the layer's input."""
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


Positions = tuple[int, ...]


@dataclass(frozen=True)
class FieldLayer:
    """One layer of a network.

    call: the torch call, as code. windows: how they lie on the layer's input.
    reaches: what one of its outputs sees of the network's input, axis by axis.
    """

    call: str
    windows: Windows
    reaches: tuple[Reach, ...]

    @property
    def plain(self) -> bool:
        """True for an element-wise layer, which changes no receptive field."""
        return self.windows.plain

    def sees(self) -> str:
        """The receptive field in input elements: '5', or '5×3' if rows and columns differ."""
        return once([reach.size for reach in self.reaches])

    def jump(self) -> str:
        """Input elements from one output's view to the next one's: '2' or '2×1'."""
        return once([reach.jump for reach in self.reaches])


@dataclass(frozen=True)
class ReceptiveField:
    """What the outputs of a network see of its input, layer by layer.

    input_shape: (C, ...) without the batch. layers: first to last.
    output: the position in the last layer that is looked at, one number an axis.
    chosen: for each layer, the position whose view is drawn: one inside the other.
    measured: the input positions, axis by axis, that reach the output, found
    by gradient; an input element counts if it is in all of them.
    effective: |gradient| of the network itself, summed over channels, as rows
    of levels from 0 to 255 of the largest; Luo et al. 2016, arXiv 1701.04128.
    A signal has one row; a volume shows the slice with the largest sum. Empty
    if every gradient is 0.
    half: the smallest number of positions that hold half of all |gradient|.
    """

    input_shape: tuple[int, ...]
    layers: tuple[FieldLayer, ...]
    output: Positions
    chosen: tuple[Positions, ...]
    measured: tuple[Positions, ...]
    effective: tuple[tuple[int, ...], ...]
    half: int

    @property
    def reaches(self) -> tuple[Reach, ...]:
        """The whole network's reach, one for each axis."""
        return self.layers[-1].reaches

    @property
    def size(self) -> tuple[int, ...]:
        """The theoretical receptive field along each axis, in input elements."""
        return tuple(reach.size for reach in self.reaches)

    @property
    def jump(self) -> tuple[int, ...]:
        """Input elements between the views of neighbouring outputs, along each axis."""
        return tuple(reach.jump for reach in self.reaches)

    @property
    def centre(self) -> tuple[float, ...]:
        """The middle of the output's view along each axis; half numbers lie between elements."""
        return tuple(r.start + i * r.jump for r, i in zip(self.reaches, self.output, strict=True))

    @property
    def measured_box(self) -> tuple[tuple[int, int], ...]:
        """(first, last) input position that reaches the output, along each axis."""
        return tuple((positions[0], positions[-1]) for positions in self.measured)

    def views(self) -> list[tuple[tuple[int, int], ...]]:
        """For the input and then for each layer: (first, last) of the chosen one's view, by axis.

        By the recurrence, so a view may reach into the padding around the input.
        """
        own = tuple((index, index) for index in self._seed())
        return [own] + [
            tuple(reach.view(i) for reach, i in zip(layer.reaches, chosen, strict=True))
            for layer, chosen in zip(self.layers, self.chosen, strict=True)
        ]

    def _seed(self) -> Positions:
        """The input element of the first layer's view that is nearest the middle of the whole."""
        found = []
        for number, index in enumerate(self.chosen[0]):
            reads = self.layers[0].windows.reads(number, (index,))
            middle = self.centre[number]
            found.append(min((abs(p - middle), p) for p in reads)[1])
        return tuple(found)

    def table(self) -> str:
        """Aligned text, a line for each layer; sizes in input elements, rows×columns if unlike."""
        head = ("layer", "output", "kernel", "stride", "padding", "dilation")
        rows = [(*head, "jump", "receptive field", "first centre")]
        start = ("input", size(self.input_shape[1:]), "", "", "", "", "1", "1", "0")
        rows.append(start)
        for layer in self.layers:
            axes = layer.windows.axes
            window = ("", "", "", "")
            if not layer.plain:
                kernel, stride, dilation = (
                    once([getattr(axis, name) for axis in axes])
                    for name in ("kernel_size", "stride", "dilation")
                )
                window = (kernel, stride, padding_text(axes), dilation)
            sees = (layer.jump(), layer.sees(), once([r.start for r in layer.reaches]))
            rows.append((layer.call, size(layer.windows.output), *window, *sees))
        return aligned(rows)

    def _check_ranks(self) -> None:
        """Everything has as many axes as the input has."""
        of_layers = [part for one in self.layers for part in (one.windows.axes, one.reaches)]
        ranks = [self.output, self.measured, *self.chosen, *of_layers]
        count = len(self.input_shape) - 1
        if any(len(part) != count for part in ranks) or not all(self.measured):
            raise SlidingWindowsError(f"not all of it has the {count} axes of the input")
        if not len(self.chosen) == len(self.layers) > 0 or count not in (1, 2, 3):
            raise SlidingWindowsError("the chosen positions are not one for each layer")

    def to_dict(self) -> dict[str, object]:
        """Plain lists, numbers and strings, ready for JSON."""
        return {
            "input_shape": list(self.input_shape),
            "layers": [
                {
                    "call": layer.call,
                    "fill": layer.windows.fill,
                    "axes": [
                        [a.size, a.kernel_size, a.stride, list(a.padding), a.dilation, a.ceil_mode]
                        for a in layer.windows.axes
                    ],
                    "reaches": [[r.size, r.jump, r.start] for r in layer.reaches],
                }
                for layer in self.layers
            ],
            "output": list(self.output),
            "chosen": [list(positions) for positions in self.chosen],
            "measured": [list(positions) for positions in self.measured],
            "effective": [list(row) for row in self.effective],
            "half": self.half,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> ReceptiveField:
        """The inverse of to_dict; raises SlidingWindowsError for what is no such dict."""
        with one_error("this is not what a ReceptiveField's to_dict gives"):
            parts: Any = data
            layers = []
            for layer in parts["layers"]:
                axes = tuple(Axis(n, k, s, tuple(p), d, c) for n, k, s, p, d, c in layer["axes"])
                reaches = tuple(Reach(*reach) for reach in layer["reaches"])
                layers.append(FieldLayer(layer["call"], Windows(axes, layer["fill"]), reaches))
            field = cls(
                tuple(parts["input_shape"]),
                tuple(layers),
                tuple(parts["output"]),
                tuple(tuple(positions) for positions in parts["chosen"]),
                tuple(tuple(positions) for positions in parts["measured"]),
                tuple(tuple(row) for row in parts["effective"]),
                parts["half"],
            )
            check_types(field)
            field._check_ranks()
            return field


def padding_text(axes: Iterable[Axis]) -> str:
    """Padding of each axis: '1', '1×2', and '0+1' where it differs before and behind."""
    texts = []
    for axis in axes:
        before, after = axis.padding
        texts.append(str(before) if before == after else f"{before}+{after}")
    return texts[0] if len(set(texts)) == 1 else size(texts)
