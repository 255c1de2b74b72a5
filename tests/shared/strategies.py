"""Modules and inputs for hypothesis: every parameter, with some that torch must refuse."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from torch import nn

FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
INTEGERS = (torch.int64, torch.uint8)
FLAVOURS = ("ties", "normal", "special", "huge", "tiny")
SPECIAL = torch.tensor([float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1.0, -2.5, 1e4])
LARGEST = {1: 9, 2: 7, 3: 4}


@dataclass
class Case:
    """What to slide over what; its repr is what hypothesis prints for a failure."""

    module: nn.Module
    input: torch.Tensor
    channel: int
    sample: int
    depth: int = 0
    dims: int = 2


def of_dims(stem: str, dims: int):
    """nn.MaxPool2d from 'MaxPool' and 2."""
    return getattr(nn, f"{stem}{dims}d")


def one_or_more(numbers, dims: int = 2):
    """One number for all axes, or one for each."""
    return st.one_of(numbers, st.tuples(*[numbers] * dims))


def numbers(seed: int, flavour: str, dtype: torch.dtype, *shape: int) -> torch.Tensor:
    """Reproducible numbers: whole ones that tie, odd ones, and those at the dtype's ends."""
    generator = torch.Generator().manual_seed(seed)
    if not dtype.is_floating_point:
        low, high = {"ties": (0, 3), "huge": (-(2**62), 2**62)}.get(flavour, (-99, 200))
        return torch.randint(low, high, shape, generator=generator).to(dtype)
    if flavour == "ties":
        return torch.randint(-2, 3, shape, generator=generator).to(dtype)
    if flavour == "special":
        return SPECIAL[torch.randint(len(SPECIAL), shape, generator=generator)].to(dtype)
    normal = torch.randn(shape, generator=generator, dtype=torch.float64)
    if flavour == "positive":
        return normal.abs().to(dtype)
    limits = torch.finfo(dtype)
    scale = {"huge": limits.max / 4, "tiny": limits.smallest_normal}.get(flavour, 1.0)
    return (normal * scale).clamp(limits.min, limits.max).to(dtype)


@st.composite
def inputs(draw, channels, flavours=FLAVOURS, dims=2, dtypes=FLOATS + INTEGERS, largest=None):
    """(tensor, sample): batched or not, one to a few elements a side."""
    batch, largest = draw(st.sampled_from([None, 1, 2])), largest or LARGEST[dims]
    sizes = st.sampled_from([4, 3, 4, 2, 1]) if dims == 3 else st.integers(1, largest)
    shape = [channels, *(draw(sizes) for _ in range(dims))]
    if batch:
        shape.insert(0, batch)
    dtype = draw(st.sampled_from(dtypes))
    flavour, seed = draw(st.sampled_from(flavours)), draw(st.integers(0, 2**20))
    return numbers(seed, flavour, dtype, *shape), draw(st.integers(0, (batch or 1) - 1))


def kernels(dims=2):
    return one_or_more(st.integers(1, 4) if dims < 3 else st.sampled_from([2, 3, 1]), dims)


def strides(dims=2):
    return one_or_more(st.integers(1, 5 if dims < 3 else 3), dims)


def dilations(dims=2):
    return one_or_more(st.sampled_from([1, 1, 2, 3]), dims)


def depths(dims=2):
    """Which slice of the output, counted round and round."""
    return st.integers(0, 3) if dims == 3 else st.just(0)


def wrong(dims=2):
    """Now and then one parameter that torch may refuse."""
    rest = (1,) * (dims - 1)
    errors = [{"stride": 0}, {"padding": -1}, {"kernel_size": 0}, {"stride": (1, 2, 3, 4)}]
    errors += [{"padding": (*(0 for _ in rest), 3)}, {"dilation": (*rest, 0)}]
    return st.sampled_from([{}] * 24 + errors)


