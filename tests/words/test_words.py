"""Numbers, calculations and calls as text: read back, they mean what was written."""

from __future__ import annotations

import ast
import math
import operator
import re
from fractions import Fraction

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from sweeps import draws
from torch import nn

from slidingwindows import SlidingWindowsError, Step, Tap, Trace, Transfer, route, slide
from slidingwindows.core import arithmetic
from slidingwindows.core.reduction import REDUCTIONS, Average, Convolution
from slidingwindows.core.text import MINUS, equals, number
from slidingwindows.tracing.request import call_of

sweep = draws(200)
WRITTEN = {"−": "-", "·": "*", "∞": "inf"}
OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}
FLOATS = st.one_of(
    st.floats(-50, 50, width=32),
    st.floats(width=32),
    st.integers(-9, 9).map(float),
    st.sampled_from([0.0005, 0.00049, 0.9996, 999999.9, 1e6, -0.0, 1e-30, math.inf, math.nan]),
)
SMALL = st.one_of(st.floats(-50, 50), st.integers(-9, 9).map(float))


def value_of(text: str) -> float:
    """A calculation in this project's notation, by a few kinds of syntax node and no more."""
    for sign, meaning in WRITTEN.items():
        text = text.replace(sign, meaning)
    return _value(ast.parse(text, mode="eval").body)


RAISED = {ord(raised): plain for raised, plain in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True)}


ROOTS = {"√": 1 / 2, "∛": 1 / 3}


def value_of_powers(text: str) -> float:
    """The same where numbers are raised, 3² and 2^0.5, or roots taken, √ and ∛ of a bracket."""
    if text[0] in "√∛":
        return value_of_powers(text[1:]) ** ROOTS[text[0]]
    powers = re.sub(r"([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", lambda m: f"**({m[1].translate(RAISED)})", text)
    return value_of(powers.replace("^−", "**-").replace("^", "**"))


def _value(node) -> float:
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.Name(id="inf" | "nan" as name):
            return float(name)
        case ast.UnaryOp(op=op, operand=operand):
            return OPERATORS[type(op)](_value(operand))
        case ast.BinOp(op=ast.Div(), left=left, right=right):
            return _quotient(_value(left), _value(right))
        case ast.BinOp(op=op, left=left, right=right):
            return OPERATORS[type(op)](_value(left), _value(right))
        case ast.Call(func=ast.Name(id="max"), args=args):
            values = [_value(a) for a in args]
            return math.nan if any(map(math.isnan, values)) else max(values)
    raise ValueError(ast.dump(node))


def _quotient(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a)


def error_of(value: float) -> float:
    """How far from a value its text may be: three places after the point, or three digits."""
    return 0.0005 if 0.0005 <= abs(value) < 1e6 else 0.005 * abs(value)


def reads_as(text: str, value: float, error: float) -> bool:
    read = value_of(text)
    if math.isfinite(value):
        return abs(read - value) <= error * (1 + 1e-6) + 1e-9 * abs(value)
    return read == value or (math.isnan(read) and math.isnan(value))


@given(FLOATS)
@sweep
def test_a_number_reads_back(value):
    text = number(value)
    assert reads_as(text, value, error_of(value)), text
    assert "-" not in text and "+" not in text, "a real minus sign, no sign for plus"
    assert len(text) <= 11 and not text.endswith("."), text
    assert (text == "0") == (value == 0)


@given(FLOATS)
@sweep
def test_equals_only_where_the_text_is_the_value(value):
    if not math.isfinite(value):
        assert equals(value) == "="
        return
    exact = math.isclose(value_of(number(value)), value, rel_tol=2e-7)
    assert equals(value) == ("=" if exact else "≈")


