"""The explorer's engine in a real Chromium: its results and refusals are torch's own."""

import contextlib
import json
import math
import re
import warnings

import pytest
import torch
from random_layers import Maker, malformed
from reference_cases import CASES, module_of, tensor_of
from torch import nn

from slidingwindows import SlidingWindowsError, slide
from slidingwindows.core.text import equals, number
from slidingwindows.tracing.request import call_of
from slidingwindows.words.trace import padding_words, size_words

RUN = """cases => cases.map(([call, rows, kernel, bias, upstream, stepped]) => {
  const SW = SlidingWindows;
  try {
    const parsed = SW.parseCall(call);
    const found = SW.run(parsed, rows, kernel, bias);
    const { untouched, formula } = found.geometry;
    return {
      call: SW.formatCall(parsed), output: found.output, plane: found.plane, formula,
      untouched: [...untouched],
      steps: upstream && stepped ? found.output.flat().map((_, n) => found.step(n)) : null,
      gradient: upstream && SW.gradient(found, upstream),
    };
  } catch (problem) {
    if (!("lesson" in problem)) throw problem;
    return { problem: problem.message, torch: problem.torch };
  }
})"""
# Goes to the page and comes back as one text, for Playwright takes a value at a time, which is most
# of the work. JSON as Python has it: with NaN and infinities.
AS_TEXT = """text => {
  const odd = (key, value) => value?.startsWith?.("\\0") ? Number(value.slice(1)) : value;
  const given = JSON.parse(text.replace(/NaN|-?Infinity/g, '"\\\\u0000$&"'), odd);
  const found = (%s)(given);
  const told = (key, value) => value === undefined ? null
    : typeof value === "number" && !Number.isFinite(value) ? `\\0${value}` : value;
  return JSON.stringify(found, told).replace(/"\\\\u0000(NaN|-?Infinity)"/g, "$1");
}"""
PAIR = re.compile(r"\((\d+), \1\)")  # the page writes it once
# What torch does and the page does not show, and what torch says in words that change.
OURS = (
    "which cannot be shown|must be (at least 1|one whole number)"
    "|the (kernel|output) has no elements"
    "|holds no number|at most (96 rows|4096 weights)"
)


def asks(page, function: str, cases: list) -> list:
    """What the page's function makes of the cases."""
    return json.loads(page.evaluate(AS_TEXT % function, json.dumps(cases)))


@pytest.fixture
def engine(living):
    here = living("explorer/")
    page = here.page
    page.locator(".sw-board .sw-cell").first.wait_for()

    def run(cases):
        return asks(page, RUN, cases)

    run.page = page
    yield run
    assert not here.problems


def prepared(maker, whole: bool = True):
    """(call, module or None, input, torch's answer) for a random layer and a small input."""
    rank = maker.chance.choice((1, 2, 2, 2))
    call = maker.window(rank)
    generator = torch.Generator().manual_seed(maker.chance.randrange(10**6))
    sizes = [1, *(maker.chance.randint(1, 11) for _ in range(rank))]
    x = torch.randint(-9, 10, sizes, generator=generator).float()
    if not whole:
        x = torch.randn(sizes, generator=generator)
    try:
        module = eval(call, {"nn": nn})
        if "Conv" in call:
            weight = torch.randint(-3, 4, module.weight.shape, generator=generator).float()
            module.weight.data = weight
            if module.bias is not None:
                module.bias.data = torch.tensor([float(maker.chance.randint(-3, 3))])
        with torch.no_grad():
            return call, module, x, module(x)
    except Exception as error:
        return call, None, x, error


def asked(call, module, x, upstream=None, stepped=True):
    kernel = bias = None
    if "Conv" in call:
        kernel = getattr(module, "weight", None)
        bias = getattr(module, "bias", None)
        kernel = plane(kernel) if kernel is not None else [[1.0]]
    return [call, plane(x), kernel, None if bias is None else bias.item(), upstream, stepped]


