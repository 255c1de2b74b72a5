"""'all' is withdrawn where torch's own gradient refutes it, whatever hid it from the rules."""

import copy
import random
from collections import Counter

import pytest
import torch
from jacobians import gradients
from sweeps import SWEEPS
from torch import nn
from torch.nn.utils import parametrize, prune

from slidingwindows import funnel
from slidingwindows.tracing import confirming
from slidingwindows.tracing.confirming import refuted

IMAGE, MAP = (1, 8, 8), (1, 4, 4)


def conv(channels=4):
    return nn.Conv2d(1, channels, 1)


def cut(last, squash):
    """A vector of four numbers with one common mean, cut into a signal."""
    return [nn.Flatten(), nn.Linear(64, 4), squash, nn.Unflatten(1, (1, 4)), last]


def equals(*rest):
    """Four equal numbers, and what is made of them."""
    return [nn.AdaptiveAvgPool2d(1), nn.Upsample(scale_factor=2), *rest]


# One common mean, or equal numbers, hidden by layers that only rearrange; nothing is left to see.
REARRANGED = {
    "shuffled up": [conv(), nn.GroupNorm(1, 4), nn.PixelShuffle(2), nn.AdaptiveAvgPool2d(1)],
    "softmax": cut(nn.AvgPool1d(4), nn.Softmax(1)),
    "layer norm": cut(nn.AvgPool1d(4), nn.LayerNorm(4)),
    "softmax, added up": cut(nn.LPPool1d(1, 4), nn.Softmax(1)),
    "flat and square again": [
        *(conv(), nn.GroupNorm(1, 4), nn.Flatten(), nn.Unflatten(1, (1, 16, 16))),
        nn.AdaptiveAvgPool2d(1),
    ],
    "channels as depth": [
        *(conv(2), nn.GroupNorm(1, 2), nn.Unflatten(1, (1, 2)), nn.AvgPool3d((2, 8, 8)))
    ],
    "softmax of channels, shuffled": [
        *(nn.GroupNorm(1, 1), conv(), nn.Softmax2d(), nn.PixelShuffle(2), nn.AvgPool2d(2))
    ],
    "a sum": [nn.InstanceNorm2d(1), nn.LPPool2d(1, 8)],
    "a sum of squares": [nn.InstanceNorm2d(1, eps=0), nn.LPPool2d(2, 8)],
    "equal numbers, normed": equals(nn.Flatten(), nn.LayerNorm(4)),
    "equal numbers, softmax": equals(nn.Flatten(), nn.Softmax(1)),
    "equal numbers, of one signal": equals(nn.Flatten(2), nn.InstanceNorm1d(1)),
    "equal numbers as channels": equals(nn.PixelUnshuffle(2), nn.GroupNorm(1, 4)),
}
SHUT = {
    "threshold": nn.Threshold(1e9, 3),
    "hardshrink": nn.Hardshrink(1e9),
    "hardtanh": nn.Hardtanh(0, 1e-9),
    "hardtanh elsewhere": nn.Hardtanh(1e9, 2e9),
    "softshrink": nn.Softshrink(1e9),
    "dropped in training": nn.Dropout(1.0),
}
# Straight ones let a common mean pass, although activations in general do not.
STRAIGHT = {
    "threshold": nn.Threshold(-1e9, 0),
    "leaky": nn.LeakyReLU(1.0),
    "hardtanh": nn.Hardtanh(-1e9, 1e9),
    "hardshrink": nn.Hardshrink(0),
    "a pool of one": nn.MaxPool2d(1),
}


class Block(nn.Module):
    """A convolution, and what is done to its output."""

    def __init__(self, made):
        super().__init__()
        self.c, self.made = nn.Conv2d(1, 4, 1), made

    def forward(self, x):
        return self.made(self.c, x)


def written(write):
    """A block that writes into its convolution's output."""

    def made(c, x):
        y = c(x)
        write(y)
        return y

    return made


def ungraded(c, x):
    with torch.no_grad():
        return c(x)


WRITTEN = {
    "zeroed in part": written(lambda y: y[..., :4].zero_()),
    "times nothing": written(lambda y: y.mul_(0)),
    "clamped": written(lambda y: y.clamp_(5, 5)),
    "detached": written(lambda y: y.detach_()),
    "masked": written(lambda y: y.masked_fill_(torch.ones_like(y, dtype=torch.bool), 1.0)),
    "zeroed through a view": written(lambda y: y.view(1, 4, -1)[..., :9].zero_()),
    "zeroed through data": written(lambda y: y.data.zero_()),
    "without gradient": ungraded,
    "replaced by its detached self": lambda c, x: c(x).detach(),
}
WAYS = {
    "norm": lambda: [nn.GroupNorm(1, 4)],
    "linear": lambda: [nn.Flatten(), nn.Linear(256, 2)],
}


