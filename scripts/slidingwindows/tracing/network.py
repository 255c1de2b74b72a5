"""A network and an input in, a Funnel out: its layers run one by one.

``sight`` calls doubtful what is made of operands that might cancel. Here torch is asked: where
numbers cancel, they do not change with the input. What depends on a place too faintly for
float64 is not confirmed, either.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

from ..core.errors import SlidingWindowsError, one_error
from ..core.funnel import Funnel, Stage
from ..core.receptive import Reach
from .asking import filled_in, is_shape, tensor_of, undisturbed
from .layers import is_a, macs_of, new_parameters, windows_of
from .lines import Sight
from .request import title_of
from .sight import sight_after

FLAT = ("relu", "relu6", "hardtanh", "hardswish", "hardsigmoid", "hardshrink", "softshrink")
FLAT += ("threshold", "rrelu")
STEP = 0.1  # by which an element changes; inputs are from 0 to 1
ROUNDING = 1e-13  # relative to the largest number; what is smaller is no dependence


def confirmed(
    network: nn.Module, layers: list[nn.Module], batch: torch.Tensor, claimed: list[int]
) -> set[int]:
    """Those of some layers whose outputs do see every place of a network's input.

    layers: of the network, one after another. batch: of one, (1, C, ...); its shape counts.
    claimed: indices of the layers that are asked. The network runs in float64 with random weights
    and without flat activations, so that no weight or shut ReLU decides. Two questions are asked:
    does every number of a layer change with a place and its neighbours, and does the gradient of
    the last layer's numbers together reach every place? A layer that cannot be asked is not
    confirmed. Network and random state are left as they were.
    """
    if not claimed:
        return set()
    try:
        with undisturbed(network), _Smooth():
            torch.manual_seed(0)
            network.double().requires_grad_(False)
            for parameter in network.parameters():
                _make_generic(parameter)
            return _asked(layers, torch.rand_like(batch, dtype=torch.float64), claimed)
    except Exception:  # whatever a forward of one's own may do with other numbers
        return set()


def _asked(layers, image: torch.Tensor, claimed: list[int]) -> set[int]:
    with torch.enable_grad():
        image.requires_grad_()
        outputs = _outputs(layers, image, claimed)
    changing = set(claimed)
    for place in _places(image.shape[2:]):
        other = image.detach().clone()
        other[(0, slice(None), *place)] += STEP * (0.5 + torch.rand_like(other[0, :, *place]))
        with torch.no_grad():
            found = _outputs(layers, other, claimed)
        for number in claimed:
            # Of a number that is infinite or nan nothing is confirmed.
            if not ((found[number] - outputs[number]).abs() > _least(outputs[number])).all():
                changing.discard(number)
    # What no number of a layer sees, no later layer can, so the last one answers for all.
    while changing and not _reaches_all(outputs[max(changing)], image):
        changing.discard(max(changing))
    return changing


def _outputs(layers, batch: torch.Tensor, claimed: list[int]) -> dict[int, torch.Tensor]:
    found = {}
    for number, layer in enumerate(layers[: max(claimed) + 1]):
        batch = layer(batch.clone())  # the next layer may write into it
        if number in claimed:
            found[number] = batch
    return found


def _places(sizes) -> list[tuple[int, ...]]:
    """A random place and its neighbour along each axis, which a stride of two tells apart."""
    first = [int(torch.randint(size, ())) for size in sizes]
    found = [tuple(first)]
    for axis, size in enumerate(sizes):
        found.append((*first[:axis], (first[axis] + 1) % size, *first[axis + 1 :]))
    return list(dict.fromkeys(found))


def _reaches_all(output: torch.Tensor, image: torch.Tensor) -> bool:
    if not output.requires_grad:
        return False
    weights = torch.randn_like(output)
    (gradient,) = torch.autograd.grad((output * weights).sum(), image, retain_graph=True)
    return bool((gradient.abs().amax(1) > _least(gradient)).all())


def _least(numbers: torch.Tensor) -> float:
    return ROUNDING * max(0.1, float(numbers.detach().abs().max()))


def _make_generic(parameter: nn.Parameter) -> None:
    """Random numbers that keep activations in range; those of a zero-initialised layer, too."""
    with torch.no_grad():
        if parameter.dim() > 1:
            parameter.normal_(0, (parameter.shape[0] / parameter.numel()) ** 0.5)
        elif parameter.is_floating_point():
            parameter.uniform_(0.5, 1.5)


class _Smooth(TorchFunctionMode):
    """Within it nothing is shut off, and all numbers of a max pool's window take part."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs, name = kwargs or {}, getattr(func, "__name__", "").strip("_")
        if name in FLAT:
            return F.softplus(args[0])
        if "max_pool" in name and "fractional" not in name and "unpool" not in name:
            return _averaged(func, name.replace("max", "avg"), args, kwargs)
        return func(*args, **kwargs)


