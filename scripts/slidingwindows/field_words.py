"""A ReceptiveField in words: one paragraph for alt text, and a transcript of every layer."""

from __future__ import annotations

import math

from .fields import ReceptiveField
from .notation import number, size
from .tables import once, shape_text

AXES = {1: ("position",), 2: ("row", "column"), 3: ("slice", "row", "column")}


def alt_text(field: ReceptiveField) -> str:
    """What a reader who cannot see the animation needs first."""
    sizes = [layer.sees() for layer in field.layers if not layer.plain]
    return (
        f"Animation: what one output of a network sees of its {size(field.input_shape[1:])} "
        f"input grows layer by layer: {', '.join(['1', *sizes])}. "
        f"At the end it is {size(field.size)} with a jump of {once(field.jump)}."
    )


def transcript(field: ReceptiveField) -> list[str]:
    """One sentence for each layer, then what was measured."""
    lines = [f"The input is {shape_text(field.input_shape)}."]
    for layer in field.layers:
        if layer.plain:
            lines.append(f"{layer.call} is element-wise: the receptive field stays.")
            continue
        text = f"{layer.call}: receptive field {layer.sees()}, jump {layer.jump()}, "
        lines.append(text + f"output {size(layer.windows.output)}.")
    box = " and ".join(
        f"{name}s {low} to {high}" if low < high else f"{name} {low}"
        for name, (low, high) in zip(AXES[len(field.size)], field.measured_box, strict=True)
    )
    where = ", ".join(str(n) for n in field.output)
    lines.append(
        f"Measured by gradient, output ({where}) depends on {box} of the input, "
        "as the recurrence says."
    )
    if field.effective:
        lines.append(half(field))
    return lines


def half(field: ReceptiveField) -> str:
    """How few of the input positions in view hold half of the network's own gradient."""
    total = math.prod(len(positions) for positions in field.measured)
    share = 100 * field.half / total
    percent = number(round(share)) if share >= 1 else "less than 1"
    return f"Half of the gradient falls on {percent}% of the {total:,} positions in view."