def said(layers, shape=IMAGE):
    return [s.sees() for s in funnel(nn.Sequential(*layers).eval(), torch.rand(shape)).stages[1:]]


@pytest.mark.parametrize("name", REARRANGED)
def test_rearranging_hides_no_common_mean_and_no_equal_numbers(name):
    assert said(REARRANGED[name])[-1] == "–"


@pytest.mark.parametrize("name", SHUT)
def test_an_activation_that_is_always_shut_sees_nothing(name):
    layers = [nn.Flatten(), nn.Linear(64, 4), copy.deepcopy(SHUT[name])]
    network = nn.Sequential(*layers)
    assert [s.sees() for s in funnel(network, torch.rand(IMAGE)).stages[1:]][1:] == ["all", "–"]
    # A receptive field is said of none, either.
    network = nn.Sequential(nn.Conv2d(1, 2, 3), layers[2], nn.Conv2d(2, 2, 3))
    found = [s.sees() for s in funnel(network, torch.rand(IMAGE)).stages[1:]]
    assert found == ["3", "–", "–"]


@pytest.mark.parametrize("name", STRAIGHT)
def test_an_activation_that_changes_nothing_lets_a_common_mean_pass(name):
    norm = [nn.Conv2d(1, 2, 3), nn.InstanceNorm2d(2)]
    assert said([*norm, STRAIGHT[name], nn.AdaptiveAvgPool2d(1)])[-1] == "–"
    for other in (nn.ReLU(), nn.Hardtanh(), nn.Softshrink(), nn.LeakyReLU(), nn.Hardshrink()):
        assert said([*norm, other, nn.AdaptiveAvgPool2d(1)])[-1] == "all"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_block_writes_into_a_tensor_counts(name, way):
    assert said([Block(WRITTEN[name]), *WAYS[way]()])[-1] == "–"


def test_less_its_own_mean_in_place():
    block = Block(written(lambda y: y.sub_(y.mean((2, 3), keepdim=True))))
    assert said([block, nn.AdaptiveAvgPool2d(1)])[-1] == "–"


@pytest.mark.parametrize(
    "made",
    [
        lambda c, x: torch.relu(c(x).add_(x)),
        written(lambda y: y.relu_()),
        lambda c, x: nn.functional.relu(c(x), inplace=True),
    ],
    ids=["added", "relu", "relu by option"],
)
def test_a_block_that_writes_and_loses_nothing_sees_all(made):
    assert said([nn.GroupNorm(1, 1), Block(made)]) == ["all", "all"]


def test_what_was_written_into_by_another_name_is_not_followed():
    """Gradients pass; but half of the numbers are others than the rules would think."""

    def made(c, x):
        y = c(x)
        y.view(1, 4, -1).mul_(x.view(1, 1, -1))
        return y

    assert said([nn.GroupNorm(1, 1), Block(made)])[-1] == "–"


def test_a_forward_that_was_replaced_is_not_the_class_s():
    for layer in (nn.Linear(64, 4), nn.LayerNorm(64)):
        layer.forward = lambda x: x[:, :3]
        assert said([nn.Flatten(), layer]) == ["–", "–"]
    layer = nn.Conv2d(1, 2, 3)
    layer.forward = lambda x: x[:, :, 1:-1, 1:-1]
    assert said([layer]) == ["–"]
    norm = nn.BatchNorm2d(1).eval()
    norm.forward = lambda x: x.flip(-1)
    assert said([norm, nn.Conv2d(1, 1, 3)]) == ["–", "–"]
    layer = nn.Linear(64, 4)
    layer.forward = lambda x: nn.functional.linear(x, layer.weight).detach()
    assert said([nn.Flatten(), layer])[-1] == "–"


class Tril(nn.Module):
    """A weight without the numbers above its diagonal."""

    def forward(self, weight):
        return weight.tril()


def pruned(layer, amount=0.02):
    return prune.random_unstructured(layer, "weight", amount=amount)


