"""route against autograd, and each window's share against a count of its own."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
import torch
from checking import averages_are, indices_of, is_empty, kernels, sample_of, torch_says
from fractional import fractional, pooled_indices
from hypothesis import given
from hypothesis import strategies as st
from naive import TRANSPOSED, parameter, planes_of, reader, same
from strategies import (
    FLOATS,
    adaptive_pools,
    average_pools,
    convolutions,
    lp_pools,
    max_pools,
    numbers,
    transposed,
)
from sweeps import draws
from torch import nn

from slidingwindows import SlidingWindowsError, Transfer, route, slide
from slidingwindows.core.moves import cancelling

INF, NAN = math.inf, math.nan

pytestmark = [
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel"),
    pytest.mark.filterwarnings("ignore:TF32 acceleration"),
    pytest.mark.filterwarnings("ignore:Initializing zero-element tensors"),
]
sweep = draws(40)
TAME = ("ties", "normal")
FINE = (torch.float32, torch.float64)
GIVEN = st.sampled_from([None, "ties", "normal"])
"""What is sent back: nothing given, whole numbers, or any."""


def routed(case, given, seed=0):
    """(transfer, gradient sent as (H, W)) after what holds for every kind; None if refused."""
    with kernels(case):
        if torch_says(case.module, case.input) is None:
            with pytest.raises(SlidingWindowsError):
                route(case.module, case.input, None, case.channel, case.sample)
            return None
        try:
            depth = case.depth % max(torch_says_size(case), 1)
            trace = slide(case.module, case.input, case.channel, case.sample, depth)
        except SlidingWindowsError:
            return None  # the sweeps of slide say which
        shape = trace.geometry.output_shape
        sent = None if given is None else numbers(seed, given, case.input.dtype, *shape)
        strides = strides_of(case)
        real = [
            p
            for p in range(len(trace.planes))
            if not trace.is_padding(0, 0, p)
            and (not trace.slices or trace.slices[p] % strides[0] == 0)
        ]
        alone = trace.kind == "max" and has_padding_alone(trace)
        if not real or alone:
            with pytest.raises(SlidingWindowsError, match="padding alone"):
                route(case.module, case.input, sent, case.channel, case.sample, depth)
            return None
        plane = real[seed % len(real)]
        found = route(case.module, case.input, sent, case.channel, case.sample, depth, plane)
        default = route(case.module, case.input, sent, case.channel, case.sample, depth)
        assert default.plane == real[0]
        sent = torch.ones(shape, dtype=case.input.dtype) if sent is None else sent
        assert same(found.target, autograd(case, sent, depth, trace, plane))
    assert found.sources == (tuple(map(tuple, sent.tolist())),)
    assert (found.input_shape, found.output_shape) == (trace.output_shape, trace.input_shape)
    text = json.dumps(found.to_dict(), allow_nan=False)
    same_trace = f'"forward": {json.dumps(trace.to_dict())}, "plane": ' in text
    assert same_trace or getattr(case.module, "_random_samples", 0) is None
    assert json.dumps(Transfer.from_dict(json.loads(text)).to_dict()) == text
    return found, sent


def strides_of(case) -> list[int]:
    """(depth, rows, columns) from one element of the input to the next one in a trace."""
    if not isinstance(case.module, TRANSPOSED):
        return [1, 1, 1]
    return [1] * (3 - case.dims) + [parameter(case.module, "stride", i) for i in range(case.dims)]


def torch_says_size(case) -> int:
    said = torch_says(case.module, case.input)
    said = said[0] if isinstance(said, tuple) else said
    return said.shape[-3] if case.dims == 3 else 1


def has_padding_alone(trace) -> bool:
    axes = [axis for axis in (trace.depth, trace.geometry.rows, trace.geometry.cols) if axis]
    return any(all(not 0 <= p < axis.size for p in w) for axis in axes for w in axis.windows)


def autograd(case, sent, depth, trace, plane):
    """Rows of columns: the gradient of the plane, by torch."""
    leaf = case.input.clone().requires_grad_()
    output = case.module(leaf)
    output = output[0] if isinstance(output, tuple) else output
    whole = torch.zeros_like(output)
    part = sample_of(case, whole)[case.channel]
    part.reshape(*(1,) * (3 - case.dims), *part.shape)[depth] = sent
    (gradient,) = torch.autograd.grad(output, leaf, whole)
    home = planes_of(case.module, case.input.shape[-case.dims :], case.channel, depth)[plane]
    volume = sample_of(case, gradient)[home[0]]
    volume = volume.reshape(*(1,) * (3 - case.dims), *volume.shape)
    deep, down, across = strides_of(case)
    received = volume[home[1] // deep]
    height, width = received.shape
    target = received.new_zeros((height - 1) * down + 1, (width - 1) * across + 1)
    target[::down, ::across] = received
    return tuple(map(tuple, target.tolist()))


def shares_are(case, found, share) -> None:
    """Each move gives share(step, taps) to the real elements of its plane, and nothing else."""
    transfer, sent = found
    trace, sample = transfer.forward, sample_of(case, case.input)
    planes = planes_of(case.module, sample.shape[1:], case.channel, trace.depth_index)
    deep, down, across = strides_of(case)
    home = planes[transfer.plane][0], planes[transfer.plane][1] // deep
    reads = reader(case.module, sample, case.channel)
    for step, move in zip(trace.steps, transfer.moves, strict=True):
        arriving = float(sent[step.output])
        assert move.window == step.output
        assert tuple(map(tuple, move.reads)) == ((0, *step.output, arriving),)
        taps = reads((trace.depth_index, *step.output))
        shares = share(step, [tap for tap, _ in taps], arriving)
        expected = [
            (place[2] * down, place[3] * across, amount)
            for amount, (_, place) in zip(shares, taps, strict=True)
            if place and place[:2] == home and amount is not None
        ]
        assert same(list(map(tuple, move.writes)), expected)


def maximum(case, given, seed):
    found = routed(case, given, seed)
    if not found:
        return
    transfer, sent = found
    height, width = transfer.geometry.input_shape
    indices = indices_of(case)
    slices = transfer.forward.slices or (0,)
    for move in transfer.moves:
        index = int(indices[move.window])
        in_plane = index // (height * width) == slices[transfer.plane]
        place = divmod(index % (height * width), width)
        expected = ((*place, float(sent[move.window])),) if in_plane else ()
        assert tuple(map(tuple, move.writes)) == expected
        step = transfer.forward.steps[transfer.moves.index(move)]
        first = "first of equals" in move.arithmetic
        assert first == bool(expected and step.ties)


def average(case, given, seed):
    found = routed(case, given, seed)
    if found:
        divisor = getattr(case.module, "divisor_override", None)
        shares_are(case, found, lambda _, taps, g: [g / (divisor or len(taps))] * len(taps))
        averages_are(found[0].forward, case)


SEEDS = st.integers(0, 2**20)
SOME = {"flavours": TAME, "dtypes": FLOATS}
MAXIMA = [max_pools(dims, **SOME) for dims in (1, 2, 3)]
MAXIMA += [adaptive_pools("AdaptiveMaxPool", dims, **SOME) for dims in (1, 2, 3)]
AVERAGES = [average_pools(dims, **SOME) for dims in (1, 2, 3)]
AVERAGES += [adaptive_pools("AdaptiveAvgPool", dims, **SOME) for dims in (1, 2, 3)]


@pytest.mark.parametrize("number", range(6))
def test_max(number):
    @given(MAXIMA[number], GIVEN, SEEDS)
    @sweep
    def run(case, given, seed):
        maximum(case, given, seed)

    run()


@pytest.mark.parametrize("number", range(6))
def test_average(number):
    @given(AVERAGES[number], GIVEN, SEEDS)
    @sweep
    def run(case, given, seed):
        average(case, given, seed)

    run()


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_convolution(dims):
    @given(convolutions(dims=dims, **SOME), GIVEN, SEEDS)
    @sweep
    def run(case, given, seed):
        found = routed(case, given, seed)
        if found:
            shares_are(case, found, lambda _, taps, g: [g * tap[4] for tap in taps])

    run()


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_lp(dims):
    """Positive numbers: of others the powers may cancel, and of their root nothing is certain."""

    @given(lp_pools(dims, flavours=("positive", "ties"), dtypes=FINE), GIVEN, SEEDS)
    @sweep
    def run(case, given, seed):
        case.input.abs_()
        if case.module.norm_type < 1:
            case.input[case.input == 0] = 1
        found = routed(case, given, seed)
        for step, move in zip(found[0].forward.steps, found[0].moves, strict=True) if found else ():
            norm, arriving = case.module.norm_type, move.reads[0].value
            for tap, write in zip(step.taps, move.writes, strict=False):
                if found[0].dims < 3 and step.value > 0 and tap.value > 0:
                    # The derivative of s^(1/p), s = n/c · Σ x^p: n/c · (x / s^(1/p))^(p − 1).
                    scale = found[0].forward.reduction.size / len(step.taps)
                    slope = scale * (tap.value / step.value) ** (norm - 1)
                    assert math.isclose(write.amount, arriving * slope, rel_tol=1e-4, abs_tol=1e-9)

    run()


def test_a_power_without_a_slope_where_no_window_reads_is_refused_with_the_reason():
    """Torch differentiates the power of the whole input, and 0 times nan is nan."""
    x = torch.tensor([[[1.0, -1.0], [1.0, 1.0]]])
    refused("nan, though no window reads it: the slope", nn.LPPool2d(1.5, 1, stride=2), x)
    route(nn.LPPool2d(1.5, 1, stride=2), x.abs())


@given(fractional(FLOATS), GIVEN, SEEDS)
@sweep
def test_fractional(case, given, seed):
    found = routed(case, given, seed)
    if found:
        indices = pooled_indices(case.module, case.input, case.module._random_samples, case)
        width = case.input.shape[-1]
        for move in found[0].moves:
            place = divmod(int(indices[move.window]), width)
            assert tuple(map(tuple, move.writes)) == ((*place, float(found[1][move.window])),)


def test_fractional_windows_are_drawn_once():
    module = nn.FractionalMaxPool2d(2, 4)
    image = torch.randn(1, 12, 12, generator=torch.Generator().manual_seed(3))
    for _ in range(20):
        assert sum(map(sum, route(module, image).target)) == 16
    batch = image.expand(3, 1, 12, 12)
    assert sum(map(sum, route(module, batch, sample=2).target)) == 16
    assert module._random_samples is None


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_transposed(dims):
    """In a gradient, too, the zeros between the elements are counted; they receive nothing."""
    reached = []

    @given(transposed(dims=dims, **SOME), GIVEN, SEEDS)
    @draws(80)  # few of them can be followed
    def run(case, given, seed):
        if torch_says(case.module, case.input) is None or is_empty(case, "the kernel spans"):
            return
        found = routed(case, given, seed)
        if found:
            shares_are(case, found, lambda _, taps, g: [g * tap[4] for tap in taps])
            reached.append(any(move.writes for move in found[0].moves))

    run()
    assert sum(reached) > 10


def test_output_size_on_the_way_back():
    module = nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1)
    leaf = torch.rand(1, 3, 3, generator=torch.Generator().manual_seed(2)).requires_grad_()
    module(leaf, output_size=(6, 5)).sum().backward()
    found = route(module, leaf.detach(), output_size=(6, 5))
    assert [row[::2] for row in found.target[::2]] == list(map(tuple, leaf.grad[0].tolist()))
    assert found.input_shape == (1, 6, 5) and module.output_padding == (0, 0)
    with pytest.raises(SlidingWindowsError, match="only a transposed convolution"):
        route(nn.Conv2d(1, 1, 3), leaf.detach(), output_size=(6, 5))
    with pytest.raises(SlidingWindowsError, match="torch says: requested an output size"):
        route(module, leaf.detach(), output_size=(9, 9))


ANY = st.one_of(
    *MAXIMA,
    *AVERAGES,
    convolutions(**SOME),
    transposed(**SOME),
    lp_pools(2, flavours=("positive",)),
)


@given(ANY, GIVEN, SEEDS, st.data())
@sweep
def test_a_gradient_that_lies_cannot_be_built(case, given, seed, data):
    found = routed(case, given, seed) if case.input.is_floating_point() else None
    if not found:
        return
    transfer = found[0]
    moves, at = transfer.moves, data.draw(st.integers(0, len(transfer.moves) - 1))
    move = moves[at]

    def lying(*changed, **fields):
        with pytest.raises(SlidingWindowsError):
            replace(transfer, moves=(*moves[:at], *changed, *moves[at + 1 :]), **fields)

    lying()
    lying(move, move)
    lying(replace(move, window=(move.window[0] + 1, move.window[1])))
    read = move.reads[0]
    lying(replace(move, reads=()))
    lying(replace(move, reads=(read, read)))
    lying(replace(move, reads=(read._replace(value=read.value + 1),)))
    lying(replace(move, reads=(read._replace(col=read.col + 1),)))
    lying(move, target=tuple(tuple(v + 1000 for v in row) for row in transfer.target))
    for i, write in enumerate(move.writes):
        before, behind = move.writes[:i], move.writes[i + 1 :]
        lying(replace(move, writes=before + behind))
        lying(replace(move, writes=(*before, write, write, *behind)))
        amount = 1.0 if math.isnan(write.amount) else write.amount + 1
        for other in (
            write._replace(amount=amount),
            write._replace(row=write.row + 1),
            write._replace(col=write.col - 1),
        ):
            lying(replace(move, writes=(*before, other, *behind)))


@pytest.mark.parametrize(
    ("module", "shape", "options", "problem"),
    [
        (nn.MaxPool2d(2), (1, 4, 4), {"gradient": torch.ones(3, 3)}, "output's shape .2, 2."),
        (nn.MaxPool1d(2), (1, 4), {"gradient": torch.ones(3)}, "output's shape .1, 2."),
        (nn.MaxPool2d(2), (1, 4, 4), {"gradient": "ones"}, "torch says"),
        (nn.MaxPool2d(2), (1, 4, 4), {"plane": 1}, "plane 1 is not among the 1"),
        (nn.MaxPool2d(2), (1, 4, 4), {"plane": -1}, "plane -1 is not among the 1"),
        (nn.Conv3d(1, 1, 3, padding=1), (1, 4, 4, 4), {"plane": 0}, "plane 0 is padding"),
        (nn.ConvTranspose3d(1, 1, 1, 2), (1, 2, 2, 2), {"depth": 1}, "zeros put in and padding"),
        (nn.Unfold(2), (1, 4, 4), {}, "Unfold only moves numbers"),
        (nn.Fold((3, 3), 2), (4, 4), {}, "Fold only moves numbers"),
        (nn.MaxPool2d(2, 1, 1, 3), (1, 2, 2), {}, "a window reads padding alone"),
    ],
    ids=str,
)
def test_gradients_that_are_none(module, shape, options, problem):
    refused(problem, module, torch.ones(shape), **options)


def refused(problem, module, x, **options):
    """No gradient, for this reason, and the message names the operation."""
    with pytest.raises(SlidingWindowsError, match=problem) as told:
        route(module, x, **options)
    assert type(module).__name__ in told.value.context


@pytest.mark.parametrize("norm", [0.5, -1])
def test_powers_below_1_have_no_gradient_at_0(norm):
    """Torch's is nan even for a zero in no window, as it multiplies 0 by an infinite slope."""
    image = torch.tensor([[1.0, 2.0, 0.0]])
    leaf = image.clone().requires_grad_()
    nn.LPPool1d(norm, 2)(leaf).sum().backward()
    assert math.isnan(leaf.grad[0, 2])
    refused("infinitely steep at 0", nn.LPPool1d(norm, 2), image)


