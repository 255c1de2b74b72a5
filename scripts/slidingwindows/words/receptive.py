"""A ReceptiveField in words: one paragraph for alt text, and a transcript of every layer."""

from __future__ import annotations

import math

from ..core.receptive import ReceptiveField
from ..core.text import number, once, shape_text, size

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
    names = AXES[len(field.size)]
    where = ", ".join(str(n) for n in field.output)
    seen = " and ".join(map(_positions, names, field.measured))
    text = f"Measured by gradient, output ({where}) depends on {seen} of the input, "
    views = [r.view(i) for r, i in zip(field.reaches, field.output, strict=True)]
    if field.measured_box == tuple(views):
        lines.append(text + "as the recurrence says.")
    else:
        whole = " and ".join(
            f"{name}s {number(low)} to {number(high)}"
            for name, (low, high) in zip(names, views, strict=True)
        )
        lines.append(text + f"which is what borders and padding leave of {whole}.")
    if field.effective:
        lines.append(half(field))
    return lines


def half(field: ReceptiveField) -> str:
    """How few of the input positions in view hold half of the network's own gradient."""
    total = math.prod(len(positions) for positions in field.measured)
    share = 100 * field.half / total
    percent = number(round(share)) if share >= 1 else "less than 1"
    return f"Half of the gradient falls on {percent}% of the {total:,} positions in view."


def _positions(name: str, positions: tuple[int, ...]) -> str:
    low, high = positions[0], positions[-1]
    if low == high:
        return f"{name} {low}"
    text = f"{name}s {low} to {high}"
    holes = len(positions) < high - low + 1
    return f"{len(positions)} of the {text}" if holes else text
