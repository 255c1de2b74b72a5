"""No public function changes somebody's module, gradient, buffer, mode, input or random state."""

import contextlib
import copy
import random
import threading

import numpy as np
import pytest
import torch
from public import PUBLIC
from torch import nn

from slidingwindows import SlidingWindowsError, funnel, receptive_field, route, slide
from slidingwindows.tracing import undisturbed
from slidingwindows.tracing.slide import TRACERS


def keeping():
    """A layer that keeps what it made, as a visualiser's hook does: no leaf, so no deepcopy."""
    layer = nn.Conv2d(1, 2, 3)
    layer.kept = layer(torch.rand(1, 8, 8))
    layer.all = [layer.kept]
    return layer


class Chance(nn.Module):
    """Its output hangs on every generator that all share."""

    def __init__(self):
        super().__init__()
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        return self.pool(x) * (random.random() + np.random.rand() + torch.rand(1))


def old_weight_norm():
    return torch.nn.utils.weight_norm(nn.Conv2d(1, 2, 3))


def new_weight_norm():
    return torch.nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 2, 3))


def spectral():
    return torch.nn.utils.spectral_norm(nn.Conv2d(1, 2, 3))


LAYERS = {
    "convolution": lambda: nn.Conv2d(1, 2, 3),
    "lazy": lambda: nn.LazyConv2d(2, 3),
    "kept": keeping,
    "weight_norm": old_weight_norm,
    "parametrized weight_norm": new_weight_norm,
    "spectral_norm": spectral,
    "max": lambda: nn.MaxPool2d(2),
    "fractional": lambda: nn.FractionalMaxPool2d(2, output_ratio=0.6),
    "batch norm": lambda: nn.BatchNorm2d(1),
    "dropout": lambda: nn.Dropout(0.5),
    "chance": Chance,
}
WINDOWS = [name for name in LAYERS if name not in ("batch norm", "dropout", "chance")]


def state(module: nn.Module, x: torch.Tensor) -> list:
    """All of a module that a call could change, down to its layers' attributes."""
    found = []
    for part in module.modules():
        found += [type(part), part.training, sorted(part.__dict__)]
        found += [dict(part.__dict__[name]) for name in part.__dict__ if name.endswith("_hooks")]
        found += [id(part.__dict__.get("kept")), len(part.__dict__.get("all", []))]
    tensors = [*module.parameters(), *module.buffers(), x]
    for tensor in tensors:
        lazy = torch.nn.parameter.is_lazy(tensor)
        found += [id(tensor), tensor.requires_grad, lazy, tensor._version if not lazy else 0]
        found += [] if lazy else [tensor.tolist(), tensor.grad is None or tensor.grad.tolist()]
    return found


def randomness() -> list:
    numpys = np.random.get_state(legacy=False)["state"]  # its place counts as well as its numbers
    return [torch.get_rng_state().tolist(), random.getstate(), str(numpys["pos"]), *numpys["key"]]


@pytest.mark.parametrize("function", PUBLIC)
@pytest.mark.parametrize("layer", LAYERS)
def test_nothing_of_the_caller_s_changes(layer, function):
    if layer not in WINDOWS and function in ("slide", "route"):
        layer = "convolution"  # these two take windows alone
    module, x = LAYERS[layer](), torch.rand(1, 8, 8)
    for parameter in module.parameters():
        if not torch.nn.parameter.is_lazy(parameter):
            parameter.grad = torch.full_like(parameter, 7)
    before, chance = state(module, x), randomness()
    refused = layer in ("fractional",) and function.startswith("receptive")
    refused |= layer == "batch norm" and function == "funnel"  # in training mode
    refused |= layer in ("dropout", "spectral_norm") and function == "funnel"  # in training mode
    refused |= layer == "chance"
    if refused:
        with pytest.raises(SlidingWindowsError):
            PUBLIC[function](module, x)
    else:
        PUBLIC[function](module, x)
    assert state(module, x) == before
    assert randomness() == chance


ran = []  # a list that a hook holds itself would be put back


