"""Whether every number that a layer makes is certain to depend on all of a network's input.

Only what is certain is kept. Windows, norms and linear layers are followed position by
position, a block of layers operation by operation; where that ends, nothing is said.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from ..core.uneven import UnevenAxis
from .layers import (
    ADAPTIVE,
    ADAPTIVE_AVERAGES,
    ADAPTIVE_MAXIMA,
    AVERAGE_POOLS,
    CONVOLUTIONS,
    ELEMENT_WISE,
    LP_POOLS,
    MAX_POOLS,
    TRANSPOSED,
    is_a,
    steady_norm,
    windows_of,
)
from .lines import Positions, Sight, covers, shared

RESHAPES = (nn.Flatten, nn.Unflatten, nn.PixelShuffle, nn.PixelUnshuffle)
RESIZES = (nn.Upsample, nn.UpsamplingNearest2d, nn.UpsamplingBilinear2d)
SOFTMAXES = (nn.Softmax, nn.LogSoftmax, nn.Softmin, nn.Softmax2d)
MEANS = (*AVERAGE_POOLS, *ADAPTIVE_AVERAGES)
LINEAR = (nn.Identity, nn.ChannelShuffle, *(k for k in ELEMENT_WISE if "Drop" in k.__name__))
CURVED = (
    *(kind for kind in ELEMENT_WISE if kind not in LINEAR),
    *(*MAX_POOLS, *LP_POOLS, *ADAPTIVE_MAXIMA),
)
ACTIVATIONS = ("relu", "gelu", "silu", "sigmoid", "tanh", "leaky_relu", "elu")
NORMS = (nn.LayerNorm, nn.GroupNorm, _InstanceNorm, _BatchNorm)
WEIGHTED = (*CONVOLUTIONS, *TRANSPOSED, nn.Linear, *NORMS)
MOST_READS = 4_000_000  # of one layer along one axis; of longer ones nothing is said


def sight_after(layer: nn.Module, before: torch.Tensor, after: torch.Tensor, sight):
    """What a layer's output sees, from what its input does; None if that is not known.

    before, after: what went in and came out, as a batch of one. sight: of ``before``.
    """
    if sight is None or "forward" in vars(layer):  # replaced by a user
        return None
    if not type(layer).__module__.startswith("torch.nn."):
        return _through(layer, before, after, sight)
    out = tuple(after.shape[2:])
    result = _after(layer, tuple(before.shape[1:]), out, sight)
    if result is None:
        return None
    return replace(
        result,
        centred=result.centred or (sight.centred and not is_a(layer, CURVED)),
        level=math.prod(out) == 1 or (sight.level and not _unlevels(layer, before)),
        doubtful=sight.doubtful,
    )


def _unlevels(layer: nn.Module, before: torch.Tensor) -> bool:
    """True if a layer makes different numbers of equal ones."""
    if is_a(layer, (nn.Linear, nn.LayerNorm, *RESHAPES, *TRANSPOSED)):
        return True
    windows = windows_of(layer, tuple(before.shape[2:]))
    return windows is not None and windows.fill == "zeros" and windows.padded


def _after(layer: nn.Module, shape, out, sight: Sight) -> Sight | None:
    """The same for a layer of torch's. shape: (C, ...) of what goes in. out: sizes behind it."""
    sizes = shape[1:]
    if is_a(layer, SOFTMAXES):
        dim = -3 if isinstance(layer, nn.Softmax2d) else layer.dim
        if dim is None or (1, *shape)[dim] == 1:
            return None  # a softmax of one number is 1
        axis = dim % (len(shape) + 1) - 2
        if axis < 0:
            return sight if sizes else sight.gathered(out)
        result = None if sight.level else sight.mixed((axis,), sizes)
        return result and replace(result, centred=not isinstance(layer, nn.LogSoftmax))
    if is_a(layer, RESHAPES):
        return sight if out == sizes else sight.reshaped(out)
    if is_a(layer, (nn.Linear,)):
        return sight.mixed((len(out) - 1,), out) if sizes else sight.gathered(out)
    if isinstance(layer, NORMS) and not steady_norm(layer):
        return _normed(layer, shape, sight)
    windows = windows_of(layer, sizes)
    if windows is not None and windows.output == out:
        if windows.plain:
            return replace(sight, centred=False)
        if any(axis.kernel_size * axis.output_size > MOST_READS for axis in windows.axes):
            return None
        if sight.centred and is_a(layer, MEANS) and _whole(windows.axes):
            return None
        return sight.over(out, (partial(windows.reads, axis) for axis in range(len(sizes))))
    if is_a(layer, ADAPTIVE) and sizes:
        axes = [UnevenAxis.adaptive(*pair) for pair in zip(sizes, out, strict=True)]
        if sight.centred and is_a(layer, MEANS) and _whole(axes):
            return None
        return sight.over(out, (partial(_listed, axis.windows) for axis in axes))
    if is_a(layer, TRANSPOSED) and len(sizes) == len(layer.kernel_size):
        if any(k * n > MOST_READS for k, n in zip(layer.kernel_size, out, strict=True)):
            return None
        return sight.over(
            out, (partial(_transposed, layer, axis, n) for axis, n in enumerate(sizes))
        )
    if is_a(layer, RESIZES):
        return sight.over(
            out, (partial(_listed, _resized(layer, axis, sizes)) for axis in range(len(sizes)))
        )
    return None