@pytest.mark.parametrize(
    ("value", "text", "sign"),
    [
        (3.0, "3", "="),
        (-0.52834, "−0.528", "≈"),
        (2.5, "2.5", "="),
        (-math.inf, "−∞", "="),
        (math.nan, "nan", "="),
        (-0.0, "0", "="),
        (1 / 3, "0.333", "≈"),
        (1234567.0, "1.23e6", "≈"),
        (-2e-5, "−2.00e−5", "="),
        (1.2345e-13, "1.23e−13", "≈"),
        (2**62, "4.61e18", "≈"),
        (100.0, "100", "="),
    ],
)
def test_known_numbers(value, text, sign):
    assert (number(value), equals(value)) == (text, sign)


def halves(text: str) -> tuple[str, str, str]:
    """Left side, sign, right side."""
    sign = "=" if " = " in text else "≈"
    left, right = text.split(f" {sign} ")
    return left, sign, right


def exactly(text: str) -> Fraction:
    """What printed terms give, with no rounding at all."""
    code = text.replace(MINUS, "-").replace("·", "*")
    return eval(re.sub(r"\d+(\.\d+)?(e-?\d+)?", r'Fraction("\g<0>")', code), {"Fraction": Fraction})


def true_sign(left: Fraction, right: str, result: float) -> str:
    """'=' if the terms give what is printed, and that is the result."""
    return equals(result) if left == exactly(right) else "≈"


@given(st.lists(FLOATS, min_size=1, max_size=9))
@sweep
def test_maximum(values):
    result = math.nan if any(map(math.isnan, values)) else max(values)
    left, sign, right = halves(arithmetic.maximum(values, result))
    assert (right, sign) == (number(result), equals(result))
    # Rounding keeps the order, so the largest text is the text of the largest.
    assert reads_as(left, value_of(right), 0)
    assert left.count(",") == len(values) - 1


@given(
    st.lists(SMALL, min_size=1, max_size=9),
    st.sampled_from([1, 2, 4, 9, 7, -3]),
    st.booleans(),
)
@sweep
def test_average(values, divisor, integral):
    if integral:
        values = [float(int(v)) for v in values]
    result = sum(values) / divisor
    result = float(math.trunc(result)) if integral else result
    text = arithmetic.average(values, divisor, result, integral)
    assert text.endswith(" (integers: the fraction is cut off)") == integral
    left, sign, right = halves(text.removesuffix(" (integers: the fraction is cut off)"))
    shown = exactly(left)
    shown = Fraction(math.trunc(shown)) if integral else shown
    assert (right, sign) == (number(result), true_sign(shown, right, result))
    error = sum(map(error_of, values)) / abs(divisor)
    read = value_of(left)
    assert abs((math.trunc(read) if integral else read) - result) <= error + 1e-9
    assert left.count(" + ") == len(values) - 1


@given(st.lists(st.tuples(SMALL, SMALL), min_size=1, max_size=9), st.none() | SMALL)
@sweep
def test_convolution(pairs, bias):
    values, weights = zip(*pairs, strict=True)
    result = sum(v * w for v, w in pairs) + (bias or 0.0)
    text = arithmetic.convolution(values, weights, bias, result)
    assert ("bias" in text) == (bias is not None)
    left, sign, right = halves(text.replace("bias ", ""))
    assert (right, sign) == (number(result), true_sign(exactly(left), right, result))
    error = error_of(bias or 0.0) + sum(
        abs(v) * error_of(w) + abs(w) * error_of(v) + error_of(v) * error_of(w) for v, w in pairs
    )
    assert reads_as(left, result, error + 1e-9)
    assert text.count("·") == len(pairs)


@given(
    st.lists(st.floats(0.125, 50, width=16), min_size=1, max_size=6),
    st.sampled_from([1, 2, 3, 0.5, 2.5, -1, -2, 1.0, 2.0]),
    st.integers(0, 3),
)
@sweep
def test_lp(values, norm, cut):
    values = [round(v, 2) for v in values]
    size = len(values) + cut
    result = (sum(v**norm for v in values) * size / len(values)) ** (1 / norm)
    text = arithmetic.lp(values, norm, float(len(values)), size, result)
    left, sign, right = halves(text)
    printed = math.isclose(value_of_powers(left), value_of(right), rel_tol=1e-12)
    assert (right, sign) == (number(result), equals(result) if printed else "≈")
    assert math.isclose(value_of_powers(left), result, rel_tol=1e-9)
    assert left.count(" + ") == len(values) - 1
    assert (f"{size}/{len(values)}" in left) == bool(cut)


