"""How torch is asked whether layers see all: what is tried out, and what counts as an answer."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from slidingwindows.tracing import confirming
from slidingwindows.tracing.confirming import confirmed, refuted, shut

SEEN = []  # not a closure's: that would be lent, too, and given back as it was


class Made(nn.Module):
    """A forward of one's own."""

    def __init__(self, made, **layers):
        super().__init__()
        self.made, self.layers = made, nn.ModuleDict(layers)

    def forward(self, x):
        return self.made(x, *self.layers.values())


def test_the_last_one_is_found_wherever_it_is():
    for numbers in ([], [4], [1, 2], [0, 3, 4], [1, 3, 4, 8], list(range(3, 12))):
        for last in range(-1, 13):
            found = confirming._last(last.__ge__, numbers)
            assert found == max((n for n in numbers if n <= last), default=-1), (numbers, last)


def test_a_place_and_its_neighbours_are_tried():
    with torch.device("meta"):  # whatever the caller's default is
        for sizes in ((1,), (5,), (2, 3), (1, 4), (3, 1, 2)):
            firsts = set()
            for seed in range(60):
                torch.manual_seed(seed)
                first, *others = confirming._places(sizes)
                firsts.add(first)
                expected = []
                for axis, size in enumerate(sizes):
                    beside = list(first)
                    beside[axis] = 0 if first[axis] == size - 1 else first[axis] + 1
                    expected += [tuple(beside)] * (size > 1)
                assert others == expected, (sizes, first)
            assert firsts == set(itertools.product(*map(range, sizes)))


def test_outputs_are_kept_as_they_were_made():
    never = Made(lambda x: pytest.fail("one layer too many"))
    batch = torch.tensor([[-1.0, 2.0]])
    layers = [nn.Identity(), nn.ReLU(inplace=True), nn.Threshold(5, 7, inplace=True), never]
    found = confirming._outputs(layers, batch, [2, 0])
    assert {n: out.tolist() for n, out in found.items()} == {0: [[-1, 2]], 2: [[7, 7]]}
    assert batch.tolist() == [[-1, 2]]


def test_rounding_is_that_of_the_largest_number_but_of_a_tenth_at_least():
    for numbers, least in (([0.05, -0.02], 1e-14), ([0.0], 1e-14), ([1.0, -3.0], 3e-13)):
        assert confirming._least(torch.tensor(numbers, requires_grad=True)) == pytest.approx(
            least, rel=1e-6, abs=0
        )


def test_random_weights_keep_numbers_in_range():
    """Of n numbers that are multiplied and added up the sum is as large as one of them."""
    torch.manual_seed(0)
    for shape, spread in (((100, 25), 0.2), ((50, 20, 5), 0.1), ((4, 16, 25, 25), 0.01)):
        weight = nn.Parameter(torch.zeros(shape))
        confirming._make_generic(weight)
        assert weight.std().item() == pytest.approx(spread, rel=0.1)
        assert abs(weight.mean().item()) < spread / 5
    bias = nn.Parameter(torch.zeros(2000))
    confirming._make_generic(bias)
    assert 0.5 <= bias.min() < 0.51 and 1.49 < bias.max() <= 1.5
    one, whole = nn.Parameter(torch.tensor(9.0)), nn.Parameter(torch.tensor([9]), False)
    network = nn.ParameterList([one, whole])
    confirming._make_generic_all(network)
    assert 0.5 <= one <= 1.5 and whole.tolist() == [9]


def test_the_gradient_is_that_of_randomly_weighed_numbers():
    linear, image = nn.Linear(3, 2), torch.rand(1, 3)
    draw = lambda *shape: torch.randn(shape, generator=torch.Generator().manual_seed(5))  # noqa: E731
    with torch.no_grad(), torch.device("meta"):
        found = confirming._gradient([linear, nn.Identity()], 0, image, 5)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, (draw(1, 2) @ linear.weight.detach()).double())
    # At one place of a map, all channels; what is cut off, or was never looked at, has none.
    map_, weights = torch.rand(1, 2, 3, 4), draw(1, 2)
    one = torch.zeros(1, 2, 3, 4, dtype=torch.float64)
    one[..., 1, 2] = weights.double()
    assert torch.equal(confirming._gradient([nn.Identity()], 0, map_, 5, (1, 2)), one)
    for lost in (lambda x: x.detach() * 2, lambda x: torch.ones(1, 2, requires_grad=True) * 2):
        found = confirming._gradient([Made(lost)], 0, torch.rand(1, 2, 3, 4), 5)
        assert found.shape == (1, 2, 3, 4) and found.dtype == torch.float64 and not found.any()


