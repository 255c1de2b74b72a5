"""The command line: ``python -m slidingwindows``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from .errors import SlidingWindowsError


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = argparse.ArgumentParser(prog="python -m slidingwindows", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, summary):
        made = commands.add_parser(name, help=summary, description=summary)
        made.add_argument("--root", type=Path, default=Path(), help="folder of mkdocs.yml")
        return made

    command("prepare", "execute stale lessons and draw stale figures")
    figures = command("figures", "draw figures again")
    figures.add_argument("lesson", nargs="?", default="", help="one lesson's name")
    site = command("site", "write the finished site to site/")
    site.add_argument("--check", action="store_true", help="build and check, then throw it away")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors of ours become one message and exit code 2."""
    options = parser().parse_args(arguments)
    try:
        if not (options.root / "mkdocs.yml").is_file():
            raise SlidingWindowsError(f"{options.root.resolve()} holds no mkdocs.yml; see --root")
        if options.command == "site":
            from .site import build

            build(options.root.resolve(), keep=not options.check)
        else:
            from .prepare import prepare

            redraw = options.command == "figures"
            prepare(options.root.resolve(), getattr(options, "lesson", ""), redraw, report=_say)
    except SlidingWindowsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our lines, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
