"""Whatever is given to a public function, nothing but a SlidingWindowsError comes out of it.

What it says is recorded: no sentence for a reader goes wrong unseen.
"""

import copy
import io
import math
import os
import random
import re
import threading

import numpy as np
import pytest
import torch
from recorded import compare_part, digest
from torch import nn

import slidingwindows
from slidingwindows import (
    Axis,
    Geometry,
    SlidingWindowsError,
    Trace,
    Transfer,
    UnevenAxis,
    funnel,
    receptive_field,
    route,
    save,
    slide,
)
from slidingwindows.core.funnel import Funnel
from slidingwindows.core.receptive import ReceptiveField
from slidingwindows.export.kinds import kind_of
from slidingwindows.tracing.slide import TRACERS
from slidingwindows.words.recipe import recipe
from slidingwindows.words.terminal import listing

pytestmark = pytest.mark.filterwarnings("ignore")
X = torch.arange(64.0).reshape(1, 8, 8)


def whole(module: nn.Module) -> nn.Module:
    """With whole numbers for weights, which give the same on every machine."""
    generator = torch.Generator().manual_seed(0)
    for parameter in module.parameters():
        parameter.data = torch.randint(-2, 3, parameter.shape, generator=generator).float()
    return module


NETWORK = whole(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2)))
FIGURES = {
    "max": slide(nn.MaxPool2d(3, 2, 1), X),
    "average": slide(nn.AvgPool2d(2, ceil_mode=True), X[:, :7]),
    "lp": slide(nn.LPPool1d(2, 2), X[0]),
    "adaptive": slide(nn.AdaptiveAvgPool2d(3), X),
    "convolution": slide(whole(nn.Conv2d(1, 1, 3, padding=1)), X),
    "transposed": slide(whole(nn.ConvTranspose2d(1, 1, 2, stride=2)), X[:, :3, :3]),
    "volume": slide(nn.MaxPool3d(2), X.reshape(1, 4, 4, 4)),
    "unfold": slide(nn.Unfold(2), X),
    "gradient": route(nn.AvgPool2d(2), X),
    "funnel": funnel(NETWORK, X),
    "field": receptive_field(NETWORK, X),
}


class Raises(nn.Module):
    """A layer of somebody's own."""

    def forward(self, x):
        raise KeyError("mine")


