"""A network's feature maps in plain numbers: what each layer makes of one image."""

from __future__ import annotations

from dataclasses import dataclass

from .notation import size

Shades = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Stage:
    """One layer's output.

    call: the torch call that made it, or 'input'. shape: (C, H, W).
    parameters: learnable numbers in the layer.
    maps: some of the channels as grey values from 0 to 255, each map
    stretched from its own smallest to its own largest number.
    """

    call: str
    shape: tuple[int, int, int]
    parameters: int
    maps: tuple[Shades, ...]

    @property
    def numbers(self) -> int:
        """How many numbers the output holds."""
        channels, height, width = self.shape
        return channels * height * width


@dataclass(frozen=True)
class Funnel:
    """An image on its way through a network, layer by layer; the first stage is the input."""

    stages: tuple[Stage, ...]

    def table(self) -> str:
        """Shapes and parameters as aligned text."""
        rows = [("layer", "output (C, H, W)", "numbers", "parameters")]
        for stage in self.stages:
            shape = "(" + ", ".join(str(n) for n in stage.shape) + ")"
            rows.append((stage.call, shape, f"{stage.numbers:,}", f"{stage.parameters:,}"))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = []
        for call, shape, numbers, parameters in rows:
            cells = (call.ljust(widths[0]), shape.ljust(widths[1]))
            lines.append("  ".join((*cells, numbers.rjust(widths[2]), parameters.rjust(widths[3]))))
        return "\n".join(lines)

    def to_dict(self) -> dict:
        """Plain lists, numbers and strings, ready for JSON."""
        return {
            "stages": [
                {
                    "call": stage.call,
                    "shape": list(stage.shape),
                    "parameters": stage.parameters,
                    "maps": [[list(row) for row in plane] for plane in stage.maps],
                }
                for stage in self.stages
            ]
        }

    @classmethod
    def from_dict(cls, data: dict) -> Funnel:
        """The inverse of to_dict."""
        stages = []
        for stage in data["stages"]:
            maps = tuple(tuple(tuple(row) for row in plane) for plane in stage["maps"])
            shape = tuple(stage["shape"])
            stages.append(Stage(stage["call"], shape, stage["parameters"], maps))
        return cls(tuple(stages))

    def alt_text(self) -> str:
        """What a reader who cannot see the picture needs first."""
        first, *rest = self.stages
        steps = "; ".join(f"{stage.call} gives {size(stage.shape)}" for stage in rest)
        return f"Animation: a photo of {size(first.shape)} shrinks layer by layer: {steps}."

    def transcript(self) -> list[str]:
        """One sentence for each stage."""
        lines = []
        for number, stage in enumerate(self.stages):
            channels, height, width = stage.shape
            name = "The input" if number == 0 else f"After {stage.call}"
            lines.append(
                f"{name}: {channels} maps of {height} by {width}, {stage.numbers:,} numbers"
                + (f", {stage.parameters:,} learnable parameters." if number else ".")
            )
        return lines
