"""What the tests of the site's script ask torch and the package, which they cannot run themselves.

Drawn by chance, or chosen: layers with windows and whole networks, what they answer, and the words
with which they refuse.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import random
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from random_layers import Maker, malformed, network
from reference_cases import CASES, plain, told
from torch import nn

from slidingwindows import SlidingWindowsError, funnel, slide
from slidingwindows.core.text import equals, number
from slidingwindows.site.assets import LAYER, write_torch
from slidingwindows.tracing.request import call_of
from slidingwindows.words.trace import padded, padding_words, size_words

ROOT = Path(__file__).parents[2]
# What torch does and the page does not show, and what torch says in words that change.
OURS = (
    "which cannot be shown|must be (at least 1|one whole number)"
    "|the (kernel|output) has no elements"
    "|holds no number|at most (96 rows|4096 weights)"
)
FILLS = ("reflect", "replicate", "circular")
PAIR = re.compile(r"\((\d+), \1\)")  # the page writes it once
STRIDE = re.compile(r", stride=(\d+|\([^)]*\))")  # nor does it write a pool's, if it is not given
OPERATIONS = "MaxPool AvgPool LPPool Conv ConvTranspose AdaptiveMaxPool AdaptiveAvgPool".split()


def ask(file: Path) -> None:
    """Writes what tests/script/torch.js reads."""
    write_torch(ROOT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {
            "cases": [told(case) for case in CASES],
            "randint": {seed: drawn(seed) for seed in (0, 1, 7, 2**32 - 1)},
            "lp": list(lp_gradients()),
            "ours": OURS,
            "random": list(random_calls()),
            "malformed": list(malformed_windows()),
            "stepped": list(stepped()),
            "odd": list(odd()),
            "large": list(large()),
            "words": list(words()),
            "numbers": numbers(),
            "layers": list(layers()),
            "networks": [*networks(), *seeing(), *levelled()],
        }
    file.write_text(json.dumps(found), "utf-8")


def drawn(seed):
    torch.manual_seed(seed)
    return torch.randint(0, 10, (700,)).tolist()


def lp_gradients() -> Iterator[dict]:
    """LP pools on numbers of all kinds, some of which no window reads, and their gradients."""
    rng = random.Random(0)
    numbers = (1.0, 2.0, 0.5, 3.0, -1.0, -2.5, 0.0, float("nan"), float("inf"), -float("inf"))
    norms, kernels, strides = (1, 2, 3, 1.5, 2.5, 0.5, -1, -2, -1.5), (1, 2), (1, 2, 3, (2,))
    for norm, kernel, stride in itertools.product(norms, kernels, strides):
        for most in (4, 6, len(numbers)):  # positive, finite, all
            row = rng.choices(numbers[:most], k=6)
            row[3:] = row[3:] if kernel == 2 else [1.0, -1.0, row[0]]
            image = torch.tensor([row], requires_grad=True)
            nn.LPPool1d(norm, kernel, stride)(image).sum().backward()
            args = {"norm_type": norm, "kernel_size": kernel, "stride": stride}
            given = {"args": args, "row": plain(torch.tensor(row))}
            yield {**given, "gradient": plain(image.grad[0])}


# ---- one layer with windows, on one channel


def made(call: str) -> nn.Module:
    return eval(call, {"nn": nn})


def plane(tensor) -> list[list[float]]:
    """The last two dimensions; a signal is one row."""
    if tensor.dim() == 2 or (tensor.dim() == 3 and tensor.shape[:2] == (1, 1)):
        return tensor.detach().reshape(1, -1).tolist()
    return tensor.detach().reshape(tensor.shape[-2:]).tolist()


def given(call: str, x, module=None) -> dict:
    """What the page's run() is given; a kernel of one 1 for a convolution that torch refuses."""
    kernel = bias = None
    if "Conv" in call:
        kernel = plane(module.weight) if module else [[1.0]]
        bias = module.bias.item() if module and module.bias is not None else None
    return {"call": call, "rows": plane(x), "kernel": kernel, "bias": bias}


