"""Test with torch whether layers really see as much of the input as sight.py claims.

``sight`` calls doubtful what is made of operands that might cancel: that is said only if torch
confirms it. Whatever else it says of layers that can hide something is withdrawn if torch's own
gradient refutes it: numbers that cancel, or that were cut off, do not change with the input. What
depends on a place too faintly for float64 is not confirmed, either. Behind activations that the
network's own weights never open, nothing is said.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm
from torch.overrides import TorchFunctionMode

from .layers import ADAPTIVE, AVERAGE_POOLS, CONVOLUTIONS, MAX_POOLS, steady_norm
from .undisturbed import makes_weights, undisturbed

FLAT = ("relu", "relu6", "hardtanh", "hardswish", "hardsigmoid", "hardshrink", "softshrink")
FLAT += ("threshold", "rrelu", "leaky_relu", "elu", "celu")
NORMS = (nn.LayerNorm, nn.RMSNorm, nn.GroupNorm, _InstanceNorm, _BatchNorm)
USUAL = 10.0  # a network's numbers are seldom larger: an activation is tried out up to there
TRIED = 2001  # how many numbers it is tried out with
OPEN = 20  # of their differences, without which an activation counts as shut
# Of these the rules of ``sight`` are complete, so that nothing they say need be asked for.
PLAIN = (*CONVOLUTIONS, *AVERAGE_POOLS, *MAX_POOLS, *ADAPTIVE, nn.Linear, nn.Flatten, nn.Sequential)
PLAIN += (nn.Identity, nn.ReLU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh)
MOST_DRAWS = 40  # of inputs and weights, each of which may open what the others left shut
IDLE_DRAWS = 3  # after so many that reached nothing new, nothing more is going to be reached
OWN_DRAWS = (1.0, 3.0, 30.0)  # how widely inputs are spread that the network's own weights meet
ROUNDING = 1e-13  # relative to the largest number; anything smaller does not count as dependence


def confirmed(
    network: nn.Module, layers: list[nn.Module], batch: torch.Tensor, claimed: list[int]
) -> set[int]:
    """Those of some layers whose outputs do see every place of a network's input.

    layers: of the network, one after another. batch: of one, (1, C, ...); its shape counts.
    claimed: indices of the layers that are asked. The network runs in float64 with random weights
    and without flat activations, so that no weight or shut ReLU decides. Two questions are asked:
    does every number of a layer change with a place and its neighbours, and does the gradient of
    the last layer's numbers together reach every place? A layer that cannot be asked is not
    confirmed. What a smooth network confirms has to hold of single numbers of the unsmoothed one,
    too: a max pool less its own input forgets a common mean, a softened one does not. Network and
    random state are left as they were.
    """
    if not claimed:
        return set()
    try:
        with undisturbed(network):
            with _Smooth():
                torch.manual_seed(0)
                _make_generic_all(network.double().requires_grad_(False))
                changing = _asked(layers, torch.rand_like(batch, dtype=torch.float64), claimed)
            return {n for n in changing if _single_ones_reach(network, layers, batch, n)}
    except Exception:  # whatever a forward of one's own may do with other numbers
        return set()


def shut(
    network: nn.Module, layers: list[nn.Module], batch: torch.Tensor, all_of: set[int]
) -> set[int]:
    """Layers that, with the weights the network has, never see some place of the input.

    network, layers, batch: as ``confirmed`` takes them; batch is tried out, too. all_of: indices
    of layers that are said to see all. The gradient of a layer's numbers together tells, with
    random inputs near and far: activations that none of them opens stay shut. A weight of zeros
    alone, which has not been trained, is taken for a random one, and a max pool for an average.
    """
    if not all_of:
        return set()
    try:
        with torch.inference_mode(False), undisturbed(network), _SmoothPools():
            network.double().requires_grad_(False)
            torch.manual_seed(0)
            for name, parameter in network.named_parameters():
                if not name.endswith("bias") and not parameter.any():
                    _make_generic(parameter)
            last = _last(lambda n: _opened(layers, batch, n), sorted(all_of))
            return {number for number in all_of if number > last}
    except Exception:  # whatever a forward of one's own may do with other numbers
        return all_of


def _opened(layers, batch: torch.Tensor, number: int) -> bool:
    """Whether gradients of one layer's numbers reach every place, with the weights it has."""
    reached, idle = batch.new_zeros((), dtype=torch.bool), 0
    for draw in range(MOST_DRAWS):
        torch.manual_seed(draw)
        image = batch.double()
        if draw:
            draws = torch.rand if draw % 2 else torch.randn
            image = (
                draws(image.shape, device="cpu").to(image) * OWN_DRAWS[draw // 2 % len(OWN_DRAWS)]
            )
        seen = _gradient(layers, number, image.clone(), draw).abs().amax((0, 1)) > 0
        idle = 0 if (seen & ~reached).any() else idle + 1
        reached = reached | seen
        if reached.all() or idle == 2 * len(OWN_DRAWS):
            break
    return bool(reached.all())


def _single_ones_reach(network, layers, batch, number: int) -> bool:
    """Whether the numbers at the corners and in the middle each see every place, unsmoothed."""
    network.double()
    sizes = _outputs(layers, batch.double(), [number])[number].shape[2:]
    places = {tuple(size * part // 2 - part // 2 for size in sizes) for part in range(3)}
    return all(_reached(network, layers, batch, number, True, place).all() for place in places)


def refuted(
    network: nn.Module,
    layers: list[nn.Module],
    batch: torch.Tensor,
    all_of: set[int],
    any_of: set[int],
) -> tuple[set[int], set[int]]:
    """(layers that do not see every place, layers that see none) of those that are said to.

    network, layers, batch: as ``confirmed`` takes them. all_of: indices of layers that are said
    to see all. any_of: of those that are said to see something. The gradient of a layer's numbers
    together tells, in float64, with several random inputs and weights; what it reaches through
    one layer, it reaches through those before. A gradient that is another one in float32 is
    nothing but rounding. Behind a weight with fixed zeros, such as a pruned one, nothing is sure
    to see all. Networks of plain layers alone are not asked; where torch cannot be asked,
    everything is refuted.
    """
    if not all_of | any_of or all(map(_plain, network.modules())):
        return set(), set()
    try:
        # Within a caller's inference_mode nothing could be differentiated.
        with torch.inference_mode(False), undisturbed(network), _Smooth():
            network.requires_grad_(False)
            return _refuted(network, layers, batch.clone(), all_of, any_of)
    except Exception:  # whatever a forward of one's own may do with other numbers
        return all_of, any_of


def _refuted(network, layers, batch, all_of: set[int], any_of: set[int]):
    masked = _first_masked(network, layers)
    unsure = {number for number in all_of if number >= masked}

    def complete(number: int) -> bool:
        return bool(_reached(network, layers, batch, number, True).all())

    def alive(number: int) -> bool:
        return bool(_reached(network, layers, batch, number, False).any())

    last = _last(complete, sorted(all_of - unsure))
    after = _last(alive, sorted(n for n in any_of if n > last))
    return {n for n in all_of if n > last} | unsure, {n for n in any_of if n > max(last, after)}


def _last(holds: Callable[[int], bool], numbers: list[int]) -> int:
    """The last number of which something holds, as it does of all before it; -1 if of none."""
    if numbers and holds(numbers[-1]):  # so it is nearly always
        return numbers[-1]
    before = bisect_left(numbers, True, key=lambda number: not holds(number))
    return numbers[before - 1] if before else -1


def _reached(
    network, layers, batch, number: int, all_of_them: bool, place: tuple[int, ...] | None = None
) -> torch.Tensor:
    """For each place of the input whether a gradient of some layer's numbers comes to it.

    One False stands for all of them if none ever does.
    all_of_them: whether it goes on while any is missing, or only while none is there. place: of
    the output, whose numbers alone are meant.
    """
    reached, idle = batch.new_zeros((), dtype=torch.bool), 0
    for draw in range(MOST_DRAWS):
        torch.manual_seed(draw)
        _make_generic_all(network.double())
        for module in network.modules():
            if isinstance(module, NORMS) and module.weight is not None:
                nn.init.ones_(module.weight)  # as it begins, when a mean of the whole is still 0
        image = torch.rand_like(batch, dtype=torch.float32)
        fine = _gradient(layers, number, image.double(), draw, place)
        network.float()
        coarse = _gradient(layers, number, image, draw, place)
        largest = fine.abs().max()
        idle += 1
        # Rounding differs with the dtype by more than its size; nan is not a gradient either.
        if (fine - coarse).abs().max() < largest / 2:
            seen = fine.abs().amax((0, 1)) > ROUNDING * largest
            idle = 0 if (seen & ~reached).any() else idle
            reached = reached | seen
        if (reached.all() if all_of_them else reached.any()) or idle == IDLE_DRAWS:
            break
    return reached


def _gradient(layers, number: int, image: torch.Tensor, seed: int, place=None) -> torch.Tensor:
    """Of one layer's numbers, or of those at one place, each with a random weight, in float64."""
    with torch.enable_grad():
        image.requires_grad_()
        output = _outputs(layers, image, [number])[number]
        output = output if place is None else output[(..., *place)]
        chance = torch.Generator("cpu").manual_seed(seed)
        weights = torch.randn(output.shape, generator=chance, device="cpu")
        if not output.requires_grad:
            return torch.zeros_like(image, dtype=torch.float64)
        total = (output * weights.to(output.device)).sum()
        (gradient,) = torch.autograd.grad(total, image, allow_unused=True)
    return torch.zeros_like(image).double() if gradient is None else gradient.double()


def _first_masked(network, layers) -> int:
    """The first layer with a weight that others make, as pruning does it, with zeros in it."""
    _make_generic_all(network.double())
    for number, layer in enumerate(layers):
        for module in layer.modules():
            for hook in module._forward_pre_hooks.values():
                hook(module, ())  # none but those that make weights are left
            weight = getattr(module, "weight", None)
            if isinstance(weight, torch.Tensor) and not isinstance(weight, nn.Parameter):
                if (weight == 0).any():
                    return number
    return len(layers)


def _plain(module: nn.Module) -> bool:
    """True of a layer of torch's own with nothing of its user's, whose rule says all of it."""
    if type(module) not in PLAIN and not steady_norm(module):
        return False
    if any(callable(getattr(type(module), name, None)) for name in module.__dict__):
        return False  # a method replaced on this one module
    return not any(map(makes_weights, module._forward_pre_hooks.values()))


def _asked(layers, image: torch.Tensor, claimed: list[int]) -> set[int]:
    with torch.enable_grad():
        image.requires_grad_()
        outputs = _outputs(layers, image, claimed)
    changing = set(claimed)
    for place in _places(image.shape[2:]):
        other = image.detach().clone()
        other[(..., *place)].uniform_()
        with torch.no_grad():
            changed = _outputs(layers, other, claimed)
        for number in claimed:
            # For a number that is infinite or nan nothing is confirmed.
            if not ((changed[number] - outputs[number]).abs() > _least(outputs[number])).all():
                changing.discard(number)
    # What no number of a layer sees, no later layer can, so the last one answers for all.
    while changing and not _reaches_all(outputs[max(changing)], image):
        changing.discard(max(changing))
    return changing


def _outputs(layers, batch: torch.Tensor, claimed: list[int]) -> dict[int, torch.Tensor]:
    outputs = {}
    for number, layer in enumerate(layers[: max(claimed) + 1]):
        batch = layer(batch.clone())  # the next layer may write into it
        if number in claimed:
            outputs[number] = batch
    return outputs


def _places(sizes) -> list[tuple[int, ...]]:
    """A random place and its neighbour along each axis, which a stride of two tells apart."""
    first = [int(torch.randint(size, (), device="cpu")) for size in sizes]
    positions = [tuple(first)]
    for axis, size in enumerate(sizes):
        positions.append((*first[:axis], (first[axis] + 1) % size, *first[axis + 1 :]))
    return list(dict.fromkeys(positions))


def _reaches_all(output: torch.Tensor, image: torch.Tensor) -> bool:
    if not output.requires_grad:
        return False
    weights = torch.randn_like(output)
    (gradient,) = torch.autograd.grad((output * weights).sum(), image, retain_graph=True)
    return bool((gradient.abs().amax(1) > _least(gradient)).all())


def _least(numbers: torch.Tensor) -> float:
    return ROUNDING * max(0.1, float(numbers.detach().abs().max()))


def _make_generic_all(network: nn.Module) -> None:
    for parameter in network.parameters():
        _make_generic(parameter)


def _make_generic(parameter: nn.Parameter) -> None:
    """Random numbers that keep activations in range, also for a zero-initialised layer."""
    with torch.no_grad():
        if parameter.dim() > 1:
            parameter.normal_(0, (parameter.shape[0] / parameter.numel()) ** 0.5)
        elif parameter.is_floating_point():
            parameter.uniform_(0.5, 1.5)


class _Smooth(TorchFunctionMode):
    """Within it nothing is shut off, and all numbers of a max pool's window take part."""

    softened: tuple[str, ...] = FLAT

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs, name = kwargs or {}, getattr(func, "__name__", "").strip("_")
        if name in self.softened:
            return _softened(func, args, kwargs)
        if "max_pool" in name and "fractional" not in name and "unpool" not in name:
            return _averaged(func, name.replace("max", "avg"), args, kwargs)
        return func(*args, **kwargs)


class _SmoothPools(_Smooth):
    """Within it activations stay what they are."""

    softened = ()


def _averaged(func, name: str, args, kwargs):
    dilation = kwargs.get("dilation", args[4] if len(args) > 4 else 1)
    if set(dilation if isinstance(dilation, tuple | list) else (dilation,)) != {1}:
        return func(*args, **kwargs)  # no average pool has a dilation
    given = {k: v for k, v in kwargs.items() if k not in ("dilation", "return_indices")}
    averaged = getattr(F, name)(F.softplus(args[0]), *args[1:4], *args[5:], **given)
    if torch.equal(averaged, F.softplus(args[0])):
        return func(*args, **kwargs)  # windows of one element
    return averaged


def _softened(func, args, kwargs):
    """A softplus in the place of an activation that is open to some usual numbers.

    One that is flat, or straight, all along stays what it is.
    """
    numbers = torch.linspace(-USUAL, USUAL, TRIED, dtype=torch.float64, device="cpu")
    slopes = func(numbers.clone(), *args[1:], **kwargs).diff()
    straight = torch.allclose(slopes, slopes[:1].expand_as(slopes))
    if (slopes.abs() > 1e-8).sum() >= OPEN and not straight:
        return F.softplus(args[0])
    return func(args[0].clone(), *args[1:], **kwargs)