@pytest.mark.parametrize(
    ("values", "divisor", "words"),
    [
        # The case: the printed terms give 0.12475.
        ([0.1234, 0.1231, 0.1229, 0.1306], 4, "(0.123 + 0.123 + 0.123 + 0.131) / 4 = 0.125"),
        ([0.1234, 0.1234, 0.1234, 0.1298], 4, "(0.123 + 0.123 + 0.123 + 0.13) / 4 ≈ 0.125"),
        ([1, 2, 4], 3, "(1 + 2 + 4) / 3 ≈ 2.333"),
        ([0.1, 0.2], 1, "(0.1 + 0.2) / 1 = 0.3"),
        ([1e30, 0.001], 1, "(1.00e30 + 0.001) / 1 ≈ 1.00e30"),
        ([1e30, 1e-300], 1, "(1.00e30 + 1.00e−300) / 1 ≈ 1.00e30"),
        ([math.inf, 1], 2, "(∞ + 1) / 2 = ∞"),
    ],
)
def test_the_sign_is_true(values, divisor, words):
    assert arithmetic.average(values, divisor, sum(values) / divisor, False) == words


def test_the_sign_of_products_and_roots_is_true():
    assert arithmetic.convolution([0.1234], [2], None, 0.2468) == "0.123·2 ≈ 0.247"
    assert arithmetic.convolution([2], [1.9375], None, 3.875) == "2·1.938 ≈ 3.875"
    assert arithmetic.convolution([2], [1.938], 0.5, 4.376) == "2·1.938 + bias 0.5 = 4.376"
    assert arithmetic.lp([3.0004, 4], 2, 2, 2, 5) == "√(3² + 4²) = 5"
    assert arithmetic.lp([3.0001, 4.0009], 2, 2, 2, 5.00078) == "√(3² + 4.001²) ≈ 5.001"
    assert arithmetic.lp([1.5004], 1, 1, 1, 1.5) == "(1.5¹) = 1.5"
    assert arithmetic.lp([1.5006], 1, 1, 1, 1.5) == "(1.501¹) ≈ 1.5"
    taps = tuple(Tap(0, 0, i, v) for i, v in enumerate([0.1234] * 40))
    step = Step((0, 0), taps, 0.125, "", divisor=39.488)
    assert Average().brief(step).endswith("4.936 / 39.488 = 0.125")
    step = Step((0, 0), taps, 0.125, "", divisor=39.5)
    assert Average().brief(step).endswith("4.936 / 39.5 ≈ 0.125")


def test_a_sum_that_overflows_says_so():
    """What is printed gives no infinity: torch's dtype could not hold the sum, or a product."""
    large, mixed = torch.full((1, 2, 2), 3e38), torch.tensor([[[3e38, -3e38], [3e38, -3e38]]])
    said = slide(nn.AvgPool2d(2), large).steps[0].arithmetic
    assert said.endswith("3.00e38) / 4 = ∞ (torch's sum overflows)")
    said = slide(nn.AvgPool2d(2, divisor_override=-2), large).steps[0].arithmetic
    assert said.endswith("/ (−2) = −∞ (torch's sum overflows)")
    convolution = nn.Conv2d(1, 1, 2, bias=False)
    nn.init.constant_(convolution.weight, 10)
    said = slide(convolution, mixed).steps[0].arithmetic
    assert said.endswith("·10 = nan (torch's sum of products overflows)")
    nn.init.constant_(convolution.half().weight, 300)
    said = slide(convolution, torch.full((1, 2, 2), 300.0).half()).steps[0].arithmetic
    assert said.endswith("300·300 = ∞ (torch's sum of products overflows)")
    step = slide(nn.AvgPool2d(7), torch.full((1, 7, 7), 3e38)).steps[0]
    assert Average().brief(step).endswith("1.47e40 / 49 = ∞ (torch's sum overflows)")
    wide = nn.Conv2d(1, 1, 7)
    nn.init.constant_(wide.weight, 10)
    step = slide(wide, torch.full((1, 7, 7), 3e38)).steps[0]
    assert Convolution().brief(step).endswith("= ∞ (torch's sum of products overflows)")


