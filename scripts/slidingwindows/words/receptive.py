"""A ReceptiveField in words: one paragraph for alt text, and a transcript of every layer."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..core.reach import Reach
from ..core.receptive import FieldLayer, ReceptiveField
from ..core.text import number, once, shape_text, size

AXES = {1: ("position",), 2: ("row", "column"), 3: ("slice", "row", "column")}
TITLES = {
    "poster": "The receptive field grows",
    "measured": "Measured: what the gradient reaches",
    "effective": "Effective: how strongly each one counts",
}


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


def beginning(field: ReceptiveField) -> str:
    """Below the first picture, of one element and itself."""
    text = "One input element sees itself."
    if any(layer.plain for layer in field.layers):
        text += " Layers that change no view, such as ReLU, are left out."
    if len(field.size) == 3:
        text += " Rows and columns are drawn, the slices are not."
    return text


def recurrence(layer: FieldLayer, before: Iterable[Reach]) -> tuple[list[str], list[str]]:
    """Receptive field and jump of each axis after a layer, with the numbers filled in.

    before: what an element of the layer's input sees along each axis.
    """
    sums, jumps = [], []
    for reach, axis, after in zip(before, layer.windows.axes, layer.reaches, strict=True):
        spread = f"({axis.kernel_size} − 1)"
        spread = f"{axis.dilation}·{spread}" if axis.dilation > 1 else spread
        sums.append(f"{reach.size} + {spread}·{reach.jump} = {after.size}")
        jumps.append(f"{reach.jump}·{axis.stride} = {after.jump}")
    return sums, jumps


def by_axis(texts: list[str]) -> list[str]:
    """A text for each axis: one if all agree, else each with its axis."""
    if len(set(texts)) > 1:
        names = ("slices", "rows", "columns")[-len(texts) :]
        texts = [f"{name}: {text}" for name, text in zip(names, texts, strict=True)]
    return list(dict.fromkeys(texts))


def layer_by_layer(sizes: Iterable[str]) -> str:
    """All the sizes in order."""
    return f"Layer by layer: {' → '.join(sizes)}"


def measured(field: ReceptiveField) -> str:
    """What the gradient reached."""
    boxes = [high - low + 1 for low, high in field.measured_box]
    count = math.prod(len(positions) for positions in field.measured)
    text = f"Measured by gradient: {size(boxes)} input elements"
    if count < math.prod(boxes):
        text += f", {count:,} of them really read"
    if tuple(boxes) != field.size:
        text += "; the rest of the view lies outside"
    return f"{text}."


def effective(field: ReceptiveField) -> str:
    """What the network's own gradient says."""
    words = half(field)
    return f"Not all count equally: {words[0].lower()}{words[1:]}"


def layer_number(step: int, count: int) -> str:
    """Which layer a picture shows: 'layer 2 of 5'."""
    return f"layer {step} of {count}" if step else f"before {count} layers"


def of_input(field: ReceptiveField) -> str:
    """'of 32×32'"""
    return f"of {size(field.input_shape[1:])}"