def _averaged(func, name: str, args, kwargs):
    dilation = kwargs.get("dilation", args[4] if len(args) > 4 else 1)
    if set(dilation if isinstance(dilation, tuple | list) else (dilation,)) != {1}:
        return func(*args, **kwargs)  # no average pool has a dilation
    given = {k: v for k, v in kwargs.items() if k not in ("dilation", "return_indices")}
    return getattr(F, name)(F.softplus(args[0]), *args[1:4], **given)


__all__ = ["confirmed"]


def layers_of(network: nn.Sequential) -> list[nn.Module]:
    """The layers in order; an nn.Sequential inside gives its own, other containers are one."""
    found = []
    for layer in network:
        found += layers_of(layer) if is_a(layer, (nn.Sequential,)) else [layer]
    return found


def name_of(module: nn.Module) -> str:
    """The torch call that makes a layer; where it is too long, or none can be said, its class."""
    call = title_of(module)
    return call if len(call) <= 120 else f"{type(module).__name__}(…)"


def as_batch(network: nn.Module, image: torch.Tensor) -> torch.Tensor:
    """A batch of one. The first layer that says 1d, 2d or 3d tells whether image is one already.

    Without such a layer a first size of one is taken for the batch if it
    leaves a vector or an image: (1, F) or (1, C, H, W).
    """
    rank = None
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Flatten):
            break
        told = re.search(r"(?<!BatchNorm)([123])d$", type(module).__name__)
        if told:
            rank = int(told.group(1)) + 1
            break
    shape = tuple(image.shape)
    batched = len(shape) == rank + 1 if rank else len(shape) in (2, 4) and shape[0] == 1
    if batched and shape[0] != 1:
        raise SlidingWindowsError(
            f"one input at a time: the first size of {shape} is a batch of {shape[0]}"
        )
    if rank and len(shape) not in (rank, rank + 1):
        raise SlidingWindowsError(
            f"the first layer with windows takes {rank} dimensions (channels first), or one more "
            f"for a batch of one; the input {shape} has {len(shape)}"
        )
    return image if batched else image[None]


def run(network: nn.Sequential, batch: torch.Tensor, context: str) -> Iterator[tuple]:
    """(layer, what went in, what came out) for each layer; torch's refusal names the layer."""
    for layer in layers_of(network):
        shape = tuple(batch.shape[1:])
        before = batch
        try:
            batch = layer(batch)
        except Exception as error:  # a layer of one's own may raise anything
            words = (str(error).strip().splitlines() or ["no reason given"])[0]
            problem = f"{name_of(layer)} refuses {shape}: {words}"
            raise SlidingWindowsError(problem, context) from error
        if not isinstance(batch, torch.Tensor):
            what = type(batch).__name__
            problem = f"{name_of(layer)} returns a {what}, not one tensor to pass on"
            raise SlidingWindowsError(problem, context)
        if batch.dim() < 2 or batch.shape[0] != 1 or 0 in batch.shape:
            problem = f"{name_of(layer)} makes {tuple(batch.shape)} of a batch of one {shape}"
            raise SlidingWindowsError(problem, context)
        yield layer, before, batch


MOST_MAPS = 16  # channels of a layer that are kept for drawing
LONGEST_MAP = 128  # elements; longer maps are averaged down
MOST_BARS = 64  # rows of a (C, L) stage that are kept


@one_error("funnel failed")
def funnel(network: nn.Sequential, image: torch.Tensor) -> Funnel:
    """Send one input through a network and keep what every layer makes of it.

    Args:
        network: nn.Sequential; one inside another gives its own layers, any other container, such
            as a residual block, is one layer. Lazy layers are filled in on a copy.
        image: Float, (C, L), (C, H, W), (C, D, H, W) or (F,), or a batch of one of these; it goes
            through the network as a batch of one.

    Returns:
        A ``Funnel``, whose ``Funnel.table`` lists all layers.

    Raises:
        SlidingWindowsError: If a layer refuses its input or returns anything but one tensor, if a
            batch norm is in training mode, and if the layers one by one do not give exactly what
            the network gives.

    Examples:
        >>> import torch
        >>> from torch import nn
        >>> network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2))
        >>> [stage.shape for stage in funnel(network, torch.zeros(1, 8, 8)).stages]
        [(1, 8, 8), (4, 6, 6), (4, 3, 3)]

    Source:
        The network itself, run layer by layer; see ``Stage`` for how its cost is counted.
    """
    if not isinstance(network, nn.Sequential):
        raise SlidingWindowsError(f"funnel needs an nn.Sequential, got {type(network).__name__}")
    if is_shape(image):
        raise SlidingWindowsError(
            f"funnel needs numbers, and {reprlib.repr(image)} is a shape: give an input that has "
            "it, such as torch.rand(1, 8, 8)"
        )
    image = tensor_of(image, "funnel")
    context = f"a network of {len(network)} layers on an input of shape {tuple(image.shape)}"
    _check(network, image, context)
    try:
        batch = as_batch(network, image.detach())
        network = filled_in(network, batch)
    except SlidingWindowsError as error:
        raise SlidingWindowsError(error.problem, context) from error.__cause__
    with undisturbed(network):
        return _funnel(network, batch, context)


