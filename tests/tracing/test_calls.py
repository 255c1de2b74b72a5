"""The call that is printed for a module makes that module, or nothing is printed as a call."""

import inspect

import pytest
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from slidingwindows import SlidingWindowsError, funnel, route, slide
from slidingwindows.tracing.request import call_of, title_of
from slidingwindows.words.recipe import recipe

pytestmark = pytest.mark.filterwarnings("ignore")  # of classes that torch gives up
KINDS = {
    name: kind
    for name, kind in vars(nn).items()
    if isinstance(kind, type) and issubclass(kind, nn.Module)
}


def layer():
    return nn.TransformerEncoderLayer(8, 2)


# Arguments, beside none at all, for each class that has any. A tuple, or a dict, is one call.
ARGUMENTS = {
    "AdaptiveLogSoftmaxWithLoss": [(8, 10, [4])],
    "Bilinear": [(2, 3, 4), (2, 3, 4, False)],
    "ChannelShuffle": [(2,)],
    "CrossMapLRN2d": [(2,), (2, 1e-3)],
    "DataParallel": [(nn.ReLU(),)],
    "Embedding": [(5, 3), (5, 3, 0), {"num_embeddings": 5, "embedding_dim": 3, "max_norm": 1}],
    "EmbeddingBag": [(5, 3), {"num_embeddings": 5, "embedding_dim": 3, "mode": "sum"}],
    "Fold": [((4, 4), 2), ((4, 4), (2, 2)), (4, (2, 1), 1, 1)],
    "GroupNorm": [(2, 4), (2, 4, 1e-3, False)],
    "GRU": [(2, 3)],
    "GRUCell": [(2, 3), (2, 3, False)],
    "LayerNorm": [(6,), ((6, 6),), ((6, 4), 1e-3), (6, 1e-5, False), (6, 1e-5, True, False)],
    "LazyLinear": [(3,), (3, False)],
    "Linear": [(2, 3), (2, 3, False)],
    "LinearCrossEntropyLoss": [(3, 4)],
    "LocalResponseNorm": [(2,), (2, 1e-3, 0.5, 2)],
    "LSTM": [(2, 3), (2, 3, 2)],
    "LSTMCell": [(2, 3)],
    "ModuleDict": [({"a": nn.ReLU()},)],
    "ModuleList": [([nn.ReLU()],)],
    "MultiheadAttention": [(8, 2), (8, 2, 0.1, False), {"embed_dim": 8, "num_heads": 2, "kdim": 4}],
    "ParameterDict": [({"a": nn.Parameter(torch.ones(2))},)],
    "ParameterList": [([nn.Parameter(torch.ones(2))],)],
    "PixelShuffle": [(2,)],
    "PixelUnshuffle": [(2,)],
    "PReLU": [(3,), (3, 0.5)],
    "RMSNorm": [(6,), ((6, 6),), (6, 1e-3)],
    "RNN": [(2, 3)],
    "RNNBase": [("LSTM", 2, 3), ("GRU", 2, 3, 2, False)],
    "RNNCell": [(2, 3), {"input_size": 2, "hidden_size": 3, "nonlinearity": "relu"}],
    "RNNCellBase": [(2, 3, True, 4), (2, 3, False, 1)],
    "Sequential": [(nn.ReLU(), nn.MaxPool2d(2))],
    "Threshold": [(1, 2), (0.5, 2.5, True)],
    "Transformer": [(8, 2, 1, 1, 16)],
    "TransformerDecoder": [(nn.TransformerDecoderLayer(8, 2), 2)],
    "TransformerDecoderLayer": [(8, 2), {"d_model": 8, "nhead": 2, "batch_first": True}],
    "TransformerEncoder": [(layer(), 2)],
    "TransformerEncoderLayer": [(8, 2), {"d_model": 8, "nhead": 2, "norm_first": True}],
    "Unflatten": [(1, (2, 2)), (1, (2, 3)), (1, torch.Size([2, 2])), (1, [2, 2])],
    "Upsample": [{"scale_factor": 2}, ((4, 4),), {"scale_factor": (2, 2), "mode": "bilinear"}],
    "UpsamplingBilinear2d": [(4,), (None, 2)],
    "UpsamplingNearest2d": [(4,), (None, 2)],
    "CrossEntropyLoss": [{"label_smoothing": 0.1}, {"weight": torch.ones(3)}],
    "Dropout": [(0.2,), (0.2, True)],
    "Hardtanh": [(0, 6), (float("-inf"), 1)],
    "Softmax": [(1,)],
    "TripletMarginWithDistanceLoss": [{"distance_function": torch.dist}],
}
# Families: what fits one of 1d, 2d and 3d, with d the count of dimensions.
FAMILIES = {
    "AdaptiveAvgPool": lambda d: [(2,), ((2,) * d,), ((None,) * d,), ((3, 3, 3),)],
    "AdaptiveMaxPool": lambda d: [(2,), ((2,) * d,), (2, True)],
    "AvgPool": lambda d: [(2,), (3, 2), ((2,) * d,), (2, 2, 1, True, False), ([2] * d,)],
    "BatchNorm": lambda d: [
        (4,),
        (4, 1e-3),
        (4, 1e-5, None),
        (4, 1e-5, 0.1, False),
        {"num_features": 4, "bias": False},
    ],
    "CircularPad": lambda d: [(1,), ((1,) * 2 * d,), ((1, 2) * d,)],
    "ConstantPad": lambda d: [(1, 2.5), ((1, 2) * d, 0)],
    "Conv": lambda d: [
        (2, 4, 3),
        (2, 4, (3,) * d, 2, 1),
        (4, 4, 3, 1, "same", 2, 2, False),
        {"in_channels": 1, "out_channels": 1, "kernel_size": (2,) * d, "padding_mode": "reflect"},
    ],
    "ConvTranspose": lambda d: [(2, 4, 3), (4, 4, 3, 2, 1, 1, 2, False)],
    "FractionalMaxPool": lambda d: [
        (2, 3),
        (2, None, 0.5),
        {"kernel_size": 2, "output_ratio": 0.5, "return_indices": True},
    ],
    "InstanceNorm": lambda d: [
        (4,),
        (4, 1e-5, 0.1, True),
        {"num_features": 4, "affine": True, "bias": False},
    ],
    "LazyBatchNorm": lambda d: [(1e-3,)],
    "LazyConv": lambda d: [(4, 3), (4, (3,) * d, 2)],
    "LazyConvTranspose": lambda d: [(4, 3), (4, 3, 2, 1, 1)],
    "LazyInstanceNorm": lambda d: [(1e-3,)],
    "LPPool": lambda d: [(2, 2), (1.5, (2,) * d, 1, True)],
    "MaxPool": lambda d: [
        (2,),
        (2, 1),
        ((2,) * d,),
        (3, 2, 1, 2, True, True),
        (3, (2,) * d),
        (3, [2] * d),
    ],
    "MaxUnpool": lambda d: [(2,), ((2,) * d,), (3, 2, 1)],
    "ReflectionPad": lambda d: [(1,), ((1, 2) * d,)],
    "ReplicationPad": lambda d: [(1,), ((1, 2) * d,)],
    "ZeroPad": lambda d: [(1,), ((1, 2) * d,)],
}
ARGUMENTS["SyncBatchNorm"] = [(4,), (4, 1e-3)]
ARGUMENTS["Unfold"] = [(2,), ((2, 2),), (2, 2, 1, 3)]
# Torch keeps too little of their arguments, or they are made of other modules, or of a tensor.
NOTHING_TO_SAY = {
    "AdaptiveLogSoftmaxWithLoss",
    "DataParallel",
    "GRU",
    "LSTM",
    "LinearCrossEntropyLoss",
    "RNN",
    "RNNCellBase",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
}


