"""lessons/convolution-arithmetic.py: the guide's 19, each as the test's own module, and each
formula held against torch."""

from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from unittest import mock

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from slidingwindows import slide
from slidingwindows.cli import commands
from slidingwindows.cli.arguments import parser
from slidingwindows.conv_arithmetic import ANIMATIONS, make_module
from slidingwindows.drawing.forward import Drawing

GUIDE = {
    # name: (kind, i, k, s, p, d, a), as the guide of Dumoulin and Visin has them
    "no_padding_no_strides": ("conv", 4, 3, 1, 0, 1, 0),
    "arbitrary_padding_no_strides": ("conv", 5, 4, 1, 2, 1, 0),
    "same_padding_no_strides": ("conv", 5, 3, 1, 1, 1, 0),
    "full_padding_no_strides": ("conv", 5, 3, 1, 2, 1, 0),
    "no_padding_strides": ("conv", 5, 3, 2, 0, 1, 0),
    "padding_strides": ("conv", 5, 3, 2, 1, 1, 0),
    "padding_strides_odd": ("conv", 6, 3, 2, 1, 1, 0),
    "numerical_no_padding_no_strides": ("conv", 5, 3, 1, 0, 1, 0),
    "numerical_padding_strides": ("conv", 5, 3, 2, 1, 1, 0),
    "numerical_average_pooling": ("average", 5, 3, 1, 0, 1, 0),
    "numerical_max_pooling": ("max", 5, 3, 1, 0, 1, 0),
    "no_padding_no_strides_transposed": ("transposed", 2, 3, 1, 0, 1, 0),
    "arbitrary_padding_no_strides_transposed": ("transposed", 6, 4, 1, 2, 1, 0),
    "same_padding_no_strides_transposed": ("transposed", 5, 3, 1, 1, 1, 0),
    "full_padding_no_strides_transposed": ("transposed", 7, 3, 1, 2, 1, 0),
    "no_padding_strides_transposed": ("transposed", 2, 3, 2, 0, 1, 0),
    "padding_strides_transposed": ("transposed", 3, 3, 2, 1, 1, 0),
    "padding_strides_odd_transposed": ("transposed", 3, 3, 2, 1, 1, 1),
    "dilation": ("conv", 7, 3, 1, 0, 2, 0),
}


def own_module(name):
    """The layer of one animation, with whole weights of the test's own."""
    kind, _, k, s, p, d, a = GUIDE[name]
    layers = {
        "conv": lambda: nn.Conv2d(1, 1, k, s, p, d, bias=False),
        "average": lambda: nn.AvgPool2d(k, s, p),
        "max": lambda: nn.MaxPool2d(k, s, p, d),
        "transposed": lambda: nn.ConvTranspose2d(1, 1, k, s, p, a, bias=False),
    }
    return layers[kind]()


@cache
def own_layer(name):
    """The layer and input on the page: a generator for each, first the weights, then the input."""
    generator, module = torch.Generator().manual_seed(list(GUIDE).index(name)), own_module(name)
    for parameter in module.parameters():
        parameter.data = torch.randint(-1, 3, parameter.shape, generator=generator).float()
    side = GUIDE[name][1]
    return module, torch.randint(0, 6, (1, side, side), generator=generator).float()


@cache
def own_trace(name):
    """The animation on the page."""
    module, x = own_layer(name)
    trace = slide(module, x)
    assert np.allclose(trace.output, module(x)[0].detach())
    return trace


@cache
def conv(i, k, s=1, p=0, d=1):
    """Side of what a convolution makes; None where torch refuses."""
    try:
        return nn.Conv2d(1, 1, k, stride=s, padding=p, dilation=d)(torch.zeros(1, i, i)).shape[-1]
    except RuntimeError:
        return None


@cache
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


def side(name):
    """The side of what the layer of one animation makes, by torch."""
    size = GUIDE[name][1]
    return own_module(name)(torch.zeros(1, size, size)).shape[-1]


