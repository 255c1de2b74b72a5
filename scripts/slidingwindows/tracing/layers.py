"""Torch's layers in plain numbers: what their windows are, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm
from torch.utils.flop_counter import FlopCounterMode

from ..core.geometry import Axis, same_padding
from ..core.reach import Windows

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
MAX_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
AVERAGE_POOLS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
LP_POOLS = (nn.LPPool1d, nn.LPPool2d, nn.LPPool3d)
ADAPTIVE_AVERAGES = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)
ADAPTIVE_MAXIMA = (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d)
ADAPTIVE = (*ADAPTIVE_AVERAGES, *ADAPTIVE_MAXIMA)
PADS = {
    "zeros": ("ZeroPad", "ConstantPad"),
    "reflect": ("ReflectionPad",),
    "replicate": ("ReplicationPad",),
    "circular": ("CircularPad",),
}
ELEMENT_WISE = (
    *(nn.Identity, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.ELU, nn.SELU, nn.CELU),
    *(nn.GELU, nn.SiLU, nn.Mish, nn.Sigmoid, nn.Tanh, nn.Hardtanh, nn.Hardsigmoid, nn.Hardswish),
    *(nn.Softplus, nn.Softsign, nn.Softshrink, nn.Hardshrink, nn.Tanhshrink, nn.LogSigmoid),
    *(nn.Threshold, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout),
    *(nn.FeatureAlphaDropout, nn.LocalResponseNorm, nn.Softmax2d, nn.ChannelShuffle),
)
# Norms that may use a mean which they have stored.
STORED = (_BatchNorm, _InstanceNorm, nn.SyncBatchNorm)


def is_a(module: nn.Module, kinds) -> bool:
    """True if the module is of one of these classes and computes what that class computes."""
    if "forward" in vars(module):  # replaced by a user
        return False
    return any(isinstance(module, k) and type(module).forward is k.forward for k in kinds)


def windows_of(module: nn.Module, sizes: tuple[int, ...]) -> Windows | None:
    """A layer's windows on an input with these sizes (channels not among them).

    None if the layer has none, or not the same at every place: a transposed
    convolution, an adaptive pool whose windows differ, a block of unknown content.
    """
    rank = len(sizes)
    named = type(module).__name__
    if named.endswith("d") and named[-2:-1].isdigit() and int(named[-2]) != rank:
        # A batch of one vector is a signal without a batch, or with one element a channel.
        alone = is_a(module, (nn.Dropout1d, nn.Dropout2d, nn.Dropout3d))
        if not alone and not (rank == 0 and steady_norm(module)):
            return None
    if is_a(module, ELEMENT_WISE) or steady_norm(module):
        return Windows(tuple(Axis(size, 1, 1) for size in sizes))
    if is_a(module, CONVOLUTIONS):
        pads = _same_padding(module) if isinstance(module.padding, str) else module.padding
        axes = _axes(sizes, module.kernel_size, module.stride, pads, module.dilation)
        return Windows(axes, module.padding_mode)
    if is_a(module, MAX_POOLS + AVERAGE_POOLS + LP_POOLS):
        padding, dilation = getattr(module, "padding", 0), getattr(module, "dilation", 1)
        stride = module.kernel_size if module.stride is None else module.stride
        axes = _axes(sizes, module.kernel_size, stride, padding, dilation, bool(module.ceil_mode))
        return Windows(axes)
    if is_a(module, ADAPTIVE):
        wanted = many(module.output_size, rank)
        axes = [
            _adaptive(n, n if out is None else out) for n, out in zip(sizes, wanted, strict=True)
        ]
        return None if None in axes else Windows(tuple(axes))
    for fill, starts in PADS.items():
        torch_s = type(module).__module__.startswith("torch.") and "forward" not in vars(module)
        if named.startswith(starts) and torch_s:
            pads = module.padding
            if min(pads) < 0:
                return None
            pairs = [(pads[2 * i], pads[2 * i + 1]) for i in reversed(range(rank))]
            return Windows(_axes(sizes, 1, 1, pairs, 1), fill)
    return None


def mixes_all(module: nn.Module, shape: tuple[int, ...]) -> bool:
    """True if each output of a layer depends on every place of its own input, (C, ...)."""
    if is_a(module, (nn.Linear,)):
        return len(shape) == 1
    if isinstance(module, nn.LayerNorm):
        return len(module.normalized_shape) >= len(shape) - 1
    return isinstance(module, nn.GroupNorm | _InstanceNorm) and not steady_norm(module)


def steady_norm(module: nn.Module) -> bool:
    """A batch norm that uses its stored mean, and so treats each element alone."""
    stored = is_a(module, STORED) and not module.training
    return stored and module.running_mean is not None


def many(value: int | Sequence[int], count: int) -> tuple[int, ...]:
    """What torch keeps of an argument, for each axis: one number as ``count`` equal ones."""
    return tuple(value) if isinstance(value, tuple | list) else (value,) * count


def _axes(sizes, kernel, stride, padding, dilation, ceil_mode=False) -> tuple[Axis, ...]:
    rank = len(sizes)
    kernel, stride, padding, dilation = (
        many(value, rank) for value in (kernel, stride, padding, dilation)
    )
    return tuple(
        Axis(sizes[i], kernel[i], stride[i], many(padding[i], 2), dilation[i], ceil_mode)
        for i in range(rank)
    )


def _same_padding(module) -> list[tuple[int, int]]:
    """padding='same' puts the odd element behind; 'valid' means no padding."""
    if module.padding == "valid":
        return [(0, 0)] * len(module.kernel_size)
    return [same_padding(*both) for both in zip(module.kernel_size, module.dilation, strict=True)]


def _adaptive(size: int, out: int) -> Axis | None:
    """Torch's adaptive windows, floor(i·n/o) to ceil((i+1)·n/o), if they are all equal."""
    starts = [i * size // out for i in range(out)]
    lengths = {-(-(i + 1) * size // out) - start for i, start in enumerate(starts)}
    steps = {b - a for a, b in zip(starts, starts[1:], strict=False)} or set(lengths)
    if len(steps) > 1 or 0 in steps:
        return None
    # Where all start equally far apart, they are equally long.
    return Axis(size, lengths.pop(), steps.pop())


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
    parts = [*layer.children(), *layer.parameters()]
    if not parts and type(layer).__module__.startswith("torch."):
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
    counts = []

    def count(module, arguments, output):
        counts.append(_formula(module, arguments[0], output))

    hooks = [m.register_forward_hook(count) for m in block.modules() if is_a(m, COUNTED)]
    counter = FlopCounterMode(display=False)
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # its one big kernel is invisible to both counts
    try:
        # Of attention, only the plain kernel multiplies where the counter sees it on every device.
        with counter, torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
            block(before)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for hook in hooks:
            hook.remove()
    return max(sum(counts), counter.get_total_flops() // 2)