def test_whole_numbers_that_wrap_round_say_so():
    """Torch counts them in 64 bits: past the largest comes the smallest."""
    large = torch.full((1, 2, 2), 2**62)
    (step,) = slide(nn.AvgPool2d(2), large).steps
    why = "the sum is past 64 bits and wraps round"
    assert step.value == 0.0
    assert step.arithmetic.endswith(f" ≈ 0 (integers: {why}, and the fraction is cut off)")
    assert Average(integral=True).brief(step).endswith(f" ≈ 0 (integers: {why})")
    # Sums that come back on the way, or just fit, did not wrap.
    for numbers in ([[2**62, -(2**62)], [2**62, 2**62 - 1]], [[2**63 - 1, 1], [-1, -5]]):
        (step,) = slide(nn.AvgPool2d(2), torch.tensor([numbers])).steps
        assert step.arithmetic.endswith(" (integers: the fraction is cut off)")
        assert not Average(integral=True).brief(step).endswith("round)")


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8])
def test_products_of_whole_numbers_that_wrap_round_are_refused(dtype):
    most = torch.iinfo(dtype).max
    layer = nn.Conv2d(1, 1, 2, bias=False).requires_grad_(False)
    layer.weight = nn.Parameter(torch.ones(1, 1, 2, 2, dtype=dtype), requires_grad=False)
    image = torch.tensor([[[most, 0], [0, 0]]], dtype=dtype)
    assert slide(layer, image).steps[0].value == most
    image[0, 1, 1] = 1
    with pytest.raises(SlidingWindowsError, match=f"is {most + 1}, which {dtype} cannot hold"):
        slide(layer, image)


def filled(kind, norm, *values):
    return slide(kind(norm, 2), torch.tensor(values).reshape(1, 2, 2))


@pytest.mark.parametrize(
    ("norm", "value", "why"),
    [
        (64, 1e10, "overflow"),
        (64, 0.1, "underflow"),
        (2, 1e-30, "underflow"),
        (3, -1e-20, "underflow"),
        (1, 3e38, "overflow"),
        (0.01, 0.5, "overflow"),
        (-2, 1e30, "underflow"),
        (-2, 1e-30, "overflow"),
        (-3, -1e20, "underflow"),
    ],
)
def test_powers_that_leave_the_dtype_say_so_in_both_forms(norm, value, why):
    trace = filled(nn.LPPool2d, norm, *[value] * 4)
    (step,) = trace.steps
    assert step.value in (0.0, float("inf"))
    reason = f" (torch's powers {why})"
    assert step.arithmetic.endswith(reason) and trace.reduction.brief(step).endswith(reason)
    sign = "≈" if step.value == 0 else "="
    assert f" {sign} " in step.arithmetic and f" {sign} " in trace.reduction.brief(step)


def test_a_power_of_a_negative_number_is_no_number_in_both_forms():
    trace = filled(nn.LPPool2d, 0.5, -1.0, 1, 1, 1)
    reason = "= nan (torch has no power 0.5 of a negative number)"
    assert trace.steps[0].arithmetic.endswith(reason)
    assert trace.reduction.brief(trace.steps[0]).endswith(reason)


