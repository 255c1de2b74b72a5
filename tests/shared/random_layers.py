"""Random layers and networks, valid and invalid, as torch calls."""

from __future__ import annotations

import inspect
import random

import torch
from torch import nn

ACTIVATIONS = (
    "ReLU ReLU6 LeakyReLU PReLU ELU SELU CELU GELU SiLU Mish Sigmoid Tanh Hardtanh Hardsigmoid "
    "Hardswish Softplus Softsign LogSigmoid Identity"
).split()


class Maker:
    """Draws calls from one seed. wrong: how often an argument is one that cannot fit."""

    def __init__(self, seed: int, wrong: float = 0.04):
        self.chance, self.wrong = random.Random(seed), wrong

    def _one_in(self, odds: float) -> bool:
        return self.chance.random() < odds

    def _wild(self, value, odds: float | None = None):
        odds = self.wrong if odds is None else odds
        return self.chance.choice([0, -1, 7, 50]) if self._one_in(odds) else value

    def _pair(self, rank: int, low: int, high: int):
        draw = self.chance.randint
        if rank == 1 or self._one_in(0.6):
            return draw(low, high)
        return (draw(low, high), draw(low, high))

    def shape(self) -> tuple[int, ...]:
        draw, kind = self.chance.randint, self.chance.random()
        if kind < 0.65:
            return (draw(1, 4), draw(1, 14), draw(1, 14))
        return (draw(2, 4), draw(1, 24)) if kind < 0.9 else (draw(2, 30),)

    def call(self, shape) -> str:
        """A layer for an input of this shape, without the batch."""
        rank = len(shape) - 1
        if rank not in (1, 2) or self._one_in(self.wrong):
            rank = self.chance.choice((1, 2))
        kinds = [self._conv, self._conv, self._transposed, self._pool, self._pool, self._adaptive]
        kinds += [self._activation, self._norm, self._dropout, self._flatten, self._linear]
        name, arguments, options = self.chance.choice(kinds)(shape, rank)
        words = [repr(value) for value in arguments]
        words += [f"{key}={value!r}" for key, value in options.items()]
        return f"nn.{name}({', '.join(words)})"

    def window(self, rank: int) -> str:
        """A layer with windows, from one channel to one."""
        choices = (self._conv, self._transposed, self._pool, self._pool, self._adaptive)
        name, arguments, options = self.chance.choice(choices)((1,), rank)
        if name.startswith("Conv"):
            arguments[:2] = [1, 1]
            options.pop("groups", None)
        words = [repr(value) for value in arguments]
        words += [f"{key}={value!r}" for key, value in options.items()]
        return f"nn.{name}({', '.join(words)})"

    def _channels(self, shape) -> int:
        return self.chance.randint(1, 5) if self._one_in(self.wrong) else shape[0]

    def _conv(self, shape, rank):
        channels = self._channels(shape)
        groups = self.chance.choice([1, 1, 1, channels])
        out = self.chance.randint(1, 3) * groups
        options = {}
        if self._one_in(0.5):
            options["stride"] = self._wild(self._pair(rank, 1, 3))
        if self._one_in(0.6):
            word = self._one_in(0.25)
            options["padding"] = (
                self.chance.choice(["same", "valid"])
                if word
                else self._wild(self._pair(rank, 0, 2))
            )
        if self._one_in(0.3):
            options["dilation"] = self._pair(rank, 1, 3)
        if groups != 1:
            options["groups"] = groups
        if self._one_in(0.2):
            options["bias"] = False
        if self._one_in(0.2):
            options["padding_mode"] = self.chance.choice(["reflect", "replicate", "circular"])
        return f"Conv{rank}d", [channels, out, self._pair(rank, 1, 4)], options

    def _transposed(self, shape, rank):
        options = {}
        for name, odds, low, high in (
            ("stride", 0.6, 1, 3),
            ("padding", 0.5, 0, 2),
            ("output_padding", 0.3, 0, 2),
        ):
            if self._one_in(odds):
                options[name] = self._wild(self._pair(rank, low, high))
        if self._one_in(0.3):
            options["dilation"] = self._pair(rank, 1, 3)
        out = self.chance.randint(1, 4)
        arguments = [self._channels(shape), out, self._pair(rank, 1, 4)]
        return f"ConvTranspose{rank}d", arguments, options

    def _pool(self, shape, rank):
        kind = self.chance.choice(["Max", "Avg", "LP"])
        arguments, options = [self._wild(self._pair(rank, 1, 4))], {}
        if self._one_in(0.6):
            options["stride"] = self._wild(self._pair(rank, 1, 3))
        if kind != "LP" and self._one_in(0.4):
            options["padding"] = self._wild(self._pair(rank, 0, 2))
        if kind == "Max" and self._one_in(0.3):
            options["dilation"] = self._wild(self._pair(rank, 1, 3))
        if self._one_in(0.3):
            options["ceil_mode"] = True
        if kind == "Avg" and self._one_in(0.3):
            options["count_include_pad"] = False
        if kind == "Avg" and rank == 2 and self._one_in(0.2):
            options["divisor_override"] = self.chance.randint(1, 3)
        if kind == "LP":
            arguments.insert(0, self.chance.choice([1, 2, 3, 2.5]))
        return f"{kind}Pool{rank}d", arguments, options

    def _adaptive(self, shape, rank):
        size = self._wild(self._pair(rank, 1, 5), self.wrong / 2)
        if rank == 2 and self._one_in(0.2):
            size = (None, 3)
        return f"Adaptive{self.chance.choice(['Avg', 'Max'])}Pool{rank}d", [size], {}

    def _activation(self, shape, rank):
        name = self.chance.choice(ACTIVATIONS)
        return name, [self.chance.choice([1, shape[0]])] if name == "PReLU" else [], {}

    def _norm(self, shape, rank):
        choices = [{}, {}, {"affine": False}]
        return f"BatchNorm{rank}d", [self._wild(self._channels(shape))], self.chance.choice(choices)

    def _dropout(self, shape, rank):
        odds = self.chance.choice([[], [0.3], [1.5] if self._one_in(self.wrong * 4) else [0]])
        return self.chance.choice(["Dropout", "Dropout2d"]), odds, {}

    def _flatten(self, shape, rank):
        wrong = self._one_in(self.wrong * 2)
        return "Flatten", self.chance.choice([[5], [0]] if wrong else [[], [], [1], [-2]]), {}

    def _linear(self, shape, rank):
        wrong = self._one_in(self.wrong * 2)
        into = self.chance.randint(1, 9) if wrong else shape[-1]
        return "Linear", [into, self.chance.randint(1, 6)], {}