class Opening(nn.Module):
    """In each draw of float64 and float32, it lets one more place through, or none.

    every: after so many draws the next place opens; 0 if none ever does. coarse: what float32 is
    multiplied by.
    """

    def __init__(self, every=1, coarse=1.0):
        super().__init__()
        self.every, self.coarse, self.seen = every, coarse, []

    def forward(self, x):
        self.seen.append(x.detach().clone())
        draw = sum(one.dtype == torch.float64 for one in self.seen) - 1
        mask = x.new_zeros(x.shape[-1])
        if self.every:
            place = draw // self.every if draw % self.every == 0 else 0
            mask[place % x.shape[-1]] = 1
        return x * mask * (self.coarse if x.dtype == torch.float32 else 1)

    @property
    def draws(self):
        return sum(one.dtype == torch.float64 for one in self.seen)


@pytest.mark.parametrize(
    ("places", "every", "all_of_them", "draws", "reached"),
    [
        (4, 1, True, 4, 4),
        (4, 1, False, 1, 1),
        (3, 3, True, 7, 3),  # two draws without anything new are borne, three are not
        (3, 4, True, 4, 1),
        (40, 1, True, 40, 40),
        (45, 1, True, 40, 40),
        (1, 0, True, 3, 0),
        (1, 0, False, 3, 0),
    ],
)
def test_it_is_asked_until_all_is_reached_or_nothing_new(
    places, every, all_of_them, draws, reached
):
    layer = Opening(every)
    batch = torch.rand(1, 2, places, dtype=torch.float64)
    found = confirming._reached(layer, [layer], batch, 0, all_of_them)
    assert found.expand(places).tolist() == [n < reached for n in range(places)]
    assert layer.draws == draws
    fine, coarse = layer.seen[::2], layer.seen[1::2]
    assert all(torch.equal(one.float(), two) for one, two in zip(fine, coarse, strict=True))
    assert all(0 <= one.min() and one.max() < 1 for one in fine)
    assert len({tuple(one.flatten().tolist()) for one in fine}) == draws
    torch.manual_seed(9)  # the caller's random numbers decide nothing
    again = Opening(every)
    confirming._reached(again, [again], batch, 0, all_of_them)
    assert all(map(torch.equal, layer.seen, again.seen))


@pytest.mark.parametrize(
    ("coarse", "seen"), [(1.4, True), (1.6, False), (0.5, False), (2.0, False), (0.0, False)]
)
def test_a_gradient_that_float32_does_not_share_is_none(coarse, seen):
    layer = Opening(coarse=coarse)
    found = confirming._reached(layer, [layer], torch.rand(1, 1, 2), 0, True)
    assert found.expand(2).tolist() == [seen] * 2 and layer.draws == (2 if seen else 3)


@pytest.mark.parametrize(("factor", "seen"), [(1e-13, False), (1.1e-13, True), (-2e-13, True)])
def test_less_than_rounding_reaches_nothing(factor, seen):
    """In any channel, of what one number sees."""

    def one(x):
        return x[:, :1, :1] + factor * x[:, 1:2, 1:]

    layer = Made(one)
    found = confirming._reached(layer, [layer], torch.rand(1, 3, 2), 0, True, (0,))
    assert found.tolist() == [True, seen]


