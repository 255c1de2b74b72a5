"""Every number in lessons/convolution-arithmetic.py, from torch."""

import re

import pytest
import torch
from claims import LESSONS, Claims
from torch import nn

from slidingwindows.conv_arithmetic import ANIMATIONS, animation
from slidingwindows.lessons import read

NAME = "convolution-arithmetic"
SHOWN = re.compile(r'^show\(animation\("(\w+)"\), "([\w-]+)", "(.*)"\)$')


def conv(i, k, s=1, p=0, d=1):
    """Side of what a convolution makes; None where torch refuses."""
    try:
        return nn.Conv2d(1, 1, k, stride=s, padding=p, dilation=d)(torch.zeros(1, i, i)).shape[-1]
    except RuntimeError:
        return None


def transposed(i, k, s=1, p=0, a=0):
    layer = nn.ConvTranspose2d(1, 1, k, stride=s, padding=p, output_padding=a)
    try:
        return layer(torch.zeros(1, i, i)).shape[-1]
    except RuntimeError:
        return None


def holds(sizes, formula, *ranges) -> bool:
    """The formula gives torch's size wherever torch takes the parameters."""
    cases = [()]
    for numbers in ranges:
        cases = [(*case, n) for case in cases for n in numbers]
    found = [(sizes(*case), formula(*case)) for case in cases]
    assert sum(size is not None for size, _ in found) > 5
    return all(size is None or size == told for size, told in found)


SIDES, KERNELS, STRIDES, PADS = range(4, 10), range(1, 5), range(1, 4), range(3)


def test_every_number_in_the_prose():
    lesson = Claims(NAME)
    lesson.says("Their guide names 19 of them. Here are all 19 again", len(ANIMATIONS) == 19)
    lesson.says(
        "sorts the sizes into 15 relationships",
        {row.relationship for row in ANIMATIONS} == set(range(1, 16)),
    )
    lesson.says("It writes all 19 as GIFs", len(ANIMATIONS) == 19)
    lesson.labels("In 2016 Vincent Dumoulin", "Dumoulin and Visin 2016,")
    lesson.labels(*(f"### {n}. " for n in range(1, 16)))
    check_convolutions(lesson)
    check_transposed(lesson)
    lesson.complete()