def caption(name):
    """The caption of one animation, from its numbers."""
    kind, i, k, s, p, d, a = GUIDE[name]
    o, span = side(name), d * (k - 1) + 1
    if name == "padding_strides_odd":
        return f"The same window on {i}×{i} gives {o}×{o} too."
    if name == "numerical_padding_strides":
        return f"Once more {i}×{i} to {o}×{o}, with other numbers."
    if kind in ("average", "max"):
        return f"{kind.capitalize()} pooling, {k}×{k} at stride {s}."
    if d > 1:
        return f"A {k}×{k} kernel with dilation {d} spans {span}×{span}, so {i}×{i} gives {o}×{o}."
    if a:
        return f"With `output_padding={a}`, {i}×{i} grows to {o}×{o}."
    stride = f" at stride {s}" if s > 1 else ""
    if kind == "transposed":
        verb = "grows to" if o > i else "stays" if o == i else "becomes"
        padding = f" with padding {p}" if s > 1 and p else ""
        return f"{i}×{i}{stride}{padding} {verb} {o}×{o}."
    padding = f" with padding {p}" if p else ""
    return f"A {k}×{k} kernel on {i}×{i}{stride}{padding} gives {o}×{o}."


def test_every_claim(page):
    assert list(page.run.figures) != list(GUIDE) and len(page.run.figures) == len(GUIDE)
    for name in GUIDE:
        figure = name.replace("_", "-")
        page.draws(figure, own_trace(name))
        assert page.run.figures[figure].caption == caption(name)
        page.says(caption(name))
    the_guide(page)
    check_convolutions(page)
    check_transposed(page)
    the_table(page)
    page.complete()


