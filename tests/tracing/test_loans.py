"""What is lent while a module is worked with: copies of what, what is left alone, and the order."""

import contextlib
import functools
import itertools
import random
import sys
import threading
import types
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from slidingwindows import SlidingWindowsError, funnel, receptive_field, slide
from slidingwindows.tracing import undisturbed as lending
from slidingwindows.tracing.undisturbed import filled_in, makes_weights, undisturbed

X = torch.arange(16.0).view(1, 4, 4)


class Bare:
    """An object whose class gives it whatever module is asked for."""

    def __init__(self, module="models"):
        self.__class__ = type("Bare", (Bare,), {"__module__": module})
        self.total = torch.zeros(1)


class Slot:
    __slots__ = "total"

    def __init__(self):
        self.total = torch.zeros(1)


class Tagged(tuple):
    tag = "none"


def holding(**attributes) -> nn.Module:
    """A pool with these attributes."""
    pool = nn.MaxPool2d(2)
    vars(pool).update(attributes)
    return pool


def test_tensors_are_copied_once_with_what_they_are():
    one, two = nn.Conv2d(1, 1, 2), nn.Conv2d(1, 1, 2)
    two.weight = one.weight
    one.bias.requires_grad_(False)
    one.register_buffer("mean", torch.ones(2, dtype=torch.float64))
    one.derived = one.weight * 2
    network = nn.Sequential(one, two)
    kept = dict(one.named_parameters())
    one.weight.grad = torch.ones_like(one.weight)
    with undisturbed(network):
        assert one.weight is two.weight is not kept["weight"] and one.weight.is_leaf
        assert type(one.weight) is nn.Parameter and torch.equal(one.weight, kept["weight"])
        assert one.weight.grad is None and one.weight.requires_grad
        assert not one.bias.requires_grad and one.bias is not kept["bias"]
        assert type(one.mean) is torch.Tensor and one.mean.dtype is torch.float64
        assert type(one.derived) is torch.Tensor and not one.derived.requires_grad
    assert one.weight is two.weight is kept["weight"] and one.weight.grad is not None
    assert one.derived.requires_grad


def test_layers_come_in_their_order_those_that_hang_elsewhere_last():
    first, second, third = nn.ReLU(), nn.Tanh(), nn.Sigmoid()
    network = nn.Sequential(nn.Sequential(nn.Conv2d(1, 1, 1)), holding(all=[[first], second]))
    network.more = {"third": third}
    other = nn.Sequential(nn.Flatten())
    with undisturbed(network, other) as layers:
        expected = [*network.modules(), *other.modules(), third, second, first]
        assert list(map(id, layers)) == list(map(id, expected))


def test_what_is_seen_twice_is_lent_once_and_no_more_than_there_is_room_for(monkeypatch):
    loan = lending._Loan(contextlib.ExitStack())
    for value in [[] for _ in range(100_001)]:
        loan.lend(value)
    assert len(loan.seen) == 100_000
    plain = ["text", b"bytes", 1, 1.5, 1j, True, None, int, types]
    for most, lent in ((0, 0), (1, 1), (4, 4), (5, 5), (9, 5)):
        monkeypatch.setattr(lending, "MOST_LENT", most)
        loan = lending._Loan(contextlib.ExitStack())
        lists = [[number] for number in range(5)]
        for value in (*lists, *plain, *lists):
            assert loan.lend(value) is value
        assert len(loan.seen) == len(loan.waiting) == lent
        tensor = loan.lend(X)  # which counts for nothing
        assert tensor is not X and tensor is loan.lend(X)


def test_the_copy_of_what_hangs_twice_is_one():
    array, count, steps = np.zeros(2), itertools.count(3), iter([1, 2])
    given = (value for value in [1, 2])
    pool = holding(one=array, two=array, counts=[count, count], steps=(steps, steps), given=given)
    with undisturbed(pool), warnings.catch_warnings():
        assert pool.one is pool.two is not array and pool.counts[0] is pool.counts[1] is not count
        assert pool.steps[0] is pool.steps[1] is not steps
        assert pool.given is given, "a generator cannot be copied"
        pool.one += 1
        assert [next(pool.counts[0]), next(pool.steps[0])] == [3, 1]
    assert pool.one is pool.two is array and not array.any()
    assert [next(pool.counts[0]), next(pool.steps[0]), next(pool.given)] == [3, 1, 1]


def test_nobody_warns_of_a_copy():
    """Python does, from 3.12 on, of what counts on; here another library's array does."""

    class Array:
        def __copy__(self):
            warnings.warn("this takes room", stacklevel=2)
            return Array()

    Array.__name__ = "ndarray"
    pool = holding(count=itertools.count(), array=Array())
    array = pool.array
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert slide(pool, X).output == ((5, 7), (13, 15))
        with undisturbed(pool):
            assert pool.array is not array
    assert pool.array is array


