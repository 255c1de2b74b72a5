"""Parameters and multiply-accumulates of layers."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from .layers import CONVOLUTIONS, TRANSPOSED, is_a

COUNTED = (*CONVOLUTIONS, *TRANSPOSED, nn.Linear)


def macs_of(layer: nn.Module, before: torch.Tensor, after: torch.Tensor) -> int:
    """Multiply-accumulates of one layer that makes ``after`` of ``before``, a batch of one each.

    Convolutions: outputs × input channels of a group × kernel elements, with
    padding counted as torch multiplies it. Transposed ones: inputs × output
    channels of a group × kernel elements. Linear: outputs × in_features. A
    bias, an activation, a norm and a pool multiply and accumulate nothing, so
    they have 0. A block of unknown content is run once more, with hooks on the
    counted modules inside it; where torch's own counter finds more, as in
    attention, which multiplies outside any module, that is taken.
    """
    if is_a(layer, COUNTED):
        return _formula(layer, before, after)
    if not any(True for _ in layer.children()) and type(layer).__module__.startswith("torch."):
        if not any(True for _ in layer.parameters()):
            return 0
    return _inside(layer, before)


def new_parameters(layer: nn.Module, seen: set[int]) -> int:
    """Learnable numbers of a layer that no layer before it holds; seen is brought up to date."""
    fresh = {id(p): p.numel() for p in layer.parameters() if id(p) not in seen}
    seen.update(fresh)
    return sum(fresh.values())


def _formula(layer: nn.Module, before: torch.Tensor, after: torch.Tensor) -> int:
    if isinstance(layer, nn.Linear):
        return after.numel() * layer.in_features
    kernel = math.prod(layer.kernel_size)
    if isinstance(layer, TRANSPOSED):
        return before.numel() * (layer.out_channels // layer.groups) * kernel
    return after.numel() * (layer.in_channels // layer.groups) * kernel


def _inside(block: nn.Module, before: torch.Tensor) -> int:
    found = []

    def count(module, arguments, output):
        found.append(_formula(module, arguments[0], output))

    hooks = [m.register_forward_hook(count) for m in block.modules() if is_a(m, COUNTED)]
    counter = FlopCounterMode(display=False)
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # its one big kernel is invisible to both counts
    try:
        with counter, torch.no_grad():
            block(before)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for hook in hooks:
            hook.remove()
    return max(sum(found), counter.get_total_flops() // 2)
