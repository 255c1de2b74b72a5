"""The command line: ``python -m slidingwindows``."""

from __future__ import annotations

import os
import sys

from .errors import SlidingWindowsError
from .shell import parser

FIGURES = ("draw", "trace", "conv-arithmetic")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors of ours become a message and exit code 2."""
    top = parser()
    options = top.parse_args(arguments)
    if not options.command:
        top.print_help()
        return 0
    try:
        _run(options)
    except SlidingWindowsError as error:
        text = _one_line(error) if options.command in FIGURES else str(error)
        print(f"error: {text}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our lines, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


def _run(options) -> None:
    if options.command in FIGURES:
        from . import commands

        getattr(commands, options.command.replace("-", "_"))(options)
        sys.stdout.flush()
        return
    if not (options.root / "mkdocs.yml").is_file():
        raise SlidingWindowsError(f"{options.root.resolve()} holds no mkdocs.yml; see --root")
    if options.command == "site":
        from .site import build

        build(options.root.resolve(), keep=not options.check)
    else:
        from .prepare import prepare

        redraw = options.command == "figures"
        prepare(options.root.resolve(), getattr(options, "lesson", ""), redraw, report=_say)


def _one_line(error: SlidingWindowsError) -> str:
    text = f"{error.problem} (in {error.context})" if error.context else error.problem
    return " ".join(text.split())


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