def test_with_its_own_weights_a_network_is_given_the_batch_and_wider_and_wider_numbers():
    layer, batch = Opening(every=6), torch.full((1, 20, 60), 7.0)
    assert not confirming._opened([layer], batch, 0)
    assert layer.draws == len(layer.seen) == 40  # something new was reached every now and then
    own, *others = layer.seen
    assert torch.equal(own, batch.double())
    spreads = [1, 3, 3, 30, 30, 1] * 7
    for draw, (image, spread) in enumerate(zip(others, spreads, strict=False), 1):
        if draw % 2:
            assert 0 <= image.min() and 0.95 * spread < image.max() <= spread, draw
        else:
            assert image.std().item() == pytest.approx(spread, rel=0.1), draw
            assert abs(image.mean()) < 0.15 * spread
    again = Opening(every=6)
    torch.manual_seed(9)
    confirming._opened([again], batch, 0)
    assert all(map(torch.equal, layer.seen, again.seen))


@pytest.mark.parametrize(
    ("places", "every", "found", "draws"),
    [
        (4, 1, True, 4),
        (3, 6, True, 13),
        (3, 7, False, 7),
        (40, 1, True, 40),
        (41, 1, False, 40),
        (2, 0, False, 6),
    ],
)
def test_what_opens_with_its_own_weights_is_looked_for_as_long(places, every, found, draws):
    layer, batch = Opening(every), torch.rand(1, 2, places)
    with torch.device("meta"):  # whatever the caller's default is
        assert confirming._opened([layer], batch, 0) is found
    assert layer.draws == draws


def positive(bias=0.0, weight=-1.0):
    """Numbers from 0 to 1, weighed by a negative one, and then without those below 0."""
    one = nn.Conv1d(1, 1, 1)
    nn.init.constant_(one.weight, weight)
    nn.init.constant_(one.bias, bias)
    return [nn.Sigmoid(), one, nn.ReLU()]


def test_what_a_network_s_own_weights_shut_is_shut():
    def found(layers, of=None, batch=None):
        network = nn.Sequential(*layers)
        batch = torch.rand(1, 1, 4) if batch is None else batch
        return shut(network, list(network), batch, set(range(len(layers))) if of is None else of)

    assert found(positive()) == {2}
    assert found(positive(), {0, 1}) == found(positive(), set()) == set()
    assert found([*positive(), nn.Identity()], {1, 2, 3}) == {2, 3}
    # A weight of zeros alone has not been trained; a bias of zeros may have been.
    assert found(positive(weight=0.0)) == set() == found(positive(0.1, weight=0.01))
    assert found(positive(bias=0.9)) == set()
    # The batch itself counts, and gradients however faint.
    assert found([nn.Threshold(1e5, 0)], batch=torch.full((1, 1, 4), 1e6)) == set()
    assert found([nn.Threshold(1e5, 0)]) == {0}
    assert found([Made(lambda x: 1e-9 * x), nn.ReLU()]) == set()
    # A max pool hands nothing on to what is not the largest; but it may, one day.
    assert found([nn.MaxPool1d(4)]) == set()
    assert found([Made(lambda x: x.nothing)], {0}) == {0}


class Blind(nn.Module):
    """Each number is the mean of all, but for some, which see nothing."""

    def __init__(self, shape, place):
        super().__init__()
        self.mask = torch.ones(shape)
        self.mask[(..., *place)] = 0

    def forward(self, x):
        return x.mean((2, 3), keepdim=True) * self.mask.to(x.dtype)


def alone(network):
    batch = torch.rand(1, 1, 2, 2)
    return confirming._single_ones_reach(network, list(network), batch, len(network) - 1)