@pytest.mark.parametrize("function", PUBLIC)
def test_no_hook_of_the_caller_s_runs(function):
    module, x = nn.Conv2d(1, 2, 3), torch.rand(1, 8, 8)
    ran.clear()
    module.register_forward_hook(lambda *_: ran.append("forward"))
    module.register_forward_pre_hook(lambda *_: ran.append("before"))
    module.register_full_backward_hook(lambda *_: ran.append("backward"))
    module.register_full_backward_pre_hook(lambda *_: ran.append("before backward"))
    module.weight.register_hook(lambda grad: ran.append("gradient"))
    module.weight.register_post_accumulate_grad_hook(lambda p: ran.append("accumulated"))
    everywhere = nn.modules.module.register_module_forward_hook(lambda *_: ran.append("all"))
    try:
        PUBLIC[function](module, x)
        assert not ran
        module(x.requires_grad_()).sum().backward()
    finally:
        everywhere.remove()
    assert set(ran) == {
        "forward", "before", "backward", "before backward", "gradient", "accumulated", "all"
    }  # fmt: skip


def test_slide_inside_a_forward_hook_ends():
    """Once it called the module, whose hook called slide, until the interpreter gave up."""
    pool, traces = nn.MaxPool2d(2), []
    pool.register_forward_hook(lambda module, args, out: traces.append(slide(module, args[0])))
    out = pool(torch.arange(16.0).view(1, 4, 4))
    assert [trace.output for trace in traces] == [tuple(map(tuple, out[0].tolist()))]


def test_an_error_leaves_the_module_as_it_was_too():
    module, x = nn.Conv2d(1, 2, 3), torch.rand(3, 8, 8)
    before = state(module, x)
    for function in PUBLIC.values():
        with pytest.raises(SlidingWindowsError):
            function(module, x)
    assert state(module, x) == before


@pytest.mark.parametrize("kind", [k for k in TRACERS if "Conv" in k.__name__])
def test_a_gradient_that_waits_is_not_added_to(kind):
    """The issue's case: route added to weight.grad."""
    dims = TRACERS[kind][0]
    module, x = kind(1, 1, 2), torch.rand(1, *(5,) * dims)
    module(x).sum().backward()
    held = {name: p.grad.clone() for name, p in module.named_parameters()}
    slide(module, x)
    if "Transpose" not in kind.__name__:
        route(module, x)
    assert all(torch.equal(p.grad, held[name]) for name, p in module.named_parameters())


def test_an_input_that_a_layer_would_overwrite_stays():
    x = torch.randn(1, 6, 6)
    kept = x.clone()

    class Overwrites(nn.MaxPool2d):
        def forward(self, input):
            return super().forward(input.clamp_(max=0))

    with pytest.raises(SlidingWindowsError):
        slide(Overwrites(2), x)
    funnel(nn.Sequential(nn.ReLU(inplace=True)), x)
    receptive_field(nn.Sequential(nn.ReLU(inplace=True), nn.MaxPool2d(2)), x)
    assert torch.equal(x, kept)


@pytest.mark.parametrize("norm", [nn.LazyBatchNorm2d, nn.LazyInstanceNorm2d])
def test_a_norm_that_waits_for_its_input_is_filled_in_on_a_copy(norm):
    """Torch has no deep copy of the buffers that wait, even of one held in a plain list."""
    options = {} if norm is nn.LazyBatchNorm2d else {"affine": True, "track_running_stats": True}
    network = nn.Sequential(nn.LazyConv2d(2, 3), norm(**options), nn.ReLU()).eval()
    network.norms = [network[1]]
    x = torch.randn(1, 8, 8)
    stages = funnel(network, x).stages
    assert [stage.parameters for stage in stages[1:]] == [20, 4, 0]
    assert receptive_field(network, x).size == receptive_field(network, (1, 8, 8)).size == (3, 3)
    assert type(network[1]) is norm and network[1].has_uninitialized_params()
    kept = network[1].running_mean
    network(x[None])
    assert type(network[1]) is norm.cls_to_become and network[1].running_mean is kept


