"""Modules and inputs for hypothesis: every parameter, with some that torch must refuse."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from torch import nn

torch.set_num_threads(1)  # Waking others takes longer than these inputs do.

FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
INTEGERS = (torch.int64, torch.uint8)
FLAVOURS = ("ties", "normal", "special", "huge", "tiny")
SPECIAL = torch.tensor([float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1.0, -2.5, 1e4])


@dataclass
class Case:
    """What to slide over what; its repr is what hypothesis prints for a failure."""

    module: nn.Module
    input: torch.Tensor
    channel: int
    sample: int


def one_or_two(numbers):
    return st.one_of(numbers, st.tuples(numbers, numbers))


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
    limits = torch.finfo(dtype)
    scale = {"huge": limits.max / 4, "tiny": limits.smallest_normal}.get(flavour, 1.0)
    return (normal * scale).clamp(limits.min, limits.max).to(dtype)


@st.composite
def inputs(draw, channels, flavours=FLAVOURS):
    """(tensor, sample): batched or not, one to seven elements a side."""
    batch = draw(st.sampled_from([None, 1, 2]))
    shape = [channels, draw(st.integers(1, 7)), draw(st.integers(1, 7))]
    if batch:
        shape.insert(0, batch)
    dtype = draw(st.sampled_from(FLOATS + INTEGERS))
    flavour, seed = draw(st.sampled_from(flavours)), draw(st.integers(0, 2**20))
    return numbers(seed, flavour, dtype, *shape), draw(st.integers(0, (batch or 1) - 1))


KERNELS = one_or_two(st.integers(1, 4))
STRIDES = one_or_two(st.integers(1, 5))
DILATIONS = one_or_two(st.sampled_from([1, 1, 2, 3]))
# Now and then one parameter that torch may refuse.
WRONG = [{}] * 9 + [{"stride": 0}, {"padding": -1}, {"padding": (0, 3)}, {"dilation": (1, 0)}]


@st.composite
def pools(draw, kind, **options):
    """A pool with a padding that fits, and any of the options."""
    channels = draw(st.integers(1, 3))
    tensor, sample = draw(inputs(channels))
    kernel = draw(KERNELS)
    rows, cols = (kernel, kernel) if isinstance(kernel, int) else kernel
    padding = st.tuples(st.integers(0, rows // 2), st.integers(0, cols // 2))
    parameters = dict(
        kernel_size=kernel,
        stride=draw(st.one_of(st.none(), STRIDES)),
        padding=draw(st.one_of(padding, st.integers(0, min(rows, cols) // 2))),
        ceil_mode=draw(st.booleans()),
        **{name: draw(option) for name, option in options.items()},
    )
    wrong = {k: v for k, v in draw(st.sampled_from(WRONG)).items() if k in parameters}
    return Case(kind(**parameters | wrong), tensor, draw(st.integers(0, channels - 1)), sample)


def max_pools():
    return pools(nn.MaxPool2d, dilation=DILATIONS, return_indices=st.booleans())


def average_pools():
    divisors = st.sampled_from([None, None, None, 1, 3, 7, -1, -4, 0])
    return pools(nn.AvgPool2d, count_include_pad=st.booleans(), divisor_override=divisors)


@st.composite
def convolutions(draw, flavours=FLAVOURS):
    groups = draw(st.sampled_from([1, 1, 1, 2, 3]))
    channels, out = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    tensor, sample = draw(inputs(channels, flavours))
    mode = draw(st.sampled_from(["zeros", "zeros", "reflect", "replicate", "circular"]))
    padding = draw(st.one_of(one_or_two(st.integers(0, 3)), st.sampled_from(["same", "valid"])))
    parameters = dict(
        kernel_size=draw(KERNELS),
        stride=1 if padding == "same" else draw(STRIDES),
        padding=padding,
        dilation=draw(DILATIONS),
        groups=groups,
        bias=draw(st.booleans()),
        padding_mode=mode,
    )
    wrong = draw(st.sampled_from(WRONG))
    # Torch crops for a negative padding in the other modes: test_values has that difference.
    if not (wrong.get("padding") == -1 and mode != "zeros") and padding != "same":
        parameters |= wrong
    module = nn.Conv2d(channels, out, **parameters)
    if tensor.is_floating_point() and draw(st.integers(0, 19)) != 7:
        module.to(tensor.dtype)
    flavour, seed = draw(st.sampled_from(flavours)), draw(st.integers(0, 2**20))
    for parameter in module.parameters():
        parameter.data = numbers(seed, flavour, parameter.dtype, *parameter.shape)
    return Case(module, tensor, draw(st.integers(0, out - 1)), sample)


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
