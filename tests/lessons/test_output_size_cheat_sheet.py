"""Every formula and number in lessons/output-size-cheat-sheet.py, from torch."""

import inspect
import random
import re

import pytest
import torch
from claims import LESSONS, Claims
from torch import nn

from slidingwindows import Geometry
from slidingwindows.lessons import read

NAME = "output-size-cheat-sheet"


def side(layer, i):
    """What comes out; None where torch refuses."""
    try:
        return layer(torch.zeros(1, i, i)).shape[-1]
    except RuntimeError:
        return None


def executed() -> tuple[dict, str]:
    """What the page's cells define, and all that they print."""
    printed: list[str] = []
    names: dict = {"print": lambda *parts: printed.append(" ".join(map(str, parts)))}
    for cell in read(LESSONS / f"{NAME}.py").code:
        exec(compile(cell.source, NAME, "exec"), names)
    return names, "\n".join(printed)


PAGE, PRINTED = executed()


def keeps(layer):
    return all(side(layer, i) == i for i in range(30, 40))


def refuses(call, kind):
    try:
        call()
    except kind:
        return True
    return False


def test_every_number_in_the_prose():
    lesson = Claims(NAME)
    conv, transposed = nn.Conv2d(1, 1, 3), nn.ConvTranspose2d(1, 1, 3)
    pool = nn.MaxPool2d(3)
    lesson.says("| $s$ | `stride` | 1 | $k$ |", (conv.stride, pool.stride) == ((1, 1), 3))
    lesson.says(
        "| $p$ | `padding`, on each side | 0 | 0 |", (conv.padding, pool.padding) == ((0, 0), 0)
    )
    lesson.says("| $d$ | `dilation` | 1 | 1 |", (conv.dilation, pool.dilation) == ((1, 1), 1))
    lesson.says(
        "| $a$ | `output_padding`, transposed only | 0 | |", transposed.output_padding == (0, 0)
    )
    formulas(lesson)
    settings(lesson)
    mistakes(lesson)
    lesson.complete()


def formulas(lesson):
    agree = {"plain": True, "ceiling": True, "transposed": True}
    draw = random.Random(3)
    taken = 0
    for _ in range(600):
        i, k, s, d = (draw.randint(1, n) for n in (30, 7, 6, 3))
        p, a = draw.randint(0, 3), draw.randint(0, 2)
        cases = [
            ("plain", nn.Conv2d(1, 1, k, s, p, d), (i, k, s, p, d)),
            ("plain", nn.MaxPool2d(k, s, p, d), (i, k, s, p, d)),
            ("plain", nn.AvgPool2d(k, s, p), (i, k, s, p)),
            ("ceiling", nn.MaxPool2d(k, s, p, d, ceil_mode=True), (i, k, s, p, d)),
            ("ceiling", nn.AvgPool2d(k, s, p, ceil_mode=True), (i, k, s, p)),
            ("transposed", nn.ConvTranspose2d(1, 1, k, s, p, a, dilation=d), (i, k, s, p, d, a)),
        ]
        for name, layer, setting in cases:
            made = side(layer, i)
            if made is not None:
                taken += 1
                agree[name] &= made == PAGE[name](*setting)
    assert taken > 1000
    lesson.says(r"o = \left\lfloor \frac{i + 2p - d(k-1) - 1}{s} \right\rfloor + 1", agree["plain"])
    lesson.says(
        "Average pooling is the same with $d = 1$; it has no dilation",
        "dilation" not in inspect.signature(nn.AvgPool2d).parameters,
    )
    lesson.says(
        r"o = \left\lceil \frac{i + 2p - d(k-1) - 1}{s} \right\rceil + 1, "
        r"\quad\text{and one less if}\quad (o - 1)\,s \ge i + p",
        agree["ceiling"],
    )
    lesson.says(r"o = (i - 1)\,s - 2p + d(k-1) + a + 1", agree["transposed"])
    lesson.says(
        r"Window number $j$, counted from 0, reads from $\lfloor j\,i / o \rfloor$ up to, but "
        r"without, $\lceil (j+1)\,i / o \rceil$",
        all(adaptive_agrees(i, o) for i in range(1, 26) for o in range(1, 13)),
    )