@pytest.mark.parametrize(
    ("norm", "values"),
    [(64, (0.0, 0, 0, 0)), (-2, (0.0, 1, 2, 3)), (3, (1e-20, -1e-20, 0, 0)), (2, (3.0, 4, 0, 0))],
)
def test_powers_that_stay_in_the_dtype_give_no_reason(norm, values):
    trace = filled(nn.LPPool2d, norm, *values)
    assert "torch's" not in trace.steps[0].arithmetic + trace.reduction.brief(trace.steps[0])


def test_an_infinity_that_was_given_is_no_overflow():
    for odd in (math.inf, -math.inf, math.nan):
        said = slide(nn.AvgPool2d(2), torch.full((1, 2, 2), odd)).steps[0].arithmetic
        assert "overflow" not in said
        convolution = nn.Conv2d(1, 1, 2)
        nn.init.constant_(convolution.bias, odd)
        assert "overflow" not in slide(convolution, torch.ones(1, 2, 2)).steps[0].arithmetic
        nn.init.constant_(convolution.bias, 0)
        nn.init.constant_(convolution.weight, odd)
        assert "overflow" not in slide(convolution, torch.ones(1, 2, 2)).steps[0].arithmetic
    assert arithmetic.average([0.0, 0.0], 0, math.nan, False) == "(0 + 0) / 0 = nan"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("max", "max of 3 numbers = 4"),
        ("average", "sum of 3 numbers / 2: 8 / 2 = 4"),
        ("lp", "root of the sum of 3 powers = 4"),
        ("convolution", "sum of 3 products input · weight = 4"),
    ],
)
def test_a_window_too_large_to_write_out_is_told_in_brief(kind, words):
    taps = tuple(Tap(0, 0, i, v, 1.0) for i, v in enumerate([1.0, 3.0, 4.0]))
    assert REDUCTIONS[kind](norm=2.0).brief(Step((0, 0), taps, 4.0, "", divisor=2.0)) == words
    if kind != "average":
        third = REDUCTIONS[kind](norm=2.0).brief(Step((0, 0), taps, 1 / 3, "", divisor=2.0))
        assert third == words.replace("= 4", "≈ 0.333")


@pytest.mark.parametrize(("bias", "said"), [(2.0, "2"), (-0.25, "(−0.25)"), (0.0, "0")])
def test_a_bias_is_told_in_brief_too(bias, said):
    """A figure of three channels said 'sum of 27 products = 4' where the products made 2."""
    convolution = nn.Conv2d(3, 1, 3)
    nn.init.constant_(convolution.weight, 1)
    nn.init.constant_(convolution.bias, bias)
    trace = slide(convolution, torch.ones(3, 3, 3))
    brief = trace.reduction.brief(trace.steps[0])
    total = str(27 + bias).removesuffix(".0")
    assert brief == f"sum of 27 products input · weight + bias {said} = {total}"


@pytest.mark.parametrize("norm", [3, 5, 1.5, -3])
def test_a_pool_of_odd_powers_says_why_it_is_nan(norm):
    """The issue's case; the gradient says it, too, and its check holds."""
    why = "the sum is negative, of which torch takes no root"
    if norm == 1.5:
        why = "torch has no power 1.5 of a negative number"
    x, pool = torch.tensor([[[-1.0, -2.0], [-3.0, 1.0]]]), nn.LPPool2d(norm, 2)
    assert math.isnan(slide(pool, x).output[0][0])
    assert slide(pool, x).steps[0].arithmetic.endswith(f" = nan ({why})")
    gradient = route(pool, x)
    assert gradient.moves[0].arithmetic == f"gradient 1 becomes nan: {why}"
    assert all(map(math.isnan, sum(gradient.target, ())))
    assert "torch" not in slide(pool, -x.abs() * math.nan).steps[0].arithmetic
    assert "torch" not in slide(pool, x.abs()).steps[0].arithmetic