class Returns(nn.Module):
    """Another one."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return self.value


def things() -> list:
    """What may stand where something else is expected."""
    return [
        None, True, 0, 1, 2, -1, 7, 10**30, 1.5, math.nan, math.inf, 1j, "", "x", "nan", b"x",
        (), (1,), (1, 2), (2, 2), (0, 0), (1, 2, 3), (8, 8), (1, 8, 8), (None, 2), [2, 2], [[1.0]],
        {}, {"a": 1}, {1}, object(), int, len, lambda *_: 1, range(3), slice(2), ...,
        np.int64(1), np.float32(1.5), np.bool_(False), np.zeros(3), np.ones((1, 8, 8)),
        np.ones((1, 8, 8), np.float32), np.array("x"), np.array([None]),
        np.zeros((1, 8, 8), complex),
        np.arange(64, dtype=">f4").reshape(1, 8, 8), np.ones((1, 8, 8), np.float32)[:, ::-1],
        torch.tensor(1), torch.tensor(True), torch.zeros(0), torch.zeros(1, 0, 8), X, X.double(),
        X.half(), X.bfloat16(), X.long(), X.bool(), X.to(torch.uint8), X.to(torch.complex64),
        X[None],
        X.to_sparse(), X.to("meta"), X.to(torch.float8_e4m3fn), X.expand(3, 1, 8, 8), X * math.nan,
        torch.quantize_per_tensor(X, 0.1, 0, torch.quint8), torch.nested.nested_tensor([X, X]),
        nn.MaxPool2d(2), nn.ReLU(), nn.Sequential(), nn.Sequential(nn.ReLU()), nn.LSTM(8, 2),
        nn.Sequential(Raises()), nn.Sequential(Returns(None)), nn.Sequential(Returns(X)), Raises(),
        nn.Sequential(nn.MaxPool2d(2, return_indices=True)), nn.Sequential(nn.Linear(8, 2)),
        nn.Sequential(nn.LazyConv2d(2, 3), nn.LazyLinear(2)), nn.Sequential(nn.Dropout()),
        nn.Sequential(nn.BatchNorm2d(1)), nn.ModuleList([nn.ReLU()]), torch.jit.script(nn.ReLU()),
        Exception("x"), Axis(5, 2, 1), FIGURES["max"], io.StringIO(), threading.Lock(),
    ]  # fmt: skip


THINGS = things()
ATTRIBUTES = (
    "kernel_size stride padding dilation ceil_mode return_indices output_size output_ratio groups "
    "norm_type count_include_pad divisor_override in_channels out_channels padding_mode training "
    "weight bias output_padding forward _random_samples _forward_hooks kept"
).split()


def layer(chance: random.Random) -> nn.Module:
    """One that slides a window, perhaps with one wrong attribute."""
    while True:
        kind = chance.choice(list(TRACERS))
        sizes = [chance.choice([1, 2, 3, (2, 2), (1, 2)]) for _ in range(chance.randint(1, 3))]
        try:
            module = kind(*([1, 1] if "Conv" in kind.__name__ else []), *sizes)
            if chance.random() < 0.4:
                setattr(module, chance.choice(ATTRIBUTES), chance.choice(THINGS))
            return module
        except Exception:  # torch has refused it before we are asked
            continue


def tensor(chance: random.Random):
    sizes = [chance.randint(1, 6) for _ in range(chance.randint(1, 5))]
    good = torch.randn(sizes, generator=torch.Generator().manual_seed(chance.randrange(99)))
    return chance.choice([good, X, X, X[None], X.numpy(), chance.choice(THINGS)])


SAID: set[str] = set()
LAST = [""]  # what was said last, nothing if nothing was wrong


@pytest.fixture(autouse=True)
def nothing_said():
    SAID.clear()
    torch.manual_seed(0)  # of the weights that layers begin with


def only_ours(call, *arguments, **options):
    """The result, or None for one clear error, which SAID keeps."""
    LAST[0] = ""
    try:
        return call(*arguments, **options)
    except SlidingWindowsError as error:
        text = str(error)
        assert error.problem.strip() and max(map(len, text.split("\n"))) < 1010, text
        where = ", and where" * bool(error.context)  # in which words, other tests say
        LAST[0] = f"{call.__qualname__}{where}: {anywhere(error.problem)}"
        SAID.add(LAST[0])
        return None


def anywhere(problem: str) -> str:
    """In one line, without what torch, Python and this machine have put in."""
    text = re.sub(r"(?<=torch says: ).*|(?<=: )\w+(Error|Exception): .*", "…", problem, flags=re.S)
    return " ".join(re.sub(r"[.0]+x[0-9a-f]{6,}|/tmp/[^ :]*", "…", text).split())


def said_as_recorded(part) -> None:
    said = {
        re.sub(r"( got | cannot be | refuses .*?: ).{20,}", r"\1…", text)[:150] for text in SAID
    }
    compare_part("refusals", part, "\n".join(sorted(said)))


def drawn(chance: random.Random, names: list[str], odds: float = 0.3) -> dict:
    return {name: chance.choice(THINGS) for name in names if chance.random() < odds}


@pytest.mark.parametrize("seed", range(20))
def test_slide_and_route(seed):
    chance, made = random.Random(seed), 0
    for _ in range(40):
        module = layer(chance) if chance.random() < 0.8 else chance.choice(THINGS)
        x = tensor(chance)
        more = drawn(chance, ["indices", "output_size"], 0.1)
        made += only_ours(slide, module, x, **drawn(chance, WHERE, 0.1), **more) is not None
        more = drawn(chance, ["gradient", "plane"], 0.2)
        made += only_ours(route, module, x, **drawn(chance, WHERE, 0.1), **more) is not None
    assert made > 1, "all of it was refused, which tests nothing"
    said_as_recorded(f"slide and route {seed}")


WHERE = ["channel", "sample", "depth"]


@pytest.mark.parametrize("seed", range(10))
def test_funnel_and_receptive_field(seed):
    chance, made = random.Random(100 + seed), 0
    for _ in range(40):
        network = nn.Sequential(*(layer(chance) for _ in range(chance.randint(1, 2))))
        network = chance.choice([network, network, NETWORK, chance.choice(THINGS)])
        x = tensor(chance)
        made += only_ours(funnel, network, x) is not None
        more = drawn(chance, ["output", "samples"], 0.2)
        shape = chance.choice([x, (1, 8, 8), (1, chance.choice(THINGS), 8)])
        made += only_ours(receptive_field, network, shape, **more) is not None
    assert made > 1, "all of it was refused, which tests nothing"
    said_as_recorded(f"funnel and receptive_field {seed}")


@pytest.mark.parametrize("seed", range(4))
def test_save(seed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chance, made = random.Random(200 + seed), 0
    names = ["x.json", "x.txt", tmp_path / "y.txt", b"z.txt", "a" * 300 + ".txt", "\ud800.txt"]
    for _ in range(60):
        figure = chance.choice([*FIGURES.values(), chance.choice(THINGS)])
        path = chance.choice([*names, io.BytesIO(), chance.choice(THINGS)])
        more = drawn(chance, ["theme", "width", "frame_time"], 0.1)
        kind = chance.choice(["txt", "json", chance.choice(THINGS)])
        made += only_ours(save, figure, path, **more, format=kind) is not None
    assert made > 5
    assert {p.name for p in tmp_path.iterdir()} <= {"x.json", "x.txt", "y.txt", "z.txt", "x"}
    said_as_recorded(f"save {seed}")


def places(data, where=()) -> list:
    """The paths of all that is in a dict, at most two of each long list."""
    found = [where] if where else []
    items = data.items() if isinstance(data, dict) else []
    if isinstance(data, list):
        items = [(i, data[i]) for i in sorted({0, len(data) - 1}) if data]
    for key, value in items:
        found += places(value, (*where, key))
    return found


GONE = object()


def damages(value, chance: random.Random) -> list:
    """What may stand in the place of a value: its neighbours, and things of other kinds."""
    found = [GONE, chance.choice([*THINGS[:32], 10**9, -(10**9), "inf"])]
    if isinstance(value, bool):
        found += [not value]
    elif isinstance(value, int | float):
        found += [value + 1, value - 1, -value]
    elif isinstance(value, str):
        found += ["", value + "?"]
    elif isinstance(value, list):
        found += [value[:-1], value[::-1], value + value[-1:], []]
    return [one for one in found if one is GONE or str(one) != str(value)]


def damaged(data: dict, where: tuple, thing) -> dict:
    data = copy.deepcopy(data)
    inside = data
    for key in where[:-1]:
        inside = inside[key]
    if thing is GONE:
        del inside[where[-1]]
    else:
        inside[where[-1]] = thing
    return data


@pytest.mark.parametrize("name", FIGURES)
def test_damaged_dicts(name):
    figure, chance = FIGURES[name], random.Random(name)
    data = figure.to_dict()
    assert type(figure).from_dict(data) == figure
    found = []
    for where in places(data):
        inside = data
        for key in where:
            inside = inside[key]
        for thing in damages(inside, chance):
            again = only_ours(type(figure).from_dict, damaged(data, where, thing))
            found.append(LAST[0])
            if again is not None:  # what is taken can be used
                words = only_ours(kind_of(again).words, again)
                found.append(f"{words}, {again.to_dict()}")
                if isinstance(again, Trace | Transfer):
                    found.append(f"{only_ours(listing, again)}, {only_ours(recipe, again, 'x')}")
    SAID.add(f"all in their order: {len(found)}, {digest(str(found))}")
    said_as_recorded(f"damaged {name}")


@pytest.mark.parametrize("kind", [Trace, Transfer, Funnel, ReceptiveField])
def test_what_is_no_dict_at_all(kind):
    for thing in THINGS:
        with pytest.raises(SlidingWindowsError, match=f"not what a {kind.__name__}'s to_dict"):
            kind.from_dict(thing)


def test_axes_and_geometries():
    chance = random.Random(300)
    for _ in range(2000):
        values = [chance.choice([1, 2, 5, (1, 1), chance.choice(THINGS)]) for _ in range(6)]
        only_ours(Axis, *values[: chance.randint(3, 6)])
        only_ours(Geometry.of, *values[: chance.randint(2, 6)])
        only_ours(UnevenAxis, *values[: chance.randint(2, 3)])
        only_ours(UnevenAxis.adaptive, *values[:2])
    said_as_recorded("axes and geometries")


def test_every_public_name_is_tried_here():
    tried = {"slide", "route", "funnel", "receptive_field", "save", "Trace", "Transfer"}
    tried |= {"Axis", "Geometry", "UnevenAxis"}
    plain = {"Step", "Tap", "Move", "Read", "Write", "SlidingWindowsError", "__version__"}
    assert set(slidingwindows.__all__) == tried | plain


# ---- The issue's own cases.


class Watcher:
    """A hook that cannot be copied."""

    def __init__(self):
        self.lock = threading.Lock()

    def __call__(self, *_):
        pass


def keeping(module: nn.Module) -> nn.Module:
    """A module with what nobody can copy: an activation that has a history, a lock, a cycle."""
    kept = nn.Conv2d(1, 1, 1)(X)
    module.kept, module.all, module._lock = kept, [kept], threading.Lock()
    module.all.append(module.all)
    return module


@pytest.mark.parametrize("make", [lambda: nn.LazyConv2d(2, 3), lambda: nn.Conv2d(1, 2, 3)])
def test_a_layer_that_keeps_activations_and_waits_for_its_input(make):
    layer, ran = keeping(make()), []
    layer.register_forward_hook(lambda *_: ran.append("a hook"))
    layer.register_forward_pre_hook(Watcher())
    lazy = isinstance(layer, nn.LazyConv2d)
    assert slide(layer, X).output_shape == (2, 6, 6)
    assert route(layer, X).output_shape == (1, 8, 8)
    assert funnel(nn.Sequential(layer), X).stages[1].shape == (2, 6, 6)
    assert receptive_field(nn.Sequential(layer), X).size == (3, 3)
    assert not ran and isinstance(layer, nn.LazyConv2d) == lazy
    assert layer(X).shape == (2, 6, 6) and ran == ["a hook"]  # it works as if nobody had looked
    assert layer(X).shape == (2, 6, 6) and type(layer) is nn.Conv2d


@pytest.mark.parametrize("norm", [nn.utils.weight_norm, nn.utils.parametrizations.weight_norm])
def test_weight_norm_in_networks(norm):
    network = nn.Sequential(norm(nn.Conv2d(1, 2, 3)), nn.ReLU())
    with torch.no_grad():
        network[0](X)
    assert funnel(network, X).stages[1].shape == (2, 6, 6)
    assert receptive_field(network, X).size == (3, 3)
    lazy = nn.Sequential(keeping(norm(nn.Conv2d(1, 2, 3))), nn.LazyConv2d(1, 1))
    assert funnel(lazy, X).stages[2].shape == (1, 6, 6)


@pytest.mark.parametrize("path", [None, 1, True, 1.5, [], ["x.gif"], object()])
def test_save_to_what_is_no_file(path):
    with pytest.raises(SlidingWindowsError, match="a file name, or a file opened for bytes"):
        save(FIGURES["max"], path)


def test_save_to_an_open_file(tmp_path):
    trace = FIGURES["max"]
    buffer = io.BytesIO()
    assert save(trace, buffer) is buffer
    assert buffer.getvalue() == save(trace, tmp_path / "x.gif").read_bytes()
    buffer = io.BytesIO()
    save(trace, buffer, format="json")
    assert buffer.getvalue() == save(trace, tmp_path / "x.json").read_bytes()
    with open(tmp_path / "y.txt", "wb", buffering=0) as file:  # its name says the format
        save(trace, file)
    assert (tmp_path / "y.txt").read_bytes() == save(trace, tmp_path / "x.txt").read_bytes()


def test_a_file_that_takes_little_at_once_gets_all():
    class Slow(io.BytesIO):
        def write(self, data):
            return super().write(data[:1000])

    slow, whole = Slow(), io.BytesIO()
    save(FIGURES["max"], slow)
    save(FIGURES["max"], whole)
    assert slow.getvalue() == whole.getvalue()


def test_a_pipe_that_will_not_wait_is_no_success():
    """A raw file that takes nothing now says None, a writer of somebody's own may say 0."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with open(read, "rb"), open(write, "wb", buffering=0) as file:
        with pytest.raises(SlidingWindowsError, match="cannot be written: it took only part"):
            save(slide(nn.MaxPool2d(2), torch.rand(1, 24, 24)), file, width=960)

    class Full(io.BytesIO):
        tries = 0

        def write(self, data):
            self.tries += 1
            assert self.tries < 9, "it is asked again and again"
            return 0

    with pytest.raises(SlidingWindowsError, match="cannot be written: it took only part"):
        save(FIGURES["max"], Full())