def network(maker: Maker, longest: int = 7):
    """(input shape, calls, modules that run, torch's words for the first call that does not).

    The words are '' where torch hands on nothing that is left of a batch of one.
    """
    shape = maker.shape()
    batch = torch.randn(1, *shape, generator=torch.Generator().manual_seed(0))
    calls, modules = [], []
    for _ in range(maker.chance.randint(1, longest)):
        call = maker.call(tuple(batch.shape[1:]))
        try:
            module = eval(call, {"nn": nn}).eval()
            with torch.no_grad():
                after = module(batch)
        except Exception as error:
            return shape, [*calls, call], modules, str(error).strip().splitlines()[0]
        if after.dim() < 2 or after.shape[0] != 1 or 0 in after.shape:
            return shape, [*calls, call], modules, ""
        if not after.isfinite().all():
            continue
        batch = after
        calls.append(call)
        modules.append(module)
    return shape, calls, modules, None


# Values that a reader may give an argument by mistake.
ODD = (
    "None True False 0 -1 3 2.0 1.5 '2' 'same' () (1,) (2,) [2] (2,2) (1,2,1) (2,None) (None,2) "
    "(None,None) (None,) (2,1.0) (True,2) ((2,2),) ('2',2)"
).split()
USUAL = {"kernel_size": 2, "norm_type": 2, "output_size": 2, "in_features": 5, "out_features": 3}


def malformed(name: str, channels: int) -> list[str]:
    """Calls of a layer, each with one argument or two that may not fit."""
    names = list(inspect.signature(getattr(nn, name)).parameters)
    if not names or names[0] == "args":
        return [f"nn.{name}()"]
    usual = USUAL | {"in_channels": channels, "out_channels": channels, "num_features": channels}
    base = {key: str(value) for key, value in usual.items() if key in names}
    chance = random.Random(name)
    given = [{one: value} for one in names for value in ODD]
    for _ in range(100):
        given.append({one: chance.choice(ODD) for one in chance.sample(names, min(2, len(names)))})
    texts = [", ".join(f"{key}={value}" for key, value in (base | odd).items()) for odd in given]
    return [f"nn.{name}({text})" for text in texts]