@pytest.mark.parametrize("seed", range(40))
def test_the_gradient_of_odd_powers_that_cancel_holds(seed):
    """Of a sum near zero little is left but its rounding, and its root enlarges that."""
    x = torch.randn(1, 5, 5, generator=torch.Generator().manual_seed(seed))
    for norm in (3, 5, 7, -1):
        module = nn.LPPool2d(norm, 2, 1)
        assert len(route(module, x).moves) == 16


@pytest.mark.parametrize(
    ("module", "x", "sees", "unseen"),
    [
        (nn.MaxPool2d(2, 1, padding=1, dilation=2), torch.ones(1, 1, 1), [], "padding"),
        (nn.MaxPool1d(2, 1, padding=1, dilation=3), torch.ones(1, 3), [0, 1], "padding"),
        (nn.Conv2d(1, 1, 1, padding=1), torch.ones(1, 1, 1), [4], "padding"),
        (nn.Conv3d(1, 1, 1, padding=1), torch.ones(1, 1, 1, 1), [], "padding"),
        (nn.ConvTranspose2d(1, 1, 1, stride=2), torch.ones(1, 2, 2), [0, 2, 6, 8], "added zeros"),
        (nn.Conv2d(1, 1, 1, padding=1, padding_mode="circular"), torch.ones(1, 1, 1), range(9), ""),
        (nn.AvgPool2d(2, 1, padding=1), torch.ones(1, 1, 1), range(4), ""),
    ],
)
def test_a_window_without_input_says_so(module, x, sees, unseen):
    trace = slide(module, x)
    said = f" (the window sees no input, {unseen} alone)"
    blind = [i for i, step in enumerate(trace.steps) if step.arithmetic.endswith(said)]
    assert blind == [i for i in range(len(trace.steps)) if i not in sees]
    assert "sees no input" not in "".join(trace.steps[i].arithmetic for i in sees)
    assert Trace.from_dict(trace.to_dict()).steps == trace.steps


WORDED = {
    "max": lambda: slide(nn.MaxPool2d(2), X),
    "average": lambda: slide(nn.AvgPool2d(2), X),
    "lp": lambda: slide(nn.LPPool2d(2, 2), X),
    "convolution": lambda: slide(nn.Conv2d(1, 1, 3), X),
    "transposed": lambda: slide(nn.ConvTranspose2d(1, 1, 3, 2), X),
    "integers": lambda: slide(nn.AvgPool2d(2), X.long()),
    "gradient": lambda: route(nn.MaxPool2d(2), X),
    "unfold": lambda: slide(nn.Unfold(2), X),
    "fold": lambda: slide(nn.Fold(4, 2, stride=2), torch.arange(16.0).reshape(4, 4)),
    "unpool": lambda: slide(
        nn.MaxUnpool2d(2), X[:, :2, :2], indices=torch.tensor([[[0, 2], [8, 10]]])
    ),
}
X = torch.arange(16.0).reshape(1, 4, 4)


@pytest.mark.parametrize("name", WORDED)
def test_words_that_its_numbers_do_not_say_are_refused(name):
    figure = WORDED[name]()
    data = figure.to_dict()
    assert type(figure).from_dict(data) == figure
    steps = data["moves" if isinstance(figure, Transfer) else "steps"]
    steps[-1]["arithmetic"] = steps[-1]["arithmetic"].replace("1", "2", 1) + "0"
    with pytest.raises(SlidingWindowsError, match="says .*, its numbers say"):
        type(figure).from_dict(data)


def test_a_call_of_another_module_is_refused():
    data = slide(nn.MaxPool2d(2), X).to_dict()
    data["call"] = "nn.AvgPool2d(kernel_size=2, stride=2)"
    with pytest.raises(SlidingWindowsError, match="that is not a call of MaxPool2d"):
        Trace.from_dict(data)