def said(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def prepared(maker: Maker, whole: bool = True):
    """(call, module or None, input, torch's answer) for a random layer and a small input."""
    rank = maker.chance.choice((1, 2, 2, 2))
    call = maker.window(rank)
    generator = torch.Generator().manual_seed(maker.chance.randrange(10**6))
    sizes = [1, *(maker.chance.randint(1, 11) for _ in range(rank))]
    x = torch.randint(-9, 10, sizes, generator=generator).float()
    if not whole:
        x = torch.randn(sizes, generator=generator)
    try:
        module = made(call)
        if "Conv" in call:
            weight = torch.randint(-3, 4, module.weight.shape, generator=generator).float()
            module.weight.data = weight
            if module.bias is not None:
                module.bias.data = torch.tensor([float(maker.chance.randint(-3, 3))])
        with torch.no_grad():
            return call, module, x, module(x)
    except Exception as error:
        return call, None, x, error


def random_calls() -> Iterator[dict]:
    """Each with torch's answer and the call as the package writes it, or with torch's words."""
    maker = Maker(5, wrong=0.07)
    for n in range(2400):
        call, module, x, answer = prepared(maker, whole=n % 2 == 0)
        if module is None:
            yield {**given(call, x), "said": said(answer)}
        else:
            written = call_of(made(PAIR.sub(r"\1", call_of(module))))
            if "stride" not in call:
                written = STRIDE.sub("", written)
            yield {**given(call, x, module), "output": plane(answer), "written": written}


def malformed_windows() -> Iterator[dict]:
    """Arguments that may not fit, on 0, 1, 2 and so on; convolutions of ones, without a bias."""
    for call in (c for name in OPERATIONS for r in "12" for c in malformed(f"{name}{r}d", 1)):
        x = torch.arange(25.0)[: 5 if "1d(" in call else 25]
        x = x.reshape(1, *[5] * (1 if len(x) == 5 else 2))
        try:
            module = made(call)
            for parameter in module.parameters():
                parameter.data.fill_(float(parameter.dim() > 1))
            with torch.no_grad():
                answer = module(x)
        except Exception as error:
            yield {"call": call, "rows": plane(x), "said": said(error)}
        else:
            one = torch.is_tensor(answer) and answer.shape[0] == 1  # not two tensors or channels
            yield {"call": call, "rows": plane(x), "output": plane(answer) if one else None}


def traced(call: str, x, module=None, exact: bool = True) -> dict:
    """What slide() says of each step, the longest calculations in brief.

    exact: whether the words of all calculations are given, or of none.
    """
    module = module or made(call)
    trace = slide(module, x)
    high, wide = trace.stretch
    around = padded(trace) or high * wide > 1
    steps = [
        {
            "taps": [(t.row, t.col, t.value) for t in step.taps],
            "winner": step.winner,
            "ties": step.ties,
            "arithmetic": step.arithmetic if len(step.taps) <= 36 else trace.reduction.brief(step),
        }
        for step in trace.steps
    ]
    for step in () if exact else steps:
        del step["arithmetic"]
    return {
        **given(call, x, module),
        "plane": trace.planes[0],
        "formula": [line.removeprefix("size: ") for line in size_words(trace)],
        "padded": padding_words(trace) if around else None,
        "untouched": [
            f"{r},{c}"
            for r, c in sorted(trace.geometry.untouched())
            if r % high == 0 and c % wide == 0
        ],
        "steps": steps,
    }


def passed_back(module, x, answer) -> dict:
    """Torch's gradient. For a window of padding alone, torch writes where it may not."""
    upstream = (torch.arange(answer.numel()) % 5 + 1.0).reshape(answer.shape)
    wanted = x.clone().requires_grad_()
    module(wanted).backward(upstream)
    return {"upstream": plane(upstream), "gradient": plane(wanted.grad)}


def stepped() -> Iterator[dict]:
    maker, count = Maker(11, wrong=0), 0
    while count < 350:
        call, module, x, answer = prepared(maker)
        if "LP" in call and module is not None:
            x = x.abs()  # else torch gives 0 · nan even to what no window reads
            answer = module(x)
        if module is None or (answer.numel() and not answer.isfinite().all()):
            continue
        with contextlib.suppress(SlidingWindowsError):  # what slide refuses, the page does
            known = traced(call, x, module, exact="LP" not in call)
            yield {**known, **passed_back(module, x, answer)}
            count += 1


def answered(call: str, x, generator) -> dict:
    """Torch's answer of a module with small whole weights, and the gradient of its sum."""
    module = made(call)
    for parameter in module.parameters():
        parameter.data = torch.randint(1, 4, parameter.shape, generator=generator).float()
    wanted = x.clone().requires_grad_()
    answer = module(wanted)
    answer.sum().backward()
    upstream = plane(torch.ones_like(answer))
    found = {"output": plane(answer), "upstream": upstream, "gradient": plane(wanted.grad)}
    return {**given(call, x, module), **found}


def odd() -> Iterator[dict]:
    """Nan and infinities; of max pools the winner too, which is where the gradient goes."""
    numbers = torch.tensor([float("nan"), float("inf"), -float("inf"), 1.0, 2.0, 2.0])
    for call in (
        *("nn.MaxPool2d(2, 1)", "nn.MaxPool2d(3, 2, padding=1)", "nn.AvgPool2d(2, 1, padding=1)"),
        *("nn.AdaptiveMaxPool2d(3)", "nn.AdaptiveAvgPool2d((2, 3))", "nn.LPPool2d(2, 2)"),
        *("nn.Conv2d(1, 1, 2)", "nn.ConvTranspose2d(1, 1, 2, bias=False)", "nn.MaxPool1d(3, 1)"),
        "nn.MaxPool2d(2, 1, padding=1, dilation=2)",
    ):
        generator = torch.Generator().manual_seed(4)
        for n in range(40):
            shape = (1, 5) if "1d(" in call else (1, 4, 5)
            some = numbers if n % 2 else numbers[2:]
            found = answered(call, some[torch.randint(0, len(some), shape, generator=generator)],
                             generator)  # fmt: skip
            if "Max" not in call:
                del found["gradient"]
            yield found


LARGE = ["nn.LPPool2d(2, 2)", "nn.LPPool2d(3, 2)", "nn.LPPool1d(5, 2)", "nn.LPPool2d(2.5, 2)"]
LARGE += ["nn.LPPool2d(-2, 2)", "nn.LPPool2d(0.5, 2)", "nn.LPPool2d(2, 3, 1, ceil_mode=True)"]
LARGE += ["nn.AvgPool2d(2)", "nn.AdaptiveAvgPool2d(2)", "nn.Conv2d(1, 1, 2)", "nn.Conv1d(1, 1, 3)"]


def large() -> Iterator[dict]:
    """Powers, products and sums past 3.4e38 are infinite, and powers too small are zero."""
    for call in LARGE:
        generator = torch.Generator().manual_seed(7)
        lowest = 8 if "LP" in call else 37.5
        for n in range(60):
            shape = (1, 6) if "1d(" in call else (1, 4, 4)
            size = lowest + (38 - lowest) * torch.rand(shape, generator=generator)
            of_one_sign = torch.rand(shape, generator=generator) + 1
            x = 10 ** (size * (-1 if n % 3 == 0 else 1)) * of_one_sign
            if n % 3 == 1:  # sums of both signs
                x = x * torch.randint(0, 2, shape, generator=generator).mul(2).sub(1)
            yield answered(call, x, generator)


def words() -> Iterator[dict]:
    """Calculations that are told in words of their own."""
    x = torch.tensor([[[1.0, -2, 3, 0], [4, 5, -6, 2], [7, 8, 9, 1]]])
    for call in (
        *("nn.LPPool2d(2, 2)", "nn.LPPool2d(1, 3, ceil_mode=True)", "nn.LPPool2d(2.5, 2, 1)"),
        *("nn.LPPool2d(3, (2, 3), ceil_mode=True)", "nn.LPPool2d(4, 2)", "nn.LPPool2d(5, 2, 1)"),
    ):
        yield traced(call, x)
    # Each ends in a round number, and what is printed of the others does not add up to it.
    x = torch.tensor([[[1004000.0, 1004000, 5004000], [1992000, 4000000, 1]]])
    yield traced("nn.AvgPool2d(2, 1)", x)
    x = torch.tensor([[[1e30, 1, 1e13, 2], [2, 3, 3, -1e13], [1, 2, 0, 4], [2, 2, 5, -6]]])
    for call in ("nn.LPPool2d(2, 2)", "nn.LPPool2d(3, 2)"):
        yield traced(call, x)
    x = torch.tensor([[[3e38, 3e38, 1], [3e38, -3e38, math.inf], [2, 3, 4]]])
    wide = torch.full((1, 7, 7), 3e38)
    for call, numbers in (
        *(("nn.AvgPool2d(2, 1)", x), ("nn.AvgPool2d(7)", wide)),
        *(("nn.Conv2d(1, 1, 2, bias=False)", x), ("nn.Conv2d(1, 1, 7)", wide)),
    ):
        module = made(call)
        for parameter in module.parameters():
            nn.init.constant_(parameter, 10)
        yield traced(call, numbers, module)
    tiny, large = ((2, 2, 1e-30), (2, 7, 1e-30), (2.5, 2, 1e-30)), ((2, 2, 3e38), (3, 7, 3e38))
    for norm, size, value in (*tiny, *large, (2, 7, 1), (2.5, 2, 0), (0.5, 2, 0.25), (3, 2, 0)):
        yield traced(f"nn.LPPool2d({norm}, {size})", torch.full((1, size, size), float(value)))
    # What is printed gives what is printed, or ≈; a window of padding alone says that it is.
    x = torch.tensor([[[0.1234, 0.1234, 0.25], [0.1234, 0.1298, 1e30], [2.0, -0.5, 1e-30]]])
    for call in (
        *("nn.AvgPool2d(2, 1)", "nn.AvgPool2d(2, 1, divisor_override=3)", "nn.AvgPool2d(3, 1)"),
        *("nn.Conv2d(1, 1, 2, padding=2)", "nn.ConvTranspose2d(1, 1, 1, stride=2, bias=False)"),
        *("nn.MaxPool2d(2, 1, padding=1, dilation=4)", "nn.LPPool2d(1, 2)"),
        "nn.Conv2d(1, 1, 3, padding=2, padding_mode='circular', bias=False)",
    ):
        module = made(call)
        for parameter in module.parameters():
            parameter.data = torch.arange(1.0, 1 + parameter.numel()).view(parameter.shape) / 8
        yield traced(call, x, module)


def numbers() -> list[tuple]:
    """(value, how the package writes it, and whether it is written exactly)."""
    generator = torch.Generator().manual_seed(3)
    powers = torch.randint(-6, 8, (1500,), generator=generator)
    values = torch.randn(1500, generator=generator) * 10**powers
    values = [*values.tolist(), *(n / 16 for n in range(-200, 200)), 1125000.0, 1e6, 999999.5]
    values += [float("inf"), float("-inf"), float("nan"), 0.0, -0.0, 0.0005, 0.0004999]
    return [(value, number(value), equals(value)) for value in values]


# ---- any layer, on several channels


def layers() -> Iterator[dict]:
    """Each on an input without its batch, with what torch makes of it, or its words.

    Two tensors have no shape.
    """
    names = LAYER.findall((ROOT / "assets" / "torch" / "layers.js").read_text("utf-8"))
    for name in names:
        calls = malformed(name, 4)
        for call in calls:
            yield measured(call, (4, 5) if "1d(" in call else (4, 5, 5))
        for shape in ((4,), (1,), (3, 4), (4, 5), (1, 4), (1, 4, 5), (3, 4, 5)):
            for call in (calls[0], *SOME.get(name, ())):
                yield measured(call, shape)
    for call, shape, ours, *_ in json.loads(REFUSED.read_text("utf-8")):
        if ours is None:
            yield measured(call, shape)


REFUSED = ROOT / "tests" / "data" / "layer_refusals.json"
# Of layers by chance, too few have one size in the input that fits.
SOME = {
    "Linear": ["nn.Linear(4, 3)", "nn.Linear(5, 2, bias=False)", "nn.Linear(1, 2)"],
    "Flatten": ["nn.Flatten(2)", "nn.Flatten(1, 2)", "nn.Flatten(-2, -1)", "nn.Flatten(0, -2)"],
    "Softmax": [f"nn.Softmax({n})" for n in range(-4, 4)],
    "LogSoftmax": [f"nn.LogSoftmax({n})" for n in range(-4, 4)],
    "PReLU": ["nn.PReLU(3)", "nn.PReLU(4)"],
    **{
        f"BatchNorm{rank}d": [
            *(f"nn.BatchNorm{rank}d({n})" for n in (1, 3, 5)),
            *(f"nn.BatchNorm{rank}d({n}, track_running_stats=False)" for n in (1, 4)),
            *(f"nn.BatchNorm{rank}d({n}, affine=False)" for n in (3, 4)),
            f"nn.BatchNorm{rank}d(4, bias=False)",
        ]
        for rank in (1, 2)
    },
    **{
        f"Conv{rank}d": [
            *(f"nn.Conv{rank}d({n}, 6, 2, padding={n})" for n in (1, 3)),
            *(f"nn.Conv{rank}d(1, 2, 3, padding='same', padding_mode={m!r})" for m in FILLS),
            *(f"nn.Conv{rank}d(3, 2, 2, padding=3, padding_mode={m!r})" for m in FILLS),
            *(f"nn.Conv{rank}d(4, 2, 2, padding=4, padding_mode={m!r})" for m in FILLS),
            f"nn.Conv{rank}d(4, 6, 4, groups=2, bias=False)",
            f"nn.Conv{rank}d(3, 6, 3, 2, 1, 1, 3)",
        ]
        for rank in (1, 2)
    },
    **{
        f"ConvTranspose{rank}d": [
            f"nn.ConvTranspose{rank}d(3, 6, 3, 2, 1, 1, 3)",
            f"nn.ConvTranspose{rank}d(4, 6, 2, 3, 1, 2, 2, bias=False)",
            f"nn.ConvTranspose{rank}d(1, 2, 3, dilation=2, output_padding=1)",
        ]
        for rank in (1, 2)
    },
    **{
        f"{kind}Pool{rank}d": [
            *(f"nn.{kind}Pool{rank}d({first}{kernel})" for kernel in ("4", "3, 2", "5, 1, None")),
            f"nn.{kind}Pool{rank}d({first}3, 3, ceil_mode=True)",
        ]
        for kind, first in (("Max", ""), ("Avg", ""), ("LP", "2, "))
        for rank in (1, 2)
    },
    **{
        f"Adaptive{kind}Pool{rank}d": [
            f"nn.Adaptive{kind}Pool{rank}d({n})" for n in ("1", "-1", "0", "7", "(2, 3)", "(-1, 2)")
        ]
        for kind in ("Max", "Avg")
        for rank in (1, 2)
    },
}


def measured(call: str, shape) -> dict:
    try:
        module = made(call).eval()
        with torch.no_grad():
            answer = module(torch.ones(1, *shape))
    except Exception as error:
        return {"call": call, "input": shape, "said": said(error)}
    one = torch.is_tensor(answer)
    count = sum(parameter.numel() for parameter in module.parameters())
    return {"call": call, "input": shape, "shape": answer.shape if one else None, "has": count}


def networks() -> Iterator[dict]:
    """Each with funnel()'s stages, and the words with which torch refuses the last layer."""
    maker = Maker(7)
    for _ in range(200):
        shape, calls, modules, refusal = network(maker)
        if calls:
            yield {**staged(shape, calls, modules), "said": refusal}


def staged(shape, calls, modules) -> dict:
    found = {"input": shape, "calls": calls, "said": None, "stages": []}
    batch = torch.randn(1, *shape, generator=torch.Generator().manual_seed(0))
    with contextlib.suppress(SlidingWindowsError):  # of a first layer without windows
        for stage in funnel(nn.Sequential(*modules), batch[0]).stages[1:] if modules else ():
            numbers = {"parameters": stage.parameters, "macs": stage.macs}
            fields = {"sees": stage.sees(), "jump": stage.jump()}
            found["stages"].append({"shape": stage.shape, **numbers, **fields})
    return found


def seeing() -> Iterator[dict]:
    """Networks in which it is a question whether each number still sees the whole input."""
    pick = random.Random(1).choice
    for _ in range(300):
        shape = pick(
            [(1, 4, 4), (2, 4, 5), (2, 5), (1, 2, 6), (3, 3, 3), (1, 8, 8), (4,), (2, 1, 4)]
        )
        batch, calls, modules = torch.ones(1, *shape), [], []
        for _ in range(pick(range(2, 7))):
            call = one_of_many(tuple(batch.shape[1:]), pick)
            with contextlib.suppress(RuntimeError, IndexError, ValueError), torch.no_grad():
                module = made(call).eval()
                after = module(batch)
                if after.dim() > 1 and after.shape[0] == 1 and after.numel():
                    batch, calls, modules = after, [*calls, call], [*modules, module]
        yield staged(shape, calls, modules)


def levelled() -> Iterator[dict]:
    """Networks that first make numbers equal, or their mean, then hide that or not, then ask."""
    firsts = (
        ("nn.AdaptiveAvgPool2d(1)", "nn.AdaptiveAvgPool2d(3)"),
        ("nn.Softmax(2)",),
        ("nn.BatchNorm2d(1, track_running_stats=False)",),
    )
    between = (
        *("nn.Tanh()", "nn.AvgPool2d(3, 1, padding=1)", "nn.Conv2d(1, 1, 3, padding=1)"),
        "nn.Conv2d(1, 1, 3, padding=1, padding_mode='circular')",
        *("nn.ConvTranspose2d(1, 1, 3, padding=1)", "nn.Linear(3, 3)", "nn.AvgPool2d((1, 2), 1)"),
        *("nn.LPPool2d(2, 2, 1)", "nn.AdaptiveAvgPool2d((3, 2))", "nn.Conv2d(1, 1, 1)"),
    )
    lasts = (
        *(("nn.Softmax(2)",), ("nn.AvgPool2d((3, 2))",), ("nn.AdaptiveAvgPool2d((1, 2))",)),
        *(("nn.Flatten()", "nn.LogSoftmax(1)"), ("nn.Flatten(2)", "nn.AdaptiveAvgPool1d(1)")),
    )
    for first, middle, last in itertools.product(firsts, between, lasts):
        calls, shape = [*first, middle, *last], (1, 3, 3)
        modules = [made(call).eval() for call in calls]
        with contextlib.suppress(RuntimeError), torch.no_grad():
            nn.Sequential(*modules)(torch.ones(1, *shape))
            yield staged(shape, calls, modules)


def one_of_many(shape, pick) -> str:
    """A layer of any kind that hands numbers on, joins them, or makes them equal."""
    rank, channels, last, least = len(shape) - 1, shape[0], shape[-1], min(shape[1:], default=1)
    if not rank:
        return pick(
            [
                *(f"nn.Linear({channels}, {pick((1, 4, 9))})", "nn.Softmax(1)", "nn.Flatten()"),
                *("nn.LogSoftmax(-1)", "nn.Softmax(None)", f"nn.BatchNorm1d({channels})"),
            ]
        )
    few, out = pick((1, 2, 3)), pick((1, 2))
    fill, tracked = pick(FILLS), pick((True, False, False))
    return pick(
        [
            *(f"nn.MaxPool{rank}d({out}, {pick((1, 2))})", f"nn.LPPool{rank}d(2, {out})"),
            *(f"nn.AvgPool{rank}d({few}, {out})", f"nn.AvgPool{rank}d({least})"),
            f"nn.AvgPool{rank}d(3, 1, padding=1)",
            f"nn.Conv{rank}d({channels}, {out}, {few}, padding={pick((0, 1))})",
            f"nn.Conv{rank}d({channels}, {out}, {least})",
            f"nn.Conv{rank}d({channels}, {channels}, 3, padding=1, padding_mode={fill!r})",
            f"nn.Conv{rank}d({channels}, {channels}, 1, stride={out})",
            f"nn.ConvTranspose{rank}d({channels}, {out}, {few}, stride={pick((1, 2))})",
            f"nn.ConvTranspose{rank}d({channels}, {out}, 3, padding={out}, dilation={out})",
            *(f"nn.AdaptiveAvgPool{rank}d({n})" for n in (few, 5)),
            *(f"nn.AdaptiveMaxPool{rank}d({few})", f"nn.Softmax({pick((1, 2, -1, -2))})"),
            *(f"nn.Softmax({rank + 1})", f"nn.LogSoftmax({pick((1, 2, -1))})", "nn.Dropout()"),
            f"nn.BatchNorm{rank}d({channels}, track_running_stats={tracked})",
            *("nn.Tanh()", "nn.Hardtanh(-9, 9)", "nn.Identity()", "nn.Flatten()", "nn.Flatten()"),
            *(f"nn.Flatten({pick((1, 2, -2))})", f"nn.Flatten(1, {pick((1, 2, -2))})"),
            *(f"nn.Linear({last}, {n})" for n in (1, pick((2, 5, last)))),
        ]
    )