def plane(tensor) -> list[list[float]]:
    """The last two dimensions; a signal is one row."""
    if tensor.dim() == 2 or (tensor.dim() == 3 and tensor.shape[:2] == (1, 1)):
        return tensor.detach().reshape(1, -1).tolist()
    return tensor.detach().reshape(tensor.shape[-2:]).tolist()


def judged(call, module, x, answer, page) -> str:
    """'equal', 'refused' or 'not shown'; fails if the page says other than torch."""
    told = f"{call} on {tuple(x.shape)}: {page}"
    if "problem" in page and not page["torch"]:
        assert re.search(OURS, page["problem"]), told
        return "refused" if isinstance(answer, Exception) else "not shown"
    if isinstance(answer, Exception):
        assert page.get("problem") == str(answer).strip().splitlines()[0], told
        return "refused"
    assert "problem" not in page, told
    close = {"rtol": 0, "atol": 0} if "Max" in call else {"rtol": 2e-5, "atol": 2e-5}
    shown = torch.tensor(page["output"], dtype=torch.float32).reshape(answer.shape)
    torch.testing.assert_close(shown, answer.detach(), equal_nan=True, **close, msg=told)
    once = PAIR.sub(r"\1", call_of(module))
    if page["call"] != once:
        again, meant = (eval(text, {"nn": nn}) for text in (page["call"], once))
        assert call_of(again) == call_of(meant), told
    return "equal"


def test_2400_random_calls_answer_as_torch(engine):
    maker, prepared_ = Maker(5, wrong=0.07), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n in range(2400):
            prepared_.append(prepared(maker, whole=n % 2 == 0))
    found = engine([asked(call, module, x) for call, module, x, _ in prepared_])
    verdicts = [judged(*one, page) for one, page in zip(prepared_, found, strict=True)]
    equal, refused = verdicts.count("equal"), verdicts.count("refused")
    assert equal > 1600 and refused > 300, (equal, refused)


ACCEPTED = """cases => cases.map(([call, rows]) => {
  const SW = SlidingWindows;
  try {
    const parsed = SW.parseCall(call);
    const { in_channels: into = 1, out_channels: out = 1, groups = 1 } = parsed.args;
    if (into !== 1 || out !== 1 || groups !== 1) return { torch: false }; // the page says so
    const size = [parsed.args.kernel_size ?? 1].flat();
    const [high, wide] = [call.includes("1d(") ? 1 : size[0], size.at(-1)];
    const ones = Array.from({ length: high }, () => Array(Math.max(0, wide)).fill(1));
    const bias = parsed.args.bias ? 0 : null;
    return { output: SW.run(parsed, rows, call.includes("nn.Conv") ? ones : null, bias).output };
  } catch (problem) {
    if (!("lesson" in problem)) throw problem;
    return { problem: problem.message, torch: problem.torch };
  }
})"""


def same(shown, wanted) -> bool:
    """Equal up to float32's rounding; nan is nan."""
    if not isinstance(shown, list) or not isinstance(wanted, list):
        return False
    shown, wanted = torch.tensor(shown, dtype=torch.float32), torch.tensor(wanted)
    return shown.shape == wanted.shape and torch.allclose(shown, wanted, 1e-5, equal_nan=True)


OPERATIONS = "MaxPool AvgPool LPPool Conv ConvTranspose AdaptiveMaxPool AdaptiveAvgPool".split()


def test_malformed_arguments_are_shown_only_where_torch_takes_them(engine):
    """Where the page shows numbers, they are torch's; where it cites torch, torch says so."""
    calls = [c for name in OPERATIONS for rank in "12" for c in malformed(f"{name}{rank}d", 1)]
    inputs = [torch.arange(25.0)[: 5 if "1d(" in call else 25] for call in calls]
    inputs = [x.reshape(1, *[5] * (1 if len(x) == 5 else 2)) for x in inputs]
    cases = [[call, plane(x)] for call, x in zip(calls, inputs, strict=True)]
    pages = asks(engine.page, ACCEPTED, cases)
    shown, cited, faults = 0, 0, []
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        for call, x, page in zip(calls, inputs, pages, strict=True):
            if page.get("torch") is False:
                continue  # a sentence of ours, true of what this page takes
            try:
                module = eval(call, {"nn": nn})
                for parameter in module.parameters():
                    parameter.fill_(float(parameter.dim() > 1))
                answer = module(x)
            except Exception as error:
                said = str(error).strip().splitlines()[0]
                faults += [(call, page, said)] * (page.get("problem") != said)
                cited += 1
                continue
            wanted = plane(answer) if torch.is_tensor(answer) else "two tensors"
            faults += [(call, page, wanted)] * (not same(page.get("output"), wanted))
            shown += 1
    assert not faults
    assert shown > 200 and cited > 100, (shown, cited)