def test_a_writer_that_says_nothing_has_taken_all():
    class Silent(list):
        def write(self, data):
            self.append(data)

    silent, whole = Silent(), io.BytesIO()
    save(FIGURES["max"], silent)
    save(FIGURES["max"], whole)
    assert silent == [whole.getvalue()]


@pytest.mark.parametrize("make", [io.StringIO, lambda: closed(io.BytesIO())])
def test_an_open_file_that_takes_no_bytes(make):
    with pytest.raises(SlidingWindowsError, match="the open file cannot be written"):
        save(FIGURES["max"], make(), format="txt")


def closed(file):
    file.close()
    return file


def test_a_name_that_is_too_long(tmp_path):
    with pytest.raises(SlidingWindowsError, match="cannot be written: File name too long"):
        save(FIGURES["max"], tmp_path / ("a" * 300 + ".txt"))
    with pytest.raises(SlidingWindowsError, match="^save needs a file name, .*, not ''$"):
        save(FIGURES["max"], "")
    longest = tmp_path / ("a" * 251 + ".txt")  # the name aside is no longer than the name itself
    assert save(FIGURES["max"], longest).is_file()


def test_a_read_only_file_is_not_replaced(tmp_path):
    """Not even by root, whom the system would let."""
    path = tmp_path / "x.txt"
    path.write_text("mine")
    path.chmod(0o444)
    with pytest.raises(SlidingWindowsError, match="is read-only, and will not be replaced"):
        save(FIGURES["max"], path)
    assert path.read_text() == "mine" and os.listdir(tmp_path) == ["x.txt"]


