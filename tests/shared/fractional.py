"""Fractional max pools for hypothesis, and the winners that torch names."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from checking import chosen
from hypothesis import strategies as st
from strategies import FLAVOURS, FLOATS, INTEGERS, Case, depths, inputs, of_dims, one_or_more


@st.composite
def fractional(draw, dtypes=FLOATS + INTEGERS, dims=2):
    """A pool with its random samples, among them the least and the largest that there are."""
    channels = draw(st.integers(1, 3))
    tensor, sample = draw(inputs(channels, FLAVOURS, dims, dtypes))
    kernel = draw(one_or_more(st.integers(1, 3 if dims < 3 else 2), dims))
    if draw(st.booleans()):
        size = {"output_size": draw(one_or_more(st.integers(0, 5 if dims < 3 else 3), dims))}
    else:
        size = {"output_ratio": draw(one_or_more(st.sampled_from([0.2, 0.5, 0.7, 0.99]), dims))}
    batch = tensor.shape[0] if tensor.dim() == dims + 2 else 1
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**20)))
    chances = torch.rand(batch, channels, dims, generator=generator, dtype=torch.float64)
    chances = chances.clamp(*draw(st.sampled_from([(0, 0.99), (0, 0.01), (0.98, 0.99)])))
    if draw(st.integers(0, 9)) == 7:
        chances = chances[:, :, :1]
    dtype = tensor.dtype if draw(st.integers(0, 9)) != 7 else torch.float32
    indices = draw(st.booleans())
    module = of_dims("FractionalMaxPool", dims)(
        kernel, **size, return_indices=indices, _random_samples=chances.to(dtype)
    )
    channel = draw(st.integers(0, channels - 1))
    return Case(module, tensor, channel, sample, draw(depths(dims)), dims)


def pooled_indices(module, tensor, samples, case):
    pooled = {2: F.fractional_max_pool2d_with_indices, 3: F.fractional_max_pool3d_with_indices}
    found = pooled[case.dims](
        tensor, module.kernel_size, module.output_size, module.output_ratio, _random_samples=samples
    )[1]
    return chosen(case, found)