def test_steps_and_gradients_are_the_packages(engine):
    maker, cases = Maker(11, wrong=0), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while len(cases) < 350:
            call, module, x, answer = prepared(maker)
            if "LP" in call and module is not None:
                x = x.abs()  # else torch gives 0 · nan even to what no window reads
                answer = module(x)
            if module is None or (answer.numel() and not answer.isfinite().all()):
                continue
            with contextlib.suppress(SlidingWindowsError):  # what slide refuses, the page does
                cases.append((call, module, x, slide(module, x)))
    shapes = [torch.Size(trace.output_shape) for *_, trace in cases]
    upstreams = [(torch.arange(s.numel()) % 5 + 1.0).reshape(s) for s in shapes]
    found = engine(
        [asked(c, m, x, plane(u)) for (c, m, x, _), u in zip(cases, upstreams, strict=True)]
    )
    for (call, module, x, trace), upstream, page in zip(cases, upstreams, found, strict=True):
        told = f"{call} on {x.tolist()}"
        assert page["plane"] == [list(row) for row in trace.planes[0]], told
        assert page["formula"] == [line.removeprefix("size: ") for line in size_words(trace)], told
        stretch = trace.stretch
        unread = [
            f"{r},{c}"
            for r, c in sorted(trace.geometry.untouched())
            if r % stretch[0] == 0 and c % stretch[1] == 0
        ]
        assert sorted(page["untouched"]) == sorted(unread), told
        for mine, step in zip(page["steps"], trace.steps, strict=True):
            assert [(t["row"], t["col"], t["value"]) for t in mine["taps"]] == [
                (t.row, t.col, t.value) for t in step.taps
            ], told
            assert mine["winner"] == step.winner and tuple(mine["ties"]) == step.ties, told
            if len(step.taps) <= 36 and "LP" not in call:
                assert mine["arithmetic"] == step.arithmetic, told
        wanted = x.clone().requires_grad_()
        module(wanted).backward(upstream)
        close = {"rtol": 2e-4, "atol": 2e-4}
        shown = torch.tensor(page["gradient"], dtype=torch.float32).reshape(x.shape)
        torch.testing.assert_close(shown, wanted.grad, equal_nan=True, **close, msg=told)


def torchs(call, x, generator):
    """(module with small whole weights, input, torch's answer, the gradient of its sum)."""
    module = eval(call, {"nn": nn})
    for parameter in module.parameters():
        parameter.data = torch.randint(1, 4, parameter.shape, generator=generator).float()
    wanted = x.clone().requires_grad_()
    answer = module(wanted)
    answer.sum().backward()
    return module, x, answer, wanted.grad


@pytest.mark.parametrize(
    "call",
    [
        *("nn.MaxPool2d(2, 1)", "nn.MaxPool2d(3, 2, padding=1)", "nn.AvgPool2d(2, 1, padding=1)"),
        *("nn.AdaptiveMaxPool2d(3)", "nn.AdaptiveAvgPool2d((2, 3))", "nn.LPPool2d(2, 2)"),
        *("nn.Conv2d(1, 1, 2)", "nn.ConvTranspose2d(1, 1, 2, bias=False)", "nn.MaxPool1d(3, 1)"),
        "nn.MaxPool2d(2, 1, padding=1, dilation=2)",
    ],
)
def test_nan_and_infinities_are_torchs(engine, call):
    """Values of all; of max pools the winner too, which is where the gradient goes."""
    generator, cases = torch.Generator().manual_seed(4), []
    odd = torch.tensor([float("nan"), float("inf"), -float("inf"), 1.0, 2.0, 2.0])
    for n in range(40):
        shape = (1, 5) if "1d(" in call else (1, 4, 5)
        some = odd if n % 2 else odd[2:]
        x = some[torch.randint(0, len(some), shape, generator=generator)]
        cases.append(torchs(call, x, generator))
    found = engine([asked(call, m, x, plane(torch.ones_like(a)), False) for m, x, a, _ in cases])
    for (module, x, answer, gradient), page in zip(cases, found, strict=True):
        assert judged(call, module, x, answer, page) == "equal"
        if "Max" in call:
            assert page["gradient"] == plane(gradient), x


