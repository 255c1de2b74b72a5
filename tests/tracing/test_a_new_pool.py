"""A pool that torch has not, GeM, is one class, one tracer and a line in each of two tables.

Generalised mean pooling (Radenović, Tolias and Chum 2018, arXiv 1711.02512): the p-th root of the
mean of p-th powers, of numbers that are raised to a least one first.
"""

from __future__ import annotations

import json

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from slidingwindows import SlidingWindowsError, Step, Trace, route, slide
from slidingwindows.core.arithmetic import power, signed
from slidingwindows.core.reduction import REDUCTIONS, Lp
from slidingwindows.core.text import equals, number
from slidingwindows.export.render import render
from slidingwindows.lesson import show
from slidingwindows.tracing.asking import plane_of
from slidingwindows.tracing.request import spots
from slidingwindows.tracing.slide import TRACERS
from slidingwindows.words.terminal import listing

LEAST = 0.25
X = torch.tensor([[1.0, 2.0, 3.0, -1.0], [0.0, 2.0, 4.0, 5.0]]).reshape(1, 2, 4)


class GeM2d(nn.Module):
    """As one would write it in a network."""

    def __init__(self, kernel_size: int, p: float = 3.0):
        super().__init__()
        self.kernel_size, self.p = kernel_size, p

    def forward(self, x):
        powers = x.clamp(min=LEAST).pow(self.p)
        return F.avg_pool2d(powers, self.kernel_size).pow(1 / self.p)


class Gem(Lp):
    """The root of the mean of powers."""

    kind = "gem"

    def scale(self, step):
        return 1 / len(step.taps)

    def _terms(self, step):
        return [power(max(tap.value, LEAST), self.exponent) for tap in step.taps]

    def words(self, taps, value, divisor=None, unseen=""):
        terms = " + ".join(f"{signed(max(tap.value, LEAST))}^{number(self.norm)}" for tap in taps)
        mean = f"(({terms}) / {len(taps)})"
        return f"{mean}^(1/{number(self.norm)}) {equals(value)} {number(value)}"

    def shares(self, step, arriving):
        taps = [tap._replace(value=max(tap.value, LEAST)) for tap in step.taps]
        raised = Step(step.output, tuple(taps), step.value, "", divisor=step.divisor)
        both = zip(step.taps, super().shares(raised, arriving), strict=True)
        return [share if tap.value >= LEAST else 0.0 for tap, share in both]


def trace_gem(ask):
    module = ask.module
    axes = ask.axes(module.kernel_size, module.kernel_size)
    output = ask.answer()
    pool = Gem(norm=float(module.p), size=module.kernel_size**2)
    planes, result = ask.planes(axes, pool.padding), plane_of(ask.result(output))
    steps = []
    for row, col in spots(axes):
        taps, value = ask.taps(axes, planes, row, col), result[row][col]
        words = pool.words(taps, value)
        steps.append(Step((row, col), taps, value, words, divisor=float(len(taps))))
    return ask.trace(Gem.kind, axes, planes, steps, output, norm=pool.norm)


@pytest.fixture
def gem(monkeypatch):
    monkeypatch.setitem(REDUCTIONS, Gem.kind, Gem)
    monkeypatch.setitem(TRACERS, GeM2d, (2, trace_gem))
    return GeM2d(2)


def test_it_is_traced_checked_and_told(gem):
    trace = slide(gem, X)
    assert trace.kind == "gem" and type(trace.reduction) is Gem
    assert torch.equal(torch.tensor(trace.output), gem(X)[0])
    for step in trace.steps:
        raised = [max(tap.value, LEAST) for tap in step.taps]
        assert step.value == pytest.approx((sum(v**3 for v in raised) / 4) ** (1 / 3))
    words = "((1^3 + 2^3 + 0.25^3 + 2^3) / 4)^(1/3) ≈ 1.62"
    assert trace.steps[0].arithmetic == words
    assert words in "\n".join(listing(trace))
    again = Trace.from_dict(json.loads(json.dumps(trace.to_dict())))
    assert again == trace


def test_a_wrong_number_and_wrong_words_are_refused(gem):
    data = slide(gem, X).to_dict()
    wrong = json.loads(json.dumps(data))
    wrong["output"][0][0] = wrong["steps"][0]["value"] = 1.7
    with pytest.raises(SlidingWindowsError, match="the steps give 1.6"):
        Trace.from_dict(wrong)
    wrong = json.loads(json.dumps(data))
    wrong["steps"][1]["arithmetic"] = "4 = 4"
    with pytest.raises(SlidingWindowsError, match="its numbers say"):
        Trace.from_dict(wrong)


def test_its_gradient_is_torchs(gem):
    gradient = torch.tensor([[2.0, -3.0]])
    transfer = route(gem, X, gradient)
    x = X.clone().requires_grad_()
    gem(x).backward(gradient[None])
    torch.testing.assert_close(torch.tensor(transfer.target), x.grad[0])
    assert transfer.moves[0].arithmetic == "gradient 2 goes to 4 elements, in proportion to x²"


def test_it_is_drawn(gem):
    made = render(show(slide(gem, X), "gem").data)
    assert made.operation == "GeM2d" and made.steps == 2
    assert "root of" not in made.transcript[-2] and "^(1/3) ≈ " in made.transcript[-2]
    assert sorted(file for file in made.files if file.endswith(".gif")) == [
        "gem.dark.gif",
        "gem.light.gif",
    ]


def test_unknown_kinds_are_refused(gem, monkeypatch):
    data = slide(gem, X).to_dict()
    monkeypatch.delitem(REDUCTIONS, Gem.kind)
    with pytest.raises(SlidingWindowsError, match="unknown kind of trace 'gem'"):
        Trace.from_dict(data)