def test_objects_are_lent_but_for_those_of_python_torch_and_numpy():
    polynomial = np.poly1d([1.0, 2.0])
    coefficients = polynomial.coeffs
    own = [Bare(), Bare("models.deep"), Bare("__main__"), Bare(None), Slot()]
    others = [Bare("torch.optim"), Bare("torch"), Bare("numpy.lib"), Bare("logging.handlers")]
    pool = holding(own=own, others=others, polynomial=polynomial)
    before = [one.total for one in (*own, *others)]
    with undisturbed(pool):
        for one, total in zip(own, before, strict=False):
            assert one.total is not total, type(one).__module__
        for one, total in zip(others, before[len(own) :], strict=True):
            assert one.total is total, type(one).__module__
        assert polynomial.coeffs is coefficients
    assert all(one.total is total for one, total in zip((*own, *others), before, strict=True))


def test_what_functions_and_methods_hold_is_lent():
    sums, total, tally, seen = *torch.zeros(3, 1), []

    def counts(x, calls=[0], sum=sums, *, named={}):  # noqa: B006
        calls[0] += 1
        named[calls[0]] = x
        return sum.add_(1), total.add_(1)

    class Counts:
        def __init__(self):
            self.calls = 0

        def __call__(self, *_, seen=None):
            self.calls += 1
            if seen is not None:
                seen.append(1)

    def empty():
        return later

    one, two, three = Counts(), Counts(), Counts()
    method = types.MethodType(lambda self, x: tally.add_(x), "anything")
    asks = [
        *(counts, one.__call__, method, functools.partial(counts, X)),
        *(functools.partial(two.__call__, 1), functools.partial(three, seen=seen), abs, len),
    ]

    class Asks(nn.MaxPool2d):
        def forward(self, input):
            for ask in self.asks[:2]:
                ask(1)
            self.asks[2](1), self.asks[3](), self.asks[4](), self.asks[5]()
            answers.append(counts.__defaults__[0][0])
            return super().forward(input)

    pool, answers = Asks(2), []
    pool.asks, pool.empty = asks, empty
    assert slide(pool, X).output == ((5, 7), (13, 15))
    assert answers[0] == 2, "and with what was lent"
    assert counts.__defaults__[0] == [0] and counts.__kwdefaults__ == {"named": {}}
    assert counts.__defaults__[1] is sums and sums.item() == total.item() == tally.item() == 0
    assert (one.calls, two.calls, three.calls, seen) == (0, 0, 0, [])
    with pytest.raises(NameError):
        empty()
    later = 1
    assert empty() == 1


def test_a_dict_whose_order_is_kept_is_never_without_a_key():
    class Key:
        def __hash__(self):
            lengths.append(len(held))
            return 1

    held, lengths = {}, []
    held[Key()] = "one"
    lengths.clear()
    with undisturbed(holding(held=held)):
        assert list(held.values()) == ["one"]
    assert set(lengths) == {1}


def test_a_tuple_stays_what_it_is_unless_something_in_it_is_copied():
    tagged, mixed = Tagged((1, "two", [3])), (1, X, (X, "four"))
    tagged.tag = "kept"
    size = X.shape
    pool = holding(tagged=tagged, mixed=mixed, size=size)
    with undisturbed(pool):
        assert pool.tagged is tagged and pool.size is size
        assert pool.mixed is not mixed and pool.mixed[1] is pool.mixed[2][0] is not X
        assert (pool.mixed[0], pool.mixed[2][1]) == (1, "four") and torch.equal(pool.mixed[1], X)
    assert pool.mixed is mixed


def test_what_a_call_makes_of_a_module_s_class_is_undone():
    class Turns(nn.MaxPool2d):
        def forward(self, input):
            result = super().forward(input)
            self.__class__ = nn.MaxPool2d
            return result

    pool = Turns(2)
    before = dict(vars(pool))
    assert slide(pool, X).output == ((5, 7), (13, 15))
    assert type(pool) is Turns and vars(pool) == before


def test_a_source_of_chance_that_cannot_be_put_back_is_left_alone():
    pool = holding(chance=random.SystemRandom(), own=type("Own", (random.Random,), {})(3))
    before = pool.own.getstate()
    with undisturbed(pool):
        pool.own.random(), pool.chance.random()
    assert pool.own.getstate() == before
    with undisturbed(holding(chance=7)), contextlib.suppress(StopIteration):
        random.random()
    assert lending._rewound(random.SystemRandom()) is lending._rewound(object()) is None


@pytest.mark.filterwarnings("ignore")  # torch.jit will go
def test_a_compiled_module_is_left_alone():
    compiled = torch.jit.script(nn.Identity())
    pool = holding(compiled=[compiled])
    with undisturbed(pool) as layers:
        assert layers == [pool] and torch.equal(compiled(X), X)


