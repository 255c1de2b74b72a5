"""What is to be traced: module, input, sample, channel and depth; and the call of a module."""

from __future__ import annotations

import inspect
import math
import numbers
import warnings
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ..core.arguments import several
from ..core.errors import SlidingWindowsError
from ..core.geometry import Axis, Geometry
from ..core.step import Plane, Step, Tap
from ..core.trace import Trace
from ..core.uneven import UnevenAxis
from .asking import MAX_TAPS, ask_torch, plane_of, rounding_unit
from .undisturbed import undisturbed

SKIPPED = ("device", "dtype")
POSITIONAL = ("in_channels", "out_channels")
# A pool keeps its stride explicit: that it defaults to kernel_size surprises people.
EXPLICIT = ("stride",)
# How a layer is brought to a dtype, as people write it.
CASTS: dict[torch.dtype | None, str] = {torch.float64: "double", torch.float32: "float"}
CASTS |= {torch.float16: "half", torch.bfloat16: "bfloat16"}


def title_of(module: nn.Module) -> str:
    """The torch call that makes a module, or 'MyPool(…)' where there is none."""
    return call_of(module) or f"{type(module).__name__}(…)"


def call_of(module: nn.Module) -> str:
    """'nn.MaxPool2d(kernel_size=3, stride=2, padding=1)', or '' where there is no such call.

    The call is tried out here, on torch's meta device, which takes no memory: it makes a module
    with the same repr, the same attributes and parameters of the same names, shapes and dtypes.
    What brought a layer to its dtype and its device is part of it: '.double()', ".to('cuda:0')".
    A subclass of torch's classes, a container, a layer under weight_norm or one that was changed
    into what no call makes has none. A tuple of equal numbers is written once if that makes the
    same module, and no argument is written without which the module would be the same.
    """
    kind = type(module)
    if getattr(nn, kind.__name__, None) is not kind:
        return ""
    try:
        device = _device(module)
        with undisturbed(), torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of kernels without elements
            dtype = _dtype(module)
            arguments = _arguments(module, dtype)
        words = [repr(v) if n in POSITIONAL else f"{n}={v!r}" for n, v in arguments.items()]
    except Exception:  # a constructor or repr may raise anything; then no call makes the module
        return ""
    by_name = _named_cast(module, dtype)
    cast = (f".{by_name}()" if by_name else f".to({dtype})") if dtype else ""
    return f"nn.{kind.__name__}({', '.join(words)}){cast}{device}"


def _tensors(module: nn.Module) -> list[tuple[str, torch.Tensor]]:
    """Parameters and buffers, except those for torch's tests, such as a pool's random samples."""
    tensors = (*module.named_parameters(), *module.named_buffers())
    return [(name, tensor) for name, tensor in tensors if not name.startswith("_")]


def _dtype(module: nn.Module) -> torch.dtype | None:
    """That of all its numbers with a fraction; None if it is what torch makes unasked."""
    dtypes = {t.dtype for _, t in _tensors(module) if t.is_floating_point() or t.is_complex()}
    return dtypes.pop() if len(dtypes) == 1 and dtypes != {torch.get_default_dtype()} else None


def _named_cast(module: nn.Module, dtype: torch.dtype | None) -> str | None:
    """The method that brings it to a dtype, such as 'double'; None where only to() does.

    Of a parameter that is still without a shape these methods may ask for its numbers.
    """
    lazy = any(is_lazy(tensor) for _, tensor in _tensors(module))
    return None if lazy else CASTS.get(dtype)


def _device(module: nn.Module) -> str:
    """What follows the call if its numbers are elsewhere than torch puts them; raises for two."""
    devices = {tensor.device for _, tensor in _tensors(module)}
    if len(devices) > 1:
        raise TypeError  # no call puts a module on two devices
    elsewhere = devices - {torch.get_default_device()}
    return f".to({str(elsewhere.pop())!r})" if elsewhere else ""