def instances(name: str, bare: bool = True) -> list[nn.Module]:
    """Modules of a class of torch.nn: of no arguments, if it takes none, and of the table's.

    Without ``bare``, of no arguments only if the table has none; a Transformer's usual size is
    44 million numbers.
    """
    kind, calls = KINDS[name], list(ARGUMENTS.get(name, []))
    if name[-1:] == "d" and name[-2:-1].isdigit() and name[:-2] in FAMILIES:
        calls += FAMILIES[name[:-2]](int(name[-2]))
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    needed = [p for p in parameters if p.default is p.empty and p.kind < p.VAR_POSITIONAL]
    if not needed and name not in ("RNN", "LSTM", "GRU") and (bare or not calls):
        calls.insert(0, ())
    return [kind(**call) if isinstance(call, dict) else kind(*call) for call in calls]


def shapes(module: nn.Module) -> list:
    return [
        (name, tensor.dtype, tensor.device, None if is_lazy(tensor) else tuple(tensor.shape))
        for name, tensor in (*module.named_parameters(), *module.named_buffers())
    ]


def check(module: nn.Module) -> str:
    call = call_of(module)
    if call:
        made = eval(call, {"nn": nn, "torch": torch})
        assert type(made) is type(module), call
        assert repr(made) == repr(module) and shapes(made) == shapes(module), call
    else:
        assert title_of(module) == f"{type(module).__name__}(…)"
    return call


