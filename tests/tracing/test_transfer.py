"""MaxUnpool2d, Unfold and Fold against torch, number by number, and transfers that lie."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from checking import torch_says
from hypothesis import given
from hypothesis import strategies as st
from naive import same
from strategies import (
    FLAVOURS,
    FLOATS,
    INTEGERS,
    Case,
    inputs,
    max_pools,
    numbers,
    one_or_more,
    wrong,
)
from sweeps import draws
from torch import nn

from slidingwindows import SlidingWindowsError, Transfer, route, slide
from slidingwindows.tracing import rearranging

sweep = draws(150)
fewer = draws(50)
seen = Counter()


def both(case, **more):
    """(transfer, torch's output), or None if both refuse."""
    said = torch_says(case.module, case.input, *more.values())
    seen[type(case.module), said is None] += 1
    if said is None:
        with pytest.raises(SlidingWindowsError):
            slide(case.module, case.input, case.channel, case.sample, **more)
        return None
    transfer = slide(case.module, case.input, case.channel, case.sample, **more)
    assert transfer.output_shape == tuple(said.shape)
    assert transfer.input_shape == tuple(case.input.shape)
    assert transfer.after(0) == ((0.0,) * len(transfer.target[0]),) * len(transfer.target)
    text = json.dumps(transfer.to_dict(), allow_nan=False)
    again = Transfer.from_dict(json.loads(text))
    assert json.dumps(again.to_dict()) == text
    assert again == transfer or '"nan"' in text
    return transfer, said


def rows_of(tensor) -> tuple:
    return tuple(map(tuple, tensor.tolist()))


def plain(move):
    return move.window, tuple(map(tuple, move.reads)), tuple(map(tuple, move.writes))


@st.composite
def windows(draw, dims=2):
    parameters = dict(
        kernel_size=draw(one_or_more(st.integers(1, 3), dims)),
        stride=draw(one_or_more(st.integers(1, 3), dims)),
        padding=draw(one_or_more(st.integers(0, 2), dims)),
        dilation=draw(one_or_more(st.sampled_from([1, 1, 2]), dims)),
    )
    return parameters | draw(wrong(dims))


@st.composite
def unfolded(draw):
    channels = draw(st.integers(1, 3))
    tensor, sample = draw(inputs(channels, largest=5))
    return Case(nn.Unfold(**draw(windows())), tensor, 0, sample)


@given(unfolded())
@sweep
def test_unfold(case):
    found = both(case)
    if found is None:
        return
    transfer, said = found
    target = said[case.sample] if said.dim() == 3 else said
    assert same(transfer.target, rows_of(target))
    module, maps = case.module, case.input if case.input.dim() == 3 else case.input[case.sample]
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = (
        (v, v) if isinstance(v, int) else v
        for v in (module.kernel_size, module.stride, module.padding, module.dilation)
    )
    height, width = maps.shape[1:]
    across = (width + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    assert transfer.geometry.input_shape == (height, width)
    assert [m.window for m in transfer.moves] == [
        divmod(column, across) for column in range(target.shape[1])
    ]
    for column, move in enumerate(transfer.moves):
        row, col = divmod(column, across)
        reads = []
        for c in range(maps.shape[0]):
            for i in range(kh):
                for j in range(kw):
                    r, s = row * sh - ph + i * dh, col * sw - pw + j * dw
                    inside = 0 <= r < height and 0 <= s < width
                    assert transfer.is_padding(r, s) == (not inside)
                    reads.append((c, r, s, maps[c, r, s].item() if inside else 0.0))
        assert same(tuple(map(tuple, move.reads)), tuple(reads))
        writes = tuple((i, column, read[3]) for i, read in enumerate(reads))
        assert same(tuple(map(tuple, move.writes)), writes)


@st.composite
def folded(draw):
    """Columns that most often are as many and as long as the windows."""
    parameters = draw(windows())
    size = draw(one_or_more(st.integers(1, 6)))
    module = nn.Fold(size, **parameters)
    channels, batch = draw(st.integers(1, 2)), draw(st.sampled_from([None, 1, 2]))
    zeros = torch_says(nn.Unfold(**parameters), torch.zeros(channels, *pair(size)))
    rows, columns = zeros.shape if zeros is not None else (4, 4)
    if draw(st.integers(0, 9)) == 7:
        rows, columns = rows + draw(st.integers(0, 1)), columns + 1
    shape = (rows, columns) if batch is None else (batch, rows, columns)
    dtype, flavour = draw(st.sampled_from(FLOATS + INTEGERS)), draw(st.sampled_from(FLAVOURS))
    tensor = numbers(draw(st.integers(0, 2**20)), flavour, dtype, *shape)
    channel, sample = draw(st.integers(0, channels - 1)), draw(st.integers(0, (batch or 1) - 1))
    return Case(module, tensor, channel, sample)


def pair(value):
    return (value, value) if isinstance(value, int) else value


@given(folded())
@sweep
def test_fold(case):
    found = both(case)
    if found is None:
        return
    transfer, said = found
    target = (said if said.dim() == 4 else said[None])[case.sample, case.channel]
    assert same(transfer.target, rows_of(target))
    columns = case.input if case.input.dim() == 2 else case.input[case.sample]
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = (
        pair(v)
        for v in (
            *(case.module.kernel_size, case.module.stride),
            *(case.module.padding, case.module.dilation),
        )
    )
    height, width = target.shape
    across = (width + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    assert len(transfer.moves) == columns.shape[1]
    assert transfer.geometry.input_shape == (height, width)
    for column, move in enumerate(transfer.moves):
        row, col = divmod(column, across)
        reads, writes = [], []
        for i in range(kh):
            for j in range(kw):
                value = columns[case.channel * kh * kw + i * kw + j, column].item()
                reads.append((0, i * kw + j, column, value))
                r, s = row * sh - ph + i * dh, col * sw - pw + j * dw
                if 0 <= r < height and 0 <= s < width:
                    writes.append((r, s, value))
        assert same(plain(move), ((row, col), tuple(reads), tuple(writes)))


WITH_INDICES = {
    1: F.max_pool1d_with_indices,
    2: F.max_pool2d_with_indices,
    3: F.max_pool3d_with_indices,
}


@st.composite
def unpooled(draw, dims=2):
    """What a max pool returned, unpooled to a size that fits, or does not, or is not given."""
    case = draw(max_pools(dims, dtypes=FLOATS, flavours=("ties", "normal", "special")))
    module = case.module
    options = module.kernel_size, module.stride, module.padding
    try:
        values, indices = WITH_INDICES[dims](
            case.input, *options, module.dilation, module.ceil_mode
        )
    except (RuntimeError, ValueError, TypeError):
        values, indices = case.input, torch.zeros(case.input.shape, dtype=torch.int64)
    if draw(st.integers(0, 9)) == 7:
        indices = draw(st.sampled_from([indices + 3, indices.int(), indices - 1, indices[..., :1]]))
    *rest, width = case.input.shape[-dims:]
    sizes = [None, (*rest, width), (*rest, width), case.input.shape, (*rest, width + 1), (9,)]
    if draw(st.integers(0, 9)) == 7:
        values = values.long()
    options = tuple(several(numbers, dims) for numbers in options)
    made = getattr(nn, f"MaxUnpool{dims}d")(*options)
    case = Case(made, values, case.channel, case.sample, case.depth, dims)
    return case, indices, draw(st.sampled_from(sizes))


def several(numbers, dims):
    return (numbers,) * dims if isinstance(numbers, int) else numbers


def stuck(module, dims) -> bool:
    """Torch unpools without looking at windows that cannot slide; here they are refused."""
    parameters = module.kernel_size, module.stride, module.padding
    if any(len(numbers) != dims for numbers in parameters):
        return True
    return min(*module.kernel_size, *module.stride) < 1 or min(module.padding) < 0


def swept(drawn, dims):
    case, indices, size = drawn
    more = {"indices": indices, "output_size": size}
    said = torch_says(case.module, case.input, *more.values())
    if stuck(case.module, dims) or (said is not None and not said.numel()):
        with pytest.raises(SlidingWindowsError):
            slide(case.module, case.input, case.channel, case.sample, **more)
        return
    found = both(case, **more)
    if found is None:
        return
    _, said = found
    depth = case.depth % said.shape[-3] if dims == 3 else 0
    transfer = slide(case.module, case.input, case.channel, case.sample, depth, **more)
    values, where, target = (
        (t if t.dim() == dims + 2 else t[None])[case.sample, case.channel]
        for t in (case.input, indices, said)
    )
    values, where, target = (
        t.reshape(*(1,) * (3 - dims), *t.shape) for t in (values, where, target)
    )
    assert transfer.dims == dims and transfer.depth_index == depth
    assert same(transfer.target, rows_of(target[depth]))
    assert same(transfer.sources, tuple(map(rows_of, values)))
    assert transfer.geometry.output_shape == tuple(values.shape[1:])
    assert transfer.geometry.input_shape == tuple(target.shape[1:])
    assert transfer.geometry.cols.padding[0] == case.module.padding[-1]
    _, height, width = target.shape
    expected = []
    for p, r, c in itertools.product(*map(range, values.shape)):
        value, (rest, right) = values[p, r, c].item(), divmod(where[p, r, c].item(), width)
        slice_, down = divmod(rest, height)
        writes = ((down, right, value),) if slice_ == depth else ()
        expected.append(((r, c), ((p, r, c, value),), writes))
    assert same(list(map(plain, transfer.moves)), expected)


@given(unpooled())
@sweep
def test_unpool(drawn):
    swept(drawn, 2)


@given(unpooled(1))
@fewer
def test_unpool_a_signal(drawn):
    swept(drawn, 1)


@given(unpooled(3))
@fewer
def test_unpool_a_volume(drawn):
    swept(drawn, 3)


def test_the_sweeps_saw_both_answers():
    """Runs after the sweeps: enough that torch takes, enough that it refuses."""
    for kind in (nn.Unfold, nn.Fold, nn.MaxUnpool1d, nn.MaxUnpool2d, nn.MaxUnpool3d):
        if seen[kind, True] + seen[kind, False]:
            assert seen[kind, False] > 15 and seen[kind, True] > 7, (kind, seen)


def test_of_two_numbers_with_one_index_the_last_stays():
    """Whatever the number of threads, in which torch alone would race; it is not changed."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        x, where = torch.tensor([[[1.0, 2], [3, 4]]]), torch.full((1, 2, 2), 4)
        for _ in range(200):
            made = slide(nn.MaxUnpool2d(2, stride=1), x, indices=where)
            assert made.target[1][1] == 4
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("make", "most"),
    [
        (lambda: slide(nn.Fold((1, 3), (1, 2)), torch.ones(2, 2)), 4),  # one sum, of two ones
        (lambda: route(nn.AvgPool1d(2, 1), torch.ones(1, 3)), 20),  # and eight for its two shares
    ],
    ids=["fold", "gradient"],
)
def test_a_sum_may_be_off_by_its_roundings_and_no_more(make, most):
    transfer = make()
    middle = transfer.target[0][1]
    for off in (0, most, most + 2):
        data = transfer.to_dict()
        data["target"][0][1] = middle + off * transfer.epsilon
        if off <= most:
            type(transfer).from_dict(data)
        else:
            with pytest.raises(SlidingWindowsError, match="the moves give"):
                type(transfer).from_dict(data)


def test_an_unpooling_that_guesses_wrong():
    """Without its output_size torch takes (1, 1) of 5×5 for (1, 2) of 4×4."""
    image = torch.zeros(1, 5, 5)
    image[0, 1, 1] = 7
    values, indices = F.max_pool2d_with_indices(image, 2)
    guessed = slide(nn.MaxUnpool2d(2), values, indices=indices)
    assert guessed.target[1][2] == 7 and len(guessed.target) == 4
    told = slide(nn.MaxUnpool2d(2), values, indices=indices, output_size=(5, 5))
    assert told.target[1][1] == 7 and len(told.target) == 5


X = torch.ones(1, 2, 2)


@pytest.mark.parametrize(
    ("module", "tensor", "more", "problem"),
    [
        (nn.MaxUnpool2d(2), X, {}, "needs the indices"),
        (nn.MaxUnpool2d(2), X, {"indices": [[0]]}, "needs the indices"),
        (nn.MaxUnpool2d(2), X, {"indices": torch.zeros(1, 1, 2).long()}, "the indices have shape"),
        (nn.MaxUnpool2d(2), X, {"indices": X.long() * 99}, "torch says: Found an invalid max"),
        (nn.MaxUnpool1d(2), X[:1, 0], {}, r"that MaxPool1d\(..., return_indices=True\)"),
        (nn.MaxUnpool3d(2), X[None], {"indices": X[None].long(), "depth": 2}, "among the 2 of"),
        (nn.MaxUnpool2d(2), X, {"answer": 1}, "slide does not take answer here"),
        (nn.MaxPool2d(2), X, {"indices": X.long()}, "slide does not take indices here"),
        (nn.Unfold(2), X, {"channel": 1}, "channel 1 is not among the 1"),
        (nn.Unfold(3), X, {}, "height: the kernel spans 3"),
        (nn.Fold((3, 3), 2), torch.ones(8, 4), {"channel": 2}, "channel 2 is not among the 2"),
        (nn.Fold((3, 3), 2), torch.ones(4, 5), {}, "torch says"),
        (nn.Unfold(2), torch.ones(0, 1, 2, 2), {}, "the batch is empty"),
        (nn.Fold((3, 3), 2), torch.ones(0, 4, 4), {}, "the batch is empty"),
        (nn.Unfold(60), torch.ones(1, 99, 99), {}, "more than the 2,000,000 a transfer may hold"),
    ],
    ids=str,
)
def test_transfers_that_are_none(module, tensor, more, problem):
    with pytest.raises(SlidingWindowsError, match=problem):
        slide(module, tensor, **more)


@given(st.one_of(unfolded(), folded(), unpooled()), st.data())
@fewer
def test_a_transfer_that_lies_cannot_be_built(drawn, data):
    case, more = drawn, {}
    if not isinstance(drawn, Case):
        case, more = drawn[0], {"indices": drawn[1], "output_size": drawn[2]}
    try:
        transfer = slide(case.module, case.input, case.channel, case.sample, **more)
    except SlidingWindowsError:
        return
    moves, at = transfer.moves, data.draw(st.integers(0, len(transfer.moves) - 1))
    move = moves[at]

    def lying(*changed, **fields):
        with pytest.raises(SlidingWindowsError):
            replace(transfer, moves=(*moves[:at], *changed, *moves[at + 1 :]), **fields)

    assert replace(transfer, moves=(*moves[:at], move, *moves[at + 1 :])) is not transfer
    lying()
    lying(move, move)
    lying(move, kind="move")
    lying(move, kind="gradient")
    lying(replace(move, window=(move.window[0], move.window[1] + 1)))
    read = data.draw(st.sampled_from(move.reads))
    reads = [r for r in move.reads if r is not read]
    value = 1.0 if math.isnan(read.value) else read.value / 2 + 1.7
    for other in (
        read._replace(value=value),
        read._replace(row=read.row + 1),
        read._replace(col=read.col - 1),
        read._replace(plane=read.plane + 1),
    ):
        if not same(tuple(other), tuple(read)):
            lying(replace(move, reads=tuple(other if r is read else r for r in move.reads)))
    lying(replace(move, reads=tuple(reads)))
    lying(replace(move, reads=(*move.reads, read)))
    target = [list(row) for row in transfer.target]
    far = 9 * sum(abs(v) for row in target for v in row if math.isfinite(v)) + 1e3
    target[0][0] = far if math.isfinite(far) else math.nan
    if not same(target[0][0], transfer.target[0][0]):
        lying(move, target=tuple(map(tuple, target)))
    if not move.writes:
        return
    write = data.draw(st.sampled_from(move.writes))
    place = move.writes.index(write) if not math.isnan(write.amount) else 0
    write, before, behind = move.writes[place], move.writes[:place], move.writes[place + 1 :]
    lying(replace(move, writes=before + behind))
    lying(replace(move, writes=(*before, write, write, *behind)))
    amount = 1.0 if math.isnan(write.amount) else write.amount / 2 + 1.7
    others = [write._replace(amount=amount), write._replace(row=99)]
    others += [write._replace(row=write.row + 1), write._replace(col=write.col - 1)]
    for other in others:
        changed = replace(move, writes=(*before, other, *behind))
        # The index that an unpooled number follows is no part of the transfer: a zero, or a
        # number that a later one hides, may have gone anywhere.
        hidden = transfer.kind == "unpool" and other.amount == write.amount
        if hidden and played((*moves[:at], changed, *moves[at + 1 :])) == played(moves):
            continue
        if not same(tuple(other), tuple(write)):
            lying(changed)


def played(moves) -> dict:
    """What stands where after all moves, zeros left out."""
    grid = {(w.row, w.col): w.amount for move in moves for w in move.writes}
    return {place: amount for place, amount in grid.items() if amount != 0}


def test_an_unfolding_may_hold_as_many_numbers_as_a_trace_and_no_more(monkeypatch):
    monkeypatch.setattr(rearranging, "MAX_TAPS", 36)
    assert slide(nn.Unfold(2), torch.ones(1, 4, 4)).output_shape == (4, 9)
    with pytest.raises(SlidingWindowsError, match="36"):
        slide(nn.Unfold(2), torch.ones(1, 4, 5))


def test_an_unpooling_may_put_as_many_numbers_back_and_no_more(monkeypatch):
    monkeypatch.setattr(rearranging, "MAX_TAPS", 4)
    pool = nn.MaxPool2d(2, return_indices=True)
    values, indices = pool(torch.arange(16.0).reshape(1, 4, 4))
    assert slide(nn.MaxUnpool2d(2), values, indices=indices).output_shape == (1, 4, 4)
    values, indices = pool(torch.ones(1, 4, 6))
    with pytest.raises(SlidingWindowsError, match="6 numbers are more than the 4 a transfer"):
        slide(nn.MaxUnpool2d(2), values, indices=indices)
