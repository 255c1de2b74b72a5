"""Harvest torch's refusals: provoke each one, and turn its numbers into placeholders.

Each refusal is provoked twice with different numbers, and torch's own words are kept: the site's
script, which runs without torch, says them of other numbers. So a new torch needs no new text.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn, ones

from ..core.errors import SlidingWindowsError


@dataclass(frozen=True)
class Provoked:
    """One way to provoke a refusal. places: by name, what torch's words should hold, as text."""

    action: Callable[[], object]
    places: dict[str, object]

    def words(self) -> str:
        """The first line of what torch says."""
        try:
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")  # of kernels without elements, of odd inputs
                self.action()
        except Exception as error:  # torch raises many kinds
            return str(error).strip().splitlines()[0]
        return ""


def refusals() -> dict[str, str]:
    """torch's words by the names that assets/torch/ has for them, with places such as '{pad}'.

    Raises SlidingWindowsError if this torch does not refuse, or its words of the same refusal
    differ by more than the numbers.
    """
    return {name: template(name, *attempts) for name, attempts in sorted(_all().items())}


def template(name: str, *attempts: Provoked) -> str:
    """What the words of all attempts have in common, with the names of their numbers in braces."""
    result = ""
    for attempt in attempts:
        said = attempt.words()
        if not said:
            raise SlidingWindowsError(f"torch {torch.__version__} does not refuse {name!r}")
        result = result or with_places(said, attempt.places)
        if with_numbers(result, attempt.places) != said:
            raise SlidingWindowsError(
                f"torch {torch.__version__} says of {name!r} {said!r}, which does not follow from "
                f"{result!r} with {attempt.places}"
            )
    return result


def with_places(said: str, places: dict[str, object]) -> str:
    """Texts replaced by names in braces, the longer first; never part of a number or word."""
    texts = {str(value): key for key, value in places.items()}
    if not texts:
        return said
    alone = r"(?<![\w.])"  # not within a number or a word; a bracket begins anywhere
    longer_first = sorted(texts, reverse=True)  # than those that they begin with
    patterns = [(alone if text[0] not in "[({" else "") + re.escape(text) for text in longer_first]
    pattern = rf"(?:{'|'.join(patterns)})(?!\w|\.\d)"
    return re.sub(pattern, lambda match: f"{{{texts[match[0]]}}}", said)


def with_numbers(text: str, places: dict[str, object]) -> str:
    """The inverse; assets/torch/refusals.js does the same."""
    return re.sub(r"\{(\w+)\}", lambda match: str(places[match[1]]), text)


def _all() -> dict[str, tuple[Provoked, ...]]:
    return {**_convolutions(), **_pools(), **_signals(), **_adaptive(), **_others()}