@pytest.mark.parametrize("name", ["gradient", "unfold", "fold", "unpool"])
@pytest.mark.parametrize(
    "wrong",
    [
        *({"call": "nn.MaxPool3d(99)"}, {"operation": "zz"}, {"input_shape": []}, {"sample": -1}),
        *({"sample": 1}, {"channel": 5}, {"dims": -1}, {"output_shape": [4, 4]}, {"channel": -1}),
        *({"epsilon": 1e300}, {"epsilon": 0.01}, {"epsilon": -1.0}, {"epsilon": "nan"}),
    ],
    ids=str,
)
def test_a_transfer_of_wrong_facts_is_refused(name, wrong):
    data = WORDED[name]().to_dict()
    with pytest.raises(SlidingWindowsError):
        Transfer.from_dict(data | wrong)


def test_a_trace_may_not_choose_its_tolerance():
    data = slide(nn.AvgPool2d(2), X).to_dict()
    with pytest.raises(SlidingWindowsError, match="no dtype rounds by 0.01"):
        Trace.from_dict(data | {"epsilon": 0.01})
    for dtype in (torch.bfloat16, torch.float16, torch.float64):
        figure = slide(nn.AvgPool2d(2), X.to(dtype))
        assert Trace.from_dict(figure.to_dict()) == figure


def test_known_roots():
    assert arithmetic.lp([3, -4], 2, 2, 2, 5) == "√(3² + (−4)²) = 5"
    assert arithmetic.lp([3], 1, 1, 2, 6) == "((3¹) · 2/1) = 6"
    assert arithmetic.lp([2, 2], -1, 2, 2, 1) == "(2⁻¹ + 2⁻¹)^(1/−1) = 1"
    assert arithmetic.lp([4], 0.5, 1, 1, 4) == "(4^0.5)^(1/0.5) = 4"
    assert "negative" in arithmetic.no_root([-2.0, 1.0], 3)
    assert arithmetic.no_root([-2.0, 2.0], 3) == arithmetic.no_root([-2.0, 1.0], 1) == ""
    assert arithmetic.lp([1, 2], 3, 2, 4, 18 ** (1 / 3)) == "∛((1³ + 2³) · 4/2) ≈ 2.621"


def test_known_calculations():
    assert arithmetic.maximum([1, 7, 3, 5], 7) == "max(1, 7, 3, 5) = 7"
    assert arithmetic.average([1, -7], 2, -3, False) == "(1 + (−7)) / 2 = −3"
    assert arithmetic.average([1], -4, -0.25, False) == "(1) / (−4) = −0.25"
    assert arithmetic.average([-1], 1, -1, False) == "(−1) / 1 = −1"
    assert arithmetic.convolution([1, -1], [2, -3], 0.5, 5.5) == "1·2 + (−1)·(−3) + bias 0.5 = 5.5"
    assert arithmetic.convolution([1.0], [1 / 3], None, 1 / 3) == "1·0.333 ≈ 0.333"
    assert arithmetic.maximum([math.nan, -math.inf], math.nan) == "max(nan, −∞) = nan"


NUMBERS = st.integers(1, 4)


def one_or_two(numbers):
    return st.one_of(numbers, st.tuples(numbers, numbers))