def _normed(layer, shape, sight):
    """A norm of layers, groups or instances: all numbers of one mean see each other's places."""
    rank = len(shape) - 1
    if isinstance(layer, nn.LayerNorm):
        axes, numbers = len(layer.normalized_shape), math.prod(layer.normalized_shape)
        channels = axes > rank
    else:
        groups = layer.num_groups if isinstance(layer, nn.GroupNorm) else shape[0]
        axes, numbers, channels = rank, math.prod(shape) // groups, groups == 1
    if numbers == 1:
        return None  # a number less its own mean is 0
    if numbers == 2 and not layer.eps:
        return None  # two numbers become 1 and -1
    if channels and (shape[0] > 1 or not rank):
        return sight.gathered(shape[1:])
    axes = min(axes, rank)
    alone = numbers <= math.prod(shape[1:])
    result = None if alone and sight.level else sight.mixed(range(rank - axes, rank), shape[1:])
    return result and replace(result, centred=alone)


def _whole(axes) -> bool:
    """True if a window reads everything along an axis."""
    return any(axis.kernel_size >= axis.size > 1 for axis in axes)


def _listed(windows, outputs: Positions) -> set[int]:
    """What some outputs read, their windows listed one by one."""
    return {position for output in outputs for position in windows[output]}


def _transposed(layer, axis: int, size: int, outputs: Positions) -> set[int]:
    """The inputs whose products with a weight some outputs of a transposed convolution add up."""
    kernel, stride = layer.kernel_size[axis], layer.stride[axis]
    padding, dilation = layer.padding[axis], layer.dilation[axis]
    positions = set()
    for output in outputs:
        for k in range(kernel):
            position, rest = divmod(output + padding - dilation * k, stride)
            if not rest and 0 <= position < size:
                positions.add(position)
    return positions


def _resized(layer, axis: int, sizes) -> list[list[int]]:
    """For each output along an axis, the inputs that it answers to, by trying each."""
    rank, size = len(sizes), sizes[axis]
    options = {"mode": layer.mode, "align_corners": layer.align_corners}
    if layer.size is not None:
        wanted = layer.size if isinstance(layer.size, tuple | list) else (layer.size,) * rank
        options["size"] = (wanted[axis], *(1,) * (rank - 1))
    else:
        factor = layer.scale_factor
        factor = factor[axis] if isinstance(factor, tuple | list) else factor
        options["scale_factor"] = (float(factor), *(1.0,) * (rank - 1))
        options["recompute_scale_factor"] = layer.recompute_scale_factor
    each = torch.eye(size, dtype=torch.float64, device="cpu").reshape(
        size, 1, size, *(1,) * (rank - 1)
    )
    answers = F.interpolate(each, **options).reshape(size, -1)
    return [answer.nonzero().flatten().tolist() for answer in answers.T]


def _through(block: nn.Module, before: torch.Tensor, after: torch.Tensor, sight: Sight):
    """Through a block of layers, such as a residual one, whose operations torch.fx can list."""
    try:
        follower = _Follower(torch.fx.symbolic_trace(block), sight)
        same = torch.equal(follower.run(before.clone()), after)
    except Exception:  # a user's forward may do anything with a proxy
        return None
    return follower.found if same else None


