"""What hangs on a module's plain attributes is left as it was, whatever a forward does with it."""

import contextlib
import functools
import itertools
import random
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple

import numpy as np
import pytest
import torch
from public import PUBLIC
from torch import nn

from slidingwindows import SlidingWindowsError, funnel, receptive_field, slide

Pair = namedtuple("Pair", "one two")


class Slots:
    __slots__ = ("empty", "seen")

    def __init__(self):
        self.seen = torch.zeros(2)


class Own:
    """An object of the caller's, with a norm and a tensor in it, and itself."""

    def __init__(self):
        self.norm, self.total, self.me = nn.BatchNorm2d(1).eval(), torch.zeros(1), self
        self.deeper = [{"calls": 0}]


called = []


class Busy(nn.MaxPool2d):
    """A pool that changes everything it holds, each time it is called."""

    def __init__(self):
        super().__init__(2)
        self.hidden = [nn.BatchNorm2d(1)]
        self.in_dict = {"norm": [nn.BatchNorm2d(1)]}
        norm, self.closed = nn.BatchNorm2d(1), torch.zeros(1)
        self.held_by_lambda = lambda x: norm(x)
        self.norm_of_lambda = lambda: norm
        self.partial = functools.partial(nn.BatchNorm2d.forward, nn.BatchNorm2d(1))
        self.torch_chance = torch.Generator().manual_seed(3)
        self.numpy_chance = np.random.default_rng(3)
        self.old_chance = np.random.RandomState(3)
        self.chance = random.Random(3)
        self.queue, self.longest = deque([1]), deque([1, 2], maxlen=2)
        self.lists, self.counter = defaultdict(list), Counter(calls=1)
        self.ordered = OrderedDict(one=1, two=2)
        self.pair = Pair(torch.zeros(2), [1])
        self.array, self.numbers = np.zeros(2), {1}
        self.own, self.slots = Own(), Slots()
        self.count, self.cycle = itertools.count(5), iter([1, 2, 3])

    def forward(self, x):
        batch = x if x.dim() == 4 else x[None]
        for norm in (self.hidden[0], self.in_dict["norm"][0], self.held_by_lambda, self.partial):
            norm(batch)
        torch.rand(1, generator=self.torch_chance)
        self.numpy_chance.random(), self.old_chance.rand(), self.chance.random()
        self.queue.append(2), self.longest.append(3), self.lists["new"].append(1)
        self.counter["calls"] += 1
        self.ordered.move_to_end("one")
        self.pair.one.add_(1), self.pair.two.append(2)
        self.array += 1
        self.numbers.add(2)
        self.own.total += 1
        self.own.deeper[0]["calls"] += 1
        self.own.deeper.append("more")
        self.own.norm.train()(batch)
        self.own.new = 1
        self.slots.seen.add_(1)
        self.slots.empty = 1
        self.closed.add_(1)
        self.calls = next(self.count)
        next(self.cycle, None)
        called.append(1)
        return super().forward(x)


def norms(busy):
    found = [busy.hidden[0], busy.in_dict["norm"][0], busy.norm_of_lambda(), busy.own.norm]
    return [*found, busy.partial.args[0]]


def state(busy):
    return [
        *[(norm.running_mean.tolist(), int(norm.num_batches_tracked)) for norm in norms(busy)],
        [norm.training for norm in norms(busy)],
        busy.torch_chance.get_state().tolist(),
        busy.numpy_chance.bit_generator.state,
        busy.old_chance.get_state()[1].tolist(),
        busy.chance.getstate(),
        (list(busy.queue), list(busy.longest), busy.longest.maxlen),
        (dict(busy.lists), dict(busy.counter), list(busy.ordered)),
        (busy.pair.one.tolist(), busy.pair.two, busy.array.tolist(), busy.numbers),
        (busy.own.total.tolist(), list(busy.own.deeper), sorted(vars(busy.own))),
        (busy.slots.seen.tolist(), hasattr(busy.slots, "empty"), busy.closed.tolist()),
        (repr(busy.count), sorted(vars(busy))),
        [id(value) for value in vars(busy).values()],
    ]


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("function", PUBLIC)
def test_nothing_that_hangs_on_a_module_changes(function, lazy):
    busy = Busy()
    if lazy:
        busy.lazy = nn.LazyConv2d(1, 1)  # a copy is filled in, which shares what cannot be copied
    if function == "funnel":
        for norm in norms(busy):
            norm.eval()
    before, cycle = state(busy), busy.cycle
    called.clear()
    with contextlib.suppress(SlidingWindowsError):  # receptive_field finds no one size
        PUBLIC[function](busy, torch.rand(1, 8, 8))
    assert called
    assert state(busy) == before and next(cycle) == 1


def test_an_error_on_the_way_gives_everything_back():
    busy, x = Busy(), torch.rand(1, 8, 8)
    before = state(busy)
    with pytest.raises(SlidingWindowsError):
        receptive_field(nn.Sequential(busy, nn.Conv2d(7, 1, 1)), x)
    assert state(busy) == before


def test_calling_it_does_change_all_of_that():
    """Or the tests above would show nothing."""
    busy = Busy()
    before = state(busy)
    busy(torch.rand(1, 8, 8))
    assert not [one for one, other in zip(before, state(busy), strict=True) if one == other]


@pytest.mark.parametrize("where", ["list", "object"])
def test_a_norm_in_training_mode_is_found_wherever_it_hangs(where):
    class Block(nn.Module):
        def __init__(self, norm):
            super().__init__()
            self.held = [norm] if where == "list" else Own()
            if where == "object":
                self.held.norm = norm

        def forward(self, x):
            return (self.held[0] if where == "list" else self.held.norm)(x)

    norm = nn.BatchNorm2d(1)
    network = nn.Sequential(Block(norm)).eval()
    with pytest.raises(SlidingWindowsError, match="training mode.*eval.. of it itself"):
        funnel(network, torch.rand(1, 4, 4))
    assert norm.num_batches_tracked == 0 and norm.training
    norm.eval()
    assert funnel(network, torch.rand(1, 4, 4)).stages[-1].shape == (1, 4, 4)


@pytest.mark.parametrize("function", PUBLIC)
def test_hooks_for_what_autograd_saves_do_not_run(function):
    ran = []

    def note(tensor):
        ran.append(1)
        return tensor

    module = nn.Conv2d(1, 2, 3)
    with torch.autograd.graph.saved_tensors_hooks(note, note):
        PUBLIC[function](module, torch.rand(1, 8, 8))
        assert not ran
        module(torch.rand(1, 8, 8)).sum().backward()
    assert ran


def test_very_much_that_hangs_on_a_module_takes_no_time():
    """What other people's objects hold is walked once, and not without end."""
    pool = nn.MaxPool2d(2)
    pool.data = [[[number] for number in range(100)] for _ in range(2_000)]
    before = [[id(item) for item in row] for row in pool.data[:3]]
    slide(pool, torch.rand(1, 4, 4))
    assert [[id(item) for item in row] for row in pool.data[:3]] == before
