"""A network in, its ReceptiveField out: the recurrence, and gradients that must agree with it."""

from __future__ import annotations

import copy
import reprlib
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from ..core.arguments import whole, whole_or_same
from ..core.errors import SlidingWindowsError, one_error
from ..core.reach import Reach, Windows, walk_back
from ..core.receptive import FieldLayer, ReceptiveField
from .asking import ask_torch, is_shape, tensor_of
from .layers import ADAPTIVE, CONVOLUTIONS, LP_POOLS, MAX_POOLS, is_a, many, mixes_all, windows_of
from .network import as_batch, layers_of, name_of, run
from .undisturbed import filled_in, in_turn, undisturbed

Place = tuple[int, ...]  # a position, or sizes, along each axis


def surrogate(modules: Sequence[nn.Module], outputs: Sequence[Place]) -> nn.Sequential:
    """The layers with one channel, in float64, all weights equal and positive.

    In a network itself weights can cancel, ReLU can be shut and a max pool
    hands its gradient to one winner, so a gradient of 0 would not mean 'not
    read'. Every channel of a layer has the same windows, so one is enough.
    Max and LP pools become means over the same windows, activations nothing.

    modules: layers that ``windows_of`` knows. outputs: each one's output sizes.
    """
    return nn.Sequential(*[_copied(m, out) for m, out in zip(modules, outputs, strict=True)])


def _copied(module: nn.Module, output: tuple[int, ...]) -> nn.Module:
    if is_a(module, CONVOLUTIONS):
        arguments = module.kernel_size, module.stride, module.padding, module.dilation
        kind = next(k for k in CONVOLUTIONS if isinstance(module, k))
        # Weights that torch draws would be taken from the caller's random numbers; "meta" has none.
        # Not skip_init(): it imports sympy, which takes a second, to make room for them.
        options = {"bias": False, "padding_mode": module.padding_mode, "device": "meta"}
        twin = kind(1, 1, *arguments, **options)
        # Its square root keeps both the middle of a deep network and its corners in range.
        value, shape = twin.weight.numel() ** -0.5, twin.weight.shape
        twin.weight = nn.Parameter(torch.full(shape, value, dtype=torch.float64))
        return twin
    if is_a(module, MAX_POOLS + LP_POOLS):
        return Means(module, output)
    if is_a(module, ADAPTIVE):
        rank = len(output)
        return getattr(nn, f"AdaptiveAvgPool{rank}d")(module.output_size)
    named = type(module).__name__
    if "Pool" in named or named[:-2].endswith("Pad"):
        return copy.deepcopy(module)
    return nn.Identity()