LARGE = ["nn.LPPool2d(2, 2)", "nn.LPPool2d(3, 2)", "nn.LPPool1d(5, 2)", "nn.LPPool2d(2.5, 2)"]
LARGE += ["nn.LPPool2d(-2, 2)", "nn.LPPool2d(0.5, 2)", "nn.LPPool2d(2, 3, 1, ceil_mode=True)"]
LARGE += ["nn.AvgPool2d(2)", "nn.AdaptiveAvgPool2d(2)", "nn.Conv2d(1, 1, 2)", "nn.Conv1d(1, 1, 3)"]


@pytest.mark.parametrize("call", LARGE)
def test_what_float32_cannot_hold_is_torchs(engine, call):
    """Powers, products and sums past 3.4e38 are infinite, and powers too small are zero."""
    generator, cases = torch.Generator().manual_seed(7), []
    lowest = 8 if "LP" in call else 37.5
    for n in range(60):
        shape = (1, 6) if "1d(" in call else (1, 4, 4)
        size = lowest + (38 - lowest) * torch.rand(shape, generator=generator)
        x = 10 ** (size * (-1 if n % 3 == 0 else 1)) * (torch.rand(shape, generator=generator) + 1)
        if n % 3 == 1:  # sums of both signs
            x = x * torch.randint(0, 2, shape, generator=generator).mul(2).sub(1)
        cases.append(torchs(call, x, generator))
    found = engine([asked(call, m, x, plane(torch.ones_like(a)), False) for m, x, a, _ in cases])
    odd = 0
    for (_, x, answer, gradient), page in zip(cases, found, strict=True):
        shown = torch.tensor(page["output"], dtype=torch.float32).reshape(answer.shape)
        torch.testing.assert_close(shown, answer, rtol=1e-5, atol=0, equal_nan=True, msg=str(x))
        odd += int((~answer.isfinite() | (answer == 0)).sum())
        back = torch.tensor(page["gradient"], dtype=torch.float32).reshape(x.shape)
        torch.testing.assert_close(back, gradient, rtol=1e-4, atol=0, equal_nan=True, msg=str(x))
    assert odd > 20


def test_an_lp_window_in_words(engine):
    x = torch.tensor([[[1.0, -2, 3, 0], [4, 5, -6, 2], [7, 8, 9, 1]]])
    calls = ["nn.LPPool2d(2, 2)", "nn.LPPool2d(1, 3, ceil_mode=True)", "nn.LPPool2d(2.5, 2, 1)"]
    calls += ["nn.LPPool2d(3, (2, 3), ceil_mode=True)", "nn.LPPool2d(4, 2)", "nn.LPPool2d(5, 2, 1)"]
    traces = [slide(eval(call, {"nn": nn}), x) for call in calls]
    upstreams = [torch.ones(1, *trace.geometry.output_shape) for trace in traces]
    found = engine([asked(c, None, x, plane(u)) for c, u in zip(calls, upstreams, strict=True)])
    for trace, page in zip(traces, found, strict=True):
        assert [s["arithmetic"] for s in page["steps"]] == [s.arithmetic for s in trace.steps]