def test_gradients_need_floats():
    x = torch.ones(1, 4, 4, dtype=torch.int64)
    refused("gradients need a float input, got torch.int64", nn.MaxPool2d(2), x)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.Conv1d(1, 1, 1, bias=False), "gradient 1 times the kernel goes to 1 element"),
        (nn.Conv1d(1, 1, 2, bias=False), "gradient 1 times the kernel goes to 2 elements"),
        (nn.LPPool1d(2.0, 1), "gradient 1 goes to 1 element"),
        (nn.LPPool1d(2.0, 2), "gradient 1 goes to 2 elements, in proportion to x"),
    ],
)
def test_one_element_is_no_plural(module, words):
    assert route(module, torch.tensor([[1.0, 2.0]])).moves[0].arithmetic == words


@pytest.mark.parametrize(
    ("norm", "words"),
    [
        (0.5, "in proportion to x^−0.5"),
        (1.0, "in equal shares"),
        (1.5, "in proportion to x^0.5"),
        (2.0, "in proportion to x"),
        (3.0, "in proportion to x²"),
        (-1.0, "in proportion to x⁻²"),
    ],
)
def test_the_share_of_an_lp_pool_is_that_power_of_the_number(norm, words):
    """Only above p = 1 does the larger number get more."""
    made = route(nn.LPPool2d(norm, 2), torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    assert made.moves[0].arithmetic == f"gradient 1 goes to 4 elements, {words}"
    first, *rest = (amount for row in made.target for amount in row)
    expected = [x ** (norm - 1) for x in (2.0, 3.0, 4.0)]
    torch.testing.assert_close(torch.tensor(rest) / first, torch.tensor(expected))


def test_an_lp_pool_of_negative_numbers_gives_negative_shares():
    made = route(nn.LPPool2d(2, 2), torch.tensor([[[1.0, -5.0], [3.0, 4.0]]]))
    assert made.moves[0].arithmetic == "gradient 1 goes to 4 elements, in proportion to x"
    assert made.target[0][1] == pytest.approx(-5 * made.target[0][0])


@pytest.mark.parametrize(
    ("norm", "window"), [(1, (0.0, 0.0)), (2, (0.0, 0.0)), (1, (1.0, -1.0)), (3, (2.0, -2.0))]
)
def test_where_the_powers_add_up_to_zero_an_lp_pool_passes_nothing(norm, window):
    made = route(nn.LPPool1d(norm, 2), torch.tensor([window]))
    assert made.target == ((0, 0),)
    words = "gradient 1 goes to 2 elements as 0: the powers add up to 0"
    assert made.moves[0].arithmetic == words


@pytest.mark.parametrize("norm", [1, 2, 3, 1.5, 0.5, -1])
@pytest.mark.parametrize("row", [[1.0, NAN], [NAN, NAN], [INF, -INF], [0.0, NAN], [2.0, INF]])
def test_an_lp_pool_passes_on_what_torch_does_where_there_is_no_number(norm, row):
    """A sum by itself, of power 1, is multiplied by its sign, for which torch takes 0 at nan."""
    x = torch.tensor([[row]], requires_grad=True)
    try:
        made = route(nn.LPPool2d(norm, (1, 2)), x.detach())
    except SlidingWindowsError as error:
        assert "infinitely steep at 0" in str(error) and 0.0 in row and norm < 1
        return
    nn.LPPool2d(norm, (1, 2))(x).sum().backward()
    got, expected = torch.tensor(made.target), x.grad[0]
    assert torch.allclose(got, expected, equal_nan=True)
    if norm == 1 and made.forward.steps[0].value != INF:
        assert not got.any()
        assert [move.arithmetic for move in made.moves] == [
            "gradient 1 goes to 2 elements as 0: torch multiplies by the sign of nan, which it "
            "takes for 0"
        ]


def test_an_lp_pool_of_nan_and_of_infinity_says_no_proportion():
    made = route(nn.LPPool1d(2, 2), torch.tensor([[1.0, math.nan, 1.0, math.inf]]))
    words = [move.arithmetic for move in made.moves]
    assert words == ["gradient 1 becomes nan", "gradient 1 goes to 2 elements"]


def test_one_peak_under_four_windows():
    image = torch.zeros(1, 3, 3)
    image[0, 1, 1] = 1
    assert route(nn.MaxPool2d(2, 1), image).target == ((0, 0, 0), (0, 4, 0), (0, 0, 0))
    assert route(nn.MaxPool2d(2), torch.ones(1, 2, 2)).target == ((1, 0), (0, 0))
    assert route(nn.AvgPool2d(2), torch.ones(1, 2, 2)).target == ((0.25, 0.25),) * 2


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("size", [2, 3])
def test_slices_of_copied_padding_pass_their_share_home(mode, size):
    """A volume's padding before and behind holds copies too: their share is the original's."""
    module = nn.Conv3d(1, 1, 3, padding=1, bias=False, padding_mode=mode)
    module.weight.data = torch.arange(1.0, 28).reshape(module.weight.shape)
    volume = torch.arange(9.0 * size).reshape(1, size, 3, 3)
    for depth in range(size):
        leaf = volume.clone().requires_grad_()
        module(leaf)[0, depth].sum().backward()
        for plane, at in enumerate(slide(module, volume, depth=depth).slices):
            if 0 <= at < size:
                found = route(module, volume, depth=depth, plane=plane)
                assert found.target == tuple(map(tuple, leaf.grad[0, at].tolist()))


def test_the_gradient_of_a_signal_is_a_row_or_its_numbers():
    module, signal, sent = nn.AvgPool1d(2), torch.arange(6.0)[None], torch.tensor([1.0, 20, 300])
    found = route(module, signal, sent)
    assert found.target == ((0.5, 0.5, 10, 10, 150, 150),)
    assert found == route(module, signal, sent[None]) == route(module, signal, [1, 20, 300])
    with pytest.raises(SlidingWindowsError, match=r"output's shape \(1, 3\), got \(3,\)"):
        route(nn.AvgPool2d((1, 2)), signal[None], sent)


@pytest.mark.parametrize("norm", [1, 2, 3, -1, 0.5])
def test_rounding_counts_for_more_only_where_powers_cancel(norm):
    """An LP pool's share may be off by its own rounding and that of the root's exponent."""
    plain = [[1.0, 2.0], [0.0, 3.0], [0.0, 0.0], [math.inf, 1.0], [-2.0, -1.0], [3.0, -1.0]]
    values = torch.tensor(plain, dtype=torch.float64).reshape(1, 6, 2)
    *alone, mixed = cancelling(slide(nn.LPPool2d(norm, (1, 2)), values))
    assert alone == [1 + abs(1 / norm - 1)] * 5
    more = {1: 2, -1: 2, 3: 28 / 26}.get(norm, 1)
    assert math.isclose(mixed, more * alone[0])


@pytest.mark.parametrize(("epsilon", "last"), [(2.0**-23, 2**19), (2.0**-52, 2**48)])
def test_of_what_nearly_cancels_rounding_may_be_all(epsilon, last):
    """Of two terms the sum may be off by 2 · 4 roundings of them: then by half of itself."""
    dtype = torch.float32 if epsilon == 2.0**-23 else torch.float64
    found = [
        cancelling(slide(nn.LPPool1d(1, 2), torch.tensor([[n + 1.0, -n]], dtype=dtype)))[0]
        for n in (last / 2 - 1, last / 2)
    ]
    assert found == [last - 1, math.inf]