# A lazy layer is cast by its dtype: bfloat16() asks for numbers that it does not have yet.
BY_DTYPE = {"double()": "to(torch.float64)", "half()": "to(torch.float16)"}
CASTS = ["double()", "half()", "bfloat16()", "to(torch.complex64)", "to('meta')"]
CASTS.append("double().to('meta')")


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("cast", CASTS)
def test_a_dtype_and_a_device_are_part_of_the_call(name, cast):
    """Of a pool, which has no numbers, they are no part."""
    for module in instances(name, bare=False):
        plain = call_of(module)
        try:
            module = eval(f"module.{cast}", {"module": module, "torch": torch})
        except Exception:  # a scripted or quantized one has no such dtype
            continue
        call = check(module)
        tensors = [*module.parameters(), *module.buffers()]
        if name.startswith("Lazy") and "meta" in cast:  # some of it waits for an input no more
            assert call == "" and not all(map(is_lazy, tensors))
        elif plain and any(t.is_floating_point() or t.is_complex() for t in tensors):
            shown = BY_DTYPE.get(cast, cast) if name.startswith("Lazy") else cast
            assert call == f"{plain}.{shown}"
        elif not tensors:
            assert call == plain


def test_a_layer_of_two_dtypes_or_on_two_devices_has_no_call():
    mixed, parted = nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)
    mixed.weight.data = mixed.weight.data.double()
    parted.weight = nn.Parameter(parted.weight.to("meta"))
    assert (call_of(mixed), call_of(parted)) == ("", "")


def test_the_call_follows_torchs_own_default():
    module = nn.Conv2d(1, 1, 3)
    torch.set_default_dtype(torch.float64)
    try:
        assert call_of(nn.Conv2d(1, 1, 3)) == "nn.Conv2d(1, 1, kernel_size=3)"
        assert call_of(module) == "nn.Conv2d(1, 1, kernel_size=3).float()"
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_recipe_brings_its_module_to_the_dtype_once():
    trace = slide(nn.Conv2d(1, 1, 3).double(), torch.rand(1, 4, 4).double())
    assert trace.call == "nn.Conv2d(1, 1, kernel_size=3).double()"
    assert "\nmodule = nn.Conv2d(1, 1, kernel_size=3).to(torch.float64)\n" in recipe(trace, "x")


@pytest.mark.parametrize("name", KINDS)
def test_the_printed_call_makes_the_module(name):
    modules = instances(name)
    assert modules, f"the table has no arguments for nn.{name}"
    said = [check(module) for module in modules]
    assert any(said) == (name not in NOTHING_TO_SAY), said


@pytest.mark.parametrize(
    "call",
    [
        "nn.LayerNorm(normalized_shape=(6, 6))",
        "nn.LayerNorm(normalized_shape=6)",
        "nn.Unflatten(dim=1, unflattened_size=(2, 2))",
        "nn.InstanceNorm1d(num_features=4)",
        "nn.InstanceNorm2d(num_features=4)",
        "nn.InstanceNorm3d(num_features=4, affine=True)",
        "nn.BatchNorm2d(num_features=4, affine=False)",
        "nn.GroupNorm(num_groups=2, num_channels=4, affine=False)",
        "nn.LayerNorm(normalized_shape=4, elementwise_affine=False)",
        "nn.MultiheadAttention(embed_dim=8, num_heads=2)",
        "nn.Conv2d(3, 8, kernel_size=3, padding=1)",
        "nn.Conv2d(3, 8, kernel_size=(3, 5), bias=False)",
        "nn.LazyConv2d(8, kernel_size=3)",
        "nn.MaxPool2d(kernel_size=2, stride=2)",
        "nn.MaxPool2d(kernel_size=(2, 2), stride=(2, 2))",
        "nn.MaxPool2d(kernel_size=2, stride=2, return_indices=True)",
        "nn.AdaptiveAvgPool2d(output_size=(3, 3, 3))",
        "nn.ModuleDict()",
    ],
)
def test_a_call_is_printed_as_it_was_written(call):
    """Nothing that nobody wrote, and nothing left out."""
    assert call_of(eval(call, {"nn": nn})) == call