def _arguments(module: nn.Module, dtype: torch.dtype | None) -> dict:
    """The fewest arguments that make the module, in a dtype if one is given; raises if none do."""
    # The constructor's, as its signature has them, so that every one torch adds shows up.
    parameters = inspect.signature(type(module).__init__).parameters
    given = {}
    for name in (name for name in parameters if name not in SKIPPED):
        try:
            given[name] = _literal(_attribute(module, name))
        except (AttributeError, TypeError):
            continue  # perhaps the call makes the same module without it
    # Without what is the default anyway: each try makes a module, so most are spared.
    brief = {n: _once(v) for n, v in given.items() if _once(v) != parameters[n].default}
    if _makes(module, brief, dtype):
        given = brief
    elif not _makes(module, given, dtype):
        raise TypeError  # no call makes this module
    for name, value in list(given.items()):
        once = {**given, name: _once(value)}
        if given[name] != once[name] and _makes(module, once, dtype):
            given = once
        default = parameters[name].default
        without = {other: v for other, v in given.items() if other != name}
        explicit = name in EXPLICIT and once[name] != default
        if not explicit and _makes(module, without, dtype):
            given = without
    return given


def _attribute(module: nn.Module, name: str):
    value = getattr(module, name)
    if name == "bias" and not isinstance(value, bool):
        return value is not None
    return value


def _literal(value):
    """A value as Python's own numbers, strings and tuples; raises for what code cannot say."""
    if value is None or type(value) in (bool, str):
        return value
    if isinstance(value, tuple | list):
        return (tuple if isinstance(value, tuple) else list)(_literal(item) for item in value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real) and math.isfinite(value):
        return float(value)
    raise TypeError  # it is not a plain value


def _once(value):
    """(3, 3) as 3."""
    items = set(value) if isinstance(value, tuple) else ()
    return items.pop() if len(items) == 1 else value


def _makes(module: nn.Module, arguments: dict, dtype: torch.dtype | None) -> bool:
    """True if a module's class makes an equal one from arguments."""
    try:
        candidate = type(module)(**arguments)
        if dtype:
            by_name = _named_cast(module, dtype)  # as it will be written
            candidate = getattr(candidate, by_name)() if by_name else candidate.to(dtype)
    except Exception:  # a wrong guess
        return False
    # Of the attributes those of the candidate count, since users keep things of their own.
    alike = [_traits(one, list(vars(candidate))) for one in (candidate, module)]
    return repr(candidate) == repr(module) and alike[0] == alike[1]


def _traits(module: nn.Module, names: list[str]) -> list:
    """What two modules have in common if one call makes both: attributes, shapes and dtypes."""
    traits = [
        (name, tensor.dtype, tuple(tensor.shape) if not is_lazy(tensor) else None)
        for name, tensor in _tensors(module)
    ]
    for name in names:
        if not name.startswith("_") and name != "training":
            traits.append((name, vars(module).get(name)))
    return traits


NAMES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
Axes = tuple[Axis | UnevenAxis, Axis | UnevenAxis, Axis | UnevenAxis]
ONE = Axis(1, 1, 1)


