"""Torch calls as text: parsed, never executed."""

import warnings

import pytest
from torch import nn

from slidingwindows import SlidingWindowsError
from slidingwindows.tracing.parsing import make_module, parse_call
from slidingwindows.tracing.request import call_of
from slidingwindows.tracing.slide import TRACERS


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
    for text, length in ((longer, "501"), ("-" * 1234, "1,234")):
        with pytest.raises(SlidingWindowsError) as caught:
            make_module(text)
        assert str(caught.value) == f"a call has at most 500 characters, not {length}"


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


LIKE = "is not a call such as MaxPool2d(3, stride=2)"
KNOWN = "MaxPool1d/2d/3d, AvgPool1d/2d/3d, LPPool1d/2d/3d, AdaptiveMaxPool1d/2d/3d, "
KNOWN += "AdaptiveAvgPool1d/2d/3d, FractionalMaxPool2d/3d, Conv1d/2d/3d, ConvTranspose1d/2d/3d, "
KNOWN += "MaxUnpool1d/2d/3d, Unfold, Fold"
REFUSED = {
    "MaxPool2d": f"'MaxPool2d' {LIKE}",
    " MaxPool2d( ": f"'MaxPool2d(' {LIKE}",
    "x = MaxPool2d(2)": f"'x = MaxPool2d(2)' {LIKE}",
    "-MaxPool2d(2)": f"'-MaxPool2d(2)' {LIKE}",
    "": f"'' {LIKE}",
    "MaxPool2d(**{'a': 1})": "\"MaxPool2d(**{'a': 1})\": ** is not accepted here",
    "MaxPool2d(2, stride=1, **{})": "'MaxPool2d(2, stride=1, **{})': ** is not accepted here",
    "MaxPool2d(2, stride=1, stride=1)": "'MaxPool2d(2, stride=1, stride=1)' gives stride twice",
    "MaxPool2d(f(2))": "'MaxPool2d(f(2))': arguments must be plain values",
    "MaxPool2d(2, stride=f)": "'MaxPool2d(2, stride=f)': arguments must be plain values",
    "MaxPool2d(*[3])": "'MaxPool2d(*[3])': arguments must be plain values",
    "MaxPool2d([[1]])": "'MaxPool2d([[1]])': arguments must be plain values",
    "MaxPool2d(2j)": "'MaxPool2d(2j)': arguments must be plain values",
    "MaxPool2d((1, b''))": "\"MaxPool2d((1, b''))\": arguments must be plain values",
    "MaxPool2d(2, stride={1: 2})": "'MaxPool2d(2, stride={1: 2})': arguments must be plain values",
    "os.MaxPool2d(3)": "os.MaxPool2d is not in torch.nn",
    "torch.MaxPool2d(3)": "torch.MaxPool2d is not in torch.nn",
    "nn.torch.MaxPool2d(3)": "nn.torch.MaxPool2d is not in torch.nn",
    "nn.functional.MaxPool2d(3)": "nn.functional.MaxPool2d is not in torch.nn",
    "nn.nn.torch.nn.MaxPool2d(3)": "nn.nn.torch.nn.MaxPool2d is not in torch.nn",
    "(lambda: 1)()": "'(lambda: 1)()' does not name a torch module",
    "f(1).MaxPool2d(2)": "'f(1).MaxPool2d(2)' does not name a torch module",
    "nn.ReLU()": f"ReLU is not one of {KNOWN}",
    "nn.BatchNorm2d(2)": f"BatchNorm2d is not one of {KNOWN}",
    "nn.Module(2)": f"Module is not one of {KNOWN}",
    "LazyMaxPool2d(2)": f"LazyMaxPool2d is not one of {KNOWN}; did you mean MaxPool2d?",
    "MaxPoo2d(2)": f"MaxPoo2d is not one of {KNOWN}; did you mean MaxPool2d?",
    "maxpool2d(2)": f"maxpool2d is not one of {KNOWN}; did you mean MaxPool2d?",
    "nn.max_pool1d(2)": f"max_pool1d is not one of {KNOWN}; did you mean MaxPool1d?",
    "CONV2D(1, 1, 3)": f"CONV2D is not one of {KNOWN}; did you mean Conv2d?",
    "nn.AvgPol3d(2)": f"AvgPol3d is not one of {KNOWN}; did you mean AvgPool3d?",
    "Lazyconv2d(1, 2)": f"Lazyconv2d is not one of {KNOWN}; did you mean LazyConv2d?",
    "nn.MyFolds(2)": f"MyFolds is not one of {KNOWN}",  # alike, but less than three quarters
    "MaxPool2d(2, 1e6)": "1000000.0 is beyond 100,000, the largest number accepted",
    "MaxPool2d(2, 1e999)": "inf is beyond 100,000, the largest number accepted",
    "MaxPool2d((2, -123456))": "-123456 is beyond 100,000, the largest number accepted",
    "Conv2d(1, 1, 2, device='meta')": "the meta device keeps no numbers\n"
    "  in Conv2d(1, 1, 2, device='meta')",
    "nn.Conv2d(100, 1000, (10, 10))": "10,001,000 weights are more than the 10,000,000 that are "
    "accepted\n  in nn.Conv2d(100, 1000, (10, 10))",
}


def test_each_refusal_says_what_is_wrong():
    for text, words in REFUSED.items():
        with pytest.raises(SlidingWindowsError) as caught:
            make_module(text)
        assert str(caught.value) == words, text


def test_torch_refuses_in_its_own_words():
    for text in ("MaxPool2d(3, colour=1)", "Conv2d(1, 1, 2, groups=0)", "Conv2d('a', 1, 2)"):
        with pytest.raises(Exception) as torchs:  # noqa: PT011 - of whatever kind
            eval(f"nn.{text}")
        with pytest.raises(SlidingWindowsError) as caught:
            make_module(text)
        assert str(caught.value) == f"torch says: {torchs.value}\n  in {text}"


def test_of_what_torch_says_only_the_first_line_counts(monkeypatch):
    def refuse(self, said):
        raise AssertionError(said)

    monkeypatch.setattr(nn.MaxPool2d, "__init__", refuse)
    for said, words in (("one\ntwo", "one"), ("\n one\ntwo\n", "one"), ("", "no reason given")):
        with pytest.raises(SlidingWindowsError) as caught:
            make_module(text := f"MaxPool2d({said!r})")
        assert str(caught.value) == f"torch says: {words}\n  in {text}"


def test_only_modules_of_torch_are_made(monkeypatch):
    class Own(nn.MaxPool2d):
        pass

    monkeypatch.setitem(TRACERS, Own, TRACERS[nn.MaxPool2d])
    with pytest.raises(SlidingWindowsError, match="^Own is not one of "):
        make_module("Own(2)")


def test_a_lazy_layer_waits_unless_the_channels_are_known():
    waiting = make_module("nn.LazyConv2d(8, 3, groups=2)")
    assert type(waiting) is nn.LazyConv2d and waiting.has_uninitialized_params()
    made = make_module("nn.LazyConv2d(8, 3, groups=2)", 4)
    assert type(made) is nn.Conv2d and made.weight.shape == (8, 2, 3, 3)
    assert make_module("LazyConvTranspose1d(8, 3)", 4).weight.shape == (4, 8, 3)
    assert make_module("MaxPool2d(3)", 4).kernel_size == 3
    assert make_module("Conv2d(4, 8, 3)", 5).weight.shape == (8, 4, 3, 3)


def test_python_and_torch_warn_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parse_call(r"Fold('\d')") == ("Fold", ["\\d"], {})
        assert make_module("Conv2d(1, 1, 0)").weight.numel() == 0
