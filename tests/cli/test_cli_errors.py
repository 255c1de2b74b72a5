"""Whatever is typed: one line, exit code 2, at once, and nothing written."""

import contextlib
import sys
from pathlib import Path

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import slidingwindows
from slidingwindows.tracing.parsing import LARGEST, LONGEST, MOST_WEIGHTS
from slidingwindows.tracing.reading import MOST

PACKAGE = str(Path(slidingwindows.__file__).parent)
CALLS = 50_000  # of our own functions: a hundredth of a second's work or so


class Largest(TorchDispatchMode):
    """How many elements the largest tensor has that torch makes meanwhile."""

    elements = 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        made = function(*arguments, **(options or {}))
        tensors = [leaf for leaf in tree_leaves(made) if isinstance(leaf, torch.Tensor)]
        real = [tensor.numel() for tensor in tensors if not tensor.is_meta]  # which takes no memory
        self.elements = max([self.elements, *real])
        return made


@contextlib.contextmanager
def little_work():
    """At once, on any machine: neither large tensors nor many calls of ours."""
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename.startswith(PACKAGE)

    with Largest() as largest:
        sys.setprofile(count)
        try:
            yield
        finally:
            sys.setprofile(None)
    assert 0 < calls <= CALLS and largest.elements <= MOST, (calls, largest.elements)


HOSTILE = [
    "__import__('os').system('touch hacked')",
    "MaxPool2d(__import__('os').system('touch hacked'))",
    "MaxPool2d(open('hacked', 'w'))",
    "nn.os.system('touch hacked')",
    "torch.nn.MaxPool2d.__init__(3)",
    "torch.hub.load('a', 'b')",
    "(lambda: MaxPool2d)()(2)",
    "MaxPool2d(2) if True else 0",
    "MaxPool2d(*[2])",
    "MaxPool2d(**{'kernel_size': 2})",
    "MaxPool2d(kernel_size=2, kernel_size=3)",
    "MaxPool2d(f'{print(1)}')",
    "MaxPool2d(10**12)",
    "MaxPool2d(2, padding=nan)",
    "MaxPool2d(2, padding=1e999)",
    "MaxPool2d(99999999999999999999)",
    "MaxPool2d(2, dilation=99999999999999999999)",
    "AdaptiveMaxPool2d(1000000000)",
    "AdaptiveAvgPool2d(20000)",
    "AvgPool2d(20000, padding=10000)",
    "MaxPool2d()",
    "MaxPool2d(2, 2, 0, 1, False, False, 7)",
    "MaxPool2d(2, colour=1)",
    "MaxPool2d(2.5)",
    "MaxPool2d('a')",
    "MaxPool2d(None)",
    "MaxPool2d(-1)",
    "MaxPool2d(0)",
    "MaxPool2d(2, stride=0)",
    "MaxPool2d(2, padding=-1)",
    "AvgPool2d(2, divisor_override=0)",
    "Conv2d(1, 1, 0)",
    "Conv2d(0, 1, 3)",
    "Conv2d(1, 0, 3)",
    "Conv2d(-1, 1, 3)",
    "Conv2d('a', 1, 3)",
    "Conv2d(1.5, 1, 3)",
    "Conv2d(1, 1, 3, groups=0)",
    "Conv2d(1, 1, 3, device='meta')",
    "Conv2d(1, 1, 3, device='nowhere')",
    "Conv2d(1, 1, 3, dtype='float16')",
    "Conv2d(1, 1, 3, padding=100000)",
    "Conv2d(1, 1, 20000)",
    "ConvTranspose2d(1, 1, 3, stride=100000)",
    "MaxUnpool2d('a')",
    "MaxUnpool2d(2.5)",
    "FractionalMaxPool2d(2, output_size=90000)",
    "Unfold(2, padding=100000)",
    "Linear(3, 3)",
    "МaxPool2d(2)",  # the first letter is Cyrillic
    "MaxPool2d('\\d')",
    "MaxPool2d",
    "MaxPool2d(",
    "MaxPool2d(2); 1",
    "x = MaxPool2d(2)",
    "\0",
    "\udcff",
    "\N{SNOWMAN}",
    " ",
    "",
]


@pytest.mark.parametrize("call", HOSTILE, ids=ascii)
def test_a_call_is_data_or_is_refused(refused, call, tmp_path):
    with little_work():
        refused("trace", call, "--input", "7x7")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10**6,
        f"MaxPool2d({'(' * 10**6}{')' * 10**6})",
        f"MaxPool2d({'-' * 10**5}1)",
        f"MaxPool2d({'9' * 10**5})",
        f"{'nn.' * 10**5}MaxPool2d(2)",
    ],
    ids=lambda text: text[:24],
)
def test_a_million_signs_are_refused_at_once(refused, text):
    with little_work():
        line = refused("trace", text, "--input", "7x7")
    assert f"at most {LONGEST} characters" in line


def test_limits_are_named(refused):
    big = refused("trace", f"MaxPool2d({LARGEST + 1})", "--input", "7x7")
    assert big == f"{LARGEST + 1} is beyond {LARGEST:,}, the largest number accepted"
    heavy = refused("trace", "Conv2d(100000, 100000, 3)", "--input", "7x7")
    assert f"the {MOST_WEIGHTS:,} that are accepted" in heavy
    fold = refused("trace", "Fold((10000, 10000), 2, stride=5000)", "--input", "4")
    assert f"at most {MOST:,}" in fold


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ("0x0", "an input of 0x0 has no elements"),
        ("-1x3", "expected one argument"),
        ("99999x99999", f"at most {MOST:,} (512x512)"),
        ("513x512", f"at most {MOST:,} (512x512)"),
        ("999999999999", "is not a size such as 7x7"),
        ("axb", "'axb' is not a size such as 7x7"),
        ("7x", "is not a size such as 7x7"),
        ("٣x٣", "is not a size such as 7x7"),
        ("1e3x1", "is not a size such as 7x7"),
        ("", "is not a size such as 7x7"),
        ("3", "MaxPool2d takes an input such as 7x7 or 3x7x7, not 3"),
        ("1x1x1x7x7", "MaxPool2d takes an input such as 7x7 or 3x7x7, not 1x1x1x7x7"),
    ],
)
def test_a_size_that_cannot_be_read_is_refused(refused, size, says):
    assert says in refused("trace", "MaxPool2d(2)", "--input", size)


