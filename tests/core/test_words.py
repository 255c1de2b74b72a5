"""Numbers, calculations and calls as text: read back, they mean what was written."""

from __future__ import annotations

import ast
import math
import operator
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from slidingwindows import arithmetic
from slidingwindows.calls import call_of
from slidingwindows.notation import equals, number

sweep = settings(max_examples=500, deadline=None, derandomize=True)
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
    assert (right, sign) == (number(result), equals(result))
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
    assert (right, sign) == (number(result), equals(result))
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
    assert (right, sign) == (number(result), equals(result))
    assert math.isclose(value_of_powers(left), result, rel_tol=1e-9)
    assert left.count(" + ") == len(values) - 1
    assert (f"{size}/{len(values)}" in left) == bool(cut)


def test_known_roots():
    assert arithmetic.lp([3, -4], 2, 2, 2, 5) == "√(3² + (−4)²) = 5"
    assert arithmetic.lp([3], 1, 1, 2, 6) == "((3¹) · 2/1) = 6"
    assert arithmetic.lp([2, 2], -1, 2, 2, 1) == "(2⁻¹ + 2⁻¹)^(1/−1) = 1"
    assert arithmetic.lp([4], 0.5, 1, 1, 4) == "(4^0.5)^(1/0.5) = 4"
    assert arithmetic.lp([1, 2], 3, 2, 4, 18 ** (1 / 3)) == "∛((1³ + 2³) · 4/2) ≈ 2.621"


def test_known_calculations():
    assert arithmetic.maximum([1, 7, 3, 5], 7) == "max(1, 7, 3, 5) = 7"
    assert arithmetic.average([1, -7], 2, -3, False) == "(1 + (−7)) / 2 = −3"
    assert arithmetic.average([1], -4, -0.25, False) == "(1) / (−4) = −0.25"
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