def test_an_lp_window_that_overflows_says_so(engine):
    x = torch.tensor([[[1e30, 1, 1e13, 2], [2, 3, 3, -1e13], [1, 2, 0, 4], [2, 2, 5, -6]]])
    calls = ["nn.LPPool2d(2, 2)", "nn.LPPool2d(3, 2)"]
    traces = [slide(eval(call, {"nn": nn}), x) for call in calls]
    ones = plane(torch.ones(1, 2, 2))
    found = engine([asked(call, None, x, ones) for call in calls])
    for trace, page in zip(traces, found, strict=True):
        said = [step["arithmetic"] for step in page["steps"]]
        assert said == [step.arithmetic for step in trace.steps]
        assert said[0].endswith("= ∞ (torch's powers overflow)")
        assert not any("overflow" in text for text in said[2:])
    assert said[1].endswith("= nan (torch's powers overflow)")


def test_a_sum_that_overflows_says_so_as_in_the_figures(engine):
    x = torch.tensor([[[3e38, 3e38, 1], [3e38, -3e38, math.inf], [2, 3, 4]]])
    large = torch.full((1, 7, 7), 3e38)
    convolution, wide = nn.Conv2d(1, 1, 2, bias=False), nn.Conv2d(1, 1, 7)
    for module in (convolution, wide):
        nn.init.constant_(module.weight, 10)
    cases = [
        ("nn.AvgPool2d(2, 1)", nn.AvgPool2d(2, 1), x),
        ("nn.AvgPool2d(7)", nn.AvgPool2d(7), large),
    ]
    cases += [
        ("nn.Conv2d(1, 1, 2, bias=False)", convolution, x),
        ("nn.Conv2d(1, 1, 7)", wide, large),
    ]
    traces = [slide(module, data) for _, module, data in cases]
    ones = [plane(torch.ones(1, *trace.geometry.output_shape)) for trace in traces]
    found = engine([asked(*case, one) for case, one in zip(cases, ones, strict=True)])
    for trace, page in zip(traces, found, strict=True):
        said = [step["arithmetic"] for step in page["steps"]]
        brief = len(trace.steps[0].taps) == 49
        words = [trace.reduction.brief(s) if brief else s.arithmetic for s in trace.steps]
        assert said == words and "overflows)" in said[0]
        assert brief or "overflow" not in said[1]


def test_powers_past_what_the_dtype_holds_in_words(engine):
    """The reason for a 0 or an infinity, written out and in brief."""
    cases = [
        (
            f"nn.LPPool2d({norm}, {size})",
            nn.LPPool2d(norm, size),
            torch.full((1, size, size), value),
        )
        for norm, size, value in [
            (2, 2, 1e-30),
            (2, 7, 1e-30),
            (2, 2, 3e38),
            (3, 7, 3e38),
            (2, 7, 1.0),
        ]
    ]
    traces = [slide(module, x) for _, module, x in cases]
    ones = [plane(torch.ones(1, *trace.geometry.output_shape)) for trace in traces]
    for trace, page in zip(
        traces, engine([asked(*c, one) for c, one in zip(cases, ones, strict=True)]), strict=True
    ):
        step = trace.steps[0]
        words = trace.reduction.brief(step) if len(step.taps) == 49 else step.arithmetic
        assert page["steps"][0]["arithmetic"] == words
    assert "underflow" in traces[0].steps[0].arithmetic
    assert "overflow" in traces[2].steps[0].arithmetic