def test_work_that_is_not_little_is_seen(run, monkeypatch):
    with pytest.raises(AssertionError, match=str(MOST + 1)), little_work():
        run("trace 'MaxPool2d(1)' --input 1x1")
        torch.empty(MOST + 1)
    monkeypatch.setattr(sys.modules[__name__], "CALLS", 500)
    with pytest.raises(AssertionError, match=r"\(\d{4,5}, 900\)"), little_work():
        run("trace 'MaxPool2d(1)' --input 30x30")


@pytest.mark.parametrize("ending", ["gif", "png", "webp", "apng"])
def test_pictures_are_of_at_most_64_by_64(refused, run, ending):
    with little_work():
        line = refused(f"draw 'MaxPool2d(1)' --input 65x64 -o a.{ending}")
        refused(f"draw 'MaxPool1d(1)' --input 100000 -o a.{ending}")
        refused(f"draw 'MaxPool2d(1)' --input 65x64 --format {ending} -o -")
    assert line.startswith("a figure draws inputs of up to 64x64, not 1x65x64")


def test_words_and_data_may_be_larger(run):
    assert run("draw 'MaxPool2d(50)' --input 100x100 -o a.txt").code == 0
    assert run("draw 'MaxPool2d(50)' --input 100x100 -o a.json").code == 0
    assert run("trace 'MaxPool2d(50)' --input 512x512").code == 0


def test_wide_animations_that_pillow_would_hold_in_memory(refused):
    line = refused("draw 'MaxPool2d(2, stride=1)' --input 12x12 --width 1920 -o a.webp")
    assert "more than the 400,000,000 that an animated webp may have" in line


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("", "the following arguments are required: -o/--output"),
        ("-o a.gif --theme blue", "invalid choice: 'blue'"),
        ("-o a.gif --width 1", "from 320 to 1920 pixels wide, not 1"),
        ("-o a.gif --width 999999999", "from 320 to 1920 pixels wide"),
        ("-o a.gif --width wide", "invalid int value: 'wide'"),
        ("-o a.gif --frame-time 1", "from 20 to 60000 ms, not 1"),
        ("-o a.gif --frame-time 99999999999", "from 20 to 60000 ms"),
        ("-o a.gif --seed -1", "a seed is from 0 to 4294967295, not -1"),
        ("-o a.gif --seed 4294967296", "a seed is from 0 to 4294967295"),
        ("-o a.gif --low 5 --high 4", "random numbers from 5 to 4"),
        ("-o a.gif --high 99999999999999999999", "random numbers from 0"),
        ("-o a.gif --channel 1", "channel 1 is not among the 1"),
        ("-o a.gif --sample 1", "sample 1 is not among the 1"),
        ("-o a.gif --depth 1", "depth 1 is not among the 1"),
        ("-o a.gif --weights ones", "MaxPool2d has no weight to be given"),
        ("-o a.gif --bias 1", "MaxPool2d has no bias to be given"),
        ("-o a.gif --values none.csv", "there is no file none.csv; values are random, arange"),
        ("-o a.gif --sideways", "unrecognized arguments: --sideways"),
        ("-o a.gif 'a\nb'", "unrecognized arguments: a b"),
        ("-o a.xyz", "unknown format 'xyz'; there are gif, png, webp, apng, zip, json, txt"),
        ("-o a.gif --format xyz", "unknown format 'xyz'"),
        ("-o a", "needs an extension that sets its format: .gif, .png"),
        ("-o .gif", "needs an extension that sets its format"),
        ("-o ''", "argument -o/--output: a name must not be empty"),
    ],
)
def test_options_that_do_not_fit(refused, options, says):
    assert says in refused(f"draw 'MaxPool2d(2)' --input 4x4 {options}")


def test_an_error_never_steers_the_terminal(refused):
    line = refused("draw", "MaxPool2d(2)", "--input", "4x4", "-o", "\x1b[31m/a\r\nb.gif")
    assert line.isprintable() and r"\x1b[31m" in line


@pytest.mark.parametrize("words", ["", "trace", "draw", "sketch 1", "--sideways"])
def test_an_unknown_command_is_one_line_and_none_prints_help(run, words):
    ran = run(words)
    assert (ran.code, ran.err) == (0, "") if not words else ran.code == 2
    if words:
        assert ran.err.count("\n") == 1 and ran.err.startswith("error: ")


def test_backward_of_what_only_moves(refused):
    for call in ("MaxUnpool2d(2)", "Unfold(2)"):
        assert "only moves numbers" in refused(f"trace '{call}' --input 4x4 --backward")


def test_a_shell_sees_one_line_and_two(shell, tmp_path):
    ran = shell("""python -m slidingwindows draw "MaxPool2d(9)" --input 4x4 -o a.gif""")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("error: height: ") and ran.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_site_s_commands_still_want_a_site(refused):
    assert "holds no mkdocs.yml" in refused("prepare")