def test_single_numbers_are_asked_at_two_corners_and_in_the_middle():
    for sizes in ((3, 5), (4, 6), (1, 2), (5, 1)):
        middle = tuple(n // 2 for n in sizes)
        asked = {(0, 0), middle, tuple(n - 1 for n in sizes)}
        for place in torch.ones(sizes).nonzero().tolist():
            network = nn.Sequential(nn.Conv2d(1, 2, 1), Blind(sizes, place))
            assert alone(network) == (tuple(place) not in asked), (sizes, place)
    # One channel that sees all is enough, and so is a draw in which another place opens.
    assert alone(nn.Sequential(nn.Conv2d(1, 2, 1), Blind((2, 3, 5), (0, 0, 0))))
    assert alone(nn.Sequential(Opening(), Blind((3, 2), (1, 0))))


HALF = Made(lambda x: torch.cat([x[..., :1], torch.zeros_like(x[..., 1:])], -1))
NONE = Made(lambda x: torch.zeros_like(x))


def test_each_layer_is_refuted_from_the_first_on_that_loses_something():
    layers = [nn.Identity(), HALF, nn.Identity(), NONE, nn.Identity()]
    network, batch = nn.Sequential(*layers), torch.rand(1, 2, 3)
    for all_of, any_of, expected in (
        ({0, 1, 2, 3, 4}, {0, 1, 2, 3, 4}, ({1, 2, 3, 4}, {3, 4})),
        ({0}, {1, 2}, (set(), set())),
        ({0}, {2, 4}, (set(), {4})),
        ({2}, set(), ({2}, set())),
        (set(), {3}, (set(), {3})),
        (set(), {0, 2}, (set(), set())),
        (set(), set(), (set(), set())),
    ):
        assert refuted(network, layers, batch, all_of, any_of) == expected, (all_of, any_of)
    opening = [Opening()]
    assert refuted(nn.Sequential(*opening), opening, batch, {0}, {0}) == (set(), set())
    broken = [Made(lambda x: x.nothing)]
    assert refuted(nn.Sequential(*broken), broken, batch, {0}, {0}) == ({0}, {0})
    # Torch's plain layers are taken at their word.
    assert refuted(nn.Sequential(nn.Linear(3, 3)), layers, batch, {4}, {4}) == (set(), set())


def test_behind_a_pruned_weight_nothing_is_sure():
    torch.manual_seed(0)
    layers = [nn.Linear(4, 4), Made(lambda x, one: one(x), one=nn.Linear(4, 4)), nn.Tanh()]
    network = nn.Sequential(*layers)
    assert confirming._first_masked(network, layers) == 3
    for layer in (layers[0], layers[1].layers["one"]):
        nn.init.zeros_(layer.weight)  # not yet trained, which masks nothing
    assert confirming._first_masked(network, layers) == 3
    nn.init.zeros_(layers[0].weight)
    prune.identity(layers[0], "weight")
    assert confirming._first_masked(network, layers) == 3
    prune.random_unstructured(layers[1].layers["one"], "weight", amount=1)
    assert confirming._first_masked(network, layers) == 1
    batch = torch.rand(1, 4)[..., None].expand(1, 4, 4)
    assert refuted(network, layers, batch, {0, 1, 2}, {2})[0] == {1, 2}
    prune.random_unstructured(layers[0], "weight", amount=1)
    assert confirming._first_masked(network, layers) == 0


def test_plain_is_what_is_torch_s_own_and_nothing_of_its_user_s():
    for layer, plain in (
        (nn.Conv2d(1, 1, 1), True),
        (nn.Sequential(nn.ReLU()), True),
        (nn.BatchNorm2d(1).eval(), True),
        (nn.BatchNorm2d(1), False),
        (nn.GroupNorm(1, 1), False),
        (nn.Threshold(1e9, 3), False),
        (type("Mine", (nn.Linear,), {})(2, 2), False),
        (prune.identity(nn.Linear(2, 2), "weight"), False),
    ):
        assert confirming._plain(layer) is plain, layer
    layer = nn.Linear(2, 2)
    layer.register_forward_pre_hook(lambda *given: None)  # not run when it is asked
    layer.note = "mine"
    layer.made = max
    assert confirming._plain(layer) is True
    layer.forward = lambda x: x
    assert confirming._plain(layer) is False


def test_what_is_confirmed_changes_in_every_number_and_reaches_every_place():
    every = lambda x: x + x.mean((1, 2), keepdim=True)  # noqa: E731
    one_still = lambda x: torch.cat([every(x)[..., 1:], torch.ones_like(x[..., :1])], -1)  # noqa: E731
    endless = lambda x: every(x) / torch.zeros_like(x)  # noqa: E731
    cut = lambda x: every(x).detach() + x.mean()  # noqa: E731
    constant = lambda x: torch.ones_like(x)  # noqa: E731
    faint = lambda x: 1 + 1e-16 * every(x)  # noqa: E731
    batch = torch.rand(1, 2, 4)
    for made, expected in (
        ([every], {0}),
        ([every, every], {0, 1}),
        ([one_still], set()),
        ([one_still, every], {1}),
        ([endless], set()),
        ([constant, every], set()),
        ([every, faint], {0}),
        ([every, lambda x: 2 * x.detach()], {0}),
        ([every, lambda x: x.detach() + 1e-20 * x], {0}),
        ([lambda x: (every(x.detach()) + x)[..., 1:]], set()),
        ([cut], {0}),
        ([lambda x: x.nothing], set()),
    ):
        layers = [Made(one) for one in made]
        network = nn.Sequential(*layers)
        claimed = list(range(len(layers)))
        assert confirmed(network, layers, batch, claimed) == expected, claimed
    assert confirmed(nn.Sequential(), [], batch, []) == set()


def test_asking_needs_no_gradient_of_the_weights_and_no_luck():
    """A weight that is bounded in every forward can only be written into while it needs none."""

    def bounded(x, one):
        one.weight.clamp_(-9, 9)
        return one(x)

    drawn = []
    layers = [nn.Flatten(), nn.Linear(4, 4), Made(bounded, one=nn.Linear(4, 4))]
    layers.append(Made(lambda x: SEEN.append(x.detach().clone()) or x))
    network, batch = nn.Sequential(*layers), torch.rand(1, 1, 4)
    for seed in (1, 2):
        torch.manual_seed(seed)
        kept = torch.get_rng_state()
        assert confirmed(network, layers, batch, [2, 3]) == {2, 3}
        assert refuted(network, layers, batch, {1, 2, 3}, set()) == (set(), set())
        with torch.no_grad():  # not trained yet, so that numbers have to be drawn for it
            layers[1].weight.zero_()
        assert shut(network, layers, batch, {1, 2, 3}) == set()
        assert torch.equal(torch.get_rng_state(), kept)
        drawn.append(list(SEEN))
        SEEN.clear()
    assert len(drawn[0]) == len(drawn[1]) > 5 and all(map(torch.equal, *drawn))


def test_a_norm_s_weights_begin_as_ones():
    """With any others the mean of all channels would not always be 0."""
    mean = Made(lambda x: x.mean((1, 2), keepdim=True))
    for affine in (True, False):
        norm, mixed = nn.GroupNorm(1, 2, affine=affine), nn.Conv1d(2, 2, 1)
        for layers, seen in (([norm, mean], False), ([norm, mixed, mean], True)):
            network, batch = nn.Sequential(*layers), torch.rand(1, 2, 3)
            found = confirming._reached(network, layers, batch, len(layers) - 1, True)
            assert (found.any(), found.all()) == (seen, seen), layers


class Counting(nn.Module):
    """Numbers that are others in each run, the second by as much as rounding is of the first."""

    def __init__(self, factor):
        super().__init__()
        self.factor, self.runs = factor, 0

    def forward(self, x):
        total = (x - x.detach()).sum()
        made = torch.stack([1.0 + self.runs + total, self.factor * self.runs + total])[None]
        self.runs += 1
        return made


def test_what_is_asked_of_one_layer():
    image = torch.rand(1, 2, 4, dtype=torch.float64)
    for layer, seen in (
        (Made(lambda x: x.sum(2, keepdim=True) - x), False),  # all places but its own
        (Made(lambda x: x.sum(2, keepdim=True) + x), True),
        (Made(lambda x: (x.sum(2, keepdim=True) + x)[:, :1]), True),  # of one channel alone
        (Counting(1e-13), False),
        (Counting(1.1e-13), True),
    ):
        assert confirming._asked([layer], image.clone(), [0]) == ({0} if seen else set()), layer
    for factor, seen in ((1e-13, False), (1.1e-13, True)):
        x = torch.rand(1, 1, 2, dtype=torch.float64, requires_grad=True)
        torch.manual_seed(0)  # which draws a weight of 1.5, so that it is the largest
        assert confirming._reaches_all(x[..., 0] + factor * x[..., 1], x) is seen