@st.composite
def modules(draw):
    """Layers with every constructor argument drawn; torch refuses some of them when they run."""
    stem = draw(
        st.sampled_from(["MaxPool", "AvgPool", "LPPool", "Conv", "ConvTranspose", "Adaptive"])
    )
    dims = draw(st.integers(1, 3))

    def some(numbers):
        return draw(st.one_of(numbers, st.tuples(*[numbers] * dims)))

    kernel, stride, padding = some(NUMBERS), draw(st.none() | NUMBERS), some(st.integers(0, 2))
    if stem == "Adaptive":
        size = some(NUMBERS) if draw(BOOL) else (None, 2, 3)[:dims]
        return getattr(nn, f"Adaptive{draw(st.sampled_from(['Max', 'Avg']))}Pool{dims}d")(size)
    kind = getattr(nn, f"{stem}{dims}d")
    if stem == "MaxPool":
        return kind(kernel, stride, padding, some(NUMBERS), ceil_mode=draw(BOOL))
    if stem == "AvgPool":
        divisor = {"divisor_override": draw(DIVISORS)} if dims > 1 else {}
        return kind(kernel, stride, padding, draw(BOOL), draw(BOOL), **divisor)
    if stem == "LPPool":
        return kind(draw(st.sampled_from([1, 2, 0.5, -1])), kernel, stride, draw(BOOL))
    groups = draw(st.sampled_from([1, 2, 3]))
    sizes = groups * draw(NUMBERS), groups * draw(NUMBERS)
    stride, dilation = stride or 1, some(NUMBERS)
    if stem == "ConvTranspose":
        extra = some(st.integers(0, 2))
        return kind(*sizes, kernel, stride, padding, extra, groups, draw(BOOL), dilation)
    padding = draw(st.one_of(st.just(padding), st.sampled_from(["same", "valid"])))
    assume(padding != "same" or stride == 1)
    mode = draw(st.sampled_from(MODES))
    return kind(*sizes, kernel, stride, padding, dilation, groups, draw(BOOL), mode)


BOOL, DIVISORS = st.booleans(), st.none() | st.sampled_from([1, 5, -2])
MODES = ("zeros", "reflect", "replicate", "circular")
SCALARS = (int, float, str, bool, tuple, type(None))


def settings_of(module) -> dict:
    """What a module was made with; a pair of equal numbers and the number mean the same."""
    found = {"kind": type(module), "bias": getattr(module, "bias", None) is not None}
    for name, value in vars(module).items():
        if not name.startswith("_") and isinstance(value, SCALARS):
            equal = isinstance(value, tuple) and len(set(value)) == 1
            found[name] = value[0] if equal else value
    return found


@given(modules())
@sweep
def test_a_call_makes_the_module_again(module):
    call = call_of(module)
    again = eval(call, {"nn": nn, "__builtins__": {}})
    assert settings_of(again) == settings_of(module)
    assert call_of(again) == call


@pytest.mark.parametrize(
    ("module", "call"),
    [
        (nn.MaxPool2d(3, 2, 1), "nn.MaxPool2d(kernel_size=3, stride=2, padding=1)"),
        (nn.MaxPool2d(2), "nn.MaxPool2d(kernel_size=2, stride=2)"),
        (
            nn.MaxPool2d(2, return_indices=True),
            "nn.MaxPool2d(kernel_size=2, stride=2, return_indices=True)",
        ),
        (nn.AvgPool2d((2, 3), 1), "nn.AvgPool2d(kernel_size=(2, 3), stride=1)"),
        (nn.Conv2d(1, 2, 3), "nn.Conv2d(1, 2, kernel_size=3)"),
        (
            nn.Conv2d(1, 1, 3, padding="same", bias=False, padding_mode="reflect"),
            "nn.Conv2d(1, 1, kernel_size=3, padding='same', bias=False, padding_mode='reflect')",
        ),
        (nn.LPPool1d(2, 3), "nn.LPPool1d(norm_type=2, kernel_size=3)"),
        (nn.AdaptiveAvgPool2d((None, 2)), "nn.AdaptiveAvgPool2d(output_size=(None, 2))"),
        (nn.FractionalMaxPool2d(2, 3), "nn.FractionalMaxPool2d(kernel_size=2, output_size=3)"),
        (
            nn.ConvTranspose2d(1, 1, 3, 2, 1, output_padding=1),
            "nn.ConvTranspose2d(1, 1, kernel_size=3, stride=2, padding=1, output_padding=1)",
        ),
        (nn.Fold((3, 4), 2), "nn.Fold(output_size=(3, 4), kernel_size=2)"),
        (nn.ReLU(), "nn.ReLU()"),
        (nn.Linear(3, 2, bias=False), "nn.Linear(in_features=3, out_features=2, bias=False)"),
    ],
)
def test_known_calls(module, call):
    assert call_of(module) == call