@st.composite
def pools(draw, stem, dims=2, flavours=FLAVOURS, dtypes=FLOATS + INTEGERS, **options):
    """A pool with a padding that fits, and any of the options."""
    channels = draw(st.integers(1, 3))
    tensor, sample = draw(inputs(channels, flavours, dims, dtypes))
    kernel = draw(kernels(dims))
    halves = [k // 2 for k in ((kernel,) * dims if isinstance(kernel, int) else kernel)]
    each = st.tuples(*[st.sampled_from(range(half, -1, -1)) for half in halves])
    parameters = dict(
        kernel_size=kernel,
        stride=draw(st.one_of(st.none(), strides(dims))),
        ceil_mode=draw(st.booleans()),
        **{name: draw(option) for name, option in options.items()},
    )
    if stem != "LPPool":
        parameters["padding"] = draw(st.one_of(each, st.sampled_from(range(min(halves), -1, -1))))
    parameters |= {k: v for k, v in draw(wrong(dims)).items() if k in parameters}
    module = of_dims(stem, dims)(**parameters)
    return Case(
        module, tensor, draw(st.integers(0, channels - 1)), sample, draw(depths(dims)), dims
    )


def max_pools(dims=2, **more):
    return pools("MaxPool", dims, dilation=dilations(dims), return_indices=st.booleans(), **more)


def average_pools(dims=2, **more):
    divisors = st.sampled_from([None, None, None, 1, 3, 7, -1, -4, 0])
    more |= {"divisor_override": divisors} if dims > 1 else {}
    return pools("AvgPool", dims, count_include_pad=st.booleans(), **more)


NORMS = (1, 2, 3, 0.5, -1, 2.0, 2.5)


def lp_pools(dims=2, **more):
    more = {"flavours": ("ties", "normal", "positive", "positive", "special", "huge")} | more
    return pools("LPPool", dims, norm_type=st.sampled_from(NORMS), **more)


@st.composite
def adaptive_pools(draw, stem, dims=2, flavours=FLAVOURS, dtypes=FLOATS + INTEGERS):
    """AdaptiveMaxPool or AdaptiveAvgPool, to fewer or to more elements than there are."""
    channels = draw(st.integers(1, 3))
    tensor, sample = draw(inputs(channels, flavours, dims, dtypes))
    size = st.one_of(st.none(), st.integers(1, LARGEST[dims] + 1))
    size = draw(st.one_of(st.integers(-1, LARGEST[dims] + 1), st.tuples(*[size] * dims)))
    options = {"return_indices": draw(st.booleans())} if stem == "AdaptiveMaxPool" else {}
    module = of_dims(stem, dims)(size, **options)
    return Case(
        module, tensor, draw(st.integers(0, channels - 1)), sample, draw(depths(dims)), dims
    )


@st.composite
def filled(draw, module, tensor, flavours):
    """The module with drawn weights, most often of the input's dtype."""
    if tensor.is_floating_point() and draw(st.integers(0, 19)) != 7:
        module.to(tensor.dtype)
    flavour, seed = draw(st.sampled_from(flavours)), draw(st.integers(0, 2**20))
    for parameter in module.parameters():
        parameter.data = numbers(seed, flavour, parameter.dtype, *parameter.shape)
    return module


@st.composite
def convolutions(draw, flavours=FLAVOURS, dims=2, dtypes=FLOATS + INTEGERS):
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    channels, out = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    tensor, sample = draw(inputs(channels, flavours, dims, dtypes))
    mode = draw(st.sampled_from(["zeros", "zeros", "reflect", "replicate", "circular"]))
    some = one_or_more(st.integers(0, 3 if dims < 3 else 2), dims)
    padding = draw(st.one_of(some, st.sampled_from(["same", "valid"])))
    parameters = dict(
        kernel_size=draw(kernels(dims)),
        stride=1 if padding == "same" else draw(strides(dims)),
        padding=padding,
        dilation=draw(dilations(dims)),
        groups=groups,
        bias=draw(st.booleans()),
        padding_mode=mode,
    )
    error = draw(wrong(dims))
    # Torch crops for a negative padding in the other modes: test_values has that difference.
    if not (error.get("padding") == -1 and mode != "zeros") and padding != "same":
        parameters |= error
    module = draw(filled(of_dims("Conv", dims)(channels, out, **parameters), tensor, flavours))
    return Case(module, tensor, draw(st.integers(0, out - 1)), sample, draw(depths(dims)), dims)


@st.composite
def transposed(draw, flavours=FLAVOURS, dims=2, dtypes=FLOATS + INTEGERS):
    """A padding may crop, and an output_padding may be too large."""
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    channels, out = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    tensor, sample = draw(inputs(channels, flavours, dims, dtypes, largest=4))
    parameters = dict(
        kernel_size=draw(one_or_more(st.integers(1, 3 if dims < 3 else 2), dims)),
        stride=draw(one_or_more(st.integers(1, 3), dims)),
        padding=draw(one_or_more(st.sampled_from([0, 0, 1, 1, 2, 3]), dims)),
        output_padding=draw(one_or_more(st.sampled_from([0, 0, 0, 1, 2]), dims)),
        dilation=draw(dilations(dims)),
        groups=groups,
        bias=draw(st.booleans()),
    )
    parameters |= draw(wrong(dims))
    made = of_dims("ConvTranspose", dims)(channels, out, **parameters)
    module = draw(filled(made, tensor, flavours))
    return Case(module, tensor, draw(st.integers(0, out - 1)), sample, draw(depths(dims)), dims)


@st.composite
def axes(draw):
    """Parameters of one axis, as torch's max pool would take them or refuse them."""
    kernel = draw(st.integers(1, 5))
    return dict(
        size=draw(st.integers(1, 12)),
        kernel_size=kernel,
        stride=draw(st.integers(1, 6)),
        padding=draw(st.integers(0, kernel // 2)),
        dilation=draw(st.integers(1, 3)),
        ceil_mode=draw(st.booleans()),
    )