def _convolutions() -> dict[str, tuple[Provoked, ...]]:
    result = {
        "groups": (Provoked(lambda: nn.Conv2d(2, 2, 1, groups=0), {}),),
        "in_channels": (Provoked(lambda: nn.Conv2d(3, 2, 1, groups=2), {}),),
        "out_channels": (Provoked(lambda: nn.Conv2d(2, 3, 1, groups=2), {}),),
        "same": (Provoked(lambda: nn.Conv2d(1, 1, 3, stride=2, padding="same"), {}),),
        "negative padding": (Provoked(lambda: nn.Conv2d(1, 1, 1, padding=-1)(ones(1, 4, 4)), {}),),
        "non-positive stride": (Provoked(lambda: nn.Conv2d(1, 1, 1, stride=0)(ones(1, 4, 4)), {}),),
        "negative output_padding": (
            Provoked(lambda: nn.ConvTranspose2d(1, 1, 2, output_padding=-1)(ones(1, 4, 4)), {}),
        ),
        "negative size": (
            Provoked(lambda: ones(-7, 4, 5), {"wrong": -7, "sizes": [-7, 4, 5]}),
            Provoked(lambda: ones(6, -3), {"wrong": -3, "sizes": [6, -3]}),
        ),
        "kernel too large": (
            Provoked(
                lambda: nn.Conv2d(1, 1, (7, 8))(ones(1, 4, 5)),
                {"padded": "(4 x 5)", "extent": "(7 x 8)"},
            ),
            Provoked(lambda: nn.Conv1d(1, 1, 6)(ones(1, 3)), {"padded": "(3)", "extent": "(6)"}),
        ),
        "channels of Conv": (
            Provoked(
                lambda: nn.Conv2d(6, 8, (3, 4), groups=2)(ones(1, 5, 9, 9)),
                {"groups": 2, "weight": [8, 3, 3, 4], "input": [1, 5, 9, 9], "wanted": 6, "got": 5},
            ),
            Provoked(
                lambda: nn.Conv1d(7, 4, 3)(ones(1, 11, 9)),
                {"groups": 1, "weight": [4, 7, 3], "input": [1, 11, 9], "wanted": 7, "got": 11},
            ),
        ),
        "channels of ConvTranspose": (
            Provoked(
                lambda: nn.ConvTranspose2d(6, 8, (3, 4), groups=2)(ones(1, 5, 9, 9)),
                {"weight": [6, 4, 3, 4], "input": [1, 5, 9, 9], "wanted": 6, "got": 5},
            ),
            Provoked(
                lambda: nn.ConvTranspose1d(7, 4, 3)(ones(1, 11, 9)),
                {"weight": [7, 4, 3], "input": [1, 11, 9], "wanted": 7, "got": 11},
            ),
        ),
        "no channels": (
            Provoked(
                lambda: nn.Conv2d(6, 0, (4, 5), groups=3)(ones(1, 6, 9, 9)),
                {"groups": 3, "weight": [0, 2, 4, 5]},
            ),
            Provoked(lambda: nn.Conv1d(5, 0, 6)(ones(1, 5, 9)), {"groups": 1, "weight": [0, 5, 6]}),
        ),
        "copied padding's dimensions": (
            Provoked(
                lambda: nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect")(ones(6, 1, 1, 9, 9)),
                {"count": 4, "rank": "5D"},
            ),
            Provoked(
                lambda: nn.Conv1d(1, 1, 3, padding=1, padding_mode="reflect")(ones(6, 1, 9, 9)),
                {"count": 2, "rank": "4D"},
            ),
        ),
        "circular": (
            Provoked(
                lambda: nn.Conv1d(1, 1, 9, padding=4, padding_mode="circular")(ones(1, 1, 3)), {}
            ),
        ),
        "reflect": (
            Provoked(
                lambda: nn.Conv2d(1, 1, 9, padding=(0, 7), padding_mode="reflect")(
                    ones(1, 1, 8, 6)
                ),
                {"argument": 4, "padding": "(7, 7)", "dimension": 3, "input": [1, 1, 8, 6]},
            ),
            Provoked(
                lambda: nn.Conv2d(1, 1, 9, padding=(8, 0), padding_mode="reflect")(ones(1, 5, 7)),
                {"argument": 6, "padding": "(8, 8)", "dimension": 1, "input": [1, 5, 7]},
            ),
        ),
        "output_padding too large": (
            Provoked(
                lambda: nn.ConvTranspose2d(
                    *(1, 1, 3, (2, 3)), output_padding=(6, 7), dilation=(4, 5)
                )(ones(1, 9, 9)),
                {"oh": 6, "ow": 7, "sh": 2, "sw": 3, "dh": 4, "dw": 5},
            ),
            Provoked(
                lambda: nn.ConvTranspose2d(
                    *(1, 1, 3, (9, 8)), output_padding=(11, 12), dilation=(3, 2)
                )(ones(1, 9, 9)),
                {"oh": 11, "ow": 12, "sh": 9, "sw": 8, "dh": 3, "dw": 2},
            ),
        ),
    }
    for kind in (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d):
        name = kind.__name__
        result[f"dimensions of {name}"] = tuple(
            Provoked(lambda kind=kind, s=shape: kind(1, 1, 1)(ones(s)), {"input": list(shape)})
            for shape in ((7,), (6, 1, 5, 4, 3))
        )
        if "Transpose" in name:
            mode = Provoked(lambda kind=kind: kind(1, 1, 1, padding_mode="reflect"), {})
            result[f"padding_mode of {name}"] = (mode,)
    return result