def test_a_replaced_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("mine")
    path.chmod(0o600)
    save(FIGURES["max"], path)
    assert path.read_text() != "mine" and path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("number", [np.int64(1), np.uint8(1), torch.tensor(1), 1])
def test_whole_numbers_of_numpy_and_torch(number):
    x = torch.rand(2, 2, 6, 6)
    trace = slide(nn.MaxPool2d(2), x, channel=number, sample=number)
    assert trace == slide(nn.MaxPool2d(2), x, 1, 1) and type(trace.channel) is int
    assert route(nn.MaxPool2d(2), x, channel=number, plane=number * 0).channel == 1
    assert slide(nn.MaxPool2d(number), x).output_shape == (2, 2, 6, 6)
    field = receptive_field(NETWORK, (number, 8, 8), output=(number, number), samples=number)
    assert field == receptive_field(NETWORK, (1, 8, 8), output=(1, 1), samples=1)
    assert Geometry.of((6, 6), number * 2).output_shape == (3, 3)


@pytest.mark.parametrize("kind", [np.int64, np.int32, torch.tensor])
def test_whole_numbers_of_numpy_and_torch_wherever_sizes_are_taken(kind):
    made = []
    for number in (int, kind):
        made.append(io.BytesIO())
        save(FIGURES["max"], made[-1], width=number(200) * 2, frame_time=number(100))
    assert made[0].getvalue() == made[1].getvalue()
    with pytest.raises(SlidingWindowsError, match=r"320 to 1920 pixels wide, not 40$"):
        save(FIGURES["max"], io.BytesIO(), width=kind(40))
    values, indices = nn.MaxPool2d(2, return_indices=True)(X[:, :5, :5])
    back, up = nn.MaxUnpool2d(2), nn.ConvTranspose2d(1, 1, 2, stride=2)
    expected = slide(back, values, indices=indices, output_size=(5, 5))
    sizes = (kind(5), kind(5))
    assert slide(back, values, indices=indices, output_size=sizes) == expected
    assert slide(up, X, output_size=(kind(17),) * 2).output_shape == (1, 17, 17)
    assert slide(nn.AdaptiveAvgPool1d(kind(3)), X[0]).output_shape == (8, 3)
    axis = UnevenAxis.adaptive(kind(10), kind(4))
    assert axis == UnevenAxis.adaptive(10, 4) and type(axis.size) is int


