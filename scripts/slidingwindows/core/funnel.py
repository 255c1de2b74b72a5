"""A network's feature maps in plain numbers: what each layer makes of one input."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import SlidingWindowsError, one_error
from .plain import check_types
from .reach import Reach
from .text import aligned, once, shape_text

Shades = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Stage:
    """One layer's output for one sample.

    Attributes:
        call: The torch call that made it, or 'input'.
        shape: Without the batch: (C, H, W), (C, L), (C, D, H, W) or (F,).
        parameters: How many learnable numbers the layer has, those of an earlier layer not again.
        maps: Some of the channels as (H, W) grey values from 0 to 255, each map stretched from its
            own smallest to its own largest number. A volume gives its middle slice, (C, L) and (F,)
            one plane of all their rows. Maps longer than 128 elements are averaged down. Empty for
            a layer whose next has the same shape.
        macs: How many multiply-accumulates; a pool, an activation and a norm have 0.
        field: The receptive field along each axis; None where it has no single size.
        everything: True if ``field`` is None and each number surely depends on every place of the
            input.

    Examples:
        >>> import torch
        >>> from slidingwindows import funnel
        >>> network = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3))
        >>> stage = funnel(network, torch.zeros(1, 8, 8)).stages[1]
        >>> stage.shape, stage.parameters, stage.macs, stage.sees()
        ((4, 6, 6), 40, 1296, '3')

    Source:
        Shapes are torch's own; multiply-accumulates come from the kernel's size, and inside blocks
        from torch's ``FlopCounterMode`` where it counts more.
    """

    call: str
    shape: tuple[int, ...]
    parameters: int
    maps: tuple[Shades, ...]
    macs: int = 0
    field: tuple[Reach, ...] | None = None
    everything: bool = False

    @property
    def numbers(self) -> int:
        """How many numbers the output holds."""
        return math.prod(self.shape)

    def sees(self) -> str:
        """The receptive field in a word.

        Returns:
            Input elements, '5' or '5×3'; 'all', or '–' where nothing is certain.
        """
        if self.everything:
            return "all"
        return once([r.size for r in self.field]) if self.field else "–"

    def jump(self) -> str:
        """How far apart neighbouring outputs look.

        Returns:
            Input elements, '2' or '2×1'; '–' where there is no single number.
        """
        return once([r.jump for r in self.field]) if self.field and not self.everything else "–"


@dataclass(frozen=True)
class Funnel:
    """An input on its way through a network, layer by layer.

    ``funnel`` makes these.

    Attributes:
        stages: The input first, then one for each layer.

    Examples:
        >>> import torch
        >>> from slidingwindows import funnel
        >>> found = funnel(torch.nn.Sequential(torch.nn.MaxPool2d(2)), torch.zeros(1, 8, 8))
        >>> [stage.call for stage in found.stages], found.parameters
        (['input', 'nn.MaxPool2d(kernel_size=2, stride=2)'], 0)

    Source:
        torch's own outputs, layer by layer, which together give exactly what the network gives.
    """

    stages: tuple[Stage, ...]

    @property
    def parameters(self) -> int:
        """How many learnable numbers the whole network has, shared ones once."""
        return sum(stage.parameters for stage in self.stages)

    @property
    def macs(self) -> int:
        """How many multiply-accumulates the whole network needs for one input."""
        return sum(stage.macs for stage in self.stages)

    def table(self) -> str:
        """The stages and their totals as text.

        MACs are multiply-accumulates. 'receptive field' and 'jump' are in input elements; at the
        border a receptive field lies in part in the padding. Where there is no single size: 'all'
        if it is certain that each number depends on every place of the input, else '–'.

        Returns:
            Aligned lines: a head, one for each stage, and the totals.
        """
        head = ("layer", "output", "numbers", "parameters", "MACs", "receptive field", "jump")
        rows = [
            (
                stage.call,
                shape_text(stage.shape),
                f"{stage.numbers:,}",
                f"{stage.parameters:,}",
                f"{stage.macs:,}",
                stage.sees(),
                stage.jump(),
            )
            for stage in self.stages
        ]
        total = ("total", "", "", f"{self.parameters:,}", f"{self.macs:,}", "", "")
        return aligned([head, *rows, total], left=2)

    def to_dict(self) -> dict[str, object]:
        """Plain data, ready for JSON.

        Returns:
            Lists, numbers and strings by the names of the fields.
        """
        return {
            "stages": [
                {
                    "call": stage.call,
                    "shape": list(stage.shape),
                    "parameters": stage.parameters,
                    "maps": [[list(row) for row in plane] for plane in stage.maps],
                    "macs": stage.macs,
                    "field": stage.field and [[r.size, r.jump, r.start] for r in stage.field],
                    "everything": stage.everything,
                }
                for stage in self.stages
            ]
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Funnel:
        """The inverse of to_dict.

        Args:
            data: What to_dict gave, even after a round trip through JSON.

        Returns:
            An equal object.

        Raises:
            SlidingWindowsError: If it is not such a dict, or is damaged.
        """
        with one_error("this is not what a Funnel's to_dict gives"):
            parts: Any = data["stages"]
            stages = []
            for stage in parts:
                maps = tuple(tuple(tuple(row) for row in plane) for plane in stage["maps"])
                field = None if stage["field"] is None else tuple(Reach(*r) for r in stage["field"])
                arguments = (stage["call"], tuple(stage["shape"]), stage["parameters"], maps)
                stages.append(Stage(*arguments, stage["macs"], field, stage["everything"]))
            funnel = cls(tuple(stages))
            check_types(funnel)
            if not stages or not all(stage.shape for stage in funnel.stages):
                raise SlidingWindowsError("a funnel has an input, and each stage a shape")
            return funnel
