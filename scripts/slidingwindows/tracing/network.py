"""A network and an input in, a Funnel out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..core.errors import SlidingWindowsError, one_error
from ..core.funnel import Funnel, Stage
from ..core.receptive import Reach
from .counting import macs_of, new_parameters
from .layers import windows_of
from .running import as_batch, name_of, run
from .sight import Sight, sight_after
from .tensors import tensor_of
from .undisturbed import filled_in, undisturbed

MOST_MAPS = 16  # channels of a layer that are kept for drawing
LONGEST_MAP = 128  # elements; longer maps are averaged down
MOST_BARS = 64  # rows of a (C, L) stage that are kept


@one_error("funnel failed")
def funnel(network: nn.Sequential, image: torch.Tensor) -> Funnel:
    """Send one input through a network and keep what every layer makes of it.

    network: nn.Sequential; one inside another gives its own layers, any other
    container, such as a residual block, is one layer. Lazy layers are filled in
    on a copy.
    image: float, (C, L), (C, H, W), (C, D, H, W) or (F,), or a batch of one of
    these; it goes through the network as a batch of one.
    Returns a ``Funnel``, whose ``Funnel.table`` lists all layers.
    Raises SlidingWindowsError if a layer refuses its input or returns anything
    but one tensor, if a batch norm is in training mode, and if the layers one by
    one do not give exactly what the network gives.

    >>> import torch
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2))
    >>> [stage.shape for stage in funnel(network, torch.zeros(1, 8, 8)).stages]
    [(1, 8, 8), (4, 6, 6), (4, 3, 3)]
    """
    if not isinstance(network, nn.Sequential):
        raise SlidingWindowsError(f"funnel needs an nn.Sequential, got {type(network).__name__}")
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
    with torch.no_grad():
        # A layer with inplace=True must not write into the caller's image.
        for layer, before, after in _checked(network, batch.clone(), context):
            shape = tuple(before.shape[1:])
            sight = sight_after(layer, before, after, sight)
            reaches = _reaches(layer, shape, tuple(after.shape[1:]), reaches)
            facts = new_parameters(layer, seen), macs_of(layer, before, after)
            stages.append(_stage(name_of(layer), after, *facts, reaches, sight))
        if not torch.equal(network(batch.clone()), after):
            raise SlidingWindowsError(
                "the layers one by one do not give the network; if one of them is random, as "
                "dropout is, call network.eval() first",
                context,
            )
    return Funnel(tuple(_without_hidden_maps(stages)))


def _check(network, image, context) -> None:
    if image.dim() == 0 or not image.is_floating_point() or 0 in image.shape:
        raise SlidingWindowsError(
            "the input must be a float tensor with channels first, such as (C, H, W)", context
        )
    if not len(network):
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