@pytest.mark.parametrize("inside", [False, True])
def test_gradients_are_followed_within_inference_mode(inside):
    layer, x = nn.Conv2d(1, 2, 2), torch.rand(1, 5, 5)
    expected = route(layer, x), receptive_field(nn.Sequential(layer), x)
    with torch.inference_mode():
        if inside:
            twin = nn.Conv2d(1, 2, 2)
            twin.load_state_dict(layer.state_dict())
            layer, x = twin, x.clone()
        assert (route(layer, x), receptive_field(nn.Sequential(layer), x)) == expected
        assert route(nn.LazyConv2d(1, 2), x).output_shape == (1, 5, 5)
        assert torch.is_inference_mode_enabled()
    with torch.no_grad():
        assert route(layer, x) == expected[0] and not torch.is_grad_enabled()


def test_autocast_counts_in_its_own_dtype_back_as_well_as_forth():
    layer, x = nn.Conv2d(1, 2, 3), torch.randn(1, 6, 6)
    with torch.autocast("cpu", torch.bfloat16):
        gradient = route(layer, x)
        assert slide(layer, x).epsilon == gradient.epsilon == torch.finfo(torch.bfloat16).eps
        assert type(gradient).from_dict(gradient.to_dict()) == gradient
    assert route(layer, x).epsilon == torch.finfo(torch.float32).eps


def test_a_copy_of_a_shared_layer_stays_shared():
    shared = nn.Conv2d(1, 1, 3)
    table = funnel(nn.Sequential(shared, shared), torch.rand(1, 8, 8))
    assert [stage.parameters for stage in table.stages] == [0, 10, 0]
    assert copy.deepcopy(shared).weight.shape == (1, 1, 3, 3)


