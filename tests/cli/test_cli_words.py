"""What trace prints, what --help shows, and that every printed command line works."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
import torch
from recorded import compare
from torch import nn

from slidingwindows import route, slide
from slidingwindows.cli.arguments import EXAMPLES, parser
from slidingwindows.words.terminal import grid, in_columns, listing

ROOT = Path(__file__).parents[2]


def test_a_listing_to_the_letter(run):
    ran = run("trace 'MaxPool2d(2, stride=2, padding=1)' --input 3x3 --values arange")
    assert ran.out == (
        "nn.MaxPool2d(kernel_size=2, stride=2, padding=1)\n"
        "input 1×3×3 → output 1×2×2; sample 0, channel 0\n"
        "size: ⌊(3 + 2·1 − 2) / 2⌋ + 1 = 2\n"
        "\n"
        "input, channel 0\n"
        "  (−∞) (−∞) (−∞) (−∞) (−∞)\n"
        "  (−∞)   0    1    2  (−∞)\n"
        "  (−∞)   3    4    5  (−∞)\n"
        "  (−∞)   6    7    8  (−∞)\n"
        "  (−∞) (−∞) (−∞) (−∞) (−∞)\n"
        "\n"
        "(…) padding holds −∞\n"
        "\n"
        "windows\n"
        "  (0, 0)  rows −1..0  columns −1..0  max(−∞, −∞, −∞, 0) = 0, at (0, 0)\n"
        "  (0, 1)  rows −1..0  columns 1..2   max(−∞, −∞, 1, 2) = 2, at (0, 2)\n"
        "  (1, 0)  rows 1..2   columns −1..0  max(−∞, 3, −∞, 6) = 6, at (2, 0)\n"
        "  (1, 1)  rows 1..2   columns 1..2   max(4, 5, 7, 8) = 8, at (2, 2)\n"
        "\n"
        "output\n"
        "  0  2\n"
        "  6  8\n"
    )


X = torch.tensor([[[1.0, 9, 9], [3, -4, 5], [0, 2, 7]]])


@pytest.mark.parametrize(
    ("module", "x", "lines"),
    [
        (nn.MaxPool2d(2), X, ["9*", "7*", "* read by no window"]),
        (nn.MaxPool2d(3), X, ["= 9, at (0, 1), the first of equals"]),
        (nn.AvgPool2d(2, stride=1), X, ["(1 + 9 + 3 + (−4)) / 4 = 2.25"]),
        (nn.MaxPool1d(2), X[0], ["  0  elements 0..1  max(1, 9) = 9, at 1"]),
        (nn.MaxPool2d(2, dilation=2), X, ["rows 0,2  columns 0,2"]),
        (nn.MaxPool3d(1), X[None], ["input, channel 0, depth 0", "at (0, 0), depth 0", "depth 0"]),
        (nn.ConvTranspose2d(1, 1, 2, stride=2), X, ["(0) zeros between", "turned around", "bias "]),
        (nn.Conv2d(1, 1, 2, bias=False), X, ["kernel, channel 0"]),
        (nn.Unfold(2), X, ["becomes column 3: −4, 5, 2, 7"]),
        (nn.Fold(2, 1), torch.tensor([[1.0, 2, 3, 4]]), ["(1, 1)  adds 4 at (1, 1)"]),
    ],
    ids=lambda item: type(item).__name__,
)
def test_what_a_listing_says(module, x, lines):
    text = "\n".join(listing(slide(module, x)))
    squeezed = re.sub(" +", " ", text)
    for line in lines:
        assert re.sub(" +", " ", line).strip() in squeezed, text


def test_a_listing_tells_every_window_and_all_numbers():
    trace = slide(nn.Conv2d(1, 1, 2), X)
    text = listing(trace)
    for step in trace.steps:
        assert sum(line.endswith(step.arithmetic) for line in text) == 1
    back = listing(route(nn.AvgPool2d(3), X))
    assert "gradient of the input" in back and "input of the forward pass" in back
    assert back[-3:] == ["  0.111  0.111  0.111"] * 3


def test_columns_are_aligned():
    assert in_columns([["a", "1"], ["bbb", "2"]]) == ["a    1", "bbb  2"]
    assert grid([["1 ", "(−∞)"], ["23*", "4 "]]) == ["    1  (−∞)", "   23*   4"]
    lines = listing(slide(nn.MaxPool2d(1), torch.arange(121.0).reshape(1, 11, 11)))
    windows = lines[lines.index("windows") + 1 : lines.index("output") - 1]
    assert len(windows) == 121
    for word in ("rows", "columns", "max("):
        assert len({line.index(word) for line in windows}) == 1


def test_trace_and_txt_agree(run):
    """The listing's arithmetic is the transcript's."""
    told = run("draw 'AvgPool2d(2)' --input 4x4 -o -").out
    sums = re.findall(r"\([^()]+\) / 4 = [\d.]+", run("trace 'AvgPool2d(2)' --input 4x4").out)
    assert len(sums) == 4 and all(words in told for words in sums)


# Help.


def test_alone_it_prints_help(run):
    ran = run("")
    assert ran.code == 0 and ran.out.startswith("usage: python -m slidingwindows")
    assert all(name in ran.out for name in ("draw", "trace", "conv-arithmetic", "prepare", "site"))


@pytest.mark.parametrize("command", EXAMPLES)
def test_help_shows_its_examples(command, run):
    ran = run(f"{command} --help")
    assert ran.code == 0 and 2 <= len(EXAMPLES[command]) <= 4
    assert all(f"  python -m slidingwindows {line}\n" in ran.out for line in EXAMPLES[command])
    own = {"trace": "--json", "new-lesson": "--name", "new-course": "folder"}.get(command, "-o")
    assert "--help" in ran.out and own in ran.out


def test_help_word_by_word():
    """As it is given to argparse, which writes it otherwise from one Python to the next."""
    (commands,) = (one for one in parser()._actions if one.dest == "command")
    about = {one.dest: one.help for one in commands._choices_actions}

    def words(one):
        lines = [f"{one.description}", about.get(one.prog.split()[-1], "")]
        for action in one._actions:
            names = ", ".join([*action.option_strings, action.metavar or action.dest])
            choices = f" {list(action.choices)}" if action.choices and one in said else ""
            lines.append(f"{names}{choices} = {action.default!r}: {action.help}")
        return "\n".join(filter(None, lines))

    said = list(commands.choices.values())
    compare("help", ((one.prog, words(one)) for one in (parser(), *said)))


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_every_example_works(line, run, tmp_path):
    if line.startswith("new-lesson"):
        shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    ran = run(line)
    assert (ran.code, ran.err) == (0, "") and ran.out
    words = shlex.split(line)
    if "-o" in words:
        made = tmp_path / words[words.index("-o") + 1]
        files = list(made.iterdir()) if made.is_dir() else [made]
        assert len(files) == (19 if made.is_dir() else 1)
        assert all(file.stat().st_size > 1000 for file in files)


DEFAULTS = {
    "input": None, "values": "random", "seed": 0, "low": 0, "high": 9, "weights": "random",
    "bias": None, "channel": 0, "sample": 0, "depth": 0, "backward": False,
}  # fmt: skip
LOOKS = {"theme": "light", "width": 640, "frame_time": None, "format": None}
ROOT_HERE = {"root": Path()}
PARSED = {
    "draw": [
        {"call": "MaxPool2d(3, stride=2, padding=1)", "input": "7x7", "output": "out.gif"},
        {"call": "nn.Conv2d(3, 8, 3)", "input": "6x6", "channel": 2, "theme": "dark",
         "output": "conv.gif"},
        {"call": "Conv2d(1, 1, 3, padding=1)", "input": "32x32", "values": "photo",
         "weights": "sobel", "output": "e.webp"},
        {"call": "MaxPool2d(2, stride=1)", "input": "4x4", "backward": True,
         "output": "gradient.png"},
    ],
    "trace": [
        {"call": "MaxPool2d(2)", "input": "4x4", "seed": 3},
        {"call": "AdaptiveAvgPool1d(4)", "input": "10", "values": "arange"},
        {"call": "ConvTranspose2d(1, 1, 3, stride=2)", "input": "3x3", "json": True},
    ],
    "new-course": [
        {"title": "Attention, step by step"},
        {"title": "日本語の講座", "folder": Path("course")},
    ],
    "new-lesson": [
        {"title": "Pooling over time"},
        {"title": "Why 7 becomes 3: the floor", "name": "the-floor"},
    ],
    "conv-arithmetic": [
        {"output": "animations"},
        {"output": "animations", "theme": "dark", "format": "png"},
    ],
}  # fmt: skip
OF_COMMAND = {
    "draw": DEFAULTS | LOOKS,
    "trace": DEFAULTS | {"json": False},
    "new-course": {"folder": None},
    "new-lesson": {"name": "", **ROOT_HERE},
    "conv-arithmetic": LOOKS,
}


def test_what_each_example_asks_for_and_all_else_is_default():
    assert list(PARSED) == list(OF_COMMAND) and set(EXAMPLES) == set(PARSED)
    for name, parsed in PARSED.items():
        examples = [shlex.split(line) for line in EXAMPLES[name]]
        expected = [{"command": name} | OF_COMMAND[name] | options for options in parsed]
        assert [vars(parser().parse_args(words)) for words in examples] == expected


def test_what_the_commands_of_a_site_are_given():
    for words, options in {
        "prepare": {"shard": None}, "prepare --shard 2/5": {"shard": "2/5"},
        "figures": {"lesson": ""}, "figures padding": {"lesson": "padding"}, "offline": {},
        "takeaway": {}, "markdown": {}, "pdf": {}, "site": {"check": False},
        "site --check": {"check": True}, "site --root a/b": {"check": False, "root": Path("a/b")},
    }.items():  # fmt: skip
        given = vars(parser().parse_args(words.split()))
        assert given == {"command": words.split()[0], **ROOT_HERE, **options}, words
