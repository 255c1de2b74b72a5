"""Use somebody's module and leave it, and all randomness, as it was."""

from __future__ import annotations

import contextlib
import copy
import random
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator

import torch
from torch import nn
from torch.nn.modules import module as hooks_of_all
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.parameter import is_lazy

from .tensors import ask_torch

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
OF_TORCH = frozenset(nn.Module().__dict__)
# One thread at a time: what two would lend and give back crosswise would not come home.
ONE = threading.RLock()


@contextlib.contextmanager
def undisturbed(*modules: nn.Module) -> Iterator[None]:
    """Within it, modules may be called, switched to eval mode and differentiated at will.

    They work on copies of their parameters, buffers and other tensors, and run no hook but
    torch's own that make a layer's weight, such as weight_norm's. Afterwards parameters with
    their gradients, buffers, training modes, attributes, hooks and the random states are what
    they were. Modules whose parameters wait for an input go through ``filled_in`` first.
    Other threads wait for their turn. Forward passes of their own, which ask no turn, meanwhile
    run without the hooks that are registered for all modules.
    """
    with ONE:
        everything = {id(m): m for module in modules for m in module.modules()}.values()
        # A compiled TorchScript module keeps its state where Python cannot reach it.
        everything = [m for m in everything if not isinstance(m, torch.jit.ScriptModule)]
        before = [(m, m.__class__, dict(m.__dict__)) for m in everything]
        with _same_randomness(), _no_hook_of_all():
            known: dict = {}
            for module in everything:
                _lend(module.__dict__, known)
            try:
                yield
            finally:
                for module, kind, state in before:
                    module.__class__ = kind
                    module.__dict__.clear()
                    module.__dict__.update(state)


def filled_in(module: nn.Module, input: torch.Tensor) -> nn.Module:
    """The module; of one whose parameters wait for an input, a copy that has seen this one.

    Raises SlidingWindowsError if it refuses the input.
    """
    if not any(is_lazy(tensor) for tensor in (*module.parameters(), *module.buffers())):
        return module
    with undisturbed(module):  # no hook of the caller's is copied, for none may run
        module = _copied(module)
    modes = [(part, part.training) for part in module.modules()]
    module.eval()  # a batch norm would take its mean from this input
    with torch.no_grad(), undisturbed():
        ask_torch(module, input.detach().clone())
    for part, training in modes:
        part.training = training
    return module


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


def _lend(state: dict, known: dict) -> None:
    """Put copies in the place of all that a call could change. known: copies made before."""
    for name, value in list(state.items()):
        if name in HOOKS:
            state[name] = OrderedDict((k, hook) for k, hook in value.items() if makes_weights(hook))
        elif name in ("_parameters", "_buffers"):
            state[name] = type(value)((k, _twin(tensor, known)) for k, tensor in value.items())
        else:
            state[name] = _held(value, known)


def _held(value, known: dict):
    """What a module keeps, with copies of its tensors, which may be activations with a history."""
    if isinstance(value, torch.Tensor):
        return _twin(value, known)
    if type(value) is tuple:
        return tuple(_held(item, known) for item in value)
    if type(value) not in (list, dict, OrderedDict, set):
        return value
    if id(value) not in known:
        twin = known[id(value)] = value.copy()  # before its items, of which it may be one
        if isinstance(twin, list):
            twin[:] = [_held(item, known) for item in value]
        elif isinstance(twin, dict):
            twin.update((key, _held(item, known)) for key, item in value.items())
    return known[id(value)]


def _twin(tensor: torch.Tensor | None, known: dict) -> torch.Tensor | None:
    """A copy with no gradient yet; a tensor that two layers share is copied once."""
    if tensor is None or is_lazy(tensor):
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


@contextlib.contextmanager
def _no_hook_of_all():
    """Hooks that a user has registered for all modules wait, too."""
    waiting = {name: getattr(hooks_of_all, name) for name in HOOKS_OF_ALL}
    for name, hooks in waiting.items():
        setattr(hooks_of_all, name, type(hooks)())
    try:
        yield
    finally:
        for name, hooks in waiting.items():
            setattr(hooks_of_all, name, hooks)
