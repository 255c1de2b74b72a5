"""A network in, its ReceptiveField out: the recurrence, and gradients that must agree with it."""

from __future__ import annotations

import reprlib

import torch
from torch import nn

from ..core.errors import SlidingWindowsError, one_error
from ..core.fields import FieldLayer, ReceptiveField
from ..core.geometry import whole
from ..core.receptive import Reach, walk_axis
from .layers import mixes_all, windows_of
from .measuring import effective_field, measured_positions
from .running import as_batch, name_of, run
from .tensors import ask_torch, tensor_of
from .undisturbed import filled_in, undisturbed

SAMPLES = 8  # random inputs whose gradients are averaged


@one_error("receptive_field failed")
def receptive_field(
    network: nn.Sequential, input, output: tuple[int, ...] | None = None, samples: int = SAMPLES
) -> ReceptiveField:
    """What an output of a network sees of the input, layer by layer, calculated and measured.

    network: nn.Sequential of convolutions, pools (max, average, LP, adaptive with
    windows that are all alike), pads and element-wise layers; norms and dropout
    count as in eval mode. It is left as it is.
    input: a shape, (C, L), (C, H, W) or (C, D, H, W), or a tensor, also a batch of
    one. A shape stands for inputs of normal random numbers, always the same
    ones; they matter for the effective field alone.
    samples: how many such inputs.
    output: position in the last layer, one int for each axis; None is the middle.
    Raises SlidingWindowsError if a layer has no receptive field of one size, if
    the output sees padding alone, and if gradient and recurrence disagree.

    Sources: Araujo, Norris, Sim 2019, doi 10.23915/distill.00021; Luo et al. 2016,
    arXiv 1701.04128 (the effective field).
    """
    if not isinstance(network, nn.Sequential) or not len(network):
        what = "an empty one" if isinstance(network, nn.Sequential) else type(network).__name__
        raise SlidingWindowsError(f"receptive_field needs an nn.Sequential with layers, got {what}")
    inputs = _inputs(network, input, samples)
    context = f"a network of {len(network)} layers on an input of shape {tuple(inputs[0].shape)}"
    try:
        inputs = [as_batch(network, one) for one in inputs]
        network = filled_in(network, inputs[0])
        with undisturbed(network):
            return _probed(network.eval(), inputs, output, context)
    except SlidingWindowsError as error:
        raise SlidingWindowsError(error.problem, error.context or context) from error.__cause__


def _probed(network, inputs, output, context) -> ReceptiveField:
    layers, modules = _layers(network, inputs[0], context)
    output = _output(layers, output)
    measured = measured_positions(layers, modules, inputs[0].shape[2:], output)
    effective, half = effective_field(network, inputs, output)
    shape = tuple(inputs[0].shape[1:])
    chosen = _chosen(layers, output)
    return ReceptiveField(shape, tuple(layers), output, chosen, measured, effective, half)


def _inputs(network, input, samples) -> list[torch.Tensor]:
    if isinstance(input, torch.Tensor) or hasattr(input, "__array__"):
        input = tensor_of(input, "receptive_field")
        if not input.is_floating_point() or 0 in input.shape:
            raise SlidingWindowsError(
                f"the input must be a float tensor with numbers, got {input.dtype} of shape "
                f"{tuple(input.shape)}"
            )
        return [input.detach()]
    sizes = [whole(n) or 0 for n in input] if isinstance(input, tuple | list) else [0]
    if min(sizes, default=0) < 1 or (whole(samples) or 0) < 1:
        raise SlidingWindowsError(
            "receptive_field takes a tensor, or a shape such as (C, H, W) and at least one "
            f"sample, got {reprlib.repr(input)} and samples={samples!r}"
        )
    generator = torch.Generator().manual_seed(0)
    dtype = next((p.dtype for p in network.parameters()), torch.float32)
    return [ask_torch(torch.randn, sizes, generator=generator, dtype=dtype) for _ in range(samples)]


def _layers(network, batch, context) -> tuple[list[FieldLayer], list[nn.Module]]:
    reaches = (Reach(),) * (batch.dim() - 2)
    if len(reaches) not in (1, 2, 3):
        raise SlidingWindowsError("the input must be (C, L), (C, H, W) or (C, D, H, W)")
    layers, modules = [], []
    with torch.no_grad():
        for module, before, after in run(network, batch.clone(), context):
            shape = tuple(before.shape[1:])
            windows = windows_of(module, shape[1:])
            if windows is None or windows.output != tuple(after.shape[2:]):
                why = "its outputs do not all see equally much, or see unknown things"
                if mixes_all(module, shape):
                    why = "each of its outputs sees all of the layer's own input"
                raise SlidingWindowsError(
                    f"layer {len(layers)}, {name_of(module)}, has no receptive field of one size: "
                    f"{why}; leave it and what follows out, as network[:{len(layers)}] does"
                )
            reaches = windows.after(reaches)
            layers.append(FieldLayer(name_of(module), windows, reaches))
            modules.append(module)
    return layers, modules


def _output(layers, output) -> tuple[int, ...]:
    sizes = layers[-1].windows.output
    if output is None:
        return tuple(n // 2 for n in sizes)
    chosen = tuple(map(whole, output)) if isinstance(output, tuple | list) else ()
    if len(chosen) != len(sizes) or not all(
        i is not None and 0 <= i < n for i, n in zip(chosen, sizes, strict=True)
    ):
        raise SlidingWindowsError(f"output {output!r} is not a position in an output of {sizes}")
    return chosen


def _chosen(layers, output) -> tuple[tuple[int, ...], ...]:
    """From the last layer back: of what the next window reads, the element nearest the middle.

    Only elements that see something of the input, for padding is read, too.
    """
    windows = [layer.windows for layer in layers]
    last = zip(layers[-1].reaches, output, strict=True)
    centre = [reach.start + index * reach.jump for reach, index in last]
    found = [output]
    for number in reversed(range(1, len(layers))):
        positions = []
        for axis, reach in enumerate(layers[number - 1].reaches):
            read = windows[number].reads(axis, (found[0][axis],))
            seeing = [p for p in read if walk_axis(windows[:number], axis, (p,))]
            off = [abs(reach.start + p * reach.jump - centre[axis]) for p in seeing]
            positions.append(seeing[off.index(min(off))])
        found.insert(0, tuple(positions))
    return tuple(found)
