"""The sentence that says how an output's size comes about: its sum is right, and torch's."""

from __future__ import annotations

import math
import re

import pytest
import torch
from checking import torch_says
from hypothesis import given
from naive import parameter
from strategies import average_pools, convolutions, lp_pools, max_pools, transposed
from sweeps import draws
from torch import nn

from slidingwindows import SlidingWindowsError, route, slide
from slidingwindows.words import transfer
from slidingwindows.words.trace import a_size, alt_text, size_words

pytestmark = [
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel"),
    pytest.mark.filterwarnings("ignore:Initializing zero-element tensors"),
]
sweep = draws(60)
NAMES = {1: ["size"], 2: ["height", "width"], 3: ["depth", "height", "width"]}
KINDS = (max_pools, average_pools, lp_pools, convolutions, transposed)
LESS = re.compile(r", less (\d+) that would start (in the padding|past the end): (\d+)$")


def value(text: str) -> int:
    """A sum as it is written on a figure, worked out."""
    text = re.sub(r"⌊(.+)⌋", r"math.floor(\1)", text)
    text = re.sub(r"⌈(.+)⌉", r"math.ceil(\1)", text)
    text = text.replace("−", "-").replace("·", "*")
    assert re.fullmatch(r"(?:math\.(?:floor|ceil)|[\d\s()+*/-])+", text), text
    return eval(text, {"math": math})


def checked_words(module, x, dims, trace) -> None:
    said = module(x)
    said = said[0] if isinstance(said, tuple) else said
    told = {}
    for line in size_words(trace):
        names, _, formula = line.partition(": ")
        for name in names.split(" and "):
            assert name not in told
            told[name] = formula
    lines = len(size_words(trace))
    assert list(told) == ["size"] if lines == 1 else sorted(told) == sorted(NAMES[dims])
    for axis, name in enumerate(NAMES[dims]):
        formula, n = told.get(name, told.get("size")), x.shape[axis - dims]
        less = LESS.search(formula)
        left, result = LESS.sub("", formula).split(" = ")
        assert value(left) == int(result)
        size = said.shape[axis - dims]
        assert size == (int(less[3]) if less else int(result))
        assert not less or size == int(result) - int(less[1])
        stride = parameter(module, "stride", axis) or parameter(module, "kernel_size", axis)
        if type(module).__name__.startswith("ConvTranspose"):
            assert left.startswith(f"({n} − 1)·{stride}")
        else:
            assert re.match(rf"[⌊⌈]\({n}\b", left) and f") / {stride}" in left
            assert left.startswith("⌈") == bool(getattr(module, "ceil_mode", False))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_sizes_add_up_to_torchs(kind, dims):
    @given(kind(dims=dims))
    @sweep
    def swept(case):
        if torch_says(case.module, case.input) is None:
            return
        try:
            trace = slide(case.module, case.input, case.channel, case.sample)
        except SlidingWindowsError:
            return  # the sweeps of slide say which
        checked_words(case.module, case.input, dims, trace)
        seen.append(size_words(trace))

    seen = []
    swept()
    assert len(seen) >= 5 and len({len(lines) for lines in seen}) == min(dims, 2) + (dims > 2)


def told(module, *shape):
    return size_words(slide(module, torch.ones(1, *shape)))


@pytest.mark.parametrize(
    ("module", "shape", "lines"),
    [
        (nn.MaxPool2d(3, 2, 1), (6, 6), ["size: ⌊(6 + 2·1 − 3) / 2⌋ + 1 = 3"]),
        (
            nn.AvgPool1d(2, 3, 1, ceil_mode=True),
            (7,),
            ["size: ⌈(7 + 2·1 − 2) / 3⌉ + 1 = 4, less 1 that would start past the end: 3"],
        ),
        (
            nn.MaxPool1d(2, 3, 1, ceil_mode=True),
            (5,),
            ["size: ⌈(5 + 2·1 − 2) / 3⌉ + 1 = 3, less 1 that would start in the padding: 2"],
        ),
        (
            nn.ConvTranspose2d(1, 1, 3, (2, 1), (1, 2), (1, 0), dilation=(2, 1)),
            (4, 5),
            [
                "height: (4 − 1)·2 − 2·1 + 2·(3 − 1) + 1 + 1 = 10",
                "width: (5 − 1)·1 − 2·2 + 3 − 1 + 1 = 3",
            ],
        ),
        (
            nn.Conv3d(1, 1, (2, 3, 2), padding=(0, 1, 0)),
            (5, 5, 5),
            ["depth and width: ⌊(5 − 2) / 1⌋ + 1 = 4", "height: ⌊(5 + 2·1 − 3) / 1⌋ + 1 = 5"],
        ),
        (nn.Conv1d(1, 1, 2, padding="same"), (5,), ["size: ⌊(5 + 0 + 1 − 2) / 1⌋ + 1 = 5"]),
        (
            nn.AdaptiveAvgPool2d((2, 3)),
            (5, 7),
            [
                "height: window j is ⌊j·5/2⌋ ≤ i < ⌈(j + 1)·5/2⌉",
                "width: window j is ⌊j·7/3⌋ ≤ i < ⌈(j + 1)·7/3⌉",
            ],
        ),
        (
            nn.FractionalMaxPool2d((2, 3), output_size=(3, 2)),
            (7, 7),
            ["height: 3 windows of 2 at random places", "width: 2 windows of 3 at random places"],
        ),
    ],
    ids=str,
)
def test_each_kind_of_sum(module, shape, lines):
    assert told(module, *shape) == lines


UNDER_20 = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def spoken(n: int) -> str:
    """The first word of a number that is read aloud."""
    for unit in (1000, 100):
        if n >= unit:
            return spoken(n // unit)
    return UNDER_20[n - 1] if n < 20 else TENS[n // 10 - 2]


@pytest.mark.parametrize("n", [*range(1, 121), 800, 899, 1100, 1800, 8000, 11000, 18999, 110000])
def test_the_article_of_a_size_is_that_of_its_first_word(n):
    word = spoken(n)
    article = "an" if word[0] in "aeiou" and word != "one" else "a"  # 'one' starts like 'won'
    assert a_size((n, 3)) == f"{article} {n}×3"


@pytest.mark.parametrize("n", [7, 8, 11, 18, 80, 81])
def test_every_alt_text_takes_the_article_of_its_sizes(n):
    before, after, pool = torch.zeros(1, n + 1, 3), torch.zeros(1, n, 3), nn.AvgPool2d(2, 1)
    texts = [
        alt_text(slide(pool, before)),
        alt_text(slide(pool, after)),
        transfer.alt_text(route(pool, before)),
        transfer.alt_text(slide(nn.Unfold(2), after)),
    ]
    texts.append(alt_text(slide(nn.AvgPool3d(2, 1), torch.zeros(1, n, 3, 3))))
    found = [pair for text in texts for pair in re.findall(r"\b(an?) (\d+)×", text)]
    assert len(found) >= 8
    assert [f"{article} {size}×1" for article, size in found] == [
        a_size((int(size), 1)) for _, size in found
    ]
