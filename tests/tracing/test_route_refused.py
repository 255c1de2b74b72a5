"""What route refuses, word for word, and each part of what it returns, where none is the default.

That the shares are right is compared with autograd in test_route.py.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError, route, slide

ONES = torch.ones(1, 4, 4)
AMONG_1 = "is not among the 1 that the windows read"
POOL = "nn.MaxPool2d(kernel_size=2, stride=2)"


class Mine(nn.MaxPool2d):
    """A pool that no call of torch's makes."""


CASES = [
    (torch.relu, ONES, {}, "route needs a torch module, got builtin_function_or_method", ""),
    (
        nn.Conv2d(1, 1, 3),
        ONES,
        {"output_size": (6, 6)},
        "only a transposed convolution takes an output_size here",
        "nn.Conv2d(1, 1, kernel_size=3)",
    ),
    (
        nn.ConvTranspose2d(1, 1, 3, stride=2),
        torch.ones(1, 1, 3, 3),
        {"output_size": (9, 7)},
        "torch says: requested an output size of [9, 7], but valid sizes range from [7, 7] to "
        "[8, 8] (for an input of torch.Size([3, 3]))",
        "nn.ConvTranspose2d(1, 1, kernel_size=3, stride=2) on an input of shape (1, 1, 3, 3) and "
        "torch.float32",
    ),
    (
        nn.Unfold(2),
        ONES,
        {},
        "Unfold only moves numbers: a gradient takes the same paths back",
        "nn.Unfold(kernel_size=2)",
    ),
    (nn.MaxPool2d(2), ONES.long(), {}, "gradients need a float input, got torch.int64", POOL),
    (
        nn.MaxPool3d((2, 1, 1), 1, (1, 0, 0), (3, 1, 1)),
        torch.ones(1, 2, 2, 2),
        {},
        "a window reads padding alone: it has no winner, and torch's backward pass writes past the "
        "input",
        "nn.MaxPool3d(kernel_size=(2, 1, 1), stride=1, padding=(1, 0, 0), dilation=(3, 1, 1))",
    ),
    (
        nn.MaxPool2d((1, 2), 1, (0, 1), (1, 3)),
        torch.ones(1, 2, 2),
        {},
        "a window reads padding alone: it has no winner, and torch's backward pass writes past the "
        "input",
        "nn.MaxPool2d(kernel_size=(1, 2), stride=1, padding=(0, 1), dilation=(1, 3))",
    ),
    *(
        (
            nn.MaxPool2d(2),
            ONES,
            {"plane": p},
            f"plane {p} is not among the 1 that the windows read",
            POOL,
        )
        for p in (1, -1, 0.5, True)
    ),
    (Mine(2), ONES, {"plane": 5}, f"plane 5 {AMONG_1}", "Mine(…)"),
    *(
        (
            nn.Conv3d(1, 1, 3, padding=1),
            torch.ones(1, 4, 4, 4),
            {"plane": plane, "depth": depth},
            problem,
            "nn.Conv3d(1, 1, kernel_size=3, padding=1)",
        )
        for plane, depth, problem in (
            (0, 0, "plane 0 is padding, or zeros put in, and has no gradient"),
            (2, 3, "plane 2 is padding, or zeros put in, and has no gradient"),
            (3, 1, "plane 3 is not among the 3 that the windows read"),
        )
    ),
    (
        nn.ConvTranspose3d(1, 1, 2, 2),
        torch.ones(1, 2, 2, 2),
        {"depth": 1, "plane": 1},
        "plane 1 is padding, or zeros put in, and has no gradient",
        "nn.ConvTranspose3d(1, 1, kernel_size=2, stride=2)",
    ),
    # What an output_size asks for is part of the call; so it is of whatever is wrong with it.
    *(
        (
            nn.ConvTranspose3d(1, 1, 2, 3),
            torch.ones(1, 2, 2, 2),
            {"output_size": (5, 5, 6), **options},
            problem,
            "nn.ConvTranspose3d(1, 1, kernel_size=2, stride=3, output_padding=(0, 0, 1))",
        )
        for options, problem in (
            ({"plane": 5}, "plane 5 is not among the 2 that the windows read"),
            ({"plane": 0}, "plane 0 is padding, or zeros put in, and has no gradient"),
            ({"gradient": 1.0}, "the gradient must have the output's shape (5, 6), got ()"),
            ({"gradient": 1j}, "the gradient must be real numbers, got complex ones"),
            (
                {"depth": 2},
                "the windows read zeros put in and padding alone, which has no gradient",
            ),
        )
    ),
    (
        nn.Conv3d(1, 1, 1, padding=1),
        torch.ones(1, 4, 4, 4),
        {},
        "the windows read padding alone, which has no gradient",
        "nn.Conv3d(1, 1, kernel_size=1, padding=1)",
    ),
    (
        nn.ConvTranspose3d(1, 1, 1, 2),
        torch.ones(1, 2, 2, 2),
        {"depth": 1},
        "the windows read zeros put in and padding alone, which has no gradient",
        "nn.ConvTranspose3d(1, 1, kernel_size=1, stride=2)",
    ),
    *(
        (nn.MaxPool2d(2), ONES, {"gradient": gradient}, problem, POOL)
        for gradient, problem in (
            (torch.ones(3, 3), "the gradient must have the output's shape (2, 2), got (3, 3)"),
            (np.ones((2, 3)), "the gradient must have the output's shape (2, 2), got (2, 3)"),
            (torch.ones(2), "the gradient must have the output's shape (2, 2), got (2,)"),
            (2.0, "the gradient must have the output's shape (2, 2), got ()"),
            ([[1j, 1], [1, 1]], "the gradient must be real numbers, got complex ones"),
            (np.ones((2, 2)) * 1j, "the gradient must be real numbers, got complex ones"),
            ("ones", "torch says: new(): invalid data type 'str'"),
            (
                torch.ones(2, 2, device="meta"),
                "the gradient is on the meta device, which keeps no numbers",
            ),
        )
    ),
    (
        nn.MaxPool1d(2),
        torch.ones(1, 4),
        {"gradient": torch.ones(3)},
        "the gradient must have the output's shape (1, 2), got (1, 3)",
        "nn.MaxPool1d(kernel_size=2, stride=2)",
    ),
    (
        nn.LPPool2d(0.5, 2),
        ONES * 0,
        {},
        "a power of 0.5 is infinitely steep at 0, so there is no gradient",
        "nn.LPPool2d(norm_type=0.5, kernel_size=2)",
    ),
    (
        nn.LPPool1d(100.0, 2),
        torch.tensor([[1.0, 1, 1e9, 1]]),
        {},
        "at output (0, 1) torch's powers overflow, so what comes back is 0 or nan, whatever the "
        "numbers are",
        "nn.LPPool1d(norm_type=100.0, kernel_size=2)",
    ),
    (
        nn.FractionalMaxPool2d(2, 2),
        torch.ones(4, 4),
        {},
        "FractionalMaxPool2d takes (C, H, W) or (N, C, H, W), got 2 dimensions",
        "nn.FractionalMaxPool2d(kernel_size=2, output_size=2) on an input of shape (4, 4) and "
        "torch.float32",
    ),
    (
        nn.FractionalMaxPool3d(2, 2),
        torch.ones(1, 1, 1, 4, 4, 4),
        {},
        "FractionalMaxPool3d takes (C, D, H, W) or (N, C, D, H, W), got 6 dimensions",
        "nn.FractionalMaxPool3d(kernel_size=2, output_size=2) on an input of shape "
        "(1, 1, 1, 4, 4, 4) and torch.float32",
    ),
    (
        nn.FractionalMaxPool2d(2, 2),
        "ones",
        {},
        "route needs a torch tensor or a numpy array, got str",
        "nn.FractionalMaxPool2d(kernel_size=2, output_size=2)",
    ),
]