def test_arrays_in_the_place_of_tuples_and_tensors():
    values, indices = nn.MaxPool2d(2, return_indices=True)(X[:, :5, :5])
    back = nn.MaxUnpool2d(2)
    expected = slide(back, values, indices=indices, output_size=(5, 5))
    for make in (np.array, torch.tensor):
        sizes = make([5, 5])
        arrays = values.numpy(), indices.numpy()
        assert slide(back, arrays[0], indices=arrays[1], output_size=sizes) == expected
        assert receptive_field(NETWORK, (1, 8, 8), make([1, 1])).output == (1, 1)
    sent = np.arange(16, dtype=np.float32).reshape(4, 4)[::-1]
    pool = nn.MaxPool2d(2)
    assert route(pool, X, sent) == route(pool, X, torch.from_numpy(sent.copy()))
    with pytest.raises(SlidingWindowsError, match="needs the indices that MaxPool2d"):
        slide(back, values, indices=[1, 2])


def test_numpy_arrays_are_taken_as_the_tensors_of_their_dtype():
    array = np.arange(64, dtype=np.float32).reshape(1, 8, 8)
    array.flags.writeable = False
    pool = nn.MaxPool2d(2)
    assert slide(pool, array) == slide(pool, X) and route(pool, array) == route(pool, X)
    assert funnel(NETWORK, array) == funnel(NETWORK, X)
    assert receptive_field(NETWORK, array) == receptive_field(NETWORK, X)
    assert slide(pool, array[:, ::-1]) == slide(pool, X.flip(1))
    assert slide(pool, array.astype(np.int64)) == slide(pool, X.long())
    assert slide(pool, array.astype(np.float64)) == slide(pool, X.double())
    with pytest.raises(SlidingWindowsError, match="cannot take a numpy array of object"):
        slide(pool, array.astype(object))
