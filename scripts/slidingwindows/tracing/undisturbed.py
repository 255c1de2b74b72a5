"""Run a user's module without changing it, its hooks, or the state of any random generator."""

from __future__ import annotations

import contextlib
import copy
import functools
import operator
import random
import sys
import threading
import types
import warnings
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator

import torch
from torch import nn
from torch.nn.modules import module as hooks_of_all
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.parameter import is_lazy

from ..core.errors import SlidingWindowsError
from .asking import ask_torch

HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")
HOOKS_OF_ALL = (
    "_global_parameter_registration_hooks",
    "_global_buffer_registration_hooks",
    "_global_module_registration_hooks",
    "_global_forward_pre_hooks",
    "_global_forward_hooks",
    "_global_backward_pre_hooks",
    "_global_backward_hooks",
)
# Objects of these packages are left alone: they are shared, or keep their state out of reach.
NOT_LENT = sys.stdlib_module_names | {"torch", "numpy"}
MOST_LENT = 100_000  # containers and objects; of what hangs on a module beyond, nothing is lent
OF_TORCH = frozenset(nn.Module().__dict__)
# One thread at a time: two that lend the same object at once might not give it back intact.
TURN = threading.RLock()


@contextlib.contextmanager
def in_turn() -> Iterator[None]:
    """Within it, no other thread lends anything: a module can be read, and is what it is.

    What a function is given is read before it is lent, too, so all of a public function is within.
    """
    with TURN:
        yield


@contextlib.contextmanager
def undisturbed(*modules: nn.Module) -> Iterator[list[nn.Module]]:
    """Within it, modules may be called, switched to eval mode and differentiated at will.

    They work on copies of their parameters, buffers and other tensors, and run no hook but
    torch's own that make a layer's weight, such as weight_norm's. Afterwards parameters with
    their gradients, buffers, training modes, attributes, hooks and the random states are what
    they were; so is whatever hangs on an attribute: layers in plain lists, containers, objects of
    one's own and random generators. Yields all layers, those that hang there last. Modules whose
    parameters wait for an input go through ``filled_in`` first. Other threads wait for their turn,
    and do so before they read a module if they are ``in_turn``. Forward passes of their own, which
    ask no turn, meanwhile run on the copies and without those hooks, also without any that are
    registered for all modules; they find no dict empty, not even while it is given back.
    """
    with TURN, _same_randomness(), _no_hook_of_all(), contextlib.ExitStack() as back:
        loan = _Loan(back)
        for module in modules:
            for part in module.modules():
                loan.lend(part)
        loan.finish()
        yield loan.modules


def filled_in(module: nn.Module, input: torch.Tensor) -> nn.Module:
    """The module; of one whose parameters wait for an input, a copy that has seen this one.

    Raises SlidingWindowsError if it refuses the input, and if it is on the meta device.
    """
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        if tensor.is_meta:
            raise SlidingWindowsError(
                f"the module's {name} is on the meta device, which keeps no numbers; its "
                'to_empty(device="cpu") makes room for them'
            )
    if not any(is_lazy(tensor) for tensor in (*module.parameters(), *module.buffers())):
        return module
    with undisturbed(module):  # no hook of the caller's is copied, for none may run
        twin = _copied(module)
    modes = [(part, part.training) for part in twin.modules()]
    twin.eval()  # a batch norm would take its mean from this input
    with torch.no_grad(), undisturbed(module):  # with which the copy may have things in common
        ask_torch(twin, input.detach().clone())
    for part, training in modes:
        part.training = training
    return twin