def _pools() -> dict[str, tuple[Provoked, ...]]:
    x = ones(1, 40, 40)

    def pairs(name: str, first: tuple[int, int]) -> tuple[Provoked, ...]:
        """Two numbers below one, of which the effective kernel is not yet too small."""
        return tuple(
            Provoked(
                lambda both=both: nn.MaxPool2d(**{"kernel_size": 3, "stride": 1, name: both})(x),
                {"h": both[0], "w": both[1]},
            )
            for both in (first, (5, -1))
        )

    return {
        "pool's stride of 0": (Provoked(lambda: nn.MaxPool2d(2, 0)(x), {}),),
        "pool's negative padding": (
            Provoked(lambda: nn.MaxPool2d(3, 1, -1)(x), {"pad": -1}),
            Provoked(lambda: nn.MaxPool2d(3, 1, -12)(x), {"pad": -12}),
        ),
        "half of effective kernel": (
            Provoked(lambda: nn.MaxPool2d(5, 1, 7, 2)(x), {"pad": 7, "kernel": 5, "dilation": 2}),
            Provoked(lambda: nn.MaxPool2d(4, 1, 11, 3)(x), {"pad": 11, "kernel": 4, "dilation": 3}),
        ),
        "half of kernel": (
            Provoked(
                lambda: nn.MaxPool2d((4, 5), 1, (3, 6), 3)(x), {"ph": 3, "pw": 6, "kh": 4, "kw": 5}
            ),
            Provoked(
                lambda: nn.MaxPool2d((6, 7), 1, (5, 4), 3)(x), {"ph": 5, "pw": 4, "kh": 6, "kw": 7}
            ),
        ),
        "pool's kernel_size": pairs("kernel_size", (-1, 0)),
        "pool's stride": pairs("stride", (-1, -2)),
        "pool's dilation": pairs("dilation", (-1, 0)),
        "too small": (
            Provoked(
                lambda: nn.MaxPool2d(4)(ones(5, 3, 2)), {"input": "(5x3x2)", "output": "(5x0x0)"}
            ),
            Provoked(
                lambda: nn.MaxPool2d(9, 1)(ones(6, 4, 3)),
                {"input": "(6x4x3)", "output": "(6x-4x-5)"},
            ),
        ),
        "dimensions of MaxPool2d": (Provoked(lambda: nn.MaxPool2d(2)(ones(4, 4)), {}),),
        "dimensions of AvgPool2d": tuple(
            Provoked(lambda s=shape: nn.AvgPool2d(2)(ones(s)), {"input": list(shape)})
            for shape in ((7, 1, 6, 5, 4), (2, 3, 1, 8, 6, 4))
        ),
        "dimensions of LPPool2d": tuple(
            Provoked(lambda s=shape: nn.LPPool2d(2, 2)(ones(s)), {"input": list(shape)})
            for shape in ((7, 1, 6, 5, 4), (2, 3, 1, 8, 6, 4))
        ),
        "divisor": (Provoked(lambda: nn.AvgPool2d(2, divisor_override=0)(x), {}),),
        "norm_type": (Provoked(lambda: nn.LPPool2d(0, 2)(x), {}),),
        "dimension": (
            Provoked(lambda: ones(4, 4).size(-5), {"least": -2, "most": 1, "got": -5}),
            Provoked(lambda: ones(4, 4, 4, 4).size(8), {"least": -4, "most": 3, "got": 8}),
        ),
    }


def _signals() -> dict[str, tuple[Provoked, ...]]:
    x = ones(1, 40)
    result = {
        "dimensions of MaxPool1d": tuple(
            Provoked(lambda s=shape: nn.MaxPool1d(2)(ones(s)), {"input": list(shape)})
            for shape in ((7,), (6, 1, 5, 4))
        ),
        "signal's kernel_size": tuple(
            Provoked(lambda k=k: nn.MaxPool1d(k, 1)(x), {"kernel": k}) for k in (-3, -12)
        ),
        "signal's stride": tuple(
            Provoked(lambda s=s: nn.MaxPool1d(3, s)(x), {"stride": s}) for s in (-3, -12)
        ),
        "signal's padding": tuple(
            Provoked(lambda p=p: nn.MaxPool1d(3, 1, p)(x), {"pad": p}) for p in (-3, -12)
        ),
        "signal's half of kernel": (
            Provoked(lambda: nn.MaxPool1d(4, 1, 3)(x), {"pad": 3, "kernel": 4}),
            Provoked(lambda: nn.MaxPool1d(12, 1, 7)(x), {"pad": 7, "kernel": 12}),
        ),
        "signal's dilation": tuple(
            Provoked(lambda d=d: nn.MaxPool1d(3, 1, 0, d)(x), {"dilation": d}) for d in (-3, -12)
        ),
        "signal too small": (
            Provoked(lambda: nn.MaxPool1d(9, 1)(ones(1, 4)), {"output": -4}),
            Provoked(lambda: nn.MaxPool1d(8, 1)(ones(1, 7)), {"output": 0}),
        ),
    }
    for name in ("AvgPool1d", "AdaptiveAvgPool1d", "AdaptiveMaxPool1d"):
        result[f"dimensions of {name}"] = tuple(
            Provoked(
                lambda n=name, s=shape: getattr(nn, n)(2)(ones(s)),
                {"rank": f"{len(shape)}-dimensional"},
            )
            for shape in ((7,), (6, 1, 5, 4))
        )
    return result


