"""A network's feature maps in plain numbers: what each layer makes of one input."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import one_error
from .plain import check_types
from .receptive import Reach
from .text import aligned, once, shape_text

Shades = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Stage:
    """One layer's output for one sample.

    call: the torch call that made it, or 'input'.
    shape: without the batch: (C, H, W), (C, L), (C, D, H, W) or (F,).
    parameters: learnable numbers of the layer, those of an earlier layer not again.
    maps: some of the channels as grey values from 0 to 255, each map
    stretched from its own smallest to its own largest number. A volume gives
    its middle slice, (C, L) and (F,) one plane of all their rows. Maps longer
    than 128 are averaged down. Empty for a layer whose next has the same shape.
    macs: multiply-accumulates; a pool, an activation and a norm have 0.
    field: the receptive field along each axis, None where it has no one size.
    everything: True if ``field`` is None and each number surely depends on every
        place of the input.
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
        """The receptive field in a word: '5', '5×3', 'all', or '–' where nothing is certain."""
        if self.everything:
            return "all"
        return once([r.size for r in self.field]) if self.field else "–"

    def jump(self) -> str:
        """Input elements between the views of neighbouring outputs: '2', '2×1' or '–'."""
        return once([r.jump for r in self.field]) if self.field and not self.everything else "–"


@dataclass(frozen=True)
class Funnel:
    """An input on its way through a network, layer by layer.

    stages: the input first, then one for each layer.
    """

    stages: tuple[Stage, ...]

    @property
    def parameters(self) -> int:
        """Learnable numbers of the whole network, shared ones once."""
        return sum(stage.parameters for stage in self.stages)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the whole network for one input."""
        return sum(stage.macs for stage in self.stages)

    def table(self) -> str:
        """Aligned text: a line for each layer, and the totals.

        'receptive field' and 'jump' are in input elements; at the border a receptive
        field lies in part in the padding. Where it has no one size: 'all' if it is
        certain that each number depends on every place of the input, else '–'.
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
        """Plain lists, numbers and strings, ready for JSON."""
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
        """The inverse of to_dict; raises SlidingWindowsError for what is no such dict."""
        with one_error("this is not what a Funnel's to_dict gives"):
            parts: Any = data["stages"]
            stages = []
            for stage in parts:
                maps = tuple(tuple(tuple(row) for row in plane) for plane in stage["maps"])
                field = None if stage["field"] is None else tuple(Reach(*r) for r in stage["field"])
                facts = (stage["call"], tuple(stage["shape"]), stage["parameters"], maps)
                stages.append(Stage(*facts, stage["macs"], field, stage["everything"]))
            funnel = cls(tuple(stages))
            check_types(funnel)
            return funnel