def test_weights_with_fixed_zeros_are_not_said_to_see_all():
    dense = nn.Linear(64, 8)
    parametrize.register_parametrization(dense, "weight", Tril())
    assert said([nn.Flatten(), dense])[-1] == "–"
    assert said([nn.Flatten(), pruned(nn.Linear(64, 4))])[-1] == "–"
    assert said([pruned(nn.Conv2d(1, 4, 3), 0.5), nn.Flatten(), nn.Linear(144, 4)])[-1] == "–"
    inside = Block(lambda c, x: c(x))
    pruned(inside.c, 0.5)
    assert said([nn.GroupNorm(1, 1), inside]) == ["all", "–"]
    # What merely scales a weight, or made it zero for a start, decides nothing.
    for made in (
        nn.utils.parametrizations.weight_norm(nn.Linear(64, 4)),
        nn.utils.parametrizations.spectral_norm(nn.Linear(64, 4)),
    ):
        assert said([nn.Flatten(), made])[-1] == "all"


def test_networks_of_plain_layers_are_not_asked_and_others_are(monkeypatch):
    drawn = []
    rand_like = torch.rand_like
    monkeypatch.setattr(torch, "rand_like", lambda *a, **k: drawn.append(1) or rand_like(*a, **k))
    plain = [nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 2)]
    assert said(plain)[-1] == "all" and not drawn
    assert said([nn.GroupNorm(1, 1), *plain])[-1] == "all" and drawn


def test_refusing_to_be_asked_is_no_answer():
    """A forward for float32 alone, which draws could not go through."""
    image = torch.rand(1, *IMAGE)
    network = nn.Sequential(Block(lambda c, x: c(x.float())), nn.Flatten(), nn.Linear(256, 2))
    assert refuted(network, list(network), image, {2}, set()) == ({2}, set())


def test_asking_leaves_everything_as_it_was():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2), nn.Flatten(), nn.Linear(72, 2))
    before, state = copy.deepcopy(network.state_dict()), torch.random.get_rng_state()
    image = torch.rand(1, *IMAGE)
    state, kept = torch.random.get_rng_state(), image.clone()
    assert refuted(network, list(network), image, {1, 3}, {0}) == (set(), set())
    assert torch.equal(torch.random.get_rng_state(), state) and torch.equal(image, kept)
    for name, tensor in network.state_dict().items():
        assert tensor.dtype == torch.float32 and torch.equal(tensor, before[name])
    assert all(p.requires_grad and p.grad is None for p in network.parameters())


def test_all_is_said_within_inference_mode_and_without_gradients_too():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2), nn.ReLU())
    image = torch.rand(IMAGE)
    expected = funnel(network, image)
    assert expected.stages[-1].sees() == "all"
    with torch.inference_mode():
        assert funnel(network, image) == expected == funnel(network, image.clone())
    with torch.no_grad():
        assert funnel(network, image) == expected