def _adaptive() -> dict[str, tuple[Provoked, ...]]:
    result = {
        "adaptive of None": (Provoked(lambda: nn.AdaptiveAvgPool2d(None)(ones(1, 4, 4)), {}),),
        "negative output_size": (
            Provoked(lambda: nn.AdaptiveAvgPool2d((-2, 3))(ones(1, 4, 4)), {"sizes": "{-2, 3}"}),
            Provoked(lambda: nn.AdaptiveAvgPool2d((5, -7))(ones(1, 4, 4)), {"sizes": "{5, -7}"}),
        ),
        "adaptive input": (Provoked(lambda: nn.AdaptiveAvgPool2d((2, 2))(ones(4, 4)), {}),),
    }
    for name in ("AdaptiveAvgPool2d", "AdaptiveMaxPool2d"):
        result[f"dimensions of {name}"] = tuple(
            Provoked(lambda n=name, s=shape: getattr(nn, n)(2)(ones(s)), {"input": list(shape)})
            for shape in ((7, 1, 6, 5, 4), (2, 3, 1, 8, 6, 4))
        )
    return result


def _others() -> dict[str, tuple[Provoked, ...]]:
    return {
        "approximate": (Provoked(lambda: nn.GELU("other")(ones(1)), {}),),
        "alpha": (Provoked(lambda: nn.CELU(0)(ones(1)), {}),),
        "p": (
            Provoked(lambda: nn.Dropout(-0.25), {"p": -0.25}),
            Provoked(lambda: nn.Dropout(7), {"p": 7}),
        ),
        "dimensions of Dropout1d": (
            Provoked(lambda: nn.Dropout1d()(ones(1, 1, 1, 1)), {"rank": "4D"}),
            Provoked(lambda: nn.Dropout1d()(ones(1)), {"rank": "1D"}),
        ),
        "num_parameters": (
            Provoked(lambda: nn.PReLU(4)(ones(1, 3, 2)), {"parameters": 4, "channels": 3}),
            Provoked(lambda: nn.PReLU(7)(ones(1, 5, 2)), {"parameters": 7, "channels": 5}),
        ),
        "zeros": (Provoked(lambda: nn.BatchNorm1d(-1, affine=False), {}),),
        "dimensions of BatchNorm1d": (
            Provoked(lambda: nn.BatchNorm1d(1)(ones(1, 1, 1, 1)), {"rank": "4D"}),
            Provoked(lambda: nn.BatchNorm1d(1)(ones(1)), {"rank": "1D"}),
        ),
        "dimensions of BatchNorm2d": (
            Provoked(lambda: nn.BatchNorm2d(1)(ones(1, 1, 1)), {"rank": "3D"}),
            Provoked(lambda: nn.BatchNorm2d(1)(ones(1, 1)), {"rank": "2D"}),
        ),
        "eps": (
            Provoked(lambda: nn.BatchNorm1d(1, eps=-0.5).eval()(ones(1, 1, 2)), {"eps": -0.5}),
            Provoked(lambda: nn.BatchNorm1d(1, eps=-2.0).eval()(ones(1, 1, 2)), {"eps": "-2.0"}),
        ),
        "one value": (
            Provoked(
                lambda: nn.BatchNorm1d(3, track_running_stats=False)(ones(1, 3)), {"input": [1, 3]}
            ),
            Provoked(
                lambda: nn.BatchNorm2d(4, track_running_stats=False)(ones(1, 4, 1, 1)),
                {"input": [1, 4, 1, 1]},
            ),
        ),
        "num_features": (
            Provoked(
                lambda: nn.BatchNorm1d(3).eval()(ones(1, 5, 2)),
                {"what": "running_mean", "got": 5, "features": 3},
            ),
            Provoked(
                lambda: nn.BatchNorm1d(7, track_running_stats=False)(ones(1, 4, 2)),
                {"what": "weight", "got": 4, "features": 7},
            ),
        ),
        "flatten": (Provoked(lambda: nn.Flatten(2, 1)(ones(1, 2, 3)), {}),),
        "linear": (
            Provoked(lambda: nn.Linear(5, 6)(ones(3, 4)), {"rows": "3x4", "weight": "5x6"}),
            Provoked(lambda: nn.Linear(9, 7)(ones(2, 4, 8)), {"rows": "8x8", "weight": "9x7"}),
        ),
    }
