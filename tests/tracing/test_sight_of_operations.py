"""What each operation of a block does to what is known of sight, worked by hand."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from knowing import fits, known, told
from torch import nn

from slidingwindows.tracing.sight import sight_after

INF = float("inf")


class Block(nn.Module):
    """What is done to x with layers of two channels."""

    def __init__(self, made):
        super().__init__()
        self.made = made
        self.conv, self.wide = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, (3, 1), padding=(1, 0))
        self.norm, self.plain = nn.GroupNorm(1, 2), nn.GroupNorm(1, 2, affine=False)
        self.same, self.act, self.drop = nn.Identity(), nn.Tanh(), nn.Dropout(0.5)
        self.mean, self.row = nn.AdaptiveAvgPool2d(1), nn.AvgPool2d((3, 1))
        self.blur, self.pad = nn.AvgPool2d(3, 1, 1), nn.ZeroPad2d(1)
        self.p = nn.Parameter(torch.ones(1, 2, 1, 1))

    def forward(self, x):
        return self.made(x, self)


def written(write, *rest):
    """What a convolution makes, after something is written into it."""

    def made(x, m):
        y = m.conv(x)
        for one in (write, *rest):
            one(y, x, m)
        return y

    return made


# What is done to maps of (2, 3, 4), and as above. Without a weight that the other operand has not,
# two may cancel (d); a difference may have no mean (c).
DONE = {
    "relu": (lambda x, m: F.relu(x), {"1 cld": "1 ld", "some": "some"}),
    "relu of its own": (lambda x, m: x.relu(), {"1": "1"}),
    "gelu": (lambda x, m: F.gelu(x), {"1": "1"}),
    "silu": (lambda x, m: F.silu(x), {"1": "1"}),
    "sigmoid": (lambda x, m: torch.sigmoid(x), {"1": "1"}),
    "tanh": (lambda x, m: torch.tanh(x), {"1": "1"}),
    "leaky_relu": (lambda x, m: F.leaky_relu(x), {"1": "1"}),
    "elu": (lambda x, m: F.elu(x), {"1": "1"}),
    "softplus": (lambda x, m: F.softplus(x), {"all": None}),
    "flip": (lambda x, m: x.flip(2), {"1": None, "all": None}),
    "a layer of nothing known": (lambda x, m: m.same(F.softplus(x)), {"1": None}),
    "kept, none dropped": (lambda x, m: F.dropout(x, 0.0), {"1 cld": "1 cld"}),
    "kept, none dropped, by name": (lambda x, m: F.dropout(x, p=0.0, training=True), {"1": "1"}),
    "all dropped": (lambda x, m: F.dropout(x, 1.0), {"1": None}),
    "all dropped, by name": (lambda x, m: F.dropout(x, training=True, p=1.0), {"1": None}),
    "none dropped": (lambda x, m: F.dropout(x, 1.0, False), {"1 c": "1 c"}),
    "none dropped, by name": (lambda x, m: F.dropout(x, p=1.0, training=False), {"1": "1"}),
    "torch's none dropped": (lambda x, m: torch.dropout(x, 0.0, True), {"1": "1"}),
    "torch's all dropped": (lambda x, m: torch.dropout(x, 1.0, True), {"1": None}),
    "torch's all dropped, by name": (
        lambda x, m: torch.dropout(x, p=1.0, train=True),
        {"1": None},
    ),
    "torch's as they were": (lambda x, m: torch.dropout(x, 1.0, False), {"1": "1"}),
    "flat": (lambda x, m: x.flatten(1), {"1 cd": "some cld", "all": "all l", "gap": None}),
    "flat by torch": (lambda x, m: torch.flatten(x, 2), {"1 l": "some", "all c": "all c"}),
    "seen as it is": (lambda x, m: x.view(1, 2, 3, 4), {"1 cl": "1 c"}),
    "seen otherwise": (lambda x, m: x.view(x.shape[0], -1), {"1": "some l"}),
    "in another shape": (lambda x, m: x.reshape(1, 4, 3, 2), {"1": "some"}),
    "squeezed": (lambda x, m: x[:, :1].squeeze(1), {"1": None}),
    "of more numbers": (lambda x, m: x.view(torch.float16), {"1": None, "all": None}),
    "no batch": (lambda x, m: x.flatten(), {"all": None}),
    "a batch of two": (lambda x, m: x.view(2, 12), {"all": None}),
    "mean": (lambda x, m: x.mean((2, 3)), {"1 d": "all ld", "1 c": None, "gap": None}),
    "mean of who knows what": (lambda x, m: x.mean((2, 3)), {"some": None}),
    "mean as a map": (lambda x, m: torch.mean(x, (-1, -2), keepdim=True), {"1": "all l"}),
    "mean by name": (lambda x, m: x.mean(dim=(2, 3)), {"1": "all l"}),
    "mean by another name": (lambda x, m: x.mean(dim=[3, 2]), {"1": "all l"}),
    "mean of rows": (lambda x, m: x.mean(2), {"1": None, "all": None}),
    "mean of nearly all": (lambda x, m: x[:, :, :1].mean(3), {"all": None}),
    "mean of all": (lambda x, m: x.mean(None, keepdim=True), {"all": None}),
    "pooled": (lambda x, m: F.adaptive_avg_pool2d(x, 1), {"1 d": "all ld", "1 c": None}),
    "pooled in part": (lambda x, m: F.adaptive_avg_pool2d(x, (1, 2)), {"1": None, "all": None}),
    "pooled to the largest": (lambda x, m: F.adaptive_max_pool2d(x, 1), {"1": None}),
    "side by side": (lambda x, m: torch.cat([x, m.wide(x)], 1), {"1 l": "1 l", "gap": "gap"}),
    "beside": (lambda x, m: torch.cat([m.wide(x), x], dim=-3), {"1": "1"}),
    "below": (lambda x, m: torch.cat([x, m.wide(x)], 2), {"1": None, "all": None}),
    "behind": (lambda x, m: torch.cat([x, m.wide(x)]), {"all": None}),
    "beside what cancels": (lambda x, m: torch.cat([x, x + m.same(x)], 1), {"1": "1 d"}),
    "flat, of what cancels": (lambda x, m: (x + m.same(x)).flatten(1), {"1": "some ld"}),
    "mean of what cancels": (lambda x, m: (x + m.same(x)).mean((2, 3)), {"1": "all ld"}),
    "more": (lambda x, m: x + 1, {"1 cl": "1 cl"}),
    "less": (lambda x, m: x - 1, {"1 l": "1 cl"}),
    "from one": (lambda x, m: 1 - x, {"1": "1 c"}),
    "twice": (lambda x, m: 2 * x, {"1 cl": "1 cl", "some": None, "all": "all"}),
    "half": (lambda x, m: x / 2, {"1 cl": "1 cl"}),
    "half, in whole": (lambda x, m: x // 2, {"1": None}),
    "nothing": (lambda x, m: x * 0, {"1": None}),
    "nothing, from the left": (lambda x, m: 0.0 * x, {"1": None}),
    "infinite": (lambda x, m: x * -INF, {"1": None}),
    "infinitely little": (lambda x, m: x / INF, {"1": None}),
    "and itself": (lambda x, m: x + x, {"1": None}),
    "less itself": (lambda x, m: x - x, {"all": None}),
    "by itself": (lambda x, m: x * x, {"1": None}),
    "and the same": (lambda x, m: x + m.same(x), {"1 cl": "1 cld"}),
    "less the same": (lambda x, m: x - m.same(x), {"1 l": "1 cld"}),
    "and weighed": (lambda x, m: x + m.conv(x), {"1 cl": "1 cl", "1 d": "1 d", "some": "some"}),
    "weighed first": (lambda x, m: m.conv(x) + x, {"1": "1"}),
    "and wider": (lambda x, m: x + m.wide(x), {"1 l": "3×1"}),
    "wider first": (lambda x, m: m.wide(x) + x, {"1": "3×1"}),
    "and weighed, in place": (written(lambda y, x, m: y.add_(x)), {"1 d": "1 d"}),
    "less what is weighed": (lambda x, m: x - m.conv(x), {"1": "1 c"}),
    "and little": (lambda x, m: torch.add(x, m.conv(x), alpha=2), {"1": "1"}),
    "and as good as not": (lambda x, m: torch.add(x, m.conv(x), alpha=0), {"1": None}),
    "less as good as nothing": (lambda x, m: x.sub(m.conv(x), alpha=0), {"1": None}),
    "and unknown": (lambda x, m: x + F.softplus(x), {"1 cl": "1 d"}),
    "and unknown, curved": (lambda x, m: x + F.relu(F.softplus(x)), {"1": "1 d"}),
    "by unknown": (lambda x, m: x / F.softplus(x), {"all": None}),
    "times unknown": (lambda x, m: x * F.softplus(x), {"all": None}),
    "times something weighed": (lambda x, m: x * m.conv(x), {"1": "1 d"}),
    "by something weighed": (lambda x, m: x / m.conv(x), {"1": "1 d"}),
    "gated": (lambda x, m: x * torch.sigmoid(m.conv(x)), {"1 c": "1"}),
    "gated by a layer": (lambda x, m: m.act(m.conv(x)) * x, {"1": "1"}),
    "by a gate": (lambda x, m: x / torch.sigmoid(m.conv(x)), {"1": "1"}),
    "gated, reshaped before": (
        lambda x, m: x * torch.sigmoid(m.conv(x).view(1, 2, 3, 4)),
        {"1": "1"},
    ),
    "gated, reshaped behind": (
        lambda x, m: x * torch.sigmoid(m.conv(x)).flatten(1).reshape(1, 2, 3, 4),
        {"all": "all"},
    ),
    "gated, its shape asked": (
        lambda x, m: x * torch.sigmoid(m.conv(x).view(x.shape[0], 2, 3, 4)),
        {"1": "1"},
    ),
    "gated by the identity": (lambda x, m: x * m.same(m.conv(x)), {"1": "1 d"}),
    "gated by what drops": (lambda x, m: x * m.drop(m.conv(x)), {"1": "1 d"}),
    "of padding, gated": (lambda x, m: m.pad(x) * torch.sigmoid(m.pad(m.conv(x))), {"1": None}),
    "and blurred": (lambda x, m: x + m.blur(m.conv(x)), {"1": "3 d"}),
    "and normed": (lambda x, m: x + m.norm(x), {"1": "all"}),
    "and normed without weights": (lambda x, m: m.plain(x) + x, {"1": "all d"}),
    "and its mean": (lambda x, m: x + m.mean(x), {"1": "all d", "1 c": "1 d"}),
    "and its columns' means": (lambda x, m: m.row(x) + x, {"1": "1 d"}),
    "unknown and its columns' means": (lambda x, m: F.softplus(x) + m.row(x), {"1": None}),
    "weighed by one layer twice": (lambda x, m: m.conv(x) + m.conv(m.same(x)), {"1": "1 d"}),
    "a layer's and from it": (
        lambda x, m: (lambda y: y + torch.tanh(m.act(y)))(m.conv(x)),
        {"1": "1 d"},
    ),
    "a layer's and from it by another": (
        lambda x, m: (lambda y: torch.tanh(m.wide(y)) + y)(m.conv(x)),
        {"1": "3×1"},
    ),
    "and a parameter": (lambda x, m: x + m.p, {"1 cl": "1"}),
    "a parameter and": (lambda x, m: m.p + x, {"1": "1"}),
    "times a parameter": (lambda x, m: x * m.p, {"1": None}),
    "what cancels, and weighed": (lambda x, m: (x + m.same(x)) + m.conv(x), {"1": "1 d"}),
    "and random": (lambda x, m: x + torch.rand_like(x), {"1": None}),
    "as its sum says": (lambda x, m: x if x.sum() > 0 else m.conv(x), {"1": None}),
    "of old data": (lambda x, m: m.conv(x.data), {"1": None}),
    "zeroed": (written(lambda y, x, m: y.zero_()), {"all": None}),
    "zeroed in secret": (written(lambda y, x, m: y.data.zero_()), {"all": None}),
    "opened": (written(lambda y, x, m: y.relu_()), {"1 c": "1"}),
    "zeroed elsewhere": (written(lambda y, x, m: y.view(1, -1).zero_()), {"all": None}),
    "opened and zeroed": (
        written(lambda y, x, m: y.relu_(), lambda y, x, m: y.view(1, -1).zero_()),
        {"all": None},
    ),
    "the input opened": (lambda x, m: x.sub_(0.5).relu_(), {"1": "1"}),
}


@pytest.mark.parametrize("name", DONE)
def test_what_a_block_does_to_what_is_known(name):
    made, cases = DONE[name]
    torch.manual_seed(0)
    block, x = Block(made).eval(), torch.rand(1, 2, 3, 4)
    before = x.clone()
    with torch.no_grad():
        after = block(x.clone())
    for given, expected in cases.items():
        expected = told(known("gap", (3, 4))) if expected == "gap" else expected
        found = sight_after(block, x, after, known(given, (3, 4)))
        assert told(found) == expected and fits(found, after), given
    assert torch.equal(x, before)


def test_what_blocks_do_to_signals_and_vectors():
    """As many channels as places, or one of everything, so that no axis can be told by its size."""
    for made, shape, given, expected in (
        (lambda x, m: x.mean(2), (4, 4), "1", "all l"),
        (lambda x, m: x.mean(-1, keepdim=True), (4, 4), "1", "all l"),
        (lambda x, m: x.mean(1), (4, 4), "1", None),
        (lambda x, m: x.mean(), (1, 1), "all", None),
        (lambda x, m: x.mean((1, 2, 3), keepdim=True), (1, 3, 4), "1", None),
        (lambda x, m: F.adaptive_avg_pool2d(x, 1), (4, 5), "1", None),
        (lambda x, m: x.squeeze(2), (2, 1, 4), "1", "some"),
        (lambda x, m: x.view(1, -1), (6,), "some", "some l"),
        (lambda x, m: x.flatten(), (1,), "all", None),
        (lambda x, m: torch.cat([x, m.act(x)], -1), (6,), "all", "all l"),
        (lambda x, m: torch.cat([x, m.act(x)], -1), (6, 2), "all", None),
    ):
        x = torch.rand(1, *shape)
        block = Block(made)
        found = sight_after(block, x, block(x), known(given, shape[1:]))
        assert told(found) == expected, (shape, expected, found)


class Tanh(nn.Module):
    """A forward whose argument has an activation's name."""

    def __init__(self):
        super().__init__()
        self.same = nn.Identity()

    def forward(self, tanh):
        return tanh + self.same(tanh)


def test_an_argument_s_name_is_no_operation():
    x = torch.rand(1, 2, 3)
    assert told(sight_after(Tanh(), x, 2 * x, known("1", (3,)))) == "1 d"
