"""A network and an input in, a Funnel out: its layers run one by one."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..core.errors import SlidingWindowsError, one_error, words_of
from ..core.funnel import Funnel, Stage
from ..core.reach import Reach
from .asking import is_shape, tensor_of
from .confirming import confirmed, refuted, shut
from .layers import is_a, macs_of, new_parameters, windows_of
from .lines import Sight
from .request import title_of
from .sight import sight_after
from .undisturbed import filled_in, in_turn, undisturbed

Passed = tuple[nn.Module, torch.Tensor, torch.Tensor]  # a layer, what went in, what came out


def layers_of(network: nn.Sequential) -> list[nn.Module]:
    """The layers in order; an nn.Sequential inside gives its own, other containers are one."""
    layers = []
    for layer in network:
        layers += layers_of(layer) if is_a(layer, (nn.Sequential,)) else [layer]
    return layers


def name_of(module: nn.Module) -> str:
    """The torch call that makes a layer; where it is too long, or there is none, its class."""
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
        match = re.search(r"(?<!BatchNorm)([123])d$", type(module).__name__)
        if match:
            rank = int(match.group(1)) + 1
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


def run(network: nn.Sequential, batch: torch.Tensor, context: str) -> Iterator[Passed]:
    """(layer, what went in, what came out) for each layer; torch's refusal names the layer."""
    for layer in layers_of(network):
        shape = tuple(batch.shape[1:])
        before = batch
        try:
            batch = layer(batch)
        except Exception as error:  # a user's layer may raise anything
            words = words_of(error)
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
@in_turn()
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
    # Within a caller's inference_mode no block could be followed, and nothing differentiated.
    with torch.inference_mode(False), undisturbed(network) as everything:
        for module in everything:
            _check_mode(module, "eval() of it itself, which hangs on a plain attribute", context)
        return _funnel(network, batch.clone(), context)


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
            costs = new_parameters(layer, seen), macs_of(layer, before, after)
            if sight is not None and sight.everything and sight.doubtful and reaches is None:
                claimed.append(len(stages) - 1)
            stages.append(_stage(name_of(layer), after, *costs, reaches, sight))
        if not torch.equal(network(batch.clone()), after):
            raise SlidingWindowsError(
                "the layers one by one do not give what the network gives; if one of them is "
                "random, as dropout is, call network.eval() first",
                context,
            )
    layers = layers_of(network)
    sure = confirmed(network, layers, batch, claimed)
    for number in set(claimed) - sure:
        stages[number + 1] = replace(stages[number + 1], everything=False)
    said = list(enumerate(stages[1:]))
    of_all = {number for number, stage in said if stage.everything}
    of_some = {number for number, stage in said if stage.field}
    not_all, nothing = refuted(network, layers, batch, of_all, of_some)
    for number in not_all | shut(network, layers, batch, of_all - not_all):
        stages[number + 1] = replace(stages[number + 1], everything=False)
    for number in nothing:
        stages[number + 1] = replace(stages[number + 1], field=None)
    return Funnel(tuple(_without_hidden_maps(stages)))


def _check(network: nn.Sequential, image: torch.Tensor, context: str) -> None:
    if image.dim() == 0 or not image.is_floating_point() or 0 in image.shape:
        raise SlidingWindowsError(
            "the input must be a float tensor with channels first, such as (C, H, W)", context
        )
    if not layers_of(network):
        raise SlidingWindowsError("the network has no layers", context)
    for module in network.modules():
        _check_mode(module, "network.eval()", context)


def _check_mode(module: nn.Module, remedy: str, context: str) -> None:
    if isinstance(module, _BatchNorm) and module.training:
        raise SlidingWindowsError(
            f"{name_of(module)} is in training mode: it would use the mean of this one input "
            f"and change its own stored mean; call {remedy} first",
            context,
        )


def _checked(network: nn.Sequential, batch: torch.Tensor, context: str) -> Iterator[Passed]:
    for layer, before, after in run(network, batch, context):
        if not after.isfinite().all():
            raise SlidingWindowsError(
                f"{name_of(layer)} returns nan or infinity, which no map can show", context
            )
        yield layer, before, after


def _reaches(
    layer: nn.Module,
    before: tuple[int, ...],
    after: tuple[int, ...],
    reaches: tuple[Reach, ...] | None,
) -> tuple[Reach, ...] | None:
    """The reach after a layer; None once it has no one size."""
    if reaches is None:
        return None
    windows = windows_of(layer, before[1:])
    return windows.after(reaches) if windows and windows.output == after[1:] else None


def _stage(
    call: str,
    batch: torch.Tensor,
    parameters: int,
    macs: int,
    reaches: tuple[Reach, ...] | None,
    sight: Sight | None,
) -> Stage:
    sample, everything = batch[0], reaches is None and sight is not None and sight.everything
    maps = tuple(_shades(plane) for plane in _planes(sample))
    return Stage(call, tuple(sample.shape), parameters, maps, macs, reaches, everything)


def _planes(sample: torch.Tensor) -> Iterable[torch.Tensor]:
    """What is drawn of a sample: (rows, columns) planes."""
    if sample.dim() <= 2:
        # Signals side by side, each stretched by itself; a vector is drawn upright.
        rows = sample[:MOST_BARS] if sample.dim() == 2 else sample[None]
        low, high = rows.amin(1, True), rows.amax(1, True)
        plane = (rows - low) / (high - low).clamp_min(1e-12)
        return [plane if sample.dim() == 2 else plane.T]
    while sample.dim() > 3:
        sample = sample[:, sample.shape[1] // 2]
    return sample[:MOST_MAPS]


def _shades(plane: torch.Tensor) -> tuple[tuple[int, ...], ...]:
    sizes = tuple(min(n, LONGEST_MAP) for n in plane.shape)
    if sizes != tuple(plane.shape):
        plane = F.adaptive_avg_pool2d(plane[None].float(), sizes)[0]
    low, high = plane.min(), plane.max()
    span = (high - low).clamp_min(1e-12)
    grey = ((plane - low) / span * 255).round().to(torch.uint8)
    return tuple(tuple(row) for row in grey.tolist())


def _without_hidden_maps(stages: list[Stage]) -> Iterator[Stage]:
    """The input is drawn, and of a run of layers with one shape the last."""
    yield stages[0]
    for stage, following in zip(stages[1:], [*stages[2:], None], strict=True):
        hidden = following is not None and following.shape == stage.shape
        shown = () if hidden else stage.maps
        details = stage.macs, stage.field, stage.everything
        yield Stage(stage.call, stage.shape, stage.parameters, shown, *details)