def check_convolutions(lesson):
    lesson.says("No padding, stride 1", make("no_padding_no_strides").stride == (1, 1))
    lesson.says("Padding, stride 1", make("arbitrary_padding_no_strides").stride == (1, 1))
    lesson.says(
        "where it fits: $o = (i - k) + 1$", holds(conv, lambda i, k: i - k + 1, SIDES, KERNELS)
    )
    lesson.says(
        "on both sides: $o = (i - k) + 2p + 1$",
        holds(
            lambda i, k, p: conv(i, k, p=p), lambda i, k, p: i - k + 2 * p + 1, SIDES, KERNELS, PADS
        ),
    )
    lesson.says("the output may even grow by one", conv(5, 4, p=2) == 5 + 1)
    lesson.says(
        "For an odd kernel and $p = \\lfloor k/2 \\rfloor$ the size stays: $o = i$",
        holds(lambda i, k: conv(i, k, p=k // 2), lambda i, k: i, SIDES, (1, 3, 5)),
    )
    lesson.says(
        "With $p = k - 1$ every overlap counts, and the output grows: $o = i + (k - 1)$",
        holds(lambda i, k: conv(i, k, p=k - 1), lambda i, k: i + k - 1, SIDES, KERNELS),
    )
    lesson.says(
        "What does not fit is left out: $o = \\lfloor (i - k)/s \\rfloor + 1$",
        holds(conv, lambda i, k, s: (i - k) // s + 1, SIDES, KERNELS, STRIDES),
    )
    lesson.says(
        "$o = \\lfloor (i + 2p - k)/s \\rfloor + 1$. The floor",
        holds(conv, lambda i, k, s, p: (i + 2 * p - k) // s + 1, SIDES, KERNELS, STRIDES, PADS),
    )
    lesson.says("5×5 and 6×6 give the same size here", conv(5, 3, 2, 1) == conv(6, 3, 2, 1))
    odd = animation("padding_strides_odd").geometry
    lesson.says(
        "In the second one no window reads the padding on the right and below",
        odd.rows == odd.cols and max(odd.cols.windows[-1]) == odd.cols.size - 1,
    )
    lesson.says(
        "its window moves by the same rule: $o = \\lfloor (i - k)/s \\rfloor + 1$",
        holds(
            lambda i, k, s: nn.MaxPool2d(k, s)(torch.zeros(1, i, i)).shape[-1],
            lambda i, k, s: (i - k) // s + 1,
            SIDES,
            KERNELS,
            STRIDES,
        ),
    )
    lesson.says(
        "spans $k + (k - 1)(d - 1)$ elements: "
        "$o = \\lfloor (i + 2p - k - (k - 1)(d - 1))/s \\rfloor + 1$",
        holds(
            conv,
            lambda i, k, s, p, d: (i + 2 * p - k - (k - 1) * (d - 1)) // s + 1,
            SIDES,
            KERNELS,
            STRIDES,
            PADS,
            (1, 2, 3),
        ),
    )


def check_transposed(lesson):
    trace = animation("no_padding_strides_transposed")
    zeros = [trace.is_stretch(0, c) for c in range(trace.geometry.cols.size)]
    lesson.says(
        "at stride $s$ also $s - 1$ zeros between its elements", zeros == [False, True, False]
    )
    lesson.says(
        "$o = i + (k - 1)$. No padding for the layer",
        holds(transposed, lambda i, k: i + k - 1, SIDES, KERNELS),
    )
    pads = animation("no_padding_no_strides_transposed").geometry.rows.padding
    lesson.says("means two zeros on each side for the window", pads == (2, 2))
    lesson.says(
        "$o = i + (k - 1) - 2p$. More padding makes the output *smaller* here",
        holds(
            lambda i, k, p: transposed(i, k, p=p),
            lambda i, k, p: i + k - 1 - 2 * p,
            SIDES,
            (3, 4, 5),
            PADS,
        ),
    )
    lesson.says(
        "Same in, same out: $o = i$",
        holds(lambda i, k: transposed(i, k, p=k // 2), lambda i, k: i, SIDES, (1, 3, 5)),
    )
    full = animation("full_padding_no_strides_transposed").geometry.rows.padding
    lesson.says(
        "All zeros around are gone: $o = i - (k - 1)$",
        full == (0, 0)
        and holds(lambda i, k: transposed(i, k, p=k - 1), lambda i, k: i - k + 1, SIDES, KERNELS),
    )
    lesson.says(
        "Now the zeros stand between the elements: $o = s(i - 1) + k$",
        holds(transposed, lambda i, k, s: s * (i - 1) + k, SIDES, KERNELS, STRIDES),
    )
    lesson.says(
        "$o = s(i - 1) + k - 2p$",
        holds(
            transposed, lambda i, k, s, p: s * (i - 1) + k - 2 * p, SIDES, KERNELS, STRIDES, PADS
        ),
    )
    lesson.says(
        "Two inputs led to the same output in relationship 6. So the way back has two answers",
        {i for i in range(1, 12) if conv(i, 3, 2, 1) == 3} == {5, 6},
    )
    lesson.says(
        "chooses: $o = s(i - 1) + a + k - 2p$",
        holds(
            transposed,
            lambda i, k, s, p, a: s * (i - 1) + a + k - 2 * p,
            SIDES,
            KERNELS,
            (2, 3),
            PADS,
            (0, 1),
        ),
    )
    pads = animation("padding_strides_odd_transposed").geometry.rows.padding
    lesson.says("It widens the zeros on two sides only", pads == (1, 2))


def make(name):
    from slidingwindows.parsing import make_module

    return make_module(next(row.call for row in ANIMATIONS if row.name == name))


def shown() -> list[tuple[str, str, str]]:
    """(animation, name of the figure, caption) of each figure on the page."""
    cells = read(LESSONS / f"{NAME}.py").code
    return [m.groups() for cell in cells if (m := SHOWN.match(cell.source.strip()))]


def test_all_of_them_are_shown_once():
    assert sorted(name for name, *_ in shown()) == sorted(row.name for row in ANIMATIONS)
    assert all(figure == name.replace("_", "-") for name, figure, _ in shown())


@pytest.mark.parametrize(("name", "figure", "caption"), shown())
def test_captions_tell_the_sizes(name, figure, caption):
    trace, module = animation(name), make(name)
    sides = [side for side, _ in re.findall(r"(\d+)×(\d+)", caption)]
    assert all(a == b for a, b in re.findall(r"(\d+)×(\d+)", caption))
    size, out = trace.input_shape[-1], trace.geometry.output_shape[-1]
    kernel = module.kernel_size if isinstance(module.kernel_size, int) else module.kernel_size[0]
    assert {int(side) for side in sides} <= {size, out, kernel, trace.geometry.rows.extent}
    if "gives" in caption or " to " in caption:
        assert int(sides[-1]) == out
    for word, number in re.findall(r"(stride|padding|dilation) (\d)", caption):
        value = getattr(module, word)
        assert int(number) == (value if isinstance(value, int) else value[0])
