"""A network's receptive field as a value object, also as measured; reach.py has the recurrence.

Source: Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional
Neural Networks", Distill 2019, doi 10.23915/distill.00021.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import SlidingWindowsError, one_error
from .geometry import Axis
from .plain import check_types
from .reach import Reach, Windows
from .text import aligned, once, once_text, size

Positions = tuple[int, ...]


@dataclass(frozen=True)
class FieldLayer:
    """One layer of a network.

    Attributes:
        call: The torch call, as code.
        windows: How its windows lie on the layer's input.
        reaches: What one of its outputs sees of the network's input, axis by axis.

    Examples:
        >>> import torch
        >>> from slidingwindows import receptive_field
        >>> network = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 3), torch.nn.MaxPool2d(2))
        >>> layer = receptive_field(network, (1, 9, 9)).layers[1]
        >>> layer.call, layer.sees(), layer.jump()
        ('nn.MaxPool2d(kernel_size=2, stride=2)', '4', '2')

    Source:
        The recurrence of Araujo, Norris and Sim 2019, doi 10.23915/distill.00021.
    """

    call: str
    windows: Windows
    reaches: tuple[Reach, ...]

    @property
    def plain(self) -> bool:
        """True for an element-wise layer, which changes no receptive field."""
        return self.windows.plain

    def sees(self) -> str:
        """The receptive field in a word.

        Returns:
            Input elements, '5', or '5×3' if rows and columns differ.
        """
        return once([reach.size for reach in self.reaches])

    def jump(self) -> str:
        """How far apart neighbouring outputs look.

        Returns:
            Input elements, '2' or '2×1'.
        """
        return once([reach.jump for reach in self.reaches])


@dataclass(frozen=True)
class ReceptiveField:
    """What the outputs of a network see of its input, layer by layer.

    ``receptive_field`` makes these.

    Attributes:
        input_shape: Without the batch: (C, L), (C, H, W) or (C, D, H, W).
        layers: First to last.
        output: Position in the last layer that is looked at, one index for each axis.
        chosen: For each layer, the position whose view is drawn: one inside the other.
        measured: The input positions, axis by axis, that reach the output, found by gradient; an
            input element counts if it is in all of them.
        effective: |gradient| of the network itself, summed over channels, (H, W), as levels from 0
            to 255 of the largest. A signal has one row; a volume shows the slice with the largest
            sum. Empty if every gradient is 0.
        half: The smallest number of positions that hold half of all |gradient|.

    Examples:
        >>> import torch
        >>> from slidingwindows import receptive_field
        >>> network = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 3), torch.nn.MaxPool2d(2))
        >>> field = receptive_field(network, (1, 9, 9))
        >>> field.size, field.jump, field.measured_box
        ((4, 4), (2, 2), ((2, 5), (2, 5)))

    Source:
        Sizes by the recurrence of Araujo, Norris and Sim 2019, doi 10.23915/distill.00021; the
        effective field is that of Luo et al. 2016, arXiv 1701.04128.
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
        """What is drawn: for the input and then for each layer, the view of the chosen output.

        They come from the recurrence, so a view may reach into the padding around the input.

        Returns:
            Input positions (first, last), axis by axis, for each.
        """
        own = tuple((index, index) for index in self._seed())
        return [own] + [
            tuple(reach.view(i) for reach, i in zip(layer.reaches, chosen, strict=True))
            for layer, chosen in zip(self.layers, self.chosen, strict=True)
        ]

    def _seed(self) -> Positions:
        """The input element of the first layer's view that is nearest the middle of the whole."""
        positions = []
        for number, index in enumerate(self.chosen[0]):
            reads = self.layers[0].windows.reads(number, (index,))
            middle = self.centre[number]
            positions.append(min((abs(p - middle), p) for p in reads)[1])
        return tuple(positions)

    def table(self) -> str:
        """The layers as text; sizes in input elements, rows×columns if unlike.

        Returns:
            Aligned lines: a head, the input, and one for each layer.
        """
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
        """Plain data, ready for JSON.

        Returns:
            Lists, numbers and strings by the names of the fields.
        """
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
        """The inverse of to_dict.

        Args:
            data: What to_dict gave, even after a round trip through JSON.

        Returns:
            An equal object.

        Raises:
            SlidingWindowsError: If it is not such a dict, or is damaged.
        """
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
    return once_text(texts)
