"""The command line's parser: the arguments, help and examples of every command."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..core.errors import SlidingWindowsError
from ..drawing.style import WIDTH
from ..export.files import FORMATS

SHAPES = {"png": " (a filmstrip)", "zip": " (transparent PNGs)"}
EXAMPLES = {
    "draw": (
        'draw "MaxPool2d(3, stride=2, padding=1)" --input 7x7 -o out.gif',
        'draw "nn.Conv2d(3, 8, 3)" --input 6x6 --channel 2 --theme dark -o conv.gif',
        'draw "Conv2d(1, 1, 3, padding=1)" --input 32x32 --values photo --weights sobel -o e.webp',
        'draw "MaxPool2d(2, stride=1)" --input 4x4 --backward -o gradient.png',
    ),
    "trace": (
        'trace "MaxPool2d(2)" --input 4x4 --seed 3',
        'trace "AdaptiveAvgPool1d(4)" --input 10 --values arange',
        'trace "ConvTranspose2d(1, 1, 3, stride=2)" --input 3x3 --json',
    ),
    "new-course": (
        'new-course "Attention, step by step"',
        'new-course "日本語の講座" course',
    ),
    "new-lesson": (
        'new-lesson "Pooling over time"',
        'new-lesson "Why 7 becomes 3: the floor" --name the-floor',
    ),
    "conv-arithmetic": (
        "conv-arithmetic -o animations",
        "conv-arithmetic -o animations --theme dark --format png",
    ),
}


def one_line(error: SlidingWindowsError | str) -> str:
    """A message without line breaks, and without characters that could control a terminal."""
    if isinstance(error, SlidingWindowsError):
        error = f"{error.problem} (in {error.context})" if error.context else error.problem
    text = " ".join(error.split())
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


class OneLine(argparse.ArgumentParser):
    """A parser whose errors are one line, with exit code 2."""

    def error(self, message: str):
        """argparse calls this for arguments that it cannot take."""
        self.exit(2, f"error: {one_line(message)}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = OneLine(
        prog="python -m slidingwindows",
        description="Draw sliding windows from torch, and build the site of lessons about them.",
        epilog=_examples("draw", "trace"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", parser_class=OneLine)

    def command(name, summary):
        return commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=_examples(name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    draw = command("draw", "draw one figure to a file")
    _what(draw)
    _looks(draw)
    draw.add_argument(
        "-o",
        "--output",
        required=True,
        type=_name,
        metavar="FILE",
        help="output file; the extension sets the format; - for stdout",
    )
    trace = command("trace", "print every step in words, or all numbers as JSON")
    _what(trace)
    trace.add_argument("--json", action="store_true", help="all numbers instead of words")
    guide = command("conv-arithmetic", "draw the 19 animations of the guide to convolution sizes")
    _looks(guide)
    guide.add_argument(
        "-o", "--output", required=True, type=_name, metavar="FOLDER", help="output folder"
    )
    _site_commands(command)
    return top


def _examples(*names: str) -> str:
    lines = [
        f"  python -m slidingwindows {text}" for name in names for text in EXAMPLES.get(name, ())
    ]
    return "examples:\n" + "\n".join(lines) if lines else ""


def _name(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("a name must not be empty")
    return text


def _path(text: str) -> Path:
    return Path(_name(text))


def _what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "call", help="a torch call, such as 'MaxPool2d(3, stride=2)'; parsed, never executed"
    )
    parser.add_argument(
        "--input",
        metavar="SIZE",
        help="7x7, or with channels 3x7x7; 10 for a signal, 4x6x6 for a volume",
    )
    parser.add_argument(
        "--values",
        default="random",
        metavar="WHAT",
        help="random (default), arange, photo, or a file: csv, txt, json, npy, npz or a picture, "
        "whose size is the input's unless --input gives another",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the random numbers (default 0)"
    )
    parser.add_argument("--low", type=int, default=0, help="the lowest random number (default 0)")
    parser.add_argument("--high", type=int, default=9, help="the highest random number (default 9)")
    parser.add_argument(
        "--weights",
        default="random",
        metavar="WHAT",
        help="of a convolution: random (-2 to 2, default), ones, sobel, or a file of numbers",
    )
    parser.add_argument(
        "--bias", metavar="WHAT", help="numbers such as 0 or 1,-2, or a file (default random)"
    )
    for name, what in (
        ("channel", "which output channel to follow"),
        ("sample", "which sample of the batch to follow"),
        ("depth", "which slice of the output to follow, for 3-D modules"),
    ):
        parser.add_argument(f"--{name}", type=int, default=0, help=f"{what} (default 0)")
    parser.add_argument(
        "--backward",
        action="store_true",
        help="trace the backward pass of a gradient of ones instead",
    )


def _looks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--theme", choices=["light", "dark"], default="light")
    parser.add_argument(
        "--width", type=int, default=WIDTH, metavar="PIXELS", help=f"320 to 1920 (default {WIDTH})"
    )
    parser.add_argument(
        "--frame-time", type=int, metavar="MS", help="milliseconds for each window, 20 to 60000"
    )
    formats = ", ".join(one + SHAPES.get(one, "") for one in FORMATS)
    parser.add_argument("--format", help=f"instead of the file's extension, one of: {formats}")


def _site_commands(command) -> None:
    def of_site(name, summary):
        options = command(name, summary)
        options.add_argument("--root", type=_path, default=Path(), help="folder with mkdocs.yml")
        return options

    course = command(
        "new-course", "start a course: a project that builds, serves, tests and deploys itself"
    )
    course.add_argument("title", help='such as "Attention, step by step"')
    course.add_argument(
        "folder", nargs="?", type=_path, help="a new folder (default: named after the title)"
    )
    new = of_site(
        "new-lesson", "start a lesson: a script that builds, its test and its place in nav"
    )
    new.add_argument("title", help='such as "Pooling over time"')
    new.add_argument("--name", default="", help="its address (default: made from the title)")
    prepare = of_site("prepare", "execute stale lessons and draw stale figures")
    prepare.add_argument(
        "--shard",
        metavar="N/COUNT",
        help="only this machine's part of the lessons, such as 2/5; then copy the folder .cache "
        "of each machine into that of the one that builds",
    )
    figures = of_site("figures", "redraw the site's figures")
    figures.add_argument("lesson", nargs="?", default="", help="one lesson's name")
    of_site("offline", "pack the built site as a zip that works from a folder, search included")
    of_site("takeaway", "pack the executed notebooks with the package and its requirements")
    of_site("markdown", "write the prepared course as plain Markdown, for another generator")
    of_site("pdf", "print the built site's course as one PDF")
    site = of_site("site", "write the finished site to site/")
    site.add_argument(
        "--check", action="store_true", help="build and check, then discard the result"
    )