class _Follower(torch.fx.Interpreter):
    """Runs a block node by node and follows the sight of each tensor."""

    def __init__(self, traced: torch.fx.GraphModule, sight: Sight):
        super().__init__(traced)
        self.given, self.sights, self.found = sight, {}, None

    def run_node(self, n: torch.fx.Node):
        if _name(n) == "getattr" and n.args[1] == "data":
            raise ValueError  # torch does not record what is written there
        before = {node: tensor._version for node, tensor in self._tensors()}
        result = super().run_node(n)
        sight = self._seen(n, result) if isinstance(result, torch.Tensor) else None
        for node, tensor in self._tensors():
            if tensor._version != before.get(node):  # it was written into
                self.sights[node] = sight if tensor is result else None
        self.sights[n] = sight
        return result

    def _tensors(self) -> list[tuple[torch.fx.Node, torch.Tensor]]:
        return [pair for pair in self.env.items() if isinstance(pair[1], torch.Tensor)]

    def _seen(self, node: torch.fx.Node, result: torch.Tensor) -> Sight | None:
        if node.op == "placeholder":
            return self.given
        if node.op == "output":
            self.found = self.sights.get(*node.args)
            return None
        read = [n for n in node.all_input_nodes if isinstance(self.env[n], torch.Tensor)]
        if node.op == "call_module":
            module = self.module.get_submodule(node.target)
            if len(read) == 1:
                (one,) = read
                return sight_after(module, self.env[one], result, self.sights[one])
            return None
        if not read:  # such as a parameter
            return None
        sight = self._operated(_name(node), node, read, result)
        doubtful = any(self.sights[n] and self.sights[n].doubtful for n in read)
        return sight and replace(sight, doubtful=sight.doubtful or doubtful)

    def _operated(self, name, node, read, result) -> Sight | None:
        if result.dim() < 2 or result.shape[0] != 1:
            return None  # its axes are no longer batch, channels, places
        sizes = tuple(result.shape[2:])
        one, *_ = read
        first, sight = self.env[one], self.sights[one]
        if name in ("add", "sub", "mul", "truediv"):
            return self._combined(name, node, read, result)
        if name == "cat":
            dim = _argument(node, 1, "dim", None)
            parts = [self.sights[n] for n in read]
            return shared(parts) if dim in (1, 1 - result.dim()) else None
        if sight is None:
            return None
        if name == "dropout" and _argument(node, 2, "training", True):
            if _argument(node, 1, "p", None) == 1:
                return None  # all zeros
        if name in (*ACTIVATIONS, "dropout"):
            return replace(sight, centred=name == "dropout" and sight.centred)
        if name in ("flatten", "view", "reshape", "squeeze") and first.numel() == result.numel():
            moved = sight if sizes == tuple(first.shape[2:]) else sight.reshaped(sizes)
            level = math.prod(sizes) == 1
            return moved and replace(moved, centred=sight.centred, level=level)
        if name in ("mean", "adaptive_avg_pool2d") and first.shape[:2] == result.shape[:2]:
            if sight.centred or result.numel() != result.shape[1] or sight.axes is None:
                return None
            if name == "mean" and _dims(node, first) != set(range(2, first.dim())):
                return None  # of other axes, whose sizes happen to be these
            gathered = sight.gathered(sizes)
            return gathered and replace(gathered, level=True)
        return None

    def _combined(self, name, node, read, result) -> Sight | None:
        """Of two operands the one that sees more; the other must let it through."""
        parts = [self.sights[n] for n in read]
        if len(read) < len([n for n in node.args if isinstance(n, torch.fx.Node)]):
            return None  # x - x
        if node.kwargs.get("alpha") == 0:
            return None
        if name in ("mul", "truediv") and any(map(_ends_all, node.args)):
            return None
        if name in ("mul", "truediv") and not all(part and part.alive for part in parts):
            return None  # a factor that is always 0 makes the product 0
        centred = name == "sub" or all(part and part.centred for part in parts)
        best = None
        for part, n in zip(parts, read, strict=True):
            if part and part.everything:
                best = Sight.of_all(tuple(result.shape[2:]))
                break
            if part and self.env[n].shape == result.shape and (not best or covers(part, best)):
                best = part
        level = all(part and part.level for part in parts)
        doubtful = len(read) == 2 and not self._weighted_apart(name, *read)
        return best and replace(best, centred=centred, level=level, doubtful=doubtful)

    def _weighted_apart(self, name: str, one: torch.fx.Node, two: torch.fx.Node) -> bool:
        """True if an operand has weights that the other has not, so that the two cannot cancel."""
        if "get_attr" in (one.op, two.op):
            return True  # a tensor that knows nothing of the input
        return any(self._weighted(name, *pair) for pair in ((one, two), (two, one)))

    def _weighted(self, name: str, node: torch.fx.Node, other: torch.fx.Node) -> bool:
        curved = name in ("add", "sub")  # a mere scale does not matter in products
        while True:
            module = self.module.get_submodule(node.target) if node.op == "call_module" else None
            if isinstance(module, WEIGHTED) and module.weight is not None:
                return curved and not self._known(other, module.weight)
            if module is not None:
                if not is_a(module, ELEMENT_WISE):
                    return False
                curved = curved or not is_a(module, LINEAR)
            elif _name(node) in ACTIVATIONS:
                curved = True
            elif _name(node) not in ("view", "reshape", "flatten", "squeeze", "unsqueeze"):
                return False
            node = node.all_input_nodes[0]

    def _known(self, node: torch.fx.Node, weight: torch.Tensor) -> bool:
        """True if a weight has a part in a node's making."""
        makers = [node]
        for maker in makers:
            makers += [n for n in maker.all_input_nodes if n not in makers]
        modules = [self.module.get_submodule(n.target) for n in makers if n.op == "call_module"]
        return any(parameter is weight for module in modules for parameter in module.parameters())


def _name(node: torch.fx.Node) -> str:
    """Of a traced function or method; "" of anything else."""
    target = node.target if node.op in ("call_function", "call_method") else ""
    return (target if isinstance(target, str) else target.__name__).strip("_")


def _argument(node: torch.fx.Node, position: int, name: str, default):
    """An argument of a traced call, given by position or by name."""
    return node.kwargs.get(name, node.args[position] if len(node.args) > position else default)


def _dims(node: torch.fx.Node, tensor: torch.Tensor) -> set[int]:
    """The axes of a tensor that a traced mean is over, as it names them."""
    dims = _argument(node, 1, "dim", None)
    return {dim % tensor.dim() for dim in ((dims,) if isinstance(dims, int) else dims or ())}


def _ends_all(factor) -> bool:
    """True of a number that makes every product, or every quotient, 0."""
    return isinstance(factor, int | float) and (factor == 0 or math.isinf(factor))