def _copied(module: nn.Module) -> nn.Module:
    """A deep copy. An attribute that cannot be copied, such as a file or a lock, is shared."""
    shared = []
    # Torch has no deep copy of a buffer that waits, as those of a lazy batch norm do.
    waiting = {
        id(b): type(b)(b.requires_grad, b.data.device, b.data.dtype)
        for b in module.buffers()
        if is_lazy(b)
    }
    for part in module.modules():
        for name, value in list(part.__dict__.items()):
            if name not in OF_TORCH:
                try:
                    copy.deepcopy(value, dict(waiting))
                except Exception:
                    shared.append((part, name, part.__dict__.pop(name)))
    known: dict[int, object] = dict(waiting)
    twin = copy.deepcopy(module, known)
    for part, name, value in shared:
        known[id(part)].__dict__[name] = value
    for part in twin.modules():
        if isinstance(part, LazyModuleMixin) and part.has_uninitialized_params():
            # As torch's LazyModuleMixin does it, which removes both once it has run.
            hook = part.register_forward_pre_hook(part._infer_parameters, with_kwargs=True)
            part._initialize_hook = part._load_hook = hook
    return twin


class _Loan:
    """Puts copies in the place of all that a call could change, until ``back`` closes."""

    def __init__(self, back: contextlib.ExitStack):
        self.back, self.known = back, {}
        self.modules: list[nn.Module] = []
        self.seen: dict[int, object] = {}  # kept alive, so that no id is reused
        self.waiting: list[object] = []

    def lend(self, value):
        """What takes a value's place; what can be emptied and filled again stays, and waits."""
        if isinstance(value, torch.Tensor):
            return _twin(value, self.known)
        if isinstance(value, tuple):
            items = [self.lend(item) for item in value]
            same = all(map(operator.is_, items, value))
            return value if same else tuple.__new__(type(value), items)
        if id(value) in self.seen or len(self.seen) >= MOST_LENT:
            return self.known.get(id(value), value)
        if isinstance(value, str | bytes | int | float | complex | type | types.ModuleType | None):
            return value
        self.seen[id(value)] = value
        if type(value).__name__ == "ndarray" or (
            isinstance(value, Iterator) and _root(type(value)) in ("builtins", "itertools")
        ):
            self.known[id(value)] = _copy_of(value)
            return self.known[id(value)]
        self.waiting.append(value)
        return value

    def finish(self) -> None:
        """Lend what waits, and what that holds."""
        while self.waiting:
            value = self.waiting.pop(0)
            # A compiled TorchScript module keeps its state where Python cannot reach it.
            if isinstance(value, torch.jit.ScriptModule):
                continue
            if isinstance(value, nn.Module):
                self._lend_module(value)
            elif isinstance(value, dict | list | set | deque):
                self._lend_items(value)
            elif isinstance(value, types.FunctionType):
                self._lend_function(value)
            elif isinstance(value, types.MethodType | functools.partial):
                for name in ("__self__", "__func__", "func", "args", "keywords"):
                    self.lend(getattr(value, name, None))
            elif rewind := _rewound(value):
                self.back.callback(rewind)
            elif _root(type(value)) not in NOT_LENT:
                self._lend_object(value)

    def _lend_module(self, module: nn.Module) -> None:
        self.modules.append(module)
        state, kind = module.__dict__, module.__class__
        self.back.callback(_refill, state, dict(state))
        self.back.callback(object.__setattr__, module, "__class__", kind)
        for name, value in list(state.items()):
            if name in HOOKS:
                kept = [(key, hook) for key, hook in value.items() if makes_weights(hook)]
                state[name] = OrderedDict(kept)
            else:
                state[name] = self.lend(value)

    def _lend_items(self, held) -> None:
        if isinstance(held, dict):
            self.back.callback(_refill, held, dict(held))
            for key, value in list(held.items()):
                _kind(held).__setitem__(held, key, self.lend(value))
            return
        items = list(held)
        self.back.callback(_refill, held, items)
        _refill(held, [self.lend(item) for item in items])

    def _lend_function(self, function: types.FunctionType) -> None:
        self.back.callback(setattr, function, "__defaults__", function.__defaults__)
        function.__defaults__ = self.lend(function.__defaults__)
        self.lend(function.__kwdefaults__)
        for cell in function.__closure__ or ():
            with contextlib.suppress(ValueError):  # an empty one
                value = cell.cell_contents
                cell.cell_contents = self.lend(value)
                self.back.callback(setattr, cell, "cell_contents", value)

    def _lend_object(self, value: object) -> None:
        if isinstance(getattr(value, "__dict__", None), dict):
            self.lend(value.__dict__)
        for kind in type(value).__mro__:
            slots = kind.__dict__.get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                self._lend_slot(value, name)

    def _lend_slot(self, value: object, name: str) -> None:
        try:
            held = getattr(value, name)
            object.__setattr__(value, name, self.lend(held))
        except AttributeError:
            self.back.callback(_empty, value, name)
        else:
            self.back.callback(object.__setattr__, value, name, held)


