"""What slide refuses, word by word, and small transfers by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError, slide
from slidingwindows.core.geometry import Axis
from slidingwindows.tracing import rearranging
from slidingwindows.tracing.slide import TRACERS, known_modules

KNOWN = (
    "MaxPool1d/2d/3d, AvgPool1d/2d/3d, LPPool1d/2d/3d, AdaptiveMaxPool1d/2d/3d, "
    "AdaptiveAvgPool1d/2d/3d, FractionalMaxPool2d/3d, Conv1d/2d/3d, ConvTranspose1d/2d/3d, "
    "MaxUnpool1d/2d/3d, Unfold, Fold"
)


class Failing(nn.MaxPool2d):
    """A subclass that raises what it is given."""

    def __init__(self, error):
        super().__init__(2)
        self.error = error

    def forward(self, x):
        raise self.error


class Words(Exception):
    """Of a kind that torch never raises."""


def refusal(module, input, *where, **kwargs) -> SlidingWindowsError:
    with pytest.raises(SlidingWindowsError) as caught:
        slide(module, input, *where, **kwargs)
    return caught.value


POOL, X = nn.MaxPool2d(2), torch.zeros(2, 4, 4)
INDICES = torch.zeros(2, 4, 4, dtype=torch.int64)
VOLUME = {"indices": torch.arange(32).reshape(1, 2, 4, 4), "output_size": (2, 4, 4)}
COMPLEX_CONV = (
    "complex numbers are not followed; a complex convolution is four real ones, of the real and "
    "imaginary parts of input and weight: slide those"
)
COMPLEX_MOVES = (
    "complex numbers are not followed; their real and imaginary parts take the same paths: slide "
    "each"
)
TAKES = "{} takes {}, got {}"
EMPTY = "the input is empty, so there is nothing to trace"
REFUSED = [
    (nn.ReLU(), X, {}, f"ReLU is not one of {KNOWN}"),
    (POOL, X, {"indices": 1, "a": 2}, "slide does not take a, indices here"),
    (nn.Conv2d(2, 1, 1), X, {"output_size": 4}, "slide does not take output_size here"),
    (nn.ConvTranspose2d(2, 1, 1), X, {"indices": X}, "slide does not take indices here"),
    (POOL, X, {"channel": 1.5}, "channel must be an int, got 1.5"),
    (POOL, X, {"sample": "0"}, "sample must be an int, got '0'"),
    (POOL, X, {"depth": None}, "depth must be an int, got None"),
    (POOL, X, {"depth": 1}, "depth 1 is not among the 1 of the output"),
    (POOL, X, {"channel": 2}, "channel 2 is not among the 2 of the output"),
    (POOL, X, {"channel": -1}, "channel -1 is not among the 2 of the output"),
    (POOL, X, {"sample": 1}, "sample 1 is not among the 1 of the batch"),
    (POOL, X, {"sample": -1}, "sample -1 is not among the 1 of the batch"),
    (
        POOL,
        X[None].expand(3, -1, -1, -1),
        {"sample": 3},
        "sample 3 is not among the 3 of the batch",
    ),
    (nn.Conv2d(2, 5, 1), X, {"channel": 5}, "channel 5 is not among the 5 of the output"),
    (nn.Unfold(2), X, {"channel": 1}, "channel 1 is not among the 1 of the output"),
    (nn.Fold(3, (2, 1)), X[:, :, 0], {"channel": 1}, "channel 1 is not among the 1 of the output"),
    (nn.Fold(3, (2, 0)), X[:, :, 0], {"channel": 2}, "channel 2 is not among the 2 of the output"),
    (
        nn.MaxPool1d(2),
        X[0, 0],
        {},
        TAKES.format("MaxPool1d", "(C, L) or (N, C, L)", "1 dimension"),
    ),
    (POOL, X[0], {}, TAKES.format("MaxPool2d", "(C, H, W) or (N, C, H, W)", "2 dimensions")),
    (
        nn.Unfold(2),
        X[None, None],
        {},
        TAKES.format("Unfold", "(C, H, W) or (N, C, H, W)", "5 dimensions"),
    ),
    (
        nn.Conv3d(1, 1, 1),
        X,
        {},
        TAKES.format("Conv3d", "(C, D, H, W) or (N, C, D, H, W)", "3 dimensions"),
    ),
    (
        nn.Fold(2, 2),
        X[None],
        {},
        TAKES.format("Fold", "(C, L) or (N, C, L)", "4 dimensions"),
    ),
    (POOL, X > 0, {}, "a window over torch.bool has no meaning in torch"),
    (POOL, torch.zeros(0, 2, 4, 4), {}, "the batch is empty, so there is nothing to trace"),
    (POOL, torch.zeros(0, 4, 4), {}, EMPTY),
    (POOL, torch.zeros(1, 2, 0, 4), {}, EMPTY),
    (POOL, X + 0j, {}, "torch slides no MaxPool2d over complex numbers"),
    (nn.Conv2d(2, 1, 1), X + 0j, {}, COMPLEX_CONV),
    (nn.Conv2d(2, 1, 1, dtype=torch.complex64), X, {}, COMPLEX_CONV),
    (nn.ConvTranspose2d(2, 1, 1), X + 0j, {}, COMPLEX_CONV),
    (nn.Unfold(2), X + 0j, {}, COMPLEX_MOVES),
    (nn.Fold(2, 2), X[0] + 0j, {}, COMPLEX_MOVES),
    (nn.MaxUnpool2d(2), X + 0j, {"indices": INDICES}, COMPLEX_MOVES),
    (Failing(Words("one\ntwo")), X, {}, "Failing could not be traced: Words: one"),
    (Failing(Words()), X, {}, "Failing could not be traced: Words: no reason given"),
    (
        nn.MaxUnpool1d(2),
        X[0],
        {},
        "MaxUnpool1d needs the indices that MaxPool1d(..., return_indices=True) returned: "
        "slide(module, input, indices=indices)",
    ),
    (
        nn.MaxUnpool2d(2),
        X,
        {"indices": INDICES.to("meta")},
        "the tensor of indices is on the meta device, which keeps no numbers",
    ),
    (
        nn.MaxUnpool2d(2),
        X,
        {"indices": INDICES[:, :, :3]},
        "the indices have shape (2, 4, 3), the input (2, 4, 4)",
    ),
    (
        nn.MaxUnpool3d(1),
        X[None],
        VOLUME | {"depth": 2},
        "depth 2 is not among the 2 of the output",
    ),
    (
        nn.MaxUnpool3d(1),
        X[None],
        VOLUME | {"depth": -1},
        "depth -1 is not among the 2 of the output",
    ),
]


def windows(transfer):
    return [(m.window, [r[:3] for r in m.reads], [w[:2] for w in m.writes]) for m in transfer.moves]


# The first of all, since torch imports sympy for it, which no other test should be said to need.
def test_an_unpooling_by_hand():
    values = torch.tensor([[[0.0] * 2] * 3, [[1, 2], [3, 4], [5, 6]]])
    indices = torch.tensor([[[0] * 2] * 3, [[0, 3], [5, 6], [13, 11]]])
    for batch in (False, True):
        x, where = (t[None].expand(2, -1, -1, -1) if batch else t for t in (values, indices))
        found = slide(nn.MaxUnpool2d(3, 2, 1), x, 1, int(batch), indices=where, output_size=(4, 4))
        assert found.target == ((1, 0, 0, 2), (0, 3, 4, 0), (0, 0, 0, 6), (0, 5, 0, 0))
        assert found.indices == (((0, 3), (5, 6), (13, 11)),)
        # So far behind the last row that the third window has room, and as far as in front.
        assert (found.geometry.rows, found.geometry.cols) == (
            Axis(4, 3, 2, (1, 2)),
            Axis(4, 3, 2, (1, 1)),
        )
        assert windows(found) == [
            ((r, c), [(0, r, c)], [place])
            for (r, c), place in zip(
                ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)),
                ((0, 0), (0, 3), (1, 1), (1, 2), (3, 1), (2, 3)),
                strict=True,
            )
        ]
        assert (found.channel, found.sample, found.dims, found.depth_index) == (1, batch, 2, 0)
        assert (found.kind, found.operation) == ("unpool", "MaxUnpool2d")
        assert found.epsilon == torch.finfo(torch.float32).eps
        assert found.input_shape == tuple(x.shape) and found.output_shape[-2:] == (4, 4)


@pytest.mark.filterwarnings("ignore")  # nested tensors are a prototype
def test_what_has_no_shape_has_none_in_the_context():
    assert refusal(3, X).problem == "slide needs a torch module, got int"
    assert refusal(3, X).context == ""
    error = refusal(POOL, [1])
    assert error.problem == "slide needs a torch tensor or a numpy array, got list"
    assert error.context == "nn.MaxPool2d(kernel_size=2, stride=2)"
    words = refusal(nn.MaxUnpool2d(2), X, indices=np.array(["a"])).problem
    assert words.startswith("indices cannot take a numpy array of <U1: TypeError: can't convert")
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    assert refusal(POOL, nested).context == error.context


def test_each_refusal_word_by_word():
    for module, input, kwargs, words in REFUSED:
        error = refusal(module, input, **kwargs)
        assert error.problem == words, module
        shape = f"on an input of shape {tuple(input.shape)} and {input.dtype}"
        assert error.context.endswith(shape), module


def test_the_modules_that_are_known():
    assert known_modules() == KNOWN
    named = {name for name in dir(nn) if name.endswith(("1d", "2d", "3d")) and "Pool" in name}
    named |= {f"{kind}{n}d" for kind in ("Conv", "ConvTranspose", "MaxUnpool") for n in (1, 2, 3)}
    assert {kind.__name__ for kind in TRACERS} == named | {"Unfold", "Fold"}
    for kind, (dims, _) in TRACERS.items():
        digit = kind.__name__[-2]
        assert dims == (int(digit) if digit.isdigit() else {"Unfold": 2, "Fold": 1}[kind.__name__])


def test_the_same_trace_of_a_numpy_array_and_with_a_gradient():
    x = torch.tensor([[[1.0, 2, 3], [4, 0, 1]]])
    expected = slide(nn.AvgPool2d(2, 1), x)
    assert expected.output == ((1.75, 1.5),)
    assert slide(nn.AvgPool2d(2, 1), x.numpy()) == expected
    assert slide(nn.AvgPool2d(2, 1), x.requires_grad_()) == expected
    assert slide(nn.AvgPool2d(2, 1), np.float32(x.detach()), np.int64(0), sample=0) == expected


def test_an_unpooled_volume_and_signal_by_hand():
    values = torch.tensor([[[[1.0, 2]], [[3, 4]]]])
    indices = torch.tensor([[[[0, 7]], [[5, 2]]]])  # in slices of 1×4
    more = {"indices": indices, "output_size": (2, 1, 4)}
    found = slide(nn.MaxUnpool3d((1, 1, 2)), values, depth=1, **more)
    assert found.target == ((0, 3, 0, 2),)
    assert [[w[:2] for w in m.writes] for m in found.moves] == [[], [(0, 3)], [(0, 1)], []]
    assert [m.reads[0][:3] for m in found.moves] == [(0, 0, 0), (0, 0, 1), (1, 0, 0), (1, 0, 1)]
    assert (found.depth_index, found.dims, len(found.sources)) == (1, 3, 2)
    assert found.geometry.rows == Axis(1, 1, 1) and found.geometry.cols == Axis(4, 2, 2)
    more = {"indices": torch.tensor([[1, 2]]), "output_size": (4,)}
    signal = slide(nn.MaxUnpool1d(2), values[0, 0], **more)
    assert signal.target == ((0, 1, 2, 0),) and signal.dims == 1
    assert (signal.geometry.rows, signal.geometry.cols) == (Axis(1, 1, 1), Axis(4, 2, 2))


THREADS = []


class Watched(nn.MaxUnpool2d):
    """Notes in how many threads torch works."""

    def forward(self, *arguments):
        THREADS.append(torch.get_num_threads())
        return super().forward(*arguments)


def test_numbers_are_written_in_one_thread():
    """The last of two numbers for one place stays."""
    before, module = torch.get_num_threads(), Watched(1)
    torch.set_num_threads(2)
    try:
        found = slide(module, torch.tensor([[[5.0, 7]]]), indices=torch.tensor([[[1, 1]]]))
        assert found.target == ((0, 7),) and set(THREADS) == {1}
        assert torch.get_num_threads() == 2
        wrong = torch.tensor([[[1, 9]]])
        assert "torch says: " in refusal(module, torch.ones(1, 1, 2), indices=wrong).problem
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_an_unfolding_and_a_folding_by_hand():
    x = torch.tensor([[[1.0, 2, 3], [4, 5, 6]]])
    unfold = nn.Unfold((1, 2), dilation=(1, 2), padding=(0, 1), stride=(1, 2))
    found = slide(unfold, x)
    assert found.target == ((0, 2, 0, 5), (2, 0, 5, 0))
    assert windows(found) == [
        ((r, c), [(0, r, 2 * c - 1), (0, r, 2 * c + 1)], [(0, 2 * r + c), (1, 2 * r + c)])
        for r in (0, 1)
        for c in (0, 1)
    ]
    axes = (Axis(2, 1, 1), Axis(3, 2, 2, (1, 1), 2))
    assert (found.geometry.rows, found.geometry.cols) == axes
    higher = nn.Unfold((2, 1), padding=(1, 0), stride=(3, 2))
    batch = torch.stack((torch.zeros(1, 2, 3), x))
    found = slide(higher, batch, sample=1)
    assert found.target == ((0, 0), (1, 3)) and found.sample == 1
    assert windows(found) == [
        ((0, c), [(0, -1, 2 * c), (0, 0, 2 * c)], [(0, c), (1, c)]) for c in (0, 1)
    ]
    assert [[r.value for r in move.reads] for move in found.moves] == [[0, 1], [0, 3]]
    columns = torch.cat((torch.zeros(2, 4), torch.tensor([[1.0, 2, 3, 4], [5, 6, 7, 8]])))
    fold = nn.Fold((2, 3), (1, 2), dilation=(1, 2), padding=(0, 1), stride=(1, 2))
    for batch in (False, True):
        back = slide(fold, columns[None].expand(3, -1, -1) if batch else columns, 1, 2 * batch)
        assert back.target == ((0, 5 + 2, 0), (0, 7 + 4, 0))
        assert windows(back) == [
            ((r, c), [(0, i, 2 * r + c) for i in (0, 1)], [(r, 1)]) for r in (0, 1) for c in (0, 1)
        ]
        assert (back.channel, back.sample, back.kind) == (1, 2 * batch, "fold")
        assert (back.geometry.rows, back.geometry.cols) == axes


def test_as_many_numbers_as_a_transfer_may_hold(monkeypatch):
    x = torch.rand(1, 34, 30)
    indices = torch.arange(1020).reshape(1, 34, 30)
    numbers, windows = (
        "{:,} numbers are more than the {:,} a",
        "the windows read {:,} elements, more than the {:,} a",
    )
    for module, input, more, count, words in (
        (nn.MaxUnpool2d(1), x, {"indices": indices}, 1020, numbers),
        (nn.Unfold((3, 2)), x[:, :14, :15], {}, 12 * 3 * 14 * 2, windows),
        (
            nn.Fold((12, 30), (4, 2), stride=(1, 2)),
            torch.rand(8, 135),
            {},
            9 * 4 * 15 * 2,
            windows,
        ),
    ):
        monkeypatch.setattr(rearranging, "MAX_TAPS", count)
        slide(module, input, **more)
        monkeypatch.setattr(rearranging, "MAX_TAPS", count - 1)
        assert (
            refusal(module, input, **more).problem
            == words.format(count, count - 1) + " transfer may hold"
        )


def test_a_wrong_argument_is_named():
    for module, words in (
        (nn.Unfold((1, 2, 3)), "kernel_size must be one int or two ints, got (1, 2, 3)"),
        (nn.Unfold(1, stride=1.5), "stride must be one int or two ints, got 1.5"),
        (nn.Unfold(1, padding="a"), "padding must be one int or two ints, got 'a'"),
        (nn.Unfold(1, dilation=()), "dilation must be one int or two ints, got ()"),
        (
            nn.Unfold((1, 5)),
            "width: the kernel spans 5 elements but the padded input has only 4 (4 + 0 + 0 of "
            "padding)",
        ),
        (nn.Unfold(1, stride=(0, 1)), "height: stride must be at least 1, got 0"),
        (nn.Fold((1, 2, 3), 1), "output_size must be one int or two ints, got (1, 2, 3)"),
        (nn.Fold(2, "a"), "kernel_size must be one int or two ints, got 'a'"),
    ):
        input = X[0] if isinstance(module, nn.Fold) else X
        assert refusal(module, input).problem == words, module