class Means(nn.Module):
    """Means over the windows of a max or LP pool, with its dilation, padding and ceil_mode."""

    def __init__(self, pool: nn.Module, output: tuple[int, ...]):
        super().__init__()
        self.output, rank = output, len(output)
        self.kernel = many(pool.kernel_size, rank)
        self.stride = many(pool.kernel_size if pool.stride is None else pool.stride, rank)
        self.padding = many(getattr(pool, "padding", 0), rank)
        self.dilation = many(getattr(pool, "dilation", 1), rank)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(1, 1, sizes) to (1, 1, output); the kernel of ones divides by its elements."""
        pads = []
        for axis in reversed(range(len(self.output))):
            span = self.dilation[axis] * (self.kernel[axis] - 1) + 1
            last = (self.output[axis] - 1) * self.stride[axis] + span
            # Behind, just enough for the last window that torch makes; less than none crops.
            pads += [self.padding[axis], last - self.padding[axis] - x.shape[2 + axis]]
        ones = x.new_ones(1, 1, *self.kernel)
        convolve = (F.conv1d, F.conv2d, F.conv3d)[len(self.output) - 1]
        x = F.pad(x, pads)
        return convolve(x, ones / ones.numel(), stride=self.stride, dilation=self.dilation)


def measured_positions(
    layers: Sequence[FieldLayer], modules: Sequence[nn.Module], sizes: Place, output: Place
) -> tuple[Place, ...]:
    """The input positions, axis by axis, that reach an output; they must be the recurrence's.

    layers: FieldLayers. modules: the torch layers they describe. sizes: of the
    input along each axis. output: a position in the last layer.
    Raises SlidingWindowsError if gradient, windows and recurrence disagree.
    """
    expected = walk_back([layer.windows for layer in layers], output)
    if not all(expected):
        raise SlidingWindowsError(f"output {output} sees padding alone, nothing of the input")
    # Whatever the caller's default device is.
    with torch.enable_grad(), torch.device("cpu"):
        x = torch.ones(1, 1, *sizes, dtype=torch.float64, requires_grad=True)
        surrogate(modules, [layer.windows.output for layer in layers])(x)[
            (0, 0, *output)
        ].backward()
    reached = x.grad.squeeze((0, 1)) != 0
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


def _check_recurrence(
    layers: Sequence[FieldLayer], sizes: Place, output: Place, measured: Sequence[Place]
) -> None:
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


def _box(positions: Sequence[Place]) -> str:
    return " by ".join(f"{p[0]} to {p[-1]}" if p else "nothing" for p in positions)


def effective_field(
    network: nn.Module, inputs: Sequence[torch.Tensor], output: Place
) -> tuple[tuple[Place, ...], int]:
    """(rows of levels from 0 to 255, positions that hold half) of the mean |gradient|.

    network: in eval mode; layers that write in place no longer do.
    inputs: batches of one. output: a position, one int an axis.
    The gradient is that of the sum of all output channels there. ((), 0) if it is 0 everywhere.
    """
    for module in network.modules():
        if getattr(module, "inplace", None):
            module.inplace = False  # what it overwrites may be needed for the gradient
    total = torch.zeros(inputs[0].shape[2:], dtype=torch.float64, device="cpu")
    with torch.enable_grad():
        for one in inputs:
            x = one.clone().requires_grad_()
            seen = network(x)[(..., *output)].sum()
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


SAMPLES = 8  # random inputs whose gradients are averaged
MOST_SAMPLES = 10_000


@one_error("receptive_field failed")
@in_turn()
def receptive_field(
    network: nn.Sequential,
    input: torch.Tensor | Sequence[int],
    output: tuple[int, ...] | None = None,
    samples: int = SAMPLES,
) -> ReceptiveField:
    """What an output of a network sees of the input, layer by layer, calculated and measured.

    Args:
        network: nn.Sequential of convolutions, pools (max, average, LP, adaptive with windows of
            one size), pads and element-wise layers; norms and dropout count as in eval mode. It is
            left as it is.
        input: A shape, (C, L), (C, H, W) or (C, D, H, W), or a tensor, also a batch of one. An
            array of whole numbers such as np.array([1, 8, 8]) is a shape, too. A shape means inputs
            of normal random numbers, always the same ones; they matter for the effective
            field alone.
        output: Position in the last layer, one index for each axis; None is the middle.
        samples: How many such inputs, up to 10,000; 8 if not given.

    Returns:
        A ``ReceptiveField``, whose ``ReceptiveField.table`` lists all layers.

    Raises:
        SlidingWindowsError: If a layer's receptive field has no single size, if the output sees
            padding alone, and if gradient and recurrence disagree.

    Examples:
        >>> from torch import nn
        >>> network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3))
        >>> field = receptive_field(network, (1, 16, 16))
        >>> field.size, field.jump
        ((8, 8), (2, 2))

    Source:
        Araujo, Norris and Sim 2019, doi 10.23915/distill.00021; Luo et al. 2016, arXiv 1701.04128
        (the effective field).
    """
    if not isinstance(network, nn.Sequential) or not layers_of(network):
        what = "an empty one" if isinstance(network, nn.Sequential) else type(network).__name__
        raise SlidingWindowsError(f"receptive_field needs an nn.Sequential with layers, got {what}")
    inputs = _inputs(network, input, samples)
    context = f"a network of {len(network)} layers on an input of shape {tuple(inputs[0].shape)}"
    try:
        inputs = [as_batch(network, one) for one in inputs]
        network = filled_in(network, inputs[0])
        with torch.inference_mode(False), undisturbed(network):
            return _probed(network.eval(), inputs, output, context)
    except SlidingWindowsError as error:
        raise SlidingWindowsError(error.problem, error.context or context) from error.__cause__


def _probed(
    network: nn.Sequential,
    inputs: list[torch.Tensor],
    output: int | Sequence[int] | None,
    context: str,
) -> ReceptiveField:
    layers, modules = _layers(network, inputs[0], context)
    place = _output(layers, output)
    measured = measured_positions(layers, modules, inputs[0].shape[2:], place)
    effective, half = effective_field(network, inputs, place)
    shape = tuple(inputs[0].shape[1:])
    chosen = _chosen(layers, place)
    return ReceptiveField(shape, tuple(layers), place, chosen, measured, effective, half)


def _inputs(
    network: nn.Sequential, input: torch.Tensor | Sequence[int], samples: int
) -> list[torch.Tensor]:
    if isinstance(input, torch.Tensor) or hasattr(input, "__array__"):
        shaped = is_shape(input)
        input = tensor_of(input, "receptive_field")
        if shaped:
            return _inputs(network, input.tolist(), samples)
        if not input.is_floating_point() or 0 in input.shape:
            raise SlidingWindowsError(
                f"the input must be a float tensor with numbers, got {input.dtype} of shape "
                f"{tuple(input.shape)}"
            )
        return [input.detach()]
    given = (*input, samples) if isinstance(input, tuple | list) and input else (None,)
    if not all(map(_is_count, given)):
        raise SlidingWindowsError(
            "receptive_field takes a tensor, or a shape such as (C, H, W) and at least one "
            f"sample, got {reprlib.repr(input)} and samples={samples!r}"
        )
    if samples > MOST_SAMPLES:
        raise SlidingWindowsError(
            f"at most {MOST_SAMPLES:,} samples are accepted, got samples={reprlib.repr(samples)}"
        )
    generator = torch.Generator("cpu").manual_seed(0)
    dtype = next((p.dtype for p in network.parameters()), torch.float32)
    sizes, options = list(map(whole, input)), {"dtype": dtype, "device": "cpu"}
    return [ask_torch(torch.randn, sizes, generator=generator, **options) for _ in range(samples)]


def _is_count(value: object) -> bool:
    """True of a whole number of at least 1."""
    number = whole(value)
    return number is not None and number >= 1


def _layers(
    network: nn.Sequential, batch: torch.Tensor, context: str
) -> tuple[list[FieldLayer], list[nn.Module]]:
    reaches = (Reach(),) * (batch.dim() - 2)
    if len(reaches) not in (1, 2, 3):
        raise SlidingWindowsError("the input must be (C, L), (C, H, W) or (C, D, H, W)")
    layers: list[FieldLayer] = []
    modules: list[nn.Module] = []
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
                    f"{why}{_advice(network, len(layers))}"
                )
            reaches = windows.after(reaches)
            layers.append(FieldLayer(name_of(module), windows, reaches))
            modules.append(module)
    return layers, modules


def _advice(network: nn.Sequential, number: int) -> str:
    """How to leave out a layer, its number counted within inner Sequentials, and what follows."""
    if not number:
        return ""
    out = "; leave it and what follows out"
    nested = any(isinstance(layer, nn.Sequential) for layer in network)
    return out if nested else f"{out}, as network[:{number}] does"


def _output(layers: Sequence[FieldLayer], output: int | Sequence[int] | None) -> Place:
    sizes = layers[-1].windows.output
    if output is None:
        return tuple(n // 2 for n in sizes)
    index = whole_or_same(output)
    chosen = tuple(map(whole, index)) if isinstance(index, tuple) else ()
    if len(chosen) != len(sizes) or not all(
        i is not None and 0 <= i < n for i, n in zip(chosen, sizes, strict=True)
    ):
        raise SlidingWindowsError(f"output {output!r} is not a position in an output of {sizes}")
    return chosen


def _chosen(layers: Sequence[FieldLayer], output: Place) -> tuple[Place, ...]:
    """From the last layer back: of what the next window reads, the element nearest the middle.

    Only elements that see something of the input, because windows read padding as well.
    """
    windows = [layer.windows for layer in layers]
    seeing = [_seeing(windows, axis, place) for axis, place in enumerate(output)]
    last = zip(layers[-1].reaches, output, strict=True)
    centre = [reach.start + index * reach.jump for reach, index in last]
    chosen = [output]
    for number in reversed(range(1, len(layers))):
        positions = []
        for axis, reach in enumerate(layers[number - 1].reaches):
            read = windows[number].reads(axis, (chosen[0][axis],))
            known = [place for place in read if place in seeing[axis][number - 1]]
            off = [abs(reach.start + place * reach.jump - centre[axis]) for place in known]
            positions.append(known[off.index(min(off))])
        chosen.insert(0, tuple(positions))
    return tuple(chosen)


def _seeing(windows: list[Windows], axis: int, output: int) -> list[set[int]]:
    """For each layer the outputs that see something of the input, of those an output depends on."""
    needed = [{output}]
    for layer in reversed(windows[1:]):
        needed.insert(0, set(layer.reads(axis, needed[0])))
    seeing = [{place for place in needed[0] if windows[0].reads(axis, (place,))}]
    for layer, places in zip(windows[1:], needed[1:], strict=True):
        below = seeing[-1]
        seeing.append({p for p in places if not below.isdisjoint(layer.reads(axis, (p,)))})
    return seeing
