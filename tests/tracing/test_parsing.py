"""Torch calls as text: parsed, never executed."""

import pytest
from torch import nn

from slidingwindows import SlidingWindowsError
from slidingwindows.tracing.parsing import make_module, parse_call
from slidingwindows.tracing.request import call_of


@pytest.mark.parametrize(
    "module",
    [
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.MaxPool2d((3, 2), ceil_mode=True, dilation=(1, 2)),
        nn.AvgPool2d(3, count_include_pad=False, divisor_override=-4),
        nn.Conv2d(3, 8, 3, padding="same", padding_mode="reflect", bias=False),
    ],
)
@pytest.mark.parametrize("prefix", ["nn.", "torch.nn.", ""])
def test_a_call_written_and_read_is_the_same_module(module, prefix):
    text = call_of(module).replace("nn.", prefix, 1)
    assert repr(make_module(text)) == repr(module)


def test_arguments_are_plain_values():
    call = "nn.MaxPool2d([3, 2], stride=(1, -2), padding='same', ceil_mode=True, dilation=None)"
    name, arguments, options = parse_call(call)
    assert name == "MaxPool2d" and arguments == [(3, 2)]
    assert options == {"stride": (1, -2), "padding": "same", "ceil_mode": True, "dilation": None}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MaxPool2d",
        "MaxPool2d(",
        "MaxPool2d(3); 1",
        "__import__('os').system('true')",
        "MaxPool2d(__import__('os').getcwd())",
        "MaxPool2d(open('x', 'w'))",
        "MaxPool2d(**{'a': 1})",
        "MaxPool2d(*[3])",
        "MaxPool2d([[1]])",
        "MaxPool2d({1: 2})",
        "os.MaxPool2d(3)",
        "nn.functional.MaxPool2d(3)",
        "nn.ReLU()",
        "(lambda: 1)()",
        "MaxPool2d(3, colour=1)",
        "MaxPool2d(" + "(" * 500 + ")" * 500 + ")",
    ],
)
def test_anything_else_is_one_clear_error(text):
    with pytest.raises(SlidingWindowsError):
        make_module(text)


# The limits are written out here: a test that imports them would follow every slip.
def test_a_call_has_at_most_500_characters():
    call = "nn.MaxPool2d(2" + " " * 485 + ")"
    assert len(call) == 500 and make_module(call).kernel_size == 2
    assert make_module(f" {call}\n").kernel_size == 2
    longer = call.replace("2 ", "2  ", 1)
    with pytest.raises(SlidingWindowsError, match="at most 500 characters, not 501"):
        make_module(longer)


@pytest.mark.parametrize("text", ["{}", "-{}", "({}, 2)", "(2, -{})", "{}.0"])
def test_a_number_is_at_most_100_000(text):
    for call in (f"nn.LPPool2d({text}, 2)", f"nn.LPPool2d(norm_type={text}, kernel_size=2)"):
        assert make_module(call.replace("{}", "100000"))
        with pytest.raises(SlidingWindowsError, match="is beyond 100,000, the largest number"):
            make_module(call.replace("{}", "100001"))


def test_a_module_has_at_most_ten_million_weights():
    call = "nn.Conv2d(100, 1000, (10, 10), bias={})"
    assert make_module(call.format(False)).weight.numel() == 10_000_000
    words = "10,001,000 weights are more than the 10,000,000 that are accepted"
    with pytest.raises(SlidingWindowsError, match=words):
        make_module(call.format(True))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("MaxPool2d", "'MaxPool2d' is not a call such as"),
        ("MaxPool2d(", r"'MaxPool2d\(' is not a call such as"),
        ("MaxPool2d(**{'a': 1})", r"\*\* is not accepted here"),
        ("MaxPool2d(2, stride=1, stride=1)", "gives stride twice"),
        ("MaxPool2d(f(2))", "arguments must be plain values"),
        ("MaxPool2d([[1]])", "arguments must be plain values"),
        ("MaxPool2d({1: 2})", "arguments must be plain values"),
        ("os.MaxPool2d(3)", "os.MaxPool2d is not in torch.nn"),
        ("nn.functional.MaxPool2d(3)", "nn.functional.MaxPool2d is not in torch.nn"),
        ("(lambda: 1)()", "does not name a torch module"),
        ("nn.ReLU()", "ReLU is not one of "),
        ("MaxPoo2d(2)", r"^MaxPoo2d is not one of .*; did you mean MaxPool2d\?"),
        ("maxpool2d(2)", r"; did you mean MaxPool2d\?"),
        ("nn.max_pool1d(2)", r"; did you mean MaxPool1d\?"),
        ("CONV2D(1, 1, 3)", r"; did you mean Conv2d\?"),
        ("nn.AvgPol3d(2)", r"; did you mean AvgPool3d\?"),
        ("nn.BatchNorm2d(2)", "Fold$"),
        ("MaxPool2d(3, colour=1)", "torch says: .*colour"),
        ("MaxPool2d(2, device='meta')", "torch says"),
        ("Conv2d(1, 1, 2, device='meta')", "the meta device keeps no numbers"),
    ],
)
def test_each_refusal_says_what_is_wrong(text, words):
    with pytest.raises(SlidingWindowsError, match=words):
        make_module(text)