@dataclass(frozen=True)
class Request:
    """A module of 1, 2 or 3 dimensions and its input, (C, ...) or (N, C, ...).

    Signals are followed as volumes of one slice of one row, pictures as volumes of one slice.
    """

    module: nn.Module
    input: torch.Tensor
    dims: int
    channel: int
    sample: int
    depth: int

    def answer(self) -> torch.Tensor:
        """What torch makes of the input; a module that overwrites what it reads gets a copy."""
        return ask_torch(self.module, self.input.clone())

    @property
    def sizes(self) -> tuple[int, ...]:
        """The spatial sizes, as many as there are dimensions."""
        return tuple(self.input.shape[-self.dims :])

    def volume(self, tensor: torch.Tensor, channel: int) -> torch.Tensor:
        """One sample and channel of a tensor like the input, as (D, H, W)."""
        sample = tensor[self.sample] if tensor.dim() == self.dims + 2 else tensor
        return sample[channel].reshape((1,) * (3 - self.dims) + tuple(tensor.shape[-self.dims :]))

    def result(self, output: torch.Tensor) -> torch.Tensor:
        """The followed (H, W) part of an output."""
        return self.volume(output, self.channel)[self.depth]

    def axes(self, kernel_size, stride, padding=0, dilation=1, ceil_mode=False) -> Axes:
        """Regular windows from a module's parameters; stride None means kernel_size."""
        kernel = several(kernel_size, self.dims, "kernel_size")
        strides = kernel if stride is None else several(stride, self.dims, "stride")
        pads = several(padding, self.dims, "padding")
        dilations = several(dilation, self.dims, "dilation")
        axes = []
        for i, size in enumerate(self.sizes):
            pad = (pads[i], pads[i])
            axes.append(
                self.named(i, Axis, size, kernel[i], strides[i], pad, dilations[i], ceil_mode)
            )
        return self.checked(axes)

    def named(self, i: int, make, *arguments):
        """An axis; an error says which one it is."""
        return named_axis(NAMES[self.dims][i], make, *arguments)

    def checked(self, axes: list, planes: int = 1) -> Axes:
        """Three axes; refuses a depth that is not there, and a trace too long to be of use."""
        depth, rows, cols = (ONE,) * (3 - self.dims) + tuple(axes)
        if not 0 <= self.depth < depth.output_size:
            raise SlidingWindowsError(
                f"depth {self.depth} is not among the {depth.output_size} of the output"
            )
        taps = planes * depth.kernel_size
        for axis in (rows, cols):
            taps *= axis.output_size * axis.kernel_size
        if taps > MAX_TAPS:
            raise SlidingWindowsError(
                f"the windows read {taps:,} elements, more than the {MAX_TAPS:,} a trace may hold"
            )
        return depth, rows, cols

    def planes(self, axes: Axes, value: float) -> tuple[Plane, ...]:
        """The slices that the followed windows read, with a constant padding around them."""
        depth, rows, cols = axes
        volume = self.volume(self.input, self.channel)
        (top, bottom), (left, right) = rows.padding, cols.padding
        width = cols.size + left + right
        edge, planes = ((value,) * width,), []
        for position in depth.windows[self.depth]:
            if 0 <= position < depth.size:
                body = [(value,) * left + r + (value,) * right for r in plane_of(volume[position])]
            else:
                body = [(value,) * width] * rows.size
            planes.append(edge * top + tuple(body) + edge * bottom)
        return tuple(planes)

    def taps(self, axes: Axes, planes, row: int, col: int, weights=()) -> tuple[Tap, ...]:
        """What the window of output (row, col) reads: plane by plane, row by row."""
        _, rows, cols = axes
        top, left, taps = rows.padding[0], cols.padding[0], []
        for p, plane in enumerate(planes):
            for i, r in enumerate(rows.windows[row]):
                for j, c in enumerate(cols.windows[col]):
                    weight = weights[p][i][j] if weights else None
                    taps.append(Tap(p, r, c, plane[r + top][c + left], weight))
        return tuple(taps)

    def trace(self, kind: str, axes: Axes, planes, steps: list[Step], output, **kwargs) -> Trace:
        """The finished Trace. kwargs: fields that only some operations have."""
        depth, rows, cols = axes
        slices = depth.windows[self.depth] if self.dims == 3 else ()
        channels = kwargs.pop("channels", (self.channel,))
        return Trace(
            kind=kind,
            operation=type(self.module).__name__,
            call=title_of(self.module),
            geometry=Geometry(rows, cols),
            planes=planes,
            channels=tuple(c for c in channels for _ in (slices or (0,))),
            output=plane_of(self.result(output)),
            steps=tuple(steps),
            input_shape=tuple(self.input.shape),
            output_shape=tuple(output.shape),
            sample=self.sample,
            channel=self.channel,
            integral=not output.dtype.is_floating_point,
            epsilon=rounding_unit(output.dtype),
            dims=self.dims,
            depth=depth if self.dims == 3 else None,
            depth_index=self.depth,
            slices=slices * len(channels),
            **kwargs,
        )


def named_axis(name: str, make, *arguments):
    """make(*arguments), an axis; an error says which one it is."""
    try:
        return make(*arguments)
    except SlidingWindowsError as error:
        raise SlidingWindowsError(f"{name}: {error.problem}") from None


def spots(axes: Axes):
    """Output positions (row, col) in reading order."""
    return [(r, c) for r in range(axes[1].output_size) for c in range(axes[2].output_size)]


def reads_input(axes: Axes, spot: tuple[int, int, int]) -> bool:
    """False for a window of padding alone. spot: (depth, row, col) of the output."""
    return all(
        any(0 <= p < axis.size for p in axis.windows[i]) for axis, i in zip(axes, spot, strict=True)
    )