def _rewound(value: object) -> Callable[[], object] | None:
    """What puts a source of random numbers back to where it is now; None for anything else."""
    numpy = sys.modules.get("numpy")
    if isinstance(value, torch.Generator):
        return functools.partial(value.set_state, value.get_state())
    if isinstance(value, random.Random):
        with contextlib.suppress(NotImplementedError):  # the system's own randomness
            return functools.partial(value.setstate, value.getstate())
    elif numpy and isinstance(value, numpy.random.Generator):
        bits = value.bit_generator
        return functools.partial(setattr, bits, "state", bits.state)
    elif numpy and isinstance(value, numpy.random.RandomState):
        return functools.partial(value.set_state, value.get_state())
    return None


def _kind(held) -> type:
    """The class of Python's own that a container is at heart; what a subclass does is its own."""
    return next(k for k in (OrderedDict, dict, list, set, deque) if isinstance(held, k))


def _refill(held, items) -> None:
    """Put back what a container held. A dict or list is never empty on the way: others may read."""
    kind = _kind(held)
    if kind is list:
        list.__setitem__(held, slice(None), items)
    elif issubclass(kind, dict):
        kind.update(held, items)
        for key in list(kind.__iter__(held)):
            if key not in items:
                kind.__delitem__(held, key)
        if any(map(operator.is_not, kind.__iter__(held), items)):  # in another order
            for key, value in items.items():
                kind.__delitem__(held, key)
                kind.__setitem__(held, key, value)
    else:
        kind.clear(held)
        (kind.update if kind is set else kind.extend)(held, items)


def _empty(value: object, name: str) -> None:
    with contextlib.suppress(AttributeError):
        object.__delattr__(value, name)


def _copy_of(value):
    """A copy of an array, or of what counts on; itself if there is none, as of a generator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python will stop copying iterators
        try:
            return copy.copy(value)
        except TypeError:
            return value


def _root(kind: type) -> str:
    return (kind.__module__ or "").partition(".")[0]


def _twin(tensor: torch.Tensor, known: dict) -> torch.Tensor:
    """A copy with no gradient yet; a tensor that two layers share is copied once."""
    if is_lazy(tensor):
        return tensor
    if id(tensor) not in known:
        twin = tensor.detach().clone()
        if isinstance(tensor, nn.Parameter):
            twin = nn.Parameter(twin, requires_grad=tensor.requires_grad)
        known[id(tensor)] = twin
    return known[id(tensor)]


def makes_weights(hook) -> bool:
    """Whether a hook is torch's own, such as weight_norm's: without it a weight would be stale."""
    return (getattr(hook, "__module__", None) or "").startswith("torch.nn.utils.")


@contextlib.contextmanager
def _same_randomness():
    numpy = sys.modules.get("numpy")
    states = random.getstate(), numpy.random.get_state() if numpy else None
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices):
        try:
            yield
        finally:
            random.setstate(states[0])
            if states[1] is not None:
                numpy.random.set_state(states[1])


def _same(tensor):
    return tensor


@contextlib.contextmanager
def _no_hook_of_all():
    """Hooks that a user has registered for all modules wait, too, or for what autograd saves."""
    waiting = {name: getattr(hooks_of_all, name) for name in HOOKS_OF_ALL}
    for name, hooks in waiting.items():
        setattr(hooks_of_all, name, type(hooks)())
    try:
        with torch.autograd.graph.saved_tensors_hooks(_same, _same):  # the innermost alone run
            yield
    finally:
        for name, hooks in waiting.items():
            setattr(hooks_of_all, name, hooks)
