"""Receptive fields by gradient: what can reach an output, and what does so in effect."""

from __future__ import annotations

import torch

from ..core.errors import SlidingWindowsError
from ..core.receptive import walk_back
from .surrogate import surrogate


def measured_positions(layers, modules, sizes, output) -> tuple[tuple[int, ...], ...]:
    """The input positions, axis by axis, that reach an output; they must be the recurrence's.

    layers: FieldLayers. modules: the torch layers they describe. sizes: of the
    input along each axis. output: a position in the last layer.
    Raises SlidingWindowsError if gradient, windows and recurrence disagree.
    """
    expected = walk_back([layer.windows for layer in layers], output)
    if not all(expected):
        raise SlidingWindowsError(f"output {output} sees padding alone, nothing of the input")
    with torch.enable_grad():
        x = torch.ones(1, 1, *sizes, dtype=torch.float64, requires_grad=True)
        surrogate(modules, [layer.windows.output for layer in layers])(x)[
            (0, 0, *output)
        ].backward()
    reached = x.grad[0, 0] != 0
    measured = []
    for axis in range(len(sizes)):
        others = tuple(i for i in range(len(sizes)) if i != axis)
        along = reached.amax(others) if others else reached
        measured.append(tuple(along.nonzero().flatten().tolist()))
    whole = int(reached.sum())
    block = 1
    for positions in measured:
        block *= len(positions)
    if tuple(measured) != expected or whole != block:
        raise SlidingWindowsError(
            f"the gradient reaches {whole} elements, {_box(measured)}, where the windows of the "
            f"layers reach {_box(expected)}"
        )
    _check_recurrence(layers, sizes, output, measured)
    return tuple(measured)


def _check_recurrence(layers, sizes, output, measured) -> None:
    """The measured box is the recurrence's; padding and borders can only take from it."""
    for axis, (size, positions) in enumerate(zip(sizes, measured, strict=True)):
        low, high = layers[-1].reaches[axis].view(output[axis])
        seen, cut, copied = (output[axis],), False, False
        for layer in reversed(layers):
            over = layer.windows.cut(axis, seen)
            cut, copied = cut or over, copied or (over and layer.windows.fill != "zeros")
            seen = layer.windows.reads(axis, seen)
        inside = max(low, 0) <= positions[0] and positions[-1] <= min(high, size - 1)
        exact = (positions[0], positions[-1]) == (low, high)
        if (not inside and not copied) or (not exact and not cut):
            raise SlidingWindowsError(
                f"along axis {axis} the gradient reaches {positions[0]} to {positions[-1]}, "
                f"the recurrence {low} to {high}"
            )


def _box(positions) -> str:
    return " by ".join(f"{p[0]} to {p[-1]}" if p else "nothing" for p in positions)


def effective_field(network, inputs, output):
    """(rows of levels from 0 to 255, positions that hold half) of the mean |gradient|.

    network: in eval mode; layers that write in place no longer do.
    inputs: batches of one. output: a position, one int an axis.
    The gradient is that of the sum of all output channels there. ((), 0) if it is 0 everywhere.
    """
    for module in network.modules():
        if getattr(module, "inplace", False):
            module.inplace = False  # what it overwrites may be needed for the gradient
    total = torch.zeros(inputs[0].shape[2:], dtype=torch.float64)
    with torch.enable_grad():
        for one in inputs:
            x = one.clone().requires_grad_()
            seen = network(x)[(0, slice(None), *output)].sum()
            (gradient,) = torch.autograd.grad(seen, x)
            total += gradient[0].double().abs().sum(0).cpu()
    largest = float(total.max())
    if not 0 < largest < float("inf"):
        return (), 0
    ordered = total.flatten().sort(descending=True).values.cumsum(0)
    half = int((ordered < ordered[-1] / 2).sum()) + 1
    plane = total
    while plane.dim() > 2:
        plane = plane[int(plane.flatten(1).sum(1).argmax())]
    plane = plane if plane.dim() == 2 else plane[None]
    levels = (plane / plane.max() * 255).round().to(torch.uint8)
    return tuple(tuple(row) for row in levels.tolist()), half
