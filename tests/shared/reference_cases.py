"""Cases from outside this project, as modules and tensors of torch."""

from __future__ import annotations

import json
import math
from pathlib import Path

import torch
from torch import nn

DATA = Path(__file__).parents[1] / "data"


CASES = json.loads((DATA / "geometry_cases.json").read_text())


def tensor_of(spec, dtype: str) -> torch.Tensor:
    """Nested lists, or a shape with how it is filled."""
    dtype = getattr(torch, dtype)
    if isinstance(spec, list):
        return torch.tensor(as_floats(spec)).to(dtype)
    shape, (fill, *rest) = spec["shape"], spec["fill"].split()
    if fill == "randn":
        generator = torch.Generator().manual_seed(int(rest[0]))
        return torch.randn(shape, generator=generator).to(dtype)
    if fill == "const":
        return torch.full(shape, float(rest[0])).to(dtype)
    assert fill == "arange"
    count = torch.Size(shape).numel()
    return (torch.arange(count) + spec.get("offset", 0)).reshape(shape).to(dtype)


def as_floats(nested):
    if isinstance(nested, list):
        return [as_floats(item) for item in nested]
    return float(nested)


def pair_or_int(value):
    return tuple(value) if isinstance(value, list) else value


def module_of(case) -> nn.Module:
    """The torch module that the case describes."""
    get = {name: pair_or_int(value) for name, value in case.items()}
    op, nd = case["op"], case["nd"]
    kind = {"max": "MaxPool", "avg": "AvgPool", "lp": "LPPool", "conv": "Conv"}.get(op)
    if kind is None:
        kind = {"adaptive_max": "AdaptiveMaxPool", "adaptive_avg": "AdaptiveAvgPool"}[op]
    make = getattr(nn, f"{kind}{nd}d")
    window = {"kernel_size": get["kernel_size"], "stride": get["stride"]}
    if op.startswith("adaptive"):
        indices = {"return_indices": True} if case.get("return_indices") else {}
        return make(get["output_size"], **indices)
    if op == "lp":
        return make(case["norm_type"], **window, ceil_mode=case["ceil_mode"])
    window["padding"] = get["padding"]
    if op == "avg":
        divisor = {"divisor_override": get["divisor_override"]} if nd == 2 else {}
        include = case["count_include_pad"]
        return make(**window, ceil_mode=case["ceil_mode"], count_include_pad=include, **divisor)
    if op == "max":
        indices = bool(case.get("return_indices"))
        ceil_mode, dilation = case["ceil_mode"], get["dilation"]
        return make(**window, dilation=dilation, ceil_mode=ceil_mode, return_indices=indices)
    return convolution_of(case, make, window, get["dilation"])


def convolution_of(case, make, window, dilation):
    weight = tensor_of(case["weight"], case["dtype"])
    channels = weight.shape[1], weight.shape[0]
    # A module takes no stride of None; the function's default is 1.
    window = {**window, "stride": 1 if window["stride"] is None else window["stride"]}
    module = make(*channels, **window, dilation=dilation, bias="bias" in case)
    assert module.weight.shape == weight.shape
    module.weight.data = weight
    if "bias" in case:
        module.bias.data = tensor_of(case["bias"], case["dtype"])
    return module


def answer(case):
    """What torch returns, or its refusal."""
    try:
        with torch.no_grad():
            return module_of(case)(tensor_of(case["input"], case["dtype"]))
    except (RuntimeError, ValueError, NotImplementedError) as error:
        return error


def told(case) -> dict:
    """A case for the script, which has no torch: its numbers, and what the installed torch says.

    More than the case itself: "input", "weight" and "bias" as nested lists, "sizes" of input and
    weight, and "torch": {"said": words} or {"shape": sizes, "values": flat list}.
    """
    numbers = {
        name: tensor_of(case[name], case["dtype"]).double()
        for name in ("input", "weight", "bias")
        if name in case
    }
    found = answer(case)
    if isinstance(found, Exception):
        said = {"said": str(found).strip().splitlines()[0]}
    else:
        values = found[0] if isinstance(found, tuple) else found
        said = {"shape": list(values.shape), "values": plain(values.double().flatten())}
    sizes = {name: list(tensor.shape) for name, tensor in numbers.items()}
    flat = {name: plain(tensor.flatten()) for name, tensor in numbers.items()}
    return {**case, **flat, "sizes": sizes, "torch": said}


def plain(tensor) -> list:
    """Numbers as JSON has them; nan and infinities as text."""
    return [n if math.isfinite(n) else str(n) for n in tensor.tolist()]