def adaptive_agrees(i, o):
    """By gradient, not by a bright pixel: which places each output hears."""
    x = torch.rand(1, i, requires_grad=True)
    out = nn.AdaptiveAvgPool1d(o)(x)[0]
    for j in range(o):
        (heard,) = torch.autograd.grad(out[j], x, retain_graph=True)
        start, end = (j * i) // o, ((j + 1) * i + o - 1) // o
        if heard[0].nonzero().flatten().tolist() != list(range(start, end)):
            return False
    return True


def settings(lesson):
    same = {
        (k, d): [p for p in range(12) if keeps(nn.Conv2d(1, 1, k, padding=p, dilation=d))]
        for k in range(1, 8)
        for d in range(1, 4)
    }
    lesson.says(
        "At stride 1: $2p = d(k - 1)$",
        all(
            found == [p for p in range(12) if 2 * p == d * (k - 1)]
            for (k, d), found in same.items()
        ),
    )
    lesson.says(
        "An odd kernel always has such a padding. An even kernel has one only with an even "
        "dilation. Here torch is asked, for kernels up to 7 and dilations up to 3",
        all(bool(found) == (k % 2 == 1 or d % 2 == 0) for (k, d), found in same.items()),
    )
    pools = {
        (k, d)
        for k in range(1, 8)
        for d in range(1, 4)
        for p in range(12)
        if keeps(nn.MaxPool2d(k, 1, p, d))
    }
    lesson.says(
        "a *dilated* max pool with a kernel of 3 or more cannot keep the size by itself",
        {(k, d) for k, d in pools if d > 1} == {(1, 2), (1, 3), (2, 2)},
    )
    assert {k for k, d in pools if d == 1} == {1, 3, 5, 7}, "only with an odd kernel"
    by_hand = nn.functional.pad(torch.rand(1, 9, 9), (2, 2, 2, 2), value=-torch.inf)
    assert nn.MaxPool2d(3, 1, dilation=2)(by_hand).shape == (1, 9, 9), "pad by hand before it"
    halved, up, down = set(), set(), set()
    for k in range(1, 10):
        for p in range(6):
            made = {i: side(nn.Conv2d(1, 1, k, 2, p), i) for i in range(30, 40)}
            if all(made[i] == i // 2 for i in made if i % 2 == 0):
                halved.add((k, p))
                up |= {(k, p)} if all(made[i] == (i + 1) // 2 for i in made) else set()
                down |= {(k, p)} if all(made[i] == i // 2 for i in made) else set()
    every = {(k, p) for k in range(1, 10) for p in range(6)}
    lesson.says(
        "At stride 2 an even size is halved if $k - 2p$ is 1 or 2. The two differ on odd sizes: "
        "1 rounds up, 2 rounds down",
        halved == {(k, p) for k, p in every if k - 2 * p in (1, 2)}
        and up == {(k, p) for k, p in every if k - 2 * p == 1}
        and down == {(k, p) for k, p in every if k - 2 * p == 2},
    )
    lesson.says(
        "stride $s$ divides the multiples of $s$ exactly if $k - 2p$ is one of 1 to $s$ "
        "(with dilation, $d(k-1) + 1$ takes the place of $k$)",
        all(divides(k, s, p, d) == (1 <= d * (k - 1) + 1 - 2 * p <= s)
            for k in range(1, 7) for s in range(1, 6) for p in range(4) for d in range(1, 4)),
    )  # fmt: skip
    lesson.says(
        "multiplies the size by $s$ if $k + a - 2p = s$. For $s = 2$",
        all(
            (side(nn.ConvTranspose2d(1, 1, k, s, p, a), 20) == 20 * s) == (k + a - 2 * p == s)
            for k in range(1, 8)
            for s in range(1, 5)
            for p in range(4)
            for a in range(s)
        ),
    )


def divides(k, s, p, d):
    layer = nn.Conv2d(1, 1, k, s, p, d)
    return all(side(layer, n * s) == n for n in range(20, 24))


def mistakes(lesson):
    lesson.says(
        "`MaxPool2d(3)` divides by 3, `Conv2d(…, 3)` takes away 2",
        all(
            (side(nn.MaxPool2d(3), i), side(nn.Conv2d(1, 1, 3), i)) == (i // 3, i - 2)
            for i in range(6, 20)
        ),
    )
    lesson.says(
        '`padding="same"` works for convolutions at stride 1 only',
        keeps(nn.Conv2d(1, 1, 3, padding="same"))
        and refuses(lambda: nn.Conv2d(1, 1, 3, 2, padding="same"), ValueError)
        and refuses(lambda: nn.MaxPool2d(3, 1, padding="same")(torch.rand(1, 9, 9)), TypeError),
    )
    assert "ceil_mode" not in inspect.signature(nn.Conv2d).parameters
    down = nn.Conv2d(1, 1, 3, stride=2, padding=1)
    lesson.says(
        "7 and 8 both become 4 under `Conv2d(…, 3, stride=2, padding=1)`",
        (side(down, 7), side(down, 8)) == (4, 4),
    )
    back = [side(nn.ConvTranspose2d(1, 1, 3, 2, 1, a), 4) for a in (0, 1)]
    assert back == [7, 8] and "[4, 4] [7, 8]" in PRINTED


ROW = re.compile(
    r"^((?:Conv|ConvTranspose|MaxPool|AvgPool|AdaptiveAvgPool)2d\(.*?\))((?: +[\d-]+)+)$"
)


def rows():
    found, sides = [], ()
    for line in PRINTED.split("\n"):
        if re.fullmatch(r"[ \d]+", line):
            sides = tuple(map(int, line.split()))
        if match := ROW.match(line):
            found.append((match.group(1), sides, match.group(2).split()))
    return found


def test_the_table_is_found():
    assert len(rows()) == 25 and {len(sides) for _, sides, _ in rows()} == {5, 2}


@pytest.mark.parametrize(("call", "sides", "told"), rows())
def test_the_table_says_what_the_package_calculates(call, sides, told):
    """Torch filled the table; here the package's own geometry, which never asks it, reads it."""
    kind, inside = call.rstrip(")").split("(")
    first, *rest = inside.split(", ")
    options = {key: value for key, value in (part.split("=") for part in rest)}
    number = {key: int(value) for key, value in options.items() if value.isdigit()}
    k = int(first)
    for i, said in zip(sides, told, strict=True):
        if kind.startswith("Adaptive"):
            expected = k
        elif kind.startswith("ConvTranspose"):
            p, a = number.get("padding", 0), number.get("output_padding", 0)
            expected = (i - 1) * number["stride"] - 2 * p + k + a
        elif i + 2 * number.get("padding", 0) < k:
            expected = "-"
        else:
            stride = number.get("stride", 1 if kind == "Conv2d" else k)
            up = options.get("ceil_mode") == "True"
            geometry = Geometry.of(
                i, k, stride, number.get("padding", 0), number.get("dilation", 1), up
            )
            expected = geometry.output_shape[-1]
        assert said == str(expected)


def test_the_page_compares_many_settings():
    counts = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) settings, all", PRINTED)]
    assert len(counts) == 6 and min(counts) > 500


def test_the_figure_keeps_a_window_that_hangs_over():
    four = torch.rand(1, 4, 4)
    assert nn.MaxPool2d(3, stride=2, ceil_mode=True)(four).shape == (1, 2, 2)
    assert nn.MaxPool2d(3, stride=2)(four).shape == (1, 1, 1)