def test_threads_leave_a_model_and_hooks_as_they_were():
    """Two threads that lend the same parameters and hooks would give back each other's."""
    model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU())
    first = model[0]
    weight, before = first.weight, first.weight.detach().clone()
    hook = nn.modules.module.register_module_forward_hook(lambda *_: None)
    hooks, problems = dict(nn.modules.module._global_forward_hooks), []
    begun = threading.Barrier(3)

    def work(ask):
        begun.wait()
        try:
            for _ in range(12):
                ask()
        except Exception as error:
            problems.append(error)

    x = torch.randn(1, 8, 8)
    asks = (
        lambda: slide(first, x),
        lambda: route(first, x),
        lambda: receptive_field(model, (1, 8, 8)),
    )
    try:
        threads = [threading.Thread(target=work, args=[ask]) for ask in asks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        assert model[0] is first and first.weight is weight and torch.equal(weight, before)
        assert dict(nn.modules.module._global_forward_hooks) == hooks
    finally:
        hook.remove()


class Noticed:
    """The lock of all loans, which tells of a second thread that asks for it."""

    def __init__(self, lock):
        self.lock, self.owner, self.asked = lock, threading.get_ident(), threading.Event()

    def __enter__(self):
        if threading.get_ident() != self.owner:
            self.asked.set()
        self.lock.acquire()

    def __exit__(self, *_):
        self.lock.release()


@pytest.mark.parametrize("function", PUBLIC)
def test_a_module_is_not_even_read_before_its_turn(function, monkeypatch):
    """Once: 'route failed: 'Conv2d' object has no attribute '_parameters''."""
    turn, answers = Noticed(undisturbed.TURN), []
    monkeypatch.setattr(undisturbed, "TURN", turn)

    def other():
        try:
            answers.append(PUBLIC[function](layer, x))
        except Exception as error:
            answers.append(error)
        finally:
            turn.asked.set()

    thread = threading.Thread(target=other, daemon=True)

    class Halves(nn.MaxPool2d):
        def forward(self, input):
            if thread.ident is None:  # the first call stops where the other layer is not whole
                parameters = layer.__dict__.pop("_parameters")
                thread.start()
                assert turn.asked.wait(60)
                layer.__dict__["_parameters"] = parameters
            return super().forward(input)

    pool, layer, x = Halves(2), nn.Conv2d(1, 1, 3), torch.rand(1, 8, 8)
    pool.beside = [layer]
    slide(pool, x)
    thread.join(60)
    assert answers == [PUBLIC[function](layer, x)]


@pytest.mark.parametrize("function", PUBLIC)
def test_what_a_layer_holds_is_given_back_without_a_moment_without_it(function):
    """A forward pass of another thread asks no turn, and may come at any moment."""
    found = []

    class Looks:
        """When the last hold on it is gone, it looks at what the layer holds."""

        def __init__(self, *held):
            self.held = held

        def __del__(self):
            found.append([name in held for held, name in self.held])

    class Leaves(nn.Conv2d):
        def forward(self, input):
            holds = (self.__dict__, "_parameters"), (self._parameters, "weight")
            holds += (self.named, 1), (self.listed, None)
            self.left, self.named["left"], self.listed[0] = (Looks(*holds) for _ in range(3))
            self._parameters["left"] = Looks(*holds)
            return super().forward(input)

    layer = Leaves(1, 1, 3)
    layer.named, layer.listed = {1: 2}, [0, None]
    with contextlib.suppress(SlidingWindowsError):  # a parameter that is none
        PUBLIC[function](layer, torch.rand(1, 8, 8))
    assert len(found) > 3 and all(map(all, found))
    assert layer.named == {1: 2} and layer.listed == [0, None]
    assert list(layer._parameters) == ["weight", "bias"] and not hasattr(layer, "left")


def test_what_changed_places_goes_back_to_them():
    class Turns(nn.MaxPool2d):
        def forward(self, input):
            for held in (self.__dict__, self.kept):
                first = next(iter(held))
                held[first] = held.pop(first)
            return super().forward(input)

    pool = Turns(2)
    pool.kept = {1: "one", 2: "two", 3: "three"}
    before = list(pool.__dict__), list(pool.kept.items())
    slide(pool, torch.rand(1, 4, 4))
    assert (list(pool.__dict__), list(pool.kept.items())) == before


def test_threads_whose_modules_call_slide_themselves_end():
    """Each turn may be asked for within one's own, and by threads with other modules."""

    class Nested(nn.Conv2d):
        def forward(self, input):
            slide(pool, input.detach())
            return super().forward(input)

    pool, x, begun = nn.MaxPool2d(2), torch.rand(1, 8, 8), threading.Barrier(3)
    layers = [Nested(1, 1, 3), nn.Conv2d(1, 1, 3), nn.LazyConv2d(1, 3)]
    layers[1].register_forward_hook(lambda module, args, out: slide(module, args[0]))

    def asked(layer):
        if not isinstance(layer, nn.LazyConv2d):
            layer(x)
        for function in PUBLIC.values():
            try:
                yield function(layer, x)
            except SlidingWindowsError as error:
                yield str(error)

    def work(layer):
        begun.wait()
        answers[layer] = list(asked(layer))

    alone, answers = {layer: list(asked(layer)) for layer in layers}, {}
    threads = [threading.Thread(target=work, args=[one], daemon=True) for one in layers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == alone


@pytest.mark.parametrize("elsewhere", ["meta"])
def test_another_default_device_changes_no_number(elsewhere):
    """The numbers of a module and an input on the CPU are worked out there."""
    image, sizes = torch.rand(1, 6, 6), torch.zeros(1, 12, 12)
    drawn = nn.FractionalMaxPool2d(2, output_ratio=0.5)
    seen = nn.Sequential(nn.Conv2d(1, 1, 3), nn.MaxPool2d(2))
    deep = nn.Sequential(
        *(nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2), nn.Upsample(scale_factor=2)),
        *(nn.Flatten(), nn.Linear(128, 2)),
    )

    def answers():
        torch.random.manual_seed(0)
        yield slide(nn.MaxPool2d(2), image).output
        yield route(nn.MaxPool2d(2), image).target
        yield route(drawn, image).target
        yield [stage.sees() for stage in funnel(deep, image).stages]
        yield receptive_field(seen, sizes, samples=2).measured

    expected = list(answers())
    torch.set_default_device(elsewhere)
    try:
        assert list(answers()) == expected
    finally:
        torch.set_default_device(None)