def _funnel(network: nn.Sequential, batch: torch.Tensor, context: str) -> Funnel:
    reaches = (Reach(),) * (batch.dim() - 2) or None
    sight = Sight.of_input(tuple(batch.shape[2:]))
    stages, seen = [_stage("input", batch, 0, 0, reaches, sight)], set()
    claimed = []  # layers that are said to see all, but not for certain
    with torch.no_grad():
        # A layer with inplace=True must not write into the caller's image.
        for layer, before, after in _checked(network, batch.clone(), context):
            shape = tuple(before.shape[1:])
            sight = sight_after(layer, before, after, sight)
            reaches = _reaches(layer, shape, tuple(after.shape[1:]), reaches)
            facts = new_parameters(layer, seen), macs_of(layer, before, after)
            if sight is not None and sight.everything and sight.doubtful and reaches is None:
                claimed.append(len(stages) - 1)
            stages.append(_stage(name_of(layer), after, *facts, reaches, sight))
        if not torch.equal(network(batch.clone()), after):
            raise SlidingWindowsError(
                "the layers one by one do not give what the network gives; if one of them is "
                "random, as dropout is, call network.eval() first",
                context,
            )
    sure = confirmed(network, layers_of(network), batch, claimed)
    for number in set(claimed) - sure:
        stages[number + 1] = replace(stages[number + 1], everything=False)
    return Funnel(tuple(_without_hidden_maps(stages)))


def _check(network, image, context) -> None:
    if image.dim() == 0 or not image.is_floating_point() or 0 in image.shape:
        raise SlidingWindowsError(
            "the input must be a float tensor with channels first, such as (C, H, W)", context
        )
    if not layers_of(network):
        raise SlidingWindowsError("the network has no layers", context)
    for module in network.modules():
        if isinstance(module, _BatchNorm) and module.training:
            raise SlidingWindowsError(
                f"{name_of(module)} is in training mode: it would use the mean of this one input "
                "and change its own stored mean; call network.eval() first",
                context,
            )


def _checked(network, batch, context):
    for layer, before, after in run(network, batch, context):
        if not after.isfinite().all():
            raise SlidingWindowsError(
                f"{name_of(layer)} returns nan or infinity, which no map can show", context
            )
        yield layer, before, after


def _reaches(layer, before, after, reaches):
    """The reach after a layer; None once it has no one size."""
    if reaches is None:
        return None
    windows = windows_of(layer, before[1:])
    return windows.after(reaches) if windows and windows.output == after[1:] else None


def _stage(call, batch, parameters, macs, reaches, sight) -> Stage:
    sample, everything = batch[0], reaches is None and sight is not None and sight.everything
    maps = tuple(_shades(plane) for plane in _planes(sample))
    return Stage(call, tuple(sample.shape), parameters, maps, macs, reaches, everything)


def _planes(sample: torch.Tensor):
    """What is drawn of a sample: (rows, columns) planes."""
    if sample.dim() <= 2:
        # Signals side by side, each stretched by itself; a vector stands upright.
        rows = sample[:MOST_BARS] if sample.dim() == 2 else sample[None]
        low, high = rows.amin(1, True), rows.amax(1, True)
        plane = (rows - low) / (high - low).clamp_min(1e-12)
        return [plane if sample.dim() == 2 else plane.T]
    while sample.dim() > 3:
        sample = sample[:, sample.shape[1] // 2]
    return sample[:MOST_MAPS]


def _shades(plane: torch.Tensor):
    sizes = tuple(min(n, LONGEST_MAP) for n in plane.shape)
    if sizes != tuple(plane.shape):
        plane = F.adaptive_avg_pool2d(plane[None].float(), sizes)[0]
    low, high = plane.min(), plane.max()
    span = (high - low).clamp_min(1e-12)
    grey = ((plane - low) / span * 255).round().to(torch.uint8)
    return tuple(tuple(row) for row in grey.tolist())


def _without_hidden_maps(stages: list[Stage]):
    """The input is drawn, and of a run of layers with one shape the last."""
    yield stages[0]
    for stage, following in zip(stages[1:], [*stages[2:], None], strict=True):
        hidden = following is not None and following.shape == stage.shape
        shown = () if hidden else stage.maps
        facts = stage.macs, stage.field, stage.everything
        yield Stage(stage.call, stage.shape, stage.parameters, shown, *facts)