def random_layer(rng, shape):
    """A random layer that makes equal numbers or a common mean, moves them about or looks."""
    channels, sizes = shape[0], shape[1:]
    found = [
        nn.Flatten(),
        nn.ReLU(),
        nn.Tanh(),
        nn.Softmax(1),
        nn.GroupNorm(1, channels, affine=False),
    ]
    found += [nn.LeakyReLU(1.0), nn.Hardtanh(-1e9, 1e9)]
    if len(sizes) == 2:
        found += [nn.Conv2d(channels, 4, rng.choice((1, 2))), nn.InstanceNorm2d(channels)]
        found += [nn.AdaptiveAvgPool2d(rng.choice((1, 2))), nn.AvgPool2d(2), nn.LPPool2d(1, 2)]
        found += [nn.Upsample(scale_factor=2), nn.PixelUnshuffle(2), nn.Softmax2d()]
        found += [
            nn.Softmax(-1),
            nn.LayerNorm(sizes[-1], elementwise_affine=False),
            nn.Flatten(2),
            nn.PixelShuffle(2),
        ]
    if len(sizes) == 1:
        found += [nn.AvgPool1d(2), nn.AdaptiveAvgPool1d(1), nn.InstanceNorm1d(channels)]
        found += [nn.Conv1d(channels, 2, 1), nn.LayerNorm(sizes[-1], elementwise_affine=False)]
    if not sizes:
        found += [nn.Linear(channels, 4), nn.LayerNorm(channels, elementwise_affine=False)]
        found += [nn.Unflatten(1, (channels // 4, 4)), nn.Unflatten(1, (channels // 4, 2, 2))]
    return rng.choice(found).eval()


class LessItsMean(nn.Module):
    """What a convolution makes, less the mean of its input."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 1, 1), nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        return self.a(x) - self.b(x)


class LessItself(nn.Module):
    """A layer's output less its input, which forgets what is added everywhere."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x) - x


@pytest.mark.parametrize("seed", range(3))
def test_a_mean_that_a_max_pool_less_its_input_forgets_is_not_seen(seed):
    torch.manual_seed(seed)
    pool = nn.MaxPool2d(3, 1, 1)
    reflected = nn.Sequential(nn.ReflectionPad2d(1), nn.MaxPool2d(3, 1))
    for means in (1, 2):
        for layer in (pool, reflected):
            layers = [*(LessItsMean() for _ in range(means)), LessItself(layer)]
            assert said(layers) == ["all"] * means + ["–"]


def closed(*before):
    """A convolution of positive numbers with which a ReLU never opens."""
    one = nn.Conv2d(1, 1, 1)
    nn.init.constant_(one.weight, -1.0)
    nn.init.constant_(one.bias, -1.0)
    return [*before, one, nn.ReLU()]


@pytest.mark.parametrize("positive", [nn.Sigmoid(), nn.Softmax(-1), nn.ReLU()])
def test_behind_a_relu_that_never_opens_nothing_is_said_to_see_all(positive):
    assert said([*closed(positive), nn.LayerNorm((8, 8))])[-1] == "–"
    assert said([*closed(positive), nn.Flatten(), nn.Linear(64, 2)])[-1] == "–"
    # One that opens now and then hides nothing: without the bound below, it does.
    assert said([*closed(), nn.LayerNorm((8, 8))])[-1] == "all"
    assert said([*closed(), nn.Flatten(), nn.Linear(64, 2)])[-1] == "all"


seen = Counter()


@pytest.mark.parametrize("seed", range(50 * SWEEPS))
def test_all_is_all_whatever_moves_the_numbers_about(seed):
    rng, shape, layers = random.Random(seed), MAP, []
    torch.manual_seed(seed)
    for _ in range(rng.randint(3, 7)):
        layer = random_layer(rng, shape)
        try:
            after = tuple(layer(torch.rand(1, *shape)).shape[1:])
        except (RuntimeError, ValueError):
            continue
        if torch.Size(after).numel() in range(1, 200):
            layers.append(layer)
            shape = after
    stages = funnel(nn.Sequential(*layers), torch.rand(MAP)).stages[1:]
    for layer, stage, reached in zip(layers, stages, gradients(layers, MAP, seed), strict=True):
        if stage.sees() == "all":
            assert reached.all(), (seed, layer)
        seen[stage.everything, bool(reached.all())] += 1


def test_the_sweep_saw_both():
    if sum(seen.values()) > 75:
        assert seen[True, True] > 15 and seen[False, False] > 50, seen


def test_what_has_no_gradient_reaches_nothing():
    image = torch.rand(1, 1, 4, 4, requires_grad=True)
    assert confirming._reaches_all(image * 2, image)
    assert confirming._reaches_all((image * 2).detach(), image) is False


class Leftover(nn.Module):
    """The right half of an image is added and taken away again, to within rounding."""

    def forward(self, x):
        left = torch.cat([x[..., :4], torch.zeros_like(x[..., 4:])], -1)
        return left + (0.1 * x + 0.2 * x - 0.3 * x)


def test_what_only_rounding_passes_on_is_not_seen():
    network = nn.Sequential(Leftover(), nn.AdaptiveAvgPool2d(1))
    image = torch.rand(1, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    network(image).sum().backward()
    assert 0 < image.grad[..., 4:].abs().max() < 1e-15 < image.grad[..., :4].abs().min()
    reached = confirming._reached(network, list(network), image.detach(), 1, True)
    assert reached.tolist() == [[True] * 4 + [False] * 4] * 8
    assert refuted(network, list(network), torch.rand(1, 1, 8, 8), {0, 1}, set()) == ({0, 1}, set())


def test_a_search_that_finds_nothing_new_comes_to_an_end(monkeypatch):
    """Shut activations are tried out with each spread of inputs twice, and then no more."""
    draws, gradient = [], confirming._gradient
    monkeypatch.setattr(
        confirming, "_gradient", lambda *given: draws.append(given[-1]) or gradient(*given)
    )
    network = nn.Sequential(conv(), nn.Threshold(1e9, 3), nn.AdaptiveAvgPool2d(1))
    layers, batch = list(network), torch.rand(1, 1, 8, 8)
    assert confirming.shut(network, layers, batch, {1, 2}) == {1, 2}
    assert max(draws) + 1 == 2 * len(confirming.OWN_DRAWS) < confirming.MOST_DRAWS
