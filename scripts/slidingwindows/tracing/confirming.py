"""Asks torch whether layers that are said to see a whole input do.

``sight`` calls doubtful what is made of operands that might cancel. Here torch is asked: where
numbers cancel, they do not change with the input. What depends on a place too faintly for
float64 is not confirmed, either.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode

from .undisturbed import undisturbed

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