def the_guide(page):
    guide = "https://arxiv.org/abs/1603.07285"
    traces = [page.figure(name.replace("_", "-")) for name in GUIDE]
    by_torch = [
        np.allclose(trace.output, layer(x)[0].detach())
        for trace, (layer, x) in zip(traces, map(own_layer, GUIDE), strict=True)
    ]
    same_numbers = [
        trace.to_dict() == own_trace(name).to_dict()  # drawn from this test's own seeds
        for name, trace in zip(GUIDE, traces, strict=True)
    ]
    page.says(
        "The 19 animations of the well-known guide to convolution arithmetic, drawn again from "
        "torch",
        len(page.run.figures) == 19 == len(GUIDE) and all(by_torch),
    )
    page.says(
        "with a number in every cell and a test behind every size",
        all(trace.to_dict()["steps"] and trace.planes for trace in traces)
        and all(trace.output_shape[-1] == side(n) for n, trace in zip(GUIDE, traces, strict=True)),
    )
    page.says("Every cell holds its number", all(map(shown_as_numbers, GUIDE)))
    page.cites(
        "In 2016 Vincent Dumoulin and Francesco Visin wrote a guide to the sizes that convolutions "
        "make",
        guide,
    )
    page.aside(
        "Their animations of grey and blue squares are in lectures all over the world",
        why="about the world",
    )
    page.cites("Their guide names 19 of them", guide)
    page.says(
        "Here are all 19 again, computed by torch when this page was built",
        [row.name for row in ANIMATIONS] == list(GUIDE)
        and all(by_torch)
        and len(page.run.figures) == len(by_torch),
    )
    page.says(
        "One letter each: the input's side is $i$, the kernel's $k$, the stride $s$, the padding "
        "$p$, the dilation $d$. The output's side is $o$",
        all(
            letters_of(make_module(row.call), row.i) == (row.i, row.k, row.s, row.p, row.d)
            for row in ANIMATIONS
        )
        and page.output("make_module(row.call)").split()[:7] == list("ikspdao"),
    )
    page.cites("Sizes and names: Dumoulin and Visin 2016, and", guide)
    page.says(
        "Pictures and numbers: ours",
        all(same_numbers),
    )
    relationships = {row.relationship for row in ANIMATIONS}
    page.says(
        "The numbers in the cells are ours. Whole ones, so that you can check every sum in your "
        "head",
        all(same_numbers)
        and all(
            number == int(number) and abs(number) < 100
            for trace in traces
            for plane in (*trace.planes, *trace.weights)
            for row in plane
            for number in row
            if abs(number) != torch.inf
        ),
    )
    headings = [line for line in page.run.lesson.cells if line.source.startswith("### ")]
    numbered = [int(cell.source.split(".")[0].removeprefix("### ")) for cell in headings]
    page.says(
        "The guide sorts the sizes into 15 relationships; we keep its numbering",
        numbered == sorted(relationships) == list(range(1, 16)),
    )
    page.labels("Half padding: the same size", "Stride without padding", "All of them, by torch")
    page.labels(*(f"### {n}. " for n in numbered))
    page.says("Half padding", all(GUIDE[n][4] == GUIDE[n][2] // 2 for n in GUIDE if "same" in n))
    page.says("No padding, larger stride", own_module("no_padding_strides").stride > (1, 1))
    page.says(
        "No padding, stride 1", own_module("no_padding_no_strides_transposed").stride == (1, 1)
    )
    page.cites(
        "The guide's two pools exist only as frames of a PDF in , with all outputs in sight from "
        "the start",
        "https://github.com/vdumoulin/conv_arithmetic",
    )


def letters_of(layer, side):
    """i, k, s, p and d of a square layer, as torch has them."""
    names = ("kernel_size", "stride", "padding", "dilation")
    values = [getattr(layer, name, 1) for name in names]  # an average has no dilation
    return side, *(v[0] if isinstance(v, tuple) else v for v in values)


@cache
def shown_as_numbers(name):
    """Whether a figure's cells are wide enough for numbers, not shades."""
    return Drawing(own_trace(name)).layout.font_size > 0


def the_table(page):
    lines = [" " * 42 + "  i  k  s  p  d  a   o"]
    for name, (_, i, k, s, p, d, a) in GUIDE.items():
        lines.append(
            f"{name:<42}" + "".join(f"{n:>3}" for n in (i, k, s, p, d, a)) + f"{side(name):>4}"
        )
    page.prints("output = make_module(row.call)(torch.zeros(1, row.i, row.i))", *lines)
    column = [
        int(line.split()[-1]) for line in page.output("make_module(row.call)").split("\n")[1:]
    ]
    page.says(
        "The last column is what torch returns for a tensor of that size. A test compares it with "
        "the guide's table, row by row",
        column == list(map(side, GUIDE)),
    )
    asked = "conv-arithmetic -o folder"
    files = {theme: written(f"{asked} {theme}".split()) for theme in ("", "--theme dark")}
    page.says(
        f"To have the files, run `python -m slidingwindows {asked}`. It writes all 19 as GIFs, "
        "light or dark",
        files[""] == [(f"folder/{name}.gif", "light") for name in GUIDE]
        and files["--theme dark"] == [(f"folder/{name}.gif", "dark") for name in GUIDE],
    )


def written(arguments):
    """The files that a command of the command line would write, and their themes."""
    with (
        mock.patch("pathlib.Path.mkdir"),
        mock.patch("slidingwindows.cli.commands.save") as save,
        redirect_stdout(StringIO()),
    ):
        commands.conv_arithmetic(parser().parse_args(arguments))
    return [
        (path.as_posix(), theme) for _, path, theme, *_ in (call.args for call in save.mock_calls)
    ]


def check_convolutions(page):
    page.says("No padding, stride 1", own_module("no_padding_no_strides").stride == (1, 1))
    page.says("Padding, stride 1", own_module("arbitrary_padding_no_strides").stride == (1, 1))
    page.says(
        "The window visits every place where it fits: $o = (i - k) + 1$",
        holds(conv, lambda i, k: i - k + 1, SIDES, KERNELS),
    )
    page.says(
        "Padding adds $p$ on both sides: $o = (i - k) + 2p + 1$",
        holds(
            lambda i, k, p: conv(i, k, p=p), lambda i, k, p: i - k + 2 * p + 1, SIDES, KERNELS, PADS
        ),
    )
    page.says(
        "With an even kernel the output may even grow by one",
        all(conv(i, k, p=k // 2) == i + 1 - k % 2 for i in SIDES for k in (1, 2, 3, 4)),
    )
    page.says(
        "For an odd kernel and $p = \\lfloor k/2 \\rfloor$ the size stays: $o = i$",
        holds(lambda i, k: conv(i, k, p=k // 2), lambda i, k: i, SIDES, (1, 3, 5)),
    )
    page.says(
        "With $p = k - 1$ every overlap counts, and the output grows: $o = i + (k - 1)$",
        holds(lambda i, k: conv(i, k, p=k - 1), lambda i, k: i + k - 1, SIDES, KERNELS),
    )
    page.says(
        "The window jumps. What does not fit is left out: $o = \\lfloor (i - k)/s \\rfloor + 1$",
        holds(conv, lambda i, k, s: (i - k) // s + 1, SIDES, KERNELS, STRIDES)
        and own_trace("no_padding_strides").geometry.cols.windows == ((0, 1, 2), (2, 3, 4)),
    )
    unfloored = [
        (i + 2 * p - k) / s + 1
        for _, i, k, s, p, *_ in map(GUIDE.get, ("padding_strides", "padding_strides_odd"))
    ]
    page.says(
        "The formula that holds for all of the above: "
        "$o = \\lfloor (i + 2p - k)/s \\rfloor + 1$. The floor makes different inputs equal: 5×5 "
        "and 6×6 give the same size here",
        holds(conv, lambda i, k, s, p: (i + 2 * p - k) // s + 1, SIDES, KERNELS, STRIDES, PADS)
        and all(
            side(row.name) == (row.i + 2 * row.p - row.k) // row.s + 1
            for row in ANIMATIONS
            if row.relationship <= 6
        )
        and conv(5, 3, 2, 1) == conv(6, 3, 2, 1)
        and unfloored == [3, 3.5],
    )
    odd = own_trace("padding_strides_odd").geometry
    page.says(
        "In the second one no window reads the padding on the right and below",
        odd.rows == odd.cols and max(odd.cols.windows[-1]) == odd.cols.size - 1,
    )
    layer, x = own_layer("padding_strides_odd")
    numbers = [
        ";".join(",".join(f"{n:.0f}" for n in row) for row in plane)
        for plane in (x[0], layer.weight.detach()[0, 0])
    ]
    larger = slide(layer, F.pad(x, (0, 1, 0, 1))).geometry.cols
    page.says(
        "[Open the input that leaves some padding unread in the explorer], add a row and a column "
        "to it, and see which window becomes possible",
        len(larger.windows) == len(odd.cols.windows) + 1
        and max(larger.windows[-1]) == larger.size  # and now it reads the padding on the right
        and sum(
            "&input={}&weights={})".format(*numbers) in cell.source
            for cell in page.run.lesson.cells
        )
        == 1,
    )
    pools = [own_module(name) for name, (kind, *_) in GUIDE.items() if kind in ("average", "max")]
    page.says(
        "A pool has no kernel to learn, but its window moves by the same rule: "
        "$o = \\lfloor (i - k)/s \\rfloor + 1$",
        holds(
            lambda i, k, s: nn.MaxPool2d(k, s)(torch.zeros(1, i, i)).shape[-1],
            lambda i, k, s: (i - k) // s + 1,
            SIDES,
            KERNELS,
            STRIDES,
        )
        and [list(pool.parameters()) for pool in pools] == [[], []],
    )
    page.says(
        "The taps stand $d$ apart, so the window spans $k + (k - 1)(d - 1)$ elements: "
        "$o = \\lfloor (i + 2p - k - (k - 1)(d - 1))/s \\rfloor + 1$",
        holds(
            conv,
            lambda i, k, s, p, d: (i + 2 * p - k - (k - 1) * (d - 1)) // s + 1,
            SIDES,
            KERNELS,
            STRIDES,
            PADS,
            (1, 2, 3),
        )
        and own_trace("dilation").geometry.cols.windows[0] == (0, 2, 4),
    )


def give(x, weight, s, p, a):
    """Each input, times the kernel, added into its window of the output; then the padding goes."""
    k, side = weight.shape[-1], x.shape[-1]
    out = torch.zeros(1, 1, *[s * (side - 1) + k + a] * 2)
    for r in range(side):
        for c in range(side):
            out[0, 0, s * r : s * r + k, s * c : s * c + k] += x[0, 0, r, c] * weight[0, 0]
    return out[..., p : out.shape[2] - p, p : out.shape[3] - p]


def check_transposed(page):
    trace = own_trace("no_padding_strides_transposed")
    zeros = [trace.is_stretch(0, c) for c in range(trace.geometry.cols.size)]
    page.says(
        "zeros around it, and at stride $s$ also $s - 1$ zeros between its elements, under a "
        "flipped kernel",
        zeros == [False, True, False]
        and trace.stretch == (2, 2)
        and trace.geometry.cols.padding == (2, 2)
        and torch.equal(
            torch.tensor(trace.weights[0]),
            own_layer("no_padding_strides_transposed")[0].weight.detach().flip(2, 3)[0, 0],
        ),
    )
    page.says(
        "A transposed convolution turns the arrow of a convolution around: from its output's size "
        "back to its input's",
        all(
            transposed(conv(i, k, s, p), k, s, p) == i
            for i in SIDES
            for k in KERNELS
            for s in STRIDES
            for p in PADS
            if conv(i, k, s, p) and (i + 2 * p - k) % s == 0
        ),
    )
    by_hand, given, turned = {}, [], []
    for name, (kind, _, k, s, p, _, a) in GUIDE.items():
        if kind == "transposed":
            layer, x = own_module(name), torch.rand(1, 1, GUIDE[name][1], GUIDE[name][1])
            wide = torch.zeros(1, 1, *(s * (side - 1) + 1 for side in x.shape[2:]))
            wide[..., ::s, ::s] = x
            wide = F.pad(wide, [k - 1 - p, k - 1 - p + a] * 2)
            plain = F.conv2d(wide, layer.weight.flip(2, 3))
            by_hand[name] = torch.allclose(plain, layer(x), atol=1e-6)
            turned.append(torch.allclose(F.conv2d(wide, layer.weight), layer(x), atol=1e-6))
            given.append(torch.allclose(give(x, layer.weight, s, p, a), layer(x), atol=1e-6))
    page.says("Torch computes it by giving each input to a window of the output", all(given))
    page.says(
        "You get the very same numbers by a plain convolution over a *stretched* input",
        all(by_hand.values()) and not any(turned),
    )
    shown = [page.figure(name.replace("_", "-")) for name in by_hand]
    page.says(
        "That is what you see here",
        all(figure.operation.startswith("ConvTranspose") for figure in shown)
        and all(
            np.array_equal(figure.weights[0], own_layer(name)[0].weight.detach()[0, 0].flip(0, 1))
            for name, figure in zip(by_hand, shown, strict=True)
        ),
    )
    rows = [row for row in ANIMATIONS if row.name in by_hand]
    page.says(
        "In these seven, $i$ is what goes into the transposed convolution; $k$, $s$ and $p$ are "
        "the numbers you pass to torch",
        len(rows) == 7
        and all(own_layer(row.name)[1].shape == (1, row.i, row.i) for row in rows)
        and all(
            letters_of(make_module(row.call), row.i) == (row.i, row.k, row.s, row.p, 1)
            and make_module(row.call).transposed
            for row in rows
        ),
    )
    page.says(
        "$o = i + (k - 1)$. No padding for the layer",
        holds(transposed, lambda i, k: i + k - 1, SIDES, KERNELS),
    )
    pads = own_trace("no_padding_no_strides_transposed").geometry.rows.padding
    page.says("means two zeros on each side for the window", pads == (2, 2))
    page.says(
        "$o = i + (k - 1) - 2p$. More padding makes the output *smaller* here: it takes zeros away",
        holds(
            lambda i, k, p: transposed(i, k, p=p),
            lambda i, k, p: i + k - 1 - 2 * p,
            SIDES,
            (3, 4, 5),
            PADS,
        ),
    )
    page.says(
        "Same in, same out: $o = i$",
        holds(lambda i, k: transposed(i, k, p=k // 2), lambda i, k: i, SIDES, (1, 3, 5)),
    )
    full = own_trace("full_padding_no_strides_transposed").geometry.rows.padding
    page.says(
        "All zeros around are gone: $o = i - (k - 1)$",
        full == (0, 0)
        and holds(lambda i, k: transposed(i, k, p=k - 1), lambda i, k: i - k + 1, SIDES, KERNELS),
    )
    page.says(
        "Now the zeros stand between the elements: $o = s(i - 1) + k$",
        holds(transposed, lambda i, k, s: s * (i - 1) + k, SIDES, KERNELS, STRIDES),
    )
    page.says(
        "$o = s(i - 1) + k - 2p$",
        holds(
            transposed, lambda i, k, s, p: s * (i - 1) + k - 2 * p, SIDES, KERNELS, STRIDES, PADS
        ),
    )
    page.says(
        "Which of the two sizes? Two inputs led to the same output in relationship 6. So the way "
        "back has two answers",
        {i for i in range(1, 12) if conv(i, 3, 2, 1) == 3} == {5, 6},
    )
    page.says(
        "`output_padding`, $a$, chooses: $o = s(i - 1) + a + k - 2p$",
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
    pads = own_trace("padding_strides_odd_transposed").geometry.rows.padding
    page.says("It widens the zeros on two sides only", pads == (1, 2))