def test_what_has_no_gradient_is_refused_in_these_words():
    for module, x, options, problem, context in CASES:
        with pytest.raises(SlidingWindowsError) as told:
            route(module, x, **options)
        assert (told.value.problem, told.value.context) == (problem, context), (module, options)
    with pytest.raises(SlidingWindowsError, match="route cannot take a numpy array of <U1: Type"):
        route(nn.MaxPool2d(2), ONES, np.array(["a"]))


def gradient_of(module, x, where, sent):
    """Of one output plane, times what is sent, by the whole input."""
    leaf = x.clone().requires_grad_()
    output = module(leaf)
    output = output[0] if isinstance(output, tuple) else output
    return torch.autograd.grad((output[where] * sent).sum(), leaf)[0]


def rows(plane):
    return tuple(map(tuple, plane.tolist()))


def test_every_part_of_a_gradient_is_the_one_that_was_asked_for():
    torch.manual_seed(0)
    module = nn.Conv3d(2, 3, (2, 3, 2), padding=(1, 0, 0), dtype=torch.float64)
    x, sent = torch.rand(2, 2, 4, 5, 3, dtype=torch.float64), torch.rand(3, 2)
    options = {"channel": 2, "sample": 1, "depth": 3}
    found = route(module, x, sent, plane=3, **options)
    call = "nn.Conv3d(2, 3, kernel_size=(2, 3, 2), padding=(1, 0, 0)).double()"
    assert (found.kind, found.operation, found.call) == ("gradient", "Conv3d", call)
    assert (found.sample, found.channel, found.dims, found.plane) == (1, 2, 3, 3)
    assert (found.input_shape, found.output_shape) == ((2, 3, 5, 3, 2), (2, 2, 4, 5, 3))
    assert found.forward == slide(module, x, **options) and found.epsilon == 2.0**-52
    assert found.geometry == found.forward.geometry and found.sources == (rows(sent.double()),)
    received = gradient_of(module, x, (1, 2, 3), sent.double())[1]
    # Two channels of two slices: the fourth plane is the second channel's slice 3.
    assert found.target == rows(received[1, 3]) != rows(received[1, 2])
    assert route(module, x, sent, **options).target == rows(received[0, 2])
    # Each number that is sent goes to the six that its window reads.
    for move, (row, col) in zip(found.moves, torch.ones(3, 2).nonzero().tolist(), strict=True):
        assert move.window == (row, col)
        assert move.reads == ((0, row, col, float(sent[row, col])),)
        assert [write[:2] for write in move.writes] == [
            (row + i, col + j) for i in range(3) for j in range(2)
        ]