class Mine(nn.MaxPool2d):
    """A subclass, which torch.nn has not."""


def changed():
    module = nn.Conv2d(1, 1, 3)
    module.weight = nn.Parameter(torch.ones(1, 1, 5, 5))
    return module


WITHOUT = {
    "a subclass": lambda: Mine(2),
    "weight_norm": lambda: nn.utils.weight_norm(nn.Conv2d(1, 1, 3)),
    "parametrized": lambda: nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 1, 3)),
    "another kernel": changed,
}


@pytest.mark.parametrize("name", WITHOUT)
def test_what_no_call_makes_has_no_call(name):
    module = WITHOUT[name]()
    assert call_of(module) == ""
    figure = slide(module, torch.rand(1, 6, 6)) if name != "another kernel" else None
    if figure:
        assert figure.call == f"{type(module).__name__}(…)" and recipe(figure, "x") == ""
        assert figure.call in str(funnel(nn.Sequential(module), torch.rand(1, 6, 6)).table())


def test_a_changed_layer_has_the_call_that_makes_it_now():
    module = nn.MaxPool2d(2)
    module.stride, module.kept = 3, torch.rand(5)  # what people keep on a layer is theirs
    assert call_of(module) == "nn.MaxPool2d(kernel_size=2, stride=3)"


def test_a_message_and_its_context_say_the_same():
    with pytest.raises(SlidingWindowsError) as caught:
        slide(nn.AdaptiveAvgPool2d((3, 3, 3)), torch.rand(1, 8, 8))
    assert "(3, 3, 3)" in caught.value.problem
    assert "nn.AdaptiveAvgPool2d(output_size=(3, 3, 3))" in caught.value.context


def test_saying_a_call_changes_nothing():
    """It makes modules, which draw their weights, and tells hooks that one is registered."""
    told = []
    hook = nn.modules.module.register_module_parameter_registration_hook(
        lambda *_: told.append("registered")
    )
    module, before = nn.MaxPool2d(2), torch.get_rng_state()
    conv, held = nn.utils.skip_init(nn.Conv2d, 1, 1, 3), len(told)
    try:
        assert call_of(module) and call_of(conv) == "nn.Conv2d(1, 1, kernel_size=3)"
        assert torch.equal(torch.get_rng_state(), before) and held == len(told) > 0
    finally:
        hook.remove()


UNSAYABLE = [float("nan"), float("inf"), 10**5000, object(), torch.ones(2)]


@pytest.mark.parametrize("value", UNSAYABLE, ids=["nan", "inf", "huge", "object", "tensor"])
def test_an_argument_that_code_cannot_say_makes_no_call(value):
    module = nn.MaxPool2d(2)
    module.kernel_size = value
    assert call_of(module) == ""
    assert call_of(nn.LeakyReLU(value)) == ""


def test_a_gradient_has_the_call_of_its_module():
    assert route(nn.MaxPool2d((2, 2)), torch.rand(1, 4, 4)).call == (
        "nn.MaxPool2d(kernel_size=(2, 2), stride=(2, 2))"
    )


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize(
    "make", [lambda d: nn.LazyLinear(4, dtype=d), lambda d: nn.LazyConv2d(4, 3, dtype=d)]
)
def test_the_call_of_a_layer_without_shapes_can_be_run(make, dtype):
    module = make(dtype)
    again = eval(title_of(module), {"nn": nn, "torch": torch})
    assert {p.dtype for p in again.parameters()} == {dtype}