def test_randomness_of_devices_is_put_back_once_they_are_in_use(monkeypatch):
    asked = []

    @contextlib.contextmanager
    def remembered(devices):
        asked.append(devices)
        yield

    monkeypatch.setattr(torch.random, "fork_rng", remembered)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for used, devices in ((False, []), (True, [0, 1])):
        monkeypatch.setattr(torch.cuda, "is_initialized", lambda used=used: used)
        with undisturbed(nn.ReLU()):
            assert asked.pop() == devices


def test_without_numpy_everything_else_is_put_back(monkeypatch):
    pool = holding(chance=random.Random(3), drawn=np.random.default_rng(1))
    before = random.getstate(), pool.chance.getstate()
    monkeypatch.setitem(sys.modules, "numpy", None)
    with undisturbed(pool):
        random.random(), pool.chance.random()
    assert (random.getstate(), pool.chance.getstate()) == before


@pytest.mark.filterwarnings("ignore")  # weight_norm has moved
def test_only_hooks_of_torch_s_own_make_weights():
    normed = torch.nn.utils.weight_norm(nn.Conv2d(1, 1, 2))
    (hook,) = normed._forward_pre_hooks.values()
    assert makes_weights(hook) and not makes_weights(print) and not makes_weights(nn.ReLU())
    for module in ("torch.nn.utils", "torch.nn.utilities.x", None, "my.torch.nn.utils.x"):
        assert not makes_weights(type("Hook", (), {"__module__": module})()), module
    for nameless in (functools.partial(print), print, [].append, list.append):
        assert not makes_weights(nameless), nameless


def test_what_needs_no_input_is_not_copied():
    layer = nn.Sequential(nn.Conv2d(1, 1, 2))
    layer.lock = threading.Lock()
    assert filled_in(layer, X) is layer


def test_a_copy_is_filled_in_whatever_hangs_beside_it():
    """An attribute that cannot be copied is shared, and no more than that."""
    inner = nn.Sequential(nn.LazyConv2d(1, 3), nn.ReLU())
    inner[1].lock = threading.Lock()
    network = nn.Sequential(inner, nn.LazyConv2d(2, 2))
    twin = filled_in(network, X)
    assert type(network[1]) is nn.LazyConv2d is type(inner[0]) is not type(twin[1])
    assert inner[0].has_uninitialized_params() and network[1].has_uninitialized_params()
    assert twin[0][1].lock is inner[1].lock and twin[0][1] is not inner[1]
    assert twin[0][0].weight.shape == (1, 1, 3, 3) and twin[1].weight.shape == (2, 1, 2, 2)
    assert not twin[0][0]._forward_pre_hooks


def test_a_copy_is_of_the_same_kind_of_numbers_and_in_the_same_mode():
    class Held(nn.Module):
        """A norm that is registered, and called through a list."""

        def __init__(self):
            super().__init__()
            self.norm = nn.LazyBatchNorm2d(dtype=torch.float64)
            self.held = [self.norm]

        def forward(self, x):
            return self.held[0](input=x)

    network = nn.Sequential(nn.LazyConv2d(2, 3, dtype=torch.float64), Held(), nn.Dropout())
    network[1].norm.eval()
    twin = filled_in(network, X[None].double())
    norm = twin[1].norm
    assert norm is twin[1].held[0] is not network[1].norm and type(norm) is nn.BatchNorm2d
    assert {tensor.dtype for tensor in (*norm.parameters(), norm.running_mean)} == {torch.float64}
    assert norm.running_mean.tolist() == [0, 0] and norm.num_batches_tracked == 0
    modes = [part.training for part in twin.modules()]
    assert modes == [part.training for part in network.modules()] == [True, True, True, False, True]
    assert network[1].norm.has_uninitialized_params()
    twin = filled_in(nn.Sequential(nn.LazyConv2d(1, 3), nn.LazyBatchNorm2d()), X[None])
    assert twin[1].running_mean.item() == 0, "this input has had no part in it"


def test_a_module_on_the_meta_device_is_refused_in_these_words():
    words = " is on the meta device, which keeps no numbers; its "
    words += 'to_empty(device="cpu") makes room for them'
    layer, norm = nn.Conv2d(1, 1, 2, device="meta"), nn.BatchNorm2d(1, affine=False, device="meta")
    for module, name in ((nn.Sequential(layer), "0.weight"), (norm, "running_mean")):
        with pytest.raises(SlidingWindowsError) as caught:
            filled_in(module, X)
        assert str(caught.value) == f"the module's {name}{words}"
    assert funnel(nn.Sequential(nn.MaxPool2d(2)), X).stages[-1].shape == (1, 2, 2)
    assert receptive_field(nn.Sequential(nn.MaxPool2d(2)), X).size == (2, 2)