def test_what_is_sent_may_be_anything_that_torch_makes_numbers_of():
    x = torch.arange(6.0).reshape(1, 1, 2, 3)
    expected = ((0, 0, 0), (0, 2, 5))
    module = nn.MaxPool2d(2, 1, return_indices=True)
    for sent in ([[2, 5]], torch.tensor([[2, 5]]), np.array([[2.0, 5.0]], dtype=np.float32)):
        assert route(module, x, sent).target == expected
    learned = torch.tensor([[2.0, 5.0]], requires_grad=True)
    assert route(module, x, learned).target == expected and learned.grad is None
    assert route(module, x.double()).sources == (((1, 1),),)
    assert route(module, x.double(), [[0.1, 0.2]]).sources == (((0.1, 0.2),),)
    assert route(module, x.half()).epsilon == 2.0**-10
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert route(nn.Conv2d(1, 1, 1), x).epsilon == 2.0**-7
    with torch.no_grad(), torch.inference_mode():
        assert route(module, x, learned).target == expected


def test_of_a_convolution_that_takes_zeros_in_the_element_s_own_share_is_found():
    """In volumes of stride 2, 3 and 2 a plane of the trace is every second slice of the input."""
    torch.manual_seed(0)
    module, x = nn.ConvTranspose3d(1, 2, 3, stride=(2, 3, 2)), torch.rand(1, 3, 2, 3)
    for depth, plane in ((2, 0), (2, 2), (3, 1), (6, 0)):
        found = route(module, x, channel=1, depth=depth, plane=plane)
        assert found.forward.slices[plane] % 2 == 0
        ones = torch.tensor(found.sources[0])
        received = gradient_of(module, x, (1, depth), ones)[0, found.forward.slices[plane] // 2]
        target = torch.tensor(found.target)
        assert target.shape == (4, 5)
        torch.testing.assert_close(target[::3, ::2], received)
        assert target.count_nonzero() == received.count_nonzero() == 6


def test_fractional_windows_stay_as_they_were_drawn():
    """A gradient of ones gives the input as many ones as there are windows."""
    torch.manual_seed(0)
    drawn = torch.rand(2, 1, 2)
    for module, shape, windows in (
        (nn.FractionalMaxPool2d(2, (3, 4)), (1, 9, 11), 12),
        (nn.FractionalMaxPool2d(2, output_ratio=(0.5, 0.3)), (2, 1, 8, 10), 12),
        (nn.FractionalMaxPool2d((2, 3), 3, _random_samples=drawn), (2, 1, 8, 10), 9),
        (nn.FractionalMaxPool3d((1, 2, 3), (1, 3, 2)), (1, 2, 8, 7), 6),
        (nn.FractionalMaxPool3d(1, output_ratio=0.5), (2, 1, 2, 8, 7), 12),
    ):
        for _ in range(4):
            found = route(module, torch.rand(shape), sample=shape[0] - 1)
            assert len(found.moves) == sum(map(sum, found.target)) == windows, module
        assert module._random_samples is None or module._random_samples is drawn


def test_a_gradient_of_one_of_the_possible_output_sizes():
    module = nn.ConvTranspose2d(1, 1, 2, stride=(3, 2))
    for size in ((5, 4), (6, 5), (7, 4)):
        found = route(module, torch.ones(1, 2, 2), output_size=size)
        assert found.input_shape == (1, *size) and module.output_padding == (0, 0)
        total = module.weight.sum().item()
        assert [sum(row[::2]) for row in found.target[::3]] == pytest.approx([2 * total] * 2)