def test_signs_and_windows_without_input_in_words(engine):
    """What is printed gives what is printed, or ≈; a window of padding alone says that it is."""
    x = torch.tensor([[[0.1234, 0.1234, 0.25], [0.1234, 0.1298, 1e30], [2.0, -0.5, 1e-30]]])
    calls = ["nn.AvgPool2d(2, 1)", "nn.AvgPool2d(2, 1, divisor_override=3)", "nn.AvgPool2d(3, 1)"]
    calls += ["nn.Conv2d(1, 1, 2, padding=2)", "nn.ConvTranspose2d(1, 1, 1, stride=2, bias=False)"]
    calls += ["nn.MaxPool2d(2, 1, padding=1, dilation=4)", "nn.LPPool2d(1, 2)"]
    calls += ["nn.Conv2d(1, 1, 3, padding=2, padding_mode='circular', bias=False)"]
    modules = [eval(call, {"nn": nn}) for call in calls]
    for module in modules:
        for parameter in module.parameters():
            parameter.data = torch.arange(1.0, 1 + parameter.numel()).view(parameter.shape) / 8
    traces = [slide(module, x) for module in modules]
    ones = [torch.ones(1, *trace.geometry.output_shape) for trace in traces]
    found = engine(
        [asked(*one) for one in zip(calls, modules, [x] * 8, map(plane, ones), strict=True)]
    )
    said = []
    for trace, page in zip(traces, found, strict=True):
        said += [step["arithmetic"] for step in page["steps"]]
        assert said[-len(trace.steps) :] == [step.arithmetic for step in trace.steps]
    text = "\n".join(said)
    for words in (" = ", "≈ 0.125", "1.00e30", "padding alone)", "added zeros alone)"):
        assert words in text, words


def test_the_reference_cases(engine):
    cases = []
    for case in CASES:
        x = tensor_of(case["input"], case["dtype"])
        plain = x.is_floating_point() and x.double().isfinite().all() and x.numel()
        if case["nd"] > 2 or not plain or case.get("return_indices"):
            continue  # the page has no third dimension, no integers and no infinite input
        module = module_of(case).float()
        if "Conv" in repr(module) and module.weight.shape[:2] != (1, 1):
            continue
        x = x.float().reshape(-1, *x.shape[-case["nd"] :])[:1]
        try:
            cases.append((call_of(module), module, x, module(x)))
        except RuntimeError as error:
            cases.append((call_of(module), module, x, error))
    found = engine([asked(call, module, x) for call, module, x, _ in cases])
    verdicts = [judged(*one, page) for one, page in zip(cases, found, strict=True)]
    assert verdicts.count("not shown") == 1  # an output of no elements
    assert (verdicts.count("equal"), verdicts.count("refused")) == (20, 11)


def test_numbers_are_written_as_the_package_writes_them(engine):
    generator = torch.Generator().manual_seed(3)
    values = torch.randn(1500, generator=generator) * 10 ** torch.randint(-6, 8, (1500,))
    values = [*values.tolist(), *(n / 16 for n in range(-200, 200)), 1125000.0, 1e6, 999999.5]
    values += [float("inf"), float("-inf"), float("nan"), 0.0, -0.0, 0.0005, 0.0004999]
    shown = engine.page.evaluate("values => values.map(SlidingWindows.number)", values)
    assert shown == [number(value) for value in values]
    ask = """values => values.map(value => SlidingWindows.arithmetic(
        {kind: "max", call: {args: {}}, axes: []}, {taps: [], value}).split(" ")[1])"""
    assert engine.page.evaluate(ask, values) == [equals(value) for value in values]


def test_random_inputs_are_torchs(engine):
    for seed in (0, 1, 7, 2**32 - 1):
        torch.manual_seed(seed)
        wanted = torch.randint(0, 10, (700,)).tolist()
        ask = "seed => SlidingWindows.explorer.randint(seed, 0, 9, 700)"
        assert engine.page.evaluate(ask, seed) == wanted


def test_what_fills_the_padding_is_said_as_in_the_figures(engine):
    page, x = engine.page, torch.arange(36.0).reshape(1, 6, 6)
    for call in (
        "nn.MaxPool2d(3, padding=1)",
        "nn.AvgPool2d(3, padding=1)",
        "nn.AvgPool2d(3, padding=1, count_include_pad=False)",
        "nn.Conv2d(1, 1, 3, padding=1, padding_mode='reflect')",
        "nn.ConvTranspose2d(1, 1, 3, stride=2)",
        "nn.ConvTranspose2d(1, 1, 3, stride=(2, 3), padding=1)",
        "nn.ConvTranspose2d(1, 1, 3)",
    ):
        page.locator("#sw-line").fill(call)
        words = padding_words(slide(eval(call, {"nn": nn}), x))
        assert page.locator(".sw-legend > span").first.inner_text().strip() == words
